/**
 * What stands beside the picture: the log of system calls, segments, the chosen object with its questions, decisions and branches, and the question
 * of a prediction. Each is a template of what it is given.
 */

import { html, nothing, type TemplateResult } from 'lit';
import type { Session } from '../debug/session.js';
import type { Explanation } from '../inspect/explain.js';
import type { PacketHappening } from '../export/story.js';
import { answerText, type Gate } from './predict.js';

/** Lines of the log that are shown. */
const LINES = 60;

/** The system calls up to the position, as strace prints them, and where in the program or the log the task is. */
export function callsPane(session: Session, goto: (step: number) => void): TemplateResult {
  const lines = session.lines(session.step, LINES);
  const { place } = session.state();
  return html`<section class="pane" data-pane="calls"><h3>System calls${place === null ? nothing : html` <small>now at ${place.file}:${place.line}</small>`}</h3>
    ${lines.length === 0 ? html`<p class="empty">none yet</p>` : nothing}
    <ol class="lines">${lines.map((line, at) => html`<li class=${at === lines.length - 1 ? 'now' : ''}>
      <button @click=${() => { const step = session.stepOfLine(line.number); if (step !== null) goto(step); }}>${line.comm === '' ? line.pid : `${line.comm}(${line.pid})`} ${line.text}</button></li>`)}</ol>
  </section>`;
}

/** Packets between programs: when, from where to where. Those ahead are told too, so that one can go there. */
export function segmentsPane(packets: readonly PacketHappening[], step: number, goto: (step: number) => void): TemplateResult {
  return html`<section class="pane" data-pane="segments"><h3>Segments</h3>
    ${packets.length === 0 ? html`<p class="empty">this run sends none</p>` : nothing}
    <ol class="lines">${packets.map((one) => html`<li class=${one.step === step ? 'now' : ''}>
      <button @click=${() => goto(one.step)}>${one.step}: ${one.from} → ${one.to} ${one.text}${one.lost ? ', lost' : ''}${one.step > step ? ' (ahead)' : ''}</button></li>`)}</ol>
  </section>`;
}

/** What was chosen. */
export interface Chosen {
  readonly path: string;
  readonly name: string;
  readonly fd: number | null;
}

/** What can be asked about the chosen object. */
export interface Asking {
  readonly lastChange: () => void;
  readonly nextChange: () => void;
  readonly why: (not: boolean) => void;
}

/** The chosen object, its questions, and the answer to the last one. */
export function chosenPane(chosen: Chosen | null, answer: Explanation | string | null, asking: Asking, goto: (step: number) => void): TemplateResult {
  if (chosen === null) return html`<p class="where">Choose an object or a list to ask when it changed, and why.</p>`;
  const said = answer === null ? nothing : typeof answer === 'string' ? html`<p>${answer}</p>` : html`<p>${answer.answer}</p>
    <ol class="links">${answer.links.map((link) => html`<li class=${link.missing ? 'missing' : ''}>${link.missing ? html`missing: ${link.text}` : html`<button class="name" @click=${() => goto(link.step)}>step ${link.step}: ${link.text}</button>`}</li>`)}</ol>`;
  return html`<section class="pane" data-pane="chosen"><h3>${chosen.name}</h3><div class="bar">
      <button @click=${asking.lastChange}>Last change</button><button @click=${asking.nextChange}>Next change</button>
      ${chosen.fd === null ? nothing : html`<button @click=${() => asking.why(false)}>Why did an event of fd ${chosen.fd} come?</button><button @click=${() => asking.why(true)}>Why does none come?</button>`}
    </div><div aria-live="polite">${said}</div></section>`;
}

/** Decisions shown ahead of the position. */
const AHEAD = 3;

/** The decisions at and behind the position, each with its alternatives, and the branches that were made. */
export function decisionsPane(session: Session, fork: (decision: number, alternative: number) => void, switchTo: (branch: number) => void, goto: (step: number) => void): TemplateResult {
  const all = session.decisions().map((one, index) => ({ ...one, index })).filter(({ what }) => what.n > 1 && what.index !== null);
  const next = all.filter(({ step }) => step >= session.step).slice(0, AHEAD);
  return html`<details data-pane="decisions"><summary>Decisions: ${all.length} in this run${session.branches.length > 1 ? `, ${session.branches.length} branches` : ''}</summary>
    ${session.branches.length > 1 ? html`<div class="bar"><label>Branch <select @change=${(event: Event) => switchTo(Number((event.target as HTMLSelectElement).value))}>
      ${session.branches.map(({ id, parent, step }) => html`<option value=${id} .selected=${session.branch.id === id}>${id}${parent === null ? ', as it was' : `, parts from ${parent.id} at step ${step}`}</option>`)}</select></label></div>` : nothing}
    ${next.length === 0 ? html`<p class="empty">none from here on</p>` : next.map(({ step, what, index }) => html`<div class="bar" data-decision=${index}>
      <button class="name" @click=${() => goto(Math.min(step, session.count - 1))}>step ${step}: which ${what.kind} of ${what.n}</button>
      ${Array.from({ length: Math.min(what.n, 8) }, (_, one) => html`<button ?disabled=${one === what.taken} aria-label="take ${what.kind} ${one + 1} of ${what.n} at step ${step}" @click=${() => fork(index, one)}>${one + 1}${one === what.taken ? ' (taken)' : ''}</button>`)}
    </div>`)}</details>`;
}

/** Bits that a prediction may tick. */
export const PREDICTED_BITS = ['EPOLLIN', 'EPOLLOUT', 'EPOLLRDHUP', 'EPOLLHUP', 'EPOLLERR'] as const;

/** The question of a prediction, or what came of it. */
export function predictPane(gate: Gate | null, verdict: { readonly right: boolean; readonly gate: Gate } | null, session: Session, answer: (form: HTMLFormElement) => void, skip: () => void): TemplateResult | typeof nothing {
  if (gate === null) return verdict === null ? nothing : html`<p class="ask" role="status">${verdict.right ? 'Right' : 'Not so'}: ${answerText(verdict.gate)}.</p>`;
  const { items } = session.viewAt();
  const submit = (event: Event): void => {
    event.preventDefault();
    answer(event.target as HTMLFormElement);
  };
  return html`<form class="ask" @submit=${submit}><p><strong>Before ${gate.call} returns to task ${gate.task}: which descriptors will it report, with which events?</strong></p>
    ${items.map((item) => html`<fieldset><legend>fd ${item.fd} of ep#${item.ep}, asked for ${item.events}</legend>
      ${PREDICTED_BITS.map((bit) => html`<label><input type="checkbox" name=${`${item.id}`} value=${bit} />${bit}</label>`)}</fieldset>`)}
    <p class="small">Nothing ticked means: it reports nothing.</p>
    <div class="bar"><button type="submit">Check</button><button type="button" @click=${skip}>Show me</button></div></form>`;
}
