/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that compresses debug sections: SHF_COMPRESSED with zlib or zstd (gABI, "Section
 * Compression"). It comes after the build-id, which so does not depend on it, and before the debug
 * file is written.
 */
#ifndef SPLITTER_COMPRESS_COMPRESS_H
#define SPLITTER_COMPRESS_COMPRESS_H

#include "tools/splitter/elf/elf.h"

enum compression {
	COMPRESSION_NONE, /* only what must be: an old .zdebug_ section that was rewritten */
	COMPRESSION_ZLIB,
	COMPRESSION_ZSTD
};

/* The compressed contents, which the plan then points to. */
struct compressed {
	uint8_t **items;
	uint64_t count;
};

/* Compresses the .debug_ sections of PLAN that go to the debug file alone and get smaller by it.
 * What is compressed already stays as it is. The sections of a huge file, and parts of huge
 * sections, are compressed side by side, JOBS at a time: the bytes do not depend on that. A section
 * of zlib is one stream all the same, one of zstd several frames. OUT must outlive the plan; free
 * with compressed_free, also after a failure. */
int compress_plan(struct compressed *out, struct image *image, struct plan *plan,
		  enum compression compression, unsigned jobs, struct note_error *err);
void compressed_free(struct compressed *compressed);

#endif
