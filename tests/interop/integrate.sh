# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote-integrate(7): its snippets, taken from the page itself, run in the build systems that they are for.
. "$(dirname "$0")/../lib.sh"
unset CC CFLAGS LDFLAGS MAKEFLAGS MAKELEVEL MFLAGS
PATH=$(dirname "$PKGNOTE"):$PATH

# snippet NAME: what the page shows under that name, as a reader would copy it.
snippet() {
	sed -n "/^\.\\\\\" run $1\$/,/^\.EE/p" "$TOP/man/pkgnote-integrate.7" | sed -e '/^\./d' -e 's/\\-/-/g' -e 's/\\e/\\/g' >"snippet.$1"
	[ -s "snippet.$1" ] || fail "the page has no snippet $1"
	cat "snippet.$1"
}

source_tree() {
	printf '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n' >hello.c
}

# split_in ROOT PATTERN: the program is stamped and runs, and gdb finds its lines by the debug file that is in ROOT.
split_in() {
	local root=$1 program=$1$2
	readelf -n "$program" | grep -q '"name":"hello"' || fail "$program has no note"
	same "$("$program")" hello
	readelf -SW "$program" | grep -q debug_info && fail "$program is not split"
	gdb -batch -nx -iex "set debug-file-directory $PWD/$root/usr/lib/debug" -ex 'info line main' "$program" 2>&1 | tee gdb.out | grep -q 'Line 2 of' ||
		{ cat gdb.out >&2; fail "gdb has no line of main"; }
}

with_meson() {
	need meson ninja gdb cc
	source_tree
	printf "project('hello', 'c', version: '1.2', default_options: ['debug=true', 'prefix=/usr'])\nexecutable('hello', 'hello.c', install: true)\n" >meson.build
	snippet meson.build >>meson.build
	snippet pkgnote-split.sh >pkgnote-split.sh
	chmod 755 pkgnote-split.sh
	meson setup build >log 2>&1 && DESTDIR=$PWD/root meson install -C build >>log 2>&1 || { tail -20 log >&2; return 1; }
	split_in root /usr/bin/hello
	[ -s build/manifest.json ]
}
check "Meson: an install script" with_meson

with_cpack() {
	need cmake cpack gdb cc dpkg-deb
	source_tree
	cat >CMakeLists.txt <<-'C'
	cmake_minimum_required(VERSION 3.19)
	project(hello VERSION 1.2 LANGUAGES C)
	set(CMAKE_C_FLAGS "-g -Wl,--build-id")
	add_executable(hello hello.c)
	install(TARGETS hello DESTINATION bin)
	set(CPACK_PACKAGE_CONTACT "someone <a@example.org>")
	C
	snippet CMakeLists.txt >>CMakeLists.txt
	echo 'include(CPack)' >>CMakeLists.txt
	snippet pkgnote.cmake >pkgnote.cmake
	cmake -S . -B build >log 2>&1 && cmake --build build >>log 2>&1 && (cd build && cpack -G TGZ && cpack -G DEB) >>log 2>&1 || { tail -20 log >&2; return 1; }
	mkdir tgz deb
	tar -xzf build/*.tar.gz -C tgz --strip-components=1
	split_in tgz /bin/hello
	dpkg-deb -x build/*.deb deb
	split_in deb /usr/bin/hello
}
check "CMake and CPack: a script before packing, TGZ and DEB" with_cpack

with_makepkg() {
	need makepkg bsdtar gdb cc setpriv
	source_tree
	printf 'hello: hello.c\n\tcc -g -Wl,--build-id -o hello hello.c\ninstall: hello\n\tinstall -D hello $(DESTDIR)/usr/bin/hello\n' >Makefile
	{
		printf 'pkgbase=hello\npkgver=1.2\npkgrel=1\npkgdesc=test\narch=(any %s)\nlicense=(none)\nurl=https://example.org\n' "$(uname -m)"
		printf 'source=(hello.c Makefile)\nsha256sums=(SKIP SKIP)\nbuild() { make -C "$srcdir"; }\n'
		snippet PKGBUILD
	} >PKGBUILD
	sed -i "s/^arch=.*/arch=($(uname -m))/" PKGBUILD
	printf 'CARCH=%s\nCHOST=%s-pc-linux-gnu\nPKGEXT=.pkg.tar.gz\nSRCEXT=.src.tar.gz\nCOMPRESSGZ=(gzip -c -f -n)\nDLAGENTS=()\nVCSCLIENTS=()\nBUILDENV=(!check !sign)\nOPTIONS=(docs)\nINTEGRITY_CHECK=(sha256)\n' \
		"$(uname -m)" "$(uname -m)" >makepkg.conf
	chmod -R a+rwX . && chmod a+x "$WORK"
	# makepkg refuses to run as root, and asks pacman for nothing here.
	local as=()
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	PACMAN=true HOME=$PWD "${as[@]}" makepkg -d --config makepkg.conf >log 2>&1 || {
		grep -q 'fakeroot' log && skip "makepkg has no fakeroot that works here"
		tail -20 log >&2; return 1
	}
	mkdir main debug
	bsdtar -xf hello-1.2-1-*.pkg.tar.gz -C main
	bsdtar -xf hello-debug-1.2-1-*.pkg.tar.gz -C debug
	[ ! -e main/usr/lib/debug ]
	cp -a debug/usr/lib/debug main/usr/lib/ 2>/dev/null || { mkdir -p main/usr/lib && cp -a debug/usr/lib/debug main/usr/lib/; }
	split_in main /usr/bin/hello
	readelf -n main/usr/bin/hello | grep -q '"type":"alpm".*"version":"1.2-1"'
}
check "makepkg: a package and its debug package" with_makepkg
finish
