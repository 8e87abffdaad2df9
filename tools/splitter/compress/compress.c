/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/compress/compress.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "libnote/error.h"
#include "libnote/large.h"
#include "libnote/span.h"
#include "tools/base/pool.h"
#include "tools/splitter/compress/deflate.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

#define ZLIB_LEVEL 4
#define ZSTD_LEVEL 3

/* What is larger is cut into parts of about this size, compressed side by side. Each part begins
 * without what came before it. zlib looks back 32 KB and loses a ten-thousandth by that, so a part
 * is what threads are worth; zstd looks back 2 MB, and parts of 4 MB would cost it more than 1 %.
 */
#define ZLIB_PART POOL_LARGE
#define ZSTD_PART ((size_t)8 << 20)

/* .zdebug_ sections, before there was SHF_COMPRESSED: "ZLIB" and the size, big-endian. */
#define GNU_HEADER_SIZE 12

/* RFC 1950: a window of 32 KB, the level that libdeflate says of its own; and the Adler-32. */
static const uint8_t zlib_header[] = {0x78, 0x5e};
#define ZLIB_TRAILER 4

static int no_memory(const char *name, struct note_error *err)
{
	return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "%s: out of memory", name);
}

/* Compresses SIZE bytes. *DONE is 0 where ROOM is too little. */
static int zlib(struct span from, uint8_t *to, size_t room, bool whole, size_t *done)
{
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(ZLIB_LEVEL);
	if (compressor == NULL)
		return NOTE_SYSTEM;
	*done = whole ? libdeflate_zlib_compress(compressor, from.bytes, from.size, to, room)
		      : libdeflate_deflate_compress(compressor, from.bytes, from.size, to, room);
	libdeflate_free_compressor(compressor);
	return NOTE_OK;
}

static int zstd(struct span from, uint8_t *to, size_t room, size_t *done)
{
	*done = ZSTD_compress(to, room, from.bytes, from.size, ZSTD_LEVEL);
	if (!ZSTD_isError(*done))
		return NOTE_OK;
	const bool little = ZSTD_getErrorCode(*done) == ZSTD_error_dstSize_tooSmall;
	*done = 0;
	return little ? NOTE_OK : NOTE_SYSTEM;
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

/* --- a section --- */

/* What is to be compressed: a section, in one part or more. */
struct task {
	struct plan_section *section;
	enum compression compression;
	bool gnu;
	uint8_t **kept; /* the new contents */
	size_t parts;
	size_t room; /* for all but the header */
	size_t header;
	uint8_t *bytes; /* the contents on their way, of so many bytes */
	size_t size;
	uint32_t adler; /* of the parts so far */
	bool dropped;   /* compressed it would not be smaller */
	int code;
	struct note_error err;
};

static bool begin_bytes(struct task *task, const struct image *image)
{
	const GElf_Shdr *shdr = &task->section->shdr;
	task->bytes = large_alloc(task->room + sizeof(Elf64_Chdr));
	if (task->bytes == NULL)
		return false;
	task->header = GNU_HEADER_SIZE;
	if (task->gnu) {
		memcpy(task->bytes, "ZLIB", 4);
		for (unsigned i = 0; i < 8; i++)
			task->bytes[4 + i] = (uint8_t)(shdr->sh_size >> (8 * (7 - i)));
	} else {
		task->header = put_header(image, task->bytes,
					  task->compression == COMPRESSION_ZLIB ? ELFCOMPRESS_ZLIB
										: ELFCOMPRESS_ZSTD,
					  shdr);
	}
	task->size = task->header;
	return true;
}

/* The section has its new contents, if they are smaller (of a .zdebug_ section: even if not). */
static void end_bytes(struct task *task, const struct image *image)
{
	GElf_Shdr *shdr = &task->section->shdr;
	if (task->code == NOTE_OK && task->gnu && task->dropped)
		task->code = no_memory(task->section->name, &task->err);
	if (task->code != NOTE_OK || task->dropped || (!task->gnu && task->size >= shdr->sh_size)) {
		free(task->bytes);
		task->bytes = NULL;
		return;
	}
	task->section->bytes = *task->kept = task->bytes;
	shdr->sh_size = task->size;
	if (!task->gnu) {
		shdr->sh_flags |= SHF_COMPRESSED;
		shdr->sh_addralign = image->is_64 ? 8 : 4;
	}
}

static void compress_whole(struct task *task, const struct image *image)
{
	const struct span from = span_of(task->section->bytes, task->section->shdr.sh_size);
	size_t done = 0;
	if (!begin_bytes(task, image)) {
		task->code = error_system(&task->err, "compress");
		return;
	}
	task->code = task->compression == COMPRESSION_ZSTD
			     ? zstd(from, task->bytes + task->header, task->room, &done)
			     : zlib(from, task->bytes + task->header, task->room, true, &done);
	if (task->code != NOTE_OK)
		no_memory(task->section->name, &task->err);
	task->size += done;
	task->dropped = done == 0;
	end_bytes(task, image);
}

/* --- a part of a section --- */

struct part {
	struct task *task;
	size_t number;
	uint8_t *bytes; /* compressed; from the work on it until it is joined */
	uint64_t size;
	uint32_t adler;
	int code;
	struct note_error err;
};

static struct span part_contents(const struct task *task, size_t number)
{
	const uint64_t size = task->section->shdr.sh_size;
	const uint64_t each = (size + task->parts - 1) / task->parts;
	return span_first(span_rest(span_of(task->section->bytes, size), number * each), each);
}

static size_t part_room(const struct task *task, struct span from)
{
	return task->compression == COMPRESSION_ZSTD
		       ? ZSTD_compressBound(from.size)
		       : libdeflate_deflate_compress_bound(NULL, from.size) + DEFLATE_OPEN_MORE;
}

/* A frame of zstd, or a piece of the one stream of zlib. */
static void compress_part(struct part *part)
{
	const struct task *task = part->task;
	const struct span from = part_contents(task, part->number);
	const size_t room = part_room(task, from);
	size_t done = 0;
	part->code = NOTE_SYSTEM;
	part->bytes = large_alloc(room);
	if (part->bytes != NULL)
		part->code = task->compression == COMPRESSION_ZSTD
				     ? zstd(from, part->bytes, room, &done)
				     : zlib(from, part->bytes, room, false, &done);
	part->size = done;
	if (part->code != NOTE_OK || done == 0) {
		part->code = no_memory(task->section->name, &part->err);
		return;
	}
	if (task->compression == COMPRESSION_ZSTD)
		return;
	part->adler = libdeflate_adler32(1, from.bytes, from.size);
	if (part->number + 1 < task->parts)
		part->code = deflate_open(part->bytes, &part->size, &part->err);
}

static void append(struct task *task, const void *bytes, size_t size)
{
	if (task->dropped || size > task->header + task->room - task->size) {
		task->dropped = true;
		return;
	}
	memcpy(task->bytes + task->size, bytes, size);
	task->size += size;
}

/* Behind those before it, which are joined already. */
static void join_part(struct part *part, const struct image *image)
{
	struct task *task = part->task;
	const bool zlib = task->compression != COMPRESSION_ZSTD;
	if (task->code == NOTE_OK && part->code != NOTE_OK) {
		task->code = part->code;
		task->err = part->err;
	}
	if (part->number == 0 && task->code == NOTE_OK && !begin_bytes(task, image))
		task->code = error_system(&task->err, "compress");
	if (task->code == NOTE_OK) {
		const uint64_t size = part_contents(task, part->number).size;
		if (zlib && part->number == 0)
			append(task, zlib_header, sizeof(zlib_header));
		append(task, part->bytes, part->size);
		task->adler = part->number == 0 ? part->adler
						: adler32_join(task->adler, part->adler, size);
	}
	free(part->bytes);
	part->bytes = NULL;
	if (part->number + 1 < task->parts)
		return;
	if (task->code == NOTE_OK && zlib) {
		uint8_t trailer[ZLIB_TRAILER];
		for (unsigned i = 0; i < sizeof(trailer); i++)
			trailer[i] = (uint8_t)(task->adler >> (8 * (3 - i)));
		append(task, trailer, sizeof(trailer));
	}
	end_bytes(task, image);
}

/* --- all of a file --- */

struct tasks {
	struct image *image;
	struct task *items;
	size_t count;
	struct part *parts;
	size_t part_count;
	uint64_t size;
};

static void set_parts(struct task *task)
{
	const uint64_t size = task->section->shdr.sh_size;
	const size_t part = task->compression == COMPRESSION_ZSTD ? ZSTD_PART : ZLIB_PART;
	task->parts = size > part ? (size + part - 1) / part : 1;
	task->room = task->gnu ? libdeflate_zlib_compress_bound(NULL, size) : size;
	if (task->gnu && task->parts > 1)
		task->room = sizeof(zlib_header) + ZLIB_TRAILER +
			     task->parts * part_room(task, part_contents(task, 0));
}

/* On MIPS debug sections have a type of their own (gABI supplement, 64-bit ELF object file
 * specification, table 9). */
static bool is_contents(const struct image *image, const GElf_Shdr *shdr)
{
	return shdr->sh_type == SHT_PROGBITS ||
	       (image->ehdr.e_machine == EM_MIPS && shdr->sh_type == SHT_MIPS_DWARF);
}

static void list_tasks(struct tasks *tasks, struct compressed *out, const struct image *image,
		       struct plan *plan, enum compression compression)
{
	for (uint64_t i = 1; i < plan->count; i++) {
		struct plan_section *section = &plan->sections[i];
		if (section->fate != FATE_DEBUG || section->bytes == NULL ||
		    !is_contents(image, &section->shdr) || i == image->shstrndx ||
		    (section->shdr.sh_flags & SHF_COMPRESSED) != 0)
			continue;
		const bool gnu = section->edited && strncmp(section->name, ".zdebug_", 8) == 0;
		const bool plain = strncmp(section->name, ".debug_", 7) == 0;
		if (!gnu && (!plain || compression == COMPRESSION_NONE))
			continue;
		struct task *task = &tasks->items[tasks->count++];
		*task = (struct task){.section = section,
				      .compression = gnu ? COMPRESSION_ZLIB : compression,
				      .gnu = gnu,
				      .kept = &out->items[i]};
		set_parts(task);
		tasks->part_count += task->parts;
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
	struct part *part = &tasks->parts[index];
	(void)worker;
	if (part->task->parts == 1)
		compress_whole(part->task, tasks->image);
	else
		compress_part(part);
}

/* In order: a section's parts behind each other. */
static void join(void *context, size_t index)
{
	const struct tasks *tasks = context;
	struct part *part = &tasks->parts[index];
	if (part->task->parts != 1)
		join_part(part, tasks->image);
}

static int run_tasks(struct tasks *tasks, unsigned jobs, struct note_error *err)
{
	tasks->parts = calloc(tasks->part_count + 1, sizeof(*tasks->parts));
	if (tasks->parts == NULL)
		return error_system(err, "compress");
	size_t count = 0;
	for (size_t i = 0; i < tasks->count; i++)
		for (size_t number = 0; number < tasks->items[i].parts; number++)
			tasks->parts[count++] =
				(struct part){.task = &tasks->items[i], .number = number};
	pool_run_parts(jobs, tasks->size >= POOL_LARGE, count, work, join, tasks);
	free(tasks->parts);
	return NOTE_OK;
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
	list_tasks(&tasks, out, image, plan, compression);
	if (tasks.count > 1)
		qsort(tasks.items, tasks.count, sizeof(*tasks.items), by_size);
	int code = run_tasks(&tasks, jobs, err);
	for (size_t i = 0; i < tasks.count; i++)
		if (tasks.items[i].code != NOTE_OK &&
		    (failed == NULL || tasks.items[i].section < failed->section))
			failed = &tasks.items[i];
	if (failed != NULL) {
		code = failed->code;
		if (err != NULL)
			*err = failed->err;
	}
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
