/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an inventory keeps of a record, and what else it asks of the file: digests, DT_SONAME,
 * DT_NEEDED, and what dlopen notes name. */
#ifndef SHOW_BINARY_H
#define SHOW_BINARY_H

#include "tools/base/digest.h"
#include "tools/show/record.h"

struct binary {
	char *name;  /* path, member and module, as UTF-8: "a.deb: usr/bin/x" */
	char *layer; /* of a container image, as UTF-8, or NULL */
	const char *kind;
	const char *machine;
	unsigned bits;
	char build_id[2 * 64 + 1];
	bool is_whole; /* a file, whose digests follow; else a module of a core or process, or
			  without */
	char sha1[2 * SHA1_SIZE + 1];
	char sha256[2 * SHA256_SIZE + 1];
	json_object *packages; /* an array of payloads, or NULL */
	json_object *dlopen;   /* an array of what the notes say, or NULL */
	char *soname;          /* DT_SONAME as UTF-8, else NULL */
	struct strings needed;
};

struct binaries {
	struct binary *items;
	size_t count;
	size_t room;
};

/* Takes what RECORD has; IMAGE is the file, or NULL. STYLE says which digests are wanted. */
void binaries_add(struct binaries *binaries, const struct record_style *style,
		  struct record *record, struct image *image);
/* Moves all of FROM to the end of TO. */
void binaries_move(struct binaries *to, struct binaries *from);
void binary_clear(struct binary *binary);
void binaries_free(struct binaries *binaries);

#endif
