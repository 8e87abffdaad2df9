/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All files of a staging tree: the inputs side by side through the recipe (split.c), the largest
 * first; then the .build-id links; then, on one thread and in the order of paths, messages and the
 * manifest, so that the number of jobs shows nowhere.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/libraries/crypto.h"
#include "tools/base/pool.h"
#include "tools/splitter/inputs/inputs.h"
#include "tools/splitter/programs/programs.h"
#include "tools/splitter/split_internal.h"
#include "tools/splitter/together/together.h"

/* When an input is worked on. */
struct turn {
	size_t index;
	uint64_t size;
};

struct tree {
	struct split_run run;
	struct turn *order;
	size_t total;
	size_t from; /* the first of a batch, in ORDER */
	atomic_size_t done;
	struct file_buffer *buffers; /* one for each worker */
	unsigned workers;
};

static void work(void *context, size_t number, unsigned worker)
{
	struct tree *tree = context;
	const struct split_options *options = tree->run.options;
	const size_t index = tree->order[tree->from + number].index;
	split_input(&tree->run, index, &tree->buffers[worker], &tree->run.outcomes[index]);
	const size_t done = ++tree->done;
	if (options->progress != NULL)
		options->progress(options->context, done, tree->total);
}

/* Another run was at the file, or has replaced it: it is waited for, now that nothing of ours is
 * locked, and the file looked at anew. */
static void work_again(struct split_run *run, size_t index, struct file_buffer *buffer)
{
	struct root_batch *batch = run->batch;
	struct input *input = &run->inputs.items[index];
	struct outcome *outcome = &run->outcomes[index];
	struct stat st;
	run->batch = NULL;
	for (unsigned i = 0; outcome->err.code == ROOT_AGAIN && i < 100; i++) {
		outcome_free(outcome);
		if (root_stat(run->options->root, input->path, &st, NULL) == NOTE_OK) {
			input->size = (uint64_t)st.st_size;
			input->changed = st.st_ctim;
			input->device = st.st_dev;
			input->inode = st.st_ino;
		}
		split_input(run, index, buffer, outcome);
	}
	run->batch = batch;
}

/* All inputs, batch by batch: the new files of one reach the disk together, then their names. */
static void work_through(struct tree *tree, unsigned jobs)
{
	while (tree->from < tree->total) {
		const size_t left = tree->total - tree->from;
		const size_t count = left < ROOT_BATCH ? left : ROOT_BATCH;
		pool_run(jobs, count, work, NULL, tree);
		split_commit(&tree->run);
		for (size_t i = tree->from; i < tree->from + count; i++)
			work_again(&tree->run, tree->order[i].index, &tree->buffers[0]);
		tree->from += count;
	}
}

static int by_size(const void *a, const void *b)
{
	const struct turn *x = a;
	const struct turn *y = b;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

/* The largest files first: the last one to finish is then a small one. */
static void order_inputs(struct tree *tree, bool largest_first)
{
	tree->order = xcalloc(tree->total, sizeof(*tree->order));
	for (size_t i = 0; i < tree->total; i++)
		tree->order[i] = (struct turn){i, tree->run.inputs.items[i].size};
	if (largest_first && tree->total > 1)
		qsort(tree->order, tree->total, sizeof(*tree->order), by_size);
}

/* --- eu-elflint on what came out --- */

static void look_at(void *context, size_t index, unsigned worker)
{
	const struct tree *tree = context;
	const struct split_run *run = &tree->run;
	struct outcome *outcome = &run->outcomes[index];
	struct root *root = run->options->root;
	(void)worker;
	if (outcome->verdict != VERDICT_SPLIT)
		return;
	int code = elflint_look(root, run->inputs.items[index].path, false, &outcome->complaints[1],
				&outcome->link_err);
	if (code == NOTE_OK && outcome->debug_path != NULL)
		elflint_look(root, outcome->debug_path, true, &outcome->complaints[2],
			     &outcome->link_err);
}

/* --- the end, in the order of paths --- */

static char *absolute(const char *path)
{
	return xasprintf("/%s", path);
}

static int by_installed(const void *a, const void *b)
{
	return strcmp((*(const struct source *const *)a)->installed,
		      (*(const struct source *const *)b)->installed);
}

/* Enters a file that was split into the manifest; its outcome gives its texts away. */
static void enter(const struct split_run *run, struct manifest *manifest, const struct input *input,
		  struct outcome *outcome, const char *path)
{
	const struct split_options *options = run->options;
	struct manifest_file *file = manifest_add_file(manifest);
	file->path = xstrdup(path);
	for (size_t i = 0; i < input->links.count; i++)
		strings_take(&file->links, absolute(input->links.items[i]));
	if (outcome->build_id[0] != '\0')
		file->build_id = xstrdup(outcome->build_id);
	file->size = outcome->size;
	memcpy(file->sha256, outcome->sha256, sizeof(file->sha256));
	if (outcome->debug_path != NULL) /* archives have none */
		file->debug_path = absolute(outcome->debug_path);
	file->debug_size = outcome->debug_size;
	memcpy(file->debug_sha256, outcome->debug_sha256, sizeof(file->debug_sha256));
	file->debug_crc32 = outcome->debug_crc32;
	file->counts.counted = outcome->counted;
	file->counts.units = outcome->counts.units;
	file->counts.functions = outcome->counts.functions;
	file->counts.lines = outcome->counts.lines;
	if (outcome->alternate != NULL)
		file->debug_alternate = absolute(outcome->alternate);
	file->package = outcome->package;
	outcome->package = NULL;
	if (outcome->source_count > 1)
		qsort(outcome->sources, outcome->source_count, sizeof(*outcome->sources),
		      by_installed);
	for (size_t i = 0; i < outcome->source_count; i++) {
		const struct source *source = outcome->sources[i];
		if (i != 0 && source == outcome->sources[i - 1])
			continue; /* two objects of an archive name it */
		if (source->missing) {
			struct manifest_missing *missing = manifest_add_missing(manifest);
			missing->path = absolute(source->installed);
			missing->unit = xstrdup(path);
			options->tell(options->context, SPLIT_MISSING_SOURCE, path,
				      source->original, NULL);
		} else if (source->err.code != NOTE_OK) {
			options->tell(options->context, SPLIT_FAILED, path, NULL, &source->err);
		} else {
			strings_take(&file->sources, absolute(source->installed));
		}
	}
	strings_sort(&file->sources);
}

static void tell_complaints(const struct split_options *options, const struct outcome *outcome,
			    const char *path)
{
	static const char *const what[3] = {"before the split", "stripped", "its debug file"};
	for (size_t i = 0; i < 3; i++) {
		if (outcome->complaints[i] == NULL)
			continue;
		char *text = xasprintf("%s: %s", what[i], outcome->complaints[i]);
		options->tell(options->context, SPLIT_COMPLAINT, path, text, NULL);
		free(text);
	}
}

/* What the file is, and nothing of the machine or of another run, keeps it from being done. */
static bool is_refusal(int code)
{
	return code == NOTE_MALFORMED || code == NOTE_UNSUPPORTED;
}

/* Links, messages and the manifest of one input. */
static void conclude(const struct split_run *run, struct manifest *manifest,
		     struct split_totals *totals, size_t index)
{
	const struct split_options *options = run->options;
	const struct input *input = &run->inputs.items[index];
	struct outcome *outcome = &run->outcomes[index];
	struct manifest_skipped *skipped;
	char *path = absolute(input->path);
	if (outcome->no_build_id && !outcome->dropped_debug)
		options->tell(options->context, SPLIT_NO_BUILD_ID, path, NULL, NULL);
	if (outcome->kept_paths != 0) {
		char *number = xasprintf("%llu", (unsigned long long)outcome->kept_paths);
		options->tell(options->context, SPLIT_PATHS_KEPT, path, number, NULL);
		free(number);
	}
	if (outcome->dropped_link != NULL && outcome->verdict == VERDICT_SPLIT)
		options->tell(options->context, SPLIT_LINK_DROPPED, path, outcome->dropped_link,
			      NULL);
	if (outcome->kept_relocations != NULL)
		options->tell(options->context, SPLIT_RELOCATIONS_KEPT, path,
			      outcome->kept_relocations, NULL);
	if (outcome->dropped_debug)
		options->tell(options->context, SPLIT_DEBUG_DROPPED, path, NULL, NULL);
	if (outcome->group_lost)
		options->tell(options->context, SPLIT_GROUP_LOST, path, NULL, NULL);
	for (size_t i = 0; i < outcome->wanting.count; i++)
		options->tell(options->context, SPLIT_WANTING, path, outcome->wanting.items[i],
			      NULL);
	for (size_t i = 0; i < outcome->remarks.count; i++)
		options->tell(options->context, SPLIT_REMARK, path, outcome->remarks.items[i],
			      NULL);
	if (outcome->no_index != NULL)
		options->tell(options->context, SPLIT_NO_INDEX, path, outcome->no_index, NULL);
	if (outcome->not_folded != NULL)
		options->tell(options->context, SPLIT_NOT_FOLDED, path, outcome->not_folded, NULL);
	tell_complaints(options, outcome, path);
	if (outcome->link_err.code != NOTE_OK)
		options->tell(options->context, SPLIT_FAILED, path, NULL, &outcome->link_err);
	switch (outcome->verdict) {
	case VERDICT_SPLIT:
		totals->split++;
		enter(run, manifest, input, outcome, path);
		options->tell(options->context, SPLIT_DONE, path, outcome->debug_path, NULL);
		if (input->name_count > 1 + input->links.count)
			options->tell(options->context, SPLIT_LINKS_ELSEWHERE, path, NULL, NULL);
		break;
	case VERDICT_STAMPED:
		enter(run, manifest, input, outcome, path);
		break;
	case VERDICT_LEFT:
	case VERDICT_FAILED:
		skipped = manifest_add_skipped(manifest);
		skipped->path = xstrdup(path);
		if (outcome->verdict == VERDICT_LEFT) {
			totals->left++;
			skipped->reason = xstrdup(outcome->reason);
			options->tell(options->context, SPLIT_LEFT, path, outcome->reason, NULL);
		} else {
			skipped->reason = xstrdup(outcome->err.text);
			skipped->refused = is_refusal(outcome->err.code);
			const bool left = options->leave_refused && skipped->refused;
			*(left ? &totals->left : &totals->failed) += 1;
			options->tell(options->context, left ? SPLIT_REFUSED : SPLIT_FAILED, path,
				      NULL, &outcome->err);
		}
		break;
	case VERDICT_NONE:
	case VERDICT_LATER:
	case VERDICT_STAGED:
		break;
	}
	free(path);
}

static void walk_failed(void *context, const char *path, const struct note_error *err)
{
	const struct split_options *options = context;
	options->tell(options->context, SPLIT_FAILED, path, NULL, err);
}

static void describe(const struct split_options *options, struct manifest *manifest)
{
	*manifest = (struct manifest){0};
	manifest->type = xstrdup(options->layout == LAYOUT_RPM ? "rpm" : "deb");
	manifest->name = xstrdup(options->name);
	manifest->version = xstrdup(options->version);
	manifest->release = options->release != NULL ? xstrdup(options->release) : NULL;
	manifest->architecture = xstrdup(options->arch);
}

#define PATIENCE 250   /* times */
#define PAUSE    20000 /* microseconds */

/* A program that a killed run called may still be at work. It stays in the directory in which it
 * is, under another name: what is made anew is not its. A debug root that cannot be reached has
 * no such directory that a run may use. */
static int leave_work(struct split_run *run, struct note_error *err)
{
	struct root *root = run->options->root;
	char name[32];
	bool taken = false; /* by what cannot be removed now */
	int code = NOTE_SYSTEM;
	root_temporary_name(run->work, name);
	run->left_work = xasprintf("%s/%s", run->layout.debug_root, name);
	for (int i = 0; i < PATIENCE && (i == 0 || taken); i++) {
		if (i != 0)
			usleep(PAUSE);
		root_remove_tree(root, run->left_work, NULL);
		code = root_rename(root, run->work, run->left_work, err);
		taken = code == NOTE_SYSTEM && (err->system == ENOTEMPTY || err->system == EEXIST);
	}
	if (code == NOTE_OK)
		root_remove_tree(root, run->left_work, NULL);
	if (code != NOTE_OK && code != NOTE_ABSENT && !taken) {
		free(run->left_work);
		run->left_work = NULL;
	}
	return taken ? code : NOTE_OK;
}

static void tell_left_work(const struct split_run *run)
{
	const struct split_options *options = run->options;
	if (run->left_work == NULL ||
	    root_remove_tree(options->root, run->left_work, NULL) == NOTE_OK)
		return;
	char *path = xasprintf("/%s", run->left_work);
	options->tell(options->context, SPLIT_REMARK, path,
		      "a program of a run that was killed is at work there: split again, or "
		      "remove it",
		      NULL);
	free(path);
}

/* Where external programs find and leave files: it comes with the first of them, and that of a
 * killed run goes first. */
static int name_work(struct split_run *run, struct note_error *err)
{
	const struct split_options *options = run->options;
	int code = NOTE_OK;
	run->work = xasprintf("%s/.pkgnote-work", run->layout.debug_root);
	if (options->gdb_index)
		code = external_find("gdb", "an index", err);
	if (code == NOTE_OK && options->dwz != DWZ_NONE)
		code = external_find("dwz", "folding debug information", err);
	if (code == NOTE_OK && options->elf_check != ELF_CHECK_NONE)
		code = external_find("eu-elflint", "checking ELF files", err);
	if (code == NOTE_ABSENT)
		err->code = code = NOTE_SYSTEM;
	return code == NOTE_OK ? leave_work(run, err) : code;
}

/* What there is to do: names, inputs, the map of paths. */
static int survey(struct split_run *run, struct note_error *err)
{
	const struct split_options *options = run->options;
	int code = layout_init(&run->layout, options->layout, options->debug_root, options->name,
			       options->version, options->release, options->arch, err);
	if (code == NOTE_OK)
		code = layout_rename(&run->layout, options->suffix, options->source_base, err);
	if (code == NOTE_OK)
		code = name_work(run, err);
	/* Not in the middle: it may be missing. */
	if (code == NOTE_OK && options->digests)
		code = crypto_library_load(err);
	if (code != NOTE_OK)
		return code;
	const struct scan_options scan = {run->layout.debug_root, options->only, options->exclude,
					  options->jobs};
	code = scan_tree(&run->inputs, options->root, &scan, walk_failed,
			 (void *)(uintptr_t)options, err);
	if (code == NOTE_OK)
		code = build_dirs_map(options, &run->layout, &run->map, err);
	if (code == NOTE_OK && options->build_id != BUILD_ID_KEEP && !options->stamp_only)
		scan_excluded_ids(&run->inputs, options->root, &run->kept_ids);
	return code;
}

/* All debug files have their owners. Those that share one with another input come now that it is
 * complete, in the order of paths. */
static void work_on_the_late(struct tree *tree)
{
	struct split_run *run = &tree->run;
	owners_settle(run->owners);
	for (size_t i = 0; i < run->inputs.count; i++) {
		struct outcome *outcome = &run->outcomes[i];
		if (outcome->verdict != VERDICT_LATER)
			continue;
		outcome_free(outcome);
		split_input(run, i, &tree->buffers[0], outcome);
		split_commit(run);
		work_again(run, i, &tree->buffers[0]);
	}
}

static void run_free(struct split_run *run)
{
	root_batch_free(run->options->root, run->batch);
	free(run->work);
	free(run->left_work);
	for (size_t i = 0; run->outcomes != NULL && i < run->inputs.count; i++)
		outcome_free(&run->outcomes[i]);
	free(run->outcomes);
	owners_free(run->owners);
	alternates_free(run->alternates);
	sources_free(run->sources);
	path_map_free(run->map);
	strings_free(&run->kept_ids);
	inputs_free(&run->inputs);
	layout_free(&run->layout);
}

static void buffers_free(struct tree *tree)
{
	for (unsigned i = 0; i < tree->workers; i++)
		free(tree->buffers[i].bytes);
	free(tree->buffers);
}

int split_tree(const struct split_options *options, struct manifest *manifest,
	       struct split_totals *totals, struct note_error *err)
{
	struct tree tree = {.run.options = options};
	struct split_run *run = &tree.run;
	*totals = (struct split_totals){0};
	describe(options, manifest);
	/* Work directory, journal and links are one run's at a time. */
	root_lock(options->root, options->waiting, options->context);
	root_keep_directories(options->root);
	int code = survey(run, err);
	if (code != NOTE_OK)
		goto out;
	run->sources =
		sources_new(options->root, run->layout.sources, run->map, options->build_dirs);
	run->owners = owners_new();
	run->alternates = alternates_new();
	tree.total = run->inputs.count;
	run->outcomes = xcalloc(tree.total, sizeof(*run->outcomes));

	/* Layout deb names debug files by build-id, so two inputs can share one. Ids that are kept
	 * may clash, and who comes first must not depend on luck: one after the other, then. */
	const bool clash = options->layout == LAYOUT_DEB &&
			   (options->build_id == BUILD_ID_KEEP || run->kept_ids.count != 0);
	order_inputs(&tree, !clash);
	tree.workers = options->jobs > 1 ? options->jobs : 1;
	tree.buffers = xcalloc(tree.workers, sizeof(*tree.buffers));
	run->batch = root_batch_new();
	work_through(&tree, clash ? 1 : options->jobs);

	work_on_the_late(&tree);
	buffers_free(&tree);
	together_finish(run);
	split_dwarf_finish(run);
	alternate_finish(run);
	if (sources_make_directories(run->sources, &manifest->compiled_in, err) != NOTE_OK ||
	    sources_settle(run->sources, err) != NOTE_OK)
		options->tell(options->context, SPLIT_FAILED, run->layout.sources, NULL, err);
	links_make(run);
	if (options->elf_check != ELF_CHECK_NONE)
		pool_run(options->jobs, tree.total, look_at, NULL, &tree);
	for (size_t i = 0; i < tree.total; i++)
		conclude(run, manifest, totals, i);
	split_tell_lost_sources(run);
	together_enter(run, manifest);
	manifest_sort(manifest);
	sources_count(run->sources, &totals->sources, &totals->missing);
	for (size_t i = 0; i < run->inputs.temporaries.count; i++)
		root_remove_leftover(options->root, run->inputs.temporaries.items[i]);
out:
	if (run->work != NULL)
		root_remove_tree(options->root, run->work, NULL);
	tell_left_work(run);
	if (code == NOTE_OK)
		code = root_sync(options->root, err);
	free(tree.order);
	run_free(run);
	return code;
}
