/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cleaning elfutils' cache as its own client does, for programs that have ours in its place: every
 * DIR/cache_clean_interval_s seconds (its time says when it was last done), what was not read for
 * DIR/max_unused_age_s seconds goes. A setting that is no number is as good as none.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/debuginfod/cache/internal.h"

#define INTERVAL   "cache_clean_interval_s"
#define UNUSED_AGE "max_unused_age_s"
/* Seconds, as elfutils has them. */
#define DAY  86400
#define WEEK 604800

static uint64_t setting(int top, const char *name, uint64_t otherwise, time_t *changed)
{
	char text[32], *end;
	if (!small_file_read(top, name, text, sizeof(text), changed))
		return otherwise;
	errno = 0;
	const long long number = strtoll(text, &end, 10);
	return end == text || number < 0 || errno != 0 ? otherwise : (uint64_t)number;
}

uint64_t elfutils_cache_setting(const char *dir, const char *name, uint64_t otherwise)
{
	int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const uint64_t number = top >= 0 ? setting(top, name, otherwise, NULL) : otherwise;
	if (top >= 0)
		close(top);
	return number;
}

static bool is_artifact(const char *name)
{
	static const char *const beginnings[] = {"source", "section", "hdr"};
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return strcmp(name, "debuginfo") == 0 || strcmp(name, "executable") == 0;
}

static bool is_over(time_t since, time_t now, uint64_t age)
{
	return since <= now && (uint64_t)(now - since) >= age;
}

/* DIRECTORY is a build-id's, closed here. */
static void clean_directory(int directory, time_t now, uint64_t age)
{
	const struct dirent *entry;
	struct stat st;
	DIR *entries = fdopendir(directory);
	if (entries == NULL) {
		close(directory);
		return;
	}
	while ((entry = readdir(entries)) != NULL)
		if (is_artifact(entry->d_name) &&
		    fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && is_over(st.st_atime, now, age))
			unlinkat(directory, entry->d_name, 0);
	closedir(entries);
}

static void clean(int top, time_t now, uint64_t age)
{
	int copy = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	struct stat st;
	while (entries != NULL && (entry = readdir(entries)) != NULL) {
		const char *name = entry->d_name;
		if (name[strspn(name, "0123456789abcdef")] != '\0')
			continue;
		int at = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (at < 0 || fstat(at, &st) != 0 || !is_ours(at)) {
			if (at >= 0)
				close(at);
			continue;
		}
		clean_directory(at, now, age);
		/* Where it is empty; one that is new is about to be filled. */
		if (is_over(st.st_mtime, now, age))
			unlinkat(top, name, AT_REMOVEDIR);
	}
	if (entries != NULL)
		closedir(entries);
	else if (copy >= 0)
		close(copy);
}

void elfutils_cache_clean(const char *dir)
{
	const time_t now = time(NULL);
	time_t last = now;
	int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return;
	const uint64_t interval = is_ours(top) ? setting(top, INTERVAL, DAY, &last) : UINT64_MAX;
	if (is_ours(top) && faccessat(top, INTERVAL, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		small_file_write(top, INTERVAL, "86400");
	else if (is_over(last, now, interval)) {
		/* First of all, so that few others do the same. */
		utimensat(top, INTERVAL, NULL, AT_SYMLINK_NOFOLLOW);
		clean(top, now, setting(top, UNUSED_AGE, WEEK, NULL));
	}
	close(top);
}
