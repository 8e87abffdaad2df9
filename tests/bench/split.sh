#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote split beside its peers and the floor, on fresh copies of two trees that are built here once:
# coreutils from Debian's source package, and programs of C++ templates, 200 MB of them. Medians of RUNS.
cd "$(dirname "$0")/../.." || exit 1
TOP=$PWD BUILD=${BUILD:-build} RUNS=${RUNS:-5} JOBS=${JOBS:-2} TREES=${TREES:-coreutils templates}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
KEEP=$BUILD/bench/split
mkdir -p "$KEEP"
skip() { echo "skipped: $*"; exit 0; }
need() { local c; for c in "$@"; do command -v "$c" >/dev/null || skip "no $c on this machine"; done; }
need find-debuginfo debugedit dh_strip cpio file python3 "${CC:-gcc}"
. tests/debsrc.sh
"${CC:-gcc}" -O2 -pthread -o "$KEEP/floor" tests/bench/floor_split.c -ldeflate || exit 1
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pkgnote-bench.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

# Each tree lies in $KEEP/NAME/tree, what it was built from in $KEEP/NAME/source.
if [[ $TREES == *coreutils* && ! -d $KEEP/coreutils/tree ]]; then
	mkdir -p "$KEEP/coreutils" && cd "$KEEP/coreutils" || exit 1
	rm -rf source coreutils-src
	(debsrc coreutils) || skip "no coreutils"
	mv coreutils-src source
	(cd source && FORCE_UNSAFE_CONFIGURE=1 DEB_BUILD_OPTIONS="nostrip nocheck noautodbgsym parallel=$JOBS" \
		dpkg-buildpackage -b -uc -us -d >../build.log 2>&1) || { tail -3 build.log; exit 1; }
	cp -a source/debian/coreutils tree && rm -rf tree/DEBIAN
	cd "$TOP" || exit 1
fi
if [[ $TREES == *templates* && ! -d $KEEP/templates/tree ]]; then
	mkdir -p "$KEEP/templates/source" "$KEEP/templates/new/usr/bin"
	cat >"$KEEP/templates/source/many.cc" <<-'C'
	#include <algorithm>
	#include <array>
	#include <filesystem>
	#include <future>
	#include <iostream>
	#include <map>
	#include <regex>
	#include <set>
	#include <unordered_map>
	template <int N> struct W {
		std::map<std::string, std::vector<std::array<int, N>>> m;
		std::unordered_map<int, std::set<std::string>> u;
		void go(const std::string &s)
		{
			m[s].push_back({});
			u[N].insert(s);
			std::regex r(s);
			auto f = std::async([&] { std::sort(m[s].begin(), m[s].end()); return u.size(); });
			std::cout << std::regex_match(s, r) << m.size() << f.get();
		}
	};
	template <int N> void all(const std::string &s) { W<N>().go(s); if constexpr (N > FROM) all<N - 1>(s); }
	int main(int, char **v) { all<FROM + 18>(v[0]); }
	C
	for ((i = 1; i <= 20; i++)); do
		echo "g++ -std=c++17 -g -O0 -DFROM=$((i * 20)) -o '$KEEP/templates/new/usr/bin/t$i' '$KEEP/templates/source/many.cc'"
	done | xargs -P "$JOBS" -I{} sh -c '{}' 2>"$KEEP/templates/build.log" || { head -5 "$KEEP/templates/build.log"; exit 1; }
	mv "$KEEP/templates/new" "$KEEP/templates/tree"
fi

# timed COMMAND...: seconds, and the peak memory in MB.
timed() { python3 - "$@" <<'P'
import os, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=open(os.environ["WORK"] + "/err", "w"))
took = time.monotonic() - start
print("%.3f %.0f" % (took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024) if code == 0 else "failed failed")
P
}
export WORK

ours() { timed "$BUILD/pkgnote" split -q -j"$JOBS" --layout="$1" --name=n --package-version=1 --release=1 --arch=x86_64 --build-dir="$KEEP/$tree/source" "${@:2}" "$WORK/root"; }
theirs() {
	RPM_BUILD_ROOT=$WORK/root RPM_BUILD_DIR=$KEEP/$tree RPM_PACKAGE_NAME=n RPM_PACKAGE_VERSION=1 RPM_PACKAGE_RELEASE=1 RPM_ARCH=x86_64 \
		timed find-debuginfo -j"$JOBS" --build-id-seed 1-1 --unique-debug-suffix -1-1.x86_64 --unique-debug-src-base n-1-1.x86_64 \
		-S debugsourcefiles.list "$@" "$KEEP/$tree/source"
}
debian() {
	mkdir -p "$WORK/deb/debian"
	printf 'Source: nn\nMaintainer: x <x@example.org>\n\nPackage: nn\nArchitecture: any\nDescription: x\n' >"$WORK/deb/debian/control"
	printf 'nn (1-1) unstable; urgency=low\n\n  * x\n\n -- x <x@example.org>  Thu, 01 Jan 2020 00:00:00 +0000\n' >"$WORK/deb/debian/changelog"
	mv "$WORK/root" "$WORK/deb/debian/nn"
	(cd "$WORK/deb" && DH_COMPAT=13 timed dh_strip -pnn)
}
floor() { find "$WORK/root" -type f -exec sh -c 'for f; do head -c4 "$f" | grep -q ELF && printf "%s\0" "$f"; done' sh {} + >"$WORK/list"; timed sh -c '"$1" "$2" <"$3"' sh "$KEEP/floor" "$JOBS" "$WORK/list"; }

# row TITLE COMMAND...: the median of RUNS, each on a fresh copy.
row() {
	local title=$1 i; shift
	for ((i = 0; i < RUNS; i++)); do
		rm -rf "$WORK/root" "$WORK/deb"
		cp -a "$KEEP/$tree/tree" "$WORK/root"
		"$@"
	done | sort -n | sed -n "$(((RUNS + 1) / 2))p" | { read -r seconds memory; printf '| %s | %s | %s |\n' "$title" "$seconds" "$memory"; }
}

for tree in $TREES; do
	printf '\n%s: %s in ELF files, %s jobs\n\n| | seconds | MB |\n|---|---|---|\n' "$tree" "$(du -sh "$KEEP/$tree/tree" | cut -f1)" "$JOBS"
	row "the floor" floor
	row "pkgnote split --layout=rpm" ours rpm
	row "the same, with --manifest" ours rpm --manifest="$WORK/m.json"
	row "find-debuginfo" theirs
	row "pkgnote split --minidebuginfo" ours rpm --minidebuginfo
	row "find-debuginfo -m" theirs -m
	row "pkgnote split --layout=deb --compress=zlib" ours deb --compress=zlib
	row "dh_strip" debian
done
