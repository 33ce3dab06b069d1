/**
 * The address families of the machine: what socket() looks its first argument up in. One row a family; each comes
 * from the file that implements it. Linux counterpart: the table net_families of net/socket.c.
 */

import type { net_proto_family } from '../socket/socket.js';
import { unix_family_ops } from '../socket/unix.js';
import { inet6_family, inet_family } from '../tcp/af_inet.js';

export const net_families: readonly net_proto_family[] = [unix_family_ops, inet_family, inet6_family];
