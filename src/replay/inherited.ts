/**
 * Descriptors that the first process was started with. strace does not list them, but new descriptors get the lowest free number: one that
 * Linux passes over, and that no call of the log ever made, was open from the beginning.
 */

import { alloc_fd, fd_install, file_close_fd } from '../kernel/fdtable.js';
import { filp_close } from '../kernel/file.js';
import { run_next } from '../kernel/sched.js';
import { O_RDWR } from '../kernel/uapi.js';
import type { Call } from './call.js';
import { arrayOf, fdOf, maskOf } from './decode.js';
import { newOutsideFile, outsideOf } from './outside.js';
import type { Session } from './session.js';
import type { Thread } from './thread.js';

/** Calls whose result is a new descriptor of the kernel's choice. */
const MAKERS: ReadonlySet<string> = new Set([
  'open', 'openat', 'openat2', 'creat', 'dup', 'socket', 'accept', 'accept4', 'epoll_create', 'epoll_create1', 'eventfd', 'eventfd2',
  'timerfd_create', 'signalfd', 'signalfd4', 'memfd_create', 'inotify_init', 'inotify_init1', 'pidfd_open', 'pidfd_getfd', 'io_uring_setup',
  'fanotify_init', 'perf_event_open', 'userfaultfd',
]);
const PAIR_MAKERS: ReadonlySet<string> = new Set(['pipe', 'pipe2', 'socketpair']);

/** The numbers that Linux gave to new descriptors in this call; null: it makes none. */
export function madeBy(call: Call): number[] | null {
  const { result, name } = call;
  if (result === null || result.kind !== 'value') return null;
  if (MAKERS.has(name) || (name === 'fcntl' && isDup(call))) return [Number(result.value)];
  if (!PAIR_MAKERS.has(name)) return null;
  const pair = call.args[name === 'socketpair' ? 3 : 0];
  return pair?.kind === 'array' ? arrayOf(pair).items.map(fdOf) : null;
}

function isDup(call: Call): boolean {
  const command = call.args[1];
  return command?.kind === 'flags' && command.names[0]!.startsWith('F_DUPFD');
}

/** A standard stream that Linux gives to a new file, and that no call of the log has closed, was not open at the start. */
function closeAtStart(session: Session, { task }: Thread, fd: number): void {
  if (session.closedFds.has(fd)) return;
  run_next(session.k, task);
  const stream = file_close_fd(task.files, fd);
  if (stream !== null) filp_close(session.k, stream);
}

/** Calls whose first argument is a descriptor, and that say EBADF when it is not open. */
const USERS: ReadonlySet<string> = new Set([
  'close', 'dup', 'dup2', 'dup3', 'fcntl', 'ioctl', 'read', 'readv', 'write', 'writev', 'pread64', 'pwrite64', 'fstat', 'lseek', 'recvmsg', 'sendmsg',
  'recvfrom', 'sendto', 'getsockname', 'getpeername', 'getsockopt', 'setsockopt', 'shutdown', 'accept', 'accept4',
]);

/** A descriptor that a call could use, and that no call of the log ever made or closed, was open from the beginning. */
function findInherited(session: Session, { task }: Thread, call: Call): void {
  const { result } = call;
  const first = call.args[0];
  if (first === undefined || result === null || result.kind === 'none' || result.errno === 'EBADF' || !USERS.has(call.name)) return;
  const fd = fdOf(first);
  if (fd < 0 || task.files.at(fd) !== null || session.madeFds.has(fd) || session.closedFds.has(fd)) return;
  run_next(session.k, task);
  if (alloc_fd(task, fd, false) !== fd) return;
  const inherited = newOutsideFile(session.k, 'inherited descriptor', O_RDWR);
  if (first.kind === 'fd') outsideOf(inherited)!.learn(first.decoration);
  fd_install(session.k, fd, inherited);
  session.adopt('inherited descriptor');
}

/** Calls that can make, close or use descriptors that were open from the beginning. */
export const INHERITING: ReadonlySet<string> = new Set([...USERS, ...MAKERS, ...PAIR_MAKERS]);

/** Before a call that makes descriptors: numbers that Linux will pass over are taken by files of the outside world. */
export function takeInherited(session: Session, thread: Thread, call: Call): void {
  const made = madeBy(call);
  findInherited(session, thread, call);
  if (call.name === 'close') session.closedFds.add(maskOf(call.args[0]!));
  if (made === null) {
    if (call.name === 'dup2' || call.name === 'dup3') session.madeFds.add(maskOf(call.args[1]!));
    return;
  }
  const { task } = thread;
  for (const fd of made) if (fd <= 2 && !session.madeFds.has(fd)) closeAtStart(session, thread, fd);
  // threads that share the table may take the numbers between first
  if (call.exitLine !== call.entryLine && task.files.count > 1) {
    for (const fd of made) session.madeFds.add(fd);
    return;
  }
  const lowest = call.name === 'fcntl' ? maskOf(call.args[2]!) : 0;
  const highest = Math.max(...made);
  for (let fd = Math.max(lowest, task.files.next_fd); fd < highest; fd++) {
    if (task.files.at(fd) !== null || made.includes(fd) || session.madeFds.has(fd)) continue;
    run_next(session.k, task);
    if (alloc_fd(task, fd, false) !== fd) return;
    fd_install(session.k, fd, newOutsideFile(session.k, 'inherited descriptor', O_RDWR));
    session.adopt('inherited descriptor');
  }
  for (const fd of made) session.madeFds.add(fd);
}
