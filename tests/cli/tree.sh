# SPDX-License-Identifier: LGPL-2.1-or-later
# The tree itself: lint, both compilers, the exported symbols, installing.
. "$(dirname "$0")/../lib.sh"

lint_is_clean() {
	need clang-format cppcheck
	bash "$TOP/tests/lint.sh"
}
check "make lint finds nothing" lint_is_clean

lint_sees_a_wrong_arrow() {
	need clang-format cppcheck
	mkdir tree
	cp -r "$TOP/libnote" "$TOP/tools" "$TOP/tests" "$TOP/.clang-format" tree
	sed -i '1a #include "tools/splitter/layout.h"' tree/tools/splitter/elf/debug_half.c
	status 1 bash tree/tests/lint.sh
	says out 'tools/splitter/elf/debug_half.c:2:#include "tools/splitter/layout.h"'
}
check "make lint sees a stage that reaches into another" lint_sees_a_wrong_arrow

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
		struct note_error err;
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
