# SPDX-License-Identifier: LGPL-2.1-or-later
# The table of tamperings: each is found, by the right check, at the right file, and nothing else is.
. "$(dirname "$0")/../lib.sh"

# release: ./root and ./share as in verify.sh, made once by clang (whose line tables have MD5) and
# eu-strip, with an alternate file of dwz for `three` and `four`.
make_release() {
	need clang eu-strip objcopy readelf python3 dwz
	mkdir -p src root/usr/bin share/buildid other
	local source=/usr/src/debug/t-1-1.x86_64 name id
	local map="-ffile-prefix-map=$PWD/src=$source"
	echo 'int part(int);' >src/part.h
	printf '#include "part.h"\nint part(int x) { return 2 * x; }\n' >src/part.c
	for name in one two three four; do
		{
			echo '#include "part.h"'
			echo '#include <stdio.h>'
			echo "const char text_of_$name[] = \"$name\";"
			echo "int main(void) { return puts(text_of_$name) + part($name()) != 6; }"
		} >"src/$name.c"
		sed -i "2a static int $name(void) { return 3; }" "src/$name.c"
		clang -gdwarf-4 -O1 -o "$name" "$PWD/src/$name.c" "$PWD/src/part.c" "$map" -fuse-ld=bfd -Wl,--build-id \
			"$PAGE_ONE" -Xlinker '--package-metadata={"type":"rpm","name":"t","version":"1-1","architecture":"x86_64"}'
	done
	# DWARF 5 where MD5 is wanted; dwz wants DWARF 4 here.
	for name in one two; do
		clang -gdwarf-5 -O1 -o "$name" "$PWD/src/$name.c" "$PWD/src/part.c" "$map" -fuse-ld=bfd -Wl,--build-id \
			"$PAGE_ONE" -Xlinker '--package-metadata={"type":"rpm","name":"t","version":"1-1","architecture":"x86_64"}'
	done
	for name in one two three four; do
		eu-strip -f "$name.debug" -o "root/usr/bin/$name" "$name"
		chmod u+w "$name.debug"
	done
	dwz -m alternate.debug -M /usr/lib/debug/.dwz/t three.debug four.debug
	for name in one two three four; do
		objcopy --remove-section=.gnu_debuglink "root/usr/bin/$name"
		objcopy --add-gnu-debuglink="$name.debug" "root/usr/bin/$name"
		id=$(build_id "$name")
		mkdir -p "share/buildid/$id/source$source"
		cp "$name.debug" "share/buildid/$id/debuginfo"
		cp "root/usr/bin/$name" "share/buildid/$id/executable"
		cp src/* "share/buildid/$id/source$source"
		ln -s "buildid/$id" "share/$name"
	done
	id=$(build_id alternate.debug)
	mkdir -p "share/buildid/$id"
	cp alternate.debug "share/buildid/$id/debuginfo"
	ln -s "buildid/$id" share/alternate
	ln -s "one/source$source" share/sources
	cat >elf.py <<-'P'
	# What the table says with: elf("FILE") is a 64-bit little-endian ELF file, changed in place.
	import struct, sys
	class elf:
	    def __init__(self, name):
	        self.name = name
	        self.b = bytearray(open(name, "rb").read())
	        self.shoff, = struct.unpack_from("<Q", self.b, 40)
	        self.phoff, = struct.unpack_from("<Q", self.b, 32)
	        self.phnum, = struct.unpack_from("<H", self.b, 56)
	        shnum, shstrndx = struct.unpack_from("<HH", self.b, 60)
	        names = struct.unpack_from("<Q", self.b, self.shoff + 64 * shstrndx + 24)[0]
	        self.sections = {}
	        for i in range(shnum):
	            h = self.shoff + 64 * i
	            n = names + struct.unpack_from("<I", self.b, h)[0]
	            name = bytes(self.b[n:self.b.index(0, n)]).decode()
	            self.sections[name] = (h,) + struct.unpack_from("<QQ", self.b, h + 24)
	    def at(self, section, offset=0):
	        return self.sections[section][1] + offset
	    def flip(self, section, offset=0):
	        self.b[self.at(section, offset)] ^= 1
	        self.save()
	    def put(self, at, data):
	        self.b[at:at + len(data)] = data
	        self.save()
	    def replace(self, old, new):
	        assert len(old) == len(new) and self.b.count(old) == 1, (old, self.b.count(old))
	        self.put(self.b.index(old), new)
	    def header(self, section, field, value, form="<Q"):
	        struct.pack_into(form, self.b, self.sections[section][0] + field, value)
	        self.save()
	    def save(self):
	        open(self.name, "wb").write(self.b)
	exec(sys.argv[1])
	P
}

build_id() { readelf -n "$1" 2>/dev/null | sed -n 's/.*Build ID: //p' | head -1; }

# Words of the table.
py() { python3 ../elf.py "$1"; }                                 # changes ELF files
reship() { cp "root/usr/bin/$1" "share/$1/executable"; }         # the shipped file was so when it was published
relink() { objcopy --remove-section=.gnu_debuglink "root/usr/bin/$1" && reship "$1"; } # no CRC tells

# row TITLE TAMPERING EXPECTED [OPTION...]: EXPECTED is "VERDICT CHECK NAME, ..." of all that is wrong.
rows=0
row() {
	local title=$1 tampering=$2 expected=$3 got; shift 3
	rows=$((rows + 1))
	rm -rf row && mkdir row
	cp -a root share row
	(cd row && bash -euc "$(declare -f py reship relink); $tampering") >row.log 2>&1 || { cat row.log; fail "$title: the tampering itself failed"; }
	local code=0
	(cd row && "$PKGNOTE" verify --json --server="file://$PWD/share" "$@" root) >out 2>err || code=$?
	got=$(python3 -c 'import json
print(", ".join(" ".join((r["verdict"], r["check"], r["path"].split("/")[-1])) for r in json.load(open("out"))["results"] if r["verdict"] not in ("pass", "skipped")))')
	if [ "$got" != "$expected" ] || [ "$code" != "$([ -n "$expected" ] && echo 1 || echo 0)" ]; then
		echo "$title: exit $code, found '$got' instead of '$expected'" >&2
		cat err >&2
		wrong=$((wrong + 1))
	fi
}

all_are_found() {
	make_release
	wrong=0
	row "nothing" : ""
	# --- the note
	row "the note's JSON breaks" 'py "elf(\"root/usr/bin/one\").replace(b\"{\\\"type\", b\"[\\\"type\")"; reship one' 'fail note one'
	row "a key twice" 'py "elf(\"root/usr/bin/one\").replace(b\"\\\"name\\\"\", b\"\\\"type\\\"\")"; reship one' 'fail note one'
	row "a control character" 'py "elf(\"root/usr/bin/one\").replace(b\"x86_64\\\"\", b\"x86\\x01464\\\"\"[:7])"; reship one' 'fail note one'
	row "not UTF-8" 'py "elf(\"root/usr/bin/one\").replace(b\"x86_64\", b\"x86\\xff64\")"; reship one' 'fail note one'
	row "something after the object" 'py "elf(\"root/usr/bin/one\").replace(b\"_64\\\"}\", b\"\\\"}xyz\")"; reship one' 'fail note one'
	row "no NUL at the end" 'py "e=elf(\"root/usr/bin/one\"); e.put(e.at(\".note.package\", e.sections[\".note.package\"][2]-4), b\"    \")"; reship one' 'fail note one'
	row "another owner" 'py "e=elf(\"root/usr/bin/one\"); e.put(e.at(\".note.package\", 12), b\"FDX\")"; reship one' 'fail note one'
	row "another type: no note" 'py "e=elf(\"root/usr/bin/one\"); e.flip(\".note.package\", 8)"; reship one' 'fail note one'
	row "a note of another package" 'py "elf(\"root/usr/bin/two\").replace(b\"\\\"name\\\":\\\"t\\\"\", b\"\\\"name\\\":\\\"u\\\"\")"; reship two' 'fail note two' --expect name=t
	row "a note of another version" 'py "elf(\"root/usr/bin/two\").replace(b\"1-1\", b\"1-2\")"; reship two' 'fail note two' --expect version=1-1
	row "a note in a writable segment" 'py "e=elf(\"root/usr/bin/one\"); p=[h for h in range(e.phoff, e.phoff+56*e.phnum, 56) if e.b[h]==1][0]; e.put(p+4, b\"\\6\")"; relink one' 'fail debuginfo one, fail note one'
	# --- the build-id
	row "no build-id" 'py "e=elf(\"root/usr/bin/one\"); e.flip(\".note.gnu.build-id\", 8)"; reship one' 'fail build-id one'
	row "an unknown build-id" 'py "e=elf(\"root/usr/bin/one\"); e.flip(\".note.gnu.build-id\", 16)"' 'missing debuginfo one, missing executable one'
	row "one build-id, two files" 'cp root/usr/bin/one root/usr/bin/five; py "elf(\"root/usr/bin/five\").flip(\".rodata\", 0)"' 'fail build-id five, fail build-id one'
	row "one build-id, equal files" 'cp root/usr/bin/one root/usr/bin/five' ''
	row "the build-id of another file" 'py "a=elf(\"root/usr/bin/one\"); b=elf(\"root/usr/bin/two\"); a.put(a.at(\".note.gnu.build-id\", 16), b.b[b.at(\".note.gnu.build-id\", 16):][:20])"' 'fail build-id one, fail build-id two'
	# --- the shipped file
	row "one byte of text" 'py "elf(\"root/usr/bin/one\").flip(\".text\", 9)"' 'fail executable one'
	row "one byte of data" 'py "elf(\"root/usr/bin/one\").flip(\".rodata\", 1)"' 'fail executable one'
	row "a byte at the end" 'printf x >>root/usr/bin/two' 'fail executable two'
	row "truncated in its headers" 'truncate -s 40 root/usr/bin/one' 'fail note one'
	row "truncated before its section table" 'truncate -s 4096 root/usr/bin/one' 'fail note one'
	row "not stripped" 'cp ../one root/usr/bin/one; reship one' 'fail stripped one'
	row "no debuglink, but served" 'relink one' ''
	row "debug information vanished" 'relink one; rm share/one/debuginfo' 'missing debuginfo one, fail stripped one'
	row "the debuglink's CRC" 'py "e=elf(\"root/usr/bin/one\"); e.flip(\".gnu_debuglink\", e.sections[\".gnu_debuglink\"][2]-1)"; reship one' 'fail debuginfo one'
	row "a section at another address" 'py "e=elf(\"root/usr/bin/one\"); e.header(\".text\", 16, 0x1234)"; reship one' 'fail debuginfo one'
	row "a section of another size" 'py "e=elf(\"root/usr/bin/one\"); e.header(\".bss\", 32, 4096)"; reship one' 'fail debuginfo one'
	row "a section with other flags" 'py "e=elf(\"root/usr/bin/one\"); e.header(\".rodata\", 8, 3)"; reship one' 'fail debuginfo one'
	row "a segment at another address" 'py "e=elf(\"root/usr/bin/one\"); p=[h for h in range(e.phoff, e.phoff+56*e.phnum, 56) if e.b[h]==1][-1]; e.b[p+41]^=1; e.save()"; reship one' 'fail debuginfo one'
	row "another machine" 'py "e=elf(\"root/usr/bin/one\"); e.put(18, b\"\\xb7\\0\")"; reship one' 'fail debuginfo one'
	# --- the debug file
	row "no debug file" 'rm share/one/debuginfo' 'missing debuginfo one'
	row "an empty debug file" ': >share/one/debuginfo' 'fail debuginfo one'
	row "a debug file that ends early" 'truncate -s 2000 share/one/debuginfo' 'fail debuginfo one'
	row "a debug file with a byte more" 'printf x >>share/one/debuginfo' 'fail debuginfo one'
	row "one byte of DWARF" 'py "elf(\"share/one/debuginfo\").flip(\".debug_info\", 30)"' 'fail debuginfo one'
	row "one byte of line table" 'py "e=elf(\"share/one/debuginfo\"); e.flip(\".debug_line\", e.sections[\".debug_line\"][2]-2)"' 'fail debuginfo one'
	row "one byte of a string" 'py "elf(\"share/one/debuginfo\").flip(\".debug_str\", 3)"' 'fail debuginfo one'
	row "one byte of a symbol" 'py "elf(\"share/one/debuginfo\").flip(\".symtab\", 50)"' 'fail debuginfo one'
	row "one byte of its build-id" 'py "elf(\"share/one/debuginfo\").flip(\".note.gnu.build-id\", 20)"' 'fail debuginfo one'
	row "another file's debug file" 'cp share/two/debuginfo share/one/debuginfo' 'fail debuginfo one'
	row "another file's debug file with this build-id" 'cp share/two/debuginfo share/one/debuginfo; py "a=elf(\"share/one/debuginfo\"); b=elf(\"root/usr/bin/one\"); a.put(a.at(\".note.gnu.build-id\", 16), b.b[b.at(\".note.gnu.build-id\", 16):][:20])"' 'fail debuginfo one'
	row "the same where no CRC tells" 'relink one; cp share/four/debuginfo share/one/debuginfo; py "a=elf(\"share/one/debuginfo\"); b=elf(\"root/usr/bin/one\"); a.put(a.at(\".note.gnu.build-id\", 16), b.b[b.at(\".note.gnu.build-id\", 16):][:20]); a.header(\".bss\", 32, 64)"' 'fail debuginfo one'
	row "the shipped file in its place" 'cp root/usr/bin/one share/one/debuginfo' 'fail debuginfo one'
	row "symbols, but no DWARF" 'relink one; objcopy -g ../one share/one/debuginfo' 'fail debuginfo one'
	row "a text in its place" 'echo not found >share/one/debuginfo' 'fail debuginfo one'
	row "another machine's debug file" 'relink one; py "e=elf(\"share/one/debuginfo\"); e.put(18, b\"\\xb7\\0\")"' 'fail debuginfo one'
	# --- the alternate file
	row "no alternate file" 'rm share/alternate/debuginfo' 'missing debuginfo four, missing debuginfo three'
	row "another alternate file" 'cp share/one/debuginfo share/alternate/debuginfo' 'fail debuginfo four, fail debuginfo three'
	# --- the executable
	row "no executable" 'rm share/two/executable' 'missing executable two'
	row "an empty executable" ': >share/two/executable' 'fail executable two'
	row "another file's executable" 'cp share/one/executable share/two/executable' 'fail executable two'
	row "one byte of the executable" 'py "elf(\"share/two/executable\").flip(\".text\", 3)"' 'fail executable two'
	row "the unstripped executable" 'cp ../two share/two/executable' 'fail executable two'
	# --- sources
	row "no source" 'rm share/sources/one.c' 'missing source one'
	row "no sources" 'rm -r share/one/source' 'missing source one'
	row "one byte of a source" 'sed -i s/3/4/ share/sources/one.c' 'fail source one'
	row "an empty source" ': >share/sources/one.c' 'fail source one'
	row "another source in its place" 'cp share/sources/part.c share/sources/one.c' 'fail source one'
	row "no header" 'rm share/sources/part.h' 'missing source one' --sources=all
	row "one byte of a header" 'sed -i s/part/trap/ share/sources/part.h' 'fail source one' --sources=all
	row "no header, primary sources asked for" 'rm share/sources/part.h' ''
	# --- the share
	row "a build-id's all" 'rm -r share/$(readlink share/two)' 'missing debuginfo two, missing executable two'
	row "a second server without it" 'mkdir -p empty/buildid' '' --server="file://$PWD/row/empty"
	row "a second server with a changed one" 'cp -a share mirror; py "elf(\"mirror/one/debuginfo\").flip(\".debug_info\", 30)"' 'fail debuginfo one' --server="file://$PWD/row/mirror"
	row "a second server that is down" : '' --server="file://$PWD/row/nowhere"
	row "absent from one, the other is down" 'rm share/one/debuginfo' 'unreachable debuginfo one, unreachable source one' --server="file://$PWD/row/nowhere" --checks=debuginfo,source
	echo "$rows rows"
	[ "$rows" -ge 41 ]
	[ "$wrong" = 0 ] || fail "$wrong of $rows rows"
}
check "the table of tamperings" all_are_found
finish
