/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The record of a package in the share, packages/N-V-R.A/record.json: one JSON object,
 *
 *     recordVersion 1, package N-V-R.A, type, name, version, release, architecture (strings, or
 *     null where unknown), incomplete (true where a repair left files out, else not there), files
 *     [{path, size, sha256, origin, published (where another file of the same loaded contents
 *     stands in: the digest of what was published)}] sorted by path.
 *
 * `path` is below the package's directory, `origin` the path in what was published. Names as in
 * the manifest: UTF-8, other bytes as %XX.
 */
#ifndef SHARE_RECORD_H
#define SHARE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/text.h"

struct record_file {
	char *path;
	char *origin;
	uint64_t size;
	char sha256[65];
	/* Where another file of the same loaded contents stands in for the one that was published:
	 * the digest of that one; else "". */
	char published[65];
};

struct record {
	char *package; /* N-V-R.A, the name of its directory */
	char *type;    /* the five may be NULL */
	char *name;
	char *version;
	char *release;
	char *architecture;
	bool incomplete; /* a repair left some of its files out: publishing it again mends it */
	struct record_file *files;
	size_t count;
	size_t room;
};

/* The new entry, zeroed; valid until the next call. */
struct record_file *record_add(struct record *record);

/* Sorts the files by path, then origin. */
void record_sort(struct record *record);

/* JSON text, the caller's. */
char *record_to_json(const struct record *record);

/* Parses and checks one: paths that no package of ours could hold are NOTE_MALFORMED. */
int record_parse(struct record *out, const char *json, size_t size, struct note_error *err);

void record_free(struct record *record);

/* Whether both hold the same files, wherever they came from. */
bool record_same_files(const struct record *a, const struct record *b);

/* True for a name that a package's directory may have: one component, not hidden, printable. */
bool is_package_name(const char *name);

/* Whether a build-id may have a file of KIND: "debuginfo", "executable",
 * "section/NAME". */
bool is_artifact_kind(const char *kind);

/* Whether a package may hold a file at PATH. */
bool is_record_path(const char *path);

/* The file of RECORD, which is sorted, at PATH; NULL where there is none. */
const struct record_file *record_find(const struct record *record, const char *path);

/* Whether RECORD, which is sorted, has a file below DIRECTORY (without a slash at its end). */
bool record_has_below(const struct record *record, const char *directory);

/* Whether PATH is relative, and has neither empty parts nor "." and "..". */
bool is_plain_path(const char *path);

/* The same, below "usr/src/debug/". */
bool is_source_path(const char *path);

/* Splits "buildid/HEX/KIND": the digits in HEX (129 bytes), KIND inside PATH, or NULL where PATH
 * is no such path. */
const char *build_id_path(const char *path, char hex[129]);

#endif
