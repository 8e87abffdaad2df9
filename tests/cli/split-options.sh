# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote split's options, and what they leave, judged by readelf and gdb.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
. "$TOP/tests/split_tree.sh"

keeps_what_is_wanted() {
	fresh rpm all --keep-symtab --keep-section='.debug_ar*' --remove-section='.gnu.build.a*' >/dev/null 2>&1
	fresh rpm libs --keep-symtab=libs >/dev/null 2>&1
	for path in /usr/bin/plus /usr/bin/dwarf4 /usr/lib/libx.so.1; do
		same "$(elflint all$path)" "$(elflint "$TREE$path")"
		same "$(elflint "$(debug_of all $path)" -d)" "$(elflint "$TREE$path")"
		eu-unstrip -o joined all$path "$(debug_of all $path)"
		same "$(elflint joined)" "$(elflint "$TREE$path")"
		nm -n all$path | sed 's/ .*//' | sort -u >after
		nm -n "$TREE$path" | sed 's/ .*//' | sort -u >before
		cmp before after
		same "$(readelf -SW all$path | grep -c '\.symtab\|\.debug_aranges')" 2
	done
	same "$(readelf -SW libs/usr/bin/plus | grep -c '\.symtab')" 0
	same "$(readelf -SW libs/usr/lib/libx.so.1 | grep -c '\.symtab')" 1
	mkdir -p bad/usr; cp "$TREE/usr/bin/plus" bad/usr
	status 3 split rpm bad --remove-section='.te*'
	says err 'plus: .text: a section that is loaded cannot be removed'
	cmp bad/usr/plus "$TREE/usr/bin/plus"
}
check "--keep-symtab, --keep-section, --remove-section" keeps_what_is_wanted

what_stays_is_said() {
	mkdir -p build root/usr/lib
	# A unit that holds its directory inline, with no string section to grow into; it does not grow itself where a symbol leads into it.
	cat >build/f.s <<-S
	.globl f, inside
	f: ret
	.section .debug_abbrev,"",@progbits
	.byte 1, 0x11, 0, 0x03, 0x08, 0x1b, 0x08, 0x11, 0x01, 0, 0, 0
	.section .debug_info,"",@progbits
	.long 2f - 1f
	1: .short 4
	.long .debug_abbrev
	.byte 8, 1
	.string "f.s"
	.string "$PWD/build"
	inside: .quad f
	2:
	S
	gcc -c build/f.s -o build/f.o
	ar rcsD root/usr/lib/libf.a build/f.o
	status 0 "$PKGNOTE" split --layout=rpm --name=x --package-version=1 --arch=a --build-dir="$PWD/build" root
	says err '^pkgnote split: /usr/lib/libf.a: 1 paths of units .* stay as they are'
}
check "paths that could not be rewritten are said" what_stays_is_said

minidebuginfo() {
	need gdb
	fresh rpm root --minidebuginfo >/dev/null 2>&1
	for path in /usr/bin/plus /usr/bin/dwarf4 /usr/lib/libx.so.1; do
		same "$(elflint root$path)" "$(elflint "$TREE$path")"
		objcopy -O binary --only-section=.gnu_debugdata --set-section-flags .gnu_debugdata=alloc root$path mini.xz
		xz -dc mini.xz >mini
		same "$(elflint mini -d)" "No errors"
		# Every function that the dynamic symbol table lacks, and no other.
		nm --defined-only "$TREE$path" | sed -n 's/^[0-9a-f]* [TtWw] //p' | sort -u >all
		nm -D --defined-only --without-symbol-versions "$TREE$path" | sed -n 's/^[0-9a-f]* . //p' | sort -u >dynamic
		comm -23 all dynamic | grep -v '^_ZT[VIS]\|^__dso_handle\|^data_start\|^DW.ref' >wanted
		nm --defined-only mini | sed 's/^[0-9a-f]* . //' | sort -u >got
		same "$(cat got)" "$(cat wanted)"
	done
	gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex 'set debug-file-directory /nowhere' -ex 'info symbol main' \
		-ex 'info functions ^main$' root/usr/bin/prog >listed 2>&1
	says listed 'main in section .text'
}
check "--minidebuginfo: gdb has the functions' names without the debug file" minidebuginfo

compresses() {
	mkdir -p root/bin
	cp "$TREE/usr/bin/plus" "$TREE/usr/bin/dwarf4" root/bin
	gcc -g -gz=zlib -o root/bin/zlib "$BUILDDIR/src/main.c"
	gcc -g -gz=zlib-gnu -o root/bin/gnu "$BUILDDIR/src/main.c" || cp root/bin/zlib root/bin/gnu
	cp -a root before
	cp -a root zlib; cp -a root zstd
	split rpm root >/dev/null
	for kind in zlib zstd; do
		split rpm $kind --compress=$kind >/dev/null
		for name in plus dwarf4 zlib gnu; do
			debug=$(debug_of $kind /bin/$name)
			[ $kind = zstd ] || same "$(elflint "$debug" -d)" "$(elflint before/bin/$name)"
			same "$(readelf -n $kind/bin/$name | grep 'Build ID')" "$(readelf -n root/bin/$name | grep 'Build ID')"
			[ $kind = zstd ] || readelf -wi "$debug" >info 2>&1
			[ $kind = zstd ] || says info "/usr/src/debug/$NVRA"
		done
		readelf -tW "$(debug_of $kind /bin/plus)" >sections
		says sections "$(echo $kind | tr a-z A-Z)|<unknown: 0x2>|COMPRESSED"
		[ "$(stat -c %s "$(debug_of $kind /bin/plus)")" -lt "$(stat -c %s "$(debug_of root /bin/plus)")" ]
		cp $kind.json first.json
		split rpm $kind --compress=$kind >/dev/null # and what is split already is read again
		cmp $kind.json first.json
	done
}
check "--compress, and compressed sections in" compresses

other_linkers() {
	mkdir -p root/bin
	for linker in gold lld mold; do
		case $linker in mold) command -v mold >/dev/null && mold -run gcc -g -o root/bin/mold "$BUILDDIR/src/main.c" ;;
		*) command -v ld.$linker >/dev/null && gcc -g -fuse-ld=$linker -o root/bin/$linker "$BUILDDIR/src/main.c" ;; esac || skip "no $linker on this machine"
	done
	cp -a root before
	split rpm root >/dev/null
	for linker in gold lld mold; do
		same "$(root/bin/$linker)" "$(before/bin/$linker)"
		eu-unstrip -o joined root/bin/$linker "$(debug_of root /bin/$linker)"
		same "$(elflint joined)" "$(elflint before/bin/$linker)"
	done
}
check "what gold, lld and mold link" other_linkers

missing_sources() {
	mkdir -p gone/src root/usr/bin
	cp "$BUILDDIR/src/lib.c" gone/src/extra.c
	sed -i 's,\.\./include/helper.h,'"$BUILDDIR"'/include/helper.h,' gone/src/extra.c
	(cd gone && gcc -g -shared -fPIC -o ../root/usr/bin/extra.so "$PWD/src/extra.c")
	cp -a root strict
	rm gone/src/extra.c
	BUILDDIR=$PWD/gone status 0 split rpm root
	says err "/usr/bin/extra.so: source is not there: $PWD/gone/src/extra.c"
	same "$(json root.json 'm["missingSources"]')" "[{'path': '/usr/src/debug/$NVRA/src/extra.c', 'unit': '/usr/bin/extra.so'}]"
	BUILDDIR=$PWD/gone status 3 split rpm strict --strict
	mkdir -p root2/usr/bin; cp "$TREE/usr/share/no-id" root2/usr/bin
	status 0 split rpm root2
	mkdir -p root3/usr/bin; cp "$TREE/usr/share/no-id" root3/usr/bin
	status 3 split rpm root3 --strict
	says err 'no-id: no build-id'
}
check "missing sources and build-ids are said; --strict makes them errors" missing_sources

selects() {
	fresh rpm root --only='/usr/bin/*' --exclude='*/plus' --debug-root=/opt/dbg/ >/dev/null 2>&1
	[ -f "root/opt/dbg/usr/bin/dwarf4$SUFFIX.debug" ]
	cmp root/usr/bin/plus "$TREE/usr/bin/plus"
	cmp root/usr/lib/libx.so.1 "$TREE/usr/lib/libx.so.1"
	[ ! -e root/usr/lib/debug ]
}
check "--only, --exclude, --debug-root" selects

lists() {
	mkdir listed
	fresh rpm root --lists=listed >/dev/null 2>&1
	says listed/debugfiles.list "^\"/usr/lib/debug/usr/bin/no pie$SUFFIX.debug\"\$"
	says listed/debugfiles.list '^%dir /usr/lib/debug/usr/bin$'
	says listed/debugsourcefiles.list "^/usr/src/debug/$NVRA\$"
	same "$(sort listed/elfbins.list | head -1)" ".//usr/bin/a hard link"
	status 2 "$PKGNOTE" split --layout=deb --name=a --package-version=1 --arch=x --lists=listed root
}
check "--lists" lists

stamps() {
	fresh deb root --stamp --only='*/prog' --only='*/a hard link' -k custom=yes -k osVersion= >/dev/null 2>err
	readelf -nW root/usr/bin/prog | sed -n 's/.*Packaging Metadata: //p' >note
	python3 - note <<-'P'
	import json, sys
	note = json.load(open(sys.argv[1]))
	assert note["type"] == "deb" and note["name"] == "prog" and note["version"] == "1.0-2", note
	assert note["architecture"] == "x86_64" and note["custom"] == "yes" and "osVersion" not in note, note
	P
	same "$(json root.json 'm["files"][0]["package"]["custom"]')" yes
	same "$(elflint root/usr/bin/prog)" "$(elflint "$TREE/usr/bin/prog")"
}
check "--stamp puts the note in first" stamps
quiet_tells_errors_alone() {
	mkdir -p root/usr/bin; cp "$TREE/usr/bin/plus" root/usr/bin
	same "$(split rpm root -q 2>&1)" ""
	echo 'int main(void) { return 0; }' >x.c
	${CC:-gcc} -g -Wl,--build-id=none -o root/usr/bin/none x.c
	status 3 split rpm root -q --strict
	same "$(cat out)" ""
	says err 'none: no build-id'
}
check "-q tells errors alone" quiet_tells_errors_alone
# Sections of several megabytes, which do not compress all the same.
huge_sections() {
	python3 - <<-'P'
	import hashlib
	for number in range(4):
	    block = b"".join(hashlib.sha256(b"%d %d" % (number, i)).digest() + bytes(40 * number) for i in range(20000))
	    open("part%d" % number, "wb").write(block * 2)
	P
	for number in 0 1 2 3; do
		printf '.section .debug_part%s,"",@progbits\n.incbin "part%s"\n' "$number" "$number"
	done >parts.s
	printf 'int main(void) { return 0; }\n' >main.c
	${CC:-gcc} -g -Wl,--build-id -o "$1" main.c parts.s
}

# The file is large enough for its sections to be compressed side by side.
huge_file_is_compressed_alike() {
	mkdir -p one/usr/bin
	huge_sections one/usr/bin/huge
	cp -a one eight; cp -a one plain
	for format in zlib zstd; do
		for tree in one eight; do rm -rf "$tree.$format"; cp -a "$tree" "$tree.$format"; done
		split deb one.$format -j1 --compress=$format >/dev/null
		split deb eight.$format -j8 --compress=$format >/dev/null
		diff -r one.$format eight.$format
		debug=$(find one.$format/usr/lib/debug -name '*.debug')
		[ "$(readelf -tW "$debug" | grep -c COMPRESSED)" -ge 3 ]
		for number in 0 1 2 3; do
			readelf -x .debug_part$number -z "$debug" | grep '^  0x' | head -200 >there
			readelf -x .debug_part$number one/usr/bin/huge | grep '^  0x' | head -200 >before
			cmp before there
		done
	done
}
check "one huge file: its sections compressed side by side, to the bytes of one thread" huge_file_is_compressed_alike
# .debug_info of ten megabytes and more, of real DWARF: one unit of many types, many times.
huge_section() { # huge_section FILE
	local kind number objects=
	# Four kinds in turn: zstd sees two megabytes, and objcopy takes what is packed ten times as small for an attack.
	for kind in 0 1 2 3; do
		python3 -c '
import sys
for i in range(int(sys.argv[1]), 36000, 4):
    print("struct s%d { int a%d; struct s%d *next; char name[%d]; unsigned b%d : %d; };" % (i, i * i % 977, i, i * i % 7919 + 1, i * i % 1013, i % 31 + 1))
print("static struct s45%02d v%d;" % tuple([int(sys.argv[1])] * 2))
' $kind >types$kind.c
		${CC:-gcc} -g -O0 -fno-eliminate-unused-debug-types -c types$kind.c
	done
	for number in 0 4 8 12; do
		for kind in 0 1 2 3; do cp types$kind.o $((number + kind)).o; objects+=" $((number + kind)).o"; done
	done
	printf 'int main(void) { return 0; }\n' >one.c
	${CC:-gcc} -g -c one.c
	# shellcheck disable=SC2086
	${CC:-gcc} -g -Wl,--build-id -o "$1" one.o $objects
}
contents() { objcopy -O binary --only-section="$2" --set-section-flags "$2=alloc" "$1" /dev/stdout; }

huge_section_is_readable() {
	need gdb objcopy eu-elfcompress
	local kind tree debug name plain
	mkdir -p plain/usr/bin
	huge_section plain/usr/bin/huge
	for kind in zlib zstd; do for tree in 1 2 8; do cp -a plain $kind.$tree; done; done
	split deb plain >/dev/null
	plain=$(find plain/usr/lib/debug -name '*.debug')
	[ "$(contents "$plain" .debug_info | wc -c)" -gt $((9 << 20)) ]
	local ask=(-ex 'ptype struct s0' -ex 'ptype struct s35999' -ex 'whatis v3' -ex 'info line main' -ex 'info types s123.$')
	gdb -q -nx -batch -iex 'set debuginfod enabled off' "${ask[@]}" "$plain" >before 2>&1
	says before 'struct s1239;'
	for kind in zlib zstd; do
		for tree in 1 2 8; do split deb $kind.$tree -j$tree --compress=$kind >/dev/null; done
		diff -r $kind.1 $kind.2
		diff -r $kind.1 $kind.8
		debug=$(find $kind.1/usr/lib/debug -name '*.debug')
		[ "$(stat -c %s "$debug")" -lt $(($(stat -c %s "$plain") * 2 / 3)) ]
		# Tools of before 2022 know zlib alone.
		if [ $kind = zlib ] || objcopy --compress-debug-sections=zstd one.o one.zstd 2>/dev/null; then
			objcopy --decompress-debug-sections "$debug" by.objcopy
			for name in .debug_info .debug_str .debug_line; do
				contents "$plain" $name >wanted
				contents by.objcopy $name >got
				cmp wanted got
			done
			readelf --debug-dump=info --dwarf-depth=1 "$plain" 2>/dev/null | grep '@\|Length' >wanted
			readelf --debug-dump=info --dwarf-depth=1 "$debug" 2>/dev/null | grep '@\|Length' >got
			same "$(grep -c @ wanted)" 17
			cmp wanted got
			gdb -q -nx -batch -iex 'set debuginfod enabled off' "${ask[@]}" "$debug" >after 2>&1
			cmp before after
		fi
		if [ $kind = zlib ] || eu-elfcompress -q -t zstd -o eu.zstd one.o 2>/dev/null; then
			eu-elfcompress -q -t none -o by.eu "$debug"
			contents "$plain" .debug_info >wanted
			contents by.eu .debug_info >got
			cmp wanted got
		fi
		[ $kind = zstd ] || same "$(elflint "$debug" -d)" "$(elflint "$plain" -d)"
	done
}
check "a section that is compressed in parts: alike for -j1, -j2, -j8, and read by objcopy, readelf, gdb and elfutils" huge_section_is_readable
finish
