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

go_program() {
	need go
	both gopher
	like_the_peer
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
