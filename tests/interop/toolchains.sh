# SPDX-License-Identifier: LGPL-2.1-or-later
# What the toolchains of today make, one kind a test: the program is stamped, says the same and is dumped; it is split
# in both layouts, judged by eu-elflint, readelf and eu-unstrip, and debugged by gdb from the debug tree alone, where the
# build directory is gone. What a compiler or linker of this machine does not know is skipped.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
. "$TOP/tests/stamped.sh"
. "$TOP/tests/split_judges.sh"
CC=gcc
PAYLOAD='{"type":"rpm","name":"demo","version":"1-1","architecture":"x86_64"}'
ARCH=$(uname -m)
NVRA=demo-1-1.$ARCH

# The line that gdb is to stop at has the word STOP.
c_source() {
	cat >build/main.c <<-'C'
	#include <stdio.h>
	__attribute__((noinline)) int work(int a)
	{
		return a * 3 + 1; /* STOP */
	}
	int main(int argc, char **argv) { return printf("%d %d\n", work(argc), argv[argc] == NULL) < 0; }
	C
}
# Unwinding through shared code, thread-local data, an array of constructors.
cc_source() {
	cat >build/main.cc <<-'C'
	#include <iostream>
	#include <stdexcept>
	#include <string>
	#include <vector>
	static thread_local int depth = 2;
	struct base { virtual ~base() {} virtual std::string name() const = 0; };
	struct one : base { std::string name() const override { return "one"; } } the_one;
	static std::vector<const base *> all{&the_one};
	__attribute__((noinline)) int work(int a)
	{
		if (a > 100) throw std::runtime_error(all[0]->name()); // STOP
		return work(a * 10 + depth);
	}
	int main(int argc, char **) { try { return work(argc); } catch (const std::exception &e) { std::cout << e.what() << std::endl; } return 0; }
	C
}

# makes COMMAND...: the command makes build/program, or the kind is not to be had here.
makes() {
	(cd build && "$@") >log 2>&1 && [ -f build/program ] || { tail -5 log >&2; skip "$(basename "$1") cannot make it here: $(tail -1 log)"; }
	# A linker that does not know a -z keyword says so, and goes on.
	! grep -aiE 'unknown (-z|option)|ignored|unrecognized' log >&2 || skip "$(basename "$1") does not know it: $(grep -aiE -m1 'unknown|ignored|unrecognized' log)"
}
# has REGEX: what readelf sees in it; without it the test would try nothing new.
has() { readelf -aW build/program >seen 2>&1 || true; says seen "$1"; }

in_gdb() { HOME=$PWD DEBUGINFOD_URLS='' gdb -q -nx -batch -iex 'set auto-load no' -iex 'set startup-with-shell off' -iex 'set breakpoint pending off' "$@" 2>&1 </dev/null || true; }
# stops_at SOURCE: the line where gdb stops in the program as it was linked: by LTO a function's entry can have another line than STOP.
stops_at() {
	local line; line=$(grep -n STOP "build/$1" | cut -d: -f1)
	in_gdb -ex "break $1:$line" -ex run build/program | sed -nE "s,.*Breakpoint 1\, .* at (.*/)?$1:([0-9]+)\$,\2,p" | grep . || echo "$line"
}

# debugged PROGRAM DEBUG SOURCE LINE: gdb, with the debug file by build-id alone, told to stop at STOP is at that line and shows its source.
debugged() {
	local id line
	id=$(readelf -nW "$1" | sed -n 's/.*Build ID: //p')
	line=$(grep -n STOP "gone/$3" | cut -d: -f1)
	rm -rf by-id; mkdir -p "by-id/debug/.build-id/${id:0:2}"
	cp "$1" by-id/program; cp "$2" "by-id/debug/.build-id/${id:0:2}/${id:2}.debug"
	[ ! -f "$2.dwp" ] || cp "$2.dwp" "by-id/debug/.build-id/${id:0:2}/${id:2}.debug.dwp"
	in_gdb -iex "set debug-file-directory $PWD/by-id/debug" -iex "set substitute-path /usr/src/debug $PWD/root/usr/src/debug" \
		-ex "break $3:$line" -ex run -ex backtrace -ex 'info source' by-id/program >listed
	says listed "^#0 .*$3:$4|^#0 .*/$3:$4"
	same "$(grep -m1 "^$4	" listed)" "$4	$(sed -n "$4p" "gone/$3")"
	says listed "^Located in $PWD/root/usr/src/debug/$NVRA/(.*/)?$3"
}

# findings FILE [OPTION]: eu-elflint's; a note's place is no finding.
findings() { lint "$@" | sed -E 's/ at offset [0-9]+//; s/phdr\[[0-9]*\]/phdr[]/'; }

# tried SOURCE [OPTION...]: build/program, which was made from build/SOURCE; the options are split's.
tried() {
	local source=$1 layout debug offset address alignment stops
	shift
	printf %s "$PAYLOAD" >payload
	build/program >old 2>log || skip "what the linker made does not run here: $(tail -1 log)"
	status 0 "$PKGNOTE" stamp --payload payload --on-existing=replace -o stamped build/program
	in_page_one stamped
	same "$(lint_of build/program)" "$(lint_of stamped)"
	./stamped >new; cmp old new
	core_of --at-start ./stamped
	status 0 "$PKGNOTE" show --json core
	says out '"package":\{[^}]*"name":"demo"'
	stops=$(stops_at "$source")
	rm -rf gone; mv build gone
	for layout in rpm deb; do
		rm -rf root; install -D gone/program root/usr/bin/program
		# The build directory is there while it is split: sources are collected from it.
		mv gone build
		status 0 "$PKGNOTE" split --stamp --payload payload --strict=build-id --layout=$layout --name=demo --package-version=1 --release=1 --arch="$ARCH" \
			--build-dir="$PWD/build" --add-build-id --manifest=m.json "$@" root
		mv build gone
		says out '^1 split, 0 left alone, 0 failed'
		debug=root$(python3 -c 'import json; print(json.load(open("m.json"))["files"][0]["debugFile"]["path"])')
		root/usr/bin/program >new; cmp old new
		in_page_one root/usr/bin/program
		# What the peers leave too is no fault of ours.
		rm -f by-objcopy peer.debug stripped
		objcopy --only-keep-debug gone/program by-objcopy || true
		eu-strip -f peer.debug -o peer gone/program || true
		strip -o stripped gone/program || cp gone/program stripped
		findings gone/program >before
		{ cat before; comm -23 <(findings stripped | sort) <(sort before); } >allowed
		findings root/usr/bin/program >after; nothing_new allowed after || fail "$layout: eu-elflint, shipped file"
		{ cat before; comm -23 <({ findings peer.debug -d; findings by-objcopy -d; } | sort -u) <(sort before); } >allowed
		findings "$debug" -d >after; nothing_new allowed after || fail "$layout: eu-elflint, debug file"
		# What is to be loaded could be, from where it lies.
		readelf -lW "$debug" 2>&1 | awk '$1 == "LOAD" { print $2, $3, $NF }' >loads
		while read -r offset address alignment; do
			[ $(((offset - address) % alignment)) = 0 ] || fail "$layout: a PT_LOAD of the debug file at $offset for $address"
		done <loads
		eu-unstrip -o joined root/usr/bin/program "$debug" || fail "$layout: eu-unstrip"
		readelf -W -wN --debug-dump=info,decodedline gone/program 2>&1 >/dev/null | without_numbers >before || true
		readelf -W -wN --debug-dump=info,decodedline "$debug" 2>&1 >/dev/null | without_numbers >after || true
		nothing_new before after || fail "$layout: readelf"
		debugged root/usr/bin/program "$debug" "$source" "$stops"
		mv gone build; rm -rf root.$layout; mv root root.$layout; mv build gone
	done
	mv gone build
}

# notes_behind [++ [OPTION]]: the option is ld's.
notes_behind() { moves_notes script -pie ${2:+"$2"} && "${CC%cc}${1:-cc}" -g ${2:+"-Wl,$2"} -Wl,-dT,script -o program main.c"${1:+c}"; }

# --- C and C++, by compiler and linker ---
# kind TITLE REGEX SOURCE COMMAND...: a test; REGEX is what readelf has to see.
number=0
kind() {
	local title=$1
	number=$((number + 1))
	eval "kind_$number() { need eu-elflint eu-unstrip gdb python3 $4; mkdir build; c_source; cc_source; makes $(printf '%q ' "${@:4}"); has $(printf %q "$2"); tried $3; }"
	check "$title" "kind_$number"
}
kind "gcc's default" '\.debug_info' main.c gcc -g -O1 -o program main.c
kind "g++, LTO, zstd" '\.debug_info' main.cc g++ -g -O2 -flto -gz=zstd -o program main.cc
kind "type units of DWARF 5" '\.debug_info' main.cc g++ -g -gdwarf-5 -fdebug-types-section -o program main.cc
kind "SFrame" '\.sframe' main.cc g++ -g -Wa,--gsframe -o program main.cc
kind "SFrame, static" '\.sframe' main.c gcc -g -static -Wa,--gsframe -o program main.c
kind "-z memory-seal" 'memory seal|MEMORY_SEAL|00000003' main.c gcc -g -Wl,-z,memory-seal -o program main.c
kind "-z mark-plt" 'X86_64_PLT' main.cc g++ -g -Wl,-z,lazy,-z,mark-plt -o program main.cc
kind "RELR" '\(RELR\)' main.cc g++ -g -Wl,-z,pack-relative-relocs -o program main.cc
kind "GNU ld without separate code" '\.debug_info' main.cc g++ -g -Wl,-z,noseparate-code -o program main.cc
kind "GNU ld, all that is only read in one segment" '\.debug_info' main.c gcc -g -Wl,-z,separate-code,--rosegment -o program main.c
kind "notes behind .eh_frame, as GNU ld 2.44 has them" '\.debug_info' main.c notes_behind
kind "notes behind .eh_frame, C++" '\.debug_info' main.cc notes_behind ++
kind "notes far behind the headers, in their segment" '\.debug_info' main.cc notes_behind ++ -znoseparate-code
kind "pages of 64 KiB" '0x10000$' main.cc g++ -g -Wl,-z,max-page-size=0x10000 -o program main.cc
kind "gold, sections that are compressed and an index" '\.gdb_index' main.cc g++ -g -fuse-ld=gold -Wl,--gdb-index,--compress-debug-sections=zlib -o program main.cc
kind "mold" '\.debug_info' main.cc g++ -g -fuse-ld=mold -o program main.cc
kind "mold: RELR, an index" '\(RELR\)' main.cc g++ -g -ggnu-pubnames -fuse-ld=mold -Wl,-z,pack-relative-relocs,--gdb-index -o program main.cc
kind "clang's default" '\.debug_info' main.c clang -g -Wl,--build-id -o program main.c
kind "clang and lld: RELR, an index" '\(RELR\)' main.cc clang++ -g -ggnu-pubnames -fuse-ld=lld -Wl,--build-id,--pack-dyn-relocs=relr,--gdb-index -o program main.cc
kind "clang, .debug_names" '\.debug_names' main.cc clang++ -g -gdwarf-5 -gpubnames -Wl,--build-id -o program main.cc
kind "clang and lld, one .debug_names" '\.debug_names' main.cc clang++ -g -gdwarf-5 -gpubnames -fuse-ld=lld -Wl,--build-id,--debug-names -o program main.cc
kind "clang, sources within" '\.debug_info' main.c clang -g -gdwarf-5 -gembed-source -Wl,--build-id -o program main.c
kind "clang, full LTO by lld, zstd" '\.debug_info' main.cc clang++ -g -O2 -flto -fuse-ld=lld -gz=zstd -Wl,--build-id,--compress-debug-sections=zstd -o program main.cc
kind "clang and lld, compact relocations in objects" '\.debug_info' main.cc clang++ -g -fuse-ld=lld -Wa,--crel,--allow-experimental-crel -Wl,--build-id -o program main.cc
kind "clang and lld, compact relocations kept" 'CREL|crel' main.cc clang++ -g -fuse-ld=lld -Wa,--crel,--allow-experimental-crel -Wl,--build-id,--emit-relocs -o program main.cc
kind "clang and lld, all read in one segment" '\.debug_info' main.cc clang++ -g -fuse-ld=lld -Wl,--build-id,--no-rosegment -o program main.cc

# --rosegment, of gold and GNU ld 2.44, has code behind the headers, and all that is read in a PT_LOAD behind that. Where
# page one is full of code then, or the notes in it are loaded by that other segment, it is refused, and the reason is so.
refused_rosegment() {
	local source
	need readelf
	mkdir build; c_source; cc_source
	for source in "$@"; do
		makes g++ -g $LINKER -Wl,--rosegment -o program $source
		# A smaller program has room behind its code.
		rm -f stamped
		if "$PKGNOTE" stamp -k type=rpm -k name=demo -o stamped build/program >out 2>err; then
			[ "$LINKER" != -fuse-ld=gold ] || fail "stamped, and this test does not know how"
			in_page_one stamped
			cmp <(./stamped) <(build/program)
			continue
		fi
		status 3 "$PKGNOTE" stamp -k type=rpm -k name=demo -o stamped build/program
		[ ! -e stamped ]
		readelf -lW build/program >segments
		# The end of the headers' segment, and where the first PT_NOTE lies.
		local end note
		end=$(($(awk '$1 == "LOAD" && $2 ~ /^0x0*$/ { print $5; exit }' segments)))
		note=$(($(awk '$1 == "NOTE" { print $2; exit }' segments)))
		if [ $end -ge 4096 ]; then
			says err 'page one has no room for a note of .*, and what stands there cannot be moved'
		else
			[ $note -ge $end ]
			same "$end" "$(($(awk '$1 == "LOAD" && $2 !~ /^0x0*$/ { print $2; exit }' segments)))"
			says err 'the notes of page one are loaded by another segment than its headers and code, behind which there is no room'
		fi
		# It is split all the same.
		rm -rf root; install -D build/program root/usr/bin/program
		status 0 "$PKGNOTE" split --layout=rpm --name=demo --package-version=1 --release=1 --arch="$ARCH" --build-dir="$PWD/build" --add-build-id root
		says out '^1 split'
		root/usr/bin/program >new; cmp new <(build/program)
		rm build/program
	done
}
gold_rosegment() { LINKER=-fuse-ld=gold refused_rosegment main.c main.cc; }
check "gold --rosegment: refused, and why" gold_rosegment
bfd_rosegment() { LINKER='-fuse-ld=bfd -Wl,-z,separate-code' refused_rosegment main.cc; }
check "GNU ld --rosegment, C++: refused, and why, or stamped" bfd_rosegment

# --- other languages ---
# language TITLE FILE COMMAND...: FILE is on standard input.
language() {
	local title=$1 file=$2
	number=$((number + 1))
	cat >"$WORK/source.$number"
	eval "kind_$number() { need eu-elflint eu-unstrip gdb python3 $3; mkdir build; cp $WORK/source.$number build/$file; export HOME=\$PWD GOCACHE=\$PWD/cache GO111MODULE=off GOFLAGS= GOTOOLCHAIN=local; makes $(printf '%q ' "${@:3}"); tried $file; }"
	check "$title" "kind_$number"
}
language "D by gcc" main.d gdc -g -o program main.d <<'S'
import std.stdio;
int work(int a)
{
	return a * 3 + 1; // STOP
}
void main() { writeln(work(1)); }
S
language "D by LLVM" main.d ldc2 -g -of=program main.d <<'S'
import std.stdio;
int work(int a)
{
	return a * 3 + 1; // STOP
}
void main() { writeln(work(1)); }
S
language "Nim" main.nim nim c --debugger:native --nimcache:cache -o:program main.nim <<'S'
proc work(a: int): int {.noinline.} =
  result = a * 3 + 1 # STOP
echo work(1)
S
language "Ada" main.adb gnatmake -g -o program main.adb <<'S'
with Ada.Text_IO;
procedure Main is
   function Work (A : Integer) return Integer is
   begin
      return A * 3 + 1; -- STOP
   end Work;
begin
   Ada.Text_IO.Put_Line (Integer'Image (Work (1)));
end Main;
S
language "Fortran" main.f90 gfortran -g -o program main.f90 <<'S'
integer function work(a)
  integer, intent(in) :: a
  work = a * 3 + 1 ! STOP
end function
program main
  integer, external :: work
  print *, work(1)
end program
S
language "Go" main.go go build -o program main.go <<'S'
package main

import "fmt"

//go:noinline
func work(a int) int {
	return a*3 + 1 // STOP
}
func main() { fmt.Println(work(1)) }
S
language "Rust" main.rs rustc -g -C link-arg=-Wl,--build-id -o program main.rs <<'S'
#[inline(never)]
fn work(a: i32) -> i32 {
    a * 3 + 1 // STOP
}
fn main() { println!("{}", work(std::env::args().count() as i32)); }
S
language "OCaml" main.ml ocamlopt -g -o program main.ml <<'S'
let[@inline never] work a =
  print_int (a * 3 + 1); (* STOP *)
  print_newline ()
let () = work 1
S
language "Haskell" main.hs ghc -v0 -g -o program main.hs <<'S'
module Main where
{-# NOINLINE work #-}
work :: Int -> IO ()
work a = do
  print (a * 3 + 1) -- STOP
main :: IO ()
main = work 1
S
language "Pascal" main.pas fpc -v0 -g -gw3 -oprogram main.pas <<'S'
program main;
function work(a: integer): integer;
begin
  work := a * 3 + 1; { STOP }
end;
begin
  writeln(work(1));
end.
S
finish
