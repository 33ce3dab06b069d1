/**
 * The accounting of one TCP connection, number by number: cases are scripts of writes, reads and sleeps at the two ends
 * (buffers.c says how they are written); a row says what a step returned and what both ends hold after it. The rows of the
 * real kernel carry the time of each step, and the model makes the step at that time.
 */

import { spawnSync } from 'node:child_process';
import type { Kernel } from '../../../src/kernel/kernel.js';
import type { Sleeps } from '../../../src/kernel/point.js';
import { put_user_s64 } from '../../../src/kernel/uaccess.js';
import { tcp_net } from '../../../src/tcp/inet_hashtables.js';
import { mem, simulate, sys } from '../../kit.js';
import { accept, bind, connect, listen, NONBLOCK, setopt, sockOf, SOL_SOCKET, SOL_TCP, tcp } from '../../tcp/net.js';

/** What is compared at each end after every step. */
export const FIELDS = [
  'wmem_queued', 'sndbuf', 'outq', 'notsent', 'cwnd', 'snd_mss', 'snd_wnd', 'unacked',
  'inq', 'rmem_alloc', 'rcvbuf', 'rcv_ssthresh', 'rcv_wnd', 'rcv_mss',
] as const;

export type Numbers = Readonly<Record<(typeof FIELDS)[number], number>>;

/** One step as Linux or the model took it. */
export interface Row {
  readonly atUs: number;
  readonly ret: number;
  readonly ends: readonly [client: Numbers, server: Numbers];
}

function numbers(words: readonly number[]): Numbers {
  return Object.fromEntries(FIELDS.map((name, index) => [name, words[index]!])) as Numbers;
}

/** Rows as text, one a line: time, result, the two ends; an end that is as before is left out. */
export function printRows(rows: readonly Row[]): string[] {
  const end = (numbersOf: Numbers): string => FIELDS.map((name) => numbersOf[name]).join(' ');
  return rows.map(({ atUs, ret, ends }, i) => {
    const before = rows[i - 1]?.ends.map(end) ?? [];
    return [`${atUs} ${ret}`, ...ends.map(end).map((text, e) => (text === before[e] ? '' : text))].join('|');
  });
}

/** Rows from such text, or from what buffers.c prints. */
export function parseRows(lines: readonly string[]): Row[] {
  let before: readonly [Numbers, Numbers] | null = null;
  return lines.map((line) => {
    const [head, client, server] = line.split('|').map((text) => text.trim()) as [string, string, string];
    const [atUs, ret] = head.split(' ').map(Number) as [number, number];
    const end = (text: string, e: 0 | 1): Numbers => (text === '' ? before![e] : numbers(text.split(' ').map(Number)));
    before = [end(client, 0), end(server, 1)];
    return { atUs, ret, ends: before };
  });
}

/** Runs cases on the real kernel with the compiled program. */
export function runLive(program: string, cases: readonly string[]): Row[][] {
  const done = spawnSync(program, { input: cases.join(''), encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(`buffers: ${done.stderr}`);
  return done.stdout.split('--\n').slice(0, -1).map((part) => parseRows(part.trimEnd().split('\n')));
}

function look(k: Kernel, fd: number): Numbers {
  const sk = sockOf(k, fd);
  return {
    wmem_queued: sk.sk_wmem_queued, sndbuf: sk.sk_sndbuf, outq: (sk.write_seq - sk.snd_una) | 0, notsent: (sk.write_seq - sk.snd_nxt) | 0,
    cwnd: sk.snd_cwnd, snd_mss: sk.mss_cache, snd_wnd: sk.snd_wnd, unacked: sk.packets_out,
    inq: (sk.rcv_nxt - sk.copied_seq) | 0, rmem_alloc: sk.sk_rmem_alloc, rcvbuf: sk.sk_rcvbuf, rcv_ssthresh: sk.rcv_ssthresh,
    rcv_wnd: sk.rcv_wnd, rcv_mss: sk.ack_rcv_mss,
  };
}

function* sleepUntil(k: Kernel, ns: number): Sleeps<void> {
  const waitNs = ns - k.clock.nowNs;
  if (waitNs <= 0) return;
  const pause = mem(16);
  put_user_s64(pause, 0, Math.floor(waitNs / 1e9));
  put_user_s64(pause, 8, waitNs % 1e9);
  yield* sys(k, 'nanosleep', pause, null);
}

/** One step: a call, or calls until EAGAIN. */
function* step(k: Kernel, fds: readonly [number, number], line: string): Sleeps<number> {
  const [what, side, size] = line.split(' ') as [string, string, string];
  if (what === 'z') return 0;
  const n = Number(size);
  const memory = mem(n);
  let sum = 0;
  for (;;) {
    const ret = yield* sys(k, what.toLowerCase() === 'w' ? 'write' : 'read', fds[side === 's' ? 1 : 0], memory, n);
    if (ret < 0) return sum === 0 ? ret : sum;
    sum += ret;
    if (what === 'w' || what === 'r' || ret === 0) return sum;
  }
}

/** Runs a case on the model, each step at the time at which Linux made it. */
export function runOnModel(text: string, times: readonly number[]): Row[] {
  const [first, ...lines] = text.trimEnd().split('\n') as [string, ...string[]];
  const [mtu, sndbuf, rcvbuf, nodelay] = first.split(' ').slice(1).map(Number) as [number, number, number, number];
  return simulate(function* (k) {
    tcp_net(k).loopback_mtu = mtu;
    const l = yield* tcp(k);
    if (rcvbuf > 0) yield* setopt(k, l, SOL_SOCKET, 8, rcvbuf);
    yield* bind(k, l, 8080);
    yield* listen(k, l);
    const c = yield* tcp(k);
    if (sndbuf > 0) yield* setopt(k, c, SOL_SOCKET, 7, sndbuf);
    yield* connect(k, c, 8080);
    const fds = [c, (yield* accept(k, l, NONBLOCK)) as number] as const;
    yield* sys(k, 'fcntl', c, 4, NONBLOCK);
    for (const fd of fds) yield* setopt(k, fd, SOL_TCP, 1, nodelay);
    const begin = k.clock.nowNs;
    const rows: Row[] = [{ atUs: 0, ret: 0, ends: [look(k, c), look(k, fds[1])] }];
    for (let i = 1; i < times.length; i++) {
      const line = lines[i - 1]!;
      yield* sleepUntil(k, begin + times[i]! * 1000);
      const ret = yield* step(k, fds, line);
      if (line.startsWith('z')) yield* sleepUntil(k, begin + (times[i + 1] ?? times[i]! + Number(line.slice(2)) * 1000) * 1000);
      rows.push({ atUs: times[i]!, ret, ends: [look(k, c), look(k, fds[1])] });
    }
    return rows;
  }, { stepBudget: 1e9 });
}

/** Where two runs of a case differ: step, end, name, Linux, model. */
export function differences(text: string, linux: readonly Row[], model: readonly Row[]): string[] {
  const lines = text.trimEnd().split('\n');
  return linux.flatMap((row, i) => {
    const other = model[i]!;
    const at = `${i} ${lines[i]}`;
    const found = row.ret === other.ret ? [] : [`${at}: result: Linux ${row.ret}, model ${other.ret}`];
    for (const [e, end] of (['client', 'server'] as const).entries()) {
      for (const name of FIELDS) {
        if (row.ends[e]![name] !== other.ends[e]![name]) found.push(`${at}: ${end} ${name}: Linux ${row.ends[e]![name]}, model ${other.ends[e]![name]}`);
      }
    }
    return found;
  });
}
