/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What .deb and .rpm share as inputs: facts of the header, members of the payload. */
#ifndef RELEASE_PACKAGE_H
#define RELEASE_PACKAGE_H

#include "tools/release/input.h"
#include "tools/release/payload.h"

/* Hands over the members of UNIT's payload whose roles are among ROLES, and notes in UNIT which
 * others there are. UNIT's facts are known. */
int package_members(struct unit *unit, const struct payload_part *part, enum payload_format format,
		    unsigned roles, member_visit *visit, void *context, struct note_error *err);

bool ends_with(const char *text, const char *end);

/* NULL is allowed. */
void package_facts_free(struct package_facts *facts);

#endif
