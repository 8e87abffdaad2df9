# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote flags: in each form, through make, shells, specs, configuration and response files, the note
# arrives byte for byte, whatever its values hold.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/stamped.sh"
CC=${CC:-gcc}
NAME='a,b "c" $d ${e} %f %20 {g} é \ \\ '"'h'"' #i `j` $(k) * ~ ! & ; | < > (l) @m'
WANT='{"type":"test","name":"a,b \"c\" $d ${e} %f %20 {g} é \\ \\\\ '"'h'"' #i `j` $(k) * ~ ! & ; | < > (l) @m"}'

flags() { "$PKGNOTE" flags --payload <(echo '{"type":"test"}') -k "name=$NAME" "$@"; }
source_file() { printf '#include <stdio.h>\nint main(void) { return puts("ran") < 0; }\n' >main.c; }

# holds PROGRAM: it runs, and its note is the one that was asked for.
holds() {
	same ran "$("./$1")"
	same "$WANT" "$(readelf -nW "$1" | sed -n 's/.*Packaging Metadata: //p')"
}

every_form_arrives() {
	source_file
	flags --as=argv >argv
	mapfile -t words <argv
	$CC -o by-argv main.c "${words[@]}"
	holds by-argv
	eval "$CC -o by-shell main.c $(flags --as=shell)"
	holds by-shell
	{ printf 'LDFLAGS := %s' "$(flags --as=make)"; printf '\nby-make: main.c\n\t$(CC) -o $@ $< $(LDFLAGS)\n'; } >Makefile
	make -s CC="$CC" by-make
	holds by-make
	flags --as=response -o note.rsp
	$CC -o by-response main.c @note.rsp
	holds by-response
	flags --as=argv --json | grep -q '^{"arguments":\["-Xlinker","--package-metadata='
}
check "argv, shell, make and response file" every_form_arrives

specs_arrive() {
	need gcc
	source_file
	# Where the linker decodes %XX, '#' can be said so; an object file can hold it anyhow.
	if flags --cc=gcc --as=specs >plain.specs 2>err; then
		gcc -specs="$PWD/plain.specs" -o by-code main.c
		holds by-code
	else
		says err 'cannot hold .#.'
	fi
	flags --cc=gcc --as=specs -o hash.specs 2>err
	gcc -specs="$PWD/hash.specs" -o by-hash main.c
	holds by-hash
	NAME=${NAME//'#'/} WANT=${WANT//'#'/}
	flags --cc=gcc --as=specs -o note.specs
	gcc -specs="$PWD/note.specs" -o by-specs main.c
	holds by-specs
	gcc -specs="$PWD/note.specs" -r -o partial.o main.c
	says_not <(readelf -nW partial.o) 'Packaging'
	gcc -specs="$PWD/note.specs" -shared -fPIC -o library.so main.c
	readelf -nW library.so | grep -q 'Packaging Metadata'
}
check "a GCC specs file; ld -r leaves the note out" specs_arrive

clang_config_arrives() {
	need clang
	source_file
	flags --cc=clang --as=clang-config -o note.cfg
	clang --config "$PWD/note.cfg" -o by-clang main.c
	holds by-clang
}
check "a clang configuration file" clang_config_arrives

each_linker() {
	source_file
	local tried=0
	for linker in bfd gold lld mold; do
		$CC -fuse-ld=$linker -o plain main.c 2>/dev/null || continue
		tried=$((tried + 1))
		flags --linker=$linker --as=response -o $linker.rsp 2>err
		$CC -fuse-ld=$linker -o by-$linker main.c @$linker.rsp
		holds by-$linker
	done
	[ $tried -gt 0 ]
}
check "each linker, by flag or by object file" each_linker

# A linker that takes the flag and drops the note, one that knows no such flag, one that takes nothing.
drops_are_seen() {
	source_file
	mkdir bin tmp
	export TMPDIR=$PWD/tmp
	printf '#!/bin/sh\nfor a do case $a in --package-metadata=*) ;; *) set -- "$@" "$a" ;; esac; shift; done\nexec %s "$@"\n' "$(command -v ld)" >bin/ld
	chmod +x bin/ld
	"$CC" -B"$PWD/bin" -o plain main.c
	status 0 flags --cc="$CC -B$PWD/bin" --as=shell -o "out file"
	says err 'out file.o: stands in for --package-metadata'
	eval "$CC -B$PWD/bin -o by-object main.c $(cat 'out file')"
	holds by-object
	status 3 flags --cc="$CC -B$PWD/bin" --as=shell
	says err 'an object file does, and -o FILE says where'
	printf '#!/bin/sh\nexit 1\n' >bin/ld
	status 3 flags --cc="$CC -B$PWD/bin" --as=shell -o out
	status 3 flags --cc=/no/such/compiler --as=shell -o out
	[ -z "$(ls tmp)" ]
}
check "a linker that drops the note gets an object; one that links nothing is an error" drops_are_seen

# GNU ld 2.44 and later lay the note behind .eh_frame: a linker script puts it right, and where nothing does, that is said.
lands_in_page_one() {
	need ld gcc
	moves_notes later.ld -pie
	moves_notes later-shared.ld -shared
	printf '#!/bin/sh\nfor a; do case $a in -shared) exec gcc -Wl,-dT,%s/later-shared.ld "$@" ;; esac; done\nexec gcc -pie -Wl,-dT,%s/later.ld "$@"\n' "$PWD" "$PWD" >later
	chmod +x later
	printf 'const char big[8192] = {1};\n#include <stdio.h>\nint main(void) { return puts("ran") < 0; }\n' >main.c
	./later -o plain main.c -Xlinker '--package-metadata={"name":"x"}' 2>log || skip "no --package-metadata"
	status 1 "$PKGNOTE" show --check plain
	says out outside-first-page
	NAME=${NAME//'#'/} WANT=${WANT//'#'/}
	for form in response make shell argv specs; do
		status 0 flags --cc=./later --as=$form -o "$form.out"
		says err "$form.out.ld: puts the note into page one"
		case $form in
		response) ./later -o "by-$form" main.c "@$form.out" ;;
		shell) eval "./later -o by-$form main.c $(cat $form.out)" ;;
		argv) mapfile -t words <argv.out && ./later -o "by-$form" main.c "${words[@]}" ;;
		specs) ./later -specs="$PWD/specs.out" -o "by-$form" main.c ;;
		make) printf 'by-make: main.c\n\t./later -o $@ $< %s\n' "$(cat make.out)" >Makefile && make -s by-make ;;
		esac
		holds "by-$form"
		passes "by-$form"
	done
	./later -shared -fPIC -o library.so main.c @response.out
	passes library.so
	# What build systems do with flags: give them twice.
	./later -o twice main.c @response.out @response.out
	holds twice
	passes twice
	./later -specs="$PWD/specs.out" -specs="$PWD/specs.out" -o twice main.c
	holds twice
	passes twice
	# Without -o: the script that is installed with the command; a command without one says what it wants.
	eval "./later -o by-stdout main.c $(flags --cc=./later --as=shell 2>err)"
	says err '/share/pkgnote/page-one.ld: puts the note into page one'
	holds by-stdout
	passes by-stdout
	cp "$PKGNOTE" alone
	PKGNOTE=./alone status 3 flags --cc=./later --as=shell
	says err 'outside page one.*-o FILE'
	flags --cc=./later --as=object -o note.o 2>err
	says err "note.o: wants -specs=$PWD/note.o.ld.specs beside it"
	./later -o by-object main.c note.o "-specs=$PWD/note.o.ld.specs"
	holds by-object
	passes by-object
	# A compiler that reads no specs: the script itself, which ld takes once, as is said.
	printf '#!/bin/sh\nfor a; do case $a in -specs=*) exit 1 ;; esac; done\nexec %s/later "$@"\n' "$PWD" >other
	chmod +x other
	flags --cc=./other --as=response -o other.rsp 2>err
	says err 'other.rsp.ld: puts the note .*once in a link'
	./other -o by-other main.c @other.rsp
	holds by-other
	passes by-other
	[ ! -e other.rsp.ld.specs ]
	# A linker that takes no script.
	printf '#!/bin/sh\nfor a; do case $a in -T | -specs=*) exit 1 ;; esac; done\nexec %s/later "$@"\n' "$PWD" >stubborn
	chmod +x stubborn
	status 3 flags --cc=./stubborn --as=response -o stubborn.rsp
	says err 'stamp what was linked'
	[ ! -e stubborn.rsp ] && [ ! -e stubborn.rsp.ld ] && [ ! -e stubborn.rsp.ld.specs ]
}
check "the note lands in page one, by a linker script where it must, or it is said" lands_in_page_one

objects_for_machines() {
	source_file
	flags --as=object -o note.o
	$CC -o by-object main.c note.o
	holds by-object
	readelf -lW by-object | grep -q 'GNU_STACK .* RW '
	for pair in x86_64:X86-64 aarch64:AArch64 arm:ARM s390x:S/390 ppc64le:PowerPC64 riscv64:RISC-V i386:80386 loongarch64:LoongArch; do
		flags --as=object --machine=${pair%:*} -o note.o
		readelf -hW note.o | grep -q "Machine:.*${pair#*:}"
		readelf -nW note.o | grep -q 'Packaging Metadata'
	done
	flags --as=object --like=by-object -o note.o
	readelf -hW note.o | grep -q "$(readelf -hW by-object | sed -n 's/.*\(Machine:.*\)/\1/p')"
	status 2 flags --as=object --machine=pdp11 -o note.o
	says err "no machine is known as 'pdp11'"
	status 3 flags --as=object --like=main.c -o note.o
	status 2 flags --as=object
	status 2 flags
	status 2 flags --as=shell --machine=arm
}
check "objects for any machine, by name or like a file" objects_for_machines

features_stay() {
	need clang
	source_file
	flags --as=object -o note.o
	$CC -fcf-protection=full -c -o main.o main.c 2>/dev/null || skip "no -fcf-protection here"
	$CC -nostdlib -shared -o without.so main.o 2>/dev/null || skip "cannot link one alone"
	$CC -nostdlib -shared -o with.so main.o note.o
	same "$(readelf -nW without.so | grep -o 'x86 feature: .*' || true)" "$(readelf -nW with.so | grep -o 'x86 feature: .*' || true)"
}
check "the object takes no feature (IBT, SHSTK) from the link" features_stay
finish
