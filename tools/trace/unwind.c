/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running the unwinder: see unwind.h. It asks no server itself, and runs no script that a file has.
 */
#include "tools/trace/unwind.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/root.h"
#include "tools/splitter/programs/programs.h"

#define MOST_OUTPUT (256u << 20)

extern char **environ;

/* The environment with LC_ALL=C and without servers. */
static char **make_environment(void)
{
	static char locale[] = "LC_ALL=C", servers[] = "DEBUGINFOD_URLS=";
	size_t count = 0;
	while (environ[count] != NULL)
		count++;
	char **out = xcalloc(count + 3, sizeof(*out));
	count = 0;
	for (char **p = environ; *p != NULL; p++)
		if (strncmp(*p, "LC_ALL=", 7) != 0 && strncmp(*p, "DEBUGINFOD_URLS=", 16) != 0)
			out[count++] = *p;
	out[count++] = locale;
	out[count] = servers;
	return out;
}

/* All that ARGV prints. *STATUS is as the shell has it. */
static int run(char *const *argv, struct text *said, int *status, struct note_error *err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int state;
	char block[65536];
	ssize_t got;
	const int output = nameless_small();
	if (output < 0)
		return error_system(err, "start %s", argv[0]);
	char **environment = make_environment();
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environment);
	int code = errno == 0 ? NOTE_OK : error_system(err, "start %s", argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	free(environment);
	while (code == NOTE_OK && waitpid(pid, &state, 0) < 0)
		if (errno != EINTR)
			code = error_system(err, "wait for %s", argv[0]);
	if (code == NOTE_OK)
		*status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
	lseek(output, 0, SEEK_SET);
	while (code == NOTE_OK && said->size < MOST_OUTPUT &&
	       (got = read(output, block, sizeof(block))) > 0)
		text_add(said, block, (size_t)got);
	close(output);
	return code;
}

static void add_option(struct strings *argv, const char *option, const char *value)
{
	if (value != NULL)
		strings_take(argv, xasprintf("%s%s", option, value));
}

static void eu_stack_command(const struct unwinding *u, struct strings *argv)
{
	char number[32];
	snprintf(number, sizeof(number), "%lu", u->most);
	strings_add(argv, "eu-stack");
	strings_add(argv, "-ais");
	add_option(argv, "-n", number);
	char *path = u->debug != NULL ? xasprintf(":.debug:%s:/usr/lib/debug", u->debug) : NULL;
	add_option(argv, "--debuginfo-path=", path);
	free(path);
	snprintf(number, sizeof(number), "%ld", (long)u->pid);
	if (u->core != NULL) {
		add_option(argv, "--core=", u->core);
		add_option(argv, "--executable=", u->program);
	} else {
		add_option(argv, "--pid=", number);
	}
}

static void gdb_set(struct strings *argv, const char *when, const char *what, const char *value)
{
	strings_add(argv, when);
	strings_take(argv, xasprintf("set %s %s", what, value));
}

static void gdb_command(const struct unwinding *u, struct strings *argv)
{
	char number[32];
	static const char *const first[] = {"gdb", "-nx", "-q", "-batch"};
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		strings_add(argv, first[i]);
	gdb_set(argv, "-iex", "auto-load", "no");
	gdb_set(argv, "-iex", "debuginfod enabled", "off");
	if (u->debug != NULL) {
		char *path = xasprintf("%s:/usr/lib/debug", u->debug);
		gdb_set(argv, "-iex", "debug-file-directory", path);
		free(path);
		path = xasprintf("%s/lib", u->debug);
		gdb_set(argv, "-iex", "solib-search-path", path);
		free(path);
	}
	snprintf(number, sizeof(number), "%lu", u->most != 0 ? u->most : 1000000);
	gdb_set(argv, "-ex", "width", "0");
	gdb_set(argv, "-ex", "backtrace past-main", "on");
	gdb_set(argv, "-ex", "backtrace limit", number);
	gdb_set(argv, "-ex", "print frame-info", "location-and-address");
	gdb_set(argv, "-ex", "print frame-arguments", "presence");
	gdb_set(argv, "-ex", "print entry-values", "no");
	gdb_set(argv, "-ex", "filename-display", "absolute");
	strings_add(argv, "-ex");
	strings_add(argv, "thread apply all backtrace");
	snprintf(number, sizeof(number), "%ld", (long)u->pid);
	if (u->core != NULL) {
		add_option(argv, "--exec=", u->program);
		add_option(argv, "--symbols=", u->program);
		add_option(argv, "--core=", u->core);
	} else {
		add_option(argv, "--pid=", number);
	}
}

static void parse(struct stacks *stacks, bool gdb, char *text)
{
	long thread = 0;
	char *state = NULL;
	for (char *line = strtok_r(text, "\n", &state); line != NULL;
	     line = strtok_r(NULL, "\n", &state)) {
		if (gdb)
			parse_gdb(stacks, &thread, line);
		else
			parse_eu_stack(stacks, &thread, line);
	}
}

static bool is_same(const char *one, const char *other)
{
	return one != NULL && other != NULL ? strcmp(one, other) == 0 : one == other;
}

/* Of two frames at one address the first is inlined in the second; but for a function that calls
 * itself, whose frames are alike. */
static void find_inlined(struct stacks *stacks)
{
	for (size_t i = stacks->count; i-- > 1;) {
		const struct frame *outer = &stacks->items[i];
		struct frame *frame = &stacks->items[i - 1];
		if (outer->thread != frame->thread)
			continue;
		if (!frame->has_address) {
			frame->address = outer->address;
			frame->has_address = outer->has_address;
			frame->is_return = outer->is_return;
			frame->is_inline = true;
		} else if (frame->address == outer->address && frame->file != NULL) {
			frame->is_inline = frame->line != outer->line ||
					   frame->column != outer->column ||
					   !is_same(frame->function, outer->function) ||
					   !is_same(frame->file, outer->file);
		}
	}
}

int unwind(const struct unwinding *unwinding, struct stacks *stacks, struct note_error *err)
{
	static const char what[] = "trace";
	struct strings argv = {0};
	struct text said = {0};
	int status = 0, code = NOTE_OK;
	bool gdb = unwinding->unwinder == UNWIND_GDB;
	if (unwinding->unwinder == UNWIND_AUTO)
		gdb = external_find("eu-stack", what, NULL) != NOTE_OK &&
		      external_find("gdb", what, NULL) == NOTE_OK;
	code = external_find(gdb ? "gdb" : "eu-stack", what, err);
	if (code != NOTE_OK)
		return unwinding->unwinder != UNWIND_AUTO
			       ? code
			       : error_set(err, code, NOTE_NO_OFFSET,
					   "neither eu-stack (elfutils) nor gdb is installed, and "
					   "stacks need one of them");
	if (gdb)
		gdb_command(unwinding, &argv);
	else
		eu_stack_command(unwinding, &argv);
	char **list = xcalloc(argv.count + 1, sizeof(*list));
	memcpy(list, argv.items, argv.count * sizeof(*list));
	code = run(list, &said, &status, err);
	if (code == NOTE_OK && said.data != NULL)
		parse(stacks, gdb, said.data);
	if (said.size >= MOST_OUTPUT)
		strings_add(&stacks->complaints, "more than 256 MB of stacks: the rest is left "
						 "out; --frames=N makes them shorter");
	find_inlined(stacks);
	if (code == NOTE_OK && stacks->count == 0)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "%s: no stack: %s", list[0],
				 stacks->complaints.count != 0
					 ? stacks->complaints.items[stacks->complaints.count - 1]
					 : "it said nothing");
	free(list);
	strings_free(&argv);
	text_free(&said);
	return code;
}

void stacks_free(struct stacks *stacks)
{
	for (size_t i = 0; i < stacks->count; i++) {
		free(stacks->items[i].function);
		free(stacks->items[i].file);
		free(stacks->items[i].source);
	}
	free(stacks->items);
	strings_free(&stacks->complaints);
	*stacks = (struct stacks){0};
}
