/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking in a .deb or .rpm: its files stream into the staging area one after the other. A hard
 * link of a file that is wanted is that file under another name.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/package.h"
#include "tools/share/internal.h"
#include "tools/share/look.h"

struct intake {
	struct share *share;
	struct package *package;
	struct stage *stage;
	size_t number;          /* of files that were spooled */
	uint8_t *buffer;        /* COPY_BUFFER bytes */
	struct strings waiting; /* sources of an rpm whose contents come with a later name: */
	uint64_t *inodes;       /* the inode of each */
};

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

/* A tar's hard link of an earlier source: that one's spool gets another name. */
static int take_link(struct intake *intake, const struct package_file *file, struct note_error *err)
{
	struct spooled again;
	char *below = xasprintf("source/%s", file->link);
	int code =
		stage_find_again(intake->stage, below, file->path, ++intake->number, &again, err);
	if (code == NOTE_OK)
		place_source(intake, &again, file->path);
	free(below);
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

static void wait_for_contents(struct intake *intake, const struct package_file *file)
{
	const size_t count = intake->waiting.count;
	strings_add(&intake->waiting, file->path);
	intake->inodes = xrealloc(intake->inodes, (count + 1) * sizeof(*intake->inodes));
	intake->inodes[count] = file->inode;
}

/* The contents of FILE came: so they did for its other names. */
static int place_waiting(struct intake *intake, const struct package_file *file,
			 const struct spooled *spooled, struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < intake->waiting.count; i++) {
		struct spooled again;
		if (intake->inodes[i] != file->inode)
			continue;
		code = spool_as(intake->share, spooled, intake->waiting.items[i], ++intake->number,
				&again, err);
		if (code == NOTE_OK)
			place_source(intake, &again, intake->waiting.items[i]);
	}
	return code;
}

/* Streams the file at hand, whose first HAVE bytes are in the buffer, into the staging area. */
static int spool_member(struct intake *intake, const char *path, size_t have, struct look *look,
			struct spooled *spooled, struct note_error *err)
{
	struct spool spool;
	int code = spool_open(intake->share, path, ++intake->number, &spool, err);
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
	if (code == NOTE_OK)
		place_source(intake, &spooled, file->path);
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
	code = undo_staging(share, err);
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
	stage_free(intake.stage);
	const int undone = undo_staging(share, code == NOTE_OK ? err : NULL);
	if (code == NOTE_OK)
		code = undone;
out:
	strings_free(&intake.waiting);
	free(intake.inodes);
	free(intake.buffer);
	package_close(intake.package);
	free(own_name);
	free(type);
	close(fd);
	return code;
}
