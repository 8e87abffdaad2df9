#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make bench: each bench of this folder (or those named), one after another, as tables in Markdown. Each
# measures its peer in the same run.
cd "$(dirname "$0")" || exit 1
status=0
printf '%s, %s CPUs, %s GB, Linux %s; load before: %s\n' "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -1)" "$(nproc)" \
	"$(awk '/MemTotal/ { printf "%.0f", $2 / 1e6 }' /proc/meminfo)" "$(uname -r)" "$(cut -d' ' -f1-3 /proc/loadavg)"
for bench in ${*:-[a-z]*.sh}; do
	[ "$bench" != run.sh ] && [ -f "$bench" ] || continue
	printf '\n### %s\n\n' "${bench%.sh}"
	began=$SECONDS
	bash "$bench" || status=1
	printf '\n(%s s)\n' $((SECONDS - began))
done
exit $status
