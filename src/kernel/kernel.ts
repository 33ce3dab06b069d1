/**
 * One Linux machine. The Kernel object owns every id, clock, random bit, queue and table, and is the first
 * parameter `k` of every kernel function, so that two machines in one program never meet. Subsystems of higher
 * layers (networking, epoll) hang their own state here without this layer knowing what is in it.
 */

import { Clock } from './clock.js';
import { FirstCome, type Decisions } from './decisions.js';
import type { file } from './file.js';
import type { lockdep } from './lock.js';
import { filesystem } from './namei.js';
import type { Point, Sleeps } from './point.js';
import { Prng } from './prng.js';
import { softnet_data } from './softirq.js';
import { idle_task, user_struct, type task_struct } from './task.js';
import type { Trace } from './trace.js';

/** Where points stop a task: nowhere (only real blocking), at listed points, everywhere. */
export type PreemptMode = 'never' | 'listed' | 'all';

/** What a machine is made with. */
export interface KernelOptions {
  /** source of all choices; default: first come, first served */
  decisions?: Decisions;
  /** seed of the kernel's own random numbers (ports, initial sequence numbers); default 1 */
  seed?: number;
  preempt?: PreemptMode;
  /** system calls and resumed points a run may take before it is stopped as endless; default 10 million */
  stepBudget?: number;
  /** records lock order and reports inversions; default false */
  lockdep?: boolean;
}

/** Counts of work done, for cost curves; plain numbers that only grow. */
export class kernel_stats {
  syscalls = 0;
  resumes = 0;
  switches = 0;
  wakeups = 0;
  ep_callbacks = 0;
  polls = 0;
  segments = 0;
}

/** The machine. */
export class Kernel {
  readonly clock = new Clock();
  readonly prng: Prng;
  decisions: Decisions;
  readonly mode: PreemptMode;
  /** true when points are to be yielded; `if (k.preempt) yield AT_X` is all a point costs */
  readonly preempt: boolean;
  /** the points that stop a task in mode `listed` */
  readonly listed = new Set<string>();
  trace: Trace | null = null;
  lockdep: lockdep | null = null;
  readonly stats = new kernel_stats();
  readonly stepBudget: number;
  steps = 0;

  /** the task whose system call is running; softirq and timer work runs on its stack, or on idle's */
  current: task_struct;
  readonly idle: task_struct;
  /** runnable tasks other than the current one, oldest first */
  readonly runqueue: task_struct[] = [];
  /** every task that has not been reaped, by pid */
  readonly tasks = new Map<number, task_struct>();
  readonly users = new Map<number, user_struct>();
  /** spinlocks held now; nobody may sleep while there is one */
  spinlocks_held = 0;
  readonly softnet = new softnet_data();
  /** paths that programs can open */
  readonly fs = new filesystem();

  /** open files: the count of leaks when all programs have ended. fs/file_table.c:nr_files */
  nr_files = 0;

  private last_id = 0;
  private last_pid = 0;

  /** state of the networking layers; typed by src/socket */
  net: unknown = null;
  /** state of epoll; typed by src/epoll */
  epoll: unknown = null;
  /** the hook of the last fput of a watched file; set by src/epoll. fs/eventpoll.c:eventpoll_release_file */
  eventpoll_release_file: ((k: Kernel, file: file) => Sleeps<void>) | null = null;
  /** the point at which the current task stands; who goes on is decided when the machine moves again */
  stopped_at: Point | null = null;
  /** in mode `listed`, stops at this number of resumes too, whatever the point; -1 none. ours: for recordings */
  stop_at_resume = -1;

  constructor(options: KernelOptions = {}) {
    this.prng = new Prng(options.seed ?? 1);
    this.decisions = options.decisions ?? new FirstCome();
    this.mode = options.preempt ?? 'never';
    this.preempt = this.mode !== 'never';
    this.stepBudget = options.stepBudget ?? 10_000_000;
    this.idle = idle_task();
    this.current = this.idle;
  }

  /** A number that no other object of this machine has. */
  new_id(): number {
    return ++this.last_id;
  }

  /** The next process id; 1 is the first process. */
  new_pid(): number {
    return ++this.last_pid;
  }

  /** The next process id will be the one behind this. kernel/pid_namespace.c:pid_ns_ctl_handler (/proc/sys/kernel/ns_last_pid) */
  set_last_pid(pid: number): void {
    this.last_pid = pid;
  }

  /** The user with this uid, made at first use. kernel/user.c:alloc_uid */
  user(uid: number): user_struct {
    let user = this.users.get(uid);
    if (user === undefined) {
      user = new user_struct(uid);
      this.users.set(uid, user);
    }
    return user;
  }
}
