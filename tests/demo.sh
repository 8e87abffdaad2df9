#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make demo: the whole pipeline on a package that is always at hand, pkgnote's own installation. No server,
# no network. Every step says what it does and what came out; the first that does not hold ends it.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/pkgnote-demo.XXXXXX")
trap 'status=$?; rm -rf "$work"; [ $status = 0 ] || echo "demo: that step did not hold (exit $status)" >&2; exit $status' EXIT
version=$("$BUILD/pkgnote" --version | cut -d' ' -f2) arch=$(uname -m)
pkgnote=$BUILD/pkgnote root=$work/root share=$work/share
unset DEBUGINFOD_URLS
# The files that the demo makes are the user's own, not a run's of another user.
export DEBUGINFOD_CACHE_PATH=$work/cache XDG_CACHE_HOME=$work/xdg

step=0
say() { step=$((step + 1)); printf '\n== %d. %s\n' "$step" "$*"; }
run() { printf '$ %s\n' "$(printf '%s ' "$@" | sed -e "s|$work/||g" -e "s|$BUILD/||g")"; "$@"; }
expect() { printf '   %s: ' "$1"; shift; if "$@" >"$work/expect" 2>&1; then echo yes; else echo NO; cat "$work/expect"; return 1; fi; }

say "A package: 'make install' of pkgnote itself, with debug information, into a staging tree"
make --no-print-directory install BUILD="$BUILD" DESTDIR="$root" PREFIX=/usr >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
(cd "$root" && find . -type f -name '*pkgnote' -o -type f -name '*.so*' | sort | xargs ls -l | awk '{ print "   " $5, $9 }')

say "Stamp: each ELF file gets the package note, in page one"
run "$pkgnote" stamp --from os-release -k type=rpm -k name=pkgnote -k version="$version-1" -k architecture="$arch" \
	-k debugInfoUrl="file://$share" "$root"
run "$pkgnote" show "$root"
expect "binutils' readelf reads the note" sh -c "readelf -n '$root/usr/bin/pkgnote' | grep -q '\"name\":\"pkgnote\"'"

say "Split: debug files, build-ids, links and sources that any number of versions can share"
run "$pkgnote" split --layout=rpm --name=pkgnote --package-version="$version" --release=1 --arch="$arch" \
	--build-dir="$PWD" --manifest="$work/manifest.json" "$root"
expect "the program is stripped" sh -c "! readelf -SW '$root/usr/bin/pkgnote' | grep -q '\\.debug_info'"
expect "its debug file is there" test -f "$root/usr/lib/debug/usr/bin/pkgnote-$version-1.$arch.debug"
expect "its sources are there" test -f "$root/usr/src/debug/pkgnote-$version-1.$arch/tools/pkgnote.c"
expect "the program still runs" "$root/usr/bin/pkgnote" --version

say "Publish: into a share that debuggers and debuginfod clients read as it is"
run "$pkgnote" publish --into="$share" --manifest="$work/manifest.json" "$root"

say "Verify: every shipped ELF file against that share"
run "$pkgnote" verify --server="file://$share" "$root"

say "Crash: the stamped program dumps core, and the core alone tells the package"
# The kernel's own core where it may be written here; else gdb's, by the same rules (coredump_filter).
mkdir "$work/crash" "$work/crash/in"
mkfifo "$work/crash/stdin"
crash() { # leaves $work/crash/core
	cd "$work/crash"
	ulimit -c unlimited 2>/dev/null || true
	"$root/usr/bin/pkgnote" stamp --payload - in <stdin >/dev/null 2>&1 &
	pid=$!
	exec 9>stdin
	sleep 0.3
	case $(cat /proc/sys/kernel/core_pattern) in
	core | core.%p)
		kill -SEGV $pid; wait $pid 2>/dev/null || true
		for core in core core.*; do [ ! -s "$core" ] || { mv "$core" it; break; }; done ;;
	esac
	if [ ! -s it ]; then
		echo "   (the kernel gives cores to a program here: gdb dumps this one, in the kernel's manner)"
		kill -0 $pid 2>/dev/null || { "$root/usr/bin/pkgnote" stamp --payload - in <stdin >/dev/null 2>&1 & pid=$!; sleep 0.3; }
		gdb -q -batch -iex 'set debuginfod enabled off' -ex 'set use-coredump-filter on' -ex 'set dump-excluded-mappings off' \
			-p $pid -ex 'generate-core-file it' >/dev/null 2>&1
		kill -KILL $pid; wait $pid 2>/dev/null || true
	fi
	exec 9>&-
	[ -s it ] && mv it core
}
(crash)
printf '$ pkgnote show crash/core\n'
(cd "$work" && "$pkgnote" show crash/core) >"$work/modules"
grep -E '^BUILD-ID|rpm pkgnote' "$work/modules"
echo "   (and $(($(wc -l <"$work/modules") - 2)) modules of the system's libraries)"
"$pkgnote" show --json "$work/crash/core" >"$work/core.json"
expect "the core names pkgnote-$version-1" grep -q "\"name\": *\"pkgnote\", *\"version\": *\"$version-1\"" "$work/core.json"

say "Debug: gdb, given only the share, shows a source line"
printf '$ DEBUGINFOD_URLS=file://share gdb root/usr/bin/pkgnote -ex "list main"\n'
DEBUGINFOD_URLS="file://$share" gdb -q -nx -batch -iex 'set debuginfod enabled on' -ex 'list main' "$root/usr/bin/pkgnote" >"$work/list" 2>&1 || true
grep -E '^[0-9]+' "$work/list" | head -12
expect "the line is there" grep -q 'int main(int argc, char \*\*argv)' "$work/list"

printf '\nEvery step held.\n'
