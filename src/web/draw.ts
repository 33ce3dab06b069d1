/**
 * The drawing of a picture: the tree and the gauges as SVG, lists as chains, objects as boxes that can be chosen. Everything is escaped by lit, and
 * positions are attributes, so that the strictest content-security policy lets it pass.
 */

import { html, nothing, svg, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Change } from '../inspect/diff.js';
import { isChanged, partText, type Box, type Pane, type Part } from './picture.js';

/** What a drawing needs to know besides the picture. */
export interface Scene {
  readonly changed: readonly Change[];
  /** path of the chosen object; null: none */
  readonly chosen: string | null;
  /** an object, or a part of one, was chosen */
  readonly choose: (path: string, name: string, fd: number | null) => void;
}

const SPACING = 44;
const LEVEL = 46;
const RADIUS = 15;
const GAUGE = 200;

const x = (rank: number): number => 24 + SPACING * rank;
const y = (depth: number): number => 22 + LEVEL * depth;

function treeOf(part: Part & { kind: 'tree' }): TemplateResult {
  const { nodes } = part;
  if (nodes.length === 0) return html`<span class="empty">empty</span>`;
  const width = x(nodes.length - 1) + 24;
  const height = y(Math.max(...nodes.map(({ depth }) => depth))) + 22;
  return html`<svg class="tree" role="img" aria-label=${partText(part)} width=${width} height=${height} viewBox="0 0 ${width} ${height}">
    ${repeat(nodes.filter(({ parent }) => parent !== null), ({ item }) => item, ({ rank, depth, parent }) =>
      svg`<line x1=${x(parent!.rank)} y1=${y(parent!.depth)} x2=${x(rank)} y2=${y(depth)} />`)}
    ${repeat(nodes, ({ item }) => item, ({ fd, red, rank, depth }) =>
      svg`<g class="node ${red ? 'red' : 'black'}" transform="translate(${x(rank)} ${y(depth)})"><circle r=${RADIUS} /><text dy="5">${fd}</text></g>`)}
  </svg>`;
}

function gaugeOf(part: Part & { kind: 'gauge' }): TemplateResult {
  const scale = part.limit > 0 ? GAUGE / part.limit : 0;
  const at = (value: number): number => Math.min(GAUGE, Math.round(value * scale * 10) / 10);
  return html`<svg class="gauge" role="img" aria-label=${partText(part)} width=${GAUGE} height="18" viewBox="0 0 ${GAUGE} 18">
    <rect class="limit" x="0.5" y="2.5" width=${GAUGE - 1} height="13" /><rect class="fill" x="0" y="3" width=${at(part.used)} height="12" />
    ${part.lines.map((line) => svg`<line class="mark" x1=${at(line.at)} x2=${at(line.at)} y1="0" y2="18"><title>${line.text}</title></line>`)}
  </svg><span class="small">${part.text}</span>`;
}

function chainOf(part: Part & { kind: 'chain' }): TemplateResult {
  if (part.cells === null) return html`<span class="empty">none</span>`;
  if (part.cells.length === 0) return html`<span class="empty">empty</span>`;
  return html`<ol class="chain">${part.cells.map(({ text, note }) => html`<li><span>${text}</span>${note === '' ? nothing : html`<small>${note}</small>`}</li>`)}</ol>`;
}

function inside(part: Part): TemplateResult {
  switch (part.kind) {
    case 'tree': return treeOf(part);
    case 'gauge': return gaugeOf(part);
    case 'chain': return chainOf(part);
    case 'fact': return html`<span>${part.text}</span>`;
  }
}

function partOf(part: Part, box: Box, scene: Scene): TemplateResult {
  const changed = isChanged(part.path, scene.changed);
  return html`<div class="part ${part.kind} ${changed ? 'changed' : ''}" data-path=${part.path}>
    <button class="name ${scene.chosen === part.path ? 'chosen' : ''}" @click=${() => scene.choose(part.path, `${part.name} of ${box.name}`, box.fd)}>${part.name}</button>
    <div class="value">${inside(part)}${changed ? html`<span class="sr">, changed by this step</span>` : nothing}</div>
  </div>`;
}

function boxOf(box: Box, scene: Scene): TemplateResult {
  const changed = isChanged(box.path, scene.changed);
  return html`<article class="box ${changed ? 'changed' : ''}" data-path=${box.path}>
    <h4><button class="name ${scene.chosen === box.path ? 'chosen' : ''}" @click=${() => scene.choose(box.path, box.name, box.fd)}>${box.name}</button> <small>${box.about}</small></h4>
    ${box.parts.map((part) => partOf(part, box, scene))}
  </article>`;
}

/** One pane as a drawing. */
export function drawPane(pane: Pane, scene: Scene): TemplateResult {
  return html`<section class="pane" data-pane=${pane.id}><h3>${pane.title}</h3>
    ${pane.boxes.length === 0 ? html`<p class="empty">nothing yet</p>` : html`<div class="boxes">${repeat(pane.boxes, ({ path }) => path, (box) => boxOf(box, scene))}</div>`}
  </section>`;
}

/** The same pane as nested lists of words. */
export function listPane(pane: Pane, scene: Scene): TemplateResult {
  return html`<section class="pane list" data-pane=${pane.id}><h3>${pane.title}</h3>
    ${pane.boxes.length === 0 ? html`<p class="empty">nothing yet</p>` : html`<ul>${pane.boxes.map((box) => html`<li data-path=${box.path}>
      <button class="name" @click=${() => scene.choose(box.path, box.name, box.fd)}>${box.name}</button> ${box.about}
      <ul>${box.parts.map((part) => html`<li data-path=${part.path}>${partText(part)}${isChanged(part.path, scene.changed) ? html` <strong>changed</strong>` : nothing}</li>`)}</ul>
    </li>`)}</ul>`}
  </section>`;
}
