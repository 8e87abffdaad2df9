# SPDX-License-Identifier: LGPL-2.1-or-later
# For scripts that run the real rpmbuild: our macros where rpm finds them, small projects with their
# specs, and what to ask the packages that come out.

# rpm_ready: $WORK/rpm is a copy of rpm's configuration with what `make install` puts there; RPM_CONFIGDIR makes
# it rpm's. Nothing of the machine's rpm is touched.
rpm_ready() {
	local config
	need rpmbuild rpm cpio make "${CC:-gcc}"
	[ ! -d "$WORK/rpm" ] || return 0
	config=$(env -u RPM_CONFIGDIR rpm --eval '%{_rpmconfigdir}')
	cp -a "$config" "$WORK/rpm.new"
	make -C "$TOP" -o all install BUILD="$BUILD" PREFIX="$WORK/installed" RPMDIR="$WORK/rpm" >"$WORK/install.log" 2>&1 ||
		{ tail -5 "$WORK/install.log" >&2; return 1; }
	cp -an "$WORK/rpm.new/." "$WORK/rpm/"
	rm -rf "$WORK/rpm.new"
}

# rpm_build NAME SPEC [OPTION]...: binary packages into ./NAME/RPMS/ARCH, the log into ./NAME.log; fails where rpmbuild
# does. rpm_build_standard: the same with rpm's own macros alone, and so find-debuginfo.
rpm_build() { RPM_CONFIGDIR=$WORK/rpm rpm_build_standard "$@"; }
rpm_build_standard() {
	local top=$PWD/$1 spec=$2; shift 2
	mkdir -p "$top/BUILD" "$top/db"
	HOME=$top rpmbuild -bb --define "_topdir $top" --define "_dbpath $top/db" --define "_sourcedir $PWD" \
		--define "_tmppath $top" "$@" "$spec" >"$top.log" 2>&1
}
# rpm_builds: must succeed, and its log is shown where it does not.
rpm_builds() { rpm_build "$@" || { tail -40 "$1.log" >&2; fail "rpmbuild of $2"; }; }
rpm_builds_standard() { rpm_build_standard "$@" || { tail -40 "$1.log" >&2; fail "the standard rpmbuild of $2"; }; }

# packages NAME: names of what came out, sorted, in one line.
packages() { (cd "$1/RPMS" && echo */*.rpm); }

# unpacked NAME DIR: what all packages of a build hold.
unpacked() {
	local rpm
	mkdir -p "$2"
	for rpm in "$1"/RPMS/*/*.rpm; do rpm2cpio "$rpm" | (cd "$2" && cpio -idmu --quiet --no-absolute-filenames); done
}

# listed NAME [PATTERN]: of each package (debug packages, say) its names and links, one a line. Build-ids are
# different from splitter to splitter, and which of several files with one id gets the link without a number depends on the
# order of debugfiles.list (ours is sorted, find-debuginfo's is as directories are): both are left out.
listed() {
	local rpm
	for rpm in "$1"/RPMS/*/${2:-*}.rpm; do
		rpm -qp --qf "[%{=NAME}: %{FILENAMES} %{FILELINKTOS}\n]" "$rpm" 2>/dev/null
	done | sed -E '/\.build-id\/[0-9a-f]{2} $/d; s#\.build-id/[0-9a-f]{2}(/[0-9a-f]+)?(\.[0-9]+)?#.build-id/ID#g' | sort -u
}

# stamped_and_stripped DIR FILE...: with the note of the build, no debug information, a debuglink.
stamped_and_stripped() {
	local dir=$1 file; shift
	for file; do
		readelf -SW "$dir/$file" >sections
		says sections '\.note\.package'
		says sections '\.gnu_debuglink'
		says_not sections '\.debug_info|\.symtab'
	done
}

# note_of FILE KEY: its value in the package note.
note_of() { "$PKGNOTE" show --json "$1" | python3 -c 'import json, sys
print(json.loads(sys.stdin.readline())["package"].get(sys.argv[1], ""))' "$2"; }

# rpm_debuginfod DIR: elfutils' debuginfod over a directory of packages: sets SERVER; debuginfod_stop ends it (judges.sh).
rpm_debuginfod() {
	need debuginfod curl
	local port=$((20000 + RANDOM % 12000)) log=$PWD/debuginfod.log
	SERVER=http://127.0.0.1:$port
	debuginfod -p "$port" -d :memory: -t 0 -g 0 -R "$1" >"$log" 2>&1 &
	SERVER_PID=$!
	debuginfod_ready "$SERVER" && return 0
	tail -5 "$log" >&2
	fail "debuginfod did not finish its scan"
}
