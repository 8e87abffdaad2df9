/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* METADATA: the options of stamp, flags, split that say what the package note holds. */
#ifndef BASE_METADATA_H
#define BASE_METADATA_H

#include "tools/base/cli.h"

/* What the options said, in their order; zero-initialised is nothing. */
struct metadata {
	struct strings pairs; /* each -k KEY=VALUE, applied last */
	const char *payload;  /* --payload FILE, or NULL */
	struct strings from;  /* each --from SOURCE */
};

/* The rows for a subcommand's option table. */
#define METADATA_OPTIONS(metadata)                                               \
	{"key",                                                                  \
	 'k',                                                                    \
	 OPTION_LIST,                                                            \
	 "KEY=VALUE",                                                            \
	 &(metadata)->pairs,                                                     \
	 "set a key of the note; KEY= drops it",                                 \
	 NULL,                                                                   \
	 NULL},                                                                  \
		{"payload",                                                      \
		 0,                                                              \
		 OPTION_TEXT,                                                    \
		 "FILE",                                                         \
		 &(metadata)->payload,                                           \
		 "take the note's JSON object from FILE (- for stdin)",          \
		 NULL,                                                           \
		 NULL},                                                          \
	{                                                                        \
		"from", 0, OPTION_LIST, "rpm|deb|os-release", &(metadata)->from, \
			"where the keys come from", NULL, NULL                   \
	}

/* A default of the subcommand's own (split: name, version, architecture), below -k. */
struct metadata_default {
	const char *key;
	const char *value;
};

/* Builds the payload: defaults by --from (or os-release and what the environment shows), then
 * EXTRA, or --payload in place of both, then -k. *PAYLOAD is for free(). False after a message. */
bool metadata_build(struct cli *cli, const struct metadata *metadata,
		    const struct metadata_default *extra, size_t count, char **payload);

void metadata_free(struct metadata *metadata);

#endif
