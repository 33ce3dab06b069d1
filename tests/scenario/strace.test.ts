/** The log reads as strace writes it: halves of calls that sleep, signals where they are handled, ends of tasks. */

import { type LogLine, machine, secondsText, SIGUSR1 } from '../../src/scenario/index.js';

test('calls that sleep have two lines, and only what the kernel stores is on the second', () => {
  const m = machine();
  m.process('reader', function* (sys) {
    const [r, w] = yield* sys.pipe();
    const me = yield* sys.getpid();
    yield* sys.sigaction(SIGUSR1, function* (_signal) { yield* sys.getppid(); });
    yield* sys.fork(function* writer(sys) {
      yield* sys.msleep(1);
      yield* sys.write(w, 'a');
      yield* sys.msleep(1);
      yield* sys.kill(me, SIGUSR1);
    });
    yield* sys.read(r, 10);
    yield* sys.read(r, 10);
    yield* sys.waitpid(-1);
  });
  m.run();
  expect(m.strace({ times: true })).toBe(`\
1     0.000000 pipe([3, 4])                            = 0
1     0.000000 getpid()                                = 1
1     0.000000 rt_sigaction(SIGUSR1, {sa_handler=0x401136, sa_mask=[], sa_flags=0}, NULL, 8) = 0
1     0.000000 fork()                                  = 2
1     0.000000 read(3,  <unfinished ...>
2     0.000000 nanosleep({tv_sec=0, tv_nsec=1000000},  <unfinished ...>
2     0.001000 <... nanosleep resumed>NULL)            = 0
2     0.001000 write(4, "a", 1)                        = 1
2     0.001000 nanosleep({tv_sec=0, tv_nsec=1000000},  <unfinished ...>
1     0.001000 <... read resumed>"a", 10)              = 1
1     0.001000 read(3,  <unfinished ...>
2     0.002000 <... nanosleep resumed>NULL)            = 0
2     0.002000 kill(1, SIGUSR1)                        = 0
2     0.002000 exit_group(0)                           = ?
2     0.002000 +++ exited with 0 +++
1     0.002000 <... read resumed>0x7ffc0000, 10)       = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
1     0.002000 --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=2, si_uid=0} ---
1     0.002000 getppid()                               = 0
1     0.002000 rt_sigreturn({mask=[]})                 = -1 EINTR (Interrupted system call)
1     0.002000 wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 2
1     0.002000 exit_group(0)                           = ?
1     0.002000 +++ exited with 0 +++
`);
  expect(m.strace({ names: true }).split('\n').filter((line) => line.startsWith('writer(2)'))).toHaveLength(8);
});

test('a watcher gets each line as it is made; the log keeps the newest', () => {
  const seen: LogLine[] = [];
  const m = machine({ log: 5, onLine: (line) => { seen.push(line); } });
  m.process('a', function* (sys) {
    for (let i = 0; i < 30; i++) yield* sys.getpid();
    yield* sys.exit(2);
  });
  m.run();
  expect(seen.map(({ number }) => number)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
  expect(m.log.lines.length).toBeLessThanOrEqual(10);
  expect(m.log.lines.slice(-2).map(({ text, kind }) => [text.replace(/ +=/, ' ='), kind])).toEqual([['exit_group(2) = ?', 'call'], ['+++ exited with 2 +++', 'exit']]);
});

test('without a log no line is made, and failures still name the call', () => {
  const m = machine({ log: 0 });
  m.process('a', function* (sys) { sys.expect(yield* sys.close(9), 0); });
  m.run();
  expect([m.strace(), m.failures[0]!.call]).toEqual(['', 'close(9) = -1 EBADF (Bad file descriptor)']);
  expect(secondsText(1_500_000)).toBe('0.001500');
});
