/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON as text, whose bytes do not depend on the version of json-c. */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <json-c/json.h>

#include "tools/base/text.h"

/* Adds VALUE to OUT: a member or element a line, two blanks a level, "[]" and "{}" where there are
 * none; in strings only what RFC 8259 wants is escaped. */
void json_write(struct text *out, struct json_object *value);

#endif
