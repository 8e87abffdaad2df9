/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One module in memory: its ELF header, its program headers, and the segments of notes, all read
 * by address: see core.h.
 */
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "error.h"

/* A sound module has a handful of either; a note segment is some hundred bytes. */
#define MAX_AREAS     16
#define MAX_AREA_SIZE (1u << 20)
#define MAX_HEADERS   4096
#define MAX_ALIASES   64
#define PAGE          4096

/* A copy of a note segment. */
struct module_area {
	struct module_area *next;
	uint64_t offset; /* where it came from */
	uint64_t alignment;
	struct span notes; /* what read() put into the room behind it */
	uint8_t room[];
};

bool candidates_add(struct candidates *list, const struct candidate *item, const char *path,
		    size_t length)
{
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 64 : 2 * list->room;
		struct candidate *grown = realloc(list->items, room * sizeof(*grown));
		if (grown == NULL)
			return false;
		list->items = grown;
		list->room = room;
	}
	char *copy = path != NULL ? strndup(path, length) : NULL;
	if (path != NULL && copy == NULL)
		return false;
	list->items[list->count] = *item;
	list->items[list->count++].path = copy;
	return true;
}

void candidates_free(struct candidates *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].path);
	free(list->items);
	*list = (struct candidates){0};
}

static void free_areas(struct module *module)
{
	for (struct module_area *area = module->areas, *next; area != NULL; area = next) {
		next = area->next;
		free(area);
	}
	module->areas = NULL;
}

/* Notes what keeps a module from being read whole; the first one is kept. */
static void has_problem(struct module *module, int code, const struct note_error *err)
{
	if (module->problem != NOTE_OK)
		return;
	module->problem = code;
	module->error = *err;
}

static int read_area(struct module *module, const GElf_Phdr *phdr, uint64_t address,
		     struct module_area ***end, struct note_error *err)
{
	struct module_area *area;
	if (phdr->p_filesz > MAX_AREA_SIZE)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "note segment of %llu bytes", (unsigned long long)phdr->p_filesz);
	area = calloc(1, sizeof(*area) + phdr->p_filesz);
	if (area == NULL)
		return error_system(err, "notes");
	*area = (struct module_area){.alignment = phdr->p_align == 8 ? 8 : 4,
				     .notes = span_of(area->room, phdr->p_filesz)};
	int code = module->space->read(module->space, address, area->room, phdr->p_filesz,
				       &area->offset);
	if (code != NOTE_OK) {
		free(area);
		return code == NOTE_ABSENT ? error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
						       "a note segment is not in memory")
					   : error_set(err, code, NOTE_NO_OFFSET, "notes");
	}
	**end = area;
	*end = &area->next;
	return NOTE_OK;
}

/* Reads the ELF header at ADDRESS: whether a linked file of the process's own kind may start there,
 * and how many program headers it has where. */
static int judge_header(const struct space *space, struct image *image, struct note_error *err)
{
	image->in_memory = true;
	int code = image_read_elf(image, err);
	if (code != NOTE_OK)
		return code;
	if (image->is_64 != space->is_64 || image->is_big != space->is_big)
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "of another class");
	if (image->ehdr.e_type != ET_DYN && image->ehdr.e_type != ET_EXEC)
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "not linked");
	if (image->phnum > MAX_HEADERS || image->ehdr.e_phoff > 1 << 20)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "program headers");
	return NOTE_OK;
}

/* The program headers of the ELF file that starts at ADDRESS, as an image of their own: a copy that
 * has them right behind the ELF header. *BYTES is the caller's, once the image is closed. */
static int read_headers(struct space *space, uint64_t address, struct image **out, uint8_t **bytes,
			struct note_error *err)
{
	uint8_t header[sizeof(Elf64_Ehdr)];
	const size_t header_size = space->is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	*bytes = NULL;
	int code = space->read(space, address, header, header_size, NULL);
	if (code != NOTE_OK)
		return error_set(err, code, NOTE_NO_OFFSET, "ELF header");
	struct image *image;
	if ((code = image_open_memory(&image, header, header_size, err)) != NOTE_OK)
		return code;
	code = judge_header(space, image, err);
	if (code != NOTE_OK)
		goto out;
	const uint64_t table_size = image->phnum * image->ehdr.e_phentsize;
	struct output copy = {.size = header_size + table_size};
	*bytes = copy.bytes = malloc(copy.size);
	if (copy.bytes == NULL) {
		code = error_system(err, "program headers");
		goto out;
	}
	output_copy(&copy, 0, span_of(header, header_size));
	code = space->read(space, address + image->ehdr.e_phoff,
			   output_at(&copy, header_size, table_size), table_size, NULL);
	if (code != NOTE_OK) {
		error_set(err, code, NOTE_NO_OFFSET, "program headers");
		goto out;
	}
	image->memory = copy.bytes;
	image->size = copy.size;
	image->ehdr.e_phoff = header_size;
	*out = image;
	return NOTE_OK;
out:
	image_close(image);
	free(*bytes);
	*bytes = NULL;
	return code;
}

static bool take_note(void *context, const struct elf_note *note)
{
	struct module *module = context;
	const struct span desc = {note->desc, note->desc_size};
	if (module->build_id.bytes == NULL && note->type == NT_GNU_BUILD_ID &&
	    note->desc_size != 0 && strcmp(note->owner, ELF_NOTE_GNU) == 0) {
		module->build_id = desc;
	}
	if (module->payload.bytes == NULL && note->type == NOTE_TYPE_PACKAGE &&
	    note->desc_size != 0 && strcmp(note->owner, NOTE_OWNER_FDO) == 0) {
		module->payload = span_first(desc, span_length(desc, 0));
		module->payload_offset = note->desc_offset;
	}
	return true;
}

/* Behind the last byte of its segments; 0 where they say nothing sound. */
static uint64_t find_end(struct image *headers, uint64_t bias)
{
	GElf_Phdr phdr;
	uint64_t end = 0, last;
	for (uint64_t i = 0; i < headers->phnum; i++)
		if (image_phdr(headers, i, &phdr, NULL) == NOTE_OK && phdr.p_type == PT_LOAD &&
		    !__builtin_add_overflow(bias + phdr.p_vaddr, phdr.p_memsz, &last) && last > end)
			end = last;
	return end;
}

/* The bias is where the first PT_LOAD lies against where it was linked to. */
static void read_notes(struct module *module, struct image *headers)
{
	struct note_error err = {0}, lacking = {0};
	struct module_area **end = &module->areas;
	GElf_Phdr phdr;
	uint64_t bias = 0;
	unsigned areas = 0;
	bool lacks = false;
	for (uint64_t i = 0; i < headers->phnum; i++) {
		if (image_phdr(headers, i, &phdr, &err) != NOTE_OK || phdr.p_type != PT_LOAD)
			continue;
		bias = module->address - (phdr.p_vaddr - phdr.p_offset);
		break;
	}
	module->end = find_end(headers, bias);
	for (uint64_t i = 0; i < headers->phnum; i++) {
		if (image_phdr(headers, i, &phdr, &err) != NOTE_OK || phdr.p_type != PT_NOTE ||
		    phdr.p_filesz == 0 || areas++ >= MAX_AREAS)
			continue;
		uint64_t address = bias + phdr.p_vaddr;
		if (!module->is_64)
			address &= UINT32_MAX;
		int code = read_area(module, &phdr, address, &end, &err);
		if (code == NOTE_ABSENT && span_holds(PAGE, phdr.p_offset, phdr.p_filesz))
			code = read_area(module, &phdr, module->page + phdr.p_offset, &end, &err);
		if (code == NOTE_ABSENT) {
			lacks = true;
			lacking = err;
		} else if (code != NOTE_OK) {
			has_problem(module, code, &err);
		}
	}
	int code = module_notes(module, take_note, module, &err);
	if (code != NOTE_OK)
		has_problem(module, code, &err);
	/* GNU ld since 2.44 lays the ABI's note on a page that cores do not hold: it is not missed
	 * where the package's is there. */
	if (lacks && module->payload.bytes == NULL)
		has_problem(module, NOTE_ABSENT, &lacking);
}

struct shifted {
	elf_note_visit *visit;
	void *context;
	uint64_t base;
	bool stopped;
};

static bool shift_note(void *context, const struct elf_note *note)
{
	struct shifted *shifted = context;
	struct elf_note copy = *note;
	copy.offset += shifted->base;
	copy.desc_offset += shifted->base;
	shifted->stopped = !shifted->visit(shifted->context, &copy);
	return !shifted->stopped;
}

int module_notes(struct module *module, elf_note_visit *visit, void *context,
		 struct note_error *err)
{
	struct note_error inner = {0};
	struct shifted shifted = {.visit = visit, .context = context};
	int result = NOTE_OK;
	for (struct module_area *area = module->areas; area != NULL && !shifted.stopped;
	     area = area->next) {
		struct image *image;
		int code = image_open_memory(&image, area->notes.bytes, area->notes.size, &inner);
		if (code == NOTE_OK) {
			image->is_64 = module->is_64;
			image->is_big = module->is_big;
			shifted.base = area->offset;
			code = elf_notes_in(image, 0, area->notes.size, area->alignment, shift_note,
					    &shifted, &inner);
			image_close(image);
		}
		if (code != NOTE_OK && result == NOTE_OK) {
			result = code;
			if (err != NULL)
				*err = inner;
		}
	}
	return result;
}

static int by_address(const void *a, const void *b)
{
	const struct candidate *one = a, *two = b;
	if (one->address != two->address)
		return one->address < two->address ? -1 : 1;
	if ((one->path != NULL) != (two->path != NULL))
		return one->path != NULL ? -1 : 1;
	return one->path != NULL ? strcmp(one->path, two->path) : 0;
}

/* Where else the first page of the module that was visited last may be mapped: small files have
 * several PT_LOADs in it (-z noseparate-code, lld, mold), and each is mapped whole. */
struct aliases {
	const char *path;
	uint64_t addresses[MAX_ALIASES];
	size_t count;
};

/* Each PT_LOAD says by how much addresses exceed offsets; the first one's is the module's place. */
static void find_aliases(struct aliases *aliases, const struct module *module,
			 struct image *headers)
{
	GElf_Phdr phdr;
	uint64_t bias = 0;
	bool first = true;
	*aliases = (struct aliases){.path = module->path};
	for (uint64_t i = 0; i < headers->phnum && aliases->count < MAX_ALIASES; i++) {
		if (image_phdr(headers, i, &phdr, NULL) != NOTE_OK || phdr.p_type != PT_LOAD)
			continue;
		const uint64_t distance = phdr.p_vaddr - phdr.p_offset;
		if (first)
			bias = module->address - distance;
		else
			aliases->addresses[aliases->count++] =
				module->is_64 ? bias + distance : (bias + distance) & UINT32_MAX;
		first = false;
	}
}

static bool is_alias(const struct aliases *aliases, const struct candidate *item)
{
	if (item->path != NULL && aliases->path != NULL && strcmp(item->path, aliases->path) != 0)
		return false;
	for (size_t i = 0; i < aliases->count; i++)
		if (aliases->addresses[i] == item->address)
			return true;
	return false;
}

/* The module at ITEM, if there is one. *GOING is false where the visit ends the walk. */
static int visit_one(struct space *space, const struct candidate *item, struct aliases *aliases,
		     module_visit *visit, void *context, bool *going, struct note_error *err)
{
	struct image *headers = NULL;
	uint8_t *bytes;
	int code = read_headers(space, item->address, &headers, &bytes, err);
	if (code != NOTE_OK)
		return code;
	struct module module = {.path = item->path,
				.address = item->base,
				.page = item->address,
				.machine = headers->ehdr.e_machine,
				.is_64 = headers->is_64,
				.is_big = headers->is_big,
				.space = space};
	read_notes(&module, headers);
	find_aliases(aliases, &module, headers);
	image_close(headers);
	free(bytes);
	*going = visit(context, &module);
	free_areas(&module);
	return NOTE_OK;
}

/* A file of which nothing but its name and place is known. */
static bool visit_lacking(struct space *space, const struct candidate *item, uint16_t machine,
			  module_visit *visit, void *context)
{
	struct module module = {.path = item->path,
				.address = item->address,
				.machine = machine,
				.is_64 = space->is_64,
				.is_big = space->is_big,
				.lack = item->lack,
				.space = space};
	return visit(context, &module);
}

int modules_visit(struct space *space, struct candidates *list, module_visit *visit, void *context,
		  bool *ended, struct note_error *err)
{
	struct aliases aliases = {0};
	bool going = true;
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), by_address);
	for (size_t i = 0; i < list->count && going && !space->exhausted; i++) {
		const struct candidate *item = &list->items[i];
		struct note_error inner;
		if ((i > 0 && item->address == item[-1].address) || is_alias(&aliases, item))
			continue;
		if (item->lack != NULL) {
			going = visit_lacking(space, item, list->machine, visit, context);
			continue;
		}
		int code = visit_one(space, item, &aliases, visit, context, &going, &inner);
		if (code == NOTE_SYSTEM && inner.system != 0) {
			if (err != NULL)
				*err = inner;
			return code;
		}
	}
	if (ended != NULL)
		*ended = !going;
	return NOTE_OK;
}
