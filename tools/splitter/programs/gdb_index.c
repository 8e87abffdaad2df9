/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/programs/gdb_index.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/text.h"
#include "tools/splitter/programs/external.h"

/* Reads the index where gdb wrote one; NOTE_ABSENT where it did not. */
static int read_index(struct root *root, const char *path, uint8_t **bytes, uint64_t *size,
		      struct note_error *err)
{
	int fd;
	size_t length = 0;
	int code = root_open_file(root, path, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = file_read(fd, bytes, &length, err);
	close(fd);
	*size = length;
	return code;
}

int gdb_index_make(uint8_t **bytes, uint64_t *size, struct root *root, const char *work,
		   const char *name, const void *debug, uint64_t debug_size, char **said,
		   struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0600, .like = -1};
	char *directory = xasprintf("%s/%s", root_path(root), work);
	char *file = xasprintf("%s/%s", work, name);
	char *index = xasprintf("%s/%s.gdb-index", work, name);
	char *read_command = xasprintf("file %s", name);
	/* One thread: as many gdbs run as there are jobs. */
	char gdb[] = "gdb", batch[] = "--batch", nx[] = "-nx", iex[] = "-iex", ex[] = "-ex",
	     threads[] = "maintenance set worker-threads 1", no_load[] = "set auto-load no",
	     no_server[] = "set debuginfod enabled off", save[] = "save gdb-index .";
	char *const argv[] = {gdb, batch,     nx, iex,          threads, iex,  no_load,
			      iex, no_server, ex, read_command, ex,      save, NULL};
	const char *const paths[] = {file};
	int status = 0;
	char *answer = NULL;
	*bytes = NULL;
	*said = NULL;
	int code = root_write(root, paths, 1, debug, debug_size, &attributes, err);
	if (code == NOTE_OK)
		code = external_run(directory, argv, &status, &answer, err);
	if (code == NOTE_OK)
		code = read_index(root, index, bytes, size, err);
	if (code == NOTE_ABSENT) {
		const char *line = external_last_line(answer);
		*said = status != 0 ? xasprintf("gdb made no index: it ended with status %d%s%s",
						status, line[0] != '\0' ? ": " : "", line)
				    : xasprintf("gdb made no index%s%s",
						line[0] != '\0' ? ": " : "", line);
	}
	root_remove(root, file, NULL);
	root_remove(root, index, NULL);
	free(answer);
	free(read_command);
	free(index);
	free(file);
	free(directory);
	return code;
}
