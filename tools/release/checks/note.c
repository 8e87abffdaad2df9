/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "note": the package note is there, sound by UAPI.8 (libnote judges), and agrees with the
 * package that ships it and with --expect.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/judge/check.h"
#include "tools/base/text.h"
#include "tools/release/checks/check.h"

/* Whether the note's KEY is one of the values that are not NULL; a key that is not there agrees
 * with all. */
static bool agrees(const struct note_package *note, const char *key, const char *one,
		   const char *other)
{
	const char *value = note_package_get(note, key);
	return value == NULL || (one == NULL && other == NULL) ||
	       (one != NULL && strcmp(value, one) == 0) ||
	       (other != NULL && strcmp(value, other) == 0);
}

static bool is_of_any_machine(const struct package_facts *package)
{
	return package->architecture != NULL && (strcmp(package->architecture, "all") == 0 ||
						 strcmp(package->architecture, "noarch") == 0);
}

/* debhelper's dh_strip, and with it the addon, is for packages with an architecture; rpm's steps
 * are for a build root. */
static bool has_no_strip_step(const struct package_facts *package)
{
	return package != NULL && strcmp(package->type, "deb") == 0 && is_of_any_machine(package);
}

/* The note names the source package or the binary one, by either version. */
static bool judge_package(const struct note_package *note, const struct package_facts *package,
			  struct finding *finding)
{
	const char *key = NULL, *wanted = NULL;
	if (!agrees(note, "type", package->type, NULL)) {
		key = "type";
		wanted = package->type;
	} else if (!agrees(note, "name", package->source_name, package->name)) {
		key = "name";
		wanted = package->source_name != NULL ? package->source_name : package->name;
	} else if (!agrees(note, "version", package->source_version, package->version)) {
		key = "version";
		wanted = package->source_version != NULL ? package->source_version
							 : package->version;
	} else if (!is_of_any_machine(package) &&
		   !agrees(note, "architecture", package->architecture, NULL)) {
		key = "architecture";
		wanted = package->architecture;
	}
	if (key != NULL)
		finding_set(finding, VERDICT_FAIL, "%s is \"%s\", the package's is \"%s\"", key,
			    note_package_get(note, key), wanted);
	return key == NULL;
}

static bool judge_expected(const struct note_package *note, const struct strings *expect,
			   struct finding *finding)
{
	for (size_t i = 0; i < expect->count; i++) {
		const char *equals = strchr(expect->items[i], '=');
		char *key = xasprintf("%.*s", (int)(equals - expect->items[i]), expect->items[i]);
		const char *value = note_package_get(note, key);
		const bool same = value != NULL && strcmp(value, equals + 1) == 0;
		if (value == NULL)
			finding_set(finding, VERDICT_FAIL, "no \"%s\", expected \"%s\"", key,
				    equals + 1);
		else if (!same)
			finding_set(finding, VERDICT_FAIL, "%s is \"%s\", expected \"%s\"", key,
				    value, equals + 1);
		free(key);
		if (!same)
			return false;
	}
	return true;
}

static void judge(const struct elf_artifact *artifact, const struct evidence *evidence,
		  struct finding *finding)
{
	struct note_package *note = NULL;
	struct note_error err;
	if (artifact->note_problem != NULL) {
		finding_set(finding, VERDICT_FAIL, "%s", artifact->note_problem);
		return;
	}
	if (artifact->note_unknown) {
		finding_set(finding, VERDICT_SKIPPED, "the file is not at hand");
		return;
	}
	if (artifact->payload == NULL) {
		if (artifact->kind == KIND_MODULE) {
			finding_set(finding, VERDICT_SKIPPED, "a kernel module carries none");
			return;
		}
		if (artifact->kind == KIND_PE && has_no_strip_step(artifact->package)) {
			finding_set(finding, VERDICT_SKIPPED,
				    "a PE image in a package of architecture all, for which "
				    "debhelper neither strips nor stamps");
			return;
		}
		finding->absence = true;
		finding_set(finding, VERDICT_FAIL, "no package note%s%s",
			    artifact->note_unseen != NULL ? ": " : "",
			    artifact->note_unseen != NULL ? artifact->note_unseen : "");
		return;
	}
	if (note_package_parse(&note, artifact->payload, strlen(artifact->payload), &err) !=
	    NOTE_OK) {
		finding_set(finding, VERDICT_FAIL, "the payload breaks UAPI.8: %s", err.text);
		return;
	}
	if ((artifact->package == NULL || judge_package(note, artifact->package, finding)) &&
	    judge_expected(note, &evidence->expectations->expect, finding))
		finding_set(finding, VERDICT_PASS, "%s", artifact->payload);
	note_package_free(note);
}

const struct check note_check = {
	"note", "The package note is there, sound, and that of the package", 0, judge};
