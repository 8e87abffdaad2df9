# SPDX-License-Identifier: LGPL-2.1-or-later
# Time grows with the input: for each thing that a file may have many of, twice as many take no more than 2.3 times
# the instructions (valgrind counts them; what one of them takes is left out of both). LONG=1: eight times as many.
. "$(dirname "$0")/../lib.sh"

most=${MOST:-230} # hundredths

# instructions COMMAND...: how many it ran, to standard output; its status to ./status.
instructions() {
	local code=0
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" >out 2>err || code=$?
	echo "$code" >status
	sed -n 's/^==[0-9]*== Collected : \([0-9]*\)$/\1/p' err | tail -1
}

# run WHAT FILE: one command on it.
run() {
	case $1 in
	show) instructions "$PKGNOTE" show --all --check -j1 "$2" ;;
	bom) instructions "$PKGNOTE" show --report=cyclonedx -j1 "$2" ;;
	compare) instructions "$PKGNOTE" compare "$2" "$2" ;;
	stamp) rm -f stamped; instructions "$PKGNOTE" stamp --allow-outside-first-page -k name=n -k version=1 -o stamped "$2" ;;
	section) # a share that serves it, asked for the index
		rm -rf root share cache; mkdir -p root/usr/lib
		cp "$2" root/usr/lib/libmade.so
		"$PKGNOTE" split -q --no-sync --build-id=keep --layout=rpm --name=n --package-version=1 --release=1 --arch=x86_64 root >/dev/null
		"$PKGNOTE" publish -q --no-sync --into=share --package=n-1-1.x86_64 root >/dev/null
		instructions "$PKGNOTE" fetch --server="file://$PWD/share" --section-fallback --cache=cache section 0100000001000000010000000100000001000000 .debug_names ;;
	verify) instructions "$PKGNOTE" verify --offline -j1 "$2" ;;
	split*)
		rm -rf root; mkdir -p root/usr/lib
		cp "$2" "root/usr/lib/$3"
		chmod 755 "root/usr/lib/$3"
		# shellcheck disable=SC2046
		instructions "$PKGNOTE" split -j1 --no-sync --layout=rpm --name=n --package-version=1 --release=1 --arch=x86_64 \
			--build-dir=/build/source $([ "$1" != split_mini ] || echo --minidebuginfo) root ;;
	esac
}

# doubles WHAT DIMENSION N STATUS [NAME]: WHAT on N and on twice as many, which both end with STATUS.
doubles() {
	local what=$1 dimension=$2 n=$3 want=$4 name=${5:-libmade.so} counts=() count
	[ -z "${LONG:-}" ] || [ "$dimension" = depth ] || n=$((8 * n))
	for count in 1 "$n" $((2 * n)); do
		python3 -B "$TOP/tests/tools/doubles.py" "$dimension" "$count" made
		counts+=("$(run "$what" made "$name")")
		[ -n "${counts[-1]}" ] || { cat err >&2; fail "no count"; }
		[ "$count" = 1 ] || [ "$(cat status)" = "$want" ] || { tail -n 5 err out >&2; fail "$what of $count $dimension: exit $(cat status) instead of $want"; }
	done
	local once=$((counts[1] - counts[0])) twice=$((counts[2] - counts[0]))
	echo "$what, $dimension: ${counts[*]}: $((100 * twice / (once > 0 ? once : 1))) hundredths"
	[ -z "${FIGURES:-}" ] || printf '%-12s %-14s %7d %12d %12d %4d\n' "$what" "$dimension" "$n" "$once" "$twice" $((100 * twice / (once > 0 ? once : 1))) >>"$FIGURES"
	# What hardly grows grows by little enough.
	[ "$twice" -lt 400000 ] || [ $((100 * twice)) -le $((most * once)) ] || fail "$what of $dimension: more than $most hundredths"
}

# Columns: command, dimension, how many, exit status, and the file's name in a tree.
while read -r what dimension n want name; do
	[ -n "$what" ] || continue
	eval "${what}_$dimension() { need valgrind python3; doubles $what $dimension $n $want $name; }"
	check "$what: twice the $dimension" "${what}_$dimension"
done <<-'TABLE'
	show segments 1500 1
	stamp segments 1500 3
	stamp loads 1500 3
	show sections 1500 1
	stamp sections 1500 0
	stamp tables 300 3
	split sections 1500 0
	split symbols 3000 0
	split_mini symbols 600 0
	split_mini suffixes 1500 3
	show notes 3000 1
	show dynamic 2000 1
	stamp dynamic 2000 0
	split units 200 0
	split abbreviations 2000 0
	split rows 20000 0
	split files 600 0
	split entries 5000 0
	split members 60 0 libmade.a
	split crel 3000 0 made.ko
	split names 1000 0
	section names 1000 0
	show keys 1000 1
	show depth 60 0
	show modules 150 0
	show tarred 150 0
	show runs 150 0
	show layers 60 0
	bom tarred 150 0
	bom needed 200 0
	compare tarred 150 0
	verify tarred 150 1
TABLE
# Files, and as many temporary names of killed runs beside them.
leftovers() {
	need valgrind python3
	local counts=() n
	for n in 1 600 1200; do
		rm -rf root; mkdir -p root/usr/share
		python3 -c "
for i in range($n):
    open(f'root/usr/share/{i}', 'w').close()
    open(f'root/usr/share/.pkgnote-{i:016x}', 'w').close()"
		counts+=("$(instructions "$PKGNOTE" split -j1 --no-sync --layout=rpm --name=n --package-version=1 --release=1 --arch=x86_64 root)")
		same "$(cat status)" 0
	done
	local once=$((counts[1] - counts[0])) twice=$((counts[2] - counts[0]))
	[ $((100 * twice)) -le $((most * once)) ] || fail "split of leftovers: ${counts[*]}: $((100 * twice / once)) hundredths"
}
check "split: twice the leftovers of killed runs" leftovers

finish
