/**
 * The data of epoll: struct eventpoll (one interest set with its ready list), struct epitem (one watched
 * descriptor), and what links them to files and wait queues. Linux counterpart: the structs of fs/eventpoll.c.
 *
 * Locks, outermost first: epnested_mutex, ep->mtx (outer epoll before inner), the target's queue lock,
 * ep->lock, ep->wq.lock. A scan holds mtx only, so a callback can fire in the middle of it: that is what
 * ovflist is for.
 */

import type { file } from '../kernel/file.js';
import type { Kernel } from '../kernel/kernel.js';
import { list_empty, list_head } from '../kernel/list.js';
import { mutex, spinlock } from '../kernel/lock.js';
import { poll_table, type poll_queue_proc } from '../kernel/poll_table.js';
import { rb_root } from '../kernel/rbtree.js';
import type { user_struct } from '../kernel/task.js';
import { traced } from '../kernel/trace.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, PAGE_SIZE } from '../kernel/uapi.js';
import { type wait_queue_entry, wait_queue_head, waitqueue_active } from '../kernel/wait.js';

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLL_CLOEXEC = 0o2000000;

export const EPOLLEXCLUSIVE = 1 << 28;
export const EPOLLWAKEUP = 1 << 29;
export const EPOLLONESHOT = 1 << 30;
export const EPOLLET = 1 << 31;
/** travels in wake keys only */
export const EPOLL_URING_WAKE = 1 << 27;

/** The bits of an item's mask that are not poll events. */
export const EP_PRIVATE_BITS = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;
/** All that may stand beside EPOLLEXCLUSIVE. */
export const EPOLLEXCLUSIVE_OK_BITS = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

/** How many epolls may stand above one another, less one. */
export const EP_MAX_NESTS = 4;
/** Size of struct epoll_event, which x86-64 packs. */
export const EPOLL_EVENT_SIZE = 12;
export const EP_MAX_EVENTS = Math.floor(0x7fffffff / EPOLL_EVENT_SIZE);

export const EPOLL_FUNCTIONS = traced(100, {
  do_epoll_create: '-> int',
  ep_alloc: '',
  do_epoll_ctl: 'op:ctl_op -> int',
  do_epoll_wait: 'maxevents:int -> int',
  ep_timeout_to_timespec: '',
  ep_poll: 'ep:ep state:ep_bits maxevents:int -> int',
  ep_events_available: 'ep:ep state:ep_bits -> bool',
  ep_busy_loop: '',
  ep_send_events: 'ep:ep state:ep_bits maxevents:int -> int',
  ep_start_scan: 'ep:ep state:ep_bits',
  ep_done_scan: 'ep:ep state:ep_bits txlist_empty:bool',
  ep_item_poll: 'item:item ep:ep events:mask linked:bool queues:bool -> mask',
  epi_fget: '',
  ep_eventpoll_poll: 'ep:ep state:ep_bits -> mask',
  __ep_eventpoll_poll: 'ep:ep state:ep_bits -> mask',
  ep_find: 'ep:ep file:obj fd:int -> bool',
  ep_insert: 'ep:ep state:ep_bits newevents:mask file:obj fd:int full_check:bool -> int',
  ep_modify: 'item:item ep:ep state:ep_bits events:mask linked:bool newevents:mask -> int',
  ep_remove: 'item:item ep:ep events:mask linked:bool',
  ep_remove_file: 'item:item ep:ep events:mask linked:bool',
  ep_remove_epi: 'item:item ep:ep events:mask linked:bool -> bool',
  ep_unregister_pollwait: 'item:item ep:ep events:mask linked:bool',
  ep_remove_wait_queue: 'head:wq',
  ep_refcount_dec_and_test: 'ep:ep -> bool',
  ep_get: '',
  ep_rbtree_insert: '',
  attach_epitem: '',
  ep_set_busy_poll_napi_id: '',
  ep_ptable_queue_proc: 'ep:ep item:item head:wq',
  ep_poll_callback: 'item:item ep:ep events:mask key:mask state:ep_bits how:callback_bits -> int',
  ep_autoremove_wake_function: 'key:mask sync:bool task:task -> int',
  ep_poll_safewake: 'ep:ep key:mask',
  ep_destroy_wakeup_source: 'item:item',
  ep_clear_and_put: 'ep:ep state:ep_bits',
  ep_eventpoll_release: 'file:obj -> int',
  ep_free: '',
  eventpoll_release_file: 'file:obj',
  ep_loop_check: '',
  ep_loop_check_proc: 'ep:ep depth:int -> int',
  ep_get_upwards_depth_proc: 'ep:ep -> int',
  reverse_path_check: '-> bool',
  reverse_path_check_proc: 'depth:int -> int',
  list_file: '',
  unlist_file: '',
  clear_tfile_check_list: '',
  ep_show_fdinfo: '',
});

/** What a program asks for, and the 64 bits it gets back with each event: carried, never computed with. */
export class epoll_event {
  events: number;
  data_lo: number;
  data_hi: number;

  constructor(events: number, data_lo: number, data_hi: number) {
    this.events = events;
    this.data_lo = data_lo;
    this.data_hi = data_hi;
  }
}

/** The key of an item: one descriptor number of one open file. */
export interface epoll_filefd {
  readonly file: file;
  readonly fd: number;
}

/** Orders items by file (in order of creation, where Linux has addresses), then by number. fs/eventpoll.c:ep_cmp_ffd */
export function ep_cmp_ffd(a: epitem, b: epitem): number {
  return a.ffd.file.id - b.ffd.file.id || a.ffd.fd - b.ffd.fd;
}

/** The items that watch one file; what file->f_ep points to. */
export class epitems_head {
  readonly epitems: list_head<epitem> = new list_head<epitem>(null);
  /** link on the list of files whose wake-up paths are to be checked; null when not on it */
  next: epitems_head | null = null;
  size = 0;
}

/** Keeps the system awake while an event of an EPOLLWAKEUP item is being handled. drivers/base/power/wakeup.c */
export class wakeup_source {
  readonly name: string;
  active = false;

  constructor(name: string) {
    this.name = name;
  }
}

/** One wait queue of the target on which an item sits. Made by ADD only: MOD never touches wait queues. */
export class eppoll_entry {
  next: eppoll_entry | null;
  readonly base: epitem;
  readonly wait: wait_queue_entry;
  /** null once the queue went away (POLLFREE) */
  whead: wait_queue_head | null;
  readonly id: number;

  constructor(base: epitem, wait: wait_queue_entry, whead: wait_queue_head) {
    this.next = base.pwqlist;
    this.base = base;
    this.wait = wait;
    this.whead = whead;
    this.id = base.id;
    wait.private = this;
  }
}

/** One registered (file, descriptor) pair. */
export class epitem {
  readonly id: number;
  /** link on rdllist, or on the private list of a scan   // ep->lock; on the private list: ep->mtx */
  readonly rdllink: list_head<epitem> = new list_head<epitem>(this);
  /** link on ovflist; EP_UNACTIVE_PTR when not on it     // ep->lock */
  next: epitem | null;
  readonly ffd: epoll_filefd;
  /** the wait queues it sits on                          // ep->mtx */
  pwqlist: eppoll_entry | null = null;
  readonly ep: eventpoll;
  /** link on the target's f_ep list                      // file->f_lock */
  readonly fllink: list_head<epitem> = new list_head<epitem>(this);
  ws: wakeup_source | null = null;
  /** written under mtx, read by the callback under ep->lock */
  readonly event: epoll_event;

  constructor(id: number, ep: eventpoll, file: file, fd: number, event: epoll_event) {
    this.id = id;
    this.ep = ep;
    this.ffd = { file, fd };
    this.event = event;
    this.next = EP_UNACTIVE_PTR;
  }
}

/** "No scan is running" in ovflist, "not chained" in an item's next: a value that no item has, distinct from null. */
export const EP_UNACTIVE_PTR: epitem = Object.create(epitem.prototype) as epitem;

/** One interest set. */
export class eventpoll {
  readonly id: number;
  /** serialises epoll_ctl, delivery, polling of the epoll file and release of targets */
  readonly mtx = new mutex('ep->mtx');
  /** tasks asleep in epoll_wait */
  readonly wq: wait_queue_head;
  /** those who poll or watch the epoll file itself */
  readonly poll_wait: wait_queue_head;
  /** items that may be ready                             // lock */
  readonly rdllist: list_head<epitem> = new list_head<epitem>(null);
  readonly lock = new spinlock('ep->lock');
  /** all items                                           // mtx */
  readonly rbr = new rb_root<epitem>(ep_cmp_ffd);
  /** items that fired during a scan, newest first; EP_UNACTIVE_PTR: no scan runs; null: a scan, nothing fired yet // lock */
  ovflist: epitem | null = EP_UNACTIVE_PTR;
  /** active while a scan handles EPOLLWAKEUP items */
  ws: wakeup_source | null = null;
  /** who made the epoll file: the watch quota is theirs */
  readonly user: user_struct;
  file: file | null = null;
  /** marks of the loop and depth walks                   // epnested_mutex */
  gen = 0;
  loop_check_depth = 0;
  /** items of outer epolls that watch this one           // file->f_lock */
  readonly refs = new epitems_head();
  /** the open file, and one for each item */
  refcount = 1;
  busy_poll_usecs = 0;
  busy_poll_budget = 0;
  prefer_busy_poll = false;
  /** the private list of a running scan, for views; null when none runs */
  txlist: list_head<epitem> | null = null;
  /** the private list, and what a scan polls with: there is one scan at a time   // mtx */
  readonly scanlist: list_head<epitem> = new list_head<epitem>(null);
  readonly scan_pt = new poll_table(null, 0);

  constructor(id: number, user: user_struct) {
    this.id = id;
    this.user = user;
    this.wq = new wait_queue_head(id, 'wq', 'ep->wq.lock');
    this.poll_wait = new wait_queue_head(id, 'poll_wait', 'ep->poll_wait.lock');
  }

  /** Remembers an item that fired during a scan. A method, so that a test can take it away and show what it is for. fs/eventpoll.c:ep_poll_callback */
  chain(epi: epitem): void {
    epi.next = this.ovflist;
    this.ovflist = epi;
  }
}

/** True for the file of an epoll. fs/eventpoll.c:is_file_epoll */
export function is_file_epoll(file: file): boolean {
  return file.private_data instanceof eventpoll;
}

/** A poll table that knows the item it queues for; the item is cleared when an entry cannot be made. */
export class ep_pqueue extends poll_table {
  epi: epitem | null;

  constructor(qproc: poll_queue_proc, epi: epitem) {
    super(qproc, 0);
    this.epi = epi;
  }
}

/** Where the list of files to check ends: distinct from null, which says "not on the list". */
export const TFILE_CHECK_END = new epitems_head();

/** What all epolls of a machine share. */
export class epoll_globals {
  /** taken only by ADDs that nest, or touch a nested epoll */
  readonly epnested_mutex = new mutex('epnested_mutex');
  /** above 0, so that a new epoll does not look as if it had just been visited */
  loop_check_gen = 1;
  inserting_into: eventpoll | null = null;
  tfile_check_list: epitems_head = TFILE_CHECK_END;
  readonly path_count: number[] = [0, 0, 0, 0, 0];
  /** sysctl fs.epoll.max_user_watches: 4 % of 8 GiB of low memory, at 184 bytes a watch */
  max_user_watches = Math.floor((Math.floor((8 * 2 ** 30) / PAGE_SIZE / 25) * PAGE_SIZE) / 184);
  /** EPOLLWAKEUP is dropped by kernels without CONFIG_PM_SLEEP */
  pm_sleep = false;
}

/** The machine's epoll state, made at first use. ours: file-scope variables in fs/eventpoll.c. */
export function epoll_of(k: Kernel): epoll_globals {
  if (k.epoll === null) k.epoll = new epoll_globals();
  return k.epoll as epoll_globals;
}

/** On rdllist, or on the private list of a scan. fs/eventpoll.c:ep_is_linked */
export function ep_is_linked(epi: epitem): boolean {
  return !list_empty(epi.rdllink);
}

/** The state of an epoll in one integer for the trace: ready, scanning, ovflist empty, sleepers, watched. ours: for the trace only. */
export function ep_bits(ep: eventpoll): number {
  return (
    (list_empty(ep.rdllist) ? 0 : 1) |
    (ep.ovflist === EP_UNACTIVE_PTR ? 0 : 2) |
    (ep.ovflist === null ? 4 : 0) |
    (waitqueue_active(ep.wq) ? 8 : 0) |
    (waitqueue_active(ep.poll_wait) ? 16 : 0)
  );
}
