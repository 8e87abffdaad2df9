/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/relocs/reloc_types.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

/* --- types --- */

struct row {
	uint16_t machine;
	uint16_t type;
	struct reloc_kind kind;
};

static const struct row rows[] = {
	{EM_386, 1 /* R_386_32 */, {RELOC_SET, 32}},
	{EM_386, 20 /* R_386_16 */, {RELOC_SET, 16}},
	{EM_386, 22 /* R_386_8 */, {RELOC_SET, 8}},
	{EM_X86_64, 1 /* R_X86_64_64 */, {RELOC_SET, 64}},
	{EM_X86_64, 10 /* R_X86_64_32 */, {RELOC_SET, 32}},
	{EM_X86_64, 11 /* R_X86_64_32S */, {RELOC_SET, 32}},
	{EM_X86_64, 12 /* R_X86_64_16 */, {RELOC_SET, 16}},
	{EM_X86_64, 14 /* R_X86_64_8 */, {RELOC_SET, 8}},
	{EM_AARCH64, 257 /* R_AARCH64_ABS64 */, {RELOC_SET, 64}},
	{EM_AARCH64, 258 /* R_AARCH64_ABS32 */, {RELOC_SET, 32}},
	{EM_AARCH64, 259 /* R_AARCH64_ABS16 */, {RELOC_SET, 16}},
	{EM_ARM, 2 /* R_ARM_ABS32 */, {RELOC_SET, 32}},
	{EM_ARM, 5 /* R_ARM_ABS16 */, {RELOC_SET, 16}},
	{EM_ARM, 8 /* R_ARM_ABS8 */, {RELOC_SET, 8}},
	{EM_PPC, 1 /* R_PPC_ADDR32 */, {RELOC_SET, 32}},
	{EM_PPC, 3 /* R_PPC_ADDR16 */, {RELOC_SET, 16}},
	{EM_PPC, 24 /* R_PPC_UADDR32 */, {RELOC_SET, 32}},
	{EM_PPC, 25 /* R_PPC_UADDR16 */, {RELOC_SET, 16}},
	{EM_PPC64, 1 /* R_PPC64_ADDR32 */, {RELOC_SET, 32}},
	{EM_PPC64, 3 /* R_PPC64_ADDR16 */, {RELOC_SET, 16}},
	{EM_PPC64, 24 /* R_PPC64_UADDR32 */, {RELOC_SET, 32}},
	{EM_PPC64, 25 /* R_PPC64_UADDR16 */, {RELOC_SET, 16}},
	{EM_PPC64, 38 /* R_PPC64_ADDR64 */, {RELOC_SET, 64}},
	{EM_PPC64, 43 /* R_PPC64_UADDR64 */, {RELOC_SET, 64}},
	{EM_S390, 1 /* R_390_8 */, {RELOC_SET, 8}},
	{EM_S390, 3 /* R_390_16 */, {RELOC_SET, 16}},
	{EM_S390, 4 /* R_390_32 */, {RELOC_SET, 32}},
	{EM_S390, 22 /* R_390_64 */, {RELOC_SET, 64}},
	{EM_RISCV, 1 /* R_RISCV_32 */, {RELOC_SET, 32}},
	{EM_RISCV, 2 /* R_RISCV_64 */, {RELOC_SET, 64}},
	{EM_RISCV, 33 /* R_RISCV_ADD8 */, {RELOC_ADD, 8}},
	{EM_RISCV, 34 /* R_RISCV_ADD16 */, {RELOC_ADD, 16}},
	{EM_RISCV, 35 /* R_RISCV_ADD32 */, {RELOC_ADD, 32}},
	{EM_RISCV, 36 /* R_RISCV_ADD64 */, {RELOC_ADD, 64}},
	{EM_RISCV, 37 /* R_RISCV_SUB8 */, {RELOC_SUB, 8}},
	{EM_RISCV, 38 /* R_RISCV_SUB16 */, {RELOC_SUB, 16}},
	{EM_RISCV, 39 /* R_RISCV_SUB32 */, {RELOC_SUB, 32}},
	{EM_RISCV, 40 /* R_RISCV_SUB64 */, {RELOC_SUB, 64}},
	{EM_RISCV, 52 /* R_RISCV_SUB6 */, {RELOC_SUB, 6}},
	{EM_RISCV, 53 /* R_RISCV_SET6 */, {RELOC_SET, 6}},
	{EM_RISCV, 54 /* R_RISCV_SET8 */, {RELOC_SET, 8}},
	{EM_RISCV, 55 /* R_RISCV_SET16 */, {RELOC_SET, 16}},
	{EM_RISCV, 56 /* R_RISCV_SET32 */, {RELOC_SET, 32}},
	{EM_RISCV, 60 /* R_RISCV_SET_ULEB128 */, {RELOC_SET, 0}},
	{EM_RISCV, 61 /* R_RISCV_SUB_ULEB128 */, {RELOC_SUB, 0}},
	{EM_LOONGARCH, 1 /* R_LARCH_32 */, {RELOC_SET, 32}},
	{EM_LOONGARCH, 2 /* R_LARCH_64 */, {RELOC_SET, 64}},
	{EM_LOONGARCH, 47 /* R_LARCH_ADD8 */, {RELOC_ADD, 8}},
	{EM_LOONGARCH, 48 /* R_LARCH_ADD16 */, {RELOC_ADD, 16}},
	{EM_LOONGARCH, 49 /* R_LARCH_ADD24 */, {RELOC_ADD, 24}},
	{EM_LOONGARCH, 50 /* R_LARCH_ADD32 */, {RELOC_ADD, 32}},
	{EM_LOONGARCH, 51 /* R_LARCH_ADD64 */, {RELOC_ADD, 64}},
	{EM_LOONGARCH, 52 /* R_LARCH_SUB8 */, {RELOC_SUB, 8}},
	{EM_LOONGARCH, 53 /* R_LARCH_SUB16 */, {RELOC_SUB, 16}},
	{EM_LOONGARCH, 54 /* R_LARCH_SUB24 */, {RELOC_SUB, 24}},
	{EM_LOONGARCH, 55 /* R_LARCH_SUB32 */, {RELOC_SUB, 32}},
	{EM_LOONGARCH, 56 /* R_LARCH_SUB64 */, {RELOC_SUB, 64}},
	{EM_LOONGARCH, 105 /* R_LARCH_ADD6 */, {RELOC_ADD, 6}},
	{EM_LOONGARCH, 106 /* R_LARCH_SUB6 */, {RELOC_SUB, 6}},
	{EM_LOONGARCH, 107 /* R_LARCH_ADD_ULEB128 */, {RELOC_ADD, 0}},
	{EM_LOONGARCH, 108 /* R_LARCH_SUB_ULEB128 */, {RELOC_SUB, 0}},
};

bool reloc_knows(unsigned machine)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].machine == machine)
			return true;
	return false;
}

bool reloc_find(unsigned machine, uint32_t type, struct reloc_kind *out)
{
	*out = (struct reloc_kind){RELOC_NONE, 8};
	if (type == 0) /* R_*_NONE of every machine */
		return true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].machine == machine && rows[i].type == type) {
			*out = rows[i].kind;
			return true;
		}
	return false;
}

/* --- places --- */

static uint64_t combine(enum reloc_operation operation, uint64_t old, uint64_t value)
{
	switch (operation) {
	case RELOC_ADD:
		return old + value;
	case RELOC_SUB:
		return old - value;
	default:
		return value;
	}
}

/* Modulo what its bytes can hold: halfway through a pair the number may be larger. */
static bool apply_uleb(enum reloc_operation operation, uint8_t *p, uint64_t room, uint64_t value)
{
	uint64_t old = 0;
	uint64_t length = 0;
	do {
		if (length == room || length == 10)
			return false;
		old |= length < 9 || (p[length] & 0x7e) == 0
			       ? (uint64_t)(p[length] & 0x7f) << (7 * length)
			       : 0;
	} while ((p[length++] & 0x80) != 0);
	uint64_t now = combine(operation, old, value);
	for (uint64_t i = 0; i < length; i++, now >>= 7)
		p[i] = (uint8_t)((p[i] & 0x80) | (now & 0x7f));
	return true;
}

uint64_t reloc_read(const struct image *image, const uint8_t *p, unsigned bits)
{
	switch (bits) {
	case 64:
		return image_u64(image, p);
	case 32:
		return image_u32(image, p);
	case 16:
		return image_u16(image, p);
	case 24: /* little-endian machines alone have it */
		return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16;
	default:
		return p[0];
	}
}

static void write_place(const struct image *image, uint8_t *p, unsigned bits, uint64_t value)
{
	switch (bits) {
	case 64:
		image_put64(image, p, value);
		break;
	case 32:
		image_put32(image, p, (uint32_t)value);
		break;
	case 16:
		image_put16(image, p, (uint16_t)value);
		break;
	case 24:
		p[0] = (uint8_t)value;
		p[1] = (uint8_t)(value >> 8);
		p[2] = (uint8_t)(value >> 16);
		break;
	case 6: /* the other two are part of an opcode */
		p[0] = (uint8_t)((p[0] & 0xc0) | (value & 0x3f));
		break;
	default:
		p[0] = (uint8_t)value;
		break;
	}
}

bool reloc_apply(const struct image *image, const struct reloc_kind *kind, uint8_t *bytes,
		 uint64_t size, uint64_t offset, uint64_t value)
{
	if (kind->operation == RELOC_NONE)
		return true;
	const unsigned length = (kind->bits + 7) / 8;
	if (offset > size || length > size - offset)
		return false;
	uint8_t *p = bytes + offset;
	if (kind->bits == 0)
		return apply_uleb(kind->operation, p, size - offset, value);
	if (kind->operation == RELOC_SET && kind->bits >= 16 && kind->bits < 64 &&
	    value >> kind->bits != 0 && (int64_t)value >> (kind->bits - 1) != -1)
		return false;
	write_place(image, p, kind->bits,
		    combine(kind->operation, reloc_read(image, p, kind->bits), value));
	return true;
}
