#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/bench/fetch.sh [FILES] [DELAY]: pkgnote fetch, curl and debuginfod-find on the same debuginfo
# files from elfutils' debuginfod on loopback. With DELAY (milliseconds, one way: 25 is a round
# trip of 50) through a proxy that delays (tests/tools/delayd.c).
set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
FILES=${1:-1000} DELAY=${2:-0}
PKGNOTE=${PKGNOTE:-${BUILD:-$TOP/build}/pkgnote}
case $PKGNOTE in /*) ;; *) PKGNOTE=$TOP/$PKGNOTE ;; esac
WORK=$(mktemp -d) PID=
trap 'kill $PID 2>/dev/null; rm -rf "$WORK"' EXIT
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
sed "s|.*|url = \"$URL/buildid/&/debuginfo\"\noutput = \"curl/&\"|" ids >curlrc
mapfile -t IDS <ids

seconds() { # COMMAND...: its seconds
	local start end
	start=$(date +%s.%N)
	"$@" >out 2>err || { tail -3 err >&2; return 1; }
	end=$(date +%s.%N)
	echo "$start $end" | awk '{ printf "%.3f", $2 - $1 }'
}
one_by_one() {
	export DEBUGINFOD_URLS=$URL
	for id in "${IDS[@]}"; do debuginfod-find debuginfo "$id" || return 1; done
}
with_curl() { rm -rf curl; mkdir curl; curl -s --parallel --parallel-max 16 -K curlrc; }
with_pkgnote() { rm -rf cache/pkgnote; "$PKGNOTE" fetch -q --server="$URL" debuginfo "${IDS[@]}"; }
warm() { "$PKGNOTE" fetch -q --server="$URL" debuginfo "${IDS[@]}"; }
peak() { # the peak resident memory of a cold run, in MB
	rm -rf cache/pkgnote
	python3 - "$PKGNOTE" "$URL" "${IDS[@]}" <<'PY' 2>/dev/null || echo '?'
import resource, subprocess, sys
subprocess.run([sys.argv[1], "fetch", "-q", "--server=" + sys.argv[2], "debuginfo"] + sys.argv[3:],
               stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
PY
}
with_curl >/dev/null 2>&1 || true # warms the server
curl_s=$(seconds with_curl) ours=$(seconds with_pkgnote) warm_s=$(seconds warm)
curl_2=$(seconds with_curl) ours_2=$(seconds with_pkgnote)
find_s=$(seconds one_by_one)
cmp "$(sed -n 1p out)" "tree/${IDS[0]}.debug"
echo "curl --parallel-max 16: $curl_s $curl_2 s"
echo "pkgnote fetch, cold:    $ours $ours_2 s"
echo "pkgnote fetch, warm:    $warm_s s"
echo "debuginfod-find:        $find_s s"
echo "peak memory:            $(peak) MB"
echo "$ours $ours_2 $curl_s $curl_2 $find_s" | awk '{ o = $1 < $2 ? $1 : $2; c = $3 < $4 ? $3 : $4;
	printf "times curl: %.2f, debuginfod-find takes %.1f times as long\n", o / c, $5 / o }'
