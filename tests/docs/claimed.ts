/**
 * Which kernel functions the model claims to enter as Linux does, by class: all that the recordings show and the model traces. What the
 * recordings know and the model has not is below its floor, each with a reason.
 */

import { functionClasses } from '../../src/calls/functions.js';
import { TRACED } from '../../src/inspect/traced.js';

/** Functions that the model has not, and why none of its calls could enter them. */
export const BELOW_THE_FLOOR: Readonly<Record<string, string>> = {
  ep_busy_loop_end: 'busy polling asks network devices, and the loopback has no queue to poll',
  ep_find_tfd: 'it serves kcmp(2) only',
  eventfd_signal: 'other parts of the kernel call it, no system call of a program does',
  pipe_wait_readable: 'splice() and tee() sleep in it; reads and writes of the model sleep in the same queue by wait_event',
  pipe_wait_writable: 'as pipe_wait_readable',
  sock_def_write_space_wfree: 'the model has it for UDP, and shows no entry of its own for it',
  sock_wake_async: 'it sends SIGIO, which nobody can ask the model for',
};

const traced: ReadonlySet<string> = new Set([...TRACED.values()].map((fn) => fn.name));

/** What is wrong with the table above: functions that the model has after all, or that are missing in it. */
export function floorFindings(): string[] {
  const out: string[] = [];
  for (const name of functionClasses.keys()) {
    if (!traced.has(name) && !(name in BELOW_THE_FLOOR)) out.push(`${name} is neither traced nor below the floor`);
  }
  for (const name of Object.keys(BELOW_THE_FLOOR)) if (traced.has(name) || !functionClasses.has(name)) out.push(`${name} is no function that the model lacks`);
  return out;
}

/** The section of docs/kernel-map.md. */
export function claimedLines(): string[] {
  const classes = [...new Set([...functionClasses.values()].map((c) => c.class))];
  const names = (wanted: string, minor: boolean): string =>
    [...functionClasses].filter(([name, c]) => c.class === wanted && c.minor === minor && traced.has(name)).map(([name]) => `\`${name}\``).join(' ');
  const rows = classes.filter((c) => c !== 'context').map((c) => `| ${c} | ${names(c, false)} | ${names(c, true)} |`);
  return [
    '', '## Claimed functions', '',
    'For these functions the model claims what a tracer of Linux would show: that they are entered, in which order, nested in which way, with which',
    'wake keys, queue heads, masks and states, and what they return. `epollsim calls` prints them, and `epollsim calls --compare` holds them against a',
    'recording. Small helpers are compared with `--profile all` only. Functions of class `context` are shown to read a log by and never compared:',
    names('context', false) + '.', '',
    '| class | claimed | small helpers |', '|---|---|---|', ...rows, '',
    'Below the floor of the model:', '',
    ...Object.entries(BELOW_THE_FLOOR).map(([name, why]) => `- \`${name}\` (${functionClasses.get(name)!.class}): ${why}.`),
  ];
}
