/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages for people: one HTML file each, without outside parts and allowed none by its own policy.
 * They read without scripts, too. What the commands' pages share: looks, buttons that filter
 * ("chip"), a field for part of a name ("search"), tables, and long lists as lines of text in parts
 * that are closed ("page"), since a browser takes seconds for a table of 100,000 rows.
 */
#ifndef BASE_PAGE_PAGE_H
#define BASE_PAGE_PAGE_H

#include <stdio.h>

/* STYLE is CSS of the page's own. */
void page_begin(FILE *to, const char *title, const char *style);
/* FOOTER is markup. SCRIPT is the page's own: it finds `on` (the buttons of a list that are
 * pressed), `press` (has buttons call back once they are), `turn` (filters the lines of a closed
 * part) there. */
void page_end(FILE *to, const char *footer, const char *script);

#endif
