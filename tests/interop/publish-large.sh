# SPDX-License-Identifier: LGPL-2.1-or-later
# Large files into an object store: in parts, each tried again by itself; and what new objects are told with. OpenStack
# Swift's S3 API, which checks the digest and the signature of each part; curl reads what is there.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../swift.sh"
swift_start

build_id() { readelf -n "$1" 2>/dev/null | sed -n 's/.*Build ID: //p' | head -1; }
publish() { "$PKGNOTE" publish --into=s3://$BUCKET/p "$@"; }

# root: a program of 13 MB, and its debug file of 11, which 5 MB parts make three of; small files beside them.
tree() {
	local nvra=big-1-1.x86_64
	bucket "$1"
	PUBLIC=http://$S3_ADDRESS/v1/AUTH_test/$1/p
	printf '[default]\ns3 =\n  multipart_threshold = 6MB\n  multipart_chunksize = 5MiB\n' >config
	export AWS_CONFIG_FILE=$PWD/config
	mkdir -p root/usr/bin root/usr/lib/debug root/usr/src/debug/$nvra
	head -c 13000000 /dev/urandom >noise; head -c 11000000 /dev/urandom >debug-noise
	echo 'int main(int c, char **v) { (void)v; return c; } /* big */' >root/usr/src/debug/$nvra/big.c
	printf ".section .note.GNU-stack,\"\",@progbits\n.section .rodata\n.incbin \"noise\"\n.section .debug_noise,\"\",@progbits\n.incbin \"debug-noise\"\n" >noise.s
	gcc -g "-ffile-prefix-map=$PWD/root=" -Wl,--build-id -o root/usr/bin/big "$PWD/root/usr/src/debug/$nvra/big.c" noise.s
	eu-strip -f root/usr/lib/debug/big.debug root/usr/bin/big
	ID=$(build_id root/usr/bin/big)
}
is_served() {
	curl -sf "$PUBLIC/buildid/$ID/debuginfo" | cmp - root/usr/lib/debug/big.debug
	curl -sf "$PUBLIC/buildid/$ID/executable" | cmp - root/usr/bin/big
}
# Parts of uploads that nobody has finished.
left() { s3 GET "/$BUCKET?uploads=" | grep -c '<UploadId>' || :; }

in_parts() {
	tree in-parts
	status 0 publish --package=big-1-1.x86_64 root
	is_served
	status 0 publish --check
	says out '1 packages, 3 files, 0 problems'
	same "$(left)" 0
	status 0 publish --package=big-1-1.x86_64 root
	says out 'unchanged.*\(0 new\)'
	s3_keys | sort >before
	status 0 publish --dry-run --package=big-2-1.x86_64 root
	says out '^big-2-1\.x86_64: would be added'
	status 0 publish --dry-run --remove=big-1-1.x86_64
	s3_keys | sort | diff before -
	status 0 publish --remove=big-1-1.x86_64
	same "$(s3_keys)" p/share.json
	for size in 4MB 6GB 1MiB x 5QB -5MB ''; do
		printf '[default]\ns3 =\n  multipart_chunksize = %s\n' "$size" >config
		case $size in '') status 0 publish --list ;; *) status 3 publish --list; says err "multipart_chunksize '$size' is no size from 5MB to 5GB" ;; esac
	done
}
check "large files go in parts, and come as one" in_parts

faulty_parts() {
	tree faulty-parts; proxy
	# What passes: a part, the beginning, the end, and an end whose answer is lost.
	faults '1 PUT executable.partNumber=2 503' '1 PUT executable.partNumber=3 reset' '1 POST debuginfo.uploads 503' '1 POST executable.uploadId late' '1 PUT debuginfo.partNumber=1 late'
	status 0 publish --package=big-1-1.x86_64 root
	faults '0 GET ^$ 503'
	is_served
	status 0 publish --check
	status 0 publish --remove=big-1-1.x86_64
	# What does not is an error; the parts that went are thrown away.
	faults '1000 PUT debuginfo.partNumber=3 503'
	AWS_MAX_ATTEMPTS=2 status 3 publish --package=big-1-1.x86_64 root
	says err 'PUT buildid/.*/debuginfo: 503 SlowDown'
	faults '0 GET ^$ 503'
	same "$(left)" 0
	same "$(s3_keys)" p/share.json
	status 0 publish --package=big-1-1.x86_64 root
	is_served
}
check "parts that fail are sent again; what lasts is an error, and nothing is left" faulty_parts

told_with() {
	tree told-with
	status 0 publish --package=big-1-1.x86_64 --header='x-amz-meta-team: blue team' --header='Content-Disposition: attachment' root
	for kind in debuginfo executable source/usr/src/debug/big-1-1.x86_64/big.c; do
		s3 GET "/$BUCKET/p/buildid/$ID/$kind" -v -o got >head
		says head '^[Cc]ache-[Cc]ontrol: public, max-age=31536000, immutable'
		says head '^[Cc]ontent-[Tt]ype: application/octet-stream'
		says head '^[Cc]ontent-[Dd]isposition: attachment'
		says head '^x-amz-meta-team: blue team'
	done
	s3 GET "/$BUCKET/p/share.json" -v >head
	says head '^[Cc]ontent-[Tt]ype: application/json'
	says_not head 'immutable|attachment'
	status 0 publish --remove=big-1-1.x86_64
	status 0 publish --package=big-1-1.x86_64 --header='cache-control: max-age=60' root
	s3 GET "/$BUCKET/p/buildid/$ID/executable" -v -o got >head
	says head '^[Cc]ache-[Cc]ontrol: max-age=60'
	same "$(grep -ci '^cache-control' head)" 1
	for bad in 'Authorization: x' 'x-amz-date: 1' 'Host: h' 'plain' ': x' 'x-amz-acl:' 'x-amz-acl: a
b' 'Content-Encoding: gzip' 'x-amz-meta-sha256: 0' 'x-amz-meta-size: 0'; do
		status 2 publish --header="$bad" root
		says err '^pkgnote publish: --header='
	done
	status 2 "$PKGNOTE" publish --into=directory --header='x-amz-acl: private' root
	says err 'for an object store'
	[ ! -e directory ]
}
check "what new objects are told with: caches, types, and headers of the user's" told_with

# A program of much text and one of noise, whose debug files are large and small: encoding pays for the former alone.
texts() {
	tree "$1"
	yes '/* the same again */' | head -500 >>root/usr/src/debug/big-1-1.x86_64/big.c
	head -c 12000000 /dev/zero | od -An -v -w16 -tx1 >text
	printf ".section .note.GNU-stack,\"\",@progbits\n.section .debug_text,\"\",@progbits\n.incbin \"text\"\n" >text.s
	gcc -g "-ffile-prefix-map=$PWD/root=" -Wl,--build-id -o root/usr/bin/text "$PWD/root/usr/src/debug/big-1-1.x86_64/big.c" text.s
	eu-strip -f root/usr/lib/debug/text.debug root/usr/bin/text
	TEXT=$(build_id root/usr/bin/text)
}
# stored KEY: as the store has it, its headers in ./head.
stored() { s3 GET "/$BUCKET/p/$1" -v -o got >head; }
# Each kind of damage to an encoded object: told beside the others, taken out by --repair, and brought by publishing again. The size
# that it was put with does not let it pass for what was published, whatever its other headers say.
damages_are_mended() {
	local damage key=buildid/$TEXT/debuginfo headers
	stored "$key"; cp got whole
	headers=("content-encoding:$1" "x-amz-meta-sha256:$(sha256sum <root/usr/lib/debug/text.debug | cut -d' ' -f1)" "x-amz-meta-size:$(stat -c %s whole)")
	for damage in check end tail zeros empty; do
		cp whole damaged
		case $damage in
		check) printf '\001\002' | dd of=damaged bs=1 seek=$(($(stat -c %s whole) - 6)) conv=notrunc status=none ;;
		end) truncate -s -100 damaged ;;
		tail) printf more >>damaged ;;
		zeros) head -c "$(stat -c %s whole)" /dev/zero >damaged ;;
		empty) : >damaged ;;
		esac
		s3 PUT "/$BUCKET/p/$key" @damaged "${headers[@]}" >/dev/null
		s3 DELETE "/$BUCKET/p/buildid/$ID/executable" >/dev/null
		status 1 publish --check
		says out "^$key: (its contents are not those|it is not $1, as its Content-Encoding says)"
		says out "^buildid/$ID/executable: it is not there"
		says out '2 problems'
		case $damage in
		check | zeros)
			status 1 publish --check --repair
			says out "^$key: .*: it is taken out; publish big-2-1\.x86_64 again\$"
			;;
		esac
		status 0 publish --encoding="$1" --package=big-2-1.x86_64 root
		says out replaced
		status 0 publish --check
	done
	# What nobody here can read is told, and never taken out.
	s3 PUT "/$BUCKET/p/$key" @whole "content-encoding:x-foreign" "${headers[@]:1}" >/dev/null
	status 1 publish --check --repair
	says out "^$key: .*its Content-Encoding, 'x-foreign', is none that this libcurl decodes"
	says out '1 problems'
	stored "$key"; cmp got whole
}
encoded() {
	local kind source=usr/src/debug/big-1-1.x86_64/big.c decode
	need zstd gzip debuginfod-find
	for kind in gzip zstd; do
		mkdir "$kind" && cd "$kind"
		texts "encoded-$kind"
		decode="$kind -dc"
		status 0 publish --encoding=$kind --package=big-1-1.x86_64 root
		# What the store has is the encoded file; the digest that it was put with is that of the contents.
		stored "buildid/$TEXT/debuginfo"
		says head "^[Cc]ontent-[Ee]ncoding: $kind"
		says head "^x-amz-meta-sha256: $(sha256sum <root/usr/lib/debug/text.debug | cut -d' ' -f1)"
		says head '^[Cc]ache-[Cc]ontrol: public, max-age=31536000, immutable'
		$decode <got | cmp - root/usr/lib/debug/text.debug
		[ "$(stat -c %s got)" -lt 1000000 ]
		# What the store copies keeps its encoding; noise stays as it is.
		stored "buildid/$TEXT/source/$source"
		says head "^[Cc]ontent-[Ee]ncoding: $kind"
		stored "buildid/$ID/debuginfo"
		says_not head '[Cc]ontent-[Ee]ncoding'
		cmp got root/usr/lib/debug/big.debug
		# Every client decodes: elfutils' own, ours, curl.
		for client in debuginfod-find "$PKGNOTE fetch"; do
			for what in debuginfo executable "source /$source"; do
				DEBUGINFOD_URLS=$PUBLIC DEBUGINFOD_CACHE_PATH=$PWD/cache.${client##* } $client ${what%% *} "$TEXT" ${what#"${what%% *}"} >path
				case $what in
				debuginfo) cmp "$(tail -1 path)" root/usr/lib/debug/text.debug ;;
				executable) cmp "$(tail -1 path)" root/usr/bin/text ;;
				*) cmp "$(tail -1 path)" "root/$source" ;;
				esac
			done
		done
		curl -sf --compressed "$PUBLIC/buildid/$TEXT/debuginfo" | cmp - root/usr/lib/debug/text.debug
		# The share is proven by its contents; what is there already is seen by its digest, in either form.
		status 0 publish --check
		says out '1 packages, [0-9]* files, 0 problems'
		for again in --encoding=$kind --encoding=none; do
			status 0 publish $again --package=big-1-1.x86_64 root
			says out 'unchanged.*\(0 new\)'
			says_not err 'another size'
		done
		status 0 publish --encoding=$kind --package=big-2-1.x86_64 root
		status 0 publish --remove=big-1-1.x86_64
		status 0 publish --check
		# A stored file that is not what was published is found.
		$kind -c <root/usr/bin/big >other
		s3 PUT "/$BUCKET/p/buildid/$TEXT/debuginfo" @other "content-encoding:$kind" >/dev/null
		status 1 publish --check
		says out "buildid/$TEXT/debuginfo: its contents are not those"
		publish --package=big-2-1.x86_64 root >out 2>err || :
		says err "buildid/$TEXT/debuginfo.*(not there|another)"
		damages_are_mended $kind
		cd ..
	done
	status 2 "$PKGNOTE" publish --into=directory --encoding=gzip root
	says err -- '--encoding is for an object store'
}
check "contents are stored by gzip and zstd, every client decodes them, and they are proven all the same" encoded
finish
