/** What an item is: one number of one open file. dup, close, fork, re-use of numbers. Facts F73 to F76. */

import { simulate } from '../kit.js';
import { fork, msleep, wait as waitForChild } from '../kernel/proc.js';
import { add, close, ctl, DEL, efd, epoll, ev, holds, IN, post, wait } from './fixture.js';

test('F73: closing one of two numbers of a file leaves both items, and the closed number cannot be removed', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    b = dup a
    ctl e ADD a IN as first
    ctl e ADD b IN as second
    close b
    add a
    wait e -> second:IN first:IN
    ctl e DEL b -> EBADF
    fdinfo e -> a/first:19 b/second:19
  `);
});

test('F73: a number that stands for another file now is another item, and the old one comes back with its file', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    b = dup a
    ctl e ADD b IN as old
    close b
    b = eventfd2
    ctl e MOD b IN -> ENOENT
    ctl e DEL b -> ENOENT
    ctl e ADD b IN as fresh
    fdinfo e -> b/fresh:19 b/old:19
    wait e -> old:IN
    add b
    wait e -> old:IN fresh:IN
    dup2 a b
    fdinfo e -> b/old:19
    ctl e MOD b IN as renamed
    wait e -> renamed:IN
    ctl e DEL b -> 0
    fdinfo e -> none
    wait e -> 0
  `);
});

test('F74: the last close of a file takes its items away, and their events with them', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    b = dup a
    ctl e ADD a IN
    ctl e ADD b IN
    close a
    wait e -> a:IN b:IN
    close b
    wait e -> 0
    fdinfo e -> none
  `);
});

test('F75: a child closes its copy of the watched file, and the parent is still told', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const a = yield* efd(k);
    yield* add(k, e, a, IN);
    const child = yield* fork(k, function* () {
      expect(yield* close(k, a)).toBe(0);
    });
    expect(yield* waitForChild(k)).toEqual([child, 0]);
    yield* post(k, a);
    expect(yield* wait(k, e)).toEqual([ev(a, IN)]);
  });
});

test('F75: what a child removes is gone for the parent', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const a = yield* efd(k, 1);
    yield* add(k, e, a, IN);
    yield* fork(k, function* () {
      expect(yield* ctl(k, e, DEL, a, 0)).toBe(0);
    });
    yield* waitForChild(k);
    expect(yield* wait(k, e)).toEqual([]);
    yield* add(k, e, a, IN);
  });
});

test('F75: a file that a child still holds is reported after the parent closed it, until the child ends', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const a = yield* efd(k, 1);
    yield* add(k, e, a, IN);
    yield* fork(k, function* () {
      expect(yield* msleep(k, 100)).toBe(0);
    });
    expect(yield* close(k, a)).toBe(0);
    expect(yield* wait(k, e)).toEqual([ev(a, IN)]);
    yield* waitForChild(k);
    expect(yield* wait(k, e)).toEqual([]);
  });
});

test('F76: duplicates of an epoll descriptor share the set', () => {
  holds(`
    e = epoll_create1
    f = dup e
    a = eventfd2 1
    ctl e ADD a IN
    ctl f ADD a IN -> EEXIST
    close e
    wait f -> a:IN
    ctl f DEL a
    wait f -> 0
  `);
});
