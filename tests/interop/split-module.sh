# SPDX-License-Identifier: LGPL-2.1-or-later
# A kernel module built by the kernel's own build system out of Debian's headers, DWARF and all.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/judges.sh"
. "$TOP/tests/split_judges.sh"

build_module() {
	local headers
	need gcc make
	headers=$(find /usr/src -maxdepth 1 -name 'linux-headers-*-amd64' | sort -V | tail -1)
	[ -n "$headers" ] || skip "no kernel headers on this machine"
	TREE_ROOT=$WORK/module TREE_SOURCE=$WORK/module-source SPLIT=$WORK/module-split
	[ ! -d "$TREE_ROOT" ] || return 0
	mkdir -p "$TREE_SOURCE"
	cd "$TREE_SOURCE"
	cat >first.c <<-'C'
	#include <linux/module.h>
	#include <linux/slab.h>
	#include "second.h"
	static void *memory;
	static int __init first_init(void)
	{
		memory = kmalloc(second_size(3), GFP_KERNEL);
		pr_info("pkgnote: %p\n", memory);
		return memory ? 0 : -ENOMEM;
	}
	static void __exit first_exit(void) { kfree(memory); }
	module_init(first_init);
	module_exit(first_exit);
	MODULE_LICENSE("GPL");
	MODULE_DESCRIPTION("for a test");
	C
	echo 'unsigned long second_size(int n);' >second.h
	printf '#include <linux/kernel.h>\n#include "second.h"\nunsigned long second_size(int n) { return roundup(n * 100, 64); }\n' >second.c
	printf 'obj-m := both.o\nboth-y := first.o second.o\n' >Makefile
	make -C "$headers" M="$PWD" modules >make.log 2>&1 || { tail -5 make.log >&2; return 1; }
	install -D -m 644 both.ko "$TREE_ROOT/usr/lib/modules/6.1/extra/both.ko"
	cd "$OLDPWD"
	split_real
}
readonly KO=/usr/lib/modules/6.1/extra/both.ko

module_judged() {
	(build_module); build_module
	NO_UNSTRIP=1 judge_lint
	judge_dwarf 1
	# What is loaded, and what the loader applies to it, is the same.
	readelf -SW "$SPLIT$KO" >sections
	says sections ' \.symtab '
	says_not sections '\.debug_'
	for section in .text .init.text .exit.text .modinfo .gnu.linkonce.this_module; do
		readelf -x "$section" "$TREE_ROOT$KO" >before 2>/dev/null
		readelf -x "$section" "$SPLIT$KO" >after 2>/dev/null
		says before '0x0'
		cmp before after || fail "$section"
	done
	for section in .rela.text .rela.init.text .rela.gnu.linkonce.this_module; do
		relocations "$TREE_ROOT$KO" $section >before
		relocations "$SPLIT$KO" $section >after
		says before R_X86_64
		cmp before after || fail "$section"
	done
}
# The relocations of a section: place, type, symbol's name; symbols have other numbers.
relocations() { readelf -rW "$1" | sed -n "/'$2'/,/^\$/p" | awk '$1 ~ /^0/ { print $1, $3, $5, $6, $7 }'; }
check "a kernel module with DWARF: eu-elflint, readelf, llvm-dwarfdump, relocations" module_judged

module_paths() {
	build_module
	judge_debugedit
	readelf --debug-dump=info --dwarf-depth=1 "$SPLIT/usr/lib/debug$KO-1-1.x86_64.debug" >info 2>/dev/null
	says info "/usr/src/debug/$NVRA"
	says_not info "$TREE_SOURCE"
	[ -f "$SPLIT/usr/src/debug/$NVRA/second.h" ]
}
check "a kernel module: each path is debugedit's" module_paths

module_gdb() {
	local id debug=usr/lib/debug$KO-1-1.x86_64.debug way
	build_module; need gdb
	id=$(readelf -n "$SPLIT$KO" | sed -n 's/.*Build ID: //p')
	mkdir -p by-id/.build-id/"${id:0:2}" by-link nowhere
	cp "$SPLIT$KO" by-id/both.ko; cp "$SPLIT/$debug" "by-id/.build-id/${id:0:2}/${id:2}.debug"
	cp "$SPLIT$KO" "$SPLIT/$debug" by-link/
	for way in by-id by-link; do
		HOME=$PWD gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex "set debug-file-directory $PWD/$([ $way = by-id ] && echo by-id || echo nowhere)" \
			-iex "set substitute-path /usr/src/debug $SPLIT/usr/src/debug" -ex 'list second_size' -ex 'info source' $way/both.ko >listed 2>&1 || true
		says listed 'roundup\(n \* 100, 64\)'
		says listed "^Located in $SPLIT/usr/src/debug/$NVRA/second.c"
	done
}
check "a kernel module: gdb lists by build-id alone, by debuglink alone" module_gdb

module_unstripped() {
	build_module
	eu-unstrip -o joined "$SPLIT$KO" "$SPLIT/usr/lib/debug$KO-1-1.x86_64.debug"
	lint "$TREE_ROOT$KO" >before
	lint joined >after
	nothing_new before after
	readelf -W -wN --debug-dump=decodedline joined >lines 2>&1
	says lines 'second.c'
}
check "a kernel module: eu-unstrip joins" module_unstripped

signed_module() {
	build_module
	mkdir -p root/usr/lib/modules
	cp "$TREE_ROOT$KO" root/usr/lib/modules/signed.ko
	printf '%040d~Module signature appended~\n' 0 >>root/usr/lib/modules/signed.ko
	cp root/usr/lib/modules/signed.ko before
	"$PKGNOTE" split --layout=rpm --name=real --package-version=1 --release=1 --arch=x86_64 --manifest=m.json root >/dev/null 2>&1
	cmp root/usr/lib/modules/signed.ko before
	says m.json 'signed kernel module'
}
check "a signed module is left alone, listed with the reason" signed_module
finish
