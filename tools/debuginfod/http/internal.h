/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by transfer.c, which asks, and answer.c, which understands what comes. */
#ifndef DEBUGINFOD_HTTP_INTERNAL_H
#define DEBUGINFOD_HTTP_INTERNAL_H

#include "tools/debuginfod/http/transfer.h"

/* So much of an error page is read to keep the connection; after that closing is cheaper. */
#define DRAINED_MOST (64u << 10)

/* Sets the outcome and its text; only what is unavailable is worth another try. */
void answer_settle(struct transfer *t, enum outcome outcome, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void answer_out_of_memory(struct transfer *t);

/* Before an answer. */
void answer_forget(struct transfer *t);

/* CURLOPT_HEADERFUNCTION, CURLOPT_WRITEFUNCTION; their context is the transfer. */
size_t answer_header(char *bytes, size_t one, size_t size, void *context);
size_t answer_body(char *bytes, size_t one, size_t size, void *context);

/* An object store says 403 for what is not there to a reader who may not list; and what that means
 * by what is known of the server. */
bool answer_denies_listing(const struct transfer *t);
void answer_denied(struct transfer *t);

/* What the end means: of a status that is no good one; of libcurl's RESULT; of a good answer; of a
 * question for a share's marker. */
void answer_status(struct transfer *t);
void answer_failure(struct transfer *t, CURLcode result);
void answer_good(struct transfer *t);
void answer_marker(struct transfer *t, CURLcode result);

/* Seconds until a connection must stand; 0 for never. */
double transfer_connect_limit(const struct transfer_settings *settings);

#endif
