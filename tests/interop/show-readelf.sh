# SPDX-License-Identifier: LGPL-2.1-or-later
# Every ELF file of the machine, and of the libc packages of other architectures where they can be
# had: build-id and notes (owner, type's size) must be those that readelf tells. GNU readelf is the
# judge.
. "$(dirname "$0")/../lib.sh"

# Names of files that begin like ELF, out of the names on stdin, one a line.
elf_names() {
	perl -ne 'chomp; open(my $f, "<", $_) or next; print "$_\n" if read($f, $m, 4) == 4 && $m eq "\x7fELF"'
}

# FILE<TAB>OWNER SIZE for each note and FILE<TAB>build-id HEX, sorted; owners that are no plain
# words (annobin's attributes) as "?".
of_readelf() {
	xargs -d '\n' -n 500 readelf -nW /dev/null 2>/dev/null |
		LC_ALL=C awk -v OFS='\t' '
		/^File: / { file = substr($0, 7); next }
		/Build ID: / { id = $0; sub(/.*Build ID: /, "", id); print file, "build-id " id }
		/^  [^ ].*[ \t]0x[0-9a-f]+\t/ && !/^  Owner / {
			match($0, /[ \t]0x[0-9a-f]+\t/)
			owner = substr($0, 3, RSTART - 3); sub(/ +$/, "", owner)
			size = substr($0, RSTART + 1, RLENGTH - 2)
			if (owner !~ /^[A-Za-z0-9._-]+$/) owner = "?"
			print file, owner " " size
		}' | sort
}

of_show() {
	xargs -d '\n' -n 5000 "$PKGNOTE" show --all 2>errors |
		LC_ALL=C awk -v OFS='\t' '
		/^BUILD-ID / { next }
		/^    note / {
			match($0, / 0x[0-9a-f]+( NT_[A-Z_0-9]+)?, [0-9]+ bytes at [0-9]+$/)
			owner = substr($0, 10, RSTART - 10)
			split(substr($0, RSTART), part, ", "); split(part[2], words, " ")
			if (owner !~ /^[A-Za-z0-9._-]+$/) owner = "?"
			printf "%s\t%s 0x%08x\n", file, owner, words[1]; next
		}
		/^      (dlopen|package) / { next }
		{
			file = substr($0, index($0, " /") + 1)
			if ($1 != "-") print file, "build-id " $1
		}' | sort
}

# The files named in ./names by both.
compare() {
	[ -s names ] || skip "no ELF files here"
	of_readelf <names >readelf.txt
	of_show <names >show.txt
	[ -s readelf.txt ] || fail "readelf found no note in $(wc -l <names) files"
	diff readelf.txt show.txt >difference || { head -12 difference; head -3 errors; fail "readelf (<) and show (>) differ"; }
	echo "$(wc -l <names) files, $(wc -l <show.txt) notes and build-ids agree"
}

this_machine() {
	need readelf
	find /bin/ /sbin/ /lib*/ /usr /opt /etc -xdev -type f ! -name '*
*' 2>/dev/null | sort -u | elf_names >names
	compare
}
check "every ELF file of this machine as readelf has it" this_machine

# Packages are unpacked, not installed: libc of another architecture and what it needs.
other_architecture() {
	need readelf apt-get dpkg-deb
	mkdir -p packages tree
	(cd packages && apt-get download "$@") >apt.log 2>&1 || skip "cannot download $*"
	for deb in packages/*.deb; do dpkg-deb -x "$deb" tree; done
	find "$PWD/tree" -type f | sort | elf_names >names
	compare
}
armhf() { other_architecture libc6-armhf-cross; }
arm64() { other_architecture libc6-arm64-cross; }
s390x() { other_architecture libc6-s390x-cross; }
ppc64el() { other_architecture libc6-ppc64el-cross; }
riscv64() { other_architecture libc6-riscv64-cross; }
mips64el() { other_architecture libc6-mips64el-cross; }
powerpc() { other_architecture libc6-powerpc-cross; }
for name in armhf arm64 s390x ppc64el riscv64 mips64el powerpc; do
	check "libc of $name as readelf has it" "$name"
done
finish
