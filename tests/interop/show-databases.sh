# SPDX-License-Identifier: LGPL-2.1-or-later
# Bills of materials of installed packages against dpkg's and rpm's own databases: for each file that carries a note, the package
# that the database says; and the same from the packages, an image of a container and an archive of the root.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/deb.sh"
. "$TOP/tests/rpm.sh"
. "$TOP/tests/rpm_projects.sh"

# told: TYPE NAME VERSION MACHINE PATH of each file with a note, by the document in ./out; PATH is as it is installed.
told() {
	perl -MJSON::PP -0777 -ne '
		for my $c (grep { $_->{evidence} } @{decode_json($_)->{components}}) {
			my %p = map { $_->{name} => $_->{value} } @{$c->{properties}};
			for my $o (@{$c->{evidence}{occurrences}}) {
				(my $path = $o->{location}) =~ s{^(?:[^:]*: )?(?:root/)?}{/};
				print "$p{\"pkgnote:type\"} $c->{name} $c->{version} $p{\"pkgnote:architecture\"} $path\n";
			}
		}' out | sort
}
# everywhere: the document of ./root, of a tar of it and of an image of two layers name the same.
everywhere() {
	status 0 "$PKGNOTE" show -q --report=cyclonedx root; told >want
	[ -s want ]
	tar cf root.tar -C root usr
	status 0 "$PKGNOTE" show -q --report=cyclonedx root.tar; told | diff want -
	mkdir -p layout/blobs/sha256; echo '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout
	tar czf lib.layer -C root usr/lib; tar cf rest.layer --exclude=usr/lib -C root usr; local list='' layer d
	for layer in lib rest; do
		d=$(sha256sum <$layer.layer | cut -d' ' -f1); mv $layer.layer "layout/blobs/sha256/$d"; list="$list${list:+,}{\"digest\":\"sha256:$d\"}"
	done
	echo "{\"layers\":[$list]}" >m; d=$(sha256sum <m | cut -d' ' -f1); mv m "layout/blobs/sha256/$d"
	echo "{\"manifests\":[{\"digest\":\"sha256:$d\"}]}" >layout/index.json
	status 0 "$PKGNOTE" show -q --report=cyclonedx layout; told | diff want -
	# SPDX names the same packages.
	status 0 "$PKGNOTE" show -q --report=spdx root
	same "$(perl -MJSON::PP -0777 -ne 'print map { "$_->{name} $_->{versionInfo}\n" } @{decode_json($_)->{packages}}' out | sort -u)" "$(cut -d' ' -f2,3 want | sort -u)"
}

# elf_files: those below ./root that carry a note (debug files have it, too), as installed.
elf_files() { find root -type f -exec sh -c 'readelf -h "$1" >/dev/null 2>&1 && readelf -SW "$1" | grep -q note.package && echo "${1#root}"' sh {} \; | sort; }

dpkg_database() {
	need perl readelf tar sha256sum
	addon_installed
	compiled; build -b -nc; cd ../..
	mkdir -p root/var/lib/dpkg/updates root/var/lib/dpkg/info; : >root/var/lib/dpkg/status
	dpkg --root="$PWD/root" --force-not-root --force-depends --force-script-chrootless --log=/dev/null -i hallo/*.deb >log 2>&1 || { cat log >&2; return 1; }
	everywhere
	elf_files | while read -r file; do
		package=$(dpkg --root="$PWD/root" -S "$file" | cut -d: -f1)
		echo "deb $(dpkg-query --admindir="$PWD/root/var/lib/dpkg" -W -f '${source:Package} ${source:Version} ${Architecture}' "$package") $file"
	done | sort >database
	[ "$(wc -l <database)" -ge 4 ]
	diff database want
	# The packages themselves.
	status 0 "$PKGNOTE" show -q --report=cyclonedx hallo/*.deb; told | diff database -
}
check "dpkg -S and the source packages in its database" dpkg_database

rpm_database() {
	need perl readelf tar sha256sum
	[ "$(id -u)" = 0 ] || skip "rpm --root wants to be root"
	rpm_ready
	project_tally 1.0 1
	rpm_builds r tally.spec
	mkdir root; rpm --root "$PWD/root" --initdb
	rpm --root "$PWD/root" -i --nodeps r/RPMS/*/tally*.rpm >log 2>&1 || { cat log >&2; return 1; }
	everywhere
	elf_files | while read -r file; do
		# The note names the source package, which of tally-libs is tally.
		rpm --root "$PWD/root" -qf --qf '%{SOURCERPM} %{VERSION}-%{RELEASE} %{ARCH}\n' "$file" | sed -E 's/^(.*)-[^-]*-[^-]*\.src\.rpm /rpm \1 /' | sed "s|\$| $file|"
	done | sort >database
	[ "$(wc -l <database)" -ge 2 ]
	diff database want
	status 0 "$PKGNOTE" show -q --report=cyclonedx r/RPMS/*/tally*.rpm; told | diff database -
}
check "rpm -qf and the source packages in its database" rpm_database

finish
