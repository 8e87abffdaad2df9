# SPDX-License-Identifier: LGPL-2.1-or-later
# dh --with pkgnote on a small source package of several binary packages: both shapes, against what debhelper
# itself makes of it; lintian, gdb and dpkg judge.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/deb.sh"
addon_installed || exit 1

# tags FILE: lintian's errors and warnings, without the names of debug packages' shapes.
tags() {
	need lintian
	lintian --allow-root --no-tag-display-limit --tag-display-limit=0 "$1" 2>/dev/null | grep '^[EW]:' | sort || true
}
no_new_tags() { same "$(comm -13 want have)" ""; }

dbgsym() {
	compiled; plain_rules; build -b -nc
	mkdir ../plain; mv ../*.deb ../*.changes ../*.buildinfo ../plain
	rm -rf debian/.debhelper debian/files; rules; build -b -nc
	same "$(cd .. && ls *.deb | tr '\n' ' ')" "$(cd ../plain && ls *.deb | tr '\n' ' ')"
	# The note, in each executable and library and nowhere else.
	"$PKGNOTE" show --json ../hallo_1.0-1_amd64.deb ../hallo-tools_1.0-1_amd64.deb >notes
	same "$(wc -l <notes)" 5
	same "$(grep -c '"package":{"type":"deb","os":"[^"]*",.*"name":"hallo","version":"1:1.0-1","architecture":"amd64"' notes)" 5
	# Described as debhelper describes them, but for what differs in fact.
	for package in hallo-dbgsym hallo-tools-dbgsym; do
		dpkg-deb -f ../plain/${package}_*.deb | grep -v '^\(Build-Ids\|Installed-Size\)' >want
		dpkg-deb -f ../${package}_*.deb | grep -v '^\(Build-Ids\|Installed-Size\)' | sed 's/, hallo-dbgsym (= 1:1.0-1)$//' >have
		diff want have
		same "$(field ../${package}_*.deb Build-Ids | tr ' ' '\n' | sort)" \
			"$(files ../${package}_*.deb | sed -n 's,.*/.build-id/\(..\)/\(.*\)\.debug$,\1\2,p' | { grep -vxFf <(dwz_ids ../${package}_*.deb) || true; })"
	done
	# .changes and .buildinfo have them with their checksums.
	(cd .. && sed -n '/^Checksums-Sha256/,/^Files/s/^ \([0-9a-f]\{64\}\) [0-9]* \(.*\)/\1  \2/p' hallo_1.0-1_amd64.changes >sums && sha256sum -c --quiet sums)
	for file in hallo-dbgsym hallo-tools-dbgsym; do says ../sums " ${file}_1.0-1_amd64.deb"; says ../*.buildinfo "^ [0-9a-f]{64} .*${file}_1.0-1_amd64.deb"; done
	# lintian sees nothing that it does not see without us.
	tags ../plain/hallo_1.0-1_amd64.changes >want; tags ../hallo_1.0-1_amd64.changes >have
	no_new_tags
}
# The ids of files that dwz made: they have no program.
dwz_ids() {
	local tree=$WORK/dwz.$$ file
	rm -rf "$tree"; unpack "$tree" "$@"
	for file in "$tree"/usr/lib/debug/.build-id/*/*.debug; do
		! readelf -h "$file" | grep -q 'REL (Reloc' || echo "$file" | sed 's,.*/\(..\)/\(.*\)\.debug,\1\2,'
	done
	echo none
}
check "PKG-dbgsym: notes, control files, checksums, lintian: as debhelper's" dbgsym

# Sections of debug information and of the program, as debhelper's own tools leave them.
contents() {
	compiled; sed -i /libexec/d debian/hallo-tools.install; echo usr/libexec/hallo-tools >debian/not-installed # no file in both
	plain_rules; build -b -nc
	mkdir ../plain; mv ../*.deb ../plain
	rm -rf debian/.debhelper debian/files; rules; build -b -nc
	unpack plain ../plain/*.deb; unpack ours ../*.deb
	for path in usr/bin/hallo usr/bin/hallo-tool usr/libexec/hallo/helper usr/lib/hallo/libgreet.so; do
		for side in plain ours; do
			id=$(build_id $side/$path)
			debug=$side/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
			readelf --debug-dump=no-follow-links,info,abbrev,decodedline,frames "$debug" 2>/dev/null | grep -v 'File:\|^Raw dump\|Altlink\|offset: 0x\|^\.\.' >$side.dwarf || true
			readelf -sW "$debug" | grep -v '^File' | awk '{ print $2, $3, $4, $5, $6, $8 }' | sort >$side.symbols
			readelf -SW "$side/$path" | sed -n 's/^ *\[ *[0-9]*\] \([^ ]*\) .*/\1/p' | grep -v '^\.note\.package$\|^\.gnu_debugaltlink$' | sort >$side.sections
			same "$(stat -c %a "$debug")" 644
		done
		[ "$(wc -l <ours.dwarf)" -gt 20 ]
		diff plain.dwarf ours.dwarf; diff plain.sections ours.sections
		diff <(grep FUNC plain.symbols) <(grep FUNC ours.symbols)
		elflint=$(eu-elflint --gnu-ld "ours/$path" 2>&1 || true); same "$elflint" "No errors"
	done
	# A static library loses its DWARF, and its dates.
	cmp plain/usr/lib/hallo/libgreet.a ours/usr/lib/hallo/libgreet.a || { readelf -SW ours/usr/lib/hallo/libgreet.a >s; says_not s '\.debug_|\.comment'; }
	"$PKGNOTE" verify --checks=note,build-id,stripped,debuginfo --expect type=deb --expect name=hallo ../*.deb >verified || { cat verified >&2; false; }
}
check "contents of shipped files and debug files equal debhelper's" contents

shared() {
	compiled; build -b -nc
	# One file in two packages: in one debug package, on which the other depends.
	unpack one ../hallo_*.deb; unpack one ../hallo-tools_*.deb
	id=$(build_id one/usr/libexec/hallo/helper)
	same "$id" "$(build_id one/usr/libexec/hallo-tools/helper)"
	cmp one/usr/libexec/hallo/helper one/usr/libexec/hallo-tools/helper
	files ../hallo-dbgsym_*.deb >first; says first "/${id:2}.debug"
	files ../hallo-tools-dbgsym_*.deb >second; says_not second "/${id:2}.debug"; says second '\.build-id'
	same "$(field ../hallo-tools-dbgsym_*.deb Depends)" "hallo-tools (= 1:1.0-1), hallo-dbgsym (= 1:1.0-1)"
	same "$(field ../hallo-dbgsym_*.deb Depends)" "hallo (= 1:1.0-1)"
	says_not <(field ../hallo-tools-dbgsym_*.deb Build-Ids) "$id"; says <(field ../hallo-dbgsym_*.deb Build-Ids) "$id"
	# dh_gencontrol once more changes nothing.
	cp -a debian/.debhelper again
	fakeroot dh_pkgnote >/dev/null 2>&1 && fail "outside of dh, dh_pkgnote ran with debhelper's dh_strip"
	PATH=$(dh_pkgnote --print-path):$PATH dh_gencontrol -a
	for package in hallo hallo-tools; do diff -r --no-dereference -I '^Installed-Size' again/$package debian/.debhelper/$package; done
	# Packages that exclude each other need not have the other's debug package.
	rm -rf debian/.debhelper again; sed -i '/^Package: hallo-tools/a Conflicts: hallo' debian/control
	rm -f ../*.deb; build -b -nc
	files ../hallo-dbgsym_*.deb >first; says first "/${id:2}.debug"
	files ../hallo-tools-dbgsym_*.deb >second; says second "/${id:2}.debug"
	same "$(field ../hallo-tools-dbgsym_*.deb Depends)" "hallo-tools (= 1:1.0-1)"
	for name in Conflicts Replaces; do
		same "$(field ../hallo-tools-dbgsym_*.deb $name)" hallo-dbgsym
		same "$(field ../hallo-dbgsym_*.deb $name)" hallo-tools-dbgsym
	done
}
check "a file in two packages: its debug file in one, both depend on it; or both, and they exclude each other" shared

ddeb() {
	compiled; rules; sed -i 's/with pkgnote/with pkgnote --shape=ddeb/' debian/rules; build -b -nc
	same "$(cd .. && ls *.*deb | tr '\n' ' ')" "hallo-ddeb_1.0-1_amd64.ddeb hallo-doc_1.0-1_all.deb hallo-tools_1.0-1_amd64.deb hallo_1.0-1_amd64.deb "
	deb=../hallo-ddeb_1.0-1_amd64.ddeb
	for pair in Package=hallo-ddeb Version=1:1.0-1 Source=hallo Architecture=amd64 Section=debug Priority=optional Auto-Built-Package=debug-symbols \
		Package-Type=ddeb "Depends=hallo (= 1:1.0-1)"; do same "$(field $deb "${pair%%=*}")" "${pair#*=}"; done
	unpack root $deb ../hallo_*.deb ../hallo-tools_*.deb
	same "$(readlink root/usr/share/doc/hallo-ddeb)" hallo
	for path in usr/bin/hallo usr/bin/hallo-tool usr/libexec/hallo/helper usr/libexec/hallo-tools/helper usr/lib/hallo/libgreet.so; do
		id=$(build_id root/$path); [ -s "root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" ]
		says <(field $deb Build-Ids) "$id"
	done
	(cd .. && sed -n '/^Checksums-Sha256/,/^Files/s/^ \([0-9a-f]\{64\}\) [0-9]* \(.*\)/\1  \2/p' hallo_1.0-1_amd64.changes >sums && sha256sum -c --quiet sums)
	says ../sums ' hallo-ddeb_1.0-1_amd64.ddeb'
	says ../*.buildinfo '^ [0-9a-f]{64} .* hallo-ddeb_1.0-1_amd64.ddeb'
	says debian/files '^hallo-ddeb_1.0-1_amd64.ddeb debug optional automatic=yes'
	cp -a debian/files with; "$PKGNOTE" verify --checks=note,build-id,stripped,debuginfo ../hallo_1.0-1_amd64.changes >verified || { cat verified >&2; false; }
	# dpkg installs it and finds every file as it should be.
	mkdir -p sys/var/lib/dpkg/{info,updates,triggers} sys/etc; : >sys/var/lib/dpkg/status
	dpkg --root="$PWD/sys" --force-depends --log=/dev/null -i ../hallo_*.deb $deb >dpkg.log 2>&1 || { cat dpkg.log; false; }
	same "$(dpkg-query --admindir=sys/var/lib/dpkg -W -f '${db:Status-Abbrev}' hallo-ddeb)" "ii "
	same "$(dpkg --root="$PWD/sys" --verify hallo-ddeb)" ""
	gdb_finds sys/usr/lib/debug sys/usr/bin/hallo main.c
	# lintian: as without us.
	tags ../hallo_1.0-1_amd64.changes >have
	rm -rf debian/.debhelper debian/files ../*.*deb; plain_rules; build -b -nc; tags ../hallo_1.0-1_amd64.changes >want
	no_new_tags
}
# gdb_finds DEBUG PROGRAM SOURCE: gdb with that debug directory knows main's line.
gdb_finds() {
	need gdb
	gdb -q -nx -batch -iex 'set debuginfod enabled off' -ex "set debug-file-directory $PWD/$1" -ex "file $2" -ex 'info line main' >gdb.out 2>&1
	says gdb.out "Line [0-9]+ of \"[^\"]*$3\""
}
check "SOURCE-ddeb: one .ddeb for the source; dpkg, gdb, lintian, .changes, .buildinfo" ddeb

sources() {
	compiled
	for shape in dbgsym ddeb; do
		rm -rf debian/.debhelper debian/files ../*.*deb root; rules "export DH_PKGNOTE_SHAPE = $shape"
		sed -i 's/with pkgnote/with pkgnote --sources/' debian/rules; build -b -nc
		deb=../hallo-dbgsrc_1.0-1_amd64.deb
		same "$(field $deb Depends)" "hallo (= 1:1.0-1)"
		unpack root ../hallo*.*deb
		for file in main.c greet.c helper.c; do cmp $file "root/usr/src/debug/hallo-1:1.0-1.amd64/$file"; done
		need gdb
		gdb -q -nx -batch -iex 'set debuginfod enabled off' -ex "set debug-file-directory $PWD/root/usr/lib/debug" -ex "file root/usr/bin/hallo" \
			-ex "set substitute-path /usr/src/debug $PWD/root/usr/src/debug" -ex 'list greet.c:1,6' >gdb.out 2>&1
		says gdb.out 'return printf\("hallo'
		says debian/files '^hallo-dbgsrc_1.0-1_amd64.deb debug optional automatic=yes'
		says_not ../log 'not in control info'
		says ../*.changes "^ [0-9a-f]{64} [0-9]+ hallo-dbgsrc_1.0-1_amd64.deb"
		# The build directory is named nowhere, not even in what dh_dwz made for several debug files.
		find root -name '*.debug' -exec objcopy --decompress-debug-sections {} \;
		! grep -rlF "$PWD" root
		tags ../hallo_1.0-1_amd64.changes >have.$shape
	done
	rm -rf debian/.debhelper debian/files ../*.*deb; plain_rules; build -b -nc; tags ../hallo_1.0-1_amd64.changes >want
	for shape in dbgsym ddeb; do cp have.$shape have; no_new_tags; done
}
check "SOURCE-dbgsrc: the sources that debug files name; gdb shows lines" sources

targets() {
	compiled
	build -B -nc; same "$(cd .. && ls *.deb | tr '\n' ' ')" "hallo-dbgsym_1.0-1_amd64.deb hallo-tools-dbgsym_1.0-1_amd64.deb hallo-tools_1.0-1_amd64.deb hallo_1.0-1_amd64.deb "
	rm -f ../*.deb; build -A -nc; same "$(cd .. && ls *.*deb)" hallo-doc_1.0-1_all.deb
	# Also with a root of fakeroot's, and where the addon comes from the build dependencies.
	for relation in Build-Depends Build-Depends-Arch; do
		rm -rf debian/.debhelper debian/files ../*.deb; plain_rules
		sed -i -e "s/^Rules-Requires-Root:.*/Rules-Requires-Root: binary-targets/" -e '/^Build-Depends-Arch/d' -e 's/, dh-sequence-pkgnote//' \
			-e "0,/^Standards/s//$relation-X: dh-sequence-pkgnote\nStandards/" debian/control
		sed -i -e 's/^Build-Depends-X: \(.*\)/X-Comment: none/' -e 's/^Build-Depends-Arch-X/Build-Depends-Arch/' debian/control
		[ $relation = Build-Depends-Arch ] || sed -i 's/^Build-Depends: .*/&, dh-sequence-pkgnote/' debian/control
		build -b -nc
		same "$(cd .. && ls *.deb | wc -l)" 5
		"$PKGNOTE" show --check ../hallo_*.deb ../hallo-tools_*.deb >notes
		same "$(dpkg-deb -c ../hallo-dbgsym_*.deb | awk '{ print $2 }' | sort -u)" root/root
	done
	# Nothing to do where all is for all architectures.
	awk 'BEGIN { RS = ""; ORS = "\n\n" } !/Package: hallo(-tools)?\n/' debian/control >c && mv c debian/control
	rm -rf debian/.debhelper debian/files ../*.deb; rules "override_dh_auto_install:"; build -b -nc
	same "$(cd .. && ls *.*deb)" hallo-doc_1.0-1_all.deb
}
check "dpkg-buildpackage -B, -A and -b, as root or not; the addon by build dependency; arch:all alone" targets

two_builds() {
	compiled; rules 'export DH_PKGNOTE_SOURCES = 1'
	for shape in dbgsym ddeb; do
		for run in 1 2; do
			rm -rf debian/.debhelper debian/files ../*.*deb; export DH_PKGNOTE_SHAPE=$shape
			[ $run = 1 ] || { export DEB_BUILD_OPTIONS=parallel=2 LC_ALL=C.UTF-8 TZ=Pacific/Apia; find . -type f -exec touch -d '2024-05-05' {} +; umask 002; }
			build -b -nc; mkdir $shape$run; mv ../*.*deb $shape$run; unset DEB_BUILD_OPTIONS
		done
		diff -r ${shape}1 ${shape}2
	done
	cmp dbgsym1/hallo_*.deb ddeb1/hallo_*.deb
}
check "two builds: the same packages; the program's package does not depend on the shape" two_builds

versions() {
	need aarch64-linux-gnu-gcc
	for version in 1.0-1 1:1.0-1 2.0-1; do
		dir=v$version; mkdir -p "$dir/src"
		(cd "$dir/src" && toy hallo "$version" && cd hallo/hallo && rules 'export DH_PKGNOTE_SHAPE = ddeb' && build -B)
	done
	(mkdir -p cross/src && cd cross/src && toy hallo 2.0-1 && cd hallo/hallo && rules override_dh_shlibdeps: && { DEB_BUILD_OPTIONS=nocheck build -B -aarm64 || { file program libgreet.so debian/hallo/usr/lib/debug/.dwz/*/*; false; }; } && mv ../*.deb ../../..)
	# One root for all of them: where a path is in two packages, it is the same file.
	for package in v*/src/hallo/*.ddeb cross/*dbgsym*.deb; do
		rm -rf one; unpack one "$package"; mkdir -p all
		(cd one && find . ! -type d) | while read -r path; do
			[ ! -e "all/$path" ] && [ ! -L "all/$path" ] && continue
			case $path in */.build-id/* | */doc/* | */overrides/*) ;; *) echo "$package: $path"; exit 1 ;; esac
			[ -L "one/$path" ] && [ "$(readlink "one/$path")" = "$(readlink "all/$path")" ] || cmp "one/$path" "all/$path"
		done
		cp -a one/. all/
	done
	for package in v*/src/hallo/hallo_*.deb cross/hallo_*.deb; do
		rm -rf prog; unpack prog "$package"
		gdb_finds all/usr/lib/debug prog/usr/bin/hallo main.c
		build_id prog/usr/bin/hallo
	done >ids
	same "$(sort -u ids | wc -l)" 4
	"$PKGNOTE" show --json cross/hallo_*_arm64.deb >note; says note '"version":"2.0-1","architecture":"arm64"'
}
check "three versions and a cross build in one root: nothing clashes, gdb finds each" versions
finish
