/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Debug files that are folded together (dwz -m): what they have in common goes into one alternate
 * file. No debug file is final before all are there, and no shipped file before its debug file's
 * CRC is. So the recipe leaves both halves of each input in the work directory ("staged"), and
 * then, here:
 *
 *   fold     dwz goes over all staged debug files
 *   publish  debug files and the alternate file get their indexes (index.c) and their places
 *   journal  says that they are there
 *   ship     each shipped file gets its CRC, and replaces its input
 *
 * A run that is killed before the journal is there has changed no input: the next one does all of
 * it again. One killed later finds the journal, and takes the debug files that it tells of as they
 * are, for those inputs that still make the same debug file before dwz. What dwz makes of one file
 * depends on all of them, so it could not be made again from the inputs that are left.
 *
 * Equal debug files (of equal programs, under equal build-ids) are folded once and stay equal: a
 * build-id stands for one debug file. Where they lie at different depths the relative name of the
 * alternate file would tell them apart, so they name it by its absolute path.
 */
#include "tools/splitter/together/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "libnote/error.h"
#include "tools/base/pool.h"
#include "tools/splitter/together/alternate.h"

/* --- staging --- */

/* As deep below the work directory as the debug file will lie below the debug tree: dwz then gives
 * it the relative name of the alternate file that it will have. */
static char *staged_name(const struct split_run *run, size_t index, const char *debug_path)
{
	struct text name = {0};
	const char *p = debug_path + strlen(run->layout.debug_root) + 1;
	while ((p = strchr(p, '/')) != NULL) {
		text_puts(&name, "d/");
		p++;
	}
	text_printf(&name, "%zu.debug", index);
	return name.data;
}

static size_t depth_of(const char *name)
{
	size_t depth = 0;
	while ((name = strchr(name, '/')) != NULL) {
		depth++;
		name++;
	}
	return depth;
}

static void digest(const struct strip_output *file, char out[33])
{
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(file->bytes, file->size));
	hex_encode(canonical.digest, sizeof(canonical.digest), out);
}

int together_stage(const struct split_run *run, size_t index, const struct strip_output *debug,
		   const struct strip_output *shipped, struct outcome *outcome,
		   struct note_error *err)
{
	const size_t owner = owners_take(run->owners, outcome->debug_path, index);
	const struct outcome *other = &run->outcomes[owner];
	digest(debug, outcome->draft);
	if (owner != index && other->verdict == VERDICT_STAGED &&
	    strcmp(other->draft, outcome->draft) != 0)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "build-id %s is that of /%s too, whose debug information differs",
				 outcome->build_id, run->inputs.items[owner].path);
	char *debug_name = staged_name(run, index, outcome->debug_path);
	char *shipped_name = xasprintf("%zu.shipped", index);
	int code = work_write(run, debug_name, debug, err);
	if (code == NOTE_OK)
		code = work_write(run, shipped_name, shipped, err);
	if (code == NOTE_OK)
		outcome->verdict = VERDICT_STAGED;
	free(debug_name);
	free(shipped_name);
	return code;
}

/* --- folding --- */

static int by_draft(const void *a, const void *b)
{
	const struct member *x = a;
	const struct member *y = b;
	const int order = strcmp(x->outcome->draft, y->outcome->draft);
	if (order != 0)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void collect(struct batch *batch)
{
	const struct split_run *run = batch->run;
	batch->items = xcalloc(run->inputs.count, sizeof(*batch->items));
	for (size_t i = 0; i < run->inputs.count; i++) {
		const struct outcome *outcome = &run->outcomes[i];
		if (outcome->verdict == VERDICT_STAGED)
			batch->items[batch->count++] = (struct member){
				.index = i,
				.outcome = outcome,
				.name = staged_name(run, i, outcome->debug_path),
			};
	}
	if (batch->count > 1)
		qsort(batch->items, batch->count, sizeof(*batch->items), by_draft);
}

static void fail(const struct split_run *run, size_t index, const struct note_error *err)
{
	run->outcomes[index].verdict = VERDICT_FAILED;
	run->outcomes[index].err = *err;
}

/* Finds equals. What shares its debug file with an input that was split before, and is not of a
 * run that was killed, cannot be folded as that was. */
static void group(struct batch *batch)
{
	const struct split_run *run = batch->run;
	for (size_t i = 0; i < batch->count; i++) {
		struct member *member = &batch->items[i];
		struct note_error err;
		const size_t owner =
			owners_take(run->owners, member->outcome->debug_path, member->index);
		member->first = i;
		if (i != 0 && !batch->items[i - 1].recalled && !member->recalled &&
		    strcmp(batch->items[i - 1].outcome->draft, member->outcome->draft) == 0)
			member->first = batch->items[i - 1].first;
		if (member->recalled || run->outcomes[owner].verdict != VERDICT_SPLIT)
			continue;
		error_set(&err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			  "build-id %s is that of /%s too, whose debug file is folded already",
			  member->outcome->build_id, run->inputs.items[owner].path);
		fail(run, member->index, &err);
	}
}

static bool is_folded(const struct batch *batch, size_t i)
{
	const struct member *member = &batch->items[i];
	return !member->recalled && member->first == i &&
	       member->outcome->verdict == VERDICT_STAGED;
}

static int by_index(const void *a, const void *b)
{
	const struct member *const *x = a;
	const struct member *const *y = b;
	return (*x)->index < (*y)->index ? -1 : 1;
}

static int fold(struct batch *batch, struct note_error *err)
{
	const struct split_run *run = batch->run;
	const struct split_options *options = run->options;
	const struct member **order = xcalloc(batch->count, sizeof(struct member *));
	char **names = xcalloc(batch->count + 1, sizeof(*names));
	size_t count = 0;
	int code = NOTE_OK;
	for (size_t i = 0; i < batch->count; i++)
		if (is_folded(batch, i))
			order[count++] = &batch->items[i];
	if (count > 1)
		qsort(order, count, sizeof(*order), by_index);
	for (size_t i = 0; i < count; i++)
		names[i] = order[i]->name;
	batch->refusals = count == 1; /* each is then looked at by itself */
	if (count > 1) {
		const char *below = batch->alternate + strlen(run->layout.debug_root) + 1;
		char *directory = xasprintf("%s/%s", run->work, below);
		*strrchr(directory, '/') = '\0';
		code = root_make_dirs(options->root, directory, err);
		if (code == NOTE_OK)
			code = dwz_fold_together(options->root, run->work, names, count, below,
						 NULL, &options->dwz_limits, options->jobs,
						 &batch->refusals, err);
		free(directory);
	}
	free(names);
	free(order);
	return code;
}

/* Dwz does not say which files it refused, but for a person: those that did not change are asked
 * for by themselves. */
static int explain(const struct batch *batch, const struct member *member,
		   struct strip_output *file, struct note_error *err)
{
	char now[33];
	const struct split_options *options = batch->run->options;
	struct outcome *outcome = &batch->run->outcomes[member->index];
	digest(file, now);
	if (!batch->refusals || strcmp(now, outcome->draft) != 0)
		return NOTE_OK;
	int code = dwz_fold(options->root, batch->run->work, member->name, &options->dwz_limits,
			    &outcome->not_folded, err);
	if (code != NOTE_OK)
		return code;
	free(file->bytes);
	*file = (struct strip_output){0};
	return work_read(batch->run, member->name, file, err);
}

/* Reads what dwz made in common. Its build-id, dwz's digest of the contents, becomes one that this
 * package alone has: small files of two packages would be one. */
static int take_shared(struct batch *batch, struct note_error *err)
{
	const struct split_run *run = batch->run;
	const struct split_options *options = run->options;
	const struct plan_options plan_options = {.keep_symtab = true};
	struct image *image = NULL;
	struct plan plan = {0};
	int code = work_read(run, batch->alternate + strlen(run->layout.debug_root) + 1,
			     &batch->shared, err);
	if (code == NOTE_ABSENT)
		return NOTE_OK; /* nothing in common */
	if (code == NOTE_OK)
		code = image_open_memory(&image, batch->shared.bytes, batch->shared.size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = build_id_find(image, &batch->id, err);
	if (code == NOTE_OK)
		code = plan_make(&plan, image, NULL, &plan_options, err);
	if (code == NOTE_OK) {
		char *seed = alternate_seed(options);
		code = build_id_compute(image, &plan, seed, &batch->id, err);
		free(seed);
	}
	if (code == NOTE_OK) {
		memcpy(batch->shared.bytes + batch->id.offset, batch->id.bytes, batch->id.size);
		link_target_make(&batch->target, &run->layout, batch->id.bytes, batch->id.size);
	}
	plan_free(&plan);
	image_close(image);
	return code;
}

/* --- publishing --- */

static size_t end_of_group(const struct batch *batch, size_t first)
{
	size_t end = first + 1;
	while (end < batch->count && batch->items[end].first == first)
		end++;
	return end;
}

/* What dwz and gdb said of a file holds for its equals. */
static void copy_refusals(struct outcome *outcome, const struct outcome *first)
{
	if (first->not_folded != NULL)
		outcome->not_folded = xstrdup(first->not_folded);
	if (first->no_index != NULL)
		outcome->no_index = xstrdup(first->no_index);
}

static int publish_group(struct batch *batch, size_t first, struct note_error *err)
{
	const struct split_run *run = batch->run;
	const struct split_options *options = run->options;
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	struct member *member = &batch->items[first];
	const size_t end = end_of_group(batch, first);
	struct strip_output file = {0};
	char *absolute = NULL;
	int code = work_read(run, member->name, &file, err);
	if (code == NOTE_OK)
		code = explain(batch, member, &file, err);
	if (code == NOTE_OK)
		code = index_member(batch, member, &file, err);
	for (size_t i = first; i < end && absolute == NULL; i++)
		if (depth_of(batch->items[i].name) != depth_of(member->name))
			absolute = xasprintf("/%s", batch->alternate);
	const struct alternate_link link = {run->layout.kind == LAYOUT_DEB ? batch->target.name
									   : absolute,
					    batch->id.bytes, batch->id.size};
	const bool relinks = batch->shared.bytes != NULL;
	if (code == NOTE_OK && (relinks || options->compression != COMPRESSION_NONE))
		code = debug_file_repack(&file, options->compression, relinks ? &link : NULL, 1,
					 err);
	for (size_t i = first; code == NOTE_OK && i < end; i++) {
		struct outcome *outcome = &run->outcomes[batch->items[i].index];
		const char *const paths[] = {outcome->debug_path};
		code = root_write(options->root, paths, 1, file.bytes, file.size, &attributes, err);
		if (code == NOTE_OK)
			note_debug_file(run, outcome, &file);
		if (i != first)
			copy_refusals(outcome, &run->outcomes[member->index]);
	}
	free(absolute);
	free(file.bytes);
	return code;
}

static void publish(void *context, size_t index, unsigned worker)
{
	struct batch *batch = context;
	struct note_error err;
	(void)worker;
	if (!is_folded(batch, index) || publish_group(batch, index, &err) == NOTE_OK)
		return;
	for (size_t i = index; i < end_of_group(batch, index); i++)
		fail(batch->run, batch->items[i].index, &err);
}

static int publish_alternate(struct batch *batch, struct note_error *err)
{
	const struct split_run *run = batch->run;
	const struct split_options *options = run->options;
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	const char *const paths[] = {run->layout.kind == LAYOUT_DEB ? batch->target.path
								    : batch->alternate};
	struct strip_output *file = &batch->shared;
	int code = NOTE_OK;
	if (file->bytes == NULL)
		return NOTE_OK;
	code = index_shared(batch, err);
	if (code == NOTE_OK && options->compression != COMPRESSION_NONE)
		code = debug_file_repack(file, options->compression, NULL, options->jobs, err);
	if (code == NOTE_OK)
		code = root_write(options->root, paths, 1, file->bytes, file->size, &attributes,
				  err);
	return code;
}

/* --- shipping --- */

static int put_crc(struct strip_output *shipped, uint32_t crc32, struct note_error *err)
{
	struct image *image = NULL;
	GElf_Shdr shdr;
	int code = image_open_memory(&image, shipped->bytes, shipped->size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK &&
	    (image_find_section(image, ".gnu_debuglink", &shdr) == 0 ||
	     image_bytes(image, shdr.sh_offset, shdr.sh_size, "debuglink", err) == NULL ||
	     shdr.sh_size < 4))
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "the debuglink is gone");
	if (code == NOTE_OK)
		image_put32(image, shipped->bytes + shdr.sh_offset + shdr.sh_size - 4, crc32);
	image_close(image);
	return code;
}

static int ship_one(const struct split_run *run, size_t index, struct note_error *err)
{
	struct outcome *outcome = &run->outcomes[index];
	struct strip_output shipped = {0};
	struct piece piece;
	char *name = xasprintf("%zu.shipped", index);
	int like = -1;
	int code = work_read(run, name, &shipped, err);
	if (code == NOTE_OK)
		code = put_crc(&shipped, outcome->debug_crc32, err);
	if (code == NOTE_OK)
		code = root_open_file(run->options->root, run->inputs.items[index].path, &like,
				      err);
	if (code == NOTE_OK) {
		const struct pieces all = pieces_one(&piece, shipped.bytes, shipped.size);
		outcome_files(run, outcome, &all, NULL);
		code = replace_input(run, index, like, &all, err);
		close(like);
	}
	if (code == NOTE_OK)
		outcome->verdict = VERDICT_SPLIT;
	free(shipped.bytes);
	free(name);
	return code;
}

static void ship(void *context, size_t i, unsigned worker)
{
	const struct batch *batch = context;
	const struct member *member = &batch->items[batch->from + i];
	const size_t index = member->index;
	struct note_error err;
	(void)worker;
	if (member->outcome->verdict == VERDICT_STAGED &&
	    ship_one(batch->run, index, &err) != NOTE_OK)
		fail(batch->run, index, &err);
}

/* --- all of it --- */

static char *name_alternate(const struct batch *batch, struct note_error *err)
{
	struct strings outputs = {0};
	for (size_t i = 0; i < batch->count; i++)
		if (!batch->items[i].recalled)
			strings_add(&outputs, batch->items[i].outcome->debug_path);
	strings_sort(&outputs);
	char *path = alternate_name(&batch->run->layout, batch->run->options, &outputs, err);
	strings_free(&outputs);
	return path;
}

static int work_through(struct batch *batch, struct note_error *err)
{
	const unsigned jobs = batch->run->options->jobs;
	batch->alternate = name_alternate(batch, err);
	if (batch->alternate == NULL)
		return err->code;
	int code = fold(batch, err);
	if (code == NOTE_OK)
		code = take_shared(batch, err);
	if (code != NOTE_OK)
		return code;
	pool_run(jobs, batch->count, publish, NULL, batch);
	code = publish_alternate(batch, err);
	/* Beyond this point no debug file changes. */
	if (code == NOTE_OK)
		code = journal_write(batch, err);
	while (code == NOTE_OK && batch->from < batch->count) {
		const size_t left = batch->count - batch->from;
		const size_t count = left < ROOT_BATCH ? left : ROOT_BATCH;
		pool_run(jobs, count, ship, NULL, batch);
		split_commit(batch->run);
		batch->from += count;
	}
	return code;
}

void together_finish(const struct split_run *run)
{
	struct batch batch = {.run = run};
	struct note_error err;
	bool complete = true;
	collect(&batch);
	if (batch.count != 0) {
		journal_read(&batch);
		group(&batch);
		const int code = work_through(&batch, &err);
		for (size_t i = 0; i < batch.count; i++) {
			const struct member *member = &batch.items[i];
			if (code != NOTE_OK && member->outcome->verdict == VERDICT_STAGED)
				fail(run, member->index, &err);
			if (member->listed && member->outcome->verdict != VERDICT_SPLIT)
				complete = false; /* the next run still needs the journal */
			free(member->name);
			free(member->shared_index);
		}
	}
	if (complete)
		journal_remove(run);
	free(batch.alternate);
	free(batch.shared.bytes);
	link_target_free(&batch.target);
	free(batch.items);
}
