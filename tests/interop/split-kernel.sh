# SPDX-License-Identifier: LGPL-2.1-or-later
# A kernel, whole: Debian's 4,000 modules and a vmlinux of 600 MB (tests/trees.sh), with LONG=1. Each module is judged: by what
# Debian's own shipped one has, by eu-unstrip and eu-elfcmp, and byte by byte what was debug information before. Those of
# Debian were stripped by binutils in the build of the kernel. It wants 30 GB where the tests work (TMPDIR) and are built.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
. "$TOP/tests/debsrc.sh"
. "$TOP/tests/trees.sh"
. "$TOP/tests/split_judges.sh"

# kernel: its tree split as $SPLIT, once; the modules' names, below the tree, are in $MODULES.
kernel() {
	[ -n "${LONG:-}" ] || skip "long: LONG=1 splits a kernel with all of its modules"
	real_tree kernel
	SPLIT=$WORK/kernel-split MODULES=$WORK/kernel-modules SHIPPED=$TREE_SOURCE/image
	VMLINUX=/$(cd "$TREE_ROOT" && echo boot/vmlinux-*)
	export TREE_ROOT SPLIT SHIPPED
	[ ! -f "$MODULES" ] || return 0
	[ "$(df -m --output=avail "$WORK" | tail -1)" -gt 14000 ] || skip "two kernels with their debug information want 14 GB"
	split_real -j2
	(cd "$TREE_ROOT" && find . -name '*.ko' | sed 's/^\.//' | sort) >"$MODULES"
}

# of_each_module FUNCTION [STEP]: all, or every STEPth, side by side, each job in a directory of its own. What is printed is wrong.
of_each_module() {
	export -f "$1"
	awk -v step="${2:-1}" 'NR % step == 0' "$MODULES" | xargs -P "$(nproc)" -n 20 bash -c '
		cd "$(mktemp -d "$PWD/job.XXXXXX")" || exit 255
		for path; do "$0" "$path" "$SPLIT/usr/lib/debug$path-1-1.x86_64.debug" || echo "$0: $path"; done
		rm -rf "$PWD"' "$1" >wrong 2>&1 || true
	[ ! -s wrong ] || { wc -l <wrong >&2; fail "$(head -20 wrong)"; }
}

# relocations FILE [PATTERN]: of its sections of these names: place, type, symbol, addend.
relocations() {
	readelf -rW "$1" | awk -v wanted="${2:-.}" '/^Relocation section/ { shown = $3 ~ wanted; if (shown) print $3 } shown && $1 ~ /^0/ { print $1, $3, $5, $6, $7 }'
}
export -f relocations

complete() {
	kernel
	[ "$(wc -l <"$MODULES")" -gt 3000 ]
	python3 - "$SPLIT.json" $(($(wc -l <"$MODULES") + 1)) <<-'P'
	import json, sys
	m = json.load(open(sys.argv[1]))
	assert not m["skipped"], m["skipped"][:3]
	assert len(m["files"]) == int(sys.argv[2]) and all(f["debugFile"] and f["buildId"] for f in m["files"]), len(m["files"])
	assert len({f["buildId"] for f in m["files"]}) == len(m["files"])
	P
	[ ! -s "$SPLIT.out" ]
	# Not one byte more than before, but for headers, links and alignment: 4 KB a file.
	before=$(find "$TREE_ROOT" -type f -printf '%s\n' | awk '{ s += $1 } END { printf "%.0f", s }')
	after=$(find "$SPLIT" -type f -printf '%s\n' | awk '{ s += $1 } END { printf "%.0f", s }')
	symbols=$(find "$SPLIT" -name '*.ko' -printf '%s\n' | awk '{ s += $1 } END { printf "%.0f", s }')
	[ "$after" -lt $((before + symbols + 4096 * $(wc -l <"$MODULES"))) ] || fail "$before bytes became $after"
	"$PKGNOTE" verify --offline --checks=build-id,stripped,debuginfo "$SPLIT" >out 2>&1 || { tail -3 out >&2; fail verify; }
}
check "a kernel: all modules and vmlinux are split, and verify finds nothing wanting" complete

# What the module loader reads is what Debian ships: contents, symbols, relocations. What Debian keeps besides is .comment.
as_shipped() {
	local shipped=$SHIPPED$1
	if [ -f "$shipped.xz" ]; then xz -dc "$shipped.xz" >packed.ko; shipped=packed.ko; fi
	objcopy -R .comment "$shipped" theirs.ko
	objcopy -R .gnu_debuglink "$SPLIT$1" ours.ko
	eu-elfcmp --ignore-build-id theirs.ko ours.ko && cmp <(relocations "$shipped") <(relocations "$SPLIT$1")
}
loader() { need eu-elfcmp objcopy readelf; kernel; of_each_module as_shipped; }
check "a kernel: each module has the contents, symbols and relocations of Debian's own" loader

as_before() {
	local section before=() after=()
	# No path of these lies in a build directory, so no byte changes.
	for section in $(readelf -SW "$TREE_ROOT$1" | grep -o ' \.debug_[a-z_]*' | sort -u); do
		before+=(--dump-section "$section=before$section") after+=(--dump-section "$section=after$section")
	done
	[ ${#before[@]} -gt 0 ] && objcopy "${before[@]}" "$TREE_ROOT$1" /dev/null && objcopy "${after[@]}" "$2" /dev/null || return
	for section in before.*; do cmp "$section" "after${section#before}" || return; done
	rm -f before.* after.*
	eu-unstrip -o joined "$SPLIT$1" "$2" && eu-elfcmp --ignore-build-id "$TREE_ROOT$1" joined
}
nothing_lost() {
	need eu-unstrip eu-elfcmp objcopy
	kernel
	of_each_module as_before
	as_before "$VMLINUX" "$SPLIT/usr/lib/debug$VMLINUX-1-1.x86_64.debug"
}
check "a kernel: each byte of debug information is there, and eu-unstrip joins" nothing_lost

debug_relocations() { cmp <(relocations "$TREE_ROOT$1" debug_) <(relocations "$2" debug_); }
readers() {
	need readelf eu-elflint
	kernel
	of_each_module debug_relocations 50
	grep -v /drivers/gpu/ "$MODULES" >some && MODULES=some of_each_module in_readers 200
}
in_readers() {
	readelf -W -wN --debug-dump=info,decodedline "$TREE_ROOT$1" 2>/dev/null | sed 1,3d >before
	readelf -W -wN --debug-dump=info,decodedline "$2" 2>/dev/null | sed 1,3d >after
	grep -q DW_AT_comp_dir before && cmp before after || return
	cmp <(eu-elflint --gnu-ld "$TREE_ROOT$1" 2>&1 | sed -E 's/\[ *[0-9]+\]/[]/g; /debug_/d') <(eu-elflint --gnu-ld "$SPLIT$1" 2>&1 | sed -E 's/\[ *[0-9]+\]/[]/g')
}
check "a kernel: relocations of debug sections, readelf, eu-elflint" readers

# depmod resolves each symbol of each module, with the versions of both sides.
modules_know_each_other() {
	local tree modules
	PATH=$PATH:/sbin:/usr/sbin
	need depmod
	kernel
	for tree in "$TREE_ROOT" "$SPLIT"; do
		modules=$(cd "$tree" && find . -path ./usr/lib/debug -prune -o -type d -path '*/lib/modules/*' -print -prune)
		depmod -n -b "$tree/${modules%lib/modules/*}" "${modules##*/}" >"depmod.$(basename "$tree")" 2>err
	done
	says "depmod.kernel-split" 'ext4\.ko: .*jbd2\.ko'
	cmp depmod.tree depmod.kernel-split
}
check "a kernel: depmod says the same of its modules" modules_know_each_other

same_for_any_jobs() {
	local jobs
	kernel
	for jobs in 1 8; do
		(SPLIT=$WORK/kernel-again; split_real -j$jobs) && mv "$WORK/kernel-again.json" $jobs.json
		# The manifest has the SHA-256 of all files; here they are the files'.
		[ $jobs = 8 ] || (cd "$WORK/kernel-again" && find . -type f | sort | tr '\n' '\0' | xargs -0 sha256sum) >sums
		cmp "$SPLIT.json" $jobs.json || fail "-j$jobs"
		rm -rf "$WORK/kernel-again"
	done
	cmp sums <(cd "$SPLIT" && find . -type f | sort | tr '\n' '\0' | xargs -0 sha256sum)
}
check "a kernel: the same bytes with one job, two and eight" same_for_any_jobs

build_id() { readelf -nW "$1" 2>/dev/null | sed -n 's/.*Build ID: //p'; }
# gdb_agrees PATH COMMAND...: with nothing but the build-id, or the debuglink, gdb says what it said of the whole file.
gdb_agrees() {
	local path=$1 debug="usr/lib/debug$1-1-1.x86_64.debug" id way command commands=(); shift
	id=$(build_id "$SPLIT$path")
	for command; do commands+=(-ex "$command"); done
	mkdir -p whole by-id by-link nowhere by-id/.build-id/"${id:0:2}"
	ln -sf "$TREE_ROOT$path" whole/file; ln -sf "$SPLIT/$debug" "by-id/.build-id/${id:0:2}/${id:2}.debug"
	cp "$SPLIT$path" by-id/file; cp "$SPLIT$path" by-link/file; cp "$SPLIT/$debug" by-link/
	for way in whole by-id by-link; do
		HOME=$PWD gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex 'set auto-load no' -iex "set debug-file-directory $PWD/$([ $way = by-id ] && echo by-id || echo nowhere)" \
			"${commands[@]}" $way/file </dev/null 2>&1 | sed "s#$PWD/$way##" >said.$way || true
		says said.$way '^(Line [0-9]+ of|type = )'
		[ $way = whole ] || cmp said.whole said.$way
	done
	rm -rf whole by-id by-link
}
# What boots (vmlinuz, beside it) was made of vmlinux before, and has its build-id in /sys/kernel/notes.
vmlinux() {
	local id debug
	need gdb
	kernel
	debug=usr/lib/debug$VMLINUX-1-1.x86_64.debug
	id=$(build_id "$TREE_ROOT$VMLINUX")
	same "$(build_id "$SPLIT$VMLINUX")" "$id"
	same "$(build_id "$SPLIT/$debug")" "$id"
	readelf -lW "$TREE_ROOT$VMLINUX" >before; readelf -lW "$SPLIT$VMLINUX" >after
	same "$(grep -E '^  (LOAD|NOTE)' after)" "$(grep -E '^  (LOAD|NOTE)' before)"
	readelf -SW "$SPLIT$VMLINUX" >sections
	says_not sections ' \.(debug_|symtab|rela)'
	gdb_agrees "$VMLINUX" 'info line start_kernel' 'ptype struct task_struct' 'print sizeof(struct super_block)' 'info scope vfs_read' 'info address init_task'
}
check "a kernel: vmlinux keeps its build-id and all that is loaded; gdb knows it as before" vmlinux

module_in_gdb() {
	local path
	need gdb
	kernel
	path=$(grep '/ext4\.ko$' "$MODULES")
	gdb_agrees "$path" 'info line ext4_fill_super' 'ptype struct ext4_inode' 'info scope ext4_iget' 'info address ext4_iget'
}
check "a kernel: gdb knows a module as before" module_in_gdb
finish
