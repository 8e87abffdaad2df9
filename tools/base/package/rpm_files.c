/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files that an rpm's header lists (rpm's docs/manual/tags.md): arrays with an element a file,
 * numbers big-endian, names as NUL-terminated strings one after the other. A path is DIRNAMES of
 * the number in DIRINDEXES, then BASENAMES. Packages of format 6, and those of format 4 with a
 * file of 4 GiB or more, have names, sizes and modes here alone: their payload says which file of
 * this list comes next (payload.c).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libnote/error.h"
#include "tools/base/package/internal.h"
#include "tools/base/text.h"

enum {
	TAG_FILE_SIZES = 1028,
	TAG_FILE_MODES = 1030,
	TAG_FILE_FLAGS = 1037,
	TAG_FILE_DEVICES = 1095,
	TAG_FILE_INODES = 1096,
	TAG_DIR_INDEXES = 1116,
	TAG_BASE_NAMES = 1117,
	TAG_DIR_NAMES = 1118,
	TAG_LONG_FILE_SIZES = 5008,
};

#define FLAG_GHOST (1 << 6) /* listed, and not in the payload */

struct rpm_files {
	size_t count;
	struct rpm_file *files;
	char *names; /* what DIRNAMES holds, then what BASENAMES does */
};

/* COUNT strings that begin at OFFSET of the store, copied one behind the other to TEXT; where each
 * begins there goes to *STARTS, for free(). */
static bool copy_strings(struct span store, uint64_t offset, uint64_t count, struct text *text,
			 size_t **starts)
{
	*starts = xcalloc(count + 1, sizeof(**starts));
	for (uint64_t i = 0; i < count; i++) {
		const char *string = span_string(store, offset);
		if (string == NULL)
			return false;
		const size_t size = strlen(string) + 1;
		(*starts)[i] = text->size;
		text_add(text, string, size);
		offset += size;
	}
	return true;
}

/* The array of TAG, with at least COUNT elements of type TYPE, SIZE bytes each; empty without. */
static struct span array_of(const struct rpm_header *header, uint32_t tag, uint32_t type,
			    uint64_t size, uint64_t count)
{
	struct rpm_entry entry;
	struct span out = {0};
	if (rpm_header_find(header, tag, &entry) && entry.type == type && entry.count >= count)
		span_part(header->store, entry.offset, count * size, &out);
	return out;
}

static int by_inode(const void *a, const void *b)
{
	const struct rpm_file *const *x = a, *const *y = b;
	if ((*x)->inode != (*y)->inode)
		return (*x)->inode < (*y)->inode ? -1 : 1;
	return *x < *y ? -1 : 1;
}

/* Of the names of one inode the last in the list has the contents. */
static void find_hard_links(struct rpm_files *files)
{
	struct rpm_file **sorted = xcalloc(files->count + 1, sizeof(struct rpm_file *));
	size_t count = 0;
	for (size_t i = 0; i < files->count; i++)
		if (S_ISREG(files->files[i].mode) && !files->files[i].is_ghost)
			sorted[count++] = &files->files[i];
	qsort(sorted, count, sizeof(struct rpm_file *), by_inode);
	for (size_t i = 0; i + 1 < count; i++)
		if (sorted[i]->inode == sorted[i + 1]->inode) {
			sorted[i]->later = true;
			sorted[i]->is_linked = sorted[i + 1]->is_linked = true;
		}
	free(sorted);
}

static bool read_names(struct rpm_files *files, const struct rpm_header *header, struct span dirs)
{
	struct rpm_entry bases, folders;
	struct text text = {0};
	size_t *base_starts = NULL, *folder_starts = NULL;
	bool good =
		rpm_header_find(header, TAG_BASE_NAMES, &bases) &&
		rpm_header_find(header, TAG_DIR_NAMES, &folders) && bases.type == RPM_STRINGS &&
		folders.type == RPM_STRINGS && folders.count <= header->store.size &&
		copy_strings(header->store, folders.offset, folders.count, &text, &folder_starts) &&
		copy_strings(header->store, bases.offset, files->count, &text, &base_starts);
	for (size_t i = 0; good && i < files->count; i++) {
		const uint32_t folder = span_u32(dirs, 4 * i, true);
		good = folder < folders.count;
		if (good) {
			files->files[i].folder = text.data + folder_starts[folder];
			files->files[i].name = text.data + base_starts[i];
		}
	}
	free(base_starts);
	free(folder_starts);
	files->names = text.data;
	return good;
}

static void read_numbers(struct rpm_files *files, const struct rpm_header *header)
{
	const uint64_t count = files->count;
	const struct span wide = array_of(header, TAG_LONG_FILE_SIZES, RPM_INT64, 8, count),
			  sizes = array_of(header, TAG_FILE_SIZES, RPM_INT32, 4, count),
			  modes = array_of(header, TAG_FILE_MODES, RPM_INT16, 2, count),
			  flags = array_of(header, TAG_FILE_FLAGS, RPM_INT32, 4, count),
			  devices = array_of(header, TAG_FILE_DEVICES, RPM_INT32, 4, count),
			  inodes = array_of(header, TAG_FILE_INODES, RPM_INT32, 4, count);
	for (size_t i = 0; i < count; i++) {
		struct rpm_file *file = &files->files[i];
		file->size =
			wide.size != 0 ? span_u64(wide, 8 * i, true) : span_u32(sizes, 4 * i, true);
		file->mode = span_u16(modes, 2 * i, true);
		file->is_ghost = (span_u32(flags, 4 * i, true) & FLAG_GHOST) != 0;
		file->inode = (uint64_t)span_u32(devices, 4 * i, true) << 32 |
			      span_u32(inodes, 4 * i, true);
	}
	find_hard_links(files);
}

struct rpm_files *rpm_files_read(const struct rpm_header *header)
{
	struct rpm_entry bases;
	if (!rpm_header_find(header, TAG_BASE_NAMES, &bases) || bases.count > header->store.size)
		return NULL;
	const struct span dirs = array_of(header, TAG_DIR_INDEXES, RPM_INT32, 4, bases.count);
	const struct span modes = array_of(header, TAG_FILE_MODES, RPM_INT16, 2, bases.count);
	if (dirs.size == 0 || modes.size == 0)
		return NULL;
	struct rpm_files *files = xcalloc(1, sizeof(*files));
	files->count = bases.count;
	files->files = xcalloc(files->count, sizeof(*files->files));
	if (!read_names(files, header, dirs)) {
		rpm_files_free(files);
		return NULL;
	}
	read_numbers(files, header);
	return files;
}

struct rpm_files *rpm_files_of(const void *entries, size_t count, const void *store, size_t size)
{
	const struct rpm_header header = {.entries = {entries, count * 16}, .store = {store, size}};
	return rpm_files_read(&header);
}

void rpm_files_free(struct rpm_files *files)
{
	if (files == NULL)
		return;
	free(files->files);
	free(files->names);
	free(files);
}

const struct rpm_file *rpm_files_get(const struct rpm_files *files, uint64_t index)
{
	return files != NULL && index < files->count ? &files->files[index] : NULL;
}
