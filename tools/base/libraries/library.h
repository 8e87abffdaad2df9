/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared libraries that are loaded when they are first needed: libcurl and libarchive bring some
 * forty others, which would cost each run of the command more than most of its work does.
 */
#ifndef BASE_LIBRARIES_LIBRARY_H
#define BASE_LIBRARIES_LIBRARY_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote/libnote.h"

/* A function of a library, and the pointer (to a function) that is to point at it. */
struct library_function {
	const char *name;
	void *pointer;
};

struct library {
	const char *soname;
	const char *install; /* what to install where it is not there */
	const struct library_function *functions;
	size_t function_count;
	pthread_mutex_t lock;
	void *handle; /* once loaded; it stays so until the process ends */
};

/* Loads LIBRARY and fills the pointers to its functions, where that has not been done yet. Any
 * thread may call it; the pointers are for those that did. NOTE_UNSUPPORTED where it cannot be
 * loaded or lacks a function; the next call tries again. */
int library_load(struct library *library, struct note_error *err);

/* clang's sanitizer would put its red zones into the section of notes; gcc's leaves it alone. */
#ifdef __clang__
#define LIBRARY_PLAIN __attribute__((no_sanitize("address")))
#else
#define LIBRARY_PLAIN
#endif

/*
 * At file level: tells package tools of a library that no DT_NEEDED names. Specification:
 * UAPI.12, ELF dlopen metadata. JSON is an array of objects, a string literal.
 */
#define LIBRARY_NOTE(identifier, json)                                                          \
	LIBRARY_PLAIN                                                                           \
	__attribute__((used, section(".note.dlopen"))) _Alignas(4) static const struct {        \
		uint32_t name_size, size, type;                                                 \
		char name[sizeof(NOTE_OWNER_FDO)];                                              \
		_Alignas(4) char text[sizeof(json)];                                            \
	} identifier = {sizeof(NOTE_OWNER_FDO), sizeof(json), NOTE_TYPE_DLOPEN, NOTE_OWNER_FDO, \
			json}

#endif
