/**
 * User memory for the arguments of logged calls: buffers as large as the program's, filled with what strace printed.
 * Bytes that it did not print are zeros. A pointer that strace could not look through is a bad one if the call failed so.
 */

import { bad_pointer, user_memory, type user_ptr } from '../../kernel/uaccess.js';
import type { Call } from '../call.js';
import { bytesOf, isNull, isPointer } from '../decode.js';
import type { Mismatch, PlanContext } from '../plan.js';
import type { Value } from '../value.js';

/** More than any buffer of the model holds: what is behind is never touched. */
const LARGEST = 1 << 26;

/** True when the log says that the call met memory it could not use. */
export function faulted(call: Call): boolean {
  return call.result?.errno === 'EFAULT';
}

/** A buffer that the call reads, `size` bytes of it. */
export function bytesIn({ session }: PlanContext, value: Value, size: number): user_ptr {
  if (isNull(value)) return null;
  const known = bytesOf(value);
  if (known === null) return size === 0 ? new user_memory(new Uint8Array(0)) : bad_pointer();
  const { bytes } = known;
  const room = Math.min(Math.max(size, 0), LARGEST);
  if (room > bytes.length) session.hasUnknownBytes = true;
  if (room <= bytes.length) return new user_memory(bytes);
  const padded = new Uint8Array(room);
  padded.set(bytes);
  return new user_memory(padded);
}

/** A buffer that the call fills, `size` bytes of it; NULL and bad pointers are passed as such. */
export function bufferOut({ thread }: PlanContext, call: Call, value: Value, size: number): user_ptr {
  if (isNull(value) && call.argsComplete) return null;
  if (isPointer(value) && faulted(call)) return bad_pointer();
  return new user_memory(thread.scratch(Math.min(Math.max(size, 0), LARGEST)), Math.max(size, 0));
}

/** A small structure that the call fills. */
export function structOut(call: Call, value: Value, size: number): user_memory | null {
  if (isNull(value)) return null;
  return isPointer(value) && faulted(call) ? bad_pointer() : new user_memory(new Uint8Array(size));
}

/** Text of bytes for people. */
export function textOf(bytes: Uint8Array, length = bytes.length): string {
  let text = '';
  for (let i = 0; i < Math.min(length, 48); i++) {
    const byte = bytes[i]!;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte.toString(8)}`;
  }
  return `"${text}"${length > 48 ? `... (${length} bytes)` : ''}`;
}

/** What the log shows of stored bytes, against what the model stored. */
export function compareBytes({ session }: PlanContext, what: string, value: Value, bytes: Uint8Array, length: number): Mismatch | null {
  const known = value.kind === 'string' ? value.bytes : null;
  if (known === null) return null;
  const n = Math.min(known.length, length);
  let unknown = false;
  for (let i = 0; i < n; i++) {
    if (known[i] === bytes[i]) continue;
    if (bytes[i] !== 0 || !session.hasUnknownBytes) return { what, linux: textOf(known), model: textOf(bytes, length) };
    unknown = true;
  }
  if (unknown) session.adopt('bytes not printed');
  return null;
}
