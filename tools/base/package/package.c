/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/package/package.h"

#include <stdlib.h>

#include "libnote/error.h"
#include "tools/base/package/internal.h"
#include "tools/base/text.h"

struct package {
	struct package_head head;
	struct payload_reader *reader;
};

int package_open(struct package **out, int fd, struct note_error *err)
{
	struct image *image;
	struct payload payload = {0};
	*out = NULL;
	int code = image_open_fd(&image, fd, err);
	if (code != NOTE_OK)
		return code;
	struct package *package = xcalloc(1, sizeof(*package));
	code = rpm_read_head(image, fd, &package->head, &payload, err);
	if (code == NOTE_ABSENT)
		code = deb_read_head(image, fd, &package->head, &payload, err);
	if (code == NOTE_ABSENT)
		error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "neither a Debian package nor an RPM");
	if (code == NOTE_OK)
		code = payload_open(&package->reader, &payload, err);
	image_close(image);
	if (code != NOTE_OK)
		package_close(package);
	else
		*out = package;
	return code;
}

void package_close(struct package *package)
{
	if (package == NULL)
		return;
	payload_close(package->reader);
	free(package->head.name);
	free(package->head.version);
	free(package->head.release);
	free(package->head.architecture);
	free(package->head.source_name);
	free(package->head.source_version);
	free(package);
}

const struct package_head *package_head(const struct package *package)
{
	return &package->head;
}

void package_every(struct package *package)
{
	payload_every(package->reader);
}

int package_next(struct package *package, struct package_file *file, struct note_error *err)
{
	return payload_next(package->reader, file, err);
}

int package_read(struct package *package, void *buffer, size_t room, size_t *got,
		 struct note_error *err)
{
	return payload_read(package->reader, buffer, room, got, err);
}
