/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the stages of the recipe ask about one artifact, or tell of one unit. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/release/inputs/content.h"
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

bool release_allowed(const struct release_options *options, const char *check, const char *path,
		     bool absence)
{
	for (size_t i = 0; i < options->allow.count; i++) {
		const char *pattern = options->allow.items[i];
		const size_t length = strlen(check);
		const bool named = strncmp(pattern, check, length) == 0 && pattern[length] == ':';
		if ((named || absence) &&
		    fnmatch(named ? pattern + length + 1 : pattern, path, 0) == 0)
			return true;
	}
	return false;
}

/* The stripped check needs debuginfo only where the file itself shows no trace of it. */
unsigned release_needs(const struct release *release, const struct elf_artifact *artifact)
{
	unsigned needs = 0;
	if (artifact->problem != NULL || artifact->passed_over != NULL ||
	    artifact->foreign != NULL || artifact->kind == KIND_OBJECT ||
	    artifact->kind == KIND_PE || artifact->left_alone != NULL)
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

void release_expect(const struct release *release, struct subject *subject)
{
	subject->evidence.expectations = &release->options->expectations;
	subject->evidence.twin = subject->twin;
}

/* Whether it is code that ships: judged, or passed over for a reason that the report tells. */
static bool counts(const struct elf_artifact *artifact)
{
	return artifact->problem != NULL || artifact->passed_over != NULL ||
	       artifact->kind != KIND_OBJECT;
}

/* Whether UNIT is of what others are checked against. */
static bool is_evidence(const struct unit *unit)
{
	return unit->unseen || (unit->facts != NULL && unit->facts->is_debug) ||
	       (unit->holds & (ROLE_DEBUG | ROLE_SOURCE)) != 0;
}

/* .changes and .buildinfo files: what they list are inputs of their own. */
static bool is_list(const char *input)
{
	return ends_with(input, ".changes") || ends_with(input, ".buildinfo");
}

/* Packages in a directory are inputs of their own, too. */
static bool lies_below(const char *input, const char *directory)
{
	const size_t length = strlen(directory);
	return strncmp(input, directory, length) == 0 && input[length] == '/';
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void tell_empty(struct release *release, const char *input, bool evidence)
{
	const char *why = evidence ? "it ships no ELF file: debug files alone prove nothing"
				   : "nothing in it to verify: no ELF file that ships";
	release->options->tell(release->options->context, input, why);
	strings_add(&release->empty, input);
	strings_add(&release->empty, why);
}

static bool asks_of_packages(const struct release *release)
{
	return (release->options->checks & 1u << release_check_index(&parallel_check)) != 0;
}

static bool asks_of_files(const struct release *release)
{
	return (release->options->checks & ~(1u << release_check_index(&parallel_check))) != 0;
}

void release_tell_empty(struct release *release)
{
	const struct units *units = &release->units;
	const char **full = xcalloc(release->count + 1, sizeof(*full));
	size_t count = 0;
	for (size_t i = 0; i < release->count; i++)
		if (counts(&release->subjects[i].artifact))
			full[count++] = release->subjects[i].artifact.input;
	if (asks_of_files(release))
		release->report->verified += count;
	if (count > 1)
		qsort(full, count, sizeof(*full), compare_names);
	/* Of a part, the others may have it. */
	for (size_t i = 0; release->options->shards == 0 && i < units->inputs.count; i++) {
		const char *input = units->inputs.items[i];
		bool evidence = false, listed = is_list(input) && units->count != 0;
		if (count != 0 &&
		    bsearch(&input, full, count, sizeof(*full), compare_names) != NULL)
			continue;
		for (size_t u = 0; u < units->count; u++) {
			listed = listed || lies_below(units->items[u].input, input);
			evidence = evidence || (strcmp(units->items[u].input, input) == 0 &&
						is_evidence(&units->items[u]));
		}
		/* A debug package beside what ships is no news. */
		if (!listed && !(evidence && (count != 0 || asks_of_packages(release))) &&
		    !report_has_unread(release->report, input))
			tell_empty(release, input, evidence);
	}
	free(full);
}

static void report_nothing(struct release *release, const struct check *check, const char *input,
			   const char *why)
{
	struct finding finding = {0};
	finding_set(&finding, VERDICT_MISSING, "%s", why);
	report_add(release->report, input, input, "", check->name, &finding);
}

void release_report_nothing(struct release *release)
{
	const struct strings *inputs = &release->units.inputs;
	/* Of a part, the others may have it. */
	if (release->options->allow_empty || release->options->shards != 0)
		return;
	const bool none = asks_of_files(release) && release->report->verified == 0;
	for (size_t i = 0; none && i + 1 < release->empty.count; i += 2)
		report_nothing(release, &empty_check, release->empty.items[i],
			       release->empty.items[i + 1]);
	for (size_t i = 0; release->report->no_debug_package && i < inputs->count; i++)
		if (!is_list(inputs->items[i]) &&
		    !report_has_unread(release->report, inputs->items[i]))
			report_nothing(release, &parallel_check, inputs->items[i],
				       "no debug package is in it");
}
