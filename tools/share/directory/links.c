/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The links that make a package's files reachable: see share.h.
 *
 * A link names the first package that holds what it leads to. Others that hold the same stand in
 * .also/LINK/, and the first of them takes over when that package goes; so removing costs
 * nothing that grows with the share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/directory/internal.h"

/* From the directory of LINK (a path in the share) to PATH, another one. */
static char *relative_target(const char *link, const char *path)
{
	struct text out = {0};
	for (const char *p = strchr(link, '/'); p != NULL; p = strchr(p + 1, '/'))
		text_puts(&out, "../");
	text_puts(&out, path);
	return out.data;
}

/* "packages/P/..." in a link's TARGET, or NULL where it leads elsewhere. */
static const char *in_packages(const char *target)
{
	while (strncmp(target, "../", 3) == 0)
		target += 3;
	return strncmp(target, "packages/", 9) == 0 ? target : NULL;
}

/* Whether TARGET lies in PACKAGE. */
static bool leads_to(const char *target, const char *package)
{
	const char *path = in_packages(target);
	const size_t length = strlen(package);
	return path != NULL && strncmp(path + 9, package, length) == 0 && path[9 + length] == '/';
}

/* Whether what TARGET names in the packages is there. */
static bool is_there(struct share *share, const char *target)
{
	struct stat st;
	const char *path = in_packages(target);
	return path != NULL && root_stat(share->root, path, &st, NULL) == NOTE_OK;
}

/* LINK's target, NULL where there is no link. Fails where it cannot be told. */
static int read_target(struct share *share, const char *link, char **target, struct note_error *err)
{
	*target = NULL;
	int code = root_read_link(share->root, link, target, err);
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

/* Makes LINK lead to TARGET. A link that is replaced is so by one that was made in the staging
 * area, where a kill leaves nothing that the next run does not clear. */
static int set_link(struct share *share, const char *target, const char *link,
		    struct note_error *err)
{
	char *current;
	int code = read_target(share, link, &current, err);
	if (code != NOTE_OK)
		return code;
	if (current == NULL) {
		code = root_symlink(share->root, target, link, err);
	} else if (strcmp(current, target) != 0) {
		code = root_remove(share->root, STAGING_LINK, err);
		if (code == NOTE_OK)
			code = root_symlink(share->root, target, STAGING_LINK, err);
		if (code == NOTE_OK)
			code = root_rename(share->root, STAGING_LINK, link, err);
	}
	free(current);
	return code;
}

char *link_holder(struct share *share, const char *link)
{
	char *target;
	char *holder = NULL;
	if (read_target(share, link, &target, NULL) != NOTE_OK || target == NULL)
		return NULL;
	if (is_there(share, target)) {
		const char *name = in_packages(target) + 9;
		holder = xasprintf("%.*s", (int)strcspn(name, "/"), name);
	}
	free(target);
	return holder;
}

int claim_link(struct share *share, const char *link, const char *package, const char *below,
	       struct note_error *err)
{
	char *current;
	int code = read_target(share, link, &current, err);
	if (code != NOTE_OK)
		return code;
	char *path = xasprintf("packages/%s/%s", package, below);
	char *at = current != NULL && !leads_to(current, package) && is_there(share, current)
			   ? xasprintf(".also/%s/%s", link, package)
			   : xstrdup(link);
	char *target = relative_target(at, path);
	code = set_link(share, target, at, err);
	free(target);
	free(at);
	free(path);
	free(current);
	return code;
}

void prune(struct share *share, const char *path)
{
	char *partial = xstrdup(path);
	for (char *slash; (slash = strrchr(partial, '/')) != NULL;) {
		*slash = '\0';
		if (strchr(partial, '/') == NULL ||
		    root_remove(share->root, partial, NULL) != NOTE_OK)
			break;
	}
	free(partial);
}

struct heir {
	struct share *share;
	const char *package; /* whose heir is sought */
	char *name;          /* in .also/LINK */
	char *target;        /* in the packages */
};

static bool find_heir(void *context, const struct entry *entry, bool *descend)
{
	struct heir *heir = context;
	char *target = NULL;
	*descend = false;
	if (entry->kind != ENTRY_LINK ||
	    root_read_link(heir->share->root, entry->path, &target, NULL) != NOTE_OK)
		return true;
	if (leads_to(target, heir->package) || !is_there(heir->share, target)) {
		free(target);
		return true;
	}
	heir->name = xstrdup(entry->path);
	heir->target = xstrdup(in_packages(target));
	free(target);
	return false;
}

/* LINK leads to HEIR's target from now on. The package that it led to, to OLD, stays in line
 * where OLD is not NULL. */
static int hand_over(struct share *share, const char *link, const struct heir *heir,
		     const char *old, struct note_error *err)
{
	int code = NOTE_OK;
	char *mine = xasprintf(".also/%s/%s", link, heir->package);
	char *target = relative_target(link, heir->target);
	if (old != NULL) {
		char *back = relative_target(mine, old);
		code = set_link(share, back, mine, err);
		free(back);
	}
	if (code == NOTE_OK)
		code = set_link(share, target, link, err);
	if (code == NOTE_OK)
		code = root_remove(share->root, heir->name, err);
	if (code == NOTE_OK)
		prune(share, heir->name);
	free(target);
	free(mine);
	return code;
}

int drop_link(struct share *share, const char *link, const char *package, bool only_hand_over,
	      struct note_error *err)
{
	struct heir heir = {.share = share, .package = package};
	char *current = NULL;
	char *also = xasprintf(".also/%s", link);
	char *mine = xasprintf("%s/%s", also, package);
	int code = NOTE_OK;
	if (!only_hand_over) {
		code = root_remove(share->root, mine, err);
		if (code == NOTE_OK)
			prune(share, mine);
	}
	if (code == NOTE_OK)
		code = read_target(share, link, &current, err);
	if (code != NOTE_OK || current == NULL || !leads_to(current, package))
		goto out;
	root_walk(share->root, also, false, find_heir, NULL, &heir, NULL);
	if (heir.name != NULL)
		code = hand_over(share, link, &heir, only_hand_over ? in_packages(current) : NULL,
				 err);
	else if (!only_hand_over)
		code = root_remove(share->root, link, err);
out:
	free(heir.name);
	free(heir.target);
	free(current);
	free(mine);
	free(also);
	return code;
}

bool is_claimed(struct share *share, const char *link, const char *package)
{
	char *current;
	if (read_target(share, link, &current, NULL) != NOTE_OK || current == NULL)
		return false;
	bool claimed = leads_to(current, package);
	if (!claimed && is_there(share, current)) {
		struct stat st;
		char *mine = xasprintf(".also/%s/%s", link, package);
		claimed = root_stat(share->root, mine, &st, NULL) == NOTE_OK;
		free(mine);
	}
	free(current);
	return claimed;
}

/* --- all links of a package --- */

static bool is_link(struct share *share, const char *path)
{
	struct stat st;
	return root_stat(share->root, path, &st, NULL) == NOTE_OK && S_ISLNK(st.st_mode);
}

static bool is_section(const char *kind)
{
	return strncmp(kind, "section/", 8) == 0;
}

/* ".build-id/xx/yyyy" and SUFFIX. */
static char *debugger_path(const char *hex, const char *suffix)
{
	return xasprintf(".build-id/%.2s/%s%s", hex, hex + 2, suffix);
}

/* buildid/HEX/KIND and the name under which a debugger finds it. */
static int claim_artifact(struct share *share, const char *package, const char *hex,
			  const char *kind, struct note_error *err)
{
	char *link = xasprintf("buildid/%s/%s", hex, kind);
	char *name = debugger_path(hex, strcmp(kind, "debuginfo") == 0 ? ".debug" : "");
	char *target = xasprintf("../../%s", link);
	int code = claim_link(share, link, package, link, err);
	if (code == NOTE_OK && !is_section(kind))
		code = set_link(share, target, name, err);
	free(target);
	free(name);
	free(link);
	return code;
}

/* Sources come from the package itself where it has any, else from all packages. */
static int claim_sources(struct share *share, const char *package, const char *hex, bool own,
			 struct note_error *err)
{
	char *link = xasprintf("buildid/%s/source", hex);
	int code = NOTE_OK;
	if (own) {
		code = claim_link(share, link, package, "source", err);
	} else {
		/* What this package replaces may have had sources of its own. */
		char *current;
		code = read_target(share, link, &current, err);
		if (code == NOTE_OK && (current == NULL || leads_to(current, package)))
			code = root_symlink(share->root, "../../source", link, err);
		free(current);
	}
	free(link);
	return code;
}

char *source_directory(const char *path)
{
	static const char prefix[] = "source/" SOURCES_BELOW;
	const size_t length = sizeof(prefix) - 1;
	if (strncmp(path, prefix, length) != 0)
		return NULL;
	return xasprintf("%.*s", (int)(length + strcspn(path + length, "/")), path);
}

/* The record's files are sorted by path. */
int each_source_directory(struct share *share, const struct record *record,
			  int (*do_it)(struct share *share, const struct record *record,
				       const char *link, struct note_error *err),
			  struct note_error *err)
{
	int code = NOTE_OK;
	char *last = NULL;
	for (size_t i = 0; code == NOTE_OK && i < record->count; i++) {
		char *directory = source_directory(record->files[i].path);
		if (directory == NULL || (last != NULL && strcmp(last, directory) == 0)) {
			free(directory);
			continue;
		}
		free(last);
		last = directory;
		code = do_it(share, record, last, err);
	}
	free(last);
	return code;
}

static int claim_directory(struct share *share, const struct record *record, const char *link,
			   struct note_error *err)
{
	return claim_link(share, link, record->package, link, err);
}

static bool has_sources(const struct record *record)
{
	return record->count != 0 &&
	       strncmp(record->files[record->count - 1].path, "source/", 7) == 0;
}

int claim_record(struct share *share, const struct record *record, struct note_error *err)
{
	char hex[129];
	const bool own = has_sources(record);
	int code = each_source_directory(share, record, claim_directory, err);
	for (size_t i = 0; code == NOTE_OK && i < record->count; i++) {
		const char *kind = build_id_path(record->files[i].path, hex);
		if (kind == NULL)
			continue;
		code = claim_artifact(share, record->package, hex, kind, err);
		if (code == NOTE_OK && strcmp(kind, "debuginfo") == 0)
			code = claim_sources(share, record->package, hex, own, err);
	}
	return code;
}

static int drop_artifact(struct share *share, const char *package, const char *hex,
			 const char *kind, bool only_hand_over, struct note_error *err)
{
	const bool debuginfo = strcmp(kind, "debuginfo") == 0;
	char *link = xasprintf("buildid/%s/%s", hex, kind);
	char *source = xasprintf("buildid/%s/source", hex);
	char *name = debugger_path(hex, debuginfo ? ".debug" : "");
	int code = drop_link(share, link, package, only_hand_over, err);
	if (code == NOTE_OK && debuginfo)
		code = drop_link(share, source, package, only_hand_over, err);
	if (code != NOTE_OK || only_hand_over)
		goto out;
	if (!is_link(share, link)) {
		if (!is_section(kind)) /* which debuggers do not look for */
			code = root_remove(share->root, name, err);
		if (code == NOTE_OK && debuginfo)
			code = root_remove(share->root, source, err);
		prune(share, name);
		prune(share, link);
	} else if (debuginfo && !is_link(share, source)) {
		code = root_symlink(share->root, "../../source", source, err);
	}
out:
	free(name);
	free(source);
	free(link);
	return code;
}

static int hand_over_directory(struct share *share, const struct record *record, const char *link,
			       struct note_error *err)
{
	return drop_link(share, link, record->package, true, err);
}

static int drop_directory(struct share *share, const struct record *record, const char *link,
			  struct note_error *err)
{
	int code = drop_link(share, link, record->package, false, err);
	if (code == NOTE_OK)
		prune(share, link);
	return code;
}

int drop_record(struct share *share, const struct record *record, bool only_hand_over,
		struct note_error *err)
{
	char hex[129];
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < record->count; i++) {
		const char *kind = build_id_path(record->files[i].path, hex);
		if (kind != NULL)
			code = drop_artifact(share, record->package, hex, kind, only_hand_over,
					     err);
	}
	if (code == NOTE_OK)
		code = each_source_directory(
			share, record, only_hand_over ? hand_over_directory : drop_directory, err);
	return code;
}
