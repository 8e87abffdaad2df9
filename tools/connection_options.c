/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/connection_options.h"

#include <stdlib.h>

#include "tools/debuginfod/environment.h"
#include "tools/debuginfod/proof/ima.h"

bool connection_seconds(struct cli *cli, void *target, const char *name, const char *value)
{
	double seconds;
	if (parse_seconds(value, &seconds) && seconds <= 10 * 86400) {
		*(double *)target = seconds;
		return true;
	}
	cli_usage(cli, "--%s wants seconds (5, 0.5, 2m), not '%s'", name, value);
	return false;
}

static void keep_line(void *context, const char *line)
{
	strings_add(context, line);
}

void connection_begin(struct connection *connection)
{
	*connection = (struct connection){.ima = -1};
	client_default_options(&connection->client);
	client_environment(&connection->client, keep_line, &connection->oddities);
}

static void log_line(void *context, const char *line)
{
	struct cli *cli = context;
	/* By DEBUGINFOD_VERBOSE, which is no -v. */
	if (cli->verbose == 0)
		cli_say(cli, NULL, "%s", line);
	else
		cli_detail(cli, NULL, "%s", line);
}

static void tell_line(void *context, const char *line)
{
	cli_say(context, NULL, "%s", line);
}

/* Where certificates lie, and where the environment says so. */
static void find_certificates(struct connection *connection)
{
	const char *more = getenv("DEBUGINFOD_IMA_CERT_PATH");
	connection->certificates = xasprintf("%s%s%s", IMA_CERTIFICATES, more != NULL ? ":" : "",
					     more != NULL ? more : "");
	connection->client.ima_certificates = connection->certificates;
}

bool connection_complete(struct connection *connection, struct cli *cli)
{
	struct client_options *o = &connection->client;
	const char *headers = connection->headers_file != NULL ? connection->headers_file
							       : getenv("DEBUGINFOD_HEADERS_FILE");
	struct note_error err = {.offset = NOTE_NO_OFFSET};
	if (cli->verbose > o->verbose)
		o->verbose = cli->verbose;
	o->all_must_deny = connection->absent == 1;
	/* In the order of the option's words. */
	static const enum ima_policy policies[] = {IMA_ENFORCING, IMA_PERMISSIVE, IMA_IGNORE};
	if (connection->ima >= 0)
		o->ima = policies[connection->ima];
	find_certificates(connection);
	/* As elfutils' client has it: shown wherever it goes. */
	if (getenv("DEBUGINFOD_PROGRESS") != NULL && cli->progress == WHEN_AUTO)
		cli->progress = WHEN_ALWAYS;
	o->log = log_line;
	o->tell = tell_line;
	o->log_context = o->tell_context = cli;
	if (cli->jobs_given)
		o->parallel = cli->jobs;
	if (!client_default_servers(&o->servers, &connection->servers, keep_line,
				    &connection->oddities)) {
		cli_failf(cli, NULL, "out of memory");
		return false;
	}
	for (size_t i = 0; i < connection->oddities.count; i++)
		cli_say(cli, NULL, "%s", connection->oddities.items[i]);
	if (headers == NULL || headers[0] == '\0' ||
	    client_read_headers(&o->headers, headers, &err) == NOTE_OK)
		return true;
	cli_fail(cli, headers, &err);
	return false;
}

void connection_free(struct connection *connection)
{
	strings_free(&connection->servers);
	strings_free(&connection->oddities);
	strings_free(&connection->client.servers);
	strings_free(&connection->client.headers);
	free(connection->certificates);
}
