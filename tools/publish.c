/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkgnote publish: brings packages into a share, which debuggers and debuginfod clients read. */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/expansion/expansion.h"
#include "tools/base/root/root.h"
#include "tools/commands.h"
#include "tools/publish_options.h"
#include "tools/share/share.h"
#include "tools/splitter/dwarf/dwarf.h"

struct options {
	const char *into;
	int on_conflict;
	int copies;
	int encoding; /* of encodings[] */
	const char *manifest;
	const char *package;
	const char *root;
	struct strings remove;
	struct strings sections;
	struct strings headers;
	bool list;
	bool check;
	bool repair;
	bool no_sync;
	bool dry_run;
	unsigned shared;
	uint64_t keep; /* NO_KEEP: not given */
};

#define NO_KEEP UINT64_MAX

static const char *const encodings[] = {NULL, "gzip", "zstd"};

static void say(void *context, const char *file, const char *message)
{
	cli_say(context, file, "%s", message);
}

static void progress(void *context, uint64_t done, uint64_t total)
{
	cli_progress(context, done, total, "files");
}

/* For an object store. A path of DWARF is where the debugger looks for the source. */
static int list_sources(void *context, int fd, struct strings *out, struct note_error *err)
{
	struct image *image;
	struct dwarf_sources sources = {0};
	struct dwarf_summary summary;
	(void)context;
	int code = image_open_fd(&image, fd, err);
	if (code != NOTE_OK)
		return code;
	code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = dwarf_rewrite(image, NULL, NULL, &sources, &summary, err);
	for (size_t i = 0; code == NOTE_OK && i < sources.count; i++)
		strings_add(out, sources.items[i].original);
	dwarf_sources_free(&sources);
	image_close(image);
	return code;
}

/* --- results --- */

static void put(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add(object, key, value);
}

static struct json_object *result(const char *package, const char *word)
{
	struct json_object *object = json_object_new_object();
	char *name = name_to_utf8(package);
	put(object, "package", json_object_new_string(name));
	if (word != NULL)
		put(object, "result", json_object_new_string(word));
	free(name);
	return object;
}

static void print_object(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static void put_counts(struct json_object *object, const struct share_added *added)
{
	put(object, "buildIds", json_object_new_int64((int64_t)added->build_ids));
	put(object, "sources", json_object_new_int64((int64_t)added->sources));
	put(object, "bytes", json_object_new_int64((int64_t)added->bytes));
}

static const char *added_word(const struct share_added *added)
{
	return added->nothing     ? "nothing"
	       : added->unchanged ? "unchanged"
	       : added->replaced  ? "replaced"
				  : "added";
}

static void print_added(const struct cli *cli, const struct share_added *added, bool dry_run)
{
	if (cli->json) {
		struct json_object *object = result(added->package, added_word(added));
		put_counts(object, added);
		if (dry_run)
			put(object, "dryRun", json_object_new_boolean(true));
		else
			put(object, "newBytes", json_object_new_int64((int64_t)added->new_bytes));
		print_object(object);
		return;
	}
	char *name = name_to_line(added->package);
	char *new_bytes = dry_run ? xstrdup("")
				  : xasprintf(" (%llu new)", (unsigned long long)added->new_bytes);
	printf("%s: %s%s, %llu build-id%s, %llu source%s, %llu bytes%s\n", name,
	       dry_run && !added->nothing && !added->unchanged ? "would be " : "",
	       added_word(added), (unsigned long long)added->build_ids,
	       added->build_ids == 1 ? "" : "s", (unsigned long long)added->sources,
	       added->sources == 1 ? "" : "s", (unsigned long long)added->bytes, new_bytes);
	free(new_bytes);
	free(name);
}

/* --- inputs --- */

static int read_manifest(const char *path, struct manifest *manifest, struct note_error *err)
{
	uint8_t *bytes;
	size_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_system(err, "open");
	int code = file_read(fd, &bytes, &size, err);
	close(fd);
	if (code == NOTE_OK) {
		code = manifest_parse(manifest, (const char *)bytes, size, err);
		free(bytes);
	}
	return code;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return xstrdup(".");
	return xasprintf("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* A manifest, whose tree is --root or the directory that it lies in, or a split tree. */
static int publish_tree(struct share *share, const struct options *options, const char *input,
			bool is_directory, struct share_added *added, struct note_error *err)
{
	struct manifest manifest = {0};
	const char *file = is_directory ? options->manifest : input;
	char *tree = is_directory            ? xstrdup(input)
		     : options->root != NULL ? xstrdup(options->root)
					     : directory_of(input);
	int code = file != NULL ? read_manifest(file, &manifest, err) : NOTE_OK;
	if (code == NOTE_OK)
		code = share_add_tree(share, tree, file != NULL ? &manifest : NULL,
				      options->package, (enum share_conflict)options->on_conflict,
				      added, err);
	manifest_free(&manifest);
	free(tree);
	return code;
}

static void publish(struct cli *cli, struct share *share, const struct options *options,
		    const char *input)
{
	struct share_added added = {0};
	struct note_error err = {0};
	struct stat st;
	int code = stat(input, &st) == 0 ? NOTE_OK : error_system(&err, "open");
	if (code == NOTE_OK && !S_ISDIR(st.st_mode)) {
		code = share_add_package(share, input, options->package,
					 (enum share_conflict)options->on_conflict, &added, &err);
		if (code == NOTE_ABSENT) /* then it is a manifest, or nothing that we know */
			code = publish_tree(share, options, input, false, &added, &err);
	} else if (code == NOTE_OK) {
		code = publish_tree(share, options, input, true, &added, &err);
	}
	cli_progress_end(cli);
	if (code == NOTE_OK)
		print_added(cli, &added, options->dry_run);
	else
		cli_fail(cli, input, &err);
	if (code == NOTE_OK && added.left_out != 0) {
		cli_say(cli, input, "%llu of its files %s not served: others are there",
			(unsigned long long)added.left_out, added.left_out == 1 ? "is" : "are");
		cli_wanting(cli);
	}
	share_added_free(&added);
}

/* --- what is there already --- */

struct printing {
	struct cli *cli;
	struct share *share;
	const struct options *options;
};

static bool print_removed(void *context, const char *package)
{
	const struct printing *printing = context;
	if (printing->cli->json) {
		struct json_object *object = result(package, "removed");
		if (printing->options->dry_run)
			put(object, "dryRun", json_object_new_boolean(true));
		print_object(object);
		return true;
	}
	char *name = name_to_line(package);
	printf("%s: %sremoved\n", name, printing->options->dry_run ? "would be " : "");
	free(name);
	return true;
}

static void remove_packages(struct printing *printing, const struct strings *packages)
{
	for (size_t i = 0; i < packages->count; i++) {
		struct note_error err;
		if (share_remove(printing->share, packages->items[i], &err) == NOTE_OK)
			print_removed(printing, packages->items[i]);
		else
			cli_fail(printing->cli, packages->items[i], &err);
	}
}

static bool print_listed(void *context, const char *package)
{
	struct printing *printing = context;
	if (!printing->cli->json) {
		char *name = name_to_line(package);
		puts(name);
		free(name);
		return true;
	}
	struct share_added counts;
	struct note_error err;
	const int code = share_describe(printing->share, package, &counts, &err);
	if (code != NOTE_OK) {
		if (code != NOTE_ABSENT) /* another process took it out meanwhile */
			cli_fail(printing->cli, package, &err);
		return true;
	}
	struct json_object *object = result(package, NULL);
	put_counts(object, &counts);
	print_object(object);
	share_added_free(&counts);
	return true;
}

static void print_problem(void *context, const char *path, const char *why)
{
	struct cli *cli = context;
	cli_wanting(cli);
	if (cli->json) {
		struct json_object *object = json_object_new_object();
		char *name = name_to_utf8(path);
		char *reason = name_to_utf8(why);
		put(object, "path", json_object_new_string(name));
		put(object, "problem", json_object_new_string(reason));
		print_object(object);
		free(reason);
		free(name);
		return;
	}
	char *name = name_to_line(path);
	char *reason = name_to_line(why);
	printf("%s: %s\n", name, reason);
	free(reason);
	free(name);
}

static int check(struct cli *cli, struct share *share, const struct options *options,
		 struct note_error *err)
{
	struct share_checked checked;
	int code = options->repair ? share_repair(share, err) : NOTE_OK;
	if (code == NOTE_OK)
		code = share_check(share, print_problem, cli, &checked, err);
	if (code == NOTE_OK && !cli->json)
		printf("%llu packages, %llu files, %llu problems\n",
		       (unsigned long long)checked.packages, (unsigned long long)checked.files,
		       (unsigned long long)checked.problems);
	return code;
}

/* --- the subcommand --- */

static bool is_reading(const struct options *options)
{
	return options->list || (options->check && !options->repair);
}

/* Exactly one thing to do: EXIT_DONE, or what cli_usage returned. */
static int judge_usage(struct cli *cli, const struct options *options)
{
	const bool adding = cli->operand_count != 0;
	const unsigned modes = (unsigned)adding + (options->remove.count != 0) + options->list +
			       options->check + (options->keep != NO_KEEP);
	if (options->into == NULL)
		return cli_usage(cli, "--into=SHARE says where to");
	if (options->headers.count != 0 && strncmp(options->into, "s3://", 5) != 0)
		return cli_usage(cli, "--header is for an object store");
	if (options->encoding != 0 && strncmp(options->into, "s3://", 5) != 0)
		return cli_usage(cli, "--encoding is for an object store");
	if (options->copies != 0 && strncmp(options->into, "s3://", 5) == 0)
		return cli_usage(cli, "--links is for a directory");
	if (modes == 0)
		return cli_usage(cli, "nothing to do: give an INPUT, --remove, --keep, --list or "
				      "--check");
	if (modes > 1)
		return cli_usage(cli, "an INPUT, --remove, --keep, --list, --check: one at a time");
	if (options->dry_run && (options->list || options->check))
		return cli_usage(cli, "--dry-run is for an INPUT, --remove and --keep");
	if (options->repair && !options->check)
		return cli_usage(cli, "--repair is for --check");
	if (options->keep == 0)
		return cli_usage(cli, "--keep=0 would remove everything; --remove does that");
	if (!adding && (options->manifest != NULL || options->package != NULL))
		return cli_usage(cli, "--manifest and --package are for an INPUT");
	if (cli->operand_count > 1 && (options->manifest != NULL || options->package != NULL))
		return cli_usage(cli, "--manifest and --package are for a single INPUT");
	return EXIT_DONE;
}

static void work(struct cli *cli, const struct options *options, const struct share_hooks *hooks)
{
	struct share *share;
	struct note_error err;
	int code = NOTE_OK;
	/* It must be there then. */
	const bool there = cli->operand_count == 0 || options->dry_run;
	if (there)
		code = share_open_reading(&share, options->into, hooks, &err);
	if (code == NOTE_OK && !is_reading(options)) {
		if (there)
			share_close(share);
		code = share_open(&share, options->into, hooks, &err);
	}
	if (code != NOTE_OK) {
		cli_fail(cli, options->into, &err);
		return;
	}
	struct printing printing = {cli, share, options};
	if (options->list)
		code = share_list(share, print_listed, &printing, &err);
	else if (options->check)
		code = check(cli, share, options, &err);
	else if (options->keep != NO_KEEP)
		code = share_keep(share, options->keep, print_removed, &printing, &err);
	else if (options->remove.count != 0)
		remove_packages(&printing, &options->remove);
	else
		for (size_t i = 0; i < cli->operand_count; i++)
			publish(cli, share, options, cli->operands[i]);
	if (code != NOTE_OK)
		cli_fail(cli, options->into, &err);
	share_close(share);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct cli cli;
	struct options options = {.on_conflict = SHARE_FAIL, .keep = NO_KEEP};
	int status;
	const struct option_spec specs[] = {
		{"into", 0, OPTION_TEXT, "SHARE", &options.into,
		 "the share: a directory, made where it is not there, or s3://BUCKET/PREFIX", NULL,
		 NULL},
		{"on-conflict", 0, OPTION_CHOICE, "fail|keep|replace", &options.on_conflict,
		 "other files are there: fail, keep these, or replace the package of that name",
		 NULL, NULL},
		{"manifest", 0, OPTION_TEXT, "FILE", &options.manifest,
		 "the manifest of the split tree", NULL, NULL},
		{"package", 0, OPTION_TEXT, "N-V-R.A", &options.package,
		 "the package's name, where nothing else tells it", NULL, NULL},
		{"root", 0, OPTION_TEXT, "DIR", &options.root,
		 "the tree of a manifest that is INPUT (the directory that it lies in)", NULL,
		 NULL},
		{"sections", 0, OPTION_CALL, "LIST", &options.sections,
		 "serve these sections alone, too: names, separated by commas", NULL,
		 publish_take_sections},
		{"remove", 0, OPTION_LIST, "PACKAGE", &options.remove,
		 "take PACKAGE out, and what no other package holds", NULL, NULL},
		{"keep", 0, OPTION_NUMBER, "N", &options.keep,
		 "remove all but the N newest releases of each package", NULL, NULL},
		{"list", 0, OPTION_FLAG, NULL, &options.list, "print the packages", NULL, NULL},
		{"check", 0, OPTION_FLAG, NULL, &options.check,
		 "prove every file by its digest and build-id, and every link", NULL, NULL},
		{"repair", 0, OPTION_FLAG, NULL, &options.repair,
		 "with --check: mend what can be mended first, and say what is lost", NULL, NULL},
		{"header", 0, OPTION_CALL, "HEADER", &options.headers,
		 "in an object store: what new objects are told with, 'NAME: VALUE'; may be "
		 "repeated",
		 NULL, publish_take_header},
		{"encoding", 0, OPTION_CHOICE, "none|gzip|zstd", &options.encoding,
		 "in an object store: contents are stored encoded, and told so", NULL, NULL},
		EXPANSION_OPTION,
		{"dry-run", 0, OPTION_FLAG, NULL, &options.dry_run,
		 "tell what would come or go, and leave the packages as they are", NULL, NULL},
		NO_SYNC_OPTION(&options.no_sync),
		{"links", 0, OPTION_CHOICE, "link|copy", &options.copies,
		 "a new share in a directory: of links, or of plain files for file systems "
		 "without",
		 NULL, NULL},
		{"shared", 0, OPTION_CALL, "group|all|0NNN", &options.shared,
		 "open a directory to the group, to all, or by the mode of its files", NULL,
		 publish_take_shared},
	};
	if (!cli_parse(&cli, command, specs, sizeof(specs) / sizeof(specs[0]), argc, argv, &status))
		goto out;
	status = judge_usage(&cli, &options);
	if (status == EXIT_DONE) {
		const struct share_hooks hooks = {.say = say,
						  .progress = progress,
						  .sources = list_sources,
						  .sections = &options.sections,
						  .headers = &options.headers,
						  .encoding = encodings[options.encoding],
						  .shared = options.shared,
						  .no_sync = options.no_sync,
						  .copies = options.copies != 0,
						  .dry_run = options.dry_run,
						  .context = &cli,
						  .jobs = cli.jobs};
		work(&cli, &options, &hooks);
		status = cli_finish(&cli);
	}
out:
	strings_free(&options.remove);
	strings_free(&options.sections);
	strings_free(&options.headers);
	return status;
}

const struct command publish_command = {
	"publish",
	"Bring split packages into a share that debuggers and debuginfod clients read",
	"--into=SHARE [OPTION]... ROOT|MANIFEST|DEB|RPM...\n"
	"--into=SHARE --remove=PACKAGE | --keep=N | --list | --check",
	"pkgnote publish --into=/srv/debug --manifest=hello.json buildroot",
	run,
};
