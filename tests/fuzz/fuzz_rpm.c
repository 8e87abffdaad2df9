/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as an .rpm, and, by the first one, as a part of one that is sound else: its header's
 * index and store, its payload, an ELF file in it. */
#include <string.h>

#include "tests/fuzz/package_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_big32(struct text *out, uint32_t value)
{
	const unsigned char bytes[4] = {value >> 24, value >> 16, value >> 8, value};
	text_add(out, bytes, sizeof(bytes));
}

static void add_header(struct text *out, uint32_t count, const void *index, const void *store,
		       size_t size)
{
	text_add(out, "\x8e\xad\xe8\x01\0\0\0\0", 8);
	add_big32(out, count);
	add_big32(out, (uint32_t)size);
	text_add(out, index, 16 * (size_t)count);
	text_add(out, store, size);
}

/* cpio, "newc": a header of 110 hexadecimal digits, the name and the file, each padded to 4. */
static void add_cpio(struct text *out, const char *name, const void *bytes, size_t size)
{
	static const char zeros[4];
	text_printf(out, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1, 0100644,
		    0, 0, 1, 0, size, 0, 0, 0, 0, strlen(name) + 1, 0);
	text_add(out, name, strlen(name) + 1);
	text_add(out, zeros, (4 - (110 + strlen(name) + 1) % 4) % 4);
	text_add(out, bytes, size);
	text_add(out, zeros, (4 - size % 4) % 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char zeros[96];
	struct text package = {0}, index = {0};
	if (size == 0)
		return 0;
	const int part = data[0] % 4;
	data++;
	size--;
	if (part != 0) {
		text_add(&package, "\xed\xab\xee\xdb\3\0", 6);
		text_add(&package, zeros, 90);
		add_header(&package, 0, "", "", 0);
	}
	if (part == 0) {
		text_add(&package, data, size);
	} else if (part == 1) {
		const uint32_t count = size > 0 ? data[0] : 0;
		if (size < 1 + 16 * (size_t)count)
			goto out;
		add_header(&package, count, data + 1, data + 1 + 16 * (size_t)count,
			   size - 1 - 16 * (size_t)count);
	} else {
		const uint32_t tags[4] = {1000, 1001, 1002, 1022};
		for (uint32_t i = 0; i < 4; i++) {
			add_big32(&index, tags[i]);
			add_big32(&index, 6);
			add_big32(&index, 2 * i);
			add_big32(&index, 1);
		}
		add_header(&package, 4, index.data, "t\0001\0002\0x", 8);
		if (part == 2)
			text_add(&package, data, size);
		else
			add_cpio(&package, "./usr/bin/x", data, size);
		if (part == 3)
			add_cpio(&package, "TRAILER!!!", "", 0);
	}
	read_package(&package);
out:
	text_free(&package);
	text_free(&index);
	return 0;
}
