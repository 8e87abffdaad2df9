# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote fetch with real servers: elfutils' debuginfod, and nginx (a static share, TLS, HTTP/2,
# authentication, client certificates, rate limits, a proxy). Packages: debuginfod, nginx-light, openssl.
. "$(dirname "$0")/../lib.sh"

SITE=$WORK/site
mkdir -p "$SITE"
# shellcheck disable=SC2064
trap "kill \$(cat '$SITE'/*.pid 2>/dev/null) 2>/dev/null; rm -rf '$WORK'" EXIT

free_port() { # prints a port of 127.0.0.1 that nobody listens on
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}

build() {
	need gcc eu-strip readelf
	cd "$SITE"
	mkdir -p src tree
	printf '#include <stdio.h>\nint main(void) { return puts("hello"); }\n' >"src/hello c++ 100%.c"
	gcc -g -O1 -Wl,--build-id -o hello "$PWD/src/hello c++ 100%.c"
	readelf -n hello | sed -n 's/.*Build ID: //p' >id
	local share
	share=share/buildid/$(cat id)
	mkdir -p "$share/source$PWD/src"
	eu-strip -f "$share/debuginfo" -o "$share/executable" hello
	cp src/* "$share/source$PWD/src/"
	cp "$share/debuginfo" tree/hello.debug && cp "$share/executable" tree/hello
}
check "a program to serve" build
ID=$(cat "$SITE/id" 2>/dev/null)
SHARE=$SITE/share/buildid/$ID

with_debuginfod() {
	need debuginfod curl
	local port url
	port=$(free_port) url=http://127.0.0.1:$port
	(cd "$SITE" && exec debuginfod -p "$port" -d "$SITE/db.sqlite" -F "$SITE/tree" >"$SITE/debuginfod.log" 2>&1) &
	echo $! >"$SITE/debuginfod.pid"
	for _ in $(seq 200); do
		curl -sf -o probe "$url/buildid/$ID/debuginfo" && curl -sf -o probe "$url/buildid/$ID/executable" && break
		sleep 0.1
	done
	for what in debuginfo executable; do
		status 0 "$PKGNOTE" fetch --cache=c --server="$url" $what "$ID"
		cmp "$(cat out)" "$SHARE/$what"
	done
	# Blanks, plus signs and percent signs in a name.
	status 0 "$PKGNOTE" fetch --cache=c --server="$url" source "$ID" "$SITE/src/hello c++ 100%.c"
	cmp "$(cat out)" "$SITE/src/hello c++ 100%.c"
	status 0 "$PKGNOTE" fetch --cache=c --server="$url" source "$ID" "hello c++ 100%.c"
	status 1 "$PKGNOTE" fetch --cache=c --server="$url" source "$ID" "/no/such.c"
	status 1 "$PKGNOTE" fetch --cache=c --server="$url" debuginfo 00112233445566778899aabbccddeeff00112233
	says err ': absent: .*: 404'
	# A section, as the server cuts it, is what we cut.
	need objcopy
	objcopy -O binary --only-section=.debug_line --set-section-flags .debug_line=alloc "$SHARE/debuginfo" want
	status 0 "$PKGNOTE" fetch -v --cache=c --server="$url" section "$ID" .debug_line
	cmp "$(cat out)" want
	status 3 "$PKGNOTE" fetch --cache=d --server="$url" --max-size=1000 debuginfo "$ID"
	says err ': too large: '
	# debuginfod-find's cache, filled by itself, is read.
	need debuginfod-find
	DEBUGINFOD_URLS=$url DEBUGINFOD_CACHE_PATH=$PWD/theirs debuginfod-find debuginfo "$ID" >theirs.path
	DEBUGINFOD_CACHE_PATH=$PWD/theirs status 0 "$PKGNOTE" fetch --cache=d debuginfo "$ID"
	same "$(cat out)" "$(cat theirs.path)"
	kill "$(cat "$SITE/debuginfod.pid")"
	wait "$(cat "$SITE/debuginfod.pid")" || true
	rm "$SITE/debuginfod.pid"
	status 3 "$PKGNOTE" fetch --cache=d --retries=1 --backoff=0 --server="$url" debuginfo "$ID"
	says err ': unavailable: '
}
check "elfutils' debuginfod: debuginfo, executable, source, section" with_debuginfod

start_nginx() {
	need nginx openssl curl
	cd "$SITE"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca >openssl.log 2>&1
	for who in 127.0.0.1 client; do
		openssl req -newkey rsa:2048 -nodes -keyout $who.key -out $who.csr -subj /CN=$who >>openssl.log 2>&1
		printf 'subjectAltName=IP:127.0.0.1\n' >ext
		openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext \
			-out $who.pem >>openssl.log 2>&1
	done
	printf 'me:%s\n' "$(openssl passwd -apr1 word)" >htpasswd
	local http https
	http=$(free_port) https=$(free_port)
	while [ "$https" = "$http" ]; do https=$(free_port); done
	cat >nginx.conf <<-CONF
	daemon off; $([ "$(id -u)" = 0 ] && echo "user root;") worker_processes 1; pid $SITE/nginx.own; error_log $SITE/nginx.err;
	events { worker_connections 256; }
	http {
		log_format seen '\$uri \$server_protocol \$status auth=\$http_authorization agent=\$http_user_agent via=\$http_host';
		access_log $SITE/access.log seen;
		client_body_temp_path $SITE/t1; proxy_temp_path $SITE/t2; fastcgi_temp_path $SITE/t3;
		uwsgi_temp_path $SITE/t4; scgi_temp_path $SITE/t5;
		limit_req_zone \$binary_remote_addr zone=slow:1m rate=2r/s; limit_req_status 429;
		server {
			listen 127.0.0.1:$http; root $SITE/share;
			location /basic/ { alias $SITE/share/; auth_basic x; auth_basic_user_file $SITE/htpasswd; }
			location /bearer/ { if (\$http_authorization != "Bearer token") { return 403; } alias $SITE/share/; }
			location /limited/ { limit_req zone=slow; alias $SITE/share/; }
			location /moved/ { rewrite ^/moved/(.*) https://127.0.0.1:$https/\$1 redirect; }
			location /zipped/ { alias $SITE/share/; gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any; }
		}
		server {
			listen 127.0.0.1:$https ssl http2; root $SITE/share;
			ssl_certificate $SITE/127.0.0.1.pem; ssl_certificate_key $SITE/127.0.0.1.key;
			ssl_client_certificate $SITE/ca.pem; ssl_verify_client optional;
			location /back/ { rewrite ^/back/(.*) http://127.0.0.1:$http/\$1 redirect; }
			location /mutual/ { if (\$ssl_client_verify != SUCCESS) { return 403; } alias $SITE/share/; }
		}
	}
	CONF
	nginx -c "$SITE/nginx.conf" >nginx.log 2>&1 &
	echo $! >nginx.pid
	for _ in $(seq 100); do curl -so /dev/null "http://127.0.0.1:$http/" && break; sleep 0.05; done
	echo "http://127.0.0.1:$http" >http
	echo "https://127.0.0.1:$https" >https
}
check "nginx starts" start_nginx
HTTP=$(cat "$SITE/http" 2>/dev/null) HTTPS=$(cat "$SITE/https" 2>/dev/null)
running() { [ -n "$HTTPS" ] || skip "no nginx here"; }

a_static_share_is_a_server() {
	running
	for what in debuginfo executable; do
		status 0 "$PKGNOTE" fetch --cache=c --server="$HTTP" $what "$ID"
		cmp "$(cat out)" "$SHARE/$what"
	done
	status 0 "$PKGNOTE" fetch --cache=c --server="$HTTP" source "$ID" "$SITE/src/hello c++ 100%.c"
	cmp "$(cat out)" "$SITE/src/hello c++ 100%.c"
	status 1 "$PKGNOTE" fetch --cache=c --server="$HTTP" section "$ID" .debug_line
	status 0 "$PKGNOTE" fetch --cache=c --section-fallback --cache-absent=0 --server="$HTTP" section "$ID" .debug_line
	status 0 "$PKGNOTE" fetch --cache=d --server="$HTTP/zipped" debuginfo "$ID"
	cmp "$(cat out)" "$SHARE/debuginfo"
	says "$SITE/access.log" 'agent=pkgnote/[0-9]'
	status 0 "$PKGNOTE" fetch --cache=e --user-agent=me/1 --server="$HTTP" debuginfo "$ID"
	says "$SITE/access.log" 'agent=me/1'
}
check "a share behind nginx" a_static_share_is_a_server

tls_is_verified() {
	running
	status 3 "$PKGNOTE" fetch --cache=c --server="$HTTPS" debuginfo "$ID"
	says err 'unavailable: .*certificate'
	status 0 "$PKGNOTE" fetch --cache=c --cacert="$SITE/ca.pem" --server="$HTTPS" debuginfo "$ID"
	cmp "$(cat out)" "$SHARE/debuginfo"
	says "$SITE/access.log" 'debuginfo HTTP/2.0 200'
	# A certificate for another name.
	status 3 "$PKGNOTE" fetch --cache=d --cacert="$SITE/ca.pem" --server="${HTTPS/127.0.0.1/localhost}" debuginfo "$ID"
	status 0 "$PKGNOTE" fetch --cache=d --cacert="$SITE/ca.pem" --server="$HTTP/moved" debuginfo "$ID"
	status 3 "$PKGNOTE" fetch --cache=e --cacert="$SITE/ca.pem" --server="$HTTPS/back" debuginfo "$ID"
	says err 'rejected: .*a redirect to http://.* is not followed'
}
check "TLS is verified, HTTP/2 is used, no redirect leaves TLS" tls_is_verified

credentials_are_asked_for_and_taken() {
	running
	status 3 "$PKGNOTE" fetch --cache=c --server="$HTTP/basic" debuginfo "$ID"
	says err ': authentication wanted: .*: 401'
	mkdir home
	printf 'machine 127.0.0.1\nlogin me\npassword word\n' >home/.netrc
	chmod 600 home/.netrc
	HOME=$PWD/home status 0 "$PKGNOTE" fetch -v --cache=c --server="$HTTP/basic" debuginfo "$ID"
	says_not err 'word'
	status 0 "$PKGNOTE" fetch -v --cache=d --server="http://me:word@${HTTP#http://}/basic" debuginfo "$ID"
	says_not err 'word'
	status 3 "$PKGNOTE" fetch --cache=e --server="$HTTP/bearer" debuginfo "$ID"
	says err ': authentication wanted: .*: 403'
	status 0 "$PKGNOTE" fetch -v --cache=e --header='Authorization: Bearer token' --server="$HTTP/bearer" debuginfo "$ID"
	says_not err token
	status 3 "$PKGNOTE" fetch --cache=f --cacert="$SITE/ca.pem" --server="$HTTPS/mutual" debuginfo "$ID"
	status 0 "$PKGNOTE" fetch --cache=f --cacert="$SITE/ca.pem" --cert="$SITE/client.pem" --key="$SITE/client.key" \
		--server="$HTTPS/mutual" debuginfo "$ID"
}
check "netrc, bearer tokens, client certificates" credentials_are_asked_for_and_taken

a_rate_limit_is_waited_for() {
	running
	for i in 1 2 3; do
		status 0 "$PKGNOTE" fetch -v --cache=c$i --retries=8 --backoff=0.5 --server="$HTTP/limited" debuginfo "$ID"
	done
	says "$SITE/access.log" '^/limited/.* 429 '
}
check "a rate limit is waited for" a_rate_limit_is_waited_for

a_proxy_is_used() {
	running
	http_proxy=$HTTP status 0 "$PKGNOTE" fetch --cache=c --server=http://far.invalid debuginfo "$ID"
	says "$SITE/access.log" 'via=far.invalid'
	http_proxy=$HTTP no_proxy=far.invalid status 3 "$PKGNOTE" fetch --cache=d --retries=0 --server=http://far.invalid debuginfo "$ID"
}
check "proxy variables" a_proxy_is_used
finish
