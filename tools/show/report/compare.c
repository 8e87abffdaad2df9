/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What changed between two inventories: packages by type, name and architecture, files by their
 * place below what was named, so that a directory and an archive of it are alike.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/show/report/report.h"

#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* A package or file of one side. */
struct thing {
	char *key;
	const char *version; /* of a package */
	size_t index;
};

struct side {
	const struct inventory *inventory;
	struct thing *products;
	struct thing *files;
};

static int by_key(const void *a, const void *b)
{
	const struct thing *x = a, *y = b;
	const int keys = strcmp(x->key, y->key);
	if (keys != 0)
		return keys;
	return x->version != NULL && y->version != NULL
		       ? strcmp(x->version, y->version)
		       : (x->index > y->index) - (x->index < y->index);
}

static const char *or_none(const char *text)
{
	return text != NULL ? text : "";
}

static void list_things(struct side *side, const struct inventory *inventory, const char *operand)
{
	const size_t products = inventory->product_count, files = inventory->binaries.count;
	char *name = name_to_utf8(operand);
	size_t length = strlen(name);
	while (length > 1 && name[length - 1] == '/')
		length--;
	side->inventory = inventory;
	side->products = xcalloc(products + 1, sizeof(*side->products));
	side->files = xcalloc(files + 1, sizeof(*side->files));
	for (size_t i = 0; i < products; i++) {
		const struct product *product = &inventory->products[i];
		side->products[i] = (struct thing){
			xasprintf("%s %s %s", product->type != NULL ? product->type : "-",
				  product->name, or_none(product->machine)),
			or_none(product->version), i};
	}
	for (size_t i = 0; i < files; i++) {
		const char *place = inventory->binaries.items[i].name;
		if (strncmp(place, name, length) == 0) {
			place += length;
			place += strspn(place, "/: ");
		}
		side->files[i] = (struct thing){xstrdup(place), NULL, i};
	}
	qsort(side->products, products, sizeof(*side->products), by_key);
	qsort(side->files, files, sizeof(*side->files), by_key);
	free(name);
}

static void free_things(struct side *side)
{
	for (size_t i = 0; i < side->inventory->product_count; i++)
		free(side->products[i].key);
	for (size_t i = 0; i < side->inventory->binaries.count; i++)
		free(side->files[i].key);
	free(side->products);
	free(side->files);
}

struct comparison {
	struct side old, new;
	bool json;
	struct text *out;
	size_t changes;
};

static void put_name(struct text *out, const char *before, const char *name)
{
	char *line = utf8_to_line(name);
	text_printf(out, "%s%s", before, line);
	free(line);
}

static void put_object(struct comparison *comparison, json_object *object)
{
	text_puts(comparison->out, json_object_to_json_string_ext(object, PLAIN));
	text_puts(comparison->out, "\n");
	json_object_put(object);
}

static const char *change_word(bool old, bool new)
{
	return !old ? "added" : !new ? "removed" : "changed";
}

/* --- packages --- */

/* The versions of the COUNT things at THINGS: "1, 2". */
static char *versions_of(const struct thing *things, size_t count)
{
	struct text out = {0};
	text_puts(&out, "");
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(things[i - 1].version, things[i].version) != 0)
			text_printf(&out, "%s%s", out.size != 0 ? ", " : "",
				    things[i].version[0] != '\0' ? things[i].version : "?");
	return out.data;
}

static json_object *string_or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? json_object_new_string(text) : NULL;
}

static void tell_product(struct comparison *comparison, const struct product *product,
			 const char *old, const char *new)
{
	const char *word = change_word(old[0] != '\0', new[0] != '\0');
	comparison->changes++;
	if (comparison->json) {
		json_object *object = json_object_new_object();
		json_object_object_add(object, "change", json_object_new_string(word));
		json_object_object_add(object, "what", json_object_new_string("package"));
		json_object_object_add(object, "type", string_or_null(product->type));
		json_object_object_add(object, "name", string_or_null(product->name));
		json_object_object_add(object, "architecture", string_or_null(product->machine));
		json_object_object_add(object, "old", string_or_null(old));
		json_object_object_add(object, "new", string_or_null(new));
		put_object(comparison, object);
		return;
	}
	text_printf(comparison->out, "%-8s  package  ", word);
	put_name(comparison->out, "", or_none(product->type));
	put_name(comparison->out, " ", product->name);
	if (product->machine != NULL)
		put_name(comparison->out, " ", product->machine);
	put_name(comparison->out, " ", old[0] != '\0' ? old : new);
	if (old[0] != '\0' && new[0] != '\0')
		put_name(comparison->out, " -> ", new);
	text_puts(comparison->out, "\n");
}

/* How many of the COUNT things at THINGS have the key of the first one. */
static size_t same_key(const struct thing *things, size_t count, const char *key)
{
	size_t same = 0;
	while (same < count && strcmp(things[same].key, key) == 0)
		same++;
	return same;
}

static void compare_products(struct comparison *comparison)
{
	const struct inventory *old = comparison->old.inventory, *new = comparison->new.inventory;
	const struct thing *a = comparison->old.products, *b = comparison->new.products;
	size_t i = 0, k = 0;
	while (i < old->product_count || k < new->product_count) {
		const char *key = i == old->product_count           ? b[k].key
				  : k == new->product_count         ? a[i].key
				  : strcmp(a[i].key, b[k].key) <= 0 ? a[i].key
								    : b[k].key;
		const size_t olds = same_key(a + i, old->product_count - i, key);
		const size_t news = same_key(b + k, new->product_count - k, key);
		char *from = versions_of(a + i, olds), *to = versions_of(b + k, news);
		if (strcmp(from, to) != 0)
			tell_product(comparison,
				     news != 0 ? &new->products[b[k].index]
					       : &old->products[a[i].index],
				     from, to);
		free(from);
		free(to);
		i += olds;
		k += news;
	}
}

/* --- files --- */

static json_object *packages_of(const struct inventory *inventory, size_t index)
{
	json_object *list = json_object_new_array();
	const struct links *links = &inventory->links[index];
	for (size_t i = 0; i < links->product_count; i++)
		json_object_array_add(
			list, json_object_new_string(inventory->products[links->products[i]].purl));
	return list;
}

static json_object *file_object(const struct inventory *inventory, size_t index)
{
	const struct binary *binary = &inventory->binaries.items[index];
	json_object *object = json_object_new_object();
	json_object_object_add(object, "buildId", string_or_null(binary->build_id));
	json_object_object_add(object, "packages", packages_of(inventory, index));
	json_object_object_add(object, "sha256",
			       binary->is_whole ? json_object_new_string(binary->sha256) : NULL);
	return object;
}

/* What differs: "build-id, package note"; "" where nothing does. */
static char *differences(const struct comparison *comparison, const struct thing *a,
			 const struct thing *b)
{
	const struct binary *old = &comparison->old.inventory->binaries.items[a->index];
	const struct binary *new = &comparison->new.inventory->binaries.items[b->index];
	struct text out = {0};
	text_puts(&out, "");
	if (strcmp(old->build_id, new->build_id) != 0)
		text_puts(&out, "build-id");
	if (!json_object_equal(old->packages, new->packages))
		text_printf(&out, "%spackage note", out.size != 0 ? ", " : "");
	if (old->is_whole && new->is_whole && strcmp(old->sha256, new->sha256) != 0)
		text_printf(&out, "%scontents", out.size != 0 ? ", " : "");
	return out.data;
}

/* OLD or NEW may be NULL. */
static void tell_file(struct comparison *comparison, const struct thing *old,
		      const struct thing *new, const char *how)
{
	const char *word = change_word(old != NULL, new != NULL);
	const char *name = old != NULL ? old->key : new != NULL ? new->key : "";
	comparison->changes++;
	if (!comparison->json) {
		text_printf(comparison->out, "%-8s  file     ", word);
		put_name(comparison->out, "", name[0] != '\0' ? name : ".");
		if (how != NULL)
			text_printf(comparison->out, ": %s", how);
		text_puts(comparison->out, "\n");
		return;
	}
	json_object *object = json_object_new_object();
	json_object_object_add(object, "change", json_object_new_string(word));
	json_object_object_add(object, "what", json_object_new_string("file"));
	json_object_object_add(object, "path", json_object_new_string(name));
	json_object_object_add(object, "differs", string_or_null(how));
	json_object_object_add(object, "old",
			       old != NULL ? file_object(comparison->old.inventory, old->index)
					   : NULL);
	json_object_object_add(object, "new",
			       new != NULL ? file_object(comparison->new.inventory, new->index)
					   : NULL);
	put_object(comparison, object);
}

static void compare_files(struct comparison *comparison)
{
	const struct thing *a = comparison->old.files, *b = comparison->new.files;
	const size_t olds = comparison->old.inventory->binaries.count;
	const size_t news = comparison->new.inventory->binaries.count;
	size_t i = 0, k = 0;
	while (i < olds || k < news) {
		const int order = i == olds ? 1 : k == news ? -1 : strcmp(a[i].key, b[k].key);
		if (order < 0) {
			tell_file(comparison, &a[i++], NULL, NULL);
		} else if (order > 0) {
			tell_file(comparison, NULL, &b[k++], NULL);
		} else {
			char *how = differences(comparison, &a[i], &b[k]);
			if (how[0] != '\0')
				tell_file(comparison, &a[i], &b[k], how);
			free(how);
			i++;
			k++;
		}
	}
}

size_t report_compare(const struct inventory *old, const char *old_name,
		      const struct inventory *new, const char *new_name, bool json,
		      struct text *out)
{
	struct comparison comparison = {.json = json, .out = out};
	list_things(&comparison.old, old, old_name);
	list_things(&comparison.new, new, new_name);
	compare_products(&comparison);
	compare_files(&comparison);
	free_things(&comparison.old);
	free_things(&comparison.new);
	return comparison.changes;
}
