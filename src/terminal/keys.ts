/**
 * The keys: those of gdb and of vim where these have one for it. One table makes both what a key does and what `?` shows.
 */

import { DebugError } from '../debug/index.js';
import type { Debugger } from './debugger.js';
import { endText } from './ending.js';
import { PANES } from './pane.js';
import { askFork, askWhy, breakpointText, readBreakpoint, runTo, search, showBreakpoints, showHazards } from './questions.js';

/** What a key does. */
export interface Action {
  readonly keys: readonly string[];
  /** the keys as help shows them, where that is shorter */
  readonly shown?: string;
  readonly help: string;
  readonly run: (debug: Debugger, key: string) => void;
}

interface Group {
  readonly title: string;
  readonly actions: readonly Action[];
}

function gotoWord(debug: Debugger, word: string): void {
  const { session } = debug;
  const found = /^([+-]?)(\d+)$/.exec(word);
  if (word === 'q' || word === 'quit') debug.ended = true;
  else if (word === '$') debug.jump(() => session.goto(session.count - 1));
  else if (found === null) throw new DebugError(`: takes the number of a step, 0 to ${session.count - 1}, or +N and -N, not '${word}'`);
  else debug.jump(() => session.goto(found[1] === '' ? Number(found[2]) : session.step + Number(word)));
}

/** Follows a part of the machine to its last or next change. */
function follow(debug: Debugger, forward: boolean): void {
  const { session } = debug;
  debug.watch = debug.row?.watch ?? debug.watch;
  const { watch } = debug;
  if (watch === null) throw new DebugError('pick what to follow: Tab or a number to its pane, j and k to its row, then l or L');
  let found: number | null = null;
  debug.jump(() => (found = forward ? session.nextChange(watch) : session.lastChange(watch)) ?? session.step);
  debug.message = found === null ? `${watch} does not change ${forward ? 'after' : 'before'} this step` : `${watch} changed here; ${forward ? 'L: its next change' : 'l: the change before'}`;
}

function branch(debug: Debugger, by: number): void {
  const { session } = debug;
  if (session.branches.length === 1) throw new DebugError('there is one branch; f makes another');
  const to = (session.branch.id + by + session.branches.length) % session.branches.length;
  debug.jump(() => {
    session.switchTo(to);
    return session.step;
  });
  const { parent, step } = session.branch;
  debug.message = `branch ${to} of ${session.branches.length}${parent === null ? ', the first one' : `, parts from branch ${parent.id} at step ${step}`}; ${endText(session)}`;
}

function setBreakpoint(debug: Debugger, words: string): void {
  if (words === '') {
    showBreakpoints(debug);
    return;
  }
  const breakpoint = readBreakpoint(debug, words);
  const number = debug.session.stopAt(breakpoint);
  debug.message = `breakpoint ${number}: ${breakpointText(breakpoint)}; c runs to it, C backward`;
}

function goToRow(debug: Debugger): void {
  const step = debug.row?.step ?? null;
  if (step === null) throw new DebugError('Enter goes to the step of a picked row of the log or of the stack: j and k pick one');
  debug.jump(() => debug.session.goto(step));
}

const MOVES: readonly Action[] = [
  { keys: ['s', 'right'], shown: 's  right', help: 'one step: the next row of the trace', run: (debug) => debug.move(() => debug.session.forward('event')) },
  { keys: ['S', 'left'], shown: 'S  left', help: 'one step back', run: (debug) => debug.move(() => debug.session.back('event')) },
  { keys: ['n'], help: 'the next system call: its entry, then its return', run: (debug) => debug.move(() => debug.session.forward('call', 'over')) },
  { keys: ['N'], help: 'the system call before', run: (debug) => debug.move(() => debug.session.back('call', 'over')) },
  { keys: ['}'], help: 'over a kernel function', run: (debug) => debug.move(() => debug.session.forward('function', 'over')) },
  { keys: ['{'], help: 'over a kernel function, back', run: (debug) => debug.move(() => debug.session.back('function', 'over')) },
  { keys: ['u'], help: 'finish: to the end of the kernel function or call', run: (debug) => debug.move(() => debug.session.forward('function', 'out')) },
  { keys: ['U'], help: 'back to where it was entered', run: (debug) => debug.move(() => debug.session.back('function', 'out')) },
  { keys: [')'], help: 'to the next switch of tasks', run: (debug) => debug.move(() => debug.session.forward('task')) },
  { keys: ['('], help: 'to the switch of tasks before', run: (debug) => debug.move(() => debug.session.back('task')) },
  { keys: ['g', 'home'], shown: 'g', help: 'the first step', run: (debug) => debug.jump(() => debug.session.goto(0)) },
  { keys: ['G', 'end'], shown: 'G', help: 'the last step', run: (debug) => debug.jump(() => debug.session.goto(debug.session.count - 1)) },
  { keys: [':'], shown: ':N', help: 'step N; :+N and :-N from here', run: (debug) => debug.ask(': step', (text) => gotoWord(debug, text)) },
  { keys: ['/'], help: 'the next step with a word in its sentence or log line', run: (debug) => debug.ask('/ find', (text) => search(debug, text)) },
];

const QUESTIONS: readonly Action[] = [
  { keys: ['W'], help: 'why does NO event come for a descriptor?', run: (debug) => askWhy(debug, true) },
  { keys: ['w'], help: 'why did the last event of a descriptor come?', run: (debug) => askWhy(debug, false) },
  { keys: ['H'], help: 'hazards of the run', run: showHazards },
  { keys: ['l'], help: 'who changed the picked row last? again: before that', run: (debug) => follow(debug, false) },
  { keys: ['L'], help: 'the next change of the picked row', run: (debug) => follow(debug, true) },
];

const RUNS: readonly Action[] = [
  {
    keys: ['b'], help: 'set a breakpoint: ep_poll_callback, write, return read, EAGAIN, ep#4.rdllist, task 2, 120',
    run: (debug) => debug.ask('stop at (function, call, errno, ep#4.rdllist, task N, step; nothing: list)', (text) => setBreakpoint(debug, text)),
  },
  { keys: ['B', 'd'], shown: 'B', help: 'breakpoints; Enter takes one away', run: showBreakpoints },
  { keys: ['c'], help: 'continue to a breakpoint, or to the end', run: (debug) => runTo(debug, false) },
  { keys: ['C'], help: 'the same backward', run: (debug) => runTo(debug, true) },
  {
    keys: ['m'], help: 'm and a letter: bookmark', run: (debug) => debug.ask('bookmark: which letter', (text) => {
      if (text === '') return;
      debug.session.bookmark(text);
      debug.message = `bookmark ${text} is step ${debug.session.step}; ' and ${text} comes back`;
    }, { letter: true }),
  },
  {
    keys: ["'"], help: "' and the letter: to the bookmark; '' back to before the last jump",
    run: (debug) => debug.ask(`go to bookmark (${debug.session.bookmarks.map(({ name }) => name).join(' ') || "none yet; ' again: back"})`, (text) => {
      if (text === "'" || text === '') debug.jumpBack();
      else debug.jump(() => debug.session.recall(text));
    }, { letter: true }),
  },
  { keys: ['f'], help: 'fork: decide something otherwise from here on', run: askFork },
  { keys: ['['], help: 'the branch before', run: (debug) => branch(debug, -1) },
  { keys: [']'], help: 'the next branch', run: (debug) => branch(debug, 1) },
  {
    keys: ['o'], help: 'write an export: pcapng=FILE, perfetto=FILE, svg=FILE ...', run: (debug) => debug.ask('export (KIND=FILE)', (text) => {
      if (text !== '') debug.message = debug.outside.exportTo(debug.session, text);
    }),
  },
];

const SCREEN: readonly Action[] = [
  { keys: ['tab'], shown: 'Tab', help: 'to the next pane; Shift-Tab the one before', run: (debug) => debug.focusOn(1) },
  { keys: ['backtab'], shown: '', help: '', run: (debug) => debug.focusOn(-1) },
  { keys: PANES.map((_, at) => String((at + 1) % 10)), shown: '1 - 0', help: PANES.map(({ title }, at) => `${(at + 1) % 10} ${title}`).join(', '), run: (debug, key) => debug.focusOn(PANES[(Number(key) + 9) % 10]!.id) },
  { keys: ['j', 'down'], shown: 'j  down', help: 'pick the next row of the pane', run: (debug) => debug.scroll(1) },
  { keys: ['k', 'up'], shown: 'k  up', help: 'pick the row before', run: (debug) => debug.scroll(-1) },
  { keys: ['pagedown'], shown: '', help: '', run: (debug) => debug.scroll(10) },
  { keys: ['pageup'], shown: '', help: '', run: (debug) => debug.scroll(-10) },
  { keys: ['enter'], shown: 'Enter', help: 'go to the step of the picked row', run: goToRow },
  { keys: ['z'], help: 'the pane alone on the screen, and back', run: (debug) => { debug.zoomed = !debug.zoomed; } },
  { keys: ['esc'], shown: '', help: '', run: (debug) => { debug.zoomed = false; } },
  { keys: ['?'], help: 'this', run: showKeys },
  { keys: ['q'], help: 'quit', run: (debug) => { debug.ended = true; } },
];

const GROUPS: readonly Group[] = [
  { title: 'ASK', actions: QUESTIONS }, { title: 'MOVE', actions: MOVES }, { title: 'STOP, MARK, BRANCH', actions: RUNS }, { title: 'SCREEN', actions: SCREEN },
];

/** The action of a key; null: it has none. */
export function actionOf(key: string): Action | null {
  for (const { actions } of GROUPS) for (const action of actions) if (action.keys.includes(key)) return action;
  return null;
}

/** Shows all keys, and how the screen is read. */
function showKeys(debug: Debugger): void {
  debug.open({
    title: 'Keys',
    text: ["A server hangs? G goes to the end, W asks why no event comes, Enter follows the answer's steps.", '* : the step changed it.  => : current.  > : picked.  In a tree b is a black node, r a red one.'],
    rows: GROUPS.flatMap(({ title, actions }) => [
      { head: title, text: '' }, ...actions.filter(({ help }) => help !== '').map(({ keys, shown, help }) => ({ head: `  ${shown ?? keys.join(' ')}`, text: help })),
    ]),
  });
}
