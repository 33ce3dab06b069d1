/** User memory: copies that fault in the middle, pointers that are no good, pages that come later, vectors. */

import * as fc from 'fast-check';
import {
  absent_page, access_ok, bad_pointer, copy_from_user, copy_to_user, fault_in, get_user_s64, get_user_u32, iov_iter, is_absent, kernel_pointer,
  page_present, put_user_s64, put_user_u16, put_user_u32, user_memory,
} from '../../src/kernel/uaccess.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { machine, mem, run, task } from '../kit.js';

const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i + 1);

test('NULL passes the address check and no copy; a kernel address passes neither', () => {
  expect([access_ok(null), access_ok(bad_pointer()), access_ok(kernel_pointer())]).toEqual([true, true, false]);
  for (const pointer of [null, bad_pointer(), kernel_pointer()]) {
    expect(copy_to_user(pointer, 0, bytes(4), 0, 4)).toBe(4);
    expect(copy_from_user(new Uint8Array(4), 0, pointer, 0, 4)).toBe(4);
    expect([put_user_u32(pointer, 0, 1), put_user_u16(pointer, 0, 1), put_user_s64(pointer, 0, 1)]).toEqual([false, false, false]);
    expect([get_user_u32(pointer, 0), get_user_s64(pointer, 0)]).toEqual([null, null]);
  }
});

test('a copy stops at the byte that faults and says how many were not copied', () => {
  const memory = new user_memory(new Uint8Array(8), 5);
  expect(copy_to_user(memory, 2, bytes(6), 0, 6)).toBe(3);
  expect([...memory.bytes]).toEqual([0, 0, 1, 2, 3, 0, 0, 0]);
  const to = new Uint8Array(6);
  expect(copy_from_user(to, 1, memory, 3, 4)).toBe(2);
  expect([...to]).toEqual([0, 2, 3, 0, 0, 0]);
});

test('long and short copies do the same', () => {
  fc.assert(fc.property(fc.nat(200), fc.nat(200), fc.nat(20), (n, faultAt, at) => {
    const memory = new user_memory(new Uint8Array(256), faultAt);
    const left = copy_to_user(memory, at, bytes(n), 0, n);
    expect(left).toBe(n - Math.max(0, Math.min(n, faultAt - at)));
    expect([...memory.bytes.subarray(at, at + n - left)]).toEqual([...bytes(n - left)]);
    expect(memory.bytes.subarray(at + n - left).every((byte) => byte === 0)).toBe(true);
  }));
});

test('numbers are stored little-endian, or not at all when they would reach the faulting byte', () => {
  const memory = new user_memory(new Uint8Array(12), 10);
  expect(put_user_u32(memory, 0, 0x80000001 | 0)).toBe(true);
  expect([...memory.bytes.subarray(0, 4)]).toEqual([1, 0, 0, 0x80]);
  expect(get_user_u32(memory, 0)).toBe(0x80000001 | 0);
  expect([put_user_u32(memory, 7, -1), put_user_u16(memory, 9, -1)]).toEqual([false, false]);
  expect(memory.bytes[9]).toBe(0);
});

test('64-bit numbers come back as they went in, exactly up to 2^53', () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => {
    const memory = mem(8);
    expect(put_user_s64(memory, 0, value)).toBe(true);
    expect(get_user_s64(memory, 0)).toBe(value);
    expect(new DataView(memory.bytes.buffer).getBigInt64(0, true)).toBe(BigInt(value));
  }));
});

test('a copy to an absent page waits until the page is there, a copy in front of it does not', () => {
  const k = machine();
  const memory = mem(24);
  memory.absent = new absent_page(k.new_id(), 12);
  const log: string[] = [];
  task(k, 'copier', function* (): Sleeps<void> {
    expect([is_absent(memory, 0), is_absent(memory, 12)]).toEqual([false, true]);
    yield* fault_in(k, memory, 0);
    log.push('first half');
    yield* fault_in(k, memory, 12);
    log.push('second half');
    expect(is_absent(memory, 12)).toBe(false);
  });
  task(k, 'pager', function* (): Sleeps<void> {
    log.push('the page comes');
    page_present(k, memory.absent!);
    if (k.preempt) yield* fault_in(k, null, 0);
  });
  run(k);
  expect(log).toEqual(['first half', 'the page comes', 'second half']);
});

test('a cursor over a vector fills its pieces one after the other, empty ones included', () => {
  const pieces = [mem(0), mem(2), mem(0), mem(3)];
  const iter = iov_iter.vector(pieces.map((base) => ({ base, len: base.bytes.length })));
  expect(iter.count).toBe(5);
  expect(iter.copy_to(bytes(9), 0, 9)).toBe(5);
  expect(pieces.map(({ bytes: b }) => [...b])).toEqual([[], [1, 2], [], [3, 4, 5]]);
  expect([iter.count, iter.copy_to(bytes(1), 0, 1)]).toEqual([0, 0]);
});

test('a cursor stops at the byte that faults', () => {
  const second = new user_memory(new Uint8Array(4), 1);
  const iter = iov_iter.vector([{ base: mem(2), len: 2 }, { base: second, len: 4 }]);
  expect(iter.copy_to(bytes(6), 0, 6)).toBe(3);
  expect([iter.count, iter.copy_to(bytes(1), 0, 1)]).toEqual([3, 0]);
});

/** Copies, skips and steps back in any order over any pieces are the same as over one array. */
test('a cursor over any vector is a cursor over one array', () => {
  const move = fc.tuple(fc.constantFrom('copy_to', 'copy_from', 'advance', 'revert'), fc.nat(12));
  fc.assert(fc.property(fc.array(fc.nat(7), { maxLength: 6 }), fc.array(move, { maxLength: 20 }), (lengths, moves) => {
    const pieces = lengths.map((n) => mem(n));
    const iter = iov_iter.vector(pieces.map((base) => ({ base, len: base.bytes.length })));
    const total = lengths.reduce((sum, n) => sum + n, 0);
    const flat = new Uint8Array(total);
    let at = 0;
    let stamp = 0;
    for (const [what, n] of moves) {
      const there = Math.min(n, total - at);
      if (what === 'copy_to') {
        const source = Uint8Array.from({ length: n }, () => ++stamp & 0xff);
        expect(iter.copy_to(source, 0, n)).toBe(there);
        flat.set(source.subarray(0, there), at);
        at += there;
      } else if (what === 'copy_from') {
        const to = new Uint8Array(n);
        expect(iter.copy_from(to, 0, n)).toBe(there);
        expect([...to.subarray(0, there)]).toEqual([...flat.subarray(at, at + there)]);
        at += there;
      } else if (what === 'advance') {
        iter.advance(n);
        at += there;
      } else {
        const back = Math.min(n, at);
        iter.revert(back);
        at -= back;
      }
      expect(iter.count).toBe(total - at);
    }
    expect(pieces.flatMap(({ bytes: b }) => [...b])).toEqual([...flat]);
  }), { numRuns: 500 });
});
