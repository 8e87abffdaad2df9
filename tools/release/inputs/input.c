/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an input is, told by what is in it where that can be: see input.h. */
#include "tools/release/inputs/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/pe/pe.h"
#include "tools/release/inputs/content.h"
#include "tools/release/inputs/package.h"

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

/* A package may be named as it likes, such as in a pipeline's cache. */
static bool is_static_name(const char *input)
{
	return ends_with(input, ".a");
}

static int add_file(struct units *units, const char *input, int fd, units_fail *fail, void *context,
		    struct note_error *err)
{
	char head[4096] = "";
	const ssize_t got = pread(fd, head, sizeof(head), 0);
	const struct input_kind *kind = NULL;
	if (got < 0)
		return error_system(err, "read");
	const char *text = head + strspn(head, " \t\r\n");
	const enum content content = content_of(input, head, (size_t)got);
	if (is_core(head, (size_t)got))
		kind = &core_input;
	else if (content == CONTENT_PACKAGE ||
		 (content == CONTENT_STATIC && !is_static_name(input)))
		kind = &package_input;
	else if (content != CONTENT_OTHER)
		kind = &elf_input;
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

/* What a compressed module may unpack to: four times is usual. */
#define FREE_BYTES    (64ull << 20)
#define MODULE_FACTOR 64

/* A module that cannot be unpacked is told as a file that cannot be read. */
static int hand_over_module(struct member *member, member_visit *visit, void *context,
			    struct note_error *err)
{
	struct image *packed = member->image;
	uint8_t *bytes = NULL;
	size_t size = 0;
	const uint8_t *all = image_bytes(packed, 0, packed->size, "file", err);
	uint64_t limit;
	if (all == NULL)
		return err->code;
	if (__builtin_mul_overflow(packed->size, MODULE_FACTOR, &limit) ||
	    __builtin_add_overflow(limit, FREE_BYTES, &limit))
		limit = UINT64_MAX;
	int code = content_unpack(&bytes, &size, all, packed->size, limit, err);
	member->image = NULL;
	if (code == NOTE_MALFORMED)
		member->problem = err->text;
	else if (code == NOTE_OK)
		code = image_open_memory(&member->image, bytes, size, err);
	if (code == NOTE_OK || code == NOTE_MALFORMED)
		visit(context, member);
	image_close(member->image);
	member->image = NULL;
	free(bytes);
	return code == NOTE_MALFORMED ? NOTE_OK : code;
}

int member_from_image(const struct unit *unit, const char *path, enum artifact_role role,
		      struct image *image, member_visit *visit, void *context,
		      struct note_error *err)
{
	enum content content = CONTENT_ELF;
	struct member member = {.input = unit->input,
				.path = path,
				.role = role,
				.image = image,
				.package = unit->facts};
	if (role != ROLE_SOURCE) {
		const uint64_t size = image->size < CONTENT_HEAD ? image->size : CONTENT_HEAD;
		const uint8_t *head = image_bytes(image, 0, size, "file", err);
		if (head == NULL)
			return err->code;
		content = content_of(path, head, (size_t)size);
	}
	if (content == CONTENT_OTHER || (role != ROLE_SHIPPED && content != CONTENT_ELF))
		return NOTE_OK;
	if (content == CONTENT_MODULE)
		return hand_over_module(&member, visit, context, err);
	member.passed_over = content_passed_over(content);
	if (content == CONTENT_PE) {
		struct pe pe;
		if (pe_read(&pe, image, err) == NOTE_ABSENT)
			return NOTE_OK; /* a DOS program, or two letters of a text */
	}
	visit(context, &member);
	return NOTE_OK;
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
	code = member_from_image(unit, path, role, image, visit, context, err);
	image_close(image);
	return code;
}
