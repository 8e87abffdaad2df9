# SPDX-License-Identifier: LGPL-2.1-or-later
# debsrc NAME: fetches Debian's source package NAME once a build and unpacks it into ./NAME-src. The deb-src entries are those of
# the machine's own apt, and kept, with their lists, in a folder of ours: the machine's apt is not touched. What an archive lists
# and does not have is looked for in the other releases that it has. Skips where the package cannot be had whole.
# debsrc_download: from the machine's release, then from others of the same archive; into $keep when it is all there.
debsrc_download() {
	local sources own release uri lists options
	own=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Component: main' 2>/dev/null | sort -u)
	[ -n "$own" ] || return 1
	: >"$apt/log"
	# One of security updates has no such releases, and comes to nothing.
	sources=("$own")
	for release in unstable stable oldstable; do
		for uri in $(cut -d' ' -f1 <<<"$own" | sort -u); do sources+=("$uri $release"); done
	done
	for own in "${sources[@]}"; do
		# Lists of its own for each, which are fetched again after half a day: apt throws away those of a release that is not named.
		lists=$apt/lists/$(md5sum <<<"$own" | cut -c1-8)
		mkdir -p "$lists/partial"
		sed 's/^/deb-src /; s/$/ main/' <<<"$own" >"$lists.list"
		options=(-o "Dir::Etc::sourcelist=$lists.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$lists" -o "Dir::Cache::pkgcache=$lists.pkg"
			-o "Dir::Cache::srcpkgcache=$lists.src" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false)
		if [ -z "$(find "$lists.done" -mmin -720 2>/dev/null)" ]; then
			rm -f "$lists.done"
			# What cannot be had is remembered as well.
			apt-get "${options[@]}" update >>"$apt/log" 2>&1 && echo yes >"$lists.done" || echo no >"$lists.done"
		fi
		[ "$(cat "$lists.done")" = yes ] || continue
		# An archive can list a version that it no longer has while another one does.
		for release in "" $(awk '{ print "/" $3 }' "$lists.list"); do
			rm -rf "$apt/new" && mkdir -p "$apt/new"
			(cd "$apt/new" && apt-get "${options[@]}" source --download-only "$name$release") >>"$apt/log" 2>&1 || continue
			mv "$apt"/new/* "$keep/"
			return 0
		done
	done
	tail -3 "$apt/log" >&2
	return 1
}
debsrc() {
	local name=$1 apt=$BUILD/debsrc keep=$BUILD/debsrc/packages
	need apt-get dpkg-source flock
	mkdir -p "$apt/lists" "$keep"
	(
		flock 9
		ls "$keep/${name}_"*.dsc >/dev/null 2>&1 || debsrc_download
	) 9>"$apt/lock" || skip "Debian's source package $name cannot be had here"
	dpkg-source --no-check -x "$keep/${name}_"*.dsc "$name-src" >debsrc.log 2>&1 || { tail -3 debsrc.log >&2; return 1; }
}
