/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a record to what an inventory keeps: see binary.h. */
#include "tools/show/binary.h"

#include <stdlib.h>
#include <string.h>

#include "tools/show/dynamic.h"

#define BLOCK 65536

static char *full_name(const struct record *record)
{
	struct text name = {0};
	const char *const parts[] = {
		record->path, record->member,
		record->has_address && record->module == NULL ? "?" : record->module};
	for (size_t i = 0; i < 3; i++) {
		if (parts[i] == NULL)
			continue;
		char *part = name_to_utf8(parts[i]);
		text_puts(&name, name.size != 0 ? ": " : "");
		text_puts(&name, part);
		free(part);
	}
	return name.data;
}

static void take_digests(struct binary *binary, struct image *image, bool sha1)
{
	struct digest_pair *pair = digest_pair_begin(sha1);
	uint8_t *block = xmalloc(BLOCK);
	uint64_t at = 0;
	bool good = true;
	while (good && at < image->size) {
		const uint64_t left = image->size - at, part = left < BLOCK ? left : BLOCK;
		good = image_copy(image, at, part, block, "the file", NULL) == NOTE_OK;
		if (good)
			digest_pair_add(pair, block, (size_t)part);
		at += part;
	}
	free(block);
	digest_pair_end(pair, binary->sha1, binary->sha256);
	binary->is_whole = good;
}

static void take_dlopen(struct binary *binary, const struct record *record)
{
	for (size_t i = 0; i < record->note_count; i++) {
		json_object *entries = record->notes[i].dlopen;
		for (size_t k = 0; entries != NULL && k < json_object_array_length(entries); k++) {
			if (binary->dlopen == NULL)
				binary->dlopen = json_object_new_array();
			json_object_array_add(
				binary->dlopen,
				json_object_get(json_object_array_get_idx(entries, k)));
		}
	}
}

void binaries_add(struct binaries *binaries, const struct record_style *style,
		  struct record *record, struct image *image)
{
	if (binaries->count == binaries->room) {
		binaries->room = binaries->room == 0 ? 16 : 2 * binaries->room;
		binaries->items =
			xrealloc(binaries->items, binaries->room * sizeof(*binaries->items));
	}
	struct binary *binary = &binaries->items[binaries->count++];
	*binary =
		(struct binary){.name = full_name(record),
				.layer = record->layer != NULL ? name_to_utf8(record->layer) : NULL,
				.kind = record->kind,
				.machine = record->machine,
				.bits = record->bits};
	memcpy(binary->build_id, record->build_id, sizeof(binary->build_id));
	if (record->packages != NULL) {
		binary->packages = json_object_get(record->packages);
	} else if (record->package != NULL) {
		binary->packages = json_object_new_array();
		json_object_array_add(binary->packages, json_object_get(record->package));
	}
	take_dlopen(binary, record);
	if (image == NULL)
		return;
	if (style->sha256)
		take_digests(binary, image, style->sha1);
	if (image->is_elf)
		dynamic_names(image, &binary->soname, &binary->needed);
}

void binaries_move(struct binaries *to, struct binaries *from)
{
	if (from->count == 0)
		return;
	if (to->room - to->count < from->count) {
		to->room = 2 * to->room + from->count;
		to->items = xrealloc(to->items, to->room * sizeof(*to->items));
	}
	memcpy(to->items + to->count, from->items, from->count * sizeof(*to->items));
	to->count += from->count;
	from->count = 0;
}

void binary_clear(struct binary *binary)
{
	free(binary->name);
	free(binary->layer);
	free(binary->soname);
	strings_free(&binary->needed);
	json_object_put(binary->packages);
	json_object_put(binary->dlopen);
}

void binaries_free(struct binaries *binaries)
{
	for (size_t i = 0; i < binaries->count; i++)
		binary_clear(&binaries->items[i]);
	free(binaries->items);
	*binaries = (struct binaries){0};
}
