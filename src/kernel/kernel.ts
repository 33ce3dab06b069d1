/**
 * One Linux machine. The Kernel object owns every id, clock, random bit, queue and table, and is the first
 * parameter `k` of every kernel function, so that two machines in one program never meet. Subsystems of higher
 * layers (networking, epoll) hang their own state here without this layer knowing what is in it.
 */

import type { Clock } from './clock.js';
import { FirstCome, type Decisions } from './decisions.js';
import type { file } from './file.js';
import type { Footprint } from './footprint.js';
import type { lockdep } from './lock.js';
import { filesystem } from './namei.js';
import type { Point, Sleeps } from './point.js';
import { Prng } from './prng.js';
import { softnet_data } from './softirq.js';
import { idle_task, user_struct, type task_struct } from './task.js';
import type { Trace } from './trace.js';
import { type kernel_stats, World } from './world.js';

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
  /** the name of the host among those of its machine; empty for the only one */
  name?: string;
  /** what it shares with other hosts; default: a world of its own */
  world?: World;
}

/** The machine, or one host of it. */
export class Kernel {
  readonly world: World;
  /** what the host is called, empty for the only one. include/uapi/linux/utsname.h:nodename */
  readonly name: string;
  readonly clock: Clock;
  readonly prng: Prng;
  decisions: Decisions;
  readonly mode: PreemptMode;
  /** true when points are to be yielded; `if (k.preempt) yield AT_X` is all a point costs */
  preempt: boolean;
  /** the points that stop a task in mode `listed` */
  readonly listed: Set<string>;
  trace: Trace | null = null;
  /** is told what each move touches; null: nobody searches */
  footprint: Footprint | null;
  lockdep: lockdep | null = null;
  readonly stats: kernel_stats;
  stepBudget: number;
  steps = 0;

  /** the task whose system call is running; softirq and timer work runs on its stack, or on idle's */
  current: task_struct;
  readonly idle: task_struct;
  /** runnable tasks other than the current one, oldest first; shared by the hosts of a machine */
  readonly runqueue: task_struct[];
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

  /** state of the networking layers; typed by src/socket */
  net: unknown = null;
  /** state of epoll; typed by src/epoll */
  epoll: unknown = null;
  /** the hook of the last fput of a watched file; set by src/epoll. fs/eventpoll.c:eventpoll_release_file */
  eventpoll_release_file: ((k: Kernel, file: file) => Sleeps<void>) | null = null;
  /** the point at which the current task stands; who goes on is decided when the machine moves again */
  stopped_at: Point | null = null;
  /** what programs asked for that the model takes and does not do; see note() */
  readonly notes = new Set<string>();

  constructor(options: KernelOptions = {}) {
    const world = options.world ?? new World();
    this.world = world;
    this.name = options.name ?? '';
    this.clock = world.clock;
    this.listed = world.listed;
    this.stats = world.stats;
    this.runqueue = world.runqueue;
    this.prng = new Prng(options.seed ?? 1);
    this.decisions = options.decisions ?? new FirstCome();
    this.mode = options.preempt ?? 'never';
    this.preempt = this.mode !== 'never';
    this.stepBudget = options.stepBudget ?? 10_000_000;
    this.idle = idle_task();
    this.current = this.idle;
    this.footprint = world.footprint;
    world.hosts.push(this);
    world.active ??= this;
  }

  /** A number that no other object of this machine has, on any host. */
  new_id(): number {
    return ++this.world.last_id;
  }

  /** The next process id; 1 is the first process. Numbers are not given twice on one machine. */
  new_pid(): number {
    return ++this.world.last_pid;
  }

  /** The next process id will be the one behind this. kernel/pid_namespace.c:pid_ns_ctl_handler (/proc/sys/kernel/ns_last_pid) */
  set_last_pid(pid: number): void {
    this.world.last_pid = pid;
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

/** Remembers something that a program asked for and the model does not do, once for each text. ours: Linux does it */
export function note(k: Kernel, text: string): void {
  k.notes.add(text);
}
