# SPDX-License-Identifier: LGPL-2.1-or-later
# libdebuginfod.so.1 in place of elfutils': its symbols and prototypes, a program written for elfutils' header, gdb,
# eu-*, valgrind and debuginfod itself, and debuginfod-find beside elfutils' own.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/odd_server.sh"
OURS=$BUILD/libdebuginfod
[ -f "$OURS/libdebuginfod.so.1" ] || { check "built" nothing; nothing() { skip "no libdebuginfod.so.1 in $BUILD"; }; }
THEIRS=$(PATH=$PATH:/sbin ldconfig -p 2>/dev/null | sed -n 's/.*libdebuginfod\.so\.1 .*=> //p' | grep -v pkgnote | head -1)
unset DEBUGINFOD_PROGRESS DEBUGINFOD_VERBOSE DEBUGINFOD_TIMEOUT DEBUGINFOD_MAXTIME DEBUGINFOD_MAXSIZE DEBUGINFOD_RETRY_LIMIT DEBUGINFOD_HEADERS_FILE

# --- helpers ---
# A program that was stripped, its debug file and source in ./share, of build-id $ID; a HOME of its own.
share() {
	need gcc objcopy readelf strip
	mkdir -p src home
	printf 'int twice(int n)\n{\n\treturn 2 * n;\n}\nint main(void) { return twice(0); }\n' >src/one.c
	gcc -g -O0 -Wl,--build-id -o one "$PWD/src/one.c"
	ID=$(readelf -n one | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$ID/source$PWD/src"
	objcopy --only-keep-debug one "share/buildid/$ID/debuginfo"
	cp one "share/buildid/$ID/executable"
	mv src/one.c "share/buildid/$ID/source$PWD/src/one.c"
	cp one whole
	strip -g one
	unset XDG_CACHE_HOME
	export HOME=$PWD/home
	CACHE=$HOME/.cache/debuginfod_client
}
asked() { grep -c "${2:-.}" "$1.log" 2>/dev/null || :; }
# ours COMMAND...: with our library where elfutils' would be.
ours() { LD_LIBRARY_PATH=$OURS PATH=$OURS:$PATH "$@"; }
# ./program, written for elfutils' header.
program() {
	[ -f /usr/include/elfutils/debuginfod.h ] || skip "no <elfutils/debuginfod.h> (libdebuginfod-dev)"
	gcc -D_GNU_SOURCE -Wall -o program "$TOP/tests/tools/debuginfod_program.c" "$OURS/libdebuginfod.so.1" -pthread
}

# --- the library as a file ---
symbols() { nm -D --defined-only --with-symbol-versions "$1" | sed -n 's/.* T \(debuginfod_\)/\1/p' | sort; }
exports() {
	need nm
	# elfutils 0.196's.
	sort >wanted <<-'END'
	debuginfod_add_http_header@@ELFUTILS_0.179
	debuginfod_begin@@ELFUTILS_0.178
	debuginfod_default_progressfn@@ELFUTILS_0.195
	debuginfod_end@@ELFUTILS_0.178
	debuginfod_find_debuginfo@@ELFUTILS_0.178
	debuginfod_find_executable@@ELFUTILS_0.178
	debuginfod_find_metadata@@ELFUTILS_0.192
	debuginfod_find_section@@ELFUTILS_0.188
	debuginfod_find_source@@ELFUTILS_0.178
	debuginfod_get_headers@@ELFUTILS_0.188
	debuginfod_get_url@@ELFUTILS_0.179
	debuginfod_get_user_data@@ELFUTILS_0.179
	debuginfod_set_progressfn@@ELFUTILS_0.178
	debuginfod_set_user_data@@ELFUTILS_0.179
	debuginfod_set_verbose_fd@@ELFUTILS_0.183
	END
	symbols "$OURS/libdebuginfod.so.1" >found
	diff wanted found
	same "$(readelf -d "$OURS/libdebuginfod.so.1" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" libdebuginfod.so.1
	# What the system's has, ours has.
	[ -z "$THEIRS" ] || { symbols "$THEIRS" >theirs; same "$(comm -23 theirs found)" ""; }
	# No way to end the program, to write to its terminal, to catch its signals.
	nm -D -u "$OURS/libdebuginfod.so.1" >undefined
	says undefined ' dlopen@'
	says_not undefined ' (_?exit|_Exit|abort|signal|sigaction|setlocale|stdout|stderr|puts|printf|fwrite|atexit)@'
}
check "it exports what elfutils 0.196's does, by the same versions, and cannot end a program" exports

prototypes() {
	[ -f /usr/include/elfutils/debuginfod.h ] || skip "no <elfutils/debuginfod.h> (libdebuginfod-dev)"
	printf '#include <elfutils/debuginfod.h>\n#include "tools/libdebuginfod/api.h"\n' >both.c
	gcc -std=c17 -Wall -Werror -I"$TOP" -c both.c
	# A difference would be seen.
	sed 's/int build_id_len, char \*\*path/long build_id_len, char **path/' "$TOP/tools/libdebuginfod/api.h" >other.h
	printf '#include <elfutils/debuginfod.h>\n#include "other.h"\n' >other.c
	status 1 gcc -std=c17 -I. -c other.c
	says err 'conflicting types'
}
check "its prototypes are those of <elfutils/debuginfod.h>" prototypes

# --- a program ---
finds() {
	share; program
	export DEBUGINFOD_URLS=file://$PWD/share
	status 0 ours ./program find debuginfo "$ID"
	same "$(cat out)" "$CACHE/$ID/debuginfo 4"
	cmp "$CACHE/$ID/debuginfo" "share/buildid/$ID/debuginfo"
	same "$(stat -c %a "$CACHE/$ID/debuginfo")" 400
	status 0 ours ./program bytes executable "$ID"
	cmp "$CACHE/$ID/executable" whole
	status 0 ours ./program find source "$ID" "$PWD/src/one.c"
	status 0 ours ./program find section "$ID" .debug_info
	# Never an empty file for what is not there; and what it has not got, it says.
	status 1 ours ./program find debuginfo aabbccdd
	same "$(cat out)" -ENOENT
	[ ! -e "$CACHE/aabbccdd" ]
	# Another library believes it, without a server.
	[ -z "$THEIRS" ] || { DEBUGINFOD_URLS=http://127.0.0.1:1 status 0 ./program find debuginfo "$ID"; same "$(cat out)" "$CACHE/$ID/debuginfo 4"; }
	rm -rf "$HOME/.cache"
	PKGNOTE_CACHE_COMPAT=no status 0 ours ./program find debuginfo "$ID"
	says_not out debuginfod_client
	[ ! -e "$CACHE" ]
	DEBUGINFOD_CACHE_PATH=$PWD/other status 0 ours ./program find debuginfo "$ID"
	same "$(cat out)" "$PWD/other/$ID/debuginfo 4"
}
check "debug file, executable, source, section; each by name in elfutils' cache too" finds

nowhere() {
	share; program
	server good --root share; export DEBUGINFOD_URLS=$URL TMPDIR=$PWD/tmp
	mkdir tmp
	# The name that a program gets is good for others, and stays so.
	there() {
		status 0 ours "$@" ./program find debuginfo "$ID"
		same "$(cat out)" "$TMPDIR/pkgnote-$(id -u)/$ID/debuginfo 4"
		cmp "$TMPDIR/pkgnote-$(id -u)/$ID/debuginfo" "share/buildid/$ID/debuginfo"
	}
	there env -u HOME
	same "$(stat -c %a "$TMPDIR/pkgnote-$(id -u)")" 700
	there env HOME="$PWD/one"
	there env XDG_CACHE_HOME=/dev/null/x
	same "$(asked good)" 1
	if [ "$(id -u)" != 0 ]; then mkdir -p "$HOME/.cache/pkgnote"; chmod 500 "$HOME/.cache/pkgnote" "$HOME/.cache"; there env A=1; chmod 700 "$HOME/.cache" "$HOME/.cache/pkgnote"; fi
	# What others could have put there is not used.
	chmod 777 "$TMPDIR/pkgnote-$(id -u)"
	status 1 ours env -u HOME DEBUGINFOD_VERBOSE=1 ./program find debuginfo "$ID"
	same "$(cat out)" -EACCES
	says err 'no cache can be made'
	rm -rf tmp; ln -s "$HOME" tmp
	ln -s "$HOME" "$HOME/pkgnote-$(id -u)"
	status 1 ours env -u HOME ./program find debuginfo "$ID"
	same "$(cat out)" -EACCES
}
check "no HOME, or one that holds no cache: a directory of the user's own among temporary files" nowhere

# elfutils' cache by its own rules.
cleaned() {
	share; program
	server good --root share; export DEBUGINFOD_URLS=$URL
	status 0 ours ./program find debuginfo "$ID"
	status 0 ours ./program find executable "$ID"
	same "$(cat "$CACHE/cache_clean_interval_s")" 86400
	# As a server has dated it, and believed by us without being read again.
	[ "$(stat -c %Y "$CACHE/$ID/debuginfo")" = "$(stat -c %Y "$HOME/.cache/pkgnote/$ID/debuginfo")" ]
	mkdir -p "$CACHE/00aa" "$CACHE/ffee" "$CACHE/strange"
	touch "$CACHE/00aa/debuginfo" "$CACHE/00aa/mine" "$CACHE/strange/debuginfo" "$CACHE/debuginfo"
	find "$CACHE" -exec touch -h -d '20 days ago' {} +
	echo 86400 >"$CACHE/cache_clean_interval_s"
	# It is not time for that; rubbish is as good as no number.
	for rubbish in 86400 '' x -5 99999999999999999999999; do
		printf %s "$rubbish" >"$CACHE/cache_clean_interval_s"
		status 0 ours ./program find executable "$ID"
		[ -e "$CACHE/00aa/debuginfo" ]
	done
	touch -d '2 days ago' "$CACHE/cache_clean_interval_s"
	echo rubbish >"$CACHE/max_unused_age_s"
	status 0 ours ./program find executable "$ID"
	same "$(cd "$CACHE" && find . -mindepth 1 -name '[!.]*' | sed "s/$ID/ID/" | sort | paste -sd' ')" \
		"./00aa ./00aa/mine ./ID ./ID/executable ./cache_clean_interval_s ./debuginfo ./max_unused_age_s ./strange ./strange/debuginfo"
	# What is absent is remembered for as long as that cache says.
	status 1 ours ./program find debuginfo aabbccdd
	status 1 ours ./program find debuginfo aabbccdd
	same "$(asked good aabbccdd)" 1
	echo 0 >"$CACHE/cache_miss_s"
	status 1 ours ./program find debuginfo aabbccdd
	same "$(asked good aabbccdd)" 2
	PKGNOTE_CACHE_COMPAT=no status 0 ours ./program find debuginfo "$ID"
}
check "elfutils' cache is cleaned as its own client does it, by its settings or without" cleaned

errors() {
	share; program
	server good --root share; local good=$URL
	server silent --silent; local silent=$URL
	server proxy --proxy; local auth=$URL
	fails() { local want=$1; shift; status 1 ours env "$@"; same "$(cat out)" "-$want"; }
	fails ENOSYS DEBUGINFOD_URLS= ./program find debuginfo "$ID"
	fails ENOSYS -u DEBUGINFOD_URLS ./program find debuginfo "$ID"
	fails ECONNREFUSED DEBUGINFOD_URLS=http://127.0.0.1:1 ./program find debuginfo "$ID"
	fails ETIME DEBUGINFOD_URLS="$silent" DEBUGINFOD_TIMEOUT=1 ./program find debuginfo "$ID"
	fails ETIME DEBUGINFOD_URLS="$silent" DEBUGINFOD_TIMEOUT=1 ./program find debuginfo "$ID"
	same "$(asked silent)" 1
	fails ETIME DEBUGINFOD_URLS="$silent" DEBUGINFOD_MAXTIME=1 XDG_CACHE_HOME="$PWD/new" ./program find debuginfo "$ID"
	fails EFBIG DEBUGINFOD_URLS="$good" DEBUGINFOD_MAXSIZE=10 ./program find debuginfo "$ID"
	fails EACCES DEBUGINFOD_URLS="$auth" ./program find debuginfo "$ID"
	fails EPERM DEBUGINFOD_URLS="ima:enforcing $good" ./program find debuginfo "$ID"
	fails EINVAL DEBUGINFOD_URLS="$good" ./program find debuginfo nohex
	same "$(asked good nohex)" 0
	fails EINVAL DEBUGINFOD_URLS="$good" ./program find debuginfo "$(printf '%0300d' 0)"
	fails EINVAL DEBUGINFOD_URLS="$good" ./program find source "$ID" one.c
	head -c 4000 "share/buildid/$ID/executable" >"share/buildid/$ID/debuginfo"
	fails EBADMSG DEBUGINFOD_URLS="$good" ./program find debuginfo "$ID"
	[ ! -e "$CACHE/$ID/debuginfo" ]
}
check "each failure by its errno; a silent server is not waited for twice" errors

manners() {
	share; program
	mkdir sig; echo 0302 >"sig/$ID.sig"
	server good --root share --signed sig; local good=$URL
	server silent --silent; local silent=$URL
	server none; local none=$URL
	DEBUGINFOD_URLS=$good status 0 ours ./program told "$ID"
	says out "^url $good/buildid/$ID/debuginfo\$"
	says out '^headers X-DEBUGINFOD-IMASIGNATURE: 0302$'
	says out '^calls [1-9]'
	DEBUGINFOD_URLS=$silent XDG_CACHE_HOME=$PWD/new status 1 ours ./program stop "$ID"
	says out '^calls 3$'
	# One handle, and the environment as it is at each call.
	XDG_CACHE_HOME=$PWD/new2 status 1 ours ./program urls "$ID" "$none" "$good" ""
	same "$(cut -d' ' -f2 out | paste -sd' ')" "-ENOENT 4 -ENOSYS"
	DEBUGINFOD_URLS=$good XDG_CACHE_HOME=$PWD/new3 status 0 ours ./program threads "$ID"
	DEBUGINFOD_URLS=$good XDG_CACHE_HOME=$PWD/new4 status 0 ours ./program fork "$ID"
	same "$(grep -c ' 4$' out)" 3
	DEBUGINFOD_URLS=$good XDG_CACHE_HOME=$PWD/new5 status 0 ours ./program quiet "$ID"
	says out '^handlers 0, mask 0, locale C, descriptors 0$'
	[ ! -s err ]
}
check "progress, URL, setenv between calls, threads, fork; nothing of the process is changed" manners

# --- programs ---
debugger() {
	share; need gdb
	ldd "$(command -v gdb)" | grep -q libdebuginfod || skip "this gdb is built without debuginfod"
	server good --root share; local good=$URL
	DEBUGINFOD_URLS=$good status 0 ours timeout 100 gdb -q -nx -batch -ex 'set debuginfod enabled on' -ex 'file ./one' -ex 'list twice'
	says out 'return 2 \* n;'
	says out 'Downloading source file'
	[ -s "$CACHE/$ID/debuginfo" ]
	same "$(asked good)" 2
	# A second time nobody is asked, nor is anything told of a download.
	DEBUGINFOD_URLS=$good status 0 ours timeout 100 gdb -q -nx -batch -ex 'set debuginfod enabled on' -ex 'file ./one' -ex 'list twice'
	says out 'return 2 \* n;'
	says_not out Downloading
	same "$(asked good)" 2
}
check "gdb: debug information and source" debugger

interrupted_debugger() {
	share; need gdb setsid
	ldd "$(command -v gdb)" | grep -q libdebuginfod || skip "this gdb is built without debuginfod"
	server silent --silent
	printf 'import gdb, os, signal, threading, time\nbegan = time.monotonic()\nthreading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\ntry:\n\tgdb.execute("file ./one")\nexcept KeyboardInterrupt:\n\tpass\nprint("after %%d s" %% (time.monotonic() - began))\n' >go.py
	DEBUGINFOD_URLS=$URL status 0 ours timeout 100 gdb -q -nx -batch -ex 'set debuginfod enabled on' -ex 'source go.py'
	# Not the ten seconds that a silent server gets.
	says out '^after [1-5] s'
}
check "gdb: Ctrl-C ends a stall" interrupted_debugger

others() {
	share; need eu-addr2line valgrind
	server good --root share
	export DEBUGINFOD_URLS=$URL
	local at; at=0x$(nm whole | sed -n 's/ T twice$//p')
	status 0 ours eu-addr2line -f -e one "$at"
	says out 'one\.c:2'
	same "$(asked good)" 1
	rm -rf "$HOME/.cache"
	printf 'int main(void) { int *p = __builtin_malloc(4); return p[1] != 0; }\n' >bad.c
	gcc -g -O0 -Wl,--build-id -o bad bad.c
	BAD=$(readelf -n bad | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$BAD"
	objcopy --only-keep-debug bad "share/buildid/$BAD/debuginfo"
	strip -g bad
	# It runs debuginfod-find.
	ours valgrind -q ./bad >out 2>err || :
	says err 'main \(bad\.c:1\)'
}
check "eu-addr2line finds lines by it, valgrind by its debuginfod-find" others

# perf asks only where it is told to: its buildid-cache and record empty DEBUGINFOD_URLS themselves, but for --debuginfod.
perf_asks() {
	share; need perf
	perf version --build-options 2>&1 | grep -q 'debuginfod: \[ on' || skip "this perf is built without debuginfod: $(perf version)"
	server good --root share
	export DEBUGINFOD_URLS=$URL
	status 0 ours perf --buildid-dir "$PWD/cold" buildid-cache --add "$PWD/one"
	[ ! -s good.log ]
	for urls in --debuginfod "--debuginfod=$URL"; do
		rm -rf "$HOME/.cache" warm
		status 0 ours perf --buildid-dir "$PWD/warm" buildid-cache "$urls" --add "$PWD/one"
		cmp "warm/.build-id/${ID:0:2}/${ID:2}/debug" "share/buildid/$ID/debuginfo"
	done
	same "$(asked good)" 2
	# By our library: its cache is there too.
	cmp "$HOME/.cache/pkgnote/$ID/debuginfo" "share/buildid/$ID/debuginfo"
	# What probes could be put at: lines and their source, neither of which is here. perf 7 asks for the source under a path of its
	# own making.
	rm -rf "$HOME/.cache"
	ours perf probe -x "$PWD/one" --line twice >out 2>err || :
	same "$(asked good /debuginfo)" 3
	if ! grep -q 'return 2 \* n' out; then says good.log '^404 .*/source.*/src/one\.c$'; fi
	# A recording, where the kernel lets us make one: its programs' debug files come, and name their functions.
	printf 'int main(void) { volatile unsigned long n = 0; while (n < 300000000UL) n++; return 0; }\n' >spin.c
	gcc -g -O0 -Wl,--build-id -o spin spin.c
	ID=$(readelf -n spin | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$ID"
	objcopy --only-keep-debug spin "share/buildid/$ID/debuginfo"
	strip -s spin
	ours perf --buildid-dir "$PWD/last" record --debuginfod -q -e cpu-clock -o data ./spin >out 2>err || skip "buildid-cache and probe ask; perf records nothing here: $(tail -1 err)"
	cmp "last/.build-id/${ID:0:2}/${ID:2}/debug" "share/buildid/$ID/debuginfo"
	ours perf --buildid-dir "$PWD/last" report -i data --stdio -s dso,sym >out 2>err
	says out 'spin +\[\.\] main$'
}
check "perf asks by it, where it is told to" perf_asks

federation() {
	share; need debuginfod curl
	server good --root share
	federate "$URL"
	curl -sf -o came "http://127.0.0.1:$PORT/buildid/$ID/debuginfo"
	cmp came "share/buildid/$ID/debuginfo"
	same "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/buildid/aabbccdd/debuginfo")" 404
	same "$(asked good ^200)" 1
}
check "elfutils' debuginfod asks upstream through it" federation

# --- debuginfod-find ---
side_by_side() {
	share; need debuginfod-find
	export DEBUGINFOD_URLS=file://$PWD/share
	local find; find=$(command -v debuginfod-find)
	both() {
		local a=0 b=0
		DEBUGINFOD_CACHE_PATH=$PWD/a "$find" "$@" >a.out 2>a.err || a=$?
		DEBUGINFOD_CACHE_PATH=$PWD/b "$OURS/debuginfod-find" "$@" >b.out 2>b.err || b=$?
		same "$a $(sed "s|$PWD/a/|CACHE/|" a.out)" "$b $(sed "s|$PWD/b/|CACHE/|" b.out)"
		# The usage of later versions names more.
		words() { sed "s|^$1/||" | grep -v '^Usage\|or:\|^  *metadata' || :; }
		same "$(words "${find%/*}" <a.err)" "$(words "$OURS" <b.err)"
	}
	both debuginfo "$ID"
	both executable "$ID"
	both debuginfo ./one
	both debuginfo aabbccdd
	both nonsense "$ID"
	both debuginfo
	both
	both section "$ID"
	both -x
	DEBUGINFOD_URLS="" both debuginfo "$ID"
	DEBUGINFOD_URLS=http://127.0.0.1:1 both debuginfo aabbccee # the other one is remembered by theirs
	status 0 "$OURS/debuginfod-find" -v --cache-compat=no source "$ID" "$PWD/src/one.c"
	cmp "$(cat out)" "share/buildid/$ID/source$PWD/src/one.c"
	says err '^Downloaded from file:///'
	# Versions before 0.196 ask a server for that.
	status 1 "$OURS/debuginfod-find" debuginfo ./nowhere
	same "$(cat err)" "Cannot open ./nowhere: No such file or directory
Server query failed: Invalid argument"
	status 0 "$OURS/debuginfod-find" --version
	says out '0\.196'
}
check "debuginfod-find says and exits as elfutils' own" side_by_side

metadata() {
	share
	printf '{"results":[{"type":"executable","buildid":"%s","file":"/usr/bin/one","archive":""}],"complete":true}' "$ID" >answer
	server good --metadata answer
	DEBUGINFOD_URLS=$URL status 0 "$OURS/debuginfod-find" metadata file /usr/bin/one
	says out "\"buildid\":\"$ID\""
	says out '"complete":true'
	DEBUGINFOD_URLS=http://127.0.0.1:1 status 0 "$OURS/debuginfod-find" metadata glob '/usr/bin/*'
	says out '"complete":false'
	DEBUGINFOD_URLS=$URL status 1 "$OURS/debuginfod-find" metadata glob
	says err 'Require KEY and VALUE'
}
check "debuginfod-find metadata: what servers know, and that it is not all" metadata
finish
