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

/* --- the payload: one JSON object --- */

/*
 * A package note's payload, as an opaque handle. Keys keep the order that UAPI.8 lists the
 * well-known ones in (type, os, osVersion, name, version, architecture, osCpe, appCpe,
 * debugInfoUrl), then the order in which the others were set.
 */
struct note_package;

/* An empty payload. *OUT is the caller's, for note_package_free. */
int note_package_new(struct note_package **out, struct note_error *err);

/* Parses LENGTH bytes of JSON, strictly by UAPI.8. NOTE_MALFORMED with the offset inside JSON. */
int note_package_parse(struct note_package **out, const char *json, size_t length,
		       struct note_error *err);

/* NULL is allowed. */
void note_package_free(struct note_package *package);

/* Sets KEY to the string VALUE, or drops it where VALUE is NULL. NOTE_USAGE where either is not
 * UTF-8 or holds a control character. */
int note_package_set(struct note_package *package, const char *key, const char *value,
		     struct note_error *err);

/* The value of KEY where it is a string, else NULL; valid until the next change. */
const char *note_package_get(const struct note_package *package, const char *key);

/* The canonical payload: no white space between tokens, keys in order. NUL-terminated, valid
 * until the next change. NULL only without memory. */
const char *note_package_json(struct note_package *package);

/* --- writing --- */

struct note_place_options {
	size_t size;            /* sizeof(struct note_place_options): later versions may add */
	int replace;            /* not 0: notes that are there are replaced by this one */
	int outside_first_page; /* not 0: allowed where page one has no room */
};

/*
 * Puts PAYLOAD (checked by UAPI.8) as the package note into the linked ELF file of SIZE bytes at
 * FILE: page one, in a PT_LOAD and a PT_NOTE. *OUT is a new file of *OUT_SIZE bytes, for free().
 * OPTIONS may be NULL. Returns NOTE_USAGE for a bad payload, NOTE_UNSUPPORTED where no room can be
 * made (the text says why), NOTE_MALFORMED where the file's headers lie. FILE is never changed.
 * A file that holds this payload already comes back byte for byte.
 */
int note_place(const void *file, size_t size, const char *payload,
	       const struct note_place_options *options, void **out, size_t *out_size,
	       struct note_error *err);

#ifdef __cplusplus
}
#endif
#endif
