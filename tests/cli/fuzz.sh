# SPDX-License-Identifier: LGPL-2.1-or-later
# Each fuzzer of tests/fuzz, from seeds made here, for a fixed number of executions: RUNS, or a hundred
# times that with LONG=1 (make fuzz). The first finding fails; its input is printed in base64.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/fuzz/seeds.sh"
RUNS=${RUNS:-3000}
[ -z "${LONG:-}" ] || RUNS=$((RUNS * 100))
# A leak check a run costs more than the run; the sanitized tests look for leaks.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1

one() {
	local name=$FUZZER
	command -v clang >/dev/null || skip "no clang on this machine"
	[ -x "$BUILD/fuzz/$name" ] || fail "$BUILD/fuzz/$name was not built"
	seeds "$(kind_of "$name")" "$PWD/corpus"
	# What is taken counts, not what is asked for: libarchive asks for a buffer of the size that a cpio's name says it has, up to 4 GB,
	# and fills it with what there is.
	"$BUILD/fuzz/$name" -runs="$RUNS" -seed=1 -max_len=65536 -timeout=20 -rss_limit_mb=1500 -malloc_limit_mb=5000 -artifact_prefix=./found- corpus >log 2>&1 && return 0
	grep -aE 'ERROR|SUMMARY|runtime error|^    #[0-9] ' log | head -30 >&2
	for found in found-*; do [ ! -f "$found" ] || { ls -l "$found"; head -c 3000 "$found" | base64; } >&2; done
	return 1
}
for source in "$TOP"/tests/fuzz/fuzz_*.c; do
	[ -f "$source" ] || continue
	FUZZER=$(basename "$source" .c)
	check "$FUZZER, $RUNS executions" one
done
finish
