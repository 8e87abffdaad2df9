/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that is split already, by an earlier run: what is to be known of it is in its debug file.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/describe.h"
#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/splitter/passage.h"
#include "tools/splitter/together/together.h"

/* Lists the sources that DEBUG names, also by strings in its alternate file. */
static int recall_sources(const struct split_run *run, struct image *debug, struct passage *passage,
			  struct outcome *outcome, struct note_error *err)
{
	struct image *alternate = NULL;
	struct dwarf_summary summary;
	int fd = -1;
	int code = NOTE_OK;
	outcome->alternate = alternate_of(debug, outcome->debug_path);
	if (outcome->alternate != NULL)
		code = root_open_file(run->options->root, outcome->alternate, &fd, err);
	if (fd >= 0)
		code = image_open_fd(&alternate, fd, err);
	if (alternate != NULL)
		code = image_read_elf(alternate, err);
	if (code == NOTE_OK)
		code = dwarf_list(debug, alternate, &passage->sources, &summary, err);
	if (code == NOTE_ABSENT)
		code = outcome_leave(outcome, "already split, and the alternate file of its debug "
					      "file is not there");
	image_close(alternate);
	if (fd >= 0)
		close(fd);
	return code;
}

int recall_debug_file(const struct split_run *run, size_t index, struct passage *passage,
		      struct outcome *outcome, uint8_t **bytes, size_t *size,
		      struct note_error *err)
{
	int fd = -1;
	const char *link;
	uint32_t crc32;
	*bytes = NULL;
	int code = elf_debuglink(passage->image, &link, &crc32, err);
	if (code != NOTE_OK)
		return code;
	code = build_id_find(passage->image, &passage->id, err);
	if (code == NOTE_OK)
		hex_encode(passage->id.bytes, passage->id.size, outcome->build_id);
	else if (code == NOTE_ABSENT)
		outcome->no_build_id = true;
	else
		return code;
	outcome->debug_path = layout_debug_path(&run->layout, run->inputs.items[index].path,
						outcome->no_build_id ? NULL : outcome->build_id);
	if (outcome->debug_path == NULL ||
	    strcmp(link, layout_debuglink(outcome->debug_path)) != 0) {
		free(outcome->debug_path);
		outcome->debug_path = NULL;
		return outcome_leave(outcome, "already split");
	}
	code = root_open_file(run->options->root, outcome->debug_path, &fd, err);
	if (code == NOTE_ABSENT)
		return outcome_leave(outcome, "already split, and its debug file is not there");
	if (code == NOTE_OK)
		code = file_read(fd, bytes, size, err);
	if (fd >= 0)
		close(fd);
	if (code != NOTE_OK)
		return code;
	outcome->debug_crc32 = crc32_of(0, *bytes, *size);
	if (outcome->debug_crc32 == crc32)
		return NOTE_OK;
	free(*bytes);
	*bytes = NULL;
	return outcome_leave(outcome, "already split, and its debug file is another one (CRC-32)");
}

int recall_file(const struct split_run *run, size_t index, struct passage *passage,
		struct outcome *outcome, struct note_error *err)
{
	struct image *debug = NULL;
	struct piece pieces[2];
	uint8_t *bytes;
	size_t size;
	int code = recall_debug_file(run, index, passage, outcome, &bytes, &size, err);
	if (outcome->debug_path != NULL)
		owners_take(run->owners, outcome->debug_path, index);
	if (code != NOTE_OK || bytes == NULL)
		return code;
	code = image_open_memory(&debug, bytes, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(debug, err);
	if (code == NOTE_OK)
		code = outcome_count(run, debug, outcome, err);
	if (code == NOTE_OK)
		code = recall_sources(run, debug, passage, outcome, err);
	if (code == NOTE_OK && outcome->verdict == VERDICT_LEFT)
		goto out;
	if (code == NOTE_OK)
		code = passage_package(passage->image, outcome, err);
	if (code != NOTE_OK)
		goto out;
	const struct pieces shipped = pieces_one(&pieces[0], passage->bytes, passage->size);
	const struct pieces whole = pieces_one(&pieces[1], bytes, size);
	outcome_files(run, outcome, &shipped, &whole);
	outcome_collect(run, &passage->sources, outcome);
	outcome->verdict = VERDICT_SPLIT;
out:
	image_close(debug);
	free(bytes);
	return code;
}
