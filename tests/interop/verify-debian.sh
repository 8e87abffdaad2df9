# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote verify on packages straight from Debian: libc6 against libc6-dbg, without a server. They are
# from before any note, and the report says so.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/debsrc.sh"

packages() {
	need apt-get python3
	apt-get download "$@" >log 2>&1 || { tail -2 log; skip "apt-get cannot get $* here"; }
}

libc6_and_its_debug_package() {
	packages libc6 libc6-dbg
	local checks=build-id,stripped,debuginfo
	status 0 "$PKGNOTE" verify --checks=$checks libc6_*.deb libc6-dbg_*.deb
	files=$(sed -n 's/^\([0-9]*\) files, .*/\1/p' out)
	[ "$files" -gt 200 ]
	status 1 "$PKGNOTE" verify --json libc6_*.deb libc6-dbg_*.deb
	python3 - <<-'P'
	import json
	report = json.load(open("out"))
	for r in report["results"]:
	    wanted = {"note": "fail", "source": "skipped", "executable": "skipped", "section": "skipped"}.get(r["check"], "pass")
	    assert r["verdict"] == wanted, r
	    assert r["check"] != "note" or r["reason"] == "no package note", r
	P
	# Every debug file was really read: another release's will not do.
	mkdir tree; dpkg-deb -x libc6-dbg_*.deb tree
	find tree/usr/lib/debug -name '*.debug' | sort | head -1 >one
	python3 - "$(cat one)" <<-'P'
	import sys
	b = bytearray(open(sys.argv[1], "rb").read()); b[len(b) // 2] ^= 1; open(sys.argv[1], "wb").write(b)
	P
	status 1 "$PKGNOTE" verify --checks=$checks --json libc6_*.deb tree
	same "$(grep -c '"verdict": "fail"' out)" 1
	says out '"verdict": "fail".*(CRC-32|DWARF|section)'
	rm "$(cat one)"
	status 1 "$PKGNOTE" verify --checks=$checks --json libc6_*.deb tree
	same "$(grep -c '"verdict": "missing"' out)" 1
	says_not out '"verdict": "(fail|unreachable)"'
}
check "libc6 with libc6-dbg: all debug files belong, all notes are missing" libc6_and_its_debug_package

packages_without_debug_packages() {
	packages hello coreutils
	status 1 "$PKGNOTE" verify --checks=note,build-id,stripped hello_*.deb coreutils_*.deb
	says out '^build-id +[0-9]+ +0 +0 +0 +0$'
	says out '^stripped +[0-9]+ +0 +0 +0 +0$'
	says out '^note +0 +[1-9]'
	status 0 "$PKGNOTE" verify --checks=note,build-id,stripped --allow='note:*' hello_*.deb coreutils_*.deb
	# With nobody to ask, nothing passes for want of asking.
	status 1 "$PKGNOTE" verify --checks=debuginfo hello_*.deb
	says out '^unreachable +debuginfo '
}
check "hello and coreutils: no notes, nobody to ask" packages_without_debug_packages
# Jenkins' schema of JUnit reports, as JUnit 5 tests its own reports with it.
jenkins_schema() {
	need xmllint gcc strip
	debsrc junit5
	cp junit5-src/platform-tests/src/test/resources/jenkins-junit.xsd .
	mkdir -p root share/buildid
	echo 'int main(void) { return 0; }' >a.c
	gcc -g -Wl,--build-id "$PAGE_ONE" -Xlinker '--package-metadata={"type":"deb","name":"t"}' -o root/one a.c
	gcc -g -Wl,--build-id -DTWO -o two a.c
	mv two root/$'two <&"\x01\xff>'
	strip -g root/two*
	local id
	id=$(readelf -n root/one 2>/dev/null | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$id"
	cp root/one "share/buildid/$id/executable"
	echo text >text
	# Every verdict, and an input that cannot be read.
	status 3 "$PKGNOTE" verify --report=junit:junit.xml --report=json:report.json --server="file://$PWD/share" root text
	status 1 "$PKGNOTE" verify --report=junit:down.xml --report=json:down.json --server="file://$PWD/nowhere" root
	for verdict in pass fail missing skipped; do says report.json "\"verdict\": \"$verdict\""; done
	says down.json '"verdict": "unreachable"'
	xmllint --noout --schema jenkins-junit.xsd junit.xml down.xml
	same "$(xmllint --xpath 'count(//testcase)' junit.xml)" 15
	same "$(xmllint --xpath 'count(//testcase/error[@type="unread"])' junit.xml)" 1
	# The schema does find what is wrong.
	sed 's/<testcase classname/<testcase class/' junit.xml >broken.xml
	! xmllint --noout --schema jenkins-junit.xsd broken.xml 2>log
}
check "JUnit reports by the schema that Jenkins uses" jenkins_schema
finish
