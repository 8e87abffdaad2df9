/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of the directory's store alone. */
#ifndef SHARE_DIRECTORY_INTERNAL_H
#define SHARE_DIRECTORY_INTERNAL_H

#include "tools/share/internal.h"

#define STAGING_TREE   STAGING "/tree"
#define STAGING_LINK   STAGING "/link"
#define STAGING_OLD    STAGING "/old" /* a package whose place another takes */
#define STAGING_RECORD STAGING_TREE "/record.json"
#define STAGING_INDEX  STAGING "/index.json" /* of names, to be */

/* share->own. */
struct directory_share {
	int lock;
	unsigned shared;    /* the same, as the share says it for all; 0: it does not */
	bool marker_broken; /* it is written again */
};

struct directory_share *directory_of(const struct share *share);

/* --- lock.c --- */

/* Waits for the lock, and says who holds it. */
int directory_lock_changing(struct share *share, struct note_error *err);

/* Keeps others from changing a share that was opened for reading, where that can be. */
void directory_lock_reading(struct share *share);

/* --- links.c: the links that make a package's files reachable --- */

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

/* "source/usr/src/debug/DIR" at the start of PATH; the caller frees it. NULL where it is no such
 * path. */
char *source_directory(const char *path);

/* Calls DO_IT for each source directory of the record ("source/usr/src/debug/DIR"). */
int each_source_directory(struct share *share, const struct record *record,
			  int (*do_it)(struct share *share, const struct record *record,
				       const char *link, struct note_error *err),
			  struct note_error *err);

/* The package that LINK leads to where that file is there, else NULL; the caller frees it. */
char *link_holder(struct share *share, const char *link);

/* Removes PATH's parents as long as they are empty, but not the topmost. */
void prune(struct share *share, const char *path);

/* --- undo.c --- */

/* Takes the package in .staging apart: its links, its files, what the store holds for it alone.
 * Also for a run that was killed while it staged. */
int undo_staging(struct share *share, struct note_error *err);

/* Takes the package of RECORD out of the share. */
int directory_remove(struct share *share, const struct record *record, struct note_error *err);

/* Reads a record at PATH in the share. */
int read_record(struct share *share, const char *path, struct record *record,
		struct note_error *err);

/* "store/xx/SHA256"; the caller frees it. */
char *store_path(const char *sha256);

/* --- add.c --- */

int directory_judge(struct share *share, const char *package, struct claim *claims, size_t count,
		    struct note_error *err);
int directory_bring_in(struct share *share, const struct record *record, struct upload *uploads,
		       bool replacing, uint64_t *new_bytes, struct note_error *err);

/* --- documents.c --- */

int directory_get_document(struct share *share, const char *key, struct text *out,
			   struct note_error *err);
int directory_put_documents(struct share *share, const struct document *documents, size_t count,
			    struct note_error *err);
int directory_remove_documents(struct share *share, const struct strings *keys,
			       struct note_error *err);
int directory_list_documents(struct share *share, const char *prefix, struct strings *out,
			     struct note_error *err);
int directory_propose_index(struct share *share, const char *key, const struct text *text,
			    struct note_error *err);
int directory_adopt_index(struct share *share, const char *key, struct note_error *err);

/* --- mend.c --- */

int directory_mend_record(struct share *share, const char *package, struct note_error *err);
int directory_prove(struct share *share, const struct record *record, size_t *count,
		    struct note_error *err);
int directory_repair(struct share *share, struct note_error *err);

/* --- check.c --- */

int directory_check(struct share *share, share_problem *problem, void *context,
		    struct share_checked *checked, struct note_error *err);

#endif
