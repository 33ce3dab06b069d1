/** Every form of a line and of a result. */

import { type LineRecord, type Result, detectFormat, parseLine, pollResultOf, printValue, returned, selectResultOf } from '../../src/replay/index.js';
import { errorOf, resultOf } from './support.js';

/** A record of the kind that is expected. */
function lineOf<T extends LineRecord['type']>(type: T, text: string): Extract<LineRecord, { type: T }> {
  const record = parseLine(text, 7);
  expect(record).toMatchObject({ type, line: 7 });
  return record as Extract<LineRecord, { type: T }>;
}

describe('calls', () => {
  test('a whole call', () => {
    const { pid, timeNs, call } = lineOf('whole', '8     1795414662.979588 close(4<TCP:[127.0.0.1:58934->127.0.0.1:7004]>) = 0 <0.000019>');
    expect([pid, timeNs]).toEqual([8, 979588000]);
    expect(call).toMatchObject({ pid: 8, name: 'close', entryLine: 7, exitLine: 7, entryNs: 979588000, exitNs: 979607000, durationNs: 19000, argsComplete: true, settled: true });
    expect(call.args.map(printValue)).toEqual(['4<TCP:[127.0.0.1:58934->127.0.0.1:7004]>']);
    expect(call.result).toMatchObject({ kind: 'value', value: 0 });
  });

  test('a call without time, decorations and duration', () => {
    const { pid, timeNs, call } = lineOf('whole', '8     close(3)                          = 0');
    expect([pid, timeNs]).toEqual([8, null]);
    expect(call).toMatchObject({ entryNs: null, exitNs: null, durationNs: null });
  });

  test('a call that was entered when another thread was printed', () => {
    const { call } = lineOf('unfinished', '11    1795414662.979506 write(5<TCP:[1]>, "mmmmmmmmm", 9 <unfinished ...>');
    expect(call.args.map(printValue)).toEqual(['5<TCP:[1]>', '"mmmmmmmmm"', '9']);
    expect(call).toMatchObject({ name: 'write', argsComplete: false, exitLine: 0, result: null, settled: false });
  });

  test('the cut may fall between arguments', () => {
    const { call } = lineOf('unfinished', '10    1795414662.979429 epoll_wait(4<anon_inode:[eventpoll]>,  <unfinished ...>');
    expect(call.args.map(printValue)).toEqual(['4<anon_inode:[eventpoll]>']);
  });

  test('the cut may come before the first argument', () => {
    expect(lineOf('unfinished', '8     1795414672.036671 vfork( <unfinished ...>').call).toMatchObject({ name: 'vfork', args: [] });
  });

  test('the cut may fall inside an argument', () => {
    const { call } = lineOf('unfinished', '8     ioctl(3, SIOCGIFADDR, {ifr_name="lo" <unfinished ...>');
    expect(call.args.map(printValue)).toEqual(['3', 'SIOCGIFADDR', '{ifr_name="lo", ...}']);
  });

  test('a call that is left, with the arguments that are outputs', () => {
    const record = lineOf('resumed', '8     1795414662.979553 <... read resumed>"mmmmmmmmm", 16) = 9 <0.000157>');
    expect(record.args.map(printValue)).toEqual(['"mmmmmmmmm"', '16']);
    expect(record).toMatchObject({ name: 'read', result: { value: 9 }, durationNs: 157000 });
  });

  test('a call that is left with nothing more to print', () => {
    expect(lineOf('resumed', '11    1795414662.979576 <... write resumed>) = 9 <0.000053>')).toMatchObject({ name: 'write', args: [], result: { value: 9 } });
  });

  test('a call that is left, the second half beginning with a comma or an arrow', () => {
    expect(lineOf('resumed', '8     <... ioctl resumed>, [0]) = 0').args.map(printValue)).toEqual(['[0]']);
    expect(lineOf('resumed', '8     <... clone3 resumed> => {parent_tid=[18]}, 88) = 18').args.map(printValue)).toEqual(['... => {parent_tid=[18]}', '88']);
  });

  test('a call that never returns', () => {
    expect(lineOf('whole', '10    1795414672.290304 exit_group(0)   = ?').call.result).toMatchObject({ kind: 'none', text: '' });
  });

  test('a call that another thread or a signal has ended', () => {
    expect(lineOf('resumed', '21    1795414669.490760 <... read resumed> <unfinished ...>) = ?')).toMatchObject({ name: 'read', args: [], result: { kind: 'none' } });
    expect(lineOf('resumed', '11    1795414667.345024 <... pause resumed>) = ?')).toMatchObject({ name: 'pause', result: { kind: 'none' } });
    expect(lineOf('whole', '11    exit_group(0 <unfinished ...>) = ?').call).toMatchObject({ argsComplete: false, result: { kind: 'none' } });
  });

  test('a thread that vanished before its result could be read', () => {
    expect(lineOf('resumed', '17    1795415473.943086 <... epoll_pwait resumed>) = ? <unavailable>').result).toMatchObject({ kind: 'none', text: 'unavailable' });
  });
});

describe('other lines', () => {
  test('a signal', () => {
    const record = lineOf('signal', '8     1795414662.169980 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=10, si_uid=0, si_status=0, si_utime=0, si_stime=0} ---');
    expect(record).toMatchObject({ pid: 8, signal: 'SIGCHLD' });
    expect(printValue(record.info)).toBe('{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=10, si_uid=0, si_status=0, si_utime=0, si_stime=0}');
  });

  test('a stop', () => {
    expect(lineOf('stop', '8     1795414667.783359 --- stopped by SIGSTOP ---')).toMatchObject({ signal: 'SIGSTOP' });
  });

  test('the end of a thread', () => {
    expect(lineOf('end', '8     +++ exited with 7 +++')).toMatchObject({ status: 7, signal: null, coreDumped: false });
    expect(lineOf('end', '8     +++ killed by SIGKILL +++')).toMatchObject({ status: null, signal: 'SIGKILL', coreDumped: false });
    expect(lineOf('end', '8     +++ killed by SIGSEGV (core dumped) +++')).toMatchObject({ status: null, signal: 'SIGSEGV', coreDumped: true });
  });

  test('a leader whose place another thread takes', () => {
    expect(lineOf('superseded', '24    1795414669.497642 +++ superseded by execve in pid 26 +++')).toMatchObject({ pid: 24, by: 26 });
  });
});

describe('how lines begin', () => {
  test.each<[string, object]>([
    ['8     1795414662.979404 close(3) = 0', { threads: true, time: 'epoch', baseSeconds: 1795414662 }],
    ['8     06:12:35.168929 close(3) = 0', { threads: true, time: 'clock', baseSeconds: 22355 }],
    ['8     06:12:35 close(3) = 0', { threads: true, time: 'clock', baseSeconds: 22355 }],
    ['8     close(3) = 0', { threads: true, time: 'none' }],
    ['close(3) = 0', { threads: false, time: 'none' }],
    ['06:12:35 close(3) = 0', { threads: false, time: 'clock' }],
    ['1795414662.979404 close(3) = 0', { threads: false, time: 'epoch' }],
    ['8          0.000130 close(3) = 0', { threads: true, time: 'delta' }],
    ['     0.000130 close(3) = 0', { threads: false, time: 'delta' }],
    ['1174713 +++ exited with 0 +++', { threads: true, time: 'none' }],
  ])('%s', (line, format) => {
    expect(detectFormat(line)).toMatchObject(format);
    expect(parseLine(line, 1)).toMatchObject({ pid: line.startsWith('8 ') ? 8 : line.startsWith('117') ? 1174713 : 0 });
  });

  test('times count from the first second of the log', () => {
    const format = detectFormat('8     1795414662.979404 close(3) = 0');
    expect(parseLine('8     1795414665.000001 close(3) = 0', 2, format)).toMatchObject({ timeNs: 3000001000 });
    expect(parseLine('8     1795414665.000000001 close(3) = 0', 2, format)).toMatchObject({ timeNs: 3000000001 });
  });
});

describe('results', () => {
  test.each<[string, Partial<Result>]>([
    ['9', { kind: 'value', value: 9, base: 10 }], ['12345', { value: 12345 }], ['0x7fe058b9aa10', { value: 0x7fe058b9aa10, base: 16 }],
    ['0x802 (flags O_RDWR|O_NONBLOCK)', { value: 0x802, base: 16, text: 'flags O_RDWR|O_NONBLOCK' }],
    ['-1 EAGAIN (Resource temporarily unavailable)', { kind: 'error', value: -1, errno: 'EAGAIN', text: 'Resource temporarily unavailable' }],
    ['0 (Timeout)', { value: 0, text: 'Timeout', note: [] }], ['10 (SIGUSR1)', { value: 10, text: 'SIGUSR1' }], ['-1', { kind: 'value', value: -1 }],
    ['? ERESTARTSYS (To be restarted if SA_RESTART is set)', { kind: 'restart', errno: 'ERESTARTSYS', text: 'To be restarted if SA_RESTART is set' }],
    ['? ERESTARTNOHAND (To be restarted if no handler)', { kind: 'restart', errno: 'ERESTARTNOHAND' }],
    ['? ERESTART_RESTARTBLOCK (Interrupted by signal)', { kind: 'restart', errno: 'ERESTART_RESTARTBLOCK' }],
    ['-1 EINTR (Interrupted system call)', { kind: 'error', errno: 'EINTR' }], ['3 (words (in words))', { value: 3, text: 'words (in words)' }],
  ])('%s', (text, result) => {
    expect(resultOf(text)).toMatchObject(result);
    expect(resultOf(`${text} <0.000062>`)).toMatchObject(result);
  });

  test('a new descriptor with what it is', () => {
    const { value, fd } = resultOf('5<TCP:[127.0.0.1:7004->127.0.0.1:58934]>');
    expect([value, fd!.fd, fd!.about]).toEqual([5, 5, 'TCP:[127.0.0.1:7004->127.0.0.1:58934]']);
    expect(resultOf('3</memfd:data>(deleted) <0.000062>').fd).toMatchObject({ fd: 3, deleted: true });
  });

  test('poll tells only of entries that have something to say', () => {
    const result = resultOf('1 ([{fd=4, revents=POLLIN|POLLOUT|POLLERR|POLLHUP|POLLRDHUP}])');
    expect(pollResultOf(result)).toEqual({ ready: [{ fd: 4, revents: 0x201d }], leftNs: null });
    expect(pollResultOf(resultOf('1 ([{fd=4, revents=POLLIN}], left {tv_sec=0, tv_nsec=5})'))).toEqual({ ready: [{ fd: 4, revents: 1 }], leftNs: 5 });
    expect(pollResultOf(resultOf('0 (Timeout)'))).toEqual({ ready: [], leftNs: null });
  });

  test('select tells its sets and the time that is left', () => {
    expect(selectResultOf(resultOf('2 (in [4], out [4], left {tv_sec=0, tv_nsec=199996575})'))).toEqual({ in: [4], out: [4], except: [], leftNs: 199996575 });
    expect(selectResultOf(resultOf('3 (in [4 5], except [6])'))).toEqual({ in: [4, 5], out: [], except: [6], leftNs: null });
    expect(selectResultOf(resultOf('0 (Timeout)'))).toEqual({ in: [], out: [], except: [], leftNs: null });
    expect(() => selectResultOf(resultOf('2 (flags O_RDWR)'))).toThrow('expected in, out, except or left, found `flags`');
  });

  test('what the kernel returned', () => {
    expect(['9', '-1 EAGAIN (x)', '? ERESTARTSYS (x)', '?', '? <unavailable>'].map(text => returned(resultOf(text)))).toEqual([9, -11, -512, null, null]);
  });
});

describe('what cannot be read says where and what was expected', () => {
  test.each<[string, number, string]>([
    ['', 1, 'a system call, `<...`, `---` or `+++`'], ['8     ', 7, 'a system call, `<...`, `---` or `+++`'], ['8     *', 7, 'a system call, `<...`, `---` or `+++`'],
    ['8     close', 12, '`(`'], ['8     close(3)', 15, 'a blank'], ['8     close(3) ', 16, '`= `'], ['8     close(3) = ', 18, 'a number'], ['8     close(3) = -1 EBADF', 26, '` `'],
    ['8     close(3) = -1 EBADF ', 27, '`(`'], ['8     close(3) = -1 EBADF (Bad', 31, '`)`'], ['8     close(3) = 0 <', 21, 'a duration'], ['8     close(3) = 0 <0', 22, '`.`'],
    ['8     close(3) = 0 <0.1', 24, '`>`'], ['8     close(3) = 0 x', 19, 'the end of the line'], ['8     close(3) = 0x802 (flags O_RDWR', 37, '`)`'],
    ['8     poll([], 0) = 1 ([{fd=4)', 30, '`, ` or `}`'], ['8     poll([], 0) = 1 (in [4] out [5])', 30, '`, `'], ['8     <... close', 17, '` resumed>`'], ['8     <... 9', 12, 'the name of a system call'],
    ['8     --- ', 11, 'the name of a signal'], ['8     --- SIGCHLD ', 19, '`{`'], ['8     --- SIGCHLD {} --', 21, '` ---`'], ['8     +++ gone', 11, '`exited with`, `killed by` or `superseded by`'],
    ['8     +++ exited with x', 23, 'an exit status'], ['8     +++ exited with 0', 24, '` +++`'], ['8     06:12:3x close(3) = 0', 7, 'a system call, `<...`, `---` or `+++`'], ['8     close(3) = ? E', 21, '` `'],
  ])('%s', (text, column, expected) => {
    const error = errorOf(() => parseLine(text, 7, undefined, 'x.log'));
    expect([error.file, error.line, error.column, error.expected]).toEqual(['x.log', 7, column, expected]);
    expect(error.message).toBe(`x.log:7:${column}: expected ${expected}, found ${error.found}`);
  });

  test('a log that began with thread ids and times goes on with them', () => {
    const format = detectFormat('8     1795414662.979404 close(3) = 0');
    expect(errorOf(() => parseLine('close(3) = 0', 2, format)).expected).toBe('a thread id');
    expect(errorOf(() => parseLine('8     close(3) = 0', 2, format)).expected).toBe('a time like 1795414662.979404');
    expect(errorOf(() => parseLine('8     1795414662 close(3) = 0', 2, format)).expected).toBe('`.`');
    expect(errorOf(() => parseLine('8close(3) = 0', 2, format)).expected).toBe('a blank');
    const clock = detectFormat('8     06:12:35 close(3) = 0');
    expect(errorOf(() => parseLine('8     06:1x close(3) = 0', 2, clock)).expected).toBe('`:`');
  });

  test('where results have durations, every result has one', () => {
    const format = { ...detectFormat('8     close(3) = 0'), durations: true };
    expect(errorOf(() => parseLine('8     read(3, "", 1) = 1', 2, format))).toMatchObject({ column: 25, expected: '` <`' });
    expect(errorOf(() => parseLine('8     read(3, "", 1) = 1 <0.1>', 2, { ...format, durations: false })).expected).toBe('the end of the line');
    expect(parseLine('8     exit_group(0) = ?', 2, format)).toMatchObject({ type: 'whole' });
  });
});
