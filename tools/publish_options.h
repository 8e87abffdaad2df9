/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of publish's options that are more than a word; each an option_call (cli.h). */
#ifndef PUBLISH_OPTIONS_H
#define PUBLISH_OPTIONS_H

#include "tools/base/cli.h"

/* --sections: names with commas between them, into the struct strings TARGET, each once. */
bool publish_take_sections(struct cli *cli, void *target, const char *name, const char *value);

/* --header: "NAME: VALUE" that new objects may have, into the struct strings TARGET. */
bool publish_take_header(struct cli *cli, void *target, const char *name, const char *value);

/* --shared: who may write, as the mode of files, into the unsigned TARGET. */
bool publish_take_shared(struct cli *cli, void *target, const char *name, const char *value);

#endif
