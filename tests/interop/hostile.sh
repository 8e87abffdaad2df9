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
finish
