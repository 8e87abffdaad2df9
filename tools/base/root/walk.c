/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking a tree below a root: sorted, without following links, one directory open a level. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
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

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

void entries_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i].text);
	free(names->items);
	*names = (struct names){0};
}

/* What getdents64(2) gives; readdir(3) asks for more than that. */
struct record {
	uint64_t inode;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

int entries_read(int fd, struct names *names, struct note_error *err)
{
	_Alignas(struct record) char buffer[32768];
	size_t room = 0;
	long got;
	*names = (struct names){0};
	while ((got = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < got;) {
			const struct record *record = (const struct record *)(buffer + at);
			at += record->size;
			if (strcmp(record->name, ".") == 0 || strcmp(record->name, "..") == 0)
				continue;
			if (names->count == room) {
				room = room != 0 ? 2 * room : 32;
				names->items = xrealloc(names->items, room * sizeof(*names->items));
			}
			names->items[names->count++] =
				(struct name){xstrdup(record->name), record->type};
		}
	}
	if (got < 0) {
		const int code = error_system(err, "read directory");
		entries_free(names);
		return code;
	}
	if (names->count > 1)
		qsort(names->items, names->count, sizeof(*names->items), by_name);
	return NOTE_OK;
}

enum entry_kind entry_kind_of(unsigned char type)
{
	return type == DT_REG   ? ENTRY_FILE
	       : type == DT_DIR ? ENTRY_DIRECTORY
	       : type == DT_LNK ? ENTRY_LINK
				: ENTRY_OTHER;
}

static void walk_directory(struct walk *walk, int fd, struct text *path);

static void walk_name(struct walk *walk, int fd, const struct name *name, struct text *path)
{
	struct entry entry = {.kind = entry_kind_of(name->type)};
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
		entry.kind = entry_kind_of(IFTODT(entry.st.st_mode));
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
	struct names names;
	struct note_error err;
	if (entries_read(fd, &names, &err) != NOTE_OK) {
		if (walk->fail != NULL)
			walk->fail(walk->context, path->size != 0 ? path->data : ".", &err);
	}
	for (size_t i = 0; i < names.count && !walk->stopped; i++)
		walk_name(walk, fd, &names.items[i], path);
	entries_free(&names);
	close(fd);
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
