/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/flags/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libnote/judge/check.h"
#include "libnote/note.h"

extern char **environ;

/* Runs the compiler (words of --cc) with ARGUMENTS in the scratch directory, its output dropped. */
static bool compile(struct trial *trial, const struct strings *arguments)
{
	posix_spawn_file_actions_t actions;
	struct strings argv = {0};
	char *words = xstrdup(trial->compiler);
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
static enum arrival look_at_program(const struct trial *trial)
{
	struct image *image = NULL;
	struct sought sought = {.payload = trial->payload};
	bool misplaced = false;
	enum arrival arrival = NO_NOTE;
	int fd;
	if (root_open_file(trial->scratch, "program", &fd, NULL) != NOTE_OK)
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

bool trial_link(struct trial *trial, const struct strings *more, bool shared)
{
	struct strings arguments = {0};
	root_remove(trial->scratch, "program", NULL);
	if (trial->linker[0] != '\0')
		strings_take(&arguments, xasprintf("-fuse-ld=%s", trial->linker));
	if (shared) {
		strings_add(&arguments, "-shared");
		strings_add(&arguments, "-fPIC");
	}
	for (size_t i = 0; more != NULL && i < more->count; i++)
		strings_add(&arguments, more->items[i]);
	strings_add(&arguments, "-o");
	strings_take(&arguments, xasprintf("%s/program", trial->scratch_path));
	strings_take(&arguments, xasprintf("%s/program.c", trial->scratch_path));
	const bool linked = compile(trial, &arguments);
	strings_free(&arguments);
	return linked;
}

enum arrival trial_both(struct trial *trial, const struct strings *more)
{
	enum arrival program = NOT_LINKED, library = NOT_LINKED;
	if (trial_link(trial, more, false))
		program = look_at_program(trial);
	if (program < OUTSIDE_PAGE_ONE)
		return program;
	if (trial_link(trial, more, true))
		library = look_at_program(trial);
	else if (!trial_link(trial, NULL, true))
		return program;
	return library < program ? library : program;
}

bool trial_begin(struct trial *trial, struct cli *cli)
{
	/* Read-only data of two pages: what lies behind it is outside page one, however it is
	 * linked. */
	static const char source[] = "const char pages[8192] = {1};\n"
				     "int main(void)\n{\n\treturn 0;\n}\n";
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	const char *const name = "program.c";
	struct note_error err;
	const char *parent = getenv("TMPDIR");
	if (parent == NULL || parent[0] != '/')
		parent = "/tmp";
	char *path = xasprintf("%s/pkgnote-flags-XXXXXX", parent);
	if (mkdtemp(path) == NULL) {
		cli_failf(cli, parent, "%s", strerror(errno));
		free(path);
		return false;
	}
	trial->scratch_path = path;
	if (root_open(&trial->scratch, trial->scratch_path, &err) == NOTE_OK &&
	    root_write(trial->scratch, &name, 1, source, sizeof(source) - 1, &attributes, &err) ==
		    NOTE_OK)
		return true;
	cli_fail(cli, trial->scratch_path, &err);
	return false;
}

void trial_end(struct trial *trial)
{
	if (trial->scratch != NULL) {
		root_remove(trial->scratch, "program", NULL);
		root_remove(trial->scratch, "program.c", NULL);
	}
	root_close(trial->scratch);
	if (trial->scratch_path != NULL)
		rmdir(trial->scratch_path);
	free(trial->scratch_path);
}
