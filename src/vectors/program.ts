/**
 * A vector as files: JSON for programs, and one C program that makes the calls on a real kernel and prints TAP.
 */

import { user_memory } from '../kernel/uaccess.js';
import { emit, NoC } from './emit.js';
import { HARNESS_END, HARNESS_TOP } from './harness.js';
import { endsTask, resultText, type Step, type Vector, vectorName } from './vector.js';

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** wait4(-1): any child will do. */
const waitsForAny = ({ row, args }: Step): boolean => row.name === 'wait4' && args[0] === -1;

/** What this run does not say, because Linux leaves it open or real time decides. */
function notDetermined(vector: Vector): string[] {
  const out: string[] = [];
  const uses = (...names: string[]): boolean => vector.steps.some(({ row }) => names.includes(row.name));
  if (uses('fork', 'clone', 'getpid', 'wait4')) out.push('process and thread ids: they stand for the tasks of the list');
  if (uses('bind', 'connect')) out.push('port numbers: any free ones will do');
  if (vector.steps.some(({ slept }) => slept)) out.push('which of several tasks runs first when a call wakes more than one: the list has one order, and turn-taking makes it so');
  if (vector.steps.some(waitsForAny)) out.push('which child wait4(-1) tells of first');
  if (vector.timed !== null) out.push(`answers from step ${vector.timed.from} on: ${vector.timed.why}`);
  return out;
}

/** Events, bytes and pairs that the kernel stored, as the C program prints them; '' where there is no C for the call. */
function storedOf(step: Step, vector: Vector): string {
  try {
    return endsTask(step) ? '' : emit(step, vector).stored;
  } catch (error) {
    if (error instanceof NoC) return '';
    throw error;
  }
}

/** The vector as plain JSON. */
export function vectorJson(vector: Vector): object {
  return {
    name: vectorName(vector), scenario: vector.scenario, options: vector.options, title: vector.title, about: vector.about, kernel: 'Linux 6.18 x86-64',
    tasks: vector.tasks.map(({ name, kind, parent }, index) => ({ task: index, name, kind, parent })),
    steps: vector.steps.map((step) => ({
      step: step.number, task: step.task, call: step.row.name, text: step.text,
      ret: step.about !== null && step.row.name !== 'kill' ? { pidOf: waitsForAny(step) ? 'any child' : step.about } : step.ret === null ? null : resultText(step.ret),
      ...(step.slept ? { sleeps: true } : {}), ...(storedOf(step, vector) === '' ? {} : { stored: storedOf(step, vector) }),
    })),
    moves: vector.moves.map(({ step, what }) => `${what} ${step}`),
    notDetermined: notDetermined(vector),
  };
}

/** A result as C: errnos by name. */
function cResult(step: Step): string {
  if (endsTask(step)) return String(step.args[0] as number);
  return step.ret === null ? '0' : resultText(step.ret);
}

function cRow(step: Step, vector: Vector): string {
  const pageIn = step.args.some((arg) => arg instanceof user_memory && arg.absent !== null);
  const makes = step.row.name === 'fork' || step.row.name === 'clone';
  const about = step.about === null || makes || step.row.name === 'kill' ? -1 : waitsForAny(step) ? 'ANY_CHILD' : step.about;
  const starts = makes ? step.about ?? -1 : -1;
  const thread = starts >= 0 && vector.tasks[starts]!.kind === 'thread';
  const fields = [
    step.task, endsTask(step) ? 'NULL' : `step_${step.number}`, quoted(`${vector.tasks[step.task]!.name}: ${step.text}`), cResult(step), quoted(storedOf(step, vector)),
    step.slept ? 1 : 0, about, starts, thread ? 1 : 0, pageIn ? 1 : 0, step.pauseMs,
  ];
  return `\t{ ${fields.join(', ')} },`;
}

/** The ports that sockets are bound to; one that nobody minds when there are none. */
function portsOf({ steps }: Vector): number[] {
  const bound = steps.filter(({ row }) => row.name === 'bind').map(({ args }) => {
    const bytes = args[1] instanceof user_memory ? args[1].bytes : new Uint8Array(4);
    return (bytes[2]! << 8) | bytes[3]!;
  });
  return [...new Set([...bound.filter((port) => port !== 0), ...(bound.length === 0 ? [999] : [])])];
}

/** The C program of a vector. Throws NoC when it has a call that cannot be written. */
export function vectorC(vector: Vector): string {
  if (vector.hosts) throw new NoC('several hosts');
  const { timed } = vector;
  const told = timed === null ? vector.steps : vector.steps.filter(({ number }) => number < timed.from);
  const functions = told.filter((step) => !endsTask(step)).map((step) => {
    const { lines } = emit(step, vector);
    return [`/* ${vector.tasks[step.task]!.name}: ${step.text.replace(/\*\//g, '* /')} */`, `static void step_${step.number}(void)`, '{', ...lines.map((line) => (line === '' ? '' : `\t${line}`)), '}', ''].join('\n');
  });
  // what ends later may have waited for what is left out
  const cut = vector.moves.findIndex(({ step }) => step > told.length);
  const moves = vector.moves.slice(0, cut < 0 ? undefined : cut).map(({ step, what }) => (what === 'begin' ? step : -step));
  const first = vector.tasks.flatMap(({ parent }, index) => (parent === null ? [index] : []));
  return [
    '/*', ` * ${vectorName(vector)}: ${vector.title}`, ' *', ' * Written by `epollsim vectors`. Makes the calls of the scenario on this kernel, in the order of the run, and prints TAP.',
    ' * Build: cc -pthread -o vector vector.c; exit code 0: every answer is the expected one.', ' *',
    ...notDetermined(vector).map((line) => ` * Not determined: ${line}.`), ' */',
    HARNESS_TOP, `#define TITLE ${quoted(vector.title)}`, `#define SKIPPED ${vector.steps.length - told.length}`, '', ...functions,
    'struct step {', '\tint task;', '\tvoid (*run)(void);', '\tconst char *text;', '\tlong ret;', '\tconst char *stored;',
    '\t/* it sleeps; the task whose pid is the answer; the task that it makes, and is that a thread; it waits for a page; milliseconds before it */', '\tint sleeps, about, starts, thread, page_in, pause;', '};', '',
    'static const struct step steps[] = {', ...told.map((step) => cRow(step, vector)), '};', '',
    '/* n: step n begins; -n: it ends */', `static const int moves[] = { ${moves.join(', ')} };`, '',
    '/* ports of the scenario */', `static const int ports[] = { ${portsOf(vector).join(', ')} };`, '',
    '/* tasks that are there from the start */', `static const int first[] = { ${first.join(', ')} };`, HARNESS_END,
  ].join('\n');
}
