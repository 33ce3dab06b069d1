/**
 * The calls of the script language as system calls: arguments are laid out in user memory as a C program would,
 * and what the kernel stored there is read back when the call has returned.
 */

import { errnoName } from '../../../src/kernel/errno.js';
import type { Kernel } from '../../../src/kernel/kernel.js';
import { absent_page, page_present, user_memory } from '../../../src/kernel/uaccess.js';
import type { syscall_arg } from '../../../src/syscalls/row.js';
import { mem } from '../../kit.js';
import { maskNames, numberOf } from './constants.js';
import type { Call } from './recorded.js';
import type { Line } from './script.js';

/** What a script knows while it runs. */
export interface Session {
  /** descriptors by name */
  fds: Map<string, number>;
  /** ports of listeners by name */
  ports: Map<string, number>;
  /** data of epoll items: index -> label */
  labels: string[];
  /** the page that a faulting epoll_wait waits for */
  page: absent_page | null;
  nextPort: number;
}

/** Reads back what a call left in user memory. */
export type Finish = (k: Kernel, record: Call, ret: number) => void;

/** A call ready to be made; `name` null: no system call. */
export interface Prepared {
  name: string | null;
  args: syscall_arg[];
  finish: Finish;
}

type Builder = (k: Kernel, session: Session, line: Line) => Prepared;

const nothing: Finish = () => {};

/** A name for a descriptor, later than all names before it. */
function keep(session: Session, name: string, fd: number): void {
  session.fds.delete(name);
  session.fds.set(name, fd);
}

function i32(...words: number[]): user_memory {
  return new user_memory(new Uint8Array(Int32Array.from(words).buffer));
}

function view(memory: user_memory): DataView {
  return new DataView(memory.bytes.buffer, memory.bytes.byteOffset);
}

function number(session: Session, word: string): number {
  return session.fds.get(word) ?? numberOf(word);
}

/** struct sockaddr_in of 127.0.0.1 and a port. */
function loopback(port: number): user_memory {
  return mem([2, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
}

/** A call whose arguments are numbers and descriptors only. */
const plain: Builder = (_k, session, { name, args }) => ({ name, args: args.map((a) => number(session, a)), finish: nothing });

const nr = (name: string): Builder => (k, session, line) => ({ ...plain(k, session, line), name });

const epoll_ctl: Builder = (_k, session, { args }) => {
  const [ep = '', op = '', fd = '', events, label] = args;
  const event = i32(events === undefined ? 0 : numberOf(events), session.labels.length, 0);
  session.labels.push(label ?? fd);
  return { name: 'epoll_ctl', args: [number(session, ep), numberOf(op), number(session, fd), events === undefined ? null : event], finish: nothing };
};

const epoll_wait: Builder = (k, session, { args }) => {
  const [ep = '', max = '', ms = '', how] = args;
  const memory = mem(12 * numberOf(max));
  if (how === 'efault') memory.faultAt = 0;
  if (how === 'fault') memory.absent = session.page = new absent_page(k.new_id(), 0);
  const finish: Finish = (_kernel, record, ret) => {
    record.events = [];
    for (let i = 0; i < ret; i++) {
      const at = view(memory);
      record.events.push({ data: session.labels[at.getInt32(12 * i + 4, true)]!, events: maskNames(at.getInt32(12 * i, true), 'EPOLL') });
    }
  };
  return { name: 'epoll_wait', args: [number(session, ep), memory, numberOf(max), numberOf(ms)], finish };
};

const bind: Builder = (_k, session, { args: [fd = ''] }) => {
  const port = session.nextPort++;
  session.ports.set(fd, port);
  return { name: 'bind', args: [number(session, fd), loopback(port), 16], finish: nothing };
};

const connect: Builder = (_k, session, { args: [fd = '', to = ''] }) => (
  { name: 'connect', args: [number(session, fd), loopback(session.ports.get(to)!), 16], finish: nothing }
);

const accept4: Builder = (_k, session, { args: [fd = '', flags = ''] }) => (
  { name: 'accept4', args: [number(session, fd), null, null, numberOf(flags)], finish: nothing }
);

function pair(name: string, args: (words: string[], memory: user_memory) => syscall_arg[]): Builder {
  return (_k, session, line) => {
    const memory = mem(8);
    const finish: Finish = (_kernel, record, ret) => {
      if (ret < 0) return;
      record.fds = [view(memory).getInt32(0, true), view(memory).getInt32(4, true)];
      line.vars.forEach((v, index) => keep(session, v, record.fds![index]!));
    };
    return { name, args: args(line.args, memory), finish };
  };
}

const write: Builder = (_k, session, { args: [fd = '', what = ''] }) => {
  const u64 = /^u64:(\d+)$/.exec(what);
  const memory = u64 === null ? mem(numberOf(what)) : i32(Number(u64[1]), 0);
  return { name: 'write', args: [number(session, fd), memory, memory.bytes.length], finish: nothing };
};

const read: Builder = (_k, session, { args: [fd = '', what = ''] }) => {
  const memory = mem(what === 'u64' ? 8 : numberOf(what));
  const finish: Finish = (_kernel, record, ret) => {
    if (what === 'u64' && ret === 8) record.u64 = Number(view(memory).getBigUint64(0, true));
  };
  return { name: 'read', args: [number(session, fd), memory, memory.bytes.length], finish };
};

const send: Builder = (_k, session, { args: [fd = '', n = '', flags = ''] }) => (
  { name: 'sendto', args: [number(session, fd), mem(numberOf(n)), numberOf(n), numberOf(flags), null, 0], finish: nothing }
);

const recv: Builder = (_k, session, { args: [fd = '', n = '', flags = ''] }) => (
  { name: 'recvfrom', args: [number(session, fd), mem(numberOf(n)), numberOf(n), numberOf(flags), null, null], finish: nothing }
);

const setsockopt: Builder = (_k, session, { args: [fd = '', level = '', name = '', ...values] }) => {
  const memory = i32(...values.map(numberOf));
  return { name: 'setsockopt', args: [number(session, fd), numberOf(level), numberOf(name), memory, memory.bytes.length], finish: nothing };
};

const getsockopt: Builder = (_k, session, { args: [fd = '', level = '', name = ''] }) => {
  const memory = mem(4);
  const finish: Finish = (_kernel, record, ret) => {
    const value = view(memory).getInt32(0, true);
    if (ret === 0) record.value = name === 'SO_ERROR' && value !== 0 ? errnoName(value) : String(value);
  };
  return { name: 'getsockopt', args: [number(session, fd), numberOf(level), numberOf(name), memory, i32(4)], finish };
};

const poll: Builder = (_k, session, { args }) => {
  const wanted = args.slice(0, -1).map((word) => word.split(':') as [string, string]);
  const memory = mem(8 * wanted.length);
  wanted.forEach(([fd, events], index) => {
    view(memory).setInt32(8 * index, number(session, fd), true);
    view(memory).setInt16(8 * index + 4, numberOf(events), true);
  });
  const finish: Finish = (_kernel, record) => {
    record.revents = wanted.map(([fd], index) => ({ fd, revents: maskNames(view(memory).getUint16(8 * index + 6, true), 'POLL') }));
  };
  return { name: 'poll', args: [memory, wanted.length, numberOf(args[args.length - 1]!)], finish };
};

const select: Builder = (_k, session, { args }) => {
  const wanted = args.slice(0, -1).map((word) => word.split(':') as [string, string]);
  const sets: Record<string, user_memory> = {};
  let n = 0;
  for (const [set, name] of wanted) {
    const fd = number(session, name);
    sets[set] ??= mem(128);
    sets[set].bytes[fd >> 3]! |= 1 << (fd & 7);
    n = Math.max(n, fd + 1);
  }
  const ms = numberOf(args[args.length - 1]!);
  const timeout = ms < 0 ? null : i32(Math.floor(ms / 1000), 0, (ms % 1000) * 1000, 0);
  const finish: Finish = (_kernel, record) => {
    record.ready = wanted.filter(([set, name]) => {
      const fd = number(session, name);
      return (sets[set]!.bytes[fd >> 3]! & (1 << (fd & 7))) !== 0;
    }).map(([set, name]) => `${set}:${name}`);
  };
  return { name: 'select', args: [n, sets['r'] ?? null, sets['w'] ?? null, sets['e'] ?? null, timeout], finish };
};

/** The absent page comes in: what userfaultfd's handler does from another thread. */
const unfault: Builder = (_k, session) => ({
  name: null,
  args: [],
  finish: (kernel) => {
    page_present(kernel, session.page!);
  },
});

const BUILDERS: Readonly<Record<string, Builder>> = {
  epoll_ctl, epoll_wait, bind, connect, accept4, write, read, send, recv, setsockopt, getsockopt, poll, select, unfault,
  epoll_create1: nr('epoll_create1'), eventfd2: nr('eventfd2'), socket: nr('socket'), listen: nr('listen'), shutdown: nr('shutdown'),
  close: nr('close'), dup: nr('dup'), dup2: nr('dup2'), fcntl: nr('fcntl'),
  pipe2: pair('pipe2', ([flags = ''], memory) => [memory, numberOf(flags)]),
  socketpair: pair('socketpair', ([domain = '', type = '', protocol = ''], memory) => [numberOf(domain), numberOf(type), numberOf(protocol), memory]),
};

/** Lays out one line of a script as a system call. */
export function prepare(k: Kernel, session: Session, line: Line): Prepared {
  const builder = BUILDERS[line.name];
  if (builder === undefined) throw new Error(`the script language has no call ${line.name}`);
  const prepared = builder(k, session, line);
  if (line.vars.length !== 1) return prepared;
  const { finish } = prepared;
  return {
    ...prepared,
    finish: (kernel, record, ret) => {
      if (ret >= 0) keep(session, line.vars[0]!, ret);
      finish(kernel, record, ret);
    },
  };
}
