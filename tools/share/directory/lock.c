/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lock of a share in a directory: who may change it, and who does. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/share/directory/internal.h"

struct directory_share *directory_of(const struct share *share)
{
	return share->own;
}

static void say_who_holds_it(struct share *share)
{
	char who[256];
	ssize_t length = pread(directory_of(share)->lock, who, sizeof(who) - 1, 0);
	who[length > 0 ? length : 0] = '\0';
	who[strcspn(who, "\n")] = '\0';
	share_say(share, root_path(share->root), "waiting: %s changes it",
		  who[0] != '\0' ? who : "another process");
}

int directory_lock_changing(struct share *share, struct note_error *err)
{
	char host[128] = "";
	char who[256];
	int code = root_open_lock(share->root, ".lock", &directory_of(share)->lock, err);
	if (code != NOTE_OK)
		return code;
	/* One of another user's has the mode already, or is closed to us. */
	if (fchmod(directory_of(share)->lock, share->mode) != 0 && errno != EPERM)
		return error_system(err, "lock");
	if (flock(directory_of(share)->lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			say_who_holds_it(share);
		while (flock(directory_of(share)->lock, LOCK_EX) != 0)
			if (errno != EINTR)
				return error_system(err, "lock");
	}
	gethostname(host, sizeof(host) - 1);
	const int length = snprintf(who, sizeof(who), "process %ld on %s\n", (long)getpid(), host);
	if (ftruncate(directory_of(share)->lock, 0) != 0 ||
	    pwrite(directory_of(share)->lock, who, (size_t)length, 0) != length)
		return error_system(err, "lock");
	return NOTE_OK;
}

/* Keeps others from changing a share that was opened for reading, where that can be. */
void directory_lock_reading(struct share *share)
{
	if (root_open_file(share->root, ".lock", &directory_of(share)->lock, NULL) != NOTE_OK ||
	    flock(directory_of(share)->lock, LOCK_SH | LOCK_NB) == 0)
		return;
	if (errno == EWOULDBLOCK)
		say_who_holds_it(share);
	while (flock(directory_of(share)->lock, LOCK_SH) != 0 && errno == EINTR)
		;
}
