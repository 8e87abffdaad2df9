/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last word before anything is called found. */
#ifndef DEBUGINFOD_PROOF_PROOF_H
#define DEBUGINFOD_PROOF_PROOF_H

#include <stddef.h>

#include "libnote/image.h"
#include "tools/debuginfod/client.h"

#define ANSWER_TEXT 160

/* OUTCOME_FOUND where the regular file FD is ARTIFACT of the build-id HEX (lower case), else
 * OUTCOME_REJECTED (or OUTCOME_UNAVAILABLE where it cannot be read), with the reason in TEXT.
 * Sources can be anything; their lengths were compared while they came. */
enum outcome proof_check(int fd, enum artifact artifact, const char *hex, const char *name,
			 char text[ANSWER_TEXT]);

/* True where IMAGE holds debug information of its own: DWARF, or a symbol table. */
bool proof_has_debuginfo(struct image *image);

/* Where the last thing ends that IMAGE's headers name. */
uint64_t proof_extent(struct image *image);

#endif
