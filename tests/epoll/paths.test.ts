/** What may be nested in what: no loops, no long chains, no large numbers of paths. Facts F83 to F85. */

import { holds } from './fixture.js';

test('F83: five epolls may stand on one another, built from below or from above, and a sixth may not', () => {
  holds(`
    leaf = eventfd2
    e1 = epoll_create1
    e2 = epoll_create1
    e3 = epoll_create1
    e4 = epoll_create1
    e5 = epoll_create1
    e6 = epoll_create1
    ctl e1 ADD leaf IN
    ctl e2 ADD e1 IN
    ctl e3 ADD e2 IN
    ctl e4 ADD e3 IN
    ctl e5 ADD e4 IN
    ctl e6 ADD e5 IN -> ELOOP
    add leaf
    wait e5 -> e4:IN
  `);
  holds(`
    leaf = eventfd2
    e1 = epoll_create1
    e2 = epoll_create1
    e3 = epoll_create1
    e4 = epoll_create1
    e5 = epoll_create1
    e6 = epoll_create1
    ctl e5 ADD e4 IN
    ctl e4 ADD e3 IN
    ctl e3 ADD e2 IN
    ctl e2 ADD e1 IN
    ctl e1 ADD e6 IN -> ELOOP
    ctl e1 ADD leaf IN
    add leaf
    wait e5 -> e4:IN
  `);
});

test('F83: what counts is the chain through both that are joined', () => {
  holds(`
    a1 = epoll_create1
    a2 = epoll_create1
    a3 = epoll_create1
    b1 = epoll_create1
    b2 = epoll_create1
    b3 = epoll_create1
    ctl a1 ADD a2 IN
    ctl a2 ADD a3 IN
    ctl b1 ADD b2 IN
    ctl b2 ADD b3 IN
    ctl a3 ADD b1 IN -> ELOOP
    ctl a3 ADD b2 IN -> 0
    ctl b3 ADD a1 IN -> ELOOP
  `);
});

test('F84: epolls may not watch one another in a circle, also through duplicates, but may meet again below', () => {
  holds(`
    e = epoll_create1
    f = epoll_create1
    g = epoll_create1
    d = dup e
    ctl e ADD f IN
    ctl e ADD f IN -> EEXIST
    ctl f ADD e IN -> ELOOP
    ctl f ADD d IN -> ELOOP
    ctl f ADD g IN
    ctl g ADD e IN -> ELOOP
    ctl g ADD d IN -> ELOOP
    ctl g MOD e IN -> ENOENT
    ctl g DEL e -> ENOENT

    top = epoll_create1
    left = epoll_create1
    right = epoll_create1
    bottom = epoll_create1
    ctl top ADD left IN
    ctl top ADD right IN
    ctl left ADD bottom IN
    ctl right ADD bottom IN
    a = eventfd2 1
    ctl bottom ADD a IN
    wait top -> right:IN left:IN
  `);
});

test('F85: five hundred epolls may watch the direct watcher of a file, and no more', () => {
  holds(`
    rlimit 4096
    leaf = eventfd2
    direct = epoll_create1
    ctl direct ADD leaf IN
    times 500
      o = epoll_create1
      ctl o ADD direct IN
    end
    o = epoll_create1
    ctl o ADD direct IN -> EINVAL
    fdinfo o -> none
  `);
});

test('F85: longer paths may be fewer: a hundred, fifty, ten', () => {
  holds(`
    rlimit 4096
    leaf = eventfd2
    e1 = epoll_create1
    e2 = epoll_create1
    ctl e1 ADD leaf IN
    ctl e2 ADD e1 IN
    times 100
      o = epoll_create1
      ctl o ADD e2 IN
    end
    o = epoll_create1
    ctl o ADD e2 IN -> EINVAL
  `);
  holds(`
    rlimit 4096
    leaf = eventfd2
    e1 = epoll_create1
    e2 = epoll_create1
    e3 = epoll_create1
    ctl e1 ADD leaf IN
    ctl e2 ADD e1 IN
    ctl e3 ADD e2 IN
    times 50
      o = epoll_create1
      ctl o ADD e3 IN
    end
    o = epoll_create1
    ctl o ADD e3 IN -> EINVAL
  `);
  holds(`
    rlimit 4096
    leaf = eventfd2
    e1 = epoll_create1
    e2 = epoll_create1
    e3 = epoll_create1
    e4 = epoll_create1
    ctl e1 ADD leaf IN
    ctl e2 ADD e1 IN
    ctl e3 ADD e2 IN
    ctl e4 ADD e3 IN
    times 10
      o = epoll_create1
      ctl o ADD e4 IN
    end
    o = epoll_create1
    ctl o ADD e4 IN -> EINVAL
  `);
});

test('F85: direct watchers are not limited, and each file is counted for itself', () => {
  holds(`
    rlimit 4096
    leaf = eventfd2
    times 1500
      e = epoll_create1
      ctl e ADD leaf IN
    end
    other = eventfd2
    ctl e ADD other IN
    outer = epoll_create1
    ctl outer ADD e IN
  `);
});

test('F85: an inner epoll without a file may have any number of watchers, but then gets no file any more', () => {
  holds(`
    rlimit 4096
    inner = epoll_create1
    times 600
      o = epoll_create1
      ctl o ADD inner IN
    end
    leaf = eventfd2 1
    ctl inner ADD leaf IN -> EINVAL
    fdinfo inner -> none
    wait inner -> 0
    wait o -> 0
    close o
    ctl inner ADD leaf IN -> EINVAL
  `);
});
