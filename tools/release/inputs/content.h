/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a shipped file is, by its first bytes: read as it is, read once it is unpacked, or passed
 * over; and where it is passed over, why, so that nothing that holds code goes unmentioned.
 */
#ifndef RELEASE_INPUTS_CONTENT_H
#define RELEASE_INPUTS_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"

/* So many of a file's first bytes tell what it is. */
#define CONTENT_HEAD 8

enum content {
	CONTENT_OTHER, /* text, data: nothing to check */
	CONTENT_ELF,
	CONTENT_PE,     /* or a DOS program */
	CONTENT_MODULE, /* a compressed kernel module: .ko.xz, .ko.gz, .ko.zst */
	CONTENT_STATIC, /* a static archive */
	CONTENT_PACKAGE,
};

/* HEAD is the file's beginning: CONTENT_HEAD bytes, or all where there are less. */
enum content content_of(const char *path, const void *head, size_t size);

/* Whether the whole file is wanted. */
bool content_is_read(enum content content);

/* Why it is passed over; NULL where it is read, or is nothing to check. A static string. */
const char *content_passed_over(enum content content);

/* A compressed kernel module's bytes in *OUT, for free(). NOTE_MALFORMED where they unpack to more
 * than LIMIT or are broken, NOTE_UNSUPPORTED without libarchive. */
int content_unpack(uint8_t **out, size_t *out_size, const void *packed, size_t size, uint64_t limit,
		   struct note_error *err);

/* Whether NAME ends as a package's does. */
bool is_package_file_name(const char *name);

#endif
