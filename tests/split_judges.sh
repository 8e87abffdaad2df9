# SPDX-License-Identifier: LGPL-2.1-or-later
# What the field's tools say of a tree before and after pkgnote split. A tree lies in $TREE_ROOT, was built in
# $TREE_SOURCE (trees.sh; empty where that is unknown), and is split into $SPLIT, its manifest in $SPLIT.json.
NVRA=real-1-1.x86_64

# split_real [OPTION...]: a fresh copy of the tree, split, as $SPLIT.
split_real() {
	rm -rf "${SPLIT:?}"
	cp -a "$TREE_ROOT" "$SPLIT"
	"$PKGNOTE" split -q --layout=rpm --name=real --package-version=1 --release=1 --arch=x86_64 \
		${TREE_SOURCE:+--build-dir="$TREE_SOURCE"} --manifest="$SPLIT.json" "$@" "$SPLIT" >"$SPLIT.out"
}

# split_files [STEP]: every STEPth file that was split: its path and its debug file's.
split_files() {
	python3 -c '
import json, sys
files = [f for f in json.load(open(sys.argv[1]))["files"] if f.get("debugFile")]
for f in files[::int(sys.argv[2])]: print(f["path"] + "\t" + f["debugFile"]["path"])' "$SPLIT.json" "${1:-1}"
}

# lint FILE [OPTION]: what eu-elflint finds, without the numbers of sections, which change.
lint() { elflint "$@" | sed -E 's/\[ *[0-9]+\]/[]/g'; }

# nothing_new BEFORE AFTER: no line of AFTER that BEFORE does not have (as often).
nothing_new() { sort "$1" >"$1.sorted"; sort "$2" | grep -vx 'No errors' | comm -13 "$1.sorted" - >new; [ ! -s new ] || { head -5 new >&2; return 1; }; }

# without_numbers: findings without what names the file, and without addresses and offsets.
without_numbers() { sed -E 's/^[^ ]*(readelf|llvm-dwarfdump): //; s/0x[0-9a-f]+/X/g; s/<[0-9a-f]+>/X/g' | without_interpreter; }

# judge_lint: no finding that the linker's file did not give, or that eu-strip and eu-unstrip do not leave too.
judge_lint() {
	local path debug
	split_files >files
	[ -s files ] || fail "nothing was split"
	while IFS=$'\t' read -r path debug; do
		cp "$TREE_ROOT$path" stripped; chmod u+w stripped; rm -f peer
		eu-strip -f stripped.debug stripped
		eu-unstrip -o peer stripped stripped.debug || cp "$TREE_ROOT$path" peer
		lint "$TREE_ROOT$path" >before
		{ cat before; comm -23 <(lint stripped | sort) <(sort before); } >allowed
		lint "$SPLIT$path" >after
		nothing_new allowed after || fail "$path: eu-elflint"
		# objcopy's debug files have headers that are right, and eu-elflint's word on __ehdr_start.
		objcopy --only-keep-debug "$TREE_ROOT$path" by-objcopy
		{ cat before; comm -23 <(lint stripped.debug -d | sort) <(sort before); comm -23 <(lint by-objcopy -d | sort) <(sort before); } >allowed
		lint "$SPLIT$debug" -d >after
		nothing_new allowed after || fail "$debug: eu-elflint"
		eu-unstrip -o joined "$SPLIT$path" "$SPLIT$debug" || fail "$path: eu-unstrip"
		{ cat before; comm -23 <(lint peer | sort) <(sort before); } >allowed
		lint joined >after
		nothing_new allowed after || fail "$path: eu-elflint, joined"
		readelf -SW joined >sections
		says sections '\.debug_info '
		says sections '\.symtab '
	done <files
}

# judge_dwarf STEP: the readers' findings, and every line of the line tables, but for the paths.
judge_dwarf() {
	local path debug late=0 code
	split_files "$1" >files
	while IFS=$'\t' read -r path debug; do
		readelf -W -wN --debug-dump=info,decodedline "$TREE_ROOT$path" 2>&1 >shown | without_numbers >before
		grep -av '^ *<' shown | sed "s#${TREE_SOURCE:-/none}#/usr/src/debug/$NVRA#g" | grep -aE '^[^ ]+ +[0-9]+ +0x' | sort >lines.before
		readelf -W -wN --debug-dump=info,decodedline "$SPLIT$debug" 2>&1 >shown | without_numbers >after
		grep -av '^ *<' shown | grep -aE '^[^ ]+ +[0-9]+ +0x' | sort >lines.after
		nothing_new before after || fail "$path: readelf"
		says lines.before ' 0x'
		cmp lines.before lines.after || fail "$path: line tables"
		# It takes minutes for some files, and then most often for all of a project: readelf alone reads those.
		[ $late -lt 2 ] || continue
		code=0; timeout "${LLVM_TIME:-5}" llvm-dwarfdump --verify "$TREE_ROOT$path" >shown 2>&1 || code=$?
		if [ $code = 124 ]; then late=$((late + 1)); continue; fi
		late=0
		grep -aiE 'error|warning' shown | without_numbers >before || true
		llvm-dwarfdump --verify "$SPLIT$debug" 2>&1 | grep -aiE 'error|warning' | without_numbers >after || true
		nothing_new before after || fail "$path: llvm-dwarfdump"
	done <files
}

# Units' names and directories, and the tables of the line programs; offsets of strings differ.
paths_of() {
	readelf -W -wN --debug-dump=info --dwarf-depth=1 "$1" 2>/dev/null | grep -aE 'DW_AT_(name|comp_dir|producer) ' |
		sed -E 's/^ *<[0-9a-f]+> *//; s/\((indirect|alt)[^)]*\)//; s/offset: (0x)?[0-9a-f]+//'
	readelf -W -wN --debug-dump=rawline "$1" 2>/dev/null | grep -aE '^ +[0-9]+\s' | sed -E 's/\((indirect|alt)[^)]*\)//; s/offset: (0x)?[0-9a-f]+//'
}

# judge_debugedit: what debugedit rewrites has the same string here, file by file. (It leaves alone what a
# compiler was told to call ".", which is rewritten here.)
judge_debugedit() {
	local path debug
	need debugedit
	split_files >files
	while IFS=$'\t' read -r path debug; do
		cp "$TREE_ROOT$path" judged; chmod u+w judged
		debugedit -b "$TREE_SOURCE" -d "/usr/src/debug/$NVRA" judged >/dev/null
		paths_of "$TREE_ROOT$path" >original
		paths_of judged >wanted
		paths_of "$SPLIT$debug" >found
		says original 'DW_AT_name'
		same "$(wc -l <found)" "$(wc -l <wanted)"
		paste -d '\n' original wanted found |
			awk 'NR % 3 == 1 { o = $0 } NR % 3 == 2 { w = $0 } NR % 3 == 0 && w != o { n++; if ($0 != w) { print "debugedit: " w "\nfound:     " $0; exit 1 } } END { print n + 0 >"rewritten" }' >&2 ||
			fail "$path: not what debugedit makes"
		[ -n "${RELATIVE:-}" ] || [ "$(cat rewritten)" -gt 0 ] || fail "$path: debugedit rewrote nothing"
	done <files
}

# judge_gdb PROGRAM FUNCTION SOURCE [ARG...]: gdb, with nothing but the one way to the debug file, lists
# FUNCTION from SOURCE and prints a backtrace that stops in it.
judge_gdb() {
	local program=$1 function=$2 source=$3 path debug id; shift 3
	IFS=$'\t' read -r path debug < <(split_files | grep -P "/$program\t") || fail "$program was not split"
	id=$(readelf -n "$SPLIT$path" | sed -n 's/.*Build ID: //p')
	rm -rf by-id by-link nowhere; mkdir -p by-id/.build-id/"${id:0:2}" by-link nowhere
	cp "$SPLIT$path" by-id/program; cp "$SPLIT$debug" "by-id/.build-id/${id:0:2}/${id:2}.debug"
	cp "$SPLIT$path" by-link/program; cp "$SPLIT$debug" by-link/
	for way in by-id by-link; do
		HOME=$PWD gdb -q -nx -batch -iex 'set debuginfod enabled off' -iex 'set auto-load no' -iex "set debug-file-directory $PWD/$([ $way = by-id ] && echo by-id || echo nowhere)" \
			-iex "set substitute-path /usr/src/debug $SPLIT/usr/src/debug" -iex 'set startup-with-shell off' -iex 'set breakpoint pending off' \
			-ex "list $function" -ex "break $function" -ex run -ex backtrace -ex 'info source' --args $way/program "$@" >listed 2>&1 </dev/null || true
		# Lines of text, the frame's place, and where gdb found the source.
		says listed '^[0-9]+	'
		says listed "^#0 +(0x[0-9a-f]+ in )?.*$function.* at .*$source:[0-9]+"
		says listed "^Located in $SPLIT/usr/src/debug/$NVRA/.*$source"
		[ -n "${ONE_FRAME:-}" ] || says listed "^#1 "
	done
}
