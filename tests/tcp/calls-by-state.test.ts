/** What each call says in each state: recv with nothing queued, send, connect, listen, shutdown, getpeername. Non-blocking; measured on Linux 6.18. */

import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { simulate } from '../kit.js';
import {
  ACK, closeWait, closing, connect, established, FIN, finWait1, finWait2, lastAck, listen, listener, NONBLOCK, portOf, RD, RDWR, recv, refused, RST, send,
  shutdown, SYN, synSent, tcp, WR,
} from './net.js';

type Fixture = (k: Kernel) => Sleeps<number>;
interface Speaker { inject: (segment: { flags: number; ack?: number; seq?: number }) => void }

function then(fixture: (k: Kernel) => Sleeps<readonly [number, unknown]>, segment: { flags: number; ack?: number; seq?: number } | null): Fixture {
  return function* (k) {
    const [fd, peer] = yield* fixture(k);
    if (segment !== null) (peer as Speaker).inject(segment);
    return fd;
  };
}

const again = (k: Kernel, fd: number): Sleeps<number | string> => connect(k, fd, 7, 0x0a000002);

const ROWS: readonly [state: string, make: Fixture, recv: (number | string)[], send: (number | string)[], connect: (number | string)[], listen: number | string, shut: (number | string)[], peer: number | string][] = [
  ['CLOSE, fresh', (k) => tcp(k, NONBLOCK), ['ENOTCONN', 'ENOTCONN'], ['EPIPE SIGPIPE', 'EPIPE SIGPIPE'], ['ENETUNREACH'], 0, ['ENOTCONN', 'ENOTCONN', 'ENOTCONN'], 'ENOTCONN'],
  ['SYN_SENT', then(synSent, null), ['EAGAIN', 'EAGAIN'], ['EAGAIN', 'EAGAIN'], ['EALREADY', 'EALREADY'], 'EINVAL', [0, 0, 0], 'ENOTCONN'],
  ['SYN_RECV', then(synSent, { flags: SYN, seq: 0 }), ['EAGAIN', 'EAGAIN'], ['EAGAIN', 'EAGAIN'], ['EALREADY', 'EALREADY'], 'EINVAL', [0, 0, 0], 7],
  ['LISTEN', (k) => listener(k, 8080, 8, NONBLOCK), ['ENOTCONN', 'ENOTCONN'], ['EPIPE SIGPIPE', 'EPIPE SIGPIPE'], ['EISCONN', 'EISCONN'], 0, [0, 0, 0], 'ENOTCONN'],
  ['ESTABLISHED', then(established, null), ['EAGAIN', 'EAGAIN'], [1, 1], [0, 'EISCONN'], 'EINVAL', [0, 0, 0], 7],
  ['FIN_WAIT1', then(finWait1, null), ['EAGAIN', 'EAGAIN'], ['EPIPE SIGPIPE', 'EPIPE SIGPIPE'], ['EISCONN', 'EISCONN'], 'EINVAL', [0, 0, 0], 7],
  ['FIN_WAIT2', then(finWait2, null), ['EAGAIN', 'EAGAIN'], ['EPIPE SIGPIPE', 'EPIPE SIGPIPE'], ['EISCONN', 'EISCONN'], 'EINVAL', [0, 0, 0], 7],
  ['CLOSE_WAIT', then(closeWait, null), [0, 0], [1, 1], [0, 'EISCONN'], 'EINVAL', [0, 0, 0], 7],
  ['CLOSING', then(closing, null), [0, 0], ['EPIPE SIGPIPE', 'EPIPE SIGPIPE'], ['EISCONN', 'EISCONN'], 'EINVAL', [0, 0, 0], 7],
  ['LAST_ACK', then(lastAck, null), [0, 0], ['EPIPE SIGPIPE', 'EPIPE SIGPIPE'], ['EISCONN', 'EISCONN'], 'EINVAL', [0, 0, 0], 7],
  ['CLOSE, after both FINs', then(finWait2, { flags: FIN | ACK, ack: 2 }), [0, 0], ['EPIPE SIGPIPE', 'EPIPE SIGPIPE'], ['EISCONN', 'EISCONN'], 'EINVAL', ['ENOTCONN', 'ENOTCONN', 'ENOTCONN'], 'ENOTCONN'],
  ['CLOSE, after an RST', then(established, { flags: RST | ACK }), ['ECONNRESET', 0], ['ECONNRESET', 'EPIPE SIGPIPE'], ['ECONNRESET', 'EINPROGRESS'], 'EINVAL', ['ENOTCONN', 'ENOTCONN', 'ENOTCONN'], 'ENOTCONN'],
  ['CLOSE, after an RST in FIN_WAIT1', then(finWait1, { flags: RST | ACK }), ['ECONNRESET', 0], ['ECONNRESET', 'EPIPE SIGPIPE'], ['EISCONN', 'EISCONN'], 'EINVAL', ['ENOTCONN', 'ENOTCONN', 'ENOTCONN'], 'ENOTCONN'],
  ['CLOSE, after an RST in CLOSE_WAIT', then(closeWait, { flags: RST | ACK }), [0, 0], ['EPIPE SIGPIPE', 'EPIPE SIGPIPE'], ['EPIPE', 'EINPROGRESS'], 'EINVAL', ['ENOTCONN', 'ENOTCONN', 'ENOTCONN'], 'ENOTCONN'],
  ['CLOSE, refused', (k) => refused(k), ['ECONNREFUSED', 0], ['ECONNREFUSED', 'EPIPE SIGPIPE'], ['ECONNREFUSED', 'ENETUNREACH'], 'EINVAL', ['ENOTCONN', 'ENOTCONN', 'ENOTCONN'], 'ENOTCONN'],
];

test.each(ROWS)('%s', (_state, make, received, sent, connected, listened, shut, peer) => {
  const each = function* (k: Kernel, call: (k: Kernel, fd: number) => Sleeps<number | string>, times: number): Sleeps<(number | string)[]> {
    const fd = yield* make(k);
    const answers = [];
    for (let i = 0; i < times; i++) answers.push(yield* call(k, fd));
    return answers;
  };
  const asked = (call: (k: Kernel, fd: number) => Sleeps<number | string>, times = 1): (number | string)[] => simulate((k) => each(k, call, times));
  expect(asked(recv, 2)).toEqual(received);
  expect(asked(send, 2)).toEqual(sent);
  expect(asked(again, connected.length)).toEqual(connected);
  expect(asked(listen)).toEqual([listened]);
  expect([RD, WR, RDWR].map((how) => asked((k, fd) => shutdown(k, fd, how))[0])).toEqual(shut);
  expect(asked((k, fd) => portOf(k, fd, 1))).toEqual([peer]);
});
