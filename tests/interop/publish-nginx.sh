# SPDX-License-Identifier: LGPL-2.1-or-later
# The share behind nginx, with the configuration that the manual shows; elfutils' client and gdb as judges.
. "$(dirname "$0")/../lib.sh"

build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
tree() { # tree DIR VERSION
	local nvra=hello-$2-1.x86_64
	mkdir -p "$1/usr/bin" "$1/usr/lib/debug" "$1/usr/src/debug/$nvra/a dir" "build/a dir"
	printf '#include "a dir/add+&?.h"\nint main(int argc, char **argv) { (void)argv; return add(argc); } /* of %s */\n' "$2" >build/hello.c
	echo 'static int add(int a) { return a + 1; }' >"build/a dir/add+&?.h"
	cp -r build/. "$1/usr/src/debug/$nvra/"
	gcc -g -O0 "-ffile-prefix-map=$PWD/build=/usr/src/debug/$nvra" "-DV=$2" -Wl,--build-id -o "$1/usr/bin/hello" "$PWD/build/hello.c"
	eu-strip -f "$1/usr/lib/debug/hello.debug" "$1/usr/bin/hello"
	rm -rf build
}

# Starts nginx with the server block of the manual; sets URL. It ends with the test.
serve() {
	local port=$((20000 + RANDOM % 20000)) tries
	URL=http://127.0.0.1:$port
	{
		echo "daemon off; pid $PWD/pid; error_log $PWD/error.log; worker_processes 1; $([ "$(id -u)" != 0 ] || echo "user $(id -un);")"
		echo "events { } http { access_log $PWD/access.log;"
		for t in client_body proxy fastcgi uwsgi scgi; do echo "${t}_temp_path $PWD/tmp-$t;"; done
		sed -n '/^\.\\" begin nginx/,/^\.\\" end nginx/p' "$TOP/man/pkgnote-publish.1" | grep -v '^\.' | sed -e 's/\\-/-/g' \
			-e "s|listen 80;|listen 127.0.0.1:$port;|" -e "s|root /srv/debug;|root $PWD/share;|"
		echo "}"
	} >conf
	says conf 'X-DEBUGINFOD-SIZE'
	nginx -e "$PWD/error.log" -p "$PWD" -c "$PWD/conf" & NGINX=$!
	trap 'kill $NGINX 2>/dev/null; wait $NGINX 2>/dev/null' EXIT
	for ((tries = 0; tries < 100; tries++)); do curl -so /dev/null "$URL/" && return 0; sleep 0.05; done
	cat error.log >&2; return 1
}

over_http() {
	need nginx debuginfod-find curl gdb
	tree one 1; tree two 2
	for v in one/1 two/2; do "$PKGNOTE" publish --into=share --package=hello-${v#*/}-1.x86_64 ${v%/*} >out; done
	serve
	export DEBUGINFOD_URLS=$URL DEBUGINFOD_CACHE_PATH=$PWD/cache
	local v id
	for v in one/1 two/2; do
		local root=${v%/*} src=/usr/src/debug/hello-${v#*/}-1.x86_64
		id=$(build_id $root/usr/bin/hello)
		cmp "$(debuginfod-find debuginfo $id)" $root/usr/lib/debug/hello.debug
		cmp "$(debuginfod-find executable $id)" $root/usr/bin/hello
		cmp "$(debuginfod-find source $id $src/hello.c)" $root$src/hello.c
		cmp "$(debuginfod-find source $id "$src/a dir/add+&?.h")" "$root$src/a dir/add+&?.h"
		curl -si "$URL/buildid/$id/debuginfo" -o with_headers
		says with_headers "^X-DEBUGINFOD-SIZE: $(stat -c %s $root/usr/lib/debug/hello.debug)"
		says with_headers '^Content-Type: application/octet-stream'
		cp $root/usr/bin/hello prog
		HOME=$PWD gdb -q -nx -batch -iex 'set debuginfod enabled on' -ex 'list main' ./prog >listed 2>&1 || true
		says listed "of ${v#*/} \*/"
	done
	status 1 debuginfod-find debuginfo 00112233445566778899
	for path in /share.json /.lock /packages/ /store/ /metrics /buildid/../share.json /buildid/..%2fshare.json; do
		same "$path $(curl -s --path-as-is -o /dev/null -w '%{http_code}' "$URL$path")" "$path 404"
	done
}
check "nginx as the manual has it: debuginfod-find, gdb; nothing but build-ids is served" over_http

removed_under_it() {
	need nginx debuginfod-find curl
	tree one 1
	"$PKGNOTE" publish --into=share --package=hello-1-1.x86_64 one >out
	serve
	id=$(build_id one/usr/bin/hello)
	same "$(curl -s -o /dev/null -w '%{http_code}' "$URL/buildid/$id/debuginfo")" 200
	"$PKGNOTE" publish --into=share --remove=hello-1-1.x86_64 >out
	same "$(curl -s -o /dev/null -w '%{http_code}' "$URL/buildid/$id/debuginfo")" 404
}
check "what is removed is 404" removed_under_it
finish
