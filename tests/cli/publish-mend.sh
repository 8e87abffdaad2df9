# SPDX-License-Identifier: LGPL-2.1-or-later
# publish into a share that a power cut or a foreign hand has damaged, of a package that was built again, of copies of one
# program, and for a group. The judges are cmp, find and publish --check, which proves each file by its digest.
. "$(dirname "$0")/../lib.sh"

# tree DIR NAME [TEXT]: a split tree with the program NAME.
tree() {
	mkdir -p "$1/usr/bin" "$1/usr/lib/debug/usr/bin" "$1/usr/src/debug/d" build
	printf 'int main(int n, char **v) { return n + sizeof("%s") + v[0][0]; } /* %s */\n' "${3:-}" $2 >build/$2.c
	gcc -g "-ffile-prefix-map=$PWD/build=/usr/src/debug/d" -Wl,--build-id -o "$1/usr/bin/$2" "$PWD/build/$2.c"
	eu-strip -f "$1/usr/lib/debug/usr/bin/$2.debug" "$1/usr/bin/$2"
	cp build/$2.c "$1/usr/src/debug/d/"
}
build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
publish() { "$PKGNOTE" publish --into=share "$@"; }
served() { # served TREE NAME: what the share gives for it is what was published
	local id
	id=$(build_id "$1/usr/bin/$2")
	cmp "$1/usr/bin/$2" share/buildid/$id/executable
	cmp "$1/usr/lib/debug/usr/bin/$2.debug" share/buildid/$id/debuginfo
	cmp "$1/usr/src/debug/d/$2.c" share/buildid/$id/source/usr/src/debug/d/$2.c
}

# Emptied, cut short, or of the same size with other bytes: the file is found by its digest, and written anew for all who hold it.
damaged_files() {
	tree root one
	id=$(build_id root/usr/bin/one)
	for how in ': >"$f"' 'truncate -s -100 "$f"' 'printf X | dd of="$f" bs=1 seek=1000 conv=notrunc status=none' 'truncate -s 0 "$f"; truncate -s 5000 "$f"'; do
		for path in buildid/$id/debuginfo buildid/$id/executable source/usr/src/debug/d/one.c; do
			rm -rf share
			status 0 publish --package=a-1-1.x root
			f=share/packages/a-1-1.x/$path; eval "$how"
			status 1 publish --check
			# The same package again, and another one with the same file.
			status 0 publish --package=a-1-1.x root
			says err "packages/a-1-1.x/$path: its contents are not those that were published"
			says out '^a-1-1.x: replaced'
			served root one
			status 0 publish --check
			eval "$how"
			status 0 publish --package=b-1-1.x root
			says err 'damaged: written anew'
			served root one
			status 0 publish --check
		done
	done
	status 0 publish --package=a-1-1.x root
	says out unchanged
}
check "a damaged file is never 'unchanged' nor linked: it is written anew for all packages that hold it" damaged_files

broken_records() {
	tree root one; tree other two
	for how in ': >"$r"' 'echo "{" >"$r"' 'truncate -s -20 "$r"' 'rm "$r"'; do
		for what in --package=a-1-1.x\ root --remove=a-1-1.x --keep=1; do
			rm -rf share
			status 0 publish --package=a-1-1.x root
			status 0 publish --package=b-1-1.x other
			r=share/packages/a-1-1.x/record.json; eval "$how"
			status 1 publish --check
			says out '^packages/a-1-1.x'
			status 0 publish $what
			says err 'a-1-1.x: .*record is broken'
			served other two
			[ $what != --keep=1 ] || continue
			status 0 publish --check
			[ -n "${what%--remove*}" ] || [ ! -e share/buildid/$(build_id root/usr/bin/one) ]
		done
	done
	status 0 publish --package=a-1-1.x root
	served root one
	for text in '' '{"shareVer'; do
		printf %s "$text" >share/share.json
		status 0 publish --list
		says err 'share.json: broken'
		status 0 publish --package=a-1-1.x root
		says err 'share.json: broken, .*written again'
		status 0 publish --check
	done
	echo '{"shareVersion": 7}' >share/share.json
	status 3 publish --package=a-1-1.x root
}
check "a broken record or marker: told with its path, and nothing is stuck" broken_records

repair() {
	tree root one; tree root two
	one=$(build_id root/usr/bin/one); two=$(build_id root/usr/bin/two)
	status 0 publish --package=a-1-1.x root
	cp -a share before
	status 2 publish --repair
	# What the store still has comes back.
	rm share/packages/a-1-1.x/buildid/$one/executable
	# What nobody has any more goes, and is named; the rest stays.
	: >share/packages/a-1-1.x/buildid/$two/debuginfo
	: >share/packages/a-1-1.x/source/usr/src/debug/d/two.c
	rm share/buildid/$one/debuginfo
	ln -s ../../packages/gone-1-1.x/buildid/ab/debuginfo share/buildid/$one/section
	echo stray >share/store/$(ls share/store | head -n 1)/stray
	status 1 publish --check
	status 0 publish --check --repair
	says err "packages/a-1-1.x/buildid/$one/executable: repaired out of the store"
	says err "packages/a-1-1.x/buildid/$two/debuginfo: taken out: .*publish a-1-1.x again"
	says err "source/usr/src/debug/d/two.c: taken out"
	says err "buildid/$one/section: removed: it leads to nothing"
	status 0 publish --check
	served root one
	[ ! -e share/buildid/$two/debuginfo ] && [ -e share/buildid/$two/executable ]
	status 0 publish --package=a-1-1.x root
	says out replaced
	served root two
	(cd before && find . -type l -printf '%p %l\n' | sort) >links.before
	(cd share && find . -type l -printf '%p %l\n' | sort) >links.after
	cmp links.before links.after
	: >share/packages/a-1-1.x/record.json
	status 0 publish --check --repair
	says err 'packages/a-1-1.x/record.json: broken, and made anew'
	status 0 publish --check
	served root one
}
check "--check --repair: what can be had again is, what is lost is named" repair

replaced() {
	tree first one a; tree first shared same
	tree second one longer; tree second shared same
	old=$(build_id first/usr/bin/one)
	status 0 publish --package=a-1-1.x first
	status 3 publish --package=a-1-1.x second
	says err 'other files; --on-conflict=replace'
	status 1 publish --on-conflict=keep --package=a-1-1.x second
	says err 'usr/bin/one: left out: a-1-1.x is there with other files'
	served first one
	# Readers never miss what both builds have, nor the package as such.
	(while [ ! -e stop ]; do [ -e share/packages/a-1-1.x/record.json ] && [ -e share/buildid/$(build_id first/usr/bin/shared)/debuginfo ] || { touch missed; break; }; done) &
	reader=$!
	status 0 publish --on-conflict=replace --package=a-1-1.x second
	touch stop; wait $reader
	says out '^a-1-1.x: replaced'
	[ ! -e missed ] || fail 'a reader missed something'
	served second one; served second shared
	[ ! -e share/buildid/$old ] && [ ! -e share/.build-id/${old:0:2}/${old:2}.debug ]
	same "$(publish --list)" a-1-1.x
	[ -z "$(find share -xtype l)" ] && [ -z "$(find share/store -type f -links 1)" ]
	status 0 publish --check
	status 0 publish --on-conflict=replace --package=a-1-1.x second
	says out unchanged
	# Of another package's build-id, what is loaded may not differ, whatever is asked for.
	cp -r second third
	at=$(readelf -SW third/usr/bin/one | sed -n 's/.* \.rodata  *PROGBITS  *[0-9a-f]*  *\([0-9a-f]*\) .*/\1/p')
	printf '\377' | dd of=third/usr/bin/one bs=1 seek=$((16#$at + 3)) conv=notrunc status=none
	status 3 publish --on-conflict=replace --package=b-1-1.x third
	says err 'hold different files as its executable'
}
check "a rebuild takes the place of the first build at once; keep says what is left out, exit 1" replaced

copies() {
	tree root one
	mkdir -p root/usr/libexec more/usr/bin
	# As split leaves a copy in rpm's layout: another debuglink, and nothing else.
	objcopy --remove-section=.gnu_debuglink root/usr/bin/one root/usr/libexec/copy
	! cmp -s root/usr/bin/one root/usr/libexec/copy
	status 0 publish --package=a-1-1.x root
	says err 'usr/libexec/copy: a copy of usr/bin/one: that one is served'
	served root one
	status 0 publish --package=a-1-1.x root
	says out unchanged
	# The copy in a package of its own, and its life after the first one's.
	cp root/usr/libexec/copy more/usr/bin/
	status 0 publish --package=b-1-1.x more
	says err 'usr/bin/copy: the executable of build-id .* that a-1-1.x holds is served for it, too'
	status 0 publish --package=b-1-1.x more
	says out unchanged
	status 0 publish --check
	status 0 publish --remove=a-1-1.x
	cmp root/usr/bin/one share/buildid/$(build_id root/usr/bin/one)/executable
	status 0 publish --check
}
check "copies of one program that differ in nothing that is loaded: the first is served, and it is said" copies

shared() {
	tree root one
	mkdir team; chmod 2775 team
	(umask 002; status 0 "$PKGNOTE" publish --into=team --package=a-1-1.x root)
	[ -z "$(find team -type d ! -perm -2775)$(find team -type f ! -perm -664)" ]
	(umask 077; status 0 "$PKGNOTE" publish --into=closed --package=a-1-1.x root; says err 'umask 077 closes it to other users')
	[ -z "$(find closed -type d -perm /077)$(find closed -type f -perm /077)" ]
	(umask 077; status 0 "$PKGNOTE" publish --into=group --shared=group --package=a-1-1.x root; ! grep -q umask err)
	[ -z "$(find group -type d ! -perm 2770)$(find group -type f ! -perm 660)" ]
	# The share remembers it.
	tree root two
	(umask 077; status 0 "$PKGNOTE" publish --into=group --package=b-1-1.x root)
	[ -z "$(find group -type d ! -perm 2770)$(find group -type f ! -perm 660)" ]
	(umask 077; status 0 "$PKGNOTE" publish --into=all --shared=all --package=a-1-1.x root)
	[ -z "$(find all -type d ! -perm 2775)$(find all -type f ! -perm 664)" ]
	status 0 "$PKGNOTE" publish --into=odd --shared=0644 --package=a-1-1.x root
	[ -z "$(find odd -type d ! -perm 755)$(find odd -type f ! -perm 644)" ]
	for word in 0 0444 0755 some; do status 2 "$PKGNOTE" publish --into=odd --shared=$word root; done
}
check "--shared, the umask and the setgid bit: who may write and read" shared
picture() { (cd share && find . -printf '%p %y %s %l\n' | sort; find . -type f -exec sha256sum {} + | sort); }
dry_runs() {
	tree root one; tree other two
	status 3 publish --dry-run --package=a-1-1.x root
	says err 'share: '
	[ ! -e share ]
	status 0 publish --package=a-1-1.x root
	picture >before
	status 0 publish --dry-run --package=a-2-1.x other
	says out '^a-2-1\.x: would be added, 1 build-id, 1 source, [0-9]+ bytes$'
	status 0 publish --dry-run --json --package=a-2-1.x other
	says out '"result":"added".*"dryRun":true'
	status 0 publish --dry-run --package=a-1-1.x root
	says out '^a-1-1\.x: unchanged'
	status 3 publish --dry-run --package=a-1-1.x other
	says err 'a-1-1\.x is there already, with other files'
	status 0 publish --dry-run --on-conflict=replace --package=a-1-1.x other
	says out '^a-1-1\.x: would be replaced'
	status 0 publish --dry-run --remove=a-1-1.x
	same "$(cat out)" 'a-1-1.x: would be removed'
	status 3 publish --dry-run --remove=b-1-1.x
	picture >after; cmp before after
	status 0 publish --package=a-2-1.x other
	picture >before
	status 0 publish --dry-run --keep=1
	same "$(cat out)" 'a-1-1.x: would be removed'
	picture >after; cmp before after
	for mode in --list --check; do status 2 publish --dry-run $mode; done
}
check "--dry-run tells what would be, and leaves the share as it is" dry_runs

# As it is while its first publish begins, or where that was killed.
just_begun() {
	tree root one
	status 0 publish --package=a-1-1.x root
	rm -rf share/[!s]* share/s[!h]* share/.[!.]*
	same "$(ls -A share)" share.json
	status 0 publish --list
	same "$(cat out)" ''
	status 0 publish --check
	status 0 publish --keep=1
	rm -rf share/[!s]* share/s[!h]* share/.[!.]*
	status 3 publish --remove=a-1-1.x
	says err "no package 'a-1-1.x'"
	status 0 publish --package=a-1-1.x root
	served root one
}
check "a share that is just being made has no packages, and nothing is wrong with it" just_begun

finish
