/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/fetch/settings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/root.h"

int read_headers_file(struct strings *headers, const char *path, struct note_error *err)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int code = fd >= 0 ? file_read(fd, &bytes, &size, err) : error_system(err, "open");
	if (fd >= 0)
		close(fd);
	if (code == NOTE_OK &&
	    (memchr(bytes, '\0', size) != NULL || memchr(bytes, '\r', size) != NULL))
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "headers: a carriage return or NUL in it");
	if (code != NOTE_OK) {
		free(bytes);
		return code;
	}
	struct text text = {0};
	char *state = NULL;
	text_add(&text, bytes, size);
	for (char *line = strtok_r(text.data, "\n", &state); line != NULL;
	     line = strtok_r(NULL, "\n", &state))
		strings_add(headers, line);
	text_free(&text);
	free(bytes);
	return NOTE_OK;
}

void number_from_environment(const char *name, uint64_t *out)
{
	const char *value = getenv(name);
	char *end;
	if (value == NULL || value[0] < '0' || value[0] > '9')
		return;
	unsigned long long number = strtoull(value, &end, 10);
	if (*end == '\0')
		*out = number;
}

static char *below_home(const char *xdg_name, const char *home_name)
{
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	if (xdg != NULL && xdg[0] == '/')
		return xasprintf("%s/%s", xdg, xdg_name);
	if (home != NULL && home[0] == '/')
		return xasprintf("%s/%s", home, home_name);
	return NULL;
}

char *elfutils_cache_path(void)
{
	const char *given = getenv("DEBUGINFOD_CACHE_PATH");
	const char *home = getenv("HOME");
	if (given != NULL && given[0] != '\0')
		return xstrdup(given);
	char *old = home != NULL ? xasprintf("%s/.debuginfod_client_cache", home) : NULL;
	if (old != NULL && access(old, F_OK) == 0)
		return old;
	free(old);
	return below_home("debuginfod_client", ".cache/debuginfod_client");
}

char *default_cache_path(void)
{
	return below_home("pkgnote", ".cache/pkgnote");
}
