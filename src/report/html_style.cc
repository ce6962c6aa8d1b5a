#include "report/html_internal.h"

namespace slipway::report {

const char* StyleSheet() {
  return R"css(
:root{color-scheme:light dark;--bg:#f7f7f4;--panel:#fff;--ink:#1c2127;--soft:#5b6570;--line:#e2e4df;--track:#eceee9;
--accent:#2b5fb0;--band:#b9cdec;--pass:#1b7a48;--pass-bg:#e2f3e8;--fail:#b3271e;--fail-bg:#fbe7e4;--warn:#855600;--warn-bg:#faefd2;
--c0:#2b5fb0;--c1:#c2661a;--c2:#2a8a57;--c3:#a83a6b;--c4:#6a55b8;--c5:#1f8a99;--c6:#8c6d1f;--c7:#b0413e;--c8:#5e7a2e;--c9:#6b7280;
--sans:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--bg:#121518;--panel:#1a1e22;--ink:#e6e9ec;--soft:#9aa5b0;--line:#2d3339;--track:#272c32;
--accent:#7fadf2;--band:#31507f;--pass:#63cc93;--pass-bg:#16321f;--fail:#f28f85;--fail-bg:#40201d;--warn:#e3b964;--warn-bg:#38290c;
--c0:#7fadf2;--c1:#f0a061;--c2:#63cc93;--c3:#ea8ab6;--c4:#b3a2f5;--c5:#5fcbd9;--c6:#d9b95c;--c7:#f28f85;--c8:#b3d271;--c9:#a7b0ba}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1120px;padding:48px 32px 64px;background:var(--bg);color:var(--ink);font:15px/1.55 var(--sans);
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1,h2,h3,p,dl,dd,ul,figure{margin:0;padding:0}ul{list-style:none}
h1{font-size:34px;line-height:1.2;font-weight:650;letter-spacing:-.015em}
h2{font-size:20px;line-height:1.3;font-weight:650;letter-spacing:-.01em;margin-bottom:16px}
h3{font-size:15px;font-weight:600;line-height:1.4}
section>h3,.scroll+h3,.cards+h3{margin:24px 0 8px}
a{color:var(--accent)}a:focus-visible,.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:16px;top:8px}
code{font:13px/1.5 var(--mono)}em{color:var(--soft)}
.soft{color:var(--soft);font-size:14px}.num{text-align:right;white-space:nowrap}
.eyebrow{color:var(--soft);font-size:13px;font-weight:600;letter-spacing:.06em;text-transform:uppercase;margin-bottom:6px}
.title{display:flex;flex-wrap:wrap;align-items:center;gap:8px 16px}
.verdict{font-weight:650;font-size:15px;padding:4px 14px;border-radius:999px}
.verdict::before,.badge::before{content:"";display:inline-block;width:.5em;height:.5em;border-radius:50%;background:currentColor;margin-right:.5em;vertical-align:.12em}
.badge.quiet::before{display:none}
.pass{--tone:var(--pass);--tone-bg:var(--pass-bg)}.fail{--tone:var(--fail);--tone-bg:var(--fail-bg)}.warn{--tone:var(--warn);--tone-bg:var(--warn-bg)}
.quiet{--tone:var(--soft);--tone-bg:var(--track)}
.verdict,.badge{color:var(--tone);background:var(--tone-bg)}
.badge{display:inline-block;font-size:13px;font-weight:600;line-height:1.5;padding:1px 9px;border-radius:999px;white-space:nowrap}
.lede{font-size:17px;margin-top:10px;max-width:62ch}
.facts{display:flex;flex-wrap:wrap;gap:12px 36px;margin-top:22px}
.facts dt,.small dt{color:var(--soft);font-size:13px}.facts dd{font-weight:550}
nav{margin:28px 0 24px;border-top:1px solid var(--line);border-bottom:1px solid var(--line);padding:10px 0}
nav ul{display:flex;flex-wrap:wrap;gap:4px 22px}nav a{text-decoration:none;font-size:14px}nav a:hover{text-decoration:underline}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:16px;margin-bottom:16px}
.tile,section{background:var(--panel);border:1px solid var(--line);border-radius:10px}
.tile{padding:16px 18px}.tile h3{color:var(--soft);font-size:14px}
.tile.fail{border-color:var(--fail)}
.figure{font-size:32px;font-weight:600;line-height:1.25;letter-spacing:-.02em}.tile.fail .figure{color:var(--fail)}
.notes{color:var(--soft);font-size:13px;line-height:1.45}.notes span{display:block;white-space:nowrap}
section{padding:24px 26px 26px;margin-bottom:16px;scroll-margin-top:12px}
#data .facts{margin:0 0 18px}
.scroll{overflow-x:auto;margin:0 -8px}.scroll+.soft{margin-top:12px}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:8px;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--soft);font-weight:550;font-size:13px;white-space:nowrap;vertical-align:bottom}
th.num,td.num{text-align:right}tbody th{font-weight:600}td.strong{font-weight:650}
tbody th{min-width:6em}.reason{min-width:15em}
#gates tbody th,#gates td:first-child{white-space:nowrap}
.examples{margin-top:4px;font-size:13px;color:var(--soft)}.examples span{display:inline-block;margin-right:14px}
.examples code{font-size:12px;background:var(--track);border-radius:4px;padding:1px 5px;color:var(--ink)}
svg{display:block}
.track{fill:var(--track)}.mark{fill:var(--accent)}.band{fill:var(--band)}.dot{fill:var(--accent)}.limit{stroke:var(--ink);stroke-width:2}
.range{width:100%;height:22px;margin:8px 0 6px;overflow:visible}
.tile.fail .dot{fill:var(--fail)}
.dots{width:100%;height:26px;overflow:visible}.dots .dot{fill-opacity:.75}.dots .limit{stroke-width:1.5}
.bar{width:100%;height:10px;align-self:center}
.bars{display:grid;grid-template-columns:fit-content(42%) minmax(60px,1fr) auto;gap:9px 18px;font-size:14px}
.bars li{display:contents}.bars+.soft{margin-top:14px}
.folds{display:grid;grid-template-columns:auto minmax(80px,1fr) auto;gap:6px 18px;align-items:center;font-size:14px;margin-bottom:18px}
.trials{width:100%;height:160px;margin:6px 0;overflow:visible}.trials path{fill:none;stroke:var(--soft);stroke-opacity:.45;stroke-width:1.5;stroke-linejoin:round;vector-effect:non-scaling-stroke}
.trials .chosen{stroke:var(--accent);stroke-opacity:1;stroke-width:3}
.ends{display:flex;justify-content:space-between;color:var(--soft);font-size:12px;line-height:1.5}
.stack{width:100%;height:20px;border-radius:5px;overflow:hidden;margin-bottom:12px}
.p0{fill:var(--c0);background:var(--c0)}.p1{fill:var(--c9);background:var(--c9)}.p2{fill:var(--c1);background:var(--c1)}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;font-size:14px}.legend b{font-weight:600}
.key{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px;vertical-align:-1px}
.s0{--s:var(--c0)}.s1{--s:var(--c1)}.s2{--s:var(--c2)}.s3{--s:var(--c3)}.s4{--s:var(--c4)}
.s5{--s:var(--c5)}.s6{--s:var(--c6)}.s7{--s:var(--c7)}.s8{--s:var(--c8)}.s9{--s:var(--c9)}
i.key[class*=" s"]{background:var(--s)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr));gap:28px 32px;align-items:start}
.figures h3{margin-bottom:10px}figcaption{color:var(--soft);font-size:13px;margin-top:8px}figcaption .legend{margin-top:4px;color:var(--ink)}
.chart{width:100%;max-width:420px;height:auto}.figures+h3{margin-top:28px}
.grid{stroke:var(--line);fill:none}.chance{stroke:var(--soft);stroke-dasharray:3 4;fill:none}
.point{fill:var(--c1);fill-opacity:.5}.spot{fill:var(--s)}
.curve{stroke:var(--s);stroke-width:2.25;fill:none;stroke-linejoin:round}
.dashed{stroke-dasharray:5 4;stroke-width:1.5}
.share{width:100%;height:190px;margin:6px 0 2px;overflow:visible}.share .step{stroke:var(--accent);stroke-width:2}
.sign{fill:none;stroke:var(--tone);stroke-width:2;overflow:visible}.sign.pass,.sign.verb{fill:var(--tone)}.sign.verb{--tone:var(--ink)}
.legend .sign{display:inline-block;width:12px;height:12px;margin-right:7px;vertical-align:-1px}.legend+.soft{margin-top:8px}
.findings li{margin-bottom:2px}.figures+.soft{margin-top:18px}
.tick,.axis{fill:var(--soft);font:12px var(--sans)}.axis{font-size:13px}
.cell{fill:var(--accent)}.count{fill:var(--ink);font:600 13px var(--sans)}.count.strong{fill:var(--panel)}
.hist{width:100%;height:64px;border-bottom:1px solid var(--line)}.hist path{fill:var(--s)}
.pair .was{fill:var(--c9)}.pair .is{fill:var(--c1)}.hist.pair .was{fill-opacity:.45}
.hist.pair .is{fill:none;stroke:var(--c1);stroke-width:2;vector-effect:non-scaling-stroke}.bar.pair{height:14px}
.key.was{background:var(--c9)}.key.is{background:var(--c1)}.hist.pair{overflow:visible}.effect{min-width:14em}.chance{white-space:nowrap}.limited{height:8px;margin:6px 0 5px}
.tells,.why{margin-top:8px}.why,article>.soft{font-size:13px}#overview .facts{margin:18px 0 22px}#overview h3{margin-bottom:10px}
code,.name{unicode-bidi:isolate}
.scores{margin-bottom:10px}.scores p{font-size:14px;margin-bottom:2px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(230px,100%),1fr));gap:28px 32px;margin-top:16px}
article{min-width:0;break-inside:avoid}article h3{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.kind{color:var(--soft);font-size:13px;margin-bottom:8px}.kind .soft{font-size:13px}.lacks{color:var(--warn);font-weight:550}
.small{display:flex;flex-wrap:wrap;gap:4px 20px;margin-top:8px;font-size:13px}.small dd{font-weight:550}
.tops{display:grid;grid-template-columns:minmax(0,1fr) minmax(40px,1fr) auto;gap:6px 12px;font-size:13px}
.tops li{display:contents}.tops .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.tops+.soft{font-size:13px;margin-top:6px}
.points{list-style:disc;padding-left:20px}.points li{margin-bottom:6px}section>p+ul{margin-top:10px}
.commands{display:grid;gap:12px}.commands dt{color:var(--soft);font-size:13px}
.commands code{display:block;background:var(--track);border-radius:6px;padding:7px 12px;user-select:all;overflow-x:auto}
footer{color:var(--soft);font-size:13px;margin-top:28px}
@media (max-width:620px){body{padding:24px 14px 40px}h1{font-size:26px}.lede{font-size:16px}section{padding:18px 16px 20px;border-radius:8px}
.wide{display:none}
:is(#gates,#data) thead{position:absolute;left:-999px}:is(#gates,#data) tbody tr{display:flex;flex-wrap:wrap;gap:4px 10px;padding:10px 8px;border-top:1px solid var(--line)}
:is(#gates,#data) tbody :is(th,td){border:0;padding:0}:is(#gates,#data) .wide{display:none}:is(#gates,#data) .reason{flex-basis:100%}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:10px}.tile{padding:12px 13px}.figure{font-size:26px}
.facts{gap:10px 24px}.bars{gap:9px 12px}.reason{min-width:12em}}
@media print{:root{--bg:#fff;--panel:#fff}body{max-width:none;padding:0;font-size:12px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
nav,.skip{display:none}section,.tile{break-inside:avoid-page;border-color:#ccc}section:is(#columns,#data,#pictures){break-inside:auto}.scroll{overflow:visible}}
)css";
}

}  // namespace slipway::report
