/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "parallel": the debug packages among the inputs install side by side, and beside those of
 * other versions.
 *
 * Of two packages that hold one path, rpm takes directories and files that are equal in kind, mode
 * and contents, and links that are equal (rpm's lib/transaction.c); dpkg takes directories alone.
 * dpkg has one version of a name installed: two of one name are judged as rpm would, which is what
 * unpacking both into one tree comes to.
 *
 * A package is of the old kind where names in it are those that any version has, such as
 * usr/lib/debug/usr/bin/prog.debug: no second version goes beside it, be it among the inputs or
 * not. What is named by a build-id, or by N-V-R, is of the new kind; so is a link of which all
 * versions have the same target.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libnote/error.h"
#include "tools/base/pool.h"
#include "tools/base/text.h"
#include "tools/release/holding.h"
#include "tools/release/release_internal.h"
#include "tools/release/reports/merge.h"

struct beside {
	struct release *release;
	struct debug_package *packages;
	size_t count;
	struct holding **all; /* sorted by type, path, package */
	size_t all_count;
};

/* --- read --- */

/* What cannot be read at all was told when the inputs were read. */
static void unread(struct beside *beside, struct debug_package *package,
		   const struct note_error *err)
{
	struct release *release = beside->release;
	pthread_mutex_lock(&release->lock);
	const bool told = report_has_unread(release->report, package->unit->input);
	pthread_mutex_unlock(&release->lock);
	package->is_read = false;
	if (!told)
		release_unread(release, package->unit, err);
}

static void read_package(void *context, size_t index, unsigned worker)
{
	struct beside *beside = context;
	struct note_error err;
	(void)worker;
	if (debug_package_read(&beside->packages[index], &err) != NOTE_OK)
		unread(beside, &beside->packages[index], &err);
}

static void read_digests(void *context, size_t index, unsigned worker)
{
	struct beside *beside = context;
	struct debug_package *package = &beside->packages[index];
	struct note_error err;
	(void)worker;
	if (package->wants_digests && debug_package_digest(package, &err) != NOTE_OK)
		unread(beside, package, &err);
}

/* --- compare --- */

static int compare_all(const void *a, const void *b)
{
	const struct holding *x = *(struct holding *const *)a, *y = *(struct holding *const *)b;
	int order = strcmp(x->holder->type, y->holder->type);
	if (order == 0)
		order = strcmp(x->path, y->path);
	if (order == 0)
		order = x->holder < y->holder ? -1 : x->holder > y->holder;
	return order != 0 ? order : x < y ? -1 : x > y;
}

static bool same_path(const struct holding *a, const struct holding *b)
{
	return strcmp(a->holder->type, b->holder->type) == 0 && strcmp(a->path, b->path) == 0;
}

static size_t group_end(const struct beside *beside, size_t start)
{
	size_t end = start + 1;
	while (end < beside->all_count && same_path(beside->all[start], beside->all[end]))
		end++;
	return end;
}

static void gather(struct beside *beside)
{
	size_t room = 0;
	for (size_t p = 0; p < beside->count; p++)
		room += beside->packages[p].is_read ? beside->packages[p].count : 0;
	beside->all = xcalloc(room + 1, sizeof(*beside->all));
	for (size_t p = 0; p < beside->count; p++)
		for (size_t i = 0; beside->packages[p].is_read && i < beside->packages[p].count;
		     i++)
			beside->all[beside->all_count++] = &beside->packages[p].items[i];
	if (beside->all_count > 1)
		qsort(beside->all, beside->all_count, sizeof(*beside->all), compare_all);
	for (size_t start = 0, end; start < beside->all_count; start = end) {
		end = group_end(beside, start);
		if (beside->all[start]->holder == beside->all[end - 1]->holder)
			continue;
		for (size_t i = start; i < end; i++) {
			struct holding *item = beside->all[i];
			item->shared = true;
			if (S_ISREG(item->mode))
				beside->packages[item->holder - beside->packages].wants_digests =
					true;
		}
	}
}

static const char *kind_of(uint32_t mode)
{
	return S_ISREG(mode)   ? "a file"
	       : S_ISDIR(mode) ? "a directory"
	       : S_ISLNK(mode) ? "a symbolic link"
			       : "a device or the like";
}

/* Why A and B cannot be one, for free(); NULL where they can. */
static char *difference(const struct holding *a, const struct holding *b)
{
	const bool dpkg = strcmp(a->holder->type, "deb") == 0;
	if ((a->mode & S_IFMT) != (b->mode & S_IFMT))
		return xasprintf("where it is %s", kind_of(b->mode));
	if (dpkg && S_ISDIR(a->mode))
		return NULL;
	if (S_ISLNK(a->mode)) {
		if (strcmp(a->target, b->target) != 0)
			return xasprintf("where it leads to %s, not to %s", b->target, a->target);
	} else if ((a->mode & 07777) != (b->mode & 07777)) {
		return xasprintf("with mode %04o, not %04o", b->mode & 07777u, a->mode & 07777u);
	} else if (S_ISREG(a->mode) &&
		   (a->sha256[0] == '\0' || strcmp(a->sha256, b->sha256) != 0)) {
		return xstrdup("with other contents");
	}
	if (dpkg && strcmp(a->holder->name, b->holder->name) != 0)
		return xstrdup("alike, but dpkg lets one package alone own it");
	return NULL;
}

/* --- judge --- */

static bool is_reported(const struct beside *beside, const struct debug_package *package)
{
	const struct release_options *options = beside->release->options;
	return options->shards == 0 || shard_of(package->unit->input, package->unit->path,
						options->shards) == options->shard;
}

static void add(struct beside *beside, const struct debug_package *package, const char *path,
		struct finding *finding)
{
	if (is_reported(beside, package))
		report_add(beside->release->report, package->unit->input, path, "",
			   parallel_check.name, finding);
	else
		finding_free(finding);
}

static bool is_allowed(const struct beside *beside, const char *path)
{
	return release_allowed(beside->release->options, parallel_check.name, path, false);
}

/* What ITEM, one of the group START to END, conflicts with. */
static void judge_shared(struct beside *beside, struct holding *item, size_t start, size_t end)
{
	struct debug_package *package = &beside->packages[item->holder - beside->packages];
	const struct holding *first = NULL;
	char *why = NULL;
	size_t rivals = 0;
	for (size_t i = start; i < end; i++) {
		const struct holding *other = beside->all[i];
		char *reason = other->holder != item->holder ? difference(item, other) : NULL;
		if (reason == NULL)
			continue;
		rivals++;
		if (first == NULL) {
			first = other;
			why = reason;
		} else {
			free(reason);
		}
	}
	if (first == NULL)
		return;
	struct finding finding = {0};
	const bool allowed = is_allowed(beside, item->path);
	char *more = rivals > 1 ? xasprintf(", and %zu more", rivals - 1) : xstrdup("");
	finding_set(&finding, allowed ? VERDICT_SKIPPED : VERDICT_FAIL,
		    "%s%s has it too, %s%s (%s)", allowed ? "allowed: " : "", first->holder->called,
		    why, more, first->holder->unit->input);
	add(beside, package, item->path, &finding);
	if (!allowed && package->conflicts++ == 0)
		package->rival = first->holder;
	free(more);
	free(why);
}

/* Whether TEXT has the package's version in a name. */
static bool has_version(const struct debug_package *package, const char *text)
{
	return strstr(text, package->version) != NULL ||
	       (package->source_version != NULL && strstr(text, package->source_version) != NULL);
}

/* Debian's documentation of a package, in a directory or link of its name. */
static bool is_named_by_package(const struct debug_package *package, const char *path)
{
	const size_t length = strlen(package->name);
	if (strcmp(package->type, "deb") != 0 || strncmp(path, "/usr/share/", 11) != 0)
		return false;
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
		if (strncmp(slash + 1, package->name, length) == 0 &&
		    (slash[1 + length] == '/' || slash[1 + length] == '\0'))
			return true;
	return false;
}

/* Whether another version could hold ITEM's path with something else behind it. */
static bool is_old(const struct debug_package *package, const struct holding *item)
{
	if (S_ISDIR(item->mode) || strstr(item->path, "/.build-id/") != NULL ||
	    has_version(package, item->path) || is_named_by_package(package, item->path))
		return false;
	return !S_ISLNK(item->mode) || has_version(package, item->target);
}

static void judge_package(struct beside *beside, struct debug_package *package)
{
	struct finding finding = {0};
	struct text reason = {0};
	size_t files = 0;
	for (size_t i = 0; i < package->count; i++) {
		const struct holding *item = &package->items[i];
		files += !S_ISDIR(item->mode);
		if (is_old(package, item) && !is_allowed(beside, item->path) && package->old++ == 0)
			package->old_path = item->path;
	}
	if (package->old != 0)
		text_printf(&reason,
			    "%s is of the old kind: %zu of %zu names in it are as in any other "
			    "version, with neither build-id nor version, such as %s",
			    package->called, package->old, files, package->old_path);
	if (package->conflicts != 0)
		text_printf(&reason, "%s%s and %s conflict on %zu path%s",
			    reason.size != 0 ? "; " : "", package->called, package->rival->called,
			    package->conflicts, package->conflicts == 1 ? "" : "s");
	if (reason.size != 0)
		finding_set(&finding, VERDICT_FAIL, "%s", reason.data);
	else
		finding_set(&finding, VERDICT_PASS,
			    "%s: of %zu names none stands in the way of another version or package",
			    package->called, files);
	add(beside, package, "/", &finding);
	text_free(&reason);
}

static void judge_all(struct beside *beside)
{
	size_t judged = 0;
	for (size_t start = 0, end; start < beside->all_count; start = end) {
		end = group_end(beside, start);
		for (size_t i = start; i < end; i++)
			if (beside->all[i]->shared && beside->all[i]->holder->is_read)
				judge_shared(beside, beside->all[i], start, end);
	}
	for (size_t p = 0; p < beside->count; p++)
		if (beside->packages[p].is_read) {
			judge_package(beside, &beside->packages[p]);
			judged++;
		}
	beside->release->report->verified += judged;
	beside->release->report->no_debug_package = judged == 0;
}

/* --- the stage --- */

static void find_packages(struct beside *beside)
{
	struct units *units = &beside->release->units;
	beside->packages = xcalloc(units->count + 1, sizeof(*beside->packages));
	for (size_t u = 0; u < units->count; u++)
		if (units->items[u].kind == &package_input)
			beside->packages[beside->count++].unit = &units->items[u];
}

static void beside_free(struct beside *beside)
{
	for (size_t p = 0; p < beside->count; p++)
		debug_package_free(&beside->packages[p]);
	free(beside->packages);
	free(beside->all);
}

void release_beside(struct release *release)
{
	struct beside beside = {.release = release};
	const unsigned jobs = release->options->jobs;
	if ((release->options->checks & 1u << release_check_index(&parallel_check)) == 0)
		return;
	find_packages(&beside);
	pool_run(jobs, beside.count, read_package, NULL, &beside);
	gather(&beside);
	pool_run(jobs, beside.count, read_digests, NULL, &beside);
	judge_all(&beside);
	beside_free(&beside);
}
