# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/../lib.sh"

each_command_explains_itself() {
	"$PKGNOTE" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p' >names
	[ -s names ]
	while read -r name; do
		status 0 "$PKGNOTE" "$name" --help
		says out "^Usage: pkgnote $name "
		says out "^Example:"
		says out "--json"
	done <names
}
check "--help on each command, with an example" each_command_explains_itself

wrong_usage_is_2() {
	status 2 "$PKGNOTE"
	status 2 "$PKGNOTE" nothing
	status 2 "$PKGNOTE" show --no-such-option
	says err "no-such-option"
	status 2 "$PKGNOTE" show -j zero /bin/true
}
check "wrong usage exits 2 and names what is wrong" wrong_usage_is_2

version_is_said() {
	status 0 "$PKGNOTE" --version
	says out '^pkgnote [0-9]+\.[0-9]+\.[0-9]+$'
}
check "--version" version_is_said
finish
