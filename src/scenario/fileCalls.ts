/**
 * Calls on descriptors and files: read, write, close, dup, fcntl, open. Section 2 of the manual has a page for each; only
 * what differs from C is said here. The convention of answers is at the head of callBase.ts.
 */

import { put_user_u32, user_iovec, user_memory } from '../kernel/uaccess.js';
import { lengthOf, textOf, toMemory, utf8, type BufferArg } from './bytes.js';
import { CallBase, type Call, type CallResult } from './callBase.js';

/** What a read into memory of its own gives back. */
export class BytesResult implements CallResult {
  readonly ret: number;
  /** what was read; empty when the call failed */
  readonly bytes: Uint8Array;

  constructor(ret: number, from: Uint8Array) {
    this.ret = ret;
    this.bytes = from.subarray(0, Math.max(0, Math.min(ret, from.length)));
  }

  /** what was read, as UTF-8 */
  get text(): string {
    return textOf(this.bytes);
  }
}

/** A path as a C string. */
export function cString(text: string | null): user_memory | null {
  return text === null ? null : new user_memory(utf8(`${text}\0`));
}

/** The segments of readv() and writev(). */
export function iovec(buffers: readonly BufferArg[]): user_iovec {
  return new user_iovec(buffers.map((buffer) => {
    const base = toMemory(buffer);
    return { base, len: lengthOf(buffer, base) };
  }));
}

/** The arguments of a read: into the program's buffer, or into a fresh one of `size` bytes. */
export function readTarget(target: number | BufferArg, size: number | undefined): { memory: user_memory | null; size: number } {
  if (typeof target === 'number') return { memory: new user_memory(new Uint8Array(Math.min(Math.max(target, 0), 0x7ffff000))), size: target };
  const memory = toMemory(target);
  return { memory, size: size ?? lengthOf(target, memory) };
}

export class FileCalls extends CallBase {
  /**
   * read(2) into memory of its own: `const { ret, text } = yield* sys.read(fd, 4096)`.
   * @param size bytes at most
   * @returns `ret`: bytes read, 0 at the end of the file, -EAGAIN, -EBADF, -EINTR, -ECONNRESET ...; `bytes` and `text`: what was read
   */
  read(fd: number, size: number): Call<BytesResult>;
  /**
   * read(2) into the program's buffer: `const n = yield* sys.read(fd, buffer)`.
   * @param count bytes at most; default: the size of the buffer
   * @returns bytes read, 0 at the end of the file, or -errno
   */
  read(fd: number, buffer: BufferArg, count?: number): Call;
  read(fd: number, target: number | BufferArg, count?: number): Call<BytesResult> | Call {
    const { memory, size } = readTarget(target, count);
    if (typeof target !== 'number') return this.ask('read', fd, memory, size);
    return this.askFor('read', [fd, memory, size], (ret) => new BytesResult(ret, memory!.bytes));
  }

  /**
   * write(2).
   * @param data text is written as UTF-8
   * @param count bytes; default: all of `data`
   * @returns bytes written (fewer than asked when there is no more room), -EAGAIN, -EPIPE (and SIGPIPE), -EBADF, -EFAULT ...
   */
  write(fd: number, data: BufferArg, count?: number): Call {
    const memory = toMemory(data);
    return this.ask('write', fd, memory, count ?? lengthOf(data, memory));
  }

  /** readv(2) into several buffers. @returns bytes read, or -errno */
  readv(fd: number, buffers: readonly BufferArg[]): Call {
    return this.ask('readv', fd, iovec(buffers), buffers.length);
  }

  /** writev(2) from several buffers. @returns bytes written, or -errno */
  writev(fd: number, buffers: readonly BufferArg[]): Call {
    return this.ask('writev', fd, iovec(buffers), buffers.length);
  }

  /** close(2). The number is free at once; the file lives on while another number or a running call refers to it. @returns 0 or -EBADF */
  close(fd: number): Call {
    return this.ask('close', fd);
  }

  /** close_range(2). @param flags CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC @returns 0 or -EINVAL */
  close_range(first: number, last: number, flags = 0): Call {
    return this.ask('close_range', first, last, flags);
  }

  /** dup(2). @returns the lowest free number, -EBADF, -EMFILE */
  dup(oldfd: number): Call {
    return this.ask('dup', oldfd);
  }

  /** dup2(2). @returns newfd, -EBADF */
  dup2(oldfd: number, newfd: number): Call {
    return this.ask('dup2', oldfd, newfd);
  }

  /** dup3(2). @param flags O_CLOEXEC @returns newfd, -EBADF, -EINVAL */
  dup3(oldfd: number, newfd: number, flags: number): Call {
    return this.ask('dup3', oldfd, newfd, flags);
  }

  /** fcntl(2) with a number as argument. @param cmd F_GETFL, F_SETFL, F_DUPFD, F_SETPIPE_SZ ... @returns what the command answers, or -errno */
  fcntl(fd: number, cmd: number, arg = 0): Call {
    return this.ask('fcntl', fd, cmd, arg);
  }

  /**
   * ioctl(2) that sets: FIONBIO.
   * @param value what the argument points to
   */
  ioctl(fd: number, request: number, value: number | user_memory | null): Call {
    if (typeof value !== 'number') return this.ask('ioctl', fd, request, value);
    const memory = new user_memory(new Uint8Array(8));
    put_user_u32(memory, 0, value);
    return this.ask('ioctl', fd, request, memory);
  }

  /** ioctl(2) that asks: FIONREAD, TIOCOUTQ. @returns `ret`: 0 or -errno; `value`: the number stored */
  ioctlGet(fd: number, request: number): Call<CallResult & { readonly value: number }> {
    const memory = new user_memory(new Uint8Array(8));
    return this.askFor('ioctl', [fd, request, memory], (ret) => ({ ret, value: word(memory, 0) }));
  }

  /** open(2). @param flags O_RDONLY, O_NONBLOCK ... @returns the descriptor, -ENOENT, -EMFILE, -ENXIO ... */
  open(path: string | null, flags: number, mode = 0o666): Call {
    return this.ask('open', cString(path), flags, mode);
  }

  /** mkfifo(3). @returns 0, -EEXIST */
  mkfifo(path: string, mode = 0o666): Call {
    return this.ask('mknod', cString(path), 0o010000 | mode, 0);
  }

  /** unlink(2). @returns 0, -ENOENT */
  unlink(path: string): Call {
    return this.ask('unlink', cString(path));
  }

  /** lseek(2). @param whence 0 SEEK_SET, 1 SEEK_CUR, 2 SEEK_END @returns the position, -ESPIPE, -EINVAL */
  lseek(fd: number, offset: number, whence: number): Call {
    return this.ask('lseek', fd, offset, whence);
  }
}

/** A signed 32-bit word that the kernel stored. */
export function word(memory: user_memory, at: number): number {
  const { bytes } = memory;
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
