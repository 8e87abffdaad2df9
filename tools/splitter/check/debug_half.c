/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a shipped file to its debug file, as gdb goes, and what has to be there. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/describe.h"
#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/splitter/check/internal.h"
#include "tools/splitter/dwarf/dwarf.h"
#include "tools/splitter/elf/elf.h"
#include "tools/splitter/inputs/inputs.h"
#include "tools/splitter/layout.h"
#include "tools/splitter/together/together.h"

#define SOURCES_PREFIX "/usr/src/debug/"

char *follow(struct root *root, const char *path)
{
	char *at = xstrdup(path);
	for (unsigned hop = 0; hop < 16; hop++) {
		struct stat st;
		char *target;
		if (root_stat(root, at, &st, NULL) != NOTE_OK)
			break;
		if (S_ISREG(st.st_mode))
			return at;
		if (!S_ISLNK(st.st_mode) || root_read_link(root, at, &target, NULL) != NOTE_OK)
			break;
		const char *slash = strrchr(at, '/');
		char *joined = target[0] == '/' || slash == NULL
				       ? xstrdup(target)
				       : xasprintf("/%.*s/%s", (int)(slash - at), at, target);
		/* ".." is resolved as text: no directory of a staging tree is a link, or it leads
		 * out of what root_stat() goes into. */
		char *plain = path_absolute(NULL, "/", joined);
		free(joined);
		free(target);
		free(at);
		at = xstrdup(plain + strspn(plain, "/"));
		free(plain);
	}
	free(at);
	return NULL;
}

int open_image(struct root *root, const char *path, int *fd, struct image **image,
	       struct note_error *err)
{
	*image = NULL;
	int code = root_open_file(root, path, fd, err);
	if (code == NOTE_OK)
		code = image_open_fd(image, *fd, err);
	return code == NOTE_OK ? image_read_elf(*image, err) : code;
}

static char *id_of(struct image *image)
{
	struct build_id id;
	if (build_id_find(image, &id, NULL) != NOTE_OK)
		return NULL;
	char *text = xmalloc(2 * BUILD_ID_MAX + 1);
	hex_encode(id.bytes, id.size, text);
	return text;
}

/* Whether two debug files are one, or hold the same. */
static bool are_equal(struct root *root, const char *a, const char *b)
{
	const char *const paths[2] = {a, b};
	uint8_t *bytes[2] = {NULL, NULL};
	size_t sizes[2] = {0, 0};
	bool read = true;
	if (strcmp(a, b) == 0)
		return true;
	for (size_t i = 0; i < 2 && read; i++) {
		int fd;
		read = root_open_file(root, paths[i], &fd, NULL) == NOTE_OK;
		if (!read)
			break;
		read = file_read(fd, &bytes[i], &sizes[i], NULL) == NOTE_OK;
		close(fd);
	}
	const bool equal =
		read && sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], sizes[0]) == 0;
	free(bytes[0]);
	free(bytes[1]);
	return equal;
}

/* By build-id, then by the name in .gnu_debuglink. Both ways have to end at one file, or, for
 * copies of a program, at equal ones. */
static char *find_debug_file(const struct check_options *options, struct subject *subject,
			     const char *id, const char *link)
{
	const char *debug_root = options->debug_root + strspn(options->debug_root, "/");
	const char *slash = strrchr(subject->path, '/');
	char *by_id = NULL;
	char *name = slash != NULL ? xasprintf("%s/%.*s/%s", debug_root,
					       (int)(slash - subject->path), subject->path, link)
				   : xasprintf("%s/%s", debug_root, link);
	char *by_name = follow(options->root, name);
	free(name);
	if (id != NULL && strlen(id) > 2) {
		name = xasprintf("%s/.build-id/%.2s/%s.debug", debug_root, id, id + 2);
		by_id = follow(options->root, name);
		free(name);
	}
	if (by_id != NULL && by_name != NULL && are_equal(options->root, by_id, by_name)) {
		free(by_id);
		by_id = NULL;
	}
	if (by_id != NULL && by_name != NULL)
		found(subject, "debug-file", NOTE_NO_OFFSET,
		      "its build-id leads to /%s, its debuglink to /%s", by_id, by_name);
	if (by_id == NULL)
		return by_name;
	free(by_name);
	return by_id;
}

/* Addresses in a debug file mean nothing where the sections lie elsewhere. */
static void check_sections(struct subject *subject, struct image *shipped, struct image *debug)
{
	if (shipped->ehdr.e_type == ET_REL)
		return;
	for (uint64_t i = 1; i < shipped->shnum; i++) {
		GElf_Shdr mine, theirs;
		if (image_shdr(shipped, i, &mine, NULL) != NOTE_OK)
			return;
		const char *name = image_section_name(shipped, &mine, NULL);
		if ((mine.sh_flags & SHF_ALLOC) == 0 || name == NULL)
			continue;
		if (image_find_section(debug, name, &theirs) == 0)
			found(subject, "debug-file", NOTE_NO_OFFSET, "/%s has no section %s",
			      subject->debug_path, name);
		else if (image_find_section(shipped, name, &mine) == i &&
			 (theirs.sh_addr != mine.sh_addr || theirs.sh_size != mine.sh_size))
			found(subject, "debug-file", NOTE_NO_OFFSET,
			      "%s lies at 0x%" PRIx64 " (%" PRIu64 " bytes), in /%s at 0x%" PRIx64
			      " (%" PRIu64 ")",
			      name, (uint64_t)mine.sh_addr, (uint64_t)mine.sh_size,
			      subject->debug_path, (uint64_t)theirs.sh_addr,
			      (uint64_t)theirs.sh_size);
	}
}

static void compare_count(struct subject *subject, const char *what, uint64_t before, uint64_t now)
{
	if (before != now)
		found(subject, "lost", NOTE_NO_OFFSET,
		      "%" PRIu64 " %s before the split, %" PRIu64 " in /%s", before, what, now,
		      subject->debug_path);
}

/* A skeleton names its other half relative to the debug tree; or there is a .dwp file. */
static void check_skeletons(const struct check_options *options, struct subject *subject,
			    struct image *debug, uint64_t count)
{
	struct strings paths = {0};
	char *package = xasprintf("%s.dwp", subject->debug_path);
	char *there = follow(options->root, package);
	char *missing = NULL;
	const int code = dwarf_list_split(debug, NULL, &paths, NULL);
	for (size_t i = 0; code == NOTE_OK && there == NULL && i < paths.count; i++) {
		const char *name = strstr(paths.items[i], ".dwo/");
		char *path = xasprintf("%s/%s", options->debug_root, name != NULL ? name : ".");
		char *half = follow(options->root, path + strspn(path, "/"));
		if (half == NULL && missing == NULL)
			missing = name_to_line(paths.items[i]);
		free(half);
		free(path);
	}
	if (there == NULL && (missing != NULL || paths.count == 0))
		found(subject, "split-dwarf", NOTE_NO_OFFSET,
		      "%" PRIu64 " units of /%s have their entries in .dwo files, and %s is not "
		      "there",
		      count, subject->debug_path, missing != NULL ? missing : package);
	free(missing);
	free(there);
	free(package);
	strings_free(&paths);
}

static int check_counts(const struct check_options *options, struct subject *subject,
			struct image *debug, struct note_error *err)
{
	const struct manifest_file *entry = subject->entry;
	struct dwarf_counts counts;
	GElf_Shdr shdr;
	const int code = dwarf_count(debug, &counts, err);
	if (code != NOTE_OK)
		return code;
	if (counts.unread)
		found(subject, "unreadable", NOTE_NO_OFFSET,
		      "debug information in /%s that cannot be read", subject->debug_path);
	if (counts.skeletons != 0)
		check_skeletons(options, subject, debug, counts.skeletons);
	if (entry != NULL && entry->counts.counted) {
		compare_count(subject, "units", entry->counts.units, counts.units);
		compare_count(subject, "functions", entry->counts.functions, counts.functions);
		compare_count(subject, "line rows", entry->counts.lines, counts.lines);
	} else if (counts.units == 0 && !counts.unread &&
		   (image_find_section(debug, ".symtab", &shdr) == 0 ||
		    shdr.sh_type == SHT_NOBITS)) {
		found(subject, "lost", NOTE_NO_OFFSET,
		      "/%s has neither debug information nor symbols", subject->debug_path);
	}
	return NOTE_OK;
}

static bool is_below(const char *path, const struct strings *directories)
{
	for (size_t i = 0; directories != NULL && i < directories->count; i++) {
		const char *directory = directories->items[i];
		size_t length = strlen(directory);
		while (length > 0 && directory[length - 1] == '/')
			length--;
		if (strncmp(path, directory, length) == 0 &&
		    (path[length] == '/' || path[length] == '\0'))
			return true;
	}
	return false;
}

static int check_sources(const struct check_options *options, struct subject *subject,
			 struct image *debug, struct image *alternate, struct note_error *err)
{
	struct dwarf_sources sources;
	struct dwarf_summary summary;
	const int code = dwarf_list(debug, alternate, &sources, &summary, err);
	for (size_t i = 0; code == NOTE_OK && i < sources.count; i++) {
		const char *path = sources.items[i].original;
		struct stat st;
		char *line = name_to_line(path);
		if (is_below(path, options->build_dirs))
			found(subject, "build-directory", NOTE_NO_OFFSET,
			      "/%s names a source in the build directory: %s", subject->debug_path,
			      line);
		else if (strncmp(path, SOURCES_PREFIX, strlen(SOURCES_PREFIX)) == 0 &&
			 root_stat(options->root, path + 1, &st, NULL) != NOTE_OK)
			found(subject, "source", NOTE_NO_OFFSET, "source is not there: %s", line);
		free(line);
	}
	if (code == NOTE_OK)
		dwarf_sources_free(&sources);
	return code;
}

static int check_alternate(const struct check_options *options, struct subject *subject,
			   struct image *debug, struct note_error *err)
{
	struct image *alternate = NULL;
	int fd = -1, code = NOTE_OK;
	char *named = alternate_of(debug, subject->debug_path);
	subject->alternate = named != NULL ? follow(options->root, named) : NULL;
	if (named != NULL && subject->alternate == NULL)
		found(subject, "debug-file", NOTE_NO_OFFSET,
		      "/%s shares debug information with /%s, which is not there",
		      subject->debug_path, named);
	if (subject->alternate != NULL)
		code = open_image(options->root, subject->alternate, &fd, &alternate, err);
	if (code == NOTE_OK)
		code = check_sources(options, subject, debug, alternate, err);
	image_close(alternate);
	if (fd >= 0)
		close(fd);
	free(named);
	return code;
}

static int check_debug_file(const struct check_options *options, struct subject *subject,
			    struct image *shipped, const char *id, uint32_t crc32,
			    struct note_error *err)
{
	struct image *debug = NULL;
	uint8_t *bytes = NULL;
	size_t size = 0;
	int fd = -1;
	int code = root_open_file(options->root, subject->debug_path, &fd, err);
	if (code == NOTE_OK)
		code = file_read(fd, &bytes, &size, err);
	if (code == NOTE_OK)
		code = image_open_memory(&debug, bytes, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(debug, err);
	if (code != NOTE_OK)
		goto out;
	const uint32_t crc = crc32_of(0, bytes, size);
	if (crc != crc32)
		found(subject, "crc", NOTE_NO_OFFSET,
		      "its debuglink wants the CRC-32 %08" PRIx32 ", /%s has %08" PRIx32, crc32,
		      subject->debug_path, crc);
	char *other = id_of(debug);
	if (id != NULL && (other == NULL || strcmp(id, other) != 0))
		found(subject, "build-id", NOTE_NO_OFFSET, "build-id %s, but %s in /%s", id,
		      other != NULL ? other : "none", subject->debug_path);
	free(other);
	check_sections(subject, shipped, debug);
	code = check_counts(options, subject, debug, err);
	if (code == NOTE_OK)
		code = check_alternate(options, subject, debug, err);
out:
	image_close(debug);
	free(bytes);
	if (fd >= 0)
		close(fd);
	return code;
}

int check_shipped(const struct check_options *options, struct subject *subject, struct image *image,
		  struct note_error *err)
{
	char reason[REASON_SIZE];
	enum input_kind kind;
	const char *link;
	uint32_t crc32;
	const struct manifest_file *entry = subject->entry;
	int code = scan_judge(image, false, &kind, reason, err);
	if (code == NOTE_OK && kind == INPUT_SPLIT && !subject->skipped)
		found(subject, "not-split", NOTE_NO_OFFSET,
		      "not split: its debug information or symbols are still in it");
	if (code != NOTE_OK)
		return code;
	if (elf_debuglink(image, &link, &crc32, NULL) != NOTE_OK) {
		if (entry != NULL && entry->debug_path != NULL && kind != INPUT_SPLIT)
			found(subject, "debug-file", NOTE_NO_OFFSET,
			      "no debuglink any more, and %s was made of it", entry->debug_path);
		return NOTE_OK;
	}
	subject->linked = true;
	char *id = id_of(image);
	subject->debug_path = find_debug_file(options, subject, id, link);
	if (subject->debug_path != NULL)
		code = check_debug_file(options, subject, image, id, crc32, err);
	else if (!subject->skipped)
		found(subject, "debug-file", NOTE_NO_OFFSET, "its debug file %s is not there",
		      link);
	free(id);
	return code;
}
