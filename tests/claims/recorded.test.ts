/** Claims and a real Linux 6.18: the model gives the answers that were recorded there, and where there is one it is asked again. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claims, curveOf, measured, recorded } from '../../src/claims/index.js';
import { ask, recordAll, runReal } from '../conformance/claims/record.js';
import { whyNotLive } from '../live/kernel.js';

const folder = mkdtempSync(join(tmpdir(), 'epollsim-claims-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const why = whyNotLive();
const stories = claims.filter(({ programs }) => programs !== null).map((claim) => [claim.id, claim] as const);

const update = process.env['UPDATE_CLAIMS'] !== undefined;
if (update) {
  test('the claims are recorded', () => {
    expect(why).toBeNull();
    recordAll(folder, join(__dirname, '../../src/claims/recorded.ts'));
  }, 600_000);
} else {
  test.each(stories)('%s: the model answers as the real kernel did', (id, claim) => {
    const full = ask(claim);
    const real = recorded[id]!;
    const { told, why: reason } = real.compared < full.told.compared ? ask(claim, real.compared) : full;
    expect(real).toEqual(reason === '' ? told : { ...told, why: reason });
  });

  test('most calls were compared, and where none was it is said why', () => {
    const rows = stories.map(([id]) => recorded[id]!);
    for (const { compared, why: reason } of rows) expect(compared === 0).toBe(reason !== undefined);
    const sum = (count: (row: (typeof rows)[number]) => number): number => rows.reduce((total, row) => total + count(row), 0);
    expect(sum(({ compared }) => compared) / sum(({ of }) => of)).toBeGreaterThan(0.75);
  });

  test('what select and poll cost grows on the real kernel too, and epoll_wait stays', () => {
    const { series, sizes } = measured['A5']!;
    const growth = (name: string): number => series[name]!.at(-1)! / series[name]![0]!;
    expect(sizes).toEqual(claims.find(({ id }) => id === 'A5')!.curve!.sizes);
    expect([growth('select') > 5, growth('poll') > 5, growth('epoll_wait') < 2]).toEqual([true, true, true]);
  });

  test('the calls of epoll_ctl that LT and ET need are the same on both', () => {
    const model = curveOf(claims.find(({ id }) => id === 'C7')!.curve!);
    for (const name of ['LT: epoll_ctl', 'ET: epoll_ctl']) expect(measured['C7']!.series[name]).toEqual(model[name]);
  });
}

if (why !== null) {
  // oxlint-disable-next-line jest/no-disabled-tests -- only the kernel that is modelled can be asked
  test.skip(`the real kernel is not asked again: ${why}`, () => {});
} else if (!update) {
  test.each(['A1', 'C4', 'D1', 'F15'])('%s: the real kernel is asked again', (id) => {
    const { program } = ask(claims.find((claim) => claim.id === id)!);
    expect(runReal(program!, folder).otherwise).toBe('');
  });
}
