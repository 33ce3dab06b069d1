/**
 * The numbers that programs pass to system calls, under the names that C headers give them. They are defined
 * beside the kernel code that looks at them; this file only gathers them for programs.
 */

export * from '../kernel/errno.js';
export * from '../kernel/uapi.js';
export { EFD_CLOEXEC, EFD_NONBLOCK, EFD_SEMAPHORE } from '../kernel/eventfd.js';
export { SFD_CLOEXEC, SFD_NONBLOCK } from '../kernel/signalfd.js';
export { TFD_CLOEXEC, TFD_NONBLOCK, TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET } from '../kernel/timerfd.js';
export {
  EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLWAKEUP,
} from '../epoll/eventpoll.js';
export {
  AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, MSG_CMSG_CLOEXEC, MSG_CTRUNC, MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL,
  MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, SCM_RIGHTS, SHUT_RD, SHUT_RDWR, SHUT_WR, SO_ACCEPTCONN, SO_BROADCAST, SO_DOMAIN, SO_ERROR,
  SO_KEEPALIVE, SO_LINGER, SO_OOBINLINE, SO_PROTOCOL, SO_RCVBUF, SO_RCVLOWAT, SO_RCVTIMEO, SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF, SO_SNDLOWAT,
  SO_SNDTIMEO, SO_TYPE, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET, SOL_TCP,
} from '../socket/uapi_socket.js';

// poll(2) has names of its own for the same bits. include/uapi/asm-generic/poll.h
export {
  EPOLLERR as POLLERR, EPOLLHUP as POLLHUP, EPOLLIN as POLLIN, EPOLLNVAL as POLLNVAL, EPOLLOUT as POLLOUT, EPOLLPRI as POLLPRI,
  EPOLLRDBAND as POLLRDBAND, EPOLLRDHUP as POLLRDHUP, EPOLLRDNORM as POLLRDNORM, EPOLLWRBAND as POLLWRBAND, EPOLLWRNORM as POLLWRNORM,
} from '../kernel/uapi.js';
