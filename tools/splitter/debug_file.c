/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The recipe of a debug file, from the plan to its bytes:
 *
 *   reloc      relocations between debug sections resolved, if wanted
 *   dwz        what it says twice folded, if wanted; of several files together: together.c
 *   gdb_index  of what the file then says, if wanted: dwz would drop or have to rewrite one that is
 *              there, and drops the versions that it does not know (9, of gdb 16, by dwz 0.15)
 *   compress   last: neither dwz nor gdb needs to unpack, and the index is no debug section
 *
 * The shipped file and the build-id know nothing of it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/splitter/elf/elf.h"
#include "tools/splitter/programs/programs.h"
#include "tools/splitter/split_internal.h"

static bool has_section(const struct plan *plan, const char *name)
{
	for (uint64_t i = 1; i < plan->count; i++)
		if (strcmp(plan->sections[i].name, name) == 0)
			return true;
	return false;
}

static bool wants_index(const struct plan *plan)
{
	return !has_section(plan, ".gdb_index") && !has_section(plan, ".debug_names") &&
	       (has_section(plan, ".debug_info") || has_section(plan, ".zdebug_info"));
}

/* What gdb makes of FILE by itself. */
static int make_index(struct gdb_index *out, const struct split_run *run, size_t index,
		      const struct strip_output *file, struct outcome *outcome,
		      struct note_error *err)
{
	char *name = xasprintf("%zu.index", index);
	char *path = xasprintf("%s/%s", run->work, name);
	int code = work_write(run, name, file, err);
	if (code == NOTE_OK)
		code = gdb_index_make(out, run->options->root, run->work, name, NULL,
				      &outcome->no_index, err);
	root_remove(run->options->root, path, NULL);
	free(path);
	free(name);
	return code;
}

/* Adds what gdb makes of the file as it would be now. */
static int add_index(struct draft *draft, const struct split_run *run, size_t index,
		     struct image *image, struct outcome *outcome, struct note_error *err)
{
	struct strip_output before;
	struct gdb_index made = {0};
	if (!wants_index(&draft->plan))
		return NOTE_OK;
	int code = strip_debug_file(&before, image, &draft->plan, err);
	if (code != NOTE_OK)
		return code;
	code = make_index(&made, run, index, &before, outcome, err);
	free(before.bytes);
	if (code == NOTE_OK)
		code = draft_add(draft, image, ".gdb_index", made.bytes, made.size, err);
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

int debug_file_repack(struct strip_output *file, enum compression compression,
		      const struct alternate_link *alternate, unsigned jobs, struct note_error *err)
{
	struct strip_output packed = {0};
	struct compressed compressed = {0};
	struct plan plan = {0};
	struct image *image = NULL;
	const struct plan_options options = {.keep_symtab = true};
	struct text link = {0};
	int code = image_open_memory(&image, file->bytes, file->size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = plan_make(&plan, image, NULL, &options, err);
	for (uint64_t i = 1; alternate != NULL && code == NOTE_OK && i < plan.count; i++) {
		struct plan_section *section = &plan.sections[i];
		/* The table of names may be named so, too. */
		if (strcmp(section->name, ".gnu_debugaltlink") != 0 || section->bytes == NULL ||
		    link.size != 0 || i == image->shstrndx)
			continue;
		if (memchr(section->bytes, '\0', section->shdr.sh_size) == NULL)
			continue;
		text_puts(&link,
			  alternate->name != NULL ? alternate->name : (const char *)section->bytes);
		text_add(&link, "", 1);
		text_add(&link, alternate->id, alternate->id_size);
		section->bytes = (const uint8_t *)link.data;
		section->shdr.sh_size = link.size;
	}
	if (code == NOTE_OK)
		code = compress_plan(&compressed, image, &plan, compression, jobs, err);
	if (code == NOTE_OK)
		code = strip_nothing(&packed, image, &plan, err);
	if (code == NOTE_OK) {
		free(file->bytes);
		*file = packed;
	}
	compressed_free(&compressed);
	plan_free(&plan);
	text_free(&link);
	image_close(image);
	return code;
}

int work_read(const struct split_run *run, const char *name, struct strip_output *out,
	      struct note_error *err)
{
	int fd;
	size_t size;
	char *path = xasprintf("%s/%s", run->work, name);
	int code = root_open_file(run->options->root, path, &fd, err);
	free(path);
	if (code != NOTE_OK)
		return code;
	code = file_read(fd, &out->bytes, &size, err);
	out->size = size;
	close(fd);
	return code;
}

int work_write(const struct split_run *run, const char *name, const struct strip_output *file,
	       struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0600, .like = -1};
	char *path = xasprintf("%s/%s", run->work, name);
	const char *const paths[] = {path};
	int code =
		root_write(run->options->root, paths, 1, file->bytes, file->size, &attributes, err);
	free(path);
	return code;
}

bool debug_file_wants_index(const struct strip_output *file)
{
	const struct plan_options options = {.keep_symtab = true};
	struct image *image = NULL;
	struct plan plan = {0};
	const bool wants = image_open_memory(&image, file->bytes, file->size, NULL) == NOTE_OK &&
			   image_read_elf(image, NULL) == NOTE_OK &&
			   plan_make(&plan, image, NULL, &options, NULL) == NOTE_OK &&
			   wants_index(&plan);
	plan_free(&plan);
	image_close(image);
	return wants;
}

int debug_file_add_index(struct strip_output *file, uint8_t *bytes, uint64_t size,
			 struct note_error *err)
{
	const struct plan_options options = {.keep_symtab = true};
	struct strip_output whole = {0};
	struct image *image = NULL;
	struct plan plan = {0};
	struct draft draft = {0};
	int code = image_open_memory(&image, file->bytes, file->size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = plan_make(&plan, image, NULL, &options, err);
	draft_begin(&draft, &plan);
	if (code == NOTE_OK)
		code = draft_add(&draft, image, ".gdb_index", bytes, size, err);
	else
		free(bytes);
	if (code == NOTE_OK)
		code = strip_nothing(&whole, image, &draft.plan, err);
	draft_free(&draft);
	if (code == NOTE_OK) {
		free(file->bytes);
		*file = whole;
	}
	plan_free(&plan);
	image_close(image);
	return code;
}

/* The index of what dwz left. */
static int index_folded(struct strip_output *file, const struct split_run *run, size_t index,
			struct outcome *outcome, struct note_error *err)
{
	struct gdb_index made = {0};
	if (!debug_file_wants_index(file))
		return NOTE_OK;
	int code = make_index(&made, run, index, file, outcome, err);
	if (code == NOTE_OK)
		code = debug_file_add_index(file, made.bytes, made.size, err);
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

/* FILE by itself through dwz. */
static int fold(struct strip_output *file, const struct split_run *run, size_t index,
		struct outcome *outcome, struct note_error *err)
{
	const struct split_options *options = run->options;
	char *name = xasprintf("%zu.debug", index);
	int code = work_write(run, name, file, err);
	if (code == NOTE_OK)
		code = dwz_fold(options->root, run->work, name, &options->dwz_limits,
				&outcome->not_folded, err);
	if (code == NOTE_OK) {
		free(file->bytes);
		*file = (struct strip_output){0};
		code = work_read(run, name, file, err);
	}
	char *path = xasprintf("%s/%s", run->work, name);
	root_remove(options->root, path, NULL);
	free(path);
	free(name);
	if (code == NOTE_OK && options->gdb_index)
		code = index_folded(file, run, index, outcome, err);
	if (code == NOTE_OK && options->compression != COMPRESSION_NONE)
		code = debug_file_repack(file, options->compression, NULL, options->jobs, err);
	return code;
}

/* What dwz makes of the debug file, which is of one piece then. */
static int fold_pieces(struct pieces *pieces, const struct split_run *run, size_t index,
		       struct outcome *outcome, struct note_error *err)
{
	struct strip_output file = {pieces_join(pieces), pieces->size};
	pieces_free(pieces);
	int code = file.bytes != NULL ? NOTE_OK : error_system(err, "debug file");
	if (code == NOTE_OK)
		code = fold(&file, run, index, outcome, err);
	pieces_add(pieces, file.bytes, file.size);
	pieces_own(pieces, file.bytes);
	return code;
}

/* The contents that were made for a debug file are its pieces' from now on. */
static void hand_over(struct pieces *pieces, struct draft *draft, struct compressed *compressed)
{
	for (size_t i = 0; i < draft->owned_count; i++)
		pieces_own(pieces, draft->owned[i]);
	draft->owned_count = 0;
	for (uint64_t i = 0; i < compressed->count && compressed->items != NULL; i++)
		pieces_own(pieces, compressed->items[i]);
	compressed->count = 0;
}

int debug_file_make(struct pieces *out, const struct split_run *run, size_t index,
		    struct image *image, const struct plan *plan, struct outcome *outcome,
		    struct note_error *err)
{
	const struct split_options *options = run->options;
	struct compressed compressed = {0};
	struct draft draft;
	int code = NOTE_OK;
	*out = (struct pieces){0};
	draft_begin(&draft, plan);
	if (options->reloc_debug && image->ehdr.e_type == ET_REL)
		code = reloc_resolve(&draft, image, &outcome->kept_relocations, err);
	if (code == NOTE_OK && options->dwz != DWZ_NONE)
		code = draft_inflate(&draft, image, err);
	const bool folds = options->dwz != DWZ_NONE && !outcome->folded;
	if (code == NOTE_OK && options->gdb_index && !folds)
		code = add_index(&draft, run, index, image, outcome, err);
	if (code == NOTE_OK)
		code = compress_plan(&compressed, image, &draft.plan,
				     folds ? COMPRESSION_NONE : options->compression, options->jobs,
				     err);
	if (code == NOTE_OK)
		code = strip_debug_pieces(out, image, &draft.plan, err);
	hand_over(out, &draft, &compressed);
	if (outcome->folded && options->dwz != DWZ_NONE)
		outcome->not_folded = xstrdup("dwz has done that before it came here");
	if (code == NOTE_OK && folds && options->dwz == DWZ_SINGLE)
		code = fold_pieces(out, run, index, outcome, err);
	compressed_free(&compressed);
	draft_free(&draft);
	return code;
}
