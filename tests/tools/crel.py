#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Relocations in the compact form, for toolchains that do not make them: "crel.py FILE" turns those of a 64-bit
little-endian ELF file (SHT_RELA, not loaded) into SHT_CREL, in place; "crel.py --list FILE" prints them."""
import struct, sys

RELA, CREL, INFO_LINK, ALLOC = 4, 0x40000014, 0x40, 2

def uleb(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)

def sleb(n):
    out = bytearray()
    while not -64 <= n < 64:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n & 127)
    return bytes(out)

def encode(relocations):
    out, before = bytearray(uleb(len(relocations) * 8 + 4)), (0, 0, 0, 0)
    for one in relocations:
        offset, symbol, kind, addend = (now - then for now, then in zip(one, before))
        offset %= 1 << 64
        flags = (symbol != 0) | (kind != 0) << 1 | (addend != 0) << 2
        if offset < 16:
            out.append(flags | offset << 3)
        else:
            out += bytes([flags | (offset & 15) << 3 | 128]) + uleb(offset >> 4)
        for number in (symbol, kind, addend):
            out += sleb(number) if number else b""
        before = one
    return bytes(out)

def decode(data):
    at = 0
    def number(signed):
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value - (1 << shift) if signed and byte & 64 else value
    head = number(False)
    bits, offset, symbol, kind, addend = 3 if head & 4 else 2, 0, 0, 0, 0
    for _ in range(head >> 3):
        byte = data[at]
        at += 1
        offset += byte >> bits
        if byte & 128:
            offset += (number(False) << 7 - bits) - (128 >> bits)
        symbol += number(True) if byte & 1 else 0
        kind += number(True) if byte & 2 else 0
        addend += number(True) if byte & 4 and head & 4 else 0
        yield (offset << (head & 3)) % (1 << 64), symbol, kind, addend
    assert at == len(data), "bytes behind the last relocation"

def main(path, listing):
    data = bytearray(open(path, "rb").read())
    shoff, = struct.unpack_from("<Q", data, 40)
    count, strndx = struct.unpack_from("<HH", data, 60)
    sections = [list(struct.unpack_from("<IIQQQQIIQQ", data, shoff + 64 * i)) for i in range(count)]
    def name(section):
        at = sections[strndx][4] + section[0]
        return data[at:data.index(b"\0", at)].decode()
    for i, section in enumerate(sections):
        _, kind, flags, _, offset, size, link, info = section[:8]
        if kind == CREL and listing:
            for at, symbol, type_, addend in decode(bytes(data[offset:offset + size])):
                entry = struct.unpack_from("<IBBHQQ", data, sections[link][4] + 24 * symbol)
                strings = sections[sections[link][6]][4] + entry[0]
                called = data[strings:data.index(b"\0", strings)].decode()
                place = name(sections[entry[3]]) if 0 < entry[3] < count else entry[3]
                print(name(sections[info]), at, called, place, type_, addend)
        elif kind == RELA and not listing and not flags & ALLOC:
            old = [struct.unpack_from("<QQq", data, offset + at) for at in range(0, size, 24)]
            fresh = encode([(at, word >> 32, word & 0xffffffff, addend) for at, word, addend in old])
            data[offset:offset + size] = fresh.ljust(size, b"\0")
            section[1], section[2], section[5], section[9] = CREL, flags | INFO_LINK, len(fresh), 1
            struct.pack_into("<IIQQQQIIQQ", data, shoff + 64 * i, *section)
    if not listing:
        open(path, "r+b").write(data)

main(sys.argv[-1], sys.argv[1] == "--list")
