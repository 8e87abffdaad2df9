# SPDX-License-Identifier: LGPL-2.1-or-later
# publish killed a hundred times while readers look on, and many publishers at once.
. "$(dirname "$0")/../lib.sh"

# packages N: trees p1..pN of 10 programs each; p2 has p1's files too, so that links change hands. The
# programs are one, under different build-ids.
packages() {
	echo 'int main(void) { return 0; }' >x.c
	gcc -g -Wl,--build-id=sha1 -o x x.c
	eu-strip -f x.debug x
	python3 - "$1" "$(readelf -n x | sed -n 's/.*Build ID: //p')" <<-'P'
	import hashlib, os, shutil, sys
	old = bytes.fromhex(sys.argv[2])
	x, d = open("x", "rb").read(), open("x.debug", "rb").read()
	for p in range(1, int(sys.argv[1]) + 1):
	    for f in "usr/bin", "usr/lib/debug", f"usr/src/debug/p{p}-1-1.x": os.makedirs(f"p{p}/{f}")
	    for i in range(10):
	        new = hashlib.sha1(f"{p}.{i}".encode()).digest()
	        open(f"p{p}/usr/bin/{i}", "wb").write(x.replace(old, new))
	        open(f"p{p}/usr/lib/debug/{i}.debug", "wb").write(d.replace(old, new))
	    for i in range(20): open(f"p{p}/usr/src/debug/p{p}-1-1.x/{i}.c", "w").write(f"{i}\n")
	shutil.copytree("p1/usr/bin", "p2/usr/bin.first"); shutil.copytree("p1/usr/lib/debug", "p2/usr/lib/debug/first")
	P
}

cat >"$WORK/reader.py" <<'P'
# Reads all that the share shows, again and again: what is there must be whole and right.
import hashlib, os, subprocess, sys, time
share, stop = sys.argv[1], sys.argv[2]
good, parent = {}, os.getppid()
for top, _, names in os.walk("."):
    if not top.startswith("./p") or "/usr/src" in top: continue
    for n in names:
        f = os.path.join(top, n)
        out = subprocess.run(["readelf", "-n", f], capture_output=True, text=True).stdout
        i = out.split("Build ID: ")[1].split()[0]
        kind = "debuginfo" if n.endswith(".debug") else "executable"
        good[i, kind] = hashlib.sha256(open(f, "rb").read()).hexdigest()
reads = 0
print("ready", flush=True)
while not os.path.exists(stop) and os.getppid() == parent: # a test that failed does not say stop
    time.sleep(0.005)
    for (i, kind), digest in good.items():
        for name in (f"buildid/{i}/{kind}", f".build-id/{i[:2]}/{i[2:]}" + (".debug" if kind == "debuginfo" else "")):
            try: data = open(f"{share}/{name}", "rb").read()
            except (FileNotFoundError, NotADirectoryError): continue
            reads += 1
            if hashlib.sha256(data).hexdigest() != digest: sys.exit(f"wrong bytes: {name}")
    # A package that is there is there whole.
    try: packages = os.listdir(f"{share}/packages")
    except FileNotFoundError: continue
    for p in packages:
        top = f"{share}/packages/{p}/source/usr/src/debug"
        try: n = sum(len(os.listdir(f"{top}/{d}")) for d in os.listdir(top))
        except FileNotFoundError: continue
        if n != 20 and os.path.isdir(f"{share}/packages/{p}"): sys.exit(f"half a package: {p} has {n} sources")
print(reads)
P

hundred_kills() {
	need python3
	# In memory where that can be: more of the hundred are then killed at work than while they wait for a disk.
	local fast
	if fast=$(mktemp -d /dev/shm/pkgnote-test.XXXXXX 2>/dev/null); then trap "rm -rf $fast" EXIT; cd "$fast"; fi
	packages 3
	local i round pid delay killed=0 took
	took=$(date +%s%N); "$PKGNOTE" publish -q --into=share --package=p2-1-1.x p2 >/dev/null; took=$((($(date +%s%N) - took) / 100000))
	python3 "$WORK/reader.py" "$PWD/share" stop >reads 2>reader.err & reader=$!
	until grep -q ready reads; do sleep 0.05; done
	for ((round = 0; round < 100; round++)); do
		i=$((RANDOM % 3 + 1))
		if [ -d share/packages/p$i-1-1.x ]; then
			"$PKGNOTE" publish -q --into=share --remove=p$i-1-1.x >/dev/null 2>>errors & pid=$!
		else
			"$PKGNOTE" publish -q --into=share --package=p$i-1-1.x p$i >/dev/null 2>>errors & pid=$!
		fi
		# In tenths of a millisecond: as long as the work lasts, from one moment to all of it.
		delay=$((RANDOM % took)); printf -v delay '%d.%04d' $((delay / 10000)) $((delay % 10000))
		sleep "$delay"
		if kill -KILL $pid 2>/dev/null; then killed=$((killed + 1)); fi
		wait $pid 2>/dev/null || true
		kill -0 $reader 2>/dev/null || { cat reader.err >&2; fail "the reader ended in round $round"; }
		if ((round % 20 == 19)); then
			# The next run repairs, whatever it does.
			"$PKGNOTE" publish -q --into=share --package=p1-1-1.x p1 >/dev/null
			status 0 "$PKGNOTE" publish --into=share --check
		fi
	done
	touch stop; wait $reader || { cat reader.err >&2; fail "the reader"; }
	echo "$killed of 100 were killed at work, $(tail -1 reads) reads"
	[ "$killed" -ge 20 ] || fail "too few were killed at work: $killed"
	[ "$(tail -1 reads)" -gt 0 ]
	[ ! -s errors ] || { cat errors >&2; return 1; }
	for i in 1 2 3; do "$PKGNOTE" publish -q --into=share --package=p$i-1-1.x p$i >/dev/null; done
	status 0 "$PKGNOTE" publish --into=share --check
	for i in 1 2 3; do "$PKGNOTE" publish -q --into=share --remove=p$i-1-1.x >/dev/null; done
	[ -z "$(find share/buildid share/.build-id share/store share/packages share/source share/.also -mindepth 1 ! -path 'share/source/usr*')" ] ||
		{ find share >&2; return 1; }
}
check "a hundred kills: readers never get a wrong byte, the next run repairs" hundred_kills

many_at_once() {
	packages 6
	local i pids=()
	for i in 1 2 3 4 5 6; do "$PKGNOTE" publish --into=share --package=p$i-1-1.x p$i >out.$i 2>err.$i & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i"; done
	same "$("$PKGNOTE" publish --into=share --list | wc -l)" 6
	status 0 "$PKGNOTE" publish --into=share --check
	# Who waits is told for whom.
	(exec 9<>share/.lock; flock 9; echo 'process 7 on elsewhere' >&9; touch held; sleep 1.5) &
	until [ -e held ]; do sleep 0.05; done
	"$PKGNOTE" publish --into=share --remove=p6-1-1.x >out 2>err
	says err 'waiting: process 7 on elsewhere changes it'
	wait
}
# Some look while another has made the share's first directories.
begin_at_once() {
	packages 6
	local round i pids
	for round in $(seq 8); do
		pids=()
		for i in 1 2 3 4 5 6; do "$PKGNOTE" publish --into=share$round --package=p$i-1-1.x p$i >out.$i 2>err.$i & pids+=($!); done
		for i in "${pids[@]}"; do wait "$i" || { wait; cat err.*; return 1; }; done
		rm -rf share$round
	done
}
check "several publishers begin a share at once" begin_at_once

check "several publishers at once; who waits is told for whom" many_at_once
finish
