/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digests of whole buffers and of streams. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define MD5_SIZE    16

/* SHA-256 (FIPS 180-4) as 64 hexadecimal digits and a NUL. */
void sha256_hex(const void *bytes, size_t size, char out[2 * SHA256_SIZE + 1]);

/* HMAC (RFC 2104) with SHA-256. */
void hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
		 uint8_t out[SHA256_SIZE]);

/* MD5 (RFC 1321), as DWARF 5 line tables give it for source files. */
void md5(const void *bytes, size_t size, uint8_t out[MD5_SIZE]);

/* CRC-32 as zlib's crc32() and .gnu_debuglink use it; SO_FAR is 0 at the start. */
uint32_t crc32_of(uint32_t so_far, const void *bytes, size_t size);

/* A SHA-256 taken piece by piece. */
struct sha256;
struct sha256 *sha256_begin(void);
void sha256_add(struct sha256 *state, const void *bytes, size_t size);
void sha256_end(struct sha256 *state, char out[2 * SHA256_SIZE + 1]); /* frees STATE */

/* SHA-1 (FIPS 180-4) and SHA-256 of the same bytes, for formats that want both. Where SHA-1 is not
 * wanted, which takes as long, its text is empty. */
#define SHA1_SIZE 20
struct digest_pair;
struct digest_pair *digest_pair_begin(bool with_sha1);
void digest_pair_add(struct digest_pair *pair, const void *bytes, size_t size);
void digest_pair_end(struct digest_pair *pair, char sha1[2 * SHA1_SIZE + 1],
		     char sha256[2 * SHA256_SIZE + 1]); /* frees PAIR */

#endif
