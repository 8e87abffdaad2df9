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

my (@commands, %about, %options);
foreach (help()) {
	next if not /^  ([a-z][a-z-]*) +(.*)$/;
	push(@commands, $1);
	$about{$1} = $2;
}
@commands or die("completion.pl: $pkgnote --help names no command\n");

# Of an option: its name, "" or "=" (a value) or "?" (a value or none), the value's words, or FILE, and what it does.
foreach my $command (@commands) {
	my $option;
	foreach (help($command)) {
		if (/^  (?:-\w, |    )(--[a-z][a-z-]*)(\[?=)?(\S*) *(.*)$/) {
			my ($name, $takes, $value, $text) = ($1, $2 // '', $3, $4);
			$value =~ s/\]$//;
			$option = {name => $name, takes => $takes eq '[=' ? '?' : $takes, words => [], text => $text,
				file => scalar($value =~ /FILE|DIR|SHARE/)};
			$option->{words} = [split(/\|/, $value)] if $value =~ /^[a-z0-9-]+(?:\|[a-z0-9-]+)+$/;
			push(@{$options{$command}}, $option);
		} elsif ($option and /^ {20,}(\S.*)$/) {
			$option->{text} .= ($option->{text} eq '' ? '' : ' ') . $1;
		} else {
			undef($option);
		}
	}
}

sub quote {
	my ($text) = @_;
	return "'" . ($text =~ s/'/'\\''/gr) . "'";
}

sub bash {
	print "# pkgnote(1)\n_pkgnote() {\n",
		"\tlocal current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=\n\tCOMPREPLY=()\n",
		"\tif [ \"\$COMP_CWORD\" = 1 ]; then\n",
		"\t\tCOMPREPLY=(\$(compgen -W \"@commands --help --version\" -- \"\$current\"))\n\t\treturn\n\tfi\n",
		"\t# \"=\" stands among the words, unless it was taken out of COMP_WORDBREAKS.\n",
		"\tif [ \"\$current\" = = ]; then current=; elif [ \"\$previous\" = = ]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi\n",
		"\tcase \${COMP_WORDS[1]} in\n";
	foreach my $command (@commands) {
		print "\t$command)\n\t\tcase \$previous in\n";
		foreach (@{$options{$command}}) {
			my $source = @{$_->{words}} ? qq(-W "@{$_->{words}}") : $_->{file} ? '-f' : next;
			print "\t\t$_->{name}) COMPREPLY=(\$(compgen $source -- \"\$current\")); return ;;\n";
		}
		print "\t\tesac\n\t\twords=\"", join(' ', map { $_->{name} } @{$options{$command}}), "\" ;;\n";
	}
	print "\tesac\n\tcase \$current in\n\t-*) COMPREPLY=(\$(compgen -W \"\$words\" -- \"\$current\")) ;;\n",
		"\t*) COMPREPLY=(\$(compgen -f -- \"\$current\")) ;;\n\tesac\n}\n",
		"complete -o filenames -F _pkgnote pkgnote\n";
}

sub zsh {
	print "#compdef pkgnote\nlocal -a commands\nlocal command\nif (( CURRENT == 2 )); then\n\tcommands=(\n";
	print "\t\t", quote("$_:$about{$_}"), "\n" foreach @commands;
	print "\t)\n\t_describe command commands\n\treturn\nfi\ncommand=\$words[2]\nshift words\n(( CURRENT-- ))\ncase \$command in\n";
	foreach my $command (@commands) {
		print "$command) _arguments -s \\\n";
		foreach (@{$options{$command}}) {
			my $text = $_->{text} =~ s/([][:])/\\$1/gr;
			my $values = @{$_->{words}} ? "(@{$_->{words}})" : $_->{file} ? '_files' : ' ';
			my $name = $_->{name} . ($_->{takes} eq '=' ? '=' : $_->{takes} eq '?' ? '=-' : '');
			my $value = $_->{takes} eq '=' ? ":value:$values" : $_->{takes} eq '?' ? "::value:$values" : '';
			print "\t", quote("*$name" . "[$text]$value"), " \\\n";
		}
		print "\t'*:file:_files' ;;\n";
	}
	print "esac\n";
}

sub fish {
	my $escape = sub { "'" . ($_[0] =~ s/([\\'])/\\$1/gr) . "'" };
	print "# pkgnote(1)\n";
	print "complete -c pkgnote -n __fish_use_subcommand -f -a $_ -d ", $escape->($about{$_}), "\n" foreach @commands;
	foreach my $command (@commands) {
		foreach (@{$options{$command}}) {
			my $value = $_->{takes} eq '=' ? ' -r' : '';
			$value .= @{$_->{words}} ? " -f -a '@{$_->{words}}'" : $_->{file} ? ' -F' : '';
			print "complete -c pkgnote -n '__fish_seen_subcommand_from $command' -l ", substr($_->{name}, 2), $value,
				' -d ', $escape->($_->{text}), "\n";
		}
	}
}

$writers{$shell}->();
