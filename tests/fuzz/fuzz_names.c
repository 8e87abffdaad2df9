/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as the documents of an index by name, and as a pattern and a name. What is taken comes
 * back byte for byte from what is written of it. */
#include <stdlib.h>
#include <string.h>

#include "tools/base/names/names.h"
#include "tools/debuginfod/names/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_results(const struct names_block *block)
{
	struct strings lines = {0};
	struct text text = {0};
	for (size_t i = 0; i < block->count; i++) {
		const struct names_result *result = &block->results[i];
		char *file = names_unescape(result->file);
		strings_take(&lines,
			     xasprintf("%.*s", (int)result->line.length, result->line.text));
		free(file);
		if (names_compare(result, result, NAMES_BY_FILE) != 0)
			abort();
	}
	names_block_write(&text, &lines);
	if (strcmp(text.data, block->text) != 0)
		abort();
	text_free(&text);
	strings_free(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names_index index;
	struct names_segment segment;
	struct names_block block;
	char *text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	if (names_index_read(&index, text, size, NULL) == NOTE_OK)
		names_index_free(&index);
	if (names_segment_read(&segment, text, size, NULL) == NOTE_OK) {
		names_segment_removes(&segment, names_span_of("p-1.x"));
		names_segment_free(&segment);
	}
	char *name = names_escape(text);
	char *back = names_unescape(names_span_of(name));
	if (strcmp(back, text) != 0)
		abort();
	free(back);
	free(name);
	const size_t half = strlen(text) / 2;
	char *pattern = strndup(text, half);
	names_glob(pattern, text + half);
	free(pattern);
	if (names_block_read(&block, text, size, NULL) == NOTE_OK)
		same_results(&block);
	names_block_free(&block);
	return 0;
}
