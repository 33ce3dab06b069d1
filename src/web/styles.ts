/**
 * How the component looks. Colours are for light and dark, with a contrast of 4.5 to 1 or better; what is animated stands still for people who ask
 * for less motion.
 */

import { css } from 'lit';

export const styles = css`
  :host { --ink:#1c2024; --soft:#565d66; --paper:#ffffff; --box:#f4f6f8; --line:#b6bdc5; --accent:#0b57b7; --mark:#fff1c2; --edge:#8a5a00; --red:#b3261e; --black:#30363d; --fill:#3d7fd1;
    display:block; color:var(--ink); background:var(--paper); font:15px/1.45 system-ui,sans-serif; color-scheme:light dark; border:1px solid var(--line); border-radius:8px; padding:10px; }
  @media (prefers-color-scheme: dark) {
    :host { --ink:#e6e9ec; --soft:#a9b1ba; --paper:#14181c; --box:#1e242a; --line:#47505a; --accent:#8ab8ff; --mark:#4a3b08; --edge:#f0c14b; --red:#d3453c; --black:#59636e; --fill:#4f8fe0; }
  }
  * { box-sizing:border-box; }
  h2,h3,h4,p { margin:0 0 6px; } h2 { font-size:1.15em; } h3 { font-size:1em; } h4 { font-size:.95em; }
  .about { color:var(--soft); max-width:75ch; }
  button,select,textarea,input { font:inherit; color:inherit; }
  button,select { background:var(--box); border:1px solid var(--line); border-radius:5px; padding:3px 8px; min-height:28px; cursor:pointer; max-width:100%; }
  button:disabled { color:var(--soft); cursor:default; }
  button:focus-visible,select:focus-visible,input:focus-visible,textarea:focus-visible,section:focus-visible,[tabindex]:focus-visible { outline:3px solid var(--accent); outline-offset:1px; }
  button[aria-pressed="true"] { border-color:var(--accent); color:var(--accent); font-weight:600; }
  .bar { display:flex; flex-wrap:wrap; gap:5px; align-items:center; margin:6px 0; }
  .bar label { display:inline-flex; gap:5px; align-items:center; max-width:100%; flex-wrap:wrap; }
  .slider { flex:1 1 180px; min-width:120px; accent-color:var(--accent); }
  .sentence { font-weight:600; padding:6px 8px; background:var(--mark); border-left:4px solid var(--edge); min-height:2.4em; overflow-wrap:anywhere; }
  .where,.small,small { color:var(--soft); font-size:.86em; overflow-wrap:anywhere; }
  .error { border-left:4px solid var(--red); padding:6px 8px; background:var(--box); overflow-wrap:anywhere; }
  .panes { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr)); gap:10px; margin-top:8px; }
  .pane { border:1px solid var(--line); border-radius:6px; padding:8px; min-width:0; }
  .boxes { display:flex; flex-direction:column; gap:7px; }
  .box { background:var(--box); border:1px solid var(--line); border-radius:5px; padding:6px; min-width:0; }
  .box.changed { border-color:var(--edge); }
  .part { display:flex; gap:8px; align-items:baseline; padding:2px; border-left:3px solid transparent; min-width:0; }
  .part.changed { background:var(--mark); border-left-color:var(--edge); }
  .value { min-width:0; overflow-x:auto; overflow-wrap:anywhere; flex:1; }
  .name { border:0; background:none; padding:0 2px; min-height:24px; color:var(--accent); text-align:left; overflow-wrap:anywhere; }
  .part > .name { flex:0 0 6.5em; } .name.chosen { text-decoration:underline; font-weight:700; }
  .empty { color:var(--soft); font-style:italic; }
  .chain { list-style:none; display:flex; flex-wrap:wrap; gap:4px; margin:0; padding:0; }
  .chain li { display:inline-flex; flex-direction:column; border:1px solid var(--line); border-radius:4px; padding:0 6px; background:var(--paper); margin-right:14px; position:relative; animation:come .25s; overflow-wrap:anywhere; }
  .chain li:not(:last-child)::after { content:"→"; position:absolute; right:-16px; top:0; color:var(--soft); }
  @keyframes come { from { opacity:0; transform:translateY(-6px); } }
  .tree line { stroke:var(--line); stroke-width:2; } .tree text { fill:#fff; text-anchor:middle; font-size:14px; font-weight:600; }
  .node { transition:transform .3s; } .node.red circle { fill:var(--red); } .node.black circle { fill:var(--black); stroke:var(--line); }
  .gauge { display:block; max-width:100%; } .gauge .limit { fill:none; stroke:var(--line); } .gauge .fill { fill:var(--fill); transition:width .2s; } .gauge .mark { stroke:var(--edge); stroke-width:2; }
  .lines { list-style:none; margin:0; padding:0; font:13px/1.5 ui-monospace,monospace; max-height:16em; overflow-y:auto; }
  .lines button { border:0; background:none; padding:1px 4px; text-align:left; width:100%; overflow-wrap:anywhere; min-height:24px; }
  .lines .now button { background:var(--mark); }
  .links { padding-left:1.4em; } .links .missing { color:var(--red); font-weight:600; }
  @media (prefers-color-scheme: dark) { .links .missing { color:#ff9b93; } }
  .two { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr)); gap:10px; }
  .ask { border:2px solid var(--accent); border-radius:6px; padding:8px; margin:8px 0; }
  .ask fieldset { border:1px solid var(--line); margin:4px 0; display:flex; flex-wrap:wrap; gap:10px; }
  .list ul { padding-left:1.2em; margin:2px 0; overflow-wrap:anywhere; }
  textarea { width:100%; background:var(--paper); border:1px solid var(--line); font:13px ui-monospace,monospace; }
  details { margin:6px 0; } summary { cursor:pointer; min-height:24px; }
  .sr { position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%); white-space:nowrap; }
  @media (prefers-reduced-motion: reduce) { * { transition:none !important; animation:none !important; } }
`;
