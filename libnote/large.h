/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for a file as a whole. Internal to the project (the tools share it), not installed. */
#ifndef NOTE_LARGE_H
#define NOTE_LARGE_H

#include <stdint.h>

/* As malloc(3), for free(3). Much of it is in large pages, where the kernel has some: a fault for
 * each small one costs more than what it is to hold. */
void *large_alloc(uint64_t size);

#endif
