#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""answer_seeds.py DEBUG LINE DIR: answers of HTTP servers for fuzz_http: DEBUG is a debug file, LINE a .debug_line."""
import gzip
import os
import sys

debug, line = (open(path, "rb").read() for path in sys.argv[1:3])
page = b"<!DOCTYPE html><html><body>Sign in</body></html>"
denied = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"


def answer(status, body=b"", *headers, length=True, version="1.1"):
    lines = ["HTTP/%s %s" % (version, status), *headers]
    if length is not None:
        lines.append("Content-Length: %d" % (len(body) if length is True else length))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


seeds = {
    "ok": answer("200 OK", b"hello", "X-DEBUGINFOD-SIZE: 5", "X-DEBUGINFOD-FILE: /a", "X-DEBUGINFOD-ARCHIVE: /b"),
    "debug": answer("200 OK", debug, "X-DEBUGINFOD-SIZE: %d" % len(debug)),
    "line": answer("200 OK", line),
    "elf-unframed": answer("200 OK", debug, length=None),
    "unframed": answer("200 OK", b"int a;", length=None),
    "old": answer("200 OK", b"int a;", version="1.0"),
    "short": answer("200 OK", b"int", length=100),
    "two-lengths": answer("200 OK", b"int a;", "Content-Length: 7"),
    "no-number": answer("200 OK", b"int a;", "X-DEBUGINFOD-SIZE: six"),
    "size-differs": answer("200 OK", b"int a;", "X-DEBUGINFOD-SIZE: 5"),
    "size-more": answer("200 OK", b"int a;", "X-DEBUGINFOD-SIZE: 50", "Transfer-Encoding: identity", length=None),
    "size-less": answer("200 OK", b"int a;", "X-DEBUGINFOD-SIZE: 3", length=None),
    "large": answer("200 OK", b"x", length=2 << 20),
    "larger": answer("200 OK", b"x", length=1 << 70),
    "chunked": answer("200 OK", b"6\r\nint a;\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=None),
    "bad-chunk": answer("200 OK", b"zz\r\nint a;\r\n", "Transfer-Encoding: chunked", length=None),
    "gzip": answer("200 OK", gzip.compress(b"int a;", mtime=0), "Content-Encoding: gzip"),
    "identity": answer("200 OK", b"int a;", "Content-Encoding: identity"),
    "bad-gzip": answer("200 OK", b"no gzip at all", "Content-Encoding: gzip"),
    "bomb": answer("200 OK", gzip.compress(bytes(1 << 21), mtime=0), "Content-Encoding: gzip", "Transfer-Encoding: identity"),
    "unknown-encoding": answer("200 OK", b"x", "Content-Encoding: rot13"),
    "page": answer("200 OK", page, "Content-Type: text/html; charset=utf-8"),
    "xhtml": answer("200 OK", page, "Content-Type: application/xhtml+xml"),
    "page-untold": answer("200 OK", page),
    "no-elf": answer("200 OK", b"this is no ELF file at all, and it is long enough to tell"),
    "blank": answer("200 OK", b" \n\t" * 30),
    "signature": answer("200 OK", b"int a;", "X-DEBUGINFOD-IMASIGNATURE: 030204" + "00" * 12),
    "many-headers": answer("200 OK", b"int a;", *("X-DEBUGINFOD-%d: %s" % (i, "y" * 900) for i in range(40))),
    "no-colon": answer("200 OK", b"int a;", "this line has none"),
    "unauthorized": answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"'),
    "denied": answer("403 Forbidden", denied, "Content-Type: application/xml"),
    "denied-text": answer("403 Forbidden", denied, "Content-Type: text/xml", 'WWW-Authenticate: Basic realm="x"'),
    "forbidden": answer("403 Forbidden", b"no"),
    "long-complaint": answer("404 Not Found", b"no" * 50000),
    "absent": answer("404 Not Found", b"", "Retry-After: 1"),
    "too-large": answer("406 Not Acceptable"),
    "proxy": answer("407 Proxy Authentication Required"),
    "many": answer("429 Too Many Requests", b"", "Retry-After: 0"),
    "busy": answer("503 Service Unavailable", b"", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"),
    "broken": answer("500 Internal Server Error", b"x"),
    "portal": answer("511 Network Authentication Required", page),
    "changed": answer("203 Non-Authoritative Information", page, "Content-Type: text/html"),
    "moved": answer("302 Found", b"", "Location: /elsewhere"),
    "moved-out": answer("302 Found", b"", "Location: ftp://127.0.0.1/x"),
    "continued": b"HTTP/1.1 100 Continue\r\n\r\n" + answer("200 OK", b"int a;"),
    "nothing": b"",
    "no-http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "cut-headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "partial": answer("206 Partial Content", b"int", "Content-Range: bytes 0-2/6"),
    "metadata": answer("200 OK", b'{"results":[{"buildid":"00","type":"executable","file":"/a"}],"complete":true}', "Content-Type: application/json"),
}
for name, data in seeds.items():
    # The size says what kind of a client asks: spaces behind what was sent are no part of an answer that has a length.
    for more in range(4):
        with open(os.path.join(sys.argv[3], f"{name}{more}"), "wb") as out:
            out.write(data + b" " * more)
