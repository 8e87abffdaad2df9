# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote stamp: what is there already, where there is room, and what a file is for.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
. "$TOP/tests/stamped.sh"
CC=${CC:-gcc}

keep_moves_what_lies_wrong() {
	need ld
	sources
	echo 'const char big[8192] = {1};' >>lib.c
	for kind in -pie -no-pie -static '-shared -fPIC'; do
		# shellcheck disable=SC2086
		moves_notes later.ld $(case $kind in -no-pie | -static) ;; *) echo ${kind% -fPIC} ;; esac)
		# shellcheck disable=SC2086
		$CC $kind -Wl,-dT,later.ld -Wl,--build-id '-Wl,--package-metadata={"name":"its-own"}' -o plain $([ "$kind" = "-shared -fPIC" ] || echo main.c) lib.c 2>log || continue
		status 1 "$PKGNOTE" show --check plain
		says out 'outside-first-page'
		cp plain demo
		status 0 "$PKGNOTE" stamp -k name=another demo
		says out '^1 stamped'
		says err "demo: its note names the package 'its-own', and stays"
		in_page_one demo
		passes demo
		same '{"name":"its-own"}' "$(payloads demo)"
		same "$(lint_of plain)" "$(lint_of demo)"
		case $kind in *shared*) ;; *) same '42 8 5 4' "$(./demo)" ;; esac
		cp demo once
		status 0 "$PKGNOTE" stamp -k name=another demo
		says out '^0 stamped, 1 kept'
		cmp once demo
	done
	[ -e once ] || skip "no program could be linked that way"
}
check "keep moves a note outside page one there, with its own payload" keep_moves_what_lies_wrong

first_goes_before() {
	inspects
	sources
	printf '.section .note.package, "a", %%note\n.balign 4\n.long 4, 1f - 0f, 0xcafe1a7e\n.asciz "FDO"\n0: .asciz "{\\"name\\":\\"vendored\\"}"\n1: .balign 4\n.section .note.GNU-stack\n' >vendored.s
	for kind in -pie -no-pie -static '-pie -Wl,-z,noseparate-code' '-pie -fuse-ld=gold' '-pie -fuse-ld=lld' '-pie -fuse-ld=mold'; do
		# shellcheck disable=SC2086
		$CC $kind -o plain main.c lib.c vendored.s 2>log || continue
		for size in 5 90; do
			"$PKGNOTE" stamp -q --on-existing=first -k name=demo -k "pad=$(printf "%${size}s" | tr ' ' x)" -o demo plain
			same 2 "$(payloads demo | grep -c .)"
			payloads demo | grep -q '^{"name":"vendored"}$'
			# Readers go by the order of segments.
			status 0 systemd-analyze inspect-elf --json=short demo
			says out '"name":"demo"'
			status 0 "$PKGNOTE" show --json demo
			says out '"package":\{[^}]*"name":"demo"'
			same '42 8 5 4' "$(./demo)"
			same "$(lint_of plain)" "$(lint_of demo)"
			says_not <("$PKGNOTE" show --check demo || true) '(outside-first-page|writable|misaligned|not-allocated): .*'
			cp demo once
			"$PKGNOTE" stamp -q --on-existing=first -k name=demo -k "pad=$(printf "%${size}s" | tr ' ' x)" demo
			cmp once demo
		done
	done
	core_of ./demo
	status 0 "$PKGNOTE" show --json core
	says out '"module":"[^"]*/demo",.*"package":\{[^}]*"name":"demo"'
}
check "first: before the notes that are there, which stay" first_goes_before

writable_pages_are_put_right() {
	sources
	$CC -no-pie -o plain main.c lib.c
	local at
	at=$(readelf -lW plain | awk '/^  [A-Z]/ && $1 != "Type" { n++; if ($1 == "LOAD") { print 64 + 56 * (n - 1) + 4; exit } }')
	elf_poke plain "$at" '\006'
	readelf -lW plain | grep -q '^  LOAD.* RW '
	status 0 "$PKGNOTE" stamp -k name=demo plain
	in_page_one plain
	passes plain
	same '42 8 5 4' "$(./plain)"
	# Data in the same segment, behind page one: it is cut.
	printf 'PHDRS { t PT_LOAD FILEHDR PHDRS FLAGS(7); n PT_NOTE; s PT_GNU_STACK FLAGS(6); }\nSECTIONS { . = 0x400000 + SIZEOF_HEADERS; .note.x : { *(.note.gnu.build-id) } :t :n .text : { *(.text*) *(.rodata*) } :t . = ALIGN(0x2000); .data : { *(.data*) } .bss : { *(.bss*) } /DISCARD/ : { *(.note.gnu.property) *(.eh_frame) *(.comment) } }\n' >one.ld
	printf 'int later = 42; char zero[100];\nvoid _start(void) { later += zero[3]; __asm__ volatile("syscall" : : "a"(60), "D"(later - 42)); for (;;) ; }\n' >start.c
	if [ "$(uname -m)" = x86_64 ] && $CC -O1 -ffreestanding -nostdlib -static -no-pie -fno-stack-protector -Wl,--build-id -Wl,-T,one.ld -o cut start.c 2>log; then
		./cut
		status 0 "$PKGNOTE" stamp -k name=demo cut
		in_page_one cut
		passes cut
		./cut
		# Page one itself is written to, at fixed addresses: a page before it.
		sed -i 's/ALIGN(0x2000)/ALIGN(16)/' one.ld
		$CC -O1 -ffreestanding -nostdlib -static -no-pie -fno-stack-protector -Wl,--build-id -Wl,-T,one.ld -o before start.c
		./before
		status 0 "$PKGNOTE" stamp -k name=demo before
		passes before
		./before
	fi
}
check "a page one that may be written to is put right" writable_pages_are_put_right

build_ids_are_added() {
	need gdb
	sources
	build_id() { readelf -nW "$1" | sed -n 's/.*Build ID: //p'; }
	for kind in -pie -no-pie -static; do
		$CC $kind -g -Wl,--build-id=none -o plain main.c lib.c
		same '' "$(build_id plain)"
		"$PKGNOTE" stamp -q -k name=demo --add-build-id -o one plain
		"$PKGNOTE" stamp -q -k name=demo --add-build-id -o same plain
		cmp one same
		"$PKGNOTE" stamp -q -k name=demo --add-build-id --update-build-id=seed -o two plain
		"$PKGNOTE" stamp -q -k name=other --add-build-id -o three plain
		same 40 "$(build_id one | tr -d '\n' | wc -c)"
		same 3 "$(for file in one two three; do build_id $file; done | sort -u | grep -c .)"
		in_page_one one
		same "$(lint_of plain)" "$(lint_of one)"
		same '42 8 5 4' "$(./one)"
		cp one again
		"$PKGNOTE" stamp -q -k name=demo --add-build-id again
		cmp one again
		core_of ./one
		status 0 "$PKGNOTE" show --json core
		says out "\"buildId\":\"$(build_id one)\""
		mkdir -p debug/.build-id/"$(build_id one | cut -c1-2)"
		objcopy --only-keep-debug one "debug/.build-id/$(build_id one | cut -c1-2)/$(build_id one | cut -c3-).debug"
		strip -o bare one
		gdb -nx -q -batch -iex "set debug-file-directory $PWD/debug" -ex 'info line main' bare >out 2>&1
		says out 'Line [0-9]+ of "main.c"'
	done
	# One that is there stays.
	$CC -Wl,--build-id=sha1 -o plain main.c lib.c
	"$PKGNOTE" stamp -q -k name=demo --add-build-id -o one plain
	same "$(build_id plain)" "$(build_id one)"
}
check "--add-build-id: page one, found by gdb, the same twice" build_ids_are_added

# A section symbol, which objcopy --add-symbol makes here, names the note that takes the section's place.
symbols_follow() {
	need objcopy
	sources
	$CC -Xlinker '--package-metadata={"name":"old","pad":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}' -o plain main.c lib.c 2>log || skip "no --package-metadata"
	payloads plain | grep -q old || skip "no --package-metadata"
	objcopy --add-symbol at_the_note=.note.package:0,local plain marked
	"$PKGNOTE" stamp -q --on-existing=replace -k name=demo -k "pad=$(printf '%300s' | tr ' ' x)" -o demo marked
	in_page_one demo
	same "$(readelf -SW demo | sed -n 's/.* \.note\.package *NOTE *\([0-9a-f]*\) .*/\1/p')" "$(readelf -sW demo | awk '$8 == "at_the_note" { print $2 }')"
	same '42 8 5 4' "$(./demo)"
}
check "symbols of a note that was replaced name the new one" symbols_follow

room_is_what_nobody_owns() {
	need patchelf
	sources
	# Without a build-id, patchelf up to 0.14 leaves no note in page one, and PT_GNU_PROPERTY over the program headers.
	for kind in -pie -no-pie '-pie -Wl,--build-id=none' '-shared -fPIC -Wl,-soname,libanswer.so'; do
		# shellcheck disable=SC2086
		$CC $kind -o plain $(case $kind in *shared*) ;; *) echo main.c ;; esac) lib.c
		patchelf --set-rpath /opt/lib/some/where/else plain
		"$PKGNOTE" stamp -q -k name=demo -o demo plain
		in_page_one demo
		passes demo
		case $kind in *shared*) ;; *) same '42 8 5 4' "$(./demo)" ;; esac
		# And the other way round: what patchelf moves is moved back.
		patchelf --set-rpath /opt/lib/quite/another/place/than/before demo
		"$PKGNOTE" stamp -q -k name=other demo
		in_page_one demo
		passes demo
		payloads demo | grep -q '"name":"demo"'
		case $kind in *shared*) ;; *) same '42 8 5 4' "$(./demo)" ;; esac
	done
}
check "patchelf before and after: page one, read-only" room_is_what_nobody_owns

# Tables by their own sizes, where no section says how long they are.
without_section_headers() {
	sources
	for kind in -pie -no-pie -static '-pie -Wl,--hash-style=sysv'; do
		# shellcheck disable=SC2086
		$CC $kind -o plain main.c lib.c
		# e_shoff, e_shnum and e_shstrndx become 0, and what they led to goes.
		truncate -s "$(readelf -lW plain | awk '/^  LOAD/ { print $2, $5 }' | while read -r a b; do echo $((a + b)); done | sort -n | tail -1)" plain
		elf_poke plain 40 '\0\0\0\0\0\0\0\0'
		elf_poke plain 58 '\0\0\0\0\0\0'
		same '42 8 5 4' "$(./plain)"
		status 0 "$PKGNOTE" stamp -k name=demo -k "pad=$(printf '%200s' | tr ' ' x)" -o demo plain
		status 0 "$PKGNOTE" show --json demo
		says out '"name":"demo"'
		passes demo
		same '42 8 5 4' "$(./demo)"
	done
}
check "files without section headers" without_section_headers

debug_files_and_firmware_are_left_alone() {
	need objcopy eu-strip
	sources
	mkdir -p tree/lib/debug
	for kind in -pie -static; do
		$CC -g $kind -o plain main.c lib.c
		objcopy --only-keep-debug plain "tree/lib/debug/objcopy$kind"
		cp plain stripped && eu-strip -f "tree/lib/debug/elfutils$kind" stripped
	done
	echo 'void _start(void) { for (;;) ; }' >fw.c
	$CC -g -ffreestanding -nostdlib -fno-pic -no-pie -static -Wl,-N,-e_start -o tree/firmware fw.c
	$CC -o tree/demo main.c lib.c
	cp tree/demo tree/bsd
	elf_poke tree/bsd 7 '\011'
	cp -a tree before
	status 0 "$PKGNOTE" stamp -k name=demo tree
	says out '^1 stamped, 0 kept, 6 left alone, 0 refused$'
	says err 'objcopy-static: left alone: a separate debug file'
	says err 'elfutils-pie: left alone: a separate debug file'
	says err 'tree/firmware: left alone: not linked for Linux'
	says err 'tree/bsd: left alone: not for Linux'
	rm tree/demo before/demo
	diff -r before tree
	status 3 "$PKGNOTE" stamp -k name=demo tree/lib/debug/elfutils-static
	says err 'a separate debug file'
}
check "debug files, firmware and other systems' programs are left alone in trees" debug_files_and_firmware_are_left_alone

# Another user's file, to a file of one's own.
output_of_anothers_file() {
	[ "$(id -u)" = 0 ] || skip "needs root, to be another user"
	need setpriv setcap
	sources
	local user=(setpriv --reuid=65534 --regid=65534 --clear-groups) mode
	chmod 755 "$WORK"; mkdir theirs; chown 65534 theirs
	for mode in 755 4755 2711 644; do
		$CC -o demo main.c lib.c; chmod $mode demo; setcap cap_net_raw=ep demo
		[ $mode != 2711 ] || chmod o+r demo
		status 0 "${user[@]}" "$PKGNOTE" stamp -k name=demo -o theirs/out demo
		same "$(stat -c '%u %g %a' theirs/out)" "65534 65534 $(printf %o $((0$(stat -c %a demo) & 0777)))"
		same "$(getcap theirs/out)" ""
		same "$(cat err)" "pkgnote stamp: theirs/out: owner, set-id bits or capabilities are not those of demo: only root can give them"
		passes theirs/out
		rm theirs/out
	done
	# One's own is as it was, and root gives all.
	$CC -o demo main.c lib.c; chmod 4755 demo; chown 65534 demo; chmod 4755 demo
	status 0 "${user[@]}" "$PKGNOTE" stamp -k name=demo -o theirs/out demo
	same "$(stat -c '%u %g %a' theirs/out)$(cat err)" "65534 65534 755pkgnote stamp: theirs/out: owner, set-id bits or capabilities are not those of demo: only root can give them"
	chown 65534:65534 demo; chmod 4755 demo; setcap cap_net_raw=ep demo
	status 0 "$PKGNOTE" stamp -k name=demo -o out2 demo
	same "$(stat -c '%u %g %a' out2) $(getcap out2)" "65534 65534 4755 out2 cap_net_raw=ep"
}
check "-o of another user's file is one's own, and said" output_of_anothers_file

finish
