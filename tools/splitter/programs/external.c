/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/programs/external.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/root.h"
#include "tools/base/text.h"

#define MAX_SAID 65536

extern char **environ;

int external_find(const char *program, const char *what, struct note_error *err)
{
	const char *path = getenv("PATH");
	if (path == NULL)
		path = "/usr/bin:/bin";
	while (*path != '\0') {
		const size_t length = strcspn(path, ":");
		char *file = xasprintf("%.*s/%s", (int)length, path, program);
		const bool found = length != 0 && access(file, X_OK) == 0;
		free(file);
		if (found)
			return NOTE_OK;
		path += length + (path[length] == ':' ? 1 : 0);
	}
	return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
			 "%s needs the program %s, which is not installed", what, program);
}

/* The environment with LC_ALL=C; the strings are still the environment's. */
static char **make_environment(void)
{
	static char locale[] = "LC_ALL=C";
	size_t count = 0;
	while (environ[count] != NULL)
		count++;
	char **out = xcalloc(count + 2, sizeof(*out));
	count = 0;
	for (char **p = environ; *p != NULL; p++)
		if (strncmp(*p, "LC_ALL=", 7) != 0)
			out[count++] = *p;
	out[count] = locale;
	return out;
}

static int start(pid_t *pid, int directory, char *const *argv, int output, struct note_error *err)
{
	posix_spawn_file_actions_t actions;
	char **environment = make_environment();
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	posix_spawn_file_actions_addfchdir_np(&actions, directory);
	errno = posix_spawnp(pid, argv[0], &actions, NULL, argv, environment);
	const int code = errno == 0 ? NOTE_OK : error_system(err, "start %s", argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	free(environment);
	return code;
}

int external_run(const char *directory, char *const *argv, int *status, char **said,
		 struct note_error *err)
{
	pid_t pid;
	int state;
	*said = NULL;
	const int output = nameless_small();
	if (output < 0)
		return error_system(err, "start %s", argv[0]);
	/* By its descriptor: where this process is killed meanwhile, the next may give its name to
	 * another one. */
	const int at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int code = at >= 0 ? start(&pid, at, argv, output, err)
			   : error_system(err, "start %s in %s", argv[0], directory);
	if (at >= 0)
		close(at);
	if (code != NOTE_OK)
		goto out;
	pid_t done;
	do
		done = waitpid(pid, &state, 0);
	while (done < 0 && errno == EINTR);
	if (done < 0) {
		code = error_system(err, "wait for %s", argv[0]);
		goto out;
	}
	*status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
	*said = xcalloc(MAX_SAID + 1, 1);
	if (pread(output, *said, MAX_SAID, 0) < 0)
		code = error_system(err, "read what %s says", argv[0]);
out:
	close(output);
	return code;
}

const char *external_last_line(char *said)
{
	char *end = said + strlen(said);
	while (end > said && (end[-1] == '\n' || end[-1] == ' '))
		*--end = '\0';
	char *line = strrchr(said, '\n');
	return line != NULL ? line + 1 : said;
}
