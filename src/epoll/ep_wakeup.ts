/**
 * EPOLLWAKEUP: wakeup sources that keep the system from suspending between an event and its delivery. They change
 * nothing that epoll reports; kernels without power management drop the flag. Linux counterpart: fs/eventpoll.c,
 * drivers/base/power/wakeup.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import { leave } from '../kernel/trace.js';
import { epoll_of, EPOLL_FUNCTIONS, EPOLLWAKEUP, wakeup_source, type epitem, type epoll_event } from './eventpoll.js';

const F = EPOLL_FUNCTIONS.id;

/** Drops EPOLLWAKEUP where the kernel or the caller cannot have it. include/uapi/linux/eventpoll.h:ep_take_care_of_epollwakeup */
export function ep_take_care_of_epollwakeup(k: Kernel, event: epoll_event): void {
  if (!epoll_of(k).pm_sleep || !k.current.capable) event.events &= ~EPOLLWAKEUP;
}

/** Makes the sources of an item, and of its epoll with the first one. fs/eventpoll.c:ep_create_wakeup_source */
export function ep_create_wakeup_source(k: Kernel, epi: epitem): void {
  if (epi.ep.ws === null) epi.ep.ws = new wakeup_source('eventpoll');
  epi.ws = new wakeup_source(`${k.current.comm}:${epi.ffd.fd}`);
}

/** fs/eventpoll.c:ep_destroy_wakeup_source */
export function ep_destroy_wakeup_source(k: Kernel, epi: epitem): void {
  if (k.trace !== null) k.trace.enter(F.ep_destroy_wakeup_source, epi.id);
  epi.ws = null;
  leave(k, 0);
}

/** From here on the system stays awake. drivers/base/power/wakeup.c:__pm_stay_awake */
export function __pm_stay_awake(ws: wakeup_source | null): void {
  if (ws !== null) ws.active = true;
}

/** drivers/base/power/wakeup.c:__pm_relax */
export function __pm_relax(ws: wakeup_source | null): void {
  if (ws !== null) ws.active = false;
}
