#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make bench: each bench of this folder (or those named), one after another, as tables in Markdown. Each
# measures its peer in the same run.
cd "$(dirname "$0")" || exit 1
status=0
for bench in ${*:-[a-z]*.sh}; do
	[ "$bench" != run.sh ] && [ -f "$bench" ] || continue
	printf '\n### %s\n\n' "${bench%.sh}"
	bash "$bench" || status=1
done
exit $status
