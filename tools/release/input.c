/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an input is, told by what is in it where that can be: see input.h. */
#include "tools/release/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/release/package.h"

struct unit *units_append(struct units *units, const struct input_kind *kind, const char *input)
{
	if ((units->count & (units->count - 1)) == 0)
		units->items = xrealloc(units->items, (units->count != 0 ? 2 * units->count : 1) *
							      sizeof(*units->items));
	struct unit *unit = &units->items[units->count++];
	*unit = (struct unit){.kind = kind, .input = input};
	return unit;
}

void units_free(struct units *units)
{
	for (size_t i = 0; i < units->count; i++) {
		package_facts_free(units->items[i].facts);
		if (units->items[i].manifest != NULL)
			manifest_free(units->items[i].manifest);
		free(units->items[i].manifest);
		free(units->items[i].path);
	}
	free(units->items);
	for (size_t i = 0; i < units->root_count; i++)
		root_close(units->roots[i]);
	free(units->roots);
	strings_free(&units->inputs);
	*units = (struct units){0};
}

/* The role of a file named by itself: where it really lies counts. */
static enum artifact_role lone_role(const char *input)
{
	char *real = realpath(input, NULL);
	const enum artifact_role role = artifact_role(real != NULL ? real : input);
	free(real);
	return role;
}

const char *units_name(struct units *units, const char *name)
{
	strings_add(&units->inputs, name);
	return units->inputs.items[units->inputs.count - 1];
}

bool is_package_file_name(const char *name)
{
	return ends_with(name, ".deb") || ends_with(name, ".udeb") || ends_with(name, ".ddeb") ||
	       ends_with(name, ".rpm");
}

static bool is_core(const char *head, size_t size)
{
	if (size < EI_NIDENT + 2 || memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	const bool big = head[EI_DATA] == ELFDATA2MSB;
	return head[EI_NIDENT + (big ? 1 : 0)] == ET_CORE && head[EI_NIDENT + (big ? 0 : 1)] == 0;
}

static int add_file(struct units *units, const char *input, int fd, units_fail *fail, void *context,
		    struct note_error *err)
{
	static const uint8_t rpm_magic[4] = {0xed, 0xab, 0xee, 0xdb};
	char head[4096] = "";
	const ssize_t got = pread(fd, head, sizeof(head), 0);
	const struct input_kind *kind = NULL;
	if (got < 0)
		return error_system(err, "read");
	const char *text = head + strspn(head, " \t\r\n");
	if (is_core(head, (size_t)got))
		kind = &core_input;
	else if (got >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		kind = &elf_input;
	else if (got >= 4 && memcmp(head, rpm_magic, 4) == 0)
		kind = &package_input;
	else if (got >= 8 && memcmp(head, "!<arch>\n", 8) == 0 && !ends_with(input, ".a"))
		kind = &package_input;
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
				 "not a directory, an ELF file, a package, a manifest, nor a list "
				 "of packages or build-ids");
	struct unit *unit = units_append(units, kind, input);
	unit->path = xstrdup(input);
	unit->role = lone_role(input);
	unit->holds = kind == &elf_input ? unit->role : 0;
	return NOTE_OK;
}

int units_add(struct units *units, const char *input, units_fail *fail, void *context,
	      struct note_error *err)
{
	struct stat st;
	int code;
	const char *name = units_name(units, input);
	int fd = open(input, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_system(err, "open");
	if (fstat(fd, &st) != 0)
		code = error_system(err, "stat");
	else if (S_ISDIR(st.st_mode))
		code = directory_add(units, name, fail, context, err);
	else if (S_ISREG(st.st_mode))
		code = add_file(units, name, fd, fail, context, err);
	else
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "neither a directory nor a regular file");
	close(fd);
	return code;
}

int member_from_fd(const struct unit *unit, const char *path, enum artifact_role role, int fd,
		   unsigned roles, member_visit *visit, void *context, struct note_error *err)
{
	struct image *image = NULL;
	if ((role & roles) == 0)
		return NOTE_OK;
	int code = image_open_fd(&image, fd, err);
	if (code != NOTE_OK)
		return code;
	if (role != ROLE_SOURCE) {
		const uint8_t *head =
			image->size >= SELFMAG ? image_bytes(image, 0, SELFMAG, "file", err) : NULL;
		if (head == NULL && image->size >= SELFMAG)
			code = err->code;
		if (head == NULL || memcmp(head, ELFMAG, SELFMAG) != 0)
			goto out; /* not ELF: nothing to check */
	}
	const struct member member = {.input = unit->input,
				      .path = path,
				      .role = role,
				      .image = image,
				      .package = unit->facts};
	visit(context, &member);
out:
	image_close(image);
	return code;
}
