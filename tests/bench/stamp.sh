#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Stamping the machine's programs and libraries, beside cp of the same files: the aim is twice cp at most.
# Both begin from a fresh copy in the page cache and take turns; the medians of ROUNDS count.
set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
ROUNDS=${ROUNDS:-3}
LIMIT_MB=${LIMIT_MB:-700}
work=$(mktemp -d "${TMPDIR:-/tmp}/pkgnote-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

mkdir "$work/from"
number=0 bytes=0
while read -r size file; do
	[ "$(head -c 4 "$file" | tail -c 3)" = ELF ] || continue
	[ $((bytes + size)) -le $((LIMIT_MB << 20)) ] || continue
	number=$((number + 1)) bytes=$((bytes + size))
	cp "$file" "$work/from/$number"
done < <(find /usr/bin /usr/sbin /usr/lib/x86_64-linux-gnu /usr/lib/*-linux-gnu -maxdepth 1 -type f -size +0 \
	\( -perm /111 -o -name '*.so*' \) -printf '%s %p\n' 2>/dev/null | sort -u)

seconds() { local start; start=$(date +%s%N); "$@" >/dev/null 2>&1 || true; echo $((($(date +%s%N) - start) / 1000000)); }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
for ((round = 0; round < ROUNDS; round++)); do
	rm -rf "$work/cp" "$work/stamp"
	cp -a "$work/from" "$work/stamp"
	seconds cp -a "$work/from" "$work/cp" >>"$work/cp.ms"
	seconds "$BUILD/pkgnote" stamp -q -k type=bench -k name=bench "$work/stamp" >>"$work/stamp.ms"
done
cp=$(median <"$work/cp.ms") stamp=$(median <"$work/stamp.ms")
echo "| $number files, $((bytes >> 20)) MB | ms |"
echo "|---|---|"
echo "| cp -a | $cp |"
echo "| pkgnote stamp | $stamp |"
awk -v a="$stamp" -v b="$cp" 'BEGIN { printf "\nstamp / cp: %.2f (aim: 2 at most)\n", a / b; exit a > 2 * b }'
