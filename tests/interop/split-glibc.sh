# SPDX-License-Identifier: LGPL-2.1-or-later
# glibc's own libraries, which Debian ships split (libc6, libc6-dbg), joined by eu-unstrip and split by us:
# hand-written assembler, IFUNCs, the dynamic loader itself.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
. "$TOP/tests/split_judges.sh"

# The unsplit libraries as a staging tree, in the place where the C library looks for them.
join_glibc() {
	local file id debug count=0
	need eu-unstrip dpkg-query
	[ "$(dpkg-query -W -f '${Version}' libc6 2>/dev/null)" = "$(dpkg-query -W -f '${Version}' libc6-dbg 2>/dev/null)" ] ||
		skip "libc6 and libc6-dbg are not here in one version"
	TREE_ROOT=$WORK/glibc SPLIT=$WORK/glibc-split
	TREE_SOURCE= # its units say "./elf", below a directory that nobody has
	[ ! -d "$TREE_ROOT" ] || return 0
	mkdir -p "$TREE_ROOT/usr/lib"
	for file in libc.so.6 libm.so.6 ld-linux-x86-64.so.2 libresolv.so.2 libnss_compat.so.2 libthread_db.so.1; do
		file=$(readlink -f "/lib/x86_64-linux-gnu/$file")
		id=$(readelf -n "$file" 2>/dev/null | sed -n 's/.*Build ID: //p')
		debug=/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
		[ -f "$debug" ] || continue
		eu-unstrip -o "$TREE_ROOT/usr/lib/$(basename "$file")" "$file" "$debug"
		chmod --reference="$file" "$TREE_ROOT/usr/lib/$(basename "$file")"
		count=$((count + 1))
	done
	[ $count -ge 5 ] || fail "only $count of glibc's libraries were joined"
	split_real
}

glibc_judged() {
	join_glibc
	judge_lint
	[ "$(wc -l <files)" -ge 5 ]
	judge_dwarf 1
}
check "glibc: eu-elflint, eu-unstrip, readelf and llvm-dwarfdump find nothing new" glibc_judged

glibc_paths() {
	local path debug
	join_glibc
	split_files >files
	while IFS=$'\t' read -r path debug; do
		paths_of "$TREE_ROOT$path" >before
		paths_of "$SPLIT$debug" >after
		says before 'DW_AT_comp_dir'
		cmp before after || fail "$path"
	done <files
}
check "glibc: without a build directory each path stays" glibc_paths

# The split libraries still are a C library: a program runs on them.
glibc_runs() {
	join_glibc
	printf '#include <math.h>\n#include <stdio.h>\nint main(int c, char **v) { (void)v; printf("%%.3f\\n", cos(c)); return 0; }\n' >p.c
	gcc -g -o p p.c -lm
	same "$("$SPLIT/usr/lib/ld-linux-x86-64.so.2" --library-path "$SPLIT/usr/lib" ./p)" 0.540
}
check "glibc: a program runs on the split libraries" glibc_runs

glibc_gdb() {
	local lib=usr/lib/libc.so.6 id debug way
	join_glibc; need gdb
	debug=usr/lib/debug/$lib-1-1.x86_64.debug
	id=$(readelf -n "$SPLIT/$lib" 2>/dev/null | sed -n 's/.*Build ID: //p')
	printf '#include <stdio.h>\nint main(void) { return puts("traced"); }\n' >p.c
	gcc -g -o p p.c
	for way in by-id by-link; do
		rm -rf libs; mkdir -p libs nowhere
		cp "$SPLIT"/usr/lib/*.so.* libs/
		if [ $way = by-id ]; then mkdir -p "by-id/.build-id/${id:0:2}"; cp "$SPLIT/$debug" "by-id/.build-id/${id:0:2}/${id:2}.debug"; else cp "$SPLIT/$debug" libs/; fi
		HOME=$PWD gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex 'set auto-load no' -iex 'set startup-with-shell off' -iex 'set breakpoint pending on' \
			-iex "set debug-file-directory $PWD/$([ $way = by-id ] && echo by-id || echo nowhere)" \
			-ex 'break write' -ex run -ex backtrace --args libs/ld-linux-x86-64.so.2 --library-path libs ./p >traced 2>&1 </dev/null || true
		# The library's frames have arguments and lines.
		says traced '^#0 .*__GI___libc_write \(fd=1, .*write\.c:[0-9]+'
		says traced '_IO_new_file_write \(f=.*fileops\.c:[0-9]+'
	done
}
check "glibc: gdb traces through libc by build-id alone, by debuglink alone" glibc_gdb
finish
