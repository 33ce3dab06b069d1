/**
 * What a send or receive call is about: the data, an address, control messages, flags. `msghdr` is the kernel's
 * side; `user_msghdr` is the structure that a program passes to sendmsg() and recvmsg(), which holds pointers and
 * so is an object here instead of bytes. Linux counterparts: include/linux/socket.h, include/uapi/linux/socket.h.
 */

import { user_memory, type iov_iter, type iov_segment, type user_ptr } from '../kernel/uaccess.js';

/** One control message; SCM_RIGHTS carries descriptors, others carry bytes. include/linux/socket.h:cmsghdr */
export interface cmsghdr {
  cmsg_level: number;
  cmsg_type: number;
  fds: number[];
  bytes: Uint8Array;
}

/** The kernel's side of one send or receive. include/linux/socket.h:msghdr */
export class msghdr {
  /** send: the address given; receive: null */
  msg_name: Uint8Array | null = null;
  msg_namelen = 0;
  readonly msg_iter: iov_iter;
  msg_flags: number;
  /** send: what the program passed; receive: filled by the protocol */
  msg_control: cmsghdr[] | null = null;
  /** receive: control messages fit up to this many descriptors; the rest sets MSG_CTRUNC */
  msg_control_fds = 0;
  /** receive: the sender's address, for the protocols that tell it */
  msg_name_out: Uint8Array | null = null;

  constructor(iter: iov_iter, flags: number) {
    this.msg_iter = iter;
    this.msg_flags = flags;
  }
}

/** The structure of sendmsg() and recvmsg(), as a program fills it. include/linux/socket.h:user_msghdr */
export class user_msghdr extends user_memory {
  name: user_ptr;
  namelen: number;
  iov: iov_segment[];
  /** control messages; recvmsg() replaces them. null: no room for any */
  control: cmsghdr[] | null;
  /** room for descriptors that recvmsg() may put in one SCM_RIGHTS message */
  controlFds: number;
  flags = 0;
  /** bytes of this message, as sendmmsg() and recvmmsg() store them. include/linux/socket.h:mmsghdr */
  msgLen = 0;

  constructor(iov: iov_segment[], name: user_ptr = null, namelen = 0, control: cmsghdr[] | null = null, controlFds = 0) {
    super(new Uint8Array(0));
    this.iov = iov;
    this.name = name;
    this.namelen = namelen;
    this.control = control;
    this.controlFds = controlFds;
  }
}
