/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first stage: which files of the staging tree are inputs, and what each one is.
 */
#ifndef SPLITTER_INPUTS_SCAN_H
#define SPLITTER_INPUTS_SCAN_H

#include "libnote/image.h"
#include "tools/base/elf/foreign.h"
#include "tools/base/root/root.h"
#include "tools/splitter/elf/elf.h"

/* A regular file with all its names. */
struct input {
	char *path;           /* below ROOT, the first of its names by bytes */
	struct strings links; /* its other names, sorted */
	uint64_t size;
	struct timespec changed; /* st_ctim: what is written later is not lost */
	uint64_t device;
	uint64_t inode;
	uint64_t name_count; /* st_nlink: more than its names here where others are elsewhere */
};

struct inputs {
	struct input *items; /* sorted by path */
	size_t count;
	struct strings symlinks;
	struct strings excluded;    /* names that the options leave out */
	struct strings temporaries; /* files that a run left which was killed */
};

struct scan_options {
	const char *debug_root;     /* below ROOT: nothing in it is an input */
	const struct strings *only; /* fnmatch(3) patterns for "/path"; none: all */
	const struct strings *exclude;
	unsigned jobs;
};

/* Walks the tree. A directory that cannot be read is told to FAIL, and the walk goes on. */
int scan_tree(struct inputs *out, struct root *root, const struct scan_options *options,
	      void (*fail)(void *context, const char *path, const struct note_error *err),
	      void *context, struct note_error *err);
void inputs_free(struct inputs *inputs);

enum input_kind {
	INPUT_OTHER,   /* neither ELF nor an archive: none of our business */
	INPUT_SPLIT,   /* to be split */
	INPUT_ARCHIVE, /* a static archive, perhaps */
	INPUT_LINKED,  /* has a debuglink, and debug information besides */
	INPUT_DONE,    /* has a debuglink, and nothing that could move */
	INPUT_BARE,    /* linked, and without debug information: left alone but for the note */
	INPUT_LEFT,    /* to be left alone, for the reason given */
};

/* Judges a whole file, whose symbol table is to stay in it or not. REASON is filled for INPUT_BARE
 * and INPUT_LEFT. A negative note code where its headers lie. */
int scan_judge(struct image *image, bool keep_symtab, enum input_kind *kind,
	       char reason[REASON_SIZE], struct note_error *err);

/* The build-ids, hexadecimal and sorted, of files that the options leave out. */
void scan_excluded_ids(const struct inputs *inputs, struct root *root, struct strings *ids);

/* True where the first SIZE bytes of a file can be those of an ELF file or archive. */
bool scan_magic(const uint8_t *bytes, size_t size);

/* True where PATH is named as a compressed kernel module is (.ko.xz), and begins as one. What is in
 * it is not asked. */
bool scan_compressed_module(const char *path, const uint8_t *bytes, size_t size);

#endif
