/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON as UAPI.8 allows it, read strictly; json-c holds the document.
 *
 * Specification: RFC 8259, and beyond it UAPI.8: UTF-8, names unique at every level, no control
 * characters (Unicode's class Cc) in strings, no \u escapes, integers within signed 53 bits,
 * other numbers within the finite doubles, with no more digits than a double keeps. json-c's own
 * parser is laxer, so it is not used.
 *
 * Internal to libnote, not installed.
 */
#ifndef NOTE_JSON_H
#define NOTE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>

#include "libnote.h"
#include "span.h"

/* What arrays and objects may nest to. More is reported as syntax: RFC 8259, section 9, lets a
 * reader set a limit. */
#define JSON_MAX_DEPTH 128

/* One finding: its CODE (a word of DESIGN's list, a static string), the OFFSET inside the text,
 * and a DETAIL for people, one line of UTF-8 that is valid during the call. False: stop. */
typedef bool json_report(void *context, const char *code, uint64_t offset, const char *detail);

/* Reads TEXT, one value with nothing but white space around it. *OUT is the
 * caller's, for json_object_put, and NULL on failure; numbers keep their text. Findings go to
 * REPORT (may be NULL); with REPORT, reading goes on after what is not a matter of syntax, and
 * where it comes to the end *OUT is what could be made of the text, whatever is returned.
 * NOTE_MALFORMED describes the first finding as "CODE: DETAIL"; NOTE_SYSTEM without memory. A
 * JSON null leaves *OUT NULL with NOTE_OK, as json-c has it. */
int json_read(json_object **out, struct span text, json_report *report, void *context,
	      struct note_error *err);

/* False where TEXT (NUL-terminated) is not UTF-8 or holds a control character: *CODE says which. */
bool json_string_ok(const char *text, const char **code);

#endif
