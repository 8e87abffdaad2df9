#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Split DWARF: .dwo and .dwp files go along, gdb finds them, and they say nothing of where they were built. Judges: gdb, readelf,
# llvm-dwarfdump.
. "$(dirname "$0")/../lib.sh"
need gcc readelf gdb

# split ROOT [OPTION...]: layout rpm, of package n-1-2.x86_64; SRC is where its sources go.
split() {
	local root=$1; shift
	"$PKGNOTE" split --layout=rpm --name=n --package-version=1 --release=2 --arch=x86_64 "$@" "$root"
}
SRC=/usr/src/debug/n-1-2.x86_64
debug_of() { find "$1/usr/lib/debug" -name '*.debug' -type f; }

# Split DWARF: what lies in .dwo files of the build goes along, and gdb finds it once they are gone.
split_dwarf_program() {
	mkdir -p build/sub root/usr/bin
	echo 'struct first { int v; } s; int f(int); int main(void) { return f(s.v); }' >build/m.c
	echo 'struct second { long w; }; int f(int x) { struct second t = {x}; return (int)t.w; }' >build/sub/f.c
	(cd build && gcc -gdwarf-$1 -gsplit-dwarf -c m.c && gcc -gdwarf-$1 -gsplit-dwarf -c sub/f.c -o sub/f.o &&
		gcc m.o sub/f.o -o ../root/usr/bin/p) || skip "no split DWARF here"
}
split_dwarf_goes_along() {
	for v in 4 5; do
		for layout in rpm deb; do
			rm -rf build root gone
			split_dwarf_program $v
			status 0 "$PKGNOTE" split --layout=$layout --name=n --package-version=1 --release=2 --arch=amd64 --strict \
				--build-dir="$PWD/build" root
			says err '2 of its units are skeletons'
			mv build gone
			gdb -nx -batch -iex "set debug-file-directory $PWD/root/usr/lib/debug" -iex 'set debuginfod enabled off' \
				-ex 'ptype struct first' -ex 'ptype struct second' root/usr/bin/p >gdb.out 2>&1
			says gdb.out 'int v;'; says gdb.out 'long w;'
			status 0 "$PKGNOTE" verify --checks=stripped,debuginfo root
		done
	done
}
split_dwarf_that_is_lost() {
	split_dwarf_program 4
	rm build/sub/f.dwo
	cp -r root second
	status 0 split root --build-dir="$PWD/build"
	says err "skeletons .*not all.*: $PWD/build/sub/f.dwo is not there"
	status 1 "$PKGNOTE" verify --checks=stripped,debuginfo --report=table root
	says out 'missing.*skeletons'
	status 3 split second --build-dir="$PWD/build" --strict
}
split_dwarf_packages() {
	need dwp
	split_dwarf_program 4
	(cd build && dwp -e ../root/usr/bin/p -o ../root/usr/bin/p.dwp) || skip "dwp does not do it here"
	rm build/*.dwo build/sub/*.dwo
	cp build/m.o root/usr/bin/other.dwo
	status 0 split root --build-dir="$PWD/build" --strict
	[ ! -e root/usr/bin/p.dwp ]
	gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'ptype struct second' "$(debug_of root)" >gdb.out 2>&1
	says gdb.out 'long w;'
	# The command that is told does it.
	local told
	told=$(sed -n 's/.* is in the debug tree, .*\.dwp, for gdb //p' err)
	# shellcheck disable=SC2086
	gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'ptype struct second' -ex 'info line main' ${told// \// root/} >gdb.out 2>&1
	says gdb.out 'long w;'
	says gdb.out '^Line [0-9]+ of '
}

# What .dwo files say of sources. compiled CC CXX OPTION...: two units, by absolute names, one of them with types.
compiled() {
	local cc=$1 cxx=$2; shift 2
	rm -rf build root gone
	mkdir -p build/sub root/usr/bin
	echo 'struct first { int v; } s; int f(void *); int main(void) { return f(&s.v); }' >build/m.c
	echo 'struct second { long w; };' >build/h.h
	echo '#include "h.h"
	struct third { int x; struct in { short h; } k; }; extern "C" int f(void *c) { second t = {((third *)c)->x}; return (int)t.w; }' >build/sub/f.cc
	(cd build && $cc "$@" -c "$PWD/m.c" -o m.o && $cxx "$@" -I"$PWD" -c "$PWD/sub/f.cc" -o sub/f.o &&
		$cc "$@" m.o sub/f.o -o ../root/usr/bin/p) 2>cc.log || { cat cc.log >&2; return 77; }
}
# They name no build directory in any string, compressed or not, and gdb shows types and sources by them.
sound_without_the_build() {
	local file
	mv build gone
	find root/usr/lib/debug -path "*/.dwo/*" -type f >files
	[ "$(wc -l <files)" = 2 ]
	while read -r file; do
		objcopy --decompress-debug-sections "$file" plain.dwo 2>/dev/null || cp "$file" plain.dwo
		! grep -aF "$PWD/build" plain.dwo || fail "$file names the build directory"
		says <(readelf --debug-dump=rawline,str plain.dwo 2>/dev/null; strings -a plain.dwo) "$SRC(/m.c|/sub/f.cc)"
	done <files
	gdb -nx -batch -iex "set debug-file-directory $PWD/root/usr/lib/debug" -iex 'set debuginfod enabled off' \
		-iex "set substitute-path /usr/src/debug $PWD/root/usr/src/debug" -ex 'ptype struct first' -ex 'ptype struct second' \
		-ex 'info line f' -ex 'list f' -ex 'info scope f' root/usr/bin/p >gdb.out 2>&1
	says gdb.out 'int v;'; says gdb.out 'long w;'; says gdb.out "Line 2 of \"$SRC/sub/f.cc\""; says gdb.out '#include "h.h"'
	says gdb.out 'Symbol t is'
	[ -e "root$SRC/m.c" ] && [ -e "root$SRC/sub/f.cc" ]
}
dwo_row() {
	# shellcheck disable=SC2086
	compiled $ROW || skip "$ROW: not here"
	status 0 split root --build-dir="$PWD/build" --strict
	sound_without_the_build
}
# A .dwp file by PACKER: all that another reader sees of it is as before but for the paths. ($TRIED: neither dwp nor llvm-dwp gets
# all of it to an end.)
dwp_row() {
	local packer=${ROW%% *} dwp
	need "$packer" llvm-dwarfdump
	# shellcheck disable=SC2086
	compiled ${ROW#* } || skip "$ROW: not here"
	(cd build && timeout 20 "$packer" -e ../root/usr/bin/p -o ../root/usr/bin/p.dwp) 2>dwp.log || skip "$packer does not do it here"
	rm build/*.dwo build/sub/*.dwo
	cp root/usr/bin/p p; cp root/usr/bin/p.dwp p.dwp
	status 0 split root --build-dir="$PWD/build" --strict
	[ ! -e root/usr/bin/p.dwp ]
	dwp=$(find root -name '*.dwp')
	! grep -aF "$PWD/build" "$dwp" || fail "$dwp names the build directory"
	for file in p.dwp "$dwp"; do
		timeout 60 llvm-dwarfdump --debug-info --debug-types "$file" | sed "1d; s,$PWD/build,$SRC,"
		readelf --debug-dump=rawline "$file" 2>&1 | sed -nE "s,$PWD/build,$SRC,; s/ \(offset.*//; /(Offset|Length):/d; /[^ ]/p"
	done >both 2>&1
	[ "$(wc -l <both)" -gt 60 ]
	same "$(head -n $(($(wc -l <both) / 2)) both)" "$(tail -n $(($(wc -l <both) / 2)) both)"
	says both "$SRC/sub/f.cc"
	# By the index each unit finds its line table.
	readelf --debug-dump=cu_index "$dwp" >index 2>&1
	gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'ptype struct second' p >gdb.before 2>&1 || :
	grep -q 'long w;' gdb.before || return 0 # gdb cannot, whoever wrote it
	gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'ptype struct second' "$(debug_of root)" >gdb.out 2>&1
	says gdb.out 'long w;'
}
# A unit's name for its other half is inline where it is short.
dwo_with_a_short_name() { ROW="gcc g++ -gdwarf-4 -gdwarf64 -gsplit-dwarf"; dwo_row; }
# An object in the place of a .dwo file that has nothing of the kind in it.
dwo_without_units() {
	compiled gcc g++ -gdwarf-4 -gsplit-dwarf || skip "no split DWARF here"
	echo 'int x;' >x.c; gcc -g -c x.c -o build/m.dwo
	status 3 split root --build-dir="$PWD/build" --strict
	says err 'not all, in the debug tree: .*m.dwo has none of it'
}
# What cannot be read keeps its bytes, and that is said.
dwo_that_is_broken() {
	compiled gcc g++ -gdwarf-4 -gsplit-dwarf || skip "no split DWARF here"
	python3 - build/sub/f.dwo <<-'P'
	import sys, subprocess
	path = sys.argv[1]
	for line in subprocess.run(['readelf', '-SW', path], capture_output=True, text=True).stdout.splitlines():
	    words = line.replace('[ ', '[').split()
	    if '.debug_str_offsets.dwo' in words:
	        at = int(words[4], 16)
	data = bytearray(open(path, 'rb').read())
	data[at:at + 4] = b'\xff\xff\xff\x7f'
	open(path, 'wb').write(data)
	P
	cp build/sub/f.dwo broken.dwo
	status 0 split root --build-dir="$PWD/build"
	says err 'f.dwo says of where it was built stays as it is: .debug_str_offsets'
	cmp broken.dwo root/usr/lib/debug/.dwo/n-1-2.x86_64/sub/f.dwo
}
rustc_split_debuginfo() {
	need rustc
	local kind
	for kind in unpacked packed; do
		rm -rf build root
		mkdir -p build root/usr/bin
		printf 'pub struct Thing { pub v: u64 }\nfn main() { let t = Thing { v: std::env::args().count() as u64 }; println!("{}", t.v); }\n' >build/m.rs
		(cd build && rustc -g -C split-debuginfo=$kind -o p m.rs) 2>rustc.log || skip "rustc does not do it here"
		cp build/p root/usr/bin/; [ $kind = unpacked ] || cp build/p.dwp root/usr/bin/
		status 0 split root --build-dir="$PWD/build" --strict=build-id
		rm -rf gone; mv build gone
		find root -name '*.dw[op]' -type f >files; [ -s files ]
		! xargs grep -aF "$PWD/build" <files || fail "the build directory is still named"
		gdb -nx -batch -iex "set debug-file-directory $PWD/root/usr/lib/debug" -iex 'set debuginfod enabled off' -ex 'ptype m::Thing' \
			"$(debug_of root)" >gdb.out 2>&1
		says gdb.out 'v: u64'
	done
}

check "split DWARF goes to the debug tree" split_dwarf_goes_along
check "split DWARF that is lost is said, by verify too" split_dwarf_that_is_lost
check "a .dwp file beside its program" split_dwarf_packages
for ROW in "gcc g++ -gdwarf-4 -gsplit-dwarf" "gcc g++ -gdwarf-5 -gsplit-dwarf" "gcc g++ -gdwarf-4 -gsplit-dwarf -fdebug-types-section" \
	"gcc g++ -gdwarf-4 -g3 -gsplit-dwarf -gz" "gcc g++ -gdwarf-5 -g3 -gsplit-dwarf" "clang clang++ -gdwarf-4 -gsplit-dwarf" \
	"clang clang++ -gdwarf-5 -gsplit-dwarf -fdebug-types-section -gz" "clang clang++ -gdwarf-5 -gsplit-dwarf=single"; do
	check "paths in .dwo files: $ROW" dwo_row
done
for ROW in "dwp gcc g++ -gdwarf-4 -gsplit-dwarf -fdebug-types-section" "llvm-dwp clang clang++ -gdwarf-5 -gsplit-dwarf -fdebug-types-section" \
	"llvm-dwp gcc g++ -gdwarf-4 -gsplit-dwarf"; do
	check "paths in a .dwp file: $ROW" dwp_row
done
check "a .dwo file's name that is held inline" dwo_with_a_short_name
check "a .dwo file without units" dwo_without_units
check "a .dwo file that is broken" dwo_that_is_broken
check "rustc's split-debuginfo" rustc_split_debuginfo
finish
