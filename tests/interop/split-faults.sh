# SPDX-License-Identifier: LGPL-2.1-or-later
# Faults of pkgnote split: killed, out of disk, out of memory, not allowed to write, a file that changes while it is
# read. Always: each input is as it was or finished, nothing is half there under its own name, and the next
# run ends in the same bytes as an undisturbed one. strace makes the faults, one system call after the other.
. "$(dirname "$0")/../lib.sh"
TREE=$WORK/tree BUILDDIR=$WORK/build-1.0 WHOLE=$WORK/whole
# What changes a file system; the names by which strace knows these calls.
CHANGES=openat,write,fchmod,fchmodat,mkdirat,renameat,linkat,symlinkat,unlinkat

make_tree() {
	mkdir -p "$BUILDDIR/src" "$TREE/usr/bin" "$TREE/usr/lib"
	cd "$BUILDDIR"
	echo 'int half(int x) { return x / 2; }' >src/half.h
	printf '#include "half.h"\nint main(int argc, char **argv) { (void)argv; return half(argc); }\n' >src/main.c
	printf '#include "half.h"\nint lib(int x) { return half(x) + 2; }\n' >src/lib.c
	gcc -g -o "$TREE/usr/bin/prog" src/main.c
	gcc -g -O2 -gdwarf-4 -o "$TREE/usr/bin/other" src/main.c
	gcc -g -shared -fPIC -o "$TREE/usr/lib/libx.so.1" src/lib.c
	gcc -g -c -o lib.o src/lib.c
	ar rcs "$TREE/usr/lib/libx.a" lib.o
	ln "$TREE/usr/bin/prog" "$TREE/usr/bin/a name"
	ln "$TREE/usr/bin/prog" "$TREE/usr/bin/zz name"
	ln -s libx.so.1 "$TREE/usr/lib/libx.so"
	chmod 4755 "$TREE/usr/bin/prog"
}

split() { # split ROOT [OPTION...]
	local root=$1; shift
	"${WITH[@]}" "$PKGNOTE" split -q --layout="${LAYOUT:-rpm}" --name=prog --package-version=1.0 --release=2 --arch=x86_64 \
		--build-dir="$BUILDDIR" --manifest="$root.json" "$@" "$root"
}
WITH=()
listing() { (cd "$1" && find . -printf '%P %y %m %n %l\n' | sort); }

builds() {
	need gcc python3
	(make_tree)
	for LAYOUT in rpm deb; do
		cp -a "$TREE" "$WHOLE-$LAYOUT"
		split "$WHOLE-$LAYOUT" >/dev/null
		listing "$WHOLE-$LAYOUT" >"$WHOLE-$LAYOUT.list"
	done
	says "$WHOLE-rpm.list" 'libx.so.1-1.0-2.x86_64.debug'
}
check "a tree to be disturbed" builds
ready() { [ -f "$WHOLE-deb.list" ] || skip "no tree was built"; }
traces() { ready; need strace; strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"; }

# sound ROOT: each file under a name of its own is as it was or finished.
sound() {
	local file
	while IFS= read -r -d '' file; do
		if [ -e "$TREE/$file" ] && cmp -s "$1/$file" "$TREE/$file"; then continue; fi
		cmp "$1/$file" "$WHOLE-$LAYOUT/$file" || fail "$file is neither as it was nor finished"
	done < <(cd "$1" && find . -type f ! -path '*/.pkgnote-*' -print0)
	for file in usr/bin/prog usr/bin/other usr/lib/libx.so.1 usr/lib/libx.a; do [ -e "$1/$file" ] || fail "$file is gone"; done
}
# all_sources: the directory of sources has all of them, or no name.
all_sources() {
	local directory
	for directory in root/usr/src/debug/*; do
		[ ! -e "$directory" ] || diff -r "$directory" "$WHOLE-$LAYOUT/${directory#root/}" >&2 || fail "some sources alone"
	done
}

# recovers ROOT: another run makes it whole.
recovers() {
	WITH=()
	split "$1" >out 2>err || { cat err >&2; fail "the next run failed"; }
	diff "$1.json" "$WHOLE-$LAYOUT.json" >&2
	diff -r --no-dereference "$1" "$WHOLE-$LAYOUT" >&2
	listing "$1" | diff - "$WHOLE-$LAYOUT.list" >&2
}

# fresh: ./root, as it was built.
fresh() { rm -rf root root.json; cp -a "$TREE" root; }

# each_call CALLS WHAT: undisturbed but for strace's WHAT at the Nth of each of CALLS, for each N until none is
# left to disturb. Adds to MOMENTS. With -j1, so that N is the same moment each time.
MOMENTS=0
each_call() {
	local call what=$2 n status
	for call in ${1//,/ }; do
		for ((n = 1; n < 2000; n += ${STEP:-1})); do
			fresh
			WITH=(strace -f -qqq -o trace -e "trace=$call" -e "inject=$call:$what:when=$n")
			status=0
			split root -j1 >out 2>err || status=$?
			WITH=()
			grep -q 'INJECTED\|killed by SIGKILL' trace || break
			MOMENTS=$((MOMENTS + 1))
			sound root
			"${AFTER:-:}" "$status"
			recovers root
		done
	done
}

killed() {
	traces
	AFTER=all_sources
	for LAYOUT in rpm deb; do each_call $CHANGES signal=KILL; done
	echo "$MOMENTS moments"
	[ $MOMENTS -ge 100 ]
}
check "killed at each of a hundred and more moments" killed

# Two threads, each somewhere: by the clock.
killed_threads() {
	ready
	LAYOUT=rpm
	for ((i = 0; i < 50; i++)); do
		fresh
		split root -j2 >/dev/null 2>&1 & pid=$!
		python3 -c "import time; time.sleep($i * 0.0005)"
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		sound root
		all_sources
		recovers root
	done
}
check "killed at fifty moments while two threads work" killed_threads

# All was replaced, and the sources had no name yet: they are taken up, without the build directory too; what is torn is not.
sources_are_taken_up() {
	traces
	LAYOUT=rpm
	local n aside
	fresh
	WITH=(strace -f -qqq -o trace -e trace=renameat)
	split root -j1 >out
	n=$(grep -n '"prog-1.0-2.x86_64")' trace | cut -d: -f1)
	fresh
	WITH=(strace -f -qqq -o trace -e trace=renameat -e "inject=renameat:signal=KILL:when=$n")
	split root -j1 >out 2>&1 || true
	WITH=()
	aside=$(echo root/usr/src/debug/.pkgnote-*)
	diff -r "$aside" "$WHOLE-rpm/usr/src/debug/prog-1.0-2.x86_64"
	(umask 077 && echo 'int torn' >"$aside/src/torn.c")
	ln -s /etc/passwd "$aside/src/link.c"
	cp -a root again
	mv "$BUILDDIR" "$BUILDDIR.gone"
	recovers root
	# A directory that came meanwhile gets what it has not.
	mkdir -p again/usr/src/debug/prog-1.0-2.x86_64/src
	cp "$WHOLE-rpm/usr/src/debug/prog-1.0-2.x86_64/src/lib.c" again/usr/src/debug/prog-1.0-2.x86_64/src
	rm -rf root && mv again root
	recovers root
	mv "$BUILDDIR.gone" "$BUILDDIR"
}
check "sources that a killed run did not give their name are taken up" sources_are_taken_up

# told STATUS: the fault was noticed, and said with its reason; or there was another way, and all is done.
told() {
	if [ "$1" = 0 ]; then diff -r --no-dereference root "$WHOLE-$LAYOUT" >&2; return; fi
	[ "$1" = 3 ] || fail "exit status $1: $(grep INJECTED trace)"
	says err "$REASON"
}
no_space() {
	traces
	LAYOUT=rpm AFTER=told REASON='No space left on device'
	each_call write,mkdirat,renameat,linkat,symlinkat error=ENOSPC
	[ $MOMENTS -ge 30 ]
	# Opening to read fails in other ways.
	AFTER=: STEP=3
	each_call openat,openat2 error=ENFILE
}
check "no space at any one of the calls that need some: said, and made good by the next run" no_space

reading_fails() {
	traces
	LAYOUT=rpm AFTER=:
	each_call pread64 error=EIO
	[ $MOMENTS -ge 10 ]
}
check "reading fails at any moment: nothing is harmed" reading_fails

# A file system that really is full.
full_disk() {
	ready
	need unshare mount
	unshare -m true 2>/dev/null || skip "no mount namespace may be made here"
	LAYOUT=rpm
	export -f full_disk_inside split sound recovers listing fail says
	export TREE WHOLE BUILDDIR LAYOUT
	unshare -m bash -euc full_disk_inside
}
full_disk_inside() {
	mkdir disk
	local kilobytes used failed=0
	WITH=()
	mount -t tmpfs -o size=32m tmpfs disk
	for kilobytes in 0 4 16 40 80 200; do
		rm -rf disk/*
		cp -a "$TREE" disk/root
		used=$(df -k --output=used disk | tail -1)
		mount -o "remount,size=$((used + kilobytes))k" disk
		split disk/root >out 2>err && break # enough
		says err 'No space left on device'
		failed=$((failed + 1))
		sound disk/root
		mount -o remount,size=32m disk
		recovers disk/root
	done
	[ $failed -ge 3 ]
}
check "a full file system: said; with room again, the same bytes" full_disk

out_of_memory() {
	traces
	LAYOUT=rpm
	# The allocations of the work, one after the other.
	each_call mmap,brk,mremap error=ENOMEM
	[ $MOMENTS -ge 20 ]
	# A limit, and a program that is large beside it.
	local kilobytes failed=0 status=1 TREE=$PWD/large WHOLE=$PWD/whole
	mkdir -p large/usr/bin large/usr/lib
	cp "$WORK/tree/usr/bin/other" "$WORK/tree/usr/lib/libx.so.1" "$WORK/tree/usr/lib/libx.a" large/usr/bin
	mv large/usr/bin/lib* large/usr/lib
	printf 'char large[10000000] = {1};\nint main(void) { return large[1]; }\n' >"$BUILDDIR/src/large.c"
	gcc -g -o large/usr/bin/prog "$BUILDDIR/src/large.c"
	cp -a large whole-rpm; split whole-rpm >out; listing whole-rpm >whole-rpm.list
	for ((kilobytes = 10000; status != 0 && kilobytes < 300000; kilobytes = kilobytes * 5 / 4)); do
		fresh
		status=0
		(ulimit -v $kilobytes; split root -j2) >out 2>err || status=$?
		[ $status -lt 128 ] || fail "killed by signal $((status - 128)) with $kilobytes kB"
		[ $status = 0 ] || says err 'memory|shared object'
		[ $status != 3 ] || failed=$((failed + 1))
		sound root
		recovers root
	done
	[ $status = 0 ] && [ $failed -ge 2 ]
}
check "out of memory: said, nothing is harmed" out_of_memory

unwritable() {
	ready
	need unshare mount
	unshare -m true 2>/dev/null || skip "no mount namespace may be made here"
	LAYOUT=rpm
	fresh
	WITH=(unshare -m sh -c 'mount --bind root root && mount -o remount,bind,ro root && exec "$@"' sh)
	status 3 split root
	WITH=()
	says err 'Read-only file system'
	diff -r --no-dereference root "$TREE"
	recovers root
	# One directory alone: the others are finished.
	fresh
	WITH=(unshare -m sh -c 'mount --bind root/usr/bin root/usr/bin && mount -o remount,bind,ro root/usr/bin && exec "$@"' sh)
	status 3 split root
	WITH=()
	says err '/usr/bin/prog|/usr/bin/a name'
	sound root
	cmp root/usr/bin/other "$TREE/usr/bin/other"
	cmp root/usr/lib/libx.so.1 "$WHOLE-rpm/usr/lib/libx.so.1"
	recovers root
}
check "a tree, or a directory of it, that may not be written" unwritable

# A writer comes between: while strace holds a call back, the file becomes another.
changed_meanwhile() { # HOW CALL
	local how=$1 call=$2 target=root/usr/bin/other
	fresh
	rm -rf root/usr/lib root/usr/bin/prog root/usr/bin/*name
	WITH=(strace -f -qqq -o trace -e "trace=$call" -e "inject=$call:delay_enter=1500000:when=${WHEN:-1}")
	split root -j1 >out 2>err & pid=$!
	WITH=()
	sleep 0.9
	case $how in
	grows) echo more >>$target ;;
	shrinks) truncate -s 5000 $target ;;
	rewritten) printf x | dd of=$target bs=1 seek=5000 conv=notrunc status=none ;;
	esac
	cp -a $target kept
	code=0; wait $pid || code=$?
	[ $code = 3 ] || { cat trace >&2; fail "$how, $call: exit status $code"; }
	says err "other: .*it changed while it was"
	cmp $target kept || fail "$how, $call: the new file was harmed"
}
changes() {
	traces
	# The one of the reads that takes the whole file.
	fresh
	rm -rf root/usr/lib root/usr/bin/prog root/usr/bin/*name
	WITH=(strace -f -qqq -o trace -e trace=pread64)
	split root -j1 >out
	WITH=()
	WHEN=$(grep -n ", $(($(stat -c %s "$TREE/usr/bin/other") + 1)), 0) = " trace | head -1 | cut -d: -f1)
	[ -n "$WHEN" ] || { cat trace >&2; fail "no such read"; }
	changed_meanwhile grows pread64
	changed_meanwhile shrinks pread64
	# All was read, the debug file is being written: what has come since must not be lost.
	WHEN=1
	changed_meanwhile grows renameat
	changed_meanwhile rewritten renameat
}
check "a file that changes while it is read, or before it is replaced, stays as it has become" changes

# A source that the kernel copies: it ends as one that is read does.
source_changes() {
	need strace; strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
	mkdir -p src root/usr/bin
	{ echo 'int main(void) { return 0; }'; yes '// a line of a large source' | head -4000; } >src/large.c
	"${CC:-gcc}" -g -o root/usr/bin/p "$PWD/src/large.c" -Wl,--build-id
	strace -f -qqq -o trace -e trace=copy_file_range -e inject=copy_file_range:delay_enter=1500000:when=1 \
		"$PKGNOTE" split --layout=rpm --name=n --package-version=1 --release=1 --arch=x --build-dir="$PWD/src" root >out 2>err & pid=$!
	sleep 0.9
	echo '// one more' >>src/large.c
	code=0; wait $pid || code=$?
	[ -s trace ] || skip "sources share their blocks here"
	[ $code = 3 ] || { cat trace err >&2; fail "exit status $code"; }
	says err 'it changed while it was read: source .*/large.c$'
	[ ! -e root/usr/src/debug/n-1-1.x/large.c ]
}
check "a large source that somebody writes to while it is copied is not taken" source_changes
finish
