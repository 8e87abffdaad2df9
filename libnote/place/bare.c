/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sizes of dynamic-linking tables in files without section headers (ld -z nosectionheader),
 * which no tag gives: out of what the tables themselves hold.
 * Specification: System V gABI, chapter 5, "Hash Table"; the GNU hash table as in glibc's
 * dl-lookup.
 */
#include "error.h"
#include "place/internal.h"

static bool find(const struct layout *layout, int64_t tag, uint64_t *value)
{
	for (size_t i = 0; i < layout->dynamic_count; i++)
		if (layout->dynamic[i].d_tag == tag) {
			*value = layout->dynamic[i].d_un.d_val;
			return true;
		}
	return false;
}

/* What the first PT_LOAD holds from OFFSET on. */
static struct span contents(const struct layout *layout, uint64_t offset)
{
	struct span whole;
	if (image_whole(layout->image, &whole, NULL) != NOTE_OK)
		return (struct span){0};
	return span_rest(span_first(whole, layout->load->p_filesz), offset);
}

/* .hash: nbucket, nchain, then as many words as both say. */
static uint64_t hash_size(const struct layout *layout, uint64_t offset)
{
	const struct span table = contents(layout, offset);
	const uint64_t buckets = span_u32(table, 0, layout->image->is_big);
	return 4 * (2 + buckets + (uint64_t)span_u32(table, 4, layout->image->is_big));
}

/* .gnu.hash: nbuckets, symoffset, bloom_size, bloom_shift; the bloom filter's words; buckets; then
 * a word for each symbol from symoffset on, the last of each chain being odd. */
static uint64_t gnu_hash_size(const struct layout *layout, uint64_t offset)
{
	const bool big = layout->image->is_big;
	const struct span table = contents(layout, offset);
	const uint64_t buckets = span_u32(table, 0, big);
	const uint64_t first = span_u32(table, 4, big);
	const uint64_t at = 16 + (uint64_t)span_u32(table, 8, big) * (layout->image->is_64 ? 8 : 4);
	uint64_t last = 0;
	for (uint64_t i = 0; i < buckets && at + 4 * i < table.size; i++)
		if (span_u32(table, at + 4 * i, big) > last)
			last = span_u32(table, at + 4 * i, big);
	const uint64_t chains = at + 4 * buckets;
	if (last < first || last == 0)
		return chains;
	while (chains + 4 * (last - first) < table.size &&
	       (span_u32(table, chains + 4 * (last - first), big) & 1) == 0)
		last++;
	return chains + 4 * (last + 1 - first);
}

/* .dynsym goes on to .dynstr, if that is next and every entry has its name there. */
static uint64_t symbols_size(const struct layout *layout, uint64_t offset)
{
	const uint64_t entry = layout->image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	const struct span table = contents(layout, offset);
	uint64_t strings, strings_size;
	if (!find(layout, DT_STRTAB, &strings) || !find(layout, DT_STRSZ, &strings_size) ||
	    strings - layout->load->p_vaddr <= offset)
		return 0;
	const uint64_t size = (strings - layout->load->p_vaddr - offset) / entry * entry;
	if (size > table.size || strings - layout->load->p_vaddr - offset - size >= 8)
		return 0;
	for (uint64_t at = 0; at < size; at += entry)
		if (span_u32(table, at, layout->image->is_big) >= strings_size)
			return 0;
	return size;
}

uint64_t place_bare_size(const struct layout *layout, int64_t tag, uint64_t offset)
{
	const uint64_t entry = layout->image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	uint64_t table;
	switch (tag) {
	case DT_HASH:
		/* Words of 8 bytes on these two. */
		if (layout->image->is_64 && (layout->image->ehdr.e_machine == EM_S390 ||
					     layout->image->ehdr.e_machine == EM_ALPHA))
			return 0;
		return hash_size(layout, offset);
	case DT_GNU_HASH:
		return gnu_hash_size(layout, offset);
	case DT_SYMTAB:
		return symbols_size(layout, offset);
	case DT_VERSYM:
		if (!find(layout, DT_SYMTAB, &table) || table < layout->load->p_vaddr)
			return 0;
		return symbols_size(layout, table - layout->load->p_vaddr) / entry * 2;
	default:
		return 0;
	}
}
