/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of together*.c alone. */
#ifndef SPLITTER_TOGETHER_INTERNAL_H
#define SPLITTER_TOGETHER_INTERNAL_H

#include "tools/splitter/together/alternate.h"
#include "tools/splitter/together/together.h"

/* An input whose halves are staged. */
struct member {
	size_t index;
	const struct outcome *outcome;
	char *name;            /* of the debug file in the work directory */
	size_t first;          /* of its equals, the member that is folded */
	bool recalled;         /* its debug file is there, of a run that was killed */
	bool listed;           /* the journal has it */
	uint8_t *shared_index; /* of the alternate file, as gdb made it for this one, or NULL */
	uint64_t shared_index_size;
};

struct batch {
	const struct split_run *run;
	struct member *items; /* by digest of the debug file, then by path */
	size_t count;
	size_t from;                /* the first of those that are shipped together */
	char *alternate;            /* below ROOT, as dwz takes it to be */
	struct strip_output shared; /* its contents, where dwz made one; BYTES is NULL else */
	struct build_id id;         /* its build-id */
	struct link_target target;  /* layout deb */
	bool refusals;
};

/* Notes the facts of a finished debug file (enter.c). */
void note_debug_file(const struct split_run *run, struct outcome *outcome,
		     const struct strip_output *file);

/* --- index.c --- */

/* Gives FILE, MEMBER's as dwz left it in the work directory, its index, where that is wanted. */
int index_member(const struct batch *batch, struct member *member, struct strip_output *file,
		 struct note_error *err);

/* Gives what dwz made in common the index that gdb made beside those of the members. */
int index_shared(struct batch *batch, struct note_error *err);

/* --- journal.c --- */

int journal_write(struct batch *batch, struct note_error *err);

/* Marks those members as recalled that the journal of an earlier run tells of rightly. */
void journal_read(struct batch *batch);
void journal_remove(const struct split_run *run);

#endif
