# SPDX-License-Identifier: LGPL-2.1-or-later
# README's own commands, taken from it: what stands in a block "sh run" must work, and "sh run fails" must end in 1.
. "$(dirname "$0")/../lib.sh"
PATH=$(dirname "$PKGNOTE"):$PATH

blocks() {
	need gcc gdb
	awk '/^```sh run/ { kind = /fails/ ? "fails" : "works"; file = sprintf("%02d.%s", ++number, kind); inside = 1; next }
		/^```/ { inside = 0 } inside { print >file }' "$TOP/README.md"
	local where=$PWD block got
	ls ./*.works >/dev/null && ls ./*.fails >/dev/null || fail "README has no blocks to run"
	for block in "$where"/*.works "$where"/*.fails; do
		case $block in *.works) printf 'set -e\n' | cat - "$block" >run ;; *) cat "$block" >run ;; esac
		got=0
		# Each goes on where the one before stood.
		HOME=$where bash -c 'run=$1; cd "$2"; . "$run"; code=$?; pwd >"$3"; exit $code' _ "$where/run" "$(cat "$where/at" 2>/dev/null || pwd)" "$where/at" \
			>"$block.out" 2>&1 || got=$?
		case $block:$got in *.works:0 | *.fails:1) ;; *) cat "$block.out" >&2; fail "$(basename "$block") ends in $got" ;; esac
	done
	says "$where/01.works.out" 'rpm hello 2\.10-1 x86_64'
	says "$where/01.works.out" 'Line 2 of '
	says "$where/02.fails.out" 'missing +debuginfo +/usr/bin/hello'
}
check "the commands that README shows work as it says" blocks

rooms_are_there() {
	# Each room of the map, and each file and room of the table of symptoms.
	sed -n '/^## The tree/,/^Start with/p' "$TOP/README.md" | grep -o '[a-z0-9_-]*/' | sort -u >rooms
	while read -r room; do
		[ -n "$(find "$TOP" -path "$TOP/build" -prune -o -type d -name "${room%/}" -print -quit)" ] || fail "README names $room, which is nowhere"
	done <rooms
	(cd "$TOP" && find libnote tools -mindepth 1 -type d) | sed 's#.*/##' | sort -u | while read -r room; do
		grep -qx "$room/" rooms || fail "README's map lacks $room/"
	done
	sed -n '/^| what is wrong/,/^$/p' "$TOP/README.md" | grep -o '`[a-z0-9_/.]*`' | tr -d '`' | while read -r place; do
		[ -e "$TOP/$place" ] || [ -e "$TOP/tools/$place" ] || fail "README names $place, which is nowhere"
	done
}
check "README's map has every room of the tree, and no other" rooms_are_there
finish
