/**
 * The state of the terminal debugger: a session, which pane has the focus, what is picked, what lies over the panes, what is asked at the bottom. Keys
 * change it; the screen is made from it. Nothing here knows a terminal.
 */

import { DebugError, type Session } from '../debug/index.js';
import { endText, sleepers } from './ending.js';
import { contentOf } from './frame.js';
import { actionOf } from './keys.js';
import type { Overlay, Prompt } from './overlay.js';
import { PANES, Scene, type Content, type PaneId, type Row } from './pane.js';
import type { ReadLines } from './runPanes.js';

/** What the debugger asks of the world outside. */
export interface Outside {
  readonly read: ReadLines;
  /** writes an export, `pcapng=run.pcapng`. @returns what to tell; it does not throw for bad words */
  readonly exportTo: (session: Session, words: string) => string;
}

/** A picked row: by the part it shows, which other steps may have elsewhere, or by its place. */
interface Picked {
  readonly at: number;
  readonly watch: string | null;
}

/** Columns that are assumed where only the rows of a pane matter. */
const ANY_WIDTH = 60;
/** Rows that a page of scrolling has. */
const PAGE = 10;

/** Where the position was before a jump. */
interface Left {
  readonly branch: number;
  readonly step: number;
}

/** The debugger. `key()` takes one key; `frame(debugger, size)` is the screen. */
export class Debugger {
  readonly session: Session;
  readonly read: ReadLines;
  readonly outside: Outside;
  focus: PaneId = 'program';
  zoomed = false;
  overlay: Overlay | null = null;
  prompt: Prompt | null = null;
  message = '';
  /** the part that l and L follow; null: none was picked */
  watch: string | null = null;
  /** the last word that was searched for */
  wanted = '';
  ended = false;
  private readonly picked = new Map<PaneId, Picked>();
  private left: Left | null = null;

  constructor(session: Session, outside: Outside) {
    this.session = session;
    this.outside = outside;
    this.read = outside.read;
    this.message = `${this.stuck ? 'W: why does no event come?' : 's: one step  H: hazards'}  ?: keys   ${endText(session)}`;
  }

  /** True when the run ends with a task that sleeps for ever. */
  get stuck(): boolean {
    return sleepers(this.session).length > 0;
  }

  /** Takes one key: a character, or a name as `enter`, `down`. */
  key(key: string): void {
    if (key === 'ctrl-c') {
      this.ended = true;
      return;
    }
    this.message = '';
    try {
      if (this.prompt !== null) this.keyInPrompt(this.prompt, key);
      else if (this.overlay !== null) this.keyInOverlay(this.overlay, key);
      else this.act(key);
    } catch (error) {
      if (!(error instanceof DebugError)) throw error;
      this.message = error.message;
    }
  }

  private act(key: string): void {
    const action = actionOf(key);
    if (action === null) this.message = `there is no key ${key}; ? shows all keys`;
    else action.run(this, key);
  }

  private keyInPrompt(prompt: Prompt, key: string): void {
    if (key === 'esc') this.prompt = null;
    else if (key === 'enter' || (prompt.letter && key.length === 1)) {
      this.prompt = null;
      prompt.done(prompt.letter && key !== 'enter' ? key : prompt.text.trim());
    } else if (key === 'backspace') this.prompt = prompt.text === '' ? null : { ...prompt, text: prompt.text.slice(0, -1) };
    else if (key.length === 1) this.prompt = { ...prompt, text: prompt.text + key };
  }

  private keyInOverlay(overlay: Overlay, key: string): void {
    const by = { j: 1, down: 1, s: 1, k: -1, up: -1, pagedown: PAGE, ' ': PAGE, pageup: -PAGE, g: -Infinity, home: -Infinity, G: Infinity, end: Infinity }[key];
    if (by !== undefined) this.overlay = { ...overlay, cursor: Math.max(0, Math.min(overlay.rows.length - 1, overlay.cursor + by)) };
    else if (key === 'enter') {
      const pick = overlay.rows[overlay.cursor]?.pick;
      this.overlay = null;
      pick?.();
    } else if (['esc', 'q', '?', 'backspace'].includes(key)) this.overlay = null;
    else {
      this.overlay = null;
      this.act(key);
    }
  }

  /** Opens an overlay, its first row picked. */
  open(overlay: Omit<Overlay, 'cursor' | 'keys'> & Partial<Pick<Overlay, 'cursor' | 'keys'>>): void {
    const canPick = overlay.rows.some(({ pick }) => pick !== undefined);
    this.overlay = { cursor: 0, keys: canPick ? 'j k: pick, Enter: go there, Esc: close' : 'j k: scroll, Esc: close', ...overlay };
  }

  ask(label: string, done: (text: string) => void, more: Partial<Prompt> = {}): void {
    this.prompt = { label, text: '', letter: false, done, ...more };
  }

  /** Moves; how far is told when that was the end. */
  move(by: () => number): void {
    const before = this.session.step;
    const step = by();
    if (step === this.session.count - 1) this.message = `last step: ${endText(this.session)}.${this.stuck ? ' W: why no event?' : ''}`;
    else if (step === before) this.message = step === 0 ? 'this is the first step' : 'there is nothing further this way';
    this.follow();
  }

  /** Moves far: '' goes back to where that was. */
  jump(by: () => number): void {
    const left = { branch: this.session.branch.id, step: this.session.step };
    this.move(by);
    this.left = left;
  }

  /** Back to where the last jump began. */
  jumpBack(): void {
    const { left } = this;
    if (left === null) {
      this.message = 'nothing was jumped from yet';
      return;
    }
    this.jump(() => {
      this.session.switchTo(left.branch);
      return this.session.goto(left.step);
    });
  }

  /** The program and the log follow the position; other panes keep their picked part. */
  private follow(): void {
    for (const [id, { watch }] of this.picked) if (watch === null) this.picked.delete(id);
  }

  /** The picked row of a pane; -1: none. */
  cursorIn(id: PaneId, { rows }: Content): number {
    const picked = this.picked.get(id);
    if (picked === undefined) return -1;
    if (picked.watch !== null && rows[picked.at]?.watch !== picked.watch) return rows.findIndex((row) => row.watch === picked.watch);
    return Math.min(picked.at, rows.length - 1);
  }

  private get content(): Content {
    return contentOf(this.focus, new Scene(this.session), this, ANY_WIDTH);
  }

  /** Picks another row of the pane with the focus. */
  scroll(by: number): void {
    const content = this.content;
    const cursor = this.cursorIn(this.focus, content);
    const from = cursor >= 0 ? cursor : content.anchor >= 0 ? content.anchor : by > 0 ? -1 : content.rows.length;
    const at = Math.max(0, Math.min(content.rows.length - 1, from + by));
    this.picked.set(this.focus, { at, watch: content.rows[at]?.watch ?? null });
  }

  /** The picked row of the pane with the focus; null: none is picked. */
  get row(): Row | null {
    const content = this.content;
    return content.rows[this.cursorIn(this.focus, content)] ?? null;
  }

  /** Gives the focus to a pane: the next one, the one before, or the one with a number. */
  focusOn(which: 1 | -1 | PaneId): void {
    const at = PANES.findIndex(({ id }) => id === this.focus);
    this.focus = typeof which === 'number' ? PANES[(at + which + PANES.length) % PANES.length]!.id : which;
  }
}
