/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operands as build-ids. Which kind an operand is, its contents say, never its name. */
#include "tools/fetch/subjects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/core/core.h"
#include "libnote/error.h"
#include "tools/release/inputs/input.h"

static void add(struct subjects *subjects, char *name, char *path, char *hex)
{
	if (subjects->count == subjects->room) {
		subjects->room = subjects->room != 0 ? 2 * subjects->room : 16;
		subjects->items =
			xrealloc(subjects->items, subjects->room * sizeof(*subjects->items));
	}
	subjects->items[subjects->count++] = (struct subject){name, path, hex};
}

void subjects_free(struct subjects *subjects)
{
	for (size_t i = 0; i < subjects->count; i++) {
		free(subjects->items[i].name);
		free(subjects->items[i].path);
		free(subjects->items[i].hex);
	}
	free(subjects->items);
	*subjects = (struct subjects){0};
}

static char *hex_of(const uint8_t *id, size_t size)
{
	char *hex = xmalloc(2 * size + 1);
	hex_encode(id, size, hex);
	return hex;
}

/* --- files --- */

static int image_build_id(struct image *image, char **hex, struct note_error *err)
{
	const uint8_t *id;
	size_t size;
	int code = elf_build_id(image, &id, &size, NULL, err);
	if (code == NOTE_OK)
		*hex = hex_of(id, size);
	return code;
}

char *file_build_id(const char *path, struct note_error *err)
{
	struct image *image = NULL;
	char *hex = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		error_system(err, "open");
		return NULL;
	}
	if (image_open_fd(&image, fd, err) == NOTE_OK && image_read_elf(image, err) == NOTE_OK)
		image_build_id(image, &hex, err);
	image_close(image);
	close(fd);
	return hex;
}

/* --- cores and processes --- */

struct modules {
	struct subjects *subjects;
	const char *operand;
};

static bool take_module(void *context, struct module *module)
{
	const struct modules *modules = context;
	const char *path = module->path;
	/* The kernel's own, which no package ships. */
	if (path != NULL && path[0] == '[')
		return true;
	char *hex = module->build_id.bytes != NULL
			    ? hex_of(module->build_id.bytes, module->build_id.size)
			    : NULL;
	char *name = path != NULL ? xasprintf("%s: %s", modules->operand, path)
				  : xasprintf("%s: module at 0x%llx", modules->operand,
					      (unsigned long long)module->address);
	add(modules->subjects, name, path != NULL ? xstrdup(path) : NULL, hex);
	return true;
}

static int add_process(struct subjects *subjects, const char *operand, struct note_error *err)
{
	struct modules modules = {subjects, operand};
	char *end;
	errno = 0;
	const long pid = strtol(operand, &end, 10);
	if (errno != 0 || *end != '\0' || pid <= 0 || pid > INT32_MAX)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "neither a build-id, nor a file, nor a process");
	return process_modules((pid_t)pid, take_module, &modules, err);
}

/* --- packages --- */

struct package_walk {
	struct subjects *subjects;
	const char *operand;
};

static void take_member(void *context, const struct member *member)
{
	const struct package_walk *walk = context;
	char *hex = NULL;
	if (image_read_elf(member->image, NULL) != NOTE_OK || member->image->ehdr.e_type == ET_CORE)
		return;
	image_build_id(member->image, &hex, NULL);
	/* Members come in the archive's order; the results keep it. */
	add(walk->subjects, xasprintf("%s: %s", walk->operand, member->path), xstrdup(member->path),
	    hex);
}

static void ignore_failure(void *context, const char *path, const struct note_error *err)
{
	(void)context;
	(void)path;
	(void)err;
}

static int add_package(struct subjects *subjects, const char *operand, struct note_error *err)
{
	struct package_walk walk = {subjects, operand};
	struct units units = {0};
	int code = units_add(&units, operand, ignore_failure, NULL, err);
	for (size_t i = 0; code == NOTE_OK && i < units.count; i++)
		code = units.items[i].kind->read(&units.items[i], ROLE_SHIPPED, take_member, &walk,
						 err);
	units_free(&units);
	return code;
}

/* --- operands --- */

static bool is_build_id(const char *text)
{
	const size_t length = strlen(text);
	return length >= 16 && length % 2 == 0 && strspn(text, "0123456789abcdefABCDEF") == length;
}

/* Debian's ar archives and RPM's lead (rpm's doc/format.md) by their magic. */
static bool is_package(struct image *image)
{
	const uint8_t *magic = image_bytes(image, 0, 8, "magic", NULL);
	return magic != NULL &&
	       (memcmp(magic, "!<arch>\n", 8) == 0 || memcmp(magic, "\xed\xab\xee\xdb", 4) == 0);
}

static int add_file(struct subjects *subjects, const char *operand, int fd, enum operand_kind *kind,
		    struct note_error *err)
{
	struct image *image;
	char *hex = NULL;
	int code = image_open_fd(&image, fd, err);
	if (code != NOTE_OK)
		return code;
	*kind = OPERAND_FILE;
	code = image_read_elf(image, err);
	if (code == NOTE_OK && image->ehdr.e_type == ET_CORE) {
		struct modules modules = {subjects, operand};
		*kind = OPERAND_CORE;
		code = core_modules(image, take_module, &modules, err);
	} else if (code == NOTE_OK) {
		code = image_build_id(image, &hex, err);
		if (code == NOTE_OK)
			add(subjects, xstrdup(operand), xstrdup(operand), hex);
	} else if (code == NOTE_ABSENT && is_package(image)) {
		*kind = OPERAND_PACKAGE;
		code = add_package(subjects, operand, err);
	}
	image_close(image);
	return code;
}

int subjects_add(struct subjects *subjects, const char *operand, enum operand_kind *kind,
		 struct note_error *err)
{
	enum operand_kind any = OPERAND_BUILD_ID;
	kind = kind != NULL ? kind : &any;
	int fd = open(operand, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		int code = add_file(subjects, operand, fd, kind, err);
		close(fd);
		return code;
	}
	if (errno != ENOENT && errno != ENAMETOOLONG)
		return error_system(err, "open");
	if (is_build_id(operand)) {
		*kind = OPERAND_BUILD_ID;
		add(subjects, xstrdup(operand), NULL, xstrdup(operand));
		return NOTE_OK;
	}
	if (operand[0] >= '0' && operand[0] <= '9') {
		*kind = OPERAND_PROCESS;
		return add_process(subjects, operand, err);
	}
	return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
			 "neither a build-id, nor a process, nor a file: %s", strerror(ENOENT));
}
