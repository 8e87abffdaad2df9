/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a core file: its modules, their notes, the judge. */
#include <stdlib.h>
#include <string.h>

#include "libnote/core/core.h"
#include "libnote/judge/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_problem(void *context, const struct note_problem *problem)
{
	*(size_t *)context += strlen(problem->code) + strlen(problem->detail);
	return 1;
}

static bool take_module(void *context, struct module *module)
{
	size_t *sum = context;
	if (module->path != NULL)
		*sum += strlen(module->path);
	for (size_t i = 0; i < module->build_id.size; i++)
		*sum += module->build_id.bytes[i];
	for (size_t i = 0; i < module->payload.size; i++)
		*sum += module->payload.bytes[i];
	module_check(module, take_problem, sum, NULL);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image;
	size_t sum = 0;
	if (image_open_memory(&image, data, size, NULL) != NOTE_OK)
		return 0;
	if (image_read_elf(image, NULL) == NOTE_OK)
		core_modules(image, take_module, &sum, NULL);
	image_close(image);
	return 0;
}
