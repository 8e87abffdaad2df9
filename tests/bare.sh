# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/release --bare NAME runs this as root in a system that has nothing but what debootstrap's smallest variant has: the suite's
# packages are built with what they say they want and no more, installed, used on packages of others, and purged.
. "$(dirname "$0")/lib.sh"
. "$TOP/tests/foreign.sh"
. "$TOP/tests/debsrc.sh"
unset CC CXX CFLAGS CPPFLAGS LDFLAGS MAKEFLAGS MAKELEVEL MFLAGS DEB_BUILD_OPTIONS DEB_BUILD_PROFILES DH_EXTRA_ADDONS
[ "$(dpkg-query -W | wc -l)" -lt 200 ] || { echo "bare.sh: this system is not a bare one: tests/release --bare makes one" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
BUILT=$WORK/built BUILD=$WORK/built

installs() { apt-get -q -y --no-install-recommends "$@" >apt.log 2>&1 || { grep '^E:' apt.log >&2; tail -3 apt.log >&2; return 1; }; }

# What a release is made of, and what debian/control says.
deb_made() {
	apt-get -q update >apt.log 2>&1 || skip "apt cannot be used here"
	installs install build-essential git xz-utils
	mkdir source && cp -r "$TOP/packaging/debian" source/
	installs build-dep "$PWD/source"
	make -C "$TOP" deb BUILD="$BUILT" >log 2>&1 || { tail -30 log >&2; return 1; }
	ls "$BUILT"/deb/pkgnote_*.deb "$BUILT"/deb/dh-pkgnote_*.deb
	says log 'passed, 0 failed'
}
check "make deb with the build dependencies alone, its tests included" deb_made

deb_installed() {
	dpkg-query -W -f '${Package}\n' | sort >"$WORK/before"
	find /usr /etc /var/lib ! -path '/var/lib/apt/*' ! -path '/var/lib/dpkg/*' | sort >"$WORK/files-before"
	# As a user: no recommended package, none of the libraries that only some commands load.
	mkdir debs && cp "$BUILT"/deb/*.deb debs && rm debs/*dbgsym*
	installs install ./debs/*.deb
	pkgnote --version
	pkgnote show --check /usr/bin/pkgnote
}
check "apt installs the results" deb_installed

# foreign DIR: Debian's own source package hello, taken apart.
foreign() {
	debsrc hello
	mv hello-src "$1"
}
# debuggable: hello of ./*.deb, installed with its -dbgsym: its note, and gdb at work.
debuggable() {
	installs install gdb ./*.deb
	pkgnote show --json /usr/bin/hello >note
	says note '"name": ?"hello"'
	pkgnote show --check /usr/bin/hello
	says_not <(readelf -SW /usr/bin/hello) '\.(debug_info|symtab)'
	gdb -batch -nx -ex 'break main' -ex run -ex 'info source' -ex bt /usr/bin/hello >session 2>&1
	says session '^#0 +main \(.*at .*hello\.c:[0-9]+'
	installs purge hello hello-dbgsym
}
by_switch() {
	foreign source
	installs build-dep "$PWD/source"
	(cd source && DH_EXTRA_ADDONS=pkgnote DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage -us -uc -b) >log 2>&1 || { tail -20 log >&2; return 1; }
	debuggable
}
check "DH_EXTRA_ADDONS=pkgnote: hello, untouched, has its note, and gdb finds what its -dbgsym installs" by_switch

by_dependency() {
	foreign source
	sed -i 's/^Build-Depends:/Build-Depends: dh-sequence-pkgnote,/' source/debian/control
	(cd source && DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage -us -uc -b) >log 2>&1 || { tail -20 log >&2; return 1; }
	debuggable
}
check "Build-Depends: dh-sequence-pkgnote does the same" by_dependency

# --- as a distribution's builders have it: sbuild, with what the manual has for ~/.sbuildrc ---
sbuildrc() {
	sed -n 's/^    \(\$build_environment = .*\)/\1/p' /usr/bin/dh_pkgnote >"$1"
	[ -s "$1" ]
	sed -n '/^\.\\" run sbuildrc$/,/^\.EE/p' "$TOP/man/pkgnote-verify.1" | sed -e '/^\./d' -e 's/\\-/-/g' >>"$1"
	says "$1" post-build-commands
}
# built OPTION...: hello by sbuild, as a user, in ./out; its log in ./log.
built() {
	local result=0
	rm -rf out && mkdir out && chown builder out
	(cd out && runuser -u builder -- env HOME="$PWD/../home" LC_ALL=C.UTF-8 sbuild --chroot-mode=schroot -c builders -d UNRELEASED --no-run-lintian --no-run-piuparts \
		--no-run-autopkgtest --extra-package="$PWD/../packages" --add-depends=dh-pkgnote "$@" ../hello_*.dsc) >log 2>&1 || result=$?
	# It writes what was said in the chroot, and behind it, to a file of its own.
	cat out/*.build >>log 2>/dev/null || true
	return "$result"
}
by_sbuild() {
	local codename uri
	codename=$(. /etc/os-release; echo "${VERSION_CODENAME:-sid}")
	! grep -q sid /etc/debian_version || codename=sid
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)
	# Where sbuild's chroots by schroot are a package of their own, that one too.
	installs install sbuild debootstrap schroot $(apt-cache search --names-only '^sbuild-schroot$' | cut -d' ' -f1)
	getent group sbuild >/dev/null || groupadd --system sbuild
	debootstrap --variant=buildd --include=ca-certificates "$codename" /srv/builders "$uri" >create.log 2>&1 || { grep '^E:' create.log >&2; return 1; }
	printf '[builders]\ntype=directory\ndirectory=/srv/builders\ngroups=sbuild\nroot-groups=sbuild\nprofile=sbuild\n' >/etc/schroot/chroot.d/builders
	useradd -m -G sbuild builder
	foreign source
	(dpkg-source -b source) >log 2>&1
	mkdir home packages && cp "$BUILT"/deb/*.deb packages && rm packages/*dbgsym*
	sbuildrc home/.sbuildrc
	chmod 755 "$WORK" . && chown -R builder home packages
	built || { grep -v '^Get:' log | tail -30 >&2; return 1; }
	says log 'files?, [0-9]+ checks: [0-9]+ pass'
	mkdir x && for deb in out/*.deb; do dpkg-deb -x "$deb" x; done
	pkgnote show --check x/usr/bin/hello
	ls x/usr/lib/debug/.build-id/*/*.debug
	# Where its debug information is in no package, the build has failed.
	! (export DEB_BUILD_OPTIONS=noautodbgsym; sed -i "s/'pkgnote' }/'pkgnote', DEB_BUILD_OPTIONS => 'noautodbgsym' }/" home/.sbuildrc; built)
	says log '(missing|unreachable) +debuginfo'
	userdel builder
}
check "sbuild: the switch in its environment, verify behind the build: green, and red without debug information" by_sbuild

deb_purged() {
	# By name: what autoremove takes besides is not ours to ask for.
	installs purge dh-pkgnote libnote-dev libdebuginfod-pkgnote pkgnote libnote0
	dpkg-query -W -f '${Package}\n' | sort | comm -12 - <(printf '%s\n' dh-pkgnote libdebuginfod-pkgnote libnote-dev libnote0 pkgnote) >left
	[ ! -s left ]
	find /usr /etc /var/lib ! -path '/var/lib/apt/*' ! -path '/var/lib/dpkg/*' | sort | comm -13 "$WORK/files-before" - | grep -i pkgnote >left || true
	[ ! -s left ] || { cat left >&2; return 1; }
	says_not <(ldconfig -p) pkgnote
}
check "purge leaves nothing of ours" deb_purged

rpm_made() {
	installs install rpm
	# The libraries are dpkg's here.
	RPMBUILD_OPTIONS=--nodeps make -C "$TOP" rpm BUILD="$BUILT" >log 2>&1 || { tail -30 log >&2; return 1; }
	rpm --version
	ls "$BUILT"/rpm/pkgnote-rpm-macros-*.rpm "$BUILT"/rpm/pkgnote-debuginfo-*.rpm
}
check "make rpm with rpm and the same dependencies" rpm_made

# R COMMAND...: rpm with a database of its own, which is asked not to mind that the system is dpkg's.
r() { if rpm --help | grep -q force-debian; then rpm --dbpath "$WORK/db" --force-debian "$@"; else rpm --dbpath "$WORK/db" "$@"; fi; }
rpm_installed() {
	mkdir "$WORK/db"
	cp "$BUILT"/rpm/*.rpm . && rm ./*.src.rpm
	find /usr /etc ! -path /etc/ld.so.cache | sort >before
	r -i --nodeps pkgnote*.rpm libnote*.rpm
	foreign_spec
	mkdir top
	rpmbuild -bb --define "_topdir $PWD/top" --define "_sourcedir $PWD" greeter.spec >log 2>&1 || { tail -30 log >&2; return 1; }
	says_not log '^(error|warning): .*(macro|pkgnote)'
	r -i --nodeps top/RPMS/*/*.rpm
	pkgnote show --json /usr/bin/greeter >note
	says note '"type": ?"rpm"'; says note '"version": ?"2.0~rc1-3'
	pkgnote show --check /usr/bin/greeter /usr/lib/greeter/libgreet.so.1
	installs install gdb
	LD_LIBRARY_PATH=/usr/lib/greeter gdb -batch -nx -ex 'break greet' -ex run -ex bt -ex list /usr/bin/greeter >session 2>&1
	says session 'main \(\) at .*main.c:4'; says session 'return puts\("hello"\)'
	# shellcheck disable=SC2046
	r -e --nodeps $(r -qa)
	find /usr /etc ! -path /etc/ld.so.cache | sort | comm -13 before - | grep -E 'pkgnote|libnote|greet' >left || true
	[ ! -s left ] || { cat left >&2; return 1; }
}
check "rpm -i of the results, a foreign spec has notes and debuginfo, rpm -e leaves nothing" rpm_installed

finish
