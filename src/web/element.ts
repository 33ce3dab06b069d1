/**
 * `<epoll-sim>`: a run of the real model in a page, to be looked at from all sides. It makes a debug session in the page and shows where that stands;
 * what a step means it asks the session. docs/embedding.md lists the attributes.
 */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { Session } from '../debug/session.js';
import { sentences } from '../inspect/diff.js';
import { durationText } from '../inspect/names.js';
import type { Explanation } from '../inspect/explain.js';
import type { PacketHappening } from '../export/story.js';
import { scenarios } from '../scenarios/index.js';
import { callsPane, chosenPane, type Chosen, decisionsPane, PREDICTED_BITS, predictPane, segmentsPane } from './aside.js';
import { type Parting, partingOf } from './compareRuns.js';
import { drawPane, listPane } from './draw.js';
import { EXPORT_KINDS, exportRun, packetsOf, type ExportKind } from './exportRun.js';
import { fragmentOf, LinkError, type Linked, readFragment, readOptions } from './fragment.js';
import { MOVES, OTHER_KEYS } from './moves.js';
import { openLog, openRun, type Opened } from './openRun.js';
import { PANES, pictureOf } from './picture.js';
import { type Gate, gateBetween, gatesOf, isRight } from './predict.js';
import { styles } from './styles.js';

/** How long a step stays while the run plays. */
const PLAY_MS = 350;

/** Attributes that say which run it is: when one changes, the run is made anew. */
const RUN = ['scenario', 'options', 'trigger', 'recording', 'preempt', 'compare', 'panes', 'wrong'] as const;

export class EpollSim extends LitElement {
  static override readonly styles = styles;
  static override readonly properties = {
    scenario: { type: String }, options: { type: String }, trigger: { type: String }, recording: { type: String }, preempt: { type: String },
    compare: { type: String }, at: { type: Number }, panes: { type: String }, readOnly: { type: Boolean, attribute: 'read-only' },
    predict: { type: Boolean }, list: { type: Boolean }, linked: { type: Boolean },
    opened: { state: true }, beside: { state: true }, wrong: { state: true }, chosen: { state: true }, answer: { state: true },
    gate: { state: true }, verdict: { state: true }, said: { state: true }, kept: { state: true }, playing: { state: true },
  };

  declare scenario: string;
  declare options: string;
  declare trigger: string;
  declare recording: string;
  declare preempt: string;
  declare compare: string;
  declare at: number;
  declare panes: string;
  declare readOnly: boolean;
  declare predict: boolean;
  declare list: boolean;
  declare linked: boolean;
  declare private opened: Opened | null;
  declare private beside: Opened | null;
  declare private wrong: string;
  declare private chosen: Chosen | null;
  declare private answer: Explanation | string | null;
  declare private gate: Gate | null;
  declare private verdict: { readonly right: boolean; readonly gate: Gate } | null;
  declare private said: string;
  declare private kept: { readonly kind: ExportKind | 'link'; readonly text: string; readonly url: string | null } | null;
  declare private playing: number;
  private parting: Parting | null = null;
  private packets: readonly PacketHappening[] | null = null;
  private gates: readonly Gate[] | null = null;
  private readonly answered = new Set<Gate>();
  private readonly onHash = (): void => this.followLink();

  constructor() {
    super();
    Object.assign(this, {
      scenario: 'read-once', options: '', trigger: '', recording: '', preempt: 'never', compare: '', at: 0, panes: '', readOnly: false, predict: false, list: false, linked: false,
      opened: null, beside: null, wrong: '', chosen: null, answer: null, gate: null, verdict: null, said: '', kept: null, playing: 0,
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (!this.linked) return;
    window.addEventListener('hashchange', this.onHash);
    this.followLink();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('hashchange', this.onHash);
    this.pause();
  }

  /** The debug session of the run that is shown; null: there is none. */
  get session(): Session | null {
    return this.opened?.session ?? null;
  }

  /** Reads the fragment of the page's address. */
  private followLink(): void {
    try {
      const linked = readFragment(location.hash);
      this.wrong = '';
      if (linked === null) return;
      this.recording = linked.recording ?? '';
      this.scenario = linked.scenario ?? '';
      this.options = Object.entries(linked.options).map(([name, value]) => `${name}=${value}`).join(' ');
      this.trigger = '';
      this.compare = '';
      this.preempt = linked.preempt ? 'all' : 'never';
      this.at = linked.step ?? 0;
      this.opened = null;
      void this.updateComplete.then(() => this.goto(this.at));
    } catch (error) {
      this.refuse(error);
    }
  }

  private wanted(extra: string): Linked {
    const options = { ...readOptions(this.options), ...(this.trigger === '' ? {} : { trigger: this.trigger.toUpperCase() }), ...readOptions(extra) };
    return { scenario: this.scenario, options, recording: this.recording === '' || extra !== '' ? null : this.recording, preempt: this.preempt === 'all', step: null };
  }

  private refuse(error: unknown): void {
    this.wrong = error instanceof Error ? error.message : String(error);
    this.show(null, null);
  }

  override willUpdate(changed: PropertyValues): void {
    const runChanged = this.opened === null || RUN.some((name) => changed.has(name));
    if (runChanged && this.wrong === '') this.make();
    else if (changed.has('at') && !runChanged && this.session !== null) this.goto(this.at);
  }

  /** Makes the run that the attributes name. */
  private make(): void {
    try {
      const unknown = this.chosenPanes().find((one) => !(PANES as readonly string[]).includes(one));
      if (unknown !== undefined) throw new LinkError(`there is no pane ${unknown}; expected some of ${PANES.join(', ')}`);
      const opened = openRun(this.wanted(''));
      this.show(opened, this.compare === '' ? null : openRun(this.wanted(this.compare)));
      this.goto(this.at);
    } catch (error) {
      this.refuse(error);
    }
  }

  private show(opened: Opened | null, beside: Opened | null): void {
    this.pause();
    this.opened = opened;
    this.beside = beside;
    this.parting = opened !== null && beside !== null ? partingOf(opened.session, beside.session) : null;
    Object.assign(this, { chosen: null, answer: null, gate: null, verdict: null, said: '', kept: null });
    this.forget();
  }

  /** Forgets what was found out about a run, because another one is shown. */
  private forget(): void {
    this.packets = null;
    this.gates = null;
    this.answered.clear();
  }

  /** Goes to a step, or to the nearest there is. */
  goto(step: number): void {
    this.move((session) => session.goto(Math.max(0, Math.min(session.count - 1, Math.floor(step) || 0))));
  }

  /** Moves, and asks first where a prediction is due. */
  private move(go: (session: Session) => unknown): void {
    const { session } = this;
    if (session === null) return;
    const from = session.step;
    go(session);
    this.verdict = null;
    this.gate = null;
    if (this.predict && session.step > from) {
      this.gates ??= gatesOf(session);
      this.gate = gateBetween(this.gates, from, session.step, this.answered);
      if (this.gate !== null) {
        session.goto(this.gate.step - 1);
        this.pause();
      }
    }
    const other = this.beside?.session;
    other?.goto(Math.min(session.step, other.count - 1));
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent('step', { detail: session.step }));
  }

  private answerGate(form: HTMLFormElement | null): void {
    const { gate } = this;
    if (gate === null) return;
    const guess = new Map<number, Set<string>>();
    for (const [item, bit] of form === null ? [] : new FormData(form)) guess.set(Number(item), (guess.get(Number(item)) ?? new Set()).add(bit as string));
    const right = isRight(gate, guess, PREDICTED_BITS);
    this.answered.add(gate);
    this.move((session) => session.goto(gate.step));
    if (form !== null) this.verdict = { right, gate };
  }

  private play(): void {
    if (this.playing !== 0) return this.pause();
    this.playing = window.setInterval(() => {
      const { session } = this;
      if (session === null || session.step >= session.count - 1) return this.pause();
      this.move((one) => one.forward('event'));
    }, PLAY_MS);
  }

  private pause(): void {
    window.clearInterval(this.playing);
    this.playing = 0;
  }

  private choose(chosen: Chosen): void {
    this.chosen = chosen;
    this.answer = null;
  }

  private change(forward: boolean): void {
    const { session, chosen } = this;
    if (session === null || chosen === null) return;
    const from = session.step;
    let found: number | null = null;
    this.move((one) => { found = forward ? one.nextChange(chosen.path) : one.lastChange(chosen.path); });
    this.answer = found === null ? `${chosen.name} has no ${forward ? 'later' : 'earlier'} change` : `${chosen.name} changed at step ${session.step}, ${Math.abs(session.step - from)} steps ${forward ? 'later' : 'earlier'}`;
  }

  private why(not: boolean): void {
    const fd = this.chosen?.fd ?? null;
    if (this.session === null || fd === null) return;
    this.answer = not ? this.session.whyNot(fd) : this.session.why(fd);
  }

  private fork(decision: number, alternative: number): void {
    this.session?.fork(decision, alternative);
    this.branched();
  }

  private branched(): void {
    const { session } = this;
    if (session === null) return;
    this.forget();
    if (this.beside !== null) this.parting = partingOf(session, this.beside.session);
    this.goto(session.step);
  }

  private async readLog(text: string): Promise<void> {
    this.wrong = '';
    try {
      const opened = await openLog(text);
      await this.updateComplete;
      this.show(opened, null);
    } catch (error) {
      this.wrong = error instanceof Error ? error.message : String(error);
    }
  }

  private keep(kind: ExportKind | 'link'): void {
    const { session, opened } = this;
    const scenario = opened?.scenario ?? null;
    if (session === null || opened === null || scenario === null) return;
    if (kind === 'link') {
      const fragment = fragmentOf({ scenario: scenario.name, options: opened.options, recording: session.branch.id > 0 || this.recording !== '' ? session.run.recording : null, preempt: this.preempt === 'all', step: session.step });
      const text = `${location.href.replace(/#.*$/, '')}#${fragment}`;
      this.kept = { kind, text, url: null };
      navigator.clipboard?.writeText(text).then(() => { this.said = 'The link is copied.'; }, () => { this.said = 'Copy the link from the box.'; });
      return;
    }
    const text = exportRun(session, scenario, kind);
    const old = this.kept?.url ?? null;
    if (old !== null) URL.revokeObjectURL(old);
    this.kept = { kind, text, url: URL.createObjectURL(new Blob([text], { type: kind === 'svg' ? 'image/svg+xml' : 'text/plain' })) };
    this.said = '';
  }

  private onKey(event: KeyboardEvent): void {
    const from = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || (from instanceof Element && /^(INPUT|SELECT|TEXTAREA)$/.test(from.tagName))) return;
    const move = MOVES.find(({ key }) => key === event.key);
    if (move !== undefined) this.move(move.go);
    else if (event.key === ' ' && !(from instanceof Element && /^(BUTTON|SUMMARY)$/.test(from.tagName))) this.play();
    else if (event.key === 'v') this.list = !this.list;
    else if (event.key === 'l' || event.key === 'n') this.change(event.key === 'n');
    else if (event.key === 'w' || event.key === 'x') this.why(event.key === 'x');
    else return;
    event.preventDefault();
  }

  private chosenPanes(): readonly string[] {
    return this.panes.split(/[\s,]+/).filter((one) => one !== '');
  }

  private shows(pane: string): boolean {
    const chosen = this.chosenPanes();
    return chosen.length === 0 || chosen.includes(pane);
  }

  private head(): TemplateResult {
    const { opened } = this;
    const scenario = opened?.scenario ?? null;
    const set = (name: string, value: string): void => {
      this.recording = '';
      this.trigger = '';
      this.options = Object.entries({ ...opened?.options, [name]: value }).map((pair) => pair.join('=')).join(' ');
    };
    const choose = (event: Event): void => {
      Object.assign(this, { scenario: (event.target as HTMLSelectElement).value, options: '', trigger: '', recording: '', compare: '', wrong: '', at: 0 });
    };
    const declared = Object.entries(scenario?.options ?? {});
    return html`${scenario === null ? opened === null ? nothing : html`<h2>${opened.session.source.name}</h2>` : html`<h2>${scenario.title}</h2><p class="about">${scenario.about}</p>`}
      ${this.readOnly ? nothing : html`<div class="bar">
        <label>Scenario <select data-control="scenario" @change=${choose}>${scenario === null ? html`<option .selected=${true}>-</option>` : nothing}${scenarios.map(({ name }) => html`<option .selected=${name === scenario?.name}>${name}</option>`)}</select></label>
        ${declared.map(([name, values]) => html`<label>${name} <select data-control=${name} @change=${(event: Event) => set(name, (event.target as HTMLSelectElement).value)}>
          ${values.map((value) => html`<option .selected=${opened?.options[name] === value}>${value}</option>`)}</select></label>`)}
        ${declared.length === 0 ? nothing : html`<label>beside it <select data-control="compare" @change=${(event: Event) => { this.compare = (event.target as HTMLSelectElement).value; }}><option value="">nothing</option>
          ${declared.flatMap(([name, values]) => values.map((value) => html`<option value=${`${name}=${value}`} .selected=${this.compare === `${name}=${value}`}>${name} ${value}</option>`))}</select></label>`}
        ${scenario === null ? nothing : html`<label><input type="checkbox" data-control="preempt" .checked=${this.preempt === 'all'} @change=${() => { this.recording = ''; this.preempt = this.preempt === 'all' ? 'never' : 'all'; }} />every point is a decision</label>`}
        <label><input type="checkbox" data-control="predict" .checked=${this.predict} @change=${() => { this.predict = !this.predict; this.gate = null; this.verdict = null; }} />predict</label>
      </div>`}`;
  }

  private controls(session: Session): TemplateResult {
    return html`<div class="bar" role="toolbar" aria-label="Moves">
      ${MOVES.map((move) => html`<button data-move=${move.key} title="${move.about} (${move.key})" aria-label=${move.about} @click=${() => this.move(move.go)}>${move.label}</button>`)}
      <button data-control="play" aria-pressed=${this.playing !== 0} @click=${() => this.play()}>${this.playing === 0 ? 'Play' : 'Stop'}</button>
      <button data-control="list" aria-pressed=${this.list} @click=${() => { this.list = !this.list; }}>List view</button></div>
      <div class="bar"><input class="slider" type="range" min="0" max=${session.count - 1} .value=${String(session.step)} aria-label="Step" aria-valuetext="step ${session.step} of ${session.count - 1}"
        @input=${(event: Event) => this.goto(Number((event.target as HTMLInputElement).value))} />
      <span class="where" data-where>step ${session.step} of ${session.count - 1}</span></div>`;
  }

  private saying(session: Session): TemplateResult {
    const { step, view, sentence, task, frames, changed } = session.state();
    const news = step === 0 || changed.length === 0 ? [] : sentences(session.viewAt(step - 1), view);
    return html`<p class="sentence" aria-live="polite" data-sentence>${sentence}</p>
      <p class="where">${durationText(view.nowNs)}, ${task}${frames.length === 0 ? nothing : html`, in ${frames.map(({ fn }) => fn).join(' > ')}`}${news.length === 0 ? nothing : html`. Changed: ${news.join('; ')}`}</p>`;
  }

  private picture(session: Session): TemplateResult {
    const { view, changed } = session.state();
    const scene = { changed, chosen: this.chosen?.path ?? null, choose: (path: string, name: string, fd: number | null) => this.choose({ path, name, fd }) };
    const show = this.list ? listPane : drawPane;
    const goto = (step: number): void => this.goto(step);
    const scenario = this.opened?.scenario ?? null;
    if (this.shows('segments') && scenario !== null && session === this.session) this.packets ??= packetsOf(session, scenario);
    return html`<div class="panes">${pictureOf(view).filter(({ id }) => this.shows(id)).map((pane) => show(pane, scene))}
      ${this.shows('calls') ? callsPane(session, goto) : nothing}
      ${this.packets === null || this.packets.length === 0 || session !== this.session ? nothing : segmentsPane(this.packets, session.step, goto)}</div>`;
  }

  private compared(session: Session): TemplateResult {
    const { beside, parting, opened } = this;
    if (beside === null || parting === null) return this.picture(session);
    const name = ({ options }: Opened): string => Object.entries(options).map((pair) => pair.join(' ')).join(', ');
    const { line } = parting;
    return html`<p class="part changed" data-parting>${line === null ? 'Both runs make the same calls.' : html`<span>The calls part here: <code>${line.texts[0]}</code> and <code>${line.texts[1]}</code>.
        <button @click=${() => this.goto(line.steps[0])}>Go there</button></span>`}</p>
      <div class="two"><div><h3>${name(opened!)}</h3>${this.picture(session)}</div><div data-beside><h3>${name(beside)}</h3>${this.saying(beside.session)}${this.picture(beside.session)}</div></div>`;
  }

  private tools(session: Session): TemplateResult {
    const { kept } = this;
    const isLog = (this.opened?.scenario ?? null) === null;
    return html`${isLog ? nothing : html`<div class="bar"><button data-control="link" @click=${() => this.keep('link')}>Copy link</button>
      ${EXPORT_KINDS.map((kind) => html`<button data-export=${kind} @click=${() => this.keep(kind)}>${kind}</button>`)}</div>`}
      ${kept === null ? nothing : html`<label>${kept.kind} <textarea readonly rows="3" data-kept .value=${kept.text}></textarea></label>
        ${kept.url === null ? nothing : html`<a href=${kept.url} download="epollsim.${kept.kind === 'mermaid' ? 'mmd' : kept.kind === 'svg' ? 'svg' : 'txt'}">Save as a file</a>`}`}
      <p role="status" class="where">${this.said}</p>
      ${this.readOnly ? nothing : decisionsPane(session, (decision, alternative) => this.fork(decision, alternative), (id) => { session.switchTo(id); this.branched(); }, (step) => this.goto(step))}`;
  }

  private logForm(): TemplateResult {
    const read = (event: Event): void => {
      event.preventDefault();
      void this.readLog((event.target as HTMLFormElement).querySelector('textarea')!.value);
    };
    return html`<details data-pane="log"><summary>Step through a log of strace</summary><form @submit=${read}>
      <label>What strace -f -yy -ttt -T -v wrote. It stays in this page. <textarea rows="5" spellcheck="false" data-control="log"></textarea></label><div class="bar"><button type="submit">Replay it</button></div></form></details>
      <details><summary>Keys</summary><ul>${MOVES.map(({ key, about }) => html`<li><kbd>${key}</kbd> ${about}</li>`)}${OTHER_KEYS.map(([key, about]) => html`<li><kbd>${key}</kbd> ${about}</li>`)}</ul></details>`;
  }

  override render(): TemplateResult {
    const { session } = this;
    const asking = { lastChange: () => this.change(false), nextChange: () => this.change(true), why: (not: boolean) => this.why(not) };
    const ended = session === null ? '' : session.run.error?.message ?? [session.run.end.halt.startsWith('stopped') ? session.run.end.halt : '', ...session.run.end.failures].filter((one) => one !== '').join('; ');
    return html`<section tabindex="0" aria-label="A run of the epoll model" @keydown=${(event: KeyboardEvent) => this.onKey(event)}>
      ${this.head()}${this.wrong === '' ? nothing : html`<p class="error" role="alert">${this.wrong}</p>`}
      ${session === null ? nothing : html`${this.controls(session)}${this.saying(session)}
        ${ended === '' ? nothing : html`<p class="error" data-ended>${ended}</p>`}
        ${predictPane(this.gate, this.verdict, session, (form) => this.answerGate(form), () => this.answerGate(null))}
        ${chosenPane(this.chosen, this.answer, asking, (step) => this.goto(step))}
        ${this.compared(session)}${this.tools(session)}`}
      ${this.readOnly ? nothing : this.logForm()}</section>`;
  }
}

