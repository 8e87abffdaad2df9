#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The DWARF stage alone, through dwarf_apply. Judges: debugedit, readelf, llvm-dwarfdump, gdb.
. "$(dirname "$0")/../lib.sh"
DEST=/usr/src/debug/hello-2.10-1.x86_64
# DWARF_APPLY: one that is there already (tests/coverage.sh).
APPLY=${DWARF_APPLY:-$WORK/dwarf_apply}
[ -n "${DWARF_APPLY:-}" ] || ${CC:-gcc} -D_GNU_SOURCE -I"$TOP" -I"$TOP/libnote" -std=c17 ${CPPFLAGS:-} ${CFLAGS:--O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all} \
	-o "$APPLY" "$TOP"/tests/cli/dwarf_apply.c "$TOP"/tools/splitter/dwarf/*.c "$TOP"/tools/splitter/{paths,seen}.c \
	"$TOP"/tools/base/{text,digest,file,pool}.c "$TOP"/tools/base/{text,expansion,hash,pieces}/*.c "$TOP"/tools/splitter/relocs/*.c "$TOP"/tools/base/root/*.c "$TOP"/libnote/{image,chunks,span,headers,error,large}.c "$TOP"/tools/base/libraries/{crypto,library}.c \
	-lxxhash -ldeflate -lzstd -ldl -lelf || exit 1

# A program of two sources in two directories, a header in a third, one above.
sources() {
	mkdir -p src/sub inc
	cat >src/main.c <<-'END'
	#include <stdio.h>
	#include "here.h"
	#include "../inc/there.h"
	int twice(int);
	static int once(int x) { return scale(x) + 1; }
	int main(int argc, char **argv) { (void)argv; printf("%d\n", once(argc) + twice(3)); return 0; }
	END
	cat >src/sub/twice.c <<-'END'
	#include "../here.h"
	int other(int x) { return x + FACTOR; }
	int twice(int x) { return other(x) * 2; }
	END
	echo '#define FACTOR 3
	struct here { int a; char *b; };
	static inline int scale(int x) { return x * FACTOR; }' >src/here.h
	echo 'typedef unsigned there_t; struct there { struct here *h; };' >inc/there.h
	cat >plus.cc <<-'END'
	#include <map>
	#include <string>
	template <class T> struct Box { T x; std::map<std::string, T> m; };
	int main() { Box<int> b; b.m["y"] = 1; return (int)b.m.size(); }
	END
	printf '\t.section .note.GNU-stack,"",%%progbits\n\t.text\n\t.globl asmf\nasmf:\n\tnop\n\tret\n' >asm.S
}

# Every name, directory and line that readelf shows of FILE; offsets of strings left out, they differ.
names() {
	readelf --debug-dump=info "$1" 2>&1 | grep -E 'DW_AT_(name|comp_dir|producer|language) |DW_TAG_|Warning|Error' |
		sed -E 's/^ *<[0-9a-f]+>(<[0-9a-f]+>)?:? *//; s/\(indirect[^)]*\)//; s/offset: 0x[0-9a-f]+//'
	readelf --debug-dump=rawline "$1" 2>&1 | grep -vE 'Length|Prologue|Offset|offset of' |
		sed -E 's/\(indirect[^)]*\)//; s/\[0x[0-9a-f]+\]//; s/ Table \(offset.*\)/ Table/'
	readelf --debug-dump=decodedline "$1" 2>&1
	readelf --debug-dump=macro "$1" 2>&1 | sed -E 's/offset: 0x[0-9a-f]+//; s/Offset into .debug_line.*//'
}

# rewrite IN [BUILDDIR]: IN.out, IN.sources
rewrite() { "$APPLY" "$1" "$1.out" "${2:-$PWD}" $DEST >"$1.sources" 2>"$1.err" || { cat "$1.err" >&2; return 1; }; }

# as_debugedit FILE...: the same strings, and not one complaint more than before.
as_debugedit() {
	local f
	need debugedit llvm-dwarfdump
	for f; do
		cp "$f" "$f.judge"
		debugedit -b "$PWD" -d $DEST "$f.judge" 2>"$f.debugedit"
		rewrite "$f"
		names "$f.judge" >"$f.wanted"
		names "$f.out" >"$f.names"
		grep -q "$DEST" "$f.names" || fail "$f: nothing was rewritten"
		diff "$f.wanted" "$f.names" >&2 || fail "$f: not what debugedit makes"
		sound "$f"
	done
}

# No more errors, by two readers, than in the original; and rewriting the result changes nothing.
# (llvm-dwarfdump 14 never comes back from what dwz makes.)
sound() {
	if [ -z "${NO_LLVM:-}" ]; then
		llvm-dwarfdump --verify "$1" 2>&1 | grep -ci error >before || :
		llvm-dwarfdump --verify "$1.out" 2>&1 | grep -ci error >after || :
		cmp before after || { llvm-dwarfdump --verify "$1.out" | grep -i error >&2; fail "$1: llvm-dwarfdump"; }
	fi
	readelf --debug-dump=info,abbrev,line,decodedline,macro,str-offsets,aranges,loc,Ranges "$1" 2>&1 >/dev/null | wc -l >before
	readelf --debug-dump=info,abbrev,line,decodedline,macro,str-offsets,aranges,loc,Ranges "$1.out" 2>&1 >/dev/null | wc -l >after
	cmp before after || fail "$1: readelf warns"
	"$APPLY" "$1.out" "$1.again" "$PWD" $DEST >/dev/null 2>&1
	cmp "$1.out" "$1.again" || fail "$1: a second run changes it"
}

same_as_debugedit_for_gcc() {
	sources
	for v in 2 3 4 5; do
		gcc -O2 -gdwarf-$v "$PWD/src/main.c" src/sub/twice.c -o abs$v
		(cd src && gcc -gdwarf-$v main.c sub/twice.c -o ../rel$v && gcc -g3 -gdwarf-$v main.c sub/twice.c -o ../macro$v)
		gcc -O2 -flto -gdwarf-$v "$PWD/src/main.c" src/sub/twice.c -o lto$v
		gcc -gdwarf-$v -fdebug-types-section -I"$PWD/inc" src/main.c src/sub/twice.c asm.S -o types$v
		as_debugedit abs$v rel$v macro$v lto$v types$v
	done
}

same_as_debugedit_for_cplusplus() {
	sources
	g++ -gdwarf-4 plus.cc -o plus4; g++ -gdwarf-5 plus.cc -o plus5
	g++ -gdwarf-4 -fdebug-types-section plus.cc -o plustypes4
	as_debugedit plus4 plus5 plustypes4
}

same_as_debugedit_for_clang() {
	need clang
	sources
	clang -O2 -gdwarf-4 "$PWD/src/main.c" src/sub/twice.c -o abs
	(cd src && clang -gdwarf-4 main.c sub/twice.c -o ../rel)
	clang -gdwarf-2 src/main.c src/sub/twice.c -o old
	as_debugedit abs rel old
}

same_as_debugedit_for_fortran_and_rust() {
	printf 'program p\n print *, "x"\nend program\n' >f.f90
	echo 'fn main() { println!("{}", vec![1, 2].len()); }' >m.rs
	need gfortran
	gfortran -g f.f90 -o fortran
	as_debugedit fortran
	command -v rustc >/dev/null || return 0
	rustc -g m.rs -o rust
	rewrite rust
	says rust.sources "^$PWD/m.rs $DEST/m.rs - primary"
}

go_programs() {
	need go
	mkdir cache
	printf 'package main\nimport "fmt"\nfunc main() { fmt.Println("hi") }\n' >m.go
	export GOCACHE=$PWD/cache GO111MODULE=off
	go build -o plain -ldflags=-compressdwarf=false m.go
	go build -o squeezed m.go
	go build -trimpath -o trimmed m.go
	for f in plain squeezed trimmed; do rewrite $f; done
	readelf --debug-dump=decodedline plain.out >lines 2>&1
	says lines "^$DEST/m.go:"
	says_not lines "^$PWD/m.go:"
	readelf --debug-dump=decodedline squeezed.out 2>&1 | diff lines -
	says plain.sources "^$PWD/m.go $DEST/m.go - primary"
	# Names that -trimpath left lead nowhere: nothing of them is below the build directory.
	says_not trimmed.sources "$DEST"
	chmod -R u+w cache
}

indexed_strings_and_digests() {
	need clang llvm-dwarfdump
	sources
	clang -gdwarf-5 "$PWD/src/main.c" src/sub/twice.c -o indexed
	rewrite indexed
	sound indexed
	llvm-dwarfdump --debug-info --debug-line indexed.out >dump
	says dump "DW_AT_comp_dir.*\"$DEST\"\)"
	says dump "DW_AT_name.*\"$DEST/src/main.c\"\)"
	says dump "DW_AT_name.*\"src/sub/twice.c\"\)"
	says dump "include_directories\[  0\] = \"$DEST\""
	says_not dump "\"$PWD"
	says indexed.sources "^$PWD/src/here.h $DEST/src/here.h $(md5sum <src/here.h | cut -d' ' -f1) -"
	says indexed.sources "^$PWD/src/main.c $DEST/src/main.c $(md5sum <src/main.c | cut -d' ' -f1) primary"
}

offsets_of_64_bits() {
	need clang llvm-dwarfdump
	sources
	for v in 3 4 5; do
		clang -gdwarf64 -gdwarf-$v "$PWD/src/main.c" src/sub/twice.c -c
		clang -gdwarf64 -gdwarf-$v -c asm.S -o asm.o
		clang main.o twice.o asm.o -o wide$v
		rewrite wide$v
		llvm-dwarfdump --debug-info --debug-line wide$v.out >dump
		says dump 'format = DWARF64'
		says dump "DW_AT_comp_dir.*\"$DEST\"\)"
		says dump "DW_AT_name.*\"$DEST/src/main.c\"\)"
		says_not dump "\"$PWD"
		llvm-dwarfdump --verify wide$v.out >/dev/null
		rewrite main.o
		llvm-dwarfdump --debug-info --debug-line main.o.out >dump
		says dump "DW_AT_comp_dir.*\"$DEST\"\)"
		says_not dump "\"$PWD"
	done
}

type_units_of_dwarf_5() {
	need llvm-dwarfdump
	sources
	g++ -gdwarf-5 -fdebug-types-section plus.cc -o types
	rewrite types
	sound types
	readelf --debug-dump=info,line types.out >dump
	says dump "DW_AT_comp_dir .*: $DEST\$"
	says_not dump "$PWD"
}

# What holds its paths inline in a unit: assemblers, and gcc's short names with DWARF 4.
inline_paths_grow() {
	need clang llvm-dwarfdump
	sources
	for v in 2 4 5; do
		clang -gdwarf-$v -c asm.S -o asm$v.o
		gcc -gdwarf-$v src/main.c src/sub/twice.c asm$v.o -o asm$v
		rewrite asm$v
		sound asm$v
		readelf --debug-dump=info,line asm$v.out >dump
		same "$(grep -c "DW_AT_comp_dir.*$DEST\$" dump)" 3
		says_not dump "$PWD"
	done
}

# -ffile-prefix-map=DIR=. is what Debian compiles with. gdb must find the source from what is there
# after the rewriting alone.
relative_compilation_directory() {
	need clang gdb llvm-dwarfdump
	sources
	local installed=$PWD/installed f v o
	mkdir installed && cp -r src inc installed/
	for cc in gcc clang; do for v in 2 4 5; do for o in -O0 -O2; do
		f=$cc$v$o
		$cc -gdwarf-$v $o "-ffile-prefix-map=$PWD=." "$PWD/src/main.c" src/sub/twice.c -o $f
		"$APPLY" $f $f.out "$PWD" "$installed" >$f.sources 2>/dev/null
		says $f.sources "^$PWD/src/main.c $installed/src/main.c .* primary"
		says $f.sources "^$PWD/src/sub/twice.c $installed/src/sub/twice.c .* primary"
		says $f.sources "^$PWD/src/here.h $installed/src/here.h "
		(cd / && gdb -nx -batch -ex 'list main' -ex 'info source' -ex 'list twice' -ex 'info source' -ex 'list other' "$OLDPWD/$f.out") >gdb.out 2>&1
		says gdb.out 'int main\(int argc'
		says gdb.out 'int twice\(int x\)'
		says gdb.out "Located in $installed/src/main.c"
		says gdb.out "Located in $installed/src/sub/twice.c"
	done; done; done
}

# CMake in a directory of its own hands over absolute names: the map makes ./src/main.c of them,
# which is not below ./obj.
relative_names_of_another_directory() {
	need clang gdb
	sources
	local top=$PWD installed=$PWD/installed f v o
	mkdir -p installed obj/src && cp -r src inc obj installed/
	for cc in gcc clang; do for v in 2 4 5; do for o in -O0 -O2; do
		f=$cc$v$o
		(cd obj && $cc -gdwarf-$v $o "-ffile-prefix-map=$top=." "-I$top/inc" "$top/src/main.c" ../src/sub/twice.c -o ../$f)
		"$APPLY" $f $f.out "$PWD" "$installed" >$f.sources 2>/dev/null
		says $f.sources "^$PWD/src/main.c $installed/src/main.c .* primary"
		says $f.sources "^$PWD/src/sub/twice.c $installed/src/sub/twice.c .* primary"
		says $f.sources "^$PWD/src/here.h $installed/src/here.h "
		says_not $f.sources "/obj/"
		(cd / && gdb -nx -batch -ex 'list main' -ex 'info source' -ex 'list twice' -ex 'info source' -ex 'list scale' "$OLDPWD/$f.out") >gdb.out 2>&1 || :
		says gdb.out 'int main\(int argc'
		says gdb.out 'int twice\(int x\)'
		[ $o = -O2 ] || says gdb.out 'int scale\(int x\)'
		says gdb.out "Located in $installed/src/main.c"
		says gdb.out "Located in $installed/src/sub/twice.c"
		# What the result names is what was listed.
		"$APPLY" $f.out 2>/dev/null | cut -d' ' -f1,4 >a
		sed -E 's/^[^ ]+ (\/[^ ]+) /\1 - /' $f.sources | cut -d' ' -f1,4 | sort >b
		sort a | diff b -
	done; done; done
}

shorter_paths() {
	need clang llvm-dwarfdump
	sources
	clang -gdwarf-4 -c asm.S -o asm.o
	for v in 4 5; do
		gcc -gdwarf-$v "$PWD/src/main.c" src/sub/twice.c asm.o -o short$v
		"$APPLY" short$v short$v.out "$PWD" /d >sources 2>&1
		readelf --debug-dump=info,line short$v.out >dump
		says dump 'DW_AT_name.*: /d/src/main.c'
		same "$(grep -c 'DW_AT_comp_dir.*: /d$' dump)" 3
		says_not dump "$PWD"
		llvm-dwarfdump --verify short$v.out
	done
}

relocatable_files() {
	need gdb
	sources
	for v in 2 3 4 5; do
		gcc -gdwarf-$v -c "$PWD/src/main.c" -o main.o
		gcc -gdwarf-$v -g3 -c src/sub/twice.c -o twice.o
		ld -r main.o twice.o -o both$v.o
		as_debugedit both$v.o
		# Rewriting before the link and after it come to the same.
		gcc both$v.o -o before$v
		gcc both$v.o.out -o after$v
		rewrite before$v
		names before$v.out | sort >a; names after$v | sort >b
		diff a b
	done
	# "." held inline: there is no room for another in the unit, and its names become absolute.
	gcc -gdwarf-4 -O2 "-ffile-prefix-map=$PWD=." -c src/main.c -o dot.o
	rewrite dot.o
	readelf --debug-dump=info,rawline dot.o.out >dump 2>&1
	says dump "DW_AT_name .*: $DEST/src/main.c"
	says dump "	$DEST/src\$"
	# An assembler's unit without any string section grows.
	command -v clang >/dev/null && for v in 4 5; do
		clang -gdwarf-$v -c asm.S -o asm$v.o
		rewrite asm$v.o
		says asm$v.o.err 'kept 0'
		says <(readelf --debug-dump=info asm$v.o.out 2>&1) "DW_AT_comp_dir.*: $DEST"
		readelf --debug-dump=decodedline asm$v.o.out >dump 2>&1
		says dump "^CU: ($DEST/)?asm.S:|$DEST/asm.S|^asm.S"
		ld -r asm$v.o.out both$v.o.out -o all.o
		readelf --debug-dump=info,line,decodedline all.o 2>&1 >/dev/null | diff /dev/null -
	done
	g++ -gdwarf-5 -g3 -fdebug-types-section -c plus.cc -o groups.o
	rewrite groups.o
	g++ groups.o.out -o groups
	readelf --debug-dump=info,line groups >dump 2>&1
	says_not dump "$PWD|Warning"
	says dump "$DEST"
}

relocatable_files_of_other_machines() {
	need clang
	sources
	echo '#include "src/here.h"
	int f(struct here *h) { return h->a + FACTOR; }' >f.c
	for v in 4 5; do
		for t in i386 aarch64 arm s390x powerpc powerpc64le mips mips64 mips64el sparcv9 riscv64; do
			clang --target=$t-linux-gnu -gdwarf-$v -c f.c -o $t.o 2>/dev/null || continue
			rewrite $t.o
			readelf --debug-dump=info,rawline $t.o.out >dump 2>&1
			says dump "DW_AT_comp_dir.*$DEST\$"
			says_not dump "$PWD|Warning"
			readelf --debug-dump=decodedline $t.o 2>&1 | sed "s#$PWD#$DEST#" >a
			readelf --debug-dump=decodedline $t.o.out >b 2>&1
			diff a b
		done
	done
}

compressed_sections() {
	need llvm-dwarfdump
	sources
	gcc -gdwarf-5 "$PWD/src/main.c" src/sub/twice.c -o plain
	rewrite plain
	names plain.out >wanted
	for how in zlib zstd; do
		objcopy --compress-debug-sections=$how plain $how 2>/dev/null || continue
		rewrite $how
		names $how.out | diff wanted -
		diff plain.sources $how.sources
	done
	objcopy --compress-debug-sections=zlib-gnu plain old
	"$APPLY" old >list
	says list "^$PWD/src/main.c - - primary"
}

partial_units() {
	need dwz
	NO_LLVM=1
	sources
	for v in 4 5; do
		g++ -O2 -gdwarf-$v "$PWD/plus.cc" -o one$v
		gcc -O2 -gdwarf-$v "$PWD/src/main.c" src/sub/twice.c -o two$v
		cp one$v three$v
		dwz one$v
		as_debugedit one$v
		dwz -m alternate$v two$v three$v
		rewrite two$v; rewrite three$v
		for f in two$v three$v; do
			readelf --debug-dump=line $f.out >dump
			says_not dump "$PWD"
		done
	done
}

split_dwarf_skeletons() {
	sources
	for v in 4 5; do
		gcc -gdwarf-$v -gsplit-dwarf "$PWD/src/main.c" src/sub/twice.c -o skeleton$v
		rewrite skeleton$v
		readelf --debug-dump=info,line skeleton$v.out 2>/dev/null >dump
		says dump "DW_AT_comp_dir.*$DEST\$"
		says_not dump "$PWD"
	done
}

# Nobody needs to learn from a release where it was built.
old_paths_are_gone() {
	need clang
	sources
	echo 'fn main() { println!("{}", vec![1, 2].len()); }' >m.rs
	gcc -gdwarf-4 -g3 "$PWD/src/main.c" "$PWD/src/sub/twice.c" asm.S -o old
	gcc -gdwarf-5 "$PWD/src/main.c" src/sub/twice.c asm.S -o new
	gcc -gdwarf-5 -c "$PWD/src/main.c" -o main.o
	clang -gdwarf-5 "$PWD/src/main.c" src/sub/twice.c -o indexed
	g++ -gdwarf-4 "$PWD/plus.cc" -o plus
	command -v rustc >/dev/null && rustc -g m.rs -o rust
	for f in old new main.o indexed plus rust; do
		[ -e $f ] || continue
		rewrite $f
		readelf -p .debug_str -p .debug_line_str $f >strings 2>/dev/null
		says strings "$PWD"
		readelf -p .debug_str -p .debug_line_str $f.out >strings 2>/dev/null
		says_not strings "$PWD"
	done
}

only_lists_without_a_map() {
	sources
	(cd src && gcc -g main.c sub/twice.c -o ../listed)
	"$APPLY" listed >list 2>err
	says err 'units 2, edits 0'
	says list "^$PWD/src/main.c - - primary"
	says list "^$PWD/src/here.h - - -"
	strip -g listed -o stripped
	"$APPLY" stripped >list 2>err
	says err 'units 0, edits 0'
}

# Any byte may be anything: no crash (the sanitizers watch), no hang, no failure without a reason.
broken_bytes() {
	need clang
	sources
	gcc -gdwarf-5 src/main.c src/sub/twice.c -o five
	gcc -gdwarf-4 -g3 -c src/main.c -o main.o && gcc -gdwarf-4 -g3 -c src/sub/twice.c -o twice.o
	ld -r main.o twice.o -o four.o
	clang -gdwarf-5 -c src/main.c -o indexed.o
	clang -gdwarf-4 -gz -c asm.S -o asm.o
	for f in five four.o indexed.o asm.o; do
		# Seconds of its own: what else the machine does is not counted.
		(ulimit -t 60; timeout 900 "$APPLY" $f broken:3000 "$PWD" $DEST) >out
		cat out
		says out 'done [1-9].*, malformed [1-9]'
	done
}

check "gcc, DWARF 2 to 5, LTO, macros, type units: debugedit's strings" same_as_debugedit_for_gcc
check "C++: debugedit's strings" same_as_debugedit_for_cplusplus
check "clang, DWARF 2 and 4: debugedit's strings" same_as_debugedit_for_clang
check "Fortran and Rust" same_as_debugedit_for_fortran_and_rust
check "Go, also with compressed sections and -trimpath" go_programs
check "indexed strings and MD5 digests of DWARF 5" indexed_strings_and_digests
check "64-bit DWARF" offsets_of_64_bits
check "type units of DWARF 5" type_units_of_dwarf_5
check "inline paths grow" inline_paths_grow
check "a relative compilation directory becomes the installed one" relative_compilation_directory
check "relative names that are not the compilation directory's" relative_names_of_another_directory
check "paths get shorter" shorter_paths
check "relocatable files" relocatable_files
check "relocatable files of other machines" relocatable_files_of_other_machines
check "compressed sections" compressed_sections
check "dwz's partial units and alternate files" partial_units
check "split DWARF's skeletons" split_dwarf_skeletons
check "old paths are gone from the string sections" old_paths_are_gone
check "lists sources without a map" only_lists_without_a_map
check "broken bytes" broken_bytes
finish
