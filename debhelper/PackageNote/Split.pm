# SPDX-License-Identifier: LGPL-2.1-or-later
# What takes the place of dh_strip, and looks after dh_dwz: where debug files go.
package Debian::Debhelper::PackageNote::Split;
use strict;
use warnings;
use Cwd qw(getcwd);
use File::Find;
use JSON::PP;
use Debian::Debhelper::Dh_Lib;
use Debian::Debhelper::PackageNote qw(exclude_files jobs path_of read_lines run_splitter settings source state_dir strict write_lines);
use Exporter qw(import);

our @EXPORT = qw(files_in_several_packages split_package);
our @EXPORT_OK = qw(build_ids_in);

my $DEBUG_ROOT = '.pkgnote-debug'; # where the splitter puts debug files, below a staging tree

# --- dh_dwz ---

# Files of the packages acted on that have the build-id of a file in another package.
sub files_in_several_packages {
	my %files;
	my @trees = grep { -d } map { tmpdir($_) } getpackages('arch');
	return if @trees < 2;
	open(my $show, '-|', 'pkgnote', 'show', '--json', @trees) or error("pkgnote cannot be run: $!");
	while (my $line = <$show>) {
		my $record = decode_json($line);
		push(@{$files{$record->{buildId}}}, $record->{path}) if $record->{buildId};
	}
	close($show);
	my @found;
	foreach my $paths (values %files) {
		my %trees = map { my $tree = $_; map { $tree => 1 } grep { index($_, "$tree/") == 0 } @{$paths} } @trees;
		push(@found, @{$paths}) if keys %trees > 1;
	}
	my @here = map { tmpdir($_) . '/' } @{$dh{DOPACKAGES}};
	return sort grep { my $path = $_; grep { index($path, $_) == 0 } @here } @found;
}

# --- dh_strip ---

# The -dbg package of the source that has the debug information of PACKAGE: by its name, or as it depends on PACKAGE.
sub own_debug_package {
	my ($package) = @_;
	require Dpkg::Control::Info;
	foreach my $stanza (Dpkg::Control::Info->new('debian/control')->get_packages()) {
		my $name = $stanza->{Package};
		next if $name !~ /-dbg$/ or $name eq $package;
		return $name if $name eq "$package-dbg"
			or grep { /^\s*(\S+?)(?::\S+)?(?:\s|\(|$)/ and $1 eq $package } split(/[,|]/, $stanza->{Depends} // '');
	}
	return;
}

# Whether debhelper would make a debug package of PACKAGE, and the source has none of its own.
sub has_automatic_package {
	my ($package, %settings) = @_;
	return 0 if not($dh{ENABLE_DBGSYM} // 1) or package_is_arch_all($package) or is_udeb($package);
	return 0 if $package =~ /-dbg(?:sym)?$/ or grep { $_ eq "$package-dbgsym" } getpackages();
	return 1 if $dh{ENABLE_DBGSYM} or $dh{MIGRATE_DBGSYM} or $settings{force};
	my $own = own_debug_package($package) or return 1;
	warning("$package: the source has $own, so no debug package is made of it, and its debug information is dropped;"
		. " dh_pkgnote --force-debug-package makes one, dh_strip --dbg-package=$own fills that one");
	return 0;
}

# The tree that gets the debug files of PACKAGE; undef where they are dropped.
sub debug_tree {
	my ($package, %settings) = @_;
	return tmpdir($package) if $dh{K_FLAG};
	return tmpdir($dh{DEBUGPACKAGE}) if $dh{DEBUGPACKAGE};
	return if not has_automatic_package($package, %settings);
	return $settings{shape} eq 'ddeb' ? state_dir($package) . '/ddeb' : dbgsym_tmpdir($package);
}

# What dh_strip leaves alone in PACKAGE, as options: a package can have more files than a command line holds.
sub left_alone {
	my ($package) = @_;
	# Compat 10 and below know a shared library by its name, an executable by its mode.
	my $test = sub { return (excludefile($_) or (compat(10) and not -x _ and not /\.(?:so.*?|cmxs|node|a)$/)) };
	return (exclude_files($package, ($dh{EXCLUDE} or compat(10)) ? $test : undef),
		map { "--exclude=$_" } ('*debug/*.so*', '*/guile/*.go', '*/debug/.build-id/*', '*/debug/.dwz/*', '*.ko'));
}

sub move_tree {
	my ($from, $to) = @_;
	my (@files, @directories);
	find({no_chdir => 1, wanted => sub { push(@{(-f or -l) ? \@files : \@directories}, $_) }}, $from) if -d $from;
	# Sources have names relative to directories in which nothing else may be.
	install_dir($to . substr($_, length($from))) foreach grep { is_empty_dir($_) } @directories;
	foreach my $file (sort @files) {
		my $new = $to . substr($file, length($from));
		install_dir(dirname($new));
		rename_path($file, $new);
	}
	doit('rm', '-rf', $from);
}

# Those of programs and libraries. What dwz made for several debug files is found by its id, too, but it is of no program.
sub build_ids_in {
	my ($tree) = @_;
	my @ids = sort map { m{/([0-9a-f]{2})/([0-9a-f]+)\.debug$} ? "$1$2" : () }
		grep { not is_relocatable($_) } glob("$tree/.build-id/*/*.debug");
	return @ids;
}

# By e_type of the ELF header, in the file's own byte order (e_ident[EI_DATA]).
sub is_relocatable {
	my ($path) = @_;
	open(my $file, '<:raw', $path) or return 0;
	my $header;
	return (read($file, $header, 18) // 0) == 18
		&& unpack(substr($header, 5, 1) eq "\x02" ? 'n' : 'v', substr($header, 16, 2)) == 1;
}

# What several debug files refer to after dh_dwz. dwz names it after the package, so that two versions would have
# different files of one name; debuggers find it by its build-id, too.
sub name_dwz_files {
	my ($package, $tree) = @_;
	my @files;
	find({no_chdir => 1, wanted => sub { push(@files, $_) if -f }}, $tree) if -d $tree;
	foreach my $file (@files) {
		open(my $show, '-|', 'pkgnote', 'show', '--json', $file) or error("pkgnote cannot be run: $!");
		my $record = decode_json(join('', <$show>) || '{}');
		close($show) and $record->{buildId} or error("$package: $file: it has no build-id");
		$record->{buildId} =~ /^(..)(.+)$/;
		my $new = tmpdir($package) . "/$DEBUG_ROOT/.build-id/$1/$2.debug";
		install_dir(dirname($new));
		rename_path($file, $new);
	}
	doit('rm', '-rf', $tree);
}

# What cannot be split is left as dh_strip leaves it, its debug file below DEBUG where there is one to be made.
sub strip_as_debhelper {
	my ($package, $path, $debug) = @_;
	my $file = tmpdir($package) . $path;
	my ($objcopy, $strip) = map { cross_command($package, $_) } qw(objcopy strip);
	my $about = `LC_ALL=C readelf -SWhn @{[escape_shell($file)]} 2>/dev/null`;
	my $link;
	if ($file =~ /\.a$/) {
		doit($strip, qw(--strip-debug --remove-section=.comment --remove-section=.note --enable-deterministic-archives), $file);
		return;
	}
	if (defined($debug) and $about =~ / \.z?debug_info /a and $about =~ /^\s+Build ID: ([0-9a-f]{2})([0-9a-f]+)$/m) {
		$link = "$debug/.build-id/$1/$2.debug";
		install_dir(dirname($link));
		doit($objcopy, '--only-keep-debug', '--compress-debug-sections', $file, $link) if not -e $link;
		reset_perm_and_owner(0644, $link);
	}
	doit($strip, '--remove-section=.comment', '--remove-section=.note', ($file =~ /\.so[^\/]*$/ ? '--strip-unneeded' : ()), $file);
	doit($objcopy, '--add-gnu-debuglink', $link, $file) if defined($link);
}

sub split_package {
	my ($package) = @_;
	my ($source, $version) = source();
	my %settings = settings($package);
	my $tmp = tmpdir($package);
	return if not -d $tmp;
	my $tree = debug_tree($package, %settings);
	my $automatic = (defined($tree) and not $dh{K_FLAG} and not $dh{DEBUGPACKAGE});
	my $arch = package_binary_arch($package);
	my @sources = ($settings{sources} and defined($tree)) ? ('--build-dir=' . getcwd()) : ();
	my @split = ('split', '--no-sync', ($dh{VERBOSE} ? () : '-q'), jobs(), '--layout=deb', "--name=$source",
		"--package-version=$version", "--arch=$arch", '--compress=zlib', "--debug-root=/$DEBUG_ROOT", @sources,
		split(/\t/, $settings{split}), left_alone($package));
	# A file of a udeb is that of the package beside it, with one build-id: it has the debuglink, too, to be the same
	# file, and the debug file is in the other's debug package.
	run_splitter($package, 'dh_strip', 'split', @split) if is_udeb($package) and not defined($tree);
	my @left = run_splitter($package, 'dh_strip', 'split', @split,
		(defined($tree) ? ('--add-build-id', '--without-build-id=strip', (strict() ? '--strict=build-id' : ())) : '--no-debug-files'));
	return if $dh{NO_ACT};
	strip_as_debhelper($package, path_of($_->{path}), defined($tree) ? "$tmp/$DEBUG_ROOT" : undef)
		foreach grep { $_->{refused} or $_->{reason} =~ /^not linked for Linux/ } @left;

	if (get_buildoption('noautodbgsym') or get_buildoption('noddebs')) {
		undef $tree if $automatic;
	}
	my @build_ids = defined($tree) ? build_ids_in("$tmp/$DEBUG_ROOT") : ();
	name_dwz_files($package, "$tmp/usr/lib/debug/.dwz") if -d "$tmp/usr/lib/debug/.dwz" and not $dh{K_FLAG};
	write_lines(state_dir($package) . '/split', @build_ids);
	describe_debug_package($package, $tree, $automatic, %settings) if defined($tree) and -d "$tmp/$DEBUG_ROOT";
	add_build_ids($dh{DEBUGPACKAGE} // $package, @build_ids)
		if $dh{DEBUGPACKAGE} or ($automatic and $settings{shape} eq 'dbgsym');
	if (defined($tree)) {
		move_tree("$tmp/$DEBUG_ROOT", "$tree/usr/lib/debug");
		move_tree("$tmp/usr/src/debug/$source-$version.$arch",
			state_dir($package) . "/dbgsrc/usr/src/debug/$source-$version.$arch");
	} else {
		doit('rm', '-rf', "$tmp/$DEBUG_ROOT", "$tmp/usr/src/debug/$source-$version.$arch");
	}
	foreach my $left ('usr/lib/debug', 'usr/src/debug') {
		doit('rmdir', '-p', '--ignore-fail-on-non-empty', "$tmp/$left") if -d "$tmp/$left" and is_empty_dir("$tmp/$left");
	}
}

# What debhelper has beside the debug files of PACKAGE.
sub describe_debug_package {
	my ($package, $tree, $automatic, %settings) = @_;
	return if not $automatic;
	my $link = "$tree/usr/share/doc/$package-dbgsym";
	if ($settings{shape} eq 'dbgsym' and not -l $link) {
		install_dir(dirname($link));
		make_symlink_raw_target($package, $link);
	}
	write_lines($settings{shape} eq 'dbgsym' ? "debian/.debhelper/$package/dbgsym-migration"
		: state_dir($package) . '/migration', $dh{MIGRATE_DBGSYM}) if $dh{MIGRATE_DBGSYM};
}

sub add_build_ids {
	my ($package, @build_ids) = @_;
	my $path = "debian/.debhelper/$package/dbgsym-build-ids";
	my %ids = map { $_ => 1 } @build_ids, map { split(' ') } read_lines($path);
	write_lines($path, join(' ', sort keys %ids)) if %ids;
}

1;
