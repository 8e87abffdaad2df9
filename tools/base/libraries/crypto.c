/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/libraries/crypto.h"

#include <openssl/evp.h>
#include <openssl/opensslv.h>
#include <pthread.h>
#include <stdbool.h>

#include "libnote/error.h"

struct crypto_library libcrypto;

/* Of the version whose header it is. */
#define WORD(number)   #number
#define SONAME(number) "libcrypto.so." WORD(number)
#define LIBCRYPTO      SONAME(OPENSSL_SHLIB_VERSION)

LIBRARY_NOTE(crypto_note,
	     "[{\"soname\":[\"" LIBCRYPTO "\"],\"feature\":\"digests\",\"description\":"
	     "\"SHA-256 of manifests and shares, MD5 of DWARF 5, "
	     "signatures\",\"priority\":\"required\"}]");

static const struct library_function functions[] = {
#define ROW(name) {#name, &libcrypto.name},
	CRYPTO_FUNCTIONS(ROW)
#undef ROW
};

static struct library library = {
	.soname = LIBCRYPTO,
	.install = "OpenSSL (in Debian: libssl3)",
	.functions = functions,
	.function_count = sizeof(functions) / sizeof(functions[0]),
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static pthread_once_t tried = PTHREAD_ONCE_INIT;
static bool usable;

/* libcrypto sets itself up with the first digest, and where memory ends meanwhile other threads
 * find it half made: so the first is made while nobody else has begun. */
static void try(void)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	usable = libcrypto.EVP_Digest("", 0, digest, NULL, libcrypto.EVP_sha256(), NULL) == 1;
}

int crypto_library_load(struct note_error *err)
{
	const int code = library_load(&library, err);
	if (code == NOTE_OK)
		pthread_once(&tried, try);
	return code != NOTE_OK || usable
		       ? code
		       : error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				   "libcrypto makes no digest: out of memory, or not installed "
				   "whole");
}
