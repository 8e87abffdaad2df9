/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fixed parts of the page, for html.c alone. */
#ifndef SHOW_REPORT_PAGE_H
#define SHOW_REPORT_PAGE_H

static const char page_style[] =
	".chip.one b{color:var(--pass)}.chip.several b{color:var(--unreachable)}.chip.none b{color:"
	"var(--missing)}\n"
	"td{overflow-wrap:anywhere}td.mark{width:1%;font-size:1.1rem;line-height:1.2}.one "
	".mark{color:var(--pass)}.several .mark{color:var(--unreachable)}.none .mark{color:"
	"var(--missing)}\n"
	"td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
	"\n"
	"select,.only{font:inherit;color:inherit;background:var(--card);border:1px solid "
	"var(--line);border-radius:.4rem;padding:.15rem "
	".5rem;max-width:min(100%,24rem)}.only{cursor:pointer}"
	"\nselect:focus-visible,input:focus-visible{outline:2px solid}dd{overflow-wrap:anywhere}\n";

static const char page_footer[] =
	"● of one package · ◆ of several · ○ of none that a note names. Made by pkgnote show "
	"--report=html";

static const char page_script[] =
	"const rows=[...document.querySelectorAll('tr.file')];\n"
	"const chips=[...document.querySelectorAll('.chip')];\n"
	"const pages=[...document.querySelectorAll('pre.files')];\n"
	"const search=document.getElementById('search');\n"
	"const layer=document.getElementById('layer');\n"
	"const mark={one:'●',several:'◆',none:'○'};\n"
	"const words=row=>(row.querySelector('summary').textContent+' '+\n"
	" row.cells[2].textContent).toLowerCase();\n"
	"function show(){\n"
	" const marks=on(chips).map(c=>c.dataset.mark);\n"
	" const signs=marks.map(m=>mark[m]);\n"
	" const text=search.value.toLowerCase();\n"
	" const number=layer===null?'':layer.value;\n"
	" let count=0,all=rows.length;\n"
	" for(const row of rows){\n"
	"  const good=(marks.length===0||marks.some(m=>row.classList.contains(m)))&&\n"
	"   (number===''||row.dataset.layer===number)&&\n"
	"   (text===''||words(row).includes(text));\n"
	"  row.hidden=!good;count+=good?1:0;\n"
	" }\n"
	" for(const page of pages){\n"
	"  all+=+page.dataset.count;\n"
	"  count+=turn(page,marks.length===0&&text===''&&number==='',line=>\n"
	"   (marks.length===0||signs.includes(line[0]))&&\n"
	"   (number===''||line.startsWith(number+' ',2))&&\n"
	"   (text===''||line.toLowerCase().includes(text)));\n"
	" }\n"
	" document.getElementById('shown').textContent=count+' of '+all+' files';\n"
	"}\n"
	"press(chips,show);\n"
	"search.addEventListener('input',show);\n"
	"if(layer!==null)layer.addEventListener('change',show);\n"
	"for(const button of document.querySelectorAll('.only'))\n"
	" button.addEventListener('click',()=>{\n"
	"  search.value=button.dataset.package;show();\n"
	"  document.getElementById('files').scrollIntoView();});\n"
	"show();\n";

#endif
