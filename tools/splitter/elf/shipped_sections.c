/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which sections the shipped file has, by which numbers and names. */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/elf/shipped_internal.h"
#include "tools/splitter/relocs/crel.h"

static bool stays(const struct plan_section *section)
{
	return section->fate == FATE_SHIPPED || section->fate == FATE_BOTH ||
	       section->fate == FATE_FIRST;
}

uint32_t shipped_add_name(struct shipped *shipped, const char *name)
{
	const uint32_t offset = (uint32_t)shipped->names.size;
	text_add(&shipped->names, name, strlen(name) + 1);
	return offset;
}

/* The new .shstrtab holds the names of what stays, one after the other. Where that would be larger
 * than the old table (linkers fold names into each other, and a hostile file can do so without
 * end), the old table stays and is added to. */
static void name_sections(struct shipped *shipped, struct image *image, const struct plan *plan)
{
	const struct plan_section *old = NULL;
	if (image->shstrndx < plan->count && plan->sections[image->shstrndx].bytes != NULL)
		old = &plan->sections[image->shstrndx];
	uint64_t total = 1;
	for (uint64_t i = 1; old != NULL && total <= old->shdr.sh_size && i < shipped->count; i++)
		total += strlen(plan->sections[shipped->from[i]].name) + 1;
	const bool fresh = old == NULL || total <= old->shdr.sh_size;
	if (fresh)
		shipped_add_name(shipped, "");
	else
		text_add(&shipped->names, old->bytes, old->shdr.sh_size);
	for (uint64_t i = 1; fresh && i < shipped->count; i++)
		shipped->shdrs[i].sh_name =
			shipped_add_name(shipped, plan->sections[shipped->from[i]].name);
}

/* strip(1)'s order: groups, then the others, relocations behind what they are for; symbols and
 * their names last. */
struct turn {
	unsigned turn;
	uint64_t subject; /* the section itself, or what it relocates */
	bool follows;     /* relocations */
	uint64_t index;
};

static struct turn turn_in_table(const struct plan *plan, uint64_t index, uint64_t strtab)
{
	const GElf_Shdr *shdr = &plan->sections[index].shdr;
	struct turn turn = {.turn = 1, .subject = index, .index = index};
	switch (shdr->sh_type) {
	case SHT_GROUP:
		turn.turn = 0;
		break;
	case SHT_SYMTAB:
		turn.turn = 2;
		break;
	case SHT_SYMTAB_SHNDX:
		turn.turn = 3;
		break;
	case SHT_STRTAB:
		turn.turn = index == strtab ? 4 : 1;
		break;
	case SHT_REL:
	case SHT_RELA:
	case SHT_CREL:
		turn.follows = (shdr->sh_flags & SHF_ALLOC) == 0 && shdr->sh_info != 0 &&
			       shdr->sh_info < plan->count;
		turn.subject = turn.follows ? shdr->sh_info : index;
		break;
	default:
		break;
	}
	return turn;
}

static int by_turn(const void *left, const void *right)
{
	const struct turn *a = left;
	const struct turn *b = right;
	if (a->turn != b->turn)
		return a->turn < b->turn ? -1 : 1;
	if (a->subject != b->subject)
		return a->subject < b->subject ? -1 : 1;
	if (a->follows != b->follows)
		return a->follows ? 1 : -1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* The old indexes, in the order in which they are to be; for free(). */
static uint64_t *order_of_sections(const struct plan *plan, bool lean)
{
	uint64_t *order = xcalloc(plan->count, sizeof(*order));
	uint64_t strtab = 0;
	for (uint64_t i = 1; i < plan->count; i++)
		order[i] = i;
	if (!lean)
		return order;
	struct turn *turns = xcalloc(plan->count, sizeof(*turns));
	for (uint64_t i = 1; i < plan->count; i++)
		if (plan->sections[i].shdr.sh_type == SHT_SYMTAB)
			strtab = plan->sections[i].shdr.sh_link;
	for (uint64_t i = 1; i < plan->count; i++)
		turns[i] = turn_in_table(plan, i, strtab);
	qsort(turns + 1, plan->count - 1, sizeof(*turns), by_turn);
	for (uint64_t i = 1; i < plan->count; i++)
		order[i] = turns[i].index;
	free(turns);
	return order;
}

/* Chooses the sections that stay, in their order. */
static void number_sections(struct shipped *shipped, const struct image *image,
			    const struct plan *plan, bool lean)
{
	uint64_t *order = order_of_sections(plan, lean);
	shipped->shdrs = xcalloc(plan->count + 3, sizeof(*shipped->shdrs));
	shipped->added = xcalloc(plan->count + 3, sizeof(*shipped->added));
	shipped->from = xcalloc(plan->count + 3, sizeof(*shipped->from));
	shipped->to = xcalloc(plan->count + 3, sizeof(*shipped->to));
	shipped->shdrs[0] = plan->sections[0].shdr;
	shipped->count = 1;
	for (uint64_t k = 1; k < plan->count; k++) {
		const uint64_t i = order[k];
		if (!stays(&plan->sections[i]) || i == shipped->empty[0] || i == shipped->empty[1])
			continue;
		shipped->to[i] = shipped->count;
		shipped->from[shipped->count] = i;
		GElf_Shdr *shdr = &shipped->shdrs[shipped->count++];
		*shdr = plan->sections[i].shdr;
		if (plan->sections[i].fate == FATE_FIRST) { /* a symbol without a name, and "" */
			shdr->sh_size = shdr->sh_type == SHT_SYMTAB ? symbol_size(image) : 1;
			shdr->sh_info = shdr->sh_type == SHT_SYMTAB ? 1 : 0;
		}
	}
	free(order);
}

/* The new table's references to sections, and the contents that have some. */
static int renumber(struct shipped *shipped, struct image *image, const struct plan *plan,
		    bool lean, struct note_error *err)
{
	int code = renumber_contents(&shipped->renumbered, image, plan, shipped->to, lean, err);
	for (uint64_t i = 1; code == NOTE_OK && i < shipped->count; i++) {
		GElf_Shdr *shdr = &shipped->shdrs[i];
		const uint64_t old = shipped->from[i];
		const bool names_section = shdr->sh_type == SHT_REL || shdr->sh_type == SHT_RELA ||
					   shdr->sh_type == SHT_CREL ||
					   (shdr->sh_flags & SHF_INFO_LINK) != 0;
		shdr->sh_link =
			shdr->sh_link < plan->count ? (uint32_t)shipped->to[shdr->sh_link] : 0;
		if (names_section && lean && (shdr->sh_flags & SHF_ALLOC) == 0)
			shdr->sh_flags |= SHF_INFO_LINK; /* some compilers leave that to be known */
		if (names_section)
			shdr->sh_info = shdr->sh_info < plan->count
						? (uint32_t)shipped->to[shdr->sh_info]
						: 0;
		if (shipped->renumbered.bytes[old] != NULL)
			shdr->sh_size = shipped->renumbered.sizes[old];
		if (shipped->renumbered.bytes[old] != NULL && !names_section)
			shdr->sh_info = shipped->renumbered.infos[old];
	}
	return code;
}

/* strip(1) leaves out a symbol table in which nothing stayed: whether there is one that nothing
 * names. */
static bool find_empty(struct shipped *shipped, const struct image *image)
{
	uint64_t table = 0;
	for (uint64_t i = 1; i < shipped->count; i++)
		if (shipped->shdrs[i].sh_type == SHT_SYMTAB &&
		    shipped->renumbered.bytes[shipped->from[i]] != NULL &&
		    shipped->shdrs[i].sh_size <= symbol_size(image))
			table = i;
	const uint64_t names = table == 0 ? 0 : shipped->shdrs[table].sh_link;
	bool names_alone = names != 0;
	for (uint64_t i = 1; table != 0 && i < shipped->count; i++) {
		if (shipped->shdrs[i].sh_link == table)
			return false;
		if (i != table && shipped->shdrs[i].sh_link == names)
			names_alone = false;
	}
	shipped->empty[0] = shipped->from[table];
	shipped->empty[1] = names_alone ? shipped->from[names] : 0;
	return table != 0;
}

void shipped_forget_sections(struct shipped *shipped)
{
	free(shipped->shdrs);
	free(shipped->added);
	free(shipped->from);
	free(shipped->to);
	renumbered_free(&shipped->renumbered);
	text_free(&shipped->names);
}

int shipped_choose_sections(struct shipped *shipped, struct image *image, const struct plan *plan,
			    bool lean, struct note_error *err)
{
	number_sections(shipped, image, plan, lean);
	name_sections(shipped, image, plan);
	int code = renumber(shipped, image, plan, lean, err);
	if (code == NOTE_OK && lean && find_empty(shipped, image)) {
		shipped_forget_sections(shipped);
		number_sections(shipped, image, plan, lean);
		name_sections(shipped, image, plan);
		code = renumber(shipped, image, plan, lean, err);
	}
	return code;
}
