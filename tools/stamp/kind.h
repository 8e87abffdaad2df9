/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is to pkgnote stamp, seen from outside. */
#ifndef STAMP_KIND_H
#define STAMP_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"

/* DEBUG: the debug information of another file. FOREIGN: not for Linux, or a core. */
enum kind { KIND_OTHER, KIND_ELF, KIND_PE, KIND_OBJECT, KIND_ARCHIVE, KIND_DEBUG, KIND_FOREIGN };

/* By its first bytes; a PE image by its second signature too, an ELF file by its headers. */
enum kind kind_of_file(int fd);

/* Why a file is KIND_FOREIGN, into ERR: NOTE_UNSUPPORTED. */
int kind_explain(int fd, struct note_error *err);

/* The package that the first note in the file of SIZE BYTES names, for free(), where that is
 * another one than PAYLOAD's; else NULL. */
char *kind_other_package(const uint8_t *bytes, size_t size, const char *payload);

/* Whether the file has a signature of IMA or EVM, which its new contents will not bear out. */
bool kind_is_signed(int fd);

#endif
