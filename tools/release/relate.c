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
		order = strcmp(x->artifact.loaded, y->artifact.loaded);
	if (order == 0)
		order = strcmp(x->artifact.sha256, y->artifact.sha256);
	return order != 0 ? order : x < y ? -1 : x > y;
}

static char *name_twin(const struct elf_artifact *of, const struct elf_artifact *twin)
{
	return strcmp(of->input, twin->input) == 0 ? xstrdup(twin->path)
						   : xasprintf("%s: %s", twin->input, twin->path);
}

/* Files of one build-id that differ, though nothing that is loaded does. */
static void relate_copies(struct release *release, struct subject **group, size_t count)
{
	const struct elf_artifact **copies = xcalloc(count, sizeof(*copies));
	for (size_t i = 0; i < count; i++) {
		copies[i] = &group[i]->artifact;
		group[i]->artifact.copies = copies;
		group[i]->artifact.copy_count = count;
	}
	release->copies =
		xrealloc(release->copies, (release->copies_count + 1) * sizeof(*release->copies));
	release->copies[release->copies_count++] = copies;
}

static int compare_digests(const void *a, const void *b)
{
	return strcmp((*(struct subject *const *)a)->artifact.sha256,
		      (*(struct subject *const *)b)->artifact.sha256);
}

/* A group of one build-id, sorted by what is loaded: it is sound where the first and the last agree
 * in that. Of files without a known digest, which come first, nothing is known to differ. */
static void relate_group(struct release *release, struct subject **group, size_t count)
{
	for (; count != 0 && group[0]->artifact.sha256[0] == '\0'; count--)
		group++;
	if (count < 2 || group[0]->artifact.build_id[0] == '\0')
		return;
	size_t known = 0;
	while (known < count && group[known]->artifact.loaded[0] == '\0')
		known++;
	struct subject *first = group[known < count ? known : 0], *last = group[count - 1];
	if (strcmp(first->artifact.loaded, last->artifact.loaded) == 0) {
		qsort(group, count, sizeof(struct subject *), compare_digests);
		if (strcmp(group[0]->artifact.sha256, group[count - 1]->artifact.sha256) != 0)
			relate_copies(release, group, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct elf_artifact *of = &group[i]->artifact;
		const struct subject *other =
			strcmp(of->loaded, first->artifact.loaded) != 0 ? first : last;
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

/* --- manifests --- */

/* The files of a manifest by their names, of which hard links have several. */
struct index {
	struct indexed {
		char *name;
		const struct manifest_file *file;
	} * items; /* sorted by name */
	size_t count;
};

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

static int compare_indexed(const void *a, const void *b)
{
	return strcmp(((const struct indexed *)a)->name, ((const struct indexed *)b)->name);
}

static struct index make_index(const struct manifest *manifest, char *(*name_of)(const char *path))
{
	struct index index = {0};
	size_t names = 0;
	for (size_t f = 0; f < manifest->file_count; f++)
		names += 1 + manifest->files[f].links.count;
	index.items = xcalloc(names + 1, sizeof(*index.items));
	for (size_t f = 0; f < manifest->file_count; f++) {
		const struct manifest_file *file = &manifest->files[f];
		index.items[index.count++] = (struct indexed){name_of(file->path), file};
		for (size_t l = 0; l < file->links.count; l++)
			index.items[index.count++] =
				(struct indexed){name_of(file->links.items[l]), file};
	}
	if (index.count > 1)
		qsort(index.items, index.count, sizeof(*index.items), compare_indexed);
	return index;
}

static void free_index(struct index *index)
{
	for (size_t i = 0; i < index->count; i++)
		free(index->items[i].name);
	free(index->items);
}

/* The file called NAME, NULL where there is none or, with ALONE, several. */
static const struct manifest_file *find_file(const struct index *index, char *name, bool alone)
{
	const struct indexed key = {.name = name};
	const struct indexed *end = index->items + index->count;
	const struct indexed *found = index->count != 0
					      ? bsearch(&key, index->items, index->count,
							sizeof(*index->items), compare_indexed)
					      : NULL;
	if (found == NULL)
		return NULL;
	if (alone && ((found > index->items && strcmp(found[-1].name, name) == 0) ||
		      (found + 1 < end && strcmp(found[1].name, name) == 0)))
		return NULL;
	return found->file;
}

static void relate_manifest(struct release *release, const struct manifest *manifest)
{
	struct index index = make_index(manifest, xstrdup);
	for (size_t i = 0; i < release->count; i++) {
		struct elf_artifact *artifact = &release->subjects[i].artifact;
		const struct manifest_file *file = find_file(&index, artifact->path, false);
		if (file != NULL)
			artifact->manifest = file;
		for (size_t f = 0; f < manifest->skipped_count; f++)
			if (strcmp(manifest->skipped[f].path, artifact->path) == 0)
				artifact->left_alone = manifest->skipped[f].reason;
	}
	free_index(&index);
}

/* A file's entry in the last release is found by its path, else by the only path that differs in
 * nothing but numbers (libpart.so.1.2 and libpart.so.1.3). */
static void relate_last(struct release *release, const struct manifest *last)
{
	struct index exact = make_index(last, xstrdup);
	struct index alike = make_index(last, without_numbers);
	for (size_t i = 0; i < release->count; i++) {
		struct elf_artifact *artifact = &release->subjects[i].artifact;
		char *name = without_numbers(artifact->path);
		artifact->since = find_file(&exact, artifact->path, false);
		if (artifact->since == NULL)
			artifact->since = find_file(&alike, name, true);
		free(name);
	}
	free_index(&exact);
	free_index(&alike);
}

void release_relate(struct release *release)
{
	sort_by_id(release);
	for (size_t start = 0, end; start < release->count; start = end) {
		const char *id = release->by_id[start]->artifact.build_id;
		for (end = start + 1; end < release->count &&
				      strcmp(release->by_id[end]->artifact.build_id, id) == 0;)
			end++;
		relate_group(release, release->by_id + start, end - start);
	}
	for (size_t i = 0; i < release->count; i++) {
		release_expect(release, &release->subjects[i]);
	}
	if (release->options->expectations.manifest != NULL)
		relate_manifest(release, release->options->expectations.manifest);
	if (release->options->expectations.since != NULL)
		relate_last(release, release->options->expectations.since);
}
