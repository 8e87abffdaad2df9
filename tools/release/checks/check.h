/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A check: an artifact and what the servers gave for it, in; a verdict with its reason, out.
 * Checks ask nobody and know nothing of each other; evidence.c has asked before.
 */
#ifndef RELEASE_CHECKS_CHECK_H
#define RELEASE_CHECKS_CHECK_H

#include "tools/release/artifact.h"
#include "tools/release/supply.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,        /* there, and wrong */
	VERDICT_MISSING,     /* no server has it */
	VERDICT_UNREACHABLE, /* not known: who might have it cannot be asked */
	VERDICT_SKIPPED,     /* cannot or need not be judged: the reason says why */
	VERDICTS,
};

const char *verdict_word(enum verdict verdict);

/* What one server said about one check. */
struct said {
	char *url;
	char *answer;
};

struct finding {
	enum verdict verdict;
	bool absence; /* what is wrong is that something is not there: --allow may excuse it */
	char *reason;
	struct said *servers;
	size_t server_count;
};

/* Sets verdict and reason, in place of what was there. */
void finding_set(struct finding *finding, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void finding_free(struct finding *finding);

/* How many of a unit's files are asked for. */
enum source_extent { SOURCES_NONE, SOURCES_PRIMARY, SOURCES_ALL };

/* What the user expects, the same for all artifacts. */
struct expectations {
	struct strings expect;           /* "KEY=VALUE", of the note */
	int sources;                     /* an enum source_extent */
	const struct manifest *manifest; /* of the split, or NULL */
	const struct manifest *since;    /* of the last release, or NULL */
};

#define SECTION_SAMPLES 3 /* two of the debug file, one of the shipped file */

/* One section that the server was asked for by its name. */
struct section_evidence {
	char *name;
	char sha256[65];
	struct servings servings;
};

/* Everything that was gathered for one artifact. */
struct evidence {
	const struct expectations *expectations;
	const char *twin;           /* another file with this build-id and other bytes, or NULL */
	const char *blocked;        /* why nothing was asked for, or NULL */
	enum verdict block_verdict; /* what that comes to: skipped or unreachable */
	const char *debug_only;     /* why only debuginfo was looked for, or NULL */
	struct servings debuginfo;
	struct servings alternate; /* of .gnu_debugaltlink; asked where DEBUGINFO has one */
	struct servings executable;
	struct source_evidence *sources; /* those asked for */
	size_t source_count;
	size_t source_total;     /* all that the debug information names */
	size_t source_installed; /* of them below /usr/src/debug */
	char *sources_unknown;   /* why it is not known which sources there are, or NULL */
	char *lost;              /* see struct debug_facts, or NULL */
	uint64_t debug_size;     /* of the good debug file, 0 where there is none */
	struct section_evidence sections[SECTION_SAMPLES];
	size_t section_count;
};

/* One source file that the debug information names. */
struct source_evidence {
	char *path; /* absolute */
	bool has_md5;
	uint8_t md5[16];
	bool outside; /* not what a package installs: its absence is told, not held against it */
	struct servings servings;
};

enum need { NEED_DEBUGINFO = 1, NEED_EXECUTABLE = 2, NEED_SOURCES = 4, NEED_SECTIONS = 8 };

struct check {
	const char *name;
	const char *meaning; /* what passes, in a few words */
	unsigned needs;      /* enum need, or-ed: what evidence it judges by */
	/* NULL: it is not of files, and the recipe has a stage for it. */
	void (*judge)(const struct elf_artifact *artifact, const struct evidence *evidence,
		      struct finding *finding);
};

/* All checks, sorted by name. */
extern const struct check *const all_checks[];
extern const size_t all_check_count;

extern const struct check build_id_check;
extern const struct check debuginfo_check;
extern const struct check empty_check; /* of inputs; nobody chooses it */
extern const struct check executable_check;
extern const struct check note_check;
extern const struct check parallel_check; /* of packages, not of files: see parallel.c */
extern const struct check section_check;
extern const struct check since_check;
extern const struct check source_check;
extern const struct check stripped_check;

/* For checks that need a build-id to ask by: true, and FINDING set, where there was nothing to
 * ask by or nobody to ask. */
bool finding_blocked(const struct elf_artifact *artifact, const struct evidence *evidence,
		     struct finding *finding);

/* True, and FINDING set, where what its debug file should hold lies in files of the build. */
bool finding_lost(const struct evidence *evidence, struct finding *finding);

/* Merges what the servers said into one verdict, and lists it: one wrong answer is a failure, even
 * where another is right (a debugger takes the first); one right answer passes; an answer that
 * could not be had is unreachable; else it is missing. WHAT names it in the reason. */
void finding_from_servings(struct finding *finding, const struct servings *servings,
			   const char *what);

#endif
