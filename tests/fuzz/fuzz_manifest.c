/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a manifest and as a record of the share: what is taken comes out again the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/manifest.h"
#include "tools/share/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_manifest(const char *json, size_t size)
{
	struct manifest manifest, again;
	if (manifest_parse(&manifest, json, size, NULL) != NOTE_OK)
		return;
	manifest_sort(&manifest);
	char *text = manifest_to_json(&manifest);
	if (manifest_parse(&again, text, strlen(text), NULL) != NOTE_OK)
		abort();
	char *same = manifest_to_json(&again);
	if (strcmp(text, same) != 0)
		abort();
	free(same);
	free(text);
	manifest_free(&again);
	manifest_free(&manifest);
}

static void read_a_record(const char *json, size_t size)
{
	struct record record, again;
	if (record_parse(&record, json, size, NULL) != NOTE_OK)
		return;
	for (size_t i = 0; i < record.count; i++)
		if (strstr(record.files[i].path, "/../") != NULL || record.files[i].path[0] == '/')
			abort();
	record_sort(&record);
	char *text = record_to_json(&record);
	if (record_parse(&again, text, strlen(text), NULL) != NOTE_OK ||
	    !record_same_files(&record, &again))
		abort();
	free(text);
	record_free(&again);
	record_free(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_manifest((const char *)data, size);
	read_a_record((const char *)data, size);
	return 0;
}
