# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote verify on what is packed, cut or comes by a pipe: cores as they are kept, and archives. The plain file or
# directory is the judge: the same results must come.
. "$(dirname "$0")/../lib.sh"
need python3 eu-strip readelf
CC=${CC:-gcc}

# "VERDICT CHECK BUILD-ID PATH" of each result of ./out, sorted; a path inside an inner archive without that one's name.
results() {
	python3 -c 'import json
print("\n".join(sorted(" ".join((r["verdict"], r["check"], str(r["buildId"]), r["path"].split(": ")[-1])) for r in json.load(open("out"))["results"])))'
}

# ./it, stripped, with its debug file in ./share.
program() {
	printf '#include <stdlib.h>\nint main(void) { abort(); }\n' >it.c
	"$CC" "$PAGE_ONE" -g -o whole "$PWD/it.c" -Wl,--build-id -Xlinker '--package-metadata={"type":"deb","name":"t","version":"1"}'
	local id; id=$(readelf -n whole 2>/dev/null | sed -n 's/.*Build ID: //p' | head -1)
	mkdir -p "share/buildid/$id"
	eu-strip -f "share/buildid/$id/debuginfo" -o it whole
	cp it "share/buildid/$id/executable"
}
verify() { "$PKGNOTE" verify --json --checks=build-id,note,debuginfo --server="file://$PWD/share" "$@"; }

core() { # ./core of ./it
	program
	[ "$(cat /proc/sys/kernel/core_pattern)" = core ] || skip "core_pattern is not 'core'"
	(ulimit -c unlimited; echo "${1:-0x33}" >/proc/self/coredump_filter; ./it) >/dev/null 2>&1 || true
	[ -f core ] || mv core.* core 2>/dev/null || skip "the kernel writes no core here"
}

pack() { # pack KIND FILE: FILE.KIND
	case $1 in
	gz) gzip -k "$2" ;; xz) need xz; xz -k "$2" ;; zst) need zstd; zstd -q "$2" ;; lz4) need lz4; lz4 -q "$2" "$2.lz4" ;;
	esac
}

kept_cores() {
	core
	status 0 verify --allow='*/lib*' core
	results >plain
	says plain "^pass debuginfo [0-9a-f]{40} $PWD/it\$"
	for kind in gz xz zst lz4; do
		pack $kind core
		for how in file pipe input; do
			case $how in
			file) status 0 verify --allow='*/lib*' core.$kind ;;
			pipe) status 0 verify --allow='*/lib*' - < <(cat core.$kind) ;;
			input) status 0 verify --allow='*/lib*' - <core.$kind ;;
			esac
			results | diff plain -
		done
	done
	status 0 verify --allow='*/lib*' - < <(cat core)
	results | diff plain -
}
check "cores as they are kept, from files and pipes, as the plain core" kept_cores

cut_cores() {
	core
	local size; size=$(stat -c %s core)
	for kind in gz xz zst lz4; do pack $kind core; done
	for left in $((size - 1)) $((size / 2)) 8192 3000 200 64 0; do
		head -c "$left" core >cut
		status 3 verify --allow='*' --allow='build-id:*' --allow='note:*' --allow-empty cut
		status 3 verify --allow='*' --allow='build-id:*' --allow='note:*' --allow-empty - < <(cat cut)
		[ "$left" -lt 2000 ] || says err "-: cut short: $left of $size bytes"
		# None is called wrong for what is not known of it.
		same "$left $(results | grep -c '^fail .* None ')" "$left 0"
	done
	for kind in gz xz zst lz4; do
		head -c $(($(stat -c %s core.$kind) * 2 / 3)) core.$kind >cut.$kind
		status 3 verify --allow='*' --allow='build-id:*' --allow='note:*' --allow-empty cut.$kind
		says err "cut.$kind: "
	done
}
check "a core that is cut short is never green, packed or not, whatever is allowed" cut_cores

# As GNU ld 2.44 and later link libc: the ABI's note lies on a page that no core holds. What may be in it is not seen, and not wrong.
a_note_on_another_page() {
	echo 'const int pad[5000] = {1}; int far(void) { return pad[0]; }' >far.c
	printf '.section .note.far,"a",%%note\n.balign 4\n.long 4,4,1\n.asciz "far"\n.long 0\n.section .note.GNU-stack,"",%%progbits\n' >note.s
	echo 'SECTIONS { .note.far : { *(.note.far) } } INSERT AFTER .rodata;' >far.ld
	"$CC" -shared -fPIC -Wl,-T,far.ld,--build-id -o libfar.so far.c note.s
	readelf -lW libfar.so | grep -Eq 'NOTE +0x0*[1-9a-f][0-9a-f]{3} '
	LD_PRELOAD=$PWD/libfar.so core
	status 1 verify --allow='*/libc.so*' --allow='*/ld*' core
	says out '/libfar.so", .*"check": "note", "verdict": "fail", "reason": "no package note: a note segment is not in memory"'
	status 0 verify --allow='*/lib*' --allow='*/ld*' core
}
check "what a core does not hold of a file is absent from it, and can be allowed" a_note_on_another_page

without_first_pages() {
	core 0x23
	status 3 verify --allow='*' --allow='note:*' --allow-empty core
	says err 'first pages of [0-9]+ mapped files are not in it'
	same "$(results | cut -d' ' -f1 | sort -u)" skipped
	says out 'not known: its first page is not in the core'
}
check "a core without first pages is never green, and names its files" without_first_pages

tree() { # a split tree: root, with its debug file below usr/lib/debug
	mkdir -p root/usr/bin root/usr/lib/debug/.build-id root/usr/share/doc
	local id
	for n in one two; do
		echo "int main(void) { return sizeof(\"$n\"); }" >$n.c
		"$CC" "$PAGE_ONE" -g -o $n "$PWD/$n.c" -Wl,--build-id -Xlinker '--package-metadata={"type":"deb","name":"t","version":"1"}'
		id=$(readelf -n $n 2>/dev/null | sed -n 's/.*Build ID: //p' | head -1)
		mkdir -p root/usr/lib/debug/.build-id/${id:0:2}
		eu-strip -f root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug -o root/usr/bin/$n $n
	done
	echo text >root/usr/share/doc/text
}
judge() { "$PKGNOTE" verify --json --offline --sources=none "$@"; }

archives() {
	need tar zip cpio xz zstd
	tree
	status 0 judge root
	results >plain
	same "$(grep -c '^pass debuginfo' plain)" 2
	tar cf t.tar -C root .; tar czf t.tgz -C root usr; tar cJf t-1-1-x86_64.pkg.tar.xz -C root .; tar c -C root . | zstd -q >t.tar.zst
	(cd root; zip -qr ../t.whl .; zip -qr ../t.jar .; find . | cpio -o -H newc 2>/dev/null) >t.cpio
	gzip -k t.cpio; tar cf outer.tar t.tgz; (mkdir inner; cp t.tar.zst inner; cd inner; zip -qr ../t.conda .)
	for f in t.tar t.tgz t-1-1-x86_64.pkg.tar.xz t.tar.zst t.whl t.jar t.cpio t.cpio.gz outer.tar t.conda; do
		echo "$f"
		status 0 judge "$f"
		results | diff plain -
		status 0 judge - < <(cat "$f")
		results | diff plain -
	done
	# Its name is no matter where its bytes tell.
	mv t.tgz blob; status 0 judge blob; results | diff plain -
}
check "archives are verified as the trees in them" archives

archives_that_are_not() {
	need tar gzip
	tree
	tar czf t.tgz -C root usr
	head -c $(($(stat -c %s t.tgz) / 2)) t.tgz >cut.tgz
	status 3 judge --allow='*' --allow-empty cut.tgz
	says err 'cut.tgz: '
	# One in one in one is told.
	tar cf a.tar t.tgz; tar cf b.tar a.tar
	status 1 judge b.tar
	says out 'not looked into'
	tar czf docs.tgz -C root usr/share
	status 1 judge docs.tgz
	says err 'nothing in it to verify'
	# In a directory archives are told, and prove nothing.
	mkdir -p dir/x; cp t.tgz dir; cp a.tar dir/x
	status 1 judge dir
	says err 'dir: 2 archives, not looked into, as .*name them to look inside'
	says err 'nothing in it to verify'
	{ printf '\177ELF'; head -c 1100000000 /dev/zero; } | gzip -1 >bomb.gz
	status 3 judge bomb.gz
	says err 'unpacks to more than 64 times'
}
check "archives that are cut, nested too deep, empty of programs, or bombs are not green" archives_that_are_not
# The tree in two layers, below them an old program that is replaced and one that is taken away: an OCI layout, and tars.
image() {
	need tar gzip sha256sum
	tree
	mkdir -p low/usr/bin top saved
	cp one low/usr/bin/two; cp one low/usr/bin/gone; (cd root && cp --parents usr/bin/one ../low; cp -r . ../top; rm ../top/usr/bin/one; : >../top/usr/bin/.wh.gone)
	tar cf low.tar -C low .; tar czf top.tgz -C top .
	local layer digest list='' n=0 names=''
	mkdir -p layout/blobs/sha256
	echo '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout
	for layer in low.tar top.tgz; do
		digest=$(sha256sum <$layer | cut -d' ' -f1); n=$((n + 1))
		cp $layer layout/blobs/sha256/"$digest"
		list="$list${list:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:$digest\",\"size\":1}"
		mkdir "saved/$(printf '%064x' $n)"; cp $layer "saved/$(printf '%064x' $n)/layer.tar"
		names="$names${names:+,}\"$(printf '%064x' $n)/layer.tar\""
	done
	LAST=$digest
	echo "{\"schemaVersion\":2,\"layers\":[$list]}" >manifest
	digest=$(sha256sum <manifest | cut -d' ' -f1); mv manifest layout/blobs/sha256/"$digest"
	echo "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:$digest\"}]}" >layout/index.json
	echo "[{\"Layers\":[$names]}]" >saved/manifest.json
	tar cf oci.tar -C layout .; gzip -k oci.tar; tar cf docker.tar -C saved .
}

images() {
	image
	status 0 judge root
	results >plain
	for f in layout oci.tar oci.tar.gz docker.tar; do
		echo $f
		status 0 judge $f
		results | diff plain -
	done
	status 0 judge - <docker.tar
	results | diff plain -
	# What is not as the image says is red, and named.
	head -c -100 "layout/blobs/sha256/$LAST" >cut; cp cut "layout/blobs/sha256/$LAST"
	status 1 judge layout
	says out "sha256:$LAST.*SHA-256 of this layer"
	rm "layout/blobs/sha256/$LAST"
	status 1 judge layout
	says out "cannot be read: the image names this layer, and it is not there"
	says_not out 'as ELF'
	rm layout/index.json
	status 1 judge layout
	says out 'index.json'
}
check "container images are verified as all their layers make them" images
finish
