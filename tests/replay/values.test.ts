/** Every form of a value that strace prints. */

import { type FdValue, type Value, ValueError, parseDecoration, printValue } from '../../src/replay/index.js';
import { errorOf, valueOf, valuesOf } from './support.js';

/** A value without what is only there to be complete. */
function bare(value: Value): unknown {
  switch (value.kind) {
    case 'number': return value.value;
    case 'flags': return [...value.names, ...(value.rest === null ? [] : [value.rest.value])].join('|');
    case 'null': return null;
    case 'string': return { text: value.text, elided: value.elided };
    case 'fd': return { fd: value.fd, about: value.about };
    case 'struct': return { ...Object.fromEntries(value.names.map((n, i) => [n, bare(value.values[i]!)])), ...(value.elided ? { '...': true } : {}) };
    case 'array': return [...value.items.map(bare), ...(value.elided ? ['...'] : [])];
    case 'changed': return { before: bare(value.before), after: bare(value.after) };
    case 'field': return { [value.name]: bare(value.value) };
    case 'macro': return { macro: value.name, args: value.args.map(bare) };
    case 'address': return `&${value.name}`;
    case 'operation': return { op: value.op, left: bare(value.left), right: bare(value.right) };
    case 'resuming': return { resuming: value.name };
    case 'elided': return '...';
  }
}

describe('numbers', () => {
  test.each<[string, number | bigint, number]>([
    ['-1', -1, 10], ['0', 0, 10], ['4294967295', 4294967295, 10], ['0666', 0o666, 8], ['0x7ffe22455df4', 0x7ffe22455df4, 16],
    ['140015933849607', 140015933849607, 10], ['18446744073709551615', 18446744073709551615n, 10], ['-9223372036854775808', -9223372036854775808n, 10],
    ['0xffffffffffffffff', 0xffffffffffffffffn, 16], ['01777777777777777777777', 0o1777777777777777777777n, 8], ['9007199254740991', 9007199254740991, 10],
    ['9007199254740992', 9007199254740992n, 10], ['00', 0, 8], ['-0x5', -5, 16],
  ])('%s', (text, value, base) => {
    expect(valueOf(text)).toEqual({ kind: 'number', value, base, comment: '' });
  });

  test('a product keeps its factors', () => {
    expect(bare(valueOf('16*1024'))).toEqual({ op: '*', left: 16, right: 1024 });
    expect(bare(valueOf('{rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}'))).toEqual({ rlim_cur: { op: '*', left: 8192, right: 1024 }, rlim_max: 'RLIM64_INFINITY' });
  });

  test('a comment belongs to the value before it', () => {
    expect(valueOf('0x9 /* EPOLL_CTL_??? */')).toEqual({ kind: 'number', value: 9, base: 16, comment: 'EPOLL_CTL_???' });
    expect(valuesOf('5, 0x5 /* O_??? */')[1]).toEqual({ kind: 'number', value: 5, base: 16, comment: 'O_???' });
    expect(valueOf('{si_utime=3 /* 0.03 s */, si_stime=0}')).toMatchObject({ values: [{ value: 3, comment: '0.03 s' }, { value: 0, comment: '' }] });
    expect(valueOf('0x7ffc90d1d1f8 /* 4 vars */')).toMatchObject({ comment: '4 vars' });
    expect(valueOf('"x" /* a string */')).toMatchObject({ kind: 'string', comment: 'a string' });
    expect(valueOf('3<pipe:[17]> /* a pipe */')).toMatchObject({ kind: 'fd', comment: 'a pipe' });
  });
});

describe('names', () => {
  test('flags are kept in the order of the log', () => {
    expect(valueOf('SOCK_STREAM|SOCK_CLOEXEC')).toEqual({ kind: 'flags', names: ['SOCK_STREAM', 'SOCK_CLOEXEC'], rest: null, comment: '' });
    expect(valueOf('POLLIN')).toMatchObject({ kind: 'flags', names: ['POLLIN'] });
  });

  test('bits without a name stand behind the names', () => {
    expect(valueOf('S_IFREG|0644')).toEqual({ kind: 'flags', names: ['S_IFREG'], rest: { kind: 'number', value: 0o644, base: 8, comment: '' }, comment: '' });
    expect(bare(valueOf('EPOLLIN|0x800'))).toBe('EPOLLIN|2048');
  });

  test('NULL is a value of its own', () => {
    expect(valuesOf('3, NULL, NULL, 0').map(bare)).toEqual([3, null, null, 0]);
  });

  test('shifts, and names beside calls', () => {
    expect(bare(valueOf('1<<CAP_KILL|1<<CAP_CHOWN'))).toEqual({ op: '|', left: { op: '<<', left: 1, right: 'CAP_KILL' }, right: { op: '<<', left: 1, right: 'CAP_CHOWN' } });
    expect(bare(valueOf('CAP_SETUID|1<<CAP_KILL'))).toEqual({ op: '|', left: 'CAP_SETUID', right: { op: '<<', left: 1, right: 'CAP_KILL' } });
    expect(bare(valueOf('S_IFCHR|makedev(0x1, 0x3)'))).toEqual({ op: '|', left: 'S_IFCHR', right: { macro: 'makedev', args: [1, 3] } });
  });
});

describe('strings', () => {
  test.each<[string, number[]]>([
    ['"\\1\\0\\0\\0\\0\\0\\0\\0"', [1, 0, 0, 0, 0, 0, 0, 0]], ['"GET / HTTP/1.1\\r\\n"', [...Buffer.from('GET / HTTP/1.1\r\n')]],
    ['"\\376\\377"', [254, 255]], ['"\\0001"', [0, 0x31]], ['"\\n\\t\\v\\f\\r\\"\\\\"', [10, 9, 11, 12, 13, 34, 92]], ['"\\x01\\xff"', [1, 255]], ['""', []], ['"a) = 0, {["', [...Buffer.from('a) = 0, {[')]],
  ])('%s', (text, bytes) => {
    const value = valueOf(text);
    expect(value).toMatchObject({ kind: 'string', elided: false, length: bytes.length });
    expect([...(value.kind === 'string' ? value.bytes : [])]).toEqual(bytes);
  });

  test('three dots behind a string: strace left the rest out', () => {
    expect(bare(valueOf('"mmmm"...'))).toEqual({ text: 'mmmm', elided: true });
  });

  test('the path of an abstract unix address begins with a zero byte', () => {
    expect(bare(valueOf('{sa_family=AF_UNIX, sun_path=@"x"}'))).toEqual({ sa_family: 'AF_UNIX', sun_path: { text: '\0x', elided: false } });
  });
});

describe('structures and lists', () => {
  test('a structure', () => {
    expect(bare(valueOf('{tv_sec=0, tv_nsec=3000000}'))).toEqual({ tv_sec: 0, tv_nsec: 3000000 });
    expect(bare(valueOf('{}'))).toEqual({});
  });

  test('a list of events', () => {
    expect(bare(valueOf('[{events=EPOLLIN, data={u32=6, u64=6}}, {events=EPOLLOUT|EPOLLET, data={u32=7, u64=140015933849607}}]'))).toEqual([
      { events: 'EPOLLIN', data: { u32: 6, u64: 6 } }, { events: 'EPOLLOUT|EPOLLET', data: { u32: 7, u64: 140015933849607 } },
    ]);
    expect(bare(valueOf('[]'))).toEqual([]);
  });

  test('what strace left out without -v', () => {
    expect(bare(valueOf('{...}'))).toEqual({ '...': true });
    expect(bare(valueOf('{st_mode=S_IFREG|0644, ...}'))).toEqual({ st_mode: 'S_IFREG|420', '...': true });
    expect(bare(valueOf('[{...}, ...]'))).toEqual([{ '...': true }, '...']);
    expect(bare(valueOf('[..., ...]'))).toEqual(['...']);
    expect(valueOf('[/* 24 vars */]')).toMatchObject({ kind: 'array', items: [], elided: true, comment: '24 vars' });
    expect(bare(valueOf('{msg_name=..., msg_namelen=0}'))).toEqual({ msg_name: '...', msg_namelen: 0 });
  });

  test('what a call has changed', () => {
    expect(bare(valueOf('[1]'))).toEqual([1]);
    expect(bare(valueOf('[128 => 16]'))).toEqual([{ before: 128, after: 16 }]);
    expect(bare(valueOf('[0] => [60000]'))).toEqual({ before: [0], after: [60000] });
    expect(valuesOf('{flags=CLONE_PIDFD, exit_signal=SIGCHLD} => {pidfd=[4]}, 88').map(bare)).toEqual([
      { before: { flags: 'CLONE_PIDFD', exit_signal: 'SIGCHLD' }, after: { pidfd: [4] } }, 88,
    ]);
  });

  test('arguments with names', () => {
    expect(bare(valueOf('{IFLA_MTU=1500}'))).toEqual({ IFLA_MTU: 1500 });
    expect(valuesOf('child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD').map(bare)).toEqual([{ child_stack: null }, { flags: 'CLONE_CHILD_SETTID|SIGCHLD' }]);
  });

  test('sets of signals, and everything but a set', () => {
    expect(valueOf('[USR1 CHLD]')).toMatchObject({ kind: 'array', separator: ' ', complement: false, items: [{ names: ['USR1'] }, { names: ['CHLD'] }] });
    expect(valueOf('~[RTMIN RT_1]')).toMatchObject({ kind: 'array', separator: ' ', complement: true, items: [{ names: ['RTMIN'] }, { names: ['RT_1'] }] });
    expect(valueOf('~[]')).toMatchObject({ kind: 'array', complement: true, items: [] });
  });

  test('sets of descriptors', () => {
    expect(bare(valueOf('[3<TCP:[127.0.0.1:7004->127.0.0.1:58934]> 5<pipe:[17]>]'))).toEqual([
      { fd: 3, about: 'TCP:[127.0.0.1:7004->127.0.0.1:58934]' }, { fd: 5, about: 'pipe:[17]' },
    ]);
    expect(bare(valueOf('[3 5]'))).toEqual([3, 5]);
    expect(bare(valueOf('{sigmask=[CHLD], sigsetsize=8}'))).toEqual({ sigmask: ['CHLD'], sigsetsize: 8 });
  });

  test('a message', () => {
    const text = '{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="F", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, '
      + 'cmsg_type=SCM_RIGHTS, cmsg_data=[6]}], msg_controllen=24, msg_flags=0}';
    expect(bare(valueOf(text))).toEqual({
      msg_name: null, msg_namelen: 0, msg_iov: [{ iov_base: { text: 'F', elided: false }, iov_len: 1 }], msg_iovlen: 1,
      msg_control: [{ cmsg_len: 20, cmsg_level: 'SOL_SOCKET', cmsg_type: 'SCM_RIGHTS', cmsg_data: [6] }], msg_controllen: 24, msg_flags: 0,
    });
  });

  test('control characters of a terminal', () => {
    expect(bare(valueOf('{c_cc[VMIN]=1, c_cc[VTIME]=0}'))).toEqual({ 'c_cc[VMIN]': 1, 'c_cc[VTIME]': 0 });
    expect(valueOf('{B38400 opost -echo ...}')).toMatchObject({ elided: true, values: [{ names: ['B38400'] }, { names: ['opost'] }, { names: ['-echo'] }] });
  });
});

describe('what looks like C', () => {
  test('addresses', () => {
    expect(bare(valueOf('{sa_family=AF_INET, sin_port=htons(7004), sin_addr=inet_addr("127.0.0.1")}'))).toEqual({
      sa_family: 'AF_INET', sin_port: { macro: 'htons', args: [7004] }, sin_addr: { macro: 'inet_addr', args: [{ text: '127.0.0.1', elided: false }] },
    });
    expect(bare(valueOf('{sa_family=AF_INET6, sin6_port=htons(8087), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}'))).toMatchObject({
      sin6_flowinfo: { macro: 'htonl', args: [0] }, '': { macro: 'inet_pton', args: ['AF_INET6', { text: '::1' }, '&sin6_addr'] }, sin6_scope_id: 0,
    });
    expect(bare(valueOf('{sa_family=AF_UNIX}'))).toEqual({ sa_family: 'AF_UNIX' });
    expect(bare(valueOf('{sa_family=AF_UNIX, sun_path="/tmp/x/socket"}'))).toEqual({ sa_family: 'AF_UNIX', sun_path: { text: '/tmp/x/socket', elided: false } });
  });

  test('the status of a child', () => {
    expect(bare(valueOf('[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]'))).toEqual([{ '': {
      op: '&&', left: { macro: 'WIFEXITED', args: ['s'] }, right: { op: '==', left: { macro: 'WEXITSTATUS', args: ['s'] }, right: 0 },
    } }]);
    expect(printValue(valueOf('[{WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM}]'))).toBe('[{WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM}]');
  });

  test('the argument of restart_syscall', () => {
    expect(valueOf('<... resuming interrupted poll ...>')).toMatchObject({ kind: 'resuming', name: 'poll' });
  });
});

describe('descriptors', () => {
  const fd = (text: string): FdValue => {
    const value = valueOf(text);
    if (value.kind !== 'fd') throw new Error(value.kind);
    return value;
  };

  test.each<[string, number, unknown]>([
    ['3<TCP:[1174713]>', 3, { kind: 'inet', protocol: 'TCP', inode: 1174713, local: null, peer: null }],
    ['3<TCP:[127.0.0.1:7004]>', 3, { kind: 'inet', protocol: 'TCP', inode: null, local: { address: '127.0.0.1', port: 7004 }, peer: null }],
    ['5<TCP:[127.0.0.1:7004->127.0.0.1:58934]>', 5,
      { kind: 'inet', protocol: 'TCP', inode: null, local: { address: '127.0.0.1', port: 7004 }, peer: { address: '127.0.0.1', port: 58934 } }],
    ['7<TCPv6:[[::1]:8087->[::1]:59864]>', 7,
      { kind: 'inet', protocol: 'TCPv6', inode: null, local: { address: '::1', port: 8087 }, peer: { address: '::1', port: 59864 } }],
    ['7<TCPv6:[[::]:8087]>', 7, { kind: 'inet', protocol: 'TCPv6', inode: null, local: { address: '::', port: 8087 }, peer: null }],
    ['4<UNIX-STREAM:[1185215->1185216]>', 4, { kind: 'unix', protocol: 'UNIX-STREAM', inode: 1185215, peer: 1185216, path: null }],
    ['4<UNIX:[1185215]>', 4, { kind: 'unix', protocol: 'UNIX', inode: 1185215, peer: null, path: null }],
    ['4<UNIX-STREAM:[12,"/tmp/x/a->b"]>', 4, { kind: 'unix', protocol: 'UNIX-STREAM', inode: 12, peer: null, path: '/tmp/x/a->b' }],
    ['4<UDP:[99]>', 4, { kind: 'inet', protocol: 'UDP', inode: 99, local: null, peer: null }],
    ['7<pipe:[1175237]>', 7, { kind: 'inode', class: 'pipe', inode: 1175237 }],
    ['7<socket:[17]>', 7, { kind: 'inode', class: 'socket', inode: 17 }],
    ['0</dev/null<char 1:3>>', 0, { kind: 'device', path: '/dev/null', type: 'char', major: 1, minor: 3 }],
    ['9</tmp/x/a.txt>', 9, { kind: 'path', path: '/tmp/x/a.txt' }],
    ['9</tmp/x/a->', 9, { kind: 'path', path: '/tmp/x/a-' }],
    ['AT_FDCWD</tmp/x>', -100, { kind: 'path', path: '/tmp/x' }],
    ['4<anon_inode:[eventpoll]>', 4, { kind: 'anon', name: 'eventpoll' }],
    ['6<pid:9>', 6, { kind: 'pid', pid: 9 }],
    ['6<anon_inode:[pidfd]>', 6, { kind: 'anon', name: 'pidfd' }],
    ['6<NETLINK:[ROUTE:1234]>', 6, { kind: 'other', text: 'NETLINK:[ROUTE:1234]' }],
  ])('%s', (text, number, decoration) => {
    expect(fd(text)).toMatchObject({ fd: number, deleted: false });
    expect(fd(text).decoration).toEqual(decoration);
    expect(fd(`${text} /* again */`).comment).toBe('again');
  });

  test('a file without a name', () => {
    expect(fd('8</memfd:data>(deleted)')).toMatchObject({ fd: 8, about: '/memfd:data', deleted: true });
    expect(printValue(fd('8</memfd:data>(deleted)'))).toBe('8</memfd:data>(deleted)');
  });

  test('a decoration that nobody knows stays text', () => {
    expect(parseDecoration('what?')).toEqual({ kind: 'other', text: 'what?' });
    expect(parseDecoration('TCP:[nobody]')).toEqual({ kind: 'other', text: 'TCP:[nobody]' });
    expect(parseDecoration('pipe:[x]')).toEqual({ kind: 'other', text: 'pipe:[x]' });
    expect(parseDecoration('UNIX:[x]')).toEqual({ kind: 'other', text: 'UNIX:[x]' });
  });
});

describe('what cannot be read says where and what was expected', () => {
  test.each<[string, number, string, string]>([
    ['{tv_sec=0', 15, '`, ` or `}`', '`) = 0`'], ['[1, 2', 11, '`, `, a blank or `]`', '`) = 0`'], ['"abc', 15, '`"`', 'the end of the line'],
    ['"\\q"', 8, 'an escape', '`q") = 0`'], ['"\\400"', 8, 'an escape', '`400") = 0`'], ['"\\xg0"', 9, 'two hexadecimal digits', '`g0") = 0`'], ['0x', 8, 'hexadecimal digits', '`) = 0`'],
    ['3<pipe:[17]', 22, '`>`', 'the end of the line'], ['1,2', 8, 'a blank', '`2) = 0`'], ['1, ', 9, 'a value', '`) = 0`'], ['~3', 7, '`[`', '`3) = 0`'], ['?', 6, 'a value', '`?) = 0`'],
    ['08', 6, 'octal digits', '`08) = 0`'], ['4 /* x', 17, '`*/`', 'the end of the line'], ['@x', 6, 'a value', '`@x) = 0`'], ['..', 6, '`...`', '`..) = 0`'], ['- 1', 7, 'a number or a name', '` 1) = 0`'],
    ['"\t"', 7, 'a printable character', 'the end of the line'], ['"\u00e9"', 7, 'a printable character', '`é") = 0`'], ['{a=}', 9, 'a value', '`}) = 0`'], ['[1 2; 3]', 10, '`, `, a blank or `]`', '`; 3]) = 0`'],
    ['htons(7004', 17, '`, ` or `)`', '` = 0`'],
  ])('%s', (text, column, expected, found) => {
    const error = errorOf(() => valueOf(text));
    expect([error.line, error.column, error.expected, error.found]).toEqual([1, column, expected, found]);
  });

  test('a value that means something else is told apart from a log that cannot be read', () => {
    expect(new ValueError('a list', '`7`').message).toBe('expected a list, found `7`');
  });
});
