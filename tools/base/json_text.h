/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON text for json-c's strict parser. The one of json-c 0.18 (Debian 13) takes each byte above
 * 0x7f in a string for a control character, where char is signed; so it is handed ASCII alone.
 */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <json-c/json.h>
#include <stddef.h>

/* A copy of TEXT, *SIZE bytes, in which each character beyond ASCII is an escape (\uXXXX, RFC
 * 8259), for free(); *SIZE is the copy's then. NULL where there is none to escape. Bytes that are
 * not UTF-8 stay: the parser refuses them. */
char *json_ascii(const char *text, size_t *size);

/* json_tokener_parse_ex of all SIZE bytes of TEXT, whatever characters are in it. */
struct json_object *json_parse_text(struct json_tokener *tokener, const char *text, size_t size);

#endif
