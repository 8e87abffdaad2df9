/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by the files of this room alone. note_place() works in four steps: place_read() learns
 * what lies where in the file, place_plan() finds room and says what moves, place_write() makes the
 * new file from the plan, and place_judge() looks at what came of it. Only place_write() writes,
 * and only what the plan says.
 *
 * The floors, each of which uses those below it alone:
 *   place.c      the recipe
 *   judge.c      the new file, read again
 *   write.c      the new file: what moved, program headers; sections.c: section headers, symbols
 *   prepend.c    a page put before the file; remove.c: notes taken out
 *   room.c       where room is; notes.c: the notes that are there; tables.c: what may move
 *   layout.c     the headers; rights.c: what of them may be written to
 *   owned.c      what belongs to whom; bare.c: tables without sections; tags.c: which dynamic tags
 * are addresses
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
	uint64_t growth;       /* how far that can grow, as place_growth() has it */
	struct range headers;  /* the program header table */
	bool is_static;        /* no dynamic linker: code finds its relocations by symbol */
	struct range *owned;   /* by start: what belongs to a header, section, segment or tag */
	size_t owned_count;
	struct range *taken; /* the same without overlaps, by start */
	size_t taken_count;
	/* The PT_LOAD of the ELF header was writable: it is cut behind page one, REST is what
	 * follows; or WRITABLE says why it can be neither cut nor made read-only. */
	bool has_rest;
	GElf_Phdr rest;
	const char *writable;
	uint64_t tail;     /* where the new file's contents may go on */
	bool appended;     /* bytes follow the ELF image */
	bool extensible;   /* its data segment is to grow to the end of the file (bun) */
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
	const char *section; /* the name of the note's section */
	bool leads;          /* its PT_NOTE stands before all others in the table */
};

/* Notes of one kind that a file may have, in the order of their offsets. */
#define NOTES_MAX 64
struct placed_notes {
	struct range at[NOTES_MAX];
	size_t count;
};

/* How the room is looked for. */
struct place_limits {
	uint64_t size;       /* of the note */
	uint64_t limit;      /* where it has to end at the latest: page one, or anywhere */
	const char *section; /* the name of its section */
	/* Notes before which readers have to come upon it, or NULL. */
	const struct placed_notes *others;
};

/* --- owned.c --- */

/* Fills owned and taken; all other parts of the layout are there. */
int place_own(struct layout *layout, struct note_error *err);

/* How many bytes from OFFSET on, at most up to LIMIT, belong to nothing. Behind all that belongs to
 * something, and where no section headers are left to tell, only zeros count. */
uint64_t place_free_after(const struct layout *layout, uint64_t offset, uint64_t limit);

/* The same, ending at OFFSET and going down. */
uint64_t place_free_before(const struct layout *layout, uint64_t offset);

/* Whether RANGE belongs to nothing. Whatever stands there: patchelf, for one, fills the places that
 * it moves sections away from with X or Z. */
bool place_is_dead(const struct layout *layout, struct range range);

/* patchelf up to 0.14 moves the section of PT_GNU_PROPERTY and not that segment, which then lies
 * over the program headers that it made room for, and means nothing. */
bool place_is_stale(const struct layout *layout, const GElf_Phdr *phdr);

/* The end of all that the headers speak of: what follows was appended to the ELF image. */
uint64_t place_image_end(const struct layout *layout);

/* Where contents can be added: over the section name and header tables where they end the file
 * (they go behind), so that nothing dead stays; else at the end. */
uint64_t place_tail(const struct layout *layout);

/* --- tags.c --- */

/* Whether the dynamic tag TAG of MACHINE holds an address. */
bool place_tag_is_address(uint16_t machine, int64_t tag);

/* --- bare.c --- */

/* How long the table is that the dynamic tag TAG points at, at OFFSET, in a file without section
 * headers; 0 where that cannot be found out. */
uint64_t place_bare_size(const struct layout *layout, int64_t tag, uint64_t offset);

/* --- rights.c --- */

/* Where page one may be written to, the program headers in LAYOUT are changed so that it may not:
 * see has_rest and writable. */
void place_rights(struct layout *layout);

/* --- the rest --- */

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

/* A copy of the file without the notes GONE. NOTE_UNSUPPORTED where they share their bytes. */
int place_remove(const struct layout *layout, const struct placed_notes *gone, uint8_t **out,
		 struct note_error *err);

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
			 const struct sections *sections, struct output *file, GElf_Ehdr *ehdr,
			 struct note_error *err);

/* Whether PT_NOTE number INDEX can take one more note: 4-aligned, filled by whole notes, loaded
 * where its address says. *NOTES is what it covers, the end padded to 4. */
bool place_segment_fits(const struct layout *layout, size_t index, struct range *notes);

/* Where a new PT_NOTE can begin: behind the program headers, the interpreter's name, and the notes
 * (of another alignment) that follow them. */
bool place_new_segment(const struct layout *layout, uint64_t *start);

/* How far from OFFSET on the bytes are free and the first PT_LOAD holds them or may grow over
 * them. */
uint64_t place_room_after(const struct layout *layout, uint64_t offset);

/* Whether RANGE holds nothing but the name of the interpreter and notes that mean the same
 * elsewhere, whole ones. */
bool place_may_move(const struct layout *layout, struct range range);

/* Whether the judge finds nothing wrong with where the package note at OFFSET lies; with OUTSIDE it
 * need not be in page one. */
bool place_is_good(struct image *image, uint64_t offset, bool outside);

/* Reads the new file and judges the note in it. NOTE_UNSUPPORTED, saying what is wrong, where it is
 * not the first of its kind, or lies where LIMIT or the judge of note_file_check() would not have
 * it. PAYLOAD is NULL for a build-id. */
int place_judge(const uint8_t *file, size_t size, const char *payload, uint64_t limit,
		struct note_error *err);

static inline bool range_has(struct range outer, struct range inner)
{
	return outer.start <= inner.start && inner.end <= outer.end;
}

static inline bool range_meets(struct range a, struct range b)
{
	return a.start < b.end && b.start < a.end;
}

/* The piece that RANGE lies in, NULL for none. */
static inline const struct piece *place_piece(const struct plan *plan, struct range range)
{
	for (size_t i = 0; i < plan->piece_count; i++)
		if (range.start >= plan->pieces[i].from.start &&
		    range.end <= plan->pieces[i].from.end && range.start < plan->pieces[i].from.end)
			return &plan->pieces[i];
	return NULL;
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
