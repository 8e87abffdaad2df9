/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handing over one file of an input, by what its beginning tells. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/pe/pe.h"
#include "tools/base/expansion/expansion.h"
#include "tools/release/inputs/content.h"
#include "tools/release/inputs/input.h"

/* A module that cannot be unpacked is told as a file that cannot be read. */
static int hand_over_module(struct member *member, member_visit *visit, void *context,
			    struct note_error *err)
{
	struct image *packed = member->image;
	uint8_t *bytes = NULL;
	size_t size = 0;
	const uint8_t *all = image_bytes(packed, 0, packed->size, "file", err);
	if (all == NULL)
		return err->code;
	int code = content_unpack(&bytes, &size, all, packed->size,
				  expansion_bound(packed->size, EXPANSION_MEMORY), err);
	member->image = NULL;
	if (code == NOTE_MALFORMED)
		member->problem = err->text;
	else if (code == NOTE_OK)
		code = image_open_memory(&member->image, bytes, size, err);
	if (code == NOTE_OK || code == NOTE_MALFORMED)
		visit(context, member);
	image_close(member->image);
	member->image = NULL;
	free(bytes);
	return code == NOTE_MALFORMED ? NOTE_OK : code;
}

int member_from_image(const struct unit *unit, const char *path, enum artifact_role role,
		      struct image *image, member_visit *visit, void *context,
		      struct note_error *err)
{
	enum content content = CONTENT_ELF;
	struct member member = {.input = unit->input,
				.path = path,
				.role = role,
				.image = image,
				.package = unit->facts};
	if (role != ROLE_SOURCE) {
		const uint64_t size = image->size < CONTENT_HEAD ? image->size : CONTENT_HEAD;
		const uint8_t *head = image_bytes(image, 0, size, "file", err);
		if (head == NULL)
			return err->code;
		content = content_of(path, head, (size_t)size);
	}
	if (content == CONTENT_OTHER || (role != ROLE_SHIPPED && content != CONTENT_ELF))
		return NOTE_OK;
	if (content == CONTENT_MODULE)
		return hand_over_module(&member, visit, context, err);
	member.passed_over = content_passed_over(content);
	if (content == CONTENT_PE) {
		struct pe pe;
		if (pe_read(&pe, image, err) == NOTE_ABSENT)
			return NOTE_OK; /* a DOS program, or two letters of a text */
	}
	visit(context, &member);
	return NOTE_OK;
}

int member_from_bytes(const struct unit *unit, const char *path, enum artifact_role role,
		      const struct text *bytes, member_visit *visit, void *context,
		      struct note_error *err)
{
	struct image *image = NULL;
	int code = image_open_memory(&image, bytes->data, bytes->size, err);
	if (code == NOTE_OK)
		code = member_from_image(unit, path, role, image, visit, context, err);
	image_close(image);
	return code;
}

int member_from_fd(const struct unit *unit, const char *path, enum artifact_role role, int fd,
		   unsigned roles, member_visit *visit, void *context, struct note_error *err)
{
	struct image *image = NULL;
	if ((role & roles) == 0)
		return NOTE_OK;
	int code = image_open_fd(&image, fd, err);
	if (code != NOTE_OK)
		return code;
	code = member_from_image(unit, path, role, image, visit, context, err);
	image_close(image);
	return code;
}
