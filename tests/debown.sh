# SPDX-License-Identifier: LGPL-2.1-or-later
# For tests/interop/deb-many.sh: small source packages for the kinds of which the archive has none that can be had. Each function own-KIND
# writes one into this directory.

# own NAME WANTS [LINE...]: debian/ of source NAME with one binary package, and these lines of debian/rules behind those of dh.
own() {
	local name=$1 wants=$2
	shift 2
	mkdir -p debian/source
	echo '3.0 (native)' >debian/source/format
	printf '%s (1.0) unstable; urgency=medium\n\n  * It is new.\n\n -- %s  Mon, 02 Jan 2023 10:00:00 +0000\n' "$name" "$MAINT" >debian/changelog
	printf 'Source: %s\nSection: misc\nPriority: optional\nMaintainer: %s\nBuild-Depends: debhelper-compat (= 13)%s\nStandards-Version: 4.6.2\n' "$name" "$MAINT" "${wants:+, $wants}" >debian/control
	own_package "$name" any
	plain_rules "$@"
}
# own_package NAME ARCHITECTURE: one more binary package.
own_package() {
	printf '\nPackage: %s\nArchitecture: %s\nDepends: ${shlibs:Depends}, ${misc:Depends}\nDescription: one of its kind\n It is built for being looked at, and does little.\n' "$1" "$2" >>debian/control
}
# own_make BUILD INSTALL: a Makefile of one command each, with what C programs are compiled with.
own_make() { printf 'all:\n\t%s\ninstall:\n\t%s\nclean:\n' "$1" "$2" >Makefile; }
own_program='#include <stdio.h>\nint main(int argc, char **argv) { return printf("%%d %%s\\n", argc, argc > 1 ? argv[1] : "nothing") < 0; }\n'
own_cc='$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)'

own-ada() {
	own own-ada gnat
	printf 'with Ada.Text_IO; use Ada.Text_IO;\nprocedure Hello is\nbegin\n   Put_Line ("hallo");\nend Hello;\n' >hello.adb
	own_make 'gnatmake -g -O2 hello.adb' 'install -D hello $(DESTDIR)/usr/bin/own-ada'
}
own-guile() {
	own own-guile 'guile-3.0-dev'
	printf '(define-module (own))\n(define-public (one x) (+ x 1))\n' >own.scm
	own_make 'HOME=$(CURDIR) guild compile -o own.go own.scm' \
		'install -Dm644 own.scm $(DESTDIR)/usr/share/guile/site/3.0/own.scm && install -Dm644 own.go $(DESTDIR)/usr/lib/$(DEB_HOST_MULTIARCH)/guile/3.0/site-ccache/own.go'
}
own-plugin() {
	own own-plugin "g++, gcc-$(gcc -dumpversion)-plugin-dev"
	printf '#include <gcc-plugin.h>\n#include <plugin-version.h>\nint plugin_is_GPL_compatible;\nint plugin_init(plugin_name_args *args, plugin_gcc_version *version)\n{\n\t(void)args;\n\treturn !plugin_default_version_check(version, &gcc_version);\n}\n' >own.cc
	own_make '$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(LDFLAGS) -shared -fPIC -fno-rtti -I$(shell $(CC) -print-file-name=plugin)/include -o own.so own.cc' \
		'install -Dm644 own.so $(DESTDIR)$(abspath $(shell $(CC) -print-file-name=plugin))/own.so'
}
own-module() {
	own own-module 'linux-headers-amd64'
	printf '#include <linux/module.h>\nstatic int __init own_init(void) { return 0; }\nmodule_init(own_init);\nMODULE_LICENSE("GPL");\n' >own.c
	echo 'obj-m := own.o' >Kbuild
	own_make 'env -u CFLAGS -u LDFLAGS $(MAKE) -C $(lastword $(wildcard /usr/src/linux-headers-*-amd64)) M=$(CURDIR) CONFIG_DEBUG_INFO=y CONFIG_DEBUG_INFO_DWARF5=y CONFIG_DEBUG_INFO_BTF_MODULES= modules' \
		'install -Dm644 own.ko $(DESTDIR)/lib/modules/6.1.0-0-amd64/updates/own.ko'
}
# Test data of another machine in the package, and firmware in one for all.
own-foreign() {
	own own-foreign gcc-aarch64-linux-gnu 'override_dh_strip-arch:\n\tdh_strip -a -Xtestdata'
	own_package own-firmware all
	sed -i '/^Package: own-firmware/,$s/\${shlibs:Depends}, //' debian/control
	printf 'int value;\nvoid _start(void) { for (;;) value++; }\n' >firmware.c
	printf "$own_program" >program.c
	own_make "aarch64-linux-gnu-gcc -g -O2 -nostdlib -static -Wl,-Ttext=0x80000 -o firmware.elf firmware.c && aarch64-linux-gnu-gcc -g -O2 -c firmware.c && $own_cc -o program program.c" \
		'install -D program $(DESTDIR)/usr/bin/own-foreign && install -Dm644 -t $(DESTDIR)/usr/share/own-foreign/testdata firmware.elf firmware.o && install -Dm644 firmware.elf $(DESTDIR)/lib/firmware/own/own.elf'
	printf '%s\n' usr/bin usr/share >debian/own-foreign.install
	echo lib/firmware >debian/own-firmware.install
}
# A program that reads what lies behind its own image.
own-payload() {
	own own-payload '' 'override_dh_strip:\n\tdh_strip -Xown-payload'
	printf '#include <stdio.h>\nint main(int argc, char **argv)\n{\n\tchar text[8] = "";\n\tFILE *file = fopen(argv[0], "rb");\n\n\treturn argc < 0 || !file || fseek(file, -7, SEEK_END) || fread(text, 1, 7, file) != 7 || puts(text) < 0;\n}\n' >program.c
	own_make "$own_cc -o program program.c && printf PAYLOAD >>program" 'install -D program $(DESTDIR)/usr/bin/own-payload'
}
# The ways to call dh_strip, one in each package.
own-strips() {
	local kind
	own own-strips '' 'override_dh_strip:\n\tdh_strip -pown-strips --dbgsym-migration="own-strips-dbg (<< 1)"\n\tdh_strip -pown-keep -k\n\tdh_strip -pown-none --no-automatic-dbgsym\n\tdh_strip -pown-except -Xown-except\n\tdh_strip --remaining-packages'
	printf "$own_program" >program.c
	: >kinds
	for kind in strips keep none except remaining; do
		[ $kind = strips ] || own_package own-$kind any
		echo usr/bin/own-$kind >debian/own-$kind.install
		echo $kind >>kinds
	done
	own_make "for kind in \`cat kinds\`; do $own_cc -DKIND=kind_\$\$kind -o program-\$\$kind program.c || exit; done" \
		'for kind in `cat kinds`; do install -D program-$$kind $(DESTDIR)/usr/bin/own-$$kind || exit; done'
	sed -i '2i int KIND = 1;' program.c
}
