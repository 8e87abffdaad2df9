/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a .changes file, a control file, a list of build-ids, and a report to merge. */
#include <string.h>

#include "tests/fuzz/package_input.h"
#include "tools/base/text/control.h"
#include "tools/release/reports/merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *context, const char *path, const struct note_error *err)
{
	*(size_t *)context += strlen(path) + strlen(err->text);
}

static void read_changes(const uint8_t *data, size_t size)
{
	struct units units = {0};
	struct note_error err;
	size_t sum = 0;
	const int fd = memfd_create("changes", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	changes_add(&units, "/nowhere/t.changes", fd, ignore, &sum, &err);
	units_free(&units);
	close(fd);
}

static void merge_report(const uint8_t *data, size_t size)
{
	struct merge merge = {0};
	struct report report = {0};
	struct note_error err;
	merge_add(&merge, &report, (const char *)data, size, &err);
	merge_end(&merge, &report);
	report_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_changes(data, size);
	free(control_field((const char *)data, size, "Files"));
	build_ids_is_list((const char *)data, size);
	merge_report(data, size);
	return 0;
}
