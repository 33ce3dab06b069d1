/**
 * Builds the parts of a view that the kernel layer supplies: tasks, descriptor tables, files, wait queues, pipes,
 * eventfds, timerfds, timers. Each function makes a plain object from one object of the model.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { hrtimer } from '../kernel/clock.js';
import { EFD_SEMAPHORE, type eventfd_ctx } from '../kernel/eventfd.js';
import type { files_struct } from '../kernel/fdtable.js';
import { type file, FMODE_PATH } from '../kernel/file.js';
import { list_to_array } from '../kernel/list.js';
import { pipe_file, type pipe_inode_info } from '../kernel/pipe.js';
import { poll_table_entry } from '../kernel/poll.js';
import {
  __TASK_STOPPED, EXIT_ZOMBIE, TASK_DEAD, TASK_INTERRUPTIBLE, TASK_RUNNING, task_struct,
} from '../kernel/task.js';
import type { timerfd_ctx } from '../kernel/timerfd.js';
import { O_ACCMODE, O_APPEND, O_DIRECT, O_NONBLOCK, O_PATH } from '../kernel/uapi.js';
import { type wait_queue_entry, type wait_queue_head, WQ_FLAG_EXCLUSIVE } from '../kernel/wait.js';
import { type epitems_head, eppoll_entry, eventpoll } from '../epoll/eventpoll.js';
import { socket } from '../socket/socket.js';
import { flagText, sigsetText } from '../syscalls/print.js';
import type { syscall_row } from '../syscalls/row.js';
import { sys_call_table } from '../syscalls/table.js';
import { shortMask, taskName } from './names.js';
import { peekMask } from './peek.js';
import { TRACED } from './traced.js';
import type { EventfdView, FileView, PipeView, QueueEntryView, QueueView, SignalfdView, TableView, TaskView, TimerfdView, TimerView } from './view.js';

const ROWS: ReadonlyMap<number, syscall_row> = new Map(sys_call_table.map((row) => [row.nr, row]));

/** The name of what is behind a file, or null. */
export function objectName(behind: unknown): string | null {
  if (behind instanceof eventpoll) return `ep#${behind.id}`;
  if (behind instanceof pipe_file) return `pipe#${behind.pipe.id}`;
  if (behind instanceof socket) return behind.sk === null ? null : `sock#${behind.sk.id}`;
  return null;
}

/** The task that an entry of a wait queue wakes, if it wakes one. */
export function sleeperOf(entry: wait_queue_entry): task_struct | null {
  const who = entry.private;
  if (who instanceof task_struct) return who;
  return who instanceof poll_table_entry ? who.pwq.polling_task : null;
}

function entryView(entry: wait_queue_entry): QueueEntryView {
  const task = sleeperOf(entry);
  return {
    calls: entry.func.name,
    exclusive: (entry.flags & WQ_FLAG_EXCLUSIVE) !== 0,
    task: task === null ? null : taskName(task),
    item: entry.private instanceof eppoll_entry ? entry.private.base.id : null,
  };
}

/** A wait queue under the name of its owner. */
export function queueView(owner: string, queue: wait_queue_head): QueueView {
  return { name: `${owner}.${queue.name}`, entries: list_to_array(queue.head).map(entryView) };
}

function stateOf(k: Kernel, task: task_struct): TaskView['state'] {
  if (task.__state === TASK_DEAD || task.exit_state !== 0) return task.exit_state === EXIT_ZOMBIE ? 'zombie' : 'dead';
  if (k.current === task) return 'running';
  if (task.on_rq || task.__state === TASK_RUNNING) return 'runnable';
  if ((task.__state & __TASK_STOPPED) !== 0) return 'stopped';
  return (task.__state & TASK_INTERRUPTIBLE) !== 0 ? 'sleeping' : 'uninterruptible';
}

/** The call that a task makes, as strace prints it, or null. */
export function callText(task: task_struct): string | null {
  if (task.syscall_nr < 0) return null;
  const row = ROWS.get(task.syscall_nr);
  if (row === undefined) return `syscall_${task.syscall_nr}()`;
  const record = { row, args: task.syscall_args as never, ret: null };
  return `${row.name}(${row.args.map((print, index) => print((task.syscall_args[index] ?? 0) as never, record)).join(', ')})`;
}

/** Most sets are empty most of the time. */
function signalsText(lo: number, hi: number): string {
  return lo === 0 && hi === 0 ? '[]' : sigsetText(lo, hi);
}

export function taskView(k: Kernel, task: task_struct): TaskView {
  const { shared_pending } = task.signal;
  return {
    id: task.pid,
    name: taskName(task),
    comm: task.comm,
    pid: task.pid,
    tgid: task.tgid,
    uid: task.user.uid,
    state: stateOf(k, task),
    call: callText(task),
    stack: task.trace_stack.map((id) => TRACED.get(id)?.name ?? String(id)),
    pending: signalsText(task.pending.signal_lo, task.pending.signal_hi),
    sharedPending: signalsText(shared_pending.signal_lo, shared_pending.signal_hi),
    blocked: signalsText(task.blocked_lo, task.blocked_hi),
    table: task.files.id,
    parent: task.real_parent?.pid ?? null,
    exitCode: task.exit_code,
  };
}

export function tableView(table: files_struct): TableView {
  const fds = table.open().map((fd) => ({ fd, file: table.at(fd)!.id, cloexec: table.close_on_exec.has(fd) }));
  return { id: table.id, tasks: table.count, size: table.max_fds, fds };
}

function openFlags(file: file): string {
  if ((file.f_mode & FMODE_PATH) !== 0) return 'O_PATH';
  const access = ['O_RDONLY', 'O_WRONLY', 'O_RDWR'][file.f_flags & O_ACCMODE] ?? 'O_ACCMODE';
  const flags = file.f_flags & ~O_ACCMODE & ~0o100000;
  const rest = flags === 0 ? '' : flagText(flags, { O_APPEND, O_NONBLOCK, O_DIRECT, O_PATH }, '');
  return rest === '' ? access : `${access}|${rest}`;
}

export function fileView(k: Kernel, file: file): FileView {
  const mask = peekMask(k, file);
  const watchers = file.f_ep as epitems_head | null;
  return {
    id: file.id,
    name: `file#${file.id}`,
    kind: file.f_op.name,
    path: file.name,
    flags: openFlags(file),
    refs: file.f_count,
    object: objectName(file.private_data) ?? idName(file),
    mask: mask === null ? null : shortMask(mask),
    watchedBy: watchers === null ? [] : list_to_array(watchers.epitems).map((epi) => epi.id),
  };
}

/** Objects that are known by their id alone are called after their kind. */
function idName(file: file): string | null {
  const id = (file.private_data as { id?: unknown } | null)?.id;
  return typeof id === 'number' ? `${file.f_op.name.replace(/[[\]]/g, '')}#${id}` : null;
}

export function pipeView(pipe: pipe_inode_info): PipeView {
  let bytes = 0;
  for (let at = pipe.tail; at < pipe.head; at++) bytes += pipe.slot(at).len;
  const name = `pipe#${pipe.id}`;
  return {
    id: pipe.id,
    name,
    bytes,
    slots: pipe.head - pipe.tail,
    maxSlots: pipe.max_usage,
    readers: pipe.readers,
    writers: pipe.writers,
    polled: pipe.poll_usage,
    rdWait: queueView(name, pipe.rd_wait),
    wrWait: queueView(name, pipe.wr_wait),
  };
}

export function eventfdView(ctx: eventfd_ctx): EventfdView {
  const count = (BigInt(ctx.count_hi >>> 0) << 32n) | BigInt(ctx.count_lo >>> 0);
  const name = `eventfd#${ctx.id}`;
  return { id: ctx.id, name, count: String(count), semaphore: (ctx.flags & EFD_SEMAPHORE) !== 0, wqh: queueView(name, ctx.wqh) };
}

export function timerfdView(ctx: timerfd_ctx): TimerfdView {
  const name = `timerfd#${ctx.id}`;
  const armed = ctx.tmr.position >= 0;
  return { id: ctx.id, name, ticks: ctx.ticks, intervalNs: ctx.tintv, expiresNs: armed ? ctx.tmr.expiresNs : null, wqh: queueView(name, ctx.wqh) };
}

/** The signalfds among the files; what is pending for their readers is shown with the tasks. */
export function signalfdViews(files: Iterable<file>): SignalfdView[] {
  const views: SignalfdView[] = [];
  for (const { id, private_data } of files) {
    const ctx = private_data as { sigmask_lo?: unknown; sigmask_hi?: unknown } | null;
    if (typeof ctx?.sigmask_lo !== 'number' || typeof ctx.sigmask_hi !== 'number') continue;
    views.push({ id, name: `signalfd#${id}`, signals: sigsetText(~ctx.sigmask_lo, ~ctx.sigmask_hi) });
  }
  return views.sort((a, b) => a.id - b.id);
}

/** Armed timers in the order in which they fire. */
export function timerViews(heap: readonly hrtimer[]): TimerView[] {
  const order = [...heap].sort((a, b) => a.expiresNs - b.expiresNs || a.armedAs - b.armedAs);
  return order.map((timer) => {
    const { owner } = timer;
    const id = (owner as { id?: unknown } | null)?.id;
    const name = owner instanceof task_struct ? taskName(owner) : typeof id === 'number' ? `#${id}` : null;
    return { name: timer.name, owner: name, expiresNs: timer.expiresNs };
  });
}
