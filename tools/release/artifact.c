/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts of one ELF file: see artifact.h. The note's own rules are in note.c. */
#include "tools/release/artifact.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "tools/base/digest.h"
#include "tools/base/elf/foreign.h"
#include "tools/base/elf/loaded.h"
#include "tools/base/text.h"
#include "tools/release/note.h"

#define LONGEST_NAME 255

/* DIRECTORY stands in PATH as whole components, with something below it. */
static bool lies_below(const char *path, const char *directory)
{
	const size_t length = strlen(directory);
	for (const char *at = path; (at = strstr(at, directory)) != NULL; at++)
		if ((at == path || at[-1] == '/') && at[length] == '/')
			return true;
	return false;
}

enum artifact_role artifact_role(const char *path)
{
	if (lies_below(path, "usr/src/debug"))
		return ROLE_SOURCE;
	if (lies_below(path, "usr/lib/debug"))
		return ROLE_DEBUG;
	return ends_with(path, ".debug") && path[6] != '\0' ? ROLE_DEBUG : ROLE_SHIPPED;
}

static const char *const no_names = "";

static int compare_sections(const void *a, const void *b, void *context)
{
	const struct section_fact *x = a, *y = b;
	const char *names = context;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	int order = strcmp(names + x->name, names + y->name);
	if (order != 0)
		return order;
	return x->size < y->size ? -1 : x->size > y->size;
}

/* Format: the debug file's name, NUL, padding to 4, CRC-32 of the whole debug file. */
static bool read_debuglink(struct elf_artifact *artifact, struct image *image,
			   const GElf_Shdr *shdr, struct note_error *err)
{
	uint64_t end;
	if (shdr->sh_type == SHT_NOBITS)
		return true;
	if (__builtin_add_overflow(shdr->sh_offset, shdr->sh_size, &end)) {
		error_set(err, NOTE_MALFORMED, shdr->sh_offset, ".gnu_debuglink wraps");
		return false;
	}
	const char *name = image_string(image, shdr->sh_offset, end, ".gnu_debuglink", err);
	if (name == NULL)
		return false;
	uint64_t at = 0;
	if (!align_up(strlen(name) + 1, 4, &at) || at > shdr->sh_size || shdr->sh_size - at < 4) {
		error_set(err, NOTE_MALFORMED, shdr->sh_offset, ".gnu_debuglink without a CRC");
		return false;
	}
	const uint8_t *crc = image_bytes(image, shdr->sh_offset + at, 4, ".gnu_debuglink", err);
	if (crc == NULL)
		return false;
	free(artifact->debuglink);
	artifact->debuglink = xstrdup(name);
	artifact->debuglink_crc = image_u32(image, crc);
	return true;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Notes what one section tells; false where the file lies. */
static bool read_section(struct elf_artifact *artifact, struct image *image, const GElf_Shdr *shdr,
			 const char *name, struct text *names, struct note_error *err)
{
	if (shdr->sh_flags & SHF_ALLOC) {
		struct section_fact *fact = &artifact->sections[artifact->section_count++];
		const size_t length = strnlen(name, LONGEST_NAME);
		*fact = (struct section_fact){.name = (uint32_t)names->size,
					      .flags = shdr->sh_flags,
					      .address = shdr->sh_addr,
					      .size = shdr->sh_size};
		text_add(names, name, length);
		text_add(names, "", 1);
		if (strcmp(name, ".modinfo") == 0 && artifact->kind == KIND_OBJECT)
			artifact->kind = KIND_MODULE;
	}
	if (shdr->sh_type == SHT_SYMTAB)
		artifact->has_symtab = true;
	if (artifact->debug_section == NULL && shdr->sh_type != SHT_NOBITS && shdr->sh_size != 0 &&
	    (starts_with(name, ".debug_") || starts_with(name, ".zdebug_")) &&
	    strcmp(name, ".debug_gdb_scripts") != 0)
		artifact->debug_section = xasprintf("%.*s", LONGEST_NAME, name);
	if (strcmp(name, ".gnu_debuglink") == 0)
		return read_debuglink(artifact, image, shdr, err);
	return true;
}

static bool read_sections(struct elf_artifact *artifact, struct image *image,
			  struct note_error *err)
{
	struct text names = {0};
	/* Names may overlap (suffixes are shared), but not without measure. */
	uint64_t budget = 16 * image->size + (1 << 16);
	bool good = true;
	if (image->shnum == 0)
		return true;
	artifact->sections = xcalloc(image->shnum, sizeof(*artifact->sections));
	for (uint64_t i = 1; good && i < image->shnum; i++) {
		GElf_Shdr shdr;
		const char *name;
		good = image_shdr(image, i, &shdr, err) == NOTE_OK &&
		       (name = image_section_name(image, &shdr, err)) != NULL;
		if (!good)
			break;
		const uint64_t length = strlen(name);
		if (length > budget || names.size > UINT32_MAX - LONGEST_NAME - 1) {
			error_set(err, NOTE_MALFORMED, image->ehdr.e_shoff,
				  "section names too long");
			good = false;
			break;
		}
		budget -= length;
		good = read_section(artifact, image, &shdr, name, &names, err);
	}
	artifact->names = names.data;
	if (artifact->section_count > 1)
		qsort_r(artifact->sections, artifact->section_count, sizeof(*artifact->sections),
			compare_sections,
			names.data != NULL ? names.data : (void *)(uintptr_t)no_names);
	return good;
}

static bool read_segments(struct elf_artifact *artifact, struct image *image,
			  struct note_error *err)
{
	if (image->phnum > image->size / sizeof(Elf32_Phdr)) {
		error_set(err, NOTE_MALFORMED, image->ehdr.e_phoff,
			  "%llu program headers do not fit the file",
			  (unsigned long long)image->phnum);
		return false;
	}
	artifact->segments = xcalloc(image->phnum + 1, sizeof(*artifact->segments));
	for (uint64_t i = 0; i < image->phnum; i++) {
		GElf_Phdr phdr;
		if (image_phdr(image, i, &phdr, err) != NOTE_OK)
			return false;
		if (phdr.p_type == PT_LOAD)
			artifact->segments[artifact->segment_count++] =
				(struct segment_fact){phdr.p_vaddr, phdr.p_memsz, phdr.p_flags};
	}
	return true;
}

static void set_problem(struct elf_artifact *artifact, const struct note_error *err)
{
	if (err->offset == NOTE_NO_OFFSET)
		artifact->problem = xstrdup(err->text);
	else
		artifact->problem =
			xasprintf("%s (offset %llu)", err->text, (unsigned long long)err->offset);
}

void artifact_read_layout(struct elf_artifact *artifact, struct image *image)
{
	struct note_error err;
	if (image_read_elf(image, &err) != NOTE_OK) {
		set_problem(artifact, &err);
		return;
	}
	artifact->machine = image->ehdr.e_machine;
	artifact->is_64 = image->is_64;
	artifact->is_big = image->is_big;
	artifact->kind = image->ehdr.e_type == ET_EXEC || image->ehdr.e_type == ET_DYN
				 ? KIND_LINKED
				 : KIND_OBJECT;
	if (!read_sections(artifact, image, &err) || !read_segments(artifact, image, &err))
		set_problem(artifact, &err);
}

void section_sample(struct section_sample *out, struct image *image, const char *const *names)
{
	for (; *names != NULL; names++) {
		GElf_Shdr shdr;
		if (image_find_section(image, *names, &shdr) == 0 || shdr.sh_type == SHT_NOBITS ||
		    shdr.sh_size == 0)
			continue;
		const uint8_t *bytes =
			image_bytes(image, shdr.sh_offset, shdr.sh_size, "section", NULL);
		if (bytes == NULL)
			continue;
		out->name = xstrdup(*names);
		sha256_hex(bytes, shdr.sh_size, out->sha256);
		return;
	}
}

static void read_build_id(struct elf_artifact *artifact, struct image *image)
{
	const uint8_t *id;
	size_t size;
	struct note_error err;
	const int code = elf_build_id(image, &id, &size, NULL, &err);
	if (code == NOTE_ABSENT)
		artifact->build_id_problem = xstrdup("no build-id");
	else if (code != NOTE_OK)
		artifact->build_id_problem = xasprintf("no build-id can be read: %s", err.text);
	else if (size < 2 || size > 64)
		artifact->build_id_problem = xasprintf("a build-id of %zu bytes", size);
	else
		hex_encode(id, size, artifact->build_id);
}

/* What is for another system is neither stamped nor split. Where somebody put a note into it all
 * the same, that is judged. */
static void read_purpose(struct elf_artifact *artifact, struct image *image)
{
	char reason[REASON_SIZE];
	if (artifact->kind == KIND_LINKED && artifact->payload == NULL &&
	    artifact->note_problem == NULL && elf_is_foreign(image, reason))
		artifact->foreign = xstrdup(reason);
}

void artifact_read(struct elf_artifact *artifact, struct image *image)
{
	struct note_error err;
	artifact->size = image->size;
	const uint8_t *bytes = image_bytes(image, 0, image->size, "file", &err);
	if (bytes == NULL) {
		set_problem(artifact, &err);
		return;
	}
	sha256_hex(bytes, image->size, artifact->sha256);
	if (image->size >= 2 && memcmp(bytes, "MZ", 2) == 0) {
		artifact->kind = KIND_PE;
		note_read_pe(artifact, image);
		return;
	}
	artifact_read_layout(artifact, image);
	if (artifact->problem != NULL)
		return;
	if (artifact->problem == NULL && loaded_digest(image, artifact->loaded, NULL) != NOTE_OK)
		artifact->loaded[0] = '\0';
	static const char *const samples[] = {".rodata", ".eh_frame", ".text", NULL};
	section_sample(&artifact->sample, image, samples);
	read_build_id(artifact, image);
	note_read(artifact, image);
	read_purpose(artifact, image);
}

void artifact_free(struct elf_artifact *artifact)
{
	free(artifact->path);
	free(artifact->problem);
	free(artifact->foreign);
	free(artifact->build_id_problem);
	free(artifact->payload);
	free(artifact->note_problem);
	free(artifact->note_unseen);
	free(artifact->debug_section);
	free(artifact->debuglink);
	free(artifact->names);
	free(artifact->sections);
	free(artifact->segments);
	free(artifact->sample.name);
	*artifact = (struct elf_artifact){0};
}

void package_facts_free(struct package_facts *facts)
{
	if (facts == NULL)
		return;
	free(facts->name);
	free(facts->version);
	free(facts->source_name);
	free(facts->source_version);
	free(facts->architecture);
	free(facts);
}
