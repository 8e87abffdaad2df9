/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "unsquashfs -pf" writes an image as a stream (squashfs-tools, pseudo files): a line for each
 *file,
 *
 *	NAME TYPE TIME MODE UID GID ...
 *
 * blanks and backslashes in names behind a backslash, newlines as they are; of a regular file (R)
 * the size and the offset of its contents follow. "# START OF DATA - DO NOT MODIFY" between lines
 *of
 * "#", and the contents in that order. Nothing goes to disk.
 */
#include "tools/show/squash.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/root.h"
#include "tools/show/archive.h"

#define DATA       "# START OF DATA - DO NOT MODIFY\n"
#define MOST_FILES 4000000
#define MOST_LINE  65536
#define INPUT_FD   8
#define OUTPUT_FD  9

extern char **environ;

struct file {
	char *name;
	uint64_t size;
};

struct squash {
	FILE *in; /* what unsquashfs writes */
	pid_t pid;
	int said;
	struct file *files; /* regular ones, in the order of their contents */
	size_t count;
	uint64_t end; /* of the contents of these */
	uint64_t left;
};

bool squash_is_at(struct image *image, uint64_t offset)
{
	char magic[4];
	return image_copy(image, offset, sizeof(magic), magic, "squashfs", NULL) == NOTE_OK &&
	       memcmp(magic, "hsqs", sizeof(magic)) == 0;
}

/* --- unsquashfs --- */

static int start(struct squash *squash, int fd, uint64_t offset, struct note_error *err)
{
	static char name[] = "unsquashfs", option[] = "-o", pseudo[] = "-pf", to[] = "/dev/fd/9",
		    from[] = "/dev/fd/8", quiet[] = "-no-progress", plain[] = "-no-xattrs",
		    queue[] = "-data-queue", cache[] = "-frag-queue", small[] = "16";
	char number[32];
	snprintf(number, sizeof(number), "%llu", (unsigned long long)offset);
	char *argv[] = {name,   quiet,  plain,  queue, small, cache, small,
			option, number, pseudo, to,    from,  NULL};
	posix_spawn_file_actions_t actions;
	int ends[2];
	squash->said = nameless_small();
	if (squash->said < 0 || pipe2(ends, O_CLOEXEC) != 0)
		return error_system(err, "start unsquashfs");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, squash->said, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, squash->said, STDERR_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fd, INPUT_FD);
	posix_spawn_file_actions_adddup2(&actions, ends[1], OUTPUT_FD);
	errno = posix_spawnp(&squash->pid, name, &actions, NULL, argv, environ);
	const int failed = errno;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	squash->in = fdopen(ends[0], "r");
	if (failed == ENOENT)
		return error_set(err, NOTE_UNSUPPORTED, offset,
				 "a squashfs image: not looked into, since unsquashfs "
				 "(squashfs-tools) is not installed");
	errno = failed;
	return failed != 0 ? error_system(err, "start unsquashfs") : NOTE_OK;
}

/* The last line that it said. */
static void why(const struct squash *squash, char *out, size_t room)
{
	char text[4096];
	const off_t size = lseek(squash->said, 0, SEEK_END);
	const off_t from = size > (off_t)sizeof(text) - 1 ? size - (off_t)sizeof(text) + 1 : 0;
	const ssize_t got = pread(squash->said, text, sizeof(text) - 1, from);
	size_t end = got > 0 ? (size_t)got : 0;
	while (end != 0 && text[end - 1] == '\n')
		end--;
	text[end] = '\0';
	const char *line = strrchr(text, '\n');
	snprintf(out, room, "%.*s", (int)room - 1, line != NULL ? line + 1 : text);
}

/* Ends it; NOTE_MALFORMED where it was not content. */
static int finish(struct squash *squash, bool whole, struct note_error *err)
{
	char text[200];
	int status = 0;
	if (squash->in != NULL)
		fclose(squash->in);
	while (squash->pid > 0 && waitpid(squash->pid, &status, 0) < 0 && errno == EINTR)
		;
	why(squash, text, sizeof(text));
	if (squash->said >= 0)
		close(squash->said);
	for (size_t i = 0; i < squash->count; i++)
		free(squash->files[i].name);
	free(squash->files);
	if (!whole || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return NOTE_OK;
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "a squashfs image: unsquashfs: %s",
			 text[0] != '\0' ? text : "it failed");
}

/* --- its list --- */

/* The name at the start of LINE without its backslashes, in place; what is behind it, or NULL. */
static char *take_name(char *line)
{
	char *to = line;
	while (*line != '\0' && *line != ' ') {
		if (*line == '\\' && line[1] != '\0')
			line++;
		*to++ = *line++;
	}
	if (*line == '\0')
		return NULL;
	*to = '\0';
	return line + 1;
}

static int strange(struct note_error *err)
{
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
			 "a squashfs image: unsquashfs gives a list that cannot be read");
}

/* "NAME R TIME MODE UID GID SIZE OFFSET ..."; of other types nothing is kept. False where it is
 * none of these lines: a name with a newline goes on. */
static bool take_line(struct squash *squash, char *line)
{
	unsigned long long size, offset;
	char *rest = take_name(line);
	if (rest == NULL || rest[0] == '\0' || rest[1] != ' ' ||
	    strchr("RDSLBCIFbcif", rest[0]) == NULL)
		return false;
	if (rest[0] != 'R')
		return true;
	if (sscanf(rest, "R %*d %*o %*u %*u %llu %llu", &size, &offset) != 2 ||
	    offset != squash->end || squash->count == MOST_FILES)
		return false;
	if (squash->count % 1024 == 0)
		squash->files =
			xrealloc(squash->files, (squash->count + 1024) * sizeof(*squash->files));
	squash->files[squash->count++] = (struct file){xstrdup(line), size};
	return !__builtin_add_overflow(squash->end, size, &squash->end);
}

static int read_list(struct squash *squash, struct note_error *err)
{
	struct text name = {0};
	char *line = NULL;
	size_t room = 0;
	int code = NOTE_OK;
	ssize_t got;
	while ((got = getline(&line, &room, squash->in)) > 0 && strcmp(line, DATA) != 0) {
		if (strcmp(line, "#\n") == 0)
			continue;
		text_add(&name, line, (size_t)got);
		if (name.size > MOST_LINE) {
			code = strange(err);
			break;
		}
		/* take_line() changes what it gets. */
		char *copy = xstrdup(name.data);
		copy[name.size - 1] = '\0';
		if (take_line(squash, copy))
			text_free(&name);
		free(copy);
	}
	if (code == NOTE_OK && (got <= 0 || name.size != 0))
		code = got <= 0 && squash->count == 0 && name.size == 0 ? NOTE_ABSENT
									: strange(err);
	if (code == NOTE_OK && (getline(&line, &room, squash->in) <= 0 || strcmp(line, "#\n") != 0))
		code = strange(err);
	text_free(&name);
	free(line);
	return code;
}

/* --- the contents --- */

static int read_part(void *context, void *buffer, size_t room, size_t *got, struct note_error *err)
{
	struct squash *squash = context;
	*got = fread(buffer, 1, squash->left < room ? (size_t)squash->left : room, squash->in);
	squash->left -= *got;
	return *got == 0 && squash->left != 0
		       ? error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "it is cut short")
		       : NOTE_OK;
}

static int show_file(struct squash *squash, struct archive_view *view, const struct file *file)
{
	struct stream *stream;
	struct note_error error;
	char sink[16384];
	size_t got = 1;
	squash->left = file->size;
	if (!stream_spend(view->budget, file->size)) {
		stream_too_much(&error);
		inspection_fail(view->inspection, view->path, file->name, &error);
		return NOTE_UNSUPPORTED;
	}
	int code = stream_open_source(&stream, read_part, squash, view->budget, &error);
	if (code == NOTE_OK)
		code = archive_member(view, stream, file->name, &error);
	stream_close(stream);
	if (code != NOTE_OK)
		inspection_fail(view->inspection, view->path, file->name, &error);
	for (code = NOTE_OK; code == NOTE_OK && got != 0;)
		code = read_part(squash, sink, sizeof(sink), &got, &error);
	return code;
}

void squash_inspect(struct inspection *inspection, const struct record_style *style, int fd,
		    uint64_t offset, const char *path)
{
	struct squash squash = {.said = -1};
	struct stream_budget budget = stream_budget_of(fd);
	struct archive_view view = {inspection, style, path, &budget, 0, {0}};
	struct note_error error, end;
	int code = start(&squash, fd, offset, &error);
	const bool started = code == NOTE_OK;
	if (code == NOTE_OK)
		code = read_list(&squash, &error);
	if (code != NOTE_OK && code != NOTE_ABSENT)
		inspection_fail(inspection, path, NULL, &error);
	bool whole = started && (code == NOTE_OK || code == NOTE_ABSENT);
	for (size_t i = 0; code == NOTE_OK && whole && i < squash.count; i++)
		whole = show_file(&squash, &view, &squash.files[i]) != NOTE_UNSUPPORTED;
	if (finish(&squash, whole, &end) != NOTE_OK)
		inspection_fail(inspection, path, NULL, &end);
	text_free(&view.bytes);
}
