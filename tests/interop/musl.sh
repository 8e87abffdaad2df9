# SPDX-License-Identifier: LGPL-2.1-or-later
# The suite builds with musl: every source compiles against its headers (the libraries' own headers are
# Debian's), and nothing is used of the C library that musl's does not hold.
. "$(dirname "$0")/../lib.sh"

# The libraries' headers alone: beside them in /usr/include lie glibc's own.
library_headers() {
	local name
	mkdir -p headers/openssl
	for name in gelf.h libelf.h json-c archive.h archive_entry.h libdeflate.h zlib.h zconf.h zstd.h zstd_errors.h lzma.h lzma xxhash.h xxh3.h linux asm-generic; do
		[ ! -e "/usr/include/$name" ] || ln -s "/usr/include/$name" headers/
	done
	for name in asm curl; do ln -s "/usr/include/$(gcc -print-multiarch)/$name" headers/; done
	ln -s /usr/include/openssl/* "/usr/include/$(gcc -print-multiarch)"/openssl/* headers/openssl/
}

# compiles: each source, into ./NAME.o.
compiles() {
	local source work=$PWD
	library_headers
	cd "$TOP" || return 1
	for source in libnote/*.c libnote/*/*.c tools/*.c tools/*/*.c tools/*/*/*.c; do
		printf '%s\0%s\0' "$source" "$work/$(echo "$source" | tr / _).o"
	done | xargs -0 -n 2 -P "$(nproc)" sh -c 'musl-gcc -std=c17 -D_GNU_SOURCE -I. -Ilibnote -DPKGNOTE_VERSION="\"0\"" -Wall -Wextra \
		-Werror -idirafter "$0/headers" -pthread -c -o "$2" "$1"' "$work" 2>"$work/err" || { cat "$work/err" >&2; cd "$work"; return 1; }
	cd "$work"
}

# The prefixes are those of the libraries in README; inside_note_ is what face.c calls, named so when the library is made.
uses_what_musl_has() {
	nm -u ./*.o | sed -n 's/^ *U //p' | sort -u >used
	grep -q "^open$" used || fail 'nm lists nothing'
	{ nm --defined-only ./*.o | awk 'NF == 3 { print $3 }'; nm -D --defined-only "/usr/lib/$(uname -m)-linux-musl/libc.so" | awk '{ print $NF }'; } | sort -u >there
	comm -23 used there | grep -vE '^(ASN1_|elf_|elf[36]|gelf_|json_|libdeflate_|inflate|adler32_combine|ZSTD_|lzma_|XXH|EVP_|HMAC$|BIO_|ERR_|PEM_|X509_|d2i_|inside_note_|_GLOBAL_OFFSET_TABLE_$)' >lacking || true
	! [ -s lacking ] || { cat lacking >&2; return 1; }
}

builds_with_musl() {
	need musl-gcc
	compiles && uses_what_musl_has
}

check 'every source compiles with musl, and uses nothing of the C library that it lacks' builds_with_musl
finish
