#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make lint: form (clang-format), faults (cppcheck), and the rooms of the tree (house.py). Prints what is
# wrong; silent and 0 when nothing is.
cd "$(dirname "$0")/.." || exit 1
bad=0
mapfile -t files < <(find libnote tools tests -name '*.[ch]' | sort)

# Releases of it lay some macros out differently: version 14, Debian 12's, is the one that counts.
if clang-format --version 2>/dev/null | grep -q ' version 14\.'; then
	clang-format --dry-run -Werror "${files[@]}" 2>&1 | grep -E 'error|warning' | head -20
	[ "${PIPESTATUS[0]}" = 0 ] || bad=1
elif command -v clang-format >/dev/null; then
	echo "lint: form is not looked at: clang-format 14 is wanted, here is $(clang-format --version)" >&2
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

# Rooms, their direction, rings: from includes and from the calls in what was built. BUILD: where.
if [ -d "${BUILD:-build}/tools" ]; then
	python3 tests/house.py "${BUILD:-build}" || bad=1
else
	echo "lint: nothing is built in ${BUILD:-build}: run make first" >&2; bad=1
fi
bash tests/pointers.sh || bad=1
# A library neither ends a program nor writes: what it uses of base stands in objects that do neither.
library=${BUILD:-build}/libdebuginfod/libdebuginfod.so.1
if nm -D -u "$library" | grep -E ' (_?exit|_Exit|abort|stdout|stderr|puts|printf|fwrite|atexit)@'; then
	echo "lint: $library uses these: see which of its objects brings them (ld's -M)"; bad=1
fi
exit $bad
