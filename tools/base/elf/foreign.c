/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/elf/foreign.h"

#include <stdio.h>
#include <string.h>

#include "libnote/describe.h"
#include "libnote/elf_values.h"
#include "libnote/note.h"
#include "libnote/place/purpose.h"

/* Machines that Linux was ported to (arch/ of its releases, old and new), by their numbers, of
 * which not every elf.h has all names. Others' code is firmware, or for a coprocessor. */
static bool runs_linux(unsigned machine)
{
	static const uint16_t machines[] = {
		2 /* SPARC */,       3 /* 386 */,        4 /* 68K */,          8 /* MIPS */,
		10 /* MIPS_RS3 */,   15 /* PARISC */,    18 /* SPARC32PLUS */, 20 /* PPC */,
		21 /* PPC64 */,      22 /* S390 */,      40 /* ARM */,         42 /* SH */,
		43 /* SPARCV9 */,    50 /* IA_64 */,     62 /* X86_64 */,      76 /* CRIS */,
		88 /* M32R */,       89 /* MN10300 */,   92 /* OPENRISC */,    93 /* ARC_COMPACT */,
		94 /* XTENSA */,     106 /* BLACKFIN */, 113 /* NIOS2 */,      140 /* TI_C6000 */,
		164 /* QDSP6 */,     183 /* AARCH64 */,  185 /* AVR32 */,      189 /* MICROBLAZE */,
		191 /* TILEGX */,    195 /* ARCV2 */,    243 /* RISCV */,      252 /* CSKY */,
		258 /* LOONGARCH */, 0x9026 /* ALPHA */,
	};
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i] == machine)
			return true;
	return false;
}

/* Of this system's own machine a linker may leave no trace of Linux (ld by hand, old toolchains),
 * and the file is a program nevertheless. */
static bool is_own_machine(unsigned machine)
{
#if defined(__x86_64__) || defined(__i386__)
	return machine == EM_X86_64 || machine == EM_386;
#elif defined(__aarch64__) || defined(__arm__)
	return machine == EM_AARCH64 || machine == EM_ARM;
#elif defined(__powerpc__)
	return machine == EM_PPC64 || machine == EM_PPC;
#elif defined(__s390__)
	return machine == EM_S390;
#elif defined(__riscv)
	return machine == EM_RISCV;
#else
	(void)machine;
	return true;
#endif
}

/* GNU's and LLVM's linkers say by a segment what Linux is to do with the file. */
static bool has_linux_segment(struct image *image)
{
	for (uint64_t i = 0; i < image->phnum; i++) {
		GElf_Phdr phdr;
		if (image_phdr(image, i, &phdr, NULL) != NOTE_OK)
			return true; /* broken: not for us to judge */
		if (phdr.p_type == PT_INTERP || phdr.p_type == PT_DYNAMIC ||
		    (phdr.p_type >= PT_LOOS && phdr.p_type < PT_LOPROC))
			return true;
	}
	return false;
}

static bool has_linux_note(struct image *image)
{
	for (uint64_t i = 1; i < image->shnum; i++) {
		GElf_Shdr shdr;
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK)
			return true;
		const char *name = image_section_name(image, &shdr, NULL);
		if (name != NULL && shdr.sh_type == SHT_NOTE &&
		    (strncmp(name, ".note.gnu.", 10) == 0 || strcmp(name, ".note.ABI-tag") == 0 ||
		     strncmp(name, ".note.go.", 9) == 0))
			return true;
	}
	return false;
}

/* Ends the walk, with an answer, at the first note of the kernel's (include/linux/elfnote.h). */
static bool is_of_another(void *context, const struct elf_note *note)
{
	bool *found = context;
	*found = strcmp(note->owner, "Linux") == 0;
	return !*found;
}

bool elf_is_kernel(struct image *image)
{
	bool found = false;
	if (image->ehdr.e_type != ET_REL)
		elf_notes(image, is_of_another, &found, NULL);
	return found;
}

bool elf_is_foreign(struct image *image, char reason[REASON_SIZE])
{
	const unsigned machine = image->ehdr.e_machine;
	const unsigned abi = image->ehdr.e_ident[EI_OSABI];
	const char *name = elf_machine_name((uint16_t)machine, image->is_64, image->is_big);
	if (!runs_linux(machine))
		snprintf(reason, REASON_SIZE, "not for Linux: code of machine %u (%s)", machine,
			 name);
	else if (abi != ELFOSABI_SYSV && abi != ELFOSABI_GNU && abi != ELFOSABI_ARM &&
		 abi != ELFOSABI_ARM_AEABI)
		snprintf(reason, REASON_SIZE, "not for Linux: it is of OS ABI %u", abi);
	else if (!is_own_machine(machine) && !has_linux_segment(image) && !has_linux_note(image) &&
		 !elf_is_kernel(image))
		snprintf(reason, REASON_SIZE,
			 "not for Linux: nothing in this file of machine %s says so", name);
	else if (!elf_loads_headers(image) && !has_linux_note(image) && !elf_is_kernel(image))
		snprintf(
			reason, REASON_SIZE,
			"not linked for Linux: no segment loads its headers (firmware, boot code)");
	else
		return false;
	return true;
}
