/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/passage.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "libnote/pe/pe.h"
#include "libnote/place/purpose.h"
#include "tools/base/elf/foreign.h"

void passage_end(struct passage *passage)
{
	plan_free(&passage->plan);
	section_edits_free(&passage->edits);
	dwarf_sources_free(&passage->sources);
	image_close(passage->image);
	pieces_free(&passage->debug);
	free(passage->debugdata);
	pieces_free(&passage->shipped);
	free(passage->own);
	if (passage->fd >= 0)
		close(passage->fd);
}

bool passage_wants_note(const struct passage *passage, const struct split_options *options)
{
	struct stat st;
	return options->payload != NULL && passage->image->ehdr.e_type != ET_REL &&
	       elf_loads_headers(passage->image) &&
	       (passage->image->ehdr.e_type != ET_EXEC ||
		(fstat(passage->fd, &st) == 0 && (st.st_mode & 0111) != 0));
}

/* The file's bytes are now those at BYTES, malloc'ed. */
static int replace_bytes(struct passage *passage, void *bytes, size_t size, struct note_error *err)
{
	image_close(passage->image);
	passage->image = NULL;
	free(passage->own);
	passage->bytes = passage->own = bytes;
	passage->size = size;
	int code = image_open_memory(&passage->image, bytes, size, err);
	return code == NOTE_OK ? image_read_elf(passage->image, err) : code;
}

/* True where both payloads name the same package. */
static bool same_package(const char *a, size_t a_size, const char *b)
{
	char *text = strndup(a, a_size);
	struct json_object *one = text != NULL ? json_tokener_parse(text) : NULL;
	struct json_object *other = json_tokener_parse(b);
	struct json_object *name = NULL;
	struct json_object *other_name = NULL;
	const bool same = json_object_object_get_ex(one, "name", &name) &&
			  json_object_object_get_ex(other, "name", &other_name) &&
			  json_object_equal(name, other_name) != 0;
	json_object_put(one);
	json_object_put(other);
	free(text);
	return same;
}

int passage_stamp(struct passage *passage, const struct split_options *split,
		  struct outcome *outcome, struct note_error *err)
{
	const char *payload = split->payload;
	struct note_place_options options = {.size = sizeof(options)};
	const char *there;
	size_t length;
	void *stamped;
	size_t size;
	struct note_error why;
	int code = elf_package(passage->image, &there, &length, NULL, err);
	if (code != NOTE_OK && code != NOTE_ABSENT)
		return code;
	const bool has_note = code == NOTE_OK;
	const bool own = has_note && same_package(there, length, payload);
	options.existing = own ? NOTE_EXISTING_KEEP : NOTE_EXISTING_FIRST;
	code = note_place(passage->bytes, passage->size, payload, &options, &stamped, &size, &why);
	if (code == NOTE_UNSUPPORTED && has_note) {
		strings_take(&outcome->remarks,
			     xasprintf(own ? "its package note stays where it is: %s"
					   : "its package note, another package's, stays the "
					     "first: %s",
				       why.text));
		return NOTE_OK;
	}
	/* Without a note it can still be split. */
	if (code == NOTE_UNSUPPORTED && split->leave_refused && !split->stamp_only) {
		strings_take(&outcome->remarks, xasprintf("it gets no package note: %s", why.text));
		return NOTE_OK;
	}
	if (code != NOTE_OK) {
		*err = why;
		return code;
	}
	if (size == passage->size && memcmp(stamped, passage->bytes, size) == 0) {
		free(stamped);
		return NOTE_OK;
	}
	return replace_bytes(passage, stamped, size, err);
}

/* Notes the payload that an image has by now. */
static int efi_package(struct pe *pe, struct outcome *outcome, struct note_error *err)
{
	const char *there;
	size_t length;
	int code = pe_package(pe, &there, &length, NULL, err);
	if (code == NOTE_OK)
		outcome->package = strndup(there, length);
	return code;
}

int passage_stamp_efi(const struct split_run *run, size_t index, struct file_buffer *buffer,
		      struct passage *passage, struct outcome *outcome, struct note_error *err)
{
	const struct note_place_options keep = {.size = sizeof(keep)};
	struct pe pe;
	struct piece piece;
	void *stamped;
	size_t size;
	struct note_error why;
	uint8_t magic[2];
	if (pread(passage->fd, magic, sizeof(magic), 0) != (ssize_t)sizeof(magic) ||
	    memcmp(magic, "MZ", sizeof(magic)) != 0)
		return NOTE_OK;
	int code = file_read_into(passage->fd, buffer, run->options->jobs, &passage->size, err);
	passage->bytes = buffer->bytes;
	if (code == NOTE_OK)
		code = image_open_memory(&passage->image, passage->bytes, passage->size, err);
	if (code != NOTE_OK)
		return code;
	/* What lies in its headers is for firmware to find. */
	if (pe_read(&pe, passage->image, NULL) != NOTE_OK || !pe_is_efi(&pe))
		return NOTE_OK;
	code = note_place(passage->bytes, passage->size, run->options->payload, &keep, &stamped,
			  &size, &why);
	if (code == NOTE_UNSUPPORTED || code == NOTE_MALFORMED)
		return outcome_leave(outcome, why.text);
	if (code != NOTE_OK) {
		*err = why;
		return code;
	}
	const bool changed = size != passage->size || memcmp(stamped, passage->bytes, size) != 0;
	image_close(passage->image);
	passage->image = NULL;
	passage->bytes = passage->own = stamped;
	passage->size = size;
	const struct pieces whole = pieces_one(&piece, passage->bytes, size);
	code = image_open_memory(&passage->image, passage->bytes, size, err);
	if (code == NOTE_OK)
		code = pe_read(&pe, passage->image, err);
	if (code == NOTE_OK)
		code = efi_package(&pe, outcome, err);
	if (code == NOTE_OK && changed)
		code = replace_input(run, index, passage->fd, &whole, err);
	if (code != NOTE_OK || !run->options->stamp_only)
		return code == NOTE_OK ? outcome_leave(outcome, "an EFI program: nothing to split")
				       : code;
	outcome->verdict = VERDICT_STAMPED;
	outcome_files(run, outcome, &whole, NULL);
	return NOTE_OK;
}

int passage_add_build_id(struct passage *passage, struct outcome *outcome, struct note_error *err)
{
	static const uint8_t zeros[20];
	struct build_id id;
	struct note_error why;
	void *bytes;
	size_t size;
	int code = build_id_find(passage->image, &id, err);
	if (code != NOTE_ABSENT || passage->image->ehdr.e_type == ET_REL)
		return code == NOTE_ABSENT ? NOTE_OK : code;
	code = note_place_build_id(passage->bytes, passage->size, zeros, sizeof(zeros), &bytes,
				   &size, &why);
	if (code == NOTE_UNSUPPORTED) {
		strings_take(&outcome->remarks,
			     xasprintf("no build-id can be added: %s", why.text));
		return NOTE_OK;
	}
	if (code != NOTE_OK) {
		*err = why;
		return code;
	}
	passage->id_added = true;
	strings_take(&outcome->remarks, xstrdup("it had no build-id: one was added"));
	return replace_bytes(passage, bytes, size, err);
}

/* The kernel's linker scripts make one section of all notes; linkers give the id one of its own,
 * and those files, nearly all, need no walk over their notes. */
static bool is_kernel(const struct passage *passage)
{
	for (uint64_t i = 1; i < passage->plan.count; i++)
		if (strcmp(passage->plan.sections[i].name, ".note.gnu.build-id") == 0)
			return false;
	return elf_is_kernel(passage->image);
}

/* Who has the old id, and has to find this one's debug file: a copy of the file that is left out,
 * the kernel that boots. */
static bool keeps_id(const struct split_run *run, const struct passage *passage,
		     struct outcome *outcome)
{
	char id[2 * BUILD_ID_MAX + 1];
	if (passage->id_added)
		return false;
	if (run->options->build_id == BUILD_ID_KEEP)
		return true;
	if (is_kernel(passage)) {
		strings_take(&outcome->remarks,
			     xstrdup("its build-id is kept: the kernel that boots has it, too"));
		return true;
	}
	hex_encode(passage->id.bytes, passage->id.size, id);
	if (!strings_has(&run->kept_ids, id))
		return false;
	strings_take(&outcome->remarks,
		     xstrdup("its build-id is kept: a file that is left out has it, too"));
	return true;
}

int passage_identify(const struct split_run *run, struct passage *passage, struct outcome *outcome,
		     struct note_error *err)
{
	int code = build_id_find(passage->image, &passage->id, err);
	if (code == NOTE_ABSENT) {
		outcome->no_build_id = true;
		return NOTE_OK;
	}
	if (code == NOTE_OK && !keeps_id(run, passage, outcome)) {
		code = build_id_compute(passage->image, &passage->plan, run->options->seed,
					&passage->id, err);
		if (code == NOTE_OK)
			memcpy(passage->bytes + passage->id.offset, passage->id.bytes,
			       passage->id.size);
	}
	if (code == NOTE_OK)
		hex_encode(passage->id.bytes, passage->id.size, outcome->build_id);
	return code;
}

int passage_package(struct image *image, struct outcome *outcome, struct note_error *err)
{
	const char *payload;
	size_t length;
	int code = elf_package(image, &payload, &length, NULL, err);
	if (code == NOTE_OK)
		outcome->package = strndup(payload, length);
	return code == NOTE_ABSENT ? NOTE_OK : code;
}
