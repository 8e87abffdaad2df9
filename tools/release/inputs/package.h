/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packages as inputs, by the reader that publish and verify share (tools/base/package/package.h).
 */
#ifndef RELEASE_INPUTS_PACKAGE_H
#define RELEASE_INPUTS_PACKAGE_H

#include "tools/release/inputs/input.h"

/* NULL is allowed. */
void package_facts_free(struct package_facts *facts);

bool ends_with(const char *text, const char *end);

#endif
