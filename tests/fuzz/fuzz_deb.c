/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a .deb, and, by the first one, as a part of one that is sound else: its control
 * file, its data.tar, an ELF file in it. */
#include <string.h>

#include "tests/fuzz/package_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ustar: a header of 512 bytes, the file padded to 512; two zero blocks end it. */
static void add_tar(struct text *out, const char *name, const void *bytes, size_t size)
{
	static const char zeros[1024];
	char header[512] = "";
	unsigned sum = 0;
	snprintf(header, 100, "%s", name);
	memcpy(header + 100, "0000644\0000000000\0000000000", 24);
	snprintf(header + 124, 12, "%011zo", size);
	memcpy(header + 136, "00000000000\0        0", 21);
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	text_add(out, header, sizeof(header));
	text_add(out, bytes, size);
	text_add(out, zeros, (512 - size % 512) % 512);
	text_add(out, zeros, sizeof(zeros));
}

static void add_ar(struct text *out, const char *name, const void *bytes, size_t size)
{
	text_printf(out, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "100644", size);
	text_add(out, bytes, size);
	text_add(out, "\n", size & 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char fine[] = "Package: t\nVersion: 1\nArchitecture: amd64\n";
	struct text package = {0}, control = {0}, payload = {0};
	if (size == 0)
		return 0;
	const int part = data[0] % 4;
	data++;
	size--;
	if (part == 0) {
		text_add(&package, data, size);
	} else {
		add_tar(&control, "./control", part == 1 ? (const void *)data : fine,
			part == 1 ? size : sizeof(fine) - 1);
		if (part == 2)
			text_add(&payload, data, size);
		else
			add_tar(&payload, "./usr/bin/x", data, size);
		text_puts(&package, "!<arch>\n");
		add_ar(&package, "debian-binary", "2.0\n", 4);
		add_ar(&package, "control.tar", control.data, control.size);
		add_ar(&package, "data.tar", payload.data, payload.size);
	}
	read_package(&package);
	text_free(&package);
	text_free(&control);
	text_free(&payload);
	return 0;
}
