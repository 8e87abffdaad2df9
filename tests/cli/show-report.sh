# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote show --report and --summary: package URLs, evidence, dependencies, what has no note. The judge of the form is the official
# schema, where CYCLONEDX_SCHEMA and SPDX_SCHEMA name it and Python has jsonschema.
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
	for options in '--report=spdx --summary' '--report=spdx --json' '--summary --all' '--report=html'; do
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

schemas() {
	need python3
	python3 -c 'import jsonschema' 2>/dev/null || skip "Python has no jsonschema"
	[ -n "${CYCLONEDX_SCHEMA:-}${SPDX_SCHEMA:-}" ] || skip "neither CYCLONEDX_SCHEMA nor SPDX_SCHEMA names a schema"
	tree
	for pair in "cyclonedx ${CYCLONEDX_SCHEMA:-}" "spdx ${SPDX_SCHEMA:-}"; do
		[ -n "${pair#* }" ] || continue
		"$PKGNOTE" show --report="${pair% *}" tree >document
		# The licence lists and signatures that the schema refers to are not used here.
		python3 - "${pair#* }" document <<'PY'
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
def drop(node):
    if isinstance(node, dict):
        return {k: drop(v) for k, v in node.items() if not (k == "$ref" and isinstance(v, str) and not v.startswith("#"))}
    return [drop(v) for v in node] if isinstance(node, list) else node
found = list(jsonschema.Draft7Validator(drop(schema)).iter_errors(json.load(open(sys.argv[2]))))
for error in found:
    print(list(error.path), error.message)
sys.exit(bool(found))
PY
	done
}
check "the official schemas" schemas

finish
