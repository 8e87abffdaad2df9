/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A header of an RPM package: magic 8e ad e8 01, 4 reserved bytes, the number of index entries and
 * the size of the store, then the entries (tag, type, offset, count, 4 bytes each) and the store.
 * Numbers are big-endian.
 */
#include "libnote/error.h"
#include "tools/base/package/internal.h"

#define INTRO_SIZE   16
#define ENTRY_SIZE   16
#define ENTRIES_MOST 65536

static int failed(const struct note_error *err)
{
	return err != NULL ? err->code : NOTE_MALFORMED;
}

int rpm_header_read(struct image *image, uint64_t at, struct rpm_header *out,
		    struct note_error *err)
{
	static const uint8_t magic[4] = {0x8e, 0xad, 0xe8, 0x01};
	struct span intro;
	if (image_span(image, at, INTRO_SIZE, "rpm header", &intro, err) != NOTE_OK)
		return failed(err);
	if (!span_equal(intro, 0, magic, sizeof(magic)))
		return error_set(err, NOTE_MALFORMED, at, "no rpm header");
	const uint64_t count = span_u32(intro, 8, true), size = span_u32(intro, 12, true);
	if (count > ENTRIES_MOST)
		return error_set(err, NOTE_MALFORMED, at, "an rpm header of %llu entries",
				 (unsigned long long)count);
	/* 32-bit numbers: no sum here can wrap in 64 bits. */
	const uint64_t store = at + INTRO_SIZE + count * ENTRY_SIZE;
	out->end = store + size;
	if (out->end > image->size)
		return error_set(err, NOTE_MALFORMED, at, "an rpm header that ends after the file");
	if (image_span(image, at + INTRO_SIZE, count * ENTRY_SIZE, "rpm header", &out->entries,
		       err) != NOTE_OK ||
	    image_span(image, store, size, "rpm header", &out->store, err) != NOTE_OK)
		return failed(err);
	return NOTE_OK;
}

bool rpm_header_find(const struct rpm_header *header, uint32_t tag, struct rpm_entry *out)
{
	for (uint64_t at = 0; at < header->entries.size; at += ENTRY_SIZE)
		if (span_u32(header->entries, at, true) == tag) {
			out->type = span_u32(header->entries, at + 4, true);
			out->offset = span_u32(header->entries, at + 8, true);
			out->count = span_u32(header->entries, at + 12, true);
			return true;
		}
	return false;
}
