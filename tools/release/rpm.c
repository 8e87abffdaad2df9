/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: an RPM package.
 *
 * Format (rpm's docs/manual/format_v4.md): a lead of 96 bytes; a signature header, padded to 8;
 * the header; the payload, a compressed cpio. A header: magic 8e ad e8 01, 4 reserved bytes, the
 * number of index entries, the size of the store, then the entries (tag, type, offset, count, 4
 * bytes each) and the store. Numbers are big-endian.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/release/package.h"
#include "tools/release/payload.h"

#define LEAD_SIZE    96
#define INTRO_SIZE   16
#define ENTRY_SIZE   16
#define TYPE_STRING  6
#define TYPE_I18N    9
#define TAG_NAME     1000
#define TAG_VERSION  1001
#define TAG_RELEASE  1002
#define TAG_ARCH     1022
#define TAG_SOURCE   1044
#define TAG_FORMAT   1124
#define ENTRIES_MAX  65536
#define LONGEST_TEXT 4096

struct header {
	uint64_t entries; /* where the index starts */
	uint64_t count;
	uint64_t store;
	uint64_t store_size;
	uint64_t end;
};

static uint32_t big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int read_header(struct image *image, uint64_t at, struct header *out, struct note_error *err)
{
	static const uint8_t magic[4] = {0x8e, 0xad, 0xe8, 0x01};
	const uint8_t *intro = image_bytes(image, at, INTRO_SIZE, "rpm header", err);
	if (intro == NULL)
		return err->code;
	if (memcmp(intro, magic, sizeof(magic)) != 0)
		return error_set(err, NOTE_MALFORMED, at, "no rpm header");
	/* 32-bit counts: none of these sums can wrap in 64 bits. */
	out->count = big32(intro + 8);
	out->store_size = big32(intro + 12);
	out->entries = at + INTRO_SIZE;
	out->store = out->entries + out->count * ENTRY_SIZE;
	out->end = out->store + out->store_size;
	if (out->count > ENTRIES_MAX || out->end > image->size)
		return error_set(err, NOTE_MALFORMED, at,
				 "rpm header of %llu entries and %llu bytes does not fit the file",
				 (unsigned long long)out->count,
				 (unsigned long long)out->store_size);
	return NOTE_OK;
}

/* The string of TAG, for free(); NULL where there is none or it is no string. */
static char *header_string(struct image *image, const struct header *header, uint32_t tag)
{
	const uint8_t *entry =
		image_bytes(image, header->entries, header->count * ENTRY_SIZE, "rpm index", NULL);
	for (uint64_t i = 0; entry != NULL && i < header->count; i++, entry += ENTRY_SIZE) {
		const uint32_t type = big32(entry + 4), offset = big32(entry + 8);
		if (big32(entry) != tag)
			continue;
		if ((type != TYPE_STRING && type != TYPE_I18N) || offset >= header->store_size)
			return NULL;
		const char *text = image_string(image, header->store + offset, header->end,
						"rpm header", NULL);
		return text != NULL ? xasprintf("%.*s", LONGEST_TEXT, text) : NULL;
	}
	return NULL;
}

/* "N-V-R.src.rpm" as "N" and "V-R". */
static void split_source(struct package_facts *facts, const char *source)
{
	char *copy = xstrdup(source);
	for (int i = 0; i < 2; i++) {
		char *dot = strrchr(copy, '.');
		if (dot != NULL)
			*dot = '\0';
	}
	char *release = strrchr(copy, '-');
	if (release != NULL) {
		*release = '\0';
		char *version = strrchr(copy, '-');
		*release = '-';
		if (version != NULL) {
			facts->source_version = xstrdup(version + 1);
			*version = '\0';
			facts->source_name = xstrdup(copy);
		}
	}
	free(copy);
}

static int read_facts(struct image *image, const struct header *header, struct package_facts **out,
		      struct note_error *err)
{
	char *name = header_string(image, header, TAG_NAME);
	char *version = header_string(image, header, TAG_VERSION);
	char *release = header_string(image, header, TAG_RELEASE);
	char *source = header_string(image, header, TAG_SOURCE);
	int code = NOTE_OK;
	if (name == NULL || version == NULL || release == NULL) {
		code = error_set(err, NOTE_MALFORMED, header->entries,
				 "the rpm header names no package");
		goto out;
	}
	struct package_facts *facts = *out = xcalloc(1, sizeof(*facts));
	facts->type = "rpm";
	facts->name = xstrdup(name);
	facts->version = xasprintf("%s-%s", version, release);
	facts->architecture = header_string(image, header, TAG_ARCH);
	facts->is_debug = ends_with(name, "-debuginfo") || ends_with(name, "-debugsource");
	if (source != NULL)
		split_source(facts, source);
out:
	free(name);
	free(version);
	free(release);
	free(source);
	return code;
}

static int read_package(struct image *image, int fd, struct unit *unit, struct payload_part *part,
			struct note_error *err)
{
	struct header header;
	uint64_t at = 0;
	int code = read_header(image, LEAD_SIZE, &header, err);
	if (code == NOTE_OK && !align_up(header.end, 8, &at))
		code = error_set(err, NOTE_MALFORMED, LEAD_SIZE, "rpm signature wraps");
	if (code == NOTE_OK)
		code = read_header(image, at, &header, err);
	if (code != NOTE_OK)
		return code;
	if (unit->facts == NULL)
		code = read_facts(image, &header, &unit->facts, err);
	char *format = header_string(image, &header, TAG_FORMAT);
	if (code == NOTE_OK && format != NULL && strcmp(format, "cpio") != 0)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "a payload of format %s: only cpio is read", format);
	free(format);
	*part = (struct payload_part){fd, header.end, image->size - header.end};
	return code;
}

static int read_rpm(struct unit *unit, unsigned roles, member_visit *visit, void *context,
		    struct note_error *err)
{
	struct image *image = NULL;
	struct payload_part part;
	int fd = open(unit->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_system(err, "open");
	int code = image_open_fd(&image, fd, err);
	if (code == NOTE_OK)
		code = read_package(image, fd, unit, &part, err);
	if (code == NOTE_OK)
		code = package_members(unit, &part, PAYLOAD_CPIO, roles, visit, context, err);
	image_close(image);
	close(fd);
	return code;
}

const struct input_kind rpm_input = {"RPM package", read_rpm};
