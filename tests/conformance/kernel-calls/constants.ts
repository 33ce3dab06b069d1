/**
 * Constants that the scripts use, with their values on x86-64, and the names of event bits for what comes back.
 * They are written out here, apart from those of the model, so that a wrong number there shows.
 */

/** Names that stand for numbers in a script. */
export const CONSTANTS: Readonly<Record<string, number>> = {
  AF_UNIX: 1, AF_INET: 2, SOCK_STREAM: 1, SOCK_NONBLOCK: 0o4000, O_NONBLOCK: 0o4000, EFD_NONBLOCK: 0o4000, EFD_SEMAPHORE: 1,
  SOL_SOCKET: 1, IPPROTO_TCP: 6, SO_ERROR: 4, SO_SNDBUF: 7, SO_RCVBUF: 8, SO_LINGER: 13, TCP_NOTSENT_LOWAT: 25,
  SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2, MSG_OOB: 1, MSG_PEEK: 2,
  EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3,
};

/** Poll bits by name, without prefix. */
export const EVENT_BITS: Readonly<Record<string, number>> = {
  IN: 0x1, PRI: 0x2, OUT: 0x4, ERR: 0x8, HUP: 0x10, NVAL: 0x20, RDNORM: 0x40, RDBAND: 0x80, WRNORM: 0x100, WRBAND: 0x200, MSG: 0x400, RDHUP: 0x2000,
  EXCLUSIVE: 1 << 28, WAKEUP: 1 << 29, ONESHOT: 1 << 30, ET: 1 << 31,
};

/** The number that a word of a script means: a number, or names joined by `|`. */
export function numberOf(word: string): number {
  let value = 0;
  for (const part of word.split('|').map((p) => p.trim())) {
    const bit = /^E?POLL([A-Z]+)$/.exec(part);
    const number = /^-?\d+$/.test(part) ? Number(part) : CONSTANTS[part] ?? (bit === null ? undefined : EVENT_BITS[bit[1]!]);
    if (number === undefined) throw new Error(`a script names an unknown constant: ${part}`);
    value |= number;
  }
  return value;
}

/** A mask as names with a prefix: `EPOLLIN|EPOLLHUP`, `0` for none. */
export function maskNames(mask: number, prefix: string): string {
  const names = Object.keys(EVENT_BITS).filter((name) => (mask & EVENT_BITS[name]!) !== 0);
  return names.length === 0 ? '0' : names.map((name) => prefix + name).join('|');
}
