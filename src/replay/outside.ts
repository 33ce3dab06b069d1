/**
 * Files that stand for something outside the model: files with content, terminals, netlink sockets, streams that the first process was
 * given. What they hold and when they are ready only the log can tell. One that has no poll method is always ready and refused by
 * epoll, as regular files are; one that has is ready when, and as, the log says.
 */

import { file, type file_operations } from '../kernel/file.js';
import type { Kernel } from '../kernel/kernel.js';
import { null_fops } from '../kernel/opaque.js';
import { poll_wait, type poll_table } from '../kernel/poll_table.js';
import type { iov_iter } from '../kernel/uaccess.js';
import { wait_queue_head, wake_up_poll } from '../kernel/wait.js';
import type { Decoration } from './decoration.js';

/** Kinds of files that have no poll method. */
const NEVER_POLLED: ReadonlySet<string> = new Set(['regular file', 'directory', 'memory file']);
/** Kinds about which nothing is known until the log tells. */
const UNKNOWN: ReadonlySet<string> = new Set(['standard stream', 'inherited descriptor']);

/** What such a file can do, and its state: each open file has one of its own. */
export class outside_file implements file_operations {
  readonly name = 'outside';
  poll: file_operations['poll'];
  read_iter: file_operations['read_iter'];
  write_iter: file_operations['write_iter'];
  readonly unlocked_ioctl = null;
  readonly release = null;
  readonly show_fdinfo = null;
  llseek: file_operations['llseek'];
  /** what it is, as the report counts it; '' when the log told that the model has it after all */
  kind: string;
  /** what is ready now */
  mask = 0;
  /** the log has told for certain what it is */
  isCertain = false;
  /** bytes that the next transfer by sendfile or splice finds, or finds room for */
  supply = 0;
  readonly #wqh: wait_queue_head;

  constructor(kind: string) {
    this.kind = kind;
    this.#wqh = new wait_queue_head(0, 'wait');
    this.poll = NEVER_POLLED.has(kind) || UNKNOWN.has(kind) ? null : this.#poll;
    this.llseek = NEVER_POLLED.has(kind) ? 'content' : 'none';
    this.read_iter = (_k, _file, to) => this.#move(to);
    this.write_iter = (_k, _file, from) => this.#move(from);
  }

  readonly #poll = (k: Kernel, f: file, pt: poll_table | null): number => {
    poll_wait(k, f, this.#wqh, pt);
    return this.mask;
  };

  #move(iter: iov_iter): number {
    const n = Math.min(iter.count, this.supply);
    iter.advance(n);
    this.supply -= n;
    return n;
  }

  /** The log shows whether epoll takes the file. @returns false when that contradicts what is known of it */
  setPollable(pollable: boolean): boolean {
    if (pollable === (this.poll !== null)) return true;
    if (this.isCertain || this.kind === 'directory') return false;
    this.poll = pollable ? this.#poll : null;
    return true;
  }

  /** `st_mode=S_IFREG|0644` of fstat. */
  learnMode(names: readonly string[]): void {
    const isPolled = names.some((name) => name === 'S_IFCHR' || name === 'S_IFIFO' || name === 'S_IFSOCK');
    if (!isPolled && !names.includes('S_IFREG') && !names.includes('S_IFDIR')) return;
    if (UNKNOWN.has(this.kind) && names.includes('S_IFREG')) this.kind = 'regular file';
    if (isPolled) return;
    this.isCertain = true;
    this.poll = null;
    this.llseek = 'content';
  }

  /** The log shows what is ready; who waits is woken when there is something. */
  setReady(k: Kernel, mask: number): void {
    this.mask = mask;
    if (mask !== 0) wake_up_poll(k, this.#wqh, mask);
  }

  /** What strace says about the descriptor tells what an unknown file is. */
  learn(about: Decoration): void {
    if (!UNKNOWN.has(this.kind)) return;
    if (about.kind === 'path') this.kind = 'regular file';
    else if (about.kind === 'device' && about.path === '/dev/null') this.becomeNull();
    else if (about.kind === 'device') this.kind = 'device';
    else if (about.kind === 'inode') this.kind = `${about.class} from outside`;
    else if (about.kind === 'unix' || about.kind === 'inet') this.kind = 'socket from outside';
    if (this.kind === 'regular file') this.llseek = 'content';
  }

  /** It is /dev/null, which the model has. */
  becomeNull(): void {
    this.kind = '';
    this.poll = null;
    this.read_iter = null_fops.read_iter;
    this.write_iter = null_fops.write_iter;
    this.llseek = null_fops.llseek;
  }
}

/** The outside file behind an open file, or null when the model has it. */
export function outsideOf(f: file): outside_file | null {
  return f.f_op instanceof outside_file && f.f_op.kind !== '' ? f.f_op : null;
}

/** An open file that stands for something outside. */
export function newOutsideFile(k: Kernel, kind: string, flags: number, name = kind): file {
  return new file(k, new outside_file(kind), null, flags, name);
}
