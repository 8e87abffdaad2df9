/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Apart from file.c, which the library for debuggers has in it: digests may end a program. */
#include <stdlib.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/base/file.h"

#define BLOCK ((size_t)256 * 1024)

int file_digest(int fd, uint64_t *size, char sha256[65], struct note_error *err)
{
	uint8_t *block = malloc(BLOCK);
	struct sha256 *state = sha256_begin();
	ssize_t got = -1;
	*size = 0;
	while (block != NULL && (got = file_read_some(fd, block, BLOCK, *size)) > 0) {
		sha256_add(state, block, (size_t)got);
		*size += (uint64_t)got;
	}
	const int code = got == 0 ? NOTE_OK : error_system(err, "read");
	sha256_end(state, sha256);
	free(block);
	return code;
}
