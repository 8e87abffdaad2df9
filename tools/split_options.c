/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/split_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* True where VALUE, of option NAME, is NULL, "none" or a number, as dwz takes limits. */
static bool check_limit(struct cli *cli, const char *name, const char *value)
{
	if (value == NULL || strcmp(value, "none") == 0 ||
	    (value[0] != '\0' && strspn(value, "0123456789") == strlen(value)))
		return true;
	cli_usage(cli, "--%s wants a number or none, not '%s'", name, value);
	return false;
}

/* A word of its own, or a pattern that a path, which begins with '/', can match. */
static bool check_symtabs(struct cli *cli, const struct strings *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->items[i];
		if (strcmp(word, SYMTAB_ALL) == 0 || strcmp(word, SYMTAB_LIBRARIES) == 0 ||
		    (word[0] != '\0' && strchr("/*?[\\", word[0]) != NULL))
			continue;
		cli_usage(cli,
			  "--keep-symtab wants all, libs or a pattern for paths that begin "
			  "with '/', not '%s'",
			  word);
		return false;
	}
	return true;
}

/* A name can have a newline in it: one NUL in the file, and NULs are what ends patterns. */
static bool read_patterns(struct cli *cli, struct strings *patterns, const char *path)
{
	const bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	struct text text = {0};
	char buffer[65536];
	size_t got;
	while (file != NULL && (got = fread(buffer, 1, sizeof(buffer), file)) > 0)
		text_add(&text, buffer, got);
	const bool good = file != NULL && !ferror(file);
	if (!good)
		cli_usage(cli, "--exclude-from=%s: %s", path, strerror(errno));
	if (file != NULL && !is_stdin)
		fclose(file);
	const char end = text.size != 0 && memchr(text.data, '\0', text.size) != NULL ? '\0' : '\n';
	for (size_t at = 0; good && at < text.size;) {
		const char *stop = memchr(text.data + at, end, text.size - at);
		const size_t length =
			stop != NULL ? (size_t)(stop - text.data) - at : text.size - at;
		if (length != 0)
			strings_take(patterns, strndup(text.data + at, length));
		at += length + 1;
	}
	text_free(&text);
	return good;
}

bool split_arguments_check(struct cli *cli, struct split_arguments *a)
{
	for (size_t i = 0; i < a->exclude_from.count; i++)
		if (!read_patterns(cli, &a->exclude, a->exclude_from.items[i]))
			return false;
	if (a->stamp == STAMP_NOTHING &&
	    (a->metadata.pairs.count != 0 || a->metadata.payload != NULL ||
	     a->metadata.from.count != 0)) {
		cli_usage(cli, "METADATA options go with --stamp");
		return false;
	}
	return check_limit(cli, "dwz-low-mem-die-limit", a->dwz_limits.low_memory) &&
	       check_limit(cli, "dwz-max-die-limit", a->dwz_limits.most) &&
	       check_symtabs(cli, &a->keep_symtab);
}

static void tell_waiting(void *context)
{
	const struct split_teller *teller = context;
	cli_say(teller->cli, NULL, "another run works on this tree: waiting for it");
}

void split_arguments_fill(struct split_options *options, struct split_teller *teller,
			  const struct split_arguments *a, const struct cli *cli)
{
	options->maps = &a->maps;
	options->only = &a->only;
	options->exclude = &a->exclude;
	options->leave_refused = a->leave_refused;
	options->add_build_id = a->add_build_id;
	options->keep_symtab = &a->keep_symtab;
	options->keep_sections = &a->keep_sections;
	options->remove_sections = &a->remove_sections;
	options->compression = (enum compression)a->compress;
	options->minidebuginfo = a->minidebuginfo;
	options->reloc_debug = a->reloc_debug;
	options->gdb_index = a->gdb_index;
	options->dwz = a->dwz < 0 ? DWZ_NONE : a->dwz == 0 ? DWZ_SINGLE : DWZ_MULTI;
	options->dwz_limits = a->dwz_limits;
	options->digests = cli->json || a->manifest != NULL;
	options->stamp_only = a->stamp == STAMP_ONLY;
	options->jobs = cli->jobs;
	options->waiting = tell_waiting;
	teller->strict_debug = a->strict == STRICT_ALL;
	teller->strict_build_id = a->strict == STRICT_ALL || a->strict == STRICT_BUILD_ID;
	teller->strict_sources = a->strict == STRICT_ALL || a->strict == STRICT_SOURCES;
}

void split_arguments_report(struct cli *cli, const struct split_arguments *a,
			    const struct manifest *manifest)
{
	struct note_error err;
	char *json = NULL;
	if (cli->json || a->manifest != NULL)
		json = manifest_to_json(manifest);
	if (a->manifest != NULL &&
	    output_write(a->manifest, json, strlen(json), !a->no_sync, &err) != NOTE_OK)
		cli_fail(cli, a->manifest, &err);
	if (cli->json)
		fputs(json, stdout);
	free(json);
}

bool split_output_directory(struct cli *cli, const char *directory)
{
	char *path = xstrdup(directory);
	for (char *slash = path; slash != NULL;) {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		if (path[0] != '\0' && mkdir(path, 0777) != 0 && errno != EEXIST)
			break;
		if (slash != NULL)
			*slash = '/';
	}
	free(path);
	struct stat st;
	int why = stat(directory, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	if (why == 0 && access(directory, W_OK | X_OK) != 0)
		why = errno;
	if (why != 0)
		cli_failf(cli, directory, "lists cannot be written there: %s", strerror(why));
	return why == 0;
}

void split_arguments_free(struct split_arguments *a)
{
	strings_free(&a->maps);
	strings_free(&a->only);
	strings_free(&a->exclude);
	strings_free(&a->exclude_from);
	strings_free(&a->keep_symtab);
	strings_free(&a->keep_sections);
	strings_free(&a->remove_sections);
	metadata_free(&a->metadata);
}
