/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The subcommands, each in the file of its name. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "tools/base/cli.h"

extern const struct command show_command;
extern const struct command compare_command;
extern const struct command trace_command;
extern const struct command stamp_command;
extern const struct command flags_command;
extern const struct command split_command;
extern const struct command find_debuginfo_command;
extern const struct command publish_command;
extern const struct command fetch_command;
extern const struct command verify_command;

#endif
