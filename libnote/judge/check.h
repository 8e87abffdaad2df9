/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Judging package notes by UAPI.8. Internal to the project (the tools share it), not installed;
 * what is public is in libnote.h.
 */
#ifndef LIBNOTE_JUDGE_CHECK_H
#define LIBNOTE_JUDGE_CHECK_H

#include "core/core.h"
#include "note.h"
#include "pe/pe.h"

/* At most this many findings are told of one file or module: a hostile file has millions. */
#define CHECK_MAX_PROBLEMS 100

/* Judges the package notes of an ELF image: where they lie, and what they hold. Each finding goes
 * to VISIT (libnote.h says which codes there are); false ends it. Without a note, "no-note" is
 * found in executables and shared libraries. Returns NOTE_OK however much was found; NOTE_MALFORMED
 * or another code where notes could not be read (what could be was judged). */
int elf_check(struct image *image, note_problem_visit *visit, void *context,
	      struct note_error *err);

/* The finding of a file that has no note of the type, for a caller that has walked its notes. */
void elf_check_absent(struct image *image, note_problem_visit *visit, void *context);

/* The same for the package sections of a PE image, and for a module of a core or process, of whose
 * place only page one counts, which it came from. */
int pe_check(struct pe *pe, note_problem_visit *visit, void *context, struct note_error *err);
int module_check(struct module *module, note_problem_visit *visit, void *context,
		 struct note_error *err);

#endif
