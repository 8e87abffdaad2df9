#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/bench/fetch.sh [FILES] [DELAY]: pkgnote fetch, curl and debuginfod-find on the same debuginfo
# files from elfutils' debuginfod on loopback. With DELAY (milliseconds, one way: 25 is a round
# trip of 50) through a proxy that delays (tests/tools/delayd.c). ROUNDS says how often (7). pkgnote forces what it got to the disk
# before it ends; so that like is compared with like, curl is timed with sync(1) behind it too, and pkgnote with --no-sync.
set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
FILES=${1:-1000} DELAY=${2:-0}
PKGNOTE=${PKGNOTE:-${BUILD:-$TOP/build}/pkgnote}
case $PKGNOTE in /*) ;; *) PKGNOTE=$TOP/$PKGNOTE ;; esac
ROUNDS=${ROUNDS:-7}
WORK=$(mktemp -d) SHM='' PID=''
trap 'kill $PID 2>/dev/null; rm -rf "$WORK" $SHM' EXIT
cd "$WORK"
export DEBUGINFOD_URLS= HOME=$WORK XDG_CACHE_HOME=$WORK/cache DEBUGINFOD_PROGRESS=

# One debug file of some 420 KB, and copies of it with other build-ids.
{
	for i in $(seq 1700); do
		echo "struct s$i { int a$i, b$i; char name[$i]; struct s$i *next_of_$i; };"
		echo "int number_$i(struct s$i *p) { return p ? p->a$i * $i + p->b$i : 0; }"
	done
	echo 'int main(void) { return number_7(0); }'
} >main.c
gcc -g3 -O1 -Wl,--build-id=sha1 -o main main.c
eu-strip -f main.debug main
ID=$(readelf -n main | sed -n 's/.*Build ID: //p')
mkdir tree
perl -e '
	my ($id, $count) = @ARGV;
	open my $in, "<:raw", "main.debug" or die; local $/; my $bytes = <$in>;
	my $old = pack "H*", $id; my $at = index $bytes, $old; open my $ids, ">", "ids";
	for my $i (1 .. $count) {
		my $new = sprintf "%08x%s", $i, substr $id, 8;
		substr($bytes, $at, 20) = pack "H*", $new; print $ids "$new\n";
		open my $out, ">:raw", "tree/$new.debug" or die; print $out $bytes; close $out;
	}' "$ID" "$FILES"
echo "$FILES files, $(du -sb tree | awk '{ printf "%.0f", $1 / 1e6 }') MB, delay $DELAY ms"

PORT=18790
while curl -so /dev/null "http://127.0.0.1:$PORT/"; do PORT=$((PORT + 1)); done
debuginfod -p $PORT -d db.sqlite -F tree >log 2>&1 &
PID=$!
for _ in $(seq 600); do
	curl -s "http://127.0.0.1:$PORT/metrics" >metrics 2>/dev/null || true
	grep -q 'thread_work_total{role="traverse"} [1-9]' metrics && grep -q 'thread_work_pending{role="scan"} 0' metrics && break
	sleep 0.1
done
URL=http://127.0.0.1:$PORT
if [ "$DELAY" != 0 ]; then
	gcc -std=c17 -D_GNU_SOURCE -O2 -o delayd "$TOP/tests/tools/delayd.c"
	./delayd $PORT "$DELAY" 1200 >delayed &
	PID="$PID $!"
	while [ ! -s delayed ]; do sleep 0.05; done
	URL=http://127.0.0.1:$(cat delayed)
fi
mapfile -t IDS <ids

# Each writes to a place of its own, below $TARGET, and what is there already is written back to the disk before the clock starts, so
# that nobody pays for what another one left behind. On a disk nothing is deleted until the end, where there is room: ext4 searches
# past each inode that was freed in the last minutes, and a bench that removes trees between runs measures that search.
PLACES=0
one_by_one() {
	local id
	export DEBUGINFOD_URLS=$URL DEBUGINFOD_CACHE_PATH=$PLACE/find
	for id in "${IDS[@]}"; do debuginfod-find debuginfo "$id" || return 1; done
}
with_curl() { mkdir "$PLACE/curl"; curl -s --no-progress-meter --parallel --parallel-max 16 --output-dir "$PLACE/curl" -K curlrc; }
with_curl_sync() { with_curl; sync -f "$PLACE/curl"; }
with_pkgnote_no_sync() { with_pkgnote --no-sync; }
with_pkgnote() { "$PKGNOTE" fetch -q "$@" --cache="$PLACE/pkgnote" --server="$URL" debuginfo "${IDS[@]}"; }
settle() {
	[ -n "$KEEP" ] || rm -rf "${TARGET:?}"/*
	PLACE=$TARGET/$((++PLACES))
	mkdir -p "$PLACE"
	sync -f "$TARGET"
}
seconds() { # FILE COMMAND...: appends its seconds to FILE
	local file=$1 start end
	shift
	start=$(date +%s%N)
	"$@" >out 2>err || { tail -3 err >&2; return 1; }
	end=$(date +%s%N)
	echo $(((end - start) / 1000)) | awk '{ printf "%.3f\n", $1 / 1e6 }' >>"$file"
}
middle() { sort -n "$1" | awk '{ a[NR] = $1 } END { printf "%.3f", a[int((NR + 1) / 2)] }'; }
row() { # NAME FILE
	printf '| %s | %s | %s to %s |\n' "$1" "$(middle "$2")" "$(sort -n "$2" | head -1)" "$(sort -n "$2" | tail -1)"
}
on() { # WHAT TARGET
	TARGET=$2 KEEP=''
	local i
	mkdir -p "$TARGET"
	[ "$(df -m --output=avail "$TARGET" | tail -1)" -lt $(((ROUNDS * 4 + 3) * $(du -sm tree | cut -f1) + 4000)) ] || KEEP=yes
	rm -f times.*
	sed "s|.*|url = \"$URL/buildid/&/debuginfo\"\noutput = \"&\"|" ids >curlrc
	for i in $(seq "$ROUNDS"); do
		# Who comes first changes from round to round.
		if [ $((i % 2)) = 1 ]; then settle; seconds times.curl with_curl; fi
		settle; seconds times.unforced with_pkgnote_no_sync
		settle; seconds times.forced with_curl_sync
		settle; seconds times.cold with_pkgnote
		seconds times.warm with_pkgnote
		cmp "$(sed -n 1p out)" "tree/${IDS[0]}.debug"
		if [ $((i % 2)) = 0 ]; then settle; seconds times.curl with_curl; fi
	done
	settle; seconds times.find one_by_one
	printf '\n| %s | seconds, median of %s | spread |\n|---|---|---|\n' "$1" "$ROUNDS"
	row "curl --parallel-max 16, unchecked" times.curl
	row "pkgnote fetch --no-sync, cold" times.unforced
	row "curl, and sync -f" times.forced
	row "pkgnote fetch, cold" times.cold
	row "pkgnote fetch, warm" times.warm
	row "debuginfod-find, one by one (once)" times.find
	echo "$(middle times.unforced) $(middle times.curl) $(middle times.cold) $(middle times.forced) $(middle times.find)" |
		awk '{ printf "\npkgnote takes %.2f times as long as curl, %.2f times where both are forced to the disk; debuginfod-find %.1f times as long as pkgnote.\n", $1 / $2, $3 / $4, $5 / $3 }'
}
kilobytes() { /usr/bin/time -f %M -o kb "$@" >/dev/null 2>&1 || { echo '?'; return; }; cat kb; } # of its peak resident memory
peak() {
	settle
	kilobytes "$PKGNOTE" fetch -q --server="$URL" --cache="$PLACE/pkgnote" debuginfo "${IDS[@]}"
}
# One file of 500 MB, by pkgnote, by elfutils' client and by ours in its place.
large() {
	local base
	settle
	head -c 500000000 /dev/urandom >blob
	mkdir -p "large/buildid/$ID"
	objcopy --add-section .debug_blob=blob main.debug "large/buildid/$ID/debuginfo" 2>/dev/null
	rm blob
	python3 -c 'import functools, http.server, sys
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(http.server.SimpleHTTPRequestHandler, directory="large"))
print(s.server_port, flush=True); s.serve_forever()' >large.port 2>/dev/null &
	PID="$PID $!"
	while [ ! -s large.port ]; do sleep 0.05; done
	base=http://127.0.0.1:$(cat large.port)
	export DEBUGINFOD_URLS=$base DEBUGINFOD_CACHE_PATH=$PLACE/find DEBUGINFOD_TIMEOUT=600
	echo "Peak memory for a file of 500 MB, KB: pkgnote $(kilobytes "$PKGNOTE" fetch -q --cache="$PLACE/large" --server="$base" debuginfo "$ID"), elfutils' debuginfod-find $(kilobytes debuginfod-find debuginfo "$ID"), ours $(rm -rf "$PLACE/find"; HOME=$PLACE kilobytes "${PKGNOTE%/*}/libdebuginfod/debuginfod-find" debuginfo "$ID")."
	export DEBUGINFOD_URLS=''
}
cat tree/* >/dev/null
sed "s|.*|url = \"$URL/buildid/&/debuginfo\"\noutput = \"/dev/null\"|" ids >curlrc
curl -s --no-progress-meter --parallel --parallel-max 16 -K curlrc || true # the server is warm
on "files on disk" "$WORK/target"
echo "Peak memory: $(peak) KB."
large
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
	SHM=$(mktemp -d /dev/shm/pkgnote-bench.XXXXXX)
	on "files in memory (tmpfs)" "$SHM"
fi
