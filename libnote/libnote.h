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

/* --- files --- */

/* What a file is. Later versions may add some. */
enum note_kind {
	NOTE_KIND_EXECUTABLE = 1, /* ET_EXEC; ET_DYN with DF_1_PIE, or PT_INTERP and no DT_SONAME */
	NOTE_KIND_SHARED_LIBRARY = 2,
	NOTE_KIND_RELOCATABLE = 3, /* ET_REL: objects, kernel modules */
	NOTE_KIND_CORE = 4,
	NOTE_KIND_PE = 5,
	NOTE_KIND_ARCHIVE = 6, /* of static libraries: `ar` */
	NOTE_KIND_OTHER = 7,   /* an ELF file of another type */
};

/* --- judging --- */

/*
 * One thing wanting, by UAPI.8. CODE is one of these words, a static string; later versions may
 * add some:
 *
 *   no-note             an executable, shared library, PE image or module without a package note
 *   duplicate-note      a second one: the first counts, as systemd has it
 *   not-allocated       in no PT_LOAD or no PT_NOTE (object files: the section is not SHF_ALLOC;
 *                       PE: no initialized data), so that a running program does not hold it
 *   writable            its segment or section may be written to
 *   misaligned          at an offset or address that is no multiple of 4
 *   outside-first-page  not wholly in the first 4096 bytes of the file, so that a core may lack it
 *   wrong-owner         type 0xcafe1a7e by another owner than "FDO"
 *   wrong-section       in a section not called .note.package, or in none though there are sections
 *   unterminated        the value has no NUL at its end
 *   bad-padding         bytes behind that NUL that are not 0
 *   not-utf8            the value is not UTF-8 (RFC 3629)
 *   not-object          JSON, but no object
 *   syntax              no JSON (RFC 8259): comments, NaN, a byte order mark, deeper than 128 levels
 *   duplicate-key       a name twice in one object
 *   control-character   one of Unicode's class Cc in a string, raw or escaped (\n)
 *   unicode-escape      \uXXXX
 *   number-range        an integer beyond 53 bits; what no finite double holds with all its digits
 *   trailing-data       something after the object
 */
struct note_problem {
	const char *code;
	const char *detail; /* one line of UTF-8; valid during the visit */
	uint64_t offset;    /* in the file, or NOTE_NO_OFFSET */
};

/* Called for each finding; returning 0 ends the walk. */
typedef int note_problem_visit(void *context, const struct note_problem *problem);

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
