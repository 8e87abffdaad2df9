#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# distcheck.sh TARBALL VERSION: what a packager does with a release, and that nothing is left of it afterwards.
# DISTCHECK_SCRIPTS: those tests of the command in place of all.
set -euo pipefail
unset BUILD MAKEFLAGS MAKELEVEL MFLAGS
tarball=$(realpath "$1") version=$2
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
say() { printf -- '-- %s\n' "$*"; }

tar -xf "$tarball" -C "$dir"
cd "$dir/pkgnote-$version"
say "build, where the sources cannot be written"
mkdir "$dir/build"
chmod -R a-w .
make -j"$(nproc)" BUILD="$dir/build" all "$dir/build/unit" >"$dir/log" 2>&1 || { tail -20 "$dir/log"; exit 1; }
say "unit tests, and those of the command"
scripts=()
# What the tree itself is like, and fuzzers, are the checkout's to test.
for script in tests/cli/*.sh; do case $script in */tree.sh | */fuzz.sh) ;; *) scripts+=("$script") ;; esac; done
[ -z "${DISTCHECK_SCRIPTS:-}" ] || read -ra scripts <<<"$DISTCHECK_SCRIPTS"
BUILD=$dir/build SANITIZED='' bash tests/run "${scripts[@]}" >"$dir/out" 2>&1 || { grep -A20 '^FAIL' "$dir/out" || tail -20 "$dir/out"; exit 1; }
grep '^SKIP' "$dir/out" || true
tail -1 "$dir/out"
say "install and uninstall"
make BUILD="$dir/build" DESTDIR="$dir/root" PREFIX=/usr install >"$dir/log" 2>&1 || { tail -20 "$dir/log"; exit 1; }
"$dir/root/usr/bin/pkgnote" --version | grep -qF "$version"
make BUILD="$dir/build" DESTDIR="$dir/root" PREFIX=/usr uninstall >"$dir/log" 2>&1 || { tail -20 "$dir/log"; exit 1; }
left=$(find "$dir/root" -mindepth 1)
[ -z "$left" ] || { printf 'uninstall left:\n%s\n' "$left"; exit 1; }
say "$(basename "$tarball") holds"
