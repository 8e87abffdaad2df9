/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose keys: the places that AWS's own tools look at, in their order. The environment; a role or a
 * web identity; single sign-on; the files; a program; the container; the machine. What a place says
 * is used or is an error: the next one would ask as somebody else.
 * Specification: AWS SDKs and Tools Reference Guide, "Standardized credential providers".
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/text.h"
#include "tools/s3/internal.h"

#define MOST_ROLES 5 /* of profiles that lead to each other */

static bool has_keys(const struct s3_config *config)
{
	return config->access_key != NULL && config->secret_key != NULL;
}

static int from_environment(struct s3_config *config, struct note_error *err)
{
	const char *access = s3_variable("AWS_ACCESS_KEY_ID");
	const char *secret = s3_variable("AWS_SECRET_ACCESS_KEY");
	const char *token = s3_variable("AWS_SESSION_TOKEN");
	if (access == NULL && secret == NULL)
		return NOTE_ABSENT;
	if (access == NULL || secret == NULL)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set");
	config->access_key = xstrdup(access);
	config->secret_key = xstrdup(secret);
	config->token = token != NULL ? xstrdup(token) : NULL;
	return NOTE_OK;
}

static void keys_from(struct s3_config *config, const char *text, const char *section)
{
	config->access_key = s3_ini_value(text, section, NULL, "aws_access_key_id");
	config->secret_key = s3_ini_value(text, section, NULL, "aws_secret_access_key");
	config->token = s3_ini_value(text, section, NULL, "aws_session_token");
	if (!has_keys(config))
		s3_forget_keys(config);
}

static int from_files(struct s3_config *config, const struct s3_sources *sources)
{
	keys_from(config, sources->credentials, sources->profile);
	if (!has_keys(config))
		keys_from(config, sources->config, sources->section);
	return has_keys(config) ? NOTE_OK : NOTE_ABSENT;
}

/* --- a profile's role --- */

static int from_profile(struct s3_config *config, const struct s3_sources *sources, unsigned depth,
			struct note_error *err);

/* A profile may name itself: then its own keys count. */
static int from_source_profile(struct s3_config *config, const struct s3_sources *sources,
			       const char *name, unsigned depth, struct note_error *err)
{
	struct s3_sources other = *sources;
	if (depth >= MOST_ROLES)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "profile '%s': source_profile leads through more than %d profiles",
				 sources->profile, MOST_ROLES);
	other.profile = xstrdup(name);
	other.section =
		strcmp(name, "default") == 0 ? xstrdup("default") : xasprintf("profile %s", name);
	int code = strcmp(name, sources->profile) == 0
			   ? from_files(config, &other)
			   : from_profile(config, &other, depth + 1, err);
	if (code == NOTE_ABSENT)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "profile '%s': its source_profile '%s' has no keys",
				 sources->profile, name);
	free(other.profile);
	free(other.section);
	return code;
}

static int from_credential_source(struct s3_config *config, const struct s3_sources *sources,
				  const char *name, struct note_error *err)
{
	int code = NOTE_ABSENT;
	if (strcmp(name, "Environment") == 0)
		code = from_environment(config, err);
	else if (strcmp(name, "EcsContainer") == 0)
		code = s3_ask_container(config, err);
	else if (strcmp(name, "Ec2InstanceMetadata") == 0)
		code = s3_ask_machine(config, sources, err);
	return code == NOTE_ABSENT ? error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					       "profile '%s': credential_source '%s' gives no keys",
					       sources->profile, name)
				   : code;
}

/* The keys that the role is asked for with. */
static int from_role_source(struct s3_config *config, const struct s3_sources *sources,
			    unsigned depth, struct note_error *err)
{
	char *profile = s3_configured(sources, NULL, "source_profile");
	char *source = s3_configured(sources, NULL, "credential_source");
	char *device = s3_configured(sources, NULL, "mfa_serial");
	int code;
	if (device != NULL)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "profile '%s' wants a code of a device (mfa_serial), which is not "
				 "asked for here: put keys into the environment (aws configure "
				 "export-credentials)",
				 sources->profile);
	else if (profile != NULL)
		code = from_source_profile(config, sources, profile, depth, err);
	else if (source != NULL)
		code = from_credential_source(config, sources, source, err);
	else
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "profile '%s' has a role_arn, and neither source_profile, "
				 "credential_source nor web_identity_token_file",
				 sources->profile);
	free(profile);
	free(source);
	free(device);
	return code;
}

static int from_role(struct s3_config *config, const struct s3_sources *sources, const char *arn,
		     unsigned depth, struct note_error *err)
{
	char *session = s3_configured(sources, NULL, "role_session_name");
	char *external = s3_configured(sources, NULL, "external_id");
	char *duration = s3_configured(sources, NULL, "duration_seconds");
	char *token = s3_configured(sources, NULL, "web_identity_token_file");
	const struct s3_role role = {arn, session, external, duration};
	int code = token != NULL ? s3_assume_by_token(config, sources, &role, token, err)
				 : from_role_source(config, sources, depth, err);
	if (code == NOTE_OK && token == NULL)
		code = s3_assume(config, sources, &role, err);
	free(session);
	free(external);
	free(duration);
	free(token);
	return code;
}

/* --- a profile --- */

static int from_profile(struct s3_config *config, const struct s3_sources *sources, unsigned depth,
			struct note_error *err)
{
	char *arn = s3_configured(sources, NULL, "role_arn");
	char *session = s3_configured(sources, NULL, "sso_session");
	char *start = s3_configured(sources, NULL, "sso_start_url");
	char *process = s3_configured(sources, NULL, "credential_process");
	int code = NOTE_ABSENT;
	if (arn != NULL)
		code = from_role(config, sources, arn, depth, err);
	else if (session != NULL || start != NULL)
		code = s3_sign_in(config, sources, err);
	if (code == NOTE_ABSENT)
		code = from_files(config, sources);
	if (code == NOTE_ABSENT && process != NULL)
		code = s3_run_process(config, process, err);
	free(arn);
	free(session);
	free(start);
	free(process);
	return code;
}

/* As Kubernetes and CI sites hand it to a job. */
static int from_web_identity(struct s3_config *config, const struct s3_sources *sources,
			     struct note_error *err)
{
	const char *file = s3_variable("AWS_WEB_IDENTITY_TOKEN_FILE");
	const char *arn = s3_variable("AWS_ROLE_ARN");
	const char *session = s3_variable("AWS_ROLE_SESSION_NAME");
	const struct s3_role role = {.arn = arn, .session = session};
	if (file == NULL)
		return NOTE_ABSENT;
	if (arn == NULL)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not");
	return s3_assume_by_token(config, sources, &role, file, err);
}

int s3_find_keys(struct s3_config *config, const struct s3_sources *sources, struct note_error *err)
{
	/* A profile that was named is stronger than a web identity, and weaker than keys. */
	int code = from_environment(config, err);
	if (code == NOTE_ABSENT && !sources->named)
		code = from_web_identity(config, sources, err);
	if (code == NOTE_ABSENT)
		code = from_profile(config, sources, 0, err);
	if (code == NOTE_ABSENT && sources->named)
		code = from_web_identity(config, sources, err);
	if (code == NOTE_ABSENT)
		code = s3_ask_container(config, err);
	if (code == NOTE_ABSENT)
		code = s3_ask_machine(config, sources, err);
	return code == NOTE_ABSENT
		       ? error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				   "no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
				   "write them into ~/.aws/credentials as profile '%s'; no role of "
				   "a container or machine gives any",
				   sources->profile)
		       : code;
}
