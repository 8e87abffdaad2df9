/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The index by name of a share, as static documents that any web server or object store gives out:
 * what debuginfod's /metadata tells of files, for clients that read it themselves.
 *
 *     names/index.json             {namesVersion 1, next, segments [{name, level, packages,
 *                                  removed}], old [names]}: the segments, the oldest first
 *     names/SEQUENCE-DIGEST.json   a segment, or a block of one: never changed; DIGEST is the
 *                                  beginning of its SHA-256
 *
 * A segment tells of some packages: {removed [packages], block BLOCK} or, of many results,
 * {removed, files [{first, name, count}], buildids [{first, name, count}]}: blocks of them, once in
 * the order of files and once in that of build-ids; FIRST is the file or build-id of a block's
 * first result. What an older segment tells of a package that a later one has REMOVED does not
 * count. So what comes or goes is told by one small segment; segments of one level that are
 * SEGMENTS_A_LEVEL become one of the next.
 *
 * A block is {"results": [...], "complete": true}, as a debuginfod answers, a result a line:
 *     {"type": "executable", "buildid": "HEX", "file": "/usr/bin/x", "archive": "N-V-R.A"}
 * in this form alone, sorted; FILE and ARCHIVE as name_to_utf8() has them.
 */
#ifndef BASE_NAMES_NAMES_H
#define BASE_NAMES_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/text.h"

#define NAMES_INDEX         "names/index.json"
#define NAMES_BELOW         "names/"
#define NAMES_BLOCK_MOST    512 /* results */
#define SEGMENTS_A_LEVEL    8
#define NAMES_DOCUMENT_MOST ((size_t)16 << 20) /* bytes */
#define NAMES_SEGMENTS_MOST 1024               /* levels of eight: far beyond any share */
#define NAMES_VERSION       1
#define NAMES_DIGEST        32 /* digits of a document's digest that its name has */

/* How the documents are laid out. */
#define NAMES_BLOCK_START "{\"results\": [\n"
#define NAMES_BLOCK_EMPTY "{\"results\": ["
#define NAMES_BLOCK_END   "], \"complete\": true}\n"
#define NAMES_INNER_START ", \"block\":\n"
#define NAMES_INNER_END   "}\n"

/* Reading, here, tells where memory is short (NOTE_SYSTEM): it may be part of another program.
 *
 * --- lines.c: results --- */

struct names_span {
	const char *text; /* inside of a JSON string: escaped as it stands there */
	size_t length;
};

struct names_result {
	struct names_span line; /* the JSON object */
	struct names_span type, build_id, file, archive;
};

/* By what results are sorted. */
enum names_order { NAMES_BY_FILE, NAMES_BY_BUILD_ID, NAMES_ORDERS };

/* False for a line of another form. OUT points into LINE. */
bool names_result_read(struct names_result *out, const char *line, size_t length);

/* The inside of the JSON string that NAME stands in; for free(), NULL where memory is short. */
char *names_escape(const char *name);
char *names_escape_utf8(const char *utf8); /* of what name_to_utf8() gave */

/* The name that stands there so; for free(), NULL where memory is short. */
char *names_unescape(struct names_span span);

int names_compare(const struct names_result *a, const struct names_result *b,
		  enum names_order order);

/* As memcmp, of spans. */
int names_span_compare(struct names_span a, struct names_span b);
struct names_span names_span_of(const char *text);

/* Results of one document; TEXT is what they point into. */
struct names_block {
	char *text;
	struct names_result *results;
	size_t count;
};

/* Reads a block; TEXT, of SIZE bytes and a NUL, goes to OUT in any case. NOTE_MALFORMED. */
int names_block_read(struct names_block *out, char *text, size_t size, struct note_error *err);
void names_block_free(struct names_block *block);

/* --- documents.c: the index and its segments --- */

struct names_segment_entry {
	char *name;
	uint64_t level, packages, removed; /* how many came, and went */
};

struct names_index {
	uint64_t next; /* the sequence number of what comes next */
	struct names_segment_entry *segments;
	size_t count;
	struct strings old; /* documents that nothing leads to any more, still there for readers */
};

int names_index_read(struct names_index *out, const char *text, size_t size,
		     struct note_error *err);
void names_index_free(struct names_index *index);

struct names_part {
	char *first; /* escaped */
	char *name;
	uint64_t count;
};

struct names_parts {
	struct names_part *items;
	size_t count;
};

struct names_segment {
	struct strings removed;     /* escaped, sorted */
	struct names_block results; /* where it has no parts */
	struct names_parts parts[NAMES_ORDERS];
};

int names_segment_read(struct names_segment *out, const char *text, size_t size,
		       struct note_error *err);
void names_segment_free(struct names_segment *segment);

/* Whether PACKAGE, escaped, is among those that SEGMENT removes from older ones. */
bool names_segment_removes(const struct names_segment *segment, struct names_span package);

/* The sequence number in the name of a segment or block; false for other names. */
bool names_sequence(const char *name, uint64_t *sequence);

extern const char *const names_order_keys[NAMES_ORDERS];

/* --- write.c: for who changes it; where memory is short, these end the process --- */

/* Adds the line (without its end) that tells of a file: names as bytes, BUILD_ID in lower case. */
void names_result_write(struct text *out, const char *type, const char *build_id, const char *file,
			const char *archive);

/* The block of LINES (one a result). */
void names_block_write(struct text *out, const struct strings *lines);

/* LINES where it has no parts. */
void names_segment_write(struct text *out, const struct names_segment *segment,
			 const struct strings *lines);
void names_index_write(struct text *out, const struct names_index *index);

/* "SEQUENCE-DIGEST.json" of these bytes; for free(). */
char *names_document_name(uint64_t sequence, const char *text, size_t size);

/* Whether the document is the one that NAME promises. */
bool names_is_document(const char *name, const char *text, size_t size);

#endif
