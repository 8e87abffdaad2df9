/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file on its way through the recipe. Shared by the files of the recipe alone: split.c,
 * recall.c, passage.c. */
#ifndef SPLITTER_PASSAGE_H
#define SPLITTER_PASSAGE_H

#include "tools/splitter/split_internal.h"

/* What one file is on its way; lives in run_input (split.c) alone. */
struct passage {
	int fd;
	uint8_t *bytes; /* the worker's buffer's, or OWN */
	size_t size;
	uint8_t *own;
	struct image *image;
	struct section_edits edits;
	struct dwarf_sources sources;
	struct plan plan;
	struct build_id id;
	bool id_added; /* it is zeros, until it is computed */
	struct pieces debug;
	struct strip_additions additions;
	uint8_t *debugdata;
	struct pieces shipped;
};

void passage_end(struct passage *passage);

/* Whether the file is to get the note: what nobody may execute is in no process (firmware, say),
 * and what is still to be linked gets it then. */
bool passage_wants_note(const struct passage *passage, const struct split_options *options);

/* Puts the note in: one of this package that is there stays, in page one; before another's ours
 * goes first. Where a note is there and cannot be moved, and where SPLIT leaves what it refuses and
 * there is no room for one, that is remarked in OUTCOME. */
int passage_stamp(struct passage *passage, const struct split_options *split,
		  struct outcome *outcome, struct note_error *err);

/* A file that is neither ELF nor an archive: an EFI program gets its note, in a section .pkgnote;
 * what has no place for one is left, for that reason. All else is passed over. */
int passage_stamp_efi(const struct split_run *run, size_t index, struct file_buffer *buffer,
		      struct passage *passage, struct outcome *outcome, struct note_error *err);

/* Gives a linked file without a build-id the room for one, to be computed, or remarks in OUTCOME
 * why there is none. */
int passage_add_build_id(struct passage *passage, struct outcome *outcome, struct note_error *err);

/* Finds the id, or makes it anew in place: the plan's contents are the image's, so the debug file
 * and the shipped file both get it. */
int passage_identify(const struct split_run *run, struct passage *passage, struct outcome *outcome,
		     struct note_error *err);

/* Notes the payload of IMAGE in OUTCOME; none is fine. */
int passage_package(struct image *image, struct outcome *outcome, struct note_error *err);

/* --- recall.c --- */

/* The bytes, malloc'ed, of the debug file that an earlier run made of the file; NULL, with OUTCOME
 * left for that reason, where its debuglink leads elsewhere, or to another file. */
int recall_debug_file(const struct split_run *run, size_t index, struct passage *passage,
		      struct outcome *outcome, uint8_t **bytes, size_t *size,
		      struct note_error *err);

/* Makes the outcome of an earlier run again: from the debug file, if it is ours. */
int recall_file(const struct split_run *run, size_t index, struct passage *passage,
		struct outcome *outcome, struct note_error *err);

#endif
