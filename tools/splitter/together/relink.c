/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An input that dwz has folded before it came here: its debug file lies in another directory, so a
 * relative name of the alternate file is made anew; in layout deb the alternate file goes where all
 * debug files are, by its build-id.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/splitter/together/alternate.h"
#include "tools/splitter/together/together.h"

static bool is_there(const struct split_run *run, const char *path)
{
	struct stat st;
	return path != NULL && root_stat(run->options->root, path, &st, NULL) == NOTE_OK &&
	       S_ISREG(st.st_mode);
}

/* A copy, which becomes the only one at the end. */
static int copy_file(struct root *root, const char *from, const char *to, struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	const char *const paths[] = {to};
	uint8_t *bytes = NULL;
	size_t size;
	int fd;
	int code = root_open_file(root, from, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = file_read(fd, &bytes, &size, err);
	close(fd);
	if (code == NOTE_OK)
		code = root_write(root, paths, 1, bytes, size, &attributes, err);
	free(bytes);
	return code;
}

static void add_edit(struct section_edits *edits, uint64_t section, const char *name,
		     const uint8_t *id, uint64_t id_size)
{
	struct text link = {0};
	text_add(&link, name, strlen(name) + 1);
	text_add(&link, id, id_size);
	edits->items = xrealloc(edits->items, (edits->count + 1) * sizeof(*edits->items));
	edits->items[edits->count++] = (struct section_edit){
		.section = section, .bytes = (uint8_t *)link.data, .size = link.size};
}

/* The new name, NULL where the old one stays; OLD is what that leads to below ROOT, if anything. */
static int choose_name(const struct split_run *run, size_t index, const char *old, bool absolute,
		       const struct link_target *target, struct outcome *outcome, char **name,
		       struct note_error *err)
{
	const bool there = is_there(run, old);
	int code = NOTE_OK;
	*name = NULL;
	if (run->layout.kind == LAYOUT_DEB && (there || is_there(run, target->path))) {
		if (there && strcmp(old, target->path) != 0)
			code = copy_file(run->options->root, old, target->path, err);
		if (code != NOTE_OK)
			return code;
		if (there && strcmp(old, target->path) != 0)
			outcome->old_alternate = xstrdup(old);
		outcome->alternate = xstrdup(target->path);
		*name = xstrdup(target->name);
	} else if (there) {
		char *debug = layout_debug_path(&run->layout, run->inputs.items[index].path, NULL);
		if (!absolute && debug != NULL)
			*name = layout_relative(debug, old);
		outcome->alternate = xstrdup(old);
		free(debug);
	} else if (!absolute) {
		strings_take(&outcome->wanting,
			     xasprintf("its debug information is folded, and the alternate file "
				       "that it names, %s, is not there",
				       old != NULL ? old : "out of the tree"));
	}
	return NOTE_OK;
}

int alternate_relink(const struct split_run *run, size_t index, struct image *image,
		     struct section_edits *edits, struct outcome *outcome, struct note_error *err)
{
	GElf_Shdr shdr;
	const uint8_t *bytes = NULL, *id = NULL;
	const uint64_t section = image_find_section(image, ".gnu_debugaltlink", &shdr);
	if (section != 0 && shdr.sh_type != SHT_NOBITS)
		bytes = image_bytes(image, shdr.sh_offset, shdr.sh_size, ".gnu_debugaltlink", err);
	if (bytes != NULL)
		id = memchr(bytes, '\0', shdr.sh_size);
	if (id == NULL)
		return NOTE_OK;
	const uint64_t id_size = shdr.sh_size - (uint64_t)(++id - bytes);
	if (id_size < 2 || id_size > BUILD_ID_MAX)
		return NOTE_OK;
	struct link_target target;
	char *name;
	char *old = alternate_of(image, run->inputs.items[index].path);
	outcome->folded = true;
	link_target_make(&target, &run->layout, id, id_size);
	int code = choose_name(run, index, old, bytes[0] == '/', &target, outcome, &name, err);
	if (name != NULL)
		add_edit(edits, section, name, id, id_size);
	free(name);
	free(old);
	link_target_free(&target);
	return code;
}

void alternate_finish(const struct split_run *run)
{
	for (size_t i = 0; i < run->inputs.count; i++) {
		struct outcome *outcome = &run->outcomes[i];
		if (outcome->old_alternate != NULL && outcome->verdict == VERDICT_SPLIT)
			root_remove(run->options->root, outcome->old_alternate, &outcome->link_err);
	}
}
