# SPDX-License-Identifier: LGPL-2.1-or-later
# The field's tools as judges, for scripts that use more than one of them.

# elflint FILE [OPTION...]: what eu-elflint finds, without the file's name.
elflint() { local file=$1; shift; eu-elflint --gnu-ld "$@" "$file" 2>&1 || true; }

# without_interpreter: what readelf says, but that the interpreter's name is not there: in a debug file it is
# not, and objcopy's debug files have readelf say so, too.
without_interpreter() { grep -av 'Unable to find program interpreter name' || true; }

# core_of [--at-start] PROGRAM [ARG...]: the kernel's core of PROGRAM as ./core: killed at its exit, or at
# its first instruction, where its runtime has had no chance yet to catch the signal.
core_of() {
	local pattern=/proc/sys/kernel/core_pattern saved stop=(-ex 'break _exit' -ex run)
	if [ "$1" = --at-start ]; then stop=(-ex starti); shift; fi
	need gdb flock
	(
		flock 9
		saved=$(cat $pattern)
		case $saved in core) ;; *) echo core >$pattern 2>/dev/null || exit 77; trap 'echo "$saved" >$pattern' EXIT ;; esac
		rm -f core core.*
		ulimit -c unlimited || exit 77
		gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex 'set startup-with-shell off' -iex 'set breakpoint pending on' \
			"${stop[@]}" -ex 'signal SIGSEGV' --args "$@" >crash.log 2>&1 </dev/null || true
		[ -s core ] || mv core.* core 2>/dev/null || true
	) 9>/tmp/pkgnote-core.lock || skip "the kernel's core_pattern cannot be set here"
	[ -s core ] || { cat crash.log >&2; fail "no core of $1"; }
}

# inspects: systemd-analyze can read ELF files here (it wants a user namespace, which containers may not give).
inspects() {
	need systemd-analyze
	systemd-analyze inspect-elf /bin/true >/dev/null 2>&1 || skip "systemd-analyze inspect-elf cannot work here"
}

# debuginfod_ready URL: its first scan is done. Busy and pending are told by threads that count for
# themselves, so it has to say so twice. It can take a while on a busy machine.
debuginfod_ready() {
	local tries calm=0
	for ((tries = 0; tries < 900; tries++)); do
		if curl -s "$1/metrics" >metrics.now 2>/dev/null && grep -q '^thread_work_total{role="traverse"} [1-9]' metrics.now &&
			grep -q '^thread_work_pending{role="scan"} 0' metrics.now && ! grep -q '^thread_busy{role="\(scan\|traverse\)"} [1-9]' metrics.now; then
			calm=$((calm + 1))
			[ $calm -lt 3 ] || { rm -f metrics.now; return 0; }
		else
			calm=0
		fi
		sleep 0.1
	done
	return 1
}

# debuginfod_serve TREE...: elfutils' debuginfod over the trees, on loopback: sets SERVER (its URL). A tree
# that is a staging tree has its sources where DWARF names them, in a mount namespace of the server's.
# debuginfod_stop ends it.
debuginfod_serve() {
	local port log=$PWD/debuginfod.log
	need debuginfod unshare curl
	unshare -m true 2>/dev/null || skip "no mount namespace may be made here"
	port=$((20000 + RANDOM % 12000))
	SERVER=http://127.0.0.1:$port
	unshare -m sh -c '
		tree=$1 port=$2; shift 2
		mkdir -p /usr/src && mount -t tmpfs tmpfs /usr/src && mkdir /usr/src/debug
		[ ! -d "$tree/usr/src/debug" ] || mount --bind "$tree/usr/src/debug" /usr/src/debug
		exec debuginfod -p "$port" -d :memory: -t 0 -g 0 -F "$@"' sh "$1" "$port" "$@" >"$log" 2>&1 &
	SERVER_PID=$!
	debuginfod_ready "$SERVER" && return 0
	tail -5 "$log" >&2
	fail "debuginfod did not finish its scan"
}
debuginfod_stop() { kill "$SERVER_PID" 2>/dev/null || true; wait "$SERVER_PID" 2>/dev/null || true; }

# npm_package NAME VERSION: that package of the npm registry, unpacked: sets NPM_PACKAGE (its directory). Kept for later
# scripts beside the build.
npm_package() {
	local kept=${BUILD:-$TOP/build}/npm/${1//\//+}-$2
	need npm node tar
	if [ ! -e "$kept/package.json" ]; then
		mkdir npm.here
		(cd npm.here && timeout 120 npm pack --silent "$1@$2" >/dev/null 2>npm.err && tar xzf ./*.tgz) ||
			skip "the npm registry does not give $1@$2 here"
		mkdir -p "${kept%/*}"
		mv npm.here/package "$kept" 2>/dev/null || [ -e "$kept/package.json" ]
		rm -rf npm.here
	fi
	NPM_PACKAGE=$kept
}
# npm_program NAME VERSION: the same with all that it needs: sets NPM_PROGRAM, where its node_modules are.
npm_program() {
	local kept=${BUILD:-$TOP/build}/npm/program.${1//\//+}-$2
	need npm node
	if [ ! -e "$kept/done" ]; then
		mkdir -p "$kept"
		timeout 300 npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$kept" "$1@$2" >npm.log 2>&1 && : >"$kept/done" ||
			skip "the npm registry does not give $1@$2 here"
	fi
	NPM_PROGRAM=$kept
}
