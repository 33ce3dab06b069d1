/**
 * Epolls that watch epolls: no loops, no chains of more than five, and a limit on the number of paths over which
 * one file can wake others. Checked at EPOLL_CTL_ADD only. Linux counterpart: fs/eventpoll.c.
 */

import type { file } from '../kernel/file.js';
import type { Kernel } from '../kernel/kernel.js';
import { list_empty } from '../kernel/list.js';
import { mutex_lock, mutex_unlock } from '../kernel/lock.js';
import type { Sleeps } from '../kernel/point.js';
import { leave } from '../kernel/trace.js';
import { EP_MAX_NESTS, type epitems_head, EPOLL_FUNCTIONS, epoll_of, type eventpoll, is_file_epoll, TFILE_CHECK_END } from './eventpoll.js';

const F = EPOLL_FUNCTIONS.id;

/** How many paths with n epolls above a file may exist; the first, a file watched directly, is not counted. */
const path_limits: readonly number[] = [1000, 500, 100, 50, 10];

/** Puts a file on the list of those whose paths are to be counted. fs/eventpoll.c:list_file */
export function list_file(k: Kernel, file: file): void {
  if (k.trace !== null) k.trace.enter(F.list_file);
  const globals = epoll_of(k);
  const head = file.f_ep as epitems_head | null;
  if (head !== null && head.next === null) {
    head.next = globals.tfile_check_list;
    globals.tfile_check_list = head;
  }
  leave(k, 0);
}

/** Takes a file off that list again. fs/eventpoll.c:unlist_file */
export function unlist_file(k: Kernel, head: epitems_head): void {
  if (k.trace !== null) k.trace.enter(F.unlist_file);
  const globals = epoll_of(k);
  if (globals.tfile_check_list === head) {
    globals.tfile_check_list = head.next!;
  } else {
    let at = globals.tfile_check_list;
    while (at.next !== head) at = at.next!;
    at.next = head.next;
  }
  head.next = null;
  leave(k, 0);
}

/** Empties that list. fs/eventpoll.c:clear_tfile_check_list */
export function clear_tfile_check_list(k: Kernel): void {
  if (k.trace !== null) k.trace.enter(F.clear_tfile_check_list);
  const globals = epoll_of(k);
  while (globals.tfile_check_list !== TFILE_CHECK_END) unlist_file(k, globals.tfile_check_list);
  leave(k, 0);
}

/** Counts one more path of a length; true when that is one too many. fs/eventpoll.c:path_count_inc */
function path_count_inc(k: Kernel, nests: number): boolean {
  if (nests === 0) return false; // direct watchers are not limited
  const { path_count } = epoll_of(k);
  path_count[nests] = path_count[nests]! + 1;
  return path_count[nests] > path_limits[nests]!;
}

/** Follows the watchers of one file upwards, to the epolls that nobody watches. fs/eventpoll.c:reverse_path_check_proc */
function reverse_path_check_proc(k: Kernel, refs: epitems_head, depth: number): boolean {
  if (k.trace !== null) k.trace.enter(F.reverse_path_check_proc, depth);
  let exceeded = depth > EP_MAX_NESTS;
  for (let link = refs.epitems.next; link !== refs.epitems && !exceeded; link = link.next) {
    const above = link.owner!.ep.refs;
    exceeded = list_empty(above.epitems) ? path_count_inc(k, depth) : reverse_path_check_proc(k, above, depth + 1);
  }
  return leave(k, exceeded ? -1 : 0) !== 0;
}

/** True when one of the listed files has too many wake-up paths, or too long ones. fs/eventpoll.c:reverse_path_check */
export function reverse_path_check(k: Kernel): boolean {
  if (k.trace !== null) k.trace.enter(F.reverse_path_check);
  const globals = epoll_of(k);
  let exceeded = false;
  for (let head = globals.tfile_check_list; head !== TFILE_CHECK_END && !exceeded; head = head.next!) {
    globals.path_count.fill(0); // each file is counted on its own
    exceeded = reverse_path_check_proc(k, head, 0);
  }
  return leave(k, exceeded ? 1 : 0) === 1;
}

/**
 * The longest chain of epolls below `ep`; above EP_MAX_NESTS when it is too long or meets the epoll that is being
 * added to. Each epoll is visited once a check. Sleeps for the mutexes on the way. fs/eventpoll.c:ep_loop_check_proc
 */
function* ep_loop_check_proc(k: Kernel, ep: eventpoll, depth: number): Sleeps<number> {
  if (k.trace !== null) k.trace.enter(F.ep_loop_check_proc, ep.id, depth);
  const globals = epoll_of(k);
  if (ep.gen === globals.loop_check_gen) return leave(k, ep.loop_check_depth);
  let result = 0;
  yield* mutex_lock(k, ep.mtx);
  ep.gen = globals.loop_check_gen;
  for (const epi of ep.rbr.values()) {
    const { file } = epi.ffd;
    if (!is_file_epoll(file)) {
      list_file(k, file); // a leaf that gets new paths by this ADD
      continue;
    }
    const inner = file.private_data as eventpoll;
    if (inner === globals.inserting_into || depth > EP_MAX_NESTS) result = EP_MAX_NESTS + 1;
    else result = Math.max(result, (yield* ep_loop_check_proc(k, inner, depth + 1)) + 1);
    if (result > EP_MAX_NESTS) break;
  }
  ep.loop_check_depth = result;
  mutex_unlock(k, ep.mtx);
  return leave(k, result);
}

/** The longest chain of epolls above `ep`. fs/eventpoll.c:ep_get_upwards_depth_proc (since 6.17) */
function ep_get_upwards_depth_proc(k: Kernel, ep: eventpoll): number {
  if (k.trace !== null) k.trace.enter(F.ep_get_upwards_depth_proc, ep.id);
  const globals = epoll_of(k);
  if (ep.gen === globals.loop_check_gen) return leave(k, ep.loop_check_depth);
  let result = 0;
  const { epitems } = ep.refs;
  for (let link = epitems.next; link !== epitems; link = link.next) {
    result = Math.max(result, ep_get_upwards_depth_proc(k, link.owner!.ep) + 1);
  }
  ep.gen = globals.loop_check_gen;
  ep.loop_check_depth = result;
  return leave(k, result);
}

/**
 * May `ep` watch `to`? Not if `to` reaches `ep`, nor if the chain through both would be too long. Sleeps for the
 * mutexes below `to`. fs/eventpoll.c:ep_loop_check @returns true when it must be refused
 */
export function* ep_loop_check(k: Kernel, ep: eventpoll, to: eventpoll): Sleeps<boolean> {
  if (k.trace !== null) k.trace.enter(F.ep_loop_check);
  const globals = epoll_of(k);
  globals.inserting_into = ep;
  const down = yield* ep_loop_check_proc(k, to, 0);
  const refused = down > EP_MAX_NESTS || down + 1 + ep_get_upwards_depth_proc(k, ep) > EP_MAX_NESTS;
  globals.inserting_into = null;
  return leave(k, refused ? 1 : 0) === 1;
}
