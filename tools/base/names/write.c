/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing the documents of an index by name. */
#include <stdlib.h>
#include <string.h>

#include "tools/base/digest.h"
#include "tools/base/names/names.h"

void names_result_write(struct text *out, const char *type, const char *build_id, const char *file,
			const char *archive)
{
	char *path = names_escape(file), *package = names_escape(archive);
	text_printf(
		out,
		"{\"type\": \"%s\", \"buildid\": \"%s\", \"file\": \"%s\", \"archive\": \"%s\"}",
		type, build_id, path != NULL ? path : "", package != NULL ? package : "");
	free(path);
	free(package);
}

void names_block_write(struct text *out, const struct strings *lines)
{
	text_puts(out, lines->count != 0 ? NAMES_BLOCK_START : NAMES_BLOCK_EMPTY);
	for (size_t i = 0; i < lines->count; i++) {
		text_puts(out, lines->items[i]);
		text_puts(out, i + 1 < lines->count ? ",\n" : "\n");
	}
	text_puts(out, NAMES_BLOCK_END);
}

char *names_document_name(uint64_t sequence, const char *text, size_t size)
{
	char digest[2 * SHA256_SIZE + 1];
	sha256_hex(text, size, digest);
	return xasprintf("%llu-%.*s.json", (unsigned long long)sequence, NAMES_DIGEST, digest);
}

bool names_is_document(const char *name, const char *text, size_t size)
{
	uint64_t sequence;
	if (!names_sequence(name, &sequence))
		return false;
	char *expected = names_document_name(sequence, text, size);
	const bool same = strcmp(name, expected) == 0;
	free(expected);
	return same;
}

void names_index_write(struct text *out, const struct names_index *index)
{
	text_printf(out, "{\"namesVersion\": %d, \"next\": %llu, \"segments\": [", NAMES_VERSION,
		    (unsigned long long)index->next);
	for (size_t i = 0; i < index->count; i++) {
		const struct names_segment_entry *entry = &index->segments[i];
		text_printf(out,
			    "%s\n  {\"name\": \"%s\", \"level\": %llu, \"packages\": %llu, "
			    "\"removed\": %llu}",
			    i != 0 ? "," : "", entry->name, (unsigned long long)entry->level,
			    (unsigned long long)entry->packages,
			    (unsigned long long)entry->removed);
	}
	text_puts(out, index->count != 0 ? "\n], \"old\": [" : "], \"old\": [");
	for (size_t i = 0; i < index->old.count; i++)
		text_printf(out, "%s\"%s\"", i != 0 ? ", " : "", index->old.items[i]);
	text_puts(out, "]}\n");
}

static void write_parts(struct text *out, const struct names_parts *parts, const char *key)
{
	text_printf(out, ",\n\"%s\": [", key);
	for (size_t i = 0; i < parts->count; i++)
		text_printf(out, "%s\n  {\"first\": \"%s\", \"name\": \"%s\", \"count\": %llu}",
			    i != 0 ? "," : "", parts->items[i].first, parts->items[i].name,
			    (unsigned long long)parts->items[i].count);
	text_puts(out, "]");
}

void names_segment_write(struct text *out, const struct names_segment *segment,
			 const struct strings *lines)
{
	text_puts(out, "{\"removed\": [");
	for (size_t i = 0; i < segment->removed.count; i++)
		text_printf(out, "%s\"%s\"", i != 0 ? ", " : "", segment->removed.items[i]);
	text_puts(out, "]");
	if (segment->parts[NAMES_BY_FILE].count == 0) {
		text_puts(out, NAMES_INNER_START);
		names_block_write(out, lines);
		text_puts(out, NAMES_INNER_END);
		return;
	}
	for (size_t order = 0; order < NAMES_ORDERS; order++)
		write_parts(out, &segment->parts[order], names_order_keys[order]);
	text_puts(out, "}\n");
}
