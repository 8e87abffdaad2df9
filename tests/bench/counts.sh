#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Instructions that three fixed inputs take (valgrind --tool=callgrind), beside those that counts.txt keeps for this
# compiler and C library: more than 3 % above them is said, and is a failure. A count does not depend on what else the
# machine does. KEEP=1 writes those of now into counts.txt, once a change is meant to cost more, or costs less.
#
#     small   a tree of 40 programs of three units each: split
#     large   one program in C++, 5 MB of DWARF: split --manifest, --compress=zstd
#     show    show --json of 300 programs
set -eu
cd "$(dirname "$0")/../.."
TOP=$PWD BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
KEPT=$TOP/tests/bench/counts.txt
for command in valgrind gcc g++; do
	command -v $command >/dev/null || { echo "skipped: no $command on this machine"; exit 0; }
done
# Of a fixed length: paths are hashed and copied.
work=$(mktemp -d /tmp/pkgnote-counts.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"

make_inputs() {
	mkdir -p src small/usr/bin large/usr/bin
	printf 'int half(int x);\nstruct s { int a, b; struct s *next; };\n' >src/half.h
	printf '#include "half.h"\nint half(int x) { return x / 2; }\n' >src/half.c
	for ((i = 10; i < 50; i++)); do
		printf '#include <stdio.h>\n#include "half.h"\nint main(int argc, char **argv) { (void)argv; return printf("%%d", half(argc) + %d) < 0; }\n' $i >src/main$i.c
		printf '#include <string.h>\n#include "half.h"\nint more(struct s *s) { memset(s, %d, sizeof(*s)); return s->a; }\n' $i >src/more$i.c
		gcc -g -O1 -Wl,--build-id -o small/usr/bin/prog$i src/main$i.c src/more$i.c src/half.c
	done
	cat >src/large.cc <<-'C'
	#include <algorithm>
	#include <functional>
	#include <iostream>
	#include <map>
	#include <random>
	#include <regex>
	#include <string>
	#include <vector>
	int main(int argc, char **argv) {
		std::map<std::string, std::vector<std::string>> words;
		std::regex wanted("[a-z]+(x|y)*");
		for (int i = 0; i < argc; i++)
			if (std::regex_match(argv[i], wanted)) words[argv[i]].push_back(argv[i]);
		std::mt19937 luck(argc);
		std::vector<double> numbers(100);
		for (auto &number : numbers) number = std::uniform_real_distribution<double>()(luck);
		std::sort(numbers.begin(), numbers.end());
		std::function<double(double)> twice = [&](double x) { return x * argc; };
		std::cout << words.size() << twice(numbers[0]) << std::endl;
	}
	C
	g++ -g -O1 -Wl,--build-id -o large/usr/bin/large src/large.cc
	mkdir shown
	for ((i = 0; i < 300; i++)); do cp small/usr/bin/prog$((10 + i % 40)) shown/$((1000 + i)); done
}
make_inputs

count() { # COMMAND...
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>err >/dev/null || { cat err >&2; return 1; }
	sed -n 's/.*Collected : *//p' err
}
split() {
	count "$BUILD/pkgnote" split -q -j1 --layout=rpm --name=n --package-version=1 --release=1 --arch=x86_64 --build-dir="$work" "$@"
}
declare -A now
now[show]=$(count "$BUILD/pkgnote" show --json -j1 shown/*)
now[small]=$(split small)
now[large]=$(split --manifest=m.json --compress=zstd large)

environment="gcc $(gcc -dumpfullversion), $(ldd --version 2>&1 | sed -n '1s/.*(\(.*\)).*/\1/p'), $(uname -m)"
status=0
echo "Instructions, in millions; $environment:"
echo
echo "| | kept | now | |"
echo "|---|---|---|---|"
for input in small large show; do
	kept=$(awk -F'\t' -v input=$input -v environment="$environment" '$1 == input && $2 == environment { print $3 }' "$KEPT")
	awk -v input=$input -v kept="${kept:-0}" -v now="${now[$input]}" 'BEGIN {
		grown = kept != 0 && now > kept * 1.03
		word = kept == 0 ? "none is kept for these: KEEP=1" : grown ? "GROWN" : now < kept * 0.97 ? "less: KEEP=1" : "as it was"
		printf "| %s | %.2f | %.2f | %s |\n", input, kept / 1e6, now / 1e6, word
		exit grown
	}' || status=1
done
if [ -n "${KEEP:-}" ]; then
	{
		grep -v -F "$(printf '\t%s\t' "$environment")" "$KEPT" || true
		for input in small large show; do printf '%s\t%s\t%s\n' $input "$environment" "${now[$input]}"; done
	} >kept.new
	cp kept.new "$KEPT"
	status=0
fi
exit $status
