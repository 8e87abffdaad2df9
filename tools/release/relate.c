/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Relating what was read: files that share a build-id, and each file with its entries in the
 * manifests, of this release's split and of the last release.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"
#include "tools/release/release_internal.h"

static int compare_ids(const void *a, const void *b)
{
	const struct subject *x = *(struct subject *const *)a, *y = *(struct subject *const *)b;
	int order = strcmp(x->artifact.build_id, y->artifact.build_id);
	if (order == 0)
		order = strcmp(x->artifact.sha256, y->artifact.sha256);
	return order != 0 ? order : x < y ? -1 : x > y;
}

static char *name_twin(const struct elf_artifact *of, const struct elf_artifact *twin)
{
	return strcmp(of->input, twin->input) == 0 ? xstrdup(twin->path)
						   : xasprintf("%s: %s", twin->input, twin->path);
}

/* A group of one build-id, sorted by digest: it is sound where first and last digest agree. Files
 * without a known digest, which come first, prove nothing. */
static void relate_group(struct subject **group, size_t count)
{
	for (; count != 0 && group[0]->artifact.sha256[0] == '\0'; count--)
		group++;
	if (count == 0)
		return;
	struct subject *first = group[0], *last = group[count - 1];
	if (first->artifact.build_id[0] == '\0' ||
	    strcmp(first->artifact.sha256, last->artifact.sha256) == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct elf_artifact *of = &group[i]->artifact;
		const struct subject *other =
			strcmp(of->sha256, first->artifact.sha256) != 0 ? first : last;
		group[i]->twin = name_twin(of, &other->artifact);
	}
}

static void sort_by_id(struct release *release)
{
	release->by_id = xcalloc(release->count + 1, sizeof(struct subject *));
	for (size_t i = 0; i < release->count; i++)
		release->by_id[i] = &release->subjects[i];
	if (release->count > 1)
		qsort(release->by_id, release->count, sizeof(struct subject *), compare_ids);
}

/* A path without its version: runs of digits become '#'. */
static char *without_numbers(const char *path)
{
	struct text out = {0};
	for (const char *p = path; *p != '\0';) {
		const size_t digits = strspn(p, "0123456789");
		text_add(&out, digits != 0 ? "#" : p, 1);
		p += digits != 0 ? digits : 1;
	}
	return out.data != NULL ? out.data : xstrdup("");
}

/* The file's entry in the last release: by its path, else by the only path that differs in nothing
 * but numbers (libpart.so.1.2 and libpart.so.1.3). */
static const struct manifest_file *find_last(const struct manifest *last, const char *path)
{
	const struct manifest_file *alike = NULL;
	char *wanted = without_numbers(path);
	for (size_t f = 0; f < last->file_count; f++) {
		const struct manifest_file *file = &last->files[f];
		if (strcmp(file->path, path) == 0 || strings_has(&file->links, path)) {
			free(wanted);
			return file;
		}
		char *name = without_numbers(file->path);
		if (strcmp(name, wanted) == 0)
			alike = alike == NULL ? file : last->files + last->file_count; /* several */
		free(name);
	}
	free(wanted);
	return alike == last->files + last->file_count ? NULL : alike;
}

void release_relate(struct release *release)
{
	sort_by_id(release);
	for (size_t start = 0, end; start < release->count; start = end) {
		const char *id = release->by_id[start]->artifact.build_id;
		for (end = start + 1; end < release->count &&
				      strcmp(release->by_id[end]->artifact.build_id, id) == 0;)
			end++;
		relate_group(release->by_id + start, end - start);
	}
	const struct manifest *manifest = release->options->expectations.manifest;
	for (size_t i = 0; i < release->count; i++) {
		release->subjects[i].evidence.expectations = &release->options->expectations;
		release->subjects[i].evidence.twin = release->subjects[i].twin;
	}
	const struct manifest *last = release->options->expectations.since;
	for (size_t i = 0; last != NULL && i < release->count; i++) {
		struct elf_artifact *artifact = &release->subjects[i].artifact;
		artifact->since = find_last(last, artifact->path);
	}
	for (size_t i = 0; manifest != NULL && i < release->count; i++) {
		struct elf_artifact *artifact = &release->subjects[i].artifact;
		for (size_t f = 0; f < manifest->file_count; f++)
			if (strcmp(manifest->files[f].path, artifact->path) == 0 ||
			    strings_has(&manifest->files[f].links, artifact->path))
				artifact->manifest = &manifest->files[f];
		for (size_t f = 0; f < manifest->skipped_count; f++)
			if (strcmp(manifest->skipped[f].path, artifact->path) == 0)
				artifact->left_alone = manifest->skipped[f].reason;
	}
}
