# SPDX-License-Identifier: LGPL-2.1-or-later
# rpmbuild with our macros: packages of five kinds, each beside what rpm's own macros and find-debuginfo make of it.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/rpm.sh"
. "$TOP/tests/rpm_projects.sh"
. "$TOP/tests/debsrc.sh"

# both PROJECT [OPTION...]: built by both ways, into ./ours and ./standard; the same packages come out, with the same dependencies.
both() {
	local project=$1; shift
	rpm_ready
	need find-debuginfo debugedit
	"project_$project"
	rpm_builds ours "$project.spec" "$@"
	rpm_builds_standard standard "$project.spec" "$@"
	same "$(packages ours)" "$(packages standard)"
	same "$(asked ours)" "$(asked standard)"
	unpacked ours root
}
asked() {
	local rpm
	for rpm in "$1"/RPMS/*/*.rpm; do
		rpm -qp --qf '%{NAME}\n' --provides --requires --recommends "$rpm" 2>/dev/null
	done | sed -E 's/[0-9a-f]{40}/ID/'
}

# like_the_peer: names and links of debuginfo and debugsource packages are find-debuginfo's. The intended differences: debug
# files have mode 0644 (the peer's come out 0444 or 0644), and those that `listed` tells of.
like_the_peer() {
	listed ours '*-debug*' >ours.list
	listed standard '*-debug*' >standard.list
	[ -s ours.list ]
	cmp ours.list standard.list || { diff standard.list ours.list >&2; return 1; }
	# The packages that are debugged, too: their files and the .build-id links.
	same "$(listed ours)" "$(listed standard)"
}

c_program() {
	both tally
	like_the_peer
	stamped_and_stripped root usr/bin/tally usr/lib64/libtally.so.1
	same "$(LD_LIBRARY_PATH=root/usr/lib64 root/usr/bin/tally a bc)" 3
	. /etc/os-release
	for file in usr/bin/tally usr/lib64/libtally.so.1; do
		same "$(note_of "root/$file" type)" rpm
		same "$(note_of "root/$file" name)" tally # the source package's, also in tally-libs
		same "$(note_of "root/$file" version)" 1.0-1
		same "$(note_of "root/$file" architecture)" "$(rpm --eval '%{_target_cpu}')"
		same "$(note_of "root/$file" os)" "$ID"
		same "$(note_of "root/$file" osCpe)" "${CPE_NAME:-}"
	done
	# Post-link: what the build recorded of its flags is what it records without us.
	mkdir plain
	unpacked standard plain
	for file in usr/lib64/pkgconfig/tally.pc etc/sysconfig/tally usr/lib64/tally/Makefile; do
		cmp "root/$file" "plain/$file"
		says_not "root/$file" 'package-metadata|pkgnote|specs'
	done
	same "$(rpm -qp --provides ours/RPMS/*/tally-debuginfo-*.rpm | grep -c '^debuginfo(build-id) = ')" 2
}
check "C, a program and its library; nothing leaks into .pc, Makefile, sysconfig" c_program

gnu_hello() {
	both hello
	like_the_peer
	stamped_and_stripped root usr/bin/hello
	same "$(root/usr/bin/hello)" 'Hello, world!'
	find root/usr/src/debug/hello-* -name hello.c | grep -q .
}
check "GNU hello, by its own configure" gnu_hello

cpp_project() {
	need g++
	both shapes
	same "$(packages ours | tr ' ' '\n' | grep -c debuginfo)" 3
	like_the_peer
	stamped_and_stripped root usr/bin/shapes usr/sbin/shapesd usr/lib64/libshapes.so.2
	same "$(LD_LIBRARY_PATH=root/usr/lib64 root/usr/bin/shapes | head -1)" 'one 1'
	same "$(note_of root/usr/sbin/shapesd name)" shapes
}
check "C++, several subpackages with a debuginfo package each" cpp_project

archive_and_hard_links() {
	both many
	like_the_peer
	stamped_and_stripped root usr/bin/many usr/libexec/many-helper
	same "$(stat -c %h root/usr/bin/most)" 3
	same "$(rpm -qp --qf '[%{FILENAMES} %{FILEMODES:perms}\n]' ours/RPMS/*/many-1-1.*.rpm | grep helper)" '/usr/libexec/many-helper -rwsr-xr-x'
	ar t root/usr/lib64/libmany.a >members
	says members '^many\.o$'
}
check "a static archive, hard links, a set-id program" archive_and_hard_links

# strip PACKAGE OUT [N]: as rpm 6 writes it; where rpm does so by itself there is nothing to do.
strip_payload() {
	if [ "$(rpm -qp --qf '%{RPMFORMAT}' "$1" 2>/dev/null)" = 6 ]; then cp "$1" "$2"; else python3 "$TOP/tests/tools/rpm_strip.py" "$@"; fi
}
# What rpm finds in such a package is what show has: of several names of a file the one that has its contents.
stripped_payload() {
	need rpm2archive bsdtar python3
	rpm_ready
	project_many
	rpm_builds ours many.spec
	local package files
	for package in ours/RPMS/*/*.rpm; do
		strip_payload "$package" stripped.rpm
		rm -rf unpacked && mkdir unpacked
		rpm2archive -n <stripped.rpm 2>rpm.err | bsdtar -xf - -C unpacked 2>/dev/null
		"$PKGNOTE" show --json stripped.rpm >shown
		while read -r file id; do
			same "$(readelf -n "unpacked/$file" | sed -n 's/.*Build ID: //p')" "$id"
		done < <(python3 -c 'import json, sys
for line in sys.stdin:
    record = json.loads(line)
    print(record["member"], record["buildId"])' <shown)
		"$PKGNOTE" show --json "$package" | sed 's/"path": *"[^"]*"//' >plain
		cmp <(sed 's/"path": *"[^"]*"//' shown) plain
	done
	files=$(grep -c '"buildId": *"[0-9a-f]' shown || true)
	"$PKGNOTE" show --json ours/RPMS/*/many-1-1.*.rpm >shown
	same "$(wc -l <shown)" 2
	[ "$files" = 0 ] # debugsource, the last one, has none
	"$PKGNOTE" publish --into=share stripped.rpm ours/RPMS/*/many-debug*.rpm >published
	says published '^many-debuginfo-1-1.*: added, 1 build-id'
	says published '^many-debugsource-1-1.*: added, 0 build-ids, 2 sources'
}
check "a payload that has numbers for names, as rpm 6 writes it" stripped_payload

stripped_payload_lies() {
	need python3
	rpm_ready
	project_many
	rpm_builds ours many.spec
	[ "$(rpm -qp --qf '%{RPMFORMAT}' ours/RPMS/*/many-1-1.*.rpm 2>/dev/null)" != 6 ] || skip "rpm writes such payloads here by itself"
	strip_payload ours/RPMS/*/many-1-1.*.rpm lies.rpm 1000
	status 3 "$PKGNOTE" show lies.rpm
	says err 'lies\.rpm: .*file 100[0-9] of a header that lists no such'
}
check "a number that the package's header does not list" stripped_payload_lies

go_program() {
	need go
	# debugedit 5.3 cannot rewrite Go's DWARF 5 (1.25 and later): the list of sources comes out empty then, and the standard build ends.
	rpm_ready; need debugedit
	project_gopher
	if rpm_build_standard standard gopher.spec; then
		rm -rf standard
		both gopher
		like_the_peer
	else
		says standard.log 'debugedit: .*DW_FORM_0x8'
		rpm_builds ours gopher.spec
		unpacked ours root
	fi
	stamped_and_stripped root usr/bin/gopher
	same "$(root/usr/bin/gopher 2>&1)" 6
	same "$(note_of root/usr/bin/gopher name)" gopher
	find root/usr/src/debug -name burrow.go | grep -q .
}
check "a Go program" go_program

noarch() {
	both words
	same "$(packages ours)" "noarch/words-3-1.noarch.rpm"
	same "$(listed ours)" "$(listed standard)"
	says_not ours.log pkgnote-find-debuginfo
}
check "a noarch package: nothing is run" noarch
finish
