/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the recipes of files (split.c) and archives (split_archive.c) share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/splitter/split_internal.h"

void outcome_free(struct outcome *outcome)
{
	free(outcome->debug_path);
	free(outcome->package);
	free(outcome->alternate);
	free(outcome->old_alternate);
	free(outcome->dwp);
	free(outcome->no_index);
	free(outcome->not_folded);
	strings_free(&outcome->remarks);
	strings_free(&outcome->wanting);
	free(outcome->dropped_link);
	free(outcome->kept_relocations);
	for (size_t i = 0; i < 3; i++)
		free(outcome->complaints[i]);
	free(outcome->sources);
	*outcome = (struct outcome){0};
}

int outcome_leave(struct outcome *outcome, const char *reason)
{
	outcome->verdict = VERDICT_LEFT;
	snprintf(outcome->reason, sizeof(outcome->reason), "%s", reason);
	return NOTE_OK;
}

bool outcome_leave_closed(const struct split_run *run, const struct note_error *why,
			  struct outcome *outcome)
{
	const struct split_options *options = run->options;
	if (why->code != NOTE_SYSTEM || why->system != EACCES || !options->leave_broken ||
	    (options->payload != NULL && !options->leave_refused))
		return false;
	outcome_leave(outcome, "permission denied: its mode keeps it from being read: "
			       "chmod u+r in %install, and %attr in %files");
	return true;
}

static int by_path(const void *path, const void *input)
{
	return strcmp(path, ((const struct input *)input)->path);
}

int split_move_away(const struct split_run *run, const char *path, struct note_error *err)
{
	const struct input *input = bsearch(path, run->inputs.items, run->inputs.count,
					    sizeof(*run->inputs.items), by_path);
	const int code = root_remove(run->options->root, path, err);
	if (code == NOTE_OK && input != NULL && input->links.count == 0)
		run->outcomes[input - run->inputs.items].verdict = VERDICT_NONE;
	return code;
}

/* PATH without its leading '/', if it lies below DIRECTORY; else NULL. */
static const char *below(const char *directory, const char *path)
{
	const size_t length = strlen(directory);
	path += path[0] == '/' ? 1 : 0;
	return strncmp(path, directory, length) == 0 && path[length] == '/' ? path : NULL;
}

void outcome_collect(const struct split_run *run, const struct dwarf_sources *sources,
		     struct outcome *outcome)
{
	const char *directory = run->layout.sources;
	outcome->sources = xrealloc(outcome->sources, (outcome->source_count + sources->count) *
							      sizeof(struct source *));
	for (size_t i = 0; i < sources->directories.count; i++) {
		const char *compiled = below(directory, sources->directories.items[i]);
		if (compiled != NULL)
			sources_compiled_in(run->sources, compiled);
	}
	for (size_t i = 0; i < sources->count; i++) {
		const struct dwarf_source *source = &sources->items[i];
		const char *installed =
			below(directory,
			      source->installed != NULL ? source->installed : source->original);
		const struct source *taken = NULL;
		char *mapped = NULL;
		if (installed != NULL && source->installed == NULL) { /* of an earlier run */
			taken = sources_take_again(run->sources, installed);
		} else if (installed == NULL && source->installed == NULL && run->map != NULL) {
			/* Its unit's directory is above the build directory, and stayed. */
			mapped = path_map_apply(run->map, source->original);
			installed = mapped != NULL ? below(directory, mapped) : NULL;
		}
		if (taken == NULL && installed != NULL)
			taken = sources_take(run->sources, installed, source->original);
		if (taken != NULL)
			outcome->sources[outcome->source_count++] = taken;
		free(mapped);
	}
}

static void digest(void *context)
{
	const struct digesting *digesting = context;
	struct outcome *outcome = digesting->outcome;
	pieces_sha256(digesting->shipped, outcome->sha256);
	if (digesting->debug != NULL)
		pieces_sha256(digesting->debug, outcome->debug_sha256);
}

void outcome_files_begin(struct digesting *digesting, const struct split_run *run,
			 struct outcome *outcome, const struct pieces *shipped,
			 const struct pieces *debug)
{
	*digesting = (struct digesting){outcome, shipped, debug, {0}};
	outcome->size = shipped->size;
	if (debug != NULL)
		outcome->debug_size = debug->size;
	const bool large = run->options->jobs > 1 && debug != NULL && debug->size >= POOL_LARGE;
	if (run->options->digests)
		pool_beside_begin(&digesting->beside, large, digest, digesting);
}

void outcome_files_end(struct digesting *digesting)
{
	pool_beside_end(&digesting->beside);
}

void outcome_files(const struct split_run *run, struct outcome *outcome,
		   const struct pieces *shipped, const struct pieces *debug)
{
	struct digesting digesting;
	outcome_files_begin(&digesting, run, outcome, shipped, debug);
	outcome_files_end(&digesting);
}

/* Somebody else has written to the file since it was found. */
static bool has_changed(const struct input *input, int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 &&
	       ((uint64_t)st.st_size != input->size || st.st_ctim.tv_sec != input->changed.tv_sec ||
		st.st_ctim.tv_nsec != input->changed.tv_nsec);
}

int replace_input(const struct split_run *run, size_t index, int like, const struct pieces *shipped,
		  struct note_error *err)
{
	const struct input *input = &run->inputs.items[index];
	const struct file_attributes attributes = {
		.like = like,
		.same = true,
		.group_lost = &run->outcomes[index].group_lost,
		.later = run->batch,
		.tag = index,
	};
	const size_t count = 1 + input->links.count;
	struct stat st;
	if (fstat(like, &st) == 0 && (st.st_dev != input->device || st.st_ino != input->inode))
		return error_set(err, ROOT_AGAIN, NOTE_NO_OFFSET,
				 "another file took its place before it was worked on");
	if (has_changed(input, like))
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
				 "it changed while it was worked on");
	const char **paths = xcalloc(count, sizeof(*paths));
	paths[0] = input->path;
	for (size_t i = 1; i < count; i++)
		paths[i] = input->links.items[i - 1];
	/* Its debug file comes first, on the disk too. */
	int code = run->batch == NULL ? root_sync(run->options->root, err) : NOTE_OK;
	if (code == NOTE_OK)
		code = root_write_pieces(run->options->root, paths, count, shipped, &attributes,
					 err);
	free(paths);
	return code;
}

static void not_replaced(void *context, size_t index, const struct note_error *err)
{
	const struct split_run *run = context;
	run->outcomes[index].verdict = VERDICT_FAILED;
	run->outcomes[index].err = *err;
}

void split_commit(const struct split_run *run)
{
	root_commit(run->options->root, run->batch, not_replaced, (void *)(uintptr_t)run);
}

static void count(void *context)
{
	struct counting *counting = context;
	struct outcome *outcome = counting->outcome;
	counting->code = dwarf_count(counting->image, &outcome->counts, &counting->err);
	/* Counts that are too low would accuse nobody. */
	outcome->counted = counting->code == NOTE_OK && !outcome->counts.unread;
}

void outcome_count_begin(struct counting *counting, const struct split_run *run,
			 struct image *image, struct outcome *outcome)
{
	*counting = (struct counting){.image = image, .outcome = outcome, .code = NOTE_OK};
	const bool large = run->options->jobs > 1 && image->size >= POOL_LARGE;
	if (run->options->counts)
		pool_beside_begin(&counting->beside, large, count, counting);
}

int outcome_count_end(struct counting *counting, int code, struct note_error *err)
{
	pool_beside_end(&counting->beside);
	if (counting->code == NOTE_OK)
		return code;
	if (err != NULL)
		*err = counting->err;
	return counting->code;
}

int outcome_count(const struct split_run *run, struct image *image, struct outcome *outcome,
		  struct note_error *err)
{
	struct counting counting;
	outcome_count_begin(&counting, run, image, outcome);
	return outcome_count_end(&counting, NOTE_OK, err);
}
