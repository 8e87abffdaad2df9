# SPDX-License-Identifier: LGPL-2.1-or-later
# What dh_gencontrol and dh_builddeb do besides debhelper's work: debug files that two packages have, packages of the whole source.
package Debian::Debhelper::PackageNote::Packages;
use strict;
use warnings;
use Digest::MD5;
use File::Compare qw(compare);
use File::Find;
use Debian::Debhelper::Dh_Lib;
use Debian::Debhelper::PackageNote qw(read_lines refuse settings source state_dir write_lines);
use Debian::Debhelper::PackageNote::Split qw(build_ids_in);
use Exporter qw(import);

our @EXPORT = qw(reject_foreign_split share_debug_files declare_shared_files source_package_kinds make_source_package
	build_source_package);

my %KINDS = (
	ddeb => {
		extension => 'ddeb',
		title => 'debug symbols of all packages of %s',
		text => "This package holds the debug files of all binary packages that were\nbuilt from %s, by build-id.",
		fields => ['-DAuto-Built-Package=debug-symbols', '-DPackage-Type=ddeb'],
		overrides => ['debug-suffix-not-dbg'],
	},
	dbgsrc => {
		extension => 'deb',
		title => 'sources of %s, for debuggers',
		text => "This package holds the source files that debug files of\n%s name, so that debuggers show lines.",
		fields => [],
		overrides => [],
	},
);

sub source_package_kinds { return sort keys %KINDS }

# --- dh_gencontrol: debug files that two packages have ---

# debian/rules may name debhelper's dh_strip by its path, or set PATH anew: files are stamped then, and have one
# build-id in any version.
sub reject_foreign_split {
	foreach my $package (@{$dh{DOPACKAGES}}) {
		my $dir = state_dir($package);
		refuse("$package: its debug information was not split by pkgnote: in debian/rules, call dh_strip as 'dh_strip',"
			. ' without a path, and let PATH begin as dh gives it')
			if -f "$dir/settings" and not -f "$dir/split" and -d dbgsym_tmpdir($package);
	}
}

sub names_in { return map { /^\s*([^\s:(\[]+)\S*\s*$/ ? $1 : () } split(/[,|]/, $_[0] // '') }

# Whether two packages of the source exclude each other, in whatever version.
sub exclude_each_other {
	my @names = @_;
	require Dpkg::Control::Info;
	my $control = Dpkg::Control::Info->new('debian/control');
	my @stanzas = map { $control->get_pkg_by_name($_) } @names;
	foreach my $way ([0, 1], [1, 0]) {
		my ($one, $other) = @stanzas[@{$way}];
		my %is = map { $_ => 1 } $other->{Package}, names_in(($other->{Provides} // '') =~ s/\([^)]*\)//gr);
		return 1 if grep { $is{$_} } map { names_in($one->{$_}) } qw(Conflicts Breaks);
	}
	return 0;
}

sub add_line {
	my ($path, $line) = @_;
	my %lines = map { $_ => 1 } $line, read_lines($path);
	write_lines($path, sort keys %lines);
}

# A debug file that several packages would have stays in the first; the others will depend on that. Packages that
# cannot be installed together keep theirs, and say so.
sub share_debug_files {
	my %first;
	foreach my $package (grep { -d dbgsym_tmpdir($_) } getpackages('arch')) {
		my $debug = dbgsym_tmpdir($package) . '/usr/lib/debug';
		my @ids = build_ids_in($debug);
		my %gone;
		foreach my $id (@ids) {
			my $first = $first{$id} //= $package;
			next if $first eq $package;
			my $path = '/.build-id/' . substr($id, 0, 2) . '/' . substr($id, 2) . '.debug';
			my $differ = compare(dbgsym_tmpdir($first) . "/usr/lib/debug$path", "$debug$path") != 0;
			refuse("$first and $package have different debug files of one build-id, $id: their debug packages exclude each other")
				if $differ;
			if ($differ or exclude_each_other($first, $package)) {
				add_line(state_dir($first) . '/clashes', $package);
				add_line(state_dir($package) . '/clashes', $first);
			} else {
				rm_files("$debug$path");
				doit('rmdir', '--ignore-fail-on-non-empty', dirname("$debug$path"));
				add_line(state_dir($package) . '/needs', $first);
				$gone{$id} = 1;
			}
		}
		write_lines("debian/.debhelper/$package/dbgsym-build-ids", join(' ', grep { not $gone{$_} }
			map { split(' ') } read_lines("debian/.debhelper/$package/dbgsym-build-ids"))) if %gone;
	}
}

sub load_control {
	my ($path) = @_;
	require Dpkg::Control;
	my $control = Dpkg::Control->new(type => Dpkg::Control::CTRL_PKG_DEB());
	$control->load($path) or error("$path: it has no fields");
	return $control;
}

sub version_of { return load_control("$_[0]/DEBIAN/control")->{Version} }

sub add_relation {
	my ($control, $field, $relation) = @_;
	my @relations = split(/\s*,\s*/, $control->{$field} // '');
	$control->{$field} = join(', ', @relations, grep { my $new = $_; not grep { $_ eq $new } @relations } $relation);
}

# The control files that debhelper made of such debug packages.
sub declare_shared_files {
	foreach my $package (@{$dh{DOPACKAGES}}) {
		my @needs = read_lines(state_dir($package) . '/needs');
		my @clashes = read_lines(state_dir($package) . '/clashes');
		my $path = dbgsym_tmpdir($package) . '/DEBIAN/control';
		next if $dh{NO_ACT} or not -f $path or not(@needs or @clashes);
		my $control = load_control($path);
		foreach my $other (@needs) {
			my $there = dbgsym_tmpdir($other);
			my $version = -f "$there/DEBIAN/control" ? version_of($there) : $control->{Version};
			add_relation($control, 'Depends', "$other-dbgsym (= $version)");
		}
		foreach my $other (@clashes) {
			add_relation($control, $_, "$other-dbgsym") foreach qw(Conflicts Replaces);
		}
		$control->{Description} = "debug symbols for $package (dependency package)"
			if not build_ids_in(dbgsym_tmpdir($package) . '/usr/lib/debug');
		$control->save($path);
	}
}

# --- dh_gencontrol and dh_builddeb: packages of the whole source ---

# The packages that give something to the KIND of package, if any of them is being built.
sub members {
	my ($kind) = @_;
	my %acted_on = map { $_ => 1 } @{$dh{DOPACKAGES}};
	my @members = grep { -d state_dir($_) . "/$kind" } getpackages('arch');
	return (grep { $acted_on{$_} } @members) ? @members : ();
}

# One tree of the members' trees, each file once.
sub join_trees {
	my ($root, $kind, @members) = @_;
	doit('rm', '-rf', $root);
	foreach my $member (@members) {
		my $tree = state_dir($member) . "/$kind";
		find({no_chdir => 1, wanted => sub {
			return if -d and not -l;
			my $new = $root . substr($_, length($tree));
			install_dir(dirname($new));
			-e $new ? compare($_, $new) == 0 : link($_, $new)
				or error("$member: $new: another package's file of this name is different, or no link can be made");
		}}, $tree);
	}
	find(sub { chmod(0644, $_) if -f and not -l }, $root);
}

# The version that dpkg-gencontrol will give a package by default.
sub changelog_version {
	require Dpkg::Changelog::Parse;
	return Dpkg::Changelog::Parse::changelog_parse(file => 'debian/changelog')->{Version} . '';
}

# debian/files calls a package automatic by a field in its control file that would have lintian take it for debug
# files alone.
sub call_automatic {
	my ($file) = @_;
	require Dpkg::Dist::Files;
	require Dpkg::Lock;
	open(my $lock, '>>', 'debian/control') or error("debian/control: $!");
	Dpkg::Lock::file_lock($lock, 'debian/control');
	my $list = Dpkg::Dist::Files->new();
	$list->load('debian/files');
	my $entry = $list->get_file($file) or error("debian/files: $file is not there");
	$list->add_file($file, $entry->{section}, $entry->{priority}, automatic => 'yes');
	$list->save('debian/files.new');
	rename_path('debian/files.new', 'debian/files');
	close($lock);
}

sub write_md5sums {
	my ($root) = @_;
	my @lines;
	find({no_chdir => 1, wanted => sub {
		return if -l or not -f _ or m{^\Q$root\E/DEBIAN/};
		open(my $file, '<:raw', $_) or error("$_: $!");
		push(@lines, [substr($_, length($root) + 1), Digest::MD5->new->addfile($file)->hexdigest]);
	}}, $root);
	write_lines("$root/DEBIAN/md5sums", map { "$_->[1]  $_->[0]" } sort { $a->[0] cmp $b->[0] } @lines);
	reset_perm_and_owner(0644, "$root/DEBIAN/md5sums");
}

# Describes SOURCE-KIND: its tree, its control file, its line in debian/files. As policy wants it of packages without
# a changelog of their own, its documentation is that of one package which it depends on.
sub make_source_package {
	my ($kind) = @_;
	my @members = members($kind) or return;
	my ($source) = source();
	my $name = "$source-$kind";
	error("$name: debian/control has a package of this name") if grep { $_ eq $name } getpackages();
	my ($main) = ((grep { $_ eq $source } @members), (grep { -f tmpdir($_) . '/DEBIAN/control' } @members));
	my $arch = package_binary_arch($main);
	my $root = "debian/.debhelper/_pkgnote/$kind";
	return if $dh{NO_ACT};
	error("$name: there is no control file of $main") if not -f tmpdir($main) . '/DEBIAN/control';
	join_trees($root, $kind, @members);
	install_dir("$root/usr/share/doc", "$root/DEBIAN");
	make_symlink_raw_target($main, "$root/usr/share/doc/$name");
	if (my @overrides = @{$KINDS{$kind}{overrides}}) {
		write_lines("$root/usr/share/lintian/overrides/$name", map { "$name: $_" } @overrides);
		reset_perm_and_owner(0644, "$root/usr/share/lintian/overrides/$name");
	}

	my $section = package_section($main) =~ m{^(.*)/[^/]+$} && $1 ne 'main' ? "$1/debug" : 'debug';
	my %ids = map { $_ => 1 } map { read_lines(state_dir($_) . '/split') } @members;
	my %replaced = map { $_ => 1 } map { read_lines(state_dir($_) . '/migration') } @members;
	my $replaced = $kind eq 'ddeb' ? join(', ', sort keys %replaced) : '';
	my $version = changelog_version() =~ s/^\d+://r;
	my $file = "${name}_${version}_$arch.$KINDS{$kind}{extension}";
	doit('dpkg-gencontrol', "-p$main", '-ldebian/changelog', "-Tdebian/$main.substvars", "-P$root", "-n$file",
		"-DPackage=$name", "-DDepends=$main (= " . version_of(tmpdir($main)) . ')', "-DSection=$section",
		'-DPriority=optional', '-DDescription=' . sprintf("$KINDS{$kind}{title}\n$KINDS{$kind}{text}", $source, $source),
		($kind eq 'ddeb' ? '-DBuild-Ids=' . join(' ', sort keys %ids) : ()), @{$KINDS{$kind}{fields}},
		($replaced ne '' ? ("-DReplaces=$replaced", "-DBreaks=$replaced") : qw(-UReplaces -UBreaks)),
		(package_multiarch($main) eq 'same' ? () : '-UMulti-Arch'),
		map { "-U$_" } qw(Pre-Depends Recommends Suggests Enhances Provides Essential Conflicts Homepage Important
			Protected Built-Using Tag));
	reset_perm_and_owner(0644, "$root/DEBIAN/control");
	call_automatic($file) if $kind eq 'dbgsrc';
	write_md5sums($root);
}

# Builds what make_source_package described, with dpkg-deb's options for the others.
sub build_source_package {
	my ($kind, $directory) = @_;
	my $root = "debian/.debhelper/_pkgnote/$kind";
	members($kind) or return;
	make_source_package($kind) if not -f "$root/DEBIAN/control"; # debian/rules has its own way to make control files
	return if $dh{NO_ACT};
	my $control = load_control("$root/DEBIAN/control");
	my $version = $control->{Version} =~ s/^\d+://r;
	doit('dpkg-deb', '--root-owner-group', @{$dh{U_PARAMS} // []}, '--build', $root,
		"$directory/$control->{Package}_${version}_$control->{Architecture}.$KINDS{$kind}{extension}");
}

1;
