/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The manifest (pkgnote-manifest(5)): what a split made, for publish and verify. One JSON object,
 * version 1. In memory all paths are bytes, absolute below ROOT ("/usr/bin/x"); in the file they
 * are UTF-8, other bytes as %XX.
 */
#ifndef BASE_MANIFEST_H
#define BASE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/text.h"

struct manifest_file {
	char *path;
	struct strings links; /* other names of the same file (hard links) */
	char *build_id;       /* hexadecimal, or NULL */
	uint64_t size;
	char sha256[65];
	char *debug_path; /* the debug file, or NULL; then size, digest and CRC of it */
	uint64_t debug_size;
	char debug_sha256[65];
	uint32_t debug_crc32;
	char *debug_alternate; /* the alternate file that it shares with others, or NULL */
	/* How much debug information the file had before it was split. */
	struct {
		bool counted;
		uint64_t units, functions, lines;
	} counts;
	struct strings sources; /* absolute: "/usr/src/debug/N-V-R.A/..."; sorted, unique */
	char *package;          /* the note's payload, or NULL */
};

/* What debug files have in common (.gnu_debugaltlink). */
struct manifest_alternate {
	char *path;
	char *build_id; /* hexadecimal */
	uint64_t size;
	char sha256[65];
};

struct manifest_skipped {
	char *path;
	char *reason;
	bool refused; /* it should have been done, and cannot be */
};

struct manifest_missing {
	char *path; /* the source that is named and not there */
	char *unit; /* the file whose debug information names it */
};

struct manifest {
	char *type; /* "rpm" or "deb" */
	char *name;
	char *version;
	char *release; /* may be NULL */
	char *architecture;
	struct manifest_file *files;
	size_t file_count;
	struct manifest_alternate *alternates;
	size_t alternate_count;
	struct manifest_skipped *skipped;
	size_t skipped_count;
	struct manifest_missing *missing;
	size_t missing_count;
	struct strings compiled_in; /* directories that names of sources are relative to: made, and
				       not written down */
};

/* The adders return the new, zeroed entry, valid until the next call of the same one. */
struct manifest_file *manifest_add_file(struct manifest *manifest);
struct manifest_alternate *manifest_add_alternate(struct manifest *manifest);
struct manifest_skipped *manifest_add_skipped(struct manifest *manifest);
struct manifest_missing *manifest_add_missing(struct manifest *manifest);

/* Sorts everything by path and drops equal entries: the order of the file. */
void manifest_sort(struct manifest *manifest);

/* "N-V-R.A", or "N-V.A" without a release; the caller frees it. */
char *manifest_package_name(const struct manifest *manifest);

/* The manifest as JSON text, a newline at its end; the caller frees it. */
char *manifest_to_json(const struct manifest *manifest);

/* Parses one; every field's type is checked, unknown fields are ignored, another manifestVersion
 * is NOTE_UNSUPPORTED. Frees nothing of a failed one's caller: *OUT is zeroed then. */
int manifest_parse(struct manifest *out, const char *json, size_t size, struct note_error *err);

void manifest_free(struct manifest *manifest);

#endif
