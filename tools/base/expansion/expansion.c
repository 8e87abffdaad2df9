/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/expansion/expansion.h"

#include "libnote/error.h"

static const struct {
	uint64_t bytes;
	const char *shown;
} least[] = {
	[EXPANSION_STREAM] = {1000000000, "1 GB"},
	[EXPANSION_MEMORY] = {64 << 20, "64 MB"},
};

uint64_t expansion_factor = 64;

uint64_t expansion_bound(uint64_t size, enum expansion how)
{
	uint64_t bound;
	if (__builtin_mul_overflow(size, expansion_factor, &bound))
		bound = UINT64_MAX;
	return bound > least[how].bytes ? bound : least[how].bytes;
}

int expansion_error(struct note_error *err, int code, uint64_t offset, const char *what,
		    enum expansion how)
{
	return error_set(err, code, offset,
			 "%.100s%sit unpacks to more than %llu times its size and %s: "
			 "--max-expansion allows more",
			 what != NULL ? what : "", what != NULL ? ": " : "",
			 (unsigned long long)expansion_factor, least[how].shown);
}
