/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options that split and find-debuginfo have in common: one table, one struct, one filler. */
#ifndef TOOLS_SPLIT_OPTIONS_H
#define TOOLS_SPLIT_OPTIONS_H

#include "tools/base/cli.h"
#include "tools/base/expansion/expansion.h"
#include "tools/base/metadata.h"
#include "tools/split_tell.h"
#include "tools/splitter/split.h"

/* Of --stamp and --strict: the words of their rows below, by their numbers. */
enum stamp_choice { STAMP_NOTHING = -1, STAMP_FIRST, STAMP_ONLY };
enum strict_choice { STRICT_NOTHING = -1, STRICT_ALL, STRICT_BUILD_ID, STRICT_SOURCES };

/* What the options said; begins as SPLIT_ARGUMENTS. */
struct split_arguments {
	int strict;
	struct strings maps;
	struct strings only;
	struct strings exclude;
	struct strings exclude_from;
	bool leave_refused;
	bool add_build_id;
	struct strings keep_symtab;
	struct strings keep_sections;
	struct strings remove_sections;
	int compress;
	bool minidebuginfo;
	bool reloc_debug;
	bool gdb_index;
	int dwz;
	struct dwz_limits dwz_limits;
	const char *manifest;
	bool no_sync;
	int stamp;
	struct metadata metadata;
};

#define SPLIT_ARGUMENTS                                                     \
	{                                                                   \
		.strict = STRICT_NOTHING, .dwz = -1, .stamp = STAMP_NOTHING \
	}

/* clang-format off */
/* The rows for a subcommand's option table, METADATA's among them. */
#define SPLIT_OPTIONS(a) \
	{"strict", 0, OPTION_CHOICE, "all|build-id|sources", &(a)->strict, \
	 "a missing build-id or source is an error", "all", NULL}, \
	{"map", 0, OPTION_LIST, "FROM=TO", &(a)->maps, \
	 "the compiler was told to write one directory's name for the other", NULL, NULL}, \
	{"only", 0, OPTION_LIST, "PATTERN", &(a)->only, \
	 "only files whose /PATH matches", NULL, NULL}, \
	{"exclude", 0, OPTION_LIST, "PATTERN", &(a)->exclude, \
	 "leave out files whose /PATH matches", NULL, NULL}, \
	{"exclude-from", 0, OPTION_LIST, "FILE", &(a)->exclude_from, \
	 "such patterns, one a line of FILE, or each with a NUL behind it (- for stdin)", \
	 NULL, NULL}, \
	{"leave-refused", 0, OPTION_FLAG, NULL, &(a)->leave_refused, \
	 "what cannot be stamped or split for what it is is told and left; no failure", \
	 NULL, NULL}, \
	{"add-build-id", 0, OPTION_FLAG, NULL, &(a)->add_build_id, \
	 "give a build-id to what has debug information and none", NULL, NULL}, \
	{"keep-symtab", 0, OPTION_LIST, "all|libs|PATTERN", &(a)->keep_symtab, \
	 "leave the symbol table in the shipped files, in shared libraries, or in files whose " \
	 "/PATH matches", "all", NULL}, \
	{"keep-section", 0, OPTION_LIST, "PATTERN", &(a)->keep_sections, \
	 "leave sections whose name matches in the shipped file", NULL, NULL}, \
	{"remove-section", 0, OPTION_LIST, "PATTERN", &(a)->remove_sections, \
	 "move sections whose name matches out of the shipped file", NULL, NULL}, \
	{"compress", 0, OPTION_CHOICE, "none|zlib|zstd", &(a)->compress, \
	 "compress the debug sections (default none)", NULL, NULL}, \
	{"minidebuginfo", 0, OPTION_FLAG, NULL, &(a)->minidebuginfo, \
	 "leave the names of functions in the shipped files, compressed", NULL, NULL}, \
	{"reloc-debug", 0, OPTION_FLAG, NULL, &(a)->reloc_debug, \
	 "resolve relocations between debug sections of kernel modules", NULL, NULL}, \
	{"gdb-index", 0, OPTION_FLAG, NULL, &(a)->gdb_index, \
	 "have gdb make an index in each debug file (needs gdb)", NULL, NULL}, \
	{"dwz", 0, OPTION_CHOICE, "single|multi", &(a)->dwz, \
	 "fold what a debug file says twice, or what several say, with dwz(1)", "single", NULL}, \
	{"dwz-low-mem-die-limit", 0, OPTION_TEXT, "N|none", &(a)->dwz_limits.low_memory, \
	 "files of more entries are folded in less memory, and alone", NULL, NULL}, \
	{"dwz-max-die-limit", 0, OPTION_TEXT, "N|none", &(a)->dwz_limits.most, \
	 "files of more entries are not folded", NULL, NULL}, \
	{"manifest", 0, OPTION_TEXT, "FILE", &(a)->manifest, \
	 "write what was done to FILE, as JSON", NULL, NULL}, \
	EXPANSION_OPTION, \
	NO_SYNC_OPTION(&(a)->no_sync), \
	{"stamp", 0, OPTION_CHOICE, "first|only", &(a)->stamp, \
	 "put the package note in (METADATA: -k, --payload, --from), and split unless =only", \
	 "first", NULL}, \
	METADATA_OPTIONS(&(a)->metadata)
/* clang-format on */

/* Checks what the table cannot, and reads what --exclude-from names; false after cli_usage. */
bool split_arguments_check(struct cli *cli, struct split_arguments *arguments);

/* Fills what the options decide of OPTIONS and TELLER. OPTIONS points into ARGUMENTS. */
void split_arguments_fill(struct split_options *options, struct split_teller *teller,
			  const struct split_arguments *arguments, const struct cli *cli);

/* Prints the manifest, or writes it, or both, as the options want it. */
void split_arguments_report(struct cli *cli, const struct split_arguments *arguments,
			    const struct manifest *manifest);

/* Makes DIRECTORY and its parents, and sees that files can be made in it: before a tree changes.
 * False after a message. */
bool split_output_directory(struct cli *cli, const char *directory);

void split_arguments_free(struct split_arguments *arguments);

#endif
