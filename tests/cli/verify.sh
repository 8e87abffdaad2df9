# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote verify, against shares laid out by hand with the field's own tools.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

# release: a staging tree ./root of two programs and a library, and the share ./share that serves
# their debug information, made by gcc and eu-strip. Each program has a source of its own.
release() {
	need "$CC" eu-strip readelf python3
	mkdir -p src root/usr/bin root/usr/lib share
	echo 'int part(int);' >src/part.h
	printf '#include "part.h"\nint part(int x) { return 2 * x; }\n' >src/part.c
	local name
	for name in one two; do
		cat >"src/$name.c" <<-C
		#include "part.h"
		int $name = 3;
		int main(void) { return part($name) != 6; }
		C
	done
	local map="-ffile-prefix-map=$PWD/src=/usr/src/debug/t-1-1.x86_64"
	compile one "$PWD/src/one.c" "$PWD/src/part.c" "$map"
	compile two "$PWD/src/two.c" "$PWD/src/part.c" "$map"
	compile libpart.so "$PWD/src/part.c" "$map" -shared -fPIC
	install_one one usr/bin/one
	install_one two usr/bin/two
	install_one libpart.so usr/lib/libpart.so
}

# compile OUT ARGUMENT...: with a build-id and a package note.
NOTE='{"type":"rpm","name":"t","version":"1-1","architecture":"x86_64"}'
compile() {
	local out=$1; shift
	"$CC" -g -O1 -o "$out" "$@" -Wl,--build-id "$PAGE_ONE" -Xlinker "--package-metadata=$NOTE"
}

build_id() { readelf -n "$1" 2>/dev/null | sed -n 's/.*Build ID: //p' | head -1; }

# install_one FILE PATH: strips FILE into root/PATH, serves both halves and the sources.
install_one() {
	local id served
	id=$(build_id "$1")
	served=share/buildid/$id
	mkdir -p "$served/source/usr/src/debug/t-1-1.x86_64"
	eu-strip -f "$1.debug" -o "root/$2" "$1"
	mv "$1.debug" "$served/debuginfo"
	cp "root/$2" "$served/executable"
	cp src/* "$served/source/usr/src/debug/t-1-1.x86_64"
}

served() { echo "share/buildid/$(build_id "root/$1")"; }
verify() { "$PKGNOTE" verify --server="file://$PWD/share" "$@"; }

# wrong JSON: "VERDICT CHECK PATH" of all that is neither pass nor skipped.
wrong() {
	python3 - "$1" <<-'P'
	import json, sys
	report = json.load(open(sys.argv[1]))
	assert report["reportVersion"] == 1
	counts = dict.fromkeys(("pass", "fail", "missing", "unreachable", "skipped"), 0)
	for r in report["results"]:
	    counts[r["verdict"]] += 1
	    assert set(r) == {"input", "path", "buildId", "check", "verdict", "reason", "servers"}, r
	    assert all(set(s) == {"url", "answer"} for s in r["servers"]), r
	    if r["verdict"] not in ("pass", "skipped"):
	        print(r["verdict"], r["check"], r["path"])
	assert counts == report["summary"], report["summary"]
	keys = [(r["input"].encode(), r["path"].encode(), r["check"]) for r in report["results"]]
	assert keys == sorted(keys)
	P
}

# finds "VERDICT CHECK PATH" [OPTION...]: exactly that is wrong in ./root, and the exit status is 1.
finds() {
	local want=$1; shift
	status 1 verify --json "$@" root
	same "$(wrong out)" "$want"
}

a_published_release_passes() {
	release
	status 0 verify root
	says out '^3 files, 21 checks: 18 pass, 3 skipped$'
	status 0 verify --json root
	same "$(wrong out)" ""
	status 0 verify --sources=all root
	status 0 verify --json -j1 root; mv out one
	status 0 verify --json -j8 root; cmp one out
}
check "a published release passes, whatever -j" a_published_release_passes

any_changed_byte_of_a_debug_file_is_found() {
	release
	local file
	file=$(served usr/bin/one)/debuginfo
	chmod u+w "$file"
	python3 - "$file" "$PKGNOTE" verify --server="file://$PWD/share" --json root <<-'P'
	import json, subprocess, sys
	name, command = sys.argv[1], sys.argv[2:]
	whole = open(name, "rb").read()
	for at in range(0, len(whole), max(1, len(whole) // 150)):
	    changed = bytearray(whole)
	    changed[at] ^= 1 << at % 8
	    open(name, "wb").write(changed)
	    run = subprocess.run(command, stdout=subprocess.PIPE)
	    wrong = [(r["verdict"], r["check"], r["path"]) for r in json.loads(run.stdout)["results"]
	             if r["verdict"] not in ("pass", "skipped")]
	    assert run.returncode == 1 and wrong == [("fail", "debuginfo", "/usr/bin/one")], (at, run.returncode, wrong)
	open(name, "wb").write(whole)
	P
	status 0 verify root
}
check "any changed byte of a debug file: that file, check debuginfo" any_changed_byte_of_a_debug_file_is_found

a_removed_debug_file_is_missing() {
	release
	rm "$(served usr/lib/libpart.so)/debuginfo"
	finds 'missing debuginfo /usr/lib/libpart.so'
}
check "a removed debug file is missing" a_removed_debug_file_is_missing

another_files_build_id_is_found() {
	release
	cp "$(served usr/bin/two)/debuginfo" "$(served usr/bin/one)/debuginfo"
	finds 'fail debuginfo /usr/bin/one'
}
check "a debug file with another file's build-id" another_files_build_id_is_found

sources_are_proven() {
	need clang # gcc 12 gives no MD5
	CC=clang
	release
	local source
	source=$(served usr/bin/one)/source/usr/src/debug/t-1-1.x86_64
	mv "$source/one.c" .
	finds 'missing source /usr/bin/one'
	says out '/usr/src/debug/t-1-1.x86_64/one.c'
	status 0 verify --sources=none root
	sed 's/3/4/' one.c >"$source/one.c"
	finds 'fail source /usr/bin/one'
	cp one.c "$source"
	status 0 verify root
	# A header is no unit's main file.
	rm "$source/part.h"
	status 0 verify root
	finds 'missing source /usr/bin/one' --sources=all
}
check "sources: there, and by DWARF 5's MD5 what was compiled" sources_are_proven

executables_are_proven() {
	release
	local file
	file=$(served usr/bin/two)/executable
	chmod u+w "$file"
	printf x >>"$file"
	finds 'fail executable /usr/bin/two'
	rm "$file"
	finds 'missing executable /usr/bin/two'
	status 0 verify --checks=note,build-id,stripped,debuginfo,source root
}
check "executables: byte for byte" executables_are_proven

a_server_that_is_down_is_unreachable() {
	release
	# One server of two is enough, and the other's silence is told.
	status 0 verify -v --server="file://$PWD/nowhere" root
	says out 'nowhere: unavailable'
	status 1 "$PKGNOTE" verify --json --server="file://$PWD/nowhere" root
	same "$(wrong out | cut -d' ' -f1 | sort -u)" unreachable
	same "$(wrong out | wc -l)" 12
	status 1 "$PKGNOTE" verify --json --retries=0 --server=http://127.0.0.1:9 --checks=debuginfo root
	same "$(wrong out)" 'unreachable debuginfo /usr/bin/one
unreachable debuginfo /usr/bin/two
unreachable debuginfo /usr/lib/libpart.so'
	# Nobody to ask is not a pass either.
	status 1 "$PKGNOTE" verify --json root
	same "$(wrong out | wc -l)" 12
	status 0 "$PKGNOTE" verify --checks=note,build-id,stripped root
}
check "a server that is down is unreachable, never missing" a_server_that_is_down_is_unreachable

each_mirror_is_told() {
	release
	cp -r share mirror
	rm "$(served usr/bin/one | sed s/^share/mirror/)/debuginfo"
	status 0 verify --server="file://$PWD/mirror" --json root
	python3 - out <<-'P'
	import json, sys
	for r in json.load(open(sys.argv[1]))["results"]:
	    if r["check"] != "debuginfo":
	        continue
	    answers = [s["answer"].split(":")[0] for s in r["servers"]]
	    assert answers == (["found", "absent"] if r["path"] == "/usr/bin/one" else ["found", "found"]), r
	P
}
check "of two servers, which one lacks what" each_mirror_is_told

notes_are_judged() {
	release
	NOTE='{"type":"rpm","name":"t","name":"u"}' compile one "$PWD/src/one.c" "$PWD/src/part.c" "-ffile-prefix-map=$PWD/src=/usr/src/debug/t-1-1.x86_64"
	install_one one usr/bin/one
	finds 'fail note /usr/bin/one'
	says out 'duplicate-key'
	objcopy --remove-section=.note.package root/usr/bin/two 2>/dev/null
	cp root/usr/bin/two "$(served usr/bin/two)/executable"
	finds 'fail note /usr/bin/one
fail note /usr/bin/two' --checks=note
	status 0 verify --checks=note --expect version=1-1 --expect name=t root/usr/lib/libpart.so
	status 1 verify --checks=note --expect version=1-2 root/usr/lib/libpart.so
	says out 'version is "1-1", expected "1-2"'
	status 1 verify --checks=note --expect os=debian root/usr/lib/libpart.so
	says out 'no "os", expected "debian"'
}
check "notes: UAPI.8, and --expect" notes_are_judged

build_ids_are_judged() {
	release
	ln root/usr/bin/one root/usr/bin/link
	cp root/usr/bin/one root/usr/bin/copy
	status 0 verify root
	# A copy that differs in nothing that is loaded is one; each file's own debuglink is judged.
	objcopy --add-section=.comment2=root/usr/bin/one --set-section-flags=.comment2=readonly root/usr/bin/copy
	! cmp -s root/usr/bin/one root/usr/bin/copy
	status 0 verify -v root
	says out '/usr/bin/copy .*/usr/bin/(one|link) is a copy: they differ in nothing that is loaded'
	# Where something else is loaded, what is served for the id proves nothing for either.
	printf '\1' | dd of=root/usr/bin/copy bs=1 seek=15 conv=notrunc status=none
	finds 'fail build-id /usr/bin/copy
fail build-id /usr/bin/link
fail build-id /usr/bin/one'
	rm root/usr/bin/copy root/usr/bin/link
	objcopy --remove-section=.note.gnu.build-id root/usr/bin/one
	finds 'fail build-id /usr/bin/one' --checks=build-id,executable,source
}
check "build-ids: there, and one file's alone" build_ids_are_judged

unstripped_and_vanished() {
	release
	cp one root/usr/bin/one
	cp one "$(served usr/bin/one)/executable"
	finds 'fail stripped /usr/bin/one'
	says out '.debug_[a-z]+ is still in it'
	strip -g -o root/usr/bin/one one
	cp root/usr/bin/one "$(served usr/bin/one)/executable"
	status 0 verify root
	rm "$(served usr/bin/one)/debuginfo"
	finds 'missing debuginfo /usr/bin/one
fail stripped /usr/bin/one'
	says out 'it vanished'
	finds 'fail stripped /usr/bin/one' --checks=stripped
	status 0 verify --allow='debuginfo:*/one' --allow='stripped:*/one' root
}
check "stripped: moved, not vanished" unstripped_and_vanished

what_is_not_shipped_is_left_out() {
	release
	mkdir -p root/usr/lib/debug/usr/bin root/usr/src/debug/t
	cp "$(served usr/bin/one)/debuginfo" root/usr/lib/debug/usr/bin/one.debug
	cp "$(served usr/bin/one)/debuginfo" root/usr/bin/one.debug
	cp one root/usr/src/debug/t/one
	echo text >root/usr/bin/script
	ln -s one root/usr/bin/symlink
	ln -s /usr/bin root/elsewhere
	mkfifo root/fifo
	"$CC" -g -c -o root/usr/lib/one.o src/one.c
	status 0 verify --json root
	says out '"path": "/usr/lib/one.o".*"verdict": "skipped"'
	same "$(grep -o '"path": "[^"]*"' out | sort -u | wc -l)" 4
}
check "debug files, sources, links and scripts are not what is shipped" what_is_not_shipped_is_left_out

bad_inputs_are_said_and_the_others_go_on() {
	release
	echo text >text
	status 3 verify text root/usr/bin/one root/nothing
	says err '^pkgnote verify: text: '
	says err '^pkgnote verify: root/nothing: open: No such file'
	says out '^1 file, 7 checks: 6 pass, 1 skipped$'
	head -c 3000 root/usr/bin/one >root/usr/bin/short
	finds 'fail note /usr/bin/short'
	says out 'cannot be read as ELF'
	finds 'fail build-id /usr/bin/short' --checks=build-id,stripped
	status 2 verify
	status 2 verify --checks=notes root
	status 2 verify --report=pdf root
	status 2 verify --report=table --report=json root
	status 2 verify --expect version root
}
check "bad inputs are said, the others go on; wrong usage" bad_inputs_are_said_and_the_others_go_on

reports_go_to_files() {
	release
	status 0 verify --report=table --report=json:report.json root
	says out '18 pass, 3 skipped$'
	same "$(wrong report.json)" ""
	status 3 verify --report=json:/nowhere/report.json root
	says err '/nowhere/report.json: open( directory)?: No such file'
}
check "several reports at once" reports_go_to_files

renames_elsewhere_do_not_matter() {
	release
	local one
	mkdir share/files
	for one in share/buildid/*/debuginfo; do
		mv "$one" "share/files/$(basename "$(dirname "$one")")"
		ln -s "../../files/$(basename "$(dirname "$one")")" "$one"
	done
	# While anything on the machine is renamed, the kernel may refuse for now to follow a link upwards.
	python3 -c 'import os, time
open("a", "w").close(); end = time.time() + 20
while time.time() < end:
    for i in range(1000): os.rename("a", "b"); os.rename("b", "a")' &
	RENAMING=$!
	trap 'kill $RENAMING 2>/dev/null || :' EXIT
	for one in $(seq 60); do status 0 verify root; done
}
check "files renamed meanwhile elsewhere on the machine" renames_elsewhere_do_not_matter

odd_names_stay_on_one_line() {
	release
	mv root/usr/bin/one "root/usr/bin/"$'a b\n"\xff%41'
	status 0 verify -v root
	says out 'a b%0A"%FF%2541  '
	status 0 verify --json root
	same "$(wrong out)" ""
	says out '"path": "/usr/bin/a b\\u000a\\"%FF%2541"'
}
check "file names with any bytes" odd_names_stay_on_one_line
finish
