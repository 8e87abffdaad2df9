/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/elf/compress.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "libnote/error.h"
#include "libnote/large.h"
#include "tools/base/pool.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

#define ZLIB_LEVEL 4
#define ZSTD_LEVEL 3

/* .zdebug_ sections, before there was SHF_COMPRESSED: "ZLIB" and the size, big-endian. */
#define GNU_HEADER_SIZE 12

static size_t zlib(const uint8_t *from, size_t size, uint8_t *to, size_t room)
{
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(ZLIB_LEVEL);
	const size_t done =
		compressor != NULL ? libdeflate_zlib_compress(compressor, from, size, to, room) : 0;
	libdeflate_free_compressor(compressor);
	return done;
}

static size_t zstd(const uint8_t *from, size_t size, uint8_t *to, size_t room)
{
	const size_t done = ZSTD_compress(to, room, from, size, ZSTD_LEVEL);
	return ZSTD_isError(done) ? 0 : done;
}

/* The header of SHF_COMPRESSED at P; its size. */
static size_t put_header(const struct image *image, uint8_t *p, uint32_t type,
			 const GElf_Shdr *shdr)
{
	image_put32(image, p, type);
	if (!image->is_64) {
		image_put32(image, p + 4, (uint32_t)shdr->sh_size);
		image_put32(image, p + 8, (uint32_t)shdr->sh_addralign);
		return sizeof(Elf32_Chdr);
	}
	image_put32(image, p + 4, 0);
	image_put64(image, p + 8, shdr->sh_size);
	image_put64(image, p + 16, shdr->sh_addralign);
	return sizeof(Elf64_Chdr);
}

/* Gives SECTION compressed contents if they are smaller (MUST: even if they are not). */
static int compress_section(struct plan_section *section, const struct image *image,
			    enum compression compression, bool gnu, uint8_t **kept,
			    struct note_error *err)
{
	GElf_Shdr *shdr = &section->shdr;
	const size_t room =
		gnu ? libdeflate_zlib_compress_bound(NULL, shdr->sh_size) : shdr->sh_size;
	uint8_t *bytes = large_alloc(room + sizeof(Elf64_Chdr));
	if (bytes == NULL)
		return error_system(err, "compress");
	size_t header = GNU_HEADER_SIZE;
	if (gnu) {
		memcpy(bytes, "ZLIB", 4);
		for (unsigned i = 0; i < 8; i++)
			bytes[4 + i] = (uint8_t)(shdr->sh_size >> (8 * (7 - i)));
	} else {
		header = put_header(image, bytes,
				    compression == COMPRESSION_ZLIB ? ELFCOMPRESS_ZLIB
								    : ELFCOMPRESS_ZSTD,
				    shdr);
	}
	const size_t done = compression == COMPRESSION_ZSTD
				    ? zstd(section->bytes, shdr->sh_size, bytes + header, room)
				    : zlib(section->bytes, shdr->sh_size, bytes + header, room);
	if (done == 0 || (!gnu && header + done >= shdr->sh_size)) {
		free(bytes);
		return gnu ? error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "%s: out of memory",
				       section->name)
			   : NOTE_OK;
	}
	section->bytes = *kept = bytes;
	shdr->sh_size = header + done;
	if (!gnu) {
		shdr->sh_flags |= SHF_COMPRESSED;
		shdr->sh_addralign = image->is_64 ? 8 : 4;
	}
	return NOTE_OK;
}

/* --- all of a file --- */

struct task {
	struct plan_section *section;
	enum compression compression;
	bool gnu;
	uint8_t **kept;
	int code;
	struct note_error err;
};

struct tasks {
	struct image *image;
	struct task *items;
	size_t count;
	uint64_t size;
};

static void list_tasks(struct tasks *tasks, struct compressed *out, struct plan *plan,
		       enum compression compression)
{
	for (uint64_t i = 1; i < plan->count; i++) {
		struct plan_section *section = &plan->sections[i];
		if (section->fate != FATE_DEBUG || section->bytes == NULL ||
		    section->shdr.sh_type != SHT_PROGBITS ||
		    (section->shdr.sh_flags & SHF_COMPRESSED) != 0)
			continue;
		const bool gnu = section->edited && strncmp(section->name, ".zdebug_", 8) == 0;
		const bool plain = strncmp(section->name, ".debug_", 7) == 0;
		if (!gnu && (!plain || compression == COMPRESSION_NONE))
			continue;
		tasks->items[tasks->count++] = (struct task){
			section, gnu ? COMPRESSION_ZLIB : compression, gnu, &out->items[i], 0, {0}};
		tasks->size += section->shdr.sh_size;
	}
}

/* The largest first: the last one to finish is then a small one. */
static int by_size(const void *a, const void *b)
{
	const struct task *x = a, *y = b;
	if (x->section->shdr.sh_size != y->section->shdr.sh_size)
		return x->section->shdr.sh_size > y->section->shdr.sh_size ? -1 : 1;
	return x->section < y->section ? -1 : x->section > y->section;
}

static void work(void *context, size_t index, unsigned worker)
{
	const struct tasks *tasks = context;
	struct task *task = &tasks->items[index];
	(void)worker;
	task->code = compress_section(task->section, tasks->image, task->compression, task->gnu,
				      task->kept, &task->err);
}

int compress_plan(struct compressed *out, struct image *image, struct plan *plan,
		  enum compression compression, unsigned jobs, struct note_error *err)
{
	struct tasks tasks = {.image = image};
	const struct task *failed = NULL;
	*out = (struct compressed){.count = plan->count};
	out->items = calloc(plan->count + 1, sizeof(*out->items));
	tasks.items = calloc(plan->count + 1, sizeof(*tasks.items));
	if (out->items == NULL || tasks.items == NULL) {
		free(tasks.items);
		return error_system(err, "compress");
	}
	list_tasks(&tasks, out, plan, compression);
	if (tasks.count > 1)
		qsort(tasks.items, tasks.count, sizeof(*tasks.items), by_size);
	pool_run_parts(jobs, tasks.size >= POOL_LARGE, tasks.count, work, &tasks);
	for (size_t i = 0; i < tasks.count; i++)
		if (tasks.items[i].code != NOTE_OK &&
		    (failed == NULL || tasks.items[i].section < failed->section))
			failed = &tasks.items[i];
	const int code = failed != NULL ? failed->code : NOTE_OK;
	if (failed != NULL && err != NULL)
		*err = failed->err;
	free(tasks.items);
	return code;
}

void compressed_free(struct compressed *compressed)
{
	for (uint64_t i = 0; i < compressed->count && compressed->items != NULL; i++)
		free(compressed->items[i]);
	free(compressed->items);
	*compressed = (struct compressed){0};
}
