/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a manifest, a record of the share, the index of one in an object store, a list from
 * the server and a file of AWS's: what is taken comes out again the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/manifest.h"
#include "tools/s3/config.h"
#include "tools/s3/s3.h"
#include "tools/share/objects/holdings.h"
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

static void read_an_index(const char *json, size_t size)
{
	struct holdings holdings, again;
	struct directory directory = {.path = xstrdup("usr/src/debug/d")};
	if (holdings_parse(&holdings, "0123", json, size, NULL) == NOTE_OK) {
		char *text = holdings_to_json(&holdings);
		if (holdings_parse(&again, "0123", text, strlen(text), NULL) != NOTE_OK)
			abort();
		char *same = holdings_to_json(&again);
		if (strcmp(text, same) != 0)
			abort();
		free(same);
		free(text);
		holdings_free(&again);
		holdings_free(&holdings);
	}
	if (directory_parse(&directory, json, size, NULL) == NOTE_OK)
		free(directory_to_json(&directory));
	directory_free(&directory);
}

static int visit(void *context, const struct s3_object *object, struct note_error *err)
{
	(void)err;
	*(size_t *)context += strlen(object->key) + strlen(object->etag);
	return NOTE_OK;
}

static void read_texts(const uint8_t *data, size_t size)
{
	char *text = xasprintf("%.*s", (int)size, (const char *)data);
	size_t sum = 0;
	for (int groups = 0; groups < 2; groups++) {
		char *token;
		s3_list_page(text, "p", groups != 0, visit, &sum, &token, NULL);
		free(token);
	}
	free(s3_ini_value(text, "default", NULL, "region"));
	free(s3_ini_value(text, "profile x", "s3", "endpoint_url"));
	free(s3_encode(text));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_manifest((const char *)data, size);
	read_a_record((const char *)data, size);
	read_an_index((const char *)data, size);
	read_texts(data, size);
	return 0;
}
