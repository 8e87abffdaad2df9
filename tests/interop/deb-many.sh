# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's source packages of many kinds with the addon switched on for a whole archive, nothing in them touched, against debhelper's
# result from the same compiled tree: packages, files, modes, fields, sections, build-ids, sizes, what programs say, what lintian says
# (tests/deb_compare.sh). What we mean to do otherwise is in tests/interop/peers.list. A row is what makes a package another kind; one
# whose build dependencies are not here says so. The first are in every run, all with LONG=1; NAMES="a b" picks some. INSTALL=1 installs
# the dependencies: that is for a root of its own, which "tests/release --packages bookworm" has for all rows.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/deb.sh"
. "$TOP/tests/debsrc.sh"
. "$TOP/tests/deb_compare.sh"
. "$TOP/tests/debown.sh"
# As on a builder: no compiler of the user's own before the system's, and no variable of ours, which make would take for its own.
export -n TOP BUILD PKGNOTE WORK NAMES LONG INSTALL ONLY COUNTS SANITIZED RELEASES RELEASE JOBS
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=$WORK/home
addon_installed || exit 1
eval "$(dpkg-architecture -s)"
export DEB_BUILD_OPTIONS='nocheck parallel=2' FORCE_UNSAFE_CONFIGURE=1

ROWS='tree plain make
ed autotools
hostname plain make
figlet plain make, scripts
-lzip C++
-bzip2 shared and static library
-yajl cmake, static library
-mawk autotools
-sed autotools
-gzip autotools
-patch autotools
-cpio without debhelper
-tini cmake, static program
-jimtcl autotools of its own, library
-lua5.3 library
-dash two programs of one source
-netcat old debian/rules
-sysvbanner plain make
-rename Perl, no ELF
-liblzf library
-xxhash library, program
-lz4 library, programs
-liblockfile set-group-id program
-nss-wrapper preloaded library
-libinih meson, a udeb
-rdate a udeb of a program
-haskell-erf Haskell, cdbs
-libsamplerate cmake, library
-expat autotools, static library, a udeb
-opus --dbgsym-migration
-klibc -X of its own run time, shared without a dynamic linker
-tcc static libraries, no -dbgsym
-zlib 32-bit libraries, a udeb
-gnu-efi static libraries, EFI objects
-ncompress plain make
-fping a program with a capability
-lua-lpeg Lua
-lua-filesystem Lua
-gron Go
-ocaml-getopt OCaml
-lbfgsb Fortran
-r-cran-bitops R
-ruby-nokogiri Ruby
-libarray-refelem-perl Perl
-liblist-moreutils-xs-perl Perl
-libpam-script PAM
-libnss-cache NSS
-python-cffi Python
-opendoas set-user-id program
-rust-ripgrep Rust
-tomcat-native JNI
-erlang-jiffy Erlang
-libexttextcat cdbs
-own-ada Ada
-own-guile guile
-own-plugin gcc plugin
-own-module kernel module
-own-foreign firmware in a package for all, ELF of another machine as test data
-own-payload a payload behind the image
-own-strips dh_strip with --dbgsym-migration, -k, --no-automatic-dbgsym, -X'

# made SIDE: what debian/rules binary makes of a copy of the compiled tree, at the place where it was compiled, in ../SIDE.
made() {
	local side=$1 source=$2
	rm -rf "$source" && cp -a compiled "$source" && mkdir -p "$side"
	(
		cd "$source"
		export SOURCE_DATE_EPOCH; SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -STimestamp)
		fakeroot debian/rules binary </dev/null >"../$side.log" 2>&1 || { tail -30 "../$side.log" >&2; return 1; }
	) || return 1
	mv ./*.*deb "$side/"
}

compares() {
	local name=$1 source=$1-src wants checks elf=0 began=$SECONDS
	mkdir work && cd work
	case $name in own-*) mkdir "$source" && (cd "$source" && "$name") ;; *) debsrc "$name" ;; esac
	[ -z "${INSTALL:-}" ] || apt-get -y --no-install-recommends -P nocheck build-dep "./$source" >install.log 2>&1 </dev/null || { tail -5 install.log >&2; skip "what $name wants cannot be installed"; }
	wants=$(cd "$source" && dpkg-checkbuilddeps -P nocheck 2>&1 | sed -n 's/.*build dependencies: //p')
	(cd "$source" && timeout 1800 debian/rules build </dev/null >../build.log 2>&1) ||
		{ tail -20 build.log >&2; [ -n "$wants" ] || grep -q /sid /etc/debian_version || fail "$name does not compile"; skip "$name does not compile here; it wants ${wants:-an older compiler}"; }
	mv "$source" compiled
	made plain "$source" || { [ -z "$wants" ] || skip "$name is not packaged here; it wants $wants"; fail "$name is not packaged without us"; }
	# Cargo compiles only as it installs.
	[ ! -d "$source/target" ] || [ -e compiled/target ] || cp -a "$source/target" compiled/
	if grep -qE '^\s+dh |dh \$' compiled/debian/rules; then DH_EXTRA_ADDONS=pkgnote made ours "$source"; else PATH=$(dh_pkgnote --print-path):$PATH made ours "$source"; fi
	mkdir plain.root ours.root
	in_packages >found
	find ours.root -type f ! -path '*/.build-id/*' ! -path '*/.dwz/*' >files
	{ in_files; in_build_ids; in_answers; [ -z "${LONG:-}" ] || in_lintian; } >>found
	# Some compile without debug information, and have no debug package on either side.
	checks=note,build-id
	! ls ours/*-dbgsym_* >/dev/null 2>&1 || checks+=,stripped,debuginfo
	while read -r file; do ! is_elf "$file" || elf=$((elf + 1)); done <files
	if [ $elf != 0 ]; then "$PKGNOTE" verify --allow-empty --checks=$checks ours/*.*deb >verified 2>&1 || sed -nE '/^(fail|missing|unreachable) /s/^/verify: /p' verified >>found; fi
	unmeant "$name" <found >unknown
	cat unknown
	printf '%-32s %4d s  %3d ELF  %8d bytes, ours %8d  %s\n' "$name" $((SECONDS - began)) $elf "$(cat plain/*.*deb | wc -c)" "$(cat ours/*.*deb | wc -c)" "$2" >>"$WORK/table"
	[ ! -s unknown ]
}

# The list lets a file lose dwz's link with its DWARF, and in no other way.
lost_links() {
	local at=usr/lib/debug/.build-id one id debug
	need gcc dwz objcopy strip
	printf '#include <stdio.h>\nstruct wide { int a, b, c, d, e, f; } wide;\nint main(void) { return printf("%%d", wide.a); }\n' >one.c
	mkdir -p plain.root/p_1.deb/usr/bin ours.root/p_1.deb/usr/bin
	for one in linked unlinked whole alone; do gcc -g -Wl,--build-id=sha1 -o $one one.c; echo "int $one;" >>one.c; done
	dwz -m shared linked unlinked whole alone
	for one in linked unlinked whole alone; do
		readelf -SW $one | grep -q gnu_debugaltlink
		strip -o plain.root/p_1.deb/usr/bin/$one $one
		strip -R .gnu_debugaltlink -o ours.root/p_1.deb/usr/bin/$one $one
		id=$(build_id $one) debug=ours.root/p-dbgsym_1.deb/$at/${id:0:2}/${id:2}.debug
		mkdir -p "${debug%/*}" && objcopy --only-keep-debug $one "$debug"
	done
	id=$(build_id unlinked) && objcopy -R .gnu_debugaltlink ours.root/p-dbgsym_1.deb/$at/"${id:0:2}/${id:2}.debug"
	id=$(build_id alone) && rm ours.root/p-dbgsym_1.deb/$at/"${id:0:2}/${id:2}.debug"
	objcopy -R .gnu_debugaltlink whole ours.root/p_1.deb/usr/bin/whole
	cp whole plain.root/p_1.deb/usr/bin/whole
	find ours.root -type f ! -path '*/.build-id/*' >files
	in_files | grep -v '^size:' >found
	same "$(wc -l <found)" 4
	same "$(unmeant planted <found | sort)" "sections:p:usr/bin/unlinked < .gnu_debugaltlink, nor in the debug file
sections:p:usr/bin/whole < .gnu_debugaltlink, and DWARF stays"
}
[[ -n ${NAMES:-} ]] || check "a link to what dwz shares, lost, is found" lost_links
while read -r NAME KIND; do
	[[ -z ${NAMES:-} || " $NAMES " == *" ${NAME#-} "* ]] || continue
	case $NAME in -*) [ -n "${LONG:-}" ] || continue; NAME=${NAME#-} ;; esac
	row() { compares "$NAME" "$KIND"; }
	check "$NAME: $KIND" row
done <<<"$ROWS"
[ ! -f "$WORK/table" ] || cat "$WORK/table"
finish
