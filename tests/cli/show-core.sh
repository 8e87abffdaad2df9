# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote show on core files and live processes. systemd-analyze inspect-elf is the judge where it is
# installed.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
CC=${CC:-gcc}

# program [OPTION]...: ./it and ./libit.so, each with a note; ./it aborts, or waits for a line where
# it has an argument.
program() {
	echo 'int lib(int x) { return x + 1; }' >lib.c
	printf '#include <stdio.h>\n#include <stdlib.h>\nint lib(int);\nint main(int c, char **v) { (void)v; if (c > 1) return lib(getchar()); abort(); }\n' >it.c
	"$CC" -shared -fPIC "$@" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"deb","name":"library","version":"2"}' -o libit.so lib.c
	"$CC" "$@" "$PAGE_ONE" -Xlinker '--package-metadata={"type":"deb","name":"program","version":"1"}' -o it it.c -L. -lit -Wl,-rpath,"$PWD"
}

# kernel_core: ./it dumps ./core, as Linux writes it. Only where the kernel is set to do that.
kernel_core() {
	[ "$(cat /proc/sys/kernel/core_pattern)" = core ] || skip "core_pattern is not 'core'"
	(ulimit -c unlimited; ./it) >/dev/null 2>&1 || true
	[ -f core ] || mv core.* core 2>/dev/null || skip "the kernel writes no core here"
}

# MODULE BUILD-ID PACKAGE of each module with a package.
of_show() {
	"$PKGNOTE" show --json "$1" >show.json
	perl -MJSON::PP -ne 'BEGIN { $j = JSON::PP->new->canonical->utf8 } $r = $j->decode($_); next unless $r->{package};
		print "$r->{module} $r->{buildId} ", $j->encode($r->{package}), "\n"' show.json | sort
}
of_systemd() {
	systemd-analyze inspect-elf --json=short "$1" >systemd.json
	perl -MJSON::PP -e '$j = JSON::PP->new->canonical->utf8; local $/; $all = $j->decode(<>);
		for (keys %$all) { next unless ref $all->{$_} && $all->{$_}{name}; $id = delete $all->{$_}{buildId}; print "$_ $id ", $j->encode($all->{$_}), "\n" }' systemd.json | sort
}

# The core ./core tells of the program and its library, and systemd agrees.
tells() {
	of_show core >show.txt
	same "$(wc -l <show.txt)" 2
	says show.txt "^$PWD/it [0-9a-f]{40} .*\"program\""
	says show.txt "^$PWD/libit.so [0-9a-f]{40} .*\"library\""
	inspects
	# systemd tells some libraries by their name, without the folder.
	of_systemd core | sed 's|^/[^ ]*/||' | sort >systemd.txt
	sed 's|^/[^ ]*/||' show.txt | sort | diff - systemd.txt
}

core_of_the_kernel() { need perl; program; kernel_core; tells; }
check "a core that Linux wrote, as systemd has it" core_of_the_kernel

core_of_gdb() {
	need perl gdb
	program
	gdb -q -batch -ex 'break main' -ex run -ex 'generate-core-file core' ./it >gdb.log 2>&1 || skip "gdb cannot run a program here"
	[ -f core ] || skip "gdb wrote no core"
	tells
}
check "a core that gdb wrote, as systemd has it" core_of_gdb

core_of_32_bits() {
	need perl
	program -m32 2>/dev/null || skip "no 32-bit libc here (libc6-dev-i386, lib32gcc-12-dev)"
	kernel_core
	status 0 "$PKGNOTE" show --json core
	says out '"module":"'"$PWD"'/it","address":"0x[0-9a-f]{1,8}","kind":"core","machine":"i386","class":32'
	tells
}
check "a 32-bit core, as systemd has it" core_of_32_bits

without_the_files() {
	need perl
	program
	kernel_core
	of_show core >before
	rm it libit.so
	of_show core | diff before -
}
check "the program's files need not be there" without_the_files

without_nt_file() {
	need perl
	program
	kernel_core
	of_show core >before
	# The type of the note, as little-endian bytes, to another one.
	LC_ALL=C sed -i 's/ELIF/XXXX/' core
	status 0 "$PKGNOTE" show --json core
	# The names are the dynamic linker's now: the library's is the same, the program's that of the call.
	sed "s|^$PWD/it|./it|" before | sort >wanted
	of_show core | diff wanted -
	says out '"module":"\[vdso\]"'
}
check "a core without NT_FILE" without_nt_file

every_module() {
	need perl readelf
	program
	kernel_core
	status 0 "$PKGNOTE" show --json core
	perl -MJSON::PP -ne '$r = decode_json($_); print "$r->{module} $r->{buildId}\n" if $r->{module} =~ m{^/}' out | sort >ours
	while read -r file id; do same "$(readelf -n "$file" | sed -n 's/.*Build ID: //p')" "$id"; done <ours
	[ "$(wc -l <ours)" -ge 4 ]
	same "$(sed 's/.*"kind":"\([a-z]*\)".*/\1/' out | sort -u)" core
	# By rising address.
	sed 's/.*"address":"0x\([0-9a-f]*\)".*/\1/' out | awk '{ printf "%16s\n", $0 }' | sort -c
	status 0 "$PKGNOTE" show core
	says out "deb program 1 +core: 0x[0-9a-f]+ $PWD/it\$"
}
check "every module with the build-id of its file" every_module

a_sparse_core_of_10_gigabytes() {
	program
	kernel_core
	truncate -s 10G core
	# Of the processor, not of the clock: what others do on the machine is not counted. The bench has the real limit.
	local TIMEFORMAT='%U %S'
	{ time status 0 "$PKGNOTE" show --json core; } 2>took || { cat took >&2; return 1; }
	says out '"program"'
	awk '{ print $1 + $2 " s"; exit !($1 + $2 < 1) }' took
}
check "a core of 10 GB at once" a_sparse_core_of_10_gigabytes

cut_short() {
	program
	kernel_core
	local size whole
	whole=$(stat -c %s core)
	for size in 100 1000 4096 9000 20000 50000 $((whole - 1)); do
		head -c "$size" core >cut
		for how in --all --check --json; do
			status 3 timeout 10 "$PKGNOTE" show "$how" cut
			[ "$size" -lt 4096 ] || says err "^pkgnote show: cut: (cut short: $size of $whole bytes are there|program header table: .*)\$"
		done
	done
	# What NT_FILE names is listed, whatever is gone.
	"$PKGNOTE" show --json core >whole.json
	status 3 "$PKGNOTE" show --json --check cut
	same "$(grep -c . out)" "$(grep -c . whole.json)"
	head -c 20000 core >cut
	status 3 "$PKGNOTE" show --json --check cut
	says out "\"module\":\"$PWD/libit.so\".*\"buildId\":null.*\"code\":\"cut-short\""
}
check "cores that are cut short" cut_short

without_first_pages() {
	program -Wl,-z,separate-code
	echo 0x23 2>/dev/null >/proc/self/coredump_filter || skip "no coredump_filter here"
	kernel_core
	status 3 "$PKGNOTE" show --json core
	says err '^pkgnote show: core: the first pages of [0-9]+ mapped files are not in it'
	says out "\"module\":\"$PWD/it\".*\"machine\":\"$(uname -m)\".*\"buildId\":null"
	says out "\"module\":\"$PWD/libit.so\".*\"code\":\"no-first-page\""
	says_not out 'locale|gconv'
	status 3 "$PKGNOTE" show --check core
	says out '^    no-first-page: its first page is not in the core'
}
check "a core without the first pages of files names them" without_first_pages

# records: how often ./it is among the modules that ./out tells of, and where.
records() { sed -n "s|.*\"module\":\"$PWD/it\",\"address\":\"\(0x[0-9a-f]*\)\".*|\1|p" out; }

mapped_twice() {
	local linker first
	for linker in bfd gold lld mold; do
		rm -f core*
		program "-fuse-ld=$linker" -Wl,-z,noseparate-code 2>/dev/null || continue
		./it wait < <(sleep 5) >/dev/null &
		local pid=$!
		for _ in 1 2 3 4 5 6 7 8 9 10; do grep -q libit "/proc/$pid/maps" && break; sleep 0.1; done
		status 0 "$PKGNOTE" show --json --pid "$pid"
		first=$(sed -n "s|^\([0-9a-f]*\)-.* $PWD/it\$|0x\1|p" "/proc/$pid/maps" | head -n 1)
		kill "$pid"
		same "$linker: $(records)" "$linker: $first"
		kernel_core
		status 0 "$PKGNOTE" show --json core
		same "$linker: $(records | wc -l)" "$linker: 1"
		# Only what was written to is in the core: of a small program that is its first page, too.
		(echo 0x23 >/proc/self/coredump_filter; kernel_core) || continue
		"$PKGNOTE" show --json core >out 2>err || same $? 3
		same "$linker, bare: $(records | wc -l)" "$linker, bare: 1"
	done
}
check "a module whose first page is mapped several times is one module" mapped_twice

live_process() {
	need perl
	program
	mkfifo pipe
	./it wait <pipe >/dev/null &
	local pid=$!
	exec 7>pipe
	for _ in 1 2 3 4 5 6 7 8 9 10; do grep -q libit "/proc/$pid/maps" && break; sleep 0.2; done
	local got=0
	"$PKGNOTE" show --json --pid "$pid" >out 2>err || got=$?
	exec 7>&-
	wait "$pid" || true
	same $got 0
	perl -MJSON::PP -ne '$r = decode_json($_); print "$r->{path} $r->{kind} $r->{module} $r->{package}{name}\n" if $r->{package}' out | sort >modules
	printf '/proc/%s process %s/it program\n/proc/%s process %s/libit.so library\n' $pid "$PWD" $pid "$PWD" | diff - modules
	status 3 "$PKGNOTE" show --pid 2147483646
	says err 'no process 2147483646'
	status 2 "$PKGNOTE" show --pid x
	status 2 "$PKGNOTE" show --pid 0
}
check "the modules of a live process" live_process

judged() {
	program
	kernel_core
	status 1 "$PKGNOTE" show --check core # libc has no note here
	says out '^    no-note'
	"$CC" -static "$PAGE_ONE" -Xlinker '--package-metadata={"name":"alone"}' -o it it.c lib.c 2>/dev/null || skip "no static libc"
	rm -f core
	kernel_core
	status 0 "$PKGNOTE" show --check core
}
check "--check on a core" judged
# modules: what ./core tells, without the name of the file.
modules() { sed 's/^{"path":"[^"]*",//'; }

as_they_are_stored() {
	local tool name tried=0
	program
	kernel_core
	"$PKGNOTE" show --json core | modules >plain
	mkdir tree tmp
	export TMPDIR=$PWD/tmp
	for tool in zstd xz lz4 gzip; do
		command -v "$tool" >/dev/null || continue
		name=tree/core.$tool
		"$tool" -c core >"$name"
		status 0 "$PKGNOTE" show --json "$name"
		modules <out | diff plain - || fail "$tool"
		tried=$((tried + 1))
		# Cut: what came is told, and that it is not all.
		head -c $(($(stat -c %s "$name") / 2)) "$name" >cut
		status 3 "$PKGNOTE" show --json cut
		says err '^pkgnote show: cut: cut short'
	done
	[ "$tried" -ge 2 ] || skip "no compressors"
	# In a tree, cores alone.
	gzip -c it >tree/it.gz
	status 0 "$PKGNOTE" show --json tree
	same "$(grep -c . out)" $((tried * $(grep -c . plain)))
	# Named, any ELF file; what else is compressed is no input.
	status 0 "$PKGNOTE" show --json tree/it.gz
	says out '"kind":"executable"'
	echo text | gzip -c >text.gz
	status 3 "$PKGNOTE" show text.gz
	# A pipe, of the core as it is and compressed.
	for name in core tree/core.gzip; do
		cat "$name" | "$PKGNOTE" show --json - >out
		modules <out | diff plain -
	done
	# In a report of apport: each line base64 of its own, together a gzip stream.
	{
		printf 'ProblemType: Crash\nArchitecture: amd64\nOther: base64\n H4sIAAAAAAAC/w==\nCoreDump: base64\n'
		gzip -c core | perl -MMIME::Base64 -e 'undef $/; binmode STDIN; $_ = <STDIN>; print " ", encode_base64(substr($_, 0, 10, ""), ""), "\n"; while (length) { print " ", encode_base64(substr($_, 0, 50001, ""), ""), "\n" }'
		printf 'Date: today\nCoreDump: base64\n AAAA\n'
	} >tree/it.crash
	status 0 "$PKGNOTE" show --json tree/it.crash
	modules <out | diff plain -
	"$PKGNOTE" show --json - <tree/it.crash >out
	modules <out | diff plain -
	head -c $(($(stat -c %s tree/it.crash) / 2)) tree/it.crash >cut.crash
	status 3 "$PKGNOTE" show cut.crash
	says err '^pkgnote show: cut.crash: cut short'
	printf 'ProblemType: Bug\nTitle: x\n' >bug.crash
	status 3 "$PKGNOTE" show bug.crash
	says err 'a problem report without a core'
	rm tree/it.crash; mkdir bugs; mv bug.crash bugs; status 0 "$PKGNOTE" show bugs; same "$(cat err)" ''
	status 0 "$PKGNOTE" show --json - <core
	says out '^\{"path":"-",'
	same "$(ls tmp)" ""
}
check "cores as they are stored: compressed, or from a pipe" as_they_are_stored

# A gigabyte and more out of a small file.
unpacks_to_too_much() {
	need gzip
	program
	kernel_core
	{ cat core; head -c 1100000000 /dev/zero; } | gzip -1 >bomb.gz
	status 3 "$PKGNOTE" show bomb.gz
	says err 'it unpacks to more than 64 times its size and 1 GB'
}
[ -z "${LONG:-}" ] || check "a compressed core that unpacks to too much" unpacks_to_too_much
finish
