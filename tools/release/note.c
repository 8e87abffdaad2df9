/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "note": the package note is there, once, by UAPI.8, loaded, within page one (all that a
 * core file keeps of a mapping), and agrees with the package that ships it and with --expect.
 */
#include "tools/release/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "tools/base/text.h"
#include "tools/release/check.h"

#define PAGE_SIZE_MIN 4096

struct found {
	struct image *image;
	struct elf_note first;
	unsigned count;
	bool other_owner;
};

static bool visit(void *context, const struct elf_note *note)
{
	struct found *found = context;
	if (note->type != NOTE_TYPE_PACKAGE)
		return true;
	if (strcmp(note->owner, NOTE_OWNER_FDO) != 0) {
		found->other_owner = true;
		return true;
	}
	if (found->count++ == 0)
		found->first = *note;
	return true;
}

static bool inside(uint64_t start, uint64_t size, uint64_t offset, uint64_t length)
{
	return offset >= start && offset - start <= size && length <= size - (offset - start);
}

/* Where the note lies: NULL, or what is wrong with it. */
static const char *place_problem(struct image *image, const struct elf_note *note)
{
	const char *problem = "in no segment that is loaded: no core file would hold it";
	if (!note->in_segment)
		return "in no PT_NOTE segment: no core file would show it";
	for (uint64_t i = 0; i < image->phnum; i++) {
		GElf_Phdr phdr;
		if (image_phdr(image, i, &phdr, NULL) != NOTE_OK)
			break;
		if (phdr.p_type != PT_LOAD ||
		    !inside(phdr.p_offset, phdr.p_filesz, note->offset, note->size))
			continue;
		problem = phdr.p_flags & PF_W ? "in a writable segment" : NULL;
	}
	if (problem == NULL && note->desc_offset + note->desc_size > PAGE_SIZE_MIN)
		problem = "outside the first page: a core file may not hold it";
	return problem;
}

/* The payload, without its NUL and padding, judged by UAPI.8. */
static char *payload_problem(const struct elf_note *note)
{
	struct note_package *package = NULL;
	struct note_error err;
	char *problem = NULL;
	const uint8_t *end = memchr(note->desc, '\0', note->desc_size);
	if (end == NULL)
		return xstrdup("the payload is not NUL-terminated");
	for (const uint8_t *p = end; p < note->desc + note->desc_size; p++)
		if (*p != 0)
			return xstrdup("the payload is followed by other bytes than NUL");
	if (note_package_parse(&package, (const char *)note->desc, (size_t)(end - note->desc),
			       &err) != NOTE_OK)
		problem = xasprintf("the payload breaks UAPI.8: %s", err.text);
	note_package_free(package);
	return problem;
}

void note_read(struct elf_artifact *artifact, struct image *image)
{
	struct found found = {.image = image};
	struct note_error err;
	const int code = elf_notes(image, visit, &found, &err);
	if (found.count == 0) {
		if (code != NOTE_OK && code != NOTE_ABSENT)
			artifact->note_problem = xasprintf("notes cannot be read: %s", err.text);
		else if (found.other_owner)
			artifact->note_problem =
				xstrdup("the package note's owner is not \"" NOTE_OWNER_FDO "\"");
		return;
	}
	const char *end = memchr(found.first.desc, '\0', found.first.desc_size);
	artifact->payload = xasprintf(
		"%.*s", (int)(end != NULL ? (size_t)(end - (const char *)found.first.desc) : 0),
		(const char *)found.first.desc);
	artifact->note_problem = payload_problem(&found.first);
	if (artifact->note_problem != NULL)
		return;
	const char *place =
		artifact->kind == KIND_LINKED ? place_problem(image, &found.first) : NULL;
	if (found.count > 1)
		artifact->note_problem = xasprintf("%u package notes", found.count);
	else if (place != NULL)
		artifact->note_problem = xstrdup(place);
}

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

/* The note names the source package or the binary one, by either version. */
static bool judge_package(const struct note_package *note, const struct package_facts *package,
			  struct finding *finding)
{
	const char *key = NULL, *wanted = NULL;
	const bool any_machine =
		package->architecture != NULL && (strcmp(package->architecture, "all") == 0 ||
						  strcmp(package->architecture, "noarch") == 0);
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
	} else if (!any_machine && !agrees(note, "architecture", package->architecture, NULL)) {
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
	if (artifact->payload == NULL) {
		if (artifact->kind == KIND_MODULE) {
			finding_set(finding, VERDICT_SKIPPED, "a kernel module carries none");
			return;
		}
		finding->absence = true;
		finding_set(finding, VERDICT_FAIL, "no package note");
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

const struct check note_check = {"note", 0, judge};
