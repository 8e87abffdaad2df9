/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patterns of paths, in time that grows with the lengths of both: of '*' only the last one is ever
 * tried again, as none matches a '/'. */
#include <string.h>

#include "tools/base/text.h"
#include "tools/debuginfod/names/names.h"

/* The length of the character at P: UTF-8, or a byte that is none. */
static size_t step(const char *p)
{
	const size_t length = utf8_length(p, p + strnlen(p, 4));
	return length != 0 ? length : 1;
}

/* Compares characters of UTF-8 (and other bytes) by their bytes, which is the order of code points.
 */
static int compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
	const int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

/* The bracket expression behind '[' at *PATTERN, which moves behind it; false where C is none of
 * its characters. Without a ']' it is a '[' that stands for itself: *PATTERN stays. */
static bool match_bracket(const char **pattern, const char *c, size_t length, bool *is_bracket)
{
	const char *p = *pattern;
	const bool negated = *p == '!' || *p == '^';
	bool found = false;
	p += negated;
	for (bool first = true; *p != '\0' && (*p != ']' || first); first = false) {
		p += *p == '\\' && p[1] != '\0';
		const char *from = p;
		const size_t from_length = step(p);
		const char *to = from;
		size_t to_length = from_length;
		p += from_length;
		if (p[0] == '-' && p[1] != ']' && p[1] != '\0') {
			p++;
			p += *p == '\\' && p[1] != '\0';
			to = p;
			to_length = step(p);
			p += to_length;
		}
		if (compare(from, from_length, c, length) <= 0 &&
		    compare(c, length, to, to_length) <= 0)
			found = true;
	}
	*is_bracket = *p == ']';
	if (*is_bracket)
		*pattern = p + 1;
	return found != negated;
}

/* One character of NAME by what stands at *PATTERN, which moves on. */
static bool match_one(const char **pattern, const char *name, size_t length)
{
	bool is_bracket = false;
	const char *p = *pattern;
	if (*p == '?') {
		*pattern = p + 1;
		return *name != '/';
	}
	if (*p == '[') {
		*pattern = p + 1;
		const bool matches = match_bracket(pattern, name, length, &is_bracket);
		if (is_bracket)
			return matches && *name != '/';
		*pattern = p;
	}
	if (*p == '\\' && p[1] != '\0')
		p++;
	const size_t own = step(p);
	*pattern = p + own;
	return own == length && memcmp(p, name, length) == 0;
}

bool names_glob(const char *pattern, const char *name)
{
	const char *star = NULL, *retry = NULL; /* behind the last '*', and what it has not eaten */
	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = name;
			continue;
		}
		if (*pattern == '\0' && *name == '\0')
			return true;
		if (*pattern != '\0' && *name != '\0') {
			const size_t length = step(name);
			if (match_one(&pattern, name, length)) {
				name += length;
				continue;
			}
		}
		if (star == NULL || *retry == '\0' || *retry == '/')
			return false;
		retry += step(retry);
		name = retry;
		pattern = star;
	}
}
