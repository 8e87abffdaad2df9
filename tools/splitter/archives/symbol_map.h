/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The symbol table of a static archive; for members.c alone. */
#ifndef SPLITTER_ARCHIVES_SYMBOL_MAP_H
#define SPLITTER_ARCHIVES_SYMBOL_MAP_H

#include "tools/base/text.h"

/* Makes the symbol table in front of ARCHIVE, a whole one, anew of what its members define, as
 * ar(1) would: one that a plugin of the compiler helped with names what is gone with LTO's code,
 * too. Where a member is no ELF object, or has such code, whose symbols only the plugin knows, the
 * table stays.
 */
void symbol_map_renew(struct text *archive);

#endif
