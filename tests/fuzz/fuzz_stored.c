/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as what holds files in some container: tar, zip, cpio, initrd, .apk, .ipk, container
 * images, cores as they are stored. Read by show, told as a bill of materials, then by verify. The
 * last byte says whether the rest comes compressed, which no mutation could do: then the bytes are
 * behind the decompressor, whole or cut short.
 */
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/package_input.h"
#include "tools/show/inspect.h"
#include "tools/show/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_packed(struct text *out, const uint8_t *data, size_t size)
{
	struct libdeflate_compressor *packer = libdeflate_alloc_compressor(1);
	const size_t room = libdeflate_gzip_compress_bound(packer, size);
	uint8_t *packed = malloc(room + 1);
	if (packer == NULL || packed == NULL)
		abort();
	text_add(out, packed, libdeflate_gzip_compress(packer, data, size, packed, room));
	free(packed);
	libdeflate_free_compressor(packer);
}

static void show(int fd, bool collect)
{
	const struct record_style style = {
		.json = true, .all = true, .check = true, .collect = collect};
	struct inspection inspection = {0};
	lseek(fd, 0, SEEK_SET);
	inspect_file(&inspection, &style, fd, "file", true);
	if (collect) {
		struct inventory inventory = {0};
		struct text report = {0};
		inventory_take(&inventory, &inspection.binaries);
		inventory_sort(&inventory);
		report_cyclonedx(&inventory, NULL, &report);
		report_spdx(&inventory, NULL, &report);
		report_compare(&inventory, "file", &inventory, "file", false, &report);
		text_free(&report);
		inventory_free(&inventory);
	}
	inspection_free(&inspection);
}

static void verify(int fd, const struct input_kind *kind)
{
	char path[64];
	struct note_error err;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct unit unit = {.kind = kind, .input = "file", .path = path, .role = ROLE_SHIPPED};
	kind->read(&unit, ROLE_SHIPPED, visit_artifact, NULL, &err);
	kind->read(&unit, ROLE_DEBUG | ROLE_SOURCE, visit_artifact, NULL, &err);
	package_facts_free(unit.facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text file = {0};
	if (size == 0)
		return 0;
	const uint8_t how = data[--size] % 4;
	if (how == 0 || how == 3)
		text_add(&file, data, size);
	else
		add_packed(&file, data, size);
	if (how == 2 && file.size > 12)
		file.size -= 12; /* cut short */
	const int fd = memfd_create("file", MFD_CLOEXEC);
	if (fd < 0 || (file.size != 0 && write(fd, file.data, file.size) != (ssize_t)file.size))
		abort();
	show(fd, false);
	show(fd, true);
	verify(fd, how == 1 || how == 2 ? &stored_input : &archive_input);
	close(fd);
	text_free(&file);
	return 0;
}
