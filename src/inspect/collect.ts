/**
 * Finds every object of a machine that something still refers to: from the tasks through their tables to files, from
 * files to what is behind them, from epolls to the files they watch, from sockets to what waits in their queues.
 * Views and checks both start here. Nothing is changed.
 */

import type { Kernel } from '../kernel/kernel.js';
import { eventfd_ctx } from '../kernel/eventfd.js';
import type { files_struct } from '../kernel/fdtable.js';
import type { file } from '../kernel/file.js';
import { pipe_file, type pipe_inode_info } from '../kernel/pipe.js';
import { timerfd_ctx } from '../kernel/timerfd.js';
import type { wait_queue_head } from '../kernel/wait.js';
import { type epitem, eventpoll } from '../epoll/eventpoll.js';
import { list_to_array } from '../kernel/list.js';
import type { sk_buff, sk_buff_head } from '../socket/skbuff.js';
import type { sock } from '../socket/sock.js';
import { socket } from '../socket/socket.js';
import { unix_sock } from '../socket/unix_sock.js';
import { socksOf } from './socks.js';

/** Everything that was found, each thing once, in order of finding. */
export interface Reached {
  readonly tables: Set<files_struct>;
  /** files, and how many references to each were found */
  readonly files: Map<file, number>;
  readonly eventpolls: Set<eventpoll>;
  readonly items: Set<epitem>;
  readonly pipes: Set<pipe_inode_info>;
  readonly eventfds: Set<eventfd_ctx>;
  readonly timerfds: Set<timerfd_ctx>;
  readonly sockets: Set<socket>;
  readonly socks: Set<sock>;
  readonly queues: Set<wait_queue_head>;
}

/** The buffers of a queue, first to last. */
export function buffersOf(list: sk_buff_head): sk_buff[] {
  const buffers: sk_buff[] = [];
  for (let skb = list.first; skb !== null; skb = skb.next) buffers.push(skb);
  return buffers;
}

class Walk implements Reached {
  readonly tables = new Set<files_struct>();
  readonly files = new Map<file, number>();
  readonly eventpolls = new Set<eventpoll>();
  readonly items = new Set<epitem>();
  readonly pipes = new Set<pipe_inode_info>();
  readonly eventfds = new Set<eventfd_ctx>();
  readonly timerfds = new Set<timerfd_ctx>();
  readonly sockets = new Set<socket>();
  readonly socks = new Set<sock>();
  readonly queues = new Set<wait_queue_head>();

  /** A file is found; `counted`: what refers to it holds a reference. */
  file(file: file, counted: boolean): void {
    const before = this.files.get(file);
    this.files.set(file, (before ?? 0) + (counted ? 1 : 0));
    if (before !== undefined) return;
    this.behind(file.private_data);
    if (file.private_data instanceof eventfd_ctx || file.private_data instanceof timerfd_ctx) this.queues.add(file.private_data.wqh);
    const watchers = file.f_ep as { epitems?: eventpoll['refs']['epitems'] } | null;
    if (watchers?.epitems !== undefined) for (const epi of list_to_array(watchers.epitems)) this.eventpoll(epi.ep);
  }

  private behind(object: unknown): void {
    if (object instanceof eventpoll) this.eventpoll(object);
    else if (object instanceof pipe_file) this.pipe(object.pipe);
    else if (object instanceof eventfd_ctx) this.eventfds.add(object);
    else if (object instanceof timerfd_ctx) this.timerfds.add(object);
    else if (object instanceof socket) this.socket(object);
  }

  private eventpoll(ep: eventpoll): void {
    if (this.eventpolls.has(ep)) return;
    this.eventpolls.add(ep);
    this.queues.add(ep.wq).add(ep.poll_wait);
    for (const epi of ep.rbr.values()) {
      this.items.add(epi);
      this.file(epi.ffd.file, false);
      for (let pwq = epi.pwqlist; pwq !== null; pwq = pwq.next) if (pwq.whead !== null) this.queues.add(pwq.whead);
    }
    for (const epi of list_to_array(ep.refs.epitems)) this.eventpoll(epi.ep);
    if (ep.file !== null && !ep.file.released) this.file(ep.file, false);
  }

  private pipe(pipe: pipe_inode_info): void {
    this.pipes.add(pipe);
    this.queues.add(pipe.rd_wait).add(pipe.wr_wait);
  }

  private socket(sock: socket): void {
    this.sockets.add(sock);
    if (sock.sk !== null) this.sock(sock.sk);
  }

  sock(sk: sock): void {
    if (this.socks.has(sk)) return;
    this.socks.add(sk);
    this.queues.add(sk.wq);
    if (sk.sk_lock_wq !== null) this.queues.add(sk.sk_lock_wq);
    if (sk.sk_socket !== null) this.sockets.add(sk.sk_socket);
    for (const skb of buffersOf(sk.sk_receive_queue)) for (const file of skb.fp ?? []) this.file(file, true);
    if (sk instanceof unix_sock) this.queues.add(sk.peer_wait);
    for (const other of socksOf(sk)) this.sock(other);
  }
}

/** Walks the machine. */
export function collect(k: Kernel): Reached {
  const walk = new Walk();
  for (const task of k.tasks.values()) {
    // a task that has ended keeps an empty table without a number
    if (task.files.id !== 0 && !walk.tables.has(task.files)) {
      walk.tables.add(task.files);
      for (const fd of task.files.open()) walk.file(task.files.at(fd)!, true);
    }
    for (const file of task.pins) walk.file(file, true);
    for (const file of task.task_works) walk.file(file, false);
    walk.queues.add(task.signal.wait_chldexit).add(task.sighand.signalfd_wqh).add(task.thread_pid.wait_pidfd);
  }
  for (const sk of socksOf(k)) walk.sock(sk);
  return walk;
}
