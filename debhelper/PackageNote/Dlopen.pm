# SPDX-License-Identifier: LGPL-2.1-or-later
# ${dlopen:Depends}, ${dlopen:Recommends} and ${dlopen:Suggests}, for debian/control files that name them: the packages of the
# libraries that dlopen notes name, as dpkg-shlibdeps knows them (by debian/shlibs.local, symbols and shlibs of packages that are
# being built or are installed). dpkg-shlibdeps reads no notes, so it is shown, for each name, a file that is linked to that.
#
#   debian/.debhelper/PKG/pkgnote/dlopen        the lines that we put into debian/PKG.substvars
package Debian::Debhelper::PackageNote::Dlopen;
use strict;
use warnings;
use JSON::PP;
use Debian::Debhelper::Dh_Lib;
use Debian::Debhelper::PackageNote qw(path_of read_lines refuse state_dir write_lines);
use Exporter qw(import);

our @EXPORT = qw(fill_dlopen_variables);

my %FIELDS = (required => 'Depends', recommended => 'Recommends', suggested => 'Suggests');

# What the notes of PACKAGE's files name: objects with path, soname (an array), priority.
sub entries_of {
	my ($package) = @_;
	open(my $pipe, '-|', 'pkgnote', 'show', '-q', '--dlopen', '--json', tmpdir($package)) or error("pkgnote cannot be run: $!");
	my @entries = map { decode_json($_) } <$pipe>;
	close($pipe) or refuse("$package: not all dlopen notes could be read, as said above");
	my $debug = tmpdir($package) . '/usr/lib/debug/';
	return grep { index($_->{path}, $debug) != 0 } @entries;
}

# An ELF file for the machine of the one at LIKE, of which DT_NEEDED is SONAME: headers, dynamic entries, an empty symbol table.
sub write_probe {
	my ($path, $like, $soname) = @_;
	open(my $model, '<:raw', $like) or return 0;
	read($model, my $head, 64) == 64 or return 0;
	my ($wide, $order) = (ord(substr($head, 4, 1)) == 2, ord(substr($head, 5, 1)) == 2 ? '>' : '<');
	my ($half, $word, $size) = ("S$order", "L$order", ($wide ? 'Q' : 'L') . $order);
	my ($ehdr, $phdr, $shdr, $symbol) = $wide ? (64, 56, 64, 24) : (52, 32, 40, 16);
	my ($machine, $flags) = (substr($head, 18, 2), substr($head, $wide ? 48 : 36, 4));
	my $names = "\0.dynamic\0.dynstr\0.dynsym\0.shstrtab\0";
	my $strings = "\0$soname\0";
	my $entry = $wide ? 16 : 8;
	my $dynamic_at = $ehdr + 2 * $phdr;
	my $symbols_at = $dynamic_at + 6 * $entry;
	my $strings_at = $symbols_at + $symbol;
	my $names_at = $strings_at + length($strings);
	my $sections_at = ($names_at + length($names) + 7) & ~7;
	my $dynamic = pack("($size)*", 1, 1, 5, $strings_at, 6, $symbols_at, 10, length($strings), 11, $symbol, 0, 0);
	my $segment = sub {
		my ($type, $flags, $at, $bytes, $align) = @_;
		return $wide ? pack("$word$word($size)6", $type, $flags, $at, $at, $at, $bytes, $bytes, $align)
			: pack("($word)8", $type, $at, $at, $at, $bytes, $bytes, $flags, $align);
	};
	my $section = sub {
		my ($name, $type, $flags, $at, $bytes, $link, $info, $align, $each) = @_;
		return pack("$word$word($size)4$word$word($size)2", index($names, "\0$name\0") + 1, $type, $flags, $flags ? $at : 0, $at, $bytes,
			$link, $info, $align, $each);
	};
	my $file = substr($head, 0, 16) . pack($half, 3) . $machine . pack("$word($size)3", 1, 0, $ehdr, $sections_at) . $flags
		. pack("($half)6", $ehdr, $phdr, 2, $shdr, 5, 4)
		. $segment->(1, 4, 0, $names_at, 4096) . $segment->(2, 4, $dynamic_at, length($dynamic), 8)
		. $dynamic . "\0" x $symbol . $strings . $names;
	$file .= "\0" x ($sections_at - length($file)) . "\0" x $shdr
		. $section->('.dynamic', 6, 2, $dynamic_at, length($dynamic), 2, 0, 8, $entry)
		. $section->('.dynstr', 3, 2, $strings_at, length($strings), 0, 0, 1, 0)
		. $section->('.dynsym', 11, 2, $symbols_at, $symbol, 2, 1, 8, $symbol)
		. $section->('.shstrtab', 3, 0, $names_at, length($names), 0, 0, 1, 0);
	open(my $out, '>:raw', $path) or error("$path: $!");
	print {$out} $file;
	close($out) or error("$path: $!");
	return 1;
}

# The directories, as they will be installed, in which a package of this build has a file of this NAME.
sub own_directories {
	my ($name) = @_;
	my %found;
	foreach my $tmp (grep { -d } map { tmpdir($_) } getpackages('arch')) {
		open(my $pipe, '-|', 'find', $tmp, '-name', ($name =~ s/([*?\[\]\\])/\\$1/gr), '-printf', '/%P\0') or error("find: $!");
		local $/ = "\0";
		while (my $path = <$pipe>) {
			chomp($path);
			$found{dirname($path)} = 1;
		}
	}
	return sort keys %found;
}

# The packages that have SONAME where the dynamic linker looks, for libraries that no shlibs file tells of.
sub owners_of {
	my ($soname) = @_;
	my $arch = dpkg_architecture_value('DEB_HOST_ARCH');
	my $triplet = dpkg_architecture_value('DEB_HOST_MULTIARCH');
	my %owners;
	foreach my $directory ("/lib/$triplet", "/usr/lib/$triplet", '/lib', '/usr/lib') {
		next if not -e "$directory/$soname";
		open(my $pipe, '-|', qw(dpkg-query --search --), "$directory/$soname") or error("dpkg-query: $!");
		foreach my $line (grep { not /^(?:local )?diversion/ } <$pipe>) {
			next if $line !~ m{^([^/]+): /};
			foreach my $owner (split(/,\s*/, $1)) {
				my ($name, $of) = split(/:/, $owner, 2);
				$owners{$name} = 1 if not defined($of) or $of eq $arch;
			}
		}
	}
	return sort keys %owners;
}

# What is known of the library SONAME that the file at PATH, of PACKAGE, may load: whether it is there, and the dependencies on it.
# One that this build has, and no shlibs file, is its packages' own affair.
sub library {
	my ($package, $path, $soname) = @_;
	return {there => 0, dependencies => []} if $soname =~ m{[^\x21-\x7e]|/};
	my $probe = state_dir($package) . '/probe';
	my @own = own_directories($soname);
	write_probe($probe, $path, $soname) or return {there => 0, dependencies => []};
	my @command = ('dpkg-shlibdeps', '--warnings=0', '--ignore-missing-info', '-O', '-dDepends', (is_udeb($package) ? '-tudeb' : ()),
		(map { "-S$_" } grep { -d } map { tmpdir($_) } getpackages('arch')), (map { "-l$_" } @own), "-e$probe");
	verbose_print(escape_shell(@command));
	open(my $pipe, '-|', 'sh', '-c', 'exec 2>/dev/null; exec "$@"', 'sh', @command) or error("dpkg-shlibdeps: $!");
	my ($found) = map { /^shlibs:Depends=(.+)/ ? $1 : () } <$pipe>;
	my $there = close($pipe);
	unlink($probe);
	return {there => $there, dependencies => [!$there ? () : defined($found) ? split(/\s*,\s*/, $found) : @own ? () : owners_of($soname)]};
}

# Of names that stand for each other each may have several dependencies: (A and B) or C is (A or C) and (B or C).
sub alternatives {
	my @all = ('');
	foreach my $dependencies (@_) {
		my @longer;
		foreach my $before (@all) {
			push(@longer, map { $before eq '' ? $_ : index("| $before |", "| $_ |") >= 0 ? $before : "$before | $_" } @{$dependencies});
		}
		@all = @longer;
	}
	return @all;
}

sub lines_for {
	my ($package) = @_;
	my (%known, %relations, %told);
	foreach my $entry (entries_of($package)) {
		my $path = path_of($entry->{path});
		my $field = $FIELDS{$entry->{priority}};
		my $machine = machine_of($path);
		my @names = grep { defined($_) and not ref($_) } @{$entry->{soname}};
		my @libraries = map { $known{"$machine $_"} //= library($package, $path, $_) } @names;
		my @found = grep { @{$_} } map { $_->{dependencies} } @libraries;
		$relations{$field}{$_} = 1 foreach @found ? alternatives(@found) : ();
		warning("$package: $entry->{path} may load " . join(' or ', @names) . ", which is in no package here: it is not in"
			. " \${dlopen:$field}. Build-Depends would bring it") if not grep { $_->{there} } @libraries and not $told{"@names"}++;
	}
	# An optional variable ("?="): one that debian/control does not use is no mistake.
	return map { "dlopen:$_?=" . join(', ', sort keys %{$relations{$_} // {}}) } qw(Depends Recommends Suggests);
}

# Class, byte order and machine of an ELF file.
sub machine_of {
	my ($path) = @_;
	open(my $file, '<:raw', $path) or return '';
	read($file, my $head, 20);
	return unpack('H*', substr($head, 4, 2) . substr($head, 18, 2));
}

# Sets the variables of the packages that are acted on. Those that another command set (dh_dlopenlibdeps) stay.
sub fill_dlopen_variables {
	return if $dh{NO_ACT} or not grep { /\$\{dlopen:/ } read_lines('debian/control');
	foreach my $package (grep { -d tmpdir($_) } @{$dh{DOPACKAGES}}) {
		my $variables = 'debian/' . pkgext($package) . 'substvars';
		my %ours = map { $_ => 1 } read_lines(state_dir($package) . '/dlopen');
		my @others = grep { not $ours{$_} } read_lines($variables);
		next if grep { /^dlopen:/ } @others;
		install_dir(state_dir($package));
		my @lines = lines_for($package);
		write_lines(state_dir($package) . '/dlopen', @lines);
		write_lines($variables, @others, @lines);
	}
}

1;
