/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An input that dwz has folded before it came here. Where sources are looked for, its alternate
 * file is made anew (once, whoever comes first): the paths in it are rewritten, and it gets a
 * build-id of this package's own, for two releases may share all else. It goes where the layout
 * has such files, its users name it so, and the old one stays until all of them are done: whoever
 * is split after a kill needs what it said. Without a build directory it stays what it is; in
 * layout deb it goes to its place by the build-id.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/splitter/together/alternate.h"
#include "tools/splitter/together/together.h"

/* One alternate file of the tree. */
struct alternate {
	char *old; /* below ROOT: where it was */
	int code;  /* NOTE_ABSENT: nothing is there */
	struct note_error err;
	uint8_t *bytes;
	struct image *image; /* as it was */
	struct build_id id;  /* of the new one */
	char *path;          /* below ROOT: where the new one is */
};

struct alternates {
	pthread_mutex_t mutex;
	struct alternate **items;
	size_t count;
};

struct alternates *alternates_new(void)
{
	struct alternates *alternates = xcalloc(1, sizeof(*alternates));
	pthread_mutex_init(&alternates->mutex, NULL);
	return alternates;
}

void alternates_free(struct alternates *alternates)
{
	for (size_t i = 0; alternates != NULL && i < alternates->count; i++) {
		struct alternate *alternate = alternates->items[i];
		image_close(alternate->image);
		free(alternate->bytes);
		free(alternate->old);
		free(alternate->path);
		free(alternate);
	}
	if (alternates != NULL) {
		pthread_mutex_destroy(&alternates->mutex);
		free(alternates->items);
	}
	free(alternates);
}

/* --- the new file --- */

/* The name says of which package it is and, since there may be several, which. */
static char *new_path(const struct split_run *run, const struct alternate *alternate)
{
	char hex[2 * BUILD_ID_MAX + 1];
	struct link_target target;
	if (run->layout.kind == LAYOUT_RPM) {
		char *stem = alternate_stem(&run->layout, run->options);
		hex_encode(alternate->id.bytes, alternate->id.size, hex);
		char *path = xasprintf("%s.%.8s", stem, hex);
		free(stem);
		return path;
	}
	link_target_make(&target, &run->layout, alternate->id.bytes, alternate->id.size);
	char *path = xstrdup(target.path);
	link_target_free(&target);
	return path;
}

/* Writes IMAGE, an alternate file's, with PLAN's contents and the new build-id. */
static int write_new(const struct split_run *run, struct alternate *alternate, struct plan *plan,
		     struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	const char *const paths[] = {alternate->path};
	struct strip_output out = {0};
	struct compressed compressed = {0};
	struct image *image = NULL;
	struct build_id place;
	int code = compress_plan(&compressed, alternate->image, plan, run->options->compression,
				 run->options->jobs, err);
	if (code == NOTE_OK)
		code = strip_nothing(&out, alternate->image, plan, err);
	if (code == NOTE_OK)
		code = image_open_memory(&image, out.bytes, out.size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = build_id_find(image, &place, err);
	if (code == NOTE_OK) {
		memcpy(out.bytes + place.offset, alternate->id.bytes, place.size);
		code = root_write(run->options->root, paths, 1, out.bytes, out.size, &attributes,
				  err);
	}
	image_close(image);
	compressed_free(&compressed);
	free(out.bytes);
	return code;
}

static int make_new(const struct split_run *run, struct alternate *alternate,
		    struct note_error *err)
{
	const struct plan_options options = {.keep_symtab = true};
	struct section_edits edits = {0};
	struct plan plan = {0};
	int code = NOTE_OK;
	if (run->map != NULL)
		code = dwarf_rewrite_alternate(alternate->image, run->map, &edits, err);
	if (code == NOTE_OK)
		code = plan_make(&plan, alternate->image, &edits, &options, err);
	if (code == NOTE_OK && run->map != NULL) {
		char *seed = alternate_seed(run->options);
		code = build_id_compute(alternate->image, &plan, seed, &alternate->id, err);
		free(seed);
	}
	if (code == NOTE_OK && (run->map != NULL || run->layout.kind == LAYOUT_DEB))
		alternate->path = new_path(run, alternate);
	else if (code == NOTE_OK)
		alternate->path = xstrdup(alternate->old);
	if (code == NOTE_OK && strcmp(alternate->path, alternate->old) != 0)
		code = write_new(run, alternate, &plan, err);
	plan_free(&plan);
	section_edits_free(&edits);
	return code;
}

/* --- the old file --- */

static int open_old(const struct split_run *run, struct alternate *alternate,
		    struct note_error *err)
{
	size_t size;
	int fd;
	int code = root_open_file(run->options->root, alternate->old, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = file_read(fd, &alternate->bytes, &size, err);
	close(fd);
	if (code == NOTE_OK)
		code = image_open_memory(&alternate->image, alternate->bytes, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(alternate->image, err);
	if (code == NOTE_OK)
		code = build_id_find(alternate->image, &alternate->id, err);
	return code == NOTE_ABSENT
		       ? error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				   "the alternate file /%s has no build-id", alternate->old)
		       : code;
}

static bool is_there(const struct split_run *run, const char *path)
{
	struct stat st;
	return path != NULL && root_stat(run->options->root, path, &st, NULL) == NOTE_OK &&
	       S_ISREG(st.st_mode);
}

/* The alternate file at OLD; the first who asks makes the new one. */
static const struct alternate *take(const struct split_run *run, const char *old)
{
	struct alternates *alternates = run->alternates;
	struct alternate *alternate = NULL;
	pthread_mutex_lock(&alternates->mutex);
	for (size_t i = 0; i < alternates->count && alternate == NULL; i++)
		if (strcmp(alternates->items[i]->old, old) == 0)
			alternate = alternates->items[i];
	if (alternate == NULL) {
		alternates->items = xrealloc(alternates->items,
					     (alternates->count + 1) * sizeof(*alternates->items));
		alternate = xcalloc(1, sizeof(*alternate));
		alternates->items[alternates->count++] = alternate;
		alternate->old = xstrdup(old);
		alternate->code = open_old(run, alternate, &alternate->err);
		if (alternate->code == NOTE_OK)
			alternate->code = make_new(run, alternate, &alternate->err);
	}
	pthread_mutex_unlock(&alternates->mutex);
	return alternate;
}

/* --- who names it --- */

/* The section that names an alternate file, and what it says. */
struct altlink {
	uint64_t section;
	const char *name;
	const uint8_t *id;
	uint64_t id_size;
};

static bool read_link(struct image *image, struct altlink *link)
{
	GElf_Shdr shdr;
	const uint8_t *bytes = NULL;
	link->section = image_find_section(image, ".gnu_debugaltlink", &shdr);
	if (link->section != 0 && shdr.sh_type != SHT_NOBITS)
		bytes = image_bytes(image, shdr.sh_offset, shdr.sh_size, ".gnu_debugaltlink", NULL);
	link->name = (const char *)bytes;
	link->id = bytes != NULL ? memchr(bytes, '\0', shdr.sh_size) : NULL;
	if (link->id == NULL)
		return false;
	link->id_size = shdr.sh_size - (uint64_t)(++link->id - bytes);
	return link->id_size >= 2 && link->id_size <= BUILD_ID_MAX;
}

/* A look at the files below .dwz for one with a build-id. */
struct search {
	const struct split_run *run;
	const struct altlink *link;
	char *found;
};

static bool look(void *context, const struct entry *entry, bool *descend)
{
	struct search *search = context;
	struct image *image = NULL;
	struct build_id id;
	int fd;
	(void)descend;
	if (entry->kind != ENTRY_FILE ||
	    root_open_file(search->run->options->root, entry->path, &fd, NULL) != NOTE_OK)
		return true;
	if (image_open_fd(&image, fd, NULL) == NOTE_OK && image_read_elf(image, NULL) == NOTE_OK &&
	    build_id_find(image, &id, NULL) == NOTE_OK && id.size == search->link->id_size &&
	    memcmp(id.bytes, search->link->id, id.size) == 0)
		search->found = xstrdup(entry->path);
	image_close(image);
	close(fd);
	return search->found == NULL;
}

/* Where the file that LINK names is, below ROOT: where it says, or where its build-id says, for
 * dwz without -M writes down a name that leads there from where it ran. NULL where it is not there;
 * *SAID is then where it was looked for. */
static char *find_old(const struct split_run *run, size_t index, struct image *image,
		      const struct altlink *link, char **said)
{
	struct link_target target;
	struct search search = {run, link, NULL};
	char *old = alternate_of(image, run->inputs.items[index].path);
	*said = NULL;
	if (is_there(run, old))
		return old;
	link_target_make(&target, &run->layout, link->id, link->id_size);
	if (is_there(run, target.path)) {
		search.found = xstrdup(target.path);
	} else {
		char *directory = xasprintf("%s/.dwz", run->layout.debug_root);
		root_walk(run->options->root, directory, false, look, NULL, &search, NULL);
		free(directory);
	}
	link_target_free(&target);
	*said = search.found == NULL ? old : NULL;
	if (search.found != NULL)
		free(old);
	return search.found;
}

int alternate_open(const struct split_run *run, size_t index, struct image *image,
		   struct image **out, struct outcome *outcome, struct note_error *err)
{
	struct altlink link;
	char *said;
	*out = NULL;
	if (!read_link(image, &link))
		return NOTE_OK;
	outcome->folded = true;
	outcome->old_alternate = find_old(run, index, image, &link, &said);
	if (outcome->old_alternate == NULL) {
		if (link.name[0] != '/')
			strings_take(&outcome->wanting,
				     xasprintf("its debug information is folded, and the alternate "
					       "file that it names, %s, is not there",
					       said != NULL ? said : "out of the tree"));
		free(said);
		return NOTE_OK;
	}
	const struct alternate *alternate = take(run, outcome->old_alternate);
	if (alternate->code != NOTE_OK) {
		*err = alternate->err;
		return alternate->code;
	}
	*out = alternate->image;
	outcome->alternate = xstrdup(alternate->path);
	return NOTE_OK;
}

static void add_edit(struct section_edits *edits, uint64_t section, const char *name,
		     const struct build_id *id)
{
	struct text link = {0};
	text_add(&link, name, strlen(name) + 1);
	text_add(&link, id->bytes, id->size);
	edits->items = xrealloc(edits->items, (edits->count + 1) * sizeof(*edits->items));
	edits->items[edits->count++] = (struct section_edit){
		.section = section, .bytes = (uint8_t *)link.data, .size = link.size};
}

void alternate_relink(const struct split_run *run, size_t index, struct image *image,
		      struct section_edits *edits, const struct outcome *outcome)
{
	struct altlink link;
	char *name = NULL;
	if (outcome->old_alternate == NULL || !read_link(image, &link))
		return;
	const struct alternate *alternate = take(run, outcome->old_alternate);
	if (run->layout.kind == LAYOUT_DEB) {
		struct link_target target;
		link_target_make(&target, &run->layout, alternate->id.bytes, alternate->id.size);
		name = xstrdup(target.name);
		link_target_free(&target);
	} else if (link.name[0] == '/') {
		name = xasprintf("/%s", alternate->path);
	} else {
		char *debug = layout_debug_path(&run->layout, run->inputs.items[index].path, NULL);
		name = debug != NULL ? layout_relative(debug, alternate->path) : xstrdup(link.name);
		free(debug);
	}
	add_edit(edits, link.section, name, &alternate->id);
	free(name);
}

void alternate_finish(const struct split_run *run)
{
	struct root *root = run->options->root;
	for (size_t i = 0; i < run->alternates->count; i++) {
		const struct alternate *alternate = run->alternates->items[i];
		struct outcome *user = NULL;
		bool done =
			alternate->code == NOTE_OK && strcmp(alternate->path, alternate->old) != 0;
		for (size_t j = 0; done && j < run->inputs.count; j++) {
			struct outcome *outcome = &run->outcomes[j];
			if (outcome->old_alternate == NULL ||
			    strcmp(outcome->old_alternate, alternate->old) != 0)
				continue;
			user = outcome;
			done = outcome->verdict == VERDICT_SPLIT;
		}
		if (done && user != NULL &&
		    !alternate_is_used(&run->layout, root, alternate->old, &run->inputs.excluded))
			split_move_away(run, alternate->old, &user->link_err);
	}
}
