#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""house.py BUILD: whether the rooms of the tree stand as README draws them. Prints what does not.

Includes are read from the sources, calls from the symbol tables of the objects in BUILD: a function
that is declared in one file and defined in another is an arrow to where it is defined.
"""
import os
import re
import subprocess
import sys

# The floors, from the ground up. A room, and those that it may use besides libnote and base; what it
# may use, so may the rooms inside it.
FLOORS = [
    ("libnote", []),
    ("tools/base", []),
    ("tools/s3", []),
    ("tools/splitter", []),
    ("tools/debuginfod", []),
    ("tools/libdebuginfod", ["tools/debuginfod"]),
    ("tools/share", ["tools/s3"]),
    ("tools/show", []),
    ("tools/stamp", ["tools/splitter/elf"]),
    ("tools/flags", []),
    ("tools/release", ["tools/debuginfod", "tools/splitter/dwarf"]),
    ("tools/fetch", ["tools/debuginfod", "tools/splitter/dwarf", "tools/release/inputs"]),
    ("tools/trace", ["tools/debuginfod", "tools/fetch", "tools/splitter/programs"]),
]
# Who may use libnote and base: everybody above them.
GROUND = ["libnote", "tools/base"]
# The subcommands, tools/*.c, stand on top and may use all; nobody uses them.
TOP = "tools"
MOST_FILES = 25

# A room inside another shows one face to the outside, the header of its own name, unless it is named here.
FACES = {
    "libnote/judge": ["check.h", "dlopen.h"],  # the note, and the other one
    "libnote/payload": ["payload.h", "json.h"],  # the package note's, and what JSON of any note is read by
    "libnote/place": ["purpose.h"],  # what a file is for; the rest is behind note_place() in libnote.h
    "tools/base/elf": ["foreign.h", "loaded.h"],  # what a file is for; what of it is loaded
    "tools/base/text": ["control.h"],  # the rest stands in base/text.h
    "tools/base/libraries": ["archive.h", "crypto.h", "curl.h"],  # a library each
    "tools/base/page": ["page.h", "markup.h"],  # markup is JUnit's, too
    "tools/debuginfod/http": ["server.h", "transfer.h"],
    "tools/debuginfod/proof": ["proof.h", "ima.h"],
    "tools/release/checks": ["check.h", "debuginfo.h"],
    "tools/release/inputs": ["input.h", "content.h"],
    "tools/release/reports": ["report.h", "merge.h"],
    "tools/splitter/archives": ["members.h"],
    "tools/splitter/loaded": ["overlay.h", "hole.h"],  # the shipped file's first part, and what is left out of it
    "tools/splitter/relocs": ["reloc_types.h", "crel.h"],  # what they do by machine, and their compact form
}


def sources(top):
    for folder, below, files in os.walk(top):
        below.sort()
        for name in sorted(files):
            if name.endswith((".c", ".h")):
                yield os.path.join(folder, name)


def includes(path, known):
    for line in open(path, encoding="utf-8"):
        found = re.match(r'#include "([^"]+)"', line)
        if not found:
            continue
        for place in (found.group(1), "libnote/" + found.group(1), os.path.join(os.path.dirname(path), found.group(1))):
            if place in known:
                yield place
                break


def calls(build, files):
    """(caller, callee) for each symbol that one object needs and another defines."""
    defined, needed = {}, []
    objects = [(path, f"{build}/{path[:-2]}.o") for path in files if path.endswith(".c")]
    missing = [path for path, it in objects if not os.path.exists(it)]
    if missing:
        print(f"house: not built: {missing[0]}: run make first")
        sys.exit(1)
    for path, it in objects:
        for line in subprocess.run(["nm", "-P", it], capture_output=True, text=True, check=True).stdout.splitlines():
            name, kind = line.split()[:2]
            if kind == "U":
                needed.append((path, name))
            elif kind.isupper():
                defined[name] = path
    return [(path, defined[name]) for path, name in needed if name in defined]


def rings(arrows):
    """The strongly connected sets of more than one file (Tarjan)."""
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        work = [(node, iter(sorted(arrows.get(node, ()))))]
        number[node] = low[node] = len(number)
        stack.append(node)
        while work:
            here, rest = work[-1]
            for there in rest:
                if there not in number:
                    number[there] = low[there] = len(number)
                    stack.append(there)
                    work.append((there, iter(sorted(arrows.get(there, ())))))
                    break
                if there in stack:
                    low[here] = min(low[here], number[there])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[here])
                if low[here] == number[here]:
                    ring = []
                    while True:
                        ring.append(stack.pop())
                        if ring[-1] == here:
                            break
                    if len(ring) > 1:
                        found.append(sorted(ring))

    for node in sorted(arrows):
        if node not in number:
            visit(node)
    return found


def room_of(path):
    return os.path.dirname(path)


def inside(path, room):
    return path.startswith(room + "/")


def floor_of(path):
    for index, (room, _) in enumerate(FLOORS):
        if inside(path, room):
            return index
    return len(FLOORS)


def direction_faults(arrows):
    for here, there in arrows:
        if room_of(there) == TOP and room_of(here) != TOP:
            yield f"{here}: uses {there}, a subcommand"
            continue
        above, below = floor_of(here), floor_of(there)
        if above == below or above == len(FLOORS):
            continue
        room, may = FLOORS[above]
        if not any(inside(there, it) for it in (GROUND if room not in GROUND else GROUND[:GROUND.index(room)]) + may):
            yield f"{here}: uses {there}: {room} may not"


def face_faults(included):
    inner = {room for room, _ in FLOORS}
    for here, there in included:
        home = room_of(there)
        if inside(here, home):
            continue
        name = os.path.basename(there)
        if home not in inner and home != TOP:
            faces = FACES.get(home, [os.path.basename(home) + ".h"])
        elif name.endswith("internal.h"):
            faces = []
        else:
            continue
        if name not in faces:
            yield f"{here}: includes {there}, which is for its own room"


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    files = list(sources("libnote")) + list(sources("tools"))
    known = set(files)
    included = [(path, it) for path in files for it in includes(path, known)]
    called = calls(build, files)
    faults = sorted(set(direction_faults(included + called)) | set(face_faults(included)))
    graph = {}
    for here, there in included + called:
        if here != there:
            graph.setdefault(here, set()).add(there)
    for ring in rings(graph):
        faults.append("a ring: " + ", ".join(ring))
    count = {}
    for path in files:
        count[room_of(path)] = count.get(room_of(path), 0) + 1
    for room, number in sorted(count.items()):
        if number > MOST_FILES:
            faults.append(f"{room}: {number} sources and headers, {MOST_FILES} are the most")
    for fault in faults:
        print("house: " + fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
