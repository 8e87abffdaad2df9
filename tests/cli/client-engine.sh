# SPDX-License-Identifier: LGPL-2.1-or-later
# The client's engine inside another program (tests/tools/short_memory.c): memory that is short is an answer, never an
# end; its caller can stop it while a server says nothing; threads may share it.
. "$(dirname "$0")/../lib.sh"

# ./engine, a debug file of build-id $ID in ./share, and a server for each: $GOOD, $SILENT.
build_it() {
	need gcc objcopy readelf python3 pkg-config
	[ -f "$BUILD/libnote/inside.a" ] || skip "no objects of the engine in $BUILD"
	[[ $BUILD != *san* ]] || skip "the plain build's objects are meant"
	printf 'int main(void) { return 0; }\n' >one.c
	gcc -g -Wl,--build-id -o one one.c
	objcopy --only-keep-debug one one.debug
	ID=$(readelf -n one | sed -n 's/.*Build ID: //p')
	mkdir -p "share/buildid/$ID"
	cp one.debug "share/buildid/$ID/debuginfo"
	cp one "share/buildid/$ID/executable"
	local wrap=-Wl
	for name in malloc calloc realloc strdup vasprintf; do wrap=$wrap,--wrap=$name; done
	# shellcheck disable=SC2046
	gcc -std=c17 -D_GNU_SOURCE -I"$TOP" -I"$TOP/libnote" -g "$wrap" -o engine "$TOP/tests/tools/short_memory.c" \
		$(cd "$TOP" && find tools/debuginfod tools/base -name '*.c' | sed "s|^|$BUILD/|; s|c\$|o|") "$BUILD/libnote/inside.a" \
		$(pkg-config --libs libelf json-c libdeflate libzstd liblzma libxxhash libcrypto) -ldl -pthread
	python3 -B "$TOP/tests/tools/oddd.py" good --root share & local pids=$!
	python3 -B "$TOP/tests/tools/oddd.py" silent --silent & pids="$pids $!"
	# shellcheck disable=SC2064
	trap "kill $pids 2>/dev/null || :" EXIT
	for _ in $(seq 200); do [ -s good.port ] && [ -s silent.port ] && break; sleep 0.05; done
	GOOD=http://127.0.0.1:$(cat good.port) SILENT=http://127.0.0.1:$(cat silent.port)
}

memory_that_is_short() {
	build_it
	status 0 ./engine "$PWD/share" "$ID" memory
	says out 'runs found it'
	status 0 ./engine "$GOOD" "$ID" memory
	says out 'runs found it'
}
check "each allocation that fails is an answer, from a share and a server" memory_that_is_short

stops_at_once() {
	build_it
	status 0 ./engine "$SILENT" "$ID" stop
	says out '^unavailable, .*interrupted, told 3 times'
	status 0 ./engine "$GOOD" "$ID" threads
}
check "progress ends it while a server says nothing; eight threads share it" stops_at_once
finish
