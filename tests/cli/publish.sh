# SPDX-License-Identifier: LGPL-2.1-or-later
# publish of split trees. The trees are made with eu-strip, the judges are elfutils' debuginfod-find and gdb.
. "$(dirname "$0")/../lib.sh"

# tree DIR VERSION [TEXT]: a split tree of hello-VERSION-1.x86_64, in the layout of rpm.
tree() {
	local dir=$1 nvra=hello-$2-1.x86_64 text=${3:-}
	mkdir -p "$dir/usr/bin" "$dir/usr/lib/debug/usr/bin" "$dir/usr/lib/debug/.build-id" "$dir/usr/src/debug/$nvra/a dir" "build/a dir"
	cat >"build/hello.c" <<-C
	#include "a dir/add+.h"
	int main(int argc, char **argv)
	{
		(void)argv;
		return add(argc) + sizeof("$2$text") * 0; /* of $2 */
	}
	C
	echo 'static int add(int a) { return a + 1; }' >"build/a dir/add+.h"
	gcc -g -O0 "-ffile-prefix-map=$PWD/build=/usr/src/debug/$nvra" -Wl,--build-id -o "$dir/usr/bin/hello" "$PWD/build/hello.c"
	eu-strip -f "$dir/usr/lib/debug/usr/bin/hello-$2-1.x86_64.debug" "$dir/usr/bin/hello"
	cp build/hello.c "$dir/usr/src/debug/$nvra/"
	cp "build/a dir/add+.h" "$dir/usr/src/debug/$nvra/a dir/"
	rm -rf build
}
build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
publish() { "$PKGNOTE" publish --into=share "$@"; }
debug_of() { echo "$1/usr/lib/debug/usr/bin/hello-$2-1.x86_64.debug"; }
# change_loaded FILE: another byte in what is loaded of it.
change_loaded() {
	local at
	at=$(readelf -SW "$1" | sed -n 's/.* \.rodata  *PROGBITS  *[0-9a-f]*  *\([0-9a-f]*\) .*/\1/p')
	printf '\377' | dd of="$1" bs=1 seek=$((16#$at + 3)) conv=notrunc status=none
}
# Every link of the share leads somewhere (source trees may be empty), nothing is left of the work.
share_is_whole() {
	[ -z "$(find share -xtype l ! -name source)" ] || { find share -xtype l >&2; return 1; }
	[ ! -e share/.staging ] || fail "work is left behind"
	find share/store -type f -links 1 | sed 's/^/held by nobody: /' >orphans
	[ ! -s orphans ] || { cat orphans >&2; return 1; }
	[ -z "$(find share -name '.pkgnote-*')" ]
}
# What a reader can see, without inode numbers: paths, kinds, targets, contents.
picture() { (cd share && find . \( -path ./.lock -o -path ./names \) -prune -o -printf '%p %y %m %l\n' | sort; find . -type f ! -name .lock ! -path './names/*' -print0 | sort -z | xargs -0r sha256sum); }
told() { python3 "$TOP/tests/tools/share_names.py" share; }

one_tree() {
	tree root 1
	publish --package=hello-1-1.x86_64 root >out
	says out '^hello-1-1\.x86_64: added, 1 build-id, 2 sources, [0-9]+ bytes'
	id=$(build_id root/usr/bin/hello)
	cmp share/buildid/$id/executable root/usr/bin/hello
	cmp share/buildid/$id/debuginfo "$(debug_of root 1)"
	cmp share/.build-id/${id:0:2}/${id:2}.debug "$(debug_of root 1)"
	cmp share/.build-id/${id:0:2}/${id:2} root/usr/bin/hello
	cmp share/buildid/$id/source/usr/src/debug/hello-1-1.x86_64/hello.c root/usr/src/debug/hello-1-1.x86_64/hello.c
	[ -z "$(find share -type l -lname '/*')" ] || fail "an absolute link"
	share_is_whole
}
check "a split tree: debuginfo, executable, source, by both ways in" one_tree

debuginfod_clients() {
	need debuginfod-find
	tree root 1
	publish --package=hello-1-1.x86_64 root >out
	id=$(build_id root/usr/bin/hello)
	export DEBUGINFOD_URLS="file://$PWD/share" DEBUGINFOD_CACHE_PATH=$PWD/cache
	cmp "$(debuginfod-find debuginfo $id)" "$(debug_of root 1)"
	cmp "$(debuginfod-find executable $id)" root/usr/bin/hello
	cmp "$(debuginfod-find source $id /usr/src/debug/hello-1-1.x86_64/hello.c)" root/usr/src/debug/hello-1-1.x86_64/hello.c
	cmp "$(debuginfod-find source $id "/usr/src/debug/hello-1-1.x86_64/a dir/add+.h")" "root/usr/src/debug/hello-1-1.x86_64/a dir/add+.h"
	status 1 debuginfod-find debuginfo 00112233445566778899
}
check "debuginfod-find gets all three through file://" debuginfod_clients

gdb_lists() { # gdb_lists PROGRAM VERSION OPTION...
	local program=$1 version=$2; shift 2
	HOME=$PWD gdb -q -nx -batch "$@" -ex 'list main' "$program" >listed 2>&1 || true
	says listed "of $version \*/"
}
gdb_two_versions() {
	need gdb
	tree one 1; tree two 2
	publish --package=hello-1-1.x86_64 one >out
	publish --package=hello-2-1.x86_64 two >out
	cp one/usr/bin/hello hello1; cp two/usr/bin/hello hello2
	mv one gone1; mv two gone2
	for v in 1 2; do
		DEBUGINFOD_URLS="file://$PWD/share" DEBUGINFOD_CACHE_PATH=$PWD/cache gdb_lists ./hello$v $v -iex 'set debuginfod enabled on'
		gdb_lists ./hello$v $v -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/share" \
			-iex "set substitute-path /usr/src/debug $PWD/share/source/usr/src/debug"
	done
	share_is_whole
}
check "gdb lists two versions' sources, as a server and as a mount" gdb_two_versions

same_again() {
	tree root 1
	publish --package=hello-1-1.x86_64 root >out
	picture >before
	publish --package=hello-1-1.x86_64 root >out
	says out 'unchanged'
	picture >after
	cmp before after
	# The same files in a second package: once in the store, held by both.
	publish --package=hello-1-2.x86_64 root >out
	says out 'hello-1-2\.x86_64: added.*\(0 new\)'
	share_is_whole
	id=$(build_id root/usr/bin/hello)
	same "$(stat -c %h share/packages/hello-1-1.x86_64/buildid/$id/debuginfo)" 3
	same "$(readlink share/buildid/$id/debuginfo)" "../../packages/hello-1-1.x86_64/buildid/$id/debuginfo"
}
check "published again: unchanged; by another package: kept once" same_again

conflicts() {
	tree root 1
	publish --package=hello-1-1.x86_64 root >out
	picture >before
	cp -a root other
	change_loaded other/usr/bin/hello
	status 3 publish --package=other-1-1.x86_64 other
	says err 'hello-1-1\.x86_64 and other-1-1\.x86_64 hold different files'
	status 3 publish --package=hello-1-1.x86_64 other
	says err 'hello-1-1\.x86_64 is there already, with other files'
	picture >after
	cmp before after
	share_is_whole
	status 1 publish --on-conflict=keep --package=other-1-1.x86_64 other
	says err 'left out: hello-1-1\.x86_64 holds another executable'
	says err '1 of its files is not served'
	id=$(build_id root/usr/bin/hello)
	cmp share/buildid/$id/executable root/usr/bin/hello
	[ ! -e share/packages/other-1-1.x86_64/buildid/$id/executable ]
	share_is_whole
	# Two files of one package that claim one build-id.
	cp root/usr/bin/hello other/usr/bin/second
	status 3 publish --package=third-1-1.x86_64 other
	says err 'two different files for buildid/.*usr/bin/hello and usr/bin/second'
}
check "another file for a build-id: an error that names both, nothing changed" conflicts

# manifest ROOT VERSION: what split would have written.
manifest() {
	python3 - "$1" "$2" "$(build_id "$1/usr/bin/hello")" <<-'P'
	import hashlib, json, sys, zlib
	root, v, bid = sys.argv[1:]
	def facts(path):
	    b = open(root + path, "rb").read()
	    return {"path": path, "size": len(b), "sha256": hashlib.sha256(b).hexdigest()}, b
	f, _ = facts("/usr/bin/hello")
	d, b = facts(f"/usr/lib/debug/usr/bin/hello-{v}-1.x86_64.debug")
	d["crc32"] = "%08x" % zlib.crc32(b)
	n = f"hello-{v}-1.x86_64"
	f |= {"links": [], "buildId": bid, "debugFile": d, "sources": [n + "/hello.c", n + "/a dir/add+.h"], "package": None}
	json.dump({"manifestVersion": 1, "package": {"type": "rpm", "name": "hello", "version": v, "release": "1",
	    "architecture": "x86_64"}, "files": [f], "skipped": [], "missingSources": []}, sys.stdout)
	P
}
by_manifest() {
	need python3
	tree root 1
	manifest root 1 >m.json
	publish --manifest=m.json root >out
	says out '^hello-1-1\.x86_64: added, 1 build-id, 2 sources'
	publish --root=root m.json >out
	says out 'unchanged'
	cp m.json root/; publish root/m.json >out
	says out 'unchanged'
	rm root/m.json
	says share/packages/hello-1-1.x86_64/record.json '"version": "1"'
	# The manifest is proof: a tree that is not the one it tells of is refused.
	tree two 2; manifest two 2 >m2.json
	picture >before
	printf X >>two/usr/bin/hello
	status 3 publish --manifest=m2.json two
	says err 'usr/bin/hello: its contents are not those that the manifest tells'
	rm two/usr/src/debug/hello-2-1.x86_64/hello.c
	tree two 2
	rm two/usr/src/debug/hello-2-1.x86_64/hello.c
	status 3 publish --manifest=m2.json two
	says err 'hello\.c'
	sed 's/"files": \[{/"files": [{"x": /' m2.json >broken.json
	status 3 publish --manifest=broken.json two
	picture >after
	cmp before after
}
check "by manifest, which is proof of the tree" by_manifest

names() {
	tree root 1
	status 3 publish root
	says err 'no manifest and no package note names the package'
	for name in ../x . .. .hidden a/b ''; do
		status 3 publish --package="$name" root
		says err "cannot be a package's name"
	done
	[ ! -e x ]
	"$PKGNOTE" publish --help >help
	# The note names it: a real one, put in by the linker.
	cat >n.c <<-'C'
	int main(void) { return 0; }
	C
	mkdir -p noted/usr/bin
	for p in a b; do
		echo "int $p;" >>n.c
		gcc -Wl,--build-id "$PAGE_ONE" -Xlinker '--package-metadata={"type":"rpm","name":"noted","version":"3-4","architecture":"x86_64"}' -o noted/usr/bin/$p n.c
	done
	publish noted >out
	says out '^noted-3-4\.x86_64: added, 2 build-ids'
	echo "int c;" >>n.c
	gcc -Wl,--build-id "$PAGE_ONE" -Xlinker '--package-metadata={"type":"rpm","name":"odd","version":"3-4","architecture":"x86_64"}' -o noted/usr/bin/c n.c
	status 3 publish noted
	says err 'do not agree: usr/bin/a says noted-3-4\.x86_64, usr/bin/c says odd-3-4\.x86_64'
	status 2 publish
	status 2 "$PKGNOTE" publish root
}
check "the package's name: given, or by notes that agree" names

no_share() {
	tree root 1
	mkdir home; echo precious >home/file
	status 3 "$PKGNOTE" publish --into=home --package=hello-1-1.x86_64 root
	says err 'neither a share .* nor an empty directory'
	same "$(ls -A home)" file
	echo '{"shareVersion": 2}' >home/share.json
	status 3 "$PKGNOTE" publish --into=home --package=hello-1-1.x86_64 root
	says err 'not of a share that this program knows'
	status 3 "$PKGNOTE" publish --into=no/such/place --package=hello-1-1.x86_64 root
	status 3 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_PROFILE HOME="$PWD" AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
		"$PKGNOTE" publish --into=s3://bucket/prefix --package=hello-1-1.x86_64 root
	says err 'no keys: set AWS_ACCESS_KEY_ID'
	# Links in the share that lead out of it are not followed.
	mkdir outside evil; publish --package=hello-1-1.x86_64 root >out
	rm -rf share/store; ln -s ../outside share/store
	tree two 2
	status 3 publish --package=hello-2-1.x86_64 two
	[ -z "$(ls -A outside)" ]
}
check "a directory that is no share is left alone; links out of one are not followed" no_share

hostile_trees() {
	tree root 1
	publish --package=hello-1-1.x86_64 root >out
	picture >before
	# ELF files whose headers lie, whose build-id is one byte, or 64; a FIFO; a link out of the tree.
	head -c 100 root/usr/bin/hello >root/usr/bin/cut
	status 3 publish --package=x-1-1.x root
	says err 'usr/bin/cut'
	rm root/usr/bin/cut
	echo 'int main(void) { return 9; }' >b.c
	gcc -Wl,--build-id=0x01 -o root/usr/bin/one b.c
	status 3 publish --package=x-1-1.x root
	says err 'usr/bin/one: a build-id of 1 bytes'
	picture >after; cmp before after
	long=$(printf '%0128d' 7)
	gcc -Wl,--build-id=0x$long -o root/usr/bin/one b.c
	mkfifo root/usr/bin/fifo
	ln -s /etc/passwd root/usr/bin/passwd; ln -s /etc/passwd root/usr/src/debug/hello-1-1.x86_64/passwd
	echo not ELF >root/usr/bin/script
	timeout 20 "$PKGNOTE" publish --into=share --package=hello-9-1.x86_64 root >out
	cmp share/buildid/$long/executable root/usr/bin/one
	[ -z "$(find share/ -name passwd)" ]
	share_is_whole
}
check "hostile trees: refused whole, or what is odd in them left out" hostile_trees

odd_names() {
	tree root 1
	local dir=root/usr/src/debug/hello-1-1.x86_64 name
	name=$'new\nline "quote" \xff%41'
	echo odd >"$dir/$name"
	long=$(printf '%0251d' 0).txt
	echo long >"$dir/$long"
	publish --package=hello-1-1.x86_64 root >out
	cmp "$dir/$name" "share/source/usr/src/debug/hello-1-1.x86_64/$name"
	cmp "$dir/$long" "share/source/usr/src/debug/hello-1-1.x86_64/$long"
	python3 -c 'import json; json.load(open("share/packages/hello-1-1.x86_64/record.json"))'
	publish --package=hello-1-1.x86_64 root >out
	says out unchanged
}
check "names with newlines, quotes, bytes that are not UTF-8, 255 bytes" odd_names

same_bytes() {
	tree root 1; tree two 2
	publish -j1 --package=hello-1-1.x86_64 root >out; publish -j1 --package=hello-2-1.x86_64 two >out
	picture >one
	rm -rf share
	publish -j8 --package=hello-2-1.x86_64 two >out; publish -j8 --package=hello-1-1.x86_64 root >out
	picture >eight
	cmp one eight
	# The index by name is laid out as its packages came; what it tells is the same.
	told >one; same "$(wc -l <one)" 4
	rm -rf share
	publish -j2 --package=hello-1-1.x86_64 root >out; publish -j2 --package=hello-2-1.x86_64 two >out
	told >two.told; cmp one two.told
}
check "the same share, whatever -j and order" same_bytes

removing() {
	tree one 1; tree two 2
	publish --package=hello-1-1.x86_64 one >out
	picture >only_one
	id=$(build_id one/usr/bin/hello)
	publish --package=hello-2-1.x86_64 two >out
	# A third package holds all of the first one's files: it takes over.
	publish --package=again-1-1.x86_64 one >out
	same "$(publish --list | tr '\n' ' ')" "again-1-1.x86_64 hello-1-1.x86_64 hello-2-1.x86_64 "
	publish --remove=hello-2-1.x86_64 --remove=hello-1-1.x86_64 >out
	says out '^hello-2-1\.x86_64: removed'
	[ ! -e share/buildid/$(build_id two/usr/bin/hello) ]
	same "$(readlink share/buildid/$id/debuginfo)" "../../packages/again-1-1.x86_64/buildid/$id/debuginfo"
	cmp share/buildid/$id/source/usr/src/debug/hello-1-1.x86_64/hello.c one/usr/src/debug/hello-1-1.x86_64/hello.c
	status 0 publish --check
	says out '^1 packages, 4 files, 0 problems'
	share_is_whole
	# And back: the share is what it would have been.
	publish --package=hello-1-1.x86_64 one >out
	publish --remove=again-1-1.x86_64 >out
	picture >after
	cmp only_one after
	status 3 publish --remove=hello-9-9.x86_64
	says err "no package 'hello-9-9\.x86_64'"
	status 3 publish --remove=../hello-1-1.x86_64
	status 3 publish --remove=hello-1-1.x86_64/../hello-1-1.x86_64
	status 3 "$PKGNOTE" publish --into=nothing --remove=x
	[ ! -e nothing ]
	status 2 publish --keep=0
	status 2 publish --list --check
	status 2 publish --remove=x root
}
check "remove: what others hold stays reachable, the rest is gone" removing

keeping() {
	tree one 1
	local v
	for v in 1.9-1 1.10-1 1.10-2 1.10~rc1-9 1:0.1-1; do publish --package=hello-$v.x86_64 one >out; done
	publish --package=hello-0.1-1.aarch64 one >out
	publish --package=hello-doc-0.1-1.x86_64 one >out
	publish --package=odd one >out
	publish --keep=2 >out
	same "$(publish --list | tr '\n' ' ')" "hello-0.1-1.aarch64 hello-1.10-2.x86_64 hello-1:0.1-1.x86_64 hello-doc-0.1-1.x86_64 odd "
	status 0 publish --check
	share_is_whole
}
check "keep the newest releases, by the order of versions" keeping

checking() {
	tree one 1
	publish --package=hello-1-1.x86_64 one >out
	id=$(build_id one/usr/bin/hello)
	cp -a share good
	again() { rm -rf share; cp -a good share; }
	wrong() { status 1 publish --check; says out "$1"; says out '1 problems$' ; again; }
	f=share/packages/hello-1-1.x86_64/buildid/$id
	printf X | dd of=$f/debuginfo conv=notrunc bs=1 seek=999 status=none
	wrong "^packages/hello-1-1\.x86_64/buildid/$id/debuginfo: its contents are not those"
	rm $f/executable
	status 1 publish --check; says out "^packages/.*/executable: .*No such file"; again
	rm share/buildid/$id/debuginfo
	status 1 publish --check; says out "^buildid/$id/debuginfo: it does not lead to hello-1-1\.x86_64"; again
	rm share/.build-id/${id:0:2}/${id:2}.debug
	wrong "^\.build-id/${id:0:2}/${id:2}\.debug: it does not lead to buildid/$id/debuginfo"
	ln -s ../../etc/passwd share/.build-id/${id:0:2}/zz
	wrong '^\.build-id/../zz: it leads to ../../etc/passwd'
	echo more >$f/more
	wrong "more: the package's record does not tell of it"
	mkdir share/store/zz; echo >share/store/zz/zz
	wrong '^store/zz/zz: no package holds it'
	rm -r share/source/usr
	wrong '^source/usr/src/debug/hello-1-1\.x86_64: it does not lead to'
	echo '{' >share/packages/hello-1-1.x86_64/record.json
	wrong '^packages/hello-1-1\.x86_64: record: no JSON'
	mkdir share/.staging
	wrong '^\.staging: left by a run that was killed'
	# A build-id that is not the file's own, with a record that agrees.
	sed "s/$id/00$id/" share/packages/hello-1-1.x86_64/record.json >r; mv r share/packages/hello-1-1.x86_64/record.json
	mv $f share/packages/hello-1-1.x86_64/buildid/00$id
	status 1 publish --check; says out "buildid/00$id/debuginfo: its build-id is '$id'"; again
	status 0 publish --check
}
check "check: each thing that is wrong is found and named" checking

read_only() {
	need unshare mount
	tree one 1; tree two 2
	publish --package=hello-1-1.x86_64 one >out
	unshare -m true 2>/dev/null || skip "no mount namespace may be made here"
	picture >before
	cat >script <<-S
	mount --bind share share && mount -o remount,ro,bind share || exit 77
	"$PKGNOTE" publish --into=share --package=hello-2-1.x86_64 two 2>err && exit 1
	"$PKGNOTE" publish --into=share --remove=hello-1-1.x86_64 2>>err && exit 1
	"$PKGNOTE" publish --into=share --list >listed && "$PKGNOTE" publish --into=share --check >checked
	S
	unshare -m sh script || { [ $? = 77 ] && skip "no bind mount may be made here"; cat err >&2; return 1; }
	same "$(grep -c 'Read-only file system' err)" 2
	same "$(cat listed)" hello-1-1.x86_64
	says checked ', 0 problems'
	# A disk that fills up while a package comes in.
	cat >script <<-S
	mkdir small && mount -t tmpfs -o size=300k tmpfs small || exit 77
	"$PKGNOTE" publish --into=small --package=hello-1-1.x86_64 one || exit 1
	head -c 400000 /dev/urandom >two/usr/src/debug/hello-2-1.x86_64/large.c
	(cd small && find . ! -name .lock | sort) >before.small
	"$PKGNOTE" publish --into=small --package=hello-2-1.x86_64 two 2>err && exit 1
	(cd small && find . ! -name .lock | sort) >after.small
	"$PKGNOTE" publish --into=small --check
	S
	unshare -m sh script >out || { [ $? = 77 ] && skip "no tmpfs may be mounted here"; cat out err >&2; return 1; }
	says err 'No space left on device'
	cmp before.small after.small
	picture >after; cmp before after
}
check "a read-only share, a full disk: a clear error, nothing changed" read_only

many_names() {
	need python3
	tree one 1
	publish --package=hello-1-1.x86_64 one >out
	# The file system's bound on the names of one file (ext4: 65000; where there is none, as on tmpfs, this shows nothing).
	python3 - <<-'P'
	import errno, os, sys
	store = [os.path.join(t, f) for t, _, fs in os.walk("share/store") for f in fs]
	os.mkdir("names")
	for n, f in enumerate(store):
	    for i in range(66000):
	        try: os.link(f, f"names/{n}.{i}")
	        except OSError as e:
	            assert e.errno == errno.EMLINK; sys.exit()
	    sys.stderr.write("SKIP: this file system does not bound a file's names\n"); sys.exit(77)
	P
	publish --package=again-1-1.x86_64 one >out
	says out 'again-1-1\.x86_64: added'
	status 0 publish --check
	publish --remove=hello-1-1.x86_64 >out
	id=$(build_id one/usr/bin/hello)
	cmp share/buildid/$id/executable one/usr/bin/hello
	status 0 publish --check
}
check "a content with as many names as the file system allows is kept once more" many_names

large_package() {
	need python3
	# In memory where that can be: the disk is not what is measured.
	local fast
	if fast=$(mktemp -d /dev/shm/pkgnote-test.XXXXXX 2>/dev/null); then trap "rm -rf $fast" EXIT; cd "$fast"; fi
	tree one 1
	python3 -c '
import os
for i in range(12000):
    d = f"one/usr/src/debug/hello-1-1.x86_64/d{i % 200}"
    os.makedirs(d, exist_ok=True)
    open(f"{d}/a_source_file_with_a_name_of_usual_length_{i}.c", "w").write(f"{i % 500}\n")'
	publish --package=hello-1-1.x86_64 one >out
	says out '12002 sources'
	python3 -c '
import resource, subprocess, sys
for args in (["--package=hello-1-2.x86_64", "one"], ["--check"], ["--remove=hello-1-1.x86_64"]):
    subprocess.run([sys.argv[1], "publish", "--into=share"] + args, check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
print(peak, "MB")
sys.exit(peak > 64 and not sys.argv[2])' "$PKGNOTE" "$(nm "$PKGNOTE" 2>/dev/null | grep -m1 -o __asan_init || true)"
}
check "12,000 sources in one package, in less than 64 MB" large_package

changing() {
	need python3
	tree one 1; tree two 2
	mkdir -p moving/usr/bin; cp one/usr/bin/hello a; cp two/usr/bin/hello b
	head -c 6000000 /dev/urandom >more; cat more >>a; cat more >>b; cp a moving/usr/bin/hello
	# Other bytes in place, at the same size, or shorter for a moment.
	cat >writer.py <<-'P'
	import os, random, time
	versions = [open(f, "rb").read() for f in "ab"]
	f = os.open("moving/usr/bin/hello", os.O_WRONLY)
	open("writes", "w").close()
	while not os.path.exists("stop"):
	    for v in versions:
	        if random.random() < 0.2: os.ftruncate(f, random.randrange(len(v)))
	        for i in range(0, len(v), 1 << 20): os.pwrite(f, v[i:i + (1 << 20)], i)
	        time.sleep(random.random() / 8)
	P
	python3 writer.py & writer=$!
	until [ -e writes ]; do sleep 0.02; done
	local i code failed=0 whole=0
	for ((i = 0; i < 25; i++)); do
		code=0; publish --package=m-$i-1.x moving >out 2>err || code=$?
		case $code in
		0)	whole=$((whole + 1))
			# A writer that waits amid a change leaves a file of both: each page is of one or the other.
			python3 -c 'import sys; a, b, got = (open(f, "rb").read() for f in sys.argv[1:])
sys.exit(any(got[i:i + 4096] not in (a[i:i + 4096][:len(got) - i], b[i:i + 4096][:len(got) - i]) for i in range(0, len(got), 4096)))' a b share/packages/m-$i-1.x/buildid/*/executable
			publish --remove=m-$i-1.x >out ;;
		3)	failed=$((failed + 1)); [ ! -e share/packages/m-$i-1.x ]
			says err 'changed|shorter|outside|truncated|not lie|lies|end of|size|malformed' ;;
		*)	cat err >&2; fail "exit status $code" ;;
		esac
	done
	touch stop; wait $writer
	[ $failed -gt 0 ] || fail "$failed refused, $whole whole"
	publish --package=m-1-1.x moving >out
	status 0 "$PKGNOTE" publish --into=share --check
	share_is_whole
}
check "an ELF file that changes while it is read: refused, or whole" changing

json_result() {
	need python3
	tree root 1
	publish --json --package=hello-1-1.x86_64 root >out
	python3 -c 'import json; r = json.load(open("out")); assert r["package"] == "hello-1-1.x86_64" and r["result"] == "added" and r["buildIds"] == 1 and r["sources"] == 2 and r["newBytes"] == r["bytes"] > 0, r'
}
check "--json" json_result
finish
