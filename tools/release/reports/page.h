/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fixed parts of the HTML report, for html.c alone. */
#ifndef RELEASE_REPORTS_PAGE_H
#define RELEASE_REPORTS_PAGE_H

static const char page_style[] =
	".chip.pass b{color:var(--pass)}.chip.fail b{color:var(--fail)}.chip.missing b{color:"
	"var(--missing)}.chip.unreachable b{color:var(--unreachable)}\n"
	"tr.input th{font:600 .9rem/1.5 system-ui,sans-serif;background:var(--bg)}\n"
	".column{all:unset;cursor:pointer;white-space:nowrap}.column[aria-pressed=true]{color:"
	"var(--ink);font-weight:700;text-decoration:underline}.column:focus-visible{outline:2px "
	"solid}\n"
	"td{white-space:nowrap;width:1%}.word{font-size:.8rem;margin-left:.35rem}\n"
	".v.pass{color:var(--pass)}.v.fail{color:var(--fail);font-weight:600}.v.missing{color:"
	"var(--missing);font-weight:600}.v.unreachable{color:var(--unreachable);font-weight:600}"
	".v.skipped{color:var(--skipped)}\n"
	"td.pass .word,td.skipped .word{opacity:.55}.unread li{overflow-wrap:anywhere}\n";

static const char page_footer[] =
	"✓ pass · ✗ fail: there, and wrong · ∅ missing: no server has it · ? unreachable: "
	"not known · – skipped: not judged";

static const char page_script[] =
	"const rows=[...document.querySelectorAll('tr.file')];\n"
	"const chips=[...document.querySelectorAll('.chip')];\n"
	"const columns=[...document.querySelectorAll('.column')];\n"
	"const search=document.getElementById('search');\n"
	"const pages=[...document.querySelectorAll('pre')];\n"
	"const mark={pass:'✓',fail:'✗',missing:'∅',unreachable:'?',skipped:'–'};\n"
	"function fits(line,verdicts,chosen,text){\n"
	" const all=[...line.slice(0,columns.length)];\n"
	" const marks=chosen.length===0?all:chosen.map(i=>all[i-1]);\n"
	" return (verdicts.length===0||verdicts.some(v=>marks.includes(mark[v])))&&\n"
	"  (text===''||line.toLowerCase().includes(text));\n"
	"}\n"
	"function show(){\n"
	" const verdicts=on(chips).map(c=>c.dataset.verdict);\n"
	" const chosen=on(columns).map(c=>+c.dataset.column);\n"
	" const text=search.value.toLowerCase();\n"
	" let count=0;\n"
	" for(const row of rows){\n"
	"  const "
	"cells=[...row.cells].filter((c,i)=>i>0&&(chosen.length===0||chosen.includes(i)));\n"
	"  const good=(verdicts.length===0||\n"
	"    cells.some(c=>verdicts.some(v=>c.classList.contains(v))))&&\n"
	"   (text===''||row.cells[0].textContent.toLowerCase().includes(text));\n"
	"  row.hidden=!good; count+=good?1:0;\n"
	" }\n"
	" for(const body of document.querySelectorAll('tbody'))\n"
	"  body.hidden=![...body.rows].some(r=>r.className==='file'&&!r.hidden);\n"
	" let all=rows.length;\n"
	" for(const page of pages){all+=+page.dataset.count;\n"
	"  count+=turn(page,verdicts.length===0&&text==='',\n"
	"   line=>fits(line,verdicts,chosen,text));}\n"
	" document.getElementById('shown').textContent=count+' of '+all+' files';\n"
	"}\n"
	"press([...chips,...columns],show);\n"
	"search.addEventListener('input',show);\n"
	"show();\n";

#endif
