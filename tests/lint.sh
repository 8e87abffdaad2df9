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
engines='splitter debuginfod release share show stamp fetch'
rule "$(echo libnote/*.[ch])" 'tools/'
rule "$(echo tools/base/*.[ch])" "tools/($(echo $engines | tr ' ' '|'))/|tools/commands.h"
for engine in $engines; do
	[ -d "tools/$engine" ] || continue
	rule "$(echo tools/"$engine"/*.[ch])" 'tools/[a-z]*\.h'
done
# Of the engines, verify's reads through two others: the client, and the list of sources in DWARF.
rule "$(echo tools/splitter/*.[ch])" 'tools/(debuginfod|release|share|show)/'
rule "$(echo tools/debuginfod/*.[ch])" 'tools/(release|share|show)/'
rule "$(echo tools/share/*.[ch])" 'tools/(debuginfod|release|splitter|show)/'
rule "$(echo tools/release/*.[ch])" 'tools/(share|show)/|tools/splitter/(split|scan|strip|layout|sources|buildid)'
# A stage of the splitter never calls another: only the recipe knows them all.
for stage in strip buildid layout sources scan; do
	rule "$(echo tools/splitter/$stage*.c)" "tools/splitter/(split|$(printf '%s\n' strip buildid layout sources scan | grep -v $stage | paste -sd'|'))\.h"
done
exit $bad
