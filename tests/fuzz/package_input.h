/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For the fuzzers of packages: bytes in a file without a name, read as an input of verify. */
#ifndef FUZZ_PACKAGE_INPUT_H
#define FUZZ_PACKAGE_INPUT_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/base/text.h"
#include "tools/release/inputs/input.h"

static inline void visit_artifact(void *context, const struct member *member)
{
	struct elf_artifact artifact = {.path = xstrdup(member->path)};
	(void)context;
	if (member->role != ROLE_SOURCE && member->image != NULL && member->passed_over == NULL)
		artifact_read(&artifact, member->image);
	artifact_free(&artifact);
}

static inline void read_package(const struct text *bytes)
{
	char path[64];
	struct note_error err;
	const int fd = memfd_create("package", MFD_CLOEXEC);
	if (fd < 0 || write(fd, bytes->data, bytes->size) != (ssize_t)bytes->size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct unit unit = {.kind = &package_input, .input = "package", .path = path};
	package_input.read(&unit, ROLE_SHIPPED, visit_artifact, NULL, &err);
	package_input.read(&unit, ROLE_DEBUG | ROLE_SOURCE, visit_artifact, NULL, &err);
	package_facts_free(unit.facts);
	close(fd);
}

#endif
