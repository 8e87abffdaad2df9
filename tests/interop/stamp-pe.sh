# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote stamp on PE/COFF: EFI and Windows programs get a section .pkgnote, nothing else changes. The judges:
# a reader of its own by Microsoft's specification, binutils and LLVM.
. "$(dirname "$0")/../lib.sh"
PAYLOAD='{"type":"rpm","name":"demo","version":"1:1.0-1"}'

judged() { python3 "$TOP/tests/tools/pe_judge.py" "$@"; }

# holds OLD NEW: NEW is the stamped OLD, for each judge.
holds() {
	judged "$1"
	judged "$1" "$2" "$PAYLOAD"
	status 0 "$PKGNOTE" show --check "$2"
	llvm-readobj --file-headers --sections "$2" >said 2>&1
	says_not said '(warning|error):'
	grep -A7 'Name: .pkgnote' said | grep -q "VirtualSize: 0x$(printf %X ${#PAYLOAD})$"
	grep -A18 'Name: .pkgnote' said | grep -q 'IMAGE_SCN_CNT_INITIALIZED_DATA'
	llvm-objcopy --dump-section .pkgnote=contents "$2" /dev/null 2>said || true
	[ ! -s contents ] || same "$PAYLOAD" "$(tr -d '\0' <contents)"
}
stamped() { "$PKGNOTE" stamp --payload <(printf %s "$PAYLOAD") -q -o "$2" "$1"; }

# A program without a runtime, for each kind of machine that lld links.
by_lld() {
	need clang lld-link llvm-readobj llvm-objcopy python3
	printf 'int data = 7; const int fixed = 8; int zero; int start(void) { return data + *(volatile const int *)&fixed + zero++; }\n' >main.c
	local tried=0 machine
	for machine in x86_64 i386 aarch64 armv7; do
		clang --target=$machine-windows-gnu -O1 -ffreestanding -fno-stack-protector -c -o main.obj main.c 2>log || continue
		for options in '/subsystem:console' '/subsystem:efi_application' '/subsystem:console /debug'; do
			# shellcheck disable=SC2086
			lld-link /nologo /entry:start /nodefaultlib /out:plain.exe $options main.obj >log 2>&1 || { cat log >&2; continue; }
			stamped plain.exe stamped.exe
			holds plain.exe stamped.exe
			tried=$((tried + 1))
		done
	done
	[ $tried -ge 6 ] || fail "only $tried linked"
}
check "what lld links for Windows and EFI" by_lld

by_binutils() {
	need x86_64-w64-mingw32-ld x86_64-w64-mingw32-as llvm-readobj llvm-objcopy python3
	printf '\t.globl start\n\t.text\nstart:\tmovl data(%%rip), %%eax\n\tret\n\t.data\ndata:\t.long 7\n\t.section .rdata,"dr"\n\t.asciz "text"\n' >main.s
	x86_64-w64-mingw32-as -o main.o main.s
	for options in '' -s '--subsystem 10' '--section-alignment 512 --file-alignment 512'; do
		# shellcheck disable=SC2086
		x86_64-w64-mingw32-ld -e start $options -o plain.exe main.o
		stamped plain.exe stamped.exe
		holds plain.exe stamped.exe
		# Symbols stay where they were; strip, which drops them, keeps the note.
		cmp <(x86_64-w64-mingw32-nm plain.exe 2>&1 | sed 's/plain//') <(x86_64-w64-mingw32-nm stamped.exe 2>&1 | sed 's/stamped//')
		cmp <(x86_64-w64-mingw32-objdump -d plain.exe | tail -n +3) <(x86_64-w64-mingw32-objdump -d stamped.exe | tail -n +3)
		x86_64-w64-mingw32-strip -o stripped.exe stamped.exe
		status 0 "$PKGNOTE" show --json stripped.exe
		says out '"package":\{"type":"rpm","name":"demo","version":"1:1.0-1"\}'
		judged stripped.exe
	done
}
check "what binutils link; strip keeps the note" by_binutils

by_go() {
	need go llvm-readobj llvm-objcopy python3
	export GOCACHE=$PWD/cache GO111MODULE=off GOFLAGS= GOOS=windows CGO_ENABLED=0
	printf 'package main\n\nfunc main() { println("ran") }\n' >main.go
	go build -o plain.exe main.go
	stamped plain.exe stamped.exe
	holds plain.exe stamped.exe
}
check "what Go links for Windows" by_go

real_efi() {
	need llvm-readobj llvm-objcopy python3
	local tried=0 file
	for file in /usr/lib/systemd/boot/efi/*.efi /usr/lib/systemd/boot/efi/*.efi.stub; do
		[ -f "$file" ] || continue
		stamped "$file" new.efi
		holds "$file" new.efi
		tried=$((tried + 1))
	done
	[ $tried -gt 0 ] || skip "no systemd-boot-efi here"
}
check "systemd's boot loader and stub" real_efi

# Stamped again and again, the note called otherwise each time: sooner or later the headers are full. Linkers
# leave room for one section at least; who adds sections later may have taken it.
full_headers_grow() {
	need x86_64-w64-mingw32-ld x86_64-w64-mingw32-as clang lld-link llvm-readobj llvm-objcopy python3
	local linker round grown after size
	printf '\t.globl start\n\t.text\nstart:\tret\n' >main.s
	x86_64-w64-mingw32-as -o main.o main.s
	# lld's has a debug directory, whose entries give offsets in the file; binutils' has symbols.
	x86_64-w64-mingw32-ld -e start -o binutils.exe main.o
	lld-link /nologo /entry:start /nodefaultlib /subsystem:console /debug /out:lld.exe main.o
	says <(llvm-readobj --coff-debug-directory lld.exe) 'PointerToRawData'
	headers() { llvm-readobj --file-headers "$1" | grep SizeOfHeaders; }
	for linker in lld binutils; do
		grown=0 after=0
		cp $linker.exe plain.exe
		for round in $(seq 20); do
			stamped plain.exe stamped.exe
			holds plain.exe stamped.exe
			[ "$(headers plain.exe)" = "$(headers stamped.exe)" ] || grown=$((grown + 1))
			cmp <(llvm-readobj --coff-debug-directory plain.exe | grep -v 'PointerToRawData\|^File') <(llvm-readobj --coff-debug-directory stamped.exe | grep -v 'PointerToRawData\|^File')
			cmp <(x86_64-w64-mingw32-nm plain.exe 2>&1 | sed 's/plain//') <(x86_64-w64-mingw32-nm stamped.exe 2>&1 | sed 's/stamped//')
			cmp <(x86_64-w64-mingw32-objdump -d plain.exe | tail -n +3) <(x86_64-w64-mingw32-objdump -d stamped.exe | tail -n +3)
			python3 -c 'import sys
import struct
data = bytearray(open("stamped.exe", "rb").read().replace(b".pkgnote", b".other%02d" % int(sys.argv[1])))
at = struct.unpack_from("<I", data, 0x3C)[0] + 24 + 64
if struct.unpack_from("<I", data, at)[0] != 0:
    struct.pack_into("<I", data, at, 0)
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("<%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    struct.pack_into("<I", data, at, total + len(data))
open("plain.exe", "wb").write(data)' "$round"
			[ $grown = 0 ] || [ $((after += 1)) -lt 3 ] || break
		done
		[ $grown -gt 0 ] || fail "$linker: no headers were full"
	done
}
check "full headers grow, what follows moves on in the file alone" full_headers_grow

again() {
	need x86_64-w64-mingw32-ld x86_64-w64-mingw32-as llvm-readobj llvm-objcopy python3
	printf '\t.globl start\n\t.text\nstart:\tret\n' >main.s
	x86_64-w64-mingw32-as -o main.o main.s
	x86_64-w64-mingw32-ld -s -e start -o plain.exe main.o
	cp plain.exe demo.exe
	status 0 "$PKGNOTE" stamp --payload <(printf %s "$PAYLOAD") demo.exe
	says out '^1 stamped'
	cp demo.exe once.exe
	for existing in keep replace; do
		status 0 "$PKGNOTE" stamp --payload <(printf %s "$PAYLOAD") --on-existing=$existing demo.exe
		says out '^0 stamped, 1 kept'
		cmp once.exe demo.exe
	done
	status 0 "$PKGNOTE" stamp -k name=other demo.exe
	cmp once.exe demo.exe
	status 3 "$PKGNOTE" stamp -k name=other --on-existing=fail demo.exe
	says err 'demo.exe: it has a package note already'
	# Shorter, and much longer; and back, which is as if nothing had been.
	for text in x "$(printf '%3000s' | tr ' ' x)" y; do
		PAYLOAD="{\"type\":\"rpm\",\"name\":\"$text\"}"
		status 0 "$PKGNOTE" stamp --payload <(printf %s "$PAYLOAD") --on-existing=replace demo.exe
		holds plain.exe demo.exe
	done
	mkdir tree && cp plain.exe tree/a.exe && printf 'MZ and text' >tree/text
	status 0 "$PKGNOTE" stamp -k name=demo --update-build-id tree
	says out '^1 stamped, 0 kept, 0 left alone, 0 refused$'
	says err 'tree/a.exe: there is no build-id to update'
}
check "twice changes no byte; a note is replaced by one shorter or longer" again

refused() {
	need clang lld-link python3
	printf 'int data = 7; int start(void) { return data; }\n' >main.c
	clang --target=x86_64-windows-gnu -ffreestanding -c -o main.obj main.c
	lld-link /nologo /entry:start /nodefaultlib /subsystem:console /out:plain.exe main.obj
	# patch FILE EXPRESSION: on `d`, the bytes; `o` is where the optional header starts.
	patch() { python3 -c 'import sys, struct
d = bytearray(open("plain.exe", "rb").read()); o = struct.unpack_from("<I", d, 0x3c)[0] + 24
exec(sys.argv[2]); open(sys.argv[1], "wb").write(d)' "$1" "$2"; }
	no() {
		cp "$1" saved
		status 3 "$PKGNOTE" stamp -k name=demo "$1"
		says err "^pkgnote stamp: $1: .*$2"
		cmp saved "$1"
	}
	cat plain.exe main.c >overlay.exe
	no overlay.exe 'bytes follow the PE image'
	patch signed.exe 'struct.pack_into("<II", d, o + 112 + 32, len(d), 8); d += bytes(8)'
	no signed.exe 'it is signed'
	# Full headers, and what stands there cannot move: the first section begins right behind them in memory.
	patch full.exe 'n = struct.unpack_from("<H", d, o - 18)[0]; struct.pack_into("<I", d, o + 60, o + 240 + 40 * n); struct.pack_into("<I", d, o + 240 + 12, o + 240 + 40 * n)'
	no full.exe 'no room for one more section header'
	patch lies.exe 'struct.pack_into("<I", d, o + 240 + 16, 0x7fffff00)'
	no lies.exe 'section 1 ends after the file'
	patch odd.exe 'struct.pack_into("<I", d, o + 36, 100)'
	no odd.exe 'aligned'
	printf 'MZ and text' >text.exe
	no text.exe 'neither an ELF file nor a PE image'
	# An overlay does not stand in the way of a note that fits where one is.
	"$PKGNOTE" stamp -q -k name=longer plain.exe
	cp plain.exe with.exe && cat main.c >>with.exe
	status 0 "$PKGNOTE" stamp -k name=short --on-existing=replace with.exe
	cmp <(tail -c "$(stat -c %s main.c)" with.exe) main.c
	status 0 "$PKGNOTE" show --check with.exe
}
check "a signature, an overlay, full headers, lies: refused, said why, unchanged" refused
finish
