/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/elf/minidebug.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/splitter/elf/halves_internal.h"

#define XZ_PRESET 6

/* The file on its way, filled step by step by minidebug_make alone. */
struct mini {
	GElf_Shdr *shdrs;
	const uint8_t **contents; /* of each new section, NULL for none */
	uint64_t *to;             /* the new index of each old section, 0 where it is left out */
	uint64_t count;
	struct text names;
	struct text symbols;
	struct text strings;
	uint32_t locals;
	const char **dynamic; /* the names of the dynamic symbols, sorted */
	size_t dynamic_count;
	uint64_t looked_at; /* bytes of names */
};

/* A symbol, class and byte order resolved. */
struct symbol {
	const char *name;
	uint8_t info;
	uint16_t section;
};

/* Symbol number INDEX of the table; false where its name lies outside the string table. */
static bool read_symbol(const struct image *image, const struct plan_section *table,
			const struct plan_section *strings, uint64_t index, struct symbol *out)
{
	const uint64_t size = image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	const uint8_t *p = table->bytes + index * size;
	const uint32_t name = image_u32(image, p);
	if (name >= strings->shdr.sh_size ||
	    memchr(strings->bytes + name, '\0', strings->shdr.sh_size - name) == NULL)
		return false;
	out->name = (const char *)strings->bytes + name;
	out->info = p[image->is_64 ? offsetof(Elf64_Sym, st_info) : offsetof(Elf32_Sym, st_info)];
	out->section = image_u16(image, p + (image->is_64 ? offsetof(Elf64_Sym, st_shndx)
							  : offsetof(Elf32_Sym, st_shndx)));
	return true;
}

/* The table of TYPE and its strings; NULL where there is none to read. */
static const struct plan_section *find_table(const struct plan *plan, unsigned type,
					     const struct plan_section **strings)
{
	for (uint64_t i = 1; i < plan->count; i++) {
		const struct plan_section *table = &plan->sections[i];
		if (table->shdr.sh_type != type || table->bytes == NULL ||
		    table->shdr.sh_link >= plan->count)
			continue;
		*strings = &plan->sections[table->shdr.sh_link];
		if ((*strings)->bytes != NULL)
			return table;
	}
	return NULL;
}

static uint64_t count_symbols(const struct image *image, const struct plan_section *table)
{
	return table->shdr.sh_size / (image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Hostile names can lie inside each other: what is looked at is bounded by the file's size. */
static int look_at(struct mini *mini, const struct image *image, const struct symbol *symbol,
		   const struct plan_section *strings, struct note_error *err)
{
	mini->looked_at += strlen(symbol->name) + 1;
	return mini->looked_at <= 4 * image->size
		       ? NOTE_OK
		       : error_set(err, NOTE_MALFORMED, strings->shdr.sh_offset,
				   "%s: symbols' names overlap", strings->name);
}

static int list_dynamic(struct mini *mini, const struct image *image, const struct plan *plan,
			struct note_error *err)
{
	const struct plan_section *strings;
	const struct plan_section *table = find_table(plan, SHT_DYNSYM, &strings);
	if (table == NULL)
		return NOTE_OK;
	const uint64_t count = count_symbols(image, table);
	mini->dynamic = xcalloc(count, sizeof(*mini->dynamic));
	for (uint64_t i = 1; i < count; i++) {
		struct symbol symbol;
		if (!read_symbol(image, table, strings, i, &symbol))
			continue;
		int code = look_at(mini, image, &symbol, strings, err);
		if (code != NOTE_OK)
			return code;
		if (symbol.section != SHN_UNDEF)
			mini->dynamic[mini->dynamic_count++] = symbol.name;
	}
	if (mini->dynamic_count > 1)
		qsort(mini->dynamic, mini->dynamic_count, sizeof(*mini->dynamic), by_bytes);
	return NOTE_OK;
}

/* Functions, and what has no type but lies in code. */
static bool is_wanted(const struct mini *mini, const struct plan *plan, const struct symbol *symbol)
{
	const unsigned type = GELF_ST_TYPE(symbol->info);
	if (symbol->section == SHN_UNDEF || symbol->section >= plan->count ||
	    mini->to[symbol->section] == 0 || symbol->name[0] == '\0')
		return false;
	const bool in_code = (plan->sections[symbol->section].shdr.sh_flags & SHF_EXECINSTR) != 0;
	if (type != STT_FUNC && type != STT_GNU_IFUNC && !(type == STT_NOTYPE && in_code))
		return false;
	return mini->dynamic_count == 0 ||
	       bsearch(&symbol->name, mini->dynamic, mini->dynamic_count, sizeof(*mini->dynamic),
		       by_bytes) == NULL;
}

static int pick_symbols(struct mini *mini, const struct image *image, const struct plan *plan,
			struct note_error *err)
{
	const uint64_t size = image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	const size_t shndx =
		image->is_64 ? offsetof(Elf64_Sym, st_shndx) : offsetof(Elf32_Sym, st_shndx);
	const struct plan_section *strings;
	const struct plan_section *table = find_table(plan, SHT_SYMTAB, &strings);
	static const uint8_t none[sizeof(Elf64_Sym)];
	text_add(&mini->symbols, none, size);
	text_add(&mini->strings, "", 1);
	mini->locals = 1;
	for (uint64_t i = 1; table != NULL && i < count_symbols(image, table); i++) {
		struct symbol symbol;
		uint8_t entry[sizeof(Elf64_Sym)];
		if (!read_symbol(image, table, strings, i, &symbol))
			continue;
		int code = look_at(mini, image, &symbol, strings, err);
		if (code != NOTE_OK)
			return code;
		if (!is_wanted(mini, plan, &symbol))
			continue;
		memcpy(entry, table->bytes + i * size, size);
		image_put32(image, entry, (uint32_t)mini->strings.size);
		image_put16(image, entry + shndx, (uint16_t)mini->to[symbol.section]);
		text_add(&mini->symbols, entry, size);
		text_add(&mini->strings, symbol.name, strlen(symbol.name) + 1);
		if (i < table->shdr.sh_info)
			mini->locals++;
	}
	if (mini->symbols.size == size)
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no symbols of functions");
	return NOTE_OK;
}

static GElf_Shdr *add_section(struct mini *mini, const char *name, const GElf_Shdr *like,
			      const uint8_t *contents)
{
	GElf_Shdr *shdr = &mini->shdrs[mini->count];
	mini->contents[mini->count++] = contents;
	*shdr = *like;
	shdr->sh_name = (uint32_t)mini->names.size;
	text_add(&mini->names, name, strlen(name) + 1);
	return shdr;
}

/* All that is loaded, as it is in the debug file: notes with contents, the rest without. */
static void pick_sections(struct mini *mini, const struct plan *plan)
{
	mini->shdrs = xcalloc(plan->count + 3, sizeof(*mini->shdrs));
	mini->contents = xcalloc(plan->count + 3, sizeof(*mini->contents));
	mini->to = xcalloc(plan->count, sizeof(*mini->to));
	text_add(&mini->names, "", 1);
	mini->count = 1;
	for (uint64_t i = 1; i < plan->count; i++) {
		const struct plan_section *section = &plan->sections[i];
		if ((section->shdr.sh_flags & SHF_ALLOC) == 0)
			continue;
		const bool note = section->shdr.sh_type == SHT_NOTE && section->bytes != NULL;
		mini->to[i] = mini->count;
		GElf_Shdr *shdr = add_section(mini, section->name, &section->shdr,
					      note ? section->bytes : NULL);
		if (!note)
			shdr->sh_type = SHT_NOBITS;
		shdr->sh_link = shdr->sh_info = 0;
		shdr->sh_flags &= ~(uint64_t)(SHF_INFO_LINK | SHF_LINK_ORDER | SHF_GROUP);
	}
}

/* Lays the sections out and writes the whole file. */
static int write_mini(struct mini *mini, struct image *image, struct text *out,
		      struct note_error *err)
{
	struct file_layout layout = {.phoff = ehdr_size(image), .shstrndx = mini->count - 1};
	const uint64_t phdrs = image->phnum * phdr_size(image);
	uint64_t end = ehdr_size(image) + phdrs;
	int code = NOTE_OK;
	for (uint64_t i = 1; code == NOTE_OK && i < mini->count; i++) {
		if (mini->contents[i] != NULL)
			code = place_section(&end, &mini->shdrs[i], err);
		else
			mini->shdrs[i].sh_offset = end;
	}
	if (code == NOTE_OK)
		code = place_table(image, end, mini->count, &layout, err);
	if (code != NOTE_OK)
		return code;
	const uint8_t *table =
		image_bytes(image, image->ehdr.e_phoff, phdrs, "program header table", err);
	if (table == NULL)
		return NOTE_MALFORMED;
	uint8_t *bytes = xcalloc(1, layout.size);
	code = put_ehdr(image, bytes, &layout, err);
	memcpy(bytes + layout.phoff, table, phdrs);
	extend_numbering(&layout, &mini->shdrs[0]);
	for (uint64_t i = 0; code == NOTE_OK && i < mini->count; i++) {
		if (mini->contents[i] != NULL)
			memcpy(bytes + mini->shdrs[i].sh_offset, mini->contents[i],
			       mini->shdrs[i].sh_size);
		code = image_put_shdr(image, bytes + layout.shoff + i * shdr_size(image),
				      &mini->shdrs[i], err);
	}
	*out = (struct text){(char *)bytes, layout.size, layout.size};
	return code;
}

static int compress(const struct text *file, uint8_t **bytes, uint64_t *size,
		    struct note_error *err)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
	const size_t room = lzma_stream_buffer_bound(file->size);
	size_t done = 0;
	lzma_lzma_preset(&options, XZ_PRESET);
	/* A dictionary larger than the file would only have to be cleared. */
	if (options.dict_size > file->size)
		options.dict_size =
			file->size < LZMA_DICT_SIZE_MIN ? LZMA_DICT_SIZE_MIN : (uint32_t)file->size;
	*bytes = xmalloc(room);
	if (lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, (uint8_t *)file->data,
				      file->size, *bytes, &done, room) != LZMA_OK) {
		free(*bytes);
		*bytes = NULL;
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "xz: cannot compress");
	}
	*size = done;
	return NOTE_OK;
}

int minidebug_make(uint8_t **bytes, uint64_t *size, struct image *image, const struct plan *plan,
		   struct note_error *err)
{
	struct mini mini = {0};
	struct text file = {0};
	GElf_Shdr table = {.sh_type = SHT_SYMTAB, .sh_addralign = image->is_64 ? 8 : 4};
	GElf_Shdr strings = {.sh_type = SHT_STRTAB, .sh_addralign = 1};
	*bytes = NULL;
	*size = 0;
	int code = list_dynamic(&mini, image, plan, err);
	pick_sections(&mini, plan);
	if (code == NOTE_OK)
		code = pick_symbols(&mini, image, plan, err);
	if (code != NOTE_OK)
		goto out;
	table.sh_entsize = image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	table.sh_size = mini.symbols.size;
	table.sh_info = mini.locals;
	table.sh_link = (uint32_t)mini.count + 1;
	add_section(&mini, ".symtab", &table, (const uint8_t *)mini.symbols.data);
	strings.sh_size = mini.strings.size;
	add_section(&mini, ".strtab", &strings, (const uint8_t *)mini.strings.data);
	GElf_Shdr *names = add_section(&mini, ".shstrtab", &strings, NULL);
	mini.contents[mini.count - 1] = (const uint8_t *)mini.names.data;
	names->sh_size = mini.names.size;
	code = write_mini(&mini, image, &file, err);
	if (code == NOTE_OK)
		code = compress(&file, bytes, size, err);
out:
	free(mini.shdrs);
	free(mini.contents);
	free(mini.to);
	free(mini.dynamic);
	text_free(&mini.names);
	text_free(&mini.symbols);
	text_free(&mini.strings);
	text_free(&file);
	return code;
}
