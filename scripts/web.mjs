// Builds the page and the component: node scripts/web.mjs [FOLDER]; the folder is dist/site when none is given.
//   epoll-sim.js   one classic script with everything in it, for a page of file:, a CDN, an iframe
//   esm/           the same as modules; what reads logs is a part of its own, loaded when a log is pasted
import { build } from 'esbuild';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = process.argv[2] ?? join(root, 'dist/site');
// names of functions are kept: wait queues show what they call
const common = {
  absWorkingDir: root, bundle: true, minify: true, keepNames: true, target: 'es2022', platform: 'browser', legalComments: 'none', logLevel: 'warning', charset: 'utf8',
  tsconfigRaw: { compilerOptions: { target: 'ES2022', useDefineForClassFields: true } },
};

/** Names and titles of the built-in scenarios, read from a bundle for Node: the page is made from what is there. */
async function scenariosOf() {
  const { outputFiles } = await build({ ...common, stdin: { contents: "export { scenarios } from './src/scenarios/index.ts';", resolveDir: root }, platform: 'node', format: 'esm', write: false });
  const { scenarios } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  return scenarios.map(({ name, title, options }) => ({ name, title, options: options ?? {} }));
}

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const STYLE = `:root{color-scheme:light dark}body{margin:0 auto;max-width:1500px;padding:12px;font:16px/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}
nav ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:6px 18px;padding:0;list-style:none}nav li{padding:4px 0;overflow-wrap:anywhere}a{color:LinkText}
`;

function page(scenarios) {
  const row = ({ name, title, options }) => {
    const other = options.trigger === undefined ? '' : ` <a href="#scenario=${name}&amp;trigger=ET" aria-label="${name}, edge-triggered">edge-triggered</a>`;
    return `<li><a href="#scenario=${name}">${name}</a>${other}<br>${escaped(title)}</li>`;
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>epollsim: Linux epoll, step by step</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script src="epoll-sim.js" defer></script>
</head>
<body>
<header><h1>epollsim</h1>
<p>Programs on a model of Linux's epoll, with the kernel's own lists and queues. All of it runs in this page; nothing is sent anywhere.</p></header>
<main><epoll-sim linked scenario="read-once"></epoll-sim></main>
<nav aria-labelledby="gallery"><h2 id="gallery">Scenarios</h2><ul>
${scenarios.map(row).join('\n')}
</ul></nav>
</body>
</html>
`;
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({ ...common, entryPoints: { 'epoll-sim': 'src/web/index.ts' }, format: 'iife', outdir: out });
await build({ ...common, entryPoints: { 'epoll-sim': 'src/web/index.ts' }, format: 'esm', splitting: true, outdir: join(out, 'esm'), chunkNames: '[name]-[hash]' });
await writeFile(join(out, 'page.css'), STYLE);
await writeFile(join(out, 'index.html'), page(await scenariosOf()));
