/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index by name follows what comes and goes. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/names/internal.h"

void names_forget(struct share *share)
{
	if (share->names == NULL)
		return;
	names_index_free(&share->names->index);
	free(share->names);
	share->names = NULL;
}

/* What is there; of a share without an index, or whose index is broken, a new one. */
static int load(struct share *share, struct note_error *err)
{
	struct names_index index;
	struct note_error why;
	if (share->names != NULL)
		return NOTE_OK;
	int code = names_read_index(share, &index, &why);
	if (code == NOTE_MALFORMED)
		share_say(share, NULL, "%s: it is made anew of the packages' records", why.text);
	if (code == NOTE_ABSENT || code == NOTE_MALFORMED)
		code = names_rebuild(share, &index, err);
	else if (code != NOTE_OK && err != NULL)
		*err = why;
	if (code != NOTE_OK)
		return code;
	share->names = xcalloc(1, sizeof(*share->names));
	share->names->index = index;
	return NOTE_OK;
}

static void copy_index(struct names_index *out, const struct names_index *from)
{
	*out = (struct names_index){.next = from->next, .count = from->count};
	out->segments = xcalloc(from->count, sizeof(*out->segments));
	for (size_t i = 0; i < from->count; i++) {
		out->segments[i] = from->segments[i];
		out->segments[i].name = xstrdup(from->segments[i].name);
	}
	for (size_t i = 0; i < from->old.count; i++)
		strings_add(&out->old, from->old.items[i]);
}

static int propose(struct share *share, const struct names_index *index, struct note_error *err)
{
	struct text text = {0};
	names_index_write(&text, index);
	int code = share->store->propose_index(share, NAMES_INDEX, &text, err);
	text_free(&text);
	return code;
}

/* What was left for readers when the index was changed last. */
static int remove_old(struct share *share, struct note_error *err)
{
	struct strings *old = &share->names->index.old;
	struct strings keys = {0};
	for (size_t i = 0; i < old->count; i++)
		strings_take(&keys, xasprintf(NAMES_BELOW "%s", old->items[i]));
	int code = keys.count != 0 ? share->store->remove_documents(share, &keys, err) : NOTE_OK;
	strings_free(&keys);
	if (code == NOTE_OK)
		strings_free(old);
	return code;
}

static int change(struct share *share, const char *package, struct strings *lines, bool there,
		  struct note_error *err)
{
	struct names_segment_entry entry = {.packages = lines->count != 0, .removed = there};
	struct names_index index;
	copy_index(&index, &share->names->index);
	int code =
		names_put_lines(share, index.next, lines, there ? package : NULL, &entry.name, err);
	if (code == NOTE_OK)
		code = names_append(share, &index, &entry, err);
	index.next++;
	if (code == NOTE_OK)
		code = propose(share, &index, err);
	if (code != NOTE_OK) {
		names_index_free(&index);
		return code;
	}
	names_index_free(&share->names->index);
	share->names->index = index;
	share->names->proposed = true;
	return NOTE_OK;
}

int names_propose(struct share *share, const char *package, const struct record *record, bool there,
		  struct note_error *err)
{
	struct strings lines = {0};
	struct note_error why = {0};
	int code = load(share, err);
	there = there && share->names != NULL && share->names->index.count != 0;
	if (record != NULL)
		names_of_record(record, &lines);
	if (code != NOTE_OK || (lines.count == 0 && !there)) {
		strings_free(&lines);
		return code;
	}
	code = remove_old(share, err);
	if (code == NOTE_OK)
		code = change(share, package, &lines, there, &why);
	if (code == NOTE_MALFORMED) {
		/* What older documents were is in the records, too. */
		share_say(share, NULL, "%s: the index by name is made anew", why.text);
		names_forget(share);
		share->names = xcalloc(1, sizeof(*share->names));
		code = names_rebuild(share, &share->names->index, &why);
		if (code == NOTE_OK)
			code = change(share, package, &lines, true, &why);
	}
	if (code != NOTE_OK && err != NULL && why.code != NOTE_OK)
		*err = why;
	if (code != NOTE_OK)
		names_forget(share);
	strings_free(&lines);
	return code;
}

int names_adopt(struct share *share, struct note_error *err)
{
	if (share->names == NULL || !share->names->proposed)
		return NOTE_OK;
	int code = share->store->adopt_index(share, NAMES_INDEX, err);
	share->names->proposed = false;
	if (code != NOTE_OK)
		names_forget(share);
	return code;
}

int names_settle(struct share *share, const char *package, const struct record *record,
		 struct note_error *err)
{
	int code = names_propose(share, package, record, true, err);
	return code == NOTE_OK ? names_adopt(share, err) : code;
}

int names_sweep(struct share *share, struct note_error *err)
{
	struct names_index index;
	struct strings all = {0}, keys = {0};
	/* A broken one is mended by the change to come. */
	if (names_read_index(share, &index, NULL) != NOTE_OK)
		return NOTE_OK;
	int code = names_list_documents(share, &all, err);
	for (size_t i = 0; i < all.count; i++) {
		uint64_t sequence;
		if (names_sequence(all.items[i], &sequence) && sequence >= index.next)
			strings_take(&keys, xasprintf(NAMES_BELOW "%s", all.items[i]));
	}
	if (code == NOTE_OK && keys.count != 0)
		code = share->store->remove_documents(share, &keys, err);
	strings_free(&keys);
	strings_free(&all);
	names_index_free(&index);
	return code;
}

int names_repair(struct share *share, struct note_error *err)
{
	uint64_t problems = 0;
	int code = names_check(share, NULL, NULL, &problems, err);
	if (code != NOTE_OK || problems == 0)
		return code;
	share_say(share, NAMES_INDEX, "not right: made anew of the packages' records");
	names_forget(share);
	share->names = xcalloc(1, sizeof(*share->names));
	code = names_rebuild(share, &share->names->index, err);
	if (code == NOTE_OK)
		code = propose(share, &share->names->index, err);
	if (code == NOTE_OK) {
		share->names->proposed = true;
		code = names_adopt(share, err);
	}
	if (code == NOTE_OK)
		code = remove_old(share, err);
	return code == NOTE_OK ? share->store->clear(share, err) : code;
}
