# SPDX-License-Identifier: LGPL-2.1-or-later
# elfutils' own tests of its debuginfod client, with our library and debuginfod-find in place of theirs. The tests are those of
# Debian's source package, of the same version as the programs of this machine. LONG=1 runs all, else those that try the client.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/debsrc.sh"
OURS=$BUILD/libdebuginfod
unset DEBUGINFOD_PROGRESS DEBUGINFOD_VERBOSE DEBUGINFOD_TIMEOUT DEBUGINFOD_MAXTIME DEBUGINFOD_MAXSIZE DEBUGINFOD_RETRY_LIMIT DEBUGINFOD_HEADERS_FILE
unset DEBUGINFOD_URLS XDG_CACHE_HOME DEBUGINFOD_CACHE_PATH
QUICK='artifact-running dlopen duplicate-urls federation-link file malformed negative-cache no-urls percent-escape query-retry response-headers
section sizetime tmp-home x-forwarded-for find-metadata ima-verification longsource'

# Where we decide otherwise: the test, what it does or says just before it ends, and why.
decided() {
	case $1 in
	negative-cache) echo 'could not find cache in' ;;    # no empty file is left for what is absent; that is remembered elsewhere
	section) echo 'section-.*: No such file' ;;          # sections have no name in elfutils' cache: its names differ between versions
	tmp-home) echo 'debuginfod-find debuginfo deadbeef$' ;; # what is no ELF file of that build-id is not taken from a cache
	esac
}

# What cannot be tried here: the test, and why.
elsewhere() {
	case $1 in
	client-profile) echo "it wants a file that elfutils' build makes" ;;
	seekable) echo "it tries the server's reading of archives alone" ;;
	ima-verification) ldd "$(command -v debuginfod)" | grep -q librpm || echo "this debuginfod gives no signatures" ;;
	esac
}

# A tree as elfutils' build leaves it, of what is installed. ./build.
tree() {
	local one
	mkdir -p build/debuginfod build/src build/tests build/libelf build/libasm home
	ln -s "$(command -v debuginfod)" build/debuginfod/debuginfod
	ln -s "$OURS/debuginfod-find" build/debuginfod/debuginfod-find
	for one in readelf strip addr2line unstrip elfclassify stack elfcompress; do ln -s "$(command -v eu-$one)" build/src/$one; done
	: >config.h
	gcc -g -D_GNU_SOURCE -I. '-DELFUTILS_HEADER(x)=<elfutils/lib##x.h>' -o build/tests/debuginfod_build_id_find \
		"$SOURCE/debuginfod_build_id_find.c" -ldw -lelf
	# Some program with debug information.
	echo 'int main(void) { return 0; }' >any.c
	gcc -g -Wl,--build-id -o build/tests/dwfllines any.c
}

source_there() {
	need debuginfod eu-readelf gcc curl rpm2cpio cpio bzcat bsdtar socat ss ps sqlite3
	[ -f /usr/include/elfutils/libdwfl.h ] || skip "no <elfutils/libdwfl.h> (libdw-dev)"
	debsrc elfutils
	mv elfutils-src "$WORK/elfutils"
}
check "the tests of elfutils' source package can be had" source_there
SOURCE=$WORK/elfutils/tests

one() {
	[ -d "$SOURCE" ] || skip "no source of elfutils"
	[ -n "${LONG:-}" ] || [[ " ${QUICK//$'\n'/ } " == *" $NAME "* ]] || skip "LONG=1 tries the server's tests, too"
	local got=0 said
	said=$(elsewhere "$NAME")
	[ -z "$said" ] || skip "$said"
	tree
	(
		export srcdir=$SOURCE abs_srcdir=$SOURCE abs_builddir=$PWD/build/tests abs_top_builddir=$PWD/build elfutils_testrun=built
		export built_library_path=$OURS elfutils_tests_rpath=no VALGRIND_CMD='' HOME=$PWD/home
		cd build/tests && timeout 300 bash "$SOURCE/run-debuginfod-$NAME.sh"
	) >log 2>&1 </dev/null || got=$?
	[ "$got" != 77 ] || skip "$(tail -1 log)"
	said=$(decided "$NAME")
	if [ -z "$said" ]; then
		[ "$got" = 0 ] || { grep -v '^metric\|^[a-z_]*{\|^[a-z_]* [0-9]' log | tail -40; return 1; }
	else
		[ "$got" != 0 ] || fail "it passes: the list of decisions is wrong"
		grep -E -m1 -B8 '^\++ err$' log >end
		says end "$said"
	fi
}
for script in "$SOURCE"/run-debuginfod-*.sh; do
	NAME=${script##*/run-debuginfod-} NAME=${NAME%.sh}
	[ -f "$script" ] || continue
	check "elfutils' $NAME$([ -z "$(decided "$NAME")" ] || echo ', where we decide otherwise')" one
done
finish
