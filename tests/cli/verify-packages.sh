# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote verify on packages: what dpkg-deb and rpmbuild make, lists of packages, debug packages
# in place of a server, and packages that mean harm.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

# tree TYPE VERSION: ./root with a program, split by eu-strip into ./debug, its source in ./source.
tree() {
	need "$CC" eu-strip readelf python3
	local source=/usr/src/debug/t-1.x86_64
	mkdir -p src root/usr/bin debug/usr/lib/debug/.build-id source$source
	echo 'int main(void) { return 0; }' >src/one.c
	"$CC" -g -o one "$PWD/src/one.c" "-ffile-prefix-map=$PWD/src=$source" -Wl,--build-id \
		"$PAGE_ONE" -Xlinker "--package-metadata={\"type\":\"$1\",\"name\":\"t\",\"version\":\"$2\",\"architecture\":\"$3\"}"
	local id; id=$(readelf -n one | sed -n 's/.*Build ID: //p')
	mkdir -p "debug/usr/lib/debug/.build-id/${id:0:2}"
	eu-strip -f one.debug -o root/usr/bin/one one
	cp one.debug "debug/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
	cp src/one.c source$source
}

# deb ROOT NAME VERSION [FIELD...]: NAME_VERSION.deb of the tree ROOT.
deb() {
	need dpkg-deb
	local root=$1 name=$2 version=$3; shift 3
	mkdir -p "$root/DEBIAN"
	printf '%s\n' "Package: $name" "Version: $version" "Architecture: amd64" "Maintainer: T <t@example.org>" "$@" \
		"Description: test" >"$root/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$root" "${name}_${version#*:}_amd64.${EXT:-deb}" >/dev/null
	rm -r "$root/DEBIAN"
}
debs() { # t, t-dbgsym and t-dbgsrc
	tree deb 1:1-2 amd64
	deb root t 1:1-2
	EXT=ddeb deb debug t-dbgsym 1:1-2 'Auto-Built-Package: debug-symbols'
	deb source t-dbgsrc 1:1-2
}

wrong() {
	python3 -c 'import json, sys
for r in json.load(open(sys.argv[1]))["results"]:
    if r["verdict"] not in ("pass", "skipped"): print(r["verdict"], r["check"], r["input"], r["path"])' "$1"
}

debian_packages_without_a_server() {
	debs
	status 0 "$PKGNOTE" verify -v t_1-2_amd64.deb t-dbgsym_1-2_amd64.ddeb t-dbgsrc_1-2_amd64.deb
	says out 'pass +debuginfo +.*t-dbgsym_1-2_amd64.ddeb: /usr/lib/debug/.build-id/'
	says out 'pass +source .* 1 served of 1'
	says out '^1 file, 7 checks: 5 pass, 2 skipped$'
	# The directory of the packages says the same.
	mkdir pool; mv ./*deb pool
	status 0 "$PKGNOTE" verify pool
	says out '5 pass, 2 skipped$'
	rm pool/t-dbgsrc*
	status 0 "$PKGNOTE" verify -v pool
	says out 'skipped +source .*no sources among the inputs'
	rm pool/*.ddeb
	status 1 "$PKGNOTE" verify pool
	says out 'unreachable +debuginfo .*no server to ask, and no debug file given'
	cp -r debug wrong
	python3 - wrong/usr/lib/debug/.build-id/*/*.debug <<-'P'
	import sys
	b = bytearray(open(sys.argv[1], "rb").read()); b[-1] ^= 1; open(sys.argv[1], "wb").write(b)
	P
	deb wrong t-dbgsym 1:1-2
	status 1 "$PKGNOTE" verify --json pool t-dbgsym*.deb
	same "$(wrong out)" "fail debuginfo pool/t_1-2_amd64.deb /usr/bin/one"
}
check ".deb and .ddeb, debug packages in place of a server" debian_packages_without_a_server

a_staging_tree_without_a_server() {
	tree deb 1-1 amd64
	cp -r debug/usr source/usr root
	status 0 "$PKGNOTE" verify root
	says out '^1 file, 7 checks: 5 pass, 2 skipped$'
	rm root/usr/src/debug/t-1.x86_64/one.c; echo x >root/usr/src/debug/t-1.x86_64/two.c
	status 1 "$PKGNOTE" verify root
	says out '^missing +source +/usr/bin/one  /usr/src/debug/t-1.x86_64/one.c'
}
check "a staging tree with its own debug tree" a_staging_tree_without_a_server

notes_agree_with_the_package() {
	debs
	local checks=--checks=note
	status 0 "$PKGNOTE" verify $checks t_1-2_amd64.deb
	deb root other 1:1-2
	status 1 "$PKGNOTE" verify $checks other_1-2_amd64.deb
	says out 'name is "t", the package.s is "other"'
	# The note names the source package, by the source's version.
	deb root libt1 1:1-2+b1 'Source: t (1:1-2)'
	status 0 "$PKGNOTE" verify $checks libt1_1-2+b1_amd64.deb
	deb root t 1:1-3
	status 1 "$PKGNOTE" verify $checks t_1-3_amd64.deb
	says out 'version is "1:1-2", the package.s is "1:1-3"'
	tree deb 1:1-2 arm64
	deb root t 1:1-2
	status 1 "$PKGNOTE" verify $checks t_1-2_amd64.deb
	says out 'architecture is "arm64", the package.s is "amd64"'
}
check "a note agrees with the package that ships it" notes_agree_with_the_package

each_compression() {
	tree deb 1-1 amd64
	mkdir -p root/DEBIAN
	printf '%s\n' 'Package: t' 'Version: 1-1' 'Architecture: amd64' 'Maintainer: T <t@example.org>' 'Description: t' >root/DEBIAN/control
	local kind
	for kind in none gzip xz zstd; do
		dpkg-deb -Z$kind --root-owner-group -b root t.deb >/dev/null 2>&1 || { [ $kind = zstd ] && continue; fail $kind; }
		status 0 "$PKGNOTE" verify --checks=note,build-id,stripped t.deb
		says out '1 file, 3 checks: 3 pass'
	done
}
check "packages in each compression" each_compression

rpm_packages() {
	need rpmbuild
	tree rpm 1-2 "$(uname -m)"
	cat >t.spec <<-S
	%global debug_package %{nil}
	%define _build_id_links none
	%define __os_install_post %{nil}
	Name: t
	Version: 1
	Release: 2
	Summary: t
	License: none
	%description
	t
	%package libs
	Summary: t
	%description libs
	t
	%package debuginfo
	Summary: t
	%description debuginfo
	t
	%package debugsource
	Summary: t
	%description debugsource
	t
	%install
	mkdir -p %{buildroot}/usr/share/t
	cp -r $PWD/root/usr $PWD/debug/usr $PWD/source/usr %{buildroot}
	cp %{buildroot}/usr/bin/one %{buildroot}/usr/bin/copy
	ln %{buildroot}/usr/bin/one %{buildroot}/usr/bin/link
	%files
	/usr/bin/one
	/usr/bin/link
	%files libs
	/usr/bin/copy
	%files debuginfo
	/usr/lib/debug
	%files debugsource
	/usr/src/debug
	S
	rpmbuild -bb --define "_topdir $PWD/top" --define "_rpmdir $PWD" --define "_rpmfilename %%{NAME}.rpm" t.spec >log 2>&1 ||
		{ tail -5 log; fail rpmbuild; }
	status 0 "$PKGNOTE" verify -v ./*.rpm
	says out '^2 files, 14 checks: 10 pass, 4 skipped$'
	says out 'pass +debuginfo +./t.rpm: /usr/bin/(one|link) '
	says out 'pass +note +./t-libs.rpm: /usr/bin/copy '
	local kind
	for kind in w9.gzdio w6.xzdio w3.zstdio w9.bzdio; do
		rpmbuild -bb --define "_topdir $PWD/top" --define "_rpmdir $PWD" --define "_rpmfilename %%{NAME}.rpm" \
			--define "_binary_payload $kind" t.spec >log 2>&1 || continue
		status 0 "$PKGNOTE" verify ./*.rpm
		says out '10 pass, 4 skipped$'
	done
	sed -i s/1-2/1-3/ t.spec
	sed -i 's/^Release: 2/Release: 3/' t.spec
	rpmbuild -bb --define "_topdir $PWD/top" --define "_rpmdir $PWD" --define "_rpmfilename %%{NAME}.rpm" t.spec >log 2>&1
	status 1 "$PKGNOTE" verify --checks=note t.rpm
	says out 'version is "1-2", the package.s is "1-3"'
}
check ".rpm with subpackages, hard links, debuginfo and debugsource" rpm_packages

# changes FILE...: t.changes that lists FILEs.
changes() {
	{
		printf 'Format: 1.8\nSource: t\nChecksums-Sha1:\n'
		printf 'Checksums-Sha256:\n'
		local file
		for file; do printf ' %s %s %s\n' "$(sha256sum <"$file" | cut -d' ' -f1)" "$(stat -c %s "$file")" "$file"; done
		printf 'Files:\n'
	} >t.changes
}
changes_name_the_inputs() {
	debs
	echo text >t.dsc
	changes t_1-2_amd64.deb t-dbgsym_1-2_amd64.ddeb t-dbgsrc_1-2_amd64.deb t.dsc
	status 0 "$PKGNOTE" verify t.changes
	says out '5 pass, 2 skipped$'
	{ printf -- '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n'; cat t.changes; printf -- '-----BEGIN PGP SIGNATURE-----\n\nx\n'; } >signed.buildinfo
	mkdir away; (cd away && status 0 "$PKGNOTE" verify ../signed.buildinfo)
	echo more >>t.dsc
	status 3 "$PKGNOTE" verify t.changes
	says err 't.dsc: it has 10 bytes, 5 are listed'
	says out '5 pass, 2 skipped$'
	printf mor >t.dsc; printf 'e\n' >>t.dsc
	status 3 "$PKGNOTE" verify t.changes
	says err 't.dsc: its SHA-256 is '
	rm t-dbgsrc*
	status 3 "$PKGNOTE" verify --json t.changes
	says err 't-dbgsrc_1-2_amd64.deb: open: No such file'
	says out '"unread": \[$'
	sed -i 's/ t.dsc/ ..\/t.dsc/' t.changes
	status 3 "$PKGNOTE" verify t.changes
	says err 'leads out of the directory'
	printf 'Format: 1.8\n' >t.changes
	status 3 "$PKGNOTE" verify t.changes
	says err 'no field Checksums-Sha256'
}
check ".changes and .buildinfo: all that they name, with checksums" changes_name_the_inputs

# hostile NAME: NAME.deb of the tar that python code on stdin writes to `tar`.
hostile() {
	python3 - "$1.deb" <<-P
	import io, lzma, sys, tarfile
	control = io.BytesIO()
	with tarfile.open(fileobj=control, mode="w") as t:
	    data = b"Package: t\nVersion: 1\nArchitecture: amd64\n"
	    i = tarfile.TarInfo("./control"); i.size = len(data); t.addfile(i, io.BytesIO(data))
	raw = io.BytesIO()
	def member(tar, name, data, **more):
	    i = tarfile.TarInfo(name); i.size = len(data)
	    for k, v in more.items(): setattr(i, k, v)
	    tar.addfile(i, io.BytesIO(data))
	tar = tarfile.open(fileobj=raw, mode="w")
	one = open("root/usr/bin/one", "rb").read()
	$(cat)
	tar.close()
	out = b"!<arch>\n"
	for name, data in (("debian-binary", b"2.0\n"), ("control.tar", control.getvalue()), ("data.tar.xz", lzma.compress(raw.getvalue(), preset=0))):
	    out += ("%-16s%-12d%-6d%-6d%-8s%-10d\`\n" % (name, 0, 0, 0, "100644", len(data))).encode() + data + b"\n" * (len(data) % 2)
	open(sys.argv[1], "wb").write(out)
	P
}
packages_that_mean_harm() {
	tree deb 1 amd64
	# Any of these that is unpacked whole ends here. (Sanitizers want more than there is.)
	! (ulimit -v 1500000 && "$PKGNOTE" --version) >/dev/null 2>&1 || ulimit -v 1500000
	hostile good <<-'P'
	member(tar, "./usr/bin/one", one)
	P
	hostile traversal <<-'P'
	member(tar, "./usr/../../etc/one", one)
	P
	hostile links <<-'P'
	member(tar, "./usr/bin/link", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")
	member(tar, "./usr/bin/hard", b"", type=tarfile.LNKTYPE, linkname="./usr/bin/one")
	member(tar, "./usr/bin/fifo", b"", type=tarfile.FIFOTYPE)
	member(tar, "./usr/bin/device", b"", type=tarfile.CHRTYPE)
	member(tar, "./usr/bin/one", one)
	P
	hostile outside <<-'P'
	member(tar, "./usr/bin/hard", b"", type=tarfile.LNKTYPE, linkname="./../../../etc/passwd")
	P
	hostile many <<-'P'
	for n in range(50000): member(tar, "./usr/share/%d" % n, b"")
	member(tar, "./usr/bin/one", one)
	P
	hostile lies <<-'P'
	member(tar, "./usr/bin/one", one)
	i = tarfile.TarInfo("./usr/bin/two"); i.size = 1 << 40; tar.fileobj.write(i.tobuf()); tar.fileobj.write(one)
	P
	hostile bomb <<-'P'
	member(tar, "./usr/bin/one", one)
	member(tar, "./usr/bin/two", b"\x7fELF" + bytes(300 << 20))
	P
	hostile twice <<-'P'
	member(tar, "./usr/bin/one", one)
	member(tar, "./usr/bin/one", one[:15] + b"x" + one[16:])
	P
	hostile long <<-'P'
	member(tar, "./" + "a/" * 4000 + "one", one)
	P
	head -c 1000 good.deb >short.deb
	head -c 60 good.deb >shorter.deb
	tail -c +9 good.deb >headless.deb
	sed 's/debian-binary/debian-binarx/' good.deb >unnamed.deb
	local options=--checks=note,build-id,stripped
	status 0 "$PKGNOTE" verify $options good.deb links.deb many.deb
	says out '^3 files, 9 checks: 9 pass$'
	local one
	for one in traversal:'leads out of the package' outside:'leads out of the package' lies:'' bomb:'usr/bin/two: it unpacks to more than 64 times its size and 64 MB: --max-expansion' \
		long:'a name' short:'' shorter:'' headless:'' unnamed:''; do
		status 3 timeout 20 "$PKGNOTE" verify $options "${one%%:*}.deb" good.deb
		says err "^pkgnote verify: ${one%%:*}.deb: .*${one#*:}"
		says out ' pass$'
	done
	status 1 "$PKGNOTE" verify $options twice.deb
	says out '2 fail|fail +2|something else is loaded'
}
check "hostile packages: a clear verdict each, the others go on" packages_that_mean_harm

a_bomb_of_many_zeros() {
	tree deb 1 amd64
	mkdir -p bomb/usr/share
	truncate -s 1500M bomb/usr/share/zeros
	cp root/usr/bin/one bomb/usr/share/zzz
	mkdir -p bomb/DEBIAN
	printf '%s\n' 'Package: t' 'Version: 1' 'Architecture: amd64' 'Maintainer: T <t@example.org>' 'Description: t' >bomb/DEBIAN/control
	# By hand: one and a half gigabytes of zeros are some kilobytes of zstd's.
	need zstd tar
	tar -C bomb -cf - ./usr | zstd -q -3 -T2 >data.tar.zst
	tar -C bomb/DEBIAN -cf control.tar ./control
	printf '2.0\n' >debian-binary
	ar rc bomb.deb debian-binary control.tar data.tar.zst
	status 3 timeout 30 "$PKGNOTE" verify --checks=note,build-id,stripped bomb.deb
	says err 'usr/share/zeros: it unpacks to more than 64 times its size and 1 GB: --max-expansion allows more'
	status 0 timeout 60 "$PKGNOTE" verify --max-expansion=1000000 --checks=note,build-id,stripped bomb.deb
}
check "a bomb of zeros that nobody wants is not unpacked to the end" a_bomb_of_many_zeros

parts_make_a_whole() {
	debs
	mkdir pool; mv ./*deb pool
	cp -r root other; printf '\1' | dd of=other/usr/bin/one bs=1 seek=15 conv=notrunc status=none
	deb other u 1-1
	mv u_* pool
	local i
	for i in 1 2 3; do "$PKGNOTE" verify --json --shard=$i/3 pool >part$i.json || :; done
	"$PKGNOTE" verify --json pool >whole.json || :
	status 1 "$PKGNOTE" verify --json --merge part3.json part1.json part2.json
	python3 - out whole.json <<-'P'
	import json, sys
	a, b = (json.load(open(n)) for n in sys.argv[1:])
	ids = lambda r: {(x["input"], x["path"], x["check"], x["verdict"]) for x in r["results"] if x["check"] == "build-id"}
	assert ids(a) == ids(b) and any(x[3] == "fail" for x in ids(a)), (ids(a), ids(b))
	assert len(a["results"]) == len(b["results"])
	P
	status 3 "$PKGNOTE" verify --merge part1.json part3.json
	says err 'part 2 of 3: its report is missing'
	status 3 "$PKGNOTE" verify --merge part1.json part1.json part2.json part3.json
	says err 'part 1 of 3 has come already'
	echo '{"reportVersion": 2}' >two.json; echo '{' >broken.json
	status 3 "$PKGNOTE" verify --merge whole.json two.json broken.json
	says err 'two.json: reportVersion is not 1'
	says err 'broken.json: no report'
	status 2 "$PKGNOTE" verify --merge --shard=1/2 whole.json
	for i in 0/3 4/3 x 1/ 1/2/3; do status 2 "$PKGNOTE" verify --shard=$i pool; done
}
check "--shard and --merge: the same as in one go" parts_make_a_whole

junit_fits_the_schema() {
	need xmllint
	debs
	status 1 "$PKGNOTE" verify --report=junit:junit.xml --expect name='<&">' t_1-2_amd64.deb t-dbgsym*
	cat >junit.xsd <<-'X'
	<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">
	<!-- The structure that Jenkins and GitLab agree on; tests/interop/verify-debian.sh has Jenkins' own. -->
	<xs:complexType name="problem" mixed="true"><xs:attribute name="type"/><xs:attribute name="message"/></xs:complexType>
	<xs:element name="testsuites"><xs:complexType><xs:sequence>
	<xs:element name="testsuite" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
	<xs:element name="testcase" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:choice minOccurs="0" maxOccurs="unbounded">
	<xs:element name="skipped" type="xs:string"/><xs:element name="error" type="problem"/><xs:element name="failure" type="problem"/>
	</xs:choice><xs:attribute name="name" use="required"/><xs:attribute name="classname" use="required"/></xs:complexType></xs:element>
	</xs:sequence><xs:attribute name="name" use="required"/><xs:attribute name="tests" type="xs:integer" use="required"/>
	<xs:attribute name="failures" type="xs:integer"/><xs:attribute name="errors" type="xs:integer"/><xs:attribute name="skipped" type="xs:integer"/>
	</xs:complexType></xs:element></xs:sequence><xs:attribute name="name"/></xs:complexType></xs:element>
	</xs:schema>
	X
	xmllint --noout --schema junit.xsd junit.xml
	same "$(xmllint --xpath 'count(//testcase)' junit.xml)" 7
	same "$(xmllint --xpath 'string(//testcase[@name="note"]/failure/@type)' junit.xml)" fail
	says junit.xml 'expected &quot;&lt;&amp;&quot;&gt;&quot;'
}
check "JUnit: a test case for each check, by the schema" junit_fits_the_schema

html_filters() {
	local browser
	browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "no Chromium on this machine"
	debs
	rm t-dbgsrc*
	status 1 "$PKGNOTE" verify --report=html:report.html --expect name='</script><b>' ./*.deb root
	[ -s report.html ]
	same "$(grep -cE '(src|href)=' report.html)" 0
	page() { # page SCRIPT: the page after SCRIPT ran
		sed "s|</body></html>|<script>$1</script></body></html>|" report.html >clicked.html
		timeout 60 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/clicked.html" 2>/dev/null >dom
	}
	page ''
	says dom '2 of 2 files'
	says_not report.html '<b></'
	page "document.querySelector('.chip.unreachable').click()"
	says dom '2 of 2 files'
	page "document.querySelector('.chip.missing').click()"
	says dom '0 of 2 files'
	page "document.querySelector('.chip.fail').click(); [...document.querySelectorAll('.column')].find(b=>b.textContent==='stripped').click()"
	says dom '0 of 2 files'
	page "document.querySelector('.chip.fail').click(); [...document.querySelectorAll('.column')].find(b=>b.textContent==='note').click()"
	says dom '2 of 2 files'
	page "search.value='one.x'; search.dispatchEvent(new Event('input'))"
	says dom '0 of 2 files'
}
check "the HTML report in a browser: filters are clicked" html_filters

# A browser needs seconds for the cells of 100,000 files: few elements, what is wanting on top, all there without a script.
html_of_many() {
	python3 - <<-'P'
	import json
	results = []
	for i in range(100000):
	    for check in ("build-id", "debuginfo", "note"):
	        bad = i in (70000, 99999) and check == "debuginfo"
	        results.append({"input": f"in{i // 50000}", "path": f"/usr/bin/f{i:06}", "buildId": f"{i:040x}", "check": check,
	            "verdict": "missing" if bad else "pass", "reason": "no <one> has it" if bad else "good", "servers": []})
	summary = {v: sum(r["verdict"] == v for r in results) for v in ("pass", "fail", "missing", "unreachable", "skipped")}
	json.dump({"reportVersion": 1, "results": results, "summary": summary}, open("many.json", "w"))
	P
	status 1 "$PKGNOTE" verify --merge --report=html:report.html many.json
	same "$(grep -o '<t[dhr]' report.html | wc -l)" "$((250 * 5 + 4 + 2 * 3))"
	same "$(grep -oE '/usr/bin/f[0-9]{6}' report.html | sort -u | wc -l)" 100000
	same "$(grep -oE '<summary>/usr/bin/f[0-9]*' report.html | head -3 | tr -d '\n')" \
		'<summary>/usr/bin/f070000<summary>/usr/bin/f099999<summary>/usr/bin/f000000'
	same "$(grep -c '<details open>' report.html)" 2
	same "$(grep -c '<details class="page">' report.html)" 20
	local browser
	browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "no Chromium on this machine"
	shown() { # shown SCRIPT: what the page tells after it
		sed "s|</body></html>|<script>$1</script></body></html>|" report.html >clicked.html
		timeout 120 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/clicked.html" 2>/dev/null |
			grep -o 'id="shown">[^<]*' | cut -d'>' -f2
	}
	same "$(shown '')" '100000 of 100000 files'
	same "$(shown "document.querySelector('.chip.missing').click()")" '2 of 100000 files'
	same "$(shown "search.value='/f05432'; search.dispatchEvent(new Event('input'))")" '10 of 100000 files'
	same "$(shown "document.querySelector('.chip.pass').click(); document.querySelector('.column').click()")" '100000 of 100000 files'
	same "$(shown "document.querySelector('.chip.skipped').click(); document.querySelector('.column').click()")" '0 of 100000 files'
}
check "the HTML report of 100,000 files: what is wanting on top, the rest in closed pages" html_of_many

html_by_keyboard() {
	need chromium chromedriver
	(html_of_many) || [ $? = 77 ]
	python3 -B "$TOP/tests/tools/page_keys.py" report.html "$(command -v chromium)"
}
check "the HTML report of 100,000 files: open in under 2 s, by the keyboard, without scripts" html_by_keyboard

lists_of_what_is_not_at_hand() {
	tree deb 1 amd64
	local id; id=$(readelf -n one | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$id/source/usr/src/debug/t-1.x86_64"
	cp one.debug "share/buildid/$id/debuginfo"; cp root/usr/bin/one "share/buildid/$id/executable"
	cp src/one.c "share/buildid/$id/source/usr/src/debug/t-1.x86_64"
	printf '# ours\n%s\n\n' "$id" >ids
	status 0 "$PKGNOTE" verify --server="file://$PWD/share" ids
	says out '^1 file, 7 checks: 4 pass, 3 skipped$'
	echo nonsense >>ids
	status 3 "$PKGNOTE" verify --server="file://$PWD/share" ids
	says err 'ids: no build-id'
	rm -r "share/buildid/$id/debuginfo"
	status 3 "$PKGNOTE" verify --server="file://$PWD/share" ids
	says out "^missing +debuginfo +$id"
	need gdb
	gdb -q -batch -ex starti -ex 'gcore core' root/usr/bin/one >log 2>&1 || :
	[ -s core ] || skip "gdb makes no core here"
	status 1 "$PKGNOTE" verify --server="file://$PWD/share" --json core
	says out "\"path\": \".*/root/usr/bin/one\", \"buildId\": \"$id\", \"check\": \"note\", \"verdict\": \"pass\""
}
check "a list of build-ids, a core file" lists_of_what_is_not_at_hand

the_manifest_excuses() {
	tree rpm 1-1 x86_64
	mkdir -p built/usr/bin src2
	echo 'int part(void) { return 3; }' >src2/part.c
	echo 'int part(void); int main(void) { return part(); }' >src2/main.c
	"$CC" -g -o built/usr/bin/one "$PWD/src2/main.c" "$PWD/src2/part.c" -Wl,--build-id
	"$CC" -g0 -s -o built/usr/bin/none "$PWD/src2/main.c" "$PWD/src2/part.c" -Wl,--build-id
	rm src2/part.c
	"$PKGNOTE" stamp -k type=rpm -k name=t -k version=1-1 built >log 2>&1
	"$PKGNOTE" split --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 --build-dir="$PWD/src2" \
		--manifest=m.json built >log 2>&1
	"$PKGNOTE" publish --into=share --manifest=m.json built >log 2>&1
	# Without it, what the split found wanting is wanting.
	status 1 "$PKGNOTE" verify --json --server="file://$PWD/share" built
	same "$(wrong out | cut -d' ' -f1,2,4 | tr '\n' ,)" \
		"missing debuginfo /usr/bin/none,missing executable /usr/bin/none,fail stripped /usr/bin/none,missing source /usr/bin/one,"
	status 0 "$PKGNOTE" verify -v --server="file://$PWD/share" --manifest=m.json built
	says out 'skipped +stripped +/usr/bin/none  left alone by the split: no debug information'
	says out 'pass +source +/usr/bin/one  .*1 that are not its own are not, as .*/part.c'
	# As an input it stands for the tree.
	status 0 "$PKGNOTE" verify --server="file://$PWD/share" --manifest=m.json m.json
	chmod -R u+w share; printf x >>"$(find share -name debuginfo | head -1)"
	status 1 "$PKGNOTE" verify --json --server="file://$PWD/share" --manifest=m.json m.json
	same "$(wrong out)" "fail debuginfo m.json /usr/bin/one"
}
check "a manifest: what the split left alone, and in place of the tree" the_manifest_excuses

what_was_lost_since() {
	tree deb 1 amd64
	mkdir root2; cp -r root/usr root2
	"$PKGNOTE" --help | grep -q '^  split' || skip "no split in this build"
	local map=/usr/src/debug/t-1-1.x86_64 version
	for version in 1 2; do
		rm -rf tree$version; mkdir -p tree$version/usr/bin
		cp one tree$version/usr/bin/one
		[ $version = 1 ] || "$CC" -g0 -o tree2/usr/bin/one "$PWD/src/one.c" -Wl,--build-id
		"$PKGNOTE" split --layout=rpm --name=t --package-version=$version --release=1 --arch=x86_64 -k type=rpm --stamp \
			--build-dir="$PWD/src" --manifest=m$version.json tree$version >log 2>&1 || { cat log; fail split; }
	done
	status 0 "$PKGNOTE" verify --since=m1.json tree1
	says out '^since +1 '
	status 1 "$PKGNOTE" verify --since=m1.json --checks=since tree2
	says out '^(missing|fail|unreachable) +since +/usr/bin/one'
	status 2 "$PKGNOTE" verify --checks=since tree1
	# Debug information that fell by more than half, lost sources, a lost note, a lost build-id.
	edit() { python3 -c 'import json, sys; m = json.load(open("m1.json")); f = m["files"][0]; exec(sys.argv[1]); json.dump(m, open("edited.json", "w"))' "$1"; }
	edit 'f["debugFile"]["size"] = f["debugFile"]["size"] * 2 - 9'
	status 0 "$PKGNOTE" verify --checks=since --since=edited.json tree1
	edit 'f["debugFile"]["size"] *= 3'
	status 1 "$PKGNOTE" verify --checks=since --since=edited.json tree1
	says out '^fail +since +/usr/bin/one  its debug information fell from [0-9]+ to [0-9]+ bytes'
	# The only path that differs in nothing but numbers is the same file.
	edit 'f["path"] = "/usr/bin/one7"'
	status 0 "$PKGNOTE" verify -v --checks=since --since=edited.json tree1
	says out '^skipped +since +/usr/bin/one  not in the last release'
	mv tree1/usr/bin/one tree1/usr/bin/one12
	edit 'f["path"] = "/usr/bin/one7"; f["debugFile"]["size"] *= 3'
	status 1 "$PKGNOTE" verify --checks=since --since=edited.json tree1
	mv tree1/usr/bin/one12 tree1/usr/bin/one
	"$CC" -g -o unmoved "$PWD/src/one.c" -Wl,--build-id "$PAGE_ONE" -Xlinker '--package-metadata={"type":"rpm","name":"t"}'
	mkdir unmoved.root; eu-strip -f unmoved.root/one.debug -o unmoved.root/one unmoved
	edit 'f["path"] = "/one"; f["debugFile"]["size"] = 100; f["sources"] = ["t-1-1.x86_64/one.c"]'
	status 1 "$PKGNOTE" verify --checks=since --since=edited.json unmoved.root
	says out '^fail +since +/one  the last release had sources below /usr/src/debug'
	objcopy --remove-section=.note.package tree1/usr/bin/one 2>/dev/null
	status 1 "$PKGNOTE" verify --checks=since --since=m1.json tree1
	says out '^fail +since +/usr/bin/one  the last release had a package note'
	edit 'f.pop("package")'
	objcopy --remove-section=.note.gnu.build-id tree1/usr/bin/one
	status 1 "$PKGNOTE" verify --checks=since --since=edited.json tree1
	says out '^fail +since +/usr/bin/one  the last release had a build-id'
}
check "--since: what was lost since the last release" what_was_lost_since
finish
