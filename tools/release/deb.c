/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a Debian package (.deb, .udeb, .ddeb).
 *
 * Format (deb(5)): an ar archive of debian-binary, control.tar and data.tar, each tar compressed
 * in one way or another. ar(5): "!<arch>\n", then for each member a header of 60 bytes (name 16,
 * time 12, owner 6, group 6, mode 8, size 10 in decimal, "`\n") and its bytes, padded to 2.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/release/control.h"
#include "tools/release/package.h"
#include "tools/release/payload.h"

#define AR_MAGIC       "!<arch>\n"
#define AR_HEADER      60
#define AR_SIZE_OFFSET 48
#define MEMBERS_MAX    64 /* a package has three; some signers add one */
#define CONTROL_MAX    (1 << 20)

struct parts {
	struct payload_part control;
	struct payload_part data;
	bool has_binary, has_control, has_data;
};

static bool read_size(const uint8_t *digits, uint64_t *out)
{
	*out = 0;
	int i = 0;
	for (; i < 10 && digits[i] >= '0' && digits[i] <= '9'; i++)
		*out = *out * 10 + (uint64_t)(digits[i] - '0');
	return i > 0;
}

static bool named(const char *name, const char *wanted)
{
	const size_t length = strlen(wanted);
	return strncmp(name, wanted, length) == 0 && (name[length] == '.' || name[length] == '\0' ||
						      name[length] == '/' || name[length] == ' ');
}

static int find_parts(struct image *image, int fd, struct parts *parts, struct note_error *err)
{
	uint64_t at = sizeof(AR_MAGIC) - 1;
	*parts = (struct parts){0};
	for (int i = 0; i < MEMBERS_MAX && at < image->size; i++) {
		char name[17] = "";
		uint64_t size;
		const uint8_t *header = image_bytes(image, at, AR_HEADER, "ar header", err);
		if (header == NULL)
			return err->code;
		if (header[58] != '`' || header[59] != '\n' ||
		    !read_size(header + AR_SIZE_OFFSET, &size))
			return error_set(err, NOTE_MALFORMED, at, "no ar header");
		memcpy(name, header, 16);
		at += AR_HEADER;
		if (size > image->size - at)
			return error_set(err, NOTE_MALFORMED, at,
					 "member of %llu bytes ends after the file",
					 (unsigned long long)size);
		const struct payload_part part = {fd, at, size};
		if (named(name, "debian-binary")) {
			parts->has_binary = true;
		} else if (named(name, "control.tar") && !parts->has_control) {
			parts->control = part;
			parts->has_control = true;
		} else if (named(name, "data.tar") && !parts->has_data) {
			parts->data = part;
			parts->has_data = true;
		}
		at += size + (size & 1);
	}
	if (!parts->has_binary || !parts->has_control || !parts->has_data)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "no Debian package: it lacks %s",
				 !parts->has_binary    ? "debian-binary"
				 : !parts->has_control ? "control.tar"
						       : "data.tar");
	return NOTE_OK;
}

static enum payload_want want_control(void *context, const char *path)
{
	(void)context;
	return strcmp(path, "/control") == 0 ? WANT_ALWAYS : WANT_NOT;
}

static bool take_control(void *context, const char *path, const uint8_t *bytes, uint64_t size)
{
	struct package_facts **facts = context;
	(void)path;
	if (size <= CONTROL_MAX)
		*facts = control_package((const char *)bytes, size);
	return false;
}

static int read_deb(struct unit *unit, unsigned roles, member_visit *visit, void *context,
		    struct note_error *err)
{
	struct image *image = NULL;
	struct parts parts;
	int fd = open(unit->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_system(err, "open");
	int code = image_open_fd(&image, fd, err);
	if (code == NOTE_OK)
		code = find_parts(image, fd, &parts, err);
	if (code == NOTE_OK && unit->facts == NULL) {
		const struct payload_visitor visitor = {&unit->facts, want_control, take_control};
		code = payload_members(&parts.control, PAYLOAD_TAR, &visitor, err);
		if (code == NOTE_OK && unit->facts == NULL)
			code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "no Debian package: its control file names none");
		if (code == NOTE_OK && ends_with(unit->path, ".ddeb"))
			unit->facts->is_debug = true;
	}
	if (code == NOTE_OK)
		code = package_members(unit, &parts.data, PAYLOAD_TAR, roles, visit, context, err);
	image_close(image);
	close(fd);
	return code;
}

const struct input_kind deb_input = {"Debian package", read_deb};
