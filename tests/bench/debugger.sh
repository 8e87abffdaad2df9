#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/bench/debugger.sh [LIBRARIES] [HOLD]: gdb starts a program with so many stripped libraries (40), whose debug files come from
# a server that takes HOLD seconds (0.1) for each, with elfutils' library and with ours. Then 300 debug files from one good server,
# and from that one beside a silent, a dead one and one that allows 10 a second. ROUNDS says how often (3).
set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
COUNT=${1:-40} HOLD=${2:-0.1} ROUNDS=${ROUNDS:-3}
BUILD=${BUILD:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
WORK=$(mktemp -d) PIDS=''
trap 'kill $PIDS 2>/dev/null; rm -rf "$WORK"' EXIT
cd "$WORK"
export DEBUGINFOD_URLS=''
unset XDG_CACHE_HOME DEBUGINFOD_CACHE_PATH DEBUGINFOD_PROGRESS

part() {
	ID=$(readelf -n "$1" | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$ID"
	objcopy --only-keep-debug "$1" "share/buildid/$ID/debuginfo"
	strip "$1"
}
server() {
	python3 -B "$TOP/tests/tools/oddd.py" "$@" &
	PIDS="$PIDS $!"
	while [ ! -s "$1.port" ]; do sleep 0.05; done
	URL=http://127.0.0.1:$(cat "$1.port")
}
milliseconds() { # FILE COMMAND...
	local file=$1 start
	shift
	start=$(date +%s%N)
	"$@" >out 2>err || { tail -3 err >&2; return 1; }
	echo $((($(date +%s%N) - start) / 1000000)) >>"$file"
}
middle() { sort -n "$1" | awk '{ a[NR] = $1 } END { printf "%.2f", a[int((NR + 1) / 2)] / 1000 }'; }
row() { printf '| %s | %s | %s to %s |\n' "$1" "$(middle "$2")" "$(sort -n "$2" | awk 'NR == 1 { printf "%.2f", $1 / 1000 }')" "$(sort -n "$2" | awk 'END { printf "%.2f", $1 / 1000 }')"; }

mkdir lib
LINK=
for i in $(seq "$COUNT"); do
	for k in $(seq 30); do echo "struct s${i}_$k { int a; long b[$k]; }; int f${i}_$k(struct s${i}_$k *p) { return p->a + (int)p->b[0]; }"; done >"l$i.c"
	gcc -g -shared -fPIC -Wl,--build-id -o "lib/libpart$i.so" "l$i.c"
	part "lib/libpart$i.so"
	LINK="$LINK -lpart$i"
done
echo 'int main(void) { return 0; }' >main.c
# shellcheck disable=SC2086
gcc -g -Wl,--build-id -o main main.c -Llib -Wl,--no-as-needed $LINK "-Wl,-rpath,$PWD/lib"
part main
server far --root share --hold "$HOLD"
debug() { # LIBRARIES
	rm -rf home && mkdir home
	HOME=$PWD/home DEBUGINFOD_URLS=$FAR LD_LIBRARY_PATH=$1 gdb -q -nx -batch -ex 'set debuginfod enabled on' -ex start ./main
}
FAR=$URL
for _ in $(seq "$ROUNDS"); do
	milliseconds theirs debug ""
	milliseconds ours debug "$BUILD/libdebuginfod"
done
printf '| gdb, %s libraries, %s s each | seconds, median of %s | spread |\n|---|---|---|\n' "$COUNT" "$HOLD" "$ROUNDS"
row "elfutils' library" theirs
row "ours" ours
echo "$(middle theirs) $(middle ours)" | awk '{ printf "\nelfutils'"'"' takes %.1f times as long.\n\n", $1 / $2 }'

gcc -g -Wl,--build-id -o one main.c
ID=$(readelf -n one | sed -n 's/.*Build ID: //p')
server good --any one "$ID" --hold 0.02; GOOD=$URL
server silent --silent; SILENT=$URL
server ten --any one "$ID" --per-second 10 --retry-after 1; TEN=$URL
mapfile -t IDS < <(for i in $(seq 300); do printf '%08x%s\n' "$i" "${ID:8}"; done)
fetch() { rm -rf cache; "$BUILD/pkgnote" fetch -q --cache=cache "$@" debuginfo "${IDS[@]}"; [ "$(wc -l <out)" = 300 ]; }
for _ in $(seq "$ROUNDS"); do
	milliseconds alone fetch --server="$GOOD"
	milliseconds mixed fetch --server="$SILENT" --server=http://127.0.0.1:1 --server="$TEN" --server="$GOOD"
done
printf '| 300 debug files | seconds, median of %s | spread |\n|---|---|---|\n' "$ROUNDS"
row "one good server" alone
row "and a silent, a dead and a slow one" mixed
