/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A core file as the memory of a process. Its PT_LOAD segments say which addresses were dumped;
 * its notes, of owner "CORE", hold the table of mapped files (NT_FILE), the auxiliary vector
 * (NT_AUXV) and the program's name (NT_PRPSINFO). See core.h.
 */
#include "core/core.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "error.h"

/* The kernel writes 4 MiB of NT_FILE at most by default. A thread has some KiB of registers. */
#define MAX_VALUE      (64u << 20)
#define MAX_NOTES_SIZE (1u << 30)
#define WINDOW_SIZE    65536

struct load {
	uint64_t address;
	uint64_t size; /* of what was dumped */
	uint64_t offset;
};

/* An entry of NT_FILE. */
struct mapped {
	uint64_t start;
	uint64_t end;
};

struct core {
	struct space space; /* the first: read_core() is handed it */
	struct image *image;
	struct load *loads; /* sorted by address */
	size_t load_count;
	struct mapped *mapped; /* in the order of NT_FILE, which is that of addresses */
	size_t mapped_count;
	struct candidates candidates;
	uint64_t auxv[AT_SYSINFO_EHDR + 1];
	char name[17]; /* from NT_PRPSINFO */
};

static int by_address(const void *a, const void *b)
{
	const struct load *one = a, *two = b;
	return one->address < two->address ? -1 : one->address > two->address;
}

static int read_loads(struct core *core, struct note_error *err)
{
	GElf_Phdr phdr;
	size_t room = 0;
	for (uint64_t i = 0; i < core->image->phnum; i++) {
		int code = image_phdr(core->image, i, &phdr, err);
		if (code != NOTE_OK)
			return code;
		/* A core that was cut short has less than its headers say. */
		if (phdr.p_type != PT_LOAD || phdr.p_filesz == 0 ||
		    phdr.p_offset >= core->image->size)
			continue;
		if (phdr.p_filesz > core->image->size - phdr.p_offset)
			phdr.p_filesz = core->image->size - phdr.p_offset;
		if (core->load_count == room) {
			room = room == 0 ? 256 : 2 * room;
			struct load *grown = realloc(core->loads, room * sizeof(*grown));
			if (grown == NULL)
				return error_system(err, "segments");
			core->loads = grown;
		}
		core->loads[core->load_count++] =
			(struct load){phdr.p_vaddr, phdr.p_filesz, phdr.p_offset};
	}
	if (core->load_count > 1)
		qsort(core->loads, core->load_count, sizeof(*core->loads), by_address);
	return NOTE_OK;
}

/* The segment that holds ADDRESS, or NULL. */
static const struct load *load_at(const struct core *core, uint64_t address)
{
	size_t low = 0, high = core->load_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (core->loads[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address - core->loads[low - 1].address >= core->loads[low - 1].size)
		return NULL;
	return &core->loads[low - 1];
}

static int read_core(struct space *space, uint64_t address, void *out, uint64_t size,
		     uint64_t *offset)
{
	struct core *core = (struct core *)space;
	uint8_t *to = out;
	bool first = true;
	while (size != 0 || first) {
		const struct load *load = load_at(core, address);
		if (load == NULL)
			return NOTE_ABSENT;
		const uint64_t skip = address - load->address;
		uint64_t part = load->size - skip < size ? load->size - skip : size;
		struct note_error err;
		if (image_copy(core->image, load->offset + skip, part, to, "core", &err) != NOTE_OK)
			return err.code;
		if (first && offset != NULL)
			*offset = load->offset + skip;
		first = false;
		address += part;
		to += part;
		size -= part;
	}
	return NOTE_OK;
}

static uint64_t word(const struct core *core, const uint8_t *p)
{
	return core->space.is_64 ? image_u64(core->image, p) : image_u32(core->image, p);
}

/* NT_FILE: the number of entries, the page size, the entries (start, end, page offset, all words),
 * then as many file names. */
static int read_files(struct core *core, const uint8_t *desc, uint64_t size, struct note_error *err)
{
	const size_t unit = core->space.is_64 ? 8 : 4;
	if (size < 2 * unit || core->mapped != NULL)
		return NOTE_OK;
	const uint64_t count = word(core, desc);
	if (count > (size - 2 * unit) / (3 * unit))
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "NT_FILE: %llu entries do not fit it", (unsigned long long)count);
	const char *name = (const char *)desc + 2 * unit + count * 3 * unit;
	const char *end = (const char *)desc + size;
	core->mapped = calloc(count != 0 ? count : 1, sizeof(*core->mapped));
	if (core->mapped == NULL)
		return error_system(err, "NT_FILE");
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *entry = desc + 2 * unit + i * 3 * unit;
		const size_t length = strnlen(name, (size_t)(end - name));
		const uint64_t start = word(core, entry);
		core->mapped[core->mapped_count++] =
			(struct mapped){start, word(core, entry + unit)};
		if (!candidates_add(&core->candidates, start, length != 0 ? name : NULL, length))
			return error_system(err, "NT_FILE");
		name += length < (size_t)(end - name) ? length + 1 : length;
	}
	return NOTE_OK;
}

static void read_auxv(struct core *core, const uint8_t *desc, uint64_t size)
{
	const size_t unit = core->space.is_64 ? 8 : 4;
	for (uint64_t at = 0; size - at >= 2 * unit; at += 2 * unit) {
		const uint64_t type = word(core, desc + at);
		if (type <= AT_SYSINFO_EHDR)
			core->auxv[type] = word(core, desc + at + unit);
	}
}

/* struct elf_prpsinfo differs between architectures in the width of what comes before the name. */
static void read_name(struct core *core, const uint8_t *desc, uint64_t size)
{
	const size_t at = size == 136 ? 40 : size == 128 ? 32 : size == 124 ? 28 : 0;
	if (at != 0)
		memcpy(core->name, desc + at, 16);
}

/* Takes what a note of owner CORE holds. */
static int take_note(struct core *core, uint32_t type, uint64_t offset, uint64_t size,
		     struct note_error *err)
{
	if ((type != NT_FILE && type != NT_AUXV && type != NT_PRPSINFO) || size == 0 ||
	    size > MAX_VALUE)
		return NOTE_OK;
	uint8_t *desc = malloc(size);
	if (desc == NULL)
		return error_system(err, "core notes");
	int code = image_copy(core->image, offset, size, desc, "core note", err);
	if (code == NOTE_OK && type == NT_FILE)
		code = read_files(core, desc, size, err);
	else if (code == NOTE_OK && type == NT_AUXV)
		read_auxv(core, desc, size);
	else if (code == NOTE_OK)
		read_name(core, desc, size);
	free(desc);
	return code;
}

/* Walks one PT_NOTE through a window, so that the registers of ten thousand threads do not stay in
 * memory. A broken note ends the walk: what came before it counts. */
static int walk_notes(struct core *core, uint64_t at, uint64_t end, uint8_t *window,
		      struct note_error *err)
{
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
		const uint8_t *header = window + (at - start);
		const uint64_t name_size = image_u32(core->image, header);
		const uint64_t desc_size = image_u32(core->image, header + 4);
		uint64_t desc, size;
		if (name_size == 0 && desc_size == 0) /* padding, or a hole of a sparse file */
			return NOTE_OK;
		align_up(12 + name_size, 4, &desc);
		align_up(desc + desc_size, 4, &size);
		if (desc > end - at || desc_size > end - at - desc)
			return NOTE_OK;
		if ((name_size == 4 || name_size == 5) && memcmp(header + 12, "CORE", 4) == 0) {
			int code = take_note(core, image_u32(core->image, header + 8), at + desc,
					     desc_size, err);
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
	uint64_t budget = MAX_NOTES_SIZE;
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
	size_t low = 0, high = core->mapped_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (core->mapped[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && address < core->mapped[low - 1].end;
}

/* Segments that NT_FILE does not name: the vdso, and all of them where NT_FILE is missing. */
static int add_unnamed(struct core *core, struct note_error *err)
{
	for (size_t i = 0; i < core->load_count; i++) {
		const uint64_t address = core->loads[i].address;
		const bool vdso = address != 0 && address == core->auxv[AT_SYSINFO_EHDR];
		if (is_mapped(core, address))
			continue;
		if (!candidates_add(&core->candidates, address, vdso ? "[vdso]" : NULL, 6))
			return error_system(err, "modules");
	}
	return NOTE_OK;
}

int core_modules(struct image *image, module_visit *visit, void *context, struct note_error *err)
{
	struct core core = {.space = {image->is_64, image->is_big, read_core}, .image = image};
	if (!image->is_elf || image->ehdr.e_type != ET_CORE)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a core file");
	int code = read_loads(&core, err);
	if (code == NOTE_OK)
		code = read_notes(&core, err);
	if (code == NOTE_OK)
		code = add_unnamed(&core, err);
	if (code == NOTE_OK && core.mapped_count == 0)
		code = link_map_names(&core.space, core.auxv[AT_PHDR], core.auxv[AT_PHNUM],
				      core.auxv[AT_EXECFN], core.name, &core.candidates, err);
	if (code == NOTE_OK)
		code = modules_visit(&core.space, &core.candidates, visit, context, err);
	candidates_free(&core.candidates);
	free(core.mapped);
	free(core.loads);
	return code;
}
