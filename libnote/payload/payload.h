/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The package note's payload, for the parts of libnote: see libnote.h for what is public. */
#ifndef NOTE_PAYLOAD_H
#define NOTE_PAYLOAD_H

#include "image.h"
#include "json.h"

/* Judges a payload (without its NUL) by UAPI.8, each finding to REPORT. Returns
 * NOTE_OK, NOTE_MALFORMED where there were findings, or NOTE_SYSTEM. */
int package_judge(struct span payload, json_report *report, void *context, struct note_error *err);

/* NOTE_USAGE where PAYLOAD (NUL-terminated; NULL too) breaks UAPI.8. */
int package_check(const char *payload, struct note_error *err);

/* The whole note in the byte order of SHAPE: header, owner, and the payload with its NUL, padded to
 * 4. The descriptor's size holds the padding, as bfd and mold write it. For free(); NULL without
 * memory. */
uint8_t *package_note(const struct image *shape, const char *payload, uint64_t *size);

#endif
