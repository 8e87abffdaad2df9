# SPDX-License-Identifier: LGPL-2.1-or-later
# The tree itself: lint, both compilers, the exported symbols, installing.
. "$(dirname "$0")/../lib.sh"

lint_is_clean() {
	need clang-format cppcheck
	bash "$TOP/tests/lint.sh"
}
check "make lint finds nothing" lint_is_clean

# A copy of the sources, and of what the symbols of the objects say, in which walls are broken one by one.
broken_walls() {
	need python3 gcc
	mkdir copy
	(cd "$TOP" && find libnote tools -name '*.[ch]' | cpio -pdm --quiet "$OLDPWD/copy")
	cp -r "$TOP/tests/house.py" copy
	(cd "$BUILD" && find libnote tools -name '*.o' | cpio -pdm --quiet "$OLDPWD/copy/build")
	cd copy
	python3 house.py build
	# plant FILE LINE PATTERN: with LINE at the end of FILE, house.py says PATTERN.
	plant() {
		cp "$1" ../kept
		printf '%s\n' "$2" >>"$1"
		status 1 python3 house.py build
		says out "$3"
		cp ../kept "$1"
	}
	plant libnote/image.h '#include "tools/base/text.h"' 'libnote/image.h: uses tools/base/text.h: libnote may not'
	plant tools/base/text.h '#include "tools/splitter/split.h"' 'tools/base/text.h: uses tools/splitter/split.h: tools/base may not'
	plant tools/s3/s3.h '#include "tools/share/share.h"' 'tools/s3 may not'
	plant tools/share/share.h '#include "tools/commands.h"' 'uses tools/commands.h, a subcommand'
	plant tools/verify.c '#include "tools/splitter/dwarf/internal.h"' 'verify.c: includes .*internal.h, which is for its own room'
	plant tools/split.c '#include "tools/splitter/elf/plan.h"' 'includes tools/splitter/elf/plan.h, which is for its own room'
	plant libnote/image.h '#include "note.h"' 'a ring: .*libnote/image.h.*libnote/note.h'
	python3 house.py build
	# Calls count as includes do: two files that call each other, with no include at all.
	mkdir -p build/tools/base
	echo 'void planted_b(void); void planted_a(void); void planted_a(void) { planted_b(); }' >tools/base/planted_a.c
	echo 'void planted_b(void); void planted_a(void); void planted_b(void) { planted_a(); }' >tools/base/planted_b.c
	for name in a b; do gcc -c -o build/tools/base/planted_$name.o tools/base/planted_$name.c; done
	status 1 python3 house.py build
	says out 'a ring: tools/base/planted_a.c, tools/base/planted_b.c'
	# A call upstairs, declared by hand.
	echo 'int split_tree(void); int planted_a(void); int planted_a(void) { return split_tree(); }' >tools/base/planted_a.c
	gcc -c -o build/tools/base/planted_a.o tools/base/planted_a.c
	status 1 python3 house.py build
	says out 'tools/base/planted_a.c: uses tools/splitter/[a-z]*.c: tools/base may not'
	rm tools/base/planted_* build/tools/base/planted_*
	# A crowded room.
	for i in $(seq 30); do : >libnote/pe/planted$i.h; done
	status 1 python3 house.py build
	says out 'libnote/pe: 3[0-9] sources and headers, 25 are the most'
	rm libnote/pe/planted*
	rm build/tools/base/text.o
	status 1 python3 house.py build
	says out 'not built: tools/base/text.c'
}
check "broken walls between rooms are seen: arrows, faces, rings by includes and by calls, crowds" broken_walls

lint_sees_bad_form() {
	need clang-format
	clang-format --version | grep -q ' version 14\.' || skip "form is that of clang-format 14"
	mkdir -p tree/libnote tree/tools tree/tests
	cp "$TOP/.clang-format" tree
	cp "$TOP/tests/lint.sh" "$TOP/tests/house.py" tree/tests
	printf 'int  a ;\n' >tree/libnote/a.c
	status 1 bash tree/tests/lint.sh
	says out 'a.c:1:.*clang-format'
}
check "make lint sees bad form" lint_sees_bad_form

pointers_are_reviewed() {
	mkdir tree
	cp -r "$TOP/libnote" "$TOP/tools" "$TOP/tests" tree
	status 0 bash tree/tests/pointers.sh
	sed -i 's/^}$/\tif (image_bytes(0, 1, 2, "", 0) != 0) return; }/' tree/libnote/chunks.c
	status 1 bash tree/tests/pointers.sh
	says out 'pointers: libnote/chunks.c makes'
	cp "$TOP/libnote/chunks.c" tree/libnote
	echo 'void f(unsigned char *bytes, int i) { g(bytes + i); }' >>tree/tools/splitter/paths.c
	status 1 bash tree/tests/pointers.sh
	says out 'pointers: tools/splitter/paths.c makes 1'
}
check "make lint sees a pointer made from a number outside the gate" pointers_are_reviewed

no_warning_with() {
	make -C "$TOP" -j2 all "$PWD/b/unit" BUILD="$PWD/b" CC="$1" CFLAGS="-O2 -g -Werror" >log 2>&1 || { tail -20 log >&2; return 1; }
}
gcc_is_silent() { need gcc; no_warning_with gcc; }
clang_is_silent() { need clang; no_warning_with clang; }
check "gcc builds without a warning" gcc_is_silent
check "clang builds without a warning" clang_is_silent

symbols_equal_the_map() {
	sed -n 's/^\t\([a-z_0-9]*\);$/\1/p' "$TOP/libnote/libnote.map" | sort >wanted
	nm -D --defined-only "$BUILD/libnote.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort >found
	[ -s wanted ]
	diff wanted found
	readelf -d "$BUILD/libnote.so" | grep 'SONAME.*libnote\.so\.0'
	# Each is declared in the public header.
	while read -r symbol; do says "$TOP/libnote/libnote.h" "[ *]$symbol\\("; done <wanted
}
check "libnote.so exports what libnote.map lists, versioned" symbols_equal_the_map

installs_and_links() {
	make -C "$TOP" install BUILD="$BUILD" DESTDIR="$PWD/root" PREFIX=/usr >log 2>&1 || { tail -5 log >&2; return 1; }
	for file in usr/bin/pkgnote usr/lib/libnote.so usr/lib/libnote.a usr/lib/pkgconfig/libnote.pc usr/include/libnote.h \
		usr/share/man/man1/pkgnote.1 usr/lib/rpm/macros.d/macros.pkgnote usr/lib/rpm/fileattrs/pkgnote.attr; do
		[ -e "root/$file" ] || fail "not installed: $file"
	done
	cat >program.c <<-'C'
	#include <libnote.h>
	#include <stdio.h>
	int main(void)
	{
		struct note_package *package;
		struct note_error err = NOTE_ERROR_INIT;
		if (note_package_new(&package, &err) || note_package_set(package, "name", "x", &err))
			return 1;
		puts(note_package_json(package));
		note_package_free(package);
	}
	C
	"${CC:-gcc}" -o program program.c -Iroot/usr/include -Lroot/usr/lib -lnote
	same "$(LD_LIBRARY_PATH=root/usr/lib ./program)" '{"name":"x"}'
}
check "make install, and a program that links -lnote" installs_and_links
man_pages_name_every_option() {
	"$PKGNOTE" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p' >names
	while read -r name; do
		page=$TOP/man/pkgnote-$name.1
		[ -f "$page" ] || fail "no man page of $name"
		# Options without the troff of dashes, so that --help's spelling can be looked for.
		sed -e 's/\\-/-/g' -e 's/\\f[A-Z]//g' "$page" >page
		"$PKGNOTE" "$name" --help | grep -o -- '--[a-z][a-z-]*' | sort -u >options
		while read -r option; do
			case $option in --jobs | --json | --quiet | --verbose | --color | --progress | --help) continue ;; esac
			grep -q -- "$option" page || fail "pkgnote-$name(1) does not name $option"
		done <options
	done <names
}
check "the man page of each command names each option of its --help" man_pages_name_every_option

man_pages_are_well_formed() {
	need man
	for page in "$TOP"/man/*.[1357]; do
		MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null | tee -a warnings
	done
	[ ! -s warnings ]
}
check "man finds nothing wrong in the man pages" man_pages_are_well_formed
finish
