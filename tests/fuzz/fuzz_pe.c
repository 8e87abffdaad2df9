/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a PE image: its package sections, the judge. */
#include <stdlib.h>
#include <string.h>

#include "libnote/judge/check.h"
#include "libnote/pe/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_problem(void *context, const struct note_problem *problem)
{
	*(size_t *)context += strlen(problem->code) + strlen(problem->detail);
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image;
	struct pe pe;
	const char *payload;
	size_t length, sum = 0;
	if (image_open_memory(&image, data, size, NULL) != NOTE_OK)
		return 0;
	if (pe_read(&pe, image, NULL) == NOTE_OK) {
		if (pe_package(&pe, &payload, &length, NULL, NULL) == NOTE_OK)
			for (size_t i = 0; i < length; i++)
				sum += (unsigned char)payload[i];
		pe_check(&pe, take_problem, &sum, NULL);
	}
	image_close(image);
	return 0;
}
