/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the stages of the recipe ask about one artifact, or tell of one unit. */
#include <stdlib.h>

#include "tools/release/release_internal.h"

void release_unread(struct release *release, const struct unit *unit, const struct note_error *err)
{
	char *name = unit->root != NULL ? xasprintf("%s%s", unit->input, unit->path)
					: xstrdup(unit->input);
	pthread_mutex_lock(&release->lock);
	report_add_unread(release->report, name, err->text);
	pthread_mutex_unlock(&release->lock);
	release->options->fail(release->options->context, name, err);
	free(name);
}

size_t release_check_index(const struct check *check)
{
	size_t index = 0;
	while (all_checks[index] != check)
		index++;
	return index;
}

/* The stripped check needs debuginfo only where the file itself shows no trace of it. */
unsigned release_needs(const struct release *release, const struct elf_artifact *artifact)
{
	unsigned needs = 0;
	if (artifact->problem != NULL || artifact->passed_over != NULL ||
	    artifact->kind == KIND_OBJECT || artifact->kind == KIND_PE ||
	    artifact->left_alone != NULL)
		return 0;
	for (size_t c = 0; c < all_check_count; c++) {
		const struct check *check = all_checks[c];
		if ((release->options->checks & 1u << c) == 0 ||
		    (check == &stripped_check &&
		     (artifact->debuglink != NULL || artifact->debug_section != NULL)))
			continue;
		needs |= check->needs;
	}
	if (release->options->expectations.sources == SOURCES_NONE)
		needs &= ~(unsigned)NEED_SOURCES;
	return needs;
}
