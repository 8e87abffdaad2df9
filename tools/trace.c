/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pkgnote trace: the stacks of a core or process, with the package that each frame's code is of.
 * What debug information is missing is fetched first; eu-stack or gdb unwinds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/image.h"
#include "tools/base/root/root.h"
#include "tools/base/stored/stored.h"
#include "tools/commands.h"
#include "tools/connection_options.h"
#include "tools/debuginfod/environment.h"
#include "tools/trace/print.h"
#include "tools/trace/supply.h"

struct trace {
	struct cli cli;
	struct connection connection;
	int unwinder; /* an enum unwinder */
	bool sources;
	uint64_t most;
	const char *operand;
	int fd;    /* of the core, -1 for a process */
	pid_t pid; /* or 0 */
	struct trace_modules modules;
	struct stacks stacks;
	struct client *client; /* where anything is to be fetched, else NULL */
	char *directory;       /* for what was fetched, or NULL */
};

/* --- the operand --- */

static bool is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int open_input(struct trace *trace, int *fd, struct note_error *err)
{
	struct stat st;
	if (strcmp(trace->operand, "-") != 0) {
		*fd = open(trace->operand, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		return *fd >= 0 ? NOTE_OK : error_system(err, "open");
	}
	if (fstat(STDIN_FILENO, &st) == 0 && !S_ISREG(st.st_mode))
		return stored_spool(STDIN_FILENO, fd, err);
	*fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return *fd >= 0 ? NOTE_OK : error_system(err, "standard input");
}

/* The core as it is, unpacked where it is compressed. */
static int open_core(struct trace *trace, struct note_error *err)
{
	int fd, unpacked;
	int code = open_input(trace, &fd, err);
	if (code != NOTE_OK)
		return code;
	trace->fd = fd;
	if (!stored_is_compressed(fd))
		return NOTE_OK;
	code = stored_unpack(fd, true, &unpacked, err);
	close(fd);
	trace->fd = unpacked;
	if (code == NOTE_ABSENT)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "no core file");
	/* What was cut is told, and the rest of it traced. */
	if (code == NOTE_MALFORMED && unpacked >= 0) {
		cli_fail(&trace->cli, trace->operand, err);
		return NOTE_OK;
	}
	return code;
}

static int read_core(struct trace *trace, struct note_error *err)
{
	struct image *image;
	int code = image_open_fd(&image, trace->fd, err);
	if (code != NOTE_OK)
		return code;
	code = image_read_elf(image, err);
	if (code == NOTE_ABSENT || (code == NOTE_OK && image->ehdr.e_type != ET_CORE))
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "no core file");
	if (code == NOTE_OK) {
		code = trace_modules_read(&trace->modules, image, 0, err);
		/* First pages that are missing: the others have their packages. */
		if ((code == NOTE_MALFORMED || code == NOTE_ABSENT) && trace->modules.count != 0) {
			cli_fail(&trace->cli, trace->operand, err);
			code = NOTE_OK;
		}
	}
	image_close(image);
	return code;
}

static int read_modules(struct trace *trace, struct note_error *err)
{
	const bool process = is_number(trace->operand) && access(trace->operand, F_OK) != 0;
	if (!process) {
		const int code = open_core(trace, err);
		return code == NOTE_OK ? read_core(trace, err) : code;
	}
	errno = 0;
	const long pid = strtol(trace->operand, NULL, 10);
	if (errno != 0 || pid <= 0 || pid > INT32_MAX)
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no process, and no file");
	trace->pid = (pid_t)pid;
	return trace_modules_read(&trace->modules, NULL, trace->pid, err);
}

/* --- fetching --- */

static int make_directory(struct trace *trace, struct note_error *err)
{
	const char *tmp = getenv("TMPDIR");
	char *path =
		xasprintf("%s/pkgnote-trace-XXXXXX", tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	trace->directory = mkdtemp(path) != NULL ? realpath(path, NULL) : NULL;
	const int code = trace->directory != NULL ? NOTE_OK : error_system(err, "%s", path);
	free(path);
	return code;
}

static void remove_directory(struct trace *trace)
{
	struct root *root;
	if (trace->directory == NULL)
		return;
	if (root_open(&root, trace->directory, NULL) == NOTE_OK) {
		root_without_sync(root);
		static const char *const parts[] = {".build-id", "sysroot", "lib"};
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			root_remove_tree(root, parts[i], NULL);
		root_close(root);
	}
	rmdir(trace->directory);
	free(trace->directory);
}

/* All that is missing, where servers are named. */
static int fetch_missing(struct trace *trace, struct note_error *err)
{
	const bool executables = trace->fd >= 0;
	const bool needed = supply_is_needed(&trace->modules, executables);
	if (!needed && !trace->sources)
		return NOTE_OK;
	char *cache = trace->connection.client.cache != NULL
			      ? xstrdup(trace->connection.client.cache)
			      : client_cache_path();
	char *foreign = elfutils_cache_path();
	trace->connection.client.cache = cache;
	trace->connection.client.elfutils_cache = foreign;
	int code = client_open(&trace->client, &trace->connection.client, err);
	free(cache);
	free(foreign);
	trace->connection.client.cache = trace->connection.client.elfutils_cache = NULL;
	if (code != NOTE_OK || !needed || client_server_count(trace->client) == 0)
		return code;
	code = make_directory(trace, err);
	return code == NOTE_OK
		       ? supply(trace->client, &trace->modules, trace->directory, executables, err)
		       : code;
}

/* --- unwinding --- */

/* The file that ran: this machine's, or what was fetched. For free(), or NULL. */
static char *program_of(const struct trace *trace)
{
	const struct trace_module *first =
		trace->modules.count != 0 ? &trace->modules.items[0] : NULL;
	if (first == NULL || first->hex == NULL || strlen(first->hex) < 4)
		return NULL;
	if (first->here)
		return xstrdup(first->path);
	char *path = trace->directory != NULL ? xasprintf("%s/.build-id/%.2s/%s", trace->directory,
							  first->hex, first->hex + 2)
					      : NULL;
	if (path != NULL && access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static int unwind_all(struct trace *trace, struct note_error *err)
{
	char *program = program_of(trace);
	/* Also of a file without a name. */
	char *core = xasprintf("/proc/%ld/fd/%d", (long)getpid(), trace->fd);
	const struct unwinding unwinding = {
		.unwinder = (enum unwinder)trace->unwinder,
		.core = trace->fd >= 0 ? core : NULL,
		.pid = trace->pid,
		.program = program,
		.debug = trace->directory,
		.most = (unsigned long)trace->most,
	};
	const int code = unwind(&unwinding, &trace->stacks, err);
	free(core);
	free(program);
	return code;
}

/* --- what stays unknown --- */

static void tell_unknown(struct trace *trace)
{
	struct cli *cli = &trace->cli;
	const bool asked = trace->client != NULL && client_server_count(trace->client) != 0;
	for (size_t i = 0; i < trace->stacks.count; i++) {
		const struct frame *frame = &trace->stacks.items[i];
		if (frame->function != NULL)
			continue;
		struct trace_module *module =
			frame->has_address
				? trace_modules_find(&trace->modules,
						     frame->address - (frame->is_return ? 1 : 0))
				: NULL;
		if (module != NULL && module->told)
			continue;
		if (module != NULL)
			module->told = true;
		const char *why = module == NULL         ? "its address is in no module"
				  : module->lack != NULL ? module->lack
				  : module->hex == NULL  ? "it has no build-id to ask for"
				  : module->debug_here || asked
					  ? "its debug information names no function there"
				  : module->here
					  ? "no debug information here, and no server is named"
					  : "neither the file nor its debug information is here, "
					    "and no server is named";
		cli_failf(cli, trace->operand, "thread %ld, frame %u: no function%s%s: %s",
			  frame->thread, frame->number, module != NULL ? ": " : "",
			  module != NULL && module->path != NULL ? module->path : "", why);
	}
	for (size_t i = 0; i < trace->stacks.complaints.count; i++) {
		const char *line = trace->stacks.complaints.items[i];
		if (strncmp(line, "warning: ", 9) == 0)
			cli_detail(cli, trace->operand, "%s", line);
		else
			cli_failf(cli, trace->operand, "%s", line);
	}
}

static void work(struct trace *trace)
{
	struct note_error err = {.offset = NOTE_NO_OFFSET};
	struct strings why = {0};
	struct text out = {0};
	int code = read_modules(trace, &err);
	if (code == NOTE_OK)
		code = fetch_missing(trace, &err);
	if (code == NOTE_OK)
		code = unwind_all(trace, &err);
	if (code != NOTE_OK) {
		cli_fail(&trace->cli, trace->operand, &err);
		return;
	}
	if (trace->sources)
		supply_sources(trace->client, &trace->modules, &trace->stacks, &why);
	trace_print(&trace->stacks, &trace->modules, trace->cli.json, &out);
	fwrite(out.data, 1, out.size, stdout);
	for (size_t i = 0; i < why.count; i++)
		cli_say(&trace->cli, trace->operand, "no source %s", why.items[i]);
	tell_unknown(trace);
	text_free(&out);
	strings_free(&why);
}

static void trace_free(struct trace *trace)
{
	if (trace->fd >= 0)
		close(trace->fd);
	remove_directory(trace);
	client_close(trace->client);
	trace_modules_free(&trace->modules);
	stacks_free(&trace->stacks);
	connection_free(&trace->connection);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct trace trace = {.fd = -1, .most = 256};
	struct connection *connection = &trace.connection;
	int status;
	connection_begin(connection);
	const struct option_spec specs[] = {
		{"sources", 0, OPTION_FLAG, NULL, &trace.sources,
		 "print the source line of each frame", NULL, NULL},
		{"unwinder", 0, OPTION_CHOICE, "auto|eu-stack|gdb", &trace.unwinder,
		 "who unwinds (auto: eu-stack where it is there, else gdb)", NULL, NULL},
		{"frames", 0, OPTION_NUMBER, "N", &trace.most,
		 "frames of each thread at most (256); 0: all", NULL, NULL},
		CONNECTION_CACHE_OPTIONS(connection),
		CONNECTION_OPTIONS(connection),
	};
	if (!cli_parse(&trace.cli, command, specs, sizeof(specs) / sizeof(specs[0]), argc, argv,
		       &status)) {
		trace_free(&trace);
		return status;
	}
	if (trace.cli.operand_count != 1) {
		status = cli_usage(&trace.cli, "wants one core file or process");
	} else {
		trace.operand = trace.cli.operands[0];
		if (connection_complete(connection, &trace.cli))
			work(&trace);
		status = cli_finish(&trace.cli);
	}
	trace_free(&trace);
	return status;
}

const struct command trace_command = {
	"trace",
	"Print the stacks of a core or process, with the package of each frame",
	"[--sources] [--json] [OPTION]... CORE|PID|-",
	"coredumpctl dump | pkgnote trace --sources -",
	run,
};
