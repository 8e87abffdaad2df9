/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One server, and what is remembered of it for the rest of the run. */
#ifndef DEBUGINFOD_SERVER_H
#define DEBUGINFOD_SERVER_H

#include <stdbool.h>

#include "tools/base/libraries/curl.h"
#include "tools/debuginfod/proof.h"

struct server {
	char *url;                  /* base, no slash at its end */
	char *shown;                /* the same without credentials */
	char *directory;            /* of a file:// server, else NULL */
	struct curl_slist *headers; /* what the user wants it to be sent */
	unsigned failures;          /* requests in a row that it failed, all tries */
	bool dead;                  /* not asked any more */
	char why[ANSWER_TEXT];      /* it is dead */
};

#endif
