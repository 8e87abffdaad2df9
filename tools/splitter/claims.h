/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who writes a debug file that several inputs share (layout deb: equal files have equal build-ids).
 * While files are worked on side by side, the first input to ask owns the name, and the others
 * come later. Thread-safe.
 */
#ifndef SPLITTER_CLAIMS_H
#define SPLITTER_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

struct claims;

struct claims *claims_new(void);
void claims_free(struct claims *claims);

/* Claims PATH for input INDEX unless it is claimed; returns whose it is. */
size_t claims_take(struct claims *claims, const char *path, size_t index);

/* Claims PATH too; true where INDEX must wait until its owner is complete. Never after
 * claims_settle. */
bool claims_later(struct claims *claims, const char *path, size_t index);
void claims_settle(struct claims *claims);

#endif
