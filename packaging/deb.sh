#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# deb.sh TARBALL VERSION DIR: the Debian packages of the suite, with their source package, in DIR.
# DPKG_BUILDPACKAGE_OPTIONS: more for dpkg-buildpackage.
set -euo pipefail
# The build of the packages is one of its own, not a part of the make that asked for it.
unset BUILD MAKEFLAGS MAKELEVEL MFLAGS CC CFLAGS
# The modes of debian/ are in the source package.
umask 022
tarball=$(realpath "$1") version=$2
mkdir -p "$3"
out=$(realpath "$3")
rm -rf "${out:?}"/*
cp "$tarball" "$out/pkgnote_$version.orig.tar.xz"
tar -xf "$tarball" -C "$out"
cd "$out/pkgnote-$version"
cp -r packaging/debian debian
# shellcheck disable=SC2086
dpkg-buildpackage -us -uc ${DPKG_BUILDPACKAGE_OPTIONS:-}
rm -rf "$out/pkgnote-$version"
ls -l "$out"
