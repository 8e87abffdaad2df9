#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
# completion.pl bash|zsh|fish PKGNOTE: prints completions for that shell. They are made from what --help prints,
# which comes from the tables of commands and options.
use strict;
use warnings;

my ($shell, $pkgnote) = @ARGV;
my %writers = (bash => \&bash, zsh => \&zsh, fish => \&fish);
die("completion.pl: wants bash, zsh or fish, and a pkgnote\n") if @ARGV != 2 or not $writers{$shell};

sub help {
	open(my $out, '-|', $pkgnote, @_, '--help') or die("completion.pl: $pkgnote: $!\n");
	return <$out>;
}

my (@commands, %about, %options, %operands);
foreach (help()) {
	next if not /^  ([a-z][a-z-]*) +(.*)$/;
	push(@commands, $1);
	$about{$1} = $2;
}
@commands or die("completion.pl: $pkgnote --help names no command\n");

# Of an option: its names, "" or "=" (a value) or "?" (a value or none), the value as --help shows it, and what it does.
foreach my $command (@commands) {
	my $option;
	foreach (help($command)) {
		# What stands first among the operands, where that is one of a few words.
		$operands{$command}{$_} = 1 foreach /^(?:Usage:| {6}) pkgnote $command(?: \[[^\]]*\](?:\.\.\.)?)* ([a-z]+(?:\|[a-z]+)*) / ? split(/\|/, $1) : ();
		if (/^  (?:(-\w)(?:, (?=--)|(?= |$))|    (?=--))(?:(--[a-z][a-z-]*)(\[?=)?(\S*)| ([A-Z]+))?(?: +(.*))?$/) {
			my ($short, $long, $takes, $value, $text) = ($1, $2, $3 // '', $4 // $5 // '', $6 // '');
			$takes = '=' if not $long and $value ne '';
			$option = {short => $short, long => $long, takes => $takes eq '[=' ? '?' : $takes, value => $value =~ s/\]$//r, text => $text};
			push(@{$options{$command}}, $option);
		} elsif ($option and /^ {20,}(\S.*)$/) {
			$option->{text} .= ($option->{text} eq '' ? '' : ' ') . $1;
		} else {
			undef($option);
		}
	}
}

# What a value may be: words, of which several with commas between them make a list; or a file.
foreach my $option (map { @$_ } values %options) {
	my ($value, $text) = @$option{qw(value text)};
	$option->{words} = [$value =~ /\|/ ? grep { /^[a-z0-9-]+$/ } split(/\|/, $value) : ()];
	# The words of LIST and FORMAT are those that the text has behind a colon.
	$option->{words} = [split(/,? (?:and|or) |, /, $1)] if $value =~ /^(?:LIST|FORMAT)\b/ and $text =~ /: ((?:[a-z][a-z-]*, )+[a-z-]+(?:,? (?:and|or) [a-z-]+)?)/;
	$option->{list} = $value eq 'LIST';
	$option->{file} = not(@{$option->{words}}) && $option->{takes} ne '' && $value =~ /^(?:FILE|DIR|SHARE|OUT|F|MANIFEST|LIST|CC)$/ && $text !~ /separated/;
	$option->{names} = [grep { defined } @$option{qw(short long)}];
}

sub quote {
	my ($text) = @_;
	return "'" . ($text =~ s/'/'\\''/gr) . "'";
}

sub bash {
	print <<'BASH';
# pkgnote(1)
# __pkgnote_words WORD...: those that go on with what is being typed, or with what stands behind its last comma.
__pkgnote_words() {
	case $current in *,*) prefix+=${current%,*},; current=${current##*,} ;; esac
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$*" -- "$current")
	case ${#COMPREPLY[@]}:${COMPREPLY[0]} in 1:*=) compopt -o nospace 2>/dev/null ;; esac
}
__pkgnote_files() {
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -f -- "$current")
	compopt -o filenames 2>/dev/null
}
_pkgnote() {
	local current=${COMP_WORDS[COMP_CWORD]} option= joined= prefix= words= operands=
	COMPREPLY=()
BASH
	print "\tif [ \"\$COMP_CWORD\" = 1 ]; then\n\t\t__pkgnote_words @commands --help --version\n\t\treturn\n\tfi\n", <<'BASH';
	option=${COMP_WORDS[COMP_CWORD-1]}
	# "=" stands among the words, unless it was taken out of COMP_WORDBREAKS.
	case $current:$option in
	=:*) current= joined== ;;
	*:=) option=${COMP_WORDS[COMP_CWORD-2]} joined== ;;
	--*=*:*) option=${current%%=*} joined== prefix=${current%%=*}= current=${current#*=} ;;
	esac
	case ${COMP_WORDS[1]} in
BASH
	foreach my $command (@commands) {
		print "\t$command)\n\t\tcase \$option\$joined in\n";
		foreach my $option (grep { $_->{takes} ne '' } @{$options{$command}}) {
			my @forms = map { $option->{takes} eq '?' ? "$_=" : ($_, /^--/ ? "$_=" : ()) } @{$option->{names}};
			my $reply = @{$option->{words}} ? "__pkgnote_words @{$option->{words}}; " : $option->{file} ? '__pkgnote_files; ' : '';
			print "\t\t", join('|', @forms), ") ${reply}return ;;\n";
		}
		print "\t\tesac\n\t\twords='",
			join(' ', map { my $takes = $_->{takes}; map { /^--/ && $takes eq '=' ? "$_=" : $_ } @{$_->{names}} } @{$options{$command}}), "'";
		print " operands='", join(' ', sort keys %{$operands{$command}}), "'" if $operands{$command};
		print " ;;\n";
	}
	print <<'BASH';
	esac
	case $current in
	-*) __pkgnote_words "$words" ;;
	*)
		if [ "$COMP_CWORD" = 2 ] && [ -n "$operands" ]; then __pkgnote_words "$operands"; fi
		[ -n "${COMPREPLY[*]}" ] || __pkgnote_files
		;;
	esac
}
complete -F _pkgnote pkgnote
BASH
}

sub zsh {
	print "#compdef pkgnote\nlocal -a commands\nlocal command\nif (( CURRENT == 2 )); then\n\tcommands=(\n";
	print "\t\t", quote("$_:$about{$_}"), "\n" foreach @commands;
	print "\t)\n\t_describe command commands\n\treturn\nfi\ncommand=\$words[2]\nshift words\n(( CURRENT-- ))\ncase \$command in\n";
	foreach my $command (@commands) {
		print "$command) _arguments -s \\\n";
		foreach my $option (@{$options{$command}}) {
			my $text = $option->{text} =~ s/([][:\\])/\\$1/gr;
			my $values = @{$option->{words}} ? $option->{list} ? "_values -s , value @{$option->{words}}" : "(@{$option->{words}})"
				: $option->{file} ? '_files' : ' ';
			my %marks = $option->{takes} eq '=' ? (long => '=', short => '+', value => ":value:$values")
				: $option->{takes} eq '?' ? (long => '=-', short => '-', value => "::value:$values") : ();
			foreach my $name (@{$option->{names}}) {
				print "\t", quote("*$name" . ($marks{$name =~ /^--/ ? 'long' : 'short'} // '') . "[$text]" . ($marks{value} // '')), " \\\n";
			}
		}
		my @words = sort keys %{$operands{$command} // {}};
		print "\t", quote('1:operand:' . (@words ? "{ _alternative 'words:what:(@words)' 'files:file:_files' }" : '_files')), " '*:file:_files' ;;\n";
	}
	print "esac\n";
}

sub fish {
	my $escape = sub { "'" . ($_[0] =~ s/([\\'])/\\$1/gr) . "'" };
	print <<'FISH';
# pkgnote(1)
# Whether that many words stand before the one being typed, and the command is the one named.
function __pkgnote_words
	set -l typed (commandline -opc)
	test (count $typed) = $argv[1]; and test (count $argv) = 1 -o "$typed[2]" = "$argv[2]"
end
function __pkgnote_command
	set -l typed (commandline -opc)
	test (count $typed) -gt 1; and test "$typed[2]" = "$argv[1]"
end
FISH
	print "complete -c pkgnote -n '__pkgnote_words 1' -f -a $_ -d ", $escape->($about{$_}), "\n" foreach @commands;
	print "complete -c pkgnote -n '__pkgnote_words 1' -l $_\n" foreach qw(help version);
	foreach my $command (@commands) {
		my $is = "complete -c pkgnote -n '__pkgnote_command $command'";
		foreach my $option (@{$options{$command}}) {
			my $names = join(' ', map { /^--(.*)/ ? "-l $1" : '-s ' . substr($_, 1) } @{$option->{names}});
			my $value = $option->{takes} eq '=' ? ' -r' : '';
			my $words = @{$option->{words}};
			$value .= $words ? " -f -a '@{$option->{words}}'" : $option->{file} ? ' -F' : $option->{takes} ne '' ? ' -f' : '';
			print "$is $names$value -d ", $escape->($option->{text}), "\n";
		}
		print "complete -c pkgnote -n '__pkgnote_words 2 $command' -a $_\n" foreach sort keys %{$operands{$command} // {}};
	}
}

$writers{$shell}->();
