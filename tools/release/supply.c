/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking each server by itself: see supply.h. */
#include "tools/release/supply.h"

#include <stdlib.h>
#include <string.h>

#include "tools/debuginfod/url.h"

#define PARALLEL 16

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
	const char *url;
	struct servings *out;
};

static void arrive(void *context, size_t index, struct client_answer *answer)
{
	struct arriving *arriving = context;
	const struct server_answer *said = answer->server_count != 0 ? &answer->servers[0] : NULL;
	servings_add(&arriving->out[index], said != NULL ? said->url : arriving->url,
		     answer->outcome,
		     said != NULL && said->text[0] != '\0' ? said->text : answer->reason,
		     answer->outcome == OUTCOME_FOUND ? answer->path : NULL);
	client_answer_free(answer);
}

void supply_ask_all(struct supply *supply, const struct client_request *requests, size_t count,
		    struct servings *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = (struct servings){0};
	for (size_t i = 0; i < supply->count; i++) {
		struct arriving arriving = {supply->urls[i], out};
		client_fetch_all(supply->clients[i], requests, count, PARALLEL, arrive, &arriving);
	}
}

void supply_ask(struct supply *supply, enum artifact kind, const char *build_id, const char *name,
		struct servings *out)
{
	const struct client_request request = {kind, build_id, name};
	supply_ask_all(supply, &request, 1, out);
}

void supply_let_go(struct supply *supply, const struct servings *servings)
{
	for (size_t i = 0; i < servings->count && i < supply->count; i++) {
		const struct served *served = &servings->items[i];
		struct client_answer answer = {.outcome = served->outcome, .path = served->path};
		if (served->path != NULL)
			client_discard(supply->clients[i], &answer);
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
