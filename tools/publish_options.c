/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/publish_options.h"

#include <stdlib.h>
#include <string.h>

#include "tools/s3/s3.h"
#include "tools/share/share.h"

bool publish_take_sections(struct cli *cli, void *target, const char *name, const char *value)
{
	struct strings *sections = target;
	for (const char *p = value;; p++) {
		const size_t length = strcspn(p, ",");
		char *section = xasprintf("%.*s", (int)length, p);
		const bool good = is_section_name(section);
		if (!good)
			cli_usage(cli, "--%s=%s: '%s' is no section's name", name, value, section);
		else if (!strings_has(sections, section))
			strings_add(sections, section);
		free(section);
		if (!good)
			return false;
		p += length;
		if (*p == '\0')
			return true;
	}
}

bool publish_take_header(struct cli *cli, void *target, const char *name, const char *value)
{
	const char *why = s3_judge_header(value);
	if (why != NULL) {
		cli_usage(cli, "--%s='%s': %s", name, value, why);
		return false;
	}
	strings_add(target, value);
	return true;
}

bool publish_take_shared(struct cli *cli, void *target, const char *name, const char *value)
{
	unsigned *shared = target;
	const bool octal = value[0] == '0' && strlen(value) == 4 && strspn(value, "01234567") == 4;
	*shared = strcmp(value, "group") == 0 ? 0660
		  : strcmp(value, "all") == 0 ? 0664
		  : octal                     ? (unsigned)strtoul(value, NULL, 8)
					      : 0;
	if ((*shared & 0600) == 0600 && (*shared & 0111) == 0)
		return true;
	cli_usage(cli, "--%s=%s: group, all, or the mode of files, 0600 and more", name, value);
	return false;
}
