/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/commands.h"

static int run(const struct command *command, int argc, char **argv)
{
	struct cli cli;
	int status;
	if (!cli_parse(&cli, command, NULL, 0, argc, argv, &status))
		return status;
	cli_failf(&cli, NULL, "not written yet");
	return cli_finish(&cli);
}

const struct command split_command = {"split", "-", "-", "-", run};
