/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by the files of this room alone. note_place() works in three steps:
 * place_read() learns what lies where in the file, place_plan() finds room and says what moves,
 * place_write() makes the new file from the plan. Only the last one writes, and only what the plan
 * says.
 */
#ifndef LIBNOTE_PLACE_INTERNAL_H
#define LIBNOTE_PLACE_INTERNAL_H

#include "image.h"

/* Linux writes this much of each mapped file's start into a core file (core(5)). */
#define FIRST_PAGE 4096

/* Bytes [start, end) of the file. */
struct range {
	uint64_t start;
	uint64_t end;
};

/* One or several dynamic-linking tables, side by side, that only dynamic tags point at. */
struct table {
	struct range at;
	uint64_t alignment;
};

struct layout {
	struct image *image;
	GElf_Phdr *phdrs;      /* image->phnum */
	GElf_Shdr *shdrs;      /* image->shnum */
	const GElf_Phdr *load; /* the PT_LOAD that holds the ELF header */
	struct range headers;  /* the program header table */
	bool is_static;        /* no dynamic linker: code finds its relocations by symbol */
	struct range *owned;   /* by start: what belongs to a header, section or segment */
	size_t owned_count;
	uint64_t tail;     /* where the new file's contents may go on */
	bool appended;     /* bytes follow the ELF image */
	struct range kept; /* headers that place_prepend() left at their addresses, else empty */
	uint64_t dynamic_offset; /* of the first entry of PT_DYNAMIC */
	GElf_Dyn *dynamic;
	size_t dynamic_count; /* up to DT_NULL, without it */
	struct table *tables; /* by start */
	size_t table_count;
};

/* Bytes that move from the first PT_LOAD to another place in it, or to another segment. */
struct piece {
	struct range from;
	uint64_t to;       /* offset in the new file */
	uint64_t distance; /* what is added to an address that points at it */
};

#define PIECES_MAX 32

struct plan {
	struct piece pieces[PIECES_MAX];
	size_t piece_count;
	size_t segment;       /* index of the PT_NOTE that takes the note; phnum for a new one */
	struct range notes;   /* what that PT_NOTE covers afterwards */
	uint64_t note_offset; /* the new note: NOTE_SIZE bytes */
	uint64_t note_size;
	uint64_t load_end;  /* where the contents of the first PT_LOAD end afterwards */
	size_t grown;       /* index of another PT_LOAD that takes tables, or phnum */
	uint64_t grown_end; /* its contents' end afterwards */
	bool has_added;     /* a new PT_LOAD takes tables */
	GElf_Phdr added;
};

/* How the room is looked for. */
struct place_limits {
	uint64_t size;  /* of the note */
	uint64_t limit; /* where it has to end at the latest: page one, or anywhere */
};

/* Reads and checks all headers. NOTE_MALFORMED where they lie, NOTE_UNSUPPORTED where the file is
 * nothing that can hold a note in page one. *OUT is cleared by place_free() also after failure. */
int place_read(struct layout *out, struct image *image, struct note_error *err);

/* Fills tables: what may move. Called once, when a plan needs it. */
int place_tables(struct layout *layout, struct note_error *err);

/* Whether TABLE holds what the dynamic tag TAG points at. */
bool place_holds(const struct layout *layout, const struct table *table, int64_t tag);

/* The size of the largest dynamic symbol. */
uint64_t place_largest_symbol(const struct layout *layout);

void place_free(struct layout *layout);

/* Finds room for the note. NOTE_UNSUPPORTED, saying why, where there is none. */
int place_plan(struct layout *layout, const struct place_limits *limits, struct plan *plan,
	       struct note_error *err);

/* How far the contents of a PT_LOAD can grow, in the file and in memory: bytes. */
uint64_t place_growth(const struct layout *layout, const GElf_Phdr *load);

/* A copy of the file without its package notes. NOTE_UNSUPPORTED where they share their bytes. */
int place_remove(const struct layout *layout, uint8_t **out, struct note_error *err);

/* A copy of the executable with a page put before it, at lower addresses, that begins with the
 * headers; the rest keeps its addresses. NOTE_UNSUPPORTED where that cannot be. */
int place_prepend(const struct layout *layout, uint8_t **out, size_t *out_size,
		  struct note_error *err);

/* The new file: NOTE (plan->note_size bytes) written and everything moved as PLAN says. */
int place_write(const struct layout *layout, const struct plan *plan, const uint8_t *note,
		uint8_t **out, size_t *out_size, struct note_error *err);

/* Where the section name table and the section header table of the new file go. */
struct sections {
	bool wanted; /* the file has section headers */
	uint64_t names;
	uint64_t names_size; /* with the new name */
	uint64_t headers;
	uint64_t end;    /* of the file */
	uint64_t reused; /* the section whose header the note takes over, 0 for none */
	uint64_t count;  /* of section headers */
	bool in_place;   /* nothing of this moves: the header of EXTENDED covers the note */
	uint64_t extended;
	uint64_t *numbers; /* the new number of each section, for free(); the note's is last */
};

/* Called by place_write(). */
int place_sections_plan(const struct layout *layout, const struct plan *plan, struct sections *out,
			struct note_error *err);
int place_sections_write(const struct layout *layout, const struct plan *plan,
			 const struct sections *sections, uint8_t *file, GElf_Ehdr *ehdr,
			 struct note_error *err);

/* The end of all that the headers speak of: what follows was appended to the ELF image. */
uint64_t place_image_end(const struct layout *layout);

/* Where contents can be added: over the section name and header tables where they end the file
 * (they go behind), so that nothing dead stays; else at the end. */
uint64_t place_tail(const struct layout *layout);

/* Whether RANGE is filled by whole notes. */
bool place_notes_end(const struct layout *layout, struct range range, uint64_t alignment);

/* Whether RANGE holds nothing but the name of the interpreter and notes that mean the same
 * elsewhere, whole ones. */
bool place_may_move(const struct layout *layout, struct range range);

/* The piece that RANGE lies in, NULL for none. */
const struct piece *place_piece(const struct plan *plan, struct range range);

/* How many bytes from OFFSET on, at most up to LIMIT, are zero and belong to nothing. */
uint64_t place_free_after(const struct layout *layout, uint64_t offset, uint64_t limit);

/* The same, ending at OFFSET and going down. */
uint64_t place_free_before(const struct layout *layout, uint64_t offset);

/* Whether anything owns a byte of [start, end). */
bool place_is_owned(const struct layout *layout, struct range range);

/* Whether RANGE belongs to nothing and is zero, or filled by patchelf, which writes X where a
 * section was that it moved away. */
bool place_is_dead(const struct layout *layout, struct range range);

static inline bool range_has(struct range outer, struct range inner)
{
	return outer.start <= inner.start && inner.end <= outer.end;
}

static inline bool range_meets(struct range a, struct range b)
{
	return a.start < b.end && b.start < a.end;
}

static inline struct range segment_range(const GElf_Phdr *phdr)
{
	return (struct range){phdr->p_offset, phdr->p_offset + phdr->p_filesz};
}

static inline struct range section_range(const GElf_Shdr *shdr)
{
	const uint64_t size = shdr->sh_type == SHT_NOBITS ? 0 : shdr->sh_size;
	return (struct range){shdr->sh_offset, shdr->sh_offset + size};
}

#endif
