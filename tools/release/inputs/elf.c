/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: an ELF file, PE image, kernel module or static archive named by itself. */
#include <unistd.h>

#include "tools/release/inputs/input.h"

static int read_elf(struct unit *unit, unsigned roles, member_visit *visit, void *context,
		    struct note_error *err)
{
	int fd;
	int code = unit_open(unit, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = member_from_fd(unit, unit->input, unit->role, fd, roles, visit, context, err);
	close(fd);
	return code;
}

const struct input_kind elf_input = {"ELF file", read_elf};
