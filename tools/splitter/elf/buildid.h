/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that computes a build-id anew: XXH3-128 over a seed, the ELF header, the program
 * headers and each section's header and contents as they will be published, with the id itself
 * taken as zeros. Where the tables lie in the file does not count, nor does the file's own name.
 * An id longer than 128 bits goes on with the hash of the hash so far.
 */
#ifndef SPLITTER_ELF_BUILDID_H
#define SPLITTER_ELF_BUILDID_H

#include "libnote/image.h"
#include "tools/splitter/elf/plan.h"

/* Ids above this size are refused (rpm's limit is 64). */
#define BUILD_ID_MAX 64

/* Where an image keeps its id. */
struct build_id {
	uint8_t bytes[BUILD_ID_MAX];
	size_t size;
	uint64_t offset; /* in the file */
};

/* NOTE_ABSENT where the image has none, NOTE_UNSUPPORTED where it is over BUILD_ID_MAX. */
int build_id_find(struct image *image, struct build_id *out, struct note_error *err);

/* Computes a new id, of the same size, into ID; SEED may be NULL. The image is not changed. */
int build_id_compute(struct image *image, const struct plan *plan, const char *seed,
		     struct build_id *id, struct note_error *err);

#endif
