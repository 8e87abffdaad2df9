/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking a place up in what is sorted. Internal to the project (the tools share it), not
 * installed. */
#ifndef NOTE_SORTED_H
#define NOTE_SORTED_H

#include <stddef.h>

/*
 * The first I below COUNT for which HOLDS, an expression of I, is true; COUNT where there is none.
 * The order must be such that it is true for all that follow that one. I is declared here.
 *
 *	size_t next = FIRST_WHERE(i, list->count, list->items[i].address > address);
 */
#define FIRST_WHERE(I, COUNT, HOLDS)                                               \
	({                                                                         \
		size_t first_low = 0, first_high = (COUNT);                        \
		while (first_low < first_high) {                                   \
			const size_t I = first_low + (first_high - first_low) / 2; \
			if (HOLDS)                                                 \
				first_high = I;                                    \
			else                                                       \
				first_low = I + 1;                                 \
		}                                                                  \
		first_low;                                                         \
	})

#endif
