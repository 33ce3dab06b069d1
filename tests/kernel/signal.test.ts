/**
 * Signals as programs see them: what is queued and what is merged, who takes a signal, when handlers run and under
 * which mask, which calls are made again. Results that Linux guarantees hold under every schedule.
 */

import { sys, mem, simulate } from '../kit.js';
import { action, always, block, fork, getpid, kill, members, msleep, note, now, pipe, SA, SIG, sigaction, sigset, thread, ts, unblock, wait } from './proc.js';

const EINTR = -4;
const EAGAIN = -11;

test('a handler runs before the call that sent the signal to its own process returns', () => {
  always(function* (k) {
    const log: unknown[] = [];
    yield* note(k, log, SIG.USR1);
    log.push(yield* kill(k, yield* getpid(k), SIG.USR1));
    return log;
  }, [SIG.USR1, 0]);
});

test('a standard signal that is pending already is not queued again; real-time signals are, in order', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const me = yield* getpid(k);
    yield* sigaction(k, SIG.RT, (_signo, info) => void log.push(`rt ${info.si_value}`));
    yield* note(k, log, SIG.USR1);
    yield* block(k, SIG.USR1, SIG.RT);
    for (let i = 0; i < 3; i++) {
      yield* kill(k, me, SIG.USR1);
      const info = mem(128);
      info.bytes[8] = 0xff;
      info.bytes.fill(0xff, 8, 12);
      info.bytes[24] = i;
      yield* sys(k, 'rt_sigqueueinfo', me, SIG.RT, info);
    }
    yield* unblock(k, SIG.USR1, SIG.RT);
    return log;
  }, ['rt 0', 'rt 1', 'rt 2', SIG.USR1]);
});

test('of several pending signals the handler of the last one set up runs first', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const me = yield* getpid(k);
    for (const sig of [SIG.USR1, SIG.USR2, SIG.TERM]) yield* note(k, log, sig);
    yield* block(k, SIG.USR1, SIG.USR2, SIG.TERM);
    for (const sig of [SIG.TERM, SIG.USR1, SIG.USR2]) yield* kill(k, me, sig);
    yield* unblock(k, SIG.USR1, SIG.USR2, SIG.TERM);
    return log;
  }, [SIG.TERM, SIG.USR2, SIG.USR1]);
});

test('sa_mask holds other signals back while the handler runs', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const me = yield* getpid(k);
    yield* note(k, log, SIG.USR2);
    yield* sigaction(k, SIG.USR1, function* () {
      yield* kill(k, me, SIG.USR2);
      log.push('end of the first');
    }, 0, SIG.USR2);
    yield* kill(k, me, SIG.USR1);
    return log;
  }, ['end of the first', SIG.USR2]);
});

test('a signal is blocked while its own handler runs, except with SA_NODEFER', () => {
  for (const [flags, expected] of [[0, ['in 1', 'out 1', 'in 2', 'out 2']], [SA.NODEFER, ['in 1', 'in 2', 'out 2', 'out 1']]] as const) {
    always(function* (k) {
      const log: string[] = [];
      const me = yield* getpid(k);
      let depth = 0;
      yield* sigaction(k, SIG.USR1, function* () {
        const n = ++depth;
        log.push(`in ${n}`);
        if (n === 1) yield* kill(k, me, SIG.USR1);
        log.push(`out ${n}`);
      }, flags);
      yield* kill(k, me, SIG.USR1);
      return log;
    }, [...expected]);
  }
});

test('SA_RESETHAND: the handler runs once, then the signal has its default action', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const child = yield* fork(k, function* () {
      yield* note(k, log, SIG.USR1, SA.RESETHAND);
      const me = yield* getpid(k);
      yield* kill(k, me, SIG.USR1);
      yield* kill(k, me, SIG.USR1);
      log.push('not reached');
    });
    const [pid, status] = yield* wait(k);
    return [...log, pid === child, status];
  }, [SIG.USR1, true, SIG.USR1]);
});

test('an ignored signal is dropped when it is sent; a blocked one waits for a handler even if it is ignored now', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const me = yield* getpid(k);
    const set = mem(8);
    yield* sigaction(k, SIG.USR1, 1);
    yield* kill(k, me, SIG.USR1);
    yield* sys(k, 'rt_sigpending', set, 8);
    log.push(members(set));
    yield* block(k, SIG.USR1);
    yield* kill(k, me, SIG.USR1);
    yield* sys(k, 'rt_sigpending', set, 8);
    log.push(members(set));
    yield* note(k, log, SIG.USR1);
    yield* unblock(k, SIG.USR1);
    return log;
  }, [[], [SIG.USR1], SIG.USR1]);
});

test('setting a pending signal to ignored throws it away', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    const set = mem(8);
    yield* block(k, SIG.USR1);
    yield* kill(k, me, SIG.USR1);
    yield* sigaction(k, SIG.USR1, 1);
    yield* sys(k, 'rt_sigpending', set, 8);
    return members(set);
  }, []);
});

test('SIGKILL and SIGSTOP can be neither handled nor blocked', () => {
  always(function* (k) {
    const set = mem(8);
    yield* block(k, SIG.KILL, SIG.STOP, SIG.USR1);
    yield* sys(k, 'rt_sigprocmask', 0, null, set, 8);
    return [yield* sigaction(k, SIG.KILL, 1), yield* sigaction(k, SIG.STOP, 0), yield* sigaction(k, 65, 1), members(set)];
  }, [-22, -22, -22, [SIG.USR1]]);
});

test('rt_sigaction tells the action of before, and the old mask comes back after the handler', () => {
  always(function* (k) {
    const old = action(0);
    yield* sigaction(k, SIG.USR1, 1, SA.RESTART, SIG.USR2);
    yield* sys(k, 'rt_sigaction', SIG.USR1, null, old, 8);
    const set = mem(8);
    let inside: number[] = [];
    yield* block(k, SIG.TERM);
    yield* sigaction(k, SIG.USR1, function* () {
      yield* sys(k, 'rt_sigprocmask', 0, null, set, 8);
      inside = members(set);
    }, 0, SIG.USR2);
    yield* kill(k, yield* getpid(k), SIG.USR1);
    yield* sys(k, 'rt_sigprocmask', 0, null, set, 8);
    return [old.sa_handler, old.sa_flags, inside, members(set)];
  }, [1, SA.RESTART, [SIG.USR1, SIG.USR2, SIG.TERM], [SIG.TERM]]);
});

test('a blocking read is interrupted by a handler, and made again with SA_RESTART', () => {
  for (const [flags, first] of [[0, EINTR], [SA.RESTART, 1]] as const) {
    always(function* (k) {
      const log: unknown[] = [];
      const [r, w] = yield* pipe(k);
      const me = yield* getpid(k);
      yield* note(k, log, SIG.USR1, flags);
      yield* fork(k, function* () {
        yield* msleep(k, 10);
        yield* kill(k, me, SIG.USR1);
        yield* msleep(k, 10);
        yield* sys(k, 'write', w, mem('x'), 1);
      });
      const ret = yield* sys(k, 'read', r, mem(8), 8);
      log.push(ret, now(k) >= 20);
      if (ret < 0) log.push(yield* sys(k, 'read', r, mem(8), 8));
      yield* wait(k);
      return log;
    }, first < 0 ? [SIG.USR1, EINTR, false, 1] : [SIG.USR1, 1, true]);
  }
});

test('pause and nanosleep end with EINTR after a handler, SA_RESTART or not; the sleep tells what is left', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const me = yield* getpid(k);
    yield* note(k, log, SIG.USR1, SA.RESTART);
    yield* fork(k, function* () {
      yield* msleep(k, 10);
      yield* kill(k, me, SIG.USR1);
      yield* msleep(k, 10);
      yield* kill(k, me, SIG.USR1);
    });
    log.push(yield* sys(k, 'pause'));
    const rest = ts(0);
    log.push(yield* sys(k, 'nanosleep', ts(40), rest));
    const left = new DataView(rest.bytes.buffer).getBigInt64(8, true);
    log.push(left > 28_000_000n && left <= 30_000_000n);
    yield* wait(k);
    return log;
  }, [SIG.USR1, EINTR, SIG.USR1, EINTR, true]);
});

test('a stop without handler does not show in a sleep: it ends at the time it would have ended', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    yield* fork(k, function* () {
      yield* msleep(k, 10);
      yield* kill(k, me, SIG.STOP);
      yield* msleep(k, 10);
      yield* kill(k, me, SIG.CONT);
    });
    const ret = yield* msleep(k, 50);
    return [ret, now(k)];
  }, [0, 50]);
});

test('rt_sigsuspend lets a blocked signal in and puts the mask back', () => {
  always(function* (k) {
    const log: unknown[] = [];
    yield* note(k, log, SIG.USR1);
    yield* block(k, SIG.USR1);
    yield* kill(k, yield* getpid(k), SIG.USR1);
    log.push('pending');
    log.push(yield* sys(k, 'rt_sigsuspend', sigset(), 8));
    const set = mem(8);
    yield* sys(k, 'rt_sigprocmask', 0, null, set, 8);
    log.push(members(set));
    return log;
  }, ['pending', SIG.USR1, EINTR, [SIG.USR1]]);
});

test('rt_sigtimedwait takes a blocked signal, waits for it, and gives up after its time', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    yield* block(k, SIG.USR1, SIG.USR2);
    yield* kill(k, me, SIG.USR2);
    yield* fork(k, function* () {
      yield* msleep(k, 10);
      yield* kill(k, me, SIG.USR1);
    });
    const set = sigset(SIG.USR1, SIG.USR2);
    const results = [
      yield* sys(k, 'rt_sigtimedwait', set, null, ts(0), 8),
      yield* sys(k, 'rt_sigtimedwait', set, null, ts(0), 8),
      yield* sys(k, 'rt_sigtimedwait', set, null, null, 8),
      yield* sys(k, 'rt_sigtimedwait', set, null, ts(5), 8),
    ];
    yield* wait(k);
    return results;
  }, [SIG.USR2, EAGAIN, SIG.USR1, EAGAIN]);
});

test('rt_sigtimedwait is interrupted by the handler of another signal', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const me = yield* getpid(k);
    yield* note(k, log, SIG.USR2, SA.RESTART);
    yield* block(k, SIG.USR1);
    yield* fork(k, function* () {
      yield* msleep(k, 10);
      yield* kill(k, me, SIG.USR2);
    });
    log.push(yield* sys(k, 'rt_sigtimedwait', sigset(SIG.USR1), null, null, 8));
    return log;
  }, [SIG.USR2, EINTR]);
});

test('a signal for the process is taken by a thread that does not block it', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const me = yield* getpid(k);
    yield* sigaction(k, SIG.USR1, function* () {
      log.push((yield* sys(k, 'gettid')) === me ? 'first thread' : 'second thread');
    });
    yield* block(k, SIG.USR1);
    yield* thread(k, function* () {
      yield* unblock(k, SIG.USR1);
      log.push(yield* sys(k, 'pause'));
    });
    yield* msleep(k, 10);
    yield* kill(k, me, SIG.USR1);
    yield* msleep(k, 10);
    return log;
  }, ['second thread', EINTR]);
});

test('tgkill reaches one thread only, and stays with it while it is blocked there', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const me = yield* getpid(k);
    const set = mem(8);
    yield* note(k, log, SIG.USR1);
    yield* block(k, SIG.USR1);
    const tid = yield* thread(k, function* () {
      yield* msleep(k, 20);
      yield* sys(k, 'rt_sigpending', set, 8);
      log.push(members(set));
      yield* unblock(k, SIG.USR1);
    });
    yield* sys(k, 'tgkill', me, tid, SIG.USR1);
    yield* sys(k, 'rt_sigpending', set, 8);
    log.push(members(set), yield* sys(k, 'tgkill', me + 99, tid, 0), yield* sys(k, 'tgkill', 0, tid, 0), yield* sys(k, 'tkill', 999, 0));
    yield* msleep(k, 40);
    return log;
  }, [[], -3, -22, -3, [SIG.USR1], SIG.USR1]);
});

test('kill: 0 only asks, a number that is not a signal is refused, a process that does not exist is ESRCH', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    return [yield* kill(k, me, 0), yield* kill(k, me, 65), yield* kill(k, me, -1), yield* kill(k, 999, 0), yield* kill(k, -0x80000000, 0), yield* kill(k, -999, 0)];
  }, [0, -22, -22, -3, -3, -3]);
});

test('kill(0) reaches the process group, kill(-1) everybody else', () => {
  always(function* (k) {
    const log: string[] = [];
    for (const name of ['same group', 'own group']) {
      yield* fork(k, function* () {
        if (name === 'own group') yield* sys(k, 'setpgid', 0, 0);
        yield* sigaction(k, SIG.USR1, () => void log.push(name));
        yield* sys(k, 'pause');
      });
    }
    yield* sigaction(k, SIG.USR1, () => void log.push('self'));
    yield* msleep(k, 10);
    yield* kill(k, 0, SIG.USR1);
    yield* msleep(k, 10);
    log.push('then');
    yield* kill(k, -1, SIG.USR1);
    yield* wait(k);
    yield* wait(k);
    return log.sort();
  }, ['own group', 'same group', 'self', 'then']);
});

test('a fatal signal ends all threads, and the parent is told which signal it was', () => {
  always(function* (k) {
    const child = yield* fork(k, function* () {
      yield* thread(k, function* () {
        yield* sys(k, 'pause');
      });
      yield* sys(k, 'pause');
    });
    yield* msleep(k, 10);
    yield* kill(k, child, SIG.TERM);
    const [, status] = yield* wait(k, child);
    return status;
  }, SIG.TERM);
});

test('SIGKILL ends a process that is stopped and one that blocks everything', () => {
  always(function* (k) {
    const child = yield* fork(k, function* () {
      yield* block(k, ...Array.from({ length: 64 }, (_, i) => i + 1));
      yield* kill(k, yield* getpid(k), SIG.STOP);
    });
    const [, stopped] = yield* wait(k, child, 2);
    yield* kill(k, child, SIG.KILL);
    const [, killed] = yield* wait(k, child);
    return [stopped, killed];
  }, [(SIG.STOP << 8) | 0x7f, SIG.KILL]);
});

test('a finally block of a killed program does not run', () => {
  const log: string[] = [];
  simulate(function* (k) {
    const child = yield* fork(k, function* () {
      try {
        yield* sys(k, 'pause');
      } finally {
        log.push('finally');
      }
    });
    yield* msleep(k, 1);
    yield* kill(k, child, SIG.KILL);
    yield* wait(k);
  });
  expect(log).toEqual([]);
});

test('SIGCONT takes pending stop signals back, and a stop signal takes SIGCONT back', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    const set = mem(8);
    const results: number[][] = [];
    yield* block(k, SIG.TSTP, SIG.CONT);
    for (const sig of [SIG.TSTP, SIG.CONT, SIG.TSTP]) {
      yield* kill(k, me, sig);
      yield* sys(k, 'rt_sigpending', set, 8);
      results.push(members(set));
    }
    yield* sigaction(k, SIG.TSTP, 1);
    return results;
  }, [[SIG.TSTP], [SIG.CONT], [SIG.TSTP]]);
});

test('a stop stops all threads, SIGCONT runs them on, and the parent hears of both', () => {
  always(function* (k) {
    const log: unknown[] = [];
    let ticks = 0;
    const child = yield* fork(k, function* () {
      yield* thread(k, function* () {
        for (;;) {
          yield* msleep(k, 1);
          ticks++;
        }
      });
      yield* msleep(k, 100);
    });
    yield* msleep(k, 10);
    yield* kill(k, child, SIG.STOP);
    log.push(yield* wait(k, child, 2));
    const before = ticks;
    yield* msleep(k, 20);
    log.push(ticks - before);
    yield* kill(k, child, SIG.CONT);
    log.push(yield* wait(k, child, 8));
    log.push(yield* wait(k, child));
    return log.map((entry) => (Array.isArray(entry) ? [entry[0] === child, entry[1]] : entry));
  }, [[true, 0x137f], 0, [true, 0xffff], [true, 0]]);
});

test('the handler of SIGCONT runs after the stop', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const child = yield* fork(k, function* () {
      yield* note(k, log, SIG.CONT);
      yield* kill(k, yield* getpid(k), SIG.STOP);
      log.push('goes on');
    });
    yield* wait(k, child, 2);
    log.push('stopped');
    yield* kill(k, child, SIG.CONT);
    yield* wait(k, child);
    return log;
  }, ['stopped', SIG.CONT, 'goes on']);
});
