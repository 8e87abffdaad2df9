#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/bench/verify.sh [PACKAGES] [FILES]: pkgnote verify on PACKAGES .deb of FILES ELF files each, all checks, against a share on
# file:// and against elfutils' debuginfod on loopback, beside curl --parallel fetching the same bytes unchecked; and
# the checks that need no server, beside bsdtar unpacking the packages to nowhere. Both sides of a comparison take turns;
# ROUNDS says how often (5).
set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
PACKAGES=${1:-50} FILES=${2:-20}
PKGNOTE=${PKGNOTE:-${BUILD:-$TOP/build}/pkgnote}
case $PKGNOTE in /*) ;; *) PKGNOTE=$TOP/$PKGNOTE ;; esac
WORK=$(mktemp -d) PID=
trap 'kill $PID 2>/dev/null; rm -rf "$WORK"' EXIT
cd "$WORK"
export DEBUGINFOD_URLS= HOME=$WORK XDG_CACHE_HOME=$WORK/cache
SOURCE=$WORK/sources # where debuginfod looks for it, too
ROUNDS=${ROUNDS:-5}

# One program with debug information of some 400 KB, and copies of it with other build-ids.
mkdir src sources
{
	for i in $(seq 700); do
		echo "struct s$i { int a$i, b$i; char name[$i]; struct s$i *next_of_$i; };"
		echo "int number_$i(struct s$i *p) { return p ? p->a$i * $i + p->b$i : 0; }"
	done
	echo 'int main(void) { return number_7(0); }'
} >src/main.c
gcc -g3 -O1 -o main "$PWD/src/main.c" -ffile-prefix-map="$PWD/src=$SOURCE" -Wl,--build-id=sha1 \
	-Xlinker '--package-metadata={"type":"deb","name":"t","version":"1-1","architecture":"amd64"}'
eu-strip -f main.debug -o main.stripped main
cp src/main.c sources
python3 - "$PACKAGES" "$FILES" "$SOURCE" <<'P'
import os, struct, sys, zlib
packages, files, source = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
shipped, debug = (bytearray(open(n, "rb").read()) for n in ("main.stripped", "main.debug"))
def find_id(b): return b.index(b"GNU\0", b.index(struct.pack("<III", 4, 20, 3))) + 4
at, debug_at = find_id(shipped), find_id(debug)
crc_at = shipped.index(struct.pack("<I", zlib.crc32(debug)))
text = open("src/main.c", "rb").read()
for p in range(packages):
    root = "root%d" % p
    os.makedirs(root + "/DEBIAN"); os.makedirs(root + "/usr/bin")
    open(root + "/DEBIAN/control", "w").write("Package: t%d\nSource: t (1-1)\nVersion: 1-1\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: t\n" % p)
    for f in range(files):
        id = struct.pack(">HH", p, f) + bytes(shipped[at + 4:at + 20])
        debug[debug_at:debug_at + 20] = shipped[at:at + 20] = id
        shipped[crc_at:crc_at + 4] = struct.pack("<I", zlib.crc32(debug))
        shared = "share/buildid/" + id.hex()
        os.makedirs(shared + "/source" + source)
        open(shared + "/debuginfo", "wb").write(debug)
        for n in (shared + "/executable", root + "/usr/bin/p%d" % f):
            open(n, "wb").write(shipped); os.chmod(n, 0o755)
        open(shared + "/source" + source + "/main.c", "wb").write(text)
        print(id.hex(), file=open("ids", "a"))
P
mkdir packages
for p in $(seq 0 $((PACKAGES - 1))); do dpkg-deb -Zxz -z1 --root-owner-group -b "root$p" packages >/dev/null; done

# once FILE COMMAND...: appends its seconds and its peak memory in KiB to FILE.
once() {
	local file=$1; shift
	/usr/bin/time -f '%e %M' -o time "$@" >/dev/null 2>err || { tail -3 err >&2; echo "exit $?: $*" >&2; exit 1; }
	cat time >>"$file"
}
# compare OURS THEIRS LIMIT: two functions, by turns; rows of a table, and the ratio of their medians.
compare() {
	local i ours=$1 theirs=$2
	rm -f a b
	for i in $(seq "$ROUNDS"); do
		if [ $((i % 2)) = 1 ]; then $ours; $theirs; else $theirs; $ours; fi
	done
	for i in a b; do
		sort -n $i | awk -v n="$([ $i = a ] && echo "$OURS" || echo "$THEIRS")" '{ t[NR] = $1; if ($2 > m) m = $2 }
			END { printf "| %s | %.2f | %.2f to %.2f | %.0f MB |\n", n, t[int((NR + 1) / 2)], t[1], t[NR], m / 1024 }'
	done
	paste -d' ' <(sort -n a) <(sort -n b) | awk -v limit="$3" '{ a[NR] = $1; b[NR] = $3 }
		END { m = int((NR + 1) / 2); printf "| times as long (at most %s wanted) | %.2f | | |\n", limit, a[m] / b[m] }'
}
fetch() { # fetch BASE WHAT...: the same by curl, unchecked
	local base=$1 id what; shift
	while read -r id; do
		for what; do
			printf 'url = "%s/buildid/%s/%s"\noutput = "/dev/null"\n' "$base" "$id" "$what"
		done
	done <ids >urls
	cat >fetch.sh <<-S
	exec curl -s --parallel --parallel-max 16 -K urls
	S
}
echo "$PACKAGES packages, $((PACKAGES * FILES)) ELF files, $(du -sb packages | awk '{ printf "%.1f", $1 / 1e6 }') MB packed, $(du -sb share | awk '{ printf "%.0f", $1 / 1e6 }') MB served"
echo
echo "| work | seconds, median of $ROUNDS | spread | memory |"
echo '|---|---|---|---|'
"$PKGNOTE" verify --server="file://$PWD/share" packages >out || { tail -12 out; exit 1; }
cheap() { once a "$PKGNOTE" verify --checks=note,build-id,stripped packages; }
unpack() { once b sh -c 'for p in packages/*.deb; do bsdtar -xOf $p data.tar.xz | bsdtar -xOf - ; done'; }
if command -v bsdtar >/dev/null; then
	OURS="verify --checks=note,build-id,stripped" THEIRS="bsdtar -xO"
	compare cheap unpack 1.5
fi
all() { once a "$PKGNOTE" verify --server="$BASE" packages; }
curl_all() { once b sh fetch.sh; }
BASE=file://$PWD/share
fetch "$BASE" debuginfo executable "source$SOURCE/main.c"
OURS="verify, all checks, file://" THEIRS="curl --parallel, file://"
compare all curl_all 2

# The share by an HTTP server; debuginfod indexes the same files.
command -v debuginfod >/dev/null || { echo "no debuginfod here" >&2; exit 0; }
PORT=18890
while curl -so /dev/null "http://127.0.0.1:$PORT/"; do PORT=$((PORT + 1)); done
mkdir tree; cp -r share/buildid tree
debuginfod -p $PORT -d db.sqlite -F tree >log 2>&1 &
PID=$!
last=$(tail -1 ids)
for _ in $(seq 600); do
	curl -sfo /dev/null "http://127.0.0.1:$PORT/buildid/$last/executable" && curl -s "http://127.0.0.1:$PORT/metrics" | grep -q 'thread_busy{role="scan"} 0' && break
	sleep 0.1
done
URL=http://127.0.0.1:$PORT
"$PKGNOTE" verify --server=$URL packages >out || { tail -12 out; exit 1; }
BASE=$URL
fetch $URL debuginfo executable "source$SOURCE/main.c" section/.debug_line section/.rodata
OURS="verify, all checks, debuginfod" THEIRS="curl --parallel, debuginfod"
compare all curl_all 2
