/**
 * The debug console: questions to the session in words, and parts of the machine by name. What moves the position says so; the adapter tells the
 * editor.
 */

import { DebugError, type Explanation, nearest, valueAt, PREDICATE_NAMES, type Session, watchedPath } from '../debug/index.js';
import type { Node } from './nodes.js';
import { Tree } from './nodes.js';

/** What an answer holds: its text, and the variable it can be unfolded as. */
export interface Answer {
  readonly text: string;
  readonly node: Node | null;
  /** the position, or the branch, is another one now */
  readonly moved: boolean;
}

interface Command {
  /** its arguments and what it does, for `help` */
  readonly usage: string;
  readonly about: string;
  run(session: Session, args: readonly string[]): Answer;
}

const say = (text: string): Answer => ({ text, node: null, moved: false });
const go = (text: string): Answer => ({ text, node: null, moved: true });

function whole(text: string | undefined, what: string): number {
  if (text === undefined || !/^\d+$/.test(text)) throw new DebugError(`${what} is a whole number, not ${text === undefined ? 'left out' : JSON.stringify(text)}`);
  return Number(text);
}

function explained({ answer, links }: Explanation): string {
  return [`${answer}.`, ...links.map(({ step, text, missing }) => `  ${missing ? 'missing' : `step ${step}`}: ${text}`)].join('\n');
}

/** `why 5`: at the position; `why 5 120`: at step 120. */
function asking(not: boolean): Command['run'] {
  return (session, [fd, step]) => {
    const number = whole(fd, 'a descriptor');
    const at = step === undefined ? session.step : whole(step, 'a step');
    if (at >= session.count) throw new DebugError(`there is no step ${at}; this run has the steps 0 to ${session.count - 1}`);
    return say(explained(not ? session.whyNot(number, at) : session.why(number, at)));
  };
}

function changing(find: (session: Session, part: string) => number | null, none: string): Command['run'] {
  return (session, [part]) => {
    if (part === undefined) throw new DebugError('expected a part of the machine, as ep#4.rdllist');
    const step = find(session, part);
    return step === null ? say(`${part} ${none}`) : go(`step ${step}: ${session.sentence()}`);
  };
}

const COMMANDS: Readonly<Record<string, Command>> = {
  why: { usage: 'why FD [STEP]', about: 'why the last event of a descriptor came', run: asking(false) },
  whynot: { usage: 'whynot FD [STEP]', about: 'why no event of a descriptor comes: the first missing link', run: asking(true) },
  hazards: {
    usage: 'hazards', about: 'what is dangerous in the run up to here, even if nothing failed',
    run: (session) => {
      const found = session.hazards(session.step).map(({ step, text, times }) => `step ${step}: ${text}${times > 1 ? ` (${times} times)` : ''}`);
      return say(found.length === 0 ? 'none up to this step' : found.join('\n'));
    },
  },
  sentence: { usage: 'sentence', about: 'this step in plain words', run: (session) => say(session.sentence()) },
  log: {
    usage: 'log [N]', about: 'the last N lines of the log of system calls (10)',
    run: (session, [most]) => say(session.lines(session.step, most === undefined ? 10 : whole(most, 'a number of lines')).map(({ text, comm, pid }) => (comm === '' ? text : `${comm}(${pid}) ${text}`)).join('\n')),
  },
  step: { usage: 'step N', about: 'go to step N', run: (session, [step]) => go(`step ${session.goto(whole(step, 'a step'))}: ${session.sentence()}`) },
  last: { usage: 'last PART', about: 'go to the step that changed a part last; again: the one before', run: changing((session, part) => session.lastChange(part), 'did not change before this step') },
  next: { usage: 'next PART', about: 'go to the step that changes a part next', run: changing((session, part) => session.nextChange(part), 'does not change after this step') },
  decisions: {
    usage: 'decisions', about: 'where the run could have gone another way, from here on (20)',
    run: (session) => {
      const coming = session.decisions().map((decision, at) => ({ ...decision, at })).filter(({ step, what }) => step >= session.step && what.n > 1).slice(0, 20);
      return say(coming.length === 0 ? 'none from here on; "preempt": "all" makes every point one' : coming.map(({ at, step, what }) => `${at}: step ${step}, ${what.kind}, ${what.taken} of 0 to ${what.n - 1}`).join('\n'));
    },
  },
  fork: {
    usage: 'fork DECISION ALTERNATIVE', about: 'make a decision otherwise, in a branch of its own',
    run: (session, [decision, alternative]) => go(`branch ${session.fork(whole(decision, 'a decision'), whole(alternative, 'an alternative')).id}, at step ${session.step}`),
  },
  branch: { usage: 'branch N', about: 'look at another branch', run: (session, [id]) => go(`branch ${session.switchTo(whole(id, 'a branch')).id}, at step ${session.step}`) },
  help: { usage: 'help', about: 'this list', run: () => say(helpText()) },
};

function helpText(): string {
  const rows = Object.values(COMMANDS).map(({ usage, about }) => `${usage.padEnd(28)}${about}`);
  return [...rows, `${'ep#4.rdllist'.padEnd(28)}a part of the machine`, `Conditions of breakpoints know ${PREDICATE_NAMES.join(', ')} and parts: errno == EAGAIN && fd == 5.`].join('\n');
}

/** Answers one line. Throws a DebugError that says what was expected. */
export function answer(session: Session, line: string): Answer {
  const [word = '', ...args] = line.trim().split(/\s+/);
  const command = COMMANDS[word];
  if (command !== undefined) return command.run(session, args);
  if (args.length === 0 && /[#/]/.test(word)) {
    const path = watchedPath(word);
    const part = valueAt(session.viewAt(), path);
    if (part === undefined) throw new DebugError(`there is no ${word} at step ${session.step}`);
    const node = new Tree(session.viewAt()).node(word, part, path);
    return { text: node.value, node, moved: false };
  }
  const near = nearest(word, Object.keys(COMMANDS));
  throw new DebugError(`cannot understand ${JSON.stringify(line.trim())}; ${near === null ? 'help lists what can be asked' : `did you mean ${near}?`}`);
}

const FIELDS: readonly string[] = ['rbr', 'rdllist', 'txlist', 'ovflist', 'wq', 'poll_wait', 'mtx'];
const SOCK_FIELDS: readonly string[] = ['sk_state', 'sk_err', 'sk_shutdown', 'rcvbuf', 'sndbuf', 'rcv.bytes', 'snd.bytes', 'wq'];

/** What a line can go on with: words of the console, descriptors after `why`, parts after `ep#`. */
export function completions(session: Session, text: string): { readonly word: string; readonly start: number }[] {
  const start = text.lastIndexOf(' ') + 1;
  const word = text.slice(start);
  const { eventpolls, sockets, items } = session.viewAt();
  const parts = [...eventpolls.flatMap(({ name }) => FIELDS.map((field) => `${name}.${field}`)), ...sockets.flatMap(({ name }) => SOCK_FIELDS.map((field) => `${name}.${field}`))];
  const first = text.slice(0, start).trim();
  const fds = [...new Set(items.map(({ fd }) => String(fd)))];
  const all = first === '' ? [...Object.keys(COMMANDS), ...parts] : /^why(not)?$/.test(first) ? fds : /^(last|next)$/.test(first) ? parts : [];
  return all.filter((one) => one.startsWith(word)).map((one) => ({ word: one, start }));
}
