# SPDX-License-Identifier: LGPL-2.1-or-later
# What dh_pkgnote and the commands in debhelper/instead/ share: thin calls into pkgnote, and where debug files go.
#
#   debian/.debhelper/PKG/dbgsym-root, -build-ids, -migration   debhelper's: what makes PKG-dbgsym
#   debian/.debhelper/PKG/pkgnote/settings, split               what dh_pkgnote was told; that dh_strip was ours
#   debian/.debhelper/PKG/pkgnote/stamped.json, split.json      the splitter's manifests of both, for reports
#   debian/.debhelper/PKG/pkgnote/needs, clashes                whose debug package PKG-dbgsym depends on, or excludes
#   debian/.debhelper/PKG/pkgnote/ddeb, dbgsrc                  what PKG gives to the packages of its source
#   debian/.debhelper/_pkgnote/ddeb, dbgsrc                     their trees (no package's name begins with "_")
package Debian::Debhelper::PackageNote;
use strict;
use warnings;
use Cwd qw(getcwd realpath);
use Digest::MD5;
use File::Compare qw(compare);
use File::Find;
use JSON::PP;
use Debian::Debhelper::Dh_Lib;
use Exporter qw(import);

our @EXPORT = qw(out_of_it refuse default_settings files_in_several_packages start_package stamp_package stamp_unless_done
	split_package report reject_foreign_split run_debhelper share_debug_files declare_shared_files source_package_kinds
	make_source_package build_source_package);

my $DEBUG_ROOT = '.pkgnote-debug'; # where the splitter puts debug files, below a staging tree
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

# --- what the build is, and what it was told ---

# The source package's name and version, epoch included; the version is not that of a rebuild of binaries alone.
sub source {
	require Dpkg::Changelog::Parse;
	-f 'debian/changelog' or error('debian/changelog: it is not there, and with it the version for notes');
	my $entry;
	foreach my $number (0, 1) {
		$entry = Dpkg::Changelog::Parse::changelog_parse(file => 'debian/changelog', offset => $number, count => 1);
		last if not $entry or not $entry->{'Binary-Only'};
	}
	$entry and defined($entry->{Version}) or error('debian/changelog: it tells no version');
	return (sourcepackage(), "$entry->{Version}");
}

sub state_dir { return "debian/.debhelper/$_[0]/pkgnote" }

sub read_lines {
	my ($path) = @_;
	open(my $file, '<', $path) or return;
	chomp(my @lines = <$file>);
	return @lines;
}

sub write_lines {
	my ($path, @lines) = @_;
	return if $dh{NO_ACT};
	install_dir(dirname($path));
	open(my $file, '>', $path) or error("$path: $!");
	print {$file} "$_\n" foreach @lines;
	close($file) or error("$path: $!");
}

# What holds where dh_pkgnote is told nothing else.
sub default_settings {
	return (shape => $ENV{DH_PKGNOTE_SHAPE} || 'dbgsym', sources => $ENV{DH_PKGNOTE_SOURCES} || 0, force => 0,
		report => $ENV{DH_PKGNOTE_REPORT} // '', split => '');
}

sub strict { return ($ENV{DH_PKGNOTE_STRICT} // '') !~ /^0?$/ }

# What would not stop a build without us stops none with us, unless it is asked for.
sub refuse {
	my ($text) = @_;
	strict() ? error($text) : warning($text);
}

# Whether this source is left to debhelper alone, as debian/rules or its compat level has it.
sub out_of_it {
	return 1 if ($ENV{DH_PKGNOTE} // '') eq '0';
	return 0 if not compat(7, 1);
	refuse('pkgnote wants debhelper compat 8 or above: nothing is stamped, and debhelper splits as ever');
	return 1;
}

sub settings {
	my ($package) = @_;
	return (default_settings(), map { split(/=/, $_, 2) } read_lines(state_dir($package) . '/settings'));
}

# Runs pkgnote for PACKAGE: its messages name the files, and COMMAND's -X leaves one out.
sub pkgnote {
	my ($package, $command, @arguments) = @_;
	verbose_print(escape_shell('pkgnote', @arguments));
	return if $dh{NO_ACT} or system('pkgnote', @arguments) == 0;
	error("pkgnote cannot be run: $!") if $? == -1;
	error("$package: pkgnote $arguments[0] failed, as said above. To leave a file out, have debian/rules say:\n"
		. "override_$command:\n\t$command -XFILE");
}

sub jobs { return '-j' . (get_buildoption('parallel') || 1) }

# --- dh_pkgnote ---

# Has the splitter do COMMAND's work on PACKAGE and keeps its manifest as NAME.json. Returns what it left alone: path, reason, and
# whether it should have been done, of which it has told then.
sub run_splitter {
	my ($package, $command, $name, @arguments) = @_;
	my $manifest = state_dir($package) . "/$name.json";
	install_dir(dirname($manifest)) if not $dh{NO_ACT};
	pkgnote($package, $command, @arguments, (strict() ? () : '--leave-refused'), "--manifest=$manifest", tmpdir($package));
	return if $dh{NO_ACT};
	return @{read_json($manifest)->{skipped} // []};
}

# A manifest's paths have bytes that are not UTF-8, and a percent sign that looks like one of these, as %XX.
sub path_of {
	my ($path) = @_;
	utf8::encode($path);
	return $path =~ s/%([0-9A-F]{2})/chr(hex($1))/ger;
}

sub read_json {
	my ($path) = @_;
	open(my $file, '<:raw', $path) or return {};
	local $/;
	return decode_json(<$file>);
}

# --- dh_pkgnote --report ---

sub report_of {
	my ($package) = @_;
	my ($stamp, $split) = map { read_json(state_dir($package) . "/$_.json") } qw(stamped split);
	my %steps = (stamp => $stamp, split => $split);
	my (@left, @refused);
	foreach my $step (qw(stamp split)) {
		foreach my $skipped (@{$steps{$step}{skipped} // []}) {
			push(@{$skipped->{refused} ? \@refused : \@left}, {path => $skipped->{path}, step => $step, reason => $skipped->{reason}});
		}
	}
	return {
		name => $package, left => \@left, refused => \@refused,
		stamped => [map { {path => $_->{path}} } grep { defined($_->{package}) } @{$stamp->{files} // []}],
		split => [map { {path => $_->{path}, buildId => $_->{buildId}} } grep { defined($_->{debugFile}) } @{$split->{files} // []}],
	};
}

# Writes what is known by now to the file that dh_pkgnote was told: it is whole at any time.
sub report {
	my ($path) = @_;
	($path) = grep { $_ ne '' } map { my %settings = settings($_); $settings{report} } @{$dh{DOPACKAGES}} if not defined($path);
	return if $dh{NO_ACT} or ($path // '') eq '';
	my ($source, $version) = source();
	my %report = (
		reportVersion => 1, source => $source, version => $version, architecture => dpkg_architecture_value('DEB_HOST_ARCH'),
		packages => [map { report_of($_) } grep { -d state_dir($_) } getpackages('arch')],
	);
	open(my $file, '>:raw', "$path.$$") or error("$path: $!");
	print {$file} JSON::PP->new->utf8->canonical->pretty->encode(\%report);
	close($file) or error("$path: $!");
	rename_path("$path.$$", $path);
}

# Forgets what an earlier run left of PACKAGE, and keeps SETTINGS for the commands that follow.
sub start_package {
	my ($package, %settings) = @_;
	doit('rm', '-rf', state_dir($package), dbgsym_tmpdir($package), 'debian/.debhelper/_pkgnote');
	doit('rm', '-f', map { "debian/.debhelper/$package/dbgsym-$_" } qw(build-ids migration));
	write_lines(state_dir($package) . '/settings', map { "$_=$settings{$_}" } sort keys %settings);
}

# The splitter's options that leave out files of PACKAGE for which TEST, which looks at $_, is true. Their names are in a file: a
# command line has room for a few thousand.
sub exclude_files {
	my ($package, $test) = @_;
	my $tmp = tmpdir($package);
	my @paths;
	find({no_chdir => 1, wanted => sub {
		return if -l or not -f _;
		push(@paths, substr($_, length($tmp))) if $test->();
	}}, $tmp) if $test and -d $tmp;
	return if not @paths or $dh{NO_ACT};
	s/([\\*?\[\]])/\\$1/g foreach @paths;
	my $list = state_dir($package) . '/left-alone';
	install_dir(dirname($list));
	open(my $file, '>:raw', $list) or error("$list: $!");
	print {$file} "$_\0" foreach sort @paths;
	close($file) or error("$list: $!");
	return "--exclude-from=$list";
}

# The splitter's way to stamp a tree: what is no program of this system is left alone, a note of another package gets ours before it.
sub stamp_package {
	my ($package, @keys) = @_;
	my ($source, $version) = source();
	return if not -d tmpdir($package);
	my $arch = package_binary_arch($package);
	my @left = run_splitter($package, 'dh_pkgnote', 'stamped', 'split', '--stamp=only', '--no-sync', ($dh{VERBOSE} ? () : '-q'), jobs(), '--layout=deb', "--name=$source",
		"--package-version=$version", "--arch=$arch", '--build-id=keep', '--from=os-release', '-ktype=deb', "-kname=$source",
		"-kversion=$version", "-karchitecture=$arch", (map { "-k$_" } @keys),
		exclude_files($package, $dh{EXCLUDE} ? sub { return excludefile($_) } : undef),
		(map { "--exclude=$_" } ('*/usr/lib/debug/*', '*/guile/*.go')));
	nonquiet_print("dh_pkgnote: $package: $_->{path}: no note: $_->{reason}") foreach grep { not $_->{refused} and not $dh{VERBOSE} } @left;
}

# For a debian/rules that calls dh_strip and not dh_pkgnote. Under dh, one that leaves dh_pkgnote out does so on purpose.
sub stamp_unless_done {
	return if $ENV{DH_PKGNOTE_BY_DH};
	foreach my $package (grep { not package_is_arch_all($_) } @{$dh{DOPACKAGES}}) {
		my %settings = settings($package);
		next if -f state_dir($package) . '/settings' and not $settings{unasked};
		start_package($package, default_settings(), unasked => 1);
		my $url = $ENV{DH_PKGNOTE_DEBUG_INFO_URL} // '';
		local $dh{EXCLUDE}; # of dh_strip: it is about splitting
		stamp_package($package, ($url ne '' ? "debugInfoUrl=$url" : ()));
	}
}

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

# --- dh_gencontrol: debug files that two packages have ---

# Debhelper's own command of our name, with the same arguments.
sub run_debhelper {
	my (@arguments) = @_;
	my $here = realpath(dirname($0));
	local $ENV{PATH} = join(':', grep { (realpath($_) // '') ne $here } split(/:/, $ENV{PATH}));
	doit(basename($0), @arguments);
}

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
