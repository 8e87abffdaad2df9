/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a file, by its descriptor: read piece by piece on demand, as every command reads
 * what it is given, where the other fuzzers have it in memory. Both ways see the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libnote.h"
#include "tools/base/text.h"
#include "tools/show/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int tell_note(void *context, const struct note_entry *entry)
{
	text_printf(context, "note %s %u %zu %llu\n", entry->owner, entry->type, entry->desc_size,
		    (unsigned long long)entry->offset);
	text_add(context, entry->desc, entry->desc_size);
	return 1;
}

static int tell_problem(void *context, const struct note_problem *problem)
{
	text_printf(context, "problem %s %llu %s\n", problem->code,
		    (unsigned long long)problem->offset, problem->detail);
	return 1;
}

/* Everything that the library has to say of it, as text; FILE is closed. */
static void tell(struct text *out, int code, struct note_file *file, const struct note_error *err)
{
	struct note_error inner = {.size = sizeof(inner)};
	const char *payload = "";
	const uint8_t *id = NULL;
	size_t length = 0;
	text_printf(out, "open %d %s\n", code, code == NOTE_OK ? "" : err->text);
	if (code != NOTE_OK)
		return;
	text_printf(out, "kind %d %s\n", (int)note_file_kind(file), note_file_machine(file));
	text_printf(out, "notes %d\n", note_file_notes(file, tell_note, out, &inner));
	text_printf(out, "id %d\n", note_file_build_id(file, &id, &length, &inner));
	if (id != NULL)
		text_add(out, id, length);
	code = note_file_payload(file, &payload, &length, &inner);
	text_printf(out, "payload %d ", code);
	if (code == NOTE_OK)
		text_add(out, payload, length);
	text_printf(out, "check %d\n", note_file_check(file, tell_problem, out, &inner));
	note_file_close(file);
}

static void same_both_ways(const uint8_t *data, size_t size, int fd)
{
	struct note_error err = {.size = sizeof(err)};
	struct note_file *file = NULL;
	struct text memory = {0}, pieces = {0};
	int code = note_file_open_memory(&file, data, size, &err);
	tell(&memory, code, file, &err);
	file = NULL;
	code = note_file_open_fd(&file, fd, &err);
	tell(&pieces, code, file, &err);
	if (memory.size != pieces.size || memcmp(memory.data, pieces.data, memory.size) != 0) {
		fprintf(stderr, "ERROR: in memory:\n%.*s\nin pieces:\n%.*s\n", (int)memory.size,
			memory.data, (int)pieces.size, pieces.data);
		abort();
	}
	text_free(&memory);
	text_free(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int fd = memfd_create("file", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	same_both_ways(data, size, fd);
	/* show --check, and as JSON. */
	for (int json = 0; json < 2; json++) {
		const struct record_style style = {.json = json, .all = true, .check = true};
		struct inspection inspection = {0};
		lseek(fd, 0, SEEK_SET);
		inspect_file(&inspection, &style, fd, "file", true);
		inspection_free(&inspection);
	}
	close(fd);
	return 0;
}
