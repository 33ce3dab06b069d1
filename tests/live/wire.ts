/**
 * A compiled script as the lines that runner.c reads, and what it printed as records of calls. The bytes of arguments and the reading of
 * results are those of src/calls, so the real kernel and the model are asked the same thing and are understood in the same way.
 */

import { errnoName } from '#dist/kernel/errno.js';
import { syscall_by_name } from '#dist/syscalls/table.js';
import type { Prepared } from '#dist/calls/builders.js';
import { type Arg, Block, Hole } from '#dist/calls/layout.js';
import type { Program } from '#dist/calls/program.js';
import type { Call } from '#dist/calls/record.js';

const KINDS: Readonly<Record<Prepared['kind'], string>> = { call: 'c', unfault: 'u', fork: 'f', exit: 'x' };
const PATCHES = { fd: 'f', bit: 't', port: 'p' } as const;

/** Bytes as hexadecimal digits; nothing for zeros only. */
function hexOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  return at === bytes.length ? '' : buffer.toString('hex');
}

class Writer {
  private readonly program: Program;

  constructor(program: Program) {
    this.program = program;
  }

  private slot(name: string): number {
    return this.program.names.indexOf(name);
  }

  private arg(prepared: Prepared, arg: Arg): string {
    if (arg === null) return 'z';
    if (typeof arg === 'number') return `i${arg}`;
    if (arg instanceof Hole) {
      const [name = ''] = arg.names;
      if (arg.kind === 'nfds') return `n${arg.names.map((each) => this.slot(each)).filter((slot) => slot >= 0).join(',')}`;
      return arg.kind === 'fd' ? `s${this.slot(name)}` : `${arg.kind === 'pid' ? 'p' : 't'}${this.program.tasks.indexOf(name)}`;
    }
    if (arg.kernel) return 'k';
    const out = arg === prepared.pair ? 2 : prepared.out.includes(arg) ? 1 : 0;
    const patches = arg.patches.map(({ at, kind, name }) => `${PATCHES[kind]}${at}=${this.slot(name)}`);
    return `b${arg.bytes.length}:${arg.reach}:${out}:${hexOf(arg.bytes)}:${patches.join(',')}`;
  }

  line(prepared: Prepared): string {
    const { line, kind, name, args, timed } = prepared;
    const nr = kind === 'fork' ? this.program.tasks.indexOf(line.args[0]!) : syscall_by_name.get(name)?.nr ?? 0;
    const slots = [0, 1].map((index) => (line.vars[index] === undefined ? -1 : this.slot(line.vars[index])));
    const words = ['L', this.program.tasks.indexOf(line.thread), KINDS[kind], nr, Number(line.untilEagain), Number(timed), ...slots];
    return [...words, ...args.map((arg) => this.arg(prepared, arg))].join(' ');
  }
}

/** The input of runner.c for one script. */
export function toWire(program: Program): string {
  const writer = new Writer(program);
  const processes = program.processes.reduce((mask, name) => mask | (1 << program.tasks.indexOf(name)), 0);
  return [`P ${program.tasks.length} ${processes}`, ...program.lines.map((line) => writer.line(line)), 'E', ''].join('\n');
}

/** What a real kernel answered, and when: milliseconds of its clock at which each call (by seq) had returned or slept. */
export interface RealRun {
  readonly calls: Call[];
  readonly ms: readonly number[];
}

/** What runner.c printed for one script; null: it took too long, and nothing is known. */
export function fromWire(program: Program, text: string): RealRun | null {
  const calls: Call[] = [];
  const ms: number[] = [];
  const fds = new Map<string, number>();
  const callOf = (seq: number, index: number): Call => {
    const { line } = program.lines[index]!;
    return calls[seq - 1] ??= { seq, task: line.thread, call: line.text, ...(line.vars.length === 0 ? {} : { var: line.vars.join(', ') }), log: [] };
  };
  for (const row of text.split('\n')) {
    const [what, ...words] = row.split(' ');
    if (what === 'T') return null;
    if (what !== 'R' && what !== 'B') continue;
    const [seq = 0, index = 0, during = 0, at = 0, ret = 0] = words.slice(0, 5).map(Number);
    ms[seq] ??= at;
    const call = callOf(seq, index);
    if (what === 'B') call.blocked = true;
    else returned(program.lines[index]!, call, during, ret, words.slice(5), fds);
  }
  return { calls, ms };
}

function returned(prepared: Prepared, call: Call, during: number, ret: number, blocks: readonly string[], fds: Map<string, number>): void {
  call.ret = ret < 0 ? -1 : ret;
  if (ret < 0) call.errno = errnoName(-ret);
  if (during !== call.seq) call.returned_during = during;
  // the runner prints blocks in the order of the arguments
  const printed = prepared.args.filter((arg): arg is Block => arg instanceof Block && !arg.kernel && (prepared.out.includes(arg) || arg === prepared.pair));
  const stored = new Map(printed.map((block, index) => [block, blocks[index] === '-' ? block.bytes : Buffer.from(blocks[index]!, 'hex')]));
  prepared.decode(call, { ret, bytes: (block) => stored.get(block)!, fd: (name) => fds.get(name) ?? -1 });
  if (ret < 0) return;
  const numbers = prepared.pair === null ? [ret] : call.fds!;
  prepared.line.vars.forEach((name, index) => fds.set(name, numbers[index]!));
}
