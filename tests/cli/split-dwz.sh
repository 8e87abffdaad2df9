#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote split --dwz and --gdb-index, which call dwz and gdb: judged by gdb, readelf, eu-elflint,
# find-debuginfo, and by publish and verify.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
TREE=$WORK/tree SOURCE=$WORK/build-1.0 SUFFIX=-1.0-2.x86_64
PACKAGE="--name=prog --package-version=1.0 --release=2"
split() { "$PKGNOTE" split --layout=rpm --arch=x86_64 $PACKAGE --build-dir="$SOURCE" "$@"; }
fresh() { rm -rf "$1"; cp -a "$TREE" "$1"; }
alike() { diff -r --no-dereference "$1" "$2"; }

# alternate_of MANIFEST: the path of the alternate file.
alternate_of() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["alternateFiles"][0]["path"])' "$1"; }

builds() {
	need gcc dwz gdb
	mkdir -p "$SOURCE/sub" "$TREE/usr/bin" "$TREE/usr/lib/deep"
	cd "$SOURCE"
	cat >sub/shared.h <<-'C'
	#include <stdio.h>
	#include <stdlib.h>
	struct shared { int a, b; struct shared *next; const char *text[4]; };
	union either { struct shared s; double d; long double ld; };
	C
	for i in 1 2 3; do
		cat >prog$i.c <<-C
		#include "sub/shared.h"
		union either either$i;
		int main(void) { struct shared s = {$i, 2, 0, {0}}; printf("%d\n", s.a + (int)either$i.d); return 0; }
		C
		gcc -g -o "$TREE/usr/bin/prog$i" prog$i.c
	done
	gcc -g -gdwarf-4 -o "$TREE/usr/bin/dwarf4" prog1.c
	gcc -g -gdwarf-4 -o "$TREE/usr/bin/dwarf4b" prog2.c
	gcc -g -gz -o "$TREE/usr/bin/packed" prog1.c
	gcc -g -shared -fPIC -o "$TREE/usr/lib/deep/libx.so.1" prog3.c
	ln -s libx.so.1 "$TREE/usr/lib/deep/libx.so"
	cp "$TREE/usr/bin/prog1" "$TREE/usr/bin/-odd name"$'\n'
	cp "$TREE/usr/bin/prog1" "$TREE/usr/lib/deep/copy"
	ln "$TREE/usr/bin/prog2" "$TREE/usr/lib/second"
}
check "a tree of programs that share types" builds

# good ROOT: what one can do with it. DIR is where its debug tree is.
good() {
	local root=$1 file
	for file in usr/bin/prog1 usr/bin/dwarf4 usr/bin/packed usr/lib/deep/libx.so.1; do
		local debug=$root/usr/lib/debug/$file$SUFFIX.debug
		eu-elflint --gnu-ld -q "$root/$file"
		eu-elflint --gnu-ld -d -q "$debug"
		same "$(crc "$debug")" "$(link_crc "$root/$file")"
		readelf -wi -wN -wK --process-links "$debug" >readelf.out 2>readelf.err || true
		! grep -i 'error' readelf.err
	done
	gdb -nx -batch -iex "set debug-file-directory $root/usr/lib/debug" -iex 'set debuginfod enabled off' \
		-ex 'ptype union either' -ex 'info line main' -ex 'maint print objfiles' "$root/usr/bin/prog3" >gdb.out 2>&1
	says gdb.out 'struct shared s;'
	says gdb.out 'prog3.c" starts at'
	says gdb.out "prog3$SUFFIX.debug"
}
crc() { gzip -c "$1" | tail -c8 | od -An -tx4 -N4 | tr -d ' '; }
link_crc() { readelf --debug-dump=links "$1" 2>/dev/null | sed -n 's/.*CRC value: 0x//p' | awk '{printf "%8s", $1}' | tr ' ' 0; }

single() {
	fresh plain; fresh root; fresh again
	split -q plain >/dev/null
	split --dwz --manifest=m root >out 2>err
	says_not err .
	good root
	[ ! -e root/usr/lib/debug/.dwz ]
	for f in prog1 dwarf4; do
		[ $(stat -c%s root/usr/lib/debug/usr/bin/$f$SUFFIX.debug) -lt $(stat -c%s plain/usr/lib/debug/usr/bin/$f$SUFFIX.debug) ]
	done
	split --dwz=single --manifest=m2 -j1 again >/dev/null
	cmp m m2; alike root again
	split --dwz --manifest=m3 root >/dev/null; cmp m m3; alike root again
}
check "--dwz: each debug file folded, its CRC after that" single

multi() {
	fresh root; fresh again; fresh plain
	split -q plain >/dev/null
	split --dwz=multi --manifest=m root >out 2>err
	says_not err .
	good root
	local dwz=usr/lib/debug/.dwz/prog-1.0-2.x86_64
	eu-elflint --gnu-ld -d -q root/$dwz
	id=$(readelf -n root/$dwz | sed -n 's/.*Build ID: //p')
	same "$(realpath root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug)" "$(realpath root/$dwz)"
	readelf --string-dump=.gnu_debugaltlink root/usr/lib/debug/usr/bin/prog2$SUFFIX.debug | grep -q ' ../../.dwz/prog-1.0-2.x86_64'
	# Equal programs have equal debug files, however deep.
	cmp root/usr/lib/debug/usr/bin/prog1$SUFFIX.debug root/usr/lib/debug/usr/lib/deep/copy$SUFFIX.debug
	cmp root/usr/lib/debug/usr/bin/prog1$SUFFIX.debug "root/usr/lib/debug/usr/bin/-odd name"$'\n'"$SUFFIX.debug"
	[ root/usr/lib/debug/usr/bin/prog2$SUFFIX.debug -ef root/usr/lib/debug/usr/lib/second$SUFFIX.debug ]
	same "$(find root -name '.pkgnote*')" ""
	# Build-ids and all of the shipped files but the CRC do not depend on it.
	for f in usr/bin/prog1 usr/lib/deep/libx.so.1; do
		same "$(cmp -l root/$f plain/$f | wc -l | awk '{print $1 <= 4}')" 1
	done
	split --dwz=multi --manifest=m2 -j1 again >/dev/null
	cmp m m2; alike root again
	split --dwz=multi --manifest=m3 root >/dev/null; cmp m m3; alike root again
	python3 - m root <<-'P'
	import json, sys, hashlib
	m = json.load(open(sys.argv[1]))
	a, = m["alternateFiles"]
	data = open(sys.argv[2] + a["path"], "rb").read()
	assert a["path"] == "/usr/lib/debug/.dwz/prog-1.0-2.x86_64" and len(a["buildId"]) == 40
	assert a["size"] == len(data) and a["sha256"] == hashlib.sha256(data).hexdigest()
	assert all(f["debugFile"]["alternate"] == a["path"] for f in m["files"])
	P
}
check "--dwz=multi: one alternate file, found by name and by build-id" multi

# Programs of many units: what gdb finds by the index is what it finds without one. (gdb 18 numbers the units of both files
# together, and lists each file's by themselves.)
numbered() {
	mkdir -p root/usr/bin
	local i k one what
	cat >types.h <<-'C'
	#include <stdio.h>
	#include <stdlib.h>
	struct shared { int a, b; struct shared *next; const char *text[4]; };
	union either { struct shared s; double d; long double ld; };
	struct another { union either e[4]; struct { int q, r, s; } in; };
	C
	for i in 1 2 3; do
		for k in 1 2 3 4; do
			cat >part$i$k.c <<-C
			#include "types.h"
			struct only$i$k { int x; struct another a; } only_$i$k;
			int fun$i$k(struct shared *s) { struct another x; printf("%d\n", s->a + only_$i$k.x); return x.in.q; }
			C
		done
		echo "int fun${i}1(void *), fun${i}2(void *), fun${i}3(void *), fun${i}4(void *);
		int main(int c, char **v) { return fun${i}1(v) + fun${i}2(v) + fun${i}3(v) + fun${i}4(v); }" >main$i.c
		gcc -g -o root/usr/bin/many$i part$i?.c main$i.c
	done
	cp -a root plain
	PKG="--name=prog --package-version=1.0 --release=2 --arch=x86_64 --layout=rpm --dwz=multi"
	"$PKGNOTE" split -q $PKG plain 2>err; says_not err .
	"$PKGNOTE" split -q $PKG --gdb-index root 2>err; says_not err .
	for i in 1 2 3; do
		what="info line fun${i}3|list fun${i}2|ptype struct only${i}4|info line main|ptype struct another|info symbol fun${i}4|list only_${i}4"
		for one in plain root; do
			IFS='|'; set --; for k in $what; do set -- "$@" -ex "$k"; done; unset IFS
			gdb -nx -batch -iex "set debug-file-directory $PWD/$one/usr/lib/debug" -iex 'set debuginfod enabled off' "$@" \
				$one/usr/bin/many$i 2>&1 | sed "s,/$one/,/,g" >$one.said
		done
		says plain.said "part${i}3.c\" starts at"
		same "$(cat root.said)" "$(cat plain.said)"
	done
	gdb -nx -batch -iex "set debug-file-directory $PWD/root/usr/lib/debug" -iex 'set debuginfod enabled off' \
		-ex 'info line main' -ex 'maint print objfiles' root/usr/bin/many3 >gdb.out 2>&1
	says gdb.out '\.gdb_index: version'
}
check "--dwz=multi --gdb-index: gdb finds each unit of programs that have many" numbered

# indexed FILE...: each has an index, which readelf can read; a debug file's tells where main is.
indexed() {
	local file
	for file; do
		readelf --debug-dump=gdb_index "$file" >index.out 2>index.err || true
		says index.out '^CU table:'
		says index.out '^\[  0\] 0'
		# readelf 2.44 takes for corrupt that no main is told of, as in the alternate file's, which is gdb's own.
		says_not <(without_interpreter <index.err | grep -v 'Corrupt shortcut table') .
	done
	readelf --debug-dump=gdb_index "$1" | grep -q 'main: .*\[global, function\]'
}
with_the_rest() {
	fresh root; fresh again
	local options="--dwz=multi --gdb-index --compress=zlib --minidebuginfo"
	split $options --manifest=m root >/dev/null 2>err
	good root
	# dwz may know gdb's version of the index (8, of gdb 15 and before) or not (9, dwz 0.15): there is one of what it made.
	says_not err .
	indexed root/usr/lib/debug/usr/bin/*.debug root/usr/lib/debug/usr/lib/deep/*.debug root/usr/lib/debug/.dwz/*
	says gdb.out '\.gdb_index: version'
	says_not gdb.out 'gdb_index.*(skipping|[Ww]arning)'
	readelf -SW root/usr/lib/debug/usr/bin/prog1$SUFFIX.debug root/usr/lib/debug/.dwz/* | grep -c '\.debug_info .* C ' | grep -qx 2
	split $options -j1 --manifest=m2 again >/dev/null
	cmp m m2; alike root again
	# One file alone is folded by itself; each by itself as --dwz=single has it.
	fresh root
	split $options --only=/usr/bin/prog3 root >/dev/null 2>err
	says_not err .
	indexed root/usr/lib/debug/usr/bin/prog3$SUFFIX.debug
	fresh root
	split ${options/multi/single} root >/dev/null 2>err
	says_not err .
	good root
	says gdb.out '\.gdb_index: version'
	indexed root/usr/lib/debug/usr/bin/*.debug
	# Where gdb makes none of what they share, that is said of each file.
	fresh root
	mkdir bin
	printf '#!/bin/sh\n"%s" "$@"\nrm -f d/d/*.indexes/prog-*.gdb-index\n' "$(command -v gdb)" >bin/gdb; chmod +x bin/gdb
	status 0 env PATH="$PWD/bin:$PATH" "$PKGNOTE" split --layout=rpm $PACKAGE --arch=x86_64 $options root
	says err '/usr/bin/prog1: its debug file has no index: gdb made no index'
	says err '/usr/lib/deep/copy: its debug file has no index: gdb made no index'
	[ -z "$(readelf -SW root/usr/lib/debug/usr/bin/prog1$SUFFIX.debug | grep gdb_index)" ]
}
check "--dwz=multi with --gdb-index, --compress and --minidebuginfo" with_the_rest

index() {
	fresh root; fresh plain
	split --gdb-index root >out 2>err
	says_not err .
	split plain >/dev/null
	good root
	says gdb.out '\.gdb_index: version'
	readelf --debug-dump=gdb_index root/usr/lib/debug/usr/bin/prog1$SUFFIX.debug | grep -q 'main: 0 \[global, function\]'
	same "$(cmp -l root/usr/bin/prog1 plain/usr/bin/prog1 | wc -l | awk '{print $1 <= 4}')" 1
	same "$(readelf -n root/usr/bin/prog1)" "$(readelf -n plain/usr/bin/prog1)"
}
check "--gdb-index: gdb uses it, and the shipped files do not change" index

layout_deb() {
	fresh root
	mkdir -p root/usr/lib/other
	gcc -g -o root/usr/lib/other/unlike "$SOURCE/prog2.c"
	"$PKGNOTE" split --layout=deb $PACKAGE --arch=amd64 --build-dir="$SOURCE" --dwz=multi --compress=zlib --manifest=m root >/dev/null 2>err
	says_not err .
	local dwz id debug
	dwz=$(alternate_of m)
	[[ $dwz == /usr/lib/debug/.build-id/??/*.debug ]] && [ -f root$dwz ] && [ ! -e root/usr/lib/debug/.dwz ]
	id=$(readelf -n root$dwz | sed -n 's/.*Build ID: //p')
	same "$dwz" "/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
	id=$(readelf -n root/usr/bin/prog1 | sed -n 's/.*Build ID: //p')
	debug=root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
	readelf --string-dump=.gnu_debugaltlink "$debug" | grep -q " \.\./${dwz#*.build-id/}"
	# The name leads there in any tree, and nobody has to be told where that is.
	mv root elsewhere
	gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'ptype union either' "elsewhere/${debug#root/}" >gdb.out 2>&1
	says gdb.out 'struct shared s;'
	eu-readelf --debug-dump=info "elsewhere/${debug#root/}" >eu.out 2>&1
	says eu.out '"shared"'
	readelf -wi -wK "elsewhere/${debug#root/}" >readelf.out 2>&1
	says_not readelf.out 'could not|unable|not found'
	mv elsewhere root
	same "$(crc "$debug")" "$(link_crc root/usr/bin/prog1)"
	# Two files of one id, which their linker was given: the second is told, again and again.
	rm -rf root; mkdir -p root/bin
	for i in 1 2; do gcc -g -Wl,--build-id=0x1234567890abcdef -o root/bin/$i "$SOURCE/prog$i.c"; cp "$TREE/usr/bin/prog$i" root/bin; done
	for again in 1 2; do
		status 3 "$PKGNOTE" split --layout=deb $PACKAGE --arch=amd64 --build-id=keep --dwz=multi root
		says err "^pkgnote split: /bin/2: build-id 1234567890abcdef is that of /bin/1 too"
		same "$(find root -name '.pkgnote*')" ""
	done
}
check "layout deb: the alternate file lies with the others, named relatively" layout_deb

id() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["alternateFiles"][0]["buildId"])' $1; }
# What two packages, or two releases, have in common is not one file.
apart() {
	for r in 1 2; do
		fresh root$r
		"$PKGNOTE" split --layout=rpm --name=prog --package-version=1.0 --release=$r --arch=x86_64 --build-id=keep --dwz=multi \
			--build-dir="$SOURCE" --manifest=m$r root$r >out
	done
	[ "$(id m1)" != "$(id m2)" ]
	good root2
}
check "two releases' alternate files have two build-ids" apart

# Programs that dwz has folded before they are split.
folded() {
	mkdir -p root/usr/bin
	cp "$TREE"/usr/bin/prog[123] root/usr/bin/
	mkdir -p root/usr/lib/debug/.dwz
	dwz -m root/usr/lib/debug/.dwz/common -M ${1}lib/debug/.dwz/common root/usr/bin/prog1 root/usr/bin/prog2 root/usr/bin/prog3
}
finds_all() {
	gdb -nx -batch -iex "set debug-file-directory $PWD/root/usr/lib/debug" -iex 'set debuginfod enabled off' \
		-ex 'ptype union either' -ex 'info line main' root/usr/bin/prog3 >gdb.out 2>&1
	says gdb.out 'struct shared s;'
	says gdb.out 'prog3.c" starts at'
}
folded_before() {
	folded ../
	status 0 split --strict --dwz=multi --manifest=m root
	says err 'not folded: dwz has done that before'
	finds_all
	says m '/usr/lib/debug/.dwz/prog-1.0-2.x86_64\.[0-9a-f]{8}'
	[ ! -e root/usr/lib/debug/.dwz/common ]
	rm -rf root; folded ../
	"$PKGNOTE" split --layout=deb $PACKAGE --arch=amd64 --build-dir="$SOURCE" --manifest=m root >out
	[ ! -e root/usr/lib/debug/.dwz/common ] && [ -f root"$(alternate_of m)" ]
	finds_all
	rm -rf root; folded /usr/
	"$PKGNOTE" split --layout=deb $PACKAGE --arch=amd64 --build-dir="$SOURCE" --manifest=m root >out
	[ -f root"$(alternate_of m)" ]
	finds_all
	rm -rf root; folded ../; rm root/usr/lib/debug/.dwz/common
	status 3 split --strict root
	says err 'the alternate file that it names, usr/lib/debug/.dwz/common, is not there'
}
check "programs that dwz folded before" folded_before

# Among the files that ship, too: it moves with its last user, and no word is said; without one it is what it is.
alternate_among_what_ships() {
	for layout in rpm deb; do
		rm -rf root; mkdir -p root/usr/bin root/usr/lib/prog
		cp "$TREE"/usr/bin/prog[123] root/usr/bin/
		dwz -m root/usr/lib/prog/common -M ../lib/prog/common root/usr/bin/prog[123]
		cp root/usr/lib/prog/common root/usr/lib/prog/copy
		"$PKGNOTE" split --strict --layout=$layout $PACKAGE --arch=x86_64 --build-dir="$SOURCE" --manifest=m root >out 2>err
		[ ! -e root/usr/lib/prog/common ]
		same "$(cat err)" "pkgnote split: /usr/lib/prog/copy: left alone: debug information that other files share (dwz)"
		says out '^ *3 split, 1 left alone, 0 failed'
		says_not m '"/usr/lib/prog/common"'
		finds_all
	done
}
check "an alternate file among what ships is moved, or said to be one" alternate_among_what_ships

# Compiled by absolute names, units share their directory's name by the alternate file, and that has line tables.
shared_paths() {
	local g=$1 m=$2
	shift 2
	rm -rf root; mkdir -p root/usr/bin root/usr/lib/debug/.dwz
	for i in 1 2 3; do (cd "$SOURCE" && "$@" -g -gdwarf-$g -o "$OLDPWD/root/usr/bin/prog$i" "$SOURCE/prog$i.c"); done
	(cd root && dwz -m usr/lib/debug/.dwz/common $m usr/bin/prog*)
	grep -q "$SOURCE" root/usr/lib/debug/.dwz/common
}
no_path_in_alternates() {
	local g m layout other
	for g in 4 5; do
		for m in "" "-M ../lib/debug/.dwz/common" "-M /usr/lib/debug/.dwz/common"; do
			for layout in rpm deb; do
				shared_paths $g "$m" gcc
				"$PKGNOTE" split --strict --layout=$layout $PACKAGE --arch=x86_64 --build-dir="$SOURCE" --manifest=m root >out 2>err
				says_not err .
				[ -f root"$(alternate_of m)" ] && [ ! -e root/usr/lib/debug/.dwz/common ]
				! grep -rl "$SOURCE" root
				gdb -nx -batch -iex "set debug-file-directory $PWD/root/usr/lib/debug" -iex 'set debuginfod enabled off' \
					-ex 'ptype union either' -ex 'info line main' -ex 'list main' -ex 'info source' root/usr/bin/prog3 >gdb.out 2>&1
				says gdb.out 'struct shared s;'
				says gdb.out 'Line [0-9]+ of "/usr/src/debug/prog-1.0-2.x86_64/prog3.c"'
				says gdb.out 'Compilation directory is /usr/src/debug/prog-1.0-2.x86_64$'
				"$PKGNOTE" split --check --manifest=m --build-dir="$SOURCE" root >out
			done
		done
	done
	# Two releases have two of them; what is left out keeps the old one.
	shared_paths 4 "-M ../lib/debug/.dwz/common" gcc
	"$PKGNOTE" split --layout=rpm --name=prog --package-version=1.0 --release=3 --arch=x86_64 --build-dir="$SOURCE" --manifest=other root >out
	! cmp -s <(id m) <(id other)
	shared_paths 4 "-M ../lib/debug/.dwz/common" gcc
	status 0 split --exclude=/usr/bin/prog2 root
	[ -f root/usr/lib/debug/.dwz/common ]
	gdb -nx -batch -ex 'ptype union either' root/usr/bin/prog2 >gdb.out 2>&1
	says gdb.out 'struct shared s;'
	status 0 split root
	[ ! -e root/usr/lib/debug/.dwz/common ]
}
check "the build directory is in no alternate file, and none is shared between releases" no_path_in_alternates

refused() {
	need clang
	fresh root
	clang -g -gdwarf-5 -o root/usr/bin/clang5 "$SOURCE/prog1.c"
	clang -g -gdwarf-5 -o root/usr/bin/clang5b "$SOURCE/prog2.c"
	cp -a root other; cp -a root plain
	split -q plain >/dev/null
	for mode in single multi; do
		rm -rf now; cp -a root now
		split --dwz=$mode now >out 2>err
		says err '/usr/bin/clang5: its debug file is not folded: dwz: Unknown debugging section \.debug_addr$'
		cmp {plain,now}/usr/lib/debug/usr/bin/clang5$SUFFIX.debug
		cmp {plain,now}/usr/bin/clang5
		good now
	done
	rm -rf now; cp -a root now
	split --dwz=multi --dwz-max-die-limit=5 now >out 2>err
	cmp {plain,now}/usr/lib/debug/usr/bin/prog1$SUFFIX.debug
}
check "what dwz refuses is said, and kept as it is" refused

missing() {
	fresh root
	mkdir bin; ln -s "$(command -v bash)" bin/bash
	for option in --dwz --dwz=multi --gdb-index; do
		status 3 env PATH="$PWD/bin" "$PKGNOTE" split --layout=rpm $PACKAGE --arch=x86_64 $option root
		says err 'needs the program (dwz|gdb), which is not installed$'
		alike root "$TREE"
	done
	# One that breaks: nothing is half done.
	printf '#!/bin/sh\nkill -SEGV $$\n' >bin/dwz; chmod +x bin/dwz
	status 3 env PATH="$PWD/bin:$PATH" "$PKGNOTE" split --layout=rpm $PACKAGE --arch=x86_64 --dwz=multi root
	says err 'dwz ended with status 139'
	(cd "$TREE" && find . -type f -print0 | xargs -0 sha256sum) >sums
	(cd root && sha256sum -c --quiet ../sums)
	same "$(find root -name '.pkgnote*')" ""
	status 0 split --dwz=multi root
	fresh other; split --dwz=multi other >/dev/null
	alike root other
}
check "without the program, or with a broken one, nothing is touched" missing

# A second run over a tree to which something came does not take the first one's alternate file.
added() {
	fresh root
	split --dwz=multi root >/dev/null
	cp root/usr/lib/debug/.dwz/prog-1.0-2.x86_64 first
	gcc -g -o root/usr/bin/new1 "$SOURCE/prog1.c" -DNEW1; gcc -g -o root/usr/bin/new2 "$SOURCE/prog2.c" -DNEW2
	split --dwz=multi --manifest=m root >/dev/null
	cmp first root/usr/lib/debug/.dwz/prog-1.0-2.x86_64
	[ -f root/usr/lib/debug/.dwz/prog-1.0-2.x86_64.1 ]
	good root
	same "$(grep -c '"path": "/usr/lib/debug/.dwz' m)" 2
}
check "what comes later gets an alternate file of its own" added

killed() {
	fresh whole
	split --dwz=multi --manifest=m whole >/dev/null
	local start=$EPOCHREALTIME i=0 mixed=0 journal=0 fewest=40 pid
	fresh root
	split --dwz=multi root >/dev/null
	local took=$(awk "BEGIN{print $EPOCHREALTIME - $start}")
	for i in $(seq $fewest); do
		fresh root
		"$PKGNOTE" split --layout=rpm --arch=x86_64 $PACKAGE --build-dir="$SOURCE" --dwz=multi root >/dev/null 2>&1 &
		pid=$!
		sleep "$(awk "BEGIN{print $took * $i / $fewest}")"
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		[ ! -e root/usr/lib/debug/.pkgnote-dwz ] || journal=$((journal + 1))
		sleep 0.05 # a dwz that was left alone ends
		split --dwz=multi --manifest=m2 root >/dev/null
		cmp m m2; alike whole root
	done
	echo "$journal had a journal"
}
check "killed at forty moments: the next run ends in the same bytes" killed

# A program that a killed run called goes on, in the directory in which it was: what the next run makes is not its. What the
# next run could not remove for it is said; on a loaded machine the program may not be run meanwhile, so several tries.
outlived() {
	local i stays=
	mkdir path
	cat >path/dwz <<-D
	#!/usr/bin/perl
	open(my \$pid, '>', "$PWD/dwz.pid"); print \$pid \$\$; close(\$pid);
	fork(); fork();
	for (my \$i = 0; not -e "$PWD/stop" and time() < \$^T + 30; \$i++) {
		open(my \$new, '>', "new.\$i");
		next if \$i % 20;
		foreach (map { glob(('d/' x \$_) . '*.debug') } 0 .. 5) { open(my \$file, '>', \$_); }
	}
	1 while wait() > 0;
	D
	chmod +x path/dwz
	fresh whole
	split --dwz=multi --manifest=m whole >/dev/null
	for ((i = 0; i < 10 && ${#stays} == 0; i++)); do
		fresh root; rm -f stop dwz.pid
		PATH=$PWD/path:$PATH "$PKGNOTE" split --layout=rpm --arch=x86_64 $PACKAGE --build-dir="$SOURCE" --dwz=multi root >/dev/null 2>&1 &
		while [ ! -s dwz.pid ]; do sleep 0.02; done
		kill -9 $!; wait $! 2>/dev/null || true
		kill -0 "$(cat dwz.pid)"
		split --dwz=multi --manifest=m2 root >/dev/null 2>err
		stays=$(cd root/usr/lib/debug && find . -name '.pkgnote-*' -prune)
		: >stop
		while kill -0 "$(cat dwz.pid)" 2>/dev/null; do sleep 0.02; done
		cmp m m2
		if [ -n "$stays" ]; then says err '/usr/lib/debug/\.pkgnote-[0-9a-f]*: a program of a run that was killed is at work there'; else says_not err .; fi
		split --dwz=multi root >/dev/null # what could not be removed while it was at work goes now
		alike whole root
	done
	[ -n "$stays" ] || fail "nothing was in the way in $i runs"
}
check "a dwz that outlives a killed run does not reach what the next one makes" outlived

# At each moment after the journal: made by hand, since it is short.
journalled() {
	fresh whole; fresh root
	split --dwz=multi --manifest=m whole >/dev/null
	# The state of a run that was killed between two shipped files.
	mkdir bin
	cat >kill.gdb <<-G
	set breakpoint pending on
	set confirm off
	break journal_write
	run
	break put_in_place
	ignore 2 3
	continue
	kill
	quit
	G
	gdb -nx -batch -iex 'set debuginfod enabled off' -x kill.gdb --args "$PKGNOTE" split --layout=rpm --arch=x86_64 $PACKAGE --build-dir="$SOURCE" --dwz=multi -j1 root >gdb.log 2>&1 || true
	[ -f root/usr/lib/debug/.pkgnote-dwz ] || { tail gdb.log; fail "not killed where it should"; }
	same "$(for f in root/usr/bin/* root/usr/lib/deep/*; do readelf -SW "$f" | grep -c gnu_debuglink; done | sort -u | tr '\n' ' ')" "0 1 "
	split --dwz=multi --manifest=m2 root >/dev/null
	cmp m m2; alike whole root
}
check "killed between shipped files: the journal tells the next run" journalled

# To a share and back: gdb and verify have all they need, the alternate file too.
published() {
	for layout in rpm deb; do
		fresh root
		rm root/usr/bin/-odd* root/usr/lib/deep/copy # in layout rpm equal programs' debuglinks differ
		"$PKGNOTE" split --stamp --layout=$layout $PACKAGE --arch=$([ $layout = rpm ] && echo x86_64 || echo amd64) \
			--build-dir="$SOURCE" --dwz=multi --gdb-index --manifest=$layout.json root >/dev/null
		"$PKGNOTE" publish --into=share-$layout --manifest=$layout.json root >out
		cp -a root broken; printf x >>broken"$(alternate_of $layout.json)"
		status 3 "$PKGNOTE" publish --into=other --manifest=$layout.json broken
		says err "$(alternate_of $layout.json | cut -c2-): its contents are not those that the manifest tells"
		rm -r broken
		"$PKGNOTE" verify --server="file://$PWD/share-$layout" --manifest=$layout.json --sources=all root >out || { cat out >&2; return 1; }
		says out 'alternate|debuginfo +[0-9]+ +0 +0 +0 +0'
		"$PKGNOTE" verify --server="file://$PWD/share-$layout" --sources=all root >out || { cat out >&2; return 1; }
		"$PKGNOTE" publish --into=share-$layout --check >out
		cp root/usr/bin/dwarf4 .
		DEBUGINFOD_URLS="file://$PWD/share-$layout" gdb -nx -batch -iex 'set debuginfod enabled on' -iex 'set debug-file-directory /nonexistent' \
			-ex 'ptype union either' -ex 'list main' dwarf4 >gdb.out 2>&1
		says gdb.out 'struct shared s;'
		says gdb.out 'int main\(void\)'
		# Mounted at /usr/lib/debug, too.
		gdb -nx -batch -iex "set debug-file-directory $PWD/share-$layout" -ex 'ptype union either' dwarf4 >gdb.out 2>&1
		says gdb.out 'struct shared s;'
		# Without the alternate file verify says what is missing.
		id=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["alternateFiles"][0]["buildId"])' $layout.json)
		rm -r share-$layout/buildid/$id
		status 1 "$PKGNOTE" verify --server="file://$PWD/share-$layout" root
		says out "missing +debuginfo .*alternate"
	done
}
check "published, verified, and used by gdb from the share" published
finish
