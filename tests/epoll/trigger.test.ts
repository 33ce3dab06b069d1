/** Level-triggered, edge-triggered, one-shot. Facts F25 to F36. */

import { holds } from './fixture.js';

test('F25: a level-triggered item is reported again and again until it is read', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    ctl e ADD a IN
    wait e -> a:IN
    wait e -> a:IN
    wait e -> a:IN
    take a -> 1
    wait e -> 0
  `);
});

test('F26: an edge-triggered item is reported once for each write, drained or not', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    ctl e ADD a IN|ET
    wait e -> a:IN
    wait e -> 0
    add a 1
    wait e -> a:IN
    wait e -> 0
  `);
});

test('F27: edges between two waits are one event, and one that is over is none', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    ctl e ADD a IN|ET
    add a 1
    add a 1
    add a 1
    wait e -> a:IN
    wait e -> 0
    take a -> 3
    add a 1
    take a -> 1
    wait e -> 0
    add a 1
    wait e -> a:IN
  `);
});

test('F28: EPOLL_CTL_MOD re-arms an edge-triggered item that is still readable', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    ctl e ADD a IN|ET
    wait e -> a:IN
    wait e -> 0
    ctl e MOD a IN|ET
    wait e -> a:IN
    wait e -> 0
  `);
});

test('F29: an edge reports all that is true, not only what changed', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    ctl e ADD a IN|OUT|ET
    wait e -> a:OUT
    add a 1
    wait e -> a:IN|OUT
    take a -> 1
    wait e -> a:OUT
    add a 0
    wait e -> a:OUT
    wait e -> 0
  `);
});

test('F30: an item is told only of what it asked for', () => {
  holds(`
    e = epoll_create1
    in = eventfd2
    ctl e ADD in IN|ET
    add in 0
    wait e -> 0
    out = eventfd2
    ctl e ADD out OUT|ET
    wait e -> out:OUT
    take out -> EAGAIN
    wait e -> 0
    add out 1
    wait e -> 0
    take out -> 1
    wait e -> out:OUT
  `);
});

test('F31: a one-shot item is disabled by its event, hang-up included, until EPOLL_CTL_MOD', () => {
  holds(`
    e = epoll_create1
    r, w = pipe2
    ctl e ADD r IN|ONESHOT
    write w 1
    wait e -> r:IN
    fdinfo e -> r/r:40000000
    write w 1
    wait e -> 0
    close w
    wait e -> 0
    ctl e ADD r IN|ONESHOT -> EEXIST
    ctl e MOD r IN|ONESHOT
    wait e -> r:IN|HUP
    wait e -> 0
    ctl e MOD r IN|ONESHOT|ET
    wait e -> r:IN|HUP
    fdinfo e -> r/r:c0000000
    ctl e DEL r -> 0
  `);
});

test('F32: a one-shot item that was not ready after all stays armed', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    ctl e ADD a IN|ONESHOT
    add a 1
    take a -> 1
    wait e -> 0
    fdinfo e -> a/a:40000019
    add a 1
    wait e -> a:IN
  `);
});

test('F33: EPOLL_CTL_MOD before delivery changes the data of the event', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    ctl e ADD a IN|ONESHOT as old
    ctl e MOD a IN|ONESHOT as new
    wait e -> new:IN
    wait e -> 0
  `);
});

test('F34: an item without events is still told of errors and hang-ups', () => {
  holds(`
    e = epoll_create1
    r, w = pipe2
    ctl e ADD r 0
    write w 1
    wait e -> 0
    close w
    wait e -> r:HUP
    wait e -> r:HUP

    f = epoll_create1
    s, v = pipe2
    ctl f ADD s ET
    close v
    wait f -> s:HUP
    wait f -> 0
  `);
});

test('F35: EPOLL_CTL_MOD decides what a queued item reports', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    ctl e ADD a IN
    ctl e MOD a PRI
    wait e -> 0
    ctl e MOD a IN
    wait e -> a:IN
    ctl e MOD a OUT
    wait e -> a:OUT
    ctl e MOD a IN|OUT
    wait e -> a:IN|OUT
  `);
});

test('F36: the half close of a socket is told as EPOLLRDHUP only to those who asked', () => {
  holds(`
    e = epoll_create1
    a, b = socketpair STREAM
    ctl e ADD a IN
    shutdown b SHUT_WR
    wait e -> a:IN
    ctl e MOD a RDHUP
    wait e -> a:RDHUP
    ctl e MOD a IN|RDHUP
    wait e -> a:IN|RDHUP
  `);
});
