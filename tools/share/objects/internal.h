/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A share in an object store. There are no links and no renames, so contents lie under the names
 * that debuginfod clients ask for:
 *
 *     buildid/HEX/debuginfo, executable, section/NAME
 *     buildid/HEX/source/usr/src/debug/...   those that the debug information of HEX names
 *     packages/N-V-R.A/record.json           the package is there from when this is
 *     source/N-V-R.A/usr/src/debug/...       its sources; the store copies from here to the above
 *     index/                                 see holdings.h
 *     names/                                 the index by name, for readers: base/names/names.h
 *     .staging/record.json                   the journal: the package on its way in or out
 *     .lock/...                              who changes the share
 *     share.json                             {"shareVersion": 1, "store": "objects"}
 *
 * The same in a directory, each object a plain file: for file systems that make no links (files.c).
 *
 * Adding: the journal, the index, executables and sources, debug files, those that need an
 * alternate file last of these, the record; so whoever gets a debug file gets what it leads to.
 * Removing goes the other way. Each step can be done again; where the journal tells of a package
 * that has no record, that package is taken out before anything else is done.
 */
#ifndef SHARE_OBJECTS_INTERNAL_H
#define SHARE_OBJECTS_INTERNAL_H

#include "tools/share/index.h"
#include "tools/share/internal.h"
#include "tools/share/objects/bucket.h"
#include "tools/share/objects/holdings.h"

#define OBJECTS_MARKER  "share.json"
#define OBJECTS_JOURNAL STAGING "/record.json"
#define OBJECTS_BATCH   32 /* build-ids whose index is in memory at once */

struct lease;

struct objects {
	struct bucket *bucket;
	struct lease *lease; /* while the share is changed */
	char *url;
	char *spool; /* the local directory that files pass through */
	int spool_lock;
	struct text index; /* of names, to be */
};

/* --- read.c: what the share tells of itself --- */

/* share->own. */
struct objects *objects_of(const struct share *share);

int objects_list(struct share *share, struct strings *packages, struct note_error *err);
int objects_read_record(struct share *share, const char *key, struct record *record,
			struct note_error *err);

/* The keys of things; the caller frees them. */
char *record_key(const char *package);
char *holdings_key(const char *hex);
char *directory_key(const char *path);

/* Some of a list's build-ids, with their holdings; begins as {0}. */
struct holdings_batch {
	size_t start; /* in the list */
	size_t count;
	struct holdings items[OBJECTS_BATCH];
	bool changed[OBJECTS_BATCH];
	bool mended[OBJECTS_BATCH]; /* it was broken: made anew, not written yet */
};

/* The next of HEXES, in place of the last ones; empty holdings where there are none. False at the
 * end and where *CODE is or becomes an error: nothing is held by BATCH then. */
bool holdings_batch_next(struct share *share, const struct strings *hexes,
			 struct holdings_batch *batch, int *code, struct note_error *err);

/* Writes those that are marked, or deletes what holds nothing any more. */
int holdings_batch_write(struct share *share, const struct holdings_batch *batch,
			 struct note_error *err);

/* The build-ids of RECORD, each once, sorted. */
void record_build_ids(const struct record *record, struct strings *out);

/* --- mend.c --- */

/* The build-ids that the index has entries for, sorted. */
int objects_list_index(struct share *share, struct strings *hexes, struct note_error *err);
int objects_mend_record(struct share *share, const char *package, struct note_error *err);
int objects_prove(struct share *share, const struct record *record, size_t *count,
		  struct note_error *err);

/* Who holds what of build-id HEX, by the records of all packages. */
int objects_mend_holdings(struct share *share, const char *hex, struct holdings *out,
			  struct note_error *err);
int objects_repair_all(struct share *share, struct note_error *err);

/* --- lease.c: who may change the share --- */

int lease_take(struct share *share, struct note_error *err);

/* Whether it is still ours: it is lost where the store could not be reached for long. */
int lease_holds(struct share *share, struct note_error *err);
void lease_drop(struct share *share);

/* --- spool.c --- */

int objects_make_spool(struct share *share, struct note_error *err);
void objects_drop_spool(struct share *share);

/* --- encode.c --- */

/* Puts the file that PUT sends into ENCODING ("gzip", "zstd"), where that makes it smaller by more
 * than a little: PUT's file, size and digest are then the encoded one's. NUMBER is no other's of
 * the spool. */
int encode_upload(struct share *share, size_t number, const char *encoding, struct s3_request *put,
		  struct note_error *err);

/* --- send.c --- */

/* "source/PATH" of RECORD lies in a directory of the package's own; the caller frees it. */
char *content_key(const struct record *record, const struct record_file *file);

/* Executables, sources and sections; debug files; those of them that need an alternate file. */
enum phase { PHASE_FIRST, PHASE_DEBUG, PHASE_NEEDS_ALTERNATE };

struct sending {
	struct share *share;
	const struct record *record;
	const struct upload *uploads; /* one for each file of RECORD */
	uint64_t done;
	uint64_t total;
	uint64_t bytes; /* as they were sent */
};

/* Sends what is of PHASE and not there. */
int send_phase(struct sending *sending, enum phase phase, struct note_error *err);

/* --- add.c --- */

int objects_judge(struct share *share, const char *package, struct claim *claims, size_t count,
		  struct note_error *err);

/* UPLOADS has one for each file of RECORD. */
int objects_add(struct share *share, const struct record *record, struct upload *uploads,
		bool replacing, uint64_t *new_bytes, struct note_error *err);

/* --- remove.c --- */

int objects_remove(struct share *share, const struct record *record, struct note_error *err);

/* Takes the journal's package out, where a run that was killed left one. NAMED: the index by name
 * tells of what is there. */
int objects_repair(struct share *share, bool named, struct note_error *err);

int objects_delete_keys(struct share *share, const struct strings *keys, struct note_error *err);

/* --- documents.c --- */

int objects_get_document(struct share *share, const char *key, struct text *out,
			 struct note_error *err);
int objects_put_documents(struct share *share, const struct document *documents, size_t count,
			  struct note_error *err);
int objects_remove_documents(struct share *share, const struct strings *keys,
			     struct note_error *err);
int objects_list_documents(struct share *share, const char *prefix, struct strings *out,
			   struct note_error *err);
int objects_propose_index(struct share *share, const char *key, const struct text *text,
			  struct note_error *err);
int objects_adopt_index(struct share *share, const char *key, struct note_error *err);

/* --- serve.c: the sources of build-ids --- */

/* What may change, and what there is to serve. */
struct supply {
	struct share *share;
	struct index directories; /* struct directory by path */
	struct strings paths;     /* of the directories, sorted */
	struct record *records;   /* packages with sources in them, by name */
	size_t count;
	const struct record *changing; /* the package that comes or goes */
	bool going;
	bool replacing; /* one of that name is there */
	bool known;     /* the index told of it, whether a record does or not */
};

/* Takes in the directory PATH, unless it is in already. */
struct directory *supply_directory(struct supply *supply, const char *path);
int supply_read_directories(struct supply *supply, struct note_error *err);
int supply_write_directories(struct supply *supply, struct note_error *err);

/* The records of all packages that the directories tell of. */
int supply_read_records(struct supply *supply, struct note_error *err);

/* "usr/src/debug/DIR" of a source's PATH; the caller frees it. */
char *source_directory_of(const char *path);

/* Makes the sources of build-id HEXES those that the packages have; with a package that goes, its
 * claims go too. */
int supply_serve(struct supply *supply, const struct strings *hexes, struct note_error *err);
void supply_free(struct supply *supply);

/* --- check.c --- */

int objects_check(struct share *share,
		  void (*problem)(void *context, const char *path, const char *why), void *context,
		  struct share_checked *checked, struct note_error *err);

#endif
