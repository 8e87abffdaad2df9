/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkgnote: the table of subcommands. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "tools/commands.h"

static const struct command *const commands[] = {
	&show_command,  &compare_command,        &trace_command,   &stamp_command, &flags_command,
	&split_command, &find_debuginfo_command, &publish_command, &fetch_command, &verify_command,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *to)
{
	fputs("Usage: pkgnote COMMAND [OPTION]... [ARG]...\n\n"
	      "Package metadata in every binary, parallel-installable debuginfo, and the proof "
	      "that "
	      "it is there.\n\n",
	      to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-16s%s\n", commands[i]->name, commands[i]->summary);
	fputs("\n'pkgnote COMMAND --help' tells more; so does pkgnote(1).\n", to);
}

static int written(void)
{
	const int why = cli_written();
	if (why != 0)
		fprintf(stderr, "pkgnote: standard output: write: %s\n", strerror(why));
	return why == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* Files come one after the other, and what one took is the next one's: memory that went back to the
 * kernel meanwhile would come from there page by page, each to be cleared. */
static void keep_memory(void)
{
#ifdef M_MMAP_THRESHOLD /* glibc has it */
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 32 << 20);
#endif
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	keep_memory();
	cli_begin();
	if (name == NULL) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		help(stdout);
		return written();
	}
	if (strcmp(name, "--version") == 0) {
		puts("pkgnote " PKGNOTE_VERSION);
		return written();
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i]->name) == 0)
			return commands[i]->run(commands[i], argc - 1, argv + 1);
	fprintf(stderr, "pkgnote: '%s' is no command; 'pkgnote --help' lists them\n", name);
	return EXIT_USAGE;
}
