/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values by name, found in logarithmic time whatever the names are. */
#ifndef SHARE_INDEX_H
#define SHARE_INDEX_H

/* Zero-initialised is empty. */
struct index {
	void *tree;
};

/* The value of KEY, or NULL. */
void *index_find(const struct index *index, const char *key);

/* Sets KEY, which must not be there, to VALUE (not NULL). */
void index_add(struct index *index, const char *key, void *value);

/* Empties it; FREE_VALUE gets each value. */
void index_free(struct index *index, void (*free_value)(void *value));

#endif
