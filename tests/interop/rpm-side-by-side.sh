# SPDX-License-Identifier: LGPL-2.1-or-later
# Two releases and a second architecture, built by rpmbuild with our macros: their debug packages share one
# root, gdb finds what belongs to each binary, and the whole release is verified against elfutils' debuginfod.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/rpm.sh"
. "$TOP/tests/rpm_projects.sh"
. "$TOP/tests/judges.sh"

# The judge, elfutils' debuginfod 0.196 and before, cannot read packages of rpm 6's own format (a cpio of contents alone).
FORMAT=(--define '_rpmformat 4')

# The same sources each time: nothing but the release and the machine tells the results apart.
builds() {
	rpm_ready
	[ "$(uname -m)" = x86_64 ] || skip "this machine has no i686 beside it"
	echo 'int main(void) { return 0; }' >probe.c
	gcc -m32 -o probe probe.c 2>/dev/null || skip "gcc -m32 has no libraries (libc6-dev-i386, lib32gcc-12-dev)"
	mkdir "$WORK/release"
	for release in 1 2; do
		project_tally 1.0 $release
		rpm_builds "r$release" tally.spec "${FORMAT[@]}"
		cp "r$release"/RPMS/x86_64/*.rpm "$WORK/release/"
	done
	project_tally 1.0 1
	rpm_builds i686 tally.spec "${FORMAT[@]}" --target i686 --define "tally_make CC='gcc -m32'"
	cp i686/RPMS/i686/*.rpm "$WORK/release/"
	same "$(find "$WORK/release" -name '*.rpm' | wc -l)" 12
}
check "two releases, and --target i686 with gcc -m32" builds
have_release() { [ -d "$WORK/release" ] || skip "the packages were not built"; }

# The packages themselves cannot share a root, as ever: each goes to a directory of its own.
BUILDS='1.0-1.x86_64 1.0-2.x86_64 1.0-1.i686'
extract() {
	local build
	for build in $BUILDS; do
		mkdir -p "$build"
		for rpm in "$WORK"/release/tally-"$build".rpm "$WORK"/release/tally-libs-"$build".rpm; do
			rpm2cpio "$rpm" | (cd "$build" && cpio -idm --quiet --no-absolute-filenames)
		done
	done
}
# In names of debug files rpm's architecture is the family.
suffix() { echo "${1/i686/i386}"; }

notes() {
	have_release
	extract
	local build file libdir
	for build in $BUILDS; do
		libdir=lib64; [ "${build##*.}" = x86_64 ] || libdir=lib
		stamped_and_stripped "$build" usr/bin/tally usr/$libdir/libtally.so.1
		for file in usr/bin/tally usr/$libdir/libtally.so.1; do
			same "$(note_of "$build/$file" version)" "${build%.*}"
			same "$(note_of "$build/$file" architecture)" "${build##*.}"
		done
	done
	# Equal code, three build-ids.
	same "$(readelf -n */usr/bin/tally | grep 'Build ID' | sort -u | wc -l)" 3
}
check "each binary tells its own release and architecture: i686, not i386" notes

install_together() {
	rm -rf root; mkdir root
	rpm --root "$PWD/root" --initdb
	rpm --root "$PWD/root" -i --nodeps --ignorearch "$WORK"/release/*-debug*.rpm >rpm.log 2>&1 || { cat rpm.log >&2; return 1; }
}
in_one_root() {
	have_release
	[ "$(id -u)" = 0 ] || skip "rpm --root wants to be root"
	install_together
	same "$(rpm --root "$PWD/root" -qa | grep -c debug)" 6
	rpm --root "$PWD/root" -Va --nodeps >verified || { cat verified >&2; return 1; }
	local build
	for build in $BUILDS; do
		[ -f "root/usr/lib/debug/usr/bin/tally-$(suffix "$build").debug" ]
		[ -f "root/usr/src/debug/tally-$(suffix "$build")/src/main.c" ]
	done
	# The last one out leaves nothing behind.
	rpm --root "$PWD/root" -e --nodeps $(rpm --root "$PWD/root" -qa | grep debug)
	same "$(find root/usr -type f)" ""
}
check "their debuginfo and debugsource packages install into one root" in_one_root

# finds BUILD PROGRAM: gdb reads the debug file of this very build, and lists its source. What is below the directory
# BUILD lies where the package has it.
finds() {
	local build=$1 program=$2
	HOME=$PWD gdb -nx -batch -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/root/usr/lib/debug" \
		-iex "set substitute-path /usr/src/debug $PWD/root/usr/src/debug" -iex "set sysroot $PWD/$build" \
		-ex 'list main' -ex 'info source' -ex 'maint info bfds' "$program" >listed 2>&1 || true
	says listed " $PWD/root/usr/lib/debug/usr/bin/tally-$(suffix "$build")\.debug *\$"
	says listed 'int main\(int argc'
	says listed "^Located in .*/usr/src/debug/tally-$(suffix "$build")/src/main\.c"
	says_not listed 'CRC mismatch'
}
gdb_finds() {
	have_release; need gdb
	[ "$(id -u)" = 0 ] || skip "rpm --root wants to be root"
	extract
	install_together
	local build
	# Elsewhere, under another name, nothing but the build-id leads there.
	for build in $BUILDS; do
		cp "$build/usr/bin/tally" "program-$build"
		finds "$build" "$PWD/program-$build"
	done
	# Without build-ids there is the name, and its CRC.
	rm -r root/usr/lib/debug/.build-id
	for build in $BUILDS; do finds "$build" "$PWD/$build/usr/bin/tally"; done
	(finds "$build" "$PWD/program-$build" 2>/dev/null) || true
	says_not listed '/usr/lib/debug/' # neither an id nor a name leads anywhere
}
check "gdb finds the right file for each, by build-id and by name" gdb_finds

verified() {
	have_release
	rpm_debuginfod "$WORK/release"
	status 0 "$PKGNOTE" verify --server="$SERVER" --sources=all --report=json:report.json "$WORK"/release/*.rpm ||
		{ debuginfod_stop; cat report.json >&2; return 1; }
	debuginfod_stop
	python3 - <<-'P'
	import collections, json
	results = json.load(open("report.json"))["results"]
	wrong = [r for r in results if r["verdict"] != "pass"]
	assert not wrong, wrong
	files = collections.defaultdict(set)
	for r in results:
	    files[r["input"], r["path"]].add(r["check"])
	assert len(files) == 6, files.keys()
	for name, checks in files.items():
	    assert {"note", "build-id", "stripped", "debuginfo", "executable", "source"} <= checks, (name, checks)
	P
	# The judge is awake: without release 2 on the server it is named.
	mkdir part; cp "$WORK"/release/*-1.0-1.* part/
	rpm_debuginfod "$PWD/part"
	status 1 "$PKGNOTE" verify --server="$SERVER" "$WORK"/release/*.rpm || { debuginfod_stop; return 1; }
	debuginfod_stop
	says out '^missing +debuginfo +.*tally-1\.0-2'
}
check "pkgnote verify passes every check against elfutils' debuginfod -R" verified
finish
