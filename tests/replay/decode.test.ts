/** What values mean to a replayer. */

import {
  StraceError, ValueError, after, argument, before, bytesOf, epollEventOf, epollEventsOf, errnoOf, fdOf, fdSetOf, halvesOf, intOf, iovecsOf, isPointer, isTimeout, itimerspecOf,
  maskOf, messageOf, named, numberOf, pointedOf, pollFdsOf, printValue, rawTimevalNsOf, signalOf, siginfoOf, sigsetOf, sockaddrOf, timeNsOf, timespecOf, waitStatusOf,
} from '../../src/replay/index.js';
import { callOf, resultOf, valueOf, valuesOf } from './support.js';

describe('numbers', () => {
  test.each<[string, number]>([
    ['O_RDWR|O_NONBLOCK|O_LARGEFILE', 0o104002], ['SOCK_STREAM|SOCK_CLOEXEC', 0o2000001], ['EPOLLIN|EPOLLET', 0x80000001 | 0], ['POLLIN|POLLRDHUP', 0x2001], ['MSG_DONTWAIT|MSG_NOSIGNAL', 0x4040],
    ['EFD_SEMAPHORE|EFD_NONBLOCK', 0o4001], ['TFD_CLOEXEC', 0o2000000], ['SFD_NONBLOCK', 0o4000], ['SHUT_RDWR', 2], ['SO_REUSEADDR', 2], ['SO_RCVTIMEO_OLD', 20], ['SOL_SOCKET', 1], ['SOL_TCP', 6],
    ['TCP_NODELAY', 1], ['IPPROTO_TCP', 6], ['F_DUPFD_CLOEXEC', 1030], ['SIGRT_1', 33], ['SIGTERM', 15], ['AF_INET6', 10], ['CLONE_VM|CLONE_FILES|SIGCHLD', 0x511], ['EPOLL_CTL_MOD', 3],
    ['0x9 /* EPOLL_CTL_??? */', 9], ['EPOLLIN|0x800', 0x801], ['4294967295', -1], ['18446744073709551615', -1], ['AT_FDCWD', -100], ['ECONNRESET', 104], ['SA_RESTORER|SA_RESTART', 0x14000000],
  ])('%s as 32 bits', (text, mask) => {
    expect(maskOf(valueOf(text))).toBe(mask);
  });

  test.each<[string, number | bigint]>([
    ['16*1024', 16384], ['RLIM64_INFINITY', 18446744073709551615n], ['htons(7004)', 7004], ['NULL', 0], ['1<<3', 8], ['1|2', 3], ['CLONE_INTO_CGROUP|CLONE_VM', 0x200000100], ['EPOLLET', 0x80000000],
    ['4<pipe:[17]>', 4], ['SI_TKILL', -6], ['0xffffffffffffffff', 0xffffffffffffffffn], ['SIG_IGN|0xffffffffffffffff', 0xffffffffffffffffn],
  ])('%s as a number', (text, number) => {
    expect(numberOf(valueOf(text))).toBe(number);
  });

  test('64 bits come in halves', () => {
    expect(halvesOf(valueOf('140015933849607'))).toEqual({ lo: 7, hi: 32600 });
    expect(halvesOf(valueOf('18446744073709551614'))).toEqual({ lo: 0xfffffffe, hi: 0xffffffff });
    expect(halvesOf(valueOf('-1'))).toEqual({ lo: 0xffffffff, hi: 0xffffffff });
  });

  test('descriptors, with and without what they are', () => {
    expect(['3', '3<pipe:[17]>', '-1', 'AT_FDCWD</tmp/x>', 'AT_FDCWD'].map(text => fdOf(valueOf(text)))).toEqual([3, 3, -1, -100, -100]);
  });

  test('errors by name', () => {
    expect(['EPERM', 'EAGAIN', 'EWOULDBLOCK', 'ENOTSUP', 'EHWPOISON', 'ERESTART_RESTARTBLOCK'].map(errnoOf)).toEqual([1, 11, 11, 95, 133, 516]);
    expect(() => errnoOf('EWHAT')).toThrow('expected the name of an error, found `EWHAT`');
  });
});

describe('times', () => {
  test('with nanoseconds and with microseconds', () => {
    expect(timeNsOf(valueOf('{tv_sec=1, tv_nsec=3000000}'))).toBe(1003000000);
    expect(timeNsOf(valueOf('{tv_sec=0, tv_usec=50000}'))).toBe(50000000);
    expect(timespecOf(valueOf('{tv_sec=0, tv_nsec=1000000000}'))).toEqual({ sec: 0, nsec: 1e9 });
    expect(['NULL', '0x7ffe0000'].map(text => timeNsOf(valueOf(text)))).toEqual([null, null]);
  });

  test('of timers', () => {
    expect(itimerspecOf(valueOf('{it_interval={tv_sec=0, tv_nsec=10000000}, it_value={tv_sec=0, tv_nsec=5000000}}'))).toEqual({ intervalNs: 1e7, valueNs: 5e6 });
    expect(itimerspecOf(valueOf('{it_interval={tv_sec=0, tv_usec=0}, it_value={tv_sec=1, tv_usec=1}}'))).toEqual({ intervalNs: 0, valueNs: 1000001000 });
    expect(itimerspecOf(valueOf('NULL'))).toBeNull();
  });

  test('raw, of SO_RCVTIMEO', () => {
    expect(rawTimevalNsOf(valueOf('"\\0\\0\\0\\0\\0\\0\\0\\0P\\303\\0\\0\\0\\0\\0\\0"'))).toBe(50000000);
    expect(rawTimevalNsOf(valueOf('"\\0"...'))).toBeNull();
    expect(rawTimevalNsOf(valueOf('0x7ffe0000'))).toBeNull();
  });
});

describe('epoll, poll and select', () => {
  test('events with their data', () => {
    expect(epollEventsOf(valueOf('[{events=EPOLLIN, data={u32=6, u64=6}}, {events=EPOLLOUT|EPOLLET, data={u32=7, u64=30064771079}}]'))).toEqual([
      { events: 1, lo: 6, hi: 0 }, { events: 0x80000004 | 0, lo: 7, hi: 7 },
    ]);
    expect(epollEventOf(valueOf('{events=0, data=0x7}'))).toEqual({ events: 0, lo: 7, hi: 0 });
    expect(epollEventOf(valueOf('{events=0, data={u32=7}}'))).toEqual({ events: 0, lo: 7, hi: 0 });
    expect(['[]', '0x7ffe0000', 'NULL'].map(text => epollEventsOf(valueOf(text)))).toEqual([[], null, null]);
    expect(epollEventOf(valueOf('0x7ffe0000'))).toBeNull();
  });

  test('what poll asks', () => {
    expect(pollFdsOf(valueOf('[{fd=5<TCP:[1]>, events=POLLIN|POLLOUT}, {fd=-1}]'))).toEqual([{ fd: 5, events: 5 }, { fd: -1, events: 0 }]);
    expect(pollFdsOf(valueOf('NULL'))).toBeNull();
  });

  test('sets of descriptors', () => {
    expect(['[3<TCP:[1]> 5<pipe:[17]>]', '[3]', '[]', 'NULL', '0x7ffe0000'].map(text => fdSetOf(valueOf(text)))).toEqual([[3, 5], [3], [], null, null]);
  });

  test('a time-out', () => {
    expect([isTimeout(resultOf('0 (Timeout)')), isTimeout(resultOf('0'))]).toEqual([true, false]);
  });
});

describe('sockets', () => {
  test.each<[string, unknown]>([
    ['{sa_family=AF_INET, sin_port=htons(7004), sin_addr=inet_addr("127.0.0.1")}', { family: 'AF_INET', port: 7004, address: '127.0.0.1' }],
    ['{sa_family=AF_INET6, sin6_port=htons(8087), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}', { family: 'AF_INET6', port: 8087, address: '::1' }],
    ['{sa_family=AF_INET6, sin6_port=htons(1), sin6_addr=inet_addr("::2")}', { family: 'AF_INET6', port: 1, address: '::2' }],
    ['{sa_family=AF_UNIX}', { family: 'AF_UNIX', path: null }],
    ['{sa_family=AF_UNIX, sun_path="/s"}', { family: 'AF_UNIX', path: Uint8Array.of(0x2f, 0x73) }],
    ['{sa_family=AF_UNIX, sun_path=@"s"}', { family: 'AF_UNIX', path: Uint8Array.of(0, 0x73) }],
    ['{sa_family=AF_INET, sa_data="\\33f"}', { family: 'AF_INET', data: Uint8Array.of(0o33, 0x66) }],
    ['{sa_family=AF_NETLINK, nl_pid=0}', { family: 'AF_NETLINK', data: null }], ['{sa_family=0x2d /* AF_??? */}', { family: '45', data: null }], ['NULL', null], ['0x7ffe0000', null],
  ])('%s', (text, address) => {
    expect(sockaddrOf(valueOf(text))).toEqual(address);
  });

  test('vectors', () => {
    expect(iovecsOf(valueOf('[{iov_base="F", iov_len=1}, {iov_base="ab"..., iov_len=100}, {iov_base=NULL, iov_len=0}]'))).toMatchObject([
      { base: { bytes: Uint8Array.of(0x46), elided: false }, length: 1 }, { base: { elided: true }, length: 100 }, { base: null, length: 0 },
    ]);
    expect(iovecsOf(valueOf('NULL'))).toBeNull();
  });

  test('messages', () => {
    const text = '{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="F", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, '
      + 'cmsg_type=SCM_RIGHTS, cmsg_data=[6<TCP:[1]>]}], msg_controllen=24, msg_flags=MSG_CMSG_CLOEXEC}';
    expect(messageOf(valueOf(text))).toMatchObject({
      name: null, nameLength: 0, vectors: [{ length: 1 }], control: [{ level: 1, type: 1, fds: [6] }], controlLength: 24, flags: 0x40000000,
    });
    expect(messageOf(valueOf('{msg_namelen=0}'))).toEqual({ name: null, nameLength: 0, vectors: null, control: [], controlLength: 0, flags: 0 });
    expect(messageOf(valueOf('{msg_name={sa_family=AF_UNIX}, msg_namelen=110 => 2, msg_control=[{cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=1}}]}')))
      .toMatchObject({ name: { family: 'AF_UNIX' }, nameLength: 2, control: [{ level: 1, type: 2, fds: null }] });
    expect(messageOf(valueOf('0x7ffe0000'))).toBeNull();
  });

  test('bytes', () => {
    expect(bytesOf(valueOf('"ab"...'))).toMatchObject({ bytes: Uint8Array.of(0x61, 0x62), elided: true });
    expect(['NULL', '0x7ffe0000'].map(text => bytesOf(valueOf(text)))).toEqual([null, null]);
  });
});

describe('signals and processes', () => {
  test.each<[string, unknown]>([
    ['[USR1 CHLD]', { lo: (1 << 9) | (1 << 16), hi: 0 }], ['[]', { lo: 0, hi: 0 }], ['~[]', { lo: 0xffffffff, hi: 0xffffffff }], ['~[RTMIN RT_1]', { lo: 0x7fffffff, hi: 0xfffffffe }],
    ['[CHLD]', { lo: 1 << 16, hi: 0 }], ['[SIGTERM]', { lo: 1 << 14, hi: 0 }], ['[RT_32]', { lo: 0, hi: 0x80000000 }], ['[64]', { lo: 0, hi: 0x80000000 }], ['NULL', null], ['0x7ffe0000', null],
  ])('%s as a mask of 64 bits', (text, mask) => {
    expect(sigsetOf(valueOf(text))).toEqual(mask);
  });

  test('a siginfo', () => {
    expect(siginfoOf(valueOf('{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=9, si_uid=0, si_status=SIGKILL, si_utime=0, si_stime=3 /* 0.03 s */}'))).toEqual({
      signo: 17, code: 2, pid: 9, uid: 0, status: 9, value: 0,
    });
    expect(siginfoOf(valueOf('{si_signo=SIGTERM, si_code=SI_QUEUE, si_pid=8, si_uid=0, si_int=42, si_ptr=0x2a}'))).toMatchObject({ code: -1, value: 42 });
    expect(['{}', 'NULL', '0x7ffe0000'].map(text => siginfoOf(valueOf(text)))).toEqual([null, null, null]);
    expect(signalOf(valueOf('SIGTERM'))).toBe(15);
  });

  test.each<[string, number | null]>([
    ['[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]', 0x300], ['[{WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM}]', 15], ['[{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}]', 0x8b],
    ['[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}]', 0x137f], ['[{WIFCONTINUED(s)}]', 0xffff], ['[0x137f]', 0x137f], ['NULL', null], ['0x7ffe0000', null],
  ])('the status %s', (text, status) => {
    expect(waitStatusOf(valueOf(text))).toBe(status);
  });
});

describe('arguments', () => {
  test('before and after the call', () => {
    expect([before, after].map(side => side(valueOf('[0] => [60000]'))).map(printValue)).toEqual(['[0]', '[60000]']);
    expect([before, after].map(side => intOf(side(pointedOf(valueOf('[128 => 16]'))!)))).toEqual([128, 16]);
    expect([before, after].map(side => intOf(side(pointedOf(valueOf('[16]'))!)))).toEqual([16, 16]);
    expect(['NULL', '0x7ffe0000'].map(text => pointedOf(valueOf(text)))).toEqual([null, null]);
  });

  test('by name', () => {
    const args = valuesOf('child_stack=NULL, flags=CLONE_VM|SIGCHLD, child_tidptr=0x7fe058b9aa10');
    expect(maskOf(named(args, 'flags')!)).toBe(0x111);
    expect(named(args, 'tls')).toBeNull();
  });

  test('an output that was not filled in is a pointer', () => {
    expect(['0x7ffe22455df4', '"x"', '7', 'NULL'].map(text => isPointer(valueOf(text)))).toEqual([true, false, false, false]);
  });

  test('one that means something else names the call', () => {
    const call = callOf('epoll_wait(4, "x", 8, EPOLLWHAT) = 0');
    expect(argument(call, 2, intOf)).toBe(8);
    const message = (index: number, decode: Parameters<typeof argument>[2]): string => {
      try {
        argument(call, index, decode, 'x.log');
      } catch (error) {
        return error instanceof StraceError ? error.message : String(error);
      }
      return '';
    };
    expect(message(1, epollEventsOf)).toBe('x.log:1:1: expected a list of epoll_events as argument 2 of epoll_wait, found `"x"`');
    expect(message(3, intOf)).toBe('x.log:1:1: expected a name with a known number as argument 4 of epoll_wait, found `EPOLLWHAT`');
    expect(message(4, intOf)).toBe('x.log:1:1: expected an argument as argument 5 of epoll_wait, found nothing');
    expect(() => argument(call, 0, () => { throw new TypeError('a bug'); })).toThrow(TypeError);
  });

  test.each<[string, (value: ReturnType<typeof valueOf>) => unknown]>([
    ['"x"', intOf], ['18446744073709551615', intOf], ['{a=1}', numberOf], ['[1, 2]', pointedOf], ['"x"', fdOf], ['1', timeNsOf], ['{tv_sec=1}', timeNsOf], ['1', bytesOf], ['1', epollEventsOf], ['[0x7f]', epollEventsOf], ['[{fd=1}, 2]', pollFdsOf],
    ['1', sockaddrOf], ['{sa_family=AF_INET, sin_port=htons(1), sin_addr=1}', sockaddrOf], ['[{WHAT(s) || 1}]', waitStatusOf], ['[{WHAT(s)}]', waitStatusOf], ['2 == 2', numberOf], ['makedev(1, 2)', numberOf], ['[USR9]', sigsetOf],
  ])('%s is refused by what cannot mean it', (text, decode) => {
    expect(() => decode(valueOf(text))).toThrow(ValueError);
  });
});
