/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text: growing buffers, lists of strings, and how bytes of file names are shown. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing buffer; zero-initialised is empty. DATA is NUL-terminated once anything was added.
 * Running out of memory ends the process with a message (xmalloc): a command cannot go on. */
struct text {
	char *data;
	size_t size;
	size_t room;
};

void text_add(struct text *text, const void *bytes, size_t size);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *text);

/* The name of an archive's member as a path: "./usr/bin/x" and "/usr/bin/x" as "usr/bin/x", "." as
 * ""; NULL for none, for one that leads out by "..", and for one of more than MEMBER_PATH_MOST
 * bytes. For free(). */
#define MEMBER_PATH_MOST 4096
char *member_path(const char *name);

bool ends_with(const char *text, const char *end);

/* A list of strings that it owns; zero-initialised is empty. */
struct strings {
	char **items;
	size_t count;
	size_t room;
};

void strings_add(struct strings *list, const char *string);
void strings_take(struct strings *list, char *owned);
void strings_sort(struct strings *list);   /* by bytes, whatever the locale */
void strings_unique(struct strings *list); /* sorted, and each once */
bool strings_has(const struct strings *list, const char *string);
void strings_free(struct strings *list);

/* Allocation that cannot fail: exits with status 3 and a message where memory is short. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *string);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The length of the valid UTF-8 sequence at P (END is behind the last byte), 0 where there is
 * none: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629). */
size_t utf8_length(const char *p, const char *end);

/* NAME as UTF-8 text for results: bytes that are not UTF-8 become %XX, and so does a '%' that
 * two hexadecimal digits follow, which makes the form reversible. The caller frees it. */
char *name_to_utf8(const char *name);

/* The same for messages and tables: control characters become %XX too, so that a name stays on
 * one line. The caller frees it. */
char *name_to_line(const char *name);

/* What name_to_line makes of the name that name_to_utf8 made TEXT of. The caller frees it. */
char *utf8_to_line(const char *text);

/* Reverses name_to_utf8. The caller frees it. */
char *name_from_utf8(const char *text);

/* The value of a hexadecimal digit, -1 where C is none. */
int hex_value(char c);

/* BYTES as lower-case hexadecimal digits into OUT, of 2 * SIZE + 1 bytes. */
void hex_encode(const void *bytes, size_t size, char *out);

/* Hexadecimal digits into bytes: their number, or 0 where TEXT is empty, odd, longer than ROOM
 * bytes or holds anything but digits. */
size_t hex_decode(const char *text, void *out, size_t room);

/* --- text/page.c: web pages that come in place of files, to sign in, of a captive portal --- */

/* So many bytes of a body tell. */
#define PAGE_BEGINNING 32

/* Whether BYTES, NUL-terminated, begin as a web page or XML does; some have a byte order mark or a
 * comment first. Neither ELF files nor sections begin so. */
bool page_begins(const char *bytes);

/* Whether what is named PATH may be markup itself. */
bool page_is_name(const char *path);

#endif
