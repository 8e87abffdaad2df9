/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A core file as the memory of a process. Its PT_LOAD segments say which addresses were dumped;
 * its notes, of owner "CORE", hold the table of mapped files (NT_FILE), the auxiliary vector
 * (NT_AUXV) and the program's name (NT_PRPSINFO). See core.h.
 */
#include "core/dump.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "error.h"
#include "sorted.h"

/* The kernel writes 4 MiB of NT_FILE at most by default. A thread has some KiB of registers. */
#define MAX_VALUE      (64u << 20)
#define MAX_NOTES_SIZE (1u << 30)
#define WINDOW_SIZE    65536

/* An entry of NT_FILE. */
struct mapped {
	uint64_t start;
	uint64_t end;
	uint64_t page;    /* of the file, where it starts */
	const char *path; /* inside core.files; NULL where the table ends before it */
};

struct core {
	struct dump dump;
	struct image *image;
	uint8_t *files;        /* NT_FILE's value, for the paths */
	struct mapped *mapped; /* in the order of NT_FILE, which is that of addresses */
	size_t mapped_count;
	struct candidates candidates;
	uint64_t auxv[AT_SYSINFO_EHDR + 1];
	char name[17]; /* from NT_PRPSINFO */
};

static uint64_t word(const struct core *core, struct span value, uint64_t index)
{
	const uint64_t unit = core->image->is_64 ? 8 : 4;
	return span_word(value, index * unit, core->image->is_64, core->image->is_big);
}

/* NT_FILE: the number of entries, the page size, the entries (start, end, page offset, all words),
 * then as many file names. */
static int read_files(struct core *core, struct span value, struct note_error *err)
{
	const uint64_t unit = core->image->is_64 ? 8 : 4;
	const uint64_t count = word(core, value, 0);
	if (value.size < 2 * unit)
		return NOTE_OK;
	if (count > (value.size - 2 * unit) / (3 * unit))
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "NT_FILE: %llu entries do not fit it", (unsigned long long)count);
	uint64_t name = (2 + 3 * count) * unit;
	core->mapped = calloc(count + 1, sizeof(*core->mapped));
	if (core->mapped == NULL)
		return error_system(err, "NT_FILE");
	for (uint64_t i = 0; i < count; i++) {
		const uint64_t entry = 2 + 3 * i;
		struct mapped *mapped = &core->mapped[core->mapped_count++];
		*mapped = (struct mapped){word(core, value, entry), word(core, value, entry + 1),
					  word(core, value, entry + 2), span_string(value, name)};
		name += span_length(value, name) + 1;
		if (mapped->path != NULL && mapped->path[0] == '\0')
			mapped->path = NULL;
	}
	return NOTE_OK;
}

static void read_auxv(struct core *core, struct span value)
{
	const uint64_t unit = core->image->is_64 ? 8 : 4;
	for (uint64_t i = 0; i < value.size / (2 * unit); i++) {
		const uint64_t type = word(core, value, 2 * i);
		if (type <= AT_SYSINFO_EHDR)
			core->auxv[type] = word(core, value, 2 * i + 1);
	}
}

/* struct elf_prpsinfo differs between architectures in the width of what comes before the name. */
static void read_name(struct core *core, struct span value)
{
	struct span name;
	const uint64_t size = value.size;
	const uint64_t at = size == 136 ? 40 : size == 128 ? 32 : size == 124 ? 28 : 0;
	if (at != 0 && span_part(value, at, 16, &name))
		memcpy(core->name, name.bytes, name.size);
}

/* Takes what a note of owner CORE holds. Of several NT_FILE the first one counts. */
static int take_note(struct core *core, uint32_t type, uint64_t offset, uint64_t size,
		     struct note_error *err)
{
	if ((type != NT_FILE && type != NT_AUXV && type != NT_PRPSINFO) || size == 0 ||
	    size > MAX_VALUE || (type == NT_FILE && core->files != NULL))
		return NOTE_OK;
	uint8_t *desc = malloc(size);
	if (desc == NULL)
		return error_system(err, "core notes");
	const struct span value = {desc, size};
	int code = image_copy(core->image, offset, size, desc, "core note", err);
	if (code == NOTE_OK && type == NT_FILE) {
		core->files = desc;
		return read_files(core, value, err);
	}
	if (code == NOTE_OK && type == NT_AUXV)
		read_auxv(core, value);
	else if (code == NOTE_OK)
		read_name(core, value);
	free(desc);
	return code;
}

/* Walks one PT_NOTE through a window, so that the registers of ten thousand threads do not stay in
 * memory. A broken note ends the walk: what came before it counts. */
static int walk_notes(struct core *core, uint64_t at, uint64_t end, uint8_t *window,
		      struct note_error *err)
{
	const bool big = core->image->is_big;
	uint64_t start = 0, filled = 0;
	while (at < end && end - at >= 12 + 8) {
		if (at < start || at + 20 > start + filled) {
			start = at;
			filled = end - at < WINDOW_SIZE ? end - at : WINDOW_SIZE;
			int code =
				image_copy(core->image, start, filled, window, "core notes", err);
			if (code != NOTE_OK)
				return code;
		}
		const struct span header = span_rest((struct span){window, filled}, at - start);
		const uint64_t name_size = span_u32(header, 0, big);
		const uint64_t desc_size = span_u32(header, 4, big);
		uint64_t desc, size;
		if (name_size == 0 && desc_size == 0) /* padding, or a hole of a sparse file */
			return NOTE_OK;
		align_up(12 + name_size, 4, &desc);
		align_up(desc + desc_size, 4, &size);
		if (desc > end - at || desc_size > end - at - desc)
			return NOTE_OK;
		if ((name_size == 4 || name_size == 5) && span_equal(header, 12, "CORE", 4)) {
			int code = take_note(core, span_u32(header, 8, big), at + desc, desc_size,
					     err);
			if (code != NOTE_OK)
				return code;
		}
		at += size;
	}
	return NOTE_OK;
}

static int read_notes(struct core *core, struct note_error *err)
{
	GElf_Phdr phdr;
	/* Segments that share their bytes are not walked over and over. */
	uint64_t budget = core->image->size < MAX_NOTES_SIZE ? core->image->size : MAX_NOTES_SIZE;
	int code = NOTE_OK;
	uint8_t *window = malloc(WINDOW_SIZE);
	if (window == NULL)
		return error_system(err, "core notes");
	for (uint64_t i = 0; i < core->image->phnum && code == NOTE_OK; i++) {
		code = image_phdr(core->image, i, &phdr, err);
		if (code != NOTE_OK || phdr.p_type != PT_NOTE || phdr.p_offset >= core->image->size)
			continue;
		uint64_t size = core->image->size - phdr.p_offset;
		if (phdr.p_filesz < size)
			size = phdr.p_filesz;
		if (size > budget)
			size = budget;
		budget -= size;
		code = walk_notes(core, phdr.p_offset, phdr.p_offset + size, window, err);
	}
	free(window);
	return code;
}

/* True where NT_FILE names what lies at ADDRESS. */
static bool is_mapped(const struct core *core, uint64_t address)
{
	const size_t before = FIRST_WHERE(i, core->mapped_count, core->mapped[i].start > address);
	return before > 0 && address < core->mapped[before - 1].end;
}

/* Whether one of the mappings of a file holds code, as far as the core says. */
static bool has_code(const struct core *core, const struct mapped *from, const struct mapped *end)
{
	for (; from < end; from++) {
		const struct segment *segment = dump_segment(&core->dump, from->start);
		if (segment == NULL || (segment->flags & PF_X) != 0)
			return true;
	}
	return false;
}

/* A small file's first page is mapped several times, and only those that were written to may be in
 * the core: the first of them that is, NULL for none. */
static const struct mapped *first_page(const struct core *core, const struct mapped *from,
				       const struct mapped *end)
{
	for (; from < end; from++)
		if (from->page == 0 && dump_has(&core->dump, from->start))
			return from;
	return NULL;
}

/* What keeps the first page of a file from being read, though the process had mapped it. Other
 * files that are mapped (locales, fonts, caches) are no modules: those have code, or had a first
 * page to be written, alone of a mapping, as Linux does it with ELF files. */
static const char *lack_of(const struct core *core, const struct mapped *first,
			   const struct mapped *end)
{
	if (first->page != 0 || first_page(core, first, end) != NULL)
		return NULL;
	const struct segment *segment = dump_segment(&core->dump, first->start);
	const bool cut = segment != NULL && first->start - segment->address < segment->filled;
	if (!has_code(core, first, end) && !(cut && segment->filled < segment->size))
		return NULL;
	return cut ? CORE_CUT_SHORT : CORE_NO_FIRST_PAGE;
}

static bool same_file(const struct mapped *a, const struct mapped *b)
{
	return a->path != NULL && b->path != NULL && strcmp(a->path, b->path) == 0;
}

/* What NT_FILE names. The mappings of a file follow each other there, its first page first. */
static int add_named(struct core *core, struct note_error *err)
{
	if (core->mapped_count == 0)
		return NOTE_OK;
	const struct mapped *end = core->mapped + core->mapped_count, *next;
	for (const struct mapped *file = core->mapped; file < end; file = next) {
		for (next = file + 1; next < end && same_file(file, next); next++)
			;
		const struct mapped *page = first_page(core, file, next);
		for (const struct mapped *at = file; at < next; at++) {
			const struct candidate item = {
				.address = at->start,
				.base = at == page && file->page == 0 ? file->start : at->start,
				.lack = at == file ? lack_of(core, file, next) : NULL};
			if (!candidates_add(&core->candidates, &item, at->path,
					    at->path != NULL ? strlen(at->path) : 0))
				return error_system(err, "NT_FILE");
		}
	}
	return NOTE_OK;
}

/* Segments that NT_FILE does not name: the vdso, and all of them where NT_FILE is missing. */
static int add_unnamed(struct core *core, struct note_error *err)
{
	uint64_t address;
	for (size_t i = 0; dump_start(&core->dump, i, &address); i++) {
		const bool vdso = address != 0 && address == core->auxv[AT_SYSINFO_EHDR];
		if (is_mapped(core, address))
			continue;
		const struct candidate item = {.address = address, .base = address};
		if (!candidates_add(&core->candidates, &item, vdso ? "[vdso]" : NULL, 6))
			return error_system(err, "modules");
	}
	return NOTE_OK;
}

/* What a core that gave all it could still lacks. */
static int judge_whole(const struct core *core, struct note_error *err)
{
	size_t lacking = 0;
	if (core->dump.space.exhausted)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "its segments share their bytes: reading all modules would read "
				 "the file over and over");
	if (core->dump.extent > core->image->size)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "cut short: %llu of %llu bytes are there",
				 (unsigned long long)core->image->size,
				 (unsigned long long)core->dump.extent);
	for (size_t i = 0; i < core->candidates.count; i++)
		lacking += core->candidates.items[i].lack != NULL;
	if (lacking != 0)
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
				 "the first pages of %zu mapped files are not in it "
				 "(coredump_filter, core(5))",
				 lacking);
	return NOTE_OK;
}

int core_modules(struct image *image, module_visit *visit, void *context, struct note_error *err)
{
	struct core core = {.image = image};
	bool ended = false;
	if (!image->is_elf || image->ehdr.e_type != ET_CORE)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a core file");
	core.candidates.machine = image->ehdr.e_machine;
	int code = dump_read(&core.dump, image, err);
	struct space *space = &core.dump.space;
	if (code == NOTE_OK)
		code = read_notes(&core, err);
	if (code == NOTE_OK)
		code = add_named(&core, err);
	if (code == NOTE_OK)
		code = add_unnamed(&core, err);
	if (code == NOTE_OK && core.mapped_count == 0)
		code = link_map_names(space, core.auxv[AT_PHDR], core.auxv[AT_PHNUM],
				      core.auxv[AT_EXECFN], core.name, &core.candidates, err);
	if (code == NOTE_OK)
		code = modules_visit(space, &core.candidates, visit, context, &ended, err);
	if (code == NOTE_OK && !ended)
		code = judge_whole(&core, err);
	candidates_free(&core.candidates);
	free(core.mapped);
	free(core.files);
	dump_free(&core.dump);
	return code;
}
