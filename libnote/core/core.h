/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modules: the ELF files that a process had mapped, found in its memory, which is a core file's or
 * a live process's.
 *
 * A module is known by its ELF header in memory. Its notes are read by address, so that neither
 * its file nor its section headers need be there: in a Linux core, of most modules only the first
 * page is. Names come from NT_FILE (/proc/PID/maps), else from the dynamic linker's list of link
 * maps, else from NT_PRPSINFO.
 * Specification: core(5), elf(5), the kernel's fs/binfmt_elf.c (NT_FILE), SVR4's r_debug.
 *
 * Internal to the project (the tools share it), not installed.
 */
#ifndef LIBNOTE_CORE_CORE_H
#define LIBNOTE_CORE_CORE_H

#include <sys/types.h>

#include "note.h"

/* The memory of a process. */
struct space {
	bool is_64;
	bool is_big;
	/* Copies SIZE bytes at ADDRESS to OUT. NOTE_ABSENT where they are not all there. OFFSET
	 * (may be NULL) gets where they lie in the file; for a live process, the address. */
	int (*read)(struct space *space, uint64_t address, void *out, uint64_t size,
		    uint64_t *offset);
	bool exhausted; /* more was asked for than may be read of it: there is no going on */
};

/* Findings of a file that was mapped, and whose first page is not in the core. */
#define CORE_NO_FIRST_PAGE "no-first-page"
#define CORE_CUT_SHORT     "cut-short"

/* A module; valid during the visit. */
struct module {
	const char *path; /* as the process had it; "[vdso]"; NULL where it is not known */
	uint64_t address; /* of its ELF header */
	uint64_t end;     /* behind its last segment; 0 where that is not known */
	uint16_t machine;
	bool is_64;
	bool is_big;
	struct span build_id;    /* empty, and NULL, for none */
	struct span payload;     /* of the first package note, without its NUL; NULL for none */
	uint64_t payload_offset; /* in the core file; for a process, the address */
	const char *lack;        /* why none of this is known: CORE_..., else NULL */
	int problem;             /* not NOTE_OK: its notes could not all be read */
	struct note_error error; /* and why */
	/* Private: copies of its note segments. */
	struct module_area *areas;
	struct space *space;
	uint64_t page; /* where its first page was read */
};

/* False ends the walk. */
typedef bool module_visit(void *context, struct module *module);

/* Visits the modules of a core file in the order of their addresses, each once, however many of its
 * mappings begin with its first page. NOTE_UNSUPPORTED where IMAGE is no core, or so made that the
 * modules would be read over and over. A core without modules is sound. After the visits:
 * NOTE_MALFORMED where it was cut short, NOTE_ABSENT where it lacks the first pages of files that
 * it names, each of which was visited with what it lacks. */
int core_modules(struct image *core, module_visit *visit, void *context, struct note_error *err);

/* The same for the live process PID. NOTE_ABSENT where there is none, NOTE_SYSTEM where it may not
 * be looked at. It is not stopped: what is mapped or unmapped meanwhile may be missed. */
int process_modules(pid_t pid, module_visit *visit, void *context, struct note_error *err);

/* The notes of a module, as elf_notes() gives them. Offsets are those of the core file, or
 * addresses. */
int module_notes(struct module *module, elf_note_visit *visit, void *context,
		 struct note_error *err);

/* --- between the files of this room --- */

/* Where a module may start, and its name if that is known. */
struct candidate {
	uint64_t address;
	uint64_t base;    /* where the module starts whose first page is at ADDRESS */
	char *path;       /* malloc'ed, or NULL */
	const char *lack; /* it is a module, of which nothing is there: CORE_... */
};

struct candidates {
	struct candidate *items;
	size_t count;
	size_t room;
	uint16_t machine; /* of what lacks a header of its own */
};

/* Adds ITEM with a copy of LENGTH bytes of PATH (which may be NULL). False without memory. */
bool candidates_add(struct candidates *list, const struct candidate *item, const char *path,
		    size_t length);
void candidates_free(struct candidates *list);

/* Visits those candidates that are modules, sorted by address, each module once; one with a name
 * goes before one without. *ENDED: a visit ended it (may be NULL). */
int modules_visit(struct space *space, struct candidates *list, module_visit *visit, void *context,
		  bool *ended, struct note_error *err);

/* Names candidates that have none by the dynamic linker's list, which the PHNUM program headers at
 * PHDR (AT_PHNUM, AT_PHDR) lead to. The main program gets the string at MAIN_PATH (AT_EXECFN; 0 for
 * none), else MAIN_NAME. LIST is sorted by address. What cannot be read leaves the names as they
 * are. */
int link_map_names(struct space *space, uint64_t phdr, uint64_t phnum, uint64_t main_path,
		   const char *main_name, struct candidates *list, struct note_error *err);

#endif
