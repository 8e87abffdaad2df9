/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deflate streams joined to one, and sections that are compressed in parts. libdeflate and zstd
 * read what was made. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "tests/unit/elf_maker.h"
#include "tests/unit/unit.h"
#include "tools/splitter/compress/compress.h"
#include "tools/splitter/compress/deflate.h"
#include "tools/splitter/split_internal.h"
#include "tools/splitter/together/together.h"

#define PIECE ((size_t)70000)

/* SIZE bytes of a kind: what deflate has blocks of each type for. */
static void fill(uint8_t *bytes, size_t size, unsigned kind)
{
	uint32_t luck = 12345 + kind;
	for (size_t i = 0; i < size; i++) {
		luck = luck * 1103515245 + 12345;
		const uint8_t noise = (uint8_t)(luck >> 16);
		bytes[i] = kind == 0   ? 0
			   : kind == 1 ? noise
			   : kind == 2 ? (uint8_t)(noise % 5 * (noise >> 5))
			   : kind == 3 ? (uint8_t)(i * i / 999 + i % 7)
				       : (uint8_t)((i >> 12) % 2 != 0 ? noise : i % 100);
	}
}

static size_t deflate_made(int level, const uint8_t *from, size_t size, uint8_t *to, size_t room)
{
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
	const size_t done = libdeflate_deflate_compress(compressor, from, size, to, room);
	libdeflate_free_compressor(compressor);
	CU_ASSERT_NOT_EQUAL_FATAL(done, 0);
	return done;
}

static bool inflates_to(const uint8_t *stream, size_t size, const uint8_t *wanted,
			size_t wanted_size)
{
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
	uint8_t *got = malloc(wanted_size + 1);
	size_t in, out;
	const bool same =
		libdeflate_deflate_decompress_ex(decompressor, stream, size, got, wanted_size + 1,
						 &in, &out) == LIBDEFLATE_SUCCESS &&
		in == size && out == wanted_size && memcmp(got, wanted, out) == 0;
	free(got);
	libdeflate_free_decompressor(decompressor);
	return same;
}

/* Streams of every kind and length, each behind the one before it. */
static void test_streams_joined(void)
{
	static const size_t sizes[] = {0, 1, 2, 3, 5, 9, 40, 300, 5000, PIECE};
	const size_t count = 5 * sizeof(sizes) / sizeof(sizes[0]);
	uint8_t *plain = malloc(count * PIECE), *packed = malloc(2 * count * PIECE);
	for (int level = 0; level <= 12; level += 2) {
		size_t plain_size = 0, packed_size = 0;
		uint32_t adler = 1;
		for (size_t i = 0; i < count; i++) {
			const size_t size = sizes[i / 5];
			fill(plain + plain_size, size, i % 5);
			uint64_t made = deflate_made(level, plain + plain_size, size,
						     packed + packed_size, 2 * PIECE);
			adler = adler32_join(adler, libdeflate_adler32(1, plain + plain_size, size),
					     size);
			plain_size += size;
			if (i + 1 < count)
				CU_ASSERT_EQUAL(deflate_open(packed + packed_size, &made, NULL),
						NOTE_OK);
			packed_size += made;
		}
		CU_ASSERT(inflates_to(packed, packed_size, plain, plain_size));
		CU_ASSERT_EQUAL(adler, libdeflate_adler32(1, plain, plain_size));
	}
	free(plain);
	free(packed);
}

/* No byte outside of it is looked at, and it stays as it is. */
static void test_no_stream(void)
{
	uint8_t *plain = malloc(PIECE), *packed = malloc(PIECE);
	fill(plain, PIECE, 3);
	const size_t size = deflate_made(4, plain, 3000, packed, PIECE);
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *part = malloc(cut != 0 ? cut : 1);
		uint64_t left = cut;
		memcpy(part, packed, cut);
		CU_ASSERT_EQUAL(deflate_open(part, &left, NULL), NOTE_MALFORMED);
		CU_ASSERT(left == cut && memcmp(part, packed, cut) == 0);
		free(part);
	}
	uint32_t luck = 1;
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t *broken = malloc(size + DEFLATE_OPEN_MORE);
		uint64_t left = size;
		memcpy(broken, packed, size);
		for (unsigned j = 0; j < 3; j++) {
			luck = luck * 1103515245 + 12345;
			broken[luck / 64 % (i % 2 != 0 ? 40 : size)] ^= 1u << (luck >> 29);
		}
		(void)deflate_open(broken, &left, NULL);
		CU_ASSERT(left <= size + DEFLATE_OPEN_MORE);
		free(broken);
	}
	packed[size] = 0;
	uint64_t more = size + 1;
	CU_ASSERT_EQUAL(deflate_open(packed, &more, NULL), NOTE_MALFORMED);
	free(plain);
	free(packed);
}

/* --- sections --- */

/* Of a part, of a few parts, and one that no part of gets smaller. */
#define FEW   ((size_t)19 << 20)
#define NOISE ((size_t)9 << 20)

static uint8_t *few, *noise;

static int run(uint8_t *file, size_t size, enum compression compression, unsigned jobs,
	       struct compressed *compressed, struct plan *plan, struct image **image)
{
	static const struct plan_options options = {.keep_symtab = false};
	CU_ASSERT_EQUAL_FATAL(image_open_memory(image, file, size, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(*image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(plan_make(plan, *image, NULL, &options, NULL), NOTE_OK);
	return compress_plan(compressed, *image, plan, compression, jobs, NULL);
}

static struct plan_section *named(struct plan *plan, const char *name)
{
	for (uint64_t i = 1; i < plan->count; i++)
		if (strcmp(plan->sections[i].name, name) == 0)
			return &plan->sections[i];
	CU_FAIL_FATAL("no such section");
	return NULL;
}

static void unpacks(const struct plan_section *section, enum compression compression,
		    const uint8_t *wanted, size_t size)
{
	const uint8_t *from = section->bytes + sizeof(Elf64_Chdr);
	const size_t from_size = section->shdr.sh_size - sizeof(Elf64_Chdr);
	uint8_t *got = malloc(size);
	size_t out = 0;
	CU_ASSERT_EQUAL_FATAL(section->shdr.sh_flags & SHF_COMPRESSED, SHF_COMPRESSED);
	if (compression == COMPRESSION_ZSTD) {
		out = ZSTD_decompress(got, size, from, from_size);
	} else {
		struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
		CU_ASSERT_EQUAL(
			libdeflate_zlib_decompress(decompressor, from, from_size, got, size, &out),
			LIBDEFLATE_SUCCESS);
		libdeflate_free_decompressor(decompressor);
	}
	CU_ASSERT_EQUAL(out, size);
	CU_ASSERT_EQUAL(memcmp(got, wanted, size), 0);
	free(got);
}

static void same_for_all_jobs(enum compression compression, uint8_t *file, size_t size)
{
	struct compressed first, other;
	struct plan plan = {0}, other_plan = {0};
	struct image *image, *other_image;
	CU_ASSERT_EQUAL(run(file, size, compression, 1, &first, &plan, &image), NOTE_OK);
	unpacks(named(&plan, ".debug_info"), compression, few, FEW);
	unpacks(named(&plan, ".debug_line"), compression, few, 5000);
	CU_ASSERT_EQUAL(named(&plan, ".debug_str")->shdr.sh_size, NOISE);
	CU_ASSERT_EQUAL(named(&plan, ".debug_str")->shdr.sh_flags & SHF_COMPRESSED, 0);
	for (unsigned jobs = 2; jobs <= 8; jobs += 6) {
		CU_ASSERT_EQUAL(
			run(file, size, compression, jobs, &other, &other_plan, &other_image),
			NOTE_OK);
		for (uint64_t i = 1; i < plan.count; i++) {
			const struct plan_section *a = &plan.sections[i],
						  *b = &other_plan.sections[i];
			CU_ASSERT_EQUAL_FATAL(a->shdr.sh_size, b->shdr.sh_size);
			CU_ASSERT_EQUAL(a->shdr.sh_flags, b->shdr.sh_flags);
			if (a->bytes != NULL && b->bytes != NULL)
				CU_ASSERT_EQUAL(memcmp(a->bytes, b->bytes, a->shdr.sh_size), 0);
		}
		compressed_free(&other);
		plan_free(&other_plan);
		image_close(other_image);
	}
	compressed_free(&first);
	plan_free(&plan);
	image_close(image);
}

static void test_sections_in_parts(void)
{
	few = malloc(FEW);
	noise = malloc(NOISE);
	for (size_t i = 0; i < FEW; i += FEW / 16)
		fill(few + i, i + FEW / 16 <= FEW ? FEW / 16 : FEW - i, 2 + (unsigned)(i % 3));
	fill(noise, NOISE, 1);
	const struct made_section sections[] = {
		{".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0x1000, few, 64, 0, 0},
		{".debug_info", SHT_PROGBITS, 0, 0, few, FEW, 0, 0},
		{".debug_str", SHT_PROGBITS, 0, 0, noise, NOISE, 0, 0},
		{".debug_line", SHT_PROGBITS, 0, 0, few, 5000, 0, 0},
	};
	size_t size;
	uint8_t *file = make_elf(ELFCLASS64, ELFDATA2LSB, sections, 4, &size);
	same_for_all_jobs(COMPRESSION_ZLIB, file, size);
	same_for_all_jobs(COMPRESSION_ZSTD, file, size);
	free(file);
	free(few);
	free(noise);
}

/* --- the table of names, named as what is changed --- */

/* A file whose table of names is called NAME, a TYPE; "x" and NAME is another's name. */
static uint8_t *misnamed(const char *other, unsigned type, uint64_t *size)
{
	static const uint8_t zeros[3000];
	const struct made_section sections[] = {
		{".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0x1000, zeros, 64, 0, 0},
		{".debug_info", SHT_PROGBITS, 0, 0, zeros, sizeof(zeros), 0, 0},
		{other, SHT_PROGBITS, 0, 0, zeros, 16, 0, 0},
	};
	size_t made;
	uint8_t *file = make_elf(ELFCLASS64, ELFDATA2LSB, sections, 3, &made);
	const Elf64_Ehdr *ehdr = (const void *)file;
	Elf64_Shdr *shdrs = (void *)(file + ehdr->e_shoff);
	shdrs[ehdr->e_shstrndx].sh_name = shdrs[3].sh_name + 1;
	shdrs[ehdr->e_shstrndx].sh_type = type;
	*size = made;
	return file;
}

static void keeps_names(const char *other, unsigned type)
{
	static const uint8_t id[20];
	const struct alternate_link link = {"/usr/lib/debug/.dwz/x", id, sizeof(id)};
	struct strip_output file = {0};
	struct image *image;
	GElf_Shdr shdr;
	file.bytes = misnamed(other, type, &file.size);
	CU_ASSERT_EQUAL_FATAL(debug_file_repack(&file, COMPRESSION_ZLIB, &link, 1, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, file.bytes, file.size, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(image, NULL), NOTE_OK);
	CU_ASSERT_NOT_EQUAL(image_find_section(image, other, NULL), 0);
	CU_ASSERT_NOT_EQUAL_FATAL(image_find_section(image, ".debug_info", &shdr), 0);
	CU_ASSERT_EQUAL(shdr.sh_flags & SHF_COMPRESSED, SHF_COMPRESSED);
	image_close(image);
	free(file.bytes);
}

static void test_table_of_names(void)
{
	keeps_names("x.gnu_debugaltlink", SHT_STRTAB);
	keeps_names("x.gnu_debugaltlink", SHT_PROGBITS);
	keeps_names("x.debug_str", SHT_PROGBITS);
	keeps_names("x.debug_line_str", SHT_PROGBITS);
}

UNIT_SUITE(compress, UNIT_TEST(test_streams_joined), UNIT_TEST(test_no_stream),
	   UNIT_TEST(test_sections_in_parts), UNIT_TEST(test_table_of_names))
