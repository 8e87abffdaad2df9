/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the share needs to know of a file to place it. */
#ifndef SHARE_LOOK_H
#define SHARE_LOOK_H

#include <stdbool.h>

#include "libnote.h"

struct look {
	char build_id[129]; /* hexadecimal; "" for what is no ELF file, or has none */
	bool has_dwarf;     /* .debug_info with contents */
	bool alternate;     /* it needs an alternate file of dwz */
	char *package;      /* N-V.A by the package note, or NULL */
};

/* Looks at the regular file FD. A file that is no ELF file is fine (and empty); NOTE_MALFORMED for
 * one whose headers lie, NOTE_UNSUPPORTED for a build-id that cannot be served. */
int look_at(int fd, struct look *look, struct note_error *err);
void look_free(struct look *look);

/* Whether PATH (below a root) is where debug files lie. */
bool is_debug_path(const char *path);

struct share;

/* Whether what is loaded of the two ELF files below its root is the same: they are copies of one
 * program. */
bool share_same_loaded(struct share *share, const char *a, const char *b);

#endif
