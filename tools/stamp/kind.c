/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/stamp/kind.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/pe/pe.h"
#include "libnote/place/purpose.h"
#include "tools/base/elf/foreign.h"
#include "tools/splitter/elf/elf.h"

/* DOS programs, and text, may begin with MZ too. */
static bool is_pe(int fd)
{
	struct image *image = NULL;
	struct pe pe;
	const bool found = image_open_fd(&image, fd, NULL) == NOTE_OK &&
			   pe_read(&pe, image, NULL) != NOTE_ABSENT;
	image_close(image);
	return found;
}

/* True, with the reason, where stamping is not for the ELF file: in a tree it is left alone. */
static bool is_foreign(struct image *image, char reason[REASON_SIZE])
{
	if (image->ehdr.e_type == ET_CORE)
		snprintf(reason, REASON_SIZE, "a core file");
	else if (image->ehdr.e_type != ET_EXEC && image->ehdr.e_type != ET_DYN)
		snprintf(reason, REASON_SIZE,
			 "neither an executable nor a shared library (e_type %u)",
			 image->ehdr.e_type);
	else if (!elf_loads_headers(image))
		snprintf(
			reason, REASON_SIZE,
			"not linked for Linux: no segment loads its headers (firmware, boot code)");
	else
		return elf_is_foreign(image, reason);
	return true;
}

static enum kind kind_of_elf(int fd)
{
	struct image *image = NULL;
	enum kind kind = KIND_ELF;
	char reason[REASON_SIZE];
	if (image_open_fd(&image, fd, NULL) == NOTE_OK && image_read_elf(image, NULL) == NOTE_OK) {
		if (image->ehdr.e_type == ET_REL)
			kind = KIND_OBJECT;
		else if (elf_is_debug_file(image))
			kind = KIND_DEBUG;
		else if (is_foreign(image, reason))
			kind = KIND_FOREIGN;
	}
	image_close(image);
	return kind;
}

enum kind kind_of_file(int fd)
{
	unsigned char magic[8] = {0};
	if (pread(fd, magic, sizeof(magic), 0) < 4)
		return KIND_OTHER;
	if (memcmp(magic, ELFMAG, SELFMAG) == 0)
		return kind_of_elf(fd);
	if (memcmp(magic, "MZ", 2) == 0 && is_pe(fd))
		return KIND_PE;
	return memcmp(magic, "!<arch>\n", 8) == 0 || memcmp(magic, "!<thin>\n", 8) == 0
		       ? KIND_ARCHIVE
		       : KIND_OTHER;
}

int kind_explain(int fd, struct note_error *err)
{
	struct image *image = NULL;
	char reason[REASON_SIZE] = "it changed meanwhile";
	if (image_open_fd(&image, fd, NULL) == NOTE_OK && image_read_elf(image, NULL) == NOTE_OK)
		is_foreign(image, reason);
	image_close(image);
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "%s", reason);
}

/* The value of "name", for free(); NULL where there is none. */
static char *name_in(const char *payload, size_t length)
{
	struct note_package *package = NULL;
	char *name = NULL;
	if (note_package_parse(&package, payload, length, NULL) == NOTE_OK &&
	    note_package_get(package, "name") != NULL)
		name = strdup(note_package_get(package, "name"));
	note_package_free(package);
	return name;
}

char *kind_other_package(const uint8_t *bytes, size_t size, const char *payload)
{
	struct note_file *file = NULL;
	const char *there;
	size_t length;
	char *name = NULL;
	if (note_file_open_memory(&file, bytes, size, NULL) == NOTE_OK &&
	    note_file_payload(file, &there, &length, NULL) == NOTE_OK)
		name = name_in(there, length);
	note_file_close(file);
	char *own = name != NULL ? name_in(payload, strlen(payload)) : NULL;
	if (own == NULL || strcmp(own, name) == 0) {
		free(name);
		name = NULL;
	}
	free(own);
	return name;
}

bool kind_is_signed(int fd)
{
	return fgetxattr(fd, "security.ima", NULL, 0) >= 0 ||
	       fgetxattr(fd, "security.evm", NULL, 0) >= 0;
}
