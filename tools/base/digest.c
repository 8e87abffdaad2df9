/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/digest.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/base/libraries/crypto.h"
#include "tools/base/text.h"

#define BLOCK ((size_t)256 * 1024)

/* libcrypto's digests fail only without memory or with a broken installation: nothing that a
 * caller could handle. */
static void must(int good)
{
	if (good != 1) {
		fputs("pkgnote: no digest from libcrypto: out of memory, or not installed whole\n",
		      stderr);
		_Exit(3);
	}
}

/* Before the first of its functions. */
static void need_libcrypto(void)
{
	struct note_error err;
	if (crypto_library_load(&err) != NOTE_OK) {
		fprintf(stderr, "pkgnote: %s\n", err.text);
		_Exit(3);
	}
}

void sha256_hex(const void *bytes, size_t size, char out[2 * SHA256_SIZE + 1])
{
	uint8_t digest[SHA256_SIZE];
	need_libcrypto();
	must(libcrypto.EVP_Digest(bytes, size, digest, NULL, libcrypto.EVP_sha256(), NULL));
	hex_encode(digest, sizeof(digest), out);
}

void hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
		 uint8_t out[SHA256_SIZE])
{
	need_libcrypto();
	must(libcrypto.HMAC(libcrypto.EVP_sha256(), key, (int)key_size, bytes, size, out, NULL) !=
	     NULL);
}

void md5(const void *bytes, size_t size, uint8_t out[MD5_SIZE])
{
	need_libcrypto();
	must(libcrypto.EVP_Digest(bytes, size, out, NULL, libcrypto.EVP_md5(), NULL));
}

uint32_t crc32_of(uint32_t so_far, const void *bytes, size_t size)
{
	return libdeflate_crc32(so_far, bytes, size);
}

struct sha256 {
	EVP_MD_CTX *context;
};

struct sha256 *sha256_begin(void)
{
	struct sha256 *state = xmalloc(sizeof(*state));
	need_libcrypto();
	state->context = libcrypto.EVP_MD_CTX_new();
	must(state->context != NULL);
	must(libcrypto.EVP_DigestInit_ex(state->context, libcrypto.EVP_sha256(), NULL));
	return state;
}

void sha256_add(struct sha256 *state, const void *bytes, size_t size)
{
	must(libcrypto.EVP_DigestUpdate(state->context, bytes, size));
}

void sha256_end(struct sha256 *state, char out[2 * SHA256_SIZE + 1])
{
	uint8_t digest[SHA256_SIZE];
	must(libcrypto.EVP_DigestFinal_ex(state->context, digest, NULL));
	libcrypto.EVP_MD_CTX_free(state->context);
	free(state);
	hex_encode(digest, sizeof(digest), out);
}

struct digest_pair {
	EVP_MD_CTX *sha1;
	struct sha256 *sha256;
};

struct digest_pair *digest_pair_begin(bool with_sha1)
{
	struct digest_pair *pair = xmalloc(sizeof(*pair));
	pair->sha256 = sha256_begin();
	pair->sha1 = NULL;
	if (!with_sha1)
		return pair;
	pair->sha1 = libcrypto.EVP_MD_CTX_new();
	must(pair->sha1 != NULL);
	must(libcrypto.EVP_DigestInit_ex(pair->sha1, libcrypto.EVP_sha1(), NULL));
	return pair;
}

void digest_pair_add(struct digest_pair *pair, const void *bytes, size_t size)
{
	sha256_add(pair->sha256, bytes, size);
	if (pair->sha1 != NULL)
		must(libcrypto.EVP_DigestUpdate(pair->sha1, bytes, size));
}

void digest_pair_end(struct digest_pair *pair, char sha1[2 * SHA1_SIZE + 1],
		     char sha256[2 * SHA256_SIZE + 1])
{
	uint8_t digest[SHA1_SIZE];
	sha1[0] = '\0';
	if (pair->sha1 != NULL) {
		must(libcrypto.EVP_DigestFinal_ex(pair->sha1, digest, NULL));
		libcrypto.EVP_MD_CTX_free(pair->sha1);
		hex_encode(digest, sizeof(digest), sha1);
	}
	sha256_end(pair->sha256, sha256);
	free(pair);
}

/* Here and not in file.c, which the library for debuggers has in it: what is here may end a
 * program. */
int file_digest(int fd, uint64_t *size, char sha256[65], struct note_error *err)
{
	uint8_t *block = malloc(BLOCK);
	struct sha256 *state = sha256_begin();
	ssize_t got = -1;
	*size = 0;
	while (block != NULL && (got = file_read_some(fd, block, BLOCK, *size)) > 0) {
		sha256_add(state, block, (size_t)got);
		*size += (uint64_t)got;
	}
	const int code = got == 0 ? NOTE_OK : error_system(err, "read");
	sha256_end(state, sha256);
	free(block);
	return code;
}
