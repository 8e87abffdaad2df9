/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is to pkgnote stamp, seen from outside. */
#ifndef STAMP_KIND_H
#define STAMP_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind { KIND_OTHER, KIND_ELF, KIND_PE, KIND_OBJECT, KIND_ARCHIVE };

/* By its first bytes; a PE image by its second signature too. */
enum kind kind_of_file(int fd);

/* Whether the file of SIZE BYTES holds a package note. */
bool kind_has_note(const uint8_t *bytes, size_t size);

/* Whether the file has a signature of IMA or EVM, which its new contents will not bear out. */
bool kind_is_signed(int fd);

#endif
