# SPDX-License-Identifier: LGPL-2.1-or-later
# server NAME OPTION...: a server of tests/tools/oddd.py for the rest of this check; its URL in $URL, its requests in NAME.log.
PIDS=
server() {
	local name=$1; shift
	need python3
	python3 -B "$TOP/tests/tools/oddd.py" "$name" "$@" 2>"$name.err" &
	PIDS="$PIDS $!"
	# shellcheck disable=SC2064
	trap "kill $PIDS 2>/dev/null || :" EXIT
	for _ in $(seq 400); do [ -s "$name.port" ] && break; sleep 0.05; done
	URL=http://127.0.0.1:$(cat "$name.port")
}

# federate URL: elfutils' debuginfod with our library of $OURS, which asks URL, for the rest of this check; its port in $PORT. A port
# that another program has is no failure.
federate() {
	local tries
	mkdir -p empty
	for _ in 1 2 3 4; do
		PORT=$((20000 + RANDOM % 12000))
		DEBUGINFOD_URLS=$1 LD_LIBRARY_PATH=$OURS debuginfod -d :memory: -F -p "$PORT" empty >d.out 2>&1 &
		PIDS="$PIDS $!"
		# shellcheck disable=SC2064
		trap "kill $PIDS 2>/dev/null || :" EXIT
		for ((tries = 0; tries < 400; tries++)); do
			kill -0 $! 2>/dev/null || break
			! curl -s "http://127.0.0.1:$PORT/metrics" >metrics || return 0
			sleep 0.05
		done
	done
	cat d.out >&2
	return 1
}
