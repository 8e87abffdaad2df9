#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# deps.sh [demo|release]: installs what building and testing pkgnote need; what building and the demo do; or what the short list of
# tests/release does. With apt-get: what is missing, in one go, each name asked of apt before; without: prints what to install.
set -u

build='pkg-config gcc libc6-dev make libelf-dev libjson-c-dev libcurl4-openssl-dev libarchive-dev
libdeflate-dev zlib1g-dev libzstd-dev liblzma-dev libxxhash-dev libssl-dev libcunit1-dev'
# Judges and peers: a test whose judge is not there says that it was skipped. Alternatives stand as A|B, the first that there is counts.
packaging='binutils elfutils debuginfod gdb debugedit dpkg-dev debhelper dh-dlopenlibdeps cdbs build-essential fakeroot texinfo patchelf dwz curl openssl time
python3 python3-yaml python3-jsonschema perl file lintian makepkg faketime zsh fish help2man gperf bison libattr1-dev libacl1-dev libgmp-dev gettext groff autopoint rpm cpio xz-utils zstd bzip2 lz4 zip squashfs-tools
libarchive-tools git attr strace e2fsprogs mount libc6-dbg systemd lld mold binutils-gold|binutils'
judges="$packaging libdebuginfod-dev libdw-dev socat sqlite3 iproute2 procps kmod xfsprogs valgrind clang clang-format cppcheck llvm nginx-light ima-evm-utils hyperfine man-db groff-base libselinux1-dev
musl-tools libxml2-utils umoci skopeo swift-proxy swift-account swift-container swift-object memcached chromium chromium-driver rclone fuse3 debootstrap" headers=linux-headers-amd64
# Other machines and other toolchains: what they make is stamped, read and run.
reach='qemu-user libc6-dev-i386 libc6-dev-arm64-cross libc6-dev-armhf-cross libc6-dev-i386-cross libc6-dev-mips-cross
libc6-dev-mips64el-cross libc6-dev-ppc64el-cross libc6-dev-riscv64-cross libc6-dev-s390x-cross gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf gcc-i686-linux-gnu gcc-mips-linux-gnu
gcc-mips64el-linux-gnuabi64 gcc-powerpc64le-linux-gnu gcc-riscv64-linux-gnu gcc-s390x-linux-gnu golang-go gfortran
ghc ocaml-nox|ocaml fp-compiler binutils-mingw-w64-x86-64 systemd-boot-efi meson ninja-build cmake'
command -v cargo >/dev/null || reach="$reach cargo"
command -v rustc >/dev/null || reach="$reach rustc"
case "${1:-}" in
demo) judges='binutils gdb' reach='' headers='' ;;
release) judges=$packaging reach='' headers='' ;;
esac

say() { echo "make deps: $*" >&2; }

if ! command -v apt-get >/dev/null; then
	command -v pkg-config >/dev/null &&
		pkg-config --exists libelf json-c libcurl libarchive libdeflate zlib libzstd liblzma libxxhash libcrypto cunit && exit 0
	cat >&2 <<'TEXT'
No apt-get here. Install these, then run make again:
  dnf install gcc make pkgconf elfutils-libelf-devel json-c-devel libcurl-devel libarchive-devel libdeflate-devel zlib-devel libzstd-devel \
    xz-devel xxhash-devel openssl-devel CUnit-devel binutils elfutils elfutils-debuginfod gdb clang clang-tools-extra cppcheck
  apk add gcc musl-dev make pkgconf elfutils-dev json-c-dev curl-dev libarchive-dev libdeflate-dev zlib-dev zstd-dev \
    xz-dev xxhash-dev openssl-dev cunit-dev linux-headers bash binutils elfutils gdb clang clang-extra-tools cppcheck
TEXT
	exit 1
fi

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
log=$(mktemp) work=$(mktemp -d)
policy=
trap 'rm -rf "$log" "$work"; [ -z "$policy" ] || $sudo rm -f "$policy"' EXIT

installed() { dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q ' installed$'; }
# missing NAME...: those of which no alternative is installed.
missing() {
	for package; do
		there=
		for one in $(echo "$package" | tr '|' ' '); do ! installed "$one" || there=yes; done
		[ -n "$there" ] || printf '%s ' "$package"
	done
}
# The release's compiler by apt's word: what its run-time packages are called carries its version.
version_of() { apt-cache depends "$1" 2>/dev/null | sed -n "s/^ *Depends: $1-\([0-9][0-9]*\)\$/\1/p" | head -1; }
versioned() {
	[ -n "$reach" ] || return 0
	gcc=$(version_of gcc) clang=$(version_of clang)
	missing ${gcc:+lib32gcc-$gcc-dev} ${clang:+libclang-rt-$clang-dev}
}
# available NAME...: the names, one of each choice, that apt could install; the others go to a file.
available() {
	: >"$work/absent"
	for package; do echo "$package"; done | tr '|' '\n' | xargs -r apt-cache policy 2>/dev/null |
		awk '/^[^ ]/ { name = $1; sub(/:$/, "", name) } /^  Candidate:/ && $2 != "(none)" { print name }' >"$work/candidates"
	for package; do
		found=
		for one in $(echo "$package" | tr '|' ' '); do
			if [ -z "$found" ] && grep -qxF "$one" "$work/candidates"; then found=$one; fi
		done
		if [ -n "$found" ]; then printf '%s ' "$found"; else echo "$package" >>"$work/absent"; fi
	done
}
# would NAME...: apt can install these together. A kernel is never among what tests need.
would() {
	apt-get install -s --no-install-recommends "$@" >"$work/simulated" 2>&1 || return 1
	! grep -q '^Inst linux-image' "$work/simulated"
}
# fit NAME...: adds to $fits as many as go together; halving finds the few that do not.
fit() {
	# shellcheck disable=SC2086
	if would $fits "$@"; then
		fits="$fits $*"
	elif [ $# = 1 ]; then
		why=$(grep -E "^ *$1 :.*(Depends|Conflicts|Breaks):" "$work/simulated" | head -1 | sed 's/^ *//')
		! grep -q '^Inst linux-image' "$work/simulated" || why='it would bring a kernel image'
		say "not $1: ${why:-apt cannot install it}; the tests that need it will be skipped"
	else
		halve $(($# / 2)) "$@"
	fi
}
halve() {
	half=$1 first='' rest=''
	shift
	for package; do
		if [ "$half" -gt 0 ]; then first="$first $package"; else rest="$rest $package"; fi
		half=$((half - 1))
	done
	# The shell has no local names: what the first half leaves to do is kept as arguments.
	# shellcheck disable=SC2086
	set -- $rest
	# shellcheck disable=SC2086
	fit $first
	fit "$@"
}
# Each twentieth of the way is told as it comes (mawk waits for 4 KB); what apt says else is kept in case it fails.
progress() {
	last=''
	while IFS= read -r line; do
		case $line in
		dlstatus:* | pmstatus:*)
			what=download rest=${line#*:*:}
			[ "${line%%:*}" = dlstatus ] || what=install
			step=$what$((${rest%%[!0-9]*} / 5))
			[ "$step" = "$last" ] || say "$what ${rest%%[!0-9]*} %: ${rest#*:}"
			last=$step ;;
		*) printf '%s\n' "$line" >&3 ;;
		esac
	done 3>"$log"
}
install() {
	rm -f "$work/done"
	{ $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o APT::Status-Fd=1 -o Acquire::Retries=3 "$@" 2>&1 && : >"$work/done"; } | progress
	[ -e "$work/done" ]
}

# shellcheck disable=SC2086
need=$(missing $build) want=$(missing $judges $reach $headers)$(versioned)
[ -n "$need$want" ] || exit 0
# What no list of today has is not asked for again at each run.
if [ -z "$need" ] && [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mtime -1 2>/dev/null | head -1)" ]; then
	# shellcheck disable=SC2086
	fits='' known=$(available $want)
	# shellcheck disable=SC2086
	for package in $known; do fit "$package" 2>/dev/null; done
	[ -n "$fits" ] || { say "not here: $want; the tests that need them will be skipped"; exit 0; }
fi
# Servers among the judges (debuginfod, nginx) are for the tests alone: they must not start as services.
if [ ! -e /usr/sbin/policy-rc.d ]; then
	policy=/usr/sbin/policy-rc.d
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null && $sudo chmod 755 "$policy"
fi
say 'asking apt for its lists'
$sudo apt-get update >"$log" 2>&1 || { tail -3 "$log" >&2; say 'apt-get update failed; going on with the lists that are there'; }

# The lists are new: what the compilers are called is asked once more.
# shellcheck disable=SC2086
want=$(missing $judges $reach $headers)$(versioned)
# shellcheck disable=SC2086
need=$(available $need) && [ ! -s "$work/absent" ] || { say "apt has no $(tr '\n' ' ' <"$work/absent"); pkgnote cannot be built without"; exit 1; }
# shellcheck disable=SC2086
want=$(available $want)
[ ! -s "$work/absent" ] || say "apt has no $(tr '\n' ' ' <"$work/absent"); the tests that need them will be skipped"
fits=$need
# Asked alone: in some releases a kernel comes with its headers, and then neither is taken.
case " $want" in *" $headers "*) [ -z "$headers" ] || { fit "$headers"; want=$(for package in $want; do [ "$package" = "$headers" ] || echo "$package"; done); } ;; esac
# shellcheck disable=SC2086
[ -z "$want" ] || fit $want
[ -n "$fits" ] || exit 0
say "installing $fits"
# shellcheck disable=SC2086
if ! install $fits; then
	tail -5 "$log" >&2
	# shellcheck disable=SC2086
	left=$(missing $fits)
	say "apt failed; not installed: $left"
	# shellcheck disable=SC2086
	[ -z "$(missing $build)" ] || exit 1
fi
exit 0
