# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote verify on what is neither a plain ELF file nor nothing: compressed kernel modules, PE images, static
# archives, packages inside of packages; sections of a share; mixtures; progress and interrupts.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

# results FILE: "VERDICT CHECK PATH" of each result, sorted, a line each.
results() {
	python3 -c 'import json, sys
print("\n".join(sorted(" ".join((r["verdict"], r["check"], r["path"])) for r in json.load(open(sys.argv[1]))["results"])))' "$1"
}
# wrong FILE: those that are neither pass nor skipped.
wrong() { results "$1" | grep -vE '^(pass|skipped) ' || :; }

# program NAME: ./NAME with a package note; root/usr/bin/NAME stripped, NAME.debug.
program() {
	mkdir -p src root/usr/bin
	echo "int main(void) { return sizeof(\"$1\") == 0; }" >"src/$1.c"
	"$CC" -g -o "$1" "$PWD/src/$1.c" -Wl,--build-id \
		"$PAGE_ONE" -Xlinker '--package-metadata={"type":"deb","name":"t","version":"1-1","architecture":"amd64"}'
	eu-strip -f "$1.debug" -o "root/usr/bin/$1" "$1"
}
build_id() { readelf -n "$1" 2>/dev/null | sed -n 's/.*Build ID: //p' | head -1; }

# module: one.ko, such as the kernel's build leaves, split into stripped/one.ko and one.ko.debug.
module() {
	need "$CC" ld objcopy readelf python3
	mkdir -p src stripped
	cat >src/one.c <<-'C'
	static const char info[] __attribute__((used, section(".modinfo"))) = "license=GPL";
	int init_module(void) { return info[0] == 'x'; }
	C
	"$CC" -g -O1 -fno-pic -c -o one.o "$PWD/src/one.c"
	ld -r --build-id=sha1 -o one.ko one.o
	# As kernels are split: relocations stay in both halves.
	objcopy --only-keep-debug one.ko one.ko.debug
	strip -g -o stripped/one.ko one.ko
	objcopy --add-gnu-debuglink=one.ko.debug stripped/one.ko
}

deb() { # deb ROOT NAME [ARCHITECTURE]
	need dpkg-deb
	mkdir -p "$1/DEBIAN"
	printf '%s\n' "Package: $2" 'Version: 1-1' "Architecture: ${3:-amd64}" 'Maintainer: T <t@example.org>' 'Description: t' >"$1/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$1" "$2.deb" >/dev/null
	rm -r "$1/DEBIAN"
}

compressed_modules() {
	need xz gzip zstd
	module
	local modules=root/lib/modules/6.1/kernel kind
	mkdir -p $modules debug/usr/lib/debug/lib/modules
	cp one.ko.debug debug/usr/lib/debug/lib/modules/
	for kind in xz gzip zstd; do
		rm -rf $modules/*
		cp stripped/one.ko $modules
		case $kind in
		xz) xz --check=crc32 $modules/one.ko ;;
		gzip) gzip -n $modules/one.ko ;;
		zstd) zstd -q --rm $modules/one.ko ;;
		esac
		deb root t
		for input in root t.deb; do
			status 0 "$PKGNOTE" verify --json "$input" debug
			results out | grep -v ' s[eo]' >got
			same "$(sed 's/[^ ]*$//' got | tr '\n' ,)" "pass build-id ,pass debuginfo ,pass stripped ,skipped executable ,skipped note ,"
			says out "\"buildId\": \"$(build_id one.ko)\""
			says out 'a kernel module carries none'
			# One byte of its debug information.
			cp -r debug wrong
			python3 -c 'import sys
b = bytearray(open(sys.argv[1], "rb").read()); b[-1] ^= 1; open(sys.argv[1], "wb").write(b)' wrong/usr/lib/debug/lib/modules/one.ko.debug
			status 1 "$PKGNOTE" verify --json "$input" wrong
			says out '"verdict": "fail".*CRC-32'
			rm -r wrong
		done
	done
}
check "compressed kernel modules are judged as what they unpack to" compressed_modules

modules_that_mean_harm() {
	need xz gzip
	module
	mkdir -p root/lib/modules
	xz -c stripped/one.ko >root/lib/modules/one.ko.xz
	head -c $(($(stat -c %s root/lib/modules/one.ko.xz) / 2)) root/lib/modules/one.ko.xz >root/lib/modules/short.ko.xz
	echo text >root/lib/modules/text.ko.gz
	: >root/lib/modules/empty.ko.zst
	{ printf '\177ELF'; head -c 100000000 /dev/zero; } | gzip -9 >root/lib/modules/bomb.ko.gz
	! (ulimit -v 1500000 && "$PKGNOTE" --version) >/dev/null 2>&1 || ulimit -v 1500000
	deb root t
	local input
	for input in root t.deb; do
		status 1 timeout 20 "$PKGNOTE" verify --json --checks=build-id,stripped "$input"
		same "$(wrong out)" "$(printf 'fail build-id /lib/modules/%s\n' bomb.ko.gz short.ko.xz text.ko.gz)"
		says out '"path": "/lib/modules/one.ko.xz".*"check": "build-id", "verdict": "pass"'
		says out 'short.ko.xz.*(compressed, and broken|not compressed as its name says)'
		says out 'bomb.ko.gz.*it unpacks to more than 64 times its size and 64 MB'
	done
}
check "compressed modules that are broken, or bombs" modules_that_mean_harm

pe_images() {
	need objcopy python3
	objcopy --info | grep -q pei-x86-64 || skip "no PE support in objcopy"
	program one
	mkdir -p root/usr/lib/efi
	"$CC" -ffreestanding -c -xc - -o efi.o <<<'int efi_main(void) { return 0; }'
	local payload='{"type":"deb","name":"t","version":"1-1","architecture":"amd64"}'
	pe() { # pe NAME PAYLOAD
		printf '%s' "$2" >payload
		objcopy --add-section .pkgnote=payload --set-section-flags .pkgnote=alloc,readonly,data,contents efi.o noted.o
		objcopy -O pei-x86-64 --change-section-vma .pkgnote=0x8000 noted.o "root/usr/lib/efi/$1" 2>/dev/null
	}
	pe one.efi "$payload"
	deb root t
	local input
	for input in root t.deb; do
		status 0 "$PKGNOTE" verify --json --checks=note,build-id "$input"
		same "$(results out)" "pass build-id /usr/bin/one
pass note /usr/bin/one
pass note /usr/lib/efi/one.efi
skipped build-id /usr/lib/efi/one.efi"
	done
	status 1 "$PKGNOTE" verify --json --checks=note --expect version=1-2 root/usr/lib/efi/one.efi
	same "$(wrong out | cut -d' ' -f1,2)" "fail note"
	pe other.efi '{"type":"deb","name":"u"}'
	pe bad.efi '{"type":"deb","type":"deb"}'
	objcopy -O pei-x86-64 efi.o root/usr/lib/efi/none.efi
	printf 'MZ is how this text begins\n' >root/usr/lib/efi/text
	deb root t
	status 1 "$PKGNOTE" verify --json --checks=note t.deb
	same "$(wrong out)" "fail note /usr/lib/efi/bad.efi
fail note /usr/lib/efi/none.efi
fail note /usr/lib/efi/other.efi"
	says out 'bad.efi.*duplicate-key'
	says out 'none.efi.*no package note'
	says out 'other.efi.*the package.s is'
	says_not out 'efi/text'
	# A package that neither dh_strip nor the addon works on: what has a note is judged, what has none is not wanting.
	cp -r root any; (cd any && rm -r usr/bin usr/lib/efi/o*.efi)
	deb any t all
	status 1 "$PKGNOTE" verify --json --checks=note t.deb
	same "$(results out)" "fail note /usr/lib/efi/bad.efi
skipped note /usr/lib/efi/none.efi"
	says out 'none.efi.*architecture all'
}
check "PE images: their notes" pe_images

# As stamp and split leave it alone, whatever it is in.
other_systems() {
	program one
	mkdir -p root/usr/lib
	cp "$(type -P true)" root/usr/lib/own.go; printf '\377' | dd of=root/usr/lib/own.go bs=1 seek=7 conv=notrunc status=none
	deb root t
	for input in root t.deb; do
		status 0 "$PKGNOTE" verify --json --checks=note,build-id,stripped "$input"
		same "$(results out | grep own.go)" "skipped build-id /usr/lib/own.go
skipped note /usr/lib/own.go
skipped stripped /usr/lib/own.go"
		says out 'not for Linux: it is of OS ABI 255'
	done
	# A note that is in it is judged.
	cp root/usr/bin/one root/usr/lib/own.go; printf '\377' | dd of=root/usr/lib/own.go bs=1 seek=7 conv=notrunc status=none
	status 1 "$PKGNOTE" verify --json --checks=note --expect version=7 root/usr/lib/own.go
	says out '"verdict": ?"fail"'
}
check "programs of other systems are left alone, as by stamp and split" other_systems

what_is_passed_over_is_said() {
	need ar
	program one
	"$CC" -c -o one.o src/one.c
	mkdir -p root/usr/lib root/usr/share
	ar rc root/usr/lib/libone.a one.o
	ar rcT root/usr/lib/libthin.a one.o
	mkdir inner; deb inner inner
	cp inner.deb root/usr/share/inner.deb
	echo text >root/usr/share/text
	deb root t
	status 0 "$PKGNOTE" verify --json --checks=note,stripped t.deb
	same "$(results out)" "pass note /usr/bin/one
pass stripped /usr/bin/one
skipped note /usr/lib/libone.a
skipped note /usr/lib/libthin.a
skipped note /usr/share/inner.deb
skipped stripped /usr/lib/libone.a
skipped stripped /usr/lib/libthin.a
skipped stripped /usr/share/inner.deb"
	says out 'libone.a.*"reason": "a static archive: '
	says out 'inner.deb.*"reason": "a package inside: '
	# Named by itself, it is an input as any other.
	status 0 "$PKGNOTE" verify --json --checks=note root/usr/lib/libone.a
	same "$(results out)" "skipped note root/usr/lib/libone.a"
	# In a directory a package is an input of its own.
	status 0 "$PKGNOTE" verify --json --checks=note root
	same "$(results out)" "pass note /usr/bin/one
skipped note /usr/lib/libone.a
skipped note /usr/lib/libthin.a"
}
check "static archives and packages in packages are told, with the reason" what_is_passed_over_is_said

sections_of_a_share() {
	program one
	local id
	id=$(build_id one)
	mkdir -p "share/buildid/$id/section"
	cp one.debug "share/buildid/$id/debuginfo"
	cp root/usr/bin/one "share/buildid/$id/executable"
	local options=(--json --checks=section "--server=file://$PWD/share" root)
	status 0 "$PKGNOTE" verify "${options[@]}"
	says out 'skipped", "reason": "no server .*gives .debug_line alone'
	objcopy -O binary --only-section=.debug_line --set-section-flags .debug_line=alloc one.debug "share/buildid/$id/section/.debug_line"
	status 0 "$PKGNOTE" verify "${options[@]}"
	says out '"pass", "reason": ".debug_line as in the whole file"'
	objcopy -O binary --only-section=.rodata root/usr/bin/one "share/buildid/$id/section/.rodata"
	status 0 "$PKGNOTE" verify "${options[@]}"
	says out '"pass", "reason": ".debug_line and .rodata as in the whole file"'
	# One is wrong, whether or not the other is there.
	printf x >>"share/buildid/$id/section/.rodata"
	status 1 "$PKGNOTE" verify "${options[@]}"
	same "$(wrong out)" "fail section /usr/bin/one"
	rm "share/buildid/$id/section/.debug_line"
	status 1 "$PKGNOTE" verify "${options[@]}"
	says out '.rodata is not what the whole file has'
	status 1 "$PKGNOTE" verify "${options[@]/file*/file://$PWD/nowhere}" --retries=0
	same "$(wrong out)" "unreachable section /usr/bin/one"
}
check "sections of a share are checked where it has them" sections_of_a_share

mixtures_of_inputs() {
	need gdb readelf
	local name id
	for name in one two three four five; do program $name; done
	for name in one two three four five; do
		id=$(build_id $name)
		mkdir -p "share/buildid/$id"
		cp $name.debug "share/buildid/$id/debuginfo"
		cp root/usr/bin/$name "share/buildid/$id/executable"
	done
	gdb -q -batch -iex 'set debuginfod enabled off' -ex starti -ex 'gcore core' root/usr/bin/one >log 2>&1 || :
	[ -s core ] || skip "gdb makes no core here"
	mkdir -p pkg/usr/bin tree
	mv root/usr/bin/two pkg/usr/bin; deb pkg t
	printf 'Format: 1.8\nChecksums-Sha256:\n %s %s t.deb\n' "$(sha256sum <t.deb | cut -d' ' -f1)" "$(stat -c %s t.deb)" >t.changes
	build_id root/usr/bin/three >ids
	mv root/usr/bin/four tree
	echo text >text
	status 3 "$PKGNOTE" verify --json --sources=none --server="file://$PWD/share" tree t.changes ids core root/usr/bin/five text
	says err '^pkgnote verify: text: '
	python3 - "$PWD" "$(build_id three)" <<-'P'
	import json, sys
	here, three = sys.argv[1:]
	results = json.load(open("out"))["results"]
	got = {(r["input"], r["path"]) for r in results if r["check"] == "debuginfo" and r["verdict"] == "pass"}
	assert got == {("tree", "/four"), ("t.deb", "/usr/bin/two"), ("ids", three), ("core", here + "/root/usr/bin/one"),
	               ("root/usr/bin/five", "root/usr/bin/five")}, got
	P
}
check "a directory, .changes, build-ids, a core and a file at once; one bad input among them" mixtures_of_inputs

# A server that takes what it is asked and never answers; its URL in ./url.
silent_server() {
	python3 - >port <<-'P' &
	import socket, sys, time
	s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(64)
	print(s.getsockname()[1], flush=True)
	kept = []
	s.settimeout(60)
	while True: kept.append(s.accept())
	P
	SILENT=$!
	# shellcheck disable=SC2064
	trap "kill $SILENT 2>/dev/null || :" EXIT
	for _ in $(seq 100); do [ -s port ] && break; sleep 0.05; done
	URL=http://127.0.0.1:$(cat port)
}

progress_tells_what_is_left() {
	program one
	silent_server
	status 0 "$PKGNOTE" verify --progress=always --checks=note root
	says err '1/1 read, 0 left'
	status 1 "$PKGNOTE" verify --progress=always --checks=debuginfo --timeout=1 --retries=0 --server="$URL" root
	says err "0/1 verified, 1 left, waiting for $URL"
	says err '1/1 verified, 0 left'
	status 1 "$PKGNOTE" verify --checks=debuginfo --timeout=1 --retries=0 --server="$URL" root
	says_not err left
}
check "progress: what is left, and who is waited for" progress_tells_what_is_left

an_interrupt_ends_at_once() {
	program one
	silent_server
	mkdir tmp
	local pid
	TMPDIR=$PWD/tmp env --default-signal=INT "$PKGNOTE" verify --report=json:report.json --server="$URL" root >out 2>err &
	pid=$!
	for _ in $(seq 100); do [ -n "$(ls tmp)" ] && break; sleep 0.02; done
	sleep 0.3
	interrupt $pid
	same "$(ls tmp)" ""
	[ ! -e report.json ]
}
check "Ctrl-C ends it, and leaves nothing behind" an_interrupt_ends_at_once

a_servers_url_is_checked() {
	program one
	status 2 "$PKGNOTE" verify --server=ftp://h root
	says err "server 'ftp://h': not an http, https or file URL"
	# What asks nobody minds nobody.
	status 0 "$PKGNOTE" verify --server=ftp://h --checks=note,build-id,stripped root
}
check "a URL that is none is wrong usage" a_servers_url_is_checked
# As many as are looked at first, and more: the search for the first letter ends with them.
blanks() {
	local size
	for size in 1 4095 4096 4097 9000; do
		printf '%*s' "$size" '' >blanks
		status 3 "$PKGNOTE" verify blanks
		says err '^pkgnote verify: blanks: '
	done
}
check "a file of blanks" blanks
finish
