/**
 * Logs executed on the model: what is compared, what is taken from the log, how processes, signals and time follow the lines.
 * The logs are as strace prints them without -yy.
 */

import { Engine } from '../../src/replay/engine.js';
import { readEvents } from '../../src/replay/reader.js';
import type { LogReport } from '../../src/replay/report.js';

function replay(log: string): LogReport {
  const engine = new Engine('test.log');
  for (const event of readEvents([log.replace(/^\n/, '')], { file: 'test.log' })) engine.take(event);
  return engine.finish();
}

function expectAgreement(log: string): LogReport {
  const report = replay(log);
  expect(report.divergences).toEqual([]);
  expect(report.agreed).toBe(report.compared);
  return report;
}

describe('calls', () => {
  test('every result is compared: numbers of descriptors, bytes, events and their order', () => {
    const report = expectAgreement(`
7  pipe2([3, 4], O_NONBLOCK) = 0
7  epoll_create1(0) = 5
7  epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=3, u64=3}}) = 0
7  epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, data={u32=4, u64=8589934596}}) = 0
7  read(3, 0x7ffe4ea14040, 8) = -1 EAGAIN (Resource temporarily unavailable)
7  write(4, "ab\\n", 3) = 3
7  epoll_wait(5, [{events=EPOLLOUT, data={u32=4, u64=8589934596}}, {events=EPOLLIN, data={u32=3, u64=3}}], 8, 0) = 2
7  read(3, "ab\\n", 8) = 3
7  dup2(3, 9) = 9
7  close(3) = 0
7  close(3) = -1 EBADF (Bad file descriptor)
`);
    expect(report.compared).toBe(11);
  });

  test('a divergence tells the line, both answers, and how things stand in the model', () => {
    const report = replay(`
7  eventfd2(0, EFD_NONBLOCK) = 3
7  epoll_create1(0) = 4
7  epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLOUT, data={u32=1, u64=1}}) = 0
7  epoll_wait(4, [{events=EPOLLIN, data={u32=1, u64=1}}], 8, 0) = 1
7  close(4) = 0
`);
    expect(report).toMatchObject({ calls: 5, compared: 5, agreed: 4 });
    expect(report.divergences).toMatchObject([{
      line: 4, pid: 7, call: 'epoll_wait(4, [{events=EPOLLIN, data={u32=1, u64=1}}], 8, 0)', linux: '[{EPOLLIN, 1}]', model: '[{EPOLLOUT, 1}]',
    }]);
    expect(report.divergences[0]!.why).toContain('events');
    expect(report.divergences[0]!.states.join('\n')).toMatch(/ep#\d+ rbr=\{3\} rdllist=\[3\]/);
  });

  test('the order of events is compared too', () => {
    const { divergences } = replay(`
7  eventfd2(1, 0) = 3
7  eventfd2(1, 0) = 4
7  epoll_create1(0) = 5
7  epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=3, u64=3}}) = 0
7  epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=4, u64=4}}) = 0
7  epoll_wait(5, [{events=EPOLLIN, data={u32=4, u64=4}}, {events=EPOLLIN, data={u32=3, u64=3}}], 8, 0) = 2
`);
    expect(divergences.map(({ line }) => line)).toEqual([6]);
  });

  test('files are outside the model: always ready for poll, refused by epoll; so are 0, 1 and 2, unless the log says that they are /dev/null', () => {
    const report = expectAgreement(`
7  openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3
7  fstat(3, {st_mode=S_IFREG|0644, ...}) = 0
7  read(3, "root:x:0:0"..., 4096) = 1024
7  epoll_create1(0) = 4
7  epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=3, u64=3}}) = -1 EPERM (Operation not permitted)
7  poll([{fd=3, events=POLLIN|POLLOUT}], 1, 0) = 1 ([{fd=3, revents=POLLIN|POLLOUT}])
7  read(0, "y", 10) = 1
7  write(1</dev/null<char 1:3>>, "x", 1) = 1
`);
    expect(report.outside).toEqual({ 'file system': 1, 'regular file': 1, 'call not modelled': 1, 'standard stream': 1 });
    expect(report).toMatchObject({ calls: 8, compared: 4 });
  });

  test('bytes that strace did not print are zeros in the model and stand for any byte', () => {
    const report = expectAgreement(`
7  pipe2([3, 4], 0) = 0
7  write(4, "mmmm"..., 10) = 10
7  read(3, "mmmmxx", 6) = 6
`);
    expect(report.adopted).toEqual({ 'bytes not printed': 1 });
  });
});

describe('processes', () => {
  test('a call that sleeps takes its result at the line of its exit', () => {
    expectAgreement(`
7  pipe2([3, 4], 0) = 0
7  clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7fccca7bca10) = 9
7  read(3,  <unfinished ...>
9  write(4, "one", 3) = 3
9  write(4, "two", 3) = 3
7  <... read resumed>"onetwo", 16) = 6
9  exit_group(3) = ?
9  +++ exited with 3 +++
7  --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9, si_uid=0, si_status=3, si_utime=0, si_stime=0} ---
7  wait4(9, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 9
7  exit_group(0) = ?
7  +++ exited with 0 +++
`);
  });

  test('a child can be seen before its parent is told its number; it has copies of the descriptors', () => {
    const report = expectAgreement(`
7  eventfd2(0, 0) = 3
7  vfork( <unfinished ...>
8  dup2(3, 5) = 5
8  fcntl(3, F_SETFD, FD_CLOEXEC) = 0
8  execve("/bin/true", ["true"], 0x7ffe8f0fd9e8 /* 4 vars */ <unfinished ...>
7  <... vfork resumed>) = 8
8  <... execve resumed>) = 0
8  write(3, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = -1 EBADF (Bad file descriptor)
8  write(5, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8
8  exit_group(0) = ?
8  +++ exited with 0 +++
7  --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=8, si_uid=0, si_status=0, si_utime=0, si_stime=0} ---
7  read(3, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8
7  close(5) = -1 EBADF (Bad file descriptor)
`);
    expect(report.adopted).toEqual({ 'process id': 1 });
  });

  test('threads share the table of descriptors, and one that calls execve goes on as the leader', () => {
    expectAgreement(`
7  clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, child_tid=0x7f, parent_tid=0x7f, exit_signal=0, stack=0x7f, stack_size=0x7ff, tls=0x7f} => {parent_tid=[8]}, 88) = 8
8  eventfd2(0, EFD_CLOEXEC) = 3
7  read(3,  <unfinished ...>
8  execve("/bin/x", ["x"], 0x7ffe8f0fd9e8 /* 4 vars */ <unfinished ...>
7  <... read resumed> <unfinished ...>) = ?
7  +++ superseded by execve in pid 8 +++
7  <... execve resumed>) = 0
7  close(3) = -1 EBADF (Bad file descriptor)
7  exit_group(0) = ?
7  +++ exited with 0 +++
`);
  });
});

describe('signals', () => {
  test('a handler runs between the lines of its signal and of rt_sigreturn; without SA_RESTART the call is not made again', () => {
    expectAgreement(`
7  pipe2([3, 4], 0) = 0
7  rt_sigaction(SIGUSR1, {sa_handler=0x5624, sa_mask=[], sa_flags=SA_RESTORER, sa_restorer=0x7fcc}, NULL, 8) = 0
7  clone(child_stack=NULL, flags=SIGCHLD) = 9
7  read(3,  <unfinished ...>
9  kill(7, SIGUSR1) = 0
7  <... read resumed>0x7ffcfea75aa0, 8) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
7  --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=0} ---
7  write(4, "h", 1) = 1
7  rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)
7  read(3, "h", 8) = 1
`);
  });

  test('with SA_RESTART the call is made again, as a line of its own', () => {
    expectAgreement(`
7  pipe2([3, 4], 0) = 0
7  rt_sigaction(SIGUSR1, {sa_handler=0x5624, sa_mask=[USR2], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x7fcc}, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0
7  clone(child_stack=NULL, flags=SIGCHLD) = 9
7  read(3,  <unfinished ...>
9  kill(7, SIGUSR1) = 0
7  <... read resumed>0x7ffcfea75aa0, 8) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
7  --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=0} ---
7  rt_sigprocmask(SIG_BLOCK, NULL, [USR1 USR2], 8) = 0
7  rt_sigreturn({mask=[]}) = 0
7  read(3,  <unfinished ...>
9  write(4, "x", 1) = 1
7  <... read resumed>"x", 8) = 1
`);
  });

  test('a stopped process goes on with restart_syscall; ignored signals end waits under a tracer', () => {
    expectAgreement(`
7  clone(child_stack=NULL, flags=SIGCHLD) = 9
9  poll(NULL, 0, 100000 <unfinished ...>
7  kill(9, SIGSTOP) = 0
9  <... poll resumed>) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)
9  --- SIGSTOP {si_signo=SIGSTOP, si_code=SI_USER, si_pid=7, si_uid=0} ---
9  --- stopped by SIGSTOP ---
7  --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_STOPPED, si_pid=9, si_uid=0, si_status=SIGSTOP, si_utime=0, si_stime=0} ---
7  kill(9, SIGCONT) = 0
9  --- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=7, si_uid=0} ---
9  restart_syscall(<... resuming interrupted poll ...> <unfinished ...>
7  --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_CONTINUED, si_pid=9, si_uid=0, si_status=SIGCONT, si_utime=0, si_stime=0} ---
9  <... restart_syscall resumed>) = 0
`);
  });

  test('a signal that nobody in the log sent is taken from the log', () => {
    const report = expectAgreement(`
7  pause() = ? ERESTARTNOHAND (To be restarted if no handler)
7  --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=4242, si_uid=1000} ---
7  +++ killed by SIGTERM +++
`);
    expect(report.adopted).toEqual({ 'signal from outside': 1 });
  });
});

describe('time', () => {
  test('the clock follows the lines: a time-out ends where the log says, and timers fire on the way', () => {
    expectAgreement(`
7  1795414667.000100 timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK) = 3 <0.000010>
7  1795414667.000200 timerfd_settime(3, 0, {it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=0, tv_nsec=20000000}}, NULL) = 0 <0.000010>
7  1795414667.000300 poll([{fd=3, events=POLLIN}], 1, 10) = 0 (Timeout) <0.010080>
7  1795414667.010500 read(3, 0x7ffe4ea14040, 8) = -1 EAGAIN (Resource temporarily unavailable) <0.000010>
7  1795414667.010600 poll([{fd=3, events=POLLIN}], 1, 1000) = 1 ([{fd=3, revents=POLLIN}]) <0.009700>
7  1795414667.020600 read(3, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8 <0.000010>
`);
  });

  test('Linux is late with time-outs: a call that the log ends otherwise is not ended by its own timer', () => {
    expectAgreement(`
7  1795414667.000100 eventfd2(0, 0) = 3 <0.000010>
7  1795414667.000200 clone(child_stack=NULL, flags=SIGCHLD) = 9 <0.000010>
7  1795414667.000300 poll([{fd=3, events=POLLIN}], 1, 10 <unfinished ...>
9  1795414667.010310 write(3, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8 <0.000010>
7  1795414667.010350 <... poll resumed>) = 1 ([{fd=3, revents=POLLIN}]) <0.010050>
`);
  });
});
