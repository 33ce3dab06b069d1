/**
 * Processes and threads: what a child inherits, what threads share, what execve keeps, how a parent learns of the
 * end of a child, and what becomes of orphans. Results that Linux guarantees hold under every schedule.
 */

import { machine, mem, run, simulate, sys, task } from '../kit.js';
import { always, block, fork, getpid, kill, members, msleep, note, now, pipe, SA, SIG, sigaction, sigset, thread, wait, waitid, W } from './proc.js';

const ECHILD = -10;
const EINTR = -4;
const EBADF = -9;

test('fork: the child has the same files, a table of its own, and nothing of what it closes is closed for the parent', () => {
  always(function* (k) {
    const [r, w] = yield* pipe(k);
    const child = yield* fork(k, function* () {
      yield* sys(k, 'close', r);
      yield* sys(k, 'write', w, mem('child'), 5);
    });
    const first = yield* wait(k, child);
    const buf = mem(8);
    return [first[0] === child, first[1], yield* sys(k, 'read', r, buf, 8), yield* sys(k, 'write', w, buf, 1)];
  }, [true, 0, 5, 1]);
});

test('pids count up, and a child knows its parent', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    const seen: number[] = [];
    const a = yield* fork(k, function* () {
      seen.push(yield* sys(k, 'getppid'), yield* getpid(k));
    });
    yield* wait(k);
    const b = yield* fork(k, function* () {});
    yield* wait(k);
    return [me, a, b, ...seen, yield* sys(k, 'getppid')];
  }, [1, 2, 3, 1, 2, 0]);
});

test('fork copies handlers and mask; pending signals and alarms stay with the parent', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const me = yield* getpid(k);
    yield* note(k, log, SIG.USR1);
    yield* block(k, SIG.USR2);
    yield* kill(k, me, SIG.USR2);
    yield* sys(k, 'alarm', 100);
    yield* fork(k, function* () {
      const pending = mem(8);
      const mask = mem(8);
      yield* sys(k, 'rt_sigpending', pending, 8);
      yield* sys(k, 'rt_sigprocmask', 0, null, mask, 8);
      log.push(members(pending), members(mask), yield* sys(k, 'alarm', 0));
      yield* kill(k, yield* getpid(k), SIG.USR1);
      yield* sigaction(k, SIG.USR1, 0);
    });
    yield* wait(k);
    yield* kill(k, me, SIG.USR1);
    log.push(yield* sys(k, 'alarm', 0));
    yield* sigaction(k, SIG.USR2, 1);
    return log;
  }, [[], [SIG.USR2], 0, SIG.USR1, SIG.USR1, 100]);
});

test('wait statuses: exit code, signal, stop, continue', () => {
  always(function* (k) {
    const statuses: number[] = [];
    yield* fork(k, function* () {
      yield* sys(k, 'exit_group', 300);
    });
    statuses.push((yield* wait(k))[1]);
    const child = yield* fork(k, function* () {
      yield* sys(k, 'pause');
    });
    yield* msleep(k, 1);
    for (const [sig, options] of [[SIG.STOP, W.UNTRACED], [SIG.CONT, W.CONTINUED], [SIG.SEGV, 0]] as const) {
      yield* kill(k, child, sig);
      statuses.push((yield* wait(k, child, options))[1]);
    }
    return statuses;
  }, [44 << 8, 0x137f, 0xffff, SIG.SEGV]);
});

test('what a program returns is its exit status', () => {
  always(function* (k) {
    yield* fork(k, function* () {
      return 7;
    });
    return (yield* wait(k))[1];
  }, 7 << 8);
});

test('wait4: WNOHANG gives 0 while children live, ECHILD without children', () => {
  always(function* (k) {
    const log: number[] = [(yield* wait(k))[0], (yield* wait(k, -1, W.NOHANG))[0]];
    const child = yield* fork(k, function* () {
      yield* msleep(k, 5);
    });
    log.push((yield* wait(k, -1, W.NOHANG))[0], (yield* wait(k, child + 1))[0], (yield* wait(k, -1, 0x10))[0]);
    log.push((yield* wait(k, child))[0] - child, (yield* wait(k, child))[0]);
    return log;
  }, [ECHILD, ECHILD, 0, ECHILD, -22, 0, ECHILD]);
});

test('of several dead children the oldest is reaped first', () => {
  always(function* (k) {
    const pids: number[] = [];
    for (const ms of [15, 10, 5]) {
      pids.push(yield* fork(k, function* () {
        yield* msleep(k, ms);
      }));
    }
    yield* msleep(k, 30);
    const reaped: number[] = [];
    for (let i = 0; i < 3; i++) reaped.push((yield* wait(k))[0]);
    return reaped.map((pid) => pids.indexOf(pid));
  }, [0, 1, 2]);
});

test('waitid tells how a child ended; with WNOWAIT it can be asked again; ECHILD when only ends are there and stops were asked for', () => {
  always(function* (k) {
    const log: number[][] = [];
    const child = yield* fork(k, function* () {
      yield* sys(k, 'pause');
    });
    yield* msleep(k, 1);
    log.push(yield* waitid(k, 1, child, W.EXITED | W.NOHANG));
    yield* kill(k, child, SIG.TERM);
    log.push(yield* waitid(k, 1, child, W.EXITED | W.NOWAIT));
    log.push((yield* waitid(k, 1, child, W.STOPPED)).slice(0, 1));
    log.push(yield* waitid(k, 0, 0, W.EXITED));
    log.push((yield* waitid(k, 0, 0, W.EXITED)).slice(0, 1), (yield* waitid(k, 0, 0, 0)).slice(0, 1), (yield* waitid(k, 1, 0, W.EXITED)).slice(0, 1));
    return log;
  }, [[0, 0, 0, 0, 0], [0, SIG.CHLD, 2, 2, SIG.TERM], [ECHILD], [0, SIG.CHLD, 2, 2, SIG.TERM], [ECHILD], [-22], [-22]]);
});

test('wait4 is interrupted by a handler, and made again with SA_RESTART', () => {
  for (const [flags, expected] of [[0, EINTR], [SA.RESTART, 2]] as const) {
    always(function* (k) {
      const me = yield* getpid(k);
      yield* sigaction(k, SIG.USR1, () => undefined, flags);
      yield* fork(k, function* () {
        yield* msleep(k, 5);
        yield* kill(k, me, SIG.USR1);
        yield* msleep(k, 5);
      });
      const [ret] = yield* wait(k);
      if (ret < 0) yield* wait(k);
      return ret;
    }, expected);
  }
});

test('SIGCHLD tells who ended and how; blocked ends of several children merge into one', () => {
  always(function* (k) {
    const log: unknown[] = [];
    yield* sigaction(k, SIG.CHLD, (_signo, info) => void log.push([info.si_code, info.si_pid, info.si_status]));
    yield* block(k, SIG.CHLD);
    for (let i = 0; i < 2; i++) {
      yield* fork(k, function* () {
        return 5;
      });
      yield* msleep(k, 2);
    }
    yield* sys(k, 'rt_sigsuspend', sigset(), 8);
    while ((yield* wait(k, -1, W.NOHANG))[0] > 0);
    return log;
  }, [[1, 2, 5]]);
});

test('with SIGCHLD ignored, or SA_NOCLDWAIT, children leave no zombie, and wait4 ends with ECHILD when the last is gone', () => {
  for (const [handler, flags, heard] of [[1, 0, 0], [0, SA.NOCLDWAIT, 0], ['handler', SA.NOCLDWAIT, 1]] as const) {
    always(function* (k) {
      let count = 0;
      yield* sigaction(k, SIG.CHLD, handler === 'handler' ? () => void count++ : handler, flags | SA.RESTART);
      const child = yield* fork(k, function* () {
        yield* msleep(k, 5);
      });
      const [ret] = yield* wait(k);
      return [ret, now(k) >= 5, yield* kill(k, child, 0), count];
    }, [ECHILD, true, -3, heard]);
  }
});

test('SA_NOCLDSTOP: no signal when a child stops, and still one when it ends', () => {
  always(function* (k) {
    const codes: number[] = [];
    yield* sigaction(k, SIG.CHLD, (_signo, info) => void codes.push(info.si_code), SA.NOCLDSTOP | SA.RESTART);
    const child = yield* fork(k, function* () {
      yield* kill(k, yield* getpid(k), SIG.STOP);
    });
    yield* wait(k, child, W.UNTRACED);
    yield* kill(k, child, SIG.CONT);
    yield* wait(k, child);
    return codes;
  }, [1]);
});

test('a zombie can be signalled, and is gone when it is reaped', () => {
  always(function* (k) {
    const child = yield* fork(k, function* () {});
    yield* msleep(k, 5);
    const dead = [yield* kill(k, child, 0), yield* kill(k, child, SIG.TERM)];
    yield* wait(k, child);
    return [...dead, yield* kill(k, child, 0)];
  }, [0, 0, -3]);
});

test('vfork: the parent goes on when the child ends, or when it runs another program', () => {
  always(function* (k) {
    const log: string[] = [];
    yield* sys(k, 'vfork', function* () {
      yield* msleep(k, 5);
      log.push('child ends');
    });
    log.push('parent');
    yield* sys(k, 'vfork', function* () {
      yield* msleep(k, 5);
      log.push('child execs');
      yield* sys(k, 'execve', mem('/bin/other\0'), null, null, function* () {
        yield* msleep(k, 50);
        log.push('other ends');
      });
    });
    log.push('parent again');
    yield* wait(k);
    yield* wait(k);
    return log;
  }, ['child ends', 'parent', 'child execs', 'parent again', 'other ends']);
});

test('threads share descriptors and end without a word to the parent; exit_group ends them all', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const child = yield* fork(k, function* () {
      const [r, w] = yield* pipe(k);
      yield* thread(k, function* () {
        log.push(yield* sys(k, 'read', r, mem(8), 8));
        yield* sys(k, 'close', r);
      });
      yield* sys(k, 'write', w, mem('abc'), 3);
      yield* msleep(k, 5);
      log.push(yield* sys(k, 'close', r));
      yield* thread(k, function* () {
        yield* sys(k, 'exit_group', 9);
      });
      yield* sys(k, 'pause');
    });
    const [pid, status] = yield* wait(k);
    return [...log, pid === child, status, (yield* wait(k))[0]];
  }, [3, EBADF, true, 9 << 8, ECHILD]);
});

test('the first thread may end before the others: the process ends with the last one, with its own exit status if nobody else gives one', () => {
  always(function* (k) {
    const child = yield* fork(k, function* () {
      yield* thread(k, function* () {
        yield* msleep(k, 20);
        yield* sys(k, 'exit', 3);
      });
      yield* sys(k, 'exit', 4);
    });
    yield* msleep(k, 10);
    const early = (yield* wait(k, child, W.NOHANG))[0];
    const [, status] = yield* wait(k, child);
    return [early, status >> 8, now(k) >= 20];
  }, [0, 3, true]);
});

test('clone with CLONE_FILES alone: two processes, one table; unshare(CLONE_FILES) parts them', () => {
  always(function* (k) {
    const [r, w] = yield* pipe(k);
    yield* sys(k, 'clone', 0x400 | SIG.CHLD, null, null, null, null, function* () {
      yield* sys(k, 'close', r);
      yield* sys(k, 'unshare', 0x400);
      yield* sys(k, 'close', w);
    });
    yield* wait(k);
    return [yield* sys(k, 'close', r), yield* sys(k, 'close', w)];
  }, [EBADF, 0]);
});

test('clone refuses threads without shared handlers and handlers without shared memory', () => {
  always(function* (k) {
    const program = function* (): Generator<never, void, void> {};
    const clone = (flags: number) => sys(k, 'clone', flags, null, null, null, null, program);
    return [yield* clone(0x10000), yield* clone(0x10800), yield* clone(0x800)];
  }, [-22, -22, -22]);
});

test('execve: close-on-exec descriptors are closed, handlers fall back, ignored signals and the mask stay', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const [r, w] = yield* pipe(k);
    yield* fork(k, function* () {
      yield* sys(k, 'fcntl', w, 2, 1);
      yield* note(k, log, SIG.USR1);
      yield* sigaction(k, SIG.USR2, 1);
      yield* block(k, SIG.TERM);
      const me = yield* getpid(k);
      try {
        yield* sys(k, 'execve', mem('/bin/next\0'), null, null, function* () {
          const mask = mem(8);
          yield* sys(k, 'rt_sigprocmask', 0, null, mask, 8);
          log.push(yield* sys(k, 'fcntl', w, 1), yield* sys(k, 'fcntl', r, 1), members(mask), (yield* getpid(k)) === me, k.current.comm);
          yield* kill(k, me, SIG.USR2);
          yield* kill(k, me, SIG.USR1);
          log.push('not reached');
        });
      } finally {
        log.push('the old program ran on');
      }
    });
    log.push((yield* wait(k))[1]);
    return log;
  }, [EBADF, 0, [SIG.TERM], true, 'next', SIG.USR1]);
});

test('execve ends the other threads, and a thread that calls it gets the number of the process', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const child = yield* fork(k, function* () {
      yield* thread(k, function* () {
        yield* sys(k, 'pause');
        log.push('not reached');
      });
      yield* thread(k, function* () {
        yield* msleep(k, 5);
        yield* sys(k, 'execve', mem('/bin/next\0'), null, null, function* () {
          yield* msleep(k, 5);
          log.push(yield* sys(k, 'getpid'), yield* sys(k, 'gettid'));
          return 6;
        });
      });
      yield* sys(k, 'pause');
    });
    const [pid, status] = yield* wait(k);
    return [pid === child, status >> 8, log.every((id) => id === child), log.length];
  }, [true, 6, true, 2]);
});

test('orphans go to a subreaper above them, or to nobody', () => {
  for (const subreaper of [true, false]) {
    always(function* (k) {
      const me = yield* getpid(k);
      if (subreaper) yield* sys(k, 'prctl', 36, 1);
      const parents: number[] = [];
      const child = yield* fork(k, function* () {
        yield* fork(k, function* () {
          yield* msleep(k, 20);
          parents.push(yield* sys(k, 'getppid'));
          return 8;
        });
      });
      yield* wait(k, child);
      const [pid, status] = yield* wait(k);
      yield* msleep(k, 40);
      return [parents[0] === (subreaper ? me : 0), pid > 0, status >> 8];
    }, subreaper ? [true, true, 8] : [true, false, 0]);
  }
});

test('a thread that ends gives its children to another thread of the process', () => {
  always(function* (k) {
    let child = 0;
    yield* thread(k, function* () {
      child = yield* fork(k, function* () {
        yield* msleep(k, 10);
      });
    });
    yield* msleep(k, 5);
    return (yield* wait(k))[0] - child;
  }, 0);
});

test('at the end of a process the last descriptor is released first', () => {
  const order = simulate(function* (k) {
    const pipes: [number, number][] = [];
    for (let i = 0; i < 3; i++) pipes.push(yield* pipe(k));
    const log: number[] = [];
    const child = yield* fork(k, function* () {
      for (const [r] of pipes) yield* sys(k, 'close', r);
      yield* msleep(k, 10);
    });
    for (const [i, [r, w]] of pipes.entries()) {
      yield* sys(k, 'close', w);
      yield* thread(k, function* () {
        yield* sys(k, 'read', r, mem(1), 1);
        log.push(i);
      });
    }
    yield* wait(k, child);
    yield* msleep(k, 1);
    return log;
  });
  expect(order).toEqual([2, 1, 0]);
});

test('the machine is finished when the last process has ended, in every mode', () => {
  for (const preempt of ['never', 'all'] as const) {
    const k = machine({ preempt });
    task(k, 'main', function* () {
      yield* fork(k, function* () {
        yield* msleep(k, 5);
      });
    });
    expect(run(k)).toBe('finished');
    expect(k.tasks.size).toBe(0);
  }
});

test('CLONE_PARENT_SETTID, clone3 and CLONE_PIDFD tell number and descriptor of the child', () => {
  always(function* (k) {
    const tid = mem(4);
    const pidfd = mem(4);
    const a = yield* sys(k, 'clone', 0x100000 | SIG.CHLD, null, tid, null, null, function* () {});
    const b = yield* sys(k, 'clone3', { flags: 0x1000, pidfd, exit_signal: SIG.CHLD }, 88, function* () {
      return 5;
    });
    const ended = yield* waitid(k, 3, pidfd.bytes[0]!, W.EXITED);
    yield* wait(k, a);
    return [tid.bytes[0] === a, b === a + 1, pidfd.bytes[0], ended[0], ended[4]];
  }, [true, true, 0, 0, 5]);
});

test('children with another exit signal than SIGCHLD are seen by wait4 with __WCLONE or __WALL only', () => {
  always(function* (k) {
    const child = yield* sys(k, 'clone', 0, null, null, null, null, function* () {});
    const plain = (yield* wait(k))[0];
    const all = (yield* wait(k, -1, 0x40000000))[0];
    return [plain, all - child];
  }, [ECHILD, 0]);
});

test('limits: a soft limit of descriptors holds at once and is inherited', () => {
  always(function* (k) {
    const limit = mem(16);
    new DataView(limit.bytes.buffer).setUint32(0, 4, true);
    new DataView(limit.bytes.buffer).setUint32(8, 16384, true);
    const old = mem(16);
    const set = yield* sys(k, 'prlimit64', 0, 7, limit, old);
    const [r] = yield* pipe(k);
    yield* sys(k, 'dup', r);
    yield* sys(k, 'dup', r);
    const full = yield* sys(k, 'dup', r);
    let inherited = 0;
    yield* fork(k, function* () {
      inherited = yield* sys(k, 'dup', r);
    });
    yield* wait(k);
    return [set, new DataView(old.bytes.buffer).getUint32(0, true), full, inherited, yield* sys(k, 'prlimit64', 0, 99, null, old), yield* sys(k, 'prlimit64', 77, 7, null, old)];
  }, [0, 1024, -24, -24, -22, -3]);
});
