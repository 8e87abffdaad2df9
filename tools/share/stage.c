/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The package to be: what was spooled is sorted into places, judged against the share, and brought
 * in. See share.h for the order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/elf/loaded.h"
#include "tools/share/internal.h"
#include "tools/share/look.h"

/* --- placing --- */

struct candidate {
	struct spooled spooled;
	char *below;
	bool fallback;
	char published[65]; /* its digest, where another stands in for it; else "" */
};

struct stage {
	struct share *share;
	struct candidate *candidates;
	size_t count;
	size_t room;
	char *name; /* by the package notes */
	char *name_origin;
	char *other_name; /* another name, and where it stood */
	char *other_origin;
	uint64_t left_out;
};

struct stage *stage_new(struct share *share)
{
	struct stage *stage = xcalloc(1, sizeof(*stage));
	stage->share = share;
	return stage;
}

static void free_candidate(struct candidate *candidate)
{
	spooled_free(&candidate->spooled);
	free(candidate->below);
}

static void stage_free(struct stage *stage)
{
	if (stage == NULL)
		return;
	for (size_t i = 0; i < stage->count; i++)
		free_candidate(&stage->candidates[i]);
	free(stage->candidates);
	free(stage->name);
	free(stage->name_origin);
	free(stage->other_name);
	free(stage->other_origin);
	free(stage);
}

void stage_place(struct stage *stage, struct spooled *spooled, const char *below, bool fallback)
{
	if (stage->count == stage->room) {
		stage->room = stage->room != 0 ? 2 * stage->room : 16;
		stage->candidates =
			xrealloc(stage->candidates, stage->room * sizeof(*stage->candidates));
	}
	stage->candidates[stage->count++] = (struct candidate){
		.spooled = *spooled, .below = xstrdup(below), .fallback = fallback};
	*spooled = (struct spooled){0};
}

int stage_place_elf(struct stage *stage, struct spooled *spooled, const struct look *look,
		    bool debug, struct note_error *err)
{
	char *below = xasprintf("buildid/%s/debuginfo", look->build_id);
	int code = NOTE_OK;
	for (size_t i = 0; i < spooled->section_count; i++) {
		struct spooled_section *section = &spooled->sections[i];
		char *place = xasprintf("buildid/%s/section/%s", look->build_id, section->name);
		stage_place(stage, &section->file, place, !debug);
		free(place);
	}
	if (debug) {
		stage_place(stage, spooled, below, false);
	} else {
		struct spooled again;
		if (look->has_dwarf)
			code = spool_again(stage->share, spooled, &again, err);
		if (look->has_dwarf && code == NOTE_OK)
			stage_place(stage, &again, below, true);
		free(below);
		below = xasprintf("buildid/%s/executable", look->build_id);
		stage_place(stage, spooled, below, false);
	}
	free(below);
	return code;
}

void stage_name(struct stage *stage, const char *package, const char *origin)
{
	if (stage->name == NULL) {
		stage->name = xstrdup(package);
		stage->name_origin = xstrdup(origin);
	} else if (stage->other_name == NULL && strcmp(stage->name, package) != 0) {
		stage->other_name = xstrdup(package);
		stage->other_origin = xstrdup(origin);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = strcmp(x->below, y->below);
	if (order == 0)
		order = (int)x->fallback - (int)y->fallback;
	return order != 0 ? order : strcmp(x->spooled.origin, y->spooled.origin);
}

/* NEXT is for the same place as FIRST, which stays. */
static int give_way(struct stage *stage, const struct candidate *first,
		    const struct candidate *next, enum share_conflict conflict,
		    struct note_error *err)
{
	char hex[129];
	if (strcmp(first->spooled.sha256, next->spooled.sha256) == 0 || next->fallback)
		return NOTE_OK;
	if (build_id_path(next->below, hex) != NULL &&
	    share_same_loaded(stage->share, first->spooled.path, next->spooled.path)) {
		share_say(stage->share, next->spooled.origin,
			  "a copy of %s: that one is served; they differ in nothing that is loaded",
			  first->spooled.origin);
		return NOTE_OK;
	}
	if (conflict != SHARE_KEEP)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "two different files for %s: %s and %s", next->below,
				 first->spooled.origin, next->spooled.origin);
	share_say(stage->share, next->spooled.origin,
		  "left out: %s has the same build-id and other contents", first->spooled.origin);
	stage->left_out++;
	return NOTE_OK;
}

/* One candidate a place: equal contents once; others are a conflict inside the input. */
static int settle(struct stage *stage, enum share_conflict conflict, struct note_error *err)
{
	size_t kept = 0;
	int code = NOTE_OK;
	if (stage->count > 1)
		qsort(stage->candidates, stage->count, sizeof(*stage->candidates), by_place);
	for (size_t i = 0; i < stage->count; i++) {
		struct candidate *next = &stage->candidates[i];
		struct candidate *first = kept != 0 ? &stage->candidates[kept - 1] : NULL;
		if (first == NULL || strcmp(first->below, next->below) != 0) {
			stage->candidates[kept++] = *next;
			continue;
		}
		if (code == NOTE_OK)
			code = give_way(stage, first, next, conflict, err);
		free_candidate(next);
	}
	stage->count = kept;
	return code;
}

/* --- against the share --- */

/* CANDIDATE's place is held by another package with other contents: whether it stays. */
static bool yield_to(struct stage *stage, struct candidate *candidate, const struct claim *claim,
		     const char *package, enum share_conflict conflict, int *code,
		     struct note_error *err)
{
	char hex[129];
	const char *kind = build_id_path(candidate->below, hex);
	if (claim->same_loaded) {
		share_say(stage->share, candidate->spooled.origin,
			  "the %s of build-id %s that %s holds is served for it, too; they differ "
			  "in nothing that is loaded",
			  kind, hex, claim->holder);
		memcpy(candidate->published, candidate->spooled.sha256, 65);
		memcpy(candidate->spooled.sha256, claim->digest, 65);
		candidate->spooled.size = claim->size;
		return true;
	}
	if (conflict == SHARE_KEEP) {
		share_say(stage->share, candidate->spooled.origin,
			  "left out: %s holds another %s of build-id %s", claim->holder, kind, hex);
		stage->left_out++;
	} else {
		*code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				  "build-id %s: %s and %s hold different files as its %s", hex,
				  claim->holder, package, kind);
	}
	return false;
}

/* Candidates for build-ids that another package holds with other contents. */
static int judge(struct stage *stage, const char *package, enum share_conflict conflict,
		 struct note_error *err)
{
	size_t kept = 0;
	struct claim *claims = xcalloc(stage->count, sizeof(*claims));
	for (size_t i = 0; i < stage->count; i++)
		claims[i] = (struct claim){.below = stage->candidates[i].below,
					   .sha256 = stage->candidates[i].spooled.sha256,
					   .path = stage->candidates[i].spooled.path};
	int code = stage->share->store->judge(stage->share, package, claims, stage->count, err);
	for (size_t i = 0; i < stage->count; i++) {
		struct candidate *candidate = &stage->candidates[i];
		bool stays = claims[i].holder == NULL || code != NOTE_OK;
		if (!stays)
			stays = yield_to(stage, candidate, &claims[i], package, conflict, &code,
					 err);
		if (stays)
			stage->candidates[kept++] = *candidate;
		else
			free_candidate(candidate);
		free(claims[i].holder);
	}
	free(claims);
	stage->count = kept;
	return code;
}

static char *copy_or_null(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static void describe(const struct stage *stage, const char *package,
		     const struct manifest *manifest, struct record *record)
{
	*record = (struct record){.package = xstrdup(package)};
	if (manifest != NULL) {
		record->type = copy_or_null(manifest->type);
		record->name = copy_or_null(manifest->name);
		record->version = copy_or_null(manifest->version);
		record->release = copy_or_null(manifest->release);
		record->architecture = copy_or_null(manifest->architecture);
	}
	for (size_t i = 0; i < stage->count; i++) {
		const struct candidate *candidate = &stage->candidates[i];
		struct record_file *file = record_add(record);
		file->path = xstrdup(candidate->below);
		file->origin = xstrdup(candidate->spooled.origin);
		file->size = candidate->spooled.size;
		memcpy(file->sha256, candidate->spooled.sha256, sizeof(file->sha256));
		memcpy(file->published, candidate->published, sizeof(file->published));
	}
}

/* --- bringing it in --- */

/* RECORD's files are the candidates. */
static int bring_in(struct stage *stage, const struct record *record, bool replacing,
		    struct share_added *added, struct note_error *err)
{
	if (stage->share->hooks->dry_run)
		return NOTE_OK;
	struct upload *uploads = xcalloc(stage->count, sizeof(*uploads));
	for (size_t i = 0; i < stage->count; i++) {
		const struct spooled *spooled = &stage->candidates[i].spooled;
		uploads[i] = (struct upload){.path = spooled->path,
					     .names = spooled->names,
					     .alternate = spooled->alternate,
					     .stood_in = stage->candidates[i].published[0] != '\0'};
	}
	int code = stage->share->store->add(stage->share, record, uploads, replacing,
					    &added->new_bytes, err);
	free(uploads);
	return code;
}

/* The name: as it was given, else by the notes, which must agree. */
static int choose_name(const struct stage *stage, const char **package, struct note_error *err)
{
	if (*package == NULL && stage->other_name != NULL)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "the package notes do not agree: %s says %s, %s says %s; give the "
				 "package's name",
				 stage->name_origin, stage->name, stage->other_origin,
				 stage->other_name);
	if (*package == NULL)
		*package = stage->name;
	if (*package == NULL)
		return error_set(
			err, NOTE_USAGE, NOTE_NO_OFFSET,
			"no manifest and no package note names the package; give its name");
	if (!is_package_name(*package))
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "'%s' cannot be a package's name in the share", *package);
	return NOTE_OK;
}

int stage_commit(struct stage *stage, const char *package, const struct manifest *manifest,
		 enum share_conflict conflict, struct share_added *added, struct note_error *err)
{
	struct record record = {0};
	enum present present = PRESENT_NOT;
	int code = choose_name(stage, &package, err);
	if (code == NOTE_OK)
		code = settle(stage, conflict, err);
	if (code == NOTE_OK && stage->count == 0)
		code = error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
				 "nothing to publish: no file with a build-id, and no source");
	if (code != NOTE_OK)
		return code;
	describe(stage, package, manifest, &record);
	code = compare_with_present(stage->share, &record, conflict, &present, &stage->left_out,
				    err);
	if (code == NOTE_OK && present != PRESENT_STAYS) {
		code = judge(stage, package, conflict, err);
		record_free(&record);
		describe(stage, package, manifest, &record);
		if (stage->count == 0) /* all of it was left out */
			present = PRESENT_STAYS;
		else if (code == NOTE_OK)
			code = bring_in(stage, &record, present == PRESENT_GOES, added, err);
	}
	if (code == NOTE_OK) {
		added->package = xstrdup(package);
		added->unchanged = present == PRESENT_STAYS;
		added->replaced = present == PRESENT_GOES;
		added->left_out = stage->left_out;
		count_up(&record, added);
	}
	record_free(&record);
	return code;
}

int stage_end(struct share *share, struct stage *stage, int code, struct note_error *err)
{
	stage_free(stage);
	const int undone = share->store->clear(share, code == NOTE_OK ? err : NULL);
	if (code == NOTE_OK)
		code = undone;
	if (code == NOTE_OK) /* the names, and that nothing was left */
		code = root_sync(share->root, err);
	return code;
}
