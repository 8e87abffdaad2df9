/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "large.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 << 20)

void *large_alloc(uint64_t size)
{
	if (size > SIZE_MAX - LARGE_PAGE) {
		errno = ENOMEM;
		return NULL;
	}
	if (size < 4 * LARGE_PAGE)
		return malloc(size != 0 ? (size_t)size : 1);
	const size_t whole = ((size_t)size + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
	void *bytes = aligned_alloc(LARGE_PAGE, whole);
	if (bytes != NULL)
		(void)!madvise(bytes, whole, MADV_HUGEPAGE);
	return bytes;
}
