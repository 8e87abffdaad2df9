/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Split DWARF: the units of such a file are skeletons, and most of its debug information lies in
 * .dwo files of the build. Those are copied to the debug tree, .dwo/N-V-R.A/..., and the skeletons
 * name them so: gdb looks for a relative name in its debug directories, whatever the layout, and
 * two releases lie side by side. (A .dwp file gdb finds by the program's name alone, in the
 * directory of the debug file: there two releases would meet. And gdb 13 cannot read what dwp and
 * llvm-dwp make of DWARF 5.)
 *
 * What both say of sources becomes the installed names (dwarf/split_file.c).
 *
 * A .dwp file that somebody has put beside the program does go to DEBUGFILE.dwp, and in layout deb
 * the name by which gdb looks for it becomes a link: nothing of it stays in the package. In layout
 * rpm gdb reads it where it is told to read symbols from DEBUGFILE, and that is said.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/splitter/split_internal.h"

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

static bool is_split_section(const char *name)
{
	return ends_with(name, ".dwo") || strcmp(name, ".debug_cu_index") == 0 ||
	       strcmp(name, ".debug_tu_index") == 0;
}

/* Of an object that holds all (-gsplit-dwarf=single), what is not of split DWARF loses its
 * contents: true where there is such. */
static bool select_sections(struct plan *plan)
{
	bool mixed = false;
	for (uint64_t i = 1; i < plan->count; i++) {
		struct plan_section *section = &plan->sections[i];
		if (section->fate == FATE_NAMES)
			continue;
		section->fate = is_split_section(section->name) ? FATE_DEBUG : FATE_SHIPPED;
		mixed = mixed ||
			(section->fate == FATE_SHIPPED &&
			 (section->shdr.sh_flags & SHF_ALLOC) != 0 && section->shdr.sh_size != 0);
	}
	return mixed;
}

/* FILE, a .dwo or .dwp file, names sources as they are installed. What is none stays as it is: it
 * is told when it is read. *HAS_UNITS: there are any in it. */
static int rewrite(const struct split_run *run, const char *path, struct strip_output *file,
		   bool *has_units, struct outcome *outcome, struct note_error *err)
{
	const struct plan_options options = {.keep_symtab = true};
	struct section_edits edits = {0};
	struct dwarf_sources sources = {0};
	struct dwarf_summary summary = {0};
	struct strip_output fresh = {0};
	struct plan plan = {0};
	struct image *image = NULL;
	int code = image_open_memory(&image, file->bytes, file->size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = dwarf_rewrite_split(image, run->map, &edits, &sources, &summary, err);
	if (code == NOTE_OK)
		code = plan_make(&plan, image, &edits, &options, err);
	*has_units = false;
	for (uint64_t i = 1; code == NOTE_OK && i < plan.count; i++)
		*has_units = *has_units || (strcmp(plan.sections[i].name, ".debug_info.dwo") == 0 &&
					    plan.sections[i].shdr.sh_size != 0);
	if (code == NOTE_OK && select_sections(&plan))
		code = strip_debug_file(&fresh, image, &plan, err);
	else if (code == NOTE_OK && edits.count != 0)
		code = strip_nothing(&fresh, image, &plan, err);
	if (code == NOTE_OK)
		outcome_collect(run, &sources, outcome);
	if (code == NOTE_OK && fresh.bytes != NULL) {
		free(file->bytes);
		*file = fresh;
	}
	outcome->kept_paths += summary.kept;
	if (code == NOTE_MALFORMED || code == NOTE_UNSUPPORTED || code == NOTE_ABSENT ||
	    (code == NOTE_OK && summary.unread != 0)) {
		strings_take(&outcome->wanting,
			     xasprintf("what %s says of where it was built stays as it is: %s",
				       path,
				       code == NOTE_OK ? summary.first_unread.text : err->text));
		code = NOTE_OK;
	}
	plan_free(&plan);
	section_edits_free(&edits);
	dwarf_sources_free(&sources);
	image_close(image);
	return code;
}

static int put(const struct split_run *run, size_t index, const struct strip_output *file,
	       const struct outcome *outcome, struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	struct root *root = run->options->root;
	char *path = xasprintf("%s.dwp", outcome->debug_path);
	const char *const paths[] = {path};
	int code = root_write(root, paths, 1, file->bytes, file->size, &attributes, err);
	if (code == NOTE_OK && run->layout.kind == LAYOUT_DEB) {
		const char *name = last_component(outcome->debug_path);
		char *link = xasprintf("%.*s%s.dwp", (int)(name - outcome->debug_path),
				       outcome->debug_path,
				       last_component(run->inputs.items[index].path));
		code = root_symlink(root, last_component(path), link, err);
		free(link);
	}
	free(path);
	return code;
}

/* The .dwp file beside the input, NOTE_ABSENT where there is none. */
static int take_package(const struct split_run *run, size_t index, struct outcome *outcome,
			struct note_error *err)
{
	struct strip_output file = {0};
	bool has_units;
	struct root *root = run->options->root;
	char *path = xasprintf("%s.dwp", run->inputs.items[index].path);
	int fd;
	int code = root_open_file(root, path, &fd, err);
	if (code == NOTE_OK) {
		size_t size = 0;
		code = file_read(fd, &file.bytes, &size, err);
		file.size = size;
		close(fd);
	}
	if (code == NOTE_OK)
		code = rewrite(run, path, &file, &has_units, outcome, err);
	if (code == NOTE_OK)
		code = put(run, index, &file, outcome, err);
	if (code == NOTE_OK) {
		outcome->dwp = path;
		path = NULL;
	}
	free(file.bytes);
	free(path);
	return code;
}

/* Copies the file at PATH to where its skeleton now says that it is; *SAID is why not. */
static int copy(const struct split_run *run, const char *path, char **said, struct outcome *outcome,
		struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	struct stat st;
	bool has_units = false;
	struct strip_output file = {0};
	size_t size = 0;
	int code = NOTE_OK;
	char *place = path_map_place(run->map, path);
	char *name = path_map_split_name(run->map, path);
	const char *from = place != NULL ? place : path;
	const int fd = open(from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (name == NULL) {
		*said = xasprintf("%s is not below a build directory", path);
	} else if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		*said = xasprintf("%s is not there", from);
	} else {
		char *to = xasprintf("%s/%s", run->layout.debug_root, name);
		const char *const paths[] = {to};
		code = file_read(fd, &file.bytes, &size, err);
		file.size = size;
		if (code == NOTE_OK)
			code = rewrite(run, from, &file, &has_units, outcome, err);
		if (code == NOTE_OK && !has_units)
			*said = xasprintf("%s has none of it", from);
		if (code == NOTE_OK)
			code = root_write(run->options->root, paths, 1, file.bytes, file.size,
					  &attributes, err);
		free(to);
	}
	if (fd >= 0)
		close(fd);
	free(file.bytes);
	free(name);
	free(place);
	return code;
}

static int gather(const struct split_run *run, struct image *image, char **said,
		  struct outcome *outcome, struct note_error *err)
{
	struct strings paths = {0};
	if (run->map == NULL) {
		*said = xstrdup("without --build-dir they are not looked for");
		return NOTE_OK;
	}
	int code = dwarf_list_split(image, run->map, &paths, err);
	for (size_t i = 0; i < paths.count && code == NOTE_OK; i++) {
		char *why = NULL;
		code = copy(run, paths.items[i], &why, outcome, err);
		if (*said == NULL)
			*said = why;
		else
			free(why);
	}
	if (code == NOTE_OK && paths.count == 0)
		*said = xstrdup("they name none");
	strings_free(&paths);
	return code;
}

/* In layout rpm gdb does not come upon a .dwp file by itself: the name that it looks for has no
 * release in it, and two releases would have to share it. */
static void remark(const struct split_run *run, size_t index, uint64_t skeletons,
		   struct outcome *outcome)
{
	struct text line = {0};
	text_printf(&line,
		    "%" PRIu64 " of its units are skeletons (split DWARF): what their .dwo files "
		    "hold is in the debug tree",
		    skeletons);
	if (outcome->dwp != NULL && run->layout.kind == LAYOUT_RPM)
		text_printf(&line, ", /%s.dwp, for gdb -s /%s -e /%s", outcome->debug_path,
			    outcome->debug_path, run->inputs.items[index].path);
	strings_take(&outcome->remarks, line.data);
}

int split_dwarf_gather(const struct split_run *run, size_t index, struct image *image,
		       uint64_t skeletons, struct outcome *outcome, struct note_error *err)
{
	char *said = NULL;
	if (skeletons == 0)
		return NOTE_OK;
	int code = gather(run, image, &said, outcome, err);
	if (code == NOTE_OK && outcome->debug_path != NULL) {
		code = take_package(run, index, outcome, err);
		if (code == NOTE_OK) {
			free(said);
			said = NULL;
		} else if (code == NOTE_ABSENT) {
			code = NOTE_OK;
		}
	}
	if (code == NOTE_OK && said != NULL)
		strings_take(
			&outcome->wanting,
			xasprintf("%" PRIu64 " of its units are skeletons (split DWARF), and "
				  "what their .dwo files hold is not, or not all, in the debug "
				  "tree: %s",
				  skeletons, said));
	else if (code == NOTE_OK)
		remark(run, index, skeletons, outcome);
	free(said);
	return code;
}

void split_dwarf_finish(const struct split_run *run)
{
	for (size_t i = 0; i < run->inputs.count; i++) {
		struct outcome *outcome = &run->outcomes[i];
		if (outcome->dwp != NULL && outcome->verdict == VERDICT_SPLIT)
			split_move_away(run, outcome->dwp, &outcome->link_err);
	}
}
