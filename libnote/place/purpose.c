/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "place/purpose.h"

/* Code without contents, or (objcopy 2.44 does that) made a note of; or, where there is no code at
 * all, other read-only sections without contents. */
bool elf_is_debug_file(struct image *image)
{
	bool code = false, emptied = false;
	GElf_Shdr shdr;
	if (image->ehdr.e_type != ET_EXEC && image->ehdr.e_type != ET_DYN)
		return false;
	for (uint64_t i = 1; i < image->shnum; i++) {
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK)
			return false;
		if ((shdr.sh_flags & SHF_ALLOC) == 0 || shdr.sh_size == 0)
			continue;
		if ((shdr.sh_flags & SHF_EXECINSTR) != 0) {
			if (shdr.sh_type == SHT_NOBITS || shdr.sh_type == SHT_NOTE)
				return true;
			code = true;
		} else if (shdr.sh_type == SHT_NOBITS && (shdr.sh_flags & SHF_WRITE) == 0 &&
			   (shdr.sh_flags & SHF_TLS) == 0) {
			emptied = true;
		}
	}
	return emptied && !code;
}

static const struct {
	uint8_t abi;
	const char *why;
} other_systems[] = {
	{ELFOSABI_HPUX, "for HP-UX"},
	{ELFOSABI_NETBSD, "for NetBSD"},
	{ELFOSABI_SOLARIS, "for Solaris"},
	{ELFOSABI_AIX, "for AIX"},
	{ELFOSABI_IRIX, "for IRIX"},
	{ELFOSABI_FREEBSD, "for FreeBSD"},
	{ELFOSABI_TRU64, "for Tru64"},
	{ELFOSABI_OPENBSD, "for OpenBSD"},
	{ELFOSABI_STANDALONE, "for no system (firmware: its OSABI is \"standalone\")"},
};

static const char *foreign_system(const struct image *image)
{
	const uint8_t abi = image->ehdr.e_ident[EI_OSABI];
	if (abi == ELFOSABI_SYSV || abi == ELFOSABI_GNU)
		return NULL;
	/* The values from 64 on are each machine's own. */
	if (image->ehdr.e_machine == EM_ARM &&
	    (abi == ELFOSABI_ARM || abi == ELFOSABI_ARM_AEABI || abi == 65))
		return NULL;
	for (size_t i = 0; i < sizeof(other_systems) / sizeof(other_systems[0]); i++)
		if (other_systems[i].abi == abi)
			return other_systems[i].why;
	return "for another system than Linux (by its OSABI)";
}

/* The machines that Linux runs or ran on. */
static bool runs_linux(uint16_t machine)
{
	static const uint16_t machines[] = {
		EM_386,      EM_X86_64,      EM_AARCH64,      EM_ARM,      EM_S390,
		EM_PPC,      EM_PPC64,       EM_RISCV,        EM_MIPS,     EM_MIPS_RS3_LE,
		EM_SPARC,    EM_SPARC32PLUS, EM_SPARCV9,      EM_IA_64,    EM_PARISC,
		EM_ALPHA,    EM_FAKE_ALPHA,  EM_SH,           EM_68K,      EM_MICROBLAZE,
		EM_XTENSA,   EM_LOONGARCH,   EM_ALTERA_NIOS2, EM_OPENRISC, EM_ARC_COMPACT,
		EM_ARCV2,    EM_CSKY,        EM_IAMCU,        EM_M32R,     EM_CRIS,
		EM_BLACKFIN, EM_TI_C6000,    EM_TILEGX,       EM_TILEPRO,  EM_MN10300,
		164, /* Hexagon */
	};
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i] == machine)
			return true;
	return false;
}

/* Whether the ELF header is in memory, and whether a dynamic linker is asked for. */
static const char *foreign_segments(struct image *image)
{
	bool headers = false, interpreter = false;
	GElf_Phdr phdr;
	if (image->phnum == 0)
		return "that nothing loads (it has no program headers)";
	for (uint64_t i = 0; i < image->phnum; i++) {
		if (image_phdr(image, i, &phdr, NULL) != NOTE_OK)
			return NULL;
		interpreter = interpreter || phdr.p_type == PT_INTERP;
		headers = headers || (phdr.p_type == PT_LOAD && phdr.p_offset == 0 &&
				      phdr.p_filesz >= image->ehdr.e_ehsize);
	}
	return headers || interpreter ? NULL
				      : "not linked for Linux (no segment loads its headers: "
					"firmware or boot code)";
}

const char *elf_foreign(struct image *image)
{
	if (image->ehdr.e_type == ET_REL || image->ehdr.e_type == ET_CORE)
		return NULL;
	const char *why = foreign_system(image);
	if (why == NULL && !runs_linux(image->ehdr.e_machine))
		why = "for a processor that Linux does not run on";
	if (why == NULL && image->ehdr.e_type != ET_EXEC && image->ehdr.e_type != ET_DYN)
		why = "of another type than executables and shared libraries";
	return why != NULL ? why : foreign_segments(image);
}
