/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checks of verify as what they are: functions of facts and answers. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tools/release/checks/check.h"

#define ID "0123456789abcdef0123456789abcdef01234567"

static struct expectations expectations;

/* A shipped file as it should be; strings are literals, so it is never freed. */
static struct elf_artifact shipped(void)
{
	struct elf_artifact artifact = {.input = "t.deb", .kind = KIND_LINKED};
	static char path[] = "/usr/bin/t", link[] = "t.debug";
	static char payload[] = "{\"type\":\"deb\",\"name\":\"t\",\"version\":\"1-2\","
				"\"architecture\":\"amd64\"}";
	artifact.path = path;
	artifact.debuglink = link;
	artifact.payload = payload;
	strcpy(artifact.build_id, ID);
	return artifact;
}

static struct evidence nothing(void)
{
	return (struct evidence){.expectations = &expectations};
}

static enum verdict judge(const struct check *check, const struct elf_artifact *artifact,
			  const struct evidence *evidence, const char *says)
{
	struct finding finding = {0};
	check->judge(artifact, evidence, &finding);
	const enum verdict verdict = finding.verdict;
	CU_ASSERT_PTR_NOT_NULL_FATAL(finding.reason);
	CU_ASSERT_PTR_NOT_NULL(strstr(finding.reason, says));
	finding_free(&finding);
	return verdict;
}

/* --- how answers make a verdict --- */

static enum verdict of_answers(const char *problem, size_t count, const enum outcome *outcomes)
{
	struct servings servings = {0};
	struct finding finding = {0};
	for (size_t i = 0; i < count; i++) {
		struct served *served = servings_add(&servings, "http://s", outcomes[i], "", NULL);
		if (problem != NULL && outcomes[i] == OUTCOME_FOUND)
			served->problem = xstrdup(problem);
	}
	finding_from_servings(&finding, &servings, "thing");
	const enum verdict verdict = finding.verdict;
	CU_ASSERT_EQUAL(finding.server_count, count);
	CU_ASSERT_EQUAL(finding.absence, verdict == VERDICT_MISSING);
	finding_free(&finding);
	servings_free(&servings);
	return verdict;
}
#define OF(problem, ...)                                                                  \
	of_answers(problem, sizeof((enum outcome[]){__VA_ARGS__}) / sizeof(enum outcome), \
		   (enum outcome[]){__VA_ARGS__})

static void test_answers_make_a_verdict(void)
{
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_FOUND), VERDICT_PASS);
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_ABSENT), VERDICT_MISSING);
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_UNAVAILABLE), VERDICT_UNREACHABLE);
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_AUTH), VERDICT_UNREACHABLE);
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_TOO_LARGE), VERDICT_UNREACHABLE);
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_REJECTED), VERDICT_FAIL);
	CU_ASSERT_EQUAL(OF("wrong", OUTCOME_FOUND), VERDICT_FAIL);
}

static void test_several_servers(void)
{
	/* A mirror that lacks it does no harm where another has it; a wrong one does. */
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_ABSENT, OUTCOME_FOUND), VERDICT_PASS);
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_UNAVAILABLE, OUTCOME_FOUND), VERDICT_PASS);
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_FOUND, OUTCOME_REJECTED), VERDICT_FAIL);
	/* Down is not missing, even where others lack it. */
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_ABSENT, OUTCOME_UNAVAILABLE), VERDICT_UNREACHABLE);
	CU_ASSERT_EQUAL(OF(NULL, OUTCOME_ABSENT, OUTCOME_ABSENT), VERDICT_MISSING);
}

/* --- each check --- */

static void test_note(void)
{
	struct elf_artifact artifact = shipped();
	struct evidence evidence = nothing();
	static char text[] = "t", version[] = "1-2", other[] = "1-3", arch[] = "amd64",
		    all[] = "all";
	struct package_facts package = {"deb", text, version, NULL, NULL, arch, false};
	CU_ASSERT_EQUAL(judge(&note_check, &artifact, &evidence, "name"), VERDICT_PASS);
	artifact.package = &package;
	CU_ASSERT_EQUAL(judge(&note_check, &artifact, &evidence, ""), VERDICT_PASS);
	package.version = other;
	CU_ASSERT_EQUAL(judge(&note_check, &artifact, &evidence, "\"1-2\""), VERDICT_FAIL);
	package.source_version = version; /* a rebuild: the note has the source's version */
	CU_ASSERT_EQUAL(judge(&note_check, &artifact, &evidence, ""), VERDICT_PASS);
	package.architecture = all;
	CU_ASSERT_EQUAL(judge(&note_check, &artifact, &evidence, ""), VERDICT_PASS);
	package.type = "rpm";
	CU_ASSERT_EQUAL(judge(&note_check, &artifact, &evidence, "type"), VERDICT_FAIL);
	artifact.package = NULL;
	artifact.payload = NULL;
	CU_ASSERT_EQUAL(judge(&note_check, &artifact, &evidence, "no package note"), VERDICT_FAIL);
	artifact.note_unknown = true;
	CU_ASSERT_EQUAL(judge(&note_check, &artifact, &evidence, ""), VERDICT_SKIPPED);
}

static void test_expected_keys(void)
{
	struct elf_artifact artifact = shipped();
	struct expectations wanted = {0};
	struct evidence evidence = {.expectations = &wanted};
	strings_add(&wanted.expect, "version=1-2");
	CU_ASSERT_EQUAL(judge(&note_check, &artifact, &evidence, ""), VERDICT_PASS);
	strings_add(&wanted.expect, "os=debian");
	CU_ASSERT_EQUAL(judge(&note_check, &artifact, &evidence, "no \"os\""), VERDICT_FAIL);
	strings_free(&wanted.expect);
}

static void test_build_id(void)
{
	struct elf_artifact artifact = shipped();
	struct evidence evidence = nothing();
	CU_ASSERT_EQUAL(judge(&build_id_check, &artifact, &evidence, ID), VERDICT_PASS);
	evidence.twin = "/usr/bin/u";
	CU_ASSERT_EQUAL(judge(&build_id_check, &artifact, &evidence, "/usr/bin/u"), VERDICT_FAIL);
	/* Then what is served for the id proves nothing. */
	CU_ASSERT_EQUAL(judge(&debuginfo_check, &artifact, &evidence, "/usr/bin/u"),
			VERDICT_SKIPPED);
	evidence.twin = NULL;
	artifact.build_id[0] = '\0';
	CU_ASSERT_EQUAL(judge(&build_id_check, &artifact, &evidence, "no build-id"), VERDICT_FAIL);
	CU_ASSERT_EQUAL(judge(&executable_check, &artifact, &evidence, "no build-id"),
			VERDICT_SKIPPED);
}

static void test_stripped(void)
{
	struct elf_artifact artifact = shipped();
	struct evidence evidence = nothing();
	static char section[] = ".debug_info";
	CU_ASSERT_EQUAL(judge(&stripped_check, &artifact, &evidence, "t.debug"), VERDICT_PASS);
	artifact.debug_section = section;
	CU_ASSERT_EQUAL(judge(&stripped_check, &artifact, &evidence, section), VERDICT_FAIL);
	artifact.debug_section = NULL;
	artifact.debuglink = NULL;
	servings_add(&evidence.debuginfo, "http://s", OUTCOME_FOUND, "", NULL);
	CU_ASSERT_EQUAL(judge(&stripped_check, &artifact, &evidence, "served"), VERDICT_PASS);
	evidence.debuginfo.items[0].outcome = OUTCOME_UNAVAILABLE;
	CU_ASSERT_EQUAL(judge(&stripped_check, &artifact, &evidence, ""), VERDICT_UNREACHABLE);
	evidence.debuginfo.items[0].outcome = OUTCOME_ABSENT;
	CU_ASSERT_EQUAL(judge(&stripped_check, &artifact, &evidence, "vanished"), VERDICT_FAIL);
	servings_free(&evidence.debuginfo);
}

static void test_alternate(void)
{
	struct elf_artifact artifact = shipped();
	struct evidence evidence = nothing();
	servings_add(&evidence.debuginfo, "http://s", OUTCOME_FOUND, "", NULL);
	CU_ASSERT_EQUAL(judge(&debuginfo_check, &artifact, &evidence, ""), VERDICT_PASS);
	servings_add(&evidence.alternate, "http://s", OUTCOME_ABSENT, "", NULL);
	CU_ASSERT_EQUAL(judge(&debuginfo_check, &artifact, &evidence, "alternate"),
			VERDICT_MISSING);
	servings_free(&evidence.debuginfo);
	servings_free(&evidence.alternate);
}

static void test_sources(void)
{
	struct elf_artifact artifact = shipped();
	struct evidence evidence = nothing();
	static char ours[] = "/usr/src/debug/t/t.c", theirs[] = "/usr/lib/crt.c";
	struct source_evidence sources[2] = {{.path = ours}, {.path = theirs, .outside = true}};
	expectations.sources = SOURCES_PRIMARY;
	evidence.sources = sources;
	evidence.source_count = evidence.source_total = 2;
	servings_add(&sources[0].servings, "http://s", OUTCOME_FOUND, "", NULL);
	servings_add(&sources[1].servings, "http://s", OUTCOME_ABSENT, "", NULL);
	CU_ASSERT_EQUAL(judge(&source_check, &artifact, &evidence, theirs), VERDICT_PASS);
	sources[0].servings.items[0].outcome = OUTCOME_ABSENT;
	CU_ASSERT_EQUAL(judge(&source_check, &artifact, &evidence, ours), VERDICT_MISSING);
	sources[0].servings.items[0].outcome = OUTCOME_UNAVAILABLE;
	CU_ASSERT_EQUAL(judge(&source_check, &artifact, &evidence, ours), VERDICT_UNREACHABLE);
	sources[0].outside = true;
	CU_ASSERT_EQUAL(judge(&source_check, &artifact, &evidence, "own"), VERDICT_SKIPPED);
	expectations.sources = SOURCES_NONE;
	CU_ASSERT_EQUAL(judge(&source_check, &artifact, &evidence, "--sources=none"),
			VERDICT_SKIPPED);
	servings_free(&sources[0].servings);
	servings_free(&sources[1].servings);
}

static void test_roles(void)
{
	CU_ASSERT_EQUAL(artifact_role("/usr/bin/x"), ROLE_SHIPPED);
	CU_ASSERT_EQUAL(artifact_role("usr/lib/debug/x"), ROLE_DEBUG);
	CU_ASSERT_EQUAL(artifact_role("/tmp/root/usr/lib/debug/x"), ROLE_DEBUG);
	CU_ASSERT_EQUAL(artifact_role("/usr/lib/debugger/x"), ROLE_SHIPPED);
	CU_ASSERT_EQUAL(artifact_role("/usr/bin/x.debug"), ROLE_DEBUG);
	CU_ASSERT_EQUAL(artifact_role("/usr/src/debug/t/x"), ROLE_SOURCE);
	CU_ASSERT_EQUAL(artifact_role("/myusr/lib/debug/x"), ROLE_SHIPPED);
	CU_ASSERT_EQUAL(artifact_role(".debug"), ROLE_SHIPPED);
}

UNIT_SUITE(checks, UNIT_TEST(test_answers_make_a_verdict), UNIT_TEST(test_several_servers),
	   UNIT_TEST(test_note), UNIT_TEST(test_expected_keys), UNIT_TEST(test_build_id),
	   UNIT_TEST(test_stripped), UNIT_TEST(test_alternate), UNIT_TEST(test_sources),
	   UNIT_TEST(test_roles))
