# SPDX-License-Identifier: LGPL-2.1-or-later
# The power fails while stamp, split, publish and fetch are at work, and right after they said that they were done
# (tests/tools/power_cut.py): 12 moments, or 100 with LONG=1.
. "$(dirname "$0")/../lib.sh"

power_cut() {
	[ "$(id -u)" = 0 ] || skip "POWER CUTS ARE NOT TESTED: that wants root, to mount file systems"
	need python3 mkfs.ext4 mount umount readelf gcc
	mkdir mnt
	truncate -s 8M try.img; mkfs.ext4 -q -F try.img
	mount -o loop try.img mnt 2>err || skip "POWER CUTS ARE NOT TESTED: no loop devices here: $(cat err)"
	umount mnt
	# shellcheck disable=SC2064
	trap "! mountpoint -q '$PWD/mnt' || umount -l '$PWD/mnt'" EXIT
	for i in $(seq 200); do echo "int number_$i(int x) { return x * $i; }"; done >main.c
	echo 'int main(void) { return number_7(1); }' >>main.c
	gcc -g -Wl,--build-id=sha1 -o prog main.c
	status 0 python3 "$TOP/tests/tools/power_cut.py" "$PKGNOTE" prog "$([ -n "${LONG:-}" ] && echo 100 || echo 12)"
	cat out
	says out ' 0 bad$'
	says_not out ', 0 of them after'
}
check "a power cut loses nothing that was there or was said to be done, and the next run mends the rest" power_cut

finish
