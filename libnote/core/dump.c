/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The segments of a core file: see dump.h. */
#include "core/dump.h"

#include <stdlib.h>

#include "error.h"
#include "sorted.h"

/* Of each module some KiB are read, which the file has for itself: twice its size is plenty, and
 * so is this much of a large one. */
#define MAX_READ (256u << 20)
#define MIN_READ (1u << 20)

struct load {
	uint64_t address;
	uint64_t size; /* of what is in the file */
	uint64_t offset;
};

static int by_address(const void *a, const void *b)
{
	const struct load *one = a, *two = b;
	if (one->address != two->address)
		return one->address < two->address ? -1 : 1;
	return one->offset < two->offset ? -1 : one->offset > two->offset;
}

static int by_segment_address(const void *a, const void *b)
{
	const struct segment *one = a, *two = b;
	if (one->address != two->address)
		return one->address < two->address ? -1 : 1;
	return one->size < two->size ? -1 : one->size > two->size;
}

static void add_load(struct dump *dump, const GElf_Phdr *phdr)
{
	dump->segments[dump->segment_count++] =
		(struct segment){phdr->p_vaddr, phdr->p_memsz, phdr->p_filesz, phdr->p_flags};
	/* A core that was cut short has less than its headers say. */
	if (phdr->p_filesz == 0 || phdr->p_offset >= dump->image->size)
		return;
	const uint64_t left = dump->image->size - phdr->p_offset;
	dump->loads[dump->load_count++] = (struct load){
		phdr->p_vaddr, phdr->p_filesz < left ? phdr->p_filesz : left, phdr->p_offset};
}

static const struct load *load_at(const struct dump *dump, uint64_t address)
{
	const size_t before = FIRST_WHERE(i, dump->load_count, dump->loads[i].address > address);
	const struct load *load = before > 0 ? &dump->loads[before - 1] : NULL;
	return load != NULL && address - load->address < load->size ? load : NULL;
}

bool dump_has(const struct dump *dump, uint64_t address)
{
	return load_at(dump, address) != NULL;
}

bool dump_start(const struct dump *dump, size_t index, uint64_t *address)
{
	if (index >= dump->load_count)
		return false;
	*address = dump->loads[index].address;
	return true;
}

const struct segment *dump_segment(const struct dump *dump, uint64_t address)
{
	const size_t before =
		FIRST_WHERE(i, dump->segment_count, dump->segments[i].address > address);
	const struct segment *found = before > 0 ? &dump->segments[before - 1] : NULL;
	return found != NULL && address - found->address < found->size ? found : NULL;
}

static int read_memory(struct space *space, uint64_t address, void *out, uint64_t size,
		       uint64_t *offset)
{
	struct dump *dump = (struct dump *)space;
	uint8_t *to = out;
	bool first = true;
	if (size > dump->budget) {
		space->exhausted = true;
		return NOTE_UNSUPPORTED;
	}
	while (size != 0 || first) {
		const struct load *load = load_at(dump, address);
		if (load == NULL)
			return NOTE_ABSENT;
		const uint64_t skip = address - load->address;
		uint64_t part = load->size - skip < size ? load->size - skip : size;
		struct note_error err;
		if (image_copy(dump->image, load->offset + skip, part, to, "core", &err) != NOTE_OK)
			return err.code;
		if (first && offset != NULL)
			*offset = load->offset + skip;
		first = false;
		address += part;
		to += part;
		size -= part;
		dump->budget -= part;
	}
	return NOTE_OK;
}

int dump_read(struct dump *dump, struct image *image, struct note_error *err)
{
	GElf_Phdr phdr;
	const uint64_t size = image->size;
	*dump = (struct dump){.space = {image->is_64, image->is_big, read_memory, false},
			      .image = image};
	dump->budget = size < MAX_READ / 2 ? 2 * size + MIN_READ : MAX_READ;
	/* Their number is bounded by the file, which has a header for each. */
	if (image->phnum != 0) {
		int code = image_phdr(image, image->phnum - 1, &phdr, err);
		if (code != NOTE_OK)
			return code;
	}
	dump->loads = calloc(image->phnum + 1, sizeof(*dump->loads));
	dump->segments = calloc(image->phnum + 1, sizeof(*dump->segments));
	if (dump->loads == NULL || dump->segments == NULL)
		return error_system(err, "segments");
	for (uint64_t i = 0; i < image->phnum; i++) {
		uint64_t end;
		int code = image_phdr(image, i, &phdr, err);
		if (code != NOTE_OK)
			return code;
		if (phdr.p_type != PT_LOAD && phdr.p_type != PT_NOTE)
			continue;
		if (__builtin_add_overflow(phdr.p_offset, phdr.p_filesz, &end))
			end = UINT64_MAX;
		if (phdr.p_filesz != 0 && end > dump->extent)
			dump->extent = end;
		if (phdr.p_type == PT_LOAD)
			add_load(dump, &phdr);
	}
	if (dump->load_count > 1)
		qsort(dump->loads, dump->load_count, sizeof(*dump->loads), by_address);
	if (dump->segment_count > 1)
		qsort(dump->segments, dump->segment_count, sizeof(*dump->segments),
		      by_segment_address);
	return NOTE_OK;
}

void dump_free(struct dump *dump)
{
	free(dump->loads);
	free(dump->segments);
}
