#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""doubles.py DIMENSION N OUT: a file, 64-bit and little-endian, with N of one thing, for doubling.sh."""
import io
import json
import struct
import sys
import tarfile

LOAD, DYNAMIC, NOTE = 1, 2, 4
PROGBITS, SYMTAB, STRTAB, SHT_DYNAMIC, SHT_NOTE, DYNSYM, CREL = 1, 2, 3, 6, 7, 11, 0x40000014
ALLOC, EXEC, STRINGS = 2, 4, 0x30
PAYLOAD = '{"type":"deb","name":"n"}'


def pad(data, to):
    return data + b"\0" * (-len(data) % to)


def note(owner, number, value):
    owner = owner.encode() + b"\0"
    return struct.pack("<III", len(owner), len(value), number) + pad(owner, 4) + pad(value, 4)


def leb(value):
    out = b""
    while True:
        value, low = value >> 7, value & 0x7F
        out += bytes([low | (0x80 if value else 0)])
        if not value:
            return out


class Elf:
    """Headers, then what is loaded, then the rest, then the section headers."""

    def __init__(self, kind=3, machine=62):
        self.kind, self.machine = kind, machine
        self.sections, self.segments = [], []

    def section(self, name, kind, data, flags=0, align=1, link=0, info=0, entry=0):
        self.sections.append([name, kind, data, flags, align, link, info, entry])
        return len(self.sections)

    def segment(self, kind, section=None, offset=0, address=0, size=0, align=4, flags=4, room=0):
        self.segments.append((kind, section, offset, address, size, align, flags, room))

    def bytes(self):
        loads = 1 if self.kind == 3 else 0
        count = len(self.segments) + loads
        # Extended numbering is another matter.
        assert count < 65535 and len(self.sections) + 2 < 65280
        names, offsets = b"\0", {}
        for name in [section[0] for section in self.sections] + [".shstrtab"]:
            if name not in offsets:
                offsets[name] = len(names)
                names += name.encode() + b"\0"
        self.sections.append([".shstrtab", STRTAB, names, 0, 1, 0, 0, 0])
        body = bytearray(b"\0" * (64 + 56 * count))
        if self.kind == 3:
            body += b"\0" * 512
        headers, places, loaded = [b"\0" * 64], [], len(body)
        for name, kind, data, flags, align, link, info, entry in self.sections:
            body += b"\0" * (-len(body) % align)
            at = len(body)
            if isinstance(data, int):  # lies on that section
                at, length = places[data - 1]
            else:
                length = len(data)
                body += data
            places.append((at, length))
            if flags & ALLOC:
                loaded = len(body)
            headers.append(struct.pack("<IIQQQQIIQQ", offsets[name], kind, flags, at if flags & ALLOC else 0,
                                       at, length, link, info, align, entry))
        body += b"\0" * (-len(body) % 8)
        table = len(body)
        body += b"".join(headers)
        segments = [struct.pack("<IIQQQQQQ", LOAD, 5, 0, 0, 0, loaded, loaded, 4096)] if loads else []
        for kind, section, offset, address, size, align, flags, room in self.segments:
            if section is not None:
                offset, size = places[section - 1]
                address = offset
            segments.append(struct.pack("<IIQQQQQQ", kind, flags, offset, address, address, size, room or size, align))
        body[0:64] = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", self.kind, self.machine, 1, 0,
                                 64 if count else 0, table, 0, 64, 56, count, 64, len(headers), len(headers) - 1)
        for index, header in enumerate(segments):
            body[64 + 56 * index:120 + 56 * index] = header
        return bytes(body)


def build_id(elf, number=1):
    return elf.section(".note.gnu.build-id", SHT_NOTE, note("GNU", 3, struct.pack("<I", number) * 5), ALLOC, 4)


def code(elf):
    return elf.section(".text", PROGBITS, b"\xc3" * 64, ALLOC | EXEC, 16)


ABBREVS = [  # a unit, with producer, name and directory as strings; a child with a name
    leb(1) + leb(0x11) + b"\1" + leb(0x25) + leb(8) + leb(3) + leb(8) + leb(0x1B) + leb(8) + leb(0x10) + leb(0x17) + b"\0\0",
    leb(2) + leb(0x34) + b"\0" + leb(3) + leb(8) + b"\0\0",
]


def unit(index, line, children=1):
    body = leb(1) + b"as\0" + b"/build/source/file%d.c\0/build/source\0" % index + struct.pack("<I", line)
    body += b"".join(leb(2) + b"v%d\0" % i for i in range(children)) + b"\0"
    head = struct.pack("<HIB", 4, 0, 8)
    return struct.pack("<I", len(head) + len(body)) + head + body


def lines(rows, files=1):
    tables = b"\1\1\1\xfb\x0e\x0d\0\1\1\1\1\0\0\0\1\0\0\1" + b"/build/source\0\0"
    tables += b"".join(b"file%d.c\0\1\0\0" % i for i in range(files)) + b"\0"
    program = b"\0\x09\x02" + struct.pack("<Q", 0x1000) + b"\x4b" * rows + b"\0\1\1"
    return struct.pack("<IHI", 2 + 4 + len(tables) + len(program), 4, len(tables)) + tables + program


def crel(relocations):
    """Compact relocations, 8 bytes apart; their symbol is in turn the first one and none. The first says the type too."""
    def one(i):
        return bytes([0x43 if i == 0 else 0x41, 0x7F if i % 2 else 1]) + (b"\1" if i == 0 else b"")
    return leb(relocations * 8 + 4) + b"".join(one(i) for i in range(relocations))


def names_index(names):
    """A .debug_names of so many units' indexes, each with a name."""
    out = b""
    for _ in range(names):
        # Version 5; one unit, no types, no buckets, one name, a table of abbreviations of 5 bytes.
        body = struct.pack("<HHIIIIIIII", 5, 0, 1, 0, 0, 0, 1, 5, 0, 0) + struct.pack("<III", 0, 1, 0) + b"\1\x34\0\0\0" + b"\1\0"
        body += bytes(-len(body) % 4)
        out += struct.pack("<I", len(body)) + body
    return out


def debug(units=1, abbrevs=0, rows=16, files=1, children=1, symbols=4, spare=0, kind=3, compact=0, indexes=0):
    elf = Elf(kind)
    if kind == 3:
        elf.segment(NOTE, build_id(elf))
    text = code(elf)
    for index in range(spare):
        elf.section(".spare%d" % index, PROGBITS, b"spare", 0, 1)
    info, line = b"", b""
    for index in range(units):
        info += unit(index, len(line), children)
        line += lines(rows, files)
    more = b"".join(leb(3 + i) + leb(0x34) + b"\0" + leb(3) + leb(8) + b"\0\0" for i in range(abbrevs))
    elf.section(".debug_info", PROGBITS, info)
    elf.section(".debug_abbrev", PROGBITS, b"".join(ABBREVS) + more + b"\0")
    elf.section(".debug_line", PROGBITS, line)
    names = b"\0" + b"".join(b"symbol%d\0" % i for i in range(symbols))
    table, at = b"\0" * 24, 1
    for index in range(symbols):
        table += struct.pack("<IBBHQQ", at, 0x12, 0, text, 0, 1)
        at += len(b"symbol%d\0" % index)
    strings = elf.section(".strtab", STRTAB, names)
    symtab = elf.section(".symtab", SYMTAB, table, 0, 8, strings, 1, 24)
    if compact:  # of a kernel's module
        elf.section(".modinfo", PROGBITS, b"license=GPL\0", ALLOC)
        build_id(elf)
        elf.section(".crel.text", CREL, crel(compact), 0x40, 1, symtab, text)
    if indexes:
        elf.section(".debug_names", PROGBITS, names_index(indexes), 0, 4)
    return elf.bytes()


def segments(n):
    elf = Elf()
    build_id(elf)
    for index in range(n):
        elf.segment(NOTE, elf.section(".note.%d" % index, SHT_NOTE, note("X", index, b"1234"), ALLOC, 4))
    return elf.bytes()


def loads(n):
    elf = Elf()
    code(elf)
    for index in range(n):
        elf.segment(LOAD, None, 0, 0x100000 + 4096 * index, 0, 4096, 6, 4096)
    return elf.bytes()


def notes(n):
    elf = Elf()
    all_of_them = b"".join(note("Owner", i, b"12345678") for i in range(n))
    elf.segment(NOTE, elf.section(".note.all", SHT_NOTE, all_of_them, ALLOC, 4))
    return elf.bytes()


def dynamic(n):
    elf = Elf()
    strings = elf.section(".dynstr", STRTAB, b"\0lib.so\0", ALLOC)
    # DT_NEEDED each, then DT_STRTAB and DT_NULL.
    table = struct.pack("<QQ", 1, 1) * n + struct.pack("<QQ", 5, 0x1000) + b"\0" * 16
    elf.segment(DYNAMIC, elf.section(".dynamic", SHT_DYNAMIC, table, ALLOC, 8, strings, 0, 16), align=8)
    return elf.bytes()


def tables(n):
    """N symbol tables of N symbols, all on the same bytes."""
    elf = Elf()
    code(elf)
    strings = elf.section(".strtab", STRTAB, b"\0")
    first = elf.section(".symtab", SYMTAB, b"\0" * 24 * n, 0, 8, strings, 1, 24)
    for index in range(n - 1):
        elf.section(".symtab", SYMTAB, first, 0, 8, strings, 1, 24)
    return elf.bytes()


def suffixes(n):
    """N dynamic symbols whose names, up to N letters long, end each other."""
    elf = Elf()
    elf.segment(NOTE, build_id(elf))
    text = code(elf)
    symbols = b"\0" * 24 + b"".join(struct.pack("<IBBHQQ", 1 + i, 0x12, 0, text, 0, 1) for i in range(n))
    strings = elf.section(".dynstr", STRTAB, b"\0" + b"a" * n + b"\0", ALLOC)
    elf.section(".dynsym", DYNSYM, symbols, ALLOC, 8, strings, 1, 24)
    elf.section(".debug_info", PROGBITS, unit(0, 0))
    elf.section(".debug_abbrev", PROGBITS, b"".join(ABBREVS) + b"\0")
    elf.section(".debug_line", PROGBITS, lines(1))
    strings = elf.section(".strtab", STRTAB, b"\0function\0")
    elf.section(".symtab", SYMTAB, b"\0" * 24 + struct.pack("<IBBHQQ", 1, 0x12, 0, text, 0, 1), 0, 8, strings, 1, 24)
    return elf.bytes()


def stamped(payload):
    elf = Elf()
    elf.segment(NOTE, elf.section(".note.package", SHT_NOTE, note("FDO", 0xCAFE1A7E, payload.encode() + b"\0"), ALLOC, 4))
    return elf.bytes()


def keys(n):
    return stamped(json.dumps({"key%d" % i: "value" for i in range(n)}, separators=(",", ":")))


def depth(n):
    return stamped('{"a":' + "[" * n + "]" * n + "}")


def archive(n):
    member = debug(kind=1)
    out = b"!<arch>\n"
    for index in range(n):
        out += b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (b"member%d.o/" % index, 0, 0, 0, 0o644, len(member)) + pad(member, 2)
    return out


def tar(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as t:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def cpio(name, data):
    numbers = [1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    out = pad(b"070701" + b"".join(b"%08x" % number for number in numbers) + name.encode() + b"\0", 4)
    return pad(out + data, 4)


def tarred(n):
    """N programs in a tar, each of another package."""
    return tar(*(("usr/bin/x%d" % i, stamped(PAYLOAD.replace("}", ',"extra":"%d"}' % i))) for i in range(n)))


def runs(n):
    """An initrd of N archives in a row."""
    data = stamped(PAYLOAD)
    return b"".join(cpio("x%d" % i, data) + cpio("TRAILER!!!", b"") for i in range(n))


def needed(n):
    """N libraries, each of which needs the next one and one that is not there."""
    def library(i):
        elf = Elf()
        names = b"\0lib%d.so\0lib%d.so\0none%d.so\0" % (i, i + 1, i)
        at = [names.index(b"\0lib%d.so" % i) + 1, names.index(b"\0lib%d.so" % (i + 1)) + 1, names.index(b"\0none") + 1]
        strings = elf.section(".dynstr", STRTAB, names, ALLOC)
        table = struct.pack("<QQQQQQQQ", 14, at[0], 1, at[1], 1, at[2], 5, 0x1000) + bytes(16)
        elf.segment(DYNAMIC, elf.section(".dynamic", SHT_DYNAMIC, table, ALLOC, 8, strings, 0, 16), align=8)
        return elf.bytes()
    return tar(*(("usr/lib/lib%d.so" % i, library(i)) for i in range(n)))


def layers(n):
    """A container image of N layers, each of which replaces a file and takes another away."""
    x = stamped(PAYLOAD)
    parts = [tar(("usr/bin/x%d" % i, x), ("usr/bin/.wh.x%d" % (i - 1), b"")) for i in range(n)]
    names = ["%d/layer.tar" % i for i in range(n)]
    return tar(("manifest.json", json.dumps([{"Config": "c.json", "Layers": names}]).encode()), ("c.json", b"{}"), *zip(names, parts))


def core(n):
    """N modules of a page each, all named by NT_FILE."""
    module = stamped(PAYLOAD)
    page = module + b"\0" * (4096 - len(module))
    files = struct.pack("<QQ", n, 4096)
    files += b"".join(struct.pack("<QQQ", 0x10000000 + 0x10000 * i, 0x10000000 + 0x10000 * i + 4096, 0) for i in range(n))
    files += b"".join(b"/usr/lib/lib%d.so\0" % i for i in range(n))
    data = note("CORE", 0x46494C45, files)
    start = 64 + 56 * (n + 1)
    first = (start + len(data) + 4095) // 4096 * 4096
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 4, 62, 1, 0, 64, 0, 0, 64, 56, n + 1, 0, 0, 0)
    table = struct.pack("<IIQQQQQQ", NOTE, 4, start, 0, 0, len(data), 0, 4)
    for i in range(n):
        table += struct.pack("<IIQQQQQQ", LOAD, 5, first + 4096 * i, 0x10000000 + 0x10000 * i, 0, 4096, 4096, 4096)
    return (head + table + data).ljust(first, b"\0") + page * n


DIMENSIONS = {
    "segments": segments, "loads": loads, "notes": notes, "dynamic": dynamic, "keys": keys, "depth": depth,
    "members": archive, "tarred": tarred, "runs": runs, "needed": needed, "layers": layers, "modules": core, "tables": tables, "suffixes": suffixes,
    "sections": lambda n: debug(spare=n),
    "symbols": lambda n: debug(symbols=n),
    "units": lambda n: debug(units=n),
    "abbreviations": lambda n: debug(abbrevs=n),
    "rows": lambda n: debug(rows=n),
    "files": lambda n: debug(files=n),
    "entries": lambda n: debug(children=n),
    "crel": lambda n: debug(kind=1, compact=n),
    "names": lambda n: debug(indexes=n),
}

if __name__ == "__main__":
    with open(sys.argv[3], "wb") as out:
        out.write(DIMENSIONS[sys.argv[1]](int(sys.argv[2])))
