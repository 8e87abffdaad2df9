/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/release/reports/place.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/digest.h"
#include "tools/base/text.h"

static bool is_package(const char *input)
{
	static const char *const ends[] = {".deb", ".udeb", ".ddeb", ".rpm"};
	const size_t length = strlen(input);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (length > strlen(ends[i]) &&
		    strcmp(input + length - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

static bool lies_inside(const struct result *result)
{
	return result->path[0] == '/' && strcmp(result->input, result->path) != 0;
}

char *result_file(const struct result *result)
{
	size_t length = strlen(result->input);
	const char *start =
		strncmp(result->input, "./", 2) == 0 ? result->input + 2 : result->input;
	if (!lies_inside(result) || is_package(result->input))
		return xstrdup(start);
	length -= (size_t)(start - result->input);
	while (length > 1 && start[length - 1] == '/')
		length--;
	if (strcmp(start, ".") == 0)
		return xstrdup(result->path + 1);
	return xasprintf("%.*s%s", (int)length, start, result->path);
}

char *result_message(const struct result *result)
{
	return xasprintf("%s: %s %s: %s", result->path, result->check,
			 verdict_word(result->finding.verdict), result->finding.reason);
}

bool result_is_wanting(const struct result *result)
{
	const enum verdict verdict = result->finding.verdict;
	return verdict == VERDICT_FAIL || verdict == VERDICT_MISSING ||
	       verdict == VERDICT_UNREACHABLE;
}

void result_fingerprint(const struct result *result, char out[65])
{
	struct sha256 *sha256 = sha256_begin();
	sha256_add(sha256, result->input, strlen(result->input) + 1);
	sha256_add(sha256, result->path, strlen(result->path) + 1);
	sha256_add(sha256, result->check, strlen(result->check) + 1);
	sha256_end(sha256, out);
}
