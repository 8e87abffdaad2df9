# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote split and find-debuginfo with what packagers of a whole archive bring along: links of before, other
# machines, odd names, other users' files, sections that belong together.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"

split_rpm() { "$PKGNOTE" split --layout=rpm --name=n --package-version=1 --release=2 --arch=a "$@"; }
split_deb() { "$PKGNOTE" split --layout=deb --name=n --package-version=1 --arch=amd64 "$@"; }
sections() { readelf -SW "$1" 2>/dev/null | sed -nE 's/^ *\[ *[0-9]+\] ([^ ]+) +([A-Z_0-9]+) .*/\1 \2/p'; }
# find_debuginfo OPTION... BUILDDIR: the tree is ./root.
find_debuginfo() {
	RPM_BUILD_ROOT=$PWD/root RPM_BUILD_DIR=$PWD RPM_PACKAGE_NAME=n RPM_PACKAGE_VERSION=1 RPM_PACKAGE_RELEASE=2 RPM_ARCH=a \
		"$PKGNOTE" find-debuginfo --build-id-seed 1-2 --unique-debug-suffix -1-2.a --unique-debug-src-base n-1-2.a "$@"
}

links_of_before() {
	need gcc objcopy strip eu-unstrip
	mkdir -p tree/bin
	echo 'int f(int a) { return a + 1; } int main(void) { return f(-1); }' >a.c
	gcc -g a.c -o tree/bin/pie
	gcc -g -static a.c -o tree/bin/static
	gcc -g -shared -fPIC a.c -o tree/bin/lib.so
	gcc -g a.c -o tree/bin/symbols; strip -g tree/bin/symbols
	echo '__attribute__((section(".modinfo"), used)) static const char l[] = "license=GPL"; int x;' >m.c
	gcc -g -c m.c -o tree/bin/m.ko
	for f in tree/bin/*; do
		objcopy --only-keep-debug "$f" upstream.debug; objcopy --add-gnu-debuglink=upstream.debug "$f"
	done
	# Nothing is left to move in this one.
	gcc -s a.c -o tree/bin/done; objcopy --add-gnu-debuglink=upstream.debug tree/bin/done
	rm upstream.debug
	for layout in rpm deb; do
		rm -rf root; cp -a tree root
		status 0 "split_$layout" -q --manifest=m.json root
		"split_$layout" root >/dev/null 2>err.second # again: nothing is done twice
		for f in pie static lib.so symbols $([ $layout = deb ] || echo m.ko); do
			sections root/bin/$f >now
			says_not now '^\.debug_|^\.stab'
			same "$(grep -c '^.gnu_debuglink ' now)" 1
			debug=$(readelf -p .gnu_debuglink root/bin/$f | sed -nE 's/^ *\[ *0\] +//p')
			says_not <(echo "$debug") upstream
			path=$(find root/usr/lib/debug -type f -name "$debug")
			sections "$path" >now
			says now '^\.(debug_info|symtab) '
			case $f in static | *.ko) ;; *) eu-unstrip -o joined root/bin/$f "$path" ;; esac
		done
		HOME=$PWD gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/root/usr/lib/debug" -ex 'info line f' root/bin/pie >gdb.out 2>&1
		says gdb.out 'Line 1 of .*a.c'
		cmp root/bin/done tree/bin/done
		says_not err.second 'dropped'
		rm -rf root; cp -a tree root; "split_$layout" root >out 2>err
		same "$(grep -c "debuglink to 'upstream.debug', which is dropped" err)" $([ $layout = rpm ] && echo 5 || echo 4)
		says err '/bin/done: left alone: already split'
	done
}
# Of two files that differ in headers alone, neither is refused, whoever comes first.
one_id_for_one_debug_file() {
	mkdir -p root/usr/bin
	echo 'int main(void) { return 0; }' >p.c
	gcc -g -Wl,--build-id p.c -o root/usr/bin/a
	for field in 40 48 56; do # link, alignment, entry size
		cp root/usr/bin/a root/usr/bin/b$field
		python3 - root/usr/bin/b$field $field <<-'P'
		import struct, sys
		path, field = sys.argv[1], int(sys.argv[2])
		data = bytearray(open(path, 'rb').read())
		shoff, = struct.unpack_from('<Q', data, 40)
		size, count, names = struct.unpack_from('<HHH', data, 58)
		table, = struct.unpack_from('<Q', data, shoff + names * size + 24)
		for i in range(count):
		    name, = struct.unpack_from('<I', data, shoff + i * size)
		    if data[table + name:].startswith(b'.debug_aranges\0'):
		        struct.pack_into('<I', data, shoff + i * size + field, 4)
		open(path, 'wb').write(data)
		P
	done
	cp -a root one
	for jobs in 1 4; do
		rm -rf root$jobs; cp -a one root$jobs
		status 0 "$PKGNOTE" split --layout=deb --name=n --package-version=1 --arch=amd64 -j$jobs root$jobs
		says_not err 'differs'
	done
	diff -r root1 root4
	[ "$(find root1 -name '*.debug' -type f | wc -l)" = 4 ]
}

check "a debuglink beside debug information is dropped, and said; beside none, the file is done" links_of_before

# Not by name: what a section says that it belongs to.
sections_that_belong_together() {
	need gcc objcopy as readelf eu-elflint
	mkdir -p root/bin root/lib
	cat >a.c <<-'C'
	asm(".stabs \"int:t1=r1;-128;127;\",128,0,0,0");
	int main(void) { return 0; }
	C
	gcc -g a.c -o root/bin/stabs
	cat >m.s <<-'S'
	.section .modinfo,"a"; .asciz "license=GPL"
	.section .text.f,"axG",@progbits,f,comdat
	.globl f
	f: ret
	.section .xxxx.f,"G",@progbits,f,comdat
	.long 1; .byte 0x64, 0; .short 0; .long f
	.section .xxxxstr.f,"G",@progbits,f,comdat
	.asciz "x"
	S
	as m.s -o root/lib/m.ko
	objcopy --rename-section .xxxx.f=.stab.f --rename-section .xxxxstr.f=.stabstr.f --rename-section .rela.xxxx.f=.rela.stab.f root/lib/m.ko
	# Ours alone: a table that is asked to go, whose relocations and strings have no name that tells.
	cat >t.s <<-'S'
	.section .modinfo,"a"; .asciz "license=GPL"
	.text; g: ret
	.section .our_table,"",@progbits
	.quad g
	S
	as -g t.s -o root/lib/t.ko
	split_rpm -q '--remove-section=.our_table' root
	for f in bin/stabs lib/m.ko lib/t.ko; do
		sections root/$f >shipped
		sections "root/usr/lib/debug/$f-1-2.a.debug" >debug
		says_not shipped '\.stab|our_table'
		eu-elflint --gnu-ld root/$f >lint 2>&1 || true
		says_not lint 'sh_link|sh_info|group'
	done
	says <(sections root/usr/lib/debug/bin/stabs-1-2.a.debug) '^\.stabstr STRTAB'
	says <(sections root/usr/lib/debug/lib/t.ko-1-2.a.debug) '^\.rela\.our_table RELA'
	readelf -rW root/usr/lib/debug/lib/t.ko-1-2.a.debug >relocations
	says relocations 'R_X86_64_64'
	# Kept by wish, a section has its strings with it.
	gcc -g a.c -o root/bin/stabs
	split_rpm -q '--keep-section=.stab' root
	says <(sections root/bin/stabs) '^\.stabstr STRTAB'
	objdump -G root/bin/stabs >shown
	says shown 'int:t1'
}
check "strings, relocations and groups go where what they belong to goes" sections_that_belong_together

kept_symbols() {
	need gcc readelf eu-unstrip
	mkdir -p tree/lib tree/bin
	echo 'int f(int a) { return a + 1; } int main(void) { return f(-1); }' >a.c
	gcc -g a.c -o tree/bin/a; gcc -g -shared -fPIC a.c -o tree/lib/ld-2.so
	ln tree/lib/ld-2.so tree/lib/other
	cp -a tree root
	split_rpm -q '--keep-symtab=*/ld-*.so*' root
	says <(sections root/lib/ld-2.so) '^\.symtab SYMTAB'
	says_not <(sections root/bin/a) '^\.symtab'
	# It is there once: the debug file has its header alone, as eu-strip -g leaves it.
	says <(sections root/usr/lib/debug/lib/ld-2.so-1-2.a.debug) '^\.symtab NOBITS'
	says <(sections root/usr/lib/debug/lib/ld-2.so-1-2.a.debug) '^\.strtab NOBITS'
	eu-unstrip -o joined root/lib/ld-2.so root/usr/lib/debug/lib/ld-2.so-1-2.a.debug
	same "$(readelf -sW joined | awk '$8 == "f" && $2 !~ /^0+$/' | wc -l)" 2
	gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/root/usr/lib/debug" -ex 'info line f' root/lib/ld-2.so >gdb 2>&1
	says gdb 'Line 1 of .*a.c'
	status 2 split_rpm --keep-symtab=lib root
	says err 'all, libs or a pattern'
	rm -rf root; cp -a tree root; mkdir build
	find_debuginfo '--keep-symtab=*/ld-*.so*' build >out 2>&1
	says <(sections root/lib/ld-2.so) '^\.symtab SYMTAB'
	says_not <(sections root/bin/a) '^\.symtab'
}
check "--keep-symtab takes patterns, in find-debuginfo too, and the table is there once" kept_symbols

modes() {
	need gcc
	mkdir -p root/bin root/lib build
	echo 'int x; int main(void) { return x; }' >a.c
	gcc -g a.c -o root/bin/run; gcc -g a.c -o root/bin/data; gcc -g -no-pie a.c -o root/bin/data2
	gcc -g -shared -fPIC a.c -o root/lib/liba.so
	echo '__attribute__((section(".modinfo"), used)) static const char l[] = "license=GPL"; int x;' >m.c
	gcc -g -c m.c -o root/lib/m.ko; gcc -g a.c -o root/bin/not
	chmod 0644 root/bin/data* root/lib/*
	cp -a root before
	find_debuginfo --exclude=/bin/not build >out 2>&1
	for f in bin/data bin/data2 bin/not; do cmp root/$f before/$f; done
	says out '/bin/data: left alone: nobody may execute it'
	for f in bin/run lib/liba.so lib/m.ko; do says_not <(sections root/$f) '^\.debug_info'; done
	find_debuginfo --all-modes build >out 2>&1
	says_not <(sections root/bin/data) '^\.debug_info'
}
check "find-debuginfo goes by the x bit, but for libraries and modules" modes

foreign_machines() {
	need gcc python3
	mkdir -p root/fw
	echo 'int x = 3; void _start(void) { for (;;) x++; }' >fw.c
	gcc -g -nostdlib -static -Wl,--build-id=none -Wl,-z,nognustack fw.c -o own 2>/dev/null || gcc -g -nostdlib -static fw.c -o own
	python3 - <<-'P'
	import struct
	own = open('own', 'rb').read()
	phoff, = struct.unpack_from('<Q', own, 32); phnum, = struct.unpack_from('<H', own, 56)
	def made(name, machine, abi=0, bare=True):
	    d = bytearray(own); d[7] = abi
	    struct.pack_into('<H', d, 18, machine)
	    for i in range(phnum if bare else 0):
	        if struct.unpack_from('<I', d, phoff + 56 * i)[0] >= 0x60000000:
	            struct.pack_into('<I', d, phoff + 56 * i, 0)
	    names = d.replace(b'.note.gnu', b'.note.abc') if bare else d
	    open('root/fw/' + name, 'wb').write(names)
	made('avr', 83, bare=False); made('cuda', 190, 51, False); made('bpf', 247, bare=False); made('freebsd', 62, 9, False)
	made('cortex', 40); made('xtensa', 94)
	made('linux-arm64', 183, bare=False); made('linux-own', 62)
	P
	chmod 755 root/fw/*
	cp -a root before
	status 0 split_rpm root
	for f in avr cuda bpf freebsd cortex xtensa; do
		cmp root/fw/$f before/fw/$f
		says err "/fw/$f: left alone: not for Linux: "
	done
	for f in linux-arm64 linux-own; do says_not <(sections root/fw/$f) '^\.debug_info'; done
}
check "what was not linked for Linux is left alone, for that reason" foreign_machines

# Linked as vmlinux is: no segment has the headers, and all notes are one section. What boots, vmlinuz, was made of it before.
linux_itself() {
	need gcc
	mkdir -p root/boot
	printf '.section .note.Linux, "a", @note\n.long 6, 4, 0x100\n.asciz "%s"\n.balign 4\n.long 0\n' Linux >salt.s
	sed 's/Linux"$/Boots"/' salt.s >other.s
	echo 'int x = 3; void _start(void) { for (;;) x++; }' >k.c
	echo 'SECTIONS { /DISCARD/ : { *(.eh_frame) *(.note.GNU-stack) *(.note.gnu.property) } . = 0x1000000; .text : { *(.text*) } .notes : { *(.note.*) } .data : { *(.data) } }' >k.ld
	for f in salt:vmlinux other:firmware; do
		gcc -g -nostdlib -static -no-pie -ffreestanding -Wl,-n,-T,k.ld,--build-id,-z,max-page-size=0x1000 -o root/boot/${f#*:} k.c ${f%:*}.s 2>ld.log ||
			{ cat ld.log >&2; return 1; }
	done
	cp -a root before
	status 0 split_rpm --stamp root
	says err '/boot/firmware: left alone: not linked for Linux'
	cmp root/boot/firmware before/boot/firmware
	says err '/boot/vmlinux: its build-id is kept: the kernel that boots has it, too'
	says_not <(sections root/boot/vmlinux) '^\.(debug_info|note.package|symtab)'
	same "$(readelf -n root/boot/vmlinux | sed -n 's/.*Build ID: //p')" "$(readelf -n before/boot/vmlinux | sed -n 's/.*Build ID: //p')"
	same "$(readelf -lW root/boot/vmlinux | grep LOAD)" "$(readelf -lW before/boot/vmlinux | grep LOAD)"
	eu-unstrip -o joined root/boot/vmlinux root/usr/lib/debug/boot/vmlinux-*.debug
	eu-elfcmp before/boot/vmlinux joined
}
check "a kernel is split, keeps its build-id, and gets no note" linux_itself

# no_sections FILE: takes its section headers, and what lies behind the segments.
no_sections() {
	python3 - "$1" <<-'P'
	import struct, sys
	d = bytearray(open(sys.argv[1], 'rb').read())
	ph, n = struct.unpack_from('<Q', d, 32)[0], struct.unpack_from('<H', d, 56)[0]
	end = max(sum(struct.unpack_from('<QQQQ', d, ph + 56 * i + 8)[k] for k in (0, 3)) for i in range(n))
	struct.pack_into('<Q', d, 40, 0); struct.pack_into('<HHH', d, 58, 0, 0, 0)
	open(sys.argv[1], 'wb').write(d[:end])
	P
}

without_section_headers() {
	need gcc python3
	mkdir -p root/bin
	echo 'int main(void) { return 0; }' >a.c
	gcc a.c -o root/bin/a; no_sections root/bin/a
	gcc a.c -o root/bin/b; no_sections root/bin/b; echo payload >>root/bin/b
	status 0 split_rpm --stamp root
	says err '/bin/a: left alone: no section headers'
	says err '/bin/b: left alone: appended data'
	"$PKGNOTE" show root/bin/a >shown
	says shown 'rpm n 1-2 a +root/bin/a'
	root/bin/a
}
check "a file without section headers is named so, and gets its note" without_section_headers

# As another user, where root can be one.
as_user() {
	[ "$(id -u)" = 0 ] || skip "wants root, to be another user"
	need gcc setpriv
	command -v setpriv >/dev/null
	chmod 755 "$WORK" "$PWD"
	install -m 755 "$PKGNOTE" ./pkgnote
	local user="setpriv --reuid=65534 --regid=65534 --clear-groups"
	$user test -x "$PWD/pkgnote" || skip "no directory for another user here"
	mkdir -p root/bin root/closed root/closed2
	echo 'int main(void) { return 0; }' >a.c
	for f in bin/group bin/set-id bin/plain closed/a closed/b closed2/c; do gcc -g a.c -o root/$f; done
	ln root/closed/b root/closed2/d
	chown -R 65534:65534 root
	chgrp 0 root/bin/group root/bin/set-id; chmod 2755 root/bin/set-id; chmod 0750 root/bin/group
	chmod 555 root/closed; chmod 500 root/closed2
	cp -a root before
	status 3 $user "$PWD/pkgnote" split -j2 --layout=deb --name=n --package-version=1 --arch=amd64 root
	same "$(grep -c 'set owner of a set-id file' err)" 1
	says err '/bin/group: its group is not kept'
	cmp root/bin/set-id before/bin/set-id
	for f in bin/group bin/plain closed/a closed/b closed2/c; do
		says_not <(sections root/$f) '^\.debug_info'
		same "$(stat -c %a root/$f)" "$(stat -c %a before/$f)"
	done
	same "$(stat -c '%a %h' root/closed root/closed2 root/closed/b | tr '\n' ' ')" "$(stat -c '%a %h' before/closed before/closed2 before/closed/b | tr '\n' ' ')"
	same "$(find root -name '.pkgnote*')" ""
	[ root/closed/b -ef root/closed2/d ]
	# Nothing may be written to anywhere: what is made is made in directories of ours that are closed.
	rm -rf root; mkdir -p root/usr/lib/debug
	for f in 1 2 3 4 5 6; do mkdir -p root/usr/$f; gcc -g a.c -o root/usr/$f/p; done
	chown -R 65534:65534 root; chmod -R a-w root
	status 0 $user "$PWD/pkgnote" split -j6 --layout=rpm --name=n --package-version=1 --release=2 --arch=x86_64 root
	for f in root root/usr root/usr/lib root/usr/lib/debug root/usr/[1-6]; do same "$(stat -c %a $f)" 555; done
	same "$(find root/usr/lib/debug -type f | wc -l)" 6
	chgrp 0 root/usr/1/p
	status 0 $user "$PWD/pkgnote" stamp -k type=rpm -k name=n -k version=1 root/usr/1/p
	says err 'usr/1/p: its group is not kept'
}
check "as a user: a group that may not be given, closed directories, set-id" as_user

names_in_lists() {
	need gcc rpmbuild rpm
	mkdir -p root/bin build
	echo 'int main(void) { return 0; }' >a.c
	gcc -g a.c -o plain
	local name names=('we"ird' 'pc%{name}' '%doc' 'back\slash' 'st*r' 'wh?t' 'br[ack]et' '{a,b}' 'two words' 'two "words' 'x%%y' '#hash' "it's" '[!x]' '%')
	for name in "${names[@]}"; do cp plain "root/bin/$name"; done
	find_debuginfo -S debugsourcefiles.list build >out 2>&1
	cat >t.spec <<-S
	%global debug_package %{nil}
	%global __os_install_post %{nil}
	%global _unpackaged_files_terminate_build 0
	%global _build_id_links none
	Name: n
	Version: 1
	Release: 2
	Summary: x
	License: x
	AutoReqProv: no
	%description
	x
	%install
	mkdir -p %{buildroot}; cp -a $PWD/root/. %{buildroot}/
	%files -f $PWD/build/debugfiles.list
	S
	HOME=$PWD rpmbuild -bb --define "_topdir $PWD/top" --define "_dbpath $PWD/db" t.spec >log 2>&1 || { tail -20 log >&2; fail "rpmbuild"; }
	rpm -qp --dbpath "$PWD/db" --qf '[%{FILENAMES}|]' top/RPMS/*/*.rpm >listed 2>/dev/null
	for name in "${names[@]}"; do
		grep -qF "/usr/lib/debug/bin/$name-1-2" listed || fail "$name is not in the package"
	done
	same "$(tr '|' '\n' <listed | grep -c '\.debug$')" "${#names[@]}"
}
check "names with quotes, percent signs, backslashes, patterns, blanks get through rpmbuild" names_in_lists

many_exclusions() {
	need gcc
	mkdir -p root/bin
	echo 'int main(void) { return 0; }' >a.c
	gcc -g a.c -o root/bin/a; cp root/bin/a $'root/bin/new\nline'; cp root/bin/a 'root/bin/st*r'; cp root/bin/a root/bin/star
	cp -a root before
	seq -f '/share/%08.0f' 1 20000 | tr '\n' '\0' >list
	printf '/bin/new\nline\0/bin/st\\*r\0' >>list
	split_deb -q --exclude-from=list root 2>err
	cmp before/bin/$'new\nline' root/bin/$'new\nline'; cmp 'before/bin/st*r' 'root/bin/st*r'
	says_not <(sections root/bin/star) '^\.debug_info'
	rm -rf root; cp -a before root
	printf '/bin/a\n\n*/star\n' | split_deb -q --exclude-from=- root
	cmp before/bin/a root/bin/a; cmp before/bin/star root/bin/star
	says_not <(sections 'root/bin/st*r') '^\.debug_info'
	status 2 split_deb --exclude-from=nowhere root
	says err 'exclude-from=nowhere: No such file'
}
check "--exclude-from takes any number of names, with newlines in them too" many_exclusions

build_ids() {
	need gcc as ld gdb
	mkdir -p tree/bin
	echo 'int main(void) { return 0; }' >a.c
	gcc -g -Wl,--build-id=none a.c -o tree/bin/none
	printf '.globl _start\n_start: ret\n' >t.s; as -g t.s -o t.o; ld t.o -o tree/bin/by-hand
	gcc -g -Wl,--build-id=0xab a.c -o tree/bin/short
	rm -rf root; cp -a tree root
	status 0 split_deb --add-build-id root
	says err '/bin/none: it had no build-id: one was added'
	says err '/bin/short: left alone: its build-id of one byte is too short'
	cmp root/bin/short tree/bin/short
	for f in none by-hand; do
		readelf -n root/bin/$f >notes 2>&1
		id=$(sed -n 's/.*Build ID: //p' notes)
		same "${#id}" 40
		[ -f "root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" ]
		same "$(eu-elflint --gnu-ld root/bin/$f)" "No errors"
	done
	root/bin/none
	HOME=$PWD gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/root/usr/lib/debug" -ex 'info line main' root/bin/none >gdb.out 2>&1
	says gdb.out 'Line 1 of .*a.c'
	# The same again, and from the same input.
	cp -a root again; split_deb -q --add-build-id again; diff -r root again
	rm -rf again; cp -a tree again; split_deb -q --add-build-id again; diff -r root again
	# What can have none is stripped, if that is wanted, and said even to who asks for quiet.
	status 0 split_deb -q --without-build-id=strip root
	says err '/bin/short: no build-id by which a debug file could be found: its debug information is dropped'
	says_not <(sections root/bin/short) '^\.(debug_|symtab)'
	rm -rf root; cp -a tree root; mkdir build
	find_debuginfo --add-build-id --strict-build-id build >out 2>&1
	says out 'one was added'
}
check "--add-build-id: gdb finds the debug file of what had no id; --without-build-id" build_ids

ids_of_copies() {
	need gcc
	mkdir -p root/lib root/bin
	echo 'int f(int a) { return a; }' >a.c
	gcc -g -shared -fPIC a.c -o root/lib/k.so; cp root/lib/k.so root/bin/copy; gcc -g -shared -fPIC -DX=1 -O1 a.c -o root/bin/other
	id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
	before=$(id root/bin/copy) other=$(id root/bin/other)
	status 0 split_deb '--exclude=*.so' root
	same "$(id root/bin/copy)" "$before"
	[ -f "root/usr/lib/debug/.build-id/${before:0:2}/${before:2}.debug" ]
	[ "$(id root/bin/other)" != "$other" ]
	says err '/bin/copy: its build-id is kept: a file that is left out has it'
}
check "an id is made anew for all files that have it, or kept" ids_of_copies

comments() {
	need gcc
	mkdir -p tree/bin
	echo 'int main(void) { return 0; }' >a.c
	gcc -s a.c -o tree/bin/bare
	says <(sections tree/bin/bare) '^\.comment'
	cp -a tree root; split_deb -q --stamp root
	says_not <(sections root/bin/bare) '^\.comment'
	root/bin/bare
	"$PKGNOTE" show --check root >shown
	same "$(readelf -n root/bin/bare | sed -n 's/.*Build ID: //p')" "$(readelf -n tree/bin/bare | sed -n 's/.*Build ID: //p')"
	rm -rf root; cp -a tree root; split_rpm -q root; cmp root/bin/bare tree/bin/bare
	rm -rf root; cp -a tree root; split_deb -q --keep-section=.comment root; cmp root/bin/bare tree/bin/bare
}
check "layout deb: no .comment in files without debug information either" comments

notes_of_others() {
	need gcc
	mkdir -p root/bin
	echo 'int main(void) { return 0; }' >a.c
	for name in own other; do
		gcc -g a.c -o root/bin/$name
		"$PKGNOTE" stamp -q --payload <(printf '{"type":"rpm","name":"%s","version":"0"}' "${name/own/n}") root/bin/$name
	done
	split_rpm -q --stamp root
	"$PKGNOTE" show root/bin/own root/bin/other >shown
	says shown 'rpm n 0 .*bin/own'
	says shown 'rpm n 1-2 a.*bin/other'
	grep -qa '"name":"other"' root/bin/other
	cp -a root again; split_rpm -q --stamp again; diff -r root again
}
check "split --stamp keeps a note of its own package, and goes before another's" notes_of_others

# A dwz that does not know the version of the index, and drops it.
index_after_dwz() {
	need gcc gdb dwz objcopy
	mkdir -p bin tree/bin
	printf '#!/bin/sh\nfor last; do :; done\n%s "$@" || exit\nfor f; do [ ! -f "$f" ] || objcopy -R .gdb_index "$f"; done\n' "$(command -v dwz)" >bin/dwz
	chmod 755 bin/dwz
	echo 'struct s { int a; } x; int f(struct s *y) { return y->a; } int main(void) { return f(&x); }' >a.c
	gcc -g a.c -o tree/bin/a; gcc -g -O1 a.c -o tree/bin/b
	cp -a tree root
	PATH=$PWD/bin:$PATH status 0 split_rpm --gdb-index --dwz=single root
	says <(sections root/usr/lib/debug/bin/a-1-2.a.debug) '^\.gdb_index '
	readelf --debug-dump=gdb_index root/usr/lib/debug/bin/a-1-2.a.debug >index 2>/dev/null; says index 'main'
	says_not err 'no index'
	rm -rf root; cp -a tree root
	PATH=$PWD/bin:$PATH status 0 split_rpm --gdb-index --dwz=multi root
	if ! sections root/usr/lib/debug/bin/a-1-2.a.debug | grep -q '^\.gdb_index '; then says err '/bin/a: its debug file has no index: dwz dropped it'; fi
}
check "an index that dwz drops is made again, or missed aloud" index_after_dwz

explains() {
	need gcc
	echo 'int main(void) { return 0; }' >a.c
	gcc -g a.c -o a; gcc -s a.c -o bare; gcc -g -Wl,--build-id=none a.c -o none
	cp a before
	status 0 "$PKGNOTE" split --explain=a
	says out '^scan: to be split'
	says out '^build-id: [0-9a-f]{40}, made anew'
	says out '^  \.debug_info +[0-9]+  debug '
	says out '^  \.text +[0-9]+  shipped +it is loaded'
	says out '^  \.note\.gnu\.build-id +[0-9]+  both '
	cmp a before
	status 0 "$PKGNOTE" split --layout=deb --explain=bare; says out 'left alone: no debug information'
	status 0 "$PKGNOTE" split --layout=deb --explain=none; says out 'build-id: none .*layout deb'
	status 3 "$PKGNOTE" split --explain=nowhere
	status 2 "$PKGNOTE" split --explain=a .
	status 0 "$PKGNOTE" split --keep-symtab --explain=a; says out '^  \.symtab +[0-9]+  shipped +--keep-symtab'
}
check "--explain tells what would be done to a file, and why" explains

outputs_first() {
	need gcc
	mkdir -p root/bin build
	echo 'int main(void) { return 0; }' >a.c
	gcc -g a.c -o root/bin/a; cp root/bin/a before; touch file
	status 3 find_debuginfo -O file/lists build
	says err 'file/lists: lists cannot be written there: Not a directory'
	cmp before root/bin/a
	find_debuginfo -O new/lists build >out 2>&1
	says new/lists/debugfiles.list '/usr/lib/debug/bin/a-1-2.a.debug'
}
check "find-debuginfo -O makes its directory, or says so before the tree changes" outputs_first


long_names() {
	need gcc gdb
	local k name
	printf 'int main(void) { return 0; }\n' >p.c
	gcc -g -o p "$PWD/p.c"
	mkdir -p root/usr/bin
	for k in 230 240 254 255; do cp p root/usr/bin/$(printf 'x%.0s' $(seq $k)); done
	name=$(printf 'ä%.0s' $(seq 127)); cp p root/usr/bin/$name; cp p root/usr/bin/${name}b
	cp -a root again
	status 0 "$PKGNOTE" split --layout=rpm --name=n --package-version=1 --release=2 --arch=x86_64 --build-dir="$PWD" --manifest=m root
	same "$(grep -c "its debug file's name would be too long: it is cut short$" err)" 5
	same "$(find root/usr/lib/debug/usr -name '*-1-2.x86_64.debug' | wc -l)" 6
	find root/usr/lib/debug | iconv -f UTF-8 -t UTF-8 >/dev/null
	for name in root/usr/bin/*; do
		gdb -nx -batch -iex "set debug-file-directory $PWD/root/usr/lib/debug" -ex 'info line main' "$name" >gdb.out 2>&1
		says gdb.out 'Line 1 of '
		readelf -p .gnu_debuglink "$name" | sed -nE 's/^ *\[ *0\] +//p' >link
		[ -f "root/usr/lib/debug/usr/bin/$(cat link)" ] || [[ $name == *ä* ]] # readelf writes other letters
	done
	"$PKGNOTE" split --check --manifest=m root >out
	"$PKGNOTE" split --layout=rpm --name=n --package-version=1 --release=2 --arch=x86_64 --build-dir="$PWD" --manifest=m2 root >out 2>&1
	cmp m m2
	printf '/usr/bin/%s\n' "$(printf 'x%.0s' $(seq 255))" >sub.list
	RPM_BUILD_ROOT=$PWD/again RPM_BUILD_DIR=$PWD RPM_PACKAGE_NAME=n "$PKGNOTE" find-debuginfo --unique-debug-suffix -1-2.x86_64 -l sub.list -o chosen.list . >out 2>&1
	says chosen.list '/usr/lib/debug/usr/bin/x{225,}~[0-9a-f]{8}-1-2\.x86_64\.debug$'
}
check "a debug file's name that would be too long is cut short, and found" long_names

# More than 65,279 sections: their number and that of the names' table stand in the first header, symbols' in a table of
# their own. As gcc -ffunction-sections makes them of generated code.
many_sections() {
	need as ld readelf
	awk 'BEGIN { n = 65600; print "\t.file \"x.c\""
		for (i = 0; i < n; i++) printf "\t.section .text.f%d,\"ax\",%%progbits\n\t.globl f%d\n\t.type f%d,%%function\nf%d:\n\tnop\n\t.size f%d, .-f%d\n", i, i, i, i, i, i
		print "\t.section .modinfo,\"a\"\n\t.string \"license=GPL\"\n\t.section .gnu.linkonce.this_module,\"aw\"\n\t.zero 64\n\t.text\n\t.globl _start\n_start:\n\tnop" }' >x.s
	as -g -o x.o x.s
	mkdir -p root/lib root/usr/bin root/usr/lib
	ld -r --build-id -o root/lib/x.ko x.o
	ld --build-id --unique='.text.f*' -o root/usr/bin/x x.o
	ar rcs root/usr/lib/libx.a x.o
	nm x.o >want
	cp -a root plain
	for layout in rpm deb; do
		rm -rf root; cp -a plain root
		status 0 "$PKGNOTE" split --layout=$layout --name=n --package-version=1 --arch=x86_64 --build-dir="$PWD" --reloc-debug --manifest=m root
		says out '^3 split, 0 left alone, 0 failed'
		for file in lib/x.ko usr/bin/x; do
			id=$(readelf -n root/$file 2>/dev/null | sed -n 's/.*Build ID: //p')
			debug=root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
			same "$(readelf -SW "$debug" | grep -cE '\.text\.f[0-9]+ ')" 65600
			readelf -wi --dwarf-depth=1 "$debug" >dwarf 2>/dev/null
			says dwarf 'DW_AT_comp_dir .*/usr/src/debug/n-1.x86_64$'
		done
		nm root/lib/x.ko | cmp - want
		nm root/usr/lib/libx.a 2>/dev/null | grep ' [Tt] ' | sort >have; grep ' [Tt] ' want | sort | diff have -
		ld -r -o whole.o --whole-archive root/usr/lib/libx.a
		same "$(readelf -SW whole.o | grep -cE '\.text\.f[0-9]+ ')" 65600
	done
}
check "files of more than 65,279 sections" many_sections

# Built in a directory of its own, a program names "../../src/a.c": nobody finds that without the directory.
compiled_elsewhere() {
	need gcc gdb
	mkdir -p top/src top/objects/deep root/usr/bin root/usr/lib
	printf 'int main(void) { return 0; }\n' >top/src/a.c
	printf 'int b(void) { return 0; }\n' >top/src/b.c
	for g in 4 5; do (cd top/objects/deep && gcc -g -gdwarf-$g -o ../../../root/usr/bin/p$g ../../src/a.c); done
	(cd top/objects && gcc -g -c -o b.o ../src/b.c && ar rcs ../../root/usr/lib/libb.a b.o)
	cp -a root plain; cp -a root other; cp -a root peer; cp -a top/src kept
	"$PKGNOTE" split --layout=rpm --name=n --package-version=1 --arch=x86_64 --build-dir="$PWD/top" --manifest=m root >out
	same "$(find root/usr/src/debug/n-1.x86_64 -printf '%y %P\n' | sort | tr '\n' ' ')" 'd  d objects d objects/deep d src f src/a.c f src/b.c '
	for g in 4 5; do
		gdb -nx -batch -iex "set debug-file-directory $PWD/root/usr/lib/debug" -ex "set substitute-path /usr/src $PWD/root/usr/src" \
			-ex 'list main' root/usr/bin/p$g >gdb.out 2>&1
		says gdb.out '^1.*int main'
	done
	rm -r root/usr/src/debug/n-1.x86_64/objects
	"$PKGNOTE" split --layout=rpm --name=n --package-version=1 --arch=x86_64 --build-dir="$PWD/top" --manifest=m2 root >out
	[ -d root/usr/src/debug/n-1.x86_64/objects/deep ]; cmp m m2
	export RPM_BUILD_DIR=$PWD RPM_PACKAGE_NAME=n
	RPM_BUILD_ROOT=$PWD/plain "$PKGNOTE" find-debuginfo -q -S sources.list --unique-debug-src-base n-1.x86_64 top >out
	same "$(tr '\0' ' ' <top/debugsources.list)" 'objects/ objects/deep/ src/a.c src/b.c '
	# Without a source there is nothing to be found from there.
	rm -r top/src
	"$PKGNOTE" split --layout=deb --name=n --package-version=1 --arch=x86_64 --build-dir="$PWD/top" other >out 2>&1
	[ ! -e other/usr/src ]
	command -v find-debuginfo >/dev/null || return 0
	export RPM_BUILD_ROOT=$PWD/peer RPM_PACKAGE_VERSION=1 RPM_PACKAGE_RELEASE=1 RPM_ARCH=x86_64
	rm peer/usr/lib/libb.a; mv kept top/src
	(cd top && find-debuginfo -j1 -i --build-id-seed 1-1 --unique-debug-suffix -1 --unique-debug-src-base n-1.x86_64 -S sources.list "$PWD") >out 2>&1
	same "$(tr '\0' '\n' <top/debugsources.list | sort -u | tr '\n' ' ')" 'objects/deep/ src/a.c '
}
check "directories in which units were compiled are there, and listed" compiled_elsewhere
check "one id is for one debug file" one_id_for_one_debug_file
finish
