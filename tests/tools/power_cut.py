#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Power cuts: power_cut.py PKGNOTE PROGRAM MOMENTS

Each moment has an ext4 of its own in a loop device, a command at work in it, and another process that calls
fsync() on a file beside it again and again: so names reach the journal at once, while contents that nobody waits
for do not (mounted without ext4's own net under renames, noauto_da_alloc). At the moment the file system is shut
down as by a power cut (EXT4_IOC_SHUTDOWN without a flush: what is not on the disk is lost), mounted again, and
judged: all is old or new, what was said to be done is there, and running again ends right."""
import contextlib, fcntl, filecmp, hashlib, http.server, os, shutil, struct, subprocess, sys, threading, time

PKGNOTE, PROGRAM, MOMENTS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), int(sys.argv[3])
SHUTDOWN, NO_FLUSH = 0x8004587D, 2  # _IOR('X', 125, __u32)
MNT, TOP = os.path.abspath("mnt"), os.path.abspath(".")
ENV = dict(os.environ, LC_ALL="C", DEBUGINFOD_URLS="")
SPLIT = ["split", "-q", "--layout=rpm", "--name=t", "--package-version=1", "--release=1", "--arch=x86_64", "--stamp"]
URL = None


def sh(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def run(*words):
    r = subprocess.run([PKGNOTE, *words], env=ENV, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def need(good, what):
    if not good:
        raise AssertionError(what)


def content(path):
    with open(path, "rb") as f:
        return f.read()


def listing(top):
    """Every path below it, with what it is: contents, or where it leads."""
    found = {}
    for at, directories, names in os.walk(top):
        for name in names + [d for d in directories if os.path.islink(os.path.join(at, d))]:
            path = os.path.join(at, name)
            found[os.path.relpath(path, top)] = os.readlink(path) if os.path.islink(path) else content(path)
    return found


class Stamp:
    """Six files in place, two of them one."""
    def command(self):
        return ["stamp", "-q", "-k", "type=deb", "-k", "name=x", f"{MNT}/d"]

    def prepare(self):
        os.makedirs("mnt/d")
        for i in range(6):
            shutil.copy(PROGRAM, f"mnt/d/f{i}")
        os.link("mnt/d/f0", "mnt/d/g")
        run("stamp", "-q", "-k", "type=deb", "-k", "name=x", "-o", "stamped", PROGRAM)

    def judge(self, done):
        old, new = content(PROGRAM), content("stamped")
        for name in [f"f{i}" for i in range(6)] + ["g"]:
            now = content(f"mnt/d/{name}")
            need(now == new or (now == old and not done), f"{name}: {len(now)} bytes are neither the old nor the new file")
        again = run(*self.command())
        need(again[0] == 0, f"again: {again}")
        need(sorted(os.listdir("mnt/d")) == ["f0", "f1", "f2", "f3", "f4", "f5", "g"], f"left: {os.listdir('mnt/d')}")
        need(os.path.samefile("mnt/d/f0", "mnt/d/g"), "a hard link came apart")
        need(all(content(f"mnt/d/f{i}") == new for i in range(6)), "not stamped by running again")


class Split:
    """A staging tree of four programs."""
    def tree(self, top):
        os.makedirs(f"{top}/usr/bin")
        for i in range(4):
            shutil.copy(PROGRAM, f"{top}/usr/bin/p{i}")

    def command(self, top="mnt/root"):
        return [*SPLIT, top]

    def prepare(self):
        self.tree("mnt/root")
        shutil.rmtree("whole", ignore_errors=True)
        self.tree("whole")
        need(run(*self.command("whole"))[0] == 0, "split of the whole tree")

    def judge(self, done):
        old, want, now = content(PROGRAM), listing("whole"), listing("mnt/root")
        for path, got in now.items():
            if os.path.basename(path).startswith(".pkgnote-"):
                continue
            need(path in want, f"{path} was not to be there")
            if path.startswith("usr/lib/") and not done:
                continue  # new, and nothing names it before it is whole: below
            need(got == want[path] or (got == old and not done), f"{path}: neither old nor new")
            if path.startswith("usr/bin/") and got == want[path]:
                debug = f"usr/lib/debug/{path}-1-1.x86_64.debug"
                need(now.get(debug) == want[debug], f"{path} is split, and {debug} is lost")
        need(not done or now == want, "it was done, and is not there")
        again = run(*self.command())
        need(again[0] == 0, f"again: {again}")
        need(listing("mnt/root") == want, f"running again ends in another tree: {set(listing('mnt/root').items()) ^ set(want.items())}"[:300])


class Publish:
    """A second package into a share that has one, of which it shares a file."""
    share = "mnt/share"

    def command(self):
        return ["publish", f"--into={self.share}", "--package=b-1-1.x", "b"]

    def prepare(self):
        if not os.path.isdir("b"):
            Split().tree("b")
            need(run(*SPLIT, "b")[0] == 0, "split")
            shutil.copytree("b", "a", symlinks=True)
            for i in range(2):  # what b adds
                for path in f"b/usr/bin/q{i}", f"b/usr/lib/debug/q{i}.debug":
                    data = content("b/usr/bin/p0" if "bin" in path else "b/usr/lib/debug/usr/bin/p0-1-1.x86_64.debug")
                    old = self.build_id("b/usr/bin/p0")
                    with open(path, "wb") as f:
                        f.write(data.replace(old, hashlib.sha1(b"%d" % i).digest()))
        need(run("publish", f"--into={self.share}", "--package=a-1-1.x", "a")[0] == 0, "publish a")

    @staticmethod
    def build_id(path):
        out = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, env=ENV).stdout
        return bytes.fromhex(out.split("Build ID: ")[1].split()[0])

    def judge(self, done):
        for at, _, names in os.walk(f"{self.share}/packages/a-1-1.x"):
            for name in names:
                need(os.path.getsize(os.path.join(at, name)) > 0, f"{at}/{name} of the first package is empty")
        if done:
            listed = run("publish", f"--into={self.share}", "--list")
            need(listed[1].split() == ["a-1-1.x", "b-1-1.x"], f"it was done, and is not there: {listed}")
            check = run("publish", f"--into={self.share}", "--check")
            need(check[0] == 0, f"check: {check}")
        elif os.path.isdir(f"{self.share}/packages/b-1-1.x"):
            for at, _, names in os.walk(f"{self.share}/packages/b-1-1.x"):
                for name in names:
                    need(os.path.getsize(os.path.join(at, name)) > 0, f"{at}/{name} is empty: half a package is there")
        again = run(*self.command())
        need(again[0] == 0, f"again: {again}")
        check = run("publish", f"--into={self.share}", "--check")
        need(check[0] == 0, f"check after the next publish: {check}")


class Fetch:
    """Six files into a cache that has two."""
    ids = [hashlib.sha1(b"f%d" % i).hexdigest() for i in range(8)]

    def get(self, ids, server):
        return ["fetch", "-q", "--cache=mnt/cache", "--retries=0", *([f"--server={URL}"] if server else []), "executable", *ids]

    def command(self):
        return self.get(self.ids, True)

    def prepare(self):
        old = Publish.build_id(PROGRAM)
        for hex in self.ids:
            os.makedirs(f"served/buildid/{hex}", exist_ok=True)
            with open(f"served/buildid/{hex}/executable", "wb") as f:
                f.write(content(PROGRAM).replace(old, bytes.fromhex(hex)))
        need(run(*self.get(self.ids[:2], True))[0] == 0, "fetch before")

    def judge(self, done):
        # The loop device's file system was written to in this boot, and the machine was not started again: a proof of
        # this boot is what a cut makes one of the last.
        if os.path.exists("mnt/cache/.proofs"):
            sh(sys.executable, os.path.join(os.path.dirname(__file__), "proofs.py"), "mnt/cache", "boot=" + "0123456789abcdef" * 2)
        first = run(*self.get(self.ids[:2], False))
        need(first[0] == 0, f"what was there before: {first}")
        if done:
            need(run(*self.get(self.ids, False))[0] == 0, "it was done, and is not there")
        for server in False, True:
            got = run(*self.get(self.ids, server))
            need(got[0] == 0 or not server, f"again: {got}")
            for path in got[1].split():
                hex = os.path.basename(os.path.dirname(path))
                need(filecmp.cmp(path, f"served/buildid/{hex}/executable", shallow=False), f"{path}: wrong bytes are believed")


@contextlib.contextmanager
def mounted(image):
    sh("mount", "-o", "loop,noauto_da_alloc", image, MNT)
    try:
        yield
    finally:
        sh("umount", MNT)


def renew(image, name):
    """A copy of IMAGE in a file of its own: a loop device that is taken down late, or that another name space of
    mounts still holds, has the old one, and mount would take that device, with what it remembers, for the same file."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name)
    sh("cp", "--sparse=always", image, name)


def beside(stop):
    with contextlib.suppress(OSError), open("mnt/beside", "wb", buffering=0) as f:  # until the power is off
        while not stop.is_set():
            f.write(b"x")
            os.fsync(f)
            time.sleep(0.0005)


def template(job):
    """An image in which JOB may begin, and how long that lasts."""
    name = f"{type(job).__name__}.img"
    with open(name, "wb") as f:
        f.truncate(48 << 20)
    sh("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", name)
    with mounted(name):
        job.prepare()
        sh("sync", "-f", MNT)
    renew(name, "cut.img")
    with mounted("cut.img"):
        start = time.monotonic()
        done = run(*job.command())
        need(done[0] == 0, f"undisturbed: {done}")
        return name, time.monotonic() - start


def cut(job, image, after):
    """True where the command was done before."""
    renew(image, "cut.img")
    stop = threading.Event()
    with mounted("cut.img"):
        fd = os.open(MNT, os.O_RDONLY)
        other = threading.Thread(target=beside, args=(stop,))
        other.start()
        work = subprocess.Popen([PKGNOTE, *job.command()], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if after is None:
            work.wait()
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                work.wait(after)
        done = work.poll() == 0  # before the power goes
        fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_FLUSH))
        # What the disk has at this moment; unmounting writes more.
        renew("cut.img", "after.img")
        os.close(fd)
        stop.set()
        work.kill()
        work.wait()
        other.join()
    with mounted("after.img"):
        job.judge(done)
    return done


class Quiet(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *a):
        super().__init__(*a, directory=f"{TOP}/served")

    def log_message(self, *_):
        pass


def main():
    global URL
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    URL = f"http://127.0.0.1:{server.server_port}"
    jobs = [Stamp(), Split(), Publish(), Fetch()]
    only = os.environ.get("JOBS", "").split()
    jobs = [j for j in jobs if not only or type(j).__name__ in only]
    each, bad, done, count = max(1, MOMENTS // len(jobs)), 0, 0, 0
    for job in jobs:
        image, took = template(job)
        for i in range(each):
            # The last one: at the end, when exit 0 was seen.
            after = None if i == each - 1 else took * 1.3 * (i + 1) / each
            try:
                done += cut(job, image, after)
            except (AssertionError, OSError) as e:
                bad += 1
                print(f"{type(job).__name__}, cut {'after its end' if after is None else f'{after:.3f} s after its start'}: {e}")
            count += 1
    print(f"{count} moments, {done} of them after the command was done, {bad} bad")
    return bad != 0


sys.exit(main())
