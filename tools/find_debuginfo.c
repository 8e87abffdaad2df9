/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pkgnote find-debuginfo: the splitter with the command line, the environment and the file lists
 * of debugedit's find-debuginfo 5.3, so that rpm's %__find_debuginfo can name it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/root/root.h"
#include "tools/commands.h"
#include "tools/split_options.h"
#include "tools/splitter/lists.h"

#define MAX_CHOICES 64

/* What the options said. */
struct arguments {
	struct split_arguments common;
	bool strict_build_id;
	bool keep_all_symtabs;
	bool keep_library_symtabs;
	bool keep_ids;
	bool dwz;
	bool dwz_single;
	bool no_archives;
	bool all_modes;
	bool check_elf;
	bool check_elf_strictly;
	const char *seed;
	const char *suffix;
	const char *source_base;
	const char *output;
	const char *sources_output;
	const char *directory;
	struct list_choice choices[MAX_CHOICES + 1];
	size_t choice_count; /* complete ones; the one behind them is being filled */
};

/* -o FILE ends a choice that -l and -p began; without one it names the main list. */
static bool take_list_option(struct cli *cli, void *target, const char *name, const char *value)
{
	struct arguments *arguments = target;
	struct list_choice *choice = &arguments->choices[arguments->choice_count];
	if (strcmp(name, "l") == 0) {
		strings_add(&choice->lists, value);
	} else if (strcmp(name, "p") == 0) {
		choice->pattern = value;
	} else if (choice->lists.count == 0 && choice->pattern == NULL) {
		arguments->output = value;
	} else if (arguments->choice_count == MAX_CHOICES) {
		cli_usage(cli, "more than %d -o", MAX_CHOICES);
		return false;
	} else {
		choice->output = value;
		arguments->choice_count++;
	}
	return true;
}

/* Refuses what does not go together. */
static bool check_arguments(struct cli *cli, struct arguments *a)
{
	if (a->seed != NULL && a->keep_ids)
		cli_usage(cli, "--build-id-seed and -n do not go together");
	else if (a->keep_all_symtabs && a->keep_library_symtabs)
		cli_usage(cli, "-g and --g-libs do not go together");
	else if (cli->operand_count > 1)
		cli_usage(cli, "one BUILDDIR is wanted, not %zu", cli->operand_count);
	else
		return split_arguments_check(cli, &a->common);
	return false;
}

/* The peer's words for what has a row in the common table. */
static void translate(struct arguments *a)
{
	struct split_arguments *common = &a->common;
	if (a->keep_all_symtabs)
		strings_add(&common->keep_symtab, SYMTAB_ALL);
	if (a->keep_library_symtabs)
		strings_add(&common->keep_symtab, SYMTAB_LIBRARIES);
	if (a->dwz)
		common->dwz = a->dwz_single ? 0 : 1;
	if (a->strict_build_id && common->strict == STRICT_NOTHING)
		common->strict = STRICT_BUILD_ID;
	else if (a->strict_build_id && common->strict == STRICT_SOURCES)
		common->strict = STRICT_ALL;
}

/* The variable of rpmbuild's, or OTHERWISE; NULL after a message where it has to be set. */
static const char *variable(struct cli *cli, const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	if (value != NULL && value[0] != '\0')
		return value;
	if (otherwise == NULL)
		cli_usage(cli, "%s is not set", name);
	return otherwise;
}

/* rpmbuild ends with "Empty %files file" and no word why. */
static void tell_empty(struct cli *cli, const struct arguments *a,
		       const struct split_totals *totals)
{
	if (totals->split == 0)
		cli_say(cli, NULL,
			"nothing was split; rpmbuild refuses an empty debuginfo package: "
			"\"BuildArch: noarch\" or \"%%global debug_package %%{nil}\" in the spec "
			"says that there is nothing to debug");
	else if (a->sources_output != NULL && totals->sources == 0)
		cli_say(cli, NULL,
			"%s is empty, which rpmbuild refuses: no source that debug information "
			"names is there below the build directory (compiled elsewhere, or with "
			"-ffile-prefix-map, -trimpath?); \"%%undefine _debugsource_packages\" "
			"in the spec does without",
			a->sources_output);
}

static void split_and_list(struct cli *cli, const struct arguments *a,
			   struct split_options *options, const char *build_root)
{
	struct manifest manifest = {0};
	struct split_totals totals;
	struct note_error err;
	struct root *root;
	if (root_open(&root, build_root, &err) != NOTE_OK) {
		cli_fail(cli, build_root, &err);
		return;
	}
	options->root = root;
	if (a->common.no_sync)
		root_without_sync(root);
	char *sources = xasprintf("usr/src/debug%s%s", options->source_base[0] != '\0' ? "/" : "",
				  options->source_base);
	const struct lists_options lists = {
		.root = root,
		.directory = a->directory,
		.debug_root = "usr/lib/debug",
		.sources = sources,
		.suffix = options->suffix,
		.output = a->output,
		.sources_output = a->sources_output,
		.choices = a->choices,
		.choice_count = a->choice_count,
		.sync = !a->common.no_sync,
	};
	int code = split_tree(options, &manifest, &totals, &err);
	if (code == NOTE_OK && !options->stamp_only)
		code = lists_write(&lists, &manifest, &err);
	if (code == NOTE_OK && !options->stamp_only && totals.failed == 0)
		tell_empty(cli, a, &totals);
	if (code == NOTE_OK)
		split_arguments_report(cli, &a->common, &manifest);
	if (code == NOTE_USAGE)
		cli->status = (enum exit_status)cli_usage(cli, "%s", err.text);
	else if (code != NOTE_OK)
		cli_fail(cli, NULL, &err);
	free(sources);
	manifest_free(&manifest);
	root_close(root);
}

static void set_options(struct split_options *options, struct split_teller *teller,
			const struct arguments *a, const struct cli *cli)
{
	split_arguments_fill(options, teller, &a->common, cli);
	options->layout = LAYOUT_RPM;
	options->debug_root = "/usr/lib/debug";
	options->suffix = a->suffix != NULL ? a->suffix : "";
	/* find-debuginfo makes them without a suffix alone. With one, a link to a file of another
	 * subpackage (libx.so in x-devel) would make a debuginfo package of its own. */
	options->no_symlinks = options->suffix[0] != '\0';
	options->source_base = a->source_base != NULL ? a->source_base : "";
	options->build_id = a->keep_ids ? BUILD_ID_KEEP : BUILD_ID_RECOMPUTE;
	options->seed = a->seed;
	options->elf_check = a->check_elf_strictly ? ELF_CHECK_STRICT
			     : a->check_elf        ? ELF_CHECK_TOLD
						   : ELF_CHECK_NONE;
	options->no_archives = a->no_archives;
	options->executables = !a->all_modes;
	options->leave_broken = true; /* find-debuginfo asks file(1), which skips it */
	teller->strict_elf = a->check_elf_strictly;
}

/* rpmbuild makes the .build-id links itself, so none are made here. */
static int find(struct cli *cli, struct arguments *a)
{
	struct split_teller teller = {.cli = cli};
	struct split_options options = {.tell = split_tell, .context = &teller};
	const char *build_root = variable(cli, "RPM_BUILD_ROOT", NULL);
	const char *top = build_root != NULL ? variable(cli, "RPM_BUILD_DIR", NULL) : NULL;
	options.name = top != NULL ? variable(cli, "RPM_PACKAGE_NAME", NULL) : NULL;
	if (options.name == NULL)
		return EXIT_USAGE;
	options.version = variable(cli, "RPM_PACKAGE_VERSION", "0");
	options.release = variable(cli, "RPM_PACKAGE_RELEASE", "0");
	options.arch = variable(cli, "RPM_ARCH", "unknown");
	set_options(&options, &teller, a, cli);
	if (a->directory == NULL)
		a->directory = cli->operand_count == 1 ? cli->operands[0] : ".";
	/* With a base of their own, sources are named from where they were unpacked. */
	char *base = realpath(a->source_base != NULL && cli->operand_count == 1 ? cli->operands[0]
			      : a->source_base != NULL                          ? "."
										: top,
			      NULL);
	char *payload = NULL;
	if (base == NULL) {
		cli_failf(cli, NULL, "the build directory is not there");
	} else if (!options.stamp_only && !split_output_directory(cli, a->directory)) {
		/* said already, and nothing was touched */
	} else if (a->common.stamp == STAMP_NOTHING ||
		   metadata_build(cli, &a->common.metadata, NULL, 0, &payload)) {
		struct strings bases = {.items = &base, .count = 1};
		options.build_dirs = &bases;
		options.payload = payload;
		split_and_list(cli, a, &options, build_root);
	} else if (cli->status == EXIT_DONE) {
		cli->status = EXIT_USAGE; /* said already */
	}
	free(payload);
	free(base);
	return cli_finish(cli);
}

/* Long for its table of options: one row each. */
static int run(const struct command *command, int argc, char **argv)
{
	struct cli cli;
	struct arguments arguments = {.common = SPLIT_ARGUMENTS, .output = "debugfiles.list"};
	struct arguments *a = &arguments;
	const struct option_spec specs[] = {
		{"strict-build-id", 0, OPTION_FLAG, NULL, &a->strict_build_id,
		 "a missing build-id is an error", NULL, NULL},
		{NULL, 'g', OPTION_FLAG, NULL, &a->keep_all_symtabs,
		 "leave symbol tables in the shipped files", NULL, NULL},
		{"g-libs", 0, OPTION_FLAG, NULL, &a->keep_library_symtabs,
		 "the same in shared libraries only", NULL, NULL},
		{NULL, 'r', OPTION_FLAG, NULL, &a->common.reloc_debug,
		 "resolve relocations between debug sections of kernel modules", NULL, NULL},
		{NULL, 'm', OPTION_FLAG, NULL, &a->common.minidebuginfo, "add .gnu_debugdata", NULL,
		 NULL},
		{NULL, 'i', OPTION_FLAG, NULL, &a->common.gdb_index, "add .gdb_index (needs gdb)",
		 NULL, NULL},
		{NULL, 'n', OPTION_FLAG, NULL, &a->keep_ids, "keep build-ids as they are", NULL,
		 NULL},
		{NULL, 'o', OPTION_CALL, "FILE", a, "the list to write (debugfiles.list)", NULL,
		 take_list_option},
		{NULL, 'l', OPTION_CALL, "LIST", a, "for the next -o: what LIST names", NULL,
		 take_list_option},
		{NULL, 'p', OPTION_CALL, "PATTERN", a,
		 "for the next -o: debug files that match PATTERN", NULL, take_list_option},
		{NULL, 'S', OPTION_TEXT, "FILE", &a->sources_output,
		 "a list of its own for sources", NULL, NULL},
		{"output-dir", 'O', OPTION_TEXT, "DIR", &a->directory,
		 "where lists are (default BUILDDIR)", NULL, NULL},
		{"run-dwz", 0, OPTION_FLAG, NULL, &a->dwz,
		 "fold debug information that is there twice (needs dwz)", NULL, NULL},
		{"dwz-single-file-mode", 0, OPTION_FLAG, NULL, &a->dwz_single,
		 "each debug file for itself", NULL, NULL},
		{"build-id-seed", 0, OPTION_TEXT, "SEED", &a->seed, "recompute build-ids with SEED",
		 NULL, NULL},
		{"unique-debug-suffix", 0, OPTION_TEXT, "SUFFIX", &a->suffix,
		 "put SUFFIX before .debug", NULL, NULL},
		{"unique-debug-src-base", 0, OPTION_TEXT, "BASE", &a->source_base,
		 "sources go to /usr/src/debug/BASE", NULL, NULL},
		{"no-ar-files", 0, OPTION_FLAG, NULL, &a->no_archives,
		 "leave static archives alone", NULL, NULL},
		{"all-modes", 0, OPTION_FLAG, NULL, &a->all_modes,
		 "take programs that nobody may execute, too", NULL, NULL},
		{"check-elf", 0, OPTION_FLAG, NULL, &a->check_elf,
		 "tell what eu-elflint says of the files before and after", NULL, NULL},
		{"check-elf-strict", 0, OPTION_FLAG, NULL, &a->check_elf_strictly,
		 "the same, and any complaint is an error", NULL, NULL},
		SPLIT_OPTIONS(&a->common),
	};
	int status;
	if (cli_parse(&cli, command, specs, sizeof(specs) / sizeof(specs[0]), argc, argv,
		      &status)) {
		status = EXIT_USAGE;
		translate(a);
		if (check_arguments(&cli, a))
			status = find(&cli, a);
	}
	for (size_t i = 0; i <= a->choice_count; i++)
		strings_free(&a->choices[i].lists);
	split_arguments_free(&a->common);
	return status;
}

const struct command find_debuginfo_command = {
	"find-debuginfo",
	"the same as split, with the command line and the lists of find-debuginfo",
	"[OPTION]... [BUILDDIR]   (RPM_BUILD_ROOT, RPM_BUILD_DIR, RPM_PACKAGE_NAME are set)",
	"rpmbuild --define '__find_debuginfo /usr/bin/pkgnote find-debuginfo' -bb hello.spec",
	run,
};
