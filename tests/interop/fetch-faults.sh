# SPDX-License-Identifier: LGPL-2.1-or-later
# What pkgnote fetch makes of servers that misbehave: one row a behaviour. The servers are the
# suite's own (tests/tools/faultd.c), since real ones do not do this on command.
. "$(dirname "$0")/../lib.sh"

FAULTS=$WORK/faults
ID=

prepare() {
	need gcc eu-strip readelf
	mkdir -p "$FAULTS/root/wrong" && cd "$FAULTS"
	gcc -std=c17 -D_GNU_SOURCE -O1 -o faultd "$TOP"/tests/tools/faultd*.c -ldeflate -pthread ||
		skip "faultd does not build: libdeflate and its headers are needed"
	for i in $(seq 400); do echo "int number_$i(int x) { return x * $i + number_0; }"; done >many.h
	printf 'static int number_0;\n#include "many.h"\nint main(void) { return number_7(1); }\n' >main.c
	printf '#include <stdio.h>\nint main(void) { return puts("other"); }\n' >other.c
	gcc -g -O1 -Wl,--build-id -o main main.c
	gcc -g -Wl,--build-id -o root/wrong/other other.c
	gcc -g -Wl,--build-id=none -o root/wrong/noid main.c
	ID=$(readelf -n main | sed -n 's/.*Build ID: //p')
	mkdir -p "root/buildid/$ID/source/src/empty" "root/buildid/$ID/section"
	eu-strip -f "root/buildid/$ID/debuginfo" -o "root/buildid/$ID/executable" main
	# A stripped executable of the same build-id without its symbols, and its debug file.
	cp "root/buildid/$ID/debuginfo" root/wrong/debuginfo
	cp "root/buildid/$ID/executable" root/wrong/executable
	cp main.c "root/buildid/$ID/source/src/main.c"
	: >"root/buildid/$ID/source/src/empty.c"
	echo '<html>' >"root/buildid/$ID/source/src/page.html"
	: >log
	./faultd "$PWD/root" "$PWD/log" 240 >port &
	echo $! >pid
	for _ in $(seq 100); do [ -s port ] && break; sleep 0.05; done
	[ -s port ]
	echo "$ID" >id
}
check "the fault server starts" prepare
# shellcheck disable=SC2064
[ -f "$FAULTS/pid" ] && trap "kill $(cat "$FAULTS/pid") 2>/dev/null; rm -rf '$WORK'" EXIT
if [ ! -s "$FAULTS/port" ]; then finish; fi
ID=$(cat "$FAULTS/id") PORT=$(cat "$FAULTS/port")

# The URL of server number $2 of row $1, which does $3.
server_url() {
	case $3 in
	closed) echo "http://127.0.0.1:1" ;;
	nohost) echo "http://no-such-host.invalid" ;;
	tls) echo "https://127.0.0.1:$PORT" ;;
	share) echo "file://$FAULTS/root" ;;
	emptyshare) mkdir -p "$FAULTS/emptyshare"; echo "file://$FAULTS/emptyshare" ;;
	noshare) echo "file://$FAULTS/no-such-share" ;;
	*) echo "http://127.0.0.1:$PORT/t$1s$2=$3" ;;
	esac
}

# One row: ROW is "servers | options | what | outcome | exit status | cached | requests", where
# servers are steps of faultd, cached is what the cache holds afterwards, and requests says how many
# each server saw. A row's options start from --retries=2 --backoff=0.
run_row() {
	local servers options what outcome code cached requests i=0 counts='' arguments=()
	IFS='|' read -r servers options what outcome code cached requests <<<"$ROW"
	for step in $servers; do
		i=$((i + 1))
		arguments+=("--server=$(server_url "$NUMBER" $i "$step")")
	done
	read -r outcome <<<"$outcome"
	read -r code <<<"$code"
	read -r cached <<<"$cached"
	read -r requests <<<"$requests"
	set -f
	case $(echo $what) in
	source) what="source $ID /src/main.c" ;;
	source\ *) what="source $ID ${what#* source }" ;;
	*) what="$(echo $what) $ID" ;;
	esac
	# shellcheck disable=SC2086
	status "$code" "$PKGNOTE" fetch --json --cache="$PWD/cache$NUMBER" "${arguments[@]}" --retries=2 \
		--backoff=0 --cache-absent=60 $options $what
	says out "\"outcome\":\"$outcome\",\"path\""
	says err ": $outcome"
	if [ "$outcome" = found ]; then
		path=$(sed 's/.*"path":"\([^"]*\)".*/\1/' out)
		set -- $what
		cmp "$path" "$FAULTS/root/buildid/$ID/$1${3:-}"
	fi
	# The cache: nothing but what is wanted, and no leftovers of any try.
	found=$(find "cache$NUMBER" -type f ! -name .cleaned ! -name .lock ! -name '.silent-*' ! -name .proofs -printf '%f\n' | sed 's/-[0-9a-f]\{32\}-.*//' |
		sort | tr '\n' ' ')
	same "$(echo $found)" "$cached"
	for j in $(seq $i); do
		counts="$counts $(grep -c "^t${NUMBER}s${j}r\? " "$FAULTS/log" || true)"
	done
	same "$(echo $counts)" "$requests"
}

NUMBER=0
rows() {
	local title
	while IFS= read -r line; do
		case $line in '' | '#'*) continue ;; esac
		title=${line%%|*}
		ROW=${line#*|}
		NUMBER=$((NUMBER + 1))
		title=$(echo $title)
		check "$title" run_row
	done
}

rows <<'ROWS'
# title                               | servers            | options       | what       | outcome | exit | cache afterwards | requests
good, with both lengths               | ok                 |               | debuginfo  | found | 0 | debuginfo | 1
good executable                       | ok                 |               | executable | found | 0 | executable | 1
good source                           | ok                 |               | source     | found | 0 | source | 1
a source that is empty                | ok                 |               | source /src/empty.c | found | 0 | source | 1
a source that is a page               | html               |               | source     | authentication wanted | 3 |  | 1
a source named .html                  | ok                 |               | source /src/page.html | found | 0 | source | 1
Content-Length alone                  | plain              |               | debuginfo  | found | 0 | debuginfo | 1
chunked                               | chunked            |               | debuginfo  | found | 0 | debuginfo | 1
ELF without a length                  | no_length          |               | debuginfo  | found | 0 | debuginfo | 1
source without a length               | no_length          |               | source     | rejected | 3 |  | 1
early hints before the answer         | interim            |               | debuginfo  | found | 0 | debuginfo | 1
slow headers                          | slow_headers       | --timeout=5   | debuginfo  | found | 0 | debuginfo | 1
slow body                             | slow_body          | --timeout=5   | debuginfo  | found | 0 | debuginfo | 1
204                                   | 204                |               | debuginfo  | rejected | 3 |  | 1
206                                   | 206                |               | debuginfo  | rejected | 3 |  | 1
304                                   | 304                |               | debuginfo  | rejected | 3 |  | 1
400                                   | 400                |               | debuginfo  | absent | 1 |  debuginfo.absent | 1
401                                   | 401                |               | debuginfo  | authentication wanted | 3 |  | 1
403                                   | 403                |               | debuginfo  | authentication wanted | 3 |  | 1
404                                   | 404                |               | debuginfo  | absent | 1 | debuginfo.absent | 1
404 with a long page                  | error_page         |               | debuginfo  | absent | 1 | debuginfo.absent | 1
404 whose page breaks off             | error_page_cut     |               | debuginfo  | absent | 1 | debuginfo.absent | 1
406                                   | 406                | --max-size=9  | debuginfo  | too large | 3 |  | 1
408 then good                         | 408,ok             |               | debuginfo  | found | 0 | debuginfo | 2
410                                   | 410                |               | debuginfo  | absent | 1 | debuginfo.absent | 1
421, for another host                 | 421                | --retries=0   | debuginfo  | unavailable | 3 |  | 1
425, too early, then good             | 425,ok             |               | debuginfo  | found | 0 | debuginfo | 2
511, a captive portal                 | 511                |               | debuginfo  | authentication wanted | 3 |  | 1
407, a proxy's word                   | 407                |               | debuginfo  | authentication wanted | 3 |  | 1
418                                   | 418                |               | debuginfo  | absent | 1 | debuginfo.absent | 1
429 then good                         | 429,ok             |               | debuginfo  | found | 0 | debuginfo | 2
429 with Retry-After                  | 429@1,ok           |               | debuginfo  | found | 0 | debuginfo | 2
429 with Retry-After over the deadline | 429@60,ok         | --deadline=3  | debuginfo  | unavailable | 3 |  | 1
429 with Retry-After of a day         | 503@86400,ok       |               | debuginfo  | unavailable | 3 |  | 1
500                                   | 500                |               | debuginfo  | unavailable | 3 |  | 3
502 then 504 then good                | 502,504,ok         |               | debuginfo  | found | 0 | debuginfo | 3
503 and no retries                    | 503,ok             | --retries=0   | debuginfo  | unavailable | 3 |  | 1
503 then absent                       | 503,404            |               | debuginfo  | absent | 1 | debuginfo.absent | 2
a status that there is not            | 999                |               | debuginfo  | unavailable | 3 |  | 3
nobody listens                        | closed             |               | debuginfo  | unavailable | 3 |  | 0
a host that there is not              | nohost             | --timeout=2 --retries=0 | debuginfo  | unavailable | 3 |  | 0
TLS to a server without TLS           | tls                |               | debuginfo  | unavailable | 3 |  | 0
reset before an answer, then good     | reset_early,ok     |               | debuginfo  | found | 0 | debuginfo | 2
closed before an answer               | close_early        |               | debuginfo  | unavailable | 3 |  | 3
reset in the headers, then good       | reset_headers,ok   |               | debuginfo  | found | 0 | debuginfo | 2
closed in the headers                 | close_headers      | --retries=1   | debuginfo  | unavailable | 3 |  | 2
reset in the body, then good          | reset_body,ok      |               | debuginfo  | found | 0 | debuginfo | 2
reset in the body, always             | reset_body         |               | debuginfo  | unavailable | 3 |  | 3
closed in the body, then good         | close_body,ok      |               | debuginfo  | found | 0 | debuginfo | 2
the last byte missing, then good      | close_last_byte,ok |               | source     | found | 0 | source | 2
closed in a chunk, then good          | chunked_short,ok   |               | debuginfo  | found | 0 | debuginfo | 2
chunks that are none                  | chunked_garbage    | --retries=1   | debuginfo  | unavailable | 3 |  | 2
chunked, ended too early              | chunked_cut        |               | debuginfo  | rejected | 3 |  | 1
no length, ended too early            | no_length_short    |               | debuginfo  | rejected | 3 |  | 1
stall before the headers              | stall_connect,ok   | --timeout=1   | debuginfo  | unavailable | 3 |  | 1
stall before the headers, first byte  | stall_connect,ok   | --first-byte=1 | debuginfo  | unavailable | 3 |  | 1
stall before the headers, another has it | stall_connect slow_headers | --first-byte=3 | debuginfo  | found | 0 | debuginfo | 1 1
absent, and another is silent         | 404 stall_connect  | --grace=0.5   | debuginfo  | absent | 1 |  | 1 1
absent, and another is slow           | 404 slow_headers   |               | debuginfo  | found | 0 | debuginfo | 1 1
stall in the headers                  | stall_headers      | --timeout=1 --retries=0 | debuginfo | unavailable | 3 |  | 1
stall in the body, then good          | stall_body,ok      | --timeout=1   | debuginfo  | found | 0 | debuginfo | 2
headers that drip                     | drip_headers       | --timeout=1 --retries=0 | debuginfo | unavailable | 3 |  | 1
a body that drips                     | drip_body          | --timeout=1 --retries=0 | debuginfo | unavailable | 3 |  | 1
the deadline passes                   | stall_body         | --deadline=1  | debuginfo  | unavailable | 3 |  | 1
bytes after the body                  | long               |               | debuginfo  | found | 0 | debuginfo | 1
Content-Length too small              | length_less        |               | debuginfo  | rejected | 3 |  | 1
X-DEBUGINFOD-SIZE too large           | size_more          |               | debuginfo  | rejected | 3 |  | 1
X-DEBUGINFOD-SIZE too large, chunked  | size_more_chunked  |               | source     | rejected | 3 |  | 1
X-DEBUGINFOD-SIZE too small, chunked  | size_less_chunked  |               | source     | rejected | 3 |  | 1
X-DEBUGINFOD-SIZE is a word           | size_word          |               | debuginfo  | rejected | 3 |  | 1
two lengths                           | two_lengths        |               | source     | rejected | 3 |  | 1
a negative length                     | negative_length    |               | source     | rejected | 3 |  | 1
a length beyond 64 bits               | huge_length        |               | source     | rejected | 3 |  | 1
not ELF                               | not_elf            |               | debuginfo  | rejected | 3 |  | 1
a login page                          | html               |               | debuginfo  | authentication wanted | 3 |  | 1
ELF truncated, lengths agree          | truncated          |               | debuginfo  | rejected | 3 |  | 1
an ELF header alone                   | header_only        |               | executable | rejected | 3 |  | 1
four bytes                            | magic_only         |               | debuginfo  | rejected | 3 |  | 1
empty                                 | empty              |               | debuginfo  | rejected | 3 |  | 1
empty, chunked                        | empty_chunked      |               | executable | rejected | 3 |  | 1
another build-id                      | wrong_id           |               | debuginfo  | rejected | 3 |  | 1
no build-id                           | no_id              |               | executable | rejected | 3 |  | 1
the executable for debuginfo          | executable         |               | debuginfo  | rejected | 3 |  | 1
the debug file for the executable     | debug_file         |               | executable | rejected | 3 |  | 1
gzip                                  | gzip               |               | debuginfo  | found | 0 | debuginfo | 1
gzip without X-DEBUGINFOD-SIZE        | gzip_no_size       |               | source     | found | 0 | source | 1
gzip, chunked                         | gzip_chunked       |               | debuginfo  | found | 0 | debuginfo | 1
gzip, corrupt                         | gzip_corrupt       |               | debuginfo  | rejected | 3 |  | 1
gzip, cut                             | gzip_cut           |               | debuginfo  | rejected | 3 |  | 1
gzip said, none there                 | gzip_not           |               | source     | rejected | 3 |  | 1
an unknown encoding                   | encoding_unknown   |               | source     | rejected | 3 |  | 1
a decompression bomb                  | bomb               |               | debuginfo  | rejected | 3 |  | 1
a body without end, bounded           | endless            | --max-size=1M | debuginfo  | too large | 3 |  | 1
a declared size over the bound        | ok                 | --max-size=1K | debuginfo  | too large | 3 |  | 1
redirect                              | redirect           |               | debuginfo  | found | 0 | debuginfo | 2
redirect 301                          | redirect_301       |               | debuginfo  | found | 0 | debuginfo | 2
redirect 307, relative                | redirect_307       |               | debuginfo  | found | 0 | debuginfo | 2
redirect 308, relative                | redirect_308       |               | source     | found | 0 | source | 2
redirect to another host              | redirect_host      |               | debuginfo  | found | 0 | debuginfo | 2
redirect in a loop                    | redirect_loop      |               | debuginfo  | rejected | 3 |  | 9
redirect to a file                    | redirect_file      |               | debuginfo  | rejected | 3 |  | 1
redirect to ftp                       | redirect_ftp       |               | debuginfo  | rejected | 3 |  | 1
redirect without a Location           | redirect_nowhere   |               | debuginfo  | rejected | 3 |  | 1
redirect to where nobody listens      | redirect_dead      | --retries=1   | debuginfo  | unavailable | 3 |  | 2
not HTTP at all                       | garbage            |               | debuginfo  | rejected | 3 |  | 1
headers without end                   | huge_header        |               | debuginfo  | rejected | 3 |  | 1
a share on disk                       | share              |               | debuginfo  | found | 0 |  | 0
a share without it                    | emptyshare         |               | debuginfo  | absent | 1 |  | 0
a share that is not mounted           | noshare            |               | debuginfo  | unavailable | 3 |  | 0
a share and a server                  | 404 share          |               | debuginfo  | found | 0 |  | 0 0
absent and good                       | 404 ok             |               | debuginfo  | found | 0 | debuginfo | 1 1
three, the slow one has it            | 404 503 slow_headers |             | debuginfo  | found | 0 | debuginfo | 1 1 1
absent decides over 503               | 404 503            |               | debuginfo  | absent | 1 |  | 1 1
all must deny: 503 is asked again     | 404 503            | --absent=all  | debuginfo  | unavailable | 3 |  | 1 3
all must deny, and do                 | 404 410            | --absent=all  | debuginfo  | absent | 1 | debuginfo.absent | 1 1
all must deny: it comes late          | 404 503,ok         | --absent=all  | debuginfo  | found | 0 | debuginfo | 1 2
absent over authentication            | 401 404            |               | debuginfo  | absent | 1 |  | 1 1
authentication over unavailable       | 401 503            | --retries=1   | debuginfo  | authentication wanted | 3 |  | 1 2
authentication, and another has it    | 403 ok             |               | debuginfo  | found | 0 | debuginfo | 1 1
too large over unavailable            | 406 503            | --retries=0   | debuginfo  | too large | 3 |  | 1 1
unavailable over rejected             | wrong_id 503       | --retries=0   | debuginfo  | unavailable | 3 |  | 1 1
wrong build-id, and another has it    | wrong_id slow_headers |            | debuginfo  | found | 0 | debuginfo | 1 1
a leader that breaks off, one waits   | reset_body slow_headers |          | debuginfo  | found | 0 | debuginfo | 1 1
a leader that stalls, one waits       | stall_body slow_headers | --timeout=1 | debuginfo | found | 0 | debuginfo | 1 1
a leader that lies, two wait          | truncated slow_headers slow_headers | | debuginfo | found | 0 | debuginfo | 1 1 1
two that lie                          | truncated wrong_id |               | debuginfo  | rejected | 3 |  | 1 1
absent over a lie                     | wrong_id 404       |               | debuginfo  | absent | 1 |  | 1 1
two fail, then one has it             | 503 503,ok         |               | debuginfo  | found | 0 | debuginfo | 2 2
nobody listens, another has it        | closed ok          |               | debuginfo  | found | 0 | debuginfo | 0 1
ROWS
finish
