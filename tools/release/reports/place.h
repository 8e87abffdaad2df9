/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a result is shown by sites that know files of a working tree, and nothing of packages. */
#ifndef RELEASE_REPORTS_PLACE_H
#define RELEASE_REPORTS_PLACE_H

#include "tools/release/reports/report.h"

/* The file of the working tree that RESULT is about: the input, or what lies in it where that is a
 * directory. For free(). */
char *result_file(const struct result *result);

/* What is wrong, on one line, with the path inside a package. For free(). */
char *result_message(const struct result *result);

/* Whether RESULT is one that somebody has to look at. */
bool result_is_wanting(const struct result *result);

/* What stays the same from run to run for the same fault: a SHA-256 in hexadecimal. */
void result_fingerprint(const struct result *result, char out[65]);

#endif
