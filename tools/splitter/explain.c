/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/explain.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "tools/splitter/split_internal.h"

static const char *describe_kind(enum input_kind kind)
{
	switch (kind) {
	case INPUT_OTHER:
		return "passed over: neither an ELF file nor an archive";
	case INPUT_SPLIT:
		return "to be split";
	case INPUT_ARCHIVE:
		return "a static archive: paths are rewritten in layout rpm, lib*.a is stripped in "
		       "layout deb";
	case INPUT_LINKED:
		return "to be split, unless its debuglink leads to a debug file of an earlier run";
	case INPUT_DONE:
		return "done: it has a debuglink, and nothing that could move";
	case INPUT_BARE:
	case INPUT_LEFT:
		break;
	}
	return "left alone";
}

static const char *describe_fate(const struct plan_section *section)
{
	const GElf_Shdr *shdr = &section->shdr;
	switch (section->fate) {
	case FATE_NAMES:
		return "both      the table of section names: each file gets its own";
	case FATE_FIRST:
		return "debug     symbols; their first entry stays for relocations to name";
	case FATE_BOTH:
		return shdr->sh_type == SHT_NOTE    ? "both      notes are in both files"
		       : shdr->sh_type == SHT_GROUP ? "both      a group with a member that stays"
		       : shdr->sh_type == SHT_SYMTAB || shdr->sh_type == SHT_STRTAB
			       ? "both      relocations of a relocatable file need it"
			       : "both      --keep-section, or what is kept needs it";
	case FATE_SHIPPED:
		return (shdr->sh_flags & SHF_ALLOC) != 0 ? "shipped   it is loaded"
		       : shdr->sh_type == SHT_SYMTAB     ? "shipped   --keep-symtab"
							 : "shipped   no debug information";
	case FATE_DEBUG:
		break;
	}
	if (shdr->sh_type == SHT_SYMTAB || shdr->sh_type == SHT_SYMTAB_SHNDX)
		return "debug     symbols";
	if (section_is_debug(section->name))
		return "debug     debug information, by its name";
	return "debug     it belongs to what moves, or --remove-section";
}

static int explain_sections(const struct split_options *options, struct image *image,
			    bool keep_symtab, struct text *out, struct note_error *err)
{
	struct plan plan = {0};
	const struct plan_options plan_options = {
		.keep_symtab = keep_symtab,
		.keep_first_symbol = options->layout == LAYOUT_RPM,
		.keep = options->keep_sections,
		.remove = options->remove_sections,
	};
	uint64_t moved = 0;
	int code = plan_make(&plan, image, NULL, &plan_options, err);
	for (uint64_t i = 1; code == NOTE_OK && i < plan.count; i++) {
		const struct plan_section *section = &plan.sections[i];
		char *name = name_to_line(section->name);
		text_printf(out, "  %-24s %10llu  %s\n", name,
			    (unsigned long long)section->shdr.sh_size, describe_fate(section));
		free(name);
		if (section->fate == FATE_DEBUG && section->bytes != NULL)
			moved += section->shdr.sh_size;
	}
	if (code == NOTE_OK)
		text_printf(out, "  %llu bytes of %llu leave the file\n", (unsigned long long)moved,
			    (unsigned long long)image->size);
	plan_free(&plan);
	return code;
}

static void explain_build_id(const struct split_options *options, struct image *image,
			     struct text *out)
{
	struct build_id id;
	char text[2 * BUILD_ID_MAX + 1];
	struct note_error err;
	if (build_id_find(image, &id, &err) == NOTE_OK) {
		hex_encode(id.bytes, id.size, text);
		text_printf(out, "build-id: %s, %s\n", text,
			    options->build_id == BUILD_ID_KEEP ? "kept"
							       : "made anew from the contents");
	} else if (options->add_build_id) {
		text_puts(out, "build-id: none; one is added where there is room\n");
	} else {
		text_printf(out, "build-id: none (--add-build-id adds one)%s\n",
			    options->layout == LAYOUT_DEB
				    ? "; layout deb names debug files by it, so there is none"
				    : "");
	}
}

static int explain_image(const struct split_options *options, struct image *image, char *path,
			 struct text *out, struct note_error *err)
{
	enum input_kind kind;
	char reason[REASON_SIZE] = "";
	const struct input input = {.path = path + strspn(path, "/")};
	int code = scan_judge(image, false, &kind, reason, err);
	const bool keep_symtab = code == NOTE_OK && (kind == INPUT_SPLIT || kind == INPUT_LINKED) &&
				 input_keeps_symtab(&input, image, options->keep_symtab);
	if (keep_symtab)
		code = scan_judge(image, true, &kind, reason, err);
	if (code != NOTE_OK)
		return code;
	text_printf(out, "scan: %s%s%s\n", describe_kind(kind), reason[0] != '\0' ? ": " : "",
		    reason);
	if (kind == INPUT_OTHER || kind == INPUT_ARCHIVE)
		return NOTE_OK;
	const char *payload;
	size_t length;
	if (elf_package(image, &payload, &length, NULL, NULL) == NOTE_OK)
		text_printf(out, "note: %.*s\n", (int)length, payload);
	else
		text_printf(out, "note: none%s\n",
			    options->payload != NULL ? "; one is put in first" : "");
	explain_build_id(options, image, out);
	if (kind != INPUT_SPLIT && kind != INPUT_LINKED)
		return NOTE_OK;
	text_puts(out, "sections, and where they go:\n");
	return explain_sections(options, image, keep_symtab, out, err);
}

int split_explain(const struct split_options *options, const char *path, struct text *out,
		  struct note_error *err)
{
	struct image *image = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int code = NOTE_OK;
	if (fd < 0)
		return error_system(err, "open");
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a regular file");
	if (code == NOTE_OK && st.st_nlink > 1)
		text_printf(out,
			    "names: %llu hard links, replaced together where they are in ROOT\n",
			    (unsigned long long)st.st_nlink);
	if (code == NOTE_OK)
		code = image_open_fd(&image, fd, err);
	char *name = xstrdup(path);
	if (code == NOTE_OK)
		code = explain_image(options, image, name, out, err);
	free(name);
	image_close(image);
	close(fd);
	return code;
}
