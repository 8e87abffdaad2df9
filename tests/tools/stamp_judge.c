/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must hold of a stamped file, judged with libelf alone, none of pkgnote's own code. It is
 * long because a judge is one program that shares nothing: all that it believes is to be read here.
 *
 *     stamp_judge copy DIR <PATHS        copies the executables and shared libraries among PATHS (a
 *                                        line each) to DIR/1, DIR/2, ...; prints "NUMBER PATH"
 *     stamp_judge judge DIR PAYLOAD <it  each DIR/NUMBER against its PATH; a line for what is wrong
 *
 * Memory is what counts: at every address that the old file loads, the new one loads the same byte
 * with the same rights, but for the headers, the interpreter's name, notes, tables of the dynamic
 * linker whose tag points elsewhere now (where the same bytes must be), and bytes that no section
 * had. Page one, which holds the note, may lose the right to be written to. Dynamic tags, symbols
 * and sections are the same ones, in number, name, value and contents. All of it is one judgement
 * of one pair of files: that is why the file is long.
 */
#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_TYPE 0xcafe1a7eu

struct file {
	Elf *elf;
	const uint8_t *bytes;
	size_t size;
	GElf_Ehdr ehdr;
	size_t phnum, shnum, names;
	GElf_Phdr *phdrs;
	GElf_Shdr *shdrs;
	GElf_Dyn *dynamic;
	size_t tags;
};

static const char *path;
static bool bad;

static bool check(bool truth, const char *what, unsigned long long where)
{
	if (!truth && !bad)
		printf("%s: %s (0x%llx)\n", path, what, where);
	bad |= !truth;
	return truth;
}

static void load(struct file *file, const char *name)
{
	struct stat st;
	memset(file, 0, sizeof(*file));
	int fd = open(name, O_RDONLY);
	if (!check(fd >= 0 && fstat(fd, &st) == 0, "cannot be opened", 0))
		return;
	file->size = (size_t)st.st_size;
	file->bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (!check(file->bytes != MAP_FAILED, "cannot be mapped", 0))
		return;
	file->elf = elf_memory((char *)(uintptr_t)file->bytes, file->size);
	if (!check(gelf_getehdr(file->elf, &file->ehdr) != NULL &&
			   elf_getphdrnum(file->elf, &file->phnum) == 0 &&
			   elf_getshdrnum(file->elf, &file->shnum) == 0,
		   "libelf cannot read it", 0))
		return;
	elf_getshdrstrndx(file->elf, &file->names);
	file->phdrs = calloc(file->phnum, sizeof(GElf_Phdr));
	file->shdrs = calloc(file->shnum + 1, sizeof(GElf_Shdr));
	for (size_t i = 0; i < file->phnum; i++)
		gelf_getphdr(file->elf, (int)i, &file->phdrs[i]);
	for (size_t i = 0; i < file->shnum; i++)
		gelf_getshdr(elf_getscn(file->elf, i), &file->shdrs[i]);
	for (size_t i = 0; i < file->phnum; i++) {
		const GElf_Phdr *phdr = &file->phdrs[i];
		if (phdr->p_type != PT_DYNAMIC || phdr->p_filesz == 0)
			continue;
		Elf_Data *data = elf_getdata_rawchunk(file->elf, (int64_t)phdr->p_offset,
						      phdr->p_filesz, ELF_T_DYN);
		const size_t count = phdr->p_filesz / gelf_fsize(file->elf, ELF_T_DYN, 1, 1);
		file->dynamic = calloc(count + 1, sizeof(GElf_Dyn));
		while (data != NULL && file->tags < count &&
		       gelf_getdyn(data, (int)file->tags, &file->dynamic[file->tags]) != NULL &&
		       file->dynamic[file->tags].d_tag != DT_NULL)
			file->tags++;
	}
}

static void unload(struct file *file)
{
	elf_end(file->elf);
	if (file->bytes != NULL && file->bytes != MAP_FAILED)
		munmap((void *)(uintptr_t)file->bytes, file->size);
	free(file->phdrs);
	free(file->shdrs);
	free(file->dynamic);
}

static const char *name_of(const struct file *file, size_t index)
{
	const char *name = elf_strptr(file->elf, file->names, file->shdrs[index].sh_name);
	return name != NULL ? name : "";
}

/* The byte range at ADDRESS as the file loads it: how many bytes are there; 0 for none. */
static size_t at_address(const struct file *file, uint64_t address, const uint8_t **bytes,
			 uint32_t *flags)
{
	for (size_t i = 0; i < file->phnum; i++) {
		const GElf_Phdr *phdr = &file->phdrs[i];
		if (phdr->p_type == PT_LOAD && address >= phdr->p_vaddr &&
		    address - phdr->p_vaddr < phdr->p_filesz) {
			*bytes = file->bytes + phdr->p_offset + (address - phdr->p_vaddr);
			*flags = phdr->p_flags;
			return phdr->p_filesz - (address - phdr->p_vaddr);
		}
	}
	return 0;
}

/* --- what may differ, by the old file's addresses --- */

struct range {
	uint64_t start, end;
};

static struct range may[4096];
static size_t may_count;

static void allow(uint64_t start, uint64_t size)
{
	if (may_count < sizeof(may) / sizeof(may[0]))
		may[may_count++] = (struct range){start, start + size};
}

static bool is_allowed(uint64_t address)
{
	for (size_t i = 0; i < may_count; i++)
		if (address >= may[i].start && address < may[i].end)
			return true;
	return false;
}

static bool in_section(const struct file *file, uint64_t address)
{
	for (size_t i = 1; i < file->shnum; i++)
		if ((file->shdrs[i].sh_flags & SHF_ALLOC) != 0 &&
		    address >= file->shdrs[i].sh_addr &&
		    address - file->shdrs[i].sh_addr < file->shdrs[i].sh_size)
			return true;
	return file->shnum < 2; /* no header is left to tell */
}

/* The sections that the new tag's table lies in have to hold the same bytes at the new place. */
static void judge_table(const struct file *old, const struct file *new, uint64_t from, uint64_t to)
{
	const uint8_t *was, *is;
	uint32_t flags;
	for (size_t i = 1; i < old->shnum; i++) {
		const GElf_Shdr *shdr = &old->shdrs[i];
		if (shdr->sh_addr != from || shdr->sh_size == 0 ||
		    (shdr->sh_flags & SHF_ALLOC) == 0)
			continue;
		allow(from, shdr->sh_size);
		check(at_address(old, from, &was, &flags) >= shdr->sh_size &&
			      at_address(new, to, &is, &flags) >= shdr->sh_size &&
			      (flags & PF_W) == 0,
		      "a table that moved is not loaded", to);
		if (!bad && shdr->sh_type != SHT_DYNSYM)
			check(memcmp(was, is, shdr->sh_size) == 0, "a table that moved differs",
			      to);
	}
}

static void judge_dynamic(const struct file *old, const struct file *new)
{
	static const int64_t tables[] = {DT_GNU_HASH, DT_HASH,    DT_SYMTAB, DT_STRTAB,
					 DT_VERSYM,   DT_VERNEED, DT_VERDEF, DT_RELA,
					 DT_REL,      36,         DT_JMPREL};
	uint64_t address = 0;
	for (size_t i = 0; i < old->phnum; i++)
		if (old->phdrs[i].p_type == PT_DYNAMIC)
			address = old->phdrs[i].p_vaddr;
	if (!check(old->tags == new->tags, "dynamic tags came or went", 0))
		return;
	const size_t word = gelf_getclass(old->elf) == ELFCLASS64 ? 8 : 4;
	for (size_t i = 0; i < old->tags; i++) {
		const GElf_Dyn *was = &old->dynamic[i], *is = &new->dynamic[i];
		check(was->d_tag == is->d_tag, "another dynamic tag", (uint64_t)is->d_tag);
		if (was->d_un.d_val == is->d_un.d_val)
			continue;
		bool table = false;
		for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++)
			table |= tables[k] == was->d_tag;
		/* DT_MIPS_XHASH */
		table |= old->ehdr.e_machine == EM_MIPS && was->d_tag == 0x70000036;
		if (!check(table, "a dynamic tag's value changed", (uint64_t)was->d_tag))
			return;
		allow(address + (2 * i + 1) * word, word);
		judge_table(old, new, was->d_un.d_ptr, is->d_un.d_ptr);
	}
}

static void judge_segments(const struct file *old, const struct file *new)
{
	size_t k = 0;
	for (size_t i = 0; i < old->phnum; i++) {
		const GElf_Phdr *was = &old->phdrs[i];
		if (was->p_type == PT_NULL)
			continue;
		while (k < new->phnum &&new->phdrs[k].p_type != was->p_type)
			k++;
		if (!check(k < new->phnum, "a segment is gone", i))
			return;
		const GElf_Phdr *is = &new->phdrs[k++];
		check(was->p_flags == is->p_flags ||
			      (was->p_type == PT_LOAD && was->p_offset == 0 &&
			       is->p_flags == (was->p_flags & ~(GElf_Word)PF_W)),
		      "a segment's flags changed", i);
		switch (was->p_type) {
		case PT_LOAD:
			check(is->p_vaddr + is->p_memsz >= was->p_vaddr + was->p_memsz &&
				      is->p_vaddr <= was->p_vaddr,
			      "a PT_LOAD became shorter", i);
			break;
		case PT_NOTE:
		case PT_PHDR:
		case PT_INTERP:
		case PT_GNU_PROPERTY:
			if (was->p_vaddr != 0)
				allow(was->p_vaddr, was->p_filesz);
			break;
		default:
			check(was->p_vaddr == is->p_vaddr && was->p_filesz == is->p_filesz &&
				      was->p_memsz == is->p_memsz && was->p_align == is->p_align,
			      "a segment changed", i);
		}
	}
	for (size_t i = 0; i < new->phnum; i++) {
		const GElf_Phdr *a = &new->phdrs[i];
		for (size_t j = i + 1; j < new->phnum && a->p_type == PT_LOAD; j++) {
			const GElf_Phdr *b = &new->phdrs[j];
			if (b->p_type == PT_LOAD)
				check(a->p_vaddr + a->p_memsz <= b->p_vaddr,
				      "PT_LOADs overlap or are not in order", j);
		}
		check(a->p_filesz == 0 || a->p_offset + a->p_filesz <= new->size,
		      "a segment ends after the file", i);
		if (a->p_type == PT_INTERP) {
			for (size_t j = 0; j < old->phnum; j++)
				if (old->phdrs[j].p_type == PT_INTERP)
					check(strcmp((const char *)new->bytes + a->p_offset,
						     (const char *)old->bytes +
							     old->phdrs[j].p_offset) == 0,
					      "another interpreter", 0);
		}
	}
}

/* Every address that the old file loads. */
static void judge_memory(const struct file *old, const struct file *new)
{
	/* Symbols' section numbers: judge_symbols() reads what they mean. */
	for (size_t i = 1; i < old->shnum; i++)
		if (old->shdrs[i].sh_type == SHT_DYNSYM)
			allow(old->shdrs[i].sh_addr, old->shdrs[i].sh_size);
	for (size_t i = 0; i < old->phnum && !bad; i++) {
		const GElf_Phdr *phdr = &old->phdrs[i];
		if (phdr->p_type != PT_LOAD)
			continue;
		if (phdr->p_offset == 0) {
			const uint64_t table =
				old->ehdr.e_phoff + old->phnum * old->ehdr.e_phentsize;
			allow(phdr->p_vaddr, table + 2 * old->ehdr.e_phentsize);
		}
		for (uint64_t at = 0; at < phdr->p_filesz && !bad;) {
			const uint8_t *was = old->bytes + phdr->p_offset + at, *is = NULL;
			uint32_t flags = 0;
			size_t length = at_address(new, phdr->p_vaddr + at, &is, &flags);
			const bool page_one = phdr->p_offset == 0 && at < 4096;
			if (!check(length != 0 && (flags == phdr->p_flags ||
						   (page_one &&
						    flags == (phdr->p_flags & ~(uint32_t)PF_W))),
				   "no longer loaded so", phdr->p_vaddr + at))
				return;
			if (length > phdr->p_filesz - at)
				length = phdr->p_filesz - at;
			if (length > 4096)
				length = 4096;
			for (size_t k = 0; memcmp(was, is, length) != 0 && k < length; k++)
				if (was[k] != is[k] && !is_allowed(phdr->p_vaddr + at + k) &&
				    in_section(old, phdr->p_vaddr + at + k))
					check(false, "a loaded byte changed",
					      phdr->p_vaddr + at + k);
			at += length;
		}
	}
}

static void judge_symbols(const struct file *old, const struct file *new, size_t one, size_t two)
{
	Elf_Data *was = elf_getdata(elf_getscn(old->elf, one), NULL);
	Elf_Data *is = elf_getdata(elf_getscn(new->elf, two), NULL);
	if (was == NULL || is == NULL || old->shdrs[one].sh_entsize == 0)
		return;
	const size_t count = old->shdrs[one].sh_size / old->shdrs[one].sh_entsize;
	for (size_t i = 0; i < count && !bad; i++) {
		GElf_Sym a, b;
		if (!check(gelf_getsym(was, (int)i, &a) != NULL &&
				   gelf_getsym(is, (int)i, &b) != NULL,
			   "a symbol is gone", i))
			return;
		check(a.st_name == b.st_name && a.st_info == b.st_info &&
			      a.st_other == b.st_other && a.st_size == b.st_size,
		      "a symbol changed", i);
		const bool numbered = a.st_shndx != SHN_UNDEF && a.st_shndx < SHN_LORESERVE;
		if (!numbered || a.st_shndx >= old->shnum || b.st_shndx >= new->shnum) {
			check(a.st_value == b.st_value && a.st_shndx == b.st_shndx,
			      "a symbol's value changed", i);
			continue;
		}
		const GElf_Shdr *from = &old->shdrs[a.st_shndx], *to = &new->shdrs[b.st_shndx];
		check(strcmp(name_of(old, a.st_shndx), name_of(new, b.st_shndx)) == 0,
		      "a symbol went to another section", i);
		check(b.st_value - a.st_value == to->sh_addr - from->sh_addr,
		      "a symbol's value changed", i);
	}
}

/* Sections by their order among those of the same name. */
static size_t counterpart(const struct file *old, const struct file *new, size_t index)
{
	const char *name = name_of(old, index);
	size_t before = 0;
	for (size_t i = 1; i < index; i++)
		before += strcmp(name_of(old, i), name) == 0;
	for (size_t i = 1; i < new->shnum; i++)
		if (strcmp(name_of(new, i), name) == 0 && before-- == 0)
			return i;
	return 0;
}

static void judge_sections(const struct file *old, const struct file *new)
{
	if (old->shnum == 0)
		return;
	for (size_t i = 1; i < old->shnum && !bad; i++) {
		const GElf_Shdr *was = &old->shdrs[i];
		const size_t number = counterpart(old, new, i);
		if (!check(number != 0, "a section is gone", i))
			return;
		const GElf_Shdr *is = &new->shdrs[number];
		check(was->sh_type == is->sh_type && was->sh_flags == is->sh_flags &&
			      was->sh_addralign == is->sh_addralign &&
			      was->sh_entsize == is->sh_entsize &&
			      (was->sh_size == is->sh_size || i == old->names ||
			       was->sh_type == SHT_NOTE),
		      "a section's header changed", i);
		if (was->sh_link != 0 && was->sh_link < old->shnum)
			check(strcmp(name_of(old, was->sh_link), name_of(new, is->sh_link)) == 0,
			      "sh_link leads elsewhere", i);
		if ((was->sh_flags & SHF_ALLOC) != 0 && is->sh_type != SHT_NOBITS &&
		    is->sh_size != 0) {
			const uint8_t *bytes;
			uint32_t flags;
			check(at_address(new, is->sh_addr, &bytes, &flags) >= is->sh_size &&
				      bytes == new->bytes + is->sh_offset,
			      "a section and its segment disagree", i);
		}
		if (was->sh_type == SHT_SYMTAB || was->sh_type == SHT_DYNSYM)
			judge_symbols(old, new, i, number);
		else if (was->sh_type != SHT_NOBITS && was->sh_type != SHT_DYNAMIC &&
			 was->sh_type != SHT_NULL && i != old->names &&
			 was->sh_size == is->sh_size &&
			 was->sh_offset + was->sh_size <= old->size &&
			 is->sh_offset + is->sh_size <= new->size)
			check(memcmp(old->bytes + was->sh_offset, new->bytes + is->sh_offset,
				     was->sh_size) == 0,
			      "a section's contents changed", i);
	}
}

/* One package note: in a PT_NOTE, in a PT_LOAD, in page one, in a section of its name. */
static void judge_note(const struct file *new, const char *payload)
{
	size_t found = 0;
	for (size_t i = 0; i < new->phnum; i++) {
		const GElf_Phdr *phdr = &new->phdrs[i];
		Elf_Data *data = phdr->p_type == PT_NOTE && phdr->p_filesz != 0
					 ? elf_getdata_rawchunk(new->elf, (int64_t)phdr->p_offset,
								phdr->p_filesz,
								phdr->p_align == 8 ? ELF_T_NHDR8
										   : ELF_T_NHDR)
					 : NULL;
		size_t offset = 0, next, name, desc;
		GElf_Nhdr nhdr;
		for (; data != NULL && (next = gelf_getnote(data, offset, &nhdr, &name, &desc)) > 0;
		     offset = next) {
			const char *text = (const char *)data->d_buf + desc;
			if (nhdr.n_type != NOTE_TYPE ||
			    strcmp((const char *)data->d_buf + name, "FDO") != 0)
				continue;
			found++;
			check(phdr->p_offset + next <= 4096, "the note is not in page one",
			      phdr->p_offset + offset);
			check(nhdr.n_descsz > strlen(payload) && strcmp(text, payload) == 0,
			      "another payload", 0);
			const uint8_t *bytes;
			uint32_t flags;
			check(at_address(new, phdr->p_vaddr + offset, &bytes, &flags) >=
					      next - offset &&
				      bytes == new->bytes + phdr->p_offset + offset &&
				      (flags & PF_W) == 0,
			      "the note is not loaded, or not read-only", 0);
			bool named = new->shnum == 0;
			for (size_t k = 1; k < new->shnum; k++)
				named |= new->shdrs[k].sh_type ==
					 SHT_NOTE &&new->shdrs[k].sh_offset <=
						 phdr->p_offset + offset &&new->shdrs[k].sh_offset +
							 new->shdrs[k].sh_size >=
						 phdr->p_offset + next;
			check(named, "the note is in no section", 0);
		}
	}
	check(found == 1, "not one package note", found);
}

static void judge(const char *dir, const char *number, const char *payload)
{
	char name[8192];
	struct file old, new;
	bad = false;
	may_count = 0;
	snprintf(name, sizeof(name), "%s/%s", dir, number);
	load(&old, path);
	if (!bad)
		load(&new, name);
	if (bad)
		return;
	GElf_Ehdr header = new.ehdr;
	header.e_shoff = old.ehdr.e_shoff;
	header.e_shnum = old.ehdr.e_shnum;
	header.e_phnum = old.ehdr.e_phnum;
	header.e_shstrndx = old.ehdr.e_shstrndx;
	check(memcmp(&header, &old.ehdr, sizeof(header)) == 0, "the ELF header changed", 0);
	judge_segments(&old, &new);
	judge_dynamic(&old, &new);
	judge_memory(&old, &new);
	judge_sections(&old, &new);
	judge_note(&new, payload);
	unload(&old);
	unload(&new);
}

/* --- copying --- */

static void copy(const char *dir, unsigned *count)
{
	char name[8192];
	unsigned char head[20] = {0};
	struct stat st;
	int from = open(path, O_RDONLY);
	if (from < 0 || fstat(from, &st) != 0 || read(from, head, sizeof(head)) != sizeof(head) ||
	    memcmp(head, ELFMAG, SELFMAG) != 0 ||
	    (head[16] + head[17] != ET_EXEC && head[16] + head[17] != ET_DYN)) {
		if (from >= 0)
			close(from);
		return;
	}
	snprintf(name, sizeof(name), "%s/%u", dir, *count + 1);
	int to = open(name, O_WRONLY | O_CREAT | O_EXCL, 0755);
	off_t at = 0;
	ssize_t done = 1;
	while (to >= 0 && at < st.st_size &&
	       (done = sendfile(to, from, &at, (size_t)(st.st_size - at))) > 0)
		continue;
	if (to < 0 || done < 0) {
		perror(name);
		exit(1);
	}
	close(to);
	close(from);
	printf("%u %s\n", ++*count, path);
}

int main(int argc, char **argv)
{
	char line[4096];
	unsigned count = 0;
	bool wrong = false;
	elf_version(EV_CURRENT);
	if (argc < 3)
		return 2;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		path = line;
		if (strcmp(argv[1], "copy") == 0) {
			copy(argv[2], &count);
			continue;
		}
		char *space = strchr(line, ' ');
		if (space == NULL || argc < 4)
			return 2;
		*space = '\0';
		path = space + 1;
		judge(argv[2], line, argv[3]);
		wrong |= bad;
	}
	return wrong;
}
