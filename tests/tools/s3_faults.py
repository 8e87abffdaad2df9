# SPDX-License-Identifier: LGPL-2.1-or-later
"""s3_faults.py PORT UPSTREAM RULES: between a client and an S3 server.

Passes requests on as they are. RULES is a file of lines "COUNT METHOD PATTERN ACTION", read before
each request: the first whose method and regular expression (of the path) fit, and whose count is
not used up, decides: a status (503), "reset" (the connection breaks before the answer), "late" (the
request is done, and then the connection breaks) or "slow" (it waits for a second).
"""
import http.client, http.server, re, socket, struct, sys, threading, time

port, upstream, rules = int(sys.argv[1]), sys.argv[2], sys.argv[3]
used, lock = {}, threading.Lock()


def action(method, path):
    with lock:
        for number, line in enumerate(open(rules)):
            count, m, pattern, what = line.split()
            if m in (method, "*") and re.search(pattern, path) and used.get((number, line), 0) < int(count):
                used[(number, line)] = used.get((number, line), 0) + 1
                return what
    return ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def cut(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what = action(self.command, self.path)
        if what == "reset":
            return self.cut()
        if what == "slow":
            time.sleep(1)
        if what.isdigit():
            text = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            self.send_response_only(int(what))
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            return None
        up = http.client.HTTPConnection(upstream, timeout=60)
        up.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("expect", "connection"):
                up.putheader(name, value)
        up.endheaders(body)
        answer = up.getresponse()
        data = answer.read()
        if what == "late":
            return self.cut()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return None

    do_GET = do_PUT = do_DELETE = do_POST = forward


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):
        pass  # a client that was killed


Server(("127.0.0.1", port), Handler).serve_forever()
