# SPDX-License-Identifier: LGPL-2.1-or-later
# The test binaries of elfutils and binutils, odd and broken ones among them: each gets an answer or a
# clear error, in bounded time; where elfutils reads a build-id, it is the same.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/debsrc.sh"
SANE=${SANITIZED:+$SANITIZED/pkgnote}
[ -x "${SANE:-}" ] || SANE=$PKGNOTE

# answers DIR: every file of it, alone and all together.
answers() {
	local file got count=0
	find "$1" -type f | sort >files
	while IFS= read -r file; do
		got=0
		timeout 20 "$SANE" show --check --all --json "$file" >out 2>err || got=$?
		[ "$got" -le 3 ] || { echo "$file: exit $got"; tail -20 err; return 1; }
		[ "$got" != 3 ] || [ -s err ] || { echo "$file: failed without a word"; return 1; }
		# Exit 3 says why, on lines of our own.
		! grep -v '^pkgnote show: ' err || return 1
		count=$((count + 1))
	done <files
	timeout 60 "$PKGNOTE" show --json "$1" >all 2>err || [ $? = 3 ]
	echo "$count files, $(wc -l <all) records"
	[ -s all ]
}

build_ids() {
	need eu-readelf perl
	local path id
	perl -MJSON::PP -ne '$r = decode_json($_); print "$r->{path}\t$r->{buildId}\n" if $r->{buildId} && $r->{kind} ne "core"' all >ids
	[ -s ids ]
	while IFS=$'\t' read -r path id; do
		timeout 20 eu-readelf -n "$path" 2>/dev/null | grep -q "Build ID: $id" || { echo "$path: eu-readelf tells another build-id than $id"; return 1; }
	done <ids
	echo "$(wc -l <ids) build-ids agree"
}

of_elfutils() {
	need bunzip2 gcc
	debsrc elfutils
	mkdir corpus
	cp elfutils-src/tests/*.bz2 corpus/
	bunzip2 corpus/*.bz2 2>/dev/null || true
	[ "$(find corpus -type f | wc -l)" -gt 200 ]
	answers corpus
	build_ids
}
check "elfutils' test files" of_elfutils

of_binutils() {
	need gcc xz
	debsrc binutils
	mkdir corpus
	find binutils-src -name 'binutils-*.tar.xz' -exec tar -xf {} -C . \; 2>/dev/null
	find . -path ./corpus -prune -o -path '*testsuite*' -type f \( -name '*.bz2' -o -name '*.obj' -o -name '*.exe' -o -name '*.o' -o -name '*.so*' -o -name '*.bin' \) -print |
		while IFS= read -r file; do cp "$file" "corpus/$(echo "${file#./}" | tr / _)"; done
	bunzip2 corpus/*.bz2 2>/dev/null || true
	[ "$(find corpus -type f | wc -l)" -gt 10 ]
	answers corpus
}
check "binutils' test files" of_binutils
finish
