#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# rpmbuild's debuginfo step (%__debug_install_post) with our macros, notes included, beside the same step with
# rpm's own and find-debuginfo: coreutils as Debian builds it, one spec for both. Medians of RUNS, in turns.
cd "$(dirname "$0")/../.." || exit 1
TOP=$PWD BUILD=${BUILD:-build} RUNS=${RUNS:-5}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
skip() { echo "skipped: $*"; exit 0; }
need() { local c; for c in "$@"; do command -v "$c" >/dev/null || skip "no $c on this machine"; done; }
need rpmbuild find-debuginfo debugedit eu-strip cpio file python3 make
. tests/debsrc.sh
. tests/trees.sh
. tests/rpm.sh
# In memory where that can be: the step is compared, not the disk.
[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || TMPDIR=/dev/shm
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pkgnote-bench.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
real_tree coreutils || exit 1
TREE_ROOT=$(realpath "$TREE_ROOT") TREE_SOURCE=$(realpath "$TREE_SOURCE")
rpm_ready || exit 1

# tick: the clock, and the CPU time of what the shell that runs %install's script has waited for.
cat >tick <<'SH'
#!/bin/sh
echo "$(date +%s%N) $(awk '{ print $16 + $17 }' "/proc/$PPID/stat")" >>"$TICKS"
SH
chmod +x tick
cat >coreutils.spec <<SPEC
Name: coreutils
Version: 9.1
Release: 1
Summary: x
License: x
%define _builddir $(dirname "$TREE_SOURCE")
%define buildsubdir $(basename "$TREE_SOURCE")
%define _debugsource_packages 1
%define __spec_install_post \\
    $WORK/tick\\
    %{__debug_install_post}\\
    $WORK/tick\\
    exit 1
%description
x
%debug_package
%install
cp -a $TREE_ROOT/. %{buildroot}/
%files
/
SPEC

# step WHO [OPTION...]: seconds and CPU seconds of one run's step. The build ends there: nothing is packed, the sources stay.
step() {
	local config=()
	[ "$1" = standard ] || config=(RPM_CONFIGDIR="$WORK/rpm")
	shift
	rm -rf top ticks
	mkdir top
	env "${config[@]}" TICKS="$WORK/ticks" HOME="$WORK" rpmbuild -bi --define "_topdir $WORK/top" --define "_dbpath $WORK/db" \
		--define "_tmppath $WORK/top" "$@" coreutils.spec >log 2>&1
	[ -f ticks ] && [ "$(wc -l <ticks)" = 2 ] || { tail -20 log >&2; return 1; }
	awk 'NR == 1 { clock = $1; cpu = $2 } END { print ($1 - clock) / 1e9, ($2 - cpu) / 100 }' ticks
}
# compare TITLE OPTION...: both, in turns.
compare() {
	local title=$1 i; shift
	: >ours; : >standard
	for ((i = 0; i < RUNS; i++)); do
		step standard "$@" >>standard || exit 1
		step ours "$@" >>ours || exit 1
	done
	python3 - "$title" <<'P'
import statistics, sys
def column(name, i):
    values = sorted(float(line.split()[i]) for line in open(name))
    return statistics.median(values), values[0], values[-1]
rows = {who: [column(who, i) for i in (0, 1)] for who in ("standard", "ours")}
base = rows["standard"]
for who, (wall, cpu) in rows.items():
    print("| %s, %s | %.2f (%.2f-%.2f) | %.2f | %.3f | %.3f |" % (sys.argv[1], {"standard": "find-debuginfo", "ours": "our macros"}[who],
          *wall, cpu[0], wall[0] / base[0][0], cpu[0] / base[1][0]))
P
}
echo "coreutils, $(find "$TREE_ROOT" -type f | wc -l) files; -j$(rpm --eval '%{_smp_build_ncpus}'), $RUNS runs in ${TMPDIR:-/tmp}. Wanted: a tenth."
echo
echo '| debuginfo step of rpmbuild | seconds (spread) | CPU seconds | of the peer, time | of the peer, CPU |'
echo '|---|---|---|---|---|'
compare "as rpm has it"
compare "_include_minidebuginfo" --define '_include_minidebuginfo 1'
