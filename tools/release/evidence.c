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

/* --- judging what came --- */

static void judge_debuginfo(void *context, struct served *served)
{
	struct gathering *item = context;
	struct debug_facts facts = {0};
	struct opened file;
	served->problem = open_served(&file, served->path);
	if (served->problem == NULL) {
		debug_read(&facts, item->artifact, file.image);
		if (facts.problem != NULL)
			served->problem = xstrdup(facts.problem);
	}
	close_served(&file);
	if (served->problem == NULL && !item->good) {
		item->facts = facts;
		item->good = true;
	} else {
		debug_facts_free(&facts);
	}
}

/* Of copies of one program, which differ in nothing that is loaded, one is served. */
static bool is_one_of(const struct elf_artifact *artifact, const char *digest)
{
	bool found = strcmp(digest, artifact->sha256) == 0;
	for (size_t i = 0; !found && i < artifact->copy_count; i++)
		found = strcmp(digest, artifact->copies[i]->sha256) == 0;
	return found;
}

static void judge_executable(void *context, struct served *served)
{
	const struct gathering *item = context;
	const struct elf_artifact *artifact = item->artifact;
	struct opened file;
	char digest[65];
	if (artifact->sha256[0] == '\0')
		return; /* a bare build-id, which the client has compared */
	served->problem = open_served(&file, served->path);
	if (served->problem == NULL)
		sha256_hex(file.bytes, file.image->size, digest);
	if (served->problem == NULL && !is_one_of(artifact, digest))
		served->problem = file.image->size != artifact->size
					  ? xasprintf("%llu bytes, the shipped file has %llu",
						      (unsigned long long)file.image->size,
						      (unsigned long long)artifact->size)
					  : xstrdup("not the shipped file's bytes");
	close_served(&file);
}

static bool is_page(const struct opened *file)
{
	char beginning[PAGE_BEGINNING + 1] = "";
	const size_t size = (size_t)file->image->size;
	memcpy(beginning, file->bytes, size < PAGE_BEGINNING ? size : PAGE_BEGINNING);
	return page_begins(beginning);
}

static void judge_section(void *context, struct served *served)
{
	const struct section_evidence *section = context;
	struct opened file;
	char digest[65];
	served->problem = open_served(&file, served->path);
	if (served->problem == NULL) {
		sha256_hex(file.bytes, file.image->size, digest);
		if (strcmp(digest, section->sha256) == 0) {
			/* It is the one. */
		} else if (is_page(&file)) {
			free(served->text);
			served->outcome = OUTCOME_AUTH;
			served->text = xstrdup("a web page came, as if to sign in");
		} else
			served->problem =
				xasprintf("%s is not what the whole file has", section->name);
	}
	close_served(&file);
}

bool evidence_is_compiled(const struct source_evidence *source, const void *bytes, size_t size)
{
	uint8_t digest[MD5_SIZE];
	bool same = true, reversed = true;
	if (!source->has_md5)
		return true;
	md5(bytes, size, digest);
	for (size_t i = 0; i < MD5_SIZE; i++) {
		same = same && source->md5[i] == digest[i];
		reversed = reversed && source->md5[MD5_SIZE - 1 - i] == digest[i];
	}
	return same || reversed;
}

static void judge_source(void *context, struct served *served)
{
	const struct source_evidence *source = context;
	struct opened file;
	served->problem = open_served(&file, served->path);
	if (served->problem == NULL && !evidence_is_compiled(source, file.bytes, file.image->size))
		served->problem = xstrdup("not what was compiled: its MD5 is not that in "
					  "the line table");
	close_served(&file);
}

/* --- which sources count --- */

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
	if (facts->lost != NULL && evidence->lost == NULL)
		evidence->lost = xstrdup(facts->lost);
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

/* --- asking --- */

struct questions {
	struct question *items;
	size_t count;
	size_t room;
};

static struct question *add_question(struct questions *questions, enum artifact kind,
				     const char *build_id, const char *name,
				     struct servings *answers)
{
	if (questions->count == questions->room) {
		questions->room = questions->room != 0 ? 2 * questions->room : 64;
		questions->items =
			xrealloc(questions->items, questions->room * sizeof(*questions->items));
	}
	struct question *question = &questions->items[questions->count++];
	*question = (struct question){
		.kind = kind, .build_id = build_id, .name = name, .answers = answers};
	return question;
}

static bool is_asked(const struct gathering *item)
{
	return item->evidence->twin == NULL && item->evidence->blocked == NULL &&
	       item->artifact->build_id[0] != '\0';
}

static void want_whole_files(struct questions *questions, struct gathering *item)
{
	const char *id = item->artifact->build_id;
	struct question *question;
	if (item->needs & NEED_DEBUGINFO) {
		question = add_question(questions, ARTIFACT_DEBUGINFO, id, NULL,
					&item->evidence->debuginfo);
		question->judge = judge_debuginfo;
		question->context = item;
	}
	if (item->needs & NEED_EXECUTABLE) {
		question = add_question(questions, ARTIFACT_EXECUTABLE, id, NULL,
					&item->evidence->executable);
		question->judge = judge_executable;
		question->context = item;
	}
}

static bool any_problem(const struct servings *servings)
{
	for (size_t i = 0; i < servings->count; i++)
		if (servings->items[i].problem != NULL ||
		    servings->items[i].outcome == OUTCOME_REJECTED)
			return true;
	return false;
}

static void want_section(struct questions *questions, struct gathering *item,
			 const struct section_sample *sample)
{
	struct evidence *evidence = item->evidence;
	if (sample->name == NULL)
		return;
	struct section_evidence *section = &evidence->sections[evidence->section_count++];
	section->name = xstrdup(sample->name);
	memcpy(section->sha256, sample->sha256, sizeof(section->sha256));
	struct question *question =
		add_question(questions, ARTIFACT_SECTION, item->artifact->build_id, section->name,
			     &section->servings);
	question->judge = judge_section;
	question->context = section;
}

static void want_sources(struct questions *questions, struct gathering *item)
{
	struct evidence *evidence = item->evidence;
	for (size_t i = 0; i < evidence->source_count; i++) {
		struct source_evidence *source = &evidence->sources[i];
		if (source->path[0] != '/') {
			/* No server can be asked for a relative name. */
			servings_add(&source->servings, "", OUTCOME_ABSENT, "relative name", NULL);
			continue;
		}
		struct question *question =
			add_question(questions, ARTIFACT_SOURCE, item->artifact->build_id,
				     source->path, &source->servings);
		question->judge = judge_source;
		question->context = source;
	}
}

/* What is asked for once the whole files are known. */
static void want_parts(struct questions *questions, struct gathering *item)
{
	struct evidence *evidence = item->evidence;
	const struct debug_facts *facts = &item->facts;
	if (item->good)
		evidence_take_debuginfo(evidence, facts);
	else if (item->needs & NEED_DEBUGINFO)
		evidence->sources_unknown = xstrdup("not known which: there is no good debuginfo");
	if (item->good && facts->alternate_name != NULL)
		/* Many files share one alternate file. */
		add_question(questions, ARTIFACT_DEBUGINFO, facts->alternate_id, NULL,
			     &evidence->alternate)
			->keep = true;
	/* Of a wrong whole file, a wrong section is no news. */
	if ((item->needs & NEED_SECTIONS) && !any_problem(&evidence->debuginfo)) {
		want_section(questions, item, &facts->index);
		want_section(questions, item, &facts->sample);
		if (!any_problem(&evidence->executable))
			want_section(questions, item, &item->artifact->sample);
	}
	if (item->needs & NEED_SOURCES)
		want_sources(questions, item);
}

void evidence_gather(struct gathering *items, size_t count, struct supply *supply)
{
	struct questions questions = {0};
	for (size_t i = 0; i < count; i++)
		if (is_asked(&items[i]))
			want_whole_files(&questions, &items[i]);
	if (questions.count != 0)
		supply_ask(supply, questions.items, questions.count);
	questions.count = 0;
	for (size_t i = 0; i < count; i++)
		if (is_asked(&items[i]))
			want_parts(&questions, &items[i]);
	if (questions.count != 0)
		supply_ask(supply, questions.items, questions.count);
	for (size_t i = 0; i < count; i++)
		debug_facts_free(&items[i].facts);
	free(questions.items);
}

void evidence_free(struct evidence *evidence)
{
	free(evidence->lost);
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
