/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a check found to have other contents than were published, or not to be there: told as it is,
 * or, where the share is being mended, gathered until all has been looked at. Then what the store
 * still has elsewhere comes back, and the rest is taken out: nobody is served it, and publishing
 * its package again brings it anew.
 */
#ifndef SHARE_OBJECTS_WRONG_H
#define SHARE_OBJECTS_WRONG_H

#include "tools/share/objects/internal.h"

struct wrong {
	char *key;
	char *why;
	char *package;  /* whose it is */
	char *provider; /* the key of which it is a copy, or NULL */
	char *from;     /* the key of a copy of it that is right, or NULL */
	char sha256[65];
	bool absent;
	bool mended; /* it came back */
	bool gone;   /* it was taken out */
};

struct wrongs {
	struct wrong *items;
	size_t count, room;
	size_t sorted; /* so many are in the order of their keys */
};

/* PROVIDER may be NULL. */
void wrongs_add(struct wrongs *wrongs, const char *key, const char *why, bool absent,
		const char *package, const char *provider, const char *sha256);

/* All that may have copies are in: they are found faster from now on. */
void wrongs_sort(struct wrongs *wrongs);

/* COPY, whose contents are SHA256, was found right. */
void wrongs_offer(struct wrongs *wrongs, const char *provider, const char *copy,
		  const char *sha256);

/* Changes the store, whose lease is held. What comes back is said. */
int wrongs_mend(struct share *share, struct wrongs *wrongs, struct note_error *err);

/* Tells PROBLEM what did not come back, whether it could be taken out or not. */
void wrongs_tell(const struct wrongs *wrongs,
		 void (*problem)(void *context, const char *path, const char *why), void *context);
void wrongs_free(struct wrongs *wrongs);

#endif
