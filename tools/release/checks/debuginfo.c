/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "debuginfo": a debug file is served, belongs to the shipped file, and holds DWARF.
 *
 * A debug file made of a shipped file (eu-strip -f, objcopy --only-keep-debug, pkgnote split)
 * keeps its allocated sections as SHT_NOBITS: name, address, size and flags stay. That, the
 * build-id, the machine, the loaded segments, and the CRC-32 that .gnu_debuglink gives of the
 * whole debug file tie the two together; each catches what the others let pass.
 */
#include "tools/release/checks/debuginfo.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "tools/base/digest.h"
#include "tools/base/text.h"
#include "tools/release/checks/check.h"

/* What linkers and strippers leave alone. */
#define FLAGS_THAT_COUNT (SHF_WRITE | SHF_ALLOC | SHF_EXECINSTR | SHF_TLS)

static char *compare_identity(const struct elf_artifact *shipped, const struct elf_artifact *debug)
{
	if (shipped->kind == KIND_UNKNOWN)
		return NULL;
	if (shipped->is_64 != debug->is_64)
		return xasprintf("of class %d, the shipped file is of %d", debug->is_64 ? 64 : 32,
				 shipped->is_64 ? 64 : 32);
	if (shipped->is_big != debug->is_big)
		return xstrdup("of the other byte order");
	if (shipped->machine != debug->machine)
		return xasprintf("for machine %u, the shipped file is for %u", debug->machine,
				 shipped->machine);
	return NULL;
}

static int compare_names(const struct elf_artifact *x, const struct section_fact *a,
			 const struct elf_artifact *y, const struct section_fact *b)
{
	return strcmp(x->names + a->name, y->names + b->name);
}

/* Every allocated section that was shipped is in the debug file; both lists are sorted by
 * address, name and size. */
static char *compare_sections(const struct elf_artifact *shipped, const struct elf_artifact *debug)
{
	size_t at = 0;
	for (size_t i = 0; i < shipped->section_count; i++) {
		const struct section_fact *want = &shipped->sections[i];
		const struct section_fact *have = NULL;
		for (; at < debug->section_count && have == NULL; at++) {
			const struct section_fact *next = &debug->sections[at];
			if (next->address > want->address)
				break;
			if (next->address == want->address && next->size == want->size &&
			    compare_names(shipped, want, debug, next) == 0)
				have = next;
		}
		const char *name = shipped->names + want->name;
		if (have == NULL)
			return xasprintf("it has no section %s at 0x%llx of %llu bytes", name,
					 (unsigned long long)want->address,
					 (unsigned long long)want->size);
		if (((have->flags ^ want->flags) & FLAGS_THAT_COUNT) != 0)
			return xasprintf("flags of section %s are 0x%llx, shipped are 0x%llx", name,
					 (unsigned long long)have->flags,
					 (unsigned long long)want->flags);
	}
	return NULL;
}

static char *compare_segments(const struct elf_artifact *shipped, const struct elf_artifact *debug)
{
	if (shipped->kind != KIND_LINKED || debug->segment_count == 0)
		return NULL; /* a debug file needs no program headers */
	if (shipped->segment_count != debug->segment_count)
		return xasprintf("it has %zu loaded segments, the shipped file %zu",
				 debug->segment_count, shipped->segment_count);
	for (size_t i = 0; i < shipped->segment_count; i++) {
		const struct segment_fact *a = &shipped->segments[i], *b = &debug->segments[i];
		if (a->address != b->address || a->memory_size != b->memory_size ||
		    a->flags != b->flags)
			return xasprintf("its loaded segment %zu is not the shipped file's", i);
	}
	return NULL;
}

static char *compare_build_id(const struct elf_artifact *shipped, struct image *debug)
{
	const uint8_t *id;
	size_t size;
	struct note_error err;
	char hex[2 * 64 + 1] = "";
	if (elf_build_id(debug, &id, &size, NULL, &err) != NOTE_OK)
		return xasprintf("its build-id cannot be read: %s", err.text);
	if (size <= 64)
		hex_encode(id, size, hex);
	if (strcmp(hex, shipped->build_id) != 0)
		return xasprintf("its build-id is %s", hex);
	return NULL;
}

/* Whether the debuglink of SHIPPED, or of a copy of it, gives CRC: of the copies' debug files one
 * is served by their build-id. */
static bool names_crc(const struct elf_artifact *shipped, uint32_t crc)
{
	bool named = shipped->debuglink_crc == crc;
	for (size_t i = 0; !named && i < shipped->copy_count; i++)
		named = shipped->copies[i]->debuglink != NULL &&
			shipped->copies[i]->debuglink_crc == crc;
	return named;
}

static char *compare_digests(const struct elf_artifact *shipped, const uint8_t *bytes,
			     uint64_t size)
{
	const uint32_t crc = crc32_of(0, bytes, size);
	if (shipped->debuglink != NULL && !names_crc(shipped, crc))
		return xasprintf("its CRC-32 is %08x, .gnu_debuglink of the shipped file says %08x",
				 crc, shipped->debuglink_crc);
	const struct manifest_file *entry = shipped->manifest;
	if (entry != NULL && entry->debug_path != NULL && entry->debug_sha256[0] != '\0') {
		char digest[65];
		sha256_hex(bytes, size, digest);
		if (strcmp(digest, entry->debug_sha256) != 0)
			return xasprintf("its SHA-256 is %s, the manifest says %s", digest,
					 entry->debug_sha256);
	}
	return NULL;
}

/* The first file with the rest of a skeleton unit that was left in the build: split names those
 * that it brings along ".dwo/N-V-R.A/...". */
static char *find_lost(struct image *debug)
{
	struct strings paths;
	char *lost = NULL;
	if (dwarf_list_split(debug, NULL, &paths, NULL) != NOTE_OK)
		return NULL;
	for (size_t i = 0; i < paths.count && lost == NULL; i++)
		if (strncmp(paths.items[i], ".dwo/", 5) != 0 &&
		    strstr(paths.items[i], "/.dwo/") == NULL)
			lost = xstrdup(paths.items[i]);
	strings_free(&paths);
	return lost;
}

bool finding_lost(const struct evidence *evidence, struct finding *finding)
{
	if (evidence->lost == NULL)
		return false;
	finding->absence = true;
	finding_set(finding, VERDICT_MISSING,
		    "its debug information was not moved: its units are skeletons (split DWARF), "
		    "and %s stayed in the build",
		    evidence->lost);
	return true;
}

/* The list of sources, and whether there is DWARF at all. */
static char *read_dwarf(struct debug_facts *out, struct image *debug,
			const struct elf_artifact *layout)
{
	struct dwarf_summary summary = {0};
	struct note_error err;
	int code = dwarf_rewrite(debug, NULL, NULL, &out->sources, &summary, &err);
	if (code == NOTE_OK && summary.unread != 0) {
		err = summary.first_unread;
		code = err.code;
	}
	if (code == NOTE_UNSUPPORTED && layout->debug_section != NULL) {
		out->sources_unknown = xasprintf("its DWARF is not read: %s", err.text);
		return NULL;
	}
	if (code != NOTE_OK && code != NOTE_ABSENT)
		return xasprintf("its DWARF cannot be read: %s", err.text);
	if (code == NOTE_ABSENT || !summary.has_dwarf)
		return xstrdup(layout->has_symtab ? "it has symbols, but no DWARF"
						  : "it has no DWARF");
	if (summary.skeletons != 0)
		out->lost = find_lost(debug);
	return NULL;
}

/* Format (dwz): the alternate file's name, NUL, its build-id. */
static void read_alternate(struct debug_facts *out, struct image *debug)
{
	GElf_Shdr shdr;
	uint64_t end;
	if (image_find_section(debug, ".gnu_debugaltlink", &shdr) == 0 ||
	    __builtin_add_overflow(shdr.sh_offset, shdr.sh_size, &end))
		return;
	const char *name = image_string(debug, shdr.sh_offset, end, ".gnu_debugaltlink", NULL);
	if (name == NULL)
		return;
	const uint64_t used = strlen(name) + 1;
	const uint64_t size = shdr.sh_size - used;
	if (size == 0 || size > 64)
		return;
	const uint8_t *id =
		image_bytes(debug, shdr.sh_offset + used, size, ".gnu_debugaltlink", NULL);
	if (id == NULL)
		return;
	out->alternate_name = xstrdup(name);
	hex_encode(id, size, out->alternate_id);
}

static bool has_relative(const struct dwarf_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		if (sources->items[i].original[0] != '/' &&
		    path_is_source(sources->items[i].original))
			return true;
	return false;
}

void debug_read(struct debug_facts *out, const struct elf_artifact *shipped, struct image *debug)
{
	struct elf_artifact layout = {0};
	struct note_error err;
	*out = (struct debug_facts){.size = debug->size};
	const uint8_t *bytes = image_bytes(debug, 0, debug->size, "debug file", &err);
	if (bytes == NULL) {
		out->problem = xstrdup(err.text);
		return;
	}
	artifact_read_layout(&layout, debug);
	if (layout.problem != NULL)
		out->problem = xstrdup(layout.problem);
	if (out->problem == NULL)
		out->problem = compare_identity(shipped, &layout);
	if (out->problem == NULL)
		out->problem = compare_build_id(shipped, debug);
	if (out->problem == NULL)
		out->problem = compare_sections(shipped, &layout);
	if (out->problem == NULL)
		out->problem = compare_segments(shipped, &layout);
	if (out->problem == NULL)
		out->problem = read_dwarf(out, debug, &layout);
	if (out->problem == NULL)
		out->problem = compare_digests(shipped, bytes, debug->size);
	if (out->problem == NULL) {
		static const char *const samples[] = {".debug_line", ".debug_abbrev", ".debug_info",
						      NULL};
		static const char *const indexes[] = {".gdb_index", ".debug_names", NULL};
		read_alternate(out, debug);
		section_sample(&out->sample, debug, samples);
		section_sample(&out->index, debug, indexes);
	}
	/* dwz moves compilation directories there, too. */
	if (out->alternate_name != NULL && out->sources_unknown == NULL &&
	    has_relative(&out->sources))
		out->sources_unknown =
			xasprintf("named relative to directories that only the "
				  "alternate file %s tells, which is not read for it",
				  out->alternate_name);
	artifact_free(&layout);
}

void debug_facts_free(struct debug_facts *facts)
{
	free(facts->problem);
	dwarf_sources_free(&facts->sources);
	free(facts->sources_unknown);
	free(facts->lost);
	free(facts->alternate_name);
	free(facts->sample.name);
	free(facts->index.name);
	*facts = (struct debug_facts){0};
}

static void judge(const struct elf_artifact *artifact, const struct evidence *evidence,
		  struct finding *finding)
{
	struct finding alternate = {0};
	if (finding_blocked(artifact, evidence, finding))
		return;
	if (finding_lost(evidence, finding))
		return;
	finding_from_servings(finding, &evidence->debuginfo, "debuginfo");
	if (finding->verdict != VERDICT_PASS || evidence->alternate.count == 0)
		return;
	finding_from_servings(&alternate, &evidence->alternate, "alternate debug file");
	if (alternate.verdict != VERDICT_PASS) {
		finding_free(finding);
		*finding = alternate;
		return;
	}
	finding_free(&alternate);
}

const struct check debuginfo_check = {"debuginfo", "Debug information of this very file is served",
				      NEED_DEBUGINFO, judge};
