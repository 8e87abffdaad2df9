# SPDX-License-Identifier: LGPL-2.1-or-later
# GNU hello from Debian's source package in two versions: built, split, packaged as three .deb each, published;
# then cores of both are debugged through the share alone: as file://, behind nginx, mounted.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/debsrc.sh"
. "$TOP/tests/judges.sh"

TREES=$WORK/trees
build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
have_packages() { [ -s "$WORK/trees/built" ] || skip "the packages were not built"; }

builds() {
	need dpkg-buildpackage dh gcc dpkg-deb
	debsrc hello
	mkdir "$TREES"
	mv hello-src "$TREES/src"
	local v id tree
	for v in 1 2; do
		cd "$TREES/src"
		sed -i "s|^int\$|int /* of version $v */|; s|^  setlocale (LC_ALL, \"\");|  setlocale (LC_ALL, \"\"); if (argc > ${v}00) return $v;|" src/hello.c
		grep -q "of version $v" src/hello.c
		# The second time only what changed is built again.
		DEB_BUILD_OPTIONS="nostrip nocheck noautodbgsym parallel=2" DEB_BUILD_PROFILES=nodoc \
			dpkg-buildpackage -b -uc -us -d $([ $v = 1 ] || echo -nc) >"$TREES/build$v.log" 2>&1 || { tail -20 "$TREES/build$v.log" >&2; return 1; }
		cd "$TREES"
		cp -a src/debian/hello tree$v; rm -rf tree$v/DEBIAN
		"$PKGNOTE" split --layout=deb --name=hello --package-version=$v --release=1 --arch=amd64 --build-dir="$TREES/src" --stamp \
			--manifest=m$v.json tree$v >split.log
		mkdir -p sym$v/usr/lib src$v/usr/src
		id=$(build_id tree$v/usr/bin/hello)
		cp tree$v/usr/bin/hello hello$v
		mv tree$v/usr/lib/debug sym$v/usr/lib/; mv tree$v/usr/src/debug src$v/usr/src/
		cp "sym$v/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" debug$v
		for tree in tree:hello sym:hello-dbgsym src:hello-dbgsrc; do
			mkdir ${tree%:*}$v/DEBIAN
			printf 'Package: %s\nVersion: %s-1\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: test\n' \
				${tree#*:} $v >${tree%:*}$v/DEBIAN/control
			dpkg-deb --root-owner-group -b ${tree%:*}$v ${tree#*:}_$v-1_amd64.deb >/dev/null
		done
		# The next version's build must not find this one's marks.
		sed -i "s| /\* of version $v \*/||" src/src/hello.c
	done
	"$PKGNOTE" publish --into=share ./hello*_[12]-1_amd64.deb >out
	same "$(grep -c ': added' out)" 6
	"$PKGNOTE" publish --into=share --check
	! cmp -s hello1 hello2
	mv src src.gone
	touch built; echo yes >built
}
check "two versions of Debian's hello: built, split, packaged, published" builds

backtrace() { # backtrace VERSION GDB-OPTION...: of the core of that version, with source lines
	local v=$1; shift
	HOME=$PWD DEBUGINFOD_CACHE_PATH=$PWD/cache gdb -q -nx -batch "$@" -ex bt -ex 'frame function main' -ex 'list main' \
		"$TREES/hello$v" core$v/core >bt 2>&1 || true
	says bt '^#[0-9]+ .*main \(argc='
	says bt "of version $v"
}
cores() {
	have_packages; need gdb nginx
	local v port=$((20000 + RANDOM % 12000)) share=$TREES/share
	for v in 1 2; do mkdir core$v; (cd core$v && core_of "$TREES/hello$v") || return; done
	for v in 1 2; do
		DEBUGINFOD_URLS="file://$share" backtrace $v -iex 'set debuginfod enabled on'
		backtrace $v -iex 'set debuginfod enabled off' -iex "set debug-file-directory $share" \
			-iex "set substitute-path /usr/src/debug $share/source/usr/src/debug"
	done
	rm -rf cache
	echo "daemon off; pid $PWD/pid; error_log $PWD/error.log; $([ "$(id -u)" != 0 ] || echo "user $(id -un);") events { }
	http { access_log off; client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2; fastcgi_temp_path $PWD/t3; uwsgi_temp_path $PWD/t4;
	scgi_temp_path $PWD/t5; server { listen 127.0.0.1:$port; root $share; } }" >conf
	nginx -e "$PWD/error.log" -p "$PWD" -c "$PWD/conf" & nginx=$!
	trap 'kill $nginx; wait $nginx' EXIT
	for _ in $(seq 100); do curl -so /dev/null "http://127.0.0.1:$port/" && break; sleep 0.05; done
	for v in 1 2; do DEBUGINFOD_URLS="http://127.0.0.1:$port" backtrace $v -iex 'set debuginfod enabled on'; done
}
check "gdb: backtraces with source lines of both versions' cores, by file://, a mount, nginx" cores

as_elfutils_serves() {
	have_packages; need debuginfod debuginfod-find curl
	local port=$((20000 + RANDOM % 12000)) v what ours theirs
	debuginfod -p $port -d :memory: -t 0 -g 0 -U "$TREES" >debuginfod.log 2>&1 & local server=$!
	trap "kill $server" EXIT
	debuginfod_ready "http://127.0.0.1:$port"
	for v in 1 2; do
		for what in debuginfo executable; do
			ours=$(DEBUGINFOD_CACHE_PATH=$PWD/c1 DEBUGINFOD_URLS="file://$TREES/share" debuginfod-find $what "$TREES/hello$v")
			theirs=$(DEBUGINFOD_CACHE_PATH=$PWD/c2 DEBUGINFOD_URLS="http://127.0.0.1:$port" debuginfod-find $what "$TREES/hello$v")
			cmp "$ours" "$theirs"
		done
		status 0 "$PKGNOTE" verify --server="file://$TREES/share" "$TREES/hello_$v-1_amd64.deb"
	done
}
check "the bytes are those that elfutils' debuginfod serves from the same packages; verify passes" as_elfutils_serves
finish
