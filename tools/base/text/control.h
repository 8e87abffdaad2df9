/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Debian's control syntax (deb822(5)): fields "Name: value", continued on lines that start with a
 * blank; names in any case. Read out of a buffer that need not be NUL-terminated.
 */
#ifndef BASE_TEXT_CONTROL_H
#define BASE_TEXT_CONTROL_H

#include <stddef.h>

/* The value of field NAME in the first paragraph that has it, its lines joined by newlines, blanks
 * at the ends dropped; for free(). NULL where there is none. A PGP signature around the text is
 * stepped over. */
char *control_field(const char *text, size_t size, const char *name);

#endif
