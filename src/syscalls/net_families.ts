/**
 * The address families of the machine: what socket() looks its first argument up in. One row a family; each comes
 * from the file that implements it. Linux counterpart: the table net_families of net/socket.c.
 */

import type { net_proto_family } from '../socket/socket.js';

export const net_families: readonly net_proto_family[] = [];
