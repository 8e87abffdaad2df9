#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whose units are, by which names their directory goes, and what cannot be read. Judges: gdb, readelf.
. "$(dirname "$0")/../lib.sh"
need gcc readelf gdb

# split ROOT [OPTION...]: layout rpm, of package n-1-2.x86_64; SRC is where its sources go.
split() {
	local root=$1; shift
	"$PKGNOTE" split --layout=rpm --name=n --package-version=1 --release=2 --arch=x86_64 "$@" "$root"
}
SRC=usr/src/debug/n-1-2.x86_64
debug_of() { find "$1/usr/lib/debug" -name '*.debug' -type f; }
# directories FILE: the compilation directories that it names; names FILE: its units' names.
directories() { readelf --debug-dump=info "$1" 2>/dev/null | sed -n 's/.*DW_AT_comp_dir *: *\((.*): \)\{0,1\}//p'; }
names() { readelf --debug-dump=info "$1" 2>/dev/null | sed -n 's/.*DW_AT_name *: *\((.*): \)\{0,1\}//p'; }
# shown ROOT FUNCTION: what gdb shows of it, with the sources of ROOT.
shown() {
	gdb -nx -batch -iex 'set debuginfod enabled off' -ex "set substitute-path /usr/src/debug $PWD/$1/usr/src/debug" \
		-ex "list $2" "$(debug_of "$1")" 2>&1
}
program() {
	mkdir -p build/src/sub root/usr/bin
	echo 'static inline int three(void) { return 3; }' >build/src/sub/three.h
	printf '#include "sub/three.h"\nint main(void) { return three(); } /* our main */\n' >build/src/main.c
}

# A library that was built elsewhere with its directory mapped to ".".
foreign_library() {
	program
	mkdir -p elsewhere/src
	printf 'int util(void) { return 1; } /* theirs */\n' >elsewhere/src/util.c
	(cd elsewhere && "${1:-gcc}" -g ${2:-} -ffile-prefix-map="$PWD"=. -c "$PWD/src/util.c" -o util.o && ar rcs libutil.a util.o)
	printf 'int util(void);\nint main(void) { return util() - 1; } /* our main */\n' >build/src/main.c
}

foreign_units_miss_nothing() {
	foreign_library
	(cd build && gcc -g src/main.c ../elsewhere/libutil.a -o ../root/usr/bin/p)
	status 0 split root --build-dir="$PWD/build" --strict=sources
	says err '1 unit with relative paths'
	says_not err 'is not there'
	shown root main >gdb.out
	says gdb.out 'our main'
	directories "$(debug_of root)" >dirs
	says dirs '^\.$'
	says dirs "^/$SRC$"
}

foreign_units_get_no_source_of_ours() {
	foreign_library
	echo '/* ours */' >build/src/util.c
	(cd build && gcc -g src/main.c ../elsewhere/libutil.a -o ../root/usr/bin/p)
	status 0 split root --build-dir="$PWD/build"
	shown root util >gdb.out
	says_not gdb.out ours
	[ ! -e root/$SRC/src/util.c ]
}

# DWARF 5 with MD5: equal contents are ours though other units are absolute, others are not though all are relative.
md5_decides() {
	need clang
	foreign_library clang -gdwarf-5
	cp elsewhere/src/util.c build/src/util.c
	(cd build && clang -gdwarf-5 src/main.c ../elsewhere/libutil.a -o ../root/usr/bin/p)
	cp -r root other
	status 0 split root --build-dir="$PWD/build" --strict
	[ -e root/$SRC/src/util.c ]
	shown root util >gdb.out
	says gdb.out theirs
	echo '/* ours, changed */' >build/src/util.c
	(cd build && clang -gdwarf-5 -ffile-prefix-map="$PWD"=. src/main.c ../elsewhere/libutil.a -o ../other/usr/bin/p)
	status 0 split other --build-dir="$PWD/build" --strict
	[ ! -e other/$SRC/src/util.c ] && [ -e other/$SRC/src/main.c ]
	shown other util >gdb.out
	says_not gdb.out changed
}

# All of a build with the directory mapped to ".", as Debian's flags do it: its own, but for what is not there.
own_relative_units() {
	program
	foreign_library
	(cd build && gcc -g -ffile-prefix-map="$PWD"=. "$PWD/src/main.c" ../elsewhere/libutil.a -o ../root/usr/bin/p)
	status 0 split root --build-dir="$PWD/build" --strict
	[ -e root/$SRC/src/main.c ]
	shown root main >gdb.out
	says gdb.out 'our main'
}

# same_as_direct OPTION...: what comes out names and has the same as if built plainly in the build directory.
same_as_direct() {
	status 0 split root --strict "$@"
	says_not err .
	[ -e root/$SRC/src/main.c ] && [ -e root/$SRC/src/sub/three.h ]
	says_not <(directories "$(debug_of root)") "$PWD|/elsewhere|/proc"
	shown root main >gdb.out; says gdb.out 'our main'
	shown root three >gdb.out; says gdb.out 'return 3'
}
through_a_link() {
	program; ln -s build link
	(cd link && gcc -g src/main.c -o "$WORK/through_a_link/root/usr/bin/p")
	same_as_direct --build-dir="$PWD/build"
}
through_a_link_above() {
	mkdir real; ln -s real above; cd real; program; cd ../above/build
	gcc -g src/main.c -o ../root/usr/bin/p; cd ../../real
	same_as_direct --build-dir="$PWD/build"
}
# What names the link is no unit's directory: Go's are ".", other names are absolute.
named_through_a_link() {
	program; ln -s build link; mkdir build/obj build/go
	printf 'package main\n\nfunc main() { println(1) }\n' >build/go/x.go
	echo 'module x' >build/go/go.mod
	echo 'fn main() { println!("x"); }' >build/x.rs
	(cd build/obj && gcc -gdwarf-4 -I"$OLDPWD/link/src" "$OLDPWD/link/src/main.c" -o ../../root/usr/bin/c)
	want="src/main.c src/sub/three.h"
	! command -v go >/dev/null || { (cd link/go && GOFLAGS=-buildvcs=false GOCACHE="$WORK/go" go build -ldflags=-compressdwarf=false -o ../../root/usr/bin/go .); want="go/x.go $want"; }
	! command -v rustc >/dev/null || { (cd build && rustc -g "$OLDPWD/link/x.rs" -o ../root/usr/bin/rust); want="$want x.rs"; }
	status 0 split root --build-dir="$PWD/build" --strict=sources
	same "$(cd root/$SRC && find . -type f | sed 's,^\./,,' | sort | tr '\n' ' ')" "$want "
	! grep -rl "$PWD" root/usr/lib || fail "the link's name is in these"
}
split_dwarf_through_a_link() {
	program; ln -s build link
	(cd link && gcc -g -gsplit-dwarf -c src/main.c -o main.o && gcc main.o -o "$OLDPWD/root/usr/bin/p")
	status 0 split root --build-dir="$PWD/build" --strict
	[ -f root/usr/lib/debug/.dwo/n-1-2.x86_64/main.dwo ]
	! grep -rl "$PWD" root/usr/lib || fail "the link's name is in these"
}
# ocamlopt names what it inlined of the standard library as if it lay beside our own source.
inlined_from_a_foreign_unit() {
	need ocamlopt
	mkdir -p build root/usr/bin
	echo 'let () = print_int (List.fold_left (+) 0 [1; 2])' >build/m.ml
	(cd build && ocamlopt -g m.ml -o ../root/usr/bin/p)
	readelf --debug-dump=rawline root/usr/bin/p 2>/dev/null | grep -A9 'm\.ml$' | grep -q 'stdlib\.ml$' || skip "this ocamlopt inlines nothing of its library"
	status 0 split root --build-dir="$PWD/build" --strict=sources
	says_not err 'is not there'
	same "$(find root/$SRC -type f)" root/$SRC/m.ml
}
given_as_the_link() {
	program; ln -s build link
	(cd build && gcc -g src/main.c -o ../root/usr/bin/p)
	same_as_direct --build-dir="$PWD/link"
}
through_proc_self_cwd() {
	program
	(cd build && PWD=/proc/self/cwd gcc -g src/main.c -o ../root/usr/bin/p)
	says <(directories root/usr/bin/p) '^/proc/self/cwd$'
	same_as_direct --build-dir="$PWD/build"
}
mapped() {
	program
	(cd build && gcc -g -ffile-prefix-map="$PWD"=/elsewhere/x src/main.c -o ../root/usr/bin/p)
	cp -r root second
	same_as_direct --build-dir="$PWD/build" --map=/elsewhere/x="$PWD/build"
	mv root first; mv second root
	same_as_direct --map="$PWD/build"=/elsewhere/x
	status 2 split root --build-dir="$PWD/build" --map=/elsewhere/x=/nowhere
	says err 'neither of both'
	status 2 split root --map=/a
}
several_build_dirs() {
	program; mkdir other
	echo 'int other(void) { return 2; } /* the other */' >other/other.c
	(cd other && gcc -g -c other.c)
	(cd build && gcc -g src/main.c ../other/other.o -o ../root/usr/bin/p)
	same_as_direct --build-dir="$PWD/build" --build-dir="$PWD/other"
	shown root other >gdb.out; says gdb.out 'the other'
}
# One name in two of them: their order decides, not who is first at work; the loser is said, and nothing where both are equal.
one_name_in_two_build_dirs() {
	local i order
	mkdir -p a b tree/usr/lib
	echo 'int f(void) { return 1; } /* of a */' >a/f.c
	echo 'int f(void) { return 2; } /* of b */' >b/f.c
	echo 'int same(void) { return 0; }' | tee a/same.c >b/same.c
	for d in a b; do (cd $d && gcc -g -shared -fPIC f.c same.c -o ../tree/usr/lib/0$d.so); done
	for i in 1 2 3; do cp tree/usr/lib/0a.so tree/usr/lib/${i}a.so; cp tree/usr/lib/0b.so tree/usr/lib/${i}b.so; done
	for i in $(seq ${ROUNDS:-4}); do
		for order in 'a b' 'b a'; do
			set -- $order
			rm -rf root; cp -a tree root
			status 0 split root -j$((i % 2 * 7 + 1)) --build-dir="$PWD/$1" --build-dir="$PWD/$2" --manifest=m
			says root/$SRC/f.c "of $1"
			says err "/$SRC/f.c: has the contents of $PWD/$1/f.c.* of $PWD/$2/f.c are lost"
			same "$(grep -c 'are lost' err)" 1
			# Again, and again where one file has to be done once more: as it was.
			cp -a root once; cp tree/usr/lib/2b.so root/usr/lib/
			status 0 split root -j$((i % 2 * 7 + 1)) --build-dir="$PWD/$1" --build-dir="$PWD/$2" --manifest=m2
			diff -r once root; cmp m m2; rm -r once
		done
	done
	rm -rf root; cp -a tree root
	status 0 split root --build-dir="$PWD" --strict
	[ -e root/$SRC/a/f.c ] && [ -e root/$SRC/b/f.c ]
	says_not err lost
	# What only the later directory has comes from there; a place without the file gives nothing away.
	rm -rf root a/f.c; cp -a tree root
	status 0 split root --build-dir="$PWD/a" --build-dir="$PWD/b"
	says root/$SRC/f.c 'of b'
	says_not err 'lost|not there'
}
# A build directory below that of the compiler: what it copies is what is named.
below_the_compilers_directory() {
	program
	for v in 4 5; do
		rm -rf root; mkdir -p root/usr/bin
		(cd build && gcc -gdwarf-$v src/main.c -o ../root/usr/bin/p)
		status 0 split root --strict --build-dir="$PWD/build/src"
		[ -e root/$SRC/main.c ] && [ -e root/$SRC/sub/three.h ]
		says <(names "$(debug_of root)") "^/$SRC/main.c$"
		shown root main >gdb.out; says gdb.out 'our main'
		shown root three >gdb.out; says gdb.out 'return 3'
	done
}
none_below_the_build_dir() {
	program; mkdir other
	(cd build && gcc -g src/main.c -o ../root/usr/bin/p)
	status 0 split root --build-dir="$PWD/other"
	says err '/usr/bin/p: no unit .* build directory'
}

# strange [DIRECTIVE...]: a unit by an assembler with DW_AT_stmt_list in the form of an address, beside one of gcc.
strange() {
	program
	printf '\t.section .debug_abbrev,"",%%progbits\n.La: .uleb128 1\n .uleb128 0x11\n .byte 0\n .byte 3,8,0x10,1,0,0,0\n' >u.s
	printf '\t.section .debug_info,"",%%progbits\n .4byte .Le-.Ls\n.Ls: .2byte 4\n .4byte .La\n .byte 8\n .uleb128 1\n .asciz "u.c"\n .8byte 0\n.Le:\n' >>u.s
	printf '\t.section .note.GNU-stack,"",%%progbits\n' >>u.s
	(cd build && gcc -gdwarf-4 src/main.c ../u.s -o ../root/usr/bin/p)
}
strange_units_stay() {
	strange
	cp -r root second
	status 0 split root --build-dir="$PWD/build"
	says err 'cannot be read stays as it is: \.debug_info\+0x[0-9a-f]+: '
	says out '^/usr/bin/p -> '
	shown root main >gdb.out; says gdb.out 'our main'
	says <(names "$(debug_of root)") '^u.c$'
	status 3 split second --build-dir="$PWD/build" --strict
}
# A version that is not known yet, in the header of a unit and its line table.
newer_version() {
	program
	(cd build && gcc -gdwarf-5 src/main.c -o ../root/usr/bin/p)
	local at
	for s in info line; do
		at=$(readelf -SW root/usr/bin/p | awk -v s=.debug_$s '{ for (i = 1; i < NF; i++) if ($i == s) print $(i + 3) }')
		printf '\006' | dd of=root/usr/bin/p bs=1 seek=$((0x$at + 4)) conv=notrunc status=none
	done
	cp root/usr/bin/p before
	cp -r root second
	status 0 split root
	status 0 split second --build-dir="$PWD/build"
	says err '\.debug_info\+0x0: a unit of a DWARF version other than 2 to 5'
	for s in info line; do
		readelf -x .debug_$s before >x; readelf -x .debug_$s "$(debug_of second)" >y; cmp x y
	done
}
no_abbreviations() {
	program
	printf '\t.section .debug_info,"",%%progbits\n .4byte 8\n .2byte 4\n .4byte 0\n .byte 8\n .uleb128 1\n\t.section .note.GNU-stack,"",%%progbits\n' >u.s
	gcc build/src/main.c u.s -o root/usr/bin/p
	status 0 split root --build-dir="$PWD/build"
	says err '\.debug_info\+0x0: .*abbreviations'
	says out '^/usr/bin/p -> '
}

# Paths held inline, in a program without any string section: the unit is assembled, as some compilers do it.
inline_unit() {
	printf '\t.section .debug_abbrev,"",%%progbits\n.La: .uleb128 1\n .uleb128 0x11\n .byte 0\n .byte 3,8,0x1b,8,0,0,0\n'
	printf '\t.section .debug_info,"",%%progbits\n .4byte .Le-.Ls\n.Ls: .2byte %s\n' "$1"
	if [ "$1" = 5 ]; then printf ' .byte 1, 8\n .4byte .La\n'; else printf ' .4byte .La\n .byte 8\n'; fi
	printf ' .uleb128 1\n .asciz "x.c"\n .asciz "%s"\n.Le:\n\t.section .note.GNU-stack,"",%%progbits\n' "$2"
}
inline_paths_get_a_section() {
	program
	for v in 2 4 5; do
		rm -rf root; mkdir -p root/usr/bin
		inline_unit $v "$PWD/build" >u.s
		echo 'int x;' >build/x.c
		gcc build/src/main.c u.s -o root/usr/bin/p
		! readelf -SW root/usr/bin/p | grep -q ' \.debug_str ' || skip "the C library brings a .debug_str along"
		local name; name=$(printf 'n%0150d' 0)
		status 0 "$PKGNOTE" split --layout=rpm --strict --name="$name" --package-version=1 --release=2 --arch=x86_64 \
			--build-dir="$PWD/build" root
		says_not err .
		says <(directories "$(debug_of root)") "^/usr/src/debug/$name-1-2.x86_64$"
		! strings -a "$(debug_of root)" | grep "$PWD" || fail "the build directory is still named"
		eu-elflint --gnu-ld -d -q "$(debug_of root)"
		eu-elflint --gnu-ld -q root/usr/bin/p
	done
}
pascal() {
	need fpc
	mkdir -p build root/usr/bin
	printf 'program h;\nbegin\n  writeln(1);\nend.\n' >build/h.pas
	(cd build && fpc -g -gw3 -k--build-id -o../root/usr/bin/p h.pas) >fpc.log 2>&1 || skip "fpc does not build here"
	rm -f root/usr/bin/*.o
	status 0 split root --build-dir="$PWD/build" --strict
	! strings -a "$(debug_of root)" | grep "$PWD" || fail "the build directory is still named"
	gdb -nx -batch -iex 'set debuginfod enabled off' -ex "set substitute-path /usr/src/debug $PWD/root/usr/src/debug" \
		-ex 'list h.pas:3' "$(debug_of root)" >gdb.out 2>&1
	says gdb.out writeln
}

# Compact relocations (clang --crel), which are made here of what gcc makes.
# In a member no relocation leads to a new string: the unit grows, and what relocates it moves along.
members_grow() {
	need ar eu-elflint
	program; local name=n$(printf %060d 0) one bad=0
	printf 'global f\nsection .text\nf:\n\tnop\n\tret\n' >build/f.asm
	cat >build/u.s <<-S
		.text
		.globl g
	g:	ret
	.Lend:
		.section .debug_info,"",%progbits
		.4byte .Le-.Ls
	.Ls:	.2byte 4
		.4byte .La
		.byte 8
		.uleb128 1
		.asciz "$PWD/build"
		.asciz "u.s"
		.8byte g
		.uleb128 2
		.asciz "g"
		.8byte g
		.byte 0
	.Le:	.section .debug_abbrev,"",%progbits
	.La:	.byte 1, 0x11, 1, 0x1b, 8, 3, 8, 0x11, 1, 0, 0
		.byte 2, 0x0a, 0, 3, 8, 0x11, 1, 0, 0, 0
		.section .note.GNU-stack,"",%progbits
	S
	(cd build && gcc -c u.s -o u.o)
	! command -v nasm >/dev/null || (cd build && nasm -f elf64 -g -F dwarf "$PWD/f.asm" -o nasm.o)
	! command -v yasm >/dev/null || (cd build && yasm -f elf64 -g dwarf2 f.asm -o yasm.o)
	mkdir root/usr/lib
	for one in nasm yasm u; do [ ! -f build/$one.o ] || ar rcs root/usr/lib/lib$one.a build/$one.o; done
	"$PKGNOTE" split --layout=rpm --name="$name" --package-version=1 --release=2 --arch=x86_64 --build-dir="$PWD/build" root >out 2>err
	says_not err 'held inline'
	printf 'int f(void), g(void);\nint main(void) { return F(); }\n' >main.c
	for one in root/usr/lib/*.a; do
		! directories "$one" | grep -F "$PWD" || bad=1
		! names "$one" | grep -F "$PWD" || bad=1
		same "$(directories "$one" | grep -c "^/usr/src/debug/$name-1-2.x86_64/*$")" 1
		says_not <(readelf --debug-dump=info "$one" 2>&1) 'Warning|Error|corrupt'
		says_not <(eu-elflint --gnu-ld "$one" 2>&1) '\.rela?\.debug'
		gcc -z noexecstack -DF="$([ "${one##*/}" = libu.a ] && echo g || echo f)" main.c "$one" -o linked
		readelf --debug-dump=info linked 2>&1 | grep -q "/usr/src/debug/$name" || bad=1
	done
	same $bad 0
	# Both addresses behind the paths are the function's.
	gcc -z noexecstack -DF=g main.c root/usr/lib/libu.a -o linked
	same "$(readelf --debug-dump=info linked 2>/dev/null | sed -n 's/.*DW_AT_low_pc *: 0x//p' | sort -u)" "$(nm linked | sed -n 's/^0*\([0-9a-f]*\) T g$/\1/p')"
}
compact_relocations() {
	need gcc python3 ar
	[ "$(uname -m)" = x86_64 ] || skip "the converter knows x86-64"
	mkdir -p tree/usr/lib tree/usr/bin
	cat >a.c <<-'C'
	extern int far(int), farther(const char *);
	static int count; int shared[40]; const char *names[] = {"a", "b", "c"};
	int f(int x) { count += x; return farther(names[x % 3]) + shared[30]; }
	int g(int x) { return far(x) + far(count) + f(2); }
	C
	gcc -g -O1 -c a.c && gcc -g -O1 -ffunction-sections -fdata-sections -c a.c -o b.o
	echo 'int far(int x) { return x; } int farther(const char *s) { return *s; } int f(int); int main(void) { return f(1) - 98; }' >m.c
	gcc -g -Wl,--emit-relocs m.c a.o -o tree/usr/bin/p
	for o in a.o b.o; do cp $o plain.$o; python3 "$TOP/tests/tools/crel.py" $o; done
	python3 "$TOP/tests/tools/crel.py" tree/usr/bin/p
	ar rcs tree/usr/lib/libx.a a.o b.o
	cp -a tree deb; cp -a tree rpm
	status 0 "$PKGNOTE" split --layout=deb --name=n --package-version=1 --arch=amd64 --build-dir="$PWD" --strict deb
	ar x deb/usr/lib/libx.a --output=. 2>/dev/null || { mkdir x; cd x; ar x ../deb/usr/lib/libx.a; cp a.o b.o ..; cd ..; }
	for o in a.o b.o; do
		says_not <(readelf -SW $o) 'debug|comment'
		# All that is not of debug sections is as before, by the names of what it refers to; numbers of symbols are not.
		cp plain.$o before.o; python3 "$TOP/tests/tools/crel.py" before.o
		same "$(python3 "$TOP/tests/tools/crel.py" --list $o)" "$(python3 "$TOP/tests/tools/crel.py" --list before.o | grep -v '^\.debug')"
		[ "$(python3 "$TOP/tests/tools/crel.py" --list $o | wc -l)" -gt 8 ]
	done
	# Paths in what is relocated so stay, and that is said.
	status 0 split rpm --build-dir="$PWD"
	says err 'libx.a: .*stays as it is: .*CREL'
	for root in rpm deb; do
		$root/usr/bin/p
		says_not <(readelf -SW $root/usr/bin/p) 'crel|40000014|symtab'
		same "$(eu-elflint --gnu-ld -q $root/usr/bin/p 2>&1)" ""
	done
	gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'info line g' "$(debug_of rpm)" >gdb.out 2>&1
	says gdb.out 'Line 4 of ".*a.c" starts at address'
	says <(directories "$(debug_of rpm)") "^/$SRC$"
}

check "units of another build, mapped to '.', miss no source" foreign_units_miss_nothing
check "they get no source of ours by its name" foreign_units_get_no_source_of_ours
check "an MD5 tells whose a unit is" md5_decides
check "our own units, mapped to '.'" own_relative_units
check "built through a symbolic link" through_a_link
check "through a symbolic link above" through_a_link_above
check "named through a symbolic link" named_through_a_link
check "split DWARF, through a symbolic link" split_dwarf_through_a_link
check "what a compiler inlined from another build's unit is no source that is missing" inlined_from_a_foreign_unit
check "--build-dir is the link" given_as_the_link
check "built as /proc/self/cwd" through_proc_self_cwd
check "--map, either way round" mapped
check "several build directories" several_build_dirs
check "one name in two build directories" one_name_in_two_build_dirs
check "a build directory below the compiler's" below_the_compilers_directory
check "none of the units is below the build directory" none_below_the_build_dir
check "a unit that cannot be read stays, the others move" strange_units_stay
check "a newer DWARF stays as it is" newer_version
check "no abbreviations" no_abbreviations
check "inline paths grow into a string section of their own" inline_paths_get_a_section
check "Free Pascal" pascal
check "inline paths of an archive's members: nasm, yasm, and one with relocations behind them" members_grow
check "compact relocations" compact_relocations
finish
