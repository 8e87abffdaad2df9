#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""share_names.py DIR|URL: all that a share's index by name tells, in both of its orders, by pkgnote-publish(1) alone:
a line "TYPE BUILDID FILE ARCHIVE" each. Fails where the two orders tell different things or a block is not sorted."""
import json, sys, urllib.request

where = sys.argv[1].rstrip("/")


def get(name):
    if where.startswith("http"):
        return json.load(urllib.request.urlopen(f"{where}/names/{name}"))
    with open(f"{where}/names/{name}", encoding="utf-8") as f:
        return json.load(f)


def results(segment, order, key):
    if "block" in segment:
        return segment["block"]["results"]
    out, last = [], ""
    for part in segment[order]:
        block = get(part["name"])["results"]
        assert len(block) == part["count"] and block[0][key] == part["first"] >= last, part
        last = block[-1][key]
        out += block
    assert out == sorted(out, key=lambda r: r[key].encode()), f"{order} are not sorted"
    return out


index = get("index.json")
assert index["namesVersion"] == 1
told, gone = {"file": set(), "buildid": set()}, set()
for entry in reversed(index["segments"]):
    segment = get(entry["name"])
    for order, key in ("files", "file"), ("buildids", "buildid"):
        for r in results(segment, order, key):
            if r["archive"] not in gone:
                line = f'{r["type"]} {r["buildid"]} {json.dumps(r["file"], ensure_ascii=False)} {r["archive"]}'
                assert line not in told[key], f"twice: {line}"
                told[key].add(line)
    gone |= set(segment["removed"])
assert told["file"] == told["buildid"], told["file"] ^ told["buildid"]
print("\n".join(sorted(told["file"])))
