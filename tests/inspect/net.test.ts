/**
 * Views of sockets: buffers with their limits, the other side of a pair, files that travel, addresses.
 */

import { inspect } from '../../src/inspect/inspector.js';
import { machineText } from '../../src/inspect/text.js';
import { checkInvariants } from '../../src/inspect/invariants.js';
import { mem, sys } from '../kit.js';
import { stopped } from './fixture.js';

test('a Unix pair is shown with what waits to be read, and who is charged for it', () => {
  const k = stopped(function* (kernel) {
    yield* sys(kernel, 'socketpair', 1, 1, 0, mem(8));
    yield* sys(kernel, 'write', 0, mem(10), 10);
  });
  checkInvariants(k);
  const [a, b] = inspect(k).sockets;
  expect(a).toMatchObject({ kind: 'unix stream', state: 'ESTABLISHED', peer: b!.name, rcv: { bytes: 0 }, shutdown: '-', error: null });
  expect(b).toMatchObject({ rcv: { bytes: 10, buffers: 1, limit: 212992, lowat: 1 } });
  expect(a!.snd.used).toBeGreaterThan(10);
  const text = machineText(inspect(k));
  expect(text).toMatch(/sock#\d+ ESTABLISHED -->sock#\d+ rcv=10\/212992 snd=0\/212992 mask=IN\|OUT\|RDNORM\|WRNORM\|WRBAND/);
});

test('the other side of a pair is shown also when its descriptor is closed and it hung up', () => {
  const k = stopped(function* (kernel) {
    yield* sys(kernel, 'socketpair', 1, 1, 0, mem(8));
    yield* sys(kernel, 'close', 1);
  });
  checkInvariants(k);
  const view = inspect(k);
  expect(view.sockets[0]).toMatchObject({ shutdown: 'RCV|SEND' });
  expect(view.files[0]!.mask).toBe('IN|OUT|HUP|RDNORM|WRNORM|WRBAND|RDHUP');
});
