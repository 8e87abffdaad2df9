# SPDX-License-Identifier: LGPL-2.1-or-later
# For tests/interop/deb-many.sh: what two builds of one compiled tree, debhelper's in ./plain and ours in ./ours, have that differs.
# Each difference is a line "KIND:PACKAGE:WHERE WHAT"; what we mean to do otherwise is in tests/interop/peers.list as
# "debhelper SOURCE:GLOB REASON", where GLOB is of the line, its blanks as "_".

# Modes, owners, names; a debug file's name is its build-id's, which is another.
listed() { dpkg-deb --fsys-tarfile "$1" | tar --numeric-owner -tvf - | sed -E 's/ +[0-9]+ [0-9]{4}-[0-9-]+ [0-9:]+ / /; s,/\.build-id/.*,/BUILD-ID,; /\.dwz/d' | sort -u; }
sections() { readelf -SW "$1" 2>/dev/null | sed -nE 's/^ *\[ *[0-9]+\] ([^ ]+) .*/\1/p' | grep -v '^\.note\.package$' | sort || true; }
is_elf() { head -c4 "$1" | grep -aq ELF; }
# lines_of KIND:WHERE: the input's, one by one, and what they are.
lines_of() { grep '^[<>]' | sed "s|^|$1 |" || true; }

# where FILE: its package, and its place there.
where() { local path=${1#ours.root/}; echo "${path%%_*}:${path#*/}"; }

in_packages() {
	local package
	diff <(cd plain && ls *.*deb) <(cd ours && ls *.*deb) | lines_of package:
	for package in $(cd plain && ls *.*deb); do
		[ -f "ours/$package" ] || continue
		diff <(listed "plain/$package") <(listed "ours/$package") | lines_of "listed:${package%%_*}"
		diff <(dpkg-deb -f "plain/$package" | grep -v '^ *\(Build-Ids\|Installed-Size\)') <(dpkg-deb -f "ours/$package" | grep -v '^ *\(Build-Ids\|Installed-Size\)') |
			lines_of "fields:${package%%_*}"
		diff <(dpkg-deb -I "plain/$package" postinst 2>/dev/null) <(dpkg-deb -I "ours/$package" postinst 2>/dev/null) | lines_of "postinst:${package%%_*}"
		unpack "plain.root/$package" "plain/$package"; unpack "ours.root/$package" "ours/$package"
	done
}

# debug_file FILE: ours for it, by its build-id; nothing where there is none.
debug_file() {
	local id
	id=$(build_id "$1" 2>/dev/null | head -1)
	[ -z "$id" ] || find ours.root/*/usr/lib/debug/.build-id/"${id:0:2}" -name "${id:2}.debug" 2>/dev/null | head -1
}
# altlinks FILE: lines of sections go through; what became of a link to what dwz shares is added to its line: gone with DWARF that is
# still here or is in the debug file without it; moved to the debug file; or of no use, since there is no DWARF.
altlinks() {
	local line why debug
	while IFS= read -r line; do
		why=
		if [[ $line == *'< .gnu_debugaltlink' ]]; then
			debug=$(debug_file "$1")
			if sections "$1" | grep -qx .debug_info; then why=', and DWARF stays'
			elif [ -z "$debug" ] || ! sections "$debug" | grep -qx .debug_info; then why=', no DWARF'
			elif sections "$debug" | grep -qx .gnu_debugaltlink; then why=', in the debug file'
			else why=', nor in the debug file'; fi
		fi
		echo "$line$why"
	done
}

# Of each file but debug files: static libraries byte by byte, sections of ELF files by name and their size; other files' bytes.
in_files() {
	local file path plain ours
	while read -r file; do
		path=$(where "$file")
		plain=plain.root/${file#ours.root/}
		[ -f "$plain" ] || continue
		if is_elf "$file"; then
			diff <(sections "$plain") <(sections "$file") | lines_of "sections:$path" | altlinks "$file"
			ours=$(stat -c %s "$file") plain=$(stat -c %s "$plain")
			# A note, and where no room was left for it, a page.
			[ "$ours" -le $((plain + plain / 100 + 8192)) ] || echo "size:$path $plain, ours $ours"
		else
			case $path in
			*.gz | *md5sums) ;; # documentation, compressed anew
			*) cmp -s "$plain" "$file" || echo "bytes:$path $(cmp "$plain" "$file" 2>&1 | head -1)" ;;
			esac
		fi
	done <files
}

# Each shipped program and library has an id that no other content has, in this package or another (file $WORK/ids); its debug file
# is called by it, and has it.
in_build_ids() {
	local file id sum debug
	while read -r file; do
		is_elf "$file" || continue
		case $(readelf -hW "$file" 2>/dev/null | sed -n 's/ *Type: *\([A-Z]*\).*/\1/p') in EXEC | DYN) ;; *) continue ;; esac
		id=$(build_id "$file" 2>/dev/null | head -1)
		[ -n "$id" ] || { [ -z "$(build_id "plain.root/${file#ours.root/}" 2>/dev/null)" ] || echo "build-id:$(where "$file") it has none"; continue; }
		sum=$(sha256sum <"$file" | cut -c1-64)
		! grep "^$id " "$WORK/ids" 2>/dev/null | grep -qv "^$id $sum" || echo "build-id:$(where "$file") another content has $id too"
		echo "$id $sum" >>"$WORK/ids"
		debug=$(debug_file "$file")
		[ -z "$debug" ] || [ "$(build_id "$debug" 2>/dev/null | head -1)" = "$id" ] || echo "build-id:$(where "$file") its debug file has another"
		# Where debhelper made a debug file for it, we did.
		sum=$(build_id "plain.root/${file#ours.root/}" 2>/dev/null | head -1)
		[ -n "$debug" ] || [ -z "$sum" ] || ! ls plain.root/*/usr/lib/debug/.build-id/"${sum:0:2}/${sum:2}.debug" >/dev/null 2>&1 || echo "debug:$(where "$file") ours has no debug file"
	done <files
}

# What programs say, run as nobody, who can do no harm; what differs from run to run is passed over.
answers() {
	local root=$1 program=$2 word
	for word in --version --help; do
		echo "== $word"
		(cd "$WORK/empty" && timeout -k1 5 $(as_nobody) env -i HOME=/nonexistent LC_ALL=C PATH=/usr/bin:/bin LD_LIBRARY_PATH="$(find "$root" -name '*.so*' -printf '%h\n' 2>/dev/null | sort -u | tr '\n' ':')" \
			"$program" $word </dev/null 2>&1; echo "exit $?") | head -c 20000 | sed "s|$root||g"
	done
}
as_nobody() { [ "$(id -u)" != 0 ] || echo setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs; }
in_answers() {
	local file plain here=$PWD
	mkdir -p "$WORK/empty"; chmod 711 "$WORK"
	while read -r file; do
		case $file in */bin/* | */sbin/* | */games/*) ;; *) continue ;; esac
		case $file in */klibc/*) continue ;; esac
		is_elf "$file" && [ -x "$file" ] || continue
		plain=plain.root/${file#ours.root/}
		answers "$here/plain.root" "$here/$plain" >one 2>/dev/null; answers "$here/plain.root" "$here/$plain" >again 2>/dev/null
		cmp -s one again || continue
		answers "$here/ours.root" "$here/$file" >other 2>/dev/null
		diff one other | lines_of "answers:$(where "$file")"
		echo x >>answered
	done <files
}
in_lintian() {
	local side
	for side in plain ours; do
		lintian --allow-root --no-cfg -I --no-tag-display-limit "$side"/*.*deb 2>"$side.lintian.err" | grep '^[EWI]: ' |
			sed -E 's,/\.build-id/[0-9a-f]{2}/[0-9a-f]+\.debug,/BUILD-ID,g; s,/\.dwz/[^] ]*,/.dwz/FILE,g' | sort -u >"$side.lintian" || :
	done
	diff plain.lintian ours.lintian | sed -nE 's/^([<>]) ([EWI]): ([^ ]+)( [a-z]+)?: ([^ ]+)(.*)/lintian:\5 \1 \2: \3\4\6/p'
}
# unmeant SOURCE <LINES: those that the list does not have; and of the list those of this source that are no more.
unmeant() {
	local source=$1 line glob meant
	awk '$1 == "debhelper" { print $2 }' "$TOP/tests/interop/peers.list" | sed -n "s/^\\(\\*\\|$source\\)://p" >globs
	awk -v source="$source:" '$1 == "debhelper" && index($2, source) == 1 { print substr($2, length(source) + 1) }' "$TOP/tests/interop/peers.list" >own
	: >held
	while IFS= read -r line; do
		meant=
		while read -r glob; do [[ ${line// /_} != $glob ]] || { meant=yes; echo "$glob" >>held; }; done <globs
		[ -n "$meant" ] || echo "$line"
	done
	grep -vxFf held own | sed 's/$/: holds no more, and is in peers.list/' || true
}
