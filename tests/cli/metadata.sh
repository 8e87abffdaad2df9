# SPDX-License-Identifier: LGPL-2.1-or-later
# METADATA: what the note holds, from rpm's and Debian's build environment, os-release, -k and --payload.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-gcc}

program() { echo 'int main(void) { return 0; }' >main.c && $CC -o plain main.c; }

# payload OPTION...: the payload that these options give.
payload() {
	cp plain demo
	"$PKGNOTE" stamp -q "$@" demo
	readelf -nW demo | sed -n 's/.*Packaging Metadata: //p'
}

# with_os_release COMMAND...: ./os-release in place of the machine's, in a mount namespace.
with_os_release() {
	unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh "$PWD/os-release" \
		"$(readlink -f /etc/os-release)" "$@"
}

pairs_come_last_and_in_order() {
	program
	same '{"name":"x","version":"2","zeta":"z","alpha":"a b, \"c\" $d %e \\ é"}' \
		"$(payload --payload <(echo '{"version":"1", "name":"x"}') -k zeta=z -k version=2 -k 'alpha=a b, "c" $d %e \ é')"
	same '{"version":"1","eq":"a=b"}' "$(payload --payload <(echo '{"version":"1","name":"x"}') -k name= -k eq=a=b)"
	same '{"a":"1","n":[1,{"b":null}]}' "$(echo '{"a":"1","n":[1,{"b":null}]}' | payload --payload -)"
}
check "-k is applied last, KEY= drops, well-known keys come first" pairs_come_last_and_in_order

rpm_environment() {
	program
	export RPM_PACKAGE_NAME=hello RPM_PACKAGE_VERSION=2.10 RPM_PACKAGE_RELEASE=3.fc40 RPM_ARCH=x86_64
	same '{"type":"rpm","name":"hello","version":"2.10-3.fc40","architecture":"x86_64"}' "$(payload --from rpm)"
	payload | grep -q '"type":"rpm","os":".*"name":"hello","version":"2.10-3.fc40","architecture":"x86_64"'
	unset RPM_ARCH
	status 3 "$PKGNOTE" stamp --from rpm plain
	says err 'RPM_ARCH is not set'
}
check "rpm: name, V-R and architecture from rpmbuild's environment" rpm_environment

debian_environment() {
	program
	mkdir debian
	printf 'hello (1:2.10-3) unstable; urgency=medium\n\n  * Test.\n\n -- A <a@b>  Sat, 01 Jan 2022 00:00:00 +0000\n' >debian/changelog
	export DEB_HOST_ARCH=arm64
	same '{"type":"deb","name":"hello","version":"1:2.10-3","architecture":"arm64"}' "$(payload --from deb)"
	payload | grep -q '"type":"deb","os":".*"name":"hello"'
	echo 'no changelog' >debian/changelog
	status 3 "$PKGNOTE" stamp --from deb plain
	says err 'debian/changelog: it does not begin with'
	rm debian/changelog
	status 3 "$PKGNOTE" stamp --from deb plain
	unset DEB_HOST_ARCH
	status 3 "$PKGNOTE" stamp --from deb plain
	says err 'DEB_HOST_ARCH is not set'
}
check "deb: source, version with epoch, architecture" debian_environment

os_release_quoting() {
	program
	unshare -m true 2>/dev/null || skip "no mount namespace may be made here"
	cat >os-release <<-'E'
	# a comment
	NAME="Not = asked"
	ID=demo
	VERSION_ID="1\"2\$3\`4\\5\n"

	CPE_NAME='cpe:/o:"demo"\'
	HOME_URL=https://example.net/
	E
	with_os_release "$PKGNOTE" stamp -q --from os-release -o demo plain
	same '{"os":"demo","osVersion":"1\"2$3`4\\5\\n","osCpe":"cpe:/o:\"demo\"\\"}' \
		"$(readelf -nW demo | sed -n 's/.*Packaging Metadata: //p')"
	printf "ID=de\\\\mo\r\nVERSION_ID=''\nCPE_NAME=a'b'\"c\"d" >os-release
	with_os_release "$PKGNOTE" stamp -q --from os-release -o demo plain
	same '{"os":"demo","osCpe":"abcd"}' "$(readelf -nW demo | sed -n 's/.*Packaging Metadata: //p')"
	echo 'ID="never closed' >os-release
	status 3 with_os_release "$PKGNOTE" stamp --from os-release -o demo plain
	says err 'os-release: ID: the value.s quotes are broken'
}
check "os-release: its quoting, comments, what is not asked for" os_release_quoting

bad_payloads_are_refused() {
	program
	cp plain saved
	for bad in '' '{' '[]' '"x"' '{"a":1,}' '{"a":"1","a":"2"}' '{"a":"b"} {}' '{"a":"\u0041"}' '{"a":9007199254740993}' "{'a':1}"; do
		status 3 "$PKGNOTE" stamp --payload <(printf '%s' "$bad") plain
		cmp plain saved
	done
	printf '{"a":"\377"}' >bytes
	status 3 "$PKGNOTE" stamp --payload bytes plain
	says err '^pkgnote stamp: bytes: '
	status 3 "$PKGNOTE" stamp -k "name=$(printf 'two\nlines')" plain
	says err 'name: '
	status 3 "$PKGNOTE" stamp --payload nowhere plain
	status 2 "$PKGNOTE" stamp -k noequals plain
	status 2 "$PKGNOTE" stamp -k =value plain
	status 2 "$PKGNOTE" stamp --from nothing plain
	status 3 "$PKGNOTE" stamp --payload <(echo '{"a":"b"}') -k a= plain
	says err 'nothing to say'
	cmp plain saved
}
check "a payload that breaks UAPI.8 is refused, the file left alone" bad_payloads_are_refused
finish
