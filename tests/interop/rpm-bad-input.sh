# SPDX-License-Identifier: LGPL-2.1-or-later
# Specs and buildroots that are not as they should be: rpmbuild with our macros does what rpm's users expect,
# says what to do, and never makes half a debuginfo package.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/rpm.sh"

# spec NAME [PATH]: ./NAME.spec; the lines of %prep, %build and %install come from stdin, and %files is PATH (/usr/bin).
spec() {
	cat >"$1.spec" <<-C
	Name: $1
	Version: 1
	Release: 1
	Summary: $1
	License: MIT
	%description
	$1
	%debug_package
	$(cat)
	%files
	${2:-/usr/bin}
	C
}
# compiles [FLAG...]: lines that make /usr/bin/prog of the buildroot. Sources lie in the build directory.
compiles() { echo "
mkdir -p '%{buildroot}/usr/bin'
printf '#include <stdio.h>\nint main(void) { puts(\"works\"); return 0; }\n' >main.c
gcc -g $* -o '%{buildroot}/usr/bin/prog' main.c"; }
# fails NAME: rpmbuild does, and no package is there.
fails() {
	if rpm_build "$@"; then cat "$1.log" >&2; fail "rpmbuild of $2 was content"; fi
	same "$(find "$1" -name '*.rpm')" ""
}

no_build_section() {
	rpm_ready
	spec plain <<<"%install$(compiles)"
	rpm_builds ours plain.spec
	unpacked ours root
	stamped_and_stripped root usr/bin/prog
	[ -f root/usr/lib/debug/usr/bin/prog-1-1.x86_64.debug ] || ls root/usr/lib/debug/usr/bin/*.debug
}
check "a spec without %build" no_build_section

no_elf_files() {
	rpm_ready
	spec text /usr/share <<-'C'
	%install
	mkdir -p %{buildroot}/usr/share
	echo text >%{buildroot}/usr/share/text
	C
	# rpm ends a build whose list of debug files is empty; it does so with find-debuginfo, too.
	fails ours text.spec
	says ours.log 'Empty %files file .*/debugfiles\.list'
	says ours.log 'nothing was split.*BuildArch: noarch.*debug_package %\{nil\}'
	if rpm_build_standard standard text.spec; then fail "find-debuginfo does otherwise"; fi
	says standard.log 'Empty %files file .*/debugfiles\.list'
	# What it tells to do helps.
	sed -i '1i %global debug_package %{nil}' text.spec
	rpm_builds good text.spec
	same "$(packages good | wc -w)" 1
}
check "no ELF files: rpm's error, and what to do about it" no_elf_files

no_sources() {
	rpm_ready
	spec mapped <<<"%define _debugsource_packages 1
%debug_package
%install$(compiles "-ffile-prefix-map=\$PWD=/elsewhere")"
	sed -i '0,/^%debug_package/{/^%debug_package/d}' mapped.spec
	fails ours mapped.spec
	says ours.log 'Empty %files file .*/debugsourcefiles\.list'
	says ours.log '^pkgnote find-debuginfo: debugsourcefiles\.list is empty.*-ffile-prefix-map.*%undefine _debugsource_packages'
	sed -i 's/^%define _debugsource_packages.*//' mapped.spec
	rpm_builds good mapped.spec
	same "$(packages good | wc -w)" 2
}
check "no sources for a debugsource package: rpm's error, and what to do about it" no_sources

stripped_by_install() {
	rpm_ready
	spec bare <<<"%install$(compiles -s)
$(compiles | sed 's/prog/other/')
strip %{buildroot}/usr/bin/prog"
	rpm_builds ours bare.spec
	says ours.log '/usr/bin/prog: left alone: no debug information'
	unpacked ours root
	same "$(note_of root/usr/bin/prog name)" bare
	same "$(root/usr/bin/prog)" works
	stamped_and_stripped root usr/bin/other
	same "$(cd root/usr/lib/debug/usr/bin && echo *)" "other-1-1.$(rpm --eval %_arch).debug"
	# Nothing else there: as without ELF files, with the reason.
	spec bare <<<"%install$(compiles -s)"
	fails none bare.spec
	says none.log 'nothing was split'
}
check "%install strips already: stamped, and said" stripped_by_install

odd_name() {
	rpm_ready; need gdb
	spec c++.odd+1.2 <<<"%install$(compiles)"
	rpm_builds ours c++.odd+1.2.spec
	unpacked ours root
	stamped_and_stripped root usr/bin/prog
	same "$(note_of root/usr/bin/prog name)" c++.odd+1.2
	local debug
	debug=$(echo root/usr/lib/debug/usr/bin/prog-1-1.*.debug)
	# rpm's brp-strip takes the name for a regular expression, and the debug file for a program.
	readelf -SW "$debug" >sections
	says sections '\.debug_info +PROGBITS'
	rpm -qpl ours/RPMS/*/c++.odd+1.2-debuginfo-*.rpm | grep -q '/usr/src/debug/c++.odd+1.2-1-1'
	gdb -nx -batch -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/root/usr/lib/debug" -ex 'info line main' \
		root/usr/bin/prog >told 2>&1
	says told 'Line 2 of "main.c"'
	says_not told 'CRC mismatch'
}
check "a package name with + and ." odd_name

spaces() {
	rpm_ready
	spec plain <<<"%install$(compiles)
cp '%{buildroot}/usr/bin/prog' '%{buildroot}/usr/bin/two words'"
	# rpm's own links do not get along with such a root: it fails just so without us.
	if rpm_build_standard standard plain.spec --buildroot "$PWD/a build root"; then fail "rpm has learnt it"; fi
	says standard.log 'File must begin with "/"'
	rpm_builds ours plain.spec --buildroot "$PWD/a build root" --define '_build_id_links none'
	unpacked ours root
	stamped_and_stripped root usr/bin/prog 'usr/bin/two words'
	same "$("root/usr/bin/two words")" works
	find root -name 'two words-1-1.*.debug' | grep -q .
	find root -path '*/usr/src/debug/*' -name main.c | grep -q .
}
check "a buildroot with spaces (where rpm itself allows it), and a file" spaces

missing_build_id() {
	rpm_ready
	spec noid <<<"%install$(compiles -Wl,--build-id=none)"
	rpm_builds said noid.spec
	says said.log '/usr/bin/prog: it had no build-id: one was added'
	unpacked said root
	stamped_and_stripped root usr/bin/prog
	find root/usr/lib/debug -name 'prog-1-1.*.debug' | grep -q .
	# So nothing is missing, and nothing terminates the build.
	rpm_builds strict noid.spec --define '_missing_build_ids_terminate_build 1'
	says strict.log '/usr/bin/prog: it had no build-id: one was added'
}
check "a missing build-id: one is added, and said; nothing is missing then" missing_build_id

broken_debug_information() {
	rpm_ready; need python3
	spec broken <<<"%install$(compiles)
$(compiles | sed 's/prog/good/')
python3 - '%{buildroot}/usr/bin/prog' <<'P'
import re, subprocess, sys
lines = subprocess.run(['readelf', '-SW', sys.argv[1]], capture_output=True, text=True).stdout
offset, size = (int(x, 16) for x in re.search(r'\.debug_abbrev +PROGBITS +\w+ (\w+) (\w+)', lines).groups())
with open(sys.argv[1], 'r+b') as file:
    file.seek(offset)
    file.write(b'\377' * size)
P"
	rpm_builds ours broken.spec
	says ours.log '^pkgnote find-debuginfo: /usr/bin/prog: debug information that cannot be read stays as it is: .debug_abbrev\+0x0'
	# What cannot be written ends the build.
	spec unwritable <<<"%install$(compiles)
mkdir -p %{buildroot}/usr/lib; echo no directory >%{buildroot}/usr/lib/debug"
	fails unwritable unwritable.spec
	says unwritable.log '^pkgnote find-debuginfo: .*usr/lib/debug'
	says unwritable.log 'Bad exit status from .*%install'
}
check "DWARF that cannot be read stays, and is said; a failure of the engine is rpmbuild's" broken_debug_information

# A note that no program has room for.
refused_files() {
	rpm_ready
	local large
	large="_pkgnote_keys -k pad=$(printf '%3500s' | tr ' ' x)"
	spec full <<<"%install$(compiles)"
	rpm_builds ours full.spec --define "$large"
	says ours.log '^pkgnote find-debuginfo: /usr/bin/prog: it gets no package note: page one has no room'
	unpacked ours root
	says_not <(readelf -SW root/usr/bin/prog) '\.note\.package|\.debug_info'
	same "$(root/usr/bin/prog)" works
	rpm -qpl ours/RPMS/*/full-debuginfo-*.rpm | grep -q '/usr/bin/prog-1-1\..*\.debug$'
	rpm_builds stamped full.spec --define "$large" --define '_pkgnote_split 0'
	says stamped.log '^pkgnote find-debuginfo: /usr/bin/prog: cannot be done, and stays as it is: page one has no room'
	for split in 0 1; do
		fails strict$split full.spec --define "$large" --define '_pkgnote_strict 1' --define "_pkgnote_split $split"
		says strict$split.log '^pkgnote find-debuginfo: /usr/bin/prog: page one has no room'
		# The way out that the manual names.
		rpm_builds without$split full.spec --define "$large" --define '_pkgnote_strict 1' --define "_pkgnote_split $split" --define '_pkgnote_exclude /usr/bin/prog' \
			--define 'debug_package %{nil}'
	done
}
check "a file that cannot be stamped: split and said, the build's end with %_pkgnote_strict" refused_files

# The engine is killed, or is not there.
no_engine() {
	rpm_ready
	spec plain <<<"%install$(compiles)"
	cp -a "$WORK/rpm" rpm
	for end in 'kill -9 $$' 'exit 1' 'exec /nonexistent'; do
		printf '#!/bin/sh\n%s\n' "$end" >rpm/pkgnote-find-debuginfo
		sed "s|$WORK/rpm/pkgnote|$PWD/rpm/pkgnote|" "$WORK/rpm/macros.d/macros.pkgnote" >rpm/macros.d/macros.pkgnote
		if RPM_CONFIGDIR=$PWD/rpm rpm_build_standard ours plain.spec; then fail "rpmbuild did not mind: $end"; fi
		says ours.log "$PWD/rpm/pkgnote-find-debuginfo"
		same "$(find ours -name '*.rpm')" ""
	done
}
check "an engine that dies or is not there fails rpmbuild" no_engine

unreadable() {
	rpm_ready
	spec secret <<<"%install$(compiles)
chmod 000 %{buildroot}/usr/bin/prog"
	local run=
	if [ "$(id -u)" = 0 ]; then
		need setpriv
		chmod 755 "$WORK"; chmod 777 .
		run='setpriv --reuid=65534 --regid=65534 --clear-groups'
	fi
	export -f rpm_build rpm_build_standard
	if $run bash -c 'rpm_build ours secret.spec'; then fail "an empty debuginfo package was accepted"; fi
	says ours.log '^pkgnote find-debuginfo: /usr/bin/prog: left alone: permission denied'
	says ours.log '^error: Empty %files file'
	same "$(find ours -name '*.rpm')" ""
	if $run bash -c "rpm_build strict secret.spec --define '_pkgnote_strict 1'"; then fail "nothing was said"; fi
	says strict.log '^pkgnote find-debuginfo: /usr/bin/prog: .*[Pp]ermission denied'
	says strict.log 'Bad exit status from .*%install'
	same "$(find strict -name '*.rpm')" ""
}
check "a file that nobody may read" unreadable
finish
