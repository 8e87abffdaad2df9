/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a package (.deb, .udeb, .ddeb, .rpm), streamed. One member at a time is in memory, and
 * only where it is to be read (content.h) or a source that is wanted. Of several names of one file
 * (hard links) the one that has the contents is the one that is judged.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/expansion/expansion.h"
#include "tools/base/package/package.h"
#include "tools/release/inputs/content.h"
#include "tools/release/inputs/input.h"

#define CHUNK (256 * 1024)

static char *copy(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

/* Versions as a note has them: deb's with the epoch, rpm's without. */
static struct package_facts *take_facts(const struct unit *unit, const struct package_head *head)
{
	struct package_facts *facts = xcalloc(1, sizeof(*facts));
	const char *version = head->version;
	if (strcmp(head->type, "rpm") == 0 && strchr(version, ':') != NULL)
		version = strchr(version, ':') + 1;
	facts->type = head->type;
	facts->name = copy(head->name);
	facts->version = head->release != NULL ? xasprintf("%s-%s", version, head->release)
					       : xstrdup(version);
	facts->architecture = copy(head->architecture);
	facts->source_name = copy(head->source_name);
	facts->source_version = copy(head->source_version);
	facts->is_debug = head->is_debug || ends_with(unit->path, ".ddeb");
	return facts;
}

/* The contents of the member at hand; only their beginning unless they are to be read, or WHOLE is
 * set. DATA grows by what really comes, whatever the member's header promises. */
static int read_member(struct package *package, const char *path, bool whole, uint64_t limit,
		       char *chunk, struct text *data, struct note_error *err)
{
	for (;;) {
		size_t got;
		int code = package_read(package, chunk, CHUNK, &got, err);
		if (code != NOTE_OK || got == 0)
			return code;
		if (got > limit - data->size)
			return expansion_error(err, NOTE_MALFORMED, NOTE_NO_OFFSET, path,
					       EXPANSION_MEMORY);
		text_add(data, chunk, got);
		if (!whole && data->size >= CONTENT_HEAD &&
		    !content_is_read(content_of(path, data->data, data->size)))
			return NOTE_OK;
	}
}

struct reading {
	struct unit *unit;
	struct package *package;
	uint64_t limit; /* of one member */
	char *chunk;
	member_visit *visit;
	void *context;
};

static int hand_over(struct reading *reading, const char *path, enum artifact_role role,
		     struct note_error *err)
{
	struct text data = {0};
	int code = read_member(reading->package, path, role == ROLE_SOURCE, reading->limit,
			       reading->chunk, &data, err);
	if (code == NOTE_OK)
		code = member_from_bytes(reading->unit, path, role, &data, reading->visit,
					 reading->context, err);
	text_free(&data);
	return code;
}

static int read_members(struct reading *reading, unsigned roles, struct note_error *err)
{
	struct unit *unit = reading->unit;
	struct package_file file;
	int code;
	while ((code = package_next(reading->package, &file, err)) == NOTE_OK) {
		if (file.size == 0 && file.link == NULL)
			continue;
		char *path = xasprintf("/%s", file.path);
		enum artifact_role role = artifact_role(path);
		if (role == ROLE_SHIPPED && unit->facts->is_debug)
			role = ROLE_DEBUG;
		unit->holds |= role;
		if ((role & roles) != 0)
			code = hand_over(reading, path, role, err);
		free(path);
		if (code != NOTE_OK)
			return code;
	}
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

static int read_package(struct unit *unit, unsigned roles, member_visit *visit, void *context,
			struct note_error *err)
{
	struct reading reading = {.unit = unit, .visit = visit, .context = context};
	struct stat st;
	int fd;
	int code = unit_open(unit, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = fstat(fd, &st) == 0 ? package_open(&reading.package, fd, err)
				   : error_system(err, "stat");
	if (code != NOTE_OK)
		goto out;
	if (unit->facts == NULL)
		unit->facts = take_facts(unit, package_head(reading.package));
	/* Nothing in a debug package is shipped: no need to unpack it to know. */
	unit->unseen = unit->facts->is_debug && roles == ROLE_SHIPPED;
	if (unit->unseen)
		goto out;
	reading.limit = expansion_bound((uint64_t)st.st_size, EXPANSION_MEMORY);
	reading.chunk = xmalloc(CHUNK);
	code = read_members(&reading, roles, err);
	free(reading.chunk);
out:
	package_close(reading.package);
	close(fd);
	return code;
}

const struct input_kind package_input = {"package", read_package};
