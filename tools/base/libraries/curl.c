/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/libraries/curl.h"

struct curl_library libcurl;

LIBRARY_NOTE(curl_note,
	     "[{\"soname\":[\"libcurl.so.4\"],\"feature\":\"debuginfod\",\"description\":"
	     "\"Asking debuginfod servers, publishing to object "
	     "stores\",\"priority\":\"recommended\"}]");

static const struct library_function functions[] = {
#define ROW(name) {"curl_" #name, &libcurl.name},
	CURL_FUNCTIONS(ROW)
#undef ROW
};

static struct library library = {
	.soname = "libcurl.so.4",
	.install = "libcurl (in Debian: libcurl4)",
	.functions = functions,
	.function_count = sizeof(functions) / sizeof(functions[0]),
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

int curl_library_load(struct note_error *err)
{
	return library_load(&library, err);
}
