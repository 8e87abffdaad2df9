# SPDX-License-Identifier: LGPL-2.1-or-later
# What is done to a whole share grows with it: with twice as many packages --list, --check and --keep take no more than 2.3
# times the instructions (valgrind counts them; those of an empty share are left out of both). PACKAGES=N: of so many.
. "$(dirname "$0")/../lib.sh"

# Two releases of each of half as many names: trees pNNNNN-R of one small program each, with a note and a build-id of its own.
trees() {
	printf 'void _start(void) { for (;;); }\n' >one.c
	gcc -nostdlib -static -Wl,--build-id -o one one.c
	"$PKGNOTE" stamp -k type=rpm -k name=p00000 -k version=1-1 -k architecture=x86_64 one >/dev/null
	strip --strip-debug one
	python3 - "$1" <<-'P'
	import hashlib, os, subprocess, sys
	one = open("one", "rb").read()
	old = bytes.fromhex(subprocess.run(["readelf", "-n", "one"], capture_output=True, text=True).stdout.split("Build ID: ")[1][:40])
	assert one.count(old) == 1 and one.count(b'"p00000"') == 1 and one.count(b'"1-1"') == 1
	for i in range(int(sys.argv[1])):
	    name, version = b"p%05d" % (i // 2), b"%d-1" % (1 + i % 2)
	    tree = f"trees/{name.decode()}-{version.decode()}/usr/bin"
	    os.makedirs(tree)
	    new = one.replace(old, hashlib.sha1(name + version).digest()).replace(b'"p00000"', b'"' + name + b'"').replace(b'"1-1"', b'"' + version + b'"')
	    open(tree + "/p", "wb").write(new)
	P
}
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$PKGNOTE" publish --into=share -j1 "$@" >out 2>err || { tail -n 5 err >&2; return 1; }
	sed -n 's/^==[0-9]*== Collected : \([0-9]*\)$/\1/p' err | tail -1
}

declare -A of
measure() { # measure COUNT LINKS: of each operation on a share of so many packages
	rm -rf trees share; mkdir trees
	trees "$1"
	if [ "$1" = 0 ]; then
		trees 2; "$PKGNOTE" publish -q --no-sync --into=share --links="$2" trees/*
		"$PKGNOTE" publish -q --no-sync --into=share --remove=p00000-1-1.x86_64 --remove=p00000-2-1.x86_64
	else
		"$PKGNOTE" publish -q --no-sync --into=share --links="$2" trees/* >/dev/null
	fi
	of[list$1]=$(instructions --list)
	same "$(grep -c . out)" "$1"
	of[check$1]=$(instructions --check)
	says out "^$1 packages, $1 files, 0 problems"
	of[keep$1]=$(instructions --dry-run --keep=1)
	same "$(grep -c 'would be removed' out)" $(($1 / 2))
}
linear() {
	need valgrind python3 readelf
	local n=${PACKAGES:-1000} what count once twice
	for count in 0 "$n" $((2 * n)); do measure "$count" "$1"; done
	for what in list check keep; do
		once=$((of[$what$n] - of[${what}0])) twice=$((of[$what$((2 * n))] - of[${what}0]))
		echo "$what: $once $twice: $((100 * twice / once)) hundredths"
		[ -z "${FIGURES:-}" ] || echo "$1 $what $n $once $twice $((100 * twice / once))" >>"$FIGURES"
		[ $((100 * twice)) -le $((230 * once)) ] || fail "--$what: more than 2.3 times"
	done
}
of_links() { linear link; }
check "twice the packages in a share of links: --list, --check, --keep" of_links
of_copies() { PACKAGES=$((${PACKAGES:-1000} / 4)); linear copy; }
check "twice the packages in a share of plain files: --list, --check, --keep" of_copies
finish
