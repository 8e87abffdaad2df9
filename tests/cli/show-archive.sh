# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote show on archives and container images, made by tar, zip and cpio: the records that the same files give unpacked.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

# program FILE NAME: a program whose note names NAME.
program() {
	mkdir -p "$(dirname "$1")"
	echo 'int main(void) { return 0; }' >x.c
	"$CC" -Xlinker "--package-metadata={\"type\":\"rpm\",\"name\":\"$2\",\"version\":\"1\"}" -o "$1" x.c
}

# tree: in ./tree two programs, a text and a link.
tree() {
	program tree/usr/bin/one one
	program tree/usr/bin/two two
	echo text >tree/usr/text
	ln -s one tree/usr/bin/link
	ln tree/usr/bin/two tree/usr/bin/zwei
}

# MEMBER BUILD-ID PACKAGE of each record in ./out.
records() {
	perl -MJSON::PP -ne '$r = decode_json($_); $m = $r->{member}; $m =~ s{^.*: }{}; print "$m $r->{buildId} $r->{package}{name}\n"' out | sort
}

# unpacked: the same by the files of ./tree; of hard links one.
unpacked() {
	for f in usr/bin/one usr/bin/two; do
		echo "$f $(readelf -n "tree/$f" | sed -n 's/.*Build ID: //p') $(basename "$f")"
	done
}

# gives ARCHIVE: its records are those of the files.
gives() {
	status 0 "$PKGNOTE" show --json "$1"
	same "$(records | sed 's/zwei/two/')" "$(unpacked)"
	same "$(cat err)" ''
}

tars() {
	need perl readelf tar xz zstd bzip2
	tree
	tar cf a.tar -C tree .
	gives a.tar
	for z in gz xz bz2 zst; do
		tar caf "a.tar.$z" -C tree .
		gives "a.tar.$z"
	done
	cp a.tar.zst a.pkg.tar.zst; gives a.pkg.tar.zst
	# By its contents alone, and from a pipe.
	cp a.tar image; gives image
	status 0 "$PKGNOTE" show --json - <a.tar
	same "$(records | sed 's/zwei/two/')" "$(unpacked)"
	cat a.tar.zst | "$PKGNOTE" show --json - >out
	same "$(records | sed 's/zwei/two/')" "$(unpacked)"
}
check "tar, compressed or not, by name, by contents and from a pipe" tars

apk() {
	need perl readelf tar gzip
	tree
	# Three streams of gzip; the first two tars have no end.
	echo sig >.SIGN.RSA; echo 'pkgname = x' >.PKGINFO
	for f in .SIGN.RSA .PKGINFO; do tar cf - "$f" | head -c 1024 | gzip; done >a.apk
	tar cf - -C tree usr | gzip >>a.apk
	gives a.apk
}
check "Alpine's .apk: three tars in a row" apk

zips() {
	need perl readelf zip
	tree
	rm tree/usr/bin/zwei tree/usr/bin/link
	(cd tree && zip -qr ../a.zip .)
	gives a.zip
	cp a.zip a.jar; cp a.zip a.whl; gives a.jar; gives a.whl
	# .conda: a zip of compressed tars; .ipk: a tar of them.
	mkdir c; tar caf c/pkg-x.tar.zst -C tree usr; echo '{}' >c/metadata.json
	(cd c && zip -q0r ../a.conda .)
	gives a.conda
	mkdir i; tar caf i/data.tar.gz -C tree .; echo 2.0 >i/debian-binary; tar czf a.ipk -C i .
	gives a.ipk
}
check "zip, .jar, .whl, and what has archives inside: .conda, .ipk" zips

cpios() {
	need perl readelf cpio
	tree
	rm tree/usr/bin/zwei
	(cd tree && find . | cpio --quiet -o -H newc) >a.cpio
	gives a.cpio
	gzip -k a.cpio; gives a.cpio.gz
}
check "cpio" cpios

# image DIRECTORY LAYER...: an OCI layout of these tars, the lowest first.
image() {
	local to=$1 list='' layer digest; shift
	mkdir -p "$to/blobs/sha256"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$to/oci-layout"
	for layer; do
		digest=$(sha256sum <"$layer" | cut -d' ' -f1)
		cp "$layer" "$to/blobs/sha256/$digest"
		list="$list${list:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:$digest\",\"size\":1}"
	done
	echo "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:0\"},\"layers\":[$list]}" >manifest
	digest=$(sha256sum <manifest | cut -d' ' -f1)
	mv manifest "$to/blobs/sha256/$digest"
	echo "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:$digest\"}]}" >"$to/index.json"
}

# MEMBER PACKAGE LAYER of each record; the layer as the name of the tar that it is.
seen() {
	perl -MJSON::PP -ne '$r = decode_json($_); print "$r->{member} $r->{package}{name} $r->{layer}\n"' out | sort >seen
	for layer in low middle top; do sed -i "s/sha256:$(sha256sum <$layer | cut -d' ' -f1)/$layer/; s/$layer.layer.tar/$layer/" seen; done
	cat seen
}

three_layers() {
	for f in keep replaced removed gone/deep/x gone2/x opaque/hidden file-then-dir; do program "l/$f" low; done
	tar cf low -C l .
	program m/replaced middle; program m/opaque/new middle; program m/file-then-dir/x middle; program m/back middle
	mkdir -p m/opaque; touch m/.wh.removed m/.wh.gone m/opaque/.wh..wh..opq
	tar czf middle -C m .
	program t/gone/deep/x top; program t/opaque/top top
	touch t/.wh.gone2 t/.wh.back t/.wh.never
	tar caf top.zst -C t . && mv top.zst top
}
all_that_is_seen='file-then-dir/x middle middle
gone/deep/x top top
keep low low
opaque/new middle middle
opaque/top top top
replaced middle middle'

oci() {
	need perl tar sha256sum zstd
	three_layers
	image layout low middle top
	status 0 "$PKGNOTE" show --json layout
	same "$(seen)" "$all_that_is_seen"
	tar cf image.tar -C layout .
	status 0 "$PKGNOTE" show --json image.tar
	same "$(seen)" "$all_that_is_seen"
	gzip -k image.tar
	status 0 "$PKGNOTE" show --json image.tar.gz
	same "$(seen)" "$all_that_is_seen"
	status 0 "$PKGNOTE" show image.tar
	says out 'keep, of layer sha256:[0-9a-f]{64}$'
	status 0 "$PKGNOTE" show --summary image.tar
	says out '^3 packages, 6 files'
}
check "an OCI layout and archive: layers in order, whiteouts, opaque directories, which layer" oci

docker() {
	need perl tar sha256sum zstd
	three_layers
	id() { printf '%064x' "$1"; }
	n=0; layers=
	for layer in low middle top; do
		n=$((n + 1)); mkdir -p "saved/$(id $n)"
		cp $layer "saved/$(id $n)/layer.tar"
		layers="$layers${layers:+,}\"$(id $n)/layer.tar\""
	done
	# Older docker: a layer that is there twice is a link.
	rm -r "saved/$(id 9)" 2>/dev/null || true
	mkdir "saved/$(id 9)"; ln -s "../$(id 3)/layer.tar" "saved/$(id 9)/layer.tar"
	layers=${layers%,*},\"$(id 9)/layer.tar\"
	echo '{}' >"saved/$(id 5).json"
	echo "[{\"Config\":\"$(id 5).json\",\"RepoTags\":[\"x:1\"],\"Layers\":[$layers]}]" >saved/manifest.json
	tar cf saved.tar -C saved .
	status 0 "$PKGNOTE" show --json saved.tar
	same "$(perl -MJSON::PP -ne '$r = decode_json($_); print "$r->{member} $r->{package}{name}\n"' out | sort)" "$(cut -d' ' -f1,2 <<<"$all_that_is_seen")"
}
check "what docker save writes, with links between layers" docker

bad_images() {
	need tar sha256sum zstd
	three_layers
	image layout low middle top
	rm "layout/blobs/sha256/$(sha256sum <middle | cut -d' ' -f1)"
	head -c 9000 low >cut; cp cut "layout/blobs/sha256/$(sha256sum <low | cut -d' ' -f1)"
	tar cf image.tar -C layout .
	for image in layout image.tar; do
		status 3 "$PKGNOTE" show --json $image
		says out '"member":"opaque/top"'
		says err 'names this layer, and it is not there'
		says err 'sha256:.*[Tt]runcated'
		same "$(wc -l <err)" 2
	done
	echo '{"manifests":[{"digest":"sha256:../../x"},{"digest":"sha256:12"}]}' >layout/index.json
	status 3 "$PKGNOTE" show layout
	same "$(wc -l <err)" 2
	# An index that names itself.
	d=$(printf '%064d' 7)
	echo "{\"manifests\":[{\"digest\":\"sha256:$d\"}]}" | tee layout/index.json >"layout/blobs/sha256/$d"
	status 0 "$PKGNOTE" show layout
	echo '[]' >layout/index.json
	status 3 "$PKGNOTE" show layout
	rm layout/index.json
	status 3 "$PKGNOTE" show layout
}
check "images that name what is not there, layers cut short, indexes that go round: told, and the rest shown" bad_images

bad_archives() {
	need tar zip perl
	tree
	tar cf out-of.tar -P --transform 's|^tree/usr/bin/one|../../one|' tree
	status 3 "$PKGNOTE" show --json out-of.tar
	says err 'leads out'
	says out '"member":"tree/usr/bin/two"'
	# Deeper than once.
	tar cf 1.tar -C tree .; tar cf 2.tar 1.tar; tar cf 3.tar 2.tar
	status 0 "$PKGNOTE" show --json 2.tar
	says out '"member":"1.tar: usr/bin/one"'
	status 3 "$PKGNOTE" show --json 3.tar
	same "$(wc -l <err)" 1
	says err '3.tar: 2.tar: 1.tar: .*not looked into'
	# Cut short: what came before is there.
	head -c 12000 1.tar >cut.tar
	status 3 "$PKGNOTE" show cut.tar
	head -c 40 /dev/zero >zero.tar.gz
	status 3 "$PKGNOTE" show zero.tar.gz
	same "$(wc -l <err)" 1
	printf 'hsqs%0100d' 0 >snap
	status 3 "$PKGNOTE" show snap
	says err 'unsquashfs'
}
check "hostile names, endless nesting, archives cut short" bad_archives

bomb() {
	need tar gzip
	program one one
	# 1.2 GB of zeros; then with leave to go on.
	truncate -s 1200M zeros
	tar czf bomb.tgz zeros one
	status 3 "$PKGNOTE" show bomb.tgz
	says err 'unpacks to more than 64 times'
	same "$(wc -l <err)" 1
	status 0 "$PKGNOTE" show --max-expansion=2000 bomb.tgz
	says out 'rpm one 1'
}
[ -z "${LONG:-}" ] || check "an archive that unpacks to too much" bomb

in_a_directory() {
	need tar zip
	tree
	mkdir d; tar caf d/a.tar.gz tree; (cd tree && zip -qr ../d/b.jar .); cp tree/usr/bin/one d/; printf 'hsqs%0100d' 0 >d/c.snap; gzip -c x.c >d/x.c.gz
	status 0 "$PKGNOTE" show d
	says out 'd/one$'
	for f in a.tar.gz b.jar c.snap; do says err "d/$f: .*not looked into"; done
	same "$(wc -l <err)" 3
	status 0 "$PKGNOTE" show -q d
	same "$(cat err)" ''
}
check "in a directory archives are told, and not opened" in_a_directory

finish
