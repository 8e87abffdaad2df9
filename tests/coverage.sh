#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# coverage.sh [SCRIPT...]: the lines of each parser that the tests run, in hundredths; below 85 it says so and fails.
# The parsers are compiled anew for it, with clang; what is between them is that of $BUILD. Unit tests, all of tests/cli
# (or the named scripts; "none": no script), and what the fuzzers come to from their seeds: each is run as in make check, and its
# corpus once more here. The second column is what the corpora reach alone. FUZZERS=PATTERN: these; FUZZERS=none.
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build} LEAST=${LEAST:-85}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
for tool in clang llvm-profdata llvm-cov; do command -v $tool >/dev/null || { echo "coverage: no $tool here" >&2; exit 77; }; done
[ -f "$BUILD/pkgnote" ] && [ -f "$BUILD/unit" ] || { echo "coverage: make all $BUILD/unit first" >&2; exit 1; }
out=$BUILD/coverage
rm -rf "$out"; mkdir -p "$out/profiles"

# A parser is what reads a format: its name, and its sources.
parsers() {
	cat <<-'L'
	elf libnote/image.c libnote/chunks.c libnote/span.c libnote/headers.c
	notes libnote/note.c libnote/note_sections.c libnote/judge/*.c
	json libnote/payload/*.c
	cores libnote/core/core.c libnote/core/dump.c libnote/core/linkmap.c libnote/core/module.c
	pe libnote/pe/*.c
	placing libnote/place/*.c
	static-archives libnote/static_archive.c
	dwarf tools/splitter/dwarf/*.c
	relocations tools/splitter/relocs/*.c tools/splitter/elf/reloc.c
	sections tools/splitter/elf/plan.c tools/splitter/elf/draft.c tools/splitter/inputs/scan.c
	packages tools/base/package/*.c
	containers tools/base/contents/*.c tools/base/stream/*.c tools/base/stored/*.c tools/base/container/*.c
	manifests tools/base/manifest_read.c tools/share/record.c
	answers tools/debuginfod/http/answer.c tools/debuginfod/url.c
	proofs tools/debuginfod/proof/*.c
	inputs tools/release/inputs/*.c
	L
}
flags="-std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -I. -Ilibnote -O0 -g -fPIC -pthread -fprofile-instr-generate -fcoverage-mapping"
flags="$flags -DPKGNOTE_VERSION=\"0\" $(pkg-config --cflags libelf json-c libcurl libarchive)"
sources=$(parsers | while read -r _ files; do ls -- $files; done | sort -u)
for source in $sources; do mkdir -p "$out/${source%/*}"; done
# shellcheck disable=SC2086
printf '%s\n' $sources | xargs -P 2 -I{} clang $flags -c -o "$out/{}.o" {} || exit 1
objects() { # of a program: ours where they were compiled anew
	find "$BUILD/$1" -name '*.o' | while read -r object; do
		name=${object#"$BUILD"/} name=${name%.o}.c.o
		[ -f "${name%.o}" ] || continue # a source that has moved on
		[ -f "$out/$name" ] && echo "$out/$name" || echo "$object"
	done
}
libraries="$(pkg-config --libs libelf json-c libdeflate zlib libzstd liblzma libxxhash libcrypto) -ldl -lcunit"
# shellcheck disable=SC2046
note=$(objects libnote | grep -v 'libnote/face.o') tools=$(objects tools | grep -v /libdebuginfod/)
# shellcheck disable=SC2086
clang -pthread -fprofile-instr-generate -o "$out/pkgnote" $tools $note $libraries &&
	clang -pthread -fprofile-instr-generate -o "$out/unit" $(objects tests/unit) $(grep -v 'tools/pkgnote.o' <<<"$tools") $note $libraries &&
	clang $flags -o "$out/dwarf_apply" tests/cli/dwarf_apply.c $(grep -v 'tools/pkgnote.o' <<<"$tools") $note $libraries || exit 1

export LLVM_PROFILE_FILE="$out/profiles/%4m.profraw"
"$out/unit" >"$out/unit.log" 2>&1 || { echo "coverage: unit tests fail" >&2; tail -5 "$out/unit.log" >&2; }
[ $# -ne 0 ] || set -- $(ls tests/cli/*.sh | grep -vE '/(tree|fuzz|libnote|i386|safety)\.sh')
# replay: the corpora that the fuzzers of $BUILD/fuzz make, by programs that count lines.
replay() {
	local name its
	. tests/fuzz/seeds.sh
	TOP=$PWD PKGNOTE=$BUILD/pkgnote
	for source in tests/fuzz/fuzz_*.c; do
		name=$(basename "$source" .c)
		# shellcheck disable=SC2053
		[[ $name == ${FUZZERS:-*} ]] || continue
		its=$(kind_of "$name")
		[ -d "$out/seeds/$its/corpus" ] || seeds "$its" "$out/seeds/$its/corpus"
		mkdir -p "$out/fuzz/$name/corpus"
		cp "$out/seeds/$its/corpus"/* "$out/fuzz/$name/corpus/"
		# shellcheck disable=SC2086
		clang $flags -fsanitize=fuzzer -o "$out/$name" "$source" $(grep -v 'tools/pkgnote.o' <<<"$tools") $note $libraries || exit 1
		[ ! -x "$BUILD/fuzz/$name" ] || ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 "$BUILD/fuzz/$name" -runs="${RUNS:-3000}" -seed=1 -max_len=65536 -timeout=60 \
			-rss_limit_mb=1500 -malloc_limit_mb=5000 -artifact_prefix="$out/found-" "$out/fuzz/$name/corpus" >"$out/fuzz/$name/log" 2>&1 || echo "coverage: $name finds something" >&2
		find "$out/fuzz/$name/corpus" -type f -print0 | LLVM_PROFILE_FILE="$out/fuzzed/%4m.profraw" xargs -r -0 "$out/$name" >"$out/fuzz/$name/replayed" 2>&1 ||
			echo "coverage: $name fails" >&2
	done
}
replay
[ "$*" != none ] || set --
export out BUILD
# shellcheck disable=SC2016
printf '%s\0' "$@" | PKGNOTE=$out/pkgnote DWARF_APPLY=$out/dwarf_apply xargs -r -0 -P "$(nproc)" -I{} bash -c \
	'[ -z "$1" ] || bash "$1" >"$out/$(basename "$1").log" 2>&1 || echo "coverage: $1 fails" >&2' sh {}
programs=$(printf -- '-object %s ' "$out/unit" "$out/dwarf_apply" $(find "$out" -maxdepth 1 -name 'fuzz_*' -type f))
llvm-profdata merge -sparse -o "$out/all.profdata" $(find "$out/profiles" "$out/fuzzed" -name '*.profraw' 2>/dev/null) || exit 1
[ ! -d "$out/fuzzed" ] || llvm-profdata merge -sparse -o "$out/fuzzed.profdata" "$out"/fuzzed/*.profraw || exit 1
# percent PROFILE SOURCE...
percent() {
	local profile=$1; shift
	[ -f "$profile" ] || return 0
	# shellcheck disable=SC2086
	llvm-cov report "$out/pkgnote" $programs -instr-profile="$profile" "$@" 2>/dev/null | awk '$1 == "TOTAL" { print $(NF > 10 ? 10 : NF) }'
}
bad=0
while read -r name files; do
	# shellcheck disable=SC2086
	percent=$(percent "$out/all.profdata" $(ls -- $files))
	# shellcheck disable=SC2086
	printf '%-16s %s %s\n' "$name" "$percent" "$(percent "$out/fuzzed.profdata" $(ls -- $files))"
	awk -v p="${percent%\%}" -v least="$LEAST" 'BEGIN { exit !(p < least) }' && { echo "coverage: $name: below $LEAST %" >&2; bad=1; }
done < <(parsers)
exit $bad
