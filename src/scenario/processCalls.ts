/**
 * Calls of processes, threads, signals and time. A running generator cannot be copied, so fork() is given the program of the child, which
 * sees the same JavaScript variables but has descriptors, signals and a pid of its own. The convention of answers is at the head
 * of callBase.ts.
 */

import { CLONE_PTHREAD } from '../kernel/fork.js';
import type { Sleeps } from '../kernel/point.js';
import type { k_sigaction, SIG_DFL, SIG_IGN, sigframe, siginfo } from '../kernel/signal_types.js';
import { put_user_s64, user_memory } from '../kernel/uaccess.js';
import { CLOCK_MONOTONIC } from '../kernel/uapi.js';
import type { Call, CallHost, CallResult } from './callBase.js';
import { word } from './fileCalls.js';
import { readSigset, readTimespec, sigset, timespec, type Nanoseconds } from './layouts.js';
import { SocketCalls } from './socketCalls.js';

/** A signal handler of a program: a plain function, or a generator that makes calls of its own. */
export type Handler = (signal: number, info: siginfo) => Sleeps<void> | void;

/** What is to be done about a signal besides running a handler. */
export interface ActionOptions {
  /** SA_RESTART, SA_NODEFER, SA_RESETHAND ... */
  readonly flags?: number;
  /** signals to block while the handler runs */
  readonly mask?: readonly number[];
}

/** What waitpid() answers. */
export interface WaitResult extends CallResult {
  /** exit status 0 .. 255; null: the child did not exit by itself */
  readonly exited: number | null;
  /** the signal that killed or stopped it; null: none */
  readonly signal: number | null;
  /** the status word, as wait4 stores it */
  readonly status: number;
}

/** A program before it has its face: what the machine makes of a user's generator function. */
export interface ProgramHost<Face> extends CallHost {
  /** the body of a new task */
  body(program: (sys: Face) => Sleeps<number | void>): () => Sleeps<number | void>;
}

function waited(ret: number, memory: user_memory): WaitResult {
  const status = ret > 0 ? word(memory, 0) : 0;
  const by = status & 0x7f;
  const stopped = by === 0x7f;
  return {
    ret, status,
    exited: ret > 0 && by === 0 ? (status >> 8) & 0xff : null,
    signal: ret <= 0 || by === 0 ? null : stopped ? (status >> 8) & 0xff : by,
  };
}

export class ProcessCalls extends SocketCalls {
  protected override readonly host: ProgramHost<this>;

  constructor(host: ProgramHost<never>) {
    super(host);
    this.host = host as unknown as ProgramHost<this>;
  }

  /** fork(2): a child with a copy of the descriptors. @param program what the child runs @returns the child's pid, -EAGAIN */
  fork(program: (sys: this) => Sleeps<number | void>): Call {
    return this.ask('fork', this.host.body(program));
  }

  /** vfork(2): as fork; the caller sleeps until the child has ended. */
  vfork(program: (sys: this) => Sleeps<number | void>): Call {
    return this.ask('vfork', this.host.body(program));
  }

  /** pthread_create(3), clone(2): a thread with the same descriptors. @returns its tid */
  thread(program: (sys: this) => Sleeps<number | void>): Call {
    return this.ask('clone', CLONE_PTHREAD, null, null, null, null, this.host.body(program));
  }

  /** exit_group(2): the process ends with all its threads. Never returns. @param status 0 .. 255 */
  exit(status = 0): Call<never> {
    return this.ask('exit_group', status) as Call<never>;
  }

  /** exit(2): the calling thread ends. Never returns. @param status 0 .. 255 */
  exitThread(status = 0): Call<never> {
    return this.ask('exit', status) as Call<never>;
  }

  /** waitpid(2). @param pid -1: any child @param options WNOHANG 1, WUNTRACED 2, WCONTINUED 8 @returns `ret`: the child's pid, 0, -ECHILD, -EINTR */
  waitpid(pid: number, options = 0): Call<WaitResult> {
    const status = new user_memory(new Uint8Array(4));
    return this.askFor('wait4', [pid, status, options, null], (ret) => waited(ret, status));
  }

  /** getpid(2). */
  getpid(): Call {
    return this.ask('getpid');
  }

  /** gettid(2). */
  gettid(): Call {
    return this.ask('gettid');
  }

  /** getppid(2). */
  getppid(): Call {
    return this.ask('getppid');
  }

  /** kill(2). @param pid 0: the process group @param signal 0 only checks @returns 0, -ESRCH, -EPERM, -EINVAL */
  kill(pid: number, signal: number): Call {
    return this.ask('kill', pid, signal);
  }

  /** tgkill(2): a signal for one thread. @returns 0, -ESRCH, -EINVAL */
  tgkill(tgid: number, tid: number, signal: number): Call {
    return this.ask('tgkill', tgid, tid, signal);
  }

  /**
   * sigaction(2): `yield* sys.sigaction(SIGUSR1, function* () { ... })`.
   * @param handler a function, SIG_IGN or SIG_DFL
   * @returns 0, -EINVAL (SIGKILL, SIGSTOP, no such signal)
   */
  sigaction(signal: number, handler: Handler | typeof SIG_DFL | typeof SIG_IGN, options: ActionOptions = {}): Call {
    const { kernel, log } = this.host;
    const mask = sigset(options.mask ?? [])!;
    const sa_handler = typeof handler !== 'function' ? handler : function* (signo: number, info: siginfo, ret: number, frame: sigframe): Sleeps<void> {
      const task = kernel.current;
      log.signal(task, info, ret);
      const running = handler(signo, info);
      if (typeof running === 'object') yield* running;
      log.sigreturn(task, ret, frame);
    };
    const action: k_sigaction = { sa_handler, sa_flags: options.flags ?? 0, sa_mask_lo: word(mask, 0), sa_mask_hi: word(mask, 4) };
    return this.ask('rt_sigaction', signal, action, null, 8);
  }

  /** sigprocmask(2). @param how SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK @param signals null: only ask @returns `ret`: 0 or -EINVAL; `old`: what was blocked */
  sigprocmask(how: number, signals: readonly number[] | null): Call<CallResult & { readonly old: readonly number[] }> {
    const old = new user_memory(new Uint8Array(8));
    return this.askFor('rt_sigprocmask', [how, sigset(signals), old, 8], (ret) => ({ ret, old: readSigset(old) }));
  }

  /** sigpending(2). @returns `ret`: 0; `signals`: those that are pending and blocked */
  sigpending(): Call<CallResult & { readonly signals: readonly number[] }> {
    const set = new user_memory(new Uint8Array(8));
    return this.askFor('rt_sigpending', [set, 8], (ret) => ({ ret, signals: readSigset(set) }));
  }

  /** sigsuspend(2): sleeps under another mask until a handler has run. @returns -EINTR */
  sigsuspend(mask: readonly number[]): Call {
    return this.ask('rt_sigsuspend', sigset(mask), 8);
  }

  /** pause(2): sleeps until a handler has run. @returns -EINTR */
  pause(): Call {
    return this.ask('pause');
  }

  /** signalfd(2): a descriptor that is readable while one of the signals is pending; block them first. @param fd -1: a new one @returns the descriptor, or -errno */
  signalfd(fd: number, signals: readonly number[], flags = 0): Call {
    return this.ask('signalfd4', fd, sigset(signals), 8, flags);
  }

  /** read(2) of one struct signalfd_siginfo. @returns `ret`: 128 or -errno; `signal`: which one came; `pid`: who sent it */
  signalfdRead(fd: number): Call<CallResult & { readonly signal: number; readonly pid: number }> {
    const memory = new user_memory(new Uint8Array(128));
    return this.askFor('read', [fd, memory, 128], (ret) => ({ ret, signal: word(memory, 0), pid: word(memory, 12) }));
  }

  /** nanosleep(2). @param ns nanoseconds of virtual time @returns `ret`: 0 or -EINTR; `leftNs`: what was left when a signal came */
  nanosleep(ns: Nanoseconds): Call<CallResult & { readonly leftNs: Nanoseconds }> {
    const left = new user_memory(new Uint8Array(16));
    return this.askFor('nanosleep', [timespec(ns), left], (ret) => ({ ret, leftNs: readTimespec(left) }));
  }

  /** nanosleep(2) in milliseconds of virtual time. @returns 0 or -EINTR */
  msleep(ms: number): Call {
    return this.ask('nanosleep', timespec(ms * 1e6), null);
  }

  /** clock_gettime(2). @param clock CLOCK_MONOTONIC ... @returns `ret`: 0 or -EINVAL; `ns`: the time */
  clock_gettime(clock: number = CLOCK_MONOTONIC): Call<CallResult & { readonly ns: Nanoseconds }> {
    const now = new user_memory(new Uint8Array(16));
    return this.askFor('clock_gettime', [clock, now], (ret) => ({ ret, ns: readTimespec(now) }));
  }

  /** sched_yield(2): others that can run go first. @returns 0 */
  sched_yield(): Call {
    return this.ask('sched_yield');
  }

  /** alarm(2): SIGALRM after so many seconds; 0 stops it. @returns seconds that were left of the one before */
  alarm(seconds: number): Call {
    return this.ask('alarm', seconds);
  }

  /** setrlimit(2) of RLIMIT_NOFILE: descriptors that the process may have. @returns 0, -EPERM, -EINVAL */
  setNofileLimit(soft: number, hard = soft): Call {
    const memory = new user_memory(new Uint8Array(16));
    put_user_s64(memory, 0, soft);
    put_user_s64(memory, 8, hard);
    return this.ask('prlimit64', 0, 7, memory, null);
  }
}
