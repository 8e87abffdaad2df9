/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings of the string sections. A new string is put behind the old ones, once, and the field
 * that names it gets the new offset: the old bytes stay, because linkers merge strings by their
 * tails and others may refer to the middle of them.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf/internal.h"

uint64_t string_table_add(struct string_table *table, const char *text)
{
	size_t length = strlen(text);
	uint64_t hash = hash_bytes(text, length, 0);
	size_t step = 0;
	for (uint32_t i; (i = hash_map_next(&table->by_text, hash, &step)) != HASH_NONE;) {
		const struct new_string *old = &table->strings[i];
		if (old->length == length &&
		    memcmp(table->added.data + (old->offset - table->section->size), text,
			   length) == 0)
			return old->offset;
	}
	if (table->section->size > table->section->terminated && table->added.size == 0)
		text_add(&table->added, "", 1);
	uint64_t offset = table->section->size + table->added.size;
	text_add(&table->added, text, length + 1);
	if (table->count == table->room) {
		table->room = table->room == 0 ? 64 : table->room * 2;
		table->strings = xrealloc(table->strings, table->room * sizeof(*table->strings));
	}
	hash_map_add(&table->by_text, hash, (uint32_t)table->count);
	table->strings[table->count++] = (struct new_string){offset, (uint32_t)length};
	return offset;
}

char *dwarf_map_path(struct dwarf *dwarf, const char *path)
{
	char *installed = path_map_apply(dwarf->map, path);
	const size_t length =
		installed == NULL && path[0] == '/' ? path_map_leads_in(dwarf->map, path) : 0;
	if (length == 0)
		return installed;
	char *directory = xasprintf("%.*s", (int)length, path);
	if (dwarf->own_map == NULL)
		dwarf->map = dwarf->own_map = path_map_copy(dwarf->map);
	path_map_learn(dwarf->own_map, directory);
	free(directory);
	return path_map_apply(dwarf->map, path);
}

/* Where the path at OFFSET of TABLE goes. */
static int find_move(struct dwarf *dwarf, struct string_table *table, uint64_t offset, uint64_t *to)
{
	uint64_t hash = hash_number(offset, 0);
	size_t step = 0;
	for (uint32_t i; (i = hash_map_next(&table->by_offset, hash, &step)) != HASH_NONE;)
		if (table->moves[i].from == offset) {
			*to = table->moves[i].to;
			return NOTE_OK;
		}
	char *path = dwarf_map_path(dwarf, (const char *)table->section->bytes + offset);
	int code = path != NULL ? dwarf_spend(dwarf, strlen(path)) : NOTE_OK;
	*to = path != NULL && code == NOTE_OK ? string_table_add(table, path) : offset;
	if (*to == offset)
		string_mark(table, offset);
	free(path);
	if (table->move_count == table->move_room) {
		table->move_room = table->move_room == 0 ? 64 : table->move_room * 2;
		table->moves = xrealloc(table->moves, table->move_room * sizeof(*table->moves));
	}
	hash_map_add(&table->by_offset, hash, (uint32_t)table->move_count);
	table->moves[table->move_count].from = offset;
	table->moves[table->move_count++].to = *to;
	return code;
}

void string_mark(struct string_table *table, uint64_t offset)
{
	if (table->section == NULL || offset >= table->section->size)
		return;
	if (table->marks == NULL)
		table->marks = xcalloc(table->section->size / 8 + 1, 1);
	table->marks[offset / 8] |= (uint8_t)(1u << (offset % 8));
}

bool string_is_marked(const struct string_table *table, uint64_t offset)
{
	return table->marks != NULL && (table->marks[offset / 8] >> (offset % 8) & 1) != 0;
}

void string_table_free(struct string_table *table)
{
	text_free(&table->added);
	free(table->strings);
	free(table->moves);
	free(table->marks);
	hash_map_free(&table->by_text);
	hash_map_free(&table->by_offset);
}

/* Follows the offset at REF's field into TABLE. */
static int follow(struct dwarf *dwarf, struct string_table *table, struct string_ref *ref)
{
	if (table->section == NULL)
		return section_error(dwarf, ref->section, ref->at, NOTE_MALFORMED,
				     "a string of a section that is not there");
	ref->table = table;
	ref->offset = section_offset(dwarf, ref->section, ref->at, ref->size);
	if (ref->offset >= table->section->terminated)
		return section_error(dwarf, ref->section, ref->at, NOTE_MALFORMED,
				     "a string ends after its section");
	ref->text = (const char *)table->section->bytes + ref->offset;
	if (strnlen(ref->text, PATH_MAX) == PATH_MAX) {
		string_mark(table, ref->offset);
		ref->text = NULL;
		return NOTE_OK;
	}
	/* Others go through string_rewrite, and may move. */
	if (ref->text[0] != '/' && dwarf->map != NULL)
		string_mark(table, ref->offset);
	return NOTE_OK;
}

/* The strx forms: a number in a table of offsets (DWARF 5, 7.26). */
static int follow_index(struct dwarf *dwarf, uint64_t index, uint64_t base, struct string_ref *ref)
{
	struct debug_section *offsets = dwarf->str_offsets;
	uint64_t at;
	if (offsets == NULL)
		return section_error(dwarf, ref->section, ref->at, NOTE_MALFORMED,
				     "an indexed string without .debug_str_offsets");
	if (__builtin_mul_overflow(index, ref->size, &at) ||
	    __builtin_add_overflow(at, base, &at) || at > offsets->size ||
	    ref->size > offsets->size - at)
		return section_error(dwarf, ref->section, ref->at, NOTE_MALFORMED,
				     "a string's index lies outside .debug_str_offsets");
	ref->section = offsets;
	ref->at = at;
	return follow(dwarf, &dwarf->str, ref);
}

int string_follow(struct dwarf *dwarf, struct debug_section *section, uint64_t at, unsigned size,
		  struct string_ref *ref)
{
	*ref = (struct string_ref){.section = section, .at = at, .size = (uint8_t)size};
	return follow(dwarf, &dwarf->str, ref);
}

/* A string of the alternate file, which is only read. */
static void follow_alternate(const struct dwarf *dwarf, struct string_ref *ref)
{
	const struct debug_section *strings = dwarf->alternate;
	const uint64_t offset = section_offset(dwarf, ref->section, ref->at, ref->size);
	if (strings == NULL || offset >= strings->terminated)
		return;
	const char *text = (const char *)strings->bytes + offset;
	if (strnlen(text, PATH_MAX) < PATH_MAX)
		ref->text = text;
}

int string_read(struct dwarf *dwarf, struct debug_section *section, struct cursor *cursor,
		uint64_t form, const struct form_context *context, uint64_t str_offsets_base,
		struct string_ref *ref)
{
	*ref = (struct string_ref){
		.section = section, .at = cursor->at, .size = context->offset_size};
	size_t length;
	uint64_t index = 0;
	switch (form) {
	case DW_FORM_string:
		ref->text = cursor_string(cursor, &length);
		if (length >= PATH_MAX)
			ref->text = NULL;
		break;
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
		cursor_skip(cursor, context->offset_size);
		break;
	case DW_FORM_strx:
		index = cursor_uleb(cursor);
		break;
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
		index = cursor_fixed(cursor, (unsigned)(form - DW_FORM_strx1) + 1);
		break;
	default:
		return section_error(dwarf, section, ref->at, NOTE_UNSUPPORTED,
				     "a string in a form that is none of strings");
	}
	if (cursor->bad)
		return section_error(dwarf, section, ref->at, NOTE_MALFORMED,
				     "a string ends after its unit");
	switch (form) {
	case DW_FORM_string:
		return NOTE_OK;
	case DW_FORM_strp_sup: /* in the alternate file */
	case DW_FORM_GNU_strp_alt:
		follow_alternate(dwarf, ref);
		return NOTE_OK;
	case DW_FORM_strp:
		return follow(dwarf, &dwarf->str, ref);
	case DW_FORM_line_strp:
		return follow(dwarf, &dwarf->line_str, ref);
	default:
		return follow_index(dwarf, index, str_offsets_base, ref);
	}
}

int string_set(struct dwarf *dwarf, const struct string_ref *ref, const char *text)
{
	int code = dwarf_spend(dwarf, strlen(text));
	if (code != NOTE_OK)
		return code;
	return section_put_offset(dwarf, ref->section, ref->at, ref->size,
				  string_table_add(ref->table, text));
}

int string_rewrite(struct dwarf *dwarf, const struct string_ref *ref, bool comp_dir,
		   char **inline_text)
{
	*inline_text = NULL;
	if (dwarf->map == NULL || ref->text == NULL)
		return NOTE_OK;
	bool absolute = ref->text[0] == '/';
	if (!absolute && !comp_dir)
		return NOTE_OK;
	if (ref->table == NULL) {
		*inline_text = absolute ? dwarf_map_path(dwarf, ref->text)
					: path_map_apply_comp_dir(dwarf->map, ref->text);
		return NOTE_OK;
	}
	uint64_t to = ref->offset;
	if (absolute) {
		int code = find_move(dwarf, ref->table, ref->offset, &to);
		if (code != NOTE_OK)
			return code;
	} else {
		/* "." is the build directory here, and something else elsewhere: not remembered. */
		char *path = path_map_apply_comp_dir(dwarf->map, ref->text);
		int code = path != NULL ? string_set(dwarf, ref, path) : NOTE_OK;
		free(path);
		return code;
	}
	if (to == ref->offset)
		return NOTE_OK;
	return section_put_offset(dwarf, ref->section, ref->at, ref->size, to);
}
