/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an input is, told by what is in it where that can be: see input.h. */
#include "tools/release/inputs/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/contents/contents.h"
#include "tools/base/stored/stored.h"
#include "tools/release/inputs/content.h"

/* The role of a file named by itself: where it really lies counts. */
static enum artifact_role lone_role(const char *input)
{
	char *real = realpath(input, NULL);
	const enum artifact_role role = artifact_role(real != NULL ? real : input);
	free(real);
	return role;
}

/* A package may be named as it likes, such as in a pipeline's cache. */
static bool is_static_name(const char *input)
{
	return ends_with(input, ".a");
}

/* PATH is where INPUT, open as FD, can be opened anew. */
static int add_file(struct units *units, const char *input, const char *path, int fd,
		    units_fail *fail, void *context, struct note_error *err)
{
	char head[4096 + 1] = ""; /* ends with a NUL, whatever the file has */
	const ssize_t got = pread(fd, head, sizeof(head) - 1, 0);
	const struct input_kind *kind = NULL;
	if (got < 0)
		return error_system(err, "read");
	const char *text = head + strspn(head, " \t\r\n");
	const enum content content = content_of(input, head, (size_t)got);
	if (core_is_head(head, (size_t)got))
		kind = &core_input;
	else if (content == CONTENT_PACKAGE ||
		 (content == CONTENT_STATIC && !is_static_name(input)))
		kind = &package_input;
	else if (content != CONTENT_OTHER)
		kind = &elf_input;
	else if (contents_is_one(fd, input))
		kind = &archive_input;
	else if (stored_is_compressed(fd))
		kind = &stored_input;
	else if (ends_with(input, ".changes") || ends_with(input, ".buildinfo"))
		return changes_add(units, input, fd, fail, context, err);
	else if (text < head + got && *text == '{')
		kind = &manifest_input;
	else if (!is_package_file_name(input) && build_ids_is_list(head, (size_t)got))
		kind = &build_ids_input;
	else if (is_package_file_name(input))
		return error_set(err, NOTE_MALFORMED, 0, "named like a package, and none");
	else
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "not a directory, an ELF file, a package, an archive, a core, a "
				 "manifest, nor a list of packages or build-ids");
	struct unit *unit = units_append(units, kind, input);
	unit->path = xstrdup(path);
	unit->role = lone_role(input);
	unit->holds = kind == &elf_input ? unit->role : 0;
	return NOTE_OK;
}

/* It is read more than once, and in any order: what comes by a pipe goes to a file without a name.
 */
static int add_standard_input(struct units *units, const char *name, units_fail *fail,
			      void *context, struct note_error *err)
{
	struct stat st;
	int fd = -1, code = NOTE_OK;
	if (fstat(STDIN_FILENO, &st) != 0)
		code = error_system(err, "standard input");
	else if (S_ISREG(st.st_mode) && (fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)) < 0)
		code = error_system(err, "standard input");
	else if (fd < 0)
		code = stored_spool(STDIN_FILENO, &fd, err);
	if (code != NOTE_OK)
		return code;
	units->kept = xrealloc(units->kept, (units->kept_count + 1) * sizeof(*units->kept));
	units->kept[units->kept_count++] = fd;
	char *path = xasprintf("/proc/self/fd/%d", fd);
	code = add_file(units, name, path, fd, fail, context, err);
	free(path);
	return code;
}

int units_add(struct units *units, const char *input, units_fail *fail, void *context,
	      struct note_error *err)
{
	struct stat st;
	int code;
	const char *name = units_name(units, input);
	if (strcmp(input, "-") == 0)
		return add_standard_input(units, name, fail, context, err);
	int fd = open(input, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_system(err, "open");
	if (fstat(fd, &st) != 0)
		code = error_system(err, "stat");
	else if (S_ISDIR(st.st_mode))
		code = directory_add(units, name, fail, context, err);
	else if (S_ISREG(st.st_mode))
		code = add_file(units, name, input, fd, fail, context, err);
	else
		code = error_set(
			err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			"neither a directory nor a regular file: \"-\" takes what comes by "
			"standard input");
	close(fd);
	return code;
}
