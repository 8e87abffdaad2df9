# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote fetch: what a run costs the servers, the user and the disk. Interrupts while it waits, bodies of losers,
# connections, the bounds of the cache, and every kind of operand.
. "$(dirname "$0")/../lib.sh"

# program NAME: ./NAME stripped, its debug file, executable and source in ./share; its build-id in $ID.
program() {
	need gcc eu-strip readelf
	mkdir -p src
	[ -s "src/$1.c" ] || printf '#include <stdio.h>\nint main(void) { return puts("%s"); }\n' "$1" >"src/$1.c"
	gcc -g -O1 -Wl,--build-id -o "$1" "$PWD/src/$1.c"
	ID=$(readelf -n "$1" 2>/dev/null | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$ID/source$PWD/src"
	eu-strip -f "share/buildid/$ID/debuginfo" -o "share/buildid/$ID/executable" "$1"
	cp "src/$1.c" "share/buildid/$ID/source$PWD/src/"
	cp "share/buildid/$ID/executable" "$1"
}

# A server of a few lines of python, which has `share`, `ask(path)` and `log(text)`; its URL in $URL.
server() {
	need python3
	cat >server.py <<-'P'
	import http.server, os, socketserver, sys, threading, time
	lock = threading.Lock()
	def log(*words):
	    with lock, open("log", "a") as f: print(*words, file=f)
	class Handler(http.server.BaseHTTPRequestHandler):
	    protocol_version = "HTTP/1.1"
	    def log_message(self, *args): pass
	    def head(self, code, size, **more):
	        self.send_response(code); self.send_header("Content-Length", str(size))
	        for k, v in more.items(): self.send_header(k.replace("_", "-"), v)
	        self.end_headers()
	    def setup(self):
	        super().setup(); log("connection")
	    def do_GET(self):
	        how, path = self.path.lstrip("/").split("/", 1)
	        log("request", how, path)
	        try: globals()[how](self, os.path.join("share", path))
	        except OSError: log("broken", how)
	class Server(http.server.ThreadingHTTPServer):
	    daemon_threads = True
	    request_queue_size = 64
	    def handle_error(self, *args): pass
	P
	cat >>server.py
	echo 'server = Server(("127.0.0.1", 0), Handler); print(server.server_address[1], flush=True); server.serve_forever()' >>server.py
	: >log
	python3 server.py >port 2>server.err &
	SERVER=$!
	# shellcheck disable=SC2064
	trap "kill $SERVER 2>/dev/null || :" EXIT
	for _ in $(seq 200); do [ -s port ] && break; sleep 0.05; done
	URL=http://127.0.0.1:$(cat port)
}

# interrupted COMMAND...: started, interrupted when the log has $WHEN and a while passed.
interrupted() {
	env --default-signal=INT "$@" >out 2>err &
	local pid=$! _
	for _ in $(seq 200); do grep -q "$WHEN" log && break; sleep 0.02; done
	sleep 0.4
	interrupt $pid
}
an_interrupt_ends_each_kind_of_wait() {
	program one
	server <<-'P'
	def later(h, path): h.head(503, 0, Retry_After="20")
	def silent(h, path): time.sleep(30)
	def slow(h, path):
	    body = open(path, "rb").read(); h.head(200, len(body)); h.wfile.write(body[:3000]); h.wfile.flush(); time.sleep(30)
	P
	mkdir tmp
	export TMPDIR=$PWD/tmp
	# Between two tries.
	WHEN='request later' interrupted "$PKGNOTE" fetch --cache=c --server="$URL/later" debuginfo "$ID"
	# For another process, which is interrupted after it.
	WHEN='request slow' interrupted "$PKGNOTE" fetch --cache=c --server="$URL/slow" debuginfo "$ID"
	"$PKGNOTE" fetch -q --cache=c --server="$URL/slow" debuginfo "$ID" >holder 2>&1 &
	local holder=$!
	sleep 0.5
	WHEN=request interrupted "$PKGNOTE" fetch --cache=c --server="$URL/silent" debuginfo "$ID"
	same "$(grep -c 'request silent' log)" 0
	kill $holder; wait $holder || :
	# In the middle of everything for a file; without a cache.
	WHEN='request silent' interrupted "$PKGNOTE" fetch --cache=c --server="$URL/silent" all one --into=all
	WHEN='request silent' interrupted "$PKGNOTE" fetch --no-cache --server="$URL/slow" debuginfo "$ID"
	same "$(find tmp -mindepth 1)" ""
	same "$(find c -type f ! -name .lock ! -name .cleaned)" ""
	same "$(find all -type f 2>/dev/null)" ""
}
check "Ctrl-C between tries, behind another process, in 'all', without a cache" an_interrupt_ends_each_kind_of_wait

bodies_of_losers_stay_unread() {
	program one
	server <<-'P'
	def send(h, body, size, word):
	    h.head(200, size); sent = 0
	    h.connection.settimeout(20)
	    try:
	        while sent < size: sent += h.connection.send(body[sent:sent + 65536] or bytes(65536))
	    finally: log("sent", word, sent)
	def first(h, path):
	    body = open(path, "rb").read()
	    h.head(200, len(body)); h.wfile.write(body[:2000]); h.wfile.flush(); time.sleep(1.5); h.wfile.write(body[2000:])
	def loser(h, path):
	    time.sleep(0.3); send(h, open(path, "rb").read(), 1 << 30, "loser")
	P
	status 0 "$PKGNOTE" fetch --cache=c --server="$URL/loser" --server="$URL/first" debuginfo "$ID"
	cmp "$(cat out)" "share/buildid/$ID/debuginfo"
	for _ in $(seq 100); do grep -q '^sent loser' log && break; sleep 0.1; done
	# What the sockets of both sides hold was sent, of a gigabyte.
	[ "$(sed -n 's/^sent loser //p' log)" -lt 30000000 ] || fail "$(cat log)"
}
check "the body of a second good answer is not downloaded" bodies_of_losers_stay_unread

# ids N: N copies of the debug file of ./one with other build-ids in ./share; their names in ./ids.
ids() {
	need perl
	perl -e '
		my ($id, $count) = @ARGV;
		open my $in, "<:raw", "share/buildid/$id/debuginfo" or die; local $/; my $bytes = <$in>;
		my $at = index $bytes, pack "H*", $id; open my $ids, ">", "ids";
		for my $i (1 .. $count) {
			my $new = sprintf "%08x%s", $i, substr $id, 8;
			substr($bytes, $at, 20) = pack "H*", $new; print $ids "$new\n"; mkdir "share/buildid/$new";
			open my $out, ">:raw", "share/buildid/$new/debuginfo" or die; print $out $bytes; close $out;
		}' "$ID" "$1"
}

connections_are_reused() {
	program one
	ids 300
	server <<-'P'
	def good(h, path):
	    body = open(path, "rb").read(); h.head(200, len(body)); h.wfile.write(body)
	P
	mapfile -t all <ids
	status 0 "$PKGNOTE" fetch --cache=c --server="$URL/good" debuginfo "${all[@]}"
	same "$(wc -l <out)" 300
	same "$(grep -c '^request' log)" 300
	[ "$(grep -c '^connection' log)" -le 32 ] || fail "$(grep -c '^connection' log) connections"
}
check "300 files over no more than 32 connections" connections_are_reused

one_connection_with_http2() {
	need nginx openssl curl
	program one
	ids 100
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out ca.pem -days 2 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 >openssl.log 2>&1
	local port
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	cat >nginx.conf <<-CONF
	daemon off; $([ "$(id -u)" = 0 ] && echo "user root;") worker_processes 1; pid $PWD/nginx.own; error_log $PWD/nginx.err;
	events { worker_connections 256; }
	http {
		log_format seen '\$connection \$server_protocol \$status'; access_log $PWD/access.log seen;
		client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2; fastcgi_temp_path $PWD/t3; uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5;
		server { listen 127.0.0.1:$port ssl http2; root $PWD/share; ssl_certificate $PWD/ca.pem; ssl_certificate_key $PWD/key.pem; }
	}
	CONF
	nginx -c "$PWD/nginx.conf" >nginx.log 2>&1 &
	SERVER=$!
	# shellcheck disable=SC2064
	trap "kill $SERVER 2>/dev/null || :" EXIT
	for _ in $(seq 100); do curl -sko /dev/null "https://127.0.0.1:$port/" && break; sleep 0.05; done
	: >access.log
	mapfile -t all <ids
	status 0 "$PKGNOTE" fetch --cache=c --cacert=ca.pem --server="https://127.0.0.1:$port" debuginfo "${all[@]}"
	same "$(wc -l <out)" 100
	sleep 0.3
	same "$(grep -c 'HTTP/2.0 200' access.log)" 100
	[ "$(cut -d' ' -f1 access.log | sort -u | wc -l)" -le 3 ]
	cmp "$(sed -n 7p out)" "share/buildid/${all[6]}/debuginfo"
}
check "100 files over one connection, or two, where the server speaks HTTP/2" one_connection_with_http2

the_cache_stays_within_its_bounds() {
	program one
	ids 20
	server <<-'P'
	def good(h, path):
	    body = open(path, "rb").read(); h.head(200, len(body)); h.wfile.write(body)
	P
	mapfile -t all <ids
	local size
	size=$(stat -c %s "share/buildid/${all[0]}/debuginfo")
	status 0 "$PKGNOTE" fetch --cache=c --server="$URL/good" debuginfo "${all[@]}"
	# All were used long ago, three of them lately.
	python3 "$TOP/tests/tools/proofs.py" c used=-259200
	status 0 "$PKGNOTE" fetch --cache=c debuginfo "${all[@]:4:3}"
	status 0 "$PKGNOTE" fetch --cache=c --cache-size=$((5 * size + 100)) --cache-clean --cache-age=864000
	same "$(find c -name debuginfo | wc -l)" 5
	for i in 4 5 6; do [ -f "c/${all[i]}/debuginfo" ]; done
	# By age; and a full cache makes room by itself while it is added to.
	status 0 "$PKGNOTE" fetch --cache=c --cache-age=86400 --cache-clean
	same "$(find c -name debuginfo | wc -l)" 3
	python3 "$TOP/tests/tools/proofs.py" c used=-259200
	status 0 "$PKGNOTE" fetch --cache=c --cache-size=$((4 * size)) --server="$URL/good" debuginfo "${all[@]:10:4}"
	same "$(find c -name debuginfo | wc -l)" 4
	status 2 "$PKGNOTE" fetch --cache=c --cache-size=much debuginfo "$ID"
}
check "--cache-size and --cache-age: the least used goes first" the_cache_stays_within_its_bounds

# A link where a file should come is neither followed nor written through.
links_do_not_lead_out() {
	program one
	server <<-'P'
	def good(h, path):
	    body = open(path, "rb").read(); h.head(200, len(body)); h.wfile.write(body)
	P
	mkdir -p "c/$ID" outside
	echo mine >outside/file
	ln -s "$PWD/outside/file" "c/$ID/debuginfo"
	status 0 "$PKGNOTE" fetch --cache=c --server="$URL/good" debuginfo "$ID"
	cmp "c/$ID/debuginfo" "share/buildid/$ID/debuginfo"
	[ ! -L "c/$ID/debuginfo" ]
	same "$(cat outside/file)" mine
	rm -r "c/$ID"
	ln -s "$PWD/outside" "c/$ID"
	status 0 "$PKGNOTE" fetch --cache=c --server="$URL/good" debuginfo "$ID"
	cmp "$(cat out)" "share/buildid/$ID/debuginfo"
	says err "^pkgnote fetch: cache .*c: $ID there is a symbolic link, and none is followed below a cache \(remove it, or let the cache itself be one\): what comes is kept in /"
	same "$(ls outside)" file
	rm -r "$(dirname "$(dirname "$(cat out)")")"
	rm "c/$ID"; mv c real; ln -s real c
	status 0 "$PKGNOTE" fetch --cache=c --server="$URL/good" debuginfo "$ID"
	[ -f "real/$ID/debuginfo" ]
	rm -r "real/${ID:?}"; echo mine >"real/$ID"
	status 0 "$PKGNOTE" fetch --cache=c --server="$URL/good" debuginfo "$ID"
	says err "$ID there is no directory \(remove it\)"
	same "$(cat "real/$ID")" mine
	rm -r "$(dirname "$(dirname "$(cat out)")")"
}
check "links in the cache do not lead out of it" links_do_not_lead_out

memory_does_not_grow_with_the_file() {
	need objcopy python3
	program one
	truncate -s 300M zeros
	objcopy --add-section .debug_ballast=zeros "share/buildid/$ID/debuginfo" large 2>/dev/null
	# objcopy 2.44 makes such a PT_NOTE of its own accord, over all that it put behind the notes.
	python3 - large <<-'P'
	import struct, sys
	with open(sys.argv[1], "r+b") as f:
	    head = f.read(64)
	    at, size, count = struct.unpack_from("<Q", head, 32)[0], *struct.unpack_from("<HH", head, 54)
	    for i in range(count):
	        f.seek(at + i * size); entry = bytearray(f.read(size))
	        if struct.unpack_from("<I", entry)[0] == 4:
	            struct.pack_into("<QQ", entry, 32, 280 << 20, 280 << 20)
	            f.seek(at + i * size); f.write(entry); break
	    else: sys.exit("no PT_NOTE")
	P
	readelf -nW large 2>/dev/null | grep -q "Build ID: $ID" || fail "readelf finds no build-id"
	mv -f large "share/buildid/$ID/debuginfo"
	server <<-'P'
	def good(h, path):
	    h.head(200, os.path.getsize(path))
	    with open(path, "rb") as f: h.connection.sendfile(f)
	P
	# ru_maxrss begins with what the process that starts it had.
	python3 - "$PKGNOTE" fetch -q --cache=c --server="$URL/good" debuginfo "$ID" >peak <<-'P'
	import resource, subprocess, sys
	before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
	code = subprocess.run(sys.argv[1:], stdout=open("out", "w")).returncode
	print(code, max(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, before) // 1024)
	P
	cmp "$(cat out)" "share/buildid/$ID/debuginfo"
	same "$(cut -d' ' -f1 peak)" 0
	[[ $BUILD == *san* ]] || [ "$(cut -d' ' -f2 peak)" -lt 64 ] || fail "$(cut -d' ' -f2 peak) MB"
}
check "a file of 300 MB takes less than 64 MB of memory" memory_does_not_grow_with_the_file

rpm_packages_are_operands() {
	need rpmbuild
	program hello
	cat >t.spec <<-S
	%global debug_package %{nil}
	%define _build_id_links none
	%define __os_install_post %{nil}
	Name: t
	Version: 1
	Release: 2
	Summary: t
	License: none
	%description
	t
	%install
	install -D $PWD/hello %{buildroot}/usr/bin/hello
	%files
	/usr/bin/hello
	S
	rpmbuild -bb --quiet --define "_topdir $PWD/rpm" t.spec >log 2>&1
	local package
	package=$(find rpm/RPMS -name '*.rpm')
	status 0 "$PKGNOTE" fetch --server="file://$PWD/share" debuginfo "$package"
	same "$(cat out)" "$PWD/share/buildid/$ID/debuginfo"
	says err '/usr/bin/hello: found'
	status 0 "$PKGNOTE" fetch --server="file://$PWD/share" all "$package" --into=all --sources=primary
	cmp "all/.build-id/${ID:0:2}/${ID:2}.debug" "share/buildid/$ID/debuginfo"
	same "$(cat out)" "$PWD/all"
}
check "an .rpm as operand, and all that belongs to it" rpm_packages_are_operands

everything_for_a_process() {
	need gdb
	mkdir src
	printf '#include <unistd.h>\nstatic volatile int depth = 42;\nint main(void) {\n\tfor (;;)\n\t\tsleep(depth);\n}\n' >src/pausing.c
	program pausing
	./pausing & local pid=$!
	# shellcheck disable=SC2064
	trap "kill $pid 2>/dev/null || :" EXIT
	for _ in $(seq 200); do [[ $(readlink /proc/$pid/exe) == */pausing ]] && break; sleep 0.02; done
	sleep 0.2
	status 1 "$PKGNOTE" fetch --server="file://$PWD/share" all $pid --into=all --sources=primary
	says err "pausing: debuginfo: found"
	says out "^gdb .* -p '$pid'"
	rm -r src
	# What it says is what a debugger shows.
	eval "$(cat out) -batch -ex bt -ex 'print depth' -ex 'list pausing.c:1,3'" >gdb.out 2>&1 </dev/null || :
	grep -q 'ptrace: Operation not permitted' gdb.out && skip "no process may be traced here"
	says gdb.out 'main \(\) at .*pausing.c:5'
	says gdb.out ' = 42$'
	says gdb.out '^2.*int depth = 42;'
}
check "everything for a process, and gdb on it" everything_for_a_process
# 1xx says that an answer comes, and is none: what follows it counts, and silence after it is silence.
interim_answers() {
	program one
	server <<-'P'
	def good(h, path):
	    body = open(path, "rb").read(); h.head(200, len(body)); h.wfile.write(body)
	def early(h, path):
	    h.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"); good(h, path)
	def alone(h, path):
	    h.wfile.write(b"HTTP/1.1 102 Processing\r\n\r\n"); h.wfile.flush(); time.sleep(30)
	def endless(h, path):
	    for _ in range(600): h.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n"); h.wfile.flush(); time.sleep(0.05)
	def broken(h, path):
	    h.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n"); h.close_connection = True
	P
	status 0 "$PKGNOTE" fetch --no-cache --server="$URL/early" debuginfo "$ID"
	cmp "$(cat out)" "share/buildid/$ID/debuginfo"
	for how in alone endless; do
		status 3 "$PKGNOTE" fetch --no-cache --first-byte=1 --timeout=60 --server="$URL/$how" debuginfo "$ID"
		says err 'unavailable: .*no answer for 1 s'
		same "$(grep -c "request $how" log)" 1
		# Another is not kept waiting by it.
		status 0 "$PKGNOTE" fetch --no-cache --server="$URL/$how" --server="$URL/good" debuginfo "$ID"
	done
	status 3 "$PKGNOTE" fetch --no-cache --retries=0 --server="$URL/broken" debuginfo "$ID"
	says_not err 'absent|rejected'
}
check "an interim answer (1xx) is none: silence after it costs one short wait" interim_answers

# Broken in a way that another try does not mend: told as it is, and asked once.
broken_for_good() {
	program one
	server <<-'P'
	import gzip
	def tail(h, path):
	    body = gzip.compress(open(path, "rb").read()) + b"junk" * 10
	    h.head(200, len(body), Content_Encoding="gzip"); h.wfile.write(body)
	def long(h, path):
	    body = open(path, "rb").read(); h.head(200, len(body), X_A="a" * 250000); h.wfile.write(body)
	P
	for how in tail long; do
		status 3 "$PKGNOTE" fetch --no-cache --backoff=0 --server="$URL/$how" debuginfo "$ID"
		same "$(grep -c "request $how" log)" 1
	done
	says err 'rejected: .*a header that is too long'
	status 3 "$PKGNOTE" fetch --no-cache --server="$URL/tail" debuginfo "$ID"
	says err 'rejected: .*its compressed body is broken'
}
check "a compressed body with more behind it, and a header without end, are rejected" broken_for_good

finish
