/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * .debug_macro (DWARF 5, 6.3; the GNU extension of DWARF 4 is version 4 of the same): a unit of it
 * may hold an offset into .debug_line. Only that is of interest, but a unit says its length by its
 * last entry alone, so all are passed over.
 */
#include "tools/splitter/dwarf/internal.h"

#define MAX_OPERANDS 64

#define FLAG_OFFSET_SIZE 1
#define FLAG_LINE        2
#define FLAG_OPCODES     4

/* The operands that a unit declares for opcodes of its own: 256 at most, by opcode. */
struct opcode_table {
	uint64_t operands[256]; /* where the operands' forms begin */
	unsigned counts[256];
	bool known[256];
};

static int malformed(struct dwarf *dwarf, const struct debug_section *section, uint64_t at,
		     const char *what)
{
	return section_error(dwarf, section, at, NOTE_MALFORMED, what);
}

static void read_opcodes(struct cursor *cursor, struct opcode_table *table)
{
	unsigned count = (unsigned)cursor_fixed(cursor, 1);
	for (unsigned i = 0; i < count; i++) {
		uint64_t opcode = cursor_fixed(cursor, 1);
		unsigned operands = (unsigned)cursor_uleb(cursor);
		/* Operands of no size would cost nothing to declare, and much to pass. */
		table->known[opcode] = operands <= MAX_OPERANDS;
		table->operands[opcode] = cursor->at;
		table->counts[opcode] = operands;
		cursor_skip(cursor, operands);
	}
}

/* Passes the operands of OPCODE; false where it is not known. */
static bool skip_operands(struct dwarf *dwarf, struct cursor *cursor, uint64_t opcode,
			  const struct opcode_table *table, const struct form_context *context,
			  bool mark)
{
	size_t length;
	if (table->known[opcode] && mark)
		return false;
	if (table->known[opcode]) {
		for (unsigned i = 0; i < table->counts[opcode]; i++)
			if (!cursor_skip_form(cursor, cursor->bytes[table->operands[opcode] + i],
					      context))
				return false;
		return true;
	}
	switch (opcode) {
	case DW_MACRO_define:
	case DW_MACRO_undef:
		cursor_uleb(cursor);
		cursor_string(cursor, &length);
		return true;
	case DW_MACRO_start_file:
	case DW_MACRO_define_strx:
	case DW_MACRO_undef_strx:
		cursor_uleb(cursor);
		cursor_uleb(cursor);
		return true;
	case DW_MACRO_end_file:
		return true;
	case DW_MACRO_define_strp:
	case DW_MACRO_undef_strp:
		cursor_uleb(cursor);
		/* gcc's, of version 4 in .dwo files, hold numbers of strings. */
		if (dwarf->is_split && context->version == 4)
			cursor_uleb(cursor);
		else if (mark)
			string_mark(&dwarf->str, cursor_fixed(cursor, context->offset_size));
		else
			cursor_skip(cursor, context->offset_size);
		return true;
	case DW_MACRO_define_sup:
	case DW_MACRO_undef_sup:
		cursor_uleb(cursor);
		cursor_skip(cursor, context->offset_size);
		return true;
	case DW_MACRO_import:
	case DW_MACRO_import_sup:
		cursor_skip(cursor, context->offset_size);
		return true;
	default:
		return false;
	}
}

static int read_unit(struct dwarf *dwarf, struct debug_section *section, struct cursor *cursor,
		     bool mark)
{
	uint64_t start = cursor->at;
	struct opcode_table table = {0};
	uint64_t version = cursor_fixed(cursor, 2);
	uint64_t flags = cursor_fixed(cursor, 1);
	if (!cursor->bad && version != 4 && version != 5)
		return section_error(dwarf, section, start, NOTE_UNSUPPORTED,
				     "macros of an unknown version");
	struct form_context context = {(uint16_t)version, (flags & FLAG_OFFSET_SIZE) != 0 ? 8 : 4,
				       8};
	if ((flags & FLAG_LINE) != 0) {
		uint64_t at = cursor->at;
		cursor_skip(cursor, context.offset_size);
		if (!cursor->bad && !mark)
			add_line_user(dwarf, &(struct line_user){
						     .table = section_offset(dwarf, section, at,
									     context.offset_size),
						     .section = section,
						     .at = at,
						     .size = context.offset_size,
					     });
	}
	if ((flags & FLAG_OPCODES) != 0)
		read_opcodes(cursor, &table);
	for (;;) {
		uint64_t at = cursor->at;
		uint64_t opcode = cursor_fixed(cursor, 1);
		if (cursor->bad)
			return malformed(dwarf, section, start, "macros without an end");
		if (opcode == 0)
			return NOTE_OK;
		if (!skip_operands(dwarf, cursor, opcode, &table, &context, mark))
			return section_error(dwarf, section, at, NOTE_UNSUPPORTED,
					     "an unknown kind of macro");
	}
}

int macros_read(struct dwarf *dwarf, bool mark)
{
	for (size_t i = 0; i < dwarf->section_count; i++) {
		struct debug_section *section = &dwarf->sections[i];
		if (section->kind != DEBUG_MACRO)
			continue;
		if (mark && section->relocations != NULL)
			return NOTE_UNSUPPORTED;
		struct cursor cursor = section_cursor(dwarf, section, 0, section->size);
		while (cursor.at < cursor.end) {
			int code = read_unit(dwarf, section, &cursor, mark);
			if (code != NOTE_OK)
				return code;
		}
	}
	return NOTE_OK;
}
