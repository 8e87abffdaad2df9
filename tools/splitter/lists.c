/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/lists.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/splitter/inputs/inputs.h"
#include "tools/splitter/layout.h"

/* What lies in the debug tree, all absolute below ROOT, in the order of a walk. */
struct debug_tree {
	const struct lists_options *options;
	struct strings directories;
	struct strings lines;   /* files and links: the lines of the main list */
	struct strings links;   /* symbolic links outside .build-id */
	struct strings targets; /* and where each leads */
	struct strings sources; /* right below /usr/src/debug */
	bool *taken;            /* for each line: a choice has it */
};

static bool visit_debug(void *context, const struct entry *entry, bool *descend)
{
	struct debug_tree *tree = context;
	const size_t root = strlen(tree->options->debug_root);
	(void)descend;
	char *path = xasprintf("/%s", entry->path);
	if (entry->kind == ENTRY_DIRECTORY) {
		strings_take(&tree->directories, path);
		return true;
	}
	const bool is_id = strncmp(entry->path + root, "/.build-id/", 11) == 0;
	if (entry->kind == ENTRY_LINK && !is_id) {
		char *target = symlink_resolve(tree->options->root, entry->path);
		strings_add(&tree->links, path);
		strings_take(&tree->targets, xasprintf("/%s", target != NULL ? target : ""));
		free(target);
	}
	strings_take(&tree->lines, path);
	return true;
}

static bool visit_sources(void *context, const struct entry *entry, bool *descend)
{
	struct debug_tree *tree = context;
	if (!root_is_temporary(entry->path)) /* what a killed run left */
		strings_take(&tree->sources, xasprintf("/%s", entry->path));
	*descend = false;
	return true;
}

static int read_tree(struct debug_tree *tree, struct note_error *err)
{
	const struct lists_options *options = tree->options;
	strings_take(&tree->directories, xasprintf("/%s", options->debug_root));
	int code =
		root_walk(options->root, options->debug_root, false, visit_debug, NULL, tree, err);
	if (code == NOTE_ABSENT) {
		strings_free(&tree->directories);
		code = NOTE_OK;
	}
	if (code == NOTE_OK)
		code = root_walk(options->root, "usr/src/debug", false, visit_sources, NULL, tree,
				 err);
	if (code == NOTE_ABSENT)
		code = NOTE_OK;
	for (size_t i = 0; options->sources_output == NULL && i < tree->sources.count; i++)
		strings_add(&tree->lines, tree->sources.items[i]);
	tree->taken = xcalloc(tree->lines.count, sizeof(*tree->taken));
	return code;
}

static void free_tree(struct debug_tree *tree)
{
	strings_free(&tree->directories);
	strings_free(&tree->lines);
	strings_free(&tree->links);
	strings_free(&tree->targets);
	strings_free(&tree->sources);
	free(tree->taken);
}

/* --- text --- */

/* What would mean something in a name that is not quoted, or in any. */
#define SPACES   " \t\v\f"
#define SPECIALS "\"\n\r{}\\%*?["

/*
 * rpm expands macros in a line, takes what it then reads between quotes or white space for a name,
 * and one without quotes for a pattern (rpm-spec(7), glob(7)). A class of one character stands for
 * each that would mean something; for those that no class can hold, because a quote, a brace or
 * white space is looked for before the pattern is, "?" has to do.
 */
static void add_pattern(struct text *text, const char *path)
{
	for (; *path != '\0'; path++) {
		if (strchr("\"\n\r{}\\" SPACES, *path) != NULL)
			text_puts(text, "?");
		else if (strchr(SPECIALS, *path) != NULL)
			text_printf(text, "[%s%c]", *path == '%' ? "%" : "", *path);
		else
			text_add(text, path, 1);
	}
}

static void add_line(struct text *text, const char *before, const char *path)
{
	text_puts(text, before);
	if (path[strcspn(path, SPECIALS)] != '\0') {
		add_pattern(text, path);
		text_puts(text, "\n");
	} else {
		const char *quote = path[strcspn(path, SPACES)] != '\0' ? "\"" : "";
		text_printf(text, "%s%s%s\n", quote, path, quote);
	}
}

static int write_list(const struct lists_options *options, const char *name,
		      const struct text *text, struct note_error *err)
{
	char *path = name[0] == '/' ? xstrdup(name) : xasprintf("%s/%s", options->directory, name);
	struct note_error why;
	int code = output_write(path, text->data, text->size, options->sync, &why);
	if (code != NOTE_OK)
		code = error_set(err, code, NOTE_NO_OFFSET, "write list %s: %s", path, why.text);
	free(path);
	return code;
}

/* --- choosing --- */

/* A line of a %files list without its directives ("%attr(...)", "%dir") and quotes. */
static char *bare_path(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	while (*line == '%') {
		line++;
		while (islower((unsigned char)*line) || isdigit((unsigned char)*line) ||
		       *line == '_')
			line++;
		if (*line == '(')
			line += strcspn(line, ")") + (strchr(line, ')') != NULL ? 1 : 0);
		line += strspn(line, " \t");
	}
	if (*line == '"') {
		line++;
		line[strcspn(line, "\"")] = '\0';
	}
	return line;
}

static void take_line(struct debug_tree *tree, const char *path)
{
	for (size_t i = 0; i < tree->lines.count; i++)
		if (strcmp(tree->lines.items[i], path) == 0)
			tree->taken[i] = true;
}

/* The debug file of a shipped file, and the links that lead to it. */
static void take_debug_file(struct debug_tree *tree, const char *path)
{
	char *below = layout_debug_file(tree->options->debug_root, path + 1, tree->options->suffix);
	char *debug = xasprintf("/%s", below);
	char *package = xasprintf("%s.dwp", debug); /* split DWARF */
	take_line(tree, debug);
	take_line(tree, package);
	free(package);
	free(below);
	for (size_t i = 0; i < tree->links.count; i++)
		if (strcmp(tree->targets.items[i], debug) == 0)
			take_line(tree, tree->links.items[i]);
	free(debug);
}

static int choose_by_list(struct debug_tree *tree, const char *name, struct note_error *err)
{
	char *path =
		name[0] == '/' ? xstrdup(name) : xasprintf("%s/%s", tree->options->directory, name);
	char *line = NULL;
	size_t room = 0;
	int code = NOTE_OK;
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		code = error_system(err, "read list %s", path);
	} else {
		while (getline(&line, &room, file) > 0) {
			const char *listed = bare_path(line);
			if (listed[0] == '/')
				take_debug_file(tree, listed);
		}
		if (ferror(file))
			code = error_system(err, "read list %s", path);
		fclose(file);
	}
	free(line);
	free(path);
	return code;
}

static int choose_by_pattern(struct debug_tree *tree, const char *pattern, struct note_error *err)
{
	regex_t regex;
	char *whole = xasprintf("^(%s)$", pattern);
	const int failed = regcomp(&regex, whole, REG_EXTENDED | REG_NOSUB);
	free(whole);
	if (failed != 0)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "'%s' is no regular expression",
				 pattern);
	for (size_t i = 0; i < tree->lines.count; i++)
		if (regexec(&regex, tree->lines.items[i], 0, NULL, 0) == 0)
			tree->taken[i] = true;
	regfree(&regex);
	return NOTE_OK;
}

/* Adds a %dir line for each directory of the debug tree that has one of LINES in or below it. */
static void add_directories(struct text *text, const struct debug_tree *tree,
			    const struct strings *lines)
{
	for (size_t i = 0; i < tree->directories.count; i++) {
		const char *directory = tree->directories.items[i];
		const size_t length = strlen(directory);
		for (size_t j = 0; j < lines->count; j++)
			if (strncmp(lines->items[j], directory, length) == 0 &&
			    lines->items[j][length] == '/') {
				add_line(text, "%dir ", directory);
				break;
			}
	}
}

/* Writes the lines that are TAKEN (or not) now and were not before. */
static int write_lines(const struct debug_tree *tree, const bool *wanted, const char *name,
		       struct note_error *err)
{
	struct strings lines = {0};
	struct text text = {0};
	for (size_t i = 0; i < tree->lines.count; i++)
		if (wanted[i])
			strings_add(&lines, tree->lines.items[i]);
	if (tree->options->choice_count != 0)
		add_directories(&text, tree, &lines);
	for (size_t i = 0; tree->options->choice_count == 0 && i < tree->directories.count; i++)
		add_line(&text, "%dir ", tree->directories.items[i]);
	for (size_t i = 0; i < lines.count; i++)
		add_line(&text, "", lines.items[i]);
	int code = write_list(tree->options, name, &text, err);
	strings_free(&lines);
	text_free(&text);
	return code;
}

static int write_choices(struct debug_tree *tree, struct note_error *err)
{
	const struct lists_options *options = tree->options;
	bool *wanted = xcalloc(tree->lines.count, sizeof(*wanted));
	bool *before = xcalloc(tree->lines.count, sizeof(*before));
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < options->choice_count; i++) {
		const struct list_choice *choice = &options->choices[i];
		memcpy(before, tree->taken, tree->lines.count * sizeof(*before));
		for (size_t j = 0; code == NOTE_OK && j < choice->lists.count; j++)
			code = choose_by_list(tree, choice->lists.items[j], err);
		if (code == NOTE_OK && choice->pattern != NULL)
			code = choose_by_pattern(tree, choice->pattern, err);
		for (size_t j = 0; j < tree->lines.count; j++)
			wanted[j] = tree->taken[j] && !before[j];
		if (code == NOTE_OK)
			code = write_lines(tree, wanted, choice->output, err);
	}
	for (size_t j = 0; j < tree->lines.count; j++)
		wanted[j] = !tree->taken[j];
	if (code == NOTE_OK)
		code = write_lines(tree, wanted, options->output, err);
	free(wanted);
	free(before);
	return code;
}

static int write_facts(const struct debug_tree *tree, const struct manifest *manifest,
		       struct note_error *err)
{
	const struct lists_options *options = tree->options;
	struct text binaries = {0};
	struct text links = {0};
	struct text tops = {0};
	struct text sources = {0};
	struct strings relative = {0};
	const size_t prefix = strlen(options->sources) + 2; /* both slashes */
	for (size_t i = 0; i < manifest->file_count; i++) {
		const struct manifest_file *file = &manifest->files[i];
		if (file->debug_path != NULL)
			text_printf(&binaries, "./%s\n", file->path);
		for (size_t j = 0; j < file->sources.count; j++)
			strings_add(&relative, file->sources.items[j] + prefix);
	}
	/* As find-debuginfo has them: cpio makes a directory of each. */
	for (size_t i = 0; i < manifest->compiled_in.count; i++)
		if (strlen(manifest->compiled_in.items[i]) > prefix)
			strings_take(&relative,
				     xasprintf("%s/", manifest->compiled_in.items[i] + prefix));
	strings_sort(&relative);
	for (size_t i = 0; i < relative.count; i++)
		if (i == 0 || strcmp(relative.items[i], relative.items[i - 1]) != 0)
			text_add(&sources, relative.items[i], strlen(relative.items[i]) + 1);
	for (size_t i = 0; i < tree->links.count; i++)
		text_printf(&links, "%s %s\n", tree->links.items[i], tree->targets.items[i]);
	for (size_t i = 0; i < tree->sources.count; i++)
		add_line(&tops, "", tree->sources.items[i]);
	int code = write_list(options, "elfbins.list", &binaries, err);
	if (code == NOTE_OK)
		code = write_list(options, "debuglinks.list", &links, err);
	if (code == NOTE_OK)
		code = write_list(options, "debugsources.list", &sources, err);
	if (code == NOTE_OK && options->sources_output != NULL)
		code = write_list(options, options->sources_output, &tops, err);
	strings_free(&relative);
	text_free(&binaries);
	text_free(&links);
	text_free(&tops);
	text_free(&sources);
	return code;
}

int lists_write(const struct lists_options *options, const struct manifest *manifest,
		struct note_error *err)
{
	struct debug_tree tree = {.options = options};
	int code = read_tree(&tree, err);
	if (code == NOTE_OK)
		code = write_choices(&tree, err);
	if (code == NOTE_OK)
		code = write_facts(&tree, manifest, err);
	free_tree(&tree);
	return code;
}
