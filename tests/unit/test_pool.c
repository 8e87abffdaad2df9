/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pool: everything once, finished in order, never too far ahead. And the option parser. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tools/base/cli.h"
#include "tools/base/pool.h"

struct run {
	size_t count;
	atomic_uint *worked;
	atomic_size_t finished; /* items handed over */
	atomic_uint in_finish;
	atomic_uint wrong;
	unsigned jobs;
	bool slow_first;
};

static void work(void *context, size_t index, unsigned worker)
{
	struct run *run = context;
	if (worker >= (run->jobs > 1 ? run->jobs : 1))
		run->wrong++;
	if (index - run->finished > POOL_AHEAD && index > run->finished)
		run->wrong++;
	if (run->slow_first && index == 0)
		nanosleep(&(struct timespec){0, 20000000}, NULL);
	run->worked[index]++;
}

static void finish(void *context, size_t index)
{
	struct run *run = context;
	if (run->in_finish++ != 0 || index != run->finished || run->worked[index] != 1)
		run->wrong++;
	run->finished++;
	run->in_finish--;
}

static void one_run(unsigned jobs, size_t count, bool with_finish)
{
	struct run run = {.count = count, .jobs = jobs, .slow_first = count > 1};
	run.worked = calloc(count + 1, sizeof(*run.worked));
	pool_run(jobs, count, work, with_finish ? finish : NULL, &run);
	size_t once = 0;
	for (size_t i = 0; i < count; i++)
		once += run.worked[i] == 1;
	CU_ASSERT_EQUAL(once, count);
	if (with_finish) {
		CU_ASSERT_EQUAL(run.wrong, 0);
		CU_ASSERT_EQUAL(run.finished, count);
	}
	free(run.worked);
}

static void test_order(void)
{
	static const unsigned jobs[] = {1, 2, 3, 8, 64};
	static const size_t counts[] = {0, 1, 2, 7, 100, 3 * POOL_AHEAD + 1};
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
			one_run(jobs[i], counts[j], true);
			if (counts[j] < POOL_AHEAD)
				one_run(jobs[i], counts[j], false);
		}
}

/* --- options --- */

static int nothing(const struct command *command, int argc, char **argv)
{
	(void)command;
	(void)argc;
	(void)argv;
	return 0;
}

static const struct command command = {"unit", "Test", "[OPTION]...", "pkgnote unit", nothing};

struct values {
	bool flag;
	const char *text;
	struct strings list;
	uint64_t number;
	int choice;
	const char *maybe;
	struct cli cli;
	int status;
};

/* Parses the words of LINE; errors go nowhere. */
static bool parse(struct values *v, const char *line)
{
	static char words[512], name[] = "unit", *argv[32]; /* OPERANDS point here */
	int argc = 1;
	memset(argv, 0, sizeof(argv));
	argv[0] = name;
	strings_free(&v->list);
	*v = (struct values){.choice = 7};
	const struct option_spec specs[] = {
		{"flag", 'f', OPTION_FLAG, NULL, &v->flag, "", NULL, NULL},
		{"text", 't', OPTION_TEXT, "TEXT", &v->text, "", NULL, NULL},
		{"list", 'l', OPTION_LIST, "ITEM", &v->list, "", NULL, NULL},
		{"number", 0, OPTION_NUMBER, "N", &v->number, "", NULL, NULL},
		{"choice", 0, OPTION_CHOICE, "one|two|three", &v->choice, "", NULL, NULL},
		{"maybe", 0, OPTION_TEXT, "X", &v->maybe, "", "implied", NULL},
		{NULL, 'x', OPTION_TEXT, "X", &v->text, "", NULL, NULL},
	};
	strcpy(words, line);
	for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO);
	const bool good = cli_parse(&v->cli, &command, specs, sizeof(specs) / sizeof(specs[0]),
				    argc, argv, &v->status);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
	return good;
}

static void test_options(void)
{
	struct values v = {0};
	CU_ASSERT_TRUE(parse(&v, "a -f --text=x -l 1 --list=2 -l3 b --number=12K -- --flag"));
	CU_ASSERT_TRUE(v.flag);
	CU_ASSERT_STRING_EQUAL(v.text, "x");
	CU_ASSERT_EQUAL(v.list.count, 3);
	CU_ASSERT_STRING_EQUAL(v.list.items[2], "3");
	CU_ASSERT_EQUAL(v.number, 12288);
	CU_ASSERT_EQUAL(v.cli.operand_count, 3);
	CU_ASSERT_STRING_EQUAL(v.cli.operands[0], "a");
	CU_ASSERT_STRING_EQUAL(v.cli.operands[2], "--flag");
	CU_ASSERT_TRUE(parse(&v, "--maybe -vv --verbose -xq --choice=three --text="));
	CU_ASSERT_STRING_EQUAL(v.maybe, "implied");
	CU_ASSERT_EQUAL(v.cli.verbose, 3);
	CU_ASSERT_EQUAL(v.choice, 2);
	CU_ASSERT_STRING_EQUAL(v.text, "");
	CU_ASSERT_TRUE(parse(&v, "--maybe=given --number 0 -j3 -"));
	CU_ASSERT_STRING_EQUAL(v.maybe, "given");
	CU_ASSERT_EQUAL(v.cli.jobs, 3);
	CU_ASSERT_EQUAL(v.cli.operand_count, 1);
	CU_ASSERT_TRUE(parse(&v, "--number=18446744073709551615"));
	CU_ASSERT_EQUAL(v.number, UINT64_MAX);
	CU_ASSERT_TRUE(parse(&v, "--number=2G"));
	CU_ASSERT_EQUAL(v.number, UINT64_C(2) << 30);
	CU_ASSERT_TRUE(v.cli.jobs >= 1);
	strings_free(&v.list);
}

static void test_wrong_options(void)
{
	static const char *const wrong[] = {
		"--nothing",
		"-z",
		"--text",
		"-t",
		"--flag=1",
		"--number=",
		"--number=x",
		"--number=-1",
		"--number=1KB",
		"--number=+1",
		"--number=18446744073709551616",
		"--number=99999999999999999G",
		"--number=1k",
		"--choice=four",
		"--choice=",
		"--choice=one|two",
		"--choice=on",
		"-j0",
		"-j1025",
		"--color=blue",
		"--jobs",
	};
	struct values v = {0};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (parse(&v, wrong[i]) || v.status != EXIT_USAGE)
			CU_FAIL(wrong[i]);
	strings_free(&v.list);
}

/* --- parts of one item --- */

static void add_one(void *context, size_t index, unsigned worker)
{
	unsigned char *done = context;
	(void)worker;
	done[index]++;
}

static void add_other(void *context)
{
	unsigned char *done = context;
	/* Beside it there are no threads for anything else. */
	pool_run_parts(4, true, 50, add_one, NULL, done);
	done[50]++;
}

static void test_parts(void)
{
	for (int large = 0; large < 2; large++) {
		unsigned char done[101] = {0};
		struct pool_beside beside;
		pool_beside_begin(&beside, large != 0, add_other, done);
		for (size_t i = 51; i < 101; i++)
			add_one(done, i, 0);
		pool_beside_end(&beside);
		pool_run_parts(4, large != 0, 101, add_one, NULL, done);
		for (size_t i = 0; i < 101; i++)
			CU_ASSERT_EQUAL(done[i], 2);
	}
}

UNIT_SUITE(pool, UNIT_TEST(test_order), UNIT_TEST(test_parts), UNIT_TEST(test_options),
	   UNIT_TEST(test_wrong_options))
