# SPDX-License-Identifier: LGPL-2.1-or-later
"""pe_judge.py OLD NEW PAYLOAD: NEW is the PE image OLD with a section .pkgnote that holds PAYLOAD, and all
else as it was: read here by the format's specification alone. pe_judge.py FILE: FILE's checksum, if any, is right."""
import struct
import sys


def read(path):
    data = open(path, "rb").read()
    pe = struct.unpack_from("<I", data, 0x3C)[0]
    assert data[pe:pe + 4] == b"PE\0\0"
    machine, count, time, symbols, symbol_count, optional_size, flags = struct.unpack_from("<HHIIIHH", data, pe + 4)
    at = pe + 24
    image = {"data": data, "pe": pe, "fixed": (machine, time, symbols, symbol_count, optional_size, flags), "optional": at}
    image["wide"] = struct.unpack_from("<H", data, at)[0] == 0x20B
    image["align"], image["file_align"] = struct.unpack_from("<II", data, at + 32)
    image["image_size"], image["headers"], image["checksum"] = struct.unpack_from("<III", data, at + 56)
    image["data_size"] = struct.unpack_from("<I", data, at + 8)[0]
    image["sections"] = []
    for i in range(count):
        entry = at + optional_size + 40 * i
        virtual_size, address, raw_size, raw = struct.unpack_from("<IIII", data, entry + 8)
        image["sections"].append({
            "name": data[entry:entry + 8], "size": virtual_size, "address": address, "raw_size": raw_size, "raw": raw,
            "entry": data[entry:entry + 40], "flags": struct.unpack_from("<I", data, entry + 36)[0],
            "bytes": data[raw:raw + raw_size] if raw else b""})
    image["table_end"] = at + optional_size + 40 * count
    return image


def checksum(image):
    data = bytearray(image["data"])
    data[image["optional"] + 64:image["optional"] + 68] = b"\0\0\0\0"
    if len(data) % 2:
        data += b"\0"
    total = 0
    for (value,) in struct.iter_unpack("<H", data):
        total += value
        total = (total & 0xFFFF) + (total >> 16)
    return total + len(image["data"])


def check(truth, text):
    if not truth:
        sys.exit("pe_judge: %s: %s" % (sys.argv[-2], text))


new = read(sys.argv[2] if len(sys.argv) > 2 else sys.argv[1])
check(new["checksum"] in (0, checksum(new)), "wrong checksum")
if len(sys.argv) == 2:
    sys.exit(0)
old = read(sys.argv[1])
payload = sys.argv[3].encode()
check((old["checksum"] == 0) == (new["checksum"] == 0), "the checksum came or went")
kept = [s for s in old["sections"] if s["name"] != b".pkgnote"]
# Headers that were full have grown: then all that follows them in the file has moved on.
shift = new["headers"] - old["headers"]


def moved(entry):
    return entry[:20] + b"".join(struct.pack("<I", v + shift if v >= old["headers"] else v) for v in struct.unpack("<III", entry[20:32])) + entry[32:]


check(shift in (0, new["file_align"]), "headers of another size")
check(shift == 0 or old["table_end"] + 40 > old["headers"], "headers grew that had room")
check(shift == 0 or new["headers"] <= min(s["address"] for s in new["sections"]), "headers grew into a section")
check([moved(s["entry"]) for s in kept] == [s["entry"] for s in new["sections"][:len(kept)]], "section headers changed")
check(shift or [s["bytes"] for s in kept] == [s["bytes"] for s in new["sections"][:len(kept)]], "contents changed")
was, now = list(old["fixed"]), list(new["fixed"])
was[2] += shift if was[2] else 0
check(was == now, "the COFF header changed")
check(len(new["sections"]) == len(kept) + 1, "not one section more")
note = new["sections"][-1]
check(note["name"] == b".pkgnote" and note["flags"] == 0x40000040, "name or flags")
check(note["bytes"][:note["size"]] == payload and not note["bytes"][note["size"]:].strip(b"\0"), "not the payload")
check(note["raw"] % new["file_align"] == 0 and note["raw_size"] % new["file_align"] == 0, "not aligned in the file")
check(note["raw"] + note["raw_size"] <= len(new["data"]), "ends after the file")
check(note["raw"] >= len(old["data"].rstrip(b"\0")) or any(s["name"] == b".pkgnote" for s in old["sections"]), "over other bytes")
last = kept[-1]
page = new["align"]
end = -(-(last["address"] + (last["size"] or last["raw_size"])) // page) * page
check(page < 4096 or note["address"] == end, "not next in memory")
check(new["image_size"] == -(-(note["address"] + note["size"]) // page) * page, "SizeOfImage")
check(new["table_end"] <= new["headers"] and all(s["raw"] == 0 or s["raw"] >= new["table_end"] for s in new["sections"]), "headers overflow")
# The headers, but for the count of sections, three sizes, the checksum, and the new header.
a, b = bytearray(old["data"][:old["headers"]]), bytearray(new["data"][:old["headers"]])
table = old["table_end"] - 40 * len(old["sections"])
for image in (a, b):
    for start, size in ((old["pe"] + 6, 2), (old["pe"] + 12, 4), (old["optional"] + 60, 4), (table, 40 * len(kept)), (old["optional"] + 8, 4), (old["optional"] + 56, 4), (old["optional"] + 64, 4),
                        (old["table_end"] - 40 * (len(old["sections"]) - len(kept)), 40)):
        image[start:start + size] = bytes(size)
    del image[old["headers"]:]
check(a == b, "other headers changed")
if len(kept) == len(old["sections"]):
    a, b = bytearray(old["data"][old["headers"]:]), bytearray(new["data"][new["headers"]:][:len(old["data"]) - old["headers"]])
    # The debug directory's offsets in the file.
    address, size = struct.unpack_from("<II", old["data"], old["optional"] + (112 if old["wide"] else 96) + 48)
    for s in kept:
        if shift and s["address"] <= address < s["address"] + s["raw_size"]:
            for at in range(0, size - 27, 28):
                where = s["raw"] - old["headers"] + address - s["address"] + at + 24
                check(struct.unpack_from("<I", b, where)[0] == struct.unpack_from("<I", a, where)[0] + shift, "the debug directory")
                b[where:where + 4] = a[where:where + 4]
    check(a == b, "bytes behind the headers changed")
