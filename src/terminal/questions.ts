/**
 * What can be asked of the run at a step: why an event came or does not come, hazards, breakpoints, other futures. The answers are src/debug's; here they
 * become lists to pick from.
 */

import { type Breakpoint, DebugError } from '../debug/index.js';
import type { Debugger } from './debugger.js';
import type { Choice } from './overlay.js';

/** Alternatives of decisions, and descriptors, that a list shows. */
const MOST = 200;
/** Steps that one search looks at. */
const SEARCH_STEPS = 20_000;

function goTo(debug: Debugger, step: number): () => void {
  return () => debug.jump(() => debug.session.goto(step));
}

/** The step at which a question about a descriptor makes sense, and why it is not the position; items of later are asked about at their end. */
function askedAt({ session }: Debugger, fd: number): { step: number; note: string } {
  const lives = [...session.evidence.items.values()].filter((item) => item.fd === fd);
  const later = lives.length > 0 && lives.every(({ born }) => born > session.step);
  if (!later) return { step: session.step, note: '' };
  const step = session.stepToAsk(fd);
  return { step, note: `Here, at step ${session.step}, fd ${fd} is not registered yet, so this is about step ${step}, near the end of the run.` };
}

function tell(debug: Debugger, fd: number, not: boolean): void {
  const { session } = debug;
  const { step, note } = askedAt(debug, fd);
  const answer = not ? session.whyNot(fd, step) : session.why(fd, step);
  const links = answer.links.map((link): Choice => ({
    head: `${link.missing ? 'MISSING' : 'step'} ${link.missing ? '' : link.step}`.trim(), text: link.text, style: link.missing ? 'bad' : 'title', pick: goTo(debug, link.step),
  }));
  const hazards = session.hazards(step).map((hazard): Choice => ({ head: 'hazard', text: `step ${hazard.step}: ${hazard.text}`, style: 'changed', pick: goTo(debug, hazard.step) }));
  debug.open({
    title: `${not ? 'Why does no event come' : 'Why did the last event come'} for fd ${fd}? (step ${step})`,
    text: [`${answer.answer}.`, ...(note === '' ? [] : [note])],
    rows: [...links, ...hazards],
    keys: "j k: pick, Enter: go to that step ('' comes back), Esc: close",
  });
}

/** Asks for a descriptor, if there is more than one that an epoll instance watches, and tells why an event came, or why none comes. */
export function askWhy(debug: Debugger, not: boolean): void {
  const { session } = debug;
  const numbers = [...new Set([...session.evidence.items.values()].map(({ fd }) => fd))];
  const byHand = (): void => debug.ask('which fd', (text) => {
    if (!/^\d+$/.test(text)) throw new DebugError(`a descriptor is a number, not '${text}'`);
    tell(debug, Number(text), not);
  });
  if (numbers.length === 0) byHand();
  else if (numbers.length === 1) tell(debug, numbers[0]!, not);
  else {
    const risky = new Set(session.hazards().map(({ fd }) => fd));
    const rows = numbers.slice(0, MOST).map((fd): Choice => ({ head: `fd ${fd}`, text: watchedText(debug, fd) + (risky.has(fd) ? '  (a hazard was seen)' : ''), pick: () => tell(debug, fd, not) }));
    const first = numbers.findIndex((fd) => risky.has(fd));
    debug.open({
      title: not ? 'Why does no event come: for which descriptor?' : 'Why did the last event come: for which descriptor?',
      text: [], rows: [...rows, { head: 'other', text: 'a descriptor that no epoll instance watches', pick: byHand }], cursor: Math.max(0, first), keys: 'j k: pick, Enter: ask, Esc: close',
    });
  }
}

/** What a descriptor is, where it is known. */
function watchedText({ session }: Debugger, fd: number): string {
  const life = [...session.evidence.items.values()].find((item) => item.fd === fd)!;
  const view = session.viewAt(Math.min(session.count - 1, life.born + 1));
  const item = view.items.find(({ id }) => id === life.id);
  const file = view.files.find(({ id }) => id === life.file);
  return `${file?.object ?? file?.path ?? 'closed'} in ep#${life.ep}${item === undefined ? '' : `, ${item.events.replaceAll('EPOLL', '')}`}, registered at step ${life.born}`;
}

/** Lists the hazards of the run. */
export function showHazards(debug: Debugger): void {
  const hazards = debug.session.hazards();
  debug.open({
    title: 'Hazards: dangerous even if nothing failed',
    text: hazards.length === 0 ? ['None was seen in this run.'] : [],
    rows: hazards.map(({ step, text, times }) => ({ head: `step ${step}`, text: times > 1 ? `${text} (${times} times)` : text, pick: goTo(debug, step) })),
  });
}

/** A breakpoint as people write it: a kernel function, a call, an errno, a step, a part of the machine, `fn:point`, `task 2`. */
export function readBreakpoint({ session: { run } }: Debugger, words: string): Breakpoint {
  if (/^\d+$/.test(words)) return { kind: 'step', step: Number(words) };
  if (/^E[A-Z0-9]+$/.test(words)) return { kind: 'errno', name: words };
  if (/[#/]/.test(words)) return { kind: 'change', path: words };
  const task = /^task (\d+)$/.exec(words);
  if (task !== null) return { kind: 'task', pid: Number(task[1]) };
  const point = /^(\w+):(\w*)$/.exec(words);
  if (point !== null) return { kind: 'point', fn: point[1]!, ...(point[2] === '' ? {} : { where: point[2]! }) };
  const call = /^(call |return )?(\w+)$/.exec(words);
  const name = call?.[2] ?? words;
  const functions = run.found.functionNames();
  if (call?.[1] === undefined && functions.includes(name)) return { kind: 'function', name };
  const calls = [...new Set(run.found.calls.map((one) => one.name))];
  if (calls.includes(name)) return { kind: 'call', name, ...(call?.[1] === 'return ' ? { returns: true } : {}) };
  const near = [...functions, ...calls].filter((one) => one.includes(name)).slice(0, 3);
  throw new DebugError(`nothing in this run is called '${words}'${near.length === 0 ? '; for example ep_poll_callback, write, EAGAIN, ep#4.rdllist' : `; did you mean ${near.join(', ')}?`}`);
}

/** A breakpoint in words. */
export function breakpointText(one: Breakpoint): string {
  switch (one.kind) {
    case 'function': return `kernel function ${one.name}`;
    case 'point': return `point ${one.fn}:${one.where ?? ''}`;
    case 'call': return `system call ${one.name}${one.returns === true ? ' returns' : ''}`;
    case 'task': return `task ${one.pid} gets the CPU`;
    case 'errno': return `a call fails${one.name === undefined ? '' : ` with ${one.name}`}`;
    case 'step': return `step ${one.step}`;
    case 'change': return `${one.path} changes`;
    case 'line': return `a call from line ${one.places.map(({ line }) => line).join(', ')}`;
    case 'signal': return `signal ${one.signo}`;
    case 'fault': return one.of ?? 'anything that goes wrong';
    case 'when': return one.condition ?? 'a condition';
  }
}

/** Lists the breakpoints; the picked one is taken away. */
export function showBreakpoints(debug: Debugger): void {
  const { session } = debug;
  const rows = [...session.stops].map(([number, one]): Choice => ({ head: String(number), text: breakpointText(one), pick: () => {
    session.remove(number);
    debug.message = `breakpoint ${number} is gone`;
  } }));
  debug.open({ title: 'Breakpoints', text: rows.length === 0 ? ['There is none. b sets one.'] : [], rows, keys: 'j k: pick, Enter: take it away, Esc: close' });
}

/** Runs to a breakpoint, forward or backward, and says which. */
export function runTo(debug: Debugger, backward: boolean): void {
  const { session } = debug;
  let reached: readonly number[] = [];
  debug.jump(() => {
    const stop = backward ? session.reverse() : session.continue();
    ({ reached } = stop);
    return stop.step;
  });
  if (reached.length > 0) debug.message = reached.map((number) => `breakpoint ${number}: ${breakpointText(session.stops.get(number)!)}`).join('; ');
  else if (session.stops.size === 0 && backward) debug.message = 'the first step; b sets a breakpoint to stop at';
}

/** Lists what the run could have done otherwise from here on; the picked alternative becomes a branch. */
export function askFork(debug: Debugger): void {
  const { session } = debug;
  if (session.run.recording === null) throw new DebugError('the log gives the schedule of this run: there is nothing to decide otherwise');
  const rows = session.decisions().flatMap(({ step, what }, decision): Choice[] => {
    if (step < session.step || what.index === null || what.n < 2) return [];
    return Array.from({ length: what.n }, (_, at) => at).filter((at) => at !== what.taken).map((at) => ({
      head: `step ${step}`, text: `${FUTURES[what.kind] ?? what.kind}: alternative ${at} instead of ${what.taken}, of ${what.n}`, pick: () => {
        debug.jump(() => {
          session.fork(decision, at);
          return session.step;
        });
        debug.message = `branch ${session.branch.id} parts from branch ${session.branch.parent!.id} here; [ and ] go between branches`;
      },
    }));
  }).slice(0, MOST);
  debug.open({
    title: 'Another future: decide otherwise',
    text: rows.length === 0 ? ['From here on nothing was decided. g goes to the first step; --preempt all makes every point a decision.'] : ['The branch that you are in is kept.'],
    rows, keys: 'j k: pick, Enter: make the branch, Esc: close',
  });
}

const FUTURES: Readonly<Record<string, string>> = { task: 'which task runs', softirq: 'softirq now or later', packet: 'fate of a packet', timer: 'which timer first' };

/** Goes to the next step whose sentence or log line has the word. */
export function search(debug: Debugger, word: string): void {
  const { session } = debug;
  debug.wanted = word === '' ? debug.wanted : word;
  const wanted = debug.wanted.toLowerCase();
  if (wanted === '') throw new DebugError('search for what? / and a word, as /EAGAIN');
  const { lines } = session.run;
  const end = Math.min(session.count, session.step + 1 + SEARCH_STEPS);
  for (let step = session.step + 1, line = lines.countAt(session.step); step < end; step++) {
    let told = false;
    for (; lines.steps[line] === step; line++) told ||= lines.all[line]!.text.toLowerCase().includes(wanted);
    if (told || session.sentence(step).toLowerCase().includes(wanted)) {
      debug.jump(() => session.goto(step));
      debug.message = `/${debug.wanted}: / and Enter finds the next one`;
      return;
    }
  }
  throw new DebugError(end < session.count ? `'${debug.wanted}' is not in the next ${SEARCH_STEPS} steps; : goes further` : `'${debug.wanted}' does not come any more; g goes to the first step`);
}
