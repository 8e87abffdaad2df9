/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The recipe of a static archive: each object in it through the stages, then the archive around
 * them anew. Layout rpm: paths are rewritten, and the DWARF stays. Layout deb: it goes, as do
 * .comment and LTO's sections; an archive has no debug file. An object that has none of these is
 * laid out anew as well: strip(1) finds room in what other assemblers than GNU's made.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/archives/members.h"
#include "tools/splitter/dwarf/dwarf.h"
#include "tools/splitter/elf/elf.h"
#include "tools/splitter/split_internal.h"

/* What the members share on their way; lives in split_archive() alone. */
struct archive_passage {
	const struct split_run *run;
	size_t index;
	struct outcome *outcome;
	bool has_objects;
	struct dwarf_summary summary;
};

static bool has_section(const struct plan *plan, const char *prefix)
{
	for (uint64_t i = 1; i < plan->count; i++)
		if (strncmp(plan->sections[i].name, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

/* An object of nothing but LTO's code: without it nothing is left to link. Compilers say so by a
 * symbol's name. */
static bool is_slim(const struct plan *plan)
{
	static const char mark[] = "__gnu_lto_slim";
	bool marked = false;
	for (uint64_t i = 1; i < plan->count; i++) {
		const struct plan_section *section = &plan->sections[i];
		if (section->shdr.sh_type == SHT_STRTAB && section->bytes != NULL &&
		    memmem(section->bytes, section->shdr.sh_size, mark, sizeof(mark)) != NULL)
			marked = true;
	}
	return marked && has_section(plan, ".gnu.lto_");
}

static int split_member(void *context, struct image *image, uint8_t **bytes, uint64_t *size,
			struct note_error *err)
{
	struct archive_passage *archive = context;
	const struct split_run *run = archive->run;
	const struct plan_options options = {.remove = NULL};
	const struct strip_additions nothing = {.lean = true};
	struct section_edits edits = {0};
	struct dwarf_sources sources = {0};
	struct strip_output output = {0};
	struct dwarf_summary summary = {0};
	struct plan plan = {0};
	int code = image_read_elf(image, err);
	if (code == NOTE_ABSENT || (code == NOTE_OK && image->ehdr.e_type != ET_REL))
		return NOTE_OK;
	if (code != NOTE_OK || image->shnum == 0)
		return code;
	archive->has_objects = true;
	const bool strips = run->layout.kind == LAYOUT_DEB;
	if (!strips)
		code = dwarf_rewrite(image, run->map, &edits, &sources, &summary, err);
	if (code == NOTE_OK)
		dwarf_summary_add(&archive->summary, &summary);
	if (code == NOTE_OK)
		code = plan_make(&plan, image, &edits, &options, err);
	if (code == NOTE_OK && strips && !is_slim(&plan))
		code = strip_shipped_file(&output, image, &plan, &nothing, err);
	else if (code == NOTE_OK && edits.count != 0)
		code = strip_nothing(&output, image, &plan, err);
	if (code == NOTE_OK && !strips)
		code = split_dwarf_gather(run, archive->index, image, summary.skeletons,
					  archive->outcome, err);
	if (code == NOTE_OK)
		outcome_collect(run, &sources, archive->outcome);
	*bytes = output.bytes;
	*size = output.size;
	plan_free(&plan);
	section_edits_free(&edits);
	dwarf_sources_free(&sources);
	return code;
}

/* dh_strip's choice: what is called lib*.a, and not *_g.a, which is there for its DWARF. */
static bool is_to_be_stripped(const char *path)
{
	const char *slash = strrchr(path, '/');
	return strncmp(slash != NULL ? slash + 1 : path, "lib", 3) == 0 && !ends_with(path, "_g.a");
}

int split_archive(const struct split_run *run, size_t index, struct image *image, int like,
		  struct outcome *outcome, struct note_error *err)
{
	const char *path = run->inputs.items[index].path;
	const bool strips = run->layout.kind == LAYOUT_DEB;
	struct archive_passage archive = {.run = run, .index = index, .outcome = outcome};
	struct strip_output fresh = {0};
	struct piece piece;
	struct pieces all;
	if (!ends_with(path, ".a") || run->options->no_archives)
		return NOTE_OK; /* else a package, or some program's own archive */
	if (strips && !is_to_be_stripped(path))
		return outcome_leave(outcome, "an archive that is not called lib*.a");
	int code = members_rewrite(&fresh.bytes, &fresh.size, image, strips, split_member, &archive,
				   err);
	if (code != NOTE_OK || !archive.has_objects)
		goto out;
	outcome_remark(run, &archive.summary, outcome);
	if (fresh.bytes != NULL) {
		all = pieces_one(&piece, fresh.bytes, fresh.size);
		outcome_files(run, outcome, &all, NULL);
		code = replace_input(run, index, like, &all, err);
	} else {
		const uint8_t *bytes = image_bytes(image, 0, image->size, "archive", err);
		all = pieces_one(&piece, bytes, image->size);
		outcome_files(run, outcome, &all, NULL);
	}
	if (code == NOTE_OK)
		outcome->verdict = VERDICT_SPLIT;
out:
	free(fresh.bytes);
	return code;
}
