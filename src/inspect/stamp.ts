/**
 * Has anything changed that a view shows? Building a view costs far more than looking at the numbers it is built from, and two of three rows of a
 * trace change nothing. So the numbers are compared first, and what is the same keeps its view. Whatever a builder of this folder reads has to be put here too; the test of the
 * history, which compares with full views at every row, finds what is missing.
 */

import type { eventfd_ctx } from '../kernel/eventfd.js';
import type { files_struct } from '../kernel/fdtable.js';
import type { Kernel } from '../kernel/kernel.js';
import type { file } from '../kernel/file.js';
import type { list_head } from '../kernel/list.js';
import type { pipe_inode_info } from '../kernel/pipe.js';
import type { task_struct } from '../kernel/task.js';
import type { timerfd_ctx } from '../kernel/timerfd.js';
import type { wait_queue_entry, wait_queue_head } from '../kernel/wait.js';
import { type epitems_head, type eventpoll, EP_UNACTIVE_PTR, type epitem } from '../epoll/eventpoll.js';
import type { sk_buff_head } from '../socket/skbuff.js';
import type { sock } from '../socket/sock.js';
import { unix_sock } from '../socket/unix_sock.js';
import { tcp_sock } from '../tcp/tcp_sock.js';
import { udp_sock } from '../tcp/udp.js';
import { collect, type Reached } from './collect.js';
import { isListener, tcpOf } from './socks.js';

/** What things were found in. */
const SETS = ['tables', 'files', 'eventpolls', 'items', 'pipes', 'eventfds', 'timerfds', 'socks'] as const;

/** Compares the raw values of a machine with those of the last look. */
export class Stamp {
  private readonly k: Kernel;
  private readonly values: unknown[] = [];
  private at = 0;
  private dirty = true;
  private before = false;
  private reached: Reached;
  /** things that are different since the views were made */
  private readonly different = new Set<object>();
  private readonly views = new WeakMap<object, unknown>();

  constructor(k: Kernel) {
    this.k = k;
    this.reached = collect(k);
  }

  /** True when anything that a view shows, or that leads to something it shows, may be different since the last call. */
  changed(): boolean {
    this.at = 0;
    this.dirty = false;
    this.machine();
    const { tables, files, eventpolls, items, pipes, socks } = this.reached;
    for (const task of this.k.tasks.values()) this.begin().task(task).end(task);
    for (const table of tables) this.begin().table(table).end(table);
    for (const one of files.keys()) this.begin().file(one).end(one);
    for (const ep of eventpolls) this.begin().eventpoll(ep).end(ep);
    for (const epi of items) this.begin().item(epi).end(epi);
    for (const pipe of pipes) this.begin().pipe(pipe).end(pipe);
    for (const ctx of this.reached.eventfds) this.begin().eventfd(ctx).end(ctx);
    for (const ctx of this.reached.timerfds) this.begin().timerfd(ctx).end(ctx);
    for (const sk of socks) this.begin().sock(sk).end(sk);
    if (this.values.length !== this.at) this.dirty = true;
    this.values.length = this.at;
    // what was found may have changed as well: it is looked for anew
    if (this.dirty) this.reach();
    return this.dirty;
  }

  /** Finds everything anew. What was out of sight for a while may have changed meanwhile. */
  private reach(): void {
    const before = this.reached;
    this.reached = collect(this.k);
    for (const set of SETS) {
      const old = before[set] as { has(thing: object): boolean };
      for (const thing of this.reached[set].keys()) if (!old.has(thing)) this.different.add(thing);
    }
  }

  /** The numbers of one thing follow. */
  private begin(): this {
    this.before = this.dirty;
    this.dirty = false;
    return this;
  }

  /** They are all there: is the thing different? */
  private end(thing: object): void {
    // a list of the thing that has become shorter shows here
    this.put(thing);
    if (this.dirty) this.different.add(thing);
    else this.dirty = this.before;
  }

  /** The view of a thing: the one of before, unless its numbers, or those of what it looks at, have changed. */
  view<V>(thing: object, also: object | null, build: () => V): V {
    const known = this.views.get(thing);
    if (known !== undefined && !this.different.has(thing) && (also === null || !this.different.has(also))) return known as V;
    const made = build();
    this.views.set(thing, made);
    return made;
  }

  /** All views are made of what the machine is now: the differences are used up. Inside a spinlock files cannot be asked, so they are kept. */
  settle(): void {
    if (this.k.spinlocks_held === 0) this.different.clear();
  }

  private put(value: unknown): this {
    if (this.values[this.at] !== value) {
      this.values[this.at] = value;
      this.dirty = true;
    }
    this.at++;
    return this;
  }

  private list(values: readonly unknown[]): this {
    for (let i = 0; i < values.length; i++) this.put(values[i]);
    return this.put(values.length);
  }

  private links(head: list_head<unknown>): this {
    for (let link = head.next; link !== head; link = link.next) this.put(link.owner);
    return this.put(null);
  }

  private queue({ head }: wait_queue_head): this {
    for (let link = head.next; link !== head; link = link.next) {
      const entry: wait_queue_entry = link.owner!;
      this.put(entry).put(entry.flags).put(entry.private);
    }
    return this.put(null);
  }

  private machine(): void {
    const { k } = this;
    this.put(k.clock.nowNs).put(k.steps).put(k.current).put(k.stopped_at).list(k.runqueue);
    for (const timer of k.clock.heap) this.put(timer).put(timer.expiresNs).put(timer.armedAs);
    this.list(k.softnet.input_pkt_queue);
    for (const user of k.users.values()) this.put(user.epoll_watches);
    for (const task of k.tasks.values()) this.put(task);
    const tcp = tcpOf(k);
    if (tcp === null) return;
    for (const sk of tcp.socks) this.put(sk);
    for (const tw of tcp.timewaits) this.put(tw).put(tw.tw_substate);
  }

  private task(task: task_struct): this {
    const { pending, signal, sighand } = task;
    this.put(this.k.current === task).put(task.__state).put(task.on_rq).put(task.exit_state).put(task.exit_code).put(task.syscall_nr).put(task.syscall_args).put(task.comm).put(task.pid)
      .put(task.user).put(task.files).put(task.real_parent).put(pending.signal_lo).put(pending.signal_hi).put(signal.shared_pending.signal_lo)
      .put(signal.shared_pending.signal_hi).put(task.blocked_lo).put(task.blocked_hi).put(task.tgid);
    this.list(task.pins).list(task.task_works).queue(signal.wait_chldexit).queue(sighand.signalfd_wqh).queue(task.thread_pid.wait_pidfd);
    return this;
  }

  private file(one: file): this {
    this.put(one).put(one.f_count).put(one.f_flags).put(one.private_data).put(one.f_mode).put(one.released);
    const watchers = one.f_ep as epitems_head | null;
    if (watchers !== null) this.links(watchers.epitems);
    const ctx = one.private_data as { sigmask_lo?: number; sigmask_hi?: number } | null;
    if (ctx?.sigmask_lo !== undefined) this.put(ctx.sigmask_lo).put(ctx.sigmask_hi);
    return this;
  }

  private eventpoll(ep: eventpoll): this {
    this.put(ep.file).put(ep.rbr.version()).put(ep.refcount).put(ep.mtx.owner).put(ep.ovflist).put(ep.txlist);
    this.links(ep.rdllist).links(ep.refs.epitems).list(ep.mtx.waiters).queue(ep.wq).queue(ep.poll_wait);
    if (ep.txlist !== null) this.links(ep.txlist);
    // while a scan runs, its chain goes through the items
    if (ep.ovflist !== EP_UNACTIVE_PTR) for (const epi of ep.rbr.values()) this.put(epi.next);
    return this;
  }

  private item(epi: epitem): this {
    const { event } = epi;
    this.put(epi.next === EP_UNACTIVE_PTR ? 0 : epi.next).put(epi.rdllink.next === epi.rdllink).put(event.events).put(event.data_lo).put(event.data_hi);
    for (let pwq = epi.pwqlist; pwq !== null; pwq = pwq.next) this.put(pwq.whead);
    return this;
  }

  private table(table: files_struct): this {
    this.list(table.fd).put(table.count).put(table.max_fds).put(table.close_on_exec.size);
    return this;
  }

  private eventfd(ctx: eventfd_ctx): this {
    this.put(ctx.count_lo).put(ctx.count_hi).put(ctx.flags).queue(ctx.wqh);
    return this;
  }

  private timerfd({ ticks, tintv, tmr, wqh }: timerfd_ctx): this {
    this.put(ticks).put(tintv).put(tmr.position >= 0).put(tmr.expiresNs).queue(wqh);
    return this;
  }

  private pipe(pipe: pipe_inode_info): this {
    let bytes = 0;
    for (let at = pipe.tail; at < pipe.head; at++) bytes += pipe.slot(at).len;
    this.put(bytes).put(pipe.head - pipe.tail).put(pipe.max_usage).put(pipe.readers).put(pipe.writers).put(pipe.poll_usage).queue(pipe.rd_wait).queue(pipe.wr_wait);
    return this;
  }

  /** A queue of buffers grows at its end and shrinks at its head: the rest of it stands still. */
  private buffers({ qlen, first, last }: sk_buff_head): this {
    this.put(qlen);
    return first === null ? this : this.put(first).put(first.consumed).put(last).put(last!.len).put(last!.consumed);
  }

  private sock(sk: sock): this {
    const { sk_socket: api } = sk;
    this.put(sk).put(sk.sk_state).put(api).put(api?.file).put(api?.nospace).put(sk.sk_rmem_alloc).put(sk.sk_rcvbuf).put(sk.sk_rcvlowat).put(sk.sk_wmem_queued)
      .put(sk.sk_wmem_alloc).put(sk.sk_sndbuf).put(sk.sk_shutdown).put(sk.sk_err).put(sk.sk_lock_owner).put(sk.sk_backlog.qlen).put(sk.sk_max_ack_backlog)
      .put(sk.sk_error_queue.first).put(sk.skc_rcv_saddr).put(sk.skc_num).put(sk.skc_daddr).put(sk.skc_dport);
    this.buffers(sk.sk_receive_queue).queue(sk.wq);
    if (sk instanceof tcp_sock) this.tcp(sk);
    else if (sk instanceof unix_sock) this.put(sk.addr).put(sk.peer).queue(sk.peer_wait);
    else if (sk instanceof udp_sock) this.buffers(sk.reader_queue);
    if (isListener(sk)) for (let skb = sk.sk_receive_queue.first; skb !== null; skb = skb.next) this.put(skb.sk);
    return this;
  }

  private tcp(sk: tcp_sock): void {
    this.put(sk.snd_una).put(sk.snd_nxt).put(sk.write_seq).put(sk.snd_wnd).put(sk.rcv_nxt).put(sk.copied_seq).put(sk.rcv_wup).put(sk.rcv_wnd).put(sk.snd_cwnd)
      .put(sk.urg_data).put(sk.urg_seq).put(sk.sk_write_queue.qlen).put(sk.tcp_rtx_queue.qlen).put(sk.out_of_order_queue.qlen).put(sk.reqsks.size);
    for (const request of sk.rskq_accept) this.put(request).put(request.child);
  }
}
