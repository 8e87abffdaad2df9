# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote flags in real build systems: a small project each, as its user would write it, with metadata
# that each of them has characters for. The note has to arrive byte for byte.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}
NAME='a,b "c" $d ${e} %f %20 {g} é \ \\ '"'h'"' #i `j` $(k) * ~ ! & ; | < > (l) @m'
WANT='{"type":"test","name":"a,b \"c\" $d ${e} %f %20 {g} é \\ \\\\ '"'h'"' #i `j` $(k) * ~ ! & ; | < > (l) @m"}'

flags() { "$PKGNOTE" flags --payload <(echo '{"type":"test"}') -k "name=$NAME" "$@"; }
holds() {
	same ran "$("./$1")"
	same 1 "$(readelf -nW "$1" | grep -c 'Packaging Metadata: ')"
	same "$WANT" "$(readelf -nW "$1" | sed -n 's/.*Packaging Metadata: //p')"
}
# A program and a library of its own: both have the note, neither has two.
project() {
	printf '#include <stdio.h>\nconst char *word(void);\nint main(void) { return puts(word()) < 0; }\n' >main.c
	printf 'const char *word(void) { return "ran"; }\n' >word.c
}

by_make() {
	need make
	project
	{
		printf 'LDFLAGS := %s\n' "$(flags --as=make)"
		printf 'all: demo\nlibword.so: word.c\n\t$(CC) -shared -fPIC -o $@ $< $(LDFLAGS)\n'
		printf "demo: main.c libword.so\n\t\$(CC) -o \$@ \$^ \$(LDFLAGS) -Wl,-rpath,'\$\$ORIGIN'\n"
	} >Makefile
	make -s CC="$CC"
	holds demo
	readelf -nW libword.so | grep -q 'Packaging Metadata: '
	# A makefile that includes the value.
	rm -f demo libword.so
	flags --as=make | sed 's/^/LDFLAGS := /' >flags.mk
	{ echo 'include flags.mk'; sed 1d Makefile; } >Makefile.included
	make -s CC="$CC" -f Makefile.included
	holds demo
}
check "make" by_make

by_configure() {
	need make sh
	project
	# What autoconf's configure does with LDFLAGS: a test link by eval, then its value into a makefile.
	cat >configure <<-'SH'
	eval "$CC -o conftest word.c -shared -fPIC $LDFLAGS" || exit 1
	printf 'demo: main.c word.c\n\t%s -o demo main.c word.c %s\n' "$CC" "$LDFLAGS" >Makefile
	SH
	flags --as=response -o note.rsp
	CC=$CC LDFLAGS="@$PWD/note.rsp" sh ./configure
	make -s
	holds demo
}
check "configure, with a response file in LDFLAGS" by_configure

by_shell() {
	project
	flags --as=shell >ldflags
	cat >build.sh <<-'SH'
	eval "$CC -o demo main.c word.c $(cat ldflags)"
	SH
	for shell in sh bash; do
		rm -f demo
		CC=$CC $shell ./build.sh
		holds demo
	done
}
check "a shell script, sh and bash" by_shell

by_cmake() {
	need cmake
	project
	flags --as=response -o note.rsp
	cat >CMakeLists.txt <<-'CMAKE'
	cmake_minimum_required(VERSION 3.18)
	project(demo C)
	add_library(word SHARED word.c)
	add_executable(demo main.c)
	target_link_libraries(demo word)
	CMAKE
	for generator in 'Unix Makefiles' Ninja; do
		[ "$generator" != Ninja ] || command -v ninja >/dev/null || continue
		rm -rf out
		cmake -G "$generator" -S . -B out -DCMAKE_C_COMPILER="$CC" "-DCMAKE_EXE_LINKER_FLAGS=@$PWD/note.rsp" \
			"-DCMAKE_SHARED_LINKER_FLAGS=@$PWD/note.rsp" >log 2>&1 || { cat log >&2; false; }
		cmake --build out >log 2>&1 || { cat log >&2; false; }
		holds out/demo
		readelf -nW out/libword.so | grep -q 'Packaging Metadata: '
	done
}
check "cmake, for make and ninja" by_cmake

by_meson() {
	need meson ninja
	project
	flags --as=response -o note.rsp
	cat >meson.build <<-'MESON'
	project('demo', 'c')
	word = shared_library('word', 'word.c')
	executable('demo', 'main.c', link_with: word)
	MESON
	CC=$CC meson setup out "-Dc_link_args=@$PWD/note.rsp" >log 2>&1 || { cat log >&2; false; }
	ninja -C out >log 2>&1 || { cat log >&2; false; }
	holds out/demo
	readelf -nW out/libword.so | grep -q 'Packaging Metadata: '
	# The same by LDFLAGS, which meson splits as a shell does.
	rm -rf out
	CC=$CC LDFLAGS="$(flags --as=shell)" meson setup out >log 2>&1 || { cat log >&2; false; }
	ninja -C out >log 2>&1 || { cat log >&2; false; }
	holds out/demo
}
check "meson" by_meson

by_cargo() {
	need cargo rustc cc
	mkdir src
	printf '[package]\nname = "demo"\nversion = "1.0.0"\nedition = "2021"\n' >Cargo.toml
	printf 'fn main() { println!("ran"); }\n' >src/main.rs
	export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}
	# Whatever links: an object.
	flags --cc=cc --as=object -o note.o 2>err
	local beside
	beside=$(sed -n 's/.*: wants \(.*\) beside it in the link.*/\1/p' err)
	RUSTFLAGS="-C link-arg=$PWD/note.o${beside:+ -C link-arg=$beside}" cargo build -q --offline 2>log || { cat log >&2; false; }
	holds target/debug/demo
	# The flag, for the linker that rustc drives: newer ones bring an lld of their own.
	local own linker=(--cc=cc)
	own=$(rustc --print link-args src/main.rs -o unused 2>/dev/null | grep -o -- '-B[^" ]*gcc-ld' | head -1) || true
	[ -z "$own" ] || linker=("--cc=cc $own" --linker=lld)
	flags "${linker[@]}" --as=response -o note.rsp
	RUSTFLAGS="-C link-arg=@$PWD/note.rsp" cargo build -q --offline 2>log || { cat log >&2; false; }
	holds target/debug/demo
	rm -rf target
	# Without a file: arguments are kept apart by 0x1f.
	mapfile -t words < <(flags "${linker[@]}" --as=argv)
	local encoded='' word
	for word in "${words[@]}"; do encoded="$encoded${encoded:+$'\037'}-Clink-arg=$word"; done
	CARGO_ENCODED_RUSTFLAGS=$encoded cargo build -q --offline --release 2>log || { cat log >&2; false; }
	holds target/release/demo
}
check "cargo, by RUSTFLAGS" by_cargo

by_cgo() {
	need go
	export GOCACHE=$PWD/cache GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=1 CC
	printf 'module demo\n' >go.mod
	printf 'package main\n\n// #include <stdio.h>\n// static int say(void) { return puts("ran") < 0 || fflush(stdout) != 0; }\nimport "C"\n\nfunc main() { C.say() }\n' >main.go
	flags --as=response -o note.rsp
	CGO_LDFLAGS="@$PWD/note.rsp" go build -o demo . 2>log || { cat log >&2; false; }
	holds demo
	rm demo
	go build -ldflags "-linkmode external -extldflags=@$PWD/note.rsp" -o demo . 2>log || { cat log >&2; false; }
	holds demo
}
check "cgo, by CGO_LDFLAGS and -extldflags" by_cgo

# An object is a file to link in, wherever files to link in can be named.
by_object() {
	need cmake
	project
	flags --as=object -o note.o
	cat >CMakeLists.txt <<-'CMAKE'
	cmake_minimum_required(VERSION 3.18)
	project(demo C)
	add_executable(demo main.c word.c ${NOTE})
	CMAKE
	cmake -S . -B out -DCMAKE_C_COMPILER="$CC" -DNOTE="$PWD/note.o" >log 2>&1 && cmake --build out >log 2>&1 || { cat log >&2; false; }
	holds out/demo
	printf 'demo: main.c word.c note.o\n\t$(CC) -o $@ $^\n' >Makefile
	make -s CC="$CC"
	holds demo
}
check "an object file, in cmake and make" by_object

by_specs() {
	need gcc make
	project
	NAME=${NAME//'#'/} WANT=${WANT//'#'/}
	flags --cc=gcc --as=specs -o note.specs
	printf 'all: demo\nword.o: word.c\n\t$(CC) $(CFLAGS) -c $<\nlibword.a: word.o\n\t$(AR) rc $@ $<\ndemo: main.c libword.a\n\t$(CC) $(CFLAGS) -o $@ $^\n' >Makefile
	make -s CC=gcc CFLAGS="-O2 -specs=$PWD/note.specs"
	holds demo
	rm demo
	make -s CC=gcc CFLAGS="-O2 -flto -specs=$PWD/note.specs"
	holds demo
}
check "a GCC specs file in CFLAGS, with and without LTO" by_specs

by_clang_config() {
	need clang make
	project
	flags --cc=clang --as=clang-config -o note.cfg
	printf 'demo: main.c word.c\n\t$(CC) $(CFLAGS) -o $@ $^\n' >Makefile
	make -s CC=clang CFLAGS="--config $PWD/note.cfg" 2>log
	holds demo
	command -v ld.lld >/dev/null || return 0
	# lld 14 has no such flag: the configuration names an object.
	flags --cc=clang --linker=lld --as=clang-config -o lld.cfg 2>err
	rm demo
	make -s CC='clang -fuse-ld=lld' CFLAGS="--config $PWD/lld.cfg" 2>log
	holds demo
}
check "a clang configuration file, with each linker that clang drives" by_clang_config
finish
