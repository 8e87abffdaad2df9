/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of this room alone. */
#ifndef SHARE_NAMES_INTERNAL_H
#define SHARE_NAMES_INTERNAL_H

#include "tools/base/names/names.h"
#include "tools/share/names/names.h"

/* share->names. */
struct names {
	struct names_index index;
	bool proposed;
};

/* --- read.c --- */

/* The index; NOTE_ABSENT where there is none, NOTE_MALFORMED where it is broken. */
int names_read_index(struct share *share, struct names_index *out, struct note_error *err);
int names_read_segment(struct share *share, const char *name, struct names_segment *out,
		       struct note_error *err);

/* The results of a segment, one after the other, in ORDER. */
struct names_run {
	struct share *share;
	const struct names_segment *segment;
	enum names_order order;
	struct names_block block;    /* of those that were read, the one at hand */
	size_t part;                 /* the next one */
	struct names_result *sorted; /* of a segment without parts, or NULL */
	size_t at, count;
};

void names_run_begin(struct names_run *run, struct share *share,
		     const struct names_segment *segment, enum names_order order);

/* The result at hand, NULL behind the last one; valid until the run is moved. */
int names_run_look(struct names_run *run, const struct names_result **out, struct note_error *err);
void names_run_move(struct names_run *run);
void names_run_end(struct names_run *run);

/* --- write.c --- */

/* A segment on its way: results come in order, first all by file, then all by build-id. */
struct names_sink {
	struct share *share;
	uint64_t sequence;
	enum names_order order;
	struct strings lines; /* of the block that is being filled */
	struct names_segment segment;
	struct document *documents; /* to be put */
	size_t count;
	uint64_t results;
};

void names_sink_begin(struct names_sink *sink, struct share *share, uint64_t sequence);
int names_sink_add(struct names_sink *sink, const struct names_result *result,
		   struct note_error *err);

/* No more results in this order; *AGAIN: all of them are wanted in the next one. */
int names_sink_turn(struct names_sink *sink, bool *again, struct note_error *err);

/* Puts the segment: *NAME is the caller's; NULL where it would tell of nothing. */
int names_sink_end(struct names_sink *sink, char **name, struct note_error *err);
void names_sink_free(struct names_sink *sink);

/* --- merge.c --- */

/* Appends a segment, and merges what has become too many. */
int names_append(struct share *share, struct names_index *index,
		 const struct names_segment_entry *entry, struct note_error *err);

/* --- lines.c --- */

/* What RECORD holds, a line each, unsorted, added to LINES. */
void names_of_record(const struct record *record, struct strings *lines);

/* LINES as a segment that takes the place of what older ones told of REMOVED (may be NULL). */
int names_put_lines(struct share *share, uint64_t sequence, struct strings *lines,
		    const char *removed, char **name, struct note_error *err);

/* --- rebuild.c --- */

/* OUT of the records of all packages; nothing leads to it yet. */
int names_rebuild(struct share *share, struct names_index *out, struct note_error *err);

/* Below names/, what is named as a document is. */
int names_list_documents(struct share *share, struct strings *out, struct note_error *err);

#endif
