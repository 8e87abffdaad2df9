/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A package URL from the payload of a package note: see purl.c. */
#ifndef SHOW_PURL_H
#define SHOW_PURL_H

#include <json-c/json.h>

/* The value of KEY as one piece of UTF-8, or NULL where it is no string or empty; for free(). */
char *payload_text(json_object *payload, const char *key);

/* The distribution: `os`, else the product of `osCpe`; its version likewise. NULL where neither is
 * there; for free(). */
char *payload_os(json_object *payload);
char *payload_os_version(json_object *payload);

/* NULL where the payload has no name; for free(). */
char *purl_of(json_object *payload);

#endif
