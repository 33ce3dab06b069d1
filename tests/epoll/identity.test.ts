/** What an item is: one number of one open file. dup, close, re-use of numbers. Facts F73, F74, F76. */

import { holds } from './fixture.js';

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
