/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking each server by itself: see supply.h. */
#include "tools/release/supply.h"

#include <stdlib.h>
#include <string.h>

#include "tools/debuginfod/url.h"

struct supply {
	struct client **clients; /* one a server */
	char **urls;
	size_t count;
};

int supply_open(struct supply **out, const struct client_options *options, struct note_error *err)
{
	struct supply *supply = xcalloc(1, sizeof(*supply));
	int code = NOTE_OK;
	*out = NULL;
	supply->clients = xcalloc(options->servers.count + 1, sizeof(struct client *));
	supply->urls = xcalloc(options->servers.count + 1, sizeof(char *));
	for (size_t i = 0; code == NOTE_OK && i < options->servers.count; i++) {
		struct client_options one = *options;
		one.servers = (struct strings){&options->servers.items[i], 1, 1};
		code = client_open(&supply->clients[i], &one, err);
		supply->urls[i] = url_without_secrets(options->servers.items[i]);
		supply->count++;
	}
	if (code != NOTE_OK) {
		supply_close(supply);
		return code;
	}
	*out = supply;
	return NOTE_OK;
}

void supply_close(struct supply *supply)
{
	if (supply == NULL)
		return;
	for (size_t i = 0; i < supply->count; i++) {
		client_close(supply->clients[i]);
		free(supply->urls[i]);
	}
	free(supply->clients);
	free(supply->urls);
	free(supply);
}

struct served *servings_add(struct servings *servings, const char *url, enum outcome outcome,
			    const char *text, const char *path)
{
	servings->items =
		xrealloc(servings->items, (servings->count + 1) * sizeof(*servings->items));
	struct served *served = &servings->items[servings->count++];
	*served = (struct served){.url = xstrdup(url),
				  .outcome = outcome,
				  .text = xstrdup(text != NULL ? text : ""),
				  .path = path != NULL ? xstrdup(path) : NULL};
	return served;
}

struct arriving {
	struct client *client;
	const char *url;
	const struct question **asked;
};

static void arrive(void *context, size_t index, struct client_answer *answer)
{
	struct arriving *arriving = context;
	const struct question *question = arriving->asked[index];
	const struct server_answer *said = answer->server_count != 0 ? &answer->servers[0] : NULL;
	struct served *served = servings_add(
		question->answers, said != NULL ? said->url : arriving->url, answer->outcome,
		said != NULL && said->text[0] != '\0' ? said->text : answer->reason,
		answer->outcome == OUTCOME_FOUND ? answer->path : NULL);
	if (served->path != NULL && question->judge != NULL)
		question->judge(question->context, served);
	if (!question->keep)
		client_discard(arriving->client, answer);
	client_answer_free(answer);
}

void supply_ask(struct supply *supply, const struct question *questions, size_t count)
{
	struct client_request *requests = xcalloc(count + 1, sizeof(*requests));
	const struct question **asked = xcalloc(count + 1, sizeof(*asked));
	for (size_t i = 0; i < supply->count; i++) {
		struct arriving arriving = {supply->clients[i], supply->urls[i], asked};
		size_t wanted = 0;
		for (size_t q = 0; q < count; q++) {
			const struct question *question = &questions[q];
			asked[wanted] = question;
			requests[wanted++] = (struct client_request){.artifact = question->kind,
								     .build_id = question->build_id,
								     .name = question->name};
		}
		client_fetch_all(supply->clients[i], requests, wanted, arrive, &arriving);
	}
	free(requests);
	free(asked);
}

void servings_free(struct servings *servings)
{
	for (size_t i = 0; i < servings->count; i++) {
		free(servings->items[i].url);
		free(servings->items[i].text);
		free(servings->items[i].path);
		free(servings->items[i].problem);
	}
	free(servings->items);
	*servings = (struct servings){0};
}
