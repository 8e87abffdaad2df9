/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking in a .deb or .rpm: its files stream into the staging area one after the other. A hard
 * link of a file that is wanted is that file under another name.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/package/package.h"
#include "tools/share/index.h"
#include "tools/share/internal.h"
#include "tools/share/look.h"

struct intake {
	struct share *share;
	struct package *package;
	struct stage *stage;
	size_t number;        /* of files that were spooled */
	uint8_t *buffer;      /* COPY_BUFFER bytes */
	struct index sources; /* struct spooled by path: for the hard links of a tar that follow */
	/* struct strings by inode: sources of a cpio whose contents come with a later name. */
	struct index waiting;
};

static void free_source(void *value)
{
	spooled_free(value);
	free(value);
}

static void free_waiting(void *value)
{
	strings_free(value);
	free(value);
}

static bool is_source(const char *path)
{
	return strncmp(path, SOURCES_BELOW, strlen(SOURCES_BELOW)) == 0;
}

static void place_source(struct intake *intake, struct spooled *spooled, const char *path)
{
	char *below = xasprintf("source/%s", path);
	stage_place(intake->stage, spooled, below, false);
	free(below);
}

static void remember(struct intake *intake, const struct spooled *spooled, const char *path)
{
	if (strcmp(package_head(intake->package)->type, "deb") != 0)
		return;
	if (index_find(&intake->sources, path) != NULL)
		return; /* a name that comes twice; the commit judges it */
	struct spooled *copy = xmalloc(sizeof(*copy));
	*copy = *spooled;
	copy->path = xstrdup(spooled->path);
	copy->origin = xstrdup(spooled->origin);
	copy->names = NULL;
	copy->sections = NULL;
	copy->section_count = 0;
	index_add(&intake->sources, path, copy);
}

/* A tar's hard link of an earlier source: that one's spool gets another name. */
static int take_link(struct intake *intake, const struct package_file *file, struct note_error *err)
{
	struct spooled again;
	const struct spooled *found = index_find(&intake->sources, file->link);
	if (found == NULL)
		return NOTE_OK;
	int code = spool_as(intake->share, found, file->path, ++intake->number, &again, err);
	if (code == NOTE_OK) {
		remember(intake, &again, file->path);
		place_source(intake, &again, file->path);
	}
	return code;
}

static void inode_key(const struct package_file *file, char out[24])
{
	snprintf(out, 24, "%llu", (unsigned long long)file->inode);
}

static void wait_for_contents(struct intake *intake, const struct package_file *file)
{
	char key[24];
	inode_key(file, key);
	struct strings *paths = index_find(&intake->waiting, key);
	if (paths == NULL) {
		paths = xcalloc(1, sizeof(*paths));
		index_add(&intake->waiting, key, paths);
	}
	strings_add(paths, file->path);
}

/* The contents of FILE came: so they did for its other names. */
static int place_waiting(struct intake *intake, const struct package_file *file,
			 const struct spooled *spooled, struct note_error *err)
{
	char key[24];
	inode_key(file, key);
	struct strings *paths = index_find(&intake->waiting, key);
	int code = NOTE_OK;
	for (size_t i = 0; paths != NULL && code == NOTE_OK && i < paths->count; i++) {
		struct spooled again;
		code = spool_as(intake->share, spooled, paths->items[i], ++intake->number, &again,
				err);
		if (code == NOTE_OK)
			place_source(intake, &again, paths->items[i]);
	}
	if (paths != NULL)
		strings_free(paths);
	return code;
}

/* Streams the file at hand, whose first HAVE bytes are in the buffer, into the staging area. */
static int spool_member(struct intake *intake, const char *path, size_t have, struct look *look,
			struct spooled *spooled, struct note_error *err)
{
	struct spool spool;
	int code = spool_open(intake->share, path, ++intake->number, "", &spool, err);
	if (code != NOTE_OK)
		return code;
	while (code == NOTE_OK && have != 0) {
		code = spool_add(&spool, intake->buffer, have, err);
		if (code == NOTE_OK)
			code = package_read(intake->package, intake->buffer, COPY_BUFFER, &have,
					    err);
	}
	if (code == NOTE_OK && look != NULL)
		code = look_at(spool.fd, look, err);
	if (code == NOTE_OK && look != NULL && look->build_id[0] != '\0')
		code = spool_facts(intake->share, spool.fd, look, intake->number, &spool.spooled,
				   err);
	const int closed = spool_close(&spool, spooled, code == NOTE_OK ? err : NULL);
	if (code == NOTE_OK)
		code = closed;
	else if (closed == NOTE_OK)
		spooled_free(spooled);
	return code;
}

static int take_source(struct intake *intake, const struct package_file *file,
		       struct note_error *err)
{
	struct spooled spooled;
	size_t have;
	int code = package_read(intake->package, intake->buffer, COPY_BUFFER, &have, err);
	if (code == NOTE_OK)
		code = spool_member(intake, file->path, have, NULL, &spooled, err);
	if (code == NOTE_OK)
		code = place_waiting(intake, file, &spooled, err);
	if (code == NOTE_OK) {
		remember(intake, &spooled, file->path);
		place_source(intake, &spooled, file->path);
	}
	return code;
}

static int take_if_elf(struct intake *intake, const struct package_file *file,
		       struct note_error *err)
{
	struct spooled spooled = {0};
	struct look look = {0};
	size_t have;
	int code = package_read(intake->package, intake->buffer, COPY_BUFFER, &have, err);
	if (code != NOTE_OK || have < 4 || memcmp(intake->buffer, "\177ELF", 4) != 0)
		return code;
	code = spool_member(intake, file->path, have, &look, &spooled, err);
	if (code == NOTE_OK && look.build_id[0] != '\0')
		code = stage_place_elf(intake->stage, &spooled, &look, is_debug_path(file->path),
				       err);
	else if (code == NOTE_OK)
		code = root_remove(intake->share->root, spooled.path, err);
	spooled_free(&spooled);
	look_free(&look);
	return code;
}

static int take_file(struct intake *intake, const struct package_file *file, struct note_error *err)
{
	struct note_error why = {0};
	int code = NOTE_OK;
	if (is_source(file->path)) {
		if (file->later)
			wait_for_contents(intake, file);
		else if (file->link != NULL && file->size == 0)
			code = take_link(intake, file, &why);
		else
			code = take_source(intake, file, &why);
	} else if (file->size != 0) {
		code = take_if_elf(intake, file, &why);
	}
	if (code != NOTE_OK)
		error_set(err, code, why.offset, "%s: %s", file->path, why.text);
	return code;
}

static int take_all(struct intake *intake, struct note_error *err)
{
	struct package_file file;
	int code;
	while ((code = package_next(intake->package, &file, err)) == NOTE_OK) {
		code = take_file(intake, &file, err);
		if (code != NOTE_OK)
			return code;
	}
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

/* The facts of the header, as stage_commit and the record want them; nothing is copied. */
static void describe(const struct package_head *head, char *type, struct manifest *out)
{
	*out = (struct manifest){.type = type,
				 .name = head->name,
				 .version = head->version,
				 .release = head->release,
				 .architecture = head->architecture};
}

int share_add_package(struct share *share, const char *path, const char *package,
		      enum share_conflict conflict, struct share_added *added,
		      struct note_error *err)
{
	struct intake intake = {.share = share};
	struct manifest facts;
	char *own_name = NULL;
	char *type = NULL;
	*added = (struct share_added){0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_system(err, "open");
	int code = package_open(&intake.package, fd, err);
	if (code != NOTE_OK)
		goto out;
	type = xstrdup(package_head(intake.package)->type);
	describe(package_head(intake.package), type, &facts);
	if (package == NULL)
		package = own_name = manifest_package_name(&facts);
	code = share->store->clear(share, err);
	if (code != NOTE_OK)
		goto out;
	intake.stage = stage_new(share);
	intake.buffer = xmalloc(COPY_BUFFER);
	code = take_all(&intake, err);
	if (code == NOTE_OK)
		code = stage_commit(intake.stage, package, &facts, conflict, added, err);
	if (code == NOTE_ABSENT) {
		added->package = xstrdup(package);
		added->nothing = true;
		code = NOTE_OK;
	}
	code = stage_end(share, intake.stage, code, err);
out:
	index_free(&intake.sources, free_source);
	index_free(&intake.waiting, free_waiting);
	free(intake.buffer);
	package_close(intake.package);
	free(own_name);
	free(type);
	close(fd);
	return code;
}
