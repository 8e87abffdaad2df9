/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkgnote split: the command line of the splitter, and what it tells. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/manifest.h"
#include "tools/base/root/root.h"
#include "tools/commands.h"
#include "tools/split_check.h"
#include "tools/split_options.h"
#include "tools/splitter/explain.h"
#include "tools/splitter/lists.h"

/* What the options said. */
struct arguments {
	struct split_arguments common;
	int layout;
	const char *name;
	const char *version;
	const char *release;
	const char *arch;
	struct strings build_dirs;
	const char *build_id;
	const char *debug_root;
	const char *lists;
	int links;
	bool discard;
	const char *explain;
	int without_id;
	bool check;
	bool leaks;
	bool counts;
};

/* Checks what the table of options cannot; false after a message. */
static bool check_arguments(struct cli *cli, struct arguments *arguments)
{
	const char *relative = NULL;
	for (size_t i = 0; i < arguments->build_dirs.count; i++)
		if (arguments->build_dirs.items[i][0] != '/')
			relative = arguments->build_dirs.items[i];
	if (arguments->explain != NULL) {
		if (cli->operand_count != 0)
			cli_usage(cli, "--explain is about one file, and takes no ROOT");
		return cli->operand_count == 0 && split_arguments_check(cli, &arguments->common);
	}
	const char *missing = arguments->layout < 0        ? "layout"
			      : arguments->name == NULL    ? "name"
			      : arguments->version == NULL ? "package-version"
			      : arguments->arch == NULL    ? "arch"
							   : NULL;
	if (missing != NULL)
		cli_usage(cli, "--%s is required", missing);
	else if (cli->operand_count != 1)
		cli_usage(cli, "one ROOT is wanted, not %zu", cli->operand_count);
	else if (relative != NULL)
		cli_usage(cli, "--build-dir wants an absolute path, not '%s'", relative);
	else if (arguments->counts && !cli->json && arguments->common.manifest == NULL)
		cli_usage(cli, "--counts is for the manifest (--manifest, --json)");
	else if (arguments->lists != NULL && arguments->layout != 0)
		cli_usage(cli, "--lists goes with layout rpm");
	else if (arguments->discard &&
		 (arguments->build_dirs.count != 0 || arguments->common.gdb_index ||
		  arguments->common.dwz >= 0 || arguments->layout != 1))
		cli_usage(cli, "--no-debug-files goes with layout deb, and without --build-dir, "
			       "--gdb-index and --dwz, which are about debug files");
	else if (arguments->common.stamp == STAMP_ONLY && arguments->lists != NULL)
		cli_usage(cli, "--lists tells of debug files, which --stamp=only does not make");
	else if (arguments->common.dwz < 0 && (arguments->common.dwz_limits.low_memory != NULL ||
					       arguments->common.dwz_limits.most != NULL))
		cli_usage(cli, "--dwz-low-mem-die-limit and --dwz-max-die-limit go with --dwz");
	else
		return split_arguments_check(cli, &arguments->common);
	return false;
}

/* --build-id: layout rpm seeds with the release by default, so that equal code in two releases has
 * two ids and both can be installed, and with the name, since two sources of one version
 * may have a helper in common (rpm's own seed is without it); layout deb with the source, so that
 * what two of them have in common (a private copy of a library) is not one debug file of two
 * packages. */
static bool choose_build_id(struct cli *cli, const struct arguments *arguments,
			    struct split_options *options, char **seed)
{
	const char *word = arguments->build_id;
	*seed = NULL;
	options->build_id = BUILD_ID_RECOMPUTE;
	if (word == NULL) {
		if (arguments->layout == LAYOUT_DEB && arguments->name != NULL)
			*seed = xstrdup(arguments->name);
		else if (arguments->layout == LAYOUT_RPM && arguments->name != NULL &&
			 arguments->version != NULL)
			*seed = xasprintf("%s-%s%s%s", arguments->name, arguments->version,
					  arguments->release != NULL ? "-" : "",
					  arguments->release != NULL ? arguments->release : "");
	} else if (strcmp(word, "keep") == 0) {
		options->build_id = BUILD_ID_KEEP;
	} else if (strncmp(word, "seed:", 5) == 0) {
		*seed = xstrdup(word + 5);
	} else if (strcmp(word, "recompute") != 0) {
		cli_usage(cli, "--build-id wants keep, recompute or seed:STRING, not '%s'", word);
		return false;
	}
	options->seed = *seed;
	return true;
}

/* The note of --stamp; its type, name, version and architecture follow from the package. */
static bool build_payload(struct cli *cli, const struct arguments *arguments, char **payload)
{
	char *full = arguments->release != NULL
			     ? xasprintf("%s-%s", arguments->version, arguments->release)
			     : xstrdup(arguments->version);
	const struct metadata_default defaults[] = {
		{"type", arguments->layout == LAYOUT_RPM ? "rpm" : "deb"},
		{"name", arguments->name},
		{"version", full},
		{"architecture", arguments->arch},
	};
	const bool good = metadata_build(cli, &arguments->common.metadata, defaults,
					 sizeof(defaults) / sizeof(defaults[0]), payload);
	free(full);
	return good;
}

static void report(struct cli *cli, const struct arguments *arguments,
		   const struct manifest *manifest, const struct split_totals *totals)
{
	split_arguments_report(cli, &arguments->common, manifest);
	if (!cli->json && !cli->quiet)
		printf("%zu split, %zu left alone, %zu failed; %zu sources, %zu missing\n",
		       totals->split, totals->left, totals->failed, totals->sources,
		       totals->missing);
}

/* The lists that find-debuginfo would write. */
static void write_lists(struct cli *cli, const struct arguments *arguments, struct root *root,
			const struct manifest *manifest)
{
	struct layout layout;
	struct note_error err;
	int code = layout_init(&layout, LAYOUT_RPM, arguments->debug_root, arguments->name,
			       arguments->version, arguments->release, arguments->arch, &err);
	if (code == NOTE_OK) {
		const struct lists_options lists = {.root = root,
						    .directory = arguments->lists,
						    .debug_root = layout.debug_root,
						    .sources = layout.sources,
						    .suffix = layout.suffix,
						    .output = "debugfiles.list",
						    .sources_output = "debugsourcefiles.list",
						    .sync = !arguments->common.no_sync};
		code = lists_write(&lists, manifest, &err);
	}
	if (code != NOTE_OK)
		cli_fail(cli, arguments->lists, &err);
	layout_free(&layout);
}

static void split(struct cli *cli, const struct arguments *arguments, struct split_options *options)
{
	struct manifest manifest;
	struct split_totals totals;
	struct note_error err;
	struct root *root;
	const char *path = cli->operands[0];
	if (arguments->lists != NULL && !split_output_directory(cli, arguments->lists))
		return;
	if (root_open(&root, path, &err) != NOTE_OK) {
		cli_fail(cli, path, &err);
		return;
	}
	options->root = root;
	if (arguments->common.no_sync)
		root_without_sync(root);
	const int code = split_tree(options, &manifest, &totals, &err);
	cli_progress_end(cli);
	if (code == NOTE_OK && arguments->lists != NULL)
		write_lists(cli, arguments, root, &manifest);
	if (code == NOTE_OK)
		report(cli, arguments, &manifest, &totals);
	else if (code == NOTE_USAGE)
		cli->status = (enum exit_status)cli_usage(cli, "%s", err.text);
	else
		cli_fail(cli, path, &err);
	manifest_free(&manifest);
	root_close(root);
}

/* The answer to "why is this not split". */
static void explain(struct cli *cli, const struct split_options *options, const char *path)
{
	struct text text = {0};
	struct note_error err;
	const int code = split_explain(options, path, &text, &err);
	if (text.size != 0)
		fwrite(text.data, text.size, 1, stdout);
	if (code != NOTE_OK)
		cli_fail(cli, path, &err);
	text_free(&text);
}

static void set_options(struct split_options *options, struct split_teller *teller,
			const struct arguments *a, const struct cli *cli)
{
	split_arguments_fill(options, teller, &a->common, cli);
	options->layout = a->layout == 0 ? LAYOUT_RPM : LAYOUT_DEB;
	options->name = a->name;
	options->version = a->version;
	options->release = a->release;
	options->arch = a->arch;
	options->debug_root = a->debug_root;
	options->build_dirs = &a->build_dirs;
	options->links = a->links == 1;
	options->counts = a->counts;
	options->discard = a->discard;
	options->strip_without_id = a->without_id == 1;
	teller->table = !cli->json && !cli->quiet;
}

/* --check and --leaks write nothing: what is about writing does not go with them. */
static int check_tree(struct cli *cli, struct arguments *a)
{
	const struct split_check_arguments arguments = {.check = a->check,
							.leaks = a->leaks,
							.debug_root = a->debug_root,
							.build_dirs = &a->build_dirs,
							.common = &a->common};
	const char *useless = a->layout >= 0        ? "layout"
			      : a->name != NULL     ? "name"
			      : a->version != NULL  ? "package-version"
			      : a->release != NULL  ? "release"
			      : a->arch != NULL     ? "arch"
			      : a->build_id != NULL ? "build-id"
			      : a->lists != NULL    ? "lists"
			      : a->explain != NULL  ? "explain"
			      : a->counts           ? "counts"
			      : a->discard          ? "no-debug-files"
			      : a->without_id != 0  ? "without-build-id"
			      : a->links != 1       ? "links"
						    : NULL;
	if (useless != NULL)
		return cli_usage(cli, "--%s is about a split, --check and --leaks look at one",
				 useless);
	split_check_run(cli, &arguments);
	return cli_finish(cli);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct cli cli;
	struct arguments arguments = {.common = SPLIT_ARGUMENTS,
				      .layout = -1,
				      .debug_root = "/usr/lib/debug",
				      .links = 1};
	struct arguments *a = &arguments;
	const struct option_spec specs[] = {
		{"layout", 0, OPTION_CHOICE, "rpm|deb", &a->layout, "where debug files go", NULL,
		 NULL},
		{"name", 0, OPTION_TEXT, "N", &a->name, "the package's name", NULL, NULL},
		{"package-version", 0, OPTION_TEXT, "V", &a->version, "its version", NULL, NULL},
		{"release", 0, OPTION_TEXT, "R", &a->release, "its release", NULL, NULL},
		{"arch", 0, OPTION_TEXT, "A", &a->arch, "its architecture", NULL, NULL},
		{"build-dir", 0, OPTION_LIST, "DIR", &a->build_dirs,
		 "collect the sources below DIR and rewrite their paths", NULL, NULL},
		{"build-id", 0, OPTION_TEXT, "keep|recompute|seed:STRING", &a->build_id,
		 "default: seed:N-V-R in layout rpm, seed:N in layout deb", NULL, NULL},
		{"no-debug-files", 0, OPTION_FLAG, NULL, &a->discard,
		 "strip alone: the debug information is dropped", NULL, NULL},
		{"without-build-id", 0, OPTION_CHOICE, "leave|strip", &a->without_id,
		 "what can have no debug file for want of one, in layout deb (default leave)", NULL,
		 NULL},
		{"explain", 0, OPTION_TEXT, "FILE", &a->explain,
		 "tell what would be done to FILE, and why; nothing is written", NULL, NULL},
		{"check", 0, OPTION_FLAG, NULL, &a->check,
		 "prove a tree that was split: debug files, links, sources are there, and whole",
		 NULL, NULL},
		{"leaks", 0, OPTION_FLAG, NULL, &a->leaks,
		 "look for the names of build directories in what is shipped", NULL, NULL},
		{"counts", 0, OPTION_FLAG, NULL, &a->counts,
		 "count the debug information of each file for the manifest, for --check later",
		 NULL, NULL},
		{"debug-root", 0, OPTION_TEXT, "DIR", &a->debug_root,
		 "where debug files go (default /usr/lib/debug)", NULL, NULL},
		{"links", 0, OPTION_CHOICE, "none|all", &a->links,
		 "make .build-id links (layout rpm; default all)", NULL, NULL},
		{"lists", 0, OPTION_TEXT, "DIR", &a->lists,
		 "write rpm's file lists (debugfiles.list and others) to DIR; layout rpm", NULL,
		 NULL},
		SPLIT_OPTIONS(&a->common),
	};
	int status;
	char *seed = NULL;
	char *payload = NULL;
	struct split_teller teller = {.cli = &cli};
	struct split_options options = {
		.tell = split_tell, .progress = split_progress, .context = &teller};
	const bool parsed = cli_parse(&cli, command, specs, sizeof(specs) / sizeof(specs[0]), argc,
				      argv, &status);
	if (!parsed)
		goto out;
	if (a->check || a->leaks) {
		status = check_tree(&cli, a);
		goto out;
	}
	status = EXIT_USAGE;
	if (!check_arguments(&cli, a) || !choose_build_id(&cli, a, &options, &seed))
		goto out;
	set_options(&options, &teller, a, &cli);
	if (a->explain != NULL) {
		options.layout = a->layout == 1 ? LAYOUT_DEB : LAYOUT_RPM;
		explain(&cli, &options, a->explain);
		status = cli_finish(&cli);
		goto out;
	}
	if (a->common.stamp == STAMP_NOTHING || build_payload(&cli, a, &payload)) {
		options.payload = payload;
		split(&cli, a, &options);
	} else if (cli.status == EXIT_DONE) {
		goto out; /* wrong usage, said already */
	}
	status = cli_finish(&cli);
out:
	free(seed);
	free(payload);
	strings_free(&a->build_dirs);
	split_arguments_free(&a->common);
	return status;
}

const struct command split_command = {
	"split",
	"move debug information out of a staging tree's files, side by side for any version",
	"--layout=rpm|deb --name=N --package-version=V [--release=R] --arch=A [OPTION]... ROOT",
	"pkgnote split --layout=rpm --name=hello --package-version=2.12 --release=3 --arch=x86_64 "
	"--build-dir=$PWD --manifest=hello.json --stamp ./buildroot",
	run,
};
