# SPDX-License-Identifier: LGPL-2.1-or-later
"""rpm_strip.py IN.rpm OUT.rpm [N]: the package with the payload that rpm gives format 6, and packages of 4 GiB files: of
each file its number in the header's list alone. The header stays as it is; rpm reads such a package. N is
added to each number, which makes it one that no rpm reads."""
import struct
import subprocess
import sys


def run(*command, given=None):
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True).stdout


def header_end(data, at):
    assert data[at:at + 4] == b"\x8e\xad\xe8\x01"
    count, size = struct.unpack(">II", data[at + 8:at + 16])
    return at + 16 + 16 * count + size


def padded(data):
    return data + b"\0" * (-len(data) % 4)


def stripped(cpio, names, more):
    at, out = 0, b""
    while True:
        field = [int(cpio[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = cpio[at + 110:at + 110 + field[11] - 1]
        start = at + 110 + field[11] + (-(110 + field[11]) % 4)
        end = start + field[6]
        if name == b"TRAILER!!!":
            return out + cpio[at:]
        out += padded(b"07070X%08x" % (names.index(name.lstrip(b".")) + more)) + padded(cpio[start:end])
        at = end + (-end % 4)


package, result = sys.argv[1:3]
more = int((sys.argv + ["0"])[3])
with open(package, "rb") as file:
    data = file.read()
signature = header_end(data, 96)
end = header_end(data, signature + (-signature % 8))
names = run("rpm", "-qp", "--qf", "[%{FILENAMES}\n]", package).split(b"\n")
compressor = run("rpm", "-qp", "--qf", "%{PAYLOADCOMPRESSOR}", package).decode()
with open(result, "wb") as file:
    file.write(data[:end] + run(compressor, "-c", given=stripped(run("rpm2cpio", package), names, more)))
