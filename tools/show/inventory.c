/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packages and dependencies of what was found: see inventory.h. */
#include "tools/show/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/sorted.h"
#include "tools/show/purl.h"

void inventory_take(struct inventory *inventory, struct binaries *binaries)
{
	struct strings *layers = &inventory->layers;
	const char *last = NULL;
	for (size_t i = 0; i < binaries->count; i++) {
		const char *layer = binaries->items[i].layer;
		if (layer == NULL || (last != NULL && strcmp(layer, last) == 0))
			continue;
		if (!strings_has(layers, layer))
			strings_add(layers, layer);
		last = layer;
	}
	binaries_move(&inventory->binaries, binaries);
}

static int by_name(const void *a, const void *b)
{
	const struct binary *x = a, *y = b;
	const int names = strcmp(x->name, y->name);
	if (names != 0)
		return names;
	const int ids = strcmp(x->build_id, y->build_id);
	return ids != 0 ? ids : strcmp(x->sha256, y->sha256);
}

/* What was named twice is there once. */
static void drop_twins(struct binaries *binaries)
{
	size_t kept = 0;
	for (size_t i = 0; i < binaries->count; i++) {
		struct binary *binary = &binaries->items[i];
		if (kept == 0 || by_name(&binaries->items[kept - 1], binary) != 0)
			binaries->items[kept++] = *binary;
		else
			binary_clear(binary);
	}
	binaries->count = kept;
}

/* --- packages --- */

/* A binary's word that it is of a package. */
struct claim {
	char *key;
	size_t binary;
	json_object *payload;
};

static int by_key(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	const int keys = strcmp(x->key, y->key);
	return keys != 0 ? keys : (x->binary > y->binary) - (x->binary < y->binary);
}

static char *key_of(json_object *payload)
{
	static const char *const keys[] = {"name", "version", "type", "architecture"};
	struct text out = {0};
	char *parts[6];
	for (size_t i = 0; i < 4; i++)
		parts[i] = payload_text(payload, keys[i]);
	parts[4] = payload_os(payload);
	parts[5] = payload_os_version(payload);
	for (size_t i = 0; i < 6; i++) {
		text_puts(&out, parts[i] != NULL ? parts[i] : "");
		text_puts(&out, "\x1f");
		free(parts[i]);
	}
	return out.data;
}

static void fill_product(struct product *product, const struct claim *claim)
{
	json_object *payload = claim->payload;
	*product = (struct product){.key = xstrdup(claim->key),
				    .payload = json_object_get(payload),
				    .purl = purl_of(payload),
				    .type = payload_text(payload, "type"),
				    .name = payload_text(payload, "name"),
				    .version = payload_text(payload, "version"),
				    .machine = payload_text(payload, "architecture"),
				    .os = payload_os(payload),
				    .os_version = payload_os_version(payload),
				    .cpe = payload_text(payload, "appCpe")};
}

static void add_index(size_t **list, size_t *count, size_t value)
{
	if (*count == 0 || (*count & (*count - 1)) == 0)
		*list = xrealloc(*list, (*count == 0 ? 1 : 2 * *count) * sizeof(**list));
	(*list)[(*count)++] = value;
}

static void group_claims(struct inventory *inventory, const struct claim *claims, size_t count)
{
	inventory->products = xcalloc(count + 1, sizeof(*inventory->products));
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(claims[i - 1].key, claims[i].key) != 0)
			fill_product(&inventory->products[inventory->product_count++], &claims[i]);
		else if (claims[i - 1].binary == claims[i].binary)
			continue;
		struct product *product = &inventory->products[inventory->product_count - 1];
		struct links *links = &inventory->links[claims[i].binary];
		add_index(&product->binaries, &product->binary_count, claims[i].binary);
		add_index(&links->products, &links->product_count, inventory->product_count - 1);
	}
}

/* A payload without a name names no package. */
static void find_products(struct inventory *inventory)
{
	struct claim *claims = NULL;
	size_t count = 0, room = 0;
	for (size_t i = 0; i < inventory->binaries.count; i++) {
		json_object *packages = inventory->binaries.items[i].packages;
		const size_t most = packages != NULL ? json_object_array_length(packages) : 0;
		for (size_t k = 0; k < most; k++) {
			json_object *payload = json_object_array_get_idx(packages, k);
			char *name = payload_text(payload, "name");
			if (name == NULL)
				continue;
			free(name);
			if (count == room) {
				room = room == 0 ? 64 : 2 * room;
				claims = xrealloc(claims, room * sizeof(*claims));
			}
			claims[count++] = (struct claim){key_of(payload), i, payload};
		}
	}
	if (count != 0)
		qsort(claims, count, sizeof(*claims), by_key);
	group_claims(inventory, claims, count);
	for (size_t i = 0; i < count; i++)
		free(claims[i].key);
	free(claims);
}

/* --- dependencies --- */

struct provided {
	const char *soname;
	size_t binary;
};

struct provision {
	struct provided *items;
	size_t count;
};

static int by_soname(const void *a, const void *b)
{
	const struct provided *x = a, *y = b;
	const int names = strcmp(x->soname, y->soname);
	return names != 0 ? names : (x->binary > y->binary) - (x->binary < y->binary);
}

/* DT_SONAME, else the name of the file: what the dynamic linker goes by. */
static const char *soname_of(const struct binary *binary)
{
	const char *slash = strrchr(binary->name, '/');
	return binary->soname != NULL ? binary->soname : slash != NULL ? slash + 1 : binary->name;
}

static void list_provided(const struct binaries *binaries, struct provision *out)
{
	out->items = xcalloc(binaries->count + 1, sizeof(*out->items));
	for (size_t i = 0; i < binaries->count; i++)
		out->items[out->count++] = (struct provided){soname_of(&binaries->items[i]), i};
	qsort(out->items, out->count, sizeof(*out->items), by_soname);
}

/* The first binary called SONAME that is for the machine of UNIT. */
static bool find_binary(const struct binaries *binaries, const struct provision *provision,
			const struct binary *binary, const char *soname, size_t *out)
{
	const struct provided *items = provision->items;
	size_t low = FIRST_WHERE(i, provision->count, strcmp(items[i].soname, soname) >= 0);
	for (; low < provision->count && strcmp(items[low].soname, soname) == 0; low++) {
		const struct binary *found = &binaries->items[provision->items[low].binary];
		*out = provision->items[low].binary;
		if (found != binary && found->bits == binary->bits && found->machine != NULL &&
		    binary->machine != NULL && strcmp(found->machine, binary->machine) == 0)
			return true;
	}
	return false;
}

static void add_need(struct links *links, size_t binary, bool by_dlopen)
{
	for (size_t i = 0; i < links->need_count; i++)
		if (links->needs[i].binary == binary) {
			links->needs[i].by_dlopen = links->needs[i].by_dlopen && by_dlopen;
			return;
		}
	links->needs = xrealloc(links->needs, (links->need_count + 1) * sizeof(*links->needs));
	links->needs[links->need_count++] = (struct need){binary, by_dlopen};
}

/* An entry of a dlopen note: the first of its names that is here. */
static void link_entry(struct links *links, const struct binaries *binaries,
		       const struct provision *provision, const struct binary *binary,
		       json_object *entry)
{
	struct text all = {0};
	json_object *names;
	size_t found;
	if (!json_object_object_get_ex(entry, "soname", &names) ||
	    !json_object_is_type(names, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(names, i));
		char *soname = name_to_utf8(text != NULL ? text : "");
		const bool here = find_binary(binaries, provision, binary, soname, &found);
		text_puts(&all, all.size != 0 ? " or " : "");
		text_puts(&all, soname);
		free(soname);
		if (here) {
			add_need(links, found, true);
			text_free(&all);
			return;
		}
	}
	if (all.size != 0)
		strings_add(&links->optional, all.data);
	text_free(&all);
}

static int by_binary(const void *a, const void *b)
{
	const struct need *x = a, *y = b;
	return (x->binary > y->binary) - (x->binary < y->binary);
}

static void link_binaries(struct inventory *inventory)
{
	const struct binaries *binaries = &inventory->binaries;
	struct provision provision = {0};
	size_t found;
	list_provided(binaries, &provision);
	for (size_t i = 0; i < binaries->count; i++) {
		const struct binary *binary = &binaries->items[i];
		struct links *links = &inventory->links[i];
		for (size_t k = 0; k < binary->needed.count; k++) {
			const char *soname = binary->needed.items[k];
			if (find_binary(binaries, &provision, binary, soname, &found))
				add_need(links, found, false);
			else
				strings_add(&links->missing, soname);
		}
		for (size_t k = 0;
		     binary->dlopen != NULL && k < json_object_array_length(binary->dlopen); k++)
			link_entry(links, binaries, &provision, binary,
				   json_object_array_get_idx(binary->dlopen, k));
		if (links->need_count != 0)
			qsort(links->needs, links->need_count, sizeof(*links->needs), by_binary);
		strings_sort(&links->missing);
		strings_sort(&links->optional);
	}
	free(provision.items);
}

/* A package needs those of the files that its files need. */
static void link_products(struct inventory *inventory)
{
	bool *seen = xcalloc(inventory->product_count + 1, sizeof(*seen));
	for (size_t i = 0; i < inventory->product_count; i++) {
		struct product *product = &inventory->products[i];
		memset(seen, 0, inventory->product_count * sizeof(*seen));
		for (size_t u = 0; u < product->binary_count; u++) {
			const struct links *links = &inventory->links[product->binaries[u]];
			for (size_t n = 0; n < links->need_count; n++) {
				const struct links *to = &inventory->links[links->needs[n].binary];
				for (size_t p = 0; p < to->product_count; p++)
					seen[to->products[p]] = true;
			}
		}
		for (size_t p = 0; p < inventory->product_count; p++)
			if (seen[p] && p != i)
				add_index(&product->needs, &product->need_count, p);
	}
	free(seen);
}

void inventory_sort(struct inventory *inventory)
{
	struct binaries *binaries = &inventory->binaries;
	if (binaries->count != 0)
		qsort(binaries->items, binaries->count, sizeof(*binaries->items), by_name);
	drop_twins(binaries);
	inventory->links = xcalloc(binaries->count + 1, sizeof(*inventory->links));
	find_products(inventory);
	link_binaries(inventory);
	link_products(inventory);
}

static void free_product(struct product *product)
{
	char *const texts[] = {product->key,  product->purl,       product->type,
			       product->name, product->version,    product->machine,
			       product->os,   product->os_version, product->cpe};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	json_object_put(product->payload);
	free(product->binaries);
	free(product->needs);
}

void inventory_free(struct inventory *inventory)
{
	for (size_t i = 0; inventory->links != NULL && i < inventory->binaries.count; i++) {
		struct links *links = &inventory->links[i];
		free(links->needs);
		free(links->products);
		strings_free(&links->missing);
		strings_free(&links->optional);
	}
	for (size_t i = 0; i < inventory->product_count; i++)
		free_product(&inventory->products[i]);
	free(inventory->links);
	free(inventory->products);
	binaries_free(&inventory->binaries);
	strings_free(&inventory->layers);
	*inventory = (struct inventory){0};
}
