/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the recipes (split.c, split_archive.c, outcome.c) and tree.c alone. */
#ifndef SPLITTER_SPLIT_INTERNAL_H
#define SPLITTER_SPLIT_INTERNAL_H

#include "tools/base/digest.h"
#include "tools/base/pool.h"
#include "tools/splitter/dwarf/dwarf.h"
#include "tools/splitter/elf/elf.h"
#include "tools/splitter/inputs/inputs.h"
#include "tools/splitter/owners.h"
#include "tools/splitter/sources/sources.h"
#include "tools/splitter/split.h"

enum verdict {
	VERDICT_NONE,
	VERDICT_SPLIT,
	VERDICT_STAMPED, /* it has its note, and nothing else is done (stamp_only) */
	VERDICT_LEFT,
	VERDICT_FAILED,
	VERDICT_LATER,  /* to be worked on again once the others are complete (owners.h) */
	VERDICT_STAGED, /* both halves are in the work directory, to go on in together.c */
};

/* What became of one input: written by the thread that worked on it, read at the end. */
struct outcome {
	enum verdict verdict;
	char reason[120];
	struct note_error err;
	struct note_error link_err;
	bool no_build_id;
	uint64_t kept_paths;                 /* dwarf_summary.kept */
	struct strings remarks;              /* for SPLIT_REMARK */
	struct strings wanting;              /* for SPLIT_WANTING */
	char build_id[2 * BUILD_ID_MAX + 1]; /* "" for none */
	uint64_t size;
	char sha256[2 * SHA256_SIZE + 1];
	char *debug_path;
	uint64_t debug_size;
	char debug_sha256[2 * SHA256_SIZE + 1];
	uint32_t debug_crc32;
	bool counted;
	struct dwarf_counts counts; /* before the split, for the manifest */
	char draft[33];             /* staged: a digest of the debug file before dwz */
	bool folded;                /* by dwz, before it came here */
	char *old_alternate;        /* where its alternate file was, below ROOT, or NULL */
	char *alternate; /* the file that the debug file shares with others, below ROOT, or NULL */
	char *dwp;       /* the .dwp file of the tree that was moved, or NULL */
	char *no_index;  /* why gdb made none, or NULL */
	char *kept_relocations; /* what could not be resolved in its debug file, or NULL */
	char *dropped_link;     /* the debuglink of before that had to go, or NULL */
	bool dropped_debug;  /* its debug information is nowhere: there is no build-id to find it by
			      */
	bool group_lost;     /* it has our group instead of its own */
	char *not_folded;    /* why dwz refused the debug file, or NULL */
	char *complaints[3]; /* eu-elflint's: of the input, the shipped file and the debug file */
	char *package;
	const struct source **sources;
	size_t source_count;
};

/* What the work on one file may see of the others. Nothing changes meanwhile but what owners and
 * sources do under their own locks. */
struct split_run {
	const struct split_options *options;
	struct layout layout;
	char *work; /* below ROOT: where external programs find and leave files; gone at the end */
	char *left_work;      /* that of a run that was killed, as long as it cannot be removed */
	struct path_map *map; /* NULL: paths stay */
	struct sources *sources;
	struct owners *owners;
	struct alternates *alternates;
	struct root_batch *batch; /* of inputs to be replaced; NULL: at once */
	struct inputs inputs;
	struct strings kept_ids;  /* hexadecimal, sorted: those of files that are left out */
	struct outcome *outcomes; /* one for each input */
};

/* Frees what it holds and makes it zero. */
void outcome_free(struct outcome *outcome);

/* Leaves the file alone, for that reason; returns NOTE_OK. */
int outcome_leave(struct outcome *outcome, const char *reason);

/* After a failure to open an input, WHY: true where what its mode keeps us from reading is to be
 * left alone like what is broken, and said. What is to be stamped is refused where refusals are. */
bool outcome_leave_closed(const struct split_run *run, const struct note_error *why,
			  struct outcome *outcome);

/* Removes the file PATH, whose contents are in the debug tree by now; where it was an input, no
 * word is to be said of it. */
int split_move_away(const struct split_run *run, const char *path, struct note_error *err);

/* Copies the sources that lie below the build directory, and adds them to the outcome. */
void outcome_collect(const struct split_run *run, const struct dwarf_sources *sources,
		     struct outcome *outcome);

/* Notes what SUMMARY says of its debug information. */
void outcome_remark(const struct split_run *run, const struct dwarf_summary *summary,
		    struct outcome *outcome);

/* Says which sources of several build directories had to give way to others of their name. */
void split_tell_lost_sources(const struct split_run *run);

/* The map from the build directories of OPTIONS to where sources go, below LAYOUT; NULL with
 * NOTE_OK where nothing is to be rewritten. NOTE_USAGE for a map that leads nowhere. */
int build_dirs_map(const struct split_options *options, const struct layout *layout,
		   struct path_map **out, struct note_error *err);

/* Counts the debug information of IMAGE, where that is wanted. */
int outcome_count(const struct split_run *run, struct image *image, struct outcome *outcome,
		  struct note_error *err);

/* The same, of a large file beside what the caller does until outcome_count_end; that returns CODE,
 * unless counting failed. IMAGE is not changed. */
struct counting {
	struct image *image;
	struct outcome *outcome;
	int code;
	struct note_error err;
	struct pool_beside beside;
};
void outcome_count_begin(struct counting *counting, const struct split_run *run,
			 struct image *image, struct outcome *outcome);
int outcome_count_end(struct counting *counting, int code, struct note_error *err);

/* Notes sizes and, where they are wanted, digests. DEBUG may be NULL: nothing is noted of it. */
void outcome_files(const struct split_run *run, struct outcome *outcome,
		   const struct pieces *shipped, const struct pieces *debug);

/* The same, of a large file beside what the caller does until outcome_files_end; the pieces stay as
 * they are. */
struct digesting {
	struct outcome *outcome;
	const struct pieces *shipped, *debug;
	struct pool_beside beside;
};
void outcome_files_begin(struct digesting *digesting, const struct split_run *run,
			 struct outcome *outcome, const struct pieces *shipped,
			 const struct pieces *debug);
void outcome_files_end(struct digesting *digesting);

/* Replaces the inputs that wait for it; those that could not be become failures. */
void split_commit(const struct split_run *run);

/* Replaces input INDEX, by split_commit where there is a batch, under all its names; mode, owner
 * and the like as of the descriptor LIKE. */
int replace_input(const struct split_run *run, size_t index, int like, const struct pieces *shipped,
		  struct note_error *err);

/* Brings what SKELETONS units of input INDEX lack to a .dwp file beside its debug file, or says why
 * not (split_dwarf.c). */
int split_dwarf_gather(const struct split_run *run, size_t index, struct image *image,
		       uint64_t skeletons, struct outcome *outcome, struct note_error *err);

/* Removes the .dwp files that were moved from where they were. */
void split_dwarf_finish(const struct split_run *run);

/* The recipe of an archive; OUTCOME keeps VERDICT_NONE where it is none of object files. */
int split_archive(const struct split_run *run, size_t index, struct image *image, int like,
		  struct outcome *outcome, struct note_error *err);

/* The debug file (debug_file.c), its pieces in IMAGE's and PLAN's contents. Notes in OUTCOME what
 * gdb or dwz refused. OUT is to be freed whatever comes back. */
int debug_file_make(struct pieces *out, const struct split_run *run, size_t index,
		    struct image *image, const struct plan *plan, struct outcome *outcome,
		    struct note_error *err);

/* How a debug file is to name its alternate file. */
struct alternate_link {
	const char *name; /* NULL: as it does */
	const uint8_t *id;
	uint64_t id_size;
};

/* Compresses the sections of a finished debug file, and, where LINK is not NULL, has it name its
 * alternate file so, if it has one. */
int debug_file_repack(struct strip_output *file, enum compression compression,
		      const struct alternate_link *link, unsigned jobs, struct note_error *err);

/* The file NAME of the work directory. */
int work_read(const struct split_run *run, const char *name, struct strip_output *out,
	      struct note_error *err);
int work_write(const struct split_run *run, const char *name, const struct strip_output *file,
	       struct note_error *err);

/* Whether its symbol table is to stay, by WORDS as in struct split_options. */
bool input_keeps_symtab(const struct input *input, struct image *image,
			const struct strings *words);

/* Whether it has what gdb makes an index of, and no index yet. */
bool debug_file_wants_index(const struct strip_output *file);

/* Adds an index, .gdb_index; BYTES, malloc'ed, are taken over. */
int debug_file_add_index(struct strip_output *file, uint8_t *bytes, uint64_t size,
			 struct note_error *err);

/* .build-id links, and debug files under the other names of their inputs (links.c). */
void links_make(const struct split_run *run);

/* Takes input INDEX, read into BUFFER, through the recipe and fills its outcome, which is zero. */
void split_input(const struct split_run *run, size_t index, struct file_buffer *buffer,
		 struct outcome *outcome);

#endif
