# SPDX-License-Identifier: LGPL-2.1-or-later
# The index by name: of many packages, with removals and damage; a share made before there was one; odd names;
# a bucket's, whose readers may get objects and do nothing else.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../swift.sh"
told_of() { python3 "$TOP/tests/tools/share_names.py" "$1"; }
build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }

# packages N [VERSION]: p0_VERSION.deb to pN-1: a program and its debug file each, under build-ids of their own.
packages() {
	[ -e x ] || { echo 'int main(void) { return 0; }' >x.c; gcc -g -Os -Wl,--build-id=sha1 -o x x.c; eu-strip -f x.debug x; }
	python3 - "$1" "${2:-1}" "$(build_id x)" <<-'P'
	import hashlib, io, sys, tarfile
	n, version, old = int(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3])
	x, d = open("x", "rb").read(), open("x.debug", "rb").read()
	def tar(files):
	    out = io.BytesIO()
	    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as t:
	        for name, data in files:
	            info = tarfile.TarInfo("./" + name); info.size = len(data); info.mode = 0o755
	            t.addfile(info, io.BytesIO(data))
	    return out.getvalue()
	def member(name, data):
	    return f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
	for i in range(n):
	    new = hashlib.sha1(f"{i}.{version}".encode()).digest()
	    control = f"Package: p{i}\nVersion: {version}\nArchitecture: amd64\nMaintainer: a <a@b>\nDescription: x\n".encode()
	    h = new.hex()
	    files = [(f"usr/bin/p{i}", x.replace(old, new)), (f"usr/lib/debug/.build-id/{h[:2]}/{h[2:]}.debug", d.replace(old, new))]
	    open(f"p{i}_{version}.deb", "wb").write(b"!<arch>\n" + member("debian-binary", b"2.0\n") +
	        member("control.tar", tar([("control", control)])) + member("data.tar", tar(files)))
	P
}

# 520 packages: blocks, in both orders; a rebuild and removals; found by name among them.
many() {
	need python3
	packages 520
	"$PKGNOTE" publish -q --no-sync --into=share ./*.deb >/dev/null
	same "$(told_of share | wc -l)" 1040
	grep -q '"files"' share/names/*.json || fail "no blocks"
	[ "$(find share/names -type f | wc -l)" -lt 60 ]
	status 0 "$PKGNOTE" fetch --server="file://$PWD/share" metadata file /usr/bin/p123
	says out '^[0-9a-f]{40} executable /usr/bin/p123 in p123-1\.amd64$'
	local id; id=$(cut -d' ' -f1 out)
	same "$(wc -l <out)" 1
	status 0 "$PKGNOTE" fetch --server="file://$PWD/share" metadata buildid "${id^^}"
	same "$(wc -l <out)" 2
	status 0 "$PKGNOTE" fetch --server="file://$PWD/share" metadata glob '/usr/bin/p12*'
	same "$(wc -l <out)" 11
	packages 200 2
	"$PKGNOTE" publish -q --no-sync --into=share ./*_2.deb >/dev/null
	status 0 "$PKGNOTE" publish -q --no-sync --into=share --keep=1
	same "$(told_of share | wc -l)" 1040
	same "$(told_of share | grep -c 'p[0-9]*-2.amd64')" 400
	status 0 "$PKGNOTE" publish --into=share --check
	# What is damaged is seen, and made anew of the records; so it is in a share that had none.
	local f; f=$(python3 -c 'import json; print(json.load(open("share/names/index.json"))["segments"][0]["name"])')
	printf x | dd of="share/names/$f" conv=notrunc status=none
	status 1 "$PKGNOTE" publish --into=share --check
	says out "names/index.json: .*$f: its contents are not those that were written"
	status 3 "$PKGNOTE" fetch --server="file://$PWD/share" metadata file /usr/bin/p123
	status 0 "$PKGNOTE" publish --into=share --check --repair
	same "$(told_of share | wc -l)" 1040
	rm -r share/names
	status 1 "$PKGNOTE" fetch --server="file://$PWD/share" metadata file /usr/bin/p123
	says err 'absent: '
	status 0 "$PKGNOTE" publish --no-sync --into=share --remove=p5-2.amd64
	same "$(told_of share | wc -l)" 1038
	status 0 "$PKGNOTE" publish --into=share --check
}
check "520 packages: blocks in both orders, removals, damage, a share without an index" many

odd_names() {
	need python3
	packages 1
	mkdir -p root/usr/bin 'root/usr/lib/a b'
	cp x root/usr/bin/$'q"u\\o\nte'
	python3 -c "
import hashlib
old = bytes.fromhex('$(build_id x)')
for i, name in enumerate((b'root/usr/lib/a b/100%41', b'root/usr/lib/a b/x\xff', 'root/usr/lib/a b/\u00e4%'.encode())):
    open(name, 'wb').write(open('x', 'rb').read().replace(old, hashlib.sha1(name).digest()))"
	status 0 "$PKGNOTE" publish --into=share --package='o%41 d-1:2~rc1-1.x86_64' root
	status 0 "$PKGNOTE" publish --into=share --check
	local s=--server=file://$PWD/share n
	for n in $'/usr/bin/q"u\\o\nte' '/usr/lib/a b/100%41' $'/usr/lib/a b/x\xff' '/usr/lib/a b/ä%'; do
		status 0 "$PKGNOTE" fetch --json $s metadata file "$n"
		status 0 "$PKGNOTE" fetch $s metadata glob "${n%/*}/[!z]*${n: -1}"
	done
	status 0 "$PKGNOTE" fetch --json $s metadata glob '/usr/lib/a b/*'
	python3 -c '
import json
r = json.load(open("out"))["results"]
assert sorted(x["file"] for x in r) == ["/usr/lib/a b/100%2541", "/usr/lib/a b/x%FF", "/usr/lib/a b/\u00e4%"], r
assert {x["archive"] for x in r} == {"o%2541 d-1:2~rc1-1.x86_64"}, r'
	status 0 "$PKGNOTE" publish --into=share --remove='o%41 d-1:2~rc1-1.x86_64'
	same "$(told_of share)" ''
}
check "odd names of files and packages" odd_names

# A server says that it is a share, and leads to more than a reader can hold: what it may cost is bounded.
hostile_index() {
	need python3 curl
	python3 - <<-'P'
	import json, os
	def share(name, segments, document):
	    os.makedirs(f"{name}/names")
	    json.dump({"shareVersion": 1}, open(f"{name}/share.json", "w"))
	    names = [f"{i}-{i:032x}.json" for i in range(segments)]
	    json.dump({"namesVersion": 1, "next": segments, "old": [],
	               "segments": [{"name": n, "level": 0, "packages": 1, "removed": 0} for n in names]}, open(f"{name}/names/index.json", "w"))
	    open(f"{name}/names/{names[0]}", "w").write(document)
	    for n in names[1:]:
	        os.link(f"{name}/names/{names[0]}", f"{name}/names/{n}")
	def segment(lines):
	    return '{"removed": [], "block":\n{"results": [\n' + ",\n".join(lines) + '\n], "complete": true}\n}\n'
	line = '{"type": "executable", "buildid": "%s", "file": "/%s", "archive": "a"}' % ("ab" * 20, "x" * 3000)
	share("many", 1025, segment([line]))
	share("large", 1000, segment([line] * 4096))
	share("long", 12, segment([line] * 4096 * 4))
	parts = [{"first": "/x", "name": f"{i}-{i:032x}.json", "count": 4096} for i in range(1, 9)]
	share("results", 1, json.dumps({"removed": [], "files": parts, "buildids": []}) + "\n")
	for part in parts:
	    open(f"results/names/{part['name']}", "w").write('{"results": [\n' + ",\n".join([line] * 4096) + '\n], "complete": true}\n')
	share("broken", 1, "")
	P
	run() { status "$1" env -u DEBUGINFOD_URLS /usr/bin/time -f %M -o memory "$PKGNOTE" fetch --cache="$PWD/cache" --server="file://$PWD/$2" metadata glob '/x*'
		[ "$(tail -1 memory)" -lt 500000 ] || fail "$2: $(tail -1 memory) kB"; }
	run 3 many; says err 'names/index.json is not what it should be'
	run 3 large; says err 'an index larger than any share.s'
	run 3 long; says err 'its answer cannot be kept'
	run 3 broken; says err 'no segment of an index by name'
	run 0 results; says err 'and there may be more'
}
check "an index of a server that lies is not believed, and costs little" hostile_index

swift_start
bucket_of_readers() {
	need curl python3
	bucket names
	packages 20
	local token url=http://$S3_ADDRESS/v1/AUTH_test/names/deb
	"$PKGNOTE" publish -q --into=s3://names/deb ./*.deb >/dev/null
	token=$(curl -s -D - -o /dev/null "http://$S3_ADDRESS/auth/v1.0" -H "X-Auth-User: $AWS_ACCESS_KEY_ID" -H "X-Auth-Key: $AWS_SECRET_ACCESS_KEY" |
		tr -d '\r' | sed -n 's/^X-Auth-Token: //Ip')
	curl -sf -X POST "http://$S3_ADDRESS/v1/AUTH_test/names" -H "X-Auth-Token: $token" -H 'X-Container-Read: .r:*'
	same "$(told_of "$url" | wc -l)" 40
	status 0 "$PKGNOTE" fetch --server="$url" metadata glob '/usr/bin/p1*'
	same "$(wc -l <out)" 11
	status 0 "$PKGNOTE" publish --into=s3://names/deb --remove=p1-1.amd64 --remove=p13-1.amd64
	status 0 "$PKGNOTE" fetch --server="$url" metadata glob '/usr/bin/p1*'
	same "$(wc -l <out)" 9
	curl -sI "$url/names/index.json" >head; says head '^Cache-Control: no-cache'
	curl -sI "$url/names/$(python3 -c "
import json, urllib.request
print(json.load(urllib.request.urlopen('$url/names/index.json'))['segments'][0]['name'])")" >head; says head '^Cache-Control: .*immutable'
	status 0 "$PKGNOTE" publish --into=s3://names/deb --check
}
check "a bucket whose readers may get objects alone" bucket_of_readers
swift_stop
finish
