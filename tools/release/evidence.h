/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gathering what the checks judge by: the only part of verify that asks the servers. */
#ifndef RELEASE_EVIDENCE_H
#define RELEASE_EVIDENCE_H

#include "tools/release/checks/check.h"
#include "tools/release/checks/debuginfo.h"

/* One artifact whose evidence is wanted. */
struct gathering {
	struct evidence *evidence; /* expectations, twin and blocked are set by the caller */
	const struct elf_artifact *artifact;
	unsigned needs; /* enum need, or-ed */
	/* Private. */
	struct debug_facts facts; /* of the first good debug file */
	bool good;
};

/* Asks SUPPLY for what is needed of COUNT artifacts at once. Of those that are blocked, have a twin
 * or no build-id, nothing is asked. */
void evidence_gather(struct gathering *items, size_t count, struct supply *supply);

/* Takes over what a good debug file tells: its size, and which sources it names, as far as the
 * expectations want them; they are not asked for yet. */
void evidence_take_debuginfo(struct evidence *evidence, const struct debug_facts *facts);

/* Whether BYTES can be what SOURCE's line table tells of. GNU as to 2.40 and later wrote the MD5 of
 * its ".file" directive back to front: either order counts. */
bool evidence_is_compiled(const struct source_evidence *source, const void *bytes, size_t size);

void evidence_free(struct evidence *evidence);

#endif
