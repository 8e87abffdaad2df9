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

/* A descriptor of our own for the file that NAME in /proc/self/fd is, whoever closes that
 * meanwhile, or -1. Files alone are opened: whatever else there is may be waiting for somebody. */
static int open_elf(int at, const char *name)
{
	char magic[4], self[40];
	struct stat st;
	const int place = openat(at, name, O_PATH | O_CLOEXEC);
	if (place < 0)
		return -1;
	int fd = -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", place);
	if (fstat(place, &st) == 0 && S_ISREG(st.st_mode))
		fd = open(self, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	close(place);
	if (fd >= 0 && (pread(fd, magic, sizeof(magic), 0) != (ssize_t)sizeof(magic) ||
			memcmp(magic, "\177ELF", sizeof(magic)) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
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
		const int fd =
			entry->d_name[0] != '.' ? open_elf(dirfd(directory), entry->d_name) : -1;
		if (fd < 0)
			continue;
		seen++;
		if (wants_debuginfo(fd, hex) && !list_has(ids, hex) && !is_installed(hex))
			good = list_add(ids, hex);
		close(fd);
	}
	if (directory != NULL)
		closedir(directory);
	return good;
}
