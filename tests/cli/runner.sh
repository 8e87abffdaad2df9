# SPDX-License-Identifier: LGPL-2.1-or-later
# What runs the tests: tests/run counts and tells everything, tests/release reaches nothing of the machine, deps.sh asks apt.
. "$(dirname "$0")/../lib.sh"

script() {
	cat >"$1" <<-E
	. "$TOP/tests/lib.sh"
	$2
	E
}
results_as_they_come() {
	script slow.sh 'late() { while [ ! -e "'"$PWD"'/seen" ]; do sleep 0.1; done; }; early() { false; }; away() { skip "no moon"; }
	check "early" early; check "away" away; check "late" late; finish'
	# The second test waits until somebody has seen the first one's failure.
	UNIT= BUILD=$BUILD bash "$TOP/tests/run" "$PWD/slow.sh" >out 2>err &
	local runner=$! turns=0
	while ! grep -q '^FAIL  slow: early' out; do
		turns=$((turns + 1))
		[ $turns -lt 600 ] || fail "nothing was told before the end"
		sleep 0.1
	done
	touch seen
	! wait $runner
	says out '^ok    slow: late'
	says out '^-- skipped:$'
	says out '^ +1 no moon$'
	same "$(sed -n '/^-- failed:/{n;p}' out)" "FAIL  slow: early (exit 1)"
	same "$(tail -1 out)" '1 passed, 1 failed, 1 skipped'
}
check "tests/run tells each result when it is there, and at the end what was skipped and failed" results_as_they_come

no_counts() {
	script dies.sh 'fine() { :; }; check "fine" fine; exit 0'
	status 1 env UNIT= BUILD="$BUILD" bash "$TOP/tests/run" "$PWD/dies.sh"
	says out 'FAIL .*dies\.sh ended early'
	script nothing.sh 'finish'
	status 1 env UNIT= BUILD="$BUILD" bash "$TOP/tests/run" "$PWD/nothing.sh"
}
check "a script that ends early has failed, and so has a run of no test" no_counts

release_is_closed() {
	[ "$(id -u)" = 0 ] || skip "mounting wants to be root"
	unshare --mount --pid --ipc --uts --fork true 2>/dev/null || skip "no namespaces may be made here"
	mkdir scratch lower lower/bin
	local code=0 before
	before=$(cat /proc/sys/kernel/core_pattern)
	# The machine's own root, below an overlay, in place of a Debian made for it.
	unshare --mount --pid --ipc --uts --fork --kill-child bash "$TOP/tests/release" --inside / "$PWD/scratch" sh -c '
		! (cat /proc/sys/kernel/core_pattern >/proc/sys/kernel/core_pattern) 2>/dev/null || exit 3
		! (echo h >/proc/sysrq-trigger) 2>/dev/null || exit 4
		[ ! -e /dev/vda ] && [ ! -e /dev/mem ] && [ -c /dev/null ] || exit 5
		[ "$(echo /proc/[0-9]* | wc -w)" -lt 10 ] || exit 6
		hostname elsewhere && touch /usr/bin/left-by-a-test' >log 2>&1 || code=$?
	! grep -q 'no overlay' log || skip "no overlay can be mounted here"
	same "$code" 0
	same "$(cat /proc/sys/kernel/core_pattern)" "$before"
	[ "$(hostname)" != elsewhere ] || fail "it named the machine"
	[ ! -e /usr/bin/left-by-a-test ] || fail "it wrote to the machine's /usr"
}
check "what runs inside tests/release reaches no setting, device, process or file of the machine" release_is_closed

release_says_why_not() {
	mkdir bin
	printf '#!/bin/sh\necho 1000\n' >bin/id
	chmod 755 bin/id
	PATH=$PWD/bin:$PATH COUNTS=$PWD/counts status 0 bash "$TOP/tests/release" --check trixie
	says out '^SKIP  release: Debian trixie: SKIP: '
	same "$(cat counts)" '0 0 1'
}
check "without root tests/release says so, and counts as skipped" release_says_why_not

# An apt of our own says what there is; deps.sh believes it, and asks for it once.
deps_asks_apt() {
	mkdir bin
	cat >bin/apt-get <<-'E'
	#!/bin/sh
	echo "$@" >>"$LOG"
	case " $* " in
	*" install -y "*)
		printf '%s\n' 'dlstatus:3:50.2:Retrieving file 3' 'pmstatus:gcc:0.0:Installing gcc' 'pmstatus:gcc:3.9:Unpacking gcc' 'pmstatus:gcc:35.7:Unpacking gcc: it'
		for i in 1 2 3 4 5 6 7 8 9 10; do ! grep -q 'install 35 %' "$LOG.told" || { echo told >>"$LOG"; break; }; sleep 1; done ;;
	*" -s "*) case " $* " in *" linux-headers-amd64 "*) echo 'Inst linux-image-9-amd64 (9 Debian)' ;; *" broken "*) exit 100 ;; esac ;;
	esac
	exit 0
	E
	cat >bin/apt-cache <<-'E'
	#!/bin/sh
	case $1 in
	depends) echo "  Depends: $2-77" ;;
	policy) shift; for name; do printf '%s:\n  Installed: (none)\n' "$name"; case $name in mold) echo '  Candidate: (none)' ;; *) echo '  Candidate: 1' ;; esac; done ;;
	esac
	E
	printf '#!/bin/sh\nexit 1\n' >bin/dpkg-query
	printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
	printf '#!/bin/sh\necho 0\n' >bin/id
	chmod 755 bin/*
	[ -e /usr/sbin/policy-rc.d ] || [ "$(command id -u)" = 0 ] || skip "only root may keep services from starting"
	: >log.told
	LOG=$PWD/log PATH=$PWD/bin:$PATH sh "$TOP/tests/deps.sh" >log.told 2>&1
	mv log.told out
	says out 'apt has no mold'
	says out 'not linux-headers-amd64: it would bring a kernel image'
	grep '^install -y' log >installs
	same "$(wc -l <installs)" 1
	says installs ' lib32gcc-77-dev'
	says installs ' libclang-rt-77-dev'
	says installs ' binutils-gold'
	says_not installs ' mold|linux-headers| libclang-rt-14-dev|\|'
	# Each step when apt tells it, not when a buffer is full.
	says log '^told$'
	same "$(sed -n 's/^make deps: \(download\|install\) /\1 /p' out)" "$(printf '%s\n' 'download 50 %: Retrieving file 3' 'install 0 %: Installing gcc' 'install 35 %: Unpacking gcc: it')"
}
check "make deps: names by apt's word, one installation, no kernel" deps_asks_apt
finish
