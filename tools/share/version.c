/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The orders of versions: deb-version(7), "Sorting algorithm", and rpm-version(7). Letters and
 * digits are ASCII's, whatever the locale.
 */
#include "tools/share/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int sign(long difference)
{
	return (difference > 0) - (difference < 0);
}

/* Compares runs of digits by value, however long; both pointers are moved behind theirs. */
static int compare_numbers(const char **a, const char **b)
{
	while (**a == '0')
		(*a)++;
	while (**b == '0')
		(*b)++;
	const char *x = *a, *y = *b;
	while (is_digit(**a))
		(*a)++;
	while (is_digit(**b))
		(*b)++;
	const size_t length_a = (size_t)(*a - x), length_b = (size_t)(*b - y);
	if (length_a != length_b)
		return length_a > length_b ? 1 : -1;
	return sign(memcmp(x, y, length_a));
}

/* dpkg's weight of a character that is no digit: '~' before the end, letters before the rest. */
static int deb_weight(char c)
{
	if (c == '~')
		return -1;
	if (c == '\0' || is_digit(c))
		return 0;
	return is_letter(c) ? (unsigned char)c : (unsigned char)c + 256;
}

int deb_compare(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		while ((*a != '\0' && !is_digit(*a)) || (*b != '\0' && !is_digit(*b))) {
			const int order = deb_weight(*a) - deb_weight(*b);
			if (order != 0)
				return sign(order);
			a++;
			b++;
		}
		const int order = compare_numbers(&a, &b);
		if (order != 0)
			return order;
	}
	return 0;
}

static const char *skip_separators(const char *p)
{
	while (*p != '\0' && !is_digit(*p) && !is_letter(*p) && *p != '~' && *p != '^')
		p++;
	return p;
}

/* A run of letters, or the end of both; both pointers are moved behind theirs. */
static int compare_words(const char **a, const char **b)
{
	while (is_letter(**a) && **a == **b) {
		(*a)++;
		(*b)++;
	}
	if (!is_letter(**a) || !is_letter(**b))
		return (int)is_letter(**a) - (int)is_letter(**b);
	return sign((unsigned char)**a - (unsigned char)**b);
}

int rpm_compare(const char *a, const char *b)
{
	while (true) {
		a = skip_separators(a);
		b = skip_separators(b);
		if (*a == '~' || *b == '~') {
			if (*a != *b)
				return *a == '~' ? -1 : 1;
			a++;
			b++;
			continue;
		}
		if (*a == '^' || *b == '^') {
			/* After the end, before anything that goes on. */
			if (*a != *b)
				return *a == '^' ? (*b == '\0' ? 1 : -1) : (*a == '\0' ? -1 : 1);
			a++;
			b++;
			continue;
		}
		if (*a == '\0' || *b == '\0')
			return (*a != '\0') - (*b != '\0');
		if (is_digit(*a) != is_digit(*b))
			return is_digit(*a) ? 1 : -1; /* numbers are newer than words */
		const int order = is_digit(*a) ? compare_numbers(&a, &b) : compare_words(&a, &b);
		if (order != 0)
			return order;
	}
}

/* The part behind "EPOCH:", and the epoch (of digits) in *EPOCH, "0" where there is none. */
static const char *behind_epoch(const char *version, const char **epoch)
{
	const char *colon = strchr(version, ':');
	*epoch = "0";
	if (colon == NULL || strspn(version, "0123456789") != (size_t)(colon - version))
		return version;
	*epoch = version;
	return colon + 1;
}

int version_compare(const char *type, const char *version_a, const char *release_a,
		    const char *version_b, const char *release_b)
{
	const bool deb = type != NULL && strcmp(type, "deb") == 0;
	const char *epoch_a, *epoch_b;
	const char *a = behind_epoch(version_a, &epoch_a);
	const char *b = behind_epoch(version_b, &epoch_b);
	int order = compare_numbers(&epoch_a, &epoch_b);
	if (order == 0)
		order = deb ? deb_compare(a, b) : rpm_compare(a, b);
	if (order != 0)
		return order;
	a = release_a != NULL ? release_a : "";
	b = release_b != NULL ? release_b : "";
	return deb ? deb_compare(a, b) : rpm_compare(a, b);
}
