/**
 * Questions about the queues: SIOCINQ, SIOCOUTQ and their relatives. Linux counterpart: net/ipv4/tcp.c:tcp_ioctl,
 * include/net/tcp.h:tcp_inq. Device ioctls are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EFAULT, EINVAL, ENOTTY } from '../kernel/errno.js';
import { put_user_u32, type user_ptr } from '../kernel/uaccess.js';
import { FIONREAD, TIOCOUTQ } from '../kernel/uapi.js';
import { sock_flag } from '../socket/sock.js';
import type { socket } from '../socket/socket.js';
import { SIOCATMARK, SIOCOUTQNSD, SOCK_DONE, SOCK_URGINLINE } from '../socket/uapi_socket.js';
import type { tcp_sock } from './tcp_sock.js';
import { before, in_states, TCP_LISTEN, TCPF_SYN_RECV, TCPF_SYN_SENT } from './tcp_states.js';

/** Bytes that can be read: up to an unread urgent byte, the FIN not counted. include/net/tcp.h:tcp_inq */
export function tcp_inq(sk: tcp_sock): number {
  if (in_states(sk.sk_state, TCPF_SYN_SENT | TCPF_SYN_RECV)) return 0;
  const no_mark = sock_flag(sk, SOCK_URGINLINE) || sk.urg_data === 0 || before(sk.urg_seq, sk.copied_seq) || !before(sk.urg_seq, sk.rcv_nxt);
  if (!no_mark) return (sk.urg_seq - sk.copied_seq) | 0;
  const answ = (sk.rcv_nxt - sk.copied_seq) | 0;
  return answ !== 0 && sock_flag(sk, SOCK_DONE) ? answ - 1 : answ;
}

/** net/ipv4/tcp.c:tcp_ioctl @returns 0 or -errno */
export function tcp_ioctl(_k: Kernel, sock: socket, cmd: number, arg: user_ptr | number): number {
  const sk = sock.sk as tcp_sock;
  const making = in_states(sk.sk_state, TCPF_SYN_SENT | TCPF_SYN_RECV);
  let answ = 0;
  switch (cmd) {
    case FIONREAD: // SIOCINQ
      if (sk.sk_state === TCP_LISTEN) return -EINVAL;
      answ = tcp_inq(sk);
      break;
    case SIOCATMARK:
      answ = sk.urg_data !== 0 && sk.urg_seq === sk.copied_seq ? 1 : 0;
      break;
    case TIOCOUTQ: // SIOCOUTQ
      if (sk.sk_state === TCP_LISTEN) return -EINVAL;
      answ = making ? 0 : (sk.write_seq - sk.snd_una) | 0;
      break;
    case SIOCOUTQNSD:
      if (sk.sk_state === TCP_LISTEN) return -EINVAL;
      answ = making ? 0 : (sk.write_seq - sk.snd_nxt) | 0;
      break;
    default:
      return -ENOTTY;
  }
  return typeof arg !== 'number' && put_user_u32(arg, 0, answ) ? 0 : -EFAULT;
}
