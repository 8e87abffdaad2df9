# SPDX-License-Identifier: LGPL-2.1-or-later
# Small projects and their spec files, as packagers have them: project_NAME writes ./NAME-VERSION.tar.gz and ./NAME.spec. The
# specs know nothing of pkgnote. They call %debug_package where rpm does not make its package by itself, which is since it has spec
# parts.

# tally: C, a program and its library, that records its flags in installed files as many do.
project_tally() {
	local version=${1:-1.0} release=${2:-1}
	mkdir -p "tally-$version"/{src,lib}
	echo 'int tally(const char *word);' >"tally-$version/lib/tally.h"
	cat >"tally-$version/lib/tally.c" <<-'C'
	#include "tally.h"
	#include <string.h>
	static int total;
	int tally(const char *word)
	{
		total += (int)strlen(word);
		return total;
	}
	C
	cat >"tally-$version/src/main.c" <<-'C'
	#include "../lib/tally.h"
	#include <stdio.h>
	int main(int argc, char **argv)
	{
		int all = 0;
		for (int i = 1; i < argc; i++)
			all = tally(argv[i]);
		printf("%d\n", all);
		return 0;
	}
	C
	cat >"tally-$version/Makefile" <<-'C'
	.RECIPEPREFIX = >
	CFLAGS = -O2 -g
	LDFLAGS =
	libdir = /usr/lib64
	all: tally libtally.so.1 tally.pc tally.sysconfig
	libtally.so.1: lib/tally.c
	> $(CC) $(CFLAGS) -fPIC -shared -Wl,-soname,$@ -Wl,--build-id $(LDFLAGS) -o $@ lib/tally.c
	tally: src/main.c libtally.so.1
	> $(CC) $(CFLAGS) -Wl,--build-id $(LDFLAGS) -o $@ src/main.c libtally.so.1
	tally.pc:
	> printf 'Name: tally\nDescription: counts\nVersion: 1\nCflags: %s\nLibs: -L$(libdir) -ltally %s\n' '$(CFLAGS)' '$(LDFLAGS)' >$@
	tally.sysconfig:
	> env | grep -E '^(CFLAGS|LDFLAGS|CC|MAKEFLAGS)=' | sed 's/ *--jobserver[^ ]*//' | sort >$@; echo 'LDFLAGS=$(LDFLAGS)' >>$@
	install:
	> install -D -m 755 tally $(DESTDIR)/usr/bin/tally
	> install -D -m 755 libtally.so.1 $(DESTDIR)$(libdir)/libtally.so.1
	> ln -s libtally.so.1 $(DESTDIR)$(libdir)/libtally.so
	> install -D -m 644 lib/tally.h $(DESTDIR)/usr/include/tally.h
	> install -D -m 644 tally.pc $(DESTDIR)$(libdir)/pkgconfig/tally.pc
	> install -D -m 644 tally.sysconfig $(DESTDIR)/etc/sysconfig/tally
	> install -D -m 644 Makefile $(DESTDIR)$(libdir)/tally/Makefile
	C
	tar czf "tally-$version.tar.gz" "tally-$version"
	rm -r "tally-$version"
	cat >tally.spec <<-C
	Name: tally
	Version: $version
	Release: $release
	Summary: Counts
	License: MIT
	Source: tally-$version.tar.gz
	%define _debugsource_packages 1
	%description
	Counts.
	%package libs
	Summary: The library
	%description libs
	Counts for others.
	%{!?specpartsdir:%{debug_package}}
	%prep
	%setup -q
	%build
	make %{?_smp_mflags} %{?tally_make}
	%install
	make install libdir=%{_libdir} DESTDIR=%{buildroot}
	%files
	/usr/bin/tally
	/etc/sysconfig/tally
	%files libs
	%{_libdir}/*
	/usr/include/tally.h
	C
}

# shapes: C++, several binary subpackages with a debuginfo package each.
project_shapes() {
	mkdir -p shapes-2.1/src
	cat >shapes-2.1/src/shapes.hh <<-'C'
	#include <map>
	#include <string>
	template <typename T> struct Square {
		T side;
		T area() const { return side * side; }
	};
	std::map<std::string, double> areas();
	C
	cat >shapes-2.1/src/shapes.cc <<-'C'
	#include "shapes.hh"
	std::map<std::string, double> areas()
	{
		return {{"one", Square<double>{1}.area()}, {"two", Square<double>{2}.area()}};
	}
	C
	cat >shapes-2.1/src/main.cc <<-'C'
	#include "shapes.hh"
	#include <iostream>
	int main()
	{
		for (const auto &a : areas())
			std::cout << a.first << ' ' << a.second << '\n';
	}
	C
	cat >shapes-2.1/src/daemon.cc <<-'C'
	#include "shapes.hh"
	int main() { return Square<int>{3}.area(); }
	C
	cat >shapes-2.1/Makefile <<-'C'
	.RECIPEPREFIX = >
	LINK = $(CXX) -O2 -g -Wl,--build-id -o $@ $<
	all: libshapes.so.2 shapes shapesd
	libshapes.so.2: src/shapes.cc
	> $(LINK) -fPIC -shared -Wl,-soname,$@
	shapes: src/main.cc libshapes.so.2
	> $(LINK) libshapes.so.2
	shapesd: src/daemon.cc
	> $(LINK)
	install:
	> install -D shapes $(DESTDIR)/usr/bin/shapes
	> install -D shapesd $(DESTDIR)/usr/sbin/shapesd
	> install -D libshapes.so.2 $(DESTDIR)/usr/lib64/libshapes.so.2
	> ln -s libshapes.so.2 $(DESTDIR)/usr/lib64/libshapes.so
	> install -D -m 644 src/shapes.hh $(DESTDIR)/usr/include/shapes.hh
	C
	tar czf shapes-2.1.tar.gz shapes-2.1
	rm -r shapes-2.1
	cat >shapes.spec <<-'C'
	Name: shapes
	Version: 2.1
	Release: 3
	Summary: Shapes
	License: MIT
	Source: shapes-2.1.tar.gz
	%define _debugsource_packages 1
	%define _debuginfo_subpackages 1
	%description
	Shapes.
	%package libs
	Summary: The library
	%description libs
	Shapes for others.
	%package devel
	Summary: The header
	%description devel
	Shapes for builders.
	%package -n shapesd
	Summary: The server
	%description -n shapesd
	Shapes for all.
	%{!?specpartsdir:%{debug_package}}
	%prep
	%setup -q
	%build
	make %{?_smp_mflags}
	%install
	make install DESTDIR=%{buildroot}
	%files
	/usr/bin/shapes
	%files libs
	/usr/lib64/libshapes.so.2
	%files devel
	/usr/lib64/libshapes.so
	/usr/include/shapes.hh
	%files -n shapesd
	/usr/sbin/shapesd
	C
}

# many: a static archive, a program of three names, and a set-id one.
project_many() {
	mkdir many-1
	echo 'int many(void) { return 3; }' >many-1/many.c
	echo 'int many(void); int main(void) { return many(); }' >many-1/main.c
	cat >many-1/Makefile <<-'C'
	.RECIPEPREFIX = >
	all: libmany.a many
	libmany.a: many.c
	> $(CC) -O2 -g -c -o many.o $<
	> $(AR) rcs $@ many.o
	many: main.c libmany.a
	> $(CC) -O2 -g -Wl,--build-id -o $@ $^
	install:
	> install -D many $(DESTDIR)/usr/bin/many
	> ln $(DESTDIR)/usr/bin/many $(DESTDIR)/usr/bin/more
	> ln $(DESTDIR)/usr/bin/many $(DESTDIR)/usr/bin/most
	> install -D -m 4755 many $(DESTDIR)/usr/libexec/many-helper
	> install -D -m 644 libmany.a $(DESTDIR)/usr/lib64/libmany.a
	C
	tar czf many-1.tar.gz many-1
	rm -r many-1
	cat >many.spec <<-'C'
	Name: many
	Version: 1
	Release: 1
	Summary: Many names
	License: MIT
	Source: many-1.tar.gz
	%define _debugsource_packages 1
	%description
	Many names.
	%{!?specpartsdir:%{debug_package}}
	%prep
	%setup -q
	%build
	make
	%install
	make install DESTDIR=%{buildroot}
	%files
	/usr/bin/*
	%attr(4755,root,root) /usr/libexec/many-helper
	/usr/lib64/libmany.a
	C
}

# gopher: Go, linked by its own linker; a build-id is asked for as Fedora's packages do.
project_gopher() {
	mkdir -p gopher-0.9/burrow
	echo 'module example.org/gopher' >gopher-0.9/go.mod
	cat >gopher-0.9/main.go <<-'C'
	package main

	import "example.org/gopher/burrow"

	func main() { println(burrow.Deep(3)) }
	C
	cat >gopher-0.9/burrow/burrow.go <<-'C'
	package burrow

	//go:noinline
	func Deep(n int) int { return n * 2 }
	C
	tar czf gopher-0.9.tar.gz gopher-0.9
	rm -r gopher-0.9
	cat >gopher.spec <<-'C'
	Name: gopher
	Version: 0.9
	Release: 1
	Summary: Digs
	License: MIT
	Source: gopher-0.9.tar.gz
	%define _debugsource_packages 1
	%description
	Digs.
	%{!?specpartsdir:%{debug_package}}
	%prep
	%setup -q
	%build
	export GOCACHE=%{_topdir}/go-cache GOFLAGS=-mod=mod GOPROXY=off HOME=%{_topdir} GO111MODULE=on
	go build -ldflags '-compressdwarf=false -B 0x0123456789abcdef0123456789abcdef01234567' -o gopher .
	%install
	install -D gopher %{buildroot}/usr/bin/gopher
	%files
	/usr/bin/gopher
	C
}

# words: nothing to compile.
project_words() {
	mkdir words-3
	printf '#!/bin/sh\necho words\n' >words-3/words
	tar czf words-3.tar.gz words-3
	rm -r words-3
	cat >words.spec <<-'C'
	Name: words
	Version: 3
	Release: 1
	Summary: Words
	License: MIT
	Source: words-3.tar.gz
	BuildArch: noarch
	%description
	Words.
	%{!?specpartsdir:%{debug_package}}
	%prep
	%setup -q
	%build
	%install
	install -D words %{buildroot}/usr/bin/words
	%files
	/usr/bin/words
	C
}

# hello: GNU hello from Debian's source package, by its own configure and make. The caller has sourced debsrc.sh.
project_hello() {
	local version
	debsrc hello
	version=$(sed -n '1s/.*(\([0-9.]*\).*/\1/p' hello-src/debian/changelog)
	rm -r hello-src/debian
	mv hello-src "hello-$version"
	tar czf "hello-$version.tar.gz" "hello-$version"
	rm -r "hello-$version"
	cat >hello.spec <<-C
	Name: hello
	Version: $version
	Release: 1
	Summary: Greets
	License: GPLv3+
	Source: hello-$version.tar.gz
	%define _debugsource_packages 1
	%description
	Greets.
	%{!?specpartsdir:%{debug_package}}
	%prep
	%setup -q
	%build
	export CFLAGS="-O2 -g" LDFLAGS=-Wl,--build-id
	./configure --prefix=/usr --disable-nls
	make %{?_smp_mflags} MAKEINFO=true
	%install
	make install DESTDIR=%{buildroot} MAKEINFO=true
	rm -rf %{buildroot}/usr/share/info
	%files
	/usr/bin/hello
	/usr/share
	C
}
