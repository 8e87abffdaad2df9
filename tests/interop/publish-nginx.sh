# SPDX-License-Identifier: LGPL-2.1-or-later
# The share behind nginx, with the configuration that the manual shows; elfutils' client and gdb as judges.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../judges.sh"

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
	local port=$((20000 + RANDOM % 12000)) tries
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
	for path in /.lock /packages/ /store/ /metrics /names/ /names/../.lock /buildid/../.lock /buildid/..%2f.lock; do
		same "$path $(curl -s --path-as-is -o /dev/null -w '%{http_code}' "$URL$path")" "$path 404"
	done
}
check "nginx as the manual has it: debuginfod-find, gdb; nothing but build-ids and the index by name is served" over_http

by_name() {
	need nginx curl python3
	tree one 1; tree two 2
	for v in one/1 two/2; do "$PKGNOTE" publish --into=share --package=hello-${v#*/}-1.x86_64 ${v%/*} >out; done
	serve
	status 0 "$PKGNOTE" fetch --server="$URL" metadata glob '/usr/*/hel?o'
	same "$(sort out)" "$(printf '%s executable /usr/bin/hello in hello-%s-1.x86_64\n' "$(build_id one/usr/bin/hello)" 1 "$(build_id two/usr/bin/hello)" 2 | sort)"
	status 1 "$PKGNOTE" fetch --server="$URL" metadata glob '/*/hello'
	same "$(python3 "$TOP/tests/tools/share_names.py" "$URL" | wc -l)" 4
	# A publisher comes and goes meanwhile, readers never see a half.
	(while [ ! -e stop ]; do for v in one two; do "$PKGNOTE" publish -q --no-sync --into=share --package=more-1-1.x $v; "$PKGNOTE" publish -q --no-sync --into=share --remove=more-1-1.x; done; done >pub.out 2>&1) & local pid=$! i
	for ((i = 0; i < 40; i++)); do
		status 0 "$PKGNOTE" fetch -q --server="$URL" metadata file /usr/bin/hello || { touch stop; wait $pid; return 1; }
		[ "$(grep -c hello- out)" = 2 ] || { cat out >&2; touch stop; wait $pid; return 1; }
	done
	touch stop; wait $pid
	[ ! -s pub.out ] || ! grep -v ': added\|: removed' pub.out
}
check "nginx as the manual has it: files by their names, while a publisher is at work" by_name

# section NAME FILE: its bytes where readelf says that they are.
section() {
	local name=$1 offset size
	read -r offset size < <(readelf -SW "$2" | sed -n "s/^ *\\[ *[0-9]*\\] ${name//./\\.}  *[A-Z_]* *[0-9a-f]* \\([0-9a-f]*\\) \\([0-9a-f]*\\) .*/\\1 \\2/p")
	tail -c +$((0x$offset + 1)) "$2" | head -c $((0x$size))
}

sections() {
	need nginx debuginfod debuginfod-find curl gdb-add-index
	tree one 1
	gdb-add-index one/usr/lib/debug/hello.debug
	objcopy --compress-debug-sections=zlib one/usr/lib/debug/hello.debug
	# objcopy 2.44 has made .text a section of notes here, over bytes of others; the others leave it empty.
	python3 - one/usr/lib/debug/hello.debug <<-'P'
	import struct, sys
	with open(sys.argv[1], "r+b") as f:
	    data = bytearray(f.read())
	    at, count, names = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 60)
	    strings = struct.unpack_from("<Q", data, at + names * 64 + 24)[0]
	    for i in range(count):
	        name, kind = struct.unpack_from("<II", data, at + i * 64)
	        if data[strings + name:].startswith(b".text\0") and kind == 8: struct.pack_into("<I", data, at + i * 64 + 4, 7)
	    f.seek(0); f.write(data)
	P
	readelf -SW one/usr/lib/debug/hello.debug | grep -q ' \.text  *NOTE '
	status 2 "$PKGNOTE" publish --into=share --sections=../x one
	says err "'../x' is no section's name"
	status 0 "$PKGNOTE" publish --into=share --package=hello-1-1.x86_64 --sections=.gdb_index,.debug_line,.debug_info,.text,.symtab --sections=.comment,.none one
	status 0 "$PKGNOTE" publish --into=share --check
	serve
	id=$(build_id one/usr/bin/hello)
	same "$(ls -A share/buildid/$id/section | tr '\n' ' ')" '.comment .debug_info .debug_line .gdb_index .symtab .text '
	same "$(ls -A share/.build-id/${id:0:2} | wc -l)" 2
	debuginfod_serve one/usr
	local name file
	for name in .gdb_index .debug_line .debug_info .text .symtab .comment; do
		file=one/usr/lib/debug/hello.debug; [ $name != .text ] || file=one/usr/bin/hello
		section $name $file >expected; [ -s expected ]
		curl -sf "$URL/buildid/$id/section/$name" | cmp - expected
		# elfutils' believes what the debug file says of .text.
		[ $name = .text ] || curl -sf "$SERVER/buildid/$id/section/$name" | cmp - expected
		if debuginfod-find --help 2>&1 | grep -q section; then
			cmp "$(DEBUGINFOD_URLS=$URL DEBUGINFOD_CACHE_PATH=$PWD/cache debuginfod-find section $id $name)" expected
			cmp "$(DEBUGINFOD_URLS=file://$PWD/share DEBUGINFOD_CACHE_PATH=$PWD/cache2 debuginfod-find section $id $name)" expected
		fi
		cmp "$(DEBUGINFOD_URLS=$URL "$PKGNOTE" fetch section $id $name)" expected
	done
	debuginfod_stop
	# The same from the package that ships the file and the one that has its debug information, apart.
	mkdir -p a/usr/bin b/usr/lib/debug; cp one/usr/bin/hello a/usr/bin; cp one/usr/lib/debug/hello.debug b/usr/lib/debug
	for v in a b; do status 0 "$PKGNOTE" publish --into=apart --package=$v-1-1.x --sections=.text,.comment,.gdb_index $v; done
	for name in .text .comment .gdb_index; do cmp share/buildid/$id/section/$name apart/buildid/$id/section/$name; done
	status 0 "$PKGNOTE" publish --into=apart --check
	status 0 "$PKGNOTE" publish --into=apart --remove=b-1-1.x
	same "$(ls -A apart/buildid/$id/section)" .text
	status 0 "$PKGNOTE" publish --into=apart --remove=a-1-1.x
	[ -z "$(ls -A apart/buildid)" ]
}
check "sections alone, with the bytes that elfutils' debuginfod serves" sections

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
