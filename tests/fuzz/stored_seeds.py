#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""stored_seeds.py X Y DIR: containers of the small ELF files X and Y for fuzz_stored, a byte behind each that says how it comes."""
import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile

x, y = (open(path, "rb").read() for path in sys.argv[1:3])
names = [("usr/bin/x", x), ("usr/bin/y", y)]


def tar(*members, form=tarfile.GNU_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as t:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def cpio(*members):
    out = b""
    for name, data in (*members, ("TRAILER!!!", b"")):
        numbers = [1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08x" % n for n in numbers) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out


def zipped(how):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as z:
        z.writestr(zipfile.ZipInfo("x/y.so"), y)
    return out.getvalue()


blobs = {}


def blob(data, kind="application/vnd.oci.image.layer.v1.tar"):
    digest = hashlib.sha256(data).hexdigest()
    blobs["blobs/sha256/" + digest] = data
    return {"mediaType": kind, "digest": "sha256:" + digest, "size": len(data)}


layers = [tar(*names), tar(("usr/bin/.wh.y", b""))]
manifest = {"schemaVersion": 2, "config": blob(b"{}"), "layers": [blob(layer) for layer in layers]}
index = {"schemaVersion": 2, "manifests": [blob(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")]}
docker = [{"Config": "c.json", "Layers": ["0/layer.tar", "1/layer.tar"]}]
seeds = {
    "tar": tar(*names),
    "pax": tar(("é/" + "long" * 40, y), form=tarfile.PAX_FORMAT),
    "cpio": cpio(*names),
    "initrd": cpio(names[0]) + bytes(512) + cpio(names[1]),
    "apk": tar((".SIGN", b"s")) + tar((".PKGINFO", b"pkgname = x\npkgver = 1\n")) + tar(names[0]),
    "ipk": tar(("./debian-binary", b"2.0\n"), ("./control.tar", tar(("./control", b"Package: x\n"))), ("./data.tar", tar(names[1]))),
    "zip": zipped(zipfile.ZIP_STORED),
    "whl": zipped(zipfile.ZIP_DEFLATED),
    "docker": tar(("manifest.json", json.dumps(docker).encode()), ("0/layer.tar", layers[0]), ("1/layer.tar", layers[1]), ("c.json", b"{}")),
    "oci": tar(("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", json.dumps(index).encode()), *blobs.items()),
    "elf": y,
}
for name, data in seeds.items():
    for how in range(3):
        with open(os.path.join(sys.argv[3], f"{name}{how}"), "wb") as out:
            out.write(data + bytes([how]))
