#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/bench/publish.sh [PACKAGES]: adding that many packages of ten files (1000), the first against the last,
# and one large split tree against cp -a of it.
set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
PACKAGES=${1:-1000}
PKGNOTE=${PKGNOTE:-${BUILD:-$TOP/build}/pkgnote}
case $PKGNOTE in /*) ;; *) PKGNOTE=$TOP/$PKGNOTE ;; esac
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pkgnote-bench.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
echo 'int main(void) { return 0; }' >x.c
gcc -g -Wl,--build-id=sha1 -o x x.c
eu-strip -f x.debug x
ID=$(readelf -n x | sed -n 's/.*Build ID: //p')
python3 - "$PKGNOTE" "$PACKAGES" "$ID" <<'P'
import glob, hashlib, os, resource, stat, statistics, subprocess, sys, time
pkgnote, packages, old = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
x, d = open("x", "rb").read(), open("x.debug", "rb").read()
def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "wb").write(data)
cpu = []  # of each run, in seconds: what a busy machine changes least
def run(*args):
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return time.perf_counter() - start
for i in range(packages):
    for j in range(3):
        new = hashlib.sha1(f"{i}.{j}".encode()).digest()
        put(f"t{i}/usr/bin/{j}", x.replace(old, new))
        put(f"t{i}/usr/lib/debug/{j}.debug", d.replace(old, new))
    for j in range(4):
        put(f"t{i}/usr/src/debug/p{i}-1-1.x/{j}.c", b"%d %d\n" % (i, j))
part = max(1, packages // 10)
add = [run(pkgnote, "publish", "-q", "--into=share", f"--package=p{i}-1-1.x", f"t{i}") for i in range(packages)]
remove = [run(pkgnote, "publish", "-q", "--into=share", f"--remove=p{i}-1-1.x") for i in range(packages - part, packages)]
ids = [hashlib.sha1(f"{i}.0".encode()).hexdigest() for i in range(0, packages - part, 7)]
def look_up():
    start = time.perf_counter()
    for i in ids: os.close(os.open(f"share/buildid/{i}/debuginfo", os.O_RDONLY))
    return (time.perf_counter() - start) / len(ids)
look = statistics.median(look_up() for _ in range(5))
check = run(pkgnote, "publish", "-q", "--into=share", "--check")
ms = lambda times: f"{statistics.median(times) * 1000:.1f} ms"
names, inodes, own = 0, set(), 0
for top, dirs, files in os.walk("share"):
    for n in dirs + files:
        st = os.lstat(os.path.join(top, n))
        names += 1
        if st.st_ino not in inodes and (not stat.S_ISREG(st.st_mode) or n == "record.json"):
            own += st.st_blocks * 512
        inodes.add(st.st_ino)
left = packages - part
print(f"{packages} packages of 10 files, one process each (medians):\n")
print("| | time | CPU time |\n|---|---|---|")
print(f"| add, the first {part} | {ms(add[:part])} | {ms(cpu[:part])} |\n| add, the last {part} | {ms(add[-part:])} | {ms(cpu[packages - part:packages])} |")
print(f"| remove | {ms(remove)} | {ms(cpu[packages:packages + part])} |")
print(f"| check all | {check:.1f} s | |\n| names and inodes a package | {names // left}, {len(inodes) // left} | |")
print(f"| the share's own bytes a package (directories, links, records) | {own // left} | |")
print(f"| a lookup by build-id, in a share of {left} packages | {look * 1e6:.0f} us | |\n")
# 30,000 source packages, 4 architectures, 3 releases: 360,000 packages.
print(f"Extrapolated by a factor of {360000 / left:.0f} to 360,000 such packages: {len(inodes) * 360000 // left // 1000000} million inodes, "
      f"{own * 360000 // left >> 30} GB of the share's own, {statistics.median(add[-part:]) * 100:.0f} hours of adding one after another.\n")
subprocess.run("rm -rf t* share", shell=True)
# The machine's own programs, each once; and sources.
taken, size = set(), 0
for f in sorted(glob.glob("/usr/bin/*") + glob.glob("/usr/lib/*/*.so*") + glob.glob("/usr/libexec/*/*")):
    if os.path.islink(f) or not os.path.isfile(f) or size > 400 << 20: continue
    b = open(f, "rb").read()
    if b[:4] != b"\x7fELF" or hashlib.sha1(b).digest() in taken: continue
    taken.add(hashlib.sha1(b).digest())
    size += len(b)
    put("big/usr/bin/" + os.path.basename(f), b)
for i in range(2000): put(f"big/usr/src/debug/big-1-1.x/{i % 40}/{i}.c", b"%d\n" % i * 2000)
copies, adds = [], []
for i in range(5):
    os.sync(); copies.append(run("cp", "-a", "--reflink=auto", "big", f"copy{i}"))
    os.sync(); adds.append(run(pkgnote, "publish", "--on-conflict=keep", f"--into=share{i}", "--package=big-1-1.x", "big"))
a, c = statistics.median(adds), statistics.median(copies)
# From a small process: what a child was before it became pkgnote counts too.
peak = subprocess.run([sys.executable, "-c", "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)", pkgnote, "publish", "--on-conflict=keep", "--into=share9",
    "--package=big-1-1.x", "big"], capture_output=True, text=True).stdout.strip()
print(f"{len(taken)} ELF files and 2000 sources, {size >> 20} MB (medians of 5): cp -a {c:.2f} s, publish {a:.2f} s, {a / c:.2f} times;"
      f" peak memory {peak} MB")
P
