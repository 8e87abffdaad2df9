/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the package note for the check in checks/note.c. */
#ifndef RELEASE_NOTE_H
#define RELEASE_NOTE_H

#include "tools/release/artifact.h"

/* Fills the artifact's payload and note_problem; its kind is known. */
void note_read(struct elf_artifact *artifact, struct image *image);

/* The same of a PE image. */
void note_read_pe(struct elf_artifact *artifact, struct image *image);

#endif
