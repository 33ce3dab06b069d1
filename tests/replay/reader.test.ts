/** Whole logs: halves of calls joined, looking ahead, torn ends, errors. */

import { type Call, type LogEvent, StraceReader, findLongCalls, parseLine, printValue, readEvents } from '../../src/replay/index.js';
import { errorOf, eventsOf, short } from './support.js';

const text = (...lines: string[]): string => lines.map(line => `${line}\n`).join('');
const argsOf = (call: Call): string => call.args.map(printValue).join(', ');

/** Reads `log` and gives what the arguments of each call were when it was entered. */
function atEntry(log: string, window: number, twice = false): string[] {
  const out: string[] = [];
  const longCalls = twice ? findLongCalls([log], window) : new Map<number, null>();
  for (const event of readEvents([log], { window, longCalls })) {
    if (event.type === 'enter') out.push(`${event.call.name}(${argsOf(event.call)})${event.call.argsComplete ? '' : '?'}`);
  }
  return out;
}

describe('calls', () => {
  test('a whole call is an entry and an exit of the same line', () => {
    const events = eventsOf(text('8     1795414662.000001 close(3) = 0 <0.000002>'));
    expect(short(events)).toEqual(['enter close@1', 'exit close@1']);
    expect(events.map(event => event.type !== 'torn' && event.timeNs)).toEqual([1000, 3000]);
  });

  test('two halves are one call, entered and left in its lines', () => {
    const events = eventsOf(text('8     read(3,  <unfinished ...>', '9     close(4) = 0', '8     <... read resumed>"x", 8) = 1'));
    expect(short(events)).toEqual(['enter read@1', 'enter close@2', 'exit close@2', 'exit read@3']);
    const call = (events[0] as Extract<LogEvent, { type: 'enter' }>).call;
    expect((events[3] as Extract<LogEvent, { type: 'exit' }>).call).toBe(call);
    expect([argsOf(call), call.entryLine, call.exitLine, call.result!.value]).toEqual(['3, "x", 8', 1, 3, 1]);
  });

  test.each<[string, string, string]>([
    ['clone(child_stack=NULL, flags=SIGCHLD', ', child_tidptr=0x7f)', 'child_stack=NULL, flags=SIGCHLD, child_tidptr=0x7f'],
    ['clone3({flags=CLONE_VM}', ' => {parent_tid=[24]}, 88)', '{flags=CLONE_VM} => {parent_tid=[24]}, 88'],
    ['clone3({flags=CLONE_VM}', ' => {parent_tid=[24]})', '{flags=CLONE_VM} => {parent_tid=[24]}'],
    ['ioctl(3, FIONBIO', ', [0])', '3, FIONBIO, [0]'], ['pipe2( ', '[3, 4], 0)', '[3, 4], 0'], ['vfork( ', ')', ''], ['close(3', ')', '3'],
    ['ioctl(3, SIOCGIFADDR, {ifr_name="lo"', ', ifr_addr={sa_family=AF_INET}})', '3, SIOCGIFADDR, {ifr_name="lo", ifr_addr={sa_family=AF_INET}}'],
    ['f([1, ', '2], 3)', '[1, 2], 3'], ['f([{a=1}', ', {a=2}], "x")', '[{a=1}, {a=2}], "x"'],
  ])('%s ... %s', (first, rest, args) => {
    const name = first.slice(0, first.indexOf('('));
    const blank = first.endsWith('( ') ? '' : ' ';
    const [enter, exit] = eventsOf(text(`8     ${first}${blank}<unfinished ...>`, `8     <... ${name} resumed>${rest} = 5`));
    expect(enter).toMatchObject({ type: 'enter', call: { argsComplete: true } });
    expect(exit).toMatchObject({ type: 'exit', result: { value: 5 } });
    expect(argsOf((exit as Extract<LogEvent, { type: 'exit' }>).call)).toBe(args);
  });

  test('a call that was ended from outside has the arguments of its first half', () => {
    const [, exit] = eventsOf(text('8     read(3,  <unfinished ...>', '8     <... read resumed> <unfinished ...>) = ?'));
    expect(exit).toMatchObject({ type: 'exit', result: { kind: 'none' }, call: { args: [{ value: 3 }], argsComplete: false, settled: true } });
    const [, gone] = eventsOf(text('8     epoll_wait(3,  <unfinished ...>', '8     <... epoll_wait resumed>) = ? <unavailable>'));
    expect(gone).toMatchObject({ call: { argsComplete: false } });
  });

  test('a thread that ends inside a call settles it', () => {
    const events = eventsOf(text('8     pause( <unfinished ...>', '8     +++ killed by SIGKILL +++', '9     close(3) = 0'));
    expect(short(events)).toEqual(['enter pause@1', 'end@2', 'enter close@3', 'exit close@3']);
    expect(events[0]).toMatchObject({ call: { exitLine: 0, result: null, settled: true } });
  });

  test('the execve of another thread ends under the id of the leader', () => {
    const events = eventsOf(text(
      '24    clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=3, tv_nsec=0},  <unfinished ...>', '26    execve("/x", ["x"], 0x7f /* 4 vars */ <unfinished ...>',
      '24    <... clock_nanosleep resumed> <unfinished ...>) = ?', '24    +++ superseded by execve in pid 26 +++', '24    <... execve resumed>) = 0', '24    close(3) = 0',
    ));
    expect(short(events)).toEqual(['enter clock_nanosleep@1', 'enter execve@2', 'exit clock_nanosleep@3', 'superseded@4', 'exit execve@5', 'enter close@6', 'exit close@6']);
    expect(events[4]).toMatchObject({ pid: 24, call: { pid: 26, name: 'execve', result: { value: 0 } } });
  });
});

describe('looking ahead', () => {
  const log = text('8     epoll_wait(4,  <unfinished ...>', '9     close(5) = 0', '9     close(6) = 0', '8     <... epoll_wait resumed>[], 8, 100) = 0');

  test('arguments are complete when the call is entered', () => {
    expect(atEntry(log, 100)).toEqual(['epoll_wait(4, [], 8, 100)', 'close(5)', 'close(6)']);
  });

  test('without a window an entry is given at once, with what is known', () => {
    const reader = new StraceReader({ window: 0 });
    reader.push(log.slice(0, log.indexOf('\n') + 1));
    expect(reader.next()).toMatchObject({ type: 'enter', call: { args: [{ value: 4 }], argsComplete: false } });
    expect(reader.next()).toBeNull();
  });

  test('with a window an entry is held back until its exit, or until the window is full', () => {
    const reader = new StraceReader({ window: 4 });
    const lines = log.split('\n').map(line => `${line}\n`);
    reader.push(lines[0]!);
    expect(reader.next()).toBeNull();
    reader.push(lines[1]!);
    expect(reader.next()).toBeNull();
    reader.push(lines[2]!);
    expect(reader.next()).toMatchObject({ type: 'enter', call: { argsComplete: false } });
    expect(short([reader.next()!, reader.next()!, reader.next()!, reader.next()!])).toEqual(['enter close@2', 'exit close@2', 'enter close@3', 'exit close@3']);
    expect(reader.next()).toBeNull();
  });

  test('a call longer than the window is complete when the log is read twice', () => {
    const closes = Array.from({ length: 50 }, (_, i) => `9     close(${i}) = -1 EBADF (Bad file descriptor)`);
    const long = text(
      '8     wait4(-1,  <unfinished ...>', '7     ioctl(3, SIOCGIFADDR, {ifr_name="lo" <unfinished ...>', '6     pause( <unfinished ...>', '24    pause( <unfinished ...>', '26    execve("/x" <unfinished ...>', ...closes,
      '24    +++ superseded by execve in pid 26 +++', '24    <... execve resumed>, [], 0x7f /* 4 vars */) = 0', '7     <... ioctl resumed>, ifr_addr=1}) = 0', '8     <... wait4 resumed>NULL, WNOHANG, NULL) = 9',
    );
    expect(atEntry(long, 8).slice(0, 5)).toEqual(['wait4(-1)?', 'ioctl(3, SIOCGIFADDR, {ifr_name="lo", ...})?', 'pause()?', 'pause()?', 'execve("/x")?']);
    expect(atEntry(long, 8, true).slice(0, 5)).toEqual(['wait4(-1, NULL, WNOHANG, NULL)', 'ioctl(3, SIOCGIFADDR, {ifr_name="lo", ifr_addr=1})', 'pause()?', 'pause()?', 'execve("/x", [], 0x7f /* 4 vars */)']);
    expect(short(eventsOf(long, { window: 8, longCalls: findLongCalls([long], 8) }))).toEqual(short(eventsOf(long)));
    const chars = long.split('');
    expect(findLongCalls(chars, 8)).toEqual(findLongCalls([long], 8));
  });

  test('a window of many events is given in order', () => {
    const closes = Array.from({ length: 6000 }, (_, i) => `9     close(${i}) = 0`);
    const long = text('8     pause( <unfinished ...>', ...closes, '8     <... pause resumed>) = ? ERESTARTNOHAND (To be restarted if no handler)', '9     pause( <unfinished ...>');
    const lines = [...readEvents([long], { window: 20000 })].map(event => event.line);
    expect(lines).toEqual([1, ...closes.flatMap((_, i) => [i + 2, i + 2]), 6002, 6003]);
  });

  test('only the calls beyond the window are remembered in the first reading', () => {
    expect([...findLongCalls([log], 100)]).toEqual([]);
    expect([...findLongCalls([log], 3)]).toEqual([[1, { text: '[], 8, 100) = 0', line: 4, column: 31 }]]);
  });
});

describe('pieces', () => {
  const log = text('8     06:12:35 read(3,  <unfinished ...>', '9     06:12:35 close(4) = 0', '8     06:12:36 <... read resumed>"x\\n", 8) = 2', '8     06:12:36 +++ exited with 0 +++');

  test.each([1, 2, 3, 7, 31, 1000])('of %d characters read like the whole', size => {
    const pieces = Array.from({ length: Math.ceil(log.length / size) }, (_, i) => log.slice(i * size, (i + 1) * size));
    expect([...readEvents(pieces)]).toEqual(eventsOf(log));
  });

  test('many may be pushed before the first event is asked for', () => {
    const reader = new StraceReader();
    for (const c of log) reader.push(c);
    reader.push('');
    reader.end();
    const events: LogEvent[] = [];
    for (let event = reader.next(); event !== null; event = reader.next()) events.push(event);
    expect(events).toEqual(eventsOf(log));
    expect([reader.lines, reader.format.time]).toEqual([4, 'clock']);
  });

  test('lines that end like those of Windows', () => {
    expect(eventsOf(log.replaceAll('\n', '\r\n'))).toEqual(eventsOf(log));
  });

  test('an empty log has no events', () => {
    expect(eventsOf('')).toEqual([]);
  });
});

test('times of day go on after midnight', () => {
  const events = eventsOf(text('8     23:59:59.500000 close(3) = 0', '8     00:00:01.000000 close(3) = 0', '8     00:00:02.000000 close(3) = 0'));
  expect(events.filter(e => e.type === 'enter').map(e => e.timeNs)).toEqual([5e8, 2e9, 3e9]);
});

test('times since the line before are added up', () => {
  const events = eventsOf(text('8          0.000000 close(3) = 0', '8          0.000130 close(3) = 0', '8          1.000002 close(3) = 0'));
  expect(events.filter(e => e.type === 'enter').map(e => e.timeNs)).toEqual([0, 130000, 1000132000]);
});

describe('the last line', () => {
  test('cut inside, it is reported as torn, after everything before it', () => {
    const events = eventsOf(`${text('8     read(3,  <unfinished ...>', '9     close(4) = 0')}8     <... read resumed>"mm`);
    expect(short(events)).toEqual(['enter read@1', 'enter close@2', 'exit close@2', 'torn@3']);
    expect(events[3]).toEqual({ type: 'torn', line: 3, column: 28, text: '8     <... read resumed>"mm', expected: '`"`' });
    expect(events[0]).toMatchObject({ call: { result: null, exitLine: 0, settled: true } });
  });

  test('without a line feed it counts when nothing can be missing', () => {
    expect(short(eventsOf('8     close(4) = 0 <0.000019>'))).toEqual(['enter close@1', 'exit close@1']);
    expect(short(eventsOf('8     close(4) = -1 EBADF (Bad file descriptor)'))).toEqual(['enter close@1', 'exit close@1']);
    expect(short(eventsOf('8     pause( <unfinished ...>'))).toEqual(['enter pause@1']);
    expect(short(eventsOf('8     +++ exited with 0 +++'))).toEqual(['end@1']);
  });

  test('a number or a question mark without a line feed may have gone on', () => {
    expect(eventsOf('8     read(4, "", 16) = 1')).toEqual([{ type: 'torn', line: 1, column: 26, text: '8     read(4, "", 16) = 1', expected: 'the end of the line' }]);
    expect(short(eventsOf('8     read(4, 0x7f, 16) = ?'))).toEqual(['torn@1']);
    const half = `${text('8     read(4,  <unfinished ...>')}8     <... read resumed>"", 16) = 0`;
    expect(eventsOf(half)).toMatchObject([{ type: 'enter', call: { result: null, argsComplete: false } }, { type: 'torn', line: 2 }]);
  });

  test('where results have durations, one without is torn', () => {
    const events = eventsOf(`${text('8     close(4) = 0 <0.000019>')}8     accept(3, NULL, NULL) = 5<TCP:[1]>`);
    expect(events.at(-1)).toMatchObject({ type: 'torn', column: 41, expected: '` <`' });
  });

  test('the second half of a call cut inside an argument may be torn', () => {
    const events = eventsOf(`${text('8     ioctl(3, SIOCGIFADDR, {ifr_name="lo" <unfinished ...>')}8     <... ioctl resumed>, ifr_addr={sa_`);
    expect(events.at(-1)).toMatchObject({ type: 'torn', line: 2, column: 41 });
  });
});

describe('a line that cannot be read', () => {
  test('stops the reading, after the events of the lines before it', () => {
    const reader = new StraceReader({ file: 'x.log' });
    reader.push(text('8     read(3,  <unfinished ...>', '9     close(4) = 0', '9     close(', '9     close(5) = 0'));
    reader.end();
    expect(short([reader.next()!, reader.next()!, reader.next()!])).toEqual(['enter read@1', 'enter close@2', 'exit close@2']);
    const error = errorOf(() => reader.next());
    expect([error.file, error.line, error.column, error.expected]).toEqual(['x.log', 3, 13, 'a value']);
    expect(errorOf(() => reader.next())).toBe(error);
  });

  test.each<[string, string[], number, number, string]>([
    ['a second half without a first', ['8     <... read resumed>"", 1) = 0'], 1, 1, 'a call that thread 8 has entered'],
    ['a second half of another call', ['8     read(3,  <unfinished ...>', '8     <... write resumed>) = 0'], 2, 12, 'read, which thread 8 has entered in line 1'],
    ['a call inside a call', ['8     read(3,  <unfinished ...>', '8     close(3) = 0'], 2, 1, 'the rest of read, which thread 8 has entered in line 1'],
    ['a first half inside a call', ['8     read(3,  <unfinished ...>', '8     read(4,  <unfinished ...>'], 2, 1, 'the rest of read, which thread 8 has entered in line 1'],
    ['halves without a comma between them', ['8     read(3 <unfinished ...>', '8     <... read resumed>4) = 0'], 2, 25, '`, `'],
    ['halves with two commas between them', ['8     read(3,  <unfinished ...>', '8     <... read resumed>, 4) = 0'], 2, 25, 'a value'],
    ['a comma with nothing behind it', ['8     read(3 <unfinished ...>', '8     <... read resumed>, ) = 0'], 2, 27, 'a value'],
    ['halves that close different things', ['8     f({a=1 <unfinished ...>', '8     <... f resumed>, b=2]) = 0'], 2, 27, '`, ` or `}`'],
    ['an empty line', ['8     close(3) = 0', '', '8     close(3) = 0'], 2, 1, 'a thread id'],
  ])('%s', (_, lines, line, column, expected) => {
    const error = errorOf(() => eventsOf(text(...lines)));
    expect([error.line, error.column, error.expected]).toEqual([line, column, expected]);
  });

  test('far ahead, it is reported in its turn', () => {
    const closes = Array.from({ length: 20 }, () => '9     close(3) = 0');
    const log = text('8     read(3,  <unfinished ...>', ...closes, '8     <... read resumed>!, 4) = 0');
    const seen: LogEvent[] = [];
    const error = errorOf(() => {
      for (const event of readEvents([log], { window: 4, longCalls: findLongCalls([log], 4) })) seen.push(event);
    });
    expect([error.line, error.column, seen.length]).toEqual([22, 25, 41]);
  });
});

test('a single line needs no reader', () => {
  expect(parseLine('close(3) = 0', 12)).toMatchObject({ type: 'whole', line: 12, pid: 0 });
});
