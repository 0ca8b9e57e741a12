/** The page's look. Every colour is a variable, so that light, dark and print differ only here. */

const LIGHT = `
--surface:#ffffff;--raised:#f4f6f8;--text:#16202a;--muted:#4d5a66;--line:#d5dbe1;--link:#0a58a8;
--shade:rgba(196,84,0,.14);
--series-1:#0a63b5;--series-2:#b84a00;--series-3:#00735a;--series-4:#83369a;
--series-5:#a3174b;--series-6:#6a5a00;--series-7:#3f5160;--series-8:#006c7c;
--heat-0:#eef2f5;--heat-1:#fff0d9;--heat-2:#ffd8a3;--heat-3:#ffb076;--heat-4:#f08a6c;--heat-text:#16202a;
--valid:#0b6b3a;--invalid:#a3174b;--unknown:#6a5a00;`;

const DARK = `
--surface:#12181f;--raised:#1b232c;--text:#e8edf2;--muted:#aab6c2;--line:#36424e;--link:#7dbcf5;
--shade:rgba(255,157,87,.16);
--series-1:#6fb4f4;--series-2:#ff9f5c;--series-3:#4fd0a6;--series-4:#d3a0e4;
--series-5:#ff86ac;--series-6:#dcc95f;--series-7:#afc1d0;--series-8:#5fd2e2;
--heat-0:#1f2933;--heat-1:#3b3016;--heat-2:#5a3d12;--heat-3:#7a3f14;--heat-4:#8d2f27;--heat-text:#f4f7fa;
--valid:#6fdca0;--invalid:#ff86ac;--unknown:#dcc95f;`;

export const PAGE_STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media screen and (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--surface);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main,header,footer{max-width:74rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.2rem}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;background:var(--surface);padding:.5rem}
h1{font-size:1.05rem;font-weight:500;color:var(--muted);margin:0 0 .2rem}
h2{font-size:1.35rem;line-height:1.25;margin:0 0 .5rem}
h3{font-size:1.05rem;margin:0}
section{padding:1.4rem 0;border-top:1px solid var(--line)}
#answer{border-top:0;padding-top:.4rem}
.answer{font-weight:400;font-size:1.25rem;line-height:1.4;margin:.2rem 0 1rem;max-width:60rem;text-wrap:pretty}
.answer span:first-child{font-weight:650}
p{max-width:60rem;margin:.4rem 0}
.note{color:var(--muted);font-size:.92rem}
.warning{border-left:4px solid var(--unknown);padding-left:.7rem}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;padding:0;margin:.6rem 0}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1.2rem;align-items:start}
.chart{margin:.6rem 0;min-width:0}
figcaption{font-weight:600;margin-bottom:.3rem}
.picture svg{display:block;width:100%;height:auto;max-width:34rem}
.picture.wide svg{max-width:60rem}
.narrow{display:none}
@media (max-width:46rem){.wide{display:none}.narrow{display:block}}
details{margin:.4rem 0}
summary{cursor:pointer;color:var(--link);padding:.25rem 0}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);padding:.2rem 0}
th,td{padding:.3rem .7rem .3rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
thead th:not(:first-child){text-align:right}.heat thead th:not(:first-child){text-align:left;padding-left:.6rem}
thead th{color:var(--muted);font-weight:600}
.figure{text-align:right;white-space:nowrap}
.heat td{padding:0;border:2px solid var(--surface);min-width:9.5rem}
.heat td.none{padding:.4rem .6rem;color:var(--muted)}
.heat a{display:block;padding:.45rem .6rem;color:var(--heat-text);text-decoration:none}
.heat a:hover strong,.heat a:focus strong{text-decoration:underline}
.heat strong{display:block}
.heat .repeats{display:flex;flex-wrap:wrap;gap:0 .6rem;padding:0 .6rem .3rem;font-size:.8rem}
.heat .repeats a{padding:0;text-decoration:underline}
${[0, 1, 2, 3, 4].map((level) => `.heat-${level}{background:var(--heat-${level})}`).join("")}
.run{background:var(--raised);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem;min-width:0;scroll-margin-top:.6rem}
.run:target{outline:3px solid var(--link)}
.run dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(7.4rem,1fr));gap:.3rem .8rem;margin:.6rem 0}
.run dt{color:var(--muted);font-size:.8rem}
.run dd{margin:0;font-variant-numeric:tabular-nums;font-weight:600}
.verdict{font-weight:650;white-space:nowrap}
.verdict.valid{color:var(--valid)}.verdict.invalid{color:var(--invalid)}.verdict.unknown{color:var(--unknown)}
.reasons{margin:.4rem 0;padding-left:1.1rem;font-size:.92rem}
code{font-size:.9em;overflow-wrap:anywhere}
footer{color:var(--muted);font-size:.9rem;padding-bottom:2rem}
@media print{body{font-size:11pt}nav,.skip,summary{display:none}.run{background:none}
.run,.chart,tr{break-inside:avoid}section{break-inside:auto}.heat td,.picture *{print-color-adjust:exact}
.grid{grid-template-columns:1fr 1fr}}
`;
