/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A live process as memory: /proc/PID/maps says what is mapped, /proc/PID/mem is read (proc(5)).
 * See core.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "error.h"

struct process {
	struct space space; /* the first: read_process() is handed it */
	int memory;
	struct candidates candidates;
};

static int read_process(struct space *space, uint64_t address, void *out, uint64_t size,
			uint64_t *offset)
{
	struct process *process = (struct process *)space;
	uint8_t *to = out;
	if (address > INT64_MAX)
		return NOTE_ABSENT;
	if (offset != NULL)
		*offset = address;
	while (size != 0) {
		ssize_t got = pread(process->memory, to, size, (off_t)address);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) /* not mapped (any more), or the process has ended */
			return NOTE_ABSENT;
		to += got;
		address += (uint64_t)got;
		size -= (uint64_t)got;
	}
	return NOTE_OK;
}

/* In maps a newline of a path is \012; the kernel escapes nothing else. */
static void unescape(char *path)
{
	for (char *at; (at = strstr(path, "\\012")) != NULL; path = at + 1) {
		*at = '\n';
		memmove(at + 1, at + 4, strlen(at + 4) + 1);
	}
}

/* START-END PERMISSIONS OFFSET DEVICE INODE PATH */
static bool take_mapping(struct process *process, char *line)
{
	uint64_t start;
	char permission;
	int path = 0;
	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%*x %c%*s %*s %*s %*s %n", &start, &permission, &path) != 2 ||
	    path == 0 || permission != 'r')
		return true;
	char *name = line + path;
	if (name[0] != '/' && strcmp(name, "[vdso]") != 0)
		return true;
	unescape(name);
	const struct candidate item = {.address = start, .base = start};
	return candidates_add(&process->candidates, &item, name, strlen(name));
}

static int read_maps(struct process *process, pid_t pid, struct note_error *err)
{
	char path[64];
	char *line = NULL;
	size_t room = 0;
	int code = NOTE_OK;
	snprintf(path, sizeof(path), "/proc/%ld/maps", (long)pid);
	FILE *maps = fopen(path, "re");
	if (maps == NULL)
		return error_system(err, "%s", path);
	while (code == NOTE_OK && getline(&line, &room, maps) > 0)
		if (!take_mapping(process, line))
			code = error_system(err, "%s", path);
	free(line);
	fclose(maps);
	return code;
}

/* The program's class and byte order are the process's. */
static int read_class(struct process *process, pid_t pid, struct note_error *err)
{
	char path[64];
	unsigned char ident[EI_NIDENT];
	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT)
			return error_system(err, "%s", path);
		snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
				 access(path, F_OK) == 0 ? "process %ld has no program: a kernel "
							   "thread, or it has ended"
							 : "no process %ld",
				 (long)pid);
	}
	const ssize_t got = pread(fd, ident, sizeof(ident), 0);
	close(fd);
	if (got != (ssize_t)sizeof(ident) || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "%s is no ELF file", path);
	process->space.is_64 = ident[EI_CLASS] == ELFCLASS64;
	process->space.is_big = ident[EI_DATA] == ELFDATA2MSB;
	return NOTE_OK;
}

int process_modules(pid_t pid, module_visit *visit, void *context, struct note_error *err)
{
	struct process process = {.space = {.read = read_process}};
	char path[64];
	if (pid <= 0)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "no process %ld", (long)pid);
	int code = read_class(&process, pid, err);
	if (code != NOTE_OK)
		return code;
	snprintf(path, sizeof(path), "/proc/%ld/mem", (long)pid);
	process.memory = open(path, O_RDONLY | O_CLOEXEC);
	if (process.memory < 0)
		return error_system(err, "%s", path);
	code = read_maps(&process, pid, err);
	if (code == NOTE_OK)
		code = modules_visit(&process.space, &process.candidates, visit, context, NULL,
				     err);
	candidates_free(&process.candidates);
	close(process.memory);
	return code;
}
