/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: an ELF file, PE image, kernel module or static archive named by itself. */
#include <fcntl.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/release/inputs/input.h"

static int read_elf(struct unit *unit, unsigned roles, member_visit *visit, void *context,
		    struct note_error *err)
{
	int fd = open(unit->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_system(err, "open");
	int code = member_from_fd(unit, unit->path, unit->role, fd, roles, visit, context, err);
	close(fd);
	return code;
}

const struct input_kind elf_input = {"ELF file", read_elf};
