# SPDX-License-Identifier: LGPL-2.1-or-later
# seeds KIND DIR: inputs for a fuzzer to start from, made by code.
seeds() {
	local dir=$2 cc=${CC:-gcc}
	mkdir -p "$dir"
	case $1 in
	place)
		seeds elf "$2"
		seeds pe "$2" ;;
	file)
		for kind in elf pe core; do seeds $kind "$2"; done ;;
	package)
		seeds elf "$2"
		# As it is, and after a byte that says which part of a sound package the rest is.
		(cd "$dir" && echo 2.0 >debian-binary && printf 'Package: p\nVersion: 1-1\nArchitecture: amd64\n' >control &&
			tar -cf control.tar ./control && tar -cf data.tar ./small && gzip -kn data.tar &&
			ar rc whole.deb debian-binary control.tar data.tar && ar rc packed.deb debian-binary control.tar data.tar.gz &&
			{ printf '\0'; cat packed.deb; } >part0 && { printf '\1'; cat control; } >part1 &&
			{ printf '\2'; cat data.tar; } >part2 && { printf '\3'; cat small; } >part3) ;;
	stored)
		mkdir -p "$dir/../elf"
		seeds elf "$dir/../elf"
		seeds core "$dir/../core"
		for one in "$dir/../core"/*; do { cat "$one"; printf '\1'; } >"$dir/${one##*/}.core"; done
		python3 "$TOP/tests/fuzz/stored_seeds.py" "$dir/../elf/small" "$dir/../elf/stamped" "$dir" ;;
	rpm)
		seeds elf "$2"
		(cd "$dir" && for one in small stamped; do { printf '\3'; cat $one; } >part3-$one; done
			if command -v rpmbuild >/dev/null; then
				mkdir -p ../rpm && printf '%s\n' 'Name: x' 'Version: 1' 'Release: 1' 'Summary: x' 'License: x' '%define __os_install_post %{nil}' '%description' x \
					'%install' 'mkdir -p %{buildroot}/usr/bin; cp $SMALL %{buildroot}/usr/bin/x; ln -s x %{buildroot}/usr/bin/l' '%files' /usr/bin >../rpm/x.spec
				for how in w0.gzdio w3.zstdio; do
					SMALL=$PWD/small rpmbuild --define "_topdir $PWD/../rpm" --define "_binary_payload $how" --define 'debug_package %{nil}' -bb ../rpm/x.spec >/dev/null 2>&1 &&
						{ printf '\0'; cat ../rpm/RPMS/*/*.rpm; } >whole-$how
				done
			fi; true) ;;
	elf)
		cat >"$dir/../seed.c" <<-'C'
		static int table[40] = {1, 2, 3};
		int add(int a) { return table[a % 40] + a; }
		#ifndef LIBRARY
		int main(int argc, char **argv) { (void)argv; return add(argc) == 77; }
		#endif
		C
		(cd "$dir" && s=../seed.c
		$cc -g -Os -o exe $s && $cc -g -gdwarf-4 -shared -fPIC -DLIBRARY -o so $s && $cc -g -c -o rel $s &&
			$cc -Os -s -nostdlib -shared -fPIC -DLIBRARY -Wl,--build-id=sha1 -o small $s &&
			$cc -g -gdwarf-5 -Os -nostdlib -shared -fPIC -DLIBRARY -Wl,--build-id=sha1 -o small5 $s &&
			$cc -g -gdwarf-3 -Os -nostdlib -shared -fPIC -DLIBRARY -Wl,--build-id=sha1 -o small3 $s
		$cc -g -gz=zlib -Os -nostdlib -shared -fPIC -DLIBRARY -o packed $s || true
		"$PKGNOTE" stamp -k name=seed -o stamped small >/dev/null 2>&1 || true
		ar rcsD archive.a rel
		objcopy --strip-section-headers small headless 2>/dev/null || true) ;;
	json)
		printf '%s' '{"type":"deb","os":"debian","name":"x","version":"1.0-1"}' >"$dir/plain"
		printf '%s' '{"a":[1,-2.5e3,true,null,{"b":"\u00e9\n"}],"c":9007199254740991,"\"":"é"}' >"$dir/all"
		printf '%s' '[{"soname":["libz.so.1"],"feature":"zip","priority":"suggested"}]' >"$dir/dlopen" ;;
	core | note | pe)
		# shellcheck disable=SC2046
		$cc -std=c17 -D_GNU_SOURCE -I"$TOP" -I"$TOP/libnote" -o "$dir/../make_seeds" "$TOP/tests/fuzz/make_seeds.c" \
			"$BUILD/libnote/inside.a" $(pkg-config --libs libelf json-c) && "$dir/../make_seeds" "$1" "$dir" ;;
	text)
		printf 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-DEBUGINFOD-SIZE: 5\r\n\r\nhello' >"$dir/ok"
		printf 'HTTP/1.1 404 Not Found\r\nRetry-After: 1\r\n\r\n' >"$dir/absent" ;;
	esac
}
