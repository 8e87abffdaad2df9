/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of two versions is newer, by the rules of the package's own kind. */
#ifndef SHARE_VERSION_H
#define SHARE_VERSION_H

/* One piece (a version or a release) as rpm compares it: less than, equal to or greater than 0.
 * '~' sorts before the end, '^' after it, but before anything else. */
int rpm_compare(const char *a, const char *b);

/* One piece (an upstream version or a revision) as dpkg compares it. */
int deb_compare(const char *a, const char *b);

/* [EPOCH:]VERSION and RELEASE (which may be NULL) of two packages of TYPE ("deb", else rpm). */
int version_compare(const char *type, const char *version_a, const char *release_a,
		    const char *version_b, const char *release_b);

#endif
