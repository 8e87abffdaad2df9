/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys of a role: by the security token service (AssumeRole, AssumeRoleWithWebIdentity) and by
 * single sign-on. Specifications: AWS STS API Reference; SSO portal API, GetRoleCredentials.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/base/text.h"
#include "tools/s3/ask.h"

#define SESSION_NAME "pkgnote"

/* --- the security token service --- */

static void add_field(struct text *body, const char *name, const char *value)
{
	if (value == NULL)
		return;
	char *encoded = s3_encode(value);
	text_printf(body, "&%s=", name);
	for (const char *p = encoded; *p != '\0'; p++)
		text_puts(body, *p == '/' ? "%2F" : (char[]){*p, '\0'});
	free(encoded);
}

static int ask_tokens(struct s3_config *config, const struct s3_sources *sources,
		      const struct text *body, bool is_signed, struct note_error *err)
{
	struct text answer;
	char *url = s3_find_endpoint(sources, "STS");
	if (url == NULL)
		url = xasprintf("https://sts.%s.%s/", config->region, s3_domain(config->region));
	const struct s3_ask what = {.url = url,
				    .body = body->data,
				    .for_keys = config,
				    .is_signed = is_signed,
				    .milliseconds = SERVICE_TIME};
	int code = s3_ask(&what, &answer, err);
	if (code == NOTE_OK) {
		char *until = s3_xml_text(answer.data, "Expiration", NULL);
		code = s3_take_keys(config, url, s3_xml_text(answer.data, "AccessKeyId", NULL),
				    s3_xml_text(answer.data, "SecretAccessKey", NULL),
				    s3_xml_text(answer.data, "SessionToken", NULL),
				    s3_parse_time(until), err);
		free(until);
	}
	text_free(&answer);
	free(url);
	return code;
}

static void add_role(struct text *body, const struct s3_role *role)
{
	add_field(body, "RoleArn", role->arn);
	add_field(body, "RoleSessionName", role->session != NULL ? role->session : SESSION_NAME);
	add_field(body, "ExternalId", role->external_id);
	add_field(body, "DurationSeconds", role->duration);
}

int s3_assume(struct s3_config *config, const struct s3_sources *sources,
	      const struct s3_role *role, struct note_error *err)
{
	struct text body = {0};
	text_puts(&body, "Version=2011-06-15&Action=AssumeRole");
	add_role(&body, role);
	const int code = ask_tokens(config, sources, &body, true, err);
	text_free(&body);
	return code;
}

int s3_assume_by_token(struct s3_config *config, const struct s3_sources *sources,
		       const struct s3_role *role, const char *token_file, struct note_error *err)
{
	struct text body = {0};
	char *token;
	int code = s3_read_line(token_file, &token, err);
	if (code != NOTE_OK)
		return code;
	text_puts(&body, "Version=2011-06-15&Action=AssumeRoleWithWebIdentity");
	add_role(&body, role);
	add_field(&body, "WebIdentityToken", token);
	code = ask_tokens(config, sources, &body, false, err);
	text_free(&body);
	free(token);
	return code;
}

/* --- single sign-on --- */

/* The token that "aws sso login" left. NAME is the session's, or the start URL. */
static int read_sign_in(const char *name, char **token, struct note_error *err)
{
	const char *home = s3_variable("HOME");
	char sha1[2 * SHA1_SIZE + 1], sha256[2 * SHA256_SIZE + 1];
	struct text text = {0};
	char block[4096];
	size_t got;
	struct digest_pair *pair = digest_pair_begin(true);
	digest_pair_add(pair, name, strlen(name));
	digest_pair_end(pair, sha1, sha256);
	char *path = xasprintf("%s/.aws/sso/cache/%s.json", home != NULL ? home : "", sha1);
	FILE *file = fopen(path, "re");
	while (file != NULL && text.size < ANSWER_MOST &&
	       (got = fread(block, 1, sizeof(block), file)) > 0)
		text_add(&text, block, got);
	if (file != NULL)
		fclose(file);
	text_puts(&text, "");
	struct json_object *object = s3_json_object(&text);
	char *until = object != NULL ? s3_json_string(object, "expiresAt") : NULL;
	*token = object != NULL ? s3_json_string(object, "accessToken") : NULL;
	const time_t expires = s3_parse_time(until);
	if (*token != NULL && expires != 0 && expires <= time(NULL)) {
		free(*token);
		*token = NULL;
	}
	free(until);
	json_object_put(object);
	text_free(&text);
	free(path);
	return *token != NULL
		       ? NOTE_OK
		       : error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				   "'%.100s': not signed in, or no longer: aws sso login", name);
}

static int take_sign_in(struct s3_config *config, const struct text *answer, struct note_error *err)
{
	struct json_object *object = s3_json_object(answer), *keys, *until;
	int code;
	if (object != NULL && json_object_object_get_ex(object, "roleCredentials", &keys) &&
	    json_object_is_type(keys, json_type_object)) {
		const time_t expires = json_object_object_get_ex(keys, "expiration", &until)
					       ? (time_t)(json_object_get_int64(until) / 1000)
					       : 0;
		code = s3_take_keys(config, "single sign-on", s3_json_string(keys, "accessKeyId"),
				    s3_json_string(keys, "secretAccessKey"),
				    s3_json_string(keys, "sessionToken"), expires, err);
	} else {
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "single sign-on: no keys in the answer");
	}
	json_object_put(object);
	return code;
}

int s3_sign_in(struct s3_config *config, const struct s3_sources *sources, struct note_error *err)
{
	char *session = s3_configured(sources, NULL, "sso_session");
	char *section =
		session != NULL ? xasprintf("sso-session %s", session) : xstrdup(sources->section);
	char *start = s3_ini_value(sources->config, section, NULL, "sso_start_url");
	char *region = s3_ini_value(sources->config, section, NULL, "sso_region");
	char *account = s3_configured(sources, NULL, "sso_account_id");
	char *role = s3_configured(sources, NULL, "sso_role_name");
	char *token = NULL, *url = s3_find_endpoint(sources, "SSO");
	struct text answer = {0};
	int code = NOTE_OK;
	if (start == NULL || region == NULL || account == NULL || role == NULL)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "profile '%s': single sign-on wants sso_start_url, sso_region, "
				 "sso_account_id and sso_role_name",
				 sources->profile);
	else
		code = read_sign_in(session != NULL ? session : start, &token, err);
	if (code == NOTE_OK) {
		char *name = s3_encode(role), *number = s3_encode(account);
		char *base = url != NULL ? xstrdup(url)
					 : xasprintf("https://portal.sso.%s.%s", region,
						     s3_domain(region));
		char *whole = xasprintf("%s/federation/credentials?account_id=%s&role_name=%s",
					base, number, name);
		char *header = xasprintf("x-amz-sso_bearer_token: %s", token);
		const struct s3_ask what = {.url = whole,
					    .header = header,
					    .for_keys = config,
					    .milliseconds = SERVICE_TIME};
		code = s3_ask(&what, &answer, err);
		if (code == NOTE_OK)
			code = take_sign_in(config, &answer, err);
		free(header);
		free(whole);
		free(base);
		free(name);
		free(number);
	}
	text_free(&answer);
	free(session);
	free(section);
	free(start);
	free(region);
	free(account);
	free(role);
	free(token);
	free(url);
	return code;
}
