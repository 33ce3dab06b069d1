/** Properties: what is printed is read again; a damaged log loses nothing before the damage; pieces do not matter. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { ELIDED, FdValue, type LogEvent, NULL, type NumberValue, StraceError, StringValue, type Value, printValue, readEvents, withComment } from '../../src/replay/index.js';
import { eventsOf, short, valuesOf } from './support.js';

const logOf = (name: string): string => readFileSync(join(process.cwd(), `tests/conformance/strace/${name}.log`), 'latin1');
/** Small logs of every format: -yy -T, without -yy, times of day, no times. */
const LOGS = ['ghost', 'threads', 'libev', 'libevent-et', 'beanstalkd'].map(logOf);
const aLog = fc.constantFrom(...LOGS);

const narrow = (value: bigint): number | bigint =>
  (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value);
const number = (base: 8 | 10 | 16, min: bigint): fc.Arbitrary<NumberValue> =>
  fc.bigInt({ min, max: (1n << 64n) - 1n }).map(value => ({ kind: 'number', value: narrow(value), base, comment: '' }));
const aNumber = fc.oneof(number(10, -(1n << 63n)), number(16, 0n), number(8, 0n));
const aSmall = fc.nat({ max: 5000 }).map((value): NumberValue => ({ kind: 'number', value, base: 10, comment: '' }));

const aName = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/).filter(name => name !== 'NULL');
const aWord = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const oneName = aName.map((name): Value => ({ kind: 'flags', names: [name], rest: null, comment: '' }));
const aFlags = fc.record({
  kind: fc.constant('flags' as const), names: fc.array(aName, { minLength: 1, maxLength: 4 }),
  rest: fc.option(fc.oneof(number(16, 0n), number(10, 0n), number(8, 0n))), comment: fc.constant(''),
});

const ESCAPED = ['\\n', '\\t', '\\r', '\\v', '\\f', '\\"', '\\\\', '\\0', '\\177', '\\377', '\\x0a'];
const aByte = fc.oneof(fc.constantFrom(...ESCAPED), fc.integer({ min: 0x20, max: 0x7e }).map(c => String.fromCharCode(c)).filter(c => c !== '"' && c !== '\\'));
const aString = fc.tuple(fc.array(aByte), fc.boolean()).map(([bytes, elided]) => {
  const clean = bytes.map((byte, i) => (byte === '\\0' && /^[0-7]$/.test(bytes[i + 1] ?? '') ? '\\000' : byte));
  return new StringValue(clean.join(''), clean.length, elided);
});

const aFd = fc.oneof(
  fc.tuple(fc.nat(), fc.constantFrom('TCP:[127.0.0.1:7004->127.0.0.1:58934]', 'TCPv6:[[::1]:8087->[::1]:59864]', 'pipe:[17]', '/dev/null<char 1:3>', '/tmp/x/a-', 'pid:9', 'UNIX-STREAM:[1->2]'), fc.boolean())
    .map(([fd, about, deleted]) => new FdValue(fd, '', about, deleted)),
  fc.constant(new FdValue(-100, 'AT_FDCWD', '/tmp/x', false)),
);

const anAddress = aWord.map((name): Value => ({ kind: 'address', name, comment: '' }));
const plain = (kind: 'product' | 'status') => (kind === 'product'
  ? fc.tuple(aSmall, aSmall).map(([left, right]): Value => ({ kind: 'operation', op: '*', left, right, comment: '' }))
  : fc.tuple(aName, aName, fc.oneof(aSmall, oneName)).map(([a, b, right]): Value => {
    const s: Value = { kind: 'flags', names: ['s'], rest: null, comment: '' };
    const macro = (name: string): Value => ({ kind: 'macro', name, args: [s], comment: '' });
    return { kind: 'operation', op: '&&', left: macro(a), right: { kind: 'operation', op: '==', left: macro(b), right, comment: '' }, comment: '' };
  }));

const commented = (values: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.tuple(values, fc.option(fc.stringMatching(/^[\w.?][\w .?(){}",]{0,9}[\w.?]$/), { freq: 6 })).map(([value, comment]) => (comment === null ? value : withComment(value, comment)));

const { value: aValue } = fc.letrec<{ value: Value; item: Value }>(tie => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true },
    commented(fc.oneof<fc.Arbitrary<Value>[]>(aNumber, aSmall, aFlags, aString, aFd, plain('product'), plain('status'), fc.constant(NULL), anAddress)),
    commented(fc.tuple(aName, fc.array(tie('value'), { maxLength: 3 })).map(([name, args]): Value => ({ kind: 'macro', name, args, comment: '' }))),
    commented(fc.tuple(fc.array(fc.tuple(fc.oneof(aWord, fc.constant('c_cc[VMIN]')), tie('value')), { maxLength: 4 }), fc.boolean()).map(([fields, elided]): Value =>
      ({ kind: 'struct', names: fields.map(([name]) => name), values: fields.map(([, value]) => value), elided, comment: '' }))),
    fc.tuple(fc.array(tie('item'), { maxLength: 4 }), fc.boolean(), fc.boolean()).map(([items, complement, elided]): Value =>
      ({ kind: 'array', items, separator: ',', complement, elided, comment: '' })),
    fc.tuple(fc.array(fc.oneof<fc.Arbitrary<Value>[]>(aSmall, oneName, aFd), { minLength: 2, maxLength: 5 }), fc.boolean()).map(([items, complement]): Value =>
      ({ kind: 'array', items, separator: ' ', complement, elided: false, comment: '' })),
  ),
  item: fc.oneof({ maxDepth: 3 },
    tie('value'),
    fc.tuple(tie('value'), tie('value')).map(([before, after]): Value => ({ kind: 'changed', before, after, comment: '' })),
    fc.tuple(aWord, tie('value')).map(([name, value]): Value => ({ kind: 'field', name, value, comment: '' })),
  ),
}));
const anArgument: fc.Arbitrary<Value> = fc.oneof(
  aValue, fc.tuple(aWord, aValue).map(([name, value]): Value => ({ kind: 'field', name, value, comment: '' })),
  fc.tuple(aValue, aValue).map(([before, after]): Value => ({ kind: 'changed', before, after, comment: '' })), fc.constant(ELIDED),
);

test('arguments that were printed are read as they were', () => {
  fc.assert(fc.property(fc.array(anArgument, { maxLength: 4 }), args => {
    expect(valuesOf(args.map(printValue).join(', '))).toEqual(args);
  }), { numRuns: 500 });
});

test('arguments cut between any two of them and joined again are as they were', () => {
  fc.assert(fc.property(fc.array(anArgument, { minLength: 1, maxLength: 4 }), fc.nat(), fc.boolean(), (args, at, behindComma) => {
    const texts = args.map(printValue);
    const cut = at % (texts.length + 1);
    const comma = cut > 0 && cut < texts.length ? ', ' : '';
    const first = `8     f(${texts.slice(0, cut).join(', ')}${behindComma ? comma : ''} <unfinished ...>`;
    const second = `8     <... f resumed>${behindComma ? '' : comma}${texts.slice(cut).join(', ')}) = 0`;
    const [enter] = eventsOf(`${first}\n${second}\n`);
    expect(enter).toMatchObject({ type: 'enter', call: { argsComplete: true } });
    expect((enter as Extract<LogEvent, { type: 'enter' }>).call.args).toEqual(args);
  }), { numRuns: 300 });
});

test('a log that is cut anywhere loses nothing before the cut, and says so', () => {
  fc.assert(fc.property(aLog, fc.nat(), (log, at) => {
    const cut = at % (log.length + 1);
    const whole = log.slice(0, log.lastIndexOf('\n', cut - 1) + 1);
    const expected = short(eventsOf(whole));
    const events = eventsOf(log.slice(0, cut));
    expect(short(events).slice(0, expected.length)).toEqual(expected);
    const rest = events.slice(expected.length);
    const line = whole.split('\n').length;
    if (cut === whole.length) expect(rest).toEqual([]);
    else if (rest[0]?.type === 'torn') expect(rest).toEqual([{ type: 'torn', line, column: expect.any(Number), text: log.slice(whole.length, cut), expected: expect.any(String) }]);
    else expect(short(rest)).toEqual(short(eventsOf(log)).filter(event => event.endsWith(`@${line}`)));
  }), { numRuns: 60 });
});

test('a character that no log has stops the reading in its line, after all events before it', () => {
  fc.assert(fc.property(aLog, fc.nat(), (log, place) => {
    const at = place % log.length;
    const before = log.slice(0, at);
    const line = before.split('\n').length;
    const column = at - before.lastIndexOf('\n');
    const seen: LogEvent[] = [];
    let error: unknown = null;
    try {
      for (const event of readEvents([`${before}\u0001${log.slice(at)}`])) seen.push(event);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(StraceError);
    expect(error).toMatchObject({ line });
    expect((error as StraceError).column).toBeLessThanOrEqual(column);
    expect(short(seen)).toEqual(short(eventsOf(before.slice(0, before.lastIndexOf('\n') + 1))));
  }), { numRuns: 60 });
});

test('a log reads the same in pieces of any size', () => {
  fc.assert(fc.property(aLog, fc.array(fc.nat({ max: 3000 }), { minLength: 1 }), fc.nat({ max: 40 }), (log, sizes, window) => {
    const pieces: string[] = [];
    for (let at = 0, i = 0; at < log.length; i++) {
      const size = sizes[i % sizes.length]! + 1;
      pieces.push(log.slice(at, at + size));
      at += size;
    }
    expect([...readEvents(pieces, { window })]).toEqual(eventsOf(log));
  }), { numRuns: 20 });
});
