/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking a tree below a root: sorted, without following links, one directory open a level. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

struct walk {
	root_visit *visit;
	void (*fail)(void *context, const char *path, const struct note_error *err);
	void *context;
	bool with_stat;
	bool stopped;
};

struct name {
	char *text;
	unsigned char type;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static void free_names(struct name *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i].text);
	free(names);
}

/* The names in the directory FD (which is closed), sorted by bytes. */
static int read_names(int fd, struct name **names, size_t *count, struct note_error *err)
{
	size_t room = 0;
	*names = NULL;
	*count = 0;
	DIR *directory = fdopendir(fd);
	if (directory == NULL) {
		error_system(err, "read directory");
		close(fd);
		return NOTE_SYSTEM;
	}
	for (struct dirent *entry; errno = 0, (entry = readdir(directory)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (*count == room) {
			room = room != 0 ? 2 * room : 32;
			*names = xrealloc(*names, room * sizeof(**names));
		}
		(*names)[(*count)++] = (struct name){xstrdup(entry->d_name), entry->d_type};
	}
	int code = errno == 0 ? NOTE_OK : error_system(err, "read directory");
	closedir(directory);
	if (code != NOTE_OK)
		free_names(*names, *count);
	else if (*count > 1)
		qsort(*names, *count, sizeof(**names), by_name);
	return code;
}

static enum entry_kind kind_of(unsigned char type)
{
	return type == DT_REG   ? ENTRY_FILE
	       : type == DT_DIR ? ENTRY_DIRECTORY
	       : type == DT_LNK ? ENTRY_LINK
				: ENTRY_OTHER;
}

static void walk_directory(struct walk *walk, int fd, struct text *path);

static void walk_name(struct walk *walk, int fd, const struct name *name, struct text *path)
{
	struct entry entry = {.kind = kind_of(name->type)};
	const size_t length = path->size;
	struct note_error err;
	bool descend = true;
	if (length != 0)
		text_puts(path, "/");
	text_puts(path, name->text);
	entry.path = path->data;
	if (walk->with_stat || name->type == DT_UNKNOWN) {
		if (fstatat(fd, name->text, &entry.st, AT_SYMLINK_NOFOLLOW) != 0) {
			path_error(path->data, "stat", &err);
			if (walk->fail != NULL)
				walk->fail(walk->context, path->data, &err);
			goto out;
		}
		entry.kind = kind_of(IFTODT(entry.st.st_mode));
	}
	if (!walk->visit(walk->context, &entry, &descend)) {
		walk->stopped = walk->stopped || entry.kind != ENTRY_DIRECTORY || descend;
		goto out;
	}
	if (entry.kind == ENTRY_DIRECTORY && descend) {
		int below = openat(fd, name->text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0) {
			walk_directory(walk, below, path);
		} else if (walk->fail != NULL) {
			path_error(path->data, "open directory", &err);
			walk->fail(walk->context, path->data, &err);
		}
	}
out:
	path->size = length;
	path->data[length] = '\0';
}

static void walk_directory(struct walk *walk, int fd, struct text *path)
{
	struct name *names;
	size_t count;
	struct note_error err;
	int at = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (at < 0 || read_names(fd, &names, &count, &err) != NOTE_OK) {
		if (at < 0) {
			path_error(path->size != 0 ? path->data : ".", "open directory", &err);
			close(fd);
		} else {
			close(at);
		}
		if (walk->fail != NULL)
			walk->fail(walk->context, path->size != 0 ? path->data : ".", &err);
		return;
	}
	for (size_t i = 0; i < count && !walk->stopped; i++)
		walk_name(walk, at, &names[i], path);
	free_names(names, count);
	close(at);
}

int root_walk(struct root *root, const char *start, bool with_stat, root_visit *visit,
	      void (*fail)(void *context, const char *path, const struct note_error *err),
	      void *context, struct note_error *err)
{
	struct walk walk = {visit, fail, context, with_stat, false};
	struct text path = {0};
	int fd = open_beneath(root->fd, start, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return path_error(start, "open directory", err);
	text_puts(&path, start);
	walk_directory(&walk, fd, &path);
	text_free(&path);
	return NOTE_OK;
}

/* Children come before their directory only in reverse: collect, then remove backwards. */
static bool collect(void *context, const struct entry *entry, bool *descend)
{
	(void)descend;
	strings_add(context, entry->path);
	return true;
}

int root_remove_tree(struct root *root, const char *path, struct note_error *err)
{
	struct strings names = {0};
	struct stat st;
	int code = root_stat(root, path, &st, err);
	if (code == NOTE_ABSENT)
		return NOTE_OK;
	if (code == NOTE_OK && S_ISDIR(st.st_mode))
		code = root_walk(root, path, false, collect, NULL, &names, err);
	for (size_t i = names.count; code == NOTE_OK && i-- > 0;)
		code = root_remove(root, names.items[i], err);
	if (code == NOTE_OK)
		code = root_remove(root, path, err);
	strings_free(&names);
	return code;
}
