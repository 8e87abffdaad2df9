# SPDX-License-Identifier: LGPL-2.1-or-later
# What a share tells by the names of files, and what elfutils' debuginfod (0.192 and later) answers about the same
# packages: the same files, types and build-ids, for exact names, patterns and build-ids. And pkgnote asks that server, too.
# (Of patterns the server has those that SQLite's GLOB and fnmatch(3) agree on: for it [!o] and a backslash match nothing.)
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../judges.sh"
need debuginfod curl python3 gcc eu-strip dpkg-deb readelf

packages() { # debs/: three programs, one library, their debug packages; odd names
	local n id dir
	mkdir debs
	for n in one two 'th ree'; do
		mkdir -p "p-$n/usr/bin" "p-$n/DEBIAN" "d-$n/DEBIAN"
		printf 'int main(int n, char **v) { return n + v[0][0] + N + %d; }\n' ${#n} >t.c
		gcc -g -Wl,--build-id -DN="$(cksum <<<"$n" | cut -d' ' -f1)" -o t t.c
		id=$(readelf -n t | sed -n 's/.*Build ID: //p')
		dir="d-$n/usr/lib/debug/.build-id/${id:0:2}"
		mkdir -p "$dir"
		eu-strip -f "$dir/${id:2}.debug" -o "p-$n/usr/bin/$n" t
		printf '%s\n' "Package: ${n// /-}" 'Version: 1-1' 'Architecture: amd64' 'Maintainer: T <t@example.org>' 'Description: t' >"p-$n/DEBIAN/control"
		printf '%s\n' "Package: ${n// /-}-dbgsym" 'Version: 1-1' 'Architecture: amd64' 'Section: debug' 'Maintainer: T <t@example.org>' 'Description: t' >"d-$n/DEBIAN/control"
		dpkg-deb --root-owner-group -b "p-$n" "debs/${n// /-}_1-1_amd64.deb" >/dev/null
		dpkg-deb --root-owner-group -b "d-$n" "debs/${n// /-}-dbgsym_1-1_amd64.deb" >/dev/null
	done
	ID=$id
}
serve() {
	local port=$((20000 + RANDOM % 12000))
	SERVER=http://127.0.0.1:$port
	debuginfod -p $port -d :memory: -t 0 -g 0 -U "$PWD/debs" >debuginfod.log 2>&1 & DEBUGINFOD=$!
	trap 'kill $DEBUGINFOD 2>/dev/null || :; wait $DEBUGINFOD 2>/dev/null || :' EXIT
	debuginfod_ready "$SERVER" || { tail -5 debuginfod.log >&2; return 1; }
	curl -sf "$SERVER/metadata?key=glob&value=/none" >log || skip "this debuginfod answers no /metadata (0.192 does)"
}
# What each tells: a line "TYPE BUILDID FILE" for each result, and whether that is all.
knows() { curl -sf -o /dev/null "$SERVER/metadata?key=$1&value=0011"; }
by_debuginfod() {
	curl -sfG "$SERVER/metadata" --data-urlencode "key=$1" --data-urlencode "value=$2" |
		python3 -c 'import json, sys; d = json.load(sys.stdin); print(*sorted("{type} {buildid} {file}".format(**r) for r in d["results"]), d["complete"], sep="\n")'
}
by_us() {
	"$PKGNOTE" fetch --no-cache --json --server="$3" metadata "$1" "$2" >metadata.json 2>metadata.err || [ $? = 1 ]
	python3 -c 'import json; d = json.load(open("metadata.json")); print(*sorted("{type} {buildid} {file}".format(**r) for r in d["results"]), d["complete"], sep="\n")'
}
same_answers() {
	packages
	serve
	"$PKGNOTE" publish -q --into=share debs/*.deb
	local key value
	while read -r key value; do
		knows "$key" || { echo "this debuginfod has no key $key"; continue; }
		by_debuginfod "$key" "$value" >theirs
		by_us "$key" "$value" "file://$PWD/share" >ours
		by_us "$key" "$value" "$SERVER" >asked
		diff theirs ours || { echo "a share: $key $value" >&2; return 1; }
		diff theirs asked || { echo "by us, of the server: $key $value" >&2; return 1; }
		echo "$key $value: $(($(wc -l <theirs) - 1)) results"
	done <<-T
	file /usr/bin/one
	file /usr/bin/th ree
	file /usr/bin/none
	file usr/bin/one
	glob /usr/bin/*
	glob /usr/*
	glob /usr/bin/[ot]??
	glob /usr/bin/t*e
	glob *
	glob /usr/bin/?
	glob /usr/lib/debug/.build-id/*/*.debug
	glob /usr/bin/[^o]*
	buildid $ID
	buildid 00112233
	T
}
check "names and build-ids: a share tells what debuginfod tells of the same packages" same_answers
finish
