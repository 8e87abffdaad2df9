# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote verify over HTTP: elfutils' debuginfod, and servers that misbehave.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

# release: ./root with a program whose sources lie where its debug information says, ./tree with its debug file.
release() {
	need "$CC" eu-strip readelf python3 curl
	mkdir -p src root/usr/bin tree
	echo 'int main(void) { return 0; }' >src/one.c
	"$CC" -g -o one "$PWD/src/one.c" -Wl,--build-id \
		"$PAGE_ONE" -Xlinker '--package-metadata={"type":"deb","name":"t","version":"1","architecture":"amd64"}'
	eu-strip -f tree/one.debug -o root/usr/bin/one one
	rm one
	ID=$(readelf -n root/usr/bin/one | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$ID/source$PWD/src" "share/buildid/$ID/section"
	cp tree/one.debug "share/buildid/$ID/debuginfo"
	cp root/usr/bin/one "share/buildid/$ID/executable"
	cp src/one.c "share/buildid/$ID/source$PWD/src"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

wrong() {
	python3 -c 'import json
print(", ".join(r["verdict"] + " " + r["check"] for r in json.load(open("out"))["results"] if r["verdict"] not in ("pass", "skipped")))'
}

a_real_debuginfod() {
	need debuginfod
	release
	local port url
	port=$(free_port); url=http://127.0.0.1:$port
	debuginfod -p "$port" -d db.sqlite -F root tree >log 2>&1 & PID=$!
	trap 'kill $PID 2>/dev/null || :' EXIT
	for _ in $(seq 200); do
		curl -sf -o /dev/null "$url/buildid/$ID/debuginfo" && curl -sf -o /dev/null "$url/buildid/$ID/executable" && break
		sleep 0.1
	done
	status 0 "$PKGNOTE" verify -v --server="$url" root
	says out '^1 file, 7 checks: 7 pass$'
	says out 'pass +section .*\.debug_line and \.[a-z_]+ as in the whole file'
	status 0 env DEBUGINFOD_URLS="$url" "$PKGNOTE" verify root
	# A file that changed below it, its times kept, is served as it is now.
	cp -p tree/one.debug times
	printf x | dd of=tree/one.debug bs=1 seek=$(($(stat -c %s tree/one.debug) - 1)) conv=notrunc 2>/dev/null
	touch -r times tree/one.debug
	status 1 "$PKGNOTE" verify --json --server="$url" root
	same "$(wrong)" 'fail debuginfo'
	kill $PID; wait $PID 2>/dev/null || :
	status 1 "$PKGNOTE" verify --json --retries=0 --server="$url" root
	same "$(wrong)" 'unreachable debuginfo, unreachable executable, unreachable section, unreachable source'
}
check "against elfutils' debuginfod, sections too" a_real_debuginfod

servers_that_misbehave() {
	release
	local port url
	port=$(free_port); url=http://127.0.0.1:$port
	cat >server.py <<-'P'
	# Serves ./share; the first part of the path says how: /FAULT/buildid/...
	import http.server, os, sys, time
	class Handler(http.server.BaseHTTPRequestHandler):
	    protocol_version = "HTTP/1.1"
	    def log_message(self, *args): pass
	    def answer(self, code, body=b"", length=None):
	        self.send_response(code)
	        self.send_header("Content-Length", str(len(body) if length is None else length))
	        self.end_headers()
	        self.wfile.write(body)
	    def do_GET(self):
	        fault, path = self.path.lstrip("/").split("/", 1)
	        name = os.path.join("share", path)
	        if "/section/" in path: return self.answer(404)
	        if not os.path.isfile(name): return self.answer(404)
	        body = open(name, "rb").read()
	        mine = path.endswith("/debuginfo")
	        if fault == "fine" or not mine: return self.answer(200, body)
	        if fault.isdigit(): return self.answer(int(fault), b"no")
	        if fault == "short":
	            self.answer(200, body[:-100], len(body)); self.close_connection = True
	        elif fault == "empty": self.answer(200)
	        elif fault == "page": self.answer(200, b"<html>sign in</html>")
	        elif fault == "other": self.answer(200, open("other", "rb").read())
	        elif fault == "changed": self.answer(200, body[:-1] + b"!")
	        elif fault == "reset": self.close_connection = True; self.connection.shutdown(2)
	        elif fault == "silent": time.sleep(30)
	class Server(http.server.ThreadingHTTPServer):
	    daemon_threads = True
	    def handle_error(self, *args): pass
	Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
	P
	cp /bin/true other
	python3 server.py "$port" & PID=$!
	trap 'kill $PID 2>/dev/null || :' EXIT
	for _ in $(seq 100); do curl -s -o /dev/null "$url/fine/" && break; sleep 0.1; done
	status 0 "$PKGNOTE" verify --server="$url/fine" root
	local row waits
	for row in 404:missing 410:missing 400:missing 401:unreachable 403:unreachable 500:unreachable 503:unreachable \
		429:unreachable 408:unreachable 406:unreachable short:unreachable empty:fail page:unreachable other:fail changed:fail \
		reset:unreachable silent:unreachable; do
		# A busy machine's server may need its time for an answer. One that is silent is not waited for as long; one that answers
		# the executable and refuses the rest is asked again until a deadline.
		case $row in silent:*) waits=--timeout=1 ;; 429:*) waits=--deadline=10 ;; *) waits=--timeout=15 ;; esac
		status 1 timeout 20 "$PKGNOTE" verify --json --retries=0 $waits --checks=debuginfo,executable \
			--server="$url/${row%%:*}" root ||
			fail "${row%%:*}"
		[ "$(wrong)" = "${row#*:} debuginfo" ] || { grep '"debuginfo"' out; fail "${row%%:*}: $(wrong)"; }
	done
	# One that answers never, and would be tried again and again, within the deadline.
	SECONDS=0
	status 1 "$PKGNOTE" verify --json --retries=100 --timeout=1 --deadline=3 --checks=debuginfo --server="$url/silent" root
	same "$(wrong)" 'unreachable debuginfo'
	[ "$SECONDS" -le 10 ] || fail "$SECONDS s, of 100 retries"
}
check "servers that misbehave: the right verdict, in time" servers_that_misbehave
finish
