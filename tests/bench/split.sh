#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote split beside its peers and the floor, on two trees that are built once from Debian's source packages: (a)
# coreutils as Debian builds it, (b) git (C) and cppcheck (C++), 200 MB of unstripped ELF; with LONG=1, (c) Debian's kernel
# with its 4,000 modules, 5.7 GB, and (d) its vmlinux alone, with one job and more. Each run works on a fresh copy, in an
# order that goes round; medians of RUNS, with the fastest and the slowest. The floor is a program that does to the files what
# a split did (each ELF file read once and written as two, each source copied, each link made), and nothing else. Peak memory is
# held against jobs x (largest file x 2) + 50 MB: more than that is a failure.
#
# The copies lie in memory (/dev/shm) where there is room, else in TMPDIR; DIR= says otherwise. Nothing is deleted until the
# end: ext4 searches past each inode that was freed in the last minutes, and a bench that removes trees
# between runs measures that search (a coreutils split then takes three times as long).
cd "$(dirname "$0")/../.." || exit 1
TOP=$PWD BUILD=${BUILD:-build} RUNS=${RUNS:-5} JOBS=${JOBS:-2} TREES=${TREES:-coreutils real${LONG:+ kernel vmlinux}} ROWS=${ROWS:-*}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
KEEP=$BUILD/bench/split
mkdir -p "$KEEP"
skip() { echo "skipped: $*"; exit 77; }
need() { local c; for c in "$@"; do command -v "$c" >/dev/null || skip "no $c on this machine"; done; }
(need find-debuginfo debugedit dh_strip cpio file python3 "${CC:-gcc}") || exit 0
. tests/debsrc.sh
. tests/trees.sh
"${CC:-gcc}" -O2 -pthread -o "$KEEP/floor" tests/bench/floor_split.c -ldeflate || exit 1

# tree NAME: sets TREE_ROOT and TREE_SOURCE. The real projects are two, in one tree.
tree() {
	case $1 in coreutils | kernel) real_tree "$1"; return ;; esac
	if [ "$1" = vmlinux ]; then
		(real_tree kernel) && real_tree kernel || return
		[ -d "$KEEP/vmlinux" ] || { mkdir "$KEEP/vmlinux" && cp -al "$TREE_ROOT/boot" "$KEEP/vmlinux/"; }
		TREE_ROOT=$KEEP/vmlinux
		return
	fi
	(real_tree git) && (real_tree cppcheck) || return
	TREE_ROOT=$KEEP/real TREE_SOURCE=$BUILD/trees
	[ -d "$TREE_ROOT" ] && return
	rm -rf "$TREE_ROOT.new" && mkdir "$TREE_ROOT.new"
	cp -a "$BUILD/trees/git/tree/." "$BUILD/trees/cppcheck/tree/." "$TREE_ROOT.new" && mv "$TREE_ROOT.new" "$TREE_ROOT"
}

# Room for a copy, for what is made of it, and for the work: in memory, where one run is cleaned up before the next.
room() {
	local size free
	size=$(du -sm "$TREE_ROOT" | cut -f1)
	free=$(df -m --output=avail "$1" 2>/dev/null | tail -1)
	if [ "$size" -lt 2000 ]; then [ "$free" -gt $((size * 8 + 2000)) ]; return; fi
	# Of a large one there are three copies at a time: the first, what a split made of it, and the run's.
	[ "$free" -gt $((size * 3 + 2000)) ] && [ "$(awk '/MemAvailable/ { printf "%d", $2 / 1e3 }' /proc/meminfo)" -gt $((size * 3 + 2000)) ]
}

# timed COMMAND...: seconds, the peak memory in MB of the largest of its processes, seconds of CPU (which a busy
# machine stretches less).
timed() { python3 - "$@" <<'P'
import os, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=open(os.environ["WORK"] + "/err", "w"))
took = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%.3f %.1f %.3f" % (took, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime) if code == 0 else "failed 0 0")
P
}

ours() { # LAYOUT ROOT [OPTION...]
	timed "$BUILD/pkgnote" split -q -j"$JOBS" --layout="$1" --name=n --package-version=1 --release=1 --arch=x86_64 \
		--build-dir="$TREE_SOURCE" "${@:3}" "$2"
}
theirs() { # ROOT [OPTION...]
	RPM_BUILD_ROOT=$1 RPM_BUILD_DIR=$(dirname "$TREE_SOURCE") RPM_PACKAGE_NAME=n RPM_PACKAGE_VERSION=1 RPM_PACKAGE_RELEASE=1 RPM_ARCH=x86_64 \
		timed find-debuginfo -j"$JOBS" --build-id-seed 1-1 --unique-debug-suffix -1-1.x86_64 --unique-debug-src-base n-1-1.x86_64 \
		-S "$WORK/debugsourcefiles.list" -o "$WORK/debugfiles.list" "${@:2}" "$TREE_SOURCE"
}
debian() { (cd "$1" && DH_COMPAT=13 timed dh_strip -pnn); }
floor() { timed sh -c '"$1" "$2" <"$3"' sh "$KEEP/floor" "$JOBS" "$1.list"; }

# The rows: what is run, and the row of ours that it is measured against.
rows_of() {
	case $1 in
	kernel) echo floor split manifest find-debuginfo ;; # dh_strip leaves modules alone
	vmlinux) echo floor split split-1 zlib zlib-1 find-debuginfo ;;
	*) echo floor split manifest find-debuginfo split-m find-debuginfo-m split-deb dh_strip ;;
	esac
}
declare -A title=(
	[floor]="the floor: files read, CRC-32 twice, two halves written; sources copied, links made"
	[split]="pkgnote split"
	[manifest]="pkgnote split --manifest (SHA-256 of all)"
	[find-debuginfo]="find-debuginfo, seed, unique names and sources"
	[split-m]="pkgnote split --minidebuginfo"
	[find-debuginfo-m]="find-debuginfo -m"
	[split-deb]="pkgnote split --layout=deb --compress=zlib"
	[split-1]="pkgnote split -j1"
	[zlib]="pkgnote split --compress=zlib"
	[zlib-1]="pkgnote split -j1 --compress=zlib"
	[dh_strip]="dh_strip"
)
declare -A against=([floor]=split [find-debuginfo]=split [find-debuginfo-m]=split-m [dh_strip]=split-deb [split-1]=split [zlib-1]=zlib)
declare -A wanted_coreutils=([floor]="at least 0.83" [find-debuginfo]=25 [find-debuginfo-m]=15 [dh_strip]=20)
declare -A wanted_real=([floor]="at least 0.67" [find-debuginfo]=15 [find-debuginfo-m]=10 [dh_strip]=20)
declare -A wanted_kernel=([floor]="at least 0.67" [find-debuginfo]=15)
declare -A wanted_vmlinux=([floor]="at least 0.67" [split-1]=1.7 [zlib-1]=1.7)

# prepare ROW ROOT: what a run needs beside its copy, outside of its time.
prepare() {
	case $1 in
	floor) python3 tests/bench/floor_list.py "$TREE_ROOT" "$WORK/after" "$2" >"$2.list" ;;
	dh_strip)
		mv "$2" "$2.nn" && mkdir -p "$2/debian" && mv "$2.nn" "$2/debian/nn"
		printf 'Source: nn\nMaintainer: x <x@example.org>\n\nPackage: nn\nArchitecture: any\nDescription: x\n' >"$2/debian/control"
		printf 'nn (1-1) unstable; urgency=low\n\n  * x\n\n -- x <x@example.org>  Thu, 01 Jan 2020 00:00:00 +0000\n' >"$2/debian/changelog"
		;;
	esac
}
run_row() { # ROW ROOT
	case $1 in
	floor) floor "$2" ;;
	split) ours rpm "$2" ;;
	manifest) ours rpm "$2" --manifest="$WORK/m.json" ;;
	find-debuginfo) theirs "$2" ;;
	split-m) ours rpm "$2" --minidebuginfo ;;
	find-debuginfo-m) theirs "$2" -m ;;
	split-deb) ours deb "$2" --compress=zlib ;;
	split-1) JOBS=1 ours rpm "$2" ;;
	zlib) ours rpm "$2" --compress=zlib ;;
	zlib-1) JOBS=1 ours rpm "$2" --compress=zlib ;;
	dh_strip) debian "$2" ;;
	esac
}

# report TREE: the table; the memory of our rows against the limit.
report() { python3 - "$1" "$JOBS" "$largest" "$WORK" <<'P'
import os, sys
tree, jobs, largest, work = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) / 1e6, sys.argv[4]
limit = jobs * largest * 2 + 50
median = lambda v: sorted(v)[len(v) // 2]
rows = [line.rstrip("\n").split("\t") for line in open(work + "/rows")]
runs = {}
for row, *_ in rows:
    lines = [l.split() for l in open("%s/%s.runs" % (work, row))] if os.path.exists("%s/%s.runs" % (work, row)) else []
    runs[row] = [tuple(map(float, l)) for l in lines if l[0] != "failed"]
print("| | median s | fastest - slowest | CPU s | peak MB | ours is faster by | in CPU | wanted |\n|---|---|---|---|---|---|---|---|")
bad = 0
for row, title, against, wanted in rows:
    if not runs[row]:
        print("| %s | failed | | | | | | |" % title)
        continue
    seconds, memories, cpu = zip(*runs[row])
    memory = max(memories)
    ratios = ["", ""]
    if against and runs.get(against):
        ratios = ["%.2f" % (median([r[i] for r in runs[row]]) / median([r[i] for r in runs[against]])) for i in (0, 2)]
    print("| %s | %.3f | %.3f - %.3f | %.3f | %.0f | %s | %s | %s |" % (title, median(seconds), min(seconds), max(seconds), median(cpu), memory, *ratios, wanted))
    if title.startswith("pkgnote") and memory > limit:
        print("FAILED: %.1f MB is more than jobs x (largest x 2) + 50 MB = %.1f MB" % (memory, limit))
        bad = 1
print("\nThe limit of memory: %d jobs x (%.1f MB x 2) + 50 MB = %.1f MB." % (jobs, largest, limit))
sys.exit(bad)
P
}

status=0
for name in $TREES; do
	(tree "$name") || { echo "$name: skipped"; continue; }
	tree "$name"
	base=${DIR:-/dev/shm}
	[ -n "${DIR:-}" ] || room "$base" || base=${TMPDIR:-/tmp}
	WORK=$(mktemp -d "$base/pkgnote-bench.XXXXXX")
	export WORK
	trap 'rm -rf "$WORK"' EXIT
	cp -a "$TREE_ROOT" "$WORK/after" && ours rpm "$WORK/after" >/dev/null
	prepare floor "$TREE_ROOT" && tr '\0' '\n' <"$TREE_ROOT.list" | sed -n 's/^e//p' | tr '\n' '\0' >"$WORK/elf"
	rm "$TREE_ROOT.list"
	largest=$(tr '\n' '\0' <"$WORK/elf" | xargs -0 stat -c %s | sort -n | tail -1)
	# A kernel runs fewer times: it is long, and far from its peer.
	runs=$RUNS
	[ "$name" != kernel ] || [ "$runs" -le 3 ] || runs=3
	printf '\n%s: %s ELF files, %s MB, in %s, %s jobs, %s runs\n\n' "$name" "$(tr -cd '\0' <"$WORK/elf" | wc -c)" \
		"$(xargs -0 stat -c %s <"$WORK/elf" | awk '{ s += $1 } END { printf "%.0f", s / 1e6 }')" "$base" "$JOBS" "$runs"
	declare -n wanted=wanted_$name
	for row in $(rows_of "$name"); do
		# shellcheck disable=SC2053
		[[ $row == $ROWS ]] || continue
		printf '%s\t%s\t%s\t%s\n' "$row" "${title[$row]}" "${against[$row]:-}" "${wanted[$row]:-}" >>"$WORK/rows"
	done
	# The two longest rows of the peers run fewer times, too.
	for ((run = 1; run <= runs; run++)); do
		while IFS=$'\t' read -r row _; do
			case $row in find-debuginfo-m | dh_strip) [ $run -le 3 ] || continue ;; esac
			cp -a "$TREE_ROOT" "$WORK/$row.$run"
			prepare "$row" "$WORK/$row.$run"
			[ "$base" = /dev/shm ] || sync
			run_row "$row" "$WORK/$row.$run" </dev/null >>"$WORK/$row.runs"
			# In memory, freeing costs nobody anything later; elsewhere no disk has room for all copies of a kernel.
			[ "$base" != /dev/shm ] && [ "$name" != kernel ] || rm -rf "${WORK:?}/$row.$run"
		done <"$WORK/rows"
	done
	report "$name" || status=1
	rm -rf "$WORK"
done
exit $status
