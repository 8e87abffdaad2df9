/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The splitter: `pkgnote split` without its command line. */
#ifndef SPLITTER_SPLIT_H
#define SPLITTER_SPLIT_H

#include "tools/base/manifest.h"
#include "tools/base/root/root.h"
#include "tools/splitter/compress/compress.h"
#include "tools/splitter/elf/elf.h"
#include "tools/splitter/layout.h"
#include "tools/splitter/programs/programs.h"

enum build_id_mode { BUILD_ID_KEEP, BUILD_ID_RECOMPUTE };

/* Words of struct split_options.keep_symtab beside patterns. */
#define SYMTAB_ALL       "all"
#define SYMTAB_LIBRARIES "libs"

/* What dwz does to the debug files. */
enum dwz_mode { DWZ_NONE, DWZ_SINGLE, DWZ_MULTI };

/* Whether eu-elflint looks at each file before and after. STRICT: what it complains of before is
 * not split. */
enum elf_check { ELF_CHECK_NONE, ELF_CHECK_TOLD, ELF_CHECK_STRICT };

/* What there is to tell about a file, besides the manifest. */
enum split_event {
	SPLIT_DONE,           /* TEXT: the debug file, NULL for an archive */
	SPLIT_LEFT,           /* left alone; TEXT: the reason */
	SPLIT_FAILED,         /* left as it was; ERR says why */
	SPLIT_REFUSED,        /* the same, and no failure (leave_refused) */
	SPLIT_NO_BUILD_ID,    /* split, or left alone, without a build-id */
	SPLIT_MISSING_SOURCE, /* TEXT: a source that it names and that is not there */
	SPLIT_PATHS_KEPT,     /* TEXT: how many paths could not be rewritten (dwarf_summary.kept) */
	SPLIT_LINKS_ELSEWHERE,  /* it has hard links outside ROOT, which keep the old file */
	SPLIT_LINK_DROPPED,     /* TEXT: the debuglink that it had, and is no more */
	SPLIT_RELOCATIONS_KEPT, /* TEXT: the first that was not resolved, as it should be */
	SPLIT_DEBUG_DROPPED,    /* stripped, and its debug information is nowhere: no build-id */
	SPLIT_GROUP_LOST,       /* its group may not be given: it has that of the user now */
	SPLIT_NO_INDEX,         /* its debug file has no .gdb_index; TEXT: why */
	SPLIT_NOT_FOLDED,       /* dwz left its debug file as it was; TEXT: why */
	SPLIT_COMPLAINT,        /* TEXT: what eu-elflint says of it */
	SPLIT_REMARK,           /* TEXT: what else there is to know of its debug information */
	SPLIT_WANTING, /* TEXT: what its debug information lacks, or nobody here can read */
};

struct split_options {
	struct root *root;
	enum layout_kind layout;
	const char *name;
	const char *version;
	const char *release; /* may be NULL */
	const char *arch;
	const char *debug_root;
	const char *suffix;      /* of debug files' names; NULL: "-V-R.A" */
	const char *source_base; /* below /usr/src/debug, "" for none; NULL: "N-V-R.A" */
	/* Absolute; none and no map: no paths are rewritten, no sources collected. */
	const struct strings *build_dirs;
	const struct strings *maps; /* "FROM=TO": see build_dirs_map() */
	enum build_id_mode build_id;
	bool add_build_id;     /* a file that has none gets one, where there is room */
	bool strip_without_id; /* layout deb: one that can have none is stripped, not left */
	const char *seed;      /* for BUILD_ID_RECOMPUTE; may be NULL */
	const char *payload;   /* the note to put in first, or NULL */
	bool stamp_only;       /* put the note in, nothing else: no debug files, no links */
	bool leave_broken;     /* what only begins like an ELF file is left alone, not a failure */
	bool leave_refused;    /* what cannot be done for what it is is told, and is no failure */
	/* Whose symbol tables stay in the shipped file, too (those of relocatable files always do):
	 * SYMTAB_ALL, SYMTAB_LIBRARIES, or fnmatch(3) patterns for "/path". */
	const struct strings *keep_symtab;
	const struct strings *keep_sections; /* patterns for their names */
	const struct strings *remove_sections;
	enum compression compression;
	bool minidebuginfo; /* .gnu_debugdata in executables and shared libraries */
	bool reloc_debug;   /* resolve relocations between debug sections of kernel modules */
	bool gdb_index;     /* .gdb_index in debug files */
	enum dwz_mode dwz;
	struct dwz_limits dwz_limits;
	enum elf_check elf_check;
	bool executables; /* of programs, those that somebody may execute; the others are left */
	bool no_archives; /* leave static archives alone */
	bool discard;     /* strip alone: no debug files, no debuglinks */
	bool links;       /* make .build-id links (layout rpm) */
	bool no_symlinks; /* no .debug link for a symbolic link to a file (layout rpm) */
	bool digests;     /* fill the manifest's SHA-256s */
	bool counts;      /* and how much debug information there was: takes its time */
	const struct strings *only;
	const struct strings *exclude;
	unsigned jobs;
	/* Called in the order of paths, by the calling thread, once all is done. */
	void (*tell)(void *context, enum split_event event, const char *path, const char *text,
		     const struct note_error *err);
	/* Called while the work goes on, by any thread; may be NULL. */
	void (*progress)(void *context, size_t done, size_t total);
	/* Another run works on the tree, and is waited for; may be NULL. */
	void (*waiting)(void *context);
	void *context;
};

struct split_totals {
	size_t split; /* files, those of an earlier run among them */
	size_t left;
	size_t failed;
	size_t sources;
	size_t missing;
};

/* Splits all that is to be split below the root and fills MANIFEST (manifest_free) and TOTALS.
 * A file that could not be split is told and counted, and is no failure here. NOTE_USAGE for
 * options that do not do. */
int split_tree(const struct split_options *options, struct manifest *manifest,
	       struct split_totals *totals, struct note_error *err);

#endif
