/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that a debugger needs for a set of modules, in one directory:
 *
 *     DIR/.build-id/xx/yyyy.debug    debug information, alternate (dwz) files too:
 *                                    "set debug-file-directory DIR"
 *     DIR/sysroot/PATH               the programs and libraries as the process had them: "set
 * sysroot DIR/sysroot" DIR/lib/SONAME                 the libraries as the dynamic linker calls
 * them (links): "set solib-search-path DIR/lib" DIR/source/PATH                sources: "directory
 * DIR/source"
 */
#ifndef FETCH_GATHER_H
#define FETCH_GATHER_H

#include "tools/debuginfod/client.h"
#include "tools/fetch/subjects.h"

enum gather_sources { GATHER_NONE, GATHER_PRIMARY, GATHER_ALL };

/* What became of one thing that was wanted. */
struct gathered {
	const struct subject *subject;
	enum artifact artifact;
	bool alternate; /* the alternate debug file of SUBJECT */
	char *hex;
	char *name; /* of a source, else NULL */
	char *into; /* where it lies now, below DIR; NULL where it is not there */
	struct client_answer answer;
};

struct gathering {
	struct gathered *items; /* in the order of the subjects, kind by kind */
	size_t count;
	size_t room;
};

/* Gets debug information (and what it refers to), sources where SOURCES says so, and, with
 * EXECUTABLES, the files themselves (those of this machine where their build-ids agree), for all
 * subjects that have build-ids, into DIR, which is made where it is not there.
 * Everything that DIR holds already is replaced, file by file. DRY: nothing is got or made, and
 * what only the debug information names stays unknown. All is on the disk then, but for NO_SYNC.
 * Negative codes are about DIR; what servers said is in OUT. */
int gather(struct client *client, const struct subjects *subjects, const char *dir,
	   enum gather_sources sources, bool executables, bool dry, bool no_sync,
	   struct gathering *out, struct note_error *err);

void gathering_free(struct gathering *gathering);

#endif
