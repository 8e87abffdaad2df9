/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libcurl, loaded when it is first needed: curl_easy_init() is libcurl.easy_init(). */
#ifndef BASE_LIBRARIES_CURL_H
#define BASE_LIBRARIES_CURL_H

#include <curl/curl.h>

#include "tools/base/libraries/library.h"

#define CURL_FUNCTIONS(X)      \
	X(easy_cleanup)        \
	X(easy_getinfo)        \
	X(easy_init)           \
	X(easy_perform)        \
	X(easy_pause)          \
	X(easy_reset)          \
	X(easy_setopt)         \
	X(easy_strerror)       \
	X(easy_unescape)       \
	X(free)                \
	X(global_init)         \
	X(multi_add_handle)    \
	X(multi_cleanup)       \
	X(multi_info_read)     \
	X(multi_init)          \
	X(multi_perform)       \
	X(multi_poll)          \
	X(multi_remove_handle) \
	X(multi_setopt)        \
	X(slist_append)        \
	X(slist_free_all)      \
	X(url)                 \
	X(url_cleanup)         \
	X(url_get)             \
	X(url_set)             \
	X(version_info)

struct curl_library {
#define POINTER(name) __typeof__(&curl_##name) name;
	CURL_FUNCTIONS(POINTER)
#undef POINTER
};

/* Valid once curl_library_load() has returned NOTE_OK. */
extern struct curl_library libcurl;

/* As library_load(); libcurl is initialised then, or NOTE_SYSTEM. */
int curl_library_load(struct note_error *err);

#endif
