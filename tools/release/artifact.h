/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An artifact: what the checks need to know of one ELF file of a release, whatever it came in (a
 * directory, a package, a manifest). Its bytes are read once and let go; so memory is bounded by
 * the largest file, and the servers are asked after all inputs were read.
 */
#ifndef RELEASE_ARTIFACT_H
#define RELEASE_ARTIFACT_H

#include "libnote/image.h"
#include "tools/base/manifest.h"

/* What a package's own header says. Strings may be NULL. */
struct package_facts {
	const char *type; /* "deb" or "rpm" */
	char *name;
	char *version;        /* deb: with its epoch; rpm: VERSION-RELEASE */
	char *source_name;    /* of the source package */
	char *source_version; /* the same */
	char *architecture;
	bool is_debug; /* a debug package: nothing in it is shipped */
};

/* NULL is allowed. */
void package_facts_free(struct package_facts *facts);

/* Which part of an input a file is, by its path. */
enum artifact_role {
	ROLE_SHIPPED = 1,
	ROLE_DEBUG = 2,  /* below usr/lib/debug, or named *.debug: what is checked against */
	ROLE_SOURCE = 4, /* below usr/src/debug: what debug information names */
};

enum artifact_kind {
	KIND_LINKED,  /* executable or shared library */
	KIND_MODULE,  /* kernel module */
	KIND_OBJECT,  /* relocatable object or core: listed, not judged */
	KIND_PE,      /* PE image: its note alone is judged */
	KIND_UNKNOWN, /* no bytes at hand: a manifest's entry, a bare build-id */
};

struct section_fact {
	uint32_t name; /* where it starts in the artifact's names */
	uint64_t flags;
	uint64_t address;
	uint64_t size;
};

struct segment_fact {
	uint64_t address;
	uint64_t memory_size;
	uint32_t flags;
};

/* One section, to compare with what a server gives for its name. */
struct section_sample {
	char *name; /* NULL: there is none */
	char sha256[65];
};

struct elf_artifact {
	const char *input; /* as it was named; its owner outlives the artifact */
	char *path;        /* inside the input, with a leading slash; the name of a lone file */
	const struct package_facts *package;  /* of the package that ships it, or NULL */
	const struct manifest_file *manifest; /* its entry, or NULL */
	const struct manifest_file *since;    /* its entry in the last release, or NULL */
	const char *left_alone;               /* why the split left it alone (manifest), or NULL */
	const char *passed_over;              /* why nothing of it is judged, or NULL; static */

	enum artifact_kind kind;
	char *problem; /* why it cannot be read as ELF; nothing below counts then */
	char *foreign; /* why it is no program of Linux, and nothing of it is judged, or NULL */
	uint64_t size;
	char sha256[65]; /* of its bytes; "" where they are not known */
	char loaded[65]; /* of what of it is loaded; "" where that is not known */
	/* All files of its build-id, where others have other bytes, of which the same is loaded;
	 * not its own. */
	const struct elf_artifact *const *copies;
	size_t copy_count;
	uint16_t machine;
	bool is_64;
	bool is_big;
	char build_id[2 * 64 + 1]; /* hexadecimal, "" where it has none that counts */
	char *build_id_problem;    /* why it has none, or NULL */
	bool note_unknown;         /* whether it has a note cannot be told */
	char *payload;             /* of the package note, or NULL */
	char *note_problem;        /* what is wrong with the note, or NULL */
	char *note_unseen;         /* why one may be there and not be seen, or NULL */
	char *debug_section;       /* the first .debug_* section in it, or NULL */
	bool has_symtab;
	char *debuglink; /* the file name in .gnu_debuglink, or NULL */
	uint32_t debuglink_crc;
	char *names;                   /* of the sections, each NUL-terminated */
	struct section_fact *sections; /* the allocated ones, sorted by address and name */
	size_t section_count;
	struct segment_fact *segments; /* PT_LOAD, in their order */
	size_t segment_count;
	struct section_sample sample;
};

/* The role of PATH (with a leading slash or without) in an input. */
enum artifact_role artifact_role(const char *path);

/* Fills ARTIFACT from `kind` on out of a whole file's image. Never fails: what cannot be read
 * becomes its problem. */
void artifact_read(struct elf_artifact *artifact, struct image *image);

/* What is said of the sections alone: names, sections, segments, debuglink, debug_section; the
 * problem where the tables lie. For debug files, too. */
void artifact_read_layout(struct elf_artifact *artifact, struct image *image);

/* Samples the first section of NAMES (of which the last is NULL) that has bytes in IMAGE, whose
 * section table is sound. */
void section_sample(struct section_sample *out, struct image *image, const char *const *names);

void artifact_free(struct elf_artifact *artifact);

#endif
