/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an ELF or PE image is, beside its notes: kind, machine, debuglink. Internal to the project
 * (the tools share it), not installed. */
#ifndef NOTE_DESCRIBE_H
#define NOTE_DESCRIBE_H

#include "image.h"

/* Whether an ET_DYN file is an executable: DF_1_PIE, or PT_INTERP without DT_SONAME. Other types
 * map one to one; unknown ones are NOTE_KIND_OTHER. */
enum note_kind elf_file_kind(struct image *image);

/* The name of the machine, as `uname -m` says it where Linux runs on it: "x86_64", "ppc64le". */
const char *elf_machine_name(uint16_t machine, bool is_64, bool is_big);
const char *pe_machine_name(uint16_t machine);

/* What .gnu_debuglink holds: *NAME is valid as long as IMAGE. NOTE_ABSENT, NOTE_MALFORMED. */
int elf_debuglink(struct image *image, const char **name, uint32_t *crc, struct note_error *err);

/* The name of a note type of OWNER ("NT_GNU_BUILD_ID"), NULL where it has none that we know. */
const char *note_type_name(const char *owner, uint32_t type);

#endif
