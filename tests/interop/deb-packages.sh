# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's own source packages with the addon, in both shapes, against debhelper's result from the same compiled tree:
# packages, contents, lintian, gdb. Each is compiled once.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/deb.sh"
. "$TOP/tests/debsrc.sh"
addon_installed || exit 1
export DEB_BUILD_OPTIONS='nocheck parallel=2' FORCE_UNSAFE_CONFIGURE=1

# source_of NAME: its source in ./work/NAME-src, compiled; then in it.
source_of() {
	need "${@:2}"
	mkdir work && cd work && debsrc "$1" && cd "$1-src"
	cp debian/rules ../rules.plain
	debian/rules build >../build.log 2>&1 || { tail -20 ../build.log >&2; fail "$1 does not compile here"; }
}

# packages DIR TARGET: what debian/rules makes of what is compiled, in ../DIR. dpkg-buildpackage would have some of them
# compiled once more.
packages() {
	local dir=$PWD/../$1 kind=binary
	[ "$2" = binary ] || kind=any
	export SOURCE_DATE_EPOCH; SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -STimestamp)
	rm -rf debian/.debhelper debian/files debian/*.debhelper.log
	fakeroot debian/rules "$2" >../log 2>&1 || { tail -30 ../log >&2; return 1; }
	set -- "$1" "../$(dpkg-parsechangelog -SSource)"
	dpkg-genbuildinfo --build=$kind "-O$2.buildinfo" >>../log 2>&1
	dpkg-genchanges --build=$kind "-O$2.changes" >>../log 2>&1 || { tail -5 ../log >&2; return 1; }
	mkdir "$dir"; mv ../*.*deb ../*.changes ../*.buildinfo "$dir/"
}
with_pkgnote() { sed "s/^\(\tdh \\\$[@{}]*\).*/& --with pkgnote $*/" ../rules.plain >debian/rules; }

# plain, ours and ddeb are built; NAME is the source, PROGRAM a path that gdb is to know SYMBOL of.
compare() {
	local name=$1 package program=$2 symbol=$3 path id tag
	cd ..
	# The same packages with the same files, but for names by build-id and what dwz makes.
	same "$(cd ours && ls *.*deb | tr '\n' ' ')" "$(cd plain && ls *.*deb | tr '\n' ' ')"
	for package in plain/*.deb; do
		for side in plain ours; do
			files "$side/${package#plain/}" | sed -e 's,/\.build-id/.*,/BUILD-ID,' -e '/\.dwz/d' -e 's/^[^/]*//' | uniq >$side.files
			field "$side/${package#plain/}" | grep -v '^ *\(Build-Ids\|Installed-Size\)' >$side.fields
		done
		diff plain.files ours.files; diff plain.fields ours.fields
	done
	unpack plain.root plain/*.*deb; unpack ours.root ours/*.*deb; unpack ddeb.root ddeb/*.*deb
	[ -e "ours.root$program" ] || program=/usr$program # since Debian 13 packages say so themselves
	find ours.root -type f ! -path '*/usr/lib/debug/*' | sed 's/^ours.root//' | sort >paths
	local count=0
	while read -r path; do
		readelf -h "ours.root$path" 2>/dev/null | grep -q 'Type: *\(EXEC\|DYN\)' || continue
		id=$(build_id "ours.root$path"); [ -n "$id" ] || continue
		case $path in *udeb*) continue ;; esac
		count=$((count + 1))
		[ -s "ours.root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" ] || { echo "$path: no debug file $id"; return 1; }
		[ $((count % 10)) = 1 ] || continue
		# Every tenth in depth: the program's sections, and the functions that the debug file knows; dwz's file is not looked into,
		# since only our name for it is found in a root of its own.
		for side in plain ours; do
			id=$(build_id "$side.root$path")
			readelf -SW "$side.root$path" | sed -n 's/^ *\[ *[0-9]*\] \([^ ]*\) .*/\1/p' | grep -v '^\.note\.package$\|^\.gnu_debugaltlink$' | sort >$side.sections
			readelf -sW "$side.root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" | awk '$4 == "FUNC" { print $3, $8 }' | sort >$side.functions
			readelf -wN --debug-dump=decodedline "$side.root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" 2>/dev/null | grep -v '^File\|^Contents\|^$' >$side.lines || true
		done
		diff plain.sections ours.sections; diff plain.functions ours.functions; diff plain.lines ours.lines
	done <paths
	[ $count -gt 0 ]
	# The note is everywhere; every debug file is there and belongs.
	"$PKGNOTE" verify --checks=note,build-id,stripped,debuginfo --expect name="$name" ours/*.changes >verified || { cat verified >&2; return 1; }
	"$PKGNOTE" verify --checks=note,build-id,stripped,debuginfo --expect name="$name" ddeb/*.changes >verified || { cat verified >&2; return 1; }
	same "$(cd ddeb && ls *.ddeb)" "$(cd ours && ls *dbgsym*.deb | head -1 | sed "s/^.*-dbgsym_\(.*\)\.deb/$name-ddeb_\1.ddeb/")"
	need gdb
	for path in ours ddeb; do
		gdb -q -nx -batch -iex 'set debuginfod enabled off' -ex "set debug-file-directory $PWD/$path.root/usr/lib/debug" \
			-ex "file $path.root$program" -ex "info line $symbol" >gdb.out 2>&1
		says gdb.out 'Line [0-9]+ of ".*\.(c|cc)" starts at'
	done
	# lintian: no error or warning that debhelper's packages do not have. It takes minutes for coreutils.
	if [ "$name" != coreutils ] || [ -n "${LONG:-}" ]; then
		need lintian
		for side in plain ours ddeb; do
			lintian --allow-root --no-tag-display-limit --tag-display-limit=0 $side/*.changes 2>/dev/null | grep '^[EW]:' | sort >$side.tags || true
		done
		# A tag has what it is about behind it: by name and package.
		for side in ours ddeb; do same "$(comm -13 <(cut -d' ' -f1-3 plain.tags | sort -u) <(cut -d' ' -f1-3 $side.tags | sort -u))" ""; done
	fi
	cd -
}

hello() {
	need help2man makeinfo
	source_of hello
	packages plain binary
	with_pkgnote; packages ours binary; packages again binary
	with_pkgnote --shape=ddeb; packages ddeb binary
	with_pkgnote --sources; packages sources binary
	compare hello /usr/bin/hello main
	diff -r --exclude='*.buildinfo' --exclude='*.changes' ../ours ../again
	cmp ../ours/hello_*.deb ../ddeb/hello_*.deb
	unpack root ../sources/hello*.deb
	cmp src/hello.c "root/usr/src/debug/hello-$(dpkg-parsechangelog -SVersion).$(dpkg --print-architecture)/src/hello.c"
	# gnulib's generated headers and the program's own sources: all of them that the build still has.
	[ "$(find root/usr/src/debug -type f | wc -l)" -gt 15 ]
	gdb -q -nx -batch -iex 'set debuginfod enabled off' -ex "set debug-file-directory $PWD/root/usr/lib/debug" -ex 'file root/usr/bin/hello' \
		-ex "set substitute-path /usr/src/debug $PWD/root/usr/src/debug" -ex 'list main' >gdb.out 2>&1
	says gdb.out '^[0-9]+.*main \(int argc'
}
check "hello" hello

lzip() {
	source_of lzip
	packages plain binary
	with_pkgnote; packages ours binary
	with_pkgnote --shape=ddeb; packages ddeb binary-arch
	compare lzip /usr/bin/lzip.lzip main
}
check "lzip: C++" lzip

# debian/rules calls each command itself; dh_strip with --dbgsym-migration; shared, static, a udeb, Multi-Arch: same.
zlib() {
	export DEB_BUILD_PROFILES=nobiarch
	source_of zlib
	packages plain binary-arch
	for shape in dbgsym ddeb; do
		sed -e "1a export PATH := \$(shell dh_pkgnote --print-path):\$(PATH)\nexport DH_PKGNOTE_SHAPE = $shape" -e 's/^\tdh_strip/\tdh_pkgnote -a\n&/' ../rules.plain >debian/rules
		packages $shape binary-arch
	done
	mv ../dbgsym ../ours
	compare zlib /lib/x86_64-linux-gnu/libz.so.1 deflate
	# Of Debian 12's: zlib1g-dbg (<< 1:1.2.11.dfsg-2~).
	for field in Breaks Replaces; do same "$(field ../ddeb/zlib-ddeb_*.ddeb $field)" "$(field ../plain/zlib1g-dbgsym_*.deb $field)"; done
	grep -q dbgsym-migration ../rules.plain || same "$(field ../ddeb/zlib-ddeb_*.ddeb Breaks)" ''
	for package in ours/zlib1g-dbgsym_*.deb ddeb/zlib-ddeb_*.ddeb; do same "$(field ../$package Multi-Arch)" same; done
	"$PKGNOTE" show --json ../ours/zlib1g_*.deb >note; grep -qF "\"name\":\"zlib\",\"version\":\"$(dpkg-parsechangelog -SVersion)\"" note
	unpack udeb ../ours/*.udeb; "$PKGNOTE" show --check udeb >/dev/null
	readelf -SW ../ours.root/usr/lib/x86_64-linux-gnu/libz.a >sections; says_not sections '\.debug_|\.comment'
}
check "zlib: no dh, --dbgsym-migration, static library, udeb, Multi-Arch" zlib

coreutils() {
	need bison gperf autoreconf
	source_of coreutils
	packages plain binary
	with_pkgnote; packages ours binary
	with_pkgnote --shape=ddeb; packages ddeb binary
	compare coreutils /bin/ls main
}
check "coreutils" coreutils
finish
