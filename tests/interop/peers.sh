# SPDX-License-Identifier: LGPL-2.1-or-later
# The peers' own tests and test files, of Debian's source packages: debugedit's tests of find-debuginfo with ours in its place;
# rpm's tests of debuginfo, by our macros; elfutils' test binaries, split, and joined again by eu-unstrip; with LONG=1 dwz's test programs, folded
# by --dwz. What we mean to do otherwise is in tests/interop/peers.list, with its reason. LONG=1 takes all of elfutils' binaries, else
# every sixteenth.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/debsrc.sh"
. "$TOP/tests/rpm.sh"
LIST=$TOP/tests/interop/peers.list

# known SUITE NAME: whether the list has it.
known() { awk -v suite="$1" -v name="$2" '$1 == suite && $2 == name { found = 1 } END { exit !found }' "$LIST"; }

# debugedit's Autotest, which wants its words on the way: they are printed here, from what is there. Our remarks are no part of it.
wrapper() {
	mkdir bin
	cat >bin/find-debuginfo <<-'SH'
	#!/bin/bash
	"$PKGNOTE" find-debuginfo "$@" 2>"$RPM_BUILD_ROOT.err"; status=$?
	grep -vE ': (left alone: .*|split|rewritten)$|: eu-elflint: ' "$RPM_BUILD_ROOT.err" >&2
	[ $status = 0 ] && [ -n "${RPM_BUILD_ROOT:-}" ] || exit $status
	find "$RPM_BUILD_ROOT/usr/lib/debug" -name '*.debug' -type f >"$RPM_BUILD_ROOT.files" 2>/dev/null
	echo "Extracting debug info from $(wc -l <"$RPM_BUILD_ROOT.files") files"
	echo "DWARF-compressing $(xargs -r -n1 readelf -SW <"$RPM_BUILD_ROOT.files" 2>/dev/null | grep -c gnu_debugaltlink) files"
	for file in "${@: -1}"/*; do
		case $file in *.a) echo "check AR file $file" ;; *.o) continue ;; esac
		[ -f "$file" ] && eu-elflint --gnu "$file"
	done 2>/dev/null | sort -u
	exit 0
	SH
	# It says this of what objcopy --only-keep-debug makes, too: a header of what is elsewhere has no bytes here.
	cat >bin/readelf.quiet <<-'SH'
	#!/bin/bash
	said=$(mktemp); readelf "$@" 2>"$said"; status=$?
	grep -v 'Unable to find program interpreter name' "$said" >&2; rm -f "$said"; exit $status
	SH
	for one in debugedit-classify-ar debugedit sepdebugcrcfix; do printf '#!/bin/sh\nexit 1\n' >bin/$one; done
	chmod +x bin/*
}
finds_debuginfo() {
	need autom4te eu-elflint gdb dwz
	debsrc debugedit
	wrapper
	cd debugedit-src/tests
	[ -f find-debuginfo.at ] || skip "debugedit here is older than its tests of find-debuginfo (5.2)"
	for one in NAME TARNAME VERSION STRING BUGREPORT; do echo "m4_define([AT_PACKAGE_$one],[debugedit])"; done >package.m4
	autom4te --language=autotest -I . testsuite.at -o testsuite
	printf '%s\n' at_testdir=tests "abs_builddir='$PWD'" at_srcdir=. "abs_srcdir='$PWD'" at_top_srcdir=.. at_top_builddir=.. \
		"AUTOTEST_PATH=''" SHELL=/bin/bash >atconfig
	sed -e "s,@abs_builddir@:@abs_top_builddir@,$(cd ../.. && pwd)/bin," -e 's,@CC@,gcc,; s,@CXX@,g++,; s,@LD@,ld,; s,@AR@,ar,; s,@READELF@,readelf.quiet,' \
		-e 's,@READELF_VERSION_OK@,yes,; s,@GDB_ADD_INDEX_CHECKS_OK@,yes,; s,@GDWARF_5_FLAG@,-gdwarf-5,; s,@GZ_NONE_FLAG@,-gz=none,' \
		-e 's,@GZ_ZLIB_FLAG@,-gz=zlib,; s,@DWARF_5_DEBUGLINE@,yes,; s,@DWARF_5_DEBUGADDR@,no,; s,@DEBUG_MACRO_FLAG@,,' atlocal.in >atlocal
	bash testsuite -k find-debuginfo >out 2>err || :
	grep -E '^ *[0-9]+: ' out >verdicts || { cat out err >&2; return 1; }
	bad=0
	while read -r number name; do
		verdict=${name##*  }; name=$(sed -E 's/ +(ok|FAILED|skipped|expected).*//; s/ /-/g' <<<"$name")
		case $verdict in
		*FAILED*)
			known debugedit "$name" && continue
			echo "$name"; grep -E '^[-+]|exit code|pkgnote' "testsuite.dir/${number%:}/testsuite.log" | head -15; bad=1 ;;
		*) ! known debugedit "$name" || { echo "$name holds, and is in $LIST"; bad=1; } ;;
		esac
	done <verdicts >bad.out
	cat bad.out >&2
	[ "$(grep -c ' ok$' verdicts)" -ge 8 ] && [ $bad = 0 ]
}

# One of elfutils' binaries. What eu-unstrip makes of both halves is as it was; where eu-strip's halves do not do better, it is not ours.
joined() {
	local name=$1 file=$2 root=one/root debug got=0
	rm -rf one; mkdir -p $root/usr/bin; cp "$file" $root/usr/bin/p; chmod 755 $root/usr/bin/p
	timeout 120 "$PKGNOTE" split --layout=rpm --name=n --package-version=1 --release=2 --arch=x --build-id=keep $root >one/out 2>one/err || got=$?
	[ $got = 0 ] || [ $got = 3 ] || { echo "$name: exit $got"; return; }
	debug=$(find $root/usr/lib -name '*.debug' -type f 2>/dev/null) || :
	# Left alone, with a reason: then it is as it was.
	[ -n "$debug" ] || { cmp -s "$file" $root/usr/bin/p || [ $got = 0 ] || echo "$name: exit $got, and it changed"; return; }
	echo x >>halves
	[ $got = 0 ] || { echo "$name: exit $got"; return; }
	timeout 120 eu-unstrip -o one/whole $root/usr/bin/p "$debug" 2>one/unstrip &&
		eu-elfcmp --hash-inexact --gaps=ignore "$file" one/whole >one/cmp 2>&1 && return
	cat one/unstrip one/cmp 2>/dev/null >one/why
	if eu-strip -f one/their.debug -o one/theirs "$file" 2>/dev/null && eu-unstrip -o one/their.whole one/theirs one/their.debug 2>/dev/null &&
		eu-elfcmp --hash-inexact --gaps=ignore "$file" one/their.whole >/dev/null 2>&1; then
		echo "$name: $(head -1 one/why)"
	fi
}
elfutils_binaries() {
	need eu-unstrip eu-elfcmp eu-strip bzcat
	debsrc elfutils
	local n=0 file name
	for file in elfutils-src/tests/*.bz2; do
		n=$((n + 1))
		[ -n "${LONG:-}" ] || [ $((n % 16)) = 0 ] || continue
		name=${file##*/}; name=${name%.bz2}
		bzcat "$file" >binary
		joined "$name" binary
	done >differ
	while IFS=: read -r name why; do known elfutils "$name" || echo "$name:$why"; done <differ >unknown
	cat unknown >&2
	[ ! -s unknown ] && [ "$(wc -l <halves)" -ge $([ -n "${LONG:-}" ] && echo 90 || echo 3) ]
}

# dwz's programs, each twice in a tree, so that there is something to share: both ways to fold leave what readelf reads without a
# word more than before, every function's name, and what dwz itself takes.
dwz_programs() {
	[ -n "${LONG:-}" ] || skip "dwz's programs are for LONG=1"
	need dwz make gcc g++ readelf
	debsrc dwz
	local targets one options debug bad=0 count=0
	mkdir programs
	# What its Makefile can make without DejaGnu.
	targets=$(sed -n '/^TEST_EXECS_x86_64 =/,/[^\\]$/p; /^TEST_EXECS =/,/[^\\]$/p' dwz-src/Makefile | sed 's/TEST_EXECS_*[a-zA-Z0-9_]* =//; s/\$([^)]*)//g; s/\\//' | tr -s ' \t\n' ' ')
	make -k -C dwz-src $targets >make.log 2>&1 || :
	for one in $targets; do
		[ -s "dwz-src/$one" ] || continue
		for options in --dwz=single --dwz=multi; do
			rm -rf root; mkdir -p root/usr/bin; cp "dwz-src/$one" root/usr/bin/a; cp "dwz-src/$one" root/usr/bin/b
			timeout 300 "$PKGNOTE" split --layout=rpm --name=n --package-version=1 --release=1 --arch=x --build-id=keep $options root >out 2>err ||
				{ echo "$one $options: exit $?: $(head -1 err)"; bad=1; continue; }
			debug=$(find root/usr/lib/debug -name 'a-1-1.x.debug')
			[ -n "$debug" ] || continue
			count=$((count + 1))
			readelf -wi "dwz-src/$one" 2>&1 >/dev/null | sed 's/dwz-src[^ ]*//' | sort -u >before || :
			readelf -wi "$debug" 2>&1 >/dev/null | sed 's/root[^ ]*//' | sort -u >after || :
			comm -13 before after | grep -v 'interpreter name' | sed "s/^/$one $options: readelf: /"
			find root/usr/lib/debug -type f -print0 | while IFS= read -r -d '' file; do readelf -wi "$file" 2>/dev/null; done >whole
			functions "$(readelf -wi "dwz-src/$one" 2>/dev/null)" >want; functions "$(cat whole)" >have
			comm -23 want have | sed "s/^/$one $options: is gone: /" | head -5
			cp "$debug" again; dwz -o folded "dwz-src/$one" 2>/dev/null && { dwz -o folded again 2>said || grep -q 'not beneficial\|already' said || echo "$one $options: dwz: $(head -1 said)"; }
		done
	done >found
	while IFS= read -r one; do known dwz "${one%% *}" || echo "$one"; done <found >unknown
	cat unknown >&2
	[ ! -s unknown ] && [ $count -ge 20 ]
}
# functions TEXT: names that it gives entries.
# rpm's Autotest, as far as it is about debuginfo: the specs are built by the rpmbuild that is here, with rpm's macros for such tests and
# those that we install. Nothing is installed: what the tests see as / of a root of their own is a directory. ./verdicts has a line a test.
rpm_suite() { # rpm_suite CONFIGDIR "WHICH OF THEM" [OPTION OF RPMBUILD]...
	local config=$1 which=$2; shift 2
	rm -rf testing testsuite* verdicts
	mkdir -p testing/build testing/tmp testing/db
	cp -r data testing/
	for one in NAME TARNAME VERSION STRING BUGREPORT; do echo "m4_define([AT_PACKAGE_$one],[rpm])"; done >package.m4
	printf 'm4_include([rpmbuild.at])\nm4_include([rpmbuildid.at])\n' >testsuite.at
	autom4te --language=autotest -I . testsuite.at -o testsuite
	printf '%s\n' at_testdir=tests "abs_builddir='$PWD'" at_srcdir=. "abs_srcdir='$PWD'" at_top_srcdir=.. at_top_builddir=.. \
		"AUTOTEST_PATH=''" SHELL=/bin/bash >atconfig
	# rpm 4.18 copies a tree, "testing", of which later ones mount a snapshot, "tree".
	cat >atlocal <<-SH
	RPMTEST=$PWD/testing RPMDATA=$PWD/data DEBUGINFO_DISABLED=false PYTHON_DISABLED=true CAP_DISABLED=true
	export TZ=UTC
	snapshot() { [ "\$1" != mount ] || { cp -a "$PWD/testing" tree && mkdir tree/root && ln -s ../data/SOURCES tree/build/; }; }
	there() { for RPMTEST in "\$PWD/tree" "\$PWD/testing"; do [ ! -d "\$RPMTEST" ] || break; done; }
	rundebug() {
		there
		RPM_CONFIGDIR=$config "\$@" --define "_buildhost localhost" --define "_tmppath \$RPMTEST/tmp" --define "_topdir \$RPMTEST/build" --dbpath="\$RPMTEST/db" ${*@Q}
	}
	run() { rundebug "\$@"; }
	runroot() {
		local word; local -a words=()
		there
		for word; do case \$word in /build/* | /data/*) words+=(\$RPMTEST\$word) ;; *) words+=("\$word") ;; esac; done
		"\${words[@]}" --define "_topdir \$RPMTEST/build" --dbpath="\$RPMTEST/db"
	}
	SH
	HOME=$PWD bash testsuite $which >out 2>err || :
	grep -E '^ *[0-9]+: ' out | sed -E 's/^ *([0-9]+): (.*[^ ]) +(ok|FAILED|skipped|expected).*/\1 \3 \2/' >verdicts
	[ -s verdicts ] || { tail -20 out err >&2; return 1; }
}
rpm_finds_debuginfo() {
	need autom4te gdb dwz
	local number verdict name bad=0
	rpm_ready
	debsrc rpm
	cd rpm-src/tests
	[ -f rpmbuildid.at ] || skip "rpm's tests here are others"
	cp data/macros.debug "$WORK/rpm/macros.d/macros.debug"
	rpm_suite "$WORK/rpm" '-k debuginfo -k debugsource'
	while read -r number verdict name; do
		[ "$verdict" = FAILED ] && ! known rpm "${name// /-}" || continue
		echo "$name"; grep -E '^[-+]|exit code|pkgnote|^error' "testsuite.dir/$number/testsuite.log" | head -15; bad=1
	done <verdicts
	[ "$bad" = 0 ]
	# Most of them are not skipped, and what went into the packages was ours.
	[ "$(grep -c ' ok ' verdicts)" -ge 30 ] || { cat verdicts >&2; return 1; }
	awk '$1 == "rpm" { print $2 }' "$LIST" >meant
	# What we mean to do otherwise is for the note's sake: without it the test holds.
	rpm_suite "$WORK/rpm" "$(sed 's/^\([0-9]*\) [^ ]* /\1 /; s/ /-/g; s/-/ /' verdicts | awk 'NR == FNR { meant[$1]; next } $2 in meant { print $1 }' meant -)" --define '_pkgnote_stamp 0'
	while read -r name; do sed 's/^[0-9]* //; s/ /-/g' verdicts | grep -qx "ok-$name" || { echo "$name: not for the note's sake" >&2; bad=1; }; done <meant
	[ "$bad" = 0 ]
}

functions() { sed -nE 's/.*DW_AT_(linkage_)?name +: .*[ )]:? *([A-Za-z_][A-Za-z0-9_]*) *$/\2/p; s/.*DW_AT_(linkage_)?name +: ([A-Za-z_][A-Za-z0-9_]*) *$/\2/p' <<<"$1" | sort -u; }

check "debugedit's tests of find-debuginfo" finds_debuginfo
check "elfutils' binaries are joined as they were" elfutils_binaries
check "dwz's programs are folded, and whole" dwz_programs
check "rpm's tests of debuginfo" rpm_finds_debuginfo
finish