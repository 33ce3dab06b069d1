/** Masks of views read back: the texts that epollMask() and shortMask() write, as bits. */

import { POLL_BITS } from './names.js';

/** The bits of `EPOLLIN|EPOLLET`, or of `IN|RDNORM`; null and `-` have none. */
export function bitsOf(mask: string | null): number {
  if (mask === null || mask === '-' || mask === '0') return 0;
  return mask.split('|').reduce((bits, name) => bits | (POLL_BITS[name.replace(/^(EPOLL|POLL)(?=[A-Z])/, '')] ?? Number(name.startsWith('0x') ? name : 0)), 0);
}
