/**
 * The traced functions of the socket layer: net/core/sock.c, net/core/stream.c, net/socket.c. What each shows of
 * its arguments is what the recordings of the real kernel show; how rows are emitted is in src/kernel/trace.ts.
 */

import type { Kernel } from '../kernel/kernel.js';
import { traced } from '../kernel/trace.js';
import type { sock } from './sock.js';

/** Arguments of a function that takes a sock. */
export const SK_ARGS = 'sk:sk state:state shutdown:bits(RCV,SEND) err:int';

export const SOCK_FUNCTIONS = traced(200, {
  sock_poll: 'sk:sk -> mask',
  sock_close: 'sk:sk',
  sock_def_readable: SK_ARGS,
  sock_def_wakeup: SK_ARGS,
  sock_def_error_report: SK_ARGS,
  sock_def_write_space: SK_ARGS,
  sk_error_report: SK_ARGS,
  sk_stream_write_space: SK_ARGS,
  sk_stream_wait_connect: SK_ARGS,
  sk_stream_wait_memory: SK_ARGS,
  sk_stream_wait_close: SK_ARGS,
  sk_stream_kill_queues: SK_ARGS,
  sk_stream_error: 'sk:sk flags:int err:int -> int',
  sk_wait_data: SK_ARGS,
  release_sock: SK_ARGS,
  __release_sock: SK_ARGS,
  tcp_stream_memory_free: SK_ARGS,
});

/** A function that takes a sock is entered. The caller has seen that there is a trace. ours: see the head of the file. */
export function enter_sk(k: Kernel, fn: number, sk: sock): void {
  k.trace!.enter(fn, sk.id, sk.sk_state, sk.sk_shutdown, sk.sk_err);
}
