/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/libraries/crypto.h"

#include <openssl/opensslv.h>

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

int crypto_library_load(struct note_error *err)
{
	return library_load(&library, err);
}
