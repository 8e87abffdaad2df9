# SPDX-License-Identifier: LGPL-2.1-or-later
# publish into an object store: OpenStack Swift's S3 API, which checks every signature, and faults on the way to it.
# Readers are elfutils' debuginfod-find, gdb and curl, over Swift's own public URLs.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../swift.sh"
# change_loaded FILE: another byte in what is loaded of it.
change_loaded() {
	local at
	at=$(readelf -SW "$1" | sed -n 's/.* \.rodata  *PROGBITS  *[0-9a-f]*  *\([0-9a-f]*\) .*/\1/p')
	printf '\377' | dd of="$1" bs=1 seek=$((16#$at + 3)) conv=notrunc status=none
}

build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
tree() { # tree DIR VERSION [NVRA-OF-SOURCES]
	local nvra=${3:-hello-$2-1.x86_64}
	mkdir -p "$1/usr/bin" "$1/usr/lib/debug" "$1/usr/src/debug/$nvra/a dir" "build/a dir"
	printf '#include "a dir/ädd+&%%?.h"\nint main(int argc, char **argv) { (void)argv; return add(argc) + %s; } /* of %s */\n' "$2" "$2" >build/hello.c
	echo 'static int add(int a) { return a + 1; }' >"build/a dir/ädd+&%?.h"
	cp -r build/. "$1/usr/src/debug/$nvra/"
	echo 'named by nobody' >"$1/usr/src/debug/$nvra/other.c"
	gcc -g -O0 "-ffile-prefix-map=$PWD/build=/usr/src/debug/$nvra" "-DV=$2" -Wl,--build-id -o "$1/usr/bin/hello" "$PWD/build/hello.c"
	eu-strip -f "$1/usr/lib/debug/hello.debug" "$1/usr/bin/hello"
	rm -rf build
}
publish() { "$PKGNOTE" publish --into=s3://$BUCKET/deb/ug "$@"; }
status_of() { curl -s -o "${2:-/dev/null}" -w '%{http_code}' "$1"; }
# Everything that is stored, by its digest; of the index by name, what it tells.
picture() {
	s3 GET "/$BUCKET?list-type=2" | grep -o '<Key>[^<]*\|<ETag>[^<]*' | paste - - | grep -v /names/
	[ -z "$(s3_keys)" ] || told "$PUBLIC"
}
start() {
	bucket "$1"
	PUBLIC=http://$S3_ADDRESS/v1/AUTH_test/$1/deb/ug
}
swift_start

two_packages() {
	need debuginfod-find gdb
	start two-packages
	tree one 1; tree two 2
	local v id
	for v in one/1 two/2; do
		status 0 publish --package=hello-${v#*/}-1.x86_64 ${v%/*}
		says out "^hello-${v#*/}-1\.x86_64: added, 1 build-id, 3 sources, [0-9]+ bytes"
	done
	status 0 publish --package=hello-1-1.x86_64 one
	says out 'hello-1-1\.x86_64: unchanged.*\(0 new\)'
	same "$(publish --list | tr '\n' ' ')" 'hello-1-1.x86_64 hello-2-1.x86_64 '
	export DEBUGINFOD_URLS=$PUBLIC DEBUGINFOD_CACHE_PATH=$PWD/cache
	for v in one/1 two/2; do
		local root=${v%/*} src=/usr/src/debug/hello-${v#*/}-1.x86_64
		id=$(build_id $root/usr/bin/hello)
		cmp "$(debuginfod-find debuginfo $id)" $root/usr/lib/debug/hello.debug
		cmp "$(debuginfod-find executable $id)" $root/usr/bin/hello
		cmp "$(debuginfod-find source $id $src/hello.c)" $root$src/hello.c
		cmp "$(debuginfod-find source $id "$src/a dir/ädd+&%?.h")" "$root$src/a dir/ädd+&%?.h"
		cmp "$("$PKGNOTE" fetch debuginfo $id)" $root/usr/lib/debug/hello.debug
		cp $root/usr/bin/hello prog
		HOME=$PWD gdb -q -nx -batch -iex 'set debuginfod enabled on' -ex 'list main' ./prog >listed 2>&1 || true
		says listed "of ${v#*/} \*/"
	done
	status 0 publish --check
	says out '^2 packages, 10 files, 0 problems'
	status 0 timeout 60 "$PKGNOTE" publish --into=s3://$BUCKET/deb/ug --check --repair
	says out '^2 packages, 10 files, 0 problems'

	# The same contents in another package are there once; those of one that goes stay for the other.
	status 0 publish --package=copy-1-1.x86_64 one
	id=$(build_id one/usr/bin/hello)
	status 0 publish --remove=hello-1-1.x86_64
	curl -s "$PUBLIC/buildid/$id/debuginfo" | cmp - one/usr/lib/debug/hello.debug
	curl -s "$PUBLIC/buildid/$id/source/usr/src/debug/hello-1-1.x86_64/hello.c" | cmp - one/usr/src/debug/hello-1-1.x86_64/hello.c
	status 0 publish --check

	# Another file for a build-id: both are named, nothing changes.
	cp -r one bad; change_loaded bad/usr/bin/hello
	picture >before
	status 3 publish --package=bad-1-1.x86_64 bad
	says err "build-id $id: copy-1-1.x86_64 and bad-1-1.x86_64 hold different files as its executable"
	status 3 publish --package=copy-1-1.x86_64 two
	says err 'copy-1-1\.x86_64 is there already, with other files'
	picture >after; cmp before after
	status 1 publish --on-conflict=keep --package=bad-1-1.x86_64 bad
	curl -s "$PUBLIC/buildid/$id/executable" | cmp - one/usr/bin/hello

	# Each thing that is wrong is found.
	s3 PUT /$BUCKET/deb/ug/buildid/$id/executable @two/usr/bin/hello >/dev/null
	s3 PUT /$BUCKET/deb/ug/buildid/$id/source/usr/x @two/usr/bin/hello >/dev/null
	s3 PUT /$BUCKET/deb/ug/buildid/00112233/debuginfo @two/usr/bin/hello >/dev/null
	s3 DELETE /$BUCKET/deb/ug/source/copy-1-1.x86_64/usr/src/debug/hello-1-1.x86_64/other.c >/dev/null
	echo broken >broken
	s3 PUT /$BUCKET/deb/ug/index/buildid/00112244.json @broken >/dev/null
	status 1 publish --check
	says out 'index/buildid/00112244.json is not what it should be'
	says out "^buildid/$id/executable: its contents are not"
	says out "^buildid/$id/source/usr/x: no package holds it"
	says out '^buildid/00112233: no package holds it'
	says out '^source/copy-1-1\.x86_64/usr/src/debug/hello-1-1\.x86_64/other\.c: it is not there'
	s3 PUT /$BUCKET/deb/ug/buildid/$id/executable @one/usr/bin/hello >/dev/null
	s3 DELETE /$BUCKET/deb/ug/buildid/$id/source/usr/x >/dev/null
	s3 DELETE /$BUCKET/deb/ug/buildid/00112233/debuginfo >/dev/null
	s3 DELETE /$BUCKET/deb/ug/index/buildid/00112244.json >/dev/null
	status 0 publish --remove=bad-1-1.x86_64 --remove=copy-1-1.x86_64

	tree three 3
	status 0 publish --package=hello-3-1.x86_64 three
	status 0 publish --keep=1
	same "$(cat out)" 'hello-2-1.x86_64: removed'
	status 0 publish --remove=hello-3-1.x86_64
	same "$(s3_keys)" deb/ug/share.json
	status 3 publish --remove=hello-3-1.x86_64
	says err "no package 'hello-3-1\.x86_64'"
}
check "two packages: debuginfod-find, gdb, fetch read them; list, check, conflict, remove, keep" two_packages

apart() {
	start apart
	tree one 1
	local src=usr/src/debug/hello-1-1.x86_64 order first
	mkdir -p exe/usr dbg/usr/lib src/usr other/usr
	cp -r one/usr/bin exe/usr/; cp -r one/usr/lib/debug dbg/usr/lib/; cp -r one/usr/src src/usr/; cp -r one/usr/src other/usr/; echo '/* other */' >other/$src/hello.c
	id=$(build_id one/usr/bin/hello)
	served() { same "$(status_of "$PUBLIC/buildid/$id/source/$src/hello.c" got)" 200; cmp got "$1/$src/hello.c"; }
	for order in "exe dbg src" "src dbg exe" "dbg src exe"; do
		for p in $order; do
			status 0 publish --sections=.debug_line,.text --package=$p-1-1.x $p
			[ "$p" = exe ] || same "$(status_of "$PUBLIC/buildid/$id/source/$src/other.c")" 404
		done
		served src
		same "$(status_of "$PUBLIC/buildid/$id/section/.debug_line")" 200
		same "$(status_of "$PUBLIC/buildid/$id/section/.text")" 200
		status 0 publish --check
		# Another package with other sources of that name waits until the first has gone.
		status 0 publish --package=other-1-1.x other
		served src
		status 0 publish --remove=src-1-1.x
		served other
		status 0 publish --check
		first=${order%% *}; [ "$first" = src ] && first=dbg
		status 0 publish --remove=$first-1-1.x
		status 0 publish --check
		same "$(status_of "$PUBLIC/buildid/$id/source/$src/hello.c")" "$([ "$first" = dbg ] && echo 404 || echo 200)"
		for p in $(publish --list); do status 0 publish --remove=$p; done
		same "$(s3_keys)" deb/ug/share.json
		same "$(told "$PUBLIC")" ''
	done
	# Large files stream: memory does not grow with them.
	head -c 80000000 /dev/urandom >>exe/usr/bin/hello
	python3 - "$PKGNOTE" "s3://$BUCKET/deb/ug" "$(nm "$PKGNOTE" 2>/dev/null | grep -m1 -o __asan_init || true)" <<-'P'
	import resource, subprocess, sys
	for args in (["--package=exe-1-1.x", "exe"], ["--check"]):
	    subprocess.run([sys.argv[1], "publish", f"--into={sys.argv[2]}"] + args, check=True, stdout=subprocess.DEVNULL)
	peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
	print(peak, "MB")
	sys.exit(peak > 64 and not sys.argv[3])
	P
}
check "executable, debug file and sources from three packages, in any order; 80 MB in little memory" apart

refusals() {
	start refusals
	tree one 1
	status 0 publish --package=hello-1-1.x86_64 one
	picture >before
	tree two 2
	AWS_SECRET_ACCESS_KEY=wrong status 3 publish --package=x-1-1.x two
	says err '403 SignatureDoesNotMatch'; says_not err 'wrong|testing'
	AWS_REGION=eu-west-1 status 3 publish --package=x-1-1.x two
	says err 'the bucket is in region region-one, not in eu-west-1: set AWS_REGION'
	status 3 "$PKGNOTE" publish --into=s3://no-bucket/x --package=x-1-1.x two
	says err "there is no bucket 'no-bucket'"
	AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=2 status 3 publish --package=x-1-1.x two
	says err "Couldn't connect|Failed to connect"
	AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= status 3 publish --list
	says err 'no keys: set AWS_ACCESS_KEY_ID'
	AWS_SECRET_ACCESS_KEY= status 3 publish --list
	says err 'only one is set'
	status 3 "$PKGNOTE" publish --into=s3://$BUCKET --package=x-1-1.x two
	says err 'neither a share \(no share\.json in it\) nor empty'
	status 3 "$PKGNOTE" publish --into=s3://$BUCKET/nothing --list
	says err 'no share is here'
	status 3 "$PKGNOTE" publish --into=s3://x --list
	says err "'x' is no bucket's name"
	# Names that no object store takes are told before anything is changed.
	mkdir -p odd/usr/src/debug/d; cp -r two/usr/bin odd/usr/; : >"odd/usr/src/debug/d/$(printf '\351').c"
	status 3 publish --package=x-1-1.x odd
	says err 'its name is not UTF-8'
	rm odd/usr/src/debug/d/*; p=odd/usr/src/debug/d; for i in 1 2 3 4; do p=$p/$(printf '%0240d' $i); done; mkdir -p "$p"; : >"$p/x.c"
	status 3 publish --package=x-1-1.x odd
	says err 'a key of [0-9]+ bytes: an object store takes 1024'
	picture >after; cmp before after
	# Keys out of files.
	printf '[default]\nregion = region-one\n[profile ci]\nregion = region-one\nservices = here\n[services here]\ns3 =\n  endpoint_url = %s\n' "$AWS_ENDPOINT_URL" >config
	printf '[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n[ci]\naws_access_key_id = test:tester\naws_secret_access_key = testing\n' >credentials
	(
		unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_ENDPOINT_URL
		export AWS_CONFIG_FILE=$PWD/config AWS_SHARED_CREDENTIALS_FILE=$PWD/credentials
		AWS_PROFILE=ci status 0 publish --list
		says out '^hello-1-1\.x86_64$'
		AWS_ENDPOINT_URL_S3=http://$S3_ADDRESS status 3 publish --list
		says err '403'
		printf '[profile role]\nrole_arn = arn\n' >config
		AWS_PROFILE=role status 3 publish --list
		says err "profile 'role' has a role_arn, and neither source_profile"
	)
}
check "wrong keys, region, bucket, endpoint, names: a clear error, nothing changed; keys out of files" refusals

faulty_ways() {
	start faulty-ways; proxy
	tree one 1; tree two 2
	id=$(build_id one/usr/bin/hello)
	# What passes is waited for.
	faults '2 PUT /debuginfo$ 503' '1 PUT /executable$ reset' '1 PUT /source/ late' '1 GET share.json 500' '1 PUT record.json 429' '1 DELETE . 503'
	status 0 publish --package=hello-1-1.x86_64 one
	faults '0 GET ^$ 503'
	status 0 publish --check
	# What does not is an error, and what was begun is undone.
	picture >before
	faults '1000 PUT buildid/.*/debuginfo$ 503'
	AWS_MAX_ATTEMPTS=2 status 3 publish --package=hello-2-1.x86_64 two
	says err 'PUT buildid/.*/debuginfo: 503 SlowDown: Please reduce'
	picture >after; cmp before after
	# Where not even that is possible, the next run does it.
	faults '1000 PUT buildid/.*/debuginfo$ 503' '1000 DELETE . 503'
	AWS_MAX_ATTEMPTS=1 status 3 publish --package=hello-2-1.x86_64 two
	faults '0 GET ^$ 503'
	status 1 publish --check
	says out '^\.staging: left by a run that was killed'
	same "$(status_of "$PUBLIC/buildid/$(build_id two/usr/bin/hello)/debuginfo")" 404
	status 0 publish --package=hello-1-1.x86_64 one
	picture >after; cmp before after
}
check "503, resets, late failures: tried again; what lasts is an error, and nothing is left" faulty_ways

killed() {
	start killed
	tree one 1; tree two 2 hello-1-1.x86_64
	# Sources of two in a package of their own, so that removing one hands nothing over, and adding it serves both.
	cat >reader.py <<-'P'
	import hashlib, os, sys, urllib.error, urllib.request
	public, sources = sys.argv[1], sys.argv[2:]
	good = {}
	for i in range(0, len(sources), 4):
	    hexes, exe, dbg, top = sources[i:i + 4]
	    good[hexes] = open(exe, "rb").read(), open(dbg, "rb").read(), open(top, "rb").read(), top.split("/", 1)[1]
	def get(path):
	    try: return urllib.request.urlopen(f"{public}/buildid/{path}").read()
	    except urllib.error.HTTPError as e:
	        if e.code == 404: return None
	        raise
	reads = whole = 0
	print("ready", flush=True)
	while not os.path.exists("stop"):
	    for h, (exe, dbg, src, path) in good.items():
	        d = get(f"{h}/debuginfo")
	        if d is None: continue
	        reads += 1
	        e, s = get(f"{h}/executable"), get(f"{h}/source/{path}")
	        if d != dbg or e not in (None, exe) or s not in (None, src): sys.exit(f"wrong bytes: {h} {d == dbg} {e in (None, exe)} {s}")
	        # It may have gone meanwhile, its debug file first.
	        if (e is None or s is None) and get(f"{h}/debuginfo") is not None: sys.exit(f"half a package: {h} {e is None} {s is None}")
	        whole += e is not None and s is not None
	print(reads, whole)
	P
	local i round killed=0 pid v took
	took=$(date +%s%N); publish -q --package=hello-1-1.x86_64 one >/dev/null; took=$((($(date +%s%N) - took) / 100000))
	mkdir tmp; export TMPDIR=$PWD/tmp
	python3 reader.py "$PUBLIC" $(build_id one/usr/bin/hello) one/usr/bin/hello one/usr/lib/debug/hello.debug one/usr/src/debug/hello-1-1.x86_64/hello.c \
		$(build_id two/usr/bin/hello) two/usr/bin/hello two/usr/lib/debug/hello.debug two/usr/src/debug/hello-1-1.x86_64/hello.c >reads 2>reader.err & reader=$!
	until grep -q ready reads; do sleep 0.05; done
	for ((round = 0; round < ${KILLS:-10}; round++)); do
		i=$((RANDOM % 2)); v=$((i + 1)); dir=$([ $i = 0 ] && echo one || echo two)
		if ((round % 3 == 0)); then args=(--remove=hello-$v-1.x86_64); else args=(--package=hello-$v-1.x86_64 $dir); fi
		"$PKGNOTE" publish -q --into=s3://$BUCKET/deb/ug "${args[@]}" >/dev/null 2>>errors & pid=$!
		# In tenths of a millisecond: as long as the work lasts, from one moment to all of it.
		delay=$((RANDOM % took)); printf -v delay '%d.%04d' $((delay / 10000)) $((delay % 10000)); sleep "$delay"
		if kill -KILL $pid 2>/dev/null; then killed=$((killed + 1)); fi
		wait $pid 2>/dev/null || true
		kill -0 $reader 2>/dev/null || { cat reader.err >&2; fail "the reader ended in round $round"; }
	done
	publish -q --package=hello-1-1.x86_64 one >/dev/null
	status 0 publish --check
	publish -q --package=hello-2-1.x86_64 two >/dev/null
	status 0 publish --check
	sleep 0.3; touch stop; wait $reader || { cat reader.err >&2; fail "the reader"; }
	echo "$killed of ${KILLS:-10} were killed at work, $(tail -1 reads) reads"
	[ "$killed" -ge 3 ] || fail "too few were killed at work: $killed"
	read -r reads whole < <(tail -1 reads); [ "$whole" -gt 0 ]
	same "$(told "$PUBLIC" | wc -l)" 4
	publish -q --remove=hello-1-1.x86_64 --remove=hello-2-1.x86_64 >/dev/null
	same "$(s3_keys)" deb/ug/share.json
	same "$(told "$PUBLIC")" ''
	says_not errors 'sanitizer|runtime error'
	# What those that were killed had on their way is gone.
	same "$(ls -A tmp)" ''
}
check "killed at any moment: readers see whole packages, the next run repairs" killed

several() {
	start several
	local i pids=()
	for i in 1 2 3; do tree t$i $i; done
	for i in 1 2 3; do publish --package=hello-$i-1.x86_64 t$i >out.$i 2>err.$i & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i"; done
	same "$(publish --list | wc -l)" 3
	status 0 publish --check
	# Who waits is told for whom; one on another machine is believed for a minute.
	printf 'process 7 on elsewhere\nother/pid 7 99\n1\n' >entry
	s3 PUT /$BUCKET/deb/ug/.lock/0000 @entry >/dev/null
	publish --remove=hello-3-1.x86_64 >out 2>err & pid=$!
	for ((i = 0; i < 100; i++)); do [ ! -s err ] || break; sleep 0.05; done
	says err 'waiting: process 7 on elsewhere changes it'
	sleep 0.5; same "$(publish --list | wc -l)" 3
	s3 DELETE /$BUCKET/deb/ug/.lock/0000 >/dev/null
	wait $pid
	says out 'hello-3-1\.x86_64: removed'
	# One of this machine that is no more is not waited for.
	printf 'process 99999999 here\n%s/%s 99999999 1\n1\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(readlink /proc/self/ns/pid)" >entry
	s3 PUT /$BUCKET/deb/ug/.lock/0000 @entry >/dev/null
	status 0 publish --remove=hello-2-1.x86_64
	says err 'process 99999999 here was changing it and is no more'
	same "$(s3_keys | grep -c lock)" 0
}
check "several publishers at once; who waits is told for whom" several
finish
