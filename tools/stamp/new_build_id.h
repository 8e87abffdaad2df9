/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STAMP_NEW_BUILD_ID_H
#define STAMP_NEW_BUILD_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"

/* Computes the build-id of the SIZE bytes at FILE anew, in place, with SEED (may be empty) first.
 * *ABSENT is set where there is none: that is NOTE_OK too. */
int new_build_id(uint8_t *file, size_t size, const char *seed, bool *absent,
		 struct note_error *err);

/* Gives the SIZE bytes at FILE a build-id of 20 bytes, computed from them with SEED (may be NULL)
 * first: *OUT is a new file, for free(). Where there is one already, *ADDED is false and *OUT NULL.
 */
int add_build_id(const uint8_t *file, size_t size, const char *seed, void **out, size_t *out_size,
		 bool *added, struct note_error *err);

#endif
