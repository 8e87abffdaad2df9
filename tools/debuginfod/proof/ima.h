/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signatures of files, as Linux' integrity measurement (IMA) has them in security.ima, rpm in its
 * packages, and debuginfod in X-DEBUGINFOD-IMASIGNATURE: hexadecimal digits of
 *
 *     03                   a signature (EVM_IMA_XATTR_DIGSIG)
 *     02                   version 2: struct signature_v2_hdr of linux/security/integrity
 *     04                   the digest: enum hash_algo of linux/hash_info.h (4: SHA-256)
 *     4 bytes              the key: the end of the SHA-1 of its bits (the subject key identifier)
 *     2 bytes, big endian  the signature's length
 *     the signature        of the digest of the file: RSA (PKCS #1 1.5) or ECDSA
 */
#ifndef DEBUGINFOD_PROOF_IMA_H
#define DEBUGINFOD_PROOF_IMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"

/* Of a server: what its files' signatures are to it. */
enum ima_policy {
	IMA_IGNORE,
	IMA_PERMISSIVE, /* what is wrong is told */
	IMA_ENFORCING,  /* what is wrong is rejected */
};

/* The certificates that may sign. */
struct ima_keys;

/* Reads the certificates (DER, PEM) in the directories of PATHS, which ':' separates. Directories
 * and files that are none are passed over; *COUNT is how many were read. NULL where memory is
 * short, or libcrypto cannot be loaded. */
struct ima_keys *ima_keys_read(const char *paths, size_t *count);
void ima_keys_free(struct ima_keys *keys); /* NULL is allowed */

/* Whether SIGNATURE (hexadecimal digits, or NULL where none came) is one of the file FD by one of
 * KEYS: NOTE_OK; NOTE_ABSENT where there is none; NOTE_MALFORMED, NOTE_UNSUPPORTED where it is no
 * such signature; NOTE_SYSTEM. */
int ima_check(const struct ima_keys *keys, int fd, const char *signature, struct note_error *err);

#endif
