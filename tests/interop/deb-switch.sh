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

# A kernel image as boot loaders have: no segment holds page one. And a file whose first page is full.
odd_files() {
	cat >odd.s <<-'S'
		.globl _start
		_start: nop
	S
	gcc -g -nostdlib -static -Wl,-N,-Ttext=0x9000,--build-id=none -o kernel.img odd.s
}
refused() {
	compiled; odd_files
	plain_rules 'execute_after_dh_install:\n\tinstall kernel.img debian/hallo/usr/lib/hallo/kernel.img'
	binary; state_of ../*.deb >../want
	export DH_EXTRA_ADDONS=pkgnote DH_PKGNOTE_REPORT=$PWD/../report.json
	binary; state_of ../*.deb >../have; diff ../want ../have
	need python3
	says ../report.json kernel.img
	same "$(grep -c 'hallo: /usr/lib/hallo/kernel.img: no note: not linked for Linux' ../log)" 1
}
check "what can have no note is told in one line, and is stripped as ever" refused

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
