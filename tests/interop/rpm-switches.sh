# SPDX-License-Identifier: LGPL-2.1-or-later
# What a spec file or a configuration may set: our switches, and rpm's own about debug information.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/rpm.sh"
. "$TOP/tests/rpm_projects.sh"

# tally [NAME [OPTION...]]: built with these options, all packages unpacked into ./root.
tally() {
	local name=${1:-ours}
	rpm_ready
	[ -f tally.spec ] || project_tally
	rpm_builds "$name" tally.spec "${@:2}"
	rm -rf root
	unpacked "$name" root
}
arch() { rpm --eval '%{_arch}'; }
# packaged [PATTERN]: the names of debug packages' files that match, without build-ids.
packaged() { listed "${1:-ours}" '*-debug*'; }

every_macro() {
	rpm_ready
	local name
	# Each expands, alone, without an error, whether on or off; rpm says "error:" or "warning:" on stderr.
	sed -n 's/^%\([a-zA-Z0-9_]*\).*/\1/p' "$TOP/rpm-macros/macros.pkgnote" | sort -u >names
	[ "$(wc -l <names)" -gt 10 ]
	for switch in 1 0; do
		for target in x86_64 i686 noarch; do
			while read -r name; do
				RPM_CONFIGDIR=$WORK/rpm rpm --target $target --define "_pkgnote_stamp $switch" --define "_pkgnote_split $switch" \
					--eval "%{$name}" >>values 2>>complaints
			done <names
		done
	done
	same "$(cat complaints)" ""
	says_not values '%\{?[a-z_]*pkgnote'
	# Newer rpm knows "%install -a". Nothing before it: that would be a line of %build.
	same "$(RPM_CONFIGDIR=$WORK/rpm rpm --eval '%install -a')" '%install -a'
	same "$(RPM_CONFIGDIR=$WORK/rpm rpm --define '_enable_debug_packages 0' --define 'buildsubdir x' --eval '%install')" '%install'
}
check "rpm --eval of each macro" every_macro

# scripts NAME BUILD [OPTION...]: what BUILD's rpmbuild runs for tally.spec, as it is given to the shell, in ./NAME.
scripts() {
	local name=$1 builds=$2; shift 2
	mkdir "$name"
	cat >shell <<-E
	#!/bin/sh
	for script; do :; done
	sed 's#$WORK/rpm/#$(rpm --eval '%{_rpmconfigdir}')/#g' "\$script" >"\$(mktemp $PWD/$name/XXXXXX)"
	exec /bin/sh "\$@"
	E
	chmod 755 shell
	"$builds" top tally.spec --define "_buildshell $PWD/shell" "$@"
	rm -rf top
	# One after the other, in whatever order mktemp's names have.
	for script in "$name"/*; do sha256sum <"$script"; done | sort >"$name.sums"
	[ "$(wc -l <"$name.sums")" -ge 3 ]
}

all_off() {
	rpm_ready
	need find-debuginfo
	project_tally
	local off="--define '_pkgnote_stamp 0' --define '_pkgnote_split 0'" more round=0
	while read -r more; do
		round=$((round + 1))
		eval "scripts stock$round rpm_builds_standard $more"
		eval "scripts off$round rpm_builds $off $more"
		diff -r <(cat stock$round/* | sort) <(cat off$round/* | sort)
		same "$(cat off$round.sums)" "$(cat stock$round.sums)"
	done <<-'E'
	--define '_unused 1'
	--define '_enable_debug_packages 0'
	--define 'debug_package %{nil}'
	E
	# The same for what is compiled for nothing.
	project_words
	mv words.spec tally.spec
	scripts words rpm_builds_standard
	eval "scripts off rpm_builds $off"
	same "$(cat off.sums)" "$(cat words.sums)"
	# It can tell: with one of the switches on it is another script.
	project_tally
	scripts on rpm_builds --define '_pkgnote_stamp 0'
	[ "$(cat on.sums)" != "$(cat stock1.sums)" ] || fail "the scripts of two ways are the same"
}
check "with every switch off rpmbuild runs the stock scripts, byte for byte" all_off

nothing_off() {
	tally
	same "$(note_of root/usr/bin/tally version)" 1.0-1
	tally unstamped --define '_pkgnote_stamp 0'
	readelf -SW root/usr/bin/tally >sections
	says_not sections 'note\.package'
	says sections 'gnu_debuglink'
	same "$(packaged ours)" "$(packaged unstamped)"
	need find-debuginfo
	tally unsplit --define '_pkgnote_split 0'
	says unsplit.log '^\+ /usr/bin/find-debuginfo '
	stamped_and_stripped root usr/bin/tally
	same "$(packaged ours)" "$(packaged unsplit)"
	tally neither --define '_pkgnote_split 0' --define '_pkgnote_stamp 0'
	says_not neither.log pkgnote-find-debuginfo
	readelf -SW root/usr/bin/tally >sections
	says_not sections 'note\.package'
	same "$(packaged ours)" "$(packaged neither)"
	# In the spec file, as packagers write it.
	sed -i '1i %global _pkgnote_stamp 0' tally.spec
	tally inspec
	readelf -SW root/usr/bin/tally >sections
	says_not sections 'note\.package'
}
check "_pkgnote_stamp 0, _pkgnote_split 0, and both" nothing_off

without_debug_package() {
	rpm_ready
	project_tally
	sed -i -e '/debug_package}}$/d' -e '1i %global _enable_debug_packages 0' tally.spec
	tally
	same "$(packages ours | wc -w)" 2
	for file in usr/bin/tally usr/lib64/libtally.so.1; do
		same "$(note_of root/$file name)" tally
		readelf -SW root/$file >sections
		says_not sections 'debug_info'
	done
	same "$(LD_LIBRARY_PATH=root/usr/lib64 root/usr/bin/tally abc)" 3
	first=$(readelf -n root/usr/bin/tally | grep 'Build ID')
	tally other --define 'dist x'
	sed -i 's/^Release.*/Release: 2/' tally.spec
	tally second
	# Two files, two ids.
	[ "$(readelf -n root/usr/bin/tally | grep 'Build ID')" != "$first" ]
	tally kept --define '_no_recompute_build_ids 1' --undefine _unique_build_ids
	tally off --define '_pkgnote_stamp 0'
	says_not off.log pkgnote-find-debuginfo
}
check "a spec without %debug_package: stamped, no debug packages" without_debug_package

for_all() {
	rpm_ready
	project_tally
	tally ours
	sed -i '/debug_package}}$/d' tally.spec
	tally all --define '_enable_debug_packages 1'
	same "$(packages all)" "$(packages ours)"
	same "$(packaged all)" "$(packaged ours)"
	# The usual way out, and a spec that says %debug_package itself.
	sed -i '1i %global debug_package %{nil}' tally.spec
	tally none --define '_enable_debug_packages 1'
	same "$(packages none | wc -w)" 2
	rm tally.spec
	tally both --define '_enable_debug_packages 1'
	same "$(packages both)" "$(packages ours)"
}
check "_enable_debug_packages: debug packages for every spec" for_all

keys() {
	local url="https://debug.example.org/it's?a=1&b=\$HOME \"x\"" file
	rpm_ready
	project_tally
	# As packagers write it: words as in a shell, or any text at all in %{shescape:}.
	sed -i "1i %global _pkgnote_debug_info_url $url" tally.spec
	sed -i "1i %global _pkgnote_keys -k appCpe=\"cpe:2.3:a:acme:tally, inc:1.0\" -k 'vendor={\"shop\"}; \$PATH * \`id\`' -k %{shescape:motto=Ann's \"way\"} -k osCpe=" tally.spec
	tally
	for file in usr/bin/tally usr/lib64/libtally.so.1; do
		same "$(note_of root/$file debugInfoUrl)" "$url"
		same "$(note_of root/$file appCpe)" 'cpe:2.3:a:acme:tally, inc:1.0'
		same "$(note_of root/$file vendor)" '{"shop"}; $PATH * `id`'
		same "$(note_of root/$file motto)" "Ann's \"way\""
		same "$(note_of root/$file osCpe)" ''
	done
	# What no note can hold ends the build.
	sed -i '/_pkgnote_keys/d' tally.spec
	if rpm_build bad tally.spec --define '_pkgnote_keys -k broken'; then fail "a key without a value"; fi
	says bad.log "-k wants KEY=VALUE, not 'broken'"
	same "$(find bad -name '*.rpm')" ""
}
check "_pkgnote_debug_info_url and _pkgnote_keys: spaces, quotes, commas, what a shell would eat" keys

excluded() {
	rpm_ready
	project_tally
	sed -i '1i %global _pkgnote_exclude */libtally.so* /nothing/*' tally.spec
	tally
	same "$(note_of root/usr/bin/tally name)" tally
	readelf -SW root/usr/lib64/libtally.so.1 >sections
	says_not sections 'note\.package|gnu_debuglink'
	says sections 'debug_info'
	says_not <(packaged) 'libtally'
	# The same where the standard find-debuginfo splits; a quote is no end of the word.
	sed -i "1s/.*/%global _pkgnote_exclude \/it's *\/tally/" tally.spec
	tally unsplit --define '_pkgnote_split 0'
	readelf -SW root/usr/bin/tally >sections
	says_not sections 'note\.package'
	same "$(note_of root/usr/lib64/libtally.so.1 name)" tally
}
check "_pkgnote_exclude: patterns for what is neither stamped nor split" excluded

kept() {
	rpm_ready
	project_tally
	sed -i '1i %global _pkgnote_keep_symtab */libtally.so* /nothing/*\n%global _pkgnote_keep_section .comment\n%global _pkgnote_split_options --compress=zlib "--exclude=/no thing"' tally.spec
	tally
	readelf -SW root/usr/lib64/libtally.so.1 >sections
	says sections ' \.symtab .*SYMTAB'; says sections ' \.comment '
	readelf -SW root/usr/bin/tally >sections
	says_not sections 'symtab'; says sections ' \.comment '
	readelf -SW "$(find root/usr/lib/debug -type f -name 'tally*.debug' | head -1)" >sections
	says sections ' \.debug_[a-z_]+ .* C '
}
check "_pkgnote_keep_symtab, _pkgnote_keep_section, _pkgnote_split_options" kept

flags() {
	tally ours --define 'tally_make LDFLAGS="%{_pkgnote_flags}"'
	same "$(note_of root/usr/bin/tally version)" 1.0-1
	stamped_and_stripped root usr/bin/tally usr/lib64/libtally.so.1
	says root/usr/lib64/pkgconfig/tally.pc '^Libs: .* @/.*\.pkgnote-flags$' # what this way costs
	# It came in at the link: one note, the linker's, with nothing left for the stamp.
	tally linked --define 'tally_make LDFLAGS="%{_pkgnote_flags}"' --define '_pkgnote_stamp 0'
	same "$(note_of root/usr/bin/tally architecture)" "$(rpm --eval '%{_target_cpu}')"
	same "$(readelf -nW root/usr/bin/tally | grep -ac FDO)" 1
	# A note that cannot be linked in ends the build, in words.
	if CC=/bin/false rpm_build bad tally.spec --define 'tally_make LDFLAGS="%{_pkgnote_flags}"'; then fail "a compiler that links nothing"; fi
	says bad.log 'pkgnote flags: '
}
check "_pkgnote_flags: the link-time way, by choice" flags

links() {
	need find-debuginfo
	local value
	for value in none alldebug separate compat; do
		tally ours --define "_build_id_links $value"
		rpm_builds_standard standard tally.spec --define "_build_id_links $value"
		same "$(listed ours)" "$(listed standard)"
		same "$(rpm -qp --provides ours/RPMS/*/tally-debuginfo-*.rpm | grep -c '^debuginfo(build-id) = [0-9a-f]\{40\}$')" 2
		rm -r ours standard
	done
}
check "each _build_id_links: rpm's own links, and debuginfo(build-id) also without any" links

rpms_own() {
	need find-debuginfo
	local options
	# Each as find-debuginfo does it: names, links, and build-ids that stay where they shall.
	while read -r options; do
		rm -rf ours standard
		eval "tally ours $options"
		eval "rpm_builds_standard standard tally.spec $options"
		same "$(listed ours)" "$(listed standard)"
	done <<-'E'
	--undefine _unique_debug_names
	--undefine _unique_debug_srcs
	--undefine _unique_debug_names --undefine _unique_debug_srcs --undefine _unique_build_ids
	--undefine _unique_build_ids --define '_no_recompute_build_ids 1'
	--define '_find_debuginfo_opts -g'
	--define '_missing_build_ids_terminate_build 1'
	E
	# -n: the linker's ids.
	sed -i "s/^make install.*/&\nreadelf -n tally | sed 's|.*Build ID: |linked: |'/" tally.spec
	tally kept --undefine _unique_build_ids --define '_no_recompute_build_ids 1'
	says kept.log "^linked: $(readelf -n root/usr/bin/tally | sed -n 's/.*Build ID: //p')$"
}
check "rpm's switches for unique names, sources and build-ids" rpms_own

no_debugsource() {
	need find-debuginfo
	rpm_ready
	project_tally
	sed -i '/_debugsource_packages/d' tally.spec
	tally ours
	rpm_builds_standard standard tally.spec
	same "$(listed ours)" "$(listed standard)"
	says_not <(packages ours) debugsource
	[ -f "root/usr/src/debug/tally-1.0-1.$(arch)/src/main.c" ]
}
check "without _debugsource_packages the sources are in debuginfo" no_debugsource

minidebuginfo() {
	tally ours --define '_include_minidebuginfo 1'
	readelf -SW root/usr/bin/tally >sections
	says sections '\.gnu_debugdata'
	stamped_and_stripped root usr/bin/tally
}
check "_include_minidebuginfo" minidebuginfo

gdb_index() {
	need gdb gdb-add-index
	tally ours --define '_include_gdb_index 1'
	readelf -SW root/usr/lib/debug/usr/bin/tally-1.0-1.*.debug >sections
	says sections '\.gdb_index'
}
check "_include_gdb_index" gdb_index

dwz() {
	need dwz find-debuginfo g++
	rpm_ready
	project_shapes
	local options='_find_debuginfo_dwz_opts --run-dwz --dwz-low-mem-die-limit 10000000 --dwz-max-die-limit 110000000'
	rpm_builds ours shapes.spec --define "$options"
	rpm_builds_standard standard shapes.spec --define "$options"
	same "$(listed ours)" "$(listed standard)"
	unpacked ours root
	listed ours '*-debug*' >names
	says names '^shapes-debuginfo: /usr/lib/debug/\.dwz/'
	stamped_and_stripped root usr/bin/shapes usr/sbin/shapesd
	readelf -SW root/usr/lib/debug/usr/bin/shapes-2.1-3.*.debug >sections
	says sections 'gnu_debugaltlink'
}
check "dwz options: one alternate file, in the main debuginfo package" dwz

# The suite where packagers have it: below /usr, in a mount namespace of the test's own.
installed() {
	rpm_ready
	[ "$(id -u)" = 0 ] || skip "mounting wants to be root"
	unshare -m true 2>/dev/null || skip "no mount namespace may be made here"
	project_tally
	mkdir upper
	mount_and_build() {
		mount -t tmpfs tmpfs upper && mkdir upper/{upper,work} &&
			mount -t overlay overlay -o "lowerdir=/usr,upperdir=$PWD/upper/upper,workdir=$PWD/upper/work" /usr || exit 77
		make -C "$TOP" -o all install BUILD="$BUILD" PREFIX=/usr >"$PWD/install.log" 2>&1 || exit 1
		rpm --showrc >showrc
		rpm_build_standard ours tally.spec
	}
	export -f mount_and_build rpm_build_standard
	code=0
	unshare -m bash -ec mount_and_build || code=$?
	[ "$code" != 77 ] || skip "no overlay can be mounted here"
	same "$code" 0
	[ ! -e /usr/lib/rpm/macros.d/macros.pkgnote ] || fail "it went out of its namespace"
	says showrc '__find_debuginfo.*pkgnote_split'
	says ours.log '^\+ /usr/lib/rpm/pkgnote-find-debuginfo --leave-refused --add-build-id --stamp'
	unpacked ours root
	stamped_and_stripped root usr/bin/tally usr/lib64/libtally.so.1
}
check "make install PREFIX=/usr is all that rpmbuild needs" installed

# Without installing: --load of the one file.
loaded() {
	rpm_ready
	project_tally
	rpm_build_standard ours tally.spec --load="$WORK/rpm/macros.d/macros.pkgnote" || { tail -20 ours.log >&2; return 1; }
	unpacked ours root
	stamped_and_stripped root usr/bin/tally
}
check "rpmbuild --load=macros.pkgnote, nothing installed in rpm's directories" loaded
finish
