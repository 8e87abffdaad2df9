/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/root/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/base/text.h"

int nameless_in(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
		char *name = xasprintf("%s/pkgnote.XXXXXX", directory);
		fd = mkostemp(name, O_CLOEXEC);
		if (fd >= 0)
			unlink(name);
		free(name);
	}
	return fd;
}

int nameless_small(void)
{
	const char *tmp = getenv("TMPDIR");
	int fd = memfd_create("pkgnote", MFD_CLOEXEC);
	if (fd < 0 && errno != EMFILE && errno != ENFILE)
		fd = nameless_in(tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	return fd;
}
