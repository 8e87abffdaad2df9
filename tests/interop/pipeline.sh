# SPDX-License-Identifier: LGPL-2.1-or-later
# A release's whole way: rpmbuild, publish into an object store (Swift's S3) whose readers may get objects and do nothing
# else, verify through nginx that wants a client certificate; and what is wrong with a release is red, with the file's name.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../rpm.sh"
. "$(dirname "$0")/../rpm_projects.sh"
. "$(dirname "$0")/../swift.sh"
. "$(dirname "$0")/../judges.sh"

certificates() {
	local who
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca >openssl.log 2>&1
	for who in server client; do
		openssl req -newkey rsa:2048 -nodes -keyout $who.key -out $who.csr -subj /CN=$who >>openssl.log 2>&1
		echo subjectAltName=IP:127.0.0.1 >ext
		openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out $who.pem >>openssl.log 2>&1
	done
}

# nginx before the bucket's public objects; NGINX and URL. A fault is what ./fault says.
front() {
	local port=$((20000 + RANDOM % 12000)) t tries
	URL=https://127.0.0.1:$port
	{
		echo "daemon off; pid $PWD/pid; error_log $PWD/error.log; worker_processes 1; $([ "$(id -u)" != 0 ] || echo "user $(id -un);")"
		echo "events { } http { access_log $PWD/access.log;"
		for t in client_body proxy fastcgi uwsgi scgi; do echo "${t}_temp_path $PWD/tmp-$t;"; done
		cat <<-C
		server {
		    listen 127.0.0.1:$port ssl;
		    ssl_certificate $PWD/server.pem;
		    ssl_certificate_key $PWD/server.key;
		    ssl_client_certificate $PWD/ca.pem;
		    ssl_verify_client on;
		    location /buildid/ { proxy_pass http://$S3_ADDRESS/v1/AUTH_test/$BUCKET/debug/buildid/; }
		}}
		C
	} >conf
	nginx -e "$PWD/error.log" -p "$PWD" -c "$PWD/conf" & NGINX=$!
	trap 'kill $NGINX 2>/dev/null || :; wait $NGINX 2>/dev/null || :' EXIT
	for ((tries = 0; tries < 200; tries++)); do curl -sko /dev/null "$URL/" && return 0; sleep 0.05; done
	cat error.log >&2; return 1
}

# All may get an object; nobody but the owner may list, put or delete.
get_object_alone() {
	local token
	token=$(curl -s -D - -o /dev/null "http://$S3_ADDRESS/auth/v1.0" -H "X-Auth-User: $AWS_ACCESS_KEY_ID" -H "X-Auth-Key: $AWS_SECRET_ACCESS_KEY" |
		tr -d '\r' | sed -n 's/^X-Auth-Token: //Ip')
	curl -sf -X POST "http://$S3_ADDRESS/v1/AUTH_test/$BUCKET" -H "X-Auth-Token: $token" -H 'X-Container-Read: .r:*'
	same "$(curl -s -o /dev/null -w '%{http_code}' "http://$S3_ADDRESS/v1/AUTH_test/$BUCKET?prefix=debug")" 401
	same "$(curl -s -o /dev/null -w '%{http_code}' -X PUT -d x "http://$S3_ADDRESS/v1/AUTH_test/$BUCKET/debug/x")" 401
}

publish() { "$PKGNOTE" publish --into="s3://$BUCKET/debug" "$@"; }
# As the manual has it: the certificate's files by options, the address from the environment.
verify() {
	DEBUGINFOD_URLS=$URL "$PKGNOTE" verify --cacert=ca.pem --cert=client.pem --key=client.key --retries=0 \
		--report=sarif:report.sarif --report=junit:report.xml --report=table "$@"
}
# red FILE CHECK LEVEL: the SARIF has a result of this check for this file, at this level.
red() {
	python3 - "$@" <<-'P'
	import json, sys
	file, check, level = sys.argv[1:]
	results = json.load(open("report.sarif"))["runs"][0]["results"]
	found = {(r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], r["ruleId"], r["level"]) for r in results}
	assert (file, check, level) in found, f"{sys.argv[1:]} is none of {found}"
	P
}
swift_start

a_release() {
	need nginx openssl curl
	rpm_ready
	bucket pipeline
	project_tally 1.0 1
	rpm_builds r1 tally.spec
	cp r1/RPMS/*/*.rpm .
	status 0 publish ./*.rpm
	get_object_alone
	certificates
	front
	local program=tally-1.0-1.$(uname -m).rpm id key
	# No certificate: nobody can say; with it: green. Debug packages are no evidence here, the server is.
	status 1 "$PKGNOTE" verify --server="$URL" --cacert=ca.pem --retries=0 --checks=debuginfo "$program"
	says out unreachable
	status 0 verify --checks=note,build-id,stripped,debuginfo,executable,source --sources=all "$program" tally-libs-1.0-1.*.rpm
	status 0 verify --checks=parallel,note ./*.rpm

	echo "- nothing there"
	mkdir empty
	status 1 verify empty
	says err 'nothing was verified'
	red empty empty error

	echo "- one file missing"
	rpm2cpio "$program" | cpio -i --quiet --to-stdout ./usr/bin/tally >tally
	id=$(readelf -n tally | sed -n 's/.*Build ID: //p')
	key=/$BUCKET/debug/buildid/$id/debuginfo
	curl -sf -o kept "http://$S3_ADDRESS/v1/AUTH_test$key"
	s3 DELETE "$key" >/dev/null
	status 1 verify "$program"
	red "$program" debuginfo error
	says out "missing +debuginfo +/usr/bin/tally"

	echo "- wrong bytes"
	rpm2cpio tally-libs-1.0-1.*.rpm | cpio -i --quiet --to-stdout ./usr/lib64/libtally.so.1 >library
	s3 PUT "$key" @library >/dev/null
	status 1 verify "$program"
	red "$program" debuginfo error
	says out "fail +debuginfo +/usr/bin/tally"
	s3 PUT "$key" @kept >/dev/null
	status 0 verify "$program"

	echo "- the old kind of debuginfo"
	rpm_builds old tally.spec --define '_pkgnote_split 0' --undefine _unique_debug_names --undefine _unique_debug_srcs
	cp old/RPMS/*/tally-debuginfo-1.0-1.*.rpm old.rpm
	status 1 verify --checks=parallel old.rpm
	red old.rpm parallel error
	says out 'of the old kind'

	echo "- the server is down"
	kill $NGINX; wait $NGINX || true
	status 1 verify "$program"
	red "$program" debuginfo warning
	says out "unreachable +debuginfo +/usr/bin/tally"
	says_not out '^(fail|missing) '
}
check "rpmbuild, publish to S3, verify with a client certificate: green; each of five faults is red" a_release

swift_stop
finish
