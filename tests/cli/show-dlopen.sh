# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote show --dlopen: what dlopen notes (UAPI.12) name, as rows, JSON, names and dependencies for rpm.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

# noted FILE JSON [OPTION]...: a shared library with a dlopen note.
noted() {
	local file=$1 json=$2; shift 2
	cat >note.s <<S
	.section .note.dlopen, "a", %note
	.balign 4
	.long 4, 2f - 1f, 0x407c0c0a
	.asciz "FDO"
1:	.asciz "$(sed 's/"/\\"/g' <<<"$json")"
2:	.balign 4
	.section .note.GNU-stack, "", %progbits
S
	"$CC" -shared -nostdlib "$@" -o "$file" note.s
}
three='[{"soname":["libz.so.1"],"feature":"gz","description":"gzip","priority":"required"},{"soname":["libzstd.so.2","libzstd.so.1"],"feature":"zstd"},{"soname":["liblzma.so.5"],"feature":"xz","priority":"suggested"}]'

rows() {
	need perl
	noted a.so "$three"
	status 0 "$PKGNOTE" show --dlopen a.so
	says out '^libz.so.1 +required +gz +a.so$'
	says out '^libzstd.so.2 or libzstd.so.1 +recommended +zstd +a.so$'
	status 0 "$PKGNOTE" show --dlopen --json a.so
	same "$(perl -MJSON::PP -ne '$r = decode_json($_); print join(" ", $r->{path}, @{$r->{soname}}, $r->{priority}, $r->{feature} // "null", $r->{description} // "null"), "\n"' out)" \
		"a.so libz.so.1 required gz gzip
a.so libzstd.so.2 libzstd.so.1 recommended zstd null
a.so liblzma.so.5 suggested xz null"
	status 0 "$PKGNOTE" show --dlopen=sonames a.so
	same "$(cat out)" "liblzma.so.5 suggested
libz.so.1 required
libzstd.so.1 recommended
libzstd.so.2 recommended"
	status 0 "$PKGNOTE" show --dlopen=sonames --feature=xz --feature=gz a.so
	same "$(cat out)" "liblzma.so.5 suggested
libz.so.1 required"
}
check "rows, JSON, names; some features alone" rows

rpm_form() {
	noted a.so "$three"
	noted b.so '[{"soname":["libz.so.1"],"priority":"required"},{"soname":["x y.so"],"priority":"required"}]'
	suffix=; [ "$(getconf LONG_BIT)" != 64 ] || suffix='()(64bit)'
	for row in "requires libz.so.1$suffix" "recommends (libzstd.so.2$suffix or libzstd.so.1$suffix)" "suggests liblzma.so.5$suffix"; do
		status 0 "$PKGNOTE" show --dlopen="rpm-${row%% *}" a.so b.so
		same "$(cat out)" "${row#* }"
	done
	"$CC" -m32 -x c -c /dev/null -o m32.o 2>/dev/null || skip "no compiler for 32 bits"
	noted c.so "$three" -m32
	status 0 "$PKGNOTE" show --dlopen=rpm-requires c.so
	same "$(cat out)" libz.so.1
}
check "dependencies as rpm's elfdeps writes them" rpm_form

# What rpm itself finds in a file, with the generator that comes along.
rpm_generator() {
	[ -x /usr/lib/rpm/rpmdeps ] || skip "no rpmdeps on this machine"
	mkdir attrs lib
	noted a.so "$three"
	sed "s|/usr/bin/pkgnote|$PKGNOTE|" "$TOP/rpm-macros/pkgnote-dlopen" >lib/pkgnote-dlopen
	chmod 755 lib/pkgnote-dlopen
	sed "s|%{_rpmconfigdir}/pkgnote|$PWD/lib/pkgnote|" "$TOP/rpm-macros/pkgnote_dlopen.attr" >attrs/pkgnote_dlopen.attr
	suffix=; [ "$(getconf LONG_BIT)" != 64 ] || suffix='()(64bit)'
	deps() { /usr/lib/rpm/rpmdeps --define "_fileattrsdir $PWD/attrs" --load "$PWD/attrs/pkgnote_dlopen.attr" --define "_pkgnote_dlopen $1" "$2" "$PWD/a.so"; }
	same "$(deps 1 --requires)" "libz.so.1$suffix"
	same "$(deps 1 --recommends)" "(libzstd.so.2$suffix or libzstd.so.1$suffix)"
	same "$(deps 1 --suggests)" "liblzma.so.5$suffix"
	same "$(deps 0 --requires)" ''
}
check "rpm's generator: Requires, Recommends and Suggests, where the switch is on" rpm_generator

# Each file of this system that carries such notes: the names are those that are in its section.
of_this_system() {
	need objcopy perl
	found=0
	for file in /usr/lib/systemd/libsystemd-shared-*.so /usr/lib/*/systemd/libsystemd-shared-*.so /usr/lib/*/libsystemd.so.0 /usr/lib64/libsystemd.so.0 "$PKGNOTE"; do
		[ -f "$file" ] && objcopy -O binary --only-section=.note.dlopen --set-section-flags .note.dlopen=alloc "$file" notes 2>/dev/null && [ -s notes ] || continue
		found=1
		status 0 "$PKGNOTE" show --dlopen=sonames "$file"
		same "$(cut -d' ' -f1 out | sort -u)" \
			"$(perl -MJSON::PP -0777 -ne 'while (/(\[\{.*?\}\])\0/gs) { print map { map { "$_\n" } @{$_->{soname}} } @{decode_json($1)} }' notes | sort -u)"
	done
	[ $found = 1 ] || skip "no file with a dlopen note here"
}
check "the notes that this system's libraries carry" of_this_system

wrong_usage() {
	for options in '--dlopen --summary' '--dlopen=rpm-requires --json' '--feature=x' '--dlopen=all' '--dlopen --report=spdx'; do
		status 2 "$PKGNOTE" show $options /bin/sh
	done
}
check "what does not go together" wrong_usage
finish
