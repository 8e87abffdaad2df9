# SPDX-License-Identifier: LGPL-2.1-or-later
# verify --checks=parallel: which debug packages go side by side, judged by rpm and dpkg.
. "$(dirname "$0")/../lib.sh"

verify() { "$PKGNOTE" verify "$@"; }

# What a package may have at one path P: each function makes one below the current directory.
P=usr/lib/debug/usr/bin/prog-1.0-1.noarch.debug
one() { echo one >$P; }
alike() { echo one >$P; }
other() { echo two >$P; }
closed() { echo one >$P; chmod 600 $P; }
twice() { echo one >$P; ln $P $P.more; }
later() { echo one >$P.first; ln $P.first $P; }
link() { ln -s target $P; }
samelink() { ln -s target $P; }
otherlink() { ln -s elsewhere $P; }
folder() { mkdir $P; }
shut() { mkdir -m 700 $P; }
apart() { echo three >usr/lib/debug/usr/bin/apart-1.0-1.noarch.debug; }
KINDS='one alike other closed twice later link samelink otherlink folder shut apart'

fill() { mkdir -p "$1/usr/lib/debug/usr/bin"; (cd "$1" && umask 022 && $2); }

# rpm_of NAME VERSION RELEASE TREE: NAME-VERSION-RELEASE.noarch.rpm
rpm_of() {
	local path
	{
		printf 'Name: %s\nVersion: %s\nRelease: %s\nSummary: x\nLicense: x\nBuildArch: noarch\n' "$1" "$2" "$3"
		printf '%%description\nx\n%%install\nmkdir -p %%buildroot\ncp -a %s/. %%buildroot\n%%files\n' "$4"
		(cd "$4" && find . \( ! -type d -o -name '*.debug' \) -printf '%y %P\n') | while read -r type path; do
			[ "$type" = d ] && echo "%dir /$path" || echo "/$path"
		done
	} >"$1.spec"
	rpmbuild -bb --quiet --define "_topdir $PWD/top" --define "_rpmdir $PWD" --define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
		--define '__os_install_post %nil' --define 'debug_package %nil' --define '_build_id_links none' "$1.spec" >rpmbuild.log 2>&1 ||
		{ cat rpmbuild.log >&2; return 1; }
}

# deb_of NAME VERSION TREE [FIELD]: NAME_VERSION.deb
deb_of() {
	mkdir -p "$3/DEBIAN"
	printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: T <t@example.org>\n%bDescription: x\n' "$1" "$2" "${4:-}" >"$3/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$3" "$1_$2.deb" >/dev/null
	rm -r "$3/DEBIAN"
}

# agree JUDGE FILE FILE: 0 or 1 of verify is that of the judge.
agree() {
	local judge=0 ours=0
	"$1" "$2" "$3" >judged 2>&1 || judge=1
	verify --checks=parallel "$2" "$3" >out 2>err || ours=$?
	[ "$judge" = "$ours" ] || { echo "$2 $3: $1 says $judge, verify $ours"; head -5 judged; head -5 out; } >>"$PWD/wrong"
	count[judge]=$((count[judge] + 1))
}

# Every pair, so that each rule is tried against each other.
pairs() {
	local judge=$1 end=$2 a b
	declare -a count=(0 0)
	for a in $KINDS; do
		for b in $KINDS; do
			[[ $a < $b ]] || continue
			agree "$judge" "$a$end" "$b$end"
		done
	done
	echo "${count[0]} pairs go together, ${count[1]} do not"
	[ "${count[0]}" -ge 10 ] && [ "${count[1]}" -ge 10 ]
	[ ! -s wrong ] || { cat wrong >&2; return 1; }
}

by_rpm() { rpm -U --test --nodeps --dbpath "$PWD/db" "$@"; }
all_rpm_pairs() {
	need rpmbuild rpm
	local kind
	mkdir db; rpm --dbpath "$PWD/db" --initdb
	for kind in $KINDS; do
		fill "$PWD/tree-$kind" "$kind"
		rpm_of "$kind-debuginfo" 1.0 1 "$PWD/tree-$kind"
	done
	pairs by_rpm -debuginfo-1.0-1.noarch.rpm
}
check "pairs of rpms: as rpm -U --test says" all_rpm_pairs

# In either order: where a directory is there first, dpkg drops a link of that name and says nothing.
by_dpkg() { dpkg_unpacks "$1" "$2" && dpkg_unpacks "$2" "$1"; }
dpkg_unpacks() {
	rm -rf root; mkdir -p root/var/lib/dpkg/{info,updates,triggers,parts}
	: >root/var/lib/dpkg/status; : >root/var/lib/dpkg/available
	dpkg --root="$PWD/root" --log=/dev/null --force-bad-path,unsafe-io --unpack "$@"
}
all_deb_pairs() {
	need dpkg dpkg-deb
	[ "$(id -u)" = 0 ] || skip "dpkg --root wants to be root"
	local kind
	for kind in $KINDS; do
		fill "tree-$kind" "$kind"
		deb_of "$kind-dbgsym" 1.0-1 "tree-$kind"
	done
	pairs by_dpkg -dbgsym_1.0-1.deb
}
check "pairs of debs: as dpkg says" all_deb_pairs

two_releases() {
	need rpmbuild rpm
	mkdir db; rpm --dbpath "$PWD/db" --initdb
	local release
	for release in 1 2; do
		mkdir -p new/usr/lib/debug/usr/{bin,lib} new/usr/lib/debug/.build-id/a$release new/usr/src/debug/tool-1.0-$release.noarch old/usr/lib/debug/usr/bin
		echo $release >new/usr/lib/debug/usr/bin/tool-1.0-$release.noarch.debug
		echo $release >new/usr/src/debug/tool-1.0-$release.noarch/main.c
		ln -s ../../usr/bin/tool-1.0-$release.noarch.debug new/usr/lib/debug/.build-id/a$release/bc.debug
		ln -s usr/lib new/usr/lib/debug/lib # any holder may own it
		echo $release >old/usr/lib/debug/usr/bin/tool.debug
		rpm_of new-debuginfo 1.0 $release "$PWD/new"
		rpm_of old-debuginfo 1.0 $release "$PWD/old"
		rm -r new old
	done
	status 0 rpm -i --test --nodeps --dbpath "$PWD/db" new-debuginfo-1.0-{1,2}.noarch.rpm
	status 0 verify --checks=parallel new-debuginfo-1.0-{1,2}.noarch.rpm
	says out '^parallel +2 +0 +0'
	status 2 rpm -i --test --nodeps --dbpath "$PWD/db" old-debuginfo-1.0-{1,2}.noarch.rpm
	says err "tool.debug conflicts between attempted installs of old-debuginfo-1.0-1"
	status 1 verify --checks=parallel old-debuginfo-1.0-{1,2}.noarch.rpm
	says out 'old-debuginfo-1.0-1.noarch.rpm: /  old-debuginfo-1.0-1.noarch is of the old kind: 1 of 1 names .* such as /usr/lib/debug/usr/bin/tool.debug; old-debuginfo-1.0-1.noarch and old-debuginfo-1.0-2.noarch conflict on 1 path'
	says out 'old-debuginfo-1.0-2.noarch.rpm: /usr/lib/debug/usr/bin/tool.debug  old-debuginfo-1.0-1.noarch has it too, with other contents \(old-debuginfo-1.0-1.noarch.rpm\)'
	# The one alone is of the old kind, too; the SARIF names its file.
	status 1 verify --checks=parallel --report=sarif:report.sarif old-debuginfo-1.0-1.noarch.rpm
	python3 - <<-'P'
	import json
	results = json.load(open("report.sarif"))["runs"][0]["results"]
	assert [(r["ruleId"], r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) for r in results] == [
	    ("parallel", "old-debuginfo-1.0-1.noarch.rpm")], results
	assert "of the old kind" in results[0]["message"]["text"]
	P
	# In parts: what each says of its own, with all seen.
	verify --checks=parallel --shard=1/2 --report=json:1.json ./*.rpm >/dev/null || true
	verify --checks=parallel --shard=2/2 --report=json:2.json ./*.rpm >/dev/null || true
	verify --checks=parallel --report=json:whole.json ./*.rpm >/dev/null || true
	verify --merge --report=json:both.json 1.json 2.json >/dev/null || true
	python3 - <<-'P'
	import json
	whole, both = (json.load(open(n))["results"] for n in ("whole.json", "both.json"))
	assert whole == both and len(whole) == 6, (whole, both)
	P
	status 0 verify --checks=parallel --allow='parallel:/usr/lib/debug/usr/*' old-debuginfo-1.0-{1,2}.noarch.rpm
}
check "two releases of an rpm: the new kind, the old kind, alone, in parts, allowed" two_releases

debs_of_one_name() {
	need dpkg-deb
	local version
	for version in 1.0-1 1.0-2; do
		mkdir -p new/usr/lib/debug/.build-id/ab new/usr/share/doc dwz/usr/lib/debug/.dwz/x86_64-linux-gnu
		echo "$version" >"new/usr/lib/debug/.build-id/ab/$version.debug"
		ln -s tool new/usr/share/doc/tool-dbgsym
		echo "$version" >dwz/usr/lib/debug/.dwz/x86_64-linux-gnu/tool.debug
		deb_of tool-dbgsym "$version" new
		deb_of dwz-dbgsym "1:$version" dwz 'Auto-Built-Package: debug-symbols\n'
		rm -r new dwz
	done
	status 0 verify --checks=parallel tool-dbgsym_*.deb
	status 1 verify --checks=parallel dwz-dbgsym_*.deb
	says out 'dwz-dbgsym-1.0-1.amd64 is of the old kind: .* such as /usr/lib/debug/.dwz/x86_64-linux-gnu/tool.debug; .* conflict on 1 path'
	# Debian's -dbg packages, and a .ddeb by its name.
	mkdir -p dbg/usr/lib/debug/usr/bin; echo x >dbg/usr/lib/debug/usr/bin/tool
	deb_of tool-dbg 1.0 dbg; deb_of tool-ddeb 1.0 dbg; mv tool-ddeb_1.0.deb tool-ddeb_1.0.ddeb
	status 1 verify --checks=parallel tool-dbg_1.0.deb
	status 1 verify --checks=parallel tool-ddeb_1.0.ddeb
	status 1 verify --checks=parallel tool-dbg_1.0.deb tool-ddeb_1.0.ddeb
	says out 'tool-dbg-1.0.amd64 has it too, alike, but dpkg lets one package alone own it'
}
check "debs: versions of one name, alternate files, -dbg, .ddeb" debs_of_one_name

without_any() {
	need dpkg-deb
	mkdir -p plain/usr/share; echo x >plain/usr/share/x
	deb_of plain 1.0 plain
	status 1 verify --checks=parallel plain_1.0.deb
	says err 'parallel: no debug package among the inputs'
	status 0 verify --checks=parallel --allow-empty plain_1.0.deb
	head -c 300 plain_1.0.deb >cut-dbgsym.deb
	status 3 verify --checks=parallel cut-dbgsym.deb
	same "$(grep -c 'cut-dbgsym.deb:' err)" 1
}
check "no debug package is not green; one that is cut short is told once" without_any

finish
