/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/libraries/curl.h"

#include <stdbool.h>

#include "libnote/error.h"

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

/* Once in a process, and for good: another part of it may use libcurl too. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_good;

static void begin(void)
{
	is_good = libcurl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

int curl_library_load(struct note_error *err)
{
	const int code = library_load(&library, err);
	if (code != NOTE_OK)
		return code;
	pthread_once(&once, begin);
	return is_good ? NOTE_OK
		       : error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "libcurl cannot be used");
}
