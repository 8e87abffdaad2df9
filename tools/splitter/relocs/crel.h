/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Relocations in the compact form (SHT_CREL, clang --crel): a head, the number of relocations times
 * 8, plus 4 where they have addends, plus the bits that offsets are shifted by; then for each a
 * byte, whose low bits say which of symbol, type and addend differ from the one before, with the
 * rest of the difference of offsets; then those differences (proposed for the gABI; MCTargetOptions
 * and llvm/Object/RelocationResolver in LLVM 19). Numbers are LEB128.
 */
#ifndef SPLITTER_RELOCS_CREL_H
#define SPLITTER_RELOCS_CREL_H

#include <stdint.h>

#include "libnote/note.h"
#include "tools/base/text.h"

#ifndef SHT_CREL
#define SHT_CREL 0x40000014
#endif

/* The same relocations with new numbers of symbols: TO has those of COUNT symbols, 0 for one that
 * is gone, which is NOTE_UNSUPPORTED where it is needed. */
int crel_renumber(struct text *out, const uint8_t *bytes, uint64_t size, const uint32_t *to,
		  uint64_t count, struct note_error *err);

#endif
