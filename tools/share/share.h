/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The share: one tree of debug information that debuginfod clients (file:// or any static web
 * server) and debuggers (a mount, debug-file-directory) read as it is.
 *
 *     packages/N-V-R.A/                one package: all of it appears and goes by one rename
 *         record.json                  what it holds
 *         buildid/HEX/debuginfo        regular files
 *         buildid/HEX/executable
 *         source/usr/src/debug/...
 *     buildid/HEX/debuginfo            -> ../../packages/N-V-R.A/buildid/HEX/debuginfo
 *     buildid/HEX/executable           -> the same
 *     buildid/HEX/source               -> ../../packages/N-V-R.A/source, or ../../source
 *     .build-id/xx/yyyy.debug          -> ../../buildid/HEX/debuginfo
 *     .build-id/xx/yyyy                -> ../../buildid/HEX/executable
 *     source/usr/src/debug/DIR         -> ../../../../packages/N-V-R.A/source/usr/src/debug/DIR
 *     store/xx/SHA256                  each content once: hard links of the packages' files
 *     names/                           what is there by the names of files: base/names/names.h
 *     .also/LINK/N-V-R.A               the packages that hold LINK too, beside the one it names
 *     .staging/                        work in progress; nobody reads it
 *     .lock                            held while the share is changed
 *     share.json                       {"shareVersion": 1}
 *
 * The debug file of a build-id and the file that was shipped may come from two packages (rpm and
 * Debian ship them apart), and the sources from a third; so the links are made one by one.
 *
 * Adding: everything is staged, the links that will name it are made while they still dangle
 * (a reader sees nothing), then one rename makes all of it appear. Removing goes the other way.
 * The record of the staged package is the journal: a run that was killed is undone from it by the
 * next one.
 */
#ifndef SHARE_SHARE_H
#define SHARE_SHARE_H

#include <stdbool.h>

#include "libnote.h"
#include "tools/base/manifest.h"

struct share;

/* Whether a section of this name can be served: one component of a path. */
bool is_section_name(const char *name);

/* What the engine tells while it works. Functions may be called from several threads. */
struct share_hooks {
	/* Something that the user may want to know; FILE may be NULL. */
	void (*say)(void *context, const char *file, const char *message);
	void (*progress)(void *context, uint64_t done, uint64_t total);
	/* The sources that the debug information of the ELF file FD names, by absolute paths, into
	 * OUT. For an object store, which has no links: without it (NULL) no sources are served. */
	int (*sources)(void *context, int fd, struct strings *out, struct note_error *err);
	/* What new objects are told with ("NAME: VALUE"), each s3_judge_header(); or NULL. */
	const struct strings *headers;
	/* How contents are encoded in an object store, where that makes them smaller: "gzip",
	 * "zstd", or NULL. */
	const char *encoding;
	/* The names of sections that build-ids serve alone, or NULL: each is_section_name(). */
	const struct strings *sections;
	void *context;
	bool dry_run;    /* packages neither come nor go: what would be is told */
	bool copies;     /* a new share in a directory is made of plain files, without links */
	bool no_sync;    /* a share that can be made again: the disk is not waited for */
	unsigned jobs;   /* threads that read files; at least 1 */
	unsigned shared; /* the mode of new files (0664); 0: by the umask, or as the share says */
};

/* PATH is a directory, or "s3://BUCKET/PREFIX": the share in an object store that objects.h
 * describes, by the variables and files of s3/config.h. A directory may hold the same objects as
 * plain files (HOOKS->copies, when it is made), for file systems without links.
 *
 * Opens the share at PATH to change it: makes it where nothing or an empty directory is there,
 * waits for the lock (and says who holds it), undoes what a killed run left. NOTE_UNSUPPORTED
 * where PATH holds something else than a share. HOOKS must outlive it. */
int share_open(struct share **out, const char *path, const struct share_hooks *hooks,
	       struct note_error *err);

/* Opens a share that is there to read it. NOTE_ABSENT where nothing is there. */
int share_open_reading(struct share **out, const char *path, const struct share_hooks *hooks,
		       struct note_error *err);

/* NULL is allowed. */
void share_close(struct share *share);

enum share_conflict {
	SHARE_FAIL, /* another file for a build-id that is there: an error, nothing changed */
	SHARE_KEEP, /* the one that is there stays, and that is said */
	/* A package of that name is replaced, at once; of another package's files, as SHARE_FAIL.
	 */
	SHARE_REPLACE,
};

/* What one addition came to. */
struct share_added {
	char *package;     /* N-V-R.A */
	bool unchanged;    /* it was there already, all the same */
	bool replaced;     /* another of that name was there */
	uint64_t left_out; /* of its files: not served, as others are there (each is said) */
	bool nothing; /* a .deb or .rpm with nothing in it to publish; the share is as it was */
	uint64_t build_ids; /* that it holds */
	uint64_t sources;   /* source files that it holds */
	uint64_t bytes;     /* of all its files */
	uint64_t new_bytes; /* of those that the store did not have */
};

/* Adds a split tree. MANIFEST says what to take, and proves it (sizes, digests, build-ids); where
 * it is NULL, every ELF file with a build-id is taken, those below usr/lib/debug or named *.debug
 * as debug files, and what lies below usr/src/debug. PACKAGE is the name, or NULL: then the
 * manifest's, or that in the package notes, which must agree. */
int share_add_tree(struct share *share, const char *path, const struct manifest *manifest,
		   const char *package, enum share_conflict conflict, struct share_added *added,
		   struct note_error *err);

/* Adds what a .deb, .ddeb or .rpm holds: ELF files with a build-id, and what lies below
 * usr/src/debug. The package's name is N-V-R.A of its header (V with its epoch, where it has one),
 * or PACKAGE where that is not NULL. NOTE_ABSENT where the file at PATH is no package. */
int share_add_package(struct share *share, const char *path, const char *package,
		      enum share_conflict conflict, struct share_added *added,
		      struct note_error *err);

void share_added_free(struct share_added *added);

/* Takes PACKAGE out: what no other package holds goes with it. NOTE_ABSENT where there is none of
 * that name. */
int share_remove(struct share *share, const char *package, struct note_error *err);

/* Calls VISIT for each package, sorted by name; false ends the list. */
typedef bool share_visit(void *context, const char *package);
int share_list(struct share *share, share_visit *visit, void *context, struct note_error *err);

/* What a package holds. NOTE_ABSENT where there is none of that name. */
int share_describe(struct share *share, const char *package, struct share_added *out,
		   struct note_error *err);

/* Removes all but the KEEP newest releases of each package (of one name and architecture), by the
 * order of versions that rpm or dpkg has. REMOVED (may be NULL) is told each one. */
int share_keep(struct share *share, uint64_t keep, share_visit *removed, void *context,
	       struct note_error *err);

struct share_checked {
	uint64_t packages;
	uint64_t files;
	uint64_t problems;
};

/* Proves every file by its digest and its build-id, every link by where it leads. PROBLEM is told
 * what is wrong: the path in the share, and why. Waits for whoever changes the share, and keeps
 * others from it, as far as its lock can be had. */
int share_check(struct share *share,
		void (*problem)(void *context, const char *path, const char *why), void *context,
		struct share_checked *checked, struct note_error *err);

/* Mends what a power cut or a foreign hand did to a share that was opened to change it: all that is
 * done, and lost, is said. share_check tells what is left; in an object store, where all has to be
 * fetched for that, it brings back what is wrong from a copy, or takes it out. */
int share_repair(struct share *share, struct note_error *err);

#endif
