/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading JSON reports back. What one part cannot see alone, two files of different parts with one
 * build-id, is found here: a part lists its files with their digests for that.
 */
#include "tools/release/reports/merge.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/json_text.h"
#include "tools/base/text.h"

#define JSON_DEPTH 16
#define PARTS_MAX  65536

unsigned shard_of(const char *input, const char *path, unsigned count)
{
	/* FNV-1a, 64 bits, over "NAME\0PATH". */
	const char *slash = strrchr(input, '/');
	const char *texts[2] = {slash != NULL && slash[1] != '\0' ? slash + 1 : input, path};
	uint64_t hash = 0xcbf29ce484222325u;
	for (int i = 0; i < 2; i++)
		for (const char *p = texts[i];; p++) {
			hash = (hash ^ (unsigned char)*p) * 0x100000001b3u;
			if (*p == '\0')
				break;
		}
	/* Names differ in their last bytes, which FNV leaves in the low bits: spread them. */
	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
	return (unsigned)((hash >> 32) % count) + 1;
}

static int broken(struct note_error *err, const char *what)
{
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "no report: %s", what);
}

static struct json_object *field(struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *value;
	return json_object_is_type(object, json_type_object) &&
			       json_object_object_get_ex(object, key, &value) &&
			       json_object_is_type(value, type)
		       ? value
		       : NULL;
}

/* A name as the report wrote it, in bytes again; NULL where it is none. */
static char *name_field(struct json_object *object, const char *key)
{
	struct json_object *value = field(object, key, json_type_string);
	return value != NULL ? name_from_utf8(json_object_get_string(value)) : NULL;
}

static const char *known_check(const char *name)
{
	for (size_t c = 0; name != NULL && c < all_check_count; c++)
		if (strcmp(all_checks[c]->name, name) == 0)
			return all_checks[c]->name;
	return NULL;
}

static bool read_verdict(const char *word, enum verdict *out)
{
	for (int v = 0; word != NULL && v < VERDICTS; v++)
		if (strcmp(verdict_word((enum verdict)v), word) == 0) {
			*out = (enum verdict)v;
			return true;
		}
	return false;
}

static void read_servers(struct json_object *list, struct finding *finding)
{
	const size_t count = json_object_array_length(list);
	finding->servers = xcalloc(count + 1, sizeof(*finding->servers));
	for (size_t i = 0; i < count; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		char *url = name_field(one, "url"), *answer = name_field(one, "answer");
		if (url != NULL && answer != NULL) {
			finding->servers[finding->server_count++] = (struct said){url, answer};
		} else {
			free(url);
			free(answer);
		}
	}
}

static int read_result(struct report *report, struct json_object *object, struct note_error *err)
{
	struct finding finding = {0};
	char *input = name_field(object, "input"), *path = name_field(object, "path");
	char *id = name_field(object, "buildId"), *check = name_field(object, "check");
	char *word = name_field(object, "verdict"), *reason = name_field(object, "reason");
	struct json_object *servers = field(object, "servers", json_type_array);
	int code = NOTE_OK;
	if (input == NULL || path == NULL || known_check(check) == NULL || reason == NULL ||
	    servers == NULL || !read_verdict(word, &finding.verdict)) {
		code = broken(err, "a result without its fields");
		goto out;
	}
	finding.reason = xstrdup(reason);
	read_servers(servers, &finding);
	report_add(report, input, path, id != NULL ? id : "", check, &finding);
out:
	free(input);
	free(path);
	free(id);
	free(check);
	free(word);
	free(reason);
	return code;
}

static int read_results(struct report *report, struct json_object *root, struct note_error *err)
{
	struct json_object *results = field(root, "results", json_type_array);
	struct json_object *unread = field(root, "unread", json_type_array);
	struct json_object *files = field(root, "files", json_type_array);
	int code = results != NULL ? NOTE_OK : broken(err, "no results");
	for (size_t i = 0; code == NOTE_OK && i < json_object_array_length(results); i++)
		code = read_result(report, json_object_array_get_idx(results, i), err);
	for (size_t i = 0; unread != NULL && i < json_object_array_length(unread); i++) {
		struct json_object *one = json_object_array_get_idx(unread, i);
		char *input = name_field(one, "input"), *reason = name_field(one, "reason");
		if (input != NULL && reason != NULL)
			report_add_unread(report, input, reason);
		free(input);
		free(reason);
	}
	for (size_t i = 0; files != NULL && i < json_object_array_length(files); i++) {
		struct json_object *one = json_object_array_get_idx(files, i);
		char *input = name_field(one, "input"), *path = name_field(one, "path");
		char *id = name_field(one, "buildId"), *loaded = name_field(one, "loaded");
		if (input != NULL && path != NULL && id != NULL && loaded != NULL)
			report_add_file(report, input, path, id, loaded);
		free(input);
		free(path);
		free(id);
		free(loaded);
	}
	return code;
}

static int read_shard(struct merge *merge, struct json_object *root, struct note_error *err)
{
	struct json_object *shard = field(root, "shard", json_type_object);
	if (shard == NULL)
		return NOTE_OK;
	struct json_object *index = field(shard, "index", json_type_int);
	struct json_object *count = field(shard, "count", json_type_int);
	const int64_t i = index != NULL ? json_object_get_int64(index) : 0;
	const int64_t n = count != NULL ? json_object_get_int64(count) : 0;
	if (n < 1 || n > PARTS_MAX || i < 1 || i > n)
		return broken(err, "shard is no part of a whole");
	if (merge->parts == 0) {
		merge->parts = (unsigned)n;
		merge->come = xcalloc((size_t)n + 1, sizeof(*merge->come));
	}
	if (merge->parts != n)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "a part of %d, others are parts of %u", (int)n, merge->parts);
	if (merge->come[i])
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "part %d of %d has come already",
				 (int)i, (int)n);
	merge->come[i] = true;
	return NOTE_OK;
}

int merge_add(struct merge *merge, struct report *report, const char *json, size_t size,
	      struct note_error *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *root = NULL, *version;
	int code;
	if (tokener == NULL)
		return error_system(err, "JSON");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	if (size > INT_MAX) {
		code = broken(err, "too large");
		goto out;
	}
	root = json_parse_text(tokener, json, size);
	version = field(root, "reportVersion", json_type_int);
	if (root == NULL)
		code = broken(err, json_tokener_error_desc(json_tokener_get_error(tokener)));
	else if (version == NULL)
		code = broken(err, "no reportVersion");
	else if (json_object_get_int64(version) != REPORT_VERSION)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "reportVersion is not %d",
				 REPORT_VERSION);
	else
		code = read_shard(merge, root, err);
	if (code == NOTE_OK)
		code = read_results(report, root, err);
out:
	json_object_put(root);
	json_tokener_free(tokener);
	return code;
}

static int compare_files(const void *a, const void *b)
{
	const struct report_file *x = a, *y = b;
	int order = strcmp(x->build_id, y->build_id);
	if (order == 0)
		order = strcmp(x->loaded, y->loaded);
	if (order == 0)
		order = strcmp(x->input, y->input);
	return order != 0 ? order : strcmp(x->path, y->path);
}

/* FILE's result of the check build-id, or NULL. */
static struct result *find_result(struct report *report, const struct report_file *file)
{
	const struct result key = {.input = file->input,
				   .path = file->path,
				   .build_id = file->build_id,
				   .check = (char *)(uintptr_t)build_id_check.name};
	return report_find(report, &key);
}

static void tell_twins(struct report *report, const struct report_file *files, size_t count)
{
	const struct report_file *first = &files[0], *last = &files[count - 1];
	if (first->build_id[0] == '\0' || strcmp(first->loaded, last->loaded) == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct report_file *twin =
			strcmp(files[i].loaded, first->loaded) != 0 ? first : last;
		struct result *result = find_result(report, &files[i]);
		if (result != NULL && result->finding.verdict == VERDICT_PASS)
			finding_set(
				&result->finding, VERDICT_FAIL,
				"%s: %s has the same build-id, and something else is loaded of it",
				twin->input, twin->path);
	}
}

void merge_end(struct merge *merge, struct report *report)
{
	for (unsigned i = 1; i <= merge->parts; i++)
		if (!merge->come[i]) {
			char *name = xasprintf("part %u of %u", i, merge->parts);
			report_add_unread(report, name, "its report is missing");
			free(name);
		}
	report_sort(report);
	if (report->file_count > 1)
		qsort(report->files, report->file_count, sizeof(*report->files), compare_files);
	for (size_t start = 0, end; start < report->file_count; start = end) {
		for (end = start + 1;
		     end < report->file_count &&
		     strcmp(report->files[end].build_id, report->files[start].build_id) == 0;)
			end++;
		tell_twins(report, report->files + start, end - start);
	}
	report->verified = report->count;
	free(merge->come);
	*merge = (struct merge){0};
}
