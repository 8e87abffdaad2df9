/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One request for keys, and what is answered: see ask.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/base/json_text.h"
#include "tools/base/libraries/curl.h"
#include "tools/base/text.h"
#include "tools/s3/ask.h"

/* --- one request --- */

static size_t on_answer(char *bytes, size_t one, size_t size, void *context)
{
	struct text *text = context;
	(void)one;
	if (text->size + size > ANSWER_MOST)
		return 0;
	text_add(text, bytes, size);
	return size;
}

static struct curl_slist *sign(const struct s3_ask *what, struct curl_slist *headers)
{
	const struct s3_config *config = what->for_keys;
	const char *body = what->body != NULL ? what->body : "";
	const char *method = what->method != NULL ? what->method
			     : what->body != NULL ? "POST"
						  : "GET";
	char digest[65];
	if (config->token != NULL) {
		char *header = xasprintf("x-amz-security-token: %s", config->token);
		headers = libcurl.slist_append(headers, header);
		free(header);
	}
	sha256_hex(body, strlen(body), digest);
	return s3_sign(config, "sts", method, what->url, digest, headers);
}

int s3_ask(const struct s3_ask *what, struct text *answer, struct note_error *err)
{
	char why[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	long status = 0;
	*answer = (struct text){0};
	int code = curl_library_load(err);
	if (code != NOTE_OK)
		return code;
	CURL *easy = libcurl.easy_init();
	if (easy == NULL)
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
	if (what->header != NULL)
		headers = libcurl.slist_append(headers, what->header);
	if (what->is_signed)
		headers = sign(what, headers);
	libcurl.easy_setopt(easy, CURLOPT_URL, what->url);
	libcurl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	libcurl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	libcurl.easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
	libcurl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, what->milliseconds);
	libcurl.easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	libcurl.easy_setopt(easy, CURLOPT_USERAGENT, "pkgnote/" PKGNOTE_VERSION);
	libcurl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
	libcurl.easy_setopt(easy, CURLOPT_WRITEDATA, answer);
	if (what->direct)
		libcurl.easy_setopt(easy, CURLOPT_NOPROXY, "*");
	if (what->for_keys != NULL && what->for_keys->ca_file != NULL)
		libcurl.easy_setopt(easy, CURLOPT_CAINFO, what->for_keys->ca_file);
	if (what->body != NULL)
		libcurl.easy_setopt(easy, CURLOPT_POSTFIELDS, what->body);
	if (what->method != NULL)
		libcurl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, what->method);
	const CURLcode result = libcurl.easy_perform(easy);
	libcurl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	text_puts(answer, "");
	if (result != CURLE_OK) {
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "%.60s: %.100s", what->url,
				 why[0] != '\0' ? why : libcurl.easy_strerror(result));
	} else if (status != 200) {
		char *word = s3_xml_text(answer->data, "Code", NULL);
		char *line = word != NULL ? name_to_line(word) : NULL;
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "%.60s: %ld%s%.60s", what->url,
				 status, line != NULL ? " " : "", line != NULL ? line : "");
		free(line);
		free(word);
	}
	libcurl.easy_cleanup(easy);
	libcurl.slist_free_all(headers);
	if (code != NOTE_OK)
		text_free(answer);
	return code;
}

/* --- what is answered --- */

time_t s3_parse_time(const char *text)
{
	struct tm tm = {0};
	if (text == NULL || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon,
				   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return timegm(&tm);
}

void s3_forget_keys(struct s3_config *config)
{
	free(config->access_key);
	free(config->secret_key);
	free(config->token);
	config->access_key = config->secret_key = config->token = NULL;
	config->expires = 0;
}

int s3_take_keys(struct s3_config *config, const char *who, char *access, char *secret, char *token,
		 time_t expires, struct note_error *err)
{
	s3_forget_keys(config);
	config->access_key = access;
	config->secret_key = secret;
	config->token = token;
	config->expires = expires;
	if (access != NULL && secret != NULL)
		return NOTE_OK;
	s3_forget_keys(config);
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "%.100s: no keys in the answer",
			 who);
}

char *s3_json_string(struct json_object *object, const char *key)
{
	struct json_object *value;
	return json_object_object_get_ex(object, key, &value) &&
			       json_object_is_type(value, json_type_string)
		       ? xstrdup(json_object_get_string(value))
		       : NULL;
}

struct json_object *s3_json_object(const struct text *text)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object =
		tokener != NULL ? json_parse_text(tokener, text->data, text->size) : NULL;
	if (tokener != NULL)
		json_tokener_free(tokener);
	if (object != NULL && !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

int s3_take_json(struct s3_config *config, const char *who, const struct text *text,
		 struct note_error *err)
{
	struct json_object *object = s3_json_object(text);
	if (object == NULL)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "%.100s: no JSON", who);
	char *token = s3_json_string(object, "Token");
	char *until = s3_json_string(object, "Expiration");
	if (token == NULL)
		token = s3_json_string(object, "SessionToken");
	const int code = s3_take_keys(config, who, s3_json_string(object, "AccessKeyId"),
				      s3_json_string(object, "SecretAccessKey"), token,
				      s3_parse_time(until), err);
	free(until);
	json_object_put(object);
	return code;
}

int s3_read_line(const char *path, char **out, struct note_error *err)
{
	FILE *file = fopen(path, "re");
	size_t room = 0;
	*out = NULL;
	if (file == NULL)
		return error_system(err, "%s", path);
	const ssize_t got = getline(out, &room, file);
	fclose(file);
	if (got <= 0) {
		free(*out);
		*out = NULL;
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "%s: it is empty", path);
	}
	(*out)[strcspn(*out, "\r\n")] = '\0';
	return NOTE_OK;
}
