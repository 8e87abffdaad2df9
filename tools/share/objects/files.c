/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bucket that is a directory: an object's key is the path of a plain file. Neither links nor
 * modes nor owners are asked of the file system; a rename has to replace a file. A directory is
 * there while something is in it: an empty one is no part of any key, and is removed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/share/objects/bucket.h"

#define NAME_MOST  255  /* bytes of a component */
#define PATH_MOST  4000 /* of a path: PATH_MAX less what stands before it */
#define PUT_TRIES  20   /* another process may remove a directory that was empty */
#define TRIAL      ".pkgnote-trial"
#define TRIAL_CAPS ".PKGNOTE-TRIAL"

int files_judge_key(const char *key, struct note_error *err)
{
	if (strlen(key) > PATH_MOST)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "a path of %zu bytes: %d is the most", strlen(key), PATH_MOST);
	for (const char *p = key; *p != '\0';) {
		const size_t length = strcspn(p, "/");
		if (length > NAME_MOST)
			return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "a name of %zu bytes: %d is the most", length, NAME_MOST);
		p += length + (p[length] == '/');
	}
	return NOTE_OK;
}

bool files_fold_case(struct root *root)
{
	struct stat st;
	int fd;
	root_remove(root, TRIAL, NULL); /* of a run that was killed */
	if (root_create_file(root, TRIAL, 0600, &fd, NULL) != NOTE_OK)
		return false;
	close(fd);
	const bool folds = root_stat(root, TRIAL_CAPS, &st, NULL) == NOTE_OK;
	root_remove(root, TRIAL, NULL);
	return folds;
}

/* --- contents --- */

struct mapped {
	void *bytes;
	size_t size;
};

static int map_file(struct root *root, const char *path, struct mapped *out, struct note_error *err)
{
	struct stat st;
	int fd;
	*out = (struct mapped){0};
	int code = root_open_with_stat(root, path, &fd, &st, err);
	if (code != NOTE_OK)
		return code;
	if (st.st_size != 0) {
		out->size = (size_t)st.st_size;
		out->bytes = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (out->bytes == MAP_FAILED) {
			code = error_system(err, "map %s", path);
			*out = (struct mapped){0};
		}
	}
	close(fd);
	return code;
}

static void unmap(struct mapped *mapped)
{
	if (mapped->size != 0)
		munmap(mapped->bytes, mapped->size);
}

static int write_file(struct root *root, mode_t mode, const char *key, const void *bytes,
		      size_t size, struct note_error *err)
{
	const char *const paths[] = {key};
	const struct file_attributes attributes = {.mode = mode, .like = -1};
	int code = NOTE_ABSENT;
	for (int i = 0; code == NOTE_ABSENT && i < PUT_TRIES; i++)
		code = root_write(root, paths, 1, bytes, size, &attributes, err);
	return code;
}

/* The file PATH of FROM becomes the object KEY. */
static int copy_in(struct root *from, const char *path, struct root *root, mode_t mode,
		   const char *key, struct note_error *err)
{
	struct mapped mapped;
	int code = map_file(from, path, &mapped, err);
	if (code == NOTE_OK)
		code = write_file(root, mode, key, mapped.size != 0 ? mapped.bytes : "",
				  mapped.size, err);
	unmap(&mapped);
	return code;
}

/* By blocks: another program may make the file shorter meanwhile. */
static int get(struct root *root, struct s3_request *request, struct note_error *err)
{
	char block[64 * 1024];
	struct stat st;
	int from, to = -1;
	ssize_t got = 1;
	int code = root_open_with_stat(root, request->key, &from, &st, err);
	if (code != NOTE_OK)
		return code;
	if (request->path != NULL)
		code = root_create_file(request->root, request->path, 0600, &to, err);
	while (code == NOTE_OK &&
	       (got = file_read_some(from, block, sizeof(block), FILE_NEXT)) > 0) {
		if (request->path != NULL)
			code = file_write(to, block, (size_t)got, err);
		else
			text_add(&request->body, block, (size_t)got);
	}
	if (got < 0)
		code = error_system(err, "read %s", request->key);
	if (to >= 0 && close(to) != 0 && code == NOTE_OK)
		code = error_system(err, "write %s", request->path);
	close(from);
	return code;
}

/* With it goes what a run that was killed left while it wrote it; and the directories that are
 * empty then, but those right below the share. */
static int remove_file(struct root *root, const char *key, struct note_error *err)
{
	char *path = xstrdup(key), *slash = strrchr(path, '/');
	char name[32];
	root_temporary_name(slash != NULL ? slash + 1 : path, name);
	char *leftover =
		xasprintf("%.*s%s", slash != NULL ? (int)(slash + 1 - path) : 0, path, name);
	root_remove_leftover(root, leftover);
	free(leftover);
	int code = root_remove(root, path, err);
	while (code == NOTE_OK && (slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		if (strchr(path, '/') == NULL || root_remove(root, path, NULL) != NOTE_OK)
			break;
	}
	free(path);
	return code;
}

static int perform(struct root *root, mode_t mode, struct s3_request *request,
		   struct note_error *err)
{
	switch (request->method) {
	case S3_GET:
		return get(root, request, err);
	case S3_PUT:
		return request->path != NULL
			       ? copy_in(request->root, request->path, root, mode, request->key,
					 err)
			       : write_file(root, mode, request->key,
					    request->body.data != NULL ? request->body.data : "",
					    request->body.size, err);
	case S3_COPY:
		return copy_in(root, request->from, root, mode, request->key, err);
	case S3_DELETE:
		return remove_file(root, request->key, err);
	default:
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "no such request");
	}
}

int files_run(struct root *root, mode_t mode, struct s3_request *requests, size_t count,
	      void (*done)(void *context, struct s3_request *request), void *context,
	      struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; i < count; i++) {
		struct s3_request *request = &requests[i];
		struct note_error why;
		if (code != NOTE_OK) {
			request->code = NOTE_SYSTEM;
			continue;
		}
		request->code = perform(root, mode, request, &request->err);
		const bool absent = request->code == NOTE_ABSENT &&
				    (request->method == S3_GET || request->method == S3_COPY);
		if (request->code != NOTE_OK && !absent) {
			why = request->err;
			char *line = name_to_line(request->key);
			code = error_set(err, request->code, NOTE_NO_OFFSET, "%.200s: %s", line,
					 why.text);
			free(line);
		}
		if (done != NULL)
			done(context, request);
	}
	return code;
}

/* --- lists --- */

struct found {
	char *key;
	char *etag;
	uint64_t size;
};

struct listing {
	struct root *root;
	struct found *items;
	size_t count, room;
	bool groups;
	struct strings leftovers; /* below ".lock/": each has a name that no other run will want */
};

static void add_found(struct listing *listing, char *key, const struct stat *st)
{
	if (listing->count == listing->room) {
		listing->room = listing->room != 0 ? 2 * listing->room : 64;
		listing->items = xrealloc(listing->items, listing->room * sizeof(*listing->items));
	}
	struct found *found = &listing->items[listing->count++];
	*found = (struct found){.key = key};
	if (st == NULL)
		return;
	found->size = (uint64_t)st->st_size;
	found->etag = xasprintf("%llu-%lld.%09ld-%llu", (unsigned long long)st->st_size,
				(long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
				(unsigned long long)st->st_ino);
}

static bool see_file(void *context, const struct entry *entry, bool *descend)
{
	bool *any = context;
	(void)descend;
	*any = entry->kind == ENTRY_FILE && !root_is_temporary(entry->path);
	return !*any;
}

/* What others put at the top of a file system is no object. */
static bool is_no_object(const char *path)
{
	return root_is_temporary(path) || strncmp(path, TRIAL, strlen(TRIAL)) == 0 ||
	       strcmp(path, "lost+found") == 0;
}

static bool see(void *context, const struct entry *entry, bool *descend)
{
	struct listing *listing = context;
	bool any = false;
	*descend = !listing->groups;
	if (root_is_temporary(entry->path) && strncmp(entry->path, ".lock/", 6) == 0)
		strings_add(&listing->leftovers, entry->path);
	if (is_no_object(entry->path)) {
		*descend = false;
	} else if (entry->kind == ENTRY_DIRECTORY && listing->groups) {
		root_walk(listing->root, entry->path, false, see_file, NULL, &any, NULL);
		if (any)
			add_found(listing, xasprintf("%s/", entry->path), NULL);
	} else if (entry->kind != ENTRY_DIRECTORY && !listing->groups) {
		add_found(listing, xstrdup(entry->path), &entry->st);
	}
	return true;
}

static int compare_found(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->key, ((const struct found *)b)->key);
}

int files_list(struct root *root, const char *prefix, bool groups, s3_visit *visit, void *context,
	       struct note_error *err)
{
	struct listing listing = {.root = root, .groups = groups};
	char *directory = xstrdup(prefix);
	const size_t length = strlen(directory);
	if (length != 0)
		directory[length - 1] = '\0'; /* each of our prefixes ends with a slash */
	int code = root_walk(root, directory, true, see, NULL, &listing, err);
	if (code == NOTE_ABSENT)
		code = NOTE_OK;
	for (size_t i = 0; i < listing.leftovers.count; i++)
		root_remove_leftover(root, listing.leftovers.items[i]);
	strings_free(&listing.leftovers);
	if (listing.count > 1)
		qsort(listing.items, listing.count, sizeof(*listing.items), compare_found);
	for (size_t i = 0; i < listing.count; i++) {
		struct found *found = &listing.items[i];
		const struct s3_object object = {
			found->key, groups, found->etag != NULL ? found->etag : "", found->size};
		if (code == NOTE_OK)
			code = visit(context, &object, err);
		free(found->key);
		free(found->etag);
	}
	free(listing.items);
	free(directory);
	return code;
}
