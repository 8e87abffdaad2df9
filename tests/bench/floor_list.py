#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""floor_list.py BEFORE AFTER ROOT: what a split that turned the tree BEFORE into AFTER did, as floor_split takes it, to be done to
a copy of BEFORE at ROOT. Sources come from AFTER: from where they were named would cost the same."""
import os
import sys

before, after, root = map(os.fsencode, sys.argv[1:4])
directories, records, seen = [], [], set()
for top, below, files in os.walk(after):
    inside = os.path.relpath(top, after)
    if not os.path.isdir(os.path.join(before, inside)):
        directories.append(inside)
    for name in sorted(files + [it for it in below if os.path.islink(os.path.join(top, it))]):
        path = os.path.join(inside, name)
        now, was, there = (os.path.join(it, path) for it in (after, before, root))
        if os.path.islink(now):
            if not os.path.lexists(was):
                records.append(b"l%s=%s" % (there, os.readlink(now)))
        elif os.path.lexists(was):
            old = os.stat(was)
            if old.st_size != os.stat(now).st_size and old.st_ino not in seen:
                seen.add(old.st_ino)
                records.append((old.st_size, b"e" + there))
        elif b"/src/debug/" in path:
            records.append(b"s%s=%s" % (there, now))
files = sorted((it for it in records if isinstance(it, tuple)), reverse=True)
others = [it for it in records if not isinstance(it, tuple)]
for it in [b"d" + os.path.join(root, it) for it in sorted(directories)] + [it for _, it in files] + others:
    sys.stdout.buffer.write(it + b"\0")
