/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stacks of a core or process, as eu-stack or gdb unwinds them. */
#ifndef TRACE_UNWIND_H
#define TRACE_UNWIND_H

#include <sys/types.h>

#include "libnote.h"
#include "tools/base/text.h"

enum unwinder { UNWIND_AUTO, UNWIND_EU_STACK, UNWIND_GDB };

struct frame {
	long thread;
	unsigned number;
	bool has_address; /* gdb gives none for what is inlined: that of the frame behind it */
	bool is_inline;
	bool is_return; /* ADDRESS is behind the call */
	uint64_t address;
	char *function; /* or NULL */
	char *file;     /* as the debug information has it, or NULL */
	unsigned line, column;
	char *source; /* the line itself, or NULL */
};

struct stacks {
	struct frame *items; /* thread by thread */
	size_t count;
	size_t room;
	struct strings complaints; /* of the unwinder */
};

struct unwinding {
	enum unwinder unwinder;
	const char *core; /* a path, or NULL: PID */
	pid_t pid;
	const char *program; /* the file that ran, or NULL */
	const char *debug;   /* a directory with .build-id/ and lib/, or NULL */
	unsigned long most;  /* frames of a thread */
};

/* NOTE_ABSENT where no unwinder is installed. */
int unwind(const struct unwinding *unwinding, struct stacks *stacks, struct note_error *err);
void stacks_free(struct stacks *stacks);

/* What an unwinder printed (parse.c), line by line; LINE is changed. */
void parse_eu_stack(struct stacks *stacks, long *thread, char *line);
void parse_gdb(struct stacks *stacks, long *thread, char *line);

#endif
