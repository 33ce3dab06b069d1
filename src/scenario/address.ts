/**
 * Socket addresses as plain objects, and the bytes of struct sockaddr that the kernel reads and writes. An address of the
 * machine itself needs only a port: `{ port: 7000 }` is 127.0.0.1:7000. ip(7), ipv6(7), unix(7).
 */

import { user_memory } from '../kernel/uaccess.js';
import { AF_INET, AF_INET6, AF_UNIX } from '../socket/uapi_socket.js';
import { textOf, utf8 } from './bytes.js';

/** Where a socket is: an Internet address, or a path (one that begins with NUL is abstract). */
export type Address =
  | { readonly port: number; readonly host?: string; readonly family?: 'inet' | 'inet6' }
  | { readonly path: string };

/** An address as the kernel told it. */
export type AddressResult = { readonly family: number; readonly port: number; readonly host: string } | { readonly family: number; readonly path: string };

/** Size of struct sockaddr_storage, the room that calls give for an address. */
export const SOCKADDR_ROOM = 128;

function inet4(host: string): number[] {
  const parts = host.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) throw new TypeError(`not an IPv4 address: ${host}`);
  return parts;
}

/** An IPv4 address as the number that the kernel compares: `10.0.0.1` is 0x0a000001. */
export function inet4Number(host: string): number {
  return inet4(host).reduce((number, byte) => number * 256 + byte, 0);
}

/** The 16 bytes of `::1`, `fe80::2` or `::ffff:127.0.0.1`. */
function inet6(host: string): number[] {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(host);
  const tail = dotted === null ? [] : inet4(dotted[2]!);
  const text = dotted === null ? host : dotted[1]!.replace(/([^:]):$/, '$1');
  const [head = '', rest] = text.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]));
  const before = groups(head);
  const after = [...groups(rest ?? ''), ...tail];
  const gap = 16 - before.length - after.length;
  if (gap < 0 || (rest === undefined && gap !== 0) || [...before, ...after].some(Number.isNaN)) throw new TypeError(`not an IPv6 address: ${host}`);
  return [...before, ...Array.from({ length: gap }, () => 0), ...after];
}

/** The bytes of struct sockaddr_in, sockaddr_in6 or sockaddr_un. */
export function sockaddr(address: Address): user_memory {
  if ('path' in address) {
    const path = utf8(address.path);
    const end = path[0] === 0 || path.length === 0 ? [] : [0];
    return new user_memory(Uint8Array.from([AF_UNIX, 0, ...path, ...end]));
  }
  const { port, host } = address;
  const wide = address.family === 'inet6' || (host !== undefined && host.includes(':'));
  if (!wide) return new user_memory(Uint8Array.from([AF_INET, 0, port >> 8, port & 255, ...inet4(host ?? '127.0.0.1'), 0, 0, 0, 0, 0, 0, 0, 0]));
  return new user_memory(Uint8Array.from([AF_INET6, 0, port >> 8, port & 255, 0, 0, 0, 0, ...inet6(host ?? '::1'), 0, 0, 0, 0]));
}

function inet6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return `::ffff:${bytes.subarray(12, 16).join('.')}`;
  return groups.map((group) => group.toString(16)).join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
}

/** What the kernel stored as an address; null when it stored none. */
export function readAddress(bytes: Uint8Array): AddressResult | null {
  if (bytes.length < 2) return null;
  const family = bytes[0]! | (bytes[1]! << 8);
  if (family === AF_UNIX) {
    const path = bytes.subarray(2);
    const end = path.length > 0 && path[0] !== 0 ? path.indexOf(0) : -1;
    return { family, path: textOf(end < 0 ? path : path.subarray(0, end)) };
  }
  const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (family === AF_INET6 && bytes.length >= 24) return { family, port, host: inet6Text(bytes.subarray(8, 24)) };
  return { family, port, host: family === AF_INET ? bytes.subarray(4, 8).join('.') : '' };
}
