# SPDX-License-Identifier: LGPL-2.1-or-later
# Each code of `show --check`: a file that breaks exactly that rule, and a twin that breaks none.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

# note SECTION FLAGS OWNER: assembler of a note; its value, directives after "1:", is on stdin.
note() {
	printf '\t.section %s,"%s",%%note\n\t.balign 4\n\t.long 2f-1f, 4f-3f, 0xcafe1a7e\n' "$1" "$2"
	printf '1:\t.asciz "%s"\n2:\t.balign 4\n3:\n' "$3"
	cat
	printf '4:\t.balign 4\n'
}

# value JSON: the directives of a sound value. The text may hold what a .ascii string may.
value() { printf '\t.ascii "%s"\n\t.byte 0\n' "$(printf %s "$1" | sed 's/["\\]/\\&/g')"; }
# raw TEXT: the same where TEXT is written as assembler has it.
raw() { printf '\t.ascii "%s"\n\t.byte 0\n' "$1"; }

# All in one page, wherever among its sections the linker has notes.
library() { "$CC" -nostdlib -Wl,-z,noseparate-code -shared "$@" -o it.so it.s; }

# codes FILE: what the check finds, in order; its exit status must say the same.
codes() {
	local got=0 found
	"$PKGNOTE" show --check --json "$1" >codes.json 2>codes.err || got=$?
	[ ! -s codes.err ] || { cat codes.err >&2; return 1; }
	found=$(grep -o '"code":"[a-z0-9-]*"' codes.json | cut -d'"' -f4 | tr '\n' ' ')
	[ "$got" = "$([ -z "$found" ] && echo 0 || echo 1)" ] || echo "exit $got "
	echo "${found% }"
}

# finds CODES BAD-VALUE GOOD-VALUE: JSON texts as raw() takes them.
finds() {
	raw "$2" | note .note.package a FDO >it.s; library; same "$(codes it.so)" "$1"
	raw "$3" | note .note.package a FDO >it.s; library; same "$(codes it.so)" ""
}

no_note() {
	echo '.globl x; x: .byte 0' >it.s; library; same "$(codes it.so)" no-note
	value '{}' | note .note.package a FDO >it.s; library; same "$(codes it.so)" ""
	# An object file gets its note when it is linked.
	echo '.globl x; x: .byte 0' >it.s; "$CC" -c it.s; same "$(codes it.o)" ""
}
check no-note no_note

duplicate_note() {
	value '{"name":"x"}' | note .note.package a FDO >it.s
	value '{"name":"x","a":1}' | note .note.package a FDO >>it.s
	library; same "$(codes it.so)" duplicate-note
	grep -q '"package":{"name":"x"}' codes.json # the first counts
	sed -i 's/0xcafe1a7e/0x407c0c0a/; q' it.s
	value '[]' | note .note.dlopen a FDO | sed s/0xcafe1a7e/0x407c0c0a/ >it.s
	value '{}' | note .note.package a FDO >>it.s; library; same "$(codes it.so)" ""
}
check duplicate-note duplicate_note

not_allocated() {
	value '{}' | note .note.package "" FDO >it.s; library; same "$(codes it.so)" not-allocated
	"$CC" -c it.s; same "$(codes it.o)" not-allocated
	value '{}' | note .note.package a FDO >it.s; "$CC" -c it.s; same "$(codes it.o)" ""
	# As objcopy adds a section: in no segment.
	echo '.globl x; x: .byte 0' >it2.s; "$CC" -nostdlib -shared -o bare.so it2.s
	objcopy -O binary --only-section=.note.package it.o note.bin
	objcopy --add-section .note.package=note.bin bare.so added.so; same "$(codes added.so)" not-allocated
}
check not-allocated not_allocated

writable() {
	value '{}' | note .note.package aw FDO >it.s; "$CC" -c it.s 2>warnings; same "$(codes it.o)" writable
	value '{}' | note .note.package a FDO >it.s; "$CC" -c it.s; same "$(codes it.o)" ""
	# All in one writable segment.
	printf '\t.data\n\t.long 1\n' >>it.s
	"$CC" -nostdlib -static -Wl,-N,-e,0 -o it it.s; same "$(codes it)" writable
	"$CC" -nostdlib -static -Wl,-z,noseparate-code,-e,0 -o it it.s; same "$(codes it)" ""
}
check writable writable

misaligned() {
	value '{}' | note .note.package a FDO >it.s; "$CC" -c it.s; same "$(codes it.o)" ""
	objcopy --set-section-alignment .note.package=1 it.o other.o; same "$(codes other.o)" misaligned
}
check misaligned misaligned

outside_first_page() {
	local size
	for size in 4200 2000; do
		printf '\t.section .note.package,"a",%%note\n\t.balign 4\n\t.long 4, %d, 1\n\t.asciz "GNU"\n\t.zero %d\n' $size $size >it.s
		value '{}' | note .note.package a FDO >>it.s
		library
		same "$(codes it.so)" "$([ $size = 4200 ] && echo outside-first-page || :)"
	done
}
check outside-first-page outside_first_page

wrong_owner() {
	value '{}' | note .note.package a XYZ >it.s; library; same "$(codes it.so)" wrong-owner
	grep -q '"package":null' codes.json
	value '{}' | note .note.package a FDO >it.s; library; same "$(codes it.so)" ""
}
check wrong-owner wrong_owner

wrong_section() {
	value '{}' | note .note.other a FDO >it.s; library; same "$(codes it.so)" wrong-section
	grep -q '"package":{}' codes.json # readers go by type
	# Behind another note, where a file with a payload has it, nothing is wrong.
	{ printf '.section .note.first,"a",%%note\n.balign 4\n.long 4, 4, 1\n.asciz "GNU"\n.long 0\n'; value '{}' | note .note.first a FDO; } >it.s
	library; status 0 "$PKGNOTE" show --check --json it.so
	says out '"code":"wrong-section".*"remark":true'
	# Without sections nothing can be said of them.
	objcopy --strip-section-headers it.so bare.so 2>/dev/null || cp it.so bare.so
	value '{}' | note .note.package a FDO >it.s; library; same "$(codes it.so)" ""
}
check wrong-section wrong_section

unterminated() {
	printf '\t.ascii "{\\"a\\":12}"\n' | note .note.package a FDO >it.s; library; same "$(codes it.so)" unterminated
	grep -q '"package":{"a":12}' codes.json
	# descsz with the padding (bfd, mold) and without it (gold) are both sound.
	printf '\t.asciz "{\\"a\\":1}"\n\t.balign 4\n' | note .note.package a FDO >it.s; library; same "$(codes it.so)" ""
	printf '\t.asciz "{\\"a\\":12}"\n' | note .note.package a FDO >it.s; library; same "$(codes it.so)" ""
}
check unterminated unterminated

bad_padding() {
	printf '\t.asciz "{}"\n\t.ascii "x"\n' | note .note.package a FDO >it.s; library; same "$(codes it.so)" bad-padding
	printf '\t.asciz "{}"\n' | note .note.package a FDO | sed 's/^4:.*/4:\t.byte 1/' >it.s; library; same "$(codes it.so)" bad-padding
	printf '\t.asciz "{}"\n\t.byte 0\n' | note .note.package a FDO >it.s; library; same "$(codes it.so)" ""
}
check bad-padding bad_padding

not_utf8() {
	finds not-utf8 '{\"a\":\"caf\351\"}' '{\"a\":\"caf\303\251\"}'
	finds not-utf8 '{\"a\":\"\303\"}' '{\"a\":\"\303\277\"}'
	finds "not-utf8 not-utf8" '{\"a\":\"\300\257\"}' '{\"a\":\"/\"}'                      # overlong
	finds "not-utf8 not-utf8 not-utf8" '{\"a\":\"\355\240\200\"}' '{\"a\":\"\355\237\277\"}' # a surrogate
}
check not-utf8 not_utf8

not_object() {
	finds not-object '[1,2]' '{\"a\":[1,2]}'
	finds not-object '\"x\"' '{\"x\":\"x\"}'
	finds not-object 'null' '{\"a\":null}'
}
check not-object not_object

syntax() {
	finds syntax '{\"a\":1,}' '{\"a\":1}'
	finds syntax '{/**/}' '{ }'
	finds syntax '{\"a\":NaN}' '{\"a\":null}'
	finds syntax '{\"a\":-Infinity}' '{\"a\":-1}'
	finds syntax '\357\273\277{}' '{}'
	finds syntax '{\"a\":01}' '{\"a\":0.1}'
	finds syntax '{\"a\":\"\\x\"}' '{\"a\":\"\\\\x\"}'
	finds syntax "{'a':1}" '{\"a\":1}'
	finds syntax '{\001}' '{\011}'
}
check syntax syntax

duplicate_key() {
	finds duplicate-key '{\"a\":1,\"a\":2}' '{\"a\":1,\"b\":2}'
	finds duplicate-key '{\"x\":[{\"a\":1,\"a\":1}]}' '{\"x\":[{\"a\":1},{\"a\":1}]}'
}
check duplicate-key duplicate_key

control_character() {
	finds control-character '{\"a\":\"x\\ny\"}' '{\"a\":\"x\\\\ny\"}'
	finds control-character '{\"a\":\"x\011y\"}' '{\"a\":\"x y\"}'
	finds control-character '{\"a\":\"\177\"}' '{\"a\":\"~\"}'
	finds control-character '{\"a\":\"\302\205\"}' '{\"a\":\"\302\240\"}'
}
check control-character control_character

unicode_escape() {
	finds unicode-escape '{\"a\":\"\\u00e9\"}' '{\"a\":\"\303\251\"}'
	finds unicode-escape '{\"\\u0041\":1}' '{\"A\":1}'
}
check unicode-escape unicode_escape

number_range() {
	finds number-range '{\"a\":9007199254740992}' '{\"a\":9007199254740991}'
	finds number-range '{\"a\":-9007199254740992}' '{\"a\":-9007199254740991}'
	finds number-range '{\"a\":1e309}' '{\"a\":1e308}'
	finds number-range '{\"a\":1e-999}' '{\"a\":1e-300}'
	finds number-range '{\"a\":9007199254740993.0}' '{\"a\":9007199254740992.0}'
}
check number-range number_range

trailing_data() {
	finds trailing-data '{}x' '{} '
	finds trailing-data '{}{}' '{}'
	finds trailing-data '{}//' '{\"a\":\"//\"}'
}
check trailing-data trailing_data

debug_files() {
	need eu-strip objcopy
	echo 'int main(void) { return 0; }' >it.c
	"$CC" -g -Wl,-z,noseparate-code -Xlinker '--package-metadata={"name":"x"}' -o it it.c
	eu-strip -f eu.debug -o stripped it
	objcopy --only-keep-debug it oc.debug
	same "$(codes eu.debug)$(codes oc.debug)$(codes stripped)" ""
	grep -q '"package":{"name":"x"}' codes.json
}
check "debug files, whose headers are another file's" debug_files

in_the_table() {
	raw '{\"a\":1,\"a\":2}' | note .note.package a FDO >it.s; library
	status 1 "$PKGNOTE" show --check it.so
	says out '^    duplicate-key: name "a" twice in one object \(offset [0-9]+\)$'
	status 0 "$PKGNOTE" show it.so
	says_not out duplicate-key
	says out '[0-9]  it\.so$|- +it\.so$|it\.so$'
}
check "findings in the table, with --check only" in_the_table

as_the_linkers_write_it() {
	local linker out
	for linker in bfd gold lld mold; do
		command -v "ld.$linker" >/dev/null || continue
		"ld.$linker" --help | grep -q package-metadata || continue
		echo 'int main(void) { return 0; }' >it.c
		# bfd lays the note behind .eh_frame since 2.44.
		"$CC" "-fuse-ld=$linker" $([ $linker != bfd ] || echo -Wl,-z,noseparate-code) -Xlinker '--package-metadata={"type":"deb","name":"x"}' -o it it.c 2>/dev/null || continue
		same "$linker: $(codes it)" "$linker: "
		grep -q '"package":{"type":"deb","name":"x"}' codes.json
	done
}
check "notes of bfd, gold, mold and lld break no rule" as_the_linkers_write_it
# The note is longer than what the reader takes at once, lies behind page one, and ends no multiple of 4: what pads it
# is read as well as judged (a build with sanitizers sees it).
long_value() {
	local pad
	for pad in 0 1 255; do
		{
			printf '.section .note.package,"a",%%note\n.balign 4096\n.long 4, 2f-1f, 0xcafe1a7e\n.asciz "FDO"\n'
			printf '1:.ascii "{\\"name\\":\\"%01501d\\"}"\n.byte 0\n2:.balign 4, %d\n' 0 "$pad"
		} >it.s
		library -Wl,-z,noseparate-code
		case $pad in 0) same "$(codes it.so)" "outside-first-page" ;; *) same "$(codes it.so)" "outside-first-page bad-padding" ;; esac
	done
}
check "what pads a long value is read where it is judged" long_value
# Code of others that was linked in may have a note of its own: that is worth a remark. The same package twice is not.
several_notes() {
	{ value '{"name":"a"}' | note .note.package a FDO; value '{"name":"b"}' | note .note.package a FDO; } >it.s; library
	"$PKGNOTE" show --check --json it.so >codes.json
	says codes.json '"package":\{"name":"a"\},"packages":\[\{"name":"a"\},\{"name":"b"\}\]'
	says codes.json '"problems":\[\{"code":"several-notes",[^}]*"remark":true\}\]'
	status 0 "$PKGNOTE" show --all --check it.so
	says out ' a, 1 more '
	says out '^      package b$'
	says out '^    several-notes: it names another package; the note at offset [0-9]+ counts'
	"$PKGNOTE" show --all --json it.so >codes.json
	same "$(grep -o '"offset":[0-9]*,"package":{"name":"."}' codes.json | wc -l)" 2
	# Equal, or of one name.
	{ value '{"name":"a"}' | note .note.package a FDO; value '{"name":"b"}' | note .note.package a FDO; value '{"name":"a","version":"2"}' | note .note.package a FDO; } >it.s
	library
	same "$(codes it.so)" "several-notes duplicate-note"
	{ value '{}' | note .note.package a FDO; value '{}' | note .note.package a FDO; } >it.s; library
	same "$(codes it.so)" duplicate-note
}
check "several notes, of several packages or of one" several_notes

# What UAPI.12's readers take is taken; what is wrong with it is told.
dlopen_notes() {
	local want text
	while IFS='|' read -r want text; do
		{ value '{}' | note .note.package a FDO; value "$text" | note .note.dlopen a FDO | sed 's/0xcafe1a7e/0x407c0c0a/'; } >it.s; library
		"$PKGNOTE" show --check --all --json it.so >codes.json || same $? 1
		same "$(sed "s/\\\\\"/~/g" codes.json | grep -o '"code":"dlopen-note","detail":"[^"]*"' | cut -d'"' -f8 | tr '\n' ';')" "$want"
		case $text in *libx*) says codes.json '"dlopen":\[\{.*"soname":\["libx.so.1"\]' ;; *) ;; esac
	done <<-'X'
		|[{"soname":["libx.so.1"],"priority":"suggested","feature":"f","description":"d"}]
		|[]
		an object instead of an array of objects;|{"soname":["libx.so.1"]}
		entry 1: soname is a string instead of an array;|[{"soname":"libx.so.1"}]
		an object instead of an array of objects;entry 1: soname is a string instead of an array;|{"soname":"libx.so.1"}
		entry 2: no soname;|[{"soname":["libx.so.1"]},{"feature":"x"}]
		entry 1: priority is none of required, recommended, suggested;|[{"soname":["libx.so.1"],"priority":"urgent"}]
		entry 1: feature is no string;|[{"soname":["libx.so.1"],"feature":1}]
		entry 1: soname is empty;|[{"soname":[]}]
		entry 1: soname holds what is no string;|[{"soname":[1]}]
		entry 1: soname is no array of strings;|[{"soname":1}]
		entry 1: no object;|["x"]
		neither an array nor an object;|"x"
		syntax: value wanted, not 'x';|x
		duplicate-key: name ~soname~ twice in one object;|[{"soname":["liby.so.1"],"soname":["libx.so.1"]}]
	X
}
check "dlopen notes that break UAPI.12" dlopen_notes
finish
