# SPDX-License-Identifier: LGPL-2.1-or-later
# Files whose numbers lie, of each format that pkgnote reads (tests/tools/hostile.py): every command that reads them comes back with an exit
# status of its own, the sanitized build where there is one, and nothing is written but what it was told to write.
. "$(dirname "$0")/../lib.sh"
[ ! -x "${SANITIZED:-/nothing}/pkgnote" ] || PKGNOTE=$SANITIZED/pkgnote
shopt -s extglob
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1

# comes_back COMMAND...: one that is killed, or in which a sanitizer sees something, is a fault.
comes_back() {
	local got=0
	"$PKGNOTE" "$@" >out 2>err </dev/null || got=$?
	[ $got -le 3 ] && ! grep -qE 'Sanitizer|runtime error' err && return 0
	echo "exit $got: pkgnote $*" >&2
	grep -aE 'ERROR|SUMMARY|runtime error|^    #[0-9] ' err | head -12 >&2
	bad=1
}

# each PATTERN COMMAND N: COMMAND on each such file, of which there are N at least.
each() {
	need python3
	mkdir in
	python3 -B "$TOP/tests/tools/hostile.py" in
	local file bad= n=0
	for file in in/$1; do
		n=$((n + 1))
		$2 "$file"
	done
	[ $n -ge "$3" ] || fail "$n files like $1"
	[ -z "$bad" ]
}

shown() { comes_back show --all --check --json -j1 "$1"; }
verified() { comes_back verify --offline -j1 "$1"; }
reported() { comes_back show --report=cyclonedx -j1 "$1"; comes_back publish -q --no-sync --into=share "$1"; }
gathered() { comes_back fetch -q --server=file:///nonexistent --cache=cache --into=into all "$1"; }
stamped() {
	local way
	for way in keep replace; do
		rm -f stamped
		comes_back stamp --no-sync --on-existing=$way --allow-outside-first-page -k name=n -o stamped "$1"
		[ ! -e stamped ] || comes_back show --check stamped
	done
}
split() {
	local name=lib${1##*/}.so
	case $1 in *.a) name=${1##*/} ;; esac
	rm -rf root; mkdir -p root/usr/lib
	cp "$1" "root/usr/lib/$name"; chmod 755 "root/usr/lib/$name"
	comes_back split -q --no-sync -j1 --stamp --compress=zstd --minidebuginfo --layout=rpm --name=n --package-version=1 --release=1 --arch=x86_64 --build-dir=/b root
}

every_file_is_shown() { each '*' shown 100; }
check "show --check of each" every_file_is_shown
every_file_is_verified() { each '*' verified 100; }
check "verify of each" every_file_is_verified
programs_are_stamped() { each '@(pe|elf|json)-*' stamped 75; }
check "stamp of programs, in both ways" programs_are_stamped
trees_are_split() { each '@(elf|json|ar)-*' split 60; }
check "split of programs and archives" trees_are_split
packages_are_reported() { each '@(deb|rpm|docker|oci|squashfs|crash)-*' reported 12; }
check "bills of materials of packages and containers, and publishing them" packages_are_reported
cores_are_gathered() { each 'core-*' gathered 8; }
check "fetch all of cores" cores_are_gathered
# A program of 128 MB, all but its head zeros, in packages and archives of some 130 kB: nobody holds it in memory.
not_held() {
	need python3
	python3 - <<-'P'
	import gzip, io, tarfile, zipfile
	data = open('/proc/self/exe', 'rb').read(64) + bytes(128 << 20)
	def tar(name, data):
	    out = io.BytesIO()
	    with tarfile.open(fileobj=out, mode='w') as t:
	        info = tarfile.TarInfo(name); info.size = len(data); t.addfile(info, io.BytesIO(data))
	    return gzip.compress(out.getvalue(), mtime=0)
	large = tar('./usr/bin/large', data)
	open('x.tar.gz', 'wb').write(large)
	with zipfile.ZipFile('x.zip', 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('usr/bin/large', data)
	control = tar('./control', b'Package: p\nVersion: 1\nArchitecture: a\n')
	with open('x.deb', 'wb') as out:
	    out.write(b'!<arch>\n')
	    for name, part in (b'debian-binary', b'2.0\n'), (b'control.tar.gz', control), (b'data.tar.gz', large):
	        out.write(b'%-16s%-12d%-6d%-6d%-8s%-10d`\n' % (name, 0, 0, 0, b'100644', len(part)) + part + b'\n' * (len(part) % 2))
	P
	local file command bound=300000
	case $(nm "$PKGNOTE" 2>/dev/null) in *__asan_init*) bound=unlimited ;; esac
	for file in x.tar.gz x.zip x.deb; do
		for command in 'show -j1' 'verify --offline -j1'; do
			# shellcheck disable=SC2086
			(ulimit -v $bound; "$PKGNOTE" $command $file >out 2>err </dev/null) && fail "$command $file: exit 0"
			cat out err >said
			says said 'usr/bin/large.*it unpacks to more than 64 times its size and 64 MB: --max-expansion allows more'
			# shellcheck disable=SC2086
			"$PKGNOTE" $command --max-expansion=2000 $file >out 2>err </dev/null || true
			cat out err >said
			says_not said 'max-expansion'
		done
	done
}
check "a large file that is packed small is not held in memory, and said with its option" not_held
finish
