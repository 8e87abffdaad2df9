# SPDX-License-Identifier: LGPL-2.1-or-later
# A spec of another's, that knows nothing of pkgnote: several packages, one for all architectures, a version of rpm's odder kind.
foreign_spec() {
	mkdir -p greeter-2.0~rc1
	printf '#include <stdio.h>\nint greet(void)\n{\n\treturn puts("hello") < 0;\n}\n' >greeter-2.0~rc1/greet.c
	printf 'int greet(void);\nint main(void)\n{\n\treturn greet();\n}\n' >greeter-2.0~rc1/main.c
	tar -czf greeter-2.0~rc1.tar.gz greeter-2.0~rc1
	cat >greeter.spec <<-'S'
	Name: greeter
	Epoch: 1
	Version: 2.0~rc1
	Release: 3%{?dist}
	Summary: It greets
	License: MIT
	Source: greeter-%{version}.tar.gz
	%description
	It greets.
	%package libs
	Summary: Library
	%description libs
	Its library.
	%package doc
	Summary: Manual
	BuildArch: noarch
	%description doc
	Its manual.
	%{!?_enable_debug_packages:%{debug_package}}
	%prep
	%setup -q
	%build
	gcc -g -O1 -fPIC -shared -Wl,-soname,libgreet.so.1 -o libgreet.so.1 greet.c
	gcc -g -O1 -o greeter main.c ./libgreet.so.1
	%install
	install -D -t %{buildroot}/usr/bin greeter
	install -D -t %{buildroot}/usr/lib/greeter libgreet.so.1
	install -D -m644 main.c %{buildroot}/usr/share/doc/greeter/main.c
	%files
	/usr/bin/greeter
	%files libs
	/usr/lib/greeter
	%files doc
	/usr/share/doc/greeter
	S
}
