/**
 * What poll would say about a file now, without leaving a trace: poll methods remember that somebody asked (a pipe
 * wakes readers at every write from then on, a full socket announces space), so what they note is put back.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { file } from '../kernel/file.js';
import { pipe_file } from '../kernel/pipe.js';
import { eventpoll } from '../epoll/eventpoll.js';
import { socket } from '../socket/socket.js';

/** The mask of a file, or null for an epoll (asking it needs its mutex) and for files without a poll method. */
export function peekMask(k: Kernel, file: file): number | null {
  const { private_data: behind } = file;
  if (file.f_op.poll === null || file.f_count <= 0 || behind instanceof eventpoll) return null;
  // Whose signals a signalfd shows depends on who asks.
  if (file.f_op.name.includes('signalfd')) return null;
  const { trace, spinlocks_held } = k;
  if (spinlocks_held > 0) return null;
  const pipe = behind instanceof pipe_file ? behind.pipe : null;
  const sock = behind instanceof socket ? behind : null;
  if (sock !== null && (sock.sk === null || sock.ops === null)) return null;
  const polled = pipe?.poll_usage ?? false;
  const nospace = sock?.nospace ?? false;
  k.trace = null;
  const mask = file.f_op.poll(k, file, null);
  k.trace = trace;
  if (pipe !== null) pipe.poll_usage = polled;
  if (sock !== null) sock.nospace = nospace;
  return typeof mask === 'number' ? mask : null;
}
