/**
 * Names of Unix sockets: paths in the file system, abstract names, and names given by the kernel.
 * Linux counterpart: net/unix/af_unix.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL, ENOENT, EPROTOTYPE } from '../kernel/errno.js';
import { path_lookup, vfs_mknod, vfs_unlink } from '../kernel/namei.js';
import { sock_flag } from './sock.js';
import { AF_UNIX, SOCK_DEAD } from './uapi_socket.js';
import { unix_names, type unix_sock } from './unix_sock.js';

/** Bytes before sun_path, and of the whole sockaddr_un. include/uapi/linux/un.h */
export const SUN_PATH_OFFSET = 2;
const SOCKADDR_UN = 110;

/** An address has a length that a name can have. net/unix/af_unix.c:unix_validate_addr @returns 0, -EINVAL */
export function unix_validate_addr(addr: Uint8Array): number {
  if (addr.length <= SUN_PATH_OFFSET || addr.length > SOCKADDR_UN) return -EINVAL;
  return (addr[0]! | (addr[1]! << 8)) === AF_UNIX ? 0 : -EINVAL;
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** The path of an address: up to its first zero byte. net/unix/af_unix.c:unix_mkname_bsd */
function path_of(addr: Uint8Array): string {
  const name = addr.subarray(SUN_PATH_OFFSET);
  const end = name.indexOf(0);
  return text(end < 0 ? name : name.subarray(0, end));
}

function abstract_key(type: number, name: Uint8Array): string {
  return `${type} ${text(name)}`;
}

/** A name that nobody has, five hexadecimal digits. net/unix/af_unix.c:unix_autobind @returns 0 (a second name is not given) */
export function unix_autobind(k: Kernel, sk: unix_sock): number {
  if (sk.addr !== null) return 0;
  const { abstract } = unix_names(k);
  for (let number = k.prng.below(0x100000); ; number = (number + 1) & 0xfffff) {
    const name = Uint8Array.from(`\0${number.toString(16).padStart(5, '0')}`, (c) => c.charCodeAt(0));
    const key = abstract_key(sk.sk_type, name);
    if (abstract.has(key)) continue;
    abstract.set(key, sk);
    sk.addr = { name, node: null };
    return 0;
  }
}

/** Gives a socket a name. net/unix/af_unix.c:unix_bind @returns 0, -EINVAL (bad, or has one), -EADDRINUSE, -ENOENT, -ENOTDIR */
export function unix_bind_name(k: Kernel, sk: unix_sock, addr: Uint8Array): number {
  if (addr.length === SUN_PATH_OFFSET && addr[0] === AF_UNIX && addr[1] === 0) return unix_autobind(k, sk);
  const err = unix_validate_addr(addr);
  if (err < 0) return err;
  if (addr[SUN_PATH_OFFSET] === 0) {
    if (sk.addr !== null) return -EINVAL;
    const { abstract } = unix_names(k);
    const name = addr.slice(SUN_PATH_OFFSET);
    const key = abstract_key(sk.sk_type, name);
    if (abstract.has(key)) return -EADDRINUSE;
    abstract.set(key, sk);
    sk.addr = { name, node: null };
    return 0;
  }
  // The file is made before the socket's own name is looked at.
  const path = path_of(addr);
  const node = vfs_mknod(k, path, 'socket');
  if (typeof node === 'number') return node === -EEXIST ? -EADDRINUSE : node;
  if (sk.addr !== null) {
    vfs_unlink(k, path);
    return -EINVAL;
  }
  node.object = sk;
  sk.addr = { name: Uint8Array.from(`${path}\0`, (c) => c.charCodeAt(0)), node };
  return 0;
}

/** Whom a name leads to. net/unix/af_unix.c:unix_find_other @returns the socket, -ECONNREFUSED, -ENOENT, -EPROTOTYPE */
export function unix_find_other(k: Kernel, addr: Uint8Array, type: number): unix_sock | number {
  if (addr[SUN_PATH_OFFSET] === 0) return unix_names(k).abstract.get(abstract_key(type, addr.subarray(SUN_PATH_OFFSET))) ?? -ECONNREFUSED;
  const node = path_lookup(k, path_of(addr));
  if (node === null) return -ENOENT;
  const other = node.object as unix_sock | null;
  if (node.kind !== 'socket' || other === null || sock_flag(other, SOCK_DEAD)) return -ECONNREFUSED;
  return other.sk_type === type ? other : -EPROTOTYPE;
}

/** A socket that goes away leaves its abstract name; a file stays, and leads to nobody. net/unix/af_unix.c:unix_remove_socket */
export function unix_remove_name(k: Kernel, sk: unix_sock): void {
  const { addr } = sk;
  if (addr === null) return;
  if (addr.node !== null) {
    if (addr.node.object === sk) addr.node.object = null;
    return;
  }
  const key = abstract_key(sk.sk_type, addr.name);
  const { abstract } = unix_names(k);
  if (abstract.get(key) === sk) abstract.delete(key);
}

/** A sockaddr_un with a name. ours: bytes of an address */
export function unix_sockaddr(sk: unix_sock): Uint8Array {
  const name = sk.addr === null ? new Uint8Array(0) : sk.addr.name;
  const addr = new Uint8Array(SUN_PATH_OFFSET + name.length);
  addr[0] = AF_UNIX;
  addr.set(name, SUN_PATH_OFFSET);
  return addr;
}
