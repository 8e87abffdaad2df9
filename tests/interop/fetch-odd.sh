# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote fetch and servers that limit, stall, sign, or speak an object store's language (tests/tools/oddd.py):
# what is found, and how often each was asked.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/odd_server.sh"

# A debug file, ./one.debug, of build-id $ID.
program() {
	need gcc objcopy readelf python3
	printf 'int main(void) { return 0; }\n' >one.c
	gcc -g -Wl,--build-id -o one one.c
	objcopy --only-keep-debug one one.debug
	ID=$(readelf -n one | sed -n 's/.*Build ID: //p')
}
# Puts ./one.debug into the folder $1 as a server has it.
serve_file() { mkdir -p "$1/buildid/$ID"; cp one.debug "$1/buildid/$ID/debuginfo"; cp one "$1/buildid/$ID/executable"; }
asked() { grep -c "${2:-.}" "$1.log" || :; }
at_most() { [ "$1" -le "$2" ] || fail "$1, not $2 at most${3:+: $3}"; }
ids() { seq -f '%040.0f' 7000000 $((7000000 + $1 - 1)); }

# A server's limit is kept to: everything is found, and few requests are refused.
limited() { # WORD OPTION...
	local word=$1; shift
	server "$word" --any one.debug "$ID" "$@"
	# shellcheck disable=SC2046
	status 0 "$PKGNOTE" fetch --no-cache --server="$URL" debuginfo $(ids 40)
	same "$(wc -l <out)" 40
	same "$(asked "$word" ^200)" 40
	at_most "$(asked "$word" ^429)" 40 "refusals of $word"
	at_most "$(asked "$word" ^503)" 40 "refusals of $word"
}
limits_are_kept_to() {
	program
	limited window --per-second 15 --retry-after 1
	limited busy --per-second 15 --retry-after 1 --refusal 503
	limited untold --per-second 15
	limited bucket --each 0.05
	limited few --at-once 2 --hold 0.02 --retry-after 1
}
check "servers that allow so many a second, or so many at once: all is found" limits_are_kept_to

a_server_that_refuses_always_ends() {
	program
	server no --any one.debug "$ID" --per-second 0 --each 1000 --retry-after 0
	status 3 "$PKGNOTE" fetch --no-cache --retries=2 --backoff=0 --server="$URL" debuginfo 00000000000000000000000000000000000000aa \
		00000000000000000000000000000000000000bb
	says err 'unavailable: .*429'
	at_most "$(asked no)" 8
}
check "a server that refuses always is given up" a_server_that_refuses_always_ends

requests_under_way_are_bounded() {
	mkdir empty
	for n in 1 3; do
		server "held$n" --root empty --hold 0.03
		# shellcheck disable=SC2046
		status 1 "$PKGNOTE" fetch -j $n --no-cache --server="$URL" debuginfo $(ids 24)
		at_most "$(cat "held$n.top")" $n
		same "$(asked "held$n")" 24
	done
	server default --root empty --hold 0.05
	# shellcheck disable=SC2046
	status 1 "$PKGNOTE" fetch --no-cache --server="$URL" debuginfo $(ids 64)
	at_most "$(cat default.top)" 16
	# With two servers, N is for both together.
	server second --root empty --hold 0.03; local other=$URL
	server first --root empty --hold 0.03
	# shellcheck disable=SC2046
	status 1 "$PKGNOTE" fetch -j 2 --absent=all --no-cache --server="$URL" --server="$other" debuginfo $(ids 12)
	at_most $(($(cat first.top) + $(cat second.top))) 3
	same "$(asked first)$(asked second)" 1212
	# verify, by its own threads.
	ids 48 >list
	server verified --root empty --hold 0.03
	status 1 "$PKGNOTE" verify -j 3 --checks=debuginfo --server="$URL" list
	at_most "$(cat verified.top)" 3
	same "$(asked verified)" 48
}
check "-j is the number of requests under way, 16 a server at most" requests_under_way_are_bounded

few_descriptors() {
	mkdir empty
	server busy --root empty --hold 0.02
	# shellcheck disable=SC2046
	(ulimit -n 40 && status 1 "$PKGNOTE" fetch -j 64 --cache=c --server="$URL" debuginfo $(ids 100))
	same "$(grep -c ': absent' err)" 100
	says_not err unavailable
}
check "few file descriptors are nobody's failure" few_descriptors

silence_costs_one_wait() {
	mkdir empty
	server good --root empty; local good=$URL
	local kind
	for kind in silent drip; do
		server $kind --$kind
		# shellcheck disable=SC2046
		status 1 "$PKGNOTE" fetch --grace=0.5 --cache=c --server="$good" --server="$URL" debuginfo $(ids 60)
		same "$(grep -c ': absent' err)" 60
		at_most "$(asked $kind)" 8
		local before
		before=$(asked $kind)
		# Another process remembers it, and says so.
		status 1 "$PKGNOTE" fetch -v --grace=0.5 --cache=c --cache-absent=0 --server="$good" --server="$URL" debuginfo $(ids 3)
		says err "not asked: it was silent .* s ago: .*--forget"
		same "$(asked $kind)" "$before"
		status 1 "$PKGNOTE" fetch --forget --grace=0.5 --cache=c --cache-absent=0 --server="$good" --server="$URL" debuginfo $(ids 3)
		[ "$(asked $kind)" -gt "$before" ]
	done
	# Alone, by --first-byte; no second try.
	server alone --silent
	# shellcheck disable=SC2046
	status 3 "$PKGNOTE" fetch --first-byte=1 --no-cache --server="$URL" debuginfo $(ids 30)
	same "$(grep -c 'unavailable: .*no answer for 1 s' err)" 30
	at_most "$(asked alone)" 8
	status 3 "$PKGNOTE" fetch --first-byte=6 --no-cache --server="$URL" debuginfo $(ids 1)
	says err "waiting for $URL"
}
check "a silent server costs one wait, in this run and the next" silence_costs_one_wait

good_among_bad_servers() {
	program
	server good --any one.debug "$ID"; local servers=--server=$URL
	server slow --any one.debug "$ID" --per-second 10 --retry-after 1; servers="$servers --server=$URL"
	server silent --silent; servers="$servers --server=$URL --server=http://127.0.0.1:1"
	# shellcheck disable=SC2046,SC2086
	status 0 "$PKGNOTE" fetch --no-cache $servers debuginfo $(ids 150)
	same "$(wc -l <out)" 150
	[ "$(asked good ^200)" -ge 100 ] || fail "the good one was asked $(asked good) times"
	# Who has never answered is asked for little of what another has.
	at_most "$(asked silent)" 24
}
check "all is found by the good server among a limited, a silent and a dead one" good_among_bad_servers

an_object_stores_words() {
	program
	serve_file share
	local other=00000000000000000000000000000000000000aa
	# Neither a marker nor an answer before: nobody knows what 403 means.
	server plain --root share --s3
	status 3 "$PKGNOTE" fetch --cache=c --retries=0 --server="$URL" debuginfo $other
	says err 'authentication wanted'
	# It has given a file to the same reader.
	status 1 "$PKGNOTE" fetch --no-cache -j 1 --server="$URL" debuginfo "$ID" $other
	says err "$other: absent: .*403"
	# The share's marker can be read; asked for once.
	echo '{"version":1}' >share/share.json
	server marked --root share --s3
	# shellcheck disable=SC2046
	status 1 "$PKGNOTE" fetch --cache=c -j 1 --server="$URL" debuginfo $(ids 5)
	same "$(grep -c ': absent' err)" 5
	same "$(asked marked share.json)" 1
	# Remembered as any absence is.
	status 1 "$PKGNOTE" fetch --cache=c --server="$URL" debuginfo $(ids 5)
	same "$(asked marked)" 6
	# Who asks for a password means that.
	server locked --root share --s3 --challenge
	status 3 "$PKGNOTE" fetch --no-cache --retries=0 --server="$URL" debuginfo $other
	says err 'authentication wanted'
}
check "an object store's 403 for what is not there" an_object_stores_words

a_proxys_password() {
	server proxy --proxy
	local id=00000000000000000000000000000000000000aa scheme
	for scheme in http https; do
		env "${scheme}_proxy=$URL" sh -c '"$0" "$@" >out 2>err' "$PKGNOTE" fetch --no-cache --retries=0 \
			--server=$scheme://debug.invalid debuginfo $id && fail "found"
		says err 'authentication wanted: .*407: the proxy wants a password'
	done
}
check "a proxy's 407 is the proxy's, for http and https" a_proxys_password

signatures_are_checked() {
	need evmctl openssl
	program
	serve_file share
	mkdir -p keys sig empty
	local kind
	for kind in rsa ec other; do
		if [ $kind = ec ]; then
			openssl ecparam -genkey -name prime256v1 -noout -out $kind.key 2>/dev/null
		else
			openssl genrsa -out $kind.key 2048 2>/dev/null
		fi
		openssl req -x509 -new -key $kind.key -days 9 -subj "/CN=$kind" -addext keyUsage=digitalSignature -out $kind.pem 2>/dev/null
	done
	openssl x509 -in rsa.pem -outform DER -out keys/rsa.der
	cp ec.pem keys/ec.pem
	# The signature that evmctl makes, as it writes it beside the file.
	sign() { cp one.debug signed; evmctl ima_sign --sigfile --key $1.key --hashalgo ${2:-sha256} --pass= signed >evmctl.log 2>&1 ||
		skip "evmctl signs nothing here: $(tail -1 evmctl.log)"; od -An -v -tx1 signed.sig | tr -d ' \n' >"sig/$ID.sig"; }
	export DEBUGINFOD_IMA_CERT_PATH=$PWD/empty:$PWD/keys
	server signed --root share --signed sig
	for kind in rsa 'rsa sha512' ec; do
		sign $kind
		status 0 "$PKGNOTE" fetch --no-cache --ima=enforcing --server="$URL" debuginfo "$ID"
		DEBUGINFOD_URLS="ima:enforcing $URL ima:ignore" status 0 "$PKGNOTE" fetch --no-cache debuginfo "$ID"
	done
	# By nobody that is known; of other bytes; cut; of version 1; none.
	sign other
	status 3 "$PKGNOTE" fetch --no-cache --ima=enforcing --server="$URL" debuginfo "$ID"
	says err 'rejected: .*of which there is no certificate'
	sign rsa
	cp "sig/$ID.sig" good.sig
	sed 's/..$/00/; s/^\(.\{40\}\)../\100/' good.sig >"sig/$ID.sig"
	status 3 "$PKGNOTE" fetch --no-cache --ima=enforcing --server="$URL" debuginfo "$ID"
	says err 'rejected: .*of other bytes'
	head -c 60 good.sig >"sig/$ID.sig"
	status 3 "$PKGNOTE" fetch --no-cache --ima=enforcing --server="$URL" debuginfo "$ID"
	says err 'rejected: .*does not end where it says'
	sed 's/^0302/0301/' good.sig >"sig/$ID.sig"
	status 3 "$PKGNOTE" fetch --no-cache --ima=enforcing --server="$URL" debuginfo "$ID"
	says err 'rejected: .*version 1'
	# What is no signature at all: letters, nothing behind its beginning, half a byte, a prefix, too long, an unknown digest, a second
	# one behind it, every byte another.
	for garbage in zz 03 "$(head -c 41 good.sig)" "0x$(cat good.sig)" "$(cat good.sig good.sig)" "$(printf '03%8200d' 0)" \
		"0302ff$(cut -c 7- good.sig)" "$(cat good.sig), $(cat good.sig)" "$(tr 0-9a-f f0-9a-e <good.sig)"; do
		echo "$garbage" >"sig/$ID.sig"
		status 3 "$PKGNOTE" fetch --no-cache --ima=enforcing --server="$URL" debuginfo "$ID"
		says err 'rejected: .*IMA signature'
		status 0 "$PKGNOTE" fetch --no-cache --ima=permissive --server="$URL" debuginfo "$ID"
		says err 'IMA signature.*ima:permissive takes it'
	done
	rm "sig/$ID.sig"
	status 3 "$PKGNOTE" fetch --no-cache --ima=enforcing --server="$URL" debuginfo "$ID"
	says err 'rejected: .*no IMA signature.*--ima'
	status 0 "$PKGNOTE" fetch --no-cache --ima=permissive --server="$URL" debuginfo "$ID"
	says err 'ima:permissive takes it'
	DEBUGINFOD_URLS="ima:enforcing $URL" status 0 "$PKGNOTE" fetch --no-cache --ima=ignore debuginfo "$ID"
	# Without any certificate that is said, with what to do.
	DEBUGINFOD_IMA_CERT_PATH=$PWD/empty status 3 "$PKGNOTE" fetch --no-cache --ima=enforcing --server="$URL" debuginfo "$ID"
	[ -d /etc/keys/ima ] || says err 'no certificate in /etc/keys/ima'
	# A section has no signature: the whole file is got, checked, and cut.
	cp good.sig "sig/$ID.sig"
	status 0 "$PKGNOTE" fetch --cache=c --ima=enforcing --server="$URL" section "$ID" .debug_line
	objcopy -O binary --only-section=.debug_line --set-section-flags .debug_line=alloc one.debug want
	cmp "$(cat out)" want
}
check "IMA signatures by evmctl: RSA, ECDSA, and what is wrong with others" signatures_are_checked

# The judge of each: evmctl itself, by the same certificate.
as_evmctl_judges() {
	need evmctl openssl
	program
	serve_file share
	mkdir -p keys sig
	openssl genrsa -out one.key 2048 2>/dev/null
	# A certificate that ended in 2001: signatures outlive it, for the kernel and rpm too.
	openssl req -new -key one.key -subj /CN=one -out one.csr
	printf 'keyUsage=digitalSignature\nsubjectKeyIdentifier=hash\n' >extensions
	: >index.txt; echo 01 >serial
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\nCN=supplied\n' >ca.cnf
	openssl ca -batch -config ca.cnf -selfsign -keyfile one.key -in one.csr -startdate 20000101000000Z -enddate 20010101000000Z \
		-extfile extensions -out one.pem 2>ca.log
	openssl x509 -in one.pem -outform DER -out keys/one.der
	openssl x509 -in keys/one.der -inform DER -noout -enddate | grep -q 2001
	export DEBUGINFOD_IMA_CERT_PATH=$PWD/keys
	server signed --root share --signed sig
	local digest expected
	for digest in sha1 sha224 sha256 sha384 sha512; do
		cp one.debug signed
		evmctl ima_sign --sigfile --key one.key --hashalgo $digest --pass= signed >evmctl.log 2>&1 || skip "evmctl signs nothing here: $(tail -1 evmctl.log)"
		cp signed.sig good
		for change in '' 12 40 200; do
			cp good signed.sig
			[ -z "$change" ] || printf '\252' | dd of=signed.sig bs=1 seek="$change" conv=notrunc status=none
			expected=0; evmctl ima_verify --sigfile --key keys/one.der signed >verify.log 2>&1 || expected=3
			od -An -v -tx1 signed.sig | tr -d ' \n' >"sig/$ID.sig"
			status $expected "$PKGNOTE" fetch --no-cache --ima=enforcing --server="$URL" debuginfo "$ID"
			[ $expected = $([ -z "$change" ] && echo 0 || echo 3) ] || cmp good signed.sig || { cat verify.log; fail "evmctl judges otherwise"; }
		done
	done
}
check "IMA signatures: evmctl verifies what we take and refuses what we reject, by a certificate out of date too" as_evmctl_judges

keys_without_certificates() {
	need evmctl openssl
	program
	serve_file share
	mkdir -p pem der named sig
	openssl ecparam -genkey -name prime256v1 -noout -out one.key 2>/dev/null
	openssl ec -in one.key -pubout -out pem/one.pem 2>/dev/null
	openssl ec -in one.key -pubout -outform DER -out der/one.der 2>/dev/null
	openssl req -x509 -new -key one.key -days 9 -subj /CN=one -addext keyUsage=digitalSignature -addext subjectKeyIdentifier=00:11:DE:AD:BE:EF -out named/one.pem
	cp one.debug signed
	evmctl ima_sign --sigfile --key one.key --hashalgo sha256 --pass= signed >evmctl.log 2>&1 || skip "evmctl signs nothing here: $(tail -1 evmctl.log)"
	od -An -v -tx1 signed.sig | tr -d ' \n' >"sig/$ID.sig"
	server signed --root share --signed sig
	fetches() { DEBUGINFOD_IMA_CERT_PATH=$PWD/$2 status "$1" "$PKGNOTE" fetch --no-cache --ima=enforcing --server="$URL" debuginfo "$ID"; }
	# As Fedora has them.
	fetches 0 pem
	fetches 0 der
	fetches 0 named
	# A signature names a key by the end of what its certificate calls it, where that calls it anything.
	sed -i 's/^\(......\)......../\1deadbeef/' "sig/$ID.sig"
	fetches 0 named
	fetches 3 pem
	says err 'by key deadbeef, of which there is no certificate'
}
check "IMA signatures: public keys alone, and keys by the name that their certificate gives them" keys_without_certificates

metadata_of_all_servers() {
	printf '{"results":[{"type":"executable","buildid":"aa00","file":"/usr/bin/one"},{"type":"debuginfo","buildid":"aa00","file":"/usr/lib/debug/one","archive":"/one.rpm"}],"complete":true}' >a.json
	printf '{"results":[{"type":"executable","buildid":"aa00","file":"/usr/bin/one"},{"type":"executable","buildid":"bb00","file":"/usr/bin/two"}],"complete":false}' >b.json
	printf 'no json' >c.json
	printf '{"results":[],"complete":true}' >d.json
	server a --metadata a.json; local a=--server=$URL
	server b --metadata b.json; local b=--server=$URL
	server c --metadata c.json; local c=--server=$URL
	server d --metadata d.json; local d=--server=$URL
	status 0 "$PKGNOTE" fetch $a $d metadata glob '/usr/bin/o*'
	same "$(cat out)" 'aa00 executable /usr/bin/one
aa00 debuginfo /usr/lib/debug/one in /one.rpm'
	says err 'found: 2$'
	says a.log '/metadata.key=glob&value=/usr/bin/o%2A'
	status 0 "$PKGNOTE" fetch --json $a $b metadata file /usr/bin/one
	same "$(python3 -c 'import json; o = json.load(open("out")); print(len(o["results"]), o["complete"])')" '3 False'
	status 0 "$PKGNOTE" fetch $a $c metadata buildid aa00
	says err 'not all servers answered: its answer is no list of results'
	status 1 "$PKGNOTE" fetch $d metadata buildid cc00
	status 3 "$PKGNOTE" fetch $c metadata buildid cc00
	status 2 "$PKGNOTE" fetch $c metadata name cc00
	same "$(find "$XDG_CACHE_HOME" -type f ! -name .cleaned ! -name .lock 2>/dev/null)" ""
}
check "metadata: all servers' answers as one" metadata_of_all_servers

sizes_before_anything_is_got() {
	program
	serve_file share
	server good --root share
	status 1 "$PKGNOTE" fetch --cache=c --dry-run --server="$URL" debuginfo "$ID" 00000000000000000000000000000000000000aa
	same "$(cat out)" "$(stat -c %s one.debug) debuginfo $ID"
	says err "1 files to get, $(stat -c %s one.debug) bytes"
	same "$(find c -name debuginfo)" ""
	status 0 "$PKGNOTE" fetch --cache=c --dry-run --server="$URL" all one --into=all
	[ ! -e all ]
	status 0 "$PKGNOTE" fetch --cache=c --server="$URL" debuginfo "$ID"
	status 0 "$PKGNOTE" fetch --cache=c --dry-run --server="$URL" debuginfo "$ID"
	says out "$ID \(here\)$"
	status 0 "$PKGNOTE" fetch --cache=c --cache-delete="$ID"
	same "$(find c -name debuginfo)" ""
	status 1 "$PKGNOTE" fetch --cache=c --cache-delete="$ID"
	status 3 "$PKGNOTE" fetch --cache=c --cache-delete=../..
}
check "--dry-run tells sizes; --cache-delete" sizes_before_anything_is_got

a_cache_of_several_users() {
	[ "$(id -u)" = 0 ] || skip "not root"
	need setpriv
	program
	serve_file share
	server good --root share
	chmod 755 . ; chmod 711 "$WORK"
	mkdir -m 1777 cache tmp
	cp "$PKGNOTE" ./pkgnote && chmod 755 pkgnote
	local other=(setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR="$PWD/tmp")
	"${other[@]}" ./pkgnote --version >/dev/null || skip "the command cannot be run by another user"
	status 0 "${other[@]}" ./pkgnote fetch --cache=cache --server="$URL" debuginfo "$ID"
	cmp "$(cat out)" one.debug
	# What another user has put there is not believed, however well it fits.
	objcopy --add-section .mark=one.c one.debug theirs
	status 0 ./pkgnote fetch --cache=cache2 --server="$URL" debuginfo "$ID"
	local before; before=$(asked good)
	export TMPDIR=$PWD/tmp
	status 0 ./pkgnote fetch --cache=cache --server="$URL" debuginfo "$ID"
	says err 'belongs to another user: what comes is kept in'
	same "$(asked good)" $((before + 1))
	cmp "$(cat out)" one.debug
	# A second user of a cache that root has filled reads what is readable, and writes nowhere else.
	rm -r cache; mkdir -m 1777 cache
	status 0 ./pkgnote fetch --cache=cache --server="$URL" debuginfo "$ID"
	status 0 "${other[@]}" ./pkgnote fetch --cache=cache --server="$URL" debuginfo "$ID"
	says err "what comes is kept in $PWD/tmp/"
	cmp "$(cat out)" one.debug
	same "$(stat -c %a "$(cat out)")" 400
}
check "a cache that several users share" a_cache_of_several_users
finish
