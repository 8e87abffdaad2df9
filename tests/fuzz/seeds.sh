# SPDX-License-Identifier: LGPL-2.1-or-later
# kind_of FUZZER: of which kind its seeds are.
kind_of() {
	case $1 in
	fuzz_json | fuzz_manifest) echo json ;;
	fuzz_http) echo answers ;;
	fuzz_http_cache) echo cache ;;
	fuzz_names) echo names ;;
	fuzz_http_url) echo urls ;;
	fuzz_place) echo place ;;
	fuzz_file) echo file ;;
	fuzz_deb) echo package ;;
	fuzz_package) echo packages ;;
	fuzz_rpm) echo rpm ;;
	fuzz_stored) echo stored ;;
	fuzz_ima) echo ima ;;
	fuzz_changes) echo changes ;;
	fuzz_inputs) echo inputs ;;
	fuzz_dwarf | fuzz_split | fuzz_reloc) echo dwarf ;;
	fuzz_core | fuzz_note | fuzz_pe) echo "${1#fuzz_}" ;;
	*) echo elf ;;
	esac
}

# dlopen_notes DIR: programs with notes of what they load, sound and not, and with package notes that are not.
dlopen_notes() {
	local cc=${CC:-gcc} i=0 text
	for text in '[{"soname":["libz.so.1","libz.so"],"feature":"zip","description":"d","priority":"recommended"}]' '[{"soname":"libz.so.1"}]' \
		'{"soname":["x"]}' '[{"soname":["a\nb",7],"priority":"never","other":1}]' '[[]]' '[{"feature":"f"}]' 'no json' '[{"soname":[]}]'; do
		i=$((i + 1))
		printf '%s' "$text" >"$1/../dlopen.json"
		printf '.section .note.dlopen,"a"\n.align 4\n.long 4,2f-1f,0x407c0c0a\n.asciz "FDO"\n1: .incbin "%s"\n.byte 0\n2:\n.align 4\n' "$1/../dlopen.json" >"$1/../dlopen.s"
		sed 's/0x407c0c0a/0xcafe1a7e/; s/dlopen,/package,/' "$1/../dlopen.s" >"$1/../package.s"
		$cc -nostdlib -shared -o "$1/dlopen$i" "$1/../dlopen.s" 2>/dev/null
		$cc -nostdlib -shared -o "$1/notes$i" "$1/../dlopen.s" "$1/../package.s" 2>/dev/null
		# Of another owner, in another section, written into, of a descriptor that does not end.
		sed 's/FDO/FDA/' "$1/../package.s" | $cc -nostdlib -shared -x assembler -o "$1/owner$i" - 2>/dev/null
		sed 's/note.package,"a"/note.else,"aw"/; s/^.byte 0$//' "$1/../package.s" | $cc -nostdlib -shared -x assembler -o "$1/place$i" - 2>/dev/null
	done
	true
}

# headless FROM TO: an ELF file of 64 bits without section headers; objcopy does that from 2.41 on.
headless() {
	cp "$1" "$2"
	dd if=/dev/zero of="$2" bs=1 seek=40 count=8 conv=notrunc status=none
	dd if=/dev/zero of="$2" bs=1 seek=58 count=6 conv=notrunc status=none
}

# seeds KIND DIR: inputs for a fuzzer to start from, made by code.
seeds() {
	local dir=$2 cc=${CC:-gcc} kind one how
	mkdir -p "$dir"
	case $1 in
	place)
		seeds elf "$2"
		seeds pe "$2" ;;
	file)
		for kind in dwarf pe core; do seeds $kind "$2"; done
		dlopen_notes "$2" ;;
	package)
		seeds elf "$2"
		# As it is, and after a byte that says which part of a sound package the rest is.
		(cd "$dir" && echo 2.0 >debian-binary && printf 'Package: p\nVersion: 1-1\nArchitecture: amd64\n' >control &&
			tar -cf control.tar ./control && tar -cf data.tar ./small && gzip -kn data.tar &&
			ar rc whole.deb debian-binary control.tar data.tar && ar rc packed.deb debian-binary control.tar data.tar.gz &&
			{ printf '\0'; cat packed.deb; } >part0 && { printf '\1'; cat control; } >part1 &&
			{ printf '\2'; cat data.tar; } >part2 && { printf '\3'; cat small; } >part3)
		python3 "$TOP/tests/fuzz/package_seeds.py" "$dir/small" "$dir" ;;
	packages)
		seeds package "$2"
		seeds rpm "$2" ;;
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
					'%install' 'mkdir -p %{buildroot}/usr/bin; cp $SMALL %{buildroot}/usr/bin/x; ln -s x %{buildroot}/usr/bin/l; ln %{buildroot}/usr/bin/x %{buildroot}/usr/bin/h' '%files' /usr/bin >../rpm/x.spec
				for how in w0.gzdio w3.zstdio; do
					SMALL=$PWD/small rpmbuild --define "_topdir $PWD/../rpm" --define "_binary_payload $how" --define 'debug_package %{nil}' -bb ../rpm/x.spec >/dev/null 2>&1 &&
						cp ../rpm/RPMS/*/*.rpm whole-$how.rpm && { printf '\0'; cat whole-$how.rpm; } >whole-$how &&
						python3 "$TOP/tests/tools/rpm_strip.py" whole-$how.rpm stripped-$how.rpm && { printf '\0'; cat stripped-$how.rpm; } >stripped-$how &&
						python3 "$TOP/tests/tools/rpm_strip.py" whole-$how.rpm other-$how.rpm 5 && { printf '\0'; cat other-$how.rpm; } >other-$how
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
		$cc -g -gdwarf-4 -gsplit-dwarf -fdebug-types-section -Os -o skeleton $s && rm -f *seed.o && for v in 4 5; do
			$cc -g -gdwarf-$v -gsplit-dwarf -c -o half$v.o $s && rm half$v.o; done || true
		dwp -e skeleton -o halves.dwp 2>/dev/null || true
		for how in mips-linux-gnu s390x-linux-gnu arm-linux-gnueabihf; do # 32 bits, and the other byte order
			"$how-gcc" -g -Os -nostdlib -shared -fPIC -DLIBRARY -Wl,--build-id=sha1 -Wl,--hash-style=both -o "small-$how" $s 2>/dev/null || true
		done
		"$PKGNOTE" stamp -k name=seed -o stamped small >/dev/null 2>&1 || true
		ar rcsD archive.a rel
		headless small headless) ;;
	dwarf) # what compilers are asked for seldom, and makers of archives
		seeds elf "$2"
		printf '#define BOTH(a) ((a) + 1)\n#include "macro.h"\nstruct pair { int a, b; } pair;\nint one(void) { return BOTH(pair.a); }\n' >"$dir/../one.c"
		printf '#define A\n#define TWO 2\n#undef TWO\n#undef A\n' >"$dir/../macro.h"
		printf 'int one(void);\nint two(void) { return one(); }\n' >"$dir/../two.c"
		(cd "$dir" && for how in '-g3 -gdwarf-5' '-g3 -gdwarf-4' '-g3 -gdwarf-4 -gstrict-dwarf' '-g -gdwarf-2' '-g -fdebug-types-section' '-g -gdwarf64' '-g -gsplit-dwarf' \
			'-g -gdwarf-4 -gsplit-dwarf' '-g -gz=zlib' '-g -gno-as-loc-support -gdwarf-4'; do
			# shellcheck disable=SC2086
			$cc $how -Os -nostdlib -shared -fPIC -DLIBRARY -o "so$how" ../one.c ../two.c 2>/dev/null
			# shellcheck disable=SC2086
			$cc $how -Os -c -o "rel$how" ../one.c 2>/dev/null
		done
		if command -v clang >/dev/null; then
			for how in -gdwarf-5 -gdwarf-4 '-gdwarf-5 -gsplit-dwarf' '-gdwarf-5 -gpubnames' '-gdwarf-4 -fdebug-macro' '-g -gdwarf-5 -fdebug-macro' \
				'-g --target=s390x-linux-gnu' '-g --target=i386-linux-gnu' '-g --target=riscv64-linux-gnu' '-g --target=mips64-linux-gnuabi64'; do
				# shellcheck disable=SC2086
				clang $how -O1 -fPIC -c -o "clang$how" ../one.c 2>/dev/null
			done
			# Linked; and of a language whose names may hold a '/'.
			for how in '-gdwarf-5' '-gdwarf-5 -fdebug-macro' '-gdwarf-5 -x objective-c' '-gdwarf-4 -x objective-c' '-gdwarf-5 -gdwarf64 -x objective-c'; do
				# shellcheck disable=SC2086
				clang $how -g -O1 -fPIC -shared -nostdlib -o "clang-so$how" ../one.c ../two.c 2>/dev/null
			done
		fi
		# Of machines whose relocations are of another kind, or of the other byte order.
		for how in mips-linux-gnu mips64el-linux-gnuabi64 s390x-linux-gnu arm-linux-gnueabihf riscv64-linux-gnu; do
			"$how-gcc" -g3 -Os -c -o "rel-$how" ../one.c 2>/dev/null
			"$how-gcc" -g3 -Os -nostdlib -shared -fPIC -o "so-$how" ../one.c ../two.c 2>/dev/null
		done
		# What dwz makes of two programs with the same macros and types, and the file that they share.
		if command -v dwz >/dev/null; then
			for one in 1 2; do
				{ for how in $(seq 60); do echo "#define MACRO_$how(a, b) ((a) * $how + (b))"; echo "struct kind_$how { struct kind_$how *next; int number_$how; } kind_$how;"; done; cat ../one.c; } >../many.c
				$cc -g3 -gdwarf-4 -Os -nostdlib -shared -fPIC -o dwz$one -DONE=$one -I.. ../many.c
			done
			dwz -m dwz.shared dwz1 dwz2 2>/dev/null
		fi
		cp rel a_name_of_more_than_sixteen_letters.o 2>/dev/null
		ar rcs long.a rel a_name_of_more_than_sixteen_letters.o; ar rcsT thin.a rel
		{ cat archive.a; printf '%-16s%-12d%-6d%-6d%-8s%-10d`\nname\0\0\0\0bytes\n' '#1/8' 0 0 0 100644 13; } >bsd.a
		{ cat archive.a; printf '%-16s%-12d%-6d%-6d%-8s%-10d`\n' '/77' 0 0 0 100644 0; } >no-name.a
		{ cat archive.a; printf '%-16s%-12d%-6d%-6d%-8s%-10s`\n' x/ 0 0 0 100644 many; } >no-size.a
		rm -f ./*.dwo) ;;
	inputs)
		for one in changes elf core pe cache; do seeds $one "$2"; done
		(cd "$dir" && printf '%s' '{"manifestVersion":1,"package":{"type":"rpm","name":"n","version":"1","release":"1","architecture":"x"},"files":[{"path":"/a","links":[],"buildId":"00112233","size":1,"sha256":"","debugFile":null,"sources":["a.c"],"package":null}],"skipped":[],"missingSources":[]}' >manifest
			xz -k --stdout small >module.xz 2>/dev/null; gzip --stdout small >module.gz; { gzip --stdout small | head -c 300; } >cut.gz
			tar -cf files.tar small so && gzip --stdout files.tar >files.tar.gz; gzip --stdout core0 >core.gz
			printf 't_1-1_amd64.deb\n' >names) ;;
	json)
		printf '%s' '{"type":"deb","os":"debian","name":"x","version":"1.0-1"}' >"$dir/plain"
		printf '%s' '{"a":[1,-2.5e3,true,null,{"b":"\u00e9\n"}],"c":9007199254740991,"\"":"é"}' >"$dir/all"
		printf '%s' '[{"soname":["libz.so.1"],"feature":"zip","priority":"suggested"}]' >"$dir/dlopen" ;;
	names)
		local line='{"type": "executable", "buildid": "00ff", "file": "/usr/bin/\"x%41", "archive": "p-1.x"}'
		local name=7-0123456789abcdef0123456789abcdef.json
		printf '{"results": [\n%s,\n%s\n], "complete": true}\n' "$line" "$line" >"$dir/block"
		{ printf '{"removed": ["p-1.x"], "block":\n'; cat "$dir/block"; echo '}'; } >"$dir/small"
		printf '{"removed": [],\n"files": [\n  {"first": "/a", "name": "%s", "count": 1}],\n"buildids": []}\n' $name >"$dir/large"
		printf '{"namesVersion": 1, "next": 8, "segments": [\n  {"name": "%s", "level": 0, "packages": 1, "removed": 0}\n], "old": ["%s"]}\n' $name $name >"$dir/index"
		printf '/usr/[a-c]*/\\*?/usr/b1/*x' >"$dir/glob" ;;
	core | note | pe)
		# shellcheck disable=SC2046
		$cc -std=c17 -D_GNU_SOURCE -I"$TOP" -I"$TOP/libnote" -o "$dir/../make_seeds" "$TOP/tests/fuzz/make_seeds.c" \
			"$BUILD/libnote/inside.a" $(pkg-config --libs libelf json-c) && "$dir/../make_seeds" "$1" "$dir" ;;
	answers)
		seeds proven "$2/../proven"
		python3 "$TOP/tests/fuzz/answer_seeds.py" "$2/../proven/debug" "$2/../proven/line" "$dir" ;;
	proven) # a file of the build-id that the fuzzers ask for, stripped, its debug information, its .debug_line
		printf 'int add(int a) { return a + 1; }\n' >"$dir/../proven.c"
		(cd "$dir" && $cc -g -Os -nostdlib -shared -fPIC -Wl,--build-id=0x00112233445566778899aabbccddeeff00112233 -o whole ../proven.c &&
			objcopy --only-keep-debug whole debug && objcopy --dump-section .debug_line=line whole whole.copy && strip -o stripped whole) ;;
	cache)
		seeds proven "$2"
		(cd "$dir" && for name in info str line_str abbrev; do objcopy --dump-section .debug_$name=$name whole whole.copy || true; done
			headless stripped headless
			head -c 400 whole >short
			printf '\0\0\0\002\0\005\377\377\377\377\0\0\0\0\0\0\0\003\0\0\0' >big-units
			printf 'ZLIB\0\0\0\0\0\0\0\001x' >zdebug
			printf '\001\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0' >zlib
			printf '\007\0\0\0\030\0\0\0\030\0\0\0\030\0\0\0\030\0\0\0\030\0\0\0' >gdb-index
			printf '\0\0\0\010\0\0\0\030\0\0\0\030\0\0\0\030\0\0\0\030\0\0\0\030' >big-index
			sed 's/....$//' whole >cut; sed 's/shstrtab/shstrtaB/' stripped >names) ;;
	urls)
		local i=0 url
		for url in 'http://u:p@h:8080/a%20b' https://HOST/ file:///a/b 'file://localhost/a%20b' /srv/share h.org/x 'ftp://h/' 'http://[::1]:80' \
			'http://h/?q' 'ima:enforcing http://h' 'file://' '//x/../y/./z/..' '../../etc/passwd' 'a b+c%2fd' 120 'Wed, 21 Oct 2099 07:28:00 GMT' \
			'http://h ima:permissive https://g/' 'http://h/%00' '/é'; do
			i=$((i + 1)); printf '%s' "$url" >"$dir/url$i"
		done ;;
	ima)
		(cd "$dir" && openssl req -x509 -newkey rsa:2048 -nodes -keyout ../ima.key -subj /CN=x -days 9 -out ../ima.pem \
			-addext keyUsage=digitalSignature -addext subjectKeyIdentifier=hash >/dev/null 2>&1 &&
			openssl x509 -in ../ima.pem -outform DER -out ../ima.der && openssl pkey -in ../ima.key -pubout -out ../ima.pub
			for one in pem der pub; do [ ! -s ../ima.$one ] || { printf '\0'; cat ../ima.$one; } >$one; done
			printf '\001\003\002\004abcd\0\004sign' >signature; printf '\001\003\001\004abcd\0\004sign' >version
			printf '\001\003\002\003abcd\0\004sign' >digest; printf '\001\003\002\004abcd\0\005sign' >length; printf '\001\002' >none
			for i in 0 1 2 3 4; do printf "\\002\\00$i" >true$i; printf "\\002\\00$i\\0\\020\\001" >false$i; done) ;;
	changes)
		printf '%s\n' 'Format: 1.8' 'Source: x' 'Version: 1-1' 'Description: ' ' x - y' 'Checksums-Sha256:' \
			' e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 t_1-1_amd64.deb' ' 00 1 t-dbgsym_1-1_amd64.deb' \
			'Files:' ' d41d8cd98f00b204e9800998ecf8427e 0 misc optional t_1-1_amd64.deb' ' 00 1 debug optional ../t-dbgsym_1-1_amd64.ddeb' >"$dir/changes"
		{ echo '-----BEGIN PGP SIGNED MESSAGE-----'; echo; cat "$dir/changes"; echo '-----BEGIN PGP SIGNATURE-----'; } >"$dir/signed"
		printf '%s\n' 00112233445566778899aabbccddeeff00112233 '# x' ' ffeeddccbbaa99887766554433221100ffeeddcc  /usr/bin/x' >"$dir/ids"
		printf '%s' '{"reportVersion":1,"results":[{"input":"a","path":"b","buildId":"00","check":"note","verdict":"fail","reason":"x","servers":[{"url":"http://h","answer":"404"}]}],"summary":{"fail":1}}' >"$dir/report" ;;
	esac
}
