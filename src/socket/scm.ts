/**
 * Control messages that carry open files: SCM_RIGHTS. The sender's descriptors become references that travel with
 * the data, and descriptors again at the receiver. Linux counterparts: net/core/scm.c, net/unix/garbage.c.
 * Left out: credentials, and the collector of sockets that travel through themselves.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EBADF, EINVAL } from '../kernel/errno.js';
import { fd_install, fdget_raw, get_unused_fd_flags } from '../kernel/fdtable.js';
import { fput, get_file, type file } from '../kernel/file.js';
import type { msghdr } from './msghdr.js';
import { MSG_CMSG_CLOEXEC, MSG_CTRUNC, SCM_RIGHTS, SOL_SOCKET } from './uapi_socket.js';

/** Files that one message carries at most. include/net/scm.h:SCM_MAX_FD */
export const SCM_MAX_FD = 253;

/** Drops the files that nobody takes. net/core/scm.c:__scm_destroy */
export function scm_destroy(k: Kernel, fp: readonly file[] | null): void {
  if (fp !== null) for (const file of fp) fput(k, file);
}

/** Looks up the files of a message that is sent. net/core/scm.c:__scm_send @returns the files, null: none, -EINVAL, -EBADF */
export function scm_send(k: Kernel, msg: msghdr): file[] | null | number {
  if (msg.msg_control === null || msg.msg_control.length === 0) return null;
  const fp: file[] = [];
  for (const cmsg of msg.msg_control) {
    if (cmsg.cmsg_level !== SOL_SOCKET) continue;
    let err = cmsg.cmsg_type !== SCM_RIGHTS || fp.length + cmsg.fds.length > SCM_MAX_FD ? -EINVAL : 0;
    for (let i = 0; i < cmsg.fds.length && err === 0; i++) {
      const file = fdget_raw(k, cmsg.fds[i]!);
      if (file === null) err = -EBADF;
      else fp.push(get_file(file));
    }
    if (err < 0) {
      scm_destroy(k, fp);
      return err;
    }
  }
  return fp.length === 0 ? null : fp;
}

/** More references to files that stay with a message that is only looked at. net/core/scm.c:scm_fp_dup */
export function scm_fp_dup(fp: readonly file[]): file[] {
  return fp.map((file) => get_file(file));
}

/** Gives the files of a message descriptors; those without room are dropped, with MSG_CTRUNC. net/core/scm.c:scm_detach_fds */
export function scm_recv(k: Kernel, msg: msghdr, fp: readonly file[] | null, flags: number): void {
  if (fp === null) return;
  const fds: number[] = [];
  for (const file of fp) {
    const fd = fds.length < msg.msg_control_fds ? get_unused_fd_flags(k, (flags & MSG_CMSG_CLOEXEC) !== 0) : -1;
    if (fd < 0) break;
    fd_install(k, fd, get_file(file));
    fds.push(fd);
  }
  if (fds.length < fp.length) msg.msg_flags |= MSG_CTRUNC;
  if (fds.length > 0) msg.msg_control = [{ cmsg_level: SOL_SOCKET, cmsg_type: SCM_RIGHTS, fds, bytes: new Uint8Array(0) }];
  scm_destroy(k, fp);
}
