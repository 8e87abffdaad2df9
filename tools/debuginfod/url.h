/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of servers and artifacts as URLs (RFC 3986). Strings returned are for free(). */
#ifndef DEBUGINFOD_URL_H
#define DEBUGINFOD_URL_H

#include "tools/debuginfod/client.h"

/* Before a server whose files must be checked by their IMA signatures. */
#define URL_ENFORCING "ima:enforcing "

/* The prefix of a server's entry below the word "ima:POLICY", or NULL. */
const char *url_policy(const char *word);

/* A word of DEBUGINFOD_URLS as a base URL without a slash at its end: "host:8002" becomes
 * http://host:8002, "/srv/share" file:///srv/share. NULL for other schemes than http, https and
 * file, and for what cannot be a URL. */
char *url_server(const char *word);

/* The URL of an artifact; HEX is the build-id in lower case. */
char *url_artifact(const char *base, enum artifact artifact, const char *hex, const char *name);

/* The path below a server's base, not encoded, as a share keeps it: "buildid/HEX/debuginfo". The
 * path of a source loses its "." and ".." as text. */
char *url_share_path(enum artifact artifact, const char *hex, const char *name);

/* The directory that a file URL names; NULL where it names another host or holds %00. */
char *url_directory(const char *url);

/* URL without user name and password, fit for a log. */
char *url_without_secrets(const char *url);

/* Same scheme, host and port: what may see the credentials of the one may see the other's. */
bool url_same_origin(const char *a, const char *b);

#endif
