#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pointers.sh [list]: which sources make pointers from a file's numbers, or read and write integers behind a bare pointer.
# The gate (libnote/image.c) and libnote/span.c do it for all; what else does is in tests/pointers.list, reviewed: how
# often at most, and what bounds it. Anything more is a fault, so that each new use is looked at.
cd "$(dirname "$0")/.." || exit 1
raw='image_bytes\(|image_(u|put)(16|32|64)\(|image_put_[eps]hdr\(|\b(bytes|memory|symbols|contents|p) \+ [a-z(]'
count() { grep -oE "$raw" "$1" | wc -l; }
if [ "${1:-}" = list ]; then
	{ find libnote tools/splitter -name '*.c'; echo libnote/span.h; } | sort | while read -r file; do
		n=$(count "$file"); [ "$n" = 0 ] || echo "$file $n"
	done
	exit 0
fi
bad=0
# What the list says of a file; of one that has moved to another room, what it says of the name that is not there any more.
known() {
	awk -v file="$1" '$1 == file { print $2; exit }' tests/pointers.list | grep . && return
	while read -r file n reason; do
		[ "${file##*/}" != "${1##*/}" ] || [ -e "$file" ] || { echo "$n"; return; }
	done <tests/pointers.list
}
while read -r file n; do
	want=$(known "$file")
	[ "${want:-0}" -ge "$n" ] && continue
	echo "pointers: $file makes $n pointers or raw accesses, and tests/pointers.list knows of ${want:-0}: use span.h, or say what bounds it"
	grep -nE "$raw" "$file"
	bad=1
done < <(bash tests/pointers.sh list)
while read -r file n reason; do
	[ "${file:0:1}" != '#' ] || continue
	[ -n "$(find libnote tools/splitter -name "${file##*/}")" ] || { echo "pointers: tests/pointers.list names $file, which is not there"; bad=1; }
	[ -n "$reason" ] || { echo "pointers: tests/pointers.list has no reason for $file"; bad=1; }
done <tests/pointers.list
exit $bad
