# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote stamp: the note lies in page one of every kind of linked file, the file works as before, and
# the field's tools read the note and find nothing new.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
. "$TOP/tests/stamped.sh"
CC=${CC:-gcc}
PAYLOAD='{"type":"deb","os":"debian","osVersion":"12","name":"demo","version":"1.0-1","architecture":"amd64","debugInfoUrl":"https://debuginfod.example.net"}'

stamps_every_kind() {
	need eu-elflint; inspects
	sources
	$CC -O2 -fPIC -shared -Wl,-soname,libanswer.so -o libanswer.so lib.c
	local kinds='-pie:pie -no-pie:exec -static:static -static-pie:static-pie -pie+-Wl,-z,noseparate-code:noseparate -pie+-Wl,--hash-style=both:both'
	kinds="$kinds -pie+-Wl,-z,now:now -no-pie+-s:stripped -pie+-Wl,-z,pack-relative-relocs:relr"
	command -v ld.lld >/dev/null && kinds="$kinds -pie+-fuse-ld=lld:lld -no-pie+-fuse-ld=lld:lld-exec"
	command -v ld.gold >/dev/null && kinds="$kinds -pie+-fuse-ld=gold:gold"
	command -v mold >/dev/null && kinds="$kinds -pie+-fuse-ld=mold:mold"
	status 0 "$PKGNOTE" stamp --payload <(echo "$PAYLOAD") -o stamped.so libanswer.so
	holds libanswer.so stamped.so
	mkdir lib && cp stamped.so lib/libanswer.so
	for kind in $kinds; do
		local options=${kind%:*} name=${kind##*:} link=libanswer.so
		case $name in *static*) link=lib.c ;; esac
		# shellcheck disable=SC2086
		$CC ${options//+/ } -o "$name" main.c $link 2>log || case $name in relr | mold | lld*) continue ;; *) cat log; false ;; esac
		"$PKGNOTE" stamp --payload <(echo "$PAYLOAD") -o "$name.new" "$name"
		holds "$name" "$name.new"
		same '42 8 5 4' "$(LD_LIBRARY_PATH=$PWD/lib "./$name.new")"
		same '42 8 5 4' "$(LD_LIBRARY_PATH=$PWD LD_BIND_NOW=1 "./$name.new")"
	done
}
check "every kind of executable runs, and holds the note in page one" stamps_every_kind

links_against_a_stamped_library() {
	sources
	echo 'V1 { global: version_one; }; V2 { global: answer; } V1;' >map
	$CC -O2 -fPIC -shared -Wl,-soname,libanswer.so -Wl,--version-script=map -o libanswer.so lib.c
	$CC -o before main.c libanswer.so
	"$PKGNOTE" stamp -q -k name=demo libanswer.so
	$CC -o after main.c libanswer.so
	same '42 8 5 4' "$(LD_LIBRARY_PATH=. ./before)"
	same '42 8 5 4' "$(LD_LIBRARY_PATH=. ./after)"
	readelf --dyn-syms -W libanswer.so | grep -q 'answer@@V2'
}
check "a stamped library links and is found as before, versions too" links_against_a_stamped_library

a_core_tells_the_package() {
	need gdb; inspects
	sources
	$CC -O2 -o demo main.c lib.c
	"$PKGNOTE" stamp -q --payload <(echo "$PAYLOAD") demo
	core_of ./demo
	status 0 systemd-analyze inspect-elf --json=short core
	says out '"name":"demo"'
}
check "the kernel's core of a stamped program names the package" a_core_tells_the_package

edits_keep_the_note() {
	need strip objcopy eu-strip patchelf
	sources
	for linker in '' -Wl,-z,noseparate-code -Wl,-z,now,--hash-style=sysv; do
		# shellcheck disable=SC2086
		$CC -g -O2 $linker -o plain main.c lib.c
		for size in 20 150 400; do
			"$PKGNOTE" stamp -q -k name=demo -k "pad=$(printf "%${size}s" | tr ' ' x)" -o demo plain
			for tool in strip 'strip -g' objcopy eu-strip 'patchelf --set-rpath /opt/lib/somewhere'; do
				cp demo edited
				$tool edited
				readelf -nW edited | grep -q '"name":"demo"' || fail "$tool lost the note ($linker, $size)"
				case $tool in patchelf*) ;; *)
					in_page_one edited
					cp plain judge && $tool judge
					same "$(lint_of judge)" "$(lint_of edited)" ;;
				esac
				same '42 8 5 4' "$(./edited)"
			done
		done
	done
}
check "strip, objcopy, eu-strip and patchelf keep the note" edits_keep_the_note

large_payloads_fit() {
	sources
	$CC -O2 -o plain main.c lib.c
	for size in 40 200 600 1200 2000 2600 2900; do
		"$PKGNOTE" stamp -q -k name=demo -k "pad=$(printf "%${size}s" | tr ' ' x)" -o demo plain
		in_page_one demo
		same "$(lint_of plain)" "$(lint_of demo)"
		same '42 8 5 4' "$(./demo)"
	done
	status 3 "$PKGNOTE" stamp -k $'name=a\001' plain
	says err '^pkgnote stamp: metadata: name: holds a control character$'
	status 3 "$PKGNOTE" stamp -k "pad=$(printf "%3500s" | tr ' ' x)" plain
	says err 'plain: page one has no room for a note of 35[0-9]+ bytes'
	status 3 "$PKGNOTE" stamp -k "pad=$(printf "%4100s" | tr ' ' x)" plain
	says err 'plain: a payload of [0-9]+ bytes does not fit page one'
}
check "a payload of nearly a page fits, a larger one is refused" large_payloads_fit

# Tables of more than a page, code right behind them: only a new PT_LOAD makes room.
makes_room_by_a_new_segment() {
	local found
	for i in $(seq 3000); do echo "int exported_function_$i(void) { return $i; }"; done >many.c
	echo 'int exported_function_2999(void); int main(void) { return exported_function_2999() == 2999 ? 0 : 1; }' >use.c
	$CC -O0 -fPIC -shared -Wl,-z,noseparate-code -Wl,-soname,libmany.so -o plain.so many.c
	same 2 "$(readelf -lW plain.so | grep -c '^  LOAD')"
	"$PKGNOTE" stamp -q -k name=demo -o libmany.so plain.so
	same 3 "$(readelf -lW libmany.so | grep -c '^  LOAD')"
	readelf -hW libmany.so | grep -q 'Start of program headers: *64 '
	in_page_one libmany.so
	same "$(lint_of plain.so)" "$(lint_of libmany.so)"
	$CC -o use use.c libmany.so
	LD_LIBRARY_PATH=. ./use
	for tool in strip 'objcopy -g' eu-strip 'patchelf --set-rpath /opt/lib/somewhere'; do
		cp libmany.so edited.so && $tool edited.so
		readelf -nW edited.so | grep -q '"name":"demo"'
		case $tool in patchelf*) ;; *) same "$(lint_of plain.so)" "$(lint_of edited.so)" ;; esac
		mkdir -p edited && cp edited.so edited/libmany.so
		LD_LIBRARY_PATH=edited ./use
	done
	# An executable, position-independent and not: the kernel hands the program headers over.
	for kind in -pie -no-pie; do
		$CC $kind -O0 -rdynamic -Wl,-z,noseparate-code -o plain use.c many.c
		"$PKGNOTE" stamp -q -k name=demo -o demo plain
		same 3 "$(readelf -lW demo | grep -c '^  LOAD')"
		in_page_one demo
		./demo
	done
}
check "where all is full, a new PT_LOAD makes room, the program headers stay" makes_room_by_a_new_segment

# What `bun build --compile` makes programs of: it appends to the segment of the section .bun, which has to stay the last one.
data_to_be_appended() {
	for i in $(seq 3000); do echo "int exported_function_$i(void) { return $i; }"; done >many.c
	echo '__attribute__((section(".bun"), used)) unsigned long long bun = 0; int main(void) { return (int)bun; }' >use.c
	for kind in -no-pie -pie; do
		$CC $kind -O0 -rdynamic -Wl,-z,noseparate-code -o plain$kind use.c many.c
		readelf -lW plain$kind | grep '^  LOAD' | tail -1 | grep -q ' RW '
	done
	"$PKGNOTE" stamp -q -k name=demo -o demo plain-no-pie
	in_page_one demo
	./demo
	readelf -lW demo | grep '^  LOAD' | tail -1 | grep -q ' RW '
	same "$(lint_of plain-no-pie)" "$(lint_of demo)"
	status 3 "$PKGNOTE" stamp -k name=demo plain-pie
	says err 'plain-pie: page one has no room .*bun build --compile'
	# With the script in it, it is a program like others.
	sed 's/long long bun = 0/long long bun[2] = {0}/; s/(int)bun/(int)bun[0]/' use.c >used.c
	$CC -pie -O0 -rdynamic -Wl,-z,noseparate-code -o used used.c many.c
	"$PKGNOTE" stamp -q -k name=demo used
	in_page_one used
	./used
}
check "a runtime that its user appends to: its data segment stays the last" data_to_be_appended

twice_changes_nothing() {
	sources
	$CC -o demo main.c lib.c
	status 0 "$PKGNOTE" stamp -k name=demo demo
	says out '^1 stamped, 0 kept, 0 left alone, 0 refused$'
	cp -a demo once
	status 0 "$PKGNOTE" stamp -k name=demo demo
	says out '^0 stamped, 1 kept, 0 left alone, 0 refused$'
	cmp once demo
	status 0 "$PKGNOTE" stamp -k name=other demo
	cmp once demo
	status 3 "$PKGNOTE" stamp -k name=other --on-existing=fail demo
	says err 'demo: it has a package note already'
	cmp once demo
}
check "stamping twice changes no byte, --on-existing=fail refuses" twice_changes_nothing

one_note_replaces_all() {
	sources
	# Three notes: the linker's, and those of two objects.
	for i in 1 2; do
		cat >note$i.s <<-S
		.section .note.package, "a", %note
		.balign 4
		.long 4, 1f - 0f, 0xcafe1a7e
		.asciz "FDO"
		0: .asciz "{\"name\":\"object$i\"}"
		1: .balign 4
		S
	done
	for linker in '' -fuse-ld=gold -static -fuse-ld=lld; do
		# shellcheck disable=SC2086
		$CC $linker '-Wl,--package-metadata={"name":"linker"}' -o plain main.c lib.c note1.s note2.s 2>log ||
			$CC $linker -o plain main.c lib.c note1.s note2.s || continue
		[ "$(readelf -nW plain | grep -c 'Packaging Metadata')" -ge 2 ] || fail 'there were not several notes'
		cp plain demo
		"$PKGNOTE" stamp -q -k name=demo demo
		# What a linker laid outside page one is moved there.
		"$PKGNOTE" show --check --json plain >checked || true
		grep -q outside-first-page checked || cmp plain demo
		for size in 5 200 400 10; do
			"$PKGNOTE" stamp -q --on-existing=replace -k name=demo -k "pad=$(printf "%${size}s" | tr ' ' x)" demo
			in_page_one demo
			readelf -nW demo | grep -q "\"pad\":\"x\{$size\}\""
			same "$(lint_of plain | grep -v note.package)" "$(lint_of demo)"
			same '42 8 5 4' "$(./demo)"
			same 1 "$(readelf -SW demo | awk '/\.note\.package/ && $6 != "000000"' | grep -c .)"
		done
		cp demo once
		"$PKGNOTE" stamp -q --on-existing=replace -k name=demo -k pad=xxxxxxxxxx demo
		cmp once demo
	done
	# One that no core would hold, from objcopy: it gives way to one in page one.
	$CC -o plain main.c lib.c
	objcopy -O binary --only-section=.note.package demo note.bin
	objcopy --add-section .note.package=note.bin --set-section-flags .note.package=readonly plain demo
	"$PKGNOTE" stamp -q --on-existing=replace -k name=demo demo
	in_page_one demo
	same '42 8 5 4' "$(./demo)"
}
check "--on-existing=replace: one note in place of all" one_note_replaces_all

build_ids_are_updated() {
	sources
	build_id() { readelf -nW "$1" | sed -n 's/.*Build ID: //p'; }
	$CC -Wl,--build-id=sha1 -o plain main.c lib.c
	"$PKGNOTE" stamp -q -k name=demo -o kept plain
	same "$(build_id plain)" "$(build_id kept)"
	"$PKGNOTE" stamp -q -k name=demo --update-build-id -o one plain
	"$PKGNOTE" stamp -q -k name=demo --update-build-id=seed -o two plain
	"$PKGNOTE" stamp -q -k name=other --update-build-id -o three plain
	same 5 "$(for file in kept one two three; do build_id $file; done | sort -u | wc -l | awk '{ print $1 + 1 }')"
	same '42 8 5 4' "$(./two)"
	cp two again
	"$PKGNOTE" stamp -q -k name=demo --update-build-id=seed again
	cmp two again
	$CC -Wl,--build-id=none -o none main.c lib.c
	status 0 "$PKGNOTE" stamp -k name=demo --update-build-id none
	says err 'none: there is no build-id to update'
}
check "--update-build-id: by contents and seed, the same twice" build_ids_are_updated

appended_bytes_stay() {
	sources
	for kind in -pie -no-pie -static '-fuse-ld=lld'; do
		# shellcheck disable=SC2086
		$CC $kind -o plain main.c lib.c 2>log || continue
		cp plain selfextracting
		printf 'payload\0\1\2\377 at the end' >>selfextracting
		if ! "$PKGNOTE" stamp -k name=demo -o demo selfextracting >out 2>err; then
			says err 'bytes follow the ELF image'
			continue
		fi
		in_page_one demo
		# By the file's end, by the end of the headers, by offset: whoever reads them finds them.
		same "$(stat -c %s selfextracting)" "$(stat -c %s demo)"
		cmp <(tail -c 22 selfextracting) <(tail -c 22 demo)
		same "$(readelf -hW selfextracting | grep 'section headers')" "$(readelf -hW demo | grep 'section headers')"
		same "$(lint_of plain)" "$(lint_of demo)"
		same '42 8 5 4' "$(./demo)"
		status 0 "$PKGNOTE" show --check demo
		"$PKGNOTE" stamp -q -k name=longer-than-before --on-existing=replace demo
		in_page_one demo
		cmp <(tail -c 22 selfextracting) <(tail -c 22 demo)
		same '42 8 5 4' "$(./demo)"
	done
}
check "bytes after the ELF image stay where they are" appended_bytes_stay

# An executable whose first page is full of code gets one before it.
full_first_pages() {
	command -v ld.gold >/dev/null || skip "no gold on this machine"
	sources
	$CC -static -fuse-ld=gold -o plain main.c lib.c
	"$PKGNOTE" stamp -q -k name=demo -o demo plain
	in_page_one demo
	same "$(lint_of plain)" "$(lint_of demo)"
	same '42 8 5 4' "$(./demo)"
	strip demo
	in_page_one demo
	same '42 8 5 4' "$(./demo)"
}
check "an executable whose first page is full gets another before it" full_first_pages

a_tree_at_once() {
	sources
	mkdir -p tree/bin tree/lib tree/share one eight
	$CC -o tree/bin/demo main.c lib.c
	$CC -shared -fPIC -o tree/lib/libanswer.so lib.c
	$CC -c -o tree/lib/lib.o lib.c
	ar rcsD tree/lib/libanswer.a tree/lib/lib.o
	ln -s demo tree/bin/link
	ln -s /etc tree/etc
	echo text >tree/share/text
	: >tree/share/empty
	for i in $(seq 20); do cp tree/bin/demo "tree/bin/demo$i"; done
	cp -a tree/. one && cp -a tree/. eight
	status 0 "$PKGNOTE" stamp -k name=demo -j1 one
	says out '^22 stamped, 0 kept, 2 left alone, 0 refused$'
	says err '^pkgnote stamp: one/lib/lib.o: left alone: a relocatable object'
	says err '^pkgnote stamp: one/lib/libanswer.a: left alone: a static archive'
	says_not err "(text|empty|bin/link):"
	sed 's/one/eight/' err >want
	status 0 "$PKGNOTE" stamp -k name=demo -j8 eight
	cmp want err
	diff -r --no-dereference one eight
	in_page_one one/bin/demo7
	[ -z "$(find one -name '.pkgnote-*')" ]
	status 0 "$PKGNOTE" stamp --json -k name=demo one
	says out '^\{"path":"one/bin/demo","result":"kept"\}$'
	says out '^\{"path":"one/lib/lib.o","result":"left-alone","reason":"a relocatable'
}
check "a tree: all that can be is done, the rest is listed, whatever -j" a_tree_at_once

attributes_survive() {
	sources
	$CC -o demo main.c lib.c
	chmod 4751 demo
	local attribute=
	if setfattr -n user.origin -v here demo 2>/dev/null; then attribute=user.origin; fi
	local capabilities=
	if [ "$(id -u)" = 0 ]; then
		chown 12:34 demo && chmod 4751 demo
		# cap_net_bind_service=ep
		if setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 demo 2>/dev/null; then capabilities=yes; fi
	fi
	stat -c '%a %u %g' demo >before
	"$PKGNOTE" stamp -q -k name=demo demo
	stat -c '%a %u %g' demo | cmp before -
	[ -z "$capabilities" ] || getfattr -e hex -n security.capability demo | grep -q '0x0100000200040000'
	[ -z "$attribute" ] || same here "$(getfattr --only-values -n $attribute demo)"
}
check "mode, owner, set-id and extended attributes survive" attributes_survive

holes_stay() {
	sources
	$CC -o demo main.c lib.c
	truncate -s 64M demo
	[ "$(du -k demo | cut -f 1)" -lt 1000 ] || skip "no sparse files here"
	cp --sparse=never demo full
	"$PKGNOTE" stamp -q -k name=demo demo
	"$PKGNOTE" stamp -q -k name=demo full
	[ "$(du -k demo | cut -f 1)" -lt 1000 ] || fail "$(du -k demo) KiB on the disk"
	cmp demo full
	same '42 8 5 4' "$(./demo)"
}
check "a sparse file stays sparse" holes_stay

# On a file system that shares blocks: XFS in a file, mounted for the time of the test.
blocks_are_shared() {
	sources; need mkfs.xfs unshare mount
	[ "$(id -u)" = 0 ] || skip "only root mounts"
	$CC -o demo main.c lib.c
	head -c 20000000 /dev/urandom >>demo.rest
	objcopy --add-section .filler=demo.rest demo
	cp demo plain
	"$PKGNOTE" stamp -q -k name=demo plain
	truncate -s 400M disk
	mkfs.xfs -q disk 2>log || skip "$(tail -1 log)"
	mkdir there
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount -o loop disk there 2>log || exit 77
		cp demo there/ && ln there/demo there/again && cp --reflink=always there/demo there/kept && sync -f there && stat -f -c %f there >before
		"$1" stamp -q -k name=demo there/demo there/again || exit 1
		sync -f there && stat -f -c %f there >after
		cp there/demo shared && [ there/demo -ef there/again ] && umount there' sh "$PKGNOTE" || { [ $? = 77 ] && skip "$(tail -1 log)"; fail "not stamped there"; }
	cmp shared plain
	# Of 5,000 blocks, which the copy keeps.
	[ "$(($(cat before) - $(cat after)))" -lt 100 ]
}
check "where the file system shares blocks, those that do not change are" blocks_are_shared

# A signature of the old bytes must not stand on the new ones, nor vanish without a word.
signatures_go() {
	sources
	$CC -o demo main.c lib.c
	setfattr -n security.ima -v 0x0401020304 demo 2>/dev/null || skip "security.ima cannot be set here"
	setfattr -n security.evm -v 0x02010203 demo 2>/dev/null || true
	status 0 "$PKGNOTE" stamp -k name=demo demo
	says err '^pkgnote stamp: demo: its IMA or EVM attribute was for the old contents and is gone; sign it anew$'
	[ -z "$(getfattr -d -m security.[ie] demo 2>/dev/null)" ]
	# Where no byte changes it stays.
	setfattr -n security.ima -v 0x0401020304 demo
	status 0 "$PKGNOTE" stamp -k name=demo demo
	[ ! -s err ]
	getfattr -d -m security.ima demo | grep -q 'security.ima='
}
check "IMA and EVM attributes of the old contents go, and that is said" signatures_go

# Whenever it comes: each file is as it was or finished; once more, and all is as if nothing had been.
kills_leave_whole_files() {
	sources
	mkdir tree before after
	$CC -static -g -o tree/0 main.c lib.c
	for i in $(seq 60); do cp tree/0 tree/$i; done
	cp -a tree/. before && cp -a tree/. after
	"$PKGNOTE" stamp -q -k name=demo after
	local signal try file left=0
	for try in $(seq 12); do
		for signal in KILL TERM; do
			rm -rf tree && cp -a before tree
			"$PKGNOTE" stamp -q -k name=demo tree &
			sleep "0.0$((RANDOM % 6))$((RANDOM % 10))"
			kill -$signal $! 2>/dev/null || true
			wait $! 2>/dev/null || true
			for file in tree/[0-9]*; do
				cmp -s "$file" "before/${file#tree/}" || cmp "$file" "after/${file#tree/}"
			done
			[ $signal = KILL ] || [ -z "$(find tree -name '.pkgnote-*')" ] || fail "SIGTERM left $(ls -A tree)"
			left=$((left + $(find tree -name '.pkgnote-*' | wc -l)))
			"$PKGNOTE" stamp -q -k name=demo tree
			diff -r tree after
		done
	done
	echo "$left temporary files were taken up" >&2
}
# A file of two names, killed between them: which of the two it was, the test makes itself.
links_are_taken_up() {
	sources
	mkdir tree
	$CC -o tree/a main.c lib.c
	cp tree/a old
	ln tree/a tree/b
	# Only the name's own run can tell the temporary name of `a`.
	"$PKGNOTE" stamp -q -k name=demo tree
	cp tree/a new
	name() { strace -f -e trace=openat "$PKGNOTE" stamp -q -k name=x --on-existing=replace "$1" 2>&1 | sed -n 's/.*"\(\.pkgnote-[0-9a-f]*\)".*/\1/p' | head -1; }
	mkdir names && cp old names/a
	local temporary
	temporary=$(name names/a)
	[ -n "$temporary" ]
	for arguments in tree 'tree/a tree/b'; do
		rm -f tree/*
		cp old tree/a && cp new "tree/$temporary" && ln "tree/$temporary" tree/b
		# shellcheck disable=SC2086
		status 0 "$PKGNOTE" stamp -k name=demo $arguments
		same "$(stat -c %i tree/a)" "$(stat -c %i tree/b)"
		cmp new tree/a
		same 'a b' "$(echo $(ls -A tree))"
		# One that was not finished.
		rm -f tree/*
		cp old tree/a && head -c 1000 new >"tree/$temporary"
		# shellcheck disable=SC2086
		status 0 "$PKGNOTE" stamp -k name=demo ${arguments% *}
		cmp new tree/a
		same a "$(ls -A tree)"
	done
}
links_are_taken_up_if_traced() { need strace; links_are_taken_up; }

check "a kill leaves each file whole, the next run leaves nothing behind" kills_leave_whole_files
check "hard links that a kill has parted are joined again" links_are_taken_up_if_traced

hard_links_stay() {
	sources
	mkdir a b
	$CC -o a/demo main.c lib.c
	ln a/demo a/other
	ln a/demo b/third
	cp a/demo before
	status 3 "$PKGNOTE" stamp -k name=demo a
	says err 'a/demo: it has hard links outside the arguments'
	cmp before a/demo
	status 0 "$PKGNOTE" stamp -k name=demo a b
	same "$(stat -c %i a/demo)" "$(stat -c %i a/other)"
	same "$(stat -c %i a/demo)" "$(stat -c %i b/third)"
	same 3 "$(stat -c %h a/demo)"
	in_page_one b/third
	$CC -o a/demo main.c lib.c && ln a/demo outside
	status 0 "$PKGNOTE" stamp -k name=demo --break-links a
	in_page_one a/demo
	cmp before outside
}
check "hard links within the arguments stay, others are not cut by surprise" hard_links_stay

refuses_what_it_cannot() {
	sources
	$CC -c -o main.o main.c
	$CC -g -o demo main.c lib.c
	objcopy --only-keep-debug demo demo.debug
	cp demo short && truncate -s 3000 short
	ln -s demo link
	: >empty
	status 3 "$PKGNOTE" stamp -k name=demo demo.debug
	says err 'a separate debug file'
	for file in main.o demo.debug short link empty nowhere /dev/null; do
		[ ! -f $file ] || cp $file saved
		status 3 "$PKGNOTE" stamp -k name=demo $file
		says err "^pkgnote stamp: $file: "
		[ ! -f $file ] || cmp $file saved
	done
	status 2 "$PKGNOTE" stamp -k name=demo
	status 2 "$PKGNOTE" stamp -k name=demo -o out demo short
	status 2 "$PKGNOTE" stamp -k name=demo -o out .
}
check "what cannot be stamped is refused, said why, and left alone" refuses_what_it_cannot
finish
