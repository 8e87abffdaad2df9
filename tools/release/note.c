/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The package note of an artifact: libnote reads and judges it. */
#include "tools/release/note.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/judge/check.h"
#include "tools/base/text.h"

/* The first finding stands for all: it is what has to be mended first. Remarks, and what dlopen
 * notes say, are show's to tell. */
static int keep_first(void *context, const struct note_problem *problem)
{
	struct elf_artifact *artifact = context;
	if (problem->remark || strcmp(problem->code, "dlopen-note") == 0)
		return 1;
	if (strcmp(problem->code, "no-note") == 0)
		return 0;
	artifact->note_problem = xasprintf("%s: %s", problem->code, problem->detail);
	return 0;
}

void note_read(struct elf_artifact *artifact, struct image *image)
{
	const char *payload;
	size_t length;
	struct note_error err;
	const int checked = elf_check(image, keep_first, artifact, &err);
	if (checked != NOTE_OK && artifact->note_problem == NULL)
		artifact->note_problem = xasprintf("notes cannot be read: %s", err.text);
	if (elf_package(image, &payload, &length, NULL, &err) == NOTE_OK && length <= INT_MAX)
		artifact->payload = xasprintf("%.*s", (int)length, payload);
}

void note_read_pe(struct elf_artifact *artifact, struct image *image)
{
	struct pe pe;
	const char *payload;
	size_t length;
	struct note_error err;
	int code = pe_read(&pe, image, &err);
	if (code == NOTE_OK)
		code = pe_check(&pe, keep_first, artifact, &err);
	if (code != NOTE_OK && artifact->note_problem == NULL)
		artifact->note_problem =
			xasprintf("its section .pkgnote cannot be read: %s", err.text);
	if (code == NOTE_OK && pe_package(&pe, &payload, &length, NULL, &err) == NOTE_OK &&
	    length <= INT_MAX)
		artifact->payload = xasprintf("%.*s", (int)length, payload);
}
