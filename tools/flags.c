/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pkgnote flags: the link-time way. What the linker makes of the flag is not believed but tried: a
 * program and a library are linked, and the note must be in them, byte for byte, in page one. Where
 * no form of --package-metadata passes, an object file with the note does the same everywhere.
 * Where the linker lays the note elsewhere (GNU ld since 2.44: behind .eh_frame), a linker script
 * puts it behind the build-id.
 *
 * The flag goes to the linker by -Xlinker, which, unlike -Wl, does not cut at commas.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/file.h"
#include "tools/base/metadata.h"
#include "tools/commands.h"
#include "tools/flags/quote.h"
#include "tools/flags/script.h"
#include "tools/flags/trial.h"

enum form { AS_ARGV, AS_SHELL, AS_MAKE, AS_SPECS, AS_CLANG_CONFIG, AS_RESPONSE, AS_OBJECT };
/* By the number of the choice: auto is the compiler's own. */
static const char *const linker_names[] = {"", "bfd", "gold", "lld", "mold"};

struct flags {
	struct cli cli;
	struct metadata metadata;
	char *payload;
	int form;
	int linker;
	struct trial trial;
	struct script script; /* where the linker wants one */
	const char *machine;
	const char *like;
	const char *out;
	bool misused; /* said already: the exit status is that of wrong usage */
};

/* The payload with all but letters and digits as %XX: what newer linkers decode. */
static char *percent_encoded(const char *payload)
{
	struct text text = {0};
	for (const char *p = payload; *p != '\0'; p++) {
		const bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
				   (*p >= '0' && *p <= '9');
		text_printf(&text, plain ? "%c" : "%%%02x", (unsigned char)*p);
	}
	return text.data;
}

/* Writes BYTES to NAME, as it is given. */
static bool write_out(struct flags *flags, const char *name, const void *bytes, size_t size)
{
	struct note_error err;
	const bool good = output_write(name, bytes, size, true, &err) == NOTE_OK;
	if (!good)
		cli_fail(&flags->cli, name, &err);
	return good;
}

#define SINCE_2_44 \
	"the linker lays the note outside page one (GNU ld does since 2.44), where no core has it"

/* WORDS bring the note across, but outside page one: what has the linker read a script is added to
 * them, if that helps. False, and said, where only stamp can. */
static bool put_right(struct flags *flags, struct strings *words)
{
	const bool specs = flags->form != AS_SPECS && flags->form != AS_CLANG_CONFIG;
	const char *out = flags->out != NULL && output_is_file(flags->out) ? flags->out : NULL;
	struct note_error err;
	bool once;
	if (!script_get(&flags->script, out, &err)) {
		if (out != NULL)
			cli_fail(&flags->cli, out, &err);
		else
			cli_failf(&flags->cli, NULL,
				  SINCE_2_44 "; a linker script puts it right, and -o FILE says "
					     "where (FILE.ld); or stamp what was linked");
		script_tidy(&flags->script, NULL);
		return false;
	}
	const bool good = script_add(&flags->script, &flags->trial, specs, words, &once);
	script_tidy(&flags->script, good ? words : NULL);
	if (good)
		cli_say(&flags->cli, flags->script.path,
			"puts the note into page one, where this linker does not by itself%s",
			once && specs ? "; ld takes it once in a link, not twice" : "");
	else
		cli_failf(&flags->cli, NULL,
			  SINCE_2_44 "; nothing that could be said to it helps: stamp what was "
				     "linked");
	return good;
}

/* --- proving --- */

/* The linker's own argument, the plain form first, in WORDS: how far the best of them got. *FITS is
 * false where the form of the output cannot hold one that would have done. */
static enum arrival prove_flag(struct flags *flags, struct strings *words, bool *fits)
{
	char *encoded = percent_encoded(flags->payload);
	const char *const values[] = {flags->payload, encoded};
	enum arrival best = NOT_LINKED;
	*fits = true;
	for (size_t i = 0; i < 2 && best < OUTSIDE_PAGE_ONE; i++) {
		struct strings more = {0};
		strings_add(&more, "-Xlinker");
		strings_take(&more, xasprintf("--package-metadata=%s", values[i]));
		if (flags->form == AS_SPECS && !quote_fits_specs(more.items[1])) {
			*fits = false;
			strings_free(&more);
			continue;
		}
		const enum arrival arrival = trial_both(&flags->trial, &more);
		if (arrival > best)
			best = arrival;
		if (arrival >= OUTSIDE_PAGE_ONE)
			*words = more;
		else
			strings_free(&more);
	}
	free(encoded);
	return best;
}

static void add_json(struct text *text, const struct strings *words)
{
	struct json_object *line = json_object_new_object();
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < words->count; i++)
		json_object_array_add(list, json_object_new_string(words->items[i]));
	json_object_object_add(line, "arguments", list);
	text_printf(text, "%s\n",
		    json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN |
								 JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(line);
}

/* The linker's own words; ld -r would carry the note along and the final link multiply it. */
static void add_specs(struct text *text, const struct strings *words, const char *script)
{
	const size_t count = words->count - (script != NULL ? 4 : 0);
	text_puts(text, "*link:\n+ %{!r:");
	bool first = true;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words->items[i], "-Xlinker") == 0)
			continue;
		text_puts(text, first ? "" : " ");
		quote_spec(text, words->items[i]);
		first = false;
	}
	text_puts(text, "}\n\n");
	if (script != NULL)
		script_specs(text, script);
}

/* WORDS, the arguments for the compiler, in the wanted form. */
static void print_form(const struct flags *flags, const struct strings *words, struct text *text)
{
	if (flags->cli.json) {
		add_json(text, words);
		return;
	}
	if (flags->form == AS_SPECS) {
		add_specs(text, words, flags->script.path);
		return;
	}
	for (size_t i = 0; i < words->count; i++) {
		if (i > 0)
			text_puts(text, flags->form == AS_ARGV ? "\n" : " ");
		switch (flags->form) {
		case AS_SHELL:
			quote_shell(text, words->items[i]);
			break;
		case AS_MAKE:
			quote_make(text, words->items[i]);
			break;
		case AS_RESPONSE:
		case AS_CLANG_CONFIG:
			quote_escaped(text, words->items[i], "\\\"' \t#");
			break;
		default:
			text_puts(text, words->items[i]);
		}
	}
	text_puts(text, "\n");
}

/* --- results --- */

static bool read_like(struct flags *flags, uint8_t **bytes, size_t *size)
{
	struct note_error err;
	int fd = open(flags->like, O_RDONLY | O_CLOEXEC);
	*bytes = NULL;
	if (fd < 0) {
		cli_failf(&flags->cli, flags->like, "%s", strerror(errno));
		return false;
	}
	const bool good = file_read(fd, bytes, size, &err) == NOTE_OK;
	if (!good)
		cli_fail(&flags->cli, flags->like, &err);
	close(fd);
	return good;
}

/* The note as an object: for --machine, like --like, or like what the compiler makes. */
static bool build_object(struct flags *flags, void **object, size_t *size)
{
	struct note_error err = {0};
	uint8_t *like = NULL;
	size_t like_size = 0;
	if (flags->like != NULL && !read_like(flags, &like, &like_size))
		return false;
	if (flags->like == NULL && flags->machine == NULL) {
		int fd;
		if (!trial_link(&flags->trial, NULL, false)) {
			cli_failf(&flags->cli, NULL, "%s does not link an empty program%s%s",
				  flags->trial.compiler, flags->linker != 0 ? " with " : "",
				  linker_names[flags->linker]);
			return false;
		}
		if (root_open_file(flags->trial.scratch, "program", &fd, &err) == NOTE_OK) {
			file_read(fd, &like, &like_size, &err);
			close(fd);
		}
	}
	const int code =
		note_object(flags->payload, flags->machine, like, like_size, object, size, &err);
	free(like);
	if (code == NOTE_OK)
		return true;
	flags->misused = code == NOTE_USAGE && flags->machine != NULL;
	if (flags->misused)
		cli_usage(&flags->cli, "--machine: %s", err.text);
	else
		cli_fail(&flags->cli, flags->like, &err);
	return false;
}

static void say_not_across(struct flags *flags, enum arrival arrival)
{
	if (arrival == BEHIND_ANOTHER)
		cli_failf(&flags->cli, NULL,
			  "what %s links holds the note of another package first (its start files "
			  "may bring one along): stamp --on-existing=first what was linked",
			  flags->trial.compiler);
	else
		cli_failf(&flags->cli, NULL,
			  "%s links no note into a program, neither by --package-metadata nor from "
			  "an object file",
			  flags->trial.compiler);
}

/* The object stands in for the flag: it has to stay, so it goes beside the file that -o names. */
static enum arrival fall_back(struct flags *flags, struct strings *words)
{
	void *object = NULL;
	size_t size;
	if (flags->out == NULL || !output_is_file(flags->out)) {
		cli_failf(&flags->cli, NULL,
			  "the linker does not bring the note across by --package-metadata; an "
			  "object file does, and -o FILE says where (FILE.o)");
		return NOT_LINKED;
	}
	char *name = xasprintf("%s.o", flags->out);
	const bool good =
		build_object(flags, &object, &size) && write_out(flags, name, object, size);
	char *path = good ? realpath(name, NULL) : NULL;
	enum arrival arrival = NOT_LINKED;
	if (path != NULL) {
		strings_add(words, path);
		arrival = trial_both(&flags->trial, words);
		if (arrival >= OUTSIDE_PAGE_ONE) {
			cli_say(&flags->cli, name,
				"stands in for --package-metadata, which the linker does not have");
		} else {
			say_not_across(flags, arrival);
			unlink(name);
		}
	}
	free(path);
	free(object);
	free(name);
	return arrival;
}

/* An object to link in: whoever does that is told where the linker would lay it. */
static void make_object(struct flags *flags)
{
	struct strings words = {0};
	void *object = NULL;
	size_t size;
	char *path = NULL;
	struct text text = {0};
	if (!build_object(flags, &object, &size) || !write_out(flags, flags->out, object, size) ||
	    flags->machine != NULL || flags->like != NULL || !output_is_file(flags->out))
		goto out;
	path = realpath(flags->out, NULL);
	if (path != NULL)
		strings_add(&words, path);
	if (path != NULL && trial_both(&flags->trial, &words) == OUTSIDE_PAGE_ONE &&
	    put_right(flags, &words)) {
		for (size_t i = 1; i < words.count; i++)
			text_printf(&text, " %s", words.items[i]);
		cli_say(&flags->cli, flags->out,
			"wants%s beside it in the link, or pkgnote stamp after it", text.data);
	}
out:
	text_free(&text);
	strings_free(&words);
	free(path);
	free(object);
}

static void make_flags(struct flags *flags)
{
	struct text text = {0};
	struct strings words = {0};
	bool fits;
	enum arrival arrival = prove_flag(flags, &words, &fits);
	if (arrival == BEHIND_ANOTHER) {
		say_not_across(flags, arrival);
		goto out;
	}
	if (arrival < OUTSIDE_PAGE_ONE && !fits && flags->out == NULL) {
		cli_failf(&flags->cli, NULL,
			  "a GCC specs file cannot hold '#', nor braces that are not closed; an "
			  "object file does without, and -o FILE says where (FILE.o)");
		goto out;
	}
	if (arrival < OUTSIDE_PAGE_ONE)
		arrival = fall_back(flags, &words);
	if (arrival == OUTSIDE_PAGE_ONE && put_right(flags, &words))
		arrival = ARRIVED;
	if (arrival != ARRIVED)
		goto out;
	for (size_t i = 0; i < words.count && flags->form == AS_SPECS; i++)
		if (!quote_fits_specs(words.items[i])) {
			cli_failf(&flags->cli, NULL,
				  "a GCC specs file cannot hold '%s': it takes '#' for a comment, "
				  "and "
				  "counts braces; --as=response can",
				  words.items[i]);
			goto out;
		}
	print_form(flags, &words, &text);
	if (flags->out != NULL)
		write_out(flags, flags->out, text.data, text.size);
	else
		fwrite(text.data, 1, text.size, stdout);
out:
	text_free(&text);
	strings_free(&words);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct flags flags = {.form = -1, .trial.compiler = getenv("CC")};
	int status;
	const struct option_spec options[] = {
		METADATA_OPTIONS(&flags.metadata),
		{"as", 0, OPTION_CHOICE, "argv|shell|make|specs|clang-config|response|object",
		 &flags.form, "the form to print the flag in", NULL, NULL},
		{"linker", 0, OPTION_CHOICE, "auto|bfd|gold|lld|mold", &flags.linker,
		 "the linker that the build uses; auto: the compiler's", NULL, NULL},
		{"cc", 0, OPTION_TEXT, "CC", &flags.trial.compiler, "the compiler to link with",
		 NULL, NULL},
		{"machine", 0, OPTION_TEXT, "NAME", &flags.machine,
		 "with --as=object: the machine to make it for", NULL, NULL},
		{"like", 0, OPTION_TEXT, "FILE", &flags.like,
		 "with --as=object: for the machine of this ELF file", NULL, NULL},
		{"output", 'o', OPTION_TEXT, "FILE", &flags.out, "write to FILE", NULL, NULL},
	};
	if (!cli_parse(&flags.cli, command, options, sizeof(options) / sizeof(options[0]), argc,
		       argv, &status))
		goto out;
	if (flags.trial.compiler == NULL || flags.trial.compiler[0] == '\0')
		flags.trial.compiler = "cc";
	status = EXIT_USAGE;
	if (flags.form < 0)
		cli_usage(&flags.cli, "--as is wanted");
	else if (flags.cli.json && flags.form != AS_ARGV)
		cli_usage(&flags.cli, "--json goes with --as=argv");
	else if (flags.cli.operand_count != 0)
		cli_usage(&flags.cli, "there are no operands: '%s'", flags.cli.operands[0]);
	else if (flags.form == AS_OBJECT && flags.out == NULL)
		cli_usage(&flags.cli, "--as=object wants -o FILE");
	else if (flags.form != AS_OBJECT && (flags.machine != NULL || flags.like != NULL))
		cli_usage(&flags.cli, "--machine and --like go with --as=object");
	else if (flags.machine != NULL && flags.like != NULL)
		cli_usage(&flags.cli, "--machine or --like, not both");
	else if (!metadata_build(&flags.cli, &flags.metadata, NULL, 0, &flags.payload))
		status = flags.cli.status == EXIT_DONE ? EXIT_USAGE : (int)flags.cli.status;
	else {
		flags.trial.linker = linker_names[flags.linker];
		flags.trial.payload = flags.payload;
		if (trial_begin(&flags.trial, &flags.cli)) {
			if (flags.form == AS_OBJECT)
				make_object(&flags);
			else
				make_flags(&flags);
		}
		status = cli_finish(&flags.cli);
		if (flags.misused)
			status = EXIT_USAGE;
	}
out:
	trial_end(&flags.trial);
	script_free(&flags.script);
	metadata_free(&flags.metadata);
	free(flags.payload);
	return status;
}

const struct command flags_command = {
	"flags",
	"Print the linker flag that puts the package note in, proven and quoted",
	"[METADATA] [--linker=LINKER] [--cc=CC] --as=FORM [-o FILE]",
	"pkgnote flags -k name=hello --as=response -o note.rsp && gcc @note.rsp hello.c",
	run,
};
