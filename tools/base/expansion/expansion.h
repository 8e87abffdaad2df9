/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much may come out of what is compressed: --max-expansion times the size of the file that it
 * came in, for sections, modules, cores, packages, archives and answers of servers alike. Small
 * files may be packed better than that, so that a bound is never below 1 GB for what is read as a
 * stream, and never below 64 MB for what lies in memory.
 */
#ifndef BASE_EXPANSION_EXPANSION_H
#define BASE_EXPANSION_EXPANSION_H

#include <stdint.h>

#include "libnote.h"

enum expansion { EXPANSION_STREAM, EXPANSION_MEMORY };

/* --max-expansion, 64 where it is not given. Set before the work begins. */
extern uint64_t expansion_factor;

/* The row of the option tables. */
#define EXPANSION_OPTION                                                                       \
	{                                                                                      \
		"max-expansion", 0, OPTION_NUMBER, "N", &expansion_factor,                     \
			"let what is compressed unpack to N times its file's size (64)", NULL, \
			NULL                                                                   \
	}

/* The bytes that may come out of a file of SIZE bytes. */
uint64_t expansion_bound(uint64_t size, enum expansion how);

/* "WHAT: it unpacks to more than 64 times its size and 1 GB: --max-expansion allows more"; WHAT may
 * be NULL. Returns CODE. */
int expansion_error(struct note_error *err, int code, uint64_t offset, const char *what,
		    enum expansion how);

#endif
