/**
 * The panes that tell of the run: the program with its current line, the log of system calls, the kernel's stack, the tasks, and what the step
 * changed, in words.
 */

import { sentences } from '../inspect/diff.js';
import type { TaskView } from '../inspect/view.js';
import { nothing, row, type Content, type Row, type Scene } from './pane.js';
import { shown } from './text.js';

/** Gives the lines of a file that a place names; null: it cannot be read. */
export type ReadLines = (file: string) => readonly string[] | null;

/** Lines of a program around the current one that can be scrolled to; lines of the log. */
const AROUND = 1000;
const LOG_LINES = 1000;
/** Columns by which the current line of a program is indented at most: the rest is cut from all lines. */
const INDENT = 6;
/** Marks the current one of several. */
const HERE = '=> ';
const NOT_HERE = '   ';

/** The last part of a path or address. */
export function fileName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** A line without its first columns, as far as they are blank. */
function withoutMargin(line: string, margin: number): string {
  return line.slice(Math.min(margin, indentOf(line)));
}

/** The program of the task whose work the step is. */
export function programContent({ state: { place, pid } }: Scene, read: ReadLines): Content {
  if (place === null) return nothing(pid === 0 ? 'no program: a timer of the idle machine' : 'no call of a program yet');
  const lines = read(place.file);
  if (lines === null) return nothing(`${fileName(place.file)}:${place.line} (the file cannot be read)`);
  const first = Math.max(1, place.line - AROUND);
  const last = Math.min(lines.length, place.line + AROUND);
  const digits = String(last).length;
  const margin = Math.max(0, indentOf(lines[place.line - 1] ?? '') - INDENT);
  const rows: Row[] = [];
  for (let line = first; line <= last; line++) {
    const here = line === place.line;
    rows.push(row(`${here ? HERE : NOT_HERE}${String(line).padStart(digits)} ${withoutMargin(lines[line - 1]!, margin)}`, here ? 'here' : 'plain'));
  }
  return { rows, anchor: place.line - first };
}

/** The lines of the log up to the step, the newest last. */
export function callsContent({ session, view, state }: Scene): Content {
  const { lines } = session.run;
  const end = lines.countAt(state.step);
  const begin = Math.max(0, end - LOG_LINES);
  if (end === 0) return nothing('no system call has been made');
  const one = view.tasks.length <= 1;
  const rows = lines.all.slice(begin, end).map(({ comm, pid, text }, index): Row => {
    const step = lines.steps[begin + index]!;
    const who = one || comm === '' ? '' : `${comm}(${pid}) `;
    return { text: shown(`${who}${text.replace(/\)? {2,}= /, (gap) => `${gap.startsWith(')') ? ')' : ''} = `)}`), style: 'plain', watch: null, changed: step === state.step, step };
  });
  return { rows, anchor: rows.length - 1 };
}

/** The frames of the task, innermost first, down to its program. */
export function stackContent({ state: { frames, call, place, task } }: Scene): Content {
  const rows: Row[] = [];
  const number = (): string => `#${rows.length}`.padEnd(4);
  for (const frame of [...frames].reverse()) rows.push(row(`${number()}${frame.fn}  (step ${frame.step})`, rows.length === 0 ? 'here' : 'plain', frame.step));
  if (call !== null) rows.push(row(`${number()}${call.name}()  (step ${call.from})`, 'plain', call.from));
  rows.push(row(`${number()}${task}${place === null ? '' : ` at ${fileName(place.file)}:${place.line}`}`, 'dim'));
  return { rows, anchor: -1 };
}

function taskRow(scene: Scene, task: TaskView): Row {
  const here = scene.view.current === task.name;
  const signals = [task.pending, task.sharedPending].filter((set) => set !== '[]');
  const text = `${here ? HERE : NOT_HERE}${task.name} ${task.state}${task.call === null ? '' : ` in ${task.call}`}${signals.length > 0 ? `, pending ${signals.join(' ')}` : ''}`;
  return scene.part(text, `task#${task.id}`, `tasks/${task.id}`, here ? 'here' : 'plain');
}

/** The tasks; `=>` has the CPU. */
export function tasksContent(scene: Scene): Content {
  const { tasks, current } = scene.view;
  if (tasks.length === 0) return nothing('there is no task yet');
  return { rows: tasks.map((task) => taskRow(scene, task)), anchor: tasks.findIndex((task) => task.name === current) };
}

/** The changes of the step in words. */
export function changesContent({ session, state, view }: Scene): Content {
  const told = state.step === 0 ? [] : sentences(session.viewAt(state.step - 1), view);
  if (told.length === 0) return nothing('nothing outside of the running function');
  return { rows: told.map((text) => ({ ...row(text), changed: true })), anchor: -1 };
}
