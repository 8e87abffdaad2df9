# SPDX-License-Identifier: LGPL-2.1-or-later
# The switch for a whole archive: DH_EXTRA_ADDONS=pkgnote and the stand-ins in PATH, packages untouched. A build that succeeds
# without us succeeds with us; what a package says to stay out; the report.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/deb.sh"
addon_installed || exit 1

# notes: how many files of the packages have one, how many have none.
notes() { "$PKGNOTE" show --json ../hallo_*.deb ../hallo-tools_*.deb | grep -v '"kind":"relocatable"' | grep -c '"package":{' || true; }
json() { python3 -c "import json, sys; r = json.load(open(sys.argv[1])); print($2)" "$1"; }

switched_on() {
	compiled; plain_rules; binary; state_of ../*.deb >../want
	export DH_EXTRA_ADDONS=pkgnote DH_PKGNOTE_REPORT=$PWD/../report.json
	binary; state_of ../*.deb >../have; diff ../want ../have
	same "$(notes)" 5
	need python3
	same "$(json ../report.json '[r["reportVersion"], r["source"], r["version"], r["architecture"]]')" "[1, 'hallo', '1:1.0-1', 'amd64']"
	same "$(json ../report.json '[(p["name"], len(p["stamped"]), len(p["split"]), len(p["refused"])) for p in r["packages"]]')" \
		"[('hallo', 3, 3, 0), ('hallo-tools', 2, 2, 0)]"
	same "$(json ../report.json 'r["packages"][1]["split"][0]["path"]')" /usr/bin/hallo-tool
	# A package stays out.
	rm ../report.json
	for line in 'export DH_PKGNOTE = 0' ''; do
		plain_rules "$line"; [ -n "$line" ] || sed -i 's/dh \$@/& --without pkgnote/' debian/rules
		binary; state_of ../*.deb >../have; diff ../want ../have
		same "$(notes)" 0
		[ ! -e ../report.json ]
	done
	# One for all architectures, and one of a compat level that is too old.
	plain_rules 'override_dh_auto_install:'
	awk 'BEGIN { RS = ""; ORS = "\n\n" } !/Package: hallo(-tools)?\n/' debian/control >c && mv c debian/control
	rm -rf debian/.debhelper debian/files ../*.deb; build -b -nc
	same "$(cd .. && ls *.*deb)" hallo-doc_1.0-1_all.deb
	says_not ../log '^dh.*: (warning|error): .*pkgnote'
}
check "DH_EXTRA_ADDONS: the packages that debhelper makes, with notes; a report; who stays out" switched_on

# What packages of boot loaders, firmware, guile have: a kernel image of which no segment holds page one; a program below which nothing can
# be added; what guile compiles, ELF files of no machine; EFI programs.
odd_files() {
	cat >odd.s <<-'S'
		.globl _start
		_start: nop
	S
	mkdir odd odd/guile
	gcc -g -nostdlib -static -Wl,-N,-Ttext=0x9000,--build-id=none -o odd/kernel.img odd.s
	gcc -g -nostdlib -static -Wl,-z,noseparate-code,-Ttext-segment=0x10000,--build-id -o odd/low odd.s
	python3 -c 'import sys; b = bytearray(open(sys.argv[1], "rb").read()); b[7] = 255; b[18:20] = b"\0\0"; open(sys.argv[2], "wb").write(b)' odd/low odd/guile/a.go
	cp odd/guile/a.go odd/guile/b.go
	if command -v x86_64-w64-mingw32-ld >/dev/null; then
		gcc -c -o odd.o odd.s
		x86_64-w64-mingw32-ld --subsystem 10 -e _start -o odd/loader.efi odd.o
		x86_64-w64-mingw32-ld --subsystem 3 -e _start -o odd/windows.exe odd.o
	fi
}
refused() {
	need python3
	compiled; odd_files
	plain_rules 'execute_after_dh_install:\n\tcp -r odd debian/hallo/usr/lib/hallo/'
	binary; state_of ../*.deb >../want
	unpack ../plain ../hallo_*.deb
	export DH_EXTRA_ADDONS=pkgnote DH_PKGNOTE_REPORT=$PWD/../report.json
	binary; state_of ../*.deb >../have; diff ../want ../have
	at=/usr/lib/hallo/odd
	same "$(grep -c "hallo: $at/kernel.img: no note: not linked for Linux" ../log)" 1
	same "$(grep -c "hallo: $at/guile/a.go and 1 more: no note: not for Linux" ../log)" 1
	same "$(grep -c "^pkgnote split: $at/low: cannot be done, and stays as it is: page one" ../log)" 1
	same "$(json ../report.json 'sorted((p["step"], p["path"]) for p in r["packages"][0]["left"] if p["step"] == "stamp")')" \
		"[('stamp', '$at/guile/a.go'), ('stamp', '$at/guile/b.go'), ('stamp', '$at/kernel.img')]"
	same "$(json ../report.json '[(p["step"], p["path"], p["reason"][:11]) for p in r["packages"][0]["refused"]]')" "[('stamp', '$at/low', 'page one is')]"
	same "$(json ../report.json '[p["path"] for p in r["packages"][0]["stamped"] if "low" in p["path"] or "go" in p["path"] or "img" in p["path"]]')" "[]"
	# It is split all the same, and what guile compiled is as it was.
	json ../report.json '[p["path"] for p in r["packages"][0]["split"]]' >../split; says ../split "'$at/low'"
	unpack ../ours ../hallo_*.deb
	cmp "../plain$at/guile/a.go" "../ours$at/guile/a.go"
	if [ -e odd/loader.efi ]; then
		# An EFI program has its note, a program of another system is left as it is.
		objdump -s -j .pkgnote "../ours$at/loader.efi" >../note; says ../note 'type.*deb|"type":"de'
		"$PKGNOTE" show --json "../ours$at/loader.efi" >../note; says ../note '"name":"hallo"'
		json ../report.json '[p["path"] for p in r["packages"][0]["stamped"]]' >../stamped; says ../stamped "'$at/loader.efi'"
		cmp "../plain$at/windows.exe" "../ours$at/windows.exe"
	fi
	DH_PKGNOTE_STRICT=1 stops 'hallo: pkgnote split failed' -b -nc; says ../log "$at/low: page one"
}
check "what can have no note is told in one line, and is stripped as ever; EFI programs, guile's files, the report" refused

# dh_pkgnote --report=FILE, in debian/rules.
reports() {
	need python3
	compiled; rules 'override_dh_pkgnote:\n\tdh_pkgnote --report=what.json -Xtool'; binary
	same "$(json what.json '[(p["name"], [f["path"] for f in p["stamped"]]) for p in r["packages"]]')" \
		"[('hallo', ['/usr/bin/hallo', '/usr/lib/hallo/libgreet.so', '/usr/libexec/hallo/helper']), ('hallo-tools', [])]"
	unpack ../tree ../hallo_*.deb
	same "$(json what.json '[f["buildId"] for f in r["packages"][0]["split"] if f["path"] == "/usr/bin/hallo"][0]')" \
		"$(readelf -n ../tree/usr/bin/hallo | sed -n 's/.*Build ID: //p')"
}
check "dh_pkgnote --report=FILE tells what was stamped and split" reports

# by_hand COMMAND...: debian/rules that calls these and those that every package needs.
by_hand() {
	printf '#!/usr/bin/make -f\nbinary-arch:\n' >debian/rules
	local command
	for command in dh_prep 'dh_auto_install --destdir=debian/tmp' dh_install dh_installdocs dh_installchangelogs dh_compress dh_fixperms "$@" \
		dh_makeshlibs dh_shlibdeps dh_installdeb dh_gencontrol dh_md5sums dh_builddeb; do
		printf '\t%s -a\n' "$command"
	done >>debian/rules
}
without_dh() {
	compiled; by_hand dh_strip; binary; state_of ../*.deb >../want
	PATH=$(dh_pkgnote --print-path):$PATH
	export PATH DH_PKGNOTE_REPORT=$PWD/../report.json
	binary; state_of ../*.deb >../have; diff ../want ../have
	same "$(notes)" 5
	says ../report.json '"stamped" : \[$'
	# Once more over the same state: trees are new, and are stamped anew.
	rm -f ../*.deb debian/files; debian/rules binary-arch >../log 2>&1; same "$(notes)" 5
	DEB_BUILD_OPTIONS=nostrip binary; same "$(notes)" 5
	DH_PKGNOTE=0 binary; same "$(notes)" 0
	by_hand 'dh_pkgnote -Xgreet' dh_strip; binary; same "$(notes)" 4
}
check "debian/rules without dh, the stand-ins first in PATH: dh_strip stamps too" without_dh

# A vendor's configuration of dpkg, as dh_pkgnote(1) shows it: taken from the manual, and nothing in the environment or the package.
vendor() {
	compiled; plain_rules; binary; state_of ../*.deb >../want
	mkdir -p ../etc/dpkg ../etc/origins ../perl/Dpkg/Vendor
	printf 'Vendor: Example\nVendor-URL: https://example.org/\nParent: Debian\n' >../etc/origins/example
	printf 'Vendor: Debian\n' >../etc/origins/debian
	ln -s example ../etc/origins/default
	sed -n '/^    package Dpkg::Vendor::Example;/,/^    1;/s/^    //p' "$TOP/debhelper/dh_pkgnote" >../perl/Dpkg/Vendor/Example.pm
	says ../perl/Dpkg/Vendor/Example.pm DH_EXTRA_ADDONS
	echo sanitize-env >../etc/dpkg/buildpackage.conf
	rm -rf debian/.debhelper debian/files ../*.*deb
	export PERL5LIB="$PWD/../perl:$PERL5LIB" DPKG_ORIGINS_DIR="$PWD/../etc/origins" XDG_CONFIG_HOME="$PWD/../etc"
	dpkg-vendor --query vendor | grep -qx Example
	DH_PKGNOTE_REPORT=$PWD/../report.json build -b
	state_of ../*_amd64.deb >../have; diff ../want ../have
	same "$(notes)" 5
	says ../report.json '"source" : "hallo"'
	by_hand dh_strip; sed -i 's/^binary-arch:/clean build:\nbinary: binary-arch\n&/' debian/rules
	rm -rf debian/.debhelper debian/files ../*.*deb; build -b -nc
	same "$(notes)" 5
	# Who builds has to have it.
	if dpkg-checkbuilddeps 2>../missing; then dpkg-query -W dh-pkgnote; else says ../missing 'dh-pkgnote'; fi
}
check "a vendor's configuration of dpkg switches it on for all packages, those without dh too" vendor

# debian/rules that strips by itself, as procmail's and hello-traditional's do.
strips_itself() {
	compiled; by_hand; sed -i '/dh_fixperms/a\\tstrip --remove-section=.comment --remove-section=.note debian/hallo/usr/bin/hallo' debian/rules
	binary; state_of ../*.deb >../want
	export PATH; PATH=$(dh_pkgnote --print-path):$PATH
	binary; state_of ../*.deb >../have; diff ../want ../have
	same "$(grep -c 'warning: hallo: nothing was stamped, debian/hallo/usr/.*: debian/rules calls neither dh_pkgnote nor dh_strip$' ../log)" 1
	DH_PKGNOTE_STRICT=1 stops 'error: hallo: nothing was stamped' --rules-target=binary-arch -nc
	DH_PKGNOTE=0 binary; says_not ../log 'nothing was stamped'
	# Without debhelper altogether nobody is in the way, and nothing is told.
	cat >debian/rules <<-'R'
	#!/usr/bin/make -f
	.RECIPEPREFIX = >
	clean build:
	binary binary-arch: build
	>rm -rf debian/tmp && mkdir -p debian/tmp/DEBIAN debian/tmp/usr/bin
	>install -s program debian/tmp/usr/bin/hallo
	>dpkg-gencontrol -phallo -Pdebian/tmp -Vshlibs:Depends= -Vmisc:Depends=
	>dpkg-deb --root-owner-group --build debian/tmp ..
	binary-indep:
	R
	binary; [ -e ../hallo_1.0-1_amd64.deb ]
}
check "debian/rules that strips by itself: built as ever, and it is told that nothing was stamped" strips_itself

with_cdbs() {
	[ -f /usr/share/cdbs/1/rules/debhelper.mk ] || skip "no cdbs on this machine"
	compiled
	printf '%s\n' '#!/usr/bin/make -f' 'include /usr/share/cdbs/1/rules/debhelper.mk' 'include /usr/share/cdbs/1/class/makefile.mk' \
		'DEB_MAKE_INSTALL_TARGET = install DESTDIR=$(CURDIR)/debian/tmp' 'DEB_MAKE_CHECK_TARGET =' >debian/rules
	sed -i 's/debhelper-compat (= 13)/debhelper, cdbs/' debian/control; echo 10 >debian/compat
	binary; state_of ../*.deb >../want
	export PATH; PATH=$(dh_pkgnote --print-path):$PATH
	binary; state_of ../*.deb >../have; diff ../want ../have
	same "$(notes)" 5
}
check "cdbs, the stand-ins first in PATH" with_cdbs
finish
