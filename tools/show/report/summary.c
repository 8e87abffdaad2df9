/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packages and how many files each has: for people, or a JSON object a line. */
#include <stdlib.h>

#include "tools/show/report/report.h"

#define ROW "%-7s  %-32s  %-28s  %-8s  %-14s  "

static void print_row(const struct product *product, struct text *out)
{
	const char *const fields[] = {product->type, product->name, product->version,
				      product->machine, product->os};
	char *lines[5];
	for (size_t i = 0; i < 5; i++)
		lines[i] = utf8_to_line(fields[i] != NULL ? fields[i] : "-");
	text_printf(out, ROW "%zu\n", lines[0], lines[1], lines[2], lines[3], lines[4],
		    product->binary_count);
	for (size_t i = 0; i < 5; i++)
		free(lines[i]);
}

static void print_object(const struct product *product, size_t files, struct text *out)
{
	static const char *const keys[] = {"name", "type",      "version", "architecture",
					   "os",   "osVersion", "purl"};
	const char *const values[] = {product->name,    product->type, product->version,
				      product->machine, product->os,   product->os_version,
				      product->purl};
	json_object *object = json_object_new_object();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_object_add(object, keys[i],
				       values[i] != NULL ? json_object_new_string(values[i])
							 : NULL);
	json_object_object_add(object, "files", json_object_new_int64((int64_t)files));
	text_puts(out, json_object_to_json_string_ext(
			       object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	text_puts(out, "\n");
	json_object_put(object);
}

void report_summary(const struct inventory *inventory, bool json, struct text *out)
{
	static const struct product nobody;
	size_t without = 0;
	for (size_t i = 0; i < inventory->binaries.count; i++)
		without += inventory->links[i].product_count == 0;
	if (!json)
		text_printf(out, ROW "%s\n", "TYPE", "PACKAGE", "VERSION", "MACHINE", "OS",
			    "FILES");
	for (size_t i = 0; i < inventory->product_count; i++) {
		const struct product *product = &inventory->products[i];
		if (json)
			print_object(product, product->binary_count, out);
		else
			print_row(product, out);
	}
	if (json)
		print_object(&nobody, without, out);
	else
		text_printf(out, "%zu packages, %zu files, %zu of them without a package's name\n",
			    inventory->product_count, inventory->binaries.count, without);
}
