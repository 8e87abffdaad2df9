/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inputs that name files without holding them: a manifest of pkgnote split, a core file, a list of
 * build-ids. What they tell is checked against the servers; the rest is said to be unknown.
 */
#include <ctype.h>
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/release/inputs/input.h"

#define LIST_MAX (64 << 20)

static int open_input(const struct unit *unit, int *fd, struct note_error *err)
{
	struct stat st;
	const int code = unit_open(unit, fd, err);
	if (code != NOTE_OK)
		return code;
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
		return NOTE_OK;
	close(*fd);
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a regular file");
}

static int read_text(const struct unit *unit, uint8_t **bytes, size_t *size, struct note_error *err)
{
	int fd;
	struct stat st;
	int code = open_input(unit, &fd, err);
	if (code != NOTE_OK)
		return code;
	if (fstat(fd, &st) == 0 && st.st_size > LIST_MAX)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "over %d bytes", LIST_MAX);
	else
		code = file_read(fd, bytes, size, err);
	close(fd);
	return code;
}

/* --- a manifest --- */

static int read_manifest(struct unit *unit, unsigned roles, member_visit *visit, void *context,
			 struct note_error *err)
{
	uint8_t *bytes = NULL;
	size_t size;
	if ((roles & ROLE_SHIPPED) == 0)
		return NOTE_OK;
	int code = read_text(unit, &bytes, &size, err);
	if (code != NOTE_OK)
		return code;
	unit->manifest = xcalloc(1, sizeof(*unit->manifest));
	code = manifest_parse(unit->manifest, (const char *)bytes, size, err);
	free(bytes);
	for (size_t i = 0; code == NOTE_OK && i < unit->manifest->file_count; i++) {
		const struct manifest_file *entry = &unit->manifest->files[i];
		const struct member member = {.input = unit->input,
					      .path = entry->path,
					      .role = ROLE_SHIPPED,
					      .entry = entry};
		visit(context, &member);
	}
	return code;
}

const struct input_kind manifest_input = {"manifest", read_manifest};

/* --- a core file --- */

struct visiting {
	const struct unit *unit;
	member_visit *visit;
	void *context;
};

/* What is not in the core is not known; the core as a whole is told as one that cannot be read. */
static const char *lacking(const struct module *module)
{
	if (module->lack == NULL)
		return NULL;
	return strcmp(module->lack, CORE_CUT_SHORT) == 0
		       ? "not known: the core was cut short before its first page"
		       : "not known: its first page is not in the core";
}

static bool visit_module(void *context, struct module *module)
{
	struct visiting *visiting = context;
	/* The kernel's own: no package ships it. */
	if (module->path != NULL && strcmp(module->path, "[vdso]") == 0)
		return true;
	char *path = module->path != NULL
			     ? xstrdup(module->path)
			     : xasprintf("[0x%llx]", (unsigned long long)module->address);
	const struct member member = {.input = visiting->unit->input,
				      .path = path,
				      .role = ROLE_SHIPPED,
				      .module = module,
				      .passed_over = lacking(module)};
	visiting->visit(visiting->context, &member);
	free(path);
	return true;
}

bool core_is_head(const char *head, size_t size)
{
	if (size < CORE_HEAD || memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	const bool big = head[EI_DATA] == ELFDATA2MSB;
	return head[EI_NIDENT + (big ? 1 : 0)] == ET_CORE && head[EI_NIDENT + (big ? 0 : 1)] == 0;
}

int core_from_fd(const struct unit *unit, int fd, member_visit *visit, void *context,
		 struct note_error *err)
{
	struct visiting visiting = {unit, visit, context};
	struct image *image = NULL;
	int code = image_open_fd(&image, fd, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = core_modules(image, visit_module, &visiting, err);
	image_close(image);
	return code;
}

static int read_core(struct unit *unit, unsigned roles, member_visit *visit, void *context,
		     struct note_error *err)
{
	int fd;
	if ((roles & ROLE_SHIPPED) == 0)
		return NOTE_OK;
	int code = open_input(unit, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = core_from_fd(unit, fd, visit, context, err);
	close(fd);
	return code;
}

const struct input_kind core_input = {"core file", read_core};

/* --- a list of build-ids --- */

/* The next build-id at or behind *AT, in lower case into ID; false at the end, or, with *BAD set,
 * where there is something else. */
static bool next_id(const char **at, const char *end, char id[2 * 64 + 1], bool *bad)
{
	*bad = false;
	while (*at < end) {
		const char *line = *at;
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop != NULL ? stop : end;
		*at = stop < end ? stop + 1 : end;
		const char *hash = memchr(line, '#', (size_t)(stop - line));
		stop = hash != NULL ? hash : stop;
		while (line < stop && isspace((unsigned char)*line))
			line++;
		while (stop > line && isspace((unsigned char)stop[-1]))
			stop--;
		const size_t length = (size_t)(stop - line);
		if (length == 0)
			continue;
		*bad = length < 4 || length > 2 * 64 || length % 2 != 0;
		for (size_t i = 0; !*bad && i < length; i++) {
			*bad = !isxdigit((unsigned char)line[i]);
			id[i] = (char)tolower((unsigned char)line[i]);
		}
		id[*bad ? 0 : length] = '\0';
		return !*bad;
	}
	return false;
}

bool build_ids_is_list(const char *text, size_t size)
{
	char id[2 * 64 + 1];
	bool bad;
	const char *at = text;
	/* The first one tells; what is wrong with others is told with its line. */
	return next_id(&at, text + size, id, &bad);
}

static int read_ids(struct unit *unit, unsigned roles, member_visit *visit, void *context,
		    struct note_error *err)
{
	uint8_t *bytes = NULL;
	size_t size;
	char id[2 * 64 + 1];
	bool bad = false;
	if ((roles & ROLE_SHIPPED) == 0)
		return NOTE_OK;
	int code = read_text(unit, &bytes, &size, err);
	if (code != NOTE_OK)
		return code;
	const char *at = (const char *)bytes, *start = at;
	const char *end = at + size;
	while (next_id(&at, end, id, &bad)) {
		const struct member member = {
			.input = unit->input, .path = id, .role = ROLE_SHIPPED, .build_id = id};
		visit(context, &member);
		start = at;
	}
	if (bad)
		code = error_set(err, NOTE_MALFORMED, (uint64_t)(start - (const char *)bytes),
				 "no build-id");
	free(bytes);
	return code;
}

const struct input_kind build_ids_input = {"list of build-ids", read_ids};
