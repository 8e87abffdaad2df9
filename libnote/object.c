/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The package note as an object file to link in, for linkers without --package-metadata.
 *
 * Its other sections keep the link as it would be without it: .note.GNU-stack, so that the stack
 * does not become executable, and, where linkers AND the features of all objects (Intel's IBT and
 * shadow stack, Arm's BTI and PAC), a .note.gnu.property that has them all: there is no code here
 * that could break the promise.
 * Specification: UAPI.8; System V gABI, chapter 4; the x86-64 and AArch64 psABIs for the property.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "image.h"
#include "payload/payload.h"

struct target {
	const char *name;
	uint16_t machine;
	bool is_64;
	bool is_big;
	uint32_t flags; /* e_flags of the ABI that distributions build for */
};

static const struct target targets[] = {
	{"x86_64", EM_X86_64, true, false, 0},
	{"i386", EM_386, false, false, 0},
	{"i686", EM_386, false, false, 0},
	{"aarch64", EM_AARCH64, true, false, 0},
	{"arm", EM_ARM, false, false, EF_ARM_EABI_VER5},
	{"s390x", EM_S390, true, true, 0},
	{"ppc64le", EM_PPC64, true, false, 2},
	{"ppc64", EM_PPC64, true, true, 0},
	{"riscv64", EM_RISCV, true, false, EF_RISCV_RVC | EF_RISCV_FLOAT_ABI_DOUBLE},
	{"loongarch64", EM_LOONGARCH, true, false, 0x43},
	{"mips", EM_MIPS, false, true, EF_MIPS_ARCH_32R2 | 0x1004 | EF_MIPS_NOREORDER},
	{"mipsel", EM_MIPS, false, false, EF_MIPS_ARCH_32R2 | 0x1004 | EF_MIPS_NOREORDER},
	{"mips64el", EM_MIPS, true, false, EF_MIPS_ARCH_64R2 | 0x4 | EF_MIPS_NOREORDER},
};

static int find_target(struct target *target, const char *machine, const void *like,
		       size_t like_size, struct note_error *err)
{
	if (like != NULL) {
		struct image *image = NULL;
		int code = image_open_memory(&image, like, like_size, err);
		if (code == NOTE_OK)
			code = image_read_elf(image, err);
		if (code == NOTE_OK)
			*target = (struct target){NULL, image->ehdr.e_machine, image->is_64,
						  image->is_big, image->ehdr.e_flags};
		image_close(image);
		return code == NOTE_ABSENT ? error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
						       "the file to be like is no ELF file")
					   : code;
	}
	for (size_t i = 0; machine != NULL && i < sizeof(targets) / sizeof(targets[0]); i++)
		if (strcmp(targets[i].name, machine) == 0) {
			*target = targets[i];
			return NOTE_OK;
		}
	return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "no machine is known as '%s'",
			 machine != NULL ? machine : "");
}

/* The property note that keeps what linkers AND; 0 where there is none. */
static size_t build_property(const struct target *target, const struct image *shape,
			     uint8_t note[32])
{
	uint32_t type;
	if (target->machine == EM_X86_64 || target->machine == EM_386)
		type = GNU_PROPERTY_X86_FEATURE_1_AND;
	else if (target->machine == EM_AARCH64)
		type = GNU_PROPERTY_AARCH64_FEATURE_1_AND;
	else
		return 0;
	const uint32_t size = target->is_64 ? 16 : 12;
	const uint32_t words[] = {sizeof(ELF_NOTE_GNU), size, NT_GNU_PROPERTY_TYPE_0};
	struct output out = {.bytes = note, .size = 32};
	output_fill(&out, 0, 32, 0);
	for (unsigned i = 0; i < 3; i++)
		output_u32(&out, 4 * i, words[i], shape->is_big);
	output_copy(&out, 12, (struct span){(const uint8_t *)ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)});
	output_u32(&out, 16, type, shape->is_big);
	output_u32(&out, 20, 4, shape->is_big);
	output_u32(&out, 24, 3, shape->is_big); /* both features of either machine */
	return 16 + (size_t)size;
}

/* Section names, and where in this string each begins. */
static const char names[] = "\0.note.package\0.note.gnu.property\0.note.GNU-stack\0.shstrtab";
enum { NAME_PACKAGE = 1, NAME_PROPERTY = 15, NAME_STACK = 34, NAME_NAMES = 50 };

static int put_headers(const struct target *target, const struct image *shape, struct output *file,
		       size_t package_size, size_t property_size, struct note_error *err)
{
	const size_t header = target->is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	const size_t entry = target->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	const uint64_t align = target->is_64 ? 8 : 4;
	uint64_t property, strings, table;
	align_up(header + package_size, 8, &property);
	strings = property + property_size;
	align_up(strings + sizeof(names), 8, &table);
	GElf_Shdr shdrs[5] = {
		{.sh_type = SHT_NULL},
		{.sh_name = NAME_PACKAGE,
		 .sh_type = SHT_NOTE,
		 .sh_flags = SHF_ALLOC,
		 .sh_offset = header,
		 .sh_size = package_size,
		 .sh_addralign = 4},
		{.sh_name = NAME_STACK,
		 .sh_type = SHT_PROGBITS,
		 .sh_offset = strings,
		 .sh_addralign = 1},
		{.sh_name = NAME_NAMES,
		 .sh_type = SHT_STRTAB,
		 .sh_offset = strings,
		 .sh_size = sizeof(names),
		 .sh_addralign = 1},
		{.sh_name = NAME_PROPERTY,
		 .sh_type = SHT_NOTE,
		 .sh_flags = SHF_ALLOC,
		 .sh_offset = property,
		 .sh_size = property_size,
		 .sh_addralign = align},
	};
	const size_t count = property_size != 0 ? 5 : 4;
	const GElf_Ehdr ehdr = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
			    target->is_64 ? ELFCLASS64 : ELFCLASS32,
			    target->is_big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_REL,
		.e_machine = target->machine,
		.e_version = EV_CURRENT,
		.e_shoff = table,
		.e_flags = target->flags,
		.e_ehsize = (GElf_Half)header,
		.e_shentsize = (GElf_Half)entry,
		.e_shnum = (GElf_Half)count,
		.e_shstrndx = 3,
	};
	uint8_t *to = output_at(file, 0, header);
	int code = to != NULL ? image_put_ehdr(shape, to, &ehdr, err) : NOTE_OK;
	for (size_t i = 0; i < count && code == NOTE_OK; i++) {
		to = output_at(file, table + i * entry, entry);
		code = to != NULL ? image_put_shdr(shape, to, &shdrs[i], err) : NOTE_OK;
	}
	output_copy(file, strings, (struct span){(const uint8_t *)names, sizeof(names)});
	return code;
}

int note_object(const char *payload, const char *machine, const void *like, size_t like_size,
		void **out, size_t *out_size, struct note_error *err)
{
	struct target target = {0};
	uint64_t package_size = 0;
	uint8_t property[32];
	*out = NULL;
	*out_size = 0;
	int code = package_check(payload, err);
	if (code == NOTE_OK)
		code = find_target(&target, machine, like, like_size, err);
	if (code != NOTE_OK)
		return code;
	const struct image shape = {.is_64 = target.is_64, .is_big = target.is_big};
	const size_t property_size = build_property(&target, &shape, property);
	uint8_t *package = package_note(&shape, payload, &package_size);
	/* Headers, padding and names come to less than this. */
	const size_t room = package_size + property_size + 1024;
	uint8_t *file = package != NULL ? calloc(1, room) : NULL;
	if (file == NULL) {
		free(package);
		return error_system(err, "object");
	}
	const size_t header = target.is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	const size_t entry = target.is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	uint64_t at, table;
	align_up(header + package_size, 8, &at);
	align_up(at + property_size + sizeof(names), 8, &table);
	struct output output = {.bytes = file, .size = room};
	output_copy(&output, header, (struct span){package, package_size});
	output_copy(&output, at, (struct span){property, property_size});
	free(package);
	code = put_headers(&target, &shape, &output, package_size, property_size, err);
	if (code == NOTE_OK && output.missed)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "object: too small a room");
	if (code != NOTE_OK) {
		free(file);
		return code;
	}
	*out = file;
	*out_size = table + (property_size != 0 ? 5 : 4) * entry;
	return NOTE_OK;
}
