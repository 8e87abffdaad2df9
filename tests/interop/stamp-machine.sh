# SPDX-License-Identifier: LGPL-2.1-or-later
# Copies of this machine's own programs and libraries are stamped, and work as before: a sample of them,
# all with LONG=1. Then programs of other machines, made by Debian's cross compilers, run by qemu-user.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
CC=${CC:-gcc}
PAYLOAD='{"type":"deb","os":"debian","osVersion":"12","name":"demo","version":"1.0-1","architecture":"amd64","debugInfoUrl":"https://debuginfod.example.net"}'
# Larger files are for LONG=1 alone: a twelfth of the files, and four fifths of the bytes.
LARGEST=16M
[ -z "${LONG:-}" ] || LARGEST=64M

is_elf() { [ "$(head -c 4 "$1" 2>/dev/null | tail -c 3)" = ELF ]; }

# numbers change where a section is added, the rest of what eu-elflint finds must not.
NUMBERS='s/\[ *[0-9]*\]//g; s/phdr *[0-9]*//; s/header entry [0-9]*//; s/at offset [0-9]*//'
lint_of() { elflint "$1" | sed "$NUMBERS" | sort; }

# notes_of FILE: how many package notes readelf sees, and the number of those in page one.
notes_of() {
	local inside=0 type offset address physical size rest
	while read -r type offset address physical size rest; do
		[ $((offset + size)) -gt 4096 ] || ! head -c $((offset + size)) "$1" | tail -c $((size)) | grep -aq FDO || inside=$((inside + 1))
	done < <(readelf -lW "$1" 2>/dev/null | grep '^  NOTE ')
	echo "$(readelf -nW "$1" 2>/dev/null | grep -c 'Packaging Metadata:') $inside"
}

# halves COMMAND DIR: COMMAND over the files DIR/NUMBER of ./it, in two processes whose output stays apart.
halves() {
	local part
	for part in 0 1; do
		awk -v part=$part -v dir="$2" 'NR % 2 == part { print dir "/" $1 }' it | xargs -n50 bash -c "$1" bash >"half.$part" 2>/dev/null &
	done
	wait
	cat half.0 half.1
}
# numbers are out of the way, findings stand behind the file's number.
lint_some() { local file; for file; do eu-elflint --gnu-ld "$file" 2>&1 | sed "$NUMBERS; s|^|${file##*/} |"; done; }
export NUMBERS
export -f lint_some

# One call stamps a copy of each; then each judge looks at all of them.
the_machine_is_stamped() {
	need eu-elflint readelf
	$CC -O2 -D_GNU_SOURCE -o judge "$TOP/tests/tools/stamp_judge.c" -lelf 2>log || skip "no libelf to build the judge with"
	mkdir new
	find /bin /lib* /opt /sbin /usr -xdev \( -path /usr/lib/debug -o -path /usr/share -o -path /usr/include -o -path /usr/src -o -name .git \) -prune -o \
		-type f -size +0 -size -$LARGEST \( -perm /111 -o -name '*.so' -o -name '*.so.*' \) ! -name '*.debug' ! -name '*.o' ! -name '*.ko' -print 2>/dev/null |
		sort | ./judge copy new >all
	local number
	number=$(wc -l <all)
	[ "$number" -gt 20 ] || skip "too few programs and libraries here"
	printf %s "$PAYLOAD" >payload
	"$PKGNOTE" stamp --json --payload payload --on-existing=replace new >results 2>err || true
	sed -n 's#^{"path":"new/\([0-9]*\)","result":"\(stamped\|kept\)".*#\1#p' results | sort >good
	join <(sort -k 1,1 all) good | sort -n >it
	same "$number" "$(wc -l <results)"
	# A boot loader's stub, say, is no program of this system: it is left alone.
	same "$number" "$(($(wc -l <it) + $(grep -c '"result":"\(refused\|left-alone\)"' results || true)))"
	[ "$(grep -c '"result":"left-alone"' results || true)" -le 10 ] || { grep '"result":"left-alone"' results | head >&2; fail "more than ten files are left alone"; }
	# What is refused is refused for a reason, and there is little of it.
	grep '"refused"' results | sed 's/.*"reason":"//' | sort | uniq -c | sort -rn | tee refused >&2
	[ $(($(grep -c '"refused"' results || true) * 500)) -lt $((number + 500)) ] || fail "more than two in a thousand were refused"
	./judge judge new "$PAYLOAD" <it >wrong || { head -20 wrong >&2; fail "$(wc -l <wrong) files are not what they were"; }
	# readelf sees one note in each.
	same "$(wc -l <it)" "$(halves 'readelf -nW "$@"' new | grep -c 'Packaging Metadata: {"type":"deb","os":"debian"')"
	mkdir old
	while read -r number path; do ln -s "$path" "old/$number"; done <it
	halves 'lint_some "$@"' old | sort >1
	halves 'lint_some "$@"' new | sort >2
	comm -13 1 2 >finds
	[ ! -s finds ] || { head -20 finds >&2; fail "eu-elflint finds something new in $(cut -d' ' -f1 finds | sort -u | wc -l) files"; }
	echo "$(wc -l <it) files were stamped and judged"
}
check "every program and library of the machine is stamped, nothing else changes, nothing new is found" the_machine_is_stamped

programs_say_the_same() {
	local number=0 wrong=0 packages='coreutils findutils diffutils grep sed tar gzip bash perl-base binutils-x86-64-linux-gnu gdb git openssl elfutils util-linux file gpgv dpkg sqlite3'
	for package in $packages; do dpkg -L "$package" 2>/dev/null; done | grep -E '^(/usr)?/s?bin/' | sort -u >files || skip "no dpkg here"
	mkdir bin home
	export HOME=$PWD/home
	while read -r file; do
		[ -f "$file" ] && [ ! -L "$file" ] && is_elf "$file" && [ ! -u "$file" ] && [ ! -g "$file" ] || continue
		cp "$file" "bin/${file##*/}"
		echo "$file" >>programs
	done <files
	[ -s programs ] || skip "none of these packages is here"
	"$PKGNOTE" stamp -q --payload <(echo "$PAYLOAD") bin
	while read -r file; do
		number=$((number + 1))
		cmp -s "$file" "bin/${file##*/}" && fail "$file was not stamped"
		for option in --version --help; do
			timeout 10 "$file" $option </dev/null >old 2>&1 && old=0 || old=$?
			timeout 10 "bin/${file##*/}" $option </dev/null >new 2>&1 && new=0 || new=$?
			# Some tell by what name they were called, some where they lie.
			perl -pi -e 'BEGIN { @names = (shift, shift) } for my $name (@names) { s/\Q$name\E/PROGRAM/g }' "$PWD/bin/${file##*/}" "bin/${file##*/}" new
			perl -pi -e 'BEGIN { $name = shift } s/\Q$name\E/PROGRAM/g' "$file" old
			[ $old = $new ] && cmp old new >&2 || { echo "$file $option: $old, $new" >&2; wrong=$((wrong + 1)); }
		done
	done <programs
	echo "$number programs" >&2
	same 0 $wrong
}
check "stamped programs say the same as before" programs_say_the_same

libraries_serve() {
	local loader=/lib64/ld-linux-x86-64.so.2 program
	[ -e $loader ] || skip "no $loader here"
	mkdir lib
	for program in /usr/bin/bash /usr/bin/perl /usr/bin/git /usr/bin/gdb /usr/bin/python3 /usr/bin/curl; do
		[ -x "$program" ] || continue
		ldd "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p'
	done | sort -u >needed
	cp -L $loader lib/
	while read -r library; do cp -L "$library" lib/; done <needed
	"$PKGNOTE" stamp -q --payload <(echo "$PAYLOAD") lib
	for library in lib/libc.so.6 lib/libm.so.6 lib/ld-linux-x86-64.so.2 lib/libcrypto.so* lib/libstdc++.so* lib/libpython*; do
		[ ! -f "$library" ] || same '1 1' "$(notes_of "$library")"
	done
	# The program by the stamped libraries, as it is and stamped itself.
	mkdir bin
	serve() {
		local program=bin/${1##*/}
		[ -e "$program" ] || "$PKGNOTE" stamp -q --on-existing=replace --payload <(echo "$PAYLOAD") -o "$program" "$1"
		same '1 1' "$(notes_of "$program")"
		"$@" >old 2>&1 </dev/null
		lib/ld-linux-x86-64.so.2 --library-path "$PWD/lib" "$@" >new 2>&1 </dev/null
		cmp old new
		lib/ld-linux-x86-64.so.2 --library-path "$PWD/lib" --argv0 "$1" "$program" "${@:2}" >new 2>&1 </dev/null
		cmp old new
	}
	serve /usr/bin/bash -c 'echo {1..9} "$(printf %s x)"'
	[ ! -x /usr/bin/perl ] || serve /usr/bin/perl -MPOSIX -e 'print floor(3.7), "\n"; print crypt("a", "bc"), "\n"'
	[ ! -x /usr/bin/git ] || serve /usr/bin/git --version
	[ ! -x /usr/bin/gdb ] || serve /usr/bin/gdb -nx -q -batch -ex 'p 6*7'
	[ ! -x /usr/bin/python3 ] || serve "$(readlink -f /usr/bin/python3)" -c 'import ssl, zlib, ctypes, json; print(ssl.OPENSSL_VERSION, zlib.crc32(b"x"))'
	[ ! -x /usr/bin/curl ] || serve /usr/bin/curl --version
	serve /usr/bin/getent passwd root
}
check "stamped libraries, libc and ld.so among them, serve real programs" libraries_serve

# made PROGRAM: what another toolchain made is stamped, says the same, and its core tells the package.
made() {
	inspects
	"./$1" >old
	status 0 "$PKGNOTE" stamp --payload <(echo "$PAYLOAD") -o stamped "$1"
	same '1 1' "$(notes_of stamped)"
	same "$(lint_of "$1")" "$(lint_of stamped)"
	./stamped >new
	cmp old new
	core_of --at-start ./stamped
	status 0 systemd-analyze inspect-elf --json=short core
	says out '"name":"demo"'
	status 0 "$PKGNOTE" show --json core
	says out '"package":\{[^}]*"name":"demo"'
}
# linked LINKER: a dynamic and a static program.
linked() {
	local kind
	printf '#include <stdio.h>\nint main(void) { return puts("ran") < 0; }\n' >main.c
	for kind in -pie -no-pie -static; do
		rm -f stamped core
		$CC "-fuse-ld=$1" $kind -o program main.c 2>log || skip "$CC drives no $1"
		made program
	done
}
by_bfd() { linked bfd; }
check "GNU ld" by_bfd
by_gold() { linked gold; }
check "gold" by_gold
by_lld() { linked lld; }
check "lld" by_lld
by_mold() { linked mold; }
check "mold" by_mold
by_go() {
	need go
	export GOCACHE=$PWD/cache GOTRACEBACK=crash GO111MODULE=off GOFLAGS=
	printf 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("ran") }\n' >main.go
	go build -o program main.go
	made program
}
check "Go's own linker" by_go
by_rust() {
	need rustc
	printf 'fn main() { println!("ran"); }\n' >main.rs
	rustc -O -o program main.rs
	made program
}
check "rustc" by_rust
by_pascal() {
	need fpc
	printf "program main;\nbegin\n  writeln('ran');\nend.\n" >main.pas
	fpc -v0 -oprogram main.pas >/dev/null
	made program
}
check "Free Pascal" by_pascal
by_ocaml() {
	need ocamlopt
	printf 'let () = print_endline "ran"\n' >main.ml
	ocamlopt -o program main.ml
	made program
}
check "OCaml" by_ocaml
by_haskell() {
	need ghc
	printf 'main = putStrLn "ran"\n' >main.hs
	ghc -v0 -o program main.hs
	made program
}
check "Haskell" by_haskell

# crossed COMPILER QEMU: stamps what COMPILER makes, in several kinds, and runs it.
crossed() {
	need "$1-gcc" "qemu-$2"
	cat >main.c <<-'C'
	#include <stdio.h>
	#include <string.h>
	static __thread int per_thread = 7;
	__attribute__((constructor)) static void early(void) { per_thread++; }
	int exported(void) { return per_thread; }
	int main(int argc, char **argv) { return printf("%d %d %d\n", exported(), argc, strlen(argv[0]) > 0) < 0; }
	C
	local kinds=0
	"$1-gcc" -o plain main.c 2>err || { cat err >&2; skip "$1-gcc links nothing here (its libc6-dev-*-cross)"; }
	ulimit -c 0
	for kind in -pie -no-pie -static -static-pie '-pie -rdynamic -Wl,--hash-style=both' '-pie -Wl,-z,separate-code'; do
		# shellcheck disable=SC2086
		"$1-gcc" -O1 $kind -o plain main.c 2>/dev/null || continue
		if ! "$PKGNOTE" stamp --payload <(echo "$PAYLOAD") -o stamped plain >out 2>err; then
			# Its lowest address is the lowest that may be mapped.
			case "$2 $kind" in 'arm -static' | 'riscv64 -static') ;; *) cat err >&2; fail "$1 $kind" ;; esac
			says err 'no room below address 0x10000'
			"$PKGNOTE" stamp -q --allow-outside-first-page --payload <(echo "$PAYLOAD") -o stamped plain
			same '1 0' "$(notes_of stamped)"
			same "$(lint_of plain)" "$(lint_of stamped)"
			same '8 1 1' "$("qemu-$2" ./stamped)"
			continue
		fi
		same '1 1' "$(notes_of stamped)"
		same "$(lint_of plain)" "$(lint_of stamped)"
		same '8 1 1' "$("qemu-$2" -L "/usr/$1" ./stamped)"
		cp stamped edited && "$1-strip" edited
		same '1 1' "$(notes_of edited)"
		same '8 1 1' "$("qemu-$2" -L "/usr/$1" ./edited)"
		kinds=$((kinds + 1))
	done
	[ $kinds -ge 3 ]
}
on_aarch64() { crossed aarch64-linux-gnu aarch64; }
check "aarch64" on_aarch64
on_armhf() { crossed arm-linux-gnueabihf arm; }
check "armhf" on_armhf
on_s390x() { crossed s390x-linux-gnu s390x; }
check "s390x: big-endian" on_s390x
on_ppc64el() { crossed powerpc64le-linux-gnu ppc64le; }
check "ppc64el" on_ppc64el
on_riscv64() { crossed riscv64-linux-gnu riscv64; }
check "riscv64" on_riscv64
on_i386() { crossed i686-linux-gnu i386; }
check "i386" on_i386
on_mips() { crossed mips-linux-gnu mips; }
check "mips: 32 bits, big-endian" on_mips
on_mips64el() { crossed mips64el-linux-gnuabi64 mips64el; }
check "mips64el" on_mips64el
finish
