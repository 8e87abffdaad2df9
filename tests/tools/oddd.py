# SPDX-License-Identifier: LGPL-2.1-or-later
"""oddd.py NAME OPTION...: a web server on 127.0.0.1 that is odd in one way, for the tests of the client.

Writes NAME.port; NAME.log, a line a request ("STATUS PATH"); NAME.top, the most requests under way at
once. What it has lies below --root, as debuginfod's URLS name it."""
import argparse
import http.server
import json
import os
import re
import sys
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit

p = argparse.ArgumentParser()
p.add_argument("name")
p.add_argument("--root", default="/nonexistent")
p.add_argument("--any", nargs=2, metavar=("FILE", "ID"), help="any build-id has FILE, its own ID replaced")
p.add_argument("--per-second", type=int, help="so many in any second; others are refused")
p.add_argument("--each", type=float, help="one in so many seconds; others are refused")
p.add_argument("--at-once", type=int, help="so many under way; others are refused")
p.add_argument("--refusal", default="429")
p.add_argument("--retry-after")
p.add_argument("--silent", action="store_true")
p.add_argument("--drip", action="store_true", help="the head of an answer, byte by byte, without end")
p.add_argument("--hold", type=float, default=0)
p.add_argument("--s3", action="store_true", help="403 AccessDenied for what is not there")
p.add_argument("--challenge", action="store_true", help="with WWW-Authenticate")
p.add_argument("--proxy", action="store_true", help="407 to everything")
p.add_argument("--signed", help="a folder of BUILDID.sig: X-DEBUGINFOD-IMASIGNATURE")
p.add_argument("--metadata", help="a file: the answer about metadata")
o = p.parse_args()
lock = threading.Lock()
under_way = top = 0
last = time.monotonic()
seen = []
log = open(o.name + ".log", "a", buffering=1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def say(self, status, body=b"", kind="application/octet-stream", **headers):
        with lock:
            log.write(f"{status} {self.path}\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def is_refused(self):
        global last
        with lock:
            now = time.monotonic()
            seen[:] = [t for t in seen if now - t < 1]
            refused = o.per_second and len(seen) >= o.per_second or o.each and now - last < o.each or o.at_once and under_way > o.at_once
            if not refused:
                seen.append(now)
                last = now
        return refused

    def body(self, path):
        if o.any:
            found = re.fullmatch("/buildid/([0-9a-f]+)/debuginfo", path)
            return found and open(o.any[0], "rb").read().replace(bytes.fromhex(o.any[1]), bytes.fromhex(found[1]))
        try:
            return open(o.root + path, "rb").read()
        except OSError:
            return None

    def answer(self):
        url = urlsplit(self.path)
        path = unquote(url.path)
        if o.proxy:
            return self.say(407, Proxy_Authenticate="Basic")
        if o.silent or o.drip:
            with lock:
                log.write(f"- {self.path}\n")
            for byte in b"HTTP/1.1 200 OK\r\nX-Drip: " + b"." * 1000:
                if o.drip:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                time.sleep(0.2)
            return None
        time.sleep(o.hold)
        if self.is_refused():
            return self.say(int(o.refusal), **({"Retry_After": o.retry_after} if o.retry_after else {}))
        if path == "/metadata" and o.metadata:
            return self.say(200, open(o.metadata, "rb").read(), "application/json", X_Query=json.dumps(parse_qs(url.query)))
        body = self.body(path)
        if body is not None:
            more = {}
            name = o.signed and f"{o.signed}/{path.split('/')[2]}.sig"
            if name and os.path.exists(name):
                more["X_DEBUGINFOD_IMASIGNATURE"] = open(name).read().strip()
            return self.say(200, body, **more)
        if o.s3:
            return self.say(403, b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>", "application/xml",
                            **({"WWW_Authenticate": "Basic"} if o.challenge else {}))
        return self.say(404, b"no")

    def do_GET(self):
        global under_way, top
        with lock:
            under_way += 1
            if under_way > top:
                top = under_way
                open(o.name + ".top", "w").write(str(top))
        try:
            self.answer()
        except OSError:
            pass
        finally:
            with lock:
                under_way -= 1

    do_CONNECT = do_GET


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *args):
        pass


server = Server(("127.0.0.1", 0), Handler)
open(o.name + ".top", "w").write("0")
open(o.name + ".new", "w").write(str(server.server_address[1]))
os.rename(o.name + ".new", o.name + ".port")
# Whatever becomes of the test.
threading.Timer(300, lambda: os._exit(0)).start()
server.serve_forever()
