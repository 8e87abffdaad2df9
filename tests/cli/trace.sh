# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote trace: stacks of cores and processes, judged by eu-stack and gdb; what is missing comes from a share.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

# crashed: ./src/crasher with a thread that waits and one that stopped in boom(), inlined in middle(), called back by qsort(3);
# its core is ./core.
crashed() {
	need gdb eu-stack perl
	mkdir -p src
	cat >src/crasher.c <<-'END'
	#include <pthread.h>
	#include <stdlib.h>
	#include <unistd.h>
	static inline __attribute__((always_inline)) void boom(volatile int *p) { *p = 1; }
	__attribute__((noinline)) int middle(long n) { boom((volatile int *)n); return (int)n + 1; }
	static void *wait_for(void *x) { for (;;) pause(); return x; }
	static int started(const void *a, const void *b) { (void)a; (void)b; return middle(0); }
	int main(void) {
		pthread_t t; int v[] = {2, 1};
		pthread_create(&t, NULL, wait_for, NULL);
		usleep(200000);
		qsort(v, 2, sizeof(v[0]), started);
		return 0;
	}
	END
	"$CC" "$PAGE_ONE" -g -O1 -Xlinker '--package-metadata={"type":"deb","name":"crasher","version":"1.2-3"}' -Xlinker --build-id=sha1 -pthread -o src/crasher "$PWD/src/crasher.c"
	gdb -nx -q -batch -ex run -ex 'generate-core-file core' src/crasher >gdb.log 2>&1 </dev/null
	[ -s core ] || { grep -q 'ptrace' gdb.log && skip "no right to trace"; cat gdb.log; return 1; }
}

# functions: thread, frame and function of each frame in ./out, a line each; "?" for none.
functions() { perl -MJSON::PP -ne '$f = decode_json($_); printf "%d %d %s %s\n", $f->{thread}, $f->{frame}, $f->{address}, $f->{function} // "?"' "${1:-out}"; }

# The same as eu-stack has it.
judged() { eu-stack -i "$@" 2>/dev/null | perl -ne '$t = $1 if /^TID (\d+)/; if (/^#(\d+)\s+0x0*([0-9a-f]+)(?: - 1)?\s*(.*)$/) { printf "%d %d 0x%s %s\n", $t, $1, $2, $3 eq "" ? "?" : $3 }'; }

a_core() {
	crashed
	status 0 "$PKGNOTE" trace --json core
	same "$(functions)" "$(judged --core=core)"
	cp out plain
	# The package of each frame: from the note, null where there is none.
	perl -MJSON::PP -ne '$f = decode_json($_); print $f->{function}, " ", $f->{package} ? "$f->{package}{name} $f->{package}{version}" : "-", " ", $f->{inline} ? "inlined" : "", "\n"' out >packages
	says packages '^boom crasher 1.2-3 inlined$'
	says packages '^middle crasher 1.2-3 $'
	says packages '^main crasher 1.2-3 $'
	says packages '^wait_for crasher 1.2-3 $'
	line=$(grep -n 'boom(volatile' src/crasher.c | cut -d: -f1)
	perl -MJSON::PP -ne '$f = decode_json($_); print "$f->{file}:$f->{line}\n" if $f->{function} eq "boom"' out >places
	says places "/src/crasher.c:$line\$"
	status 0 "$PKGNOTE" trace core
	says out '^THREAD [0-9]+$'
	says out "^#0 +0x[0-9a-f]{16}  boom +crasher 1.2-3 +.*/src/crasher.c:$line:[0-9]+ \(inlined\)\$"
	# Source lines; what has none is said, and no failure.
	status 0 "$PKGNOTE" trace --sources core
	says out '^ +\| static inline .* void boom\('
	# As it is kept, and from a pipe.
	gzip -k core
	status 0 "$PKGNOTE" trace --json core.gz; same "$(cat out)" "$(cat plain)"
	"$PKGNOTE" trace --json - <core.gz >out; same "$(cat out)" "$(cat plain)"
	cat core | "$PKGNOTE" trace --json - >out; same "$(cat out)" "$(cat plain)"
}
check "a core: the frames that eu-stack sees, with lines and packages" a_core

by_gdb() {
	crashed
	status 0 "$PKGNOTE" trace --json --unwinder=gdb core
	gdb -nx -q -batch -ex 'set print frame-arguments presence' -ex 'thread apply all bt' src/crasher core >bt 2>/dev/null
	for name in boom middle started main wait_for; do
		says out "\"function\":\"$name\""
		says bt " $name "
	done
	same "$(functions | cut -d' ' -f1 | sort | uniq -c)" "$(perl -ne '$t = $1 if /^Thread .*LWP (\d+)/; print "$t\n" if /^#/ and $t' <(gdb -nx -q -batch -ex 'set backtrace past-main on' -ex 'thread apply all bt' src/crasher core 2>/dev/null) | sort | uniq -c)"
	says out '"function":"middle","file":"[^"]*/src/crasher.c","line":5,.*"package":\{"type":"deb","name":"crasher"'
	# Without eu-stack gdb is taken, and without either it is said.
	mkdir bin; ln -s "$(command -v gdb)" bin/gdb
	PATH=$PWD/bin status 0 "$PKGNOTE" trace --json core
	says out '"function":"middle"'
	PATH=$PWD/src status 3 "$PKGNOTE" trace --json core
	says err 'neither eu-stack \(elfutils\) nor gdb is installed'
	same "$(wc -l <err)" 1
}
check "gdb as the unwinder" by_gdb

missing() {
	crashed
	# Published, and gone from here.
	mkdir -p root/usr/bin
	cp src/crasher root/usr/bin/
	"$PKGNOTE" split --layout=deb --name=crasher --package-version=1.2-3 --arch=amd64 --build-id=keep --build-dir="$PWD/src" --manifest=m.json root >/dev/null 2>split.err || { cat split.err; return 1; }
	"$PKGNOTE" publish --into=share --manifest=m.json root >/dev/null 2>&1
	rm -r src root
	mkdir tmp; export TMPDIR=$PWD/tmp
	status 3 "$PKGNOTE" trace core
	says err 'frame 0: no function: .*/src/crasher: neither the file nor its debug information is here, and no server is named'
	DEBUGINFOD_URLS=file://$PWD/share status 0 "$PKGNOTE" trace --json --sources core
	for name in boom middle started main wait_for; do says out "\"function\":\"$name\""; done
	says out '"function":"boom",.*"source":"static inline .* void boom'
	cp out by-eu-stack
	status 0 "$PKGNOTE" trace --json --unwinder=gdb --server="file://$PWD/share" --sources core
	for name in boom middle started main wait_for; do says out "\"function\":\"$name\""; done
	# Where the share has it not, that is the reason.
	mkdir empty
	status 3 "$PKGNOTE" trace --json --server="file://$PWD/empty" core
	says err '/src/crasher: debug information: absent'
	same "$(ls tmp)" ''
}
check "what is not on this machine comes from a share; without it exit 3 and the reason" missing

a_process() {
	crashed
	cat >waits.c <<-'END'
	#include <unistd.h>
	__attribute__((noinline)) int waits_here(void) { return pause() + 1; }
	int main(void) { return waits_here(); }
	END
	"$CC" "$PAGE_ONE" -g -O1 -Xlinker '--package-metadata={"type":"rpm","name":"waiter","version":"7"}' -o waits waits.c
	./waits & pid=$!
	trap "kill $pid" EXIT
	for _ in 1 2 3 4 5 6 7 8 9 10; do grep -q pause /proc/$pid/wchan 2>/dev/null && break; sleep 0.1; done
	status 0 "$PKGNOTE" trace --json $pid
	says out '"function":"waits_here",.*"package":\{"type":"rpm","name":"waiter"'
	same "$(functions)" "$(judged --pid=$pid)"
}
check "a live process" a_process

bad_input() {
	crashed
	head -c $(($(stat -c %s core) / 3)) core >cut
	status 3 "$PKGNOTE" trace cut; says err '^pkgnote trace: cut: cut short'
	for input in src/crasher src/crasher.c nothing 999999999; do
		status 3 "$PKGNOTE" trace $input
		same "$(wc -l <err)" 1
	done
	status 2 "$PKGNOTE" trace
	status 2 "$PKGNOTE" trace core core
	status 2 "$PKGNOTE" trace --unwinder=other core
	head -c 3000 /dev/urandom >noise; status 3 "$PKGNOTE" trace noise
	echo text | gzip >x.gz; status 3 "$PKGNOTE" trace x.gz; says err 'no core file'
}
check "cores cut short, and what is no core: one line, exit 3" bad_input

finish
