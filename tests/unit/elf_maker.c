/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/elf_maker.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tools/base/text.h"

static void add_section(Elf *elf, const struct made_section *made, uint32_t name)
{
	GElf_Shdr shdr;
	Elf_Scn *section = elf_newscn(elf);
	Elf_Data *data = elf_newdata(section);
	CU_ASSERT_PTR_NOT_NULL_FATAL(data);
	data->d_buf = (void *)(uintptr_t)made->bytes;
	data->d_size = made->size;
	data->d_type = ELF_T_BYTE;
	data->d_align = 4;
	data->d_version = EV_CURRENT;
	gelf_getshdr(section, &shdr);
	shdr.sh_name = name;
	shdr.sh_type = made->type;
	shdr.sh_flags = made->flags;
	shdr.sh_addr = made->address;
	shdr.sh_link = made->link;
	shdr.sh_entsize = made->entry;
	shdr.sh_addralign = 4;
	gelf_update_shdr(section, &shdr);
}

static uint8_t *read_back(int fd, size_t *size)
{
	struct stat st;
	CU_ASSERT_EQUAL_FATAL(fstat(fd, &st), 0);
	*size = (size_t)st.st_size;
	uint8_t *bytes = xmalloc(*size);
	CU_ASSERT_EQUAL_FATAL(pread(fd, bytes, *size, 0), st.st_size);
	return bytes;
}

uint8_t *make_elf(int class, int data, const struct made_section *sections, size_t count,
		  size_t *size)
{
	char path[] = "/tmp/pkgnote-elf-XXXXXX";
	struct text names = {0};
	GElf_Ehdr ehdr;
	GElf_Phdr phdr = {.p_type = PT_LOAD, .p_flags = PF_R};
	const int fd = mkstemp(path);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	unlink(path);
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_WRITE, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(elf);
	gelf_newehdr(elf, class);
	gelf_newphdr(elf, 1);
	gelf_getehdr(elf, &ehdr);
	ehdr.e_ident[EI_DATA] = (unsigned char)data;
	ehdr.e_type = ET_DYN;
	ehdr.e_machine = class == ELFCLASS64 ? EM_PPC64 : EM_MIPS;
	ehdr.e_version = EV_CURRENT;
	ehdr.e_shstrndx = (uint16_t)(count + 1);
	gelf_update_ehdr(elf, &ehdr);
	text_add(&names, "", 1);
	uint32_t *offsets = xcalloc(count + 1, sizeof(*offsets));
	for (size_t i = 0; i <= count; i++) {
		const char *name = i < count ? sections[i].name : ".shstrtab";
		offsets[i] = (uint32_t)names.size;
		text_add(&names, name, strlen(name) + 1);
	}
	for (size_t i = 0; i < count; i++)
		add_section(elf, &sections[i], offsets[i]);
	const struct made_section table = {".shstrtab", SHT_STRTAB, 0, 0,
					   names.data,  names.size, 0, 0};
	add_section(elf, &table, offsets[count]);
	elf_update(elf, ELF_C_NULL);
	for (size_t i = 0; i < count; i++) {
		GElf_Shdr shdr;
		gelf_getshdr(elf_getscn(elf, i + 1), &shdr);
		if ((shdr.sh_flags & SHF_ALLOC) != 0 && shdr.sh_type != SHT_NOBITS)
			phdr.p_filesz = shdr.sh_offset + shdr.sh_size;
	}
	phdr.p_memsz = phdr.p_filesz;
	phdr.p_align = 4096;
	gelf_update_phdr(elf, 0, &phdr);
	CU_ASSERT_TRUE_FATAL(elf_update(elf, ELF_C_WRITE) > 0);
	elf_end(elf);
	uint8_t *bytes = read_back(fd, size);
	close(fd);
	free(offsets);
	text_free(&names);
	return bytes;
}
