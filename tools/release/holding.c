/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/release/holding.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/base/package/package.h"
#include "tools/base/text.h"
#include "tools/release/inputs/content.h"

#define CHUNK (256 * 1024)

static const char *without_epoch(const char *version)
{
	const char *colon = strchr(version, ':');
	return colon != NULL ? colon + 1 : version;
}

static void take_head(struct debug_package *package, const struct package_head *head)
{
	const char *version = without_epoch(head->version);
	package->type = head->type;
	package->name = xstrdup(head->name);
	package->version = head->release != NULL ? xasprintf("-%s-%s", version, head->release)
						 : xasprintf("-%s", version);
	if (head->source_version != NULL)
		package->source_version = xasprintf("-%s", without_epoch(head->source_version));
	package->called = xasprintf("%s%s.%s", head->name, package->version,
				    head->architecture != NULL ? head->architecture : "?");
}

/* Debian's -dbg packages are written by hand, and no header tells them. */
static bool is_for_debugging(const struct debug_package *package, const struct package_head *head)
{
	return head->is_debug || ends_with(package->unit->path, ".ddeb") ||
	       (strcmp(head->type, "deb") == 0 &&
		(ends_with(head->name, "-dbg") || ends_with(head->name, "-dbgsym")));
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct holding *)a)->path, ((const struct holding *)b)->path);
}

static int list_files(struct debug_package *package, struct package *from, struct note_error *err)
{
	struct package_file file;
	size_t room = 0;
	int code;
	package_every(from);
	while ((code = package_next(from, &file, err)) == NOTE_OK) {
		if (package->count == room) {
			room = room != 0 ? 2 * room : 64;
			package->items = xrealloc(package->items, room * sizeof(*package->items));
		}
		package->items[package->count++] = (struct holding){
			.holder = package,
			.path = xasprintf("/%s", file.path),
			.link = file.link != NULL ? xasprintf("/%s", file.link) : NULL,
			.target = file.target != NULL ? xstrdup(file.target) : NULL,
			.inode = file.inode,
			.mode = file.mode,
		};
	}
	if (package->count > 1)
		qsort(package->items, package->count, sizeof(*package->items), compare_paths);
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

static int open_package(const struct debug_package *package, int *fd, struct package **out,
			struct note_error *err)
{
	*out = NULL;
	*fd = open(package->unit->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return *fd < 0 ? error_system(err, "open") : package_open(out, *fd, err);
}

static void close_package(int fd, struct package *package)
{
	package_close(package);
	if (fd >= 0)
		close(fd);
}

int debug_package_read(struct debug_package *package, struct note_error *err)
{
	struct package *from;
	int fd;
	int code = open_package(package, &fd, &from, err);
	if (code == NOTE_OK && is_for_debugging(package, package_head(from))) {
		package->is_read = true;
		take_head(package, package_head(from));
		code = list_files(package, from, err);
	}
	close_package(fd, from);
	return code;
}

/* --- digests --- */

static int hash_file(struct package *from, char *chunk, char out[65], struct note_error *err)
{
	struct sha256 *sha256 = sha256_begin();
	size_t got;
	int code;
	while ((code = package_read(from, chunk, CHUNK, &got, err)) == NOTE_OK && got != 0)
		sha256_add(sha256, chunk, got);
	sha256_end(sha256, out);
	return code;
}

static struct holding *find_holding(const struct debug_package *package, const char *path)
{
	struct holding key = {.path = xstrdup(path)};
	struct holding *found = NULL;
	if (package->count != 0)
		found = bsearch(&key, package->items, package->count, sizeof(*package->items),
				compare_paths);
	free(key.path);
	return found;
}

static int compare_inodes(const void *a, const void *b)
{
	const struct holding *x = *(struct holding *const *)a, *y = *(struct holding *const *)b;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return strcmp(y->sha256, x->sha256); /* the one that has the contents first */
}

/* Further names of a file have its digest. A chain of names in a tar ends: each names one that
 * has the contents. */
static void share_digests(struct debug_package *package)
{
	const char *none = "";
	struct holding **names = xcalloc(package->count + 1, sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < package->count; i++) {
		struct holding *item = &package->items[i];
		const struct holding *other =
			item->link != NULL ? find_holding(package, item->link) : NULL;
		if (other != NULL && other != item)
			memcpy(item->sha256, other->sha256, sizeof(item->sha256));
		if (S_ISREG(item->mode) && item->inode != 0)
			names[count++] = item;
	}
	if (count > 1)
		qsort(names, count, sizeof(*names), compare_inodes);
	for (size_t i = 1; i < count; i++)
		if (names[i]->inode == names[i - 1]->inode && strcmp(names[i]->sha256, none) == 0)
			memcpy(names[i]->sha256, names[i - 1]->sha256, sizeof(names[i]->sha256));
	free(names);
}

int debug_package_digest(struct debug_package *package, struct note_error *err)
{
	struct package *from;
	struct package_file file;
	int fd;
	char *chunk = xmalloc(CHUNK);
	int code = open_package(package, &fd, &from, err);
	while (code == NOTE_OK && (code = package_next(from, &file, err)) == NOTE_OK) {
		char *path = xasprintf("/%s", file.path);
		struct holding *holding = find_holding(package, path);
		if (holding != NULL && file.link == NULL && !file.later)
			code = hash_file(from, chunk, holding->sha256, err);
		free(path);
	}
	close_package(fd, from);
	free(chunk);
	share_digests(package);
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

void debug_package_free(struct debug_package *package)
{
	for (size_t i = 0; i < package->count; i++) {
		free(package->items[i].path);
		free(package->items[i].link);
		free(package->items[i].target);
	}
	free(package->items);
	free(package->name);
	free(package->called);
	free(package->version);
	free(package->source_version);
}
