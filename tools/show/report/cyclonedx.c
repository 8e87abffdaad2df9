/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CycloneDX 1.6 (ECMA-424) as JSON. Components: first the packages, each with the files that its
 * note stands in as evidence; then the files, with digests and build-id. "dependencies" has a row
 * for each: of a package the packages that its files need, of a file the files.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/base/json_write.h"
#include "tools/show/report/report.h"

void put_member(json_object *object, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		json_object_object_add(object, key, json_object_new_string(value));
}

static json_object *new_array(json_object *object, const char *key)
{
	json_object *array = json_object_new_array();
	json_object_object_add(object, key, array);
	return array;
}

static void put_property(json_object *properties, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	json_object *property = json_object_new_object();
	put_member(property, "name", name);
	put_member(property, "value", value);
	json_object_array_add(properties, property);
}

/* Keys of packages are unique, and so is what tells binaries apart. */
static char *product_ref(const struct product *product)
{
	char digest[2 * SHA256_SIZE + 1];
	sha256_hex(product->key, strlen(product->key), digest);
	return xasprintf("package-%.32s", digest);
}

static char *binary_ref(const struct binary *binary)
{
	char digest[2 * SHA256_SIZE + 1];
	struct text key = {0};
	text_printf(&key, "%s\x1f%s\x1f%s", binary->name, binary->build_id, binary->sha256);
	sha256_hex(key.data, key.size, digest);
	text_free(&key);
	return xasprintf("file-%.32s", digest);
}

static void put_occurrences(json_object *evidence, const struct inventory *inventory,
			    const struct product *product)
{
	json_object *occurrences = new_array(evidence, "occurrences");
	for (size_t i = 0; i < product->binary_count; i++) {
		const struct binary *binary = &inventory->binaries.items[product->binaries[i]];
		struct text context = {0};
		json_object *occurrence = json_object_new_object();
		put_member(occurrence, "location", binary->name);
		if (binary->build_id[0] != '\0')
			text_printf(&context, "build-id %s", binary->build_id);
		if (binary->is_whole)
			text_printf(&context, "%ssha256 %s", context.size != 0 ? ", " : "",
				    binary->sha256);
		put_member(occurrence, "additionalContext", context.data);
		text_free(&context);
		json_object_array_add(occurrences, occurrence);
	}
}

static void put_evidence(json_object *component, const struct inventory *inventory,
			 const struct product *product)
{
	json_object *evidence = json_object_new_object();
	json_object *identity = json_object_new_object(), *method = json_object_new_object();
	json_object_object_add(component, "evidence", evidence);
	json_object_array_add(new_array(evidence, "identity"), identity);
	put_member(identity, "field", "purl");
	json_object_object_add(identity, "confidence", json_object_new_int(1));
	put_member(identity, "concludedValue", product->purl);
	json_object_array_add(new_array(identity, "methods"), method);
	put_member(method, "technique", "binary-analysis");
	json_object_object_add(method, "confidence", json_object_new_int(1));
	put_member(method, "value", "package note (UAPI.8)");
	put_occurrences(evidence, inventory, product);
}

static json_object *product_component(const struct inventory *inventory,
				      const struct product *product)
{
	json_object *component = json_object_new_object(), *properties, *value;
	char *ref = product_ref(product);
	put_member(component, "type", "library");
	put_member(component, "bom-ref", ref);
	put_member(component, "name", product->name);
	put_member(component, "version", product->version);
	put_member(component, "cpe", product->cpe);
	put_member(component, "purl", product->purl);
	put_evidence(component, inventory, product);
	properties = new_array(component, "properties");
	put_property(properties, "pkgnote:type", product->type);
	put_property(properties, "pkgnote:architecture", product->machine);
	put_property(properties, "pkgnote:os", product->os);
	put_property(properties, "pkgnote:osVersion", product->os_version);
	if (json_object_object_get_ex(product->payload, "osCpe", &value) &&
	    json_object_is_type(value, json_type_string)) {
		char *cpe = name_to_utf8(json_object_get_string(value));
		put_property(properties, "pkgnote:osCpe", cpe);
		free(cpe);
	}
	free(ref);
	return component;
}

static void put_hash(json_object *hashes, const char *algorithm, const char *value)
{
	json_object *hash = json_object_new_object();
	put_member(hash, "alg", algorithm);
	put_member(hash, "content", value);
	json_object_array_add(hashes, hash);
}

static json_object *binary_component(const struct inventory *inventory, size_t index)
{
	const struct binary *binary = &inventory->binaries.items[index];
	const struct links *links = &inventory->links[index];
	json_object *component = json_object_new_object(), *properties;
	char *ref = binary_ref(binary);
	put_member(component, "type", "file");
	put_member(component, "bom-ref", ref);
	put_member(component, "name", binary->name);
	if (binary->is_whole) {
		json_object *hashes = new_array(component, "hashes");
		put_hash(hashes, "SHA-256", binary->sha256);
	}
	properties = new_array(component, "properties");
	put_property(properties, "pkgnote:kind", binary->kind);
	put_property(properties, "pkgnote:machine", binary->machine);
	put_property(properties, "pkgnote:buildId", binary->build_id);
	put_property(properties, "pkgnote:soname", binary->soname);
	put_property(properties, "pkgnote:layer", binary->layer);
	for (size_t i = 0; i < links->product_count; i++)
		put_property(properties, "pkgnote:package",
			     inventory->products[links->products[i]].purl);
	if (links->product_count == 0)
		put_property(properties, "pkgnote:package",
			     binary->packages != NULL ? "a note without a name" : "no note");
	for (size_t i = 0; i < links->missing.count; i++)
		put_property(properties, "pkgnote:neededElsewhere", links->missing.items[i]);
	for (size_t i = 0; i < links->optional.count; i++)
		put_property(properties, "pkgnote:dlopenElsewhere", links->optional.items[i]);
	free(ref);
	return component;
}

static json_object *new_dependency(json_object *dependencies, char *ref)
{
	json_object *dependency = json_object_new_object();
	put_member(dependency, "ref", ref);
	json_object_array_add(dependencies, dependency);
	free(ref);
	return new_array(dependency, "dependsOn");
}

static void add_ref(json_object *on, char *ref)
{
	json_object_array_add(on, json_object_new_string(ref));
	free(ref);
}

static void put_dependencies(json_object *bom, const struct inventory *inventory)
{
	json_object *dependencies = new_array(bom, "dependencies"), *on;
	for (size_t i = 0; i < inventory->product_count; i++) {
		const struct product *product = &inventory->products[i];
		on = new_dependency(dependencies, product_ref(product));
		for (size_t k = 0; k < product->need_count; k++)
			add_ref(on, product_ref(&inventory->products[product->needs[k]]));
	}
	for (size_t i = 0; i < inventory->binaries.count; i++) {
		const struct links *links = &inventory->links[i];
		on = new_dependency(dependencies, binary_ref(&inventory->binaries.items[i]));
		for (size_t k = 0; k < links->need_count; k++)
			add_ref(on, binary_ref(&inventory->binaries.items[links->needs[k].binary]));
	}
}

static json_object *new_metadata(const char *created)
{
	json_object *metadata = json_object_new_object(), *tools = json_object_new_object();
	json_object *tool = json_object_new_object();
	put_member(metadata, "timestamp", created);
	json_object_object_add(metadata, "tools", tools);
	json_object_array_add(new_array(tools, "components"), tool);
	put_member(tool, "type", "application");
	put_member(tool, "name", "pkgnote");
	put_member(tool, "version", PKGNOTE_VERSION);
	return metadata;
}

void uuid_of(const struct text *text, char out[37])
{
	char digest[2 * SHA256_SIZE + 1];
	sha256_hex(text->data, text->size, digest);
	digest[12] = '8';
	digest[16] = "89ab"[(unsigned char)digest[16] & 3];
	for (int i = 0, at = 0; i < 36; i++)
		out[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : digest[at++];
	out[36] = '\0';
}

void report_cyclonedx(const struct inventory *inventory, const char *created, struct text *out)
{
	json_object *bom = json_object_new_object(), *all = json_object_new_object(), *components;
	struct text body = {0};
	char uuid[37];
	json_object_object_add(bom, "metadata", new_metadata(created));
	components = new_array(bom, "components");
	for (size_t i = 0; i < inventory->product_count; i++)
		json_object_array_add(components,
				      product_component(inventory, &inventory->products[i]));
	for (size_t i = 0; i < inventory->binaries.count; i++)
		json_object_array_add(components, binary_component(inventory, i));
	put_dependencies(bom, inventory);
	json_write(&body, bom);
	uuid_of(&body, uuid);
	text_free(&body);
	put_member(all, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
	put_member(all, "bomFormat", "CycloneDX");
	put_member(all, "specVersion", "1.6");
	char *serial = xasprintf("urn:uuid:%s", uuid);
	put_member(all, "serialNumber", serial);
	free(serial);
	json_object_object_add(all, "version", json_object_new_int(1));
	json_object_object_foreach(bom, key, value)
	{
		json_object_object_add(all, key, json_object_get(value));
	}
	json_object_put(bom);
	json_write(out, all);
	text_puts(out, "\n");
	json_object_put(all);
}
