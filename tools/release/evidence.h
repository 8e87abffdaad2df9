/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gathering what the checks judge by: the only part of verify that asks the servers. */
#ifndef RELEASE_EVIDENCE_H
#define RELEASE_EVIDENCE_H

#include "tools/release/check.h"
#include "tools/release/debuginfo.h"

/* Asks SUPPLY for what NEEDS (enum need, or-ed) says. The fields expectations, twin, blocked and
 * debug_only of EVIDENCE are set by the caller; where one of the middle two is, or the
 * artifact has no build-id, nothing is asked. */
void evidence_gather(struct evidence *evidence, const struct elf_artifact *artifact, unsigned needs,
		     struct supply *supply);

/* Takes over what a good debug file tells: its size, and which sources it names, as far as the
 * expectations want them; they are not asked for yet. */
void evidence_take_debuginfo(struct evidence *evidence, const struct debug_facts *facts);

void evidence_free(struct evidence *evidence);

#endif
