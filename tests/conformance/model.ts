/**
 * Scripts (script.ts) on the model: each line becomes the system call of that name, with its structures laid out in
 * user memory as a C program lays them out. Descriptors 0, 1 and 2 are taken, as in any program.
 */

import { place_file } from '../../src/kernel/namei.js';
import { file, type file_operations } from '../../src/kernel/file.js';
import { fd_install, get_unused_fd_flags } from '../../src/kernel/fdtable.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { SIG_IGN } from '../../src/kernel/signal_types.js';
import { get_user_u32, kernel_pointer, put_user_u32, put_user_u16, type user_memory, type user_ptr } from '../../src/kernel/uaccess.js';
import { O_RDWR, SIGPIPE } from '../../src/kernel/uapi.js';
import { mem, simulate, sys } from '../kit.js';
import { type Answer, answers, type Call, compile, type Script } from './script.js';

const EVENT_SIZE = 12;
/** events that the buffer of a wait has room for; maxevents may say more, nothing writes so far */
const ROOM_EVENTS = 4096;

const PATHS = ['/', '/dev/null', '/tmp/epoll-facts-file'];

const terminal: file_operations = {
  name: 'tty', poll: () => 0, read_iter: null, write_iter: null, unlocked_ioctl: null, release: null, show_fdinfo: null, llseek: 'none',
};

const u32 = (memory: user_memory, at: number): bigint => BigInt(get_user_u32(memory, at)! >>> 0);
const u64 = (memory: user_memory, at: number): bigint => u32(memory, at) | (u32(memory, at + 4) << 32n);

function put_u64(memory: user_memory, at: number, value: bigint): void {
  put_user_u32(memory, at, Number(value & 0xffffffffn) | 0);
  put_user_u32(memory, at + 4, Number((value >> 32n) & 0xffffffffn) | 0);
}

function event_memory(room: number): user_ptr {
  if (room === -1) return mem(ROOM_EVENTS * EVENT_SIZE);
  if (room === -2) return null;
  return room === -3 ? kernel_pointer() : mem(room);
}

/** The events that a wait stored. */
function stored_events(memory: user_ptr, count: number): bigint[] {
  const numbers: bigint[] = [];
  for (let i = 0; i < count; i++) numbers.push(u64(memory!, i * EVENT_SIZE + 4), u32(memory!, i * EVENT_SIZE));
  return numbers;
}

/** The items that /proc/self/fdinfo shows of an epoll: number, events, data of each. */
function fdinfo(k: Kernel, fd: number): bigint[] {
  const shown = k.current.files.at(fd);
  if (shown === null) return [-2n];
  const lines = (shown.f_op.show_fdinfo?.(k, shown) ?? '').matchAll(/tfd: +(\d+) events: +([0-9a-f]+) data: +([0-9a-f]+)/g);
  const numbers = [...lines].flatMap(([, tfd, events, data]) => [BigInt(tfd!), BigInt(`0x${events!}`), BigInt(`0x${data!}`)]);
  return [BigInt(numbers.length / 3), ...numbers];
}

type Performer = (k: Kernel, n: readonly number[], wide: readonly bigint[]) => Sleeps<bigint[]>;

/** A call whose arguments are numbers and whose answer is one number. */
function plain(name: string): Performer {
  return function* (k, n) {
    return [BigInt(yield* sys(k, name, ...n))];
  };
}

function* pair(fds: user_memory, call: Sleeps<number>): Sleeps<bigint[]> {
  const ret = yield* call;
  return ret < 0 ? [BigInt(ret)] : [0n, u32(fds, 0), u32(fds, 4)];
}

function ctl(null_event: boolean): Performer {
  return function* (k, n, wide) {
    const [ep, op, fd, events] = n as [number, number, number, number];
    const event = mem(EVENT_SIZE);
    put_user_u32(event, 0, events | 0);
    put_u64(event, 4, wide[4] ?? 0n);
    return [BigInt(yield* sys(k, 'epoll_ctl', ep, op, fd, null_event ? null : event))];
  };
}

/** What each line of a script does. */
const PERFORM: Readonly<Record<string, Performer>> = {
  epoll_create: plain('epoll_create'),
  epoll_create1: plain('epoll_create1'),
  eventfd2: plain('eventfd2'),
  dup: plain('dup'),
  dup2: plain('dup2'),
  close: plain('close'),
  fcntl: plain('fcntl'),
  lseek: plain('lseek'),
  shutdown: plain('shutdown'),
  ctl: ctl(false),
  ctl_null: ctl(true),
  *ioctl(k, n) {
    return [BigInt(yield* sys(k, 'ioctl', n[0]!, n[1]!, mem(8)))];
  },
  *ioctl_null(k, n) {
    return [BigInt(yield* sys(k, 'ioctl', n[0]!, n[1]!, null))];
  },
  *wait(k, n) {
    const memory = event_memory(n[3]!);
    const ret = yield* sys(k, 'epoll_wait', n[0]!, memory, n[1]!, n[2]!);
    return [BigInt(ret), ...stored_events(memory, ret)];
  },
  *pwait2(k, n) {
    const memory = event_memory(-1);
    const timeout = mem(16);
    put_u64(timeout, 0, BigInt(n[2]!));
    put_u64(timeout, 8, BigInt(n[3]!));
    const ret = yield* sys(k, 'epoll_pwait2', n[0]!, memory, n[1]!, timeout, null, 8);
    return [BigInt(ret), ...stored_events(memory, ret)];
  },
  *add(k, n, wide) {
    const value = mem(8);
    put_u64(value, 0, wide[1]!);
    return [BigInt(yield* sys(k, 'write', n[0]!, value, 8))];
  },
  *take(k, n) {
    const value = mem(8);
    const ret = yield* sys(k, 'read', n[0]!, value, 8);
    return ret === 8 ? [8n, u64(value, 0)] : [BigInt(ret)];
  },
  *write(k, n) {
    return [BigInt(yield* sys(k, 'write', n[0]!, mem(n[1]!), n[1]!))];
  },
  *read(k, n) {
    return [BigInt(yield* sys(k, 'read', n[0]!, mem(n[1]!), n[1]!))];
  },
  *pipe2(k, n) {
    const fds = mem(8);
    return yield* pair(fds, sys(k, 'pipe2', fds, n[0]!));
  },
  *socketpair(k, n) {
    const fds = mem(8);
    return yield* pair(fds, sys(k, 'socketpair', 1, n[0]!, 0, fds));
  },
  *open(k, n) {
    return [BigInt(yield* sys(k, 'open', mem(`${PATHS[n[0]!]!}\0`), n[1]!, 0o600))];
  },
  *poll(k, n) {
    const entry = mem(8);
    put_user_u32(entry, 0, n[0]!);
    put_user_u16(entry, 4, n[1]!);
    const ret = yield* sys(k, 'poll', entry, 1, n[2]!);
    return ret > 0 ? [BigInt(ret), u32(entry, 4) >> 16n] : [BigInt(ret)];
  },
  *getparams(k, n) {
    const params = mem([0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a]);
    const ret = yield* sys(k, 'ioctl', n[0]!, 0x80088a02, params);
    const { bytes } = params;
    return ret < 0 ? [BigInt(ret)] : [0n, u32(params, 0), BigInt(bytes[4]! | (bytes[5]! << 8)), BigInt(bytes[6]!), BigInt(bytes[7]!)];
  },
  *setparams(k, n) {
    const params = mem(8);
    put_user_u32(params, 0, n[1]! | 0);
    put_user_u16(params, 4, n[2]!);
    params.bytes[6] = n[3]!;
    params.bytes[7] = n[4]!;
    return [BigInt(yield* sys(k, 'ioctl', n[0]!, 0x40088a01, params))];
  },
  *fdinfo(k, n) {
    return fdinfo(k, n[0]!);
  },
  *rlimit(k, n) {
    k.current.signal.rlim_nofile.cur = n[0]!;
    return [0n];
  },
};

function* perform(k: Kernel, call: Call, slots: readonly number[]): Sleeps<bigint[]> {
  const wide = call.args.map((arg) => ('slot' in arg ? BigInt(slots[arg.slot] ?? 0) : arg.value));
  const performer = PERFORM[call.op];
  if (performer === undefined) throw new Error(`script: no such call: ${call.op}`);
  return yield* performer(k, wide.map(Number), wide);
}

/** What a script runs in: descriptors 0 to 2 taken, SIGPIPE ignored, files where the scripts expect them. */
function prepare(k: Kernel): void {
  for (let fd = 0; fd < 3; fd++) fd_install(k, get_unused_fd_flags(k, false), new file(k, terminal, null, O_RDWR));
  k.current.sighand.action[SIGPIPE]!.sa_handler = SIG_IGN;
  place_file(k, PATHS[2]!, new Uint8Array(0));
}

/** Runs a compiled script in the current task. */
export function* runScript(k: Kernel, script: Script): Sleeps<Answer[]> {
  prepare(k);
  const slots: number[] = [];
  const results: bigint[][] = [];
  for (const call of script.calls) {
    const numbers = yield* perform(k, call, slots);
    results.push(numbers);
    if (call.slot < 0) continue;
    if (call.op !== 'pipe2' && call.op !== 'socketpair') slots[call.slot] = Number(numbers[0]);
    else if (numbers[0] === 0n) [slots[call.slot], slots[call.slot + 1]] = [Number(numbers[1]), Number(numbers[2])];
  }
  return answers(script, results);
}

/** Runs a script on a machine of its own. */
export function runOnModel(script: Script | string): Answer[] {
  const compiled = typeof script === 'string' ? compile(script) : script;
  return simulate((k) => runScript(k, compiled));
}
