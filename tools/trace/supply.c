/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/trace/supply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/fetch/gather.h"
#include "tools/fetch/resolve.h"

#define MOST_SOURCE (16u << 20)

static bool wants_file(const struct trace_module *module, bool executables)
{
	return executables && module->hex != NULL && !module->here;
}

static bool wants_debug(const struct trace_module *module)
{
	return module->hex != NULL && !module->debug_here;
}

/* The kernel's own is in no package, and no server has it. */
static bool is_kernels(const struct trace_module *module)
{
	return module->path != NULL && module->path[0] == '[';
}

bool supply_is_needed(const struct trace_modules *modules, bool executables)
{
	for (size_t i = 0; i < modules->count; i++)
		if (!is_kernels(&modules->items[i]) &&
		    (wants_file(&modules->items[i], executables) ||
		     wants_debug(&modules->items[i])))
			return true;
	return false;
}

/* eu-stack finds the files themselves by their build-ids. */
static int link_executable(const char *dir, const struct gathered *item, struct note_error *err)
{
	char *folder = xasprintf("%s/.build-id", dir);
	char *below = xasprintf("%s/%.2s", folder, item->hex);
	char *link = xasprintf("%s/%s", below, item->hex + 2);
	char *target = realpath(item->into, NULL);
	int code = NOTE_OK;
	if ((mkdir(folder, 0777) != 0 && errno != EEXIST) ||
	    (mkdir(below, 0777) != 0 && errno != EEXIST) || target == NULL ||
	    (strcmp(target, link) != 0 && symlink(target, link) != 0 && errno != EEXIST))
		code = error_system(err, "%s", link);
	free(target);
	free(link);
	free(below);
	free(folder);
	return code;
}

static struct trace_module *module_of(struct trace_modules *modules, const char *hex)
{
	for (size_t i = 0; i < modules->count; i++)
		if (modules->items[i].hex != NULL && strcmp(modules->items[i].hex, hex) == 0)
			return &modules->items[i];
	return NULL;
}

static int take_gathered(struct trace_modules *modules, const char *dir,
			 const struct gathered *item, struct note_error *err)
{
	struct trace_module *module = module_of(modules, item->hex);
	if (item->artifact == ARTIFACT_EXECUTABLE && item->into != NULL)
		return link_executable(dir, item, err);
	if (module == NULL || item->into != NULL || item->artifact != ARTIFACT_DEBUGINFO)
		return NOTE_OK;
	free(module->lack);
	module->lack = xasprintf("debug information: %s: %s", outcome_word(item->answer.outcome),
				 item->answer.reason);
	return NOTE_OK;
}

static int gather_some(struct client *client, struct trace_modules *modules, const char *dir,
		       bool files, bool executables, struct note_error *err)
{
	struct subjects subjects = {0};
	struct gathering gathering = {0};
	subjects.items = xcalloc(modules->count + 1, sizeof(*subjects.items));
	for (size_t i = 0; i < modules->count; i++) {
		const struct trace_module *module = &modules->items[i];
		const bool file = wants_file(module, executables);
		if (!is_kernels(module) && (files ? file : !file && wants_debug(module)))
			subjects.items[subjects.count++] = (struct subject){
				.name = xstrdup(module->path != NULL ? module->path : "?"),
				.path = module->path != NULL ? xstrdup(module->path) : NULL,
				.hex = xstrdup(module->hex)};
	}
	int code = subjects.count == 0 ? NOTE_OK
				       : gather(client, &subjects, dir, GATHER_NONE, files, false,
						true, &gathering, err);
	for (size_t i = 0; code == NOTE_OK && i < gathering.count; i++)
		code = take_gathered(modules, dir, &gathering.items[i], err);
	gathering_free(&gathering);
	subjects_free(&subjects);
	return code;
}

int supply(struct client *client, struct trace_modules *modules, const char *dir, bool executables,
	   struct note_error *err)
{
	const int code = gather_some(client, modules, dir, true, executables, err);
	return code != NOTE_OK ? code : gather_some(client, modules, dir, false, executables, err);
}

/* --- sources --- */

/* A source of a module, or why it is not there. */
struct source {
	struct trace_module *module;
	const char *file; /* the frame's */
	char *text;       /* all of it, or NULL */
	size_t size;
};

static bool read_text(struct source *source, const char *path)
{
	struct stat st;
	FILE *in = fopen(path, "re");
	if (in == NULL)
		return false;
	if (fstat(fileno(in), &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MOST_SOURCE) {
		source->text = xmalloc((size_t)st.st_size + 1);
		source->size = fread(source->text, 1, (size_t)st.st_size, in);
	}
	fclose(in);
	return source->text != NULL;
}

/* By its server's copy, which is the one that was compiled. */
static void fetch_source(struct client *client, struct source *source, struct note_error *err)
{
	struct trace_module *module = source->module;
	struct subject subject = {module->path, module->here ? module->path : NULL, module->hex};
	struct client_answer answer;
	char *path = source->file[0] == '/' ? xstrdup(source->file)
					    : resolve_source(client, &subject, source->file, err);
	if (path == NULL)
		return;
	client_fetch(client, ARTIFACT_SOURCE, module->hex, path, &answer);
	if (answer.outcome == OUTCOME_FOUND)
		read_text(source, answer.path);
	else
		error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "%s: %s", outcome_word(answer.outcome),
			  answer.reason);
	client_answer_free(&answer);
	free(path);
}

static void read_source(struct client *client, struct source *source, struct strings *why)
{
	struct note_error error;
	error_set(&error, NOTE_ABSENT, NOTE_NO_OFFSET,
		  "not on this machine, and no server is named");
	if (client != NULL && client_server_count(client) != 0 && source->module->hex != NULL)
		fetch_source(client, source, &error);
	if (source->text == NULL && source->file[0] == '/')
		read_text(source, source->file);
	if (source->text == NULL)
		strings_take(why, xasprintf("%s: %s", source->file, error.text));
}

/* Line number LINE of it, for free(), or NULL. */
static char *line_of(const struct source *source, unsigned line)
{
	const char *at = source->text, *end = source->text + source->size;
	for (unsigned i = 1; at != NULL && i < line; i++) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at != NULL ? at + 1 : NULL;
	}
	if (at == NULL || at == end)
		return NULL;
	const char *stop = memchr(at, '\n', (size_t)(end - at));
	return strndup(at, (size_t)((stop != NULL ? stop : end) - at));
}

void supply_sources(struct client *client, const struct trace_modules *modules,
		    struct stacks *stacks, struct strings *why)
{
	struct source *sources = xcalloc(stacks->count + 1, sizeof(*sources));
	size_t count = 0;
	for (size_t i = 0; i < stacks->count; i++) {
		struct frame *frame = &stacks->items[i];
		struct trace_module *module =
			trace_modules_find(modules, frame->address - (frame->is_return ? 1 : 0));
		size_t at = 0;
		if (frame->file == NULL || module == NULL)
			continue;
		while (at < count &&
		       (sources[at].module != module || strcmp(sources[at].file, frame->file) != 0))
			at++;
		if (at == count) {
			sources[count++] = (struct source){.module = module, .file = frame->file};
			read_source(client, &sources[at], why);
		}
		if (sources[at].text != NULL)
			frame->source = line_of(&sources[at], frame->line);
	}
	for (size_t i = 0; i < count; i++)
		free(sources[i].text);
	free(sources);
}
