# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote find-debuginfo --stamp: which files of a buildroot get the note, and what else happens to them.
. "$(dirname "$0")/../lib.sh"
export RPM_PACKAGE_NAME=prog RPM_PACKAGE_VERSION=1.0 RPM_PACKAGE_RELEASE=2 RPM_ARCH=x86_64
TOPDIR=$WORK/top SOURCE=$WORK/top/prog-1.0
UNIQUE="--build-id-seed 1.0-2 --unique-debug-suffix -1.0-2.x86_64 --unique-debug-src-base prog-1.0-2.x86_64"
mkdir -p "$SOURCE/src"
echo '#include <stdio.h>
int main(void) { puts("hello"); return 0; }' >"$SOURCE/src/main.c"
ours() { "$PKGNOTE" find-debuginfo "$@"; }

# What is in a buildroot besides programs: stripped already, debug files, objects, data that look like ELF.
odd_tree() {
	local TREE=$1
	mkdir -p "$TREE/usr/bin" "$TREE/usr/share"
	gcc -g -Wl,--build-id -o "$TREE/usr/bin/prog" "$SOURCE/src/main.c"
	strip -o "$TREE/usr/bin/stripped" "$TREE/usr/bin/prog"
	gcc -g -Wl,--build-id -no-pie -o "$TREE/usr/share/firmware" "$SOURCE/src/main.c"
	strip "$TREE/usr/share/firmware"; chmod 644 "$TREE/usr/share/firmware"
	cp "$TREE/usr/bin/stripped" "$TREE/usr/bin/appended"; echo payload >>"$TREE/usr/bin/appended"
	objcopy --only-keep-debug "$TREE/usr/bin/prog" "$TREE/usr/share/prog.debug"
	gcc -c -o "$TREE/usr/share/main.o" "$SOURCE/src/main.c"
	head -c 500 "$TREE/usr/bin/prog" >"$TREE/usr/bin/cut"; chmod 755 "$TREE/usr/bin/cut"
	printf '\177ELF, they say' >"$TREE/usr/share/junk"
}
id_of() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
stamps() {
	need gcc strip objcopy readelf
	local TREE=$PWD/odd file
	odd_tree "$TREE"
	cp -a odd only
	RPM_BUILD_ROOT=$PWD/only RPM_BUILD_DIR=$TOPDIR ours --stamp=only --build-id-seed 1.0-2 -k architecture=i686 "$SOURCE"
	same "$(ls "$SOURCE" only only/usr)" "$(ls "$SOURCE" odd odd/usr | sed 's/^odd/only/')"
	[ ! -e "$SOURCE/debugfiles.list" ]
	cp -a odd split
	RPM_BUILD_ROOT=$PWD/split RPM_BUILD_DIR=$TOPDIR ours --stamp $UNIQUE -k architecture=i686 "$SOURCE" 2>split.out
	for file in usr/bin/appended usr/bin/cut usr/share/prog.debug usr/share/main.o usr/share/junk usr/share/firmware; do
		cmp "odd/$file" "only/$file"
		cmp "odd/$file" "split/$file"
	done
	says split.out '/usr/bin/cut: left alone: .*do not fit the file'
	for file in prog stripped; do
		"$PKGNOTE" show --json "only/usr/bin/$file" "split/usr/bin/$file" >shown
		same "$(grep -c '"type":"rpm",.*"name":"prog","version":"1.0-2","architecture":"i686"' shown | tr -d ' ')" 2
		same "$("only/usr/bin/$file")$("split/usr/bin/$file")" hellohello
	done
	# What was stripped before has its debug information elsewhere, by its build-id.
	same "$(id_of odd/usr/bin/stripped)" "$(id_of only/usr/bin/stripped)"
	same "$(id_of odd/usr/bin/stripped)" "$(id_of split/usr/bin/stripped)"
	[ "$(id_of odd/usr/bin/prog)" != "$(id_of only/usr/bin/prog)" ]
	readelf -SW only/usr/bin/prog | grep -q debug_info
	if readelf -SW split/usr/bin/prog | grep -q debug_info; then return 1; fi
	# Twice is once.
	cp -a only again
	RPM_BUILD_ROOT=$PWD/again RPM_BUILD_DIR=$TOPDIR "$PKGNOTE" find-debuginfo --stamp=only --build-id-seed 1.0-2 "$SOURCE"
	diff -r only again
	status 2 env RPM_BUILD_ROOT="$TREE" RPM_BUILD_DIR="$TOPDIR" "$PKGNOTE" find-debuginfo -k a=b
	says err 'METADATA options go with --stamp'
	status 2 env RPM_BUILD_ROOT="$TREE" RPM_BUILD_DIR="$TOPDIR" "$PKGNOTE" find-debuginfo --stamp -k ab
	status 2 "$PKGNOTE" split --layout=rpm --name=n --package-version=1 --arch=a --stamp -k ab "$TREE"
	env -u RPM_PACKAGE_RELEASE bash -c 'RPM_BUILD_ROOT=$1 RPM_BUILD_DIR=$2 "$PKGNOTE" find-debuginfo --stamp --from=rpm' sh "$TREE" "$TOPDIR" >out 2>err && return 1
	says err 'RPM_PACKAGE_RELEASE is not set'
	# split chooses alike; what is cut off is an error there.
	cp -a odd other
	status 3 "$PKGNOTE" split -q --layout=rpm --name=prog --package-version=1.0 --release=2 --arch=i686 --stamp other
	cmp other/usr/bin/stripped split/usr/bin/stripped
	cmp other/usr/share/firmware odd/usr/share/firmware
}
check "--stamp: notes in what is linked and can run, with and without splitting" stamps

finish
