/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking each server by itself: see supply.h. */
#include "tools/release/supply.h"

#include <stdlib.h>
#include <string.h>

struct supply {
	struct client **clients; /* one a server */
	size_t count;
};

int supply_open(struct supply **out, const struct client_options *options, struct note_error *err)
{
	struct supply *supply = xcalloc(1, sizeof(*supply));
	int code = NOTE_OK;
	*out = NULL;
	supply->clients = xcalloc(options->servers.count + 1, sizeof(struct client *));
	for (size_t i = 0; code == NOTE_OK && i < options->servers.count; i++) {
		struct client_options one = *options;
		one.servers = (struct strings){&options->servers.items[i], 1, 1};
		code = client_open(&supply->clients[i], &one, err);
		supply->count += code == NOTE_OK;
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
	for (size_t i = 0; i < supply->count; i++)
		client_close(supply->clients[i]);
	free(supply->clients);
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

void supply_ask(struct supply *supply, enum artifact kind, const char *build_id, const char *name,
		struct servings *out)
{
	*out = (struct servings){0};
	for (size_t i = 0; i < supply->count; i++) {
		struct client_answer answer;
		client_fetch(supply->clients[i], kind, build_id, name, &answer);
		const struct server_answer *said =
			answer.server_count != 0 ? &answer.servers[0] : NULL;
		servings_add(out, said != NULL ? said->url : "", answer.outcome,
			     said != NULL && said->text[0] != '\0' ? said->text : answer.reason,
			     answer.outcome == OUTCOME_FOUND ? answer.path : NULL);
		client_answer_free(&answer);
	}
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
