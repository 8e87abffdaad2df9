/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/programs/gdb_index.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/text.h"
#include "tools/splitter/programs/external.h"

struct question {
	struct root *root;
	const char *work, *name, *alternate; /* as gdb_index_make's */
};

/* Reads the index of a file of that name where gdb wrote one; NOTE_ABSENT where it did not. */
static int take(uint8_t **bytes, uint64_t *size, struct root *root, const char *directory,
		const char *name, struct note_error *err)
{
	int fd;
	size_t length = 0;
	const char *slash = strrchr(name, '/');
	char *path = xasprintf("%s/%s.gdb-index", directory, slash != NULL ? slash + 1 : name);
	int code = root_open_file(root, path, &fd, err);
	if (code == NOTE_OK) {
		code = file_read(fd, bytes, &length, err);
		close(fd);
	}
	*size = length;
	free(path);
	return code;
}

void gdb_index_free(struct gdb_index *index)
{
	free(index->bytes);
	free(index->shared);
	*index = (struct gdb_index){0};
}

/* One question to gdb. */
static int ask(struct gdb_index *out, const struct question *question, char **said,
	       struct note_error *err)
{
	struct root *root = question->root;
	const char *name = question->name;
	char *directory = xasprintf("%s/%s", root_path(root), question->work);
	char *indexes = xasprintf("%s/%s.indexes", question->work, name);
	char *read_command = xasprintf("file %s", name);
	char *save = xasprintf("save gdb-index %s.indexes", name);
	/* One thread: as many gdbs run as there are jobs. */
	char gdb[] = "gdb", batch[] = "--batch", nx[] = "-nx", iex[] = "-iex", ex[] = "-ex",
	     threads[] = "maintenance set worker-threads 1", no_load[] = "set auto-load no",
	     no_server[] = "set debuginfod enabled off";
	char *const argv[] = {gdb, batch,     nx, iex,          threads, iex,  no_load,
			      iex, no_server, ex, read_command, ex,      save, NULL};
	int status = 0;
	char *answer = NULL;
	int code = root_make_dirs(root, indexes, err);
	if (code == NOTE_OK)
		code = external_run(directory, argv, &status, &answer, err);
	if (code == NOTE_OK)
		code = take(&out->bytes, &out->size, root, indexes, name, err);
	if (code == NOTE_OK && question->alternate != NULL)
		code = take(&out->shared, &out->shared_size, root, indexes, question->alternate,
			    err);
	if (code == NOTE_ABSENT) {
		const char *line = external_last_line(answer);
		*said = status != 0 ? xasprintf("gdb made no index: it ended with status %d%s%s",
						status, line[0] != '\0' ? ": " : "", line)
				    : xasprintf("gdb made no index%s%s",
						line[0] != '\0' ? ": " : "", line);
	}
	if (code != NOTE_OK)
		gdb_index_free(out);
	root_remove_tree(root, indexes, NULL);
	free(answer);
	free(save);
	free(read_command);
	free(indexes);
	free(directory);
	return code;
}

int gdb_index_make(struct gdb_index *out, struct root *root, const char *work, const char *name,
		   const char *alternate, char **said, struct note_error *err)
{
	const struct question question = {root, work, name, alternate};
	*out = (struct gdb_index){0};
	*said = NULL;
	const int code = ask(out, &question, said, err);
	if (code != NOTE_OK || gdb_index_mend_units(out))
		return code;
	gdb_index_free(out);
	*said = xstrdup("gdb made an index that names units which it does not list");
	return NOTE_ABSENT;
}
