# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote show --report and --summary: package URLs, evidence, dependencies, what has no note. The judges of the
# form are the official schemas.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

library='{"type":"rpm","name":"it-libs","version":"2:1.0+a-3.fc38","architecture":"x86_64","osCpe":"cpe:/o:fedoraproject:fedora:38"}'
program='{"type":"deb","os":"debian","osVersion":"12","name":"It","version":"1:2-3","architecture":"x86_64"}'

# tree: tree/usr/lib/libit.so.1 and tree/usr/bin/{it,bare}, which need it.
tree() {
	mkdir -p tree/usr/lib tree/usr/bin
	echo 'int lib(int x) { return x; }' >lib.c
	echo 'int lib(int); int main(void) { return lib(0); }' >it.c
	"$CC" -shared -fPIC -Wl,-soname,libit.so.1 "$PAGE_ONE" -Xlinker "--package-metadata=$library" -o tree/usr/lib/libit.so.1 lib.c
	"$CC" "$PAGE_ONE" -Xlinker "--package-metadata=$program" -o tree/usr/bin/it it.c tree/usr/lib/libit.so.1
	"$CC" -o tree/usr/bin/bare it.c tree/usr/lib/libit.so.1
}

# of PERL: what the expression gives for the document $d in ./out, whose components by name are %c and by reference %r.
of() {
	perl -MJSON::PP -e 'local $/; $d = decode_json(<STDIN>); $c{$_->{name}} = $r{$_->{"bom-ref"}} = $_ for @{$d->{components}};
		print join("\n", eval shift), "\n"; die $@ if $@' "$1" <out
}

cyclonedx() {
	need perl sha256sum readelf
	tree
	status 0 "$PKGNOTE" show --report=cyclonedx tree
	same "$(of '$d->{bomFormat}, $d->{specVersion}')" "$(printf 'CycloneDX\n1.6')"
	same "$(of '$c{"It"}{purl}')" 'pkg:deb/debian/it@1:2-3?arch=amd64&distro=debian-12'
	same "$(of '$c{"it-libs"}{purl}')" 'pkg:rpm/fedora/it-libs@1.0%2Ba-3.fc38?arch=x86_64&distro=fedora-38&epoch=2'
	same "$(of 'map { $_->{content} } grep { $_->{alg} eq "SHA-256" } @{$c{"tree/usr/bin/bare"}{hashes}}')" "$(sha256sum <tree/usr/bin/bare | cut -d' ' -f1)"
	same "$(of 'map { $_->{value} } grep { $_->{name} eq "pkgnote:buildId" } @{$c{"tree/usr/bin/it"}{properties}}')" \
		"$(readelf -n tree/usr/bin/it | sed -n 's/.*Build ID: //p')"
	same "$(of 'map { $_->{location} } @{$c{"it-libs"}{evidence}{occurrences}}')" tree/usr/lib/libit.so.1
	same "$(of 'map { $_->{value} } grep { $_->{name} eq "pkgnote:package" } @{$c{"tree/usr/bin/bare"}{properties}}')" 'no note'
	same "$(of 'map { my $x = $_; map { "$r{$x->{ref}}{name} $r{$_}{name}" } @{$x->{dependsOn}} } @{$d->{dependencies}}')" "It it-libs
tree/usr/bin/bare tree/usr/lib/libit.so.1
tree/usr/bin/it tree/usr/lib/libit.so.1"
	says out 'pkgnote:neededElsewhere'
	# Each reference is of one component.
	same "$(of 'grep { !$r{$_} } map { $_->{ref}, @{$_->{dependsOn}} } @{$d->{dependencies}}')" ''
}
check "CycloneDX: packages with their URLs, files as evidence, dependencies, files without note" cyclonedx

spdx() {
	need perl sha1sum
	tree
	status 0 "$PKGNOTE" show --report=spdx tree
	same "$(of '$d->{spdxVersion}, $d->{creationInfo}{created}')" "$(printf 'SPDX-2.3\n1970-01-01T00:00:00Z')"
	same "$(of 'map { $_->{externalRefs}[0]{referenceLocator} } @{$d->{packages}}')" \
		"$(printf 'pkg:deb/debian/it@1:2-3?arch=amd64&distro=debian-12\npkg:rpm/fedora/it-libs@1.0%%2Ba-3.fc38?arch=x86_64&distro=fedora-38&epoch=2')"
	same "$(of 'map { my $f = $_; map { "$_->{checksumValue}  $f->{fileName}" } grep { $_->{algorithm} eq "SHA1" } @{$f->{checksums}} } @{$d->{files}}')" \
		"$(sha1sum tree/usr/bin/bare tree/usr/bin/it tree/usr/lib/libit.so.1)"
	same "$(of '%n = map { $_->{SPDXID}, $_->{name} || $_->{fileName} } @{$d->{packages}}, @{$d->{files}};
		sort map { $n{$_->{spdxElementId}} . " $_->{relationshipType} $n{$_->{relatedSpdxElement}}" } grep { $_->{relationshipType} ne "DESCRIBES" } @{$d->{relationships}}')" \
		"It DEPENDS_ON it-libs
tree/usr/bin/bare DYNAMIC_LINK tree/usr/lib/libit.so.1
tree/usr/bin/it DYNAMIC_LINK tree/usr/lib/libit.so.1
tree/usr/bin/it GENERATED_FROM It
tree/usr/lib/libit.so.1 GENERATED_FROM it-libs"
}
check "SPDX: the same" spdx

deterministic() {
	tree
	for report in cyclonedx spdx; do
		"$PKGNOTE" show -j1 --report=$report tree >one
		"$PKGNOTE" show -j4 --report=$report tree/usr/lib tree/usr/bin tree/usr/bin/it >two
		cmp one two
		SOURCE_DATE_EPOCH=1700000000 "$PKGNOTE" show --report=$report tree >three
		says three '"(timestamp|created)": "2023-11-14T22:13:20Z"'
	done
	SOURCE_DATE_EPOCH=soon status 2 "$PKGNOTE" show --report=spdx tree
	says err 'SOURCE_DATE_EPOCH'
	for options in '--report=spdx --summary' '--report=spdx --json' '--summary --all' '--report=html --json' '--report=pdf'; do
		status 2 "$PKGNOTE" show $options tree
	done
}
check "a report depends on the input alone, and SOURCE_DATE_EPOCH" deterministic

odd_notes() {
	need perl
	echo 'int main(void) { return 0; }' >x.c
	"$CC" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"rpm","version":"1"}' -o nameless x.c
	"$CC" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"nix","name":"a b/c@d?","version":"1 2"}' -o odd x.c
	"$CC" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"alpm","os":"arch","name":"Pac","version":"1:6-1","architecture":"x86_64"}' -o arch x.c
	"$CC" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"apk","os":"alpine","osVersion":"3.16","name":"curl","version":"7.83.0-r0","architecture":"x86"}' -o alpine x.c
	cp odd "$(printf 'n\xff')"
	status 0 "$PKGNOTE" show --report=cyclonedx nameless odd arch alpine n*
	same "$(of 'sort map { $_->{purl} } grep { $_->{purl} } @{$d->{components}}')" "pkg:alpm/arch/pac@1:6-1?arch=x86_64&distro=arch
pkg:apk/alpine/curl@7.83.0-r0?arch=x86&distro=alpine-3.16
pkg:generic/a%20b%2Fc%40d%3F@1%202"
	same "$(of 'map { $_->{value} } grep { $_->{name} eq "pkgnote:package" } @{$c{"nameless"}{properties}}')" 'a note without a name'
	same "$(of '$c{"n%FF"}{type}')" file
	# GNU ld 2.44 and later take %41 for an A.
	"$CC" -o percent x.c
	echo '{"type":"nix","name":"%41","version":"1"}' | "$PKGNOTE" stamp --payload=- percent
	status 0 "$PKGNOTE" show --summary --json percent
	says out '"purl":"pkg:generic/%2541@1"'
	status 1 "$PKGNOTE" compare percent "$(printf 'n\xff')"
	says out '^added +package +nix a b/c@d\? 1 2$'
	says out '^removed +package +nix %2541 1$'
	# What cannot be read is told, and the rest is in the report.
	head -c 30 odd >cut
	status 3 "$PKGNOTE" show --report=cyclonedx cut arch
	same "$(wc -l <err)" 1
	same "$(of '$c{"arch"}{type}')" file
}
check "notes without a name, of other kinds of packages; names that are not UTF-8; a file cut short" odd_notes

alpm_distro() {
	# Arch has no versions: the distribution alone.
	echo 'int main(void) { return 0; }' >x.c
	"$CC" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"deb","os":"debian","name":"x","version":"1"}' -o x x.c
	status 0 "$PKGNOTE" show --summary --json x
	says out '"purl":"pkg:deb/debian/x@1\?distro=debian"'
}
check "a distribution without a version" alpm_distro

summary() {
	tree
	cp tree/usr/bin/it tree/usr/bin/again
	status 0 "$PKGNOTE" show --summary tree
	says out '^deb +It +1:2-3 +x86_64 +debian +2$'
	says out '^rpm +it-libs +2:1.0\+a-3.fc38 +x86_64 +fedora +1$'
	says out '^2 packages, 4 files, 1 of them without'
}
check "--summary: packages and their files" summary

# browser: the name of a Chromium, or the test is skipped.
browser() { command -v chromium || command -v chromium-browser || command -v google-chrome || skip "no Chromium on this machine"; }

# shown SCRIPT: what ./page.html tells after it ran: the number of files, and its document in ./dom.
shown() {
	sed "s|</body></html>|<script>$1</script></body></html>|" page.html >clicked.html
	timeout 120 "$(browser)" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/clicked.html" 2>/dev/null >dom
	grep -o 'role="status">[^<]*' dom | cut -d'>' -f2
}

page() {
	tree
	"$CC" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"deb","name":"<script>alert(1)</script>","version":"\"><img src=x onerror=y>"}' -o 'tree/usr/bin/<i>&"x' it.c tree/usr/lib/libit.so.1
	cp tree/usr/bin/bare "tree/usr/bin/$(printf 'line\n\xff<b>')"
	status 0 "$PKGNOTE" show --report=html tree
	# Its only script is its own, and it has no outside parts.
	sed 's/="[^"]*"/=/g' out >tags
	same "$(grep -c '<script' out) $(grep -cE '<(b|i|img)>[^0-9]|<img' tags) $(grep -cE '<[^>]* (src|href|on[a-z]+)=' tags)" '1 0 0'
	says out "default-src 'none'"
	says out '&lt;script&gt;alert\(1\)&lt;/script&gt;'
	says out 'line%0A%FF&lt;b&gt;'
	says out '<h1>3 packages in 5 files</h1>'
	says out 'pkg:rpm/fedora/it-libs@1.0%2Ba-3.fc38\?arch=x86_64&amp;distro=fedora-38&amp;epoch=2'
	# All that filters do is the script's: without it every row shows.
	same "$(grep -c '<tr class="file' out)" 5
	says_not out ' hidden'
}
check "--report=html: nothing of the input is markup, nothing comes from outside, all shows without a script" page

page_filters() {
	tree
	mv tree low; mkdir -p top/usr/bin; cp low/usr/bin/bare top/usr/bin/new
	mkdir -p layout/blobs/sha256; echo '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout; list=
	for layer in low top; do
		tar cf $layer.tar -C $layer .; d=$(sha256sum <$layer.tar | cut -d' ' -f1); mv $layer.tar "layout/blobs/sha256/$d"
		list="$list${list:+,}{\"digest\":\"sha256:$d\"}"
	done
	echo "{\"layers\":[$list]}" >m; d=$(sha256sum <m | cut -d' ' -f1); mv m "layout/blobs/sha256/$d"
	echo "{\"manifests\":[{\"digest\":\"sha256:$d\"}]}" >layout/index.json
	status 0 "$PKGNOTE" show --report=html layout
	mv out page.html
	same "$(shown '')" '4 of 4 files'
	same "$(shown "document.querySelector('.chip.one').click()")" '2 of 4 files'
	same "$(shown "document.querySelector('.chip.none').click(); document.querySelector('.chip.one').click()")" '4 of 4 files'
	same "$(shown "document.querySelector('.chip.several').click()")" '0 of 4 files'
	same "$(shown "layer.value=1; layer.dispatchEvent(new Event('change'))")" '1 of 4 files'
	same "$(shown "layer.value=2; layer.dispatchEvent(new Event('change')); document.querySelector('.chip.none').click()")" '1 of 4 files'
	same "$(shown "search.value='USR/LIB'; search.dispatchEvent(new Event('input'))")" '1 of 4 files'
	same "$(shown "document.querySelector('.only').click()")" '1 of 4 files'
	# By the keyboard alone: what is clicked takes the focus by itself.
	same "$(shown "document.title=[...document.querySelectorAll('.chip,.only,select,input,summary')].filter(e=>e.tabIndex<0).length")" '4 of 4 files'
	says dom '<title>0</title>'
}
check "the page in a browser: filters by note, layer and name, all reached by the keyboard" page_filters

page_of_many() {
	need python3
	python3 - <<-'P'
	import struct
	elf = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 3, 62, 1, 0, 0, 0, 0, 64, 56, 0, 64, 0, 0)
	with open("many.a", "wb") as out:
	    out.write(b"!<arch>\n")
	    for i in range(100000):
	        out.write(b"%-16s%-12s%-6s%-6s%-8s%-10d`\n" % (b"f%06d/" % i, b"0", b"0", b"0", b"644", len(elf)) + elf)
	P
	status 0 "$PKGNOTE" show --report=html many.a
	mv out page.html
	same "$(grep -c '<tr class="file' page.html) $(grep -c '<details class="page">' page.html)" '250 20'
	same "$(grep -oE 'many.a: f[0-9]{6}' page.html | sort -u | wc -l)" 100000
	same "$(shown '')" '100000 of 100000 files'
	same "$(shown "document.querySelector('.chip.none').click()")" '100000 of 100000 files'
	same "$(shown "document.querySelector('.chip.one').click()")" '0 of 100000 files'
	same "$(shown "search.value='f05432'; search.dispatchEvent(new Event('input'))")" '10 of 100000 files'
}
check "the page of 100,000 files: rows, and lines in closed parts" page_of_many

# fetched PACKAGE...: npm has put these into build/npm, or the test is skipped.
fetched() {
	need node npm flock
	mkdir -p "$TOP/build/npm"
	(
		flock 9
		for one; do
			[ -d "$TOP/build/npm/node_modules/$one" ] ||
				npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional --fetch-retries=0 --fetch-timeout=30000 --prefix "$TOP/build/npm" "$@" >"$TOP/build/npm/log" 2>&1 ||
				skip "npm cannot fetch $*: $(tail -1 "$TOP/build/npm/log")"
		done
	) 9>"$TOP/build/npm/lock"
}
# documents: of a tree, an image of layers, a core, odd notes and nothing at all, a CycloneDX and an SPDX document each.
documents() {
	tree
	echo 'int main(void) { return 0; }' >x.c
	"$CC" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"nix","name":"a b/c@d?","version":"1 2","appCpe":"cpe:/a:x:y:1","osCpe":"no cpe"}' -o odd x.c
	"$CC" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"rpm","version":"1"}' -o nameless x.c
	cp odd "$(printf 'n\xff\n"')"; mkdir empty
	for report in cyclonedx spdx; do
		"$PKGNOTE" show --report=$report tree >tree.$report
		"$PKGNOTE" show --report=$report odd nameless n* >odd.$report
		"$PKGNOTE" show --report=$report empty >empty.$report
		"$PKGNOTE" show --report=$report --pid=$$ >process.$report
		SOURCE_DATE_EPOCH=1700000000 "$PKGNOTE" show --report=$report tree >dated.$report
	done
}

cyclonedx_schema() {
	fetched @cyclonedx/cyclonedx-library ajv ajv-formats ajv-formats-draft2019
	documents
	cat >judge.js <<-'J'
	const cdx = require(process.argv[2] + '/node_modules/@cyclonedx/cyclonedx-library');
	const judge = new cdx.Validation.JsonStrictValidator(cdx.Spec.Version.v1dot6);
	(async () => {
	    for (const file of process.argv.slice(3)) {
	        const fault = await judge.validate(require('fs').readFileSync(file, 'utf8'));
	        if (fault !== null) { console.log(file, JSON.stringify(fault).slice(0, 400)); process.exitCode = 1; }
	    }
	})();
	J
	node judge.js "$TOP/build/npm" ./*.cyclonedx
	sed 's/"components"/"componentz"/' tree.cyclonedx >wrong
	status 1 node judge.js "$TOP/build/npm" wrong
}
check "CycloneDX's own library: documents fit the schema of 1.6" cyclonedx_schema

# SPDX_SCHEMA: spdx-schema.json of version 2.3. No package of npm or Debian has it.
spdx_schema() {
	[ -n "${SPDX_SCHEMA:-}" ] || skip "SPDX_SCHEMA names no schema"
	for python in python3 /usr/bin/python3 ''; do ! "$python" -c 'import jsonschema' 2>/dev/null || break; done
	[ -n "$python" ] || skip "Python has no jsonschema"
	documents
	cat >judge.py <<-'P'
	import json, sys, jsonschema
	schema = json.load(open(sys.argv[1]))
	judge = jsonschema.validators.validator_for(schema)(schema)
	found = [(file, list(error.path), error.message) for file in sys.argv[2:] for error in judge.iter_errors(json.load(open(file)))]
	print(*found, sep="\n")
	sys.exit(bool(found))
	P
	"$python" judge.py "$SPDX_SCHEMA" ./*.spdx
	sed 's/"SPDXID"/"ID"/' tree.spdx >wrong
	status 1 "$python" judge.py "$SPDX_SCHEMA" wrong
}
check "SPDX: documents fit the schema of 2.3" spdx_schema

# A consumer: cdxgen's validator reads a document, and its converter makes SPDX 3 of it, with all packages.
consumer() {
	fetched @cyclonedx/cdxgen
	documents
	for file in *.cyclonedx; do
		cp $file bom.json
		node "$TOP/build/npm/node_modules/@cyclonedx/cdxgen/bin/validate.js" -i bom.json -r json >told 2>&1 || true
		says told '"schemaValid":true,"deepValid":true'
	done
	cp tree.cyclonedx bom.json
	node "$TOP/build/npm/node_modules/@cyclonedx/cdxgen/bin/convert.js" -i bom.json -o made.json
	same "$(grep -oE '"pkg:[^"\\]*' made.json | sort -u)" "$(grep -oE '"pkg:[^"\\]*' tree.cyclonedx | sort -u)"
}
[ -z "${LONG:-}" ] || check "cdxgen reads the documents and finds the packages" consumer

finish
