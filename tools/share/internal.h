/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of the share engine alone. */
#ifndef SHARE_INTERNAL_H
#define SHARE_INTERNAL_H

#include "tools/base/root/root.h"
#include "tools/share/record.h"
#include "tools/share/share.h"
#include "tools/share/store.h"

#define STAGING       ".staging"
#define STAGING_SPOOL STAGING "/spool"
#define SOURCES_BELOW "usr/src/debug/"
#define MAX_BUILD_ID  64 /* bytes; elfutils' and rpm's bound */
#define MIN_BUILD_ID  3  /* elfutils' bound: .build-id/xx/ needs more than one byte */
#define COPY_BUFFER   (64u * 1024)

struct share {
	const struct store *store;
	void *own;         /* the store's */
	struct root *root; /* what is on its way in passes through here, below STAGING */
	bool reading;      /* opened by share_open_reading */
	bool mending;      /* share_repair was called: what a check finds is mended or taken out */
	mode_t mode;       /* of new files */
	struct names *names; /* the index by name, once it was changed */
	const struct share_hooks *hooks;
};

/* --- say.c --- */

void share_say(const struct share *share, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* --- spool.c: files on their way in --- */

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

/* --- facts.c --- */

/* Takes what else is wanted of the ELF file FD, which was spooled as NUMBER: single sections, and
 * what an object store has to know. */
struct look;
int spool_facts(struct share *share, int fd, const struct look *look, size_t number,
		struct spooled *spooled, struct note_error *err);

/* --- section.c --- */

/* Those of the ELF file FD that are wanted, into SPOOLED. */
int spool_sections(struct share *share, int fd, const struct look *look, size_t number,
		   struct spooled *spooled, struct note_error *err);

/* --- packages.c --- */

/* The names of all packages, sorted. */
int list_packages(struct share *share, struct strings *packages, struct note_error *err);

/* The record of PACKAGE; NOTE_ABSENT where there is no such package. */
int read_package(struct share *share, const char *package, struct record *record,
		 struct note_error *err);

/* Adds up what RECORD holds. */
void count_up(const struct record *record, struct share_added *added);

/* --- manage.c --- */

/* Takes PACKAGE apart into name, version (with its epoch), release and architecture, each the
 * caller's; false where it is not of the form N-V-R.A or N-V.A. */
bool split_package_name(const char *package, struct record *out);

/* --- present.c --- */

/* What becomes of a package of that name that is in the share. */
enum present { PRESENT_NOT, PRESENT_STAYS, PRESENT_GOES };

/* Whether RECORD's package is there already; fine where it holds the same files, or may be
 * replaced. What of RECORD is left out for it is said, and counted. */
int compare_with_present(struct share *share, const struct record *record,
			 enum share_conflict conflict, enum present *what, uint64_t *left_out,
			 struct note_error *err);

/* --- stage.c: the package to be --- */

struct stage; /* the files that were spooled, and where each belongs */

struct stage *stage_new(struct share *share);
/* STAGE, which may be NULL, ended with CODE: it is freed, and what it left in the staging area
 * goes. CODE, or what failed here. */
int stage_end(struct share *share, struct stage *stage, int code, struct note_error *err);

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
