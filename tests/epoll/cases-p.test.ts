/** The epoll cases of CPython's suite, as far as they are about the kernel; its pair is a connected socket pair. PY-2 to PY-8. */

import { holds } from './fixture.js';

test('PY-1 PY-10: an epoll may be made with a size or with the close-on-exec flag, and is gone once it is closed', () => {
  holds(`
    e = epoll_create 16
    close e
    wait e -> EBADF
    e = epoll_create1 CLOEXEC
    fcntl e GETFD -> 1
    f = epoll_create1 0
    fcntl f GETFD -> 0
  `);
});

test('PY-2: sizes below one and unknown flags are refused', () => {
  holds(`
    epoll_create 0 -> EINVAL
    epoll_create -2 -> EINVAL
    epoll_create1 12356 -> EINVAL
  `);
});

test('PY-4: both ends of a pair can be added once, and a number that is not open cannot', () => {
  holds(`
    s, t = socketpair STREAM|NONBLOCK
    e = epoll_create1
    ctl e ADD s IN|OUT
    ctl e ADD t IN|OUT
    ctl e ADD 10000 IN|OUT -> EBADF
    ctl e ADD s IN|OUT -> EEXIST
    close e
    f = epoll_create1
    ctl f ADD s IN|OUT
    ctl f ADD s IN|OUT -> EEXIST
  `);
});

test('PY-5: what is added through one number of an epoll is seen through all, level-triggered again and again', () => {
  holds(`
    s, t = socketpair STREAM|NONBLOCK
    e = epoll_create1
    ctl e ADD s IN|OUT
    ctl e ADD t IN|OUT
    wait e 4 1000 -> s:OUT t:OUT
    wait e 4 900 -> s:OUT t:OUT
    close e
    wait e 4 100 -> EBADF
  `);
});

test('PY-6: edges of both ends, then a removed and a changed item', () => {
  holds(`
    s, t = socketpair STREAM|NONBLOCK
    e = epoll_create1
    ctl e ADD s IN|OUT|ET
    ctl e ADD t IN|OUT|ET
    wait e 4 1000 -> s:OUT t:OUT
    wait e 4 100 -> 0
    write s 6
    write t 6
    wait e 4 1000 -> t:IN|OUT s:IN|OUT
    wait e 4 0 -> 0
    ctl e DEL s
    ctl e MOD t OUT
    wait e 4 1000 -> t:OUT
  `);
});

test('PY-7: negative numbers are refused everywhere', () => {
  holds(`
    e = epoll_create1
    ctl e ADD -1 IN -> EBADF
    ctl -1 ADD e IN -> EBADF
    wait e -2 0 -> EINVAL
    wait -1 8 0 -> EBADF
  `);
});

test('PY-8: the number of a closed socket cannot be removed', () => {
  holds(`
    s, t = socketpair STREAM
    e = epoll_create1
    ctl e ADD s IN|PRI|OUT
    wait e 4 100 -> s:OUT
    close s
    ctl e DEL s -> EBADF
    wait e 4 0 -> 0
  `);
});

test('PY-9: every call on a closed epoll is EBADF', () => {
  holds(`
    a = eventfd2
    e = epoll_create1
    ctl e ADD a IN
    close e
    ctl e ADD a IN -> EBADF
    ctl e MOD a IN -> EBADF
    ctl e DEL a -> EBADF
    wait e 8 0 -> EBADF
    fcntl e GETFL -> EBADF
    close e -> EBADF
  `);
});
