# SPDX-License-Identifier: LGPL-2.1-or-later
# A build of 32 bits (gcc -m32) against :i386 libraries, which lie in a directory of their own (apt fetches them, nothing
# is installed): no warning, the unit tests, and the command's own tests of stamp, split and show with it.
. "$(dirname "$0")/../lib.sh"

packages='libelf-dev libjson-c-dev libcurl4-openssl-dev libarchive-dev libdeflate-dev zlib1g-dev libzstd-dev liblzma-dev libxxhash-dev
libssl-dev libcunit1-dev libc6-dev'

# ./sys: what a Debian of i386 has below / with these packages.
fetch_libraries() {
	need apt-get dpkg-deb gcc file make
	mkdir -p apt/lists/partial apt/cache/archives/partial sys
	: >apt/status
	local options=(-qq -y -o "Dir::State=$PWD/apt" -o "Dir::State::lists=$PWD/apt/lists" -o "Dir::Cache=$PWD/apt/cache"
		-o "Dir::State::status=$PWD/apt/status" -o APT::Architecture=i386 -o APT::Architectures=i386 -o Debug::NoLocking=1
		-o Acquire::Languages=none -o "APT::Sandbox::User=$(id -un)" --no-install-recommends)
	apt-get "${options[@]}" update >apt.log 2>&1 || :
	# shellcheck disable=SC2086
	apt-get "${options[@]}" --download-only install $packages >>apt.log 2>&1 || skip "apt has no i386 libraries: $(grep -m 1 '^E:' apt.log)"
	for deb in apt/cache/archives/*.deb; do dpkg-deb -x "$deb" sys; done
	rm -rf apt
	# As in a system that is installed /lib is /usr/lib's other name: libc.so names what it links by /lib, wherever its package puts that.
	if [ -d sys/lib ]; then cp -a sys/lib/. sys/usr/lib/ && rm -r sys/lib; fi
	ln -s usr/lib sys/lib
	[ -e sys/usr/include/libelf.h ]
}

# A linker script and pkg-config name files by their path in the root: both are told where that is.
build() {
	local root=$PWD/sys
	export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/i386-linux-gnu/pkgconfig:$root/usr/share/pkgconfig
	local flags="-m32 --sysroot=$root -isystem $root/usr/include/i386-linux-gnu -O0 -Werror"
	nice make -C "$TOP" -j2 BUILD="$PWD/b" CC=gcc CFLAGS="$flags" HARDEN= \
		LDFLAGS="-B$root/usr/lib/i386-linux-gnu -L$root/usr/lib/i386-linux-gnu -L$root/lib/i386-linux-gnu" \
		"$PWD/b/pkgnote" "$PWD/b/libnote.so" "$PWD/b/libnote.a" "$PWD/b/unit" >make.log 2>&1 ||
		{ grep -E 'error:|warning:|undefined|cannot find' make.log | head -30 >&2; return 1; }
}

thirty_two_bits() {
	fetch_libraries
	echo 'int main(void) { return sizeof(void *) != 4; }' >word.c
	gcc -m32 -o word word.c 2>log && ./word || skip "no programs of 32 bits here: $(tail -n 1 log)"
	build
	file b/pkgnote | grep -q 'ELF 32-bit'
	export LD_LIBRARY_PATH=$PWD/sys/usr/lib/i386-linux-gnu:$PWD/sys/lib/i386-linux-gnu
	b/unit >unit.log 2>&1 || { grep -v '^ok' unit.log | tail -20 >&2; fail "unit tests"; }
	unset LD_LIBRARY_PATH
	# The command as tests find it: its libraries are given to it alone.
	mkdir wrapped
	printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s/b/pkgnote "$@"\n' "$PWD/sys/usr/lib/i386-linux-gnu:$PWD/sys/lib/i386-linux-gnu" "$PWD" >wrapped/pkgnote
	chmod 755 wrapped/pkgnote
	for test in stamp split show; do
		ONLY='' PKGNOTE=$PWD/wrapped/pkgnote bash "$TOP/tests/cli/$test.sh" >"$test.log" 2>&1 || { grep -A12 '^FAIL' "$test.log" | head -60 >&2; fail "tests/cli/$test.sh"; }
		grep -q '^ok' "$test.log"
	done
}
check "a build of 32 bits: no warning, the unit tests, stamp, split, show" thirty_two_bits
finish
