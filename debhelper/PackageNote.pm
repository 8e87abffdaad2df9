# SPDX-License-Identifier: LGPL-2.1-or-later
# What dh_pkgnote and the commands in debhelper/instead/ share: what the build is, notes, reports. PackageNote/Split.pm is dh_strip's
# and dh_dwz's part, PackageNote/Packages.pm dh_gencontrol's and dh_builddeb's, PackageNote/Dlopen.pm
# dh_gencontrol's variables. All are thin calls into pkgnote.
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
use Cwd qw(realpath);
use File::Find;
use JSON::PP;
use Debian::Debhelper::Dh_Lib;
use Exporter qw(import);

our @EXPORT = qw(out_of_it refuse default_settings start_package stamp_package stamp_unless_done report run_debhelper tell_unstamped);
our @EXPORT_OK = qw(exclude_files jobs path_of read_lines run_splitter settings source state_dir strict write_lines); # for the others

# The two others lie beside this file, also where it is reached by a link that stands alone.
push @INC, sub {
	my $path = $_[1] =~ m{^Debian/Debhelper/(PackageNote/\w+\.pm)$} ? dirname(realpath(__FILE__)) . "/$1" : return;
	open(my $module, '<', $path) or return;
	$INC{$_[1]} = $path;
	return $module;
};

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

# Debhelper's own command of our name, with the same arguments.
sub run_debhelper {
	my (@arguments) = @_;
	my $here = realpath(dirname($0));
	local $ENV{PATH} = join(':', grep { (realpath($_) // '') ne $here } split(/:/, $ENV{PATH}));
	doit(basename($0), @arguments);
}

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
		'--exclude=*/usr/lib/debug/*');
	tell_left($package, grep { not $_->{refused} } @left) if not $dh{VERBOSE};
}

# A package can have hundreds of files that are left for the same reason: firmware, what guile compiled.
sub tell_left {
	my ($package, @left) = @_;
	my %paths;
	push(@{$paths{$_->{reason}}}, $_->{path}) foreach @left;
	foreach my $reason (sort { $paths{$a}[0] cmp $paths{$b}[0] } keys %paths) {
		my ($first, @more) = @{$paths{$reason}};
		nonquiet_print("dh_pkgnote: $package: $first" . (@more ? ' and ' . @more . ' more' : '') . ": no note: $reason");
	}
}

# At the end: a debian/rules that strips by itself, or not at all, and calls neither dh_pkgnote nor dh_strip.
sub tell_unstamped {
	return if $ENV{DH_PKGNOTE_BY_DH} or out_of_it();
	foreach my $package (grep { not package_is_arch_all($_) and not -f state_dir($_) . '/settings' and -d tmpdir($_) } @{$dh{DOPACKAGES}}) {
		open(my $show, '-|', 'pkgnote', 'show', '-q', '--json', tmpdir($package)) or error("pkgnote cannot be run: $!");
		my ($file) = grep { $_->{kind} =~ /^(?:executable|shared-library)$/ and not $_->{package} } map { decode_json($_) } <$show>;
		close($show);
		refuse("$package: nothing was stamped, $file->{path} for one: debian/rules calls neither dh_pkgnote nor dh_strip") if $file;
	}
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

1;
