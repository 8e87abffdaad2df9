/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of the share engine alone. */
#ifndef SHARE_INTERNAL_H
#define SHARE_INTERNAL_H

#include "tools/base/root/root.h"
#include "tools/share/record.h"
#include "tools/share/share.h"

#define STAGING        ".staging"
#define STAGING_TREE   STAGING "/tree"
#define STAGING_LINK   STAGING "/link"
#define STAGING_SPOOL  STAGING "/spool"
#define STAGING_RECORD STAGING_TREE "/record.json"
#define SOURCES_BELOW  "usr/src/debug/"
#define MAX_BUILD_ID   64 /* bytes; elfutils' and rpm's bound */
#define MIN_BUILD_ID   3  /* elfutils' bound: .build-id/xx/ needs more than one byte */
#define COPY_BUFFER    (64u * 1024)

struct objects;

struct share {
	struct root *root;       /* with OBJECTS: what is on its way in passes through here */
	struct objects *objects; /* where the share is in an object store, else NULL */
	int lock;
	bool reading; /* opened by share_open_reading */
	const struct share_hooks *hooks;
};

void share_say(const struct share *share, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Keeps others from changing a share that was opened for reading, where that can be. */
void share_lock_reading(struct share *share);

/* --- share/directory/links.c: the links that make a package's files reachable --- */

/* Makes LINK (a path in the share) lead to BELOW in PACKAGE, or, where it leads to another
 * package's file already, remembers PACKAGE as a further holder. */
int claim_link(struct share *share, const char *link, const char *package, const char *below,
	       struct note_error *err);

/* Takes PACKAGE off LINK: another holder takes over, or the link goes. With ONLY_HAND_OVER it
 * stays where nobody can take over, and PACKAGE stays a holder. Nothing to do is fine. */
int drop_link(struct share *share, const char *link, const char *package, bool only_hand_over,
	      struct note_error *err);

/* All links of the package that RECORD describes. */
int claim_record(struct share *share, const struct record *record, struct note_error *err);
int drop_record(struct share *share, const struct record *record, bool only_hand_over,
		struct note_error *err);

/* Whether LINK leads to PACKAGE, or PACKAGE stands in line behind the one that it leads to. */
bool is_claimed(struct share *share, const char *link, const char *package);

/* Calls DO_IT for each source directory of the record ("source/usr/src/debug/DIR"). */
int each_source_directory(struct share *share, const struct record *record,
			  int (*do_it)(struct share *share, const struct record *record,
				       const char *link, struct note_error *err),
			  struct note_error *err);

/* The package that LINK leads to where that file is there, else NULL; the caller frees it. */
char *link_holder(struct share *share, const char *link);

/* --- undo.c --- */

/* Takes the package in .staging apart: its links, its files, what the store holds for it alone.
 * Also for a run that was killed while it staged. */
int undo_staging(struct share *share, struct note_error *err);

/* Reads a record at PATH in the share. */
int read_record(struct share *share, const char *path, struct record *record,
		struct note_error *err);

/* "store/xx/SHA256"; the caller frees it. */
char *store_path(const char *sha256);

/* --- spool.c: files on their way in --- */

/* The size and SHA-256 of the file FD, from its start. */
int digest_of_file(int fd, uint64_t *size, char digest[65], struct note_error *err);

/* A file that was copied into the staging area. */
struct spooled {
	char *path;   /* in the share */
	char *origin; /* in the input */
	uint64_t size;
	char sha256[65];
	bool alternate; /* a debug file that needs an alternate file */
	char *names;    /* where the list of sources that it names was spooled, or NULL */
	struct spooled_section *sections; /* those that are served alone */
	size_t section_count;
};

struct spooled_section {
	char *name;
	struct spooled file;
};

/* Takes what else is wanted of the ELF file FD, which was spooled as NUMBER: single sections, and
 * what an object store has to know. */
struct look;
int spool_facts(struct share *share, int fd, const struct look *look, size_t number,
		struct spooled *spooled, struct note_error *err);

/* A file on its way in, piece by piece. */
struct spool {
	int fd; /* may be read meanwhile */
	struct sha256 *sha256;
	struct spooled spooled;
};

/* NUMBER and SUFFIX make the name: each file has its own. */
int spool_open(struct share *share, const char *origin, size_t number, const char *suffix,
	       struct spool *spool, struct note_error *err);
int spool_add(struct spool *spool, const void *bytes, size_t size, struct note_error *err);
int spool_close(struct spool *spool, struct spooled *spooled, struct note_error *err);

/* Copies the regular file FD and takes its digest on the way. NUMBER makes the name: threads
 * use different ones. */
int spool_file(struct share *share, int fd, const char *origin, size_t number,
	       struct spooled *spooled, struct note_error *err);

void spooled_free(struct spooled *spooled);

/* --- section.c --- */

/* Those of the ELF file FD that are wanted, into SPOOLED. */
int spool_sections(struct share *share, int fd, const struct look *look, size_t number,
		   struct spooled *spooled, struct note_error *err);

/* --- manage.c --- */

/* The names of all packages, sorted. */
int list_packages(struct share *share, struct strings *packages, struct note_error *err);

/* The record of PACKAGE; NOTE_ABSENT where there is no such package. */
int read_package(struct share *share, const char *package, struct record *record,
		 struct note_error *err);

/* Adds up what RECORD holds. */
void count_up(const struct record *record, struct share_added *added);

/* Takes PACKAGE apart into name, version (with its epoch), release and architecture, each the
 * caller's; false where it is not of the form N-V-R.A or N-V.A. */
bool split_package_name(const char *package, struct record *out);

/* --- stage.c: the package to be --- */

struct stage; /* the files that were spooled, and where each belongs */

struct stage *stage_new(struct share *share);
void stage_free(struct stage *stage);

/* What was spooled as another file of the input, ORIGIN, that has the same contents. */
int spool_as(struct share *share, const struct spooled *spooled, const char *origin, size_t number,
	     struct spooled *again, struct note_error *err);

/* A second name for what was spooled, for another place. */
int spool_again(struct share *share, const struct spooled *spooled, struct spooled *again,
		struct note_error *err);

/* Files SPOOLED (which is emptied) as BELOW in the package. A FALLBACK gives way to another file
 * for the same place. */
void stage_place(struct stage *stage, struct spooled *spooled, const char *below, bool fallback);

/* Files the ELF file SPOOLED (which is emptied) by its build-id, as the debug file DEBUG or as what
 * is shipped; one that is shipped with its DWARF in it serves as both. */
int stage_place_elf(struct stage *stage, struct spooled *spooled, const struct look *look,
		    bool debug, struct note_error *err);

/* Names the package: where two names differ the commit fails, naming both origins. */
void stage_name(struct stage *stage, const char *package, const char *origin);

/* Brings the staged package into the share. PACKAGE may be NULL where stage_name was called. */
int stage_commit(struct stage *stage, const char *package, const struct manifest *manifest,
		 enum share_conflict conflict, struct share_added *added, struct note_error *err);

#endif
