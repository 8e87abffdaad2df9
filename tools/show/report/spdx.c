/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SPDX 2.3 as JSON. Packages are what notes name (the package's own files were not all looked at:
 * filesAnalyzed is false), files have their digests, and relationships say the rest: FILE
 * GENERATED_FROM PACKAGE, PACKAGE DEPENDS_ON PACKAGE, FILE DYNAMIC_LINK FILE, and for dlopen notes
 * FILE RUNTIME_DEPENDENCY_OF FILE. A file of SPDX must have a SHA-1; modules of a core, which have
 * none, are packages of purpose FILE.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/base/json_write.h"
#include "tools/show/report/report.h"

#define NEVER "1970-01-01T00:00:00Z"

struct document {
	const struct inventory *inventory;
	json_object *packages;
	json_object *files;
	json_object *relationships;
	char **products; /* SPDXIDs */
	char **binaries;
};

static char *id_of(const char *prefix, const char *key)
{
	char digest[2 * SHA256_SIZE + 1];
	sha256_hex(key, strlen(key), digest);
	return xasprintf("SPDXRef-%s-%.32s", prefix, digest);
}

static void relate(struct document *document, const char *from, const char *how, const char *to)
{
	json_object *relationship = json_object_new_object();
	put_member(relationship, "spdxElementId", from);
	put_member(relationship, "relationshipType", how);
	put_member(relationship, "relatedSpdxElement", to);
	json_object_array_add(document->relationships, relationship);
}

static void add_reference(json_object *references, const char *category, const char *type,
			  const char *locator)
{
	json_object *reference = json_object_new_object();
	put_member(reference, "referenceCategory", category);
	put_member(reference, "referenceType", type);
	put_member(reference, "referenceLocator", locator);
	json_object_array_add(references, reference);
}

static json_object *new_package(struct document *document, const char *id, const char *name,
				const char *version)
{
	json_object *package = json_object_new_object();
	put_member(package, "SPDXID", id);
	put_member(package, "name", name);
	put_member(package, "versionInfo", version);
	put_member(package, "downloadLocation", "NOASSERTION");
	json_object_object_add(package, "filesAnalyzed", json_object_new_boolean(0));
	json_object_array_add(document->packages, package);
	return package;
}

static void add_product(struct document *document, const struct product *product, const char *id)
{
	json_object *package = new_package(document, id, product->name, product->version);
	json_object *references = json_object_new_array();
	struct text comment = {0};
	const char *const facts[][2] = {{"type", product->type},
					{"architecture", product->machine},
					{"os", product->os},
					{"osVersion", product->os_version}};
	json_object_object_add(package, "externalRefs", references);
	add_reference(references, "PACKAGE-MANAGER", "purl", product->purl);
	if (product->cpe != NULL && strncmp(product->cpe, "cpe:2.3:", 8) == 0)
		add_reference(references, "SECURITY", "cpe23Type", product->cpe);
	else if (product->cpe != NULL && strncmp(product->cpe, "cpe:/", 5) == 0)
		add_reference(references, "SECURITY", "cpe22Type", product->cpe);
	text_puts(&comment, "From package notes (UAPI.8)");
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (facts[i][1] != NULL)
			text_printf(&comment, "%s%s %s", i == 0 ? ": " : ", ", facts[i][0],
				    facts[i][1]);
	put_member(package, "comment", comment.data);
	text_free(&comment);
	relate(document, "SPDXRef-DOCUMENT", "DESCRIBES", id);
}

static char *binary_comment(const struct binary *binary, const struct links *links)
{
	struct text out = {0};
	text_puts(&out, binary->kind);
	if (binary->machine != NULL)
		text_printf(&out, ", %s", binary->machine);
	if (binary->build_id[0] != '\0')
		text_printf(&out, ", build-id %s", binary->build_id);
	if (links->product_count == 0)
		text_puts(&out, binary->packages != NULL ? ", its package note has no name"
							 : ", no package note");
	for (size_t i = 0; i < links->missing.count; i++)
		text_printf(&out, ", needs %s from elsewhere", links->missing.items[i]);
	for (size_t i = 0; i < links->optional.count; i++)
		text_printf(&out, ", may load %s from elsewhere", links->optional.items[i]);
	return out.data;
}

static void add_checksum(json_object *checksums, const char *algorithm, const char *value)
{
	json_object *checksum = json_object_new_object();
	put_member(checksum, "algorithm", algorithm);
	put_member(checksum, "checksumValue", value);
	json_object_array_add(checksums, checksum);
}

static void add_binary(struct document *document, size_t index)
{
	const struct binary *binary = &document->inventory->binaries.items[index];
	const struct links *links = &document->inventory->links[index];
	const char *id = document->binaries[index];
	json_object *item;
	if (binary->is_whole) {
		json_object *checksums = json_object_new_array(), *types = json_object_new_array();
		item = json_object_new_object();
		put_member(item, "SPDXID", id);
		put_member(item, "fileName", binary->name);
		json_object_array_add(types, json_object_new_string("BINARY"));
		json_object_object_add(item, "fileTypes", types);
		add_checksum(checksums, "SHA1", binary->sha1);
		add_checksum(checksums, "SHA256", binary->sha256);
		json_object_object_add(item, "checksums", checksums);
		json_object_array_add(document->files, item);
	} else {
		item = new_package(document, id, binary->name, NULL);
		put_member(item, "primaryPackagePurpose", "FILE");
	}
	char *comment = binary_comment(binary, links);
	put_member(item, "comment", comment);
	free(comment);
	if (links->product_count == 0)
		relate(document, "SPDXRef-DOCUMENT", "DESCRIBES", id);
	for (size_t i = 0; i < links->product_count; i++)
		relate(document, id, "GENERATED_FROM", document->products[links->products[i]]);
	for (size_t i = 0; i < links->need_count; i++) {
		const char *to = document->binaries[links->needs[i].binary];
		if (links->needs[i].by_dlopen)
			relate(document, to, "RUNTIME_DEPENDENCY_OF", id);
		else
			relate(document, id, "DYNAMIC_LINK", to);
	}
}

static void name_all(struct document *document)
{
	const struct inventory *inventory = document->inventory;
	document->products = xcalloc(inventory->product_count + 1, sizeof(char *));
	document->binaries = xcalloc(inventory->binaries.count + 1, sizeof(char *));
	for (size_t i = 0; i < inventory->product_count; i++)
		document->products[i] = id_of("Package", inventory->products[i].key);
	for (size_t i = 0; i < inventory->binaries.count; i++) {
		const struct binary *binary = &inventory->binaries.items[i];
		char *key =
			xasprintf("%s\x1f%s\x1f%s", binary->name, binary->build_id, binary->sha256);
		document->binaries[i] = id_of("File", key);
		free(key);
	}
}

static void free_names(struct document *document)
{
	for (size_t i = 0; i < document->inventory->product_count; i++)
		free(document->products[i]);
	for (size_t i = 0; i < document->inventory->binaries.count; i++)
		free(document->binaries[i]);
	free(document->products);
	free(document->binaries);
}

static void put_head(json_object *all, const char *created, const char *uuid)
{
	json_object *info = json_object_new_object(), *creators = json_object_new_array();
	char *space = xasprintf("urn:uuid:%s", uuid);
	put_member(all, "spdxVersion", "SPDX-2.3");
	put_member(all, "dataLicense", "CC0-1.0");
	put_member(all, "SPDXID", "SPDXRef-DOCUMENT");
	put_member(all, "name", "pkgnote");
	put_member(all, "documentNamespace", space);
	json_object_object_add(all, "creationInfo", info);
	put_member(info, "created", created != NULL ? created : NEVER);
	json_object_array_add(creators, json_object_new_string("Tool: pkgnote-" PKGNOTE_VERSION));
	json_object_object_add(info, "creators", creators);
	free(space);
}

void report_spdx(const struct inventory *inventory, const char *created, struct text *out)
{
	struct document document = {inventory,
				    json_object_new_array(),
				    json_object_new_array(),
				    json_object_new_array(),
				    NULL,
				    NULL};
	json_object *body = json_object_new_object(), *all = json_object_new_object();
	struct text text = {0};
	char uuid[37];
	name_all(&document);
	for (size_t i = 0; i < inventory->product_count; i++) {
		const struct product *product = &inventory->products[i];
		add_product(&document, product, document.products[i]);
		for (size_t k = 0; k < product->need_count; k++)
			relate(&document, document.products[i], "DEPENDS_ON",
			       document.products[product->needs[k]]);
	}
	for (size_t i = 0; i < inventory->binaries.count; i++)
		add_binary(&document, i);
	json_object_object_add(body, "packages", document.packages);
	json_object_object_add(body, "files", document.files);
	json_object_object_add(body, "relationships", document.relationships);
	json_write(&text, body);
	uuid_of(&text, uuid);
	text_free(&text);
	put_head(all, created, uuid);
	json_object_object_foreach(body, key, value)
	{
		json_object_object_add(all, key, json_object_get(value));
	}
	json_write(out, all);
	text_puts(out, "\n");
	json_object_put(body);
	json_object_put(all);
	free_names(&document);
}
