#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make lint: form (clang-format), faults (cppcheck), and the direction of dependencies. Prints what is
# wrong; silent and 0 when nothing is.
cd "$(dirname "$0")/.." || exit 1
bad=0
mapfile -t files < <(find libnote tools tests -name '*.[ch]' | sort)

if command -v clang-format >/dev/null; then
	clang-format --dry-run -Werror "${files[@]}" 2>&1 | grep -E 'error|warning' | head -20
	[ "${PIPESTATUS[0]}" = 0 ] || bad=1
else
	echo "lint: no clang-format here" >&2; bad=1
fi

if command -v cppcheck >/dev/null; then
	cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr --error-exitcode=1 -j2 \
		--suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --suppress=duplicateAssignExpression \
		-D_GNU_SOURCE '-DPKGNOTE_VERSION="0"' -I. -Ilibnote libnote tools || bad=1
else
	echo "lint: no cppcheck here" >&2; bad=1
fi

# Dependencies point one way. rule FILES FORBIDDEN: no file that matches may include what matches.
rule() {
	local found
	found=$(grep -nE "^#include \"($2)" $1 /dev/null 2>/dev/null)
	[ -z "$found" ] || { printf 'lint: an arrow that must not be:\n%s\n' "$found"; bad=1; }
}
engines='splitter debuginfod release share s3 show stamp flags fetch'
rule "$(find libnote -name '*.[ch]')" 'tools/'
rule "$(find tools/base -name '*.[ch]')" "tools/($(echo $engines | tr ' ' '|'))/|tools/commands.h"
for engine in $engines; do
	[ -d "tools/$engine" ] || continue
	rule "$(find "tools/$engine" -name '*.[ch]')" 'tools/[a-z_]*\.h'
done
# Of the engines, verify's reads through two others: the client, and the list of sources in DWARF.
rule "$(find tools/splitter -name '*.[ch]')" 'tools/(debuginfod|release|share|show)/'
rule "$(find tools/debuginfod -name '*.[ch]')" 'tools/(release|share|show)/'
rule "$(find tools/share -name '*.[ch]')" 'tools/(debuginfod|release|splitter|show)/'
rule "$(find tools/release -name '*.[ch]')" 'tools/(share|show)/|tools/splitter/(split|scan|elf/halves|layout|sources|elf/buildid)'
# A stage of the splitter never calls another: only the recipe knows them all.
stages='elf/debug_half elf/shipped_half elf/buildid layout sources scan'
for stage in $stages; do
	rule "tools/splitter/$stage.c" "tools/splitter/(split|$(printf '%s\n' elf/halves elf/buildid layout sources scan | grep -v "${stage/%*_half/halves}" | paste -sd'|'))\.h"
done
exit $bad
