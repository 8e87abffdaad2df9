/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one way to fail: fill the caller's note_error, return its code. */
#ifndef NOTE_ERROR_H
#define NOTE_ERROR_H

#include "libnote.h"

/* Describes a failure in ERR (which may be NULL) and returns CODE. */
int error_set(struct note_error *err, int code, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same for a failed system call: NOTE_SYSTEM with the current errno, its text appended. */
int error_system(struct note_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
