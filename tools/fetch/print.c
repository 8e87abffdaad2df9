/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/fetch/print.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

const char *const artifact_words[] = {"debuginfo", "executable", "source", "section"};

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
