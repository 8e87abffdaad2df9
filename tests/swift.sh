# SPDX-License-Identifier: LGPL-2.1-or-later
# OpenStack Swift with its S3 API on loopback, for scripts that source this after lib.sh. It checks every
# signature. swift_start, called once and not in a test, sets S3_ADDRESS (host:port), the AWS_ variables and
# SWIFT_PIDS, or NO_SWIFT to why not. In each test, bucket NAME makes one that all may read, and sets BUCKET.

swift_config() { # swift_config DIR PORT: the proxy listens at PORT, the others above it
	local dir=$1 port=$2 server n=0
	printf '[swift-hash]\nswift_hash_path_suffix = a\nswift_hash_path_prefix = b\n[storage-policy:0]\nname = p\ndefault = yes\n' >"$dir/swift.conf"
	for server in account container object; do
		n=$((n + 1))
		cat >"$dir/$server.conf" <<-C
		[DEFAULT]
		bind_ip = 127.0.0.1
		bind_port = $((port + n))
		user = $(id -un)
		swift_dir = $dir
		devices = $dir/devices
		mount_check = false
		disable_fallocate = true
		workers = 0
		# Lists that are never behind, on a busy machine too.
		container_update_timeout = 60
		conn_timeout = 20
		node_timeout = 60
		[pipeline:main]
		pipeline = $server-server
		[app:$server-server]
		use = egg:swift#$server
		C
		(cd "$dir" && swift-ring-builder $server.builder create 4 1 1 && swift-ring-builder $server.builder add "r1z1-127.0.0.1:$((port + n))/d1" 1 &&
			swift-ring-builder $server.builder rebalance) >>"$dir/ring.log" 2>&1 || return 1
	done
	cat >"$dir/proxy.conf" <<-C
	[DEFAULT]
	bind_ip = 127.0.0.1
	bind_port = $port
	user = $(id -un)
	swift_dir = $dir
	workers = 0
	[pipeline:main]
	pipeline = catch_errors gatekeeper cache s3api tempauth copy slo dlo proxy-server
	[app:proxy-server]
	use = egg:swift#proxy
	account_autocreate = true
	conn_timeout = 20
	node_timeout = 60
	recoverable_node_timeout = 60
	[filter:catch_errors]
	use = egg:swift#catch_errors
	[filter:gatekeeper]
	use = egg:swift#gatekeeper
	[filter:cache]
	use = egg:swift#memcache
	memcache_servers = 127.0.0.1:$((port + 4))
	[filter:s3api]
	use = egg:swift#s3api
	location = region-one
	[filter:tempauth]
	use = egg:swift#tempauth
	user_test_tester = testing .admin
	[filter:copy]
	use = egg:swift#copy
	[filter:slo]
	use = egg:swift#slo
	[filter:dlo]
	use = egg:swift#dlo
	C
	mkdir -p "$dir/devices/d1"
}

# Five ports in a row that nobody listens at.
free_ports() {
	local port i
	while :; do
		port=$((20000 + RANDOM % 12000))
		for i in 0 1 2 3 4; do ! (exec 3<>/dev/tcp/127.0.0.1/$((port + i))) 2>/dev/null || continue 2; done
		echo $port; return
	done
}

swift_start() {
	local dir=$WORK/.swift port server tries
	port=$(free_ports)
	SWIFT_PIDS=() NO_SWIFT=
	for server in swift-proxy-server swift-account-server swift-container-server swift-object-server swift-ring-builder memcached python3 curl setfattr; do
		command -v $server >/dev/null || { NO_SWIFT="no $server on this machine"; return 0; }
	done
	mkdir -p "$dir"
	setfattr -n user.try -v 1 "$dir" 2>/dev/null || { NO_SWIFT="no extended attributes in $dir, where Swift keeps what it knows"; return 0; }
	swift_config "$dir" "$port" || { cat "$dir/ring.log" >&2; NO_SWIFT="swift-ring-builder failed"; return 0; }
	memcached -u "$(id -un)" -l 127.0.0.1 -p $((port + 4)) -m 32 >"$dir/memcached.log" 2>&1 & SWIFT_PIDS+=($!)
	for server in account container object proxy; do
		"swift-$server-server" "$dir/$server.conf" -v >"$dir/$server.log" 2>&1 & SWIFT_PIDS+=($!)
	done
	trap 'swift_stop; rm -rf "$WORK"' EXIT
	S3_ADDRESS=127.0.0.1:$port
	export AWS_ENDPOINT_URL=http://$S3_ADDRESS AWS_REGION=region-one AWS_ACCESS_KEY_ID=test:tester AWS_SECRET_ACCESS_KEY=testing
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
	export AWS_EC2_METADATA_DISABLED=true
	unset AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI
	unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_DEFAULT_REGION AWS_ENDPOINT_URL_S3 AWS_CA_BUNDLE
	for ((tries = 0; tries < 300; tries++)); do
		if s3 PUT /first >"$dir/bucket" 2>&1; then return 0; fi
		sleep 0.1
	done
	tail -n 5 "$dir"/*.log "$dir/bucket" >&2
	NO_SWIFT="Swift does not start here"
}
bucket() {
	[ -z "$NO_SWIFT" ] || skip "$NO_SWIFT"
	BUCKET=$1
	s3 PUT "/$BUCKET" x-amz-acl:public-read >/dev/null
}
swift_stop() {
	[ ${#SWIFT_PIDS[@]} != 0 ] || return 0
	kill "${SWIFT_PIDS[@]}" 2>/dev/null || true
	wait "${SWIFT_PIDS[@]}" 2>/dev/null || true
}

# One request by a client of the tests' own: s3 METHOD /BUCKET/KEY...
s3() { python3 "$TOP/tests/tools/s3_request.py" "$@"; }
# All keys of the bucket, but for the index by name, which keeps what it was for readers.
s3_keys() { s3 GET "/$BUCKET?list-type=2" | grep -o '<Key>[^<]*' | sed 's/<Key>//' | grep -v /names/ || true; }
# What the index by name tells of what is there: told URL.
told() { python3 "$TOP/tests/tools/share_names.py" "$1"; }

# Between us and the store, for the rest of this check; faults RULE...: with these rules from now on.
faults() { printf '%s\n' "$@" >rules.new; mv rules.new rules; }
proxy() {
	local port=$((20000 + RANDOM % 12000)) tries
	faults '0 GET ^$ 503'
	python3 "$TOP/tests/tools/s3_faults.py" $port "$S3_ADDRESS" "$PWD/rules" & FAULTS=$!
	trap 'kill $FAULTS; wait $FAULTS 2>/dev/null || true' EXIT
	export AWS_ENDPOINT_URL=http://127.0.0.1:$port
	for ((tries = 0; tries < 100; tries++)); do curl -so /dev/null "$AWS_ENDPOINT_URL/" && return 0; sleep 0.05; done
	return 1
}
