# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote fetch from shares on disk, its cache, and its words.
. "$(dirname "$0")/../lib.sh"

# A split program and its share in ./share; its build-id in $ID.
make_share() {
	need gcc eu-strip readelf
	mkdir -p src
	cat >src/hello.c <<-'C'
	#include <stdio.h>
	int main(void) { return puts("hello"); }
	C
	gcc -g -O1 -Wl,--build-id -o hello "$PWD/src/hello.c"
	ID=$(readelf -n hello | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$ID/source$PWD/src" empty
	eu-strip -f "share/buildid/$ID/debuginfo" -o "share/buildid/$ID/executable" hello
	cp src/hello.c "share/buildid/$ID/source$PWD/src/"
}

each_artifact_comes_from_a_share() {
	make_share
	for what in debuginfo executable; do
		status 0 "$PKGNOTE" fetch --server="file://$PWD/share" $what hello
		same "$(cat out)" "$PWD/share/buildid/$ID/$what"
		says err ': found$'
	done
	status 0 "$PKGNOTE" fetch --server="$PWD/share" source "$ID" "$PWD/src/hello.c"
	cmp "$(cat out)" src/hello.c
	status 0 "$PKGNOTE" fetch --server="$PWD/share" debuginfo "$(echo "$ID" | tr a-f A-F)"
}
check "debuginfo, executable, source from a share" each_artifact_comes_from_a_share

a_section_is_cut_out_of_a_share() {
	need objcopy
	make_share
	objcopy -O binary --only-section=.debug_line --set-section-flags .debug_line=alloc \
		"share/buildid/$ID/debuginfo" want
	# A share answers as a web server would that serves it: whole files.
	status 1 "$PKGNOTE" fetch --server="$PWD/share" section hello .debug_line
	status 0 "$PKGNOTE" fetch --section-fallback --server="$PWD/share" section hello .debug_line
	cmp "$(cat out)" want
	status 0 "$PKGNOTE" fetch --section-fallback --server="$PWD/share" section hello .text
	objcopy -O binary --only-section=.text hello want
	cmp "$(cat out)" want
	status 1 "$PKGNOTE" fetch --section-fallback --server="$PWD/share" section hello .no_such_section
	says err ': absent: '
}
check "--section-fallback cuts a section out of the whole file" a_section_is_cut_out_of_a_share

outcomes_have_their_words_and_status() {
	make_share
	local other=00112233445566778899aabbccddeeff00112233
	status 1 "$PKGNOTE" fetch --server="$PWD/share" debuginfo $other
	says err "$other: absent: file://"
	status 3 "$PKGNOTE" fetch --server="$PWD/no-such-share" --retries=0 debuginfo hello
	says err ': unavailable: .*no share there'
	cp -r "share/buildid/$ID" share/buildid/$other
	status 3 "$PKGNOTE" fetch --server="$PWD/share" debuginfo $other
	says err ": rejected: .*build-id differs: it is $ID"
	cp "share/buildid/$ID/executable" share/buildid/$other/debuginfo
	status 3 "$PKGNOTE" fetch --server="$PWD/share" --max-size=100 debuginfo hello
	says err ': too large: '
	head -c 3000 "share/buildid/$ID/debuginfo" >cut
	mv -f cut "share/buildid/$ID/debuginfo"
	status 3 "$PKGNOTE" fetch --server="$PWD/share" debuginfo hello
	says err ': rejected: '
}
check "each outcome has its word and its exit status" outcomes_have_their_words_and_status

permission_is_not_absence() {
	make_share
	[ "$(id -u)" = 0 ] && need setpriv
	chmod 755 . && chmod 000 "share/buildid/$ID/debuginfo"
	local as=()
	[ "$(id -u)" = 0 ] && as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	chmod 711 "$WORK"
	"${as[@]}" test -r hello || skip "the test directory cannot be reached by another user"
	cp "$PKGNOTE" ./pkgnote && chmod 755 pkgnote
	"${as[@]}" ./pkgnote --version >/dev/null || skip "the command cannot be run by another user"
	status 3 "${as[@]}" ./pkgnote fetch --no-cache --server="$PWD/share" debuginfo "$ID"
	says err ': authentication wanted: .*Permission denied'
}
check "a file that may not be read is not absent" permission_is_not_absence

several_come_in_their_order() {
	make_share
	local other=00112233445566778899aabbccddeeff00112233
	status 1 "$PKGNOTE" fetch --json --server="$PWD/share" debuginfo $other hello "$ID"
	same "$(sed -n 's/.*"outcome":"\([a-z]*\)","path".*/\1/p' out | tr '\n' ' ')" "absent found found "
	status 3 "$PKGNOTE" fetch --server="$PWD/share" debuginfo src/hello.c no-such-file hello
	same "$(wc -l <out)" 1
	says err 'src/hello.c: '
	says err 'no-such-file: neither a build-id, nor a process, nor a file'
}
check "several operands: all are tried, in their order" several_come_in_their_order

json_says_what_each_server_said() {
	make_share
	status 0 "$PKGNOTE" fetch --json --server="$PWD/empty" --server="$PWD/share" debuginfo hello
	says out '^\{"artifact":"debuginfo","buildId":"'"$ID"'","outcome":"found","path":"'"$PWD"'/share'
	says out '"servers":\[\{"url":"file://[^"]*/empty","outcome":"absent","answer":"no such file"\}'
}
check "--json says what each server said" json_says_what_each_server_said

servers_come_from_the_environment() {
	make_share
	status 3 "$PKGNOTE" fetch debuginfo hello
	says err 'unavailable: no server is known'
	DEBUGINFOD_URLS="$PWD/empty file://$PWD/share" status 0 "$PKGNOTE" fetch debuginfo hello
	DEBUGINFOD_URLS="file://$PWD/share" status 1 "$PKGNOTE" fetch --server="$PWD/empty" debuginfo hello
	DEBUGINFOD_URLS="ima:enforcing file://$PWD/share" status 3 "$PKGNOTE" fetch debuginfo hello
	says err "ima:enforcing: a share's files have no signatures"
	DEBUGINFOD_URLS="ima:enforcing file://$PWD/share" status 0 "$PKGNOTE" fetch --ima=ignore debuginfo hello
}
check "DEBUGINFOD_URLS, set but empty, and with signature policies" servers_come_from_the_environment

a_source_is_found_by_a_part_of_its_name() {
	make_share
	for name in hello.c src/hello.c ./src/hello.c; do
		status 0 "$PKGNOTE" fetch --server="$PWD/share" source hello $name
		cmp "$(cat out)" src/hello.c
	done
	# hello is stripped, so the names came from the share; the bare build-id does, too.
	status 0 "$PKGNOTE" fetch --server="$PWD/share" source "$ID" hello.c
	status 1 "$PKGNOTE" fetch --server="$PWD/share" source hello ello.c
	status 1 "$PKGNOTE" fetch --server="$PWD/empty" source hello hello.c
	mkdir -p a b
	echo 'int a;' >a/same.c && echo 'int b;' >b/same.c && echo 'int main(void) { return 0; }' >main.c
	gcc -g -Wl,--build-id -o two a/same.c b/same.c main.c
	status 3 "$PKGNOTE" fetch --server="$PWD/empty" source two same.c
	says err 'may be .*/a/same.c or .*/b/same.c'
	status 1 "$PKGNOTE" fetch --server="$PWD/empty" source two a/same.c
	says err "two $PWD/a/same.c: absent"
}
check "a source by a relative name" a_source_is_found_by_a_part_of_its_name

# A core of hello, in ./core.
make_core() {
	need gdb
	cat >src/fall.c <<-'C'
	#include <stdlib.h>
	int main(void) { int answer = 42; abort(); return answer; }
	C
	make_share
	gcc -g -Wl,--build-id -o fall "$PWD/src/fall.c"
	FALL=$(readelf -n fall | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$FALL/source$PWD/src"
	eu-strip -f "share/buildid/$FALL/debuginfo" fall
	cp fall "share/buildid/$FALL/executable"
	cp src/fall.c "share/buildid/$FALL/source$PWD/src/"
	gdb -q -batch -iex 'set debuginfod enabled off' -ex run -ex 'generate-core-file core' ./fall >gdb.log 2>&1 || true
	[ -s core ] || skip "gdb writes no core here"
}

everything_for_a_core() {
	mkdir src
	make_core
	rm -r src fall
	status 1 "$PKGNOTE" fetch --server="$PWD/share" all core --into=all --sources=primary
	says err "core: $PWD/fall: debuginfo: found"
	says err "core: $PWD/fall: executable: found"
	says err 'libc.*: debuginfo: absent'
	cmp "all/.build-id/${FALL:0:2}/${FALL:2}.debug" "share/buildid/$FALL/debuginfo"
	# The command to paste: a source line of the program, though all of it is gone from here.
	says out "^gdb -iex 'set debug-file-directory $PWD/all"
	eval "$(cat out) -batch -ex 'bt full' -ex 'list fall.c:1,2'" >gdb.out 2>&1 </dev/null
	says gdb.out 'in main \(\) at .*/src/fall.c:2'
	says gdb.out 'answer = 42'
	says gdb.out '^2.*int answer = 42; abort'
}
check "all CORE, and the gdb command" everything_for_a_core

alternate_files_come_along() {
	need gcc eu-strip readelf dwz gdb
	for i in a b; do
		for k in $(seq 60); do echo "struct s$k { int x$k; char n[$k]; }; struct s$k v$k;"; done >$i.c
		echo 'int main(void) { return v1.x1; }' >>$i.c
		gcc -g -Wl,--build-id -o $i $i.c
		eu-strip -f $i.debug $i
	done
	dwz -m common.debug a.debug b.debug 2>dwz.log || skip "dwz cannot read what gcc writes here"
	for file in a common.debug; do
		id=$(readelf -n $file | sed -n 's/.*Build ID: //p')
		mkdir -p "share/buildid/$id"
		mv "${file%.debug}.debug" "share/buildid/$id/debuginfo"
	done
	status 0 "$PKGNOTE" fetch --server="$PWD/share" all a --into=all
	says err 'a: alternate debuginfo: found'
	eval "$(cat out) -batch -iex 'set debuginfod enabled off' -ex 'ptype struct s7'" >gdb.out 2>&1 </dev/null
	says gdb.out 'int x7;'
}
check "all FILE: the alternate debug file too" alternate_files_come_along

cores_processes_and_packages_are_operands() {
	need dpkg-deb
	mkdir src
	make_core
	status 1 "$PKGNOTE" fetch --server="$PWD/share" debuginfo core
	says err "core: $PWD/fall: found"
	says err 'libc.*: absent'
	sleep 60 & local pid=$!
	# Until then it is the shell still.
	for _ in $(seq 200); do [[ $(readlink /proc/$pid/exe) == */sleep || $(readlink /proc/$pid/exe) == */coreutils ]] && break; sleep 0.02; done
	status 1 "$PKGNOTE" fetch --server="$PWD/share" executable $pid
	kill $pid
	says err "$pid: .*/sleep: absent"
	mkdir -p tree/DEBIAN tree/usr/bin
	cp hello tree/usr/bin/
	printf 'Package: hello\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: x\n' >tree/DEBIAN/control
	dpkg-deb -b tree hello.deb >/dev/null
	status 0 "$PKGNOTE" fetch --server="$PWD/share" debuginfo hello.deb
	says err 'hello.deb: /usr/bin/hello: found'
	same "$(cat out)" "$PWD/share/buildid/$ID/debuginfo"
	status 2 "$PKGNOTE" fetch --into=x debuginfo hello
}
check "a core, a process, a package as operands" cores_processes_and_packages_are_operands

wrong_usage_is_2() {
	status 2 "$PKGNOTE" fetch
	status 2 "$PKGNOTE" fetch debuginfo
	status 2 "$PKGNOTE" fetch symbols 0011223344556677
	status 2 "$PKGNOTE" fetch source 0011223344556677
	status 2 "$PKGNOTE" fetch --server=ftp://h debuginfo 0011223344556677
	says err "ftp://h"
	status 2 "$PKGNOTE" fetch --server=h --header=nonsense debuginfo 0011223344556677
	status 2 "$PKGNOTE" fetch --backoff=soon debuginfo 0011223344556677
	status 2 "$PKGNOTE" fetch --absent=never debuginfo 0011223344556677
}
check "wrong usage exits 2" wrong_usage_is_2

elfutils_cache_is_read_and_proven() {
	make_share
	export DEBUGINFOD_CACHE_PATH=$PWD/theirs
	mkdir -p "theirs/$ID"
	cp "share/buildid/$ID/debuginfo" "theirs/$ID/debuginfo"
	status 0 "$PKGNOTE" fetch debuginfo hello
	same "$(cat out)" "$PWD/theirs/$ID/debuginfo"
	# What elfutils 0.188 leaves after a reset in mid-body: bytes of the first try before the second's.
	{ head -c 2000 "share/buildid/$ID/debuginfo"; cat "share/buildid/$ID/debuginfo"; } >"theirs/$ID/debuginfo"
	status 3 "$PKGNOTE" fetch debuginfo hello
	{ cat "share/buildid/$ID/debuginfo"; echo more; } >"theirs/$ID/debuginfo"
	status 3 "$PKGNOTE" fetch debuginfo hello
	: >"theirs/$ID/debuginfo"
	status 3 "$PKGNOTE" fetch debuginfo hello
	rm "theirs/$ID/debuginfo"
	ln -s "$PWD/share/buildid/$ID/debuginfo" "theirs/$ID/debuginfo"
	status 3 "$PKGNOTE" fetch debuginfo hello
	same "$(find theirs | wc -l)" 3
}
check "elfutils' cache is read, proven, and not written" elfutils_cache_is_read_and_proven

the_cache_can_be_emptied() {
	make_share
	status 0 "$PKGNOTE" fetch --cache=c --section-fallback --server="$PWD/share" section hello .debug_line
	[ -f "$(cat out)" ]
	# Without any server, from the cache alone.
	status 0 "$PKGNOTE" fetch --cache=c section hello .debug_line
	status 0 "$PKGNOTE" fetch --cache=c --cache-age=3600 --cache-clean --json
	says out '^\{"removed":0,"removedBytes":0,"kept":1,'
	status 0 "$PKGNOTE" fetch --cache=c --cache-age=0 --cache-clean
	says out '^1 files removed'
	same "$(find c -mindepth 1 ! -name .lock ! -name .cleaned)" ""
	status 3 "$PKGNOTE" fetch --cache=c section hello .debug_line
}
check "--cache-clean" the_cache_can_be_emptied

without_a_cache_nothing_is_kept() {
	export XDG_CACHE_HOME=$PWD/xdg
	make_share
	mkdir tmp
	TMPDIR=$PWD/tmp status 0 "$PKGNOTE" fetch --no-cache --section-fallback --server="$PWD/share" section hello .debug_line
	[ -f "$(cat out)" ]
	says out "^$PWD/tmp/"
	rm -rf tmp/*
	TMPDIR=$PWD/tmp status 1 "$PKGNOTE" fetch --no-cache --server="$PWD/empty" debuginfo hello
	same "$(ls -A tmp)" ""
	same "$(find "$XDG_CACHE_HOME" -type f 2>/dev/null)" ""
}
check "--no-cache" without_a_cache_nothing_is_kept
finish
