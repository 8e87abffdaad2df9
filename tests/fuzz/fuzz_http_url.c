/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names: servers, paths, headers' values. */
#include <stdlib.h>
#include <string.h>

#include "tools/base/retry.h"
#include "tools/debuginfod/environment.h"
#include "tools/debuginfod/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_dots(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/..")) != NULL; p += 3)
		if (p[3] == '\0' || p[3] == '/')
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	char *encoded = url_encode_path(text);
	if (strspn(encoded, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/"
			    "%") != strlen(encoded))
		abort();
	free(encoded);
	char *below = url_share_path(ARTIFACT_SOURCE, "ab", text);
	if (has_dots(below) || strncmp(below, "buildid/ab/source", 17) != 0)
		abort();
	free(below);
	char *server = url_server(text);
	if (server != NULL) {
		char *shown = url_without_secrets(server);
		char *again = url_server(server);
		if (again == NULL || strcmp(again, server) != 0 ||
		    !url_same_origin(server, shown) == url_same_origin(server, server))
			abort();
		free(url_directory(server));
		free(again);
		free(shown);
	}
	free(server);
	retry_after(text);
	free(text);
	return 0;
}
