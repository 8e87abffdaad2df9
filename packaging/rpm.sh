#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# rpm.sh TARBALL VERSION DIR: the rpm packages of the suite, with their source package, in DIR.
# RPMBUILD_OPTIONS: more for rpmbuild (--nodeps where the libraries are not rpm's).
set -euo pipefail
# The build of the packages is one of its own, not a part of the make that asked for it.
unset BUILD MAKEFLAGS MAKELEVEL MFLAGS CC CFLAGS
tarball=$(realpath "$1") version=$2 spec=$(realpath "$(dirname "$0")/pkgnote.spec")
mkdir -p "$3"
out=$(realpath "$3")
rm -rf "${out:?}"/*
mkdir "$out"/{SOURCES,BUILD,RPMS,SRPMS}
cp "$tarball" "$out/SOURCES/"
# shellcheck disable=SC2086
rpmbuild -ba --define "_topdir $out" --define "pkgnote_version $version" ${RPMBUILD_OPTIONS:-} "$spec"
find "$out/RPMS" "$out/SRPMS" -name '*.rpm' -exec mv -t "$out" {} +
rm -rf "$out"/{SOURCES,BUILD,BUILDROOT,RPMS,SRPMS}
ls -l "$out"
