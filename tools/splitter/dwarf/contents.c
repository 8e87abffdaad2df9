/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all files of this room stand on: the contents of a section, and what was found so far. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/splitter/dwarf/internal.h"

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
