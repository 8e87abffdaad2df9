# SPDX-License-Identifier: LGPL-2.1-or-later
"""s3_request.py METHOD /BUCKET/KEY[?QUERY] [HEADER:VALUE | @FILE | -o FILE]...: one signed request.

An S3 client of the tests' own (AWS Signature Version 4, made with hashlib alone), so that nothing
of pkgnote judges itself. Endpoint, region and keys come from the environment. Prints the status,
then the headers with -v, then the body. PATH is taken as it is: percent-encoded.
"""
import datetime, hashlib, hmac, http.client, os, sys, urllib.parse


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def request(method, target, headers=(), body=b""):
    end = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
    region = os.environ.get("AWS_REGION", "us-east-1")
    now = datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    path, _, query = target.partition("?")
    sent = {"host": end.netloc, "x-amz-date": now, "x-amz-content-sha256": digest}
    sent.update((k.lower(), v) for k, v in headers)
    names = ";".join(sorted(sent))
    canonical = "\n".join([method, path, "&".join(sorted(query.split("&"))) if query else "",
                           "".join(f"{k}:{sent[k].strip()}\n" for k in sorted(sent)), names, digest])
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = sign(key, part)
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    sent["authorization"] = (f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
                             f"SignedHeaders={names}, Signature={signature}")
    connection = http.client.HTTPConnection(end.netloc, timeout=60)
    connection.request(method, target, body, sent)
    return connection.getresponse()


if __name__ == "__main__":
    method, target, *rest = sys.argv[1:]
    headers, body, out = [], b"", None
    verbose = False
    while rest:
        word = rest.pop(0)
        if word == "-v":
            verbose = True
        elif word == "-o":
            out = rest.pop(0)
        elif word.startswith("@"):
            body = open(word[1:], "rb").read()
        else:
            headers.append(tuple(word.split(":", 1)))
    answer = request(method, target, headers, body)
    print(answer.status)
    if verbose:
        for name, value in answer.getheaders():
            print(f"{name}: {value}")
    data = answer.read()
    if out:
        open(out, "wb").write(data)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    sys.exit(0 if answer.status < 300 else 1)
