/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of servers and artifacts as URLs (RFC 3986). Strings returned are for free(); NULL also
 * where memory is short. */
#ifndef DEBUGINFOD_URL_H
#define DEBUGINFOD_URL_H

#include "tools/debuginfod/client.h"
#include "tools/debuginfod/proof/ima.h"

/* Before an entry of a list of servers whose files' signatures are to be looked at: the prefix for
 * the word "ima:POLICY", NULL for others. */
const char *url_policy(const char *word);

/* ENTRY without such a prefix, and what it said. */
const char *url_without_policy(const char *entry, enum ima_policy *policy);

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
