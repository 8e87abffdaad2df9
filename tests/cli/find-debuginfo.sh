# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote find-debuginfo beside debugedit's find-debuginfo 5.0: the same trees and lists, and right where
# 5.0 is known to be wrong (FACTS: -l with a suffix, names with spaces).
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
export RPM_PACKAGE_NAME=prog RPM_PACKAGE_VERSION=1.0 RPM_PACKAGE_RELEASE=2 RPM_ARCH=x86_64
TOPDIR=$WORK/top SOURCE=$WORK/top/prog-1.0 TREE=$WORK/tree
UNIQUE="--build-id-seed 1.0-2 --unique-debug-suffix -1.0-2.x86_64 --unique-debug-src-base prog-1.0-2.x86_64"

builds() {
	need gcc
	mkdir -p "$SOURCE/src" "$TREE/usr/bin" "$TREE/usr/lib"
	cd "$SOURCE"
	echo '#include <stdio.h>
	int main(void) { puts("hello"); return 0; }' >src/main.c
	echo 'int lib(int a) { return a + 1; }' >src/lib.c
	gcc -g -o "$TREE/usr/bin/prog" "$PWD/src/main.c"
	gcc -g -shared -fPIC -o "$TREE/usr/lib/libx.so.1" "$PWD/src/lib.c"
	ln -s libx.so.1 "$TREE/usr/lib/libx.so"
	ln "$TREE/usr/bin/prog" "$TREE/usr/bin/second"
}
check "a tree as rpmbuild leaves it" builds

# run NAME COMMAND...: on a fresh copy ./NAME; the lists go to ./NAME.lists, names of the tree to ./NAME.names.
run() {
	local name=$1; shift
	rm -rf "$name" "$name.lists"; cp -a "$TREE" "$name"; mkdir "$name.lists"
	rm -f "$SOURCE"/*.list
	RPM_BUILD_ROOT=$PWD/$name RPM_BUILD_DIR=$TOPDIR "$@" "$SOURCE" >"$name.out" 2>&1 || { cat "$name.out" >&2; return 1; }
	for list in "$SOURCE"/*.list; do LC_ALL=C sort "$list" >"$name.lists/$(basename "$list")"; done
	(cd "$name" && find . | sort) >"$name.names"
}
ours() { "$PKGNOTE" find-debuginfo "$@"; }

like_the_peer() {
	need find-debuginfo cpio file eu-strip debugedit
	printf '%%attr(0755,root,root) /usr/lib/libx.so.1\n/usr/lib/libx.so\n' >"$SOURCE/libs.files"
	for options in "-n" "-n -S sources.list" "-n -l libs.files -o libs.list -p .*prog.* -o prog.list" "-n -g" "-n -m" "-n --g-libs"; do
		run theirs find-debuginfo $options
		run ours ours $options
		cmp ours.names theirs.names || { diff ours.names theirs.names >&2; return 1; }
		rm -f {ours,theirs}.lists/debugsources.list # sorted and each once: see below
		diff -r theirs.lists ours.lists
	done
	run theirs find-debuginfo $UNIQUE -S sources.list
	run ours ours $UNIQUE -S sources.list
	cmp ours.names theirs.names || { diff ours.names theirs.names >&2; return 1; }
}
check "the same names and lists as find-debuginfo 5.0" like_the_peer

# The options that call other programs, or do what those do: the same files, lists and contents.
external_programs() {
	need find-debuginfo cpio file eu-strip debugedit dwz gdb gdb-add-index
	printf '/usr/lib/libx.so.1\n/usr/lib/libx.so\n' >"$SOURCE/libs.files"
	local options f debug
	for options in "-n --run-dwz" "-n --run-dwz --dwz-single-file-mode" "-n --run-dwz --dwz-low-mem-die-limit 5 --dwz-max-die-limit 10000" \
		"-n -i" "-n -i --run-dwz" "-n -r" "-n --run-dwz -S sources.list -l libs.files -o libs.list -p .*prog.* -o prog.list" \
		"-n --run-dwz -p .*dwz.* -o dwz.list"; do
		run theirs find-debuginfo $options
		run ours ours $options
		cmp ours.names theirs.names || { diff ours.names theirs.names >&2; fail "$options"; }
		rm -f {ours,theirs}.lists/debugsources.list
		diff -r theirs.lists ours.lists || fail "$options"
		for f in usr/bin/prog usr/lib/libx.so.1; do
			debug=usr/lib/debug/$f.debug
			readelf --debug-dump=gdb_index ours/$debug 2>&1 | without_interpreter >index
			if [[ $options == *-i*--run-dwz* ]] && ! readelf -SW theirs/$debug | grep -q gdb_index; then
				# dwz drops the version 9 that gdb writes since 15: the peer, which runs dwz last, has no index then.
				says index '^Version 9$'
				says index ': 0 \[global, function\]$'
			else
				same "$(cat index)" "$(readelf --debug-dump=gdb_index theirs/$debug 2>&1)"
			fi
			same "$(readelf --string-dump=.gnu_debugaltlink ours/$debug 2>&1 | grep -o '[^ ]*\.dwz[^ ]*')" "$(readelf --string-dump=.gnu_debugaltlink theirs/$debug 2>&1 | grep -o '[^ ]*\.dwz[^ ]*')"
			same "$(readelf -wi ours/$debug 2>/dev/null | grep -c DW_TAG)" "$(readelf -wi theirs/$debug 2>/dev/null | grep -c DW_TAG)"
			eu-elflint --gnu -d -q ours/$debug
		done
	done
	grep -qx '/usr/lib/debug/.dwz/prog-1.0-2.x86_64' ours.lists/dwz.list
	# The others have it not, and with a suffix the peer's name would be no other.
	says_not ours.lists/debugfiles.list '\.dwz/'
	run ours ours $UNIQUE --run-dwz -i -r -S sources.list -l libs.files -o libs.list
	says ours.lists/debugfiles.list '^/usr/lib/debug/\.dwz/prog-1.0-2.x86_64$'
	says ours.lists/libs.list '^/usr/lib/debug/usr/lib/libx.so.1-1.0-2.x86_64.debug$'
	same "$(find ours -name '.pkgnote*')" ""
}
check "--run-dwz, its limits, -i and -r beside find-debuginfo 5.0" external_programs

# eu-elflint --gnu, before and after, as 5.3 has it.
checked() {
	need eu-elflint python3
	local TREE=$PWD/odd
	mkdir -p "$TREE/usr/bin"
	gcc -g -o "$TREE/usr/bin/prog" "$SOURCE/src/main.c"
	export RPM_BUILD_ROOT=$TREE RPM_BUILD_DIR=$TOPDIR
	cp "$TREE/usr/bin/prog" before
	status 0 ours --check-elf-strict -n "$SOURCE"
	says_not err .
	cp before "$TREE/usr/bin/prog"; rm -r "$TREE/usr/lib"
	cp before "$TREE/usr/bin/bad"
	python3 - "$TREE/usr/bin/bad" <<-'P'
	import struct, sys
	d = bytearray(open(sys.argv[1], 'rb').read())
	shoff, = struct.unpack_from('<Q', d, 40); n, = struct.unpack_from('<H', d, 60)
	struct.pack_into('<Q', d, shoff + 64 * (n - 1) + 8, 0x100000000) # .shstrtab: flags that nobody knows
	open(sys.argv[1], 'wb').write(d)
	P
	cp "$TREE/usr/bin/bad" bad
	status 3 ours --check-elf-strict -n "$SOURCE"
	says err "/usr/bin/bad: eu-elflint: before the split: section \[[0-9]+\] '.shstrtab'"
	says err '/usr/bin/bad: left as it was: eu-elflint complains$'
	cmp bad "$TREE/usr/bin/bad"
	[ -f "$TREE/usr/lib/debug/usr/bin/prog.debug" ]
	status 0 ours --check-elf -n "$SOURCE"
	says err "/usr/bin/bad: eu-elflint: before the split: section"
	[ -f "$TREE/usr/lib/debug/usr/bin/bad.debug" ]
}
check "--check-elf tells, --check-elf-strict fails" checked

unique_names() {
	echo /usr/lib/libx.so.1 >"$SOURCE/libs.files"
	run ours ours $UNIQUE -S sources.list -l libs.files -o libs.list
	says ours.lists/libs.list '^/usr/lib/debug/usr/lib/libx.so.1-1.0-2.x86_64.debug$'
	says ours.lists/libs.list '^%dir /usr/lib/debug/usr/lib$'
	says_not ours.lists/libs.list 'usr/bin'
	says_not ours.lists/debugfiles.list libx
	says ours.lists/sources.list '^/usr/src/debug/prog-1.0-2.x86_64$'
	same "$(tr '\0' ' ' <ours.lists/debugsources.list | tr -d '\n')" "src/lib.c src/main.c "
	[ -f ours/usr/src/debug/prog-1.0-2.x86_64/src/main.c ]
	[ ! -e ours/usr/lib/.build-id ] # rpmbuild makes those
}
check "-l works with unique names" unique_names

spaces() {
	local TREE=$PWD/spaced
	mkdir -p "$TREE/usr/bin"
	gcc -g -o "$TREE/usr/bin/two words" "$SOURCE/src/main.c"
	run ours ours $UNIQUE
	says ours.lists/debugfiles.list '^"/usr/lib/debug/usr/bin/two words-1.0-2.x86_64.debug"$'
	says ours.lists/elfbins.list '^.//usr/bin/two words$'
}
check "names with spaces are split and quoted" spaces

refusals() {
	export RPM_BUILD_ROOT=$TREE RPM_BUILD_DIR=$TOPDIR
	status 2 ours -n --build-id-seed x
	status 2 ours -g --g-libs
	status 2 ours --run-dwz --dwz-max-die-limit lots
	says err "^pkgnote find-debuginfo: --dwz-max-die-limit wants a number or none, not 'lots'"
	mkdir bin; ln -s "$(command -v bash)" bin/bash
	status 3 env PATH="$PWD/bin" "$PKGNOTE" find-debuginfo --run-dwz "$SOURCE"
	says err 'needs the program dwz, which is not installed$'
	status 3 env PATH="$PWD/bin" "$PKGNOTE" find-debuginfo -i "$SOURCE"
	says err 'needs the program gdb, which is not installed$'
	status 3 env PATH="$PWD/bin" "$PKGNOTE" find-debuginfo --check-elf "$SOURCE"
	says err 'needs the program eu-elflint, which is not installed$'
	status 2 env -u RPM_BUILD_ROOT "$PKGNOTE" find-debuginfo
	says err 'RPM_BUILD_ROOT is not set'
	readelf -SW "$TREE/usr/bin/prog" | grep -q debug_info
}
check "what does not go together, or cannot be done, is refused before anything is touched" refusals

# As a user (mock): /etc/shadow has mode 0000, sudo's kin 4111. The peer passes over both in silence.
closed_files() {
	need setpriv gcc
	[ "$(id -u)" = 0 ] || skip "needs root, to be another user"
	chmod 755 "$WORK"
	cp "$PKGNOTE" pkgnote # the build may lie where nobody else may look
	mkdir -p top/prog root/bin root/etc
	echo 'int main(void) { return 0; }' >top/prog/a.c
	(cd top/prog && gcc -g "$PWD/a.c" -o "$OLDPWD/root/bin/open")
	cp root/bin/open root/bin/closed; echo x >root/etc/shadow; cp root/bin/closed before
	chown -R 65534:65534 top root; chmod 4111 root/bin/closed; chmod 0 root/etc/shadow
	status 0 setpriv --reuid=65534 --regid=65534 --clear-groups env RPM_BUILD_ROOT="$PWD/root" RPM_BUILD_DIR="$PWD/top" \
		"$PWD/pkgnote" find-debuginfo "$PWD/top/prog"
	local why='left alone: permission denied: its mode keeps it from being read: chmod u+r in %install, and %attr in %files'
	same "$(cat err)" "pkgnote find-debuginfo: /bin/closed: $why
pkgnote find-debuginfo: /etc/shadow: $why"
	cmp before root/bin/closed
	same "$(stat -c %a root/bin/closed root/etc/shadow | xargs)" "4111 0"
	! readelf -SW root/bin/open | grep -q debug_info
}
check "as a user, what its mode keeps from being read is left alone" closed_files
finish
