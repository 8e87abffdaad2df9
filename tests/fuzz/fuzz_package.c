/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a .deb or .rpm, as the data.tar of a sound .deb, as the cpio of a sound .rpm: read
 * to the end as a stream.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/base/package/package.h"
#include "tools/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct package *package)
{
	struct package_file file;
	struct note_error err;
	while (package_next(package, &file, &err) == NOTE_OK) {
		char buffer[4096];
		size_t got = 1;
		if (file.path[0] == '/' || strcmp(file.path, "..") == 0 ||
		    strncmp(file.path, "../", 3) == 0 || strstr(file.path, "/../") != NULL)
			abort();
		while (got != 0 &&
		       package_read(package, buffer, sizeof(buffer), &got, &err) == NOTE_OK)
			;
	}
}

static void read_package(const void *data, size_t size)
{
	struct package *package;
	struct note_error err;
	const int fd = memfd_create("package", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (package_open(&package, fd, &err) == NOTE_OK) {
		if (package_head(package)->name == NULL || package_head(package)->version == NULL)
			abort();
		read_all(package);
		package_close(package);
	}
	close(fd);
}

static void add_member(struct text *deb, const char *name, const void *bytes, size_t size)
{
	text_printf(deb, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "100644", size);
	text_add(deb, bytes, size);
	text_add(deb, "\n", size & 1);
}

static void read_as_tar(const uint8_t *data, size_t size)
{
	static const char control[] = "Package: p\nVersion: 1-1\nArchitecture: a\n";
	char tar[2048] = "./control";
	struct text deb = {0};
	unsigned sum = 0;
	snprintf(tar + 100, 8, "%07o", 0644);
	snprintf(tar + 124, 12, "%011zo", sizeof(control) - 1);
	memcpy(tar + 257, "ustar\00000", 8);
	tar[156] = '0';
	memset(tar + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)tar[i];
	snprintf(tar + 148, 8, "%06o", sum);
	memcpy(tar + 512, control, sizeof(control) - 1);
	text_puts(&deb, "!<arch>\n");
	add_member(&deb, "debian-binary", "2.0\n", 4);
	add_member(&deb, "control.tar", tar, sizeof(tar));
	add_member(&deb, "data.tar", data, size);
	read_package(deb.data, deb.size);
	text_free(&deb);
}

static void add_big32(struct text *out, uint32_t value)
{
	const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
				  (uint8_t)(value >> 8), (uint8_t)value};
	text_add(out, bytes, 4);
}

static void read_as_cpio(const uint8_t *data, size_t size)
{
	static const uint32_t tags[] = {1000, 1001, 1002, 1022};
	struct text rpm = {0};
	text_add(&rpm, "\xed\xab\xee\xdb", 4);
	for (int i = 0; i < 92; i += 4)
		add_big32(&rpm, 0);
	text_add(&rpm, "\x8e\xad\xe8\x01\0\0\0\0\0\0\0\0\0\0\0\0", 16); /* an empty signature */
	text_add(&rpm, "\x8e\xad\xe8\x01\0\0\0\0", 8);
	add_big32(&rpm, 4);
	add_big32(&rpm, 2);
	for (int i = 0; i < 4; i++) {
		add_big32(&rpm, tags[i]);
		add_big32(&rpm, 6);
		add_big32(&rpm, 0);
		add_big32(&rpm, 1);
	}
	text_add(&rpm, "x", 2);
	text_add(&rpm, data, size);
	read_package(rpm.data, rpm.size);
	text_free(&rpm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_package(data, size);
	read_as_tar(data, size);
	read_as_cpio(data, size);
	return 0;
}
