/**
 * Socket addresses: the bytes of struct sockaddr from what strace printed, and the other way, with the ports of the log and of the
 * model paired.
 */

import { get_user_u32, put_user_u32, user_memory, type user_ptr } from '../../kernel/uaccess.js';
import { readAddress, sockaddr } from '../../scenario/address.js';
import { AF_UNIX } from '../../socket/uapi_socket.js';
import type { Call } from '../call.js';
import { after, before, intOf, isNull, numberOfName, pointedOf } from '../decode.js';
import { type SockAddr, sockaddrOf } from '../decodeNet.js';
import { ValueError } from '../error.js';
import type { Mismatch, PlanContext } from '../plan.js';
import type { Session } from '../session.js';
import type { Value } from '../value.js';
import { structOut } from './memory.js';

const SOCKADDR_STORAGE = 128;

function addressBytes(session: Session, address: SockAddr): Uint8Array {
  if ('port' in address) {
    const family = address.family === 'AF_INET6' ? 'inet6' : 'inet';
    try {
      return sockaddr({ port: session.ports.toModel(address.port), host: address.address, family }).bytes;
    } catch (error) {
      if (error instanceof TypeError) throw new ValueError('an internet address', `\`${address.address}\``);
      throw error;
    }
  }
  const family = /^\d+$/.test(address.family) ? Number(address.family) : numberOfName(address.family);
  const rest = 'path' in address ? address.path : address.data;
  return Uint8Array.from([family & 255, family >> 8, ...(rest ?? [])]);
}

/** The address that a program passes, `length` bytes of it. */
export function addressIn({ session }: PlanContext, value: Value, length: number): user_ptr {
  if (isNull(value)) return null;
  const address = sockaddrOf(value);
  if (address === null) return new user_memory(new Uint8Array(0));
  const bytes = addressBytes(session, address);
  const room = Math.max(0, Math.min(length, SOCKADDR_STORAGE));
  const padded = new Uint8Array(Math.max(room, bytes.length));
  padded.set(bytes);
  return new user_memory(padded);
}

/** Where the kernel stores an address, and its length before and after. */
export interface AddressOut {
  readonly memory: user_memory | null;
  readonly length: user_memory | null;
}

export function addressOut(call: Call, address: Value, length: Value): AddressOut {
  const size = pointedOf(before(length));
  if (size === null) return { memory: structOut(call, address, SOCKADDR_STORAGE), length: isNull(length) ? null : structOut(call, length, 4) };
  const given = intOf(before(size));
  const memory = new user_memory(new Uint8Array(4));
  put_user_u32(memory, 0, given);
  return { memory: isNull(address) ? null : new user_memory(new Uint8Array(Math.max(0, Math.min(given, SOCKADDR_STORAGE)))), length: memory };
}

function addressText(address: ReturnType<typeof readAddress>, ports: Session['ports']): string {
  if (address === null) return 'none';
  return 'port' in address ? `${address.host}:${ports.toLog(address.port)}` : `unix ${JSON.stringify(address.path)}`;
}

/** Two addresses at the same place; their ports are paired when both were chosen by the kernel. */
export function sameAddress(session: Session, linux: SockAddr, bytes: Uint8Array): string | null {
  const model = readAddress(bytes);
  if (model === null) return 'none';
  const text = addressText(model, session.ports);
  if ('port' in linux) {
    if (!('port' in model) || model.host !== linux.address) return text;
    const known = linux.port === model.port;
    if (!session.ports.pair(linux.port, model.port)) return text;
    if (!known) session.adopt('port');
    return null;
  }
  if ('path' in linux) {
    const path = linux.path === null ? '' : String.fromCharCode(...linux.path);
    return model.family === AF_UNIX && 'path' in model && model.path === path ? null : text;
  }
  return null;
}

/** What the kernel stored against what the log shows. */
export function compareAddress(at: PlanContext, out: AddressOut, address: Value, length: Value): Mismatch | null {
  const { session } = at;
  if (out.length !== null) {
    const shown = pointedOf(after(length));
    const linux = shown === null ? null : intOf(after(shown));
    const model = get_user_u32(out.length, 0)!;
    if (linux !== null && linux !== model) return { what: 'length of the address', linux: String(linux), model: String(model) };
  }
  if (address.kind !== 'struct' || out.memory === null || out.length === null) return null;
  const linux = sockaddrOf(address)!;
  const stored = out.memory.bytes.subarray(0, get_user_u32(out.length, 0)!);
  const text = sameAddress(session, linux, stored);
  if (text === null) return null;
  const shown = 'port' in linux ? `${linux.address}:${linux.port}` : 'path' in linux ? `unix ${linux.path === null ? '' : String.fromCharCode(...linux.path)}` : linux.family;
  return { what: 'address', linux: shown, model: text };
}
