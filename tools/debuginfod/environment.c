/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/debuginfod/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/url.h"

#define URLS_FILES "/etc/debuginfod/*.urls"
#define URLS_SPACE " \t\r\n\f\v"
/* More is no list of servers or headers. */
#define SMALL_FILE ((size_t)1 << 20)

/* --- numbers --- */

/* Decimal digits with a fraction, by a point in any locale; *END is behind them. */
static bool parse_decimal(const char *text, double *out, const char **end)
{
	double value = 0, place = 1;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (*text - '0');
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++)
			value += (place /= 10) * (*text - '0');
	*out = value;
	*end = text;
	return true;
}

bool parse_seconds(const char *text, double *out)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"m", 60}, {"min", 60}, {"h", 3600}};
	const char *unit;
	double value;
	if (!parse_decimal(text, &value, &unit))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].unit, unit) == 0 && value * units[i].seconds < 1e9) {
			*out = value * units[i].seconds;
			return true;
		}
	return false;
}

bool parse_bytes(const char *text, uint64_t *out)
{
	char *end;
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	const unsigned long long value = strtoull(text, &end, 10);
	const char *unit = *end != '\0' ? strchr("KMG", *end) : NULL;
	const unsigned shift = unit != NULL ? 10 * (unsigned)(unit - "KMG" + 1) : 0;
	if (errno != 0 || (unit != NULL ? end[1] : end[0]) != '\0' || value > UINT64_MAX >> shift)
		return false;
	*out = (uint64_t)value << shift;
	return true;
}

/* --- variables --- */

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

static void tell_odd(client_tell *tell, void *context, const char *name, const char *value,
		     const char *wanted)
{
	char *line = tell != NULL ? format_string("%s: '%s' is %s; it is passed over", name, value,
						  wanted)
				  : NULL;
	if (line != NULL)
		tell(context, line);
	free(line);
}

void client_environment(struct client_options *options, client_tell *tell, void *context)
{
	const struct {
		const char *name;
		double *seconds;
		uint64_t *number;
	} known[] = {
		{"DEBUGINFOD_TIMEOUT", &options->timeout, NULL},
		{"DEBUGINFOD_MAXTIME", &options->deadline, NULL},
		{"DEBUGINFOD_MAXSIZE", NULL, &options->max_size},
		{"DEBUGINFOD_RETRY_LIMIT", NULL, &options->retries},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *value = variable(known[i].name);
		if (value == NULL)
			continue;
		if (known[i].seconds != NULL ? !parse_seconds(value, known[i].seconds)
					     : !parse_bytes(value, known[i].number))
			tell_odd(tell, context, known[i].name, value,
				 known[i].seconds != NULL ? "no number of seconds"
							  : "no number, K, M or G behind it");
	}
	if (getenv("DEBUGINFOD_VERBOSE") != NULL)
		options->verbose = 1;
	options->ca_file = variable("CURL_CA_BUNDLE");
	if (options->ca_file != NULL)
		return;
	options->ca_file = variable("SSL_CERT_FILE");
	options->ca_directory = variable("SSL_CERT_DIR");
}

/* --- small files --- */

/* The whole of it as a string, for free(); NULL with ERR. */
static char *read_small(const char *path, size_t *size, struct note_error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		error_system(err, "open");
		return NULL;
	}
	char *text = malloc(SMALL_FILE + 1);
	ssize_t got = -1;
	*size = 0;
	if (text == NULL || fstat(fd, &st) != 0)
		error_system(err, "read");
	else if (!S_ISREG(st.st_mode))
		error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a regular file");
	else
		while (*size < SMALL_FILE &&
		       ((got = read(fd, text + *size, SMALL_FILE - *size)) > 0 ||
			(got < 0 && errno == EINTR)))
			*size += got > 0 ? (size_t)got : 0;
	if (got < 0 && text != NULL && S_ISREG(st.st_mode))
		error_system(err, "read");
	else if (got > 0)
		error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "longer than %zu bytes",
			  SMALL_FILE);
	close(fd);
	if (text == NULL || got != 0) {
		free(text);
		return NULL;
	}
	text[*size] = '\0';
	return text;
}

int client_read_headers(struct strings *headers, const char *path, struct note_error *err)
{
	size_t size;
	char *text = read_small(path, &size, err);
	int code = text != NULL ? NOTE_OK : NOTE_SYSTEM;
	if (text != NULL && (strlen(text) != size || strchr(text, '\r') != NULL))
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "headers: a carriage return or NUL in it");
	char *state = NULL;
	for (char *line = code == NOTE_OK ? strtok_r(text, "\n", &state) : NULL;
	     line != NULL && code == NOTE_OK; line = strtok_r(NULL, "\n", &state))
		if (!list_add(headers, line))
			code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
	free(text);
	return code;
}

/* --- servers --- */

struct words {
	struct strings *servers;
	const char *from; /* a variable or file, for messages; NULL: take every word */
	client_tell *tell;
	void *context;
};

/* "ima:POLICY" words stand for what follows them. A server whose files' signatures are to be
 * looked at keeps that word, so that its entry says all that there is to know. */
static bool add_words(struct words *words, const char *text)
{
	char *copy = strdup(text);
	char *state = NULL;
	const char *policy = NULL;
	bool good = copy != NULL;
	for (char *word = good ? strtok_r(copy, URLS_SPACE, &state) : NULL; good && word != NULL;
	     word = strtok_r(NULL, URLS_SPACE, &state)) {
		if (strncmp(word, "ima:", 4) == 0) {
			policy = url_policy(word);
			if (policy == NULL && strcmp(word, "ima:ignore") != 0)
				tell_odd(words->tell, words->context,
					 words->from != NULL ? words->from : "--server", word,
					 "no policy that is known here (ima:enforcing, "
					 "ima:permissive, ima:ignore)");
			continue;
		}
		char *url = words->from != NULL ? url_server(word) : NULL;
		if (words->from != NULL && url == NULL)
			tell_odd(words->tell, words->context, words->from, word,
				 "not an http, https or file URL");
		else
			good = list_take(words->servers,
					 format_string("%s%s", policy != NULL ? policy : "", word));
		free(url);
	}
	free(copy);
	return good;
}

bool client_default_servers(struct strings *servers, const struct strings *given, client_tell *tell,
			    void *context)
{
	const char *environment = getenv("DEBUGINFOD_URLS");
	struct words words = {servers, NULL, tell, context};
	glob_t files;
	bool good = true;
	if (given != NULL && given->count > 0) {
		for (size_t i = 0; i < given->count && good; i++)
			good = add_words(&words, given->items[i]);
		return good;
	}
	if (environment != NULL) {
		words.from = "DEBUGINFOD_URLS";
		return add_words(&words, environment);
	}
	if (glob(URLS_FILES, 0, NULL, &files) != 0)
		return true;
	for (size_t i = 0; i < files.gl_pathc && good; i++) {
		size_t size;
		char *text = read_small(files.gl_pathv[i], &size, NULL);
		words.from = files.gl_pathv[i];
		good = text == NULL || add_words(&words, text);
		free(text);
	}
	globfree(&files);
	return good;
}

/* --- caches --- */

static char *below_home(const char *xdg_name, const char *home_name)
{
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	if (xdg != NULL && xdg[0] == '/')
		return format_string("%s/%s", xdg, xdg_name);
	if (home != NULL && home[0] == '/')
		return format_string("%s/%s", home, home_name);
	return NULL;
}

char *elfutils_cache_path(void)
{
	const char *given = variable("DEBUGINFOD_CACHE_PATH");
	const char *home = getenv("HOME");
	if (given != NULL)
		return strdup(given);
	char *old = home != NULL ? format_string("%s/.debuginfod_client_cache", home) : NULL;
	if (old != NULL && access(old, F_OK) == 0)
		return old;
	free(old);
	return below_home("debuginfod_client", ".cache/debuginfod_client");
}

char *client_cache_path(void)
{
	return below_home("pkgnote", ".cache/pkgnote");
}
