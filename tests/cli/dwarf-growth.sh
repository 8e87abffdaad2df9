#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The work of the DWARF stage grows with its input and no faster: each dimension of hostile or large input is
# doubled, and callgrind counts instructions.
. "$(dirname "$0")/../lib.sh"
need valgrind gcc python3
APPLY=$WORK/dwarf_apply
${CC:-gcc} -D_GNU_SOURCE -I"$TOP" -I"$TOP/libnote" -std=c17 -O1 \
	-o "$APPLY" "$TOP"/tests/cli/dwarf_apply.c "$TOP"/tools/splitter/dwarf/*.c "$TOP"/tools/splitter/{paths,seen}.c \
	"$TOP"/tools/base/{text,digest,file,pool}.c "$TOP"/tools/base/{text,expansion,hash,pieces}/*.c "$TOP"/tools/splitter/relocs/*.c "$TOP"/tools/base/root/*.c "$TOP"/libnote/{image,chunks,span,headers,error,large}.c "$TOP"/tools/base/libraries/{crypto,library}.c \
	-lxxhash -ldeflate -lzstd -ldl -lelf || exit 1

# make KIND N: an object of N things, t.o.
make() {
	python3 - "$1" "$2" "$PWD" >t.s <<-'P'
	import sys
	kind, n, here = sys.argv[1], int(sys.argv[2]), sys.argv[3]
	def section(name): print(f'\t.section {name},"",%progbits')
	def abbrev(code, *pairs): print(f'\t.uleb128 {code}, 0x11\n\t.byte 0'); [print(f'\t.uleb128 {a}, {f}') for a, f in pairs]; print('\t.byte 0, 0')
	def unit(i, *fields, table=0):
	    print(f'\t.4byte .Le{i}-.Ls{i}\n.Ls{i}:\t.2byte 4\n\t.4byte {table}\n\t.byte 8\n\t.uleb128 1')
	    for field in fields: print('\t' + field)
	    print(f'.Le{i}:')
	def lines(i, version, names):
	    print(f'.Lt{i}:\t.4byte .Lf{i}-.Lg{i}\n.Lg{i}:\t.2byte {version}')
	    if version == 5: print('\t.byte 8, 0')
	    print(f'\t.4byte .Li{i}-.Lh{i}\n.Lh{i}:\t.byte 1, 1, 1, -5, 14, 1')
	    names()
	    print(f'.Li{i}:\n.Lf{i}:')
	def files_5(count):
	    print('\t.byte 1\n\t.uleb128 1, 8, 1\n\t.asciz "."\n\t.byte 2\n\t.uleb128 1, 8, 5, 0x1e')
	    print(f'\t.uleb128 {count}')
	    for i in range(count): print(f'\t.asciz "f{i}.c"\n\t.fill 16, 1, 7')
	def files_4(count):
	    print('\t.byte 0')
	    for i in range(count): print(f'\t.asciz "{here}/f{i}.c"\n\t.byte 0, 0, 0')
	    print('\t.byte 0')
	info = lambda: section('.debug_info')
	section('.debug_abbrev')
	if kind == 'abbreviations':
	    abbrev(1, (3, 8))
	    for i in range(n): abbrev(2 + (i * 7919) % n, (0x3f, 0x19))
	    print('\t.byte 0'); info(); unit(0, '.asciz "a.c"'); [unit(i, '.asciz "b.c"') for i in range(1, 9)]
	elif kind == 'tables':
	    for i in range(n): print(f'.La{i}:'); abbrev(1, (3, 8), (0x3f, 0x19)); print('\t.byte 0')
	    info(); [unit(i, f'.asciz "{here}/a{i}.c"', table=f'.La{i}-.La0') for i in range(n)]
	elif kind == 'overlapping':
	    for i in range(n): print(f'.La{i}:'); abbrev(1)
	    print('\t.byte 0'); info(); [unit(i, table=f'.La{i}-.La0') for i in range(n)]
	elif kind == 'units':
	    abbrev(1, (3, 8), (0x1b, 8)); print('\t.byte 0')
	    info(); [unit(i, f'.asciz "x{i}.c"', '.asciz "."') for i in range(n)]
	elif kind == 'directories':
	    abbrev(1, (3, 8), (0x1b, 8)); print('\t.byte 0')
	    info(); [unit(i, f'.asciz "x{i}.c"', f'.asciz "{here}/d{i}/d"') for i in range(n)]
	elif kind == 'zeros': # units of no length, up to one byte that is none
	    abbrev(1); print('\t.byte 0'); info(); print(f'\t.fill {4 * n}, 1, 0\n\t.byte 1')
	elif kind == 'shared': # units of many names that have one line table, with MD5
	    abbrev(1, (3, 8), (0x1b, 8), (0x10, 0x17)); print('\t.byte 0')
	    info(); [unit(i, f'.asciz "f{i}.c"', '.asciz "."', '.4byte 0') for i in range(n)]
	    section('.debug_line'); lines(0, 5, lambda: files_5(n))
	elif kind == 'rows': # names of line tables that grow
	    abbrev(1, (0x10, 0x17)); print('\t.byte 0'); info(); unit(0, '.4byte 0')
	    section('.debug_line'); lines(0, 4, lambda: files_4(n))
	elif kind == 'linetables':
	    abbrev(1, (0x10, 0x17)); print('\t.byte 0'); info(); [unit(i, f'.4byte .Lt{i}-.Lt0') for i in range(n)]
	    section('.debug_line'); [lines(i, 4, lambda: files_4(1)) for i in range(n)]
	elif kind == 'macros': # an opcode with N operands of no size, N times; a table that grows has them read
	    abbrev(1, (0x10, 0x17)); print('\t.byte 0'); info(); unit(0, '.4byte 0')
	    section('.debug_line'); lines(0, 4, lambda: files_4(1))
	    section('.debug_macro'); print('\t.2byte 4\n\t.byte 4, 1, 0xe0'); print(f'\t.uleb128 {n}\n\t.fill {n}, 1, 0x19\n\t.fill {n}, 1, 0xe0\n\t.byte 0')
	print('\t.section .note.GNU-stack,"",%progbits')
	P
	# Nothing is to be relocated in it: an object of resolved differences, with the type of a program.
	gcc -c t.s -o t.o
	printf '\002' | dd of=t.o bs=1 seek=16 conv=notrunc status=none
}
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$APPLY" t.o out "$PWD" /usr/src/debug/a-longer-name-1-1.x86_64 2>&1 >/dev/null |
		sed -n 's/.*Collected : //p'
}
# The machine's start and the table's first pages cost the same whatever the size: what an empty input takes is taken off.
grows() {
	local kind=$1 n=$2 none once twice
	none=$(cat "$WORK/none")
	make "$kind" "$n"; once=$(instructions)
	make "$kind" $((2 * n)); twice=$(instructions)
	echo "$kind $n: $((once - none)), doubled $((twice - none))"
	[ -n "$twice" ] && [ $(((twice - none) * 10)) -le $(((once - none) * 23 + 1000000)) ] || fail "$kind: more than 2.3 times"
}
nothing() { make abbreviations 1; instructions >"$WORK/none"; [ -s "$WORK/none" ]; }
ONLY= check "the cost of a small file" nothing
for row in abbreviations:4000 tables:2000 overlapping:4000 units:2000 directories:1000 zeros:20000 shared:1000 rows:2000 linetables:1500 macros:4000; do
	eval "grows_${row%:*}() { grows ${row%:*} ${row#*:}; }"
	check "twice the ${row%:*}" "grows_${row%:*}"
done
finish
