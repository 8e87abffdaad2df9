/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/debuginfod/proof/ima.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/libraries/crypto.h"
#include "tools/base/text.h"

#define CERTIFICATE_MOST ((size_t)1 << 16)
/* RSA of 16,384 bits, and the header. */
#define SIGNATURE_MOST 2057
#define HEADER         9
#define KEY_ID         4

struct ima_key {
	EVP_PKEY *key;
	uint8_t id[KEY_ID];
	struct ima_key *next;
};

struct ima_keys {
	struct ima_key *first;
};

/* --- certificates --- */

/* A certificate, or a public key alone: DER or PEM. */
struct signer {
	X509 *certificate;
	EVP_PKEY *key;
};

static struct signer parse_signer(const uint8_t *bytes, size_t size)
{
	const uint8_t *at = bytes;
	struct signer out = {.certificate = libcrypto.d2i_X509(NULL, &at, (long)size)};
	BIO *text = out.certificate == NULL ? libcrypto.BIO_new_mem_buf(bytes, (int)size) : NULL;
	if (text != NULL)
		out.certificate = libcrypto.PEM_read_bio_X509(text, NULL, NULL, NULL);
	if (text != NULL && out.certificate == NULL &&
	    libcrypto.BIO_ctrl(text, BIO_CTRL_RESET, 0, NULL) == 1)
		out.key = libcrypto.PEM_read_bio_PUBKEY(text, NULL, NULL, NULL);
	at = bytes;
	if (out.certificate == NULL && out.key == NULL)
		out.key = libcrypto.d2i_PUBKEY(NULL, &at, (long)size);
	/* A certificate that says what its key is for must say that it signs. */
	if (out.certificate != NULL &&
	    (libcrypto.X509_get_key_usage(out.certificate) & KU_DIGITAL_SIGNATURE) != 0)
		out.key = libcrypto.X509_get_pubkey(out.certificate);
	libcrypto.BIO_free(text);
	libcrypto.ERR_clear_error();
	return out;
}

/* KEY by the last bytes of ID. False where memory is short. */
static bool add_key(struct ima_keys *keys, EVP_PKEY *key, const uint8_t *id, size_t length)
{
	if (length < KEY_ID)
		return true;
	struct ima_key *more = calloc(1, sizeof(*more));
	if (more == NULL || libcrypto.EVP_PKEY_up_ref(key) != 1) {
		free(more);
		return false;
	}
	more->key = key;
	memcpy(more->id, id + length - KEY_ID, KEY_ID);
	more->next = keys->first;
	keys->first = more;
	return true;
}

/* Signatures name a key by the SHA-1 of its bits, or by what its certificate calls it. */
static bool add_signer(struct ima_keys *keys, const struct signer *signer, size_t *count)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	const uint8_t *bits = NULL;
	int size = 0;
	X509_PUBKEY *public = NULL;
	if (signer->key == NULL)
		return true;
	bool good = true;
	if (libcrypto.X509_PUBKEY_set(&public, signer->key) == 1 &&
	    libcrypto.X509_PUBKEY_get0_param(NULL, &bits, &size, NULL, public) == 1 &&
	    libcrypto.EVP_Digest(bits, (size_t)size, digest, &length, libcrypto.EVP_sha1(), NULL) ==
		    1)
		good = add_key(keys, signer->key, digest, length);
	libcrypto.X509_PUBKEY_free(public);
	const ASN1_OCTET_STRING *named =
		signer->certificate != NULL
			? libcrypto.X509_get0_subject_key_id(signer->certificate)
			: NULL;
	if (named != NULL && good)
		good = add_key(keys, signer->key, libcrypto.ASN1_STRING_get0_data(named),
			       (size_t)libcrypto.ASN1_STRING_length(named));
	++*count;
	return good;
}

static bool read_certificate(struct ima_keys *keys, int at, const char *name, size_t *count)
{
	struct stat st;
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return true;
	bool good = true;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (uint64_t)st.st_size <= CERTIFICATE_MOST) {
		uint8_t *bytes = malloc((size_t)st.st_size);
		const ssize_t got = bytes != NULL ? read(fd, bytes, (size_t)st.st_size) : -1;
		struct signer signer = {0};
		if (got > 0)
			signer = parse_signer(bytes, (size_t)got);
		good = bytes != NULL && add_signer(keys, &signer, count);
		libcrypto.X509_free(signer.certificate);
		libcrypto.EVP_PKEY_free(signer.key);
		free(bytes);
	}
	close(fd);
	return good;
}

static bool read_directory(struct ima_keys *keys, const char *path, size_t *count)
{
	DIR *entries = opendir(path);
	struct dirent *entry;
	bool good = true;
	while (entries != NULL && good && (entry = readdir(entries)) != NULL)
		good = entry->d_name[0] == '.' ||
		       read_certificate(keys, dirfd(entries), entry->d_name, count);
	if (entries != NULL)
		closedir(entries);
	return good;
}

struct ima_keys *ima_keys_read(const char *paths, size_t *count)
{
	struct ima_keys *keys = calloc(1, sizeof(*keys));
	char *copy = strdup(paths);
	char *state = NULL;
	bool good = keys != NULL && copy != NULL && crypto_library_load(NULL) == NOTE_OK;
	*count = 0;
	for (char *path = good ? strtok_r(copy, ":", &state) : NULL; good && path != NULL;
	     path = strtok_r(NULL, ":", &state))
		good = read_directory(keys, path, count);
	free(copy);
	if (good)
		return keys;
	ima_keys_free(keys);
	return NULL;
}

void ima_keys_free(struct ima_keys *keys)
{
	while (keys != NULL && keys->first != NULL) {
		struct ima_key *key = keys->first;
		keys->first = key->next;
		libcrypto.EVP_PKEY_free(key->key);
		free(key);
	}
	free(keys);
}

/* --- signatures --- */

static const EVP_MD *digest_of(unsigned algorithm)
{
	switch (algorithm) {
	case 2:
		return libcrypto.EVP_sha1();
	case 4:
		return libcrypto.EVP_sha256();
	case 5:
		return libcrypto.EVP_sha384();
	case 6:
		return libcrypto.EVP_sha512();
	case 7:
		return libcrypto.EVP_sha224();
	default:
		return NULL; /* MD5 and what nobody signs by */
	}
}

static int digest_file(int fd, const EVP_MD *how, uint8_t *out, unsigned *length,
		       struct note_error *err)
{
	const size_t room = (size_t)1 << 16;
	EVP_MD_CTX *context = libcrypto.EVP_MD_CTX_new();
	uint8_t *piece = malloc(room);
	ssize_t got = 0;
	off_t at = 0;
	bool good = context != NULL && piece != NULL &&
		    libcrypto.EVP_DigestInit_ex(context, how, NULL) == 1;
	while (good && ((got = pread(fd, piece, room, at)) > 0 || (got < 0 && errno == EINTR))) {
		good = got < 0 || libcrypto.EVP_DigestUpdate(context, piece, (size_t)got) == 1;
		at += got > 0 ? got : 0;
	}
	good = good && got == 0 && libcrypto.EVP_DigestFinal_ex(context, out, length) == 1;
	libcrypto.EVP_MD_CTX_free(context);
	free(piece);
	return good ? NOTE_OK
		    : error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "its digest cannot be taken");
}

static bool is_signed_by(EVP_PKEY *key, const EVP_MD *how, const uint8_t *digest, unsigned length,
			 const uint8_t *signature, size_t size)
{
	EVP_PKEY_CTX *context = libcrypto.EVP_PKEY_CTX_new(key, NULL);
	const bool good = context != NULL && libcrypto.EVP_PKEY_verify_init(context) == 1 &&
			  libcrypto.EVP_PKEY_CTX_set_signature_md(context, how) == 1 &&
			  libcrypto.EVP_PKEY_verify(context, signature, size, digest, length) == 1;
	libcrypto.EVP_PKEY_CTX_free(context);
	libcrypto.ERR_clear_error();
	return good;
}

int ima_check(const struct ima_keys *keys, int fd, const char *signature, struct note_error *err)
{
	uint8_t bytes[SIGNATURE_MOST], digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	if (signature == NULL || signature[0] == '\0')
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "it has no IMA signature");
	const size_t size = hex_decode(signature, bytes, sizeof(bytes));
	if (size <= HEADER || bytes[0] != 3)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "its IMA signature is none");
	if (bytes[1] != 2)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "its IMA signature is of version %u, not 2", bytes[1]);
	int code = crypto_library_load(err);
	if (code != NOTE_OK)
		return code;
	const EVP_MD *how = digest_of(bytes[2]);
	if (how == NULL)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "its IMA signature is by digest %u", bytes[2]);
	if (((size_t)bytes[7] << 8 | bytes[8]) != size - HEADER)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "its IMA signature does not end where it says");
	code = digest_file(fd, how, digest, &length, err);
	if (code != NOTE_OK)
		return code;
	bool known = false;
	for (const struct ima_key *key = keys->first; key != NULL; key = key->next) {
		if (memcmp(key->id, bytes + 3, KEY_ID) != 0)
			continue;
		known = true;
		if (is_signed_by(key->key, how, digest, length, bytes + HEADER, size - HEADER))
			return NOTE_OK;
	}
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
			 known ? "its IMA signature is of other bytes"
			       : "its IMA signature is by key %02x%02x%02x%02x, of which there is "
				 "no certificate",
			 bytes[3], bytes[4], bytes[5], bytes[6]);
}
