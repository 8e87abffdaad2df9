# SPDX-License-Identifier: LGPL-2.1-or-later
# What a debugger has open is fetched ahead: by gdb, and by a program that ends, forks or has enough of it meanwhile.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/odd_server.sh"
OURS=$BUILD/libdebuginfod
unset DEBUGINFOD_PROGRESS DEBUGINFOD_VERBOSE DEBUGINFOD_TIMEOUT DEBUGINFOD_MAXTIME DEBUGINFOD_MAXSIZE DEBUGINFOD_RETRY_LIMIT DEBUGINFOD_HEADERS_FILE
unset XDG_CACHE_HOME DEBUGINFOD_CACHE_PATH PKGNOTE_PREFETCH

# --- helpers ---
ask_server() { server "$@"; export DEBUGINFOD_URLS=$URL; }
# ./main with 12 libraries in ./lib, stripped, their debug files in ./share; $IDS of the libraries.
libraries() {
	need gcc objcopy readelf strip
	[ -f "$OURS/libdebuginfod.so.1" ] || skip "no libdebuginfod.so.1 in $BUILD"
	mkdir -p lib home
	IDS='' LINK=''
	local i
	for i in la lb lc ld le lf lg lh li lj lk ll; do
		echo "int of_$i(int n) { return n; }" >$i.c
		gcc -g -shared -fPIC -Wl,--build-id -o lib/lib$i.so $i.c
		part lib/lib$i.so
		IDS="$IDS $ID" LINK="$LINK -l$i"
	done
	echo 'int main(void) { return 0; }' >main.c
	# shellcheck disable=SC2086
	gcc -g -Wl,--build-id -o main main.c -Llib -Wl,--no-as-needed $LINK "-Wl,-rpath,$PWD/lib"
	part main
	export HOME=$PWD/home
}
part() {
	ID=$(readelf -n "$1" | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$ID"
	objcopy --only-keep-debug "$1" "share/buildid/$ID/debuginfo"
	strip "$1"
}
asked() { grep -c "${2:-.}" "$1.log" 2>/dev/null || :; }
# Nothing is asked for twice.
once() { same "$(cut -d' ' -f2 "$1.log" | sort | uniq -d)" ""; }
program() {
	[ -f /usr/include/elfutils/debuginfod.h ] || skip "no <elfutils/debuginfod.h> (libdebuginfod-dev)"
	gcc -D_GNU_SOURCE -Wall -o program "$TOP/tests/tools/debuginfod_program.c" "$OURS/libdebuginfod.so.1" -pthread
}
ahead() { LD_LIBRARY_PATH=$OURS ./program ahead "$@" -- lib/*.so; }
# shellcheck disable=SC2086
try() { local how=$1; shift; rm -rf home/.cache; status "$1" ahead "$how" $IDS; }

# --- gdb ---
debugger() {
	libraries; need gdb
	ldd "$(command -v gdb)" | grep -q libdebuginfod || skip "this gdb is built without debuginfod"
	debug() { LD_LIBRARY_PATH=$OURS status 0 timeout 200 gdb -q -nx -batch -ex 'set debuginfod enabled on' -ex 'start' -ex 'info line of_ll' ./main; says out 'Line 1 of "ll\.c"'; }
	ask_server one --root share --hold 0.3
	PKGNOTE_PREFETCH=no debug
	same "$(asked one ^200)" 12
	same "$(cat one.top)" 1
	rm -rf home/.cache
	ask_server many --root share --hold 0.3
	debug
	once many
	# One asks for the first, eight at a time come ahead.
	[ "$(cat many.top)" -ge 5 ] || fail "$(cat many.top) at once"
	[ "$(cat many.top)" -le 17 ]
	for ID in $IDS; do cmp "home/.cache/debuginfod_client/$ID/debuginfo" "share/buildid/$ID/debuginfo"; done
	# Again: nobody is asked.
	asked many >before
	debug
	same "$(asked many)" "$(cat before)"
}
check "gdb gets the debug files of all libraries at the same time, each once" debugger

# --- programs ---
manners() {
	libraries; program
	ask_server many --root share --hold 0.3
	try all 0
	same "$(wc -l <out)" 12
	same "$(asked many)" 12
	once many
	[ "$(cat many.top)" -ge 5 ]
	# What has an end before the others have come, has it without a word.
	try exit 0
	same "$(wc -l <out)" 1
	[ ! -s err ]
	try fork 0
	same "$(grep -c ' 4$' out)" 12
	try two 0
	same "$(grep -c ' 4$' out)" 12
	try cancel 1
	same "$(cat out)" -ENOENT
	# A program that does not have open what it asks for, as a server, gets that alone.
	ask_server alone --root share
	rm -rf home/.cache
	# shellcheck disable=SC2086
	LD_LIBRARY_PATH=$OURS status 0 ./program ahead exit $IDS --
	same "$(asked alone)" 1
	# Only what has no debug information is fetched.
	ask_server third --root share
	rm -rf home/.cache
	gcc -g -shared -fPIC -Wl,--build-id -o lib/libla.so la.c
	# shellcheck disable=SC2086
	set -- $IDS
	status 0 ahead all "$2" "$3"
	same "$(asked third "$1")" 0
	[ "$(asked third)" -ge 3 ]
}
check "a program that exits, forks, asks by two handles or cancels; what is not open is not fetched" manners

# --- servers ---
fairness() {
	libraries; program
	ask_server limited --root share --at-once 2 --retry-after 1 --hold 0.05
	try all 0
	same "$(asked limited ^200)" 12
	# A dead one costs nothing more for twelve, a silent one is asked for a few, once.
	ask_server silent --silent
	# shellcheck disable=SC2086
	DEBUGINFOD_TIMEOUT=1 try all 1
	same "$(sort -u out)" -ETIME
	once silent
	[ "$(asked silent)" -le 9 ] || fail "a silent server is asked $(asked silent) times"
}
check "a server that refuses is asked more slowly, a silent one no further" fairness

# Two who use one cache, of which one waits for the other.
through_each_other() {
	libraries; need debuginfod curl
	ask_server up --root share
	federate "$URL"
	export DEBUGINFOD_URLS=http://127.0.0.1:$PORT DEBUGINFOD_TIMEOUT=5
	status 0 "$OURS/debuginfod-find" debuginfo "$ID"
	cmp "$(cat out)" "share/buildid/$ID/debuginfo"
}
check "a debuginfod that asks others by the cache of who asks it" through_each_other
finish
