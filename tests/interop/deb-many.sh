# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's source packages of many kinds with the addon switched on for a whole archive, nothing in them touched, against debhelper's
# result from the same compiled tree: packages, files, modes, fields, sections, static libraries byte for byte. A row is what
# makes a package another kind, and what building it needs. The first are in every run, all with LONG=1.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/deb.sh"
. "$TOP/tests/debsrc.sh"
addon_installed || exit 1
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
-cpio autotools
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
-nss-wrapper preloaded library'

# made SIDE: what debian/rules binary makes of the compiled tree, in ../SIDE.
made() {
	export SOURCE_DATE_EPOCH; SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -STimestamp)
	rm -rf debian/.debhelper debian/files debian/*.debhelper.log
	fakeroot debian/rules binary >../log 2>&1 || { tail -30 ../log >&2; return 1; }
	mkdir -p "../$1"; mv ../*.*deb "../$1/"
}
# Modes, owners, names; a debug file's name is its build-id's, which is another.
listed() { dpkg-deb --fsys-tarfile "$1" | tar --numeric-owner -tvf - | sed -E 's/ +[0-9]+ [0-9]{4}-[0-9-]+ [0-9:]+ / /; s,/\.build-id/.*,/BUILD-ID,; /\.dwz/d' | sort -u; }
sections() { readelf -SW "$1" 2>/dev/null | sed -nE 's/^ *\[ *[0-9]+\] ([^ ]+) .*/\1/p' | grep -v '^\.note\.package$' | sort || true; }

compares() {
	local name=$1 wants checks package file path elf=0
	mkdir work && cd work && debsrc "$name" && cd "$name-src"
	wants=$(dpkg-checkbuilddeps 2>&1 | sed -n 's/.*build dependencies: //p')
	timeout 900 debian/rules build </dev/null >../build.log 2>&1 || { tail -20 ../build.log >&2; skip "$name does not compile here${wants:+; it wants $wants}"; }
	made plain
	if grep -qE '^\s+dh |dh \$' debian/rules; then DH_EXTRA_ADDONS=pkgnote made ours; else PATH=$(dh_pkgnote --print-path):$PATH made ours; fi
	cd ..
	mkdir plain.root ours.root
	same "$(cd ours && ls *.*deb | tr '\n' ' ')" "$(cd plain && ls *.*deb | tr '\n' ' ')"
	for package in plain/*.*deb; do
		package=${package#plain/}
		diff <(listed "plain/$package") <(listed "ours/$package")
		diff <(dpkg-deb -f "plain/$package" | grep -v '^ *\(Build-Ids\|Installed-Size\)') <(dpkg-deb -f "ours/$package" | grep -v '^ *\(Build-Ids\|Installed-Size\)')
		unpack "plain.root/$package" "plain/$package"; unpack "ours.root/$package" "ours/$package"
	done
	find ours.root -type f ! -path '*/.build-id/*' ! -path '*/.dwz/*' >files
	while read -r file; do
		path=${file#ours.root/}
		case $file in
		*.a) cmp "plain.root/$path" "$file" ;;
		esac
		diff <(sections "plain.root/$path") <(sections "$file") || { echo "$path"; return 1; }
		[ "$(head -c4 "$file" | tail -c3)" != ELF ] || elf=$((elf + 1))
	done <files
	# Some compile without debug information, and have no debug package on either side.
	checks=note,build-id
	! ls ours/*-dbgsym_* >/dev/null 2>&1 || checks+=,stripped,debuginfo
	[ $elf = 0 ] || "$PKGNOTE" verify --checks=$checks ours/*.deb >verified || { cat verified >&2; return 1; }
	echo "$elf"
}
while read -r NAME KIND; do
	[[ -z ${NAMES:-} || " $NAMES " == *" ${NAME#-} "* ]] || continue
	case $NAME in -*) [ -n "${LONG:-}" ] || continue; NAME=${NAME#-} ;; esac
	row() { compares "$NAME"; }
	check "$NAME: $KIND" row
done <<<"$ROWS"
finish
