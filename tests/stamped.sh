# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the tests of pkgnote stamp: programs to stamp, and what must hold of them afterwards.

sources() {
	cat >lib.c <<'C'
int version_one(void) { return 1; }
int answer(void) { return 42; }
C
	cat >main.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int answer(void);
static __thread int per_thread = 7;
__attribute__((constructor)) static void early(void) { per_thread++; }
static int chosen(void) { return 5; }
static int (*resolve(void))(void) { return chosen; }
int picked(void) __attribute__((ifunc("resolve")));
int main(void)
{
	if (getenv("CRASH") != NULL)
		abort();
	return printf("%d %d %d %zu\n", answer(), per_thread, picked(), strlen("four")) < 0;
}
C
}

# in_page_one FILE: exactly one package note, in a PT_NOTE and a PT_LOAD within the first 4096 bytes.
in_page_one() {
	local load=0 found=0 type offset address physical size rest
	same 1 "$(readelf -nW "$1" | grep -c 'Packaging Metadata:')"
	while read -r type offset address physical size rest; do
		case $type in
		LOAD) [ $((load)) != 0 ] || load=$((offset + size)) ;;
		NOTE)
			[ $((offset + size)) -gt 4096 ] || [ $((offset + size)) -gt $((load)) ] ||
				! dd if="$1" bs=1 skip=$((offset)) count=$((size)) status=none | grep -aq FDO || found=1 ;;
		esac
	done < <(readelf -lW "$1" | sed -n 's/^  \(LOAD\|NOTE\) /\1 /p' | sort)
	[ $found = 1 ] || { readelf -lW "$1" >&2; fail "$1: the note is not in page one"; }
}

# numbers change where a section is added, the rest of what eu-elflint finds must not.
lint_of() { elflint "$1" | sed 's/\[ *[0-9]*\]//g; s/phdr *[0-9]*//; s/header entry [0-9]*//; s/at offset [0-9]*//' | sort; }

# holds OLD NEW: NEW is the stamped OLD.
holds() {
	in_page_one "$2"
	same "$(lint_of "$1")" "$(lint_of "$2")"
	status 0 systemd-analyze inspect-elf --json=short "$2"
	says out '"name":"demo"'
	readelf -aW "$2" 2>&1 >/dev/null | sed "s,$2,,g" >warnings.new
	readelf -aW "$1" 2>&1 >/dev/null | sed "s,$1,,g" >warnings.old
	cmp warnings.old warnings.new
}

# moves_notes OUT OPTION...: ld's default linker script (-Wl,-dT,OUT) that lays notes out as GNU ld 2.44 and later do by themselves: the build-id in front, the
# other notes behind .eh_frame.
moves_notes() {
	ld --verbose "${@:2}" | sed -n '/^=====/,/^=====/p' | grep -v '^=====' | awk '
		/^  \.note\.(gnu\.build-id|gnu\.property|ABI-tag|package)/ { next }
		/^  \.(interp|hash) / && !front++ { print "  .note.gnu.build-id : { *(.note.gnu.build-id) }" }
		{ print }
		/^  \.eh_frame +: / { print "  .note.ABI-tag : { *(.note.ABI-tag) }\n  .note.package : { *(.note.package) }" }' >"$1"
	grep -q build-id "$1" || skip "no linker script is to be had"
}
# payloads FILE: what readelf finds, in its order.
payloads() { readelf -nW "$1" | sed -n 's/.*Packaging Metadata: //p'; }
# passes FILE: the judge finds nothing about the place of a note.
passes() { "$PKGNOTE" show --check "$1" >judged 2>&1 || { cat judged >&2; fail "$1: the judge finds something"; }; }
# elf_poke FILE OFFSET BYTES: writes BYTES (as printf has it) at OFFSET.
elf_poke() { printf "$3" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none; }

