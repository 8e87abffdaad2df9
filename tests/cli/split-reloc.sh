#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Kernel modules and objects: --reloc-debug beside eu-strip --reloc-debug-sections on the same file, for each
# machine that there is a compiler for; archives of RISC-V, whose paths move, beside what their link came to before.
. "$(dirname "$0")/../lib.sh"
SECTIONS=".debug_info .debug_abbrev .debug_line .debug_str .debug_aranges .debug_rnglists .debug_loclists .debug_line_str .debug_ranges .debug_loc .debug_frame"

sources() {
	cat >a.c <<-'C'
	struct s { int a; struct s *n; } v;
	static int inner(int x) { return x * v.a; }
	int f(int x) { for (int i = 0; i < x; i++) v.a += inner(i); return v.a; }
	C
	cat >b.c <<-'C'
	extern int f(int);
	struct t { long l; char c[3]; } w;
	int g(int x) { w.l = f(x); return f(x + 1); }
	__asm__(".section .modinfo,\"a\"\n.asciz \"license=GPL\"\n.previous");
	C
}

# module CC LD OUT OPTION...: as modpost leaves one, of two objects.
module() {
	local cc=$1 ld=$2 out=$3; shift 3
	$cc -g "$@" -O2 -ffreestanding -c a.c -o a.o && $cc -g "$@" -O2 -ffreestanding -c b.c -o b.o || return 1
	case "$*" in *-gz=zlib*) compress=--compress-debug-sections=zlib ;; *) compress= ;; esac
	$ld -r --build-id $compress -o "$out" a.o b.o
}

contents() { readelf -x "$2" --decompress "$1" 2>/dev/null | grep '^  0x' || true; }
relocations() { readelf -rW "$1" 2>/dev/null | grep '^[0-9a-f]\{8,\}' | sort; }

like_eu_strip() {
	need eu-strip readelf
	local cc ld v s machines=0
	sources
	for cc in gcc i686-linux-gnu-gcc aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc powerpc64le-linux-gnu-gcc s390x-linux-gnu-gcc riscv64-linux-gnu-gcc; do
		command -v $cc >/dev/null || continue
		machines=$((machines + 1))
		ld=${cc%gcc}ld
		for v in "-gdwarf-4" "-gdwarf-5" "-gdwarf-5 -gz=zlib"; do
			rm -rf root; mkdir -p root/lib
			module $cc $ld root/lib/m.ko $v
			cp root/lib/m.ko m.ko; cp m.ko eu.ko
			eu-strip --reloc-debug-sections -f eu.debug eu.ko
			"$PKGNOTE" split --layout=rpm --name=m --package-version=1 --arch=a --build-id=keep --reloc-debug root >/dev/null
			cp root/usr/lib/debug/lib/m.ko-1.a.debug our.debug
			for s in $SECTIONS; do
				contents eu.debug $s >eu.out; contents our.debug $s >our.out
				cmp eu.out our.out || fail "$cc $v: $s"
			done
			[ -n "$(contents our.debug .debug_info)" ]
			relocations eu.debug >eu.out; relocations our.debug >our.out
			diff eu.out our.out || fail "$cc $v: relocations"
			[ $(wc -l <our.out) -lt $(relocations m.ko | wc -l) ]
			# What is shipped keeps all that the kernel needs.
			readelf -sW root/lib/m.ko | grep -q ' g$'
		done
	done
	[ $machines -gt 0 ]
}
check "--reloc-debug comes to what eu-strip does" like_eu_strip

like_before() {
	need readelf
	sources
	mkdir -p root/lib
	for v in 4 5; do
		module gcc ld root/lib/m.ko -gdwarf-$v
		cp root/lib/m.ko m.ko
		"$PKGNOTE" split --layout=rpm --name=m --package-version=1 --arch=a --reloc-debug --dwz --gdb-index root >out 2>err
		readelf -wi -wL m.ko >before 2>&1
		readelf -wi -wL root/usr/lib/debug/lib/m.ko-1.a.debug >after 2>&1
		grep -v '^File:' before | diff - <(grep -v '^File:' after)
		says err 'its debug file is not folded: dwz: .*is not a shared library'
	done
}
check "readelf reads the same, and dwz refuses" like_before

kept() {
	sources
	mkdir -p root/lib
	module gcc ld root/lib/m.ko -gdwarf-5
	python3 - root/lib/m.ko <<-'P'
	import struct, sys
	d = bytearray(open(sys.argv[1], 'rb').read())
	shoff, = struct.unpack_from('<Q', d, 40); shnum, = struct.unpack_from('<H', d, 60); strx, = struct.unpack_from('<H', d, 62)
	sh = [struct.unpack_from('<IIQQQQIIQQ', d, shoff + 64 * i) for i in range(shnum)]
	name = lambda s: d[sh[strx][4] + s[0]:].split(b'\0')[0]
	rela = next(s for s in sh if name(s) == b'.rela.debug_info')
	struct.pack_into('<I', d, rela[4] + 8, 99)
	open(sys.argv[1], 'wb').write(d)
	P
	cp root/lib/m.ko before
	status 0 "$PKGNOTE" split --layout=rpm --name=m --package-version=1 --arch=a --reloc-debug root
	says err '/lib/m.ko: relocations .* not resolved.*: \.rela\.debug_info: relocation type 99 of machine 62 is not known \(offset [0-9]+\)$'
	# The section that has it keeps all of its own, byte for byte; the others are resolved.
	objcopy -O binary --only-section=.rela.debug_info --set-section-flags .rela.debug_info=alloc before was
	objcopy -O binary --only-section=.rela.debug_info --set-section-flags .rela.debug_info=alloc root/usr/lib/debug/lib/m.ko-1.a.debug is
	cmp was is
	readelf -SW root/usr/lib/debug/lib/m.ko-1.a.debug >sections
	says sections '\.rela\.debug_line +RELA +0+ [0-9a-f]+ 0'
	if command -v mips-linux-gnu-gcc >/dev/null; then
		module mips-linux-gnu-gcc mips-linux-gnu-ld root/lib/m.ko -gdwarf-4
		status 0 "$PKGNOTE" split --layout=rpm --name=m --package-version=1 --arch=a --reloc-debug root
		says err 'relocations of machine 8 are not known'
	fi
}
check "a type or machine that is not known is named with its offset, and keeps its relocations" kept

# The linker merges strings, sizes lengths, and moves code: it must come to the same before and after.
riscv_archives() {
	need riscv64-linux-gnu-ld riscv64-linux-gnu-gcc clang readelf
	sources
	local dir=$PWD cc v name x
	for cc in "riscv64-linux-gnu-gcc" "clang --target=riscv64-linux-gnu -march=rv64gc -mabi=lp64d"; do
		for v in 4 5; do
			for name in n averyveryverylongpackagenametomakethepathsgrow; do
				rm -rf root; mkdir -p root/usr/lib
				$cc -g -gdwarf-$v -O2 -c "$dir/a.c" -o a.o; $cc -g -gdwarf-$v -O2 -c b.c -o b.o
				ar rcs root/usr/lib/libx.a a.o b.o
				riscv64-linux-gnu-ld -e g -o before --whole-archive root/usr/lib/libx.a
				"$PKGNOTE" split --layout=rpm --name=$name --package-version=1 --arch=riscv64 --build-dir="$dir" root >/dev/null
				riscv64-linux-gnu-ld -e g -o after --whole-archive root/usr/lib/libx.a
				for x in before after; do
					readelf -wL -wi $x 2>&1 | sed -e "s#$dir#DIR#g;s#/usr/src/debug/$name-1.riscv64#DIR#g;s/offset: [0-9a-fx]*//;s/^ *<[0-9a-f]*>//" \
						-e 's/\(DW_AT_stmt_list *:\).*/\1/' >$x.out
				done
				diff before.out after.out
				readelf -wi after | grep -q "DW_AT_name.*/usr/src/debug/$name-1.riscv64/a.c"
			done
		done
	done
}
check "RISC-V: rewritten archives link to the same" riscv_archives
finish
