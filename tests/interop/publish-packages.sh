# SPDX-License-Identifier: LGPL-2.1-or-later
# publish of real packages: made by dpkg-deb and by rpmbuild with find-debuginfo, judged by elfutils' debuginfod over
# the same packages.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"

build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }
publish() { "$PKGNOTE" publish --into=share "$@"; }

# program DIR VERSION: DIR/hello and DIR/hello.debug; sources are named /usr/src/debug/hello-VERSION-1.
program() {
	mkdir -p "$1/src"
	cat >"$1/src/hello.c" <<-C
	#include <string.h>
	int crash(const char *text) { return *(volatile int *)(long)(strlen(text) * 0); } /* of $2 */
	int main(int argc, char **argv) { (void)argc; return crash(argv[0]); }
	C
	gcc -g -O0 "-ffile-prefix-map=$PWD/$1/src=/usr/src/debug/hello-$2-1" -Wl,--build-id -o "$1/hello" "$PWD/$1/src/hello.c"
	eu-strip -f "$1/hello.debug" "$1/hello"
}

# deb NAME VERSION DIR [EXTENSION]: the tree DIR as a package.
deb() {
	mkdir -p "$3/DEBIAN"
	printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: test\n' "$1" "$2" >"$3/DEBIAN/control"
	dpkg-deb --root-owner-group ${DEB_COMPRESS:-} -b "$3" "$1_${2#*:}_amd64.${4:-deb}" >/dev/null
}
debs() { # debs VERSION: hello, hello-dbgsym, hello-dbgsrc
	program p$1 "$1"
	local id; id=$(build_id p$1/hello)
	mkdir -p t$1/main/usr/bin t$1/sym/usr/lib/debug/.build-id/${id:0:2} t$1/src/usr/src/debug/hello-$1-1
	cp p$1/hello t$1/main/usr/bin/; cp p$1/hello.debug t$1/sym/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
	cp p$1/src/hello.c t$1/src/usr/src/debug/hello-$1-1/; ln t$1/src/usr/src/debug/hello-$1-1/hello.c t$1/src/usr/src/debug/hello-$1-1/twin.c
	deb hello "$1-1" t$1/main; deb hello-dbgsym "$1-1" t$1/sym ddeb; deb hello-dbgsrc "$1-1" t$1/src
}

debian_packages() {
	need dpkg-deb debuginfod-find gdb
	debs 1; DEB_COMPRESS=-Zzstd debs 2
	publish ./*_1-1_amd64.* >out
	says out '^hello-1-1\.amd64: added, 1 build-id, 0 sources'
	says out '^hello-dbgsym-1-1\.amd64: added, 1 build-id, 0 sources'
	says out '^hello-dbgsrc-1-1\.amd64: added, 0 build-ids, 2 sources'
	publish ./*_2-1_amd64.* >out
	publish ./*_2-1_amd64.* >out
	same "$(grep -c unchanged out)" 3
	status 0 publish --check
	export DEBUGINFOD_CACHE_PATH=$PWD/cache DEBUGINFOD_URLS="file://$PWD/share"
	local v id
	for v in 1 2; do
		id=$(build_id p$v/hello)
		cmp "$(debuginfod-find debuginfo $id)" p$v/hello.debug
		cmp "$(debuginfod-find executable $id)" p$v/hello
		cmp "$(debuginfod-find source $id /usr/src/debug/hello-$v-1/hello.c)" p$v/src/hello.c
		cmp "$(debuginfod-find source $id /usr/src/debug/hello-$v-1/twin.c)" p$v/src/hello.c
	done
	# The executable goes, the debug file stays; the sources go.
	id=$(build_id p1/hello)
	publish --remove=hello-1-1.amd64 --remove=hello-dbgsrc-1-1.amd64 >out
	[ ! -e share/buildid/$id/executable ]
	cmp share/buildid/$id/debuginfo p1/hello.debug
	[ ! -e share/buildid/$id/source/usr/src/debug/hello-1-1 ]
	status 0 publish --check
}
check "hello, hello-dbgsym (.ddeb) and hello-dbgsrc of two versions; debuginfod-find gets all" debian_packages

crash_of_two_versions() {
	need dpkg-deb gdb
	debs 1; debs 2
	publish ./*.deb ./*.ddeb >out
	local v
	for v in 1 2; do
		mkdir core$v; (cd core$v && core_of "$WORK/$FUNCNAME/p$v/hello" </dev/null) || return
		mkdir bare$v; cp p$v/hello bare$v/hello; rm -rf p$v t$v
		HOME=$PWD DEBUGINFOD_URLS="file://$PWD/share" DEBUGINFOD_CACHE_PATH=$PWD/cache gdb -q -nx -batch \
			-iex 'set debuginfod enabled on' -ex bt -ex 'frame function crash' -ex list bare$v/hello core$v/core >bt 2>&1 || true
		says bt "^#[0-9]+ .*crash \(text="
		says bt "of $v \*/"
		HOME=$PWD gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/share" \
			-iex "set substitute-path /usr/src/debug $PWD/share/source/usr/src/debug" -ex bt -ex 'frame function crash' -ex list \
			bare$v/hello core$v/core >bt 2>&1 || true
		says bt "of $v \*/"
	done
}
check "gdb shows source lines of cores of two versions, as a server and as a mount" crash_of_two_versions

rpms() { # rpms VERSION
	mkdir -p build$1
	cat >hello$1.spec <<-S
	Name: hello
	Version: $1
	Release: 1
	Summary: test
	License: none
	%global _build_id_links none
	%global _debugsource_packages 1
	%global debug_package %{nil}
	%description
	test
	%prep
	mkdir -p %{_builddir}/hello-%{version}
	cd %{_builddir}/hello-%{version}
	echo 'int main(void) { return $1; }' >hello.c
	%build
	cd %{_builddir}/hello-%{version}
	gcc -g -Wl,--build-id -o hello \$PWD/hello.c
	%install
	mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/lib/debug/usr/bin %{buildroot}/usr/src/debug/hello-%{version}-1.%{_arch}
	cd %{_builddir}/hello-%{version}
	debugedit -b \$PWD -d /usr/src/debug/hello-%{version}-1.%{_arch} -i hello >/dev/null
	cp hello.c %{buildroot}/usr/src/debug/hello-%{version}-1.%{_arch}/
	ln %{buildroot}/usr/src/debug/hello-%{version}-1.%{_arch}/hello.c %{buildroot}/usr/src/debug/hello-%{version}-1.%{_arch}/a-twin.c
	cp hello %{buildroot}/usr/bin/
	eu-strip -f %{buildroot}/usr/lib/debug/usr/bin/hello-%{version}-1.%{_arch}.debug %{buildroot}/usr/bin/hello
	%files
	/usr/bin/hello
	%package debuginfo
	Summary: test
	%description debuginfo
	test
	%files debuginfo
	/usr/lib/debug
	%package debugsource
	Summary: test
	%description debugsource
	test
	%files debugsource
	/usr/src/debug
	S
	rpmbuild -bb --define "_topdir $PWD/top" --define "_builddir $PWD/build$1" --define "_rpmdir $PWD" --define '__os_install_post %{nil}' \
		--define "_buildrootdir $PWD/broot" hello$1.spec >rpmbuild.log 2>&1 || { tail -20 rpmbuild.log >&2; return 1; }
}
rpm_packages() {
	need rpmbuild debugedit debuginfod-find debuginfod
	rpms 1; rpms 2
	publish x86_64/*.rpm >out || publish ./*/*.rpm >out
	same "$(grep -c ': added' out)" 6
	says out '^hello-debugsource-1-1\..*: added, 0 build-ids, 2 sources'
	status 0 publish --check
	mkdir rpms; find . -name '*.rpm' -exec cp {} rpms/ \;
	# elfutils' own server over the same packages (it serves only the name of a hard link that comes last).
	local port=$((20000 + RANDOM % 12000)) v id
	debuginfod -p $port -d :memory: -t 0 -g 0 -R rpms >debuginfod.log 2>&1 & local server=$!
	trap "kill $server" EXIT
	debuginfod_ready "http://127.0.0.1:$port"
	for v in 1 2; do
		for id in $(python3 -c "
import json
for f in json.load(open('$(echo share/packages/hello-$v-1.*)/record.json'))['files']: print(f['path'].split('/')[1])"); do
			for what in "debuginfo $id" "executable $id" "source $id /usr/src/debug/hello-$v-1.$(uname -m)/hello.c"; do
				ours=$(DEBUGINFOD_CACHE_PATH=$PWD/c1 DEBUGINFOD_URLS="file://$PWD/share" debuginfod-find $what)
				theirs=$(DEBUGINFOD_CACHE_PATH=$PWD/c2 DEBUGINFOD_URLS="http://127.0.0.1:$port" debuginfod-find $what)
				cmp "$ours" "$theirs"
			done
		done
	done
	cmp share/source/usr/src/debug/hello-1-1.$(uname -m)/hello.c share/source/usr/src/debug/hello-1-1.$(uname -m)/a-twin.c
}
check "rpm: hello, -debuginfo, -debugsource; the bytes equal what elfutils' debuginfod serves" rpm_packages

alternates() {
	need dwz dpkg-deb gdb
	mkdir -p tree/usr/lib/debug/.dwz tree/usr/lib/debug/usr/bin tree/usr/bin
	cat >common.h <<-'C'
	struct shared_by_both { int first; struct { long a, b, c, d; char name[40]; } inner; struct shared_by_both *next; };
	static struct shared_by_both it;
	static int use(struct shared_by_both *p) { for (int i = 0; p != 0 && i < 9; i++) p = p->next; return p != 0; }
	C
	for f in a b; do
		printf '#include "common.h"\nint main(void) { return use(&it) + %d; }\n' "'$f" >$f.c
		gcc -g -gdwarf-4 -O0 -Wl,--build-id -o tree/usr/bin/$f $f.c
		eu-strip -f tree/usr/lib/debug/usr/bin/$f.debug tree/usr/bin/$f
	done
	(cd tree/usr/lib/debug && dwz -m .dwz/both -M /usr/lib/debug/.dwz/both usr/bin/a.debug usr/bin/b.debug)
	deb both-dbgsym 1-1 tree
	publish both-dbgsym_1-1_amd64.deb >out
	says out 'added, 3 build-ids'
	alt=$(build_id tree/usr/lib/debug/.dwz/both)
	cmp share/buildid/$alt/debuginfo tree/usr/lib/debug/.dwz/both
	cmp share/.build-id/${alt:0:2}/${alt:2}.debug tree/usr/lib/debug/.dwz/both
	cp tree/usr/bin/a prog
	mv tree gone
	for how in "set debuginfod enabled on" "set debug-file-directory $PWD/share"; do
		HOME=$PWD DEBUGINFOD_CACHE_PATH=$PWD/cache DEBUGINFOD_URLS="file://$PWD/share" \
			gdb -q -nx -batch -iex "$how" -ex 'ptype struct shared_by_both' ./prog >ptype 2>&1 || true
		says ptype 'char name\[40\]'
	done
	# With a manifest, which does not name them, too.
	status 0 publish --check
}
check "alternate files of dwz, by both ways in" alternates

folded_by_split() {
	need dwz gdb
	mkdir -p build root/usr/bin
	printf 'struct shared_by_both { int first; struct { long a, b, c, d; char name[40]; } inner; struct shared_by_both *next; };\nstatic struct shared_by_both it;\nstatic int use(struct shared_by_both *p) { for (int i = 0; p != 0 && i < 9; i++) p = p->next; return p != 0; }\n' >build/common.h
	for f in a b; do
		printf '#include "common.h"\nint main(void) { return use(&it) + %d; }\n' "'$f" >build/$f.c
		gcc -g -O0 -Wl,--build-id -o root/usr/bin/$f "$PWD/build/$f.c"
	done
	status 0 "$PKGNOTE" split --layout=rpm --name=both --package-version=1 --release=1 --arch=x86_64 --dwz=multi --build-dir="$PWD/build" --manifest=m.json root
	alt=$(build_id root/usr/lib/debug/.dwz/*)
	status 0 publish --root=root m.json
	says out 'added, 3 build-ids, 3 sources'
	cmp share/buildid/$alt/debuginfo root/usr/lib/debug/.dwz/*
	cp root/usr/bin/a prog; mv root gone; mv build gone-too
	HOME=$PWD DEBUGINFOD_CACHE_PATH=$PWD/cache DEBUGINFOD_URLS="file://$PWD/share" \
		gdb -q -nx -batch -iex 'set debuginfod enabled on' -ex 'ptype struct shared_by_both' -ex 'list main' ./prog >shown 2>&1 || true
	says shown 'char name\[40\]'; says shown 'return use\(&it\) \+ 97'
	status 0 publish --check
}
check "split --dwz=multi and its manifest: the alternate file is served by its build-id" folded_by_split

hostile_packages() {
	need dpkg-deb python3
	debs 1
	publish hello_1-1_amd64.deb >out
	"$PKGNOTE" publish --into=share --check >before
	python3 - <<-'P'
	import io, tarfile
	class Promise(bytes): # the header tells of it, and nobody should want to see it
	    def __len__(self): return 2 << 30
	def ar(name, data): return b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, 0, 0, 0, b"100644", len(data)) + data + b"\n" * (len(data) % 2)
	def tar(*members):
	    out = io.BytesIO()
	    with tarfile.open(fileobj=out, mode="w:xz") as t:
	        for name, data in members:
	            i = tarfile.TarInfo(name); i.size = len(data)
            if isinstance(data, Promise): t.fileobj.write(i.tobuf()) # addfile() wants what it is promised
            else: t.addfile(i, io.BytesIO(data))
	    return out.getvalue()
	def deb(file, *members, control="Package: evil\nVersion: 1-1\nArchitecture: amd64\n"):
	    open(file, "wb").write(b"!<arch>\n" + ar(b"debian-binary", b"2.0\n") + ar(b"control.tar.xz", tar(("./control", control.encode()))) + ar(b"data.tar.xz", tar(*members)))
	deb("dotdot.deb", ("./usr/src/debug/../../../../../tmp/pkgnote-evil", b"x"))
	deb("absolute.deb", ("/usr/src/debug/../../../tmp/pkgnote-evil", b"x"))
	deb("name.deb", ("./usr/src/debug/a/b.c", b"x"), control="Package: ../../evil\nVersion: 1-1\nArchitecture: amd64\n")
	deb("bomb.deb", ("./usr/src/debug/a/b.c", Promise(b"")))
	deb("nothing.deb", ("./usr/share/doc/x", b"x"))
	whole = open("hello_1-1_amd64.deb", "rb").read()
	for n in (0, 7, 60, 100, 500, len(whole) // 2, len(whole) - 9): open(f"cut{n}.deb", "wb").write(whole[:n])
	open("lead.rpm", "wb").write(b"\xed\xab\xee\xdb" + bytes(92) + b"\x8e\xad\xe8\x01\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff")
	P
	for f in dotdot absolute name bomb cut0 cut7 cut60 cut100 cut500; do
		timeout 60 "$PKGNOTE" publish --into=share $f.deb >out 2>err && fail "$f was taken"
		same "$(wc -l <err)" 1
		[ $f != bomb ] || says err 'b.c: it unpacks to more than 64 times its size and 1 GB: --max-expansion allows more'
	done
	for f in cut*.deb lead.rpm; do status 3 publish $f; done
	status 0 publish nothing.deb
	says out '^evil-1-1\.amd64: nothing'
	[ ! -e /tmp/pkgnote-evil ]
	same "$(publish --list)" hello-1-1.amd64
	"$PKGNOTE" publish --into=share --check >after
	cmp before after
	[ ! -e share/.staging ]
}
check "hostile packages: names that lead out, bombs, cut short; the share stays as it was" hostile_packages
finish
