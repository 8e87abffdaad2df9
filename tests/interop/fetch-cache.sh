# SPDX-License-Identifier: LGPL-2.1-or-later
# Many processes and one cache; interrupts; memory of absence and of dead servers; where secrets go.
# The server is the suite's own (tests/tools/faultd.c).
. "$(dirname "$0")/../lib.sh"

FAULTS=$WORK/faults

prepare() {
	need gcc eu-strip readelf perl
	mkdir -p "$FAULTS/root" && cd "$FAULTS"
	gcc -std=c17 -D_GNU_SOURCE -O1 -o faultd "$TOP"/tests/tools/faultd*.c -ldeflate -pthread ||
		skip "faultd does not build: libdeflate and its headers are needed"
	for i in $(seq 300); do echo "int number_$i(int x) { return x * $i; }"; done >main.c
	echo 'int main(void) { return number_7(1); }' >>main.c
	gcc -g -O1 -Wl,--build-id=sha1 -o main main.c
	eu-strip -f main.debug main
	# Ten files that differ in their build-ids alone.
	readelf -n main | sed -n 's/.*Build ID: //p' >id
	perl -e '
		open my $in, "<:raw", "main.debug" or die; local $/; my $bytes = <$in>;
		my $id = $ARGV[0]; my $at = index $bytes, pack "H*", $id;
		for my $i (0 .. 9) {
			my $new = sprintf "%08x%s", $i, substr $id, 8;
			substr($bytes, $at, 20) = pack "H*", $new; print "$new\n";
			mkdir "root/buildid"; mkdir "root/buildid/$new";
			open my $out, ">:raw", "root/buildid/$new/debuginfo" or die;
			print $out $bytes; close $out;
		}' "$(cat id)" >ids
	: >log
	./faultd "$PWD/root" "$PWD/log" 240 >port &
	echo $! >pid
	for _ in $(seq 100); do [ -s port ] && break; sleep 0.05; done
	[ -s port ]
	echo ready >ready
}
check "the fault server starts" prepare
# shellcheck disable=SC2064
[ -f "$FAULTS/pid" ] && trap "kill $(cat "$FAULTS/pid") 2>/dev/null; rm -rf '$WORK'" EXIT
if [ ! -f "$FAULTS/ready" ]; then finish; fi
HOST=http://127.0.0.1:$(cat "$FAULTS/port")
ID=$(head -1 "$FAULTS/ids")
asked() { grep -c "^$1 " "$FAULTS/log" || true; }
proofs() { python3 "$TOP/tests/tools/proofs.py" "$@"; }
# What lies in cache c is what the server has, and one log of proofs; nothing else is there.
check_cache() {
	find c -name debuginfo | while read -r file; do
		cmp "$file" "$FAULTS/root/buildid/$(basename "$(dirname "$file")")/debuginfo"
	done
	same "$(find c -type f ! -name debuginfo ! -name .proofs ! -name .lock ! -name .cleaned)" ""
}

twenty_processes_download_once() {
	local pids=()
	for _ in $(seq 20); do
		"$PKGNOTE" fetch -q --cache=c --server="$HOST/once=slow_body" debuginfo "$ID" >>paths &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	same "$(sort -u paths | wc -l) $(wc -l <paths)" "1 20"
	same "$(asked once)" 1
	check_cache
}
check "twenty processes that want one file download it once" twenty_processes_download_once

a_killed_holder_is_replaced() {
	"$PKGNOTE" fetch -q --cache=c --server="$HOST/held=stall_body" debuginfo "$ID" >/dev/null 2>&1 &
	local holder=$!
	for _ in $(seq 100); do [ "$(asked held)" = 1 ] && break; sleep 0.02; done
	"$PKGNOTE" fetch -q --cache=c --server="$HOST/next=ok" debuginfo "$ID" >paths &
	local waiter=$!
	sleep 0.3
	same "$(asked next)" 0
	kill -9 $holder
	wait $waiter
	check_cache
	same "$(asked next)" 1
}
check "where the process that downloads is killed, another takes over" a_killed_holder_is_replaced

two_hundred_processes_with_kills() {
	local all=() killed=0
	mapfile -t ids <"$FAULTS/ids"
	for i in $(seq 200); do
		one=${ids[$((i % 10))]} two=${ids[$((i * 7 % 10))]} three=${ids[$((i * 3 % 10))]}
		step=$((i % 4))
		steps=(slow_body reset_body,ok chunked 503,truncated,ok)
		"$PKGNOTE" fetch -q --cache=c --backoff=0 --retries=2 --timeout=20 \
			--server="$HOST/many$i=${steps[step]}" debuginfo "$one" "$two" "$three" >/dev/null 2>&1 &
		all+=($!)
		if [ $((i % 5)) = 0 ]; then
			kill -9 "${all[$((i - 1 - i % 3))]}" 2>/dev/null || true
			killed=$((killed + 1))
		fi
	done
	for pid in "${all[@]}"; do wait "$pid" 2>/dev/null || true; done
	check_cache
	# Nobody holds a lock any more, and everything is found without a server, or not at all.
	status 0 "$PKGNOTE" fetch -q --cache=c --server="$HOST/last=ok" debuginfo "${ids[@]}"
	same "$(wc -l <out)" 10
	check_cache
	same "$killed" 40
}
check "two hundred processes, overlapping keys, forty kills: no wrong byte" two_hundred_processes_with_kills

an_interrupt_ends_at_once() {
	for step in stall_connect stall_headers stall_body; do
		# A shell's background jobs ignore SIGINT; env gives it back.
		env --default-signal=INT "$PKGNOTE" fetch -q --cache=c --server="$HOST/int$step=$step" \
			debuginfo "$ID" >out 2>err &
		local pid=$!
		for _ in $(seq 100); do [ "$(asked int$step)" = 1 ] && break; sleep 0.02; done
		sleep 0.2
		interrupt $pid
		same "$(find c -type f ! -name .lock ! -name .cleaned)" ""
	done
}
check "Ctrl-C ends within 100 ms and leaves nothing" an_interrupt_ends_at_once

absent_is_remembered_and_errors_are_not() {
	status 1 "$PKGNOTE" fetch --cache=c --server="$HOST/gone=404" debuginfo "$ID"
	status 1 "$PKGNOTE" fetch --cache=c --server="$HOST/gone=404" debuginfo "$ID"
	says err 'absent: .*said so a while ago'
	same "$(asked gone)" 1
	status 1 "$PKGNOTE" fetch --cache=c --cache-absent=0 --server="$HOST/gone=404" debuginfo "$ID"
	same "$(asked gone)" 2
	# Another set of servers may have it; and once it is there, it is no longer absent.
	status 0 "$PKGNOTE" fetch --cache=c --server="$HOST/gone=404" --server="$HOST/here=ok" debuginfo "$ID"
	for code in 500 401 429; do
		status 3 "$PKGNOTE" fetch --cache=d --retries=0 --server="$HOST/err$code=$code" debuginfo "$ID"
		status 3 "$PKGNOTE" fetch --cache=d --retries=0 --server="$HOST/err$code=$code" debuginfo "$ID"
		same "$(asked err$code)" 2
	done
	# One says absent, the other failed: absent is said, and not remembered.
	status 1 "$PKGNOTE" fetch --cache=d --server="$HOST/say=404" --server="$HOST/fail=500" debuginfo "$ID"
	status 1 "$PKGNOTE" fetch --cache=d --server="$HOST/say=404" --server="$HOST/fail=500" debuginfo "$ID"
	same "$(asked say)" 2
}
check "absent is remembered, errors never" absent_is_remembered_and_errors_are_not

a_dead_server_is_not_waited_for_again() {
	mapfile -t ids <"$FAULTS/ids"
	start=$(date +%s)
	status 3 "$PKGNOTE" fetch --cache=c --timeout=1 --retries=0 --server="$HOST/dead=stall_connect" \
		debuginfo "${ids[@]}" "${ids[@]}" "${ids[@]}" "${ids[@]}"
	[ $(($(date +%s) - start)) -lt 5 ] || fail "each file waited for the dead server"
	says err 'not asked: no answer for 1 s'
}
check "a dead server is remembered for the rest of the run" a_dead_server_is_not_waited_for_again

secrets_stay_where_they_belong() {
	local secret='X-Secret: hush'
	status 0 "$PKGNOTE" fetch -v --cache=c --header="$secret" --server="$HOST/same=redirect" debuginfo "$ID"
	says "$FAULTS/log" '^same redirect hush$'
	says "$FAULTS/log" '^samer ok hush$'
	says_not err hush
	# Another host, even another name of the same one, does not get it.
	status 0 "$PKGNOTE" fetch -v --cache=d --header="$secret" --server="$HOST/away=redirect_host" debuginfo "$ID"
	says "$FAULTS/log" '^away redirect_host hush$'
	says "$FAULTS/log" '^awayr ok -$'
	# Meant for one server alone.
	status 1 "$PKGNOTE" fetch -v --cache=e --header="$HOST/mine=404 $secret" \
		--server="$HOST/mine=404" --server="$HOST/other=404" debuginfo "$ID"
	says "$FAULTS/log" '^mine 404 hush$'
	says "$FAULTS/log" '^other 404 -$'
	# From a file; names and passwords in URLs are not shown.
	printf '%s\n' "$secret" >headers
	status 1 "$PKGNOTE" fetch -v --json --cache=f --headers-file=headers \
		--server="http://me:pass%40word@${HOST#http://}/file=404" debuginfo "$ID"
	says "$FAULTS/log" '^file 404 hush$'
	says_not err 'word|hush'
	says_not out 'word|hush'
	printf 'A: b\r\n' >headers
	status 3 "$PKGNOTE" fetch --cache=f --headers-file=headers --server="$HOST/x=404" debuginfo "$ID"
}
check "secrets go to their host, not across redirects, not into logs" secrets_stay_where_they_belong

a_section_is_no_silent_download() {
	need objcopy
	status 1 "$PKGNOTE" fetch --cache=c --server="$HOST/sect=404,ok" section "$ID" .debug_line
	same "$(asked sect)" 1
	status 0 "$PKGNOTE" fetch --cache=d --section-fallback --server="$HOST/fall=404,ok" section "$ID" .debug_line
	same "$(asked fall)" 2
	objcopy -O binary --only-section=.debug_line --set-section-flags .debug_line=alloc \
		"$FAULTS/root/buildid/$ID/debuginfo" want
	cmp "$(cat out)" want
}
check "a section becomes a full download on request alone" a_section_is_no_silent_download

entries_are_bound_to_their_names() {
	local other=ffffffffffffffffffffffffffffffffffffffff
	status 0 "$PKGNOTE" fetch --cache=c --server="$HOST/bind=ok" debuginfo "$ID"
	# Copied as a whole (a cache that a pipeline saved and restored) it is still good.
	cp -r c d
	status 0 "$PKGNOTE" fetch --cache=d debuginfo "$ID"
	mv "c/$ID" c/$other
	status 3 "$PKGNOTE" fetch --cache=c debuginfo $other
	cp -r "d/$ID" d/$other
	status 3 "$PKGNOTE" fetch --cache=d debuginfo $other
	proofs d "$ID" "key=$other/debuginfo"
	status 3 "$PKGNOTE" fetch --cache=d debuginfo $other
	rm -r d; mv "c/$other" "c/$ID"; mv c d
	status 0 "$PKGNOTE" fetch --cache=d debuginfo "$ID"
	# One bit, with the time put back.
	chmod 600 "d/$ID/debuginfo"
	touch -r "d/$ID/debuginfo" stamp
	printf '\377' | dd of="d/$ID/debuginfo" bs=1 seek=3000 conv=notrunc status=none
	touch -r stamp "d/$ID/debuginfo"
	status 3 "$PKGNOTE" fetch --cache=d debuginfo "$ID"
	status 0 "$PKGNOTE" fetch --cache=d --server="$HOST/heal=ok" debuginfo "$ID"
	cmp "$(cat out)" "$FAULTS/root/buildid/$ID/debuginfo"
}
check "what was renamed or changed in the cache is not believed" entries_are_bound_to_their_names

a_power_cut_is_seen() {
	local file=c/$ID/debuginfo now other=0123456789abcdef0123456789abcdef zeros=00000000000000000000000000000000
	[ -r /proc/sys/kernel/random/boot_id ] || skip "no boot id here"
	boot() { proofs c "$ID" | cut -d ' ' -f 1,6; }
	now=$(tr -d - </proc/sys/kernel/random/boot_id)
	status 0 "$PKGNOTE" fetch --cache=c --server="$HOST/cut=ok" debuginfo "$ID"
	same "$(boot)" "3 $now"
	# Of an earlier boot, and whole: found, and looked at once.
	proofs c "$ID" boot=$other
	status 0 "$PKGNOTE" fetch --cache=c debuginfo "$ID"
	same "$(boot)" "3 $zeros"
	cp c/.proofs before
	status 0 "$PKGNOTE" fetch --cache=c debuginfo "$ID"
	cmp before c/.proofs
	# What a cut leaves: size and times, and zeros for contents.
	chmod 600 "$file"; cp "$file" whole; truncate -s 4096 "$file"; truncate -s "$(stat -c %s whole)" "$file"
	proofs c "$ID" boot=$other fit=1
	status 3 "$PKGNOTE" fetch --cache=c debuginfo "$ID"
	status 0 "$PKGNOTE" fetch --cache=c --server="$HOST/cut=ok" debuginfo "$ID"
	cmp "$(cat out)" "$FAULTS/root/buildid/$ID/debuginfo"
	: >c/.proofs
	status 3 "$PKGNOTE" fetch --cache=c debuginfo "$ID"
	status 0 "$PKGNOTE" fetch --cache=c --server="$HOST/cut=ok" debuginfo "$ID"
}
check "what came before the machine started is looked at again, once" a_power_cut_is_seen

# A cache as it was before there was a log: each proof in a file of its own, by FORMAT (1 had no boot).
beside() { # FORMAT BOOT FILE
	local words
	read -r -a words < <(proofs c "$ID")
	echo "$1 $(stat -c %s "$3") ${words[2]} $(stat -c %i "$3") $(stat -c %.9Z "$3" | tr -d .)${2:+ $2} $ID/debuginfo" >"$3.proof"
	rm -f c/.proofs
}
an_old_cache_is_believed() {
	local file=c/$ID/debuginfo now other=0123456789abcdef0123456789abcdef zeros=00000000000000000000000000000000
	[ -r /proc/sys/kernel/random/boot_id ] || skip "no boot id here"
	now=$(tr -d - </proc/sys/kernel/random/boot_id)
	status 0 "$PKGNOTE" fetch --cache=c --server="$HOST/old=ok" debuginfo "$ID"
	cp -a c saved
	for boot in "$now" $other; do
		beside 2 "$boot" "$file"
		status 0 "$PKGNOTE" fetch --cache=c debuginfo "$ID"
		[ ! -e c/.proofs ]
		same "$(cut -d ' ' -f 6 "$file.proof")" "$([ "$boot" = "$now" ] && echo "$now" || echo $zeros)"
		cp saved/.proofs c
	done
	beside 1 "" "$file"
	status 0 "$PKGNOTE" fetch --cache=c debuginfo "$ID"
	same "$(cut -d ' ' -f 1,6 "$file.proof")" "2 $now"
	# Its last use counts where it is cleaned.
	touch -d '3 days ago' "$file.proof"
	status 0 "$PKGNOTE" fetch --cache=c debuginfo "$ID"
	status 0 "$PKGNOTE" fetch --cache=c --cache-age=86400 --cache-clean
	[ -f "$file" ]
	touch -d '3 days ago' "$file.proof"
	status 0 "$PKGNOTE" fetch --cache=c --cache-age=86400 --cache-clean
	[ ! -e "c/$ID" ]
	# A file that is not what its proof says, and half a proof.
	rm -r c; cp -r saved c
	beside 2 "$now" "$file"
	chmod 600 "$file"; printf '\377' | dd of="$file" bs=1 seek=3000 conv=notrunc status=none
	status 3 "$PKGNOTE" fetch --cache=c debuginfo "$ID"
	: >"$file.proof"
	status 3 "$PKGNOTE" fetch --cache=c debuginfo "$ID"
	status 0 "$PKGNOTE" fetch --cache=c --server="$HOST/old=ok" debuginfo "$ID"
	status 0 "$PKGNOTE" fetch --cache=c debuginfo "$ID"
}
check "a cache with a proof beside each file is believed as it was" an_old_cache_is_believed

a_broken_log_is_told_and_mended() {
	mapfile -t ids <"$FAULTS/ids"
	status 0 "$PKGNOTE" fetch -q --cache=c --server="$HOST/log=ok" debuginfo "${ids[@]}"
	same "$(proofs c | wc -l)" 10
	sed -i "3s/ 0*[1-9]/ 7/; 5s/.*/rubbish/" c/.proofs
	printf 'half a li' >>c/.proofs
	cp -r c d
	status 3 "$PKGNOTE" fetch --cache=c debuginfo "${ids[@]}"
	says err '/\.proofs: 2 lines are broken'
	same "$(wc -l <out)" 8
	status 3 "$PKGNOTE" fetch --cache=c debuginfo "${ids[@]}"
	says_not err 'broken'
	same "$(proofs c | wc -l)" 8
	status 0 "$PKGNOTE" fetch --cache=c --server="$HOST/log2=ok" debuginfo "${ids[@]}"
	same "$(asked log2)" 2
	check_cache
	# While nobody may write there, what is whole is believed all the same; what is lost or no file is no more than that.
	for log in /dev/null d nowhere; do
		rm -rf e; cp -r c e; rm e/.proofs; ln -s "$log" e/.proofs
		status 0 "$PKGNOTE" fetch --cache=e --server="$HOST/log3=ok" debuginfo "${ids[@]}"
		status 0 "$PKGNOTE" fetch --cache=e debuginfo "${ids[@]}"
	done
	# Several at once that mend, add and clean: what was found stays found.
	rm -rf c; cp -r d c
	local pids=()
	for i in $(seq 12); do
		"$PKGNOTE" fetch -q --cache=c --server="$HOST/log4=ok" debuginfo "${ids[@]}" >>paths & pids+=($!)
		"$PKGNOTE" fetch -q --cache=c --cache-age=86400 --cache-clean >>cleaned & pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	same "$(wc -l <paths)" 120
	status 0 "$PKGNOTE" fetch -q --cache=c debuginfo "${ids[@]}"
	check_cache
}
check "a broken log of proofs is told and mended, by several at once too" a_broken_log_is_told_and_mended

each_user_has_a_log() {
	[ "$(id -u)" = 0 ] || skip "that wants two users"
	need setpriv
	mapfile -t ids <"$FAULTS/ids"
	# Not below a directory that is closed to others.
	local c; c=$(mktemp -d /tmp/pkgnote-shared.XXXXXX); chmod 1777 "$c"
	# shellcheck disable=SC2064
	trap "rm -rf '$c'" EXIT
	cp "$PKGNOTE" "$c/.pkgnote"; chmod 755 "$c/.pkgnote"
	other() { (cd / && setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent "$c/.pkgnote" fetch -q --cache="$c" "$@"); }
	status 0 "$PKGNOTE" fetch -q --cache="$c" --server="$HOST/mine=ok" debuginfo "${ids[0]}"
	status 0 other --server="$HOST/theirs=ok" debuginfo "${ids[1]}"
	status 0 other debuginfo "${ids[1]}"
	status 0 "$PKGNOTE" fetch -q --cache="$c" debuginfo "${ids[0]}"
	same "$(stat -c '%n %a %u' "$c"/.proofs* | sed 's|.*/||')" $'.proofs 600 0\n.proofs-65534 600 65534'
	# Neither cleans away what the other has proofs of.
	find "$c" -name debuginfo -exec touch -a -d '5 hours ago' {} +
	status 0 "$PKGNOTE" fetch --cache="$c" --cache-age=86400 --cache-clean
	says out '^0 files removed'
	status 0 other --cache-age=86400 --cache-clean
	[ -f "$c/${ids[0]}/debuginfo" ] && [ -f "$c/${ids[1]}/debuginfo" ]
	status 0 "$PKGNOTE" fetch --cache="$c" --cache-age=0 --cache-clean
	says out '^2 files removed'
}
check "each user has a log of proofs of his own, and leaves others' files" each_user_has_a_log

on_the_disk_at_the_end() {
	need strace
	strace -f -qq -o log -e trace=syncfs,linkat,exit_group "$PKGNOTE" fetch --cache=c --server="$HOST/disk=ok" debuginfo "$ID" >/dev/null || skip "strace cannot trace here"
	awk '/linkat/ { linked = 1 } /syncfs/ { good = linked } END { exit !good }' log
	# Nothing new, or nobody waits: no wait.
	strace -f -qq -o log -e trace=syncfs,fsync,fdatasync "$PKGNOTE" fetch --cache=c debuginfo "$ID" >/dev/null
	[ ! -s log ]
	strace -f -qq -o log -e trace=syncfs,fsync,fdatasync "$PKGNOTE" fetch --no-sync --cache=d --server="$HOST/disk=ok" debuginfo "$ID" >/dev/null
	[ ! -s log ]
}
check "what was fetched is on the disk at the end, but for --no-sync" on_the_disk_at_the_end

progress_is_shown() {
	status 0 "$PKGNOTE" fetch --progress=always --cache=c --server="$HOST/show=slow_body" debuginfo "$ID"
	says err '\] [01]/1 files, [0-9.]+ MB, [0-9.]+ MB/s, waiting for http'
	status 0 "$PKGNOTE" fetch --cache=d --server="$HOST/hide=slow_body" debuginfo "$ID"
	says_not err 'MB/s'
}
check "progress: files, bytes, speed, what is waited for" progress_is_shown

the_log_tells_each_try() {
	status 0 "$PKGNOTE" fetch -v --backoff=0 --cache=c --server="$HOST/tell=503,reset_body,ok" debuginfo "$ID"
	says err "$HOST/tell=.*try 1: unavailable: 503 \([0-9.]+ s\)"
	says err 'try 2: unavailable: .*\([0-9.]+ s\)'
	says err 'try 3: found: 200'
}
check "-v tells each try, its server, status and time" the_log_tells_each_try
finish
