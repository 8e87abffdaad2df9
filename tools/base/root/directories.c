/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaching the directory that a path lies in. A command that has a tree for itself keeps the
 * handles of those that it was in last: a path is walked from the root once, by no link and no
 * "..", and what else lies in its directory is reached by one name. A handle stays with its
 * directory whatever takes the name meanwhile: a link that somebody puts there is not followed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/hash/hash.h"
#include "tools/base/root/internal.h"

/* A handle's place follows from the hash of its path: one of so many in one of so many rows. */
#define ROWS   32
#define IN_ROW 4

struct handle {
	int fd;
	char *path; /* NULL: nothing is here */
	size_t length;
	uint64_t hash;
	uint64_t turn;  /* when it was used last */
	unsigned users; /* at the moment */
	bool gone;      /* its name is another's now: closed with its last user */
	uint64_t dirty; /* the root's ROUND that knows it has changed */
};

struct handles {
	pthread_mutex_t lock;
	struct handle items[ROWS][IN_ROW];
	uint64_t turn;
};

static char *copy_of(const char *text, size_t length)
{
	return xasprintf("%.*s", (int)length, text);
}

void root_keep_directories(struct root *root)
{
	if (root->handles != NULL)
		return;
	root->handles = xcalloc(1, sizeof(*root->handles));
	pthread_mutex_init(&root->handles->lock, NULL);
}

static void drop(struct handle *handle)
{
	close(handle->fd);
	free(handle->path);
	*handle = (struct handle){0};
}

void handles_free(struct root *root)
{
	struct handles *handles = root->handles;
	for (size_t i = 0; handles != NULL && i < ROWS * IN_ROW; i++)
		if (handles->items[i / IN_ROW][i % IN_ROW].path != NULL)
			drop(&handles->items[i / IN_ROW][i % IN_ROW]);
	if (handles != NULL)
		pthread_mutex_destroy(&handles->lock);
	free(handles);
	root->handles = NULL;
}

static bool is_below(const struct handle *handle, const char *path, size_t length)
{
	return handle->length >= length && memcmp(handle->path, path, length) == 0 &&
	       (handle->length == length || handle->path[length] == '/');
}

void handles_forget(struct root *root, const char *path)
{
	struct handles *handles = root->handles;
	const size_t length = strlen(path);
	if (handles == NULL)
		return;
	pthread_mutex_lock(&handles->lock);
	for (size_t i = 0; i < ROWS * IN_ROW; i++) {
		struct handle *handle = &handles->items[i / IN_ROW][i % IN_ROW];
		if (handle->path == NULL || !is_below(handle, path, length))
			continue;
		if (handle->users == 0)
			drop(handle);
		else
			handle->gone = true;
	}
	pthread_mutex_unlock(&handles->lock);
}

/* The handle of the directory whose name is the first LENGTH bytes of PATH, which its user has to
 * give back; NULL where there is none. */
static struct handle *find(struct handles *handles, const char *path, size_t length)
{
	const uint64_t hash = hash_bytes(path, length, 0);
	struct handle *row = handles->items[hash % ROWS], *found = NULL;
	pthread_mutex_lock(&handles->lock);
	for (size_t i = 0; found == NULL && i < IN_ROW; i++)
		if (row[i].path != NULL && row[i].hash == hash && row[i].length == length &&
		    !row[i].gone && memcmp(row[i].path, path, length) == 0)
			found = &row[i];
	if (found != NULL) {
		found->users++;
		found->turn = ++handles->turn;
	}
	pthread_mutex_unlock(&handles->lock);
	return found;
}

static void give_back(struct handles *handles, struct handle *handle)
{
	pthread_mutex_lock(&handles->lock);
	handle->users--;
	if (handle->gone && handle->users == 0)
		drop(handle);
	pthread_mutex_unlock(&handles->lock);
}

/* Keeps FD, in place of the handle in its row that was used the longest ago; NULL where all are in
 * use, or another thread keeps one of that name already: FD stays the caller's. */
static struct handle *keep(struct handles *handles, const char *path, size_t length, int fd)
{
	const uint64_t hash = hash_bytes(path, length, 0);
	struct handle *row = handles->items[hash % ROWS], *place = NULL;
	bool known = false;
	pthread_mutex_lock(&handles->lock);
	for (size_t i = 0; i < IN_ROW; i++) {
		known = known || (row[i].path != NULL && row[i].hash == hash &&
				  row[i].length == length && !row[i].gone);
		if (row[i].users == 0 && (place == NULL || row[i].turn < place->turn))
			place = &row[i];
	}
	if (known || place == NULL) {
		place = NULL;
	} else {
		if (place->path != NULL)
			drop(place);
		*place = (struct handle){.fd = fd,
					 .path = copy_of(path, length),
					 .length = length,
					 .hash = hash,
					 .users = 1,
					 .turn = ++handles->turn};
	}
	pthread_mutex_unlock(&handles->lock);
	return place;
}

/* --- opening --- */

static void set_place(struct root *root, struct place *place, const char *path, size_t length,
		      int fd)
{
	place->at = fd;
	place->handle =
		root->handles != NULL && length != 0 ? keep(root->handles, path, length, fd) : NULL;
}

/* The nearest directory above the first *LENGTH bytes of PATH, or those, that is open; *LENGTH is
 * then what its name has of them. The root is. */
static void find_above(struct root *root, const char *path, size_t *length, struct place *place)
{
	*place = (struct place){.at = root->fd};
	while (*length != 0 && root->handles != NULL) {
		place->handle = find(root->handles, path, *length);
		if (place->handle != NULL) {
			place->at = place->handle->fd;
			return;
		}
		while (*length != 0 && path[*length - 1] != '/')
			--*length;
		*length -= *length != 0 ? 1 : 0;
	}
	*length = 0;
}

/* Whether the new directory NAME in AT, open as FD, has the mode it is to have, or gets it. Some
 * file systems have no modes. */
static void set_mode(struct root *root, int at, const char *name, int fd)
{
	struct stat st;
	const bool told = fstat(fd, &st) == 0;
	const mode_t wanted = root->directories | (told ? st.st_mode & S_ISGID : 0);
	if (!told || (st.st_mode & 07777) != wanted)
		(void)!fchmodat(at, name, wanted, 0);
}

/* Opens NAME, the last component of PATH, in PLACE, made where it is not there; PLACE is then that
 * one. */
static int step_into(struct root *root, struct place *place, const char *name, const char *path,
		     struct note_error *err)
{
	const bool made = closed_mkdir(place->at, name, root->directories) == 0;
	if (!made && errno != EEXIST)
		return error_system(err, "make directory: %s", path);
	const int fd = openat(place->at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_set(
			err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			"make directory: %s: a file or symbolic link of that name is there", path);
	if (fd < 0)
		return path_error(path, "make directory", err);
	if (made) {
		set_mode(root, place->at, name, fd);
		place_dirty(root, place);
	}
	place_close(root, place);
	*place = (struct place){.at = fd};
	return NOTE_OK;
}

/* Makes the directories of PATH below its first DONE bytes, which PLACE is; all of them are kept
 * open. PLACE is then the last one, or closed. */
static int make_below(struct root *root, const char *path, size_t done, size_t length,
		      struct place *place, struct note_error *err)
{
	int code = NOTE_OK;
	while (code == NOTE_OK && done < length) {
		const size_t from = done == 0 ? 0 : done + 1;
		size_t end = from;
		while (end < length && path[end] != '/')
			end++;
		char *part = copy_of(path, end);
		const char *name = part + from;
		if (strcmp(name, "..") == 0 || path[0] == '/') {
			errno = EXDEV;
			code = path_error(part, "make directory", err);
		} else if (name[0] != '\0' && strcmp(name, ".") != 0) {
			code = step_into(root, place, name, part, err);
		}
		if (code == NOTE_OK && place->handle == NULL && place->at != root->fd)
			set_place(root, place, part, end, place->at);
		free(part);
		done = end;
	}
	if (code != NOTE_OK)
		place_close(root, place);
	return code;
}

int place_open_directory(struct root *root, const char *path, size_t length, bool make,
			 struct place *place, struct note_error *err)
{
	size_t known = length;
	find_above(root, path, &known, place);
	if (known == length)
		return NOTE_OK;
	size_t from = known;
	while (known != 0 && from < length && path[from] == '/')
		from++;
	char *below = copy_of(path + from, length - from);
	const int fd = open_beneath(place->at, below, O_PATH | O_DIRECTORY);
	const int failed = errno;
	free(below);
	if (fd >= 0) {
		place_close(root, place);
		set_place(root, place, path, length, fd);
		return NOTE_OK;
	}
	if (failed == ENOENT && make)
		return make_below(root, path, known, length, place, err);
	place_close(root, place);
	char *whole = copy_of(path, length);
	errno = failed;
	const int code = path_error(whole, "open directory", err);
	free(whole);
	return code;
}

int root_make_dirs(struct root *root, const char *path, struct note_error *err)
{
	struct place place;
	const int code = place_open_directory(root, path, strlen(path), true, &place, err);
	if (code == NOTE_OK)
		place_close(root, &place);
	if (code == NOTE_ABSENT)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "make directory: %s: a file or symbolic link is there, or on the "
				 "way",
				 path);
	return code;
}

int place_open(struct root *root, const char *path, bool make, struct place *place,
	       struct note_error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	*place = (struct place){.at = -1};
	/* The last component goes to plain ...at() calls, which would climb. */
	if (strcmp(name, "..") == 0) {
		errno = EXDEV;
		return path_error(path, "open directory", err);
	}
	const int code = place_open_directory(
		root, path, slash != NULL ? (size_t)(slash - path) : 0, make, place, err);
	place->name = name;
	return code;
}

void place_close(struct root *root, struct place *place)
{
	if (place->handle != NULL)
		give_back(root->handles, place->handle);
	else if (place->at >= 0 && place->at != root->fd)
		close(place->at);
	*place = (struct place){.at = -1};
}

void place_dirty(struct root *root, const struct place *place)
{
	struct handle *handle = place->handle;
	const uint64_t round = __atomic_load_n(&root->round, __ATOMIC_ACQUIRE);
	if (handle != NULL && __atomic_load_n(&handle->dirty, __ATOMIC_RELAXED) == round)
		return;
	root_dirty(root, place->at);
	if (handle != NULL)
		__atomic_store_n(&handle->dirty, round, __ATOMIC_RELAXED);
}
