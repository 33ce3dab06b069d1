/**
 * Constants that the scripts use, with their values on x86-64, and the names of event bits for what comes back.
 * They are written out here, apart from those of the model, so that a wrong number there shows.
 */

/** Names that stand for numbers in a script. */
export const CONSTANTS: Readonly<Record<string, number>> = {
  AF_UNSPEC: 0, AF_UNIX: 1, AF_INET: 2, SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_SEQPACKET: 5, SOCK_NONBLOCK: 0o4000, SOCK_CLOEXEC: 0o2000000,
  O_NONBLOCK: 0o4000, O_CLOEXEC: 0o2000000, EFD_NONBLOCK: 0o4000, EFD_CLOEXEC: 0o2000000, EFD_SEMAPHORE: 1, EPOLL_CLOEXEC: 0o2000000,
  TFD_NONBLOCK: 0o4000, TFD_TIMER_ABSTIME: 1, CLOCK_REALTIME: 0, CLOCK_MONOTONIC: 1, CLOCK_BOOTTIME: 7, SFD_NONBLOCK: 0o4000,
  SOL_SOCKET: 1, IPPROTO_TCP: 6, SO_REUSEADDR: 2, SO_TYPE: 3, SO_ERROR: 4, SO_SNDBUF: 7, SO_RCVBUF: 8, SO_KEEPALIVE: 9, SO_OOBINLINE: 10, SO_LINGER: 13,
  SO_REUSEPORT: 15, SO_RCVLOWAT: 18, SO_SNDLOWAT: 19, SO_ACCEPTCONN: 30, SO_PROTOCOL: 38, SO_DOMAIN: 39, TCP_NODELAY: 1, TCP_CORK: 3, TCP_QUICKACK: 12,
  TCP_NOTSENT_LOWAT: 25, SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2, MSG_OOB: 1, MSG_PEEK: 2, MSG_TRUNC: 0x20, MSG_DONTWAIT: 0x40, MSG_WAITALL: 0x100,
  MSG_NOSIGNAL: 0x4000, MSG_MORE: 0x8000, EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3,
  F_DUPFD: 0, F_GETFD: 1, F_SETFD: 2, F_GETFL: 3, F_SETFL: 4, F_SETPIPE_SZ: 1031, F_GETPIPE_SZ: 1032, FD_CLOEXEC: 1, O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2,
  FIONREAD: 0x541b, FIONBIO: 0x5421, SIOCATMARK: 0x8905, SIOCOUTQ: 0x5411,
  SIGUSR1: 10, SIGUSR2: 12, SIGALRM: 14, SIGCHLD: 17, SIGVTALRM: 26,
};

/** Poll bits by name, without prefix. */
export const EVENT_BITS: Readonly<Record<string, number>> = {
  IN: 0x1, PRI: 0x2, OUT: 0x4, ERR: 0x8, HUP: 0x10, NVAL: 0x20, RDNORM: 0x40, RDBAND: 0x80, WRNORM: 0x100, WRBAND: 0x200, MSG: 0x400, RDHUP: 0x2000,
  EXCLUSIVE: 1 << 28, WAKEUP: 1 << 29, ONESHOT: 1 << 30, ET: 1 << 31,
};

/** The number that a word of a script means, a number or names joined by `|`; null: it means none. */
export function numberIn(word: string): number | null {
  let value = 0;
  for (const part of word.split('|').map((p) => p.trim())) {
    const bit = /^E?POLL([A-Z]+)$/.exec(part);
    const number = /^-?\d+$|^0x[0-9a-f]+$/i.test(part) ? Number(part) : CONSTANTS[part] ?? (bit === null ? undefined : EVENT_BITS[bit[1]!]);
    if (number === undefined) return null;
    value = word.includes('|') ? value | number : number;
  }
  return value;
}

/** A mask as names with a prefix: `EPOLLIN|EPOLLHUP`, `0` for none. */
export function maskNames(mask: number, prefix: string): string {
  const names = Object.keys(EVENT_BITS).filter((name) => (mask & EVENT_BITS[name]!) !== 0);
  const unknown = (mask & ~Object.values(EVENT_BITS).reduce((all, bit) => all | bit, 0)) >>> 0;
  const all = [...names.map((name) => prefix + name), ...(unknown === 0 ? [] : [`0x${unknown.toString(16)}`])];
  return all.length === 0 ? '0' : all.join('|');
}
