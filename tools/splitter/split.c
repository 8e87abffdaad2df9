/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The recipe. Each file goes once through the stages below, in memory, and is written at the end:
 *
 *   scan      which files, and what each one is
 *   (stamp)   the package note, while the file still has room for it: libnote
 *   dwarf     source paths rewritten, sources listed
 *   plan      which section goes where, with which contents
 *   buildid   the id, over what will be published
 *   strip     the debug file: debug_file.c, with what gdb, dwz and compression make of it if
 *             wanted: the id does not depend on that
 *   minidebug the symbols that the shipped file keeps, if wanted
 *   strip     the shipped file
 *   layout    names and links
 *   sources   copied, each once
 *
 * A stage takes what it needs and returns what it made; no stage calls another. Files are
 * independent of each other but for the sources, for debug files that two inputs share (owners),
 * and for debug files that are folded together (together.c takes over then). What depends on order
 * (links, messages, manifest) is done at the end: tree.c.
 *
 * A run can be killed at any moment. The shipped file is replaced last, so a file that is not
 * split yet is split again, to the same bytes; one that is split already has its debug file and
 * sources, and the rest of what it needs (links, manifest) is made again from these.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/describe.h"
#include "libnote/error.h"
#include "libnote/note.h"
#include "tools/splitter/dwarf/dwarf.h"
#include "tools/splitter/elf/elf.h"
#include "tools/splitter/passage.h"
#include "tools/splitter/programs/programs.h"
#include "tools/splitter/together/together.h"

static int write_debug_file(const struct split_run *run, size_t index,
			    const struct passage *passage, struct outcome *outcome,
			    struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	const char *const paths[] = {outcome->debug_path};
	const size_t owner = owners_take(run->owners, outcome->debug_path, index);
	const struct outcome *other = &run->outcomes[owner];
	if (owner == index || other->verdict != VERDICT_SPLIT)
		return root_write_pieces(run->options->root, paths, 1, &passage->debug, &attributes,
					 err);
	if (other->debug_size == passage->debug.size && other->debug_crc32 == outcome->debug_crc32)
		return NOTE_OK;
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			 "build-id %s is that of /%s too, whose debug information differs",
			 outcome->build_id, run->inputs.items[owner].path);
}

/* Executables and shared libraries only: others are in no backtrace of a process. */
static int add_minidebuginfo(struct passage *passage, struct note_error *err)
{
	struct strip_additions *additions = &passage->additions;
	if (passage->image->ehdr.e_type == ET_REL)
		return NOTE_OK;
	int code = minidebug_make(&passage->debugdata, &additions->debugdata_size, passage->image,
				  &passage->plan, err);
	additions->debugdata = passage->debugdata;
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

static bool matches_name(const struct input *input, const char *pattern)
{
	for (size_t i = 0; i <= input->links.count; i++) {
		char *path = xasprintf("/%s", i == 0 ? input->path : input->links.items[i - 1]);
		const bool matches = fnmatch(pattern, path, 0) == 0;
		free(path);
		if (matches)
			return true;
	}
	return false;
}

bool input_keeps_symtab(const struct input *input, struct image *image, const struct strings *words)
{
	bool keeps = false;
	for (size_t i = 0; !keeps && words != NULL && i < words->count; i++) {
		const char *word = words->items[i];
		if (strcmp(word, SYMTAB_LIBRARIES) == 0)
			keeps = elf_file_kind(image) == NOTE_KIND_SHARED_LIBRARY;
		else
			keeps = strcmp(word, SYMTAB_ALL) == 0 || matches_name(input, word);
	}
	return keeps;
}

/* The shipped file alone, without a debuglink. */
static int discard_debug(const struct split_run *run, size_t index, struct passage *passage,
			 struct outcome *outcome, struct note_error *err)
{
	int code = strip_shipped_pieces(&passage->shipped, passage->image, &passage->plan,
					&passage->additions, err);
	if (code == NOTE_OK)
		code = passage_package(passage->image, outcome, err);
	if (code != NOTE_OK)
		return code;
	outcome_files(run, outcome, &passage->shipped, NULL);
	code = replace_input(run, index, passage->fd, &passage->shipped, err);
	if (code == NOTE_OK)
		outcome->verdict = VERDICT_SPLIT;
	return code;
}

static void remark_name(const struct split_run *run, const struct input *input,
			struct outcome *outcome)
{
	char *whole =
		xasprintf("%s/%s%s.debug", run->layout.debug_root, input->path, run->layout.suffix);
	if (run->layout.kind == LAYOUT_RPM && strcmp(whole, outcome->debug_path) != 0)
		strings_take(&outcome->remarks, xasprintf("its debug file's name would be too "
							  "long: it is cut short"));
	free(whole);
}

/* The id is final, and with it the debug file's name, which may be none or wait for others' (then
 * OUTCOME has the verdict or the reason). */
static bool name_debug_file(const struct split_run *run, size_t index, struct outcome *outcome)
{
	outcome->debug_path = layout_debug_path(&run->layout, run->inputs.items[index].path,
						outcome->no_build_id ? NULL : outcome->build_id);
	if (outcome->debug_path == NULL) {
		outcome->dropped_debug = run->options->strip_without_id;
		if (!outcome->dropped_debug)
			outcome_leave(
				outcome,
				outcome->no_build_id
					? "no build-id, by which this layout names debug files"
					: "its build-id of one byte is too short to name a "
					  "debug file");
		return false;
	}
	if (owners_later(run->owners, outcome->debug_path, index)) {
		outcome->verdict = VERDICT_LATER;
		return false;
	}
	remark_name(run, &run->inputs.items[index], outcome);
	return true;
}

/* Both files, in memory. */
static int make_halves(const struct split_run *run, size_t index, struct passage *passage,
		       uint64_t skeletons, bool with_minidebuginfo, struct outcome *outcome,
		       struct note_error *err)
{
	int code = debug_file_make(&passage->debug, run, index, passage->image, &passage->plan,
				   outcome, err);
	if (code == NOTE_OK)
		code = split_dwarf_gather(run, index, passage->image, skeletons, outcome, err);
	if (code != NOTE_OK)
		return code;
	/* The debug file's bytes are final: their CRC enters the shipped file. */
	outcome->debug_crc32 = pieces_crc32(&passage->debug);
	passage->additions.link = layout_debuglink(outcome->debug_path);
	passage->additions.crc32 = outcome->debug_crc32;
	if (with_minidebuginfo)
		code = add_minidebuginfo(passage, err);
	if (code == NOTE_OK)
		code = strip_shipped_pieces(&passage->shipped, passage->image, &passage->plan,
					    &passage->additions, err);
	return code == NOTE_OK ? passage_package(passage->image, outcome, err) : code;
}

/* What is folded together goes on in files of the work directory. */
static int stage_halves(const struct split_run *run, size_t index, const struct passage *passage,
			struct outcome *outcome, struct note_error *err)
{
	const struct strip_output debug = {pieces_join(&passage->debug), passage->debug.size};
	const struct strip_output shipped = {pieces_join(&passage->shipped), passage->shipped.size};
	int code = debug.bytes != NULL && shipped.bytes != NULL
			   ? together_stage(run, index, &debug, &shipped, outcome, err)
			   : error_system(err, "both halves");
	free(debug.bytes);
	free(shipped.bytes);
	return code;
}

/* Nothing was written until here. The shipped file comes last: once it is replaced, all that it
 * refers to is there. */
static int write_halves(const struct split_run *run, size_t index, struct passage *passage,
			struct outcome *outcome, struct note_error *err)
{
	if (run->options->dwz == DWZ_MULTI && !outcome->folded) {
		outcome_collect(run, &passage->sources, outcome);
		return stage_halves(run, index, passage, outcome, err);
	}
	struct digesting digesting;
	outcome_files_begin(&digesting, run, outcome, &passage->shipped, &passage->debug);
	int code = write_debug_file(run, index, passage, outcome, err);
	if (code == NOTE_OK)
		outcome_collect(run, &passage->sources, outcome);
	outcome_files_end(&digesting);
	if (code != NOTE_OK)
		return code;
	code = replace_input(run, index, passage->fd, &passage->shipped, err);
	if (code == NOTE_OK)
		outcome->verdict = VERDICT_SPLIT;
	return code;
}

static int split_file(const struct split_run *run, size_t index, struct passage *passage,
		      struct outcome *outcome, struct note_error *err)
{
	const struct split_options *options = run->options;
	const struct input *input = &run->inputs.items[index];
	const struct plan_options plan_options = {
		.keep_symtab = input_keeps_symtab(input, passage->image, options->keep_symtab),
		/* Debian's checkers take a file with any symbol table for one that is not stripped.
		 */
		.keep_first_symbol = options->layout == LAYOUT_RPM,
		.keep = options->keep_sections,
		.remove = options->remove_sections,
	};
	struct dwarf_summary summary;
	struct counting counting = {.code = NOTE_OK};
	struct image *alternate = NULL; /* which it shares debug information with */
	int code = NOTE_OK;
	/* The note needs room in page one: before anything else changes. */
	if (passage_wants_note(passage, options))
		code = passage_stamp(passage, options, outcome, err);
	if (code == NOTE_OK && options->add_build_id)
		code = passage_add_build_id(passage, outcome, err);
	if (code == NOTE_OK && !options->discard)
		outcome_count_begin(&counting, run, passage->image, outcome);
	if (code == NOTE_OK && !options->discard)
		code = alternate_open(run, index, passage->image, &alternate, outcome, err);
	if (code == NOTE_OK)
		code = dwarf_rewrite_folded(passage->image, alternate, run->map, &passage->edits,
					    &passage->sources, &summary, err);
	code = outcome_count_end(&counting, code, err);
	if (code == NOTE_OK)
		outcome_remark(run, &summary, outcome);
	if (code == NOTE_OK)
		alternate_relink(run, index, passage->image, &passage->edits, outcome);
	/* Contents are final but for the id: the plan, and the id's hash, see them so. */
	if (code == NOTE_OK)
		code = plan_make(&passage->plan, passage->image, &passage->edits, &plan_options,
				 err);
	if (code == NOTE_OK)
		code = passage_identify(run, passage, outcome, err);
	if (code != NOTE_OK || options->discard)
		return code == NOTE_OK ? discard_debug(run, index, passage, outcome, err) : code;
	if (!name_debug_file(run, index, outcome))
		return outcome->dropped_debug ? discard_debug(run, index, passage, outcome, err)
					      : NOTE_OK;
	code = make_halves(run, index, passage, summary.skeletons,
			   options->minidebuginfo && !plan_options.keep_symtab, outcome, err);
	return code == NOTE_OK ? write_halves(run, index, passage, outcome, err) : code;
}

/* --- a file that gets its note and keeps all else --- */

/* Whether there is something that dh_strip takes out of a file without debug information. */
static bool has_comment(const struct plan *plan)
{
	for (uint64_t i = 1; i < plan->count; i++)
		if (plan->sections[i].fate == FATE_DEBUG &&
		    strcmp(plan->sections[i].name, ".comment") == 0)
			return true;
	return false;
}

/* The id follows the contents where that is wanted; with debug information elsewhere it has
 * to stay. Without any (BARE), Debian's files have no .comment. */
static int stamp_alone(const struct split_run *run, size_t index, struct passage *passage,
		       enum input_kind kind, struct outcome *outcome, struct note_error *err)
{
	const struct split_options *options = run->options;
	const struct plan_options plan_options = {.keep_symtab = true,
						  .keep = options->keep_sections};
	const uint8_t *before = passage->bytes;
	const bool new_id = kind == INPUT_SPLIT;
	const bool strips = kind == INPUT_BARE && options->layout == LAYOUT_DEB &&
			    !options->stamp_only && passage->image->shnum != 0;
	struct outcome unused = {0};
	struct piece piece;
	int code = NOTE_OK;
	if (passage_wants_note(passage, options))
		code = passage_stamp(passage, options, outcome, err);
	const bool stamped = passage->bytes != before;
	if (code == NOTE_OK && (strips || (new_id && stamped)))
		code = plan_make(&passage->plan, passage->image, NULL, &plan_options, err);
	if (code == NOTE_OK && new_id && stamped)
		code = passage_identify(run, passage, &unused, err);
	outcome_free(&unused);
	if (code != NOTE_OK)
		return code;
	if (strips && has_comment(&passage->plan)) {
		code = strip_shipped_pieces(&passage->shipped, passage->image, &passage->plan,
					    &passage->additions, err);
		return code == NOTE_OK
			       ? replace_input(run, index, passage->fd, &passage->shipped, err)
			       : code;
	}
	const struct pieces whole = pieces_one(&piece, passage->bytes, passage->size);
	return stamped ? replace_input(run, index, passage->fd, &whole, err) : NOTE_OK;
}

/* --- any file --- */

/* What eu-elflint says of an input; if that is to be strict, it is an error. */
static int look_before(const struct split_run *run, size_t index, struct outcome *outcome,
		       struct note_error *err)
{
	int code = elflint_look(run->options->root, run->inputs.items[index].path, false,
				&outcome->complaints[0], err);
	if (code != NOTE_OK || outcome->complaints[0] == NULL ||
	    run->options->elf_check != ELF_CHECK_STRICT)
		return code;
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
			 "left as it was: eu-elflint complains");
}

/* rpm's packagers take the x bits of a program away to keep it as it is. */
static bool is_kept_out(const struct passage *passage)
{
	struct stat st;
	return fstat(passage->fd, &st) == 0 && (st.st_mode & 0111) == 0 &&
	       elf_file_kind(passage->image) == NOTE_KIND_EXECUTABLE;
}

/* What an input is. One that has a debuglink and more to move is done only if the link leads to a
 * debug file of ours. */
static int judge(const struct split_run *run, size_t index, struct passage *passage,
		 enum input_kind *kind, struct outcome *outcome, struct note_error *err)
{
	const struct split_options *options = run->options;
	int code = scan_judge(passage->image, false, kind, outcome->reason, err);
	if (code == NOTE_OK && (*kind == INPUT_LINKED || *kind == INPUT_SPLIT) &&
	    input_keeps_symtab(&run->inputs.items[index], passage->image, options->keep_symtab))
		code = scan_judge(passage->image, true, kind, outcome->reason, err);
	if (code == NOTE_OK && options->executables && is_kept_out(passage)) {
		*kind = INPUT_LEFT;
		return outcome_leave(outcome, "nobody may execute it");
	}
	if (code != NOTE_OK || *kind != INPUT_LINKED)
		return code;
	struct outcome earlier = {0};
	struct note_error ignored;
	uint8_t *bytes;
	size_t size;
	if (recall_debug_file(run, index, passage, &earlier, &bytes, &size, &ignored) == NOTE_OK &&
	    bytes != NULL) {
		*kind = INPUT_DONE;
	} else {
		const char *link;
		uint32_t crc32;
		*kind = INPUT_SPLIT;
		if (elf_debuglink(passage->image, &link, &crc32, &ignored) != NOTE_OK)
			link = "";
		outcome->dropped_link = xstrdup(link);
	}
	free(bytes);
	outcome_free(&earlier);
	return code;
}

/* With stamp_only, what the manifest is to say of a file: the note that it has, or why it has none.
 * Files that are linked later are passed over. */
static int conclude_stamp(const struct split_run *run, struct passage *passage,
			  enum input_kind kind, struct outcome *outcome, struct note_error *err)
{
	struct piece piece;
	if (passage->image->ehdr.e_type == ET_REL || kind == INPUT_ARCHIVE)
		return NOTE_OK;
	if (kind == INPUT_LEFT) {
		outcome->verdict = VERDICT_LEFT;
		return NOTE_OK;
	}
	int code = passage_package(passage->image, outcome, err);
	if (code == NOTE_OK && outcome->package == NULL)
		return outcome_leave(outcome, "it is not to be executed as it is");
	if (code == NOTE_OK)
		code = build_id_find(passage->image, &passage->id, err);
	if (code == NOTE_OK)
		hex_encode(passage->id.bytes, passage->id.size, outcome->build_id);
	if (code == NOTE_OK || code == NOTE_ABSENT) {
		outcome->verdict = VERDICT_STAMPED;
		const struct pieces all = pieces_one(&piece, passage->bytes, passage->size);
		outcome_files(run, outcome, &all, NULL);
		code = NOTE_OK;
	}
	return code;
}

static int run_input(const struct split_run *run, size_t index, struct file_buffer *buffer,
		     struct outcome *outcome, struct note_error *err)
{
	struct passage passage = {.fd = -1};
	enum input_kind kind;
	uint8_t magic[8];
	int code =
		root_open_file(run->options->root, run->inputs.items[index].path, &passage.fd, err);
	if (code != NOTE_OK)
		return outcome_leave_closed(run, err, outcome) ? NOTE_OK : code;
	/* Most files of a tree are neither ELF files nor archives: look before reading all. */
	const ssize_t got = pread(passage.fd, magic, sizeof(magic), 0);
	if (got < 0) {
		code = error_system(err, "read");
		goto out;
	}
	if (!run->options->stamp_only &&
	    scan_compressed_module(run->inputs.items[index].path, magic, (size_t)got)) {
		code = outcome_leave(outcome, "a compressed kernel module: to be split before");
		goto out;
	}
	if (!scan_magic(magic, (size_t)got)) {
		if (run->options->payload != NULL)
			code = passage_stamp_efi(run, index, buffer, &passage, outcome, err);
		goto out;
	}
	code = file_read_into(passage.fd, buffer, run->options->jobs, &passage.size, err);
	passage.bytes = buffer->bytes;
	if (code == NOTE_OK)
		code = image_open_memory(&passage.image, passage.bytes, passage.size, err);
	if (code == NOTE_OK)
		code = judge(run, index, &passage, &kind, outcome, err);
	if (code == NOTE_MALFORMED && run->options->leave_broken) {
		code = outcome_leave(outcome, err->text);
		goto out;
	}
	if (code == NOTE_OK && (kind == INPUT_BARE || kind == INPUT_DONE))
		code = stamp_alone(run, index, &passage, kind, outcome, err);
	else if (code == NOTE_OK && kind == INPUT_SPLIT && run->options->stamp_only)
		code = stamp_alone(run, index, &passage, kind, outcome, err);
	if (code == NOTE_OK && run->options->stamp_only)
		code = conclude_stamp(run, &passage, kind, outcome, err);
	if (code != NOTE_OK || run->options->stamp_only)
		goto out;
	if (run->options->elf_check != ELF_CHECK_NONE &&
	    (kind == INPUT_SPLIT || kind == INPUT_ARCHIVE))
		code = look_before(run, index, outcome, err);
	if (code != NOTE_OK)
		goto out;
	if (kind == INPUT_LEFT || kind == INPUT_BARE)
		outcome->verdict = VERDICT_LEFT;
	else if (kind == INPUT_DONE)
		code = recall_file(run, index, &passage, outcome, err);
	else if (kind == INPUT_ARCHIVE)
		code = split_archive(run, index, passage.image, passage.fd, outcome, err);
	else if (kind == INPUT_SPLIT)
		code = split_file(run, index, &passage, outcome, err);
out:
	passage_end(&passage);
	return code;
}

void split_input(const struct split_run *run, size_t index, struct file_buffer *buffer,
		 struct outcome *outcome)
{
	if (run_input(run, index, buffer, outcome, &outcome->err) != NOTE_OK)
		outcome->verdict = VERDICT_FAILED;
}
