/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all pages have: see page.h. */
#include "tools/base/page/page.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n";

static const char looks[] =
	":root{--bg:#fbfbf9;--ink:#1d2327;--dim:#68737a;--line:#dcdfdc;--card:#fff;"
	"--pass:#1f7a4d;--fail:#b3261e;--missing:#a13d00;--unreachable:#6b4fa0;--skipped:#6d757a}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#15191c;--ink:#e6e9ea;--dim:#96a1a8;"
	"--line:#2f373c;--card:#1c2226;--pass:#5fc995;--fail:#ff8a80;--missing:#ffad70;"
	"--unreachable:#c0a6f5;--skipped:#96a1a8}}\n"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:2rem 1.2rem;"
	"background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.7rem;margin:0 0 .2rem;border-left:.4rem solid;padding-left:.8rem}\n"
	"h1.pass{border-color:var(--pass)}h1.fail{border-color:var(--fail)}\n"
	"h2{font-size:1.1rem;margin:1.5rem 0 .3rem}.sum{color:var(--dim);margin:.2rem 0 1.2rem}\n"
	"#filters{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin-bottom:1rem}\n"
	".chip{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);"
	"border-radius:99px;padding:.25rem .9rem;cursor:pointer}\n"
	".chip b{font-variant-numeric:tabular-nums}.chip[aria-pressed=true]{background:var(--ink);"
	"color:var(--bg);border-color:var(--ink)}.chip[aria-pressed=true] "
	"b{color:inherit!important}"
	"\n#search{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);"
	"border-radius:.4rem;padding:.25rem .6rem;min-width:14rem}#shown{color:var(--dim)}\n"
	"table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid "
	"var(--line)}\n"
	"th,td{padding:.4rem .7rem;border-bottom:1px solid var(--line);text-align:left;"
	"vertical-align:top}thead th{position:sticky;top:0;background:var(--card);color:var(--dim);"
	"font-weight:500;font-size:.85rem}\n"
	"tbody th{font:14px/1.5 ui-monospace,monospace;font-weight:400;overflow-wrap:anywhere}\n"
	"summary{cursor:pointer}\n"
	"details p,dl{font:13px/1.5 system-ui,sans-serif;margin:.3rem 0 .3rem 1rem}.where{color:"
	"var(--dim)}dt{font-weight:600;margin-top:.3rem}dd{margin:0 0 0 "
	"1rem}small{color:var(--dim)}\n"
	"pre{overflow-x:auto;background:var(--card);border:1px solid var(--line);padding:.5rem}\n"
	".page{margin:.4rem 0}button:focus-visible,summary:focus-visible{outline:2px solid}\n"
	"[hidden]{display:none}footer{color:var(--dim);margin-top:1.2rem;font-size:.85rem}\n";

/* A closed part has lines of text, data-count of them besides those that begin with "# ", which
 * say what the lines below are of. */
static const char shared_script[] =
	"'use strict';\n"
	"const on=list=>list.filter(b=>b.getAttribute('aria-pressed')==='true');\n"
	"const press=(list,then)=>list.forEach(b=>b.addEventListener('click',()=>{\n"
	" b.setAttribute('aria-pressed',b.getAttribute('aria-pressed')!=='true');then(b);}));\n"
	"function turn(page,everything,fits){\n"
	" if(everything&&page.whole===undefined)return +page.dataset.count;\n"
	" if(page.whole===undefined)page.whole=page.textContent;\n"
	" let kept='',input='',count=0;\n"
	" for(const line of page.whole.split('\\n')){\n"
	"  if(line.startsWith('# ')){input=line+'\\n';continue;}\n"
	"  if(line===''||!fits(line))continue;\n"
	"  kept+=input+line+'\\n';input='';count++;\n"
	" }\n"
	" page.textContent=kept;page.parentNode.hidden=count===0;return count;\n"
	"}\n";

void page_begin(FILE *to, const char *title, const char *style)
{
	fprintf(to, "%s<title>%s</title>\n<style>\n%s%s</style>\n", head, title, looks, style);
	fputs("<noscript><style>#search,#shown,.scripted{display:none}.chip,.column{pointer-events:"
	      "none;border-color:transparent}</style></noscript>\n</head><body>\n",
	      to);
}

void page_end(FILE *to, const char *footer, const char *script)
{
	fprintf(to, "<footer>%s</footer>\n<script>\n%s%s</script>\n</body></html>\n", footer,
		shared_script, script);
}
