/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/inputs/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/sorted.h"
#include "tools/base/digest.h"
#include "tools/base/elf/foreign.h"
#include "tools/splitter/elf/elf.h"
#include "tools/splitter/inputs/patterns.h"

/* --- the tree --- */

struct scan {
	struct inputs *out;
	size_t room;
	const struct scan_options *options;
	struct input *temporaries; /* names of killed runs, with their inodes */
	size_t temporary_count;
	void (*fail)(void *context, const char *path, const struct note_error *err);
	void *fail_context;
};

static bool visit(void *context, const struct entry *entry, bool *descend)
{
	struct scan *scan = context;
	if (entry->kind == ENTRY_DIRECTORY) {
		if (strcmp(entry->path, scan->options->debug_root) == 0 ||
		    strcmp(entry->path, "usr/src/debug") == 0 ||
		    strcmp(entry->path, "usr/lib/.build-id") == 0 || root_is_temporary(entry->path))
			*descend = false;
		return true;
	}
	if (entry->kind == ENTRY_LINK)
		strings_add(&scan->out->symlinks, entry->path);
	if (entry->kind != ENTRY_FILE)
		return true;
	const struct input input = {.path = xstrdup(entry->path),
				    .size = (uint64_t)entry->st.st_size,
				    .changed = entry->st.st_ctim,
				    .device = entry->st.st_dev,
				    .inode = entry->st.st_ino,
				    .name_count = entry->st.st_nlink};
	if (root_is_temporary(entry->path)) {
		scan->temporaries = xrealloc(scan->temporaries, (scan->temporary_count + 1) *
									sizeof(*scan->temporaries));
		scan->temporaries[scan->temporary_count++] = input;
		return true;
	}
	if (scan->out->count == scan->room) {
		scan->room = scan->room != 0 ? 2 * scan->room : 256;
		scan->out->items =
			xrealloc(scan->out->items, scan->room * sizeof(*scan->out->items));
	}
	scan->out->items[scan->out->count++] = input;
	return true;
}

static void fail_walk(void *context, const char *path, const struct note_error *err)
{
	struct scan *scan = context;
	scan->fail(scan->fail_context, path, err);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct input *)a)->path, ((const struct input *)b)->path);
}

static int by_inode(const void *a, const void *b)
{
	const struct input *x = a;
	const struct input *y = b;
	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* A temporary name, and the file beside it that it is for. */
struct rejoined {
	const struct input *temporary;
	bool owned;
	uint64_t device, inode; /* of that file, where OWNED */
};

static int by_temporary(const void *a, const void *b)
{
	const struct rejoined *x = a, *y = b;
	return strcmp(x->temporary->path, y->temporary->path);
}

/* Those that are owned come first among the names of one file. */
static int by_file(const void *a, const void *b)
{
	const struct rejoined *x = a, *y = b;
	const struct input *p = x->temporary, *q = y->temporary;
	if (p->device != q->device)
		return p->device < q->device ? -1 : 1;
	if (p->inode != q->inode)
		return p->inode < q->inode ? -1 : 1;
	return x->owned != y->owned ? (x->owned ? -1 : 1) : strcmp(p->path, q->path);
}

/* The name under which PATH would be written, for free(). */
static char *temporary_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	const size_t directory = slash != NULL ? (size_t)(slash + 1 - path) : 0;
	char name[32];
	root_temporary_name(path + directory, name);
	return xasprintf("%.*s%s", (int)directory, path, name);
}

static struct rejoined *find_temporary(struct rejoined *known, size_t count, const char *path)
{
	const size_t at = FIRST_WHERE(i, count, strcmp(known[i].temporary->path, path) >= 0);
	return at < count && strcmp(known[at].temporary->path, path) == 0 ? &known[at] : NULL;
}

/* The owned temporary that is a name of the file INPUT, or NULL. */
static const struct rejoined *find_file(const struct rejoined *known, size_t count,
					const struct input *input)
{
	size_t low = 0, high = count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct input *there = known[middle].temporary;
		if (there->device < input->device ||
		    (there->device == input->device && there->inode < input->inode))
			low = middle + 1;
		else
			high = middle;
	}
	const struct input *there = low < count ? known[low].temporary : NULL;
	return there != NULL && known[low].owned && there->device == input->device &&
			       there->inode == input->inode
		       ? &known[low]
		       : NULL;
}

/*
 * A run that was killed while it replaced a file of several names leaves some of them with the
 * new file, the others with the old one, and the new file's temporary name beside the first of
 * the old ones (root_write replaces that one last). So a file whose temporary name is another
 * file's inode is the same file, and gets that inode here.
 */
static void rejoin(const struct scan *scan)
{
	const size_t count = scan->temporary_count;
	struct rejoined *known = count != 0 ? xcalloc(count, sizeof(*known)) : NULL;
	for (size_t i = 0; i < count; i++)
		known[i].temporary = &scan->temporaries[i];
	if (count > 1)
		qsort(known, count, sizeof(*known), by_temporary);
	for (size_t i = 0; count != 0 && i < scan->out->count; i++) {
		const struct input *input = &scan->out->items[i];
		char *path = temporary_path(input->path);
		struct rejoined *found = find_temporary(known, count, path);
		if (found != NULL) {
			found->owned = true;
			found->device = input->device;
			found->inode = input->inode;
		}
		free(path);
	}
	if (count > 1)
		qsort(known, count, sizeof(*known), by_file);
	for (size_t i = 0; count != 0 && i < scan->out->count; i++) {
		struct input *input = &scan->out->items[i];
		const struct rejoined *found = find_file(known, count, input);
		if (found != NULL) {
			input->device = found->device;
			input->inode = found->inode;
		}
	}
	free(known);
}

/* Makes one input of all names of a file. The temporary of a killed run counts as no name. */
static void join_links(struct scan *scan)
{
	struct inputs *inputs = scan->out;
	size_t count = 0;
	if (inputs->count != 0)
		qsort(inputs->items, inputs->count, sizeof(*inputs->items), by_inode);
	for (size_t i = 0; i < inputs->count; i++) {
		struct input *last = count != 0 ? &inputs->items[count - 1] : NULL;
		struct input *input = &inputs->items[i];
		if (last != NULL && last->inode == input->inode && last->device == input->device)
			strings_take(&last->links, input->path);
		else
			inputs->items[count++] = *input;
	}
	inputs->count = count;
	if (count != 0)
		qsort(inputs->items, count, sizeof(*inputs->items), by_path);
}

/* Drops the names that --only and --exclude leave out. */
static void select_names(struct scan *scan)
{
	struct patterns only;
	struct patterns exclude;
	size_t count = 0;
	patterns_init(&only, scan->options->only);
	patterns_init(&exclude, scan->options->exclude);
	for (size_t i = 0; i < scan->out->count; i++) {
		struct input *input = &scan->out->items[i];
		char *path = xasprintf("/%s", input->path);
		if ((patterns_none(&only) || patterns_match(&only, path)) &&
		    !patterns_match(&exclude, path))
			scan->out->items[count++] = *input;
		else
			strings_take(&scan->out->excluded, input->path);
		free(path);
	}
	scan->out->count = count;
	patterns_free(&only);
	patterns_free(&exclude);
}

int scan_tree(struct inputs *out, struct root *root, const struct scan_options *options,
	      void (*fail)(void *context, const char *path, const struct note_error *err),
	      void *context, struct note_error *err)
{
	struct scan scan = {.out = out, .options = options, .fail = fail, .fail_context = context};
	*out = (struct inputs){0};
	const char *const without[] = {options->debug_root, "usr/src/debug", "usr/lib/.build-id",
				       NULL};
	int code = root_walk_wide(root, options->jobs, without, visit, fail_walk, &scan, err);
	rejoin(&scan);
	select_names(&scan);
	join_links(&scan);
	for (size_t i = 0; i < scan.temporary_count; i++)
		strings_take(&out->temporaries, scan.temporaries[i].path);
	free(scan.temporaries);
	return code;
}

void inputs_free(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++) {
		free(inputs->items[i].path);
		strings_free(&inputs->items[i].links);
	}
	free(inputs->items);
	strings_free(&inputs->symlinks);
	strings_free(&inputs->excluded);
	strings_free(&inputs->temporaries);
	*inputs = (struct inputs){0};
}

/* --- one file --- */

#define ARCHIVE_MAGIC      "!<arch>\n"
#define THIN_ARCHIVE_MAGIC "!<thin>\n"
#define SIGNATURE_MAGIC    "~Module signature appended~\n" /* Linux, kernel/module_signature.h */

static bool begins(const uint8_t *bytes, size_t size, const char *magic)
{
	return size >= strlen(magic) && memcmp(bytes, magic, strlen(magic)) == 0;
}

bool scan_magic(const uint8_t *bytes, size_t size)
{
	return begins(bytes, size, ELFMAG) || begins(bytes, size, ARCHIVE_MAGIC) ||
	       begins(bytes, size, THIN_ARCHIVE_MAGIC);
}

bool scan_compressed_module(const char *path, const uint8_t *bytes, size_t size)
{
	static const struct {
		const char *ending, *magic;
	} ways[] = {{".ko.gz", "\x1f\x8b"},
		    {".ko.xz", "\xfd"
			       "7zXZ"},
		    {".ko.zst", "\x28\xb5\x2f\xfd"}};
	const size_t length = strlen(path);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const size_t tail = strlen(ways[i].ending);
		if (length > tail && strcmp(path + length - tail, ways[i].ending) == 0)
			return begins(bytes, size, ways[i].magic);
	}
	return false;
}

/* What the section headers say. */
struct contents {
	uint64_t end; /* of the ELF image in the file */
	bool has_debug;
	bool has_symtab;
	bool has_debuglink;
	bool is_split_dwarf; /* it has .dwo sections */
	bool has_program;    /* an allocated section, no note, with bytes */
	bool has_place;      /* the same, perhaps without bytes: what is compiled has one */
	bool has_sections;
	bool is_module; /* of a Linux kernel */
};

static int see_end(struct contents *contents, struct image *image, uint64_t offset, uint64_t size,
		   const char *what, struct note_error *err)
{
	if (image_bytes(image, offset, size, what, err) == NULL)
		return NOTE_MALFORMED;
	if (offset + size > contents->end)
		contents->end = offset + size;
	return NOTE_OK;
}

static int see_section(struct contents *contents, struct image *image, uint64_t index,
		       struct note_error *err)
{
	GElf_Shdr shdr;
	int code = image_shdr(image, index, &shdr, err);
	if (code != NOTE_OK)
		return code;
	if (shdr.sh_type == SHT_NULL)
		return NOTE_OK;
	const char *name = image_section_name(image, &shdr, err);
	if (name == NULL)
		return NOTE_MALFORMED;
	contents->has_sections = true;
	const size_t length = strlen(name);
	contents->is_split_dwarf =
		contents->is_split_dwarf || (strncmp(name, ".debug_", 7) == 0 && length > 4 &&
					     strcmp(name + length - 4, ".dwo") == 0);
	contents->is_module = contents->is_module || strcmp(name, ".modinfo") == 0 ||
			      strcmp(name, ".gnu.linkonce.this_module") == 0;
	contents->has_place = contents->has_place ||
			      ((shdr.sh_flags & SHF_ALLOC) != 0 && shdr.sh_type != SHT_NOTE);
	if (shdr.sh_type == SHT_NOBITS)
		return NOTE_OK;
	if ((shdr.sh_flags & SHF_ALLOC) != 0) {
		contents->has_program = contents->has_program || shdr.sh_type != SHT_NOTE;
	} else {
		/* .comment and the like alone are nothing to make a debug file for. */
		contents->has_debug = contents->has_debug ||
				      (section_is_debug(name) && strcmp(name, ".comment") != 0 &&
				       strcmp(name, ".gnu_debugaltlink") != 0);
		contents->has_symtab = contents->has_symtab || shdr.sh_type == SHT_SYMTAB;
		contents->has_debuglink =
			contents->has_debuglink || strcmp(name, ".gnu_debuglink") == 0;
	}
	return see_end(contents, image, shdr.sh_offset, shdr.sh_size, "section", err);
}

static int see_segments(struct contents *contents, struct image *image, struct note_error *err)
{
	for (uint64_t i = 0; i < image->phnum; i++) {
		GElf_Phdr phdr;
		int code = image_phdr(image, i, &phdr, err);
		/* A debug file has program headers for bytes that are elsewhere. */
		if (code == NOTE_OK && phdr.p_type != PT_NULL &&
		    (contents->has_program || !contents->has_sections))
			code = see_end(contents, image, phdr.p_offset, phdr.p_filesz, "segment",
				       err);
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}

static int see_file(struct contents *contents, struct image *image, struct note_error *err)
{
	const uint64_t phdr_size = image->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	const uint64_t shdr_size = image->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	int code = see_end(contents, image, image->ehdr.e_phoff, image->phnum * phdr_size,
			   "program header table", err);
	if (code == NOTE_OK)
		code = see_end(contents, image, image->ehdr.e_shoff, image->shnum * shdr_size,
			       "section header table", err);
	for (uint64_t i = 1; code == NOTE_OK && i < image->shnum; i++)
		code = see_section(contents, image, i, err);
	return code == NOTE_OK ? see_segments(contents, image, err) : code;
}

/* Up to a page of zeros behind the image is padding. */
static bool only_padding(struct image *image, uint64_t end)
{
	const uint64_t size = image->size - end;
	const uint8_t *bytes = size < 4096 ? image_bytes(image, end, size, "end", NULL) : NULL;
	for (uint64_t i = 0; bytes != NULL && i < size; i++)
		if (bytes[i] != 0)
			return false;
	return bytes != NULL;
}

static bool is_signed_module(struct image *image)
{
	const uint64_t size = strlen(SIGNATURE_MAGIC);
	const uint8_t *bytes =
		image->size > size ? image_bytes(image, image->size - size, size, "signature", NULL)
				   : NULL;
	return bytes != NULL && memcmp(bytes, SIGNATURE_MAGIC, size) == 0;
}

static enum input_kind leave(char reason[REASON_SIZE], const char *text)
{
	snprintf(reason, REASON_SIZE, "%s", text);
	return INPUT_LEFT;
}

/* True where a split would take something out of the file. */
static bool has_something_to_move(const struct contents *contents, bool relocatable,
				  bool keep_symtab)
{
	/* A module keeps its symbols. */
	return contents->has_debug || (!relocatable && !keep_symtab && contents->has_symtab);
}

int scan_judge(struct image *image, bool keep_symtab, enum input_kind *kind,
	       char reason[REASON_SIZE], struct note_error *err)
{
	struct contents contents = {0};
	const uint64_t head_size = image->size < 8 ? image->size : 8;
	const uint8_t *head = image_bytes(image, 0, head_size, "head", err);
	*kind = INPUT_OTHER;
	if (head == NULL)
		return NOTE_SYSTEM;
	if (begins(head, head_size, THIN_ARCHIVE_MAGIC))
		*kind = leave(reason, "a thin archive: its objects are elsewhere");
	else if (begins(head, head_size, ARCHIVE_MAGIC))
		*kind = INPUT_ARCHIVE;
	if (*kind != INPUT_OTHER)
		return NOTE_OK;
	int code = image_read_elf(image, err);
	if (code == NOTE_ABSENT)
		return NOTE_OK;
	if (code == NOTE_OK)
		code = see_file(&contents, image, err);
	if (code != NOTE_OK)
		return code;
	*kind = INPUT_SPLIT;
	const bool relocatable = image->ehdr.e_type == ET_REL;
	const bool moves = has_something_to_move(&contents, relocatable, keep_symtab);
	if (relocatable && is_signed_module(image))
		*kind = leave(reason, "signed kernel module");
	else if (relocatable && contents.is_split_dwarf && !contents.has_program)
		*kind = leave(reason, "debug information of another file (split DWARF)");
	else if (relocatable && contents.has_debug && !contents.has_place)
		*kind = leave(reason, "debug information that other files share (dwz)");
	else if (relocatable && !contents.is_module)
		*kind = leave(reason, "a relocatable file, to be linked");
	else if (!relocatable && image->ehdr.e_type != ET_EXEC && image->ehdr.e_type != ET_DYN)
		*kind = leave(reason, "neither executable, shared library nor kernel module");
	else if (contents.has_sections && !contents.has_program)
		*kind = leave(reason, "a debug file");
	else if (!relocatable && elf_is_foreign(image, reason))
		*kind = INPUT_LEFT;
	else if (contents.end < image->size && !only_padding(image, contents.end)) {
		*kind = INPUT_LEFT;
		snprintf(reason, REASON_SIZE, "appended data after the ELF image at offset %llu",
			 (unsigned long long)contents.end);
	} else if (contents.has_debuglink) {
		*kind = moves ? INPUT_LINKED : INPUT_DONE;
	} else if (!contents.has_sections && !relocatable) {
		*kind = leave(reason, "no section headers, by which debug information is found");
		*kind = INPUT_BARE;
	} else if (!moves) {
		*kind = leave(reason, "no debug information");
		if (!relocatable)
			*kind = INPUT_BARE;
	}
	return NOTE_OK;
}

void scan_excluded_ids(const struct inputs *inputs, struct root *root, struct strings *ids)
{
	for (size_t i = 0; i < inputs->excluded.count; i++) {
		struct image *image = NULL;
		struct build_id id;
		char text[2 * BUILD_ID_MAX + 1];
		uint8_t magic[8];
		int fd;
		if (root_open_file(root, inputs->excluded.items[i], &fd, NULL) != NOTE_OK)
			continue;
		const ssize_t got = pread(fd, magic, sizeof(magic), 0);
		if (got > 0 && scan_magic(magic, (size_t)got) &&
		    image_open_fd(&image, fd, NULL) == NOTE_OK &&
		    image_read_elf(image, NULL) == NOTE_OK &&
		    build_id_find(image, &id, NULL) == NOTE_OK) {
			hex_encode(id.bytes, id.size, text);
			strings_add(ids, text);
		}
		image_close(image);
		close(fd);
	}
	strings_sort(ids);
}
