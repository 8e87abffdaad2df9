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
};

/* A module; valid during the visit. */
struct module {
	const char *path; /* as the process had it; "[vdso]"; NULL where it is not known */
	uint64_t address; /* of its ELF header */
	uint16_t machine;
	bool is_64;
	bool is_big;
	const uint8_t *build_id; /* NULL for none */
	size_t build_id_size;
	const char *payload; /* of the first package note, without its NUL; NULL for none */
	size_t payload_length;
	uint64_t payload_offset; /* in the core file; for a process, the address */
	int problem;             /* not NOTE_OK: its notes could not all be read */
	struct note_error error; /* and why */
	/* Private: copies of its note segments. */
	struct module_area *areas;
	struct space *space;
};

/* False ends the walk. */
typedef bool module_visit(void *context, struct module *module);

/* Visits the modules of a core file in the order of their addresses. NOTE_UNSUPPORTED where IMAGE
 * is no core. A core without modules is sound. */
int core_modules(struct image *core, module_visit *visit, void *context, struct note_error *err);

/* The same for the live process PID. NOTE_ABSENT where there is none, NOTE_SYSTEM where it may not
 * be looked at. It is not stopped: what is mapped or unmapped meanwhile may be missed. */
int process_modules(pid_t pid, module_visit *visit, void *context, struct note_error *err);

/* The notes of a module, as elf_notes() gives them. Offsets are those of the core file, or
 * addresses. */
int module_notes(struct module *module, elf_note_visit *visit, void *context,
		 struct note_error *err);

/* --- between core.c, process.c, module.c and linkmap.c --- */

/* Where a module may start, and its name if that is known. */
struct candidate {
	uint64_t address;
	char *path; /* malloc'ed, or NULL */
};

struct candidates {
	struct candidate *items;
	size_t count;
	size_t room;
};

/* Takes a copy of LENGTH bytes of PATH (which may be NULL). False without memory. */
bool candidates_add(struct candidates *list, uint64_t address, const char *path, size_t length);
void candidates_free(struct candidates *list);

/* Visits those candidates that are modules, sorted by address, each address once; one with a name
 * goes before one without. */
int modules_visit(struct space *space, struct candidates *list, module_visit *visit, void *context,
		  struct note_error *err);

/* Names candidates that have none by the dynamic linker's list, which the PHNUM program headers at
 * PHDR (AT_PHNUM, AT_PHDR) lead to. The main program gets the string at MAIN_PATH (AT_EXECFN; 0 for
 * none), else MAIN_NAME. LIST is sorted by address. What cannot be read leaves the names as they
 * are. */
int link_map_names(struct space *space, uint64_t phdr, uint64_t phnum, uint64_t main_path,
		   const char *main_name, struct candidates *list, struct note_error *err);

#endif
