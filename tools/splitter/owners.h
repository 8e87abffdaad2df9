/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who writes a debug file that several inputs share (layout deb: equal files have equal build-ids).
 * While files are worked on side by side, the first input to ask owns the name, and the others
 * come later. Thread-safe.
 */
#ifndef SPLITTER_OWNERS_H
#define SPLITTER_OWNERS_H

#include <stdbool.h>
#include <stddef.h>

struct owners;

struct owners *owners_new(void);
void owners_free(struct owners *owners);

/* Gives PATH to input INDEX unless it has an owner; returns whose it is. */
size_t owners_take(struct owners *owners, const char *path, size_t index);

/* Gives PATH too; true where INDEX must wait until its owner is complete. Never after
 * owners_settle. */
bool owners_later(struct owners *owners, const char *path, size_t index);
void owners_settle(struct owners *owners);

#endif
