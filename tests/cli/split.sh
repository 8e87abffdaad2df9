# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote split, judged by eu-elflint, eu-unstrip, eu-elfcmp, readelf and gdb.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
. "$TOP/tests/split_tree.sh"

# segments FILE: its program headers. What is where in memory, and with what rights, is all but the offset and the size in the file.
segments() { readelf -lW "$1" 2>/dev/null | awk '$2 ~ /^0x/ && NF > 6'; }
in_memory() { segments "$1" | awk '{ $2 = $5 = ""; print }'; }

# tells_of_its_own FILE DEBUG: what headers of DEBUG say is in the file are the notes of FILE, at whatever offset. (objcopy 2.44
# keeps, as zeros, what lies before a note in its segment, and says that it is there; those before it do not.)
tells_of_its_own() {
	local i type offset size original whole
	mapfile -t theirs < <(segments "$1")
	mapfile -t ours < <(segments "$2")
	same "$(in_memory "$2")" "$(in_memory "$1")"
	for i in "${!ours[@]}"; do
		read -r type offset _ _ size _ <<<"${ours[i]}"
		read -r _ original _ _ whole _ <<<"${theirs[i]}"
		case $type in
		PHDR) ;;
		LOAD) [ $((size)) -le $((whole)) ] ;;
		NOTE | GNU_PROPERTY) same $((size)) $((whole)) && cmp -i $((original)):$((offset)) -n 16 "$1" "$2" ;; # behind that, the build-id is another
		*) same $((size)) 0 ;;
		esac || fail "$2: $type at $offset"
	done
}

splits_each_kind() {
	fresh rpm root >out 2>err
	programs | while read -r path; do
		[ "$path" != /usr/bin/prog ] || continue # under its first name: "a hard link"
		debug=$(debug_of root "$path")
		[ -f "$debug" ] || fail "no $debug"
		readelf -SW "root$path" >sections
		case $path in
		*/static) says_not sections '\.debug_|\.comment'; same "$(readelf -sW "root$path" | grep -c '^ *[1-9][0-9]*:')" 0 ;;
		*) says_not sections '\.debug_|\.symtab|\.strtab|\.comment' ;;
		esac
		says sections '\.gnu_debuglink'
		readelf -SW "$debug" >sections
		says sections '\.symtab'
		# New findings of eu-elflint are none; joined again it is the file that it was.
		elflint "$TREE$path" >before
		elflint "$debug" -d >after
		# objcopy's, without a segment around __ehdr_start, is found fault with, too.
		objcopy --only-keep-debug "$TREE$path" by-objcopy
		same "$(sed 's/section \[[0-9]*\]/section []/' after)" "$(elflint by-objcopy -d | sed 's/section \[[0-9]*\]/section []/')"
		in_memory "$debug" >found
		says found '^LOAD '
		tells_of_its_own "$TREE$path" "$debug"
		case $path in
		*/static-pie) continue ;; # eu-unstrip 0.188 cannot join these, eu-strip's neither
		esac
		elflint "root$path" >after
		same "$(comm -13 <(sed 's/\[ *[0-9]*\]/[]/' before | sort) <(sed 's/\[ *[0-9]*\]/[]/' after | sort) | grep -vx 'No errors' || true)" ""
		eu-unstrip -o joined "root$path" "$debug"
		elflint joined | sed 's/symbol [0-9]*/symbol/' >after
		same "$(cat after)" "$(sed 's/symbol [0-9]*/symbol/' before)"
		eu-elfcmp --ignore-build-id "$TREE$path" joined 2>&1 | grep -v '\.debug_\|\.shstrtab' || true
	done
	# The kinds that are left alone, each for its reason.
	says err 'appended: left alone: appended data after the ELF image at offset [0-9]+'
	says err 'stripped: left alone: no debug information'
	says err 'object.o: left alone: a relocatable file, to be linked'
	says err 'no-id: no build-id'
	cmp root/usr/share/appended "$TREE/usr/share/appended"
	cmp root/usr/share/object.o "$TREE/usr/share/object.o"
	same "$(json root.json '[(s["path"],s["reason"][:8]) for s in m["skipped"]]')" \
		"[('/usr/share/appended', 'appended'), ('/usr/share/object.o', 'a reloca'), ('/usr/share/stripped', 'no debug')]"
	[ -p root/usr/share/fifo ]
}
check "executables, libraries, static, set-id, odd names: split, lint clean, joined again" splits_each_kind

still_run() {
	fresh rpm root >/dev/null 2>&1
	for path in "$TREE"/usr/bin/*; do
		name=$(basename "$path")
		same "$("root/usr/bin/$name")" "$("$path")"
	done
}
check "the files still run" still_run

attributes_survive() {
	cp -a "$TREE" root
	chmod 0555 "root/usr/bin/no pie"
	chmod 0644 root/usr/bin/plus
	setcap cap_net_raw+ep root/usr/bin/relocations 2>/dev/null || setfattr -n user.mark -v yes root/usr/bin/relocations || true
	getfattr -d -m - root/usr/bin/relocations 2>/dev/null | grep -v '^#' >before || true
	split rpm root >/dev/null 2>&1
	same "$(stat -c %a root/usr/bin/prog)" 4711
	same "$(stat -c %a 'root/usr/bin/no pie')" 555
	same "$(stat -c %a root/usr/bin/plus)" 644
	same "$(stat -c %h root/usr/bin/prog)" 2
	same "$(stat -c %i root/usr/bin/prog)" "$(stat -c %i 'root/usr/bin/a hard link')"
	getfattr -d -m - root/usr/bin/relocations 2>/dev/null | grep -v '^#' >after || true
	cmp before after
	same "$(json root.json '[f["links"] for f in m["files"] if f["path"]=="/usr/bin/a hard link"]')" "[['/usr/bin/prog']]"
	same "$(find root/usr/lib/debug -name '*.debug' -type f ! -perm 0644)" ""
	same "$(stat -c %i "$(debug_of root /usr/bin/prog)")" "$(stat -c %i "$(debug_of root '/usr/bin/a hard link')")"
}
check "mode, set-id, hard links and extended attributes survive" attributes_survive

names_of_rpm() {
	fresh rpm root >/dev/null 2>&1
	id=$(readelf -n root/usr/bin/plus | sed -n 's/.*Build ID: //p')
	link=root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
	same "$(readlink "$link")" "../../usr/bin/plus$SUFFIX.debug"
	[ -e "$link" ]
	same "$(readlink "root/usr/lib/.build-id/${id:0:2}/${id:2}")" "../../../bin/plus"
	readelf --string-dump=.gnu_debuglink root/usr/bin/plus >link
	says link " plus$SUFFIX.debug\$"
	# The CRC-32 that the shipped file has is that of the debug file.
	objcopy -O binary --only-section=.gnu_debuglink --set-section-flags .gnu_debuglink=alloc root/usr/bin/plus section
	same "$(tail -c 4 section | od -An -tx4 | tr -d ' ')" \
		"$(python3 -c 'import zlib,sys; print("%08x" % zlib.crc32(open(sys.argv[1],"rb").read()))' "$(debug_of root /usr/bin/plus)")"
	cmp "root/usr/src/debug/$NVRA/src/main.c" "$BUILDDIR/src/main.c"
	cmp "root/usr/src/debug/$NVRA/include/helper.h" "$BUILDDIR/include/helper.h"
	cp -a "$TREE" bare
	split rpm bare --links=none >/dev/null 2>&1
	[ ! -e bare/usr/lib/.build-id ] && [ ! -e bare/usr/lib/debug/.build-id ]
}
check "layout rpm: names, links, debuglink, sources" names_of_rpm

names_of_deb() {
	fresh deb root >/dev/null 2>err
	id=$(readelf -n root/usr/bin/plus | sed -n 's/.*Build ID: //p')
	[ -f "root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" ]
	readelf --string-dump=.gnu_debuglink root/usr/bin/plus >link
	says link " ${id:2}.debug\$"
	same "$(find root/usr/lib/debug -type f ! -path '*/.build-id/*')" ""
	[ ! -e root/usr/lib/.build-id ]
	says err 'no-id: left alone: no build-id'
}
check "layout deb: the debug file by build-id" names_of_deb

shared_debug_file() {
	mkdir -p root/usr/bin
	for i in 1 2 3; do cp "$TREE/usr/bin/plus" root/usr/bin/$i; done
	split deb root -j3 >out 2>err
	same "$(find root/usr/lib/debug -type f | wc -l)" 1
	for i in 1 2 3; do readelf -SW root/usr/bin/$i | grep -q gnu_debuglink; done
	# Ids that are kept may be wrong: another file of the same id is left alone, whichever comes second.
	mkdir -p clash/usr/bin
	cp "$TREE/usr/bin/plus" clash/usr/bin/1
	cp "$TREE/usr/bin/prog" clash/usr/bin/2
	id=$(readelf -n clash/usr/bin/1 | sed -n 's/.*Build ID: //p')
	python3 - clash/usr/bin/2 "$(readelf -n clash/usr/bin/2 | sed -n 's/.*Build ID: //p')" "$id" <<-'P'
	import sys
	b = open(sys.argv[1], 'rb').read()
	open(sys.argv[1], 'wb').write(b.replace(bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3])))
	P
	cp clash/usr/bin/2 before
	status 3 split deb clash --build-id=keep
	says err "/usr/bin/2: build-id $id is that of /usr/bin/1 too"
	cmp clash/usr/bin/2 before
}
check "equal files share a debug file; an id that two files claim is an error" shared_debug_file

gdb_lists() {
	need gdb
	for layout in rpm deb; do
		fresh $layout $layout >/dev/null 2>&1
		for name in prog dwarf4 'no pie' static-pie; do
			gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/$layout/usr/lib/debug" \
				-iex "set substitute-path /usr/src/debug $PWD/$layout/usr/src/debug" -ex 'list main' -ex 'info source' \
				"$layout/usr/bin/$name" >listed 2>&1
			says listed 'helper\(table\[argc\]\)'
			says listed "/usr/src/debug/$NVRA/src/main.c"
			says_not listed "$BUILDDIR"
		done
	done
}
check "gdb lists main from the debug tree" gdb_lists

dwarf_is_as_it_was() {
	fresh rpm root >/dev/null 2>&1
	for path in /usr/bin/plus /usr/bin/dwarf4 /usr/lib/libx.so.1; do
		readelf -wi -wL "$TREE$path" 2>&1 >/dev/null | sed 's/^[^:]*: *//' >before
		readelf -wi -wL "$(debug_of root $path)" 2>&1 >/dev/null | sed 's/^[^:]*: *//' | without_interpreter >after
		same "$(grep -c . after)" "$(grep -c . before)"
		readelf -wi "$(debug_of root $path)" 2>/dev/null >info
		says_not info "$BUILDDIR"
		says info "/usr/src/debug/$NVRA"
	done
}
check "the DWARF reads as before, under the new paths" dwarf_is_as_it_was

same_bytes() {
	fresh rpm one -j1 >out1 2>err1
	fresh rpm eight -j8 >out8 2>err8
	diff -r --no-dereference --exclude=fifo one eight
	cmp one.json eight.json; cmp out1 out8
	cmp err1 err8
	(cd one && find . -printf '%p %m %l\n' | sort) >names1
	(cd eight && find . -printf '%p %m %l\n' | sort) >names8
	cmp names1 names8
}
check "-j1 and -j8: the same bytes, names and manifest" same_bytes

again_is_the_same() {
	for layout in rpm deb; do
		fresh $layout $layout >/dev/null 2>&1
		cp -a $layout before
		cp $layout.json before.json
		split $layout $layout >/dev/null 2>&1
		diff -r --no-dereference --exclude=fifo $layout before
		cmp $layout.json before.json
		rm -rf before
	done
	# A stranger's split is left alone.
	mkdir -p other/usr/bin
	cp "$TREE/usr/bin/plus" other/usr/bin/plus
	eu-strip -f other/usr/bin/plus.debug other/usr/bin/plus
	rm other/usr/bin/plus.debug
	status 0 split rpm other
	says err 'plus: left alone: already split'
}
check "a second run changes nothing and writes the same manifest" again_is_the_same

build_ids() {
	id_of() { readelf -n "$1/usr/bin/plus" | sed -n 's/.*Build ID: //p'; }
	mkdir -p "$WORK/small/usr/bin"; cp "$TREE/usr/bin/plus" "$WORK/small/usr/bin"
	local TREE=$WORK/small
	fresh rpm kept --build-id=keep >/dev/null
	same "$(id_of kept)" "$(id_of "$TREE")"
	fresh rpm default >/dev/null
	fresh rpm seeded --build-id=seed:prog-1.0-2 >/dev/null
	same "$(id_of default)" "$(id_of seeded)"
	fresh rpm other --build-id=seed:prog-1.0-3 >/dev/null
	fresh rpm plain --build-id=recompute >/dev/null
	for id in "$(id_of kept)" "$(id_of default)" "$(id_of other)" "$(id_of plain)"; do echo "$id"; done | sort -u >ids
	same "$(wc -l <ids)" 4
	# The same code in another place has the same id.
	cp -a "$TREE" moved; mkdir moved/opt; mv moved/usr/bin/plus moved/opt/other
	split rpm moved >/dev/null
	same "$(readelf -n moved/opt/other | sed -n 's/.*Build ID: //p')" "$(id_of default)"
	same "$(readelf -n "$(debug_of default /usr/bin/plus)" | sed -n 's/.*Build ID: //p')" "$(id_of default)"
}
check "build-ids: kept, recomputed, seeded" build_ids

kernel_modules() {
	mkdir -p root/lib/modules
	cat >module.c <<-'C'
	static const char info[] __attribute__((section(".modinfo"), used)) = "license=GPL";
	extern int printk(const char *, ...);
	static int counter;
	int exported = 5;
	__attribute__((noinline)) static int helper(int a) { return a * counter + exported; }
	__attribute__((section(".init.text"))) int init_module(void) { printk("%d\n", helper(3)); return 0; }
	C
	echo 'extern int exported; int other(int a) { return exported + a; }' >other.c
	gcc -g3 -O1 -ffunction-sections -fno-pie -c "$PWD/module.c"
	gcc -g -O1 -fno-pie -c "$PWD/other.c"
	ld -r --build-id=sha1 -o root/lib/modules/m.ko module.o other.o
	cp root/lib/modules/m.ko root/lib/modules/signed.ko
	printf '0123456789~Module signature appended~\n' >>root/lib/modules/signed.ko
	for way in gzip:gz xz:xz zstd:zst; do
		command -v ${way%:*} >/dev/null || continue
		${way%:*} -q <root/lib/modules/m.ko >root/lib/modules/packed.ko.${way#*:}
	done
	echo 'no module' >root/lib/modules/text.ko.gz
	cp -a root before
	BUILDDIR=$PWD split rpm root >/dev/null 2>err
	says err 'signed.ko: left alone: signed kernel module'
	cmp root/lib/modules/signed.ko before/lib/modules/signed.ko
	# What is packed already is not unpacked, and not passed over in silence.
	for packed in root/lib/modules/packed.ko.*; do
		says err "${packed#root}: left alone: a compressed kernel module"
		cmp "$packed" "before/${packed#root/}"
	done
	says_not err 'text\.ko'
	ko=root/lib/modules/m.ko
	debug=$(debug_of root /lib/modules/m.ko)
	readelf -SW $ko >sections
	says sections ' \.symtab'
	says_not sections '\.debug_|\.rela\.debug|GROUP'
	same "$(elflint $ko)" "$(elflint before/lib/modules/m.ko)"
	same "$(elflint "$debug" -d)" "$(elflint before/lib/modules/m.ko)"
	# The code and its relocations, by the symbols' names, are the same.
	objdump -dr $ko | tail -n +3 >after
	objdump -dr before/lib/modules/m.ko | tail -n +3 >code
	cmp code after
	gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/root/usr/lib/debug" \
		-ex 'info line helper' $ko >listed 2>&1
	says listed 'Line [56] of "/usr/src/debug/.*/module.c"'
}
check "kernel modules keep symbols and relocations; signed and compressed ones are left alone" kernel_modules

static_archives() {
	mkdir -p root/usr/lib
	echo 'inline int twice(int a) { return 2 * a; } int lib_a(int x) { return twice(x) + 1; }' >a.c
	echo 'extern int lib_a(int); int lib_b(int x) { return lib_a(x) * 3; }' >b.c
	echo 'extern int lib_b(int); int main() { return lib_b(1) - 9; }' >main.c
	gcc -g -O1 -ffunction-sections -c "$PWD/a.c" "$PWD/b.c"
	gcc -g -O1 -flto -ffat-lto-objects -c -o an_object_with_a_long_name.o "$PWD/b.c"
	ar rcsU root/usr/lib/libx.a a.o b.o
	ar rcs root/usr/lib/liblto.a a.o an_object_with_a_long_name.o
	ar rcsT root/usr/lib/libthin.a a.o
	ar rc root/usr/lib/package.deb main.c # an archive, but of no objects
	for layout in rpm deb; do
		cp -a root $layout
		BUILDDIR=$PWD split $layout $layout >/dev/null 2>err
		says err 'libthin.a: left alone: a thin archive'
		cmp $layout/usr/lib/package.deb root/usr/lib/package.deb
		for lib in libx liblto; do
			nm -s $layout/usr/lib/$lib.a >after; nm -s root/usr/lib/$lib.a >before
			same "$(sed -n '/^Archive index/,/^$/p' after)" "$(sed -n '/^Archive index/,/^$/p' before)"
			gcc -o program main.c $layout/usr/lib/$lib.a && ./program
			mkdir -p $layout.$lib; (cd $layout.$lib; ar x ../$layout/usr/lib/$lib.a
			for o in *.o; do
				same "$(elflint $o)" "No errors"
				objdump -dr $o | tail -n +3 >after; objdump -dr ../$o | tail -n +3 >before; cmp before after
				readelf -SW $o >sections
				if [ $layout = rpm ]; then readelf -wi $o >info; says info "/usr/src/debug/$NVRA/[ab].c"; says sections debug_info
				else says_not sections 'debug_|gnu.lto|comment'; fi
			done)
		done
		cp $layout.json first.json; cp -a $layout again
		BUILDDIR=$PWD split $layout again >/dev/null 2>&1
		diff -r again $layout; cmp again.json first.json; rm -rf again
	done
	same "$(json rpm.json '[(f["path"], f["debugFile"], len(f["sources"])) for f in m["files"]]')" \
		"[('/usr/lib/liblto.a', None, 2), ('/usr/lib/libx.a', None, 2)]"
	[ -f "rpm/usr/src/debug/$NVRA/a.c" ] && [ ! -e rpm/usr/lib/debug ]
	same "$(ar tvO deb/usr/lib/libx.a | grep -c '0/0 .* 1970')" 2
}
check "static archives: paths rewritten in layout rpm, stripped in layout deb" static_archives

symbolic_links() {
	mkdir -p root/usr/bin root/usr/lib
	cp "$TREE/usr/lib/libx.so.1" root/usr/lib
	ln -s libx.so.1 root/usr/lib/libx.so
	ln -s usr/lib root/lib
	ln -s /lib/libx.so root/usr/bin/absolute
	ln -s ../../../../../lib/libx.so.1 root/usr/bin/up
	ln -s round root/usr/bin/round
	ln -s /etc/passwd root/usr/bin/outside
	split rpm root >/dev/null
	same "$(readlink "$(debug_of root /usr/lib/libx.so)")" "libx.so.1$SUFFIX.debug"
	same "$(readlink "$(debug_of root /usr/bin/absolute)")" "../lib/libx.so.1$SUFFIX.debug"
	same "$(readlink "$(debug_of root /usr/bin/up)")" "../lib/libx.so.1$SUFFIX.debug"
	same "$(find root/usr/lib/debug/usr -type l | wc -l)" 3
}
check "a .debug link for each symbolic link to a file that was split" symbolic_links

broken_files() {
	mkdir -p root/bin
	for size in 4 20 64 100 1000 5000; do head -c $size "$TREE/usr/bin/plus" >root/bin/cut$size; done
	python3 - "$TREE/usr/bin/plus" root/bin <<-'P'
	import sys, struct
	b = bytearray(open(sys.argv[1], 'rb').read())
	shoff, = struct.unpack_from('<Q', b, 40)
	for name, at, value in ('shoff', 40, 1 << 63), ('phnum', 56, 60000), ('shsize', shoff + 5 * 64 + 32, 1 << 62), ('names', 62, 3):
	    c = bytearray(b)
	    c[at:at + (2 if at in (56, 62) else 8)] = value.to_bytes(2 if at in (56, 62) else 8, 'little')
	    open(sys.argv[2] + '/' + name, 'wb').write(c)
	P
	cp -a root before
	status 3 split rpm root
	says err '/bin/cut1000: .*offset'
	says err '/bin/shsize: '
	for f in cut20 cut64 cut100 cut1000 cut5000 shoff phnum shsize; do cmp root/bin/$f before/bin/$f; done
}
check "broken files are told and left as they were" broken_files

usage() {
	mkdir root
	status 2 "$PKGNOTE" split root
	says err -- '--layout is required'
	status 2 "$PKGNOTE" split --layout=rpm --name=a --package-version=1 root
	says err -- '--arch is required'
	status 2 "$PKGNOTE" split --layout=rpm --name=a/b --package-version=1 --arch=x root
	says err "'a/b' cannot be part of a file name"
	status 2 "$PKGNOTE" split --layout=rpm --name=a --package-version=1 --arch=x --build-id=some root
	status 2 "$PKGNOTE" split --layout=rpm --name=a --package-version=1 --arch=x --build-dir=relative root
	status 2 "$PKGNOTE" split --layout=rpm --name=a --package-version=1 --arch=x -k name=x root
	status 2 "$PKGNOTE" split --layout=rpm --name=a --package-version=1 --arch=x
	status 3 "$PKGNOTE" split --layout=rpm --name=a --package-version=1 --arch=x nowhere
	status 0 "$PKGNOTE" split --layout=rpm --name=a --package-version=1 --arch=x --json root
	same "$(json out '(m["manifestVersion"], m["package"]["name"], m["files"])')" "(1, 'a', [])"
}
check "wrong usage" usage
finish
