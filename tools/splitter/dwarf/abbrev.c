/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * .debug_abbrev (DWARF 5, 7.5.3): which attributes an entry has, and in which forms. Many units may
 * share a table, so each is read once, as a whole; all of them together cannot be larger than the
 * section, unless they overlap, which no compiler's do.
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/sorted.h"
#include "tools/splitter/dwarf/unit.h"

struct abbrev_cache {
	struct abbrev_table *tables;
	size_t table_count, table_room;
	struct hash_map by_offset;
	struct abbrev *abbrevs; /* of all tables, those of one side by side */
	size_t abbrev_count, abbrev_room;
	uint64_t read; /* bytes, over all tables */
};

struct abbrev_cache *abbrev_cache_new(void)
{
	return xcalloc(1, sizeof(struct abbrev_cache));
}

void abbrev_cache_free(struct abbrev_cache *cache)
{
	if (cache == NULL)
		return;
	free(cache->tables);
	free(cache->abbrevs);
	hash_map_free(&cache->by_offset);
	free(cache);
}

static inline bool next_attribute(struct cursor *cursor, uint64_t *attribute, uint64_t *form)
{
	*attribute = cursor_uleb(cursor);
	*form = cursor_uleb(cursor);
	if (*form == DW_FORM_implicit_const && !cursor->bad) {
		struct form_context none = {0};
		cursor_skip_form(cursor, DW_FORM_sdata, &none);
	}
	return !cursor->bad && (*attribute != 0 || *form != 0);
}

bool abbrev_attribute(struct cursor *cursor, uint64_t *attribute, uint64_t *form)
{
	return next_attribute(cursor, attribute, form);
}

static bool is_unit(uint64_t tag)
{
	return tag == DW_TAG_compile_unit || tag == DW_TAG_partial_unit ||
	       tag == DW_TAG_type_unit || tag == DW_TAG_skeleton_unit;
}

/* One declaration behind its code. */
static void read_declaration(struct abbrev_cache *cache, struct abbrev_table *table,
			     struct cursor *cursor, uint64_t code)
{
	if (cache->abbrev_count == cache->abbrev_room) {
		cache->abbrev_room = cache->abbrev_room == 0 ? 1024 : cache->abbrev_room * 2;
		cache->abbrevs =
			xrealloc(cache->abbrevs, cache->abbrev_room * sizeof(*cache->abbrevs));
	}
	struct abbrev *abbrev = &cache->abbrevs[cache->abbrev_count++];
	*abbrev = (struct abbrev){.code = code, .at = cursor->at};
	uint64_t attribute, form, tag = cursor_uleb(cursor);
	cursor_skip(cursor, 1);
	const bool is_path = is_unit(tag);
	while (next_attribute(cursor, &attribute, &form)) {
		if (form == DW_FORM_line_strp && !is_path)
			table->has_line_strp = true;
		if ((form == DW_FORM_strp && !is_path) || form == DW_FORM_indirect)
			table->has_strp = true;
		if (form == DW_FORM_indirect)
			table->has_line_strp = true;
	}
	table->count++;
}

static int compare_codes(const void *a, const void *b)
{
	const struct abbrev *left = a, *right = b;
	if (left->code != right->code)
		return left->code < right->code ? -1 : 1;
	return left->at < right->at ? -1 : left->at > right->at;
}

static int read_table(struct dwarf *dwarf, struct abbrev_table *table)
{
	struct abbrev_cache *cache = dwarf->abbrevs;
	struct cursor cursor =
		section_cursor(dwarf, dwarf->abbrev, table->offset, dwarf->abbrev->size);
	const uint64_t left = dwarf->abbrev->size - cache->read;
	bool sorted = true;
	uint64_t code, last = 0;
	table->first = cache->abbrev_count;
	do {
		code = cursor_uleb(&cursor);
		if (code != 0)
			read_declaration(cache, table, &cursor, code);
		table->bad = cursor.bad || cursor.at - table->offset > left;
		sorted = sorted && (code == 0 || code > last);
		last = code;
	} while (code != 0 && !table->bad);
	/* What is bad was read, too. */
	cache->read += cursor.at - table->offset < left ? cursor.at - table->offset : left;
	if (table->bad)
		return section_error(dwarf, dwarf->abbrev, table->offset, NOTE_MALFORMED,
				     cursor.bad ? "a table without an end" : "tables overlap");
	if (!sorted)
		qsort(cache->abbrevs + table->first, table->count, sizeof(*cache->abbrevs),
		      compare_codes);
	return NOTE_OK;
}

int abbrev_table_find(struct dwarf *dwarf, uint64_t offset, struct abbrev_table **out)
{
	struct abbrev_cache *cache = dwarf->abbrevs;
	uint64_t hash = hash_number(offset, 0);
	size_t step = 0;
	for (uint32_t i; (i = hash_map_next(&cache->by_offset, hash, &step)) != HASH_NONE;)
		if (cache->tables[i].offset == offset) {
			*out = &cache->tables[i];
			return !(*out)->bad
				       ? NOTE_OK
				       : section_error(dwarf, dwarf->abbrev, offset, NOTE_MALFORMED,
						       "a table without an end");
		}
	if (cache->table_count == cache->table_room) {
		cache->table_room = cache->table_room == 0 ? 64 : cache->table_room * 2;
		cache->tables = xrealloc(cache->tables, cache->table_room * sizeof(*cache->tables));
	}
	hash_map_add(&cache->by_offset, hash, (uint32_t)cache->table_count);
	struct abbrev_table *table = &cache->tables[cache->table_count++];
	*table = (struct abbrev_table){.offset = offset};
	*out = table;
	int code = read_table(dwarf, table);
	dwarf->has_line_strp = dwarf->has_line_strp || table->has_line_strp;
	return code;
}

struct abbrev *abbrev_find(struct dwarf *dwarf, const struct abbrev_table *table, uint64_t code)
{
	if (table->count == 0)
		return NULL;
	struct abbrev *abbrevs = dwarf->abbrevs->abbrevs + table->first;
	/* Compilers count from 1. */
	if (code - 1 < table->count && abbrevs[code - 1].code == code)
		return &abbrevs[code - 1];
	const size_t at = FIRST_WHERE(i, table->count, abbrevs[i].code >= code);
	return at < table->count && abbrevs[at].code == code ? &abbrevs[at] : NULL;
}
