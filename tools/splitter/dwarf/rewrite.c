/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that rewrites source paths: see dwarf.h. The order of its steps, and what each may
 * rely on:
 *
 *     sections   found and checked to lie inside the file; nothing is changed in the image
 *     units      each unit's name and compilation directory; who uses which line table is known
 *     lines      directories and files; from here on .debug_line may have another size, and all
 *                who point into it (units, macros) are corrected
 *     strings    old paths are made zero where nobody refers to them
 *     edits      what changed, with the new strings behind the old ones
 */
#include "tools/splitter/dwarf/dwarf.h"

#include <stdlib.h>

#include "tools/splitter/dwarf/internal.h"

static void dwarf_free(struct dwarf *dwarf)
{
	sections_free(dwarf);
	string_table_free(&dwarf->str);
	string_table_free(&dwarf->line_str);
	abbrev_cache_free(dwarf->abbrevs);
	text_free(&dwarf->abbrevs_added);
	free(dwarf->tables);
	hash_map_free(&dwarf->tables_by_hash);
	source_list_free(dwarf->sources);
	free(dwarf->users);
	for (size_t i = 0; i < dwarf->splice_count; i++)
		free(dwarf->splices[i].text);
	free(dwarf->splices);
	text_free(&dwarf->new_line);
}

int dwarf_spend(struct dwarf *dwarf, uint64_t size)
{
	uint64_t budget = 16 * 1024 * 1024;
	if (__builtin_add_overflow(dwarf->spent, size, &dwarf->spent) ||
	    dwarf->spent > budget + 16 * dwarf->image->size)
		return error_set(dwarf->err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "the paths in the debug information grow out of bounds");
	return NOTE_OK;
}

static int rewrite(struct image *image, const struct debug_section *alternate,
		   const struct path_map *map, struct section_edits *edits,
		   struct dwarf_sources *sources, struct dwarf_summary *summary,
		   struct note_error *err)
{
	struct dwarf dwarf = {.image = image, .map = map, .alternate = alternate, .err = err};
	if (edits != NULL)
		*edits = (struct section_edits){0};
	if (sources != NULL) {
		*sources = (struct dwarf_sources){0};
		dwarf.sources = source_list_new(map);
	}
	int code = sections_load(&dwarf);
	if (code == NOTE_OK)
		code = units_rewrite(&dwarf);
	if (code == NOTE_OK)
		code = lines_rewrite(&dwarf);
	if (code == NOTE_OK && sources != NULL)
		code = dwarf_spend(&dwarf, source_list_size(dwarf.sources));
	if (code == NOTE_OK && map != NULL)
		strings_scrub(&dwarf);
	if (code != NOTE_OK)
		goto out;
	if (edits != NULL)
		sections_edits(&dwarf, edits);
	if (sources != NULL)
		source_list_finish(dwarf.sources, sources);
	if (summary != NULL)
		*summary = dwarf.summary;
out:
	dwarf_free(&dwarf);
	return code;
}

int dwarf_rewrite(struct image *image, const struct path_map *map, struct section_edits *edits,
		  struct dwarf_sources *sources, struct dwarf_summary *summary,
		  struct note_error *err)
{
	return rewrite(image, NULL, map, edits, sources, summary, err);
}

int dwarf_list(struct image *image, struct image *alternate, struct dwarf_sources *sources,
	       struct dwarf_summary *summary, struct note_error *err)
{
	struct dwarf other = {.image = alternate, .err = err};
	int code = alternate != NULL ? sections_load(&other) : NOTE_OK;
	if (code == NOTE_OK)
		code = rewrite(image, other.str.section, NULL, NULL, sources, summary, err);
	dwarf_free(&other);
	return code;
}
