/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as what verify is told to read, under each kind of name: what it is taken for, and all
 * that it hands over. Then the directory of all of these.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/package_input.h"
#include "tools/release/inputs/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/pkgnote-fuzz-XXXXXX";
/* The last is what a .changes file may name: empty. */
static const char *const names[] = {"plain",        "t.changes", "lib.a",
				    "module.ko.xz", "x.tar.gz",  "t_1-1_amd64.deb"};
#define NAMES (sizeof(names) / sizeof(names[0]))

static char *path_of(size_t name)
{
	return xasprintf("%s/%s", directory, names[name]);
}

static void write_file(size_t name, const void *bytes, size_t size)
{
	char *path = path_of(name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	close(fd);
	free(path);
}

static void leave(void)
{
	for (size_t i = 0; i < NAMES; i++) {
		char *path = path_of(i);
		unlink(path);
		free(path);
	}
	rmdir(directory);
}

static void fail(void *context, const char *path, const struct note_error *err)
{
	*(size_t *)context += strlen(path) + strlen(err->text);
}

static void read_input(const char *path)
{
	struct units units = {0};
	struct note_error err;
	size_t sum = 0;
	units_add(&units, path, fail, &sum, &err);
	for (size_t i = 0; i < units.count; i++) {
		struct unit *unit = &units.items[i];
		unit->kind->read(unit, ROLE_SHIPPED, visit_artifact, NULL, &err);
		unit->kind->read(unit, ROLE_DEBUG | ROLE_SOURCE, visit_artifact, NULL, &err);
	}
	units_free(&units);
}

/* Twice as many bytes as there are, and not one more. */
static void unpack(const uint8_t *data, size_t size)
{
	uint8_t *out;
	size_t out_size;
	if (content_unpack(&out, &out_size, data, size, 2 * size, NULL) == NOTE_OK &&
	    out_size > 2 * size)
		abort();
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	if (!ready && (mkdtemp(directory) == NULL || atexit(leave) != 0))
		abort();
	ready = true;
	for (size_t i = 0; i + 1 < NAMES; i++) {
		char *path = path_of(i);
		write_file(i, data, size);
		read_input(path);
		free(path);
	}
	write_file(NAMES - 1, "", 0);
	read_input(directory);
	unpack(data, size);
	return 0;
}
