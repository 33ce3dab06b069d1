/**
 * A file system small enough to hold in the head: absolute paths that stand for inodes. It exists so that programs
 * can open named pipes, files without poll method, and Unix sockets by name. Linux counterpart: fs/namei.c.
 * Left out: permissions, links, mounts, the current directory (it is always `/`) and everything on a disk.
 */

import type { Kernel } from './kernel.js';
import { EEXIST, EFAULT, EISDIR, ENAMETOOLONG, ENOENT, ENOTDIR } from './errno.js';
import type { pipe_inode_info } from './pipe.js';
import type { user_ptr } from './uaccess.js';

/** What a path can stand for. include/uapi/linux/stat.h:S_IFMT */
export type inode_kind = 'regular' | 'directory' | 'fifo' | 'socket' | 'null' | 'zero' | 'full';

const PATH_MAX = 4096;

/** One object of the file system. include/linux/fs.h:inode */
export class inode {
  readonly kind: inode_kind;
  /** content of a regular file; `size` bytes of it count */
  bytes = new Uint8Array(0);
  size = 0;
  /** the pipe of a FIFO while it is open */
  i_pipe: pipe_inode_info | null = null;
  /** what a socket's name leads to; typed by src/socket */
  object: unknown = null;

  constructor(kind: inode_kind) {
    this.kind = kind;
  }
}

/** All paths of a machine. */
export class filesystem {
  readonly entries = new Map<string, inode>();

  constructor() {
    for (const path of ['/', '/dev', '/tmp', '/run', '/etc']) this.entries.set(path, new inode('directory'));
    this.entries.set('/dev/null', new inode('null'));
    this.entries.set('/dev/zero', new inode('zero'));
    this.entries.set('/dev/full', new inode('full'));
  }
}

/** Reads a path of the program. fs/namei.c:getname @returns the path, or -EFAULT, -ENOENT (empty), -ENAMETOOLONG */
export function getname(filename: user_ptr): string | number {
  if (filename === null || filename.kernelSpace) return -EFAULT;
  let name = '';
  for (let at = 0; ; at++) {
    if (at >= filename.faultAt) return -EFAULT;
    const byte = filename.bytes[at]!;
    if (byte === 0) break;
    if (at === PATH_MAX - 1) return -ENAMETOOLONG;
    name += String.fromCharCode(byte);
  }
  return name === '' ? -ENOENT : name;
}

/** The one spelling of a path: absolute, without `.`, `..` and doubled slashes. ours: Linux walks it instead */
export function canonical_path(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The inode a path leads to, or null. fs/namei.c:path_lookupat */
export function path_lookup(k: Kernel, path: string): inode | null {
  return k.fs.entries.get(canonical_path(path)) ?? null;
}

/** Creates an inode under a path. fs/namei.c:vfs_mknod @returns the inode, -EEXIST, -ENOENT (no such directory), -ENOTDIR */
export function vfs_mknod(k: Kernel, path: string, kind: inode_kind): inode | number {
  const name = canonical_path(path);
  if (k.fs.entries.has(name)) return -EEXIST;
  const parent = k.fs.entries.get(canonical_path(`${name}/..`));
  if (parent === undefined) return -ENOENT;
  if (parent.kind !== 'directory') return -ENOTDIR;
  const created = new inode(kind);
  k.fs.entries.set(name, created);
  return created;
}

/** Takes a name away; who has the object open keeps it. fs/namei.c:vfs_unlink @returns 0, -ENOENT, -EISDIR */
export function vfs_unlink(k: Kernel, path: string): number {
  const name = canonical_path(path);
  const found = k.fs.entries.get(name);
  if (found === undefined) return -ENOENT;
  if (found.kind === 'directory') return -EISDIR;
  k.fs.entries.delete(name);
  return 0;
}

/** Puts a regular file with content under a path, for what a scenario starts with. ours: there is no disk to read from */
export function place_file(k: Kernel, path: string, content: Uint8Array): inode {
  const placed = new inode('regular');
  placed.bytes = content.slice();
  placed.size = content.length;
  k.fs.entries.set(canonical_path(path), placed);
  return placed;
}
