#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Stamping the machine's programs and libraries, beside cp of the same files on the same file system: the aim
# is twice cp at most. Both begin with the files in the page cache and nothing left to write, and take turns at
# being first; cp makes a new tree, stamp replaces each file of a copy. Ratios are of each round, their
# median counts. FLOOR is what no stamping that replaces files whole can do without: cp, and removing the
# old files.
set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
ROUNDS=${ROUNDS:-5}
LIMIT_MB=${LIMIT_MB:-700}
work=$(mktemp -d "${TMPDIR:-/tmp}/pkgnote-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

mkdir "$work/from"
number=0 bytes=0
while read -r size file; do
	[ "$(head -c 4 "$file" | tail -c 3 | tr -d '\0')" = ELF ] || continue
	[ $((bytes + size)) -le $((LIMIT_MB << 20)) ] || continue
	number=$((number + 1)) bytes=$((bytes + size))
	cp "$file" "$work/from/$number"
done < <(find /usr/bin /usr/sbin /usr/lib /usr/libexec -xdev -type f -size +0 \( -perm /111 -o -name '*.so*' \) \
	! -name '*.ko' ! -name '*.o' -printf '%s %p\n' 2>/dev/null | sort -t ' ' -k 2 -u)

# timed NAME COMMAND...: a line "NAME wall user system" in seconds.
TIMEFORMAT='%R %U %S'
timed() { local name=$1; shift; sync; { time "$@" >/dev/null 2>&1 || true; } 2>&1 | sed "s/^/$name /" >>"$work/times"; }
run_cp() { timed cp cp -a "$work/from" "$work/cp"; }
run_stamp() { timed stamp "$BUILD/pkgnote" stamp -q -k type=bench -k name=bench "$work/stamp"; }
run_one() { timed stamp-j1 "$BUILD/pkgnote" stamp -q -j1 -k type=bench -k name=bench "$work/one"; }
run_floor() { timed floor sh -c 'cp -a "$1" "$2" && rm -rf "$3"' sh "$work/from" "$work/floor" "$work/old"; }
order=(cp stamp one floor)
for ((round = 0; round < ROUNDS; round++)); do
	rm -rf "$work/cp" "$work/stamp" "$work/one" "$work/floor" "$work/old"
	for copy in stamp one old; do cp -a "$work/from" "$work/$copy"; done
	for ((turn = 0; turn < 4; turn++)); do "run_${order[(turn + round) % 4]}"; done
done
awk -v files=$number -v megabytes=$((bytes >> 20)) '
	function median(list, count,   i, j, t) {
		for (i = 1; i <= count; i++) for (j = i + 1; j <= count; j++) if (list[j] < list[i]) { t = list[i]; list[i] = list[j]; list[j] = t }
		return list[int((count + 1) / 2)]
	}
	{ n[$1]++; wall[$1, n[$1]] = $2; cpu[$1, n[$1]] = $3 + $4 }
	END {
		printf "| %d files, %d MB | wall ms, median (least..most) | CPU ms | wall / cp, median (least..most) |\n|---|---|---|---|\n", files, megabytes
		split("cp floor stamp-j1 stamp", names, " ")
		for (k = 1; k <= 4; k++) {
			name = names[k]
			for (i = 1; i <= n[name]; i++) { w[i] = wall[name, i]; c[i] = cpu[name, i]; r[i] = w[i] / wall["cp", i] }
			mw = median(w, n[name]); mc = median(c, n[name]); mr = median(r, n[name])
			printf "| %s | %d (%d..%d) | %d | %.2f (%.2f..%.2f) |\n", name, mw * 1000, w[1] * 1000, w[n[name]] * 1000, mc * 1000, mr, r[1], r[n[name]]
		}
		printf "\nstamp / cp: %.2f (aim: 2 at most)\n", mr
		exit mr > 2
	}' "$work/times"
