#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What pkgnote(1) promises under SAFETY: outputs go into what is there, several runs at once end right, data reaches
# the disk before its name, a result that cannot be written is an error, and old kernels do as well.
. "$(dirname "$0")/../lib.sh"

cat >"$WORK/prog.c" <<'X'
char room[1 << 16] = {1};
int main(void) { return room[1]; }
X
gcc -g -o "$WORK/prog" "$WORK/prog.c" -Wl,--build-id || exit 1
"$PKGNOTE" stamp -q -k type=rpm -k name=t -k version=1-1 -k architecture=x86_64 -o "$WORK/stamped" "$WORK/prog" || exit 1
tree() { rm -rf "$1"; mkdir -p "$1/usr/bin"; cp "$WORK/prog" "$1/usr/bin/prog"; }
split() { "$PKGNOTE" split -q --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 --stamp --build-dir="$WORK" "$@"; }
find_debuginfo() { RPM_BUILD_ROOT=$PWD/root RPM_BUILD_DIR=$WORK RPM_PACKAGE_NAME=t RPM_PACKAGE_VERSION=1 RPM_PACKAGE_RELEASE=1 RPM_ARCH=x86_64 "$PKGNOTE" find-debuginfo -q "$@" .; }

# Every option that names an output. make_output N FILE: writes to FILE by it. Formats of reports are as --help has them.
words_of() { "$PKGNOTE" "$1" --help | tr -d '\n' | sed -n "s/.* --$2=FORMAT.*write this report: \([a-z, ]*\);.*/\1/p" | sed 's/ or /, /' | tr -s ', ' ' '; }
FORMATS=$(words_of verify report)
OPTIONS="stamp flags object manifest found list sources list-of-lists $(printf 'report:%s ' $FORMATS)"
make_output() { # by hand: some ask a compiler
	tree root
	case $1 in
	stamp) "$PKGNOTE" stamp -q -k type=deb -k name=x -o "$2" "$WORK/prog" ;;
	flags) "$PKGNOTE" flags -q -k type=deb -k name=x --as=shell -o "$2" ;;
	object) "$PKGNOTE" flags -q -k type=deb -k name=x --as=object -o "$2" ;;
	manifest) split --manifest="$2" root ;;
	found) find_debuginfo --manifest="$2" ;;
	list) find_debuginfo -o "$2" ;;
	sources) find_debuginfo -S "$2" ;;
	list-of-lists) # of the directory's lists, one that leads there
		rm -rf "$WORK/lists"; mkdir "$WORK/lists"; ln -s "$2" "$WORK/lists/debugfiles.list"
		split --lists="$WORK/lists" root ;;
	report:*) "$PKGNOTE" verify -q --server=file:///nonexistent --checks=note --report="${1#*:}:$2" "$WORK/prog" || [ $? = 1 ] ;;
	*) fail "no such output: $1" ;;
	esac
}

# Options are added in tables that --help prints: what takes a file's or a directory's name is either in one of these
# lists or a fault here. Outputs: make_output has them, and not_whole; directories: into_no_directory.
OUTPUT_OPTIONS='stamp --output|flags --output|split --manifest|find-debuginfo --manifest|find-debuginfo -o|find-debuginfo -S|verify --report'
DIRECTORY_OPTIONS='split --lists|find-debuginfo --output-dir|publish --into|fetch --into|fetch --cache|trace --cache'
INPUT_OPTIONS='[a-z-]* --payload|flags --like|split --build-dir|split --explain|split --debug-root|[a-z-]* --exclude-from|find-debuginfo -l'
INPUT_OPTIONS="$INPUT_OPTIONS|publish --manifest|publish --root|publish --sections|[a-z-]* --(cacert|cert|key|headers-file)|verify --(manifest|checks|since)"
COMMANDS=$("$PKGNOTE" --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p')
every_option_is_known() {
	local command option
	for command in $COMMANDS; do
		"$PKGNOTE" "$command" --help | sed -nE 's/^  (-[a-zA-Z])?,? *(--[a-z-]+)?\[?[ =]([][A-Z:]*(FILE|DIR|PATH|LIST|OUT|MANIFEST|SHARE|FOLDER|REPORT|F)\b.*)/\1 \2/p' | sed -E 's/.*(--)/\1/; s/ *$//' >names
		while read -r option; do
			grep -qxE "$OUTPUT_OPTIONS|$DIRECTORY_OPTIONS|$INPUT_OPTIONS" <<<"$command $option" || { echo "$command $option"; } >>unknown
		done <names
		cat names >>all
	done
	[ ! -e unknown ] || fail "name an input or an output, and this script does not know which: $(cat unknown)"
	for option in output manifest report into cache lists; do grep -q -- "--$option" all || fail "--help does not show --$option"; done
	grep -qw json <<<"$FORMATS" && grep -qw gitlab <<<"$FORMATS"
}
check "this script knows every option that takes a name of a file or directory" every_option_is_known

into_a_fifo() {
	mkfifo pipe
	for option in $OPTIONS; do
		timeout 60 cat pipe >got & make_output $option "$PWD/pipe"; wait $!
		[ -p pipe ] || fail "$option: the FIFO is gone"
		[ -s got ] || fail "$option: nothing came through the FIFO"
	done
}
check "an output that is a FIFO is written into, by every option" into_a_fifo

into_a_device() {
	[ "$(id -u)" = 0 ] && mknod null c 1 3 2>/dev/null && : >null || skip "no device can be made here"
	for option in $OPTIONS; do
		make_output $option "$PWD/null"
		[ -c null ] || fail "$option: the device is no device any more"
	done
	same "$(ls)" "$(printf '%s\n' *.list null root)" || ls >&2 # nothing beside it, either
	[ -L "$WORK/lists/debugfiles.list" ]
}
check "an output that is a device stays one, with every option" into_a_device

behind_a_link() {
	for option in $OPTIONS; do
		rm -rf there; mkdir there; ln -sf there/real link; echo old >there/real; chmod 640 there/real
		make_output $option "$PWD/link"
		[ -L link ] || fail "$option: the link is gone"
		[ -s there/real ] && ! grep -qx old there/real || fail "$option: nothing was written behind the link"
		case $option in stamp) ;; *) same "$(stat -c %a there/real)" 640 ;; esac
		ln -sf there/new link # to nothing, yet
		make_output $option "$PWD/link"
		[ -L link ] && [ -s there/new ] || fail "$option: a link to nothing"
	done
}
check "of a link what it leads to is replaced, by every option, and keeps its mode" behind_a_link

to_descriptors() {
	for option in $OPTIONS; do
		{ echo before; make_output $option /dev/stdout; echo after; } >out
		same "$(head -n 1 out)" before; same "$(tail -n 1 out | tail -c 6)" after
		[ "$(wc -c <out)" -gt 13 ] || fail "$option: nothing on standard output"
		make_output $option /dev/fd/7 7>seven
		[ -s seven ] || fail "$option: nothing on descriptor 7"
	done
}
check "/dev/stdout and /dev/fd/N are those descriptors, where they stand" to_descriptors

into_a_socket() {
	need python3
	cat >listen.py <<-'P'
		import socket, sys
		s = socket.socket(socket.AF_UNIX); s.bind('sock'); s.listen(); open('ready', 'w').close()
		c = s.accept()[0]; total = 0
		while True:
		    b = c.recv(65536)
		    if not b: break
		    total += len(b)
		print(total)
	P
	timeout 60 python3 listen.py >got &
	local pid=$!
	for _ in $(seq 100); do [ ! -e ready ] || break; sleep 0.1; done
	make_output manifest "$PWD/sock"; wait $pid
	[ "$(cat got)" -gt 100 ] && [ -S sock ]
}
check "a socket is connected to" into_a_socket

# A directory by name that is none, or may not be written.
into_no_directory() {
	local row where
	tree whole; split whole >/dev/null
	[ -c /dev/null ] || skip "no /dev/null"
	for row in $(tr ' |' ': ' <<<"$DIRECTORY_OPTIONS"); do
		for where in /dev/null "$PWD/file" "$PWD/file/below"; do
			local got=0
			tree root; echo kept >file
			case $row in
			split:--lists) split --lists="$where" root >out 2>err || got=$? ;;
			find-debuginfo:--output-dir) find_debuginfo -O "$where" >out 2>err || got=$? ;;
			publish:--into) "$PKGNOTE" publish -q --into="$where" --package=t-1-1.x86_64 whole >out 2>err || got=$? ;;
			fetch:--into) "$PKGNOTE" fetch -q --server=file:///nonexistent --into="$where" all "$WORK/prog" >out 2>err || got=$? ;;
			fetch:--cache) "$PKGNOTE" fetch -q --server=file:///nonexistent --cache="$where" debuginfo "$WORK/prog" >out 2>err || got=$? ;;
			trace:--cache) continue ;; # the same table, and the same code behind it
			*) fail "no test of $row" ;;
			esac
			same "$row $where: $got" "$row $where: 3"
			says err 'Not a directory'
			same "$(cat file)" kept
		done
	done
}
check "a directory by name that is none is an error, exit 3, and left as it is" into_no_directory

not_whole() {
	[ -e /dev/full ] || skip "no /dev/full"
	tree root; split root >/dev/null
	cp "$WORK/prog" f
	mkdir many; for i in $(seq 60); do cp "$WORK/prog" many/$i; done # more than a buffer
	mkfifo pipe
	local id i; id=$(readelf -n "$WORK/prog" | sed -n 's/.*Build ID: //p')
	mkdir -p served/buildid/$id; cp "$WORK/prog" served/buildid/$id/executable
	export RPM_BUILD_ROOT=$PWD/root RPM_BUILD_DIR=$WORK RPM_PACKAGE_NAME=t RPM_PACKAGE_VERSION=1 RPM_PACKAGE_RELEASE=1 RPM_ARCH=x86_64
	export DEBUGINFOD_URLS=file://$PWD/served DEBUGINFOD_CACHE_PATH=$PWD/find-cache
	local finder=$BUILD/libdebuginfod/debuginfod-find
	[ -x "$finder" ] || finder=
	sleep 600 & local sleeper=$!
	# shellcheck disable=SC2064
	trap "kill $sleeper" EXIT
	cat >rows <<-L
		--help
		--version
		show $WORK/stamped
		show --json $WORK/stamped
		show --dlopen $WORK/stamped
		show --all --json many
		compare $WORK/prog $WORK/stamped
		compare --json $WORK/prog $WORK/stamped
		stamp -k type=deb -k name=x f
		stamp --json -k type=deb -k name=x f
		flags -k type=deb -k name=x --as=shell
		split --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 root
		split --json --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 root
		split --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 --manifest=/dev/full root
		split --check root
		split --leaks --build-dir=/nowhere root
		split --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 --explain=root/usr/bin/prog
		publish --into=share --package=t-1-1.x86_64 root
		publish --into=share --list
		publish --into=share --list --json
		publish --into=share --check
		publish --into=share --remove=t-1-1.x86_64
		verify --server=file:///nonexistent --checks=note $WORK/stamped
		verify --server=file:///nonexistent --checks=note --json $WORK/stamped
		verify --server=file:///nonexistent --checks=note --report=json:/dev/stdout $WORK/stamped
		$(printf "verify --server=file:///nonexistent --checks=note --report=%s:/dev/full $WORK/prog\n" $FORMATS)
		$("$PKGNOTE" show --help | sed -n 's/^ *--report=//p' | tr '|' '\n' | grep -v none | sed "s|.*|show --report=& $WORK/stamped|")
		show --summary $WORK/stamped
		fetch --cache=c --server=file://$PWD/served executable $id
		fetch --json --cache=c --server=file://$PWD/served executable $id
		fetch --cache=c --server=file://$PWD/served --dry-run executable $id
		fetch --cache=c --server=file://$PWD/served --into=into all $WORK/prog
		$(! command -v eu-stack gdb >/dev/null || echo "trace --cache=c $sleeper")
		stamp -k type=deb -k name=y -o /dev/full f
		flags -k type=deb -k name=y --as=object -o /dev/full
		${finder:+find $finder executable $id}
		${finder:+find $finder --version}
		${finder:+find $finder --help}
		$(sed 's/$/ --help/' <<<"$COMMANDS")
	L
	# The write's own error, and exit 3: each command that prints.
	local line run got command
	while read -r line; do
		[ -n "$line" ] || continue
		local first=:
		case $line in *--remove*) first="'$PKGNOTE' publish -q --into=share --package=t-1-1.x86_64 root" ;; esac
		case $line in find\ *) run=${line#find } ;; *) run="\"$PKGNOTE\" $line" ;; esac
		got=0; eval "$first" >/dev/null; eval "$run" >/dev/full 2>err || got=$?
		same "$got: $line" "3: $line"
		says err 'No space left on device'
		case $line in *:/dev/full* | *'/dev/full'*) continue ;; esac
		(: <pipe) & exec 8>pipe; wait $! # nobody reads it any more
		got=0; eval "$first" >/dev/null; eval "$run" >&8 8>&- 2>err || got=$?
		exec 8>&-
		same "closed pipe: $got: $line" "closed pipe: 3: $line"
		says err 'Broken pipe'
		got=0; eval "$first" >/dev/null; eval "$run" >&- 2>err || got=$?
		same "no standard output: $got: $line" "no standard output: 3: $line"
		says err 'Bad file descriptor'
	done <rows
	for command in $COMMANDS; do
		grep -v help rows | grep -q "^$command " || [ $command = find-debuginfo ] || [ $command = trace ] || fail "no row for $command"
	done
	# It has no result of its own, but files.
	for how in --manifest=/dev/full '-o /dev/full' '-S /dev/full'; do
		tree root; got=0
		# shellcheck disable=SC2086
		"$PKGNOTE" find-debuginfo $how . 2>err || got=$?
		same "find-debuginfo $how: $got" "find-debuginfo $how: 3"
		says err 'No space left on device'
	done
}
check "what cannot be written is told by the write's own error, exit 3" not_whole

# Messages and results must not land in a file that happens to get number 1 or 2.
closed_from_the_start() {
	"$PKGNOTE" stamp -q -k type=deb -k name=x -o want "$WORK/prog"
	mkdir d; for i in 1 2 3; do cp "$WORK/prog" d/$i; done
	"$PKGNOTE" stamp -v -k type=deb -k name=x d <&- >&- 2>&- || true
	for i in 1 2 3; do cmp d/$i want; done
	tree whole; split -v whole 2>/dev/null
	tree root; split -v --manifest=m root nonsense <&- >&- 2>&- || true
	tree root; split -v --manifest=m root <&- >&- 2>&- || true
	diff -r --no-dereference whole root
	python3 -c 'import json; json.load(open("m"))'
	"$PKGNOTE" publish -v --into=share --package=t-1-1.x86_64 whole <&- >&- 2>&- || true
	status 0 "$PKGNOTE" publish --into=share --check
	# No file but the one that stands in for them has a number below 3.
	need strace
	tree root; strace -f -qq -o log -e trace=open,openat,openat2,memfd_create,socket,dup "$PKGNOTE" split -q --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 root <&- >&- 2>&- ||
		skip "strace cannot trace here"
	grep -q 'dev/null.* = 2$' log; ! grep -vE '/dev/null|/etc/ld.so|\.so' log | grep -E ' = [012]$' || fail "a file has the number of a standard stream"
}
check "with standard input, output and error closed no message lands in a file" closed_from_the_start

storm() {
	local i n=${LONG:+10} pids=
	n=${n:-6}
	mkdir d; for i in 1 2 3 4 5 6; do cp "$WORK/prog" d/f$i; done; ln d/f1 d/linked
	for i in $(seq "$n"); do
		"$PKGNOTE" stamp -q -k type=deb -k name=x $([ $((i % 2)) = 0 ] && echo d/f3 d/linked d/f1 d/f2 d/f4 d/f5 d/f6 || echo d) 2>>err & pids="$pids $!"
	done
	for i in $pids; do wait "$i" || fail "a run failed: $(cat err)"; done
	"$PKGNOTE" stamp -q -k type=deb -k name=x -o want "$WORK/prog"
	for i in d/*; do cmp want "$i"; done
	same "$(stat -c %h d/f1)" 2
	same "$(ls -A d)" "$(printf '%s\n' f1 f2 f3 f4 f5 f6 linked)"
	tree whole; split --manifest=whole.json whole
	tree root; pids=
	for i in $(seq "$n"); do split --manifest=m$i.json root 2>>err & pids="$pids $!"; done
	for i in $pids; do wait "$i" || fail "a split failed: $(cat err)"; done
	for i in $(seq "$n"); do cmp whole.json m$i.json; done
	diff -r --no-dereference whole root
}
check "a storm of runs on one tree ends as if one had come after the other" storm

# A disk of 4 MB that is nearly full: each command that writes tells the write's own error, changes nothing that was there, and
# does its work once there is room.
full_disk() {
	[ "$(id -u)" = 0 ] || skip "a small file system wants root"
	mkdir disk; mount -t tmpfs -o size=4m none disk 2>/dev/null || skip "nothing can be mounted here"
	# shellcheck disable=SC2064
	trap "umount -l '$PWD/disk'" EXIT
	tree whole; split whole >/dev/null
	"$PKGNOTE" publish -q --into=good --package=t-1-1.x86_64 whole >/dev/null
	local id how; id=$(readelf -n whole/usr/bin/prog | sed -n 's/.*Build ID: //p')
	need python3
	python3 -c "
import functools, http.server
s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(http.server.SimpleHTTPRequestHandler, directory='good'))
open('port.new', 'w').write(str(s.server_port)); import os; os.rename('port.new', 'port'); s.serve_forever()" 2>served & local server=$!
	# shellcheck disable=SC2064
	trap "kill $server; umount -l '$PWD/disk'" EXIT
	until [ -s port ]; do kill -0 $server; sleep 0.05; done
	for how in stamp stamp_out flags split found publish fetch report; do
		rm -rf disk/* disk/.[!.]*; cp "$WORK/prog" disk/f; tree disk/root
		dd if=/dev/zero of=disk/filler bs=4k status=none 2>/dev/null || true
		for round in full room; do
			local got=0
			[ $round = full ] || rm disk/filler
			case $how in
			stamp) "$PKGNOTE" stamp -q -k type=deb -k name=x disk/f ;;
			stamp_out) "$PKGNOTE" stamp -q -k type=deb -k name=x -o disk/out "$WORK/prog" ;;
			flags) "$PKGNOTE" flags -q -k type=deb -k name=x --as=object -o disk/out ;;
			split) split disk/root ;;
			found) RPM_BUILD_ROOT=$PWD/disk/root RPM_BUILD_DIR=$WORK RPM_PACKAGE_NAME=t RPM_PACKAGE_VERSION=1 RPM_PACKAGE_RELEASE=1 RPM_ARCH=x86_64 "$PKGNOTE" find-debuginfo -q . ;;
			publish) "$PKGNOTE" publish -q --into=disk/share --package=t-1-1.x86_64 whole ;;
			fetch) "$PKGNOTE" fetch -q --retries=0 --cache=disk/cache --server="http://127.0.0.1:$(cat port)" executable $id ;;
			report) "$PKGNOTE" verify -q --server=file:///nonexistent --checks=note --report=json:disk/report "$WORK/stamped" ;;
			esac >out 2>err || got=$?
			case $round in
			full)
				same "$how: $got" "$how: 3"
				says err 'No space left on device'
				cmp disk/f "$WORK/prog"; cmp disk/root/usr/bin/prog "$WORK/prog"
				[ ! -s disk/out ] && [ ! -s disk/report ] || fail "$how: half an output is there"
				;;
			room) [ $got = 0 ] || [ $how,$got = report,1 ] || { cat err >&2; fail "$how: exit $got with room again"; } ;;
			esac
		done
	done
}
check "a full disk: the write's own error, exit 3, nothing changed; with room again all is done" full_disk

storm_of_kinds() {
	local i n=${LONG:+10} pids=
	n=${n:-6}
	tree whole; find_debuginfo_in whole >/dev/null
	tree root
	for i in $(seq "$n"); do find_debuginfo_in root 2>>err >/dev/null & pids="$pids $!"; done
	for i in $pids; do wait "$i" || fail "a find-debuginfo failed: $(cat err)"; done
	diff -r --no-dereference whole root
	# split, stamp, and one that dies: then split again ends as if nobody else had been there.
	local round
	for round in $(seq "$n"); do
		rm -rf root; tree root; pids=
		split root >/dev/null 2>>err & pids="$pids $!"
		"$PKGNOTE" stamp -q -k type=rpm -k name=t -k version=1-1 -k architecture=x86_64 root/usr/bin 2>>err & pids="$pids $!"
		split root >/dev/null 2>>err & local victim=$!
		sleep "0.00$round"; kill -KILL $victim 2>/dev/null || true; wait $victim 2>/dev/null || true
		for i in $pids; do wait "$i" || true; done # who lost says so; the file is whole in any case
		status 0 split root
		"$PKGNOTE" show --check root/usr/bin/prog >/dev/null
		[ -z "$(find root -name '.pkgnote-*')" ] || { find root >&2; fail "left over"; }
		eu-unstrip -o joined root/usr/bin/prog root/usr/lib/debug/usr/bin/prog-1-1.x86_64.debug
	done
	# One package, published by all at once, and one dies.
	pids=
	for i in $(seq "$n"); do "$PKGNOTE" publish -q --into=share --package=t-1-1.x86_64 whole >/dev/null 2>>err & pids="$pids $!"; done
	"$PKGNOTE" publish -q --into=share --package=t-1-1.x86_64 whole >/dev/null 2>&1 & victim=$!
	sleep 0.02; kill -KILL $victim 2>/dev/null || true; wait $victim 2>/dev/null || true
	for i in $pids; do wait "$i" || fail "a publish failed: $(cat err)"; done
	status 0 "$PKGNOTE" publish --into=share --list; same "$(cat out)" t-1-1.x86_64
	status 0 "$PKGNOTE" publish --into=share --check
}
find_debuginfo_in() { RPM_BUILD_ROOT=$PWD/$1 RPM_BUILD_DIR=$WORK RPM_PACKAGE_NAME=t RPM_PACKAGE_VERSION=1 RPM_PACKAGE_RELEASE=1 RPM_ARCH=x86_64 "$PKGNOTE" find-debuginfo -q .; }
check "find-debuginfo, split with stamp, and publish of one package at once, and one dies" storm_of_kinds

# A file of three names; the run died when two had the new file, which has its temporary name beside the third still.
rejoined() {
	need python3
	local name
	tree want; mv want/usr/bin/prog want/usr/bin/a; ln want/usr/bin/a want/usr/bin/b; ln want/usr/bin/a want/usr/bin/c; split want >/dev/null
	tree root; mv root/usr/bin/prog root/usr/bin/a; cp want/usr/bin/a root/usr/bin/b; ln root/usr/bin/b root/usr/bin/c
	cp -r want/usr/lib root/usr/
	name=$(python3 -c "
h = 0xcbf29ce484222325
for c in b'a': h = (h ^ c) * 0x100000001b3 % 2**64
print('.pkgnote-%016x' % h)")
	ln root/usr/bin/b "root/usr/bin/$name"
	for other in 1 2 3; do echo dead >root/usr/bin/.pkgnote-000000000000000$other; done
	status 0 split root
	diff -r --no-dereference want root
	same "$(stat -c %h root/usr/bin/a)" 3
}
check "names of one file that a killed run left apart are one again" rejoined

one_dies() {
	need python3
	cp "$WORK/prog" f
	# What a dead run left goes; what a live one holds is waited for, and stays.
	local name; name=$(python3 -c "
h = 0xcbf29ce484222325
for c in b'f': h = (h ^ c) * 0x100000001b3 % 2**64
print('.pkgnote-%016x' % h)")
	echo half >"$name"
	"$PKGNOTE" stamp -q -k type=deb -k name=x f
	[ ! -e "$name" ] || fail "the leftover is still there"
	cp "$WORK/prog" f; echo half >"$name"
	python3 -c "
import fcntl, sys, os
f = open('$name'); fcntl.flock(f, fcntl.LOCK_EX); open('held', 'w').close(); sys.stdin.read(); os.unlink('$name')" < <(while [ ! -e go ]; do sleep 0.1; done) &
	local holder=$! runner
	while [ ! -e held ]; do sleep 0.1; done
	"$PKGNOTE" stamp -q -k type=deb -k name=x f & runner=$!
	# It waits: in flock, whatever the machine's speed.
	for _ in $(seq 300); do ! grep -q "FLOCK.* $runner " /proc/locks || break; sleep 0.1; done
	kill -0 $runner && same "$(cat "$name")" half && cmp f "$WORK/prog"
	: >go; wait $runner; wait $holder
	status 0 "$PKGNOTE" show --check f
}
check "a temporary file that is locked is waited for, one that is not is a leftover" one_dies

# The clocks part where the machine slept; a name space of times has them apart from the start.
lease_clock() {
	[ -x "$BUILD/unit" ] || skip "no unit tests are built"
	need unshare
	unshare --time --boottime 100000 true 2>/dev/null || unshare -r --time --boottime 100000 true 2>/dev/null || skip "no name space of times here"
	unshare --time --boottime 100000 "$BUILD/unit" url >out 2>&1 || unshare -r --time --boottime 100000 "$BUILD/unit" url >out 2>&1 || { cat out >&2; return 1; }
	says out ' 0 failed'
}
check "ages of leases go on while the machine sleeps" lease_clock

before_names() {
	need strace
	tree root; cp "$WORK/prog" f
	strace -f -qq -o log -e trace=fsync,fdatasync,syncfs,sync,rename,renameat,renameat2,exit_group "$PKGNOTE" stamp -q -k type=deb -k name=x f || skip "strace cannot trace here"
	awk '/fsync|syncfs/ { synced = 1; named = 0 } /rename/ { if (!synced) bad = 1; renames++; named = 1 } END { exit bad || named || !renames }' log || { cat log >&2; return 1; }
	for how in '' --dwz=multi; do
		command -v dwz >/dev/null || [ -z "$how" ] || continue
		tree root
		# shellcheck disable=SC2086
		strace -f -qq -o log -y -e trace=fsync,syncfs,rename,renameat,renameat2,symlinkat,unlinkat,exit_group "$PKGNOTE" split -q --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 $how root
		# The shipped file is named after a sync that comes after its debug file, and a sync ends all.
		awk '/syncfs|fsync/ { synced = 1 } /rename/ && /prog-1-1.x86_64.debug|\.debug>?, / { synced = 0 } /rename.*usr\/bin.*"prog"/ { if (!synced) bad = 1; shipped = 1 }
			/rename|symlinkat/ { last = "name" } /syncfs|fsync/ { last = "sync" } END { exit bad || !shipped || last != "sync" }' log || { cat log >&2; return 1; }
	done
	tree root
	strace -f -qq -o log -e trace=fsync,fdatasync,syncfs,sync "$PKGNOTE" split -q --no-sync --layout=rpm --name=t --package-version=1 --arch=x86_64 --manifest=m root
	strace -f -qq -o log2 -e trace=fsync,fdatasync,syncfs,sync "$PKGNOTE" stamp -q --no-sync -k type=deb -k name=y --on-existing=replace f
	[ ! -s log ] && [ ! -s log2 ]
}
check "data reaches the disk before names, names before the end; --no-sync waits for nothing" before_names

# Half a gigabyte of strings in half a megabyte: a section that is compressed.
bomb() { # bomb NAME FILE
	cp "$WORK/prog" "$2.0"
	python3 - "$1" "$2" <<-'P'
	import struct, subprocess, sys, zlib
	name, file = sys.argv[1:]
	c = zlib.compressobj(9); size = 300 << 20; packed = b''
	for i in range(300): packed += c.compress(bytes(1 << 20))
	open('packed', 'wb').write(struct.pack('<IIQQ', 1, 0, size, 1) + packed + c.flush())
	subprocess.check_call(['objcopy', '--remove-section=' + name, file + '.0', file + '.1'])
	subprocess.check_call(['objcopy', '--add-section', name + '=packed', file + '.1', file])
	d = bytearray(open(file, 'rb').read())
	table, = struct.unpack_from('<Q', d, 40); count, strings = struct.unpack_from('<HH', d, 60)
	names, = struct.unpack_from('<Q', d, table + 64 * strings + 24)
	for i in range(count):
	    at = names + struct.unpack_from('<I', d, table + 64 * i)[0]
	    if d[at:d.index(b'\0', at)] == name.encode(): struct.pack_into('<Q', d, table + 64 * i + 8, 0x800)
	open(file, 'wb').write(d)
	P
}
too_much() {
	need python3 objcopy eu-readelf
	case $(uname -m) in x86_64 | aarch64) ;; *) skip "the bomb is a little-endian one of 64 bits" ;; esac
	local name how options='--layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64'
	for name in .debug_str .debug_ranges; do
		bomb $name bomb
		"$PKGNOTE" show bomb >/dev/null
		for how in '' --compress=zstd --minidebuginfo; do
			rm -rf root; mkdir -p root/usr/bin; cp bomb root/usr/bin/
			# What has no use for so much does not take it: address space is a bound for all of it.
			# shellcheck disable=SC2086
			(case $(nm "$PKGNOTE" 2>/dev/null) in *__asan_init*) ;; *) ulimit -v 300000 ;; esac
			 "$PKGNOTE" split -j1 $options $how root >out 2>err)
			[ $name = .debug_ranges ] || says err "$name: it unpacks to more than 64 times its size and 64 MB: --max-expansion allows more"
		done
	done
	bomb .debug_str bomb
	rm -rf root; mkdir -p root/usr/bin; cp bomb root/usr/bin/
	# shellcheck disable=SC2086
	"$PKGNOTE" split $options --max-expansion=2000 root >out 2>err
	says_not err expansion
	local command
	for command in show compare split find-debuginfo publish fetch verify; do
		status 0 "$PKGNOTE" $command --help; says out '--max-expansion=N'
		status 2 "$PKGNOTE" $command --max-expansion=many; says err "wants a number"
	done
}
check "what unpacks to too much is not unpacked, and said with its option" too_much

old_kernel() {
	gcc -o without "$TOP/tests/tools/without.c"
	local got=0; ./without true || got=$?; [ $got != 77 ] || skip "no system call filters here"
	tree root; split --manifest=m root
	"$PKGNOTE" publish --into=share --manifest=m root >/dev/null
	status 0 "$PKGNOTE" verify --server="file://$PWD/share" root
	cp out with
	status 0 ./without "$PKGNOTE" verify --server="file://$PWD/share" root
	cmp out with
	local file; file=$(echo share/buildid/*/debuginfo)
	# A link that leads out is still not followed.
	mkdir outside; cp -L "$file" outside/debuginfo; rm "$file"
	for target in "$PWD/outside/debuginfo" ../../../outside/debuginfo; do
		ln -sfn "$target" "$file"
		status 1 ./without "$PKGNOTE" verify --checks=debuginfo --server="file://$PWD/share" root || status 3 ./without "$PKGNOTE" verify --checks=debuginfo --server="file://$PWD/share" root
		says out 'leads out of the share'
	done
	rm "$file"; ln -s debuginfo "$file" # a circle
	./without "$PKGNOTE" verify --checks=debuginfo --server="file://$PWD/share" root >out 2>&1 && fail "a circle of links was served"
	tree old; ./without "$PKGNOTE" split -q --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 --stamp --build-dir="$WORK" old
	diff -r --no-dereference old root
	# What other programs say is kept.
	! command -v dwz >/dev/null || {
		tree old
		status 0 ./without "$PKGNOTE" split --layout=rpm --name=t --package-version=1 --arch=x86_64 --dwz old
		says_not err 'Function not implemented'
	}
}
check "a kernel without openat2, statx, renameat2, copy_file_range and memfd_create does" old_kernel

# In a directory that only grows no name can be replaced, nor a temporary file removed: that is said.
only_grows() {
	need chattr
	local stays=.pkgnote-[0-9a-f]{16}
	tree root; mkdir grows; cp "$WORK/prog" grows/prog
	chattr +a grows root/usr/bin 2>err || skip "no chattr +a here"
	trap 'chattr -a grows root/usr/bin' EXIT
	status 3 "$PKGNOTE" stamp -k type=deb -k name=x -k version=1 grows/prog
	says err "^pkgnote stamp: grows/prog: rename: Operation not permitted; $stays stays beside it: Operation not permitted\$"
	status 3 "$PKGNOTE" stamp -k type=deb -k name=x -k version=1 grows/prog
	says err "^pkgnote stamp: grows/prog: remove what a killed run left \($stays\): Operation not permitted\$"
	status 3 "$PKGNOTE" split --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 root
	says err "^pkgnote split: /usr/bin/prog: rename: Operation not permitted; $stays stays beside it: Operation not permitted\$"
	cmp "$WORK/prog" grows/prog; cmp "$WORK/prog" root/usr/bin/prog
}
check "what stays in a directory that only grows is said" only_grows

# All cli scripts under that filter: long.
all_on_an_old_kernel() {
	[ -n "${LONG:-}" ] || skip "LONG=1 runs all cli scripts so"
	gcc -o without "$TOP/tests/tools/without.c"; ./without true || skip "no system call filters here"
	local script bad=
	for script in "$TOP"/tests/cli/*.sh; do
		case $script in */safety.sh | */fuzz.sh | */tree.sh) continue ;; esac
		LONG='' COUNTS='' ./without bash "$script" >log 2>&1 || { bad=1; grep -A20 -E '^FAIL' log >&2; }
	done
	[ -z "$bad" ]
}
check "the cli scripts hold on an old kernel" all_on_an_old_kernel

finish
