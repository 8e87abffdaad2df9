# SPDX-License-Identifier: LGPL-2.1-or-later
"""aws_places.py LOG: those who give keys for a while, on one loopback port, which is printed.

The security token service (POST /), single sign-on (/federation/credentials), a container (/container)
and a machine's metadata (/latest/...). All give the keys of KEY_ID and KEY_SECRET with a session token of the
place's name; they are good for LIFE seconds (3600), which is read from the file ./life before each answer.
What came is judged: signatures by hashlib alone, tokens by what the tests have set. LOG gets a line an answer.
"""
import datetime, hashlib, hmac, http.server, json, os, sys, urllib.parse

KEYS = (os.environ["KEY_ID"], os.environ["KEY_SECRET"])


def until():
    life = int(open("life").read()) if os.path.exists("life") else 3600
    return datetime.datetime.utcnow() + datetime.timedelta(seconds=life)


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def is_signed(handler, body, secret):
    auth = handler.headers.get("Authorization", "")
    if not auth.startswith("AWS4-HMAC-SHA256 "):
        return False
    parts = dict(p.strip().split("=", 1) for p in auth[len("AWS4-HMAC-SHA256 "):].split(","))
    scope = parts["Credential"].split("/", 1)[1]
    names = parts["SignedHeaders"].split(";")
    canonical = "\n".join([handler.command, handler.path, "", "".join(f"{n}:{' '.join(handler.headers[n].split())}\n" for n in names),
                           parts["SignedHeaders"], hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = sign(key, part)
    return scope.split("/")[2] == "sts" and hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), parts["Signature"])


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def give(self, status, text, what):
        with open(sys.argv[1], "a") as log:
            print(status, what, file=log)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def keys(self, place, token="Token"):
        self.give(200, json.dumps({"AccessKeyId": KEYS[0], "SecretAccessKey": KEYS[1], token: "token-of-" + place,
                                   "Expiration": until().strftime("%Y-%m-%dT%H:%M:%SZ"), "Code": "Success"}), place)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form = {k: v[0] for k, v in urllib.parse.parse_qs(body.decode()).items()}
        action = form.get("Action", "")
        good = form.get("Version") == "2011-06-15" and form.get("RoleArn", "").startswith("arn:aws:iam::1:role/") and form.get("RoleSessionName")
        if action == "AssumeRole":
            good = good and is_signed(self, body, "source+secret/1")
        elif action == "AssumeRoleWithWebIdentity":
            good = good and form.get("WebIdentityToken") == "jwt/of+the=job" and "Authorization" not in self.headers
        what = " ".join([action, form.get("RoleArn", ""), form.get("RoleSessionName", ""), form.get("ExternalId", "")]).strip()
        if not good:
            return self.give(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", what)
        self.give(200, f"<R><Credentials><AccessKeyId>{KEYS[0]}</AccessKeyId><SecretAccessKey>{KEYS[1]}</SecretAccessKey>"
                       f"<SessionToken>a&amp;b</SessionToken><Expiration>{until().strftime('%Y-%m-%dT%H:%M:%SZ')}</Expiration></Credentials></R>", what)

    def do_PUT(self):
        good = self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self.give(200 if good else 400, "session" if good else "", "metadata token")

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/federation/credentials":
            form = urllib.parse.parse_qs(query)
            if self.headers.get("x-amz-sso_bearer_token") != "signed-in" or form != {"account_id": ["1"], "role_name": ["a b"]}:
                return self.give(401, "", "sign-on")
            return self.give(200, json.dumps({"roleCredentials": {"accessKeyId": KEYS[0], "secretAccessKey": KEYS[1], "sessionToken": "t",
                                                                  "expiration": int(until().timestamp() * 1000)}}), "sign-on")
        if path == "/container":
            return self.keys("container") if self.headers.get("Authorization") == "Bearer c" else self.give(401, "", "container")
        if self.headers.get("X-aws-ec2-metadata-token") != "session":
            return self.give(401, "", "metadata without a token")
        if path == "/latest/meta-data/iam/security-credentials/":
            return self.give(200, "publisher\n", "metadata role")
        if path == "/latest/meta-data/iam/security-credentials/publisher":
            return self.keys("machine")
        self.give(404, "", path)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
