/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kind, machine, debuglink: see describe.h. */
#include "describe.h"

#include <string.h>

#include "error.h"

/* Of a dynamic section no more than this is looked at: sound ones have some dozen entries. */
#define MAX_DYNAMIC 4096

#define MAX_AHEAD 16384

#define EM_ALPHA_LINUX 0x9026

struct dynamic {
	bool pie;
	bool soname;
};

/* In most libraries little lies between the dynamic section and the section headers, which will be
 * asked for next: one read for both. */
static void read_ahead(struct image *image, const GElf_Phdr *phdr)
{
	const size_t shsize = image->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	struct span ahead;
	const uint64_t end = image->ehdr.e_shoff + image->shnum * shsize;
	if (image->shnum != 0 && end > phdr->p_offset && end - phdr->p_offset <= MAX_AHEAD)
		image_span(image, phdr->p_offset, end - phdr->p_offset, "", &ahead, NULL);
}

static void read_dynamic(struct image *image, const GElf_Phdr *phdr, struct dynamic *out)
{
	read_ahead(image, phdr);
	const size_t unit = image->is_64 ? 8 : 4;
	uint64_t count = phdr->p_filesz / (2 * unit);
	if (count > MAX_DYNAMIC)
		count = MAX_DYNAMIC;
	struct span table;
	if (image_span(image, phdr->p_offset, count * 2 * unit, "dynamic section", &table, NULL) !=
	    NOTE_OK)
		return;
	for (uint64_t at = 0; at < table.size; at += 2 * unit) {
		const uint64_t tag = span_word(table, at, image->is_64, image->is_big);
		const uint64_t value = span_word(table, at + unit, image->is_64, image->is_big);
		if (tag == DT_NULL)
			break;
		out->soname = out->soname || tag == DT_SONAME;
		out->pie = out->pie || (tag == DT_FLAGS_1 && (value & DF_1_PIE) != 0);
	}
}

enum note_kind elf_file_kind(struct image *image)
{
	GElf_Phdr phdr;
	struct dynamic dynamic = {false, false};
	bool interpreter = false;
	switch (image->ehdr.e_type) {
	case ET_EXEC:
		return NOTE_KIND_EXECUTABLE;
	case ET_REL:
		return NOTE_KIND_RELOCATABLE;
	case ET_CORE:
		return NOTE_KIND_CORE;
	case ET_DYN:
		break;
	default:
		return NOTE_KIND_OTHER;
	}
	for (uint64_t i = 0; i < image->phnum; i++) {
		if (image_phdr(image, i, &phdr, NULL) != NOTE_OK)
			break;
		interpreter = interpreter || phdr.p_type == PT_INTERP;
		if (phdr.p_type == PT_DYNAMIC) {
			read_dynamic(image, &phdr, &dynamic);
			break;
		}
	}
	return dynamic.pie || (interpreter && !dynamic.soname) ? NOTE_KIND_EXECUTABLE
							       : NOTE_KIND_SHARED_LIBRARY;
}

struct machine {
	uint16_t number;
	const char *names[4]; /* 32 little, 32 big, 64 little, 64 big; NULL: the first one */
};

static const struct machine elf_machines[] = {
	{EM_386, {"i386"}},
	{EM_IAMCU, {"iamcu"}},
	{EM_X86_64, {"x86_64"}},
	{EM_ARM, {"arm", "armeb"}},
	{EM_AARCH64, {"aarch64", "aarch64_be", "aarch64", "aarch64_be"}},
	{EM_S390, {"s390", "s390", "s390x", "s390x"}},
	{EM_PPC, {"ppcle", "ppc"}},
	{EM_PPC64, {"ppc64le", "ppc64", "ppc64le", "ppc64"}},
	{EM_RISCV, {"riscv32", "riscv32", "riscv64", "riscv64"}},
	{EM_MIPS, {"mipsel", "mips", "mips64el", "mips64"}},
	{EM_MIPS_RS3_LE, {"mipsel"}},
	{EM_LOONGARCH, {"loongarch32", "loongarch32", "loongarch64", "loongarch64"}},
	{EM_SPARC, {"sparc"}},
	{EM_SPARC32PLUS, {"sparc32plus"}},
	{EM_SPARCV9, {"sparc64"}},
	{EM_IA_64, {"ia64"}},
	{EM_ALPHA, {"alpha"}},
	{EM_ALPHA_LINUX, {"alpha"}},
	{EM_PARISC, {"parisc", "parisc", "parisc64", "parisc64"}},
	{EM_68K, {"m68k"}},
	{EM_SH, {"sh4", "sh4eb"}},
	{EM_XTENSA, {"xtensa"}},
	{EM_ARC, {"arc"}},
	{EM_ARCV2, {"arc"}},
	{EM_CSKY, {"csky"}},
	{EM_OPENRISC, {"or1k"}},
	{EM_MICROBLAZE, {"microblaze"}},
	{EM_NDS32, {"nds32"}},
	{EM_TILEGX, {"tilegx"}},
	{EM_ALTERA_NIOS2, {"nios2"}},
	{EM_AVR, {"avr"}},
	{EM_MSP430, {"msp430"}},
	{EM_BPF, {"bpf"}},
	{EM_AMDGPU, {"amdgpu"}},
	{EM_CUDA, {"cuda"}},
	{EM_VAX, {"vax"}},
	{EM_NONE, {"none"}},
};

const char *elf_machine_name(uint16_t machine, bool is_64, bool is_big)
{
	for (size_t i = 0; i < sizeof(elf_machines) / sizeof(elf_machines[0]); i++) {
		if (elf_machines[i].number != machine)
			continue;
		const char *name = elf_machines[i].names[(is_64 ? 2 : 0) + (is_big ? 1 : 0)];
		return name != NULL ? name : elf_machines[i].names[0];
	}
	return "unknown";
}

/* "PE Format", "Machine Types". */
const char *pe_machine_name(uint16_t machine)
{
	static const struct machine machines[] = {
		{0x8664, {"x86_64"}},      {0x014c, {"i386"}},    {0xaa64, {"aarch64"}},
		{0x01c0, {"arm"}},         {0x01c2, {"arm"}},     {0x01c4, {"arm"}},
		{0x5032, {"riscv32"}},     {0x5064, {"riscv64"}}, {0x6232, {"loongarch32"}},
		{0x6264, {"loongarch64"}}, {0x0200, {"ia64"}},    {0x0ebc, {"ebc"}},
		{0x0000, {"none"}},
	};
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].number == machine)
			return machines[i].names[0];
	return "unknown";
}

int elf_debuglink(struct image *image, const char **name, uint32_t *crc, struct note_error *err)
{
	GElf_Shdr shdr;
	struct span bytes;
	uint64_t at;
	if (image_find_section(image, ".gnu_debuglink", &shdr) == 0 || shdr.sh_type == SHT_NOBITS)
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no .gnu_debuglink");
	int code = image_span(image, shdr.sh_offset, shdr.sh_size, ".gnu_debuglink", &bytes, err);
	if (code != NOTE_OK)
		return code;
	const uint64_t length = span_length(bytes, 0);
	/* The name, its NUL, padding to 4, the CRC. */
	if (length == 0 || !align_up(length + 1, 4, &at) || !span_holds(bytes.size, at, 4))
		return error_set(err, NOTE_MALFORMED, shdr.sh_offset, ".gnu_debuglink is broken");
	*name = span_string(bytes, 0);
	*crc = span_u32(bytes, at, image->is_big);
	return NOTE_OK;
}

struct type_name {
	const char *owner;
	uint32_t type;
	const char *name;
};

const char *note_type_name(const char *owner, uint32_t type)
{
	static const struct type_name names[] = {
		{"FDO", NOTE_TYPE_PACKAGE, "NT_FDO_PACKAGING_METADATA"},
		{"FDO", NOTE_TYPE_DLOPEN, "NT_FDO_DLOPEN_METADATA"},
		{"GNU", 1, "NT_GNU_ABI_TAG"},
		{"GNU", 2, "NT_GNU_HWCAP"},
		{"GNU", 3, "NT_GNU_BUILD_ID"},
		{"GNU", 4, "NT_GNU_GOLD_VERSION"},
		{"GNU", 5, "NT_GNU_PROPERTY_TYPE_0"},
		{"Go", 4, "NT_GO_BUILDID"},
		{"stapsdt", 3, "NT_STAPSDT"},
		{"Android", 1, "NT_ANDROID_TYPE_IDENT"},
		{"FreeBSD", 1, "NT_FREEBSD_ABI_TAG"},
		{"NetBSD", 1, "NT_NETBSD_IDENT"},
		{"OpenBSD", 1, "NT_OPENBSD_IDENT"},
		{"OpenBSD", 0, "NT_VERSION"},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type && strcmp(names[i].owner, owner) == 0)
			return names[i].name;
	/* annobin: the owner is the attribute itself. */
	if (owner[0] == 'G' && owner[1] == 'A' && (type == 0x100 || type == 0x101))
		return type == 0x100 ? "NT_GNU_BUILD_ATTRIBUTE_OPEN"
				     : "NT_GNU_BUILD_ATTRIBUTE_FUNC";
	return NULL;
}
