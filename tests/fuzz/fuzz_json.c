/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a payload. What is accepted must come back byte for byte from its own canonical
 * text, and the judge must agree with the parser. */
#include <stdlib.h>
#include <string.h>

#include "libnote/payload/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *context, const char *code, uint64_t offset, const char *detail)
{
	(void)code, (void)detail;
	if (offset > *(size_t *)context)
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct note_package *package, *again;
	json_object *left;
	const char *text = (const char *)data;
	int judged = package_judge(span_of(data, size), take, &size, NULL);
	json_read(&left, span_of(data, size), take, &size, NULL);
	json_object_put(left);
	int code = note_package_parse(&package, text, size, NULL);
	if ((code == NOTE_OK) != (judged == NOTE_OK))
		abort();
	if (code != NOTE_OK)
		return 0;
	const char *canonical = note_package_json(package);
	if (canonical == NULL ||
	    note_package_parse(&again, canonical, strlen(canonical), NULL) != NOTE_OK ||
	    strcmp(note_package_json(again), canonical) != 0)
		abort();
	note_package_free(again);
	note_package_free(package);
	return 0;
}
