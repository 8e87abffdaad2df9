/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done to packages that are in the share: list, describe, remove, keep the newest. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/internal.h"
#include "tools/share/version.h"

int share_list(struct share *share, share_visit *visit, void *context, struct note_error *err)
{
	struct strings packages = {0};
	int code = list_packages(share, &packages, err);
	for (size_t i = 0; code == NOTE_OK && i < packages.count; i++)
		if (!visit(context, packages.items[i]))
			break;
	strings_free(&packages);
	return code;
}

int share_describe(struct share *share, const char *package, struct share_added *out,
		   struct note_error *err)
{
	struct record record;
	*out = (struct share_added){0};
	int code = read_package(share, package, &record, err);
	if (code != NOTE_OK)
		return code;
	out->package = xstrdup(package);
	out->unchanged = true;
	count_up(&record, out);
	record_free(&record);
	return NOTE_OK;
}

int share_remove(struct share *share, const char *package, struct note_error *err)
{
	struct record record;
	int code = read_package(share, package, &record, err);
	if (share->hooks->dry_run) {
		record_free(&record);
		return code == NOTE_MALFORMED ? NOTE_OK : code;
	}
	if (code == NOTE_MALFORMED) {
		share_say(share, NULL, "%s: its record is broken: it is made anew to remove it",
			  package);
		code = share->store->mend_record(share, package, err);
		if (code == NOTE_OK)
			code = read_package(share, package, &record, err);
	}
	if (code == NOTE_OK)
		code = share->store->remove(share, &record, err);
	record_free(&record);
	return code;
}

/* --- the newest releases --- */

bool split_package_name(const char *package, struct record *out)
{
	const char *dot = strrchr(package, '.');
	const char *last = NULL, *before = NULL; /* the two last dashes before the dot */
	for (const char *p = package; dot != NULL && p < dot; p++)
		if (*p == '-') {
			before = last;
			last = p;
		}
	if (last == NULL || last == package || dot[1] == '\0')
		return false;
	/* A version starts with a digit; "gtk-doc-1.2.x86_64" has no release. */
	if (before == NULL || before == package || before[1] < '0' || before[1] > '9') {
		before = last;
		last = NULL;
	}
	const char *end = last != NULL ? last : dot;
	out->name = xasprintf("%.*s", (int)(before - package), package);
	out->version = xasprintf("%.*s", (int)(end - before - 1), before + 1);
	out->release = last != NULL ? xasprintf("%.*s", (int)(dot - last - 1), last + 1) : NULL;
	out->architecture = xstrdup(dot + 1);
	return true;
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static bool same_line(const struct record *a, const struct record *b)
{
	return compare_text(a->name, b->name) == 0 &&
	       compare_text(a->architecture, b->architecture) == 0 &&
	       compare_text(a->type, b->type) == 0;
}

/* Releases of one package beside each other, the newest first. */
static int by_line_and_age(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int order = compare_text(x->name, y->name);
	if (order == 0)
		order = compare_text(x->architecture, y->architecture);
	if (order == 0)
		order = compare_text(x->type, y->type);
	if (order == 0)
		order = version_compare(x->type, y->version, y->release, x->version, x->release);
	return order != 0 ? order : strcmp(x->package, y->package);
}

/* The records of all packages, without their files; those that tell no version are left out. */
static int read_heads(struct share *share, const struct strings *packages, struct record *heads,
		      size_t *count, struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < packages->count; i++) {
		struct record record;
		struct record *head = &heads[*count];
		struct note_error why;
		code = read_package(share, packages->items[i], &record, &why);
		if (code == NOTE_MALFORMED) {
			share_say(share, NULL,
				  "%s: passed over, its record is broken: %s; publish it again, or "
				  "--remove it",
				  packages->items[i], why.text);
			code = NOTE_OK;
			continue;
		}
		if (code != NOTE_OK) {
			if (err != NULL)
				*err = why;
			break;
		}
		*head = (struct record){.package = xstrdup(record.package)};
		if (record.name != NULL && record.version != NULL) {
			head->type = record.type;
			head->name = record.name;
			head->version = record.version;
			head->release = record.release;
			head->architecture = record.architecture;
			record.type = record.name = record.version = record.release = NULL;
			record.architecture = NULL;
			(*count)++;
		} else if (split_package_name(record.package, head)) {
			(*count)++;
		} else {
			share_say(share, NULL, "%s: its name tells no version; it stays",
				  record.package);
			record_free(head);
		}
		record_free(&record);
	}
	return code;
}

int share_keep(struct share *share, uint64_t keep, share_visit *removed, void *context,
	       struct note_error *err)
{
	struct strings packages = {0};
	size_t count = 0;
	uint64_t rank = 0;
	int code = list_packages(share, &packages, err);
	struct record *heads = xcalloc(packages.count, sizeof(*heads));
	if (code == NOTE_OK)
		code = read_heads(share, &packages, heads, &count, err);
	if (count > 1)
		qsort(heads, count, sizeof(*heads), by_line_and_age);
	for (size_t i = 0; code == NOTE_OK && i < count; i++) {
		rank = i > 0 && same_line(&heads[i - 1], &heads[i]) ? rank + 1 : 1;
		if (rank <= keep)
			continue;
		code = share_remove(share, heads[i].package, err);
		if (code == NOTE_OK && removed != NULL && !removed(context, heads[i].package))
			break;
	}
	for (size_t i = 0; i < count; i++)
		record_free(&heads[i]);
	free(heads);
	strings_free(&packages);
	return code;
}
