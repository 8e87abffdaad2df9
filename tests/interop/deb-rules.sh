# SPDX-License-Identifier: LGPL-2.1-or-later
# What debian/rules asks of dh_strip and its neighbours: with the addon it comes out as with debhelper alone, or the
# build stops and says what to write instead. And bad input: an error that names package and file, and no package.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/deb.sh"
addon_installed || exit 1

# alike LINE...: debian/rules with these lines ends in the same packages with the addon and without.
alike() {
	plain_rules "$@"; binary; state_of ../*.deb >../want
	cp debian/rules ../plain.rules
	rules "$@"; binary; state_of ../*.deb >../have
	diff ../want ../have
	"$PKGNOTE" show --json ../hallo_*.deb ../hallo-tools_*.deb | grep -v '"kind":"relocatable"' >../notes # dwz's
	says_not ../notes '"package":null'
}

overrides_of_dh_strip() {
	compiled
	alike 'execute_before_dh_strip:\n\techo HOOK before' 'execute_after_dh_strip-arch:\n\techo HOOK after; ls debian/.debhelper/hallo/dbgsym-root/usr/lib/debug/.build-id/*/*.debug' \
		"override_dh_strip-arch:\n\tdh_strip -a --dbgsym-migration='hallo-dbg (<< 1.0-1~)'"
	same "$(grep -c '^HOOK' ../log)" 2
	says ../have '^Replaces: hallo-dbg \(<< 1.0-1~\)$'
	says ../have '^Breaks: hallo-dbg \(<< 1.0-1~\)$'
	alike 'override_dh_strip:' 'override_dh_dwz:'
	alike 'override_dh_strip:\n\tdh_strip -Xlibexec -Xgreet.so'
	says ../have 'libgreet.so  .comment  .debug_info'
	alike 'override_dh_strip:\n\tdh_strip --no-automatic-dbgsym'
	says_not ../have 'gnu_debuglink|dbgsym'
}
check "overrides and hooks of dh_strip: as with debhelper alone" overrides_of_dh_strip

overrides_of_others() {
	compiled
	alike 'override_dh_strip:\n\tdh_strip -phallo\n\tdh_strip -phallo-tools --no-automatic-dbgsym' 'override_dh_dwz:\n\tdh_dwz --no-dwz-multifile -Xhelper'
	alike 'override_dh_builddeb:\n\tdh_builddeb --destdir=.. -- -Znone' 'override_dh_gencontrol:\n\tdh_gencontrol -phallo -- -v1:1.0-1+x\n\tdh_gencontrol --remaining-packages'
	says ../have '^Version: 1:1.0-1\+x'
}
check "overrides that act on some packages, and those of dh_dwz, dh_gencontrol and dh_builddeb" overrides_of_others

own_options() {
	compiled
	rules 'override_dh_pkgnote:\n\tdh_pkgnote -Xgreet --shape=ddeb --key=appCpe=cpe:x --debug-info-url=https://debug.example.org'; binary
	same "$(cd .. && ls *.*deb | tr '\n' ' ')" "hallo-ddeb_1.0-1_amd64.ddeb hallo-tools_1.0-1_amd64.deb hallo_1.0-1_amd64.deb "
	"$PKGNOTE" show --json ../hallo_*.deb >notes
	says notes 'bin/hallo".*"appCpe":"cpe:x".*"debugInfoUrl":"https://debug.example.org"|bin/hallo".*"debugInfoUrl":"https://debug.example.org".*"appCpe":"cpe:x"'
	says notes 'libgreet.so".*"package":null'
	rules "override_dh_pkgnote:\n\tdh_pkgnote --keep-symtab='*/bin/hallo' --keep-section=.comment --split-option=--minidebuginfo"; binary
	readelf -SW debian/hallo/usr/bin/hallo >../sections; says ../sections ' \.symtab .*SYMTAB'; says ../sections ' \.comment '
	readelf -SW "$(find debian/hallo -name 'libgreet.so*' -type f)" >../sections; says ../sections ' \.gnu_debugdata '; says_not ../sections ' \.symtab '
	rules 'override_dh_pkgnote:\n\tdh_pkgnote --split-option=word'; stops "split-option wants one option of pkgnote split, not 'word'" -b -nc
	rules 'override_dh_pkgnote:'; binary
	"$PKGNOTE" show --json ../hallo_*.deb >notes; says_not notes '"package":\{'
	ls ../hallo-dbgsym_*.deb >/dev/null
	rules 'override_dh_pkgnote:\n\tdh_pkgnote --shape=both'; stops "dbgsym or ddeb, not 'both'" -b -nc
}
check "dh_pkgnote in an override: -X, --shape, --key, --debug-info-url; an empty one" own_options

debug_packages() {
	compiled
	printf '\nPackage: hallo-dbg\nArchitecture: any\nDepends: hallo (= ${binary:Version}), ${misc:Depends}\nDescription: hallo for debugging\n It has what is wanted for debugging hallo.\n' >>debian/control
	# One that dh_strip is to fill.
	plain_rules 'override_dh_strip:\n\tdh_strip -phallo --dbg-package=hallo-dbg\n\tdh_strip -Nhallo'; binary; state_of ../*.deb >../want
	rules 'override_dh_strip:\n\tdh_strip -phallo --dbg-package=hallo-dbg\n\tdh_strip -Nhallo'; binary; state_of ../*.deb >../have
	diff ../want ../have
	files ../hallo-dbg_*.deb >in; same "$(debug_files ../hallo-dbg_*.deb)" "$(field ../hallo-dbg_*.deb Build-Ids | wc -w)"
	# One that is there, and was not asked to be filled: no automatic one, unless it is forced.
	rules; binary; says ../log 'warning: hallo: the source has hallo-dbg, so no debug package is made'
	same "$(cd .. && ls *dbgsym*)" hallo-tools-dbgsym_1.0-1_amd64.deb
	rules 'override_dh_pkgnote:\n\tdh_pkgnote --force-debug-package'; binary
	same "$(cd .. && ls *dbgsym* | tr '\n' ' ')" "hallo-dbgsym_1.0-1_amd64.deb hallo-tools-dbgsym_1.0-1_amd64.deb "
	rules 'override_dh_strip:\n\tdh_strip --automatic-dbgsym'; binary; ls ../hallo-dbgsym_*.deb >/dev/null
	rules 'export DH_PKGNOTE_SHAPE=ddeb'; binary
	same "$(cd .. && ls *.*deb | tr '\n' ' ')" "hallo-dbg_1.0-1_amd64.deb hallo-ddeb_1.0-1_amd64.ddeb hallo-tools_1.0-1_amd64.deb hallo_1.0-1_amd64.deb "
	same "$(debug_files ../*.ddeb)" "$(field ../*.ddeb Build-Ids | wc -w)"
	rules 'override_dh_strip:\n\tdh_strip --dbg-package=hallo-dbg --dbgsym-migration=x'; stops 'mutually exclusive' -b -nc
	rules 'override_dh_strip:\n\tdh_strip --keep-debug'; binary; files ../hallo_*.deb >in; says in '/usr/lib/debug/.build-id/.*\.debug'
}
# debug_files PACKAGE: how many are in it, but for what dwz made.
debug_files() {
	local tree=$PWD/types.$$
	unpack "$tree" "$1"; find "$tree" -name '*.debug' -exec readelf -h {} \; | grep Type: | grep -vc REL; rm -rf "$tree"
}
check "-dbg packages: filled on request; none made beside them, unless forced" debug_packages

build_options() {
	compiled; rules 'export DH_PKGNOTE_SOURCES = 1'
	binary; mkdir ../all; mv ../*.deb ../all
	for option in noautodbgsym noddebs; do
		DEB_BUILD_OPTIONS=$option binary
		same "$(cd .. && ls *.*deb | tr '\n' ' ')" "hallo-tools_1.0-1_amd64.deb hallo_1.0-1_amd64.deb "
		cmp ../hallo_*.deb ../all/hallo_*.deb
	done
	for shape in dbgsym ddeb; do
		DH_PKGNOTE_SHAPE=$shape DEB_BUILD_OPTIONS=nostrip binary
		same "$(cd .. && ls *.*deb | tr '\n' ' ')" "hallo-tools_1.0-1_amd64.deb hallo_1.0-1_amd64.deb "
		state_of ../hallo_*.deb >state; says state 'bin/hallo  .comment  .debug_info  .symtab'
		"$PKGNOTE" show --check ../hallo_*.deb >/dev/null
	done
	DEB_BUILD_OPTIONS='parallel=4 terse' binary; cmp ../hallo_*.deb ../all/hallo_*.deb; cmp ../hallo-dbgsym_*.deb ../all/hallo-dbgsym_*.deb
}
check "DEB_BUILD_OPTIONS: nostrip, noautodbgsym, noddebs, parallel" build_options

compat_levels() {
	compiled
	for level in 9 10 12; do
		sed -i "s/debhelper-compat (= [0-9]*)/debhelper-compat (= $level)/" debian/control
		[ $level != 9 ] || { sed -i 's/Build-Depends: .*/Build-Depends: debhelper/' debian/control; echo 9 >debian/compat; }
		alike 'override_dh_auto_configure override_dh_autoreconf override_dh_update_autotools_config:'
		if [ $level = 9 ]; then rm debian/compat; sed -i 's/Build-Depends: .*/Build-Depends: debhelper-compat (= 9)/' debian/control; fi
	done
	sed -i 's/Build-Depends: .*/Build-Depends: debhelper/' debian/control; echo 7 >debian/compat
	build -b
	says ../log 'warning: pkgnote wants debhelper compat 8 or above: nothing is stamped'
	"$PKGNOTE" show --json ../hallo_*.deb >../notes; says_not ../notes '"package":\{'
	DH_PKGNOTE_STRICT=1 stops 'error: pkgnote wants debhelper compat 8 or above' -b
}
check "compat 9 to 13; below 8 all is left to debhelper, which is said" compat_levels

other_kinds() {
	compiled
	printf '\nPackage: hallo-udeb\nPackage-Type: udeb\nSection: debian-installer\nArchitecture: any\nDescription: hallo for the installer\n It greets in the installer.\n' >>debian/control
	printf '%s\n' usr/bin/hallo usr/libexec/hallo >debian/hallo-udeb.install
	plain_rules; binary; state_of ../*.*deb | sed -e "s/ .gnu_debuglink//" -e "s/ *\$//" >../want
	for shape in dbgsym ddeb; do
		rules "export DH_PKGNOTE_SHAPE = $shape"; binary; state_of ../*.*deb | sed -e "s/ .gnu_debuglink//" -e "s/ *\$//" >../have
		[ $shape = ddeb ] || diff ../want ../have
		# Its files are those of the package beside it, and so their debug files are there.
		unpack tree ../hallo-udeb_*.udeb; unpack beside ../hallo_*.deb; cmp tree/usr/bin/hallo beside/usr/bin/hallo
		"$PKGNOTE" show --check tree >/dev/null
		"$PKGNOTE" show --json tree/usr/bin/hallo >note; says note '"name":"hallo","version":"1:1.0-1"'
		same "$(ls ../*udeb* | wc -l)" 1
		rm -rf tree beside
	done
}
check "a udeb: notes, stripped, the same files; no debug package" other_kinds

# debian/rules that calls debhelper's commands itself.
without_dh() {
	compiled; plain_rules; binary; state_of ../*.deb >../want
	{
		printf '#!/usr/bin/make -f\nexport PATH := $(shell dh_pkgnote --print-path):$(PATH)\nbinary-arch:\n'
		for command in 'dh_prep -a' 'dh_auto_install --destdir=debian/tmp -a' 'dh_install -a' 'dh_installdocs -a' 'dh_installchangelogs -a' 'dh_compress -a' 'dh_fixperms -a' \
			'dh_dwz -a' 'dh_pkgnote -a' 'dh_strip -a' 'dh_makeshlibs -a' 'dh_shlibdeps -a' 'dh_installdeb -a' 'dh_gencontrol -a' 'dh_md5sums -a' 'dh_builddeb -a'; do
			printf '\t%s\n' "$command"
		done
	} >debian/rules
	binary; state_of ../*.deb >../have; diff ../want ../have
	"$PKGNOTE" show --check ../hallo_*.deb ../hallo-tools_*.deb >/dev/null
	sed -i '/^export PATH/d' debian/rules; stops 'dh_strip is .*so pkgnote would not split' --rules-target=binary-arch -nc
}
check "debian/rules without dh" without_dh

faults() {
	compiled
	rules 'override_dh_strip:\n\t/usr/bin/dh_strip'
	binary; says ../log "warning: hallo: its debug information was not split by pkgnote: in debian/rules, call dh_strip as 'dh_strip'"
	export DH_PKGNOTE_STRICT=1
	stops "error: hallo: its debug information was not split by pkgnote" -b -nc
	unset DH_PKGNOTE_STRICT
	# A file with debug information and without a build-id.
	rules 'execute_after_dh_install:\n\tgcc -g -Wl,--build-id=none -o debian/hallo-tools/usr/bin/no-id helper.c'
	binary; readelf -n debian/hallo-tools/usr/bin/no-id >../notes; says ../notes 'Build ID: [0-9a-f]{40}'
	rules 'execute_after_dh_install:\n\tgcc -g -Wl,--build-id=none -o debian/hallo-tools/usr/bin/no-id helper.c' 'override_dh_strip:\n\tdh_strip -Xno-id'; binary
	rules 'execute_after_dh_install:\n\tgcc -s -Wl,--build-id=none -o debian/hallo-tools/usr/bin/no-id helper.c'; binary
	# A broken one.
	rules 'execute_after_dh_install:\n\thead -c 9000 program >debian/hallo-tools/usr/bin/broken' 'override_dh_dwz:'
	# It stops debhelper's strip, too.
	stops '/usr/bin/broken: cannot be done, and stays as it is: ' -b -nc; says ../log 'strip .*/usr/bin/broken returned exit code 1'
	export DH_PKGNOTE_STRICT=1
	stops 'debian/hallo-tools/usr/bin/broken|/usr/bin/broken' -b -nc; says ../log 'hallo-tools: pkgnote split failed'; says ../log '^override_dh_pkgnote:'
	rules 'execute_after_dh_install:\n\thead -c 9000 program >debian/hallo-tools/usr/bin/broken' 'override_dh_dwz:' 'override_dh_pkgnote:\n\tdh_pkgnote -Xbroken'
	stops 'pkgnote split: /usr/bin/broken' -b -nc; says ../log 'hallo-tools: pkgnote split failed'
	unset DH_PKGNOTE_STRICT
	# Packages called like ours.
	rules 'export DH_PKGNOTE_SHAPE=ddeb'; cp debian/control ../control
	printf '\nPackage: hallo-ddeb\nArchitecture: any\nDescription: it is in the way\n It is called like the one that is to be made.\n' >>debian/control
	stops 'hallo-ddeb: debian/control has a package of this name' -b -nc; cp ../control debian/control
	# No changelog.
	rules; mv debian/changelog ../changelog
	if debian/rules binary >../log 2>&1; then fail "built without a changelog"; fi
	! ls ../*.*deb 2>/dev/null
	PATH=$(dh_pkgnote --print-path):$PATH; if dh_pkgnote -a >out 2>&1; then fail "notes without a version"; fi
	says out 'debian/changelog: it is not there'
}
check "no changelog, no build-id, a broken file, names that are taken: the build stops and names the file" faults

# Names with "+" and ".", a version with everything that one may have, Multi-Arch, a package of a build profile, a rebuild of
# binaries alone, files that are another owner's.
odd_names() {
	toy lib+hal.lo '1:2.0~rc1+dfsg-1+deb12u1' && cd lib+hal.lo/lib+hal.lo
	sed -i '/^Package: lib+hal.lo$/,/^$/s/^Architecture: any/&\nMulti-Arch: same/' debian/control
	printf '\nPackage: lib+hal.lo-extra\nArchitecture: any\nBuild-Profiles: <!stage1>\nDepends: ${shlibs:Depends}, ${misc:Depends}\nDescription: more\n It is not there in the first stage.\n' >>debian/control
	echo usr/libexec/lib+hal.lo >debian/lib+hal.lo-extra.install
	(debian/rules build) >../log 2>&1
	owned='execute_after_dh_fixperms:\n\tchown root:games debian/lib+hal.lo-tools/usr/bin/lib+hal.lo-tool\n\tchmod 2755 debian/lib+hal.lo-tools/usr/bin/lib+hal.lo-tool'
	sed -i 's/^Rules-Requires-Root:.*/Rules-Requires-Root: binary-targets/' debian/control
	rooted() { rm -rf ../*.*deb debian/.debhelper debian/files debian/*.log; fakeroot debian/rules binary-arch >../log 2>&1 || { tail -30 ../log >&2; return 1; }; }
	owners() { dpkg-deb -c ../lib+hal.lo-tools_*.deb | awk '/bin\// { print $1, $2, $6 }'; }
	local profile
	for profile in '' stage1; do
		export DEB_BUILD_PROFILES=$profile
		plain_rules "$owned"; rooted; state_of ../*.deb >../want; owners >../owners
		says ../owners '^-rwxr-sr-x root/games '
		rules "$owned"; rooted; state_of ../*.deb >../have; diff ../want ../have; same "$(owners)" "$(cat ../owners)"
		same "$(ls ../*extra*_2.0~rc1+dfsg-1+deb12u1_amd64.deb 2>/dev/null | wc -l)" $([ -z "$profile" ] && echo 2 || echo 0)
	done
	unset DEB_BUILD_PROFILES
	"$PKGNOTE" show --json ../lib+hal.lo_*.deb >notes
	says notes '"name":"lib\+hal.lo","version":"1:2.0~rc1\+dfsg-1\+deb12u1","architecture":"amd64"'
	# One debug package for the source, with sources; and a rebuild of binaries alone, whose notes have the source's version.
	sed -i '1i lib+hal.lo (1:2.0~rc1+dfsg-1+deb12u1+b1) unstable; urgency=low, binary-only=yes\n\n  * Rebuild.\n\n -- A Packager <a@example.org>  Tue, 03 Jan 2023 10:00:00 +0000\n' debian/changelog
	rules 'export DH_PKGNOTE_SHAPE = ddeb' 'export DH_PKGNOTE_SOURCES = 1' "$owned"; rooted
	same "$(cd .. && ls *ddeb* *dbgsrc* | tr '\n' ' ')" "lib+hal.lo-dbgsrc_2.0~rc1+dfsg-1+deb12u1+b1_amd64.deb lib+hal.lo-ddeb_2.0~rc1+dfsg-1+deb12u1+b1_amd64.ddeb "
	"$PKGNOTE" show --json ../lib+hal.lo_*.deb >notes; says notes '"version":"1:2.0~rc1\+dfsg-1\+deb12u1"'
	unpack ../root ../*.*deb
	cmp tool.c "$(find ../root/usr/src/debug -name tool.c)"
	need gdb
	gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/../root/usr/lib/debug" \
		-iex "set substitute-path /usr/src/debug $PWD/../root/usr/src/debug" -ex 'list tool.c:1,2' ../root/usr/bin/lib+hal.lo-tool >../gdb.out 2>&1
	says ../gdb.out 'return atoi'
}
check "odd names and versions, Multi-Arch, a build profile, a binary rebuild, other owners under fakeroot" odd_names

disk_full() {
	need unshare
	unshare -m true 2>/dev/null || skip "no mount namespace may be made here"
	compiled; cd ../..
	mkdir disk
	for at in pkgnote:4k:stamp strip:8k:split strip:20k:split; do
		IFS=: read -r hook room command <<<"$at"
		# The disk is filled but for that much, right before the command.
		(cd hallo/hallo && rules "execute_before_dh_$hook:\n\t-dd if=/dev/zero of=../fill bs=4k 2>/dev/null\n\ttruncate -s -$room ../fill")
		if unshare -m sh -c 'mount -t tmpfs -o size=4m tmpfs disk && cp -a hallo disk && cd disk/hallo/hallo || exit 0
			debian/rules binary-arch; status=$?; ls ../*.*deb && exit 0; exit $status' >log 2>&1; then fail "built on a full disk: $at"; fi
		says log "hallo: pkgnote $command failed|No space left"
	done
	says log 'No space left on device'
}
check "a full disk in the middle: no package" disk_full
linked_module() {
	mkdir -p perl/Debian/Debhelper
	ln -s "$TOP/debhelper/PackageNote.pm" perl/Debian/Debhelper/
	for part in Split Packages; do PERL5LIB=$PWD/perl perl "-MDebian::Debhelper::PackageNote" "-MDebian::Debhelper::PackageNote::$part" -e 1; done
}
check "a link to the module alone is enough: its parts are found beside it" linked_module
finish
