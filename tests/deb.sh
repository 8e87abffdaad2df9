# SPDX-License-Identifier: LGPL-2.1-or-later
# For scripts that build Debian packages: the suite installed below $WORK, found by PATH and PERL5LIB, and a small
# source package of several binary packages.
export MAINT='A Packager <a@example.org>' DEBIAN_FRONTEND=noninteractive
# debhelper leaves a CC of the environment to cross builds, too.
unset CC CXX AR DEB_BUILD_OPTIONS DEB_BUILD_PROFILES DH_PKGNOTE_SHAPE DH_PKGNOTE_SOURCES DH_PKGNOTE_DEBUG_INFO_URL DH_PKGNOTE_REPORT DH_PKGNOTE_STRICT DH_PKGNOTE DH_EXTRA_ADDONS DH_VERBOSE MAKEFLAGS MAKELEVEL

# addon_installed: `make install`, once a script.
addon_installed() {
	need dh dpkg-buildpackage fakeroot perl
	[ -e "$WORK/suite/usr/bin/dh_pkgnote" ] ||
		make -s -C "$TOP" BUILD="$BUILD" PREFIX=/usr DESTDIR="$WORK/suite" install >"$WORK/install.log" 2>&1 || { tail -5 "$WORK/install.log" >&2; return 1; }
	PLAIN_PATH=$PATH
	export PATH="$WORK/suite/usr/bin:$PATH" PERL5LIB="$WORK/suite/usr/share/perl5"
}

# toy NAME [VERSION]: the source package in ./NAME/NAME. NAME has a program, a library, and a helper that
# NAME-tools has, too; NAME-doc is for all architectures.
toy() {
	local name=$1 version=${2:-1:1.0-1}
	mkdir -p "$name/$name/debian/source" && cd "$name/$name"
	cat >main.c <<-E
	#include <stdio.h>
	int greet(const char *who);
	int main(int argc, char **argv) { return greet(argc > 1 ? argv[1] : "$version"); }
	E
	printf '#include <stdio.h>\nint greet(const char *who)\n{\n\treturn printf("hallo, %%s\\n", who) < 0;\n}\n' >greet.c
	printf 'int main(void) { return 0; }\n' >helper.c
	printf '#include <stdlib.h>\nint main(int argc, char **argv) { return atoi(argv[argc - 1]); }\n' >tool.c
	cat >Makefile <<-'E'
	.RECIPEPREFIX = >
	all: program tool helper libgreet.so libgreet.a
	program: main.c greet.c
	>$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^
	tool: tool.c
	>$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^
	helper: helper.c
	>$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^
	libgreet.so: greet.c
	>$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -fPIC -shared -o $@ $^
	greet.o: greet.c
	>$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $^
	libgreet.a: greet.o
	>$(AR) rc $@ $^
	install:
	>install -D program $(DESTDIR)/usr/bin/$(NAME)
	>install -D helper $(DESTDIR)/usr/libexec/$(NAME)/helper
	>install -D -m644 libgreet.so $(DESTDIR)/usr/lib/$(NAME)/libgreet.so
	>install -D -m644 libgreet.a $(DESTDIR)/usr/lib/$(NAME)/libgreet.a
	>install -D helper $(DESTDIR)/usr/libexec/$(NAME)-tools/helper
	>install -D tool $(DESTDIR)/usr/bin/$(NAME)-tool
	clean:
	>rm -f *.o *.a *.so program tool helper
	E
	sed -i "1i NAME := $name" Makefile
	cat >debian/control <<-E
	Source: $name
	Section: misc
	Priority: optional
	Maintainer: $MAINT
	Build-Depends: debhelper-compat (= 13)
	Standards-Version: 4.6.2
	Rules-Requires-Root: no

	Package: $name
	Architecture: any
	Depends: \${shlibs:Depends}, \${misc:Depends}
	Description: greets whom it is told to greet
	 It greets in the way that greeting is done.

	Package: $name-tools
	Architecture: any
	Depends: \${shlibs:Depends}, \${misc:Depends}
	Description: tools for greeting
	 They help with greeting whom one wants to greet.

	Package: $name-doc
	Architecture: all
	Depends: \${misc:Depends}
	Description: documentation for greeting
	 It tells how to greet, and whom, and when to do so.
	E
	printf '%s (%s) unstable; urgency=medium\n\n  * It is new.\n\n -- %s  Mon, 02 Jan 2023 10:00:00 +0000\n' "$name" "$version" "$MAINT" >debian/changelog
	cat >debian/copyright <<-E
	Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

	Files: *
	Copyright: 2023 A Packager
	License: Expat
	 Do what you like.
	E
	echo '3.0 (native)' >debian/source/format
	printf '%s\n' usr/bin/$name usr/libexec/$name usr/lib >debian/$name.install
	printf '%s\n' usr/bin/$name-tool usr/libexec/$name-tools >debian/$name-tools.install
	echo greet.c >debian/$name-doc.docs
	rules
	cd ../..
}

# rules [LINE...]: debian/rules of dh with the addon, and these lines.
rules() {
	printf '#!/usr/bin/make -f\n%%:\n\tdh $@ --with pkgnote\n' >debian/rules
	[ $# = 0 ] || printf '%b\n' "$@" >>debian/rules
	chmod 755 debian/rules
}
# plain_rules [LINE...]: the same without the addon.
plain_rules() { rules "$@"; sed -i 's/ --with pkgnote//' debian/rules; }

# build [OPTION...]: dpkg-buildpackage in this directory; its output goes to ../log.
build() {
	dpkg-buildpackage -us -uc -d "$@" >../log 2>&1 || { tail -30 ../log >&2; return 1; }
}
# stops PATTERN [OPTION...]: the build fails and says so, and no package was made.
stops() {
	local pattern=$1; shift
	rm -f ../*.deb ../*.ddeb
	if dpkg-buildpackage -us -uc -d "$@" >../log 2>&1; then tail -5 ../log >&2; fail "the build did not stop"; fi
	says ../log "$pattern"
	! ls ../*.deb ../*.ddeb 2>/dev/null
}

# field PACKAGE [NAME]: a field of it, or all.
field() { dpkg-deb -f "$@"; }
# files PACKAGE: regular files and links in it, sorted.
files() { dpkg-deb --fsys-tarfile "$1" | tar -tvf - | awk '/^[-lh]/ { sub(/^[^.]*\.\//, "/"); print }' | sort; }
# unpack DIR PACKAGE...: all into one root.
unpack() { local root=$1 package; shift; for package; do dpkg-deb -x "$package" "$root"; done; }
# build_id FILE
build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }

# The toy, compiled once: tests copy it.
compiled() {
	if [ ! -d "$WORK/compiled" ]; then
		toy hallo
		(cd hallo/hallo && debian/rules build >../log 2>&1) || { cat hallo/log >&2; return 1; }
		mkdir "$WORK/compiled" && mv hallo "$WORK/compiled"
	fi
	cp -a "$WORK/compiled/hallo" . && cd hallo/hallo
}

# binary: the packages for this architecture, as debian/rules makes them; its output goes to ../log.
binary() {
	rm -rf ../*.*deb debian/.debhelper debian/files debian/*.log
	debian/rules binary-arch >../log 2>&1 || { tail -30 ../log >&2; return 1; }
}

# state_of PACKAGE...: what is in packages: names, fields, and of each ELF file what it still holds.
state_of() {
	local package tree=$PWD/state.$$ file
	for package; do
		echo "== ${package##*/}"
		dpkg-deb -f "$package" | grep -v '^\(Installed-Size\|Build-Ids\)' | sed 's/, [a-z+.-]*-dbgsym (= [^)]*)$//; s/ (dependency package)$//'
		rm -rf "$tree"; unpack "$tree" "$package"
		(
			cd "$tree"
			# By which id a debug file is found is not debhelper's; how many there are is, but for those that two
			# packages have, and the file that dwz makes.
			find . ! -type d ! -path '*/.build-id/*' ! -path '*/.dwz/*' | sort | while read -r file; do
				echo "$file $(readelf -SW "$file" 2>/dev/null | grep -o ' \.\(debug_info\|symtab\|gnu_debuglink\|comment\) ' | sort -u | tr -d '\n')"
			done
		)
	done
	rm -rf "$tree"
}
