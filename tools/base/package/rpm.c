/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An RPM package (rpm's docs/manual/format_v4.md): a lead of 96 bytes; a signature header, padded
 * to 8; the header; the payload, a compressed cpio. Headers: rpm_header.c.
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/package/internal.h"
#include "tools/base/text.h"

#define LEAD_SIZE 96

enum {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_ARCH = 1022,
	TAG_SOURCE_RPM = 1044,
	TAG_FORMAT = 1124,
};

/* The string of TAG, for free(); NULL where there is none. */
static char *header_string(const struct rpm_header *header, uint32_t tag)
{
	struct rpm_entry entry;
	if (!rpm_header_find(header, tag, &entry) ||
	    (entry.type != RPM_STRING && entry.type != RPM_I18N))
		return NULL;
	const char *text = span_string(header->store, entry.offset);
	return text != NULL ? xstrdup(text) : NULL;
}

static uint32_t header_number(const struct rpm_header *header, uint32_t tag)
{
	struct rpm_entry entry;
	if (!rpm_header_find(header, tag, &entry) || entry.type != RPM_INT32)
		return 0;
	return span_u32(header->store, entry.offset, true);
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

static int read_facts(const struct rpm_header *header, uint64_t at, struct package_head *head,
		      struct note_error *err)
{
	head->type = "rpm";
	head->name = header_string(header, TAG_NAME);
	head->version = header_string(header, TAG_VERSION);
	head->release = header_string(header, TAG_RELEASE);
	head->architecture = header_string(header, TAG_ARCH);
	if (head->name == NULL || head->version == NULL || head->release == NULL ||
	    head->architecture == NULL)
		return error_set(err, NOTE_MALFORMED, at,
				 "an rpm header that lacks name, version, release or architecture");
	char *source = header_string(header, TAG_SOURCE_RPM);
	if (source != NULL)
		split_source(head, source);
	free(source);
	head->is_debug =
		ends_with(head->name, "-debuginfo") || ends_with(head->name, "-debugsource");
	const uint32_t epoch = header_number(header, TAG_EPOCH);
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
	struct rpm_header header;
	uint64_t at = 0;
	const uint8_t *lead = image_bytes(image, 0, LEAD_SIZE, "rpm lead", NULL);
	if (lead == NULL || memcmp(lead, magic, sizeof(magic)) != 0)
		return NOTE_ABSENT;
	int code = rpm_header_read(image, LEAD_SIZE, &header, err);
	if (code == NOTE_OK && !align_up(header.end, 8, &at))
		code = error_set(err, NOTE_MALFORMED, LEAD_SIZE, "an rpm signature that wraps");
	if (code == NOTE_OK)
		code = rpm_header_read(image, at, &header, err);
	if (code == NOTE_OK)
		code = read_facts(&header, at, head, err);
	if (code != NOTE_OK)
		return code;
	char *format = header_string(&header, TAG_FORMAT);
	if (format != NULL && strcmp(format, "cpio") != 0)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "an rpm whose payload is no cpio: %s", format);
	free(format);
	*payload = (struct payload){fd, header.end, image->size - header.end, PAYLOAD_CPIO, NULL};
	if (code == NOTE_OK)
		payload->files = rpm_files_read(&header);
	return code;
}
