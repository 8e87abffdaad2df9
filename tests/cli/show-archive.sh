# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote show on archives and container images, made by tar, zip and cpio: the records that the same files give unpacked.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

# program FILE NAME: a program whose note names NAME.
program() {
	mkdir -p "$(dirname "$1")"
	echo 'int main(void) { return 0; }' >x.c
	"$CC" "$PAGE_ONE" -Xlinker "--package-metadata={\"type\":\"rpm\",\"name\":\"$2\",\"version\":\"1\"}" -o "$1" x.c
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

# both PROGRAM...: the packages of these in ./out, in their order.
both() { same "$(perl -MJSON::PP -ne 'print decode_json($_)->{package}{name}, "\n"' out | sort | paste -sd' ')" "$*"; }

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

squashfs() {
	need perl mksquashfs unsquashfs zip
	program tree/usr/bin/one one
	program 'tree/a b/two' two
	ln tree/usr/bin/one tree/usr/bin/eins; ln -s one tree/usr/bin/link
	printf x >'tree/new
line R 0 644 0 0 99 0'
	truncate -s 1000000 tree/sparse
	for pack in gzip xz zstd; do
		rm -f a.snap
		mksquashfs tree a.snap -quiet -no-progress -comp $pack >/dev/null
		mkdir -p tmp; (cd tmp; TMPDIR=$PWD status 0 "$PKGNOTE" show --json ../a.snap; mv out err ..)
		both one two
		says out '"member":"a b/two"'
		same "$(find tmp -type f)" ''
	done
	# An AppImage is a program with an image behind it.
	program run launcher
	cat run a.snap >a.AppImage
	status 0 "$PKGNOTE" show --json a.AppImage; both launcher one two
	# So are zips behind a program, and behind a script.
	(cd tree && zip -qr ../x.zip usr/bin/one)
	cat run x.zip >self; { echo '#!/usr/bin/env python3'; cat x.zip; } >a.pyz
	status 0 "$PKGNOTE" show --json self; both launcher one
	status 0 "$PKGNOTE" show --json a.pyz; both one
	mkdir d; cp a.snap a.AppImage self a.pyz d
	status 0 "$PKGNOTE" show --json d; both launcher launcher
	same "$(grep -c 'not looked into: name it to look inside' err)" 4
	# Cut short, spoilt, or nobody to read it.
	head -c $(($(stat -c %s a.snap) / 2)) a.snap >cut.snap
	status 3 "$PKGNOTE" show cut.snap; says err '^pkgnote show: cut.snap: a squashfs image: '
	PATH=$PWD/d status 3 "$PKGNOTE" show a.snap; says err 'unsquashfs \(squashfs-tools\) is not installed'
	same "$(wc -l <err)" 1
}
check "squashfs images, AppImages, and zips behind programs and scripts" squashfs

cpios() {
	need perl readelf cpio
	tree
	rm tree/usr/bin/zwei
	(cd tree && find . | cpio --quiet -o -H newc) >a.cpio
	gives a.cpio
	gzip -k a.cpio; gives a.cpio.gz
}
check "cpio" cpios

# packers: what is there of the programs that pack, one a line.
packers() {
	local it
	for it in gzip bzip2 xz zstd lzma; do ! command -v $it >/dev/null || echo "$it -c"; done
	! command -v lz4 >/dev/null || printf '%s\n' 'lz4 -q -c' 'lz4 -q -l -c' 'lz4 -q --content-size --no-frame-crc -B4 -c'
}

rows() {
	need perl cpio tar
	program a/one one; program b/two two
	for it in a b; do
		(cd $it && find . | cpio --quiet -o -H newc) >$it.cpio
		tar cf $it.tar -C $it .
	done
	zeros() { head -c "$1" /dev/zero; }
	cat a.cpio b.cpio >row; status 0 "$PKGNOTE" show --json row; both one two
	{ zeros 8; cat a.cpio; } >row.cpio; status 3 "$PKGNOTE" show row.cpio
	cat a.tar b.tar >row; status 0 "$PKGNOTE" show --json row; both one two
	packers >list
	while read -r pack; do
		for it in a.cpio b.cpio a.tar b.tar; do $pack <$it >$it.z; done
		# As an initrd has it: microcode as it is, zeros, and what is packed; and anything else in a row.
		{ cat a.cpio; zeros 1024; cat b.cpio.z; zeros 512; } >row
		status 0 "$PKGNOTE" show --json row; both one two
		{ cat a.cpio.z; zeros 12; cat b.cpio.z b.cpio; } >row
		status 0 "$PKGNOTE" show --json row; both one two two
		cat a.cpio b.cpio | $pack >row
		status 0 "$PKGNOTE" show --json row; both one two
		status 0 "$PKGNOTE" show --json - < <(cat row); both one two
		# Members and frames of one tar, and tars in a row.
		{ head -c 5000 a.tar | $pack; tail -c +5001 a.tar | $pack; } >row
		status 0 "$PKGNOTE" show --json row; both one
		cat a.tar.z b.tar.z >row
		status 0 "$PKGNOTE" show --json row; both one two
		# What is none of these is told.
		for it in a.cpio a.cpio.z a.tar.z; do
			{ cat $it; echo something else; } >row
			status 3 "$PKGNOTE" show --json row; both one
			says err '^pkgnote show: row: behind the end of the archive there is something that is no archive.*offset'
			same "$(wc -l <err)" 1
		done
		# Cut short anywhere: what came is there, and it is said.
		{ cat a.cpio; cat b.cpio.z; } >whole
		for part in 10 30 50 70 90 99; do
			head -c $(($(stat -c %s whole) * part / 100)) whole >row
			status 3 "$PKGNOTE" show --json row
			same "$(wc -l <err)" 1
		done
		both one
	done <list
	{ cat a.tar; echo something else; } >row
	status 3 "$PKGNOTE" show --json row; both one
	says err 'no archive: not looked at'
	# The kernel's boot configuration is at home there.
	{ cat a.cpio; printf 'kernel.x=1\n\0\14\0\0\0\0\0\0\0#BOOTCONFIG\n'; } >row
	status 0 "$PKGNOTE" show --json row; both one
	# In an archive.
	cat a.cpio b.cpio.z >initrd.img; tar cf outer.tar initrd.img
	status 0 "$PKGNOTE" show --json outer.tar; both one two
	says out '"member":"initrd.img: two"'
}
check "archives, members and frames in a row, as an initrd has them: none is lost, and what else follows is told" rows

inside() {
	need perl tar gzip xz dpkg-deb
	program root/usr/bin/one one; program root/usr/lib/two two
	mkdir root/DEBIAN
	printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n' >root/DEBIAN/control
	for z in none gzip xz zstd; do
		dpkg-deb --help | grep -q -- -Z || continue
		dpkg-deb -Z$z -b root "x.$z.deb" >/dev/null 2>&1 || continue
		tar czf outer.tar "x.$z.deb"
		status 0 "$PKGNOTE" show --json outer.tar; both one two
		says out "\"member\":\"x.$z.deb: usr/bin/one\""
	done
	head -c $(($(stat -c %s x.gzip.deb) * 3 / 4)) x.gzip.deb >cut.deb; tar cf outer.tar cut.deb
	status 3 "$PKGNOTE" show outer.tar
	says err '^pkgnote show: outer.tar: cut.deb: .*([Tt]runcated|cut short)'
	# A program that is compressed, as kernel modules are; text that only looks so.
	xz -k root/usr/bin/one; printf '\37\213nothing' >notes.gz
	tar cf outer.tar -C root/usr/bin one.xz -C ../../.. notes.gz
	status 0 "$PKGNOTE" show --json outer.tar; both one
	# An archive without a name that says so; and deeper than once.
	rm root/usr/bin/one.xz; tar cf data -C root usr; tar cf outer.tar data
	status 0 "$PKGNOTE" show --json outer.tar; both one two
	tar cf middle x.gzip.deb; tar cf outer.tar middle
	status 3 "$PKGNOTE" show outer.tar
	says err 'x.gzip.deb: a package in an archive in an archive: not looked into'
}
check "packages, archives and compressed programs inside an archive" inside

rpm_inside() {
	need perl tar rpmbuild python3
	program root/usr/bin/one one
	ln root/usr/bin/one root/usr/bin/another; ln -s one root/usr/bin/link; : >root/usr/bin/empty
	for z in w9.gzdio w9.bzdio w2.xzdio w3.zstdio w.ufdio; do
		printf '%s\n' "%define _binary_payload $z" '%define __os_install_post %{nil}' '%define debug_package %{nil}' 'Name: x' 'Version: 1' "Release: ${z%.*}${z#*.}" \
			'Summary: x' 'License: x' '%description' 'x' '%install' "cp -a $PWD/root/usr %{buildroot}" '%files' '/usr' >x.spec
		rpmbuild --define "_topdir $PWD/top" -bb x.spec >log 2>&1 || { cat log; return 1; }
	done
	for it in top/RPMS/*/*.rpm; do
		status 0 "$PKGNOTE" show --json "$it"; both one
		tar cf outer.tar -C "$(dirname "$it")" "$(basename "$it")"
		status 0 "$PKGNOTE" show --json outer.tar; both one
		says out '"member":"x-1-.*rpm: usr/bin/one"'
		# As packages of format 6 have it: names and sizes are in the header alone.
		[ "$(rpm -qp --qf '%{RPMFORMAT}' "$it" 2>/dev/null)" != 6 ] || continue
		rpm2cpio "$it" >x.cpio; status 0 "$PKGNOTE" show --json x.cpio; both one # the last name has the contents
		case $it in *ufdio*) continue ;; esac
		python3 "$TOP/tests/tools/rpm_strip.py" "$it" stripped.rpm
		tar cf outer.tar stripped.rpm
		status 0 "$PKGNOTE" show --json outer.tar; both one
		says out '"member":"stripped.rpm: usr/bin/one"'
		python3 "$TOP/tests/tools/rpm_strip.py" "$it" other.rpm 500; tar cf outer.tar other.rpm
		status 3 "$PKGNOTE" show outer.tar
		says err 'outer.tar: other.rpm: .*a file that the header does not list'
	done
	same "$(find top/RPMS -name '*.rpm' | wc -l)" 5
}
check ".rpm of each compression, as it is and inside an archive" rpm_inside

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

# What crane, ko and kaniko write; and a manifest that is larger than any is.
docker_by_others() {
	need perl tar sha256sum
	three_layers
	mkdir saved; layers=
	for layer in low middle; do
		d=$(sha256sum <$layer | cut -d' ' -f1); cp $layer saved/$d.tar.gz; layers="$layers${layers:+,}\"$d.tar.gz\""
	done
	echo '{}' >"saved/sha256:$d"
	echo "[{\"Config\":\"sha256:$d\",\"Layers\":[$layers]}]" >saved/manifest.json
	tar cf saved.tar -C saved "sha256:$d" manifest.json $(cd saved && ls ./*.gz)
	status 0 "$PKGNOTE" show --json saved.tar
	says_not out removed
	same "$(grep -c '"layer":' out)" "$(wc -l <out)"
	mkdir -p big/blobs/sha256; echo '{}' >big/oci-layout
	{ printf '{"layers":[],"x":"'; head -c 5000000 /dev/zero | tr '\0' a; echo '"}'; } >manifest
	d=$(sha256sum <manifest | cut -d' ' -f1); mv manifest "big/blobs/sha256/$d"; echo "{\"manifests\":[{\"digest\":\"sha256:$d\"}]}" >big/index.json
	tar cf big.tar -C big .
	for it in big big.tar; do
		status 3 "$PKGNOTE" show $it
		same "$(wc -l <err)" 1; says_not err 'the SHA-256 of'
	done
}
check "docker archives with names of others; a manifest of 5 MB: one line" docker_by_others

# Images as other tools write them.
by_tools() {
	need perl umoci skopeo
	program tree/usr/bin/one one; program tree/usr/bin/two two; program top/three three
	umoci init --layout L; umoci new --image L:t
	umoci insert --rootless --image L:t tree/usr /usr
	umoci insert --rootless --image L:t top/three /opt/three
	umoci insert --rootless --image L:t --whiteout /usr/bin/two
	skopeo --insecure-policy copy -q oci:L:t docker-archive:saved.tar:x:1
	skopeo --insecure-policy copy -q oci:L:t oci-archive:oci.tar
	for it in L oci.tar saved.tar; do
		status 0 "$PKGNOTE" show --json $it; both one three; same "$(cat err)" ''
	done
}
check "images by umoci, and what skopeo makes of them: OCI archive, docker archive" by_tools

# Layers that end with the last byte of their last member, as umoci insert makes them. One byte less is one too few.
without_filling() {
	need perl tar gzip sha256sum
	program one one; program two two
	printf x | tee -a one >>two # no whole blocks
	tar cf both.tar one two
	size=$(stat -c %s two); at=$((512 + (($(stat -c %s one) + 511) / 512) * 512 + 512))
	for end in $((at + size)) $((at + size + 100)); do
		head -c $end both.tar >a.tar; gzip -c a.tar >a.tar.gz
		image layout$end a.tar.gz
		for it in a.tar a.tar.gz layout$end; do
			status 0 "$PKGNOTE" show --json $it; both one two; same "$(cat err)" ''
		done
		# A text at the end is passed over without being read.
		echo text >text; tar cf t.tar one text; head -c $((at + 5)) t.tar >a.tar; gzip -c a.tar >a.tar.gz
		for it in a.tar a.tar.gz; do status 0 "$PKGNOTE" show --json $it; both one; done
	done
	head -c $((at + size - 1)) both.tar >a.tar; gzip -c a.tar >a.tar.gz
	for it in a.tar a.tar.gz; do status 3 "$PKGNOTE" show --json $it; both one; says err '[Tt]runcated|cut short'; done
	head -c $((at + 4)) t.tar >a.tar; status 3 "$PKGNOTE" show a.tar
	# A packed one that is cut where the filling is: not the tar's end.
	gzip -c both.tar >whole.gz; head -c $(($(stat -c %s whole.gz) - 12)) whole.gz >a.tar.gz
	status 3 "$PKGNOTE" show a.tar.gz
}
check "a tar without the filling behind its last member is whole; one byte less is not" without_filling

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
		says err 'not what the image names: the SHA-256'
		same "$(wc -l <err)" 3
	done
	echo '{"manifests":[{"digest":"sha256:../../x"},{"digest":"sha256:12"}]}' >layout/index.json
	status 3 "$PKGNOTE" show layout
	same "$(wc -l <err)" 2
	# An index that names itself, which no digest can be right for.
	d=$(printf '%064d' 7)
	echo "{\"manifests\":[{\"digest\":\"sha256:$d\"}]}" | tee layout/index.json >"layout/blobs/sha256/$d"
	status 3 "$PKGNOTE" show layout
	says err 'the SHA-256 of this manifest is'
	same "$(wc -l <err)" 1
	echo '[]' >layout/index.json
	status 3 "$PKGNOTE" show layout
	rm layout/index.json
	status 3 "$PKGNOTE" show layout
}
check "images that name what is not there, layers cut short, indexes that go round: told, and the rest shown" bad_images

tampered() {
	need tar sha256sum zstd
	three_layers
	image layout low middle top
	# As long as it was, and a sound archive: other bytes.
	mkdir other; program other/keep evil; tar cf other.tar -C other .
	digest=$(sha256sum <middle | cut -d' ' -f1)
	cp other.tar "layout/blobs/sha256/$digest"
	tar cf image.tar -C layout .
	for image in layout image.tar; do
		status 3 "$PKGNOTE" show --json $image
		says err "sha256:$digest: not what the image names: the SHA-256 of this layer's bytes is $(sha256sum <other.tar | cut -d' ' -f1)\$"
		same "$(wc -l <err)" 1
		says out '"member":"opaque/top"'
	done
	image sound low middle top
	# Bytes behind the end of a layer are its bytes too.
	echo more >>"sound/blobs/sha256/$(sha256sum <low | cut -d' ' -f1)"
	status 3 "$PKGNOTE" show sound
	says err 'not what the image names'
	image sound2 low middle top
	manifest=$(sed -n 's/.*sha256:\([0-9a-f]*\).*/\1/p' sound2/index.json)
	echo ' ' >>"sound2/blobs/sha256/$manifest"
	tar cf sound2.tar -C sound2 .
	for image in sound2 sound2.tar; do
		status 3 "$PKGNOTE" show --json $image
		says err "sha256:$manifest: not what the image names: the SHA-256 of this manifest"
		same "$(seen)" "$all_that_is_seen"
	done
}
check "layers and manifests whose bytes are not those that the image names: told" tampered

links_between_layers() {
	need perl tar sha256sum
	# A link to a file that a layer above replaces; one to a file of a layer below.
	program l/bin/a low; ln l/bin/a l/bin/b; program l/bin/c lower
	tar cf low --sort=name -C l .
	program m/bin/c lower; program m/bin/d middle
	ln m/bin/c m/bin/e
	tar cf middle --sort=name -C m bin/d
	# "e" links to "c", which is in the layer below alone.
	perl -we 'use strict; my ($path, $to) = @ARGV; my $h = pack("a100 a8 a8 a8 a12 a12 a8 a1 a100 a6 a2", $path, "0000644", "0000000", "0000000", "00000000000", "00000000000", " " x 8, "1", $to, "ustar", "00");
		$h .= "\0" x (512 - length $h); substr($h, 148, 8) = sprintf("%06o\0 ", unpack("%32C*", $h)); print $h' bin/e bin/c >link
	{ cat link; cat middle; } >joined; mv joined middle
	program t/bin/a top; touch t/bin/.wh.c
	tar cf top -C t .
	image layout low middle top
	tar cf image.tar -C layout .
	for image in layout image.tar; do
		status 0 "$PKGNOTE" show --json $image
		same "$(seen)" 'bin/a top top
bin/b low low
bin/d middle middle
bin/e lower low'
	done
	{ cat link; head -c 1024 /dev/zero; } >alone
	image nothing alone
	status 3 "$PKGNOTE" show nothing
	says err 'bin/e: a hard link to a file that no layer has'
}
check "hard links to files that other layers hide, take away or have" links_between_layers

other_types() {
	need perl tar sha256sum
	program t/one one; tar cf low -C t .
	image layout low
	echo '{"predicate":1}' >statement
	d=$(sha256sum <statement | cut -d' ' -f1); cp statement "layout/blobs/sha256/$d"
	echo "{\"layers\":[{\"mediaType\":\"application/vnd.in-toto+json\",\"digest\":\"sha256:$d\"}]}" >attest
	a=$(sha256sum <attest | cut -d' ' -f1); cp attest "layout/blobs/sha256/$a"
	sed -i "s/\]}\$/,{\"digest\":\"sha256:$a\",\"platform\":{\"os\":\"unknown\"}}]}/" layout/index.json
	# An index in the index, of two platforms.
	cp layout/index.json inner; i=$(sha256sum <inner | cut -d' ' -f1); cp inner "layout/blobs/sha256/$i"
	echo "{\"manifests\":[{\"digest\":\"sha256:$i\"}]}" >layout/index.json
	status 0 "$PKGNOTE" show --json layout
	both one
	same "$(cat err)" "pkgnote show: layout: sha256:$d is of type application/vnd.in-toto+json, not a layer of files: not looked into"
}
check "attestations in an image: said; indexes in the index: gone into" other_types

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

# A member that is too large for memory: read all the same, in little memory, and nothing is left of it.
large_members() {
	need perl tar gzip zip prlimit
	program tree/big big; program tree/small small
	head -c 60000000 /dev/urandom >noise
	objcopy --add-section .noise=noise tree/big
	rm noise; mkdir tmp; export TMPDIR=$PWD/tmp
	unpacked() { for f in big small; do echo "$f $(readelf -n tree/$f | sed -n 's/.*Build ID: //p') $f"; done; }
	tar cf a.tar -C tree .; gzip -1 -k a.tar; (cd tree && zip -q0 ../a.zip big small)
	for it in a.tar a.tar.gz a.zip; do
		gives $it
		same "$(find tmp -type f)" ''
	done
	# As for a file that is not in an archive, digests and all.
	status 0 "$PKGNOTE" show --report=cyclonedx a.tar.gz
	says out "$(sha256sum <tree/big | cut -d' ' -f1)"
	[ -n "${SANITIZED_BUILD:-}" ] || case $BUILD in *sanitized*) ;; *) prlimit --data=48000000 "$PKGNOTE" show --json a.tar.gz >out; same "$(records)" "$(unpacked)" ;; esac
	TMPDIR=$PWD/nowhere gives a.tar
	# Cut short, and where there is no room.
	head -c 30000000 a.tar >cut.tar
	status 3 "$PKGNOTE" show --json cut.tar
	same "$(wc -l <err)" 1
	same "$(find tmp -type f)" ''
	(ulimit -f 20000; trap '' XFSZ; status 3 "$PKGNOTE" show --json a.tar)
	says err '^pkgnote show: a.tar: (./)?big: .*temporary file'
	both small
}
check "members of any size in little memory" large_members

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
