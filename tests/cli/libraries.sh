# SPDX-License-Identifier: LGPL-2.1-or-later
# libcurl, libarchive and libcrypto are loaded when they are first needed, and pkgnote says so in notes.
. "$(dirname "$0")/../lib.sh"

needs_none() {
	need readelf
	readelf -dW "$PKGNOTE" >dynamic
	says dynamic 'NEEDED.*\[libelf'
	says_not dynamic 'NEEDED.*\[lib(curl|archive|crypto)'
}
check "no DT_NEEDED names libcurl, libarchive or libcrypto" needs_none

dlopen_notes_name_all() {
	need readelf
	readelf -nW "$PKGNOTE" >notes || : # 1 where it does not know the type
	same "$(grep -oE 'FDO[^F]*0x407c0c0a|FDO_DLOPEN_METADATA' notes | wc -l)" 3 # its name since binutils 2.44
	readelf -lW "$PKGNOTE" >segments
	says segments '[0-9] .*\.note\.dlopen'
	"$PKGNOTE" show --all "$PKGNOTE" >shown
	says shown '^ *dlopen libcurl\.so\.4, recommended, for debuginfod: '
	says shown '^ *dlopen libarchive\.so\.13, recommended, for packages: '
	says shown '^ *dlopen libcrypto\.so\.[0-9]+, required, for digests: '
}
check "its dlopen notes name them" dlopen_notes_name_all

# A library that the loader finds first and cannot use.
spoil() { mkdir lib; : >"lib/$1"; }

make_package() {
	mkdir -p root/DEBIAN root/usr/bin
	echo 'int main(void){return 0;}' | "${CC:-gcc}" -xc - -o root/usr/bin/hello
	printf 'Package: hello\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y>\nDescription: x\n' >root/DEBIAN/control
	dpkg-deb -Zgzip --root-owner-group -b root hello.deb >log
}

without_libcurl() {
	spoil libcurl.so.4
	export LD_LIBRARY_PATH=$PWD/lib
	status 3 "$PKGNOTE" fetch --cache=cache --server=http://127.0.0.1:9 debuginfo 0123456789abcdef
	same "$(wc -l <err)" 1
	says err '^pkgnote fetch: libcurl\.so\.4 cannot be loaded: .*: install libcurl \(in Debian: libcurl4\)$'
	[ ! -s out ]
	# For verify it is one more reason why evidence is out of reach: never a pass, nor a release's fault.
	status 3 "$PKGNOTE" verify --server=http://127.0.0.1:9 --checks=debuginfo "$PKGNOTE"
	same "$(wc -l <err)" 1
	says err '^pkgnote verify: libcurl\.so\.4 cannot be loaded: '
	says out '^unreachable  debuginfo .*libcurl\.so\.4 cannot be loaded: '
	# What asks nobody needs none.
	status 0 "$PKGNOTE" show "$PKGNOTE"
}
check "without libcurl fetch says what to install, verify passes nothing, and the rest works" without_libcurl

without_libarchive() {
	need dpkg-deb
	spoil libarchive.so.13
	make_package
	status 0 "$PKGNOTE" show hello.deb
	says out hello
	status 3 env LD_LIBRARY_PATH="$PWD/lib" "$PKGNOTE" show hello.deb root/usr/bin/hello
	same "$(wc -l <err)" 1
	says err '^pkgnote show: hello\.deb: libarchive\.so\.13 cannot be loaded: .*: install libarchive \(in Debian: libarchive13\)$'
	says out ' root/usr/bin/hello$'
}
check "without libarchive a package is refused, and the next input is shown" without_libarchive

without_libcrypto() {
	local soname options=(--layout=rpm --name=n --package-version=1 --release=1 --arch=x86_64)
	need gcc
	mkdir -p tree/usr/bin
	echo 'int main(void){return 0;}' | "${CC:-gcc}" -xc -g -Wl,--build-id - -o tree/usr/bin/hello
	cp tree/usr/bin/hello before
	soname=$("$PKGNOTE" show --all "$PKGNOTE" | grep -o 'libcrypto\.so\.[0-9]*')
	spoil "$soname"
	export LD_LIBRARY_PATH=$PWD/lib
	status 3 "$PKGNOTE" split "${options[@]}" --manifest=m.json tree
	same "$(wc -l <err)" 1
	says err "^pkgnote.*: ${soname//./\\.} cannot be loaded: .*: install OpenSSL \\(in Debian: libssl3\\)\$"
	[ ! -e m.json ]
	same "$(cd tree && find . -type f)" ./usr/bin/hello
	cmp before tree/usr/bin/hello
	# What wants no digest needs none.
	status 0 "$PKGNOTE" show tree
	status 0 "$PKGNOTE" stamp -k type=x -k name=x tree
	status 0 "$PKGNOTE" split "${options[@]}" tree
	readelf -SW tree/usr/lib/debug/usr/bin/hello-1-1.x86_64.debug >sections
	says sections '\.debug_info'
}
check "without libcrypto a manifest is refused before anything changes, and what wants no digest works" without_libcrypto

# Built for another version: a function is missing.
an_old_library() {
	mkdir lib
	echo 'void curl_easy_init(void) {}' | "${CC:-gcc}" -xc - -shared -fPIC -Wl,-soname,libcurl.so.4 -o lib/libcurl.so.4
	status 3 env LD_LIBRARY_PATH="$PWD/lib" "$PKGNOTE" fetch --cache=cache --server=http://127.0.0.1:9 debuginfo 0123456789abcdef
	same "$(wc -l <err)" 1
	says err '^pkgnote fetch: libcurl\.so\.4 is too old: it has no curl_[a-z_]*$'
}
check "a library that lacks a function is refused" an_old_library
finish
