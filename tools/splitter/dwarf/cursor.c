/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all files of this room stand on: bounded reading of DWARF's data (DWARF 5, 7.6 LEB128, 7.4
 * unit lengths, 7.5.5 forms), the contents of a section, and what was found so far. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/splitter/dwarf/internal.h"

static const uint8_t *take(struct cursor *cursor, uint64_t size)
{
	if (cursor->bad || size > cursor->end - cursor->at) {
		cursor->bad = true;
		return NULL;
	}
	const uint8_t *p = cursor->bytes + cursor->at;
	cursor->at += size;
	return p;
}

uint64_t cursor_fixed(struct cursor *cursor, unsigned size)
{
	const uint8_t *p = take(cursor, size);
	if (p == NULL)
		return 0;
	switch (size) {
	case 1:
		return p[0];
	case 2:
		return image_u16(cursor->image, p);
	case 3:
		return cursor->image->is_big ? (uint64_t)p[0] << 16 | (uint64_t)p[1] << 8 | p[2]
					     : (uint64_t)p[2] << 16 | (uint64_t)p[1] << 8 | p[0];
	case 4:
		return image_u32(cursor->image, p);
	case 8:
		return image_u64(cursor->image, p);
	default:
		cursor->bad = true;
		return 0;
	}
}

uint64_t cursor_long_uleb(struct cursor *cursor)
{
	uint64_t value = 0;
	for (unsigned shift = 0;; shift += 7) {
		const uint8_t *p = take(cursor, 1);
		if (p == NULL)
			return 0;
		uint64_t digit = *p & 0x7f;
		/* Padding with zero digits is allowed, further bits are not. */
		if (digit != 0 && (shift > 63 || (shift == 63 && digit > 1))) {
			cursor->bad = true;
			return 0;
		}
		if (shift <= 63)
			value |= digit << shift;
		if ((*p & 0x80) == 0)
			return value;
	}
}

/* Signed numbers are only skipped: any digits will do. */
static void skip_leb(struct cursor *cursor)
{
	const uint8_t *p;
	do {
		p = take(cursor, 1);
	} while (p != NULL && (*p & 0x80) != 0);
}

void cursor_skip(struct cursor *cursor, uint64_t size)
{
	take(cursor, size);
}

const char *cursor_string(struct cursor *cursor, size_t *length)
{
	const char *start = (const char *)cursor->bytes + cursor->at;
	const char *nul = cursor->bad || cursor->at >= cursor->end
				  ? NULL
				  : memchr(start, '\0', cursor->end - cursor->at);
	if (nul == NULL) {
		cursor->bad = true;
		*length = 0;
		return "";
	}
	*length = (size_t)(nul - start);
	cursor->at += *length + 1;
	return start;
}

uint64_t cursor_unit_length(struct cursor *cursor, unsigned *offset_size)
{
	uint64_t length = cursor_fixed(cursor, 4);
	*offset_size = 4;
	if (length == 0xffffffff) {
		length = cursor_fixed(cursor, 8);
		*offset_size = 8;
	} else if (length >= 0xfffffff0) {
		cursor->bad = true;
	}
	if (length > cursor->end - cursor->at)
		cursor->bad = true;
	return cursor->bad ? 0 : length;
}

int form_size(uint64_t form, const struct form_context *context)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_flag:
	case DW_FORM_ref1:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_ref_sup4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_addr:
		return context->address_size;
	case DW_FORM_ref_addr:
		return context->version <= 2 ? context->address_size : context->offset_size;
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_strp_sup:
	case DW_FORM_sec_offset:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return context->offset_size;
	default:
		return -1;
	}
}

bool cursor_skip_form(struct cursor *cursor, uint64_t form, const struct form_context *context)
{
	int size = form_size(form, context);
	size_t length;
	if (size >= 0) {
		cursor_skip(cursor, (uint64_t)size);
		return true;
	}
	switch (form) {
	case DW_FORM_block1:
		cursor_skip(cursor, cursor_fixed(cursor, 1));
		return true;
	case DW_FORM_block2:
		cursor_skip(cursor, cursor_fixed(cursor, 2));
		return true;
	case DW_FORM_block4:
		cursor_skip(cursor, cursor_fixed(cursor, 4));
		return true;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		cursor_skip(cursor, cursor_uleb(cursor));
		return true;
	case DW_FORM_string:
		cursor_string(cursor, &length);
		return true;
	case DW_FORM_LLVM_addrx_offset:
		skip_leb(cursor);
		cursor_skip(cursor, 4);
		return true;
	case DW_FORM_sdata:
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		skip_leb(cursor);
		return true;
	default:
		return false;
	}
}

/* --- sections --- */

struct cursor section_cursor(const struct dwarf *dwarf, const struct debug_section *section,
			     uint64_t at, uint64_t end)
{
	return (struct cursor){dwarf->image, section->bytes, at, end, at > end};
}

int section_error(const struct dwarf *dwarf, const struct debug_section *section, uint64_t at,
		  int code, const char *what)
{
	return error_set(dwarf->err, code, section->file_offset + at, "%s+0x%" PRIx64 ": %s",
			 section->name, at, what);
}

uint8_t *section_change(struct debug_section *section)
{
	if (section->changed == NULL) {
		section->changed = xmalloc(section->size);
		memcpy(section->changed, section->bytes, section->size);
	}
	return section->changed;
}

const uint8_t *section_now(const struct debug_section *section)
{
	return section->changed != NULL ? section->changed : section->bytes;
}

bool dwarf_pass_over(struct dwarf *dwarf, int code)
{
	if (code != NOTE_MALFORMED && code != NOTE_UNSUPPORTED)
		return false;
	if (dwarf->summary.unread++ == 0)
		dwarf->summary.first_unread = *dwarf->err;
	dwarf->torn = true;
	return true;
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

void add_line_user(struct dwarf *dwarf, const struct line_user *user)
{
	if (dwarf->user_count == dwarf->user_room) {
		dwarf->user_room = dwarf->user_room == 0 ? 64 : dwarf->user_room * 2;
		dwarf->users = xrealloc(dwarf->users, dwarf->user_room * sizeof(*dwarf->users));
	}
	dwarf->users[dwarf->user_count++] = *user;
}
