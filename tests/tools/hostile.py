#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hostile.py DIR: files whose numbers lie, of each format that pkgnote reads, for tests/interop/hostile.sh. Names say how."""
import gzip
import io
import json
import os
import struct
import sys
import tarfile

MOST32, MOST64 = 0xFFFFFFFF, 2**64 - 1
files = {}


# --- PE images: headers, then so many sections, then bytes
def pe(lfanew=64, count=1, size=240, magic=0x20B, align=(0x1000, 512), image=0x3000, headers=None, directories=16, directory=(), sections=(), tail=bytes(2000)):
    end = lfanew + 24 + size + 40 * max(len(sections), 1)
    head = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, count, 0, 0, 0, size, 0x22)
    optional = bytearray(max(size, 240))
    base = 108 if magic == 0x20B else 92
    struct.pack_into("<H", optional, 0, magic)
    struct.pack_into("<II", optional, 32, *align)
    struct.pack_into("<II", optional, 56, image, end if headers is None else headers)
    struct.pack_into("<I", optional, base, directories)
    for number, address, length in directory:
        struct.pack_into("<II", optional, base + 4 + 8 * number, address, length)
    dos = (b"MZ".ljust(60, b"\0") + struct.pack("<I", lfanew)).ljust(lfanew, b"\0")
    return dos + head + bytes(optional[:size]) + b"".join(sections) + tail


def section(name=b".text", size=16, address=0x1000, raw_size=512, raw=1024, relocations=0):
    return struct.pack("<8sIIIIIIHHI", name, size, address, raw_size, raw, relocations, 0, 0, 0, 0x60000020)


TEXT = section()
files.update({
    "pe-header-at-the-end": b"MZ".ljust(60, b"\0") + struct.pack("<I", 62) + b"PE",
    "pe-header-wraps": b"MZ".ljust(60, b"\0") + struct.pack("<I", MOST32 - 15) + b"PE\0\0" * 20,
    "pe-many-sections": pe(count=65535, sections=[TEXT]),
    "pe-sections-behind-the-file": pe(count=4000, sections=[section(raw_size=MOST32, raw=MOST32)] * 4000),
    "pe-large-optional-header": pe(size=0xFFFF, tail=b""),
    "pe-no-optional-header": pe(size=0, sections=[TEXT]),
    "pe-headers-of-4g": pe(headers=MOST32, sections=[TEXT]),
    "pe-image-of-4g": pe(image=MOST32, sections=[section(size=MOST32, address=MOST32 - 4095)]),
    "pe-two-notes": pe(count=2, sections=[section(b".pkgnote", 8), section(b".pkgnote", MOST32, 0x2000, raw=1536)], tail=b'{"a":1}\0' * 300),
    "pe-note-without-bytes": pe(sections=[section(b".pkgnote", MOST32, raw_size=0, raw=0)], tail=b""),
    "pe-note-wraps": pe(sections=[section(b".pkgnote", raw_size=MOST32 - 15, raw=32)]),
    "pe-certificate-wraps": pe(directory=[(4, MOST32 - 15, 32)], sections=[TEXT]),
    "pe-debug-directory-of-4g": pe(directories=MOST32, directory=[(6, 0x1000, MOST32)], sections=[TEXT], tail=b"\xff" * 2000),
    "pe-sections-overlap": pe(count=3, sections=[section(raw=512, raw_size=2048), section(raw=513, raw_size=2048), section(relocations=MOST32)]),
})
for one in (0, 3, 0x80000000, MOST32):
    files["pe-aligned-to-%x" % one] = pe(align=(one, one), sections=[TEXT])

# --- ELF files
NAMES = b"\0.text\0.note.package\0.symtab\0.strtab\0.debug_info\0.debug_str\0.debug_abbrev\0.dynamic\0.rela.text\0.group\0.shstrtab\0"
LOAD, DYNAMIC, INTERP, NOTE = 1, 2, 3, 4


def program(kind, offset, size, align=1, address=None, memory=None):
    return struct.pack("<IIQQQQQQ", kind, 5, offset, offset if address is None else address, 0, size, size if memory is None else memory, align)


def header(name, kind, flags, offset, size, link=0, info=0, align=1, entry=0):
    return struct.pack("<IIQQQQIIQQ", NAMES.index(b"\0" + name + b"\0") + 1 if name else 0, kind, flags, offset if flags & 2 else 0,
                       offset, size, link, info, align, entry)


def elf(programs=(), sections=(), body=bytes(4096), kind=3, **numbers):
    """SECTIONS are told where BODY begins. NUMBERS of the header in place of the true ones."""
    start = 64 + 56 * len(programs)
    out = bytearray(64) + b"".join(programs) + body
    names = len(out)
    out += NAMES + bytes(-(len(out) + len(NAMES)) % 8)
    table = [header(b"", 0, 0, 0, 0), *(one(start) for one in sections), header(b".shstrtab", 3, 0, names, len(NAMES))]
    have = {"phoff": 64 if programs else 0, "shoff": len(out), "ehsize": 64, "phentsize": 56, "phnum": len(programs), "shentsize": 64,
            "shnum": len(table), "shstrndx": len(table) - 1, **numbers}
    out += b"".join(table)
    out[:64] = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", kind, 62, 1, 0, have["phoff"], have["shoff"], 0, have["ehsize"], have["phentsize"],
                           have["phnum"], have["shentsize"], have["shnum"], have["shstrndx"])
    return bytes(out)


def note(name_size, size, kind, name, value):
    return struct.pack("<III", name_size, size, kind) + name + value


def noted(value):
    """A library whose package note has that value."""
    value += b"\0"
    one = note(4, len(value), 0xCAFE1A7E, b"FDO\0", value + bytes(-len(value) % 4))
    return elf([program(LOAD, 0, 176 + len(one), 4096), program(NOTE, 176, len(one), 4)], [lambda at: header(b".note.package", 7, 2, at, len(one), align=4)], one)


ID = note(4, 20, 3, b"GNU\0", b"\1" * 20)
PACKAGE = note(4, 16, 0xCAFE1A7E, b"FDO\0", b'{"name":"a"}'.ljust(16, b"\0"))
ALL = program(LOAD, 0, 4096, 4096)
for one in (0, 1, 3, 8, 2**63, MOST64):
    files["elf-note-aligned-to-%x" % one] = elf([ALL, program(NOTE, 176, 64, one)], [lambda at, one=one: header(b".note.package", 7, 2, at, 64, align=one)],
                                                ID + PACKAGE + bytes(4000))
for one, two in (MOST32, 0), (0, MOST32), (MOST32, MOST32), (MOST32 - 2, 4), (4, MOST32 - 15), (5, 3), (0, 0), (0x7FFFFFFF, 0x80000001):
    files["elf-note-of-%x-and-%x" % (one, two)] = elf([ALL, program(NOTE, 176, 64, 4)], [lambda at: header(b".note.package", 7, 2, at, 64, align=4)],
                                                      note(one, two, 0xCAFE1A7E, b"FDO\0", b'{"a":1}\0') + bytes(4000))
SYMBOLS = bytes(24) + struct.pack("<IBBHQQ", MOST32, 0x12, 0, 0xFFFF, MOST64, MOST64) * 9 + b"\0x\0"
for entry, size, info, link in ((0, 240, 1, 2), (1, 240, 1, 2), (MOST64, 240, 1, 2), (24, 239, 1, 2), (24, 240, MOST32, 2), (24, 240, 1, 1),
                                (24, 240, 1, MOST32), (48, 240, 2, 2), (24, MOST64, 1, 2), (24, 2**63, 1, 2)):
    files["elf-symbols-%x-%x-%x-%x" % (entry, size, info, link)] = elf([ALL], [
        lambda at, given=(size, link, info, 8, entry): header(b".symtab", 2, 0, at, *given), lambda at: header(b".strtab", 3, 0, at + 240, 3),
        lambda at: header(b".debug_info", 1, 0, at, 100), lambda at: header(b".text", 1, 6, at, 16, align=MOST64)], SYMBOLS + bytes(4000))
for one in (0, 1, 55, 63, 65, 0xFFFF):
    files["elf-entries-of-%d" % one] = elf([ALL], shentsize=one, phentsize=one, ehsize=one)
for kind, size, align in (1, MOST64, 1), (2, 2**40, 1), (1, 0, 0), (7, 100, 1), (2, 2**63, 2**63), (1, 64, 3):
    files["elf-compressed-%d-%x-%x" % (kind, size, align)] = elf([ALL], [
        lambda at: header(b".debug_info", 1, 0x800, at, 60), lambda at: header(b".debug_str", 1, 0x800, at, 60),
        lambda at: header(b".debug_abbrev", 1, 0, at + 30, 20), lambda at: header(b".text", 1, 6, at, 16)],
        struct.pack("<IIQQ", kind, 0, size, align) + b"\x78\x9c\3\0\0\0\0\1\x28\xb5\x2f\xfd" + bytes(4000))
for number, tags in enumerate((((5, MOST64), (10, MOST64), (1, MOST64)), ((4, 16), (0x6FFFFEF5, 16), (5, 16), (6, 16), (11, 0)),
                               ((7, 2**63), (8, 2**63), (9, 0)), ((25, 2**63), (27, MOST64)), ((0x6FFFFFFE, 64), (0x6FFFFFFF, MOST64), (14, 7)))):
    table = b"".join(struct.pack("<QQ", *tag) for tag in (*tags, (0, 0)))
    files["elf-dynamic-%d" % number] = elf([ALL, program(DYNAMIC, 232, len(table), 8), program(INTERP, 232, MOST64)],
                                           [lambda at, table=table: header(b".dynamic", 6, 3, at, len(table), 2, 0, 8, 16)], table + bytes(4000))
files.update({
    "elf-symbols-over-the-header": elf([ALL], [lambda at: header(b".symtab", 2, 2, 0, 240, 2, 1, 8, 24), lambda at: header(b".strtab", 3, 0, 0, 64)]),
    "elf-tables-over-each-other": elf([ALL] * 3, shoff=64, shnum=3, shstrndx=0),
    "elf-extended-numbers": elf([ALL], phnum=0xFFFF, shnum=0, shstrndx=0xFFFF),
    "elf-programs-wrap": elf([ALL], phoff=MOST64 - 7),
    "elf-sections-wrap": elf([ALL], shoff=MOST64 - 63),
    "elf-segments-wrap": elf([program(LOAD, 0, 4096, 4096, 0, 2**63), program(LOAD, 1, 4096, 2**63, MOST64 - 4095), program(LOAD, 0, MOST64), program(NOTE, 64, MOST64, 4)]),
    "elf-many-groups": elf([], [lambda at: header(b".group", 17, 0, at, 4000, 2, MOST32, 4, 4)] * 200, b"\1\0\0\0" * 1200, kind=1),
    "elf-relocations-of-themselves": elf([], [lambda at: header(b".rela.text", 4, 0, at, MOST64 - 23, 1, 1, 8, 24), lambda at: header(b".debug_info", 1, 0, at, 4000),
                                              lambda at: header(b".rela.text", 4, 64, at, 4800, 2, 2, 8, 24)], b"\xff" * 4800, kind=1),
    "elf-many-notes-on-one-place": elf([ALL] + [program(NOTE, 64, 0x20000, 4)] * 4000, [], (ID + PACKAGE) * 3000),
})

# --- JSON of notes
for name, value in {
    "deep": b'{"a":' + b"[" * 50000, "deep-objects": b'{"a":' * 50000, "digits": b'{"a":' + b"1" * 300000 + b"}", "fraction": b'{"a":0.' + b"0" * 300000 + b"1}",
    "exponent": b'{"a":1e' + b"9" * 300000 + b"}", "one-key": b"{" + b",".join([b'"a":1'] * 20000) + b"}", "escapes": b'{"a":"' + b"\\u0000" * 20000 + b'"}',
    "no-utf8": b'{"a":"' + b"\xff" * 50000 + b'"}', "open-escape": b'{"a":"\\', "backslashes": b'{"a":"' + b"\\" * 99999, "controls": b'{"a":"' + b"\1" * 50000 + b'"}',
}.items():
    files["json-" + name] = noted(value)


# --- cores
def core(notes, loads=(), body=b""):
    start = 64 + 56 * (1 + len(loads))
    first = (start + len(notes) + 4095) // 4096 * 4096
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1 + len(loads), 0, 0, 0)
    table = program(NOTE, start, len(notes), 4) + b"".join(program(LOAD, first + at, size, 4096, address, memory) for at, size, address, memory in loads)
    return (head + table + notes).ljust(first, b"\0") + body


def core_note(kind, value):
    return struct.pack("<III", 5, len(value), kind) + b"CORE\0\0\0\0" + value + bytes(-len(value) % 4)


def mapped(count, page, rows, names):
    return core_note(0x46494C45, struct.pack("<QQ", count, page) + b"".join(struct.pack("<QQQ", *row) for row in rows) + names)


def ring(count):
    """A process whose list of libraries is a ring, of COUNT program headers by its own account."""
    base, page = 0x400000, bytearray(4096)
    head = elf([program(LOAD, 0, 4096, 4096, base), program(DYNAMIC, 0x300, 64, 8, base + 0x300)], [], b"")
    page[:len(head)] = head
    for at, words in ((0x300, (21, base + 0x400, 5, base + 0x500, 10, 100, 0, 0)), (0x400, (1, base + 0x600, 0, 0, 0)),
                      (0x600, (0, base + 0x500, base + 0x300, base + 0x640, 0)), (0x640, (1, base + 0x500, base + 0x300, base + 0x600, 0))):
        struct.pack_into("<%dQ" % len(words), page, at, *words)
    page[0xA00:0xF00] = b"n" * 0x500
    vector = struct.pack("<12Q", 3, base + 64, 4, 56, 5, count, 31, base + 0xA00, 9, base, 0, 0)
    return core(core_note(6, vector), [(0, 4096, base, 4096)], bytes(page))


MODULE = elf([ALL, program(NOTE, 176, len(ID + PACKAGE), 4)], [], ID + PACKAGE).ljust(4096, b"\0")
ONE = [(0, 4096, 0x1000, 4096)]
files.update({
    "core-of-many-files": core(mapped(2**60, 4096, [(0x1000, 0x2000, 0)], b"/a\0"), ONE, MODULE),
    "core-of-pages-of-no-bytes": core(mapped(2, 0, [(0x1000, 0x2000, 0), (0x5000, 0x4000, MOST64)], b"/a\0/b\0"), ONE, MODULE),
    "core-of-pages-that-wrap": core(mapped(2, MOST64, [(0x1000, 0x2000, 1), (MOST64 - 4095, 0, 2**63)], b"/a\0/b\0"), ONE, MODULE),
    "core-of-names-without-end": core(mapped(3, 4096, [(0x1000, 0x2000, 0)] * 3, b"/a"), ONE, MODULE),
    "core-of-one-address": core(b"", ONE * 5000, MODULE),
    "core-of-what-overlaps": core(mapped(1, 4096, [(0x1000, 0x2000, 0)], b"/a\0"), [(0, 4096, 0x1000 * i, 2**63) for i in range(3000)], MODULE),
    "core-of-a-ring": ring(2), "core-of-a-ring-by-many": ring(MOST64),
})


# --- packages, archives and containers
def member(name, size, data=b""):
    return b"%-16s%-12d%-6d%-6d%-8s%-10s`\n" % (name, 0, 0, 0, b"100644", str(size).encode()) + data


def tar(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data, *link in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            if link:
                info.type, info.linkname = link
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def deb(data, name=b"data.tar", control=b"Package: p\nVersion: 1\nArchitecture: amd64\n"):
    control = tar(("./control", control))
    return b"!<arch>\n" + b"".join(member(name, len(data), data + b"\n" * (len(data) % 2))
                                   for name, data in ((b"debian-binary", b"2.0\n"), (b"control.tar", control), (name, data)))


LAYER = tar(("usr/bin/x", MODULE), ("big", bytes(1 << 18)))
DIGEST = "sha256:" + "ab" * 32
INDEX = json.dumps({"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.index.v1+json", "digest": DIGEST, "size": 1}] * 2}).encode()
RPM = b"\xed\xab\xee\xdb\3\0" + bytes(90)
files.update({
    "ar-of-empty-members": b"!<arch>\n" + member(b"x/", 0) * 20000,
    "ar-of-a-size-below-nothing": b"!<arch>\n" + member(b"x/", -1, bytes(200)),
    "ar-of-one-long-name": b"!<arch>\n" + member(b"//", 60000, b"n" * 60000) + member(b"/0", 0) * 3000,
    "ar-of-many-symbols.a": b"!<arch>\n" + member(b"/", 64, struct.pack(">I", MOST32) + b"\xff" * 60) + member(b"x.o/", len(MODULE), MODULE),
    "deb-of-links-to-links.deb": deb(tar(("./x", MODULE), *(("./h%d" % i, b"", tarfile.LNKTYPE, "./h%d" % (i + 1)) for i in range(1000)))),
    "deb-of-links-in-a-ring.deb": deb(tar(("./a", b"", tarfile.SYMTYPE, "b"), ("./b", b"", tarfile.SYMTYPE, "a"), ("./c", b"", tarfile.LNKTYPE, "./c"),
                                          ("./usr/lib/debug/.build-id/ab/cd.debug", b"", tarfile.SYMTYPE, "../../../../../../etc/passwd"))),
    "deb-of-empty-streams.deb": deb(gzip.compress(b"", mtime=0) * 20000, b"data.tar.gz"),
    "deb-of-a-long-name.deb": deb(tar(("./x", MODULE)), control=b"Package: " + b"p" * 300000 + b"\nVersion: 1\nArchitecture: a\n"),
    "rpm-of-a-header-of-4g": RPM + b"\x8e\xad\xe8\1\0\0\0\0" + struct.pack(">II", MOST32, MOST32),
    "rpm-of-strings-without-end": RPM + b"\x8e\xad\xe8\1" + bytes(12) + b"\x8e\xad\xe8\1\0\0\0\0" + struct.pack(">II", 4, 8) + b"".join(
        struct.pack(">IIII", *one) for one in ((1000, 6, 0, MOST32), (1001, 8, 7, 0x7FFFFFFF), (1117, 8, 0, MOST32), (1028, 4, MOST32, 4))) + b"aaaaaaaa",
    "docker-of-one-layer-often.tar": tar(("manifest.json", json.dumps([{"Config": "c.json", "Layers": ["l/layer.tar"] * 3000}]).encode()), ("c.json", b"{}"), ("l/layer.tar", LAYER)),
    "docker-of-one-image-often.tar": tar(("manifest.json", json.dumps([{"Config": "c.json", "Layers": ["l/layer.tar"]}] * 3000).encode()), ("c.json", b"{}"), ("l/layer.tar", LAYER)),
    "docker-of-layers-outside.tar": tar(("manifest.json", json.dumps([{"Config": "../../etc/passwd", "Layers": ["../../../etc/passwd", "/etc/passwd"]}]).encode()), ("c.json", b"{}")),
    "oci-of-an-index-in-itself.tar": tar(("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", INDEX), ("blobs/sha256/" + "ab" * 32, INDEX)),
    "squashfs-of-tables-nowhere": b"hsqs" + struct.pack("<IIIIHHHHHH8Q", MOST32, 0, 1 << 17, MOST32, 1, 17, 0, 1, 4, 0, 0, *[2**63] * 7) + b"\xff" * 4000,
    "crash-of-noise": b"ProblemType: Crash\nCoreDump: base64\n H4sICAAAAAAC/0NvcmVEdW1wAA==\n " + b"A" * 100000 + b"\n",
})

if __name__ == "__main__":
    for name, data in files.items():
        with open(os.path.join(sys.argv[1], name), "wb") as out:
            out.write(data)
