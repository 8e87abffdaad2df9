/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/split_tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_BUILD_ID "no build-id: link with -Wl,--build-id (gcc, clang), -ldflags=-B=0x... (go)"

static void tell_done(const struct split_teller *teller, const char *path, const char *debug_path)
{
	if (!teller->table) {
		cli_detail(teller->cli, path, debug_path != NULL ? "split" : "rewritten");
		return;
	}
	char *shown = name_to_line(path);
	char *shown_debug = debug_path != NULL ? name_to_line(debug_path) : NULL;
	if (debug_path != NULL)
		printf("%s -> /%s\n", shown, shown_debug);
	else
		printf("%s\n", shown);
	free(shown);
	free(shown_debug);
}

/* What is lost is said to whom asked for quiet, too. */
static void tell_lost(struct cli *cli, const char *path, const char *text)
{
	const bool quiet = cli->quiet;
	cli->quiet = false;
	cli_say(cli, path, "%s", text);
	cli->quiet = quiet;
}

static void tell_refused(struct cli *cli, const char *path, const struct note_error *err)
{
	char *text = err->offset == NOTE_NO_OFFSET
			     ? xstrdup(err->text)
			     : xasprintf("%s (offset %" PRIu64 ")", err->text, err->offset);
	char *line = xasprintf("cannot be done, and stays as it is: %s", text);
	tell_lost(cli, path, line);
	free(line);
	free(text);
}

void split_tell(void *context, enum split_event event, const char *path, const char *text,
		const struct note_error *err)
{
	const struct split_teller *teller = context;
	struct cli *cli = teller->cli;
	switch (event) {
	case SPLIT_DONE:
		tell_done(teller, path, text);
		break;
	case SPLIT_LEFT:
		cli_say(cli, path, "left alone: %s", text);
		break;
	case SPLIT_FAILED:
		cli_fail(cli, path, err);
		break;
	case SPLIT_REFUSED:
		tell_refused(cli, path, err);
		break;
	case SPLIT_NO_BUILD_ID:
		if (teller->strict_build_id)
			cli_failf(cli, path, NO_BUILD_ID);
		else
			cli_say(cli, path, NO_BUILD_ID);
		break;
	case SPLIT_MISSING_SOURCE:
		if (teller->strict_sources)
			cli_failf(cli, path, "source is not there: %s", text);
		else
			cli_say(cli, path, "source is not there: %s", text);
		break;
	case SPLIT_PATHS_KEPT:
		cli_say(cli, path,
			"%s paths of units are held inline without room to grow and stay as they "
			"are; the line tables name the sources",
			text);
		break;
	case SPLIT_LINKS_ELSEWHERE:
		cli_say(cli, path, "it has hard links outside the tree, which keep the old file");
		break;
	case SPLIT_LINK_DROPPED:
		cli_say(cli, path,
			"it had debug information and a debuglink to '%s', which is dropped: link "
			"it anew in no build step, the split does",
			text);
		break;
	case SPLIT_RELOCATIONS_KEPT:
		cli_say(cli, path,
			"relocations of its debug sections are not resolved, readers do that: %s",
			text);
		break;
	case SPLIT_DEBUG_DROPPED:
		tell_lost(cli, path,
			  "no build-id by which a debug file could be found: its debug "
			  "information is dropped");
		break;
	case SPLIT_GROUP_LOST:
		cli_say(cli, path,
			"its group is not kept: you are not in it (fakeroot, or chgrp first)");
		break;
	case SPLIT_NO_INDEX:
		cli_say(cli, path, "its debug file has no index: %s", text);
		break;
	case SPLIT_REMARK:
		cli_say(cli, path, "%s", text);
		break;
	case SPLIT_WANTING:
		if (teller->strict_debug)
			cli_failf(cli, path, "%s", text);
		else
			cli_say(cli, path, "%s", text);
		break;
	case SPLIT_COMPLAINT:
		if (teller->strict_elf)
			cli_failf(cli, path, "eu-elflint: %s", text);
		else
			cli_say(cli, path, "eu-elflint: %s", text);
		break;
	case SPLIT_NOT_FOLDED:
		cli_say(cli, path, "its debug file is not folded: %s", text);
		break;
	}
}

void split_progress(void *context, size_t done, size_t total)
{
	const struct split_teller *teller = context;
	cli_progress(teller->cli, done, total, "files");
}
