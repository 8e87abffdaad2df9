/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/image.h"
#include "tools/debuginfod/ahead/ahead.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/proof/proof.h"

/* So many are looked at, and so long may a build-id be that is fetched ahead. */
#define OPENED_MOST   512
#define BUILD_ID_MOST 64

/* Where packages of debug information put it, and debuggers look before they ask anybody. */
static bool is_installed(const char *hex)
{
	char *path = format_string("/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
	const bool there = path != NULL && access(path, R_OK) == 0;
	free(path);
	return there;
}

/* Fills HEX where FD is a linked file without debug information. */
static bool wants_debuginfo(int fd, char hex[2 * BUILD_ID_MOST + 1])
{
	struct note_file *file = NULL;
	struct image *image = NULL;
	const uint8_t *id;
	size_t size = 0;
	bool wants = false;
	if (image_open_fd(&image, fd, NULL) == NOTE_OK && image_read_elf(image, NULL) == NOTE_OK &&
	    (image->ehdr.e_type == ET_DYN || image->ehdr.e_type == ET_EXEC) &&
	    !proof_has_debuginfo(image) && note_file_open_fd(&file, fd, NULL) == NOTE_OK &&
	    note_file_build_id(file, &id, &size, NULL) == NOTE_OK && size >= 2 &&
	    size <= BUILD_ID_MOST) {
		hex_encode(id, size, hex);
		wants = true;
	}
	note_file_close(file);
	image_close(image);
	return wants;
}

/* Files alone are read: whatever else is open may be waiting for somebody. */
static bool is_elf(int fd)
{
	char magic[4];
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	       memcmp(magic, "\177ELF", sizeof(magic)) == 0;
}

bool ahead_opened(struct strings *ids)
{
	char hex[2 * BUILD_ID_MOST + 1];
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;
	size_t seen = 0;
	bool good = true;
	while (directory != NULL && good && seen < OPENED_MOST &&
	       (entry = readdir(directory)) != NULL) {
		char *end;
		const long fd = strtol(entry->d_name, &end, 10);
		if (*end != '\0' || end == entry->d_name || fd == dirfd(directory) ||
		    !is_elf((int)fd))
			continue;
		seen++;
		if (wants_debuginfo((int)fd, hex) && !list_has(ids, hex) && !is_installed(hex))
			good = list_add(ids, hex);
	}
	if (directory != NULL)
		closedir(directory);
	return good;
}
