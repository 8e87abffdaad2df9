/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inventory as one HTML page: packages, layers of images, files, with filters by what notes
 * say of a file, by layer and by name (base/page/page.h: what all such pages have). Of many
 * packages or files the first ROWS_MOST are rows of a table, the others lines of text in closed
 * parts: a mark, the number of the layer, the name, the packages.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/base/page/markup.h"
#include "tools/base/page/page.h"
#include "tools/show/report/page.h"
#include "tools/show/report/report.h"

#define ROWS_MOST 250
#define PAGE_MOST 5000 /* lines */
#define LIST_MOST 50   /* of what a file or package needs */

/* What an inventory has is UTF-8 with odd bytes as %XX. */
static void put_text(FILE *to, const char *text)
{
	char *raw = name_from_utf8(text);
	put_markup(to, raw);
	free(raw);
}

/* A package URL: what of it is markup is '&' alone, and its %XX are its own. */
static void put_url(FILE *to, const char *url)
{
	for (; url != NULL && *url != '\0'; url++) {
		if (*url == '&')
			fputs("&amp;", to);
		else
			fputc(*url, to);
	}
}

enum state { ONE, SEVERAL, NONE };
static const char *const words[] = {"one", "several", "none"};
static const char *const marks[] = {"●", "◆", "○"};
static const char *const titles[] = {"of one package", "of several packages", "without a package"};

static enum state state_of(const struct inventory *inventory, size_t binary)
{
	const size_t count = inventory->links[binary].product_count;
	return count == 0 ? NONE : count == 1 ? ONE : SEVERAL;
}

/* 0 for a file that is of no layer. */
static size_t layer_of(const struct inventory *inventory, const struct binary *binary)
{
	for (size_t i = 0; binary->layer != NULL && i < inventory->layers.count; i++)
		if (strcmp(inventory->layers.items[i], binary->layer) == 0)
			return i + 1;
	return 0;
}

/* "deb coreutils 9.1-1 amd64", of what there is. */
static void put_label(FILE *to, const struct product *product)
{
	const char *const parts[] = {product->type, product->name, product->version,
				     product->machine};
	bool any = false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i] == NULL)
			continue;
		fputs(any ? " " : "", to);
		put_text(to, parts[i]);
		any = true;
	}
}

static void put_head(FILE *to, const struct inventory *inventory)
{
	const size_t packages = inventory->product_count, files = inventory->binaries.count;
	size_t counts[3] = {0};
	for (size_t i = 0; i < files; i++)
		counts[state_of(inventory, i)]++;
	fprintf(to, "<h1>%zu package%s in %zu file%s</h1>\n", packages, packages != 1 ? "s" : "",
		files, files != 1 ? "s" : "");
	fputs("<p class=\"sum\">By the package notes (UAPI.8) that the files carry.</p>\n"
	      "<div id=\"filters\">",
	      to);
	for (size_t i = 0; i < 3; i++)
		fprintf(to,
			"<button type=\"button\" class=\"chip %s\" data-mark=\"%s\" "
			"aria-pressed=\"false\"><b>%zu</b> %s</button>",
			words[i], words[i], counts[i], titles[i]);
	if (inventory->layers.count != 0) {
		fputs("<select id=\"layer\" class=\"scripted\" aria-label=\"layer\">"
		      "<option value=\"\">all layers</option>",
		      to);
		for (size_t i = 0; i < inventory->layers.count; i++) {
			fprintf(to, "<option value=\"%zu\">layer %zu: ", i + 1, i + 1);
			put_text(to, inventory->layers.items[i]);
			fputs("</option>", to);
		}
		fputs("</select>", to);
	}
	fputs("<input id=\"search\" type=\"search\" placeholder=\"part of a name or package\" "
	      "aria-label=\"part of a name or package\"><span id=\"shown\" role=\"status\"></span>"
	      "</div>\n",
	      to);
}

static void put_term(FILE *to, const char *term, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	fprintf(to, "<dt>%s</dt><dd>", term);
	put_text(to, text);
	fputs("</dd>", to);
}

/* The end of a list of COUNT things, of which LIST_MOST stand there. */
static void end_list(FILE *to, size_t count)
{
	if (count > LIST_MOST)
		fprintf(to, "<br>and %zu more", count - LIST_MOST);
	fputs("</dd>", to);
}

static void put_texts(FILE *to, const char *term, const struct strings *texts)
{
	for (size_t i = 0; i < texts->count && i < LIST_MOST; i++) {
		if (i == 0)
			fprintf(to, "<dt>%s</dt><dd>", term);
		fputs(i != 0 ? "<br>" : "", to);
		put_text(to, texts->items[i]);
	}
	if (texts->count != 0)
		end_list(to, texts->count);
}

static void put_products(FILE *to, const char *term, const struct inventory *inventory,
			 const size_t *products, size_t count)
{
	for (size_t i = 0; i < count && i < LIST_MOST; i++) {
		if (i == 0)
			fprintf(to, "<dt>%s</dt><dd>", term);
		fputs(i != 0 ? "<br>" : "", to);
		put_label(to, &inventory->products[products[i]]);
	}
	if (count != 0)
		end_list(to, count);
}

/* --- closed parts --- */

/* The parts of what is beyond the first ROWS_MOST of COUNT; LINE prints a line, START the beginning
 * of the one that a part begins with. */
static void put_parts(FILE *to, const struct inventory *inventory, size_t count, const char *what,
		      void (*start)(FILE *to, const struct inventory *inventory, size_t index),
		      void (*line)(FILE *to, const struct inventory *inventory, size_t index))
{
	for (size_t first = ROWS_MOST, end; first < count; first = end) {
		end = count - first < PAGE_MOST ? count : first + PAGE_MOST;
		fprintf(to, "<details class=\"page\"><summary>%zu more %s from ", end - first,
			what);
		start(to, inventory, first);
		fprintf(to, "</summary><pre class=\"%s\" data-count=\"%zu\">\n", what, end - first);
		for (size_t i = first; i < end; i++)
			line(to, inventory, i);
		fputs("</pre></details>\n", to);
	}
}

/* --- packages --- */

static void start_product(FILE *to, const struct inventory *inventory, size_t index)
{
	put_label(to, &inventory->products[index]);
}

static void line_product(FILE *to, const struct inventory *inventory, size_t index)
{
	const struct product *product = &inventory->products[index];
	fprintf(to, "%zu  ", product->binary_count);
	put_label(to, product);
	fputs("  ", to);
	put_url(to, product->purl);
	fputs("\n", to);
}

static void put_cell(FILE *to, const char *text)
{
	fputs("<td>", to);
	put_text(to, text != NULL ? text : "");
	fputs("</td>", to);
}

static void put_product(FILE *to, const struct inventory *inventory, size_t index)
{
	const struct product *product = &inventory->products[index];
	const char *version = product->os_version != NULL ? product->os_version : "";
	char *os = xasprintf("%s %s", product->os != NULL ? product->os : "", version);
	fputs("<tr class=\"package\"><th scope=\"row\"><details><summary>", to);
	put_text(to, product->name);
	fputs("</summary><dl>", to);
	fputs("<dt>package URL</dt><dd>", to);
	put_url(to, product->purl);
	fputs("</dd>", to);
	put_term(to, "CPE", product->cpe);
	put_products(to, "needs", inventory, product->needs, product->need_count);
	fputs("</dl></details></th>", to);
	put_cell(to, product->type);
	put_cell(to, product->version);
	put_cell(to, product->machine);
	put_cell(to, os);
	fputs("<td class=\"number\"><button type=\"button\" class=\"only scripted\" "
	      "data-package=\"",
	      to);
	put_label(to, product);
	fputs("\" aria-label=\"show the files of ", to);
	put_label(to, product);
	fprintf(to, "\">show</button> %zu</td></tr>\n", product->binary_count);
	free(os);
}

static void put_packages(FILE *to, const struct inventory *inventory)
{
	const size_t count = inventory->product_count;
	if (count == 0)
		return;
	fputs("<h2>Packages</h2>\n<table id=\"packages\"><thead><tr><th scope=\"col\">package</th>"
	      "<th scope=\"col\">type</th><th scope=\"col\">version</th><th scope=\"col\">machine"
	      "</th><th scope=\"col\">system</th><th scope=\"col\" class=\"number\">files</th></tr>"
	      "</thead><tbody>\n",
	      to);
	for (size_t i = 0; i < count && i < ROWS_MOST; i++)
		put_product(to, inventory, i);
	fputs("</tbody></table>\n", to);
	put_parts(to, inventory, count, "packages", start_product, line_product);
}

/* --- layers --- */

static void put_layers(FILE *to, const struct inventory *inventory)
{
	const size_t count = inventory->layers.count;
	if (count == 0)
		return;
	size_t *files = xcalloc(count + 1, sizeof(*files));
	size_t *without = xcalloc(count + 1, sizeof(*without));
	for (size_t i = 0; i < inventory->binaries.count; i++) {
		const size_t layer = layer_of(inventory, &inventory->binaries.items[i]);
		files[layer]++;
		without[layer] += state_of(inventory, i) == NONE;
	}
	fputs("<h2>Layers with such files, the top one first</h2>\n<table id=\"layers\"><thead><tr>"
	      "<th scope=\"col\">layer</th><th scope=\"col\" class=\"number\">files</th>"
	      "<th scope=\"col\" class=\"number\">without a package</th></tr></thead><tbody>\n",
	      to);
	for (size_t i = 0; i < count; i++) {
		fprintf(to, "<tr><th scope=\"row\">%zu: ", i + 1);
		put_text(to, inventory->layers.items[i]);
		fprintf(to,
			"</th><td class=\"number\">%zu</td><td class=\"number\">%zu</td></tr>\n",
			files[i + 1], without[i + 1]);
	}
	fputs("</tbody></table>\n", to);
	free(files);
	free(without);
}

/* --- files --- */

static void start_file(FILE *to, const struct inventory *inventory, size_t index)
{
	put_text(to, inventory->binaries.items[index].name);
}

static void line_file(FILE *to, const struct inventory *inventory, size_t index)
{
	const struct binary *binary = &inventory->binaries.items[index];
	const struct links *links = &inventory->links[index];
	const size_t layer = layer_of(inventory, binary);
	fputs(marks[state_of(inventory, index)], to);
	if (layer != 0)
		fprintf(to, " %zu ", layer);
	else
		fputs(" - ", to);
	put_text(to, binary->name);
	for (size_t i = 0; i < links->product_count && i < LIST_MOST; i++) {
		fputs(i == 0 ? "  " : ", ", to);
		put_label(to, &inventory->products[links->products[i]]);
	}
	fputs("\n", to);
}

static void put_needs(FILE *to, const struct inventory *inventory, const struct links *links)
{
	for (size_t i = 0; i < links->need_count && i < LIST_MOST; i++) {
		const struct need *need = &links->needs[i];
		fputs(i == 0 ? "<dt>needs</dt><dd>" : "<br>", to);
		put_text(to, inventory->binaries.items[need->binary].name);
		fputs(need->by_dlopen ? " (dlopen)" : "", to);
	}
	if (links->need_count != 0)
		end_list(to, links->need_count);
}

static void put_file(FILE *to, const struct inventory *inventory, size_t index)
{
	const struct binary *binary = &inventory->binaries.items[index];
	const struct links *links = &inventory->links[index];
	const enum state state = state_of(inventory, index);
	const size_t layer = layer_of(inventory, binary);
	fprintf(to,
		"<tr class=\"file %s\" data-layer=\"%zu\"><td class=\"mark\"><span role=\"img\" "
		"aria-label=\"%s\">%s</span></td>",
		words[state], layer, titles[state], marks[state]);
	fputs("<th scope=\"row\"><details><summary>", to);
	put_text(to, binary->name);
	fputs("</summary><dl>", to);
	put_term(to, "build-id", binary->build_id);
	put_term(to, "soname", binary->soname);
	put_term(to, "layer", binary->layer);
	put_needs(to, inventory, links);
	put_texts(to, "needs, from elsewhere", &links->missing);
	put_texts(to, "may load, from elsewhere", &links->optional);
	fputs("</dl></details></th><td>", to);
	for (size_t i = 0; i < links->product_count && i < LIST_MOST; i++) {
		fputs(i != 0 ? "<br>" : "", to);
		put_label(to, &inventory->products[links->products[i]]);
	}
	if (links->product_count > LIST_MOST)
		fprintf(to, "<br>and %zu more", links->product_count - LIST_MOST);
	fputs(binary->packages != NULL && links->product_count == 0 ? "a note without a name" : "",
	      to);
	fputs("</td>", to);
	put_cell(to, binary->kind);
	put_cell(to, binary->machine);
	fputs("</tr>\n", to);
}

static void put_files(FILE *to, const struct inventory *inventory)
{
	const size_t count = inventory->binaries.count;
	fputs("<h2 id=\"files\">Files</h2>\n<table id=\"matrix\"><thead><tr><th scope=\"col\"></th>"
	      "<th scope=\"col\">file</th><th scope=\"col\">packages</th><th "
	      "scope=\"col\">kind</th>"
	      "<th scope=\"col\">machine</th></tr></thead><tbody>\n",
	      to);
	for (size_t i = 0; i < count && i < ROWS_MOST; i++)
		put_file(to, inventory, i);
	fputs("</tbody></table>\n", to);
	put_parts(to, inventory, count, "files", start_file, line_file);
}

void report_html(const struct inventory *inventory, FILE *to)
{
	page_begin(to, "pkgnote show", page_style);
	put_head(to, inventory);
	put_packages(to, inventory);
	put_layers(to, inventory);
	put_files(to, inventory);
	page_end(to, page_footer, page_script);
}
