# SPDX-License-Identifier: LGPL-2.1-or-later
# How servers are named and reached: the same options and variables for every command that asks one.
. "$(dirname "$0")/../lib.sh"

# A server that wants a header, and tells by ./log who came: its URL in $URL. What it has is ./share.
private_server() {
	need python3 gcc eu-strip readelf
	printf 'int main(void) { return 0; }\n' >hello.c
	gcc -g -Wl,--build-id -o hello "$PWD/hello.c"
	ID=$(readelf -n hello | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$ID"
	eu-strip -f "share/buildid/$ID/debuginfo" hello
	cat >server.py <<-'P'
	import http.server, os, time
	class Handler(http.server.BaseHTTPRequestHandler):
	    def log_message(self, *args): pass
	    def do_GET(self):
	        with open("log", "a") as f: print(self.headers.get("User-Agent"), self.headers.get("X-Team"), file=f)
	        if os.path.exists("silent"): time.sleep(60)
	        path = "share" + self.path
	        code = 401 if self.headers.get("X-Team") != "blue" else 200 if os.path.isfile(path) else 404
	        body = open(path, "rb").read() if code == 200 else b"no"
	        self.send_response(code); self.send_header("Content-Length", str(len(body))); self.end_headers()
	        self.wfile.write(body)
	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler); server.daemon_threads = True
	print(server.server_address[1], flush=True); server.serve_forever()
	P
	: >log
	python3 server.py >port 2>server.err &
	# shellcheck disable=SC2064
	trap "kill $! 2>/dev/null || :" EXIT
	for _ in $(seq 200); do [ -s port ] && break; sleep 0.05; done
	URL=http://127.0.0.1:$(cat port)
}
# What each command is asked to do with the server.
fetching() { "$PKGNOTE" fetch --no-cache --retries=0 "$@" debuginfo "$ID"; }
verifying() { "$PKGNOTE" verify --checks=debuginfo --retries=0 "$@" hello; }

headers_of_each_kind() {
	private_server
	printf 'X-Team: blue\n' >headers
	for command in fetching verifying; do
		status 0 $command --server="$URL" --header='X-Team: blue' --user-agent=me/1
		status 0 $command --server="$URL" --headers-file=headers
		DEBUGINFOD_HEADERS_FILE=headers DEBUGINFOD_URLS=$URL status 0 $command
		got=0; $command --server="$URL" >out 2>err || got=$?
		case $command in fetching) same $got 3 ;; *) same $got 1; says out unreachable ;; esac
		status 3 $command --server="$URL" --headers-file=no-such-file
		status 2 $command --server="$URL" --header=nonsense
		status 2 $command --server=ftp://h
	done
	same "$(grep -c '^me/1 blue' log)" 2
}
check "headers, by option, file and variable, of fetch and verify" headers_of_each_kind

times_by_option_and_variable() {
	private_server
	: >silent
	for time in 1 0.4 500ms; do
		status 3 fetching --server="$URL" --timeout=$time
		DEBUGINFOD_TIMEOUT=$time status 1 verifying --server="$URL"
		says out unreachable
	done
	DEBUGINFOD_MAXTIME=1 status 3 fetching --server="$URL"
	for time in abc -1 5x ''; do status 2 fetching --server="$URL" --timeout=$time; done
}
check "times: seconds, fractions, units" times_by_option_and_variable

what_the_environment_says_wrong_is_told() {
	private_server
	for variable in TIMEOUT=abc TIMEOUT=-1 MAXTIME=5x MAXSIZE=1Q RETRY_LIMIT=few; do
		export "DEBUGINFOD_$variable"
		status 0 fetching --server="$URL" --header='X-Team: blue'
		says err "DEBUGINFOD_${variable%%=*}: '${variable#*=}' is no number"
		unset "DEBUGINFOD_${variable%%=*}"
	done
	DEBUGINFOD_MAXSIZE=1K status 3 fetching --server="$URL" --header='X-Team: blue'
	says err 'too large'
	DEBUGINFOD_URLS="ftp://h $URL ima:whatever" status 0 fetching --header='X-Team: blue'
	says err "DEBUGINFOD_URLS: 'ftp://h' is not an http, https or file URL"
	says err "DEBUGINFOD_URLS: 'ima:whatever' is no policy"
	DEBUGINFOD_URLS="ftp://h" status 3 fetching
	says err DEBUGINFOD_URLS
	DEBUGINFOD_VERBOSE=1 status 0 fetching --server="$URL" --header='X-Team: blue'
	says err 'try 1: found'
}
check "variables that are understood, and those that are not" what_the_environment_says_wrong_is_told
finish
