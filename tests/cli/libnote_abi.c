/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layout of libnote's structures and the values of its constants, as lines of text. */
#include <libnote.h>
#include <stddef.h>
#include <stdio.h>

#define SIZE(type)           printf("%s %zu\n", #type, sizeof(struct type))
#define MEMBER(type, member) printf("%s.%s %zu\n", #type, #member, offsetof(struct type, member))
#define VALUE(name)          printf("%s %ld\n", #name, (long)(name))

int main(void)
{
	SIZE(note_error);
	MEMBER(note_error, size);
	MEMBER(note_error, code);
	MEMBER(note_error, system);
	MEMBER(note_error, offset);
	MEMBER(note_error, text);
	SIZE(note_entry);
	MEMBER(note_entry, type);
	MEMBER(note_entry, owner);
	MEMBER(note_entry, type_name);
	MEMBER(note_entry, desc);
	MEMBER(note_entry, desc_size);
	MEMBER(note_entry, offset);
	MEMBER(note_entry, desc_offset);
	SIZE(note_module);
	MEMBER(note_module, path);
	MEMBER(note_module, address);
	MEMBER(note_module, machine);
	MEMBER(note_module, build_id);
	MEMBER(note_module, build_id_size);
	MEMBER(note_module, payload);
	MEMBER(note_module, payload_length);
	MEMBER(note_module, handle);
	SIZE(note_problem);
	MEMBER(note_problem, code);
	MEMBER(note_problem, detail);
	MEMBER(note_problem, offset);
	MEMBER(note_problem, remark);
	SIZE(note_place_options);
	MEMBER(note_place_options, size);
	MEMBER(note_place_options, existing);
	MEMBER(note_place_options, outside_first_page);
	VALUE(NOTE_OK);
	VALUE(NOTE_ABSENT);
	VALUE(NOTE_MALFORMED);
	VALUE(NOTE_UNSUPPORTED);
	VALUE(NOTE_SYSTEM);
	VALUE(NOTE_USAGE);
	VALUE(NOTE_KIND_EXECUTABLE);
	VALUE(NOTE_KIND_SHARED_LIBRARY);
	VALUE(NOTE_KIND_RELOCATABLE);
	VALUE(NOTE_KIND_CORE);
	VALUE(NOTE_KIND_PE);
	VALUE(NOTE_KIND_ARCHIVE);
	VALUE(NOTE_KIND_OTHER);
	VALUE(NOTE_TYPE_PACKAGE);
	VALUE(NOTE_TYPE_DLOPEN);
}
