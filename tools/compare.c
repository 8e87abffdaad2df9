/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkgnote compare: which packages, build-ids and notes changed from one thing to another, whatever
 * pkgnote show reads. */
#include <stdio.h>

#include "tools/base/expansion/expansion.h"
#include "tools/commands.h"
#include "tools/show/report/report.h"
#include "tools/show/survey.h"

static void collect(struct cli *cli, size_t operand, struct inventory *inventory)
{
	struct survey survey = {
		.cli = cli,
		.style = {.all = true, .collect = true, .sha256 = true},
		.inventory = inventory,
	};
	survey_operands(&survey, cli->operands + operand, 1);
	inventory_sort(inventory);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct inventory old = {0}, new = {0};
	struct text out = {0};
	struct cli cli;
	int status;
	const struct option_spec options[] = {EXPANSION_OPTION};
	if (!cli_parse(&cli, command, options, 1, argc, argv, &status))
		return status;
	if (cli.operand_count != 2)
		return cli_usage(&cli, "wants two things to compare: the old and the new one");
	collect(&cli, 0, &old);
	collect(&cli, 1, &new);
	cli_progress_end(&cli);
	if (report_compare(&old, cli.operands[0], &new, cli.operands[1], cli.json, &out) != 0)
		cli_wanting(&cli);
	if (out.size != 0)
		fwrite(out.data, 1, out.size, stdout);
	text_free(&out);
	inventory_free(&old);
	inventory_free(&new);
	return cli_finish(&cli);
}

const struct command compare_command = {
	"compare",
	"tell which packages, build-ids and notes changed between two trees, images or packages",
	"[--json] OLD NEW",
	"pkgnote compare old.tar new.tar",
	run,
};
