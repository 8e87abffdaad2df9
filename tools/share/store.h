/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a share lies: a store is a table of functions, and there are two of them, a directory and
 * an object store. The engine above takes inputs in, judges and counts, and never asks which of
 * the two it works on.
 */
#ifndef SHARE_STORE_H
#define SHARE_STORE_H

#include "tools/share/record.h"
#include "tools/share/share.h"

/* One file of a package on its way in, in the order of its record. */
struct upload {
	const char *path;  /* the spooled file */
	const char *names; /* the spooled list of sources that it names, or NULL */
	bool alternate;    /* it needs an alternate file */
	bool stood_in;     /* the record tells of another file in its place, which is there */
	bool there;        /* another package brought the same contents: the store's own */
};

/* Who holds BELOW ("buildid/HEX/KIND") with other contents than SHA256. */
struct claim {
	const char *below;
	const char *sha256;
	const char *path; /* the spooled file */
	/* What was found. */
	char *holder;     /* NULL: nobody, or with the same contents */
	bool same_loaded; /* but what is loaded of both is the same */
	uint64_t size;    /* then: of the holder's file */
	char digest[65];
};

/* A small file that readers and publishers get whole: owned by who made it. */
struct document {
	char *key; /* its path in the share */
	struct text text;
};

/* Told what is wrong with PATH in the share. */
typedef void share_problem(void *context, const char *path, const char *why);

struct store {
	/* Whether PATH, as the user names a share, is one of this kind, or is to be. */
	bool (*takes)(const char *path, const struct share_hooks *hooks);

	/* As share_open, and share_open_reading where share->reading; sets root and own. What a
	 * failure leaves is closed by close(). */
	int (*open)(struct share *share, const char *path, struct note_error *err);
	void (*close)(struct share *share);

	/* The names of all packages, sorted. */
	int (*list)(struct share *share, struct strings *packages, struct note_error *err);

	/* NOTE_ABSENT where there is none. PACKAGE can be a name. */
	int (*read_record)(struct share *share, const char *package, struct record *record,
			   struct note_error *err);

	/* Sets the holders of CLAIMS, which are sorted by BELOW; PACKAGE itself, which may be
	 * there, is none. */
	int (*judge)(struct share *share, const char *package, struct claim *claims, size_t count,
		     struct note_error *err);

	/* Brings in a package, in place of one of that name where REPLACING: UPLOADS has one for
	 * each file of RECORD. *NEW_BYTES is what the store did not have. */
	int (*add)(struct share *share, const struct record *record, struct upload *uploads,
		   bool replacing, uint64_t *new_bytes, struct note_error *err);

	/* Makes the record of a package anew by what else the share tells of it. */
	int (*mend_record)(struct share *share, const char *package, struct note_error *err);

	/* The files of RECORD, which is in the share, that are not what it tells: *COUNT, each
	 * said.
	 */
	int (*prove)(struct share *share, const struct record *record, size_t *count,
		     struct note_error *err);

	/* Mends what can be, and says it. */
	int (*repair)(struct share *share, struct note_error *err);

	int (*remove)(struct share *share, const struct record *record, struct note_error *err);

	/* Clears what is staged: before and after each addition. */
	int (*clear)(struct share *share, struct note_error *err);

	int (*check)(struct share *share, share_problem *problem, void *context,
		     struct share_checked *checked, struct note_error *err);

	/* --- documents --- */

	/* NOTE_ABSENT where there is none. OUT is the caller's in any case. */
	int (*get_document)(struct share *share, const char *key, struct text *out,
			    struct note_error *err);
	/* New ones, that nothing leads to yet. */
	int (*put_documents)(struct share *share, const struct document *documents, size_t count,
			     struct note_error *err);
	int (*remove_documents)(struct share *share, const struct strings *keys,
				struct note_error *err);
	/* The names of those below PREFIX, which ends with '/', without it. */
	int (*list_documents)(struct share *share, const char *prefix, struct strings *out,
			      struct note_error *err);
	/* Brings near what KEY is to be; and makes it that, at once, with all that it leads to
	 * stored for good. */
	int (*propose_index)(struct share *share, const char *key, const struct text *text,
			     struct note_error *err);
	int (*adopt_index)(struct share *share, const char *key, struct note_error *err);

	/* It has no links, and has to be told which sources a debug file names. */
	bool wants_names;
};

#endif
