#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# coverage.sh [SCRIPT...]: the lines of each parser that the tests run, in hundredths; below 85 it says so and fails.
# The parsers are compiled anew for it, with clang; what is between them is that of $BUILD. All of tests/cli and the
# unit tests, or the unit tests and the named scripts alone.
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
libraries="$(pkg-config --libs libelf json-c libdeflate libzstd liblzma libxxhash libcrypto) -ldl -lcunit"
# shellcheck disable=SC2046
note=$(objects libnote | grep -v 'libnote/face.o') tools=$(objects tools | grep -v /libdebuginfod/)
# shellcheck disable=SC2086
clang -pthread -fprofile-instr-generate -o "$out/pkgnote" $tools $note $libraries &&
	clang -pthread -fprofile-instr-generate -o "$out/unit" $(objects tests/unit) $(grep -v 'tools/pkgnote.o' <<<"$tools") $note $libraries || exit 1

export LLVM_PROFILE_FILE="$out/profiles/%4m.profraw"
"$out/unit" >"$out/unit.log" 2>&1 || { echo "coverage: unit tests fail" >&2; tail -5 "$out/unit.log" >&2; }
[ $# -ne 0 ] || set -- $(ls tests/cli/*.sh | grep -vE '/(tree|fuzz|libnote|i386|safety)\.sh')
for script; do PKGNOTE=$out/pkgnote BUILD=$BUILD bash "$script" >"$out/$(basename "$script").log" 2>&1 || echo "coverage: $script fails" >&2; done
llvm-profdata merge -sparse -o "$out/all.profdata" "$out"/profiles/*.profraw || exit 1
bad=0
while read -r name files; do
	# shellcheck disable=SC2086
	percent=$(llvm-cov report "$out/pkgnote" -object "$out/unit" -instr-profile="$out/all.profdata" $(ls -- $files) 2>/dev/null |
		awk '$1 == "TOTAL" { print $(NF > 10 ? 10 : NF) }')
	printf '%-16s %s\n' "$name" "$percent"
	awk -v p="${percent%\%}" -v least="$LEAST" 'BEGIN { exit !(p < least) }' && { echo "coverage: $name: below $LEAST %" >&2; bad=1; }
done < <(parsers)
exit $bad
