/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libcrypto, loaded when it is first needed: EVP_sha256() is libcrypto.EVP_sha256(). It is the
 * largest of the libraries by far, and most runs need no digest of its. */
#ifndef BASE_LIBRARIES_CRYPTO_H
#define BASE_LIBRARIES_CRYPTO_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tools/base/libraries/library.h"

#define CRYPTO_FUNCTIONS(X)              \
	X(ASN1_STRING_get0_data)         \
	X(ASN1_STRING_length)            \
	X(BIO_ctrl)                      \
	X(BIO_free)                      \
	X(BIO_new_mem_buf)               \
	X(ERR_clear_error)               \
	X(EVP_Digest)                    \
	X(EVP_DigestFinal_ex)            \
	X(EVP_DigestInit_ex)             \
	X(EVP_DigestUpdate)              \
	X(EVP_MD_CTX_free)               \
	X(EVP_MD_CTX_new)                \
	X(EVP_PKEY_CTX_free)             \
	X(EVP_PKEY_CTX_new)              \
	X(EVP_PKEY_CTX_set_signature_md) \
	X(EVP_PKEY_free)                 \
	X(EVP_PKEY_up_ref)               \
	X(EVP_PKEY_verify)               \
	X(EVP_PKEY_verify_init)          \
	X(EVP_md5)                       \
	X(EVP_sha1)                      \
	X(EVP_sha224)                    \
	X(EVP_sha256)                    \
	X(EVP_sha384)                    \
	X(EVP_sha512)                    \
	X(HMAC)                          \
	X(PEM_read_bio_PUBKEY)           \
	X(PEM_read_bio_X509)             \
	X(X509_PUBKEY_free)              \
	X(X509_PUBKEY_get0_param)        \
	X(X509_PUBKEY_set)               \
	X(X509_free)                     \
	X(X509_get0_subject_key_id)      \
	X(X509_get_key_usage)            \
	X(X509_get_pubkey)               \
	X(d2i_PUBKEY)                    \
	X(d2i_X509)

struct crypto_library {
#define POINTER(name) __typeof__(&name) name;
	CRYPTO_FUNCTIONS(POINTER)
#undef POINTER
};

/* Valid once crypto_library_load() has returned NOTE_OK. */
extern struct crypto_library libcrypto;

/* As library_load(). */
int crypto_library_load(struct note_error *err);

#endif
