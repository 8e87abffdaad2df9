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
#include "tools/show/squash.h"

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

static void show_squashfs(struct inspection *inspection, const struct record_style *style, int fd,
			  uint64_t offset, const char *path, bool named)
{
	if (named)
		squash_inspect(inspection, style, fd, offset, path);
	else
		inspection_say(inspection, path,
			       "a squashfs image, not looked into: name it to look inside");
}

#define ZIP_END 22

/* The record at the end of a zip (APPNOTE.TXT, 4.3.16), which may stand behind anything; its last
 * field is the length of a comment. */
static bool ends_as_zip(struct image *image)
{
	uint8_t end[ZIP_END];
	return image->size > ZIP_END &&
	       image_copy(image, image->size - ZIP_END, ZIP_END, end, "zip", NULL) == NOTE_OK &&
	       memcmp(end, "PK\5\6", 4) == 0 && end[20] == 0 && end[21] == 0;
}

static void show_zip(struct inspection *inspection, const struct record_style *style, int fd,
		     const char *path, bool named)
{
	if (named)
		inspect_archive(inspection, style, fd, path);
	else
		inspection_say(inspection, path,
			       "an archive behind a program, not looked into: name it to look "
			       "inside");
}

/* What stands behind an ELF file: of AppImages and self-extracting archives. */
static void show_behind(struct inspection *inspection, const struct record_style *style, int fd,
			struct image *image, const char *path, bool named)
{
	uint64_t end;
	if (!image->is_elf || image->ehdr.e_type == ET_CORE || image->ehdr.e_shoff == 0 ||
	    __builtin_add_overflow(image->ehdr.e_shoff,
				   (uint64_t)image->ehdr.e_shnum * image->ehdr.e_shentsize, &end) ||
	    end >= image->size)
		return;
	if (squash_is_at(image, end))
		show_squashfs(inspection, style, fd, end, path, named);
	else if (ends_as_zip(image))
		show_zip(inspection, style, fd, path, named);
}

static bool is_script(struct image *image)
{
	char head[2];
	return image_copy(image, 0, sizeof(head), head, "script", NULL) == NOTE_OK &&
	       memcmp(head, "#!", sizeof(head)) == 0;
}

/* The first bytes of a file, of which an image keeps more: each question that they answer is no
 * read of its own. */
struct head {
	uint8_t bytes[512];
	size_t size;
};

static void read_head(struct image *image, struct head *head)
{
	head->size = image->size < sizeof(head->bytes) ? (size_t)image->size : sizeof(head->bytes);
	if (head->size == 0 ||
	    image_copy(image, 0, head->size, head->bytes, "head", NULL) != NOTE_OK)
		head->size = 0;
}

void inspect_file(struct inspection *inspection, const struct record_style *style, int fd,
		  const char *path, bool named)
{
	struct image *image;
	struct note_error error;
	struct head head;
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
	read_head(image, &head);
	const bool stored = head.size != 0 && stored_is_head(head.bytes, head.size);
	if (named && package_is_one(image)) {
		inspect_package(inspection, style, fd, path);
	} else if (named && static_archive_is_one(image)) {
		show_archive(inspection, style, image, path);
	} else if (contents_begins(head.bytes, head.size, path)) {
		if (named)
			inspect_archive(inspection, style, fd, path);
		else
			inspection_say(inspection, path,
				       "an archive, not looked into: name it to look inside");
	} else if (squash_is_at(image, 0)) {
		show_squashfs(inspection, style, fd, 0, path, named);
	} else if (is_script(image) && ends_as_zip(image)) {
		show_zip(inspection, style, fd, path, named);
	} else if (!named && package_is_one(image)) {
		inspection_say(inspection, path,
			       "a package, not looked into: name it to look inside");
	} else if (stored && show_compressed(inspection, style, fd, path, named)) {
		;
	} else if (named && stored) {
		inspect_archive(inspection, style, fd, path);
	} else if (inspect_image(inspection, style, image, path, NULL)) {
		show_behind(inspection, style, fd, image, path, named);
	} else if (named) {
		error_set(&error, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			  "not an ELF file, PE image, archive or package");
		inspection_fail(inspection, path, NULL, &error);
	}
	image_close(image);
}
