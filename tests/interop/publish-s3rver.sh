# SPDX-License-Identifier: LGPL-2.1-or-later
# A second judge of publish's object store beside Swift: s3rver, an S3 server in JavaScript out of the npm registry, which
# checks signatures by code of its own, keeps objects as files, and addresses buckets by path.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../judges.sh"
need python3 eu-strip readelf curl

build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
# (Its COPY does not decode what decodeURI leaves: no + or &.)
tree() { # tree DIR VERSION
	local nvra=hello-$2-1.x86_64
	mkdir -p "$1/usr/bin" "$1/usr/lib/debug" "$1/usr/src/debug/$nvra/a dir"
	printf 'int more%s = %s;\nint main(void) { return more%s; }\n' "$2" "$2" "$2" >"$1/usr/src/debug/$nvra/a dir/hällo%.c"
	gcc -g "-ffile-prefix-map=$PWD/$1/usr/src/debug=/usr/src/debug" -Wl,--build-id -o "$1/usr/bin/hello" "$PWD/$1/usr/src/debug/$nvra/a dir/hällo%.c"
	eu-strip -f "$1/usr/lib/debug/hello.debug" "$1/usr/bin/hello"
}
publish() { "$PKGNOTE" publish --into=s3://debug/deb "$@"; }

serve() {
	local port=$((20000 + RANDOM % 12000)) tries
	npm_program s3rver 3.7.1
	mkdir data
	node "$NPM_PROGRAM/node_modules/s3rver/bin/s3rver.js" -d data -a 127.0.0.1 -p $port --no-vhost-buckets --configure-bucket debug >s3rver.log 2>&1 & S3RVER=$!
	trap 'kill $S3RVER 2>/dev/null || :; wait $S3RVER 2>/dev/null || :' EXIT
	export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=S3RVER AWS_SECRET_ACCESS_KEY=S3RVER
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
	unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL_S3 AWS_CA_BUNDLE AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE
	for ((tries = 0; tries < 200; tries++)); do curl -so /dev/null "$AWS_ENDPOINT_URL/" && return 0; sleep 0.1; done
	cat s3rver.log >&2; return 1
}

all_operations() {
	serve
	tree one 1; tree two 2; tree three 3
	local id
	id=$(build_id one/usr/bin/hello)
	status 0 publish --package=hello-1-1.x86_64 one
	status 0 publish --package=hello-2-1.x86_64 two
	status 0 publish --package=hello-1-1.x86_64 one
	says out unchanged
	same "$(publish --list | tr '\n' ' ')" 'hello-1-1.x86_64 hello-2-1.x86_64 '
	status 0 publish --check
	says out '^2 packages, 6 files, 0 problems'
	status 0 timeout 100 "$PKGNOTE" publish --into=s3://debug/deb --check --repair
	# What it keeps is what was published.
	cmp "data/debug/deb/buildid/$id/debuginfo._S3rver_object" one/usr/lib/debug/hello.debug
	status 0 publish --on-conflict=replace --package=hello-1-1.x86_64 three
	says out replaced
	[ ! -e "data/debug/deb/buildid/$id/debuginfo._S3rver_object" ]
	AWS_ACCESS_KEY_ID=nobody status 3 publish --list
	says err '403'
	# In parts.
	mkdir -p large/usr/bin; cp two/usr/bin/hello large/usr/bin/large; head -c 70000000 /dev/urandom >>large/usr/bin/large
	status 0 publish --remove=hello-2-1.x86_64
	status 0 publish --package=large-1-1.x86_64 large
	cmp "data/debug/deb/buildid/$(build_id two/usr/bin/hello)/executable._S3rver_object" large/usr/bin/large
	status 0 publish --check
	status 0 publish --remove=large-1-1.x86_64 --remove=hello-1-1.x86_64
	same "$(cd data/debug && find . -name '*_object' ! -path './deb/names/*')" ./deb/share.json._S3rver_object
}
check "s3rver: publish, list, check, repair, replace, remove; parts; foreign keys" all_operations
finish
