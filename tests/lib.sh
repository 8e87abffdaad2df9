# SPDX-License-Identifier: LGPL-2.1-or-later
# The test library. A test script is
#
#     . "$(dirname "$0")/../lib.sh"
#     stamps_a_program() { ...commands; any that fails fails the test... }
#     check "stamps a program in page one" stamps_a_program
#     finish
#
# Each test function runs in a subshell under "set -eu", in a fresh directory of its own ($PWD,
# removed when it passes). PKGNOTE is the command under test, TOP the checkout, BUILD its build.
# `skip REASON` in a test counts it as skipped, and says so loudly.
set -u
export LC_ALL=C
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
PKGNOTE=${PKGNOTE:-$BUILD/pkgnote}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pkgnote-test.XXXXXX")
SCRIPT=$(basename "$0" .sh)
export TOP BUILD PKGNOTE WORK
# For gcc's command line beside --package-metadata: what has GNU ld 2.44 and later lay the note in page one, as those before it do.
PAGE_ONE=-Wl,-T,$TOP/tools/flags/page-one.ld
unset DEBUGINFOD_URLS DEBUGINFOD_CACHE_PATH RPM_PACKAGE_NAME RPM_PACKAGE_VERSION RPM_PACKAGE_RELEASE RPM_ARCH DEB_HOST_ARCH
export DEBUGINFOD_URLS= XDG_CACHE_HOME="$WORK/cache"
passed=0 failed=0 skipped=0
trap 'rm -rf "$WORK"' EXIT

skip() { echo "SKIP: $*" >&2; exit 77; }
fail() { echo "FAILED: $*" >&2; exit 1; }

# need COMMAND...: skips the test where a command is not there.
need() { local c; for c in "$@"; do command -v "$c" >/dev/null || skip "no $c on this machine"; done; }

# status N COMMAND...: COMMAND must exit with N; its output goes to ./out and ./err.
status() {
	local want=$1 got=0; shift
	"$@" >out 2>err || got=$?
	[ "$got" = "$want" ] && return 0
	echo "exit status $got instead of $want: $*" >&2
	head -c 4000 out err >&2
	return 1
}

# says FILE PATTERN: an extended regular expression must match a line of FILE. says_not: none.
says() { grep -Eq -- "$2" "$1" || { echo "$1 does not say: $2" >&2; head -c 4000 "$1" >&2; return 1; }; }
says_not() { ! grep -En -- "$2" "$1" >&2 || { echo "^ $1 says: $2" >&2; return 1; }; }

# same A B: equal strings.
# Of long texts the lines that differ.
same() {
	[ "$1" != "$2" ] || return 0
	echo 'not the same:' >&2
	if [ "$(wc -l <<<"$1$2")" -gt 12 ]; then diff <(echo "$1") <(echo "$2") >&2; else printf '  %s\n  %s\n' "$1" "$2" >&2; fi
	return 1
}

# interrupt PID: Ctrl-C ends it with 130, within 100 ms as promised, 150 with what the shell takes to be told; on a machine so busy
# that a process that does nothing takes over 15, within ten times that.
interrupt() {
	local start code took idle most=15 _
	start=$(date +%s%N); code=0
	kill -INT "$1"; wait "$1" || code=$?
	took=$((($(date +%s%N) - start) / 1000000))
	same "$code" 130
	for _ in 1 2 3; do
		env --default-signal=INT sleep 60 & sleep 0.05
		start=$(date +%s%N); kill -INT $!; wait $! || :
		idle=$((($(date +%s%N) - start) / 1000000)); [ $idle -le $most ] || most=$idle
	done
	[ "$took" -lt $((10 * most)) ] || fail "$took ms, where a sleep takes $most"
}

check() {
	local title=$1 code; shift
	if [ $# != 1 ]; then echo "check: wants a title and a function" >&2; exit 1; fi
	[ -z "${ONLY:-}" ] || [[ $1 == $ONLY ]] || return 0
	# A directory of its own, also where one function serves many rows of a table.
	local dir=$WORK/$1
	[ ! -e "$dir" ] || dir=$(mktemp -d "$WORK/$1.XXXXXX")
	mkdir -p "$dir"
	(cd "$dir" && set -eu && "$1") >"$dir.log" 2>&1
	code=$?
	case $code in
	0) passed=$((passed + 1)); echo "ok    $SCRIPT: $title"; rm -rf "${dir:?}" ;;
	77) skipped=$((skipped + 1)); echo "SKIP  $SCRIPT: $title: $(grep -a '^SKIP' "$dir.log" | tail -1)" ;;
	*) failed=$((failed + 1)); echo "FAIL  $SCRIPT: $title (exit $code)"; sed 's/^/      | /' "$dir.log" | tail -60 ;;
	esac
}

finish() {
	[ -z "${COUNTS:-}" ] || echo "$passed $failed $skipped" >>"$COUNTS"
	[ "$failed" = 0 ]
	exit
}
