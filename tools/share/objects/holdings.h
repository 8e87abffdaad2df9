/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a share in an object store keeps beside the contents, as it has no links: small JSON objects
 * that only publishers read.
 *
 *     index/buildid/HEX.json      {holdingsVersion 1, files [{kind, size, sha256, alternate (needs
 *                                 one), packages}], sources [{path, package, sha256}]}:
 *                                 who holds each file of a build-id, and every source that its
 *                                 debug information names below usr/src/debug, with the package
 * that the served copy came from, or null where none has it. index/source/DIR.json
 * {directoryVersion 1, packages, buildIds}: who holds sources in usr/src/debug/DIR, and whose debug
 * information names some.
 */
#ifndef SHARE_OBJECTS_HOLDINGS_H
#define SHARE_OBJECTS_HOLDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/text.h"

struct holding {
	char *kind; /* "debuginfo", "executable", "section/NAME" */
	uint64_t size;
	char sha256[65];
	bool alternate;          /* a debug file that needs an alternate file of dwz */
	struct strings packages; /* sorted */
};

struct named_source {
	char *path;    /* "usr/src/debug/..." */
	char *package; /* whose copy is served, or NULL */
	char sha256[65];
};

struct holdings {
	char hex[129];
	struct holding *files;
	size_t count;
	struct named_source *sources; /* sorted by path */
	size_t source_count;
};

/* The holding of KIND, or NULL. */
struct holding *holdings_find(const struct holdings *holdings, const char *kind);

/* A new, empty one. */
struct holding *holdings_add(struct holdings *holdings, const char *kind);
void holdings_drop(struct holdings *holdings, struct holding *holding);

/* Takes the list of sources; NAMES is sorted, without repetition. */
void holdings_set_sources(struct holdings *holdings, const struct strings *names);

char *holdings_to_json(const struct holdings *holdings);
int holdings_parse(struct holdings *out, const char *hex, const char *json, size_t size,
		   struct note_error *err);
void holdings_free(struct holdings *holdings);

struct directory {
	char *path; /* "usr/src/debug/DIR" */
	struct strings packages;
	struct strings build_ids;
};

char *directory_to_json(const struct directory *directory);

/* Adds what JSON tells to OUT, whose path stays. */
int directory_parse(struct directory *out, const char *json, size_t size, struct note_error *err);
void directory_free(struct directory *directory);

/* Keeps LIST sorted and each string in it once. */
void set_add(struct strings *list, const char *string);
void set_remove(struct strings *list, const char *string);
bool set_has(const struct strings *list, const char *string);

#endif
