# SPDX-License-Identifier: LGPL-2.1-or-later
# pkgnote-verify(1), IN A PIPELINE: its snippets, taken from the page itself. Their shell parts run as the site would run
# them, green and then red; what they are written in is read by a parser of that language where one is there.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../rpm.sh"
. "$(dirname "$0")/../judges.sh"
. "$(dirname "$0")/../rpm_projects.sh"
PATH=$(dirname "$PKGNOTE"):$PATH

# snippet NAME: what the page shows under that name, as a reader would copy it.
snippet() {
	sed -n "/^\.\\\\\" run $1\$/,/^\.EE/p" "$TOP/man/pkgnote-verify.1" | sed -e '/^\./d' -e 's/\\-/-/g' -e 's/\\e/\\/g' >"snippet.$1"
	[ -s "snippet.$1" ] || fail "the page has no snippet $1"
}

# yaml_steps FILE KEYS: the commands of a YAML document in their order, a file ./step.N each.
yaml_steps() {
	need python3
	python3 -c 'import yaml' 2>/dev/null || skip "no YAML parser for python3 on this machine (python3-yaml)"
	python3 - "$1" <<-'P'
	import sys, yaml
	document = yaml.safe_load(open(sys.argv[1]))
	steps = []
	for name, job in (document.get("jobs") or document).items():
	    if not isinstance(job, dict): continue
	    if job.get("script"): steps.append("\n".join(job["script"]))
	    steps += [s["run"] for s in job.get("steps", []) if "run" in s]
	assert len(steps) == 2, steps
	for n, step in enumerate(steps): open(f"step.{n}", "w").write(step + "\n")
	P
}
run() { bash -eo pipefail "$@"; }

debs() { # dist: a program's package and its debug package; what a pipeline has in its environment
	need dpkg-deb eu-strip gcc readelf
	mkdir -p p/DEBIAN p/usr/bin d/DEBIAN d/usr/lib/debug/.build-id dist
	echo 'int main(void) { return 0; } /* t */' >t.c
	gcc -g "-ffile-prefix-map=$PWD=/src" -Wl,--build-id "$PAGE_ONE" -Xlinker '--package-metadata={"type":"deb","name":"t","version":"1-1","architecture":"amd64"}' -o t "$PWD/t.c"
	ID=$(readelf -n t 2>/dev/null | sed -n 's/.*Build ID: //p' | head -1)
	mkdir d/usr/lib/debug/.build-id/${ID:0:2}
	eu-strip -f d/usr/lib/debug/.build-id/${ID:0:2}/${ID:2}.debug -o p/usr/bin/t t
	printf '%s\n' 'Package: t' 'Version: 1-1' 'Architecture: amd64' 'Maintainer: T <t@example.org>' 'Description: t' >p/DEBIAN/control
	printf '%s\n' 'Package: t-dbgsym' 'Source: t' 'Version: 1-1' 'Auto-Built-Package: debug-symbols' 'Architecture: amd64' 'Section: debug' \
		'Depends: t (= 1-1)' 'Maintainer: T <t@example.org>' "Build-Ids: $ID" 'Description: t' >d/DEBIAN/control
	dpkg-deb --root-owner-group -b p dist/t_1-1_amd64.deb >/dev/null
	dpkg-deb --root-owner-group -b d dist/t-dbgsym_1-1_amd64.deb >/dev/null
	export SHARE=$PWD/share DEBUGINFOD_URLS=file://$PWD/share AWS_TOKEN=jwt CERT='a certificate' KEY='a key' DEBUG_CERT=$PWD/cert DEBUG_KEY=$PWD/key
	echo "$CERT" >cert; echo "$KEY" >key
}
# The source is in no package: what would be told of it is not the matter here.
without_sources() { sed -i -E 's/pkgnote verify --(server|shard)/pkgnote verify --sources=none --\1/' "$@"; }
spoil() { rm "share/packages/t-dbgsym-1-1.amd64/buildid/$ID/debuginfo" "share/buildid/$ID/debuginfo"; }

# README's table has of each site the line that the page has.
readme() {
	need python3
	local n
	for n in gitlab-ci.yml github.yml Jenkinsfile tally.spec koji.sh sbuildrc; do snippet $n; done
	python3 - "$TOP/README.md" <<-'P'
	import glob, re, sys
	page = " ".join(" ".join(open(f).read().replace("\\\n", " ") for f in glob.glob("snippet.*")).split())
	rows = re.findall(r"^\| (GitLab|GitHub|Jenkins|OBS, in `%check`|koji|sbuild) \| `(.*)` \|$", open(sys.argv[1]).read(), re.M)
	assert len(rows) == 6, rows
	for site, line in rows: assert line in page, f"{site}: no snippet has: {line}"
	P
}
check "README's last steps are those of the page" readme

gitlab() {
	debs
	snippet gitlab-ci.yml
	yaml_steps snippet.gitlab-ci.yml
	without_sources step.1
	run step.0 && run step.1
	[ -s verify.xml ]; same "$(python3 -c 'import json; print(json.load(open("verify.json")))')" '[]'
	spoil
	status 1 run step.1
	says verify.json '/usr/bin/t'
	says verify.xml '<failure'
}
check "GitLab: publish and verify" gitlab

# The same by a runner of GitLab's pipelines: gitlab-ci-local out of the npm registry, jobs by the shell.
gitlab_runner() {
	npm_program gitlab-ci-local 4.72.0
	need git
	debs
	snippet gitlab-ci.yml
	{ echo 'stages: [build, test]'; cat snippet.gitlab-ci.yml; } >.gitlab-ci.yml
	without_sources .gitlab-ci.yml; sed -i 's/--wait=120/--wait=1/' .gitlab-ci.yml
	git init -q . && git config user.name T && git config user.email t@example.org && git remote add origin git@gitlab.example.org:t/t.git
	git add .gitlab-ci.yml && git commit -qm t
	local_run() {
		HOME=$PWD node "$NPM_PROGRAM/node_modules/gitlab-ci-local/dist/index.js" --cwd . --no-color --variable "SHARE=$SHARE" --variable "DEBUGINFOD_URLS=$DEBUGINFOD_URLS" \
			--variable "DEBUG_CERT=$DEBUG_CERT" --variable "DEBUG_KEY=$DEBUG_KEY" --variable "AWS_TOKEN=jwt" >runner.log 2>&1
	}
	local_run || { tail -n 30 runner.log >&2; return 1; }
	says runner.log 'PASS.*verify'
	same "$(python3 -c 'import json; print(json.load(open("verify.json")))')" '[]'
	# Users ask elsewhere than where it was published.
	mkdir empty; DEBUGINFOD_URLS=file://$PWD/empty
	! local_run
	says runner.log 'FAIL.*verify'
	says verify.json '/usr/bin/t'
}
check "GitLab: the whole file by a runner" gitlab_runner

gitlab_in_parts() {
	debs
	pkgnote publish -q --into=share dist/*
	snippet gitlab-parts.yml
	yaml_steps snippet.gitlab-parts.yml
	without_sources step.0
	for n in 1 2 3 4; do CI_NODE_INDEX=$n CI_NODE_TOTAL=4 run step.0; done
	status 0 run step.1
	says out '^1 file'
	spoil
	for n in 1 2 3 4; do CI_NODE_INDEX=$n CI_NODE_TOTAL=4 run step.0; done
	status 1 run step.1
	says out 'missing +debuginfo +/usr/bin/t'
	rm part-2.json
	status 3 run step.1
}
check "GitLab: in parts" gitlab_in_parts

github() {
	debs
	snippet github.yml
	yaml_steps snippet.github.yml
	without_sources step.1
	run step.0 && run step.1
	same "$(stat -c %a client.key)" 600
	spoil
	status 1 run step.1
	says out '^::error .*debuginfo'
	python3 -c 'import json; r = json.load(open("verify.sarif"))["runs"][0]["results"]; assert any(x["ruleId"] == "debuginfo" for x in r), r'
	says verify.html '/usr/bin/t'
}
check "GitHub: publish and verify" github

jenkins() {
	debs
	snippet Jenkinsfile
	# Each opening bracket has its end.
	python3 -c 'import sys; t = open("snippet.Jenkinsfile").read(); assert all(t.count(a) == t.count(b) for a, b in ("{}", "()", "[]")) and t.count("\x27") % 2 == 0'
	sed -n "s/^ *sh '\(.*\)'\$/\1/p" snippet.Jenkinsfile >steps
	same "$(wc -l <steps)" 2
	without_sources steps
	export CERT=$PWD/cert KEY=$PWD/key
	run steps
	spoil
	sed -i 1d steps
	status 1 run steps
	says verify.xml '<failure'
}
check "Jenkins: publish and verify" jenkins

rpms() {
	rpm_ready
	project_tally 1.0 1
	snippet tally.spec
	# Behind %install, before the files.
	awk '/^%files/ && !done { while ((getline line < "snippet.tally.spec") > 0) print line; print ""; done = 1 } { print }' tally.spec >with.spec
	PATH=$WORK/installed/bin:$PATH rpm_builds good with.spec
	says good.log 'files?, [0-9]+ checks: [0-9]+ pass'
	sed 's/^pkgnote verify/rm -r %{buildroot}\/usr\/lib\/debug\n&/' with.spec >spoilt.spec
	if PATH=$WORK/installed/bin:$PATH rpm_build bad spoilt.spec; then fail "green without debug files"; fi
	says bad.log '(missing|unreachable|fail) +(debuginfo|stripped)'

	# koji hands over what was built.
	snippet koji.sh
	mkdir bin there
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n[ "$1 $2 $3" = "download-build --debuginfo tally-1.0-1" ] && cp ../good/RPMS/*/*.rpm .\n' >bin/koji
	chmod 755 bin/koji
	(cd there && PATH=$OLDPWD/bin:$PATH NVR=tally-1.0-1 run ../snippet.koji.sh) >koji.out 2>&1 || { cat koji.out >&2; return 1; }
	says koji.out 'pass'
	rm there/*; printf '#!/bin/sh\ncp ../good/RPMS/*/tally-1*.rpm .\n' >bin/koji
	if (cd there && PATH=$OLDPWD/bin:$PATH NVR=tally-1.0-1 run ../snippet.koji.sh) >koji.out 2>&1; then fail "green without debug packages"; fi
}
check "OBS and koji: in the spec file, and after the build" rpms

sbuild() {
	need perl
	debs
	snippet sbuildrc
	perl -c snippet.sbuildrc 2>perl.err || { cat perl.err >&2; return 1; }
	perl -e 'our $external_commands; do "./snippet.sbuildrc" or die; for (@{$external_commands->{"post-build-commands"}}) { print join("\0", @$_, "") }' >words
	{
		printf 'Format: 1.8\nChecksums-Sha256:\n'
		for f in dist/*.deb; do echo " $(sha256sum <"$f" | cut -d' ' -f1) $(stat -c %s "$f") ${f#dist/}"; done
	} >dist/t_1-1_amd64.changes
	mapfile -d '' -t command <words
	status 0 "${command[@]/\%SBUILD_CHANGES/dist/t_1-1_amd64.changes}"
	rm dist/t-dbgsym*
	status 3 "${command[@]/\%SBUILD_CHANGES/dist/t_1-1_amd64.changes}"
	says err 't-dbgsym_1-1_amd64.deb: open'
}
check "sbuild: a command after the build" sbuild
finish
