/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that rewrites source paths: see dwarf.h. The order of its steps, and what each may
 * rely on:
 *
 *     sections   found and checked to lie inside the file; nothing is changed in the image
 *     whose      which units are of this build, and what else they call its directory
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
	free(dwarf->line_tables);
	for (size_t i = 0; i < dwarf->splice_count; i++)
		free(dwarf->splices[i].text);
	free(dwarf->splices);
	text_free(&dwarf->new_line);
	path_map_free(dwarf->own_map);
	free(dwarf->foreign);
	strings_free(&dwarf->foreign_names);
}

void dwarf_summary_add(struct dwarf_summary *sum, const struct dwarf_summary *one)
{
	if (sum->unread == 0)
		sum->first_unread = one->first_unread;
	sum->has_dwarf = sum->has_dwarf || one->has_dwarf;
	sum->units += one->units;
	sum->ours += one->ours;
	sum->foreign += one->foreign;
	sum->skeletons += one->skeletons;
	sum->kept += one->kept;
	sum->unread += one->unread;
}

/* The steps; what the file says wrongly ends none of them. */
static int take_steps(struct dwarf *dwarf)
{
	int code = sections_load(dwarf);
	if (code != NOTE_OK && dwarf_pass_over(dwarf, code)) {
		dwarf->fixed = true;
		return NOTE_OK;
	}
	if (code != NOTE_OK)
		return code;
	dwarf->abbrevs = abbrev_cache_new();
	if (dwarf->is_split)
		return dwarf->map != NULL ? split_file_rewrite(dwarf) : NOTE_OK;
	if (dwarf->map != NULL)
		units_tell_whose(dwarf);
	code = units_rewrite(dwarf);
	if (code == NOTE_OK)
		code = lines_rewrite(dwarf);
	if (code == NOTE_OK && dwarf->sources != NULL)
		code = dwarf_spend(dwarf, source_list_size(dwarf->sources));
	if (code == NOTE_OK && dwarf->map != NULL && !dwarf->torn)
		strings_scrub(dwarf);
	return code;
}

static int rewrite(struct dwarf dwarf, struct section_edits *edits, struct dwarf_sources *sources,
		   struct dwarf_summary *summary, struct note_error *err)
{
	struct note_error unwanted = {0};
	dwarf.err = err != NULL ? err : &unwanted;
	if (edits != NULL)
		*edits = (struct section_edits){0};
	if (sources != NULL) {
		*sources = (struct dwarf_sources){0};
		dwarf.sources = source_list_new();
	}
	int code = take_steps(&dwarf);
	if (code != NOTE_OK)
		goto out;
	if (edits != NULL && !dwarf.fixed)
		sections_edits(&dwarf, edits);
	if (dwarf.sources != NULL)
		source_list_finish(dwarf.sources, dwarf.map, sources);
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
	return rewrite((struct dwarf){.image = image, .map = map}, edits, sources, summary, err);
}

int dwarf_rewrite_folded(struct image *image, struct image *alternate, const struct path_map *map,
			 struct section_edits *edits, struct dwarf_sources *sources,
			 struct dwarf_summary *summary, struct note_error *err)
{
	struct note_error unwanted = {0};
	struct dwarf other = {.image = alternate, .err = err != NULL ? err : &unwanted};
	struct dwarf dwarf = {.image = image, .map = map};
	int code = alternate != NULL ? sections_load(&other) : NOTE_OK;
	dwarf.alternate = other.str.section;
	if (code == NOTE_OK)
		code = rewrite(dwarf, edits, sources, summary, err);
	dwarf_free(&other);
	return code;
}

int dwarf_rewrite_alternate(struct image *image, const struct path_map *map,
			    struct section_edits *edits, struct note_error *err)
{
	return rewrite((struct dwarf){.image = image, .map = map, .is_alternate = true}, edits,
		       NULL, NULL, err);
}

int dwarf_rewrite_split(struct image *image, const struct path_map *map,
			struct section_edits *edits, struct dwarf_sources *sources,
			struct dwarf_summary *summary, struct note_error *err)
{
	return rewrite((struct dwarf){.image = image, .map = map, .is_split = true}, edits, sources,
		       summary, err);
}

int dwarf_list_split(struct image *image, const struct path_map *map, struct strings *paths,
		     struct note_error *err)
{
	struct note_error unwanted = {0};
	struct dwarf dwarf = {.image = image, .map = map, .err = err != NULL ? err : &unwanted};
	int code = sections_load(&dwarf);
	*paths = (struct strings){0};
	dwarf.abbrevs = abbrev_cache_new();
	if (code == NOTE_OK)
		units_list_split(&dwarf, paths);
	dwarf_free(&dwarf);
	return code == NOTE_MALFORMED || code == NOTE_UNSUPPORTED ? NOTE_OK : code;
}

int dwarf_list(struct image *image, struct image *alternate, struct dwarf_sources *sources,
	       struct dwarf_summary *summary, struct note_error *err)
{
	return dwarf_rewrite_folded(image, alternate, NULL, NULL, sources, summary, err);
}
