/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file holds, and who reads that: see inspect.h. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/static_archive.h"
#include "tools/base/contents/contents.h"
#include "tools/base/stored/stored.h"
#include "tools/show/inspect.h"

struct members {
	struct inspection *inspection;
	const struct record_style *style;
	const char *path;
};

/* Members that are neither ELF nor PE (LLVM bitcode, text) are passed over. */
static bool show_member(void *context, const struct static_archive_member *member)
{
	struct members *members = context;
	inspect_image(members->inspection, members->style, member->image, members->path,
		      member->name);
	return true;
}

static void show_archive(struct inspection *inspection, const struct record_style *style,
			 struct image *image, const char *path)
{
	struct members members = {inspection, style, path};
	struct note_error error;
	int code;
	if (static_archive_is_thin(image))
		code = error_set(&error, NOTE_UNSUPPORTED, 0,
				 "a thin archive holds no members, only their names");
	else
		code = static_archive_members(image, show_member, &members, &error);
	if (code != NOTE_OK)
		inspection_fail(inspection, path, NULL, &error);
}

static void note_directory(struct inspection *inspection, const char *path)
{
	inspection->directories =
		xrealloc(inspection->directories,
			 (inspection->directory_count + 1) * sizeof(*inspection->directories));
	inspection->directories[inspection->directory_count++] =
		(struct inspect_directory){path, inspection->out.size, inspection->failure_count};
}

/* A compressed core, or other ELF file. False where it holds nothing that is looked for. */
static bool show_compressed(struct inspection *inspection, const struct record_style *style, int fd,
			    const char *path, bool named)
{
	struct note_error error, why;
	struct image *image = NULL;
	int unpacked;
	int code = stored_unpack(fd, !named, &unpacked, &error);
	if (code == NOTE_ABSENT)
		return false;
	if (unpacked >= 0) {
		if (image_open_fd(&image, unpacked, &why) != NOTE_OK)
			inspection_fail(inspection, path, NULL, &why);
		else
			inspect_image(inspection, style, image, path, NULL);
		image_close(image);
		close(unpacked);
	}
	if (code != NOTE_OK)
		inspection_fail(inspection, path, NULL, &error);
	return true;
}

/* A snap, and what an AppImage has behind its ELF file. */
static bool is_squashfs(struct image *image)
{
	char magic[4];
	return image_copy(image, 0, sizeof(magic), magic, "squashfs", NULL) == NOTE_OK &&
	       memcmp(magic, "hsqs", sizeof(magic)) == 0;
}

void inspect_file(struct inspection *inspection, const struct record_style *style, int fd,
		  const char *path, bool named)
{
	struct image *image;
	struct note_error error;
	struct stat st;
	int code = image_open_fd(&image, fd, &error);
	if (code == NOTE_UNSUPPORTED && named && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		note_directory(inspection, path);
		return;
	}
	if (code == NOTE_UNSUPPORTED && !named) /* no longer the regular file that was listed */
		return;
	if (code != NOTE_OK) {
		inspection_fail(inspection, path, NULL, &error);
		return;
	}
	if (named && package_is_one(image)) {
		inspect_package(inspection, style, fd, path);
	} else if (named && static_archive_is_one(image)) {
		show_archive(inspection, style, image, path);
	} else if (contents_is_one(fd, path)) {
		if (named)
			inspect_archive(inspection, style, fd, path);
		else
			inspection_say(inspection, path,
				       "an archive, not looked into: name it to look inside");
	} else if (is_squashfs(image)) {
		error_set(&error, NOTE_UNSUPPORTED, 0,
			  "a squashfs image: not looked into; unpack it with unsquashfs, and name "
			  "the directory");
		if (named)
			inspection_fail(inspection, path, NULL, &error);
		else
			inspection_say(inspection, path, error.text);
	} else if (!named && package_is_one(image)) {
		inspection_say(inspection, path,
			       "a package, not looked into: name it to look inside");
	} else if (stored_is_compressed(fd) &&
		   show_compressed(inspection, style, fd, path, named)) {
		;
	} else if (named && stored_is_compressed(fd)) {
		inspect_archive(inspection, style, fd, path);
	} else if (!inspect_image(inspection, style, image, path, NULL) && named) {
		error_set(&error, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			  "not an ELF file, PE image, archive or package");
		inspection_fail(inspection, path, NULL, &error);
	}
	image_close(image);
}
