#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# All ELF files of this system: their notes as JSON, by pkgnote show and its peers, with the floor: a
# program that opens each file, reads its first 4 KiB and closes it. Then a core of 10 GB, sparse, and a
# tree of 100,000 files that are not ELF. Medians of warm runs; the memory is the peak's.
set -eu
export LC_ALL=C
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
PKGNOTE=${PKGNOTE:-$BUILD/pkgnote}
RUNS=${RUNS:-15}
work=$(mktemp -d "${TMPDIR:-/tmp}/pkgnote-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
command -v hyperfine >/dev/null || { echo "no hyperfine on this machine" >&2; exit 1; }
[ -x /usr/bin/time ] || { echo "no /usr/bin/time on this machine" >&2; exit 1; }
${CC:-gcc} -O2 -o "$work/floor" "$TOP/tests/bench/floor_read.c"

find /bin/ /sbin/ /lib*/ /usr /opt -xdev -type f ! -name '*
*' 2>/dev/null | perl -ne 'chomp; open(my $f, "<", $_) or next; next unless read($f, $m, 18) == 18 && substr($m, 0, 4) eq "\x7fELF";
	$t = unpack(ord(substr($m, 5, 1)) == 2 ? "n" : "v", substr($m, 16, 2)); print "$_\n" if $t == 2 || $t == 3' |
	grep -v "['\" ]" | awk '{ real = $0; sub("^/(bin|sbin|lib[^/]*)/", "/usr&", real) } !seen[real]++' | head -5000 >"$work/names"
count=$(wc -l <"$work/names")

# run NAME COMMAND...: on all files, as one process; hyperfine has no room for so long a line.
run() {
	printf '#!/bin/sh\nexec %s $(cat %s) >/dev/null 2>&1\n' "$2" "$work/names" >"$work/$1"
	chmod +x "$work/$1"
}
run pkgnote "$PKGNOTE show --json"
run pkgnote1 "$PKGNOTE show --json -j1"
run readelf "readelf -n"
run floor.sh "$work/floor"
commands=("$work/floor.sh" "$work/pkgnote" "$work/pkgnote1" "$work/readelf")
names=("floor: open, read 4 KiB, close" "pkgnote show --json" "pkgnote show --json -j1" "readelf -n")
if command -v eu-readelf >/dev/null; then
	run eu-readelf "eu-readelf -n"
	commands+=("$work/eu-readelf") names+=("eu-readelf -n")
fi
# The shell that starts them is measured too, and taken off.
printf '#!/bin/sh\nexec true $(cat %s) >/dev/null 2>&1\n' "$work/names" >"$work/nothing"
chmod +x "$work/nothing"
hyperfine -N -i -w 2 -r "$RUNS" --export-csv "$work/times" "$work/nothing" "${commands[@]}" >/dev/null 2>&1
median() { awk -F, -v row="$1" 'NR == row + 1 { printf "%.1f", $6 * 1000 }' "$work/times"; }
peak() { /usr/bin/time -f %M "$@" 2>&1 >/dev/null | tail -1; }
nothing=$(median 1)
echo "$count executables and libraries, $(nproc) CPUs, medians of $RUNS runs:"
echo
echo "| | ms | times the floor | peak memory, MB |"
echo "|---|---|---|---|"
floor=$(awk -v a="$(median 2)" -v b="$nothing" 'BEGIN { print a - b }')
for i in "${!commands[@]}"; do
	awk -v name="${names[i]}" -v ms="$(median $((i + 2)))" -v nothing="$nothing" -v floor="$floor" -v kb="$(peak "${commands[i]}")" \
		'BEGIN { ms -= nothing; printf "| %s | %.1f | %.1f | %.1f |\n", name, ms, ms / floor, kb / 1024 }'
done

echo
echo "| | ms | peak memory, MB |"
echo "|---|---|---|"
row() {
	local name=$1
	shift
	hyperfine -N -i -w 1 -r 7 --export-csv "$work/times" "$*" >/dev/null 2>&1
	awk -v name="$name" -v ms="$(median 1)" -v kb="$(peak "$@")" 'BEGIN { printf "| %s | %.1f | %.1f |\n", name, ms, kb / 1024 }'
}
echo 'int main(void) { __builtin_trap(); }' >"$work/it.c"
${CC:-gcc} -o "$work/it" "$work/it.c"
if (cd "$work" && command -v gdb >/dev/null && gdb -q -batch -ex 'break main' -ex run -ex 'generate-core-file core' ./it >/dev/null 2>&1 && [ -f core ]); then
	truncate -s 10G "$work/core"
	row "a core of 10 GB (sparse)" "$PKGNOTE" show --json "$work/core"
fi
mkdir "$work/tree"
(cd "$work/tree" && for d in $(seq 100); do mkdir "$d"; for f in $(seq 1000); do echo "$f" >"$d/$f"; done; done)
row "a tree of 100,000 text files" "$PKGNOTE" show --json "$work/tree"
row "the same: find -type f" find "$work/tree" -type f -name 'none'
