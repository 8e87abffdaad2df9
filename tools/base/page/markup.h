/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in XML, HTML and JSON. */
#ifndef BASE_PAGE_MARKUP_H
#define BASE_PAGE_MARKUP_H

#include <stdio.h>

/* TEXT with the five characters of markup escaped, fit for content and for quoted attributes.
 * Bytes that are not UTF-8, control characters, and U+FFFE and U+FFFF, which XML 1.0 (2.2) does
 * not know, come out as %XX. */
void put_markup(FILE *to, const char *text);

/* TEXT as a string of JSON, with its quotes; bytes that are not UTF-8 as %XX. */
void put_json(FILE *to, const char *text);

#endif
