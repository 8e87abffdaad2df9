/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GNU ld since 2.44 lays the note behind .eh_frame. A linker script that only adds to its own puts
 * it behind the build-id. ld refuses a script that it is given twice, and flags often are (cgo:
 * once for each package that has C in it); gcc reads a specs file that *sets* a spec twice without
 * harm.
 */
#ifndef FLAGS_SCRIPT_H
#define FLAGS_SCRIPT_H

#include "tools/flags/trial.h"

struct script {
	char *path;  /* of the linker script, absolute */
	char *specs; /* of gcc's specs file that names it; NULL: there is none */
	bool own;    /* both lie beside the output of this run; else they are installed */
};

/* Writes both beside OUT, as OUT.ld and OUT.ld.specs; without OUT (NULL) looks for those that are
 * installed. False where there are none; ERR has a code of its own only where one could not be
 * written. */
bool script_get(struct script *script, const char *out, struct note_error *err);

/* Adds to WORDS, with which TRIAL links the note outside page one, what puts it right: what may be
 * given twice, if there is such a thing; gcc's SPECS only if they are wanted. *ONCE: ld refuses it
 * twice. False, and WORDS as before, where nothing helps. */
bool script_add(const struct script *script, struct trial *trial, bool specs, struct strings *words,
		bool *once);

/* The specs that have ld read the script at PATH; into TEXT. */
void script_specs(struct text *text, const char *path);

/* Removes what script_get wrote and WORDS do not name, all of it where WORDS is NULL. */
void script_tidy(const struct script *script, const struct strings *words);
void script_free(struct script *script);

#endif
