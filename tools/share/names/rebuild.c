/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index by name, made anew of the records of all packages. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/names/internal.h"

/* So many packages make a segment: as if eight times eight had come one by one. */
#define TOGETHER       64u
#define TOGETHER_LEVEL 2

int names_list_documents(struct share *share, struct strings *out, struct note_error *err)
{
	struct strings all = {0};
	uint64_t sequence;
	int code = share->store->list_documents(share, NAMES_BELOW, &all, err);
	for (size_t i = 0; code == NOTE_OK && i < all.count; i++)
		if (names_sequence(all.items[i], &sequence))
			strings_add(out, all.items[i]);
	strings_free(&all);
	return code;
}

/* Behind all that lie there: no name is used twice for other contents. */
static int begin(struct share *share, struct names_index *out, struct note_error *err)
{
	*out = (struct names_index){.next = 1};
	int code = names_list_documents(share, &out->old, err);
	for (size_t i = 0; i < out->old.count; i++) {
		uint64_t sequence = 0;
		names_sequence(out->old.items[i], &sequence);
		if (sequence >= out->next)
			out->next = sequence + 1;
	}
	return code;
}

static int append(struct share *share, struct names_index *out, struct strings *lines,
		  uint64_t packages, struct note_error *err)
{
	struct names_segment_entry entry = {.level = TOGETHER_LEVEL, .packages = packages};
	int code = names_put_lines(share, ++out->next, lines, NULL, &entry.name, err);
	strings_free(lines);
	if (code != NOTE_OK || entry.name == NULL) {
		free(entry.name);
		return code;
	}
	return names_append(share, out, &entry, err);
}

int names_rebuild(struct share *share, struct names_index *out, struct note_error *err)
{
	struct strings packages = {0}, lines = {0};
	uint64_t gathered = 0;
	int code = begin(share, out, err);
	if (code == NOTE_OK)
		code = list_packages(share, &packages, err);
	for (size_t i = 0; code == NOTE_OK && i < packages.count; i++) {
		struct record record;
		/* One that is broken is told by whoever mends it. */
		if (read_package(share, packages.items[i], &record, NULL) == NOTE_OK) {
			names_of_record(&record, &lines);
			record_free(&record);
			gathered++;
		}
		if (gathered == TOGETHER || (i + 1 == packages.count && gathered != 0)) {
			code = append(share, out, &lines, gathered, err);
			gathered = 0;
		}
	}
	out->next++;
	strings_free(&lines);
	strings_free(&packages);
	if (code != NOTE_OK)
		names_index_free(out);
	return code;
}
