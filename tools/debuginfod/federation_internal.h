/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by federation.c, which asks all servers, and voice.c, which hears one. */
#ifndef DEBUGINFOD_FEDERATION_INTERNAL_H
#define DEBUGINFOD_FEDERATION_INTERNAL_H

#include "tools/debuginfod/federation.h"

enum voice_state {
	VOICE_TO_ASK,
	VOICE_ASKING,
	VOICE_SAID,
	VOICE_CANCELLED, /* another one was first */
};

/* One server's part in a federation. */
struct voice {
	struct transfer transfer;
	struct federation *federation;
	enum voice_state state;
	double not_before;
	double first_asked; /* a moment */
	uint64_t tries;
	unsigned shortages;
};

struct federation {
	const struct federation_settings *settings;
	struct cache_key key;
	double deadline;
	unsigned round;
	struct voice *leader;
	bool done, wants_whole;
	double absent_at; /* the moment at which one said absent, 0: none has */
	enum outcome outcome;
	char *path, *body, *url, *headers;
	int64_t size;
	size_t count;
	struct voice voices[];
};

/* Logs what VOICE has said. */
void voice_log(const struct federation *federation, const struct voice *voice);

/* VOICE says this without being asked. */
void voice_say(struct voice *voice, enum outcome outcome, const char *text);

/* VOICE, a share on disk, has what is asked for at PATH. */
void voice_take_file(struct federation *federation, struct voice *voice, const char *path);

/* The transfer's BODY: the first one leads. */
bool voice_body_begins(struct transfer *transfer);

/* WINNER has it, at PATH (or, NULL, without a file); the others are cancelled. */
void voice_found(struct federation *federation, struct voice *winner, char *path);

/* VOICE's try is over, its transfer settled. */
void voice_settle(struct federation *federation, struct voice *voice);

#endif
