/**
 * Text and bytes of programs, and memory that misbehaves. A buffer of a program is a Uint8Array; where a test needs a pointer that
 * faults, that is NULL, that points into the kernel, or whose page is not there yet, it passes a Memory instead.
 */

import { absent_page, bad_pointer, kernel_pointer, user_memory } from '../kernel/uaccess.js';

/** Memory of a program, with the byte at which it faults. */
export type Memory = user_memory;

/** What a call takes as a buffer: bytes (used in place), text (as UTF-8), special memory, or NULL. */
export type BufferArg = Uint8Array | string | Memory | null;

/** Text as UTF-8. */
export function utf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return Uint8Array.from(bytes);
}

/** How many bytes follow a first byte of UTF-8; -1: it cannot be first. */
function following(first: number): number {
  if (first < 0x80) return 0;
  if (first >= 0xc2 && first < 0xe0) return 1;
  if (first >= 0xe0 && first < 0xf0) return 2;
  return first >= 0xf0 && first < 0xf5 ? 3 : -1;
}

/** UTF-8 as text; what is not UTF-8 becomes one U+FFFD a byte. */
export function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const more = following(bytes[at]!);
    let code = more <= 0 ? bytes[at]! : bytes[at]! & (0x3f >> more);
    let good = more >= 0 && at + more < bytes.length;
    for (let i = 1; good && i <= more; i++) {
      good = (bytes[at + i]! & 0xc0) === 0x80;
      code = (code << 6) | (bytes[at + i]! & 63);
    }
    text += good && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    at += good ? more + 1 : 1;
  }
  return text;
}

/** What a call's buffer argument is to the kernel. */
export function toMemory(buffer: BufferArg): user_memory | null {
  if (typeof buffer === 'string') return new user_memory(utf8(buffer));
  return buffer instanceof Uint8Array ? new user_memory(buffer) : buffer;
}

/** Bytes that a buffer argument has room for. */
export function lengthOf(buffer: BufferArg, memory: user_memory | null): number {
  return buffer === null ? 0 : memory!.bytes.length;
}

/** Ordinary memory of a program: so many bytes of zero, or with this content. */
export function memory(content: number | string | Uint8Array): Memory {
  if (typeof content === 'number') return new user_memory(new Uint8Array(content));
  return new user_memory(typeof content === 'string' ? utf8(content) : content);
}

/**
 * Memory whose bytes from `at` on are not mapped: a copy stops there, and a call that could copy nothing answers
 * -EFAULT.
 * @param at offset of the first byte that faults
 */
export function faultingAt(at: number, content: number | string | Uint8Array): Memory {
  const whole = memory(content);
  return new user_memory(whole.bytes, Math.min(at, whole.bytes.length));
}

/** A pointer to memory that is not mapped: every copy faults. */
export function badPointer(): Memory {
  return bad_pointer();
}

/** A pointer into the kernel's half of the address space: refused before anything is copied. */
export function kernelPointer(): Memory {
  return kernel_pointer();
}

/**
 * Memory whose bytes from `from` on are on a page that is not there yet; programs make it with `sys.absentMemory`.
 * @param id the page's number in its machine
 * @param size bytes
 * @param from offset of the first byte that is absent
 */
export function memoryOnAbsentPage(id: number, size: number, from: number): Memory {
  const absent = memory(size);
  absent.absent = new absent_page(id, from);
  return absent;
}
