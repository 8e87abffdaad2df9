/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The recipe. Each file goes once through the stages below, in memory, and is written at the end:
 *
 *   scan      which files, and what each one is
 *   (stamp)   the package note, while the file still has room for it: libnote
 *   dwarf     source paths rewritten, sources listed
 *   strip     a plan: which section goes where
 *   buildid   the id, over what will be published
 *   strip     the debug file, then the shipped file
 *   layout    names and links
 *   sources   copied, each once
 *
 * A stage takes what it needs and returns what it made; no stage calls another. Files are
 * independent of each other but for the sources and for debug files that two inputs share
 * (claims). What depends on order (links, messages, manifest) is done at the end, in the order of
 * paths, so that the number of jobs shows nowhere.
 *
 * A run can be killed at any moment. The shipped file is replaced last, so a file that is not
 * split yet is split again, to the same bytes; one that is split already has its debug file and
 * sources, and the rest of what it needs (links, manifest) is made again from these.
 */
#include "tools/splitter/split.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "tools/base/digest.h"
#include "tools/base/pool.h"
#include "tools/splitter/buildid.h"
#include "tools/splitter/claims.h"
#include "tools/splitter/dwarf.h"
#include "tools/splitter/scan.h"
#include "tools/splitter/sources.h"
#include "tools/splitter/strip.h"

enum verdict { VERDICT_NONE, VERDICT_SPLIT, VERDICT_LEFT, VERDICT_FAILED, VERDICT_LATER };

/* What became of one input: written by the thread that worked on it, read at the end. */
struct outcome {
	enum verdict verdict;
	char reason[120];
	struct note_error err;
	bool no_build_id;
	char build_id[2 * BUILD_ID_MAX + 1]; /* "" for none */
	uint64_t size;
	char sha256[2 * SHA256_SIZE + 1];
	char *debug_path;
	uint64_t debug_size;
	char debug_sha256[2 * SHA256_SIZE + 1];
	uint32_t debug_crc32;
	char *package;
	const struct source **sources;
	size_t source_count;
};

/* When an input is worked on. */
struct turn {
	size_t index;
	uint64_t size;
};

/* What all files share; none of it changes while they are worked on but claims, sources, done. */
struct run {
	const struct split_options *options;
	struct layout layout;
	struct path_map *map;
	struct sources *sources;
	struct claims *claims;
	struct inputs inputs;
	struct outcome *outcomes;
	struct turn *order;
	size_t total;
	atomic_size_t done;
};

/* --- one file --- */

/* What one file is on its way; lives in split_input alone. */
struct passage {
	int fd;
	uint8_t *bytes;
	size_t size;
	struct image *image;
	struct section_edits edits;
	struct dwarf_sources sources;
	struct strip_plan plan;
	struct build_id id;
	struct strip_output debug;
	struct strip_output shipped;
};

static void passage_end(struct passage *passage)
{
	strip_plan_free(&passage->plan);
	section_edits_free(&passage->edits);
	dwarf_sources_free(&passage->sources);
	image_close(passage->image);
	free(passage->debug.bytes);
	free(passage->shipped.bytes);
	free(passage->bytes);
	if (passage->fd >= 0)
		close(passage->fd);
}

static int leave(struct outcome *outcome, const char *reason)
{
	outcome->verdict = VERDICT_LEFT;
	snprintf(outcome->reason, sizeof(outcome->reason), "%s", reason);
	return NOTE_OK;
}

/* Puts the note in, unless there is one. */
static int stamp(struct passage *passage, const char *payload, struct note_error *err)
{
	const struct note_place_options options = {.size = sizeof(options)};
	void *stamped;
	size_t size;
	int code = elf_package(passage->image, NULL, NULL, NULL, err);
	if (code != NOTE_ABSENT)
		return code;
	code = note_place(passage->bytes, passage->size, payload, &options, &stamped, &size, err);
	if (code != NOTE_OK)
		return code;
	image_close(passage->image);
	passage->image = NULL;
	free(passage->bytes);
	passage->bytes = stamped;
	passage->size = size;
	code = image_open_memory(&passage->image, stamped, size, err);
	return code == NOTE_OK ? image_read_elf(passage->image, err) : code;
}

/* Finds the id, or makes it anew in place: the plan's contents are the image's, so the debug file
 * and the shipped file both get it. */
static int identify(struct passage *passage, const struct split_options *options,
		    struct outcome *outcome, struct note_error *err)
{
	int code = build_id_find(passage->image, &passage->id, err);
	if (code == NOTE_ABSENT) {
		outcome->no_build_id = true;
		return NOTE_OK;
	}
	if (code == NOTE_OK && options->build_id == BUILD_ID_RECOMPUTE) {
		code = build_id_compute(passage->image, &passage->plan, options->seed, &passage->id,
					err);
		if (code == NOTE_OK)
			memcpy(passage->bytes + passage->id.offset, passage->id.bytes,
			       passage->id.size);
	}
	if (code == NOTE_OK)
		hex_encode(passage->id.bytes, passage->id.size, outcome->build_id);
	return code;
}

/* Copies the sources and notes them in the outcome. DIRECTORY is where sources lie below ROOT; a
 * source's original name is known, or follows from the build directory. */
static void collect(struct run *run, const struct dwarf_sources *sources, struct outcome *outcome)
{
	const char *directory = run->layout.sources;
	const char *build_dir = run->options->build_dir;
	outcome->sources = xcalloc(sources->count, sizeof(struct source *));
	for (size_t i = 0; i < sources->count; i++) {
		const struct dwarf_source *source = &sources->items[i];
		const char *installed =
			source->installed != NULL ? source->installed : source->original;
		char *original = NULL;
		installed += installed[0] == '/' ? 1 : 0;
		if (strncmp(installed, directory, strlen(directory)) != 0 ||
		    installed[strlen(directory)] != '/')
			continue;              /* not below the build directory */
		if (source->installed == NULL) /* of an earlier run */
			original = xasprintf("%s/%s", build_dir != NULL ? build_dir : "/",
					     installed + strlen(directory) + 1);
		outcome->sources[outcome->source_count++] = sources_take(
			run->sources, installed, original != NULL ? original : source->original);
		free(original);
	}
}

static int note_package_of(struct image *image, struct outcome *outcome, struct note_error *err)
{
	const char *payload;
	size_t length;
	int code = elf_package(image, &payload, &length, NULL, err);
	if (code == NOTE_OK)
		outcome->package = strndup(payload, length);
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

static void note_files(const struct run *run, struct outcome *outcome, const void *shipped,
		       uint64_t shipped_size, const void *debug, uint64_t debug_size)
{
	outcome->size = shipped_size;
	outcome->debug_size = debug_size;
	if (!run->options->digests)
		return;
	sha256_hex(shipped, shipped_size, outcome->sha256);
	sha256_hex(debug, debug_size, outcome->debug_sha256);
}

/* Replaces the shipped file under all its names. */
static int replace(struct run *run, const struct input *input, const struct passage *passage,
		   struct note_error *err)
{
	const struct file_attributes attributes = {.like = passage->fd};
	const size_t count = 1 + input->links.count;
	const char **paths = xcalloc(count, sizeof(*paths));
	paths[0] = input->path;
	for (size_t i = 1; i < count; i++)
		paths[i] = input->links.items[i - 1];
	int code = root_write(run->options->root, paths, count, passage->shipped.bytes,
			      passage->shipped.size, &attributes, err);
	free(paths);
	return code;
}

static int write_debug_file(struct run *run, size_t index, const struct passage *passage,
			    struct outcome *outcome, struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	const char *const paths[] = {outcome->debug_path};
	const size_t owner = claims_take(run->claims, outcome->debug_path, index);
	const struct outcome *other = &run->outcomes[owner];
	if (owner == index || other->verdict != VERDICT_SPLIT)
		return root_write(run->options->root, paths, 1, passage->debug.bytes,
				  passage->debug.size, &attributes, err);
	if (other->debug_size == passage->debug.size && other->debug_crc32 == outcome->debug_crc32)
		return NOTE_OK;
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			 "build-id %s is that of /%s too, whose debug information differs",
			 outcome->build_id, run->inputs.items[owner].path);
}

static int split_file(struct run *run, size_t index, struct passage *passage,
		      struct outcome *outcome, struct note_error *err)
{
	const struct split_options *options = run->options;
	const struct input *input = &run->inputs.items[index];
	struct dwarf_summary summary;
	int code = NOTE_OK;
	/* The note needs room in page one: before anything else changes. */
	if (options->payload != NULL)
		code = stamp(passage, options->payload, err);
	if (code == NOTE_OK)
		code = dwarf_rewrite(passage->image, run->map, &passage->edits, &passage->sources,
				     &summary, err);
	/* Contents are final but for the id: the plan, and the id's hash, see them so. */
	if (code == NOTE_OK)
		code = strip_plan_make(&passage->plan, passage->image, &passage->edits, err);
	if (code == NOTE_OK)
		code = identify(passage, options, outcome, err);
	if (code != NOTE_OK)
		return code;
	/* The id is final, and with it the debug file's name and bytes. */
	outcome->debug_path = layout_debug_path(&run->layout, input->path,
						outcome->no_build_id ? NULL : outcome->build_id);
	if (outcome->debug_path == NULL)
		return leave(outcome, "no build-id, by which this layout names debug files");
	if (claims_later(run->claims, outcome->debug_path, index)) {
		outcome->verdict = VERDICT_LATER;
		return NOTE_OK;
	}
	code = strip_debug_file(&passage->debug, passage->image, &passage->plan, err);
	if (code != NOTE_OK)
		return code;
	/* The debug file's bytes are final: their CRC enters the shipped file. */
	outcome->debug_crc32 = crc32_of(0, passage->debug.bytes, passage->debug.size);
	code = strip_shipped_file(&passage->shipped, passage->image, &passage->plan,
				  layout_debuglink(outcome->debug_path), outcome->debug_crc32, err);
	if (code == NOTE_OK)
		code = note_package_of(passage->image, outcome, err);
	if (code != NOTE_OK)
		return code;
	note_files(run, outcome, passage->shipped.bytes, passage->shipped.size,
		   passage->debug.bytes, passage->debug.size);
	/* Nothing was written until here. The shipped file comes last: once it is replaced, all
	 * that it refers to is there. */
	code = write_debug_file(run, index, passage, outcome, err);
	if (code != NOTE_OK)
		return code;
	collect(run, &passage->sources, outcome);
	code = replace(run, input, passage, err);
	if (code == NOTE_OK)
		outcome->verdict = VERDICT_SPLIT;
	return code;
}

/* --- a file that is split already --- */

/* Makes the outcome of an earlier run again: from the debug file, if it is ours. */
static int recall_file(struct run *run, size_t index, struct passage *passage,
		       struct outcome *outcome, struct note_error *err)
{
	const struct input *input = &run->inputs.items[index];
	struct image *debug = NULL;
	struct dwarf_summary summary;
	uint8_t *bytes = NULL;
	size_t size;
	int fd = -1;
	uint32_t crc32;
	const char *link = scan_debuglink(passage->image, &crc32);
	int code = build_id_find(passage->image, &passage->id, err);
	if (code == NOTE_OK)
		hex_encode(passage->id.bytes, passage->id.size, outcome->build_id);
	else if (code == NOTE_ABSENT)
		outcome->no_build_id = true;
	else
		return code;
	outcome->debug_path = layout_debug_path(&run->layout, input->path,
						outcome->no_build_id ? NULL : outcome->build_id);
	if (link == NULL || outcome->debug_path == NULL ||
	    strcmp(link, layout_debuglink(outcome->debug_path)) != 0)
		return leave(outcome, "already split");
	claims_take(run->claims, outcome->debug_path, index);
	code = root_open_file(run->options->root, outcome->debug_path, &fd, err);
	if (code == NOTE_ABSENT)
		return leave(outcome, "already split, and its debug file is not there");
	if (code == NOTE_OK)
		code = file_read(fd, &bytes, &size, err);
	if (code != NOTE_OK)
		goto out;
	outcome->debug_crc32 = crc32_of(0, bytes, size);
	if (outcome->debug_crc32 != crc32) {
		code = leave(outcome, "already split, and its debug file is another one (CRC-32)");
		goto out;
	}
	code = image_open_memory(&debug, bytes, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(debug, err);
	if (code == NOTE_OK)
		code = dwarf_rewrite(debug, NULL, NULL, &passage->sources, &summary, err);
	if (code == NOTE_OK)
		code = note_package_of(passage->image, outcome, err);
	if (code != NOTE_OK)
		goto out;
	note_files(run, outcome, passage->bytes, passage->size, bytes, size);
	collect(run, &passage->sources, outcome);
	outcome->verdict = VERDICT_SPLIT;
out:
	image_close(debug);
	free(bytes);
	if (fd >= 0)
		close(fd);
	return code;
}

/* --- any file --- */

static int split_input(struct run *run, size_t index, struct outcome *outcome,
		       struct note_error *err)
{
	struct passage passage = {.fd = -1};
	enum input_kind kind;
	uint8_t magic[8];
	int code =
		root_open_file(run->options->root, run->inputs.items[index].path, &passage.fd, err);
	if (code != NOTE_OK)
		return code;
	/* Most files of a tree are neither ELF files nor archives: look before reading all. */
	const ssize_t got = pread(passage.fd, magic, sizeof(magic), 0);
	if (got < 0) {
		code = error_system(err, "read");
		goto out;
	}
	if (!scan_magic(magic, (size_t)got))
		goto out;
	code = file_read(passage.fd, &passage.bytes, &passage.size, err);
	if (code == NOTE_OK)
		code = image_open_memory(&passage.image, passage.bytes, passage.size, err);
	if (code == NOTE_OK)
		code = scan_judge(passage.image, &kind, outcome->reason, err);
	if (code != NOTE_OK)
		goto out;
	if (kind == INPUT_LEFT)
		outcome->verdict = VERDICT_LEFT;
	else if (kind == INPUT_DONE)
		code = recall_file(run, index, &passage, outcome, err);
	else if (kind == INPUT_SPLIT)
		code = split_file(run, index, &passage, outcome, err);
out:
	passage_end(&passage);
	return code;
}

static void outcome_free(struct outcome *outcome)
{
	free(outcome->debug_path);
	free(outcome->package);
	free(outcome->sources);
	*outcome = (struct outcome){0};
}

static void work_on(struct run *run, size_t index)
{
	struct outcome *outcome = &run->outcomes[index];
	outcome_free(outcome);
	if (split_input(run, index, outcome, &outcome->err) != NOTE_OK)
		outcome->verdict = VERDICT_FAILED;
}

static void work(void *context, size_t number, unsigned worker)
{
	struct run *run = context;
	(void)worker;
	work_on(run, run->order[number].index);
	const size_t done = ++run->done;
	if (run->options->progress != NULL)
		run->options->progress(run->options->context, done, run->total);
}

/* --- the whole tree --- */

static int by_size(const void *a, const void *b)
{
	const struct turn *x = a;
	const struct turn *y = b;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

/* The largest files first: the last one to finish is then a small one. */
static void order_inputs(struct run *run, bool largest_first)
{
	run->order = xcalloc(run->total, sizeof(*run->order));
	for (size_t i = 0; i < run->total; i++)
		run->order[i] = (struct turn){i, run->inputs.items[i].size};
	if (largest_first && run->total > 1)
		qsort(run->order, run->total, sizeof(*run->order), by_size);
}

static char *absolute(const char *path)
{
	return xasprintf("/%s", path);
}

/* Enters a file that was split into the manifest; its outcome gives its texts away. */
static void enter(struct run *run, struct manifest *manifest, const struct input *input,
		  struct outcome *outcome, const char *path)
{
	const struct split_options *options = run->options;
	struct manifest_file *file = manifest_add_file(manifest);
	file->path = xstrdup(path);
	for (size_t i = 0; i < input->links.count; i++)
		strings_take(&file->links, absolute(input->links.items[i]));
	if (!outcome->no_build_id)
		file->build_id = xstrdup(outcome->build_id);
	file->size = outcome->size;
	memcpy(file->sha256, outcome->sha256, sizeof(file->sha256));
	file->debug_path = absolute(outcome->debug_path);
	file->debug_size = outcome->debug_size;
	memcpy(file->debug_sha256, outcome->debug_sha256, sizeof(file->debug_sha256));
	file->debug_crc32 = outcome->debug_crc32;
	file->package = outcome->package;
	outcome->package = NULL;
	for (size_t i = 0; i < outcome->source_count; i++) {
		const struct source *source = outcome->sources[i];
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

/* Links, messages and the manifest of one input. */
static void conclude(struct run *run, struct manifest *manifest, struct split_totals *totals,
		     size_t index)
{
	const struct split_options *options = run->options;
	const struct input *input = &run->inputs.items[index];
	struct outcome *outcome = &run->outcomes[index];
	struct manifest_skipped *skipped;
	char *path = absolute(input->path);
	if (outcome->no_build_id)
		options->tell(options->context, SPLIT_NO_BUILD_ID, path, NULL, NULL);
	if (outcome->verdict == VERDICT_SPLIT && options->links && !outcome->no_build_id &&
	    layout_links(&run->layout, options->root, input->path, outcome->debug_path,
			 outcome->build_id, &outcome->err) != NOTE_OK)
		options->tell(options->context, SPLIT_FAILED, path, NULL, &outcome->err);
	switch (outcome->verdict) {
	case VERDICT_SPLIT:
		totals->split++;
		enter(run, manifest, input, outcome, path);
		options->tell(options->context, SPLIT_DONE, path, outcome->debug_path, NULL);
		if (input->name_count > 1 + input->links.count)
			options->tell(options->context, SPLIT_LINKS_ELSEWHERE, path, NULL, NULL);
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
			totals->failed++;
			skipped->reason = xstrdup(outcome->err.text);
			options->tell(options->context, SPLIT_FAILED, path, NULL, &outcome->err);
		}
		break;
	case VERDICT_NONE:
	case VERDICT_LATER:
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

int split_tree(const struct split_options *options, struct manifest *manifest,
	       struct split_totals *totals, struct note_error *err)
{
	struct run run = {.options = options};
	*totals = (struct split_totals){0};
	describe(options, manifest);
	int code = layout_init(&run.layout, options->layout, options->debug_root, options->name,
			       options->version, options->release, options->arch, err);
	if (code != NOTE_OK)
		return code;
	const struct scan_options scan = {run.layout.debug_root, options->only, options->exclude};
	code = scan_tree(&run.inputs, options->root, &scan, walk_failed, (void *)(uintptr_t)options,
			 err);
	if (code != NOTE_OK)
		goto out;
	if (options->build_dir != NULL) {
		char *installed = absolute(run.layout.sources);
		run.map = path_map_new(options->build_dir, installed);
		free(installed);
	}
	run.sources = sources_new(options->root);
	run.total = run.inputs.count;
	run.outcomes = xcalloc(run.total, sizeof(*run.outcomes));

	/* Layout deb names debug files by build-id, so two inputs can share one. Ids that are kept
	 * may clash, and who comes first must not depend on luck: one after the other, then. */
	const bool clash = options->layout == LAYOUT_DEB && options->build_id == BUILD_ID_KEEP;
	run.claims = claims_new();
	order_inputs(&run, !clash);
	pool_run(clash ? 1 : options->jobs, run.total, work, NULL, &run);

	/* From here on one thread, in the order of paths. Those that share a debug file with
	 * another input come when that one is complete. */
	claims_settle(run.claims);
	for (size_t i = 0; i < run.total; i++)
		if (run.outcomes[i].verdict == VERDICT_LATER)
			work_on(&run, i);
	for (size_t i = 0; i < run.total; i++)
		conclude(&run, manifest, totals, i);
	manifest_sort(manifest);
	sources_count(run.sources, &totals->sources, &totals->missing);
	for (size_t i = 0; i < run.inputs.temporaries.count; i++)
		root_remove(options->root, run.inputs.temporaries.items[i], NULL);
out:
	for (size_t i = 0; i < run.total; i++)
		outcome_free(&run.outcomes[i]);
	free(run.outcomes);
	free(run.order);
	claims_free(run.claims);
	sources_free(run.sources);
	path_map_free(run.map);
	inputs_free(&run.inputs);
	layout_free(&run.layout);
	return code;
}
