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
 *  - Other pointers may be NULL where that is said, or where the size beside them is 0; else NULL
 *    is NOTE_USAGE. Of functions without a code, NULL gives NULL, 0, NOTE_KIND_OTHER or "none".
 *  - Sizes and offsets are bytes; offsets count from the start of the file.
 *  - A handle that a function gives is the caller's, who hands it to the function that frees it.
 *    What a handle gives (strings, bytes) is the handle's, valid until it is freed or, where
 *    that is said, until its next change. What a visit is given is valid during that visit.
 *  - A visit returns other than 0 to go on, 0 to end the walk; a walk that was ended has succeeded.
 *    It has to return: an exception or longjmp() that leaves it through the library would leak what
 *    the call holds.
 *  - Structures that this library makes for a visit may grow at their end in later versions; those
 *    that the caller makes begin with their size, and an option of a later version that this one
 *    does not know is NOTE_UNSUPPORTED, never passed over.
 *  - Without memory a call is NOTE_SYSTEM with ENOMEM; the library never ends the program.
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

/* The version of this header; note_version() is that of the library, which may be newer. */
#define NOTE_VERSION_MAJOR 1
#define NOTE_VERSION_MINOR 0
#define NOTE_VERSION_PATCH 0
#define NOTE_VERSION       "1.0.0"

/* As NOTE_VERSION. */
const char *note_version(void);

/* What a call came to. Later versions may add codes: treat an unknown one as NOTE_SYSTEM. */
enum note_code {
	NOTE_OK = 0,
	NOTE_ABSENT = -1,      /* what was asked for is not there; the input is otherwise sound */
	NOTE_MALFORMED = -2,   /* the input breaks its format */
	NOTE_UNSUPPORTED = -3, /* the input is sound, and this library cannot do that with it */
	NOTE_SYSTEM = -4,      /* the system refused: memory, open, read, write */
	NOTE_USAGE = -5,       /* the caller broke a rule of this header */
};

/* The constant's name, "NOTE_MALFORMED"; "NOTE_?" for one that this version does not know. */
const char *note_code_name(int code);

/* Where and why a call failed. Begin with NOTE_ERROR_INIT: SIZE is the caller's, and read on each
 * call. One that this version cannot have (too small, or never set) is NOTE_USAGE, and nothing is
 * written. */
struct note_error {
	size_t size;     /* sizeof(struct note_error): later versions may add at the end */
	int code;        /* an enum note_code */
	int system;      /* errno for NOTE_SYSTEM, else 0 */
	uint64_t offset; /* where in the file, or NOTE_NO_OFFSET */
	char text[240];  /* one line of English in any locale, no newline, NUL-terminated */
};

#define NOTE_ERROR_INIT                             \
	{                                           \
		sizeof(struct note_error), 0, 0, 0, \
		{                                   \
			0                           \
		}                                   \
	}

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

/*
 * An ELF file, a PE image or a static archive (`ar`), as an opaque handle. Of a file only what is
 * asked for is read, so a core of many gigabytes costs little. It must not change meanwhile: where
 * it is found shorter than it was, that is NOTE_MALFORMED.
 */
struct note_file;

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

/* Opens the file at PATH. NOTE_SYSTEM where it cannot be opened, NOTE_UNSUPPORTED where it is no
 * regular file, NOTE_ABSENT where it is none of those above, NOTE_MALFORMED where its headers lie.
 */
int note_file_open(struct note_file **out, const char *path, struct note_error *err);

/* The same for the file behind the descriptor FD, which stays the caller's and must outlive the
 * handle. Its position is neither used nor changed. */
int note_file_open_fd(struct note_file **out, int fd, struct note_error *err);

/* The same for SIZE bytes in memory, which stay the caller's and must outlive the handle. */
int note_file_open_memory(struct note_file **out, const void *bytes, size_t size,
			  struct note_error *err);

/* NULL is allowed. */
void note_file_close(struct note_file *file);

enum note_kind note_file_kind(const struct note_file *file);

/* The machine as `uname -m` names it where Linux runs on it ("x86_64", "ppc64le", "i386"), else a
 * usual short name; "unknown" for one that this library does not know; "none" for an archive. */
const char *note_file_machine(const struct note_file *file);

/* The number behind it: e_machine of an ELF file, Machine of a PE image; 0 for an archive. */
unsigned note_file_machine_number(const struct note_file *file);

unsigned note_file_class(const struct note_file *file);    /* 32 or 64 bits; archives: 0 */
int note_file_is_big_endian(const struct note_file *file); /* 0 or 1 */

/* A note of an ELF file. */
struct note_entry {
	uint32_t type;
	const char *owner;     /* the note's name: "GNU", "FDO"; "" where it has none */
	const char *type_name; /* of the type by this owner, "NT_GNU_BUILD_ID"; NULL: not known */
	const void *desc;      /* the value: DESC_SIZE bytes, not aligned */
	size_t desc_size;
	uint64_t offset;      /* of the note */
	uint64_t desc_offset; /* of its value */
};

typedef int note_entry_visit(void *context, const struct note_entry *entry);

/*
 * Visits all notes: those of the PT_NOTE segments in the order of the program headers, then those
 * of SHT_NOTE sections that no segment covers; each once. NOTE_MALFORMED where some note is broken:
 * the others were visited. PE images and archives have none. In a core these are the core's own:
 * see note_file_modules() for those of its modules.
 */
int note_file_notes(struct note_file *file, note_entry_visit *visit, void *context,
		    struct note_error *err);

/* The build-id: *SIZE bytes at *ID. NOTE_ABSENT where there is none, NOTE_MALFORMED where there is
 * none and some note is broken. */
int note_file_build_id(struct note_file *file, const uint8_t **id, size_t *size,
		       struct note_error *err);

/* The payload of the package note (of a PE image, of its section .pkgnote), as it stands in the
 * file without the NUL that ends it: LENGTH bytes at JSON, not NUL-terminated, not checked. Where
 * there are several, the first one counts, as systemd has it. Errors as note_file_build_id(). */
int note_file_payload(struct note_file *file, const char **json, size_t *length,
		      struct note_error *err);

/* The same, parsed: *OUT is for note_package_free() and outlives FILE. Beyond that, NOTE_MALFORMED
 * where the payload breaks UAPI.8. */
int note_file_package(struct note_file *file, struct note_package **out, struct note_error *err);

/* Visits the members of an archive that are ELF files or PE images. MEMBER is closed after the
 * visit. NAME is bytes, as the archive has it. NOTE_USAGE where FILE is no archive,
 * NOTE_UNSUPPORTED where it is a thin one, whose members are other files. */
typedef int note_member_visit(void *context, const char *name, struct note_file *member);
int note_file_members(struct note_file *file, note_member_visit *visit, void *context,
		      struct note_error *err);

/* --- modules of a core or process --- */

/*
 * An ELF file that a process had mapped, as its memory has it. Of most modules a Linux core holds
 * the first page only, which is where the notes are to be.
 */
struct note_module {
	const char *path;        /* as the process had it, "[vdso]", or NULL: not known */
	uint64_t address;        /* where it starts */
	const char *machine;     /* as note_file_machine() */
	const uint8_t *build_id; /* NULL for none */
	size_t build_id_size;
	const char *payload; /* of the first package note, as note_file_payload(); NULL for none */
	size_t payload_length;
	const void *handle; /* for note_module_check() */
};

typedef int note_module_visit(void *context, const struct note_module *module);

/* Visits the modules of a core file, by rising address. Their names come from NT_FILE, else from
 * the dynamic linker's list, else from NT_PRPSINFO. NOTE_USAGE where FILE is no core. */
int note_file_modules(struct note_file *file, note_module_visit *visit, void *context,
		      struct note_error *err);

/* The same for the live process PID, which goes on running. NOTE_ABSENT where there is none or it
 * has no program, NOTE_SYSTEM where this process may not look at it (ptrace(2)). Linux only. */
int note_process_modules(long pid, note_module_visit *visit, void *context, struct note_error *err);

/* --- judging --- */

/*
 * One thing wanting, by UAPI.8. CODE is one of these words, a static string; later versions may
 * add some:
 *
 *   no-note             an executable, shared library, PE image or module without a package note
 *   duplicate-note      one that says the same as another, or names the same package
 *   several-notes       one of another package (vendored or static code): a remark, nothing is
 *                       wrong; the first one counts, as systemd has it
 *   no-first-page       a module whose first page, where its notes are to be, is not in the core
 *   cut-short           the same because the core was cut short
 *   not-allocated       in no PT_LOAD or no PT_NOTE (object files: the section is not SHF_ALLOC;
 *                       PE: no initialized data), so that a running program does not hold it
 *   writable            its segment or section may be written to
 *   misaligned          at an offset or address that is no multiple of 4
 *   outside-first-page  not wholly in the first 4096 bytes of the file, so that a core may lack it
 *   wrong-owner         type 0xcafe1a7e by another owner than "FDO"
 *   wrong-section       in a section not called .note.package, or in none though there are some;
 *                       behind another note in its section: a remark
 *   unterminated        the value has no NUL at its end
 *   bad-padding         bytes behind that NUL that are not 0
 *   not-utf8            the value is not UTF-8 (RFC 3629)
 *   not-object          JSON, but no object
 *   syntax              no JSON (RFC 8259): comments, NaN, a byte order mark; over 128 levels
 *   duplicate-key       a name twice in one object
 *   control-character   one of Unicode's class Cc in a string, raw or escaped (\n)
 *   unicode-escape      \uXXXX
 *   number-range        an integer beyond 53 bits; what no finite double holds, all digits of it
 *   trailing-data       something after the object
 *   dlopen-note         a dlopen note that breaks UAPI.12; what can be read of it is read
 */
struct note_problem {
	const char *code;
	const char *detail; /* one line of UTF-8; valid during the visit */
	uint64_t offset;    /* in the file, or NOTE_NO_OFFSET */
	int remark;         /* not 0: worth knowing, but nothing is wrong */
};

typedef int note_problem_visit(void *context, const struct note_problem *problem);

/* Judges the package notes of FILE: where they lie and what they hold; at most 100 findings are
 * told. An object file or an archive may be without one. Returns NOTE_OK however much was found,
 * and other codes where notes could not be read; what could be was judged. */
int note_file_check(struct note_file *file, note_problem_visit *visit, void *context,
		    struct note_error *err);

/* The same for a module during its visit. What lies outside of its notes is not judged; a "[vdso]"
 * needs none. */
int note_module_check(const struct note_module *module, note_problem_visit *visit, void *context,
		      struct note_error *err);

/* Judges LENGTH bytes of payload alone; offsets count from its start. */
int note_payload_check(const char *json, size_t length, note_problem_visit *visit, void *context,
		       struct note_error *err);

/* --- writing --- */

/* What is to become of package notes that are there. */
enum note_existing {
	/* The payload of the first stays; where it lies wrong (outside page one, writable,
	 * misaligned, not loaded) it is moved. */
	NOTE_EXISTING_KEEP = 0,
	NOTE_EXISTING_REPLACE = 1, /* this one in place of all */
	NOTE_EXISTING_FIRST = 2,   /* this one before them, so that readers take it */
	NOTE_EXISTING_FAIL = 3,    /* NOTE_UNSUPPORTED */
};

struct note_place_options {
	size_t size;            /* sizeof(struct note_place_options): later versions may add */
	int existing;           /* an enum note_existing */
	int outside_first_page; /* not 0: allowed where page one has no room */
};

/*
 * Puts PAYLOAD (checked by UAPI.8) as the package note into the linked ELF file of SIZE bytes at
 * FILE: page one, in a PT_LOAD and a PT_NOTE; into a PE image as its section .pkgnote. *OUT is a
 * new file of *OUT_SIZE bytes, for free().
 * OPTIONS may be NULL. Returns NOTE_USAGE for a bad payload, NOTE_UNSUPPORTED where no room can be
 * made (the text says why), NOTE_MALFORMED where the file's headers lie. FILE is never changed.
 * A file that holds this payload already, where it should be, comes back byte for byte. What was
 * made has been read again and judged as note_file_check() judges the place of a note.
 */
int note_place(const void *file, size_t size, const char *payload,
	       const struct note_place_options *options, void **out, size_t *out_size,
	       struct note_error *err);

/*
 * The same for the file at PATH (of a symbolic link: what it leads to), which is replaced at once:
 * a kill or a power cut leaves the old one or the new one, and after NOTE_OK the new one is on the
 * disk. Mode (set-id bits too), owner, and extended attributes (capabilities, ACLs) stay; the time
 * of change is new. A file that would come back byte for byte is left alone. Returns what
 * note_place() does; NOTE_UNSUPPORTED too for what is no regular file, and for one with other hard
 * links, which would keep the old bytes; NOTE_SYSTEM where it cannot be read or replaced
 * (err.system is EBUSY where something else changed it meanwhile). The file is as it was then.
 */
int note_file_place(const char *path, const char *payload, const struct note_place_options *options,
		    struct note_error *err);

/*
 * The same with a build-id for an ELF file that has none (section .note.gnu.build-id): ID_SIZE
 * bytes at ID, a multiple of 4, 64 at most; 20 are usual. What they are is the caller's affair. A
 * file that has a build-id comes back byte for byte.
 */
int note_place_build_id(const void *file, size_t size, const void *id, size_t id_size, void **out,
			size_t *out_size, struct note_error *err);

/*
 * PAYLOAD (checked by UAPI.8) as the package note in an object file to link in, for linkers that
 * have no --package-metadata. It is made for MACHINE ("x86_64", "aarch64", "s390x", ...: see
 * libnote(3)), or, where LIKE is not NULL, for the machine, class, byte order and flags of the ELF
 * file of LIKE_SIZE bytes at LIKE. *OUT is a new file of *OUT_SIZE bytes, for free(). Returns
 * NOTE_USAGE for a bad payload or a machine that is not known.
 */
int note_object(const char *payload, const char *machine, const void *like, size_t like_size,
		void **out, size_t *out_size, struct note_error *err);

#ifdef __cplusplus
}
#endif
#endif
