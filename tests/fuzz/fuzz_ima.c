/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signatures of files. By the first byte the rest is a certificate as an administrator may have
 * left one in the directory, a signature as a server sends one, or changes to a true one: each of
 * those makes it false.
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/base/text.h"
#include "tools/debuginfod/proof/ima.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/pkgnote-fuzz-XXXXXX";
static const char *const names[] = {"key.der", "some.pem"};
static EVP_PKEY *key;
static struct ima_keys *keys;
static int file = -1;
static uint8_t key_id[4];

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", directory, name);
}

static void leave(void)
{
	ima_keys_free(keys);
	EVP_PKEY_free(key);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = path_of(names[i]);
		unlink(path);
		free(path);
	}
	rmdir(directory);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	char *path = path_of(name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	close(fd);
	free(path);
}

/* The public half of a key that is made now, and what signatures call it. */
static void start(void)
{
	uint8_t *der = NULL, digest[SHA_DIGEST_LENGTH];
	const uint8_t *bits;
	int length, size;
	size_t count;
	X509_PUBKEY *public = NULL;
	key = EVP_EC_gen("P-256");
	length = key != NULL ? i2d_PUBKEY(key, &der) : 0;
	if (length <= 0 || mkdtemp(directory) == NULL || atexit(leave) != 0)
		abort();
	write_file(names[0], der, (size_t)length);
	OPENSSL_free(der);
	if (X509_PUBKEY_set(&public, key) != 1 ||
	    X509_PUBKEY_get0_param(NULL, &bits, &size, NULL, public) != 1)
		abort();
	SHA1(bits, (size_t)size, digest);
	memcpy(key_id, digest + sizeof(digest) - sizeof(key_id), sizeof(key_id));
	X509_PUBKEY_free(public);
	file = memfd_create("signed", MFD_CLOEXEC);
	if (file < 0 || write(file, "signed", 6) != 6)
		abort();
	keys = ima_keys_read(directory, &count);
	if (keys == NULL || count != 1)
		abort();
}

static int check(const uint8_t *signature, size_t size)
{
	struct note_error err;
	char *hex = xmalloc(2 * size + 1);
	hex_encode(signature, size, hex);
	const int code = ima_check(keys, file, hex, &err);
	free(hex);
	return code;
}

static void read_certificate(const uint8_t *data, size_t size)
{
	size_t count;
	write_file(names[1], data, size);
	struct ima_keys *more = ima_keys_read(directory, &count);
	if (more == NULL || count < 1)
		abort();
	ima_keys_free(more);
	write_file(names[1], "", 0);
}

/* Bytes that are changed come in threes: where (two), and by what. */
static void change_signature(const uint8_t *data, size_t size)
{
	static const uint8_t algorithms[] = {2, 4, 5, 6, 7};
	const uint8_t algorithm = algorithms[data[0] % sizeof(algorithms)];
	const EVP_MD *const how[] = {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512(),
				     EVP_sha224()};
	uint8_t made[256] = {3, 2, algorithm}, was[256];
	size_t length = sizeof(made) - 9;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (EVP_DigestSignInit(context, NULL, how[data[0] % sizeof(algorithms)], NULL, key) != 1 ||
	    EVP_DigestSign(context, made + 9, &length, (const uint8_t *)"signed", 6) != 1)
		abort();
	EVP_MD_CTX_free(context);
	memcpy(made + 3, key_id, sizeof(key_id));
	made[7] = (uint8_t)(length >> 8);
	made[8] = (uint8_t)length;
	length += 9;
	memcpy(was, made, sizeof(made));
	for (size_t i = 1; i + 3 <= size; i += 3)
		made[((size_t)data[i] << 8 | data[i + 1]) % length] ^= data[i + 2];
	const bool same = memcmp(was, made, length) == 0;
	if ((check(made, length) == NOTE_OK) != same)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (key == NULL)
		start();
	if (size < 2)
		return 0;
	const int part = data[0] % 4;
	if (part == 0)
		read_certificate(data + 1, size - 1);
	else if (part == 1 && check(data + 1, size - 1) == NOTE_OK)
		abort();
	else if (part >= 2)
		change_signature(data + 1, size - 1);
	if (ima_check(keys, file, NULL, NULL) != NOTE_ABSENT)
		abort();
	return 0;
}
