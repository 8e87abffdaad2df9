# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote split on real projects, judged by eu-elflint, eu-unstrip, readelf, llvm-dwarfdump, gdb and debugedit:
# coreutils as Debian builds it, bash, ninja (C++), a Rust and a Go program. LONG=1 has readelf and llvm-dwarfdump read
# all of coreutils' programs, not every eighth.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
. "$TOP/tests/debsrc.sh"
. "$TOP/tests/trees.sh"
. "$TOP/tests/split_judges.sh"

STEP=8; [ -z "${LONG:-}" ] || STEP=1

# project NAME: its tree split as $SPLIT, once.
project() {
	real_tree "$1"
	SPLIT=$WORK/split-$1
	[ -f "$SPLIT.json" ] || split_real
}

coreutils_lint() { project coreutils; judge_lint; [ "$(wc -l <files)" -gt 100 ]; }
coreutils_dwarf() { project coreutils; judge_dwarf $STEP; }
coreutils_paths() { project coreutils; RELATIVE=1 judge_debugedit; }
coreutils_gdb() {
	project coreutils
	ONE_FRAME=1 judge_gdb ls main src/ls.c
	judge_gdb sort xmalloc lib/xmalloc.c /etc/passwd
	judge_gdb true close_stdout lib/closeout.c --version
}
check "coreutils: eu-elflint finds nothing new, eu-unstrip joins" coreutils_lint
check "coreutils: readelf and llvm-dwarfdump find nothing new" coreutils_dwarf
check "coreutils: each path is debugedit's" coreutils_paths
check "coreutils: gdb lists and traces by build-id alone, by debuglink alone" coreutils_gdb

bash_all() {
	project bash
	judge_lint; judge_dwarf 1; judge_debugedit
	echo 'let x=1+2' >script
	judge_gdb bash evalexp expr.c script
}
check "bash: lint, join, DWARF, debugedit's paths, gdb" bash_all

cplusplus_all() {
	project ninja
	judge_lint; judge_dwarf 1; judge_debugedit
	printf 'rule c\n  command = true\nbuild x: c\n' >build.ninja
	judge_gdb ninja 'ManifestParser::Parse' src/manifest_parser.cc -n
}
check "ninja, in C++: lint, join, DWARF, debugedit's paths, gdb" cplusplus_all

rust_all() {
	need rustc
	project rust
	judge_lint; judge_dwarf 1; judge_debugedit
	judge_gdb count count::tally::add src/tally.rs /etc/passwd
}
check "a Rust program: lint, join, DWARF, debugedit's paths, gdb" rust_all

go_all() {
	need go
	project go
	# debugedit 5.0 says "DWARF version 0 unhandled" and rewrites nothing: gdb is the judge of the paths.
	judge_lint; judge_dwarf 1; RELATIVE=1 judge_debugedit
	judge_gdb count main.add tally.go /etc/passwd
}
check "a Go program: lint, join, DWARF, gdb" go_all
finish
