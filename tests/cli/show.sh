# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote show: files, trees, archives, packages, PE images; the table and JSON.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

program() { # NAME [LINKER OPTION]...: a program with a note
	local name=$1; shift
	echo 'int main(void) { return 0; }' >"$name.c"
	"$CC" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"deb","name":"x","version":"1:2-3"}' -o "$name" "$name.c" "$@"
}

# field NAME: of each line of ./out, by a reader of JSON that is not ours; objects as JSON.
field() {
	perl -MJSON::PP -ne 'BEGIN { $json = JSON::PP->new->canonical->allow_nonref->utf8; $key = shift }
		$value = $json->decode($_)->{$key}; print defined $value ? (ref $value ? $json->encode($value) : $value) : "null", "\n"' "$1" <out
}

all_fields() {
	need perl readelf
	program it
	status 0 "$PKGNOTE" show --json it
	same "$(field path)" it
	same "$(field kind)" executable
	same "$(field machine)" "$(uname -m)"
	same "$(field class)" 64
	same "$(field byteOrder)" little
	same "$(field package)" '{"name":"x","type":"deb","version":"1:2-3"}'
	same "$(field buildId)" "$(readelf -n it | sed -n 's/.*Build ID: //p')"
	same "$(field debugLink)" null
	same "$(field problems)" '[]'
	same "$(field notes)" null
	grep -q '"package":{"type":"deb","name":"x","version":"1:2-3"}' out # in the note's order
	status 0 "$PKGNOTE" show --json --all it
	says out '"owner":"GNU","type":3,"name":"NT_GNU_BUILD_ID","size":20,"offset":[0-9]+'
	says out '"owner":"FDO","type":3405650558,"name":"NT_FDO_PACKAGING_METADATA"'
}
check "the fields of a record" all_fields

debuglink() {
	need perl objcopy
	program it
	head -c 999 /dev/urandom >it.debug
	objcopy --add-gnu-debuglink=it.debug it
	status 0 "$PKGNOTE" show --json it
	same "$(field debugLink)" "{\"crc32\":\"$(gzip -c it.debug | tail -c 8 | od -An -tx4 -N4 | tr -d ' ')\",\"name\":\"it.debug\"}"
}
check "the debuglink with its CRC" debuglink

kinds() {
	need perl
	program pie -pie -fPIE; program fixed -no-pie; program static -static; program so -shared -fPIC -Wl,-soname,so
	"$CC" -static-pie -o spie pie.c 2>/dev/null || cp pie spie
	"$CC" -c -o rel.o pie.c
	status 0 "$PKGNOTE" show --json pie fixed static spie so rel.o /lib*/*/libc.so.6
	same "$(field kind | tr '\n' ' ')" "executable executable executable executable shared-library relocatable shared-library "
}
check "kinds: executables of any sort, libraries (libc too, which runs), objects" kinds

the_table() {
	program it
	status 0 "$PKGNOTE" show it
	says out '^BUILD-ID +MACHINE +KIND +PACKAGE +FILE$'
	says out "^[0-9a-f]{40} +$(uname -m) +executable +deb x 1:2-3 +it\$"
	same "$(wc -l <out)" 2
	: >none; status 3 "$PKGNOTE" show none; [ ! -s out ]
}
check "the table" the_table

trees() {
	mkdir -p "tree/a b" tree/c outside
	program it
	cp it "tree/a b/it"; cp it tree/c/z; cp it outside/hidden
	ln -s ../../outside tree/c/dir; ln -s ../../outside/hidden tree/c/link; ln -s /bin/true tree/true
	echo text >tree/text; : >tree/empty; printf '\177EL' >tree/short; mkfifo tree/fifo
	status 0 "$PKGNOTE" show --json tree
	same "$(sed 's/.*"path":"\([^"]*\)".*/\1/' out | tr '\n' '|')" "tree/a b/it|tree/c/z|"
	[ ! -s err ]
	status 0 "$PKGNOTE" show --json tree/
	says out '"path":"tree/c/z"'
	# Named, a link is followed, and what is no ELF file is an error.
	status 0 "$PKGNOTE" show tree/c/link
	status 3 "$PKGNOTE" show tree/text tree/c/z
	says err '^pkgnote show: tree/text: not an ELF file, PE image, archive or package'
	says out 'tree/c/z$'
	status 3 "$PKGNOTE" show nothing
	says err '^pkgnote show: nothing: open: No such file'
	timeout 5 "$PKGNOTE" show tree/fifo >out 2>err && return 1
	says err 'tree/fifo: not a regular file'
}
check "trees: sorted, links not followed, other files passed over" trees

strange_names() {
	need perl
	mkdir tree; program it; cp it "tree/$(printf 'n\nl')"; cp it "tree/$(printf '\377\"')"
	status 0 "$PKGNOTE" show --json tree
	same "$(wc -l <out)" 2
	same "$(field path | tr '\n' '|')" 'tree/n|l|tree/%FF"|'
	status 0 "$PKGNOTE" show tree
	same "$(wc -l <out)" 3
}
check "names with newlines and other bytes" strange_names

any_number_of_jobs() {
	mkdir tree; program it
	for i in $(seq 1 60); do cp it "tree/$i"; echo "$i" >"tree/$i.txt"; printf '\177ELF\2\1\1%064d' 0 >"tree/$i.bad"; done
	status 3 "$PKGNOTE" show -j1 --json --all tree tree/1 it; mv out out1; mv err err1
	status 3 "$PKGNOTE" show -j8 --json --all tree tree/1 it
	cmp out out1; cmp err err1
	same "$(wc -l <out1)" 62
	same "$(wc -l <err1)" 60
}
check "the same output with any number of jobs" any_number_of_jobs

dlopen_notes() {
	need perl
	cat >it.s <<-'S'
		.section .note.dlopen,"a",%note
		.balign 4
		.long 4, 4f-3f, 0x407c0c0a
		.asciz "FDO"
		3: .asciz "[{\"soname\":[\"libz.so.1\",\"libz.so.0\"],\"feature\":\"zip\",\"description\":\"Reads zips\",\"priority\":\"suggested\"},{\"soname\":[\"liby.so\"]}]"
		4: .balign 4
		.section .note.GNU-stack,"",%progbits
	S
	program it it.s
	status 0 "$PKGNOTE" show --all it
	says out '^      dlopen libz\.so\.1 or libz\.so\.0, suggested, for zip: Reads zips$'
	says out '^      dlopen liby\.so, recommended$'
	status 0 "$PKGNOTE" show --all --json it
	says out '"name":"NT_FDO_DLOPEN_METADATA","size":[0-9]+,"offset":[0-9]+,"dlopen":\[\{"soname":\["libz.so.1","libz.so.0"\]'
}
check ".note.dlopen is decoded" dlopen_notes

static_archives() {
	need ar perl
	echo 'int f(void) { return 1; }' >a.c; cp a.c a_rather_long_name_of_an_object.c
	"$CC" -c a.c a_rather_long_name_of_an_object.c; echo text >text.txt
	ar rcs lib.a a.o a_rather_long_name_of_an_object.o text.txt
	status 0 "$PKGNOTE" show --json lib.a
	same "$(field member | tr '\n' ' ')" "a.o a_rather_long_name_of_an_object.o "
	same "$(field kind | sort -u)" relocatable
	mkdir tree; cp lib.a tree
	status 0 "$PKGNOTE" show tree; [ ! -s out ]
	ar rcsT thin.a a.o; status 3 "$PKGNOTE" show thin.a
	says err 'thin archive'
	head -c 300 lib.a >cut.a; status 3 "$PKGNOTE" show cut.a
	says err 'cut.a: archive'
}
check "members of static archives" static_archives

pe_images() {
	need perl objcopy
	objcopy --info | grep -q pei-x86-64 || skip "no PE support in objcopy"
	echo 'int main(void) { return 0; }' >it.c; "$CC" -nostdlib -c it.c; printf '{"type":"uki","name":"linux"}' >note
	objcopy -O pei-x86-64 --add-section .pkgnote=note --set-section-flags .pkgnote=contents,alloc,load,readonly,data it.o it.efi
	status 0 "$PKGNOTE" show --check --json it.efi
	same "$(field kind) $(field machine) $(field class)" "pe x86_64 64"
	same "$(field package)" '{"name":"linux","type":"uki"}'
}
check "PE images" pe_images

deb_packages() {
	need dpkg-deb perl
	mkdir -p p/DEBIAN p/usr/bin; program it; cp it "p/usr/bin/a b"; echo text >p/usr/text; ln p/usr/bin/a\ b p/usr/bin/second; ln -s x p/usr/bin/link
	printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' >p/DEBIAN/control
	for with in none gzip xz zstd; do
		dpkg-deb -Z$with -b p "$with.deb" >/dev/null 2>&1 || continue
		status 0 "$PKGNOTE" show --check --json $with.deb
		same "$(field path):$(field member)" "$with.deb:usr/bin/a b"
		same "$(field package)" '{"name":"x","type":"deb","version":"1:2-3"}'
	done
	[ -f none.deb ]; [ -f xz.deb ]
	head -c "$(($(stat -c %s xz.deb) - 200))" xz.deb >cut.deb; status 3 "$PKGNOTE" show cut.deb
	says err '^pkgnote show: cut.deb: '
}
check "a .deb, whatever its compression" deb_packages

rpm_packages() {
	need rpmbuild perl
	program it
	cat >x.spec <<-'S'
		Name: x
		Version: 1
		Release: 1
		Summary: x
		License: x
		%global debug_package %{nil}
		%global __strip /bin/true
		%description
		x
		%install
		mkdir -p %{buildroot}/usr/bin; cp %{source} %{buildroot}/usr/bin/it
		%files
		/usr/bin/it
	S
	rpmbuild -bb --define "_topdir $PWD/top" --define "source $PWD/it" --define "_rpmdir $PWD" --nodeps x.spec >log 2>&1 || { tail log; return 1; }
	status 0 "$PKGNOTE" show --json ./*/x-1-1.*.rpm
	same "$(field member)" usr/bin/it
	same "$(field package)" '{"name":"x","type":"deb","version":"1:2-3"}'
}
check "an .rpm" rpm_packages

without_section_headers() {
	need perl
	program it
	status 0 "$PKGNOTE" show --json it; field buildId >id; field package >package
	# e_shoff, e_shnum and e_shstrndx of a 64-bit file.
	printf '\0\0\0\0\0\0\0\0' | dd of=it bs=1 seek=40 conv=notrunc 2>/dev/null
	printf '\0\0\0\0' | dd of=it bs=1 seek=60 conv=notrunc 2>/dev/null
	status 0 "$PKGNOTE" show --json it
	field buildId | cmp - id; field package | cmp - package
}
check "a file without section headers" without_section_headers

broken_files() {
	program it
	for size in 10 40 64 100 300 800 2000 5000; do head -c $size it >cut.$size; done
	local got=0
	timeout 20 "$PKGNOTE" show cut.* >out 2>err || got=$?
	same $got 3
	# A program header table beyond the end, sizes that wrap.
	cp it lies; printf '\377\377\377\377\377\377\377\177' | dd of=lies bs=1 seek=32 conv=notrunc 2>/dev/null
	status 3 "$PKGNOTE" show lies
	says err '^pkgnote show: lies: .*offset'
}
check "files that are cut short or lie" broken_files
finish
