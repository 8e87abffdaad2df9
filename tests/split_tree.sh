# SPDX-License-Identifier: LGPL-2.1-or-later
# The tree that split's command tests share: many kinds of file, compiled when a script begins.
CC=${CC:-gcc}
TREE=$WORK/tree BUILDDIR=$WORK/build-1.0
NVRA=prog-1.0-2.x86_64 SUFFIX=-1.0-2.x86_64

# One tree for all tests: $TREE, compiled in $BUILDDIR.
make_tree() {
	mkdir -p "$BUILDDIR/src" "$BUILDDIR/include" "$TREE/usr/bin" "$TREE/usr/lib" "$TREE/usr/share/doc"
	cd "$BUILDDIR"
	cat >include/helper.h <<-'C'
	static inline int helper(int a) { return a * 3 + 1; }
	C
	cat >src/main.c <<-'C'
	#include <stdio.h>
	#include "../include/helper.h"
	static int table[100];
	int data = 3;
	int main(int argc, char **argv)
	{
		(void)argv;
		printf("hello %d\n", helper(table[argc]) + data);
		return 0;
	}
	C
	cat >src/lib.c <<-'C'
	#include "../include/helper.h"
	int lib(int x) { return helper(x) + 2; }
	C
	cat >src/plus.cc <<-'C'
	#include <iostream>
	#include <string>
	#include <vector>
	struct S { std::string a; virtual ~S() {} };
	int main()
	{
		std::vector<S> v(3);
		v[1].a = "plus";
		std::cout << v[1].a << v.size() << std::endl;
		try { throw 3; } catch (int i) { return i - 3; }
	}
	C
	local bin=$TREE/usr/bin
	gcc -g -O1 -o "$bin/prog" "$BUILDDIR/src/main.c"
	(cd src && gcc -g -gdwarf-4 -O2 -o "$bin/dwarf4" main.c)
	gcc -g -O1 -shared -fPIC -Wl,-soname,libx.so.1 -o "$TREE/usr/lib/libx.so.1" src/lib.c
	gcc -g -no-pie -o "$bin/no pie" src/main.c
	g++ -g -O2 -o "$bin/plus" src/plus.cc
	gcc -g -static -o "$bin/static" src/main.c
	gcc -g -static-pie -o "$bin/static-pie" src/main.c
	gcc -o "$bin/symbols-only" src/main.c
	gcc -g -Wl,-q -o "$bin/relocations" src/main.c
	gcc -s -o "$TREE/usr/share/stripped" src/main.c
	gcc -g -Wl,--build-id=none -o "$TREE/usr/share/no-id" src/main.c
	cp "$bin/dwarf4" "$TREE/usr/share/appended"
	echo payload >>"$TREE/usr/share/appended"
	gcc -g -c -o "$TREE/usr/share/object.o" src/main.c
	ln "$bin/prog" "$bin/a hard link"
	chmod 4711 "$bin/prog"
	ln -s prog "$bin/symlink"
	echo text >"$TREE/usr/share/doc/text"
	mkfifo "$TREE/usr/share/fifo"
}

# fresh LAYOUT NAME [OPTION...]: a copy of the tree, split; its manifest in NAME.json.
split() {
	local layout=$1 out=$2; shift 2
	"$PKGNOTE" split --layout="$layout" --name=prog --package-version=1.0 --release=2 --arch=x86_64 \
		--build-dir="$BUILDDIR" --manifest="$out.json" "$@" "$out"
}
fresh() { cp -a "$TREE" "$2"; split "$@"; }
debug_of() { echo "$1/usr/lib/debug/${2#/}$SUFFIX.debug"; }
programs() { (cd "$TREE/usr/bin" && find . -type f -printf '/usr/bin/%f\n'; echo /usr/lib/libx.so.1); }
json() { python3 -c 'import json,sys; m=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"; }

builds() { need gcc g++ python3 eu-elflint eu-unstrip readelf; (make_tree); }
check "a tree of many kinds of file" builds
