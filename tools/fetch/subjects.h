/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fetch is asked for: build-ids, however they are named. */
#ifndef FETCH_SUBJECTS_H
#define FETCH_SUBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/text.h"

/* One ELF file, known by its build-id. */
struct subject {
	char *name; /* for messages: the operand, and what in it */
	char *path; /* where a process had it, or the operand; NULL for a bare build-id */
	char *hex;  /* its build-id, or NULL where it has none */
};

enum operand_kind {
	OPERAND_BUILD_ID,
	OPERAND_FILE,
	OPERAND_CORE,
	OPERAND_PROCESS,
	OPERAND_PACKAGE,
};

struct subjects {
	struct subject *items;
	size_t count;
	size_t room;
};

/* Adds what OPERAND names: a build-id, an ELF file, each module of a core file or (a number) of a
 * running process, each ELF file of a .deb or .rpm. A file of that name goes first. *KIND (may be
 * NULL) says which it was. */
int subjects_add(struct subjects *subjects, const char *operand, enum operand_kind *kind,
		 struct note_error *err);

void subjects_free(struct subjects *subjects);

/* The build-id of the ELF file at PATH, for free(); NULL with ERR. */
char *file_build_id(const char *path, struct note_error *err);

#endif
