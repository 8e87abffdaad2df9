/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a debug file, judged against itself as what is shipped. */
#include "libnote/image.h"
#include "tools/release/checks/debuginfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image;
	struct elf_artifact shipped = {0};
	struct debug_facts facts;
	if (image_open_memory(&image, data, size, NULL) != NOTE_OK)
		return 0;
	artifact_read(&shipped, image);
	debug_read(&facts, &shipped, image);
	debug_facts_free(&facts);
	artifact_free(&shipped);
	image_close(image);
	return 0;
}
