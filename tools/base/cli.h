/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every subcommand shares: the option table (which is also its --help), messages, progress
 * and the exit status. Results go to stdout by the subcommand itself; this file writes stderr.
 */
#ifndef BASE_CLI_H
#define BASE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/text.h"

enum exit_status {
	EXIT_DONE = 0,    /* done, and nothing wanting */
	EXIT_WANTING = 1, /* done, and a check found something wanting */
	EXIT_USAGE = 2,   /* wrong usage */
	EXIT_FAILED = 3,  /* could not be done */
};

/* A row of the table of subcommands in pkgnote.c. */
struct command {
	const char *name;
	const char *summary;  /* what it does, in one line without a full stop */
	const char *synopsis; /* the lines after "pkgnote NAME ", separated by newlines */
	const char *example;  /* one real call */
	int (*run)(const struct command *command, int argc, char **argv);
};

enum option_kind {
	OPTION_FLAG,   /* bool * */
	OPTION_TEXT,   /* const char ** */
	OPTION_LIST,   /* struct strings *, one entry each time that it is given */
	OPTION_NUMBER, /* uint64_t *, a decimal number, with K, M or G as powers of 1024 */
	OPTION_CHOICE, /* int *, the index of the word among ARGUMENT's, which '|' separates */
	OPTION_CALL,   /* option_call, where order matters */
};

/* Takes one value of an OPTION_CALL; false (after cli_usage) where it will not do. */
struct cli;
typedef bool option_call(struct cli *cli, void *target, const char *name, const char *value);

struct option_spec {
	const char *name; /* without dashes; NULL for a letter alone */
	char letter;      /* or 0 */
	enum option_kind kind;
	const char *argument; /* its name in --help; NULL for OPTION_FLAG */
	void *target;
	const char *help;
	const char *implied; /* not NULL: the argument is optional, and this is its value then */
	option_call *call;
};

/* A row for commands that write what should outlive a power cut. */
#define NO_SYNC_OPTION(target)                                                                   \
	{                                                                                        \
		"no-sync", 0, OPTION_FLAG, NULL, target,                                         \
			"do not wait for the disk: for trees that can be made again", NULL, NULL \
	}

enum cli_when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

/* One run of a subcommand. */
struct cli {
	const struct command *command;
	bool quiet;
	unsigned verbose;
	bool json;
	bool color; /* resolved: stdout may be coloured */
	int progress;
	unsigned jobs;   /* at least 1 */
	bool jobs_given; /* by -j; else JOBS is the CPUs that this process may use */
	char **operands;
	size_t operand_count;
	enum exit_status status; /* the worst so far: FAILED, else WANTING, else DONE */
};

/* First of all in main(): of descriptors 0 to 2 a closed one becomes one that can be neither read
 * nor written, and a reader who went away becomes an error of the write. */
void cli_begin(void);

/* Writes out what was printed: 0, or the errno of the write that failed. */
int cli_written(void);

/* Parses ARGV by SPECS and the common options (-q -v -j --json --color --progress --help).
 * True: go on. False: return *STATUS (0 after --help, 2 after a usage error, said already). */
bool cli_parse(struct cli *cli, const struct command *command, const struct option_spec *specs,
	       size_t count, int argc, char **argv, int *status);

/* "pkgnote NAME: MESSAGE" and where to read more; returns EXIT_USAGE. */
int cli_usage(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line "pkgnote NAME: FILE: what: why (offset N)"; the status becomes FAILED. FILE may be
 * NULL. Thread-safe, like all below. */
void cli_fail(struct cli *cli, const char *file, const struct note_error *err);
void cli_failf(struct cli *cli, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Something skipped, kept or lost that does not change the status; silent with -q. */
void cli_say(struct cli *cli, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, only with -v. */
void cli_detail(struct cli *cli, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A check found something wanting. */
void cli_wanting(struct cli *cli);

/* Tells how far the work is: DONE of TOTAL. Draws a line on a terminal after a second, at most
 * ten times a second; cli_progress_end wipes it. */
void cli_progress(struct cli *cli, uint64_t done, uint64_t total, const char *what);
void cli_progress_end(struct cli *cli);

/* Flushes stdout and returns the status; a result that could not be written is FAILED. */
int cli_finish(struct cli *cli);

#endif
