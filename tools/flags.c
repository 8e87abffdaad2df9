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
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libnote/check.h"
#include "libnote/note.h"
#include "tools/base/metadata.h"
#include "tools/base/root/root.h"
#include "tools/commands.h"

enum form { AS_ARGV, AS_SHELL, AS_MAKE, AS_SPECS, AS_CLANG_CONFIG, AS_RESPONSE, AS_OBJECT };
enum linker { LINKER_AUTO, LINKER_BFD, LINKER_GOLD, LINKER_LLD, LINKER_MOLD };

static const char *const linker_names[] = {"", "bfd", "gold", "lld", "mold"};

struct flags {
	struct cli cli;
	struct metadata metadata;
	char *payload;
	int form;
	int linker;
	const char *compiler;
	const char *machine;
	const char *like;
	const char *out;
	bool misused;         /* said already: the exit status is that of wrong usage */
	struct root *scratch; /* a directory of this run's own */
	char *scratch_path;
};

extern char **environ;

/* --- trying a link --- */

/* Runs the compiler (words of --cc) with ARGUMENTS in the scratch directory, its output dropped. */
static bool compile(struct flags *flags, const struct strings *arguments)
{
	posix_spawn_file_actions_t actions;
	struct strings argv = {0};
	char *words = xstrdup(flags->compiler);
	char *rest = NULL;
	pid_t pid;
	int status = -1;
	for (char *word = strtok_r(words, " \t", &rest); word != NULL;
	     word = strtok_r(NULL, " \t", &rest))
		strings_add(&argv, word);
	for (size_t i = 0; i < arguments->count; i++)
		strings_add(&argv, arguments->items[i]);
	argv.items = xrealloc(argv.items, (argv.count + 1) * sizeof(*argv.items));
	argv.items[argv.count] = NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (argv.items[0] != NULL &&
	    posix_spawnp(&pid, argv.items[0], &actions, NULL, argv.items, environ) == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
	posix_spawn_file_actions_destroy(&actions);
	strings_free(&argv);
	free(words);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What a trial link came to, the worst first. */
enum arrival { NOT_LINKED, NO_NOTE, BEHIND_ANOTHER, OUTSIDE_PAGE_ONE, ARRIVED };

/* The judge's findings that stamp would mend. */
static int hear(void *context, const struct note_problem *problem)
{
	bool *misplaced = context;
	*misplaced = *misplaced || strcmp(problem->code, "outside-first-page") == 0 ||
		     strcmp(problem->code, "not-allocated") == 0;
	return 1;
}

struct sought {
	const char *payload;
	size_t before; /* other package notes */
	bool found;
};

static bool look(void *context, const struct elf_note *note)
{
	struct sought *sought = context;
	const size_t length = strlen(sought->payload);
	if (note->type != NOTE_TYPE_PACKAGE)
		return true;
	sought->found = note->desc_size >= length &&
			memcmp(note->desc, sought->payload, length) == 0 &&
			(note->desc_size == length || note->desc[length] == 0);
	sought->before += sought->found ? 0 : 1;
	return !sought->found;
}

/* Where the payload is in what was linked. */
static enum arrival look_at_program(const struct flags *flags)
{
	struct image *image = NULL;
	struct sought sought = {.payload = flags->payload};
	bool misplaced = false;
	enum arrival arrival = NO_NOTE;
	int fd;
	if (root_open_file(flags->scratch, "program", &fd, NULL) != NOTE_OK)
		return NO_NOTE;
	if (image_open_fd(&image, fd, NULL) == NOTE_OK && image_read_elf(image, NULL) == NOTE_OK &&
	    elf_notes(image, look, &sought, NULL) == NOTE_OK && sought.found) {
		elf_check(image, hear, &misplaced, NULL);
		arrival = sought.before != 0 ? BEHIND_ANOTHER
			  : misplaced        ? OUTSIDE_PAGE_ONE
					     : ARRIVED;
	}
	image_close(image);
	close(fd);
	return arrival;
}

static bool write_file(struct root *root, const char *name, const void *bytes, size_t size,
		       struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	return root_write(root, &name, 1, bytes, size, &attributes, err) == NOTE_OK;
}

/* Links a program, or a library where SHARED, with MORE (may be NULL); true where that works. */
static bool try_link(struct flags *flags, const struct strings *more, bool shared)
{
	struct strings arguments = {0};
	root_remove(flags->scratch, "program", NULL);
	if (flags->linker != LINKER_AUTO)
		strings_take(&arguments, xasprintf("-fuse-ld=%s", linker_names[flags->linker]));
	if (shared) {
		strings_add(&arguments, "-shared");
		strings_add(&arguments, "-fPIC");
	}
	for (size_t i = 0; more != NULL && i < more->count; i++)
		strings_add(&arguments, more->items[i]);
	strings_add(&arguments, "-o");
	strings_take(&arguments, xasprintf("%s/program", flags->scratch_path));
	strings_take(&arguments, xasprintf("%s/program.c", flags->scratch_path));
	const bool linked = compile(flags, &arguments);
	strings_free(&arguments);
	return linked;
}

/* Links both with MORE. A compiler that makes no libraries is not asked for one. */
static enum arrival try_both(struct flags *flags, const struct strings *more)
{
	enum arrival program = NOT_LINKED, library = NOT_LINKED;
	if (try_link(flags, more, false))
		program = look_at_program(flags);
	if (program < OUTSIDE_PAGE_ONE)
		return program;
	if (try_link(flags, more, true))
		library = look_at_program(flags);
	else if (!try_link(flags, NULL, true))
		return program;
	return library < program ? library : program;
}

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

/* --- a linker script --- */

/* GNU ld lays out by its own script and, because of INSERT, by this one. */
static const char note_script[] = "SECTIONS { .note.package : { KEEP(*(.note.package)) } } INSERT "
				  "AFTER .note.gnu.build-id;\n";

/* Writes BYTES to NAME, as it is given. */
static bool write_out(struct flags *flags, const char *name, const void *bytes, size_t size)
{
	struct note_error err;
	struct root *root = NULL;
	const char *slash = strrchr(name, '/');
	char *directory = slash != NULL ? strndup(name, (size_t)(slash - name) + 1) : xstrdup(".");
	const bool good = directory != NULL && root_open(&root, directory, &err) == NOTE_OK &&
			  write_file(root, slash != NULL ? slash + 1 : name, bytes, size, &err);
	if (!good)
		cli_fail(&flags->cli, name, &err);
	root_close(root);
	free(directory);
	return good;
}

/* What the script is named by: FILE.ld, absolute; for free(). NULL where it cannot be written. */
static char *write_script(struct flags *flags)
{
	char *name = xasprintf("%s.ld", flags->out);
	char *path = write_out(flags, name, note_script, sizeof(note_script) - 1)
			     ? realpath(name, NULL)
			     : NULL;
	free(name);
	return path;
}

static void add_script(struct strings *words, const char *path)
{
	strings_add(words, "-Xlinker");
	strings_add(words, "-T");
	strings_add(words, "-Xlinker");
	strings_add(words, path);
}

#define SINCE_2_44 \
	"the linker lays the note outside page one (GNU ld does since 2.44), where no core has it"

/* WORDS bring the note across, but outside page one: a script beside the output is added to them,
 * if that helps. False, and said, where only stamp can. */
static bool put_right(struct flags *flags, struct strings *words)
{
	if (flags->out == NULL) {
		cli_failf(&flags->cli, NULL,
			  SINCE_2_44 "; a linker script puts it right, and -o FILE says where "
				     "(FILE.ld); or stamp what was linked");
		return false;
	}
	char *path = write_script(flags);
	if (path == NULL)
		return false;
	add_script(words, path);
	const bool good = try_both(flags, words) == ARRIVED;
	if (good) {
		cli_say(&flags->cli, path,
			"puts the note into page one, where this linker does not by itself");
	} else {
		unlink(path);
		cli_failf(&flags->cli, NULL,
			  SINCE_2_44 "; nothing that could be said to it helps: stamp what was "
				     "linked");
	}
	free(path);
	return good;
}

/* --- proving --- */

/* GCC takes # in a specs file for a comment, whatever stands before it, and counts braces. */
static bool fits_specs(const char *word)
{
	size_t open = 0;
	for (; *word != '\0'; word++) {
		if (*word == '#' || (*word == '}' && open == 0))
			return false;
		open += *word == '{' ? 1 : *word == '}' ? (size_t)-1 : 0;
	}
	return open == 0;
}

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
		if (flags->form == AS_SPECS && !fits_specs(more.items[1])) {
			*fits = false;
			strings_free(&more);
			continue;
		}
		const enum arrival arrival = try_both(flags, &more);
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

/* --- quoting --- */

/* Puts a backslash before each of CHARACTERS. */
static void add_escaped(struct text *text, const char *word, const char *characters)
{
	for (; *word != '\0'; word++) {
		if (strchr(characters, *word) != NULL)
			text_puts(text, "\\");
		text_add(text, word, 1);
	}
}

static void add_shell(struct text *text, const char *word)
{
	text_puts(text, "'");
	for (; *word != '\0'; word++)
		if (*word == '\'')
			text_puts(text, "'\\''");
		else
			text_add(text, word, 1);
	text_puts(text, "'");
}

/* A value in a makefile: what a shell has to see, with $ doubled and # kept from being a comment.
 */
static void add_make(struct text *text, const char *word)
{
	struct text quoted = {0};
	add_shell(&quoted, word);
	for (const char *p = quoted.data; *p != '\0'; p++) {
		if (*p == '$')
			text_puts(text, "$");
		else if (*p == '#')
			text_puts(text, "\\");
		text_add(text, p, 1);
	}
	text_free(&quoted);
}

/* A word of a GCC spec: % stands doubled, a backslash takes the next character as it is. */
static void add_spec(struct text *text, const char *word)
{
	for (; *word != '\0'; word++)
		if (*word == '%')
			text_puts(text, "%%");
		else if ((*word >= 'a' && *word <= 'z') || (*word >= 'A' && *word <= 'Z') ||
			 (*word >= '0' && *word <= '9') || (unsigned char)*word >= 0x80)
			text_add(text, word, 1);
		else
			text_printf(text, "\\%c", *word);
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
static void add_specs(struct text *text, const struct strings *words)
{
	text_puts(text, "*link:\n+ %{!r:");
	bool first = true;
	for (size_t i = 0; i < words->count; i++) {
		if (strcmp(words->items[i], "-Xlinker") == 0)
			continue;
		text_puts(text, first ? "" : " ");
		add_spec(text, words->items[i]);
		first = false;
	}
	text_puts(text, "}\n\n");
}

/* WORDS, the arguments for the compiler, in the wanted form. */
static void print_form(const struct flags *flags, const struct strings *words, struct text *text)
{
	if (flags->cli.json) {
		add_json(text, words);
		return;
	}
	if (flags->form == AS_SPECS) {
		add_specs(text, words);
		return;
	}
	for (size_t i = 0; i < words->count; i++) {
		if (i > 0)
			text_puts(text, flags->form == AS_ARGV ? "\n" : " ");
		switch (flags->form) {
		case AS_SHELL:
			add_shell(text, words->items[i]);
			break;
		case AS_MAKE:
			add_make(text, words->items[i]);
			break;
		case AS_RESPONSE:
		case AS_CLANG_CONFIG:
			add_escaped(text, words->items[i], "\\\"' \t#");
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
		if (!try_link(flags, NULL, false)) {
			cli_failf(&flags->cli, NULL, "%s does not link an empty program%s%s",
				  flags->compiler, flags->linker != LINKER_AUTO ? " with " : "",
				  linker_names[flags->linker]);
			return false;
		}
		if (root_open_file(flags->scratch, "program", &fd, &err) == NOTE_OK) {
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
			  flags->compiler);
	else
		cli_failf(&flags->cli, NULL,
			  "%s links no note into a program, neither by --package-metadata nor from "
			  "an object file",
			  flags->compiler);
}

/* The object stands in for the flag: it has to stay, so it goes beside the file that -o names. */
static enum arrival fall_back(struct flags *flags, struct strings *words)
{
	void *object = NULL;
	size_t size;
	if (flags->out == NULL) {
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
		arrival = try_both(flags, words);
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
	if (!build_object(flags, &object, &size) || !write_out(flags, flags->out, object, size) ||
	    flags->machine != NULL || flags->like != NULL)
		goto out;
	path = realpath(flags->out, NULL);
	if (path != NULL)
		strings_add(&words, path);
	if (path != NULL && try_both(flags, &words) == OUTSIDE_PAGE_ONE && put_right(flags, &words))
		cli_say(&flags->cli, flags->out,
			"wants -Xlinker -T -Xlinker %s.ld beside it in the link, or pkgnote stamp "
			"after it",
			flags->out);
out:
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
		if (!fits_specs(words.items[i])) {
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

static bool make_scratch(struct flags *flags)
{
	/* Read-only data of two pages: what lies behind it is outside page one, however it is
	 * linked. */
	static const char source[] = "const char pages[8192] = {1};\n"
				     "int main(void)\n{\n\treturn 0;\n}\n";
	struct note_error err;
	const char *parent = getenv("TMPDIR");
	if (parent == NULL || parent[0] != '/')
		parent = "/tmp";
	char *path = xasprintf("%s/pkgnote-flags-XXXXXX", parent);
	if (mkdtemp(path) == NULL) {
		cli_failf(&flags->cli, parent, "%s", strerror(errno));
		free(path);
		return false;
	}
	flags->scratch_path = path;
	if (root_open(&flags->scratch, flags->scratch_path, &err) == NOTE_OK &&
	    write_file(flags->scratch, "program.c", source, sizeof(source) - 1, &err))
		return true;
	cli_fail(&flags->cli, flags->scratch_path, &err);
	return false;
}

static void remove_scratch(struct flags *flags)
{
	if (flags->scratch != NULL) {
		root_remove(flags->scratch, "program", NULL);
		root_remove(flags->scratch, "program.c", NULL);
	}
	root_close(flags->scratch);
	if (flags->scratch_path != NULL)
		rmdir(flags->scratch_path);
	free(flags->scratch_path);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct flags flags = {.form = -1, .compiler = getenv("CC")};
	int status;
	const struct option_spec options[] = {
		METADATA_OPTIONS(&flags.metadata),
		{"as", 0, OPTION_CHOICE, "argv|shell|make|specs|clang-config|response|object",
		 &flags.form, "the form to print the flag in", NULL, NULL},
		{"linker", 0, OPTION_CHOICE, "auto|bfd|gold|lld|mold", &flags.linker,
		 "the linker that the build uses; auto: the compiler's", NULL, NULL},
		{"cc", 0, OPTION_TEXT, "CC", &flags.compiler, "the compiler to link with", NULL,
		 NULL},
		{"machine", 0, OPTION_TEXT, "NAME", &flags.machine,
		 "with --as=object: the machine to make it for", NULL, NULL},
		{"like", 0, OPTION_TEXT, "FILE", &flags.like,
		 "with --as=object: for the machine of this ELF file", NULL, NULL},
		{"output", 'o', OPTION_TEXT, "FILE", &flags.out, "write to FILE", NULL, NULL},
	};
	if (!cli_parse(&flags.cli, command, options, sizeof(options) / sizeof(options[0]), argc,
		       argv, &status))
		goto out;
	if (flags.compiler == NULL || flags.compiler[0] == '\0')
		flags.compiler = "cc";
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
		if (make_scratch(&flags)) {
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
	remove_scratch(&flags);
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
