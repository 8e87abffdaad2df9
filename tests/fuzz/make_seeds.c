/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make_seeds core|note|pe DIR: the seeds that no compiler makes. */
#include <stdio.h>
#include <string.h>

#include "libnote/note.h"
#include "tests/unit/made_core.h"
#include "tests/unit/made_pe.h"

static int write_seed(const char *dir, const char *name, const void *bytes, size_t size)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "wb");
	if (file == NULL)
		return 1;
	const size_t written = fwrite(bytes, 1, size, file);
	return fclose(file) != 0 || written != size;
}

static int make_cores(const char *dir)
{
	static struct made_core made;
	int failed = 0;
	for (unsigned i = 0; i < 8; i++) {
		char name[16];
		snprintf(name, sizeof(name), "core%u", i);
		make_core(&made, i & 1, i & 2, MADE_AUXV | MADE_NAME | (i & 4 ? MADE_FILES : 0));
		failed |= write_seed(dir, name, made.bytes, MADE_SIZE);
	}
	return failed;
}

static int make_notes(const char *dir)
{
	int failed = 0;
	for (unsigned i = 0; i < 4; i++) {
		static uint8_t bytes[1 + 512];
		char name[16];
		struct made_core made = {.shape = {.is_64 = true, .is_big = i & 1}};
		uint64_t at = 1;
		memset(bytes, 0, sizeof(bytes));
		bytes[0] = (uint8_t)i;
		at += made_note(&made, bytes + at, "GNU", 5, "0123456789abcdef", 16);
		at += made_note(&made, bytes + at, "GNU", 3, "0123456789abcdefghij", 20);
		at += made_note(&made, bytes + at, "FDO", NOTE_TYPE_PACKAGE, "{\"a\":1}", 8);
		at += made_note(&made, bytes + at, "stapsdt", 3, "probe", 6);
		snprintf(name, sizeof(name), "note%u", i);
		failed |= write_seed(dir, name, bytes, at);
	}
	return failed;
}

static int make_pes(const char *dir)
{
	static struct made_pe made;
	made_pe_begin(&made);
	made_pe_section(&made, ".text", 512, 10, 0x60000020u, "x");
	made_pe_section(&made, ".pkgnote", 1024, 8, 0x40000040u, "{\"a\":1}");
	int status = write_seed(dir, "pe", made.bytes, MADE_PE_SIZE);
	made_pe_begin_linked(&made);
	made_pe_section(&made, ".text", 512, 3, 0x60000020, "x");
	status |= write_seed(dir, "pe-linked", made.bytes, 1024);
	image_put32(&made.shape, made.bytes + 0x80 + 24 + 64, 1); /* a checksum */
	made_pe_section(&made, ".pkgnote", 1024, 8, 0x40000040, "{\"a\":1}");
	return status | write_seed(dir, "pe-stamped", made.bytes, MADE_PE_SIZE);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	return strcmp(argv[1], "core") == 0   ? make_cores(argv[2])
	       : strcmp(argv[1], "note") == 0 ? make_notes(argv[2])
	       : strcmp(argv[1], "pe") == 0   ? make_pes(argv[2])
					      : 2;
}
