#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""package_seeds.py ELF DIR: .deb packages of unusual kinds for the fuzzers, as they are, and behind a byte 2 their data.tar."""
import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile

elf = open(sys.argv[1], "rb").read()
CONTROL = b"Package: p\nSource: q (2:1-1)\nVersion: 1-1\nArchitecture: amd64\n"


def member(name, data=b"", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.mode = len(data), kind, link, 0o755
    return info, data


def tar(*members, form=tarfile.GNU_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as t:
        for info, data in members:
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def ar(*members):
    out = b"!<arch>\n"
    for name, data in members:
        out += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name.encode(), 0, 0, 0, b"100644", len(data)) + data + b"\n" * (len(data) % 2)
    return out


def deb(data, name="data.tar", control=None, control_name="control.tar"):
    return ar(("debian-binary", b"2.0\n"), (control_name, tar(member("./control", CONTROL)) if control is None else control), (name, data))


x = member("./usr/bin/x", elf)
plain = tar(x)
datas = {
    "links": tar(x, member("./usr/bin/s", kind=tarfile.SYMTYPE, link="x"), member("./usr/bin/h", kind=tarfile.LNKTYPE, link="./usr/bin/x"),
                 member("./usr/bin/out", kind=tarfile.LNKTYPE, link="../../etc/passwd"), member("./dir", kind=tarfile.DIRTYPE), x),
    "out": tar(x, member("../../x", elf)),
    "absolute": tar(member("/usr/bin/x", elf), member("./", kind=tarfile.DIRTYPE), member("./fifo", kind=tarfile.FIFOTYPE)),
    "pax": tar(member("./é/" + "long/" * 60 + "x", elf), form=tarfile.PAX_FORMAT),
    "gnu-long": tar(member("./" + "long/" * 60 + "x", elf)),
    "nobody": tar(member("", elf)),
    "cut": plain[:700],
    "noise": plain[:512] + bytes(range(256)) * 4,
}
debs = {
    "gz": deb(gzip.compress(plain, mtime=0), "data.tar.gz"),
    "xz": deb(lzma.compress(plain), "data.tar.xz", lzma.compress(tar(member("./control", CONTROL))), "control.tar.xz"),
    "lzma": deb(lzma.compress(plain, format=lzma.FORMAT_ALONE), "data.tar.lzma"),
    "bz2": deb(bz2.compress(plain), "data.tar.bz2"),
    "cut-gz": deb(gzip.compress(plain, mtime=0)[:200], "data.tar.gz"),
    "bad-gz": deb(b"\x1f\x8b\x08\0" + bytes(300), "data.tar.gz"),
    "bomb": deb(gzip.compress(bytes(1 << 22), mtime=0), "data.tar.gz"),
    "unknown": deb(plain, "data.tar.rot13"),
    "no-control": deb(plain, control=tar(member("./md5sums", b"x"))),
    "no-version": deb(plain, control=tar(member("./control", b"Package: p\n"))),
    "large-control": deb(plain, control=tar(member("./control", CONTROL + b" " * (1 << 20)))),
    "no-data": ar(("debian-binary", b"2.0\n"), ("control.tar", tar(member("./control", CONTROL)))),
    "more": ar(("debian-binary", b"2.0\n"), ("_gpgbuilder", b"x"), ("control.tar", tar(member("./control", CONTROL))), ("data.tar", plain)),
    "cut-member": deb(plain)[:-4000],
    "no-header": deb(plain) + b"x" * 60,
}
for name, data in datas.items():
    debs["deb-" + name] = deb(data)
for name, data in debs.items():
    for prefix, suffix in (b"", ""), (b"\0", "-part0"):
        with open(os.path.join(sys.argv[2], name + suffix), "wb") as out:
            out.write(prefix + data)
