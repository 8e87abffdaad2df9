/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking, and judging each file as it comes: see evidence.h. */
#include "tools/release/evidence.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/base/text.h"

/* A file that came from a server. */
struct opened {
	int fd;
	struct image *image;
	const uint8_t *bytes; /* all of them */
};

static char *open_served(struct opened *out, const char *path)
{
	struct note_error err;
	*out = (struct opened){.fd = open(path, O_RDONLY | O_CLOEXEC)};
	if (out->fd < 0) {
		error_system(&err, "open %s", path);
		return xstrdup(err.text);
	}
	if (image_open_fd(&out->image, out->fd, &err) != NOTE_OK ||
	    (out->bytes = image_bytes(out->image, 0, out->image->size, "file", &err)) == NULL)
		return xstrdup(err.text);
	return NULL;
}

static void close_served(struct opened *opened)
{
	image_close(opened->image);
	if (opened->fd >= 0)
		close(opened->fd);
}

/* --- debuginfo and its alternate file --- */

static void judge_debuginfo(struct served *served, const struct elf_artifact *artifact,
			    struct debug_facts *facts)
{
	struct opened file;
	served->problem = open_served(&file, served->path);
	if (served->problem == NULL) {
		debug_read(facts, artifact, file.image);
		if (facts->problem != NULL)
			served->problem = xstrdup(facts->problem);
	}
	close_served(&file);
}

/* Asks for debuginfo; *FACTS is what the first good file tells. False where none was good. */
static bool ask_debuginfo(struct evidence *evidence, const struct elf_artifact *artifact,
			  struct supply *supply, struct debug_facts *facts)
{
	bool good = false;
	supply_ask(supply, ARTIFACT_DEBUGINFO, artifact->build_id, NULL, &evidence->debuginfo);
	for (size_t i = 0; i < evidence->debuginfo.count; i++) {
		struct served *served = &evidence->debuginfo.items[i];
		struct debug_facts one = {0};
		if (served->outcome != OUTCOME_FOUND)
			continue;
		judge_debuginfo(served, artifact, &one);
		if (served->problem == NULL && !good) {
			*facts = one;
			good = true;
		} else {
			debug_facts_free(&one);
		}
	}
	supply_let_go(supply, &evidence->debuginfo);
	/* Many files share one alternate file: it stays. */
	if (good && facts->alternate_name != NULL)
		supply_ask(supply, ARTIFACT_DEBUGINFO, facts->alternate_id, NULL,
			   &evidence->alternate);
	return good;
}

/* --- executable --- */

static void ask_executable(struct evidence *evidence, const struct elf_artifact *artifact,
			   struct supply *supply)
{
	supply_ask(supply, ARTIFACT_EXECUTABLE, artifact->build_id, NULL, &evidence->executable);
	for (size_t i = 0; i < evidence->executable.count; i++) {
		struct served *served = &evidence->executable.items[i];
		struct opened file;
		char digest[65];
		if (served->outcome != OUTCOME_FOUND || artifact->sha256[0] == '\0')
			continue;
		served->problem = open_served(&file, served->path);
		if (served->problem == NULL && file.image->size != artifact->size)
			served->problem = xasprintf("%llu bytes, the shipped file has %llu",
						    (unsigned long long)file.image->size,
						    (unsigned long long)artifact->size);
		if (served->problem == NULL) {
			sha256_hex(file.bytes, file.image->size, digest);
			if (strcmp(digest, artifact->sha256) != 0)
				served->problem = xstrdup("not the shipped file's bytes");
		}
		close_served(&file);
	}
	supply_let_go(supply, &evidence->executable);
}

/* --- sources --- */

static bool below(const char *path, const char *directory)
{
	return strncmp(path, directory, strlen(directory)) == 0;
}

static bool is_system_path(const char *path)
{
	return below(path, "/usr/include/") || below(path, "/usr/lib/") ||
	       below(path, "/usr/lib64/") || below(path, "/usr/share/");
}

/* Not there when the package was split: nobody can serve it. */
static bool known_missing(const struct manifest *manifest, const char *path)
{
	for (size_t i = 0; manifest != NULL && i < manifest->missing_count; i++)
		if (strcmp(manifest->missing[i].path, path) == 0)
			return true;
	return false;
}

void evidence_take_debuginfo(struct evidence *evidence, const struct debug_facts *facts)
{
	const struct dwarf_sources *all = &facts->sources;
	const int extent = evidence->expectations->sources;
	bool moved = false;
	evidence->debug_size = facts->size;
	if (facts->sources_unknown != NULL) {
		free(evidence->sources_unknown);
		evidence->sources_unknown = xstrdup(facts->sources_unknown);
		return;
	}
	for (size_t i = 0; i < all->count; i++)
		evidence->source_installed += below(all->items[i].original, "/usr/src/debug/");
	moved = evidence->source_installed != 0;
	evidence->sources = xcalloc(all->count + 1, sizeof(*evidence->sources));
	for (size_t i = 0; i < all->count; i++) {
		const struct dwarf_source *source = &all->items[i];
		const char *path = source->original;
		if (!path_is_source(path))
			continue;
		evidence->source_total++;
		if (extent == SOURCES_NONE || (extent == SOURCES_PRIMARY && !source->primary))
			continue;
		struct source_evidence *one = &evidence->sources[evidence->source_count++];
		one->path = xstrdup(path);
		one->has_md5 = source->has_md5;
		memcpy(one->md5, source->md5, sizeof(one->md5));
		one->outside = (moved ? !below(path, "/usr/src/debug/") : is_system_path(path)) ||
			       known_missing(evidence->expectations->manifest, path);
	}
}

/* --- sections --- */

static bool any_problem(const struct servings *servings)
{
	for (size_t i = 0; i < servings->count; i++)
		if (servings->items[i].problem != NULL ||
		    servings->items[i].outcome == OUTCOME_REJECTED)
			return true;
	return false;
}

static void ask_section(struct evidence *evidence, const struct elf_artifact *artifact,
			const struct section_sample *sample, struct supply *supply)
{
	if (sample->name == NULL)
		return;
	struct section_evidence *section = &evidence->sections[evidence->section_count++];
	section->name = xstrdup(sample->name);
	memcpy(section->sha256, sample->sha256, sizeof(section->sha256));
	supply_ask(supply, ARTIFACT_SECTION, artifact->build_id, section->name, &section->servings);
	for (size_t i = 0; i < section->servings.count; i++) {
		struct served *served = &section->servings.items[i];
		struct opened file;
		char digest[65];
		if (served->outcome != OUTCOME_FOUND)
			continue;
		served->problem = open_served(&file, served->path);
		if (served->problem == NULL) {
			sha256_hex(file.bytes, file.image->size, digest);
			if (strcmp(digest, section->sha256) != 0)
				served->problem = xasprintf("%s is not what the whole file has",
							    section->name);
		}
		close_served(&file);
	}
	supply_let_go(supply, &section->servings);
}

static void judge_source(struct served *served, const struct source_evidence *source)
{
	struct opened file;
	uint8_t digest[MD5_SIZE];
	served->problem = open_served(&file, served->path);
	if (served->problem == NULL && source->has_md5) {
		md5(file.bytes, file.image->size, digest);
		if (memcmp(digest, source->md5, sizeof(digest)) != 0)
			served->problem = xstrdup("not what was compiled: its MD5 is not that in "
						  "the line table");
	}
	close_served(&file);
}

/* No server can be asked for a relative name. */
static void ask_sources(struct evidence *evidence, const struct elf_artifact *artifact,
			struct supply *supply)
{
	const size_t count = evidence->source_count;
	struct client_request *requests = xcalloc(count + 1, sizeof(*requests));
	struct servings *answers = xcalloc(count + 1, sizeof(*answers));
	size_t asked = 0;
	for (size_t i = 0; i < count; i++)
		if (evidence->sources[i].path[0] == '/')
			requests[asked++] = (struct client_request){
				ARTIFACT_SOURCE, artifact->build_id, evidence->sources[i].path};
	supply_ask_all(supply, requests, asked, answers);
	asked = 0;
	for (size_t i = 0; i < count; i++) {
		struct source_evidence *source = &evidence->sources[i];
		if (source->path[0] != '/') {
			servings_add(&source->servings, "", OUTCOME_ABSENT, "relative name", NULL);
			continue;
		}
		source->servings = answers[asked++];
		for (size_t s = 0; s < source->servings.count; s++)
			if (source->servings.items[s].outcome == OUTCOME_FOUND)
				judge_source(&source->servings.items[s], source);
		supply_let_go(supply, &source->servings);
	}
	free(requests);
	free(answers);
}

void evidence_gather(struct evidence *evidence, const struct elf_artifact *artifact, unsigned needs,
		     struct supply *supply)
{
	struct debug_facts facts = {0};
	if (evidence->twin != NULL || evidence->blocked != NULL || artifact->build_id[0] == '\0')
		return;
	if (needs & NEED_DEBUGINFO) {
		if (ask_debuginfo(evidence, artifact, supply, &facts))
			evidence_take_debuginfo(evidence, &facts);
		else
			evidence->sources_unknown =
				xstrdup("not known which: there is no good debuginfo");
	}
	if (needs & NEED_EXECUTABLE)
		ask_executable(evidence, artifact, supply);
	if (needs & NEED_SECTIONS) {
		ask_section(evidence, artifact, &facts.sample, supply);
		/* Of a wrong whole file, a wrong section is no news. */
		if (!any_problem(&evidence->debuginfo) && !any_problem(&evidence->executable))
			ask_section(evidence, artifact, &artifact->sample, supply);
	}
	debug_facts_free(&facts);
	if (needs & NEED_SOURCES)
		ask_sources(evidence, artifact, supply);
}

void evidence_free(struct evidence *evidence)
{
	servings_free(&evidence->debuginfo);
	servings_free(&evidence->alternate);
	servings_free(&evidence->executable);
	for (size_t i = 0; i < evidence->source_count; i++) {
		free(evidence->sources[i].path);
		servings_free(&evidence->sources[i].servings);
	}
	for (size_t i = 0; i < evidence->section_count; i++) {
		free(evidence->sections[i].name);
		servings_free(&evidence->sections[i].servings);
	}
	free(evidence->sources);
	free(evidence->sources_unknown);
	*evidence = (struct evidence){0};
}
