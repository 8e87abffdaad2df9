/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judging one debug file against the shipped file that it belongs to. */
#ifndef RELEASE_CHECKS_DEBUGINFO_H
#define RELEASE_CHECKS_DEBUGINFO_H

#include "tools/release/artifact.h"
#include "tools/splitter/dwarf/dwarf.h"

/* What one debug file tells. */
struct debug_facts {
	char *problem;                /* why it will not do for the shipped file, or NULL */
	struct dwarf_sources sources; /* that its DWARF names */
	char *sources_unknown;        /* why they are not known, or NULL */
	uint64_t size;                /* of the file */
	char *lost; /* a .dwo file that its skeleton units name, and that no package brings */
	struct section_sample sample;
	struct section_sample index; /* of what gdb asks for alone */
	char *alternate_name;        /* of .gnu_debugaltlink, or NULL */
	char alternate_id[2 * 64 + 1];
};

/* Reads DEBUG, a whole file, and compares it with SHIPPED. OUT is zeroed first. */
void debug_read(struct debug_facts *out, const struct elf_artifact *shipped, struct image *debug);
void debug_facts_free(struct debug_facts *facts);

#endif
