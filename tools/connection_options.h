/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options by which servers are named and reached, of every subcommand that asks one: one table,
 * one struct, one filler. Their defaults come from the environment. */
#ifndef TOOLS_CONNECTION_OPTIONS_H
#define TOOLS_CONNECTION_OPTIONS_H

#include "tools/base/cli.h"
#include "tools/base/expansion/expansion.h"
#include "tools/debuginfod/client.h"

/* What the options said; begins by connection_begin. */
struct connection {
	struct client_options client; /* the table writes here what needs no more work */
	struct strings servers;
	const char *headers_file;
	int ima;                 /* the index of --ima's word, -1 where it was not given */
	int absent;              /* 0: one server decides; 1: all must agree */
	char *certificates;      /* directories of them */
	struct strings oddities; /* what was not understood in the environment */
};

/* clang-format off */
#define CONNECTION_OPTIONS(c) \
	{"server", 0, OPTION_LIST, "URL", &(c)->servers, \
	 "ask this server (repeat); default: DEBUGINFOD_URLS, /etc/debuginfod/*.urls", NULL, NULL}, \
	{"retries", 0, OPTION_NUMBER, "N", &(c)->client.retries, \
	 "tries after the first (3)", NULL, NULL}, \
	{"backoff", 0, OPTION_CALL, "S", &(c)->client.backoff, \
	 "seconds, the first wait between tries (1)", NULL, connection_seconds}, \
	{"timeout", 0, OPTION_CALL, "S", &(c)->client.timeout, \
	 "seconds without progress before a try is given up (90)", NULL, connection_seconds}, \
	{"first-byte", 0, OPTION_CALL, "S", &(c)->client.first_byte, \
	 "seconds until an answer begins, else the server counts as silent (10)", NULL, \
	 connection_seconds}, \
	{"grace", 0, OPTION_CALL, "S", &(c)->client.grace, \
	 "seconds for the other servers once one has said absent (2)", NULL, connection_seconds}, \
	{"deadline", 0, OPTION_CALL, "S", &(c)->client.deadline, \
	 "seconds for each file, all tries together (none)", NULL, connection_seconds}, \
	{"max-size", 0, OPTION_NUMBER, "N", &(c)->client.max_size, \
	 "refuse files of more than N bytes (no limit)", NULL, NULL}, \
	EXPANSION_OPTION, \
	{"header", 0, OPTION_LIST, "H", &(c)->client.headers, \
	 "send 'Name: value', or 'URL Name: value' to servers below URL (repeat)", NULL, NULL}, \
	{"headers-file", 0, OPTION_TEXT, "F", &(c)->headers_file, \
	 "send the headers in F, one a line", NULL, NULL}, \
	{"cacert", 0, OPTION_TEXT, "FILE", &(c)->client.ca_file, \
	 "trust the authorities in FILE", NULL, NULL}, \
	{"cert", 0, OPTION_TEXT, "FILE", &(c)->client.certificate, \
	 "show this client certificate", NULL, NULL}, \
	{"key", 0, OPTION_TEXT, "FILE", &(c)->client.key, \
	 "the client certificate's private key", NULL, NULL}, \
	{"ima", 0, OPTION_CHOICE, "enforcing|permissive|ignore", &(c)->ima, \
	 "what files without a good IMA signature are (default: as DEBUGINFOD_URLS says)", NULL, \
	 NULL}, \
	{"user-agent", 0, OPTION_TEXT, "NAME", &(c)->client.user_agent, \
	 "name us so (pkgnote/VERSION)", NULL, NULL}

/* Of subcommands that keep what came. */
#define CONNECTION_CACHE_OPTIONS(c) \
	{"cache", 0, OPTION_TEXT, "DIR", &(c)->client.cache, \
	 "keep files in DIR ($XDG_CACHE_HOME/pkgnote)", NULL, NULL}, \
	{"cache-absent", 0, OPTION_NUMBER, "S", &(c)->client.absent_seconds, \
	 "seconds for which absent answers of all servers are remembered (600)", NULL, NULL}, \
	{"cache-size", 0, OPTION_NUMBER, "N", &(c)->client.cache_size, \
	 "bytes that the cache may hold, 0 for no limit (20G)", NULL, NULL}, \
	{"cache-age", 0, OPTION_NUMBER, "S", &(c)->client.cache_age, \
	 "seconds since its last use after which a file goes (30 days)", NULL, NULL}, \
	{"forget", 0, OPTION_FLAG, NULL, &(c)->client.forget, \
	 "ask servers too that were silent a few minutes ago", NULL, NULL}, \
	{"absent", 0, OPTION_CHOICE, "first|all", &(c)->absent, \
	 "absent is said where one server says so (first), or all do", NULL, NULL}
/* clang-format on */

option_call connection_seconds;

/* The defaults, with what the environment says. Before cli_parse. */
void connection_begin(struct connection *connection);

/* After cli_parse: completes CLIENT by the servers' names and the headers file, and tells what was
 * odd. What is odd about --server is for client_open to say. False after a message. */
bool connection_complete(struct connection *connection, struct cli *cli);

void connection_free(struct connection *connection);

#endif
