# SPDX-License-Identifier: LGPL-2.1-or-later
# libnote as a program sees it: the header, the exported symbols, pkg-config, the manual's example.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc} CXX=${CXX:-g++}

exported() { nm -D --defined-only "$BUILD/libnote.so" | awk '$2 ~ /[TDBR]/ { sub(/@.*/, "", $3); print $3 }' | grep -v '^LIBNOTE_' | sort; }
mapped() { sed -n 's/^\t\(note_[a-z0-9_]*\);$/\1/p' "$TOP/libnote/libnote.map" | sort; }
declared() { "$CC" -E "$TOP/libnote/libnote.h" | grep -v '^ *typedef' | grep -o 'note_[a-z0-9_]*(' | tr -d '(' | sort -u; }

symbols() {
	[ -f "$BUILD/libnote.so" ] || skip "no $BUILD/libnote.so"
	exported >exported; mapped >mapped; declared >declared
	[ -s exported ]
	diff exported mapped || fail "the library (<) exports other symbols than libnote.map (>) lists"
	diff declared mapped || fail "libnote.h (<) declares other functions than libnote.map (>) lists"
}
check "exported symbols are those of libnote.map, and all declared" symbols

debian_symbols() {
	sed -n 's/^ \(note_[a-z0-9_]*\)@LIBNOTE_.*/\1/p' "$TOP/packaging/debian/libnote0.symbols" | sort >listed
	mapped | diff listed - || fail "packaging/debian/libnote0.symbols (<) lists other symbols than libnote.map (>)"
}
check "the Debian package's symbols are those of libnote.map" debian_symbols

# What was once released stays: every name of every version of the list in git's history.
append_only() {
	git -C "$TOP" rev-parse HEAD >/dev/null 2>&1 || skip "no history here"
	git -C "$TOP" tag --list 'v*' >tags
	while read -r tag; do
		git -C "$TOP" show "$tag:libnote/libnote.map" 2>/dev/null | sed -n 's/^\t\(note_[a-z0-9_]*\);$/\1/p' | sort >before
		mapped | comm -23 before - >lost
		[ ! -s lost ] || { cat lost; fail "names of $tag were taken out of libnote.map"; }
	done <tags
}
check "libnote.map only grows from release to release" append_only

header_stands_alone() {
	echo '#include <libnote.h>' >it.c
	"$CC" -std=c99 -pedantic-errors -Wall -Wextra -Werror -I"$TOP/libnote" -c it.c
	command -v "$CXX" >/dev/null || skip "no C++ compiler"
	cp it.c it.cc && "$CXX" -std=c++11 -pedantic-errors -Wall -Wextra -Werror -I"$TOP/libnote" -c it.cc
}
check "libnote.h compiles alone, as C99 and as C++11" header_stands_alone

installed() {
	need make pkg-config
	[ -f "$BUILD/libnote.so" ] || skip "no $BUILD/libnote.so"
	mkdir -p usr/lib/pkgconfig usr/include
	cp -P "$BUILD"/libnote.so* "$BUILD/libnote.a" usr/lib/
	cp "$TOP/libnote/libnote.h" usr/include/
	sed -e "s|@PREFIX@|$PWD/usr|" -e "s|@LIBDIR@|$PWD/usr/lib|" -e 's|@VERSION@|0|' "$TOP/libnote/libnote.pc.in" >usr/lib/pkgconfig/libnote.pc
	export PKG_CONFIG_PATH=$PWD/usr/lib/pkgconfig
	sed -n '/^\.EX$/,/^\.EE$/p' "$TOP/man/libnote.3" | sed -e '/^\.E[XE]$/d' -e 's/\\e/\\/g' -e 's/\\-/-/g' >example.c
	[ "$(grep -c . example.c)" -ge 20 ]
	echo 'int main(void) { return 0; }' >it.c
	"$CC" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"deb","name":"hello"}' -o it it.c
	echo text >text
}

# tries COMMAND...: the example that COMMAND makes of example.c as ./example.
tries() {
	"$@"
	LD_LIBRARY_PATH=$PWD/usr/lib ./example it text >out
	printf 'it: hello\ntext: not an ELF file, PE image or archive\n' | diff - out
}

manual_in_c() {
	installed
	# shellcheck disable=SC2046
	tries "$CC" -Wall -Wextra -Werror -o example example.c $(pkg-config --cflags --libs libnote)
}
check "the manual's program compiles and runs" manual_in_c

manual_in_cxx() {
	installed
	command -v "$CXX" >/dev/null || skip "no C++ compiler"
	# shellcheck disable=SC2046
	tries "$CXX" -x c++ -Wall -Wextra -Werror -o example example.c -x none $(pkg-config --cflags --libs libnote)
}
check "the manual's program as C++" manual_in_cxx

manual_static() {
	installed
	nm "$BUILD/libnote.a" 2>/dev/null | grep -q __asan && skip "a sanitized build"
	# shellcheck disable=SC2046
	tries "$CC" -o example example.c $(pkg-config --cflags libnote) usr/lib/libnote.a $(pkg-config --libs libelf json-c)
}
check "the manual's program with libnote.a" manual_static

# A program may have functions of its own that are called as ones inside the library are.
own_names() {
	installed
	nm "$BUILD/libnote.a" 2>/dev/null | grep -q __asan && skip "a sanitized build"
	nm -g --defined-only "$BUILD/libnote.a" | awk 'NF == 3 { print $3 }' | sort | diff - <(mapped)
	nm -g --defined-only "$BUILD/libnote/inside.a" | awk 'NF == 3 && $2 == "T" && $3 !~ /^note_/ { print $3 }' | sort -u >names
	[ "$(wc -l <names)" -ge 50 ] && grep -qx align_up names
	awk '{ print "int " $1 "(void); int " $1 "(void) { return 1; }" }' names >own.c
	for cc in gcc clang; do
		command -v "$cc" >/dev/null || continue
		# shellcheck disable=SC2046
		tries "$cc" -o example example.c own.c $(pkg-config --cflags libnote) usr/lib/libnote.a $(pkg-config --libs libelf json-c)
	done
}
check "libnote.a has no global names but those of libnote.map" own_names

manual_of_a_core() {
	installed
	need gdb
	# shellcheck disable=SC2046
	"$CC" -o example example.c $(pkg-config --cflags --libs libnote)
	gdb -q -batch -ex 'break main' -ex run -ex 'generate-core-file core' ./it >gdb.log 2>&1 || skip "gdb cannot run a program here"
	LD_LIBRARY_PATH=$PWD/usr/lib ./example core >out
	says out "^core: $PWD/it: \{\"type\":\"deb\",\"name\":\"hello\"\}\$"
}
check "the manual's program on a core" manual_of_a_core

the_manual_renders() {
	need man
	man -l --warnings "$TOP/man/libnote.3" >page 2>warnings </dev/null
	[ ! -s warnings ] || { cat warnings; fail "warnings"; }
	while read -r name; do grep -q "$name" "$TOP/man/libnote.3" || fail "$name is not in libnote(3)"; done < <(mapped)
}
check "libnote(3) renders without a warning and names every function" the_manual_renders
# face COMMAND...: the program that asks for sizes, NULLs and options, run by COMMAND.
face() {
	# shellcheck disable=SC2046
	"$CC" -g -Wall -Wextra -Werror -o face "$TOP/tests/cli/libnote_face.c" $(pkg-config --cflags --libs libnote)
	LD_LIBRARY_PATH=$PWD/usr/lib "$@" ./face
}
callers_structures() { installed; face env; LC_ALL=de_DE.UTF-8 face env; }
check "sizes of the caller's structures, NULLs, options of later versions, English messages" callers_structures

# The manual's program with a fault of each kind that a caller's program can have: a handle that is not closed, one that is used
# after that. Every judge of it below has to see both.
planted() {
	sed '0,/note_file_close(/s/note_file_close(/(void)(/' example.c >leaks.c
	sed '0,/note_file_close(file);/s//note_file_close(file); printf("%d\\n", note_file_kind(file));/' example.c >late.c
	! cmp -s leaks.c example.c && ! cmp -s late.c example.c
}

under_valgrind() {
	installed
	need valgrind
	nm "$BUILD/libnote.a" 2>/dev/null | grep -q __asan && skip "a sanitized build"
	face valgrind -q --error-exitcode=9 --leak-check=full
	# shellcheck disable=SC2046
	"$CC" -o example example.c $(pkg-config --cflags --libs libnote)
	LD_LIBRARY_PATH=$PWD/usr/lib valgrind -q --error-exitcode=9 --leak-check=full ./example it text
	if command -v gdb >/dev/null && gdb -q -batch -ex 'break main' -ex run -ex 'generate-core-file core' ./it >gdb.log 2>&1; then
		LD_LIBRARY_PATH=$PWD/usr/lib valgrind -q --error-exitcode=9 --leak-check=full ./example core it "$BUILD/libnote.a" nothing text >out || [ $? = 1 ]
		says out '^core: '
	fi
	planted
	for fault in leaks late; do
		# shellcheck disable=SC2046
		"$CC" -o $fault $fault.c $(pkg-config --cflags --libs libnote)
		export LD_LIBRARY_PATH=$PWD/usr/lib
		status 9 valgrind -q --error-exitcode=9 --leak-check=full ./$fault it text
	done
}
check "the manual's program and that one under valgrind, which sees faults planted in it" under_valgrind

sanitized() {
	installed
	[ -f "${SANITIZED:-/nothing}/libnote/inside.a" ] || skip "no sanitized build"
	make -s -C "$TOP" BUILD="$SANITIZED" CC=gcc CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all" \
		"$SANITIZED/libnote.a"
	for program in example.c "$TOP/tests/cli/libnote_face.c"; do
		# shellcheck disable=SC2046
		gcc -fsanitize=address,undefined -o sane "$program" $(pkg-config --cflags libnote) "$SANITIZED/libnote.a" $(pkg-config --libs libelf json-c)
		./sane it text
	done
	planted
	for fault in leaks late; do
		# shellcheck disable=SC2046
		gcc -fsanitize=address,undefined -o $fault $fault.c $(pkg-config --cflags libnote) "$SANITIZED/libnote.a" $(pkg-config --libs libelf json-c)
		status 23 env ASAN_OPTIONS=exitcode=23 ./$fault it text
	done
}
check "the same with sanitizers" sanitized

# What programs rely on: nothing of the list may change; what is new is added to it.
the_abi() {
	installed
	[ "$(getconf LONG_BIT)" = 64 ] || skip "the list is of 64 bits"
	"$CC" -I"$TOP/libnote" -o abi "$TOP/tests/cli/libnote_abi.c"
	{ ./abi; nm -D --with-symbol-versions --defined-only "$BUILD/libnote.so" | awk '$2 == "T" { print $3 }' | sort; } >now
	grep -v '^#' "$TOP/tests/cli/libnote.abi" | diff - now || fail "the ABI (>) is not that of tests/cli/libnote.abi (<)"
	# Each member of each structure is in the list.
	sed -n '/^struct note_[a-z_]* {/,/^};/p' "$TOP/libnote/libnote.h" | sed 's,/\*.*,,' |
		awk '/^struct/ { s = $2 } /;/ && !/^}/ { m = $NF; gsub(/[;*]|\[.*/, "", m); print s "." m }' >members
	[ "$(wc -l <members)" -ge 20 ]
	while read -r member; do grep -q "^$member " now || fail "$member is not in tests/cli/libnote_abi.c"; done <members
}
check "sizes, offsets, values and symbols are those that programs were built with" the_abi

# place FILE: note_file_place(), what it says to ./out.
place() { LD_LIBRARY_PATH=$PWD/usr/lib ./place "$1" '{"type":"deb","name":"placed"}' >out 2>&1; }

placed_in_a_file() {
	installed
	need setfattr getfattr readelf
	# shellcheck disable=SC2046
	"$CC" -o place "$TOP/tests/cli/libnote_place.c" $(pkg-config --cflags --libs libnote)
	mkdir tree
	"$CC" -Wl,--build-id -o tree/program it.c
	chmod 4751 tree/program
	setfattr -n user.what -v kept tree/program || skip "no extended attributes on this file system"
	[ "$(id -u)" != 0 ] || { chown 12:34 tree/program; chmod 4751 tree/program; }
	[ "$(id -u)" != 0 ] || ! command -v setcap >/dev/null || setcap cap_net_raw+ep tree/program
	(cd tree && stat -c '%a %u %g' program; getfattr -d -m - --absolute-names -e hex program) >before
	ln -s program tree/link
	place tree/link; same "$(cat out)" 'NOTE_OK '
	[ -L tree/link ]
	(cd tree && stat -c '%a %u %g' program; getfattr -d -m - --absolute-names -e hex program) | diff before -
	readelf -nW tree/program | grep -q '"name":"placed"'
	tree/program
	# Once more: nothing is written.
	inode=$(stat -c '%i %Z' tree/program)
	place tree/program; same "$inode" "$(stat -c '%i %Z' tree/program)"
	# What it does not do.
	cp it tree/two && ln tree/two tree/three && cp tree/two two
	! place tree/two; says out 'NOTE_UNSUPPORTED it has other names \(hard links\)'
	cmp two tree/two
	mkfifo tree/fifo
	! place tree/fifo; says out 'NOTE_UNSUPPORTED not a regular file'
	! place tree/none; says out 'NOTE_SYSTEM open: No such file or directory'
	! place text; says out 'NOTE_(ABSENT|UNSUPPORTED|MALFORMED) '
	same "$(ls -A tree | sort | xargs)" 'fifo link program three two'
	if [ "$(id -u)" != 0 ]; then
		cp it tree/four; chmod 500 tree
		! place tree/four; says out 'NOTE_SYSTEM temporary file: Permission denied'
		chmod 700 tree
	fi
}
check "note_file_place: mode, owner, attributes and links stay, nothing is written twice or left over" placed_in_a_file

memory_that_is_short() {
	installed
	nm "$BUILD/libnote.a" 2>/dev/null | grep -q __asan && skip "a sanitized build"
	# shellcheck disable=SC2046
	"$CC" -o memory "$TOP/tests/cli/libnote_memory.c" $(pkg-config --cflags --libs libnote) 2>log ||
		skip "no other malloc with this C library: $(tail -n 1 log)"
	. "$TOP/tests/fuzz/seeds.sh"
	for kind in core pe; do seeds "$kind" "$kind"; done
	# A note in a segment and a section; one to place; a core; a PE image.
	objcopy --remove-section .note.package it bare
	LD_LIBRARY_PATH=$PWD/usr/lib ./memory it bare core/core7 pe/pe-linked || fail "see above"
}
check "each allocation of libnote that fails is a code" memory_that_is_short

# libnote(3) tells what the header has: every code, kind, problem and machine.
the_manual_and_the_header() {
	sed 's/\\-/-/g; s/\\(aq/'"'"'/g' "$TOP/man/libnote.3" >page
	grep -o '\bNOTE_[A-Z_]*\b' "$TOP/libnote/libnote.h" | grep -v '^NOTE_VERSION_\|_$' | sort -u >names
	sed -n 's/^ \*   \([a-z0-9-]*\)  *[^ ].*/\1/p' "$TOP/libnote/libnote.h" | grep -- '-\|^syntax$\|^writable$\|^misaligned$\|^unterminated$' >>names
	sed -n '/^static const struct target targets/,/^};/s/.*{"\([a-z0-9_]*\)".*/\1/p' "$TOP/libnote/object.c" >>names
	[ "$(wc -l <names)" -ge 50 ]
	while read -r name; do grep -qw -- "$name" page || fail "libnote(3) does not tell $name"; done <names
}
check "libnote(3) tells every constant, finding and machine of the header" the_manual_and_the_header
finish
