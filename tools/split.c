/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkgnote split: the command line of the splitter, and what it tells. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/manifest.h"
#include "tools/base/metadata.h"
#include "tools/base/root/root.h"
#include "tools/commands.h"
#include "tools/split_tell.h"
#include "tools/splitter/lists.h"
#include "tools/splitter/split.h"

/* What the options said. */
struct arguments {
	int layout;
	const char *name;
	const char *version;
	const char *release;
	const char *arch;
	const char *build_dir;
	const char *build_id;
	const char *debug_root;
	const char *manifest;
	const char *lists;
	int links;
	int strict;
	bool discard;
	bool stamp;
	int keep_symtab;
	struct strings keep_sections;
	struct strings remove_sections;
	int compress;
	bool minidebuginfo;
	bool reloc_debug;
	bool gdb_index;
	int dwz;
	struct dwz_limits dwz_limits;
	struct strings only;
	struct strings exclude;
	struct metadata metadata;
};

/* Checks what the table of options cannot; false after a message. */
static bool check_arguments(struct cli *cli, const struct arguments *arguments)
{
	const char *missing = arguments->layout < 0        ? "layout"
			      : arguments->name == NULL    ? "name"
			      : arguments->version == NULL ? "package-version"
			      : arguments->arch == NULL    ? "arch"
							   : NULL;
	if (missing != NULL)
		cli_usage(cli, "--%s is required", missing);
	else if (cli->operand_count != 1)
		cli_usage(cli, "one ROOT is wanted, not %zu", cli->operand_count);
	else if (arguments->build_dir != NULL && arguments->build_dir[0] != '/')
		cli_usage(cli, "--build-dir wants an absolute path, not '%s'",
			  arguments->build_dir);
	else if (arguments->lists != NULL && arguments->layout != 0)
		cli_usage(cli, "--lists goes with layout rpm");
	else if (arguments->discard && (arguments->build_dir != NULL || arguments->gdb_index ||
					arguments->dwz >= 0 || arguments->layout != 1))
		cli_usage(cli, "--no-debug-files goes with layout deb, and without --build-dir, "
			       "--gdb-index and --dwz, which are about debug files");
	else if (arguments->dwz < 0 &&
		 (arguments->dwz_limits.low_memory != NULL || arguments->dwz_limits.most != NULL))
		cli_usage(cli, "--dwz-low-mem-die-limit and --dwz-max-die-limit go with --dwz");
	else if (!split_limit(cli, "dwz-low-mem-die-limit", arguments->dwz_limits.low_memory) ||
		 !split_limit(cli, "dwz-max-die-limit", arguments->dwz_limits.most))
		return false;
	else if (!arguments->stamp &&
		 (arguments->metadata.pairs.count != 0 || arguments->metadata.payload != NULL ||
		  arguments->metadata.from.count != 0))
		cli_usage(cli, "METADATA options go with --stamp");
	else
		return true;
	return false;
}

/* --build-id: layout rpm seeds with the release by default, so that equal code in two releases has
 * two ids and both can be installed; in layout deb equal code may keep an equal id. */
static bool choose_build_id(struct cli *cli, const struct arguments *arguments,
			    struct split_options *options, char **seed)
{
	const char *word = arguments->build_id;
	*seed = NULL;
	options->build_id = BUILD_ID_RECOMPUTE;
	if (word == NULL) {
		if (arguments->layout == LAYOUT_RPM)
			*seed = xasprintf("%s%s%s", arguments->version,
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
	const bool good = metadata_build(cli, &arguments->metadata, defaults,
					 sizeof(defaults) / sizeof(defaults[0]), payload);
	free(full);
	return good;
}

/* The manifest is replaced whole, as everything is. */
static void write_manifest(struct cli *cli, const char *path, const char *json)
{
	char *temporary = xasprintf("%s.pkgnote-new", path);
	FILE *file = fopen(temporary, "we");
	bool good = file != NULL && fputs(json, file) >= 0;
	if (file != NULL)
		good = fclose(file) == 0 && good;
	if (!good || rename(temporary, path) != 0) {
		cli_failf(cli, path, "write: %s", strerror(errno));
		remove(temporary);
	}
	free(temporary);
}

static void report(struct cli *cli, const struct arguments *arguments,
		   const struct manifest *manifest, const struct split_totals *totals)
{
	char *json = NULL;
	if (cli->json || arguments->manifest != NULL)
		json = manifest_to_json(manifest);
	if (arguments->manifest != NULL)
		write_manifest(cli, arguments->manifest, json);
	if (cli->json)
		fputs(json, stdout);
	else if (!cli->quiet)
		printf("%zu split, %zu left alone, %zu failed; %zu sources, %zu missing\n",
		       totals->split, totals->left, totals->failed, totals->sources,
		       totals->missing);
	free(json);
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
						    .sources_output = "debugsourcefiles.list"};
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
	if (root_open(&root, path, &err) != NOTE_OK) {
		cli_fail(cli, path, &err);
		return;
	}
	options->root = root;
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

static void set_options(struct split_options *options, const struct arguments *a,
			const struct cli *cli)
{
	options->layout = a->layout == 0 ? LAYOUT_RPM : LAYOUT_DEB;
	options->name = a->name;
	options->version = a->version;
	options->release = a->release;
	options->arch = a->arch;
	options->debug_root = a->debug_root;
	options->build_dir = a->build_dir;
	options->links = a->links == 1;
	options->discard = a->discard;
	options->symtab = a->keep_symtab < 0    ? SYMTAB_MOVED
			  : a->keep_symtab == 0 ? SYMTAB_KEPT
						: SYMTAB_KEPT_IN_LIBRARIES;
	options->keep_sections = &a->keep_sections;
	options->remove_sections = &a->remove_sections;
	options->compression = (enum compression)a->compress;
	options->minidebuginfo = a->minidebuginfo;
	options->reloc_debug = a->reloc_debug;
	options->gdb_index = a->gdb_index;
	options->dwz = a->dwz < 0 ? DWZ_NONE : a->dwz == 0 ? DWZ_SINGLE : DWZ_MULTI;
	options->dwz_limits = a->dwz_limits;
	options->digests = cli->json || a->manifest != NULL;
	options->only = &a->only;
	options->exclude = &a->exclude;
	options->jobs = cli->jobs;
}

/* Long for its table of options: one row each. */
static int run(const struct command *command, int argc, char **argv)
{
	struct cli cli;
	struct arguments arguments = {.layout = -1,
				      .debug_root = "/usr/lib/debug",
				      .links = 1,
				      .strict = -1,
				      .keep_symtab = -1,
				      .dwz = -1};
	struct arguments *a = &arguments;
	const struct option_spec specs[] = {
		{"layout", 0, OPTION_CHOICE, "rpm|deb", &a->layout, "where debug files go", NULL,
		 NULL},
		{"name", 0, OPTION_TEXT, "N", &a->name, "the package's name", NULL, NULL},
		{"package-version", 0, OPTION_TEXT, "V", &a->version, "its version", NULL, NULL},
		{"release", 0, OPTION_TEXT, "R", &a->release, "its release", NULL, NULL},
		{"arch", 0, OPTION_TEXT, "A", &a->arch, "its architecture", NULL, NULL},
		{"build-dir", 0, OPTION_TEXT, "DIR", &a->build_dir,
		 "collect the sources below DIR and rewrite their paths", NULL, NULL},
		{"build-id", 0, OPTION_TEXT, "keep|recompute|seed:STRING", &a->build_id,
		 "default: seed:V-R in layout rpm, recompute in layout deb", NULL, NULL},
		{"strict", 0, OPTION_CHOICE, "all|build-id|sources", &a->strict,
		 "a missing build-id or source is an error", "all", NULL},
		{"no-debug-files", 0, OPTION_FLAG, NULL, &a->discard,
		 "strip alone: the debug information is dropped", NULL, NULL},
		{"only", 0, OPTION_LIST, "PATTERN", &a->only, "only files whose /PATH matches",
		 NULL, NULL},
		{"exclude", 0, OPTION_LIST, "PATTERN", &a->exclude,
		 "leave out files whose /PATH matches", NULL, NULL},
		{"keep-symtab", 0, OPTION_CHOICE, "all|libs", &a->keep_symtab,
		 "leave the symbol table in the shipped files, or in shared libraries", "all",
		 NULL},
		{"keep-section", 0, OPTION_LIST, "PATTERN", &a->keep_sections,
		 "leave sections whose name matches in the shipped file", NULL, NULL},
		{"remove-section", 0, OPTION_LIST, "PATTERN", &a->remove_sections,
		 "move sections whose name matches out of the shipped file", NULL, NULL},
		{"compress", 0, OPTION_CHOICE, "none|zlib|zstd", &a->compress,
		 "compress the debug sections (default none)", NULL, NULL},
		{"minidebuginfo", 0, OPTION_FLAG, NULL, &a->minidebuginfo,
		 "leave the names of functions in the shipped files, compressed", NULL, NULL},
		{"reloc-debug", 0, OPTION_FLAG, NULL, &a->reloc_debug,
		 "resolve relocations between debug sections of kernel modules", NULL, NULL},
		{"gdb-index", 0, OPTION_FLAG, NULL, &a->gdb_index,
		 "have gdb make an index in each debug file (needs gdb)", NULL, NULL},
		{"dwz", 0, OPTION_CHOICE, "single|multi", &a->dwz,
		 "fold what a debug file says twice, or what several say, with dwz(1)", "single",
		 NULL},
		{"dwz-low-mem-die-limit", 0, OPTION_TEXT, "N|none", &a->dwz_limits.low_memory,
		 "files of more entries are folded in less memory, and alone", NULL, NULL},
		{"dwz-max-die-limit", 0, OPTION_TEXT, "N|none", &a->dwz_limits.most,
		 "files of more entries are not folded", NULL, NULL},
		{"debug-root", 0, OPTION_TEXT, "DIR", &a->debug_root,
		 "where debug files go (default /usr/lib/debug)", NULL, NULL},
		{"links", 0, OPTION_CHOICE, "none|all", &a->links,
		 "make .build-id links (layout rpm; default all)", NULL, NULL},
		{"manifest", 0, OPTION_TEXT, "FILE", &a->manifest,
		 "write what was done to FILE, as JSON", NULL, NULL},
		{"lists", 0, OPTION_TEXT, "DIR", &a->lists,
		 "write rpm's file lists (debugfiles.list and others) to DIR; layout rpm", NULL,
		 NULL},
		{"stamp", 0, OPTION_FLAG, NULL, &a->stamp,
		 "put the package note in first (METADATA: -k, --payload, --from)", NULL, NULL},
		METADATA_OPTIONS(&a->metadata),
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
	status = EXIT_USAGE;
	if (!check_arguments(&cli, a) || !choose_build_id(&cli, a, &options, &seed))
		goto out;
	teller.strict_build_id = a->strict == 0 || a->strict == 1;
	teller.strict_sources = a->strict == 0 || a->strict == 2;
	teller.table = !cli.json && !cli.quiet;
	set_options(&options, a, &cli);
	if (!a->stamp || build_payload(&cli, a, &payload)) {
		options.payload = payload;
		split(&cli, a, &options);
	} else if (cli.status == EXIT_DONE) {
		goto out; /* wrong usage, said already */
	}
	status = cli_finish(&cli);
out:
	free(seed);
	free(payload);
	strings_free(&a->keep_sections);
	strings_free(&a->remove_sections);
	strings_free(&a->only);
	strings_free(&a->exclude);
	metadata_free(&a->metadata);
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
