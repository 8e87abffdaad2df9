/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libnote: the package note of ELF files, read, judged, built and written.
 *
 * Specification: UAPI.8, "Package Metadata for Executable Files": an ELF note of type
 * 0xcafe1a7e, owner "FDO", whose value is one JSON object.
 *
 * Conventions of every function here:
 *  - It returns NOTE_OK (0) or one of the negative codes below; where it returns a pointer,
 *    NULL means that an error was described in ERR.
 *  - ERR may be NULL. Otherwise it belongs to the caller, and is written only on failure.
 *  - Sizes and offsets are bytes; offsets count from the start of the file.
 *  - The library holds no global state, never prints, exits, or reads the environment.
 *    Different handles may be used by different threads at once; one handle may not.
 */
#ifndef LIBNOTE_H
#define LIBNOTE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a call came to. Later versions may add codes: treat an unknown one as NOTE_SYSTEM. */
enum note_code {
	NOTE_OK = 0,
	NOTE_ABSENT = -1,      /* what was asked for is not there; the input is otherwise sound */
	NOTE_MALFORMED = -2,   /* the input breaks its format */
	NOTE_UNSUPPORTED = -3, /* the input is sound, and this library cannot do that with it */
	NOTE_SYSTEM = -4,      /* the system refused: memory, open, read, write */
	NOTE_USAGE = -5,       /* the caller broke a rule of this header */
};

/* Where and why a call failed. */
struct note_error {
	int code;        /* an enum note_code */
	int system;      /* errno for NOTE_SYSTEM, else 0 */
	uint64_t offset; /* where in the file, or NOTE_NO_OFFSET */
	char text[240];  /* one line of English, no newline, NUL-terminated */
};

#define NOTE_NO_OFFSET UINT64_MAX

/* The note's type and owner (UAPI.8), and those of the dlopen note (UAPI.12). */
#define NOTE_TYPE_PACKAGE 0xcafe1a7eu
#define NOTE_TYPE_DLOPEN  0x407c0c0au
#define NOTE_OWNER_FDO    "FDO"

#ifdef __cplusplus
}
#endif
#endif
