/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A package that comes, and one of that name that is in the share. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/internal.h"

/* --keep of a rebuild: what of RECORD users will miss. */
static void say_left_out(const struct share *share, const struct record *record,
			 const struct record *present, uint64_t *left_out)
{
	char hex[129];
	uint64_t sources = 0;
	for (size_t i = 0, at = 0; i < record->count; i++) {
		const struct record_file *file = &record->files[i];
		while (at < present->count && strcmp(present->files[at].path, file->path) < 0)
			at++;
		if (at < present->count && strcmp(present->files[at].path, file->path) == 0 &&
		    strcmp(present->files[at].sha256, file->sha256) == 0)
			continue;
		++*left_out;
		if (build_id_path(file->path, hex) != NULL)
			share_say(share, file->origin, "left out: %s is there with other files",
				  record->package);
		else
			sources++;
	}
	if (sources != 0)
		share_say(share, NULL, "%s is there with other files: %llu source%s left out",
			  record->package, (unsigned long long)sources, sources == 1 ? "" : "s");
}

static int judge_present(struct share *share, const struct record *record,
			 const struct record *present, enum share_conflict conflict,
			 enum present *what, uint64_t *left_out, struct note_error *err)
{
	size_t broken = 0;
	if (present->incomplete) {
		share_say(share, NULL, "%s is there without all of its files, and is replaced",
			  record->package);
		*what = PRESENT_GOES;
		return NOTE_OK;
	}
	*what = PRESENT_STAYS;
	if (record_same_files(record, present)) {
		int code = share->store->prove(share, present, &broken, err);
		if (broken != 0)
			*what = PRESENT_GOES;
		return code;
	}
	if (conflict == SHARE_FAIL)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "%s is there already, with other files; --on-conflict=replace "
				 "takes its place, or remove it first",
				 record->package);
	if (conflict == SHARE_REPLACE)
		*what = PRESENT_GOES;
	else
		say_left_out(share, record, present, left_out);
	return NOTE_OK;
}

int compare_with_present(struct share *share, const struct record *record,
			 enum share_conflict conflict, enum present *what, uint64_t *left_out,
			 struct note_error *err)
{
	struct record present;
	struct note_error why;
	*what = PRESENT_NOT;
	int code = read_package(share, record->package, &present, &why);
	if (code == NOTE_ABSENT)
		return NOTE_OK;
	if (code == NOTE_MALFORMED) {
		share_say(share, NULL, "%s: its record is broken (%s): it is replaced",
			  record->package, why.text);
		*what = PRESENT_GOES;
		if (share->hooks->dry_run)
			return NOTE_OK;
		return share->store->mend_record(share, record->package, err);
	}
	if (code != NOTE_OK) {
		if (err != NULL)
			*err = why;
		return code;
	}
	code = judge_present(share, record, &present, conflict, what, left_out, err);
	record_free(&present);
	return code;
}
