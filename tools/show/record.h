/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A record of `pkgnote show`: what is to be said of one ELF file, PE image or module. In: an image
 * or a module. Out: one line of JSON, or rows of the table.
 */
#ifndef SHOW_RECORD_H
#define SHOW_RECORD_H

#include "libnote/core/core.h"
#include "libnote/describe.h"
#include "libnote/payload/json.h"
#include "libnote/pe/pe.h"
#include "tools/base/text.h"

/* Notes are listed up to this many a file: a hostile file has millions. */
#define RECORD_MAX_NOTES    65536
#define RECORD_MAX_PACKAGES 1000

struct record_note {
	char *owner;
	uint32_t type;
	uint64_t size; /* of the descriptor */
	uint64_t offset;
	json_object *dlopen;  /* of a .note.dlopen: the array, or NULL */
	json_object *package; /* of a package note: the payload, or NULL */
};

struct record_problem {
	const char *code;
	char *detail;
	uint64_t offset;
	bool remark; /* nothing is wrong */
};

struct record {
	const char *path;   /* the caller's */
	const char *member; /* inside a package or archive, or NULL; the caller's */
	const char *layer;  /* of a container image, or NULL; the caller's */
	const char *module; /* of a core or process, or NULL; the caller's */
	bool has_address;
	uint64_t address;
	const char *kind;
	const char *machine;
	unsigned bits; /* 32 or 64 */
	bool is_big;
	char build_id[2 * 64 + 1]; /* hexadecimal, "" for none */
	json_object *package;      /* the first payload */
	json_object *packages;     /* all of them, an array, where there are several */
	char *debuglink;
	uint32_t debuglink_crc;
	struct record_note *notes;
	size_t note_count;
	struct record_problem *problems;
	size_t problem_count;
	bool wanting; /* one of them is no remark */
};

/* The word for KIND in a record. */
const char *record_kind(enum note_kind kind);

/* Fills RECORD (zeroed but for path and member). Returns other than NOTE_OK where notes could not
 * all be read; the record is good for printing all the same. ALL: the notes are listed. */
int record_elf(struct record *record, struct image *image, bool all, struct note_error *err);
int record_pe(struct record *record, struct pe *pe, struct note_error *err);
int record_module(struct record *record, struct module *module, bool all, struct note_error *err);

void record_clear(struct record *record);

struct record_style {
	bool json;
	bool all;
	bool sha256, sha1; /* with COLLECT: of each file */
	bool collect;      /* binaries for an inventory in place of text */
	bool check;        /* the table shows problems */
	bool color;
	const char *layer; /* that is being looked at, or NULL */
};

/* Adds the record to OUT as STYLE has it. */
void record_print(const struct record *record, const struct record_style *style, struct text *out);

/* The heading of the table. */
void record_print_heading(struct text *out);

#endif
