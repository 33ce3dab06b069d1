/**
 * How the arguments of socket calls print, in the manner of strace: addresses, options, flags, message headers.
 * ours: strace does this from outside. Names come from the numbers in src/socket/uapi_socket.ts.
 */

import { errnoName } from '../kernel/errno.js';
import { get_user_u32, user_memory } from '../kernel/uaccess.js';
import { type cmsghdr, user_msghdr } from '../socket/msghdr.js';
import { STORED_OPTION_NAMES } from '../socket/stored_options.js';
import * as U from '../socket/uapi_socket.js';
import { bytesText, flags, flagText, oneOf, ptr, storedByKernel, structure } from './print.js';
import type { arg_printer, syscall_arg, syscall_record } from './row.js';

export const DOMAINS: Readonly<Record<string, number>> = { AF_UNSPEC: 0, AF_UNIX: 1, AF_INET: 2, AF_INET6: 10 };
const TYPES: Readonly<Record<string, number>> = { SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3, SOCK_RDM: 4, SOCK_SEQPACKET: 5 };
const TYPE_FLAGS: Readonly<Record<string, number>> = { SOCK_CLOEXEC: U.SOCK_CLOEXEC, SOCK_NONBLOCK: U.SOCK_NONBLOCK };
const MSG_FLAGS: Readonly<Record<string, number>> = {
  MSG_OOB: 1, MSG_PEEK: 2, MSG_DONTROUTE: 4, MSG_CTRUNC: 8, MSG_TRUNC: 0x20, MSG_DONTWAIT: 0x40, MSG_EOR: 0x80, MSG_WAITALL: 0x100,
  MSG_CONFIRM: 0x800, MSG_ERRQUEUE: 0x2000, MSG_NOSIGNAL: 0x4000, MSG_MORE: 0x8000, MSG_WAITFORONE: 0x10000, MSG_ZEROCOPY: 0x4000000,
  MSG_FASTOPEN: 0x20000000, MSG_CMSG_CLOEXEC: 0x40000000,
};
const LEVELS: Readonly<Record<string, number>> = { SOL_SOCKET: 1, SOL_IP: 0, SOL_TCP: 6, SOL_IPV6: 41 };
const SO_NAMES: Readonly<Record<string, number>> = Object.fromEntries(Object.entries(U).filter(([name]) => name.startsWith('SO_'))) as Record<string, number>;
const TCP_NAMES: Readonly<Record<string, number>> = {
  TCP_NODELAY: 1, TCP_MAXSEG: 2, TCP_CORK: 3, TCP_KEEPIDLE: 4, TCP_KEEPINTVL: 5, TCP_KEEPCNT: 6, TCP_SYNCNT: 7, TCP_LINGER2: 8, TCP_DEFER_ACCEPT: 9,
  TCP_WINDOW_CLAMP: 10, TCP_INFO: 11, TCP_QUICKACK: 12, TCP_CONGESTION: 13, TCP_USER_TIMEOUT: 18, TCP_FASTOPEN: 23, TCP_NOTSENT_LOWAT: 25, TCP_INQ: 36,
};
const IP_NAMES: Readonly<Record<string, number>> = { IP_RECVERR: 11, IP_MTU: 14, IP_FREEBIND: 15, IP_BIND_ADDRESS_NO_PORT: 24 };
const IP6_NAMES: Readonly<Record<string, number>> = { IPV6_MTU: 24, IPV6_RECVERR: 25, IPV6_V6ONLY: 26, IPV6_FREEBIND: 78 };

/** Options that are only stored have their names beside their rules. */
const storedNames = (wanted: number): Record<string, number> =>
  Object.fromEntries(STORED_OPTION_NAMES.filter((row) => row.level === wanted).map((row) => [row.name, row.optname]));
const OPTION_NAMES: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [U.SOL_SOCKET]: { ...storedNames(U.SOL_SOCKET), ...SO_NAMES },
  [U.SOL_TCP]: { ...storedNames(U.SOL_TCP), ...TCP_NAMES },
  [U.SOL_IP]: { ...storedNames(U.SOL_IP), ...IP_NAMES },
  [U.SOL_IPV6]: { ...storedNames(U.SOL_IPV6), ...IP6_NAMES },
};
const CMSG_NAMES: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [U.SOL_SOCKET]: { SCM_RIGHTS: 1 }, [U.SOL_IP]: IP_NAMES, [U.SOL_IPV6]: IP6_NAMES, [U.SOL_TCP]: {},
};

export const domain: arg_printer = oneOf(DOMAINS);
export const socketType: arg_printer = (value) => {
  const type = Number(value) & U.SOCK_TYPE_MASK;
  const name = Object.keys(TYPES).find((n) => TYPES[n] === type) ?? String(type);
  const rest = Number(value) & ~U.SOCK_TYPE_MASK;
  return rest === 0 ? name : `${name}|${flagText(rest, TYPE_FLAGS)}`;
};
/** The third argument of socket(): named only for the Internet families. */
export const protocol: arg_printer = (value, call) => {
  const family = Number(call.args[0]);
  if (family !== U.AF_INET && family !== U.AF_INET6) return String(Number(value) | 0);
  return oneOf({ IPPROTO_IP: 0, IPPROTO_ICMP: 1, IPPROTO_TCP: 6, IPPROTO_UDP: 17 })(value, call);
};
export const socketFlags: arg_printer = flags(TYPE_FLAGS);
export const msgFlags: arg_printer = flags(MSG_FLAGS);
export const how: arg_printer = oneOf({ SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 });
export const level: arg_printer = oneOf(LEVELS);
/** The name of an option depends on its level, the argument before it. */
export const optname: arg_printer = (value, call) => {
  return oneOf(OPTION_NAMES[Number(call.args[1])] ?? {})(value, call);
};

function inet6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!));
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) return `::ffff:${bytes.subarray(12, 16).join('.')}`;
  const text = groups.map((g) => g.toString(16)).join(':');
  const zeros = /(^|:)0(:0)+(:|$)/.exec(text);
  return zeros === null ? text : `${text.slice(0, zeros.index)}::${text.slice(zeros.index + zeros[0].length)}`;
}

/** `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}`. */
export function sockaddrText(bytes: Uint8Array): string {
  if (bytes.length < 2) return bytes.length === 0 ? '{}' : bytesText(bytes);
  const family = bytes[0]! | (bytes[1]! << 8);
  const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (family === U.AF_INET && bytes.length >= 16) {
    return `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${bytes.subarray(4, 8).join('.')}")}`;
  }
  if (family === U.AF_INET6 && bytes.length >= 24) {
    const scope = bytes.length >= 28 ? ', sin6_scope_id=0' : '';
    return `{sa_family=AF_INET6, sin6_port=htons(${port}), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "${inet6Text(bytes.subarray(8, 24))}", &sin6_addr)${scope}}`;
  }
  if (family === U.AF_UNIX) {
    if (bytes.length === 2) return '{sa_family=AF_UNIX}';
    if (bytes[2] === 0) return `{sa_family=AF_UNIX, sun_path=@${bytesText(bytes.subarray(3), 108)}}`;
    const end = bytes.indexOf(0, 2);
    return `{sa_family=AF_UNIX, sun_path=${bytesText(bytes.subarray(2, end < 0 ? bytes.length : end), 108)}}`;
  }
  const name = Object.keys(DOMAINS).find((n) => DOMAINS[n] === family) ?? `0x${family.toString(16)}`;
  return `{sa_family=${name}, sa_data=${bytesText(bytes.subarray(2))}}`;
}

/** An address the program passes; `length` is the index of the argument with its size. */
export function addrIn(length: number): arg_printer {
  return structure((memory, call) => sockaddrText(memory.bytes.subarray(0, Math.max(0, Math.min(Number(call.args[length]), memory.faultAt)))));
}

/** An address the kernel stores; `length` is the index of the pointer to its size. */
export function addrOut(length: number): arg_printer {
  return structure((memory, call) => {
    const len = call.args[length];
    const stored = !(len instanceof user_memory) ? 0 : (get_user_u32(len, 0) ?? 0);
    return stored === 0 ? ptr(memory, call) : sockaddrText(memory.bytes.subarray(0, Math.min(stored, memory.faultAt)));
  }, 'out');
}

/** A pointer to a length that the kernel reads and writes. */
export const lenInOut: arg_printer = storedByKernel((value, call) => {
  if (!(value instanceof user_memory)) return ptr(null, call);
  const len = get_user_u32(value, 0);
  return len === null ? ptr(value, call) : `[${len}]`;
});

/** Two descriptors, as socketpair() stores them. */
export const fdPair: arg_printer = structure((memory) => `[${get_user_u32(memory, 0)}, ${get_user_u32(memory, 4)}]`, 'out');

function optionText(memory: user_memory, call: syscall_record, len: number): string {
  const opt = Number(call.args[2]);
  const word = (at: number): number => get_user_u32(memory, at) ?? 0;
  const socketLevel = Number(call.args[1]) === U.SOL_SOCKET;
  if (socketLevel && opt === U.SO_LINGER && len >= 8) return `{l_onoff=${word(0)}, l_linger=${word(4)}}`;
  if (socketLevel && (opt === U.SO_RCVTIMEO || opt === U.SO_SNDTIMEO) && len >= 16) {
    return bytes16(word(0), word(8));
  }
  if (socketLevel && opt === U.SO_ERROR) return word(0) === 0 ? '[0]' : `[${errnoName(word(0))}]`;
  return len === 4 ? `[${word(0)}]` : bytesText(memory.bytes.subarray(0, Math.max(0, len)));
}

const bytes16 = (sec: number, usec: number): string => `"${[sec, 0, usec, 0].map((w) => [w & 255, (w >> 8) & 255, (w >> 16) & 255, w >>> 24].map((b) => `\\${b.toString(8)}`).join('')).join('')}"`;

/** The value of setsockopt(). */
export const optIn: arg_printer = structure((memory, call) => optionText(memory, call, Number(call.args[4])));
/** The value that getsockopt() stored. */
export const optOut: arg_printer = structure((memory, call) => {
  const len = call.args[4];
  return optionText(memory, call, !(len instanceof user_memory) ? 0 : (get_user_u32(len, 0) ?? 0));
}, 'out');

/** `{cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5]}`. */
function cmsgText(c: cmsghdr): string {
  const names = CMSG_NAMES[c.cmsg_level] ?? {};
  const type = Object.keys(names).find((name) => names[name] === c.cmsg_type) ?? `0x${c.cmsg_type.toString(16)}`;
  const levelName = Object.keys(LEVELS).find((name) => LEVELS[name] === c.cmsg_level) ?? String(c.cmsg_level);
  const data = c.bytes.length >= 16 && type.endsWith('RECVERR') ? `, cmsg_data=${exterrText(c.bytes)}` : c.fds.length > 0 ? `, cmsg_data=[${c.fds.join(', ')}]` : '';
  return `{cmsg_level=${levelName}, cmsg_type=${type}${data}}`;
}

/** struct sock_extended_err, and the address behind it. */
function exterrText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [origin, type, code] = bytes.subarray(4, 7);
  const numbers = `ee_errno=${view.getUint32(0, true)}, ee_origin=${origin}, ee_type=${type}, ee_code=${code}`;
  return `{${numbers}, ee_info=${view.getUint32(8, true)}, ee_data=${view.getUint32(12, true)}, offender=${sockaddrText(bytes.subarray(16))}}`;
}

function msgText(msg: user_msghdr, total: number): string {
  const name = msg.name === null ? 'NULL' : sockaddrText(msg.name.bytes.subarray(0, msg.namelen));
  let left = total;
  const iov = msg.iov.map(({ base, len }) => {
    const shown = Math.min(left, len);
    left -= shown;
    return `{iov_base=${base === null ? 'NULL' : bytesText(base.bytes.subarray(0, shown))}, iov_len=${len}}`;
  });
  const control = msg.control === null || msg.control.length === 0 ? 'msg_controllen=0'
    : `msg_control=[${msg.control.map(cmsgText).join(', ')}]`;
  const shownFlags = flagText(msg.flags, MSG_FLAGS);
  return `{msg_name=${name}, msg_namelen=${msg.namelen}, msg_iov=[${iov.join(', ')}], msg_iovlen=${msg.iov.length}, ${control}, msg_flags=${shownFlags}}`;
}

/** The message header of sendmsg(). */
export const msgIn: arg_printer = (value, call) => headerText(value, call, Infinity);
/** The message header of recvmsg(), filled as far as the result says. */
export const msgOut: arg_printer = storedByKernel((value, call) => (call.ret === null || call.ret < 0 ? ptr(value, call) : headerText(value, call, call.ret)));

function headerText(value: syscall_arg, call: syscall_record, total: number): string {
  return value instanceof user_msghdr ? msgText(value, total) : ptr(value, call);
}

/** The messages of sendmmsg() and recvmmsg(): as many as were asked for, or came. */
export const messagesOut: arg_printer = storedByKernel((value, call) => {
  const came = call.row.name === 'recvmmsg';
  if (!Array.isArray(value) || (came && (call.ret === null || call.ret < 0))) return Array.isArray(value) ? ptr(value[0] ?? null, call) : ptr(value, call);
  const done = Math.max(0, call.ret ?? 0);
  const shown = (value as user_msghdr[]).slice(0, came ? done : Number(call.args[2]));
  const text = (msg: user_msghdr, at: number): string => `{msg_hdr=${msgText(msg, came ? msg.msgLen : Infinity)}${at < done ? `, msg_len=${msg.msgLen}` : ''}}`;
  return `[${shown.map(text).join(', ')}]`;
});
