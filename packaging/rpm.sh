#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# rpm.sh TARBALL VERSION DIR: the rpm packages of the suite, with their source package, in DIR.
# RPMBUILD_OPTIONS: more for rpmbuild (--nodeps where the libraries are not rpm's).
set -euo pipefail
# The build of the packages is one of its own, not a part of the make that asked for it.
unset BUILD MAKEFLAGS MAKELEVEL MFLAGS CC CFLAGS
# rpmbuild's own directories below /usr/lib/.build-id have the umask's modes.
umask 022
tarball=$(realpath "$1") version=$2 spec=$(realpath "$(dirname "$0")/pkgnote.spec")
mkdir -p "$3"
out=$(realpath "$3")
rm -rf "${out:?}"/*
mkdir "$out"/{SOURCES,BUILD,RPMS,SRPMS}
cp "$tarball" "$out/SOURCES/"
# The same bytes wherever and whenever: no time but the changelog's, no host's name.
# shellcheck disable=SC2086
rpmbuild -ba --define "_topdir $out" --define "pkgnote_version $version" --define 'source_date_epoch_from_changelog 1' \
	--define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' --define '_buildhost localhost' \
	${RPMBUILD_OPTIONS:-} "$spec"
find "$out/RPMS" "$out/SRPMS" -name '*.rpm' -exec mv -t "$out" {} +
rm -rf "$out"/{SOURCES,BUILD,BUILDROOT,RPMS,SRPMS}
ls -l "$out"
