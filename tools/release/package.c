/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/release/package.h"

#include <stdlib.h>
#include <string.h>

bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text), wanted = strlen(end);
	return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

struct reading {
	struct unit *unit;
	unsigned roles;
	member_visit *visit;
	void *context;
};

static enum artifact_role role_in(const struct unit *unit, const char *path)
{
	const enum artifact_role role = artifact_role(path);
	return role == ROLE_SHIPPED && unit->facts->is_debug ? ROLE_DEBUG : role;
}

static enum payload_want want(void *context, const char *path)
{
	struct reading *reading = context;
	const enum artifact_role role = role_in(reading->unit, path);
	reading->unit->holds |= role;
	if ((role & reading->roles) == 0)
		return WANT_NOT;
	return role == ROLE_SOURCE ? WANT_ALWAYS : WANT_IF_ELF;
}

static bool take(void *context, const char *path, const uint8_t *bytes, uint64_t size)
{
	struct reading *reading = context;
	struct image *image = NULL;
	if (image_open_memory(&image, bytes, size, NULL) != NOTE_OK)
		return true;
	const struct member member = {.input = reading->unit->input,
				      .path = path,
				      .role = role_in(reading->unit, path),
				      .image = image,
				      .package = reading->unit->facts};
	reading->visit(reading->context, &member);
	image_close(image);
	return true;
}

int package_members(struct unit *unit, const struct payload_part *part, enum payload_format format,
		    unsigned roles, member_visit *visit, void *context, struct note_error *err)
{
	struct reading reading = {unit, roles, visit, context};
	const struct payload_visitor visitor = {&reading, want, take};
	/* Nothing in a debug package is shipped: no need to unpack it to know. */
	if (unit->facts->is_debug && roles == ROLE_SHIPPED) {
		unit->unseen = true;
		return NOTE_OK;
	}
	unit->unseen = false;
	return payload_members(part, format, &visitor, err);
}

void package_facts_free(struct package_facts *facts)
{
	if (facts == NULL)
		return;
	free(facts->name);
	free(facts->version);
	free(facts->source_name);
	free(facts->source_version);
	free(facts->architecture);
	free(facts);
}
