/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An RPM package (rpm's docs/manual/format_v4.md): a lead of 96 bytes; a signature header, padded
 * to 8; the header; the payload, a compressed cpio. A header: magic 8e ad e8 01, 4 reserved bytes,
 * the number of index entries and the size of the store, then the entries (tag, type, offset,
 * count, 4 bytes each) and the store. Numbers are big-endian.
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/package/internal.h"
#include "tools/base/text.h"

#define LEAD_SIZE    96
#define INTRO_SIZE   16
#define ENTRY_SIZE   16
#define ENTRIES_MOST 65536

enum { TYPE_INT32 = 4, TYPE_STRING = 6, TYPE_I18N = 9 };

enum {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_ARCH = 1022,
	TAG_SOURCE_RPM = 1044,
	TAG_FORMAT = 1124,
};

struct header {
	const uint8_t *entries;
	uint64_t count;
	uint64_t store; /* offset in the file */
	uint64_t store_size;
	uint64_t end;
};

static uint32_t big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int failed(const struct note_error *err)
{
	return err != NULL ? err->code : NOTE_MALFORMED;
}

static int read_header(struct image *image, uint64_t at, struct header *out, struct note_error *err)
{
	static const uint8_t magic[4] = {0x8e, 0xad, 0xe8, 0x01};
	const uint8_t *intro = image_bytes(image, at, INTRO_SIZE, "rpm header", err);
	if (intro == NULL)
		return failed(err);
	if (memcmp(intro, magic, sizeof(magic)) != 0)
		return error_set(err, NOTE_MALFORMED, at, "no rpm header");
	out->count = big32(intro + 8);
	out->store_size = big32(intro + 12);
	if (out->count > ENTRIES_MOST)
		return error_set(err, NOTE_MALFORMED, at, "an rpm header of %llu entries",
				 (unsigned long long)out->count);
	/* 32-bit numbers: no sum here can wrap in 64 bits. */
	out->entries =
		image_bytes(image, at + INTRO_SIZE, out->count * ENTRY_SIZE, "rpm header", err);
	if (out->entries == NULL)
		return failed(err);
	out->store = at + INTRO_SIZE + out->count * ENTRY_SIZE;
	out->end = out->store + out->store_size;
	if (out->end > image->size)
		return error_set(err, NOTE_MALFORMED, at, "an rpm header that ends after the file");
	return NOTE_OK;
}

/* The entry of TAG, or NULL. */
static const uint8_t *find_entry(const struct header *header, uint32_t tag)
{
	for (uint64_t i = 0; i < header->count; i++)
		if (big32(header->entries + i * ENTRY_SIZE) == tag)
			return header->entries + i * ENTRY_SIZE;
	return NULL;
}

/* The string of TAG, for free(); NULL where there is none. */
static char *header_string(struct image *image, const struct header *header, uint32_t tag)
{
	const uint8_t *entry = find_entry(header, tag);
	if (entry == NULL || (big32(entry + 4) != TYPE_STRING && big32(entry + 4) != TYPE_I18N))
		return NULL;
	const char *text = image_string(image, header->store + big32(entry + 8), header->end,
					"rpm header", NULL);
	return text != NULL ? xstrdup(text) : NULL;
}

static uint32_t header_number(struct image *image, const struct header *header, uint32_t tag)
{
	const uint8_t *entry = find_entry(header, tag);
	if (entry == NULL || big32(entry + 4) != TYPE_INT32)
		return 0;
	const uint64_t offset = big32(entry + 8);
	if (offset + 4 > header->store_size)
		return 0;
	const uint8_t *value = image_bytes(image, header->store + offset, 4, "rpm header", NULL);
	return value != NULL ? big32(value) : 0;
}

/* "N-V-R.src.rpm" as "N" and "V-R". */
static void split_source(struct package_head *head, char *source)
{
	char *version, *release;
	for (int i = 0; i < 2; i++) {
		char *dot = strrchr(source, '.');
		if (dot != NULL)
			*dot = '\0';
	}
	release = strrchr(source, '-');
	if (release == NULL)
		return;
	*release = '\0';
	version = strrchr(source, '-');
	*release = '-';
	if (version == NULL)
		return;
	head->source_version = xstrdup(version + 1);
	*version = '\0';
	head->source_name = xstrdup(source);
}

static bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text), wanted = strlen(end);
	return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

static int read_facts(struct image *image, const struct header *header, struct package_head *head,
		      struct note_error *err)
{
	head->type = "rpm";
	head->name = header_string(image, header, TAG_NAME);
	head->version = header_string(image, header, TAG_VERSION);
	head->release = header_string(image, header, TAG_RELEASE);
	head->architecture = header_string(image, header, TAG_ARCH);
	if (head->name == NULL || head->version == NULL || head->release == NULL ||
	    head->architecture == NULL)
		return error_set(err, NOTE_MALFORMED, header->store,
				 "an rpm header that lacks name, version, release or architecture");
	char *source = header_string(image, header, TAG_SOURCE_RPM);
	if (source != NULL)
		split_source(head, source);
	free(source);
	head->is_debug =
		ends_with(head->name, "-debuginfo") || ends_with(head->name, "-debugsource");
	const uint32_t epoch = header_number(image, header, TAG_EPOCH);
	if (epoch != 0) {
		char *version = xasprintf("%u:%s", (unsigned)epoch, head->version);
		free(head->version);
		head->version = version;
	}
	return NOTE_OK;
}

int rpm_read_head(struct image *image, int fd, struct package_head *head, struct payload *payload,
		  struct note_error *err)
{
	static const uint8_t magic[4] = {0xed, 0xab, 0xee, 0xdb};
	struct header header;
	uint64_t at = 0;
	const uint8_t *lead = image_bytes(image, 0, LEAD_SIZE, "rpm lead", NULL);
	if (lead == NULL || memcmp(lead, magic, sizeof(magic)) != 0)
		return NOTE_ABSENT;
	int code = read_header(image, LEAD_SIZE, &header, err);
	if (code == NOTE_OK && !align_up(header.end, 8, &at))
		code = error_set(err, NOTE_MALFORMED, LEAD_SIZE, "an rpm signature that wraps");
	if (code == NOTE_OK)
		code = read_header(image, at, &header, err);
	if (code == NOTE_OK)
		code = read_facts(image, &header, head, err);
	if (code != NOTE_OK)
		return code;
	char *format = header_string(image, &header, TAG_FORMAT);
	if (format != NULL && strcmp(format, "cpio") != 0)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "an rpm whose payload is no cpio: %s", format);
	free(format);
	*payload = (struct payload){fd, header.end, image->size - header.end, PAYLOAD_CPIO};
	return code;
}
