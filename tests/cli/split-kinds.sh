# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote split on kinds of files, names and trees: other machines, DWARF of every version and width, odd names,
# releases side by side, sources in odd places, trees made to mislead.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
. "$TOP/tests/split_judges.sh"
CC=${CC:-gcc}

split() { # split ROOT [OPTION...]
	local root=$1; shift
	"$PKGNOTE" split --layout=rpm --name=real --package-version=1 --release=1 --arch=x86_64 --build-dir="$PWD/build" --manifest="$root.json" "$@" "$root"
}
json() { python3 -c 'import json,sys; m=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"; }

sources() {
	mkdir -p build/src build/include root/usr/bin root/usr/lib
	echo 'static inline int helper(int a) { return a * 3 + 1; }' >build/include/helper.h
	printf '#include "../include/helper.h"\nint main(int c, char **v) { (void)v; return helper(c) - 4; }\n' >build/src/main.c
	printf '#include "../include/helper.h"\nint lib(int x) { return helper(x) + 2; }\n' >build/src/lib.c
}

# compile COMMAND...: in the build directory; the tree is ../root.
compile() { (cd build && "$@"); }

# judged PATH BEFORE: split from BEFORE: lint, join, line tables under the new paths.
judged() {
	local debug=root/usr/lib/debug$1-1-1.x86_64.debug
	[ -f "$debug" ] || fail "$1 was not split"
	lint "$2" >before
	lint "root$1" >after; nothing_new before after || fail "$1: eu-elflint"
	lint "$debug" -d >after; nothing_new before after || fail "$debug: eu-elflint"
	eu-unstrip -o joined "root$1" "$debug" || fail "$1: eu-unstrip"
	lint joined >after; nothing_new before after || fail "$1: eu-elflint, joined"
	readelf -W --debug-dump=info,decodedline "$2" 2>err | grep -aE '^[^ ]+ +[0-9]+ +0x' | sed "s#$PWD/build#/usr/src/debug/$NVRA#" >before
	readelf -W --debug-dump=info,decodedline "$debug" 2>err.after >dump
	grep -aE '^[^ ]+ +[0-9]+ +0x' dump | diff before - >&2 || fail "$1: line tables"
	same "$(without_interpreter <err.after | wc -l)" "$(wc -l <err)"
	says dump "DW_AT_comp_dir .*/usr/src/debug/$NVRA"
	says_not dump "$PWD/build"
}

other_machines() {
	local machine version found=0 cc
	sources; need eu-elflint eu-unstrip
	for machine in aarch64-linux-gnu arm-linux-gnueabihf i686-linux-gnu mips-linux-gnu mips64el-linux-gnuabi64 powerpc64le-linux-gnu riscv64-linux-gnu s390x-linux-gnu; do
		cc=$machine-gcc
		command -v "$cc" >/dev/null || continue
		found=$((found + 1))
		for version in 2 5; do
			compile "$cc" -g -gdwarf-$version -O1 -Wl,--build-id -o "../root/usr/bin/$machine-$version" src/main.c
		done
		compile "$cc" -g -shared -fPIC -Wl,--build-id -o "../root/usr/lib/lib$machine.so" src/lib.c
	done
	[ $found -gt 0 ] || skip "no cross compiler on this machine"
	cp -a root whole; cp -a root small
	split root >/dev/null
	for file in whole/usr/*/*; do judged "${file#whole}" "$file"; done
	# Compressed, whatever the type of their debug sections is (MIPS has its own), they tell the same.
	split --compress=zlib small >/dev/null
	for file in $(cd small && find usr/lib/debug/usr -type f); do
		readelf -W --debug-dump=info,abbrev "root/$file" >before 2>/dev/null
		readelf -W --debug-dump=info,abbrev "small/$file" >after 2>/dev/null
		cmp <(grep -v '^Contents\|^Section' before) <(grep -v '^Contents\|^Section' after) || fail "$file: compressed, it tells something else"
		readelf -SW "small/$file" >sections 2>/dev/null
		says sections ' \.debug_info .* C '
	done
	# Two of them, of both byte orders, run.
	for machine in aarch64:aarch64-linux-gnu s390x:s390x-linux-gnu; do
		[ -f "root/usr/bin/${machine#*:}-5" ] && command -v "qemu-${machine%:*}" >/dev/null || continue
		"qemu-${machine%:*}" -L "/usr/${machine#*:}" "root/usr/bin/${machine#*:}-5"
	done
}
check "other machines, both byte orders, 32 and 64 bits" other_machines

dwarf_of_every_kind() {
	local version
	sources; need eu-elflint eu-unstrip
	for version in 2 3 4 5; do compile $CC -g -gdwarf-$version -o ../root/usr/bin/v$version src/main.c; done
	for version in 3 4 5; do compile $CC -g -gdwarf-$version -gdwarf64 -o ../root/usr/bin/wide$version src/main.c 2>/dev/null || true; done
	for version in 4 5; do
		compile $CC -g3 -gdwarf-$version -o ../root/usr/bin/macros$version src/main.c
		compile $CC -g -gdwarf-$version -fdebug-types-section -o ../root/usr/bin/types$version src/main.c
		compile $CC -g -gdwarf-$version -gz=zlib -o ../root/usr/bin/zlib$version src/main.c
	done
	compile $CC -g -O2 -flto -o ../root/usr/bin/lto src/main.c
	printf '.globl main\nmain:\n\txor %%eax, %%eax\n\tret\n.section .note.GNU-stack,"",@progbits\n' >build/src/asm.s
	if [ "$(uname -m)" = x86_64 ]; then compile $CC -g -o ../root/usr/bin/assembler src/asm.s; fi
	if command -v gfortran >/dev/null; then
		printf 'program p\n print *, "x"\nend program\n' >build/src/f.f90
		compile gfortran -g -o ../root/usr/bin/fortran src/f.f90
	fi
	cp -a root whole
	split root >/dev/null
	for file in whole/usr/bin/*; do judged "${file#whole}" "$file"; done
}
check "DWARF 2 to 5, 64-bit, macros, type units, zlib, LTO, assembler, Fortran" dwarf_of_every_kind

odd_names() {
	local name
	sources
	compile $CC -g -o ../program src/main.c
	for name in 'with space' $'new\nline' $'not-utf8-\xff\xfe' "quote'\"" '-dash' 'star*' '%41' $'tab\t'; do cp program "root/usr/bin/$name"; done
	split root >out
	says out '^8 split, 0 left alone, 0 failed'
	for name in 'with space' $'new\nline' $'not-utf8-\xff\xfe' "quote'\"" '-dash' 'star*' '%41' $'tab\t'; do
		[ -f "root/usr/lib/debug/usr/bin/$name-1-1.x86_64.debug" ] || fail "no debug file of $name"
		"./root/usr/bin/$name"
	done
	# JSON, whatever the name; bytes that are not UTF-8, and the mark itself, as %XX.
	same "$(json root.json 'sorted(f["path"] for f in m["files"])[-2:]')" "['/usr/bin/tab\\t', '/usr/bin/with space']"
	same "$(json root.json '[f["path"] for f in m["files"] if "utf8" in f["path"]]')" "['/usr/bin/not-utf8-%FF%FE']"
	same "$(json root.json 'len([f for f in m["files"] if "\n" in f["path"]])')" 1
	mv root.json first.json
	cp -a root again
	split root >out
	cmp root.json first.json
	diff -r --no-dereference root again
}
check "names with newlines, bytes that are not UTF-8, and the like" odd_names

side_by_side() {
	local tree
	sources
	compile $CC -g -o ../root/usr/bin/prog src/main.c
	compile $CC -g -shared -fPIC -o ../root/usr/lib/libx.so.1 src/lib.c
	for tree in '1 x86_64' '2 x86_64' '1 i686'; do
		cp -a root "new" # the same code in each
		"$PKGNOTE" split -q --layout=rpm --name=real --package-version=1 --release="${tree% *}" --arch="${tree#* }" \
			--build-id="seed:1-$tree" --build-dir="$PWD/build" new >/dev/null
		mv new "$tree"
		# What the debug package owns, and the links to the shipped files.
		(cd "$tree/usr" && find lib/debug src/debug lib/.build-id ! -type d) | sort >"$tree.list"
		[ "$(wc -l <"$tree.list")" -ge 8 ]
	done
	same "$(comm -12 '1 x86_64.list' '2 x86_64.list')" ""
	same "$(comm -12 '1 x86_64.list' '1 i686.list')" ""
	# Merged, the debug trees of all three still lead to their own.
	mkdir merged
	for tree in '1 x86_64' '2 x86_64' '1 i686'; do cp -a "$tree/." merged/; done
	same "$(find merged/usr/lib/debug -name '*.debug' -type f | wc -l)" 6
	same "$(find merged/usr/lib/debug -xtype l)" ""
}
check "two releases, and two architectures, merge without a path in common" side_by_side

odd_sources() {
	sources
	ln -s build link
	mkdir -p build/obj
	# "generated" by a tool that says where from; the grammar is there, its template is not.
	printf '#line 3 "%s/grammar.y"\nint parse(void) { return 0; }\n#line 7 "%s/gone.skel"\nint skel(void) { return 1; }\n' "$PWD/build/src" "$PWD/build/src" >build/obj/grammar.c
	echo 'grammar' >build/src/grammar.y
	# Through "..", by an absolute name, and from a directory that is deeper.
	(cd build/obj && $CC -g -c "$OLDPWD/build/src/main.c" && $CC -g -c ../src/../src/lib.c -o up.o && $CC -g -c grammar.c)
	$CC -o root/usr/bin/prog build/obj/*.o
	split root >out 2>err
	json root.json '"\n".join(m["files"][0]["sources"])' >listed
	for source in src/main.c src/lib.c src/grammar.y include/helper.h; do
		says listed "^$NVRA/$source\$"
		cmp "build/$source" "root/usr/src/debug/$NVRA/$source"
	done
	says_not listed '<|gone'
	same "$(json root.json '[x["path"] for x in m["missingSources"]]')" "['/usr/src/debug/$NVRA/src/gone.skel']"
	# The given directory is the link, its real path stands in the file.
	rm -rf root/usr; mkdir -p root/usr/bin
	$CC -g -o root/usr/bin/prog "$PWD/build/src/main.c"
	split root --build-dir="$PWD/link" >out
	cmp build/src/main.c "root/usr/src/debug/$NVRA/src/main.c"
	# Compiled above the build directory: another run knows the source again.
	rm -rf root; mkdir -p root/usr/bin
	$CC -g -o root/usr/bin/prog build/src/main.c
	split root >out
	same "$(json root.json 'm["files"][0]["sources"]')" "['$NVRA/include/helper.h', '$NVRA/src/main.c']"
	mv root.json first.json
	split root >out
	cmp root.json first.json
	# --strict makes the missing one an error.
	rm -rf root/usr; mkdir -p root/usr/bin
	$CC -o root/usr/bin/prog build/obj/*.o
	status 3 split root --strict
	says err 'gone.skel'
}
check "sources: a symbolic link on the way, '..', generated, missing" odd_sources

hostile_tree() {
	local trap
	sources
	compile $CC -g -o ../program src/main.c
	mkdir -p outside/dir; cp program outside/victim; echo mine >outside/dir/file
	for trap in debug_link source_link id_link debug_is_directory temporary; do
		rm -rf root root.json; mkdir -p root/usr/bin root/usr/lib
		cp program root/usr/bin/prog
		mkfifo root/usr/bin/fifo
		python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("root/usr/bin/socket")'
		ln -s "$PWD/outside/victim" root/usr/bin/absolute
		ln -s ../../../outside/victim root/usr/bin/climbs
		ln -s "$PWD/outside/dir" root/usr/lib/elsewhere
		ln -s loop root/usr/bin/loop
		ln outside/victim root/usr/bin/shared # another name of a file outside
		case $trap in
		debug_link) ln -s "$PWD/outside/dir" root/usr/lib/debug ;;
		source_link) mkdir -p root/usr/src && ln -s "$PWD/outside/dir" root/usr/src/debug ;;
		id_link) mkdir -p root/usr/lib/debug && ln -s ../../../../outside/dir root/usr/lib/debug/.build-id; ln -s ../../../outside/dir root/usr/lib/.build-id ;;
		debug_is_directory) mkdir -p root/usr/lib/debug/usr/bin/prog-1-1.x86_64.debug/x ;;
		temporary) for name in prog shared fifo; do ln -s "$PWD/outside/dir/file" "root/usr/bin/.pkgnote-$(printf %016x 1)$name"; done
			ln -s "$PWD/outside/dir/file" root/usr/bin/.pkgnote-0123456789abcdef ;;
		esac
		code=0; timeout 20 "$PKGNOTE" split --layout=rpm --name=real --package-version=1 --release=1 --arch=x86_64 \
			--build-dir="$PWD/build" root >out 2>err </dev/null || code=$?
		case $trap in temporary) same $code 0 ;; *) same $code 3 ;; esac
		# Outside, nothing has come, gone or changed.
		same "$(cd outside && find . | sort | tr '\n' ' ')" ". ./dir ./dir/file ./victim "
		cmp outside/victim program
		same "$(cat outside/dir/file)" mine
		[ -p root/usr/bin/fifo ] && [ -S root/usr/bin/socket ] && [ -L root/usr/bin/loop ]
		same "$(readlink root/usr/bin/absolute)" "$PWD/outside/victim"
		says err '/usr/bin/shared: .*(link|name)'
		case $trap in debug_link | debug_is_directory) cmp root/usr/bin/prog program ;; esac
	done
}
check "a tree made to mislead: nothing outside is written, nothing hangs" hostile_tree

# Layout deb: what dh_strip's strip makes of static libraries. STRIP AR ARCHIVE: ./root/usr/lib/libx.a is ARCHIVE, split.
as_strip() {
	rm -rf root; mkdir -p root/usr/lib; cp "$3" root/usr/lib/libx.a; cp "$3" want.a
	"$1" --strip-debug --remove-section=.comment --remove-section=.note --enable-deterministic-archives \
		-R '.gnu.lto_*' -R '.gnu.debuglto_*' -N __gnu_lto_slim -N __gnu_lto_v1 want.a
	"$PKGNOTE" split -q --layout=deb --name=n --package-version=1 --arch=amd64 root
}
# is_want: root/usr/lib/libx.a is want.a. The strip of binutils 2.47 may lay a section at an offset that is no multiple of its
# alignment; then all but the places is the same.
is_want() {
	! cmp -s want.a root/usr/lib/libx.a || return 0
	readelf -SW want.a | python3 -c '
import re, sys
places = re.findall(r"^ *\[ *\d+\] \.\S+ +\S+ +[0-9a-f]+ ([0-9a-f]+) .* (\d+)$", sys.stdin.read(), re.M)
sys.exit(not any(int(align) > 1 and int(offset, 16) % int(align) for offset, align in places))' || { cmp want.a root/usr/lib/libx.a; return 1; }
	same "$(contents want.a)" "$(contents root/usr/lib/libx.a)"
}
contents() { readelf -srW "$1" | grep -v '^File:' | sed 's/ at offset 0x[0-9a-f]*//'; objdump -s "$1" | sed "s,$1,," ; }
# relocations_behind OBJECT: as tcc numbers sections: all relocations behind the names, without the flag that says what sh_info is.
relocations_behind() {
	python3 - "$1" <<-'P'
	import struct, sys
	data = bytearray(open(sys.argv[1], "rb").read())
	table, = struct.unpack_from("<Q", data, 40)
	count, names = struct.unpack_from("<HH", data, 60)
	headers = [list(struct.unpack_from("<IIQQQQIIQQ", data, table + 64 * i)) for i in range(count)]
	order = sorted(range(count), key=lambda i: headers[i][1] == 4)
	now = {old: new for new, old in enumerate(order)}
	for header in headers:
	    header[6] = now[header[6]]
	    if header[1] == 4:
	        header[2], header[7] = 0, now[header[7]]
	    for at in range(header[4], header[4] + header[5], 24) if header[1] == 2 else ():
	        section, = struct.unpack_from("<H", data, at + 6)
	        struct.pack_into("<H", data, at + 6, now.get(section, section))
	for new, old in enumerate(order):
	    struct.pack_into("<IIQQQQIIQQ", data, table + 64 * new, *headers[old])
	struct.pack_into("<H", data, 62, now[names])
	open(sys.argv[1], "wb").write(data)
	P
}
equal_archives() {
	need gcc ar strip ld
	cat >x.c <<-'C'
	#include <stdio.h>
	struct t { int n; } v = {1};
	static const char *const names[] = {"one", "two"};
	extern int other;
	int alpha(struct t *t) { static int count; printf("%s", names[t->n % 2]); return count++ + other; }
	int a_alpha(struct t *t) { return t->n; }
	__attribute__((weak)) int weak(void) { return 2; }
	const char aligned[3] __attribute__((aligned(64))) = "ab"; /* as tables for vectors are */
	int other;
	C
	printf '#include <vector>\n#include <string>\nint beta(std::vector<std::string> &v) { v.push_back("x"); return v.size(); }\n' >y.cc
	printf '\t.text\n\t.globl gamma\ngamma:\n\tnop\n\t.data\n\t.long gamma\n\t# An end of two names.\n\t.quad free, my_free, my_tree_free\n' >z.s
	local flags object
	for flags in "-g" "-g -O2" "-g -O2 -ffunction-sections -fdata-sections" "-g3 -gdwarf-4 -fdebug-types-section" "-g -gz" "-O2" "-O2 -fno-ident -ffunction-sections" "-g -O2 -flto -ffat-lto-objects" "-g -fPIC"; do
		rm -f ./*.o x.a
		gcc $flags -c x.c; gcc -g -c z.s; gcc $flags -xc -c -o none.o /dev/null
		if command -v g++ >/dev/null; then g++ $flags -c y.cc; fi
		ar rcs x.a ./*.o
		as_strip strip ar x.a
		is_want || { echo "$flags"; ls -l want.a root/usr/lib; false; }
	done
	for object in aarch64 s390x riscv64 powerpc64le; do
		command -v $object-linux-gnu-gcc >/dev/null || continue
		rm -f ./*.o x.a; $object-linux-gnu-gcc -g -O1 -c x.c; $object-linux-gnu-ar rcs x.a x.o
		as_strip $object-linux-gnu-strip $object-linux-gnu-ar x.a
		is_want
	done
	# libc's own: its debug information is gone, its order is the linker's.
	if [ -f "$(gcc -print-file-name=libgcc.a)" ]; then as_strip strip ar "$(gcc -print-file-name=libgcc.a)"; is_want; fi
	# What other compilers make is no larger, and links.
	command -v clang >/dev/null || return 0
	rm -f ./*.o x.a; clang -g -ffunction-sections -c x.c; ar rcs x.a x.o
	as_strip strip ar x.a
	[ "$(stat -c%s root/usr/lib/libx.a)" -le "$(stat -c%s want.a)" ]
	same "$(nm root/usr/lib/libx.a)" "$(nm want.a)"
	echo 'struct t; int alpha(struct t *); extern struct t v; int main(void) { return alpha(&v); }' >main.c
	for object in bfd gold lld; do
		command -v ld.$object >/dev/null || continue
		gcc -fuse-ld=$object -o main main.c root/usr/lib/libx.a
		same "$(./main)" two
	done
	ar x root/usr/lib/libx.a; eu-elflint --gnu-ld -q x.o
	# Without debug information, too: strip puts each section, symbol and flag where GNU's assembler has it (Debian's libtcc1.a).
	rm -f ./*.o; clang -Qn -fno-addrsig -ffunction-sections -c x.c; clang -Qn -fno-addrsig -xc -c -o none.o /dev/null
	cp x.o behind.o; relocations_behind behind.o
	for object in ./*.o; do
		rm -f x.a; ar rcs x.a $object
		as_strip strip ar x.a
		is_want || { echo "$object"; ls -l want.a root/usr/lib; false; }
	done
}
check "layout deb: static libraries are those that strip makes, byte for byte" equal_archives

# Two sources ship one private library (Debian bug 968710): their debug packages are installed side by side.
private_libraries() {
	need gcc
	echo 'int f(void) { return 1; }' >f.c
	gcc -g -shared -fPIC -o libf.so f.c
	local options name
	for options in "" --stamp "--dwz=multi" "--stamp --compress=zlib"; do
		case $options in --dwz*) command -v dwz >/dev/null || continue ;; esac
		rm -rf one two
		for name in one two; do
			mkdir -p $name/usr/lib/$name; cp libf.so $name/usr/lib/$name/; cp libf.so $name/usr/lib/$name/copy.so
			"$PKGNOTE" split -q --layout=deb --name=$name --package-version=1 --arch=amd64 $options $name
			# The copies of one source have one debug file.
			same "$(find $name/usr/lib/debug -name '*.debug' | wc -l)" 1
		done
		same "$( (cd one && find . ! -type d; cd ../two && find . ! -type d) | sort | uniq -d)" ""
	done
}
check "layout deb: two sources' private copies of a library have nothing in common" private_libraries

# A segment behind the debug information: our own note's, where page one is full, and patchelf's. What is shipped is as small as strip
# makes it, and maps the same.
segments_behind() {
	need gcc gdb strip eu-unstrip
	for i in $(seq 3000); do echo "int exported_function_$i(void) { return $i; }"; done >many.c
	echo 'int main(void) { return 0; }' >>many.c
	gcc -O0 -g -no-pie -rdynamic -Wl,-z,noseparate-code -Wl,-z,max-page-size=4096 -o plain many.c
	cp plain stamped; "$PKGNOTE" stamp -q -k name=demo stamped
	same "$(readelf -lW stamped | grep -c '^  LOAD')" "$(($(readelf -lW plain | grep -c '^  LOAD') + 1))"
	echo 'extern int f(void); int f(void) { return 7; }' >f.c; cat many.c >>f.c
	gcc -O0 -g -fPIC -shared -o patched f.c
	! command -v patchelf >/dev/null || patchelf --set-rpath "$(printf '/opt/%0300d' 1)" patched
	local layout file
	for layout in rpm deb; do
		rm -rf root; mkdir -p root/usr/bin; cp stamped patched root/usr/bin/
		"$PKGNOTE" split -q --layout=$layout --name=n --package-version=1 --release=1 --arch=x86_64 --build-id=keep root
		for file in stamped patched; do
			strip -o $file.small $file
			[ "$(stat -c %s root/usr/bin/$file)" -le $(($(stat -c %s $file.small) + 4096)) ] || fail "$layout $file: $(stat -c %s root/usr/bin/$file), strip's $(stat -c %s $file.small)"
			# Each segment's bytes, by address; and its place is one that can be mapped.
			same "$(segments root/usr/bin/$file)" "$(segments $file)"
			same "$(eu-elflint --gnu-ld root/usr/bin/$file 2>&1)" "$(eu-elflint --gnu-ld $file.small 2>&1)"
			debug=$(find root/usr/lib/debug -type f -name '*.debug' -exec grep -l "exported_function_2999" {} + | while read -r one; do [ "$(readelf -n "$one" | grep 'Build ID')" != "$(readelf -n $file | grep 'Build ID')" ] || echo "$one"; done)
			eu-unstrip -o whole root/usr/bin/$file "$debug"
			gdb -batch -nx -ex 'info line exported_function_2999' whole >line 2>&1; says line 'Line .* of "[^"]*many.c"|Line .* of "[^"]*f.c"'
		done
		root/usr/bin/stamped
		readelf -nW root/usr/bin/stamped | grep -q '"name":"demo"'
	done
}
# segments FILE: of each PT_LOAD the address, what it takes, and its bytes but for the file's own headers, which tell other offsets.
segments() {
	python3 - "$1" <<-'P'
	import hashlib, struct, sys
	data = open(sys.argv[1], "rb").read()
	phoff, = struct.unpack_from("<Q", data, 32); phnum, = struct.unpack_from("<H", data, 56)
	for i in range(phnum):
	    kind, flags, offset, address, _, size, memory, align = struct.unpack_from("<IIQQQQQQ", data, phoff + 56 * i)
	    if kind == 1:
	        assert offset % align == address % align, (hex(offset), hex(address))
	        skip = max(0, min(size, phoff + 56 * phnum - offset)) if offset <= phoff else 0
	        print(hex(address), size, memory, flags, hashlib.sha256(data[offset + skip:offset + size]).hexdigest())
	P
}
check "a segment behind the debug information moves up: no hole is shipped" segments_behind
finish
