/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/libraries/archive.h"

struct archive_library libarchive;

LIBRARY_NOTE(archive_note,
	     "[{\"soname\":[\"libarchive.so.13\"],\"feature\":\"packages\",\"description\":"
	     "\"Reading .deb and .rpm packages\",\"priority\":\"recommended\"}]");

static const struct library_function functions[] = {
#define ROW(name) {"archive_" #name, &libarchive.name},
	ARCHIVE_FUNCTIONS(ROW)
#undef ROW
};

static struct library library = {
	.soname = "libarchive.so.13",
	.install = "libarchive (in Debian: libarchive13)",
	.functions = functions,
	.function_count = sizeof(functions) / sizeof(functions[0]),
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

int archive_library_load(struct note_error *err)
{
	return library_load(&library, err);
}
