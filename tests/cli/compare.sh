# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote compare: what changed between trees, archives and single files.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

# program FILE NAME VERSION [OPTION]...
program() {
	mkdir -p "$(dirname "$1")"
	echo "int main(void) { return ${4:-0}; }" >x.c
	"$CC" "$PAGE_ONE" -Xlinker "--package-metadata={\"type\":\"deb\",\"name\":\"$2\",\"version\":\"$3\",\"architecture\":\"amd64\"}" -o "$1" x.c
}

two() {
	program old/same same 1; program old/upgraded up 1; program old/gone gone 1; program old/rebuilt same 1 1
	cp -a old new
	rm new/gone; program new/upgraded up 2; program new/rebuilt same 1 2; program new/fresh fresh 1
}

trees() {
	two
	status 1 "$PKGNOTE" compare old new
	same "$(cat out)" "added     package  deb fresh amd64 1
removed   package  deb gone amd64 1
changed   package  deb up amd64 1 -> 2
added     file     fresh
removed   file     gone
changed   file     rebuilt: build-id, contents
changed   file     upgraded: package note, contents"
	status 0 "$PKGNOTE" compare old old/
	same "$(cat out)" ''
	status 1 "$PKGNOTE" compare old/same old/gone
	says out '^changed +file +\.: package note'
}
check "two trees: packages and files that were added, removed and changed" trees

across_formats() {
	need tar zip
	two
	tar caf old.tar.gz -C old .
	(cd old && zip -qr ../old.zip .)
	status 0 "$PKGNOTE" compare old old.tar.gz
	status 0 "$PKGNOTE" compare old.zip old.tar.gz
	status 1 "$PKGNOTE" compare old.zip new
	says out 'up amd64 1 -> 2$'
	same "$(wc -l <out)" 7
}
check "the same across a tree, a tar and a zip" across_formats

json() {
	need perl readelf
	two
	status 1 "$PKGNOTE" compare --json old new
	id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
	same "$(perl -MJSON::PP -ne '$r = decode_json($_); print "$r->{change} $r->{old}{buildId} $r->{new}{buildId}\n" if $r->{what} eq "file" && $r->{path} eq "rebuilt"' out)" \
		"changed $(id old/rebuilt) $(id new/rebuilt)"
	same "$(perl -MJSON::PP -ne '$r = decode_json($_); print "$r->{name} $r->{old} $r->{new}\n" if $r->{what} eq "package" && $r->{change} eq "changed"' out)" 'up 1 2'
}
check "--json: an object a line" json

failures() {
	two
	status 2 "$PKGNOTE" compare old
	status 3 "$PKGNOTE" compare old nothing
	says err 'nothing: '
	says out '^removed +package'
}
check "what cannot be read: said, exit 3" failures
finish
