# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote verify as the last step of a pipeline: nothing is not green, no server where none is wanted, servers that index late,
# copies of one program, sources by their MD5, and reports for the sites where people look.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../judges.sh"
need python3 eu-strip readelf

# release NAME...: programs below root, split, and published to share.
release() {
	local n
	mkdir -p root/usr/bin build
	for n; do
		[ -e build/$n.c ] || printf 'int %s = 3;\nint main(int n, char **v) { return n + %s + v[0][0]; }\n' $n $n >build/$n.c
		(cd build && gcc -g -O1 -Wl,--build-id -o ../root/usr/bin/$n $n.c)
	done
	split
	"$PKGNOTE" publish -q --into=share --manifest=t.json root
}
split() { "$PKGNOTE" split -q --layout=rpm --name=t --package-version=1 --release=1 --arch=x86_64 --build-dir="$PWD/build" --stamp --manifest=t.json root; }
build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
verdicts() { # verdicts CHECK: "N VERDICT"... of ./out
	python3 -c 'import json, sys, collections
print(*[f"{n} {v}" for v, n in sorted(collections.Counter(r["verdict"] for r in json.load(open("out"))["results"] if r["check"] == sys.argv[1]).items())])' "$1"
}
# serve DIR [SECONDS]: over HTTP, all of it absent for SECONDS after the first request; $URL, requests in ./requests.
serve() {
	cat >server.py <<-'P'
	import http.server, os, sys, time
	top, late = sys.argv[1], float(sys.argv[2])
	begun = []
	class Handler(http.server.BaseHTTPRequestHandler):
	    def do_GET(self):
	        begun.append(time.time())
	        path = top + self.path
	        there = os.path.isfile(path) and time.time() - begun[0] >= late
	        body = open(path, "rb").read() if there else b""
	        with open("requests", "a") as log: print(self.path, file=log)
	        self.send_response(200 if there else 404)
	        self.send_header("Content-Length", str(len(body)))
	        self.end_headers()
	        self.wfile.write(body)
	    def log_message(self, *a): pass
	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
	open("port.new", "w").write(str(server.server_port)); os.rename("port.new", "port")
	server.serve_forever()
	P
	python3 server.py "$1" "${2:-0}" & SERVER=$!
	trap 'kill $SERVER 2>/dev/null' EXIT
	while [ ! -s port ]; do sleep 0.05; kill -0 $SERVER; done
	URL=http://127.0.0.1:$(cat port)
}

nothing() {
	mkdir empty share
	status 1 "$PKGNOTE" verify --server="file://$PWD/share" empty
	says err 'empty: nothing in it to verify'
	says err '--allow-empty'
	status 0 "$PKGNOTE" verify --server="file://$PWD/share" --allow-empty empty
	release one
	# Beside something that ships it is told; debug files alone prove nothing.
	mkdir -p docs/usr/share/doc debug/usr/lib; echo text >docs/usr/share/doc/x
	cp -r root/usr/lib/debug debug/usr/lib/
	status 0 "$PKGNOTE" verify --server="file://$PWD/share" root docs
	says err 'docs: nothing in it'
	! grep -q 'root:' err
	status 0 "$PKGNOTE" verify --offline --checks=debuginfo root debug
	! grep -q 'nothing\|alone' err
	status 1 "$PKGNOTE" verify --offline debug
	says err 'debug: it ships no ELF file: debug files alone prove nothing'
	status 1 "$PKGNOTE" verify --json --server="file://$PWD/share" docs
	echo '{"reportVersion": 1, "results": [], "unread": [], "summary": {}}' >none.json
	status 1 "$PKGNOTE" verify --merge none.json
}
check "nothing verified is not green, unless --allow-empty" nothing

offline() {
	release one two
	serve share
	DEBUGINFOD_URLS=$URL status 0 "$PKGNOTE" verify --json --offline root
	same "$(verdicts debuginfo)" '2 pass'
	[ ! -e requests ]
	status 2 "$PKGNOTE" verify --offline --server="$URL" root
	status 2 "$PKGNOTE" verify --offline --wait=3 root
	# The environment's servers come after the inputs' own files, and it is said; --server is asked for all.
	DEBUGINFOD_URLS=$URL status 0 "$PKGNOTE" verify --json root
	says err '2 files proven by the debug files among the inputs'
	[ ! -e requests ]
	rm root/usr/lib/debug/usr/bin/one*
	DEBUGINFOD_URLS=$URL status 0 "$PKGNOTE" verify --json root
	same "$(verdicts debuginfo)" '2 pass'
	grep -q "$(build_id root/usr/bin/one)/debuginfo" requests
	! grep -q "$(build_id root/usr/bin/two)" requests
	rm requests
	status 0 "$PKGNOTE" verify --server="$URL" root
	grep -q "$(build_id root/usr/bin/two)/debuginfo" requests
	rm -r root/usr/lib/debug
	status 1 "$PKGNOTE" verify --json --offline --checks=debuginfo root
}
check "--offline asks nobody; the inputs' own debug files before the environment's servers" offline

late() {
	release one two
	serve share 2
	status 0 "$PKGNOTE" verify --json --wait=60 --server="$URL" root
	says out '"waited": [0-9]+'
	kill $SERVER; rm port
	mkdir none
	serve none
	rm -f requests
	status 1 "$PKGNOTE" verify --json --wait=2 --checks=debuginfo --server="$URL" root
	same "$(verdicts debuginfo)" '2 missing'
	says out '"waited": 2'
	asked=$(grep -c . requests)
	[ "$asked" -ge 4 ] && [ "$asked" -le 12 ]
	status 1 "$PKGNOTE" verify --wait=1 --checks=debuginfo --server="$URL" root
	says out 'missing; waited 1 s$'
}
check "--wait: what is absent is asked for again, until it is there or the time is over" late

md5() {
	local sum backwards order
	mkdir -p build root/usr/bin
	printf 'int main(void) { return 0; }\n' >build/x.c
	sum=$(md5sum <build/x.c | cut -c1-32)
	backwards=$(echo "$sum" | fold -w 2 | tac | tr -d '\n')
	(cd build && gcc -g -gdwarf-5 -S x.c -o plain.s)
	grep -q '\.file 0 ' build/plain.s || skip "this compiler writes no .file 0"
	for order in "$sum" "$backwards"; do
		sed -E "s|^(\t\.file 0 .*)\$|\1 md5 0x$order|" build/plain.s >build/x.s
		(cd build && gcc -c x.s -o x.o && gcc -Wl,--build-id x.o -o "../root/usr/bin/x-$order")
	done
	split
	status 0 "$PKGNOTE" verify --json --offline --checks=source root
	same "$(verdicts source)" '2 pass'
	find root/usr/src -name x.c -exec sh -c 'echo >>"$1"' - {} \;
	status 1 "$PKGNOTE" verify --json --offline --checks=source root
	same "$(verdicts source)" '2 fail'
}
check "a source's MD5 counts in either byte order, and a changed source in none" md5

copies() {
	release one
	rm -r share
	mkdir root/usr/libexec; cp build/../root/usr/bin/one keep
	rm -r root; mkdir -p root/usr/bin root/usr/libexec
	(cd build && gcc -g -O1 -Wl,--build-id -o ../root/usr/bin/one one.c)
	cp root/usr/bin/one root/usr/libexec/one-too
	split
	! cmp -s root/usr/bin/one root/usr/libexec/one-too
	status 0 "$PKGNOTE" publish --into=share --manifest=t.json root
	status 0 "$PKGNOTE" verify -v --server="file://$PWD/share" root
	says out 'is a copy: they differ in nothing that is loaded'
	# What is served must be one of the two; a debuglink that names neither debug file is wrong.
	cp -r share other; id=$(build_id root/usr/bin/one)
	cp keep other/keep; printf '\1' | dd of="$(readlink -f other/buildid/$id/executable)" bs=1 seek=15 conv=notrunc status=none
	status 1 "$PKGNOTE" verify --json --checks=executable --server="file://$PWD/other" root
	same "$(verdicts executable)" '2 fail'
	objcopy --remove-section=.gnu_debuglink root/usr/libexec/one-too
	echo other >bad.debug
	objcopy --add-gnu-debuglink=bad.debug root/usr/libexec/one-too
	printf '\1' | dd of=root/usr/libexec/one-too bs=1 seek=15 conv=notrunc status=none
	status 1 "$PKGNOTE" verify --json --checks=build-id --server="file://$PWD/share" root
	same "$(verdicts build-id)" '2 fail'
	says out 'something else is loaded of it'
	status 0 "$PKGNOTE" verify --json --checks=build-id --allow='build-id:*' root
	same "$(verdicts build-id)" '2 skipped'
	status 1 "$PKGNOTE" verify --json --checks=build-id --allow='*' root
}
check "copies of one program pass; of something else under the same build-id nothing does; --allow names a check" copies

reports() {
	release one two
	rm -r "share/buildid/$(build_id root/usr/bin/one)"
	mkdir 'odd %:,"dir'; cp root/usr/bin/two 'odd %:,"dir/two'
	echo junk >broken.deb
	status 3 "$PKGNOTE" verify --server="file://$PWD/share" --server=http://127.0.0.1:1 --retries=0 --expect name=t \
		--report=sarif:r.sarif --report=github:r.github --report=gitlab:r.gitlab --report=json:r.json root 'odd %:,"dir' broken.deb
	python3 - <<-'P'
	import json
	from urllib.parse import unquote
	report = json.load(open("r.json"))
	wanting = [r for r in report["results"] if r["verdict"] in ("fail", "missing", "unreachable")]
	assert wanting
	sarif = json.load(open("r.sarif"))
	assert sarif["version"] == "2.1.0" and len(sarif["runs"]) == 1
	run = sarif["runs"][0]
	rules = run["tool"]["driver"]["rules"]
	assert len(run["results"]) == len(wanting), (len(run["results"]), len(wanting))
	for got, want in zip(run["results"], wanting):
	    assert got["ruleId"] == want["check"] == rules[got["ruleIndex"]]["id"]
	    where = got["locations"][0]["physicalLocation"]
	    assert unquote(where["artifactLocation"]["uri"]) == want["input"] + want["path"], where
	    assert want["reason"] in got["message"]["text"] and want["path"] in got["message"]["text"]
	    assert got["level"] == ("warning" if want["verdict"] == "unreachable" else "error")
	assert not run["invocations"][0]["executionSuccessful"]
	assert "broken.deb" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
	assert len({r["partialFingerprints"]["pkgnoteResult/v1"] for r in run["results"]}) == len(wanting)
	gitlab = json.load(open("r.gitlab"))
	assert len(gitlab) == len(wanting) + 1
	for one in gitlab:
	    assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
	    assert one["location"]["lines"]["begin"] == 1 and one["description"] and one["check_name"]
	assert len({one["fingerprint"] for one in gitlab}) == len(gitlab)
	lines = open("r.github").read().splitlines()
	commands = [l for l in lines if l.startswith(("::error ", "::warning "))]
	assert len(commands) == len(wanting) + 1 and len(lines) == len(commands) + 1
	assert any("file=odd %25%3A%2C\"dir/two,title=" in l for l in commands) or not any("odd" in r["input"] for r in wanting), commands
	assert any(l.startswith("::error file=root/usr/bin/one,title=debuginfo missing::") or l.startswith("::warning file=root/usr/bin/one,title=debuginfo unreachable::") for l in commands), commands
	P
	mkdir empty
	status 1 "$PKGNOTE" verify --report=sarif:nothing.sarif --report=gitlab:nothing.gitlab --offline empty
}
check "reports: SARIF, GitHub's workflow commands, GitLab's code quality, each names the file" reports

# The schemas of those who read them, out of packages of the npm registry.
by_the_schemas() {
	(reports)
	npm_package @microsoft/jest-sarif 1.0.0-beta.0
	python3 -c 'import jsonschema' 2>/dev/null || skip "no JSON schemas for python3 on this machine (python3-jsonschema)"
	fits() { python3 -W ignore -c 'import json, sys, jsonschema; jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' "$1" "$NPM_PACKAGE/lib/schemas/sarif-2.1.0-rtm.5.json"; }
	fits r.sarif; fits nothing.sarif
	sed 's/"startLine": 1/"startLine": "1"/' r.sarif >broken.sarif
	! fits broken.sarif 2>log
	npm_package codeclimate-types 0.3.1
	local types=$NPM_PACKAGE
	npm_package typescript 5.4.5
	typed() { # the issues as a program that the compiler has to accept
		{ printf "import { Issue } from './codeclimate'\nexport const issues: Issue[] = "; cat "$1"; } >issues.ts
		node "$NPM_PACKAGE/lib/tsc.js" --noEmit --strict issues.ts
	}
	mkdir codeclimate; cp "$(find "$types" -name 'index.d.ts' | head -n 1)" codeclimate/
	typed r.gitlab; typed nothing.gitlab
	sed 's/"blocker"/"worst"/' r.gitlab >broken.gitlab
	! typed broken.gitlab >log
}
check "reports by their schemas: SARIF 2.1.0, Code Climate" by_the_schemas

# No report of a release in which nothing was verified is empty and green.
nothing_verified() {
	need python3
	mkdir empty
	status 1 "$PKGNOTE" verify --offline --report=table --report=sarif:s --report=junit:x --report=gitlab:g --report=github:h --report=html:p --report=json:j empty
	says out '^missing +empty +empty '
	says x '<failure type="missing" message="nothing in it to verify'
	says h '^::error file=empty,title=empty missing::'
	says p 'Something is wanting'
	python3 -c 'import json; assert [r["ruleId"] for r in json.load(open("s"))["runs"][0]["results"]] == ["empty"]; assert json.load(open("g"))[0]["location"]["path"] == "empty"'
	status 1 "$PKGNOTE" verify --merge j
	status 1 "$PKGNOTE" verify --checks=parallel --offline --json empty
	same "$(verdicts parallel)" '1 missing'
	status 0 "$PKGNOTE" verify --allow-empty --offline --report=json:j empty
	status 1 "$PKGNOTE" verify --merge j
	says out '^missing +empty +j '
	status 0 "$PKGNOTE" verify --allow-empty --merge j
	status 2 "$PKGNOTE" verify --checks=empty empty
}
check "where nothing was verified each report says so, input by input" nothing_verified
# A share behind something that answers in its place, by the first part of the path: which way, and whether whole files come.
portal() {
	cat >portal.py <<-'P'
	import gzip, http.server, os
	html = b"<html><body>Sign in to this network</body></html>"
	ways = {"html": (200, {"Content-Type": "text/html"}, html), "plain": (200, {"Content-Type": "text/plain"}, html),
	        "doctype": (200, {}, b"\n<!DOCTYPE html>" + html), "mark": (200, {}, b"\xef\xbb\xbf<!-- portal -->" + html),
	        "xhtml": (200, {"Content-Type": "application/octet-stream"}, b'<?xml version="1.0"?>' + html), "short": (200, {}, b"<html>"),
	        "packed": (200, {"Content-Encoding": "gzip"}, gzip.compress(html * 50)), "changed": (203, {}, None), "redirect": (302, {"Location": "/plain/login"}, b"")}
	class Handler(http.server.BaseHTTPRequestHandler):
	    def do_GET(self):
	        way, path = self.path[1:].split("/", 1)
	        try: file = open("share/" + path, "rb").read()
	        except OSError: file = b""
	        status, headers, body = ways[way.removeprefix("half-")]
	        if way.startswith("half-") and path.rsplit("/")[-1] in ("debuginfo", "executable"): status, headers, body = 200, {}, file
	        body = file if body is None else body
	        self.send_response(status)
	        for name, value in headers.items(): self.send_header(name, value)
	        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
	    def log_message(self, *a): pass
	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
	open("port.new", "w").write(str(server.server_port)); os.rename("port.new", "port")
	server.serve_forever()
	P
	python3 portal.py & SERVER=$!
	trap 'kill $SERVER 2>/dev/null' EXIT
	while [ ! -s port ]; do sleep 0.05; kill -0 $SERVER; done
	URL=http://127.0.0.1:$(cat port)
}

portals() {
	release one
	portal
	for way in html plain doctype mark xhtml short packed changed redirect; do
		status 1 "$PKGNOTE" verify --json --retries=0 --checks=debuginfo,executable,section,source --server="$URL/$way" root
		for c in debuginfo executable section source; do same "$way $c: $(verdicts $c)" "$way $c: 1 unreachable"; done
		status 1 "$PKGNOTE" verify --json --retries=0 --checks=debuginfo,executable,section,source --server="$URL/half-$way" root
		for c in debuginfo executable; do same "half-$way $c: $(verdicts $c)" "half-$way $c: 1 pass"; done
		for c in section source; do same "half-$way $c: $(verdicts $c)" "half-$way $c: 1 unreachable"; done
	done
}
check "portals, login pages and changed answers are unreachable, whatever they call what comes" portals

finish
