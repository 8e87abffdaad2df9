/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A string table as linkers write it: names in the order in which they came, each once, and one
 * that is the end of another lies in that. For the files that write ELF files alone.
 */
#ifndef SPLITTER_ELF_NAMES_H
#define SPLITTER_ELF_NAMES_H

#include "tools/base/text.h"

struct name {
	const char *text;
	size_t length;
	size_t number;
	uint32_t offset;
};

struct names {
	struct name *items; /* by number, once the table is finished */
	size_t count, room;
};

/* TEXT must stay valid until the names are freed. Returns its number. */
size_t names_add(struct names *names, const char *text);

/* Appends the table, with "" in front, to OUT, which is empty: then each name has its offset. */
void names_finish(struct names *names, struct text *out);
void names_free(struct names *names);

#endif
