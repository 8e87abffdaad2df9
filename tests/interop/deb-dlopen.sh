# SPDX-License-Identifier: LGPL-2.1-or-later
# ${dlopen:Depends}, ${dlopen:Recommends}, ${dlopen:Suggests} by the addon: what dpkg-shlibdeps says of programs that are linked to
# the same libraries, dpkg-gencontrol's fields, and dh_dlopenlibdeps on the same files.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/deb.sh"
addon_installed || exit 1

# noted FILE.c JSON: appends to a source what has its program carry this dlopen note.
noted() {
	cat >>"$1" <<-C
	__asm__(".pushsection .note.dlopen,\"a\",%note\n.balign 4\n.long 4, 2f - 1f, 0x407c0c0a\n.asciz \"FDO\"\n"
		"1: .asciz \"$(sed 's/"/\\\\\\"/g' <<<"$2")\"\n2: .balign 4\n.popsection\n");
	C
}
# fields: has each package's control file name the variables.
fields() { sed -i 's/^Depends: ${shlib.*/&, ${dlopen:Depends}\nRecommends: ${dlopen:Recommends}\nSuggests: ${dlopen:Suggests}/' debian/control; }

# like SONAME: the dependency that dpkg-shlibdeps finds for a program that is linked to it.
like() {
	gcc -o linked -Wl,--no-as-needed helper.c "-l:$1"
	dpkg-shlibdeps -O -elinked 2>/dev/null | sed 's/^shlibs:Depends=//; s/, /\n/g' | grep -v '^libc6'
}
# libraries SONAME...: they are there, or the test is skipped.
libraries() { local one; for one; do gcc -x c -o /dev/null - "-l:$one" <<<'int main(void) { return 0; }' 2>/dev/null || skip "no $one on this machine"; done; }

filled() {
	toy hallo; cd hallo/hallo
	libraries liblzma.so.5 libzstd.so.1 libz.so.1
	noted main.c '[{"soname":["liblzma.so.5"],"priority":"required"},{"soname":["libnone.so.7","libzstd.so.1"]},{"soname":["libz.so.1"],"priority":"suggested"},{"soname":["libnone.so.9"],"priority":"required"}]'
	noted main.c '[{"soname":["libz.so.1","liblzma.so.5"]}]'
	fields
	build -b -nc
	deb=$(ls ../hallo_*.deb)
	same "$(field "$deb" Depends | tr ',' '\n' | sed 's/^ //' | grep -v '^libc6')" "$(like liblzma.so.5)"
	# What Depends has already dpkg-gencontrol leaves out.
	same "$(field "$deb" Recommends)" "$(like libzstd.so.1)"
	same "$(sed -n 's/^dlopen:Recommends?=//p' debian/hallo.substvars)" "$(printf '%s\n' "$(like libz.so.1) | $(like liblzma.so.5)" "$(like libzstd.so.1)" | sort | paste -sd, | sed 's/,/, /g')"
	same "$(field "$deb" Suggests)" "$(like libz.so.1)"
	# What nobody has is told once; what has no note has empty variables.
	same "$(grep -c 'dh_gencontrol: warning: hallo: .*usr/bin/hallo may load libnone.so.9, which is in no package here' ../log)" 1
	says_not ../log 'libnone.so.7'
	says_not ../log 'unknown substitution variable|substitution variable .*unused'
	same "$(field ../hallo-tools_*.deb Recommends)" ''
	# dh_gencontrol once more changes nothing; and what another command set stays.
	sort debian/hallo.substvars >before
	PATH=$(dh_pkgnote --print-path):$PATH dh_gencontrol -a 2>/dev/null
	sort debian/hallo.substvars | diff before -
	sed -i '/^dlopen:/d' debian/hallo.substvars; echo 'dlopen:Depends=mine' >>debian/hallo.substvars
	PATH=$(dh_pkgnote --print-path):$PATH dh_gencontrol -a 2>/dev/null
	same "$(grep ^dlopen: debian/hallo.substvars)" 'dlopen:Depends=mine'
}
check "Depends, Recommends, Suggests: as dpkg-shlibdeps has it for programs that are linked to these" filled

unused() {
	toy hallo; cd hallo/hallo
	noted main.c '[{"soname":["libz.so.1","libnone.so.7"],"priority":"required"}]'
	build -b -nc
	says_not ../log 'dlopen|libnone'
	says_not debian/hallo.substvars dlopen
}
check "a package whose control file names none of them is built as ever" unused

# A library of the package itself, in a directory of its own, and one of another package of the source, with a shlibs file.
of_the_build() {
	toy hallo; cd hallo/hallo
	noted main.c '[{"soname":["libgreet.so"],"priority":"required"},{"soname":["libtool.so.3"]}]'
	noted tool.c '[{"soname":["libtool.so.3"],"priority":"suggested"}]'
	printf '%b\n' '\nexecute_after_dh_auto_install:\n\tmkdir -p debian/tmp/usr/lib/x\n\t$(CC) -shared -fPIC -Wl,-soname,libtool.so.3 -o debian/tmp/usr/lib/x/libtool.so.3 greet.c' >extra
	rules "$(cat extra)"
	sed -i 's,CC,shell dpkg-architecture -qDEB_HOST_GNU_TYPE)-gcc,; s,gcc),gcc,' debian/rules
	echo usr/lib/x >>debian/hallo-tools.install; echo usr/lib/hallo >debian/hallo.install; printf '%s\n' usr/bin/hallo usr/libexec/hallo >>debian/hallo.install
	echo 'libtool 3 hallo-tools (>= 1:0.9)' >debian/hallo-tools.shlibs
	fields
	build -b -nc
	same "$(field ../hallo_*.deb Recommends)" 'hallo-tools (>= 1:0.9)'
	same "$(field ../hallo-tools_*.deb Suggests)" ''
	says_not ../log 'may load'
}
check "libraries of the packages that are being built" of_the_build

# The peer goes by names of files in all packages; ours by what the linker finds, so its packages are among the peer's.
peer() {
	need dh_dlopenlibdeps
	toy hallo; cd hallo/hallo
	libraries liblzma.so.5 libzstd.so.1 libz.so.1
	noted main.c '[{"soname":["liblzma.so.5"],"feature":"a","priority":"required"},{"soname":["libzstd.so.1"],"feature":"b"},{"soname":["libz.so.1"],"feature":"c","priority":"suggested"}]'
	fields
	build -b -nc
	# A package a line, without versions.
	names() { field ../hallo_*.deb Depends Recommends Suggests | tr ',|' '\n\n' | sed -E 's/^[A-Z][a-z]*: //; s/^ *//; s/ .*//' | sort -u | grep -v '^libc6$'; }
	names >ours
	rm -rf ../*.deb debian/.debhelper debian/files debian/*.substvars
	rules; sed -i 's/--with pkgnote/--with dlopenlibdeps/' debian/rules; build -b -nc
	names >theirs
	same "$(comm -23 ours theirs)" ''
	same "$(wc -l <ours)" 3
}
check "dh_dlopenlibdeps on the same files: its packages" peer

finish
