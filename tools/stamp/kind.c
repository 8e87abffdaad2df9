/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/stamp/kind.h"

#include <elf.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libnote/pe/pe.h"

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

enum kind kind_of_file(int fd)
{
	unsigned char magic[EI_NIDENT + 2] = {0};
	if (pread(fd, magic, sizeof(magic), 0) < 4)
		return KIND_OTHER;
	/* e_type follows the identification; ET_REL is 1 in either byte order. */
	if (memcmp(magic, ELFMAG, SELFMAG) == 0)
		return magic[EI_NIDENT] + magic[EI_NIDENT + 1] == ET_REL ? KIND_OBJECT : KIND_ELF;
	if (memcmp(magic, "MZ", 2) == 0 && is_pe(fd))
		return KIND_PE;
	return memcmp(magic, "!<arch>\n", 8) == 0 || memcmp(magic, "!<thin>\n", 8) == 0
		       ? KIND_ARCHIVE
		       : KIND_OTHER;
}

bool kind_has_note(const uint8_t *bytes, size_t size)
{
	struct note_file *file = NULL;
	const char *payload;
	size_t length;
	const bool found = note_file_open_memory(&file, bytes, size, NULL) == NOTE_OK &&
			   note_file_payload(file, &payload, &length, NULL) == NOTE_OK;
	note_file_close(file);
	return found;
}

bool kind_is_signed(int fd)
{
	return fgetxattr(fd, "security.ima", NULL, 0) >= 0 ||
	       fgetxattr(fd, "security.evm", NULL, 0) >= 0;
}
