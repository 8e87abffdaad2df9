#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# distcheck.sh TARBALL VERSION: what a packager does with a release, and that nothing is left of it afterwards.
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
say "unit tests"
"$dir/build/unit" | tail -1
say "tests of the command"
for script in tests/cli/*.sh; do
	# What the tree itself is like, and fuzzers, are the checkout's to test.
	case $script in */tree.sh | */fuzz.sh) continue ;; esac
	BUILD=$dir/build SANITIZED='' bash "$script" >"$dir/out" 2>&1 || { grep -A20 '^FAIL' "$dir/out" || tail -20 "$dir/out"; exit 1; }
	grep '^SKIP' "$dir/out" || true
done
say "install and uninstall"
make BUILD="$dir/build" DESTDIR="$dir/root" PREFIX=/usr install >"$dir/log" 2>&1 || { tail -20 "$dir/log"; exit 1; }
"$dir/root/usr/bin/pkgnote" --version | grep -qF "$version"
make BUILD="$dir/build" DESTDIR="$dir/root" PREFIX=/usr uninstall >"$dir/log" 2>&1 || { tail -20 "$dir/log"; exit 1; }
left=$(find "$dir/root" -mindepth 1)
[ -z "$left" ] || { printf 'uninstall left:\n%s\n' "$left"; exit 1; }
say "$(basename "$tarball") holds"
