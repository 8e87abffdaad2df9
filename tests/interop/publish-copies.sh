# SPDX-License-Identifier: LGPL-2.1-or-later
# publish --links=copy: a share of plain files, where the file system makes no hard or symbolic links, as rclone's mount
# and strace's faults have it. The readers are the same: debuginfod-find, gdb, pkgnote.
. "$(dirname "$0")/../lib.sh"
need python3 eu-strip readelf
export TMPDIR=${TMPDIR:-/tmp}

build_id() { readelf -n "$1" 2>/dev/null | sed -n 's/.*Build ID: //p' | head -n 1; }
tree() { # tree DIR VERSION: a program, its debug file, its source
	local nvra=hello-$2-1.x86_64
	mkdir -p "$1/usr/bin" "$1/usr/lib/debug" "$1/usr/src/debug/$nvra"
	printf 'int more%s = %s;\nint main(void) { return more%s; } /* of %s */\n' "$2" "$2" "$2" "$2" >"$1/usr/src/debug/$nvra/hello.c"
	gcc -g "-ffile-prefix-map=$PWD/$1/usr/src/debug=/usr/src/debug" -Wl,--build-id -o "$1/usr/bin/hello" "$PWD/$1/usr/src/debug/$nvra/hello.c"
	eu-strip -f "$1/usr/lib/debug/hello.debug" "$1/usr/bin/hello"
}
publish() { "$PKGNOTE" publish --into="$INTO" "$@"; }
# Each operation on the share INTO, which is not there yet.
whole_way() {
	local id src=usr/src/debug/hello-1-1.x86_64/hello.c
	id=$(build_id one/usr/bin/hello)
	status 0 publish --links=copy --package=hello-1-1.x86_64 one
	says out 'hello-1-1\.x86_64: added, 1 build-id, 1 source'
	status 0 publish --package=hello-2-1.x86_64 two # it stays what it is
	status 0 publish --package=hello-1-1.x86_64 one
	says out unchanged
	same "$(publish --list | tr '\n' ' ')" 'hello-1-1.x86_64 hello-2-1.x86_64 '
	same "$(find "$INTO" ! -type d ! -type f; find "$INTO" -type f -links +1)" ''
	status 0 publish --check
	says out '^2 packages, 6 files, 0 problems'
	status 0 timeout 60 "$PKGNOTE" publish --into="$INTO" --check --repair
	cmp "$INTO/buildid/$id/source/$src" "one/$src"
	status 0 "$PKGNOTE" verify --server="file://$INTO" --checks=debuginfo,executable,source one two
	status 0 "$PKGNOTE" fetch --no-cache --server="file://$INTO" metadata glob '/usr/bin/*'
	same "$(wc -l <out)" 2
	# Another file under a build-id, a damaged one, one too many.
	cp -r one bad; printf 'x' | dd of=bad/usr/bin/hello bs=1 conv=notrunc status=none \
		seek=$((16#$(readelf -SW one/usr/bin/hello | sed -n 's/.* \.rodata  *PROGBITS  *[0-9a-f]*  *\([0-9a-f]*\) .*/\1/p') + 1))
	status 3 publish --package=bad-1-1.x86_64 bad
	says err "build-id $id: hello-1-1.x86_64 and bad-1-1.x86_64 hold different files"
	cp "$INTO/buildid/$id/debuginfo" kept; cat two/usr/lib/debug/hello.debug >"$INTO/buildid/$id/debuginfo"
	: >"$INTO/buildid/$id/source/usr/other.c"
	status 1 publish --check
	says out "^buildid/$id/debuginfo: its contents are not"
	says out "^buildid/$id/source/usr/other.c: no package holds it"
	cat kept >"$INTO/buildid/$id/debuginfo"; rm "$INTO/buildid/$id/source/usr/other.c"
	# A rebuild, and then each goes.
	status 0 publish --on-conflict=replace --package=hello-1-1.x86_64 three
	says out replaced
	status 0 "$PKGNOTE" verify --server="file://$INTO" --checks=debuginfo,executable three
	status 1 "$PKGNOTE" verify --server="file://$INTO" --checks=debuginfo one
	status 0 publish --keep=1
	same "$(cat out)" 'hello-1-1.x86_64: removed'
	status 0 publish --check
	status 0 publish --remove=hello-2-1.x86_64
	same "$(cd "$INTO" && find . -type f ! -path './names/*')" ./share.json
	same "$(python3 "$TOP/tests/tools/share_names.py" "$INTO")" ''
	# rclone calls a directory not empty while it is still at work on what was in it: then it stays, with nothing in it, and rclone's
	# log names it.
	find "$INTO" -mindepth 2 -type d >directories
	while read -r directory; do
		grep -qF "${directory#"$PWD"/mounted/}/: Dir.Remove not empty" rclone.log || fail "$directory is left"
	done <directories
}

# What a check finds wrong where all of a share lies as objects do: what is elsewhere in it comes back, the rest is taken out.
wrong_contents() {
	tree one 1
	INTO=$PWD/share
	local id source=usr/src/debug/hello-1-1.x86_64/hello.c served own
	id=$(build_id one/usr/bin/hello)
	served=buildid/$id/source/$source own=source/hello-1-1.x86_64/$source
	status 0 publish --links=copy --package=hello-1-1.x86_64 one
	rm "share/$served"
	status 1 publish --check
	status 0 publish --check --repair
	says err "$served: it is not there: it comes back from $own"
	cmp "share/$served" "one/$source"
	for file in "$own" "$served"; do
		sed 's/1/2/' "one/$source" >"share/$file"
		status 1 publish --check
		says out "^$file: its contents are not those"
		status 0 publish --check --repair
		says err "$file: .*: it comes back from"
		cmp "share/$file" "one/$source"
	done
	# Where that cannot be done, what was found is told all the same.
	sed 's/1/2/' "one/$source" >"share/$served"
	if chattr +i "share/$served" 2>/dev/null; then
		status 3 publish --check --repair
		chattr -i "share/$served"
		says out "^$served: its contents are not those that were published; publish hello-1-1\.x86_64 again\$"
		says err "$served: rename"
	fi
	# Both, and a debug file: nothing has them.
	sed 's/1/2/' "one/$source" >"share/$own"; sed 's/1/3/' "one/$source" >"share/$served"
	printf x | dd of="share/buildid/$id/debuginfo" bs=1 seek=9 conv=notrunc status=none
	status 1 publish --check --repair
	for file in "$own" "$served" "buildid/$id/debuginfo"; do
		says out "^$file: its contents are not those that were published: it is taken out; publish hello-1-1\.x86_64 again\$"
		[ ! -e "share/$file" ]
	done
	status 0 publish --package=hello-1-1.x86_64 one
	says out replaced
	status 0 publish --check
	# A lost record: what the index knows of the package is not taken for proven.
	rm "share/packages/hello-1-1.x86_64/record.json" "share/buildid/$id/executable"
	status 0 publish --package=hello-1-1.x86_64 one
	status 0 publish --check
	says out '^1 packages, [0-9]* files, 0 problems'
}
check "what is wrong in a share of plain files comes back, or is taken out and published again" wrong_contents

plain_files() {
	need debuginfod-find gdb
	tree one 1; tree two 2; tree three 3
	INTO=$PWD/share
	whole_way
	status 0 publish --package=hello-1-1.x86_64 one
	local id; id=$(build_id one/usr/bin/hello)
	export DEBUGINFOD_URLS=file://$INTO DEBUGINFOD_CACHE_PATH=$PWD/cache
	cmp "$(debuginfod-find debuginfo "$id")" one/usr/lib/debug/hello.debug
	cmp "$(debuginfod-find source "$id" /usr/src/debug/hello-1-1.x86_64/hello.c)" one/usr/src/debug/hello-1-1.x86_64/hello.c
	HOME=$PWD gdb -q -nx -batch -iex 'set debuginfod enabled on' -ex 'list main' one/usr/bin/hello >listed 2>&1 || true
	says listed 'of 1 \*/'
	# What is of links stays so, and what is no directory is refused.
	status 0 "$PKGNOTE" publish --into=links --package=hello-1-1.x86_64 one
	status 3 "$PKGNOTE" publish --into=links --links=copy --package=hello-2-1.x86_64 two
	says err 'made of links: --links=copy is for a new one'
	status 2 "$PKGNOTE" publish --into=s3://x/y --links=copy --package=hello-2-1.x86_64 two
	mkdir full; : >full/x
	status 3 "$PKGNOTE" publish --into=full --links=copy --package=hello-2-1.x86_64 two
	says err "neither a share"
	status 3 "$PKGNOTE" publish --into=nowhere --links=copy --list
	[ ! -e nowhere ]
	# For a group, whatever the umask.
	(umask 077; status 0 "$PKGNOTE" publish --into=team --links=copy --shared=group --package=hello-1-1.x86_64 one)
	(umask 077; status 0 "$PKGNOTE" publish --into=team --package=hello-2-1.x86_64 two)
	same "$(find team ! -perm -060)" ''
	(umask 077; status 0 "$PKGNOTE" publish --into=closed --links=copy --package=hello-1-1.x86_64 one; says err 'umask 077 closes it to other users')
}
check "a share of plain files: all operations, and elfutils' and gdb's readers" plain_files

no_links() {
	need strace
	tree one 1
	local calls
	without() { strace -f -qq -o trace -e "trace=$1" -e "inject=$1:error=EPERM" "$PKGNOTE" publish "${@:2}"; }
	strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
	for calls in link,linkat symlink,symlinkat; do
		status 3 without $calls --into=share --package=hello-1-1.x86_64 one
		says err 'this file system makes no (hard|symbolic) links .*: --links=copy makes a share of plain files'
		same "$(find share -type f)" share/.lock
		rm -rf share
	done
	status 0 without link,linkat,symlink,symlinkat --into=copies --links=copy --package=hello-1-1.x86_64 one
	[ ! -s trace ] || { cat trace; return 1; } # none was tried
	status 0 "$PKGNOTE" publish --into=copies --check
	# No modes either, as vfat has it.
	status 0 without fchmod,fchmodat,chmod --into=modes --links=copy --package=hello-1-1.x86_64 one
	status 0 "$PKGNOTE" publish --into=modes --check
}
check "no links, no modes: a refusal that names --links=copy, which asks for neither" no_links

mounted() {
	need rclone fusermount3
	[ -w /dev/fuse ] || skip "no /dev/fuse here"
	mkdir far mounted
	rclone --config /dev/null mount "$PWD/far" "$PWD/mounted" --vfs-cache-mode writes --cache-dir "$PWD/rclone" "$@" >rclone.log 2>&1 & RCLONE=$!
	trap 'fusermount3 -uz "$PWD/mounted" 2>/dev/null || :; kill $RCLONE 2>/dev/null || :; wait $RCLONE 2>/dev/null || :' EXIT
	for ((tries = 0; tries < 200; tries++)); do ! mountpoint -q mounted || return 0; sleep 0.05; done
	skip "rclone mounts nothing here: $(tail -n 1 rclone.log)"
}
gateway() {
	mounted
	tree one 1; tree two 2; tree three 3
	status 3 "$PKGNOTE" publish --into=mounted/links --package=hello-1-1.x86_64 one
	says err '--links=copy'
	INTO=$PWD/mounted/share
	whole_way
}
check "on rclone's mount, which makes no links" gateway

case_folds() {
	mounted --vfs-case-insensitive
	tree one 1
	INTO=$PWD/mounted/share
	mkdir -p two/usr/src/debug/d; : >two/usr/src/debug/d/Main.c; echo >two/usr/src/debug/d/main.c
	status 0 publish --links=copy --package=hello-1-1.x86_64 one
	status 3 publish --package=two-1-1.x86_64 two
	says err 'source/usr/src/debug/d/(M|m)ain.c are one file to this file system'
	same "$(publish --list)" hello-1-1.x86_64
	status 0 publish --check
}
check "names that differ in case alone are refused where they would be one file" case_folds

killed() {
	tree one 1; tree two 2
	INTO=$PWD/share
	local round pid killed=0 delay args took scale
	took=$(date +%s%N); status 0 publish --links=copy --package=hello-1-1.x86_64 one; took=$((($(date +%s%N) - took) / 100000))
	# As many as asked for, and on until two came while it was at work: how long that lasts differs with the machine's load.
	for ((round = 0; round < ${KILLS:-24} || (killed < 2 && round < 200); round++)); do
		args=(--package=hello-2-1.x86_64 two)
		[ ! -d share/packages/hello-2-1.x86_64 ] || args=(--remove=hello-2-1.x86_64)
		"$PKGNOTE" publish --into="$INTO" "${args[@]}" >/dev/null 2>>errors & pid=$!
		# In tenths of a millisecond: from one moment to all that the first took, half of them in its first quarter.
		scale=$((took >> (round % 4))); delay=$((RANDOM % (scale + 1))); printf -v delay '%d.%04d' $((delay / 10000)) $((delay % 10000)); sleep "$delay"
		kill -KILL $pid 2>/dev/null || true
		if ! wait $pid 2>/dev/null; then killed=$((killed + 1)); fi
		# What was whole stays so for readers, whatever was under way.
		status 0 "$PKGNOTE" verify --server="file://$INTO" --checks=debuginfo,executable,source one
	done
	status 0 publish --package=hello-2-1.x86_64 two
	status 0 publish --check
	status 0 publish --remove=hello-2-1.x86_64
	same "$(find share -name '.pkgnote-*'; find share/.staging share/.lock -type f)" ''
	[ "$killed" -ge 2 ] || fail "$killed of $round were killed at work: too few"
	# Two at once: one waits.
	"$PKGNOTE" publish --into="$INTO" --package=hello-2-1.x86_64 two >out.1 2>&1 & pid=$!
	publish --package=copy-1-1.x86_64 one >out.2 2>&1 || { cat out.2; return 1; }
	wait $pid || { cat out.1; return 1; }
	status 0 publish --check
	says out '^3 packages'
}
check "killed at any moment, and two at once" killed
finish
