# SPDX-License-Identifier: LGPL-2.1-or-later
# Staging trees of real projects, built from Debian's source packages, unstripped, each once a build directory:
# split's tests and its bench share them. The caller has sourced debsrc.sh and has need and skip.
#
# real_tree NAME: sets TREE_ROOT, the staging tree, which is to be copied before it is changed, and
# TREE_SOURCE, the directory that it was built in.
real_tree() {
	local name=$1 at=$BUILD/trees/$1
	mkdir -p "$at"
	need flock make gcc
	(
		flock 8
		[ ! -f "$at/done" ] || exit 0
		cd "$at" || exit 1
		rm -rf source tree
		"fetch_$name" || exit
		("build_$name") >build.log 2>&1 || { tail -5 build.log >&2; echo "$name could not be built" >&2; exit 1; }
		touch done
	) 8>"$at/lock" || { local code=$?; [ $code != 77 ] || exit 77; return 1; }
	TREE_ROOT=$at/tree TREE_SOURCE=$at/source
}

fetch_debian() { debsrc "$1" && mv "$1-src" source; }
fetch_coreutils() { need dpkg-buildpackage dh; fetch_debian coreutils; }
fetch_bash() { fetch_debian bash; }
fetch_git() { fetch_debian git; }
fetch_cppcheck() { need g++; fetch_debian cppcheck; }
# The kernel's newest image and its debug files, as the archive's metapackage names them.
fetch_kernel() {
	local debug
	need apt-get apt-cache dpkg-deb
	debug=$(apt-cache depends "linux-image-$(dpkg --print-architecture)-dbg" 2>/dev/null | sed -n 's/.*Depends: //p' | head -1)
	[ -n "$debug" ] || skip "apt knows no kernel with a -dbg package here"
	[ "$(df -m --output=avail . | tail -1)" -gt 16000 ] || skip "a kernel with its debug information wants 16 GB"
	mkdir source
	(cd source && apt-get download -o APT::Sandbox::User=root "$debug" "${debug%-dbg}") >apt.log 2>&1 || skip "$debug and its image cannot be had here"
}
fetch_ninja() { need g++; debsrc ninja-build && mv ninja-build-src source; }

# As Debian builds it: 106 programs in C.
build_coreutils() {
	(cd source && FORCE_UNSAFE_CONFIGURE=1 DEB_BUILD_OPTIONS="nostrip nocheck noautodbgsym parallel=$(nproc)" dpkg-buildpackage -b -uc -us -d) || return
	cp -a source/debian/coreutils tree && rm -rf tree/DEBIAN
}

build_bash() {
	(cd source && ./configure --prefix=/usr --disable-nls CFLAGS='-g -O2' && make -j"$(nproc)") || return
	install -D source/bash tree/usr/bin/bash
}

# A dozen programs in C, some of many names.
build_git() {
	make -C source -j"$(nproc)" prefix=/usr NO_GETTEXT=1 NO_TCLTK=1 NO_PERL=1 NO_PYTHON=1 NO_OPENSSL=1 NO_EXPAT=1 CFLAGS='-g -O2' DESTDIR="$PWD/tree" install
}

# Two programs in C++, the larger one over 100 MB.
build_cppcheck() {
	make -C source -j"$(nproc)" CXXFLAGS='-g -O0 -std=c++11' cppcheck testrunner || return
	install -D -t tree/usr/bin source/cppcheck source/testrunner
}

# 4,000 modules and a vmlinux of 600 MB, all whole as they are in the debug package: eu-unstrip of the shipped ones with these
# gives relocations other symbols (0.188). With x bits, which find-debuginfo goes by. The modules as Debian ships them, stripped
# and signed, are beside the tree, in source/image.
build_kernel() {
	local debug place
	dpkg-deb -x source/*-dbg_*.deb debug && dpkg-deb -x "$(find source -name '*.deb' ! -name '*-dbg_*')" source/image && rm source/*.deb || return
	debug=$(find debug -type d -path '*/lib/modules/*/kernel' -prune) && [ -d "$debug" ] || return
	find debug \( -name '*.ko' -o -name 'vmlinux*' \) -type f -exec chmod 755 {} +
	place=tree/$(cd source/image && find . -type d -path '*/lib/modules/*/kernel' -prune) # below /usr in later releases
	mkdir -p "$(dirname "$place")" tree/boot && mv "$debug" "$place" && mv "$(find debug -type f -name 'vmlinux*')" tree/boot/ && rm -r debug
}

# A program in C++, its units compiled by names relative to the source directory.
build_ninja() {
	local unit
	cd source && mkdir -p out || return
	for unit in src/*.cc; do
		case $unit in *_test.cc | *perftest.cc | *win32.cc | *.in.cc | src/test.cc | src/hash_collision_bench.cc | src/browse.cc) continue ;; esac
		echo "$unit"
	done | xargs -P "$(nproc)" -I{} sh -c 'g++ -std=c++14 -g -O2 -c -o "out/$(basename "$1").o" "$1"' sh {} || return
	g++ -o out/ninja out/*.o && install -D out/ninja ../tree/usr/bin/ninja
}

# Two small programs of two units each.
fetch_rust() { need rustc; }
build_rust() {
	mkdir -p source/src tree/usr/bin && cd source || return
	cat >src/main.rs <<-'R'
	mod tally;
	use std::io::BufRead;
	fn main() {
	    let mut words = tally::Tally::default();
	    for name in std::env::args().skip(1) {
	        let file = std::fs::File::open(name).unwrap();
	        for line in std::io::BufReader::new(file).lines() {
	            for word in line.unwrap().split(':') { tally::add(&mut words, word); }
	        }
	    }
	    println!("{}", words.counts.len());
	}
	R
	cat >src/tally.rs <<-'R'
	use std::collections::HashMap;
	#[derive(Default)]
	pub struct Tally { pub counts: HashMap<String, u64> }
	#[inline(never)]
	pub fn add(tally: &mut Tally, word: &str) {
	    *tally.counts.entry(word.to_string()).or_insert(0) += 1;
	}
	R
	rustc --crate-name count -g -C opt-level=1 -C link-arg=-Wl,--build-id -o ../tree/usr/bin/count src/main.rs
}

fetch_go() { need go; }
build_go() {
	mkdir -p source tree/usr/bin cache && cd source || return
	cat >main.go <<-'G'
	package main

	import (
		"bufio"
		"fmt"
		"os"
		"strings"
	)

	func main() {
		counts := map[string]int{}
		for _, name := range os.Args[1:] {
			file, err := os.Open(name)
			if err != nil {
				panic(err)
			}
			for lines := bufio.NewScanner(file); lines.Scan(); {
				for _, word := range strings.Split(lines.Text(), ":") {
					add(counts, word)
				}
			}
		}
		fmt.Println(len(counts))
	}
	G
	cat >tally.go <<-'G'
	package main

	//go:noinline
	func add(counts map[string]int, word string) {
		counts[word]++
	}
	G
	echo 'module count' >go.mod
	GOCACHE=$PWD/../cache GOFLAGS=-modcacherw go build -ldflags=-B=0x0123456789abcdef0123456789abcdef01234567 -o ../tree/usr/bin/count . || return
	rm -rf ../cache
}
