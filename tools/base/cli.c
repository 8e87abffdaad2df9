/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t stderr_lock = PTHREAD_MUTEX_INITIALIZER;
static bool progress_shown; /* under stderr_lock: a progress line stands on the terminal */

/* --- messages --- */

static void wipe_progress(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

static void say_line(struct cli *cli, const char *file, const char *format, va_list args)
{
	char *message = NULL;
	if (vasprintf(&message, format, args) < 0)
		return;
	char *line = name_to_line(message);
	char *name = file != NULL ? name_to_line(file) : NULL;
	pthread_mutex_lock(&stderr_lock);
	wipe_progress();
	fprintf(stderr, "pkgnote %s: %s%s%s\n", cli->command->name, name != NULL ? name : "",
		name != NULL ? ": " : "", line);
	pthread_mutex_unlock(&stderr_lock);
	free(name);
	free(line);
	free(message);
}

static void raise_status(struct cli *cli, enum exit_status status)
{
	pthread_mutex_lock(&stderr_lock);
	if (status > cli->status)
		cli->status = status;
	pthread_mutex_unlock(&stderr_lock);
}

void cli_failf(struct cli *cli, const char *file, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say_line(cli, file, format, args);
	va_end(args);
	raise_status(cli, EXIT_FAILED);
}

void cli_fail(struct cli *cli, const char *file, const struct note_error *err)
{
	if (err->offset == NOTE_NO_OFFSET)
		cli_failf(cli, file, "%s", err->text);
	else
		cli_failf(cli, file, "%s (offset %llu)", err->text,
			  (unsigned long long)err->offset);
}

void cli_say(struct cli *cli, const char *file, const char *format, ...)
{
	va_list args;
	if (cli->quiet)
		return;
	va_start(args, format);
	say_line(cli, file, format, args);
	va_end(args);
}

void cli_detail(struct cli *cli, const char *file, const char *format, ...)
{
	va_list args;
	if (cli->verbose == 0)
		return;
	va_start(args, format);
	say_line(cli, file, format, args);
	va_end(args);
}

void cli_wanting(struct cli *cli)
{
	raise_status(cli, EXIT_WANTING);
}

int cli_usage(struct cli *cli, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say_line(cli, NULL, format, args);
	va_end(args);
	fprintf(stderr, "Try 'pkgnote %s --help'.\n", cli->command->name);
	return EXIT_USAGE;
}

/* --- standard streams --- */

/* A reader who went away is an error of the write, and no sudden end in the middle of a tree.
 * Unlike an ignored signal, one that is caught is not handed on to the programs that are started.
 */
static void nothing(int number)
{
	(void)number;
}

/* The first error of a write to stdout, which may be long before the end: errno is another's by
 * then. */
static int unwritten;

#ifdef __GLIBC__ /* where stdout can be another stream */
static ssize_t put_bytes(void *cookie, const char *bytes, size_t size)
{
	size_t done = 0;
	(void)cookie;
	while (done < size) {
		const ssize_t n = write(STDOUT_FILENO, bytes + done, size - done);
		struct pollfd until = {STDOUT_FILENO, POLLOUT, 0};
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN) /* another program made it O_NONBLOCK */
			poll(&until, 1, -1);
		else if (errno != EINTR)
			break;
	}
	if (done < size && unwritten == 0)
		unwritten = errno;
	return (ssize_t)done;
}

static void watch_stdout(void)
{
	FILE *watched = fopencookie(NULL, "w", (cookie_io_functions_t){.write = put_bytes});
	if (watched == NULL)
		return;
	setvbuf(watched, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, 65536);
	stdout = watched;
}
#else
static void watch_stdout(void)
{
}
#endif

/* Where one of the three is closed, the next file that is opened has its number, and a message or a
 * result goes into the middle of it. Taken the wrong way round, a write still says EBADF. */
void cli_begin(void)
{
	const struct sigaction broken_pipe = {.sa_handler = nothing, .sa_flags = SA_RESTART};
	sigaction(SIGPIPE, &broken_pipe, NULL);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0) /* the lowest free number is this one */
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
	watch_stdout();
}

int cli_written(void)
{
	if ((fflush(stdout) != 0 || ferror(stdout)) && unwritten == 0)
		unwritten = errno != 0 ? errno : EIO;
	if (unwritten != 0)
		return unwritten;
	/* Some file systems tell only then that there was no room. */
	const int copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return copy >= 0 && close(copy) != 0 ? errno : 0;
}

int cli_finish(struct cli *cli)
{
	cli_progress_end(cli);
	const int why = cli_written();
	if (why != 0)
		cli_failf(cli, "standard output", "write: %s", strerror(why));
	return cli->status;
}

/* --- progress --- */

static uint64_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void cli_progress(struct cli *cli, uint64_t done, uint64_t total, const char *what)
{
	static uint64_t started, drawn;
	if (cli->quiet || cli->progress == WHEN_NEVER ||
	    (cli->progress == WHEN_AUTO && !isatty(STDERR_FILENO)))
		return;
	pthread_mutex_lock(&stderr_lock);
	uint64_t now = milliseconds();
	if (started == 0)
		started = now;
	const bool late = cli->progress == WHEN_ALWAYS || now - started > 1000;
	if (late && (now - drawn >= 100 || done == total)) {
		const int width = 30;
		const int filled = total != 0 ? (int)(done * (uint64_t)width / total) : 0;
		drawn = now;
		fprintf(stderr, "\r\033[K[%.*s%*s] %llu/%llu %s", filled,
			"##############################", width - filled, "",
			(unsigned long long)done, (unsigned long long)total, what);
		fflush(stderr);
		progress_shown = true;
	}
	pthread_mutex_unlock(&stderr_lock);
}

void cli_progress_end(struct cli *cli)
{
	(void)cli;
	pthread_mutex_lock(&stderr_lock);
	wipe_progress();
	pthread_mutex_unlock(&stderr_lock);
}

/* --- options --- */

#define JOBS_NOT_GIVEN UINT64_MAX

static unsigned usable_cpus(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (unsigned)online : 1;
}

static bool parse_number(const char *text, uint64_t *out)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	const char *unit = *end != '\0' ? strchr("KMG", *end) : NULL;
	const unsigned shift = unit != NULL ? 10 * (unsigned)(unit - "KMG" + 1) : 0;
	if (errno != 0 || (unit != NULL ? end[1] : end[0]) != '\0' || value > UINT64_MAX >> shift)
		return false;
	*out = (uint64_t)value << shift;
	return true;
}

/* The index of WORD among CHOICES ("a|b|c"), or -1. */
static int choice_index(const char *choices, const char *word)
{
	const size_t length = strlen(word);
	int index = 0;
	for (const char *p = choices; p != NULL; index++) {
		const char *bar = strchr(p, '|');
		const size_t size = bar != NULL ? (size_t)(bar - p) : strlen(p);
		if (size == length && memcmp(p, word, size) == 0)
			return index;
		p = bar != NULL ? bar + 1 : NULL;
	}
	return -1;
}

static bool apply(struct cli *cli, const struct option_spec *spec, const char *value)
{
	char letter[2] = {spec->letter, '\0'};
	const char *name = spec->name != NULL ? spec->name : letter;
	const char *dashes = spec->name != NULL ? "--" : "-";
	if (value == NULL)
		value = spec->implied;
	switch (spec->kind) {
	case OPTION_FLAG:
		*(bool *)spec->target = true;
		return true;
	case OPTION_TEXT:
		*(const char **)spec->target = value;
		return true;
	case OPTION_LIST:
		strings_add(spec->target, value);
		return true;
	case OPTION_NUMBER:
		if (parse_number(value, spec->target))
			return true;
		cli_usage(cli, "%s%s wants a number, not '%s'", dashes, name, value);
		return false;
	case OPTION_CHOICE:
		*(int *)spec->target = choice_index(spec->argument, value);
		if (*(int *)spec->target >= 0)
			return true;
		cli_usage(cli, "%s%s wants one of %s, not '%s'", dashes, name, spec->argument,
			  value);
		return false;
	case OPTION_CALL:
		return spec->call(cli, spec->target, name, value);
	}
	return false;
}

static void print_option(const struct option_spec *spec)
{
	char left[128];
	const bool takes = spec->kind != OPTION_FLAG && spec->argument != NULL;
	int used = snprintf(left, sizeof(left), "  %c%c%s", spec->letter != 0 ? '-' : ' ',
			    spec->letter != 0 ? spec->letter : ' ',
			    spec->letter != 0 && spec->name != NULL ? "," : " ");
	if (spec->name != NULL)
		snprintf(left + used, sizeof(left) - (size_t)used, " --%s%s%s%s%s", spec->name,
			 takes && spec->implied != NULL ? "[" : "", takes ? "=" : "",
			 takes ? spec->argument : "", takes && spec->implied != NULL ? "]" : "");
	else if (takes)
		snprintf(left + used, sizeof(left) - (size_t)used, "%s", spec->argument);
	printf("%-30s%s%s\n", left, strlen(left) > 29 ? "\n                              " : "",
	       spec->help);
}

static void print_help(const struct command *command, const struct option_spec *specs, size_t count)
{
	const char *line = command->synopsis;
	for (bool first = true; line != NULL; first = false) {
		const char *end = strchr(line, '\n');
		printf("%s pkgnote %s %.*s\n", first ? "Usage:" : "      ", command->name,
		       end != NULL ? (int)(end - line) : (int)strlen(line), line);
		line = end != NULL ? end + 1 : NULL;
	}
	printf("\n%s.\n\n", command->summary);
	for (size_t i = 0; i < count; i++)
		print_option(&specs[i]);
	printf("\nExample:\n  %s\n\nSee pkgnote-%s(1).\n", command->example, command->name);
}

bool cli_parse(struct cli *cli, const struct command *command, const struct option_spec *specs,
	       size_t count, int argc, char **argv, int *status)
{
	uint64_t jobs = JOBS_NOT_GIVEN;
	int color = WHEN_AUTO;
	bool help = false, verbose = false;
	*cli = (struct cli){.command = command};
	const struct option_spec common[] = {
		{"jobs", 'j', OPTION_NUMBER, "N", &jobs, "work on N files at once", NULL, NULL},
		{"json", 0, OPTION_FLAG, NULL, &cli->json, "print results as JSON", NULL, NULL},
		{"quiet", 'q', OPTION_FLAG, NULL, &cli->quiet, "print errors only", NULL, NULL},
		{"verbose", 'v', OPTION_FLAG, NULL, &verbose, "tell each step", NULL, NULL},
		{"color", 0, OPTION_CHOICE, "auto|always|never", &color, "colour the table", NULL,
		 NULL},
		{"progress", 0, OPTION_CHOICE, "auto|always|never", &cli->progress,
		 "show a progress bar", NULL, NULL},
		{"help", 'h', OPTION_FLAG, NULL, &help, "print this and exit", NULL, NULL},
	};
	const size_t commons = sizeof(common) / sizeof(common[0]);
	const size_t total = count + commons;
	struct option_spec *all = xcalloc(total, sizeof(*all));
	struct option *options = xcalloc(total + 1, sizeof(*options));
	struct text letters = {0};
	for (size_t i = 0; i < total; i++) {
		const struct option_spec *spec = &all[i];
		all[i] = i < count ? specs[i] : common[i - count];
		const int takes = spec->kind == OPTION_FLAG ? no_argument
				  : spec->implied != NULL   ? optional_argument
							    : required_argument;
		/* getopt needs a name: one that cannot be typed stands for "letter alone". */
		options[i] = (struct option){spec->name != NULL ? spec->name : "\n", takes, NULL,
					     256 + (int)i};
		if (spec->letter != 0)
			text_printf(&letters, "%c%s", spec->letter,
				    takes == no_argument ? "" : ":");
	}
	bool good = true;
	int got;
	optind = 0; /* glibc and musl: start afresh, also for a second call */
	opterr = 0;
	while (good && (got = getopt_long(argc, argv, letters.data, options, NULL)) != -1) {
		const struct option_spec *spec = got >= 256 ? &all[got - 256] : NULL;
		for (size_t i = 0; spec == NULL && got != '?' && i < total; i++)
			if (all[i].letter == got)
				spec = &all[i];
		if (spec == NULL) {
			cli_usage(cli, "'%s' is no option, or lacks its value",
				  optind > 0 && optind <= argc ? argv[optind - 1] : "?");
			good = false;
		} else {
			good = apply(cli, spec, optarg);
			cli->verbose += verbose;
			verbose = false;
		}
	}
	cli->jobs_given = jobs != JOBS_NOT_GIVEN;
	if (!cli->jobs_given)
		jobs = usable_cpus();
	if (good && (jobs == 0 || jobs > 1024)) {
		cli_usage(cli, "--jobs wants 1 to 1024");
		good = false;
	}
	*status = good ? EXIT_DONE : EXIT_USAGE;
	if (good && help) {
		print_help(command, all, total);
		*status = cli_finish(cli);
	}
	cli->jobs = (unsigned)jobs;
	const char *no_color = getenv("NO_COLOR");
	cli->color = color == WHEN_ALWAYS || (color == WHEN_AUTO && isatty(STDOUT_FILENO) &&
					      (no_color == NULL || no_color[0] == '\0'));
	cli->operands = argv + optind;
	cli->operand_count = (size_t)(argc - optind);
	text_free(&letters);
	free(options);
	free(all);
	return good && !help;
}
