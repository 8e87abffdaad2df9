#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# deps.sh [demo]: installs what building and testing pkgnote need, or what building and the demo do. With
# apt-get: what is missing, nothing else; without: prints the packages to install, where the libraries are not there.
set -u

build='pkg-config gcc libc6-dev make libelf-dev libjson-c-dev libcurl4-openssl-dev libarchive-dev
libdeflate-dev libzstd-dev liblzma-dev libxxhash-dev libssl-dev libcunit1-dev'
# Judges and peers: a test whose judge is not there says that it was skipped.
judges='binutils elfutils debuginfod gdb systemd debugedit dpkg-dev debhelper build-essential fakeroot texinfo clang
clang-format cppcheck llvm lld mold patchelf dwz curl nginx-light openssl hyperfine time python3 perl file man-db groff-base
lintian help2man gperf bison libattr1-dev libacl1-dev libselinux1-dev libgmp-dev gettext groff autopoint
musl-tools libxml2-utils swift-proxy swift-account swift-container swift-object memcached xz-utils zstd bzip2 libarchive-tools rpm cpio git chromium attr strace libc6-dbg linux-headers-amd64'
# Other machines and other toolchains: what they make is stamped, read and run.
reach='qemu-user libc6-dev-i386 lib32gcc-12-dev libc6-dev-arm64-cross libc6-dev-armhf-cross libc6-dev-i386-cross libc6-dev-mips-cross
libc6-dev-mips64el-cross libc6-dev-ppc64el-cross libc6-dev-riscv64-cross libc6-dev-s390x-cross gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf gcc-i686-linux-gnu gcc-mips-linux-gnu
gcc-mips64el-linux-gnuabi64 gcc-powerpc64le-linux-gnu gcc-riscv64-linux-gnu gcc-s390x-linux-gnu golang-go gfortran
ghc ocaml-nox fp-compiler binutils-mingw-w64-x86-64 systemd-boot-efi meson ninja-build cmake'
command -v cargo >/dev/null || reach="$reach cargo"
command -v rustc >/dev/null || reach="$reach rustc"
if [ "${1:-}" = demo ]; then judges='binutils gdb' reach=; fi
# The name carries clang's version on Debian 12, and none later.
sanitizers='libclang-rt-14-dev libclang-rt-dev'

missing() {
	for package; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' || printf '%s ' "$package"
	done
}

if ! command -v apt-get >/dev/null; then
	command -v pkg-config >/dev/null &&
		pkg-config --exists libelf json-c libcurl libarchive libdeflate libzstd liblzma libxxhash libcrypto cunit && exit 0
	cat >&2 <<'EOF'
No apt-get here. Install these, then run make again:
  dnf install gcc make pkgconf elfutils-libelf-devel json-c-devel libcurl-devel libarchive-devel libdeflate-devel libzstd-devel \
    xz-devel xxhash-devel openssl-devel CUnit-devel binutils elfutils elfutils-debuginfod gdb clang clang-tools-extra cppcheck
  apk add gcc musl-dev make pkgconf elfutils-dev json-c-dev curl-dev libarchive-dev libdeflate-dev zstd-dev \
    xz-dev xxhash-dev openssl-dev cunit-dev linux-headers bash binutils elfutils gdb clang clang-extra-tools cppcheck
EOF
	exit 1
fi

# shellcheck disable=SC2086
need=$(missing $build) want=$(missing $judges $reach)
if [ "${1:-}" != demo ] && [ "$(missing libclang-rt-14-dev)" ] && [ "$(missing libclang-rt-dev)" ]; then want="$want${want:+ }$sanitizers"; fi
[ -n "$need$want" ] || exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
log=$(mktemp)
# Servers among the judges (debuginfod, nginx) are for the tests alone: they must not start as services.
policy=
if [ ! -e /usr/sbin/policy-rc.d ]; then
	policy=/usr/sbin/policy-rc.d
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null && $sudo chmod 755 "$policy"
fi
trap 'rm -f "$log"; [ -z "$policy" ] || $sudo rm -f "$policy"' EXIT
install() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >"$log" 2>&1; }

echo "make deps: installing $need$want" >&2
$sudo apt-get update >"$log" 2>&1 || { tail -3 "$log" >&2; echo "make deps: apt-get update failed; going on with the lists that are there" >&2; }
# shellcheck disable=SC2086
if [ -n "$need" ] && ! install $need; then
	tail -5 "$log" >&2
	echo "make deps: could not install: $need" >&2
	exit 1
fi
# One by one where all at once will not do: one missing judge must not cost the others.
# shellcheck disable=SC2086
if [ -n "$want" ] && ! install $want; then
	for package in $want; do
		[ "$(missing "$package")" ] || continue
		install "$package" || case "$sanitizers" in
		*"$package"*) ;;
		*) echo "make deps: no $package here; the tests that need it will be skipped" >&2 ;;
		esac
	done
fi
exit 0
