/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/flags/script.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/flags/quote.h"

/* As in page-one.ld, which is installed. */
static const char page_one[] = "SECTIONS { .note.package : { KEEP(*(.note.package)) } } INSERT "
			       "AFTER .note.gnu.build-id;\n";

void script_specs(struct text *text, const char *path)
{
	/* The one spec of gcc's link that is the same on all ELF targets, "%D": set, not added to.
	 * ld -r lays nothing out. */
	text_puts(text, "*link_libgcc:\n%D %{!r:-T ");
	quote_spec(text, path);
	text_puts(text, "}\n\n");
}

/* NAME with BYTES, as an absolute path; NULL, and ERR, where that fails. */
static char *write_beside(char *name, const char *bytes, size_t size, struct note_error *err)
{
	char *path = NULL;
	if (output_write(name, bytes, size, true, err) == NOTE_OK) {
		path = realpath(name, NULL);
		if (path == NULL)
			error_system(err, NULL);
	}
	free(name);
	return path;
}

static bool write_own(struct script *script, const char *out, struct note_error *err)
{
	struct text text = {0};
	script->own = true;
	script->path = write_beside(xasprintf("%s.ld", out), page_one, sizeof(page_one) - 1, err);
	if (script->path == NULL)
		return false;
	if (quote_fits_specs(script->path)) {
		script_specs(&text, script->path);
		script->specs =
			write_beside(xasprintf("%s.ld.specs", out), text.data, text.size, err);
	}
	text_free(&text);
	return script->specs != NULL || quote_fits_specs(script->path) == false;
}

/* Where the command lies: in a build tree, share/pkgnote is below it, installed beside its
 * directory. */
static bool find_installed(struct script *script)
{
	static const char *const places[] = {"share/pkgnote", "../share/pkgnote"};
	char *exe = realpath("/proc/self/exe", NULL);
	char *slash = exe != NULL ? strrchr(exe, '/') : NULL;
	if (slash != NULL)
		*slash = '\0';
	for (size_t i = 0; slash != NULL && i < 2 && script->path == NULL; i++) {
		char *name = xasprintf("%s/%s/page-one.ld", exe, places[i]);
		script->path = realpath(name, NULL);
		free(name);
		name = xasprintf("%s/%s/page-one.specs", exe, places[i]);
		script->specs = realpath(name, NULL);
		free(name);
	}
	free(exe);
	return script->path != NULL;
}

bool script_get(struct script *script, const char *out, struct note_error *err)
{
	*script = (struct script){0};
	return out != NULL ? write_own(script, out, err) : find_installed(script);
}

static void cut(struct strings *words, size_t count)
{
	while (words->count > count)
		free(words->items[--words->count]);
}

static void add_script(struct strings *words, const char *path)
{
	strings_add(words, "-Xlinker");
	strings_add(words, "-T");
	strings_add(words, "-Xlinker");
	strings_add(words, path);
}

static bool arrives_twice(struct trial *trial, const struct strings *words)
{
	struct strings twice = {0};
	for (size_t i = 0; i < 2 * words->count; i++)
		strings_add(&twice, words->items[i % words->count]);
	const bool good = trial_both(trial, &twice) == ARRIVED;
	strings_free(&twice);
	return good;
}

bool script_add(const struct script *script, struct trial *trial, bool specs, struct strings *words,
		bool *once)
{
	const size_t before = words->count;
	*once = false;
	if (specs && script->specs != NULL) {
		strings_take(words, xasprintf("-specs=%s", script->specs));
		if (arrives_twice(trial, words))
			return true;
		cut(words, before);
	}
	add_script(words, script->path);
	*once = !arrives_twice(trial, words);
	if (!*once || trial_both(trial, words) == ARRIVED)
		return true;
	cut(words, before);
	return false;
}

void script_tidy(const struct script *script, const struct strings *words)
{
	bool named = false;
	if (!script->own)
		return;
	for (size_t i = 0; words != NULL && script->specs != NULL && i < words->count; i++)
		named = named || (strncmp(words->items[i], "-specs=", 7) == 0 &&
				  strcmp(words->items[i] + 7, script->specs) == 0);
	if (script->specs != NULL && !named)
		unlink(script->specs);
	if (script->path != NULL && words == NULL)
		unlink(script->path);
}

void script_free(struct script *script)
{
	free(script->path);
	free(script->specs);
	*script = (struct script){0};
}
