# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote split --check and --leaks: a tree that was split is proved against itself; each way to break one is found.
. "$(dirname "$0")/../lib.sh"

split() { "$PKGNOTE" split --layout="$1" --name=n --package-version=1 --arch=amd64 --build-dir="$PWD/src" --manifest=m.json --counts "${@:2}" root; }
verdict() { status "$1" "$PKGNOTE" split --check --manifest=m.json root; }

# tree: two programs, one of two units, and a library; unsplit, ./root.
tree() {
	need gcc readelf objcopy
	mkdir -p src root/usr/bin root/usr/lib
	printf '#include "h.h"\nint main(int c, char **v) { (void)v; return twice(c) + other(c); }\n' >src/a.c
	printf 'static inline int twice(int a) { return 2 * a; }\nint other(int);\n' >src/h.h
	printf '#include "h.h"\nint other(int a) { int i, s = 0; for (i = 0; i < a; i++) s += twice(i); return s; }\n' >src/b.c
	gcc -g -O0 "$PWD/src/a.c" "$PWD/src/b.c" -o root/usr/bin/one
	(cd src && gcc -g -O2 -gdwarf-4 a.c b.c -o ../root/usr/bin/two)
	gcc -g -shared -fPIC "$PWD/src/b.c" -o root/usr/lib/libb.so
}
debug_of() { find root/usr/lib/debug -type f -name "$(readelf -p .gnu_debuglink "$1" | sed -nE 's/^ *\[ *0\] +//p')"; }
# relink FILE DEBUG: FILE's debuglink has DEBUG's CRC again.
relink() { objcopy --remove-section=.gnu_debuglink "$1"; objcopy --add-gnu-debuglink="$2" "$1"; }

whole_trees() {
	tree; cp -a root tree
	for layout in rpm deb; do
		for option in --build-id=recompute --dwz=single --dwz=multi --compress=zlib --minidebuginfo --gdb-index; do
			case $option in --dwz*) command -v dwz >/dev/null || continue ;; --gdb-index) command -v gdb >/dev/null || continue ;; esac
			rm -rf root; cp -a tree root
			split $layout $option >/dev/null
			verdict 0; says out '3 files, 3 with debug files; 0 wanting, 0 failed'
			status 0 "$PKGNOTE" split --check root
			cp m.json first.json; split $layout $option >/dev/null; cmp m.json first.json
			verdict 0
		done
	done
}
check "a tree that was split is right, whatever was done to its debug files" whole_trees

# Copies have one build-id and, in layout rpm, equal debug files of their own.
copies() {
	tree; cp root/usr/bin/one root/usr/bin/copy
	split rpm >/dev/null
	verdict 0; says out '4 files, 4 with debug files; 0 wanting'
	printf x >>root/usr/lib/debug/usr/bin/one-1.amd64.debug
	verdict 1; says out '^/usr/bin/one: debug-file: its build-id leads to .*copy-1.amd64.debug, its debuglink to .*one-1.amd64.debug$'
}
check "copies of a program with debug files of their own are right as long as these are equal" copies

# readelf counts, too.
counts() {
	tree
	for f in usr/bin/one usr/bin/two usr/lib/libb.so; do
		readelf --debug-dump=info root/$f >info 2>/dev/null; readelf --debug-dump=rawline root/$f >lines 2>/dev/null
		echo "/$f $(grep -c 'DW_TAG_compile_unit' info)" \
			"$(awk '/\(DW_TAG_/ { f = /DW_TAG_subprogram/ } f && /DW_AT_(low_pc|ranges)/ { n++; f = 0 } END { print n + 0 }' info)" \
			"$(grep -cE 'Special opcode|^ *\[0x[0-9a-f]+\] +Copy|End of Sequence' lines)"
	done >want
	split rpm >/dev/null
	same "$(grep -cE '"sha256": "[0-9a-f]{64}"' m.json)" 6
	"$PKGNOTE" split --layout=rpm --name=n --package-version=1 --arch=amd64 --build-dir="$PWD/src" --manifest=plain.json root >/dev/null
	same "$(diff m.json plain.json | grep -c '"units"\|"functions"\|"lineRows"')" 9
	same "$(grep -cE '"sha256": "[0-9a-f]{64}"' plain.json)" 6
	python3 -c 'import json
for f in json.load(open("m.json"))["files"]:
    d = f["debugFile"]; print(f["path"], d["units"], d["functions"], d["lineRows"])' >got
	same "$(cat got)" "$(cat want)"
}
check "units, functions and line rows in the manifest are those that readelf sees before the split" counts

# broken CHECK TEXT: what was done to ./root is found, and nothing else is.
broken() {
	verdict 1
	says out "^[^ ]+: $1: $2"
	same "$(sed '$d' out | grep -vc ": $1: ")" "${3:-0}"
}
each_breakage() {
	tree; split rpm >/dev/null; cp -a root good
	again() { rm -rf root; cp -a good root; }
	one=root/usr/bin/one debug=$(debug_of root/usr/bin/one)
	rm "$debug"; broken debug-file 'its debug file one-1.amd64.debug is not there' 1; says out '/usr/lib/debug/.build-id/.*: link: leads nowhere'
	again; printf x >>"$debug"; broken crc 'its debuglink wants the CRC-32 [0-9a-f]{8}, /usr/lib/debug/usr/bin/one-1.amd64.debug has'
	again; cp "$(debug_of root/usr/bin/two)" "$debug"; verdict 1; says out '/usr/bin/one: build-id: build-id .*, but .* in'
	again; objcopy --remove-section=.debug_line "$debug"; relink $one "$debug"; verdict 1
	says out '/usr/bin/one: lost: [1-9][0-9]* line rows before the split, 0 in'; says out '/usr/bin/one: changed: '
	again; objcopy --strip-debug "$debug"; relink $one "$debug"; verdict 1
	says out 'lost: 2 units before the split, 0 in'; says out 'lost: 4 functions before'
	again; objcopy --strip-all "$debug"; relink $one "$debug"; status 1 "$PKGNOTE" split --check root
	says out 'lost: .* has neither debug information nor symbols'
	again; rm root/usr/src/debug/n-1.amd64/b.c; broken source 'source is not there: /usr/src/debug/n-1.amd64/b.c'
	same "$(grep -c ': source: ' out)" 3
	again; l=$(find root/usr/lib/.build-id -type l | head -1); rm "$l"; ln -s ../../../../etc/passwd "$l"; broken link 'leads nowhere in the tree'
	again; set -- $(find root/usr/lib/.build-id -type l | head -2); to=$(readlink "$2"); rm "$1"; ln -s "$to" "$1"; broken link 'leads to /.*, whose build-id is'
	again; cp -a "$(debug_of root/usr/lib/libb.so)" root/usr/lib/debug/other.debug; broken orphan 'no file of the tree leads to'
	again; rm root/usr/lib/libb.so; verdict 1; says out '/usr/lib/libb.so: missing: '; says out ': orphan: '
	again; gcc -g src/b.c -shared -o root/usr/lib/late.so; broken not-split 'not split: its debug information or symbols are still in it'
	again; objcopy --remove-section=.gnu_debuglink $one; verdict 1; says out '/usr/bin/one: debug-file: no debuglink any more'
	again; verdict 0
}
check "each way to break a tree is found, and named" each_breakage

# Linked again with the code elsewhere, and the old id.
other_addresses() {
	tree; split deb >/dev/null
	debug=$(debug_of root/usr/bin/two)
	objcopy --change-section-address=.text+0x100 "$debug"; relink root/usr/bin/two "$debug"
	status 1 "$PKGNOTE" split --check root
	says out '/usr/bin/two: debug-file: .text lies at 0x'
}
check "a debug file of other addresses is found" other_addresses

skeletons() {
	tree
	(cd src && gcc -g -gsplit-dwarf -O0 -c a.c b.c && gcc a.o b.o -o ../root/usr/bin/skeleton)
	split rpm >/dev/null 2>&1
	verdict 0
	find root -name '*b.dwo' -delete
	status 1 "$PKGNOTE" split --check root
	says out '/usr/bin/skeleton: split-dwarf: 2 units of .* have their entries in .dwo files'
}
check "split DWARF without its other half is found" skeletons

leaks() {
	tree
	echo 'const char *where(void) { return __FILE__; } const char n[] = "/elsewhere/x";' >src/w.c
	gcc -g -shared -fPIC "$PWD/src/w.c" -o root/usr/lib/libw.so
	split rpm >/dev/null
	printf '#!/bin/sh\nexec %s/a "$@"\n' "$PWD/src" >root/usr/bin/script
	# None of these is below it.
	printf '%sx/y /srv%s/z %s-old/ %s.orig\n' "$PWD/src" "$PWD/src" "$PWD/src" "$PWD/src" >root/usr/bin/others
	printf 'flags=-I%s, made in %s.\n' "$PWD/src" "$PWD/src" >root/usr/lib/flags.pc
	ln -s "$PWD/src" elsewhere
	status 1 "$PKGNOTE" split --leaks --build-dir="$PWD/src" root
	at=$(grep -abo "$PWD/src/w.c" root/usr/lib/libw.so | head -1 | cut -d: -f1)
	says out "^/usr/lib/libw.so: build-directory: names the build directory in .rodata: $PWD/src/w.c \(offset $at\)"
	says out "^/usr/bin/script: build-directory: names the build directory: exec $PWD/src/a \"\\\$@\" \(offset 15\)"
	same "$(grep -c '^/usr/lib/flags.pc: ' out)" 2
	same "$(wc -l <out)" 5
	# By its real name, too.
	status 1 "$PKGNOTE" split --leaks --build-dir="$PWD/elsewhere" root
	says out '^/usr/lib/libw.so: '
	status 1 "$PKGNOTE" split --check --leaks --json --build-dir="$PWD/src" root
	python3 -c 'import json
rows = [json.loads(l) for l in open("out")]
assert len(rows) == 4 and all(sorted(r) == ["check", "detail", "offset", "path"] for r in rows), rows
assert rows[0]["path"] == "/usr/bin/script" and rows[0]["offset"] == 15, rows'
	rm root/usr/lib/libw.so root/usr/bin/script root/usr/lib/flags.pc
	status 0 "$PKGNOTE" split --leaks --build-dir="$PWD/src" root
	for i in $(seq 50); do echo "$PWD/src/$i"; done >root/usr/lib/many
	status 1 "$PKGNOTE" split --leaks --build-dir="$PWD/src" root
	same "$(grep -c '^/usr/lib/many' out)" 21; says out 'names the build directory 30 more times'
	# Debug information that still names it.
	rm -rf root; tree
	"$PKGNOTE" split --layout=rpm --name=n --package-version=1 --arch=amd64 root >/dev/null
	status 1 "$PKGNOTE" split --check --build-dir="$PWD/src" root
	says out "build-directory: /usr/lib/debug/.* names a source in the build directory: $PWD/src/a.c"
}
check "names of the build directory are found in what is shipped, with offsets" leaks

wrong_usage() {
	mkdir root
	status 2 "$PKGNOTE" split --leaks root; says err '--leaks looks for the name that --build-dir gives'
	status 2 "$PKGNOTE" split --check --layout=rpm root; says err '--layout is about a split'
	status 2 "$PKGNOTE" split --layout=deb --name=n --package-version=1 --arch=a --counts root; says err '--counts is for the manifest'
	status 2 "$PKGNOTE" split --check --dwz root; says err '--dwz is about a split'
	status 2 "$PKGNOTE" split --check --leaks --build-dir=x root
	status 2 "$PKGNOTE" split --check
	status 3 "$PKGNOTE" split --check --manifest=none root; says err 'none: No such file'
	echo '{' >m.json; status 3 "$PKGNOTE" split --check --manifest=m.json root
	status 3 "$PKGNOTE" split --check nowhere
	status 0 "$PKGNOTE" split --check root
}
check "what a check does not heed is wrong usage" wrong_usage
finish
