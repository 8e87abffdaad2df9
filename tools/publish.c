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
#include "tools/base/root.h"
#include "tools/commands.h"
#include "tools/share/share.h"

struct options {
	const char *into;
	int on_conflict;
	const char *manifest;
	const char *package;
	const char *root;
};

static void say(void *context, const char *file, const char *message)
{
	cli_say(context, file, "%s", message);
}

static void progress(void *context, uint64_t done, uint64_t total)
{
	cli_progress(context, done, total, "files");
}

/* --- results --- */

static void put(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add(object, key, value);
}

static void print_json(const struct share_added *added)
{
	struct json_object *object = json_object_new_object();
	char *name = name_to_utf8(added->package);
	put(object, "package", json_object_new_string(name));
	put(object, "result", json_object_new_string(added->unchanged ? "unchanged" : "added"));
	put(object, "buildIds", json_object_new_int64((int64_t)added->build_ids));
	put(object, "sources", json_object_new_int64((int64_t)added->sources));
	put(object, "bytes", json_object_new_int64((int64_t)added->bytes));
	put(object, "newBytes", json_object_new_int64((int64_t)added->new_bytes));
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	free(name);
}

static void print(const struct cli *cli, const struct share_added *added)
{
	if (cli->json) {
		print_json(added);
		return;
	}
	char *name = name_to_line(added->package);
	printf("%s: %s, %llu build-ids, %llu sources, %llu bytes (%llu new)\n", name,
	       added->unchanged ? "unchanged" : "added", (unsigned long long)added->build_ids,
	       (unsigned long long)added->sources, (unsigned long long)added->bytes,
	       (unsigned long long)added->new_bytes);
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

/* One INPUT: a split tree, or a manifest whose tree is --root or the directory that it lies in. */
static int publish(struct cli *cli, struct share *share, const struct options *options,
		   const char *input)
{
	struct manifest manifest = {0};
	struct share_added added = {0};
	struct note_error err = {0};
	struct stat st;
	int code = NOTE_OK;
	char *tree = xstrdup(input);
	const char *file = options->manifest;
	if (stat(input, &st) != 0)
		code = error_system(&err, "open");
	if (code == NOTE_OK && !S_ISDIR(st.st_mode)) {
		free(tree);
		tree = options->root != NULL ? xstrdup(options->root) : directory_of(input);
		file = input;
	}
	if (code == NOTE_OK && file != NULL)
		code = read_manifest(file, &manifest, &err);
	if (code == NOTE_OK)
		code = share_add_tree(share, tree, file != NULL ? &manifest : NULL,
				      options->package, (enum share_conflict)options->on_conflict,
				      &added, &err);
	cli_progress_end(cli);
	if (code == NOTE_OK)
		print(cli, &added);
	else
		cli_fail(cli, input, &err);
	share_added_free(&added);
	manifest_free(&manifest);
	free(tree);
	return code;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct cli cli;
	struct options options = {.on_conflict = SHARE_FAIL};
	struct share *share;
	struct note_error err;
	int status;
	const struct option_spec specs[] = {
		{"into", 0, OPTION_TEXT, "SHARE", &options.into,
		 "the share: a directory, made where it is not there", NULL, NULL},
		{"on-conflict", 0, OPTION_CHOICE, "fail|keep", &options.on_conflict,
		 "another file for a build-id that is there: fail, or keep that one", NULL, NULL},
		{"manifest", 0, OPTION_TEXT, "FILE", &options.manifest,
		 "the manifest of the split tree", NULL, NULL},
		{"package", 0, OPTION_TEXT, "N-V-R.A", &options.package,
		 "the package's name, where no manifest or package note tells it", NULL, NULL},
		{"root", 0, OPTION_TEXT, "DIR", &options.root,
		 "the tree of a manifest that is INPUT (the directory that it lies in)", NULL,
		 NULL},
	};
	if (!cli_parse(&cli, command, specs, sizeof(specs) / sizeof(specs[0]), argc, argv, &status))
		return status;
	if (options.into == NULL)
		return cli_usage(&cli, "--into=SHARE says where to");
	if (cli.operand_count == 0)
		return cli_usage(&cli, "nothing to publish");
	if (cli.operand_count > 1 && (options.manifest != NULL || options.package != NULL))
		return cli_usage(&cli, "--manifest and --package are for a single INPUT");
	const struct share_hooks hooks = {say, progress, &cli, cli.jobs};
	if (share_open(&share, options.into, &hooks, &err) != NOTE_OK) {
		cli_fail(&cli, options.into, &err);
		return cli_finish(&cli);
	}
	for (size_t i = 0; i < cli.operand_count; i++)
		publish(&cli, share, &options, cli.operands[i]);
	share_close(share);
	return cli_finish(&cli);
}

const struct command publish_command = {
	"publish",
	"Bring split packages into a share that debuggers and debuginfod clients read",
	"--into=SHARE [OPTION]... ROOT|MANIFEST...",
	"pkgnote publish --into=/srv/debug --manifest=hello.json buildroot",
	run,
};
