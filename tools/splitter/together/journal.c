/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of folded debug files that are in their places while shipped files are not yet (see
 * together.c): "pkgnote-dwz 1 OPTIONS" and a newline, then "DIGEST CRC PATH" and a NUL for each,
 * where the digest is that of the debug file before dwz. It lies in the debug tree.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/splitter/together/internal.h"

static char *journal_path(const struct split_run *run)
{
	return xasprintf("%s/.pkgnote-dwz", run->layout.debug_root);
}

static void begin_journal(struct text *text, const struct split_options *options)
{
	const char *low = options->dwz_limits.low_memory;
	const char *most = options->dwz_limits.most;
	text_printf(text, "pkgnote-dwz 1 %d %s %s\n", (int)options->compression,
		    low != NULL ? low : "-", most != NULL ? most : "-");
}

int journal_write(struct batch *batch, struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0600, .like = -1};
	struct text text = {0};
	char *path = journal_path(batch->run);
	const char *const paths[] = {path};
	begin_journal(&text, batch->run->options);
	for (size_t i = 0; i < batch->count; i++) {
		const struct outcome *outcome = batch->items[i].outcome;
		if (outcome->verdict != VERDICT_STAGED)
			continue;
		batch->items[i].listed = true;
		text_printf(&text, "%s %08x %s", outcome->draft, (unsigned)outcome->debug_crc32,
			    outcome->debug_path);
		text_add(&text, "", 1);
	}
	int code = root_write(batch->run->options->root, paths, 1, text.data, text.size,
			      &attributes, err);
	text_free(&text);
	free(path);
	return code;
}

static int read_file(struct root *root, const char *path, struct strip_output *out)
{
	int fd;
	size_t size = 0;
	*out = (struct strip_output){0};
	int code = root_open_file(root, path, &fd, NULL);
	if (code != NOTE_OK)
		return code;
	code = file_read(fd, &out->bytes, &size, NULL);
	out->size = size;
	close(fd);
	return code;
}

/* Takes the debug file that lies there, if it is the one that the journal tells of. */
static void recall(const struct batch *batch, struct member *member, uint32_t crc32)
{
	const struct split_run *run = batch->run;
	struct outcome *outcome = &run->outcomes[member->index];
	struct strip_output file;
	if (read_file(run->options->root, outcome->debug_path, &file) == NOTE_OK &&
	    crc32_of(0, file.bytes, file.size) == crc32) {
		note_debug_file(run, outcome, &file);
		member->recalled = true;
		member->listed = true;
	}
	free(file.bytes);
}

void journal_read(struct batch *batch)
{
	const struct split_run *run = batch->run;
	struct text head = {0};
	struct strip_output file;
	char *path = journal_path(run);
	int code = read_file(run->options->root, path, &file);
	free(path);
	begin_journal(&head, run->options);
	if (code != NOTE_OK || file.size < head.size ||
	    memcmp(file.bytes, head.data, head.size) != 0)
		goto out;
	const char *at = (const char *)file.bytes + head.size;
	const char *end = (const char *)file.bytes + file.size;
	while (at < end) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));
		if (nul == NULL || nul - at < 43)
			break;
		for (size_t i = 0; i < batch->count; i++) {
			struct member *member = &batch->items[i];
			if (strncmp(member->outcome->draft, at, 32) == 0 &&
			    strcmp(member->outcome->debug_path, at + 42) == 0)
				recall(batch, member, (uint32_t)strtoul(at + 33, NULL, 16));
		}
		at = nul + 1;
	}
out:
	text_free(&head);
	free(file.bytes);
}

void journal_remove(const struct split_run *run)
{
	char *path = journal_path(run);
	root_remove(run->options->root, path, NULL);
	free(path);
}
