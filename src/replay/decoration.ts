/**
 * What strace -yy says about a descriptor, `TCP:[127.0.0.1:7004->127.0.0.1:58934]`, taken apart. Only the shapes that
 * tell one open file from another are known by kind; anything else is kept as text, for strace knows more kinds than we need.
 */

/** One end of a connection. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export type Decoration =
  /** TCP, TCPv6, UDP...: by inode while strace knows no address, later by address */
  | { readonly kind: 'inet'; readonly protocol: string; readonly inode: number | null; readonly local: Endpoint | null; readonly peer: Endpoint | null }
  /** UNIX, UNIX-STREAM, UNIX-DGRAM: own and peer inode, and the path if it is bound to one */
  | { readonly kind: 'unix'; readonly protocol: string; readonly inode: number; readonly peer: number | null; readonly path: string | null }
  /** pipe:[17], socket:[18] */
  | { readonly kind: 'inode'; readonly class: string; readonly inode: number }
  /** anon_inode:[eventpoll] */
  | { readonly kind: 'anon'; readonly name: string }
  | { readonly kind: 'pid'; readonly pid: number }
  /** /dev/null<char 1:3> */
  | { readonly kind: 'device'; readonly path: string; readonly type: 'char' | 'block'; readonly major: number; readonly minor: number }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'other'; readonly text: string };

const DEVICE = /^(.*)<(char|block) (\d+):(\d+)>$/;
const UNIX = /^(\d+)(?:->(\d+))?(?:,\s*"?(.*?)"?)?$/;
const ENDPOINT = /^(?:\[(.*)\]|([^[\]]*)):(\d+)$/;

/** Takes apart what stands between `<` and `>` after a descriptor. */
export function parseDecoration(text: string): Decoration {
  if (text.startsWith('/')) {
    const device = DEVICE.exec(text);
    if (device === null) return { kind: 'path', path: text };
    return { kind: 'device', path: device[1]!, type: device[2] as 'char' | 'block', major: Number(device[3]), minor: Number(device[4]) };
  }
  const colon = text.indexOf(':');
  const name = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (name === 'pid' && isNumber(rest)) return { kind: 'pid', pid: Number(rest) };
  if (colon < 0 || !rest.startsWith('[') || !rest.endsWith(']')) return { kind: 'other', text };
  const inner = rest.slice(1, -1);
  if (name === 'anon_inode') return { kind: 'anon', name: inner };
  if (name === 'pipe' || name === 'socket') return isNumber(inner) ? { kind: 'inode', class: name, inode: Number(inner) } : { kind: 'other', text };
  if (/^UNIX\b/.test(name)) return unix(name, inner) ?? { kind: 'other', text };
  if (/^(TCP|UDP|UDPLITE|DCCP|SCTP|RAW|PING|L2TP\/IP)(v6)?$/.test(name)) return inet(name, inner) ?? { kind: 'other', text };
  return { kind: 'other', text };
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function unix(protocol: string, inner: string): Decoration | null {
  const match = UNIX.exec(inner);
  if (match === null) return null;
  return { kind: 'unix', protocol, inode: Number(match[1]), peer: match[2] === undefined ? null : Number(match[2]), path: match[3] ?? null };
}

function inet(protocol: string, inner: string): Decoration | null {
  if (isNumber(inner)) return { kind: 'inet', protocol, inode: Number(inner), local: null, peer: null };
  const arrow = inner.indexOf('->');
  const local = endpoint(arrow < 0 ? inner : inner.slice(0, arrow));
  const peer = arrow < 0 ? null : endpoint(inner.slice(arrow + 2));
  if (local === null || (arrow >= 0 && peer === null)) return null;
  return { kind: 'inet', protocol, inode: null, local, peer };
}

function endpoint(text: string): Endpoint | null {
  const match = ENDPOINT.exec(text);
  return match === null ? null : { address: match[1] ?? match[2]!, port: Number(match[3]) };
}
