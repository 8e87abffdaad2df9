/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/fetch/print.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

const char *const artifact_words[] = {"debuginfo", "executable", "source", "section", "metadata"};

static void add_text(struct json_object *object, const char *key, const char *text)
{
	char *utf8 = text != NULL ? name_to_utf8(text) : NULL;
	json_object_object_add(object, key, utf8 != NULL ? json_object_new_string(utf8) : NULL);
	free(utf8);
}

void print_json(const struct client_request *request, const struct client_answer *answer,
		const char *path)
{
	struct json_object *object = json_object_new_object();
	struct json_object *servers = json_object_new_array();
	add_text(object, "artifact", artifact_words[request->artifact]);
	add_text(object, "buildId", request->build_id);
	if (request->name != NULL)
		add_text(object, "name", request->name);
	add_text(object, "outcome", outcome_word(answer->outcome));
	add_text(object, "path", path);
	add_text(object, "reason", answer->reason);
	if (answer->size >= 0)
		json_object_object_add(object, "size", json_object_new_int64(answer->size));
	for (size_t i = 0; i < answer->server_count; i++) {
		const struct server_answer *said = &answer->servers[i];
		struct json_object *server = json_object_new_object();
		add_text(server, "url", said->url);
		add_text(server, "outcome", outcome_word(said->outcome));
		add_text(server, "answer", said->text);
		json_object_array_add(servers, server);
	}
	json_object_object_add(object, "servers", servers);
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

void tell_outcome(struct cli *cli, const char *wanted, const struct client_answer *answer)
{
	const char *word = outcome_word(answer->outcome);
	if (answer->outcome == OUTCOME_FOUND) {
		cli_say(cli, wanted, "%s", word);
	} else if (answer->outcome == OUTCOME_ABSENT) {
		cli_wanting(cli);
		cli_say(cli, wanted, "%s: %s", word, answer->reason);
	} else {
		cli_failf(cli, wanted, "%s: %s", word, answer->reason);
	}
}

void print_size(const struct cli *cli, struct sizes *sizes, const struct client_request *request,
		const struct client_answer *answer)
{
	char size[32] = "?";
	if (answer->outcome != OUTCOME_FOUND)
		return;
	const bool here = answer->path != NULL;
	sizes->files += !here;
	sizes->unknown += !here && answer->size < 0;
	if (!here && answer->size > 0)
		sizes->bytes += (uint64_t)answer->size;
	if (cli->json)
		return;
	if (answer->size >= 0)
		snprintf(size, sizeof(size), "%lld", (long long)answer->size);
	char *name = name_to_line(request->name != NULL ? request->name : "");
	printf("%s %s %s%s%s%s\n", size, artifact_words[request->artifact], request->build_id,
	       name[0] != '\0' ? " " : "", name, here ? " (here)" : "");
	free(name);
}

void print_total(struct cli *cli, const struct sizes *sizes)
{
	cli_say(cli, NULL, "%zu files to get, %llu bytes%s", sizes->files,
		(unsigned long long)sizes->bytes,
		sizes->unknown > 0 ? ", and some whose size no server tells" : "");
}

static const char *member(struct json_object *object, const char *key)
{
	struct json_object *value;
	return json_object_object_get_ex(object, key, &value) && value != NULL
		       ? json_object_get_string(value)
		       : "";
}

static void print_results(struct json_object *results)
{
	const size_t count = json_object_array_length(results);
	for (size_t i = 0; i < count; i++) {
		struct json_object *result = json_object_array_get_idx(results, i);
		char *file = name_to_line(member(result, "file"));
		char *archive = name_to_line(member(result, "archive"));
		char *id = name_to_line(member(result, "buildid"));
		char *type = name_to_line(member(result, "type"));
		printf("%s %s %s%s%s\n", id, type, file, archive[0] != '\0' ? " in " : "", archive);
		free(file);
		free(archive);
		free(id);
		free(type);
	}
}

void print_metadata(struct cli *cli, const char *wanted, const struct client_answer *answer)
{
	struct json_object *object = NULL, *results = NULL, *complete = NULL;
	if (answer->outcome != OUTCOME_FOUND) {
		tell_outcome(cli, wanted, answer);
		return;
	}
	object = json_tokener_parse(answer->body);
	json_object_object_get_ex(object, "results", &results);
	json_object_object_get_ex(object, "complete", &complete);
	const size_t count = results != NULL ? json_object_array_length(results) : 0;
	if (cli->json)
		puts(answer->body);
	else if (results != NULL)
		print_results(results);
	if (answer->reason[0] != '\0')
		cli_say(cli, wanted, "not all servers answered: %s", answer->reason);
	if (count == 0) {
		cli_wanting(cli);
		cli_say(cli, wanted, "absent: no server that answered knows of any");
	} else {
		cli_say(cli, wanted, "found: %zu%s", count,
			json_object_get_boolean(complete) ? "" : ", and there may be more");
	}
	json_object_put(object);
}

void print_cleaned(struct cli *cli, const struct client_cleaned *cleaned)
{
	if (cli->json)
		printf("{\"removed\":%llu,\"removedBytes\":%llu,\"kept\":%llu,\"keptBytes\":%llu}"
		       "\n",
		       (unsigned long long)cleaned->removed,
		       (unsigned long long)cleaned->removed_bytes,
		       (unsigned long long)cleaned->kept, (unsigned long long)cleaned->kept_bytes);
	else
		printf("%llu files removed (%llu bytes), %llu kept (%llu bytes)\n",
		       (unsigned long long)cleaned->removed,
		       (unsigned long long)cleaned->removed_bytes,
		       (unsigned long long)cleaned->kept, (unsigned long long)cleaned->kept_bytes);
}
