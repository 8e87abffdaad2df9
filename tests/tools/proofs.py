#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""proofs.py CACHE [BUILDID] [FIELD=VALUE]...: of the log of proofs in CACHE, the last line of each file (of BUILDID),
FIELDs replaced and checksums made anew; the others stay. Without fields, prints them. Fields: size, digest, inode, changed,
boot, used, key; used=-N is N seconds ago. fit=1 is the inode and change time that the file has now.
"""
import os
import sys
import time
import zlib

FIELDS = ["version", "size", "digest", "inode", "changed", "boot", "used", "key", "crc"]


def change(cache, words, changes):
    for field, value in changes:
        if field == "fit":
            st = os.stat(f"{cache}/{words[7]}")
            words[3], words[4] = str(st.st_ino), str(st.st_ctime_ns)
        elif field == "used" and value.startswith("-"):
            words[6] = str(int(time.time()) + int(value))
        else:
            words[FIELDS.index(field)] = value
    text = " ".join(words[:8])
    return f"{text} {zlib.crc32(text.encode()):08x}"


def is_whole(line):
    text, _, crc = line.rpartition(" ")
    return crc == f"{zlib.crc32(text.encode(errors='surrogateescape')):08x}"


def main(cache, *arguments):
    build_id = arguments[0] if arguments and "=" not in arguments[0] else ""
    changes = [a.split("=", 1) for a in arguments if "=" in a]
    with open(f"{cache}/.proofs", errors="surrogateescape") as log:
        lines = [line for line in log.read().split("\n") if line]
    # What is broken stays as it is.
    last = {line.split(" ")[7]: i for i, line in enumerate(lines) if len(line.split(" ")) == len(FIELDS) and is_whole(line)}
    for i in last.values():
        if lines[i].split(" ")[7].startswith(build_id):
            if changes:
                lines[i] = change(cache, lines[i].split(" "), changes)
            else:
                print(lines[i])
    if changes:
        with open(f"{cache}/.proofs", "w", errors="surrogateescape") as log:
            log.write("\n".join(lines) + "\n")


main(*sys.argv[1:])
