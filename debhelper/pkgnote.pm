#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
# The sequence addon: dh $@ --with pkgnote. dh_pkgnote goes in before dh_strip, and dh_strip itself stays where it
# is, so that override_dh_strip and execute_before_dh_strip keep their meaning: what changes is which dh_strip,
# dh_gencontrol and dh_builddeb are found in PATH, by dh and by debian/rules (dh_pkgnote(1), INTERNALS).
package Debian::Debhelper::DH::AddonAPI;
use strict;
use warnings;
use Cwd qw(realpath);
use Debian::Debhelper::Dh_Lib qw(error);
use Debian::Debhelper::PackageNote qw(out_of_it);

return 1 if out_of_it();
my ($command) = grep { -x } map { "$_/dh_pkgnote" } split(/:/, $ENV{PATH});
error('the addon pkgnote finds no dh_pkgnote in PATH') if not $command;
my $instead = realpath($command) =~ s{/bin/[^/]+$}{/share/pkgnote/debhelper}r;
error("the addon pkgnote finds no $instead/dh_strip") if not -x "$instead/dh_strip";
$ENV{PATH} = join(':', $instead, grep { $_ ne $instead } split(/:/, $ENV{PATH}));

$ENV{DH_PKGNOTE_BY_DH} = 1;

# Where no command dh_strip is (an addon removed it, or it is not for these packages), files are stamped still.
insert_before('dh_strip', 'dh_pkgnote') or insert_before('dh_makeshlibs', 'dh_pkgnote');

1;
