/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys of where we run: a program of the user's, the container's or the machine's metadata.
 * Specifications: AWS SDKs and Tools Reference Guide, "Process credential provider", "Container
 * credential provider", "IMDS credential provider" (version 2).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libnote/error.h"
#include "tools/base/text.h"
#include "tools/s3/ask.h"

/* --- a program --- */

int s3_run_process(struct s3_config *config, const char *command, struct note_error *err)
{
	struct text text = {0};
	char block[4096];
	size_t got;
	FILE *from = popen(command, "re");
	if (from == NULL)
		return error_system(err, "credential_process");
	while (text.size < ANSWER_MOST && (got = fread(block, 1, sizeof(block), from)) > 0)
		text_add(&text, block, got);
	const int status = pclose(from);
	text_puts(&text, "");
	int code = status == 0 ? s3_take_json(config, "credential_process", &text, err)
			       : error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					   "credential_process: '%.80s' failed", command);
	text_free(&text);
	return code;
}

/* --- a container --- */

/* A token goes to nobody else than these, but by TLS. */
static bool is_near(const char *url)
{
	static const char *const hosts[] = {"127.0.0.1",     "localhost",      "[::1]",
					    "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
	if (strncmp(url, "https://", 8) == 0)
		return true;
	if (strncmp(url, "http://", 7) != 0)
		return false;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		const size_t length = strlen(hosts[i]);
		if (strncmp(url + 7, hosts[i], length) == 0 &&
		    (url[7 + length] == '\0' || strchr(":/", url[7 + length]) != NULL))
			return true;
	}
	return false;
}

int s3_ask_container(struct s3_config *config, struct note_error *err)
{
	const char *relative = s3_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = s3_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	const char *file = s3_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = s3_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	char *line = NULL;
	struct text answer = {0};
	int code = NOTE_OK;
	if (relative == NULL && full == NULL)
		return NOTE_ABSENT;
	char *url =
		relative != NULL ? xasprintf("http://169.254.170.2%s", relative) : xstrdup(full);
	if (!is_near(url))
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor of this "
				 "machine");
	else if (file != NULL)
		code = s3_read_line(file, &line, err);
	if (line != NULL)
		token = line;
	if (code == NOTE_OK) {
		char *header = token != NULL ? xasprintf("Authorization: %s", token) : NULL;
		const struct s3_ask what = {.url = url,
					    .header = header,
					    .for_keys = config,
					    .milliseconds = SERVICE_TIME,
					    .direct = true};
		code = s3_ask(&what, &answer, err);
		free(header);
	}
	if (code == NOTE_OK)
		code = s3_take_json(config, url, &answer, err);
	text_free(&answer);
	free(line);
	free(url);
	return code;
}

/* --- the machine --- */

static int ask_metadata(const char *base, const char *path, const char *token, bool begins,
			struct text *answer, struct note_error *err)
{
	char *url = xasprintf("%s%s", base, path);
	char *header = begins ? xstrdup("X-aws-ec2-metadata-token-ttl-seconds: 21600")
			      : xasprintf("X-aws-ec2-metadata-token: %s", token);
	const struct s3_ask what = {.url = url,
				    .header = header,
				    .method = begins ? "PUT" : NULL,
				    .milliseconds = METADATA_TIME,
				    .direct = true};
	const int code = s3_ask(&what, answer, err);
	if (answer->data != NULL)
		answer->data[strcspn(answer->data, "\r\n")] = '\0';
	free(header);
	free(url);
	return code;
}

int s3_ask_machine(struct s3_config *config, const struct s3_sources *sources,
		   struct note_error *err)
{
	static const char path[] = "/latest/meta-data/iam/security-credentials/";
	const char *disabled = s3_variable("AWS_EC2_METADATA_DISABLED");
	const char *named = s3_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	char *configured = s3_configured(sources, NULL, "ec2_metadata_service_endpoint");
	struct text token = {0}, role = {0}, keys = {0};
	int code = NOTE_ABSENT;
	char *base = named != NULL        ? xstrdup(named)
		     : configured != NULL ? xstrdup(configured)
					  : xstrdup("http://169.254.169.254");
	for (size_t end = strlen(base); end > 0 && base[end - 1] == '/';)
		base[--end] = '\0';
	if (disabled != NULL && strcasecmp(disabled, "true") == 0)
		goto out;
	/* A machine that is none of theirs does not answer; nor does one without a role. */
	if (ask_metadata(base, "/latest/api/token", NULL, true, &token, NULL) != NOTE_OK ||
	    ask_metadata(base, path, token.data, false, &role, NULL) != NOTE_OK ||
	    role.data[0] == '\0')
		goto out;
	char *name = s3_encode(role.data);
	char *whole = xasprintf("%s%s", path, name);
	char *url = xasprintf("%s%s", base, whole);
	char *text = NULL;
	const struct s3_ask what = {.url = url,
				    .header = text =
					    xasprintf("X-aws-ec2-metadata-token: %s", token.data),
				    .milliseconds = METADATA_TIME,
				    .direct = true};
	code = s3_ask(&what, &keys, err);
	if (code == NOTE_OK)
		code = s3_take_json(config, url, &keys, err);
	free(text);
	free(url);
	free(whole);
	free(name);
out:
	text_free(&token);
	text_free(&role);
	text_free(&keys);
	free(base);
	free(configured);
	return code;
}
