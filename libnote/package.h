/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The package note's payload, for the parts of libnote: see libnote.h for what is public. */
#ifndef NOTE_PACKAGE_H
#define NOTE_PACKAGE_H

#include "json.h"

/* Judges LENGTH bytes of payload (without its NUL) by UAPI.8, each finding to REPORT. Returns
 * NOTE_OK, NOTE_MALFORMED where there were findings, or NOTE_SYSTEM. */
int package_judge(const char *payload, size_t length, json_report *report, void *context,
		  struct note_error *err);

#endif
