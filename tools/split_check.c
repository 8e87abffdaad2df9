/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/split_check.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/file.h"
#include "tools/base/manifest.h"
#include "tools/base/root/root.h"
#include "tools/splitter/check/check.h"
#include "tools/splitter/layout.h"

/* The option, among those that are shared with a split, that a check would not heed. */
static const char *find_useless(const struct split_arguments *a)
{
	return a->strict != STRICT_NOTHING        ? "strict"
	       : a->maps.count != 0               ? "map"
	       : a->add_build_id                  ? "add-build-id"
	       : a->keep_symtab.count != 0        ? "keep-symtab"
	       : a->keep_sections.count != 0      ? "keep-section"
	       : a->remove_sections.count != 0    ? "remove-section"
	       : a->compress != 0                 ? "compress"
	       : a->minidebuginfo                 ? "minidebuginfo"
	       : a->reloc_debug                   ? "reloc-debug"
	       : a->gdb_index                     ? "gdb-index"
	       : a->dwz >= 0                      ? "dwz"
	       : a->dwz_limits.low_memory != NULL ? "dwz-low-mem-die-limit"
	       : a->dwz_limits.most != NULL       ? "dwz-max-die-limit"
	       : a->no_sync                       ? "no-sync"
	       : a->stamp != STAMP_NOTHING        ? "stamp"
						  : NULL;
}

static bool check_arguments(struct cli *cli, const struct split_check_arguments *arguments)
{
	const char *useless = find_useless(arguments->common);
	const char *relative = NULL;
	for (size_t i = 0; i < arguments->build_dirs->count; i++)
		if (arguments->build_dirs->items[i][0] != '/')
			relative = arguments->build_dirs->items[i];
	if (useless != NULL)
		cli_usage(cli, "--%s is about a split, --check and --leaks look at one", useless);
	else if (cli->operand_count != 1)
		cli_usage(cli, "one ROOT is wanted, not %zu", cli->operand_count);
	else if (relative != NULL)
		cli_usage(cli, "--build-dir wants an absolute path, not '%s'", relative);
	else if (arguments->leaks && arguments->build_dirs->count == 0)
		cli_usage(cli, "--leaks looks for the name that --build-dir gives");
	else
		return split_arguments_check(cli, arguments->common);
	return false;
}

static void print_json(const char *path, const char *check, const char *text, uint64_t offset)
{
	char *name = name_to_utf8(path);
	char *detail = name_to_utf8(text);
	struct json_object *object = json_object_new_object();
	json_object_object_add(object, "path", json_object_new_string(name));
	json_object_object_add(object, "check", json_object_new_string(check));
	json_object_object_add(object, "detail", json_object_new_string(detail));
	json_object_object_add(object, "offset",
			       offset == NOTE_NO_OFFSET ? NULL
							: json_object_new_int64((int64_t)offset));
	printf("%s\n", json_object_to_json_string_ext(
			       object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	free(detail);
	free(name);
}

static void found_wanting(void *context, const char *path, const char *check, const char *text,
			  uint64_t offset)
{
	struct cli *cli = context;
	char *name = name_to_line(path);
	cli_wanting(cli);
	if (cli->json)
		print_json(path, check, text, offset);
	else if (offset == NOTE_NO_OFFSET)
		printf("%s: %s: %s\n", name, check, text);
	else
		printf("%s: %s: %s (offset %llu)\n", name, check, text, (unsigned long long)offset);
	free(name);
}

static void failed(void *context, const char *path, const struct note_error *err)
{
	cli_fail(context, path, err);
}

/* What --manifest names, which a check reads. */
static bool read_manifest(struct cli *cli, const char *path, struct manifest *manifest)
{
	struct note_error err;
	uint8_t *bytes = NULL;
	size_t size = 0;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		cli_failf(cli, path, "%m");
		return false;
	}
	int code = file_read(fd, &bytes, &size, &err);
	if (code == NOTE_OK)
		code = manifest_parse(manifest, (const char *)bytes, size, &err);
	if (code != NOTE_OK)
		cli_fail(cli, path, &err);
	free(bytes);
	close(fd);
	return code == NOTE_OK;
}

static void look(struct cli *cli, const struct split_check_arguments *arguments,
		 const struct manifest *manifest, const char *debug_root)
{
	struct root *root;
	struct note_error err;
	struct check_totals totals;
	const char *path = cli->operands[0];
	if (root_open(&root, path, &err) != NOTE_OK) {
		cli_fail(cli, path, &err);
		return;
	}
	const struct check_options options = {
		.root = root,
		.debug_root = debug_root,
		.build_dirs = arguments->build_dirs,
		.manifest = manifest,
		.debug = arguments->check,
		.leaks = arguments->leaks,
		.only = &arguments->common->only,
		.exclude = &arguments->common->exclude,
		.jobs = cli->jobs,
		.found = found_wanting,
		.fail = failed,
		.context = cli,
	};
	if (split_check(&options, &totals, &err) != NOTE_OK)
		cli_fail(cli, path, &err);
	else if (!cli->json && !cli->quiet)
		printf("%zu files, %zu with debug files; %zu wanting, %zu failed\n", totals.files,
		       totals.linked, totals.found, totals.failed);
	root_close(root);
}

void split_check_run(struct cli *cli, const struct split_check_arguments *arguments)
{
	struct manifest manifest = {0};
	const char *file = arguments->common->manifest;
	cli->status = EXIT_USAGE;
	if (!check_arguments(cli, arguments))
		return;
	char *debug_root = layout_below_root(arguments->debug_root);
	if (debug_root == NULL) {
		cli_usage(cli, "--debug-root wants an absolute path, not '%s'",
			  arguments->debug_root);
		return;
	}
	cli->status = EXIT_DONE;
	if (file == NULL || read_manifest(cli, file, &manifest))
		look(cli, arguments, file != NULL ? &manifest : NULL, debug_root);
	manifest_free(&manifest);
	free(debug_root);
}
