# SPDX-License-Identifier: LGPL-2.1-or-later
# debsrc NAME: fetches Debian's source package NAME once a build and unpacks it into ./NAME-src. The
# deb-src entry is derived from the machine's own apt entries and kept, with its lists, in a folder of ours: the
# machine's apt is not touched. Skips where packages cannot be had.
debsrc() {
	local name=$1 apt=$BUILD/debsrc keep=$BUILD/debsrc/packages
	need apt-get dpkg-source flock
	mkdir -p "$apt/lists/partial" "$keep"
	(
		flock 9
		if ! ls "$keep/${name}_"*.dsc >/dev/null 2>&1; then
			apt-get indextargets --format '$(REPO_URI) $(RELEASE) ' 'Created-By: Packages' 'Component: main' 2>/dev/null |
				sort -u | while read -r uri release; do
					echo "deb-src $uri $release main"
				done >"$apt/sources.list"
			[ -s "$apt/sources.list" ] || exit 77
			cd "$keep" || exit 77
			set -- -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$apt/lists" \
				-o APT::Sandbox::User=root -o Acquire::Languages=none
			# An archive can list a version that it no longer has while another archive does.
			found=
			apt-get "$@" update >"$apt/log" 2>&1 && for release in "" $(awk '{ print "/" $3 }' "$apt/sources.list"); do
				apt-get "$@" source --download-only "$name$release" >>"$apt/log" 2>&1 && found=1 && break
			done
			[ -n "$found" ] || { tail -3 "$apt/log" >&2; exit 77; }
		fi
	) 9>"$apt/lock" || skip "Debian's source package $name cannot be had here"
	dpkg-source --no-check -x "$keep/${name}_"*.dsc "$name-src" >debsrc.log 2>&1 || { tail -3 debsrc.log >&2; return 1; }
}
