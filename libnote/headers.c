/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ELF headers in and out: class and byte order end here. libelf's translation does the work, one
 * structure at a time; the gate in image.c has checked the bytes before.
 * Specification: System V gABI, chapters 4 and 5.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "image.h"

static unsigned encoding(const struct image *image)
{
	return image->is_big ? ELFDATA2MSB : ELFDATA2LSB;
}

static void translate(const struct image *image, bool to_file, Elf_Type type, void *to,
		      const void *from, size_t size_to, size_t size_from)
{
	elf_version(EV_CURRENT);
	Elf_Data source = {.d_buf = (void *)(uintptr_t)from,
			   .d_type = type,
			   .d_version = EV_CURRENT,
			   .d_size = size_from};
	Elf_Data target = {.d_buf = to, .d_version = EV_CURRENT, .d_size = size_to};
	if (image->is_64)
		(to_file ? elf64_xlatetof : elf64_xlatetom)(&target, &source, encoding(image));
	else
		(to_file ? elf32_xlatetof : elf32_xlatetom)(&target, &source, encoding(image));
}

/* Most files are of this machine's own byte order and 64 bits wide: no translation. */
static bool is_native(const struct image *image)
{
	return image->is_64 && image->is_big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

#define WIDEN(out, in, field) ((out)->field = (in).field)

static int read_ehdr(struct image *image, struct note_error *err)
{
	const size_t size = image->is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	const uint8_t *bytes = image_bytes(image, 0, size, "ELF header", err);
	if (bytes == NULL)
		return NOTE_MALFORMED;
	if (is_native(image)) {
		memcpy(&image->ehdr, bytes, sizeof(image->ehdr));
		return NOTE_OK;
	}
	if (image->is_64) {
		translate(image, false, ELF_T_EHDR, &image->ehdr, bytes, size, size);
		return NOTE_OK;
	}
	Elf32_Ehdr narrow;
	GElf_Ehdr *wide = &image->ehdr;
	translate(image, false, ELF_T_EHDR, &narrow, bytes, size, size);
	memcpy(wide->e_ident, narrow.e_ident, EI_NIDENT);
	WIDEN(wide, narrow, e_type);
	WIDEN(wide, narrow, e_machine);
	WIDEN(wide, narrow, e_version);
	WIDEN(wide, narrow, e_entry);
	WIDEN(wide, narrow, e_phoff);
	WIDEN(wide, narrow, e_shoff);
	WIDEN(wide, narrow, e_flags);
	WIDEN(wide, narrow, e_ehsize);
	WIDEN(wide, narrow, e_phentsize);
	WIDEN(wide, narrow, e_phnum);
	WIDEN(wide, narrow, e_shentsize);
	WIDEN(wide, narrow, e_shnum);
	WIDEN(wide, narrow, e_shstrndx);
	return NOTE_OK;
}

/* Extended numbering (gABI, "ELF Header"): counts that do not fit 16 bits stand in section 0. */
static int read_counts(struct image *image, struct note_error *err)
{
	const GElf_Ehdr *ehdr = &image->ehdr;
	image->phnum = ehdr->e_phoff == 0 ? 0 : ehdr->e_phnum;
	image->shnum = ehdr->e_shoff == 0 || image->in_memory ? 0 : ehdr->e_shnum;
	image->shstrndx = ehdr->e_shstrndx;
	const size_t phsize = image->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	const size_t shsize = image->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	if (image->phnum != 0 && ehdr->e_phentsize != phsize)
		return error_set(err, NOTE_MALFORMED, 0, "program headers of %u bytes",
				 ehdr->e_phentsize);
	if (image->in_memory)
		return NOTE_OK;
	if (ehdr->e_shoff != 0 && ehdr->e_shentsize != shsize) {
		if (image->shnum != 0)
			return error_set(err, NOTE_MALFORMED, 0, "section headers of %u bytes",
					 ehdr->e_shentsize);
		return NOTE_OK;
	}
	const bool extended = image->phnum == PN_XNUM || image->shstrndx == SHN_XINDEX ||
			      (image->shnum == 0 && ehdr->e_shoff != 0);
	if (extended && ehdr->e_shoff != 0) {
		GElf_Shdr zero;
		image->shnum = 1;
		int code = image_shdr(image, 0, &zero, err);
		image->shdrs =
			(struct span){NULL, 0}; /* a table of one: it will be read again whole */
		if (code != NOTE_OK)
			return code;
		image->shnum = ehdr->e_shnum != 0 ? ehdr->e_shnum : zero.sh_size;
		if (image->shstrndx == SHN_XINDEX)
			image->shstrndx = zero.sh_link;
		if (image->phnum == PN_XNUM)
			image->phnum = zero.sh_info;
	}
	if (image->shnum > image->size / shsize)
		return error_set(err, NOTE_MALFORMED, ehdr->e_shoff,
				 "%llu section headers do not fit the file",
				 (unsigned long long)image->shnum);
	return NOTE_OK;
}

int image_read_elf(struct image *image, struct note_error *err)
{
	if (image->is_elf)
		return NOTE_OK;
	if (image->size < EI_NIDENT)
		return error_set(err, NOTE_ABSENT, 0, "not an ELF file");
	const uint8_t *ident = image_bytes(image, 0, EI_NIDENT, "ELF identification", err);
	if (ident == NULL)
		return err != NULL ? err->code : NOTE_SYSTEM;
	if (memcmp(ident, ELFMAG, SELFMAG) != 0)
		return error_set(err, NOTE_ABSENT, 0, "not an ELF file");
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return error_set(err, NOTE_MALFORMED, EI_CLASS, "ELF class %u", ident[EI_CLASS]);
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return error_set(err, NOTE_MALFORMED, EI_DATA, "ELF byte order %u", ident[EI_DATA]);
	if (ident[EI_VERSION] != EV_CURRENT)
		return error_set(err, NOTE_MALFORMED, EI_VERSION, "ELF version %u",
				 ident[EI_VERSION]);
	image->is_64 = ident[EI_CLASS] == ELFCLASS64;
	image->is_big = ident[EI_DATA] == ELFDATA2MSB;
	int code = read_ehdr(image, err);
	if (code == NOTE_OK)
		code = read_counts(image, err);
	image->is_elf = code == NOTE_OK;
	return code;
}

/* A file's table larger than this is not read: a million headers fit. */
#define MAX_TABLE (64u << 20)

/* What lies before the section headers is mostly their names and .gnu_debuglink: one read. */
#define BEFORE_SECTION_HEADERS 1024

/* A larger table of section names is read piece by piece; a longer name goes the long way. */
#define MAX_NAMES (4u << 20)
#define MAX_NAME  4096

/* Reads a table of COUNT entries of SIZE bytes at OFFSET whole, so that a walk costs one read. */
static int read_table(struct image *image, uint64_t offset, uint64_t count, uint64_t size,
		      const char *what, struct span *out, struct note_error *err)
{
	uint64_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		return error_set(err, NOTE_MALFORMED, offset, "%s: too many", what);
	if (bytes > MAX_TABLE && image->memory == NULL)
		return error_set(err, NOTE_UNSUPPORTED, offset, "%s: %llu entries", what,
				 (unsigned long long)count);
	return image_span(image, offset, bytes, what, out, err);
}

static int no_entry(uint64_t index, const char *what, struct note_error *err)
{
	return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "%s: no entry %llu", what,
			 (unsigned long long)index);
}

int image_phdr(struct image *image, uint64_t index, GElf_Phdr *out, struct note_error *err)
{
	const size_t size = image->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	if (index >= image->phnum)
		return no_entry(index, "program header table", err);
	if (image->phdrs.size == 0) {
		int code = read_table(image, image->ehdr.e_phoff, image->phnum, size,
				      "program header table", &image->phdrs, err);
		if (code != NOTE_OK)
			return code;
	}
	struct span entry;
	if (!span_part(image->phdrs, index * size, size, &entry))
		return no_entry(index, "program header table", err);
	if (is_native(image)) {
		memcpy(out, entry.bytes, sizeof(*out));
		return NOTE_OK;
	}
	if (image->is_64) {
		translate(image, false, ELF_T_PHDR, out, entry.bytes, size, size);
		return NOTE_OK;
	}
	Elf32_Phdr narrow;
	translate(image, false, ELF_T_PHDR, &narrow, entry.bytes, size, size);
	WIDEN(out, narrow, p_type);
	WIDEN(out, narrow, p_flags);
	WIDEN(out, narrow, p_offset);
	WIDEN(out, narrow, p_vaddr);
	WIDEN(out, narrow, p_paddr);
	WIDEN(out, narrow, p_filesz);
	WIDEN(out, narrow, p_memsz);
	WIDEN(out, narrow, p_align);
	return NOTE_OK;
}

static int read_section_table(struct image *image, uint64_t size, struct note_error *err)
{
	const uint64_t start = image->ehdr.e_shoff;
	if (start > BEFORE_SECTION_HEADERS && image->shnum <= 1024 && image->memory == NULL)
		image_bytes(image, start - BEFORE_SECTION_HEADERS,
			    BEFORE_SECTION_HEADERS + image->shnum * size, "section headers", NULL);
	return read_table(image, start, image->shnum, size, "section header table", &image->shdrs,
			  err);
}

int image_shdr(struct image *image, uint64_t index, GElf_Shdr *out, struct note_error *err)
{
	const size_t size = image->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	if (index >= image->shnum)
		return no_entry(index, "section header table", err);
	if (image->shdrs.size == 0) {
		int code = read_section_table(image, size, err);
		if (code != NOTE_OK)
			return code;
	}
	struct span entry;
	if (!span_part(image->shdrs, index * size, size, &entry))
		return no_entry(index, "section header table", err);
	if (is_native(image)) {
		memcpy(out, entry.bytes, sizeof(*out));
		return NOTE_OK;
	}
	if (image->is_64) {
		translate(image, false, ELF_T_SHDR, out, entry.bytes, size, size);
		return NOTE_OK;
	}
	Elf32_Shdr narrow;
	translate(image, false, ELF_T_SHDR, &narrow, entry.bytes, size, size);
	WIDEN(out, narrow, sh_name);
	WIDEN(out, narrow, sh_type);
	WIDEN(out, narrow, sh_flags);
	WIDEN(out, narrow, sh_addr);
	WIDEN(out, narrow, sh_offset);
	WIDEN(out, narrow, sh_size);
	WIDEN(out, narrow, sh_link);
	WIDEN(out, narrow, sh_info);
	WIDEN(out, narrow, sh_addralign);
	WIDEN(out, narrow, sh_entsize);
	return NOTE_OK;
}

uint32_t image_section_type(struct image *image, uint64_t index)
{
	const size_t size = image->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	GElf_Shdr shdr;
	if (image->shdrs.size == 0 || index >= image->shnum)
		return image_shdr(image, index, &shdr, NULL) == NOTE_OK ? shdr.sh_type : SHT_NULL;
	/* The second word in both classes. */
	return span_u32(image->shdrs, index * size + 4, image->is_big);
}

/* Makes NAMES the whole name table, where it is of a sane size: one read serves every name. */
static int read_names(struct image *image, const GElf_Shdr *table, struct note_error *err)
{
	if (image->names.size != 0 || table->sh_size > MAX_NAMES)
		return NOTE_OK;
	return image_span(image, table->sh_offset, table->sh_size, "section names", &image->names,
			  err);
}

const char *image_section_name(struct image *image, const GElf_Shdr *shdr, struct note_error *err)
{
	GElf_Shdr table;
	uint64_t start;
	uint64_t end;
	const struct span name = span_first(span_rest(image->names, shdr->sh_name), MAX_NAME);
	if (name.size != 0 && memchr(name.bytes, '\0', name.size) != NULL)
		return (const char *)name.bytes;
	if (image->shstrndx == SHN_UNDEF || image->shstrndx >= image->shnum)
		return "";
	if (image_shdr(image, image->shstrndx, &table, err) != NOTE_OK)
		return NULL;
	if (table.sh_type == SHT_NOBITS || shdr->sh_name >= table.sh_size ||
	    __builtin_add_overflow(table.sh_offset, shdr->sh_name, &start) ||
	    __builtin_add_overflow(table.sh_offset, table.sh_size, &end)) {
		error_set(err, NOTE_MALFORMED, image->ehdr.e_shoff,
			  "section name outside its table");
		return NULL;
	}
	if (read_names(image, &table, err) != NOTE_OK)
		return NULL;
	return image_string(image, start, end, "section name", err);
}

uint64_t image_find_section(struct image *image, const char *name, GElf_Shdr *out)
{
	const size_t shsize = image->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	const size_t size = strlen(name) + 1;
	GElf_Shdr shdr;
	/* The first one reads the tables. */
	if (image->shnum <= 1 || image_shdr(image, 1, &shdr, NULL) != NOTE_OK)
		return 0;
	image_section_name(image, &shdr, NULL);
	for (uint64_t i = 1; i < image->shnum; i++) {
		/* sh_name is the first word in both classes. */
		if (image->names.size != 0 &&
		    !span_equal(image->names, span_u32(image->shdrs, i * shsize, image->is_big),
				name, size))
			continue;
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK)
			return 0;
		const char *found = image_section_name(image, &shdr, NULL);
		if (found == NULL || strcmp(found, name) != 0)
			continue;
		if (out != NULL)
			*out = shdr;
		return i;
	}
	return 0;
}

uint16_t image_u16(const struct image *image, const uint8_t *p)
{
	return image->is_big ? (uint16_t)(p[0] << 8 | p[1]) : (uint16_t)(p[1] << 8 | p[0]);
}

uint32_t image_u32(const struct image *image, const uint8_t *p)
{
	uint32_t value;
	memcpy(&value, p, sizeof(value));
	return image->is_big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ? value
									 : __builtin_bswap32(value);
}

uint64_t image_u64(const struct image *image, const uint8_t *p)
{
	uint64_t value;
	memcpy(&value, p, sizeof(value));
	return image->is_big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ? value
									 : __builtin_bswap64(value);
}

void image_put16(const struct image *image, uint8_t *p, uint16_t value)
{
	p[image->is_big ? 0 : 1] = (uint8_t)(value >> 8);
	p[image->is_big ? 1 : 0] = (uint8_t)value;
}

void image_put32(const struct image *image, uint8_t *p, uint32_t value)
{
	value = image_u32(image, (const uint8_t *)&value);
	memcpy(p, &value, sizeof(value));
}

void image_put64(const struct image *image, uint8_t *p, uint64_t value)
{
	value = image_u64(image, (const uint8_t *)&value);
	memcpy(p, &value, sizeof(value));
}

/* Narrowing keeps score: a value that class 32 cannot hold is refused, not cut. */
#define NARROW(out, in, field, fits)                                \
	do {                                                        \
		(out).field = (__typeof__((out).field))(in)->field; \
		(fits) = (fits) && (out).field == (in)->field;      \
	} while (0)

static int too_wide(struct note_error *err, const char *what)
{
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "%s: value over 32 bits", what);
}

int image_put_ehdr(const struct image *image, uint8_t *p, const GElf_Ehdr *ehdr,
		   struct note_error *err)
{
	if (image->is_64) {
		translate(image, true, ELF_T_EHDR, p, ehdr, sizeof(*ehdr), sizeof(*ehdr));
		return NOTE_OK;
	}
	Elf32_Ehdr narrow;
	bool fits = true;
	memcpy(narrow.e_ident, ehdr->e_ident, EI_NIDENT);
	NARROW(narrow, ehdr, e_type, fits);
	NARROW(narrow, ehdr, e_machine, fits);
	NARROW(narrow, ehdr, e_version, fits);
	NARROW(narrow, ehdr, e_entry, fits);
	NARROW(narrow, ehdr, e_phoff, fits);
	NARROW(narrow, ehdr, e_shoff, fits);
	NARROW(narrow, ehdr, e_flags, fits);
	NARROW(narrow, ehdr, e_ehsize, fits);
	NARROW(narrow, ehdr, e_phentsize, fits);
	NARROW(narrow, ehdr, e_phnum, fits);
	NARROW(narrow, ehdr, e_shentsize, fits);
	NARROW(narrow, ehdr, e_shnum, fits);
	NARROW(narrow, ehdr, e_shstrndx, fits);
	if (!fits)
		return too_wide(err, "ELF header");
	translate(image, true, ELF_T_EHDR, p, &narrow, sizeof(narrow), sizeof(narrow));
	return NOTE_OK;
}

int image_put_phdr(const struct image *image, uint8_t *p, const GElf_Phdr *phdr,
		   struct note_error *err)
{
	if (image->is_64) {
		translate(image, true, ELF_T_PHDR, p, phdr, sizeof(*phdr), sizeof(*phdr));
		return NOTE_OK;
	}
	Elf32_Phdr narrow;
	bool fits = true;
	NARROW(narrow, phdr, p_type, fits);
	NARROW(narrow, phdr, p_flags, fits);
	NARROW(narrow, phdr, p_offset, fits);
	NARROW(narrow, phdr, p_vaddr, fits);
	NARROW(narrow, phdr, p_paddr, fits);
	NARROW(narrow, phdr, p_filesz, fits);
	NARROW(narrow, phdr, p_memsz, fits);
	NARROW(narrow, phdr, p_align, fits);
	if (!fits)
		return too_wide(err, "program header");
	translate(image, true, ELF_T_PHDR, p, &narrow, sizeof(narrow), sizeof(narrow));
	return NOTE_OK;
}

int image_put_shdr(const struct image *image, uint8_t *p, const GElf_Shdr *shdr,
		   struct note_error *err)
{
	if (image->is_64) {
		translate(image, true, ELF_T_SHDR, p, shdr, sizeof(*shdr), sizeof(*shdr));
		return NOTE_OK;
	}
	Elf32_Shdr narrow;
	bool fits = true;
	NARROW(narrow, shdr, sh_name, fits);
	NARROW(narrow, shdr, sh_type, fits);
	NARROW(narrow, shdr, sh_flags, fits);
	NARROW(narrow, shdr, sh_addr, fits);
	NARROW(narrow, shdr, sh_offset, fits);
	NARROW(narrow, shdr, sh_size, fits);
	NARROW(narrow, shdr, sh_link, fits);
	NARROW(narrow, shdr, sh_info, fits);
	NARROW(narrow, shdr, sh_addralign, fits);
	NARROW(narrow, shdr, sh_entsize, fits);
	if (!fits)
		return too_wide(err, "section header");
	translate(image, true, ELF_T_SHDR, p, &narrow, sizeof(narrow), sizeof(narrow));
	return NOTE_OK;
}
