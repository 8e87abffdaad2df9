# SPDX-License-Identifier: LGPL-2.1-or-later
# The suite's own packages: built from a clean export, judged by lintian, installed into a copy of this system where
# their own autopkgtests run, and purged again. LONG: two builds in different places are equal.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/foreign.sh"
unset CC CXX CFLAGS CPPFLAGS LDFLAGS MAKEFLAGS MAKELEVEL MFLAGS DEB_BUILD_OPTIONS DEB_BUILD_PROFILES DH_EXTRA_ADDONS
git_tree() { need git; git -C "$TOP" rev-parse -q --verify HEAD >/dev/null 2>&1 || skip "this is no checkout, and a release is made of one"; }

version() { sed -n 's/^VERSION *:= *//p' "$TOP/Makefile"; }

one_version() {
	local version; version=$(version)
	same "$("$PKGNOTE" --version | grep -o '[0-9][0-9.]*[0-9]' | head -1)" "$version"
	says "$TOP/packaging/debian/changelog" "^pkgnote \($version-"
	says "$TOP/NEWS.md" "^## $version\$"
	says "$TOP/packaging/pkgnote.spec" "global pkgnote_version $version"
}
check "one version: Makefile, command, NEWS.md and packages agree" one_version

symbols_file() {
	awk '/^LIBNOTE_/ { version = $1 } /^\t[a-z]/ { sub(/;/, "", $1); print $1 "@" version }' "$TOP/libnote/libnote.map" | sort >wanted
	sed -n 's/^ \(note_[^ ]*\) [0-9.]*$/\1/p' "$TOP/packaging/debian/libnote0.symbols" | sort >found
	[ -s wanted ] && diff wanted found
}
check "the symbols file of libnote0 has what libnote.map exports" symbols_file

dist_is_deterministic() {
	git_tree; need xz
	make -s -C "$TOP" dist BUILD="$PWD/a"
	sleep 1.1
	# Neither a umask nor what a user has set for git and xz is told from it.
	(umask 077; XZ_OPT=-9 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=tar.umask GIT_CONFIG_VALUE_0=0077 make -s -C "$TOP" dist BUILD="$PWD/b")
	cmp a/*.tar.xz b/*.tar.xz
	tar -tf a/*.tar.xz >names
	says names "^pkgnote-$(version)/README.md\$"
	says_not names '^pkgnote-[^/]*/build/'
}
check "make dist gives the same bytes twice, and nothing that was built" dist_is_deterministic

# deb_built: the packages in $WORK/deb, once a script.
deb_built() {
	git_tree; need dpkg-buildpackage dh xz
	[ ! -e "$WORK/deb/built" ] || return 0
	make -C "$TOP" deb BUILD="$WORK/deb" >"$WORK/deb.log" 2>&1 || { tail -30 "$WORK/deb.log" >&2; return 1; }
	touch "$WORK/deb/built"
}

debian_packages() {
	deb_built
	local dir=$WORK/deb/deb
	for name in pkgnote libnote0 libnote-dev libdebuginfod-pkgnote dh-pkgnote pkgnote-dbgsym libnote0-dbgsym; do ls "$dir/${name}_"*.deb >/dev/null; done
	dpkg-deb -f "$dir"/dh-pkgnote_*.deb Provides | grep -q dh-sequence-pkgnote
	mkdir x; for deb in "$dir"/*.deb; do dpkg-deb -x "$deb" x; done
	# Each binary has the note of the package that ships it, in page one, and its debug file is the one it asks for.
	for file in x/usr/bin/pkgnote x/usr/lib/*/libnote.so.0.*; do
		readelf -n "$file" | grep -q '"name":"pkgnote"'
		id=$(readelf -n "$file" | sed -n 's/.*Build ID: //p')
		[ -f "x/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" ]
	done
	"$PKGNOTE" show --check x/usr/bin/pkgnote x/usr/lib/*/libnote.so.0.*
	if command -v lintian >/dev/null; then
		lintian --allow-root --fail-on error,warning "$dir"/*.changes >tags 2>&1 || { cat tags >&2; fail "lintian"; }
	fi
}
check "make deb: its packages with notes and debug files by ourselves, and lintian has no error and no warning" debian_packages

# on_copy FILE...: ./run, as root in a copy of this system, with the files in its directory, /tmp; what it does there is gone with the
# namespace. Its output goes to ./out.
on_copy() {
	[ "$(id -u)" = 0 ] || skip "needs root for a namespace with a copy of the system"
	need unshare
	mkdir upper root
	cat >inside <<-'IN'
	set -e
	mount -t tmpfs tmpfs upper
	mkdir upper/upper upper/work
	mount -t overlay overlay -o "lowerdir=/,upperdir=$PWD/upper/upper,workdir=$PWD/upper/work" root || exit 77
	mount -t proc proc root/proc
	mount --rbind /dev root/dev
	mount -t tmpfs tmpfs root/tmp
	cp -r "$@" run root/tmp
	cd root/tmp
	HOME=/root TMPDIR=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot .. sh -c 'cd /tmp && exec bash -e ./run'
	IN
	local code=0
	unshare -m --propagation private bash inside "$@" >out 2>&1 || code=$?
	[ "$code" != 77 ] || skip "no overlay can be mounted here"
	[ "$code" = 0 ] || { tail -40 out >&2; return 1; }
}

installed() {
	need gdb
	deb_built
	cp -r "$TOP/packaging/debian/tests" tests
	cp "$WORK"/deb/deb/*.deb .
	rm -f ./*dbgsym*
	cat >run <<-'RUN'
	dpkg-query -W | sort >before
	find /usr /etc ! -path '/etc/ld.so.cache' | sort >files-before
	dpkg -i ./*.deb
	for test in command library addon; do
		mkdir "$test.tmp"
		AUTOPKGTEST_TMP=/tmp/$test.tmp sh "tests/$test" >"$test.log" 2>&1 || { tail -20 "$test.log"; echo "autopkgtest $test failed"; exit 1; }
		echo "autopkgtest $test holds"
	done
	ldconfig -p | grep libdebuginfod.so.1 | head -1 | grep pkgnote
	dpkg -P dh-pkgnote libnote-dev libdebuginfod-pkgnote pkgnote libnote0
	dpkg-query -W | sort | diff before -
	find /usr /etc ! -path '/etc/ld.so.cache' ! -name '*.pyc' ! -name __pycache__ | sort | diff files-before - | grep '^>' && exit 1
	echo "purged, nothing left"
	RUN
	on_copy tests ./*.deb
	says out 'nothing left'
	for test in command library addon; do says out "autopkgtest $test holds"; done
}
check "the packages install, their autopkgtests hold with what is installed alone, purge leaves nothing" installed

# The suite for another architecture: the pkgnote that makes the packages is the one installed, those that are made run under qemu.
cross() {
	[ -n "${LONG:-}" ] || skip "long: LONG=1 builds the packages for arm64"
	need apt-get qemu-aarch64
	deb_built
	cp "$WORK"/deb/deb/*.deb "$WORK"/deb/deb/*.dsc "$WORK"/deb/deb/*.tar.* .
	cat >run <<-'RUN'
	dpkg --add-architecture arm64
	apt-get update -q -o Acquire::Check-Valid-Until=false || exit 78
	dpkg -i ./pkgnote_*.deb ./dh-pkgnote_*.deb
	dpkg-source -x ./*.dsc src
	cd src
	apt-get build-dep -q -y --no-install-recommends --host-architecture=arm64 -P cross,nocheck . || exit 78
	rm ../*.deb
	DEB_BUILD_OPTIONS=nocheck CONFIG_SITE=/dev/null dpkg-buildpackage -us -uc -b -a arm64 -Pcross,nocheck
	cd ..
	for deb in *.deb; do case $deb in *dbgsym*) dpkg-deb -x "$deb" debug ;; *) dpkg-deb -x "$deb" tree ;; esac; done
	qemu-aarch64 -L / -E LD_LIBRARY_PATH=/tmp/tree/usr/lib/aarch64-linux-gnu tree/usr/bin/pkgnote show --json tree/usr/bin/pkgnote tree/usr/lib/aarch64-linux-gnu/libnote.so.0
	readelf -h tree/usr/bin/pkgnote | grep AArch64
	for file in tree/usr/bin/pkgnote tree/usr/lib/aarch64-linux-gnu/libnote.so.0.*; do
		id=$(readelf -n "$file" | sed -n 's/.*Build ID: //p')
		readelf -n "$file" | grep '"architecture":"arm64"'
		readelf -SW "debug/usr/lib/debug/.build-id/${id%"${id#??}"}/${id#??}.debug" | grep ' \.debug_info '
	done
	dpkg-deb -f pkgnote_*.deb Architecture
	echo "cross build holds"
	RUN
	on_copy ./*.deb ./*.dsc ./*.tar.* || { grep -q '^E: ' out && skip "apt cannot install what a build for arm64 wants: $(grep '^E: ' out | tail -1)"; return 1; }
	says out 'cross build holds'; says out '^arm64$'
	says out '"name":"pkgnote".*"architecture":"arm64"'
}
check "dpkg-buildpackage -a arm64: notes and debug files of that architecture, and what was built runs under qemu" cross

# rpm_built: the packages in $WORK/rpms/rpm, once a script.
rpm_built() {
	git_tree; need rpmbuild rpm2cpio cpio
	[ ! -e "$WORK/rpms/built" ] || return 0
	local options=
	rpm -q json-c-devel >/dev/null 2>&1 || options=--nodeps # the libraries are another system's
	RPMBUILD_OPTIONS=$options make -C "$TOP" rpm BUILD="$WORK/rpms" >"$WORK/rpm.log" 2>&1 || { tail -30 "$WORK/rpm.log" >&2; return 1; }
	touch "$WORK/rpms/built"
}
rpm_packages() {
	rpm_built
	local dir=$WORK/rpms/rpm
	for name in pkgnote libnote libnote-devel pkgnote-libdebuginfod pkgnote-rpm-macros pkgnote-debuginfo; do
		ls "$dir/$name"-[0-9]*.rpm >/dev/null || fail "no package $name"
	done
	mkdir x; for rpm in "$dir"/pkgnote-[0-9]*64.rpm "$dir"/pkgnote-debuginfo-*.rpm; do rpm2cpio "$rpm" | (cd x && cpio -idm --quiet --no-absolute-filenames); done
	readelf -n x/usr/bin/pkgnote | grep -q '"type":"rpm".*"name":"pkgnote"'
	ls x/usr/lib/debug/usr/bin/pkgnote-"$(version)"-1*.debug
}
check "make rpm: its packages and the source, note and debuginfo by ourselves" rpm_packages

spec_is_clean() {
	need rpmlint
	rpmlint -r "$TOP/packaging/pkgnote.rpmlintrc" "$TOP/packaging/pkgnote.spec" >tags 2>&1 || { cat tags >&2; return 1; }
	says tags '1 specfiles checked; 0 errors, 0 warnings'
}
check "rpmlint has nothing to say of the spec, but for what its filters give a reason for" spec_is_clean

rpm_installed() {
	need gdb rpm
	rpm_built
	foreign_spec
	cp "$WORK"/rpms/rpm/*.rpm . && rm ./*.src.rpm
	cat >run <<-'RUN'
	# Debian's rpm has an empty database, and is asked not to mind that the system is dpkg's.
	install="rpm --dbpath /tmp/db"
	rpm --help | grep -q force-debian && install="$install --force-debian"
	mkdir db
	# gdb compiles its own Python where it was installed without that.
	find /usr /etc ! -path /etc/ld.so.cache | sort >files-before
	$install -i --nodeps pkgnote*.rpm libnote*.rpm
	$install -q pkgnote pkgnote-rpm-macros
	mkdir -p top
	rpmbuild -bb --define '_topdir /tmp/top' --define '_sourcedir /tmp' greeter.spec
	ls top/RPMS/*
	$install -i --nodeps top/RPMS/*/*.rpm
	readelf -n /usr/bin/greeter | grep -o '{.*}' || pkgnote show /usr/bin/greeter
	pkgnote show --check /usr/bin/greeter /usr/lib/greeter/libgreet.so.1
	# As the loader of another system would find it.
	LD_LIBRARY_PATH=/usr/lib/greeter gdb -batch -nx -ex 'break greet' -ex run -ex bt -ex list /usr/bin/greeter
	rpm -qp --qf '%{NAME} %{ARCH}\n' top/RPMS/*/*.rpm
	$install -e --nodeps $($install -qa)
	# The three directories are pkgconf's and filesystem's where rpm is at home.
	find /usr /etc ! -path /etc/ld.so.cache ! -path '/usr/lib*/pkgconfig' ! -path /usr/share/licenses ! -path /usr/src/debug ! -name __pycache__ ! -name '*.pyc' |
		sort | diff files-before - | grep '^>' && exit 1
	echo "erased, nothing left"
	RUN
	on_copy ./*.rpm greeter.spec greeter-*.tar.gz
	says out 'erased, nothing left'
	says out '"type":"rpm".*"name":"greeter","version":"2.0~rc1-3'
	says out 'main \(\) at .*main.c:4'
	says out 'return puts\("hello"\)'
	for package in 'greeter-debuginfo ' 'greeter-debugsource |greeter-debuginfo ' 'greeter-doc noarch'; do says out "^($package)"; done
	says_not out '^(error|warning): .*(macro|pkgnote)'
}
check "rpm -i of the packages, and a foreign spec gets notes and debuginfo by the macros that they install; rpm -e leaves nothing" rpm_installed

uninstall_leaves_nothing() {
	mkdir 'a root'
	(umask 077; make -s -C "$TOP" BUILD="$BUILD" DESTDIR="$PWD/a root" install) >log 2>&1
	find 'a root' -mindepth 1 \( -type d ! -perm -755 -o -type f ! -perm -444 \) >closed
	[ ! -s closed ] || { cat closed >&2; fail "what a umask of 077 leaves closed"; }
	mkdir -p 'a root/usr/local/bin' && echo other >'a root/usr/local/bin/other'
	make -s -C "$TOP" BUILD="$BUILD" DESTDIR="$PWD/a root" uninstall >log 2>&1 || { tail -5 log >&2; return 1; }
	same "$(find 'a root' -type f)" 'a root/usr/local/bin/other'
}
check "make uninstall takes out what install put in, and nothing else" uninstall_leaves_nothing

# elsewhere COMMAND...: by another user, at another time, in another zone, language and umask, on a file system that has files in another
# order; ./there is that one's, and what it has in the end lies in ./second. (In a directory with a blank in its name dpkg gives the
# compiler no -ffile-prefix-map, and debug files name it: that is dpkg-buildflags(1).)
elsewhere() {
	mkdir -p second there
	TZ=Asia/Tokyo LANG=C.UTF-8 LC_ALL=C.UTF-8 XZ_OPT=-9 unshare -m --propagation private bash -c '
		mount -t tmpfs tmpfs there && mkdir there/its+place && chown 65534:65534 there/its+place && cp -t there/ ./*.tar.xz && umask 027 &&
		HOME=$PWD/there faketime "+400 days" setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; code=$?
		cp -r there/its+place/. second; exit $code' _ "$@"
}
can_build_twice() {
	[ -n "${LONG:-}" ] || skip "long: LONG=1 builds the packages twice more"
	git_tree; need faketime setpriv unshare xz
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip "needs root for a build by another user in a namespace"
	chmod a+x "$WORK"
	make -s -C "$TOP" dist BUILD="$PWD" >log 2>&1
}
# equal DIR: its files are those of second, byte for byte.
equal() {
	[ "$(ls "$1" | wc -l)" -ge "$2" ]
	same "$(ls "$1")" "$(ls "second/${1##*/}")"
	(cd "$1" && find . -type f ! -name '*.buildinfo' ! -name '*.changes' -exec sha256sum {} +) | sort -k2 >sums
	(cd "second/${1##*/}" && sha256sum -c --quiet -) <sums
}
reproducible() {
	need dpkg-buildpackage; can_build_twice
	bash "$TOP/packaging/deb.sh" ./*.tar.xz "$(version)" first/deb >log 2>&1 || { tail -20 log >&2; return 1; }
	# The unit tests' clock is the file system's, not faketime's.
	DEB_BUILD_OPTIONS=nocheck elsewhere bash "$TOP/packaging/deb.sh" "there/$(ls *.tar.xz)" "$(version)" there/its+place/deb >log2 2>&1 || { tail -20 log2 >&2; return 1; }
	equal first/deb 12
}
check "two builds in different places, times, users, orders give equal Debian packages" reproducible

rpm_reproducible() {
	need rpmbuild; can_build_twice
	rpm -q json-c-devel >/dev/null 2>&1 || export RPMBUILD_OPTIONS=--nodeps # the libraries are another system's
	# The same directory: of one with a longer name a gap stays among the strings of debug files, as with debugedit.
	mkdir -p there/its+place first
	bash "$TOP/packaging/rpm.sh" ./*.tar.xz "$(version)" there/its+place/rpm >log 2>&1 || { tail -20 log >&2; return 1; }
	mv there/its+place/rpm first/ && rmdir there/its+place
	elsewhere bash "$TOP/packaging/rpm.sh" "there/$(ls *.tar.xz)" "$(version)" there/its+place/rpm >log2 2>&1 || { tail -20 log2 >&2; return 1; }
	# rpm keeps the expanded spec, and with it the directory, in the source package's header, and that one's digest in the others.
	for rpm in first/rpm/*.rpm; do cmp <(rpm2cpio "$rpm") <(rpm2cpio "second/rpm/${rpm##*/}"); done
	same "$(ls first/rpm)" "$(ls second/rpm)"
}
check "two builds at different times, by different users, in different orders give rpm packages of equal contents" rpm_reproducible

distcheck() {
	git_tree
	# What the scripts test in the checkout is tested beside this one: here a few that read what a release has besides sources.
	[ -n "${LONG:-}" ] || export DISTCHECK_SCRIPTS='tests/cli/usage.sh tests/cli/flags.sh tests/cli/libraries.sh'
	make -C "$TOP" distcheck BUILD="$PWD/b" >log 2>&1 || { tail -30 log >&2; return 1; }
	says log 'holds$'
}
check "make distcheck holds" distcheck
finish
