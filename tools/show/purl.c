/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Package URLs (the purl specification, ECMA-427):
 *
 *     pkg:TYPE/NAMESPACE/NAME@VERSION?QUALIFIER=VALUE&...
 *
 * Parts are percent-encoded but for letters, digits and "-._~:"; qualifiers are sorted by name. By
 * type: rpm has VERSION-RELEASE, and the epoch as a qualifier; deb, alpm and apk have the epoch in
 * the version; names of deb, alpm and apk are in lower case. `arch` and `distro` ("fedora-38") are
 * qualifiers of all of these. A note names the source package (UAPI.8); where it names it beside
 * the binary one, in `sourcePackage`, scanners take it from the qualifier `upstream`.
 */
#include "tools/show/purl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/base/text.h"

char *payload_text(json_object *payload, const char *key)
{
	json_object *value;
	if (!json_object_object_get_ex(payload, key, &value) ||
	    !json_object_is_type(value, json_type_string) || json_object_get_string_len(value) == 0)
		return NULL;
	return name_to_utf8(json_object_get_string(value));
}

/* Part NUMBER of a CPE: 3 is the vendor, 4 the product, 5 the version, as in "cpe:2.3:o:VENDOR:
 * PRODUCT:VERSION"; "cpe:/o:VENDOR:PRODUCT:VERSION" has one part less. */
static char *cpe_part(const char *cpe, int number)
{
	if (strncmp(cpe, "cpe:/", 5) == 0)
		number--;
	else if (strncmp(cpe, "cpe:2.3:", 8) != 0)
		return NULL;
	for (; number > 0; number--) {
		cpe = strchr(cpe, ':');
		if (cpe == NULL)
			return NULL;
		cpe++;
	}
	const size_t length = strcspn(cpe, ":");
	if (length == 0 || (length == 1 && (*cpe == '*' || *cpe == '-')))
		return NULL;
	return xasprintf("%.*s", (int)length, cpe);
}

static char *os_part(json_object *payload, const char *key, int number)
{
	char *value = payload_text(payload, key);
	if (value != NULL)
		return value;
	char *cpe = payload_text(payload, "osCpe");
	if (cpe != NULL)
		value = cpe_part(cpe, number);
	free(cpe);
	return value;
}

char *payload_os(json_object *payload)
{
	return os_part(payload, "os", 4);
}

char *payload_os_version(json_object *payload)
{
	return os_part(payload, "osVersion", 5);
}

static void put_encoded(struct text *out, const char *utf8)
{
	char *raw = name_from_utf8(utf8);
	for (const char *text = raw; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;
		if (c < 0x80 && (isalnum(c) || strchr("-._~:", c) != NULL))
			text_add(out, text, 1);
		else
			text_printf(out, "%%%02X", c);
	}
	free(raw);
}

static void put_lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

struct word {
	const char *from;
	const char *to;
};

static const char *look_up(const struct word *words, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(words[i].from, text) == 0)
			return words[i].to;
	return NULL;
}

#define LOOK_UP(words, text) look_up(words, sizeof(words) / sizeof((words)[0]), text)

/* What notes say of the package's kind, and the purl type. */
static const struct word types[] = {
	{"rpm", "rpm"},   {"deb", "deb"},   {"apk", "apk"},
	{"alpm", "alpm"}, {"arch", "alpm"}, {"pacman", "alpm"},
};

/* dpkg's names of machines that a note may call as uname does. */
static const struct word deb_machines[] = {
	{"x86_64", "amd64"}, {"aarch64", "arm64"},   {"i386", "i386"},
	{"i686", "i386"},    {"ppc64le", "ppc64el"},
};

/* The vendor: most of them are called as their distribution is. */
static char *vendor_of(const char *os)
{
	if (strncmp(os, "opensuse", 8) == 0)
		return xstrdup("opensuse");
	char *vendor = xstrdup(strcmp(os, "rhel") == 0 ? "redhat" : os);
	put_lower(vendor);
	return vendor;
}

static void put_qualifier(struct text *out, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	text_puts(out, strchr(out->data, '?') != NULL ? "&" : "?");
	text_puts(out, name);
	text_puts(out, "=");
	put_encoded(out, value);
}

/* "NAME@VERSION" for deb, "NAME-VERSION.src.rpm" for rpm, as scanners read it; for free(). */
static char *upstream_of(json_object *payload, const char *type, const char *version)
{
	char *source = payload_text(payload, "sourcePackage");
	char *of = payload_text(payload, "sourceVersion"), *out = NULL;
	if (source != NULL && strcmp(type, "rpm") == 0 && (of != NULL || version != NULL))
		out = xasprintf("%s-%s.src.rpm", source, of != NULL ? of : version);
	else if (source != NULL && of != NULL)
		out = xasprintf("%s@%s", source, of);
	else if (source != NULL)
		out = xstrdup(source);
	free(source);
	free(of);
	return out;
}

static void put_qualifiers(struct text *out, json_object *payload, const char *type,
			   const char *epoch, const char *version)
{
	char *machine = payload_text(payload, "architecture"), *os = payload_os(payload);
	char *os_version = payload_os_version(payload);
	char *upstream = upstream_of(payload, type, version);
	const char *deb =
		machine != NULL && strcmp(type, "deb") == 0 ? LOOK_UP(deb_machines, machine) : NULL;
	char *distro = os != NULL && os_version != NULL ? xasprintf("%s-%s", os, os_version)
							: xstrdup(os != NULL ? os : "");
	put_qualifier(out, "arch", deb != NULL ? deb : machine);
	put_qualifier(out, "distro", distro);
	put_qualifier(out, "epoch", epoch);
	put_qualifier(out, "upstream", upstream);
	free(machine);
	free(os);
	free(os_version);
	free(upstream);
	free(distro);
}

char *purl_of(json_object *payload)
{
	struct text out = {0};
	char *name = payload_text(payload, "name"), *kind = payload_text(payload, "type");
	char *version = payload_text(payload, "version"), *os = payload_os(payload);
	const char *type = kind != NULL ? LOOK_UP(types, kind) : NULL, *rest = version;
	char *epoch = NULL;
	if (name != NULL) {
		const size_t digits = version != NULL ? strspn(version, "0123456789") : 0;
		if (type == NULL)
			type = "generic";
		text_printf(&out, "pkg:%s/", type);
		if (os != NULL && strcmp(type, "generic") != 0) {
			char *vendor = vendor_of(os);
			put_encoded(&out, vendor);
			text_puts(&out, "/");
			free(vendor);
		}
		if (strcmp(type, "rpm") != 0 && strcmp(type, "generic") != 0)
			put_lower(name);
		put_encoded(&out, name);
		if (strcmp(type, "rpm") == 0 && digits != 0 && version[digits] == ':') {
			epoch = xasprintf("%.*s", (int)digits, version);
			rest = version + digits + 1;
		}
		if (rest != NULL && rest[0] != '\0') {
			text_puts(&out, "@");
			put_encoded(&out, rest);
		}
		put_qualifiers(&out, payload, type,
			       epoch != NULL && strcmp(epoch, "0") != 0 ? epoch : NULL, rest);
	}
	free(name);
	free(kind);
	free(version);
	free(os);
	free(epoch);
	return out.data;
}
