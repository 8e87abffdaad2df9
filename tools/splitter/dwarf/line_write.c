/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing .debug_line anew where names in it changed their size: the lengths in the headers grow,
 * tables move, and those who point at them (DW_AT_stmt_list, .debug_macro) are corrected.
 *
 * Where something in the file was not understood, it may point at tables that are not known here:
 * then all stays where it is, and the tables that changed are put behind it.
 */
#include <string.h>

#include "libnote/sorted.h"
#include "tools/splitter/dwarf/line.h"

/* Copies [FROM, TO) of the section, changed in place or not, with the splices that lie there. */
static void copy_spliced(struct lines *lines, uint64_t from, uint64_t to, size_t *splice)
{
	struct dwarf *dwarf = lines->dwarf;
	const uint8_t *bytes =
		lines->section->changed != NULL ? lines->section->changed : lines->section->bytes;
	for (; *splice < dwarf->splice_count && dwarf->splices[*splice].at < to; ++*splice) {
		const struct splice *next = &dwarf->splices[*splice];
		text_add(&dwarf->new_line, bytes + from, next->at - from);
		text_puts(&dwarf->new_line, next->text);
		from = next->at + next->old_size;
	}
	text_add(&dwarf->new_line, bytes + from, to - from);
}

/* Adds what the table grew by to the length in SIZE bytes at AT. */
static int grow_length(struct lines *lines, uint64_t at, unsigned size, uint64_t old,
		       uint64_t grown)
{
	uint8_t *p = (uint8_t *)lines->dwarf->new_line.data + at;
	uint64_t length = old + grown;
	if (size == 8)
		image_put64(lines->dwarf->image, p, length);
	else if (length >= 0xfffffff0)
		return section_error(lines->dwarf, lines->section, at, NOTE_UNSUPPORTED,
				     "a line table grows too large for 32-bit DWARF");
	else
		image_put32(lines->dwarf->image, p, (uint32_t)length);
	return NOTE_OK;
}

static int write_table(struct lines *lines, struct line_table *table, size_t *splice)
{
	struct text *out = &lines->dwarf->new_line;
	table->new_start = out->size;
	copy_spliced(lines, table->start, table->end, splice);
	table->new_end = out->size;
	/* May wrap: a table that shrinks grows by a negative number. */
	uint64_t grown = (table->new_end - table->new_start) - (table->end - table->start);
	unsigned size = table->offset_size;
	uint64_t length_at = size == 8 ? 4 : 0;
	int code = grow_length(lines, table->new_start + length_at, size,
			       table->end - table->start - length_at - size, grown);
	if (code != NOTE_OK)
		return code;
	return grow_length(
		lines, table->new_start + (table->header_length_at - table->start), size,
		section_offset(lines->dwarf, lines->section, table->header_length_at, size), grown);
}

/* Where the line table at OLD, or what lies between two, is now; false where that is inside. */
static bool find_moved(const struct lines *lines, uint64_t old, uint64_t *now)
{
	const size_t before = FIRST_WHERE(i, lines->count, lines->tables[i].start > old);
	*now = old;
	if (before == 0)
		return true;
	const struct line_table *table = &lines->tables[before - 1];
	if (old == table->start)
		*now = table->new_start;
	else if (lines->dwarf->torn)
		return true;
	else if (old >= table->end)
		*now = table->new_end + (old - table->end);
	else
		return false;
	return true;
}

/* All tables in their order, with what lies between them. */
static int write_all(struct lines *lines)
{
	size_t splice = 0;
	uint64_t at = 0;
	for (size_t i = 0; i < lines->count; i++) {
		copy_spliced(lines, at, lines->tables[i].start, &splice);
		int code = write_table(lines, &lines->tables[i], &splice);
		if (code != NOTE_OK)
			return code;
		at = lines->tables[i].end;
	}
	copy_spliced(lines, at, lines->section->size, &splice);
	return NOTE_OK;
}

/* Everything as it was, and behind it those that have splices. */
static int write_behind(struct lines *lines)
{
	struct dwarf *dwarf = lines->dwarf;
	size_t splice = 0;
	int code = NOTE_OK;
	text_add(&dwarf->new_line, section_now(lines->section), lines->section->size);
	for (size_t i = 0; i < lines->count && code == NOTE_OK; i++) {
		struct line_table *table = &lines->tables[i];
		table->new_start = table->start;
		table->new_end = table->end;
		if (splice < dwarf->splice_count && dwarf->splices[splice].at < table->end)
			code = write_table(lines, table, &splice);
	}
	return code;
}

int lines_write(struct lines *lines)
{
	struct dwarf *dwarf = lines->dwarf;
	/* The new ones would need relocations of their own. */
	if (dwarf->torn && lines->section->relocations != NULL) {
		dwarf->fixed = true;
		return NOTE_OK;
	}
	dwarf->line_resized = true;
	int code = dwarf->torn ? write_behind(lines) : write_all(lines);
	if (code == NOTE_OK && lines->section->relocations != NULL)
		relocations_move(dwarf, lines->section, dwarf->splices, dwarf->splice_count);
	for (size_t i = 0; i < dwarf->user_count && code == NOTE_OK; i++) {
		const struct line_user *user = &dwarf->users[i];
		uint64_t now;
		if (!find_moved(lines, user->table, &now))
			code = section_error(dwarf, user->section, user->at, NOTE_MALFORMED,
					     "a line table lies inside another");
		else if (now != user->table && user->size != 0)
			code = section_put_offset(dwarf, user->section, user->at, user->size, now);
	}
	if (code == NOTE_OK || !dwarf_pass_over(dwarf, code))
		return code;
	dwarf->fixed = true; /* some are corrected, others are not */
	return NOTE_OK;
}
