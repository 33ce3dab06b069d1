/**
 * The whole screen of one step as lines: a pure function of the debugger's state and the size of the terminal. The first line says where one is, then
 * the step as a sentence, the panes or what lies over them, a message, the keys.
 */

import type { Debugger } from './debugger.js';
import { durationText } from '../inspect/names.js';
import { panesLines, paneLines, paneWidth, type Pane } from './layout.js';
import { buffersContent, epollContent, queuesContent, segmentsContent, timersContent } from './machinePanes.js';
import { overlayLines } from './overlay.js';
import { PANES, Scene, type Content, type PaneId } from './pane.js';
import { callsContent, changesContent, programContent, stackContent, tasksContent } from './runPanes.js';
import { broken, cut, fit, shown, span, type Line } from './text.js';

/** Size of a terminal, characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Smaller than this nothing can be read. */
export const SMALLEST: Size = { columns: 40, rows: 12 };
const SENTENCE_LINES = 2;
const KEYS = 's step  n call  c run  w why  W why not  l last change  / find  ? keys  q quit';
const KEYS_SHORT = 's step n call w why W why not ? keys q quit';

/** Rows that a pane should have at least. */
const LEAST: Readonly<Record<PaneId, number>> = { program: 3, calls: 3, stack: 2, tasks: 2, changes: 1, epoll: 6, queues: 3, buffers: 3, segments: 1, timers: 1 };

/** What a pane shows. @param width columns of its rows */
export function contentOf(id: PaneId, scene: Scene, debug: Debugger, width: number): Content {
  switch (id) {
    case 'program': return programContent(scene, debug.read);
    case 'calls': return callsContent(scene);
    case 'stack': return stackContent(scene);
    case 'tasks': return tasksContent(scene);
    case 'changes': return changesContent(scene);
    case 'epoll': return epollContent(scene, width);
    case 'queues': return queuesContent(scene);
    case 'buffers': return buffersContent(scene, width);
    case 'segments': return segmentsContent(scene);
    case 'timers': return timersContent(scene);
  }
}

function headLine(debug: Debugger, { state, view }: Scene, width: number): Line {
  const { session } = debug;
  const where = state.call === null ? state.task : `${state.task} in ${state.call.name}`;
  const branch = session.branches.length > 1 ? `, branch ${session.branch.id} of ${session.branches.length}` : '';
  const left = ` ${shown(session.source.name)}  step ${state.step} of ${session.count - 1}${branch}`;
  return [span(fit(`${left}  ${where}  ${durationText(view.nowNs)}`, width), 'bar')];
}

function sentenceLines(sentence: string, width: number): Line[] {
  const lines = broken(shown(sentence), width - 1);
  const kept = lines.slice(0, SENTENCE_LINES);
  if (lines.length > SENTENCE_LINES) kept[SENTENCE_LINES - 1] = cut(`${kept[SENTENCE_LINES - 1]!}…`, width - 1);
  while (kept.length < SENTENCE_LINES) kept.push('');
  return kept.map((text): Line => [span(fit(` ${text}`, width), 'here')]);
}

function middleLines(debug: Debugger, scene: Scene, height: number, width: number): { lines: Line[]; hidden: Pane[] } {
  const { overlay, zoomed, focus } = debug;
  if (overlay !== null) return { lines: overlayLines(overlay, height, width), hidden: [] };
  const inner = zoomed ? width - 2 : paneWidth(width);
  const panes = PANES.filter(({ id }) => !zoomed || id === focus).map(({ id, title }): Pane => {
    const content = contentOf(id, scene, debug, inner);
    return { id, title, number: PANES.findIndex((pane) => pane.id === id) + 1, content, focused: id === focus, cursor: debug.cursorIn(id, content), least: LEAST[id] };
  });
  return zoomed ? { lines: paneLines(panes[0]!, height, width), hidden: [] } : panesLines(panes, height, width);
}

function messageLine({ prompt, message }: Debugger, hidden: readonly Pane[], width: number): Line {
  if (prompt !== null) return [span(fit(` ${prompt.label}: ${shown(prompt.text)}_`, width), 'focus')];
  const away = message === '' && hidden.length > 0 ? `not enough room for: ${hidden.map(({ number, title }) => `${number % 10} ${title}`).join(', ')} (press the number)` : '';
  return message === '' ? [span(fit(` ${away}`, width), 'dim')] : [span(fit(` ${shown(message)}`, width), 'good')];
}

/** The screen as lines: as many as the terminal has rows, each as wide as it. */
export function frame(debug: Debugger, size: Size): Line[] {
  const { columns, rows } = size;
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) return [[span(cut(`at least ${SMALLEST.columns}x${SMALLEST.rows}, please`, columns))]];
  const scene = new Scene(debug.session);
  const middle = middleLines(debug, scene, rows - 3 - SENTENCE_LINES, columns);
  return [
    headLine(debug, scene, columns), ...sentenceLines(scene.state.sentence, columns), ...middle.lines, messageLine(debug, middle.hidden, columns),
    [span(fit(` ${columns > KEYS.length ? KEYS : KEYS_SHORT}`, columns), 'dim')],
  ];
}
